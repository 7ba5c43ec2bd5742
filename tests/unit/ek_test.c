/* Attack ids: T-17, T-18, T-25. The quirks of real certificates: critical names, dates, chains. */
#include "tests/unit/ek_world.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void t17_a_good_chain_with_a_critical_tcg_name_is_accepted(void **state)
{
    struct tb_roots *r = roots_with(&root, &inter);
    struct test_bytes cert;
    struct tb_ek_facts f;
    struct tb_reason why;

    (void)state;
    make_ek(&good_ek, &cert);
    assert_true(check_in(r, &cert, &ek_public, &f, &why));
    assert_string_equal(f.manufacturer, "id:00001014");
    assert_string_equal(f.model, "model? one");
    assert_string_equal(f.version, "id:00010002");
    assert_int_equal(f.tpm_class, TB_TPM_SOFTWARE);
    assert_string_equal(f.subject, "");
    assert_string_equal(f.issuer, "CN=Test Intermediate");
    assert_string_equal(f.root, "CN=Test Root");
    assert_false(f.expired);
    assert_false(f.no_tcg_usage);
    assert_true(f.not_after_s == TEST_NOW_S + 365 * 86400);
    tb_roots_free(r);
}

static void an_rsa_endorsement_key_needs_key_encipherment(void **state)
{
    struct tb_roots *r = roots_with(&root, &inter);
    struct test_cert c = good_ek;
    struct test_bytes cert;
    struct tb_ek_facts f;
    struct tb_reason why;

    (void)state;
    c.key = rsa_key;
    c.key_usage = "critical,keyEncipherment";
    make_ek(&c, &cert);
    assert_true(check_in(r, &cert, &rsa_public, &f, &why));
    c.key_usage = "critical,keyAgreement";
    make_ek(&c, &cert);
    assert_false(check_in(r, &cert, &rsa_public, &f, &why));
    assert_string_equal(why.where, "key usage");
    tb_roots_free(r);
}

static void the_hosts_own_chain_helps_but_is_not_trusted(void **state)
{
    struct tb_roots *with = roots_with(&root, NULL), *without = roots_with(NULL, NULL);
    struct tb_reader chain[] = { tb_slice("junk", 4), test_slice(&inter), test_slice(&root) };
    struct test_bytes cert;
    struct tb_ek_facts f;
    struct tb_reason why;

    (void)state;
    make_ek(&good_ek, &cert);
    assert_true(tb_ek_cert_check(with, &rules, test_slice(&cert), chain, 3, &ek_public, &f, &why));
    assert_int_equal(f.n_ignored, 1);
    assert_false(
        tb_ek_cert_check(without, &rules, test_slice(&cert), chain, 3, &ek_public, &f, &why));
    assert_string_equal(why.where, "unknown root");
    assert_string_equal(why.observed, "CN=Test Root");
    assert_false(tb_ek_cert_check(with, &rules, test_slice(&cert), chain, TB_EK_CHAIN_MAX + 1,
                                  &ek_public, &f, &why));
    assert_string_equal(why.where, "certificate chain");
    tb_roots_free(with);
    tb_roots_free(without);
}

static void t17_a_self_signed_certificate_is_refused(void **state)
{
    struct tb_roots *r = roots_with(&root, &inter);
    struct test_cert c = good_ek;
    struct test_bytes cert;

    (void)state;
    c.subject = "Me";
    c.issuer = NULL;
    c.issuer_key = ek_key;
    make_ek(&c, &cert);
    refused_in(r, &cert, "self-signed", "CN=Me");
    tb_roots_free(r);
}

static void t17_expired_and_not_yet_valid_are_told_apart_from_untrusted(void **state)
{
    struct tb_roots *r = roots_with(&root, &inter);
    struct test_cert c = good_ek;
    struct test_bytes cert;
    struct tb_ek_facts f;
    struct tb_reason why;

    (void)state;
    c.subject = "Old";
    c.not_after_s = TEST_NOW_S - 1;
    make_ek(&c, &cert);
    refused_by(r, &cert, TB_CHECK_IDENTITY_EK_EXPIRED, "expired", "CN=Old");
    assert_false(check_in(r, &cert, &ek_public, &f, &why));
    assert_true(f.expired);
    rules.allow_expired = true;
    assert_true(check_in(r, &cert, &ek_public, &f, &why));
    assert_true(f.expired);
    rules.allow_expired = false;
    c.not_after_s = TEST_NOW_S;
    make_ek(&c, &cert);
    assert_true(check_in(r, &cert, &ek_public, &f, &why));
    c.not_after_s = 0;
    c.not_before_s = TEST_NOW_S + 1;
    make_ek(&c, &cert);
    refused_by(r, &cert, TB_CHECK_IDENTITY_EK_EXPIRED, "not yet valid", "CN=Old");
    tb_roots_free(r);
}

