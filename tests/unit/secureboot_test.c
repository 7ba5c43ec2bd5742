/* What PCR 7 proves about Secure Boot, and how an attacker's log proves nothing. */
#include "tests/unit/bootfacts_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void a_good_boot_proves_secure_boot_in_every_bank(void **state)
{
    static const enum tb_check passing[] = {
        TB_CHECK_LOG_SEPARATOR,
        TB_CHECK_LOG_SEPARATOR_OTHER,
        TB_CHECK_LOG_FIRMWARE_ERROR,
        TB_CHECK_SB_UNEXPLAINED,
        TB_CHECK_SB_MISSING,
        TB_CHECK_SB_DUPLICATE,
        TB_CHECK_SB_EMPTY,
        TB_CHECK_SB_VALUE,
        TB_CHECK_SB_OFF,
        TB_CHECK_SB_SETUP_MODE,
        TB_CHECK_SB_AUDIT_MODE,
        TB_CHECK_SB_CONTRADICTION,
        TB_CHECK_SB_AUTHORITY,
        TB_CHECK_SB_SHIM,
        TB_CHECK_SB_TEST_KEY,
        TB_CHECK_SB_DEBUG,
        TB_CHECK_SB_DMA,
        TB_CHECK_BOOT_END,
    };

    (void)state;
    for (unsigned bank = 0; bank < TB_N_BANKS; bank++) { /* L-58: SHA-384 alone as any other */
        log_good_boot(b, LOG_BANK(bank));
        read_in((enum tb_bank)bank);
        if (f.n != 0)
            print_findings();
        assert_int_equal(f.n, 0);
        for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
            assert_int_equal(f.outcome[passing[i]], TB_PASS);
        assert_int_equal(facts.secure_boot, TB_SECURE_BOOT_ON);
        assert_true(facts.exit_boot_services);
        assert_string_equal(facts.firmware_version, "1.7");
        assert_int_equal(facts.n_programs, 1);
        assert_string_equal(facts.program[0].path, "\\EFI\\BOOT\\BOOTX64.EFI");
        assert_int_equal(facts.n_authorities, 1);
        assert_true(facts.authority[0].in_db && !facts.authority[0].before_separator);
        assert_string_equal(facts.authority[0].variable, "db");
        assert_non_null(strstr(facts.authority[0].subject, "Trueboot test loader CA"));
        assert_non_null(strstr(facts.keyset[TB_KEYSET_PK].subject, "platform key"));
        assert_int_equal(facts.keyset[TB_KEYSET_DB].n_certs, 1);
        assert_memory_equal(facts.keyset[TB_KEYSET_DB].certificate, facts.authority[0].digest, 32);
        assert_int_equal(facts.keyset[TB_KEYSET_DBX].n_hashes, 1);
        assert_true(facts.keyset[TB_KEYSET_DBX].measured);
    }
}

static void t45_l49_off_empty_and_impossible_values_have_a_check_each(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum tb_check check;
        enum tb_secure_boot fact;
    } cases[] = {
        { "\0", 1, TB_CHECK_SB_OFF, TB_SECURE_BOOT_OFF },
        { "", 0, TB_CHECK_SB_EMPTY, TB_SECURE_BOOT_NOT_SET },
        { "\2", 1, TB_CHECK_SB_VALUE, TB_SECURE_BOOT_UNKNOWN },
        { "\1\0", 2, TB_CHECK_SB_VALUE, TB_SECURE_BOOT_UNKNOWN },
    };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        good();
        set_variable("SecureBoot", log_guid_global, tb_slice(cases[i].bytes, cases[i].len));
        assert_found(cases[i].check, TB_FAIL);
        assert_int_equal(facts.secure_boot, cases[i].fact);
    }
}

static void t45_l50_a_missing_or_foreign_secure_boot_variable_is_missing(void **state)
{
    (void)state;
    good();
    log_remove(b, var("SecureBoot"));
    assert_found(TB_CHECK_SB_MISSING, TB_FAIL);
    good();
    set_variable("SecureBoot", log_guid_shim, tb_slice("\1", 1));
    assert_found(TB_CHECK_SB_MISSING, TB_FAIL);
    log_begin(b, LOG_BANK(TB_BANK_SHA256)); /* a PCR 7 that nothing was ever measured into */
    log_separator(b, 0);
    assert_found(TB_CHECK_SB_MISSING, TB_FAIL);
    assert_int_equal(f.outcome[TB_CHECK_LOG_SEPARATOR], TB_FAIL);
}

