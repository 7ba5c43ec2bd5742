/* Rows L-19 to L-30 of docs/event-log-cases.md: the header, events and padding, also of hostile
 * logs. */
#include "tests/unit/lrow_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const agile[] = { "built",     "built-two-banks", "built-sha384", "boots/good",
                                     "gce-rhel8", "dell1-windows",   "hygon-hcrtm" };
static const char *const logs[] = {
    "built",     "built-sha1",      "built-two-banks",   "boots/good",
    "gce-rhel8", "ownkeys-debian1", "gce-debian10-sha1", "hp-windows-optionrom-sha1"
};
/* Secure Boot is on, and the log builder's or the recorded boot's variables are in PCR 7. */
static const char *const on[] = { "built", "built-two-banks", "boots/good", "gce-rhel8",
                                  "ownkeys-debian1" };

static const struct tb_reader anything = { (const uint8_t *)"anything", 8 };

/* Offsets in the Spec ID record (PFP 1.06, 10.4.5.1). */
enum { ERRATA = 54, UINTN = 55, N_ALGS = 56, ALGS = 60 };

static bool header_byte(struct mlog *m, size_t at, uint8_t v)
{
    m->header[at] = v;
    return true;
}

/* ---- L-19 to L-23: the header ---- */

static bool algs_4g(struct mlog *m)
{
    memset(m->header + N_ALGS, 0xff, 4);
    return true;
}
static bool algs_0(struct mlog *m)
{
    return header_byte(m, N_ALGS, 0);
}
static bool algs_17(struct mlog *m)
{
    return header_byte(m, N_ALGS, 17);
}
static bool alg_twice(struct mlog *m)
{
    if (m->header[N_ALGS] < 2)
        return false;
    memcpy(m->header + ALGS + 4, m->header + ALGS, 4);
    return true;
}
static bool alg_of_19_bytes(struct mlog *m)
{
    return header_byte(m, ALGS + 2, 19);
}
static bool sha256_of_20_bytes(struct mlog *m)
{
    for (size_t i = 0; i < m->header[N_ALGS]; i++)
        if (m->header[ALGS + 4 * i] == TB_ALG_SHA256)
            return header_byte(m, ALGS + 4 * i + 2, 20);
    return false;
}

static void l19_a_spec_id_event_with_impossible_algorithms_is_refused(void **state)
{
    static const struct attack list[] = {
        { "2^32-1 algorithms", algs_4g, false, TB_CHECK_LOG_HEADER, NULL },
        { "none", algs_0, false, TB_CHECK_LOG_HEADER, NULL },
        { "17", algs_17, false, TB_CHECK_LOG_HEADER, NULL },
        { "one twice", alg_twice, false, TB_CHECK_LOG_HEADER, NULL },
        { "the first of 19 bytes", alg_of_19_bytes, false, TB_CHECK_LOG_HEADER, NULL },
        { "SHA-256 of 20 bytes", sha256_of_20_bytes, false, TB_CHECK_LOG_HEADER, NULL },
    };

    (void)state;
    REFUSE(agile, list);
}

/* One more algorithm, declared and logged in front of the others. */
static bool another_algorithm(struct mlog *m, uint8_t alg)
{
    uint8_t ha[34] = { alg, 0 };

    memmove(m->header + ALGS + 4, m->header + ALGS, m->header_len - ALGS);
    memcpy(m->header + ALGS, (uint8_t[]){ alg, 0, 32, 0 }, 4);
    m->header_len += 4;
    m->header[28] = (uint8_t)(m->header[28] + 4); /* size of the event's data */
    m->header[N_ALGS]++;
    for (size_t i = 0; i < m->n; i++) {
        struct mevent *e = &m->event[i];

        if (e->digests[0] == 0)
            continue;
        memmove(e->digests + 4 + 34, e->digests + 4, e->digests_len - 4);
        memset(ha + 2, (int)i, 32);
        memcpy(e->digests + 4, ha, 34);
        e->digests[0]++;
        e->digests_len += 34;
    }
    return true;
}
static bool with_sm3(struct mlog *m)
{
    for (size_t i = 0; i < m->header[N_ALGS]; i++)
        if (m->header[ALGS + 4 * i] == 0x12)
            return false;
    return another_algorithm(m, 0x12);
}
static bool with_sha3(struct mlog *m)
{
    return another_algorithm(m, 0x27);
}

