/* tests/unit/tpm_probe_test.c - what tpm/ finds, and what it does when a TPM goes away. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/tpm_emulator.h"
#include "tpm/tpm.h"

#define TIMEOUT_MS 5000

static struct emulator tpm_a, tpm_12;
static char self_path[512];

static const struct tb_tpm_selection one_bank[] = { { 0x000B, 0x0000F8FF } };

static struct tb_tpm_options options_of(const struct emulator *e)
{
    return (struct tb_tpm_options){ .tcti = e->tcti, .timeout_ms = TIMEOUT_MS };
}

static struct tb_tpm *open_tpm(const struct emulator *e)
{
    struct tb_tpm_options o = options_of(e);
    struct tb_tpm_error why = { 0 };
    struct tb_tpm *t = NULL;

    if (tb_tpm_open(&o, &t, &why) != TB_TPM_OK)
        fail_msg("%s", why.text);
    return t;
}

#define ok(call)                                                                                   \
    do {                                                                                           \
        if ((call) != TB_TPM_OK)                                                                   \
            fail_msg("%s: %s", #call, why.text);                                                   \
    } while (0)

/* --- what is there ---------------------------------------------------------------------------- */

static void a_tpm_2_is_found_and_named(void **state)
{
    struct tb_tpm_options o = options_of(&tpm_a);
    struct tb_tpm_error why = { 0 };

    (void)state;
    assert_int_equal(tb_tpm_probe(&o, &why), TB_TPM_OK);
    assert_string_equal(why.text, "TPM 2.0");
}

static void a_tpm_1_2_is_told_by_its_answer(void **state)
{
    struct tb_tpm_options o = options_of(&tpm_12);
    struct tb_tpm_error why = { 0 };

    (void)state;
    if (tpm_12.pid <= 0)
        skip();
    assert_int_equal(tb_tpm_probe(&o, &why), TB_TPM_IS_12);
    assert_non_null(strstr(why.text, "TPM 1.2"));
}

static void the_kernels_word_about_the_family_decides_for_a_device(void **state)
{
    char root[128];
    struct tb_tpm_options o = { .tcti = "device:/nonexistent/tpmrm0", .root = root };
    struct tb_tpm_error why = { 0 };

    (void)state;
    (void)snprintf(root, sizeof root, "%s/root", emulator_scratch);
    assert_int_equal(tb_tpm_probe(&o, &why), TB_TPM_NONE);
    assert_non_null(strstr(why.text, "no TPM"));
    assert_int_equal(emulator_run("mkdir -p %s/sys/class/tpm/tpm0", root), 0);
    assert_int_equal(tb_tpm_probe(&o, &why), TB_TPM_UNAVAILABLE);
    assert_int_equal(emulator_run("echo 2 >%s/sys/class/tpm/tpm0/tpm_version_major", root), 0);
    assert_int_equal(tb_tpm_probe(&o, &why), TB_TPM_UNAVAILABLE);
    assert_int_equal(emulator_run("echo 1 >%s/sys/class/tpm/tpm0/tpm_version_major", root), 0);
    assert_int_equal(tb_tpm_probe(&o, &why), TB_TPM_IS_12);
}

static void an_emulator_that_is_not_there_is_unavailable_not_none(void **state)
{
    struct tb_tpm_options o = { .tcti = "swtpm:host=127.0.0.1,port=1" };
    struct tb_tpm_error why = { 0 };
    struct tb_tpm *t = NULL;

    (void)state;
    assert_int_equal(tb_tpm_probe(&o, &why), TB_TPM_UNAVAILABLE);
    assert_int_equal(tb_tpm_open(&o, &t, &why), TB_TPM_UNAVAILABLE);
    assert_null(t);
    o.tcti = "device:/dev/null";
    assert_int_equal(tb_tpm_probe(&o, &why), TB_TPM_UNAVAILABLE);
    o.tcti = "nonsense:x=y";
    assert_int_equal(tb_tpm_probe(&o, &why), TB_TPM_UNAVAILABLE);
}

/* This program as a TPM at the other end of a pipe: "not now" a few times, then "2.0". */
static int be_a_fake(const char *how)
{
    static const uint8_t retry[] = { 0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x09, 0x22 };
    static const uint8_t old[] = { 0x00, 0xC4, 0, 0, 0, 10, 0, 0, 0, 0x1E };
    static const uint8_t cold[] = { 0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x01, 0x00 };
    static const uint8_t family[] = { 0x80, 0x01, 0, 0, 0, 27, 0, 0, 0, 0,   0,   0,   0, 0,
                                      6,    0,    0, 0, 1, 0,  0, 1, 0, '2', '.', '0', 0 };
    uint8_t command[64];
    int n = 0;

    while (read(STDIN_FILENO, command, sizeof command) > 0) {
        ssize_t w;

        if (strcmp(how, "old") == 0)
            w = write(STDOUT_FILENO, old, sizeof old);
        else if (strcmp(how, "cold") == 0)
            w = write(STDOUT_FILENO, cold, sizeof cold);
        else if (strcmp(how, "retry") == 0 && n++ < 3)
            w = write(STDOUT_FILENO, retry, sizeof retry);
        else
            w = write(STDOUT_FILENO, family, sizeof family);
        if (w < 0)
            return 1;
    }
    return 0;
}

