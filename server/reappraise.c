/* server/reappraise.c - stored evidence: appraised again, and accepted by an operator. */
#include "server/context.h"
#include "server/pcrs.h"
#include "server/verifier_internal.h"

#include <stdlib.h>
#include <string.h>

void tb_firmware_reference_of(const struct tb_pcrs *pcrs, enum tb_bank bank,
                              struct tb_firmware_reference *out)
{
    *out = (struct tb_firmware_reference){ .present = true, .bank = bank };
    for (unsigned i = 0; i < 4; i++)
        memcpy(out->value[i], pcrs->value[bank][i], TB_DIGEST_MAX);
}

/* The quote once more, under this policy, with all that the appraisal knew then. */
static void reappraise_quote(const struct tb_host *host, enum tb_roca roca,
                             const struct tb_evidence_record *evidence,
                             const struct tb_context *context, const struct tb_content *content,
                             const struct tb_policy *policy, struct tb_hasher *h,
                             struct tb_quote_result *out)
{
    struct tb_appraisal_input in = {
        .enrolled = true,
        .nonce = tb_slice(evidence->nonce, TB_NONCE_LEN),
        .exporter = tb_slice(evidence->exporter, TB_EXPORTER_LEN),
        .wanted = context->wanted,
        .n_wanted = context->n_wanted,
        .quote = tb_slice(evidence->quote.p, evidence->quote.len),
        .signature = tb_slice(evidence->signature.p, evidence->signature.len),
        .content_bytes = tb_slice(evidence->content.p, evidence->content.len),
        .content = content,
        .last = context->last,
        .firmware = context->firmware,
        .policy = policy,
    };

    tb_host_into(host, roca, &in);
    tb_appraise_quote(&in, h, out);
}

bool tb_verifier_reappraise(struct tb_verifier *v, const struct tb_host *host,
                            const struct tb_evidence_record *evidence,
                            const struct tb_policy *policy, struct tb_appraisal *out)
{
    struct tb_quote_result *quote = &out->result.quote;
    struct tb_hasher *h = tb_verifier_hasher(v);
    struct tb_lru_item *item = tb_verifier_key(v, host);
    const struct tb_cached_key *key = item != NULL ? tb_lru_value(item) : NULL;
    struct tb_content content = { .has_log = evidence->log.len > 0,
                                  .log = tb_slice(evidence->log.p, evidence->log.len),
                                  .user_log =
                                      tb_slice(evidence->user_log.p, evidence->user_log.len),
                                  .packages =
                                      tb_slice(evidence->packages.p, evidence->packages.len) };
    struct tb_minimum versions;
    struct tb_evidence_content sent;
    struct tb_context context;
    struct tb_reason why;
    bool ok =
        h != NULL && key != NULL && evidence->genuine &&
        tb_context_read(tb_slice(evidence->context.p, evidence->context.len), &context) &&
        tb_pcrs_read(tb_slice(evidence->pcrs.p, evidence->pcrs.len), &content.pcrs) &&
        tb_evidence_content_decode(tb_slice(evidence->content.p, evidence->content.len), &sent,
                                   &why) &&
        tb_minimum_parse(tb_slice(evidence->versions.p, evidence->versions.len), &versions, &why);

    if (ok) {
        memcpy(content.boot_id, sent.boot_id, sizeof content.boot_id);
        content.uptime_ms = sent.uptime_ms;
        memcpy(content.serial, sent.serial, sizeof content.serial);
        reappraise_quote(host, key->roca, evidence, &context, &content, policy, h, quote);
        if (quote->genuine)
            tb_appraise_boot(&(struct tb_boot_input){ .log = content.log,
                                                      .user_log = content.user_log,
                                                      .packages = content.packages,
                                                      .quoted = &content.pcrs,
                                                      .policy = policy,
                                                      .firmware = &context.firmware,
                                                      .versions = &versions },
                             h, &out->boot);
        tb_conclude(quote, quote->genuine ? &out->boot : NULL, policy, &out->result);
    }
    tb_lru_release(v->keys, item);
    tb_verifier_hasher_done(v, h);
    return ok;
}

/* What a host's last genuine evidence says about firmware. */
static bool firmware_of(struct tb_verifier *v, const struct tb_host *host,
                        const struct tb_evidence_record *evidence, const struct tb_policy *policy,
                        struct tb_appraisal *a, struct tb_firmware_reference *reference,
                        struct tb_tpm_accepted *tpm)
{
    struct tb_pcrs pcrs;

