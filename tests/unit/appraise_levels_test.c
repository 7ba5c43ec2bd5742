/* What the policy asks of a boot's levels: SBAT, machine owner's keys, the firmware's version. */
#include "tests/unit/appraise_change.h"

#include <stdio.h>

#include "core/uefi.h"

#define AUTHORITY TB_EV_EFI_VARIABLE_AUTHORITY

/* ---- T-49: SBAT ---- */

static void add_level(struct evidence *e, const char *level)
{
    log_variable(e->log, 7, AUTHORITY, log_guid_shim, "SbatLevel", log_text(level));
}

/* The policy names the program that the firmware starts first, and asks no more of programs. */
static void name_shim(struct evidence *e)
{
    const struct log_item *shim = log_find(e->log, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0);

    e->policy.n_programs = 1;
    e->policy.programs[0].bank = TB_BANK_SHA256;
    memcpy(e->policy.programs[0].digest, shim->digest[TB_BANK_SHA256], 32);
    e->policy.severity[TB_CHECK_LOADER_ALLOWED] = TB_SEVERITY_INFORM;
}

static void need_sbat(struct tb_policy *p, const char *level)
{
    struct tb_reason why;

    assert_true(tb_sbat_parse(tb_slice(level, strlen(level)), &p->sbat, &why));
}

#define LEVEL_2023 "sbat,1,2023012900\nshim,2\ngrub,3\ngrub.debian,4\n"
#define LEVEL_2024 "sbat,1,2024010900\nshim,4\ngrub,3\ngrub.debian,4\n"

static void t49_a_level_below_the_required_one_is_refused_with_the_component(void **state)
{
    static const struct {
        const char *measured, *needed, *expected, *observed;
        int outcome;
    } list[] = {
        { LEVEL_2023, "", NULL, NULL, TB_PASS },
        { LEVEL_2024, LEVEL_2024, NULL, NULL, TB_PASS },
        { LEVEL_2024, LEVEL_2023, NULL, NULL, TB_PASS },
        { LEVEL_2024, "shim,4", NULL, NULL, TB_PASS },
        { LEVEL_2023, LEVEL_2024, "sbat,1,2024010900", "sbat,1,2023012900", TB_FAIL },
        { LEVEL_2023, "shim,4\ngrub,3", "shim,4", "shim,2", TB_FAIL },
        { LEVEL_2024, "shim,4\ngrub.peimage,2", "grub.peimage,2", "no such component", TB_FAIL },
        { NULL, "shim,1", "a level that shim measured", "none", TB_UNKNOWN },
        { "shim,4\nshim,5\n", "shim,1", "each component once", "shim", TB_UNKNOWN },
        { NULL, "", NULL, NULL, TB_PASS },
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct evidence *e = evidence_new(SHA256_ONLY);

        print_message("- %zu\n", i);
        if (list[i].measured != NULL)
            add_level(e, list[i].measured);
        name_shim(e);
        if (list[i].needed[0] != '\0')
            need_sbat(&e->policy, list[i].needed);
        evidence_run(e);
        assert_int_equal(e->result.findings.outcome[TB_CHECK_SB_SBAT], list[i].outcome);
        if (list[i].outcome == TB_PASS) {
            expect(e, TB_VERDICT_TRUSTED, -1);
        } else {
            expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_SBAT);
            assert_string_equal(evidence_reason(e, TB_CHECK_SB_SBAT)->expected, list[i].expected);
            assert_string_equal(evidence_reason(e, TB_CHECK_SB_SBAT)->observed, list[i].observed);
        }
        evidence_free(e);
    }
}

/* A boot without shim, or with one that knows no level: root extends one afterwards, and PCR 7 is
 * what it would be with shim. He cannot choose the first program of PCR 4 any more. */
static void t49_a_level_counts_only_behind_a_program_that_the_policy_names(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    need_sbat(&e->policy, "shim,4");
    add_level(e, LEVEL_2024);
    evidence_run(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_SBAT);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_SB_SBAT], TB_UNKNOWN);
    assert_string_equal(evidence_reason(e, TB_CHECK_SB_SBAT)->observed,
                        "no such list in the policy");
    name_shim(e);
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    e->policy.programs[0].digest[0] ^= 1;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_SBAT);
    assert_string_equal(evidence_reason(e, TB_CHECK_SB_SBAT)->observed, "another program, or none");
    evidence_free(e);

    e = evidence_new(SHA256_ONLY); /* another program started; shim's digest is extended, too */
    need_sbat(&e->policy, "shim,4");
    name_shim(e);
    log_rehash(e->log, log_find(e->log, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0),
               log_text("no shim"));
    log_event(e->log, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, log_text("x"), log_text("x"));
    memcpy(e->log->item[e->log->n - 1].digest[TB_BANK_SHA256], e->policy.programs[0].digest, 32);
    add_level(e, LEVEL_2024);
    evidence_run(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_SBAT);
    evidence_free(e);
}

