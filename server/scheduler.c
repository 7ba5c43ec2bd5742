#include "server/scheduler.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SILENCE_EVERY_S 5
#define PURGE_EVERY_S 3600
#define DAY_MS (86400 * INT64_C(1000))

struct tb_scheduler {
    struct tb_store *store;
    struct tb_verifier *verifier;
    unsigned keep_days;
    void (*log)(const char *text);
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void tell(struct tb_scheduler *s, const char *what, enum tb_store_status status)
{
    char error[TB_STORE_ERR_LEN], text[TB_STORE_ERR_LEN + 64];

    if (status == TB_STORE_OK)
        return;
    tb_store_error(s->store, error);
    snprintf(text, sizeof text, "%s: %s %s", what, tb_store_status_name(status), error);
    s->log(text);
}

static bool count_one(void *ctx, const char *host_id, enum tb_verdict before, enum tb_verdict now)
{
    (void)host_id;
    (void)before;
    (void)now;
    ++*(size_t *)ctx;
    return true;
}

static bool is_stopping(struct tb_scheduler *s)
{
    bool stopping;

    pthread_mutex_lock(&s->lock);
    stopping = s->stopping;
    pthread_mutex_unlock(&s->lock);
    return stopping;
}

/* A host is stale when its last evidence is older than the policy allows, and unreachable when it
 * has not even been in contact for three times as long. */
static void mark_silent(struct tb_scheduler *s)
{
    int64_t now = now_ms();
    struct tb_store_by by = { .actor = "scheduler", .now_ms = now };
    const struct tb_policy *policy;
    struct tb_refusal why;
    enum tb_store_status status;
    size_t marked;
    struct tb_silence silence = {
        .limit = TB_STORE_PAGE_MAX,
        .stale_headline = "no fresh evidence within the time that the policy allows",
        .unreachable_headline = "the host has not been in contact",
    };

    if (!tb_verifier_policy(s->verifier, "", now, &policy, &why))
        return; /* the Verifier has told it */
    silence.stale_before_ms = now - 1000 * (int64_t)policy->stale_s;
    silence.unreachable_before_ms = now - 3000 * (int64_t)policy->stale_s;
    tb_verifier_policy_done(policy);
    do { /* so many at a time that others get to write in between */
        marked = 0;
        status = tb_store_mark_silent(s->store, &silence, &by, count_one, &marked);
    } while (status == TB_STORE_OK && marked == silence.limit && !is_stopping(s));
    tell(s, "marking silent hosts", status);
}

static void *run(void *arg)
{
    struct tb_scheduler *s = arg;
    int64_t purged_ms = 0;

    pthread_mutex_lock(&s->lock);
    while (!s->stopping) {
        struct timespec until;

        pthread_mutex_unlock(&s->lock);
        mark_silent(s);
        if (now_ms() - purged_ms > PURGE_EVERY_S * INT64_C(1000)) {
            purged_ms = now_ms();
            tell(s, "purging",
                 tb_store_purge(s->store, purged_ms, purged_ms - s->keep_days * DAY_MS, NULL));
        }
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += SILENCE_EVERY_S;
        pthread_mutex_lock(&s->lock);
        while (!s->stopping && pthread_cond_timedwait(&s->wake, &s->lock, &until) == 0)
            ;
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

struct tb_scheduler *tb_scheduler_start(struct tb_store *store, struct tb_verifier *verifier,
                                        unsigned keep_days, void (*log)(const char *text))
{
    struct tb_scheduler *s = calloc(1, sizeof *s);
    pthread_condattr_t attr;

    if (s == NULL)
        return NULL;
    *s = (struct tb_scheduler){
        .store = store, .verifier = verifier, .keep_days = keep_days, .log = log
    };
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&s->thread, NULL, run, s) != 0) {
        free(s);
        return NULL;
    }
    return s;
}

void tb_scheduler_stop(struct tb_scheduler *s)
{
    if (s == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
