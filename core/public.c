/* The public area of a TPM object. A key is judged by building the area that its template gives and
 * comparing the whole, so that a field nobody thought of fails too; only the text of the refusal
 * looks at single fields. An attestation key that is not restricted would sign any bytes. */
#include "core/public.h"

#include <stdio.h>
#include <string.h>

#define RSA_EXPONENT_DEFAULT 65537 /* 12.2.3.5: a TPM writes 0 for it */

/* ---- parsing: 12.2.4 TPMT_PUBLIC ---- */

struct area {
    struct tb_reader in;
    enum tb_check check;
    struct tb_reason *why;
};

static bool cut_short(struct area *a, const char *where)
{
    return tb_refuse(a->why, a->check, where, "its bytes", "%zu left", a->in.left);
}

/* 11.1.7 TPMT_SYM_DEF_OBJECT */
static bool read_symmetric(struct area *a, struct tb_public *p)
{
    if (!tb_read_u16be(&a->in, &p->symmetric))
        return cut_short(a, "TPMT_SYM_DEF_OBJECT.algorithm");
    if (p->symmetric == TB_ALG_NULL)
        return true;
    if (p->symmetric != TB_ALG_AES)
        return tb_refuse(a->why, a->check, "TPMT_SYM_DEF_OBJECT.algorithm", "NULL or AES", "%04x",
                         p->symmetric);
    if (!tb_read_u16be(&a->in, &p->symmetric_bits) || !tb_read_u16be(&a->in, &p->symmetric_mode))
        return cut_short(a, "TPMT_SYM_DEF_OBJECT");
    if (p->symmetric_bits != 128 && p->symmetric_bits != 192 && p->symmetric_bits != 256)
        return tb_refuse(a->why, a->check, "TPMT_SYM_DEF_OBJECT.keyBits", "128, 192 or 256", "%u",
                         p->symmetric_bits);
    if (p->symmetric_mode != TB_ALG_CFB)
        return tb_refuse(a->why, a->check, "TPMT_SYM_DEF_OBJECT.mode", "CFB", "%04x",
                         p->symmetric_mode);
    return true;
}

static bool scheme_fits(uint16_t type, uint16_t scheme)
{
    if (type == TB_ALG_ECC)
        return scheme == TB_ALG_ECDSA;
    return scheme == TB_ALG_RSASSA || scheme == TB_ALG_RSAPSS;
}

/* 11.2.4.2 TPMT_RSA_SCHEME, 11.2.5.6 TPMT_ECC_SCHEME */
static bool read_scheme(struct area *a, struct tb_public *p)
{
    uint16_t hash;

    if (!tb_read_u16be(&a->in, &p->scheme))
        return cut_short(a, "scheme");
    if (p->scheme == TB_ALG_NULL)
        return true;
    if (!scheme_fits(p->type, p->scheme))
        return tb_refuse(a->why, a->check, "scheme", "NULL or a signing scheme of the key's type",
                         "%04x", p->scheme);
    if (!tb_read_u16be(&a->in, &hash))
        return cut_short(a, "scheme.hashAlg");
    if (!tb_bank_of_alg(hash, &p->scheme_hash))
        return tb_refuse(a->why, a->check, "scheme.hashAlg", "a known hash", "%04x", hash);
    return true;
}

/* 12.2.3.5 TPMS_RSA_PARMS, 11.2.4.5 TPM2B_PUBLIC_KEY_RSA */
static bool read_rsa(struct area *a, struct tb_public *p)
{
    if (!tb_read_u16be(&a->in, &p->rsa_bits) || !tb_read_u32be(&a->in, &p->rsa_exponent))
        return cut_short(a, "TPMS_RSA_PARMS");
    if (p->rsa_bits < 1024 || p->rsa_bits > 4096 || p->rsa_bits % 8 != 0)
        return tb_refuse(a->why, a->check, "TPMS_RSA_PARMS.keyBits", "1024 to 4096", "%u",
                         p->rsa_bits);
    if (p->rsa_exponent == 0)
        p->rsa_exponent = RSA_EXPONENT_DEFAULT;
    if (!tb_read_tpm2b(&a->in, &p->n_or_x))
        return cut_short(a, "unique.rsa");
    if (p->n_or_x.left != p->rsa_bits / 8u)
        return tb_refuse(a->why, a->check, "unique.rsa", "as long as keyBits", "%zu bytes",
                         p->n_or_x.left);
    return true;
}

