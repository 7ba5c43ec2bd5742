/* tests/unit/http_app.h - the small application and the raw client of the HTTP tests. */
#ifndef TB_TESTS_HTTP_APP_H
#define TB_TESTS_HTTP_APP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server/http/http.h"

#define ROLE_VIEWER 1u

struct app {
    struct tb_http_server *server;
    struct tb_http_hub *hub;
    _Atomic(struct tb_http_parked *) parked;
    atomic_int handled;     /* handlers that ran */
    atomic_int authorised;  /* times authorise() was asked */
    atomic_int errors;      /* times on_error was called */
    atomic_int done_status; /* of the last request that ended */
};

static inline int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline void h_echo(struct tb_http_request *rq, void *ctx)
{
    struct app *app = ctx;
    size_t len;
    const uint8_t *body = tb_http_body(rq, &len);

    app->handled++;
    tb_http_reply(rq, 200, "application/octet-stream", body, len);
}

static inline void h_host(struct tb_http_request *rq, void *ctx)
{
    struct app *app = ctx;
    const char *q = tb_http_query(rq, "q");
    uint64_t limit;

    app->handled++;
    if (!tb_http_query_u64(rq, "limit", 1, 100, 50, &limit))
        return;
    tb_http_reply_json(rq, 200,
                       json_pack("{s:s, s:s?, s:I, s:s}", "id", tb_http_param(rq, "id"), "q", q,
                                 "limit", (json_int_t)limit, "peer", tb_http_peer(rq)));
}

static inline void h_summary(struct tb_http_request *rq, void *ctx)
{
    (void)ctx;
    tb_http_reply_text(rq, 200, "summary");
}

static inline void h_rest(struct tb_http_request *rq, void *ctx)
{
    (void)ctx;
    tb_http_reply_text(rq, 200, "rest=%s", tb_http_param(rq, "path"));
}

static inline void h_json(struct tb_http_request *rq, void *ctx)
{
    json_t *body = tb_http_body_json(rq);

    (void)ctx;
    if (body != NULL)
        tb_http_reply_json(rq, 201, body);
}

static inline void h_silent(struct tb_http_request *rq, void *ctx)
{
    (void)rq, (void)ctx;
}

static inline void h_headers(struct tb_http_request *rq, void *ctx)
{
    char token[80], cookie[80];

    (void)ctx;
    if (!tb_http_bearer(rq, token, sizeof token))
        strcpy(token, "-");
    if (!tb_http_cookie(rq, "session", cookie, sizeof cookie))
        strcpy(cookie, "-");
    tb_http_reply_cookie(rq, "session", "abc", 60);
    tb_http_reply_text(rq, 200, "token=%s cookie=%s", token, cookie);
}

static inline void h_bad_header(struct tb_http_request *rq, void *ctx)
{
    (void)ctx;
    tb_http_reply_header(rq, "X-Name", "a\r\nSet-Cookie: b=c");
    tb_http_reply_text(rq, 200, "never");
}

static inline void h_asset(struct tb_http_request *rq, void *ctx)
{
    static const struct tb_http_asset asset = { .type = "text/html; charset=utf-8",
                                                .body = "<p>page</p>",
                                                .len = 11,
                                                .gzip = "GZIPPED",
                                                .gzip_len = 7,
                                                .etag = "\"e1\"" };

    (void)ctx;
    tb_http_reply_asset(rq, &asset);
}

static inline void h_list(struct tb_http_request *rq, void *ctx)
{
    struct tb_http_buffer b = { .max = tb_http_query(rq, "small") != NULL ? 100 : 1 << 20 };

    (void)ctx;
    tb_http_buffer_printf(&b, "[");
    for (int i = 0; i < 1000; i++) {
        tb_http_buffer_printf(&b, "%s", i > 0 ? "," : "");
        tb_http_buffer_json_string(&b, "a\"b");
    }
    tb_http_buffer_printf(&b, "]");
    tb_http_reply_buffer(rq, 200, "application/json", &b);
}

static inline void h_wait(struct tb_http_request *rq, void *ctx)
{
    struct app *app = ctx;
    struct tb_http_parked *p;

    tb_http_reply(rq, 200, "text/plain", "timeout", 7);
    p = tb_http_park(rq, tb_http_query(rq, "short") != NULL ? 200 : 50000);
    atomic_store(&app->parked, p);
}

static inline void h_events(struct tb_http_request *rq, void *ctx)
{
    struct app *app = ctx;

    tb_http_events_reply(rq, app->hub, "hello", "{}");
}

static inline void h_exporter(struct tb_http_request *rq, void *ctx)
{
    uint8_t out[TB_HTTP_EXPORTER_LEN];

    (void)ctx;
    if (tb_http_exporter(rq, out))
        tb_http_reply(rq, 200, "application/octet-stream", out, sizeof out);
    else
        tb_http_reply_error(rq, 409, "no-tls", "there is no TLS session");
}

