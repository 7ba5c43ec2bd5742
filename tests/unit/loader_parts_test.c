/* What the loader has instead of a C library and of dmidecode, and its vendors' certificates. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/format.h"
#include "loader/load.h"
#include "loader/smbios.h"
#include "tests/unit/test_support.h"

/* ---- format ---- */

__attribute__((format(printf, 3, 4))) static size_t ours(char *out, size_t cap, const char *format,
                                                         ...)
{
    va_list args;
    size_t n;

    va_start(args, format);
    n = tb_format(out, cap, format, args);
    va_end(args);
    return n;
}

#define SAME(...)                                                                                  \
    do {                                                                                           \
        char a[64], b[64];                                                                         \
        size_t n = ours(a, sizeof a, __VA_ARGS__);                                                 \
                                                                                                   \
        assert_int_equal(n, snprintf(b, sizeof b, __VA_ARGS__));                                   \
        assert_string_equal(a, b);                                                                 \
    } while (0)

static void every_conversion_in_use_prints_what_the_c_library_prints(void **state)
{
    (void)state;
    SAME("plain, 100%%");
    SAME("%s|%.3s|%.*s|%5s|%.0s", "text", "text", 2, "text", "ab", "text");
    SAME("%c%c", 'x', '7');
    SAME("%d %d %d %d", 0, -1, 2147483647, -2147483647 - 1);
    SAME("%u %u %02u %04u %5u", 0U, 4294967295U, 7U, 2026U, 42U);
    SAME("%x %08x %02x", 0xdeadbeefU, 0xaffU, 5U);
    SAME("%zu %lu %llu", (size_t)-1, 18446744073709551615UL, 18446744073709551615ULL);
    SAME("%lx %llx", 0xffffffffffUL, 1ULL);
}

static void a_text_that_does_not_fit_is_cut_and_its_length_told(void **state)
{
    char out[8], *exact;

    (void)state;
    for (size_t cap = 0; cap <= sizeof out; cap++) {
        exact = malloc(cap + (cap == 0));
        assert_int_equal(ours(exact, cap, "%s-%u", "abcdef", 123U), 10);
        if (cap != 0)
            assert_int_equal(strlen(exact), cap - 1);
        free(exact);
    }
}

static void what_is_not_known_ends_the_text(void **state)
{
    static const char *const formats[] = { "a%", "a%p", "a%-5d", "a%ld%q", "a%5" };
    char out[32];

    (void)state;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const char *volatile format = formats[i];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
        ours(out, sizeof out, format, 1L, 2L);
#pragma GCC diagnostic pop
        assert_int_equal(out[0], 'a');
    }
}

/* ---- SMBIOS ---- */

/* A BIOS, a chassis whose third string is the tag, the end. */
static const char table[] = "\x00\x05\x00\x00\x01"
                            "bios\0\0"
                            "\x03\x0a\x01\x00\x01\x01\x02\x00\x03\x00"
                            "maker\0serial\0rack 7\0\0"
                            "\x7f\x04\x02\x00\0";

static void the_chassis_asset_tag_is_found_and_cut_to_fit(void **state)
{
    char out[16], small[4];

    (void)state;
    tb_smbios_asset_tag(tb_slice(table, sizeof table), out, sizeof out);
    assert_string_equal(out, "rack 7");
    tb_smbios_asset_tag(tb_slice(table, sizeof table), small, sizeof small);
    assert_string_equal(small, "rac");
}

static void every_truncation_and_every_other_byte_is_survived(void **state)
{
    char out[16];

    (void)state;
    for (size_t n = 0; n < sizeof table; n++) {
        uint8_t *cut = test_memdup(table, n);

        tb_smbios_asset_tag(tb_slice(cut, n), out, sizeof out);
        assert_true(strcmp(out, n < 42 ? "" : "rack 7") == 0);
        free(cut);
    }
    for (size_t i = 0; i < sizeof table; i++)
        for (unsigned v = 0; v < 256; v++) {
            uint8_t *other = test_memdup(table, sizeof table);

            other[i] = (uint8_t)v;
            tb_smbios_asset_tag(tb_slice(other, sizeof table), out, sizeof out);
            assert_true(strlen(out) < sizeof out);
            free(other);
        }
}

static void a_chassis_without_a_tag_has_none(void **state)
{
    char copy[sizeof table], out[16];

    (void)state;
    memcpy(copy, table, sizeof table);
    copy[11 + 8] = 0; /* no string */
    tb_smbios_asset_tag(tb_slice(copy, sizeof copy), out, sizeof out);
    assert_string_equal(out, "");
    copy[11 + 8] = 9; /* one that is not there */
    tb_smbios_asset_tag(tb_slice(copy, sizeof copy), out, sizeof out);
    assert_string_equal(out, "");
}

/* ---- the vendors' section ---- */

static void the_vendors_section_holds_whole_certificates_and_then_zeros(void **state)
{
    uint8_t section[9 * 260 + 8] = { 0 };
    struct tb_reader out[TB_LOADER_VENDORS_MAX];
    struct tb_reason why;
    size_t n;

    (void)state;
    assert_false(tb_vendor_certificates(tb_slice(section, 0), out, &n, &why));
    assert_false(tb_vendor_certificates(tb_slice(section, sizeof section), out, &n, &why));
    for (size_t i = 0; i < 9; i++) {
        memcpy(section + i * 260, "\x30\x82\x01\x00", 4);
        assert_int_equal(tb_vendor_certificates(tb_slice(section, sizeof section), out, &n, &why),
                         i < 8);
        if (i < 8) {
            assert_int_equal(n, i + 1);
            assert_ptr_equal(out[i].p, section + i * 260);
            assert_int_equal(out[i].left, 260);
        }
    }
    assert_false(tb_vendor_certificates(tb_slice(section, 259), out, &n, &why));
    section[260] = 'x';
    assert_false(tb_vendor_certificates(tb_slice(section, sizeof section), out, &n, &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_conversion_in_use_prints_what_the_c_library_prints),
        cmocka_unit_test(a_text_that_does_not_fit_is_cut_and_its_length_told),
        cmocka_unit_test(what_is_not_known_ends_the_text),
        cmocka_unit_test(the_chassis_asset_tag_is_found_and_cut_to_fit),
        cmocka_unit_test(every_truncation_and_every_other_byte_is_survived),
        cmocka_unit_test(a_chassis_without_a_tag_has_none),
        cmocka_unit_test(the_vendors_section_holds_whole_certificates_and_then_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
