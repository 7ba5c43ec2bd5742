#include "crypto/cert.h"
#include "tests/unit/test_certs.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

static EVP_PKEY *key;
static struct test_bytes der;

static int make(void **state)
{
    struct test_cert c = { .subject = "A, \"B\"\x1b[31m\xc3\xa9",
                           .issuer = "Issuer",
                           .not_before_s = 1700000000,
                           .not_after_s = 1800000000 };

    (void)state;
    key = EVP_EC_gen("P-256");
    c.key = c.issuer_key = key;
    test_cert_make(&c, &der);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    return 0;
}

static struct tb_cert *parse(void)
{
    struct tb_reason why;
    struct tb_cert *c = tb_cert_parse(test_slice(&der), TB_CHECK_IDENTITY_EK_CERT, &why);

    assert_non_null(c);
    return c;
}

static void names_and_times_are_read(void **state)
{
    struct tb_cert *c = parse();
    char name[TB_CERT_NAME_MAX];
    uint8_t sha[32], want[EVP_MAX_MD_SIZE];
    int64_t before, after;
    unsigned len;

    (void)state;
    tb_cert_subject_text(c, name);
    assert_string_equal(name, "CN=A\\, \\\"B\\\"\\1B[31m\\C3\\A9"); /* nothing acts in a terminal */
    tb_cert_issuer_text(c, name);
    assert_string_equal(name, "CN=Issuer");
    assert_true(tb_cert_validity(c, &before, &after));
    assert_true(before == 1700000000 && after == 1800000000);
    tb_cert_sha256(c, sha);
    assert_int_equal(EVP_Digest(der.b, der.n, want, &len, EVP_sha256(), NULL), 1);
    assert_memory_equal(sha, want, 32);
    tb_cert_free(c);
    tb_cert_free(NULL);
}

static void the_light_subject_is_bounded_and_tolerant(void **state)
{
    char out[8];

    (void)state;
    assert_true(tb_cert_subject(test_slice(&der), out, sizeof out));
    assert_string_equal(out, "CN=A\\, ");
    out[0] = 'x';
    assert_false(tb_cert_subject(tb_slice("junk", 4), out, sizeof out));
    assert_string_equal(out, "");
    assert_false(tb_cert_subject(tb_slice(NULL, 0), out, sizeof out));
}

/* Neither key can be read, which makes them no more equal than two others. */
static void a_certificate_with_an_unknown_key_is_about_no_key(void **state)
{
    static const uint8_t ec_public_key[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };
    struct test_bytes odd = der;
    uint8_t *oid = memmem(odd.b, odd.n, ec_public_key, sizeof ec_public_key);
    uint8_t zeros[32] = { 0 };
    struct tb_public pub = { .type = TB_ALG_ECC,
                             .curve = TB_CURVE_P256,
                             .n_or_x = tb_slice(zeros, 32),
                             .y = tb_slice(zeros, 32) };
    struct tb_reason why;
    struct tb_cert *c;

    (void)state;
    assert_non_null(oid);
    oid[6] = 0x7f;
    c = tb_cert_parse(test_slice(&odd), TB_CHECK_IDENTITY_EK_CERT, &why);
    assert_non_null(c);
    assert_false(tb_cert_is_about(c, &pub));
    tb_cert_free(c);
    c = parse();
    assert_false(tb_cert_is_about(c, &pub));
    tb_cert_free(c);
}

static void every_truncation_and_a_trailing_byte_are_refused(void **state)
{
    struct test_bytes longer = der;
    struct tb_reason why;
    char name[TB_CERT_NAME_MAX];

    (void)state;
    for (size_t n = 0; n < der.n; n++) {
        uint8_t *exact = test_memdup(der.b, n);

        why.check = TB_N_CHECKS;
        assert_null(tb_cert_parse(tb_slice(exact, n), TB_CHECK_IDENTITY_EK_CERT, &why));
        assert_int_equal(why.check, TB_CHECK_IDENTITY_EK_CERT);
        assert_false(tb_cert_subject(tb_slice(exact, n), name, sizeof name));
        assert_string_equal(name, "");
        free(exact);
    }
    test_put_u8(&longer, 0);
    assert_false(tb_cert_subject(test_slice(&longer), name, sizeof name));
    assert_null(tb_cert_parse(test_slice(&longer), TB_CHECK_IDENTITY_EK_CERT, &why));
    assert_string_equal(why.where, "certificate");
}

