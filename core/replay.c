/* core/replay.c - PCR values from a log's digests, and their comparison with quoted ones.
 *
 * TPM 2.0 Library Part 1, rev 01.59, 17.2: PCR.new = H(PCR.old || digest). */
#include "core/eventlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* PFP 1.06, 10.4.5.3: the signature, with its NUL. */
#define STARTUP_LOCALITY "StartupLocality"

static const char *const state_names[TB_N_PCR_STATES] = {
    [TB_PCR_NOT_QUOTED] = "not-quoted", [TB_PCR_MATCH] = "match",
    [TB_PCR_MISMATCH] = "mismatch",     [TB_PCR_NOT_IN_LOG] = "not-in-log",
    [TB_PCR_CAPPED] = "capped",         [TB_PCR_INCOMPLETE] = "incomplete",
    [TB_PCR_UNEXTENDED] = "unextended",
};

const char *tb_pcr_state_name(enum tb_pcr_state state)
{
    return state_names[state];
}

/* PCRs of a dynamic launch hold ones until there is one (PC Client Platform TPM Profile 1.05,
 * 4.6), and then start at zero. */
static bool is_dynamic(uint32_t pcr)
{
    return pcr >= 17 && pcr <= 22;
}

static bool all_zero(struct tb_reader in)
{
    uint8_t any = 0;

    for (size_t i = 0; i < in.left; i++)
        any |= in.p[i];
    return any == 0;
}

/* A replay under way. */
struct replaying {
    struct tb_replay r;
    uint32_t banks; /* to replay */
    bool locality_seen;
    struct tb_hasher *h;
};

static void start_values(struct tb_replay *r, uint8_t locality)
{
    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        size_t len = tb_bank_digest_len((enum tb_bank)b);

        for (uint32_t pcr = 0; pcr < TB_N_PCRS; pcr++)
            memset(r->pcrs.value[b][pcr], is_dynamic(pcr) ? 0xff : 0, len);
        r->pcrs.value[b][0][len - 1] = locality;
    }
}

static void set_locality(struct tb_replay *r, uint8_t locality)
{
    r->startup_locality = locality;
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        r->pcrs.value[b][0][tb_bank_digest_len((enum tb_bank)b) - 1] = locality;
}

/* PFP 1.06, 10.4.5.3: from where TPM2_Startup came decides the start value of PCR 0, so it can
 * only be said once and before PCR 0 is measured into. */
static bool apply_locality(struct replaying *s, const struct tb_event *e, struct tb_reason *why)
{
    const enum tb_check c = TB_CHECK_LOG_LOCALITY;
    char where[64];
    uint8_t locality;

    if (e->data.left < sizeof STARTUP_LOCALITY ||
        memcmp(e->data.p, STARTUP_LOCALITY, sizeof STARTUP_LOCALITY) != 0)
        return true;
    snprintf(where, sizeof where, "StartupLocality, event %" PRIu32, e->index);
    if (e->data.left != sizeof STARTUP_LOCALITY + 1)
        return tb_refuse(why, c, where, "17 bytes", "%zu bytes", e->data.left);
    if (e->pcr != 0)
        return tb_refuse(why, c, where, "PCR 0", "PCR %" PRIu32, e->pcr);
    if (s->locality_seen)
        return tb_refuse(why, c, where, "one such event", "a second one");
    if (s->r.n_measured[0] != 0)
        return tb_refuse(why, c, where, "in front of what PCR 0 measures", "behind it");
    locality = e->data.p[sizeof STARTUP_LOCALITY];
    if (locality != 0 && locality != 3 && locality != 4)
        return tb_refuse(why, c, where, "locality 0, 3 or 4", "%u", locality);
    s->locality_seen = true;
    set_locality(&s->r, locality);
    return true;
}

