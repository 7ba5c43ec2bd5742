/* tools/sbv/judge_internal.h - private to judge*.c. */
#ifndef TB_TOOLS_SBV_JUDGE_INTERNAL_H
#define TB_TOOLS_SBV_JUDGE_INTERNAL_H

#include <sys/types.h>

#include "tools/sbv/judge.h"

#define TB_PATH_MAX 1024 /* bytes of a path below a partition; longer ones are a fault */

/* An entry of the set's directory. */
struct tb_set_entry {
    char file[256];
    int fd;                     /* -1: not a plain file that can be read */
    uint8_t *prefix;            /* what *package points into */
    struct tb_package *package; /* NULL: not a package */
    uint64_t payloads_at;       /* offset in the file */
    bool trusted;
    struct tb_package_trust trust;
    bool is_faulty;
    struct tb_reason fault; /* the first */
};

struct tb_judging {
    const struct tb_judge_question *q;
    const struct tb_judge_to *to;
    struct tb_package_rules rules;
    struct tb_hasher *hasher;
    char *list; /* that rules.revocations points into */
    struct tb_revocations *revocations;
    size_t n;
    struct tb_set_entry *entry;     /* by file name */
    char (*unclaimed)[TB_PATH_MAX]; /* in the order found */
    size_t n_unclaimed;
    uint64_t faults;
    char kept[256]; /* file below RUN/loaders; "": none */
    struct tb_reason *why;
    bool unable; /* *why is written */
};

/* judge.c */
void tb_judging_fault(struct tb_judging *j, const char *path, const struct tb_reason *why);
/* The fault is that no package claims this path; it gets a record too. */
void tb_judging_unclaimed(struct tb_judging *j, const char *path, const struct tb_reason *why);
/* RUN/NAME. False: too long. */
TB_MUST_CHECK bool tb_judging_run_path(const struct tb_judging *j, const char *name,
                                       char out[TB_PATH_MAX]);
/* Returns false. */
bool tb_judging_unable(struct tb_judging *j, const char *where, const char *what);

/* judge_package.c */
/* Opens DIR/e->file and reads manifest and signature. False: *why. */
TB_MUST_CHECK bool tb_set_open(int dir, struct tb_set_entry *e, struct tb_reason *why);
void tb_set_close(struct tb_set_entry *e);
/* The file is named as its manifest says. */
TB_MUST_CHECK bool tb_set_name_fits(const struct tb_set_entry *e, struct tb_reason *why);
/* Every payload is what the manifest says, and nothing follows the last. directory: where payloads
 * of the kind file are written; NULL: nowhere. */
TB_MUST_CHECK bool tb_set_payloads(const struct tb_set_entry *e, struct tb_hasher *h,
                                   const char *directory, struct tb_reason *why);
/* The file of the option `service`, a payload of the kind file; empty: no such option. */
TB_MUST_CHECK bool tb_set_service(const struct tb_manifest *m, struct tb_reader *out,
                                  struct tb_reason *why);

/* judge_walk.c: what no package claims, on both partitions. False: unable. */
TB_MUST_CHECK bool tb_judge_esp(struct tb_judging *j);
TB_MUST_CHECK bool tb_judge_state(struct tb_judging *j);

#endif