static void t45_l51_a_variable_measured_twice_is_a_duplicate(void **state)
{
    static const char *const names[] = { "SecureBoot", "PK", "KEK", "db", "dbx" };

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct log_item *item;

        good();
        item = var(names[i]);
        log_event_data(b, 7, CONFIG, tb_slice(item->data, item->data_len));
        log_move_after(b, &b->item[b->n - 1], var(names[i]));
        assert_found(TB_CHECK_SB_DUPLICATE, TB_FAIL);
        assert_int_equal(facts.n_authorities, 0);
        assert_false(facts.keyset[TB_KEYSET_PK].measured);
    }
}

static void t45_t36_a_variable_behind_the_separator_proves_nothing(void **state)
{
    static const char *const names[] = { "SecureBoot", "PK", "KEK", "db", "dbx" };

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        good();
        log_move_after(b, var(names[i]), log_find(b, 7, TB_EV_SEPARATOR, 0));
        assert_found(TB_CHECK_SB_VALUE, TB_FAIL);
    }
    good(); /* the classic: off, and after the boot the attacker extends "on" */
    set_variable("SecureBoot", log_guid_global, tb_slice("\0", 1));
    log_variable(b, 7, CONFIG, log_guid_global, "SecureBoot", tb_slice("\1", 1));
    assert_found(TB_CHECK_SB_VALUE, TB_FAIL);
}

static void l51_mok_lists_behind_the_separator_are_benign(void **state)
{
    (void)state;
    good();
    log_variable(b, 7, CONFIG, log_guid_shim, "MokList", tb_slice("x", 1));
    assert_still_on();
}

static void t45_setup_mode_is_told_by_pk_and_by_its_variable(void **state)
{
    (void)state;
    good();
    set_variable("PK", log_guid_global, tb_slice("", 0));
    set_variable("SecureBoot", log_guid_global, tb_slice("\0", 1));
    assert_found(TB_CHECK_SB_SETUP_MODE, TB_FAIL);
    assert_int_equal(f.outcome[TB_CHECK_SB_CONTRADICTION], TB_PASS);
    add_early("SetupMode", log_guid_global, tb_slice("\1", 1)); /* and both agree */
    assert_found(TB_CHECK_SB_SETUP_MODE, TB_FAIL);
    assert_int_equal(f.outcome[TB_CHECK_SB_CONTRADICTION], TB_PASS);
    good();
    set_variable("SecureBoot", log_guid_global, tb_slice("\0", 1));
    add_early("SetupMode", log_guid_global, tb_slice("\1", 1));
    assert_found(TB_CHECK_SB_SETUP_MODE, TB_FAIL);
    good();
    log_remove(b, var("PK"));
    assert_found(TB_CHECK_SB_SETUP_MODE, TB_UNKNOWN);
    good();
    add_early("SetupMode", log_guid_global, tb_slice("\0", 1));
    assert_still_on();
}

static void t45_audit_mode_is_told(void **state)
{
    (void)state;
    good();
    set_variable("SecureBoot", log_guid_global, tb_slice("\0", 1));
    add_early("AuditMode", log_guid_global, tb_slice("\1", 1));
    assert_found(TB_CHECK_SB_AUDIT_MODE, TB_FAIL);
    assert_int_equal(f.outcome[TB_CHECK_SB_CONTRADICTION], TB_PASS);
    good();
    add_early("AuditMode", log_guid_global, tb_slice("\0", 1));
    assert_still_on();
}

/* Values of SecureBoot, SetupMode, AuditMode, DeployedMode ('-' not measured) and whether PK holds
 * a key. */
