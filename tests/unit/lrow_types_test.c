/* Rows L-39 to L-48 of docs/event-log-cases.md: the type of an event, and data that no digest
 * covers, are the word of whoever made the log. Everything here replays. */
#include "tests/unit/lrow_world.h"

#include "core/describe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const on[] = { "built",         "built-sha1",      "built-two-banks",
                                  "boots/good",    "gce-rhel8",       "ownkeys-debian1",
                                  "dell1-windows", "gce-cos-sp800155" };
static const char *const off[] = {
    "boots/secure-boot-off",    "boots/setup-mode",           "dell-gdc-ubuntu",
    "thinkpad-fedora-mbpolicy", "thinkpad-amd-fedora-0x8401", "gce-ubuntu2104-nosb",
    "lenovo-glinux-nosb",       "thinkpad-debian-tpm12"
};

static const struct tb_reader anything = { (const uint8_t *)"anything", 8 };

static const uint32_t hiding_types[] = { TB_EV_UNUSED,
                                         TB_EV_NO_ACTION,
                                         TB_EV_ACTION,
                                         TB_EV_EFI_ACTION,
                                         TB_EV_SEPARATOR,
                                         TB_EV_POST_CODE,
                                         TB_EV_EVENT_TAG,
                                         TB_EV_EFI_PLATFORM_FIRMWARE_BLOB,
                                         TB_EV_EFI_VARIABLE_BOOT,
                                         TB_EV_EFI_VARIABLE_AUTHORITY,
                                         TB_EV_EFI_VARIABLE_DRIVER_CONFIG,
                                         0x8401 };

/* ---- L-39: the firmware's own SecureBoot=0 behind a forged set ---- */

/* PCR 7 of a boot with Secure Boot on, logged and measured behind what was there. */
static void append_a_good_pcr_7(struct mlog *m)
{
    struct mlog *donor = mlog_load("built");

    for (size_t i = 0; i < donor->n; i++)
        if (donor->event[i].pcr == 7)
            mlog_extend(m, 7, donor->event[i].type, donor->event[i].data, donor->event[i].data);
    mlog_free(donor);
}

static size_t hiding; /* number of the type */

static bool hide_all_of_pcr_7(struct mlog *m)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->event[i].pcr == 7 && m->event[i].type != TB_EV_NO_ACTION)
            m->event[i].type = hiding_types[hiding];
    append_a_good_pcr_7(m);
    return true;
}
static bool hide_secure_boot(struct mlog *m)
{
    struct mevent *e = mlog_variable(m, "SecureBoot", 0);

    if (e == NULL)
        return false;
    e->type = hiding_types[hiding];
    append_a_good_pcr_7(m);
    return true;
}
static bool hide_but_the_separator(struct mlog *m)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->event[i].pcr == 7 && m->event[i].type != TB_EV_NO_ACTION &&
            m->event[i].type != TB_EV_SEPARATOR)
            m->event[i].type = hiding_types[hiding];
    append_a_good_pcr_7(m);
    return true;
}
/* Its bytes as the data of a variable of another name. */
static bool wrap_secure_boot(struct mlog *m)
{
    struct mevent *e = mlog_variable(m, "SecureBoot", 0);

    if (e == NULL)
        return false;
    e->data = mlog_uefi_variable(m, log_guid_global, "Boot0001", e->data);
    append_a_good_pcr_7(m);
    return true;
}

static void never_on(const struct mlog *m, const struct lrow *before, const struct lrow *after)
{
    (void)m;
    (void)before;
    assert_true(after->boot.facts.secure_boot != TB_SECURE_BOOT_ON);
    assert_int_equal(after->verdict, TB_VERDICT_FAILED);
}

static void l39_a_forged_set_behind_a_hidden_one_claims_nothing(void **state)
{
    static const struct attack list[] = {
        { "all of PCR 7 retyped", hide_all_of_pcr_7, true, -1, never_on },
        { "SecureBoot retyped", hide_secure_boot, true, -1, never_on },
        { "all but the separator retyped", hide_but_the_separator, true, -1, never_on },
        { "SecureBoot wrapped in another variable", wrap_secure_boot, true, -1, never_on },
    };

    (void)state;
    for (hiding = 0; hiding < N_OF(hiding_types); hiding++)
        MOUNT(off, list);
}

