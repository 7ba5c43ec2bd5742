/* tests/unit/corpus_test.c - real logs: replayed to their recorded PCR values, or refused for a
 * reason that their index supports; and what they prove about Secure Boot (T-43). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bootfacts.h"
#include "core/describe.h"
#include "tests/unit/log_builder.h"

static const char *fixtures;
static struct tb_hasher *h;

/* Files that are refused, and what their index says of them. */
static const struct {
    const char *file, *observed;
} refused[] = {
    { "ccel-csv-sm3.bin", "CC log" },        /* "CC event log, Hygon CSV" */
    { "ccel-tdx-ovmf.bin", "CC log" },       /* "CC event log (Intel TDX)" */
    { "ccel-tdx-unpadded.bin", "CC log" },   /* the same */
    { "ccel-cos113-dupesep.bin", "CC log" }, /* the same */
    /* "rest 4 bytes, starts deadbeef": the vendor information is outside of its event. */
    { "fragment-specid-vendordata.bin", "bytes left" },
};

/* PCRs that do not match, as their index says; every other recorded PCR must. */
static const struct {
    const char *file, *bank;
    uint32_t pcrs;
    enum tb_pcr_state state;
} exceptions[] = {
    /* "the unused SHA-1 bank was capped by Windows", whose own events are in SHA-256 only */
    { "supermicro-win2022.bin", "sha1", 0x37ff, TB_PCR_CAPPED },
    { "supermicro-win2022.bin", "sha1", 1u << 11, TB_PCR_INCOMPLETE },
    { "supermicro-win2022.bin", "sha1", 1u << 14, TB_PCR_UNEXTENDED },
    { "thinkpad-t480s-win10.bin", "sha1", 0x37ff, TB_PCR_CAPPED },
    { "thinkpad-t480s-win10.bin", "sha1", 1u << 11, TB_PCR_INCOMPLETE },
    { "thinkpad-t480s-win10.bin", "sha1", 1u << 14, TB_PCR_UNEXTENDED },
    /* "missing-bank-digest": PCR 5 got events of the active bank only */
    { "dell1-windows.bin", "sha1", 1u << 5, TB_PCR_INCOMPLETE },
    { "thinkpad-yogax1-windows.bin", "sha1", 1u << 5, TB_PCR_INCOMPLETE },
    /* "PCR0 of both banks does not replay for any locality: vendor log incomplete" */
    { "hpe-dl160-pcr0mismatch.bin", "sha1", 1u << 0, TB_PCR_MISMATCH },
    { "hpe-dl160-pcr0mismatch.bin", "sha256", 1u << 0, TB_PCR_MISMATCH },
    /* "events not in the log": it was read before ExitBootServices */
    { "hp-debian-ebs-missing.bin", "sha1", 1u << 5, TB_PCR_MISMATCH },
    /* the attacker's edit */
    { "old-version-log-digest-edited", NULL, 1u << 8, TB_PCR_MISMATCH },
};

/* Samples whose Secure Boot fact is not the index's column, and why. */
static const struct {
    const char *file, *fact;
} facts[] = {
    { "fragment-uefivar.bin", "unknown" }, /* one event: no separator, no keys, no program */
};

static uint32_t recorded(const char *path, struct tb_pcrs *out)
{
    FILE *f = fopen(path, "r");
    char line[512], name[32], hex[256];
    uint32_t n = 0;
    unsigned pcr;

    memset(out, 0, sizeof *out);
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        enum tb_bank bank;

        if (sscanf(line, "%31s %u %255s", name, &pcr, hex) != 3 || !tb_bank_of_name(name, &bank))
            continue;
        assert_true(pcr < TB_N_PCRS && strlen(hex) == 2 * tb_bank_digest_len(bank));
        for (size_t i = 0; i < tb_bank_digest_len(bank); i++) {
            unsigned v;

            assert_int_equal(sscanf(hex + 2 * i, "%2x", &v), 1);
            out->value[bank][pcr][i] = (uint8_t)v;
        }
        out->mask[bank] |= UINT32_C(1) << pcr;
        n++;
    }
    if (f != NULL)
        fclose(f);
    return n;
}

static const char *expected_refusal(const char *file)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (strcmp(refused[i].file, file) == 0)
            return refused[i].observed;
    return NULL;
}

static enum tb_pcr_state expected_state(const char *file, enum tb_bank bank, unsigned pcr)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
        if (strcmp(exceptions[i].file, file) == 0 && (exceptions[i].pcrs >> pcr & 1) != 0 &&
            (exceptions[i].bank == NULL || strcmp(exceptions[i].bank, tb_bank_name(bank)) == 0))
            return exceptions[i].state;
    return TB_PCR_MATCH;
}

