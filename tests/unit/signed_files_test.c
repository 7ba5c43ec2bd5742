/* Signatures are found within files, whatever the files say of lengths. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test_support.h"
#include "tools/sbv/signed_files.h"

static void certificates_of_a_program_are_found_one_after_the_other(void **state)
{
    /* 11 bytes of type 2 and padding; 12 of another type and padding; 9 of type 2 */
    static const uint8_t table[] = { 11, 0, 0, 0, 0, 2, 2, 0, 'a', 'b', 'c', 0,   0, 0, 0, 0,
                                     12, 0, 0, 0, 0, 2, 1, 0, 'd', 'd', 'd', 'd', 0, 0, 0, 0,
                                     9,  0, 0, 0, 0, 2, 2, 0, 'e', 0,   0,   0,   0, 0, 0, 0 };
    struct tb_reader in = tb_slice(table, sizeof table), p;

    (void)state;
    assert_true(signed_program_next(&in, &p));
    assert_true(tb_slice_equal(p, tb_slice("abc", 3)));
    assert_true(signed_program_next(&in, &p));
    assert_true(tb_slice_equal(p, tb_slice("e", 1)));
    assert_false(signed_program_next(&in, &p));
}

static void lengths_of_certificates_are_held_to_the_table(void **state)
{
    static const uint8_t bad[][16] = { { 7, 0, 0, 0, 0, 2, 2, 0 },
                                       { 17, 0, 0, 0, 0, 2, 2, 0 },
                                       { 0xff, 0xff, 0xff, 0xff, 0, 2, 2, 0 } };
    struct tb_reader p;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t *exact = test_memdup(bad[i], 16);
        struct tb_reader in = tb_slice(exact, 16);

        assert_false(signed_program_next(&in, &p));
        free(exact);
    }
}

#define MAGIC "~Module signature appended~\n"

static void a_signature_stands_at_the_end_of_a_module(void **state)
{
    static const char module[] = "\177ELF code"
                                 "SIG"
                                 "\0\0\2\0\0\0\0\0\0\0\0\3" MAGIC;
    const size_t n = sizeof module - 1;
    struct tb_reader p;

    (void)state;
    assert_true(signed_module(tb_slice(module, n), &p));
    assert_true(tb_slice_equal(p, tb_slice("SIG", 3)));
    for (size_t i = 0; i < n; i++) {
        uint8_t *exact = test_memdup(module, i);

        assert_false(signed_module(tb_slice(exact, i), &p));
        free(exact);
    }
}

static void a_signature_longer_than_its_module_is_none(void **state)
{
    static const char module[] = "SIG"
                                 "\0\0\2\0\0\0\0\0\0\0\0\4" MAGIC;
    struct tb_reader p;

    (void)state;
    assert_false(signed_module(tb_slice(module, sizeof module - 1), &p));
}

static void shim_tells_where_its_vendors_keys_are(void **state)
{
    uint8_t section[] = { 3, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 19, 0, 0, 0, 'k', 'e', 'y' };
    struct tb_reader p;

    (void)state;
    assert_true(shim_vendor(tb_slice(section, sizeof section), &p));
    assert_true(tb_slice_equal(p, tb_slice("key", 3)));
    section[0] = 4;
    assert_false(shim_vendor(tb_slice(section, sizeof section), &p));
    section[0] = 0;
    section[11] = 0xff;
    assert_false(shim_vendor(tb_slice(section, sizeof section), &p));
    assert_false(shim_vendor(tb_slice(section, 15), &p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_of_a_program_are_found_one_after_the_other),
        cmocka_unit_test(lengths_of_certificates_are_held_to_the_table),
        cmocka_unit_test(a_signature_stands_at_the_end_of_a_module),
        cmocka_unit_test(a_signature_longer_than_its_module_is_none),
        cmocka_unit_test(shim_tells_where_its_vendors_keys_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