static size_t coordinate_len(uint16_t curve)
{
    switch (curve) {
    case TB_CURVE_P256: return 32;
    case TB_CURVE_P384: return 48;
    case TB_CURVE_P521: return 66;
    default: return 0;
    }
}

/* 12.2.3.6 TPMS_ECC_PARMS, 11.2.5.2 TPMS_ECC_POINT */
static bool read_ecc(struct area *a, struct tb_public *p)
{
    uint16_t kdf;
    size_t len;

    if (!tb_read_u16be(&a->in, &p->curve) || !tb_read_u16be(&a->in, &kdf))
        return cut_short(a, "TPMS_ECC_PARMS");
    len = coordinate_len(p->curve);
    if (len == 0)
        return tb_refuse(a->why, a->check, "TPMS_ECC_PARMS.curveID", "P-256, P-384 or P-521",
                         "%04x", p->curve);
    if (kdf != TB_ALG_NULL)
        return tb_refuse(a->why, a->check, "TPMS_ECC_PARMS.kdf", "NULL", "%04x", kdf);
    if (!tb_read_tpm2b(&a->in, &p->n_or_x) || !tb_read_tpm2b(&a->in, &p->y))
        return cut_short(a, "unique.ecc");
    if (p->n_or_x.left == 0 || p->n_or_x.left > len)
        return tb_refuse(a->why, a->check, "unique.ecc.x", "as long as the curve", "%zu bytes",
                         p->n_or_x.left);
    if (p->y.left == 0 || p->y.left > len)
        return tb_refuse(a->why, a->check, "unique.ecc.y", "as long as the curve", "%zu bytes",
                         p->y.left);
    return true;
}

static bool read_common(struct area *a, struct tb_public *p)
{
    uint16_t name_alg;

    if (!tb_read_u16be(&a->in, &p->type))
        return cut_short(a, "TPMT_PUBLIC.type");
    if (p->type != TB_ALG_RSA && p->type != TB_ALG_ECC)
        return tb_refuse(a->why, a->check, "TPMT_PUBLIC.type", "RSA or ECC", "%04x", p->type);
    if (!tb_read_u16be(&a->in, &name_alg))
        return cut_short(a, "TPMT_PUBLIC.nameAlg");
    if (!tb_bank_of_alg(name_alg, &p->name_alg))
        return tb_refuse(a->why, a->check, "TPMT_PUBLIC.nameAlg", "a known hash", "%04x", name_alg);
    if (!tb_read_u32be(&a->in, &p->attributes))
        return cut_short(a, "TPMT_PUBLIC.objectAttributes");
    if (!tb_read_tpm2b(&a->in, &p->auth_policy))
        return cut_short(a, "TPMT_PUBLIC.authPolicy");
    if (p->auth_policy.left != 0 && p->auth_policy.left != tb_bank_digest_len(p->name_alg))
        return tb_refuse(a->why, a->check, "TPMT_PUBLIC.authPolicy",
                         "nothing or a digest by nameAlg", "%zu bytes", p->auth_policy.left);
    return true;
}

bool tb_public_parse(struct tb_reader in, enum tb_check check, struct tb_public *out,
                     struct tb_reason *why)
{
    struct area a = { in, check, why };
    struct tb_public p = { 0 };

    if (!read_common(&a, &p) || !read_symmetric(&a, &p) || !read_scheme(&a, &p))
        return false;
    if (!(p.type == TB_ALG_RSA ? read_rsa(&a, &p) : read_ecc(&a, &p)))
        return false;
    if (a.in.left != 0)
        return tb_refuse(why, check, "TPMT_PUBLIC", "its end", "%zu bytes more", a.in.left);
    *out = p;
    return true;
}

