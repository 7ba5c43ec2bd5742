/* tests/unit/http_test.c - the HTTP server as a client on a raw socket sees it. TLS is in
 * http_tls_test.c. Every wait is bounded. */
#include "tests/unit/http_app.h"

#include <zstd.h>

static struct app app; /* the server most tests share */

static int setup(void **state)
{
    struct tb_http_config c = app_config(&app);

    (void)state;
    app_start(&app, &c);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    app_stop(&app);
    return 0;
}

static void bad_framing_is_refused_once_and_closed(void **state)
{
    static const char *const heads[] = {
        "Host: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Host: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "Host: h\r\nTransfer-Encoding: chunked\r\n",
        "Host: h\r\nTransfer-Encoding: xchunked\r\nContent-Length: 3\r\n",
        "Host: h\r\nContent-Length: 3\r\nContent-Length: 5\r\n",
        "Host: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n",
        "Host: h\r\nContent-Length: 3, 5\r\n",
        "Host: h\r\nContent-Length: +3\r\n",
        "Host: h\r\nContent-Length : 3\r\n",
        "Host: h\r\nHost: g\r\nContent-Length: 3\r\n",
        "Host: a b\r\nContent-Length: 3\r\n",
        "Host: h:99999\r\nContent-Length: 3\r\n",
        "Host: h/x\r\nContent-Length: 3\r\n",
        "Host: \r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\n",
        "Host: h\r\nX-A: a\x01z\r\nContent-Length: 3\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        char text[500];
        int before = app.handled;
        bool closed;

        snprintf(text, sizeof text,
                 "POST /echo HTTP/1.1\r\n%s\r\nabcGET /v1/hosts/x HTTP/1.1\r\nHost: h\r\n\r\n",
                 heads[i]);
        closed = talk(&app, text);
        if (status_of(reply_text) != 400 || count(reply_text, "HTTP/1.1 200") != 0 || !closed ||
            app.handled != before)
            fail_msg("%s: closed %d, %s", heads[i], closed, reply_text);
    }
}

static void good_request_on_a_kept_connection_is_answered_twice(void **state)
{
    (void)state;
    assert_false(talk(&app, "POST /echo HTTP/1.1\r\nHost: h:8443\r\nContent-Length: 3\r\n\r\nabc"
                            "GET /v1/hosts/x HTTP/1.1\r\nHost: [::1]:1\r\n\r\n"));
    assert_int_equal(count(reply_text, "HTTP/1.1 200"), 2);
    assert_non_null(strstr(reply_text, "\r\n\r\nabc"));
}

static void other_versions_are_refused(void **state)
{
    (void)state;
    assert_true(talk(&app, "GET /v1/hosts/x HTTP/1.0\r\nHost: h\r\n\r\n"));
    assert_int_equal(count(reply_text, " 505 "), 1);
}

