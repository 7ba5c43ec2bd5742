/* core/explain_log.c - what is wrong with a log as a whole: repeated events, several logs in one.
 *
 * PFP 1.06, 10.4.x and UEFI's TCG2 protocol: firmware keeps events that come after somebody asked
 * for the log in a second table too (final events); a reader that joins both may have the same
 * events twice. Removing them silently would let an attacker choose which events count, so a log
 * with a repetition stays a mismatch; the repetition is told. */
#include "core/explain_internal.h"

#include <stdio.h>
#include <string.h>

#define REPEATS_TRIED 8 /* runs that stand twice; a log may have some by itself */
#define SPEC_ID "Spec ID Event03"
#define SPEC_ID_AT 32 /* bytes of an event of the SHA-1 format in front of its data */

/* A record, to be compared with others. */
struct record {
    uint32_t offset, len;
    uint32_t sum; /* of its bytes, so that most comparisons end here */
};

struct records {
    struct tb_reader log;
    uint32_t first; /* index of record[0] in the log */
    uint32_t n;
    struct record record[TB_EXPLAIN_REPEAT_MAX];
};

/* FNV-1a: quick, and a collision costs one comparison. */
static uint32_t sum_of(const uint8_t *p, size_t len)
{
    uint32_t sum = 2166136261u;

    for (size_t i = 0; i < len; i++)
        sum = (sum ^ p[i]) * 16777619u;
    return sum;
}

/* The last records of a log of n_events. */
static bool read_records(struct tb_reader in, uint32_t n_events, struct records *r)
{
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;

    r->log = in;
    r->n = 0;
    r->first = n_events > TB_EXPLAIN_REPEAT_MAX ? n_events - TB_EXPLAIN_REPEAT_MAX : 0;
    if (!tb_log_open(in, &log, &why))
        return false;
    while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT) {
        struct record *next = &r->record[r->n];

        if (e.index < r->first || r->n == TB_EXPLAIN_REPEAT_MAX)
            continue;
        next->offset = (uint32_t)e.offset;
        next->len = (uint32_t)(log.whole.left - log.rest.left - e.offset);
        next->sum = sum_of(in.p + next->offset, next->len);
        r->n++;
    }
    return true;
}

static bool same(const struct records *r, uint32_t a, uint32_t b)
{
    const struct record *x = &r->record[a], *y = &r->record[b];

    return x->sum == y->sum && x->len == y->len &&
           memcmp(r->log.p + x->offset, r->log.p + y->offset, x->len) == 0;
}

/* A second copy: events first to first + n - 1 of the log. */
struct repeat {
    uint32_t first, n;
};

/* The longest runs first. */
static uint32_t find_repeats(const struct records *r, struct repeat out[REPEATS_TRIED])
{
    uint32_t found = 0;

    for (uint32_t n = r->n / 2; n > 0 && found < REPEATS_TRIED; n--)
        for (uint32_t i = 0, run = 0; i + n < r->n && found < REPEATS_TRIED; i++) {
            run = same(r, i, i + n) ? run + 1 : 0;
            if (run == n) {
                out[found++] = (struct repeat){ r->first + i + 1, n };
                run = 0;
            }
        }
    return found;
}

/* Does the log without the second copy lead to the quoted value? */
static bool fits_without(struct tb_explaining *x, const struct repeat *left_out, enum tb_bank bank,
                         uint32_t pcr)
{
    uint8_t value[TB_DIGEST_MAX];
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;
    bool any = false;

    tb_explain_start(bank, pcr, x->replay->startup_locality, value);
    if (!tb_log_open(x->log, &log, &why))
        return false;
    while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT) {
        if (!tb_explain_extends(&e, bank, pcr))
            continue;
        if (e.index >= left_out->first && e.index - left_out->first < left_out->n) {
            any = true;
            continue;
        }
        if (x->left == 0) {
            x->out->cut = true;
            return false;
        }
        x->left--;
        if (!tb_pcr_extend(x->h, bank, value, e.digest[bank]))
            return false;
    }
    return any && memcmp(value, x->quoted->value[bank][pcr], tb_bank_digest_len(bank)) == 0;
}

/* PCRs by bank that fit without the second copy. Returns how many. */
static uint32_t count_fits(struct tb_explaining *x, const struct repeat *r,
                           uint32_t fits[TB_N_BANKS])
{
    uint32_t n = 0;

    memset(fits, 0, TB_N_BANKS * sizeof fits[0]);
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        for (uint32_t pcr = 0; pcr < TB_N_PCRS; pcr++)
            if (x->states->state[b][pcr] == TB_PCR_MISMATCH &&
                fits_without(x, r, (enum tb_bank)b, pcr)) {
                fits[b] |= UINT32_C(1) << pcr;
                n++;
            }
    return n;
}

