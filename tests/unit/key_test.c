/* Attack ids: T-06 to T-09; real quotes of the corpus. */
#include "core/quote.h"
#include "core/signature.h"
#include "crypto/key.h"
#include "tests/unit/test_support.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const enum test_ak_kind kinds[] = { TEST_AK_P256, TEST_AK_P384, TEST_AK_RSA2048,
                                           TEST_AK_RSA2048_PSS };
#define N_KINDS (sizeof kinds / sizeof kinds[0])

/* An AK, its parsed public area and key, and one good signature over the digest of "quote". */
struct signed_thing {
    struct test_ak *ak;
    struct tb_public pub;
    struct tb_key *key;
    uint8_t digest[EVP_MAX_MD_SIZE];
    struct test_bytes bytes;
    struct tb_signature sig;
};

static void make(struct signed_thing *t, enum test_ak_kind kind)
{
    struct tb_hasher *h = tb_hasher_new();
    struct tb_reason why;

    t->ak = test_ak_new(kind);
    assert_true(tb_public_parse(test_ak_public(t->ak), TB_CHECK_IDENTITY_AK, &t->pub, &why));
    t->key = tb_public_key(&t->pub);
    assert_non_null(t->key);
    assert_true(tb_hash(h, test_ak_hash(t->ak), tb_slice("quote", 5), t->digest));
    test_ak_sign(t->ak, tb_slice("quote", 5), &t->bytes);
    assert_true(tb_signature_parse(test_slice(&t->bytes), &t->sig, &why));
    tb_hasher_free(h);
}

static void drop(struct signed_thing *t)
{
    tb_key_free(t->key);
    test_ak_free(t->ak);
}

static bool verify(struct signed_thing *t)
{
    return tb_key_verify(t->key, t->sig.scheme, t->sig.hash, t->digest, t->sig.sig_or_r, t->sig.s);
}

static void a_signature_of_each_kind_of_key_verifies_again_and_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_KINDS; i++) {
        struct signed_thing t;

        make(&t, kinds[i]);
        for (int n = 0; n < 3; n++) { /* the cached context survives good and bad */
            assert_true(verify(&t));
            t.digest[0] ^= 1;
            assert_false(verify(&t));
            t.digest[0] ^= 1;
        }
        drop(&t);
    }
}

static void every_changed_byte_of_a_signature_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_KINDS; i++) {
        struct signed_thing t;

        make(&t, kinds[i]);
        for (size_t b = 0; b < t.bytes.n - 4; b++) {
            struct tb_signature sig;
            struct tb_reason why;

            t.bytes.b[4 + b] ^= 1;
            if (tb_signature_parse(test_slice(&t.bytes), &sig, &why))
                assert_false(
                    tb_key_verify(t.key, sig.scheme, sig.hash, t.digest, sig.sig_or_r, sig.s));
            t.bytes.b[4 + b] ^= 1;
        }
        assert_true(verify(&t));
        drop(&t);
    }
}

static void another_key_of_the_same_kind_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_KINDS; i++) {
        struct signed_thing a, b;

        make(&a, kinds[i]);
        make(&b, kinds[i]);
        assert_false(
            tb_key_verify(b.key, a.sig.scheme, a.sig.hash, a.digest, a.sig.sig_or_r, a.sig.s));
        drop(&a);
        drop(&b);
    }
}

static void t06_t07_another_scheme_or_hash_than_the_signatures_is_refused(void **state)
{
    static const uint16_t schemes[] = { TB_ALG_RSASSA, TB_ALG_RSAPSS, TB_ALG_ECDSA, TB_ALG_NULL,
                                        TB_ALG_ECDAA,  TB_ALG_SM2,    TB_ALG_HMAC,  0xffff };

    (void)state;
    for (size_t i = 0; i < N_KINDS; i++) {
        struct signed_thing t;
        uint8_t digest[TB_DIGEST_MAX] = { 0 };

        make(&t, kinds[i]);
        memcpy(digest, t.digest, tb_bank_digest_len(t.sig.hash));
        for (size_t s = 0; s < sizeof schemes / sizeof schemes[0]; s++)
            for (unsigned b = 0; b < TB_N_BANKS; b++) {
                if (schemes[s] == t.sig.scheme && b == t.sig.hash)
                    continue;
                /* ECDSA does not sign which hash it used: only the digest's first bytes count,
                 * so that a longer digest with the same beginning holds on the smaller curve. */
                if (schemes[s] == TB_ALG_ECDSA && b > t.sig.hash)
                    continue;
                assert_false(tb_key_verify(t.key, schemes[s], (enum tb_bank)b, digest,
                                           t.sig.sig_or_r, t.sig.s));
            }
        drop(&t);
    }
}