static void t45_variables_that_contradict_each_other_are_told(void **state)
{
    static const struct {
        const char *values;
        bool pk;
        const char *where;
    } cases[] = {
        { "1---", false, "SecureBoot and PK" },
        { "11--", true, "SecureBoot and SetupMode" },
        { "1-1-", true, "SecureBoot and AuditMode" },
        { "01--", true, "SetupMode and PK" },
        { "00--", false, "SetupMode and PK" },
        { "01-1", false, "DeployedMode" },
        { "0-11", true, "DeployedMode" },
    };
    static const char *const names[] = { "SecureBoot", "SetupMode", "AuditMode", "DeployedMode" };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool found = false;

        good();
        for (size_t v = 0; v < 4; v++) {
            uint8_t value = (uint8_t)(cases[i].values[v] - '0');

            if (v == 0)
                set_variable(names[v], log_guid_global, tb_slice(&value, 1));
            else if (cases[i].values[v] != '-')
                add_early(names[v], log_guid_global, tb_slice(&value, 1));
        }
        if (!cases[i].pk)
            set_variable("PK", log_guid_global, tb_slice("", 0));
        assert_found(TB_CHECK_SB_CONTRADICTION, TB_FAIL);
        for (size_t k = 0; k < f.n; k++)
            found |= f.list[k].reason.check == TB_CHECK_SB_CONTRADICTION &&
                     strstr(f.list[k].reason.where, cases[i].where) != NULL;
        assert_true(found);
    }
}

static void l53_t47_on_without_keys_or_without_an_authority_is_no_on(void **state)
{
    static const char *const names[] = { "PK", "KEK", "db" };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        good();
        log_remove(b, var(names[i]));
        assert_found(TB_CHECK_SB_MISSING, TB_FAIL);
        assert_int_equal(f.outcome[TB_CHECK_SB_CONTRADICTION], TB_PASS); /* unknown is no lie */
    }
    good();
    log_remove(b, log_find(b, 7, AUTHORITY, 0));
    assert_found(TB_CHECK_SB_AUTHORITY, TB_FAIL);
    good(); /* an authority that is not in the measured db */
    log_remove(b, log_find(b, 7, AUTHORITY, 0));
    log_variable(b, 7, AUTHORITY, log_guid_image_db, "db", log_signature_data(b, log_cert_pk));
    assert_found(TB_CHECK_SB_AUTHORITY, TB_FAIL);
    good(); /* db's entry under another name */
    log_remove(b, log_find(b, 7, AUTHORITY, 0));
    log_variable(b, 7, AUTHORITY, log_guid_shim, "MokList", log_signature_data(b, log_cert_db));
    assert_found(TB_CHECK_SB_AUTHORITY, TB_FAIL);
    good();
    log_remove(b, log_find(b, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0));
    assert_found(TB_CHECK_SB_AUTHORITY, TB_UNKNOWN);
}

static void t35_l39_every_event_of_pcr_7_retyped_ends_the_claim(void **state)
{
    static const uint32_t types[] = { TB_EV_UNUSED, TB_EV_ACTION, TB_EV_EFI_ACTION, TB_EV_SEPARATOR,
                                      TB_EV_IPL,    0x8401,       AUTHORITY,        CONFIG };
    size_t n_changed = 0;

    (void)state;
    good();
    for (size_t i = 0; i < b->n; i++)
        for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
            good();
            if (b->item[i].pcr != 7 || b->item[i].type == types[t])
                continue;
            b->item[i].type = types[t];
            read_facts();
            if (facts.secure_boot == TB_SECURE_BOOT_ON)
                fail_msg("event %zu as type 0x%x", i + 1, types[t]);
            n_changed++;
        }
    assert_int_equal(n_changed, 7 * sizeof types / sizeof *types - 7);
}

static void t35_l39_a_hidden_set_with_a_forged_one_appended_is_refused(void **state)
{
    (void)state;
    good();
    set_variable("SecureBoot", log_guid_global, tb_slice("\0", 1));
    for (size_t i = 0; i < b->n; i++)
        if (b->item[i].pcr == 7)
            b->item[i].type = TB_EV_UNUSED;
    log_variable(b, 7, CONFIG, log_guid_global, "SecureBoot", tb_slice("\1", 1));
    log_variable(b, 7, CONFIG, log_guid_global, "PK",
                 log_signature_list(b, log_guid_cert_x509, log_cert_pk));
    log_variable(b, 7, CONFIG, log_guid_global, "KEK",
                 log_signature_list(b, log_guid_cert_x509, log_cert_pk));
    log_variable(b, 7, CONFIG, log_guid_image_db, "db",
                 log_signature_list(b, log_guid_cert_x509, log_cert_db));
    log_separator(b, 7);
    log_variable(b, 7, AUTHORITY, log_guid_image_db, "db", log_signature_data(b, log_cert_db));
    assert_found(TB_CHECK_SB_UNEXPLAINED, TB_FAIL);
    assert_int_equal(f.outcome[TB_CHECK_LOG_SEPARATOR], TB_FAIL);
}

