/* server/http/http.h - the one door to HTTP and TLS.
 *
 * Handlers see requests that are already whole, bounded and unambiguous: framing, target, route,
 * role, size and type of the body were judged before. What libmicrohttpd lacks is made here:
 * absolute deadlines, limits per route before a byte of the body is read, refusal of requests that
 * two parsers could read in two ways (RFC 9112 6.3, 11.2), limits per address, parking, event
 * streams.
 *
 * A handler reads like this:
 *
 *     static void host_get(struct tb_http_request *rq, void *ctx)
 *     {
 *         struct app *app = ctx;
 *         json_t *host = find(app, tb_http_param(rq, "id"));
 *
 *         if (host == NULL)
 *             tb_http_reply_error(rq, 404, "no-such-host", "there is no host with this id");
 *         else
 *             tb_http_reply_json(rq, 200, host);
 *     }
 *
 * It runs in one of config.threads threads and may block for some milliseconds. It answers exactly
 * once, or parks; a handler that does neither answers 500. Everything borrowed from a request lives
 * until the handler returns; a parked request may not be touched after that. */
#ifndef TB_SERVER_HTTP_HTTP_H
#define TB_SERVER_HTTP_HTTP_H

#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef TB_MUST_CHECK
#define TB_MUST_CHECK __attribute__((warn_unused_result))
#endif
#define TB_HTTP_PRINTF(f, a) __attribute__((format(printf, f, a)))

#define TB_HTTP_ERR_LEN 256     /* bytes, with the zero */
#define TB_HTTP_EXPORTER_LEN 32 /* bytes of the TLS exporter */
#define TB_HTTP_EXPORTER_LABEL "EXPORTER-Trueboot-evidence"
#define TB_HTTP_PRINCIPAL_MAX 512 /* bytes kept with a request for authorise() */
#define TB_HTTP_TARGET_MAX 4096   /* bytes of path and query; more is 414 */
#define TB_HTTP_HEAD_MAX 16384    /* bytes of request line and headers; more is 431 */
#define TB_HTTP_HEADERS_MAX 64    /* header fields; more is 431 */
#define TB_HTTP_SEGMENTS_MAX 16   /* path segments, in requests and templates */
#define TB_HTTP_QUERY_MAX 32      /* query parameters */

struct tb_http_server;
struct tb_http_request;
struct tb_http_parked;
struct tb_http_hub;

/* --- Routes --- */

enum tb_http_method {
    TB_HTTP_GET, /* answers HEAD too */
    TB_HTTP_POST,
    TB_HTTP_PUT,
    TB_HTTP_PATCH,
    TB_HTTP_DELETE
};

typedef void tb_http_handler(struct tb_http_request *rq, void *ctx);

struct tb_http_route {
    enum tb_http_method method;
    const char *path;    /* "/v1/hosts/{id}"; the last may be "{rest*}": one or more segments */
    uint32_t roles;      /* the caller's own bits; only authorise() reads them */
    size_t body_max;     /* bytes, also after decompression; 0: no body is accepted */
    const char *accepts; /* media types of the body, parted by a space; NULL: any */
    tb_http_handler *handle;
};

/* What authorise() says. Zero lets nobody in. */
enum tb_http_access {
    TB_HTTP_UNAUTHENTICATED = 0, /* 401 */
    TB_HTTP_FORBIDDEN,           /* 403 */
    TB_HTTP_ALLOWED,
    TB_HTTP_ANSWERED /* it has replied by itself, for example 429 */
};

/* --- The server --- */

/* One request that ended, for metrics and logs. route is NULL when none matched. */
struct tb_http_done {
    const char *method;
    const struct tb_http_route *route;
    const char *peer;
    int status; /* 0: the connection ended before an answer */
    int64_t taken_ms;
};

/* Zero means the default in brackets. Strings and tables are borrowed until tb_http_stop(), but PEM
 * and ticket key only until tb_http_start() returns. */