static void t08_an_rsa_signature_with_an_ec_key_and_the_reverse_are_refused(void **state)
{
    struct signed_thing ec, rsa;

    (void)state;
    make(&ec, TEST_AK_P256);
    make(&rsa, TEST_AK_RSA2048);
    assert_false(tb_key_verify(ec.key, TB_ALG_RSASSA, TB_BANK_SHA256, rsa.digest, rsa.sig.sig_or_r,
                               rsa.sig.s));
    assert_false(
        tb_key_verify(rsa.key, TB_ALG_ECDSA, TB_BANK_SHA256, ec.digest, ec.sig.sig_or_r, ec.sig.s));
    assert_false(tb_key_verify(ec.key, TB_ALG_ECDSA, TB_BANK_SHA256, rsa.digest, rsa.sig.sig_or_r,
                               tb_slice(NULL, 0)));
    /* RSA takes no second part, whatever it is. */
    assert_false(tb_key_verify(rsa.key, TB_ALG_RSASSA, TB_BANK_SHA256, rsa.digest, rsa.sig.sig_or_r,
                               tb_slice("x", 1)));
    assert_true(verify(&rsa));
    drop(&ec);
    drop(&rsa);
}

static void t09_zero_and_above_the_order_are_refused(void **state)
{
    static uint8_t ones[600];
    uint8_t zeros[48] = { 0 };

    (void)state;
    memset(ones, 0xff, sizeof ones);
    for (size_t i = 0; i < 2; i++) {
        struct signed_thing t;
        size_t len = kinds[i] == TEST_AK_P384 ? 48 : 32;
        const struct tb_reader bad[] = { tb_slice(zeros, len),    tb_slice(zeros, 1),
                                         tb_slice(NULL, 0),       tb_slice(ones, len),
                                         tb_slice(ones, len + 1), tb_slice(ones, 66),
                                         tb_slice(ones, 600) };

        make(&t, kinds[i]);
        for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++) {
            assert_false(tb_key_verify(t.key, TB_ALG_ECDSA, t.sig.hash, t.digest, bad[b], t.sig.s));
            assert_false(
                tb_key_verify(t.key, TB_ALG_ECDSA, t.sig.hash, t.digest, t.sig.sig_or_r, bad[b]));
        }
        drop(&t);
    }
}

/* Sign until r or s is short, as happens once in 128 times; then it must hold without its zeros. */
static void t09_short_and_zero_padded_numbers_hold(void **state)
{
    struct signed_thing t;
    uint8_t padded[66] = { 0 };
    bool short_seen = false;

    (void)state;
    make(&t, TEST_AK_P256);
    memcpy(padded + 66 - 32, t.sig.sig_or_r.p, 32);
    assert_true(
        tb_key_verify(t.key, TB_ALG_ECDSA, t.sig.hash, t.digest, tb_slice(padded, 66), t.sig.s));
    for (int i = 0; i < 4000 && !short_seen; i++) {
        struct tb_reason why;
        struct tb_reader r;

        test_ak_sign(t.ak, tb_slice("quote", 5), &t.bytes);
        assert_true(tb_signature_parse(test_slice(&t.bytes), &t.sig, &why));
        r = t.sig.sig_or_r;
        short_seen = r.p[0] == 0;
        assert_true(verify(&t));
        if (short_seen)
            assert_true(tb_key_verify(t.key, TB_ALG_ECDSA, t.sig.hash, t.digest,
                                      tb_slice(r.p + 1, 31), t.sig.s));
    }
    assert_true(short_seen);
    drop(&t);
}

static void t09_numbers_of_another_curves_size_are_refused(void **state)
{
    struct signed_thing p256, p384;

    (void)state;
    make(&p256, TEST_AK_P256);
    make(&p384, TEST_AK_P384);
    assert_false(tb_key_verify(p256.key, TB_ALG_ECDSA, TB_BANK_SHA384, p384.digest,
                               p384.sig.sig_or_r, p384.sig.s));
    assert_false(tb_key_verify(p384.key, TB_ALG_ECDSA, TB_BANK_SHA256, p256.digest,
                               p256.sig.sig_or_r, p256.sig.s));
    drop(&p256);
    drop(&p384);
}