static const struct tb_http_route app_routes[] = {
    { TB_HTTP_POST, "/echo", 0, 100000, NULL, h_echo },
    { TB_HTTP_POST, "/typed", 0, 1000, "application/json application/cbor", h_echo },
    { TB_HTTP_GET, "/v1/hosts/{id}", 0, 0, NULL, h_host },
    { TB_HTTP_DELETE, "/v1/hosts/{id}", ROLE_VIEWER, 0, NULL, h_host },
    { TB_HTTP_GET, "/v1/hosts/summary", 0, 0, NULL, h_summary },
    { TB_HTTP_GET, "/ui/{path*}", 0, 0, NULL, h_rest },
    { TB_HTTP_POST, "/json", 0, 1000, "application/json", h_json },
    { TB_HTTP_POST, "/secret", ROLE_VIEWER, 1 << 20, NULL, h_echo },
    { TB_HTTP_GET, "/silent", 0, 0, NULL, h_silent },
    { TB_HTTP_GET, "/headers", 0, 0, NULL, h_headers },
    { TB_HTTP_GET, "/bad-header", 0, 0, NULL, h_bad_header },
    { TB_HTTP_GET, "/", 0, 0, NULL, h_asset },
    { TB_HTTP_GET, "/list", 0, 0, NULL, h_list },
    { TB_HTTP_GET, "/wait", 0, 0, NULL, h_wait },
    { TB_HTTP_GET, "/events", 0, 0, NULL, h_events },
    { TB_HTTP_GET, "/exporter", 0, 0, NULL, h_exporter },
};

static inline enum tb_http_access app_authorise(void *ctx, struct tb_http_request *rq,
                                                const struct tb_http_route *route)
{
    struct app *app = ctx;
    char token[80];

    app->authorised++;
    if (route->roles == 0)
        return TB_HTTP_ALLOWED;
    if (!tb_http_bearer(rq, token, sizeof token))
        return TB_HTTP_UNAUTHENTICATED;
    return strcmp(token, "good") == 0 ? TB_HTTP_ALLOWED : TB_HTTP_FORBIDDEN;
}

static inline void app_error(void *ctx, const char *text)
{
    struct app *app = ctx;

    app->errors++;
    if (getenv("TB_TEST_VERBOSE") != NULL)
        fprintf(stderr, "on_error: %s\n", text);
}

static inline void app_done(void *ctx, const struct tb_http_done *done)
{
    struct app *app = ctx;

    app->done_status = done->status;
}

static inline struct tb_http_config app_config(struct app *app)
{
    return (struct tb_http_config){
        .plain_for_tests = true,
        .threads = 2,
        .routes = app_routes,
        .n_routes = sizeof app_routes / sizeof *app_routes,
        .authorise = app_authorise,
        .on_error = app_error,
        .on_done = app_done,
        .ctx = app,
    };
}

static inline void app_start(struct app *app, const struct tb_http_config *config)
{
    char err[TB_HTTP_ERR_LEN];

    memset(app, 0, sizeof *app);
    app->hub = tb_http_hub_new(&(struct tb_http_hub_config){ .queue_max = 4096, .beat_ms = 300 });
    app->server = tb_http_start(config, err);
    if (app->server == NULL)
        fail_msg("%s", err);
}

static inline void app_stop(struct app *app)
{
    tb_http_stop(app->server);
    tb_http_hub_free(app->hub);
}

static inline int dial(struct app *app)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons(tb_http_port(app->server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static inline void put(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Read until the end, or until quiet_ms pass without a byte. -> true: the peer closed. */
static inline bool get(int fd, char *out, size_t size, int quiet_ms)
{
    size_t n = 0;

    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        ssize_t got;

        out[n] = '\0';
        if (n + 1 == size || poll(&p, 1, quiet_ms) <= 0)
            return false;
        got = recv(fd, out + n, size - 1 - n, 0);
        if (got <= 0)
            return true;
        n += (size_t)got;
    }
}

/* Read until text is seen. */
static inline bool get_until(int fd, char *out, size_t size, const char *text, int within_ms)
{
    int64_t until = now_ms() + within_ms;
    size_t n = strlen(out);

    while (strstr(out, text) == NULL) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int64_t left = until - now_ms();
        ssize_t got;

        if (n + 1 == size || left <= 0 || poll(&p, 1, (int)left) <= 0)
            return false;
        got = recv(fd, out + n, size - 1 - n, 0);
        if (got <= 0)
            return false;
        n += (size_t)got;
        out[n] = '\0';
    }
    return true;
}

static inline int count(const char *text, const char *what)
{
    int n = 0;

    for (; (text = strstr(text, what)) != NULL; text++)
        n++;
    return n;
}

static inline int status_of(const char *reply)
{
    return strncmp(reply, "HTTP/1.1 ", 9) == 0 ? atoi(reply + 9) : 0;
}

static char reply_text[200000];

/* One connection, one text, everything that comes back. */
static inline bool talk_len(struct app *app, const char *text, size_t len)
{
    int fd = dial(app);
    bool closed;

    (void)!send(fd, text, len, MSG_NOSIGNAL);
    closed = get(fd, reply_text, sizeof reply_text, 250);
    close(fd);
    return closed;
}

static inline bool talk(struct app *app, const char *text)
{
    return talk_len(app, text, strlen(text));
}

/* A GET whose reply ends the connection, so that nothing has to wait. */
static inline int get_status(struct app *app, const char *target, const char *headers)
{
    char text[9000];

    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%s\r\n", target,
             headers);
    talk(app, text);
    return status_of(reply_text);
}

static inline bool wait_for(bool (*holds)(struct app *), struct app *app, int within_ms)
{
    for (int64_t until = now_ms() + within_ms; now_ms() < until; usleep(5000))
        if (holds(app))
            return true;
    return false;
}

#endif
