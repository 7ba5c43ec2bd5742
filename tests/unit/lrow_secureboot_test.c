/* Rows L-49 to L-59 of docs/event-log-cases.md: what PCR 7 proves about Secure Boot. */
#include "tests/unit/lrow_world.h"

#include "core/uefi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Secure Boot on, digests over whole variables. */
static const char *const on[] = { "built",           "built-sha1",
                                  "built-two-banks", "built-sha384",
                                  "boots/good",      "boots/foreign-keys",
                                  "gce-rhel8",       "ownkeys-debian1",
                                  "dell1-windows",   "qemu-ovmf-rhel-moklisttrusted" };
static const struct tb_reader empty = { (const uint8_t *)"", 0 };
static const struct tb_reader one = { (const uint8_t *)"\1", 1 };

/* Another boot, in which the variable had other data. */
static struct mevent *variable_is(struct mlog *m, const char *name, const uint8_t *guid,
                                  struct tb_reader data)
{
    struct mevent *e = mlog_variable(m, name, 0);

    assert_non_null(e);
    e->data = mlog_uefi_variable(m, guid != NULL ? guid : e->data.p, name, data);
    mlog_rehash(m, e, e->data);
    mlog_quote_as_logged(m);
    return e;
}

static size_t separator_of_7(const struct mlog *m)
{
    int i = mlog_find(m, 7, TB_EV_SEPARATOR, 0);

    assert_true(i >= 0);
    return (size_t)i;
}

/* ---- L-49, L-50: the value ---- */

static void l49_secure_boot_has_four_answers_and_each_a_finding(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum tb_secure_boot answer;
        enum tb_check check;
    } list[] = {
        { "", 0, TB_SECURE_BOOT_NOT_SET, TB_CHECK_SB_EMPTY },
        { "\0", 1, TB_SECURE_BOOT_OFF, TB_CHECK_SB_OFF },
        { "\2", 1, TB_SECURE_BOOT_UNKNOWN, TB_CHECK_SB_VALUE },
        { "\1\0", 2, TB_SECURE_BOOT_UNKNOWN, TB_CHECK_SB_VALUE },
        { "\1\1", 2, TB_SECURE_BOOT_UNKNOWN, TB_CHECK_SB_VALUE },
    };
    static struct lrow r;

    (void)state;
    for (size_t i = 0; i < N_OF(on) * (N_OF(list) + 1); i++) {
        struct mlog *m = mlog_load(on[i / (N_OF(list) + 1)]);
        size_t k = i % (N_OF(list) + 1);

        if (m == NULL)
            continue;
        appraise(m, &r);
        assert_int_equal(r.boot.facts.secure_boot, TB_SECURE_BOOT_ON);
        assert_outcome(m, &r, TB_CHECK_SB_OFF, TB_PASS);
        if (k < N_OF(list)) {
            variable_is(m, "SecureBoot", NULL, tb_slice(list[k].bytes, list[k].len));
        } else {
            mlog_remove(m, mlog_index(m, mlog_variable(m, "SecureBoot", 0)));
            mlog_quote_as_logged(m);
        }
        appraise(m, &r);
        assert_int_equal(r.verdict, TB_VERDICT_FAILED);
        assert_int_equal(r.boot.facts.secure_boot,
                         k < N_OF(list) ? list[k].answer : TB_SECURE_BOOT_UNKNOWN);
        assert_outcome(m, &r, k < N_OF(list) ? list[k].check : TB_CHECK_SB_MISSING, TB_FAIL);
        mlog_free(m);
    }
}

static void l50_secure_boot_under_a_foreign_guid_is_none(void **state)
{
    static const uint8_t foreign[16] = "a foreign GUID.";
    static struct lrow r;

    (void)state;
    for (size_t i = 0; i < N_OF(on); i++) {
        struct mlog *m = mlog_load(on[i]);

        if (m == NULL)
            continue;
        variable_is(m, "SecureBoot", foreign, one);
        appraise(m, &r);
        assert_int_equal(r.boot.facts.secure_boot, TB_SECURE_BOOT_UNKNOWN);
        assert_outcome(m, &r, TB_CHECK_SB_MISSING, TB_FAIL);
        mlog_free(m);
    }
}

