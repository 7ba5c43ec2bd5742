/* Lists of revocations: one text for one meaning. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/revocations.h"
#include "tests/unit/test_support.h"

#define H8 "01234567"
#define H32 H8 H8 H8 H8
#define A64 "aa" H32 H8 H8 H8 "89abcd"
#define B64 "bb" H32 H8 H8 H8 "89abcd"

static const char whole[] = "trueboot-revocations 1\n"
                            "serial 4294967295\n"
                            "issued 2026-01-31T23:59:59Z\n"
                            "signer " A64 "\n"
                            "signer " B64 "\n"
                            "package a 0\n"
                            "package b 4294967295\n"
                            "digest " A64 A64 "\n"
                            "digest " A64 B64 "\n"
                            "end\n";

static bool parsed(const char *text, size_t len, struct tb_revocations *r, struct tb_reason *why)
{
    uint8_t *copy = test_memdup(text, len);
    bool ok = tb_revocations_parse(tb_slice(copy, len), r, why);

    free(copy);
    if (!ok) {
        assert_int_equal(why->check, TB_CHECK_PACKAGE_FORMAT);
        assert_int_equal(r->serial + r->n_signers + r->n_packages + r->n_digests, 0);
    }
    return ok;
}

static void a_whole_list_revokes_what_it_names_and_nothing_else(void **state)
{
    static struct tb_revocations r;
    const struct tb_reader a = tb_slice("a", 1), b = tb_slice("b", 1), ab = tb_slice("ab", 2);
    uint8_t digest[64];
    struct tb_reason why;

    (void)state;
    assert_true(tb_revocations_parse(tb_slice(whole, strlen(whole)), &r, &why));
    assert_int_equal(r.serial, UINT32_MAX);
    assert_int_equal(r.issued_s, 1769903999);
    assert_true(tb_unhex(A64 B64, digest, 64));
    assert_true(tb_revokes_digest(&r, digest) && tb_revokes_signer(&r, digest));
    assert_true(tb_revokes_signer(&r, digest + 32));
    digest[31] ^= 1;
    assert_false(tb_revokes_digest(&r, digest) || tb_revokes_signer(&r, digest));
    digest[31] ^= 1;
    digest[63] ^= 1;
    assert_false(tb_revokes_digest(&r, digest) || tb_revokes_signer(&r, digest + 32));
    assert_true(tb_revokes_package(&r, a, 0) && tb_revokes_package(&r, b, UINT32_MAX));
    assert_false(tb_revokes_package(&r, a, 1) || tb_revokes_package(&r, ab, 0));
}

static void a_list_may_be_empty(void **state)
{
    static const char text[] =
        "trueboot-revocations 1\nserial 0\nissued 1970-01-01T00:00:00Z\nend\n";
    static struct tb_revocations r;
    struct tb_reason why;

    (void)state;
    assert_true(parsed(text, strlen(text), &r, &why));
    assert_int_equal(r.n_signers + r.n_packages + r.n_digests, 0);
}

/* Each replaces the first occurrence. */
static const struct {
    const char *what, *by, *where, *expected;
} changes[] = {
    { "revocations 1", "revocations 2", "line 1", "trueboot-revocations 1" },
    { "4294967295", "4294967296", "line 2", "serial and a number up to 4294967295" },
    { "4294967295", "01", "line 2", "serial and a number up to 4294967295" },
    { "01-31", "02-29", "line 3", "issued and a date such as 2026-01-31T23:59:59Z" },
    { "signer aa", "signer AA", "line 4", "a digest in lower-case hexadecimal digits" },
    { "signer aa", "signer a", "line 4", "a digest in lower-case hexadecimal digits" },
    { "signer aa", "signer aaa", "line 4", "a digest in lower-case hexadecimal digits" },
    { "signer aa", "signer bb", "line 5", "digests in rising order" },
    { "signer aa", "signer cc", "line 5", "digests in rising order" },
    { "package a 0", "package A 0", "line 6", "a package's name and a security version" },
    { "package a 0", "package a -1", "line 6", "a package's name and a security version" },
    { "package a 0", "package a", "line 6", "a package's name and a security version" },
    { "package a 0", "package b 0", "line 7", "names in rising order" },
    { "package a 0", "package c 0", "line 7", "names in rising order" },
    { "digest aa", "digest aA", "line 8", "a digest in lower-case hexadecimal digits" },
    { "digest aa", "digest ab", "line 9", "digests in rising order" },
    { "digest aa", "signer aa", "line 8", "the next line in order, or end" },
    { "end\n", "end\nend\n", "line 11", "nothing behind the end" },
};

