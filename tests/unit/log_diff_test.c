/* What changed between two boots. */
#include "wire/log_diff.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tests/unit/log_builder.h"
#include "tests/unit/test_support.h"

#define SHA256 LOG_BANK(TB_BANK_SHA256)

struct two {
    struct log_builder *a, *b;
    struct tb_hasher *h;
    json_t *diff;
};

static json_t *diff_of(struct tb_reader before, struct tb_reader after, struct tb_hasher *h,
                       bool *in_after, struct tb_reason *why)
{
    return tb_log_diff_json(&(struct tb_log_diff){ .log = { before, after } }, h, in_after, why);
}

static struct two two_good(void)
{
    struct two t = { .a = log_new(), .b = log_new(), .h = tb_hasher_new() };

    log_good_boot(t.a, SHA256);
    log_good_boot(t.b, SHA256);
    return t;
}

/* Two logs without events. */
static struct two two_empty(uint32_t banks_a, uint32_t banks_b)
{
    struct two t = { .a = log_new(), .b = log_new(), .h = tb_hasher_new() };

    log_begin(t.a, banks_a);
    log_begin(t.b, banks_b);
    return t;
}

static void two_compare(struct two *t)
{
    struct tb_reason why;
    bool in_after;

    log_finish(t->a);
    log_finish(t->b);
    t->diff = diff_of(log_slice(t->a), log_slice(t->b), t->h, &in_after, &why);
    assert_non_null(t->diff);
}

static void two_free(struct two *t)
{
    json_decref(t->diff);
    tb_hasher_free(t->h);
    log_free(t->a);
    log_free(t->b);
}

static bool is_equal(const json_t *o)
{
    return json_is_true(json_object_get(o, "equal"));
}

static json_t *pcr_of(const struct two *t, int number)
{
    json_t *pcr;
    size_t i;

    json_array_foreach(json_object_get(t->diff, "pcrs"), i, pcr)
    {
        if (json_integer_value(json_object_get(pcr, "pcr")) == number)
            return pcr;
    }
    fail_msg("no PCR %d", number);
    return NULL;
}

static int count(const json_t *pcr, const char *kind)
{
    const json_t *change;
    size_t i;
    int n = 0;

    json_array_foreach(json_object_get(pcr, "changes"), i, change) n +=
        strcmp(json_string_value(json_object_get(change, "kind")), kind) == 0;
    return n;
}

static int same(const json_t *pcr)
{
    return (int)json_integer_value(json_object_get(pcr, "same"));
}

/* Numbers of changed, new, gone and moved events. */
static void assert_changes(const json_t *pcr, int changed, int new, int gone, int moved)
{
    assert_int_equal(count(pcr, "changed"), changed);
    assert_int_equal(count(pcr, "new"), new);
    assert_int_equal(count(pcr, "gone"), gone);
    assert_int_equal(count(pcr, "moved"), moved);
}

/* Every PCR but this one is the same. */
static void assert_only(const struct two *t, int number)
{
    const json_t *pcr;
    size_t i;

    assert_false(is_equal(t->diff));
    json_array_foreach(json_object_get(t->diff, "pcrs"), i, pcr)
        assert_int_equal(is_equal(pcr), json_integer_value(json_object_get(pcr, "pcr")) != number);
}

static void ipl(struct log_builder *b, const char *text)
{
    log_event_data(b, 8, TB_EV_IPL, log_text(text));
}

static void a_log_is_equal_to_itself(void **state)
{
    struct two t = two_good();

    (void)state;
    two_compare(&t);
    assert_true(is_equal(t.diff));
    assert_string_equal(json_string_value(json_object_get(t.diff, "bank")), "sha256");
    assert_changes(pcr_of(&t, 7), 0, 0, 0, 0);
    assert_true(same(pcr_of(&t, 7)) > 4);
    two_free(&t);
}

static void another_digest_of_the_same_variable_is_a_change_with_both_events(void **state)
{
    struct two t = two_good();
    const json_t *change;

    (void)state;
    log_rehash(t.b, log_find_variable(t.b, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "KEK"),
               log_text("another"));
    two_compare(&t);
    assert_only(&t, 7);
    assert_changes(pcr_of(&t, 7), 1, 0, 0, 0);
    assert_true(json_is_true(json_object_get(pcr_of(&t, 7), "aligned")));
    assert_false(json_equal(json_object_get(pcr_of(&t, 7), "before"),
                            json_object_get(pcr_of(&t, 7), "after")));
    change = json_array_get(json_object_get(pcr_of(&t, 7), "changes"), 0);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(change, "before"), "index")),
        json_integer_value(json_object_get(json_object_get(change, "after"), "index")));
    two_free(&t);
}

