/* tests/unit/agent_test.c - the agent's configuration, state, schedule and choices; no TPM, no
 * network. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/attest.h"
#include "agent/daemon.h"
#include "agent/schedule.h"

#define PIN "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static char scratch[] = "/tmp/agent-test-XXXXXX";

static bool parse(const char *text, struct tb_agent_config *out, char err[TB_FILE_ERR_LEN])
{
    return tb_agent_config_parse("f", text, strlen(text), out, err);
}

/* --- Configuration ------------------------------------------------------------------------------
 */

static void a_whole_configuration_is_read(void **state)
{
    struct tb_agent_config c;
    char err[TB_FILE_ERR_LEN];

    (void)state;
    assert_true(parse("{\"server\": \"https://v.example:8443/\", \"pin\": \"" PIN "\",\n"
                      "\"state\": \"/s\", \"tcti\": \"device:/dev/tpm0\", \"event_log\": \"/l\",\n"
                      "\"user_log\": \"/u\", \"boot_set\": \"/b\",\n"
                      "\"name\": \"node-1\", \"ak\": \"rsa\", \"proxy\": \"http://p:3128\",\n"
                      "\"serial\": false}",
                      &c, err));
    assert_string_equal(c.server, "https://v.example:8443");
    assert_true(c.has_pin);
    assert_int_equal(c.pin[1], 0x11);
    assert_int_equal(c.pin[31], 0xff);
    assert_string_equal(c.state, "/s");
    assert_string_equal(c.tcti, "device:/dev/tpm0");
    assert_string_equal(c.event_log, "/l");
    assert_string_equal(c.user_log, "/u");
    assert_string_equal(c.boot_set, "/b");
    assert_string_equal(c.name, "node-1");
    assert_int_equal(c.ak, TB_AGENT_AK_RSA);
    assert_true(c.withhold_serial);
    assert_true(parse("{\"serial\": true}", &c, err));
    assert_false(c.withhold_serial);
    assert_true(parse("{}", &c, err));
    assert_string_equal(c.state, TB_AGENT_STATE_PATH);
    assert_string_equal(c.server, "");
    assert_int_equal(c.ak, TB_AGENT_AK_ECC);
    assert_false(c.withhold_serial);
}

/* What is wrong, and the beginning of what is said about it. */
static const struct {
    const char *text, *error;
} wrong[] = {
    { "", "f:1: " },
    { "[]", "f:1: expected an object" },
    { "{\n\"sever\": \"https://v\"}", "f:2: \"sever\": unknown key" },
    { "{\n\n\"name\": \"a\", \"name\": \"b\"}", "f:3: duplicate" },
    { "{\"name\": \"a\"} x", "f:1: " },
    { "{\n\"name\": 7}", "f:2: \"name\": expected a host name" },
    { "{\"name\": null}", "f:1: \"name\": expected" },
    { "{\"name\": \"a b\"}", "f:1: \"name\": expected" },
    { "{\"name\": \"\"}", "f:1: \"name\": expected" },
    { "{\"name\": \"a\\u0000b\"}", "f:1: " },
    { "{\n\"server\": \"http://v\", \"pin\": \"" PIN "\"}", "f:2: \"server\": expected \"https" },
    { "{\"server\": \"https://\", \"pin\": \"" PIN "\"}", "f:1: \"server\": expected" },
    { "{\"server\": \"https://u@v\", \"pin\": \"" PIN "\"}", "f:1: \"server\": expected" },
    { "{\"server\": \"https://v/x\", \"pin\": \"" PIN "\"}", "f:1: \"server\": expected" },
    { "{\n\"server\": \"https://v\"}", "f:2: \"server\": expected \"pin\" or \"ca\"" },
    { "{\"server\": \"https://v\",\n\"ca\": \"/c\", \"pin\": \"" PIN "\"}",
      "f:2: \"ca\": expected \"pin\" or \"ca\", found both" },
    { "{\"pin\": \"00\"}", "f:1: \"pin\": expected 64" },
    { "{\"pin\": \"" PIN "00\"}", "f:1: \"pin\": expected 64" },
    { "{\"pin\": \"zz112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\"}",
      "f:1: \"pin\": expected 64" },
    { "{\"event_log\": \"x\"}", "f:1: \"event_log\": expected an absolute" },
    { "{\"user_log\": \"x\"}", "f:1: \"user_log\": expected an absolute" },
    { "{\"boot_set\": \"x\"}", "f:1: \"boot_set\": expected an absolute" },
    { "{\"ak\": \"ecc \"}", "f:1: \"ak\": expected" },
    { "{\"serial\": \"false\"}", "f:1: \"serial\": expected true or false" },
    { "{\"serial\": 0}", "f:1: \"serial\": expected true or false" },
    { "{\"name\": true}", "f:1: \"name\": expected" },
    { "{\"state\": \"/a\\u001b[31m\"}", "f:1: \"state\": expected" },
};