/* Each event of each PCR, each type, nothing else: the plainest form of the disclosure. */
static void l39_a_retyped_event_moves_no_fact_and_no_verdict(void **state)
{
    static const char *const logs[] = { "built",
                                        "built-shell",
                                        "boots/good",
                                        "boots/secure-boot-off",
                                        "gce-cos-sp800155",
                                        "lenovo-glinux-nosb",
                                        "dell1-windows",
                                        "supermicro-win2022" };
    static struct lrow before, after;

    (void)state;
    for (size_t i = 0; i < N_OF(logs); i++) {
        struct mlog *m = mlog_load(logs[i]);

        if (m != NULL)
            appraise(m, &before);
        for (size_t k = 0; m != NULL && k < m->n * N_OF(hiding_types); k++) {
            struct mevent *e = &m->event[k / N_OF(hiding_types)];
            uint32_t type = e->type;

            e->type = hiding_types[k % N_OF(hiding_types)];
            appraise(m, &after);
            if (gain(&before, &after, false) != NULL) {
                show(&after);
                fail_msg("%s: event %zu as 0x%08x: %s", m->name, k / N_OF(hiding_types), e->type,
                         gain(&before, &after, false));
            }
            e->type = type;
        }
        mlog_free(m);
    }
}

/* Events of another boot, measured and logged behind the end of this one: from `from` of the donor,
 * one, or with all: all of that PCR. */
static void extend_from(struct mlog *m, const struct mlog *donor, size_t from, bool all)
{
    for (size_t i = from; i < (all ? donor->n : from + 1); i++) {
        const struct mevent *e = &donor->event[i];
        struct mevent *copy;

        if (e->type == TB_EV_NO_ACTION || e->pcr != donor->event[from].pcr || e->pcr > 15)
            continue;
        copy = mlog_append(m, e->pcr, e->type, e->data, e->data);
        for (unsigned b = 0; b < TB_N_BANKS; b++)
            if (copy->at[b] >= 0 && e->at[b] >= 0) /* as it was, covered or not */
                memcpy(copy->digests + copy->at[b], e->digests + e->at[b],
                       tb_bank_digest_len((enum tb_bank)b));
        mlog_extend_pcr(m, e->pcr, copy);
    }
}

static void extend_each_from(const char *victim, const char *giver, bool all)
{
    static struct lrow before, after;
    struct mlog *m = mlog_load(victim), *donor = mlog_load(giver);

    if (m != NULL && donor != NULL)
        appraise(m, &before);
    for (size_t i = 0; m != NULL && donor != NULL && i < donor->n; i++) {
        struct mlog *c;

        if (all && mlog_find(donor, donor->event[i].pcr, MLOG_ANY, 0) != (int)i)
            continue; /* this PCR was had */
        c = mlog_copy(m);
        extend_from(c, donor, i, all);
        appraise(c, &after);
        if (gain(&before, &after, true) != NULL) {
            show(&before);
            show(&after);
            fail_msg("%s: %s event %zu of %s: %s", victim, all ? "from" : "with", i, giver,
                     gain(&before, &after, true));
        }
        mlog_free(c);
    }
    mlog_free(m);
    mlog_free(donor);
}

static void l39_what_is_extended_after_the_boot_moves_no_fact(void **state)
{
    static const char *const victims[] = { "built-shell",         "boots/good",
                                           "boots/setup-mode",    "gce-cos-sp800155",
                                           "gce-ubuntu2104-nosb", "dell1-windows",
                                           "supermicro-win2022",  "thinkpad-amd-fedora-0x8401" };
    static const char *const givers[] = { "built-grub", "boots/good", "gce-rhel8", "dell1-windows",
                                          "gce-cos-sp800155" };

    (void)state;
    for (size_t i = 0; i < N_OF(victims); i++)
        for (size_t k = 0; k < N_OF(givers); k++)
            for (unsigned all = 0; all < 2; all++)
                extend_each_from(victims[i], givers[k], all != 0);
}

/* ---- L-40: programs ---- */

static const struct tb_reader good_image = { (const uint8_t *)"a good boot loader", 18 };