/* ---- templates ---- */

struct template
{
    const char *name;
    uint16_t type;
    uint16_t bits_or_curve; /* RSA: bits of the modulus; ECC: TB_CURVE_* */
    enum tb_bank name_alg;
    uint32_t attributes;
    const uint8_t *policy;   /* NULL: empty; else a digest by name_alg */
    uint16_t symmetric_bits; /* AES-CFB; 0: TPM_ALG_NULL */
    uint16_t scheme;
    enum tb_bank scheme_hash;
};

#define AK_NO_LOCKOUT TB_AK_ATTRIBUTES
#define AK_WITH_LOCKOUT (TB_AK_ATTRIBUTES & ~(uint32_t)TB_OBJECT_NO_DA)
#define SHA(n) TB_BANK_SHA##n

/* The first of each size is the one that our agent makes. The others are keys that hold the same
 * promise: restricted, signing, bound to the TPM. noDA only says whether wrong authorisations count
 * towards the TPM's lockout, so a key of either kind may attest, in the rows that say so. */
static const struct template ak_templates[] = {
    { "P-256", TB_ALG_ECC, TB_CURVE_P256, SHA(256), AK_NO_LOCKOUT, NULL, 0, TB_ALG_ECDSA,
      SHA(256) },
    { "P-384", TB_ALG_ECC, TB_CURVE_P384, SHA(384), AK_NO_LOCKOUT, NULL, 0, TB_ALG_ECDSA,
      SHA(384) },
    { "P-384, name by SHA-256", TB_ALG_ECC, TB_CURVE_P384, SHA(256), AK_NO_LOCKOUT, NULL, 0,
      TB_ALG_ECDSA, SHA(384) },
    { "P-384 with SHA-512", TB_ALG_ECC, TB_CURVE_P384, SHA(512), AK_WITH_LOCKOUT, NULL, 0,
      TB_ALG_ECDSA, SHA(512) },
    { "RSA 2048", TB_ALG_RSA, 2048, SHA(256), AK_NO_LOCKOUT, NULL, 0, TB_ALG_RSASSA, SHA(256) },
    { "RSA 2048 PSS", TB_ALG_RSA, 2048, SHA(256), AK_NO_LOCKOUT, NULL, 0, TB_ALG_RSAPSS, SHA(256) },
    { "RSA 3072", TB_ALG_RSA, 3072, SHA(256), AK_NO_LOCKOUT, NULL, 0, TB_ALG_RSASSA, SHA(256) },
};

/* TCG EK Credential Profile 2.5, B.6.2 PolicyA: PolicySecret(TPM_RH_ENDORSEMENT). */
static const uint8_t policy_a_sha256[] = {
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
    0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa,
};
/* B.6.3 PolicyB: PolicyOR(PolicyA, PolicyAuthorizeNV by the index of the high range). */
static const uint8_t policy_b_sha256[] = {
    0xca, 0x3d, 0x0a, 0x99, 0xa2, 0xb9, 0x39, 0x06, 0xf7, 0xa3, 0x34, 0x24, 0x14, 0xef, 0xcf, 0xb3,
    0xa3, 0x85, 0xd4, 0x4c, 0xd1, 0xfd, 0x45, 0x90, 0x89, 0xd1, 0x9b, 0x50, 0x71, 0xc0, 0xb7, 0xa0,
};
static const uint8_t policy_b_sha384[] = {
    0xb2, 0x6e, 0x7d, 0x28, 0xd1, 0x1a, 0x50, 0xbc, 0x53, 0xd8, 0x82, 0xbc, 0xf5, 0xfd, 0x3a, 0x1a,
    0x07, 0x41, 0x48, 0xbb, 0x35, 0xd3, 0xb4, 0xe4, 0xcb, 0x1c, 0x0a, 0xd9, 0xbd, 0xe4, 0x19, 0xca,
    0xcb, 0x47, 0xba, 0x09, 0x69, 0x96, 0x46, 0x15, 0x0f, 0x9f, 0xc0, 0x00, 0xf3, 0xf8, 0x0e, 0x12,
};
static const uint8_t policy_b_sha512[] = {
    0xb8, 0x22, 0x1c, 0xa6, 0x9e, 0x85, 0x50, 0xa4, 0x91, 0x4d, 0xe3, 0xfa, 0xa6, 0xa1, 0x8c, 0x07,
    0x2c, 0xc0, 0x12, 0x08, 0x07, 0x3a, 0x92, 0x8d, 0x5d, 0x66, 0xd5, 0x9e, 0xf7, 0x9e, 0x49, 0xa4,
    0x29, 0xc4, 0x1a, 0x6b, 0x26, 0x95, 0x71, 0xd5, 0x7e, 0xdb, 0x25, 0xfb, 0xdb, 0x18, 0x38, 0x42,
    0x56, 0x08, 0xb4, 0x13, 0xcd, 0x61, 0x6a, 0x5f, 0x6d, 0xb5, 0xb6, 0x07, 0x1a, 0xf9, 0x9b, 0xea,
};

