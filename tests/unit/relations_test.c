/* Packages of one boot set: which go together. */
#include <string.h>

#include "pkg/relations.h"
#include "tests/unit/test_support.h"

#define N(s)                                                                                       \
    {                                                                                              \
        (const uint8_t *)(s), sizeof(s) - 1                                                        \
    }

static struct tb_manifest base, tool, other;
static const struct tb_manifest *set[3];

static int set_up(void **state)
{
    (void)state;
    base = (struct tb_manifest){
        .name = N("base"), .version = N("1"), .security_version = 5, .kind = TB_PACKAGE_BASE
    };
    tool = (struct tb_manifest){
        .name = N("tool"), .version = N("2"), .security_version = 7, .kind = TB_PACKAGE_SOFTWARE
    };
    other = tool;
    other.name = tb_slice("other", 5);
    set[0] = &base;
    set[1] = &tool;
    set[2] = &other;
    return 0;
}

/* The fault of package `at`; TB_N_CHECKS: none. */
static enum tb_check fault(size_t n, size_t at, struct tb_reason *why)
{
    why->check = TB_N_CHECKS;
    return tb_relations_hold(set, n, at, why) ? TB_N_CHECKS : why->check;
}

static void packages_without_relations_go_together(void **state)
{
    struct tb_reason why;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(fault(3, i, &why), TB_N_CHECKS);
}

static void a_name_or_a_base_stands_once_and_both_are_told(void **state)
{
    struct tb_reason why;

    (void)state;
    other.name = tool.name;
    assert_int_equal(fault(3, 0, &why), TB_N_CHECKS);
    for (size_t i = 1; i < 3; i++) {
        assert_int_equal(fault(3, i, &why), TB_CHECK_PACKAGE_DUPLICATE);
        assert_string_equal(why.observed, "tool twice");
    }
    set_up(NULL);
    other.kind = TB_PACKAGE_BASE;
    assert_int_equal(fault(3, 0, &why), TB_CHECK_PACKAGE_DUPLICATE);
    assert_int_equal(fault(3, 1, &why), TB_N_CHECKS);
    assert_int_equal(fault(3, 2, &why), TB_CHECK_PACKAGE_DUPLICATE);
    assert_string_equal(why.observed, "other beside base");
}

static void conflicts_count_from_their_security_version_on(void **state)
{
    struct tb_reason why;

    (void)state;
    tool.n_conflicts = 1;
    tool.conflicts[0] = (struct tb_relation){ N("other"), 8 };
    assert_int_equal(fault(3, 1, &why), TB_N_CHECKS);
    for (uint32_t v = 0; v <= 7; v += 7) {
        tool.conflicts[0].security_version = v;
        assert_int_equal(fault(3, 1, &why), TB_CHECK_PACKAGE_RELATION);
        assert_string_equal(why.where, "conflicts");
        assert_string_equal(why.observed, "other 2, 7");
    }
    assert_int_equal(fault(2, 1, &why), TB_N_CHECKS);
    assert_int_equal(fault(3, 2, &why), TB_N_CHECKS); /* told once, of the one that says so */
}

static void requirements_are_met_from_their_security_version_on(void **state)
{
    struct tb_reason why;

    (void)state;
    other.n_requires = 2;
    other.requires[0] = (struct tb_relation){ N("base"), 5 };
    other.requires[1] = (struct tb_relation){ N("tool"), 7 };
    assert_int_equal(fault(3, 2, &why), TB_N_CHECKS);
    other.requires[1].security_version = 8;
    assert_int_equal(fault(3, 2, &why), TB_CHECK_PACKAGE_RELATION);
    assert_string_equal(why.where, "requires");
    assert_string_equal(why.expected, "a tool of security version 8 or above");
    other.requires[1] = (struct tb_relation){ N("absent"), 0 };
    assert_int_equal(fault(3, 2, &why), TB_CHECK_PACKAGE_RELATION);
}