static void new_and_gone_events_are_told_apart(void **state)
{
    struct two t = two_good();
    const json_t *change;

    (void)state;
    log_application(t.b, "another image", "\\EFI\\NEW.EFI");
    log_remove(t.b, log_find_variable(t.b, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "KEK"));
    two_compare(&t);
    assert_changes(pcr_of(&t, 4), 0, 1, 0, 0);
    assert_changes(pcr_of(&t, 7), 0, 0, 1, 0);
    change = json_array_get(json_object_get(pcr_of(&t, 4), "changes"), 0);
    assert_true(json_is_null(json_object_get(change, "before")));
    assert_true(json_is_object(json_object_get(change, "after")));
    change = json_array_get(json_object_get(pcr_of(&t, 7), "changes"), 0);
    assert_true(json_is_object(json_object_get(change, "before")));
    assert_true(json_is_null(json_object_get(change, "after")));
    two_free(&t);
}

static void an_event_in_another_place_is_moved_and_the_others_stay(void **state)
{
    struct two t = two_empty(SHA256, SHA256);

    (void)state;
    for (const char *p = "abcdef"; *p != '\0'; p++)
        ipl(t.a, (char[]){ *p, '\0' });
    for (const char *p = "bcdeaf"; *p != '\0'; p++)
        ipl(t.b, (char[]){ *p, '\0' });
    two_compare(&t);
    assert_false(is_equal(t.diff));
    assert_changes(pcr_of(&t, 8), 0, 0, 0, 1);
    assert_int_equal(same(pcr_of(&t, 8)), 5);
    two_free(&t);
}

static void order_between_pcrs_makes_no_difference(void **state)
{
    struct two t = two_good();

    (void)state;
    log_move_before(t.b, log_find_variable(t.b, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot"),
                    log_find(t.b, 0, TB_EV_S_CRTM_VERSION, 0));
    two_compare(&t);
    assert_true(is_equal(t.diff));
    two_free(&t);
}

static void data_that_no_digest_covers_are_told_and_make_no_difference(void **state)
{
    struct two t = two_good();

    (void)state;
    log_event(t.a, 8, TB_EV_IPL, log_text("hashed"), log_text("one story"));
    log_event(t.b, 8, TB_EV_IPL, log_text("hashed"), log_text("another"));
    two_compare(&t);
    assert_true(is_equal(t.diff));
    assert_int_equal(count(pcr_of(&t, 8), "data"), 1);
    two_free(&t);
}

static void an_event_of_another_type_is_another_event(void **state)
{
    struct two t = two_good();

    (void)state;
    log_event_data(t.a, 8, TB_EV_IPL, log_text("x"));
    log_event_data(t.b, 8, TB_EV_EVENT_TAG, log_text("x"));
    two_compare(&t);
    assert_only(&t, 8);
    assert_changes(pcr_of(&t, 8), 0, 1, 1, 0);
    two_free(&t);
}

static void another_startup_locality_is_a_difference(void **state)
{
    struct two t = two_good();

    (void)state;
    log_move_before(t.a, log_locality(t.a, 3), &t.a->item[0]);
    log_move_before(t.b, log_locality(t.b, 0), &t.b->item[0]);
    two_compare(&t);
    assert_only(&t, 0);
    assert_changes(pcr_of(&t, 0), 1, 0, 0, 0);
    two_free(&t);
}

static void the_strongest_bank_of_both_is_compared(void **state)
{
    struct two t = two_empty(SHA256 | LOG_BANK(TB_BANK_SHA1) | LOG_BANK(TB_BANK_SHA384),
                             SHA256 | LOG_BANK(TB_BANK_SHA1));
    uint8_t(*digest)[TB_DIGEST_MAX];

    (void)state;
    ipl(t.a, "x");
    ipl(t.b, "x");
    digest = log_find(t.b, 8, TB_EV_IPL, 0)->digest;
    digest[TB_BANK_SHA1][0] ^= 1;
    two_compare(&t);
    assert_string_equal(json_string_value(json_object_get(t.diff, "bank")), "sha256");
    assert_true(is_equal(pcr_of(&t, 8)));
    two_free(&t);
}

static void logs_without_a_common_bank_are_refused(void **state)
{
    struct two t = two_empty(SHA256, LOG_BANK(TB_BANK_SHA384));
    struct tb_reason why;
    bool in_after;

    (void)state;
    ipl(t.a, "x");
    ipl(t.b, "x");
    log_finish(t.a);
    log_finish(t.b);
    assert_null(diff_of(log_slice(t.a), log_slice(t.b), t.h, &in_after, &why));
    assert_string_equal(why.where, "banks");
    two_free(&t);
}

/* Of random sequences of few letters: every event is told once, and equality is what it says. */
static void every_event_of_both_logs_is_accounted_for(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (int round = 0; round < 200; round++) {
        struct two t = two_empty(SHA256, SHA256);
        int n[2], listed;
        const json_t *pcr;
        char text[2][16] = { "", "" };

        for (int s = 0; s < 2; s++) {
            n[s] = (int)((seed = seed * 1103515245u + 12345u) >> 16) % 12 + 1;
            for (int i = 0; i < n[s]; i++) {
                text[s][i] = (char)('a' + ((seed = seed * 1103515245u + 12345u) >> 16) % 5);
                ipl(s == 0 ? t.a : t.b, (char[]){ text[s][i], '\0' });
            }
        }
        two_compare(&t);
        pcr = pcr_of(&t, 8);
        listed = count(pcr, "changed") + count(pcr, "moved") + same(pcr);
        assert_int_equal(listed + count(pcr, "gone"), n[0]);
        assert_int_equal(listed + count(pcr, "new"), n[1]);
        assert_int_equal(is_equal(pcr), strcmp(text[0], text[1]) == 0);
        two_free(&t);
    }
}

/* A log of the SHA-1 format with n events in PCR 8, of numbers from first on in steps. */
static uint8_t *long_log(uint32_t n, uint32_t first, uint32_t step, size_t *len)
{
    uint8_t *bytes = calloc(n, 32);

    assert_non_null(bytes);
    for (uint32_t i = 0; i < n; i++, first += step) {
        uint8_t *p = bytes + (size_t)i * 32;

        p[0] = 8;
        p[4] = TB_EV_IPL;
        p[8] = (uint8_t)(first >> 8);
        p[9] = (uint8_t)first;
    }
    *len = (size_t)n * 32;
    return bytes;
}

static void beyond_the_limit_order_is_not_compared_but_the_value_is(void **state)
{
    static const struct {
        uint32_t n;
        bool aligned;
    } cases[] = { { 2048, true }, { 2049, false } };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct two t = { .h = tb_hasher_new() };
        uint32_t n = cases[i].n;
        size_t len_a, len_b;
        uint8_t *a = long_log(n, 1, 1, &len_a), *b = long_log(n, n, UINT32_MAX, &len_b);
        struct tb_reason why;
        bool in_after;

        t.diff = diff_of(tb_slice(a, len_a), tb_slice(b, len_b), t.h, &in_after, &why);
        assert_non_null(t.diff);
        assert_only(&t, 8);
        assert_int_equal(json_is_true(json_object_get(pcr_of(&t, 8), "aligned")), cases[i].aligned);
        assert_int_equal(same(pcr_of(&t, 8)), cases[i].aligned ? 1 : n);
        assert_changes(pcr_of(&t, 8), 0, 0, 0, cases[i].aligned ? (int)n - 1 : 0);
        json_decref(t.diff);
        tb_hasher_free(t.h);
        free(a);
        free(b);
    }
}

