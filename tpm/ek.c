/* tpm/ek.c - the endorsement key: which one, from where, and with which certificate.
 *
 * TCG EK Credential Profile for TPM Family 2.0, 2.5: 2.2.1 (NV indexes), B.2 to B.6 (templates);
 * TCG Registry of Reserved TPM 2.0 Handles and Localities 1.1, 2.3 (persistent EKs). */
#include "tpm/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERSISTENT_FIRST 0x81010000u /* endorsement keys of the platform manufacturer */
#define PERSISTENT_LAST 0x810100FFu
#define PERSISTENT_MAX 16           /* handles looked at */
#define SM2_CERTIFICATE 0x01C0001Au /* H-5 */
#define CHAIN_FIRST 0x01C00100u
#define CHAIN_LAST 0x01C001FFu

static const struct tb_ek_template *find_template(uint32_t id)
{
    for (size_t i = 0; i < tb_n_ek_templates; i++)
        if (tb_ek_templates[i].id == id)
            return &tb_ek_templates[i];
    return NULL;
}

/* A template in NV takes the place of the TCG's; a nonce in NV goes into `unique` (B.2). Without
 * either, *own stays false. What makes an EK an EK may not differ. */
static enum tb_tpm_status read_own_template(struct tb_tpm *tpm, const struct tb_ek_template *t,
                                            TPMT_PUBLIC *out, bool *own, struct tb_tpm_error *why)
{
    const TPMA_OBJECT needed = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                               TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_RESTRICTED |
                               TPMA_OBJECT_DECRYPT;
    TPMT_PUBLIC p;
    uint8_t *bytes = NULL;
    size_t len = 0, at = 0;
    enum tb_tpm_status status = tb_nv_read(tpm, t->own, &bytes, &len, why);
    bool good;

    if (status != TB_TPM_OK)
        return status;
    memset(&p, 0, sizeof p);
    good = Tss2_MU_TPMT_PUBLIC_Unmarshal(bytes, len, &at, &p) == TSS2_RC_SUCCESS && at == len &&
           p.type == t->type && (p.objectAttributes & needed) == needed;
    free(bytes);
    if (!good)
        return tb_tpm_say(why, TB_TPM_REFUSED,
                          "the EK template in NV index %08x is not of a "
                          "restricted decryption key of its kind",
                          t->own);
    *out = p;
    *own = true;
    return TB_TPM_OK;
}

static enum tb_tpm_status read_nonce(struct tb_tpm *tpm, const struct tb_ek_template *t,
                                     TPMT_PUBLIC *out, bool *own, struct tb_tpm_error *why)
{
    uint8_t *bytes = NULL;
    size_t len = 0, room = t->type == TPM2_ALG_ECC ? 32 : 256;
    enum tb_tpm_status status = tb_nv_read(tpm, t->nonce, &bytes, &len, why);

    if (status != TB_TPM_OK)
        return status;
    if (len <= room) {
        memcpy(t->type == TPM2_ALG_ECC ? out->unique.ecc.x.buffer : out->unique.rsa.buffer, bytes,
               len);
        *own = true;
    } else {
        status = tb_tpm_say(why, TB_TPM_REFUSED,
                            "the EK nonce in NV index %08x has %zu bytes, "
                            "more than %zu",
                            t->nonce, len, room);
    }
    free(bytes);
    return status;
}

static enum tb_tpm_status template_of(struct tb_tpm *tpm, const struct tb_ek_template *t,
                                      TPMT_PUBLIC *out, bool *own, struct tb_tpm_error *why)
{
    enum tb_tpm_status status = tb_nv_list(tpm, why);

    if (status != TB_TPM_OK)
        return status;
    *own = false;
    tb_ek_public(t, out);
    if (t->own != 0 && tb_nv_exists(tpm, t->own))
        return read_own_template(tpm, t, out, own, why);
    if (t->nonce != 0 && tb_nv_exists(tpm, t->nonce))
        return read_nonce(tpm, t, out, own, why);
    return TB_TPM_OK;
}

static bool is_wanted(const TPMT_PUBLIC *key, const TPM2B_NAME *name,
                      const struct tb_ek_wanted *wanted)
{
    if (wanted->certificate.left != 0 && !tb_certificate_is_of(wanted->certificate, key))
        return false;
    return wanted->name.left == 0 || tb_slice_equal(wanted->name, tb_slice(name->name, name->size));
}

