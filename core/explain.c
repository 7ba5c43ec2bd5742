/* core/explain.c - what is explained, in which order, and the words for it.
 *
 * The trying itself is in explain_pcr.c (one PCR of one bank) and explain_log.c (the whole log). */
#include "core/explain_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_SYSTEM_PCR 10 /* from here on PCRs belong to the running system */

static const struct tb_explanation_text texts[TB_N_EXPLANATION_KINDS] = {
#define X(id, code, meaning, next) [TB_EXPLAIN_##id] = { code, meaning, next },
    TB_EXPLANATIONS(X)
#undef X
};

static const char *const value_names[TB_N_KNOWN_VALUES] = {
#define X(id, code) [TB_VALUE_##id] = code,
    TB_KNOWN_VALUES(X)
#undef X
};

const struct tb_explanation_text *tb_explanation_text(enum tb_explanation_kind kind)
{
    return &texts[kind];
}

const char *tb_known_value_name(enum tb_known_value v)
{
    return value_names[v];
}

struct tb_explanation tb_explanation_of(enum tb_explanation_kind kind, enum tb_bank bank,
                                        uint32_t pcr)
{
    return (struct tb_explanation){ .kind = (uint8_t)kind,
                                    .other = TB_NO_OTHER,
                                    .banks = 1u << bank,
                                    .pcrs = UINT32_C(1) << pcr,
                                    .event = TB_NO_EVENT,
                                    .second = TB_NO_EVENT };
}

static bool says_the_same(const struct tb_explanation *a, const struct tb_explanation *b)
{
    return a->kind == b->kind && a->n_values == b->n_values &&
           memcmp(a->value, b->value, sizeof a->value) == 0 && a->other == b->other &&
           a->event == b->event && a->second == b->second && a->count == b->count;
}

/* First the same of other banks, so that what is left stands for the same banks in each PCR. */
static bool widen(struct tb_explanations *out, const struct tb_explanation *e)
{
    for (uint32_t i = 0; i < out->n; i++) {
        struct tb_explanation *old = &out->list[i];

        if (!says_the_same(old, e))
            continue;
        if (old->pcrs == e->pcrs) {
            old->banks |= e->banks;
            return true;
        }
        if (old->banks == e->banks && e->event == TB_NO_EVENT) {
            old->pcrs |= e->pcrs;
            return true;
        }
    }
    return false;
}

void tb_explanation_add(struct tb_explanations *out, const struct tb_explanation *e)
{
    if (widen(out, e))
        return;
    if (out->n == TB_EXPLANATIONS_MAX)
        out->n_lost++;
    else
        out->list[out->n++] = *e;
}

bool tb_explain_extends(const struct tb_event *e, enum tb_bank bank, uint32_t pcr)
{
    return e->type != TB_EV_NO_ACTION && e->pcr == pcr && (e->banks >> bank & 1) != 0;
}

void tb_explain_start(enum tb_bank bank, uint32_t pcr, uint8_t locality,
                      uint8_t value[TB_DIGEST_MAX])
{
    memset(value, 0, TB_DIGEST_MAX);
    if (pcr == 0)
        value[tb_bank_digest_len(bank) - 1] = locality;
}

/* What can only be found by trying. */
static bool is_searched(enum tb_pcr_state state)
{
    return state == TB_PCR_MISMATCH || state == TB_PCR_NOT_IN_LOG;
}

static bool is_explained(enum tb_pcr_state state)
{
    return is_searched(state) || state == TB_PCR_INCOMPLETE || state == TB_PCR_UNEXTENDED;
}

static void explain_one(struct tb_explaining *x, enum tb_bank bank, uint32_t pcr,
                        struct tb_explanations *out)
{
    enum tb_pcr_state state = (enum tb_pcr_state)x->states->state[bank][pcr];
    struct tb_explanation e;

    if (!is_explained(state) || (x->done[bank] >> pcr & 1) != 0)
        return;
    if ((x->replay->banks >> bank & 1) == 0)
        e = tb_explanation_of(TB_EXPLAIN_BANK_NOT_IN_LOG, bank, pcr);
    else if (state == TB_PCR_UNEXTENDED)
        e = tb_explanation_of(TB_EXPLAIN_NEVER_EXTENDED, bank, pcr);
    else if (state == TB_PCR_INCOMPLETE)
        e = tb_explanation_of(memcmp(x->quoted->value[bank][pcr], x->replay->pcrs.value[bank][pcr],
                                     tb_bank_digest_len(bank)) == 0
                                  ? TB_EXPLAIN_BANK_PARTLY
                                  : TB_EXPLAIN_BANK_INCOMPLETE,
                              bank, pcr);
    else if (!tb_explain_pcr(x, bank, pcr, &e))
        e = tb_explanation_of(pcr < FIRST_SYSTEM_PCR ? TB_EXPLAIN_NONE : TB_EXPLAIN_RUNNING_SYSTEM,
                              bank, pcr);
    tb_explanation_add(out, &e);
}