static void t35_l36_events_added_to_pcr_7_must_be_explained(void **state)
{
    struct tb_reader list;

    (void)state;
    good(); /* an action under another type */
    log_action(b, 7, "DMA Protection Disabled")->type = TB_EV_ACTION;
    assert_found(TB_CHECK_SB_UNEXPLAINED, TB_FAIL);
    good(); /* db itself, as an authority */
    list = log_signature_list(b, log_guid_cert_x509, log_cert_db);
    log_variable(b, 7, AUTHORITY, log_guid_image_db, "db", list);
    assert_found(TB_CHECK_SB_UNEXPLAINED, TB_FAIL);
    assert_true(has_reason(TB_CHECK_SB_UNEXPLAINED, "db itself"));
    good(); /* neither a variable nor text */
    log_event_data(b, 7, CONFIG, tb_slice("\1\2\3", 3));
    assert_found(TB_CHECK_SB_UNEXPLAINED, TB_FAIL);
    assert_true(has_reason(TB_CHECK_SB_UNEXPLAINED, "neither"));
    good(); /* a variable of a vendor's type */
    log_variable(b, 7, 0x8401, log_guid_shim, "Vendor", tb_slice("\1", 1));
    assert_found(TB_CHECK_SB_UNEXPLAINED, TB_FAIL);
    good(); /* another variable of Secure Boot as an authority */
    log_variable(b, 7, AUTHORITY, log_guid_global, "AuditMode", tb_slice("\1", 1));
    assert_found(TB_CHECK_SB_UNEXPLAINED, TB_FAIL);
}

static void t37_data_changed_where_the_digest_covers_it_is_refused(void **state)
{
    (void)state;
    good();
    for (size_t i = 0; i < b->n; i++) {
        good();
        if (b->item[i].pcr != 7 || b->item[i].type == TB_EV_SEPARATOR)
            continue;
        log_finish(b);
        for (size_t at = 0; at < 40 && at < b->item[i].data_len; at++) {
            uint8_t *byte = b->arena + (b->item[i].data - b->arena) + at;

            *byte ^= 1;
            assert_found(TB_CHECK_SB_UNEXPLAINED, TB_FAIL);
            *byte ^= 1;
        }
    }
}

static void l34_a_variable_with_bytes_behind_its_data_is_refused(void **state)
{
    uint8_t longer[1024];

    (void)state;
    good();
    memset(longer, 0, sizeof longer);
    memcpy(longer, var("SecureBoot")->data, var("SecureBoot")->data_len);
    log_set_data(b, var("SecureBoot"), tb_slice(longer, var("SecureBoot")->data_len + 1));
    assert_found(TB_CHECK_SB_UNEXPLAINED, TB_FAIL); /* the digest does not cover it */
    log_rehash(b, var("SecureBoot"),
               tb_slice(var("SecureBoot")->data, var("SecureBoot")->data_len));
    assert_found(TB_CHECK_SB_UNEXPLAINED, TB_FAIL); /* or does */
}

static void l31_a_key_variable_that_is_no_signature_list_is_refused(void **state)
{
    (void)state;
    good();
    set_variable("dbx", log_guid_image_db, tb_slice("not a list", 10));
    assert_found(TB_CHECK_SB_UNEXPLAINED, TB_FAIL);
}

static void l33_a_pk_that_is_no_certificate_stays_a_digest(void **state)
{
    (void)state;
    good();
    set_variable(
        "PK", log_guid_global,
        log_signature_list(b, log_guid_cert_x509, log_text("-----BEGIN CERTIFICATE-----")));
    assert_still_on();
    assert_string_equal(facts.keyset[TB_KEYSET_PK].subject, "");
    assert_int_equal(facts.keyset[TB_KEYSET_PK].n_certs, 1);
}

static void t50_l56_debug_mode_ends_the_claim_of_on(void **state)
{
    (void)state;
    good();
    log_action(b, 7, "UEFI Debug Mode");
    assert_found(TB_CHECK_SB_DEBUG, TB_FAIL);
}

