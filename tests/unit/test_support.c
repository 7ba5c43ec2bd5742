#include "tests/unit/test_support.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEED(x)                                                                                    \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);                                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* ---- bytes ---- */

void test_put(struct test_bytes *o, const void *p, size_t n)
{
    NEED(n <= sizeof o->b - o->n);
    if (n != 0)
        memcpy(o->b + o->n, p, n);
    o->n += n;
}

void test_put_u8(struct test_bytes *o, uint8_t v)
{
    test_put(o, &v, 1);
}

void test_put_u16(struct test_bytes *o, uint16_t v)
{
    test_put_u8(o, (uint8_t)(v >> 8));
    test_put_u8(o, (uint8_t)v);
}

void test_put_u32(struct test_bytes *o, uint32_t v)
{
    test_put_u16(o, (uint16_t)(v >> 16));
    test_put_u16(o, (uint16_t)v);
}

void test_put_u64(struct test_bytes *o, uint64_t v)
{
    test_put_u32(o, (uint32_t)(v >> 32));
    test_put_u32(o, (uint32_t)v);
}

void test_put_tpm2b(struct test_bytes *o, struct tb_reader v)
{
    test_put_u16(o, (uint16_t)v.left);
    test_put(o, v.p, v.left);
}

struct tb_reader test_slice(const struct test_bytes *b)
{
    return tb_slice(b->b, b->n);
}

uint8_t *test_memdup(const void *p, size_t n)
{
    uint8_t *copy = malloc(n == 0 ? 1 : n);

    NEED(copy != NULL);
    if (n != 0)
        memcpy(copy, p, n);
    return copy;
}

void test_is_truncated(const char *text, size_t n, const struct tb_reason *why)
{
    char where[32];
    unsigned line = 1;

    for (size_t i = 0; i < n; i++)
        line += text[i] == '\n';
    snprintf(where, sizeof where, "line %u", line);
    assert_string_equal(why->where, where);
    if (n == 0 || text[n - 1] == '\n')
        assert_string_equal(why->observed, "end");
    else
        assert_string_equal(why->expected, "a line that ends");
}

const char *test_fixture(const char *relative)
{
    static char path[4096];
    const char *root = getenv("TRUEBOOT_FIXTURES");

    snprintf(path, sizeof path, "%s/%s", root == NULL ? "../shared/fixtures" : root, relative);
    if (access(path, R_OK) != 0)
        skip();
    return path;
}

bool test_read_file(const char *path, struct test_bytes *o)
{
    FILE *f = fopen(path, "rb");
    bool whole;

    if (f == NULL)
        return false;
    o->n = fread(o->b, 1, sizeof o->b, f);
    whole = ferror(f) == 0 && fgetc(f) == EOF;
    fclose(f);
    return whole;
}

/* ---- PCRs ---- */

void test_pcr_set(struct tb_pcrs *p, enum tb_bank bank, unsigned pcr, uint8_t fill)
{
    NEED(pcr < TB_N_PCRS);
    p->mask[bank] |= UINT32_C(1) << pcr;
    memset(p->value[bank][pcr], fill, tb_bank_digest_len(bank));
    p->value[bank][pcr][0] = (uint8_t)pcr;
}

/* ---- a software AK ---- */

struct test_ak {
    EVP_PKEY *key;
    uint16_t scheme;
    enum tb_bank hash;
    struct test_public parts;
    uint8_t n_or_x[512], y[66];
    struct test_bytes area;
};

static const struct {
    uint16_t type, bits_or_curve, scheme;
    enum tb_bank name_alg, hash;
} kinds[] = {
    [TEST_AK_P256] = { TB_ALG_ECC, TB_CURVE_P256, TB_ALG_ECDSA, TB_BANK_SHA256, TB_BANK_SHA256 },
    [TEST_AK_P384] = { TB_ALG_ECC, TB_CURVE_P384, TB_ALG_ECDSA, TB_BANK_SHA384, TB_BANK_SHA384 },
    [TEST_AK_RSA2048] = { TB_ALG_RSA, 2048, TB_ALG_RSASSA, TB_BANK_SHA256, TB_BANK_SHA256 },
    [TEST_AK_RSA2048_PSS] = { TB_ALG_RSA, 2048, TB_ALG_RSAPSS, TB_BANK_SHA256, TB_BANK_SHA256 },
};

static const EVP_MD *md_of(enum tb_bank bank)
{
    return EVP_get_digestbyname(tb_bank_name(bank));
}

static struct tb_reader number(EVP_PKEY *key, const char *param, uint8_t *out, int len)
{
    BIGNUM *n = NULL;

    NEED(EVP_PKEY_get_bn_param(key, param, &n) == 1);
    NEED(BN_bn2binpad(n, out, len) == len);
    BN_free(n);
    return tb_slice(out, (size_t)len);
}

