/* The operator's EK roots as the server reads them from a directory. */
#include "server/roots.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/pki.h"
#include "tests/unit/test_support.h"

static char dir[] = "/tmp/trueboot-roots-XXXXXX";
static struct tb_pki_pair ca, leaf;
static unsigned n_told;

static void told(const char *text)
{
    n_told += text[0] != '\0';
}

static void put(const char *name, const char *text)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int set_up(void **state)
{
    static const char *const names[] = { "server.example" };
    char err[TB_PKI_ERROR_MAX];

    (void)state;
    n_told = 0;
    memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
    return mkdtemp(dir) == NULL || !tb_pki_ca_make("Roots", 1790000000, &ca, err) ||
           !tb_pki_server_make(&ca, names, 1, 1790000000, &leaf, err);
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void expect(size_t roots, size_t intermediates, bool something_told)
{
    struct tb_roots *r = tb_server_roots_load(dir, told);

    assert_non_null(r);
    assert_int_equal(tb_roots_count(r), roots);
    assert_int_equal(tb_roots_intermediates(r), intermediates);
    assert_int_equal(n_told != 0, something_told);
    tb_roots_free(r);
}

static void files_of_the_directory_are_its_roots(void **state)
{
    (void)state;
    put("maker.pem", ca.cert);
    put(".hidden.pem", "not looked at");
    expect(1, 0, false);
    put("broken.pem", "nothing");
    expect(1, 0, true); /* told, and the others are read */
}

static void a_manifest_that_cannot_be_read_vouches_for_nothing(void **state)
{
    char path[128];

    (void)state;
    put("maker.pem", ca.cert);
    put("manifest.json", "{");
    expect(0, 0, true);
    snprintf(path, sizeof path, "%s/manifest.json", dir);
    assert_int_equal(remove(path), 0);
    assert_int_equal(mkdir(path, 0700), 0); /* there, and no file */
    n_told = 0;
    expect(0, 0, true);
}

/* The folder of intermediates has no manifest of its own, so there the name means nothing. */
static void the_manifest_stands_in_the_directory_itself(void **state)
{
    char path[128];
    const char *own = strstr(leaf.cert, "-----END CERTIFICATE-----");
    char alone[TB_PEM_MAX];

    (void)state;
    snprintf(path, sizeof path, "%s/intermediates", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(alone, sizeof alone, "%.*s-----END CERTIFICATE-----\n", (int)(own - leaf.cert),
             leaf.cert);
    put("maker.pem", ca.cert);
    put("intermediates/manifest.json", alone);
    expect(1, 1, false);
}

int main(void)
{
#define IN_DIRECTORY(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(files_of_the_directory_are_its_roots),
        IN_DIRECTORY(a_manifest_that_cannot_be_read_vouches_for_nothing),
        IN_DIRECTORY(the_manifest_stands_in_the_directory_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
