#include "core/chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/cel.h"

enum { FIRST_PCR = 12, N_LOADER_PCRS = 3 };
#define CORE (1u << 12)
#define OTHERS (1u << 13)
#define SETTINGS (1u << 14)
#define USER (1u << TB_CHAIN_USER_PCR)

/* Where a kind of record may stand, and whether it may stand there more than once. */
static const struct {
    uint16_t pcrs;
    bool many;
} places[] = {
    [TB_RECORD_SECURE_BOOT] = { SETTINGS, false },
    [TB_RECORD_VENDOR] = { SETTINGS, true },
    [TB_RECORD_CONFIGURATION] = { SETTINGS, false },
    [TB_RECORD_ASSET_TAG] = { SETTINGS, false },
    [TB_RECORD_SET] = { CORE | OTHERS | SETTINGS, false },
    [TB_RECORD_PACKAGE] = { CORE | OTHERS, true },
    [TB_RECORD_MODULE] = { CORE | OTHERS, true },
    [TB_RECORD_SIGNER] = { SETTINGS, true },
    [TB_RECORD_UNVERIFIED] = { SETTINGS, true },
    [TB_RECORD_FALLBACK] = { SETTINGS, false },
    [TB_RECORD_OPTION] = { SETTINGS, true },
    [TB_RECORD_COMMAND_LINE] = { SETTINGS, false },
    [TB_RECORD_END] = { CORE | OTHERS | SETTINGS, false },
    [TB_RECORD_LOST] = { CORE | OTHERS | SETTINGS, true },
    [TB_RECORD_CHECKED] = { USER, true },
    [TB_RECORD_UNCLAIMED] = { USER, true },
    [TB_RECORD_VERDICT] = { USER, false },
    [TB_RECORD_RESCUE] = { USER, false },
    [TB_RECORD_COMPLETE] = { USER, false },
};

const char *tb_chain_verdict_name(enum tb_chain_verdict v)
{
    static const char *const names[] = {
        [TB_CHAIN_NO_VERDICT] = "none", [TB_CHAIN_PASS] = "pass", [TB_CHAIN_FAIL] = "fail"
    };

    return names[v];
}

const struct tb_record *tb_chain_next(const struct tb_chain *c, enum tb_record_kind kind, size_t *i)
{
    while (*i < c->n) {
        const struct tb_record *r = &c->at[(*i)++].record;

        if (r->kind == kind)
            return r;
    }
    return NULL;
}

const struct tb_record *tb_chain_first(const struct tb_chain *c, enum tb_record_kind kind)
{
    size_t i = 0;

    return tb_chain_next(c, kind, &i);
}

/* ---- claims ---- */

static bool is_of_chain(const struct tb_event *e)
{
    return e->type != TB_EV_NO_ACTION && ((TB_CHAIN_LOADER_PCRS | USER) >> e->pcr & 1) != 0;
}

bool tb_chain_claimed(struct tb_reader log)
{
    struct tb_reason why;
    struct tb_event e;
    struct tb_log l;

    if (!tb_log_open(log, &l, &why))
        return false;
    while (tb_log_next(&l, &e, &why) == TB_LOG_EVENT)
        if (is_of_chain(&e) && tb_record_is(e.data))
            return true;
    return false;
}

/* ---- the user log ---- */

static void event_of(const struct tb_cel_event *in, struct tb_event *out)
{
    *out = (struct tb_event){
        .index = in->number, .pcr = in->pcr, .type = in->type, .banks = in->banks, .data = in->data
    };
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (in->banks >> b & 1)
            out->digest[b] = tb_slice(in->digest[b], tb_bank_digest_len((enum tb_bank)b));
}

static bool is_user_record(const struct tb_record *r)
{
    return r->kind >= TB_RECORD_CHECKED;
}

static bool covers_all(const struct tb_event *e, struct tb_hasher *h)
{
    uint8_t digest[TB_DIGEST_MAX];

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if ((e->banks >> b & 1) &&
            (!tb_hash(h, (enum tb_bank)b, e->data, digest) ||
             !tb_slice_equal(e->digest[b], tb_slice(digest, e->digest[b].left))))
            return false;
    return true;
}

