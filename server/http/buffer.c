/* server/http/buffer.c - a bounded body that grows piece by piece. */
#include "server/http/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool grow(struct tb_http_buffer *b, size_t more)
{
    size_t cap = b->cap < 4096 ? 4096 : b->cap;
    char *bigger;

    if (b->failed || more > b->max || b->len > b->max - more) {
        b->failed = true;
        return false;
    }
    while (cap - b->len < more)
        cap *= 2;
    if (cap == b->cap)
        return true;
    bigger = realloc(b->data, cap);
    b->failed = bigger == NULL;
    if (bigger != NULL) {
        b->data = bigger;
        b->cap = cap;
    }
    return bigger != NULL;
}

void tb_http_buffer_add(struct tb_http_buffer *b, const void *data, size_t len)
{
    if (len == 0 || !grow(b, len))
        return;
    memcpy(b->data + b->len, data, len);
    b->len += len;
}

void tb_http_buffer_printf(struct tb_http_buffer *b, const char *format, ...)
{
    char small[512], *text = small;
    va_list ap;
    int len;

    va_start(ap, format);
    len = vsnprintf(small, sizeof small, format, ap);
    va_end(ap);
    if (len >= (int)sizeof small) {
        text = NULL;
        va_start(ap, format);
        len = vasprintf(&text, format, ap);
        va_end(ap);
    }
    if (len < 0) {
        b->failed = true;
        return;
    }
    tb_http_buffer_add(b, text, (size_t)len);
    if (text != small)
        free(text);
}

static int add_dump(const char *data, size_t len, void *buffer)
{
    struct tb_http_buffer *b = buffer;

    tb_http_buffer_add(b, data, len);
    return b->failed ? -1 : 0;
}

void tb_http_buffer_json(struct tb_http_buffer *b, const json_t *value)
{
    if (json_dump_callback(value, add_dump, b, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
        b->failed = true;
}

void tb_http_buffer_json_string(struct tb_http_buffer *b, const char *text)
{
    json_t *value = json_string(text);

    tb_http_buffer_json(b, value);
    json_decref(value);
}

void tb_http_buffer_clear(struct tb_http_buffer *b)
{
    free(b->data);
    *b = (struct tb_http_buffer){ .max = b->max };
}

void tb_http_reply_buffer(struct tb_http_request *rq, int status, const char *type,
                          struct tb_http_buffer *take)
{
    if (take->failed) {
        tb_http_report(rq->server, "the reply of %s is too large", rq->path);
        tb_http_reply_error(rq, 500, "reply-too-large", "ask for fewer at once");
    } else {
        tb_http_reply_take(rq, status, type, take->data, take->len);
        take->data = NULL;
    }
    tb_http_buffer_clear(take);
}
