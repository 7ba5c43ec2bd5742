/* What is in the initrd beside the base package's parts: where it stands, and who may bring it. */
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

static void b08_the_initrd_ends_with_the_bases_parts_each_piece_at_four_bytes(void **state)
{
    struct world *w = *state;
    static const char expected[] = "early.cpio\0\0early.cpio\0\0initrd\0\0roothash.cpio\0\0\0";
    uint8_t initrd[sizeof expected - 1];
    struct tb_manifest *m = world_extra();

    world_good(w, 'a');
    m->name = tb_slice("other", 5); /* read behind the base */
    world_package(w, 'a', m, w->vendor);
    assert_true(world_boot(w));
    assert_int_equal(tb_initrd_len(&w->l->boot), sizeof initrd);
    tb_initrd_copy(&w->l->boot, initrd);
    assert_memory_equal(initrd, expected, sizeof initrd);
}

static void level_of_extra_is(struct world *w, enum tb_level level, const char *name)
{
    struct tb_manifest *m = world_extra();

    m->level = level;
    m->name = tb_slice(name, strlen(name));
    world_package(w, 'a', m, w->vendor);
}

/* Read before the base or behind it. */
static void b08_an_early_module_of_a_lower_level_than_the_bases_stops(void **state)
{
    static const char *const names[] = { "an-extra", "other" };
    struct world *w = *state;
    char file[32];

    world_good(w, 'a');
    for (size_t i = 0; i < 2; i++) {
        snprintf(file, sizeof file, "%s_1.tbp", names[i]);
        level_of_extra_is(w, TB_LEVEL_PARTNER, names[i]);
        assert_false(world_boot(w));
        assert_non_null(strstr(w->said, file));
        assert_non_null(strstr(w->said, tb_check_text(TB_CHECK_PACKAGE_LEVEL)->title));
        assert_non_null(strstr(w->said, "expected accepted, the base package's, or above"));
        assert_null(strstr(world_records(w), " end "));
        level_of_extra_is(w, TB_LEVEL_CERTIFIED, names[i]);
        assert_true(world_boot(w));
    }
}

static void a_package_of_a_lower_level_without_early_modules_is_taken(void **state)
{
    struct world *w = *state;
    struct tb_manifest *m = world_plain();

    world_good(w, 'a');
    m->level = TB_LEVEL_COMMUNITY;
    world_package(w, 'a', m, w->vendor);
    assert_true(world_boot(w));
    assert_int_equal(w->l->boot.n_modules, 3);
}

static void b08_without_secure_boot_an_early_module_of_a_lower_level_is_measured(void **state)
{
    struct world *w = *state;

    w->secure_boot = "off";
    world_good(w, 'a');
    level_of_extra_is(w, TB_LEVEL_PARTNER, "an-extra");
    assert_true(world_boot(w));
    assert_non_null(strstr(world_records(w), "\n14 signer plain\n"
                                             "14 unverified an-extra_1.tbp package.level\n"
                                             "14 command-line "));
    assert_non_null(strstr(w->said, "going on"));
}

static void b08_an_early_module_of_a_lower_level_falls_back_to_the_other_set(void **state)
{
    struct world *w = *state;

    world_good(w, 'a');
    world_good(w, 'b');
    level_of_extra_is(w, TB_LEVEL_COMMUNITY, "an-extra");
    world_package(w, 'b', world_plain(), w->vendor);
    assert_true(world_boot(w));
    assert_non_null(strstr(world_records(w), "\n14 fallback a b package.level\n12 set b\n"));
    assert_int_equal(w->l->boot.set, 'b');
}

/* Nor is a file of the second held to what the first had in its place. */
static void the_levels_of_a_set_that_was_given_up_are_forgotten(void **state)
{
    struct world *w = *state;

    w->secure_boot = "off";
    world_good(w, 'b');
    world_put_text(w, "b/aaa_1.tbp", "no package");
    level_of_extra_is(w, TB_LEVEL_COMMUNITY, "an-extra"); /* and no base */
    assert_true(world_boot(w));
    assert_int_equal(w->l->boot.set, 'b');
    assert_non_null(strstr(world_records(w), "14 unverified aaa_1.tbp package.format\n"));
    assert_null(strstr(world_records(w), "package.level"));
}

int main(void)
{
#define WORLD(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WORLD(b08_the_initrd_ends_with_the_bases_parts_each_piece_at_four_bytes),
        WORLD(b08_an_early_module_of_a_lower_level_than_the_bases_stops),
        WORLD(a_package_of_a_lower_level_without_early_modules_is_taken),
        WORLD(b08_without_secure_boot_an_early_module_of_a_lower_level_is_measured),
        WORLD(b08_an_early_module_of_a_lower_level_falls_back_to_the_other_set),
        WORLD(the_levels_of_a_set_that_was_given_up_are_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
