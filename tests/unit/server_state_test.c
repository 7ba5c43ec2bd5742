/* What the server writes for itself and reads back: PCR values, contexts, configuration, files, its
 * state directory with CA and certificate. */
#include "server/config.h"
#include "server/context.h"
#include "files/files.h"
#include "server/pcrs.h"
#include "server/state.h"
#include "tests/unit/test_support.h"
#include "wire/messages.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- Bytes for the store --- */

static struct tb_pcrs some_pcrs(void)
{
    struct tb_pcrs p = { 0 };

    for (unsigned i = 0; i < 8; i++)
        test_pcr_set(&p, TB_BANK_SHA256, i, (uint8_t)i);
    test_pcr_set(&p, TB_BANK_SHA512, 23, 7);
    return p;
}

static void pcr_values_come_back_and_hash_to_the_fingerprint(void **state)
{
    struct tb_pcrs p = some_pcrs(), back = { 0 };
    struct tb_hasher *h = tb_hasher_new();
    uint8_t bytes[TB_PCRS_BYTES_MAX], hash[TB_DIGEST_MAX], fingerprint[TB_DIGEST_MAX];
    size_t len = tb_pcrs_write(&p, bytes);

    (void)state;
    assert_int_equal(len, 6 + 8 * 32 + 6 + 64);
    assert_true(tb_pcrs_read(tb_slice(bytes, len), &back));
    assert_memory_equal(&back, &p, sizeof p);
    assert_true(tb_hash(h, TB_BANK_SHA256, tb_slice(bytes, len), hash));
    assert_true(tb_pcrs_fingerprint(&p, h, fingerprint));
    assert_memory_equal(hash, fingerprint, 32);
    tb_hasher_free(h);
}

static void pcr_bytes_that_are_cut_or_double_are_refused(void **state)
{
    struct tb_pcrs p = some_pcrs(), out;
    uint8_t bytes[2 * TB_PCRS_BYTES_MAX];
    size_t len = tb_pcrs_write(&p, bytes), first = 6 + 8 * 32;

    (void)state;
    for (size_t n = 1; n < len; n++) {
        uint8_t *exact = test_memdup(bytes, n);

        if (n != first) /* one bank of two is whole */
            assert_false(tb_pcrs_read(tb_slice(exact, n), &out));
        free(exact);
    }
    memcpy(bytes + len, bytes, first);
    assert_false(tb_pcrs_read(tb_slice(bytes, len + first), &out));
    memset(bytes + 2, 0, 4); /* an empty bank */
    assert_false(tb_pcrs_read(tb_slice(bytes, 6), &out));
    bytes[2] = 1; /* PCR 24 */
    assert_false(tb_pcrs_read(tb_slice(bytes, len), &out));
    bytes[1] = 0x99; /* no bank */
    assert_false(tb_pcrs_read(tb_slice(bytes, len), &out));
}

static struct tb_context some_context(void)
{
    struct tb_context c = { .n_wanted = 2,
                            .wanted = { { TB_ALG_SHA256, 0xfbff }, { TB_ALG_SHA1, 1 } },
                            .last = { .present = true,
                                      .clock_ms = UINT64_C(0x1122334455667788),
                                      .reset_count = 5,
                                      .restart_count = 6,
                                      .firmware_version = UINT64_MAX,
                                      .banks = 0xf,
                                      .boot_id = "boot" },
                            .firmware = { .present = true, .bank = TB_BANK_SHA384 } };

    memset(c.firmware.value, 0xab, sizeof c.firmware.value);
    return c;
}