static void t17_an_expired_intermediate_is_named(void **state)
{
    struct test_cert c = good_inter;
    struct test_bytes old, cert;
    struct tb_roots *r;

    (void)state;
    c.key = inter_key;
    c.issuer_key = root_key;
    c.not_after_s = TEST_NOW_S - 1;
    test_cert_make(&c, &old);
    r = roots_with(&root, &old);
    make_ek(&good_ek, &cert);
    refused_by(r, &cert, TB_CHECK_IDENTITY_EK_EXPIRED, "expired", "CN=Test Intermediate");
    tb_roots_free(r);
}

static void t17_a_wrong_key_usage_is_refused(void **state)
{
    struct test_cert c = good_ek;

    (void)state;
    c.key_usage = "critical,digitalSignature";
    refused(&c, "key usage", NULL);
    c.key_usage = "critical,keyEncipherment"; /* an RSA certificate's, on an ECC key */
    refused(&c, "key usage", NULL);
}

static void t17_a_missing_tcg_extended_usage_is_noted_and_another_one_refused(void **state)
{
    struct tb_roots *r = roots_with(&root, &inter);
    struct test_cert c = good_ek;
    struct test_bytes cert;
    struct tb_ek_facts f;
    struct tb_reason why;

    (void)state;
    c.extended = NULL;
    make_ek(&c, &cert);
    assert_true(check_in(r, &cert, &ek_public, &f, &why));
    assert_true(f.no_tcg_usage);
    tb_roots_free(r);
    c.extended = "serverAuth";
    refused(&c, "extended key usage", NULL);
}

static void t17_an_unknown_root_is_refused_by_the_name_of_the_missing_issuer(void **state)
{
    struct tb_roots *none = roots_with(NULL, NULL), *inter_only = roots_with(NULL, &inter);
    struct test_bytes cert;
    struct tb_ek_facts f;
    struct tb_reason why;

    (void)state;
    make_ek(&good_ek, &cert);
    refused_in(none, &cert, "missing issuer", "http://example.invalid/issuer.crt");
    assert_false(check_in(none, &cert, &ek_public, &f, &why));
    assert_string_equal(why.expected, "CN=Test Intermediate");
    refused_in(inter_only, &cert, "missing issuer", "no address");
    assert_false(check_in(inter_only, &cert, &ek_public, &f, &why));
    assert_string_equal(why.expected, "CN=Test Root");
    tb_roots_free(none);
    tb_roots_free(inter_only);
}

static void t17_a_missing_intermediate_is_named_with_its_address(void **state)
{
    struct tb_roots *r = roots_with(&root, NULL);
    struct test_bytes cert;
    struct tb_ek_facts f;
    struct tb_reason why;

    (void)state;
    make_ek(&good_ek, &cert);
    assert_false(check_in(r, &cert, &ek_public, &f, &why));
    assert_string_equal(why.where, "missing issuer");
    assert_string_equal(why.expected, "CN=Test Intermediate");
    assert_string_equal(why.observed, "http://example.invalid/issuer.crt");
    tb_roots_free(r);
}

static void t17_other_critical_extensions_are_refused_by_their_oid(void **state)
{
    struct test_cert c = good_ek;

    (void)state;
    c.unknown_critical = "1.2.3.4.5";
    refused(&c, "critical extension", "1.2.3.4.5");
    c = good_ek;
    c.tcg_alt_name = false;
    c.alt_name = "critical,DNS:server.example";
    refused(&c, "subject alternative name", NULL);
}