static enum tb_tpm_status probe_fake(const char *how, struct tb_tpm_error *why)
{
    char tcti[700];
    struct tb_tpm_options o = { .tcti = tcti, .timeout_ms = TIMEOUT_MS };

    (void)snprintf(tcti, sizeof tcti, "cmd:exec %s fake %s", self_path, how);
    return tb_tpm_probe(&o, why);
}

static void retry_is_sent_again_and_other_answers_are_told_apart(void **state)
{
    struct tb_tpm_error why = { 0 };

    (void)state;
    if (probe_fake("new", &why) == TB_TPM_UNAVAILABLE)
        skip(); /* no libtss2-tcti-cmd here */
    assert_int_equal(probe_fake("new", &why), TB_TPM_OK);
    assert_int_equal(probe_fake("retry", &why), TB_TPM_OK);
    assert_int_equal(probe_fake("old", &why), TB_TPM_IS_12);
    assert_int_equal(probe_fake("cold", &why), TB_TPM_UNAVAILABLE);
    assert_non_null(strstr(why.text, "TPM2_Startup"));
}

/* --- when the TPM goes away ------------------------------------------------------------------- */

static int64_t now_ms(void)
{
    struct timespec s;

    (void)clock_gettime(CLOCK_MONOTONIC, &s);
    return (int64_t)s.tv_sec * 1000 + s.tv_nsec / 1000000;
}

static void a_tpm_that_dies_is_unavailable_and_not_a_signal(void **state)
{
    struct tb_tpm_error why = { 0 };
    uint8_t blob[TB_TPM_AK_BLOB_MAX];
    struct tb_tpm_quote q;
    size_t n = 0;
    struct tb_tpm *t = open_tpm(&tpm_a);
    int64_t began;

    (void)state;
    ok(tb_tpm_ak_create(t, TB_TPM_AK_P256, blob, &n, &why));
    emulator_stop(&tpm_a);
    began = now_ms();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tb_tpm_quote(t, tb_slice("x", 1), one_bank, 1, &q, &why),
                         TB_TPM_UNAVAILABLE);
        assert_non_null(strstr(why.text, "quote"));
    }
    assert_true(now_ms() - began < TIMEOUT_MS);
    tb_tpm_close(t);
    emulator_start(&tpm_a, true);
    t = open_tpm(&tpm_a); /* closing and opening again is the cure */
    ok(tb_tpm_ak_load(t, tb_slice(blob, n), &why));
    ok(tb_tpm_quote(t, tb_slice("x", 1), one_bank, 1, &q, &why));
    tb_tpm_close(t);
}

static void a_tpm_that_does_not_answer_is_unavailable_within_the_timeout(void **state)
{
    struct tb_tpm_options o = { .tcti = tpm_a.tcti, .timeout_ms = 700 };
    struct tb_tpm_error why = { 0 };
    struct tb_tpm_properties p;
    struct tb_tpm *t = NULL;
    int64_t began;

    (void)state;
    ok(tb_tpm_open(&o, &t, &why));
    assert_int_equal(kill(tpm_a.pid, SIGSTOP), 0);
    began = now_ms();
    assert_int_equal(tb_tpm_read_properties(t, &p, &why), TB_TPM_UNAVAILABLE);
    assert_true(now_ms() - began < 2000);
    assert_int_equal(kill(tpm_a.pid, SIGCONT), 0);
    emulator_pause_ms(100);
    /* The late answer is there now; it must not be taken for the next command's. */
    assert_int_equal(tb_tpm_read_properties(t, &p, &why), TB_TPM_UNAVAILABLE);
    tb_tpm_close(t);
    emulator_restart(&tpm_a);
}

static int set_up(void **state)
{
    (void)state;
    tb_tpm_silence_library();
    if (!emulator_scratch_make())
        return -1;
    emulator_make(&tpm_a, "a", "--tpm2 --pcr-banks sha256");
    emulator_start(&tpm_a, true);
    (void)snprintf(tpm_12.dir, sizeof tpm_12.dir, "%s/12", emulator_scratch);
    if (emulator_run("mkdir %s && swtpm_setup --tpm-state %s >%s/setup-12.log 2>&1", tpm_12.dir,
                     tpm_12.dir, emulator_scratch) == 0)
        emulator_start(&tpm_12, false);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    emulator_stop(&tpm_a);
    emulator_stop(&tpm_12);
    emulator_scratch_remove();
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tpm_2_is_found_and_named),
        cmocka_unit_test(a_tpm_1_2_is_told_by_its_answer),
        cmocka_unit_test(the_kernels_word_about_the_family_decides_for_a_device),
        cmocka_unit_test(an_emulator_that_is_not_there_is_unavailable_not_none),
        cmocka_unit_test(retry_is_sent_again_and_other_answers_are_told_apart),
        cmocka_unit_test(a_tpm_that_dies_is_unavailable_and_not_a_signal),
        cmocka_unit_test(a_tpm_that_does_not_answer_is_unavailable_within_the_timeout),
    };
    ssize_t n = readlink("/proc/self/exe", self_path, sizeof self_path - 1);

    if (argc == 3 && strcmp(argv[1], "fake") == 0)
        return be_a_fake(argv[2]);
    return n <= 0 ? 1 : cmocka_run_group_tests(tests, set_up, tear_down);
}