/* Well formed in all else, so that nothing but the limit can refuse it. */
static void a_certificate_above_the_limit_is_refused(void **state)
{
    static char comment[TB_CERT_DER_MAX];
    ASN1_IA5STRING *value = ASN1_IA5STRING_new();
    const uint8_t *p = der.b;
    X509 *x = d2i_X509(NULL, &p, (long)der.n);
    uint8_t *big = NULL;
    struct tb_reason why;
    char out[32];
    int len;

    (void)state;
    memset(comment, 'a', sizeof comment);
    assert_int_equal(ASN1_STRING_set(value, comment, sizeof comment), 1);
    assert_int_equal(X509_add1_ext_i2d(x, NID_netscape_comment, value, 0, 0), 1);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    len = i2d_X509(x, &big);
    assert_true(len > TB_CERT_DER_MAX);
    assert_null(tb_cert_parse(tb_slice(big, (size_t)len), TB_CHECK_IDENTITY_EK_CERT, &why));
    assert_false(tb_cert_subject(tb_slice(big, (size_t)len), out, sizeof out));
    OPENSSL_free(big);
    ASN1_IA5STRING_free(value);
    X509_free(x);
}

static void t18_only_the_very_same_key_is_the_certificates_key(void **state)
{
    struct tb_cert *c = parse();
    uint8_t point[65];
    size_t len;
    struct tb_public p;

    (void)state;
    assert_int_equal(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, 65, &len),
                     1);
    p = (struct tb_public){ .type = TB_ALG_ECC,
                            .curve = TB_CURVE_P256,
                            .n_or_x = tb_slice(point + 1, 32),
                            .y = tb_slice(point + 33, 32) };
    assert_true(tb_cert_is_about(c, &p));
    p.curve = TB_CURVE_P384;
    assert_false(tb_cert_is_about(c, &p));
    p.curve = TB_CURVE_P256;
    p.type = TB_ALG_RSA;
    p.rsa_exponent = 65537;
    assert_false(tb_cert_is_about(c, &p));
    p.type = TB_ALG_ECC;
    point[64] ^= 1;
    assert_false(tb_cert_is_about(c, &p));
    tb_cert_free(c);
}

static void t18_an_rsa_key_is_compared_by_modulus_and_exponent(void **state)
{
    EVP_PKEY *rsa = EVP_RSA_gen(2048);
    struct test_cert t = { .subject = "RSA", .key = rsa };
    struct test_bytes b;
    struct tb_public p = { .type = TB_ALG_RSA, .rsa_bits = 2048, .rsa_exponent = 65537 };
    struct tb_reason why;
    struct tb_cert *c;
    uint8_t n[256];
    BIGNUM *bn = NULL;

    (void)state;
    test_cert_make(&t, &b);
    c = tb_cert_parse(test_slice(&b), TB_CHECK_IDENTITY_EK_CERT, &why);
    assert_non_null(c);
    assert_int_equal(EVP_PKEY_get_bn_param(rsa, OSSL_PKEY_PARAM_RSA_N, &bn), 1);
    assert_int_equal(BN_bn2binpad(bn, n, 256), 256);
    p.n_or_x = tb_slice(n, 256);
    assert_true(tb_cert_is_about(c, &p));
    p.rsa_exponent = 65539;
    assert_false(tb_cert_is_about(c, &p));
    p.rsa_exponent = 65537;
    n[100] ^= 1;
    assert_false(tb_cert_is_about(c, &p));
    BN_free(bn);
    tb_cert_free(c);
    EVP_PKEY_free(rsa);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_times_are_read),
        cmocka_unit_test(the_light_subject_is_bounded_and_tolerant),
        cmocka_unit_test(a_certificate_with_an_unknown_key_is_about_no_key),
        cmocka_unit_test(every_truncation_and_a_trailing_byte_are_refused),
        cmocka_unit_test(a_certificate_above_the_limit_is_refused),
        cmocka_unit_test(t18_only_the_very_same_key_is_the_certificates_key),
        cmocka_unit_test(t18_an_rsa_key_is_compared_by_modulus_and_exponent),
    };

    return cmocka_run_group_tests(tests, make, drop);
}
