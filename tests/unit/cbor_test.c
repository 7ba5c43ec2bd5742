/* One form of CBOR is read, and every other refused with its place. */
#include "wire/cbor.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/test_support.h"

static struct tb_cbor_reader reader(const void *p, size_t n)
{
    return (struct tb_cbor_reader){ tb_slice(p, n), "message", "field" };
}

enum want { UINT, BOOL, BYTES, TEXT, ARRAY, MAP };

static bool read_one(struct tb_cbor_reader *r, enum want want, struct tb_reason *why)
{
    struct tb_reader slice;
    uint64_t u;
    size_t n;
    bool b;

    switch (want) {
    case UINT: return tb_cbor_read_uint(r, 0, UINT64_MAX, &u, why);
    case BOOL: return tb_cbor_read_bool(r, &b, why);
    case BYTES: return tb_cbor_read_bytes(r, 0, 100, &slice, why);
    case TEXT: return tb_cbor_read_text(r, 0, 100, &slice, why);
    case ARRAY: return tb_cbor_read_array(r, 0, 100, &n, why);
    case MAP: return tb_cbor_read_map(r, 0, 100, &n, why);
    }
    return false;
}

#define B(s) s, sizeof(s) - 1

static void every_other_form_of_an_item_is_refused(void **state)
{
    static const struct {
        enum want want;
        const char *bytes;
        size_t n;
        const char *observed;
    } list[] = {
        { UINT, B(""), "the message ends" },
        { UINT, B("\x18"), "the message ends" },
        { UINT, B("\x18\x17"), "a longer one" },
        { UINT, B("\x19\x00\xff"), "a longer one" },
        { UINT, B("\x1a\x00\x00\xff\xff"), "a longer one" },
        { UINT, B("\x1b\x00\x00\x00\x00\xff\xff\xff\xff"), "a longer one" },
        { UINT, B("\x1c"), "a byte that begins no item" },
        { UINT, B("\x20"), "another kind of item" },     /* -1 */
        { UINT, B("\xc0\x00"), "another kind of item" }, /* tag */
        { UINT, B("\xf9\x00\x00"), "another kind of item" },
        { UINT, B("\xf6"), "another kind of item" },
        { UINT, B("\xff"), "another kind of item" }, /* break */
        { UINT, B("\x40"), "a byte string" },
        { BOOL, B("\x01"), "an unsigned integer" },
        { BOOL, B("\xf8\x15"), "a byte that begins no item" },
        { BYTES, B("\x58\x01x"), "a longer one" },
        { BYTES, B("\x59\x00\x01x"), "a longer one" },
        { BYTES, B("\x41"), "the message ends" },
        { BYTES, B("\x5b\xff\xff\xff\xff\xff\xff\xff\xff"), "the message ends" },
        { BYTES, B("\x5f\x41x\xff"), "another kind of item" },
        { BYTES, B("\x61x"), "a text string" },
        { TEXT, B("\x78\x01x"), "a longer one" },
        { TEXT, B("\x7f\x61x\xff"), "another kind of item" },
        { TEXT, B("\x61\x00"), "other bytes or control characters" },
        { ARRAY, B("\x9f\xff"), "another kind of item" },
        { ARRAY, B("\x98\x01\x00"), "a longer one" },
        { ARRAY, B("\xa0"), "a map" },
        { MAP, B("\xbf\xff"), "another kind of item" },
        { MAP, B("\xb8\x01\x00\x00"), "a longer one" },
        { MAP, B("\x80"), "an array" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        uint8_t *exact = test_memdup(list[i].bytes, list[i].n);
        struct tb_cbor_reader r = reader(exact, list[i].n);
        struct tb_reason why = { .check = TB_N_CHECKS };

        assert_false(read_one(&r, list[i].want, &why));
        assert_int_equal(why.check, TB_CHECK_EVIDENCE_FORMAT);
        assert_string_equal(why.where, "message.field");
        assert_string_equal(why.observed, list[i].observed);
        assert_ptr_equal(r.in.p, exact); /* the cursor did not move */
        assert_int_equal(r.in.left, list[i].n);
        free(exact);
    }
}

static void bounds_are_inclusive_and_told_with_both_ends(void **state)
{
    struct tb_reason why;
    struct tb_reader slice;
    struct tb_cbor_reader r;
    uint64_t u;
    size_t n;

    (void)state;
    for (unsigned v = 9; v <= 21; v++) {
        uint8_t one = (uint8_t)v;
        bool in = v >= 10 && v <= 20;

        r = reader(&one, 1);
        assert_int_equal(tb_cbor_read_uint(&r, 10, 20, &u, &why), in);
        if (in)
            continue;
        assert_int_equal(why.check, TB_CHECK_EVIDENCE_LIMITS);
        assert_string_equal(why.expected, "10 to 20");
    }
    r = reader("\x63"
               "abc",
               4);
    assert_false(tb_cbor_read_text(&r, 4, 9, &slice, &why));
    assert_int_equal(why.check, TB_CHECK_EVIDENCE_LIMITS);
    assert_false(tb_cbor_read_text(&r, 0, 2, &slice, &why));
    assert_true(tb_cbor_read_text(&r, 3, 3, &slice, &why));
    r = reader("\x43"
               "abc",
               4);
    assert_false(tb_cbor_read_bytes(&r, 4, 9, &slice, &why));
    assert_false(tb_cbor_read_bytes(&r, 0, 2, &slice, &why));
    assert_true(tb_cbor_read_bytes(&r, 3, 3, &slice, &why));
    assert_memory_equal(slice.p, "abc", 3);
    r = reader("\x83", 1);
    assert_false(tb_cbor_read_array(&r, 0, 2, &n, &why));
    assert_true(tb_cbor_read_array(&r, 3, 3, &n, &why));
    r = reader("\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", 9); /* nine bytes that claim 2^63 items */
    assert_false(tb_cbor_read_array(&r, 0, 1000, &n, &why));
    assert_int_equal(why.check, TB_CHECK_EVIDENCE_LIMITS);
    r = reader("\xbb\x7f\xff\xff\xff\xff\xff\xff\xff", 9);
    assert_false(tb_cbor_read_map(&r, 0, 1000, &n, &why));
}

static void bytes_behind_the_end_are_refused(void **state)
{
    struct tb_cbor_reader r = reader("\x01\x02", 2);
    struct tb_reason why;
    uint64_t u;

    (void)state;
    r.field = NULL;
    assert_true(tb_cbor_read_uint(&r, 0, 9, &u, &why));
    assert_false(tb_cbor_read_end(&r, &why));
    assert_string_equal(why.where, "message");
    assert_string_equal(why.observed, "1 bytes after the message");
    assert_true(tb_cbor_read_uint(&r, 0, 9, &u, &why));
    assert_true(tb_cbor_read_end(&r, &why));
}

static void t44_only_characters_that_show_as_themselves_are_text(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        bool ok;
    } list[] = {
        { B(""), true },
        { B("plain text ~"), true },
        { B("Gr\xc3\xbc\xc3\x9f"
            "e \xe2\x82\xac \xf0\x9f\x94\x92"),
          true },
        { B("\x1b[31m"), false }, /* terminal escape */
        { B("a\nb"), false },
        { B("a\x7f"), false },
        { B("\xc2\x85"), false }, /* C1 */
        { B("\xc2\xa0"), true },
        { B("\xc2\xad"), false }, /* soft hyphen */
        { B("\xc0\x80"), false }, /* overlong NUL */
        { B("\xc1\xbf"), false },
        { B("\xe0\x80\x80"), false },
        { B("\xe0\x9f\xbf"), false },
        { B("\xe0\xa0\x80"), true },
        { B("\xf0\x8f\xbf\xbf"), false },
        { B("\xf0\x90\x80\x80"), true },
        { B("\xed\xa0\x80"), false }, /* surrogate */
        { B("\xed\x9f\xbf"), true },
        { B("\xee\x80\x80"), true },
        { B("\xf4\x90\x80\x80"), false }, /* past U+10FFFF */
        { B("\xf5\x80\x80\x80"), false },
        { B("\x80"), false },
        { B("\xc3"), false }, /* cut */
        { B("\xe2\x82"), false },
        { B("\xc3"
            "A"),
          false },
        { B("\xe2\x80\xae"
            "gpj.exe"),
          false },                    /* right-to-left override */
        { B("\xe2\x80\xa8"), false }, /* line separator */
        { B("\xef\xbb\xbf"), false }, /* byte order mark */
        { B("\xef\xbf\xbf"), false },
        { B("\xf3\xa0\x80\x81"), false }, /* tag character */
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        uint8_t *exact = test_memdup(list[i].bytes, list[i].n);

        if (tb_text_is_printable(tb_slice(exact, list[i].n)) != list[i].ok)
            print_error("entry %zu\n", i);
        assert_int_equal(tb_text_is_printable(tb_slice(exact, list[i].n)), list[i].ok);
        free(exact);
    }
}