#define EK_LOW                                                                                     \
    (TB_OBJECT_FIXED_TPM | TB_OBJECT_FIXED_PARENT | TB_OBJECT_SENSITIVE_DATA_ORIGIN |              \
     TB_OBJECT_ADMIN_WITH_POLICY | TB_OBJECT_RESTRICTED | TB_OBJECT_DECRYPT)
#define EK_HIGH (EK_LOW | TB_OBJECT_USER_WITH_AUTH)

/* EK Credential Profile 2.5, B.3 and B.4. H-5 is SM2, which we do not have. */
static const struct template ek_templates[] = {
    { "L-1", TB_ALG_RSA, 2048, SHA(256), EK_LOW, policy_a_sha256, 128, TB_ALG_NULL, 0 },
    { "L-2", TB_ALG_ECC, TB_CURVE_P256, SHA(256), EK_LOW, policy_a_sha256, 128, TB_ALG_NULL, 0 },
    { "H-1", TB_ALG_RSA, 2048, SHA(256), EK_HIGH, policy_b_sha256, 128, TB_ALG_NULL, 0 },
    { "H-2", TB_ALG_ECC, TB_CURVE_P256, SHA(256), EK_HIGH, policy_b_sha256, 128, TB_ALG_NULL, 0 },
    { "H-3", TB_ALG_ECC, TB_CURVE_P384, SHA(384), EK_HIGH, policy_b_sha384, 256, TB_ALG_NULL, 0 },
    { "H-4", TB_ALG_ECC, TB_CURVE_P521, SHA(512), EK_HIGH, policy_b_sha512, 256, TB_ALG_NULL, 0 },
    { "H-6", TB_ALG_RSA, 3072, SHA(384), EK_HIGH, policy_b_sha384, 256, TB_ALG_NULL, 0 },
    { "H-7", TB_ALG_RSA, 4096, SHA(384), EK_HIGH, policy_b_sha384, 256, TB_ALG_NULL, 0 },
};

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

/* ---- building what a template gives ---- */

struct writer {
    size_t n;
    uint8_t bytes[TB_PUBLIC_MAX];
};

/* The longest area is far below TB_PUBLIC_MAX, because the slices come from tb_public_parse. */
static void put(struct writer *w, const void *p, size_t len)
{
    if (len <= sizeof w->bytes - w->n && len != 0) {
        memcpy(w->bytes + w->n, p, len);
        w->n += len;
    }
}

static void put_u16(struct writer *w, uint16_t v)
{
    put(w, (uint8_t[]){ (uint8_t)(v >> 8), (uint8_t)v }, 2);
}

static void put_u32(struct writer *w, uint32_t v)
{
    put_u16(w, (uint16_t)(v >> 16));
    put_u16(w, (uint16_t)v);
}

