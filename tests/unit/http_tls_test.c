/* tests/unit/http_tls_test.c - TLS 1.3 seen by an OpenSSL client: versions, resumption, exporter.
 */
#include "tests/unit/http_app.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

static char key_pem[2000], certificate_pem[3000];

static void pem_take(BIO *bio, char *out, size_t size)
{
    int n = BIO_read(bio, out, (int)size - 1);

    assert_true(n > 0);
    out[n] = '\0';
    BIO_free(bio);
}

static int make_certificate(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    BIO *bio;

    (void)state;
    assert_true(key != NULL && x != NULL);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, key);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, x), 1);
    pem_take(bio, certificate_pem, sizeof certificate_pem);
    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    pem_take(bio, key_pem, sizeof key_pem);
    X509_free(x);
    EVP_PKEY_free(key);
    return 0;
}

static struct tb_http_config tls_config(struct app *app)
{
    struct tb_http_config c = app_config(app);

    c.plain_for_tests = false;
    c.certificate_pem = certificate_pem;
    c.key_pem = key_pem;
    return c;
}

/* What one connection saw. */
struct seen {
    bool connected, reused, agrees;
    int status;
    SSL_SESSION *session; /* the last ticket; owned */
};

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct seen *seen = SSL_get_app_data(ssl);

    SSL_SESSION_free(seen->session);
    seen->session = session;
    return 1;
}

static size_t ssl_reply(SSL *ssl, char *out, size_t size)
{
    size_t n = 0;
    int got;

    while (n + 1 < size && (got = SSL_read(ssl, out + n, (int)(size - 1 - n))) > 0)
        n += (size_t)got;
    out[n] = '\0';
    return n;
}

static void exporter_compare(SSL *ssl, size_t len, struct seen *seen)
{
    static const char label[] = "EXPORTER-Trueboot-evidence";
    unsigned char ours[32];
    char *body = memmem(reply_text, len, "\r\n\r\n", 4);

    seen->status = status_of(reply_text);
    assert_int_equal(
        SSL_export_keying_material(ssl, ours, sizeof ours, label, sizeof label - 1, NULL, 0, 0), 1);
    if (body != NULL && len - (size_t)(body + 4 - reply_text) == sizeof ours)
        seen->agrees = memcmp(body + 4, ours, sizeof ours) == 0;
}

/* Connect, GET /exporter, close. version: the only one offered. resume: a session or NULL. */
static struct seen visit(struct app *app, int version, SSL_SESSION *resume)
{
    static const char request[] = "GET /exporter HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    struct seen seen = { 0 };
    struct timeval limit = { 5, 0 };
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl;
    int fd = dial(app);

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, keep_session);
    SSL_CTX_set_min_proto_version(ctx, version);
    SSL_CTX_set_max_proto_version(ctx, version);
    SSL_CTX_set_security_level(ctx, 0);
    ssl = SSL_new(ctx);
    SSL_set_app_data(ssl, &seen);
    SSL_set_fd(ssl, fd);
    if (resume != NULL)
        SSL_set_session(ssl, resume);
    seen.connected = SSL_connect(ssl) == 1;
    seen.reused = seen.connected && SSL_session_reused(ssl) == 1;
    if (seen.connected && SSL_write(ssl, request, sizeof request - 1) > 0)
        exporter_compare(ssl, ssl_reply(ssl, reply_text, sizeof reply_text), &seen);
    SSL_shutdown(ssl);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    return seen;
}

static void exporter_equals_openssl_on_full_and_resumed_sessions(void **state)
{
    struct app app;
    struct tb_http_config c = tls_config(&app);
    struct tb_http_counters n;
    struct seen first, second;

    (void)state;
    app_start(&app, &c);
    first = visit(&app, TLS1_3_VERSION, NULL);
    assert_true(first.connected && !first.reused);
    assert_int_equal(first.status, 200);
    assert_true(first.agrees);
    assert_non_null(first.session);
    assert_non_null(strstr(reply_text, "Strict-Transport-Security: max-age="));
    second = visit(&app, TLS1_3_VERSION, first.session);
    assert_true(second.connected && second.reused);
    assert_int_equal(second.status, 200);
    assert_true(second.agrees);
    tb_http_counters_read(app.server, &n);
    assert_int_equal(n.tls_full, 1);
    assert_int_equal(n.tls_resumed, 1);
    SSL_SESSION_free(first.session);
    SSL_SESSION_free(second.session);
    app_stop(&app);
}

static void tls_1_2_is_refused(void **state)
{
    struct app app;
    struct tb_http_config c = tls_config(&app);
    struct seen seen;

    (void)state;
    app_start(&app, &c);
    seen = visit(&app, TLS1_2_VERSION, NULL);
    assert_false(seen.connected);
    SSL_SESSION_free(seen.session);
    app_stop(&app);
}

