/* core/appraise.c - from findings to a verdict, and the appraisal as a whole.
 *
 * The two halves are in appraise_quote.c (is this quote genuine, fresh and this host's?) and
 * appraise_boot.c (what does the log that it vouches for say?). */
#include "core/appraise.h"

#include <stdio.h>
#include <string.h>

static const char *const verdict_names[TB_N_VERDICTS] = {
    [TB_VERDICT_NONE] = "none",
    [TB_VERDICT_TRUSTED] = "trusted",
    [TB_VERDICT_CHANGED] = "changed",
    [TB_VERDICT_FAILED] = "failed",
    [TB_VERDICT_NOT_CAPABLE] = "not-capable",
    [TB_VERDICT_PENDING] = "pending",
    [TB_VERDICT_STALE] = "stale",
    [TB_VERDICT_UNREACHABLE] = "unreachable",
};

/* Checks that are not made of an attestation but once, at enrolment. Every other check must have
 * been looked at, or the host is not trusted. */
static const bool asked_elsewhere[TB_N_CHECKS] = {
    [TB_CHECK_IDENTITY_EK_KEY] = true,     [TB_CHECK_IDENTITY_EK_CERT] = true,
    [TB_CHECK_IDENTITY_EK_EXPIRED] = true, [TB_CHECK_IDENTITY_ACTIVATION] = true,
    [TB_CHECK_IDENTITY_DUPLICATE] = true,
};

const char *tb_verdict_name(enum tb_verdict v)
{
    return verdict_names[v];
}

bool tb_verdict_of_name(const char *name, enum tb_verdict *out)
{
    for (unsigned v = 0; v < TB_N_VERDICTS; v++)
        if (strcmp(verdict_names[v], name) == 0) {
            *out = (enum tb_verdict)v;
            return true;
        }
    return false;
}

enum tb_tier tb_verdict_tier(enum tb_verdict v)
{
    switch (v) {
    case TB_VERDICT_TRUSTED: return TB_TIER_AFFIRMING;
    case TB_VERDICT_CHANGED: return TB_TIER_WARNING;
    case TB_VERDICT_FAILED: return TB_TIER_CONTRAINDICATED;
    default: return TB_TIER_NONE; /* nobody could look, or nobody did in time */
    }
}

const char *tb_tier_name(enum tb_tier t)
{
    switch (t) {
    case TB_TIER_AFFIRMING: return "affirming";
    case TB_TIER_WARNING: return "warning";
    case TB_TIER_CONTRAINDICATED: return "contraindicated";
    default: return "none";
    }
}

static struct tb_reader prefix_u16(size_t n, uint8_t out[2])
{
    out[0] = (uint8_t)(n >> 8);
    out[1] = (uint8_t)n;
    return tb_slice(out, 2);
}

bool tb_binding(struct tb_hasher *h, struct tb_reader nonce, struct tb_reader host_id,
                struct tb_reader exporter, struct tb_reader content, uint8_t out[TB_DIGEST_MAX])
{
    static const char domain[] = "trueboot evidence 1"; /* its NUL is part of it */
    uint8_t digest[TB_DIGEST_MAX], len[4][2];

    if (nonce.left > UINT16_MAX || host_id.left > UINT16_MAX || exporter.left > UINT16_MAX ||
        !tb_hash(h, TB_BANK_SHA256, content, digest))
        return false;

    const struct tb_reader parts[] = {
        tb_slice(domain, sizeof domain),
        prefix_u16(nonce.left, len[0]),
        nonce,
        prefix_u16(host_id.left, len[1]),
        host_id,
        prefix_u16(exporter.left, len[2]),
        exporter,
        prefix_u16(32, len[3]),
        tb_slice(digest, 32),
    };
    return tb_hash_parts(h, TB_BANK_SHA256, parts, sizeof parts / sizeof parts[0], out);
}

/* The first check of this severity that did not pass. */
static bool first_missed(const struct tb_findings *f, const struct tb_policy *policy,
                         enum tb_severity severity, enum tb_check *out)
{
    for (unsigned c = 0; c < TB_N_CHECKS; c++)
        if (f->outcome[c] >= TB_UNKNOWN &&
            tb_policy_severity(policy, (enum tb_check)c) == severity) {
            *out = (enum tb_check)c;
            return true;
        }
    return false;
}

/* The first check of this severity that every attestation asks and nobody looked at becomes
 * unknown, and says so. */
static bool tell_forgotten(struct tb_findings *f, const struct tb_policy *policy,
                           enum tb_severity severity)
{
    for (unsigned c = 0; c < TB_N_CHECKS; c++)
        if (f->outcome[c] == TB_NOT_CHECKED && !asked_elsewhere[c] &&
            tb_policy_severity(policy, (enum tb_check)c) == severity)
            return !tb_findings_unknown(f, (enum tb_check)c, "appraisal", "an answer",
                                        "nobody looked");
    return false;
}

