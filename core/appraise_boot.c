/* core/appraise_boot.c - groups 5 to 11: what the log says, once a genuine quote vouches for it;
 * what the policy asks of it is in appraise_policy.c.
 *
 * PFP 1.06. The outcome depends on log, quoted values, policy and firmware reference only, so that
 * it can be kept by their digests. The log is hostile input whatever the quote says: it must have
 * and replay in every bank that may be relied on, and facts are read in the strongest of them. */
#include "core/appraise_chain.h"
#include "core/appraise_policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LOADER_PCRS UINT32_C(0x3ff) /* 0 to 9: firmware, loader, kernel; all of them log */

struct work {
    const struct tb_policy *policy;
    const struct tb_pcrs *quoted;
    struct tb_hasher *h;
    struct tb_replay replay;
    struct tb_boot_result *out;
    struct tb_findings *f;
};

static void where_pcr(char where[64], enum tb_bank b, unsigned pcr)
{
    snprintf(where, 64, "PCR %u %s", pcr, tb_bank_name(b));
}

/* Two values of a PCR, or what stands for one. */
static bool pcr_fails(struct work *w, enum tb_check c, enum tb_bank b, unsigned pcr,
                      const uint8_t *expected, const uint8_t *observed)
{
    const size_t len = tb_bank_digest_len(b);
    char where[64], e[132], o[132];

    where_pcr(where, b, pcr);
    tb_hex(tb_slice(expected, len), e, sizeof e);
    tb_hex(tb_slice(observed, len), o, sizeof o);
    return tb_findings_fail(w->f, c, where, e, "%s", o);
}

static bool pcr_fails_in_words(struct work *w, enum tb_check c, enum tb_bank b, unsigned pcr,
                               const char *expected, const char *observed)
{
    char where[64];

    where_pcr(where, b, pcr);
    return tb_findings_fail(w->f, c, where, expected, "%s", observed);
}

/* Asked for by the policy, or claimed by the host: whoever adds records of it is held to them. */
static bool is_on_chain(const struct tb_boot_input *in)
{
    return in->policy->packages.n_vendors != 0 || in->user_log.left != 0 ||
           tb_chain_claimed(in->log);
}

static bool log_replays(struct work *w, struct tb_reader log, struct tb_reader user_log)
{
    struct tb_reason why;
    uint32_t banks = 0;

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        banks |= w->quoted->mask[b] != 0 ? 1U << b : 0;
    if (log.left == 0)
        return tb_findings_fail(w->f, TB_CHECK_EVIDENCE_COMPLETE, "evidence.content.log",
                                "the event log", "none");
    if (!tb_log_replay(log, banks, w->h, &w->replay, &why)) {
        tb_findings_add(w->f, TB_FAIL, &why);
        tb_explain_refused(log, w->quoted, w->h, &w->out->explanations);
        return false;
    }
    if (user_log.left != 0 && !tb_chain_replay(user_log, w->h, &w->replay, &why)) {
        tb_findings_add(w->f, TB_FAIL, &why);
        return false;
    }
    w->out->log_banks = w->replay.banks;
    w->out->n_events = w->replay.n_events;
    tb_findings_pass(w->f, TB_CHECK_LOG_FORMAT);
    tb_findings_pass(w->f, TB_CHECK_LOG_HEADER);
    tb_findings_pass(w->f, TB_CHECK_LOG_LOCALITY);
    if (w->replay.no_action_digest)
        tb_findings_fail(w->f, TB_CHECK_LOG_NO_ACTION, "EV_NO_ACTION", "a digest of zeros",
                         "another");
    tb_findings_pass(w->f, TB_CHECK_LOG_NO_ACTION);
    return true;
}

/* T-30: the log shows a bank that the firmware extends and nobody quoted. */
static void tell_unquoted(struct work *w)
{
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if ((w->replay.banks & 1U << b) && w->quoted->mask[b] == 0)
            tb_findings_fail(w->f, TB_CHECK_PCR_BANK_UNQUOTED, tb_bank_name((enum tb_bank)b),
                             "quoted", "only in the log");
    tb_findings_pass(w->f, TB_CHECK_PCR_BANK_UNQUOTED);
}

static void judge_loader_pcr(struct work *w, enum tb_bank b, unsigned pcr, enum tb_pcr_state state)
{
    static const uint8_t start[TB_DIGEST_MAX];

    switch (state) {
    case TB_PCR_MATCH: break;
    case TB_PCR_NOT_IN_LOG: /* T-32 */
        pcr_fails(w, TB_CHECK_LOG_UNEXPLAINED, b, pcr, start, w->quoted->value[b][pcr]);
        break;
    case TB_PCR_CAPPED: /* T-29, L-10: an allowed bank that the system closed */
        pcr_fails_in_words(w, TB_CHECK_PCR_BANK_UNUSED, b, pcr, "what the log replays to",
                           "that, closed with an extend of zeros");
        break;
    case TB_PCR_INCOMPLETE:
        pcr_fails_in_words(w, TB_CHECK_LOG_REPLAY, b, pcr, "a digest of this bank in each event",
                           "events without one");
        break;
    default: /* the rest, and whatever a later state may be called */
        pcr_fails(w, TB_CHECK_LOG_REPLAY, b, pcr, w->replay.pcrs.value[b][pcr],
                  w->quoted->value[b][pcr]);
        break;
    }
}

/* PCR 10 to 22 belong to the running system (IMA, systemd, dynamic launch), which keeps other logs
 * or none. A difference there is told, and no fact is read from such a PCR (L-12); whether it fails
 * the host is the policy's choice. */
static void judge_user_space_pcr(struct work *w, enum tb_bank b, unsigned pcr,
                                 enum tb_pcr_state state)
{
    if (state != TB_PCR_MATCH)
        pcr_fails_in_words(w, TB_CHECK_LOG_USER_SPACE, b, pcr, "match", tb_pcr_state_name(state));
}