static void ignore_line(void *ctx, const char *key, const char *value, bool verified)
{
    (void)verified;
    assert_true(key[0] != '\0');
    for (const char *c = value; *c != '\0'; c++)
        assert_true(*c >= ' ' && *c <= '~');
    ++*(size_t *)ctx;
}

static void describe_all(struct tb_reader in)
{
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;
    size_t n_lines = 0;

    assert_true(tb_log_open(in, &log, &why));
    while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT)
        tb_event_describe(&log, &e, e.banks, h, ignore_line, &n_lines);
    assert_true(n_lines >= 2 * (size_t)log.n_events);
}

/* Returns the Secure Boot fact in the strongest bank that is recorded, or NULL if refused. */
static const char *check_log(const char *file, const char *log_path, const char *pcrs_path,
                             struct tb_findings *f)
{
    const char *refusal = expected_refusal(file);
    struct tb_pcr_states states;
    struct tb_boot_facts found;
    struct tb_reason why;
    struct tb_pcrs pcrs;
    struct tb_replay r;
    size_t len;
    uint8_t *p = log_read_file(log_path, &len);
    bool ok;
    int relied = -1;

    assert_non_null(p);
    ok = tb_log_replay(tb_slice(p, len), 0xf, h, &r, &why);
    if (ok != (refusal == NULL))
        fail_msg("%s: %s", file, ok ? "not refused" : why.observed);
    if (!ok) {
        if (strstr(why.observed, refusal) == NULL)
            fail_msg("%s: refused for another reason: %s", file, why.observed);
        free(p);
        return NULL;
    }
    recorded(pcrs_path, &pcrs);
    assert_true(tb_log_compare(&r, &pcrs, h, &states));
    for (unsigned bank = 0; bank < TB_N_BANKS; bank++) {
        for (unsigned pcr = 0; pcr < TB_N_PCRS; pcr++) {
            enum tb_pcr_state want = expected_state(file, (enum tb_bank)bank, pcr);

            /* PCR 10 is IMA's, whose measurements are in a list of their own. */
            if (pcr == 10 && states.state[bank][10] == TB_PCR_NOT_IN_LOG)
                continue;
            if ((pcrs.mask[bank] >> pcr & 1) != 0 && states.state[bank][pcr] != want)
                fail_msg("%s: %s PCR %u: %s, expected %s", file, tb_bank_name((enum tb_bank)bank),
                         pcr, tb_pcr_state_name(states.state[bank][pcr]), tb_pcr_state_name(want));
        }
        if (pcrs.mask[bank] != 0)
            relied = (int)bank;
    }
    describe_all(tb_slice(p, len));
    memset(f, 0, sizeof *f);
    if (relied >= 0)
        tb_boot_facts_read(tb_slice(p, len), (enum tb_bank)relied, &states, h, &found, f);
    free(p);
    return tb_secure_boot_name(relied >= 0 ? found.secure_boot : TB_SECURE_BOOT_UNKNOWN);
}

static const char *expected_fact(const char *file, const char *column)
{
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        if (strcmp(facts[i].file, file) == 0)
            return facts[i].fact;
    if (strcmp(column, "empty var") == 0)
        return "not-set";
    return strcmp(column, "on") == 0 || strcmp(column, "off") == 0 ? column : "unknown";
}

/* Checks that would keep a host from being trusted, beyond what the index says of it. */
static void assert_no_false_alarm(const char *file, const struct tb_findings *f)
{
    for (size_t i = 0; i < f->n; i++) {
        enum tb_severity severity = tb_check_text(f->list[i].reason.check)->severity;

        if (severity == TB_SEVERITY_REQUIRED)
            fail_msg("%s: Secure Boot is on, but %s at %s: %s", file,
                     tb_check_text(f->list[i].reason.check)->code, f->list[i].reason.where,
                     f->list[i].reason.observed);
    }
}