static void l20_a_bank_that_nobody_knows_is_skipped_by_its_size(void **state)
{
    static const struct oddity odd[] = { { "SM3", with_sm3 }, { "SHA3-256", with_sha3 } };
    static struct lrow r;
    struct mlog *m = mlog_load("hygon-hcrtm"); /* has a bank of SM3 */

    (void)state;
    ODDITIES(agile, odd);
    if (m != NULL) {
        appraise(m, &r);
        for (unsigned pcr = 0; pcr < 8; pcr++)
            assert_int_equal(state_of(&r, TB_BANK_SHA256, pcr), TB_PCR_MATCH);
    }
    mlog_free(m);
}

static bool vendor_info(struct mlog *m, uint8_t told, uint8_t there)
{
    if (m->header[m->header_len - 1] != 0)
        return false;
    m->header[m->header_len - 1] = told;
    memset(m->header + m->header_len, 0xde, there);
    m->header_len += there;
    m->header[28] = (uint8_t)(m->header[28] + there);
    return true;
}
static bool vendor_4(struct mlog *m)
{
    return vendor_info(m, 4, 4);
}
static bool vendor_7(struct mlog *m)
{
    return vendor_info(m, 7, 7);
}
static bool vendor_beyond(struct mlog *m)
{
    return vendor_info(m, 5, 4);
}
static bool vendor_short(struct mlog *m)
{
    return vendor_info(m, 3, 4);
}

static void l21_vendor_information_is_taken_by_its_size_or_refused(void **state)
{
    static const struct oddity odd[] = { { "4 bytes", vendor_4 }, { "7 bytes", vendor_7 } };
    static const struct attack list[] = {
        { "more than there is", vendor_beyond, false, TB_CHECK_LOG_HEADER, NULL },
        { "less than there is", vendor_short, false, TB_CHECK_LOG_HEADER, NULL },
    };
    struct mlog *good = mlog_load("built");
    static struct lrow r;
    size_t len;
    uint8_t *p = read_sample("fragment-specid-vendordata.bin", &len);

    (void)state;
    ODDITIES(agile, odd);
    REFUSE(agile, list);
    if (p != NULL) { /* four bytes behind the event that claims to hold them */
        appraise_bytes(tb_slice(p, len), &good->quoted, &r);
        assert_int_equal(r.verdict, TB_VERDICT_FAILED);
        assert_true(no_facts(&r.boot.facts));
    }
    free(p);
    mlog_free(good);
}

static bool errata_0(struct mlog *m)
{
    return header_byte(m, ERRATA, 0);
}
static bool errata_2(struct mlog *m)
{
    return header_byte(m, ERRATA, 2);
}
static bool errata_105(struct mlog *m)
{
    return header_byte(m, ERRATA, 105);
}
static bool errata_106(struct mlog *m)
{
    return header_byte(m, ERRATA, 106);
}
static bool uintn_1(struct mlog *m)
{
    return header_byte(m, UINTN, 1);
}
static bool uintn_2(struct mlog *m)
{
    return header_byte(m, UINTN, 2);
}
static bool uintn_3(struct mlog *m)
{
    return header_byte(m, UINTN, 3);
}

