/* Attack ids: T-21 (on crafted keys; tests/integration/credential.sh has a real TPM's). */
#include "crypto/credential.h"
#include "tests/unit/test_support.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t name[34] = { 0x00, 0x0b, 1, 2, 3 };
static const uint8_t secret[32] = "0123456789abcdef0123456789abcde";

struct ek {
    EVP_PKEY *key;
    struct tb_public pub;
    uint8_t n[512], point[133];
};

static void make_rsa(struct ek *e, uint16_t bits, enum tb_bank name_alg, uint16_t aes_bits)
{
    BIGNUM *n = NULL;

    e->key = EVP_RSA_gen(bits);
    assert_int_equal(EVP_PKEY_get_bn_param(e->key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
    assert_int_equal(BN_bn2binpad(n, e->n, bits / 8), bits / 8);
    BN_free(n);
    e->pub = (struct tb_public){ .type = TB_ALG_RSA,
                                 .name_alg = name_alg,
                                 .symmetric = TB_ALG_AES,
                                 .symmetric_bits = aes_bits,
                                 .rsa_bits = bits,
                                 .rsa_exponent = 65537,
                                 .n_or_x = tb_slice(e->n, bits / 8) };
}

static void make_ecc(struct ek *e, const char *curve, uint16_t id, enum tb_bank name_alg,
                     uint16_t aes_bits)
{
    size_t len;

    e->key = EVP_EC_gen(curve);
    assert_int_equal(EVP_PKEY_get_octet_string_param(e->key, OSSL_PKEY_PARAM_PUB_KEY, e->point,
                                                     sizeof e->point, &len),
                     1);
    e->pub = (struct tb_public){ .type = TB_ALG_ECC,
                                 .name_alg = name_alg,
                                 .symmetric = TB_ALG_AES,
                                 .symmetric_bits = aes_bits,
                                 .curve = id,
                                 .n_or_x = tb_slice(e->point + 1, len / 2),
                                 .y = tb_slice(e->point + 1 + len / 2, len / 2) };
}

/* ---- TPM2_ActivateCredential written down once more, by the formulas of Part 1 ---- */

static const EVP_MD *md_of(const struct ek *e)
{
    return EVP_get_digestbyname(tb_bank_name(e->pub.name_alg));
}

static void hmac(const EVP_MD *md, const uint8_t *key, size_t key_len, const struct test_bytes *in,
                 uint8_t *out)
{
    size_t len = 0;

    assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, EVP_MD_get0_name(md), NULL, key, key_len, in->b,
                              in->n, out, 64, &len));
}

/* KDFa for results of at most one digest: 1 || label || 00 || context || bits. */
static void kdfa(const EVP_MD *md, const uint8_t *seed, const char *label, struct tb_reader context,
                 uint32_t bits, uint8_t *out)
{
    struct test_bytes in = { 0 };

    test_put_u32(&in, 1);
    test_put(&in, label, strlen(label) + 1);
    test_put(&in, context.p, context.left);
    test_put_u32(&in, bits);
    hmac(md, seed, (size_t)EVP_MD_get_size(md), &in, out);
}

static void seed_rsa(const struct ek *e, const struct tb_credential *c, uint8_t *seed)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(e->key, NULL);
    uint8_t plain[512];
    size_t len = sizeof plain;

    assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md_of(e)), 1);
    assert_int_equal(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_memdup("IDENTITY", 9), 9), 1);
    assert_int_equal(EVP_PKEY_decrypt(ctx, plain, &len, c->secret, c->secret_len), 1);
    assert_int_equal(len, EVP_MD_get_size(md_of(e)));
    memcpy(seed, plain, len);
    EVP_PKEY_CTX_free(ctx);
}

