/* server/lru.h - a bounded cache for keys, policies and appraisals.
 *
 * Thread safe. A value that somebody holds outlives its eviction; what nobody used for longest goes
 * first. */
#ifndef TB_SERVER_LRU_H
#define TB_SERVER_LRU_H

#include "core/reader.h"

struct tb_lru;
struct tb_lru_item;

/* capacity: values kept. key_len: bytes of every key, at least 8; the first 8 must be spread well
 * (they choose the bucket), and all are compared. free_value is called once for each value that
 * leaves. NULL: out of memory. */
struct tb_lru *tb_lru_new(size_t capacity, size_t key_len, void (*free_value)(void *value));
void tb_lru_free(struct tb_lru *lru); /* nobody may hold an item; NULL is a no-op */

/* The item of a key, held until tb_lru_release(); NULL: not there. */
struct tb_lru_item *tb_lru_get(struct tb_lru *lru, const void *key);
/* Add a value, which the cache takes, and hold its item. If the key is there already, the value is
 * freed and the older item returned. NULL: out of memory; the value is freed. */
struct tb_lru_item *tb_lru_put(struct tb_lru *lru, const void *key, void *value);
void *tb_lru_value(const struct tb_lru_item *item);
void tb_lru_release(struct tb_lru *lru, struct tb_lru_item *item); /* NULL item is a no-op */

struct tb_lru_counters {
    uint64_t hits, misses, evictions;
    size_t n;
};
void tb_lru_counters_read(struct tb_lru *lru, struct tb_lru_counters *out);

#endif
