/* tests/unit/story_windows_quoted_test.c - real Windows logs beside the PCR values that their TPM
 * had: the bank that Windows does not use, which it caps, takes nothing from the facts (L-10,
 * L-26). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/story.h"
#include "tests/unit/log_builder.h"

static struct tb_hasher *h;
static struct tb_story at_its_word, quoted;

static const char *path_of(const char *name, char out[512])
{
    const char *fixtures = getenv("TRUEBOOT_FIXTURES");

    snprintf(out, 512, "%s/eventlogs/%s", fixtures != NULL ? fixtures : "../shared/fixtures", name);
    return out;
}

static bool read_pcrs(const char *name, struct tb_pcrs *out)
{
    char line[512], bank_name[32], hex[256], path[512];
    FILE *f = fopen(path_of(name, path), "r");
    enum tb_bank bank;
    unsigned pcr;

    memset(out, 0, sizeof *out);
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        if (sscanf(line, "%31s %u %255s", bank_name, &pcr, hex) != 3 ||
            !tb_bank_of_name(bank_name, &bank))
            continue;
        assert_true(pcr < TB_N_PCRS && strlen(hex) == 2 * tb_bank_digest_len(bank));
        for (size_t i = 0; i < tb_bank_digest_len(bank); i++) {
            unsigned v;

            assert_int_equal(sscanf(hex + 2 * i, "%2x", &v), 1);
            out->value[bank][pcr][i] = (uint8_t)v;
        }
        out->mask[bank] |= UINT32_C(1) << pcr;
    }
    if (f != NULL)
        fclose(f);
    return f != NULL;
}

static void l10_a_capped_bank_takes_nothing_from_what_windows_told(void **state)
{
    static const char *const files[] = { "supermicro-win2022", "thinkpad-t480s-win10" };

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct tb_pcr_states states;
        struct tb_reason why;
        struct tb_replay replay;
        struct tb_pcrs pcrs;
        char name[64], path[512];
        uint8_t *log;
        size_t len;

        snprintf(name, sizeof name, "%s.bin", files[i]);
        log = log_read_file(path_of(name, path), &len);
        snprintf(name, sizeof name, "%s.pcrs", files[i]);
        if (log == NULL || !read_pcrs(name, &pcrs))
            skip();
        assert_true(tb_log_replay(tb_slice(log, len), 0xf, h, &replay, &why));
        assert_true(tb_log_compare(&replay, &pcrs, h, &states));
        assert_int_equal(states.state[TB_BANK_SHA1][12], TB_PCR_CAPPED);
        assert_int_equal(states.state[TB_BANK_SHA256][12], TB_PCR_MATCH);
        assert_true(tb_story_read(tb_slice(log, len), TB_BANK_SHA256, NULL, h, &at_its_word));
        assert_true(tb_story_read(tb_slice(log, len), TB_BANK_SHA256, &states, h, &quoted));
        assert_true(quoted.windows.present);
        assert_int_equal(quoted.windows.test_signing, TB_NO);
        assert_memory_equal(&at_its_word.windows, &quoted.windows, sizeof quoted.windows);
        pcrs.value[TB_BANK_SHA256][13][0] ^= 1; /* extended after the log */
        assert_true(tb_log_compare(&replay, &pcrs, h, &states));
        assert_true(tb_story_read(tb_slice(log, len), TB_BANK_SHA256, &states, h, &quoted));
        assert_false(quoted.windows.present);
        assert_int_equal(quoted.windows.test_signing, TB_UNTOLD);
        assert_true(tb_story_read(tb_slice(log, len), TB_BANK_SHA1, &states, h, &quoted));
        assert_false(quoted.windows.told); /* nor by the capped bank */
        free(log);
    }
}

static int set_up(void **state)
{
    (void)state;
    h = tb_hasher_new();
    return h == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    tb_hasher_free(h);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(l10_a_capped_bank_takes_nothing_from_what_windows_told),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
