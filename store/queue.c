/* store/queue.c - one writer, few readers, and the commit that many writers share.
 *
 * A durable commit costs the disk's time, whatever it holds. So writes queue up; the writer thread
 * takes all that wait, runs them in one transaction and commits once. Who waits is woken after the
 * commit only: what was acknowledged survives a crash (T-67). No write waits for company. */
#include "store/backend.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MAX 512 /* operations of one transaction: bounds its time and the WAL */
#define N_READERS 4   /* connections for reading */
#define IDLE_MS 1000  /* without work for so long: housekeeping */

struct job {
    enum tb_op op;
    const struct tb_op_args *args;
    enum tb_store_status status;
    bool done;
    pthread_cond_t wake;
    struct job *next;
};

struct tb_store {
    const struct tb_backend *backend;
    void *where;
    void (*free_where)(void *);
    tb_change_fn change_fn;
    void *change_ctx;

    pthread_mutex_t lock; /* all below */
    pthread_cond_t work, reader_free;
    struct job *first, **last;
    uint64_t n_queued, n_writes, n_commits;
    bool closing, writer_runs;
    struct tb_conn *reader[N_READERS]; /* the free ones are reader[0..n_free) */
    size_t n_free, n_connected;
    char err[TB_STORE_ERR_LEN];
    uint32_t schema;

    pthread_t writer_thread;
    struct tb_conn *writer;
};

void tb_conn_changed(struct tb_conn *c, enum tb_change kind, const char *host_id)
{
    struct tb_change_note *p;

    if (c->n_changes == c->cap_changes) {
        size_t cap = c->cap_changes ? 2 * c->cap_changes : 64;

        p = realloc(c->changes, cap * sizeof *p);
        if (!p)
            return; /* a page is refreshed later; no state depends on it */
        c->changes = p;
        c->cap_changes = cap;
    }
    p = &c->changes[c->n_changes++];
    p->kind = kind;
    snprintf(p->host_id, sizeof p->host_id, "%s", host_id ? host_id : "");
}

static void set_error(struct tb_store *s, const char *text)
{
    pthread_mutex_lock(&s->lock);
    snprintf(s->err, sizeof s->err, "%s", text);
    pthread_mutex_unlock(&s->lock);
}

void tb_store_error(struct tb_store *s, char out[TB_STORE_ERR_LEN])
{
    pthread_mutex_lock(&s->lock);
    memcpy(out, s->err, TB_STORE_ERR_LEN);
    pthread_mutex_unlock(&s->lock);
}

void tb_store_on_change(struct tb_store *s, tb_change_fn fn, void *ctx)
{
    s->change_fn = fn;
    s->change_ctx = ctx;
}

void tb_store_stats(struct tb_store *s, struct tb_store_stats *out)
{
    pthread_mutex_lock(&s->lock);
    *out = (struct tb_store_stats){ .n_writes = s->n_writes,
                                    .n_commits = s->n_commits,
                                    .n_queued = s->n_queued,
                                    .schema = s->schema };
    pthread_mutex_unlock(&s->lock);
}

/* ---- the writer ---- */

/* All of the batch in one transaction. False: none of it was done. */
static bool run_batch(struct tb_store *s, struct job *batch)
{
    struct tb_conn *c = s->writer;

    c->broken = false;
    c->n_changes = 0;
    if (!s->backend->begin(c, true))
        return false;
    for (struct job *j = batch; j; j = j->next) {
        size_t mark = c->n_changes;

        c->keep = false;
        j->status = s->backend->run(c, j->op, j->args);
        if (j->status != TB_STORE_OK && !c->keep)
            c->n_changes = mark;
        if (j->status == TB_STORE_UNAVAILABLE)
            set_error(s, c->err);
        if (c->broken)
            break;
    }
    if (!c->broken && s->backend->commit(c))
        return true;
    s->backend->rollback(c);
    return false;
}

static void finish_batch(struct tb_store *s, struct job *batch, bool ok, uint64_t n)
{
    struct tb_conn *c = s->writer;

    if (!ok)
        set_error(s, c->err);
    else if (s->change_fn)
        for (size_t i = 0; i < c->n_changes; i++)
            s->change_fn(s->change_ctx, c->changes[i].kind, c->changes[i].host_id);
    pthread_mutex_lock(&s->lock);
    s->n_writes += n;
    s->n_commits++;
    for (struct job *j = batch, *next; j; j = next) {
        next = j->next; /* a woken caller's job is gone */
        if (!ok)
            j->status = TB_STORE_UNAVAILABLE;
        j->done = true;
        pthread_cond_signal(&j->wake);
    }
    pthread_mutex_unlock(&s->lock);
}

/* The next batch, taken from the queue with the lock held. */
static struct job *take_batch(struct tb_store *s, uint64_t *n)
{
    struct job *batch = s->first, *end = batch;

    for (*n = 1; end->next && *n < BATCH_MAX; (*n)++)
        end = end->next;
    s->first = end->next;
    if (!s->first)
        s->last = &s->first;
    end->next = NULL;
    s->n_queued -= *n;
    return batch;
}

