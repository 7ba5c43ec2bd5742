/* Rows L-01 to L-18 of docs/event-log-cases.md: what ties a log to a quote, and where PCRs start.
 */
#include "tests/unit/lrow_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Boots that are trusted, and some that are not; of every bank and both formats. */
static const char *const logs[] = {
    "built",         "built-two-banks",       "built-sha384",   "built-sha1",
    "boots/good",    "boots/secure-boot-off", "gce-rhel8",      "ownkeys-debian1",
    "dell1-windows", "thinkpad-debian-tpm12", "dell-gdc-ubuntu"
};

static const struct tb_reader anything = { (const uint8_t *)"anything", 8 };

/* ---- 4.1 binding log to quote ---- */

static void l01_a_quote_without_a_log_is_never_trusted(void **state)
{
    static struct lrow r;

    (void)state;
    for (size_t i = 0; i < N_OF(logs); i++) {
        struct mlog *m = mlog_load(logs[i]);

        if (m == NULL)
            continue;
        appraise_bytes(tb_slice(NULL, 0), &m->quoted, &r);
        assert_refused(m->name, &r, TB_CHECK_EVIDENCE_COMPLETE);
        appraise_bytes(tb_slice(m->header, m->header_len), &m->quoted, &r); /* no events */
        assert_int_equal(r.verdict, TB_VERDICT_FAILED);
        assert_true(no_facts(&r.boot.facts));
        mlog_free(m);
    }
}

/* Leave a PCR without what it measured. */
static bool empty_pcr(struct mlog *m, uint32_t pcr)
{
    size_t n = 0;

    for (int i; (i = mlog_find(m, pcr, MLOG_ANY, 0)) >= 0; n++)
        mlog_remove(m, (size_t)i);
    return n != 0;
}

static void l02_a_quoted_value_without_events_is_not_explained_by_the_log(void **state)
{
    static struct lrow before, after;

    (void)state;
    for (size_t i = 0; i < N_OF(logs); i++) {
        struct mlog *m = mlog_load(logs[i]);

        for (uint32_t pcr = 0; m != NULL && pcr <= 10; pcr++) {
            struct mlog *c = mlog_copy(m);
            enum tb_bank bank;

            appraise(m, &before);
            bank = before.boot.bank;
            if (pcr == 10) { /* IMA's: extended, and kept in a list of its own */
                c->quoted.mask[bank] |= 1u << 10;
                memset(c->quoted.value[bank][10], 0xa1, TB_DIGEST_MAX);
            } else if (!empty_pcr(c, pcr)) {
                mlog_free(c);
                continue;
            }
            appraise(c, &after);
            assert_null(gain(&before, &after, false));
            assert_int_equal(state_of(&after, bank, pcr), TB_PCR_NOT_IN_LOG);
            assert_outcome(c, &after,
                           pcr == 10 ? TB_CHECK_LOG_USER_SPACE : TB_CHECK_LOG_UNEXPLAINED, TB_FAIL);
            assert_int_equal(after.verdict, pcr == 10 ? before.verdict : TB_VERDICT_FAILED);
            if (pcr == 10) { /* the policy decides */
                policy.severity[TB_CHECK_LOG_USER_SPACE] = TB_SEVERITY_REQUIRED;
                appraise(c, &after);
                assert_int_equal(after.verdict, TB_VERDICT_FAILED);
                policy.severity[TB_CHECK_LOG_USER_SPACE] = TB_SEVERITY_INFORM;
            }
            mlog_free(c);
        }
        mlog_free(m);
    }
}

static bool pcr7_measures_nothing(struct mlog *m)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->event[i].pcr == 7)
            m->event[i].type = TB_EV_NO_ACTION;
    return true;
}

static bool any_value_in_pcr7(struct mlog *m)
{
    pcr7_measures_nothing(m);
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        memset(m->quoted.value[b][7], 0x5a, tb_bank_digest_len((enum tb_bank)b));
    return true;
}

static bool no_pcr7_in_the_quote(struct mlog *m)
{
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        m->quoted.mask[b] &= ~(UINT32_C(1) << 7);
    return true;
}