static void outside_text_is_cut_and_made_ascii(void **state)
{
    char out[8];

    (void)state;
    tb_text_copy(out, sizeof out,
                 "a\tb\xc3\xbc"
                 "cdefg");
    assert_string_equal(out, "a?b??cd");
    tb_text_copy(out, sizeof out, "");
    assert_string_equal(out, "");
}

static void write_all(struct tb_cbor_writer *w)
{
    tb_cbor_write_map(w, 3);
    tb_cbor_write_uint(w, 1);
    tb_cbor_write_uint(w, 70000);
    tb_cbor_write_uint(w, 2);
    tb_cbor_write_bool(w, true);
    tb_cbor_write_uint(w, 3);
    tb_cbor_write_array(w, 2);
    tb_cbor_write_text(w, "text");
    tb_cbor_write_bytes(w, tb_slice("0123456789abcdef01234567", 24));
}

static void what_is_written_is_the_shortest_form_and_reads_back(void **state)
{
    static const char expected[] = "\xa3\x01\x1a\x00\x01\x11\x70\x02\xf5\x03\x82\x64text\x58\x18"
                                   "0123456789abcdef01234567";
    uint8_t buf[100];
    struct tb_cbor_writer w = { .p = buf, .cap = sizeof buf };
    size_t len;

    (void)state;
    write_all(&w);
    assert_true(tb_cbor_write_done(&w, &len));
    assert_int_equal(len, sizeof expected - 1);
    assert_memory_equal(buf, expected, len);
}

static void a_buffer_that_is_too_small_is_told_and_never_overrun(void **state)
{
    size_t len, full;
    uint8_t buf[100];
    struct tb_cbor_writer w = { .p = buf, .cap = sizeof buf };

    (void)state;
    write_all(&w);
    assert_true(tb_cbor_write_done(&w, &full));
    for (size_t cap = 0; cap <= full; cap++) {
        uint8_t *exact = malloc(cap + (cap == 0));

        w = (struct tb_cbor_writer){ .p = exact, .cap = cap };
        write_all(&w);
        assert_int_equal(tb_cbor_write_done(&w, &len), cap == full);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_other_form_of_an_item_is_refused),
        cmocka_unit_test(bounds_are_inclusive_and_told_with_both_ends),
        cmocka_unit_test(bytes_behind_the_end_are_refused),
        cmocka_unit_test(t44_only_characters_that_show_as_themselves_are_text),
        cmocka_unit_test(outside_text_is_cut_and_made_ascii),
        cmocka_unit_test(what_is_written_is_the_shortest_form_and_reads_back),
        cmocka_unit_test(a_buffer_that_is_too_small_is_told_and_never_overrun),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