/* A machine with Secure Boot off, and somebody who measures SecureBoot=1 in other names. */
static bool foreign_on(struct mlog *m)
{
    static const uint8_t foreign[16] = "a foreign GUID.";
    struct tb_reader v = mlog_uefi_variable(m, foreign, "SecureBoot", one);

    mlog_extend(m, 7, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, v, v);
    v = mlog_uefi_variable(m, log_guid_global, "secureboot", one);
    mlog_extend(m, 7, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, v, v);
    return true;
}

static void l50_a_foreign_secure_boot_does_not_hide_the_real_one(void **state)
{
    static const char *const off[] = { "boots/secure-boot-off", "dell-gdc-ubuntu",
                                       "gce-ubuntu2104-nosb" };
    static const struct attack list[] = { { "SecureBoot=1 under other names", foreign_on, true,
                                            TB_CHECK_SB_OFF, NULL } };

    (void)state;
    MOUNT(off, list);
}

/* ---- L-51: twice, and late ---- */

static const char *which; /* variable */

static bool measured_again(struct mlog *m)
{
    struct mevent *e = mlog_variable(m, which, 0);
    struct tb_reader v;

    if (e == NULL)
        return false;
    v = e->data;
    mlog_insert(m, mlog_index(m, e), 7, e->type, v, v);
    mlog_quote_as_logged(m);
    return true;
}
static bool measured_late(struct mlog *m) /* and not in its place */
{
    struct mevent *e = mlog_variable(m, which, 0);

    if (e == NULL)
        return false;
    mlog_move(m, mlog_index(m, e), separator_of_7(m));
    mlog_quote_as_logged(m);
    return true;
}
static bool extended_late(struct mlog *m) /* as well, by root */
{
    struct mevent *e = mlog_variable(m, which, 0);
    struct tb_reader v;

    if (e == NULL)
        return false;
    v = e->data;
    mlog_extend(m, 7, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, v, v);
    return true;
}
static bool late_mok_list(struct mlog *m)
{
    static const char *const names[] = { "MokList", "MokListX", "dbt", "Boot0000" };

    for (size_t i = 0; i < N_OF(names); i++) {
        struct tb_reader v = mlog_uefi_variable(m, log_guid_shim, names[i], empty);

        mlog_extend(m, 7, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, v, v);
    }
    return true;
}
static void no_claim(const struct mlog *m, const struct lrow *before, const struct lrow *after)
{
    (void)m;
    (void)before;
    assert_int_equal(after->boot.facts.secure_boot, TB_SECURE_BOOT_UNKNOWN);
    assert_int_equal(after->verdict, TB_VERDICT_FAILED);
}
static void same_claims(const struct mlog *m, const struct lrow *before, const struct lrow *after)
{
    (void)m;
    assert_int_equal(after->boot.facts.secure_boot, before->boot.facts.secure_boot);
    assert_int_equal(after->boot.facts.n_authorities, before->boot.facts.n_authorities);
    assert_int_equal(after->verdict, before->verdict);
}

static void l51_a_variable_measured_twice_or_late_ends_the_claim(void **state)
{
    static const char *const names[] = { "SecureBoot", "PK", "KEK", "dbx" };
    static const struct attack twice[] = { { "twice", measured_again, false, TB_CHECK_SB_DUPLICATE,
                                             no_claim } };
    static const struct attack late[] = {
        { "behind the separator", measured_late, false, TB_CHECK_SB_VALUE, no_claim },
        { "extended behind the separator", extended_late, true, TB_CHECK_SB_VALUE, no_claim },
    };
    static const struct attack harmless[] = { { "MokList behind the separator", late_mok_list, true,
                                                -1, same_claims } };
    struct mlog *m = mlog_load("ownkeys-debian1");
    static struct lrow r;

    (void)state;
    for (size_t i = 0; i < N_OF(names); i++) {
        which = names[i];
        MOUNT(on, twice);
        MOUNT(on, late);
    }
    MOUNT(on, harmless);
    if (m != NULL) { /* has MokList and MokListX there */
        appraise(m, &r);
        assert_int_equal(r.verdict, TB_VERDICT_TRUSTED);
    }
    mlog_free(m);
}