static void t17_an_unknown_critical_extension_of_an_intermediate_is_refused(void **state)
{
    struct test_cert c = good_inter;
    struct test_bytes odd, cert;
    struct tb_roots *r;

    (void)state;
    c.key = inter_key;
    c.issuer_key = root_key;
    c.unknown_critical = "1.2.3.4.5";
    test_cert_make(&c, &odd);
    r = roots_with(&root, &odd);
    make_ek(&good_ek, &cert);
    refused_in(r, &cert, "critical extension", "CN=Test Intermediate");
    tb_roots_free(r);
}

static void t17_a_ca_certificate_is_no_endorsement_certificate(void **state)
{
    struct test_cert c = good_ek;

    (void)state;
    c.basic = "critical,CA:TRUE";
    c.key_usage = "critical,keyAgreement,keyCertSign";
    refused(&c, "basic constraints", NULL);
}

static void t17_an_issuer_that_is_no_ca_is_refused(void **state)
{
    struct test_cert c = good_inter;
    struct test_bytes leaf, cert;
    struct tb_roots *r;

    (void)state;
    c.key = inter_key;
    c.issuer_key = root_key;
    c.basic = "critical,CA:FALSE";
    test_cert_make(&c, &leaf);
    r = roots_with(&root, &leaf);
    make_ek(&good_ek, &cert);
    refused_in(r, &cert, "issuer", "CN=Test Intermediate");
    tb_roots_free(r);
}

static void t17_a_forged_signature_is_refused(void **state)
{
    struct test_cert c = good_ek;

    (void)state;
    c.subject = "Forged";
    c.issuer_key = other_key;
    refused(&c, "signature", "CN=Forged");
}

/* The chain as in roots_with(); the operator lets its root have SHA-1 below it. */
static struct tb_roots *sha1_roots_with(const struct test_bytes *second)
{
    struct tb_roots *r = roots_with(&root, second);
    struct tb_root_facts facts;

    tb_roots_get(r, 0, &facts);
    assert_false(facts.allow_sha1);
    assert_true(tb_roots_allow_sha1(r, facts.sha256));
    assert_true(tb_roots_allow_sha1(r, facts.sha256)); /* twice is once */
    tb_roots_get(r, 0, &facts);
    assert_true(facts.allow_sha1);
    return r;
}

static void t17_an_intermediate_signed_with_sha1_is_refused_unless_its_root_allows_it(void **state)
{
    struct test_cert c = good_inter;
    struct test_bytes weak, cert;
    struct tb_ek_facts f;
    struct tb_reason why;
    struct tb_roots *r;

    (void)state;
    c.key = inter_key;
    c.issuer_key = root_key;
    c.sha1 = true;
    test_cert_make(&c, &weak);
    r = roots_with(&root, &weak);
    make_ek(&good_ek, &cert);
    refused_in(r, &cert, "weak signature", "SHA-1: CN=Test Intermediate");
    assert_false(tb_roots_check(r, 1, &why));
    assert_string_equal(why.expected, "SHA-256 or better, or allow_sha1 for its root");
    tb_roots_free(r);
    r = sha1_roots_with(&weak);
    assert_true(check_in(r, &cert, &ek_public, &f, &why));
    assert_true(tb_roots_check(r, 1, &why));
    tb_roots_free(r);
}

static void t17_what_is_weaker_than_sha1_is_called_neither_and_refused(void **state)
{
    EVP_PKEY *rsa = EVP_RSA_gen(2048); /* there is no ECDSA with MD5 */
    struct test_cert c = good_inter, e = good_ek;
    struct test_bytes signer, cert;
    struct tb_roots *r;

    (void)state;
    c.key = rsa;
    c.issuer_key = root_key;
    test_cert_make(&c, &signer);
    e.issuer_key = rsa;
    e.subject = "Weak";
    e.md5 = true;
    make_ek(&e, &cert);
    r = sha1_roots_with(&signer);
    refused_in(r, &cert, "weak signature", "CN=Weak");
    tb_roots_free(r);
    EVP_PKEY_free(rsa);
}