static void nothing_from_pcr7(const struct mlog *m, const struct lrow *before,
                              const struct lrow *after)
{
    (void)m;
    (void)before;
    assert_int_equal(after->boot.facts.secure_boot, TB_SECURE_BOOT_UNKNOWN);
    assert_int_equal(after->boot.facts.n_authorities, 0);
    for (unsigned k = 0; k < TB_N_KEYSETS; k++)
        assert_false(after->boot.facts.keyset[k].measured);
    assert_int_equal(after->boot.story.shim.validation, TB_UNTOLD);
    assert_int_equal(after->verdict, TB_VERDICT_FAILED);
}

static void l03_events_that_measure_nothing_explain_no_value(void **state)
{
    static const struct attack list[] = {
        { "all of PCR 7 is EV_NO_ACTION", pcr7_measures_nothing, false, TB_CHECK_LOG_UNEXPLAINED,
          nothing_from_pcr7 },
        { "and PCR 7 holds anything", any_value_in_pcr7, false, TB_CHECK_LOG_UNEXPLAINED,
          nothing_from_pcr7 },
    };

    (void)state;
    MOUNT(logs, list);
}

static void l04_nothing_is_claimed_from_a_pcr_that_the_quote_does_not_cover(void **state)
{
    static const struct attack selection[] = { { "PCR 7 is not quoted", no_pcr7_in_the_quote, false,
                                                 TB_CHECK_PCR_SELECTION, nothing_from_pcr7 } };
    static const struct attack allowed[] = { { "and the policy does not ask for it",
                                               no_pcr7_in_the_quote, false, TB_CHECK_SB_MISSING,
                                               nothing_from_pcr7 } };

    (void)state;
    MOUNT(logs, selection);
    policy.pcrs &= ~UINT32_C(0x80); /* no policy file may, docs/policy.md */
    MOUNT(logs, allowed);
}

/* What an editor may do to the events of one PCR. */
enum edit { REMOVED, ADDED, SWAPPED, BIT, N_EDITS };

static bool edit_pcr(struct mlog *m, uint32_t pcr, enum edit edit)
{
    int last = -1;

    for (size_t i = 0; i < m->n; i++)
        if (m->event[i].pcr == pcr && m->event[i].type != TB_EV_NO_ACTION) {
            struct mevent *e = &m->event[i], swapped = *e;

            if (last < 0) {
                last = (int)i;
                continue;
            }
            if (edit == REMOVED)
                mlog_remove(m, i);
            else if (edit == ADDED)
                mlog_insert(m, i, pcr, TB_EV_ACTION, anything, anything);
            else if (edit == BIT)
                for (unsigned b = 0; b < TB_N_BANKS; b++)
                    e->digests[e->at[b] >= 0 ? e->at[b] + 7 : 0] ^= e->at[b] >= 0 ? 1 : 0;
            else if (memcmp(e->digests, m->event[last].digests, e->digests_len) == 0)
                continue;
            else
                *e = m->event[last], m->event[last] = swapped;
            return true;
        }
    return false;
}

static void l05_an_edit_is_a_mismatch_of_that_pcr_only(void **state)
{
    static struct lrow before, after;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < N_OF(logs) * 10 * N_EDITS; i++) {
        struct mlog *m = mlog_load(logs[i / (10 * N_EDITS)]);
        uint32_t pcr = (uint32_t)(i / N_EDITS % 10);

        if (m == NULL)
            continue;
        appraise(m, &before);
        if (edit_pcr(m, pcr, (enum edit)(i % N_EDITS))) {
            appraise(m, &after);
            assert_null(gain(&before, &after, false));
            assert_int_equal(after.verdict, TB_VERDICT_FAILED);
            assert_outcome(m, &after, TB_CHECK_LOG_REPLAY, TB_FAIL);
            for (unsigned p = 0; p < TB_N_PCRS; p++)
                if (p == pcr)
                    assert_int_equal(state_of(&after, after.boot.bank, p), TB_PCR_MISMATCH);
                else
                    assert_int_equal(state_of(&after, after.boot.bank, p),
                                     state_of(&before, after.boot.bank, p));
            n++;
        }
        mlog_free(m);
    }
    assert_true(n >= 4 * 5 * 3); /* of the logs in the repository alone */
}