/* db has the name of the authority: it is told apart by its content. */
static bool db_twice(struct mlog *m)
{
    which = "db";
    return measured_again(m);
}
static bool db_as_authority(struct mlog *m)
{
    struct tb_reader v = mlog_variable(m, "db", 0)->data;

    mlog_extend(m, 7, TB_EV_EFI_VARIABLE_AUTHORITY, v, v);
    return true;
}

static void l51_db_twice_or_as_an_authority_ends_the_claim(void **state)
{
    static const struct attack list[] = {
        { "db twice", db_twice, false, TB_CHECK_SB_DUPLICATE, no_claim },
        { "db as an authority", db_as_authority, true, TB_CHECK_SB_UNEXPLAINED, no_claim },
    };

    (void)state;
    MOUNT(on, list);
}

/* ---- L-52: what the digest is over ---- */

static bool digests_of_data_only(struct mlog *m)
{
    for (size_t i = 0; i < m->n; i++) {
        struct mevent *e = &m->event[i];
        struct tb_uefi_variable v;

        if (e->pcr == 7 && e->type == TB_EV_EFI_VARIABLE_DRIVER_CONFIG &&
            tb_uefi_variable_parse(e->data, &v))
            mlog_rehash(m, e, v.data);
    }
    mlog_quote_as_logged(m);
    return true;
}
/* A machine whose digests cover no names, and Secure Boot off: its dbx, or whatever of one byte 01
 * was measured, gets the name SecureBoot. */
static bool renamed(struct mlog *m)
{
    struct mevent *off = mlog_variable(m, "SecureBoot", 0);

    off->data = mlog_uefi_variable(m, log_guid_global, "SetupMode",
                                   tb_slice(off->data.p + off->data.left - 1, 1));
    return true;
}

static void l52_digests_of_the_data_only_prove_off_and_never_on(void **state)
{
    static const struct attack list[] = { { "digests over the data only", digests_of_data_only,
                                            false, TB_CHECK_SB_VALUE, no_claim } };
    static const char *const tpm12[] = { "thinkpad-debian-tpm12" };
    static const struct attack name[] = { { "SecureBoot renamed", renamed, false,
                                            TB_CHECK_SB_MISSING, no_claim } };
    struct mlog *off = mlog_load("boots/secure-boot-off"), *real = mlog_load(tpm12[0]);
    static struct lrow r;

    (void)state;
    MOUNT(on, list);
    digests_of_data_only(off);
    appraise(off, &r);
    assert_int_equal(r.boot.facts.secure_boot, TB_SECURE_BOOT_OFF);
    assert_false(r.boot.facts.keyset[TB_KEYSET_DB].measured);
    if (real != NULL) {
        appraise(real, &r);
        assert_int_equal(r.boot.facts.secure_boot, TB_SECURE_BOOT_OFF);
        variable_is(real, "SecureBoot", NULL, one);
        mlog_rehash(real, mlog_variable(real, "SecureBoot", 0), one);
        mlog_quote_as_logged(real);
        appraise(real, &r);
        assert_int_equal(r.boot.facts.secure_boot, TB_SECURE_BOOT_UNKNOWN);
        MOUNT(tpm12, name);
    }
    mlog_free(off);
    mlog_free(real);
}

/* ---- L-53 to L-55: authorities ---- */

static bool without_authorities(struct mlog *m)
{
    size_t n = 0;

    for (size_t i = m->n; i-- > 0;)
        if (m->event[i].pcr == 7 && m->event[i].type == TB_EV_EFI_VARIABLE_AUTHORITY) {
            mlog_remove(m, i);
            n++;
        }
    mlog_quote_as_logged(m);
    return n != 0;
}
static bool without_variable(struct mlog *m)
{
    mlog_remove(m, mlog_index(m, mlog_variable(m, which, 0)));
    mlog_quote_as_logged(m);
    return true;
}
/* The authority of another machine's db. */
static bool foreign_authority(struct mlog *m)
{
    static uint8_t data[4096];
    struct tb_reader v;

    memcpy(data, "a foreign owner.", 16);
    memcpy(data + 16, log_cert_pk.p, log_cert_pk.left);
    without_authorities(m);
    v = mlog_uefi_variable(m, log_guid_image_db, "db", tb_slice(data, 16 + log_cert_pk.left));
    mlog_append(m, 7, TB_EV_EFI_VARIABLE_AUTHORITY, v, v);
    mlog_quote_as_logged(m);
    return true;
}
static void not_on(const struct mlog *m, const struct lrow *before, const struct lrow *after)
{
    (void)m;
    (void)before;
    assert_true(after->boot.facts.secure_boot != TB_SECURE_BOOT_ON);
    assert_int_equal(after->verdict, TB_VERDICT_FAILED);
}