static void t49_a_level_that_is_too_long_to_be_kept_proves_nothing(void **state)
{
    char level[TB_SBAT_LEVEL_MAX + 64] = "";
    struct evidence *e = evidence_new(SHA256_ONLY);
    size_t n = 0;

    (void)state;
    for (int i = 0; n < TB_SBAT_LEVEL_MAX; i++)
        n += (size_t)snprintf(level + n, sizeof level - n, "component%d,1\n", i);
    add_level(e, level);
    need_sbat(&e->policy, "component0,1");
    evidence_run(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_SBAT);
    assert_string_equal(evidence_reason(e, TB_CHECK_SB_SBAT)->observed, "one that is too long");
    evidence_free(e);
}

/* A level in an event whose digest is of something else, as root writes it into the log. */
static void t49_a_level_that_no_digest_covers_is_none(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    add_level(e, LEVEL_2023);
    need_sbat(&e->policy, LEVEL_2024);
    evidence_prepare(e);
    log_set_data(e->log, log_find_variable(e->log, AUTHORITY, "SbatLevel"),
                 log_uefi_variable(e->log, log_guid_shim, "SbatLevel", log_text(LEVEL_2024)));
    log_finish(e->log);
    e->message.log = log_slice(e->log);
    evidence_bind(e);
    evidence_sign(e);
    e->content.log = log_slice(e->log);
    evidence_appraise(e);
    assert_int_equal(e->result.verdict, TB_VERDICT_FAILED);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_SB_SBAT], TB_UNKNOWN);
    evidence_free(e);
}

/* ---- T-48 ---- */

static void mok_vouched(struct evidence *e)
{
    log_variable(e->log, 7, AUTHORITY, log_guid_shim, "MokList", log_cert_pk);
}
static void mok_vouched_and_is_forbidden(struct evidence *e)
{
    mok_vouched(e);
    e->policy.forbid_mok = true;
}
static void list_of_unknown_keys(struct evidence *e)
{
    log_variable(e->log, 7, AUTHORITY, log_guid_shim, "Shim", log_cert_pk);
    log_event(e->log, 14, TB_EV_IPL, log_text("keys of somebody"), tb_slice("MokList", 8));
}
static void list_of_unknown_keys_under_a_ban(struct evidence *e)
{
    list_of_unknown_keys(e);
    e->policy.forbid_mok = true;
}
static void ban_without_shim(struct evidence *e)
{
    e->policy.forbid_mok = true;
}
static void ban_with_an_unnamed_list(struct evidence *e)
{
    log_event(e->log, 14, TB_EV_IPL, log_text("keys of somebody"), tb_slice("x", 2));
    e->policy.forbid_mok = true;
}
static void shims_own_list(struct evidence *e)
{
    static const uint8_t zeros[32];
    uint8_t list[28 + 48] = { 0 };

    memcpy(list, log_guid_cert_sha256, 16);
    list[16] = sizeof list;
    list[24] = 48;
    memcpy(list + 28, log_guid_shim, 16);
    memcpy(list + 44, zeros, 32);
    log_variable(e->log, 7, AUTHORITY, log_guid_shim, "Shim", log_cert_pk);
    log_event(e->log, 14, TB_EV_IPL, tb_slice(list, sizeof list), tb_slice("MokList", 8));
    e->policy.forbid_mok = true;
}

/* MokListRT's key as shim logs it, and MokList as the list of these bytes alone. */
static void key_of_the_list(struct evidence *e, const char *list)
{
    uint8_t owned[64], whole[128] = { 0 };
    const size_t len = strlen(list);

    memcpy(owned, log_guid_shim, 16);
    memcpy(owned + 16, "a certificate", 13);
    log_variable(e->log, 7, AUTHORITY, log_guid_shim, "MokListRT", tb_slice(owned, 29));
    memcpy(whole, log_guid_cert_x509, 16);
    whole[16] = (uint8_t)(44 + len);
    whole[24] = (uint8_t)(16 + len);
    memcpy(whole + 28, log_guid_shim, 16);
    memcpy(whole + 44, list, len);
    log_event(e->log, 14, TB_EV_IPL, tb_slice(whole, 44 + len), tb_slice("MokList", 8));
}

