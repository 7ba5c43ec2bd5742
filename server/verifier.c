/* server/verifier.c - the Verifier's life, its caches of policies, and refusals. */
#include "server/verifier_internal.h"

#include "wire/policy_json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLICY_FRESH_MS 5000 /* another replica's new policy holds here after so long at most */

/* A policy and how many hold it, the cache among them. */
struct shared_policy {
    struct tb_policy policy; /* first: the two pointers are the same address */
    _Atomic unsigned holders;
};

/* Of one group, for as long as the cache has room. Its members are read and written under
 * policy_lock. A policy that was good stays when a later one cannot be read. */
struct cached_policy {
    struct shared_policy *policy; /* held; NULL: none was good yet */
    int64_t loaded_ms;
    uint64_t generation; /* in which its loading began */
    char trouble[256];   /* why the last attempt to load failed; "": it did not */
};

/* Declared in attestation.c's terms: what the caches hold. */

void tb_verifier_policy_done(const struct tb_policy *policy)
{
    struct shared_policy *shared = (struct shared_policy *)(uintptr_t)policy;

    if (shared != NULL && atomic_fetch_sub(&shared->holders, 1) == 1)
        free(shared);
}

static void release(struct shared_policy *shared)
{
    tb_verifier_policy_done(shared != NULL ? &shared->policy : NULL);
}

static void cached_policy_free(void *value)
{
    struct cached_policy *c = value;

    if (c != NULL)
        release(c->policy);
    free(c);
}

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
    pthread_mutex_init(&v->policy_lock, NULL);
    v->boots = tb_lru_new(config->boots_cached ? config->boots_cached : 512,
                          sizeof(struct tb_boot_key), tb_cached_boot_free);
    v->keys = tb_lru_new(config->keys_cached ? config->keys_cached : 65536, 32, tb_cached_key_free);
    v->policies = tb_lru_new(256, 32, cached_policy_free);
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
    pthread_mutex_destroy(&v->policy_lock);
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

/* The text is what was put if it is, to the byte, what the digest was taken of, or says the same.
 * (A newer program may write the same text in another canonical form.) */
static bool digest_holds(struct tb_hasher *h, const struct tb_policy_record *record,
                         const struct tb_blob *text, const struct tb_policy *parsed)
{
    uint8_t digest[TB_DIGEST_MAX];

    return memcmp(parsed->digest, record->digest, sizeof record->digest) == 0 ||
           (tb_hash(h, TB_BANK_SHA256, tb_slice(text->p, text->len), digest) &&
            memcmp(digest, record->digest, sizeof record->digest) == 0);
}

/* What the store has for the group. The built-in policy holds where nothing was put, and never in
 * place of something that was put and cannot be read: it may allow more. */
static bool load_policy(struct tb_verifier *v, const char *group, struct tb_policy *out,
                        char trouble[256])
{
    struct tb_policy_record record;
    struct tb_blob text = { 0 };
    struct tb_hasher *h = tb_verifier_hasher(v);
    char err[TB_POLICY_ERR_LEN];
    enum tb_store_status status = tb_store_policy_current(v->config.store, group, &record, &text);
    bool ok = false;

    if (status == TB_STORE_NOT_FOUND) {
        tb_policy_builtin(out);
        ok = true;
    } else if (status != TB_STORE_OK)
        snprintf(trouble, 256, "the store does not give it: %s", tb_store_status_name(status));
    else if (h == NULL)
        snprintf(trouble, 256, "out of memory");
    else if (!tb_policy_parse("policy", tb_slice(text.p, text.len), h, out, err))
        snprintf(trouble, 256, "version %lld is damaged: %.200s", (long long)record.version, err);
    else if (!digest_holds(h, &record, &text, out))
        snprintf(trouble, 256, "version %lld is damaged: its text does not have its digest",
                 (long long)record.version);
    else
        ok = true;
    tb_verifier_hasher_done(v, h);
    tb_blob_clear(&text);
    return ok;
}

/* The group's place in the cache, held; NULL: out of memory. */
static struct tb_lru_item *place_of(struct tb_verifier *v, const char *group)
{
    uint8_t key[TB_DIGEST_MAX];
    struct tb_lru_item *item;
    struct cached_policy *fresh;

