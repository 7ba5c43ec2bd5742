/* tests/unit/uefi_test.c - variables, signature lists, text and device paths from hostile bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/uefi.h"
#include "tests/unit/log_builder.h"

static struct log_builder *b;

static int set_up(void **state)
{
    (void)state;
    b = log_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    log_free(b);
    return 0;
}

static void a_variable_is_parsed_and_every_truncation_is_refused(void **state)
{
    struct tb_reader in = log_uefi_variable(b, log_guid_global, "PK", log_text("data"));
    struct tb_uefi_variable v;

    (void)state;
    assert_true(tb_uefi_variable_parse(in, &v));
    assert_true(tb_uefi_name_is(&v, "PK"));
    assert_false(tb_uefi_name_is(&v, "PKx"));
    assert_false(tb_uefi_name_is(&v, "P"));
    assert_false(tb_uefi_name_is(&v, "KK"));
    assert_true(tb_guid_is(v.guid, tb_guid_global_variable));
    assert_int_equal(v.data.left, 4);
    assert_int_equal(v.excess.left, 0);
    for (size_t n = 0; n < in.left; n++) {
        uint8_t *exact = malloc(n + 1);

        memcpy(exact + 1, in.p, n);
        assert_false(tb_uefi_variable_parse((struct tb_reader){ exact + 1, n }, &v));
        free(exact);
    }
}

static void a_name_with_a_high_byte_is_another_name(void **state)
{
    uint8_t bytes[64];
    struct tb_reader in = log_uefi_variable(b, log_guid_global, "PK", log_text("data"));
    struct tb_uefi_variable v;

    (void)state;
    memcpy(bytes, in.p, in.left);
    bytes[33] = 1;
    assert_true(tb_uefi_variable_parse(tb_slice(bytes, in.left), &v));
    assert_false(tb_uefi_name_is(&v, "PK"));
}

static void t42_l34_lengths_that_overflow_are_refused(void **state)
{
    static const size_t at[] = { 16, 24 };
    struct tb_uefi_variable v;
    uint8_t bytes[64];

    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (size_t byte = 0; byte < 8; byte++) {
            struct tb_reader in = log_uefi_variable(b, log_guid_global, "PK", log_text("data"));

            memcpy(bytes, in.p, in.left);
            bytes[at[i] + byte] = 0x80; /* 2^63 and all that is less */
            assert_false(tb_uefi_variable_parse(tb_slice(bytes, in.left), &v));
        }
    memset(bytes, 0xff, sizeof bytes);
    assert_false(tb_uefi_variable_parse(tb_slice(bytes, sizeof bytes), &v));
}

/* Entries of the lists, or -1 if they are malformed. */
static int count_entries(struct tb_reader in)
{
    uint8_t *exact = malloc(in.left + 1);
    struct tb_signature_lists it;
    struct tb_signature_entry e;
    enum tb_list_step step;
    int n = 0;

    memcpy(exact + 1, in.p, in.left);
    it = tb_signature_lists_begin((struct tb_reader){ exact + 1, in.left });
    while ((step = tb_signature_lists_next(&it, &e)) == TB_LIST_ENTRY)
        n++;
    free(exact);
    return step == TB_LIST_END ? n : -1;
}

static void put_u32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++, v >>= 8)
        p[i] = (uint8_t)v;
}

/* One list of two entries of 20 bytes: 28 + 40. */
static size_t two_entries(uint8_t bytes[68])
{
    memset(bytes, 'e', 68);
    memcpy(bytes, log_guid_cert_sha256, 16);
    put_u32(bytes + 16, 68);
    put_u32(bytes + 20, 0);
    put_u32(bytes + 24, 20);
    return 68;
}

