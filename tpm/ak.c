/* tpm/ak.c - the attestation key, and proving where it lives. */
#include "tpm/internal.h"

#include <stdio.h>
#include <string.h>

/* The blob: "TBAK", u16 version, u32 id of the EK, and three TPM2B: the EK's name, the AK's
 * TPMT_PUBLIC, the contents of its TPM2B_PRIVATE. Integers big-endian. */
#define BLOB_MAGIC 0x5442414Bu
#define BLOB_VERSION 1

struct blob {
    uint32_t ek_id;
    struct tb_reader ek_name, private_part;
    TPMT_PUBLIC public_area;
};

static bool put_u16(uint8_t *out, size_t *at, uint16_t v)
{
    return Tss2_MU_UINT16_Marshal(v, out, TB_TPM_AK_BLOB_MAX, at) == TSS2_RC_SUCCESS;
}

static bool put_u32(uint8_t *out, size_t *at, uint32_t v)
{
    return Tss2_MU_UINT32_Marshal(v, out, TB_TPM_AK_BLOB_MAX, at) == TSS2_RC_SUCCESS;
}

static bool put_tpm2b(uint8_t *out, size_t *at, const void *p, size_t n)
{
    if (n > UINT16_MAX || !put_u16(out, at, (uint16_t)n) || n > TB_TPM_AK_BLOB_MAX - *at)
        return false;
    memcpy(out + *at, p, n);
    *at += n;
    return true;
}

static bool write_blob(const struct tb_tpm *tpm, const TPM2B_PRIVATE *private_part, uint8_t *out,
                       size_t *out_len)
{
    const struct tb_tpm_key *ek = &tpm->ek_key, *ak = &tpm->ak_key;
    size_t at = 0;

    if (!put_u32(out, &at, BLOB_MAGIC) || !put_u16(out, &at, BLOB_VERSION) ||
        !put_u32(out, &at, tpm->ek.id) || !put_tpm2b(out, &at, ek->name.name, ek->name.size) ||
        !put_tpm2b(out, &at, ak->bytes, ak->bytes_len) ||
        !put_tpm2b(out, &at, private_part->buffer, private_part->size))
        return false;
    *out_len = at;
    return true;
}

static bool is_ak(const TPMT_PUBLIC *p)
{
    TPMT_PUBLIC expected;

    tb_ak_public(p->type == TPM2_ALG_RSA ? TB_TPM_AK_RSA_2048 : TB_TPM_AK_P256, &expected);
    return tb_public_matches(p, &expected);
}

static enum tb_tpm_status parse_blob(struct tb_reader r, struct blob *out, struct tb_tpm_error *why)
{
    struct blob b = { 0 };
    struct tb_reader public_area;
    uint32_t magic;
    uint16_t version;
    size_t at = 0;

    if (!tb_read_u32be(&r, &magic) || !tb_read_u16be(&r, &version) || magic != BLOB_MAGIC ||
        version != BLOB_VERSION)
        return tb_tpm_say(why, TB_TPM_REFUSED,
                          "the stored attestation key is not one of this "
                          "program, version %d",
                          BLOB_VERSION);
    if (!tb_read_u32be(&r, &b.ek_id) || !tb_read_tpm2b(&r, &b.ek_name) ||
        !tb_read_tpm2b(&r, &public_area) || !tb_read_tpm2b(&r, &b.private_part) || r.left != 0 ||
        b.ek_name.left == 0 || b.private_part.left > sizeof((TPM2B_PRIVATE *)0)->buffer ||
        Tss2_MU_TPMT_PUBLIC_Unmarshal(public_area.p, public_area.left, &at, &b.public_area) !=
            TSS2_RC_SUCCESS ||
        at != public_area.left)
        return tb_tpm_say(why, TB_TPM_REFUSED, "the stored attestation key is damaged");
    if (!is_ak(&b.public_area))
        return tb_tpm_say(why, TB_TPM_REFUSED,
                          "the stored attestation key is not a restricted "
                          "signing key of this program: attributes %08x, expected %08x, or another "
                          "scheme",
                          b.public_area.objectAttributes, TB_TPM_AK_ATTRIBUTES);
    *out = b;
    return TB_TPM_OK;
}

