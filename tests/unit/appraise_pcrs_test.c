/* The appraisal, group 4: which PCRs are quoted, whether their values are those, and which banks
 * may be relied on. */
#include "tests/unit/appraise_change.h"

/* ---- group 4 ---- */

static void fewer_pcrs(struct evidence *e)
{
    e->q.selection[0].pcrs &= ~(1U << 7);
    evidence_digest_pcrs(e);
    e->content.pcrs.mask[TB_BANK_SHA256] &= ~(1U << 7);
}
static void more_pcrs(struct evidence *e)
{
    e->q.selection[0].pcrs |= 1U << 16;
    e->content.pcrs.mask[TB_BANK_SHA256] |= 1U << 16;
    evidence_digest_pcrs(e);
}
static void other_bank(struct evidence *e)
{
    e->q.selection[0].alg = TB_ALG_SHA384;
    e->content.pcrs.mask[TB_BANK_SHA384] = e->content.pcrs.mask[TB_BANK_SHA256];
    e->content.pcrs.mask[TB_BANK_SHA256] = 0;
    evidence_digest_pcrs(e);
}
static void empty_selection(struct evidence *e)
{
    e->q.selection[0].pcrs = 0;
    e->content.pcrs.mask[TB_BANK_SHA256] = 0;
    evidence_digest_pcrs(e);
}
static void no_selection(struct evidence *e)
{
    e->q.n_selections = 0;
    e->q.count = 0;
    e->content.pcrs.mask[TB_BANK_SHA256] = 0;
    evidence_digest_pcrs(e);
}
static void policy_needs_more(struct evidence *e)
{
    e->policy.pcrs |= 1U << 10;
}
static void policy_needs_nothing(struct evidence *e)
{
    e->policy.pcrs = 0;
}
static void policy_needs_16(struct evidence *e)
{
    e->policy.pcrs |= 1U << 16;
}
static void policy_needs_23(struct evidence *e)
{
    e->policy.pcrs = 1U << 23;
}

static void t04_selections_other_than_asked_for_are_refused(void **state)
{
    static const struct change list[] = {
        { "fewer PCRs", TB_CHECK_PCR_SELECTION, TB_VERDICT_FAILED, NULL, fewer_pcrs, NULL },
        { "more PCRs", TB_CHECK_PCR_SELECTION, TB_VERDICT_FAILED, NULL, more_pcrs, NULL },
        { "another bank", TB_CHECK_PCR_SELECTION, TB_VERDICT_FAILED, NULL, other_bank, NULL },
        { "empty", TB_CHECK_PCR_BANK_WEAK, TB_VERDICT_FAILED, NULL, empty_selection, NULL },
        { "none", TB_CHECK_PCR_BANK_WEAK, TB_VERDICT_FAILED, NULL, no_selection, NULL },
    };

    (void)state;
    RUN(list);
}

static void t04_banks_in_another_order_are_refused_and_missing_ones_are_not(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY | LOG_BANK(TB_BANK_SHA384));
    struct test_selection first;

    (void)state;
    evidence_run(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    assert_int_equal(e->result.boot->bank, TB_BANK_SHA384);
    first = e->q.selection[0];
    e->q.selection[0] = e->q.selection[1];
    e->q.selection[1] = first;
    evidence_digest_pcrs(e);
    evidence_sign(e);
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_PCR_SELECTION);
    assert_string_equal(evidence_reason(e, TB_CHECK_PCR_SELECTION)->observed,
                        "sha256 besides or too late");
    evidence_free(e);

    e = evidence_new(SHA256_ONLY);
    e->wanted[1] = (struct tb_selection){ TB_ALG_SHA512, e->policy.pcrs };
    evidence_prepare(e);
    e->in.n_wanted = 2; /* this TPM has no SHA-512 bank: left out, or empty */
    evidence_sign(e);
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    test_quote_select(&e->q, TB_BANK_SHA512, 0);
    evidence_sign(e);
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    evidence_free(e);
}

static void t31_a_pcr_that_the_policy_needs_is_never_skipped(void **state)
{
    static const struct change list[] = {
        { "not quoted", TB_CHECK_PCR_SELECTION, TB_VERDICT_FAILED, NULL, NULL, policy_needs_more },
        { "nothing needed", TB_CHECK_PCR_SELECTION, TB_VERDICT_FAILED, NULL, NULL,
          policy_needs_nothing },
    };

    (void)state;
    RUN(list);
}