static void t17_sha1_is_allowed_for_one_root_and_never_for_the_endorsement_certificate(void **state)
{
    struct test_cert c = good_root, e = good_ek;
    struct test_bytes other, weak, cert;
    struct tb_root_facts facts;
    struct tb_reason why;
    struct tb_roots *r;

    (void)state;
    e.sha1 = true;
    make_ek(&e, &cert);
    r = sha1_roots_with(&inter);
    refused_in(r, &cert, "weak signature", "SHA-1: the endorsement certificate");
    tb_roots_free(r);
    c.subject = "Other Root";
    c.key = other_key;
    test_cert_make(&c, &other);
    c = good_inter;
    c.key = inter_key;
    c.issuer = "Other Root";
    c.issuer_key = other_key;
    c.sha1 = true;
    test_cert_make(&c, &weak);
    make_ek(&good_ek, &cert);
    r = sha1_roots_with(&other);
    assert_true(tb_roots_add(r, test_slice(&weak), "third", &why));
    refused_in(r, &cert, "weak signature", "SHA-1: CN=Test Intermediate");
    tb_roots_get(r, 2, &facts); /* an intermediate is no root */
    assert_false(tb_roots_allow_sha1(r, facts.sha256));
    facts.sha256[0] ^= 1;
    assert_false(tb_roots_allow_sha1(r, facts.sha256));
    tb_roots_free(r);
}

static void t17_a_short_key_in_the_chain_is_refused_with_and_without_sha1(void **state)
{
    EVP_PKEY *small = EVP_RSA_gen(1024);
    struct test_cert c = good_inter, e = good_ek;
    struct test_bytes weak, cert;
    struct tb_roots *r;

    (void)state;
    c.key = small;
    c.issuer_key = root_key;
    test_cert_make(&c, &weak);
    r = roots_with(&root, &weak);
    e.issuer_key = small;
    make_ek(&e, &cert);
    refused_in(r, &cert, "weak key", "CN=Test Intermediate");
    tb_roots_free(r);
    r = sha1_roots_with(&weak);
    refused_in(r, &cert, "weak key", "CN=Test Intermediate");
    tb_roots_free(r);
    EVP_PKEY_free(small);
}

static void a_time_that_is_none_is_refused_in_every_certificate(void **state)
{
    for (int end = 0; end < 2; end++) {
        struct test_cert c = good_inter, e = good_ek;
        struct test_bytes odd, cert;
        struct tb_roots *r;
        struct tb_cert *parsed;
        struct tb_reason why;
        int64_t before, after;

        (void)state;
        e.bad_start = c.bad_start = end == 0;
        e.bad_time = c.bad_time = end == 1;
        e.subject = "Leaf";
        refused(&e, "validity", "CN=Leaf");
        make_ek(&e, &cert);
        parsed = tb_cert_parse(test_slice(&cert), TB_CHECK_IDENTITY_EK_CERT, &why);
        assert_false(tb_cert_validity(parsed, &before, &after));
        tb_cert_free(parsed);
        c.key = inter_key;
        c.issuer_key = root_key;
        test_cert_make(&c, &odd);
        r = roots_with(&root, &odd);
        make_ek(&good_ek, &cert);
        refused_in(r, &cert, "validity", "CN=Test Intermediate");
        e = good_ek; /* which a policy may let pass, but not with that above it */
        e.not_before_s = TEST_NOW_S - 2 * 86400;
        e.not_after_s = TEST_NOW_S - 86400;
        make_ek(&e, &cert);
        refused_in(r, &cert, "validity", "CN=Test Intermediate");
        tb_roots_free(r);
    }
}

static void extensions_that_do_not_parse_are_refused(void **state)
{
    struct test_cert c = good_ek;

    (void)state;
    c.basic = NULL;
    c.unknown_critical = "2.5.29.19"; /* basic constraints of the wrong shape */
    refused(&c, "extensions", NULL);
}

static void what_is_no_certificate_is_refused_before_anything_else(void **state)
{
    static const struct test_bytes sequence = { 5, { 0x30, 3, 1, 2, 3 } };
    struct tb_roots *r = roots_with(&root, &inter);
    struct test_bytes cert;

    (void)state;
    refused_in(r, &sequence, "certificate", "5 bytes of another kind");
    make_ek(&good_ek, &cert);
    test_put_u8(&cert, 7);
    refused_in(r, &cert, "certificate padding", NULL);
    tb_roots_free(r);
}

