/* server/http/reply.c - replies. They are only remembered until the handler returns, or a parked
 * request is resumed; tb_reply_send() then hands them to libmicrohttpd. Our own reference is kept
 * until the request ends, so that a stream lives as long as anything points to it. */
#include "server/http/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define API_CSP "default-src 'none'; frame-ancestors 'none'"
#define JSON_TYPE "application/json"

/* Takes the response, also when the request can have no reply any more. */
void tb_reply_set(struct tb_http_request *rq, int status, const char *type,
                  struct MHD_Response *take, uint64_t len)
{
    if (take == NULL) {
        tb_http_report(rq->server, "out of memory for a reply");
        return;
    }
    if (rq->sent || rq->stream != NULL) {
        tb_http_report(rq->server, "a reply behind the reply of %s",
                       rq->route != NULL ? rq->route->path : "?");
        MHD_destroy_response(take);
        return;
    }
    if (rq->response != NULL)
        MHD_destroy_response(rq->response);
    if (type != NULL)
        MHD_add_response_header(take, "Content-Type", type);
    rq->status = status;
    rq->response = take;
    rq->reply_len = len;
    rq->page = false;
}

void tb_reply_drop(struct tb_http_request *rq)
{
    if (rq->response != NULL)
        MHD_destroy_response(rq->response);
    rq->response = NULL;
    for (size_t i = 0; i < rq->n_reply_headers; i++) {
        free(rq->reply_header[i].name);
        free(rq->reply_header[i].value);
    }
    rq->n_reply_headers = 0;
}

static struct MHD_Response *from_bytes(const void *body, size_t len,
                                       enum MHD_ResponseMemoryMode mode)
{
    union {
        const void *in;
        void *out;
    } bytes = { len > 0 ? body : "" }; /* libmicrohttpd does not write to it */

    return MHD_create_response_from_buffer(len, bytes.out, len > 0 ? mode : MHD_RESPMEM_PERSISTENT);
}

void tb_http_reply(struct tb_http_request *rq, int status, const char *type, const void *body,
                   size_t len)
{
    tb_reply_set(rq, status, type, from_bytes(body, len, MHD_RESPMEM_MUST_COPY), len);
}

void tb_http_reply_take(struct tb_http_request *rq, int status, const char *type, void *body,
                        size_t len)
{
    struct MHD_Response *r = from_bytes(body, len, MHD_RESPMEM_MUST_FREE);

    if (r == NULL || len == 0) /* nobody else frees it */
        free(body);
    tb_reply_set(rq, status, type, r, len);
}

void tb_http_reply_static(struct tb_http_request *rq, int status, const char *type,
                          const void *body, size_t len)
{
    tb_reply_set(rq, status, type, from_bytes(body, len, MHD_RESPMEM_PERSISTENT), len);
}

void tb_http_reply_empty(struct tb_http_request *rq, int status)
{
    tb_reply_set(rq, status, NULL, from_bytes("", 0, MHD_RESPMEM_PERSISTENT), 0);
}

void tb_http_reply_json(struct tb_http_request *rq, int status, json_t *take)
{
    char *text = take != NULL ? json_dumps(take, JSON_COMPACT) : NULL;

    json_decref(take);
    if (text == NULL) {
        static const char body[] = "{\"error\":{\"code\":\"internal\",\"message\":"
                                   "\"the reply could not be written\"}}";

        tb_http_report(rq->server, "no JSON for a reply of %s",
                       rq->route != NULL ? rq->route->path : "?");
        tb_http_reply_static(rq, 500, JSON_TYPE, body, sizeof body - 1);
        return;
    }
    tb_http_reply_take(rq, status, JSON_TYPE, text, strlen(text));
}

void tb_http_reply_text(struct tb_http_request *rq, int status, const char *format, ...)
{
    va_list ap;
    char *text = NULL;
    int len;

    va_start(ap, format);
    len = vasprintf(&text, format, ap);
    va_end(ap);
    if (len < 0) {
        tb_http_report(rq->server, "out of memory for a reply");
        return;
    }
    tb_http_reply_take(rq, status, "text/plain; charset=utf-8", text, (size_t)len);
}

void tb_http_reply_refusal(struct tb_http_request *rq, int status, const struct tb_http_error *e)
{
    json_t *error = json_object();
    const struct {
        const char *key, *value;
    } members[] = { { "code", e->code },
                    { "message", e->message },
                    { "where", e->where },
                    { "expected", e->expected },
                    { "found", e->found } };

    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        json_t *text;

        if (members[i].value == NULL)
            continue;
        text = json_string(members[i].value); /* NULL for a header that is not UTF-8 */
        (void)json_object_set_new(error, members[i].key,
                                  text != NULL ? text : json_string("(not UTF-8)"));
    }
    tb_http_reply_json(rq, status, json_pack("{s:o}", "error", error));
}

void tb_http_reply_error(struct tb_http_request *rq, int status, const char *code,
                         const char *format, ...)
{
    char message[512];
    va_list ap;

    va_start(ap, format);
    vsnprintf(message, sizeof message, format, ap);
    va_end(ap);
    tb_http_reply_refusal(rq, status, &(struct tb_http_error){ .code = code, .message = message });
}

