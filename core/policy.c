#include "core/policy.h"

#include <stdio.h>
#include <string.h>

/* SHA-256 of the canonical JSON of what tb_policy_builtin() gives (tests/unit/policy_json_test.c).
 */
static const uint8_t builtin_digest[32] = {
    0x9e, 0xeb, 0x79, 0x75, 0x31, 0x65, 0xf9, 0x5d, 0xa7, 0xed, 0x7f, 0xc3, 0x4a, 0xc4, 0x12, 0x3a,
    0x17, 0x00, 0xeb, 0xa8, 0x47, 0x28, 0x01, 0x27, 0x45, 0xc2, 0x90, 0x58, 0x12, 0x73, 0x21, 0xea,
};

/* Without these nothing that the Evidence says is evidence, so no policy may do without them. */
static const bool always_required[TB_N_CHECKS] = {
    [TB_CHECK_EVIDENCE_FORMAT] = true,   [TB_CHECK_EVIDENCE_LIMITS] = true,
    [TB_CHECK_EVIDENCE_COMPLETE] = true, [TB_CHECK_IDENTITY_ENROLLED] = true,
    [TB_CHECK_IDENTITY_AK] = true,       [TB_CHECK_QUOTE_STRUCTURE] = true,
    [TB_CHECK_QUOTE_MAGIC] = true,       [TB_CHECK_QUOTE_TYPE] = true,
    [TB_CHECK_QUOTE_SCHEME] = true,      [TB_CHECK_QUOTE_SIGNATURE] = true,
    [TB_CHECK_QUOTE_BINDING] = true,     [TB_CHECK_PCR_SELECTION] = true,
    [TB_CHECK_PCR_VALUES] = true,        [TB_CHECK_PCR_BANK_WEAK] = true,
    [TB_CHECK_PCR_BANK_UNUSED] = true,   [TB_CHECK_LOG_FORMAT] = true,
    [TB_CHECK_LOG_HEADER] = true,        [TB_CHECK_LOG_LOCALITY] = true,
    [TB_CHECK_LOG_REPLAY] = true,
};

bool tb_check_is_always_required(enum tb_check check)
{
    return always_required[check];
}

enum tb_severity tb_policy_severity(const struct tb_policy *policy, enum tb_check check)
{
    /* On Trueboot's own chain it tells of records that the loader did not write. */
    const bool of_chain = check == TB_CHECK_LOG_UNEXPLAINED && policy->packages.n_vendors != 0;

    return always_required[check] || of_chain ? TB_SEVERITY_REQUIRED : policy->severity[check];
}

bool tb_policy_revoked_at(const struct tb_policy *policy, const uint8_t digest[32], size_t *at)
{
    size_t from = 0, to = policy->n_revoked;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = memcmp(digest, policy->revoked[middle], 32);

        if (order == 0) {
            *at = middle;
            return true;
        }
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return false;
}

bool tb_policy_revokes(const struct tb_policy *policy, const uint8_t digest[32])
{
    size_t at;

    return tb_policy_revoked_at(policy, digest, &at);
}

bool tb_policy_revoke(struct tb_policy *policy, const uint8_t digest[32])
{
    size_t at = policy->n_revoked;

    if (tb_policy_revokes(policy, digest))
        return true;
    if (policy->n_revoked == TB_POLICY_REVOKED_MAX)
        return false;
    while (at > 0 && memcmp(policy->revoked[at - 1], digest, 32) > 0)
        at--;
    memmove(policy->revoked[at + 1], policy->revoked[at], (policy->n_revoked - at) * 32);
    memcpy(policy->revoked[at], digest, 32);
    policy->n_revoked++;
    return true;
}

void tb_policy_builtin(struct tb_policy *out)
{
    memset(out, 0, sizeof *out);
    snprintf(out->name, sizeof out->name, "built-in");
    memcpy(out->digest, builtin_digest, sizeof out->digest);
    out->enforce = true;
    out->banks = 1U << TB_BANK_SHA256 | 1U << TB_BANK_SHA384 | 1U << TB_BANK_SHA512;
    out->pcrs = 0xfbff; /* 0-9 and 11-15; 10 is IMA's and moves all the time */
    for (unsigned c = 0; c < TB_N_CHECKS; c++)
        out->severity[c] = tb_check_text((enum tb_check)c)->severity;
    out->ek_trust = TB_EK_TRUST_CERTIFICATE;
    out->interval_s = 300;
    out->stale_s = 900;
    out->packages.level = TB_LEVEL_COMMUNITY;
}

struct tb_reader tb_policy_slice(const struct tb_policy *policy, struct tb_policy_bytes b)
{
    return tb_slice(policy->packages.bytes + b.at, b.len);
}

struct tb_vendors *tb_policy_vendors(const struct tb_policy *policy, struct tb_reason *why)
{
    struct tb_vendors *v = tb_vendors_new();

    if (v == NULL)
        tb_refuse(why, TB_CHECK_PACKAGE_SIGNATURE, "vendors", "memory", "none left");
    for (size_t i = 0; v != NULL && i < policy->packages.n_vendors; i++)
        if (!tb_vendors_add(v, tb_policy_slice(policy, policy->packages.vendor[i]), "vendors",
                            why)) {
            tb_vendors_free(v);
            v = NULL;
        }
    return v;
}