void tb_explain_repeated(struct tb_explaining *x)
{
    struct repeat repeats[REPEATS_TRIED], best = { 0 };
    uint32_t fits[TB_N_BANKS], n_best = 0, n;
    const uint32_t half = x->left / 2; /* the other half is for what is tried next */
    struct records r;

    if (!read_records(x->log, x->replay->n_events, &r))
        return;
    x->out->cut |= r.first != 0;
    x->left = half;
    n = find_repeats(&r, repeats);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t n_fits = count_fits(x, &repeats[i], fits);

        if (n_fits > n_best) {
            n_best = n_fits;
            best = repeats[i];
            memcpy(x->done, fits, sizeof x->done);
        }
    }
    x->left += TB_EXPLAIN_EXTENDS_MAX - half;
    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        struct tb_explanation e = tb_explanation_of(TB_EXPLAIN_REPEATED, (enum tb_bank)b, 0);

        e.pcrs = x->done[b];
        e.event = best.first;
        e.second = best.first + best.n - 1;
        e.count = best.n;
        if (e.pcrs != 0)
            tb_explanation_add(x->out, &e);
    }
}

/* --- Several logs --- */

/* Where headers of crypto-agile logs are: whole events of the SHA-1 format, of PCR 0, EV_NO_ACTION,
 * with a Spec ID. */
static uint32_t find_headers(struct tb_reader in, size_t at[TB_EXPLAIN_LOGS_MAX], bool *more)
{
    static const uint8_t front[SPEC_ID_AT - 4] = { 0, 0, 0, 0, TB_EV_NO_ACTION };
    uint32_t n = 0;

    *more = false;
    for (size_t i = 0;
         in.left >= SPEC_ID_AT + sizeof SPEC_ID && i <= in.left - SPEC_ID_AT - sizeof SPEC_ID;
         i++) {
        if (memcmp(in.p + i, front, sizeof front) != 0 ||
            memcmp(in.p + i + SPEC_ID_AT, SPEC_ID, sizeof SPEC_ID) != 0)
            continue;
        if (n == TB_EXPLAIN_LOGS_MAX) {
            *more = true;
            break;
        }
        at[n++] = i;
    }
    return n;
}

/* PCRs of the strongest quoted bank that this log has events for and leads to. */
static uint32_t matches_of(struct tb_reader log, const struct tb_pcrs *quoted, struct tb_hasher *h,
                           enum tb_bank *bank)
{
    struct tb_pcr_states states;
    struct tb_replay replay;
    struct tb_reason why;
    uint32_t banks = 0, matches = 0;

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        banks |= quoted->mask[b] != 0 ? 1u << b : 0;
    if (!tb_log_replay(log, banks, h, &replay, &why) ||
        !tb_log_compare(&replay, quoted, h, &states))
        return 0;
    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        uint32_t here = 0;

        for (uint32_t pcr = 0; pcr < TB_N_PCRS; pcr++)
            if (states.state[b][pcr] == TB_PCR_MATCH && replay.n_measured[pcr] != 0)
                here |= UINT32_C(1) << pcr;
        if (here != 0) {
            matches = here;
            *bank = (enum tb_bank)b;
        }
    }
    return matches;
}

void tb_explain_refused(struct tb_reader log, const struct tb_pcrs *quoted, struct tb_hasher *h,
                        struct tb_explanations *out)
{
    size_t at[TB_EXPLAIN_LOGS_MAX];
    uint32_t n, best = 0;
    enum tb_bank bank = TB_BANK_SHA1;

    out->n = out->n_lost = 0;
    out->cut = false;
    if (log.left > TB_LOG_SIZE_MAX)
        return;
    n = find_headers(log, at, &out->cut);
    for (uint32_t i = 0; n > 1 && at[0] == 0 && i < n; i++) {
        size_t end = i + 1 < n ? at[i + 1] : log.left;
        uint32_t pcrs = matches_of(tb_slice(log.p + at[i], end - at[i]), quoted, h, &bank);
        struct tb_explanation e = tb_explanation_of(TB_EXPLAIN_SEVERAL_LOGS, bank, 0);

        if (__builtin_popcount(pcrs) <= __builtin_popcount(best))
            continue;
        best = pcrs;
        e.pcrs = pcrs;
        e.other = (uint8_t)(i + 1);
        e.count = n;
        out->list[0] = e;
        out->n = 1;
    }
}
