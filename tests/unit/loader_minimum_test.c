/* What the firmware keeps of the versions that must not come back. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/loader_world.h"

static int set_up(void **state)
{
    struct world *w = world_new();

    *state = w;
    world_good(w, 'a');
    world_conf(w, "default a\ngood a\n");
    return 0;
}

static int tear_down(void **state)
{
    world_free(*state);
    return 0;
}

static void b07_a_minimum_that_is_not_kept_is_measured_before_the_end(void **state)
{
    static const char record[] = "14 unverified TruebootMinimum package.rolled-back\n";
    struct world *w = *state;
    const char *at;

    w->variable[TB_VARIABLE_MINIMUM].cannot_be_set = true;
    assert_true(world_boot(w));
    at = strstr(world_records(w), record);
    assert_non_null(at);
    assert_non_null(strstr(at, "12 end a"));
    w->variable[TB_VARIABLE_MINIMUM].cannot_be_set = false;
    assert_true(world_boot(w));
    assert_null(strstr(world_records(w), record));
}

static void b07_a_minimum_that_is_not_kept_and_cannot_be_measured_stops(void **state)
{
    struct world *w = *state;
    unsigned n;

    assert_true(world_boot(w));
    n = w->n_measured;
    w->variable[TB_VARIABLE_MINIMUM].is_there = false;
    w->variable[TB_VARIABLE_MINIMUM].cannot_be_set = true;
    w->measure_fails_at = n - 2; /* there are three ends */
    assert_false(world_boot(w));
    assert_int_equal(w->n_measured, n - 2);
    assert_null(strstr(world_records(w), " end "));
}

static void b07_the_set_has_room_in_a_minimum_that_is_full(void **state)
{
    struct world *w = *state;
    struct world_variable *v = &w->variable[TB_VARIABLE_MINIMUM];
    const char *text = (const char *)v->value;

    v->is_there = true;
    for (unsigned i = 0; i < TB_SET_PACKAGES_MAX; i++)
        v->len +=
            (size_t)snprintf((char *)v->value + v->len, sizeof v->value - v->len, "old%02u 1\n", i);
    assert_true(world_boot(w));
    assert_null(strstr(w->said, "does not keep"));
    assert_non_null(strstr(text, "an-extra 3\nbase 3\nold03 1\n"));
    assert_non_null(strstr(text, "old63 1\nplain 3\n"));
}

#define WORLD(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD(b07_a_minimum_that_is_not_kept_is_measured_before_the_end),
        WORLD(b07_a_minimum_that_is_not_kept_and_cannot_be_measured_stops),
        WORLD(b07_the_set_has_room_in_a_minimum_that_is_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
