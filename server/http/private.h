/* server/http/private.h - what the files of this directory share. Nobody else includes it.
 *
 * Locks, outermost first: hub->lock, server->lock, stream->lock, then libmicrohttpd's own. It holds
 * none of its own while it calls us (0.9.75, daemon.c). */
#ifndef TB_SERVER_HTTP_PRIVATE_H
#define TB_SERVER_HTTP_PRIVATE_H

#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <zstd.h>

#include "server/http/http.h"
#include "server/http/target.h"

/* libmicrohttpd keeps head and write buffer of a request in one pool per connection. It must be
 * larger than TB_HTTP_HEAD_MAX, so that a head that is too large is refused by us, in our form. */
#define TB_POOL_LEN 32768

#define TB_NEVER INT64_MAX
#define TB_REPLY_HEADERS_MAX 8
#define TB_ADDRESS_BUCKETS 1024 /* a power of two */
#define TB_TICKET_KEY_LEN 64    /* what GnuTLS 3.7 wants: name, cipher key, MAC key */

struct tb_stream;

/* One segment of a template. */
struct tb_template_segment {
    enum { TB_SEGMENT_LITERAL, TB_SEGMENT_PARAM, TB_SEGMENT_REST } kind;
    const char *text; /* borrowed from the route */
    size_t len;
};

struct tb_compiled_route {
    const struct tb_http_route *route;
    size_t n;
    struct tb_template_segment segment[TB_HTTP_SEGMENTS_MAX];
};

struct tb_address {
    struct tb_address *next;
    uint8_t key[16]; /* IPv4 mapped, or the first 64 bits of IPv6 */
    unsigned n;
};

/* One connection, from accept to close. Listed in server->conns under server->lock. */
struct tb_conn {
    struct tb_conn *next, **link;
    struct tb_http_server *server;
    struct tb_address *address;
    struct tb_http_parked *parked; /* server->lock */
    struct tb_stream *stream;      /* server->lock */
    _Atomic int64_t due_ms;        /* when the reaper shuts fd */
    int fd;
    bool refused;  /* over a limit: already shut */
    bool had_head; /* a request line was seen */
    bool counted;  /* its TLS session is in the counters */
    char peer[INET6_ADDRSTRLEN];
};

struct tb_http_server {
    struct tb_http_config config; /* with defaults filled in */
    struct MHD_Daemon *daemon;
    int listen_fd;
    uint16_t port;
    struct tb_compiled_route *routes;
    pthread_mutex_t lock;
    pthread_cond_t wake; /* reaper: stop now */
    pthread_t reaper;
    bool reaper_runs;
    bool stopping;
    struct tb_conn *conns;
    unsigned n_conns;
    struct tb_address *addresses[TB_ADDRESS_BUCKETS];
    uint64_t address_seed;
    uint8_t ticket_key[TB_TICKET_KEY_LEN];
    pthread_mutex_t ticket_lock;
    /* counters */
    _Atomic uint64_t requests[6], bytes_in, bytes_out, connections, refused_total, refused_address,
        deadline_cut, tls_full, tls_resumed, streams_dropped, n_parked, n_streams;
    _Atomic size_t bodies;    /* bytes held */
    _Atomic unsigned running; /* requests between head and end */
};

enum tb_phase { TB_PHASE_HEAD, TB_PHASE_BODY, TB_PHASE_PARKED };

