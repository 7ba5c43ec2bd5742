/* From findings to a verdict: severities, what nobody looked at, and a crypto library that fails.
 */
#include "tests/unit/appraise_change.h"

/* ---- a crypto library that fails at the n-th call (linked with --wrap) ---- */

static unsigned fail_at; /* 0: never */
static unsigned calls;
static bool failed_elsewhere; /* in a bank that these hosts do not quote */

bool __real_tb_hash(struct tb_hasher *h, enum tb_bank bank, struct tb_reader in, uint8_t *out);
bool __wrap_tb_hash(struct tb_hasher *h, enum tb_bank bank, struct tb_reader in, uint8_t *out);
bool __real_tb_hash_parts(struct tb_hasher *h, enum tb_bank bank, const struct tb_reader *parts,
                          size_t n, uint8_t *out);
bool __wrap_tb_hash_parts(struct tb_hasher *h, enum tb_bank bank, const struct tb_reader *parts,
                          size_t n, uint8_t *out);

/* What a caller finds there must not be the digest of the call before. */
static bool fails(uint8_t *out)
{
    if (++calls != fail_at)
        return false;
    memset(out, 0x5a, 20);
    return true;
}

bool __wrap_tb_hash(struct tb_hasher *h, enum tb_bank bank, struct tb_reader in, uint8_t *out)
{
    if (fails(out)) {
        failed_elsewhere = bank != TB_BANK_SHA256;
        return false;
    }
    return __real_tb_hash(h, bank, in, out);
}

bool __wrap_tb_hash_parts(struct tb_hasher *h, enum tb_bank bank, const struct tb_reader *parts,
                          size_t n, uint8_t *out)
{
    return !fails(out) && __real_tb_hash_parts(h, bank, parts, n, out);
}

/* ---- the verdict ---- */

static void all_pass(struct evidence *e)
{
    memset(&e->result, 0, sizeof e->result);
    e->result.quote.genuine = true;
    for (unsigned c = 0; c < TB_N_CHECKS; c++)
        tb_findings_pass(&e->result.quote.findings, (enum tb_check)c);
}

static void conclude(struct evidence *e)
{
    tb_conclude(&e->result.quote, NULL, &e->policy, &e->result);
}

static enum tb_verdict verdict_of(enum tb_severity s)
{
    return s == TB_SEVERITY_REQUIRED   ? TB_VERDICT_FAILED
           : s == TB_SEVERITY_ADVISORY ? TB_VERDICT_CHANGED
                                       : TB_VERDICT_TRUSTED;
}