static void p521_keys_verify_with_a_long_der(void **state)
{
    EVP_PKEY *k = EVP_EC_gen("P-521");
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k, NULL);
    uint8_t point[133], der[200], r[66], s[66];
    const uint8_t *p = der, digest[64] = { 7 };
    size_t point_len, len = sizeof der;
    ECDSA_SIG *sig;
    struct tb_key *key;

    (void)state;
    assert_int_equal(EVP_PKEY_get_octet_string_param(k, OSSL_PKEY_PARAM_PUB_KEY, point,
                                                     sizeof point, &point_len),
                     1);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_sign(ctx, der, &len, digest, sizeof digest), 1);
    sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), r, 66), 66);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), s, 66), 66);
    key = tb_key_new_ec(TB_CURVE_P521, tb_slice(point + 1, 66), tb_slice(point + 67, 66));
    assert_non_null(key);
    assert_true(
        tb_key_verify(key, TB_ALG_ECDSA, TB_BANK_SHA512, digest, tb_slice(r, 66), tb_slice(s, 66)));
    s[65] ^= 1;
    assert_false(
        tb_key_verify(key, TB_ALG_ECDSA, TB_BANK_SHA512, digest, tb_slice(r, 66), tb_slice(s, 66)));
    ECDSA_SIG_free(sig);
    tb_key_free(key);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(k);
}

static void t07_rsa_keys_that_are_none_are_refused(void **state)
{
    struct signed_thing t;
    uint8_t n[520];

    (void)state;
    make(&t, TEST_AK_RSA2048);
    memset(n, 0xff, sizeof n);
    memcpy(n, t.pub.n_or_x.p, 256);
    assert_null(tb_key_new_rsa(tb_slice(n + 128, 128), 65537)); /* 1024 bits */
    n[1] |= 0x80;
    assert_null(tb_key_new_rsa(tb_slice(n + 1, 255), 65537));
    n[1] = t.pub.n_or_x.p[1];
    assert_null(tb_key_new_rsa(tb_slice(n, 513), 65537));
    assert_null(tb_key_new_rsa(tb_slice(n, 256), 1));
    assert_null(tb_key_new_rsa(tb_slice(n, 256), 3));
    assert_null(tb_key_new_rsa(tb_slice(n, 256), 65538));
    n[255] ^= 1; /* even */
    assert_null(tb_key_new_rsa(tb_slice(n, 256), 65537));
    n[255] ^= 1;
    n[0] &= 0x7f; /* shorter than it says */
    assert_null(tb_key_new_rsa(tb_slice(n, 256), 65537));
    drop(&t);
}

static void ec_points_that_are_none_are_refused(void **state)
{
    struct signed_thing t;
    uint8_t x[33] = { 0 }, y[32], zero[32] = { 0 }, longer[64] = { 0 };
    struct tb_key *k;

    (void)state;
    make(&t, TEST_AK_P256);
    memcpy(x + 1, t.pub.n_or_x.p, 32);
    memcpy(y, t.pub.y.p, 32);
    k = tb_key_new_ec(TB_CURVE_P256, tb_slice(x + 1, 32), tb_slice(y, 32));
    assert_non_null(k);
    tb_key_free(k);
    assert_null(tb_key_new_ec(TB_CURVE_P256, tb_slice(x, 33), tb_slice(y, 32)));
    assert_null(tb_key_new_ec(TB_CURVE_P256, tb_slice(y, 32), tb_slice(x, 33)));
    longer[0] = x[32]; /* would land on x, and change nothing there */
    memcpy(longer + 1, y, 32);
    assert_null(tb_key_new_ec(TB_CURVE_P256, tb_slice(x + 1, 32), tb_slice(longer, 33)));
    assert_null(tb_key_new_ec(TB_CURVE_P256, tb_slice(longer, sizeof longer), tb_slice(y, 32)));
    assert_null(tb_key_new_ec(TB_CURVE_P256, tb_slice(y, 32), tb_slice(longer, sizeof longer)));
    assert_null(tb_key_new_ec(TB_CURVE_P256, tb_slice(NULL, 0), tb_slice(y, 32)));
    assert_null(tb_key_new_ec(TB_CURVE_P256, tb_slice(x + 1, 32), tb_slice(NULL, 0)));
    assert_null(tb_key_new_ec(TB_CURVE_P256, tb_slice(zero, 32), tb_slice(zero, 32)));
    assert_null(tb_key_new_ec(TB_CURVE_P384, tb_slice(x + 1, 32), tb_slice(y, 32)));
    assert_null(tb_key_new_ec(0x0001, tb_slice(x + 1, 32), tb_slice(y, 32)));
    y[31] ^= 1;
    assert_null(tb_key_new_ec(TB_CURVE_P256, tb_slice(x + 1, 32), tb_slice(y, 32)));
    drop(&t);
}