/* Take the key at a persistent handle when it is of the template and wanted. */
static bool take_persistent(struct tb_tpm *tpm, TPM2_HANDLE at, const TPMT_PUBLIC *template,
                            const struct tb_ek_wanted *wanted)
{
    struct tb_tpm_error ignored;
    TPM2B_PUBLIC *public_area = NULL;
    TPM2B_NAME *name = NULL;
    ESYS_TR handle = ESYS_TR_NONE;
    bool taken = false;

    if (Esys_TR_FromTPMPublic(tpm->esys, at, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &handle) !=
        TSS2_RC_SUCCESS)
        return false;
    if (Esys_ReadPublic(tpm->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public_area,
                        &name, NULL) == TSS2_RC_SUCCESS &&
        tb_public_matches(&public_area->publicArea, template) &&
        is_wanted(&public_area->publicArea, name, wanted) &&
        tb_key_set(tpm, &tpm->ek_key, handle, &public_area->publicArea, &ignored) == TB_TPM_OK) {
        tpm->ek_key.persistent = at;
        taken = true;
    }
    Esys_Free(public_area);
    Esys_Free(name);
    if (!taken)
        (void)Esys_TR_Close(tpm->esys, &handle);
    return taken;
}

/* Making an RSA key takes a TPM seconds; a machine's maker often left it at a persistent handle. */
static enum tb_tpm_status find_persistent(struct tb_tpm *tpm, const TPMT_PUBLIC *template,
                                          const struct tb_ek_wanted *wanted, bool *found,
                                          struct tb_tpm_error *why)
{
    TPMS_CAPABILITY_DATA *data = NULL;
    TSS2_RC rc =
        Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES,
                           PERSISTENT_FIRST, PERSISTENT_MAX, NULL, &data);

    *found = false;
    if (rc != TSS2_RC_SUCCESS)
        return tb_tpm_fail(why, rc, "listing persistent keys");
    for (uint32_t i = 0; i < data->data.handles.count && !*found; i++) {
        TPM2_HANDLE h = data->data.handles.handle[i];

        if (h >= PERSISTENT_FIRST && h <= PERSISTENT_LAST)
            *found = take_persistent(tpm, h, template, wanted);
    }
    Esys_Free(data);
    return TB_TPM_OK;
}

static enum tb_tpm_status create(struct tb_tpm *tpm, const char *kind, const TPMT_PUBLIC *template,
                                 struct tb_tpm_error *why)
{
    TPM2B_PUBLIC in = { .publicArea = *template }, *out = NULL;
    TPM2B_SENSITIVE_CREATE sensitive = { 0 };
    TPM2B_DATA outside = { 0 };
    TPML_PCR_SELECTION pcrs = { 0 };
    ESYS_TR handle = ESYS_TR_NONE;
    enum tb_tpm_status status;
    char text[96];
    TSS2_RC rc = Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD,
                                    ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, &in, &outside, &pcrs,
                                    &handle, &out, NULL, NULL, NULL);

    if (rc != TSS2_RC_SUCCESS) {
        (void)snprintf(text, sizeof text, "making the EK %s (with an empty endorsement password)",
                       kind);
        return tb_tpm_fail(why, rc, text);
    }
    status = tb_key_set(tpm, &tpm->ek_key, handle, &out->publicArea, why);
    if (status != TB_TPM_OK)
        (void)Esys_FlushContext(tpm->esys, handle);
    Esys_Free(out);
    return status;
}

static void fill(struct tb_tpm *tpm, const struct tb_ek_template *t, bool own)
{
    const struct tb_tpm_key *k = &tpm->ek_key;

    tpm->ek.id = t->id;
    tpm->ek.kind = t->kind;
    tpm->ek.persistent = k->persistent;
    tpm->ek.own_template = own;
    tpm->ek.public_area = tb_slice(k->bytes, k->bytes_len);
    tpm->ek.name = tb_slice(k->name.name, k->name.size);
}