static void l22_errata_and_uintn_of_any_firmware_are_accepted(void **state)
{
    static const struct oddity odd[] = {
        { "errata 0", errata_0 },     { "errata 2", errata_2 }, { "errata 105", errata_105 },
        { "errata 106", errata_106 }, { "uintn 1", uintn_1 },   { "uintn 2", uintn_2 },
    };
    static const struct attack list[] = { { "uintn 3", uintn_3, false, TB_CHECK_LOG_HEADER,
                                            NULL } };
    struct mlog *m = mlog_load("eve-tcglog1");
    static struct lrow r;

    (void)state;
    ODDITIES(agile, odd);
    REFUSE(agile, list);
    if (m != NULL) {
        appraise(m, &r);
        assert_outcome(m, &r, TB_CHECK_LOG_REPLAY, TB_PASS);
    }
    mlog_free(m);
}

static void l23_a_short_no_action_event_first_is_a_log_of_the_sha_1_format(void **state)
{
    static struct lrow r;
    struct mlog *m = mlog_load("built-sha1"), *sample;
    struct mevent *e =
        mlog_insert(m, 0, 0, TB_EV_NO_ACTION, anything, tb_slice("StartupLocality\0\3", 17));
    struct tb_reason why;
    struct tb_log log;

    (void)state;
    memset(e->digests, 0, 20);
    mlog_quote_as_logged(m);
    appraise(m, &r);
    assert_int_equal(r.verdict, TB_VERDICT_TRUSTED);
    mlog_free(m);
    sample = mlog_load("fragment-short-no-action");
    if (sample != NULL) {
        assert_true(tb_log_open(mlog_bytes(sample), &log, &why));
        assert_int_equal(log.format, TB_LOG_SHA1);
        assert_int_equal(sample->n, 1);
        appraise(sample, &r);
        assert_int_equal(r.verdict, TB_VERDICT_FAILED); /* PCR 7 was never measured into */
    }
    mlog_free(sample);
}

/* ---- L-24 to L-30: events ---- */

/* The whole log parses; on refusal the finding says where. */
static bool parses(struct tb_reader in, const char **where)
{
    static struct tb_reason why;
    enum tb_log_step step = TB_LOG_BAD;
    struct tb_event e;
    struct tb_log log;

    why = (struct tb_reason){ 0 };
    *where = why.where;
    if (!tb_log_open(in, &log, &why))
        return false;
    while ((step = tb_log_next(&log, &e, &why)) == TB_LOG_EVENT)
        continue;
    return step == TB_LOG_END;
}

static void cut_everywhere(struct mlog *m)
{
    static struct lrow whole, cut;
    struct tb_reader all;
    const char *where;
    size_t n_parse = 0, n_refused = 0;

    appraise(m, &whole);
    m->padding = 0;
    all = mlog_bytes(m);
    if (m->banks == LOG_BANK(TB_BANK_SHA1))
        policy.banks |= LOG_BANK(TB_BANK_SHA1);
    for (size_t n = 0; n < all.left; n++) {
        if (!parses(tb_slice(all.p, n), &where)) {
            assert_string_not_equal(where, "");
            if (n_refused++ % 512 == 0) {
                appraise_bytes(tb_slice(all.p, n), &m->quoted, &cut);
                assert_int_equal(cut.verdict, TB_VERDICT_FAILED);
                assert_true(no_facts(&cut.boot.facts));
            }
            continue;
        }
        n_parse++;
        appraise_bytes(tb_slice(all.p, n), &m->quoted, &cut);
        assert_null(gain(&whole, &cut, false));
        if (n < mlog_offset(m, (size_t)mlog_find(m, 7, MLOG_ANY, 0)))
            assert_int_equal(cut.verdict, TB_VERDICT_FAILED);
    }
    assert_true(n_parse + 1 >= m->n && n_refused > 0);
    tb_policy_builtin(&policy);
}

static void l24_a_log_cut_at_any_byte_is_refused_or_does_not_explain_the_quote(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(logs); i++) {
        struct mlog *m = mlog_load(logs[i]);

        if (m != NULL)
            cut_everywhere(m);
        mlog_free(m);
    }
}

