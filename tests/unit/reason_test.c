/* Attack ids: T-10 (a worse outcome is never lost). */
#include "core/reason.h"
#include "tests/unit/test_support.h"

#include <string.h>

static void every_check_has_a_code_of_its_own_and_all_its_texts(void **state)
{
    (void)state;
    for (unsigned c = 0; c < TB_N_CHECKS; c++) {
        const struct tb_check_text *t = tb_check_text((enum tb_check)c);
        enum tb_check back;

        assert_true(tb_check_of_code(t->code, &back));
        assert_int_equal(back, c); /* so no code stands twice */
        assert_true(t->group < TB_N_GROUPS && t->severity < TB_N_SEVERITIES);
        assert_true(t->title[0] != '\0' && t->cause[0] != '\0' && t->next[0] != '\0');
        if (c > 0) /* the headline's order is the groups' order */
            assert_true(t->group >= tb_check_text((enum tb_check)(c - 1))->group);
    }
}

/* A title tells a fact; of what could not be told none is claimed. */
static void what_could_not_be_told_is_no_fact_in_its_title(void **state)
{
    (void)state;
    for (unsigned c = 0; c < TB_N_CHECKS; c++) {
        const char *title = tb_check_title((enum tb_check)c, TB_UNKNOWN);

        assert_string_equal(tb_check_title((enum tb_check)c, TB_FAIL),
                            tb_check_text((enum tb_check)c)->title);
        assert_true(strncmp(title, "could not be told whether ", 26) == 0 ||
                    strncmp(title, "nothing proves ", 15) == 0);
    }
    assert_string_equal(tb_check_title(TB_CHECK_SB_SETUP_MODE, TB_UNKNOWN),
                        "could not be told whether the firmware was in setup mode");
    assert_string_equal(tb_check_title(TB_CHECK_SB_MISSING, TB_UNKNOWN),
                        "could not be told whether Secure Boot was on");
}

static void names_are_found_again_and_unknown_ones_are_not(void **state)
{
    enum tb_severity severity;
    enum tb_check check;

    (void)state;
    for (unsigned i = 0; i < TB_N_SEVERITIES; i++) {
        assert_true(tb_severity_of_name(tb_severity_name((enum tb_severity)i), &severity));
        assert_int_equal(severity, i);
    }
    assert_false(tb_severity_of_name("fatal", &severity));
    assert_false(tb_check_of_code("no.such-check", &check));
    for (unsigned i = 0; i < TB_N_GROUPS; i++)
        assert_string_not_equal(tb_group_name((enum tb_group)i), "");
    assert_string_equal(tb_outcome_name(TB_NOT_CHECKED), "not-checked");
    assert_string_equal(tb_outcome_name(TB_FAIL), "fail");
}

static void a_reason_is_cut_to_fit_and_cannot_act_in_a_terminal(void **state)
{
    struct tb_reason why;
    char longer[300];

    (void)state;
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_false(tb_refuse(&why, TB_CHECK_QUOTE_TYPE, longer, longer, "%s", longer));
    assert_int_equal(strlen(why.where), sizeof why.where - 1);
    assert_int_equal(strlen(why.expected), sizeof why.expected - 1);
    assert_int_equal(strlen(why.observed), sizeof why.observed - 1);
    assert_false(tb_refuse(&why, TB_CHECK_QUOTE_TYPE, "a\x1b", "b\n", "c%s", "\x7f\xc3"));
    assert_string_equal(why.where, "a?");
    assert_string_equal(why.expected, "b?");
    assert_string_equal(why.observed, "c??");
    assert_int_equal(why.check, TB_CHECK_QUOTE_TYPE);
}

static void hex_is_lower_case_and_cut_to_whole_bytes(void **state)
{
    static const uint8_t in[] = { 0x00, 0xab, 0xff };
    char out[7];

    (void)state;
    tb_hex(tb_slice(in, 3), out, 7);
    assert_string_equal(out, "00abff");
    tb_hex(tb_slice(in, 3), out, 6);
    assert_string_equal(out, "00ab");
    tb_hex(tb_slice(in, 0), out, 1);
    assert_string_equal(out, "");
}