static void t50_l57_dma_protection_off_is_a_finding_and_unknown_actions_are_none(void **state)
{
    static const char *const texts[] = { "DMA Protection Disabled",
                                         "Security Level is Downgraded to 0" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        good();
        log_action(b, 7, texts[i]);
        assert_still_on();
        assert_int_equal(f.outcome[TB_CHECK_SB_DMA], TB_FAIL);
    }
    good();
    log_action(b, 7, "A maker's own action");
    assert_still_on();
    assert_int_equal(f.n, 0);
}

/* "UEFI Debug Mode" is wrapped in a variable whose digest is of its data only. */
static void t35_an_event_wrapped_in_a_variable_ends_the_claim(void **state)
{
    struct log_item *item;

    (void)state;
    good();
    item = log_action(b, 7, "UEFI Debug Mode");
    item->type = CONFIG;
    log_set_data(b, item,
                 log_uefi_variable(b, log_guid_shim, "Innocent", log_text("UEFI Debug Mode")));
    assert_found(TB_CHECK_SB_VALUE, TB_UNKNOWN);
    item->type = AUTHORITY;
    assert_found(TB_CHECK_SB_UNEXPLAINED, TB_FAIL);
}

static void l52_digests_of_the_data_only_may_prove_off_but_never_on(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        struct log_item *item;

        log_good_boot_sha1(b);
        item = var("SecureBoot");
        set_variable("SecureBoot", log_guid_global, tb_slice(on ? "\1" : "\0", 1));
        log_rehash(b, item, tb_slice(on ? "\1" : "\0", 1));
        read_in(TB_BANK_SHA1);
        assert_int_equal(facts.secure_boot, on ? TB_SECURE_BOOT_UNKNOWN : TB_SECURE_BOOT_OFF);
        assert_int_equal(f.outcome[on ? TB_CHECK_SB_VALUE : TB_CHECK_SB_OFF],
                         on ? TB_UNKNOWN : TB_FAIL);
    }
}

static void l54_authorities_in_the_forms_of_shim_are_taken(void **state)
{
    static const uint8_t zeros[7];
    struct tb_reader v;
    struct log_item *item;

    (void)state;
    for (size_t excess = 1; excess <= 7; excess++) {
        uint8_t whole[2048];

        good();
        v = log_uefi_variable(b, log_guid_shim, "Shim", log_cert_pk); /* without an owner */
        memcpy(whole, v.p, v.left);
        memcpy(whole + v.left, zeros, excess);
        item = log_event(b, 7, AUTHORITY, tb_slice(whole, v.left + excess - 1),
                         tb_slice(whole, v.left + excess));
        if (excess == 7) {
            assert_found(TB_CHECK_SB_UNEXPLAINED, TB_FAIL);
            continue;
        }
        assert_still_on();
        assert_int_equal(facts.n_authorities, 2);
        assert_string_equal(facts.authority[1].variable, "Shim");
        assert_non_null(strstr(facts.authority[1].subject, "platform key"));
        item->type = CONFIG;
        assert_found(TB_CHECK_SB_UNEXPLAINED, TB_FAIL);
    }
    good();
    log_variable(b, 7, AUTHORITY, log_guid_shim, "SbatLevel", log_text("sbat,1,2022052400\n"));
    assert_still_on();
    assert_string_equal(facts.authority[1].subject, "");
}

/* mokutil --disable-validation: shim then starts whatever it is given. */
static void t48_shim_with_its_validation_switched_off_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *observed;
    } cases[] = {
        { "\1", 1, "01" },        { "\2", 1, "02" },        { "", 0, "0 bytes" },
        { "\0\0", 2, "2 bytes" }, { "\1\0", 2, "2 bytes" },
    };
    static const uint32_t types[] = { AUTHORITY, CONFIG }; /* whatever the log calls the event */

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t t = 0; t < 2; t++) {
            good();
            log_variable(b, 7, types[t], log_guid_shim, "MokSBState",
                         tb_slice(cases[i].bytes, cases[i].len));
            assert_found(TB_CHECK_SB_SHIM, TB_FAIL);
            assert_true(has_reason(TB_CHECK_SB_SHIM, cases[i].observed));
            assert_int_equal(facts.n_authorities, 1);
        }
    good(); /* the second might be the one that counts */
    log_variable(b, 7, AUTHORITY, log_guid_shim, "MokSBState", tb_slice("\0", 1));
    log_variable(b, 7, AUTHORITY, log_guid_shim, "MokSBState", tb_slice("\0", 1));
    assert_found(TB_CHECK_SB_SHIM, TB_FAIL);
    assert_true(has_reason(TB_CHECK_SB_SHIM, "a second one"));
}