static enum tb_tpm_status load(struct tb_tpm *tpm, const TPMT_PUBLIC *public_area,
                               const TPM2B_PRIVATE *private_part, struct tb_tpm_error *why)
{
    TPM2B_PUBLIC in = { .publicArea = *public_area };
    ESYS_TR session = ESYS_TR_NONE, handle = ESYS_TR_NONE;
    enum tb_tpm_status status = tb_session_ek(tpm, 0, &session, why);
    TSS2_RC rc;

    if (status != TB_TPM_OK)
        return status;
    rc = Esys_Load(tpm->esys, tpm->ek_key.handle, session, ESYS_TR_NONE, ESYS_TR_NONE, private_part,
                   &in, &handle);
    tb_session_ek_end(tpm, session);
    if (rc != TSS2_RC_SUCCESS)
        return tb_tpm_fail(why, rc, "loading the attestation key (another TPM's, or damaged?)");
    status = tb_key_set(tpm, &tpm->ak_key, handle, public_area, why);
    if (status != TB_TPM_OK)
        (void)Esys_FlushContext(tpm->esys, handle);
    return status;
}

static enum tb_tpm_status create(struct tb_tpm *tpm, enum tb_tpm_ak_kind kind,
                                 TPM2B_PRIVATE **private_part, TPM2B_PUBLIC **public_area,
                                 struct tb_tpm_error *why)
{
    TPM2B_PUBLIC in = { 0 };
    TPM2B_SENSITIVE_CREATE sensitive = { 0 };
    TPM2B_DATA outside = { 0 };
    TPML_PCR_SELECTION pcrs = { 0 };
    ESYS_TR session = ESYS_TR_NONE;
    enum tb_tpm_status status = tb_session_ek(tpm, TPMA_SESSION_DECRYPT, &session, why);
    TSS2_RC rc;

    if (status != TB_TPM_OK)
        return status;
    tb_ak_public(kind, &in.publicArea);
    rc = Esys_Create(tpm->esys, tpm->ek_key.handle, session, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive,
                     &in, &outside, &pcrs, private_part, public_area, NULL, NULL, NULL);
    tb_session_ek_end(tpm, session);
    if (rc != TSS2_RC_SUCCESS)
        return tb_tpm_fail(why, rc, "making the attestation key");
    return TB_TPM_OK;
}

enum tb_tpm_status tb_tpm_ak_create(struct tb_tpm *tpm, enum tb_tpm_ak_kind kind,
                                    uint8_t blob[TB_TPM_AK_BLOB_MAX], size_t *blob_len,
                                    struct tb_tpm_error *why)
{
    const struct tb_tpm_ek *ek;
    TPM2B_PRIVATE *private_part = NULL;
    TPM2B_PUBLIC *public_area = NULL;
    uint8_t out[TB_TPM_AK_BLOB_MAX];
    size_t out_len = 0;
    enum tb_tpm_status status = tb_tpm_ek_load(tpm, TB_TPM_EK_BEST, &ek, why);

    if (status == TB_TPM_OK)
        status = create(tpm, kind, &private_part, &public_area, why);
    if (status == TB_TPM_OK && !is_ak(&public_area->publicArea))
        status = tb_tpm_say(why, TB_TPM_REFUSED,
                            "the TPM made another key than the one asked for: "
                            "attributes %08x",
                            public_area->publicArea.objectAttributes);
    if (status == TB_TPM_OK)
        status = load(tpm, &public_area->publicArea, private_part, why);
    if (status == TB_TPM_OK && !write_blob(tpm, private_part, out, &out_len))
        status = tb_tpm_say(why, TB_TPM_BUG, "the attestation key does not fit its blob");
    if (status == TB_TPM_OK) {
        memcpy(blob, out, out_len);
        *blob_len = out_len;
    }
    Esys_Free(private_part);
    Esys_Free(public_area);
    return status;
}

static enum tb_tpm_status same_ek(struct tb_tpm *tpm, const struct blob *b,
                                  struct tb_tpm_error *why)
{
    const struct tb_ek_wanted wanted = { .name = b->ek_name };
    enum tb_tpm_status status;