static void t31_neither_half_alone_skips_it(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    struct tb_boot_result *boot = calloc(1, sizeof *boot);

    (void)state;
    evidence_prepare(e);
    evidence_sign(e);
    policy_needs_more(e); /* the quote's half alone */
    tb_appraise_quote(&e->in, e->h, &e->result.quote);
    assert_false(e->result.quote.genuine);
    tb_policy_builtin(&e->policy);
    e->content.pcrs.mask[TB_BANK_SHA256] &= ~(1U << 7);
    tb_appraise_boot(&(struct tb_boot_input){ .log = e->content.log,
                                              .user_log = e->content.user_log,
                                              .packages = e->content.packages,
                                              .quoted = &e->content.pcrs,
                                              .policy = &e->policy,
                                              .firmware = &e->in.firmware },
                     e->h, boot);
    assert_int_equal(boot->findings.outcome[TB_CHECK_PCR_SELECTION], TB_FAIL);
    free(boot);
    evidence_free(e);
}

static void wants_16(struct evidence *e)
{
    policy_needs_16(e);
    e->wanted[0].pcrs |= 1U << 16;
}
static void wants_17(struct evidence *e)
{
    e->policy.pcrs |= 1U << 17;
    e->wanted[0].pcrs |= 1U << 17;
}

static void t33_resettable_pcrs_carry_no_trust_and_17_starts_at_ones(void **state)
{
    static const struct change list[] = {
        { "16 quoted and needed", TB_CHECK_PCR_SELECTION, TB_VERDICT_FAILED, wants_16, NULL, NULL },
        { "23 only", TB_CHECK_PCR_SELECTION, TB_VERDICT_FAILED, NULL, NULL, policy_needs_23 },
        { "17 quoted, no launch", -1, TB_VERDICT_TRUSTED, wants_17, NULL, NULL },
    };
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    RUN(list);
    wants_17(e);
    evidence_run(e);
    assert_int_equal(e->content.pcrs.value[TB_BANK_SHA256][17][0], 0xff);
    evidence_free(e);
}

static void changed_value(struct evidence *e)
{
    e->content.pcrs.value[TB_BANK_SHA256][7][31] ^= 1;
}
static void swapped_values(struct evidence *e)
{
    uint8_t v[TB_DIGEST_MAX];

    memcpy(v, e->content.pcrs.value[TB_BANK_SHA256][4], sizeof v);
    memcpy(e->content.pcrs.value[TB_BANK_SHA256][4], e->content.pcrs.value[TB_BANK_SHA256][5],
           sizeof v);
    memcpy(e->content.pcrs.value[TB_BANK_SHA256][5], v, sizeof v);
}
static void extra_value(struct evidence *e)
{
    e->content.pcrs.mask[TB_BANK_SHA256] |= 1U << 10;
}
static void extra_bank(struct evidence *e)
{
    e->content.pcrs.mask[TB_BANK_SHA512] = 1;
}
static void missing_value(struct evidence *e)
{
    e->content.pcrs.mask[TB_BANK_SHA256] &= ~1U;
}

static uint8_t sha1_digest[TB_DIGEST_MAX];

static void digest_by_sha1(struct evidence *e)
{
    const struct tb_selection sel = { TB_ALG_SHA256, e->q.selection[0].pcrs };
    struct tb_reason why;

    assert_true(tb_pcrs_digest(&e->content.pcrs, &sel, 1, TB_BANK_SHA1, e->h, sha1_digest, &why));
    e->q.pcr_digest = tb_slice(sha1_digest, 20);
}

static void t05_values_that_do_not_hash_to_the_quoted_digest_are_refused(void **state)
{
    static const struct change list[] = {
        { "changed", TB_CHECK_PCR_VALUES, TB_VERDICT_FAILED, NULL, NULL, changed_value },
        { "swapped", TB_CHECK_PCR_VALUES, TB_VERDICT_FAILED, NULL, NULL, swapped_values },
        { "one more", TB_CHECK_PCR_VALUES, TB_VERDICT_FAILED, NULL, NULL, extra_value },
        { "a bank more", TB_CHECK_PCR_VALUES, TB_VERDICT_FAILED, NULL, NULL, extra_bank },
        { "one less", TB_CHECK_PCR_VALUES, TB_VERDICT_FAILED, NULL, NULL, missing_value },
        { "SHA-1 digest", TB_CHECK_PCR_VALUES, TB_VERDICT_FAILED, NULL, digest_by_sha1, NULL },
    };

    (void)state;
    RUN(list);
}

static void an_unknown_bank_with_pcrs_is_refused(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    e->wanted[1] = (struct tb_selection){ TB_ALG_SM3_256, 0xff };
    evidence_prepare(e);
    e->in.n_wanted = 2;
    e->q.selection[1] = (struct test_selection){ TB_ALG_SM3_256, 3, 0xff };
    e->q.n_selections = 2;
    e->q.count = 2;
    evidence_sign(e);
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_PCR_VALUES);
    evidence_free(e);
}