static void l53_on_needs_keys_and_an_authority_that_is_one_of_them(void **state)
{
    static const char *const keys[] = { "PK", "KEK", "db" };
    static const struct attack none[] = {
        { "no authority", without_authorities, true, TB_CHECK_SB_AUTHORITY, not_on },
        { "an authority that is not in db", foreign_authority, true, TB_CHECK_SB_AUTHORITY,
          not_on },
    };
    static const struct attack missing[] = { { "a key set is not measured", without_variable, false,
                                               TB_CHECK_SB_MISSING, not_on } };

    (void)state;
    for (size_t i = 0; i < N_OF(keys); i++) {
        which = keys[i];
        MOUNT(on, missing);
    }
    /* another boot, not an attack on this one: its authorities are others */
    for (size_t i = 0; i < N_OF(on) * N_OF(none); i++) {
        static struct lrow r;
        struct mlog *m = mlog_load(on[i / N_OF(none)]);

        if (m == NULL)
            continue;
        assert_true(none[i % N_OF(none)].mount(m));
        appraise(m, &r);
        assert_outcome(m, &r, TB_CHECK_SB_AUTHORITY, TB_FAIL);
        not_on(m, NULL, &r);
        mlog_free(m);
    }
}

/* An authority of shim's, `excess` bytes behind it of which the last is not hashed. */
static void shim_authority(struct mlog *m, const char *name, struct tb_reader data, size_t excess,
                           size_t unhashed)
{
    struct tb_reader v = mlog_uefi_variable(m, log_guid_shim, name, data);

    v.left += mlog_keep(m, tb_slice("\0\0\0\0\0\0\0\0", excess)).left;
    mlog_extend(m, 7, TB_EV_EFI_VARIABLE_AUTHORITY, tb_slice(v.p, v.left - unhashed), v);
}
static bool documented_forms(struct mlog *m)
{
    shim_authority(m, "SbatLevel", mlog_text("sbat,1,2022052400\ngrub,2\n"), 0, 0);
    shim_authority(m, "MokListTrusted", one, 0, 0);
    shim_authority(m, "MokSBState", tb_slice("\0", 1), 0, 0);
    shim_authority(m, "Shim", log_cert_pk, 0, 0); /* without an owner */
    shim_authority(m, "Shim", log_cert_pk, 1, 1);
    shim_authority(m, "vendor_db", log_cert_pk, 0, 0);
    shim_authority(m, "MokList", log_cert_pk, 6, 1);
    return true;
}
static bool seven_more(struct mlog *m)
{
    shim_authority(m, "Shim", log_cert_pk, 7, 1);
    return true;
}
static bool two_unhashed(struct mlog *m)
{
    shim_authority(m, "Shim", log_cert_pk, 2, 2);
    return true;
}
static bool data_only(struct mlog *m)
{
    struct tb_reader v = mlog_uefi_variable(m, log_guid_shim, "Shim", log_cert_pk);

    mlog_extend(m, 7, TB_EV_EFI_VARIABLE_AUTHORITY, log_cert_pk, v);
    return true;
}
static bool validation_off(struct mlog *m)
{
    shim_authority(m, "MokSBState", one, 0, 0);
    return true;
}
static void stays_on(const struct mlog *m, const struct lrow *before, const struct lrow *after)
{
    (void)m;
    assert_int_equal(after->boot.facts.secure_boot, before->boot.facts.secure_boot);
    assert_int_equal(after->verdict, before->verdict);
    assert_true(after->boot.facts.n_authorities >= before->boot.facts.n_authorities + 6);
}