    if (tpm->ek_key.handle != ESYS_TR_NONE) {
        if (tb_slice_equal(tpm->ek.name, b->ek_name))
            return TB_TPM_OK;
        status = TB_TPM_REFUSED;
    } else {
        status = tb_ek_make(tpm, b->ek_id, &wanted, why);
    }
    if (status != TB_TPM_REFUSED || why->rc != 0)
        return status;
    return tb_tpm_say(
        why, TB_TPM_REFUSED,
        "the stored attestation key belongs to another TPM: it "
        "was made under another endorsement key. If the TPM or the board was replaced, "
        "enrol again");
}

enum tb_tpm_status tb_tpm_ak_load(struct tb_tpm *tpm, struct tb_reader blob,
                                  struct tb_tpm_error *why)
{
    TPM2B_PRIVATE private_part = { 0 };
    struct blob b;
    enum tb_tpm_status status = parse_blob(blob, &b, why);

    why->rc = 0;
    if (status == TB_TPM_OK)
        status = same_ek(tpm, &b, why);
    if (status != TB_TPM_OK)
        return status;
    private_part.size = (uint16_t)b.private_part.left;
    if (b.private_part.left != 0)
        memcpy(private_part.buffer, b.private_part.p, b.private_part.left);
    return load(tpm, &b.public_area, &private_part, why);
}

struct tb_reader tb_tpm_ak_public(const struct tb_tpm *tpm)
{
    return tb_slice(tpm->ak_key.bytes, tpm->ak_key.bytes_len);
}

struct tb_reader tb_tpm_ak_name(const struct tb_tpm *tpm)
{
    return tb_slice(tpm->ak_key.name.name, tpm->ak_key.name.size);
}

static enum tb_tpm_status activate(struct tb_tpm *tpm, const TPM2B_ID_OBJECT *credential,
                                   const TPM2B_ENCRYPTED_SECRET *seed, TPM2B_DIGEST **secret,
                                   struct tb_tpm_error *why)
{
    ESYS_TR ak_session = ESYS_TR_PASSWORD, ek_session = ESYS_TR_NONE;
    enum tb_tpm_status status = tb_session_ek(tpm, TPMA_SESSION_ENCRYPT, &ek_session, why);
    TSS2_RC rc;

    if (status != TB_TPM_OK)
        return status;
    /* The high range EK is authorised by the one HMAC session; a session may not stand twice. */
    if (ek_session != tpm->session)
        status = tb_session(tpm, 0, &ak_session, why);
    if (status == TB_TPM_OK) {
        rc = Esys_ActivateCredential(tpm->esys, tpm->ak_key.handle, tpm->ek_key.handle, ak_session,
                                     ek_session, ESYS_TR_NONE, credential, seed, secret);
        if (rc != TSS2_RC_SUCCESS)
            status = tb_tpm_fail(why, rc, "activating the credential (is it for this EK and AK?)");
    }
    tb_session_ek_end(tpm, ek_session);
    return status;
}

enum tb_tpm_status tb_tpm_activate(struct tb_tpm *tpm, struct tb_reader credential,
                                   struct tb_reader seed, uint8_t secret[TB_TPM_SECRET_MAX],
                                   size_t *secret_len, struct tb_tpm_error *why)
{
    TPM2B_ID_OBJECT id = { 0 };
    TPM2B_ENCRYPTED_SECRET s = { 0 };
    TPM2B_DIGEST *out = NULL;
    enum tb_tpm_status status;

    if (tpm->ak_key.handle == ESYS_TR_NONE)
        return tb_tpm_say(why, TB_TPM_BUG, "activating a credential: no attestation key is loaded");
    if (credential.left == 0 || credential.left > sizeof id.credential || seed.left == 0 ||
        seed.left > sizeof s.secret)
        return tb_tpm_say(why, TB_TPM_REFUSED,
                          "the credential has %zu and %zu bytes, which no "
                          "credential has",
                          credential.left, seed.left);
    id.size = (uint16_t)credential.left;
    memcpy(id.credential, credential.p, credential.left);
    s.size = (uint16_t)seed.left;
    memcpy(s.secret, seed.p, seed.left);
    status = activate(tpm, &id, &s, &out, why);
    if (status != TB_TPM_OK)
        return status;
    if (out->size <= TB_TPM_SECRET_MAX) {
        memcpy(secret, out->buffer, out->size);
        *secret_len = out->size;
    } else {
        status = tb_tpm_say(why, TB_TPM_REFUSED, "the credential's secret is too long");
    }
    explicit_bzero(out, sizeof *out);
    Esys_Free(out);
    return status;
}