static void seed_ecc(const struct ek *e, const struct tb_credential *c, uint8_t *seed)
{
    struct tb_reader r = tb_slice(c->secret, c->secret_len), x, y;
    size_t len = e->pub.n_or_x.left, z_len = 66;
    EVP_PKEY *peer = EVP_PKEY_new();
    uint8_t point[133] = { 4 }, z[66];
    struct test_bytes in = { 0 };
    EVP_PKEY_CTX *ctx;
    unsigned n;

    assert_true(tb_read_tpm2b(&r, &x) && tb_read_tpm2b(&r, &y) && r.left == 0);
    assert_int_equal(x.left, len);
    assert_int_equal(y.left, len);
    memcpy(point + 1, x.p, len);
    memcpy(point + 1 + len, y.p, len);
    assert_int_equal(EVP_PKEY_copy_parameters(peer, e->key), 1);
    assert_int_equal(EVP_PKEY_set1_encoded_public_key(peer, point, 1 + 2 * len), 1);
    ctx = EVP_PKEY_CTX_new(e->key, NULL);
    assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
    assert_int_equal(EVP_PKEY_derive(ctx, z, &z_len), 1);
    test_put_u32(&in, 1); /* KDFe: counter || Z || label with NUL || both x */
    test_put(&in, z, z_len);
    test_put(&in, "IDENTITY", 9);
    test_put(&in, x.p, len);
    test_put(&in, e->pub.n_or_x.p, len);
    assert_int_equal(EVP_Digest(in.b, in.n, seed, &n, md_of(e), NULL), 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
}

/* The secret, or false when the integrity HMAC does not hold, as a TPM says. */
static bool activate(const struct ek *e, const struct tb_credential *c, struct tb_reader ak_name,
                     uint8_t out[64], size_t *out_len)
{
    const EVP_MD *md = md_of(e);
    size_t digest_len = (size_t)EVP_MD_get_size(md);
    struct tb_reader blob = tb_slice(c->blob, c->blob_len), mac;
    uint8_t seed[64], key[64], want[64], plain[66], iv[16] = { 0 };
    struct test_bytes covered = { 0 };
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n;
    bool good;

    if (e->pub.type == TB_ALG_RSA)
        seed_rsa(e, c, seed);
    else
        seed_ecc(e, c, seed);
    assert_true(tb_read_tpm2b(&blob, &mac));
    assert_int_equal(mac.left, digest_len);
    kdfa(md, seed, "INTEGRITY", tb_slice(NULL, 0), (uint32_t)digest_len * 8, key);
    test_put(&covered, blob.p, blob.left);
    test_put(&covered, ak_name.p, ak_name.left);
    hmac(md, key, digest_len, &covered, want);
    good = memcmp(want, mac.p, digest_len) == 0;
    kdfa(md, seed, "STORAGE", ak_name, e->pub.symmetric_bits, key);
    assert_int_equal(EVP_DecryptInit_ex2(ctx,
                                         e->pub.symmetric_bits == 128   ? EVP_aes_128_cfb128()
                                         : e->pub.symmetric_bits == 192 ? EVP_aes_192_cfb128()
                                                                        : EVP_aes_256_cfb128(),
                                         key, iv, NULL),
                     1);
    assert_int_equal(EVP_DecryptUpdate(ctx, plain, &n, blob.p, (int)blob.left), 1);
    EVP_CIPHER_CTX_free(ctx);
    *out_len = (size_t)(plain[0] << 8 | plain[1]);
    if (good)
        memcpy(out, plain + 2, (size_t)n - 2);
    return good && *out_len == (size_t)n - 2;
}

static void activates(struct ek *e)
{
    struct tb_credential c;
    uint8_t out[64], other[34] = { 0x00, 0x0b, 9 };
    size_t len;

    assert_true(tb_credential_make(&e->pub, tb_slice(name, 34), tb_slice(secret, 32), &c));
    assert_true(activate(e, &c, tb_slice(name, 34), out, &len));
    assert_int_equal(len, 32);
    assert_memory_equal(out, secret, 32);
    /* T-21: the same TPM, but not the key that the credential was made for */
    assert_false(activate(e, &c, tb_slice(other, 34), out, &len));
    EVP_PKEY_free(e->key);
}

static void t21_a_credential_opens_for_the_right_key_only_with_each_kind_of_ek(void **state)
{
    struct ek e;

    (void)state;
    make_rsa(&e, 2048, TB_BANK_SHA256, 128);
    activates(&e);
    make_rsa(&e, 2048, TB_BANK_SHA384, 256);
    activates(&e);
    make_rsa(&e, 2048, TB_BANK_SHA256, 192);
    activates(&e);
    make_rsa(&e, 3072, TB_BANK_SHA384, 256); /* H-6 */
    activates(&e);
    make_rsa(&e, 4096, TB_BANK_SHA384, 256); /* H-7 */
    activates(&e);
    make_ecc(&e, "P-256", TB_CURVE_P256, TB_BANK_SHA256, 128);
    activates(&e);
    make_ecc(&e, "P-384", TB_CURVE_P384, TB_BANK_SHA384, 256);
    activates(&e);
    make_ecc(&e, "P-521", TB_CURVE_P521, TB_BANK_SHA512, 256);
    activates(&e);
}

static void two_credentials_for_the_same_secret_have_nothing_in_common(void **state)
{
    struct tb_credential a, b;
    struct ek e;

    (void)state;
    make_ecc(&e, "P-256", TB_CURVE_P256, TB_BANK_SHA256, 128);
    assert_true(tb_credential_make(&e.pub, tb_slice(name, 34), tb_slice(secret, 32), &a));
    assert_true(tb_credential_make(&e.pub, tb_slice(name, 34), tb_slice(secret, 32), &b));
    assert_int_equal(a.blob_len, b.blob_len);
    assert_int_equal(a.secret_len, b.secret_len);
    assert_memory_not_equal(a.blob + 2, b.blob + 2, a.blob_len - 2);
    assert_memory_not_equal(a.secret + 2, b.secret + 2, 32);
    EVP_PKEY_free(e.key);
}

static void refused(const struct tb_public *p, size_t name_len, size_t secret_len)
{
    static const uint8_t bytes[80];
    static const struct tb_credential nothing;
    struct tb_credential c;

    memset(&c, 0x5a, sizeof c);
    assert_false(tb_credential_make(p, tb_slice(bytes, name_len), tb_slice(bytes, secret_len), &c));
    assert_memory_equal(&c, &nothing, sizeof c);
}

static void what_no_tpm_could_open_is_refused(void **state)
{
    static const uint8_t even[256] = { 0x80 };
    struct tb_public p;
    struct ek e;

    (void)state;
    make_ecc(&e, "P-256", TB_CURVE_P256, TB_BANK_SHA256, 128);
    refused(&e.pub, 34, 0);
    refused(&e.pub, 34, 33);
    refused(&e.pub, 0, 32);
    refused(&e.pub, 67, 32);
    p = e.pub;
    p.symmetric = TB_ALG_NULL; /* no storage key */
    refused(&p, 34, 32);
    p = e.pub;
    e.point[64] ^= 1; /* not on the curve */
    refused(&p, 34, 32);
    p.curve = 1;
    refused(&p, 34, 32);
    p = (struct tb_public){ .type = TB_ALG_RSA,
                            .name_alg = TB_BANK_SHA256,
                            .symmetric = TB_ALG_AES,
                            .symmetric_bits = 128,
                            .rsa_exponent = 65537,
                            .n_or_x = tb_slice(even, 0) };
    refused(&p, 34, 32);
    EVP_PKEY_free(e.key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t21_a_credential_opens_for_the_right_key_only_with_each_kind_of_ek),
        cmocka_unit_test(two_credentials_for_the_same_secret_have_nothing_in_common),
        cmocka_unit_test(what_no_tpm_could_open_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
