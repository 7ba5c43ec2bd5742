/* The appraisal, groups 5 to 11: what the log says once a genuine quote vouches for it. */
#include "tests/unit/appraise_change.h"

#include <stdio.h>

/* ---- group 5 ---- */

static void cut_log(struct evidence *e)
{
    e->content.log.left--;
}
static void log_of_text(struct evidence *e)
{
    e->content.log = tb_slice("not a log at all, but long enough to hold a first record", 56);
}
static void two_localities(struct evidence *e)
{
    log_move_before(e->log, log_locality(e->log, 3), &e->log->item[0]);
    log_move_before(e->log, log_locality(e->log, 3), &e->log->item[0]);
}
static void no_action_digest(struct evidence *e)
{
    log_no_action(e->log, 0, log_text("anything"))->digest[TB_BANK_SHA256][0] = 1;
}
static void unexplained(struct evidence *e)
{
    e->policy.pcrs = 0xff;
    e->content.pcrs.value[TB_BANK_SHA256][8][0] ^= 1;
    evidence_digest_pcrs(e);
}
static void unextended(struct evidence *e)
{
    memset(e->content.pcrs.value[TB_BANK_SHA256][5], 0, TB_DIGEST_MAX);
    evidence_digest_pcrs(e);
}

static void t10_each_check_of_the_log_counts_alone(void **state)
{
    static const struct change list[] = {
        { "cut", TB_CHECK_LOG_FORMAT, TB_VERDICT_FAILED, NULL, NULL, cut_log },
        { "two localities", TB_CHECK_LOG_LOCALITY, TB_VERDICT_FAILED, two_localities, NULL, NULL },
        { "digest of a no-action event", -1, TB_VERDICT_TRUSTED, no_action_digest, NULL, NULL },
        { "PCR still at its start", TB_CHECK_LOG_REPLAY, TB_VERDICT_FAILED, NULL, unextended,
          NULL },
    };
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    RUN(list);
    evidence_prepare(e);
    evidence_sign(e);
    log_of_text(e);
    evidence_appraise(e);
    assert_int_equal(e->result.verdict, TB_VERDICT_FAILED);
    evidence_free(e);

    e = evidence_new(SHA256_ONLY);
    no_action_digest(e);
    evidence_run(e);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_LOG_NO_ACTION], TB_FAIL);
    evidence_free(e);
}

static void t32_a_value_without_events_is_refused_in_pcr_0_to_9(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    for (size_t i = e->log->n; i-- > 0;) /* PCR 8 or 9 without any event */
        if (e->log->item[i].pcr == 8 || e->log->item[i].pcr == 9)
            log_remove(e->log, &e->log->item[i]);
    evidence_prepare(e);
    unexplained(e);
    evidence_sign(e);
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_LOG_UNEXPLAINED);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_UNEXPLAINED)->where, "PCR 8 sha256");
    evidence_free(e);
}

static void t32_l12_user_space_pcrs_are_told_and_the_policy_may_refuse_them(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    evidence_prepare(e);
    e->content.pcrs.value[TB_BANK_SHA256][11][0] ^= 1;
    evidence_digest_pcrs(e);
    evidence_sign(e);
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_USER_SPACE)->where, "PCR 11 sha256");
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_USER_SPACE)->observed, "not-in-log");
    e->policy.severity[TB_CHECK_LOG_USER_SPACE] = TB_SEVERITY_REQUIRED;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_LOG_USER_SPACE);
    evidence_free(e);
}

static void l05_a_changed_log_names_the_pcr_with_both_values(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    struct log_builder *other = log_new();
    char hex[132];

    (void)state;
    evidence_prepare(e);
    evidence_sign(e);
    log_good_boot(other, SHA256_ONLY);
    log_remove(other, log_find(other, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0));
    log_finish(other);
    e->content.log = log_slice(other);
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_LOG_REPLAY);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_REPLAY)->where, "PCR 4 sha256");
    tb_hex(tb_slice(other->pcrs.value[TB_BANK_SHA256][4], 32), hex, sizeof hex);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_REPLAY)->expected, hex);
    tb_hex(tb_slice(e->content.pcrs.value[TB_BANK_SHA256][4], 32), hex, sizeof hex);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_REPLAY)->observed, hex);
    log_free(other);
    evidence_free(e);
}

