/* tests/unit/lrow_world.h - real and synthetic logs, attacked or odd, and what may follow from it.
 *
 * The rows L-01 to L-77 are in docs/event-log-cases.md. Whatever an attacker does to a log, or
 * measures after the boot, no fact and no verdict may move in his favour: gain() is the one place
 * that says what that means. */
#ifndef TB_TESTS_LROW_WORLD_H
#define TB_TESTS_LROW_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/appraise.h"
#include "tests/unit/log_builder.h"
#include "tests/unit/log_mutate.h"

#define N_OF(list) (sizeof list / sizeof list[0])

extern struct tb_hasher *h;
extern struct tb_policy policy; /* the built-in one; set again before each test */

/* What the appraisal says. */
struct lrow {
    enum tb_verdict verdict;
    struct tb_findings findings;
    struct tb_boot_result boot;
};

int lrow_set_up(void **state);

/* Appraise log and quoted PCRs with `policy`, behind a genuine quote. A log that knows SHA-1 only
 * is appraised with SHA-1 allowed, or nothing could be asked of it. */
void appraise_bytes(struct tb_reader log, const struct tb_pcrs *quoted, struct lrow *out);
void appraise(struct mlog *m, struct lrow *out);

void show(const struct lrow *r); /* findings, for a test that is about to fail */
/* A finding of the check has this text in where, expected or observed. */
bool tells(const struct lrow *r, enum tb_check check, const char *text);
void assert_outcome(const struct mlog *m, const struct lrow *r, enum tb_check check,
                    enum tb_outcome outcome);
enum tb_pcr_state state_of(const struct lrow *r, enum tb_bank bank, unsigned pcr);
/* The log is refused as a whole: this check failed, not trusted, no facts. */
void assert_refused(const char *what, const struct lrow *r, enum tb_check check);
bool no_facts(const struct tb_boot_facts *f);

/* What `after` claims that `before`, the truth, does not: a text for it; NULL if nothing.
 * extended: the attacker also measured, so there may be more authorities and programs; those that
 * were there must still be told, or nothing. */
const char *gain(const struct lrow *before, const struct lrow *after, bool extended);
/* The same facts, story and verdict. */
const char *difference(const struct lrow *a, const struct lrow *b);

struct attack {
    const char *what;
    bool (*mount)(struct mlog *m); /* false: this log has nothing to do it to */
    bool extended;                 /* see gain() */
    int check;                     /* that must not pass then; -1: any or none */
    /* more to be asserted; may be NULL */
    void (*also)(const struct mlog *m, const struct lrow *before, const struct lrow *after);
};
/* Each attack on a copy of each log; each must have found a log that it applies to. */
void mount_attacks(const char *const *logs, size_t n_logs, const struct attack *list, size_t n);
/* The same, of what must be refused as a whole: the check fails and nothing is claimed. */
void refuse_all(const char *const *logs, size_t n_logs, const struct attack *list, size_t n);
#define REFUSE(logs, list) refuse_all(logs, N_OF(logs), list, N_OF(list))
#define MOUNT(logs, list) mount_attacks(logs, N_OF(logs), list, N_OF(list))

/* Something that real machines do and that changes neither facts nor verdict. */
struct oddity {
    const char *what;
    bool (*make)(struct mlog *m); /* false: does not apply */
};
void make_oddities(const char *const *logs, size_t n_logs, const struct oddity *list, size_t n);
#define ODDITIES(logs, list) make_oddities(logs, N_OF(logs), list, N_OF(list))

/* Reads a file of the corpus' event logs; NULL if it is not there, which is counted. free() it. */
uint8_t *read_sample(const char *file, size_t *len);
/* The last test of a program: skipped, with their number, if samples were not there. */
void samples_of_the_corpus_were_there(void **state);

#endif