static bool retype_programs(struct mlog *m, uint32_t type)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++)
        if (m->event[i].pcr == 4 && m->event[i].type == TB_EV_EFI_BOOT_SERVICES_APPLICATION) {
            m->event[i].type = type;
            n++;
        }
    mlog_extend(m, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, good_image, anything);
    return n != 0;
}
static bool program_as_firmware(struct mlog *m)
{
    return retype_programs(m, TB_EV_EFI_PLATFORM_FIRMWARE_BLOB);
}
static bool program_as_action(struct mlog *m)
{
    return retype_programs(m, TB_EV_EFI_ACTION);
}
static bool program_as_separator(struct mlog *m)
{
    return retype_programs(m, TB_EV_SEPARATOR);
}
static bool program_as_text(struct mlog *m)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->event[i].pcr == 4 && m->event[i].type == TB_EV_EFI_BOOT_SERVICES_APPLICATION)
            mlog_set_data(m, &m->event[i], mlog_text("Calling EFI Application from Boot Option"));
    return retype_programs(m, TB_EV_EFI_ACTION);
}
static void all_programs_are_told(const struct mlog *m, const struct lrow *before,
                                  const struct lrow *after)
{
    (void)m;
    assert_int_equal(after->boot.facts.n_programs, before->boot.facts.n_programs + 1);
    assert_int_equal(after->findings.outcome[TB_CHECK_LOADER_ALLOWED], TB_FAIL);
}

static void l40_everything_in_pcr_4_that_is_not_known_is_a_program(void **state)
{
    static const struct attack list[] = {
        { "a firmware blob", program_as_firmware, true, TB_CHECK_LOADER_ALLOWED,
          all_programs_are_told },
        { "an action", program_as_action, true, TB_CHECK_LOADER_ALLOWED, all_programs_are_told },
        { "a separator", program_as_separator, true, TB_CHECK_LOADER_ALLOWED,
          all_programs_are_told },
        { "an action with its text", program_as_text, true, TB_CHECK_LOADER_ALLOWED,
          all_programs_are_told },
    };
    static const char *const logs[] = { "built", "built-two-banks", "boots/good", "gce-rhel8",
                                        "ownkeys-debian1" };

    (void)state;
    for (unsigned b = TB_BANK_SHA256; b < TB_N_BANKS; b++) { /* the only one that may start */
        policy.programs[policy.n_programs].bank = (enum tb_bank)b;
        assert_true(
            tb_hash(h, (enum tb_bank)b, good_image, policy.programs[policy.n_programs++].digest));
    }
    MOUNT(logs, list);
}

/* ---- L-41 to L-46: separators ---- */

static uint32_t at_pcr; /* the row is for each of PCR 0 to 7 */

static struct mevent *the_separator(struct mlog *m)
{
    int i = mlog_find(m, at_pcr, TB_EV_SEPARATOR, 0);

    return i < 0 ? NULL : &m->event[i];
}
static bool disguise(struct mlog *m)
{
    struct mevent *e = the_separator(m);

    if (e == NULL || !mlog_covers(e, tb_slice("\0\0\0\0", 4)))
        return false;
    e->type = TB_EV_ACTION;
    return true;
}
static bool separator_is(struct mlog *m, const char *bytes, size_t len)
{
    struct mevent *e = the_separator(m);

    if (e == NULL)
        return false;
    mlog_set_data(m, e, tb_slice(bytes, len));
    mlog_rehash(m, e, e->data);
    mlog_quote_as_logged(m);
    return true;
}
static bool error_separator(struct mlog *m)
{
    return separator_is(m, "\xff\xff\xff\xff", 4);
}
static bool error_in_disguise(struct mlog *m)
{
    return error_separator(m) && (the_separator(m)->type = TB_EV_ACTION, true);
}

static void nothing_from_that_pcr(const struct mlog *m, const struct lrow *before,
                                  const struct lrow *after)
{
    const struct tb_boot_facts *f = &after->boot.facts;

    (void)m;
    (void)before;
    assert_int_equal(after->verdict, TB_VERDICT_FAILED);
    if (at_pcr == 0)
        assert_string_equal(f->firmware_version, "");
    if (at_pcr == 4)
        assert_int_equal(f->n_programs, 0);
    if (at_pcr == 5)
        assert_false(f->exit_boot_services);
    if (at_pcr == 7) {
        assert_int_equal(f->secure_boot, TB_SECURE_BOOT_UNKNOWN);
        assert_int_equal(f->n_authorities, 0);
        assert_false(f->keyset[TB_KEYSET_DB].measured);
    }
}

/* Where a setting of four bytes stands in the same PCR (gce-cos-sp800155 has such a boot variable),
 * the first of both is told. */
static void hidden_separator(const struct mlog *m, const struct lrow *before,
                             const struct lrow *after)
{
    assert_true(after->findings.outcome[TB_CHECK_LOG_SEPARATOR] == TB_FAIL ||
                after->findings.outcome[TB_CHECK_LOG_FIRMWARE_ERROR] == TB_FAIL);
    nothing_from_that_pcr(m, before, after);
}