    if (!tb_pcrs_read(tb_slice(evidence->pcrs.p, evidence->pcrs.len), &pcrs) ||
        !tb_verifier_reappraise(v, host, evidence, policy, a) || !a->result.boot->bank_chosen)
        return false;
    tb_firmware_reference_of(&pcrs, a->result.boot->bank, reference);
    tpm->firmware_version = a->result.quote.quoted_firmware_version;
    tpm->banks = a->result.quote.quoted_banks;
    return true;
}

bool tb_verifier_seen(struct tb_verifier *v, const struct tb_host *host, uint8_t out[TB_SHA256_LEN])
{
    static const char domain[] = "trueboot seen 1";
    const struct tb_reader parts[] = {
        tb_slice(domain, sizeof domain),
        tb_slice(host->ek_digest, TB_SHA256_LEN),
        tb_slice(host->log_digest, TB_SHA256_LEN),
        tb_slice(host->pcrs_digest, TB_SHA256_LEN),
        tb_slice(host->result_digest, TB_SHA256_LEN),
        tb_slice(host->ak_name, host->ak_name_len),
    };
    struct tb_hasher *h = tb_verifier_hasher(v);
    uint8_t digest[TB_DIGEST_MAX];
    bool ok = h != NULL &&
              tb_hash_parts(h, TB_BANK_SHA256, parts, sizeof parts / sizeof parts[0], digest);

    tb_verifier_hasher_done(v, h);
    if (ok)
        memcpy(out, digest, TB_SHA256_LEN);
    return ok;
}

/* This very record is what people saw; it is also what the reference is then made of, so that
 * nothing comes in between. */
bool tb_is_what_was_seen(struct tb_verifier *v, const struct tb_host *host,
                         const struct tb_evidence_record *evidence, const uint8_t *seen,
                         struct tb_refusal *why)
{
    struct tb_host now = *host;
    uint8_t digest[TB_SHA256_LEN];

    if (seen == NULL)
        return true;
    memcpy(now.log_digest, evidence->log_digest, TB_SHA256_LEN);
    memcpy(now.pcrs_digest, evidence->pcrs_digest, TB_SHA256_LEN);
    memcpy(now.result_digest, evidence->result_digest, TB_SHA256_LEN);
    if (!tb_verifier_seen(v, &now, digest))
        return tb_refusal_no_memory(why);
    return memcmp(digest, seen, TB_SHA256_LEN) == 0 ||
           tb_refusal_set(why, 409, "other-evidence",
                          "the host has sent other evidence since: look at it again");
}

bool tb_verifier_accept_firmware(struct tb_verifier *v, const struct tb_host *host,
                                 const uint8_t *seen, const struct tb_store_by *by,
                                 struct tb_refusal *why)
{
    struct tb_evidence_record evidence = { 0 };
    struct tb_firmware_reference reference;
    struct tb_appraisal *appraisal = malloc(sizeof *appraisal);
    const struct tb_policy *policy = NULL;
    struct tb_tpm_accepted tpm;
    enum tb_store_status status = tb_store_evidence_get(v->config.store, host->id, &evidence);
    bool ok = false;

    if (appraisal == NULL)
        tb_refusal_no_memory(why);
    else if (status == TB_STORE_OK && !tb_verifier_policy(v, host->group, by->now_ms, &policy, why))
        ok = false;
    else if (status == TB_STORE_NOT_FOUND ||
             (status == TB_STORE_OK &&
              !firmware_of(v, host, &evidence, policy, appraisal, &reference, &tpm)))
        tb_refusal_set(
            why, 409, "no-genuine-evidence",
            "there is no genuine evidence of this host whose firmware could be accepted");
    else if (status != TB_STORE_OK)
        tb_refusal_store(why, status);
    else if (tb_is_what_was_seen(v, host, &evidence, seen, why)) {
        status = tb_store_host_set_firmware(v->config.store, host->id, &reference, &tpm, by);
        ok = status == TB_STORE_OK || tb_refusal_store(why, status);
    }
    tb_verifier_policy_done(policy);
    tb_evidence_record_clear(&evidence);
    free(appraisal);
    return ok;
}