static void l54_authorities_of_shim_are_taken_in_their_documented_forms(void **state)
{
    static const char *const plain[] = { "built", "built-two-banks", "built-sha384", "boots/good" };
    static const struct attack refused[] = {
        { "seven bytes behind the data", seven_more, true, TB_CHECK_SB_UNEXPLAINED, no_claim },
        { "two bytes not hashed", two_unhashed, true, TB_CHECK_SB_UNEXPLAINED, no_claim },
        { "a digest of the data only", data_only, true, TB_CHECK_SB_UNEXPLAINED, no_claim },
        { "validation switched off", validation_off, true, TB_CHECK_SB_SHIM, NULL },
    };
    static const char *const real[] = { "gce-shim-sbcert", "gce-cos85-sev", "hirs-laptop-centos",
                                        "supermicro-grub-postcode" };
    static struct lrow before, r;

    (void)state;
    for (size_t i = 0; i < N_OF(plain); i++) { /* another boot: shim's story is another */
        struct mlog *m = mlog_load(plain[i]);

        appraise(m, &before);
        assert_true(documented_forms(m));
        appraise(m, &r);
        assert_outcome(m, &r, TB_CHECK_SB_UNEXPLAINED, TB_PASS);
        stays_on(m, &before, &r);
        mlog_free(m);
    }
    MOUNT(on, refused);
    for (size_t i = 0; i < N_OF(real); i++) {
        struct mlog *m = mlog_load(real[i]);

        if (m == NULL)
            continue;
        appraise(m, &r);
        assert_int_equal(r.boot.facts.secure_boot, TB_SECURE_BOOT_ON);
        mlog_free(m);
    }
}

static void l55_an_authority_before_the_separator_is_marked_and_not_refused(void **state)
{
    static struct lrow r;
    struct mlog *real = mlog_load("hp-windows-optionrom-sha1");

    (void)state;
    for (size_t i = 0; i < N_OF(on); i++) {
        struct mlog *m = mlog_load(on[i]);
        size_t n_early = 0;

        if (m == NULL)
            continue;
        mlog_move(m, (size_t)mlog_find(m, 7, TB_EV_EFI_VARIABLE_AUTHORITY, 0), separator_of_7(m));
        mlog_quote_as_logged(m);
        appraise(m, &r);
        assert_int_equal(r.boot.facts.secure_boot, TB_SECURE_BOOT_ON);
        for (size_t k = 0; k < r.boot.facts.n_authorities; k++)
            n_early += r.boot.facts.authority[k].before_separator;
        assert_int_equal(n_early, 1);
        mlog_free(m);
    }
    if (real != NULL) { /* a driver in an option ROM */
        appraise(real, &r);
        assert_int_equal(r.boot.facts.secure_boot, TB_SECURE_BOOT_ON);
        assert_int_equal(r.boot.facts.n_authorities, 2);
    }
    mlog_free(real);
}

/* ---- L-56, L-57: actions ---- */

static void action_before_the_separator(struct mlog *m, const char *text)
{
    mlog_insert(m, separator_of_7(m), 7, TB_EV_EFI_ACTION, mlog_text(text), mlog_text(text));
    mlog_quote_as_logged(m);
}
static bool debug_mode(struct mlog *m)
{
    action_before_the_separator(m, "UEFI Debug Mode");
    return true;
}
static bool debug_mode_late(struct mlog *m)
{
    mlog_extend(m, 7, TB_EV_EFI_ACTION, mlog_text("UEFI Debug Mode"), mlog_text("UEFI Debug Mode"));
    return true;
}
static bool debug_mode_as_another_type(struct mlog *m)
{
    debug_mode(m);
    mlog_event_of(m, 7, mlog_text("UEFI Debug Mode"))->type = TB_EV_EFI_VARIABLE_DRIVER_CONFIG;
    return true;
}

static void l56_in_debug_mode_on_is_not_claimed(void **state)
{
    static const struct attack list[] = {
        { "UEFI Debug Mode", debug_mode, false, TB_CHECK_SB_DEBUG, no_claim },
        { "behind the separator", debug_mode_late, true, TB_CHECK_SB_DEBUG, no_claim },
        { "as another type", debug_mode_as_another_type, false, TB_CHECK_SB_UNEXPLAINED, no_claim },
    };

    (void)state;
    MOUNT(on, list);
}

