/* server/http/body.c - bodies, plain and zstd (RFC 8878, 9659).
 *
 * Memory follows the bytes that came, never a length that was only claimed; the limit of the route
 * holds for what comes out of the decompression, and all bodies together have a limit too. */
#include "server/http/private.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 16384

/* A reply cannot be queued in the middle of a body: it is kept, and the rest thrown away. */
static void fail(struct tb_http_request *rq, int status, const char *code, const char *message)
{
    rq->body_failed = true;
    rq->close = true;
    tb_http_reply_error(rq, status, code, "%s", message);
}

bool tb_body_use_zstd(struct tb_http_request *rq)
{
    int window_log = 17; /* RFC 9659 allows 8 MB; no more than the body may be large */

    while (window_log < 23 && ((size_t)1 << window_log) < rq->route->body_max)
        window_log++;
    rq->zstd = ZSTD_createDStream();
    if (rq->zstd == NULL ||
        ZSTD_isError(ZSTD_DCtx_setParameter(rq->zstd, ZSTD_d_windowLogMax, window_log))) {
        fail(rq, 503, "busy", "no memory to decompress");
        return false;
    }
    return true;
}

/* Room for need bytes and the zero behind them. */
static bool reserve(struct tb_http_request *rq, size_t need)
{
    struct tb_http_server *s = rq->server;
    size_t cap = rq->body_cap < FIRST_CAP ? FIRST_CAP : rq->body_cap * 2;
    size_t most = rq->zstd != NULL ? rq->route->body_max : (size_t)rq->length;
    uint8_t *bigger = NULL;

    if (need + 1 <= rq->body_cap)
        return true;
    if (cap > most + 1)
        cap = most + 1;
    if (cap < need + 1)
        cap = need + 1;
    if (atomic_fetch_add(&s->bodies, cap - rq->body_cap) + (cap - rq->body_cap) <=
        s->config.bodies_max)
        bigger = realloc(rq->body, cap);
    if (bigger == NULL) {
        atomic_fetch_sub(&s->bodies, cap - rq->body_cap);
        tb_http_reply_retry_after(rq, 1);
        fail(rq, 503, "busy", "too many bodies at once");
        return false;
    }
    rq->body = bigger;
    rq->body_cap = cap;
    return true;
}

static void add_zstd(struct tb_http_request *rq, const char *data, size_t len)
{
    ZSTD_inBuffer in = { data, len, 0 };

    for (;;) {
        ZSTD_outBuffer out;
        size_t rc;

        if (rq->zstd_ended) {
            if (in.pos < in.size)
                fail(rq, 400, "bad-compression", "bytes behind the zstd frame");
            return;
        }
        /* one byte more than is allowed, so that too much is seen */
        if (!reserve(rq, rq->body_len + 1))
            return;
        out = (ZSTD_outBuffer){ rq->body, rq->body_cap - 1, rq->body_len };
        rc = ZSTD_decompressStream(rq->zstd, &out, &in);
        if (ZSTD_isError(rc)) {
            fail(rq, 400, "bad-compression", ZSTD_getErrorName(rc));
            return;
        }
        rq->body_len = out.pos;
        if (rq->body_len > rq->route->body_max) {
            fail(rq, 413, "body-too-large", "the decompressed body is larger than accepted here");
            return;
        }
        rq->zstd_ended = rc == 0;
        if (!rq->zstd_ended && in.pos == in.size && out.pos < out.size)
            return; /* all taken, all given: more input is needed */
    }
}

void tb_body_add(struct tb_http_request *rq, const char *data, size_t len)
{
    atomic_fetch_add(&rq->server->bytes_in, len);
    if (rq->body_failed || rq->response != NULL)
        return;
    if (rq->zstd != NULL) {
        add_zstd(rq, data, len);
    } else if (len > rq->length - rq->body_len) {
        fail(rq, 400, "bad-length", "more bytes than Content-Length says");
    } else if (reserve(rq, rq->body_len + len)) {
        memcpy(rq->body + rq->body_len, data, len);
        rq->body_len += len;
    }
}

bool tb_body_finish(struct tb_http_request *rq)
{
    if (rq->body_failed)
        return false;
    if (rq->zstd != NULL && !rq->zstd_ended) {
        fail(rq, 400, "bad-compression", "the zstd frame is cut off");
        return false;
    }
    if (rq->body != NULL)
        rq->body[rq->body_len] = '\0';
    return true;
}

void tb_body_clear(struct tb_http_request *rq)
{
    if (rq->body != NULL)
        explicit_bzero(rq->body, rq->body_len); /* tokens and secrets come in bodies */
    free(rq->body);
    ZSTD_freeDStream(rq->zstd);
    atomic_fetch_sub(&rq->server->bodies, rq->body_cap);
    rq->body = NULL;
    rq->zstd = NULL;
    rq->body_len = rq->body_cap = 0;
}
