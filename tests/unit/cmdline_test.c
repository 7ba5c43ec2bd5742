/* The kernel's options, as those who read them cut the line. */
#include "core/cmdline.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/test_support.h"

/* "name=value|name|..." of a line. */
static const char *cut(const char *line, enum tb_cmdline_cut how)
{
    static char text[512];
    struct tb_cmdline_options it = tb_cmdline_begin(line, how);
    struct tb_cmdline_option o;
    size_t n = 0;

    text[0] = '\0';
    while (tb_cmdline_next(&it, &o))
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s%s%.*s", n != 0 ? "|" : "",
                              (int)o.name.left, (const char *)o.name.p, o.has_value ? "=" : "",
                              (int)o.value.left, o.value.left != 0 ? (const char *)o.value.p : "");
    return text;
}

static void options_are_cut_as_the_kernel_cuts_them(void **state)
{
    static const struct {
        const char *line, *kernel;
    } list[] = {
        { "", "" },
        { "   ", "" },
        { " ro  quiet\tsplash\n", "ro|quiet|splash" },
        { "root=UUID=1-2 a=", "root=UUID=1-2|a=" },
        { "a=\"b c\" d", "a=b c|d" },
        { "\"a=b c\" d", "a=b c|d" },
        { "\"a b\" d", "a b|d" },
        { "a=\"b", "a=b" },
        { "a=b\"c d\"e f", "a=b\"c d\"e|f" },
        { "=x", "=x" },
        { "a -- b", "a" },
        { "a \"--\" b", "a|--|b" },
        { "a --b", "a|--b" },
        { "a=-- b", "a=--|b" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        print_message("- %s\n", list[i].line);
        assert_string_equal(cut(list[i].line, TB_CUT_KERNEL), list[i].kernel);
    }
    assert_string_equal(cut("a -- b=\"c d\"", TB_CUT_QUOTED), "a|--|b=c d");
    assert_string_equal(cut("a=\"b init=c\"?d -- e", TB_CUT_PLAIN), "a=\"b|init=c\"|d|--|e");
    assert_string_equal(cut("\"a b\"", TB_CUT_PLAIN), "\"a|b\"");
}

/* The rule matches an option of the line. */
static bool matches(const char *rule, const char *line, enum tb_cmdline_cut how)
{
    struct tb_cmdline_options it = tb_cmdline_begin(line, how);
    struct tb_cmdline_option o;

    while (tb_cmdline_next(&it, &o))
        if (tb_option_rule_matches(rule, &o))
            return true;
    return false;
}

static void a_rule_is_a_name_a_value_or_the_start_of_one(void **state)
{
    static const struct {
        const char *rule, *line;
        bool matches;
    } list[] = {
        { "rd.break", "rd.break", true },
        { "rd.break", "rd.break=pre-mount", true },
        { "rd.break", "rd.breaks", false },
        { "rd.break", "rd.brea", false },
        { "systemd.debug_shell", "systemd.debug-shell=1", true },
        { "systemd.debug-shell", "systemd.debug_shell", true },
        { "a=b", "a=b", true },
        { "a=b", "a=bc", false },
        { "a=b", "a=", false },
        { "a=b", "a", false },
        { "a=b_c", "a=b-c", false }, /* only names have two spellings */
        { "init=*", "init=/bin/sh", true },
        { "init=*", "init=", true },
        { "init=*", "init", false },
        { "init=/bin/*", "init=/bin/sh", true },
        { "init=/bin/*", "init=/sbin/init", false },
        { "init=*", "rdinit=/bin/sh", false },
        { "init=*", "INIT=/bin/sh", false },
        { "a=", "a=", true },
        { "a=", "a=b", false },
        { "a=", "a", false },
        { "a=*", "a", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        print_message("- %s in %s\n", list[i].rule, list[i].line);
        for (int how = 0; how < TB_N_CUTS; how++)
            assert_int_equal(matches(list[i].rule, list[i].line, (enum tb_cmdline_cut)how),
                             list[i].matches);
    }
}

/* What a program of the initrd finds where the kernel sees a part of a value. */
static void quotes_hide_nothing_from_the_plain_cut(void **state)
{
    (void)state;
    assert_false(matches("init=*", "foo=\"a init=/bin/sh b\"", TB_CUT_QUOTED));
    assert_true(matches("init=*", "foo=\"a init=/bin/sh b\"", TB_CUT_PLAIN));
    assert_true(matches("init=/bin/sh", "in\"it=/bin\"/sh", TB_CUT_PLAIN));
    assert_false(matches("init=/bin/sh", "in\"it=/bin\"/sh", TB_CUT_QUOTED)); /* of that name */
    assert_false(matches("rd.break", "'rd.break'", TB_CUT_QUOTED));
    assert_true(matches("systemd.debug_shell", "'systemd.debug_shell'", TB_CUT_PLAIN));
    assert_true(matches("rd.break", "x?rd.break?y", TB_CUT_PLAIN));
    assert_false(matches("rd.break", "ro -- rd.break", TB_CUT_KERNEL));
    assert_true(matches("rd.break", "ro -- rd.break", TB_CUT_QUOTED));
}

/* "cc:" of cloud-init has its text right behind it, or a blank. */
static void a_built_in_rule_may_be_the_start_of_a_name(void **state)
{
    (void)state;
    for (int how = 0; how < TB_N_CUTS; how++) {
        assert_true(matches("cc:*", "ro cc:{runcmd:[id]}", (enum tb_cmdline_cut)how));
        assert_true(matches("cc:*", "ro cc: x=y end_cc", (enum tb_cmdline_cut)how));
        assert_true(matches("cc:*", "cc:x=y", (enum tb_cmdline_cut)how));
        assert_false(matches("cc:*", "cc=: acc:x c", (enum tb_cmdline_cut)how));
    }
}

/* systemd takes the word for a runlevel; a table of device-mapper has such numbers. */
static void a_rule_of_one_character_is_a_word_outside_of_quotes(void **state)
{
    (void)state;
    assert_true(matches("1", "ro 1", TB_CUT_QUOTED));
    assert_true(matches("1", "ro \"1\"", TB_CUT_QUOTED));
    assert_false(matches("1", "dm=\"a 1 b\"", TB_CUT_QUOTED));
    assert_false(matches("1", "dm=\"a 1 b\"", TB_CUT_PLAIN));
    assert_true(matches("1", "dm=\"a b\" 1", TB_CUT_PLAIN));
    assert_true(matches("1", "ro?1", TB_CUT_PLAIN));
    assert_false(matches("1", "a=1 11 -1", TB_CUT_QUOTED));
}

static void rules_have_one_form(void **state)
{
    static const char *const bad[] = { "",  "=",    "=a",   "a b", "a\"b",  "a'",    "a*",
                                       "*", "a=*b", "a=**", "a\t", "a\x80", "a\x7f", "*=a" };
    char text[TB_OPTION_RULE_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        print_message("- %s\n", bad[i]);
        assert_false(tb_option_rule_valid(bad[i], strlen(bad[i])));
    }
    memset(text, 'a', sizeof text);
    assert_true(tb_option_rule_valid(text, TB_OPTION_RULE_MAX - 1));
    assert_false(tb_option_rule_valid(text, TB_OPTION_RULE_MAX));
}

static void the_lists_are_of_valid_rules(void **state)
{
    const char *const *const lists[] = { tb_options_forbidden, tb_options_weak,
                                         tb_options_harmless };

    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; lists[i][k] != NULL; k++, n += i < 2)
            assert_true(tb_option_rule_valid(lists[i][k], strlen(lists[i][k])) ||
                        strcmp(lists[i][k], "cc:*") == 0);
    assert_true(n <= TB_N_OPTION_BANS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_cut_as_the_kernel_cuts_them),
        cmocka_unit_test(a_rule_is_a_name_a_value_or_the_start_of_one),
        cmocka_unit_test(quotes_hide_nothing_from_the_plain_cut),
        cmocka_unit_test(a_built_in_rule_may_be_the_start_of_a_name),
        cmocka_unit_test(a_rule_of_one_character_is_a_word_outside_of_quotes),
        cmocka_unit_test(rules_have_one_form),
        cmocka_unit_test(the_lists_are_of_valid_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