static bool extend(struct tb_replay *r, const struct tb_event *e, struct tb_hasher *h)
{
    const uint32_t pcr = TB_CHAIN_USER_PCR, bit = USER;

    r->n_measured[pcr]++;
    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        if (!(e->banks >> b & 1)) {
            r->incomplete[b] |= bit;
            continue;
        }
        r->pcrs.mask[b] |= bit;
        if (!tb_pcr_extend(h, (enum tb_bank)b, r->pcrs.value[b][pcr], e->digest[b]))
            return false;
    }
    return true;
}

bool tb_chain_replay(struct tb_reader user_log, struct tb_hasher *h, struct tb_replay *replay,
                     struct tb_reason *why)
{
    struct tb_replay r = *replay;
    enum tb_cel_step step;
    struct tb_cel_event c;
    struct tb_record record;
    struct tb_event e;
    struct tb_cel log;
    char where[32];

    if (!tb_cel_open(user_log, &log, why))
        return false;
    while ((step = tb_cel_next(&log, &c, why)) == TB_CEL_EVENT) {
        event_of(&c, &e);
        snprintf(where, sizeof where, "user log event %" PRIu32, c.number);
        if (!tb_record_parse(e.data, &record, why) || !is_user_record(&record) ||
            !covers_all(&e, h))
            return tb_refuse(why, TB_CHECK_LOG_FORMAT, where,
                             "a record of user space that its digests cover", "another");
        if (!extend(&r, &e, h))
            return tb_refuse(why, TB_CHECK_LOG_FORMAT, where, "a digest", "a library failure");
    }
    if (step != TB_CEL_END)
        return false;
    *replay = r;
    return true;
}

/* ---- reading ---- */

struct reading {
    struct tb_chain *c;
    struct tb_log_trust trust;
    struct tb_hasher *h;
    struct tb_findings *f;
    bool whole; /* nothing was unexplained in PCR 12 to 14 */
};

static bool unexplained(struct reading *r, const struct tb_event *e, const char *expected,
                        const char *observed)
{
    const bool is_user = e->pcr == TB_CHAIN_USER_PCR;
    char where[64];

    snprintf(where, sizeof where, "PCR %" PRIu32 ", event %" PRIu32, e->pcr, e->index);
    if (!is_user)
        r->whole = false;
    return tb_findings_fail(r->f, is_user ? TB_CHECK_BOOT_VERIFIER : TB_CHECK_LOG_UNEXPLAINED,
                            where, expected, "%s", observed);
}

/* What an earlier set has in this PCR is not what runs. */
static void give_up(struct tb_chain *c, uint32_t pcr)
{
    size_t kept = 0;

    for (size_t i = 0; i < c->n; i++) {
        const enum tb_record_kind k = c->at[i].record.kind;

        if (c->at[i].pcr == pcr && (k == TB_RECORD_SET || k == TB_RECORD_PACKAGE ||
                                    k == TB_RECORD_MODULE || k == TB_RECORD_SIGNER))
            continue;
        c->at[kept++] = c->at[i];
    }
    c->n = kept;
}

static bool is_there(const struct tb_chain *c, enum tb_record_kind kind, uint32_t pcr)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->at[i].record.kind == kind && c->at[i].pcr == pcr)
            return true;
    return false;
}

/* The verdict ends what the Secure Boot Verifier says, and the end of the boot everything. */
static bool is_in_order(const struct tb_chain *c, const struct tb_record *record)
{
    const bool judged = is_there(c, TB_RECORD_VERDICT, TB_CHAIN_USER_PCR);

    switch (record->kind) {
    case TB_RECORD_CHECKED:
    case TB_RECORD_UNCLAIMED: return !judged;
    case TB_RECORD_COMPLETE: return judged;
    default: return true;
    }
}