/* A zero behind the data that shim logs and does not hash is no way around it. */
static void t48_l54_a_byte_behind_shims_setting_hides_nothing(void **state)
{
    uint8_t whole[128];
    struct tb_reader v;

    (void)state;
    for (size_t excess = 1; excess <= 7; excess += 6) {
        good();
        v = log_uefi_variable(b, log_guid_shim, "MokSBState", tb_slice("\1", 1));
        memcpy(whole, v.p, v.left);
        memset(whole + v.left, 0, excess);
        log_event(b, 7, AUTHORITY, tb_slice(whole, v.left + excess - 1),
                  tb_slice(whole, v.left + excess));
        assert_found(excess == 1 ? TB_CHECK_SB_SHIM : TB_CHECK_SB_UNEXPLAINED, TB_FAIL);
    }
    good(); /* a digest without the name could be of anything */
    v = log_uefi_variable(b, log_guid_shim, "MokSBState", tb_slice("\0", 1));
    log_event(b, 7, AUTHORITY, tb_slice("\0", 1), v);
    assert_found(TB_CHECK_SB_UNEXPLAINED, TB_FAIL);
}

static void t48_shim_that_validates_is_no_authority_and_no_finding(void **state)
{
    (void)state;
    good();
    log_variable(b, 7, AUTHORITY, log_guid_shim, "MokSBState", tb_slice("\0", 1));
    assert_still_on();
    assert_int_equal(f.outcome[TB_CHECK_SB_SHIM], TB_PASS);
    assert_int_equal(facts.n_authorities, 1);
    good(); /* somebody else's variable of that name, and another of shim's */
    log_variable(b, 7, CONFIG, log_guid_global, "MokSBState", tb_slice("\1", 1));
    log_variable(b, 7, AUTHORITY, log_guid_shim, "MokDBState", tb_slice("\1", 1));
    assert_still_on();
    assert_int_equal(f.outcome[TB_CHECK_SB_SHIM], TB_PASS);
}

static void l55_an_authority_before_the_separator_is_marked(void **state)
{
    (void)state;
    good();
    log_move_before(b, log_find(b, 7, AUTHORITY, 0), log_find(b, 7, TB_EV_SEPARATOR, 0));
    assert_still_on();
    assert_true(facts.authority[0].before_separator);
}

static void l59_t46_a_published_test_key_is_a_finding(void **state)
{
    /* A name is enough of a certificate for this: the subject of cert_pk with another text. */
    uint8_t der[1024];
    uint8_t *at;

    (void)state;
    memcpy(der, log_cert_pk.p, log_cert_pk.left);
    at = memmem(der, log_cert_pk.left, "Trueboot test platform key", 26);
    assert_non_null(at); /* the issuer */
    at =
        memmem(at + 1, log_cert_pk.left - (size_t)(at + 1 - der), "Trueboot test platform key", 26);
    assert_non_null(at);
    memcpy(at, "DO NOT TRUST - AMI Test PK", 26);
    good();
    set_variable("PK", log_guid_global,
                 log_signature_list(b, log_guid_cert_x509, tb_slice(der, log_cert_pk.left)));
    assert_still_on();
    assert_int_equal(f.outcome[TB_CHECK_SB_TEST_KEY], TB_FAIL);
    memcpy(at, "DO NOT SHIP - Unsafe Test!", 26);
    set_variable("PK", log_guid_global,
                 log_signature_list(b, log_guid_cert_x509, tb_slice(der, log_cert_pk.left)));
    assert_still_on();
    assert_int_equal(f.outcome[TB_CHECK_SB_TEST_KEY], TB_FAIL);
}

