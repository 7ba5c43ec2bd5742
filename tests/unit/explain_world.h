/* tests/unit/explain_world.h - a log that does not lead to the quoted values, and what is said. */
#ifndef TB_TESTS_EXPLAIN_WORLD_H
#define TB_TESTS_EXPLAIN_WORLD_H

#include "tests/unit/eventlog_world.h"

#include "core/explain.h"

/* Of the last explain(). */
extern struct tb_pcr_states states;
extern struct tb_explanations x;

/* Explain this log, or the one in b, against these values. */
void explain_bytes(struct tb_reader log, const struct tb_pcrs *quoted);
void explain(const struct tb_pcrs *quoted);
/* A good boot in two banks, in b; its values as they were measured. */
struct tb_pcrs good_boot(void);
/* One explanation, of this kind and for this PCR alone. */
const struct tb_explanation *assert_one(enum tb_explanation_kind kind, uint32_t pcr);
/* Extend a quoted PCR with a digest, or with that of data. */
void extend(struct tb_pcrs *q, enum tb_bank bank, uint32_t pcr, struct tb_reader data,
            bool is_digest);

#endif
