#include "server/lru.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct use {
    struct use *newer, *older;
};

struct tb_lru_item {
    struct use use; /* first, so that an item is found by it */
    void *value;
    unsigned holders;          /* the table itself is one of them while the item is in it */
    struct tb_lru_item *chain; /* next in the bucket */
    uint8_t key[];
};

struct tb_lru {
    pthread_mutex_t lock;
    size_t capacity, key_len, n, n_buckets;
    void (*free_value)(void *);
    struct use ends; /* ends.older is the newest, ends.newer the oldest */
    struct tb_lru_counters counters;
    struct tb_lru_item *bucket[];
};

struct tb_lru *tb_lru_new(size_t capacity, size_t key_len, void (*free_value)(void *value))
{
    size_t n_buckets = 2 * capacity + 1;
    struct tb_lru *lru = calloc(1, sizeof *lru + n_buckets * sizeof lru->bucket[0]);

    if (lru == NULL)
        return NULL;
    pthread_mutex_init(&lru->lock, NULL);
    lru->capacity = capacity;
    lru->key_len = key_len;
    lru->n_buckets = n_buckets;
    lru->free_value = free_value;
    lru->ends.newer = lru->ends.older = &lru->ends;
    return lru;
}

static struct tb_lru_item **bucket_of(struct tb_lru *lru, const void *key)
{
    uint64_t h; /* keys begin with a digest, so its first bytes are a good hash */

    memcpy(&h, key, sizeof h);
    return &lru->bucket[h % lru->n_buckets];
}

static void unlink_use(struct tb_lru_item *item)
{
    item->use.newer->older = item->use.older;
    item->use.older->newer = item->use.newer;
}

static void link_newest(struct tb_lru *lru, struct tb_lru_item *item)
{
    item->use.newer = &lru->ends;
    item->use.older = lru->ends.older;
    item->use.older->newer = &item->use;
    lru->ends.older = &item->use;
}

static struct tb_lru_item *oldest(struct tb_lru *lru)
{
    return (struct tb_lru_item *)lru->ends.newer;
}

static void drop(struct tb_lru *lru, struct tb_lru_item *item)
{
    if (--item->holders > 0)
        return;
    lru->free_value(item->value);
    free(item);
}

static void evict(struct tb_lru *lru, struct tb_lru_item *item)
{
    struct tb_lru_item **p = bucket_of(lru, item->key);

    while (*p != item)
        p = &(*p)->chain;
    *p = item->chain;
    unlink_use(item);
    lru->n--;
    drop(lru, item);
}

void tb_lru_free(struct tb_lru *lru)
{
    if (lru == NULL)
        return;
    while (lru->ends.newer != &lru->ends)
        evict(lru, oldest(lru));
    pthread_mutex_destroy(&lru->lock);
    free(lru);
}

static struct tb_lru_item *find(struct tb_lru *lru, const void *key)
{
    struct tb_lru_item *item = *bucket_of(lru, key);

    while (item != NULL && memcmp(item->key, key, lru->key_len) != 0)
        item = item->chain;
    if (item != NULL) {
        unlink_use(item);
        link_newest(lru, item);
        item->holders++;
    }
    return item;
}

struct tb_lru_item *tb_lru_get(struct tb_lru *lru, const void *key)
{
    struct tb_lru_item *item;

    pthread_mutex_lock(&lru->lock);
    item = find(lru, key);
    if (item != NULL)
        lru->counters.hits++;
    else
        lru->counters.misses++;
    pthread_mutex_unlock(&lru->lock);
    return item;
}

struct tb_lru_item *tb_lru_put(struct tb_lru *lru, const void *key, void *value)
{
    struct tb_lru_item *item = calloc(1, sizeof *item + lru->key_len);
    struct tb_lru_item *there;

    if (item == NULL) {
        lru->free_value(value);
        return NULL;
    }
    pthread_mutex_lock(&lru->lock);
    there = find(lru, key);
    if (there == NULL) {
        struct tb_lru_item **p = bucket_of(lru, key);

        memcpy(item->key, key, lru->key_len);
        item->value = value;
        item->holders = 2; /* the table and the caller */
        item->chain = *p;
        *p = item;
        link_newest(lru, item);
        if (++lru->n > lru->capacity) {
            lru->counters.evictions++;
            evict(lru, oldest(lru));
        }
    }
    pthread_mutex_unlock(&lru->lock);
    if (there != NULL) {
        lru->free_value(value);
        free(item);
        return there;
    }
    return item;
}

void *tb_lru_value(const struct tb_lru_item *item)
{
    return item->value;
}

void tb_lru_release(struct tb_lru *lru, struct tb_lru_item *item)
{
    if (item == NULL)
        return;
    pthread_mutex_lock(&lru->lock);
    drop(lru, item);
    pthread_mutex_unlock(&lru->lock);
}

void tb_lru_counters_read(struct tb_lru *lru, struct tb_lru_counters *out)
{
    pthread_mutex_lock(&lru->lock);
    *out = lru->counters;
    out->n = lru->n;
    pthread_mutex_unlock(&lru->lock);
}