static void b08_what_comes_early_is_of_the_bases_level_at_least(void **state)
{
    static const enum tb_payload_kind late[] = { TB_PAYLOAD_EFI,    TB_PAYLOAD_KERNEL,
                                                 TB_PAYLOAD_SYSTEM, TB_PAYLOAD_ROOT_HASH,
                                                 TB_PAYLOAD_IMAGE,  TB_PAYLOAD_FILE };
    struct tb_reason why;

    (void)state;
    tool.n_payloads = 2;
    tool.payload[0].kind = TB_PAYLOAD_FILE;
    for (unsigned b = 0; b < TB_N_LEVELS; b++)
        for (unsigned t = 0; t < TB_N_LEVELS; t++) {
            base.level = (enum tb_level)b;
            tool.level = (enum tb_level)t;
            tool.payload[1].kind = TB_PAYLOAD_INITRD;
            assert_int_equal(fault(3, 1, &why), t <= b ? TB_N_CHECKS : TB_CHECK_PACKAGE_LEVEL);
            assert_int_equal(fault(3, 0, &why), TB_N_CHECKS);
            assert_int_equal(fault(3, 2, &why), TB_N_CHECKS);
            for (size_t k = 0; k < sizeof late / sizeof *late; k++) {
                tool.payload[1].kind = late[k];
                assert_int_equal(fault(3, 1, &why), TB_N_CHECKS);
            }
        }
    base.level = TB_LEVEL_ACCEPTED;
    tool.payload[1].kind = TB_PAYLOAD_INITRD;
    assert_int_equal(fault(3, 1, &why), TB_CHECK_PACKAGE_LEVEL);
    assert_string_equal(why.expected, "accepted, the base package's, or above");
    assert_string_equal(why.observed, "community");
    tool.n_payloads = 1;
    assert_int_equal(fault(3, 1, &why), TB_N_CHECKS);
    tool.name = tb_slice(TB_LOADER_PACKAGE, sizeof TB_LOADER_PACKAGE - 1);
    set[0] = &tool;
    set[1] = &base; /* in whatever order */
    assert_int_equal(fault(2, 0, &why), TB_CHECK_PACKAGE_LEVEL);
    assert_int_equal(fault(1, 0, &why), TB_N_CHECKS); /* without a base: told as that */
}

static void b08_a_command_line_asks_for_its_strictest_level(void **state)
{
    static const struct {
        const char *line;
        enum tb_level least;
    } cases[] = {
        { "", TB_LEVEL_COMMUNITY },
        { "quiet ro level=certified", TB_LEVEL_COMMUNITY },
        { "trueboot.leve", TB_LEVEL_COMMUNITY },
        { "trueboot.level=community", TB_LEVEL_COMMUNITY },
        { "quiet trueboot.level=partner ro", TB_LEVEL_PARTNER },
        { "trueboot.level=accepted trueboot.level=community", TB_LEVEL_ACCEPTED },
        { "trueboot.level=partner trueboot.level=certified", TB_LEVEL_CERTIFIED },
        { "trueboot.level=", TB_LEVEL_CERTIFIED },
        { "trueboot.level=communit", TB_LEVEL_CERTIFIED },
        { "trueboot.level=community2", TB_LEVEL_CERTIFIED },
        { "trueboot.level=nobody trueboot.level=partner", TB_LEVEL_CERTIFIED },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(tb_relations_least_level(tb_slice(cases[i].line, strlen(cases[i].line))),
                         cases[i].least);
}

static void a_set_has_a_base_package(void **state)
{
    struct tb_reason why;

    (void)state;
    assert_true(tb_relations_have_base(set, 3, &why));
    assert_false(tb_relations_have_base(set + 1, 2, &why));
    assert_int_equal(why.check, TB_CHECK_PACKAGE_REQUIRED);
    assert_false(tb_relations_have_base(set, 0, &why));
}

static void metadata_that_no_host_can_send_is_refused(void **state)
{
    struct tb_reason why;

    (void)state;
    assert_true(tb_relations_metadata_fits(0, &why));
    assert_true(tb_relations_metadata_fits(TB_SET_METADATA_MAX, &why));
    assert_false(tb_relations_metadata_fits(TB_SET_METADATA_MAX + 1, &why));
    assert_int_equal(why.check, TB_CHECK_PACKAGE_FORMAT);
    assert_string_equal(why.where, "metadata of the set");
    assert_string_equal(why.expected, "at most 424960 bytes");
    assert_string_equal(why.observed, "424961");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(packages_without_relations_go_together, set_up),
        cmocka_unit_test_setup(a_name_or_a_base_stands_once_and_both_are_told, set_up),
        cmocka_unit_test_setup(conflicts_count_from_their_security_version_on, set_up),
        cmocka_unit_test_setup(requirements_are_met_from_their_security_version_on, set_up),
        cmocka_unit_test_setup(b08_what_comes_early_is_of_the_bases_level_at_least, set_up),
        cmocka_unit_test(b08_a_command_line_asks_for_its_strictest_level),
        cmocka_unit_test_setup(a_set_has_a_base_package, set_up),
        cmocka_unit_test(metadata_that_no_host_can_send_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