struct tb_http_request {
    struct tb_http_server *server;
    struct tb_conn *conn;
    struct MHD_Connection *mhd;
    enum tb_phase phase;
    int64_t started_ms;
    const char *method; /* libmicrohttpd's */
    const struct tb_http_route *route;
    const struct tb_compiled_route *compiled;
    bool head_only;
    /* target */
    const char *raw_at; /* where libmicrohttpd keeps it: only to compare addresses */
    char *raw;          /* NULL: too long */
    char *path;         /* raw without the query */
    char *store;
    struct tb_target target;
    /* headers, borrowed from libmicrohttpd */
    size_t n_headers;
    struct {
        const char *name, *value;
    } header[TB_HTTP_HEADERS_MAX];
    const char *bad_head; /* what is wrong with them, or NULL */
    bool too_many;
    /* body */
    bool has_length;
    uint64_t length;
    uint8_t *body;
    size_t body_len, body_cap;
    ZSTD_DStream *zstd;
    bool zstd_ended;
    bool body_failed; /* a reply is set, what comes is thrown away */
    /* reply */
    int status;
    struct MHD_Response *response;
    bool page;      /* Content-Security-Policy of pages */
    bool close;     /* the connection ends with this reply */
    bool bad_reply; /* our bug: send 500 instead */
    bool sent;      /* queued; nothing may change any more */
    uint64_t reply_len;
    size_t n_reply_headers;
    struct {
        char *name, *value;
    } reply_header[TB_REPLY_HEADERS_MAX];
    struct tb_stream *stream;
    alignas(max_align_t) uint8_t principal[TB_HTTP_PRINCIPAL_MAX];
};

/* server.c */
int64_t tb_http_now_ms(void);
void tb_http_report(struct tb_http_server *s, const char *format, ...) TB_HTTP_PRINTF(2, 3);

/* routes.c */
TB_MUST_CHECK bool tb_routes_compile(struct tb_http_server *s, char err[TB_HTTP_ERR_LEN]);
/* NULL: none; then *allow has the methods of the path, or is empty when the path is unknown. */
const struct tb_compiled_route *tb_routes_match(const struct tb_http_server *s, const char *method,
                                                struct tb_target *target, char allow[64]);

/* conns.c */
enum MHD_Result tb_conn_accept(void *cls, const struct sockaddr *addr, socklen_t len);
void tb_conn_notify(void *cls, struct MHD_Connection *c, void **socket_context,
                    enum MHD_ConnectionNotificationCode what);
void *tb_conn_reap(void *server);                         /* thread */
void tb_conn_due(struct tb_conn *conn, int64_t after_ms); /* TB_NEVER: no deadline */

/* request.c */
void *tb_request_begin(void *cls, const char *uri, struct MHD_Connection *c);
enum MHD_Result tb_request_step(void *cls, struct MHD_Connection *c, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *data_len, void **context);
void tb_request_end(void *cls, struct MHD_Connection *c, void **context,
                    enum MHD_RequestTerminationCode why);

/* head.c: judge everything before the body. false: a reply is set. */
TB_MUST_CHECK bool tb_head_check(struct tb_http_request *rq, const char *version);

/* body.c */
TB_MUST_CHECK bool tb_body_use_zstd(struct tb_http_request *rq); /* false: a reply is set */
void tb_body_add(struct tb_http_request *rq, const char *data, size_t len);
TB_MUST_CHECK bool tb_body_finish(struct tb_http_request *rq); /* false: a reply is set */
void tb_body_clear(struct tb_http_request *rq);

/* reply.c */
void tb_reply_set(struct tb_http_request *rq, int status, const char *type,
                  struct MHD_Response *take, uint64_t len);
void tb_reply_drop(struct tb_http_request *rq);
TB_MUST_CHECK enum MHD_Result tb_reply_send(struct tb_http_request *rq);

/* park.c */
void tb_parked_detach(struct tb_http_request *rq); /* no lock held: the request ends */
/* the rest under server->lock */
void tb_parked_expire(struct tb_http_parked *p, int64_t now_ms);
void tb_parked_stop(struct tb_http_parked *p);

/* events.c */
void tb_stream_tick(struct tb_stream *s, int64_t now_ms); /* under server->lock */
void tb_stream_finish(struct tb_stream *s);               /* under server->lock: end it */
void tb_stream_detach(struct tb_stream *s);               /* no lock held: its request ended */

#endif
