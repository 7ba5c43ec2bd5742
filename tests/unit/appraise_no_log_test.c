/* Why no log came, computed from the log of an earlier boot and PCR 7. Attack ids: T-45, T-48. */
#include "tests/unit/evidence_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHA256_ONLY LOG_BANK(TB_BANK_SHA256)
#define BOTH (LOG_BANK(TB_BANK_SHA1) | LOG_BANK(TB_BANK_SHA256))
#define AUTHORITY TB_EV_EFI_VARIABLE_AUTHORITY
#define CONFIG TB_EV_EFI_VARIABLE_DRIVER_CONFIG
#define NOTHING (-1)

struct pair {
    struct log_builder *earlier, *now;
    struct tb_pcrs quoted;
    struct tb_policy policy;
    struct tb_hasher *h;
    struct tb_boot_result boot;
};

static int set_up(void **state)
{
    struct pair *p = calloc(1, sizeof *p);

    assert_non_null(p);
    p->earlier = log_new();
    p->now = log_new();
    p->h = tb_hasher_new();
    assert_non_null(p->h);
    tb_policy_builtin(&p->policy);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct pair *p = *state;

    log_free(p->earlier);
    log_free(p->now);
    tb_hasher_free(p->h);
    free(p);
    return 0;
}

/* What stands behind the separator of PCR 7: a letter for each event. */
static void add_event(struct log_builder *b, char what)
{
    const uint8_t *shim = log_guid_shim;

    switch (what) {
    case 'd':
        log_variable(b, 7, AUTHORITY, log_guid_image_db, "db", log_signature_data(b, log_cert_db));
        break;
    case 's': log_variable(b, 7, AUTHORITY, shim, "SbatLevel", log_text("sbat,1,2025\n")); break;
    case '1':
        log_variable(b, 7, AUTHORITY, shim, "SbatLevel", log_text("sbat,1,2021030218\n"));
        break;
    case 'm': log_variable(b, 7, AUTHORITY, shim, "MokSBState", tb_slice("\1", 1)); break;
    case '0': log_variable(b, 7, AUTHORITY, shim, "MokSBState", tb_slice("\0", 1)); break;
    case 'p': log_variable(b, 7, AUTHORITY, shim, "MokPolicy", tb_slice("\1", 1)); break;
    case 't': log_variable(b, 7, AUTHORITY, shim, "MokListTrusted", tb_slice("\1", 1)); break;
    case 'l': log_variable(b, 7, AUTHORITY, shim, "MokListRT", log_cert_pk); break;
    default: fail();
    }
}

static void set_secure_boot(struct log_builder *b, bool on)
{
    struct log_item *item = log_find_variable(b, CONFIG, "SecureBoot");

    log_set_data(b, item,
                 log_uefi_variable(b, log_guid_global, "SecureBoot", tb_slice(on ? "\1" : "", 1)));
    log_rehash(b, item, tb_slice(item->data, item->data_len));
}

/* "1:dsl": Secure Boot on, then these events. */
static void build(struct log_builder *b, const char *boot)
{
    log_good_boot(b, BOTH);
    log_remove(b, log_find_variable(b, AUTHORITY, "db"));
    set_secure_boot(b, boot[0] == '1');
    for (const char *c = boot + 2; *c != '\0'; c++)
        add_event(b, *c);
}

static int proved_by(struct pair *p, struct tb_reader earlier)
{
    const struct tb_findings *f = &p->boot.findings;

    memset(&p->boot, 0xa5, sizeof p->boot);
    if (!tb_appraise_no_log(earlier, &p->quoted, &p->policy, p->h, &p->boot))
        return NOTHING;
    assert_int_equal(f->n, 1);
    assert_int_equal(f->list[0].outcome, TB_FAIL);
    assert_string_equal(f->list[0].reason.where, "PCR 7");
    for (unsigned c = 0; c < TB_N_CHECKS; c++)
        assert_int_equal(f->outcome[c], c == f->list[0].reason.check ? TB_FAIL : TB_NOT_CHECKED);
    assert_false(p->boot.bank_chosen);
    assert_int_equal(p->boot.facts.secure_boot, f->list[0].reason.check == TB_CHECK_SB_OFF
                                                    ? TB_SECURE_BOOT_OFF
                                                    : TB_SECURE_BOOT_UNKNOWN);
    return (int)f->list[0].reason.check;
}

