/* The manifest of a package: one text for one meaning. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/package_builder.h"

#define H14 "23456789abcdef"
#define H16 "01" H14
#define D512 "aa" H14 H16 H16 H16 H16 H16 H16 H16
#define D384 "bb" H14 H16 H16 H16 H16 H16
#define D256 "cc" H14 H16 H16 H16

static const char whole[] = "trueboot-package 1\n"
                            "purpose host\n"
                            "name linux+base\n"
                            "version 6.1.0-56~a:B\n"
                            "security-version 4294967295\n"
                            "vendor Example Inc. (Host Software)\n"
                            "built 2024-02-29T23:59:59Z\n"
                            "level certified\n"
                            "kind base\n"
                            "conflicts a 0\n"
                            "conflicts b 7\n"
                            "requires z 1\n"
                            "option console ttyS0 quiet\n"
                            "option loglevel 3\n"
                            "payload kernel vmlinuz 14000000 " D512 " " D256 "\n"
                            "authenticode " D512 " " D384 " " D256 "\n"
                            "payload file Data_1.bin 0 " D512 " " D256 "\n"
                            "end\n";

static struct tb_manifest *parsed(const char *text, size_t len, struct tb_reason *why)
{
    struct tb_manifest *m = malloc(sizeof *m);
    uint8_t *copy = test_memdup(text, len);
    bool ok = tb_manifest_parse(tb_slice(copy, len), m, why);

    if (ok) { /* the slices must outlive the copy */
        assert_true(tb_manifest_parse(tb_slice(text, len), m, why));
    } else {
        assert_int_equal(m->name.left, 0);
        free(m);
        m = NULL;
    }
    free(copy);
    return m;
}

static void a_whole_manifest_is_read_and_printed_again(void **state)
{
    char text[sizeof whole];
    struct tb_reason why;
    struct tb_manifest *m = parsed(whole, strlen(whole), &why);
    size_t len;

    (void)state;
    assert_non_null(m);
    assert_int_equal(m->security_version, UINT32_MAX);
    assert_int_equal(m->built_s, 1709251199);
    assert_int_equal(m->level, TB_LEVEL_CERTIFIED);
    assert_int_equal(m->kind, TB_PACKAGE_BASE);
    assert_int_equal(m->n_conflicts, 2);
    assert_int_equal(m->conflicts[1].security_version, 7);
    assert_int_equal(m->n_requires, 1);
    assert_int_equal(m->n_options, 2);
    assert_memory_equal(m->option[0].value.p, "ttyS0 quiet", 11);
    assert_int_equal(m->n_payloads, 2);
    assert_int_equal(m->payload[0].size, 14000000);
    assert_true(m->payload[0].has_authenticode);
    assert_int_equal(m->payload[0].authenticode384[0], 0xbb);
    assert_int_equal(m->payload[0].sha256[0], 0xcc);
    assert_false(m->payload[1].has_authenticode);
    assert_true(tb_manifest_print(m, text, sizeof text, &len));
    assert_int_equal(len, strlen(whole));
    assert_memory_equal(text, whole, len);
    assert_false(tb_manifest_print(m, text, len, &len)); /* no room for the NUL */
    free(m);
}

