/* server/http/request.c - the life of a request: head, body, handler, reply, end.
 *
 * libmicrohttpd calls tb_request_begin() at the request line, tb_request_step() first at the end of
 * the head, then with pieces of the body, then once it is whole, then again after each resume. A
 * reply queued in the first of these closes the connection, so it is used for that only when it
 * must. */
#include "server/http/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DRAIN_MAX 131072 /* bytes */

void *tb_request_begin(void *cls, const char *uri, struct MHD_Connection *c)
{
    struct tb_http_server *s = cls;
    struct tb_http_request *rq = calloc(1, sizeof *rq);
    size_t len = uri != NULL ? strlen(uri) : 0;

    if (rq == NULL)
        return NULL;
    rq->server = s;
    rq->mhd = c;
    rq->conn = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    rq->started_ms = tb_http_now_ms();
    rq->raw_at = uri;
    atomic_fetch_add(&s->running, 1);
    if (rq->conn != NULL && rq->conn->had_head) /* the first head counts from the connection */
        tb_conn_due(rq->conn, s->config.head_ms);
    if (rq->conn != NULL)
        rq->conn->had_head = true;
    if (len <= TB_HTTP_TARGET_MAX) { /* three texts in one block: raw, path, decoded */
        rq->raw = calloc(3, len + 2);
        if (rq->raw != NULL) {
            rq->path = rq->raw + len + 2;
            rq->store = rq->path + len + 2;
            memcpy(rq->raw, uri != NULL ? uri : "", len);
            memcpy(rq->path, rq->raw, strcspn(rq->raw, "?"));
        }
    }
    return rq;
}

static void count_tls(struct tb_http_request *rq)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(rq->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);

    if (rq->conn->counted || i == NULL || i->tls_session == NULL)
        return;
    rq->conn->counted = true;
    if (gnutls_session_is_resumed(i->tls_session))
        atomic_fetch_add(&rq->server->tls_resumed, 1);
    else
        atomic_fetch_add(&rq->server->tls_full, 1);
}

/* Closing with unread bytes resets the connection, and the client may never see the reply. So a
 * small body behind a refused head is read and thrown away, unless its end cannot be trusted. */
static bool may_drain(const struct tb_http_request *rq)
{
    return !rq->close &&
           (rq->length == 0 || (rq->length <= DRAIN_MAX && tb_http_header(rq, "Expect") == NULL));
}

static enum MHD_Result step_head(struct tb_http_request *rq, const char *method,
                                 const char *version)
{
    const struct tb_http_config *c = &rq->server->config;

    rq->method = method;
    rq->head_only = strcmp(method, "HEAD") == 0;
    rq->phase = TB_PHASE_BODY;
    if (!c->plain_for_tests)
        count_tls(rq);
    if (!tb_head_check(rq, version) && !may_drain(rq)) {
        rq->close = true; /* what may follow is not read */
        return tb_reply_send(rq);
    }
    tb_conn_due(rq->conn, (int64_t)c->body_ms + (int64_t)(rq->length * 1000 / c->rate));
    return MHD_YES;
}

static enum MHD_Result step_whole(struct tb_http_request *rq)
{
    tb_conn_due(rq->conn, TB_NEVER); /* from here on it is our time */
    if (rq->response == NULL && tb_body_finish(rq)) {
        rq->route->handle(rq, rq->server->config.ctx);
        if (rq->phase == TB_PHASE_PARKED)
            return MHD_YES; /* another thread may have answered already: touch nothing */
    }
    if (rq->response == NULL) {
        tb_http_report(rq->server, "no reply from the handler of %s",
                       rq->route != NULL ? rq->route->path : "?");
        tb_http_reply_error(rq, 500, "internal", "the request was not answered");
    }
    return tb_reply_send(rq);
}

enum MHD_Result tb_request_step(void *cls, struct MHD_Connection *c, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *data_len, void **context)
{
    struct tb_http_request *rq = *context;

    (void)cls, (void)c, (void)url;
    if (rq == NULL || rq->conn == NULL || rq->conn->refused || rq->sent)
        return MHD_NO;
    if (rq->phase == TB_PHASE_HEAD)
        return step_head(rq, method, version);
    if (rq->phase == TB_PHASE_PARKED) /* resumed: its reply is set */
        return tb_reply_send(rq);
    if (*data_len > 0) {
        tb_body_add(rq, data, *data_len);
        *data_len = 0;
        return MHD_YES;
    }
    return step_whole(rq);
}

static void report_done(struct tb_http_request *rq)
{
    struct tb_http_server *s = rq->server;
    struct tb_http_done done = {
        .method = rq->method != NULL ? rq->method : "?",
        .route = rq->route,
        .peer = rq->conn != NULL ? rq->conn->peer : "",
        .status = rq->sent ? rq->status : 0,
        .taken_ms = tb_http_now_ms() - rq->started_ms,
    };

    atomic_fetch_add(&s->requests[done.status / 100 <= 5 ? done.status / 100 : 5], 1);
    if (s->config.on_done != NULL)
        s->config.on_done(s->config.ctx, &done);
}

void tb_request_end(void *cls, struct MHD_Connection *c, void **context,
                    enum MHD_RequestTerminationCode why)
{
    struct tb_http_request *rq = *context;
    struct tb_http_server *s = cls;