static void l41_a_separator_in_disguise_is_recognised_and_its_pcr_claims_nothing(void **state)
{
    static const struct attack list[] = { { "a separator as an action", disguise, false, -1,
                                            hidden_separator } };

    (void)state;
    for (at_pcr = 0; at_pcr < 8; at_pcr++)
        MOUNT(on, list);
}

static void l42_an_error_separator_in_disguise_is_a_firmware_error(void **state)
{
    static const struct attack others[] = { { "an error separator as an action", error_in_disguise,
                                              false, TB_CHECK_LOG_FIRMWARE_ERROR,
                                              nothing_from_that_pcr } };
    static const struct attack pcr_7[] = { { "an error separator as an action", error_in_disguise,
                                             false, TB_CHECK_LOG_SEPARATOR,
                                             nothing_from_that_pcr } };

    (void)state;
    for (at_pcr = 0; at_pcr < 7; at_pcr++)
        MOUNT(on, others);
    MOUNT(on, pcr_7);
}

static void failed(const struct mlog *m, const struct lrow *before, const struct lrow *after)
{
    (void)m;
    (void)before;
    assert_int_equal(after->verdict, TB_VERDICT_FAILED);
}

static void l43_an_error_separator_is_an_error_that_the_firmware_reports(void **state)
{
    static const struct attack list[] = { { "ffffffff", error_separator, false,
                                            TB_CHECK_LOG_FIRMWARE_ERROR, failed } };

    (void)state;
    for (at_pcr = 0; at_pcr < 8; at_pcr++)
        MOUNT(on, list);
}

static bool data_wbcl(struct mlog *m) /* what the log says; the digest is of zeros */
{
    struct mevent *e = the_separator(m);

    if (e == NULL)
        return false;
    mlog_set_data(m, e, mlog_text("WBCL"));
    return true;
}
static bool is_wbcl(struct mlog *m)
{
    return separator_is(m, "WBCL", 4);
}
static bool is_ff(struct mlog *m)
{
    return separator_is(m, "\xff", 1);
}
static bool is_text(struct mlog *m)
{
    return separator_is(m, "a separator", 11);
}
static bool is_zeros(struct mlog *m)
{
    return separator_is(m, "\0\0\0\0\0", 5);
}

static void l44_a_separator_of_other_data_ends_the_claims_of_pcr_7(void **state)
{
    static const struct attack lies[] = { { "other data than its digest is of", data_wbcl, false,
                                            TB_CHECK_LOG_SEPARATOR, failed } };
    static const struct attack list[] = {
        { "WBCL", is_wbcl, false, TB_CHECK_LOG_SEPARATOR, nothing_from_that_pcr },
        { "one byte ff", is_ff, false, TB_CHECK_LOG_SEPARATOR, nothing_from_that_pcr },
        { "text", is_text, false, TB_CHECK_LOG_SEPARATOR, nothing_from_that_pcr },
        { "five zeros", is_zeros, false, TB_CHECK_LOG_SEPARATOR, nothing_from_that_pcr },
    };
    struct mlog *m = mlog_load("dell-legacy-27-sha1"), *windows = mlog_load("dell1-windows");
    static struct lrow r;

    (void)state;
    for (at_pcr = 0; at_pcr < 8; at_pcr++)
        MOUNT(on, lies);
    at_pcr = 7;
    MOUNT(on, list);
    if (m != NULL) { /* ff in all of them */
        appraise(m, &r);
        assert_outcome(m, &r, TB_CHECK_LOG_REPLAY, TB_PASS);
        assert_outcome(m, &r, TB_CHECK_LOG_SEPARATOR, TB_FAIL);
        nothing_from_that_pcr(m, NULL, &r);
    }
    if (windows != NULL) { /* WBCL, in PCR 12 to 14 where it belongs */
        assert_int_equal(mlog_event(windows, 12, TB_EV_SEPARATOR, 0)->data.p[0], 'W');
        appraise(windows, &r);
        assert_int_equal(r.verdict, TB_VERDICT_TRUSTED);
    }
    mlog_free(m);
    mlog_free(windows);
}