static void a_context_comes_back_and_no_part_of_it_is_accepted(void **state)
{
    struct tb_context c = some_context(), back;
    uint8_t bytes[TB_CONTEXT_BYTES_MAX + 1];
    size_t len = tb_context_write(&c, bytes);

    (void)state;
    assert_true(len <= TB_CONTEXT_BYTES_MAX);
    assert_true(tb_context_read(tb_slice(bytes, len), &back));
    assert_int_equal(back.n_wanted, 2);
    assert_memory_equal(back.wanted, c.wanted, sizeof c.wanted);
    assert_true(back.last.clock_ms == c.last.clock_ms && back.last.reset_count == 5);
    assert_true(back.last.restart_count == 6 && back.last.firmware_version == UINT64_MAX);
    assert_int_equal(back.last.banks, 0xf);
    assert_string_equal(back.last.boot_id, "boot");
    assert_true(back.firmware.present && back.firmware.bank == TB_BANK_SHA384);
    assert_memory_equal(back.firmware.value, c.firmware.value, sizeof c.firmware.value);
    for (size_t n = 0; n < len; n++) {
        uint8_t *exact = test_memdup(bytes, n);

        assert_false(tb_context_read(tb_slice(exact, n), &back));
        free(exact);
    }
    bytes[len] = 0;
    assert_false(tb_context_read(tb_slice(bytes, len + 1), &back));
    bytes[0]++; /* another version */
    assert_false(tb_context_read(tb_slice(bytes, len), &back));
    bytes[0]--;
    assert_int_equal(bytes[39], 0xf); /* the banks that were quoted */
    bytes[39] = 0x10;                 /* a fifth */
    assert_false(tb_context_read(tb_slice(bytes, len), &back));
    bytes[39] = 0xf;
    bytes[1] = TB_SELECTIONS_MAX + 1;
    assert_false(tb_context_read(tb_slice(bytes, len), &back));
}

static void the_largest_context_fits(void **state)
{
    struct tb_context c = some_context(), back;
    uint8_t bytes[TB_CONTEXT_BYTES_MAX];
    size_t len;

    (void)state;
    c.n_wanted = TB_SELECTIONS_MAX;
    len = tb_context_write(&c, bytes);
    assert_true(len <= sizeof bytes);
    assert_true(tb_context_read(tb_slice(bytes, len), &back));
}

/* --- Files --- */