enum tb_tpm_status tb_ek_make(struct tb_tpm *tpm, uint32_t id, const struct tb_ek_wanted *wanted,
                              struct tb_tpm_error *why)
{
    const struct tb_ek_template *t = find_template(id);
    struct tb_tpm_key *k = &tpm->ek_key;
    TPMT_PUBLIC template;
    bool own = false, found = false;
    enum tb_tpm_status status;

    if (t == NULL)
        return tb_tpm_say(why, TB_TPM_REFUSED, "there is no kind of EK with the number %08x", id);
    status = template_of(tpm, t, &template, &own, why);
    if (status == TB_TPM_OK)
        status = find_persistent(tpm, &template, wanted, &found, why);
    if (status == TB_TPM_OK && !found)
        status = create(tpm, t->kind, &template, why);
    if (status != TB_TPM_OK)
        return status;
    if (!is_wanted(&k->public_area, &k->name, wanted)) {
        tb_key_drop(tpm, k);
        return tb_tpm_say(why, TB_TPM_REFUSED, "the EK %s of this TPM is not the one %s", t->kind,
                          wanted->certificate.left != 0 ? "in its certificate" : "asked for");
    }
    fill(tpm, t, own);
    return TB_TPM_OK;
}

/* A note for the operator; what does not fit is cut. */
static void add_note(struct tb_tpm *tpm, uint32_t id, const char *text)
{
    size_t at = strlen(tpm->ek.note);

    (void)snprintf(tpm->ek.note + at, sizeof tpm->ek.note - at, "%scertificate in NV %08x: %s",
                   at == 0 ? "" : "; ", id, text);
}

/* Read and find the certificate of an id. *raw is new memory when the status is TB_TPM_OK. */
static enum tb_tpm_status read_certificate(struct tb_tpm *tpm, uint32_t id, uint8_t **raw,
                                           size_t *raw_len, struct tb_reader *found,
                                           struct tb_tpm_error *why)
{
    enum tb_tpm_status status = tb_nv_read(tpm, id, raw, raw_len, why);

    if (status != TB_TPM_OK)
        return status;
    if (tb_certificate_find(tb_slice(*raw, *raw_len), found))
        return TB_TPM_OK;
    free(*raw);
    *raw = NULL;
    return tb_tpm_say(why, TB_TPM_REFUSED, "it is not one DER certificate");
}

/* The EK of this id together with its certificate. REFUSED: not that one; *why says what is wrong.
 */
static enum tb_tpm_status load_certified(struct tb_tpm *tpm, uint32_t id, struct tb_tpm_error *why)
{
    struct tb_ek_wanted wanted = { 0 };
    uint8_t *raw = NULL;
    size_t raw_len = 0;
    enum tb_tpm_status status = read_certificate(tpm, id, &raw, &raw_len, &wanted.certificate, why);

    if (status != TB_TPM_OK)
        return status;
    if (tpm->ek_key.handle != ESYS_TR_NONE) /* loaded already, for its AK */
        status = is_wanted(&tpm->ek_key.public_area, &tpm->ek_key.name, &wanted)
                     ? TB_TPM_OK
                     : tb_tpm_say(why, TB_TPM_REFUSED, "it is not of this TPM's EK");
    else
        status = tb_ek_make(tpm, id, &wanted, why);
    if (status != TB_TPM_OK) {
        free(raw);
        return status;
    }
    free(tpm->nv_certificate);
    tpm->nv_certificate = raw;
    tpm->ek.certificate = wanted.certificate;
    tpm->ek.certificate_raw = tb_slice(raw, raw_len);
    return TB_TPM_OK;
}

/* No certificate leads to a key: take what is there already, else the quickest to make. */
static enum tb_tpm_status load_uncertified(struct tb_tpm *tpm, struct tb_tpm_error *why)
{
    const struct tb_ek_wanted any = { 0 };
    enum tb_tpm_status status;

    for (size_t i = 0; i < tb_n_ek_templates; i++) {
        TPMT_PUBLIC template;
        bool found = false, own = false;

        status = template_of(tpm, &tb_ek_templates[i], &template, &own, why);
        if (status == TB_TPM_OK)
            status = find_persistent(tpm, &template, &any, &found, why);
        if (status != TB_TPM_OK && status != TB_TPM_REFUSED)
            return status;
        if (found) {
            fill(tpm, &tb_ek_templates[i], own);
            return TB_TPM_OK;
        }
    }
    status = tb_ek_make(tpm, TB_TPM_EK_P256, &any, why);
    if (status == TB_TPM_REFUSED) /* a TPM without ECC */
        status = tb_ek_make(tpm, TB_TPM_EK_RSA_2048, &any, why);
    return status;
}