static bool dma(struct mlog *m)
{
    action_before_the_separator(m, "DMA Protection Disabled");
    return true;
}
static bool downgraded(struct mlog *m)
{
    action_before_the_separator(m, "Security Level is Downgraded to 0");
    return true;
}
static bool unknown_action(struct mlog *m)
{
    action_before_the_separator(m, "Something that this firmware does");
    return true;
}
/* A look is asked for, where nothing is worse already. */
static enum tb_verdict at_best_changed(const struct lrow *before)
{
    return before->verdict == TB_VERDICT_TRUSTED ? TB_VERDICT_CHANGED : before->verdict;
}
static void flagged(const struct mlog *m, const struct lrow *before, const struct lrow *after)
{
    (void)m;
    assert_int_equal(after->boot.facts.secure_boot, before->boot.facts.secure_boot);
    assert_int_equal(after->verdict, at_best_changed(before));
    assert_int_equal(after->findings.outcome[TB_CHECK_SB_DMA], TB_FAIL);
}

static void l57_actions_have_flags_of_their_own_and_unknown_ones_none(void **state)
{
    static const struct attack list[] = {
        { "DMA protection off", dma, false, TB_CHECK_SB_DMA, flagged },
        { "security level 0", downgraded, false, TB_CHECK_SB_DMA, flagged },
        { "an action that nobody knows", unknown_action, false, -1, same_claims },
    };
    static const char *const hp[] = { "hp-elitebook830-before", "hp-elitebook830-update",
                                      "hp-elitebook830-mokbase", "hp-elitebook830-mokadd" };
    static struct lrow r;

    (void)state;
    MOUNT(on, list);
    for (size_t i = 0; i < N_OF(hp); i++) { /* has both */
        struct mlog *m = mlog_load(hp[i]);

        if (m == NULL)
            continue;
        appraise(m, &r);
        assert_int_equal(r.boot.facts.secure_boot, TB_SECURE_BOOT_ON);
        assert_int_equal(r.verdict, TB_VERDICT_CHANGED);
        assert_true(tells(&r, TB_CHECK_SB_DMA, "DMA Protection Disabled"));
        assert_true(tells(&r, TB_CHECK_SB_DMA, "Downgraded"));
        mlog_free(m);
    }
}

/* ---- L-58: banks ---- */

/* What does not depend on the bank: all but digests of programs. */
static void assert_same_claims(const struct lrow *a, const struct lrow *b)
{
    const struct tb_boot_facts *fa = &a->boot.facts, *fb = &b->boot.facts;

    assert_int_equal(a->verdict, b->verdict);
    assert_int_equal(fa->secure_boot, fb->secure_boot);
    for (unsigned k = 0; k < TB_N_KEYSETS; k++) {
        assert_int_equal(fa->keyset[k].measured, fb->keyset[k].measured);
        assert_memory_equal(fa->keyset[k].digest, fb->keyset[k].digest, 32);
    }
    assert_int_equal(fa->n_authorities, fb->n_authorities);
    for (size_t i = 0; i < fa->n_authorities; i++) {
        assert_memory_equal(fa->authority[i].digest, fb->authority[i].digest, 32);
        assert_string_equal(fa->authority[i].variable, fb->authority[i].variable);
        assert_int_equal(fa->authority[i].in_db, fb->authority[i].in_db);
    }
    assert_int_equal(fa->n_programs, fb->n_programs);
    assert_int_equal(fa->exit_boot_services, fb->exit_boot_services);
    assert_string_equal(fa->firmware_version, fb->firmware_version);
    assert_int_equal(a->boot.story.parts, b->boot.story.parts);
    assert_string_equal(a->boot.story.cmdline.text, b->boot.story.cmdline.text);
}