static void put_tpm2b(struct writer *w, struct tb_reader v)
{
    put_u16(w, (uint16_t)v.left);
    put(w, v.p, v.left);
}

static struct tb_reader policy_of(const struct template *t)
{
    return tb_slice(t->policy, t->policy == NULL ? 0 : tb_bank_digest_len(t->name_alg));
}

static void template_build(const struct template *t, const struct tb_public *unique,
                           struct writer *w)
{
    w->n = 0;
    put_u16(w, t->type);
    put_u16(w, tb_bank_alg(t->name_alg));
    put_u32(w, t->attributes);
    put_tpm2b(w, policy_of(t));
    put_u16(w, t->symmetric_bits == 0 ? TB_ALG_NULL : TB_ALG_AES);
    if (t->symmetric_bits != 0) {
        put_u16(w, t->symmetric_bits);
        put_u16(w, TB_ALG_CFB);
    }
    put_u16(w, t->scheme);
    if (t->scheme != TB_ALG_NULL)
        put_u16(w, tb_bank_alg(t->scheme_hash));
    put_u16(w, t->bits_or_curve);
    if (t->type == TB_ALG_RSA)
        put_u32(w, 0); /* exponent: the default */
    else
        put_u16(w, TB_ALG_NULL); /* kdf */
    put_tpm2b(w, unique->n_or_x);
    if (t->type == TB_ALG_ECC)
        put_tpm2b(w, unique->y);
}

/* ---- saying what differs ---- */

static const struct {
    uint32_t bit;
    const char *name;
} attribute_names[] = {
    { TB_OBJECT_FIXED_TPM, "fixedTPM" },
    { TB_OBJECT_ST_CLEAR, "stClear" },
    { TB_OBJECT_FIXED_PARENT, "fixedParent" },
    { TB_OBJECT_SENSITIVE_DATA_ORIGIN, "sensitiveDataOrigin" },
    { TB_OBJECT_USER_WITH_AUTH, "userWithAuth" },
    { TB_OBJECT_ADMIN_WITH_POLICY, "adminWithPolicy" },
    { TB_OBJECT_NO_DA, "noDA" },
    { TB_OBJECT_ENCRYPTED_DUPLICATION, "encryptedDuplication" },
    { TB_OBJECT_RESTRICTED, "restricted" },
    { TB_OBJECT_DECRYPT, "decrypt" },
    { TB_OBJECT_SIGN, "sign" },
};

static bool refuse_attributes(const struct template *t, const struct tb_public *p,
                              enum tb_check check, struct tb_reason *why)
{
    uint32_t differ = t->attributes ^ p->attributes;
    char where[64];

    for (size_t i = 0; i < N_OF(attribute_names); i++)
        if ((differ & attribute_names[i].bit) != 0) {
            bool want = (t->attributes & attribute_names[i].bit) != 0;

            snprintf(where, sizeof where, "objectAttributes.%s", attribute_names[i].name);
            return tb_refuse(why, check, where, want ? "set" : "clear", "%s",
                             want ? "clear" : "set");
        }
    return tb_refuse(why, check, "objectAttributes, reserved bits", "clear", "%08x",
                     (unsigned)differ);
}

static uint16_t bits_or_curve(const struct tb_public *p)
{
    return p->type == TB_ALG_RSA ? p->rsa_bits : p->curve;
}

/* Which fields agree, the weightier first: the template with the best sum is the one meant. */
static unsigned likeness(const struct template *t, const struct tb_public *p)
{
    return (t->type == p->type) * 64u +
           (t->type == p->type && t->bits_or_curve == bits_or_curve(p)) * 32u +
           (t->scheme == p->scheme) * 16u +
           (t->scheme == p->scheme && t->scheme_hash == p->scheme_hash) * 8u +
           (t->name_alg == p->name_alg) * 4u + tb_slice_equal(policy_of(t), p->auth_policy) * 2u +
           (t->attributes == p->attributes);
}