void tb_explain(struct tb_reader log, const struct tb_replay *replay, const struct tb_pcrs *quoted,
                const struct tb_pcr_states *states, struct tb_hasher *h,
                struct tb_explanations *out)
{
    struct tb_explaining x = { .log = log,
                               .replay = replay,
                               .quoted = quoted,
                               .states = states,
                               .h = h,
                               .left = TB_EXPLAIN_EXTENDS_MAX,
                               .out = out };
    uint32_t n_mismatches = 0, n_searched = 0;

    out->n = out->n_lost = 0;
    out->cut = false;
    for (uint32_t i = 0; i < TB_N_BANKS * TB_N_PCRS; i++) {
        enum tb_pcr_state state = (enum tb_pcr_state)states->state[i / TB_N_PCRS][i % TB_N_PCRS];

        n_mismatches += state == TB_PCR_MISMATCH;
        n_searched += is_searched(state);
    }
    if (n_mismatches != 0)
        tb_explain_repeated(&x);
    x.share = n_searched != 0 ? x.left / n_searched : 0;
    for (uint32_t pcr = 0; pcr < TB_N_PCRS; pcr++) {
        struct tb_explanations banks = { 0 }; /* of this PCR, each bank by itself at first */

        for (unsigned b = 0; b < TB_N_BANKS; b++)
            explain_one(&x, (enum tb_bank)b, pcr, &banks);
        for (uint32_t i = 0; i < banks.n; i++)
            tb_explanation_add(out, &banks.list[i]);
    }
}

/* --- Words --- */

struct text {
    char *at;
    size_t n;
};

/* Append, cut to TB_EXPLAIN_TEXT_MAX. */
static void put(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct text *t, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(t->at + t->n, TB_EXPLAIN_TEXT_MAX - t->n, format, args);
    va_end(args);
    if (n > 0)
        t->n += (size_t)n < TB_EXPLAIN_TEXT_MAX - t->n ? (size_t)n : TB_EXPLAIN_TEXT_MAX - 1 - t->n;
}

void tb_explanation_where(const struct tb_explanation *e, char out[TB_EXPLAIN_TEXT_MAX])
{
    struct text t = { .at = out };
    const char *separator = " ";

    out[0] = '\0';
    put(&t, (e->pcrs & (e->pcrs - 1)) != 0 ? "PCRs" : "PCR");
    for (uint32_t pcr = 0; pcr < TB_N_PCRS; pcr++)
        if ((e->pcrs >> pcr & 1) != 0) {
            put(&t, "%s%" PRIu32, separator, pcr);
            separator = ", ";
        }
    separator = ": ";
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if ((e->banks >> b & 1) != 0) {
            put(&t, "%s%s", separator, tb_bank_name((enum tb_bank)b));
            separator = " ";
        }
}

static void put_events(struct text *t, const struct tb_explanation *e)
{
    if (e->event == TB_NO_EVENT)
        return;
    if (e->second == TB_NO_EVENT)
        put(t, e->kind == TB_EXPLAIN_KNOWN_MISSING ? "before event %" PRIu32 : "event %" PRIu32,
            e->event);
    else if (e->kind == TB_EXPLAIN_SWAPPED)
        put(t, "events %" PRIu32 " and %" PRIu32, e->event, e->second);
    else
        put(t, "events %" PRIu32 " to %" PRIu32 ", %" PRIu32 " of them", e->event, e->second,
            e->count);
}

static void put_other(struct text *t, const struct tb_explanation *e)
{
    const char *separator = t->n != 0 ? "; " : "";

    if (e->other == TB_NO_OTHER)
        return;
    switch ((enum tb_explanation_kind)e->kind) {
    case TB_EXPLAIN_MOVED: put(t, "%slogged in PCR %u", separator, e->other); break;
    case TB_EXPLAIN_OTHER_PCR: put(t, "%sPCR %u", separator, e->other); break;
    case TB_EXPLAIN_OTHER_BANK:
    case TB_EXPLAIN_PADDED_DIGESTS:
        if (e->other < TB_N_BANKS)
            put(t, "%s%s", separator, tb_bank_name((enum tb_bank)e->other));
        break;
    case TB_EXPLAIN_SEVERAL_LOGS:
        put(t, "%slog %u of %" PRIu32, separator, e->other, e->count);
        break;
    default: put(t, "%slocality %u", separator, e->other); break;
    }
}

void tb_explanation_detail(const struct tb_explanation *e, char out[TB_EXPLAIN_TEXT_MAX])
{
    struct text t = { .at = out };
    const char *separator;

    out[0] = '\0';
    put_events(&t, e);
    put_other(&t, e);
    separator = t.n != 0 ? "; " : "";
    for (unsigned i = 0; i < e->n_values; i++) {
        put(&t, "%s%s", separator, tb_known_value_name((enum tb_known_value)e->value[i]));
        separator = ", then ";
    }
}
