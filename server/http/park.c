/* server/http/park.c - requests that wait for something without holding a thread.
 *
 * A handle is shared by the request (through its connection) and the caller. Who clears handle->rq
 * under its lock is the one who answers; while rq is set the server cannot go away. The waiting
 * request itself is touched by nobody else, since libmicrohttpd has it suspended. */
#include "server/http/private.h"

#include <stdlib.h>

struct tb_http_parked {
    pthread_mutex_t lock; /* inside server->lock */
    unsigned refs;
    struct tb_http_request *rq; /* NULL: answered */
    int64_t due_ms;
};

/* With p->lock held; releases it. */
static void unref_unlock(struct tb_http_parked *p)
{
    bool last = --p->refs == 0;

    pthread_mutex_unlock(&p->lock);
    if (last) {
        pthread_mutex_destroy(&p->lock);
        free(p);
    }
}

/* With p->lock held: let the request go on with the reply it has. */
static void resume(struct tb_http_parked *p)
{
    struct tb_http_request *rq = p->rq;

    p->rq = NULL;
    atomic_fetch_sub(&rq->server->n_parked, 1);
    MHD_resume_connection(rq->mhd); /* from here on rq may end at any time */
}

struct tb_http_parked *tb_http_park(struct tb_http_request *rq, unsigned timeout_ms)
{
    struct tb_http_server *s = rq->server;
    struct tb_http_parked *p = calloc(1, sizeof *p);

    if (rq->response == NULL)
        tb_http_reply_error(rq, 503, "timeout", "nothing happened in time");
    if (p == NULL)
        return NULL;
    pthread_mutex_init(&p->lock, NULL);
    p->refs = 2;
    p->rq = rq;
    p->due_ms = tb_http_now_ms() + timeout_ms;
    pthread_mutex_lock(&s->lock);
    if (s->stopping || rq->phase != TB_PHASE_BODY) {
        pthread_mutex_unlock(&s->lock);
        pthread_mutex_destroy(&p->lock);
        free(p);
        return NULL;
    }
    rq->phase = TB_PHASE_PARKED;
    rq->conn->parked = p;
    atomic_fetch_add(&s->n_parked, 1);
    MHD_suspend_connection(rq->mhd);
    pthread_mutex_unlock(&s->lock);
    return p;
}

bool tb_http_unpark(struct tb_http_parked *p, int status, const char *type, const void *body,
                    size_t len)
{
    bool ours;

    pthread_mutex_lock(&p->lock);
    ours = p->rq != NULL;
    if (ours) {
        tb_http_reply(p->rq, status, type, body, len);
        resume(p);
    }
    unref_unlock(p);
    return ours;
}

void tb_http_unpark_default(struct tb_http_parked *p)
{
    pthread_mutex_lock(&p->lock);
    if (p->rq != NULL)
        resume(p);
    unref_unlock(p);
}

void tb_parked_expire(struct tb_http_parked *p, int64_t now_ms)
{
    pthread_mutex_lock(&p->lock);
    if (p->rq != NULL && now_ms >= p->due_ms)
        resume(p);
    pthread_mutex_unlock(&p->lock);
}

void tb_parked_stop(struct tb_http_parked *p)
{
    pthread_mutex_lock(&p->lock);
    if (p->rq != NULL) {
        p->rq->close = true;
        tb_http_reply_error(p->rq, 503, "stopping", "the server is stopping");
        resume(p);
    }
    pthread_mutex_unlock(&p->lock);
}

void tb_parked_detach(struct tb_http_request *rq)
{
    struct tb_http_parked *p;

    pthread_mutex_lock(&rq->server->lock);
    p = rq->conn->parked;
    rq->conn->parked = NULL;
    pthread_mutex_unlock(&rq->server->lock);
    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    if (p->rq != NULL) /* ended without an answer; nobody shall find it */
        atomic_fetch_sub(&rq->server->n_parked, 1);
    p->rq = NULL;
    unref_unlock(p);
}
