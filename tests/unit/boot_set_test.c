/* tests/unit/boot_set_test.c - what the agent reads of a boot set and of the user log. */
#include "agent/boot_set.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pkg/bootconf.h"
#include "pkg/package.h"
#include "tests/unit/package_builder.h"

static char dir[64], note[TB_BOOT_SET_NOTE_LEN];
static struct test_vendor *vendor;
static struct test_package *package; /* a good one */
static size_t prefix_len;            /* of it: what is sent */
static uint8_t *list;
static size_t list_len;

static const char *path_of(const char *name)
{
    static char path[400];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void put(const char *name, const void *bytes, size_t len)
{
    FILE *f = fopen(path_of(name), "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static size_t prefix_of(const struct test_package *p)
{
    struct tb_package *opened = malloc(sizeof *opened);
    struct tb_reason why;
    size_t len;

    assert_non_null(opened);
    assert_true(tb_package_open(tb_slice(p->bytes, p->len), opened, &why));
    len = p->len - opened->rest.left;
    free(opened);
    return len;
}

static int setup(void **state)
{
    struct tb_manifest m;

    (void)state;
    snprintf(dir, sizeof dir, "/tmp/boot-set-test-XXXXXX");
    assert_non_null(mkdtemp(dir));
    vendor = test_vendor_new("accepted");
    package = calloc(1, sizeof *package);
    assert_true(vendor != NULL && package != NULL);
    test_manifest(&m);
    test_package_make(package, test_manifest_text(&m), vendor, NULL, PACKAGE_NOW_S);
    prefix_len = prefix_of(package);
    return 0;
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    free(list);
    list = NULL;
    snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
    test_vendor_free(vendor);
    free(package);
    return 0;
}

static void read_set(void)
{
    free(list);
    tb_boot_set_read(dir, &list, &list_len, note);
}

static void of_each_package_manifest_and_signature_are_read_and_no_payload(void **state)
{
    (void)state;
    put("b_1.tbp", package->bytes, package->len);
    read_set();
    assert_string_equal(note, "");
    assert_int_equal(list_len, prefix_len);
    assert_true(prefix_len < package->len);
    assert_memory_equal(list, package->bytes, prefix_len);
    put("b_1.tbp", package->bytes, prefix_len); /* its payloads are not looked at */
    read_set();
    assert_int_equal(list_len, prefix_len);
}

/* Where the Secure Boot Verifier keeps it at boot: what becomes of the other set on the partition
 * does not matter. The set is told of through a link, as on a host. */
static void
the_loader_that_was_kept_beside_the_set_is_read_and_nothing_of_the_other_set(void **state)
{
    static const char *const folders[] = { "a", "b", "run", "run/loaders" };
    char link[80];

    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(mkdir(path_of(folders[i]), 0700), 0);
    snprintf(link, sizeof link, "%s/run/set", dir);
    assert_int_equal(symlink("../a", link), 0);
    put("a/x_1.tbp", package->bytes, package->len);
    put("b/trueboot-loader_2.tbp", package->bytes, package->len);
    for (size_t kept = 0; kept < 2; kept++) {
        if (kept != 0) {
            assert_int_equal(mkdir(path_of(folders[3]), 0700), 0);
            put("run/loaders/trueboot-loader_2.tbp", package->bytes, prefix_len);
        }
        free(list);
        tb_boot_set_read(link, &list, &list_len, note);
        assert_string_equal(note, "");
        assert_int_equal(list_len, prefix_len * (1 + kept));
    }
    put("run/loaders/trueboot-loader_2.tbp", package->bytes, 600);
    free(list);
    tb_boot_set_read(link, &list, &list_len, note);
    assert_int_equal(list_len, prefix_len);
    assert_non_null(strstr(note, "trueboot-loader_2.tbp: no package"));
}

static void packages_stand_in_byte_order_of_their_names(void **state)
{
    static const char *const names[] = { "B.tbp", "a-1.tbp", "a_10.tbp", "a_2.tbp", "b.tbp" };
    static const size_t made[] = { 3, 0, 4, 2, 1 }; /* in another order */
    struct test_package *p = calloc(1, sizeof *p);
    size_t at = 0;

    (void)state;
    assert_non_null(p);
    for (size_t i = 0; i < 5; i++) {
        struct tb_manifest m;

        test_manifest(&m);
        m.security_version = (uint32_t)made[i] + 10;
        test_package_make(p, test_manifest_text(&m), vendor, NULL, PACKAGE_NOW_S);
        put(names[made[i]], p->bytes, p->len);
    }
    read_set();
    for (uint32_t i = 0; i < 5; i++) {
        struct tb_package *opened = malloc(sizeof *opened);
        struct tb_reason why;

        assert_non_null(opened);
        assert_true(tb_package_open(tb_slice(list + at, list_len - at), opened, &why));
        assert_int_equal(opened->manifest.security_version, i + 10);
        at = list_len - opened->rest.left;
        free(opened);
    }
    assert_int_equal(at, list_len);
    free(p);
}

static void what_is_no_package_is_left_out_and_named(void **state)
{
    (void)state;
    put("a.tbp", package->bytes, package->len);
    put("c.tbp", package->bytes, prefix_len - 1);
    read_set();
    assert_int_equal(list_len, prefix_len);
    assert_non_null(strstr(note, "c.tbp: no package: signature"));
    put("c.tbp", "", 0);
    read_set();
    assert_int_equal(list_len, prefix_len);
    assert_non_null(strstr(note, "c.tbp: no package: manifest"));
    assert_int_equal(remove(path_of("c.tbp")), 0);
    assert_int_equal(mkfifo(path_of("c.tbp"), 0600), 0); /* does not stop the agent */
    read_set();
    assert_int_equal(list_len, prefix_len);
    assert_int_equal(remove(path_of("c.tbp")), 0);
    assert_int_equal(symlink("a.tbp", path_of("c.tbp")), 0);
    read_set();
    assert_int_equal(list_len, prefix_len);
    assert_non_null(strstr(note, "c.tbp: "));
    assert_int_equal(remove(path_of("c.tbp")), 0);
    assert_int_equal(mkdir(path_of("c.tbp"), 0700), 0);
    read_set();
    assert_int_equal(list_len, prefix_len);
    assert_int_equal(remove(path_of("c.tbp")), 0);
    put("revocations", package->bytes, package->len); /* another name: nobody asked */
    put(".tbp", package->bytes, package->len);
    put("d.tbp~", package->bytes, package->len);
    read_set();
    assert_int_equal(list_len, prefix_len);
    assert_string_equal(note, "");
}

static void a_directory_that_is_not_there_or_empty_gives_nothing(void **state)
{
    (void)state;
    read_set();
    assert_null(list);
    assert_int_equal(list_len, 0);
    assert_string_equal(note, "");
    tb_boot_set_read("/nonexistent/set", &list, &list_len, note);
    assert_null(list);
    assert_string_equal(note, "/nonexistent/set: No such file or directory");
}

static void more_packages_than_a_set_has_are_left_out(void **state)
{
    char name[32];

    (void)state;
    for (int i = 0; i <= TB_SET_PACKAGES_MAX; i++) {
        snprintf(name, sizeof name, "p_%d.tbp", i);
        put(name, package->bytes, prefix_len);
    }
    read_set();
    assert_int_equal(list_len, TB_SET_PACKAGES_MAX * prefix_len);
    assert_non_null(strstr(note, "more than 64 packages"));
}

static void more_metadata_than_is_sent_is_left_out_and_told(void **state)
{
    static char names[TB_PAYLOADS_MAX][48];
    struct tb_manifest m;
    char name[32];

    (void)state;
    test_manifest(&m);
    for (m.n_payloads = 0; m.n_payloads < TB_PAYLOADS_MAX; m.n_payloads++) {
        m.payload[m.n_payloads] = m.payload[0];
        snprintf(names[m.n_payloads], sizeof names[0], "file-%03zu", m.n_payloads);
        m.payload[m.n_payloads].name = tb_slice(names[m.n_payloads], 8);
    }
    test_package_make(package, test_manifest_text(&m), vendor, NULL, PACKAGE_NOW_S);
    prefix_len = prefix_of(package);
    for (size_t i = 0; i <= TB_PACKAGES_LEN_MAX / prefix_len; i++) {
        snprintf(name, sizeof name, "p_%03zu.tbp", i);
        put(name, package->bytes, package->len);
    }
    read_set();
    assert_int_equal(list_len, TB_PACKAGES_LEN_MAX / prefix_len * prefix_len);
    assert_non_null(strstr(note, "left out: the metadata of all packages is longer"));
}

/* ---- the user log ---- */

static void *write_and_let_go(void *arg)
{
    const struct timespec moment = { .tv_nsec = 100000000 };
    int fd = *(int *)arg;

    nanosleep(&moment, NULL);
    assert_int_equal(write(fd, "second", 6), 6);
    assert_int_equal(flock(fd, LOCK_UN), 0);
    return NULL;
}

static void the_user_log_is_not_read_while_somebody_writes_it(void **state)
{
    struct tb_user_log l;
    pthread_t thread;
    int fd;

    (void)state;
    put("log", "first", 5);
    fd = open(path_of("log"), O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(pthread_create(&thread, NULL, write_and_let_go, &fd), 0);
    tb_user_log_open(path_of("log"), &l, note);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_string_equal(note, "");
    assert_int_equal(l.len, 11);
    assert_memory_equal(l.bytes, "firstsecond", 11);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1); /* nor written while a quote is made */
    assert_int_equal(errno, EWOULDBLOCK);
    tb_user_log_close(&l);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(close(fd), 0);
}

static void a_user_log_that_is_not_there_empty_or_too_long_is_none(void **state)
{
    uint8_t *big = calloc(1, TB_CEL_LEN_MAX + 1);
    struct tb_user_log l;

    (void)state;
    assert_non_null(big);
    tb_user_log_open("/nonexistent/log", &l, note);
    assert_null(l.bytes);
    assert_string_equal(note, "/nonexistent/log: No such file or directory");
    tb_user_log_close(&l);
    put("log", "", 0);
    tb_user_log_open(path_of("log"), &l, note);
    assert_null(l.bytes);
    assert_non_null(strstr(note, "it is empty"));
    tb_user_log_close(&l);
    put("log", big, TB_CEL_LEN_MAX + 1);
    tb_user_log_open(path_of("log"), &l, note);
    assert_null(l.bytes);
    assert_int_equal(l.len, 0);
    assert_non_null(strstr(note, "larger than any log"));
    tb_user_log_close(&l);
    put("log", big, TB_CEL_LEN_MAX);
    tb_user_log_open(path_of("log"), &l, note);
    assert_int_equal(l.len, TB_CEL_LEN_MAX);
    tb_user_log_close(&l);
    tb_user_log_close(&l); /* once more is nothing */
    free(big);
}

int main(void)
{
#define EACH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(of_each_package_manifest_and_signature_are_read_and_no_payload),
        EACH(packages_stand_in_byte_order_of_their_names),
        EACH(the_loader_that_was_kept_beside_the_set_is_read_and_nothing_of_the_other_set),
        EACH(what_is_no_package_is_left_out_and_named),
        EACH(a_directory_that_is_not_there_or_empty_gives_nothing),
        EACH(more_packages_than_a_set_has_are_left_out),
        EACH(more_metadata_than_is_sent_is_left_out_and_told),
        EACH(the_user_log_is_not_read_while_somebody_writes_it),
        EACH(a_user_log_that_is_not_there_empty_or_too_long_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