static void t30_sha1_alone_is_refused(void **state)
{
    struct evidence *e = evidence_new(LOG_BANK(TB_BANK_SHA1));

    (void)state;
    evidence_run(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_PCR_BANK_WEAK);
    assert_string_equal(evidence_reason(e, TB_CHECK_PCR_BANK_WEAK)->observed, "sha1");
    e->policy.banks |= LOG_BANK(TB_BANK_SHA1); /* a policy may say otherwise */
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    evidence_free(e);
}

static void t30_a_bank_that_nobody_quoted_is_told(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY | LOG_BANK(TB_BANK_SHA384));

    (void)state;
    e->n_wanted = 1; /* SHA-256 */
    evidence_run(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    assert_string_equal(evidence_reason(e, TB_CHECK_PCR_BANK_UNQUOTED)->where, "sha384");
    e->policy.severity[TB_CHECK_PCR_BANK_UNQUOTED] = TB_SEVERITY_REQUIRED;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_PCR_BANK_UNQUOTED);
    assert_true(e->result.quote.genuine);
    evidence_free(e);
}

/* Asked for SHA-256 and SHA-384, and answered with SHA-256 alone, as is the log. */
static struct evidence *evidence_without_a_bank(void)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    e->wanted[e->n_wanted++] = (struct tb_selection){ TB_ALG_SHA384, e->policy.pcrs };
    evidence_prepare(e);
    e->content.pcrs.mask[TB_BANK_SHA384] = 0; /* the TPM answers that it has none */
    e->message.pcrs = e->content.pcrs;
    e->q.selection[1].pcrs = 0;
    evidence_digest_pcrs(e);
    evidence_bind(e);
    evidence_sign(e);
    return e;
}

static void t30_a_bank_that_was_quoted_before_and_is_gone_is_refused_until_accepted(void **state)
{
    const uint32_t both = SHA256_ONLY | LOG_BANK(TB_BANK_SHA384);
    struct evidence *e = evidence_without_a_bank();
    const struct tb_reason *why;

    (void)state;
    evidence_appraise(e); /* nobody knows of it */
    expect(e, TB_VERDICT_TRUSTED, -1);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_PCR_BANK_GONE], TB_PASS);
    e->in.last = e->result.quote.memory;
    assert_int_equal(e->in.last.banks, SHA256_ONLY);
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);

    e->in.last.banks = both;
    for (unsigned i = 0; i < 2; i++) { /* and it is not forgotten */
        evidence_appraise(e);
        expect(e, TB_VERDICT_FAILED, TB_CHECK_PCR_BANK_GONE);
        why = evidence_reason(e, TB_CHECK_PCR_BANK_GONE);
        assert_string_equal(why->where, "sha384");
        assert_string_equal(why->observed, "not quoted");
        assert_true(e->result.quote.genuine); /* or nobody could accept it */
        assert_true(e->result.boot->bank_chosen);
        assert_int_equal(e->result.quote.memory.banks, both);
        assert_int_equal(e->result.quote.quoted_banks, SHA256_ONLY);
        e->in.last = e->result.quote.memory;
    }
    e->in.last.banks = e->result.quote.quoted_banks; /* accepted */
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    evidence_free(e);
}

static void t30_a_bank_that_nobody_asked_for_is_not_gone(void **state)
{
    struct evidence *e = evidence_without_a_bank();

    (void)state;
    e->in.last = (struct tb_quote_memory){ .present = true,
                                           .firmware_version = e->q.firmware_version,
                                           .banks = SHA256_ONLY | LOG_BANK(TB_BANK_SHA512) };
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    assert_int_equal(e->result.quote.memory.banks, SHA256_ONLY | LOG_BANK(TB_BANK_SHA512));
    evidence_free(e);
}

static void t30_banks_that_appear_are_remembered_by_themselves(void **state)
{
    const uint32_t both = SHA256_ONLY | LOG_BANK(TB_BANK_SHA384);
    struct evidence *e = evidence_new(both);

    (void)state;
    evidence_prepare(e);
    e->in.last = (struct tb_quote_memory){ .present = true,
                                           .firmware_version = e->q.firmware_version,
                                           .banks = SHA256_ONLY };
    evidence_sign(e);
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    assert_int_equal(e->result.quote.memory.banks, both);
    evidence_free(e);
}

