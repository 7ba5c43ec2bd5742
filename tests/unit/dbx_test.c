/* Revocation lists: bare and behind an authentication header. */
#include "core/dbx.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/test_support.h"

#define HEADER 46 /* bytes of the authentication header of this list */
#define SHA256_LIST (28 + 48)

/* EFI_TIME; WIN_CERTIFICATE of 24 + 6 bytes, revision 0200, type 0EF1; PKCS#7 and 6 bytes of it;
 * one list with one SHA-256 digest of 0xab. */
static uint8_t file[HEADER + SHA256_LIST] = {
    [16] = 30,   [21] = 0x02, [22] = 0xf1, [23] = 0x0e, [24] = 0x9d, [25] = 0xd2, [26] = 0xaf,
    [27] = 0x4a, [28] = 0xdf, [29] = 0x68, [30] = 0xee, [31] = 0x49, [32] = 0x8a, [33] = 0xa9,
    [34] = 0x34, [35] = 0x7d, [36] = 0x37, [37] = 0x56, [38] = 0x65, [39] = 0xa7,
};
static struct tb_hasher *h;

static int setup(void **state)
{
    uint8_t *list = file + HEADER;

    (void)state;
    memcpy(list, tb_guid_cert_sha256, 16);
    list[16] = SHA256_LIST;
    list[24] = 48;
    memset(list + 28 + 16, 0xab, 32);
    h = tb_hasher_new();
    return h == NULL;
}

static int teardown(void **state)
{
    (void)state;
    tb_hasher_free(h);
    return 0;
}

static bool open_bytes(const uint8_t *p, size_t n, struct tb_reader *lists)
{
    struct tb_reason why = { .where = "" };
    bool ok = tb_dbx_open(tb_slice(p, n), lists, &why);

    assert_int_equal(ok, why.where[0] == '\0');
    assert_true(ok || why.check == TB_CHECK_SB_DBX);
    return ok;
}

static void lists_are_found_bare_and_behind_a_header(void **state)
{
    struct tb_signature_entry e;
    struct tb_signature_lists it;
    struct tb_reader lists;
    uint8_t digest[32], want[32];

    (void)state;
    memset(want, 0xab, sizeof want);
    for (int bare = 0; bare < 2; bare++) {
        const size_t from = bare ? HEADER : 0;

        assert_true(open_bytes(file + from, sizeof file - from, &lists));
        assert_ptr_equal(lists.p, file + HEADER);
        assert_int_equal(lists.left, SHA256_LIST);
        it = tb_signature_lists_begin(lists);
        assert_int_equal(tb_signature_lists_next(&it, &e), TB_LIST_ENTRY);
        assert_true(tb_dbx_digest(&e, h, digest));
        assert_memory_equal(digest, want, 32);
        assert_int_equal(tb_signature_lists_next(&it, &e), TB_LIST_END);
    }
}

static void every_truncation_and_every_other_header_is_refused(void **state)
{
    struct tb_reader lists;

    (void)state;
    for (size_t n = 0; n < sizeof file; n++) {
        uint8_t *exact = test_memdup(file, n);

        assert_false(open_bytes(exact, n, &lists));
        free(exact);
    }
    for (size_t i = 16; i < 40; i++) { /* length, revision, type, kind: each byte counts */
        uint8_t *other = test_memdup(file, sizeof file);

        other[i] ^= 0x20;
        assert_false(open_bytes(other, sizeof file, &lists));
        free(other);
    }
    for (size_t more = 1; more < 40; more++) { /* something behind a good list */
        uint8_t *longer = calloc(1, sizeof file + more);

        memcpy(longer, file, sizeof file);
        assert_false(open_bytes(longer, sizeof file + more, &lists));
        free(longer);
    }
    assert_false(open_bytes(file, HEADER, &lists)); /* a list without an entry */
    lists = tb_slice(file, TB_DBX_FILE_MAX + 1);
    assert_false(open_bytes(lists.p, lists.left, &lists)); /* not read: too long */
}

static void entries_are_known_by_one_digest(void **state)
{
    static const uint8_t x509_sha256[16] = { 0x92, 0xa4, 0xd2, 0x3b, 0xc0, 0x96, 0x79, 0x40,
                                             0xb4, 0x20, 0xfc, 0xf9, 0x8e, 0xf1, 0x03, 0xed };
    uint8_t data[48], digest[TB_DIGEST_MAX], got[32];
    struct tb_signature_entry e = { .type = tb_slice(tb_guid_cert_x509, 16),
                                    .data = tb_slice("certificate", 11) };

    (void)state;
    assert_true(tb_hash(h, TB_BANK_SHA256, e.data, digest));
    assert_true(tb_dbx_digest(&e, h, got));
    assert_memory_equal(got, digest, 32);

    memset(data, 7, sizeof data);
    e = (struct tb_signature_entry){ .type = tb_slice(x509_sha256, 16),
                                     .data = tb_slice(data, 48) };
    assert_true(tb_dbx_digest(&e, h, got));
    assert_memory_equal(got, data, 32);
    e.data.left = 32;
    assert_false(tb_dbx_digest(&e, h, got));

    e.type = tb_slice(tb_guid_cert_sha256, 16);
    assert_true(tb_dbx_digest(&e, h, got));
    e.data.left = 31;
    assert_false(tb_dbx_digest(&e, h, got));
    e.type = tb_slice(tb_guid_shim_lock, 16); /* a kind that nobody knows */
    e.data.left = 32;
    assert_false(tb_dbx_digest(&e, h, got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_found_bare_and_behind_a_header),
        cmocka_unit_test(every_truncation_and_every_other_header_is_refused),
        cmocka_unit_test(entries_are_known_by_one_digest),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