static void t42_l31_l32_signature_lists_are_bounded_by_their_sizes(void **state)
{
    static const struct {
        size_t at;
        uint32_t value;
        int n;
    } cases[] = {
        { 16, 68, 2 },  { 16, 27, -1 }, { 16, 0, -1 },          { 16, 0xffffffff, -1 },
        { 16, 69, -1 }, { 16, 67, -1 }, { 20, 41, -1 },         { 20, 0xffffffff, -1 },
        { 20, 40, 0 }, /* only its vendor header */
        { 20, 20, 1 },  { 24, 0, -1 },  { 24, 15, -1 },         { 24, 40, 1 },
        { 24, 41, -1 }, { 24, 19, -1 }, { 24, 0xffffffff, -1 }, { 24, 16, -1 },
    };
    uint8_t bytes[136];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = two_entries(bytes);

        put_u32(bytes + cases[i].at, cases[i].value);
        assert_int_equal(count_entries(tb_slice(bytes, n)), cases[i].n);
    }
    for (size_t n = 1; n < two_entries(bytes); n++)
        assert_int_equal(count_entries(tb_slice(bytes, n)), -1);
    assert_int_equal(count_entries(tb_slice(bytes, 0)), 0);
    two_entries(bytes);
    two_entries(bytes + 68);
    assert_int_equal(count_entries(tb_slice(bytes, 136)), 4);
}

static void t42_a_list_that_is_not_whole_entries_gives_none(void **state)
{
    struct tb_signature_lists it;
    struct tb_signature_entry e;
    uint8_t bytes[68];

    (void)state;
    two_entries(bytes);
    put_u32(bytes + 24, 19);
    it = tb_signature_lists_begin(tb_slice(bytes, sizeof bytes));
    assert_int_equal(tb_signature_lists_next(&it, &e), TB_LIST_BAD);
}

static void t44_text_is_printable_ascii_and_cut(void **state)
{
    char out[8];

    (void)state;
    tb_utf16_text(tb_slice("a\0\033\0\xe4\0b\0\0\0c\0", 12), out, sizeof out);
    assert_string_equal(out, "a??b");
    tb_utf16_text(tb_slice("a\0b\0c\0d\0e\0f\0g\0h\0i\0", 18), out, sizeof out);
    assert_string_equal(out, "abcdefg");
    tb_utf16_text(tb_slice("a\0b", 3), out, sizeof out); /* half a character, no NUL */
    assert_string_equal(out, "a");
    tb_ascii_text(tb_slice("a\033[31m\x7f\xffz", 9), out, sizeof out);
    assert_string_equal(out, "a?[31m?");
    assert_true(tb_is_text(tb_slice("text\0\0", 6)));
    assert_false(tb_is_text(tb_slice("te\0xt", 5)));
    assert_false(tb_is_text(tb_slice("te\nxt", 5)));
    assert_false(tb_is_text(tb_slice("\0\0", 2)));
    assert_false(tb_is_text(tb_slice("", 0)));
}

static void guids_have_text_and_some_have_names(void **state)
{
    char text[TB_GUID_TEXT_LEN];

    (void)state;
    tb_guid_text(tb_slice(log_guid_global, 16), text);
    assert_string_equal(text, "8be4df61-93ca-11d2-aa0d-00e098032b8c");
    assert_string_equal(tb_guid_name(tb_slice(log_guid_image_db, 16)),
                        "EFI_IMAGE_SECURITY_DATABASE");
    assert_string_equal(tb_guid_name(tb_slice(log_guid_shim, 16)), "SHIM_LOCK");
    assert_null(tb_guid_name(tb_slice("0123456789abcdef", 16)));
    assert_null(tb_guid_name(tb_slice(log_guid_global, 15)));
    tb_guid_text(tb_slice(log_guid_global, 15), text);
    assert_string_equal(text, "?");
}

#define END "\x7f\xff\4\0"

static void device_paths_of_the_common_nodes_become_text(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *text;
    } cases[] = {
#define PATH(b, t) { b, sizeof(b) - 1, t }
        PATH("\2\1\14\0\xd0\x41\3\xa\0\0\0\0"
             "\1\1\6\0\0\1" END,
             "PciRoot(0x0)/Pci(0x1,0x0)"),
        PATH("\4\4\x8\0\\\0a\0" END, "\\a"),
        PATH("\3\x12\xa\0\1\0\xff\xff\0\0" END, "Sata(0x1,0xffff,0x0)"),
        PATH("\3\x17\x10\0\1\0\0\0\1\2\3\4\5\6\7\x8" END, "NVMe(0x1,0102030405060708)"),
        PATH("\3\2\x8\0\1\0\2\0" END, "Scsi(0x1,0x2)"),
        PATH("\3\5\6\0\1\2" END, "USB(0x1,0x2)"),
        PATH("\3\x18\x9\0http:" END, "Uri(http:)"),
        PATH("\3\x63\4\0" END, "Path(3,99)"),
        PATH("\4\2\x18\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" END, "CDROM(0x1)"),
        PATH("\1\1\6\0\0\1"
             "\x7f\1\4\0"
             "\1\1\6\0\0\2" END,
             "Pci(0x1,0x0),Pci(0x2,0x0)"),
        PATH(END, ""),
#undef PATH
    };
    char out[128];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(tb_device_path_text(tb_slice(cases[i].bytes, cases[i].len), out, sizeof out));
        assert_string_equal(out, cases[i].text);
    }
}

