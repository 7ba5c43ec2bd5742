/* Attack ids: T-17. What certificates of real vendors are like besides: DER that is none, odd sizes
 * of keys. */
#include "tests/unit/ek_world.h"

#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* ---- sets in the wrong order (Nuvoton) ---- */

/* The AttributeTypeAndValue as it stands in a name's SET: without the two headers around it. */
static size_t attribute(int nid, const char *value, uint8_t out[64])
{
    X509_NAME *name = X509_NAME_new();
    uint8_t der[64], *p = der;
    int len;

    assert_int_equal(X509_NAME_add_entry_by_NID(name, nid, MBSTRING_ASC,
                                                (const unsigned char *)value, -1, -1, 0),
                     1);
    len = i2d_X509_NAME(name, &p);
    assert_in_range(len, 5, 64);
    memcpy(out, der + 4, (size_t)len - 4);
    X509_NAME_free(name);
    return (size_t)len - 4;
}

static X509_NAME *two_in_one_set(void)
{
    X509_NAME *name = X509_NAME_new();

    for (int i = 0; i < 2; i++)
        assert_int_equal(X509_NAME_add_entry_by_NID(
                             name, i == 0 ? NID_commonName : NID_organizationName, MBSTRING_ASC,
                             (const unsigned char *)(i == 0 ? "Wrong Order" : "NTC"), -1, -1,
                             i == 0 ? 0 : -1),
                         1);
    return name;
}

/* Exchange the two attributes wherever they stand side by side. Returns how often. */
static int disorder(struct test_bytes *cert)
{
    uint8_t pair[128], swapped[128], cn[64], o[64];
    size_t n = attribute(NID_commonName, "Wrong Order", cn);
    size_t m = attribute(NID_organizationName, "NTC", o);
    int found = 0;
    uint8_t *p = cert->b;

    /* DER sorts a SET OF: the shorter one stands first. */
    memcpy(pair, o, m);
    memcpy(pair + m, cn, n);
    memcpy(swapped, cn, n);
    memcpy(swapped + n, o, m);
    while ((p = memmem(p, cert->n - (size_t)(p - cert->b), pair, n + m)) != NULL) {
        memcpy(p, swapped, n + m);
        found++;
    }
    return found;
}

/* Sign the changed body as it stands, as the vendor did. The RSA signature is the end of the DER.
 */
static void sign_again(struct test_bytes *cert)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t body = 4 + (size_t)(cert->b[6] << 8 | cert->b[7]), len = 256; /* 30 82 .. .. 30 82 */

    assert_int_equal(cert->b[5], 0x82);
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, rsa_key), 1);
    assert_int_equal(EVP_DigestSign(ctx, cert->b + cert->n - 256, &len, cert->b + 4, body), 1);
    EVP_MD_CTX_free(ctx);
}

/* A good certificate by rsa_key with those names, in the wrong order. */
static void make_disordered(const struct test_cert *parts, EVP_PKEY *key, bool self_issued,
                            struct test_bytes *out)
{
    struct test_cert c = *parts;
    X509_NAME *name = two_in_one_set();
    const uint8_t *in;
    uint8_t *p;
    X509 *x;

    c.key = key;
    c.issuer_key = rsa_key;
    test_cert_make(&c, out);
    in = out->b;
    x = d2i_X509(NULL, &in, (long)out->n);
    assert_int_equal(X509_set_issuer_name(x, name), 1);
    if (self_issued)
        assert_int_equal(X509_set_subject_name(x, name), 1);
    assert_true(X509_sign(x, rsa_key, EVP_sha256()) > 0);
    p = out->b;
    out->n = (size_t)i2d_X509(x, &p);
    X509_free(x);
    X509_NAME_free(name);
    assert_int_equal(disorder(out), self_issued ? 2 : 1);
    sign_again(out);
}

