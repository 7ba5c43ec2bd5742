/* server/verifier_internal.h - what verifier.c, enrolment.c and attestation.c share. */
#ifndef TB_SERVER_VERIFIER_INTERNAL_H
#define TB_SERVER_VERIFIER_INTERNAL_H

#include "server/boot_key.h"
#include "server/lru.h"
#include "server/verifier.h"

#include <pthread.h>
#include <stdatomic.h>

#define TB_HASHERS_MAX 64 /* idle hashers kept; more threads than that make their own */

struct tb_verifier {
    struct tb_verifier_config config;
    struct tb_lru *boots;    /* struct cached_boot by struct tb_boot_key */
    struct tb_lru *keys;     /* struct cached_key by SHA-256 of the public area */
    struct tb_lru *policies; /* struct cached_policy by group */
    _Atomic uint64_t policy_generation;
    pthread_mutex_t policy_lock; /* of what the cached policies hold */
    pthread_mutex_t lock;        /* of the hashers, and of what says so */
    struct tb_hasher *hasher[TB_HASHERS_MAX];
    size_t n_hashers;
    _Atomic uint64_t challenges, evidences, enrolments, refusals;
    int64_t not_proved_ms; /* start of an hour; lock */
    unsigned n_not_proved; /* in it */
};

/* A hasher for the time of one request. NULL: out of memory. */
struct tb_hasher *tb_verifier_hasher(struct tb_verifier *v);
void tb_verifier_hasher_done(struct tb_verifier *v, struct tb_hasher *h); /* NULL is a no-op */

#endif