/* Each replaces the first occurrence; "" as what replaces it takes it away. */
static const struct {
    const char *what, *by, *where;
} changes[] = {
    { "trueboot-package 1", "trueboot-package 2", "line 1" },
    { "trueboot-package 1", "trueboot-package 01", "line 1" },
    { "purpose host", "purpose other", "line 2" },
    { "name linux+base", "name Linux", "line 3" },
    { "name linux+base", "name -x", "line 3" },
    { "name linux+base", "name  linux", "line 3" },
    { "name linux+base\n", "", "line 3" },
    { "version 6", "version ~6", "line 4" },
    { "version 6.1.0-56~a:B", "version 6 1", "line 4" },
    { "security-version 4294967295", "security-version 4294967296", "line 5" },
    { "security-version 4294967295", "security-version 07", "line 5" },
    { "security-version 4294967295", "security-version -1", "line 5" },
    { "vendor Example", "vendor  Example", "line 6" },
    { "(Host Software)", "\x1b[31m", "line 6" },
    { "(Host Software)", "(Host Software) ", "line 6" },
    { "(Host Software)", "\x7f", "line 6" },
    { "(Host Software)", "\x80", "line 6" },
    { "option console", "option .console", "line 13" },
    { "T23:59:59Z", "T23:59:59Z0", "line 7" },
    { "T23:59:59Z", "T23:59:59", "line 7" },
    { "2024-02-29", "2023-02-29", "line 7" },
    { "2024-02-29", "1969-12-31", "line 7" },
    { "T23:59:59Z", "T24:00:00Z", "line 7" },
    { "T23:59:59Z", "T23:60:00Z", "line 7" },
    { "2024-02-29", "2024-00-29", "line 7" },
    { "2024-02-29", "2024-13-29", "line 7" },
    { "2024-02-29", "2024-02-00", "line 7" },
    { "2024-02-29", "+2024-02-29", "line 7" },
    { "name linux+base", "name " H16 H16 H16 H16, "line 3" }, /* 64 characters */
    { "version 6.1.0-56~a:B", "version " H16 H16 H16 H16 "0", "line 4" },
    { "vendor Example", "vendor " H16 H16 H16 H16 H16 H16 H16 H16, "line 6" },
    { "option loglevel", "option log/level", "line 14" },
    { "option loglevel", "option .loglevel", "line 14" },
    { "option loglevel", "option l" H16 H16 H16 H16, "line 14" },
    { "file Data_1.bin", "file " H16 H16 H16 H16, "line 17" },
    { "file Data_1.bin", "file Data 1.bin", "line 17" },
    { "T23:59:59Z", "T23:59:60Z", "line 7" },
    { "T23:59:59Z", "T23:59:59z", "line 7" },
    { "level certified", "level Certified", "line 8" },
    { "kind base", "kind bases", "line 9" },
    { "conflicts a 0", "conflicts c 0", "line 11" },
    { "conflicts a 0", "conflicts b 0", "line 11" },
    { "conflicts a 0", "conflicts A 0", "line 10" },
    { "conflicts a 0", "conflicts a", "line 10" },
    { "conflicts a 0", "conflicts a 0 ", "line 10" },
    { "requires z 1\n", "requires z 1\nconflicts z 1\n", "line 13" },
    { "option console", "option zonsole", "line 14" },
    { "option console ttyS0 quiet", "option console", "line 13" },
    { "payload kernel", "payload Kernel", "line 15" },
    { "vmlinuz", "../vmlinuz", "line 15" },
    { "vmlinuz", ".hidden", "line 15" },
    { "vmlinuz", "manifest", "line 15" },
    { "vmlinuz", "signature", "line 15" },
    { "vmlinuz", "Data_1.bin", "line 17" },
    { "14000000", "8589934592", "line 15" },
    { "14000000 aa", "14000000 AA", "line 15" },
    { "14000000 aa", "14000000 a", "line 15" },
    { "authenticode aa", "authenticode a", "line 16" },
    { D384, D384 "0", "line 16" },
    { D384, "bB" H14 H16 H16 H16 H16 H16, "line 16" },
    { D384 " " D256, D384 " " D256 "0", "line 16" },
    { D384 " " D256, D384 " cC" H14 H16 H16 H16, "line 16" },
    { "Data_1.bin 0 " D512 " ", "Data_1.bin 0 " D512 " 0", "line 17" },
    { "payload file Data", "payload efi Data", "line 18" },
    { "payload kernel", "payload file", "line 16" },
    { "end\n", "", "line 18" },
    { "end\n", "end", "line 18" },
    { "end\n", "end\n\n", "line 19" },
    { "end\n", "End\n", "line 18" },
};

static void every_line_is_refused_in_any_other_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const char *at = strstr(whole, changes[i].what);
        char text[sizeof whole + 256];
        struct tb_reason why;
        int n;

        assert_non_null(at);
        n = snprintf(text, sizeof text, "%.*s%s%s", (int)(at - whole), whole, changes[i].by,
                     at + strlen(changes[i].what));
        if (parsed(text, (size_t)n, &why) != NULL)
            fail_msg("accepted: %s for %s", changes[i].by, changes[i].what);
        assert_int_equal(why.check, TB_CHECK_PACKAGE_FORMAT);
        if (strcmp(why.where, changes[i].where) != 0)
            fail_msg("%s for %s: %s", changes[i].by, changes[i].what, why.where);
    }
}

static void every_truncation_is_refused(void **state)
{
    struct tb_reason why;

    (void)state;
    for (size_t n = 0; n < strlen(whole); n++) {
        assert_null(parsed(whole, n, &why));
        test_is_truncated(whole, n, &why);
    }
}