/* pcrs.txt: lines of bank, index, hex. */
static void read_pcrs(const char *path, struct tb_pcrs *out)
{
    FILE *f = fopen(path, "r");
    char name[16], hex[2 * TB_DIGEST_MAX + 1];
    unsigned pcr;
    enum tb_bank bank;

    assert_non_null(f);
    while (fscanf(f, "%15s %u %128s", name, &pcr, hex) == 3) {
        assert_true(tb_bank_of_name(name, &bank) && pcr < TB_N_PCRS);
        assert_int_equal(strlen(hex), 2 * tb_bank_digest_len(bank));
        out->mask[bank] |= UINT32_C(1) << pcr;
        for (size_t i = 0; i < tb_bank_digest_len(bank); i++) {
            unsigned byte;

            assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
            out->value[bank][pcr][i] = (uint8_t)byte;
        }
    }
    fclose(f);
}

static void verify_boot(const char *dir, struct tb_hasher *h)
{
    struct test_bytes attest, sig_bytes, ak, nonce;
    static struct tb_pcrs pcrs;
    uint8_t digest[TB_DIGEST_MAX];
    char path[8192];
    struct tb_reader area, ak_bytes;
    struct tb_signature sig;
    struct tb_public pub;
    struct tb_quote q;
    struct tb_reason why;
    struct tb_key *key;

    snprintf(path, sizeof path, "%s/quote.attest", dir);
    if (!test_read_file(path, &attest))
        return; /* refused boots have no quote */
    snprintf(path, sizeof path, "%s/quote.sig", dir);
    assert_true(test_read_file(path, &sig_bytes));
    snprintf(path, sizeof path, "%s/quote.nonce", dir);
    assert_true(test_read_file(path, &nonce));
    snprintf(path, sizeof path, "%s/ak.tpm2b_public", dir);
    assert_true(test_read_file(path, &ak));
    memset(&pcrs, 0, sizeof pcrs);
    snprintf(path, sizeof path, "%s/pcrs.txt", dir);
    read_pcrs(path, &pcrs);
    ak_bytes = test_slice(&ak);
    assert_true(tb_read_tpm2b(&ak_bytes, &area) && ak_bytes.left == 0);
    assert_true(tb_public_check_ak(area, &pub, &why));
    assert_true(tb_quote_parse(test_slice(&attest), &q, &why));
    assert_true(tb_slice_equal(q.extra_data, test_slice(&nonce)));
    assert_true(tb_signature_parse(test_slice(&sig_bytes), &sig, &why));
    key = tb_public_key(&pub);
    assert_non_null(key);
    assert_true(tb_hash(h, sig.hash, test_slice(&attest), digest));
    assert_true(tb_key_verify(key, sig.scheme, sig.hash, digest, sig.sig_or_r, sig.s));
    digest[0] ^= 1;
    assert_false(tb_key_verify(key, sig.scheme, sig.hash, digest, sig.sig_or_r, sig.s));
    tb_key_free(key);
    assert_true(tb_pcrs_digest(&pcrs, q.selection, q.n_selections, sig.hash, h, digest, &why));
    assert_true(tb_slice_equal(q.pcr_digest, tb_slice(digest, tb_bank_digest_len(sig.hash))));
}

static void l68_l76_the_quotes_of_real_boots_verify_and_cover_their_pcrs(void **state)
{
    const char *boots = test_fixture("boot");
    char root[4096], path[6000];
    struct tb_hasher *h;
    struct dirent *e;
    DIR *d;

    (void)state;
    snprintf(root, sizeof root, "%s", boots);
    h = tb_hasher_new();
    d = opendir(root);
    assert_non_null(d);
    while ((e = readdir(d)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", root, e->d_name);
        if (e->d_name[0] != '.')
            verify_boot(path, h);
    }
    closedir(d);
    tb_hasher_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_of_each_kind_of_key_verifies_again_and_again),
        cmocka_unit_test(every_changed_byte_of_a_signature_is_refused),
        cmocka_unit_test(another_key_of_the_same_kind_is_refused),
        cmocka_unit_test(t06_t07_another_scheme_or_hash_than_the_signatures_is_refused),
        cmocka_unit_test(t08_an_rsa_signature_with_an_ec_key_and_the_reverse_are_refused),
        cmocka_unit_test(t09_zero_and_above_the_order_are_refused),
        cmocka_unit_test(t09_short_and_zero_padded_numbers_hold),
        cmocka_unit_test(t09_numbers_of_another_curves_size_are_refused),
        cmocka_unit_test(p521_keys_verify_with_a_long_der),
        cmocka_unit_test(t07_rsa_keys_that_are_none_are_refused),
        cmocka_unit_test(ec_points_that_are_none_are_refused),
        cmocka_unit_test(l68_l76_the_quotes_of_real_boots_verify_and_cover_their_pcrs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