static void replicas_with_one_ticket_key_resume_each_others_sessions(void **state)
{
    static const uint8_t key[32] = "0123456789abcdef0123456789abcde", other[32] = "another";
    struct app a, b;
    struct tb_http_config ca = tls_config(&a), cb = tls_config(&b);
    struct seen at_a, at_b, after;

    (void)state;
    ca.ticket_key = cb.ticket_key = key;
    ca.ticket_key_len = cb.ticket_key_len = sizeof key;
    app_start(&a, &ca);
    app_start(&b, &cb);
    at_a = visit(&a, TLS1_3_VERSION, NULL);
    assert_non_null(at_a.session);
    at_b = visit(&b, TLS1_3_VERSION, at_a.session);
    assert_true(at_b.reused && at_b.agrees);
    assert_true(tb_http_ticket_key_set(b.server, other, sizeof other));
    assert_false(tb_http_ticket_key_set(b.server, other, 31));
    after = visit(&b, TLS1_3_VERSION, at_b.session); /* the old ticket: one full handshake */
    assert_true(after.connected && !after.reused && after.agrees);
    SSL_SESSION_free(at_a.session);
    SSL_SESSION_free(at_b.session);
    SSL_SESSION_free(after.session);
    app_stop(&a);
    app_stop(&b);
}

static bool one_is_parked(struct app *a)
{
    return atomic_load(&a->parked) != NULL;
}

/* Read until text is seen; the socket has a time limit. */
static bool ssl_until(SSL *ssl, const char *text)
{
    size_t n = 0;
    int got;

    reply_text[0] = '\0';
    while (strstr(reply_text, text) == NULL) {
        got = SSL_read(ssl, reply_text + n, (int)(sizeof reply_text - 1 - n));
        if (got <= 0)
            return false;
        n += (size_t)got;
        reply_text[n] = '\0';
    }
    return true;
}

static void parking_and_events_work_over_tls(void **state)
{
    static const char wait[] = "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n";
    static const char events[] = "GET /events HTTP/1.1\r\nHost: h\r\n\r\n";
    struct timeval limit = { 5, 0 };
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    struct app app;
    struct tb_http_config c = tls_config(&app);
    int fd;

    (void)state;
    app_start(&app, &c);
    fd = dial(&app);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    SSL_set_fd(ssl, fd);
    assert_int_equal(SSL_connect(ssl), 1);
    for (int i = 0; i < 3; i++) {
        assert_true(SSL_write(ssl, wait, sizeof wait - 1) > 0);
        assert_true(wait_for(one_is_parked, &app, 2000));
        usleep(20000);
        assert_true(tb_http_unpark(atomic_exchange(&app.parked, NULL), 200, "text/plain", "go", 2));
        assert_true(ssl_until(ssl, "\r\n\r\ngo"));
    }
    assert_true(SSL_write(ssl, events, sizeof events - 1) > 0);
    assert_true(ssl_until(ssl, "event: hello"));
    assert_int_equal(tb_http_hub_publish(app.hub, "verdict", "changed"), 1);
    assert_true(ssl_until(ssl, "data: changed"));
    assert_true(ssl_until(ssl, ":\n\n")); /* heartbeat */
    app_stop(&app);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
}

static void stalled_handshake_ends_at_the_head_deadline(void **state)
{
    struct app app;
    struct tb_http_config c = tls_config(&app);
    int64_t start;
    int fd;

    (void)state;
    c.head_ms = 300;
    app_start(&app, &c);
    fd = dial(&app);
    start = now_ms();
    (void)!send(fd, "\x16\x03\x01\x02", 4, MSG_NOSIGNAL);
    assert_true(get(fd, reply_text, sizeof reply_text, 3000));
    assert_in_range(now_ms() - start, 200, 1500);
    close(fd);
    app_stop(&app);
}

static void plain_http_at_the_tls_port_is_not_answered(void **state)
{
    struct app app;
    struct tb_http_config c = tls_config(&app);

    (void)state;
    app_start(&app, &c);
    talk(&app, "GET /v1/hosts/x HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_null(strstr(reply_text, "HTTP/1.1"));
    assert_int_equal(app.handled, 0);
    app_stop(&app);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exporter_equals_openssl_on_full_and_resumed_sessions),
        cmocka_unit_test(tls_1_2_is_refused),
        cmocka_unit_test(replicas_with_one_ticket_key_resume_each_others_sessions),
        cmocka_unit_test(parking_and_events_work_over_tls),
        cmocka_unit_test(stalled_handshake_ends_at_the_head_deadline),
        cmocka_unit_test(plain_http_at_the_tls_port_is_not_answered),
    };

    return cmocka_run_group_tests(tests, make_certificate, NULL);
}
