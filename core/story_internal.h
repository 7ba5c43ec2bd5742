/* core/story_internal.h - what the files of the boot story share; for nobody else. */
#ifndef TB_CORE_STORY_INTERNAL_H
#define TB_CORE_STORY_INTERNAL_H

#include "core/story.h"
#include "core/uefi.h"

/* One event each, of a matching PCR; and after the last event. */
void tb_story_shim_event(struct tb_story_scan *s, const struct tb_event *e);
void tb_story_shim_conclude(struct tb_story_scan *s);
void tb_story_grub_event(struct tb_story_scan *s, const struct tb_event *e);
void tb_story_linux_event(struct tb_story_scan *s, const struct tb_event *e);
void tb_story_trueboot_event(struct tb_story_scan *s, const struct tb_event *e);

/* A part measured something that is proved; or only a label names it. */
void tb_story_saw(struct tb_story_scan *s, enum tb_story_part part);
bool tb_story_has(const struct tb_story_scan *s, enum tb_story_part part);
void tb_story_named(struct tb_story_scan *s, enum tb_story_part part);
/* As tb_story_covers(), of several pieces one behind the other. */
bool tb_story_covers_parts(const struct tb_story_scan *s, const struct tb_event *e,
                           const struct tb_reader *parts, size_t n);
/* Printable text, NULs at the end allowed, and no other type of data. */
bool tb_story_is_utf16(struct tb_reader in);
struct tb_reader tb_story_without_nuls(struct tb_reader in);

/* The command line, story_cmdline.c: text that is covered, commands that load a kernel, events of
 * which only the digest is known, and what is made of all that. */
void tb_story_cmdline(struct tb_story_scan *s, const struct tb_event *e, enum tb_story_part part,
                      struct tb_story_text text);
void tb_story_loaded(struct tb_story_scan *s, struct tb_story_text arguments);
/* Options that another program than Linux was loaded with; they end the claim. */
void tb_story_loaded_other(struct tb_story_scan *s, struct tb_story_text arguments);
/* GRUB said that it loads this, quotes aside. */
bool tb_story_was_loaded(const struct tb_story_scan *s, struct tb_story_text text);
void tb_story_cmdline_digest(struct tb_story_scan *s, const struct tb_event *e);
void tb_story_cmdline_conclude(struct tb_story_scan *s);

#endif