/* PFP 1.06, 3.3.3.1 and 10.4.1: an H-CRTM measures before TPM2_Startup, from locality 4. */
static bool apply_hcrtm(struct replaying *s, const struct tb_event *e, struct tb_reason *why)
{
    const enum tb_check c = TB_CHECK_LOG_LOCALITY;
    char where[64];

    snprintf(where, sizeof where, "H-CRTM, event %" PRIu32, e->index);
    if (e->pcr != 0)
        return tb_refuse(why, c, where, "PCR 0", "PCR %" PRIu32, e->pcr);
    if (s->r.n_measured[0] != 0)
        return tb_refuse(why, c, where, "the first that PCR 0 measures", "a later one");
    if (e->data.left < 5 || memcmp(e->data.p, "HCRTM", 5) != 0)
        return tb_refuse(why, c, where, "the data HCRTM", "other data");
    if (s->locality_seen && s->r.startup_locality != 4)
        return tb_refuse(why, c, where, "startup locality 4", "%u", s->r.startup_locality);
    set_locality(&s->r, 4);
    return true;
}

static bool measure(struct replaying *s, const struct tb_event *e, struct tb_reason *why)
{
    struct tb_replay *r = &s->r;
    const uint32_t bit = UINT32_C(1) << e->pcr;

    if (r->n_measured[e->pcr]++ == 0 && is_dynamic(e->pcr))
        for (unsigned b = 0; b < TB_N_BANKS; b++)
            memset(r->pcrs.value[b][e->pcr], 0, TB_DIGEST_MAX);
    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        if ((e->banks & 1u << b) == 0) {
            r->incomplete[b] |= bit;
            continue;
        }
        if ((s->banks & 1u << b) == 0)
            continue;
        r->pcrs.mask[b] |= bit;
        if (!tb_pcr_extend(s->h, (enum tb_bank)b, r->pcrs.value[b][e->pcr], e->digest[b]))
            return tb_refuse(why, TB_CHECK_LOG_REPLAY, "hashing", "a digest", "a library failure");
    }
    return true;
}

static bool replay_event(struct replaying *s, const struct tb_event *e, struct tb_reason *why)
{
    if (e->type == TB_EV_NO_ACTION) { /* never extends, whatever it carries */
        for (unsigned b = 0; b < TB_N_BANKS; b++)
            if (!all_zero(e->digest[b]))
                s->r.no_action_digest = true;
        return apply_locality(s, e, why);
    }
    if (e->type == TB_EV_EFI_HCRTM_EVENT && !apply_hcrtm(s, e, why))
        return false;
    return measure(s, e, why);
}

bool tb_log_replay(struct tb_reader in, uint32_t banks, struct tb_hasher *h, struct tb_replay *out,
                   struct tb_reason *why)
{
    struct replaying s = { .banks = banks, .h = h };
    enum tb_log_step step;
    struct tb_event e;
    struct tb_log log;

    if (!tb_log_open(in, &log, why))
        return false;
    start_values(&s.r, 0);
    while ((step = tb_log_next(&log, &e, why)) == TB_LOG_EVENT)
        if (!replay_event(&s, &e, why))
            return false;
    if (step == TB_LOG_BAD)
        return false;
    s.r.banks = log.banks;
    s.r.n_events = log.n_events;
    *out = s.r;
    return true;
}

/* One PCR of one bank to be compared. */
struct compared {
    enum tb_bank bank;
    uint32_t pcr;
    size_t len;
    const uint8_t *quoted, *replayed;
    bool capped; /* quoted is replayed and then one extend of zeros */
};

static bool is_start_value(const struct compared *c, uint8_t locality)
{
    for (size_t i = 0; i + 1 < c->len; i++)
        if (c->quoted[i] != (is_dynamic(c->pcr) ? 0xff : 0))
            return false;
    if (c->pcr == 0)
        return c->quoted[c->len - 1] == 0 || c->quoted[c->len - 1] == locality;
    return c->quoted[c->len - 1] == (is_dynamic(c->pcr) ? 0xff : 0);
}