static void t43_every_real_log_replays_to_its_pcrs_or_is_refused_for_its_reason(void **state)
{
    char path[1024], pcrs[1024], line[8192];
    size_t n = 0;
    FILE *f;

    (void)state;
    snprintf(path, sizeof path, "%s/eventlogs/INDEX.tsv", fixtures);
    if ((f = fopen(path, "r")) == NULL) {
        printf("SKIPPED: no corpus at %s\n", path);
        skip();
    }
    while (fgets(line, sizeof line, f) != NULL) {
        char *field[14], *rest = line;
        static struct tb_findings findings;
        const char *fact, *want;

        for (size_t i = 0; i < 14; i++)
            field[i] = strsep(&rest, "\t");
        if (rest == NULL || strlen(field[0]) < 5 ||
            strcmp(field[0] + strlen(field[0]) - 4, ".bin") != 0)
            continue;
        snprintf(path, sizeof path, "%s/eventlogs/%s", fixtures, field[0]);
        snprintf(pcrs, sizeof pcrs, "%s/eventlogs/%.*s.pcrs", fixtures, (int)strlen(field[0]) - 4,
                 field[0]);
        fact = check_log(field[0], path, pcrs, &findings);
        want = strsep(&rest, "\t"); /* the 15th column, secure_boot */
        want = expected_fact(field[0], field[13] != NULL && want != NULL ? want : "");
        if (fact != NULL && strcmp(fact, want) != 0)
            fail_msg("%s: Secure Boot %s, index %s", field[0], fact, want);
        if (fact != NULL && strcmp(fact, "on") == 0)
            assert_no_false_alarm(field[0], &findings);
        n++;
    }
    fclose(f);
    printf("%zu logs\n", n);
    assert_true(n >= 56);
}

static void t43_every_recorded_boot_replays_and_tells_its_secure_boot(void **state)
{
    static const struct {
        const char *name, *fact;
    } boots[] = {
        { "good", "on" },
        { "good-again", "on" },
        { "good-digest-events", "on" },
        { "good-kernel-by-loadimage", "on" },
        { "good-ima-tcb", "on" },
        { "good-bank-sha512-only", "on" },
        { "good-bank-sha256-only", "on" },
        { "good-two-cpus", "on" },
        { "good-256mb", "on" },
        { "good-second-boot", "on" },
        { "secure-boot-off", "off" },
        { "setup-mode", "off" },
        { "secure-boot-off-loader-tampered", "off" },
        { "settings-changed", "on" },
        { "old-version", "on" },
        { "old-version-log-data-edited", "on" },
        { "old-version-log-digest-edited", "on" },
    };
    char path[1024], pcrs[1024];
    struct tb_pcrs unused;

    (void)state;
    snprintf(pcrs, sizeof pcrs, "%s/boot/good/pcrs.txt", fixtures);
    if (recorded(pcrs, &unused) == 0) {
        printf("SKIPPED: no boots at %s/boot\n", fixtures);
        skip();
    }
    for (size_t i = 0; i < sizeof boots / sizeof *boots; i++) {
        static struct tb_findings findings;

        snprintf(path, sizeof path, "%s/boot/%s/binary_bios_measurements", fixtures, boots[i].name);
        snprintf(pcrs, sizeof pcrs, "%s/boot/%s/pcrs.txt", fixtures, boots[i].name);
        assert_string_equal(check_log(boots[i].name, path, pcrs, &findings), boots[i].fact);
        if (strcmp(boots[i].fact, "on") == 0)
            assert_no_false_alarm(boots[i].name, &findings);
        if (strcmp(boots[i].name, "setup-mode") == 0)
            assert_int_equal(findings.outcome[TB_CHECK_SB_SETUP_MODE], TB_FAIL);
    }
}

static void t43_the_boots_of_this_repository_replay_and_tell_their_secure_boot(void **state)
{
    static const struct {
        const char *name, *fact;
    } boots[] = {
        { "good", "on" },        { "good-updated", "on" }, { "secure-boot-off", "off" },
        { "setup-mode", "off" }, { "foreign-keys", "on" }, { "sha256-only", "on" },
    };
    const char *source = getenv("TRUEBOOT_SOURCE");
    char path[1024], pcrs[1024];

    (void)state;
    for (size_t i = 0; i < sizeof boots / sizeof *boots; i++) {
        static struct tb_findings findings;
        const char *fact;

        snprintf(path, sizeof path, "%s/tests/data/boots/%s/binary_bios_measurements",
                 source != NULL ? source : ".", boots[i].name);
        snprintf(pcrs, sizeof pcrs, "%s/tests/data/boots/%s/pcrs", source != NULL ? source : ".",
                 boots[i].name);
        fact = check_log(boots[i].name, path, pcrs, &findings);
        assert_string_equal(fact, boots[i].fact);
        if (strcmp(fact, "on") == 0)
            assert_no_false_alarm(boots[i].name, &findings);
        assert_int_equal(findings.outcome[TB_CHECK_BOOT_END], TB_PASS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t43_every_real_log_replays_to_its_pcrs_or_is_refused_for_its_reason),
        cmocka_unit_test(t43_every_recorded_boot_replays_and_tells_its_secure_boot),
        cmocka_unit_test(t43_the_boots_of_this_repository_replay_and_tell_their_secure_boot),
    };
    int failed;

    fixtures = getenv("TRUEBOOT_FIXTURES");
    if (fixtures == NULL)
        fixtures = "../shared/fixtures";
    h = tb_hasher_new();
    if (h == NULL)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    tb_hasher_free(h);
    return failed;
}
