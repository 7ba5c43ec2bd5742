/* server/verifier.c - the Verifier's life, its caches of policies, and refusals. */
#include "server/verifier_internal.h"

#include "wire/policy_json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLICY_FRESH_MS 5000 /* another replica's new policy holds here after so long at most */

struct cached_policy {
    struct tb_policy policy;
    int64_t loaded_ms;
};

/* Declared in attestation.c's terms: what the caches hold. */
void tb_cached_boot_free(void *value);
void tb_cached_key_free(void *value);

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value != 0 ? value : fallback;
}

struct tb_verifier *tb_verifier_new(const struct tb_verifier_config *config)
{
    struct tb_verifier *v = calloc(1, sizeof *v);

    if (v == NULL)
        return NULL;
    v->config = *config;
    v->config.challenge_life_s = or_default(config->challenge_life_s, 60);
    v->config.offer_life_s = or_default(config->offer_life_s, 60);
    v->config.offers_max = or_default(config->offers_max, 1000);
    pthread_mutex_init(&v->lock, NULL);
    v->boots = tb_lru_new(config->boots_cached ? config->boots_cached : 512, tb_cached_boot_free);
    v->keys = tb_lru_new(config->keys_cached ? config->keys_cached : 65536, tb_cached_key_free);
    v->policies = tb_lru_new(256, free);
    v->hasher[0] = tb_hasher_new();
    v->n_hashers = v->hasher[0] != NULL;
    if (v->boots == NULL || v->keys == NULL || v->policies == NULL || v->n_hashers == 0) {
        v->config.ek_roots = NULL; /* still the caller's after a failure */
        tb_verifier_free(v);
        return NULL;
    }
    return v;
}

void tb_verifier_free(struct tb_verifier *v)
{
    if (v == NULL)
        return;
    for (size_t i = 0; i < v->n_hashers; i++)
        tb_hasher_free(v->hasher[i]);
    tb_lru_free(v->boots);
    tb_lru_free(v->keys);
    tb_lru_free(v->policies);
    tb_roots_free(v->config.ek_roots);
    pthread_mutex_destroy(&v->lock);
    free(v);
}

struct tb_hasher *tb_verifier_hasher(struct tb_verifier *v)
{
    struct tb_hasher *h = NULL;

    pthread_mutex_lock(&v->lock);
    if (v->n_hashers > 0)
        h = v->hasher[--v->n_hashers];
    pthread_mutex_unlock(&v->lock);
    return h != NULL ? h : tb_hasher_new();
}

void tb_verifier_hasher_done(struct tb_verifier *v, struct tb_hasher *h)
{
    if (h == NULL)
        return;
    pthread_mutex_lock(&v->lock);
    if (v->n_hashers < TB_HASHERS_MAX) {
        v->hasher[v->n_hashers++] = h;
        h = NULL;
    }
    pthread_mutex_unlock(&v->lock);
    tb_hasher_free(h);
}

bool tb_sha256(struct tb_verifier *v, struct tb_reader in, uint8_t out[32])
{
    struct tb_hasher *h = tb_verifier_hasher(v);
    uint8_t digest[TB_DIGEST_MAX];
    bool ok = h != NULL && tb_hash(h, TB_BANK_SHA256, in, digest);

    tb_verifier_hasher_done(v, h);
    if (ok)
        memcpy(out, digest, 32);
    return ok;
}

/* --- Policies -----------------------------------------------------------------------------------
 */

static void load_policy(struct tb_verifier *v, const char *group, struct tb_policy *out)
{
    struct tb_policy_record record;
    struct tb_blob text = { 0 };
    struct tb_hasher *h = tb_verifier_hasher(v);
    char err[TB_POLICY_ERR_LEN];

    /* What was put was checked then; a text that does not parse now was damaged, and the built-in
     * policy, the strictest that needs no data, holds. */
    if (h == NULL ||
        tb_store_policy_current(v->config.store, group, &record, &text) != TB_STORE_OK ||
        !tb_policy_parse("policy", tb_slice(text.p, text.len), h, out, err))
        tb_policy_builtin(out);
    tb_verifier_hasher_done(v, h);
    tb_blob_clear(&text);
}

