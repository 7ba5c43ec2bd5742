/* server/http/events.c - server-sent events (WHATWG HTML 9.2).
 *
 * A stream is a reply without an end whose connection sleeps (suspended) while its queue is empty.
 * The publisher never waits: a client whose queue is full is dropped. A dead client is noticed when
 * the next heartbeat cannot be sent. */
#include "server/http/private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tb_stream {
    struct tb_stream *next, **link; /* hub->lock */
    struct tb_http_hub *hub;
    struct tb_http_server *server;
    struct MHD_Connection *mhd;
    pthread_mutex_t lock; /* the rest */
    struct tb_conn *conn; /* NULL: the request has ended */
    char *queue;
    size_t from, to, cap; /* waiting: [from, to) */
    bool asleep, finished;
    int64_t beat_due_ms, end_due_ms;
};

struct tb_http_hub {
    struct tb_http_hub_config config;
    pthread_mutex_t lock;
    struct tb_stream *first;
    unsigned n;
    uint64_t id;
};

struct tb_http_hub *tb_http_hub_new(const struct tb_http_hub_config *config)
{
    struct tb_http_hub *hub = calloc(1, sizeof *hub);

    if (hub == NULL)
        return NULL;
    if (config != NULL)
        hub->config = *config;
    if (hub->config.streams_max == 0)
        hub->config.streams_max = 256;
    if (hub->config.queue_max == 0)
        hub->config.queue_max = 262144;
    if (hub->config.beat_ms == 0)
        hub->config.beat_ms = 15000;
    if (hub->config.life_s == 0)
        hub->config.life_s = 3600;
    pthread_mutex_init(&hub->lock, NULL);
    return hub;
}

void tb_http_hub_free(struct tb_http_hub *hub)
{
    if (hub == NULL)
        return;
    assert(hub->first == NULL); /* a server still has streams of it */
    pthread_mutex_destroy(&hub->lock);
    free(hub);
}

/* All below: with s->lock held, and s->conn set. */

static void wake(struct tb_stream *s)
{
    if (!s->asleep)
        return;
    s->asleep = false;
    MHD_resume_connection(s->mhd);
}

static void finish(struct tb_stream *s, int64_t within_ms)
{
    s->finished = true;
    tb_conn_due(s->conn, within_ms); /* a client that does not read is cut */
    wake(s);
}

static bool push(struct tb_stream *s, const char *text, size_t len)
{
    size_t waiting = s->to - s->from;

    if (s->finished)
        return false;
    if (len > s->hub->config.queue_max || waiting > s->hub->config.queue_max - len) {
        atomic_fetch_add(&s->server->streams_dropped, 1);
        s->from = s->to = 0;
        finish(s, 0);
        return false;
    }
    if (s->from > 0) {
        memmove(s->queue, s->queue + s->from, waiting);
        s->from = 0;
        s->to = waiting;
    }
    if (s->cap - s->to < len) {
        char *bigger = realloc(s->queue, s->to + len + 1024);

        if (bigger == NULL) {
            finish(s, 0);
            return false;
        }
        s->queue = bigger;
        s->cap = s->to + len + 1024;
    }
    memcpy(s->queue + s->to, text, len);
    s->to += len;
    wake(s);
    return true;
}

/* --- Called by libmicrohttpd -------------------------------------------------------------------
 */

static ssize_t stream_read(void *cls, uint64_t pos, char *buf, size_t max)
{
    struct tb_stream *s = cls;
    size_t n;

    (void)pos;
    pthread_mutex_lock(&s->lock);
    n = s->to - s->from < max ? s->to - s->from : max;
    if (n > 0) {
        memcpy(buf, s->queue + s->from, n);
        s->from += n;
        atomic_fetch_add(&s->server->bytes_out, n);
    } else if (s->finished || s->conn == NULL) {
        pthread_mutex_unlock(&s->lock);
        return MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        /* Answering 0 without this would spin. Under our lock, so that no wake() is lost. */
        s->asleep = true;
        MHD_suspend_connection(s->mhd);
    }
    pthread_mutex_unlock(&s->lock);
    return (ssize_t)n;
}

static void stream_free(void *cls)
{
    struct tb_stream *s = cls;

    pthread_mutex_destroy(&s->lock);
    free(s->queue);
    free(s);
}

/* --- Called by the rest of this directory ------------------------------------------------------
 */

void tb_stream_tick(struct tb_stream *s, int64_t now_ms)
{
    pthread_mutex_lock(&s->lock);
    if (!s->finished && s->conn != NULL && now_ms >= s->end_due_ms) {
        finish(s, s->server->config.write_ms);
    } else if (!s->finished && s->conn != NULL && now_ms >= s->beat_due_ms) {
        s->beat_due_ms = now_ms + s->hub->config.beat_ms;
        (void)push(s, ":\n\n", 3);
    }
    pthread_mutex_unlock(&s->lock);
}

void tb_stream_finish(struct tb_stream *s)
{
    pthread_mutex_lock(&s->lock);
    if (s->conn != NULL)
        finish(s, s->server->config.write_ms);
    pthread_mutex_unlock(&s->lock);
}