struct test_ak *test_ak_new(enum test_ak_kind kind)
{
    struct test_ak *ak = calloc(1, sizeof *ak);
    bool ecc = kinds[kind].type == TB_ALG_ECC;
    bool p384 = kinds[kind].bits_or_curve == TB_CURVE_P384;

    NEED(ak != NULL);
    ak->key = ecc ? EVP_EC_gen(p384 ? "P-384" : "P-256") : EVP_RSA_gen(2048);
    NEED(ak->key != NULL);
    ak->scheme = kinds[kind].scheme;
    ak->hash = kinds[kind].hash;
    ak->parts = (struct test_public){
        .type = kinds[kind].type,
        .name_alg = tb_bank_alg(kinds[kind].name_alg),
        .attributes = TB_AK_ATTRIBUTES,
        .symmetric = TB_ALG_NULL,
        .scheme = ak->scheme,
        .scheme_hash = tb_bank_alg(ak->hash),
        .bits_or_curve = kinds[kind].bits_or_curve,
        .kdf = TB_ALG_NULL,
    };
    if (ecc) {
        ak->parts.n_or_x = number(ak->key, OSSL_PKEY_PARAM_EC_PUB_X, ak->n_or_x, p384 ? 48 : 32);
        ak->parts.y = number(ak->key, OSSL_PKEY_PARAM_EC_PUB_Y, ak->y, p384 ? 48 : 32);
    } else {
        ak->parts.n_or_x = number(ak->key, OSSL_PKEY_PARAM_RSA_N, ak->n_or_x, 256);
    }
    test_public_build(&ak->parts, &ak->area);
    return ak;
}

void test_ak_free(struct test_ak *ak)
{
    if (ak == NULL)
        return;
    EVP_PKEY_free(ak->key);
    free(ak);
}

struct tb_reader test_ak_public(const struct test_ak *ak)
{
    return test_slice(&ak->area);
}

enum tb_bank test_ak_hash(const struct test_ak *ak)
{
    return ak->hash;
}

struct test_public test_ak_parts(const struct test_ak *ak)
{
    return ak->parts;
}

static void put_ecdsa(struct test_bytes *out, const uint8_t *der, size_t len, int coordinate)
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
    uint8_t buf[66];

    NEED(sig != NULL);
    NEED(BN_bn2binpad(ECDSA_SIG_get0_r(sig), buf, coordinate) == coordinate);
    test_put_tpm2b(out, tb_slice(buf, (size_t)coordinate));
    NEED(BN_bn2binpad(ECDSA_SIG_get0_s(sig), buf, coordinate) == coordinate);
    test_put_tpm2b(out, tb_slice(buf, (size_t)coordinate));
    ECDSA_SIG_free(sig);
}

void test_ak_sign(const struct test_ak *ak, struct tb_reader attest, struct test_bytes *out)
{
    uint8_t digest[EVP_MAX_MD_SIZE], sig[512];
    size_t len = sizeof sig;
    unsigned digest_len;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ak->key, NULL);

    NEED(EVP_Digest(attest.p, attest.left, digest, &digest_len, md_of(ak->hash), NULL) == 1);
    NEED(ctx != NULL && EVP_PKEY_sign_init(ctx) == 1);
    if (ak->scheme == TB_ALG_RSAPSS)
        NEED(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1);
    NEED(EVP_PKEY_CTX_set_signature_md(ctx, md_of(ak->hash)) == 1);
    NEED(EVP_PKEY_sign(ctx, sig, &len, digest, digest_len) == 1);
    EVP_PKEY_CTX_free(ctx);
    out->n = 0;
    test_put_u16(out, ak->scheme);
    test_put_u16(out, tb_bank_alg(ak->hash));
    if (ak->scheme == TB_ALG_ECDSA)
        put_ecdsa(out, sig, len, (int)ak->parts.n_or_x.left);
    else
        test_put_tpm2b(out, tb_slice(sig, len));
}

void test_public_build(const struct test_public *p, struct test_bytes *out)
{
    out->n = 0;
    test_put_u16(out, p->type);
    test_put_u16(out, p->name_alg);
    test_put_u32(out, p->attributes);
    test_put_tpm2b(out, p->policy);
    test_put_u16(out, p->symmetric);
    if (p->symmetric != TB_ALG_NULL) {
        test_put_u16(out, p->symmetric_bits);
        test_put_u16(out, p->symmetric_mode);
    }
    test_put_u16(out, p->scheme);
    if (p->scheme != TB_ALG_NULL)
        test_put_u16(out, p->scheme_hash);
    test_put_u16(out, p->bits_or_curve);
    if (p->type == TB_ALG_RSA) {
        test_put_u32(out, p->exponent);
        test_put_tpm2b(out, p->n_or_x);
        return;
    }
    test_put_u16(out, p->kdf);
    test_put_tpm2b(out, p->n_or_x);
    test_put_tpm2b(out, p->y);
}