static void wait_for_work(struct tb_store *s, bool *dirty)
{
    struct timespec t;

    if (!*dirty) {
        pthread_cond_wait(&s->work, &s->lock);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += IDLE_MS / 1000;
    if (pthread_cond_timedwait(&s->work, &s->lock, &t) == 0)
        return;
    pthread_mutex_unlock(&s->lock);
    s->backend->idle(s->writer);
    *dirty = false;
    pthread_mutex_lock(&s->lock);
}

static void *writer_main(void *arg)
{
    struct tb_store *s = arg;
    bool dirty = false;

    pthread_mutex_lock(&s->lock);
    for (;;) {
        struct job *batch;
        uint64_t n;

        if (!s->first && s->closing)
            break;
        if (!s->first) {
            wait_for_work(s, &dirty);
            continue;
        }
        batch = take_batch(s, &n);
        pthread_mutex_unlock(&s->lock);
        finish_batch(s, batch, run_batch(s, batch), n);
        dirty = true;
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

enum tb_store_status tb_store_write(struct tb_store *s, enum tb_op op, const struct tb_op_args *a)
{
    struct job j = { .op = op, .args = a, .status = TB_STORE_UNAVAILABLE };

    pthread_cond_init(&j.wake, NULL);
    pthread_mutex_lock(&s->lock);
    *s->last = &j;
    s->last = &j.next;
    s->n_queued++;
    pthread_cond_signal(&s->work);
    while (!j.done)
        pthread_cond_wait(&j.wake, &s->lock);
    pthread_mutex_unlock(&s->lock);
    pthread_cond_destroy(&j.wake);
    return j.status;
}

/* ---- readers ---- */

/* A connection of one's own; NULL only when there is none at all. */
static struct tb_conn *take_reader(struct tb_store *s)
{
    struct tb_conn *c = NULL;
    bool connect = false;
    char err[TB_STORE_ERR_LEN] = "";

    pthread_mutex_lock(&s->lock);
    while (s->n_free == 0 && s->n_connected == N_READERS)
        pthread_cond_wait(&s->reader_free, &s->lock);
    if (s->n_free > 0) {
        c = s->reader[--s->n_free];
    } else {
        s->n_connected++; /* its place is taken while it is being made */
        connect = true;
    }
    pthread_mutex_unlock(&s->lock);
    if (!connect)
        return c;
    c = s->backend->connect(s->where, false, err);
    if (!c) {
        set_error(s, err);
        pthread_mutex_lock(&s->lock);
        s->n_connected--;
        pthread_cond_signal(&s->reader_free);
        pthread_mutex_unlock(&s->lock);
    }
    return c;
}

static void give_reader(struct tb_store *s, struct tb_conn *c)
{
    bool broken = c->broken;

    if (broken)
        s->backend->disconnect(c);
    pthread_mutex_lock(&s->lock);
    if (broken)
        s->n_connected--;
    else
        s->reader[s->n_free++] = c;
    pthread_cond_signal(&s->reader_free);
    pthread_mutex_unlock(&s->lock);
}

enum tb_store_status tb_store_read(struct tb_store *s, enum tb_op op, const struct tb_op_args *a)
{
    struct tb_conn *c = take_reader(s);
    enum tb_store_status status = TB_STORE_UNAVAILABLE;

    if (!c)
        return status;
    if (s->backend->begin(c, false)) {
        status = s->backend->run(c, op, a);
        if (!s->backend->commit(c))
            s->backend->rollback(c);
    } else {
        c->broken = true; /* a new connection next time */
    }
    if (status == TB_STORE_UNAVAILABLE)
        set_error(s, c->err);
    give_reader(s, c);
    return status;
}

/* ---- opening and closing ---- */

static bool start_threads(struct tb_store *s, char err[TB_STORE_ERR_LEN])
{
    pthread_condattr_t attr;

    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->work, &attr);
    pthread_condattr_destroy(&attr);
    pthread_cond_init(&s->reader_free, NULL);
    s->last = &s->first;
    s->writer = s->backend->connect(s->where, true, err);
    if (!s->writer)
        return false;
    if (pthread_create(&s->writer_thread, NULL, writer_main, s) != 0) {
        snprintf(err, TB_STORE_ERR_LEN, "the writer thread cannot be started");
        return false;
    }
    s->writer_runs = true;
    return true;
}

struct tb_store *tb_store_start(const struct tb_backend *backend, void *where,
                                void (*free_where)(void *), char err[TB_STORE_ERR_LEN])
{
    struct tb_store *s = calloc(1, sizeof *s);
    int64_t schema = 0;

    if (!s) {
        snprintf(err, TB_STORE_ERR_LEN, "out of memory");
        free_where(where);
        return NULL;
    }
    s->backend = backend;
    s->where = where;
    s->free_where = free_where;
    if (!start_threads(s, err)) {
        tb_store_close(s);
        return NULL;
    }
    if (tb_store_read(s, TB_OP_schema, &(struct tb_op_args){ .i_out = &schema }) != TB_STORE_OK) {
        tb_store_error(s, err);
        tb_store_close(s);
        return NULL;
    }
    s->schema = (uint32_t)schema;
    return s;
}

void tb_store_close(struct tb_store *s)
{
    if (!s)
        return;
    if (s->writer_runs) {
        pthread_mutex_lock(&s->lock);
        s->closing = true;
        pthread_cond_signal(&s->work);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->writer_thread, NULL);
    }
    while (s->n_free > 0)
        s->backend->disconnect(s->reader[--s->n_free]);
    if (s->writer)
        s->backend->disconnect(s->writer);
    pthread_cond_destroy(&s->work);
    pthread_cond_destroy(&s->reader_free);
    pthread_mutex_destroy(&s->lock);
    s->free_where(s->where);
    free(s);
}
