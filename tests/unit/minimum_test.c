/* Security versions below which packages are not accepted: what a set makes of a list. */
#include <stdio.h>
#include <string.h>

#include "pkg/minimum.h"
#include "tests/unit/test_support.h"

static void put(struct tb_minimum *m, const char *name, uint32_t version)
{
    assert_true(tb_minimum_raise(m, tb_slice(name, strlen(name)), version));
}

static uint32_t of(const struct tb_minimum *m, const char *name)
{
    return tb_minimum_of(m, tb_slice(name, strlen(name)));
}

/* n0, n1, ... of this version. */
static struct tb_minimum many(size_t n, uint32_t version)
{
    struct tb_minimum m = { 0 };
    char name[24];

    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "n%02zu", i);
        put(&m, name, version);
    }
    return m;
}

static void a_set_raises_and_never_lowers(void **state)
{
    struct tb_minimum m = { 0 }, set = { 0 };

    (void)state;
    put(&m, "high", 9);
    put(&m, "low", 1);
    put(&set, "high", 3);
    put(&set, "low", 2);
    put(&set, "new", 4);
    put(&set, "nothing", 0);
    assert_true(tb_minimum_take(&m, &set));
    assert_int_equal(of(&m, "high"), 9);
    assert_int_equal(of(&m, "low"), 2);
    assert_int_equal(of(&m, "new"), 4);
    assert_int_equal(m.n, 3);
    assert_false(tb_minimum_take(&m, &set));
}

static void b07_the_65th_name_takes_the_place_of_one_that_the_set_does_not_have(void **state)
{
    struct tb_minimum m = many(TB_SET_PACKAGES_MAX, 5), set = { 0 };

    (void)state;
    put(&set, "n00", 5);
    put(&set, "n02", 6);
    put(&set, "a-new-one", 7);
    assert_true(tb_minimum_take(&m, &set));
    assert_int_equal(m.n, TB_SET_PACKAGES_MAX);
    assert_int_equal(of(&m, "a-new-one"), 7);
    assert_int_equal(of(&m, "n00"), 5);
    assert_int_equal(of(&m, "n01"), 0);
    assert_int_equal(of(&m, "n02"), 6);
    assert_int_equal(of(&m, "n03"), 5);
    assert_int_equal(of(&m, "n63"), 5);
    assert_false(tb_minimum_take(&m, &set));
}

static void b07_a_whole_set_of_other_names_fits(void **state)
{
    struct tb_minimum m = { 0 }, set = many(TB_SET_PACKAGES_MAX, 2);
    char name[16], text[TB_MINIMUM_LEN_MAX], expected[TB_MINIMUM_LEN_MAX];
    size_t len;

    (void)state;
    for (size_t i = 0; i < TB_SET_PACKAGES_MAX; i++) {
        snprintf(name, sizeof name, "old%02zu", i);
        put(&m, name, 1);
    }
    assert_true(tb_minimum_take(&m, &set));
    len = tb_minimum_print(&set, expected);
    assert_int_equal(tb_minimum_print(&m, text), len);
    assert_memory_equal(text, expected, len);
}

static void the_text_is_canonical_and_read_back(void **state)
{
    struct tb_minimum m = many(TB_SET_PACKAGES_MAX, UINT32_MAX), again;
    char text[TB_MINIMUM_LEN_MAX];
    struct tb_reason why;
    size_t len = tb_minimum_print(&m, text);

    (void)state;
    assert_true(tb_minimum_parse(tb_slice(text, len), &again, &why));
    assert_memory_equal(&m, &again, sizeof m);
    len += (size_t)snprintf(text + len, sizeof text - len, "o 1\n");
    assert_false(tb_minimum_parse(tb_slice(text, len), &again, &why));
    assert_int_equal(again.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_raises_and_never_lowers),
        cmocka_unit_test(b07_the_65th_name_takes_the_place_of_one_that_the_set_does_not_have),
        cmocka_unit_test(b07_a_whole_set_of_other_names_fits),
        cmocka_unit_test(the_text_is_canonical_and_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
