/* The operator's roots, as files. */
#include "tests/unit/ek_world.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void to_pem(const struct test_bytes *der, struct test_bytes *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const uint8_t *p = der->b;
    X509 *x = d2i_X509(NULL, &p, (long)der->n);
    char *text;
    long len;

    assert_int_equal(PEM_write_bio_X509(bio, x), 1);
    len = BIO_get_mem_data(bio, &text);
    test_put(out, text, (size_t)len);
    X509_free(x);
    BIO_free(bio);
}

static void roots_come_as_der_or_as_a_pem_bundle(void **state)
{
    struct tb_roots *r = tb_roots_new();
    struct test_bytes pem = { 0 };
    struct tb_reason why;

    (void)state;
    test_put(&pem, "# vendor roots\n", 15);
    to_pem(&root, &pem);
    to_pem(&inter, &pem);
    assert_true(tb_roots_add(r, test_slice(&pem), "bundle.pem", &why));
    assert_int_equal(tb_roots_count(r), 1);
    assert_int_equal(tb_roots_intermediates(r), 1);
    assert_true(tb_roots_add(r, test_slice(&root), "again.der", &why));
    assert_true(tb_roots_add(r, test_slice(&inter), "again.der", &why));
    assert_int_equal(tb_roots_count(r), 1);
    assert_int_equal(tb_roots_intermediates(r), 1);
    tb_roots_free(r);
    tb_roots_free(NULL);
}

static void a_file_that_holds_no_certificate_is_refused_by_its_name(void **state)
{
    static const char cut[] = "-----BEGIN CERTIFICATE-----\nAAAA\n";
    static const char broken[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    static const char other[] = "-----BEGIN NOTHING-----\nAAAA\n-----END NOTHING-----\n";
    static const char *const bad[] = { "", "hello", cut, broken, other };
    struct tb_roots *r = tb_roots_new();
    struct test_bytes pem = { 0 };
    struct tb_reason why;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(tb_roots_add(r, tb_slice(bad[i], strlen(bad[i])), "x.pem", &why));
        assert_string_equal(why.where, "x.pem");
        assert_int_equal(why.check, TB_CHECK_IDENTITY_EK_CERT);
    }
    assert_false(tb_roots_add(r, tb_slice(NULL, 0), "x.pem", &why));
    to_pem(&root, &pem); /* all or nothing: a good one before a broken one is not kept */
    test_put(&pem, broken, strlen(broken));
    assert_false(tb_roots_add(r, test_slice(&pem), "x.pem", &why));
    assert_int_equal(tb_roots_count(r), 0);
    pem.n -= strlen(broken);
    test_put(&pem, cut, strlen(cut)); /* cut short */
    assert_false(tb_roots_add(r, test_slice(&pem), "x.pem", &why));
    assert_int_equal(tb_roots_count(r), 0);
    tb_roots_free(r);
}

static void the_number_of_roots_is_bounded(void **state)
{
    struct tb_roots *r = tb_roots_new();
    struct test_bytes der;
    struct test_cert c = good_inter;
    struct tb_reason why;
    char name[32];
    bool ok = true;
    size_t n = 0;

    (void)state;
    c.key = other_key;
    c.issuer_key = other_key;
    c.subject = name;
    for (; n <= TB_ROOTS_MAX && ok; n++) {
        snprintf(name, sizeof name, "Intermediate %zu", n);
        test_cert_make(&c, &der);
        ok = tb_roots_add(r, test_slice(&der), "many", &why);
    }
    assert_false(ok);
    assert_int_equal(n, TB_ROOTS_MAX + 1);
    assert_int_equal(tb_roots_intermediates(r), TB_ROOTS_MAX);
    tb_roots_free(r);
}

