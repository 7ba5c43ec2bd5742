/* server/host_key.c - the attestation keys of hosts, built once, and what enrolment kept of them.
 */
#include "server/verifier_internal.h"

#include <stdlib.h>
#include <string.h>

void tb_cached_key_free(void *value)
{
    struct tb_cached_key *c = value;

    tb_key_free(c->key);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

/* Which of a host's keys has the structure of ROCA. One read of the store for a key that is not in
 * the cache: the host's record has the digest of its endorsement key, not the key. False: the store
 * did not answer. */
static bool roca_of(struct tb_verifier *v, const struct tb_host *host, enum tb_roca *out)
{
    struct tb_blob ek_public = { 0 }, certificate = { 0 };
    enum tb_store_status status =
        tb_store_host_ek(v->config.store, host->id, &ek_public, &certificate);

    *out = tb_roca_of_keys(tb_slice(host->ak_public, host->ak_public_len),
                           tb_slice(ek_public.p, ek_public.len));
    tb_blob_clear(&ek_public);
    tb_blob_clear(&certificate);
    return status != TB_STORE_UNAVAILABLE;
}

struct tb_lru_item *tb_verifier_key(struct tb_verifier *v, const struct tb_host *host)
{
    struct tb_reader public_area = tb_slice(host->ak_public, host->ak_public_len);
    uint8_t digest[TB_DIGEST_MAX];
    struct tb_lru_item *item;
    struct tb_public pub;
    struct tb_reason why;
    struct tb_cached_key *c;
    enum tb_roca roca;
    bool good;

    if (!tb_sha256(v, public_area, digest))
        return NULL;
    item = tb_lru_get(v->keys, digest);
    if (item != NULL)
        return item;
    good = tb_public_check_ak(public_area, &pub, &why);
    if (!roca_of(v, host, &roca))
        return NULL;
    c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    pthread_mutex_init(&c->lock, NULL);
    c->roca = roca;
    if (good)
        c->key = tb_public_key(&pub); /* NULL: the appraisal says what is wrong with it */
    return tb_lru_put(v->keys, digest, c);
}

void tb_host_into(const struct tb_host *host, enum tb_roca roca, struct tb_appraisal_input *in)
{
    enum tb_tpm_class told = TB_TPM_UNKNOWN;

    if (!tb_tpm_class_of_name(host->facts.tpm_class, &told))
        told = TB_TPM_UNKNOWN;
    in->ak_public = tb_slice(host->ak_public, host->ak_public_len);
    in->host_id = tb_slice(host->id, strlen(host->id));
    in->roca = roca;
    in->serial = host->facts.serial;
    in->tpm_vendor = tb_tpm_vendor_of_text(host->facts.tpm_manufacturer);
    in->tpm_class = tb_tpm_class_to_rely_on(told, host->ek_basis == TB_EK_BASIS_CERTIFICATE);
}
