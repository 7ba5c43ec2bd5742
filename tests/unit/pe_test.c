/* EFI programs: what is hashed of them, and which are refused. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/pe.h"
#include "tests/unit/package_builder.h"

#define OPTIONAL (0x80 + 24)

static void put_le(uint8_t *p, uint32_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static bool parses(const uint8_t *image, size_t len, struct tb_pe *pe, struct tb_reason *why)
{
    uint8_t *copy = test_memdup(image, len);
    bool ok = tb_pe_parse(tb_slice(copy, len), pe, why);

    free(copy);
    return ok;
}

/* The digest as the specification tells it, byte by byte: all but checksum, directory entry and
 * certificate table. */
static void plain_digest(const uint8_t *image, size_t len, size_t certs, uint8_t out[32])
{
    uint8_t *kept = malloc(len);
    size_t n = 0;
    unsigned size = 32;

    for (size_t i = 0; i < len - certs; i++)
        if ((i < OPTIONAL + 64 || i >= OPTIONAL + 68) &&
            (i < OPTIONAL + 144 || i >= OPTIONAL + 152))
            kept[n++] = image[i];
    assert_int_equal(EVP_Digest(kept, n, out, &size, EVP_sha256(), NULL), 1);
    free(kept);
}

static void digest_of(const uint8_t *image, size_t len, uint8_t out[TB_DIGEST_MAX])
{
    struct tb_hasher *h = tb_hasher_new();
    struct tb_reader parts[TB_PE_PARTS_MAX];
    struct tb_reason why;
    struct tb_pe pe;
    size_t n;

    assert_true(tb_pe_parse(tb_slice(image, len), &pe, &why));
    n = tb_pe_hashed_parts(&pe, tb_slice(image, len), parts);
    assert_true(n <= TB_PE_PARTS_MAX);
    assert_true(tb_hash_parts(h, TB_BANK_SHA256, parts, n, out));
    tb_hasher_free(h);
}

static void the_digest_leaves_out_what_a_signature_changes(void **state)
{
    uint8_t image[4096], first[TB_DIGEST_MAX], second[TB_DIGEST_MAX], expected[32];
    size_t len = test_pe_build(image);

    (void)state;
    digest_of(image, len, first);
    plain_digest(image, len, 0, expected);
    assert_memory_equal(first, expected, 32);
    put_le(image + OPTIONAL + 64, 0, 4);              /* checksum */
    put_le(image + OPTIONAL + 144, (uint32_t)len, 4); /* a certificate table */
    put_le(image + OPTIONAL + 148, 0x100, 4);
    memset(image + len, 0xcc, 0x100);
    digest_of(image, len + 0x100, second);
    assert_memory_equal(first, second, 32);
    image[0x500] ^= 1;
    digest_of(image, len + 0x100, second);
    assert_memory_not_equal(first, second, 32);
}

static void what_stands_behind_the_sections_is_hashed(void **state)
{
    uint8_t image[4096], got[TB_DIGEST_MAX], expected[32];
    size_t len = test_pe_build(image) + 17;

    (void)state;
    memset(image + len - 17, 0xee, 17);
    digest_of(image, len, got);
    plain_digest(image, len, 0, expected);
    assert_memory_equal(got, expected, 32);
}

static void every_byte_but_those_left_out_is_in_the_digest(void **state)
{
    uint8_t image[4096], good[TB_DIGEST_MAX], changed[TB_DIGEST_MAX];
    size_t len = test_pe_build(image);
    struct tb_reason why;
    struct tb_pe pe;

    (void)state;
    digest_of(image, len, good);
    for (size_t i = 0; i < len; i++) {
        bool left_out = (i >= OPTIONAL + 64 && i < OPTIONAL + 68) ||
                        (i >= OPTIONAL + 144 && i < OPTIONAL + 152);

        image[i] ^= 0x40;
        if (parses(image, len, &pe, &why)) {
            digest_of(image, len, changed);
            assert_true((memcmp(good, changed, 32) == 0) == left_out);
        }
        image[i] ^= 0x40;
    }
}