static int proved(struct pair *p)
{
    log_finish(p->earlier);
    log_finish(p->now);
    p->quoted = p->now->pcrs;
    return proved_by(p, log_slice(p->earlier));
}

struct row {
    const char *earlier, *now;
    int check;
};

static void check_rows(struct pair *p, const struct row *rows, size_t n)
{
    static const uint32_t banks[] = { SHA256_ONLY, LOG_BANK(TB_BANK_SHA1), BOTH };

    for (size_t i = 0; i < 3 * n; i++) {
        const struct row *r = &rows[i / 3];
        int got;

        build(p->earlier, r->earlier);
        build(p->now, r->now);
        p->policy.banks = banks[i % 3];
        got = proved(p);
        if (got != r->check)
            fail_msg("%s, then %s, banks %x: %d", r->earlier, r->now, (unsigned)banks[i % 3], got);
    }
}

static void t45_secure_boot_that_was_switched_off_is_computed(void **state)
{
    static const struct row rows[] = {
        { "1:dsl", "0:1", TB_CHECK_SB_OFF },   { "1:dsl", "0:s", TB_CHECK_SB_OFF },
        { "1:dsl", "0:", TB_CHECK_SB_OFF },    { "1:dl", "0:", TB_CHECK_SB_OFF },
        { "1:d0sl", "0:01", TB_CHECK_SB_OFF }, { "1:dptsl", "0:pt1", TB_CHECK_SB_OFF },
        { "1:d", "0:", TB_CHECK_SB_OFF },      { "0:1", "0:1", TB_CHECK_SB_OFF },
        { "1:ddsld", "0:1", TB_CHECK_SB_OFF },
    };

    check_rows(*state, rows, sizeof rows / sizeof *rows);
}

static void t48_shim_that_was_told_to_verify_nothing_is_computed(void **state)
{
    static const struct row rows[] = {
        { "1:dsl", "1:dms", TB_CHECK_SB_SHIM },  { "1:dsl", "1:dsm", TB_CHECK_SB_SHIM },
        { "1:dsl", "1:dm1", TB_CHECK_SB_SHIM },  { "1:dsl", "1:d1m", TB_CHECK_SB_SHIM },
        { "1:dsl", "1:dm", TB_CHECK_SB_SHIM },   { "1:dl", "1:dm", TB_CHECK_SB_SHIM },
        { "1:d", "1:dm", TB_CHECK_SB_SHIM },     { "1:d0sl", "1:dms", TB_CHECK_SB_SHIM },
        { "1:dsdl", "1:dms", TB_CHECK_SB_SHIM }, { "1:dms", "1:dms", TB_CHECK_SB_SHIM },
    };

    check_rows(*state, rows, sizeof rows / sizeof *rows);
}

static void t45_t48_another_pcr_7_proves_nothing(void **state)
{
    static const struct row rows[] = {
        { "1:dsl", "1:dsl", NOTHING },  { "1:dsl", "1:dls", NOTHING }, { "1:dsl", "1:ds", NOTHING },
        { "1:dsl", "1:", NOTHING },     { "1:dsl", "0:dsl", NOTHING }, { "1:dsl", "0:d1", NOTHING },
        { "1:dsl", "0:m1", NOTHING },   { "1:dsl", "1:ds0", NOTHING }, { "0:1", "1:d1l", NOTHING },
        { "1:d", "1:d", NOTHING },      { "1:dl", "1:d", NOTHING },    { "1:", "1:", NOTHING },
        { "1:dsl", "1:dslm", NOTHING }, /* whoever has root extends it by MokSBState */
    };

    check_rows(*state, rows, sizeof rows / sizeof *rows);
}