static void every_line_is_refused_in_any_other_form(void **state)
{
    static struct tb_revocations r;

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const char *at = strstr(whole, changes[i].what);
        char text[sizeof whole + 64];
        struct tb_reason why;
        int n = snprintf(text, sizeof text, "%.*s%s%s", (int)(at - whole), whole, changes[i].by,
                         at + strlen(changes[i].what));

        if (parsed(text, (size_t)n, &r, &why))
            fail_msg("taken: %s for %s", changes[i].by, changes[i].what);
        assert_string_equal(why.where, changes[i].where);
        assert_string_equal(why.expected, changes[i].expected);
    }
}

static void every_truncation_and_every_other_word_is_refused(void **state)
{
    static struct tb_revocations r;
    char text[sizeof whole];
    struct tb_reason why;

    (void)state;
    for (size_t n = 0; n < strlen(whole); n++) {
        assert_false(parsed(whole, n, &r, &why));
        test_is_truncated(whole, n, &why);
    }
    for (const char *at = whole; *at != '\0'; at = strchr(at, '\n') + 1) {
        memcpy(text, whole, sizeof whole);
        text[(size_t)(at - whole) + strcspn(at, " \n") - 1]++;
        assert_false(parsed(text, strlen(whole), &r, &why));
    }
}

/* 256 of each kind are taken, 257 are not. */
static void too_many_of_anything_are_refused(void **state)
{
    static const char head[] = "trueboot-revocations 1\nserial 1\nissued 2026-01-31T23:59:59Z\n";
    static struct tb_revocations r;
    char *text = malloc(TB_REVOCATIONS_LEN_MAX + 1);
    struct tb_reason why;

    (void)state;
    for (unsigned kind = 0; kind < 3; kind++)
        for (unsigned most = TB_REVOKED_MAX; most <= TB_REVOKED_MAX + 1; most++) {
            size_t n = (size_t)snprintf(text, 256, "%s", head);

            for (unsigned i = 0; i < most; i++)
                n += (size_t)(kind == 0   ? snprintf(text + n, 256, "signer %064x\n", i)
                              : kind == 1 ? snprintf(text + n, 256, "package n%03u 1\n", i)
                                          : snprintf(text + n, 256, "digest %0128x\n", i));
            n += (size_t)snprintf(text + n, 256, "end\n");
            assert_int_equal(parsed(text, n, &r, &why), most == TB_REVOKED_MAX);
        }
    assert_string_equal(why.expected, "at most 256 of these");
    memset(text, 'x', TB_REVOCATIONS_LEN_MAX + 1);
    assert_false(parsed(text, TB_REVOCATIONS_LEN_MAX, &r, &why));
    assert_string_equal(why.where, "line 1");
    assert_false(parsed(text, TB_REVOCATIONS_LEN_MAX + 1, &r, &why));
    assert_string_equal(why.where, "revocations");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_list_revokes_what_it_names_and_nothing_else),
        cmocka_unit_test(a_list_may_be_empty),
        cmocka_unit_test(every_line_is_refused_in_any_other_form),
        cmocka_unit_test(every_truncation_and_every_other_word_is_refused),
        cmocka_unit_test(too_many_of_anything_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