static void extend(struct evidence *e, enum tb_bank b, unsigned pcr, const uint8_t *digest)
{
    const size_t len = tb_bank_digest_len(b);
    const struct tb_reader parts[] = { tb_slice(e->content.pcrs.value[b][pcr], len),
                                       tb_slice(digest, len) };
    uint8_t out[TB_DIGEST_MAX];

    assert_true(tb_hash_parts(e->h, b, parts, 2, out));
    memcpy(e->content.pcrs.value[b][pcr], out, len);
}

/* PCR 1-7 as they start, and then closed with one extend: of nothing, zeros, two separators. */
static void t29_a_bank_that_no_firmware_extended_is_refused(void **state)
{
    static const uint8_t separators[2][4] = { { 0, 0, 0, 0 }, { 0xff, 0xff, 0xff, 0xff } };

    (void)state;
    for (unsigned cap = 0; cap < 4; cap++)
        for (unsigned pcr0 = 0; pcr0 < 2; pcr0++) {
            struct evidence *e = evidence_new(SHA256_ONLY);
            uint8_t digest[TB_DIGEST_MAX] = { 0 };

            evidence_prepare(e);
            if (cap >= 2)
                assert_true(
                    tb_hash(e->h, TB_BANK_SHA256, tb_slice(separators[cap - 2], 4), digest));
            for (unsigned pcr = 0; pcr < TB_N_PCRS; pcr++)
                memset(e->content.pcrs.value[TB_BANK_SHA256][pcr], 0, TB_DIGEST_MAX);
            e->content.pcrs.value[TB_BANK_SHA256][0][31] = pcr0 ? 3 : 0; /* startup locality */
            for (unsigned pcr = 0; pcr < 8 && cap > 0; pcr++)
                extend(e, TB_BANK_SHA256, pcr, digest);
            evidence_digest_pcrs(e);
            evidence_sign(e);
            evidence_appraise(e);
            expect(e, TB_VERDICT_FAILED, TB_CHECK_PCR_BANK_UNUSED);
            assert_false(e->result.quote.genuine);
            evidence_free(e);
        }
}

static void t29_an_allowed_bank_that_the_system_closed_is_refused(void **state)
{
    static const uint8_t zeros[TB_DIGEST_MAX];
    struct evidence *e = evidence_new(SHA256_ONLY | LOG_BANK(TB_BANK_SHA384));

    (void)state;
    evidence_prepare(e);
    for (unsigned pcr = 0; pcr < 8; pcr++)
        extend(e, TB_BANK_SHA256, pcr, zeros);
    evidence_digest_pcrs(e);
    evidence_sign(e);
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_PCR_BANK_UNUSED);
    evidence_free(e);
}

static void l10_a_weak_bank_that_the_system_closed_is_only_recorded(void **state)
{
    static const uint8_t zeros[TB_DIGEST_MAX];
    struct evidence *e = evidence_new(SHA256_ONLY | LOG_BANK(TB_BANK_SHA1));

    (void)state;
    evidence_prepare(e);
    for (unsigned pcr = 0; pcr < 8; pcr++)
        extend(e, TB_BANK_SHA1, pcr, zeros);
    evidence_digest_pcrs(e);
    evidence_sign(e);
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    assert_int_equal(e->result.boot->states.state[TB_BANK_SHA1][7], TB_PCR_CAPPED);
    assert_int_equal(e->result.boot->bank, TB_BANK_SHA256);
    evidence_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t04_selections_other_than_asked_for_are_refused),
        cmocka_unit_test(t04_banks_in_another_order_are_refused_and_missing_ones_are_not),
        cmocka_unit_test(t31_a_pcr_that_the_policy_needs_is_never_skipped),
        cmocka_unit_test(t31_neither_half_alone_skips_it),
        cmocka_unit_test(t33_resettable_pcrs_carry_no_trust_and_17_starts_at_ones),
        cmocka_unit_test(t05_values_that_do_not_hash_to_the_quoted_digest_are_refused),
        cmocka_unit_test(an_unknown_bank_with_pcrs_is_refused),
        cmocka_unit_test(t30_sha1_alone_is_refused),
        cmocka_unit_test(t30_a_bank_that_nobody_quoted_is_told),
        cmocka_unit_test(t30_a_bank_that_was_quoted_before_and_is_gone_is_refused_until_accepted),
        cmocka_unit_test(t30_a_bank_that_nobody_asked_for_is_not_gone),
        cmocka_unit_test(t30_banks_that_appear_are_remembered_by_themselves),
        cmocka_unit_test(t29_a_bank_that_no_firmware_extended_is_refused),
        cmocka_unit_test(t29_an_allowed_bank_that_the_system_closed_is_refused),
        cmocka_unit_test(l10_a_weak_bank_that_the_system_closed_is_only_recorded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
