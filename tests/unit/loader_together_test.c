/* What the loader asks of the packages of a set together: the level of the signed command line, and
 * each name once. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/loader_world.h"

static int set_up(void **state)
{
    *state = world_new();
    return 0;
}

static int tear_down(void **state)
{
    world_free(*state);
    return 0;
}

/* ---- levels ---- */

static void base_asks(struct world *w, const char *line)
{
    struct tb_manifest *m = world_base();

    m->level = TB_LEVEL_CERTIFIED;
    m->option[0].value = tb_slice(line, strlen(line));
    world_package(w, 'a', m, w->vendor);
}

/* Nothing of it comes early. */
static void put_software(struct world *w, char set, const char *name, enum tb_level level)
{
    struct tb_manifest *m = world_plain();

    m->level = level;
    m->name = tb_slice(name, strlen(name));
    world_package(w, set, m, w->vendor);
}

/* Read before the base or behind it. */
static void b08_a_package_below_the_level_of_the_signed_command_line_stops(void **state)
{
    static const char *const names[] = { "a-tool", "tool" };
    struct world *w = *state;
    char file[32];

    world_conf(w, "default a\n");
    base_asks(w, "quiet trueboot.level=certified");
    assert_true(world_boot(w));
    for (size_t i = 0; i < 2; i++) {
        snprintf(file, sizeof file, "set a: %s_1.tbp: ", names[i]);
        put_software(w, 'a', names[i], TB_LEVEL_COMMUNITY);
        assert_false(world_boot(w));
        assert_non_null(strstr(w->said, file));
        assert_non_null(strstr(w->said, tb_check_text(TB_CHECK_PACKAGE_LEVEL)->title));
        assert_non_null(strstr(w->said, "at level: expected certified\n  found community"));
        assert_null(strstr(world_records(w), " end "));
        put_software(w, 'a', names[i], TB_LEVEL_CERTIFIED);
        assert_true(world_boot(w));
    }
}

static void b08_the_base_itself_is_of_the_level_that_it_asks_for(void **state)
{
    struct world *w = *state;
    struct tb_manifest *m = world_base();

    world_conf(w, "default a\n");
    m->option[0].value = tb_slice("trueboot.level=certified", 24);
    world_package(w, 'a', m, w->vendor);
    assert_false(world_boot(w));
    assert_non_null(strstr(w->said, "set a: base_1.tbp: "));
}

static void a_package_of_the_level_that_is_asked_for_is_taken(void **state)
{
    struct world *w = *state;

    world_conf(w, "default a\n");
    put_software(w, 'a', "tool", TB_LEVEL_PARTNER);
    base_asks(w, "trueboot.level=partner");
    assert_true(world_boot(w));
    base_asks(w, "trueboot.level=partner trueboot.level=accepted");
    assert_false(world_boot(w));
    base_asks(w, "quiet");
    assert_true(world_boot(w));
}

/* Nobody signs what is appended. */
static void what_boot_conf_appends_asks_for_no_level(void **state)
{
    struct world *w = *state;

    world_conf(w, "default a\noption append trueboot.level=certified\n");
    base_asks(w, "quiet");
    put_software(w, 'a', "tool", TB_LEVEL_COMMUNITY);
    assert_true(world_boot(w));
}

static void b08_without_secure_boot_a_package_below_the_level_is_measured(void **state)
{
    struct world *w = *state;

    w->secure_boot = "off";
    world_conf(w, "default a\n");
    base_asks(w, "trueboot.level=certified");
    put_software(w, 'a', "a-tool", TB_LEVEL_COMMUNITY);
    assert_true(world_boot(w));
    assert_non_null(strstr(world_records(w), "\n14 unverified a-tool_1.tbp package.level\n"
                                             "14 command-line "));
    assert_non_null(strstr(w->said, "going on"));
}

/* What the first set asked for is forgotten with it. */
static void b08_a_package_below_the_level_falls_back_to_the_other_set(void **state)
{
    struct world *w = *state;

    world_good(w, 'b');
    base_asks(w, "trueboot.level=certified");
    put_software(w, 'a', "a-tool", TB_LEVEL_COMMUNITY);
    put_software(w, 'b', "tool", TB_LEVEL_COMMUNITY);
    assert_true(world_boot(w));
    assert_non_null(strstr(world_records(w), "\n14 fallback a b package.level\n12 set b\n"));
    assert_int_equal(w->l->boot.set, 'b');
}

/* ---- names ---- */

/* Beside an-extra 1. */
static void put_second(struct world *w, char set)
{
    struct tb_manifest *m = world_extra();

    m->version = tb_slice("2", 1);
    m->security_version = 9;
    world_package(w, set, m, w->vendor);
}

static void b07_two_packages_of_one_name_stop_and_raise_no_minimum(void **state)
{
    static const char kept[] = "an-extra 1\n";
    struct world *w = *state;
    struct world_variable *v = &w->variable[TB_VARIABLE_MINIMUM];

    v->is_there = true;
    v->len = sizeof kept - 1;
    memcpy(v->value, kept, v->len);
    world_conf(w, "default a\ngood a\n");
    world_good(w, 'a');
    put_second(w, 'a');
    assert_false(world_boot(w));
    assert_non_null(strstr(w->said, "set a: an-extra_2.tbp: "));
    assert_non_null(strstr(w->said, tb_check_text(TB_CHECK_PACKAGE_DUPLICATE)->title));
    assert_non_null(strstr(w->said, "at name: expected each name once\n  found an-extra twice"));
    assert_int_equal(v->len, sizeof kept - 1);
    assert_memory_equal(v->value, kept, v->len);
    world_put(w, "a/an-extra_1.tbp", NULL, 0);
    assert_true(world_boot(w));
    assert_memory_equal(v->value, "an-extra 9\nbase 3\n", 18);
}

static void without_secure_boot_nothing_of_the_second_of_one_name_is_used(void **state)
{
    struct world *w = *state;

    w->secure_boot = "off";
    world_good(w, 'a');
    put_second(w, 'a');
    assert_true(world_boot(w));
    assert_int_equal(w->l->boot.n_modules, 3);
    assert_non_null(strstr(world_records(w), "13 package an-extra 2 9 software N\n"
                                             "14 unverified an-extra_2.tbp package.duplicate\n"
                                             "12 package base "));
}

/* The names of the first set are forgotten with it. */
static void two_packages_of_one_name_fall_back_to_the_other_set(void **state)
{
    struct world *w = *state;

    world_good(w, 'a');
    world_good(w, 'b');
    put_second(w, 'a');
    assert_true(world_boot(w));
    assert_non_null(strstr(world_records(w), "\n14 fallback a b package.duplicate\n12 set b\n"));
}

int main(void)
{
#define WORLD(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WORLD(b08_a_package_below_the_level_of_the_signed_command_line_stops),
        WORLD(b08_the_base_itself_is_of_the_level_that_it_asks_for),
        WORLD(a_package_of_the_level_that_is_asked_for_is_taken),
        WORLD(what_boot_conf_appends_asks_for_no_level),
        WORLD(b08_without_secure_boot_a_package_below_the_level_is_measured),
        WORLD(b08_a_package_below_the_level_falls_back_to_the_other_set),
        WORLD(b07_two_packages_of_one_name_stop_and_raise_no_minimum),
        WORLD(without_secure_boot_nothing_of_the_second_of_one_name_is_used),
        WORLD(two_packages_of_one_name_fall_back_to_the_other_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