static void t10_every_check_counts_as_its_severity_says(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    all_pass(e);
    conclude(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    for (unsigned c = 0; c < TB_N_CHECKS; c++)
        for (unsigned s = 0; s < TB_N_SEVERITIES; s++)
            for (unsigned outcome = TB_UNKNOWN; outcome <= TB_FAIL; outcome++) {
                enum tb_severity effective;

                e->policy.severity[c] = (enum tb_severity)s;
                effective = tb_policy_severity(&e->policy, (enum tb_check)c);
                all_pass(e);
                e->result.quote.findings.outcome[c] = (enum tb_outcome)outcome;
                conclude(e);
                expect(e, verdict_of(effective), effective == TB_SEVERITY_INFORM ? -1 : (int)c);
            }
    evidence_free(e);
}

static void t10_a_check_that_nobody_looked_at_is_never_a_pass(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    for (unsigned c = 0; c < TB_N_CHECKS; c++) {
        enum tb_severity s = tb_policy_severity(&e->policy, (enum tb_check)c);
        bool elsewhere = c == TB_CHECK_IDENTITY_EK_KEY || c == TB_CHECK_IDENTITY_EK_CERT ||
                         c == TB_CHECK_IDENTITY_ACTIVATION || c == TB_CHECK_IDENTITY_DUPLICATE ||
                         c == TB_CHECK_IDENTITY_EK_EXPIRED;

        all_pass(e);
        e->result.quote.findings.outcome[c] = TB_NOT_CHECKED;
        conclude(e);
        if (elsewhere || s == TB_SEVERITY_INFORM)
            expect(e, TB_VERDICT_TRUSTED, -1);
        else
            expect(e, verdict_of(s), (int)c);
    }
    evidence_free(e);
}

static void a_quote_that_is_not_genuine_is_never_trusted(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    all_pass(e);
    e->result.quote.genuine = false;
    conclude(e);
    expect(e, TB_VERDICT_FAILED, -1);
    evidence_free(e);
}

static void a_genuine_quote_without_a_boot_is_never_trusted(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    struct tb_quote_result *quote;

    (void)state;
    evidence_run(e);
    quote = malloc(sizeof *quote);
    *quote = e->result.quote;
    tb_conclude(quote, NULL, &e->policy, &e->result);
    assert_int_equal(e->result.verdict, TB_VERDICT_FAILED);
    assert_int_equal(e->result.boot->n_events, 0);
    free(quote);
    evidence_free(e);
}

static void the_first_failed_check_of_the_worst_severity_leads(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    all_pass(e);
    e->result.quote.findings.outcome[TB_CHECK_QUOTE_FIRMWARE] = TB_FAIL; /* advisory, earlier */
    e->result.quote.findings.outcome[TB_CHECK_SB_OFF] = TB_UNKNOWN;
    e->result.quote.findings.outcome[TB_CHECK_SB_DEBUG] = TB_FAIL;
    conclude(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_OFF);
    evidence_free(e);
}

static void nothing_behind_a_quote_that_is_not_genuine_is_looked_at(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    set_secure_boot(e, 0);
    evidence_prepare(e);
    evidence_sign(e);
    e->in.exporter = tb_slice(e->nonce, sizeof e->nonce); /* another session's */
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_QUOTE_BINDING);
    assert_int_equal(e->result.findings.n, 1);
    for (unsigned c = 0; c < TB_N_CHECKS; c++)
        if (tb_check_text((enum tb_check)c)->group > TB_GROUP_QUOTE)
            assert_int_equal(e->result.findings.outcome[c], TB_NOT_CHECKED);
    assert_int_equal(e->result.boot->n_events, 0);
    assert_int_equal(e->result.boot->facts.secure_boot, TB_SECURE_BOOT_UNKNOWN);
    assert_false(e->result.quote.memory.present);
    evidence_free(e);
}

/* Calls of the crypto library in the appraisal of good evidence, and in its first half. */
static unsigned count_calls(unsigned *of_quote)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    unsigned all;

    evidence_prepare(e);
    evidence_sign(e);
    calls = 0;
    tb_appraise_quote(&e->in, e->h, &e->result.quote);
    *of_quote = calls;
    calls = 0;
    evidence_appraise(e);
    all = calls;
    evidence_free(e);
    return all;
}

static void a_crypto_library_that_fails_is_never_trusted(void **state)
{
    static const uint8_t zeros[32];
    unsigned of_quote, all = count_calls(&of_quote);
    struct evidence *whole = evidence_new(SHA256_ONLY);
    const struct tb_cmdline *good;
    unsigned n_elsewhere = 0;

    (void)state;
    evidence_run(whole);
    good = &whole->result.boot->story.cmdline;
    assert_true(of_quote == 4 && all > of_quote);
    for (unsigned n = 1; n <= all; n++) {
        struct evidence *e = evidence_new(SHA256_ONLY);

        evidence_prepare(e);
        evidence_sign(e);
        calls = 0;
        fail_at = n;
        failed_elsewhere = false;
        evidence_appraise(e);
        fail_at = 0;
        if (failed_elsewhere) { /* the digests of known data are made first, or nothing is read */
            n_elsewhere++;
            assert_string_equal(evidence_reason(e, TB_CHECK_LOG_FORMAT)->where, "hashing");
            assert_int_equal(e->result.verdict, TB_VERDICT_FAILED);
        }
        assert_true(n > of_quote || !e->result.quote.genuine);
        if (n == 2 || n == 3) /* 1 is the quote's digest; then content and binding */
            assert_string_equal(evidence_reason(e, TB_CHECK_QUOTE_BINDING)->where, "challenge");
        if (n == 4)
            assert_string_equal(evidence_reason(e, TB_CHECK_PCR_VALUES)->where, "hash");
        if (n == of_quote + 1)
            assert_string_equal(evidence_reason(e, TB_CHECK_LOG_REPLAY)->where, "hashing");
        if (e->result.verdict == TB_VERDICT_TRUSTED) { /* what is only shown is then not shown */
            const struct tb_boot_facts *facts = &e->result.boot->facts;

            print_message("call %u of %u failed, and the host is trusted\n", n, all);
            for (unsigned i = 0; i < TB_N_KEYSETS; i++)
                assert_true(!facts->keyset[i].measured ||
                            memcmp(facts->keyset[i].digest,
                                   whole->result.boot->facts.keyset[i].digest, 32) == 0);
            assert_true(facts->firmware_version[0] == '\0' ||
                        memcmp(facts->authority[0].digest, zeros, 32) == 0 ||
                        e->result.boot->story.cmdline.state != TB_CMDLINE_PROVED ||
                        strcmp(e->result.boot->story.cmdline.text, good->text) == 0);
        }
        evidence_free(e);
    }
    assert_true(n_elsewhere > 0);
    evidence_free(whole);
}