struct tb_http_config {
    const char *address;         /* IPv4 or IPv6 literal [127.0.0.1]; "::" listens on both */
    uint16_t port;               /* 0: any free, see tb_http_port() */
    const char *certificate_pem; /* with its chain */
    const char *key_pem;
    bool plain_for_tests;      /* HTTP without TLS; certificate and key must then be NULL */
    const uint8_t *ticket_key; /* 32 to 256 secret bytes that all replicas share; NULL: random */
    size_t ticket_key_len;
    unsigned ticket_life_s;   /* [21600] */
    unsigned threads;         /* [16] */
    unsigned connections_max; /* [10000] */
    unsigned per_address_max; /* [1024]; one IPv6 /64 counts as one address */
    size_t bodies_max;        /* bytes of all bodies held at once [256 MiB]; more is 503 */
    /* Absolute deadlines in milliseconds: bytes that trickle do not move them. */
    unsigned head_ms;  /* handshake and head [10000] */
    unsigned body_ms;  /* body, plus its length at rate [10000] */
    unsigned write_ms; /* reply, plus its length at rate [30000] */
    unsigned rate;     /* bytes per second the slowest client must manage [16384] */
    unsigned idle_ms;  /* kept connection between requests [75000] */
    unsigned grace_ms; /* tb_http_stop() lets running requests end for so long [2000] */
    const struct tb_http_route *routes;
    size_t n_routes;
    const char *page_csp; /* Content-Security-Policy of pages [default-src 'self'] */
    /* Called once per request before its body is read. May use every accessor but the body, and
     * reply. None of the callbacks may call tb_http_stop(), and on_error nothing of this header at
     * all. */
    enum tb_http_access (*authorise)(void *ctx, struct tb_http_request *rq,
                                     const struct tb_http_route *route);
    void (*on_error)(void *ctx, const char *text);               /* may be NULL; any thread */
    void (*on_done)(void *ctx, const struct tb_http_done *done); /* may be NULL; any thread */
    void *ctx; /* given to handlers and the callbacks above */
};

struct tb_http_counters {
    uint64_t requests[6];                    /* by status / 100; [0]: ended without an answer */
    uint64_t bytes_in, bytes_out;            /* of bodies */
    uint64_t connections;                    /* accepted since the start */
    uint64_t refused_total, refused_address; /* connections over a limit */
    uint64_t deadline_cut;                   /* connections cut by a deadline */
    uint64_t tls_full, tls_resumed;          /* sessions that carried a request */
    uint64_t streams_dropped;                /* event streams whose client was too slow */
    uint64_t open, parked, streams;          /* now */
};

/* NULL: nothing was started and err says why. Ambiguous or malformed routes are refused here. */
TB_MUST_CHECK struct tb_http_server *tb_http_start(const struct tb_http_config *config,
                                                   char err[TB_HTTP_ERR_LEN]);

/* Accepts no more, answers what is parked with 503, ends event streams, gives running requests
 * grace_ms, closes everything, frees. No other call on the server may be running. NULL is a no-op.
 */
void tb_http_stop(struct tb_http_server *server);

uint16_t tb_http_port(const struct tb_http_server *server);
void tb_http_counters_read(struct tb_http_server *server, struct tb_http_counters *out);

/* A new ticket key for sessions from now on. Tickets under the old one cost their clients one full
 * handshake. GnuTLS derives keys by time from this one, so that rotation is rarely needed. */
TB_MUST_CHECK bool tb_http_ticket_key_set(struct tb_http_server *server, const uint8_t *key,
                                          size_t len);

/* --- What a request says (borrowed) ------------------------------------------------------------
 */

const struct tb_http_route *tb_http_route_of(const struct tb_http_request *rq);
const char *tb_http_method_text(const struct tb_http_request *rq);
const char *
tb_http_path(const struct tb_http_request *rq); /* as sent, without the query; printable */
const char *tb_http_peer(const struct tb_http_request *rq); /* "192.0.2.1", no port */

/* A path parameter, percent-decoded: UTF-8, not empty, no '/', no control byte. Never NULL for a
 * name in the route's template. */
