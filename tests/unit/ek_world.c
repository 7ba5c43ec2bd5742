#include "tests/unit/ek_world.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <stdlib.h>

EVP_PKEY *root_key, *inter_key, *ek_key, *rsa_key, *other_key;
uint8_t ek_point[65], ek_n[256];
struct tb_public ek_public, rsa_public;
struct test_bytes root, inter;
struct tb_ek_rules rules;

const struct test_cert good_root = { .subject = "Test Root",
                                     .basic = CA_BASIC,
                                     .key_usage = CA_USAGE };
const struct test_cert good_inter = {
    .subject = "Test Intermediate", .issuer = "Test Root", .basic = CA_BASIC, .key_usage = CA_USAGE
};
const struct test_cert good_ek = {
    .issuer = "Test Intermediate",
    .basic = "critical,CA:FALSE",
    .key_usage = "critical,keyAgreement",
    .extended = "2.23.133.8.1",
    .tcg_alt_name = true,
    .aia = AIA,
};

int make_keys(void **state)
{
    struct test_cert c;
    BIGNUM *n = NULL;
    size_t len;

    (void)state;
    root_key = EVP_EC_gen("P-256");
    inter_key = EVP_EC_gen("P-256");
    ek_key = EVP_EC_gen("P-256");
    other_key = EVP_EC_gen("P-256");
    rsa_key = EVP_RSA_gen(2048);
    if (EVP_PKEY_get_octet_string_param(ek_key, OSSL_PKEY_PARAM_PUB_KEY, ek_point, 65, &len) != 1 ||
        EVP_PKEY_get_bn_param(rsa_key, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
        BN_bn2binpad(n, ek_n, 256) != 256)
        return 1;
    BN_free(n);
    ek_public = (struct tb_public){ .type = TB_ALG_ECC,
                                    .curve = TB_CURVE_P256,
                                    .n_or_x = tb_slice(ek_point + 1, 32),
                                    .y = tb_slice(ek_point + 33, 32) };
    rsa_public = (struct tb_public){
        .type = TB_ALG_RSA, .rsa_bits = 2048, .rsa_exponent = 65537, .n_or_x = tb_slice(ek_n, 256)
    };
    c = good_root;
    c.key = root_key;
    test_cert_make(&c, &root);
    c = good_inter;
    c.key = inter_key;
    c.issuer_key = root_key;
    test_cert_make(&c, &inter);
    rules = (struct tb_ek_rules){ .now_s = TEST_NOW_S };
    return 0;
}

int drop_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(root_key);
    EVP_PKEY_free(inter_key);
    EVP_PKEY_free(ek_key);
    EVP_PKEY_free(other_key);
    EVP_PKEY_free(rsa_key);
    return 0;
}

struct tb_roots *roots_with(const struct test_bytes *first, const struct test_bytes *second)
{
    struct tb_roots *r = tb_roots_new();
    struct tb_reason why;

    assert_non_null(r);
    if (first != NULL)
        assert_true(tb_roots_add(r, test_slice(first), "first", &why));
    if (second != NULL)
        assert_true(tb_roots_add(r, test_slice(second), "second", &why));
    return r;
}

void make_ek(const struct test_cert *parts, struct test_bytes *out)
{
    struct test_cert c = *parts;

    if (c.key == NULL)
        c.key = ek_key;
    if (c.issuer_key == NULL)
        c.issuer_key = inter_key;
    test_cert_make(&c, out);
}

bool check_in(struct tb_roots *r, const struct test_bytes *cert, const struct tb_public *ek,
              struct tb_ek_facts *f, struct tb_reason *why)
{
    uint8_t *exact = test_memdup(cert->b, cert->n);
    bool ok;

    *why = (struct tb_reason){ .check = TB_N_CHECKS };
    ok = tb_ek_cert_check(r, &rules, tb_slice(exact, cert->n), NULL, 0, ek, f, why);
    free(exact);
    return ok;
}

void refused_by(struct tb_roots *r, const struct test_bytes *cert, enum tb_check check,
                const char *where, const char *observed)
{
    struct tb_ek_facts f;
    struct tb_reason why;

    assert_false(check_in(r, cert, &ek_public, &f, &why));
    assert_int_equal(why.check, check);
    assert_string_equal(why.where, where);
    if (observed != NULL)
        assert_string_equal(why.observed, observed);
}

void refused_in(struct tb_roots *r, const struct test_bytes *cert, const char *where,
                const char *observed)
{
    refused_by(r, cert, TB_CHECK_IDENTITY_EK_CERT, where, observed);
}

void refused(const struct test_cert *parts, const char *where, const char *observed)
{
    struct tb_roots *r = roots_with(&root, &inter);
    struct test_bytes cert;

    make_ek(parts, &cert);
    refused_in(r, &cert, where, observed);
    tb_roots_free(r);
}
