/* core/explain_internal.h - what the explain*.c files share; for nobody else. */
#ifndef TB_CORE_EXPLAIN_INTERNAL_H
#define TB_CORE_EXPLAIN_INTERNAL_H

#include "core/explain.h"

/* The explaining of one log. */
struct tb_explaining {
    struct tb_reader log;
    const struct tb_replay *replay;
    const struct tb_pcrs *quoted;
    const struct tb_pcr_states *states;
    struct tb_hasher *h;
    uint32_t left;             /* extends that may still be computed for the log */
    uint32_t share;            /* for one PCR of one bank */
    uint32_t done[TB_N_BANKS]; /* bit i: PCR i is explained */
    struct tb_explanations *out;
};

/* An explanation without events, values and anything else. */
struct tb_explanation tb_explanation_of(enum tb_explanation_kind kind, enum tb_bank bank,
                                        uint32_t pcr);

/* Keep it; one that says the same of another bank, or, where no event is named, of another PCR, is
 * widened instead. */
void tb_explanation_add(struct tb_explanations *out, const struct tb_explanation *e);

/* True: a measuring event of this PCR that has a digest of this bank. */
bool tb_explain_extends(const struct tb_event *e, enum tb_bank bank, uint32_t pcr);

/* The value that a PCR has before the first event (those of a dynamic launch restart at zero). */
void tb_explain_start(enum tb_bank bank, uint32_t pcr, uint8_t locality,
                      uint8_t value[TB_DIGEST_MAX]);

/* Runs of events that stand twice; marks what they explain in x->done. */
void tb_explain_repeated(struct tb_explaining *x);

/* One PCR of one bank that does not match. False: nothing that was tried fits. */
TB_MUST_CHECK bool tb_explain_pcr(struct tb_explaining *x, enum tb_bank bank, uint32_t pcr,
                                  struct tb_explanation *out);

#endif