static void a_comparison_that_could_not_be_made_says_so(void **state)
{
    unsigned told = 0;

    (void)state;
    for (unsigned n = 1; n < 200; n++) {
        struct evidence *e = evidence_new(SHA256_ONLY);

        evidence_prepare(e);
        e->content.pcrs.value[TB_BANK_SHA256][4][0] ^= 1; /* is it capped? needs a digest */
        evidence_digest_pcrs(e);
        evidence_sign(e);
        calls = 0;
        fail_at = n;
        evidence_appraise(e);
        fail_at = 0;
        assert_int_equal(e->result.verdict, TB_VERDICT_FAILED);
        for (size_t i = 0; i < e->result.findings.n; i++)
            told += strcmp(e->result.findings.list[i].reason.expected, "a comparison") == 0;
        evidence_free(e);
    }
    assert_true(told > 0);
}

static void names_of_verdicts_and_tiers_are_the_documented_ones(void **state)
{
    static const char *const names[] = { "none",        "trusted", "changed", "failed",
                                         "not-capable", "pending", "stale",   "unreachable" };
    enum tb_verdict v;

    (void)state;
    for (unsigned i = 0; i < TB_N_VERDICTS; i++) {
        assert_string_equal(tb_verdict_name((enum tb_verdict)i), names[i]);
        assert_true(tb_verdict_of_name(names[i], &v));
        assert_int_equal(v, i);
    }
    assert_false(tb_verdict_of_name("Trusted", &v));
    assert_false(tb_verdict_of_name("", &v));
    assert_string_equal(tb_tier_name(tb_verdict_tier(TB_VERDICT_TRUSTED)), "affirming");
    assert_string_equal(tb_tier_name(tb_verdict_tier(TB_VERDICT_CHANGED)), "warning");
    assert_string_equal(tb_tier_name(tb_verdict_tier(TB_VERDICT_FAILED)), "contraindicated");
    assert_string_equal(tb_tier_name(tb_verdict_tier(TB_VERDICT_STALE)), "none");
    assert_string_equal(tb_tier_name(tb_verdict_tier(TB_VERDICT_NOT_CAPABLE)), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t10_every_check_counts_as_its_severity_says),
        cmocka_unit_test(t10_a_check_that_nobody_looked_at_is_never_a_pass),
        cmocka_unit_test(a_quote_that_is_not_genuine_is_never_trusted),
        cmocka_unit_test(a_genuine_quote_without_a_boot_is_never_trusted),
        cmocka_unit_test(the_first_failed_check_of_the_worst_severity_leads),
        cmocka_unit_test(nothing_behind_a_quote_that_is_not_genuine_is_looked_at),
        cmocka_unit_test(a_crypto_library_that_fails_is_never_trusted),
        cmocka_unit_test(a_comparison_that_could_not_be_made_says_so),
        cmocka_unit_test(names_of_verdicts_and_tiers_are_the_documented_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