/* Since version 15.5 shim has its maker's certificate and the owner's keys in one list. */
static void
t48_a_key_of_the_list_that_nobody_knows_is_the_owners_unless_it_is_shims_own(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    uint8_t digest[TB_DIGEST_MAX];

    (void)state;
    key_of_the_list(e, "another one");
    evidence_run(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    assert_string_equal(evidence_reason(e, TB_CHECK_SB_MOK)->observed, "one that vouched");
    e->policy.forbid_mok = true;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_KEYS);
    evidence_free(e);

    e = evidence_new(SHA256_ONLY); /* the list is that key alone */
    key_of_the_list(e, "a certificate");
    evidence_run(e);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_SB_MOK], TB_NOT_CHECKED);
    e->policy.forbid_mok = true;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_KEYS);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_SB_KEYS], TB_UNKNOWN);
    assert_true(tb_hash(e->h, TB_BANK_SHA256, log_text("a certificate"), digest));
    e->policy.severity[TB_CHECK_SB_KEYS] = TB_SEVERITY_INFORM; /* others are not on the list */
    memcpy(e->policy.authorities[0], digest, 32);
    e->policy.n_authorities = 1;
    evidence_appraise(e);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_SB_MOK], TB_PASS);
    evidence_free(e);
}

static void t48_keys_of_the_machines_owner_are_told_and_refused_by_policy(void **state)
{
    static const struct change list[] = {
        { "vouched", -1, TB_VERDICT_TRUSTED, mok_vouched, NULL, NULL },
        { "vouched, forbidden", TB_CHECK_SB_KEYS, TB_VERDICT_FAILED, mok_vouched_and_is_forbidden,
          NULL, NULL },
        { "unknown list", -1, TB_VERDICT_TRUSTED, list_of_unknown_keys, NULL, NULL },
        { "unknown list, forbidden", TB_CHECK_SB_KEYS, TB_VERDICT_FAILED,
          list_of_unknown_keys_under_a_ban, NULL, NULL },
        { "no shim, forbidden", -1, TB_VERDICT_TRUSTED, ban_without_shim, NULL, NULL },
        { "a list without a name, forbidden", TB_CHECK_SB_KEYS, TB_VERDICT_FAILED,
          ban_with_an_unnamed_list, NULL, NULL },
        { "shim's own list, forbidden", -1, TB_VERDICT_TRUSTED, shims_own_list, NULL, NULL },
    };
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    RUN(list);
    mok_vouched(e);
    evidence_run(e);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_SB_MOK], TB_FAIL);
    assert_string_equal(evidence_reason(e, TB_CHECK_SB_MOK)->observed, "one that vouched");
    evidence_free(e);
}

/* ---- firmware's version ---- */

static void a_firmware_version_outside_the_list_is_refused(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    struct log_item *version;

    (void)state;
    snprintf(e->policy.firmware_version[0], TB_TEXT_MAX, "1.6");
    e->policy.n_firmware_versions = 1;
    evidence_run(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_FIRMWARE_VERSION);
    assert_string_equal(evidence_reason(e, TB_CHECK_FIRMWARE_VERSION)->observed, "1.7");
    snprintf(e->policy.firmware_version[1], TB_TEXT_MAX, "1.7");
    e->policy.n_firmware_versions = 2;
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    evidence_free(e);

    e = evidence_new(SHA256_ONLY); /* a version that the digest does not cover is none */
    version = log_find(e->log, 0, TB_EV_S_CRTM_VERSION, 0);
    log_rehash(e->log, version, log_text("something else"));
    snprintf(e->policy.firmware_version[0], TB_TEXT_MAX, "1.7");
    e->policy.n_firmware_versions = 1;
    evidence_run(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_FIRMWARE_VERSION);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_FIRMWARE_VERSION], TB_UNKNOWN);
    evidence_free(e);
}

/* ---- a PCR that does not match says nothing ---- */

static void levels_are_not_read_from_a_pcr_that_does_not_match(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    add_level(e, LEVEL_2024);
    evidence_prepare(e);
    e->content.pcrs.value[TB_BANK_SHA256][7][0] ^= 1;
    evidence_digest_pcrs(e);
    evidence_sign(e);
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_LOG_REPLAY);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_SB_SBAT], TB_NOT_CHECKED);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_SB_DBX], TB_NOT_CHECKED);
    evidence_free(e);
}

/* ---- real logs ---- */