static void l08_a_log_without_the_quoted_bank_is_refused(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY | LOG_BANK(TB_BANK_SHA1));
    struct log_builder *other = log_new();

    (void)state;
    evidence_prepare(e);
    evidence_sign(e);
    log_good_boot_sha1(other);
    log_finish(other);
    e->content.log = log_slice(other);
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_LOG_REPLAY);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_REPLAY)->expected, "sha256");
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_REPLAY)->observed, "sha1");
    assert_false(e->result.boot->bank_chosen);
    assert_int_equal(e->result.boot->facts.secure_boot, TB_SECURE_BOOT_UNKNOWN);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_LOG_UNEXPLAINED], TB_NOT_CHECKED);
    log_free(other);
    evidence_free(e);
}

/* The firmware measured into two banks, and the log's header names one: its digests could be
 * anybody's, with those that tell the truth left out. */
static void l08_l09_t29_a_quoted_bank_that_the_log_does_not_declare_is_refused(void **state)
{
    static const enum tb_bank left_out[] = { TB_BANK_SHA256, TB_BANK_SHA384, TB_BANK_SHA1 };
    const uint32_t all = SHA256_ONLY | LOG_BANK(TB_BANK_SHA384) | LOG_BANK(TB_BANK_SHA1);

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct evidence *e = evidence_new(all);
        struct log_builder *other = log_new();

        evidence_prepare(e);
        evidence_sign(e);
        log_good_boot(other, all & ~LOG_BANK(left_out[i]));
        log_finish(other);
        e->content.log = log_slice(other);
        evidence_appraise(e);
        if (left_out[i] == TB_BANK_SHA1) {
            expect(e, TB_VERDICT_TRUSTED, -1); /* never relied on */
        } else {
            expect(e, TB_VERDICT_FAILED, TB_CHECK_LOG_REPLAY);
            assert_string_equal(evidence_reason(e, TB_CHECK_LOG_REPLAY)->where, "banks of the log");
            assert_string_equal(evidence_reason(e, TB_CHECK_LOG_REPLAY)->expected,
                                tb_bank_name(left_out[i]));
        }
        log_free(other);
        evidence_free(e);
    }
}

/* CVE-2021-42299: the firmware measured Secure Boot off into one bank, and root a good boot into
 * the other; both replay. */
static void t29_two_banks_that_tell_different_boots_are_refused(void **state)
{
    static const enum tb_bank honest[] = { TB_BANK_SHA256, TB_BANK_SHA384, TB_BANK_SHA1 };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct evidence *e =
            evidence_new(SHA256_ONLY | LOG_BANK(TB_BANK_SHA384) | LOG_BANK(TB_BANK_SHA1));
        struct log_item *item =
            log_find_variable(e->log, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot");
        uint8_t digest[TB_DIGEST_MAX];

        assert_true(tb_hash(
            e->h, honest[i],
            log_uefi_variable(e->log, log_guid_global, "SecureBoot", tb_slice("", 1)), digest));
        memcpy(item->digest[honest[i]], digest, sizeof digest);
        evidence_run(e);
        expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_UNEXPLAINED);
        assert_int_equal(e->result.findings.outcome[TB_CHECK_LOG_REPLAY], TB_PASS);
        assert_int_equal(e->result.boot->facts.secure_boot, TB_SECURE_BOOT_UNKNOWN);
        evidence_free(e);
    }
}

static void l09_every_allowed_bank_must_replay(void **state)
{
    static const enum tb_bank broken[] = { TB_BANK_SHA256, TB_BANK_SHA384, TB_BANK_SHA1 };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct evidence *e =
            evidence_new(SHA256_ONLY | LOG_BANK(TB_BANK_SHA384) | LOG_BANK(TB_BANK_SHA1));

        evidence_prepare(e);
        e->content.pcrs.value[broken[i]][0][0] ^= 1;
        evidence_digest_pcrs(e);
        evidence_sign(e);
        evidence_appraise(e);
        if (broken[i] == TB_BANK_SHA1)
            expect(e, TB_VERDICT_TRUSTED, -1); /* never relied on */
        else
            expect(e, TB_VERDICT_FAILED, TB_CHECK_LOG_REPLAY);
        evidence_free(e);
    }
}