static bool has_ended(const struct tb_chain *c, uint32_t pcr)
{
    return pcr == TB_CHAIN_USER_PCR ? is_there(c, TB_RECORD_COMPLETE, pcr)
                                    : c->ended[pcr - FIRST_PCR];
}

static bool add(struct reading *r, const struct tb_event *e, const struct tb_record *record)
{
    struct tb_chain *c = r->c;

    if (c->n == TB_CHAIN_RECORDS_MAX)
        return unexplained(r, e, "at most 384 records", "more");
    c->at[c->n].pcr = e->pcr;
    c->at[c->n].event = e->index;
    c->at[c->n++].record = *record;
    if (record->kind == TB_RECORD_END)
        c->ended[e->pcr - FIRST_PCR] = true;
    return true;
}

static bool record_event(struct reading *r, const struct tb_event *e)
{
    struct tb_record record;
    struct tb_reason why;

    if (!tb_record_parse(e->data, &record, &why))
        return unexplained(r, e, "a record of the boot chain", "something else");
    if (!tb_event_covers(e, r->trust, r->h, &e->data, 1))
        return unexplained(r, e, "a digest of the record", "another digest");
    if (!(places[record.kind].pcrs >> e->pcr & 1) ||
        (record.kind == TB_RECORD_PACKAGE &&
         (record.package_kind == TB_PACKAGE_BASE) != (e->pcr == FIRST_PCR)))
        return unexplained(r, e, "a record that has its place here",
                           tb_record_kind_name(record.kind));
    if (has_ended(r->c, e->pcr))
        return unexplained(r, e, "nothing behind the end", tb_record_kind_name(record.kind));
    if (record.kind == TB_RECORD_SET)
        give_up(r->c, e->pcr);
    else if (!places[record.kind].many && is_there(r->c, record.kind, e->pcr))
        return unexplained(r, e, "one such record", tb_record_kind_name(record.kind));
    if (!is_in_order(r->c, &record))
        return unexplained(r, e, "another order", tb_record_kind_name(record.kind));
    return add(r, e, &record);
}

/* An event of a PCR that does not match is no fact. That events were lost is believed at once,
 * since it is said against the host. */
static void read_event(struct reading *r, const struct tb_event *e)
{
    struct tb_record record;
    struct tb_reason why;

    if (!is_of_chain(e))
        return;
    if (tb_record_parse(e->data, &record, &why)) {
        r->c->lost = r->c->lost || record.kind == TB_RECORD_LOST;
        if (record.kind == TB_RECORD_END && e->pcr != TB_CHAIN_USER_PCR)
            r->c->ends[e->pcr - FIRST_PCR] = true;
    }
    if (r->trust.states->state[r->trust.bank][e->pcr] == TB_PCR_MATCH)
        record_event(r, e);
}

static void read_user_log(struct reading *r, struct tb_reader user_log)
{
    struct tb_cel_event c;
    struct tb_reason why;
    struct tb_event e;
    struct tb_cel log;

    if (!tb_cel_open(user_log, &log, &why))
        return;
    while (tb_cel_next(&log, &c, &why) == TB_CEL_EVENT) {
        event_of(&c, &e);
        read_event(r, &e);
    }
}

bool tb_chain_read(const struct tb_chain_logs *in, struct tb_hasher *h, struct tb_chain *out,
                   struct tb_findings *f)
{
    struct reading r = {
        .c = out, .trust = { in->bank, in->states }, .h = h, .f = f, .whole = true
    };
    const uint8_t *state = in->states->state[in->bank];
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;

    memset(out, 0, sizeof *out);
    out->user_known = state[TB_CHAIN_USER_PCR] == TB_PCR_MATCH;
    if (!tb_log_open(in->log, &log, &why))
        return false; /* cannot be: the log has replayed */
    while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT)
        read_event(&r, &e);
    read_user_log(&r, in->user_log);
    for (unsigned i = 0; i < N_LOADER_PCRS; i++)
        r.whole = r.whole && state[FIRST_PCR + i] == TB_PCR_MATCH;
    return r.whole;
}