static void t18_a_certificate_about_another_key_is_refused(void **state)
{
    struct tb_roots *r = roots_with(&root, &inter);
    struct test_cert c = good_ek;
    struct test_bytes cert;
    struct tb_ek_facts f;
    struct tb_reason why;

    (void)state;
    c.key = other_key;
    make_ek(&c, &cert);
    assert_false(check_in(r, &cert, &ek_public, &f, &why));
    assert_int_equal(why.check, TB_CHECK_IDENTITY_EK_KEY);
    make_ek(&good_ek, &cert);
    assert_false(check_in(r, &cert, &rsa_public, &f, &why));
    assert_int_equal(why.check, TB_CHECK_IDENTITY_EK_KEY);
    assert_string_equal(f.manufacturer, "id:00001014"); /* facts are shown all the same */
    tb_roots_free(r);
}

/* Microsoft's id is that of Azure's TPMs, which are virtual, and of Pluton, which is none. */
static void t25_microsofts_tpm_is_virtual_only_where_its_authority_says_so(void **state)
{
    static const char *const names[] = { "Global Virtual TPM CA - 01", "Pluton CA" };
    struct test_cert c = good_ek;

    (void)state;
    c.manufacturer = "id:4D534654";
    for (unsigned i = 0; i < 2; i++) {
        struct test_cert ca = { .subject = names[i],
                                .key = root_key,
                                .basic = "critical,CA:TRUE",
                                .key_usage = "critical,keyCertSign" };
        struct test_bytes authority, cert;
        struct tb_ek_facts f;
        struct tb_reason why;
        struct tb_roots *r;

        test_cert_make(&ca, &authority);
        r = roots_with(&authority, NULL);
        c.issuer = names[i];
        c.issuer_key = root_key;
        make_ek(&c, &cert);
        assert_true(check_in(r, &cert, &ek_public, &f, &why));
        assert_int_equal(f.tpm_class, i == 0 ? TB_TPM_VIRTUAL : TB_TPM_UNKNOWN);
        tb_roots_free(r);
    }
}

static void t25_the_class_follows_the_manufacturer(void **state)
{
    static const struct {
        const char *id;
        enum tb_tpm_class tpm_class;
    } cases[] = {
        { "id:00001014", TB_TPM_SOFTWARE }, { "id:4D534654", TB_TPM_UNKNOWN },
        { "id:474f4f47", TB_TPM_VIRTUAL },  { "id:564D5700", TB_TPM_VIRTUAL },
        { "id:494E5443", TB_TPM_FIRMWARE }, { "id:414D4400", TB_TPM_FIRMWARE },
        { "id:49465800", TB_TPM_DISCRETE }, { "id:53544D20", TB_TPM_DISCRETE },
    };
    struct tb_roots *r = roots_with(&root, &inter);
    struct test_bytes cert;
    struct tb_ek_facts f;
    struct tb_reason why;
    struct test_cert c = good_ek;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        c.manufacturer = cases[i].id;
        make_ek(&c, &cert);
        assert_true(check_in(r, &cert, &ek_public, &f, &why));
        assert_int_equal(f.tpm_class, cases[i].tpm_class);
    }
    c.tcg_alt_name = false;
    make_ek(&c, &cert);
    assert_true(check_in(r, &cert, &ek_public, &f, &why));
    assert_int_equal(f.tpm_class, TB_TPM_UNKNOWN);
    assert_string_equal(tb_tpm_class_name(TB_TPM_FIRMWARE), "firmware");
    tb_roots_free(r);
}

/* ---- the corpus: certificates by swtpm's local CA ---- */