static void l05_a_log_that_somebody_altered_differs_in_two_pcrs(void **state)
{
    static struct lrow r;
    struct mlog *m = mlog_load("hirs-tpmlog"), *altered = mlog_load("hirs-tpmlog-altered");

    (void)state;
    if (m != NULL && altered != NULL) {
        appraise_bytes(mlog_bytes(altered), &m->quoted, &r);
        for (unsigned pcr = 0; pcr < 10; pcr++)
            assert_int_equal(state_of(&r, TB_BANK_SHA256, pcr) == TB_PCR_MISMATCH, pcr < 2);
        assert_int_equal(r.verdict, TB_VERDICT_FAILED);
    }
    mlog_free(m);
    mlog_free(altered);
}

/* The order within each PCR stays, or the replay would tell. */
static void sort_by_pcr(struct mlog *m, bool descending)
{
    for (size_t i = 1; i < m->n; i++) {
        size_t to = i;

        while (to > 0 && (descending ? m->event[to - 1].pcr < m->event[i].pcr
                                     : m->event[to - 1].pcr > m->event[i].pcr))
            to--;
        if (to != i)
            mlog_move(m, i, to);
    }
}
static bool ascending(struct mlog *m)
{
    sort_by_pcr(m, false);
    return true;
}
static bool descending(struct mlog *m)
{
    sort_by_pcr(m, true);
    return true;
}
static bool programs_after_the_end(struct mlog *m)
{
    struct mevent *end = mlog_event_of(m, 5, mlog_text("Exit Boot Services Invocation"));
    size_t stop = m->n, n = 0;

    if (end == NULL)
        return false;
    for (size_t i = 0; i < stop;)
        if (m->event[i].pcr == 4) {
            mlog_move(m, i, m->n - 1);
            stop--;
            n++;
        } else {
            i++;
        }
    return n != 0;
}
static bool separators_last(struct mlog *m)
{
    /* to the end of its own PCR's events only where it stands there already; across PCRs freely */
    for (uint32_t pcr = 0; pcr < 8; pcr++) {
        int at = mlog_find(m, pcr, TB_EV_SEPARATOR, 0);

        for (size_t i = (size_t)at + 1; at >= 0 && i < m->n && m->event[i].pcr != pcr; i++)
            at = (int)i;
        if (mlog_find(m, pcr, TB_EV_SEPARATOR, 0) >= 0)
            mlog_move(m, (size_t)mlog_find(m, pcr, TB_EV_SEPARATOR, 0), (size_t)at);
    }
    return true;
}

static void l06_no_fact_depends_on_the_order_between_pcrs(void **state)
{
    static const struct oddity list[] = {
        { "PCR by PCR", ascending },
        { "PCR by PCR, the last first", descending },
        { "programs behind the end of the firmware", programs_after_the_end },
        { "separators as late as their PCR allows", separators_last },
    };
    static const char *const more[] = { "gce-cos-sp800155", "qemu-ovmf-rhel-moklisttrusted",
                                        "thinkpad-amd-fedora-0x8401", "eve-tcglog1" };

    (void)state;
    ODDITIES(logs, list);
    ODDITIES(more, list);
}

static void l08_a_log_of_another_bank_than_the_quoted_proves_nothing(void **state)
{
    static const char *const sha1[] = { "built-sha1", "gce-debian10-sha1",
                                        "gce-windows-shielded-sha1" };
    static struct lrow r;

    (void)state;
    for (size_t i = 0; i < N_OF(sha1); i++) {
        struct mlog *m = mlog_load(sha1[i]);

        if (m == NULL)
            continue;
        /* below the policy: as the built-in one has it */
        appraise_bytes(mlog_bytes(m), &m->quoted, &r);
        assert_int_equal(r.verdict, TB_VERDICT_FAILED);
        assert_false(r.boot.bank_chosen);
        assert_true(no_facts(&r.boot.facts));
        /* SHA-256 is quoted as well: never SHA-1 in its stead, even where that is allowed */
        m->quoted.mask[TB_BANK_SHA256] = m->quoted.mask[TB_BANK_SHA1];
        for (unsigned allowed = 0; allowed < 2; allowed++) {
            appraise_bytes(mlog_bytes(m), &m->quoted, &r);
            assert_int_equal(r.verdict, TB_VERDICT_FAILED);
            assert_outcome(m, &r, TB_CHECK_LOG_REPLAY, TB_FAIL);
            policy.banks |= LOG_BANK(TB_BANK_SHA1);
        }
        tb_policy_builtin(&policy);
        mlog_free(m);
    }
}

static const char *const two_banks[] = { "built-two-banks", "boots/good", "gce-rhel8",
                                         "ownkeys-debian1" };