    (void)c, (void)why;
    *context = NULL;
    if (rq == NULL)
        return;
    if (rq->conn != NULL)
        tb_parked_detach(rq);
    if (rq->stream != NULL)
        tb_stream_detach(rq->stream);
    report_done(rq);
    if (rq->conn != NULL)
        tb_conn_due(rq->conn, s->config.idle_ms);
    tb_reply_drop(rq);
    tb_body_clear(rq);
    free(rq->raw);
    explicit_bzero(rq, sizeof *rq);
    free(rq);
    atomic_fetch_sub(&s->running, 1);
}

/* --- What a request says -----------------------------------------------------------------------
 */

const struct tb_http_route *tb_http_route_of(const struct tb_http_request *rq)
{
    return rq->route;
}

const char *tb_http_method_text(const struct tb_http_request *rq)
{
    return rq->method;
}

const char *tb_http_path(const struct tb_http_request *rq)
{
    return rq->path;
}

const char *tb_http_peer(const struct tb_http_request *rq)
{
    return rq->conn->peer;
}

const char *tb_http_param(const struct tb_http_request *rq, const char *name)
{
    for (size_t i = 0; i < rq->compiled->n; i++) {
        const struct tb_template_segment *s = &rq->compiled->segment[i];

        if (s->kind != TB_SEGMENT_LITERAL && strlen(name) == s->len &&
            memcmp(name, s->text, s->len) == 0)
            return rq->target.segment[i];
    }
    return NULL;
}

const char *tb_http_query(const struct tb_http_request *rq, const char *name)
{
    for (size_t i = 0; i < rq->target.n_query; i++)
        if (strcmp(rq->target.query[i].name, name) == 0)
            return rq->target.query[i].value;
    return NULL;
}

size_t tb_http_query_count(const struct tb_http_request *rq)
{
    return rq->target.n_query;
}

const char *tb_http_query_name(const struct tb_http_request *rq, size_t i)
{
    return i < rq->target.n_query ? rq->target.query[i].name : NULL;
}

bool tb_http_query_u64(struct tb_http_request *rq, const char *name, uint64_t min, uint64_t max,
                       uint64_t fallback, uint64_t *out)
{
    const char *text = tb_http_query(rq, name);
    uint64_t value = fallback;

    if (text != NULL && (!tb_length_parse(text, &value) || value < min || value > max)) {
        char expected[64];

        snprintf(expected, sizeof expected, "%llu to %llu", (unsigned long long)min,
                 (unsigned long long)max);
        tb_http_reply_refusal(rq, 400,
                              &(struct tb_http_error){ .code = "bad-query",
                                                       .message = "a query parameter is wrong",
                                                       .where = name,
                                                       .expected = expected,
                                                       .found = text });
        return false;
    }
    *out = value;
    return true;
}

const char *tb_http_header(const struct tb_http_request *rq, const char *name)
{
    for (size_t i = 0; i < rq->n_headers; i++)
        if (strcasecmp(rq->header[i].name, name) == 0)
            return rq->header[i].value;
    return NULL;
}

bool tb_http_cookie(const struct tb_http_request *rq, const char *name, char *out, size_t out_size)
{
    const char *header = tb_http_header(rq, "Cookie");

    out[0] = '\0';
    return header != NULL && tb_cookie_find(header, name, out, out_size);
}

bool tb_http_bearer(const struct tb_http_request *rq, char *out, size_t out_size)
{
    const char *header = tb_http_header(rq, "Authorization");

    out[0] = '\0';
    return header != NULL && tb_bearer_find(header, out, out_size);
}

const uint8_t *tb_http_body(const struct tb_http_request *rq, size_t *len)
{
    *len = rq->body_len;
    return rq->body != NULL ? rq->body : (const uint8_t *)"";
}

json_t *tb_http_body_json(struct tb_http_request *rq)
{
    size_t len;
    const char *body = (const char *)tb_http_body(rq, &len);
    json_error_t why;
    json_t *value = json_loadb(body, len, JSON_REJECT_DUPLICATES, &why);
    char where[64];

    if (json_is_object(value))
        return value;
    if (value != NULL) {
        json_decref(value);
        tb_http_reply_error(rq, 400, "bad-json", "the body must be a JSON object");
        return NULL;
    }
    snprintf(where, sizeof where, "line %d column %d", why.line, why.column);
    tb_http_reply_refusal(rq, 400,
                          &(struct tb_http_error){ .code = "bad-json",
                                                   .message = "the body is not JSON",
                                                   .where = where,
                                                   .found = why.text });
    return NULL;
}

bool tb_http_exporter(const struct tb_http_request *rq, uint8_t out[TB_HTTP_EXPORTER_LEN])
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(rq->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);

    if (rq->server->config.plain_for_tests || i == NULL || i->tls_session == NULL)
        return false;
    return gnutls_prf_rfc5705(i->tls_session, sizeof TB_HTTP_EXPORTER_LABEL - 1,
                              TB_HTTP_EXPORTER_LABEL, 0, NULL, TB_HTTP_EXPORTER_LEN,
                              (char *)out) == 0;
}

void *tb_http_principal(struct tb_http_request *rq)
{
    return rq->principal;
}
