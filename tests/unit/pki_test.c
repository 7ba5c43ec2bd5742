#include "crypto/pki.h"
#include "crypto/tls.h"
#include "tests/unit/test_support.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#define NOW INT64_C(1790000000)
#define DAY INT64_C(86400)

static const char *const names[] = { "trueboot.example", "192.0.2.7", "2001:db8::7" };
static struct tb_pki_pair ca, server;

static struct tb_reader text(const char *s)
{
    return tb_slice(s, strlen(s));
}

static int make(void **state)
{
    char err[TB_PKI_ERROR_MAX];

    (void)state;
    return !tb_pki_ca_make("Trueboot CA", NOW, &ca, err) ||
           !tb_pki_server_make(&ca, names, 3, NOW, &server, err);
}

static int wipe(void **state)
{
    static const struct tb_pki_pair nothing;

    (void)state;
    tb_pki_pair_wipe(&ca);
    tb_pki_pair_wipe(&server);
    return memcmp(&ca, &nothing, sizeof ca) != 0;
}

static X509 *first_cert(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    assert_non_null(x);
    return x;
}

static void the_ca_may_sign_servers_and_no_other_ca(void **state)
{
    X509 *x = first_cert(ca.cert);

    (void)state;
    assert_int_equal(X509_get_pathlen(x), 0);
    assert_int_equal(X509_check_ca(x), 1);
    assert_int_equal(X509_get_key_usage(x), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_int_equal(X509_self_signed(x, 1), 1);
    X509_free(x);
}

static void a_client_accepts_the_server_by_each_of_its_names(void **state)
{
    X509 *leaf = first_cert(server.cert), *root = first_cert(ca.cert);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;

    (void)state;
    assert_int_equal(X509_STORE_add_cert(store, root), 1);
    assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf, NULL), 1);
    param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, NOW);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_auth_level(param, 2);
    X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER);
    assert_int_equal(X509_verify_cert(ctx), 1);
    assert_int_equal(X509_check_host(leaf, names[0], 0, 0, NULL), 1);
    assert_int_equal(X509_check_ip_asc(leaf, names[1], 0), 1);
    assert_int_equal(X509_check_ip_asc(leaf, names[2], 0), 1);
    assert_int_equal(X509_check_host(leaf, "other.example", 0, 0, NULL), 0);
    assert_true(X509_check_purpose(leaf, X509_PURPOSE_SSL_CLIENT, 0) == 0);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    X509_free(leaf);
    X509_free(root);
}

static void the_fingerprint_is_the_digest_of_the_first_certificate(void **state)
{
    X509 *x = first_cert(server.cert);
    uint8_t a[32], b[EVP_MAX_MD_SIZE];
    unsigned len;

    (void)state;
    assert_int_equal(X509_digest(x, EVP_sha256(), b, &len), 1);
    assert_true(tb_pki_fingerprint(text(server.cert), a));
    assert_memory_equal(a, b, 32);
    assert_false(tb_pki_fingerprint(text("nothing"), a));
    X509_free(x);
}

static bool renew(const char *cert, const char *by, const char *const *n, size_t n_n, int64_t now)
{
    return tb_pki_needs_renewal(text(cert), text(by), n, n_n, now);
}

static void a_certificate_is_renewed_when_it_is_old_foreign_or_lacks_a_name(void **state)
{
    static const char *const more[] = { "trueboot.example", "new.example" };
    static const char *const address[] = { "192.0.2.8" };
    struct tb_pki_pair other;
    char err[TB_PKI_ERROR_MAX];

    (void)state;
    assert_true(tb_pki_ca_make("Trueboot CA", NOW, &other, err));
    assert_false(renew(server.cert, ca.cert, names, 3, NOW));
    assert_false(renew(server.cert, ca.cert, names, 3, NOW + 260 * DAY));
    assert_true(renew(server.cert, ca.cert, names, 3, NOW + 270 * DAY));
    assert_true(renew(server.cert, ca.cert, names, 3, NOW + 4000 * DAY));
    assert_true(renew(server.cert, ca.cert, names, 3, NOW - DAY));
    assert_true(renew(server.cert, other.cert, names, 3, NOW));
    assert_true(renew(server.cert, ca.cert, more, 2, NOW));
    assert_true(renew(server.cert, ca.cert, address, 1, NOW));
    assert_true(renew("junk", ca.cert, names, 3, NOW));
    assert_true(renew(server.cert, "junk", names, 3, NOW));
}

static void names_that_could_say_more_than_a_name_are_refused(void **state)
{
    static const char *const bad[] = { "a,IP:192.0.2.1", "", "a b", "a/b", "a\nb" };
    struct tb_pki_pair out;
    char err[TB_PKI_ERROR_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(tb_pki_server_make(&ca, &bad[i], 1, NOW, &out, err));
        assert_string_equal(err, "a name is neither an IP address nor a DNS name");
    }
    assert_false(tb_pki_server_make(&ca, names, 0, NOW, &out, err));
    assert_false(tb_pki_server_make(&ca, names, TB_PKI_NAMES_MAX + 1, NOW, &out, err));
    assert_string_equal(err, "a server certificate has 1 to 16 names");
}

