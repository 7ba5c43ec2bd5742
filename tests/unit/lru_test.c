/* The cache of keys and appraisals. */
#include "server/lru.h"
#include "tests/unit/test_support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define KEY_LEN 40

static _Atomic int n_alive;

static void *value_new(int v)
{
    int *p = malloc(sizeof *p);

    assert_non_null(p);
    *p = v;
    n_alive++;
    return p;
}

static void value_free(void *p)
{
    n_alive--;
    *(int *)p = -1; /* seen by whoever still reads it */
    free(p);
}

static void key_of(int k, uint8_t key[KEY_LEN])
{
    memset(key, 0, KEY_LEN);
    /* equal in the bytes that choose the bucket, different only at the end */
    memcpy(key + KEY_LEN - sizeof k, &k, sizeof k);
}

static void put(struct tb_lru *lru, int k, int v)
{
    uint8_t key[KEY_LEN];

    key_of(k, key);
    tb_lru_release(lru, tb_lru_put(lru, key, value_new(v)));
}

/* -1: not there */
static int get(struct tb_lru *lru, int k)
{
    uint8_t key[KEY_LEN];
    struct tb_lru_item *item;
    int v;

    key_of(k, key);
    item = tb_lru_get(lru, key);
    v = item != NULL ? *(int *)tb_lru_value(item) : -1;
    tb_lru_release(lru, item);
    return v;
}

static void what_was_not_used_for_longest_goes_first(void **state)
{
    struct tb_lru *lru = tb_lru_new(3, KEY_LEN, value_free);
    struct tb_lru_counters c;

    (void)state;
    for (int i = 0; i < 3; i++)
        put(lru, i, 10 + i);
    assert_int_equal(get(lru, 0), 10); /* now 1 is the oldest */
    put(lru, 3, 13);
    assert_int_equal(get(lru, 1), -1);
    assert_int_equal(get(lru, 0), 10);
    assert_int_equal(get(lru, 2), 12);
    assert_int_equal(get(lru, 3), 13);
    tb_lru_counters_read(lru, &c);
    assert_int_equal(c.n, 3);
    assert_int_equal(c.evictions, 1);
    assert_int_equal(c.hits, 4);
    assert_int_equal(c.misses, 1);
    tb_lru_free(lru);
    assert_int_equal(n_alive, 0);
}

static void the_first_value_of_a_key_stays(void **state)
{
    struct tb_lru *lru = tb_lru_new(3, KEY_LEN, value_free);

    (void)state;
    put(lru, 1, 10);
    put(lru, 1, 20);
    assert_int_equal(get(lru, 1), 10);
    assert_int_equal(n_alive, 1);
    tb_lru_free(lru);
    assert_int_equal(n_alive, 0);
}

static void a_value_that_is_held_outlives_its_eviction(void **state)
{
    struct tb_lru *lru = tb_lru_new(1, KEY_LEN, value_free);
    uint8_t key[KEY_LEN];
    struct tb_lru_item *held;

    (void)state;
    key_of(1, key);
    held = tb_lru_put(lru, key, value_new(10));
    put(lru, 2, 20);
    assert_int_equal(get(lru, 1), -1);
    assert_int_equal(*(int *)tb_lru_value(held), 10);
    assert_int_equal(n_alive, 2);
    tb_lru_release(lru, held);
    assert_int_equal(n_alive, 1);
    tb_lru_free(lru);
    tb_lru_free(NULL);
    assert_int_equal(n_alive, 0);
}

static void *work(void *arg)
{
    struct tb_lru *lru = arg;
    unsigned x = (unsigned)(uintptr_t)&x;

    for (int i = 0; i < 5000; i++) {
        uint8_t key[KEY_LEN];
        struct tb_lru_item *item;
        int k;

        x = x * 1664525u + 1013904223u;
        k = (int)(x >> 24) % 20;
        key_of(k, key);
        item = tb_lru_get(lru, key);
        if (item == NULL)
            item = tb_lru_put(lru, key, value_new(k));
        if (*(int *)tb_lru_value(item) != k)
            return lru;
        tb_lru_release(lru, item);
    }
    return NULL;
}

static void many_threads_see_whole_values_and_nothing_leaks(void **state)
{
    struct tb_lru *lru = tb_lru_new(8, KEY_LEN, value_free);
    pthread_t thread[8];
    struct tb_lru_counters c;

    (void)state;
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, work, lru), 0);
    for (size_t i = 0; i < 8; i++) {
        void *wrong;

        pthread_join(thread[i], &wrong);
        assert_null(wrong);
    }
    tb_lru_counters_read(lru, &c);
    assert_int_equal(c.n, 8);
    assert_int_equal(c.hits + c.misses, 40000);
    assert_int_equal(n_alive, 8);
    tb_lru_free(lru);
    assert_int_equal(n_alive, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_not_used_for_longest_goes_first),
        cmocka_unit_test(the_first_value_of_a_key_stays),
        cmocka_unit_test(a_value_that_is_held_outlives_its_eviction),
        cmocka_unit_test(many_threads_see_whole_values_and_nothing_leaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