static void every_truncation_of_either_log_is_refused_or_compared(void **state)
{
    struct two t = two_good();
    struct tb_replay *replay = calloc(1, sizeof *replay);

    (void)state;
    log_finish(t.a);
    for (size_t len = 0; len < t.a->len; len++) {
        struct tb_reason why, unused;
        uint8_t *copy = test_memdup(t.a->bytes, len);
        struct tb_reader cut = tb_slice(copy, len);
        bool good = tb_log_replay(cut, SHA256, t.h, replay, &unused), in_after;
        json_t *diff = diff_of(cut, log_slice(t.a), t.h, &in_after, &why);

        assert_int_equal(diff != NULL, good);
        if (diff == NULL)
            assert_false(in_after);
        else
            assert_false(is_equal(diff));
        json_decref(diff);
        diff = diff_of(log_slice(t.a), cut, t.h, &in_after, &why);
        assert_int_equal(diff != NULL, good);
        if (diff == NULL) {
            assert_true(in_after);
            assert_true(why.where[0] != '\0');
        }
        json_decref(diff);
        free(copy);
    }
    free(replay);
    two_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_is_equal_to_itself),
        cmocka_unit_test(another_digest_of_the_same_variable_is_a_change_with_both_events),
        cmocka_unit_test(new_and_gone_events_are_told_apart),
        cmocka_unit_test(an_event_in_another_place_is_moved_and_the_others_stay),
        cmocka_unit_test(order_between_pcrs_makes_no_difference),
        cmocka_unit_test(data_that_no_digest_covers_are_told_and_make_no_difference),
        cmocka_unit_test(an_event_of_another_type_is_another_event),
        cmocka_unit_test(another_startup_locality_is_a_difference),
        cmocka_unit_test(the_strongest_bank_of_both_is_compared),
        cmocka_unit_test(logs_without_a_common_bank_are_refused),
        cmocka_unit_test(every_event_of_both_logs_is_accounted_for),
        cmocka_unit_test(beyond_the_limit_order_is_not_compared_but_the_value_is),
        cmocka_unit_test(every_truncation_of_either_log_is_refused_or_compared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