static void every_bank_that_the_policy_allows_must_agree(void **state)
{
    struct pair *p = *state;

    build(p->earlier, "1:dsl");
    build(p->now, "0:1");
    assert_int_equal(proved(p), TB_CHECK_SB_OFF);
    p->quoted.value[TB_BANK_SHA1][7][19] ^= 1; /* not allowed: it does not count */
    assert_int_equal(proved_by(p, log_slice(p->earlier)), TB_CHECK_SB_OFF);
    p->policy.banks = BOTH;
    assert_int_equal(proved_by(p, log_slice(p->earlier)), NOTHING);
    p->quoted.value[TB_BANK_SHA1][7][19] ^= 1;
    assert_int_equal(proved_by(p, log_slice(p->earlier)), TB_CHECK_SB_OFF);
    p->quoted.mask[TB_BANK_SHA1] &= ~(1u << 7);
    assert_int_equal(proved_by(p, log_slice(p->earlier)), NOTHING);
    p->quoted.mask[TB_BANK_SHA1] = 0; /* not quoted at all */
    assert_int_equal(proved_by(p, log_slice(p->earlier)), TB_CHECK_SB_OFF);
    p->policy.banks = LOG_BANK(TB_BANK_SHA384);
    assert_int_equal(proved_by(p, log_slice(p->earlier)), NOTHING);
}

static void a_bank_that_the_earlier_log_lacks_proves_nothing(void **state)
{
    struct pair *p = *state;

    build(p->earlier, "1:dsl");
    build(p->now, "0:1");
    p->policy.banks = BOTH;
    for (size_t i = 0; i < p->earlier->n; i++)
        p->earlier->item[i].banks = SHA256_ONLY;
    p->earlier->banks = SHA256_ONLY;
    assert_int_equal(proved(p), NOTHING);
    p->policy.banks = SHA256_ONLY;
    assert_int_equal(proved(p), TB_CHECK_SB_OFF);
}

static void an_earlier_log_that_cannot_be_read_proves_nothing(void **state)
{
    struct pair *p = *state;
    struct tb_reader log;

    build(p->earlier, "1:dsl");
    build(p->now, "0:1");
    assert_int_equal(proved(p), TB_CHECK_SB_OFF);
    log = log_slice(p->earlier);
    log.left--;
    assert_int_equal(proved_by(p, log), NOTHING);
    log.left = 10;
    assert_int_equal(proved_by(p, log), NOTHING);
    log.left = 0;
    assert_int_equal(proved_by(p, log), NOTHING);
    log_begin(p->earlier, BOTH); /* no event in PCR 7 */
    log_separator(p->earlier, 0);
    assert_int_equal(proved(p), NOTHING);
    build(p->earlier, "1:dsl");
    for (int i = 0; i < 80; i++)
        log_action(p->earlier, 7, "one more");
    assert_int_equal(proved(p), NOTHING);
}

/* Only the firmware extends a PCR that is at its start. What comes later may be anybody's. */
static void t45_secure_boot_counts_as_the_first_event_only(void **state)
{
    struct pair *p = *state;

    for (int i = 0; i < 2; i++) {
        struct log_builder *b = i == 0 ? p->earlier : p->now;

        build(b, i == 0 ? "1:dsl" : "0:1");
        log_action(b, 7, "an action");
        log_move_before(b, &b->item[b->n - 1], log_find_variable(b, CONFIG, "SecureBoot"));
    }
    assert_int_equal(proved(p), NOTHING);
}

static void t45_what_the_earlier_log_says_of_secure_boot_does_not_count(void **state)
{
    struct pair *p = *state;
    struct log_item *item;

    build(p->earlier, "1:dsl");
    build(p->now, "1:1");
    item = log_find_variable(p->earlier, CONFIG, "SecureBoot");
    log_rehash(p->earlier, item, log_text("another"));
    assert_int_equal(proved(p), NOTHING);
    build(p->now, "0:1");
    assert_int_equal(proved(p), TB_CHECK_SB_OFF);
}

/* ---- boots of real machines ---- */