static void real_certificates_of_the_corpus_lead_to_their_root(void **state)
{
    static const char *const certs[] = { "boot/common/ek-rsa2048.der",
                                         "boot/common/ek-secp384r1.der" };
    const char *first = test_fixture("boot/ek-root.pem"); /* skips where there is no corpus */
    struct test_bytes file;
    struct tb_roots *r = tb_roots_new();
    struct tb_reason why;

    (void)state;
    assert_non_null(first);
    for (int i = 0; i < 2; i++) {
        assert_true(test_read_file(test_fixture(i == 0 ? "boot/ek-root.pem" : "boot/ek-issuer.pem"),
                                   &file));
        assert_true(tb_roots_add(r, test_slice(&file), "corpus", &why));
    }
    for (int i = 0; i < 2; i++) {
        struct tb_public pub = { 0 };
        struct tb_ek_facts f;
        const uint8_t *p = file.b;
        uint8_t n[512];
        size_t len = 0;
        BIGNUM *bn = NULL;
        X509 *x;

        assert_true(test_read_file(test_fixture(certs[i]), &file));
        x = d2i_X509(NULL, &p, (long)file.n);
        if (i == 0) {
            assert_int_equal(EVP_PKEY_get_bn_param(X509_get0_pubkey(x), "n", &bn), 1);
            pub = (struct tb_public){ .type = TB_ALG_RSA,
                                      .rsa_exponent = 65537,
                                      .n_or_x = tb_slice(n, (size_t)BN_bn2bin(bn, n)) };
        } else {
            assert_int_equal(
                EVP_PKEY_get_octet_string_param(X509_get0_pubkey(x), "pub", n, sizeof n, &len), 1);
            pub = (struct tb_public){ .type = TB_ALG_ECC,
                                      .curve = TB_CURVE_P384,
                                      .n_or_x = tb_slice(n + 1, 48),
                                      .y = tb_slice(n + 49, 48) };
        }
        if (!tb_ek_cert_check(r, &(struct tb_ek_rules){ .now_s = INT64_C(1800000000) },
                              test_slice(&file), NULL, 0, &pub, &f, &why))
            fail_msg("%s: %s / %s", why.where, why.expected, why.observed);
        assert_string_equal(f.manufacturer, "id:00001014");
        assert_string_equal(f.model, "swtpm");
        assert_int_equal(f.tpm_class, TB_TPM_SOFTWARE);
        BN_free(bn);
        X509_free(x);
    }
    tb_roots_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t17_a_good_chain_with_a_critical_tcg_name_is_accepted),
        cmocka_unit_test(an_rsa_endorsement_key_needs_key_encipherment),
        cmocka_unit_test(the_hosts_own_chain_helps_but_is_not_trusted),
        cmocka_unit_test(t17_a_self_signed_certificate_is_refused),
        cmocka_unit_test(t17_expired_and_not_yet_valid_are_told_apart_from_untrusted),
        cmocka_unit_test(t17_an_expired_intermediate_is_named),
        cmocka_unit_test(t17_a_wrong_key_usage_is_refused),
        cmocka_unit_test(t17_a_missing_tcg_extended_usage_is_noted_and_another_one_refused),
        cmocka_unit_test(t17_an_unknown_root_is_refused_by_the_name_of_the_missing_issuer),
        cmocka_unit_test(t17_a_missing_intermediate_is_named_with_its_address),
        cmocka_unit_test(t17_other_critical_extensions_are_refused_by_their_oid),
        cmocka_unit_test(t17_an_unknown_critical_extension_of_an_intermediate_is_refused),
        cmocka_unit_test(t17_a_ca_certificate_is_no_endorsement_certificate),
        cmocka_unit_test(t17_an_issuer_that_is_no_ca_is_refused),
        cmocka_unit_test(t17_a_forged_signature_is_refused),
        cmocka_unit_test(t17_an_intermediate_signed_with_sha1_is_refused_unless_its_root_allows_it),
        cmocka_unit_test(t17_what_is_weaker_than_sha1_is_called_neither_and_refused),
        cmocka_unit_test(
            t17_sha1_is_allowed_for_one_root_and_never_for_the_endorsement_certificate),
        cmocka_unit_test(t17_a_short_key_in_the_chain_is_refused_with_and_without_sha1),
        cmocka_unit_test(a_time_that_is_none_is_refused_in_every_certificate),
        cmocka_unit_test(extensions_that_do_not_parse_are_refused),
        cmocka_unit_test(what_is_no_certificate_is_refused_before_anything_else),
        cmocka_unit_test(t18_a_certificate_about_another_key_is_refused),
        cmocka_unit_test(t25_the_class_follows_the_manufacturer),
        cmocka_unit_test(t25_microsofts_tpm_is_virtual_only_where_its_authority_says_so),
        cmocka_unit_test(real_certificates_of_the_corpus_lead_to_their_root),
    };

    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
