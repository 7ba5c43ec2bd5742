/* tpm/template.c - the public areas of the keys used: EKs of the TCG's templates, and our AK.
 *
 * TCG EK Credential Profile for TPM Family 2.0, 2.5, B.3 (low range) and B.4 (high range). */
#include "tpm/internal.h"

#include <string.h>

/* By preference: see tb_tpm_ek_load(). */
const struct tb_ek_template tb_ek_templates[] = {
    { TB_TPM_EK_P256, "ECC P-256 (L-2)", 0x01C0000B, 0x01C0000C, TPM2_ALG_ECC, TPM2_ALG_SHA256,
      TPM2_ECC_NIST_P256, 128, false },
    { TB_TPM_EK_P256_HIGH, "ECC P-256 (H-2)", 0, 0x01C00015, TPM2_ALG_ECC, TPM2_ALG_SHA256,
      TPM2_ECC_NIST_P256, 128, true },
    { TB_TPM_EK_P384_HIGH, "ECC P-384 (H-3)", 0, 0x01C00017, TPM2_ALG_ECC, TPM2_ALG_SHA384,
      TPM2_ECC_NIST_P384, 256, true },
    { TB_TPM_EK_RSA_2048, "RSA 2048 (L-1)", 0x01C00003, 0x01C00004, TPM2_ALG_RSA, TPM2_ALG_SHA256,
      2048, 128, false },
    { TB_TPM_EK_RSA_2048_HIGH, "RSA 2048 (H-1)", 0, 0x01C00013, TPM2_ALG_RSA, TPM2_ALG_SHA256, 2048,
      128, true },
    { TB_TPM_EK_RSA_3072_HIGH, "RSA 3072 (H-6)", 0, 0x01C0001D, TPM2_ALG_RSA, TPM2_ALG_SHA384, 3072,
      256, true },
    { TB_TPM_EK_P521_HIGH, "ECC P-521 (H-4)", 0, 0x01C00019, TPM2_ALG_ECC, TPM2_ALG_SHA512,
      TPM2_ECC_NIST_P521, 256, true },
    { TB_TPM_EK_RSA_4096_HIGH, "RSA 4096 (H-7)", 0, 0x01C0001F, TPM2_ALG_RSA, TPM2_ALG_SHA384, 4096,
      256, true },
};
const size_t tb_n_ek_templates = sizeof tb_ek_templates / sizeof tb_ek_templates[0];

/* PolicyA: PolicySecret(endorsement). B.6.2 */
static const uint8_t policy_a_sha256[32] = {
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xB3, 0xF8, 0x1A, 0x90, 0xCC, 0x8D, 0x46, 0xA5, 0xD7, 0x24,
    0xFD, 0x52, 0xD7, 0x6E, 0x06, 0x52, 0x0B, 0x64, 0xF2, 0xA1, 0xDA, 0x1B, 0x33, 0x14, 0x69, 0xAA,
};
/* PolicyB: PolicyOR of PolicyA and PolicyC, PolicyAuthorizeNV. B.6.5 */
static const uint8_t policy_b_sha256[32] = {
    0xCA, 0x3D, 0x0A, 0x99, 0xA2, 0xB9, 0x39, 0x06, 0xF7, 0xA3, 0x34, 0x24, 0x14, 0xEF, 0xCF, 0xB3,
    0xA3, 0x85, 0xD4, 0x4C, 0xD1, 0xFD, 0x45, 0x90, 0x89, 0xD1, 0x9B, 0x50, 0x71, 0xC0, 0xB7, 0xA0,
};
static const uint8_t policy_b_sha384[48] = {
    0xB2, 0x6E, 0x7D, 0x28, 0xD1, 0x1A, 0x50, 0xBC, 0x53, 0xD8, 0x82, 0xBC, 0xF5, 0xFD, 0x3A, 0x1A,
    0x07, 0x41, 0x48, 0xBB, 0x35, 0xD3, 0xB4, 0xE4, 0xCB, 0x1C, 0x0A, 0xD9, 0xBD, 0xE4, 0x19, 0xCA,
    0xCB, 0x47, 0xBA, 0x09, 0x69, 0x96, 0x46, 0x15, 0x0F, 0x9F, 0xC0, 0x00, 0xF3, 0xF8, 0x0E, 0x12,
};
static const uint8_t policy_b_sha512[64] = {
    0xB8, 0x22, 0x1C, 0xA6, 0x9E, 0x85, 0x50, 0xA4, 0x91, 0x4D, 0xE3, 0xFA, 0xA6, 0xA1, 0x8C, 0x07,
    0x2C, 0xC0, 0x12, 0x08, 0x07, 0x3A, 0x92, 0x8D, 0x5D, 0x66, 0xD5, 0x9E, 0xF7, 0x9E, 0x49, 0xA4,
    0x29, 0xC4, 0x1A, 0x6B, 0x26, 0x95, 0x71, 0xD5, 0x7E, 0xDB, 0x25, 0xFB, 0xDB, 0x18, 0x38, 0x42,
    0x56, 0x08, 0xB4, 0x13, 0xCD, 0x61, 0x6A, 0x5F, 0x6D, 0xB5, 0xB6, 0x07, 0x1A, 0xF9, 0x9B, 0xEA,
};

