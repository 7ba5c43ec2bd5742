/* server/verifier_internal.h - what the files of the Verifier share; for nobody else. */
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

/* 503; fills *why and returns false. */
bool tb_refusal_no_memory(struct tb_refusal *r);

/* For the caches that hold them. */
void tb_cached_boot_free(void *value);
void tb_cached_key_free(void *value);

struct tb_cached_key {
    pthread_mutex_t lock;
    struct tb_key *key;
    enum tb_roca roca; /* of this key, and of the endorsement key that it was enrolled with */
};
/* A host's key, held; NULL: out of memory, or the store did not answer. */
struct tb_lru_item *tb_verifier_key(struct tb_verifier *v, const struct tb_host *host);
/* What enrolment kept about the machine and its TPM. */
void tb_host_into(const struct tb_host *host, enum tb_roca roca, struct tb_appraisal_input *in);
/* What an operator saw, if they said so (409 "other-evidence"). */
TB_MUST_CHECK bool tb_is_what_was_seen(struct tb_verifier *v, const struct tb_host *host,
                                       const struct tb_evidence_record *evidence,
                                       const uint8_t *seen, struct tb_refusal *why);

/* The security versions that a host was trusted with; none where none are kept. False: the store
 * did not answer. */
TB_MUST_CHECK bool tb_versions_held(struct tb_verifier *v, const struct tb_host *host,
                                    struct tb_minimum *out);
/* As they are kept. */
struct tb_versions {
    char *text; /* heap; NULL: as they were */
    size_t len;
    uint8_t digest[32];
};
TB_MUST_CHECK bool tb_versions_print(struct tb_verifier *v, const struct tb_minimum *m,
                                     struct tb_versions *out);
/* PCR 0-3 of the bank relied on. */
void tb_firmware_reference_of(const struct tb_pcrs *pcrs, enum tb_bank bank,
                              struct tb_firmware_reference *out);

#endif