/* Of several faults the first is told, in words of its own. */
static void the_first_fault_is_told(void **state)
{
    static const struct {
        const char *what, *by, *expected;
    } faults[] = {
        { "security-version", "security-versiom", "security-version and a number" },
        { "conflicts a", "conflicts c", "names in rising order" },
        { "requires z", "requires Z", "a package's name and a security version" },
        { "option loglevel", "option a", "names in rising order" },
        { "payload kernel", "payload Kernel", "payload and a kind of payload" },
        { "kind base", "kind other", "kind base or software" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const char *at = strstr(whole, faults[i].what);
        char text[sizeof whole + 64];
        struct tb_reason why;
        int n = snprintf(text, sizeof text, "%.*s%s%s", (int)(at - whole), whole, faults[i].by,
                         at + strlen(faults[i].what));

        assert_null(parsed(text, (size_t)n, &why));
        assert_string_equal(why.expected, faults[i].expected);
    }
}

/* The last letter of a line's first word, and what stands behind the word. */
static void every_line_begins_with_its_word(void **state)
{
    unsigned line = 1;

    (void)state;
    for (const char *at = whole; *at != '\0'; at = strchr(at, '\n') + 1, line++)
        for (size_t i = 0; i < 2; i++) {
            char text[sizeof whole], where[32];
            const size_t end = (size_t)(at - whole) + strcspn(at, " \n");
            struct tb_reason why;

            memcpy(text, whole, sizeof whole);
            text[end - 1 + i]++;
            if (parsed(text, strlen(whole), &why) != NULL)
                fail_msg("taken: %.12s", text + (at - whole));
            snprintf(where, sizeof where, "line %u", line);
            assert_string_equal(why.where, where);
        }
}

static void dates_are_those_of_the_calendar(void **state)
{
    static const int64_t days[] = { 0,     58,    59,    789,   790,   10956, 10957,
                                    11015, 11016, 19722, 19782, 24836, 47481, 2932896 };

    (void)state;
    for (size_t i = 0; i < sizeof days / sizeof *days; i++)
        for (int64_t s = -1; s < 2; s++) {
            int64_t t = days[i] * 86400 + s, back;
            char text[TB_DATE_TEXT_LEN], expected[TB_DATE_TEXT_LEN];
            time_t c_time = (time_t)t;
            struct tm tm;

            if (t < 0)
                continue;
            tb_date_text(t, text);
            assert_non_null(gmtime_r(&c_time, &tm));
            strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", &tm);
            assert_string_equal(text, expected);
            assert_true(tb_lines_date(tb_slice(text, strlen(text)), &back));
            assert_int_equal(back, t);
        }
}

static void a_value_of_an_option_has_as_many_characters_as_a_command_line_needs(void **state)
{
    const char *at = strstr(whole, "ttyS0 quiet");
    const size_t head = (size_t)(at - whole), rest = strlen("ttyS0 quiet");
    char text[sizeof whole + TB_PKG_OPTION_MAX + 1], again[sizeof text];

    (void)state;
    for (size_t more = 0; more < 2; more++) {
        const size_t value = TB_PKG_OPTION_MAX + more;
        struct tb_manifest *m;
        struct tb_reason why;
        size_t n = head + value, len;

        memcpy(text, whole, head);
        memset(text + head, 'x', value);
        memcpy(text + n, at + rest, strlen(at + rest));
        n += strlen(at + rest);
        m = parsed(text, n, &why);
        assert_true((m != NULL) == (more == 0));
        if (m == NULL) {
            assert_string_equal(why.where, "line 13");
            continue;
        }
        assert_int_equal(m->option[0].value.left, TB_PKG_OPTION_MAX);
        assert_true(tb_manifest_print(m, again, sizeof again, &len));
        assert_int_equal(len, n);
        assert_memory_equal(again, text, n);
        free(m);
    }
}

static void too_many_of_anything_are_refused(void **state)
{
    static const char *const one[] = { "conflicts n%03u 1\n", "requires n%03u 1\n",
                                       "option n%03u x\n",
                                       "payload file n%03u 0 " D512 " " D256 "\n" };
    static const unsigned most[] = { TB_RELATIONS_MAX, TB_RELATIONS_MAX, TB_PKG_OPTIONS_MAX,
                                     TB_PAYLOADS_MAX };
    size_t head = (size_t)(strstr(whole, "conflicts") - whole);
    char *text = malloc(TB_MANIFEST_LEN_MAX);
    struct tb_reason why;

    (void)state;
    for (size_t k = 0; k < 4; k++)
        for (unsigned more = 0; more < 2; more++) {
            struct tb_manifest *m;
            size_t n = head;

            memcpy(text, whole, head);
            for (unsigned i = 0; i < most[k] + more; i++)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                n += (size_t)snprintf(text + n, TB_MANIFEST_LEN_MAX - n, one[k], i);
#pragma GCC diagnostic pop
            n += (size_t)snprintf(text + n, TB_MANIFEST_LEN_MAX - n, "end\n");
            m = parsed(text, n, &why);
            assert_true((m != NULL) == (more == 0));
            free(m);
        }
    memset(text, 'x', TB_MANIFEST_LEN_MAX);
    free(text);
    text = calloc(1, TB_MANIFEST_LEN_MAX + 1);
    assert_null(parsed(text, TB_MANIFEST_LEN_MAX + 1, &why));
    assert_string_equal(why.where, "manifest");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_manifest_is_read_and_printed_again),
        cmocka_unit_test(every_line_is_refused_in_any_other_form),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_line_begins_with_its_word),
        cmocka_unit_test(the_first_fault_is_told),
        cmocka_unit_test(dates_are_those_of_the_calendar),
        cmocka_unit_test(a_value_of_an_option_has_as_many_characters_as_a_command_line_needs),
        cmocka_unit_test(too_many_of_anything_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