static enum tb_tpm_status load_best(struct tb_tpm *tpm, struct tb_tpm_error *why)
{
    for (size_t i = 0; i < tb_n_ek_templates; i++) {
        uint32_t id = tb_ek_templates[i].id;
        enum tb_tpm_status status;

        if (!tb_nv_exists(tpm, id))
            continue;
        status = load_certified(tpm, id, why);
        if (status != TB_TPM_REFUSED)
            return status;
        add_note(tpm, id, why->text);
    }
    if (tb_nv_exists(tpm, SM2_CERTIFICATE))
        add_note(tpm, SM2_CERTIFICATE, "it is for an SM2 key (H-5), which is not used");
    return load_uncertified(tpm, why);
}

static enum tb_tpm_status load_one(struct tb_tpm *tpm, uint32_t id, struct tb_tpm_error *why)
{
    const struct tb_ek_wanted any = { 0 };

    if (tb_nv_exists(tpm, id)) {
        enum tb_tpm_status status = load_certified(tpm, id, why);

        if (status != TB_TPM_REFUSED)
            return status;
        add_note(tpm, id, why->text);
    }
    return tpm->ek_key.handle != ESYS_TR_NONE ? TB_TPM_OK : tb_ek_make(tpm, id, &any, why);
}

/* The chain's indexes hold certificates one after another, and one may begin in one index and end
 * in the next (2.2.1.5.2). What cannot be read is left out: the Verifier will miss an issuer, and
 * say so. */
static enum tb_tpm_status read_chain(struct tb_tpm *tpm, struct tb_tpm_error *why)
{
    struct tb_reader r;
    size_t used = 0;

    for (size_t i = 0; i < tpm->n_nv; i++) {
        uint8_t *bytes = NULL, *grown;
        size_t len = 0;
        enum tb_tpm_status status;

        if (tpm->nv[i] < CHAIN_FIRST || tpm->nv[i] > CHAIN_LAST)
            continue;
        status = tb_nv_read(tpm, tpm->nv[i], &bytes, &len, why);
        if (status == TB_TPM_REFUSED)
            continue;
        if (status != TB_TPM_OK)
            return status;
        grown = len <= TB_CHAIN_BYTES - used ? realloc(tpm->nv_chain, used + len) : NULL;
        if (grown != NULL) {
            tpm->nv_chain = grown;
            memcpy(grown + used, bytes, len);
            used += len;
        }
        free(bytes);
    }
    r = tb_slice(tpm->nv_chain, used);
    while (tpm->ek.n_chain < TB_TPM_CHAIN_MAX &&
           tb_certificate_next(&r, &tpm->ek.chain[tpm->ek.n_chain]))
        tpm->ek.n_chain++;
    return TB_TPM_OK;
}

enum tb_tpm_status tb_tpm_ek_load(struct tb_tpm *tpm, uint32_t id, const struct tb_tpm_ek **out,
                                  struct tb_tpm_error *why)
{
    bool loaded = tpm->ek_key.handle != ESYS_TR_NONE;
    enum tb_tpm_status status;

    if (loaded && id != TB_TPM_EK_BEST && id != tpm->ek.id)
        return tb_tpm_say(why, TB_TPM_REFUSED, "the EK %s is in use; %08x was asked for",
                          tpm->ek.kind, id);
    if (!tpm->ek_certificates_read) {
        status = tb_nv_list(tpm, why);
        if (status == TB_TPM_OK)
            status = loaded                 ? load_one(tpm, tpm->ek.id, why)
                     : id == TB_TPM_EK_BEST ? load_best(tpm, why)
                                            : load_one(tpm, id, why);
        if (status == TB_TPM_OK)
            status = read_chain(tpm, why);
        if (status != TB_TPM_OK)
            return status;
        tpm->ek_certificates_read = true;
    }
    *out = &tpm->ek;
    return TB_TPM_OK;
}