static void events_without_a_digest_of_an_allowed_bank_are_refused(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY | LOG_BANK(TB_BANK_SHA384));

    (void)state;
    log_find(e->log, 5, TB_EV_SEPARATOR, 0)->banks = SHA256_ONLY;
    evidence_run(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_LOG_REPLAY);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_REPLAY)->where, "PCR 5 sha384");
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_REPLAY)->observed, "events without one");
    evidence_free(e);
}

/* ---- groups 6, 7, 9, 11 ---- */

static void secure_boot_off(struct evidence *e)
{
    set_secure_boot(e, 0);
}
static void secure_boot_two(struct evidence *e)
{
    set_secure_boot(e, 2);
}
static void no_secure_boot(struct evidence *e)
{
    log_remove(e->log, log_find_variable(e->log, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot"));
}

static void t45_secure_boot_off_fails_with_exactly_that_reason(void **state)
{
    static const struct change list[] = {
        { "off", TB_CHECK_SB_OFF, TB_VERDICT_FAILED, secure_boot_off, NULL, NULL },
        { "value 2", TB_CHECK_SB_VALUE, TB_VERDICT_FAILED, secure_boot_two, NULL, NULL },
        { "missing", TB_CHECK_SB_MISSING, TB_VERDICT_FAILED, no_secure_boot, NULL, NULL },
    };
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    RUN(list);
    secure_boot_off(e);
    evidence_run(e);
    assert_string_equal(tb_result_headline(&e->result), "Secure Boot was off");
    assert_int_equal(e->result.boot->facts.secure_boot, TB_SECURE_BOOT_OFF);
    e->policy.severity[TB_CHECK_SB_OFF] = TB_SEVERITY_INFORM;
    evidence_appraise(e);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_SB_OFF], TB_FAIL);
    evidence_free(e);
}

static void t46_keys_outside_the_allow_list_are_refused(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    evidence_run(e);
    for (unsigned k = 0; k < TB_N_KEYSETS; k++) {
        const struct tb_keyset *set = &e->result.boot->facts.keyset[k];
        struct tb_keyset measured = *set;

        assert_true(measured.measured);
        e->policy.n_keys[k] = 1;
        memset(e->policy.keys[k][0], 0x11, 32);
        evidence_appraise(e);
        expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_KEYS);
        e->policy.n_keys[k] = 2;
        memcpy(e->policy.keys[k][1], measured.digest, 32);
        evidence_appraise(e);
        expect(e, TB_VERDICT_TRUSTED, -1);
    }
    evidence_free(e);
}

static void t46_a_key_set_that_was_not_measured_is_not_on_the_list(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    log_remove(e->log, log_find_variable(e->log, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "dbx"));
    e->policy.n_keys[TB_KEYSET_DBX] = 1; /* 32 zeros, as a digest that nobody filled in is */
    evidence_run(e);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_SB_KEYS], TB_FAIL);
    assert_string_equal(evidence_reason(e, TB_CHECK_SB_KEYS)->observed, "not measured");
    evidence_free(e);
}

static void t47_authorities_outside_the_allow_list_are_refused(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    evidence_run(e);
    assert_int_equal(e->result.boot->facts.n_authorities, 1);
    memcpy(e->policy.authorities[1], e->result.boot->facts.authority[0].digest, 32);
    e->policy.n_authorities = 1;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_KEYS);
    assert_string_equal(evidence_reason(e, TB_CHECK_SB_KEYS)->where, "authority");
    e->policy.n_authorities = 2;
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    evidence_free(e);
}