static void unhex_takes_lower_case_of_the_length_wanted_and_nothing_else(void **state)
{
    static const char *const bad[] = { "",     "0",    "00f",  "00fff", "00FF",      "0x0f",
                                       "00f ", "00fg", "0/0:", "0`0g",  "00\xc3\xa9" };
    uint8_t out[2] = { 7, 7 };

    (void)state;
    assert_true(tb_unhex("0af9", out, 2));
    assert_true(out[0] == 0x0a && out[1] == 0xf9);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(tb_unhex(bad[i], out, 2));
        assert_true(out[0] == 0x0a && out[1] == 0xf9); /* as it was */
    }
    assert_true(tb_unhex("", out, 0));
    for (int c = 0; c < 256; c++) {
        static const char digits[] = "0123456789abcdefABCDEF";
        const char *p = c == 0 ? NULL : strchr(digits, c);
        int value = p == NULL ? -1 : p - digits < 16 ? (int)(p - digits) : (int)(p - digits) - 6;

        assert_int_equal(tb_hex_digit_any_case((char)c), value);
        assert_int_equal(tb_hex_digit((char)c), c >= 'A' && c <= 'F' ? -1 : value);
    }
}

static void t10_a_worse_outcome_stays_whatever_comes_after(void **state)
{
    struct tb_findings f = { 0 };

    (void)state;
    tb_findings_pass(&f, TB_CHECK_QUOTE_MAGIC);
    assert_int_equal(f.outcome[TB_CHECK_QUOTE_MAGIC], TB_PASS);
    assert_int_equal(f.outcome[TB_CHECK_QUOTE_TYPE], TB_NOT_CHECKED);
    assert_false(tb_findings_unknown(&f, TB_CHECK_QUOTE_MAGIC, "w", "e", "o"));
    assert_int_equal(f.outcome[TB_CHECK_QUOTE_MAGIC], TB_UNKNOWN);
    assert_false(tb_findings_fail(&f, TB_CHECK_QUOTE_MAGIC, "w", "e", "o%d", 1));
    tb_findings_pass(&f, TB_CHECK_QUOTE_MAGIC);
    assert_int_equal(f.outcome[TB_CHECK_QUOTE_MAGIC], TB_FAIL);
    assert_int_equal(f.n, 2);
    assert_int_equal(f.list[1].outcome, TB_FAIL);
    assert_string_equal(f.list[1].reason.observed, "o1");
}

static void t10_a_full_list_loses_reasons_but_no_outcome(void **state)
{
    static struct tb_findings f, dst;

    (void)state;
    for (int i = 0; i < TB_FINDINGS_MAX; i++)
        tb_findings_unknown(&f, TB_CHECK_LOG_FORMAT, "w", "e", "o");
    tb_findings_fail(&f, TB_CHECK_QUOTE_MAGIC, "w", "e", "o");
    assert_int_equal(f.n, TB_FINDINGS_MAX);
    assert_int_equal(f.n_lost, 1);
    assert_int_equal(f.outcome[TB_CHECK_QUOTE_MAGIC], TB_FAIL);
    tb_findings_pass(&dst, TB_CHECK_QUOTE_MAGIC);
    tb_findings_pass(&dst, TB_CHECK_QUOTE_TYPE);
    tb_findings_merge(&dst, &f);
    assert_int_equal(dst.outcome[TB_CHECK_QUOTE_MAGIC], TB_FAIL);
    assert_int_equal(dst.outcome[TB_CHECK_QUOTE_TYPE], TB_PASS);
    assert_int_equal(dst.n, TB_FINDINGS_MAX);
    assert_int_equal(dst.n_lost, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_check_has_a_code_of_its_own_and_all_its_texts),
        cmocka_unit_test(what_could_not_be_told_is_no_fact_in_its_title),
        cmocka_unit_test(names_are_found_again_and_unknown_ones_are_not),
        cmocka_unit_test(a_reason_is_cut_to_fit_and_cannot_act_in_a_terminal),
        cmocka_unit_test(hex_is_lower_case_and_cut_to_whole_bytes),
        cmocka_unit_test(unhex_takes_lower_case_of_the_length_wanted_and_nothing_else),
        cmocka_unit_test(t10_a_worse_outcome_stays_whatever_comes_after),
        cmocka_unit_test(t10_a_full_list_loses_reasons_but_no_outcome),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
