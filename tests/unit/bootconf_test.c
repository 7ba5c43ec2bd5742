/* boot.conf: one text for one meaning; the kernel's command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/bootconf.h"
#include "tests/unit/test_support.h"

static const char whole[] = "trueboot-boot 1\n"
                            "default b\n"
                            "good a\n"
                            "good b\n"
                            "quiet\n"
                            "append console=ttyS0 x y\n"
                            "end\n";

static bool parsed(const char *text, size_t len, struct tb_bootconf *c, struct tb_reason *why)
{
    uint8_t *copy = test_memdup(text, len);
    bool ok = tb_bootconf_parse(tb_slice(copy, len), c, why);

    free(copy);
    return ok;
}

static void a_whole_configuration_is_read_and_printed_again(void **state)
{
    struct tb_reason why;
    struct tb_bootconf c;
    char text[sizeof whole];
    size_t len;

    (void)state;
    assert_true(tb_bootconf_parse(tb_slice(whole, strlen(whole)), &c, &why));
    assert_int_equal(c.start, 'b');
    assert_true(c.good[0] && c.good[1] && c.quiet);
    assert_int_equal(c.append.left, 17);
    assert_true(tb_bootconf_print(&c, text, sizeof text, &len));
    assert_int_equal(len, strlen(whole));
    assert_memory_equal(text, whole, len);
    for (size_t cap = 0; cap < strlen(whole); cap++)
        assert_false(tb_bootconf_print(&c, text, cap, &len));
}

static void every_meaning_has_one_text(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 32; i++) {
        struct tb_bootconf c = { .start = (i & 1) != 0 ? 'a' : 'b',
                                 .good = { (i & 2) != 0, (i & 4) != 0 },
                                 .quiet = (i & 8) != 0,
                                 .append = tb_slice("panic=-1", (i & 16) != 0 ? 8 : 0) };
        struct tb_bootconf again;
        struct tb_reason why;
        char text[128], again_text[128];
        size_t len, again_len;

        assert_true(tb_bootconf_print(&c, text, sizeof text, &len));
        for (size_t cap = 0; cap < len; cap++)
            assert_false(tb_bootconf_print(&c, again_text, cap, &again_len));
        assert_true(tb_bootconf_parse(tb_slice(text, len), &again, &why));
        assert_int_equal(c.start, again.start);
        assert_int_equal(c.good[0], again.good[0]);
        assert_int_equal(c.good[1], again.good[1]);
        assert_int_equal(c.quiet, again.quiet);
        assert_int_equal(c.append.left, again.append.left);
    }
}

static void b16_every_truncation_is_refused_and_says_where(void **state)
{
    (void)state;
    for (size_t n = 0; n < strlen(whole); n++) {
        struct tb_reason why = { .check = TB_N_CHECKS };
        struct tb_bootconf c;

        assert_false(parsed(whole, n, &c, &why));
        assert_int_equal(why.check, TB_CHECK_PACKAGE_FORMAT);
        test_is_truncated(whole, n, &why);
        assert_int_equal(c.start, 0);
    }
}

static const struct {
    const char *text, *where;
} broken[] = {
    { "trueboot-boot 2\ndefault a\nend\n", "line 1" },
    { "trueboot-boot 1 \ndefault a\nend\n", "line 1" },
    { "\ntrueboot-boot 1\ndefault a\nend\n", "line 1" },
    { "trueboot-boot 1\ndefault c\nend\n", "line 2" },
    { "trueboot-boot 1\ndefault a \nend\n", "line 2" },
    { "trueboot-boot 1\ndefault ab\nend\n", "line 2" },
    { "trueboot-boot 1\ndefault\nend\n", "line 2" },
    { "trueboot-boot 1\nquiet\ndefault a\nend\n", "line 2" },
    { "trueboot-boot 1\r\ndefault a\r\nend\r\n", "line 1" },
    { "trueboot-boot 1\ndefault a\ngood b\ngood a\nend\n", "line 4" },
    { "trueboot-boot 1\ndefault a\ngood a\ngood a\nend\n", "line 4" },
    { "trueboot-boot 1\ndefault a\ngood b\ngood b\nend\n", "line 4" },
    { "trueboot-boot 1\ndefault a\ngood c\nend\n", "line 3" },
    { "trueboot-boot 1\ndefault a\nquiet\nquiet\nend\n", "line 4" },
    { "trueboot-boot 1\ndefault a\nquiet yes\nend\n", "line 3" },
    { "trueboot-boot 1\ndefault a\nquiet\ngood a\nend\n", "line 4" },
    { "trueboot-boot 1\ndefault a\nappend  x\nend\n", "line 3" },
    { "trueboot-boot 1\ndefault a\nappend x \nend\n", "line 3" },
    { "trueboot-boot 1\ndefault a\nappend x\ty\nend\n", "line 3" },
    { "trueboot-boot 1\ndefault a\nappend x\nappend y\nend\n", "line 4" },
    { "trueboot-boot 1\ndefault a\nappend\nend\n", "line 3" },
    { "trueboot-boot 1\ndefault a\nother\nend\n", "line 3" },
    { "trueboot-boot 1\ndefault a\nend\nend\n", "line 4" },
    { "trueboot-boot 1\ndefault a\nend\n\n", "line 4" },
    { "trueboot-boot 1\ndefault a\n", "line 3" },
};

static void b16_every_line_is_refused_in_any_other_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct tb_reason why = { .where = "" };
        struct tb_bootconf c;

        if (parsed(broken[i].text, strlen(broken[i].text), &c, &why))
            fail_msg("taken: %s", broken[i].text);
        assert_int_equal(why.check, TB_CHECK_PACKAGE_FORMAT);
        assert_string_equal(why.where, broken[i].where);
        if (strstr(broken[i].text, "good") != NULL && strstr(broken[i].text, "quiet") == NULL)
            assert_string_equal(why.expected, "good a, good b, each once");
    }
}

static void b16_what_is_too_long_is_refused(void **state)
{
    char text[TB_BOOTCONF_LEN_MAX + 1];
    struct tb_reason why;
    struct tb_bootconf c = { .start = 'a' };
    int head;
    size_t len;

    (void)state;
    for (unsigned more = 0; more < 2; more++) {
        head = snprintf(text, sizeof text, "trueboot-boot 1\ndefault a\nappend ");
        memset(text + head, 'x', TB_APPEND_MAX + more);
        len = (size_t)head + TB_APPEND_MAX + more;
        memcpy(text + len, "\nend\n", 5);
        assert_int_equal(parsed(text, len + 5, &c, &why), more == 0);
    }
    assert_string_equal(why.where, "line 3");
    memset(text, 'x', sizeof text);
    assert_false(parsed(text, sizeof text, &c, &why));
    assert_string_equal(why.where, "boot.conf");
}

static void what_no_file_may_hold_is_not_printed(void **state)
{
    const struct tb_bootconf wrong[] = {
        { .start = 0 },
        { .start = 'c' },
        { .start = 'a', .append = tb_slice("x\ny", 3) },
        { .start = 'a', .append = tb_slice(" x", 2) },
    };
    char text[128];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(tb_bootconf_print(&wrong[i], text, sizeof text, &len));
}

static void a_set_is_marked_as_good_or_not_any_more_and_nothing_else_changes(void **state)
{
    static const struct {
        const char *before, *after;
        char set;
        bool good;
    } marks[] = {
        { "", "good a\n", 'a', true },
        { "", "good b\n", 'b', true },
        { "good b\n", "good a\ngood b\n", 'a', true },
        { "good a\n", "good a\n", 'a', true },
        { "good a\ngood b\nquiet\n", "good b\nquiet\n", 'a', false },
        { "good a\ngood b\nappend x\n", "good a\nappend x\n", 'b', false },
        { "good a\n", "good a\n", 'b', false },
        { "quiet\n", "quiet\n", 'a', false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        char before[128], after[128], out[TB_BOOTCONF_LEN_MAX];
        struct tb_reason why;
        size_t len;

        snprintf(before, sizeof before, "trueboot-boot 1\ndefault a\n%send\n", marks[i].before);
        snprintf(after, sizeof after, "trueboot-boot 1\ndefault a\n%send\n", marks[i].after);
        assert_true(tb_bootconf_mark(tb_slice(before, strlen(before)), marks[i].set, marks[i].good,
                                     out, &len, &why));
        assert_int_equal(len, strlen(after));
        assert_memory_equal(out, after, len);
    }
}

static void what_is_no_configuration_is_not_marked(void **state)
{
    struct tb_reason why = { .where = "" };
    char out[TB_BOOTCONF_LEN_MAX];
    size_t len;

    (void)state;
    for (size_t n = 0; n < strlen(whole); n++)
        assert_false(tb_bootconf_mark(tb_slice(whole, n), 'a', false, out, &len, &why));
    assert_string_not_equal(why.where, "");
}

static void the_command_line_is_the_signed_part_what_is_appended_and_the_set(void **state)
{
    const struct tb_reader base = tb_slice("console=ttyS0 quiet", 19), more = tb_slice("x=1", 3);
    const struct tb_reader none = tb_slice(NULL, 0);
    char out[TB_COMMAND_LINE_MAX + 1], long_text[TB_COMMAND_LINE_MAX];
    struct tb_reason why;

    (void)state;
    assert_true(tb_boot_command_line(base, more, 'b', out, &why));
    assert_string_equal(out, "console=ttyS0 quiet x=1 trueboot.set=b");
    assert_true(tb_boot_command_line(base, none, 'a', out, &why));
    assert_string_equal(out, "console=ttyS0 quiet trueboot.set=a");
    assert_true(tb_boot_command_line(none, none, 'a', out, &why));
    assert_string_equal(out, "trueboot.set=a");
    memset(long_text, 'x', sizeof long_text);
    assert_true(
        tb_boot_command_line(tb_slice(long_text, TB_COMMAND_LINE_MAX - 15), none, 'a', out, &why));
    assert_int_equal(strlen(out), TB_COMMAND_LINE_MAX);
    for (size_t over = 0; over < 15; over++) {
        assert_false(tb_boot_command_line(tb_slice(long_text, TB_COMMAND_LINE_MAX - 14 + over),
                                          none, 'a', out, &why));
        assert_string_equal(why.where, "command line");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_configuration_is_read_and_printed_again),
        cmocka_unit_test(every_meaning_has_one_text),
        cmocka_unit_test(b16_every_truncation_is_refused_and_says_where),
        cmocka_unit_test(b16_every_line_is_refused_in_any_other_form),
        cmocka_unit_test(b16_what_is_too_long_is_refused),
        cmocka_unit_test(what_no_file_may_hold_is_not_printed),
        cmocka_unit_test(a_set_is_marked_as_good_or_not_any_more_and_nothing_else_changes),
        cmocka_unit_test(what_is_no_configuration_is_not_marked),
        cmocka_unit_test(the_command_line_is_the_signed_part_what_is_appended_and_the_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