/* Secure Boot may be off, or its check lowered: a list of authorities asks for one. */
static void t47_a_boot_without_an_authority_fails_a_list_of_authorities(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    evidence_run(e);
    memcpy(e->policy.authorities[0], e->result.boot->facts.authority[0].digest, 32);
    e->policy.n_authorities = 1;
    log_remove(e->log, log_find(e->log, 7, TB_EV_EFI_VARIABLE_AUTHORITY, 0));
    e->policy.severity[TB_CHECK_SB_AUTHORITY] = TB_SEVERITY_INFORM;
    evidence_run(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_KEYS);
    assert_string_equal(evidence_reason(e, TB_CHECK_SB_KEYS)->where, "authority");
    assert_string_equal(evidence_reason(e, TB_CHECK_SB_KEYS)->observed, "none");
    log_variable(e->log, 7, TB_EV_EFI_VARIABLE_AUTHORITY, log_guid_shim, "SbatLevel",
                 log_text("sbat,1,2021030218\n"));
    evidence_run(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_KEYS);
    assert_string_equal(evidence_reason(e, TB_CHECK_SB_KEYS)->observed, "none");
    evidence_free(e);

    e = evidence_new(SHA256_ONLY); /* an authority that is not believed is none either */
    evidence_run(e);
    memcpy(e->policy.authorities[0], e->result.boot->facts.authority[0].digest, 32);
    e->policy.n_authorities = 1;
    e->policy.severity[TB_CHECK_SB_UNEXPLAINED] = TB_SEVERITY_INFORM;
    log_event(e->log, 7, TB_EV_EFI_VARIABLE_AUTHORITY, log_text("a"), log_text("b"));
    evidence_run(e);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_SB_KEYS], TB_FAIL);
    evidence_free(e);
}

static void t47_settings_of_shim_need_not_be_on_the_list_its_keys_must(void **state)
{
    static const struct {
        const char *name;
        const uint8_t *guid;
        bool setting;
    } list[] = {
        { "SbatLevel", log_guid_shim, true },      { "MokListTrusted", log_guid_shim, true },
        { "SbatLevel", log_guid_image_db, false }, { "Shim", log_guid_shim, false },
        { "MokList", log_guid_shim, false },       { "vendor_db", log_guid_image_db, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct evidence *e = evidence_new(SHA256_ONLY);

        evidence_run(e);
        memcpy(e->policy.authorities[0], e->result.boot->facts.authority[0].digest, 32);
        e->policy.n_authorities = 1;
        log_variable(e->log, 7, TB_EV_EFI_VARIABLE_AUTHORITY, list[i].guid, list[i].name,
                     tb_slice("\1", 1));
        evidence_run(e);
        assert_int_equal(e->result.boot->facts.n_authorities, 2);
        if (list[i].setting)
            expect(e, TB_VERDICT_TRUSTED, -1);
        else
            expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_KEYS);
        evidence_free(e);
    }
}

static void t47_more_authorities_than_can_be_kept_are_refused_under_a_list(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    struct log_item *after = log_find(e->log, 7, TB_EV_EFI_VARIABLE_AUTHORITY, 0);

    (void)state;
    e->policy.n_authorities = TB_POLICY_DIGESTS_MAX;
    for (uint8_t i = 0; i < TB_AUTHORITIES_MAX + 1; i++) {
        struct tb_reader data = log_signature_data(e->log, tb_slice(&i, 1));
        struct log_item *item =
            log_variable(e->log, 7, TB_EV_EFI_VARIABLE_AUTHORITY, log_guid_image_db, "db", data);

        after = log_find(e->log, 7, TB_EV_EFI_VARIABLE_AUTHORITY, 0);
        log_move_after(e->log, item, after);
    }
    evidence_run(e);
    assert_true(e->result.boot->facts.n_authorities_lost > 0);
    for (size_t i = 0; i < e->result.boot->facts.n_authorities; i++)
        memcpy(e->policy.authorities[i], e->result.boot->facts.authority[i].digest, 32);
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_KEYS);
    assert_string_equal(evidence_reason(e, TB_CHECK_SB_KEYS)->where, "authorities");
    evidence_free(e);
}

static void programs_outside_the_allow_list_are_refused(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    struct tb_boot_facts *facts = &e->boot.facts;

    (void)state;
    evidence_run(e);
    assert_true(facts->n_programs > 0);
    e->policy.programs[0].bank = TB_BANK_SHA256;
    e->policy.n_programs = 1;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_LOADER_ALLOWED);
    e->policy.n_programs = 1 + facts->n_programs;
    for (size_t i = 0; i < facts->n_programs; i++) {
        e->policy.programs[1 + i].bank = TB_BANK_SHA256;
        memcpy(e->policy.programs[1 + i].digest, facts->program[i].digest[TB_BANK_SHA256],
               TB_DIGEST_MAX);
    }
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    for (size_t i = 0; i < e->policy.n_programs; i++)
        e->policy.programs[i].bank = TB_BANK_SHA384; /* the same bytes of another algorithm */
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_LOADER_ALLOWED);
    evidence_free(e);
}