/* A check that nobody looked at matters only where no other explains why: behind a failed one it
 * means nothing. */
static bool severity_missed(struct tb_result *r, const struct tb_policy *policy,
                            enum tb_severity severity)
{
    r->has_headline = first_missed(&r->findings, policy, severity, &r->headline) ||
                      (tell_forgotten(&r->findings, policy, severity) &&
                       first_missed(&r->findings, policy, severity, &r->headline));
    return r->has_headline;
}

/* The log is missing because of what tb_appraise_no_log() proved, so that leads, unless the policy
 * does not mind it: then the log should have come. */
static void lead_with_cause(struct tb_result *r, const struct tb_policy *policy)
{
    static const enum tb_check causes[] = { TB_CHECK_SB_OFF, TB_CHECK_SB_SHIM };
    struct tb_findings *f = &r->findings;
    const enum tb_outcome missing = f->outcome[TB_CHECK_EVIDENCE_COMPLETE];
    bool proved = false;

    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
        proved |= f->outcome[causes[i]] == TB_FAIL &&
                  tb_policy_severity(policy, causes[i]) == TB_SEVERITY_REQUIRED;
    if (!proved)
        return;
    f->outcome[TB_CHECK_EVIDENCE_COMPLETE] = TB_PASS;
    r->has_headline = first_missed(f, policy, TB_SEVERITY_REQUIRED, &r->headline);
    f->outcome[TB_CHECK_EVIDENCE_COMPLETE] = missing;
}

void tb_conclude(const struct tb_quote_result *quote, const struct tb_boot_result *boot,
                 const struct tb_policy *policy, struct tb_result *out)
{
    static const struct tb_boot_result nothing;

    out->has_headline = false;
    if (quote != &out->quote)
        out->quote = *quote;
    out->boot = boot != NULL ? boot : &nothing;
    tb_findings_copy(&out->findings, &out->quote.findings);
    tb_findings_merge(&out->findings, &out->boot->findings);

    /* A quote that is not genuine carries nothing, whatever its findings are. */
    if (severity_missed(out, policy, TB_SEVERITY_REQUIRED) || !out->quote.genuine)
        out->verdict = TB_VERDICT_FAILED;
    else if (severity_missed(out, policy, TB_SEVERITY_ADVISORY))
        out->verdict = TB_VERDICT_CHANGED;
    else
        out->verdict = TB_VERDICT_TRUSTED;
    if (out->quote.only_log_missing)
        lead_with_cause(out, policy);
}

void tb_appraise(const struct tb_appraisal_input *in, struct tb_hasher *h, struct tb_appraisal *out)
{
    struct tb_quote_result *quote = &out->result.quote;
    bool proved = false;

    tb_appraise_quote(in, h, quote);
    if (quote->genuine)
        tb_appraise_boot(&(struct tb_boot_input){ .log = in->content->log,
                                                  .user_log = in->content->user_log,
                                                  .packages = in->content->packages,
                                                  .quoted = &in->content->pcrs,
                                                  .policy = in->policy,
                                                  .vendors = in->vendors,
                                                  .firmware = &in->firmware,
                                                  .versions = in->versions },
                         h, &out->boot);
    else if (quote->only_log_missing)
        proved = tb_appraise_no_log(in->earlier_log, &in->content->pcrs, in->policy, h, &out->boot);
    tb_conclude(quote, quote->genuine || proved ? &out->boot : NULL, in->policy, &out->result);
}

void tb_appraise_refused(const struct tb_reason *why, const struct tb_policy *policy,
                         struct tb_result *out)
{
    memset(&out->quote, 0, sizeof out->quote);
    tb_findings_add(&out->quote.findings, TB_FAIL, why);
    tb_conclude(&out->quote, NULL, policy, out);
}

bool tb_versions_remember(const struct tb_boot_result *boot, struct tb_minimum *m)
{
    struct tb_minimum now = { 0 };

    for (size_t i = 0; i < boot->chain.n_packages; i++) {
        const struct tb_chain_package *p = &boot->chain.package[i];

        if (!tb_minimum_raise(&now, tb_slice(p->name, strlen(p->name)), p->security_version))
            break; /* cannot happen: both hold TB_SET_PACKAGES_MAX */
    }
    return tb_minimum_take(m, &now);
}

const char *tb_result_headline(const struct tb_result *r)
{
    return r->has_headline ? tb_check_title(r->headline, r->findings.outcome[r->headline]) : "";
}