#define EK_ATTRIBUTES                                                                              \
    (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |            \
     TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)

static void put_policy(const struct tb_ek_template *t, TPM2B_DIGEST *out)
{
    const uint8_t *p = policy_a_sha256;

    out->size = 32;
    if (t->high && t->name_alg == TPM2_ALG_SHA256)
        p = policy_b_sha256;
    if (t->name_alg == TPM2_ALG_SHA384) {
        p = policy_b_sha384;
        out->size = 48;
    }
    if (t->name_alg == TPM2_ALG_SHA512) {
        p = policy_b_sha512;
        out->size = 64;
    }
    memcpy(out->buffer, p, out->size);
}

void tb_ek_public(const struct tb_ek_template *t, TPMT_PUBLIC *out)
{
    TPMT_SYM_DEF_OBJECT aes = { .algorithm = TPM2_ALG_AES };

    aes.keyBits.aes = t->aes_bits;
    aes.mode.aes = TPM2_ALG_CFB;
    memset(out, 0, sizeof *out);
    out->type = t->type;
    out->nameAlg = t->name_alg;
    out->objectAttributes = EK_ATTRIBUTES | (t->high ? TPMA_OBJECT_USERWITHAUTH : 0);
    put_policy(t, &out->authPolicy);
    if (t->type == TPM2_ALG_ECC) {
        out->parameters.eccDetail.symmetric = aes;
        out->parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
        out->parameters.eccDetail.curveID = t->size;
        out->parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
        /* `unique` is part of what the key is derived from: zeros here, nothing in the high range
         */
        out->unique.ecc.x.size = out->unique.ecc.y.size = t->high ? 0 : 32;
    } else {
        out->parameters.rsaDetail.symmetric = aes;
        out->parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
        out->parameters.rsaDetail.keyBits = t->size;
        out->unique.rsa.size = t->high ? 0 : 256;
    }
}

void tb_ak_public(enum tb_tpm_ak_kind kind, TPMT_PUBLIC *out)
{
    memset(out, 0, sizeof *out);
    out->nameAlg = TPM2_ALG_SHA256;
    out->objectAttributes = TB_TPM_AK_ATTRIBUTES;
    if (kind == TB_TPM_AK_RSA_2048) {
        TPMS_RSA_PARMS *p = &out->parameters.rsaDetail;

        out->type = TPM2_ALG_RSA;
        p->symmetric.algorithm = TPM2_ALG_NULL;
        p->scheme.scheme = TPM2_ALG_RSASSA;
        p->scheme.details.rsassa.hashAlg = TPM2_ALG_SHA256;
        p->keyBits = 2048;
    } else {
        TPMS_ECC_PARMS *p = &out->parameters.eccDetail;

        out->type = TPM2_ALG_ECC;
        p->symmetric.algorithm = TPM2_ALG_NULL;
        p->scheme.scheme = TPM2_ALG_ECDSA;
        p->scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
        p->curveID = TPM2_ECC_NIST_P256;
        p->kdf.scheme = TPM2_ALG_NULL;
    }
}

/* 0 and 65537 say the same (Part 2, 12.2.3.5), and some TPMs write it out. */
static void default_exponent(TPMT_PUBLIC *p)
{
    if (p->type == TPM2_ALG_RSA && p->parameters.rsaDetail.exponent == 65537)
        p->parameters.rsaDetail.exponent = 0;
}

bool tb_public_matches(const TPMT_PUBLIC *key, const TPMT_PUBLIC *template)
{
    TPMT_PUBLIC a = *key, b = *template;
    uint8_t x[sizeof a], y[sizeof b];
    size_t n = 0, m = 0;

    memset(&a.unique, 0, sizeof a.unique);
    memset(&b.unique, 0, sizeof b.unique);
    default_exponent(&a);
    default_exponent(&b);
    return Tss2_MU_TPMT_PUBLIC_Marshal(&a, x, sizeof x, &n) == TSS2_RC_SUCCESS &&
           Tss2_MU_TPMT_PUBLIC_Marshal(&b, y, sizeof y, &m) == TSS2_RC_SUCCESS && n == m &&
           memcmp(x, y, n) == 0;
}