static enum tb_pcr_state state_of(const struct tb_replay *r, const struct compared *c)
{
    const uint32_t bit = UINT32_C(1) << c->pcr;
    bool same = memcmp(c->quoted, c->replayed, c->len) == 0;
    bool incomplete = (r->incomplete[c->bank] & bit) != 0 || (r->pcrs.mask[c->bank] & bit) == 0;

    if (r->n_measured[c->pcr] == 0)
        return same ? TB_PCR_MATCH : c->capped ? TB_PCR_CAPPED : TB_PCR_NOT_IN_LOG;
    if (is_start_value(c, r->startup_locality))
        return TB_PCR_UNEXTENDED;
    if (same && !incomplete)
        return TB_PCR_MATCH;
    if (c->capped)
        return TB_PCR_CAPPED;
    return incomplete ? TB_PCR_INCOMPLETE : TB_PCR_MISMATCH;
}

bool tb_log_compare(const struct tb_replay *replay, const struct tb_pcrs *quoted,
                    struct tb_hasher *h, struct tb_pcr_states *out)
{
    static const uint8_t zeros[TB_DIGEST_MAX];
    struct tb_pcr_states states = { 0 };

    for (uint32_t i = 0; i < TB_N_BANKS * TB_N_PCRS; i++) {
        struct compared c = { .bank = (enum tb_bank)(i / TB_N_PCRS), .pcr = i % TB_N_PCRS };
        uint8_t capped[TB_DIGEST_MAX];

        if ((quoted->mask[c.bank] & UINT32_C(1) << c.pcr) == 0)
            continue;
        c.len = tb_bank_digest_len(c.bank);
        c.quoted = quoted->value[c.bank][c.pcr];
        c.replayed = replay->pcrs.value[c.bank][c.pcr];
        if (memcmp(c.quoted, c.replayed, c.len) != 0) { /* the cap is looked for when it matters */
            memcpy(capped, c.replayed, c.len);
            if (!tb_pcr_extend(h, c.bank, capped, (struct tb_reader){ zeros, c.len }))
                return false;
            c.capped = memcmp(c.quoted, capped, c.len) == 0;
        }
        states.state[c.bank][c.pcr] = (uint8_t)state_of(replay, &c);
    }
    *out = states;
    return true;
}

uint32_t tb_pcr_vouching_banks(const struct tb_pcr_states *states, uint32_t pcr)
{
    uint32_t banks = 0;
    bool match = false;

    for (unsigned b = 0; pcr < TB_N_PCRS && b < TB_N_BANKS; b++)
        switch (states->state[b][pcr]) {
        case TB_PCR_NOT_QUOTED:
        case TB_PCR_UNEXTENDED: break; /* nothing was measured into it */
        case TB_PCR_MATCH: match = true; __attribute__((fallthrough));
        case TB_PCR_CAPPED: banks |= 1u << b; break; /* the log leads to what was closed */
        default: return 0;
        }
    return match ? banks : 0;
}

bool tb_event_counts(const struct tb_event *e, struct tb_log_trust trust, enum tb_bank bank)
{
    if (trust.states == NULL)
        return (e->banks >> bank & 1) != 0;
    return trust.states->state[bank][e->pcr] == TB_PCR_MATCH;
}

bool tb_event_covers(const struct tb_event *e, struct tb_log_trust trust, struct tb_hasher *h,
                     const struct tb_reader *parts, size_t n)
{
    uint8_t digest[TB_DIGEST_MAX];

    for (unsigned i = 0; i < TB_N_BANKS; i++) {
        enum tb_bank bank = (enum tb_bank)i;

        if (tb_event_counts(e, trust, bank) &&
            (!tb_hash_parts(h, bank, parts, n, digest) ||
             !tb_slice_equal(e->digest[bank], tb_slice(digest, tb_bank_digest_len(bank)))))
            return false;
    }
    return tb_event_counts(e, trust, trust.bank);
}