static void t42_every_device_path_node_that_is_too_short_is_refused(void **state)
{
    static const uint8_t kinds[][2] = {
        { 1, 1 },  { 1, 3 },  { 1, 4 }, { 2, 1 }, { 3, 2 }, { 3, 5 }, { 3, 10 }, { 3, 11 },
        { 3, 18 }, { 3, 23 }, { 4, 1 }, { 4, 2 }, { 4, 3 }, { 4, 6 }, { 4, 7 },  { 4, 8 },
    };
    uint8_t bytes[64] = { 0 };
    char out[256];

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        memset(bytes, 0, sizeof bytes);
        memcpy(bytes, kinds[i], 2);
        bytes[2] = 5;
        memcpy(bytes + 5, END, 4);
        assert_false(tb_device_path_text(tb_slice(bytes, 9), out, sizeof out));
        memset(bytes + 5, 0, 4);
        bytes[2] = 42; /* longer than any of them */
        memcpy(bytes + 42, END, 4);
        assert_true(tb_device_path_text(tb_slice(bytes, 46), out, sizeof out));
        assert_non_null(strchr(out, '('));
    }
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, "\4\1\x2a\0\1\0\0\0\0\x8", 10);
    bytes[41] = 2;
    memcpy(bytes + 42, END, 4);
    assert_true(tb_device_path_text(tb_slice(bytes, 46), out, sizeof out));
    assert_string_equal(out, "HD(1,GPT,00000000-0000-0000-0000-000000000000,0x800,0x0)");
}

static void t42_l37_device_paths_that_are_malformed_end_at_the_fault(void **state)
{
    char out[16];

    (void)state;
    for (uint8_t len = 0; len < 4; len++) {
        const uint8_t bytes[] = { 4, 4, len, 0, 0x7f, 0xff, 4, 0 };

        assert_false(tb_device_path_text(tb_slice(bytes, sizeof bytes), out, sizeof out));
    }
    assert_false(
        tb_device_path_text(tb_slice("\4\4\xff\0\\\0", 6), out, sizeof out)); /* too long */
    assert_false(
        tb_device_path_text(tb_slice("\1\1\5\0\0" END, 9), out, sizeof out));        /* short Pci */
    assert_false(tb_device_path_text(tb_slice("\1\1\6\0\0\1", 6), out, sizeof out)); /* no end */
    assert_string_equal(out, "Pci(0x1,0x0)");
    assert_false(tb_device_path_text(tb_slice(END "x", 5), out, sizeof out)); /* more behind it */
    assert_false(tb_device_path_text(tb_slice("\1\1\6", 3), out, sizeof out));
    /* Text that does not fit is cut; escapes are shown as '?'. */
    assert_true(tb_device_path_text(tb_slice("\4\4\x8\0\033\0[\0" END, 12), out, sizeof out));
    assert_string_equal(out, "?[");
    assert_true(
        tb_device_path_text(tb_slice("\3\x63\4\0\3\x63\4\0\3\x63\4\0" END, 16), out, sizeof out));
    assert_string_equal(out, "Path(3,99)/Path");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_variable_is_parsed_and_every_truncation_is_refused),
        cmocka_unit_test(a_name_with_a_high_byte_is_another_name),
        cmocka_unit_test(t42_l34_lengths_that_overflow_are_refused),
        cmocka_unit_test(t42_l31_l32_signature_lists_are_bounded_by_their_sizes),
        cmocka_unit_test(t44_text_is_printable_ascii_and_cut),
        cmocka_unit_test(guids_have_text_and_some_have_names),
        cmocka_unit_test(device_paths_of_the_common_nodes_become_text),
        cmocka_unit_test(t42_a_list_that_is_not_whole_entries_gives_none),
        cmocka_unit_test(t42_every_device_path_node_that_is_too_short_is_refused),
        cmocka_unit_test(t42_l37_device_paths_that_are_malformed_end_at_the_fault),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