static bool second_separator(struct mlog *m)
{
    if (the_separator(m) == NULL)
        return false;
    mlog_extend(m, at_pcr, TB_EV_SEPARATOR, tb_slice("\0\0\0\0", 4), tb_slice("\0\0\0\0", 4));
    return true;
}
static void told_only(const struct mlog *m, const struct lrow *before, const struct lrow *after)
{
    assert_outcome(m, after, TB_CHECK_LOG_SEPARATOR,
                   before->findings.outcome[TB_CHECK_LOG_SEPARATOR]);
    assert_int_equal(after->verdict, before->verdict);
}
/* A version that the firmware did not measure, behind its separator. */
static bool late_version(struct mlog *m)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->event[i].pcr == 0 && m->event[i].type == TB_EV_S_CRTM_VERSION)
            m->event[i].type = TB_EV_POST_CODE;
    mlog_extend(m, 0, TB_EV_S_CRTM_VERSION, tb_slice("9\0.\0009\0\0\0", 8),
                tb_slice("9\0.\0009\0\0\0", 8));
    return true;
}
static bool late_version_and_separator(struct mlog *m)
{
    late_version(m);
    at_pcr = 0;
    return second_separator(m);
}
static void no_version(const struct mlog *m, const struct lrow *before, const struct lrow *after)
{
    (void)m;
    (void)before;
    assert_string_equal(after->boot.facts.firmware_version, "");
}

static void l45_a_second_separator_ends_the_claims_of_pcr_7_and_is_told_elsewhere(void **state)
{
    static const struct attack others[] = { { "a second separator", second_separator, true,
                                              TB_CHECK_LOG_SEPARATOR_OTHER, told_only } };
    static const struct attack pcr_7[] = { { "a second separator", second_separator, true,
                                             TB_CHECK_LOG_SEPARATOR, nothing_from_that_pcr } };
    static const struct attack versions[] = {
        { "a version behind the separator", late_version, true, -1, no_version },
        { "and a separator behind that", late_version_and_separator, true, -1, no_version },
    };

    (void)state;
    for (at_pcr = 0; at_pcr < 7; at_pcr++)
        MOUNT(on, others);
    at_pcr = 7;
    MOUNT(on, pcr_7);
    MOUNT(on, versions); /* facts only from in front of the first */
}

/* The boot ended there, or the log is cut there and nothing was measured behind it. */
static bool ends_at_the_separator(struct mlog *m)
{
    size_t from = mlog_index(m, the_separator(m));

    for (size_t i = m->n; i-- > from;)
        if (m->event[i].pcr == 7)
            mlog_remove(m, i);
    mlog_quote_as_logged(m);
    return true;
}

static void l46_without_its_separator_pcr_7_claims_nothing(void **state)
{
    static const struct attack list[] = { { "PCR 7 ends in front of its separator",
                                            ends_at_the_separator, false, TB_CHECK_LOG_SEPARATOR,
                                            nothing_from_that_pcr } };

    (void)state;
    at_pcr = 7;
    MOUNT(on, list);
}

/* ---- L-47 and L-48: known by digest, and not known at all ---- */

static bool retype_the_end(struct mlog *m)
{
    struct mevent *one = mlog_event_of(m, 5, mlog_text("Exit Boot Services Invocation"));
    struct mevent *other =
        mlog_event_of(m, 5, mlog_text("Exit Boot Services Returned with Success"));

    if (one == NULL || other == NULL || hiding_types[hiding] == TB_EV_NO_ACTION)
        return false;
    one->type = other->type = hiding_types[hiding];
    mlog_set_data(m, one, anything);
    return true;
}

static void l47_the_end_of_the_firmware_is_known_by_its_digests(void **state)
{
    static const struct oddity odd[] = { { "ExitBootServices of another type", retype_the_end } };
    static const char *const logs[] = { "built",     "built-two-banks", "boots/good",
                                        "gce-rhel8", "ownkeys-debian1", "gce-cos-sp800155" };

    (void)state;
    for (hiding = 0; hiding < N_OF(hiding_types); hiding++)
        if (hiding_types[hiding] != TB_EV_SEPARATOR) /* an unusual one, which is told */
            ODDITIES(logs, odd);
}

static const char planted[] = "PLANTED PLANTED PLANTED PLANTED PLANTED PLANTED PLANTED ";

/* Bytes that no digest covers, wherever there are any: image paths, partition tables, blobs,
 * handoff tables, file names of GRUB's, names of boot variables. In PCR 8 text is covered without
 * its label: L-64. */