static void what_is_wrong_is_refused_with_its_line(void **state)
{
    struct tb_agent_config c, untouched;
    char err[TB_FILE_ERR_LEN];

    (void)state;
    memset(&c, 0x5a, sizeof c);
    untouched = c;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        err[0] = '\0';
        assert_false(parse(wrong[i].text, &c, err));
        if (strncmp(err, wrong[i].error, strlen(wrong[i].error)) != 0)
            fail_msg("%s: %s, not %s", wrong[i].text, err, wrong[i].error);
        assert_memory_equal(&c, &untouched, sizeof c);
    }
}

static void too_long_values_are_refused_and_never_cut(void **state)
{
    static const char *const keys[] = { "server",    "ca",       "proxy",    "state", "tcti",
                                        "event_log", "user_log", "boot_set", "name" };
    struct tb_agent_config c;
    char value[4096], expected[128];

    (void)state;
    tb_agent_config_init(&c);
    memset(value, 'a', sizeof value);
    value[0] = '/';
    value[sizeof value - 1] = '\0';
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        assert_false(tb_agent_config_set(&c, keys[i], value, expected));
}

static void a_saved_configuration_reads_back_the_same(void **state)
{
    struct tb_agent_config c, back;
    char path[128], err[TB_FILE_ERR_LEN], expected[128];
    struct stat s;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/agent.json", scratch);
    tb_agent_config_init(&c);
    assert_int_equal(tb_agent_config_load(path, &back, err), TB_FILE_ABSENT);
    assert_true(tb_agent_config_set(&c, "server", "https://[::1]:1", expected));
    assert_true(tb_agent_config_set(&c, "pin", PIN, expected));
    assert_true(tb_agent_config_set(&c, "name", "n", expected));
    assert_true(tb_agent_config_set(&c, "serial", "false", expected));
    assert_true(tb_agent_config_set(&c, "user_log", "/run/trueboot/events.cel", expected));
    assert_true(tb_agent_config_set(&c, "boot_set", "/boot/trueboot/a", expected));
    assert_true(tb_agent_config_save(path, &c, NULL, err));
    assert_int_equal(tb_agent_config_load(path, &back, err), TB_FILE_OK);
    assert_memory_equal(&c, &back, sizeof c);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
}

static void a_serial_number_that_is_withheld_is_not_told(void **state)
{
    static const char *const folders[] = { "sys", "sys/class", "sys/class/dmi",
                                           "sys/class/dmi/id" };
    struct tb_hasher *hasher = tb_hasher_new();
    struct tb_agent_config c;
    struct tb_host_facts f;
    char path[160];
    FILE *file;

    (void)state;
    tb_agent_config_init(&c);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", scratch, folders[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    (void)snprintf(path, sizeof path, "%s/sys/class/dmi/id/product_serial", scratch);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs("SN-1\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    tb_attest_host_facts(&c, scratch, hasher, &f);
    assert_string_equal(f.platform.serial, "SN-1");
    c.withhold_serial = true;
    tb_attest_host_facts(&c, scratch, hasher, &f);
    assert_string_equal(f.platform.serial, "");
    tb_hasher_free(hasher);
}

/* --- State --------------------------------------------------------------------------------------
 */