/* A bank that somebody filled names an allowed program, the other the one that ran. */
static void t29_a_program_must_be_allowed_in_every_bank_that_the_list_has(void **state)
{
    static const enum tb_bank honest[] = { TB_BANK_SHA256, TB_BANK_SHA384, TB_BANK_SHA1 };
    const uint32_t banks = SHA256_ONLY | LOG_BANK(TB_BANK_SHA384) | LOG_BANK(TB_BANK_SHA1);

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct evidence *e = evidence_new(banks);
        struct log_item *item;

        evidence_run(e);
        assert_int_equal(e->result.boot->facts.n_programs, 1);
        assert_int_equal(e->result.boot->facts.program[0].banks, banks);
        e->policy.n_programs = 3;
        for (size_t k = 0; k < 3; k++) {
            e->policy.programs[k].bank = honest[k];
            memcpy(e->policy.programs[k].digest, e->result.boot->facts.program[0].digest[honest[k]],
                   TB_DIGEST_MAX);
        }
        evidence_appraise(e);
        expect(e, TB_VERDICT_TRUSTED, -1);
        item = log_find(e->log, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0);
        memset(item->digest[honest[i]], 0x66, TB_DIGEST_MAX);
        evidence_run(e);
        expect(e, TB_VERDICT_FAILED, TB_CHECK_LOADER_ALLOWED);
        assert_non_null(
            strstr(evidence_reason(e, TB_CHECK_LOADER_ALLOWED)->where, tb_bank_name(honest[i])));
        e->policy.programs[i] = e->policy.programs[(i + 1) % 3]; /* no digest of that bank */
        evidence_appraise(e);
        if (honest[i] == TB_BANK_SHA384)
            expect(e, TB_VERDICT_FAILED, TB_CHECK_LOADER_ALLOWED); /* it is relied on */
        else
            expect(e, TB_VERDICT_TRUSTED, -1);
        evidence_free(e);
    }
}

static void a_boot_without_or_with_too_many_programs_fails_a_list_of_programs(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    char image[16];

    (void)state;
    for (size_t i = e->log->n; i-- > 0;)
        if (e->log->item[i].pcr == 4 && e->log->item[i].type == TB_EV_EFI_BOOT_SERVICES_APPLICATION)
            log_remove(e->log, &e->log->item[i]);
    e->policy.n_programs = 1;
    evidence_run(e);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_LOADER_ALLOWED], TB_FAIL);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOADER_ALLOWED)->observed, "none");
    evidence_free(e);

    e = evidence_new(SHA256_ONLY);
    for (unsigned i = 0; i < TB_PROGRAMS_MAX + 1; i++) {
        snprintf(image, sizeof image, "image %u", i);
        log_application(e->log, image, "\\x.efi");
    }
    e->policy.n_programs = TB_POLICY_DIGESTS_MAX;
    evidence_run(e);
    assert_true(e->result.boot->facts.n_programs_lost > 0);
    for (size_t i = 0; i < TB_POLICY_DIGESTS_MAX; i++) {
        e->policy.programs[i].bank = TB_BANK_SHA256;
        memcpy(e->policy.programs[i].digest,
               e->result.boot->facts.program[i % TB_PROGRAMS_MAX].digest[TB_BANK_SHA256],
               TB_DIGEST_MAX);
    }
    evidence_appraise(e);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_LOADER_ALLOWED], TB_FAIL);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOADER_ALLOWED)->expected,
                        "at most 32 programs");
    evidence_free(e);
}