static void certificates_are_given_back_in_their_order(void **state)
{
    struct tb_roots *r = roots_with(&inter, &root), *again = tb_roots_new();
    struct tb_root_facts f, g;
    struct tb_reason why;

    (void)state;
    tb_roots_get(r, 0, &f);
    assert_false(f.root);
    assert_string_equal(f.subject, "CN=Test Intermediate");
    assert_string_equal(f.issuer, "CN=Test Root");
    assert_true(f.has_times && f.not_before_s < TEST_NOW_S && f.not_after_s > TEST_NOW_S);
    tb_roots_get(r, 1, &f);
    assert_true(f.root);
    assert_string_equal(f.issuer, "CN=Test Root");
    for (size_t i = 0; i < 2; i++) {
        char *pem = tb_roots_pem(r, i);

        assert_true(tb_roots_add(again, tb_slice(pem, strlen(pem)), "back", &why));
        tb_roots_get(r, i, &f);
        tb_roots_get(again, i, &g);
        assert_memory_equal(f.sha256, g.sha256, 32);
        free(pem);
    }
    tb_roots_free(again);
    tb_roots_free(r);
}

static void an_intermediate_without_its_issuer_is_named(void **state)
{
    struct tb_roots *r = roots_with(&inter, NULL);
    struct tb_reason why;

    (void)state;
    assert_false(tb_roots_check(r, 0, &why));
    assert_string_equal(why.where, "missing issuer");
    assert_string_equal(why.expected, "CN=Test Root");
    assert_true(tb_roots_add(r, test_slice(&root), "root", &why));
    assert_true(tb_roots_check(r, 0, &why));
    assert_true(tb_roots_check(r, 1, &why));
    tb_roots_free(r);
}

static void what_is_no_ca_or_was_signed_by_another_key_cannot_vouch(void **state)
{
    struct test_cert c = good_inter;
    struct test_bytes der = { 0 };
    struct tb_reason why;
    struct tb_roots *r;

    (void)state;
    c.key = inter_key;
    c.issuer_key = root_key;
    c.basic = "critical,CA:FALSE";
    test_cert_make(&c, &der);
    r = roots_with(&root, &der);
    assert_false(tb_roots_check(r, 1, &why));
    assert_string_equal(why.expected, "a CA certificate");
    tb_roots_free(r);
    c.basic = CA_BASIC;
    c.issuer_key = other_key;
    test_cert_make(&c, &der);
    r = roots_with(&root, &der);
    assert_false(tb_roots_check(r, 1, &why));
    assert_string_equal(why.where, "signature");
    tb_roots_free(r);
}

static void t17_a_root_among_the_intermediates_is_refused_by_its_name(void **state)
{
    struct tb_roots *r = tb_roots_new();
    struct test_bytes both = root;
    struct tb_reason why;
    char *pem;

    (void)state;
    assert_false(tb_roots_add_intermediates(r, test_slice(&both), "a file", &why));
    assert_string_equal(why.where, "a file");
    assert_string_equal(why.observed, "a self-issued certificate: CN=Test Root");
    assert_true(tb_roots_add_intermediates(r, test_slice(&inter), "a file", &why));
    assert_int_equal(tb_roots_intermediates(r), 1);
    pem = tb_roots_pem(r, 0);
    both.n = 0;
    test_put(&both, pem, strlen(pem));
    free(pem);
    tb_roots_free(r);
    /* All or nothing, also where the second of a bundle is at fault. */
    r = roots_with(&root, NULL);
    pem = tb_roots_pem(r, 0);
    test_put(&both, pem, strlen(pem));
    free(pem);
    tb_roots_free(r);
    r = tb_roots_new();
    assert_false(tb_roots_add_intermediates(r, test_slice(&both), "bundle", &why));
    assert_int_equal(tb_roots_intermediates(r) + tb_roots_count(r), 0);
    assert_true(tb_roots_add(r, test_slice(&both), "bundle", &why));
    tb_roots_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_come_as_der_or_as_a_pem_bundle),
        cmocka_unit_test(a_file_that_holds_no_certificate_is_refused_by_its_name),
        cmocka_unit_test(the_number_of_roots_is_bounded),
        cmocka_unit_test(certificates_are_given_back_in_their_order),
        cmocka_unit_test(an_intermediate_without_its_issuer_is_named),
        cmocka_unit_test(what_is_no_ca_or_was_signed_by_another_key_cannot_vouch),
        cmocka_unit_test(t17_a_root_among_the_intermediates_is_refused_by_its_name),
    };

    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