static void fill(struct tb_enrolment *e, char c)
{
    *e = (struct tb_enrolment){ .tpm_state = TB_TPM_STATE_20, .interval_s = 300, .ak_len = 2000 };
    (void)snprintf(e->host_id, sizeof e->host_id, "host-%c", c);
    memset(e->token, c, sizeof e->token - 1);
    memset(e->ak, c, e->ak_len);
}

static void the_state_reads_back_the_same_and_is_private(void **state)
{
    struct tb_state_dir d, other;
    struct tb_enrolment e, back;
    struct tb_attempt a = { .secret_len = 32, .tpm_state = TB_TPM_STATE_20, .ak_len = 9 }, a_back;
    char path[128], file[160], err[TB_FILE_ERR_LEN];
    struct stat s;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/state", scratch);
    assert_int_equal(tb_enrolment_load(path, &back, err), TB_FILE_ABSENT);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_true(tb_state_open(&d, path, true, err));
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0700);
    assert_false(tb_state_open(&other, path, true, err)); /* one enrolment at a time */
    assert_non_null(strstr(err, "another enrolment"));
    assert_true(tb_state_open(&other, path, false, err));
    tb_state_close(&other);
    fill(&e, 'a');
    assert_true(tb_enrolment_save(&d, &e, err));
    assert_int_equal(tb_enrolment_load(path, &back, err), TB_FILE_OK);
    assert_memory_equal(&e, &back, sizeof e);
    (void)snprintf(file, sizeof file, "%s/enrolment.json", path);
    assert_int_equal(stat(file, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    (void)snprintf(a.server, sizeof a.server, "https://v");
    memset(a.secret, 7, sizeof a.secret);
    assert_true(tb_attempt_save(&d, &a, err));
    assert_int_equal(tb_attempt_load(&d, &a_back, err), TB_FILE_OK);
    assert_memory_equal(&a, &a_back, sizeof a);
    assert_true(tb_attempt_remove(&d, err));
    assert_true(tb_attempt_remove(&d, err)); /* twice is no failure */
    assert_int_equal(tb_attempt_load(&d, &a_back, err), TB_FILE_ABSENT);
    tb_state_close(&d);
}

static void every_truncation_of_an_enrolment_is_refused(void **state)
{
    struct tb_state_dir d;
    struct tb_enrolment e, back;
    char path[128], file[160], err[TB_FILE_ERR_LEN], *text;
    size_t len;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/cut", scratch);
    (void)snprintf(file, sizeof file, "%s/enrolment.json", path);
    assert_true(tb_state_open(&d, path, true, err));
    fill(&e, 'b');
    e.ak_len = 40;
    assert_true(tb_enrolment_save(&d, &e, err));
    assert_int_equal(tb_file_read(file, 65536, &text, &len, err), TB_FILE_OK);
    for (size_t n = 0; n < len; n++) {
        FILE *f = fopen(file, "wbe");

        assert_non_null(f);
        assert_int_equal(fwrite(text, 1, n, f), n);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(tb_enrolment_load(path, &back, err), TB_FILE_FAILED);
    }
    free(text);
    tb_state_close(&d);
}

/* A child replaces the file again and again and is killed; what is there is whole at any moment. */
static void t67_killed_while_writing_the_file_is_the_old_or_the_new(void **state)
{
    struct tb_state_dir d;
    struct tb_enrolment e, a, b;
    char path[128], err[TB_FILE_ERR_LEN];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/killed", scratch);
    assert_true(tb_state_open(&d, path, false, err));
    fill(&a, 'a');
    fill(&b, 'b');
    assert_true(tb_enrolment_save(&d, &a, err));
    for (unsigned i = 0; i < 40; i++) {
        pid_t pid = fork();
        int status;

        assert_true(pid >= 0);
        if (pid == 0)
            for (;;)
                if (!tb_enrolment_save(&d, &b, err) || !tb_enrolment_save(&d, &a, err))
                    _exit(1);
        (void)usleep(500 + i * 150);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(tb_enrolment_load(path, &e, err), TB_FILE_OK);
        assert_true(memcmp(&e, &a, sizeof e) == 0 || memcmp(&e, &b, sizeof e) == 0);
        assert_true(tb_enrolment_save(&d, &a, err)); /* and what was left behind is no hindrance */
    }
    tb_state_close(&d);
}

/* --- Schedule -----------------------------------------------------------------------------------
 */

static void back_off_doubles_up_to_five_minutes_and_is_spread(void **state)
{
    int64_t before = 0;

    (void)state;
    for (unsigned n = 1; n < 2000; n++) {
        int64_t low = tb_backoff_ms(n, 0, 0), high = tb_backoff_ms(n, 0, UINT32_MAX);

        assert_in_range(low, TB_BACKOFF_MIN_MS, TB_BACKOFF_MAX_MS / 2);
        assert_in_range(high, 2 * low - 2, TB_BACKOFF_MAX_MS);
        assert_true(high >= before);
        before = high;
    }
    assert_int_equal(tb_backoff_ms(1, 0, 0), 1000);
    assert_int_equal(tb_backoff_ms(2, 0, 0), 2000);
    assert_int_equal(before, TB_BACKOFF_MAX_MS);
}

static void retry_after_is_a_lower_bound(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 64; c++) {
        int64_t ms = tb_backoff_ms(1, 120, c << 26);

        assert_in_range(ms, 120000, 132000);
    }
    assert_true(tb_backoff_ms(20, 1, 0) > 100000); /* and no upper one */
}