static void pinned_pcrs_must_have_one_of_their_values(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    e->policy.n_pins = 1;
    e->policy.pin[0] = (struct tb_pin){ .bank = TB_BANK_SHA256, .pcr = 14 };
    evidence_run(e);
    expect(e, TB_VERDICT_TRUSTED, -1); /* 14 is zeros */
    e->policy.pin[0].pcr = 7;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_PCR_PINNED);
    e->policy.n_pins = 2; /* an alternative */
    e->policy.pin[1] = e->policy.pin[0];
    memcpy(e->policy.pin[1].value, e->content.pcrs.value[TB_BANK_SHA256][7], 32);
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    e->policy.pin[1].pcr = 4; /* the right value of another PCR, or of another bank */
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_PCR_PINNED);
    e->policy.pin[1].pcr = 7;
    e->policy.pin[1].bank = TB_BANK_SHA384;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_PCR_PINNED);
    e->policy.n_pins = 1; /* zeros, and not quoted */
    e->policy.pin[0] = (struct tb_pin){ .bank = TB_BANK_SHA256, .pcr = 10 };
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_PCR_PINNED);
    assert_string_equal(evidence_reason(e, TB_CHECK_PCR_PINNED)->observed, "not quoted");
    evidence_free(e);
}

static void firmware_other_than_accepted_is_changed_not_failed(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    struct tb_firmware_reference *r = &e->in.firmware;

    (void)state;
    evidence_prepare(e);
    evidence_sign(e);
    r->present = true;
    r->bank = TB_BANK_SHA256;
    for (unsigned i = 0; i < 4; i++)
        memcpy(r->value[i], e->content.pcrs.value[TB_BANK_SHA256][i], TB_DIGEST_MAX);
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    for (unsigned i = 0; i < 4; i++) {
        r->value[i][5] ^= 1;
        evidence_appraise(e);
        expect(e, TB_VERDICT_CHANGED, TB_CHECK_FIRMWARE_CHANGED);
        r->value[i][5] ^= 1;
    }
    r->bank = TB_BANK_SHA512; /* cannot be compared */
    memset(r->value, 0, sizeof r->value);
    evidence_appraise(e);
    expect(e, TB_VERDICT_CHANGED, TB_CHECK_FIRMWARE_CHANGED);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_FIRMWARE_CHANGED], TB_UNKNOWN);
    evidence_free(e);
}

/* ---- what a log cannot say ---- */

/* Facts that a policy compares; paths are shown as unverified and may differ. */
static bool same_facts(const struct tb_boot_facts *a, const struct tb_boot_facts *b)
{
    bool same = a->secure_boot == b->secure_boot && a->n_authorities == b->n_authorities &&
                a->n_programs == b->n_programs;

    for (unsigned k = 0; same && k < TB_N_KEYSETS; k++)
        same = a->keyset[k].measured == b->keyset[k].measured &&
               memcmp(a->keyset[k].digest, b->keyset[k].digest, 32) == 0;
    for (size_t i = 0; same && i < a->n_authorities; i++)
        same = memcmp(a->authority[i].digest, b->authority[i].digest, 32) == 0;
    for (size_t i = 0; same && i < a->n_programs; i++)
        same = memcmp(a->program[i].digest, b->program[i].digest, sizeof a->program[i].digest) == 0;
    return same;
}

static void t35_a_retyped_event_is_refused_or_changes_no_fact(void **state)
{
    static const uint32_t types[] = { TB_EV_UNUSED,
                                      TB_EV_ACTION,
                                      TB_EV_SEPARATOR,
                                      TB_EV_POST_CODE,
                                      TB_EV_EFI_VARIABLE_DRIVER_CONFIG,
                                      TB_EV_EFI_VARIABLE_AUTHORITY,
                                      TB_EV_NO_ACTION };
    struct evidence *good = evidence_new(SHA256_ONLY);
    size_t n_trusted = 0, n_refused = 0;

    (void)state;
    evidence_run(good);
    for (size_t i = 0; i < good->log->n; i++)
        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
            struct evidence *e = evidence_new(SHA256_ONLY);

            e->log->item[i].type = types[t];
            evidence_prepare(e);
            /* the quote stays the one of the boot that was */
            e->content.pcrs = e->message.pcrs = good->content.pcrs;
            e->message.has_pcrs = false;
            evidence_bind(e);
            evidence_digest_pcrs(e);
            evidence_sign(e);
            evidence_appraise(e);
            if (e->result.verdict == TB_VERDICT_TRUSTED) {
                assert_true(same_facts(&e->result.boot->facts, &good->result.boot->facts));
                n_trusted++;
            } else {
                n_refused++;
            }
            evidence_free(e);
        }
    assert_true(n_trusted > 0 && n_refused > 0);
    evidence_free(good);
}