static bool sha256_differs(struct mlog *m)
{
    m->quoted.value[TB_BANK_SHA256][4][0] ^= 1;
    return true;
}

static void l09_a_strong_bank_that_fails_is_not_saved_by_a_weak_one(void **state)
{
    static const struct attack list[] = { { "SHA-256 differs", sha256_differs, false,
                                            TB_CHECK_LOG_REPLAY, NULL } };
    static struct lrow r;

    (void)state;
    MOUNT(two_banks, list);
    policy.banks |= LOG_BANK(TB_BANK_SHA1); /* one is as good as the other */
    MOUNT(two_banks, list);
    tb_policy_builtin(&policy);
    for (size_t i = 0; i < N_OF(two_banks); i++) { /* the weak one decides nothing */
        struct mlog *m = mlog_load(two_banks[i]);

        if (m == NULL)
            continue;
        m->quoted.value[TB_BANK_SHA1][4][0] ^= 1;
        appraise(m, &r);
        assert_int_equal(r.verdict, TB_VERDICT_TRUSTED);
        mlog_free(m);
    }
}

static bool cap_sha1(struct mlog *m)
{
    for (uint32_t pcr = 0; pcr < 10; pcr++)
        mlog_cap(m, TB_BANK_SHA1, pcr);
    return true;
}
static bool cap_sha256(struct mlog *m)
{
    for (uint32_t pcr = 0; pcr < 10; pcr++)
        mlog_cap(m, TB_BANK_SHA256, pcr);
    return true;
}

static void l10_a_bank_that_the_system_closed_is_capped_and_decides_nothing(void **state)
{
    static const struct oddity odd[] = { { "SHA-1 is capped", cap_sha1 } };
    static const struct attack list[] = { { "SHA-256 is capped", cap_sha256, false,
                                            TB_CHECK_PCR_BANK_UNUSED, NULL } };
    static const char *const windows[] = { "supermicro-win2022", "thinkpad-t480s-win10" };
    static struct lrow r;

    (void)state;
    ODDITIES(two_banks, odd);
    MOUNT(two_banks, list);
    for (size_t i = 0; i < N_OF(windows); i++) {
        struct mlog *m = mlog_load(windows[i]);

        if (m == NULL)
            continue;
        appraise(m, &r);
        for (unsigned pcr = 0; pcr < 8; pcr++) {
            assert_int_equal(state_of(&r, TB_BANK_SHA1, pcr), TB_PCR_CAPPED);
            assert_int_equal(state_of(&r, TB_BANK_SHA256, pcr), TB_PCR_MATCH);
        }
        assert_int_equal(r.boot.bank, TB_BANK_SHA256);
        assert_outcome(m, &r, TB_CHECK_LOG_REPLAY, TB_PASS);
        mlog_free(m);
    }
}

static void l11_of_several_logs_each_is_tried_alone_and_never_a_concatenation(void **state)
{
    static const char *const boots[] = { "boots/good", "boots/good-updated",
                                         "boots/secure-boot-off", "boots/setup-mode",
                                         "boots/foreign-keys" };
    struct mlog *good = mlog_load(boots[0]);
    static uint8_t both[2 * 65536];
    static struct lrow r;

    (void)state;
    for (size_t i = 0; i < N_OF(boots); i++) {
        struct mlog *m = mlog_load(boots[i]);
        struct tb_reader one = mlog_bytes(good), other = mlog_bytes(m);

        appraise_bytes(other, &good->quoted, &r);
        assert_int_equal(r.verdict, i == 0 ? TB_VERDICT_TRUSTED : TB_VERDICT_FAILED);
        assert_true(one.left + other.left <= sizeof both);
        memcpy(both, one.p, one.left);
        memcpy(both + one.left, other.p, other.left);
        appraise_bytes(tb_slice(both, one.left + other.left), &good->quoted, &r);
        assert_int_equal(r.verdict, TB_VERDICT_FAILED);
        assert_true(no_facts(&r.boot.facts));
        memcpy(both + one.left, other.p + m->header_len, other.left - m->header_len);
        appraise_bytes(tb_slice(both, one.left + other.left - m->header_len), &good->quoted, &r);
        assert_int_equal(r.verdict, TB_VERDICT_FAILED);
        assert_outcome(m, &r, TB_CHECK_LOG_REPLAY, TB_FAIL);
        mlog_free(m);
    }
    mlog_free(good);
}