static struct tb_reader recorded_log(const char *name)
{
    const char *source = getenv("TRUEBOOT_SOURCE");
    char path[1024];
    uint8_t *bytes;
    size_t len;

    snprintf(path, sizeof path, "%s/tests/data/boots/%s/binary_bios_measurements",
             source != NULL ? source : ".", name);
    bytes = log_read_file(path, &len);
    assert_non_null(bytes);
    return tb_slice(bytes, len);
}

static void recorded_pcrs(const char *name, struct tb_pcrs *out)
{
    const char *source = getenv("TRUEBOOT_SOURCE");
    char path[1024], bank_name[32], hex[2 * TB_DIGEST_MAX + 1];
    unsigned pcr;
    FILE *f;

    snprintf(path, sizeof path, "%s/tests/data/boots/%s/pcrs", source != NULL ? source : ".", name);
    f = fopen(path, "r");
    assert_non_null(f);
    memset(out, 0, sizeof *out);
    while (fscanf(f, "%31s %u %128s", bank_name, &pcr, hex) == 3) {
        enum tb_bank bank;

        assert_true(tb_bank_of_name(bank_name, &bank) && pcr < TB_N_PCRS);
        for (size_t i = 0; i < tb_bank_digest_len(bank); i++)
            assert_int_equal(sscanf(hex + 2 * i, "%2hhx", &out->value[bank][pcr][i]), 1);
        out->mask[bank] |= UINT32_C(1) << pcr;
    }
    fclose(f);
    assert_true(out->mask[TB_BANK_SHA1] != 0 && out->mask[TB_BANK_SHA256] != 0);
}

static void t45_t48_debian_without_a_log_is_told_by_the_boot_before(void **state)
{
    static const struct row rows[] = {
        { "debian", "debian-no-log", TB_CHECK_SB_OFF },
        { "debian", "debian-shim-validation-off", TB_CHECK_SB_SHIM },
        { "debian", "debian", NOTHING },
        { "good", "debian-no-log", NOTHING }, /* another machine's log */
        { "good", "secure-boot-off", TB_CHECK_SB_OFF },
        { "good", "foreign-keys", NOTHING },
        { "good", "setup-mode", NOTHING },
    };
    struct pair *p = *state;

    p->policy.banks = BOTH;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tb_reader log = recorded_log(rows[i].earlier);
        int got;

        recorded_pcrs(rows[i].now, &p->quoted);
        got = proved_by(p, log);
        free((void *)(uintptr_t)log.p);
        if (got != rows[i].check)
            fail_msg("%s, then %s: %d", rows[i].earlier, rows[i].now, got);
    }
}

/* ---- the verdict ---- */

/* A host that boots with Secure Boot off, and has no log. */
static struct evidence *no_log(struct log_builder *earlier)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    log_good_boot(earlier, SHA256_ONLY);
    log_finish(earlier);
    set_secure_boot(e->log, false);
    log_remove(e->log, log_find_variable(e->log, AUTHORITY, "db"));
    evidence_prepare(e);
    e->content.has_log = false;
    e->content.log = e->message.log = tb_slice(NULL, 0);
    e->message.log_missing = true;
    memset(e->message.log_digest, 0, 32);
    evidence_bind(e);
    evidence_sign(e);
    e->in.earlier_log = log_slice(earlier);
    evidence_appraise(e);
    return e;
}

static void leads(struct evidence *e, enum tb_check check)
{
    evidence_appraise(e);
    assert_int_equal(e->result.verdict, TB_VERDICT_FAILED);
    assert_true(e->result.has_headline);
    if (e->result.headline != check)
        fail_msg("%s leads", tb_check_text(e->result.headline)->code);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_EVIDENCE_COMPLETE], TB_FAIL);
    assert_false(e->result.quote.genuine || e->result.quote.memory.present);
}