static void t35_events_removed_or_inserted_are_refused(void **state)
{
    struct evidence *good = evidence_new(SHA256_ONLY);

    (void)state;
    evidence_run(good);
    for (size_t i = 0; i < good->log->n; i++)
        for (unsigned insert = 0; insert < 2; insert++) {
            struct evidence *e = evidence_new(SHA256_ONLY);
            bool measured = e->log->item[i].type != TB_EV_NO_ACTION;

            if (insert)
                log_move_before(e->log, log_action(e->log, e->log->item[i].pcr, "inserted"),
                                &e->log->item[i]);
            else
                log_remove(e->log, &e->log->item[i]);
            evidence_prepare(e);
            e->content.pcrs = good->content.pcrs;
            evidence_digest_pcrs(e);
            evidence_sign(e);
            evidence_appraise(e);
            if (insert || measured)
                expect(e, TB_VERDICT_FAILED,
                       e->result.findings.outcome[TB_CHECK_LOG_REPLAY] == TB_FAIL
                           ? TB_CHECK_LOG_REPLAY
                           : TB_CHECK_LOG_UNEXPLAINED);
            evidence_free(e);
        }
    evidence_free(good);
}

static void t37_a_changed_data_byte_is_refused_or_changes_no_fact(void **state)
{
    struct evidence *good = evidence_new(SHA256_ONLY);

    (void)state;
    evidence_run(good);
    for (size_t i = 0; i < good->log->n; i++)
        for (size_t at = 0; at < good->log->item[i].data_len; at += 7) {
            struct evidence *e = evidence_new(SHA256_ONLY);
            uint8_t *data = test_memdup(e->log->item[i].data, e->log->item[i].data_len);

            data[at] ^= 0x20;
            e->log->item[i].data = data; /* its digest stays */
            evidence_run(e);
            if (e->result.verdict == TB_VERDICT_TRUSTED)
                assert_true(same_facts(&e->result.boot->facts, &good->result.boot->facts));
            free(data);
            evidence_free(e);
        }
    evidence_free(good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t10_each_check_of_the_log_counts_alone),
        cmocka_unit_test(t32_a_value_without_events_is_refused_in_pcr_0_to_9),
        cmocka_unit_test(t32_l12_user_space_pcrs_are_told_and_the_policy_may_refuse_them),
        cmocka_unit_test(l05_a_changed_log_names_the_pcr_with_both_values),
        cmocka_unit_test(l08_a_log_without_the_quoted_bank_is_refused),
        cmocka_unit_test(l08_l09_t29_a_quoted_bank_that_the_log_does_not_declare_is_refused),
        cmocka_unit_test(t29_two_banks_that_tell_different_boots_are_refused),
        cmocka_unit_test(l09_every_allowed_bank_must_replay),
        cmocka_unit_test(events_without_a_digest_of_an_allowed_bank_are_refused),
        cmocka_unit_test(t45_secure_boot_off_fails_with_exactly_that_reason),
        cmocka_unit_test(t46_keys_outside_the_allow_list_are_refused),
        cmocka_unit_test(t46_a_key_set_that_was_not_measured_is_not_on_the_list),
        cmocka_unit_test(t47_authorities_outside_the_allow_list_are_refused),
        cmocka_unit_test(t47_a_boot_without_an_authority_fails_a_list_of_authorities),
        cmocka_unit_test(t47_settings_of_shim_need_not_be_on_the_list_its_keys_must),
        cmocka_unit_test(t47_more_authorities_than_can_be_kept_are_refused_under_a_list),
        cmocka_unit_test(programs_outside_the_allow_list_are_refused),
        cmocka_unit_test(t29_a_program_must_be_allowed_in_every_bank_that_the_list_has),
        cmocka_unit_test(a_boot_without_or_with_too_many_programs_fails_a_list_of_programs),
        cmocka_unit_test(pinned_pcrs_must_have_one_of_their_values),
        cmocka_unit_test(firmware_other_than_accepted_is_changed_not_failed),
        cmocka_unit_test(t35_a_retyped_event_is_refused_or_changes_no_fact),
        cmocka_unit_test(t35_events_removed_or_inserted_are_refused),
        cmocka_unit_test(t37_a_changed_data_byte_is_refused_or_changes_no_fact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