static void l58_every_bank_tells_the_same(void **state)
{
    static const char *const several[] = { "boots/good", "gce-rhel8", "gce-cos-sp800155",
                                           "gce-ubuntu2104-nosb", "qemu-eve-4banks" };
    static struct lrow sha256, other;
    struct mlog *a = mlog_load("built"), *b = mlog_load("built-sha384");

    (void)state;
    appraise(a, &sha256);
    appraise(b, &other);
    assert_same_claims(&sha256, &other);
    mlog_free(a);
    mlog_free(b);
    for (size_t i = 0; i < N_OF(several); i++) {
        struct mlog *m = mlog_load(several[i]);
        struct tb_pcrs all;

        if (m == NULL)
            continue;
        all = m->quoted;
        for (unsigned bank = TB_BANK_SHA256; bank < TB_N_BANKS; bank++) {
            m->quoted = (struct tb_pcrs){ 0 };
            m->quoted.mask[bank] = all.mask[bank];
            memcpy(m->quoted.value[bank], all.value[bank], sizeof all.value[bank]);
            if (!(m->banks >> bank & 1))
                continue;
            appraise(m, bank == TB_BANK_SHA256 ? &sha256 : &other);
            if (bank != TB_BANK_SHA256)
                assert_same_claims(&sha256, &other);
            assert_int_equal(other.boot.bank_chosen || bank == TB_BANK_SHA256, true);
        }
        mlog_free(m);
    }
}

/* ---- L-59: test keys ---- */

static struct tb_reader named(const char *name, uint8_t out[1024])
{
    size_t left = log_cert_pk.left;

    memcpy(out, log_cert_pk.p, left);
    for (uint8_t *at = out;
         (at = memmem(at, left - (size_t)(at - out), "Trueboot test platform key", 26)) != NULL;)
        memcpy(at, name, 26);
    return tb_slice(out, left);
}
static bool pk_named(struct mlog *m, const char *name)
{
    uint8_t der[1024], list[2048];
    struct tb_reader cert = named(name, der);
    const uint32_t size = (uint32_t)cert.left + 16;

    memset(list, 0, sizeof list);
    memcpy(list, tb_guid_cert_x509, 16);
    for (size_t i = 0; i < 4; i++) {
        list[16 + i] = (uint8_t)((size + 28) >> 8 * i);
        list[24 + i] = (uint8_t)(size >> 8 * i);
    }
    memcpy(list + 28 + 16, cert.p, cert.left);
    variable_is(m, "PK", NULL, tb_slice(list, 28 + size));
    return true;
}

static void l59_a_published_test_key_asks_for_a_look(void **state)
{
    static const struct {
        const char *name;
        bool test;
    } list[] = { { "DO NOT TRUST - AMI Test PK", true },
                 { "DO NOT SHIP - Unsafe Test!", true },
                 { "Somebody's own platform K.", false } };
    static struct lrow before, r;

    (void)state;
    for (size_t i = 0; i < N_OF(on) * N_OF(list); i++) {
        struct mlog *m = mlog_load(on[i / N_OF(list)]);

        if (m == NULL)
            continue;
        appraise(m, &before);
        pk_named(m, list[i % N_OF(list)].name);
        appraise(m, &r);
        assert_int_equal(r.boot.facts.secure_boot, TB_SECURE_BOOT_ON);
        assert_outcome(m, &r, TB_CHECK_SB_TEST_KEY, list[i % N_OF(list)].test ? TB_FAIL : TB_PASS);
        assert_int_equal(r.verdict,
                         list[i % N_OF(list)].test ? at_best_changed(&before) : before.verdict);
        mlog_free(m);
    }
}

#define ROW(f) cmocka_unit_test_setup(f, lrow_set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(l49_secure_boot_has_four_answers_and_each_a_finding),
        ROW(l50_secure_boot_under_a_foreign_guid_is_none),
        ROW(l50_a_foreign_secure_boot_does_not_hide_the_real_one),
        ROW(l51_a_variable_measured_twice_or_late_ends_the_claim),
        ROW(l51_db_twice_or_as_an_authority_ends_the_claim),
        ROW(l52_digests_of_the_data_only_prove_off_and_never_on),
        ROW(l53_on_needs_keys_and_an_authority_that_is_one_of_them),
        ROW(l54_authorities_of_shim_are_taken_in_their_documented_forms),
        ROW(l55_an_authority_before_the_separator_is_marked_and_not_refused),
        ROW(l56_in_debug_mode_on_is_not_claimed),
        ROW(l57_actions_have_flags_of_their_own_and_unknown_ones_none),
        ROW(l58_every_bank_tells_the_same),
        ROW(l59_a_published_test_key_asks_for_a_look),
        cmocka_unit_test(samples_of_the_corpus_were_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