static void t45_secure_boot_off_leads_and_not_the_log_that_is_missing_for_it(void **state)
{
    struct evidence *e = no_log(((struct pair *)*state)->earlier);

    leads(e, TB_CHECK_SB_OFF);
    assert_string_equal(tb_result_headline(&e->result), "Secure Boot was off");
    assert_int_equal(e->result.boot->facts.secure_boot, TB_SECURE_BOOT_OFF);
    assert_string_equal(evidence_reason(e, TB_CHECK_SB_OFF)->expected, "SecureBoot 01");
    e->in.earlier_log = tb_slice(NULL, 0);
    leads(e, TB_CHECK_EVIDENCE_COMPLETE);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_SB_OFF], TB_NOT_CHECKED);
    assert_int_equal(e->result.boot->facts.secure_boot, TB_SECURE_BOOT_UNKNOWN);
    evidence_free(e);
}

static void a_policy_that_allows_secure_boot_off_still_misses_the_log(void **state)
{
    struct evidence *e = no_log(((struct pair *)*state)->earlier);

    e->policy.severity[TB_CHECK_SB_OFF] = TB_SEVERITY_ADVISORY;
    leads(e, TB_CHECK_EVIDENCE_COMPLETE);
    e->policy.severity[TB_CHECK_SB_OFF] = TB_SEVERITY_INFORM;
    leads(e, TB_CHECK_EVIDENCE_COMPLETE);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_SB_OFF], TB_FAIL); /* told all the same */
    evidence_free(e);
}

static void what_comes_before_secure_boot_leads_without_a_log_too(void **state)
{
    struct evidence *e = no_log(((struct pair *)*state)->earlier);

    e->policy.tpm_classes = 1U << TB_TPM_DISCRETE;
    e->in.tpm_class = TB_TPM_FIRMWARE;
    leads(e, TB_CHECK_IDENTITY_TPM_CLASS);
    evidence_free(e);
}

static void t45_values_that_no_genuine_quote_vouches_for_prove_nothing(void **state)
{
    struct evidence *e = no_log(((struct pair *)*state)->earlier);

    assert_true(e->result.quote.only_log_missing);
    e->nonce[0] ^= 1;
    leads(e, TB_CHECK_EVIDENCE_COMPLETE);
    assert_false(e->result.quote.only_log_missing);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_QUOTE_BINDING], TB_FAIL);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_SB_OFF], TB_NOT_CHECKED);
    e->nonce[0] ^= 1;
    e->content.pcrs.value[TB_BANK_SHA256][7][0] ^= 1;
    leads(e, TB_CHECK_EVIDENCE_COMPLETE);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_SB_OFF], TB_NOT_CHECKED);
    evidence_free(e);
}

static void a_log_that_came_is_judged_and_no_earlier_one(void **state)
{
    struct pair *p = *state;
    struct evidence *e = evidence_new(SHA256_ONLY);

    log_good_boot(p->earlier, SHA256_ONLY);
    log_finish(p->earlier);
    evidence_prepare(e);
    evidence_sign(e);
    e->in.earlier_log = log_slice(p->earlier);
    evidence_appraise(e);
    assert_int_equal(e->result.verdict, TB_VERDICT_TRUSTED);
    assert_false(e->result.quote.only_log_missing);
    evidence_free(e);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(t45_secure_boot_that_was_switched_off_is_computed),
        TEST(t48_shim_that_was_told_to_verify_nothing_is_computed),
        TEST(t45_t48_another_pcr_7_proves_nothing),
        TEST(every_bank_that_the_policy_allows_must_agree),
        TEST(a_bank_that_the_earlier_log_lacks_proves_nothing),
        TEST(an_earlier_log_that_cannot_be_read_proves_nothing),
        TEST(t45_secure_boot_counts_as_the_first_event_only),
        TEST(t45_what_the_earlier_log_says_of_secure_boot_does_not_count),
        TEST(t45_t48_debian_without_a_log_is_told_by_the_boot_before),
        TEST(t45_secure_boot_off_leads_and_not_the_log_that_is_missing_for_it),
        TEST(a_policy_that_allows_secure_boot_off_still_misses_the_log),
        TEST(what_comes_before_secure_boot_leads_without_a_log_too),
        TEST(t45_values_that_no_genuine_quote_vouches_for_prove_nothing),
        TEST(a_log_that_came_is_judged_and_no_earlier_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
