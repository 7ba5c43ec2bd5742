/* core/sbat.h - SBAT levels: which generation of each component a loader must at least have.
 *
 * shim's SBAT.md, "Validating images"; SbatLevel is a text of lines "component,generation", whose
 * first names the format and the level's own date: "sbat,1,2024010900". shim refuses to start an
 * image of a lower generation than the level that it measured. No I/O, no allocation. */
#ifndef TB_CORE_SBAT_H
#define TB_CORE_SBAT_H

#include "core/reason.h"

#define TB_SBAT_COMPONENT_MAX 64 /* bytes of a component's name, NUL included */
#define TB_SBAT_ENTRIES_MAX 64   /* lines of a level */
#define TB_SBAT_TEXT_MAX 4096    /* bytes of a level */

struct tb_sbat_entry {
    char component[TB_SBAT_COMPONENT_MAX]; /* printable ASCII without comma and blank */
    uint32_t generation;
    uint32_t date; /* third field, of "sbat" alone: YYYYMMDDNN; 0: none */
};

struct tb_sbat {
    size_t n;
    struct tb_sbat_entry entry[TB_SBAT_ENTRIES_MAX]; /* each component once */
};

/* One line without its end. *out is written on success only. */
TB_MUST_CHECK bool tb_sbat_entry_parse(struct tb_reader line, struct tb_sbat_entry *out);
/* "component,generation[,date]"; out_len of 96 holds every one. */
#define TB_SBAT_LINE_MAX 96
void tb_sbat_entry_text(const struct tb_sbat_entry *e, char out[TB_SBAT_LINE_MAX]);

/* A level: lines that each end with a line feed, the last one's may be missing; NULs behind it are
 * allowed. All or nothing; refuses what is no line, a component that stands there twice, and no
 * line at all. why: TB_CHECK_SB_SBAT and the line's number. */
TB_MUST_CHECK bool tb_sbat_parse(struct tb_reader text, struct tb_sbat *out, struct tb_reason *why);

/* The entry of that component; NULL: none. */
const struct tb_sbat_entry *tb_sbat_find(const struct tb_sbat *level, const char *component);
/* A level that has `have` (NULL: nothing of this component) refuses all that `need` refuses. */
bool tb_sbat_reaches(const struct tb_sbat_entry *have, const struct tb_sbat_entry *need);

#endif