/* systemd-pcrphase and the like extend PCR 11 without a TCG log. */
static bool user_space_extends_11(struct mlog *m)
{
    struct mevent *e = mlog_append(m, 11, TB_EV_IPL, anything, anything);

    mlog_extend_pcr(m, 11, e);
    mlog_remove(m, m->n - 1);
    return true;
}

static void others_stand(const struct mlog *m, const struct lrow *before, const struct lrow *after)
{
    for (unsigned pcr = 0; pcr < TB_N_PCRS; pcr++)
        if (pcr != 11)
            assert_int_equal(state_of(after, after->boot.bank, pcr),
                             state_of(before, after->boot.bank, pcr));
    assert_true(state_of(after, after->boot.bank, 11) != TB_PCR_MATCH);
    assert_int_equal(after->boot.facts.secure_boot, before->boot.facts.secure_boot);
    assert_int_equal(after->verdict, before->verdict);
    assert_int_equal(after->boot.story.n_sections, 0); /* PCR 11 tells them */
    assert_string_equal(after->boot.story.uname, "");
    assert_outcome(m, after, TB_CHECK_LOG_USER_SPACE, TB_FAIL);
}

static void l12_a_pcr_extended_after_the_log_loses_its_own_facts_only(void **state)
{
    static const struct attack list[] = { { "PCR 11 is extended later", user_space_extends_11,
                                            false, TB_CHECK_LOG_USER_SPACE, others_stand } };

    (void)state;
    MOUNT(logs, list);
}

/* ---- 4.2 start values ---- */

static struct mevent *insert_locality(struct mlog *m, size_t at, const char *data, size_t len)
{
    struct mevent *e = mlog_insert(m, at, 0, TB_EV_NO_ACTION, anything, tb_slice(data, len));

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (e->at[b] >= 0)
            memset(e->digests + e->at[b], 0, tb_bank_digest_len((enum tb_bank)b));
    return e;
}
static bool has_locality(struct mlog *m)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->event[i].type == TB_EV_NO_ACTION && m->event[i].data.left == 17)
            return true;
    return mlog_find(m, 0, TB_EV_EFI_HCRTM_EVENT, 0) >= 0;
}
static bool locality_3(struct mlog *m)
{
    if (has_locality(m))
        return false;
    insert_locality(m, 0, "StartupLocality\0\3", 17);
    mlog_quote_as_logged(m);
    return true;
}
static bool locality_4(struct mlog *m)
{
    if (has_locality(m))
        return false;
    insert_locality(m, 0, "StartupLocality\0\4", 17);
    mlog_quote_as_logged(m);
    return true;
}
static bool locality_claimed(struct mlog *m) /* and it was not so */
{
    if (has_locality(m))
        return false;
    insert_locality(m, 0, "StartupLocality\0\3", 17);
    return true;
}
static bool locality_hidden(struct mlog *m)
{
    locality_3(m);
    for (size_t i = 0; i < m->n; i++)
        if (m->event[i].type == TB_EV_NO_ACTION && m->event[i].data.left == 17) {
            mlog_remove(m, i);
            return true;
        }
    return false;
}

static void l14_startup_locality_is_where_pcr_0_starts(void **state)
{
    static const struct oddity odd[] = { { "locality 3", locality_3 },
                                         { "locality 4", locality_4 } };
    static const struct attack claimed[] = { { "a locality that was not", locality_claimed, false,
                                               TB_CHECK_LOG_REPLAY, NULL } };
    static const struct attack hidden[] = { { "the locality is hidden", locality_hidden, false,
                                              TB_CHECK_LOG_REPLAY, NULL } };
    static const char *const real[] = { "lenovo-glinux-nosb", "dell-gdc-ubuntu" }; /* a TPM's */
    static struct lrow r;

    (void)state;
    ODDITIES(logs, odd);
    MOUNT(logs, claimed);
    MOUNT(logs, hidden);
    MOUNT(real, hidden);
    for (size_t i = 0; i < N_OF(real); i++) {
        struct mlog *m = mlog_load(real[i]);

        if (m == NULL)
            continue;
        assert_true(has_locality(m));
        appraise(m, &r);
        assert_int_equal(state_of(&r, TB_BANK_SHA256, 0), TB_PCR_MATCH);
        mlog_free(m);
    }
}