static void t17_names_with_wrongly_ordered_sets_are_taken_as_they_came(void **state)
{
    struct test_bytes disordered_root, cert;
    struct tb_root_facts facts;
    struct tb_ek_facts f;
    struct tb_reason why;
    struct tb_roots *r, *again = tb_roots_new();
    uint8_t digest[32];
    struct tb_cert *c;
    char *pem;

    (void)state;
    make_disordered(&good_root, rsa_key, true, &disordered_root);
    make_disordered(&good_ek, ek_key, false, &cert);
    r = roots_with(&disordered_root, NULL);
    assert_int_equal(tb_roots_count(r), 1);
    assert_true(check_in(r, &cert, &ek_public, &f, &why));
    /* Written out again it is the same, byte for byte: another order breaks its signature. */
    pem = tb_roots_pem(r, 0);
    assert_true(tb_roots_add(again, tb_slice(pem, strlen(pem)), "pem", &why));
    tb_roots_get(again, 0, &facts);
    c = tb_cert_parse(test_slice(&disordered_root), TB_CHECK_IDENTITY_EK_CERT, &why);
    tb_cert_sha256(c, digest);
    assert_memory_equal(facts.sha256, digest, 32);
    assert_true(tb_roots_check(again, 0, &why));
    tb_cert_free(c);
    free(pem);
    tb_roots_free(again);
    cert.b[cert.n - 1] ^= 1;
    refused_in(r, &cert, "signature", NULL);
    tb_roots_free(r);
}

/* ---- sizes of keys ---- */

static void t17_keys_of_the_chain_have_a_floor_and_no_other_size(void **state)
{
    static const struct {
        int rsa;
        const char *curve;
        bool good;
    } roots[] = {
        { 2058, NULL, true }, { 3072, NULL, true }, { 4096, NULL, true },  { 0, "P-384", true },
        { 0, "P-521", true }, { 0, "P-256", true }, { 2000, NULL, false }, { 0, "P-192", false },
    };
    EVP_PKEY *middle = EVP_EC_gen("P-384");
    struct test_cert c;

    (void)state;
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        EVP_PKEY *top =
            roots[i].rsa != 0 ? EVP_RSA_gen((unsigned)roots[i].rsa) : EVP_EC_gen(roots[i].curve);
        struct test_bytes own_root, own_inter, cert;
        struct test_cert e = good_ek;
        struct tb_ek_facts f;
        struct tb_reason why;
        struct tb_roots *r;

        assert_non_null(top);
        c = good_root;
        c.key = top;
        test_cert_make(&c, &own_root);
        c = good_inter;
        c.key = middle;
        c.issuer_key = top;
        test_cert_make(&c, &own_inter);
        e.issuer_key = middle;
        make_ek(&e, &cert);
        r = roots_with(&own_root, &own_inter);
        if (roots[i].good)
            assert_true(check_in(r, &cert, &ek_public, &f, &why));
        else
            refused_in(r, &cert, "weak key", "CN=Test Root");
        tb_roots_free(r);
        EVP_PKEY_free(top);
    }
    EVP_PKEY_free(middle);
}

/* ---- all of one NV index together ---- */

static void t17_an_empty_subject_padding_and_the_header_of_tpm_1_2_go_together(void **state)
{
    struct tb_roots *r = roots_with(&root, &inter);
    struct test_bytes cert, nv = { .n = 0 };
    struct tb_ek_facts f;
    struct tb_reason why;
    uint8_t header[5] = { 0x10, 0x01, 0x00 };

    (void)state;
    make_ek(&good_ek, &cert);
    header[3] = (uint8_t)(cert.n >> 8);
    header[4] = (uint8_t)cert.n;
    test_put(&nv, header, sizeof header);
    test_put(&nv, cert.b, cert.n);
    while (nv.n < 1600)
        nv.b[nv.n++] = 0xff;
    assert_true(check_in(r, &nv, &ek_public, &f, &why));
    assert_string_equal(f.subject, "");
    assert_string_equal(f.manufacturer, "id:00001014");
    nv.b[nv.n - 1] = 0x00; /* padding of two kinds */
    assert_false(check_in(r, &nv, &ek_public, &f, &why));
    tb_roots_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t17_names_with_wrongly_ordered_sets_are_taken_as_they_came),
        cmocka_unit_test(t17_keys_of_the_chain_have_a_floor_and_no_other_size),
        cmocka_unit_test(t17_an_empty_subject_padding_and_the_header_of_tpm_1_2_go_together),
    };

    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
