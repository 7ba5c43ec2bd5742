/* server/http/head.c - everything that is judged before a byte of the body is read.
 *
 * libmicrohttpd 0.9.75 answers a request with Content-Length and Transfer-Encoding, or with two
 * lengths, as if nothing were wrong, and keeps the connection: what one parser takes for a body is
 * a second request to the other (RFC 9112 11.2). Such requests end here with 400 and a closed
 * connection. */
#include "server/http/private.h"

#include <string.h>
#include <strings.h>

/* Fields that say one thing or nothing. */
static const char *const single[] = {
    "Host",   "Content-Length", "Content-Type",  "Content-Encoding", "Authorization",
    "Cookie", "If-None-Match",  "Last-Event-ID", "Origin",           "Expect",
};

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   size_t name_len, const char *value, size_t value_len)
{
    struct tb_http_request *rq = cls;

    (void)kind;
    if (value == NULL) {
        value = "";
        value_len = 0;
    }
    if (rq->n_headers == TB_HTTP_HEADERS_MAX) {
        rq->too_many = true;
        return MHD_NO;
    }
    if (strlen(name) != name_len || !tb_field_name_is_valid(name, name_len))
        rq->bad_head = "a header name with bytes that do not belong there";
    else if (strlen(value) != value_len || !tb_field_value_is_valid(value, value_len))
        rq->bad_head = "a header value with control bytes";
    else if (strcasecmp(name, "Transfer-Encoding") == 0)
        rq->bad_head = "Transfer-Encoding; send Content-Length";
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        if (strcasecmp(name, single[i]) == 0 && tb_http_header(rq, name) != NULL)
            rq->bad_head = "a doubled header that may stand once";
    rq->header[rq->n_headers].name = name;
    rq->header[rq->n_headers++].value = value;
    return MHD_YES;
}

static bool refuse(struct tb_http_request *rq, int status, const char *code, const char *message)
{
    rq->close = true;
    tb_http_reply_error(rq, status, code, "%s", message);
    return false;
}

/* A zero byte in the target ends libmicrohttpd's string early; its request line stays in one
 * buffer, so the version must begin right behind the target's end. */
static bool target_has_zero(const struct tb_http_request *rq, const char *version)
{
    size_t len = strlen(rq->raw);

    return version > rq->raw_at && version - rq->raw_at <= TB_POOL_LEN &&
           (size_t)(version - rq->raw_at) != len + 1;
}

static bool check_framing(struct tb_http_request *rq, const char *version)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(rq->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    const char *host, *length;

    MHD_get_connection_values_n(rq->mhd, MHD_HEADER_KIND, take_header, rq);
    if (rq->raw == NULL)
        return refuse(rq, 414, "target-too-long", "the request target is too long");
    if (rq->too_many || (i != NULL && i->header_size > TB_HTTP_HEAD_MAX))
        return refuse(rq, 431, "head-too-large", "there are too many or too large headers");
    if (rq->bad_head != NULL)
        return refuse(rq, 400, "bad-header", rq->bad_head);
    if (strcmp(version, "HTTP/1.1") != 0)
        return refuse(rq, 505, "bad-version", "only HTTP/1.1 is spoken here");
    host = tb_http_header(rq, "Host");
    if (host == NULL || !tb_host_is_valid(host))
        return refuse(rq, 400, "bad-host", "Host must stand once and name a host");
    if (target_has_zero(rq, version))
        return refuse(rq, 400, "bad-target", "a zero byte in the request target");
    length = tb_http_header(rq, "Content-Length");
    rq->has_length = length != NULL;
    if (length != NULL && !tb_length_parse(length, &rq->length))
        return refuse(rq, 400, "bad-length", "Content-Length must be a decimal number");
    return true;
}

static bool check_target(struct tb_http_request *rq)
{
    const char *wrong = tb_target_parse(rq->raw, rq->store, &rq->target);
    char allow[64];

    if (wrong != NULL)
        return refuse(rq, 400, "bad-target", wrong);
    rq->compiled = tb_routes_match(rq->server, rq->method, &rq->target, allow);
    if (rq->compiled != NULL) {
        rq->route = rq->compiled->route;
        return true;
    }
    if (allow[0] == '\0') {
        tb_http_reply_error(rq, 404, "not-found", "there is nothing at this path");
    } else {
        tb_http_reply_header(rq, "Allow", allow);
        tb_http_reply_error(rq, 405, "bad-method", "this path does not know this method");
    }
    return false;
}

static bool check_access(struct tb_http_request *rq)
{
    switch (rq->server->config.authorise(rq->server->config.ctx, rq, rq->route)) {
    case TB_HTTP_ALLOWED: return true;
    case TB_HTTP_ANSWERED:
        if (rq->response == NULL)
            tb_http_reply_error(rq, 500, "internal", "the request was not answered");
        return false;
    case TB_HTTP_FORBIDDEN:
        tb_http_reply_error(rq, 403, "forbidden", "your role does not allow this");
        return false;
    case TB_HTTP_UNAUTHENTICATED:
    default:
        tb_http_reply_header(rq, "WWW-Authenticate", "Bearer");
        tb_http_reply_error(rq, 401, "unauthenticated", "this needs valid credentials");
        return false;
    }
}

static bool check_body(struct tb_http_request *rq)
{
    const struct tb_http_route *r = rq->route;
    const char *type = tb_http_header(rq, "Content-Type");
    const char *coding = tb_http_header(rq, "Content-Encoding");

    if (r->body_max > 0 && !rq->has_length && r->method >= TB_HTTP_POST &&
        r->method <= TB_HTTP_PATCH)
        return refuse(rq, 411, "length-required", "a body with Content-Length is needed");
    if (rq->length > r->body_max)
        return refuse(rq, 413, "body-too-large", "the body is larger than this path accepts");
    if (rq->length == 0)
        return true;
    if (r->accepts != NULL && (type == NULL || !tb_media_type_is_one_of(type, r->accepts))) {
        tb_http_reply_refusal(rq, 415,
                              &(struct tb_http_error){ .code = "bad-type",
                                                       .message = "the body has another type",
                                                       .where = "Content-Type",
                                                       .expected = r->accepts,
                                                       .found = type });
        return false;
    }
    if (coding == NULL)
        return true;
    if (strcasecmp(coding, "zstd") != 0) {
        tb_http_reply_header(rq, "Accept-Encoding", "zstd"); /* RFC 9110 12.5.3 */
        tb_http_reply_error(rq, 415, "bad-coding", "the only Content-Encoding is zstd");
        return false;
    }
    return tb_body_use_zstd(rq);
}

bool tb_head_check(struct tb_http_request *rq, const char *version)
{
    return check_framing(rq, version) && check_target(rq) && check_access(rq) && check_body(rq);
}