/* Behind an honest key in the same variable, and in each variable that says what may start. */
static void l59_t46_a_test_key_behind_another_key_is_a_finding(void **state)
{
    static const char *const names[] = { "PK", "KEK", "db" };
    uint8_t der[1024], lists[4096];

    (void)state;
    memcpy(der, log_cert_pk.p, log_cert_pk.left);
    for (uint8_t *at = der; (at = memmem(at, log_cert_pk.left - (size_t)(at - der),
                                         "Trueboot test platform key", 26)) != NULL;)
        memcpy(at, "DO NOT TRUST - AMI Test PK", 26);
    for (size_t i = 0; i < 3; i++) {
        struct tb_reader first, second;

        good();
        first = log_signature_list(b, log_guid_cert_x509, log_cert_db);
        second = log_signature_list(b, log_guid_cert_x509, tb_slice(der, log_cert_pk.left));
        memcpy(lists, first.p, first.left);
        memcpy(lists + first.left, second.p, second.left);
        set_variable(names[i], i == 2 ? log_guid_image_db : log_guid_global,
                     tb_slice(lists, first.left + second.left));
        assert_still_on();
        assert_int_equal(f.outcome[TB_CHECK_SB_TEST_KEY], TB_FAIL);
        assert_true(has_reason(TB_CHECK_SB_TEST_KEY, "DO NOT TRUST"));
        assert_int_equal(facts.keyset[i].n_certs, 2);
        assert_non_null(strstr(facts.keyset[i].subject, "loader CA"));
    }
    good(); /* one that is forbidden is as it should be */
    set_variable("dbx", log_guid_image_db,
                 log_signature_list(b, log_guid_cert_x509, tb_slice(der, log_cert_pk.left)));
    assert_still_on();
    assert_int_equal(f.outcome[TB_CHECK_SB_TEST_KEY], TB_PASS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_boot_proves_secure_boot_in_every_bank),
        cmocka_unit_test(t45_l49_off_empty_and_impossible_values_have_a_check_each),
        cmocka_unit_test(t45_l50_a_missing_or_foreign_secure_boot_variable_is_missing),
        cmocka_unit_test(t45_l51_a_variable_measured_twice_is_a_duplicate),
        cmocka_unit_test(t45_t36_a_variable_behind_the_separator_proves_nothing),
        cmocka_unit_test(l51_mok_lists_behind_the_separator_are_benign),
        cmocka_unit_test(t45_setup_mode_is_told_by_pk_and_by_its_variable),
        cmocka_unit_test(t45_audit_mode_is_told),
        cmocka_unit_test(t45_variables_that_contradict_each_other_are_told),
        cmocka_unit_test(l53_t47_on_without_keys_or_without_an_authority_is_no_on),
        cmocka_unit_test(t35_l39_every_event_of_pcr_7_retyped_ends_the_claim),
        cmocka_unit_test(t35_l39_a_hidden_set_with_a_forged_one_appended_is_refused),
        cmocka_unit_test(t35_l36_events_added_to_pcr_7_must_be_explained),
        cmocka_unit_test(t37_data_changed_where_the_digest_covers_it_is_refused),
        cmocka_unit_test(l34_a_variable_with_bytes_behind_its_data_is_refused),
        cmocka_unit_test(l31_a_key_variable_that_is_no_signature_list_is_refused),
        cmocka_unit_test(l33_a_pk_that_is_no_certificate_stays_a_digest),
        cmocka_unit_test(t50_l56_debug_mode_ends_the_claim_of_on),
        cmocka_unit_test(t50_l57_dma_protection_off_is_a_finding_and_unknown_actions_are_none),
        cmocka_unit_test(t35_an_event_wrapped_in_a_variable_ends_the_claim),
        cmocka_unit_test(l52_digests_of_the_data_only_may_prove_off_but_never_on),
        cmocka_unit_test(l54_authorities_in_the_forms_of_shim_are_taken),
        cmocka_unit_test(t48_shim_with_its_validation_switched_off_is_refused),
        cmocka_unit_test(t48_l54_a_byte_behind_shims_setting_hides_nothing),
        cmocka_unit_test(t48_shim_that_validates_is_no_authority_and_no_finding),
        cmocka_unit_test(l55_an_authority_before_the_separator_is_marked),
        cmocka_unit_test(l59_t46_a_published_test_key_is_a_finding),
        cmocka_unit_test(l59_t46_a_test_key_behind_another_key_is_a_finding),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