/* The size of the last event's data says one byte more than there is. */
static void l24_an_event_larger_than_the_rest_is_refused_with_its_offset(void **state)
{
    static struct lrow r;

    (void)state;
    for (size_t i = 0; i < N_OF(logs); i++) {
        struct mlog *m = mlog_load(logs[i]);
        char offset[32];
        size_t at;

        if (m == NULL)
            continue;
        m->padding = 0;
        at = mlog_offset(m, m->n - 1);
        mlog_bytes(m);
        m->bytes[at + 8 + m->event[m->n - 1].digests_len]++;
        appraise_bytes(tb_slice(m->bytes, m->len), &m->quoted, &r);
        assert_refused(m->name, &r, TB_CHECK_LOG_FORMAT);
        snprintf(offset, sizeof offset, "offset %zu,", at);
        assert_true(tells(&r, TB_CHECK_LOG_FORMAT, offset));
        mlog_free(m);
    }
}

static struct mevent *full_event(struct mlog *m) /* with all digests, measured */
{
    for (size_t i = m->n; i-- > 0;)
        if (m->event[i].digests[0] == m->header[N_ALGS] && m->event[i].type != TB_EV_NO_ACTION)
            return &m->event[i];
    return NULL;
}
static bool digests_4g(struct mlog *m)
{
    memset(full_event(m)->digests, 0xff, 4);
    return true;
}
static bool digests_0(struct mlog *m)
{
    struct mevent *e = full_event(m);

    e->digests[0] = 0;
    e->digests_len = 4;
    return true;
}
static bool digest_undeclared(struct mlog *m)
{
    full_event(m)->digests[4] = 0x77;
    return true;
}
static bool digest_twice(struct mlog *m)
{
    struct mevent *e = full_event(m);
    size_t len = 2 + (size_t)(m->header[ALGS + 2]);

    if (m->header[N_ALGS] < 2)
        return false;
    /* the first algorithm once more, in the place of all others */
    memmove(e->digests + 4 + len, e->digests + 4, len);
    e->digests[0] = 2;
    e->digests_len = 4 + 2 * len;
    return true;
}
static bool no_action_without_digests(struct mlog *m)
{
    struct mevent *e = mlog_append(m, 0, TB_EV_NO_ACTION, anything, anything);

    e->digests[0] = 0;
    e->digests_len = 4;
    return true;
}

static void l25_digests_must_be_those_that_the_spec_id_event_declares(void **state)
{
    static const struct attack list[] = {
        { "2^32-1 digests", digests_4g, false, TB_CHECK_LOG_HEADER, NULL },
        { "none in an event that is measured", digests_0, false, TB_CHECK_LOG_HEADER, NULL },
        { "of an undeclared algorithm", digest_undeclared, false, TB_CHECK_LOG_HEADER, NULL },
        { "two of one", digest_twice, false, TB_CHECK_LOG_HEADER, NULL },
    };
    static const struct oddity odd[] = { { "EV_NO_ACTION without", no_action_without_digests } };

    (void)state;
    REFUSE(agile, list);
    ODDITIES(agile, odd);
}

static bool sha1_lacks_pcr_5(struct mlog *m)
{
    if ((m->banks & 3) != 3)
        return false;
    for (int i, n = 0; (i = mlog_find(m, 5, MLOG_ANY, (size_t)n)) >= 0; n++)
        if (m->event[i].at[TB_BANK_SHA1] >= 0 && n > 0)
            mlog_drop_digest(m, &m->event[i], TB_BANK_SHA1);
    return true;
}
static bool sha256_lacks_pcr_5(struct mlog *m)
{
    if ((m->banks & 3) != 3)
        return false;
    mlog_drop_digest(m, mlog_event(m, 5, MLOG_ANY, 0), TB_BANK_SHA256);
    return true;
}
static void pcr_5_incomplete(const struct mlog *m, const struct lrow *before,
                             const struct lrow *after)
{
    (void)m;
    assert_int_equal(state_of(after, TB_BANK_SHA1, 5), TB_PCR_INCOMPLETE);
    assert_int_equal(after->verdict, before->verdict);
    assert_int_equal(after->boot.facts.exit_boot_services, before->boot.facts.exit_boot_services);
}