static void intervals_are_spread_by_a_tenth_and_bounded(void **state)
{
    (void)state;
    assert_int_equal(tb_interval_ms(300, 0), 270000);
    assert_in_range(tb_interval_ms(300, UINT32_MAX), 329000, 330001);
    assert_in_range(tb_interval_ms(300, UINT32_C(1) << 31), 299000, 301000);
    assert_true(tb_interval_ms(0, 0) >= 4500);
    assert_true(tb_interval_ms(UINT32_MAX, UINT32_MAX) <= INT64_C(86400) * 1100 + 1);
}

static void hosts_asked_at_one_time_are_spread_over_two_seconds(void **state)
{
    (void)state;
    assert_int_equal(tb_wish_ms(0), 0);
    assert_in_range(tb_wish_ms(UINT32_C(1) << 31), 999, 1001);
    assert_in_range(tb_wish_ms(UINT32_MAX), 1999, 2000);
}

static void sleep_is_noticed_and_a_set_clock_is_not(void **state)
{
    int64_t slept = 5000;

    (void)state;
    assert_false(tb_daemon_has_slept(&slept, 105000, 100000));
    assert_false(tb_daemon_has_slept(&slept, 205400, 200000)); /* between the two readings */
    assert_true(tb_daemon_has_slept(&slept, 4000000, 300000));
    assert_false(tb_daemon_has_slept(&slept, 4100000, 400000)); /* once */
}

/* --- Selection and quote ------------------------------------------------------------------------
 */

static void a_selection_is_what_the_tpm_has_in_the_order_asked_for(void **state)
{
    const struct tb_selection wanted[] = { { TB_ALG_SHA256, 0xfbff },
                                           { TB_ALG_SHA384, 0xfbff },
                                           { TB_ALG_SHA512, 0xfbff },
                                           { TB_ALG_SHA1, 0xfbff } };
    struct tb_tpm_properties tpm = { .n_banks = 3,
                                     .bank = { { TB_ALG_SHA1, 0xffffff },
                                               { TB_ALG_SHA512, 0x0000ff },
                                               { TB_ALG_SHA256, 0xffffff } } };
    struct tb_tpm_selection out[TB_TPM_BANKS_MAX];

    (void)state;
    assert_int_equal(tb_attest_selection(wanted, 4, &tpm, out), 3);
    assert_int_equal(out[0].alg, TB_ALG_SHA256);
    assert_int_equal(out[0].pcrs, 0xfbff);
    assert_int_equal(out[1].alg, TB_ALG_SHA512);
    assert_int_equal(out[1].pcrs, 0xff);
    assert_int_equal(out[2].alg, TB_ALG_SHA1);
    tpm.bank[1].pcrs = 0x100000; /* none of those asked for */
    assert_int_equal(tb_attest_selection(wanted, 4, &tpm, out), 2);
    tpm.n_banks = 0;
    assert_int_equal(tb_attest_selection(wanted, 4, &tpm, out), 0);
}