static bool behind_a_measurement(struct mlog *m)
{
    int first = mlog_find(m, 0, MLOG_ANY, 0);

    while (first >= 0 && m->event[first].type == TB_EV_NO_ACTION)
        first++;
    while (first >= 0 && (size_t)first < m->n && m->event[first].pcr != 0)
        first++;
    insert_locality(m, (size_t)first + 1, "StartupLocality\0\3", 17);
    return true;
}
static bool locality_77(struct mlog *m)
{
    insert_locality(m, 0, "StartupLocality\0M", 17);
    return true;
}
static bool two_localities(struct mlog *m)
{
    insert_locality(m, 0, "StartupLocality\0\3", 17);
    insert_locality(m, 0, "StartupLocality\0\4", 17);
    return true;
}
static bool long_locality(struct mlog *m)
{
    insert_locality(m, 0, "StartupLocality\0\3\0", 18);
    return true;
}
static bool short_locality(struct mlog *m)
{
    insert_locality(m, 0, "StartupLocality", 16);
    return true;
}
static bool locality_of_pcr_1(struct mlog *m)
{
    insert_locality(m, 0, "StartupLocality\0\3", 17)->pcr = 1;
    return true;
}

static void l15_a_startup_locality_that_cannot_be_is_refused(void **state)
{
    static const struct attack list[] = {
        { "behind a measurement", behind_a_measurement, false, TB_CHECK_LOG_LOCALITY, NULL },
        { "of value 77", locality_77, false, TB_CHECK_LOG_LOCALITY, NULL },
        { "two different ones", two_localities, false, TB_CHECK_LOG_LOCALITY, NULL },
        { "a byte too long", long_locality, false, TB_CHECK_LOG_LOCALITY, NULL },
        { "a byte too short", short_locality, false, TB_CHECK_LOG_LOCALITY, NULL },
        { "in PCR 1", locality_of_pcr_1, false, TB_CHECK_LOG_LOCALITY, NULL },
    };

    (void)state;
    REFUSE(logs, list);
}

static bool hcrtm(struct mlog *m)
{
    if (has_locality(m))
        return false;
    mlog_insert(m, 0, 0, TB_EV_EFI_HCRTM_EVENT, anything, mlog_text("HCRTM"));
    mlog_quote_as_logged(m);
    return true;
}
static bool hcrtm_of_other_data(struct mlog *m)
{
    return hcrtm(m) && (mlog_set_data(m, &m->event[0], mlog_text("HCRTX")), true);
}
static bool hcrtm_in_pcr_1(struct mlog *m)
{
    return hcrtm(m) && (m->event[0].pcr = 1, true);
}
static bool late_hcrtm(struct mlog *m)
{
    return hcrtm(m) && (mlog_insert(m, 0, 0, TB_EV_POST_CODE, anything, anything), true);
}

static void l16_an_h_crtm_event_first_in_pcr_0_starts_it_at_4(void **state)
{
    static const struct oddity odd[] = { { "an H-CRTM", hcrtm } };
    static const struct attack list[] = {
        { "of other data", hcrtm_of_other_data, false, TB_CHECK_LOG_LOCALITY, NULL },
        { "in PCR 1", hcrtm_in_pcr_1, false, TB_CHECK_LOG_LOCALITY, NULL },
        { "behind a measurement", late_hcrtm, false, TB_CHECK_LOG_LOCALITY, NULL },
    };
    static struct lrow r;
    struct mlog *m = mlog_load("hygon-hcrtm");

    (void)state;
    ODDITIES(logs, odd);
    REFUSE(logs, list);
    if (m != NULL) {
        assert_true(mlog_find(m, 0, TB_EV_EFI_HCRTM_EVENT, 0) >= 0);
        appraise(m, &r);
        assert_int_equal(state_of(&r, TB_BANK_SHA256, 0), TB_PCR_MATCH);
        assert_int_equal(state_of(&r, TB_BANK_SHA1, 0), TB_PCR_MATCH);
    }
    mlog_free(m);
}