static bool policy_key(struct tb_verifier *v, const char *group, uint8_t key[TB_LRU_KEY_LEN])
{
    char text[TB_STORE_NAME_MAX + 32];

    snprintf(text, sizeof text, "%llu %s", (unsigned long long)atomic_load(&v->policy_generation),
             group);
    return tb_sha256(v, tb_slice(text, strlen(text)), key);
}

void tb_verifier_policy(struct tb_verifier *v, const char *group, int64_t now_ms,
                        struct tb_policy *out)
{
    uint8_t key[TB_LRU_KEY_LEN];
    struct tb_lru_item *item;
    struct cached_policy *cached;

    if (!policy_key(v, group, key)) {
        tb_policy_builtin(out);
        return;
    }
    item = tb_lru_get(v->policies, key);
    cached = item != NULL ? tb_lru_value(item) : NULL;
    if (cached != NULL && now_ms >= cached->loaded_ms &&
        now_ms - cached->loaded_ms < POLICY_FRESH_MS) {
        *out = cached->policy;
        tb_lru_release(v->policies, item);
        return;
    }
    tb_lru_release(v->policies, item);
    if (cached != NULL) /* too old: a new generation leaves it to be evicted */
        tb_verifier_policy_changed(v);
    load_policy(v, group, out);
    cached = policy_key(v, group, key) ? malloc(sizeof *cached) : NULL;
    if (cached == NULL)
        return;
    *cached = (struct cached_policy){ *out, now_ms };
    tb_lru_release(v->policies, tb_lru_put(v->policies, key, cached));
}

void tb_verifier_policy_changed(struct tb_verifier *v)
{
    atomic_fetch_add(&v->policy_generation, 1);
}

/* --- Refusals -----------------------------------------------------------------------------------
 */

bool tb_refusal_set(struct tb_refusal *r, int status, const char *code, const char *format, ...)
{
    va_list args;

    *r = (struct tb_refusal){ .status = status, .code = code };
    va_start(args, format);
    vsnprintf(r->message, sizeof r->message, format, args);
    va_end(args);
    return false;
}

bool tb_refusal_of(struct tb_refusal *r, int status, const struct tb_reason *why)
{
    const struct tb_check_text *text = tb_check_text(why->check);

    tb_refusal_set(r, status, text->code, "%s", text->title);
    r->why = *why;
    return false;
}

bool tb_refusal_store(struct tb_refusal *r, enum tb_store_status status)
{
    switch (status) {
    case TB_STORE_NOT_FOUND:
        return tb_refusal_set(r, 404, "not-found", "there is nothing of this name here");
    case TB_STORE_CONFLICT: return tb_refusal_set(r, 409, "conflict", "this exists already");
    case TB_STORE_STALE:
        return tb_refusal_set(r, 410, "expired", "this has expired or was used before");
    case TB_STORE_LIMIT:
        tb_refusal_set(r, 429, "limit", "as many as may be are there already");
        r->retry_after_s = 30;
        return false;
    case TB_STORE_REFUSED:
        return tb_refusal_set(r, 409, "wrong-state", "the host is not in a state that allows this");
    case TB_STORE_INVALID:
        return tb_refusal_set(r, 400, "invalid", "a value is too long or not valid text");
    case TB_STORE_OK:
    case TB_STORE_UNAVAILABLE: break;
    }
    tb_refusal_set(r, 503, "store-unavailable", "the Verifier cannot reach its store");
    r->retry_after_s = 10;
    return false;
}

void tb_verifier_counters_read(struct tb_verifier *v, struct tb_verifier_counters *out)
{
    struct tb_lru_counters boots, keys;

    tb_lru_counters_read(v->boots, &boots);
    tb_lru_counters_read(v->keys, &keys);
    *out = (struct tb_verifier_counters){
        .challenges = atomic_load(&v->challenges),
        .evidences = atomic_load(&v->evidences),
        .enrolments = atomic_load(&v->enrolments),
        .refusals = atomic_load(&v->refusals),
        .boot_hits = boots.hits,
        .boot_misses = boots.misses,
        .key_hits = keys.hits,
        .key_misses = keys.misses,
    };
}
