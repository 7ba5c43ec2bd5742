/* server/versions.c - the security versions of packages that a host was trusted with.
 *
 * Kept as the text of pkg/minimum.h, by its digest, so that hosts of one image share it. Raised by
 * a trusted verdict alone, lowered by an operator alone (B-07: an old package that was put back).
 */
#include "server/verifier_internal.h"

#include <stdlib.h>
#include <string.h>

bool tb_versions_held(struct tb_verifier *v, const struct tb_host *host, struct tb_minimum *out)
{
    struct tb_blob text = { 0 };
    struct tb_reason why;
    bool ok;

    memset(out, 0, sizeof *out);
    if (!host->has_versions)
        return true;
    ok = tb_store_blob_get(v->config.store, host->versions_digest, &text) == TB_STORE_OK &&
         tb_minimum_parse(tb_slice(text.p, text.len), out, &why);
    tb_blob_clear(&text);
    return ok;
}

bool tb_versions_print(struct tb_verifier *v, const struct tb_minimum *m, struct tb_versions *out)
{
    char text[TB_MINIMUM_LEN_MAX];
    size_t len = tb_minimum_print(m, text);
    char *copy = malloc(len + 1);

    if (copy == NULL || !tb_sha256(v, tb_slice(text, len), out->digest)) {
        free(copy);
        return false;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    out->text = copy;
    out->len = len;
    return true;
}

static bool is_in(const struct tb_chain_facts *chain, const char *name)
{
    for (size_t i = 0; i < chain->n_packages; i++)
        if (strcmp(chain->package[i].name, name) == 0)
            return true;
    return false;
}

/* Of packages that the boot has, its versions; of others, what was remembered. */
static bool lowered(const struct tb_minimum *before, const struct tb_boot_result *boot,
                    struct tb_minimum *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < before->n; i++) {
        const char *name = before->package[i].name;

        if (!is_in(&boot->chain, name) && !tb_minimum_raise(out, tb_slice(name, strlen(name)),
                                                            before->package[i].security_version))
            return false;
    }
    (void)tb_versions_remember(boot, out);
    return true;
}

/* What the memory becomes by this evidence. */
static bool versions_of(struct tb_verifier *v, const struct tb_host *host,
                        const struct tb_evidence_record *evidence, const struct tb_policy *policy,
                        struct tb_versions *out)
{
    struct tb_appraisal *a = malloc(sizeof *a);
    struct tb_minimum before, after;
    bool ok = a != NULL && tb_verifier_reappraise(v, host, evidence, policy, a) &&
              a->result.boot->chain.proved && a->result.boot->chain.n_packages > 0 &&
              tb_versions_held(v, host, &before) && lowered(&before, a->result.boot, &after) &&
              tb_versions_print(v, &after, out);

    free(a);
    return ok;
}

bool tb_verifier_accept_rollback(struct tb_verifier *v, const struct tb_host *host,
                                 const uint8_t *seen, const struct tb_store_by *by,
                                 struct tb_refusal *why)
{
    struct tb_evidence_record evidence = { 0 };
    const struct tb_policy *policy = NULL;
    struct tb_versions versions = { 0 };
    enum tb_store_status status = tb_store_evidence_get(v->config.store, host->id, &evidence);
    bool ok = false;

    if (status == TB_STORE_OK && !tb_verifier_policy(v, host->group, by->now_ms, &policy, why))
        ok = false;
    else if (status == TB_STORE_NOT_FOUND ||
             (status == TB_STORE_OK && !versions_of(v, host, &evidence, policy, &versions)))
        tb_refusal_set(
            why, 409, "no-genuine-evidence",
            "there is no genuine evidence of this host whose packages could be accepted");
    else if (status != TB_STORE_OK)
        tb_refusal_store(why, status);
    else if (tb_is_what_was_seen(v, host, &evidence, seen, why)) {
        status = tb_store_host_set_versions(v->config.store, host->id, versions.digest,
                                            versions.text, by);
        ok = status == TB_STORE_OK || tb_refusal_store(why, status);
    }
    tb_verifier_policy_done(policy);
    tb_evidence_record_clear(&evidence);
    free(versions.text);
    return ok;
}