/* On our own chain nobody but the Secure Boot Verifier extends it, and he keeps a log. */
static void judge_verifier_pcr(struct work *w, enum tb_bank b, enum tb_pcr_state state)
{
    if (state != TB_PCR_MATCH)
        pcr_fails_in_words(w, TB_CHECK_BOOT_VERIFIER, b, TB_CHAIN_USER_PCR, "what the logs lead to",
                           tb_pcr_state_name(state));
}

/* L-09: each bank that may be relied on is judged for itself. */
static void judge_bank(struct work *w, enum tb_bank b)
{
    const bool chain = w->out->chain.present;
    const uint32_t of_loader = LOADER_PCRS | (chain ? TB_CHAIN_LOADER_PCRS : 0);
    const uint32_t needed = w->policy->pcrs | (chain ? TB_POLICY_PCRS_CHAIN : 0);

    for (unsigned pcr = 0; pcr < TB_N_PCRS; pcr++) {
        enum tb_pcr_state state = (enum tb_pcr_state)w->out->states.state[b][pcr];

        if (!(w->quoted->mask[b] >> pcr & 1)) {
            if (needed >> pcr & 1) /* T-31: missing is never skipped */
                pcr_fails_in_words(w, TB_CHECK_PCR_SELECTION, b, pcr, "quoted", "not quoted");
        } else if (of_loader >> pcr & 1) {
            judge_loader_pcr(w, b, pcr, state);
        } else if (chain && pcr == TB_CHAIN_USER_PCR) {
            judge_verifier_pcr(w, b, state);
        } else {
            judge_user_space_pcr(w, b, pcr, state);
        }
    }
}

static void log_lacks_bank(struct work *w, enum tb_bank lacking)
{
    char logged[80] = "none";
    size_t n = 0;

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (w->replay.banks & 1U << b)
            n += (size_t)snprintf(logged + n, sizeof logged - n, "%s%s", n > 0 ? " " : "",
                                  tb_bank_name((enum tb_bank)b));
    tb_findings_fail(w->f, TB_CHECK_LOG_REPLAY, "banks of the log", tb_bank_name(lacking), "%s",
                     logged);
}

/* Every bank that the policy allows and that is quoted must be in the log, or the host would leave
 * out the one that tells the truth. Facts are read in the strongest, never in a weaker one instead.
 * Banks without measurements of the firmware never get here: pcr.bank-unused. */
static bool judge_banks(struct work *w)
{
    for (unsigned i = 0; i < TB_N_BANKS; i++) {
        enum tb_bank b = (enum tb_bank)i;

        if (!(w->policy->banks >> b & 1) || w->quoted->mask[b] == 0)
            continue;
        if (!(w->replay.banks >> b & 1)) {
            log_lacks_bank(w, b);
            continue;
        }
        judge_bank(w, b);
        w->out->bank = b;
        w->out->bank_chosen = true;
    }
    return w->out->bank_chosen;
}

static bool log_explains(struct work *w, struct tb_reader log)
{
    if (!tb_log_compare(&w->replay, w->quoted, w->h, &w->out->states))
        return tb_findings_fail(w->f, TB_CHECK_LOG_REPLAY, "hashing", "a comparison", "none");
    /* For people; it decides nothing. Costs nothing where every quoted PCR matches. */
    tb_explain(log, &w->replay, w->quoted, &w->out->states, w->h, &w->out->explanations);
    tell_unquoted(w);
    if (!judge_banks(w))
        return false;
    tb_findings_pass(w->f, TB_CHECK_LOG_REPLAY); /* worse outcomes stay */
    tb_findings_pass(w->f, TB_CHECK_LOG_UNEXPLAINED);
    tb_findings_pass(w->f, TB_CHECK_LOG_USER_SPACE);
    return true;
}

/* Group 11: the first boot that is seen is the reference; from then on a change is told until
 * somebody accepts it. */
static void judge_firmware(struct work *w, const struct tb_firmware_reference *reference)
{
    const enum tb_check c = TB_CHECK_FIRMWARE_CHANGED;
    const enum tb_bank b = reference != NULL ? reference->bank : TB_BANK_SHA256;

    for (unsigned pcr = 0; reference != NULL && reference->present && pcr < 4; pcr++) {
        const uint8_t *value = w->quoted->value[b][pcr];
        char where[64];

        where_pcr(where, b, pcr);
        if (!(w->quoted->mask[b] >> pcr & 1))
            tb_findings_unknown(w->f, c, where, "quoted, as the reference is", "not quoted");
        else if (memcmp(value, reference->value[pcr], tb_bank_digest_len(b)) != 0)
            pcr_fails(w, c, b, pcr, reference->value[pcr], value);
    }
    tb_findings_pass(w->f, c); /* a worse outcome stays */
}

void tb_appraise_boot(const struct tb_boot_input *in, struct tb_hasher *h,
                      struct tb_boot_result *out)
{
    struct work w = {
        .policy = in->policy, .quoted = in->quoted, .h = h, .out = out, .f = &out->findings
    };

    memset(out, 0, sizeof *out);
    out->chain.present = is_on_chain(in);
    if (!log_replays(&w, in->log, in->user_log) || !log_explains(&w, in->log))
        return;
    tb_boot_facts_read(in->log, out->bank, &out->states, h, &out->facts, &out->findings);
    if (!tb_story_read(in->log, out->bank, &out->states, h, &out->story))
        return; /* cannot be: the log has replayed */
    tb_appraise_chain(in, h, out);
    tb_appraise_policy(in->log, in->quoted, in->policy, h, out);
    judge_firmware(&w, in->firmware);
}