static bool plant(struct mlog *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++) {
        struct mevent *e = &m->event[i];
        uint8_t *p;

        if (e->pcr == 7 || e->pcr == 8 || e->type == TB_EV_NO_ACTION ||
            e->type == TB_EV_SEPARATOR || mlog_covers(e, e->data) || e->data.left == 0)
            continue;
        e->data = mlog_keep(m, e->data);
        p = m->arena + (e->data.p - m->arena);
        for (size_t k = 0; k < e->data.left; k++)
            p[k] = (uint8_t)planted[k % (sizeof planted - 1)];
        n++;
    }
    return n != 0;
}

static void no_planted_line(void *ctx, const char *key, const char *value, bool verified)
{
    (void)key;
    if (verified && strstr(value, "PLANTED") != NULL)
        fail_msg("%s: believed: %s", (const char *)ctx, value);
}

static void nothing_planted_is_believed(const struct mlog *m, const struct lrow *before,
                                        const struct lrow *after)
{
    static struct mlog copy;
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;

    assert_null(strstr(after->boot.facts.firmware_version, "PLANTED"));
    assert_null(strstr(after->boot.story.cmdline.text, "PLANTED"));
    assert_null(strstr(after->boot.story.grub.kernel, "PLANTED"));
    for (size_t i = 0; i < after->findings.n; i++)
        assert_null(strstr(after->findings.list[i].reason.observed, "PLANTED"));
    assert_int_equal(after->verdict, before->verdict);
    copy = *m;
    assert_true(tb_log_open(mlog_bytes(&copy), &log, &why));
    while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT)
        tb_event_describe(&log, &e, e.banks, h, no_planted_line, copy.name);
}

static void l48_data_that_no_digest_covers_is_shown_and_never_believed(void **state)
{
    static const struct attack list[] = { { "other data wherever no digest covers it", plant, false,
                                            -1, nothing_planted_is_believed } };

    (void)state;
    MOUNT(on, list);
    MOUNT(off, list);
}

static void l48_a_changed_byte_of_data_moves_no_fact(void **state)
{
    static const char *const logs[] = {
        "built-shell",        "boots/good",       "boots/secure-boot-off",  "dell1-windows",
        "supermicro-win2022", "gce-cos-sp800155", "hp-elitebook830-mokadd", "qemu-fedora37-sdboot"
    };
    static struct lrow before, after;

    (void)state;
    for (size_t i = 0; i < N_OF(logs); i++) {
        struct mlog *m = mlog_load(logs[i]);

        if (m != NULL)
            appraise(m, &before);
        for (size_t k = 0; m != NULL && k < m->n * 6; k++) {
            const struct mevent *e = &m->event[k / 6];
            const size_t at[] = { 0, 4, 8, e->data.left / 3, e->data.left / 2, e->data.left - 1 };
            uint8_t *p = m->arena + (e->data.p - m->arena);

            if (e->type == TB_EV_NO_ACTION || at[k % 6] >= e->data.left)
                continue;
            p[at[k % 6]] ^= 1;
            appraise(m, &after);
            p[at[k % 6]] ^= 1;
            if (gain(&before, &after, false) != NULL) {
                show(&after);
                fail_msg("%s: byte %zu of event %zu: %s", m->name, at[k % 6], k / 6,
                         gain(&before, &after, false));
            }
        }
        mlog_free(m);
    }
}

#define ROW(f) cmocka_unit_test_setup(f, lrow_set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(l39_a_forged_set_behind_a_hidden_one_claims_nothing),
        ROW(l39_a_retyped_event_moves_no_fact_and_no_verdict),
        ROW(l39_what_is_extended_after_the_boot_moves_no_fact),
        ROW(l40_everything_in_pcr_4_that_is_not_known_is_a_program),
        ROW(l41_a_separator_in_disguise_is_recognised_and_its_pcr_claims_nothing),
        ROW(l42_an_error_separator_in_disguise_is_a_firmware_error),
        ROW(l43_an_error_separator_is_an_error_that_the_firmware_reports),
        ROW(l44_a_separator_of_other_data_ends_the_claims_of_pcr_7),
        ROW(l45_a_second_separator_ends_the_claims_of_pcr_7_and_is_told_elsewhere),
        ROW(l46_without_its_separator_pcr_7_claims_nothing),
        ROW(l47_the_end_of_the_firmware_is_known_by_its_digests),
        ROW(l48_data_that_no_digest_covers_is_shown_and_never_believed),
        ROW(l48_a_changed_byte_of_data_moves_no_fact),
        cmocka_unit_test(samples_of_the_corpus_were_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