/* TPMS_ATTEST of a quote over PCR 0 and 7 of SHA-256 with this digest. */
static void make_quote(const uint8_t digest[32], struct tb_tpm_quote *out)
{
    static const uint8_t head[] = {
        0xff, 0x54, 0x43, 0x47, 0x80, 0x18,       /* magic, type */
        0,    2,    0,    0x0b, 0,    1,    0x55, /* signer, extraData */
        0,    0,    0,    0,    0,    0,    0,    9,    0, 0, 0, 1,  0, 0, 0, 0, 1, /* clock */
        0,    0,    0,    0,    0,    0,    0,    1,                                /* firmware */
        0,    0,    0,    1,    0,    0x0b, 3,    0x81, 0, 0, 0, 32, /* selection, size */
    };

    memset(out, 0, sizeof *out);
    memcpy(out->attest, head, sizeof head);
    memcpy(out->attest + sizeof head, digest, 32);
    out->attest_len = sizeof head + 32;
    memcpy(out->signature, "\x00\x18\x00\x0b", 4); /* ECDSA, SHA-256 */
    out->signature_len = 4;
}

static void values_that_moved_before_the_quote_are_noticed(void **state)
{
    struct tb_hasher *h = tb_hasher_new();
    struct tb_pcrs values = { .mask = { [TB_BANK_SHA256] = 0x81 } };
    struct tb_tpm_quote quote;
    uint8_t digest[TB_DIGEST_MAX];
    struct tb_reader parts[2];

    (void)state;
    memset(values.value[TB_BANK_SHA256][0], 1, 32);
    memset(values.value[TB_BANK_SHA256][7], 2, 32);
    parts[0] = tb_slice(values.value[TB_BANK_SHA256][0], 32);
    parts[1] = tb_slice(values.value[TB_BANK_SHA256][7], 32);
    assert_true(tb_hash_parts(h, TB_BANK_SHA256, parts, 2, digest));
    make_quote(digest, &quote);
    assert_true(tb_attest_values_are_quoted(&quote, &values, h));
    values.value[TB_BANK_SHA256][7][31] ^= 1;
    assert_false(tb_attest_values_are_quoted(&quote, &values, h));
    values.value[TB_BANK_SHA256][7][31] ^= 1;
    quote.attest_len--;
    assert_false(tb_attest_values_are_quoted(&quote, &values, h));
    quote.attest_len++;
    quote.signature_len = 3;
    assert_false(tb_attest_values_are_quoted(&quote, &values, h));
    tb_hasher_free(h);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(scratch) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    char command[64];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", scratch);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_configuration_is_read),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_line),
        cmocka_unit_test(too_long_values_are_refused_and_never_cut),
        cmocka_unit_test(a_saved_configuration_reads_back_the_same),
        cmocka_unit_test(a_serial_number_that_is_withheld_is_not_told),
        cmocka_unit_test(the_state_reads_back_the_same_and_is_private),
        cmocka_unit_test(every_truncation_of_an_enrolment_is_refused),
        cmocka_unit_test(t67_killed_while_writing_the_file_is_the_old_or_the_new),
        cmocka_unit_test(back_off_doubles_up_to_five_minutes_and_is_spread),
        cmocka_unit_test(retry_after_is_a_lower_bound),
        cmocka_unit_test(intervals_are_spread_by_a_tenth_and_bounded),
        cmocka_unit_test(hosts_asked_at_one_time_are_spread_over_two_seconds),
        cmocka_unit_test(sleep_is_noticed_and_a_set_clock_is_not),
        cmocka_unit_test(a_selection_is_what_the_tpm_has_in_the_order_asked_for),
        cmocka_unit_test(values_that_moved_before_the_quote_are_noticed),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