static void paths_are_decoded_strictly(void **state)
{
    static const struct {
        const char *target;
        int status;
        const char *in_reply;
    } cases[] = {
        { "/v1/hosts/a%20b", 200, "\"id\":\"a b\"" },
        { "/v1/hosts/%C3%A9", 200, "\"id\":\"\xc3\xa9\"" },
        { "/v1/hosts/summary", 200, "summary" },
        { "/v1/hosts/summar%79", 200, "summary" },
        { "/v1/hosts/x?q=a+b%2B&limit=7", 200, "\"q\":\"a b+\",\"limit\":7" },
        { "/v1/hosts/x?q=", 200, "\"q\":\"\"" },
        { "/ui/a/b%20c/d.js", 200, "rest=a/b c/d.js" },
        { "/ui/a", 200, "rest=a" },
        { "/ui/", 404, "not-found" },
        { "/ui/a/", 404, "not-found" },
        { "/v1/hosts/", 404, "not-found" },
        { "/v1/hosts/x/y", 404, "not-found" },
        { "/V1/hosts/x", 404, "not-found" },
        { "/v1/hosts/a%00b", 400, "zero byte" },
        { "/v1/hosts/a%0ab", 400, "bad-target" },
        { "/v1/hosts/a%7f", 400, "bad-target" },
        { "/v1/hosts/a%2fb", 400, "slash" },
        { "/v1/hosts/%2e%2e", 400, "dot segment" },
        { "/ui/../v1", 400, "dot segment" },
        { "/ui//x", 400, "empty" },
        { "/v1/hosts/%", 400, "percent" },
        { "/v1/hosts/%4", 400, "percent" },
        { "/v1/hosts/%zz", 400, "percent" },
        { "/v1/hosts/%ff", 400, "UTF-8" },
        { "/v1/hosts/%c0%80", 400, "UTF-8" },
        { "/v1/hosts/%ed%a0%80", 400, "UTF-8" },
        { "/v1/hosts/\"x", 400, "percent-encoded" },
        { "http://h/v1/hosts/x", 400, "absolute path" },
        { "*", 400, "absolute path" },
        { "/v1/hosts/x?q=1&q=2", 400, "doubled" },
        { "/v1/hosts/x?q", 400, "name=value" },
        { "/v1/hosts/x?=1", 400, "name=value" },
        { "/v1/hosts/x?q=1&", 200, "\"q\":\"1\"" },
        { "/v1/hosts/x?limit=101", 400, "\"expected\":\"1 to 100\",\"found\":\"101\"" },
        { "/v1/hosts/x?limit=-1", 400, "bad-query" },
        { "/v1/hosts/x?limit=0x10", 400, "bad-query" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (get_status(&app, cases[i].target, "") != cases[i].status ||
            strstr(reply_text, cases[i].in_reply) == NULL)
            fail_msg("%s: %s", cases[i].target, reply_text);
}

static void zero_byte_in_the_target_is_refused(void **state)
{
    static const char text[] = "GET /v1/hosts/a\0b HTTP/1.1\r\nHost: h\r\n\r\n";

    (void)state;
    talk_len(&app, text, sizeof text - 1);
    assert_int_equal(count(reply_text, "HTTP/1.1 200"), 0);
}

static void too_much_head_is_refused_by_kind(void **state)
{
    static char target[TB_HTTP_TARGET_MAX + 100], headers[20000];
    char *p = headers;

    (void)state;
    memset(target, 'a', TB_HTTP_TARGET_MAX + 1);
    target[0] = '/';
    assert_int_equal(get_status(&app, target, ""), 414);
    assert_non_null(strstr(reply_text, "target-too-long"));
    for (int i = 0; i < TB_HTTP_HEADERS_MAX; i++)
        p += sprintf(p, "X-%d: a\r\n", i);
    assert_int_equal(get_status(&app, "/v1/hosts/x", headers), 431);
    strcpy(headers, "X-Long: ");
    memset(headers + 8, 'a', 17000);
    strcpy(headers + 8 + 17000, "\r\n\r\n");
    {
        static char text[20100];

        snprintf(text, sizeof text, "GET /v1/hosts/x HTTP/1.1\r\nHost: h\r\n%s", headers);
        assert_true(talk(&app, text));
        assert_int_equal(status_of(reply_text), 431);
    }
    snprintf(target, sizeof target, "/v1/hosts/x?");
    for (int i = 0; i <= TB_HTTP_QUERY_MAX; i++)
        sprintf(target + strlen(target), "a%d=1&", i);
    assert_int_equal(get_status(&app, target, ""), 400);
}

static void unknown_method_is_405_and_says_which_are_known(void **state)
{
    (void)state;
    talk(&app, "PUT /v1/hosts/x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(status_of(reply_text), 405);
    assert_non_null(strstr(reply_text, "DELETE"));
    assert_non_null(strstr(reply_text, "Allow: "));
    assert_null(strstr(reply_text, "PATCH"));
}

static void head_is_answered_without_body(void **state)
{
    (void)state;
    talk(&app, "HEAD /v1/hosts/x HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(status_of(reply_text), 200);
    assert_null(strstr(reply_text, "\"id\""));
}

static void role_is_asked_before_the_body_is_read(void **state)
{
    int before = app.handled;

    (void)state;
    /* a megabyte is announced, not a byte of it sent, and the answer is there */
    assert_true(talk(&app, "POST /secret HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n"));
    assert_int_equal(status_of(reply_text), 401);
    assert_non_null(strstr(reply_text, "WWW-Authenticate: Bearer"));
    assert_true(talk(&app, "POST /secret HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer bad\r\n"
                           "Content-Length: 1000000\r\n\r\n"));
    assert_int_equal(status_of(reply_text), 403);
    assert_int_equal(app.handled, before);
    talk(&app, "POST /secret HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer good\r\n"
               "Content-Length: 2\r\n\r\nok");
    assert_int_equal(status_of(reply_text), 200);
}

static void small_body_behind_a_refusal_is_drained_and_the_connection_kept(void **state)
{
    (void)state;
    assert_false(talk(&app, "POST /secret HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
                            "GET /v1/hosts/x HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_int_equal(count(reply_text, "HTTP/1.1 401"), 1);
    assert_int_equal(count(reply_text, "HTTP/1.1 200"), 1);
}

static void t62_body_over_the_limit_is_413_before_it_is_read(void **state)
{
    int before = app.handled;

    (void)state;
    assert_true(talk(&app, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100001\r\n\r\n"));
    assert_int_equal(status_of(reply_text), 413);
    assert_true(talk(&app, "GET /v1/hosts/x HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"));
    assert_int_equal(status_of(reply_text), 413);
    assert_true(talk(&app, "POST /echo HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_int_equal(status_of(reply_text), 411);
    assert_int_equal(app.handled, before);
}

static void expectation_is_met_before_the_body_and_not_before_a_refusal(void **state)
{
    int fd = dial(&app);

    (void)state;
    put(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    reply_text[0] = '\0';
    assert_true(get_until(fd, reply_text, sizeof reply_text, "100 Continue\r\n\r\n", 2000));
    put(fd, "abc");
    assert_true(get_until(fd, reply_text, sizeof reply_text, "\r\n\r\nabc", 2000));
    close(fd);
    assert_true(talk(&app, "POST /secret HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                           "Content-Length: 3\r\n\r\n"));
    assert_int_equal(status_of(reply_text), 401);
}

static void media_type_and_coding_are_checked(void **state)
{
    static const struct {
        const char *headers;
        int status;
    } cases[] = {
        { "Content-Type: application/cbor\r\n", 200 },
        { "Content-Type: Application/JSON; charset=UTF-8\r\n", 200 },
        { "Content-Type: application/json; charset=latin1\r\n", 415 },
        { "Content-Type: application/jso\r\n", 415 },
        { "Content-Type: application/jsonx\r\n", 415 },
        { "", 415 },
        { "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", 415 },
        { "Content-Type: application/json\r\nContent-Encoding: zstd, zstd\r\n", 415 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[400];

        snprintf(text, sizeof text,
                 "POST /typed HTTP/1.1\r\nHost: h\r\n%sContent-Length: 2\r\n\r\n{}",
                 cases[i].headers);
        talk(&app, text);
        if (status_of(reply_text) != cases[i].status)
            fail_msg("%s: %s", cases[i].headers, reply_text);
    }
}

/* Send body with Content-Encoding: zstd to /echo. */
static int post_zstd(const void *body, size_t len)
{
    size_t head;
    char *text = malloc(len + 200);

    assert_non_null(text);
    head = (size_t)sprintf(text,
                           "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Encoding: zstd\r\n"
                           "Content-Length: %zu\r\n\r\n",
                           len);
    memcpy(text + head, body, len);
    talk_len(&app, text, head + len);
    free(text);
    return status_of(reply_text);
}

static void t62_zstd_bodies_are_bounded_by_what_comes_out(void **state)
{
    size_t plain_len = 50 << 20, len, cap = ZSTD_compressBound(50 << 20);
    char *plain = calloc(1, plain_len), *packed = malloc(cap);
    int before;

    (void)state;
    assert_true(plain != NULL && packed != NULL);
    memset(plain, 'z', plain_len);
    len = ZSTD_compress(packed, cap, plain, 100000, 3);
    assert_int_equal(post_zstd(packed, len), 200); /* exactly the limit */
    assert_int_equal(count(reply_text, "zzzzzzzzzz") > 90000, 1);
    before = app.handled;
    len = ZSTD_compress(packed, cap, plain, 100001, 3);
    assert_int_equal(post_zstd(packed, len), 413);
    len = ZSTD_compress(packed, cap, plain, plain_len, 19); /* declares a large window too */
    assert_true(len < 10000);
    assert_true(post_zstd(packed, len) >= 400);
    len = ZSTD_compress(packed, cap, plain, 1000, 3);
    assert_int_equal(post_zstd(packed, len - 1), 400); /* cut */
    packed[len] = 'x';
    assert_int_equal(post_zstd(packed, len + 1), 400); /* something behind it */
    assert_int_equal(post_zstd("not zstd at all", 15), 400);
    assert_int_equal(app.handled, before);
    free(plain);
    free(packed);
}

static void json_bodies_are_strict(void **state)
{
    static const struct {
        const char *body;
        int status;
    } cases[] = { { "{\"a\":1}", 201 }, { "{\"a\":1,\"a\":2}", 400 },
                  { "[1]", 400 },       { "{} {}", 400 },
                  { "{", 400 },         { "{\"a\":01}", 400 } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[300];

        snprintf(text, sizeof text,
                 "POST /json HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                 "Content-Length: %zu\r\n\r\n%s",
                 strlen(cases[i].body), cases[i].body);
        talk(&app, text);
        if (status_of(reply_text) != cases[i].status)
            fail_msg("%s: %s", cases[i].body, reply_text);
    }
}

static void replies_carry_the_security_headers(void **state)
{
    (void)state;
    get_status(&app, "/nowhere", "");
    assert_int_equal(status_of(reply_text), 404);
    assert_non_null(strstr(reply_text, "X-Content-Type-Options: nosniff"));
    assert_non_null(strstr(reply_text, "Referrer-Policy: no-referrer"));
    assert_non_null(strstr(reply_text, "Cache-Control: no-store"));
    assert_non_null(strstr(reply_text, "default-src 'none'"));
    assert_non_null(strstr(reply_text, "{\"error\":{\"code\":\"not-found\""));
}

static void t63_line_end_in_a_reply_header_becomes_500(void **state)
{
    (void)state;
    assert_int_equal(get_status(&app, "/bad-header", ""), 500);
    assert_null(strstr(reply_text, "Set-Cookie"));
}

static void handler_that_forgets_to_reply_becomes_500(void **state)
{
    int before = app.errors;

    (void)state;
    assert_int_equal(get_status(&app, "/silent", ""), 500);
    assert_true(app.errors > before);
}

static void credentials_and_cookies_are_read_strictly(void **state)
{
    static const struct {
        const char *headers, *reply;
    } cases[] = {
        { "Authorization: Bearer abc\r\nCookie: a=b; session=xyz\r\n", "token=abc cookie=xyz" },
        { "Cookie: session=x; session=y\r\n", "token=- cookie=-" },
        { "Cookie: xsession=x\r\n", "token=- cookie=-" },
        { "Cookie: session=\r\n", "token=- cookie=-" },
        { "Cookie: session=\"x\"\r\n", "token=- cookie=-" },
        { "Authorization: Basic abc\r\n", "token=-" },
        { "Authorization: Bearer a b\r\n", "token=-" },
        { "Authorization: Bearer \r\n", "token=-" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (get_status(&app, "/headers", cases[i].headers) != 200 ||
            strstr(reply_text, cases[i].reply) == NULL ||
            strstr(reply_text, "session=abc; Max-Age=60; Path=/; HttpOnly; SameSite=Strict") ==
                NULL)
            fail_msg("%s: %s", cases[i].headers, reply_text);
    assert_int_equal(get_status(&app, "/headers",
                                "Authorization: Bearer a\r\n"
                                "Authorization: Bearer b\r\n"),
                     400);
}

static void assets_know_etag_and_gzip(void **state)
{
    (void)state;
    assert_int_equal(get_status(&app, "/", ""), 200);
    assert_non_null(strstr(reply_text, "<p>page</p>"));
    assert_non_null(strstr(reply_text, "ETag: \"e1\""));
    assert_non_null(strstr(reply_text, "default-src 'self'"));
    assert_null(strstr(reply_text, "no-store"));
    assert_int_equal(get_status(&app, "/", "Accept-Encoding: br, gzip;q=0.5\r\n"), 200);
    assert_non_null(strstr(reply_text, "Content-Encoding: gzip"));
    assert_non_null(strstr(reply_text, "GZIPPED"));
    assert_int_equal(get_status(&app, "/", "Accept-Encoding: gzip;q=0\r\n"), 200);
    assert_non_null(strstr(reply_text, "<p>page</p>"));
    assert_int_equal(get_status(&app, "/", "If-None-Match: \"x\", W/\"e1\"\r\n"), 304);
    assert_int_equal(get_status(&app, "/", "If-None-Match: \"e1x\"\r\n"), 200);
}

static void buffers_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(get_status(&app, "/list", ""), 200);
    assert_int_equal(count(reply_text, "\"a\\\"b\""), 1000);
    assert_int_equal(get_status(&app, "/list?small=1", ""), 500);
}

static void counters_follow_the_requests(void **state)
{
    struct tb_http_counters a, b;

    (void)state;
    tb_http_counters_read(app.server, &a);
    get_status(&app, "/v1/hosts/x", "");
    get_status(&app, "/nowhere", "");
    for (int i = 0; i < 100; i++) { /* the end comes after the reply */
        tb_http_counters_read(app.server, &b);
        if (b.requests[4] > a.requests[4] && b.open == 0)
            break;
        usleep(5000);
    }
    assert_int_equal(b.requests[2], a.requests[2] + 1);
    assert_int_equal(b.requests[4], a.requests[4] + 1);
    assert_int_equal(b.connections, a.connections + 2);
    assert_true(b.bytes_out > a.bytes_out);
    assert_int_equal(b.open, 0);
}

static void ambiguous_or_malformed_routes_are_refused_at_the_start(void **state)
{
    static const struct tb_http_route bad[][2] = {
        { { TB_HTTP_GET, "/a/{x}", 0, 0, NULL, h_echo },
          { TB_HTTP_GET, "/a/{y}", 0, 0, NULL, h_echo } },
        { { TB_HTTP_GET, "a", 0, 0, NULL, h_echo }, { TB_HTTP_GET, "/b", 0, 0, NULL, h_echo } },
        { { TB_HTTP_GET, "/a//b", 0, 0, NULL, h_echo }, { TB_HTTP_GET, "/b", 0, 0, NULL, h_echo } },
        { { TB_HTTP_GET, "/{x*}/b", 0, 0, NULL, h_echo },
          { TB_HTTP_GET, "/b", 0, 0, NULL, h_echo } },
        { { TB_HTTP_GET, "/{x", 0, 0, NULL, h_echo }, { TB_HTTP_GET, "/b", 0, 0, NULL, h_echo } },
        { { TB_HTTP_GET, "/a", 0, 0, NULL, NULL }, { TB_HTTP_GET, "/b", 0, 0, NULL, h_echo } },
    };
    struct tb_http_config c = app_config(&app);

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char err[TB_HTTP_ERR_LEN];

        c.routes = bad[i];
        c.n_routes = 2;
        assert_null(tb_http_start(&c, err));
        assert_string_not_equal(err, "");
    }
}

static void bad_configuration_is_refused_with_a_reason(void **state)
{
    struct tb_http_config c = app_config(&app);
    char err[TB_HTTP_ERR_LEN];

    (void)state;
    c.address = "localhost";
    assert_null(tb_http_start(&c, err));
    assert_non_null(strstr(err, "localhost"));
    c.address = NULL;
    c.port = tb_http_port(app.server); /* taken */
    assert_null(tb_http_start(&c, err));
    c.port = 0;
    c.plain_for_tests = false; /* and no certificate */
    assert_null(tb_http_start(&c, err));
    c.certificate_pem = c.key_pem = "nonsense";
    assert_null(tb_http_start(&c, err));
    assert_string_not_equal(err, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_framing_is_refused_once_and_closed),
        cmocka_unit_test(good_request_on_a_kept_connection_is_answered_twice),
        cmocka_unit_test(other_versions_are_refused),
        cmocka_unit_test(paths_are_decoded_strictly),
        cmocka_unit_test(zero_byte_in_the_target_is_refused),
        cmocka_unit_test(too_much_head_is_refused_by_kind),
        cmocka_unit_test(unknown_method_is_405_and_says_which_are_known),
        cmocka_unit_test(head_is_answered_without_body),
        cmocka_unit_test(role_is_asked_before_the_body_is_read),
        cmocka_unit_test(small_body_behind_a_refusal_is_drained_and_the_connection_kept),
        cmocka_unit_test(t62_body_over_the_limit_is_413_before_it_is_read),
        cmocka_unit_test(expectation_is_met_before_the_body_and_not_before_a_refusal),
        cmocka_unit_test(media_type_and_coding_are_checked),
        cmocka_unit_test(t62_zstd_bodies_are_bounded_by_what_comes_out),
        cmocka_unit_test(json_bodies_are_strict),
        cmocka_unit_test(replies_carry_the_security_headers),
        cmocka_unit_test(t63_line_end_in_a_reply_header_becomes_500),
        cmocka_unit_test(handler_that_forgets_to_reply_becomes_500),
        cmocka_unit_test(credentials_and_cookies_are_read_strictly),
        cmocka_unit_test(assets_know_etag_and_gzip),
        cmocka_unit_test(buffers_are_bounded),
        cmocka_unit_test(counters_follow_the_requests),
        cmocka_unit_test(ambiguous_or_malformed_routes_are_refused_at_the_start),
        cmocka_unit_test(bad_configuration_is_refused_with_a_reason),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