static void l26_an_event_without_a_bank_s_digest_makes_that_pcr_incomplete(void **state)
{
    static const struct attack weak[] = { { "SHA-1 is not in all of PCR 5", sha1_lacks_pcr_5, false,
                                            -1, pcr_5_incomplete } };
    static const struct attack strong[] = { { "SHA-256 is not in all of PCR 5", sha256_lacks_pcr_5,
                                              false, TB_CHECK_LOG_REPLAY, NULL } };
    struct mlog *m = mlog_load("dell1-windows");
    static struct lrow r;

    (void)state;
    MOUNT(on, weak);
    MOUNT(on, strong);
    if (m != NULL) {
        appraise(m, &r);
        assert_int_equal(state_of(&r, TB_BANK_SHA1, 5), TB_PCR_INCOMPLETE);
        assert_int_equal(r.verdict, TB_VERDICT_TRUSTED);
    }
    mlog_free(m);
}

static bool padded(struct mlog *m, uint8_t with)
{
    m->padding = 1000;
    m->padding_byte = with;
    return true;
}
static bool padded_ones(struct mlog *m)
{
    return padded(m, 0xff);
}
static bool padded_zeros(struct mlog *m)
{
    return padded(m, 0);
}

static void l27_a_rest_of_ones_or_zeros_is_padding_and_is_told(void **state)
{
    static const struct oddity odd[] = { { "ones", padded_ones }, { "zeros", padded_zeros } };
    static const char *const names[] = { "built", "built-sha1", "boots/good", "server-rhel-ffpad" };

    (void)state;
    ODDITIES(logs, odd);
    for (size_t i = 0; i < N_OF(names); i++) {
        struct mlog *m = mlog_load(names[i]);
        struct tb_reason why;
        struct tb_event e;
        struct tb_log log;

        if (m == NULL)
            continue;
        if (i < 3)
            padded_ones(m);
        else
            assert_true(m->padding > 0);
        assert_true(tb_log_open(mlog_bytes(m), &log, &why));
        while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT)
            continue;
        assert_int_equal(log.padding, m->padding);
        mlog_free(m);
    }
}

static void l28_padding_with_another_byte_in_it_and_trailing_bytes_are_refused(void **state)
{
    static const char *const names[] = { "built", "built-two-banks", "boots/good", "gce-rhel8",
                                         "server-rhel-ffpad" };
    static struct lrow r;

    (void)state;
    for (size_t i = 0; i < N_OF(names); i++) {
        struct mlog *m = mlog_load(names[i]);

        for (size_t at = 0; m != NULL && at < 1000; at += 37)
            for (unsigned with = 0; with < 2; with++) {
                padded(m, with ? 0xff : 0);
                mlog_bytes(m);
                m->bytes[m->len - 1000 + at] ^= 0x40;
                appraise_bytes(tb_slice(m->bytes, m->len), &m->quoted, &r);
                assert_int_equal(r.verdict, TB_VERDICT_FAILED);
                assert_true(no_facts(&r.boot.facts));
            }
        for (size_t n = 1; m != NULL && n < 12; n++) {
            m->padding = n;
            appraise(m, &r);
            assert_int_equal(r.verdict, TB_VERDICT_FAILED);
            assert_true(no_facts(&r.boot.facts));
        }
        mlog_free(m);
    }
}

static struct mevent *last_measured(struct mlog *m)
{
    size_t i = m->n - 1;

    while (i > 0 && m->event[i].type == TB_EV_NO_ACTION)
        i--;
    return &m->event[i];
}
static bool pcr_24(struct mlog *m)
{
    last_measured(m)->pcr = 24;
    return true;
}
static bool pcr_2g(struct mlog *m)
{
    last_measured(m)->pcr = 0x7fffffff;
    return true;
}
static bool pcr_4g(struct mlog *m)
{
    last_measured(m)->pcr = 0xffffffff;
    return true;
}
static bool no_action_in_pcr_24(struct mlog *m)
{
    mlog_append(m, 24, TB_EV_NO_ACTION, anything, anything);
    return true;
}
static bool no_action_in_pcr_4g(struct mlog *m)
{
    mlog_append(m, 0xffffffff, TB_EV_NO_ACTION, anything, anything);
    return true;
}

