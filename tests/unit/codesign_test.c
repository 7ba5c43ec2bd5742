/* Who may sign code: certificates and keys that are meant for it, and no other. */
#include "crypto/codesign.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test_certs.h"

static EVP_PKEY *root_key;
static struct test_bytes root_der;
static struct tb_vendors *vendors;

static int make_vendor(void **state)
{
    struct test_cert c = { .subject = "Vendor",
                           .basic = "critical,CA:TRUE",
                           .key_usage = "critical,keyCertSign" };
    struct tb_reason why;

    (void)state;
    c.key = c.issuer_key = root_key = EVP_EC_gen("P-384");
    test_cert_make(&c, &root_der);
    vendors = tb_vendors_new();
    return !tb_vendors_add(vendors, test_slice(&root_der), "root", &why);
}

static int drop_vendor(void **state)
{
    (void)state;
    EVP_PKEY_free(root_key);
    tb_vendors_free(vendors);
    return 0;
}

/* What makes a signer; zeroed members take the good value. */
struct signer {
    const char *kind; /* of the key */
    const char *basic, *key_usage, *extended;
    enum tb_code_scheme scheme;
    const char *where; /* of the refusal; NULL: taken */
};

/* A key of 3072 bits that is for another padding only. */
static EVP_PKEY *pss_key(void)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA_PSS, NULL);
    EVP_PKEY *key = NULL;

    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 3072), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *key_of(const struct signer *s)
{
    if (s->kind != NULL && strcmp(s->kind, "RSA-PSS") == 0)
        return pss_key();
    if (s->kind != NULL && strncmp(s->kind, "RSA ", 4) == 0)
        return EVP_RSA_gen((unsigned)strtoul(s->kind + 4, NULL, 10));
    return EVP_EC_gen(s->kind != NULL ? s->kind : "P-384");
}

/* A signature as the scheme asks for it; of other keys as near to it as they come. */
static size_t sign(EVP_PKEY *key, struct tb_reader text, uint8_t out[TB_CODE_SIGNATURE_MAX])
{
    unsigned char der[TB_CODE_SIGNATURE_MAX];
    const unsigned char *p = der;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len = sizeof der;
    ECDSA_SIG *sig;

    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha512(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(ctx, der, &len, text.p, text.left), 1);
    EVP_MD_CTX_free(ctx);
    if (!EVP_PKEY_is_a(key, "EC")) {
        memcpy(out, der, len);
        return len;
    }
    sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
    assert_non_null(sig);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 48), 48);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 48, 48), 48);
    ECDSA_SIG_free(sig);
    return 96;
}

static void expect(const struct signer *s)
{
    struct test_cert c = { .subject = "Signer", .issuer = "Vendor" };
    const struct tb_reader text = tb_slice("what is signed", 14);
    uint8_t value[TB_CODE_SIGNATURE_MAX];
    struct test_bytes der;
    struct tb_reader chain;
    struct tb_code_signer who;
    struct tb_reason why;
    bool ok;

    c.key = key_of(s);
    c.issuer_key = root_key;
    c.basic = s->basic != NULL ? s->basic : "critical,CA:FALSE";
    c.key_usage = s->key_usage != NULL ? s->key_usage : "critical,digitalSignature";
    c.extended = s->extended == NULL ? "codeSigning" : s->extended[0] == '\0' ? NULL : s->extended;
    test_cert_make(&c, &der);
    chain = test_slice(&der);
    ok =
        tb_code_verify(vendors, s->scheme != 0 ? s->scheme : TB_CODE_P384_SHA512, &chain, 1,
                       TEST_NOW_S, &text, 1, tb_slice(value, sign(c.key, text, value)), &who, &why);
    EVP_PKEY_free(c.key);
    if (ok != (s->where == NULL) || (!ok && strcmp(why.where, s->where) != 0))
        fail_msg("%s %s: %s", s->kind != NULL ? s->kind : "",
                 s->extended != NULL ? s->extended : "", ok ? "taken" : why.where);
}

static void t54_a_certificate_that_is_not_for_code_signs_none(void **state)
{
    static const char where[] = "signer's certificate";
    static const struct signer cases[] = {
        { .extended = "codeSigning" },
        { .extended = "serverAuth,codeSigning" },
        { .extended = "", .where = where },
        { .extended = "serverAuth", .where = where },
        { .extended = "anyExtendedKeyUsage", .where = where },
        { .key_usage = "critical,keyAgreement", .where = where },
        { .basic = "critical,CA:TRUE", .where = where },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(&cases[i]);
}

static void t54_a_key_of_another_kind_or_size_signs_none(void **state)
{
    static const struct signer cases[] = {
        { .kind = "RSA 3072", .scheme = TB_CODE_RSA_SHA512 },
        { .kind = "RSA-PSS", .scheme = TB_CODE_RSA_SHA512, .where = "signature" },
        { .kind = "RSA 2048", .scheme = TB_CODE_RSA_SHA512, .where = "signature" },
        { .kind = "RSA 3072", .scheme = TB_CODE_P384_SHA512, .where = "signature" },
        { .kind = "P-384", .scheme = TB_CODE_RSA_SHA512, .where = "signature" },
        { .kind = "P-256", .where = "signature" },
        { .kind = "secp256k1", .where = "signature" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(&cases[i]);
}

/* A root is self-signed, and a CA. */
static void only_a_root_becomes_a_vendor(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-384");
    const struct test_cert cases[] = {
        { .subject = "No CA", .key = root_key, .issuer_key = root_key, .basic = "CA:FALSE" },
        { .subject = "Other key", .key = key, .issuer_key = root_key, .basic = "CA:TRUE" },
        { .subject = "Below",
          .issuer = "Vendor",
          .key = key,
          .issuer_key = root_key,
          .basic = "CA:TRUE" },
        { .subject = "Root", .key = key, .issuer_key = key, .basic = "CA:TRUE" },
    };
    const size_t n = sizeof cases / sizeof *cases;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        struct tb_vendors *v = tb_vendors_new();
        struct test_bytes der;
        struct tb_reason why;

        test_cert_make(&cases[i], &der);
        if (tb_vendors_add(v, test_slice(&der), "x", &why) != (i == n - 1))
            fail_msg("%s", cases[i].subject);
        assert_int_equal(tb_vendors_count(v), i == n - 1);
        tb_vendors_free(v);
    }
    EVP_PKEY_free(key);
}

static void what_is_no_certificate_has_no_key(void **state)
{
    uint8_t digest[32];

    (void)state;
    assert_true(tb_code_cert_key(test_slice(&root_der), digest));
    assert_false(tb_code_cert_key(tb_slice(root_der.b, root_der.n - 1), digest));
    assert_false(tb_code_cert_key(tb_slice("", 0), digest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t54_a_certificate_that_is_not_for_code_signs_none),
        cmocka_unit_test(only_a_root_becomes_a_vendor),
        cmocka_unit_test(what_is_no_certificate_has_no_key),
        cmocka_unit_test(t54_a_key_of_another_kind_or_size_signs_none),
    };

    return cmocka_run_group_tests(tests, make_vendor, drop_vendor);
}