static const struct {
    size_t at;
    uint32_t value;
    unsigned n;
    const char *where;
} broken[] = {
    { 0, 0, 1, "DOS header" },                  /* no MZ */
    { 0x3c, 0xffffffff, 4, "COFF header" },     /* headers beyond the file */
    { 0x3c, 0x7f0, 4, "COFF header" },          /* and at its end */
    { 0x80, 0, 1, "COFF header" },              /* no PE */
    { 0x84, 0x14c, 2, "COFF header, machine" }, /* 32 bits */
    { 0x86, 0, 2, "COFF header, sections" },    /* no section */
    { 0x86, 65, 2, "COFF header, sections" },   /* too many */
    { 0x86, 64, 2, "section table" },
    { 0x94, 100, 2, "optional header" },         /* too short */
    { OPTIONAL, 0x10b, 2, "optional header" },   /* PE32 */
    { OPTIONAL + 16, 0x800, 4, "entry point" },  /* outside of the sections */
    { OPTIONAL + 16, 0x1180, 4, "entry point" }, /* just behind one */
    { OPTIONAL + 32, 0, 4, "section alignment" },
    { OPTIONAL + 32, 0x1001, 4, "section alignment" }, /* no power of two */
    { OPTIONAL + 56, 0x2100, 4, "section" },           /* image ends within a section */
    { OPTIONAL + 60, 0x100, 4, "size of headers" },    /* headers end within the section table */
    { OPTIONAL + 60, 0x600, 4, "section" },            /* headers reach into a section */
    { OPTIONAL + 60, 0x801, 4, "size of headers" },    /* and beyond the file */
    { OPTIONAL + 60, 0xfffffff0, 4, "size of headers" },
    { OPTIONAL + 108, 17, 4, "data directories" }, /* beyond the header */
    { OPTIONAL + 108, 0x20000000, 4, "data directories" },
    { OPTIONAL + 148, 8, 4, "certificate table" }, /* not at the end */
    { OPTIONAL + 240 + 20, 0x500, 4, "section" },  /* sections overlap in the file */
    { OPTIONAL + 240 + 20, 0x3ff, 4, "section" },  /* one and the headers */
    { OPTIONAL + 240 + 16, 0xffffff00, 4, "section" },
    { OPTIONAL + 280 + 12, 0xffffff00, 4, "section" }, /* outside of the image in memory */
    { OPTIONAL + 280 + 12, 0x1100, 4, "sections" },    /* in the memory of the first */
    { OPTIONAL + 280 + 12, 0x200, 4, "sections" },     /* and of the headers */
    { OPTIONAL + 280 + 16, 0x201, 4, "section" },      /* one byte beyond the file */
};

static void images_that_firmware_and_loader_could_read_differently_are_refused(void **state)
{
    uint8_t image[4096];
    struct tb_reason why;
    struct tb_pe pe;

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        size_t len = test_pe_build(image);

        assert_true(parses(image, len, &pe, &why));
        put_le(image + broken[i].at, broken[i].value, broken[i].n);
        if (parses(image, len, &pe, &why))
            fail_msg("accepted: 0x%zx", broken[i].at);
        assert_int_equal(why.check, TB_CHECK_PACKAGE_FORMAT);
        if (strcmp(why.where, broken[i].where) != 0)
            fail_msg("0x%zx as 0x%x: %s", broken[i].at, broken[i].value, why.where);
    }
}

/* The section table stands where the optional header ends, and the directories before it. */
static void directories_end_with_the_optional_header(void **state)
{
    static const struct {
        uint16_t size;
        uint32_t n;
        bool ok;
    } cases[] = { { 248, 16, true }, { 248, 17, false }, { 232, 15, true }, { 232, 16, false } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t image[4096];
        size_t len = test_pe_build(image);
        struct tb_reason why;
        struct tb_pe pe;

        memmove(image + OPTIONAL + cases[i].size, image + OPTIONAL + 240, 80);
        put_le(image + 0x94, cases[i].size, 2);
        put_le(image + OPTIONAL + 108, cases[i].n, 4);
        assert_int_equal(parses(image, len, &pe, &why), cases[i].ok);
        if (!cases[i].ok)
            assert_string_equal(why.where, "data directories");
    }
}

/* A large file whose headers would not fit into its memory. */
static void headers_are_within_the_image_in_memory(void **state)
{
    static uint8_t image[0x3000];
    struct tb_reason why;
    struct tb_pe pe;

    (void)state;
    (void)test_pe_build(image);
    put_le(image + OPTIONAL + 240 + 20, 0x2600, 4);
    put_le(image + OPTIONAL + 280 + 20, 0x2800, 4);
    put_le(image + OPTIONAL + 56, 0x2200, 4);
    assert_true(parses(image, sizeof image, &pe, &why));
    put_le(image + OPTIONAL + 60, 0x2201, 4);
    assert_false(parses(image, sizeof image, &pe, &why));
    assert_string_equal(why.where, "size of headers");
}

static void every_truncation_is_refused(void **state)
{
    uint8_t image[4096];
    size_t len = test_pe_build(image);
    struct tb_reason why;
    struct tb_pe pe;

    (void)state;
    for (size_t n = 0; n < len; n++)
        assert_false(parses(image, n, &pe, &why));
    for (size_t n = 0; n < OPTIONAL + 240 + 80; n++) {
        assert_false(parses(image, n, &pe, &why));
        assert_string_equal(why.observed, "the image ends");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_digest_leaves_out_what_a_signature_changes),
        cmocka_unit_test(what_stands_behind_the_sections_is_hashed),
        cmocka_unit_test(every_byte_but_those_left_out_is_in_the_digest),
        cmocka_unit_test(images_that_firmware_and_loader_could_read_differently_are_refused),
        cmocka_unit_test(directories_end_with_the_optional_header),
        cmocka_unit_test(headers_are_within_the_image_in_memory),
        cmocka_unit_test(every_truncation_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