static bool no_launch(struct mlog *m)
{
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        m->quoted.mask[b] |= m->quoted.mask[b] != 0 ? UINT32_C(0x7e0000) : 0;
    return true;
}
static bool launch(struct mlog *m)
{
    for (uint32_t pcr = 17; pcr <= 22; pcr++)
        mlog_append(m, pcr, 0x402, anything, anything);
    mlog_quote_as_logged(m); /* from zero */
    return no_launch(m);
}
static bool launch_from_ones(struct mlog *m)
{
    no_launch(m);
    for (uint32_t pcr = 17; pcr <= 22; pcr++)
        mlog_extend(m, pcr, 0x402, anything, anything);
    return true;
}
static void all_launched(const struct mlog *m, const struct lrow *before, const struct lrow *after)
{
    (void)m;
    (void)before;
    for (unsigned pcr = 17; pcr <= 22; pcr++)
        assert_int_equal(state_of(after, after->boot.bank, pcr), TB_PCR_MATCH);
}
static void none_launched(const struct mlog *m, const struct lrow *before, const struct lrow *after)
{
    (void)m;
    (void)before;
    for (unsigned pcr = 17; pcr <= 22; pcr++)
        assert_int_equal(state_of(after, after->boot.bank, pcr), TB_PCR_MISMATCH);
}

static void l17_pcrs_of_a_dynamic_launch_hold_ones_until_it_and_restart_at_zero(void **state)
{
    static const struct oddity odd[] = { { "no dynamic launch", no_launch }, { "one", launch } };
    static const struct attack list[] = {
        { "no launch", no_launch, false, -1, all_launched },
        { "a launch", launch, false, -1, all_launched },
        { "extends without a launch", launch_from_ones, false, TB_CHECK_LOG_USER_SPACE,
          none_launched },
    };

    (void)state;
    ODDITIES(logs, odd);
    MOUNT(logs, list);
}

static bool counts_registers(struct mlog *m)
{
    m->header[0] = 1; /* the Spec ID event itself is in register 1 */
    return !m->sha1_format;
}

static void l18_a_log_of_measurement_registers_is_refused_as_a_cc_log(void **state)
{
    static const struct attack list[] = { { "counts from 1", counts_registers, false,
                                            TB_CHECK_LOG_HEADER, NULL } };
    static const char *const files[] = { "ccel-csv-sm3.bin", "ccel-tdx-ovmf.bin",
                                         "ccel-tdx-unpadded.bin", "ccel-cos113-dupesep.bin" };
    struct mlog *good = mlog_load("built-sha384");
    static struct lrow r;

    (void)state;
    REFUSE(logs, list);
    for (size_t i = 0; i < N_OF(files); i++) {
        size_t len;
        uint8_t *p = read_sample(files[i], &len);

        if (p == NULL)
            continue;
        appraise_bytes(tb_slice(p, len), &good->quoted, &r);
        assert_refused(files[i], &r, TB_CHECK_LOG_HEADER);
        assert_true(tells(&r, TB_CHECK_LOG_HEADER, "CC log"));
        free(p);
    }
    mlog_free(good);
}

#define ROW(f) cmocka_unit_test_setup(f, lrow_set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(l01_a_quote_without_a_log_is_never_trusted),
        ROW(l02_a_quoted_value_without_events_is_not_explained_by_the_log),
        ROW(l03_events_that_measure_nothing_explain_no_value),
        ROW(l04_nothing_is_claimed_from_a_pcr_that_the_quote_does_not_cover),
        ROW(l05_an_edit_is_a_mismatch_of_that_pcr_only),
        ROW(l05_a_log_that_somebody_altered_differs_in_two_pcrs),
        ROW(l06_no_fact_depends_on_the_order_between_pcrs),
        ROW(l08_a_log_of_another_bank_than_the_quoted_proves_nothing),
        ROW(l09_a_strong_bank_that_fails_is_not_saved_by_a_weak_one),
        ROW(l10_a_bank_that_the_system_closed_is_capped_and_decides_nothing),
        ROW(l11_of_several_logs_each_is_tried_alone_and_never_a_concatenation),
        ROW(l12_a_pcr_extended_after_the_log_loses_its_own_facts_only),
        ROW(l14_startup_locality_is_where_pcr_0_starts),
        ROW(l15_a_startup_locality_that_cannot_be_is_refused),
        ROW(l16_an_h_crtm_event_first_in_pcr_0_starts_it_at_4),
        ROW(l17_pcrs_of_a_dynamic_launch_hold_ones_until_it_and_restart_at_zero),
        ROW(l18_a_log_of_measurement_registers_is_refused_as_a_cc_log),
        cmocka_unit_test(samples_of_the_corpus_were_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
