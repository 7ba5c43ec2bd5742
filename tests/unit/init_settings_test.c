/* What init is told by the command line's tail and by small files has one meaning or none. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "init/settings.h"
#include "tests/unit/test_support.h"

static struct tb_reader text(const char *s)
{
    return tb_slice(s, strlen(s));
}

/* ---- the kernel's command line ---- */

static void an_option_is_a_word_of_its_own(void **state)
{
    char value[16] = "untouched";

    (void)state;
    assert_false(tb_kernel_option("", "trueboot.set", value, sizeof value));
    assert_false(tb_kernel_option("quiet xtrueboot.set=a", "trueboot.set", value, sizeof value));
    assert_false(tb_kernel_option("trueboot.settle=a", "trueboot.set", value, sizeof value));
    assert_false(tb_kernel_option("x=trueboot.set=a", "trueboot.set", value, sizeof value));
    assert_true(
        tb_kernel_option("  quiet  trueboot.set=a \n", "trueboot.set", value, sizeof value));
    assert_string_equal(value, "a");
    assert_true(tb_kernel_option("trueboot.rescue quiet", "trueboot.rescue", value, sizeof value));
    assert_string_equal(value, "");
}

static void b06_the_last_word_counts_because_the_loader_writes_last(void **state)
{
    char value[16];

    (void)state;
    assert_true(tb_kernel_option("trueboot.set=b quiet trueboot.set=a", "trueboot.set", value,
                                 sizeof value));
    assert_string_equal(value, "a");
    assert_true(tb_kernel_option("trueboot.poweroff=9 trueboot.poweroff", "trueboot.poweroff",
                                 value, sizeof value));
    assert_string_equal(value, "");
}

static void an_option_that_does_not_fit_is_none(void **state)
{
    char value[3];

    (void)state;
    assert_true(tb_kernel_option("a=12", "a", value, sizeof value));
    assert_false(tb_kernel_option("a=123", "a", value, sizeof value));
    assert_false(tb_kernel_option("a=12 a=123", "a", value, sizeof value));
}

/* ---- verity ---- */

static const char good_verity[] = "data-blocks 2253\nhash-start 2253\nhash sha512\nsalt 00ff\n";

static void the_parameters_of_the_system_image_are_read(void **state)
{
    struct tb_reason why;
    struct tb_verity v;

    (void)state;
    assert_true(tb_verity_parse(text(good_verity), &v, &why));
    assert_true(v.data_blocks == 2253 && v.hash_start == 2253);
    assert_string_equal(v.hash, "sha512");
    assert_string_equal(v.salt, "00ff");
}

static void b16_other_parameters_are_refused_and_say_where(void **state)
{
    static const char *const bad[] = {
        "",
        "data-blocks 0\nhash-start 1\nhash sha512\nsalt 00\n",
        "data-blocks 99999999999\nhash-start 1\nhash sha512\nsalt 00\n",
        "data-blocks 1\nhash-start 1\nhash sha1\nsalt 00\n",
        "data-blocks 1\nhash-start 1\nhash sha512 x\nsalt 00\n",
        "data-blocks 1\nhash-start 1\nhash sha512\nsalt 0\n",
        "data-blocks 1\nhash-start 1\nhash sha512\nsalt 0g\n",
        "data-blocks 1\nhash-start 1\nhash sha512\nsalt 00\nmore 1\n",
        "hash-start 1\ndata-blocks 1\nhash sha512\nsalt 00\n",
        "data-blocks 1\nhash-start 1\nhash sha512\nsalt 00",
    };
    struct tb_reason why;
    struct tb_verity v;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        why = (struct tb_reason){ .check = TB_N_CHECKS };
        assert_false(tb_verity_parse(text(bad[i]), &v, &why));
        assert_string_not_equal(why.where, "");
    }
    for (size_t n = 0; n < strlen(good_verity); n++) {
        uint8_t *exact = test_memdup(good_verity, n);

        assert_false(tb_verity_parse(tb_slice(exact, n), &v, &why));
        free(exact);
    }
}

static void a_salt_longer_than_the_kernel_table_has_room_for_is_refused(void **state)
{
    char line[256] = "data-blocks 1\nhash-start 1\nhash sha256\nsalt ";
    size_t n = strlen(line);
    struct tb_reason why;
    struct tb_verity v;

    (void)state;
    memset(line + n, 'a', 130);
    memcpy(line + n + 128, "\n", 2);
    assert_true(tb_verity_parse(text(line), &v, &why));
    assert_int_equal(strlen(v.salt), 128);
    memcpy(line + n + 128, "aa\n", 4);
    assert_false(tb_verity_parse(text(line), &v, &why));
}