    if (!tb_sha256(v, tb_slice(group, strlen(group)), key))
        return NULL;
    item = tb_lru_get(v->policies, key);
    if (item != NULL)
        return item;
    fresh = calloc(1, sizeof *fresh);
    return fresh != NULL ? tb_lru_put(v->policies, key, fresh) : NULL;
}

static bool is_fresh(const struct tb_verifier *v, const struct cached_policy *c, int64_t now_ms)
{
    return c->policy != NULL && c->trouble[0] == '\0' &&
           c->generation == atomic_load(&v->policy_generation) && now_ms >= c->loaded_ms &&
           now_ms - c->loaded_ms < POLICY_FRESH_MS;
}

/* Told when it begins, when it becomes another one, and when it ends. */
static void tell_trouble(struct tb_verifier *v, const char *group, bool has_policy,
                         const char *trouble)
{
    char text[512];

    if (v->config.log == NULL)
        return;
    if (trouble[0] == '\0')
        snprintf(text, sizeof text, "policy of group '%s': can be read again", group);
    else
        snprintf(text, sizeof text, "policy of group '%s': %s; %s", group, trouble,
                 has_policy ? "the last good one stays in force" : "its hosts are not served");
    v->config.log(text);
}

/* Load anew. What began to be loaded before another one was put never replaces that one. */
static void refresh(struct tb_verifier *v, const char *group, int64_t now_ms,
                    struct cached_policy *c)
{
    uint64_t generation = atomic_load(&v->policy_generation);
    char trouble[sizeof c->trouble] = "out of memory";
    struct shared_policy *loaded = malloc(sizeof *loaded), *old = NULL;
    bool ok = loaded != NULL && load_policy(v, group, &loaded->policy, trouble);
    bool tell = false, has_policy;

    pthread_mutex_lock(&v->policy_lock);
    if (generation >= c->generation) {
        if (ok) {
            atomic_init(&loaded->holders, 1);
            old = c->policy;
            c->policy = loaded;
            loaded = NULL;
            c->loaded_ms = now_ms;
            c->generation = generation;
            trouble[0] = '\0';
        }
        tell = strcmp(c->trouble, trouble) != 0;
        memcpy(c->trouble, trouble, sizeof trouble);
    }
    has_policy = c->policy != NULL;
    pthread_mutex_unlock(&v->policy_lock);
    release(old);
    free(loaded); /* not put: a newer one is there, or it could not be read */
    if (tell)
        tell_trouble(v, group, has_policy, trouble);
}

static bool unreadable(struct tb_refusal *why, const char *trouble)
{
    tb_refusal_set(why, 503, "policy-unreadable", "the policy cannot be read: %s", trouble);
    why->retry_after_s = 30;
    return false;
}

/* With `strict` the last good policy does not stand in for the current one. */
static bool policy_in_force(struct tb_verifier *v, const char *group, int64_t now_ms, bool strict,
                            const struct tb_policy **out, struct tb_refusal *why)
{
    struct tb_lru_item *item = place_of(v, group);
    struct cached_policy *c;
    bool fresh, ok;

    if (item == NULL)
        return unreadable(why, "out of memory");
    c = tb_lru_value(item);
    pthread_mutex_lock(&v->policy_lock);
    fresh = is_fresh(v, c, now_ms);
    pthread_mutex_unlock(&v->policy_lock);
    if (!fresh)
        refresh(v, group, now_ms, c);
    pthread_mutex_lock(&v->policy_lock);
    ok = c->policy != NULL && !(strict && c->trouble[0] != '\0');
    if (ok) {
        atomic_fetch_add(&c->policy->holders, 1);
        *out = &c->policy->policy;
    } else {
        unreadable(why, c->trouble);
    }
    pthread_mutex_unlock(&v->policy_lock);
    tb_lru_release(v->policies, item);
    return ok;
}

bool tb_verifier_policy(struct tb_verifier *v, const char *group, int64_t now_ms,
                        const struct tb_policy **out, struct tb_refusal *why)
{
    return policy_in_force(v, group, now_ms, false, out, why);
}

bool tb_verifier_policy_strict(struct tb_verifier *v, const char *group, int64_t now_ms,
                               const struct tb_policy **out, struct tb_refusal *why)
{
    return policy_in_force(v, group, now_ms, true, out, why);
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

bool tb_refusal_no_memory(struct tb_refusal *r)
{
    tb_refusal_set(r, 503, "unavailable", "the Verifier is out of memory or random numbers");
    r->retry_after_s = 10;
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
