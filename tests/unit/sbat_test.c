/* SBAT levels as shim has them. */
#include "core/sbat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test_support.h"

static struct tb_sbat level;
static struct tb_reason why;

/* From a copy of exactly these bytes. */
static bool parse_bytes(const char *text, size_t n)
{
    uint8_t *exact = test_memdup(text, n);
    bool ok;

    memset(&why, 0, sizeof why);
    ok = tb_sbat_parse(tb_slice(exact, n), &level, &why);
    free(exact);
    assert_int_equal(ok, why.where[0] == '\0');
    return ok;
}

static bool parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static void a_level_is_read_as_shim_writes_it(void **state)
{
    static const char text[] = "sbat,1,2024010900\nshim,4\ngrub,3\ngrub.debian,4\n\0";
    char line[TB_SBAT_LINE_MAX];

    (void)state;
    assert_true(parse_bytes(text, sizeof text));
    assert_int_equal(level.n, 4);
    assert_int_equal(level.entry[0].date, 2024010900);
    assert_string_equal(level.entry[3].component, "grub.debian");
    assert_int_equal(level.entry[3].generation, 4);
    tb_sbat_entry_text(&level.entry[0], line);
    assert_string_equal(line, "sbat,1,2024010900");
    tb_sbat_entry_text(&level.entry[1], line);
    assert_string_equal(line, "shim,4");
    assert_true(parse("shim,4294967295"));
}

static void what_is_no_level_is_refused_with_the_line(void **state)
{
    static const struct {
        const char *text, *where;
    } list[] = {
        { "", "SBAT level" },
        { "shim,4\n\n", "SBAT level, line 2" },
        { "shim\n", "SBAT level, line 1" },
        { "shim,\n", "SBAT level, line 1" },
        { ",4\n", "SBAT level, line 1" },
        { "shim,04\n", "SBAT level, line 1" },
        { "shim,-4\n", "SBAT level, line 1" },
        { "shim,4 \n", "SBAT level, line 1" },
        { "sh im,4\n", "SBAT level, line 1" },
        { "sh\x7fm,4\n", "SBAT level, line 1" },
        { "sh\x80m,4\n", "SBAT level, line 1" },
        { "shim,4:\n", "SBAT level, line 1" },
        { "shim,4/\n", "SBAT level, line 1" },
        { "shim,18446744073709551620\n", "SBAT level, line 1" }, /* 4, if it wrapped round */
        { "shim,4\r\n", "SBAT level, line 1" },
        { "shim,4294967296\n", "SBAT level, line 1" },
        { "shim,99999999999\n", "SBAT level, line 1" },
        { "shim,4,1\n", "SBAT level, line 1" },
        { "sbat,1,\n", "SBAT level, line 1" },
        { "sbat,1,1,1\n", "SBAT level, line 1" },
        { "grub,1\nshim,4\ngrub,2\n", "SBAT level, line 3" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        print_message("- %s\n", list[i].text);
        assert_false(parse(list[i].text));
        assert_int_equal(why.check, TB_CHECK_SB_SBAT);
        assert_string_equal(why.where, list[i].where);
    }
}

static void sizes_have_ends(void **state)
{
    char text[TB_SBAT_TEXT_MAX + 2] = "", name[TB_SBAT_COMPONENT_MAX + 8];
    size_t n = 0;

    (void)state;
    memset(name, 'a', sizeof name);
    memcpy(name + TB_SBAT_COMPONENT_MAX - 1, ",1", 3);
    assert_true(parse(name));
    memcpy(name + TB_SBAT_COMPONENT_MAX - 1, "a,1", 4);
    assert_false(parse(name));
    for (int i = 0; i < TB_SBAT_ENTRIES_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "c%d,1\n", i);
    assert_true(parse(text));
    snprintf(text + n, sizeof text - n, "more,1\n");
    assert_false(parse(text));
    assert_string_equal(why.expected, "at most 64 lines");
    memset(text, 'a', sizeof text);
    assert_false(parse_bytes(text, TB_SBAT_TEXT_MAX + 1));
    assert_string_equal(why.where, "SBAT level");
}

static void a_level_reaches_what_is_not_above_it(void **state)
{
    struct tb_sbat_entry need = { "sbat", 1, 2024010900 }, have = need;

    (void)state;
    assert_true(tb_sbat_reaches(&have, &need));
    have.date--;
    assert_false(tb_sbat_reaches(&have, &need));
    have.date += 2;
    assert_true(tb_sbat_reaches(&have, &need));
    have.generation = 0;
    assert_false(tb_sbat_reaches(&have, &need));
    assert_false(tb_sbat_reaches(NULL, &need));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_level_is_read_as_shim_writes_it),
        cmocka_unit_test(what_is_no_level_is_refused_with_the_line),
        cmocka_unit_test(sizes_have_ends),
        cmocka_unit_test(a_level_reaches_what_is_not_above_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