static void a_root_hash_is_as_long_as_its_hash(void **state)
{
    struct tb_verity v = { .hash = "sha256" };
    char hex[130];

    (void)state;
    memset(hex, 'a', sizeof hex);
    assert_true(tb_root_hash_is(tb_slice(hex, 64), &v));
    assert_false(tb_root_hash_is(tb_slice(hex, 63), &v));
    assert_false(tb_root_hash_is(tb_slice(hex, 128), &v));
    memcpy(v.hash, "sha512", 7);
    assert_true(tb_root_hash_is(tb_slice(hex, 128), &v));
    hex[5] = ' '; /* would be a further word of the kernel's table */
    assert_false(tb_root_hash_is(tb_slice(hex, 128), &v));
}

/* ---- network ---- */

static void expect_network(const struct tb_network *n, const char *address, const char *mask,
                           const char *gateway)
{
    char out[INET_ADDRSTRLEN];

    assert_string_equal(inet_ntop(AF_INET, &n->address, out, sizeof out), address);
    assert_string_equal(inet_ntop(AF_INET, &n->mask, out, sizeof out), mask);
    assert_string_equal(inet_ntop(AF_INET, &n->gateway, out, sizeof out), gateway);
}

static void a_network_has_an_address_and_perhaps_a_gateway_and_a_nameserver(void **state)
{
    struct tb_reason why;
    struct tb_network n;

    (void)state;
    assert_true(tb_network_parse(text("address 10.0.2.15/24\ngateway 10.0.2.2\n"), &n, &why));
    expect_network(&n, "10.0.2.15", "255.255.255.0", "10.0.2.2");
    assert_true(n.nameserver.s_addr == 0);
    assert_true(tb_network_parse(text("address 192.0.2.1/32\nnameserver 10.0.2.3\n"), &n, &why));
    expect_network(&n, "192.0.2.1", "255.255.255.255", "0.0.0.0");
    assert_true(n.nameserver.s_addr == inet_addr("10.0.2.3"));
    assert_true(tb_network_parse(text("address 10.9.8.7/9\n"), &n, &why));
    expect_network(&n, "10.9.8.7", "255.128.0.0", "0.0.0.0");
}

static void b16_other_networks_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "address 10.0.2.15\n",
        "address 10.0.2.15/0\n",
        "address 10.0.2.15/33\n",
        "address 10.0.2.15/08\n",
        "address 10.0.2/24\n",
        "address 1000.0.2.1/24\n",
        "address 10.0.2.15/24\ngateway x\n",
        "address 10.0.2.15/24\nnameserver 1.1.1.1\ngateway 10.0.2.2\n",
        "address 10.0.2.15/24\ngateway 10.0.2.2\ngateway 10.0.2.2\n",
        "gateway 10.0.2.2\naddress 10.0.2.15/24\n",
        "address 10.0.2.15/24",
    };
    struct tb_reason why;
    struct tb_network n;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(tb_network_parse(text(bad[i]), &n, &why));
}

static void a_network_may_stand_on_the_command_line(void **state)
{
    struct tb_network n;

    (void)state;
    assert_true(tb_network_of_option("10.0.2.15/24,10.0.2.2", &n));
    expect_network(&n, "10.0.2.15", "255.255.255.0", "10.0.2.2");
    assert_true(tb_network_of_option("10.0.2.15/24", &n));
    expect_network(&n, "10.0.2.15", "255.255.255.0", "0.0.0.0");
    assert_false(tb_network_of_option("", &n));
    assert_false(tb_network_of_option("10.0.2.15/24,", &n));
    assert_false(tb_network_of_option("10.0.2.15/24,10.0.2.2,", &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_option_is_a_word_of_its_own),
        cmocka_unit_test(b06_the_last_word_counts_because_the_loader_writes_last),
        cmocka_unit_test(an_option_that_does_not_fit_is_none),
        cmocka_unit_test(the_parameters_of_the_system_image_are_read),
        cmocka_unit_test(b16_other_parameters_are_refused_and_say_where),
        cmocka_unit_test(a_salt_longer_than_the_kernel_table_has_room_for_is_refused),
        cmocka_unit_test(a_root_hash_is_as_long_as_its_hash),
        cmocka_unit_test(a_network_has_an_address_and_perhaps_a_gateway_and_a_nameserver),
        cmocka_unit_test(b16_other_networks_are_refused),
        cmocka_unit_test(a_network_may_stand_on_the_command_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
