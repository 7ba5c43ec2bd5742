/* tests/unit/platform_test.c - agent/platform.c on a tree of files made here. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/platform.h"

static char root[] = "/tmp/platform-test-XXXXXX";
static struct tb_hasher *hasher;

static void put_bytes(const char *path, const void *p, size_t n)
{
    char full[512];
    FILE *f;

    (void)snprintf(full, sizeof full, "%s%s", root, path);
    for (char *s = strchr(full + sizeof root, '/'); s != NULL; s = strchr(s + 1, '/')) {
        *s = '\0';
        (void)mkdir(full, 0700);
        *s = '/';
    }
    f = fopen(full, "wbe");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void put(const char *path, const char *text)
{
    put_bytes(path, text, strlen(text));
}

static void facts_are_read_from_their_files(void **state)
{
    struct tb_host_facts f;
    uint8_t expected[TB_DIGEST_MAX];
    struct tb_reader whole = tb_slice("trueboot machine id 1\0"
                                      "0123456789abcdef0123456789abcdef",
                                      54);

    (void)state;
    put("/proc/sys/kernel/hostname", "node-17.example.org\n");
    put("/proc/sys/kernel/random/boot_id", "5b1c1bc0-7d4a-4f6a-8c1e-0a1b2c3d4e5f\n");
    put("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    put("/etc/os-release", "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=y\n");
    put("/sys/class/dmi/id/sys_vendor", "  A Vendor \n");
    put("/sys/class/dmi/id/product_name", "bad\x1b[31m\xff\n");
    tb_host_facts_read(root, hasher, &f);
    assert_string_equal(f.host_name, "node-17.example.org");
    assert_string_equal(f.boot_id, "5b1c1bc0-7d4a-4f6a-8c1e-0a1b2c3d4e5f");
    assert_string_equal(f.platform.os, "Debian GNU/Linux 12 (bookworm)");
    assert_string_equal(f.platform.vendor, "A Vendor");
    assert_string_equal(f.platform.product, "bad?[31m?");
    assert_string_equal(f.platform.serial, "");
    assert_true(f.platform.kernel[0] != '\0' && f.uptime_ms > 0);
    assert_true(f.has_machine_id);
    assert_true(tb_hash(hasher, TB_BANK_SHA256, whole, expected));
    assert_memory_equal(f.machine_id_digest, expected, 32);
}

static void what_is_absent_or_malformed_is_left_empty(void **state)
{
    char text[6000];
    struct tb_host_facts f;

    (void)state;
    memset(text, 'x', sizeof text);
    put("/proc/sys/kernel/hostname", "a host; rm\n");
    put("/etc/machine-id", "uninitialized\n");
    put_bytes("/sys/class/dmi/id/product_serial", text, sizeof text);
    tb_host_facts_read(root, hasher, &f);
    assert_string_equal(f.host_name, "");
    assert_false(f.has_machine_id);
    assert_int_equal(strlen(f.platform.serial), 64);
    tb_host_facts_read("/nonexistent", hasher, &f);
    assert_string_equal(f.boot_id, "");
    assert_string_equal(f.platform.os, "");
}

static void a_log_is_read_whole_up_to_the_bound_and_never_cut(void **state)
{
    enum { MAX = 200 * 1024 };
    static const size_t lengths[] = { 1, 65535, 65536, 65537, MAX - 1, MAX };
    uint8_t *bytes = malloc(MAX + 1), *out = NULL;
    char reason[TB_HOST_LOG_REASON_LEN] = "";
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < MAX + 1; i++)
        bytes[i] = (uint8_t)(i * 31 >> 3);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        put_bytes("/log", bytes, lengths[i]);
        assert_true(tb_host_log_read(root, "/log", MAX, &out, &n, reason));
        assert_int_equal(n, lengths[i]);
        assert_memory_equal(out, bytes, n);
        free(out);
    }
    put_bytes("/log", bytes, MAX + 1);
    assert_false(tb_host_log_read(root, "/log", MAX, &out, &n, reason));
    assert_non_null(strstr(reason, "larger"));
    put_bytes(TB_HOST_LOG_PATH, bytes, 77);
    assert_true(tb_host_log_read(root, NULL, MAX, &out, &n, reason));
    assert_int_equal(n, 77);
    free(out);
    free(bytes);
}

static void a_log_that_is_not_there_or_empty_is_told_apart(void **state)
{
    char reason[TB_HOST_LOG_REASON_LEN] = "", full[128];
    uint8_t *out = NULL;
    size_t n = 0;

    (void)state;
    assert_false(tb_host_log_read(root, "/none", 100, &out, &n, reason));
    assert_non_null(strstr(reason, "no event log"));
    put("/empty", "");
    assert_false(tb_host_log_read(root, "/empty", 100, &out, &n, reason));
    assert_non_null(strstr(reason, "empty"));
    assert_false(tb_host_log_read(root, "/proc", 100, &out, &n, reason)); /* a directory */
    (void)snprintf(full, sizeof full, "%s/fifo", root);
    assert_int_equal(mkfifo(full, 0600), 0);
    assert_false(tb_host_log_read(root, "/fifo", 100, &out, &n, reason)); /* and it comes back */
    assert_null(out);
}

static int set_up(void **state)
{
    (void)state;
    hasher = tb_hasher_new();
    return hasher == NULL || mkdtemp(root) == NULL ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)s, (void)type, (void)f;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    tb_hasher_free(hasher);
    (void)nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_are_read_from_their_files),
        cmocka_unit_test(what_is_absent_or_malformed_is_left_empty),
        cmocka_unit_test(a_log_is_read_whole_up_to_the_bound_and_never_cut),
        cmocka_unit_test(a_log_that_is_not_there_or_empty_is_told_apart),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