const char *tb_http_param(const struct tb_http_request *rq, const char *name);

/* A query parameter, decoded, '+' is a space; NULL: absent. Doubled names were refused. */
const char *tb_http_query(const struct tb_http_request *rq, const char *name);
size_t tb_http_query_count(const struct tb_http_request *rq);
const char *tb_http_query_name(const struct tb_http_request *rq,
                               size_t i); /* to refuse unknown ones */

/* A decimal query parameter between min and max. Absent: fallback. false: a 400 was replied. */
TB_MUST_CHECK bool tb_http_query_u64(struct tb_http_request *rq, const char *name, uint64_t min,
                                     uint64_t max, uint64_t fallback, uint64_t *out);

/* A header's value, printable; NULL: absent. Names compare without case. The first, if many. */
const char *tb_http_header(const struct tb_http_request *rq, const char *name);

/* Copy a cookie's value or the token of "Authorization: Bearer". false: absent, doubled, malformed
 * or longer than out; out is then the empty string. */
TB_MUST_CHECK bool tb_http_cookie(const struct tb_http_request *rq, const char *name, char *out,
                                  size_t out_size);
TB_MUST_CHECK bool tb_http_bearer(const struct tb_http_request *rq, char *out, size_t out_size);

/* The whole body, decompressed, followed by a zero byte that does not count. Empty: "" and 0. */
const uint8_t *tb_http_body(const struct tb_http_request *rq, size_t *len);

/* The body as strict JSON: no duplicates, nothing behind it, an object. Owned by the caller. NULL:
 * a 400 that says line and column was replied. */
TB_MUST_CHECK json_t *tb_http_body_json(struct tb_http_request *rq);

/* RFC 8446 7.5, label TB_HTTP_EXPORTER_LABEL, no context. false: plain HTTP or an error of TLS. */
TB_MUST_CHECK bool tb_http_exporter(const struct tb_http_request *rq,
                                    uint8_t out[TB_HTTP_EXPORTER_LEN]);

/* TB_HTTP_PRINCIPAL_MAX zeroed bytes, aligned for anything, where authorise() may leave who asks.
 * Wiped when the request ends. */
void *tb_http_principal(struct tb_http_request *rq);

/* --- Replies ----------------------------------------------------------------------------------- *
 * The last reply before the handler returns counts. Every reply carries nosniff, Referrer-Policy, a
 * Content-Security-Policy, Cache-Control: no-store and (over TLS) HSTS. */

void tb_http_reply(struct tb_http_request *rq, int status, const char *type, const void *body,
                   size_t len); /* copies body */
void tb_http_reply_take(struct tb_http_request *rq, int status, const char *type, void *body,
                        size_t len); /* body from malloc; freed by the server */
void tb_http_reply_static(struct tb_http_request *rq, int status, const char *type,
                          const void *body, size_t len); /* body outlives the server */
void tb_http_reply_empty(struct tb_http_request *rq, int status);
void tb_http_reply_json(struct tb_http_request *rq, int status, json_t *take); /* NULL: 500 */
void tb_http_reply_text(struct tb_http_request *rq, int status, const char *format, ...)
    TB_HTTP_PRINTF(3, 4);

/* {"error":{"code","message"}}. code is a stable word, message a sentence. */
void tb_http_reply_error(struct tb_http_request *rq, int status, const char *code,
                         const char *format, ...) TB_HTTP_PRINTF(4, 5);

/* The same with where, expected, found; NULL members are left out. */
struct tb_http_error {
    const char *code, *message, *where, *expected, *found;
};
void tb_http_reply_refusal(struct tb_http_request *rq, int status, const struct tb_http_error *e);

/* A header of the reply, whatever reply follows or came before. Bytes that do not belong in a
 * header are our bug: the reply becomes 500. At most 8. Cache-Control given here replaces no-store.
 */