/* Appraised as if its own PCR values had been quoted. */
static bool appraise_file(const char *name, struct tb_policy *policy, struct tb_boot_result *out)
{
    static const struct tb_firmware_reference none;
    const char *fixtures = getenv("TRUEBOOT_FIXTURES");
    struct tb_hasher *h = tb_hasher_new();
    struct tb_replay replay;
    struct tb_reason why;
    char path[512];
    uint8_t *bytes;
    size_t len;

    snprintf(path, sizeof path, "%s/eventlogs/%s", fixtures != NULL ? fixtures : "", name);
    bytes = log_read_file(path, &len);
    if (bytes == NULL) {
        tb_hasher_free(h);
        return false;
    }
    assert_true(tb_log_replay(tb_slice(bytes, len), LOG_BANK(TB_BANK_SHA256), h, &replay, &why));
    replay.pcrs.mask[TB_BANK_SHA256] = policy->pcrs;
    tb_appraise_boot(&(struct tb_boot_input){ .log = tb_slice(bytes, len),
                                              .quoted = &replay.pcrs,
                                              .policy = policy,
                                              .firmware = &none },
                     h, out);
    policy->n_programs = out->facts.n_programs != 0; /* again, with its first program named */
    policy->programs[0].bank = TB_BANK_SHA256;
    memcpy(policy->programs[0].digest, out->facts.program[0].digest[TB_BANK_SHA256], 32);
    tb_appraise_boot(&(struct tb_boot_input){ .log = tb_slice(bytes, len),
                                              .quoted = &replay.pcrs,
                                              .policy = policy,
                                              .firmware = &none },
                     h, out);
    free(bytes);
    tb_hasher_free(h);
    return true;
}

static void t49_t51_real_boots_are_judged_by_level_and_options(void **state)
{
    static const struct {
        const char *file, *sbat;
        int level, options, weak;
    } list[] = {
        { "gce-ubuntu2104-nodbx.bin", "sbat,1,2021030218", TB_PASS, TB_PASS, TB_PASS },
        { "gce-ubuntu2104-nodbx.bin", "shim,4", TB_FAIL, TB_PASS, TB_PASS },
        { "gce-fedora-coreos36.bin", "sbat,1,2021030218", TB_PASS, TB_PASS, TB_PASS },
        { "gce-fedora-coreos36.bin", LEVEL_2024, TB_FAIL, TB_PASS, TB_PASS },
        { "gce-rhel8.bin", "sbat,1,2021030218", TB_UNKNOWN, TB_PASS, TB_PASS },
        { "gce-cos-sp800155.bin", "sbat,1", TB_PASS, TB_PASS, TB_PASS },
        { "intel-ubuntu-pempk.bin", "sbat,1", TB_PASS, TB_PASS, TB_PASS },
        { "thinkpad-t14-arch.bin", "shim,1", TB_UNKNOWN, TB_PASS, TB_PASS },
        { "qemu-ovmf-rhel-moklisttrusted.bin", "sbat,1", TB_PASS, TB_PASS, TB_FAIL },
    };
    static struct tb_boot_result result;
    static struct tb_policy policy;

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        tb_policy_builtin(&policy);
        need_sbat(&policy, list[i].sbat);
        if (!appraise_file(list[i].file, &policy, &result)) {
            print_message("skipped: no corpus of real logs\n");
            skip();
        }
        print_message("- %s %s\n", list[i].file, list[i].sbat);
        assert_int_equal(result.findings.outcome[TB_CHECK_SB_SBAT], list[i].level);
        assert_int_equal(result.findings.outcome[TB_CHECK_CMDLINE], list[i].options);
        assert_int_equal(result.findings.outcome[TB_CHECK_CMDLINE_WEAK], list[i].weak);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t49_a_level_below_the_required_one_is_refused_with_the_component),
        cmocka_unit_test(t49_a_level_counts_only_behind_a_program_that_the_policy_names),
        cmocka_unit_test(t49_a_level_that_is_too_long_to_be_kept_proves_nothing),
        cmocka_unit_test(t49_a_level_that_no_digest_covers_is_none),
        cmocka_unit_test(
            t48_a_key_of_the_list_that_nobody_knows_is_the_owners_unless_it_is_shims_own),
        cmocka_unit_test(t48_keys_of_the_machines_owner_are_told_and_refused_by_policy),
        cmocka_unit_test(a_firmware_version_outside_the_list_is_refused),
        cmocka_unit_test(levels_are_not_read_from_a_pcr_that_does_not_match),
        cmocka_unit_test(t49_t51_real_boots_are_judged_by_level_and_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