void tb_stream_detach(struct tb_stream *s)
{
    struct tb_http_server *server = s->server;

    pthread_mutex_lock(&s->hub->lock);
    *s->link = s->next;
    if (s->next != NULL)
        s->next->link = s->link;
    s->hub->n--;
    pthread_mutex_unlock(&s->hub->lock);
    pthread_mutex_lock(&server->lock);
    s->conn->stream = NULL;
    pthread_mutex_unlock(&server->lock);
    pthread_mutex_lock(&s->lock);
    s->conn = NULL;
    s->finished = true;
    pthread_mutex_unlock(&s->lock);
    atomic_fetch_sub(&server->n_streams, 1);
}

/* --- Events ------------------------------------------------------------------------------------
 */

static bool event_name_is_valid(const char *name)
{
    return *name != '\0' && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789.-_") == strlen(name);
}

/* CR, LF and CRLF each end a line for the browser, so each begins a new "data:" here. */
static void format_event(struct tb_http_buffer *b, uint64_t id, const char *event, const char *data)
{
    if (id > 0)
        tb_http_buffer_printf(b, "id: %llu\n", (unsigned long long)id);
    tb_http_buffer_printf(b, "event: %s\n", event);
    for (const char *p = data;;) {
        size_t len = strcspn(p, "\r\n");

        tb_http_buffer_add(b, "data: ", 6);
        tb_http_buffer_add(b, p, len);
        tb_http_buffer_add(b, "\n", 1);
        p += len;
        if (*p == '\0')
            break;
        p += p[0] == '\r' && p[1] == '\n' ? 2 : 1;
    }
    tb_http_buffer_add(b, "\n", 1);
}

unsigned tb_http_hub_publish(struct tb_http_hub *hub, const char *event, const char *data)
{
    struct tb_http_buffer text = { .max = hub->config.queue_max };
    unsigned n = 0;

    if (!event_name_is_valid(event))
        return 0;
    pthread_mutex_lock(&hub->lock);
    if (hub->first != NULL) {
        format_event(&text, ++hub->id, event, data);
        for (struct tb_stream *s = hub->first; s != NULL && !text.failed; s = s->next) {
            pthread_mutex_lock(&s->lock);
            n += s->conn != NULL && push(s, text.data, text.len);
            pthread_mutex_unlock(&s->lock);
        }
    }
    pthread_mutex_unlock(&hub->lock);
    tb_http_buffer_clear(&text);
    return n;
}

static bool hub_add(struct tb_http_hub *hub, struct tb_stream *s)
{
    bool room;

    pthread_mutex_lock(&hub->lock);
    room = hub->n < hub->config.streams_max;
    if (room) {
        s->next = hub->first;
        s->link = &hub->first;
        if (hub->first != NULL)
            hub->first->link = &s->next;
        hub->first = s;
        hub->n++;
    }
    pthread_mutex_unlock(&hub->lock);
    return room;
}

static struct tb_stream *stream_new(struct tb_http_request *rq, struct tb_http_hub *hub,
                                    const char *event, const char *data)
{
    struct tb_stream *s = calloc(1, sizeof *s);
    struct tb_http_buffer text = { .max = hub->config.queue_max };
    int64_t now = tb_http_now_ms();

    if (s == NULL)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    s->hub = hub;
    s->server = rq->server;
    s->mhd = rq->mhd;
    s->conn = rq->conn;
    s->beat_due_ms = now + hub->config.beat_ms;
    s->end_due_ms = now + (int64_t)hub->config.life_s * 1000;
    tb_http_buffer_printf(&text, "retry: 3000\n\n");
    if (event != NULL && data != NULL && event_name_is_valid(event))
        format_event(&text, 0, event, data);
    pthread_mutex_lock(&s->lock);
    if (!text.failed)
        (void)push(s, text.data, text.len);
    pthread_mutex_unlock(&s->lock);
    tb_http_buffer_clear(&text);
    return s;
}

void tb_http_events_reply(struct tb_http_request *rq, struct tb_http_hub *hub,
                          const char *first_event, const char *first_data)
{
    struct tb_stream *s;
    struct MHD_Response *r;

    if (rq->head_only || rq->stream != NULL || rq->phase != TB_PHASE_BODY) {
        tb_http_reply(rq, 200, "text/event-stream", "", 0);
        return;
    }
    s = stream_new(rq, hub, first_event, first_data);
    r = s != NULL
            ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, stream_read, s, stream_free)
            : NULL;
    if (r == NULL && s != NULL)
        stream_free(s);
    if (r != NULL && !hub_add(hub, s)) {
        MHD_destroy_response(r); /* frees s */
        r = NULL;
    }
    if (r == NULL) {
        tb_http_reply_retry_after(rq, 10);
        tb_http_reply_error(rq, 503, "busy", "there are too many event streams");
        return;
    }
    tb_reply_set(rq, 200, "text/event-stream", r, 0);
    rq->stream = s;
    rq->close = true; /* the end of the stream is the end of the connection, also when it is cut */
    atomic_fetch_add(&rq->server->n_streams, 1);
    pthread_mutex_lock(&rq->server->lock);
    rq->conn->stream = s;
    if (rq->server->stopping)
        tb_stream_finish(s);
    pthread_mutex_unlock(&rq->server->lock);
}
