/* core/story_internal.h - what the files of the boot story share; for nobody else. */
#ifndef TB_CORE_STORY_INTERNAL_H
#define TB_CORE_STORY_INTERNAL_H

#include "core/story.h"
#include "core/uefi.h"

/* One event each, of a matching PCR. True: it was theirs. */
bool tb_story_shim_event(struct tb_story_scan *s, const struct tb_event *e);
bool tb_story_grub_event(struct tb_story_scan *s, const struct tb_event *e);
bool tb_story_linux_event(struct tb_story_scan *s, const struct tb_event *e);

/* A part measured something that is proved. */
void tb_story_saw(struct tb_story_scan *s, enum tb_story_part part);

#endif