void tb_http_reply_header(struct tb_http_request *rq, const char *name, const char *value);
void tb_http_reply_retry_after(struct tb_http_request *rq, unsigned seconds);
/* Secure (over TLS), HttpOnly, SameSite=Strict, Path=/. max_age_s 0 removes the cookie. */
void tb_http_reply_cookie(struct tb_http_request *rq, const char *name, const char *value,
                          unsigned max_age_s);

/* A file of the page, embedded in the program. Answers If-None-Match with 304; sends gzip to
 * whoever accepts it, if there is one. */
struct tb_http_asset {
    const char *type;
    const void *body;
    size_t len;
    const void *gzip; /* or NULL */
    size_t gzip_len;
    const char *etag;          /* with its quotes: "\"d41d8c\"" */
    const char *cache_control; /* NULL: "no-cache", that is ask with the ETag each time */
};
void tb_http_reply_asset(struct tb_http_request *rq, const struct tb_http_asset *asset);

/* A body built piece by piece, for long lists. Appending beyond max or out of memory fails the
 * whole: tb_http_reply_buffer() then answers 500. Start with { .max = ... }. */
struct tb_http_buffer {
    char *data;
    size_t len, cap;
    size_t max; /* bytes */
    bool failed;
};
void tb_http_buffer_add(struct tb_http_buffer *b, const void *data, size_t len);
void tb_http_buffer_printf(struct tb_http_buffer *b, const char *format, ...) TB_HTTP_PRINTF(2, 3);
void tb_http_buffer_json(struct tb_http_buffer *b, const json_t *value); /* one value, compact */
void tb_http_buffer_json_string(struct tb_http_buffer *b, const char *text); /* quoted, escaped */
void tb_http_buffer_clear(struct tb_http_buffer *b);
void tb_http_reply_buffer(struct tb_http_request *rq, int status, const char *type,
                          struct tb_http_buffer *take);

/* --- Parking (long poll) ----------------------------------------------------------------------- *
 * First reply what the client shall get at the timeout, then park, then return:
 *
 *     tb_http_reply(rq, 200, "application/cbor", none, sizeof none);
 *     waiter->parked = tb_http_park(rq, 50000);
 *
 * The handle is good until it is given to exactly one of the two calls below, from any thread, even
 * after the timeout. NULL: the server is stopping, the reply goes out at once. A client that leaves
 * is noticed at the timeout only. Take your own lock around "park and enlist" so that nobody
 * answers a handle that is not yet in your list. */
TB_MUST_CHECK struct tb_http_parked *tb_http_park(struct tb_http_request *rq, unsigned timeout_ms);

/* false: it was answered before (timeout, stop). The handle is gone either way. */
bool tb_http_unpark(struct tb_http_parked *parked, int status, const char *type, const void *body,
                    size_t len);
void tb_http_unpark_default(struct tb_http_parked *parked); /* send the timeout's reply now */

/* --- Server-sent events ------------------------------------------------------------------------ *
 * A hub outlives every server that has streams of it. */
struct tb_http_hub_config {
    unsigned streams_max; /* [256]; more is 503 */
    size_t queue_max;     /* bytes waiting per client [262144]; a client over it is dropped */
    unsigned beat_ms;     /* comment line so that dead clients are noticed [15000] */
    unsigned life_s;      /* a stream ends after it, the browser comes back and is asked who it is
                             again [3600] */
};
struct tb_http_hub *tb_http_hub_new(const struct tb_http_hub_config *config); /* NULL: defaults */
void tb_http_hub_free(struct tb_http_hub *hub); /* after tb_http_stop(); NULL is a no-op */

/* Make this request a stream of the hub. first_event and first_data may be NULL. */
void tb_http_events_reply(struct tb_http_request *rq, struct tb_http_hub *hub,
                          const char *first_event, const char *first_data);

/* To every stream, from any thread, never waits for a client. event: letters, digits, '.', '-',
 * '_'; line ends in data are kept (WHATWG HTML 9.2.5). Returns how many streams got it. */
unsigned tb_http_hub_publish(struct tb_http_hub *hub, const char *event, const char *data);

#endif