static char dir[64];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *f)
{
    (void)st;
    (void)kind;
    (void)f;
    return remove(path);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/trueboot-state-XXXXXX");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *in_dir(const char *name)
{
    static char path[2][256];
    static unsigned turn;

    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

static size_t n_files(void)
{
    char command[128];
    FILE *f;
    unsigned n = 0;

    snprintf(command, sizeof command, "ls -A %s | wc -l", dir);
    f = popen(command, "re");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%u", &n), 1);
    pclose(f);
    return n;
}

static bool replace(const char *name, const char *text, char err[TB_FILE_ERR_LEN])
{
    return tb_file_replace(in_dir(name), tb_slice(text, strlen(text)), NULL, err);
}

static void a_file_is_written_whole_with_its_mode_and_read_with_a_limit(void **state)
{
    char err[TB_FILE_ERR_LEN], *data;
    struct stat st;
    size_t len;

    (void)state;
    assert_true(replace("f", "old and longer", err));
    assert_true(replace("f", "abc", err));
    assert_int_equal(stat(in_dir("f"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(n_files(), 1); /* nothing temporary stays */
    assert_int_equal(tb_file_read(in_dir("f"), 3, &data, &len, err), TB_FILE_OK);
    assert_int_equal(len, 3);
    assert_string_equal(data, "abc");
    free(data);
    assert_int_equal(tb_file_read(in_dir("f"), 2, &data, &len, err), TB_FILE_FAILED);
    assert_non_null(strstr(err, "/f: expected at most 2 bytes"));
    assert_int_equal(tb_file_read(in_dir("none"), 2, &data, &len, err), TB_FILE_ABSENT);
    assert_int_equal(tb_file_read(dir, 2, &data, &len, err), TB_FILE_FAILED); /* a directory */
}

static void a_file_that_cannot_be_written_leaves_the_old_one(void **state)
{
    char err[TB_FILE_ERR_LEN];

    (void)state;
    assert_false(replace("no/such/f", "abc", err));
    assert_non_null(strstr(err, "no/such/f: writing: No such file"));
    assert_int_equal(mkdir(in_dir("d"), 0700), 0);
    assert_false(replace("d", "abc", err));
    assert_int_equal(n_files(), 1);
}

/* --- Configuration --- */

static void a_configuration_comes_back_as_it_was_saved(void **state)
{
    struct tb_server_config c, back;
    char err[TB_SERVER_ERR_LEN];

    (void)state;
    tb_server_config_default(&c);
    snprintf(c.address, sizeof c.address, "::1");
    c.port = 65535;
    c.n_names = 1;
    snprintf(c.name[0], sizeof c.name[0], "verifier.example");
    snprintf(c.ek_roots, sizeof c.ek_roots, "/etc/roots \"x\"");
    c.threads = 3;
    c.challenge_life_s = 5;
    c.attest_gap_ms = 0;
    c.keep_days = 7;
    assert_true(tb_server_config_save(in_dir("server.json"), &c, err));
    assert_true(tb_server_config_load(in_dir("server.json"), &back, err));
    assert_string_equal(back.address, "::1");
    assert_int_equal(back.port, 65535);
    assert_int_equal(back.n_names, 1);
    assert_string_equal(back.name[0], "verifier.example");
    assert_string_equal(back.ek_roots, c.ek_roots);
    assert_int_equal(back.threads, 3);
    assert_int_equal(back.challenge_life_s, 5);
    assert_int_equal(back.attest_gap_ms, 0);
    assert_int_equal(back.keep_days, 7);
}

static void a_configuration_that_is_wrong_names_file_and_member(void **state)
{
    static const struct {
        const char *text, *word;
    } cases[] = {
        { "", "server.json:" },
        { "[]", "server.json:1: expected an object" },
        { "{\n\n\"port\" 1}", "server.json:3:" },
        { "{\"port\":1,\"port\":1}", "server.json:1:" },
        { "{\"port\":-1}", "server.json: port: expected" },
        { "{\"port\":1.5}", "server.json: port: expected" },
        { "{\"address\":\"localhost\"}", "server.json: address: expected" },
        { "{\"address\":\"1.2.3.4\\u0000x\"}", "server.json" },
        { "{\"names\":[1]}", "server.json: names: expected" },
        { "{\"names\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}",
          "names: expected" },
        { "{\"ek_roots\":7}", "server.json: ek_roots: expected" },
        { "{\"threads\":257}", "server.json: threads: expected" },
        { "{\"colour\":1}", "server.json: colour: there is no such member" },
    };
    struct tb_server_config c;
    char err[TB_SERVER_ERR_LEN];

    (void)state;
    tb_server_config_default(&c);
    c.port = 99;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(replace("server.json", cases[i].text, err));
        err[0] = '\0';
        assert_false(tb_server_config_load(in_dir("server.json"), &c, err));
        if (strstr(err, cases[i].word) == NULL || strchr(err, '\n') != NULL)
            fail_msg("%s: %s", cases[i].text, err);
        assert_int_equal(c.port, 99);
    }
    assert_false(tb_server_config_load(in_dir("none"), &c, err));
}

/* --- The state directory --- */

static void open_state(struct tb_server_state *s, const struct tb_server_config *c)
{
    char err[TB_SERVER_ERR_LEN];

    if (!tb_server_state_open(in_dir("state"), c, s, err))
        fail_msg("%s", err);
}

static void a_new_state_is_made_once_and_kept(void **state)
{
    struct tb_server_config c, other;
    struct tb_server_state first, second;
    struct stat st;

    (void)state;
    tb_server_config_default(&c);
    other = c;
    other.port = 1;
    open_state(&first, &c);
    assert_true(first.is_new);
    assert_string_equal(first.url, "https://localhost:8443");
    assert_int_equal(stat(in_dir("state"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(stat(in_dir("state/ca.key"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(in_dir("state/server.key"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    open_state(&second, &other);
    assert_false(second.is_new);
    assert_int_equal(second.config.port, 8443);
    assert_string_equal(second.pin, first.pin);
    assert_string_equal(second.server.cert, first.server.cert);
    assert_string_equal(second.server.key, first.server.key);
    tb_server_state_clear(&first);
    tb_server_state_clear(&second);
    assert_int_equal(first.server.key[0], '\0');
}

static void another_name_brings_another_certificate_of_the_same_ca(void **state)
{
    struct tb_server_config c;
    struct tb_server_state first, second;
    char err[TB_SERVER_ERR_LEN];

    (void)state;
    tb_server_config_default(&c);
    open_state(&first, &c);
    snprintf(c.name[0], sizeof c.name[0], "verifier.example");
    assert_true(tb_server_config_save(in_dir("state/server.json"), &c, err));
    open_state(&second, &c);
    assert_string_equal(second.pin, first.pin);
    assert_string_not_equal(second.server.cert, first.server.cert);
    assert_string_equal(second.url, "https://verifier.example:8443");
    tb_server_state_clear(&first);
    tb_server_state_clear(&second);
}

static void a_ca_that_lost_its_key_is_not_replaced(void **state)
{
    struct tb_server_config c;
    struct tb_server_state s;
    char err[TB_SERVER_ERR_LEN];

    (void)state;
    tb_server_config_default(&c);
    open_state(&s, &c);
    tb_server_state_clear(&s);
    assert_int_equal(unlink(in_dir("state/ca.key")), 0);
    assert_false(tb_server_state_open(in_dir("state"), &c, &s, err));
    assert_non_null(strstr(err, "ca.key"));
    assert_int_not_equal(access(in_dir("state/ca.key"), F_OK), 0);
}

static void the_first_administrator_is_made_once(void **state)
{
    struct tb_server_config c;
    struct tb_server_state s;
    struct tb_store *store;
    struct tb_api_key key;
    struct tb_hasher *h = tb_hasher_new();
    char err[TB_SERVER_ERR_LEN], text[65], again[65];
    uint8_t hash[TB_DIGEST_MAX];
    bool made = false;

    (void)state;
    tb_server_config_default(&c);
    open_state(&s, &c);
    store = tb_server_state_store(&s, err);
    assert_non_null(store);
    assert_true(tb_server_first_admin(store, 1000, &made, text, err));
    assert_true(made);
    assert_int_equal(strspn(text, "0123456789abcdef"), 64);
    assert_true(tb_hash(h, TB_BANK_SHA256, tb_slice(text, 64), hash));
    assert_int_equal(tb_store_api_key_find(store, hash, 2000, &key), TB_STORE_OK);
    assert_string_equal(key.role, "admin");
    assert_true(tb_server_first_admin(store, 1000, &made, again, err));
    assert_false(made);
    tb_store_close(store);
    tb_server_state_clear(&s);
    tb_hasher_free(h);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcr_values_come_back_and_hash_to_the_fingerprint),
        cmocka_unit_test(pcr_bytes_that_are_cut_or_double_are_refused),
        cmocka_unit_test(a_context_comes_back_and_no_part_of_it_is_accepted),
        cmocka_unit_test(the_largest_context_fits),
        CASE(a_file_is_written_whole_with_its_mode_and_read_with_a_limit),
        CASE(a_file_that_cannot_be_written_leaves_the_old_one),
        CASE(a_configuration_comes_back_as_it_was_saved),
        CASE(a_configuration_that_is_wrong_names_file_and_member),
        CASE(a_new_state_is_made_once_and_kept),
        CASE(another_name_brings_another_certificate_of_the_same_ca),
        CASE(a_ca_that_lost_its_key_is_not_replaced),
        CASE(the_first_administrator_is_made_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