void tb_http_reply_header(struct tb_http_request *rq, const char *name, const char *value)
{
    size_t i = rq->n_reply_headers;

    if (i == TB_REPLY_HEADERS_MAX || !tb_field_name_is_valid(name, strlen(name)) ||
        !tb_field_value_is_valid(value, strlen(value)) || strchr(value, '\t') != NULL) {
        tb_http_report(rq->server, "a reply header of %s is malformed or one too many",
                       rq->route != NULL ? rq->route->path : "?");
        rq->bad_reply = true;
        return;
    }
    rq->reply_header[i].name = strdup(name);
    rq->reply_header[i].value = strdup(value);
    rq->n_reply_headers++;
    if (rq->reply_header[i].name == NULL || rq->reply_header[i].value == NULL)
        rq->bad_reply = true;
}

void tb_http_reply_retry_after(struct tb_http_request *rq, unsigned seconds)
{
    char text[16];

    snprintf(text, sizeof text, "%u", seconds);
    tb_http_reply_header(rq, "Retry-After", text);
}

void tb_http_reply_cookie(struct tb_http_request *rq, const char *name, const char *value,
                          unsigned max_age_s)
{
    char text[1024], back[512];
    int len =
        snprintf(text, sizeof text, "%s=%s; Max-Age=%u; Path=/; HttpOnly; SameSite=Strict%s", name,
                 value, max_age_s, rq->server->config.plain_for_tests ? "" : "; Secure");

    /* what would not come back as one cookie is our bug */
    if (len < 0 || (size_t)len >= sizeof text || !tb_field_name_is_valid(name, strlen(name)) ||
        (*value != '\0' &&
         (strchr(value, ';') != NULL || !tb_cookie_find(text, name, back, sizeof back)))) {
        tb_http_report(rq->server, "a malformed cookie");
        rq->bad_reply = true;
        return;
    }
    tb_http_reply_header(rq, "Set-Cookie", text);
}

void tb_http_reply_asset(struct tb_http_request *rq, const struct tb_http_asset *a)
{
    const char *accept = tb_http_header(rq, "Accept-Encoding");
    const char *match = tb_http_header(rq, "If-None-Match");
    bool gzip = a->gzip != NULL && accept != NULL && tb_accepts_gzip(accept);

    tb_http_reply_header(rq, "Cache-Control",
                         a->cache_control != NULL ? a->cache_control : "no-cache");
    if (a->etag != NULL)
        tb_http_reply_header(rq, "ETag", a->etag);
    if (a->gzip != NULL)
        tb_http_reply_header(rq, "Vary", "Accept-Encoding");
    if (match != NULL && a->etag != NULL && tb_etag_matches(match, a->etag)) {
        tb_http_reply_empty(rq, 304);
    } else if (gzip) {
        tb_http_reply_header(rq, "Content-Encoding", "gzip");
        tb_http_reply_static(rq, 200, a->type, a->gzip, a->gzip_len);
    } else {
        tb_http_reply_static(rq, 200, a->type, a->body, a->len);
    }
    rq->page = true;
}

static bool has_reply_header(const struct tb_http_request *rq, const char *name)
{
    for (size_t i = 0; i < rq->n_reply_headers; i++)
        if (strcasecmp(rq->reply_header[i].name, name) == 0)
            return true;
    return false;
}

static void add_headers(struct tb_http_request *rq)
{
    const struct tb_http_config *c = &rq->server->config;
    struct MHD_Response *r = rq->response;

    for (size_t i = 0; i < rq->n_reply_headers; i++)
        MHD_add_response_header(r, rq->reply_header[i].name, rq->reply_header[i].value);
    if (!has_reply_header(rq, "Cache-Control"))
        MHD_add_response_header(r, "Cache-Control", "no-store");
    if (!has_reply_header(rq, "Content-Security-Policy"))
        MHD_add_response_header(r, "Content-Security-Policy", rq->page ? c->page_csp : API_CSP);
    MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(r, "Referrer-Policy", "no-referrer");
    if (!c->plain_for_tests)
        MHD_add_response_header(r, "Strict-Transport-Security", "max-age=31536000");
    if (rq->close)
        MHD_add_response_header(r, "Connection", "close");
}

enum MHD_Result tb_reply_send(struct tb_http_request *rq)
{
    const struct tb_http_config *c = &rq->server->config;

    if (rq->bad_reply) {
        if (rq->stream != NULL)
            tb_stream_detach(rq->stream);
        rq->stream = NULL;
        tb_reply_drop(rq);
        tb_http_reply_error(rq, 500, "internal", "the reply was malformed");
    }
    if (rq->response == NULL)
        return MHD_NO; /* not even memory for an error: the connection ends */
    add_headers(rq);
    tb_conn_due(rq->conn, rq->stream != NULL
                              ? TB_NEVER
                              : (int64_t)c->write_ms + (int64_t)(rq->reply_len * 1000 / c->rate));
    atomic_fetch_add(&rq->server->bytes_out, rq->reply_len);
    rq->sent = true;
    return MHD_queue_response(rq->mhd, (unsigned)rq->status, rq->response);
}