static void sixteen_long_names_fit(void **state)
{
    char longest[254];
    const char *many[TB_PKI_NAMES_MAX];
    struct tb_pki_pair out;
    char err[TB_PKI_ERROR_MAX];

    (void)state;
    memset(longest, 'a', 253);
    for (int i = 62; i < 253; i += 63)
        longest[i] = '.';
    longest[253] = '\0';
    for (int i = 0; i < TB_PKI_NAMES_MAX; i++)
        many[i] = longest;
    assert_true(tb_pki_server_make(&ca, many, TB_PKI_NAMES_MAX, NOW, &out, err));
    tb_pki_pair_wipe(&out);
}

static void a_ca_whose_key_does_not_fit_is_refused(void **state)
{
    struct tb_pki_pair mixed = ca, other, out;
    char err[TB_PKI_ERROR_MAX];

    (void)state;
    assert_true(tb_pki_ca_make("Trueboot CA", NOW, &other, err));
    memcpy(mixed.key, other.key, sizeof mixed.key);
    assert_false(tb_pki_server_make(&mixed, names, 3, NOW, &out, err));
    assert_string_equal(out.key, "");
    strcpy(mixed.key, "junk");
    assert_false(tb_pki_server_make(&mixed, names, 3, NOW, &out, err));
}

/* ---- the exporter, over a handshake in memory ---- */

struct pair {
    SSL_CTX *ctx[2];
    SSL *end[2]; /* client, server */
};

static void handshake(struct pair *p, int version)
{
    BIO *a, *b;
    BIO *key_bio = BIO_new_mem_buf(server.key, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL);
    X509 *cert = first_cert(server.cert);

    p->ctx[0] = SSL_CTX_new(TLS_client_method());
    p->ctx[1] = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(p->ctx[1], cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(p->ctx[1], key), 1);
    SSL_CTX_set_max_proto_version(p->ctx[0], version);
    p->end[0] = SSL_new(p->ctx[0]);
    p->end[1] = SSL_new(p->ctx[1]);
    assert_int_equal(BIO_new_bio_pair(&a, 0, &b, 0), 1);
    SSL_set_bio(p->end[0], a, a);
    SSL_set_bio(p->end[1], b, b);
    SSL_set_connect_state(p->end[0]);
    SSL_set_accept_state(p->end[1]);
    for (int i = 0; i < 20; i++) {
        SSL_do_handshake(p->end[0]);
        SSL_do_handshake(p->end[1]);
    }
    assert_int_equal(SSL_is_init_finished(p->end[0]), 1);
    BIO_free(key_bio);
    EVP_PKEY_free(key);
    X509_free(cert);
}

static void hang_up(struct pair *p)
{
    for (int i = 0; i < 2; i++) {
        SSL_free(p->end[i]);
        SSL_CTX_free(p->ctx[i]);
    }
}

static void t14_both_ends_of_a_connection_and_only_they_export_the_same(void **state)
{
    uint8_t a[32], b[32], c[32];
    struct pair one, two;

    (void)state;
    handshake(&one, TLS1_3_VERSION);
    handshake(&two, TLS1_3_VERSION);
    assert_true(tb_tls_exporter(one.end[0], a));
    assert_true(tb_tls_exporter(one.end[1], b));
    assert_true(tb_tls_exporter(two.end[0], c));
    assert_memory_equal(a, b, 32);
    assert_memory_not_equal(a, c, 32);
    hang_up(&one);
    hang_up(&two);
}

static void t14_no_exporter_before_the_handshake_or_below_tls_1_3(void **state)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *idle = SSL_new(ctx);
    struct pair old;
    uint8_t out[32];

    (void)state;
    handshake(&old, TLS1_2_VERSION);
    assert_false(tb_tls_exporter(old.end[0], out));
    assert_false(tb_tls_exporter(idle, out));
    assert_false(tb_tls_exporter(NULL, out));
    hang_up(&old);
    SSL_free(idle);
    SSL_CTX_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ca_may_sign_servers_and_no_other_ca),
        cmocka_unit_test(a_client_accepts_the_server_by_each_of_its_names),
        cmocka_unit_test(the_fingerprint_is_the_digest_of_the_first_certificate),
        cmocka_unit_test(a_certificate_is_renewed_when_it_is_old_foreign_or_lacks_a_name),
        cmocka_unit_test(names_that_could_say_more_than_a_name_are_refused),
        cmocka_unit_test(sixteen_long_names_fit),
        cmocka_unit_test(a_ca_whose_key_does_not_fit_is_refused),
        cmocka_unit_test(t14_both_ends_of_a_connection_and_only_they_export_the_same),
        cmocka_unit_test(t14_no_exporter_before_the_handshake_or_below_tls_1_3),
    };

    return cmocka_run_group_tests(tests, make, wipe);
}