static void l29_a_pcr_above_23_is_refused_unless_nothing_is_measured(void **state)
{
    static const struct attack list[] = {
        { "PCR 24", pcr_24, false, TB_CHECK_LOG_FORMAT, NULL },
        { "PCR 2^31-1", pcr_2g, false, TB_CHECK_LOG_FORMAT, NULL },
        { "PCR 2^32-1", pcr_4g, false, TB_CHECK_LOG_FORMAT, NULL },
    };
    static const struct oddity odd[] = { { "not measured, 24", no_action_in_pcr_24 },
                                         { "not measured, 2^32-1", no_action_in_pcr_4g } };
    static const char *const windows[] = { "hp-windows-optionrom-sha1", "thinkpad-yogax1-windows",
                                           "supermicro-win2022" };
    static struct lrow r;

    (void)state;
    REFUSE(logs, list);
    ODDITIES(logs, odd);
    for (size_t i = 0; i < N_OF(windows); i++) { /* Windows' trust point */
        struct mlog *m = mlog_load(windows[i]);

        if (m == NULL)
            continue;
        assert_true(mlog_find(m, 0xffffffff, TB_EV_NO_ACTION, 0) >= 0);
        appraise(m, &r);
        assert_outcome(m, &r, TB_CHECK_LOG_FORMAT, TB_PASS);
        assert_outcome(m, &r, TB_CHECK_LOG_NO_ACTION, TB_FAIL);
        mlog_free(m);
    }
}

static bool no_action_with_digest(struct mlog *m)
{
    for (uint32_t pcr = 0; pcr < 8; pcr++)
        mlog_insert(m, 0, pcr, TB_EV_NO_ACTION, anything, anything);
    return true;
}
static void flagged_only(const struct mlog *m, const struct lrow *before, const struct lrow *after)
{
    assert_outcome(m, after, TB_CHECK_LOG_NO_ACTION, TB_FAIL);
    assert_null(difference(before, after));
}

static void l30_an_event_that_is_not_measured_never_extends_and_its_digest_is_flagged(void **state)
{
    static const struct attack list[] = { { "EV_NO_ACTION with digests", no_action_with_digest,
                                            false, TB_CHECK_LOG_NO_ACTION, flagged_only } };

    (void)state;
    MOUNT(logs, list);
}

#define ROW(f) cmocka_unit_test_setup(f, lrow_set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(l19_a_spec_id_event_with_impossible_algorithms_is_refused),
        ROW(l20_a_bank_that_nobody_knows_is_skipped_by_its_size),
        ROW(l21_vendor_information_is_taken_by_its_size_or_refused),
        ROW(l22_errata_and_uintn_of_any_firmware_are_accepted),
        ROW(l23_a_short_no_action_event_first_is_a_log_of_the_sha_1_format),
        ROW(l24_a_log_cut_at_any_byte_is_refused_or_does_not_explain_the_quote),
        ROW(l24_an_event_larger_than_the_rest_is_refused_with_its_offset),
        ROW(l25_digests_must_be_those_that_the_spec_id_event_declares),
        ROW(l26_an_event_without_a_bank_s_digest_makes_that_pcr_incomplete),
        ROW(l27_a_rest_of_ones_or_zeros_is_padding_and_is_told),
        ROW(l28_padding_with_another_byte_in_it_and_trailing_bytes_are_refused),
        ROW(l29_a_pcr_above_23_is_refused_unless_nothing_is_measured),
        ROW(l30_an_event_that_is_not_measured_never_extends_and_its_digest_is_flagged),
        cmocka_unit_test(samples_of_the_corpus_were_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