/* False always: the area differs from the template, and *why says where. The type is the same,
 * because both tables have both types and likeness() weighs it most. */
static bool refuse_difference(const struct template *t, const struct tb_public *p,
                              enum tb_check check, struct tb_reason *why)
{
    char expected[32];

    if (t->bits_or_curve != bits_or_curve(p)) {
        snprintf(expected, sizeof expected, "%u", t->bits_or_curve);
        return tb_refuse(why, check, t->type == TB_ALG_RSA ? "keyBits" : "curveID", expected, "%u",
                         bits_or_curve(p));
    }
    if (t->attributes != p->attributes)
        return refuse_attributes(t, p, check, why);
    if (t->scheme != p->scheme) {
        snprintf(expected, sizeof expected, "%04x", t->scheme);
        return tb_refuse(why, check, "scheme", expected, "%04x", p->scheme);
    }
    if (t->scheme != TB_ALG_NULL && t->scheme_hash != p->scheme_hash)
        return tb_refuse(why, check, "scheme.hashAlg", tb_bank_name(t->scheme_hash), "%s",
                         tb_bank_name(p->scheme_hash));
    if (t->name_alg != p->name_alg)
        return tb_refuse(why, check, "nameAlg", tb_bank_name(t->name_alg), "%s",
                         tb_bank_name(p->name_alg));
    if (!tb_slice_equal(policy_of(t), p->auth_policy))
        return tb_refuse(why, check, "authPolicy", t->policy == NULL ? "none" : t->name,
                         "another policy of %zu bytes", p->auth_policy.left);
    if (t->symmetric_bits != p->symmetric_bits) {
        snprintf(expected, sizeof expected, "%u", t->symmetric_bits);
        return tb_refuse(why, check, "symmetric.keyBits", expected, "%u", p->symmetric_bits);
    }
    return tb_refuse(why, check, "TPMT_PUBLIC", t->name, "another encoding");
}

static bool check_templates(struct tb_reader in, const struct template *templates, size_t n,
                            enum tb_check check, struct tb_public *out, struct tb_reason *why)
{
    const struct template *best = &templates[0];
    struct tb_public p;
    struct writer w;

    if (!tb_public_parse(in, check, &p, why))
        return false;
    for (size_t i = 1; i < n; i++)
        if (likeness(&templates[i], &p) > likeness(best, &p))
            best = &templates[i];
    template_build(best, &p, &w);
    if (!tb_slice_equal(in, tb_slice(w.bytes, w.n)))
        return refuse_difference(best, &p, check, why);
    *out = p;
    return true;
}

bool tb_public_check_ak(struct tb_reader in, struct tb_public *out, struct tb_reason *why)
{
    return check_templates(in, ak_templates, N_OF(ak_templates), TB_CHECK_IDENTITY_AK, out, why);
}

bool tb_public_check_ek(struct tb_reader in, struct tb_public *out, struct tb_reason *why)
{
    return check_templates(in, ek_templates, N_OF(ek_templates), TB_CHECK_IDENTITY_EK_KEY, out,
                           why);
}

bool tb_public_name(struct tb_reader in, const struct tb_public *pub, struct tb_hasher *h,
                    uint8_t out[TB_NAME_MAX], size_t *out_len)
{
    uint16_t alg = tb_bank_alg(pub->name_alg);
    uint8_t digest[TB_DIGEST_MAX];

    if (!tb_hash(h, pub->name_alg, in, digest))
        return false;
    out[0] = (uint8_t)(alg >> 8);
    out[1] = (uint8_t)alg;
    memcpy(out + 2, digest, tb_bank_digest_len(pub->name_alg));
    *out_len = 2 + tb_bank_digest_len(pub->name_alg);
    return true;
}

struct tb_key *tb_public_key(const struct tb_public *pub)
{
    if (pub->type == TB_ALG_RSA)
        return tb_key_new_rsa(pub->n_or_x, pub->rsa_exponent);
    return tb_key_new_ec(pub->curve, pub->n_or_x, pub->y);
}