/* ---- a quote ---- */

struct test_quote test_quote_new(struct tb_reader extra_data)
{
    static const uint8_t signer[34] = { 0x00, 0x0b, 0x77 };

    return (struct test_quote){
        .magic = 0xff544347,
        .type = 0x8018,
        .signer = tb_slice(signer, sizeof signer),
        .extra_data = extra_data,
        .clock_ms = 123456,
        .reset_count = 7,
        .restart_count = 1,
        .safe = 1,
        .firmware_version = UINT64_C(0x2019102300163636),
    };
}

void test_quote_select(struct test_quote *q, enum tb_bank bank, uint32_t pcrs)
{
    NEED(q->n_selections < sizeof q->selection / sizeof q->selection[0]);
    q->selection[q->n_selections++] = (struct test_selection){ tb_bank_alg(bank), 3, pcrs };
    q->count = (uint32_t)q->n_selections;
}

void test_quote_build(const struct test_quote *q, struct test_bytes *out)
{
    out->n = 0;
    test_put_u32(out, q->magic);
    test_put_u16(out, q->type);
    test_put_tpm2b(out, q->signer);
    test_put_tpm2b(out, q->extra_data);
    test_put_u64(out, q->clock_ms);
    test_put_u32(out, q->reset_count);
    test_put_u32(out, q->restart_count);
    test_put_u8(out, q->safe);
    test_put_u64(out, q->firmware_version);
    test_put_u32(out, q->count);
    for (size_t i = 0; i < q->n_selections; i++) {
        test_put_u16(out, q->selection[i].alg);
        test_put_u8(out, q->selection[i].size);
        for (unsigned b = 0; b < q->selection[i].size; b++)
            test_put_u8(out, (uint8_t)(b < 4 ? q->selection[i].pcrs >> 8 * b : 0));
    }
    test_put_tpm2b(out, q->pcr_digest);
}

void test_ak_quote(const struct test_ak *ak, struct tb_reader extra_data,
                   const struct tb_pcrs *values, const struct tb_selection *sel, size_t n_sel,
                   struct test_bytes *attest, struct test_bytes *signature)
{
    struct test_quote q = test_quote_new(extra_data);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len;

    /* On purpose not tb_pcrs_digest: a test must not agree with itself. */
    NEED(ctx != NULL && EVP_DigestInit(ctx, md_of(ak->hash)) == 1);
    for (size_t s = 0; s < n_sel; s++) {
        enum tb_bank bank;

        NEED(tb_bank_of_alg(sel[s].alg, &bank));
        test_quote_select(&q, bank, sel[s].pcrs);
        for (unsigned i = 0; i < TB_N_PCRS; i++)
            if ((sel[s].pcrs >> i & 1) != 0)
                NEED(EVP_DigestUpdate(ctx, values->value[bank][i], tb_bank_digest_len(bank)) == 1);
    }
    NEED(EVP_DigestFinal(ctx, digest, &len) == 1);
    EVP_MD_CTX_free(ctx);
    q.pcr_digest = tb_slice(digest, len);
    test_quote_build(&q, attest);
    test_ak_sign(ak, test_slice(attest), signature);
}

/* ---- an endorsement key ---- */

#define EK_ATTRIBUTES 0x000300b2u /* EK Credential Profile 2.5, B.3.3 and B.3.4 */

/* PolicyA of the profile, B.2: PolicySecret(endorsement hierarchy). */
static const uint8_t policy_a[32] = { 0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8,
                                      0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
                                      0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64,
                                      0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa };

void test_ek_public(EVP_PKEY *key, struct test_bytes *out)
{
    struct test_public p = { .name_alg = TB_ALG_SHA256,
                             .attributes = EK_ATTRIBUTES,
                             .policy = tb_slice(policy_a, 32),
                             .symmetric = TB_ALG_AES,
                             .symmetric_bits = 128,
                             .symmetric_mode = TB_ALG_CFB,
                             .scheme = TB_ALG_NULL,
                             .kdf = TB_ALG_NULL };
    uint8_t point[65], modulus[256];
    size_t len = 0;
    BIGNUM *n = NULL;

    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
        NEED(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1);
        NEED(BN_bn2binpad(n, modulus, 256) == 256);
        BN_free(n);
        p.type = TB_ALG_RSA;
        p.bits_or_curve = 2048;
        p.n_or_x = tb_slice(modulus, 256);
    } else {
        NEED(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, 65, &len) == 1);
        NEED(len == 65);
        p.type = TB_ALG_ECC;
        p.bits_or_curve = TB_CURVE_P256;
        p.n_or_x = tb_slice(point + 1, 32);
        p.y = tb_slice(point + 33, 32);
    }
    test_public_build(&p, out);
}
