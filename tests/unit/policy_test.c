#include "core/policy.h"

#include <string.h>

#include "tests/unit/test_support.h"

static void the_built_in_policy_is_the_documented_one(void **state)
{
    struct tb_policy p;

    (void)state;
    memset(&p, 0xa5, sizeof p);
    tb_policy_builtin(&p);
    assert_string_equal(p.name, "built-in");
    assert_true(p.enforce);
    assert_int_equal(p.banks, 1U << TB_BANK_SHA256 | 1U << TB_BANK_SHA384 | 1U << TB_BANK_SHA512);
    assert_int_equal(p.pcrs, 0xfbff);
    assert_int_equal(p.pcrs & TB_POLICY_PCRS_NEVER, 0);
    assert_int_equal(p.interval_s, 300);
    assert_int_equal(p.stale_s, 900);
    assert_int_equal(p.ek_trust, TB_EK_TRUST_CERTIFICATE);
    assert_int_equal(p.n_pins + p.n_programs + p.n_authorities, 0);
    for (unsigned k = 0; k < TB_N_KEYSETS; k++)
        assert_int_equal(p.n_keys[k], 0);
    for (unsigned c = 0; c < TB_N_CHECKS; c++)
        assert_int_equal(p.severity[c], tb_check_text((enum tb_check)c)->severity);
}

static void t10_no_policy_can_do_without_what_makes_evidence_evidence(void **state)
{
    static const enum tb_check always[] = {
        TB_CHECK_EVIDENCE_FORMAT,   TB_CHECK_EVIDENCE_LIMITS, TB_CHECK_EVIDENCE_COMPLETE,
        TB_CHECK_IDENTITY_ENROLLED, TB_CHECK_IDENTITY_AK,     TB_CHECK_QUOTE_STRUCTURE,
        TB_CHECK_QUOTE_MAGIC,       TB_CHECK_QUOTE_TYPE,      TB_CHECK_QUOTE_SCHEME,
        TB_CHECK_QUOTE_SIGNATURE,   TB_CHECK_QUOTE_BINDING,   TB_CHECK_PCR_SELECTION,
        TB_CHECK_PCR_VALUES,        TB_CHECK_PCR_BANK_WEAK,   TB_CHECK_PCR_BANK_UNUSED,
        TB_CHECK_LOG_FORMAT,        TB_CHECK_LOG_HEADER,      TB_CHECK_LOG_LOCALITY,
        TB_CHECK_LOG_REPLAY,
    };
    const size_t n = sizeof always / sizeof always[0];
    struct tb_policy p;
    size_t found = 0;

    (void)state;
    tb_policy_builtin(&p);
    for (unsigned c = 0; c < TB_N_CHECKS; c++) {
        p.severity[c] = TB_SEVERITY_INFORM;
        found += tb_check_is_always_required((enum tb_check)c);
    }
    assert_int_equal(found, n);
    for (size_t i = 0; i < n; i++) {
        assert_true(tb_check_is_always_required(always[i]));
        assert_int_equal(tb_policy_severity(&p, always[i]), TB_SEVERITY_REQUIRED);
        assert_int_equal(tb_check_text(always[i])->severity, TB_SEVERITY_REQUIRED);
    }
    assert_int_equal(tb_policy_severity(&p, TB_CHECK_SB_OFF), TB_SEVERITY_INFORM);
}

static void t10_with_vendors_no_record_is_left_unexplained(void **state)
{
    static struct tb_policy p;

    (void)state;
    tb_policy_builtin(&p);
    p.severity[TB_CHECK_LOG_UNEXPLAINED] = TB_SEVERITY_INFORM;
    p.severity[TB_CHECK_SB_OFF] = TB_SEVERITY_INFORM;
    assert_int_equal(tb_policy_severity(&p, TB_CHECK_LOG_UNEXPLAINED), TB_SEVERITY_INFORM);
    p.packages.n_vendors = 1;
    assert_int_equal(tb_policy_severity(&p, TB_CHECK_LOG_UNEXPLAINED), TB_SEVERITY_REQUIRED);
    assert_int_equal(tb_policy_severity(&p, TB_CHECK_SB_OFF), TB_SEVERITY_INFORM);
}

static void the_list_of_revocations_is_searched_to_both_ends(void **state)
{
    static struct tb_policy p;
    uint8_t digest[32] = { 0 };
    size_t at;

    (void)state;
    for (size_t n = 0; n < 10; n++) {
        p.n_revoked = n;
        for (size_t i = 0; i < n; i++)
            p.revoked[i][0] = (uint8_t)(2 * i + 1);
        for (unsigned v = 0; v < 22; v++) {
            digest[0] = (uint8_t)v;
            assert_int_equal(tb_policy_revokes(&p, digest), v % 2 == 1 && v < 2 * n);
            if (tb_policy_revoked_at(&p, digest, &at))
                assert_int_equal(at, v / 2);
        }
    }
}

static void revocations_are_kept_in_order_and_have_an_end(void **state)
{
    static struct tb_policy p;
    uint8_t digest[32] = { 0 };

    (void)state;
    for (unsigned i = 0; i < TB_POLICY_REVOKED_MAX; i++) {
        digest[0] = (uint8_t)(i * 7); /* back and forth */
        digest[1] = (uint8_t)(i >> 8);
        assert_true(tb_policy_revoke(&p, digest));
        assert_true(tb_policy_revoke(&p, digest)); /* there already */
    }
    assert_int_equal(p.n_revoked, TB_POLICY_REVOKED_MAX);
    for (size_t i = 1; i < p.n_revoked; i++)
        assert_true(memcmp(p.revoked[i - 1], p.revoked[i], 32) < 0);
    assert_true(tb_policy_revoke(&p, digest));
    digest[31] = 1;
    assert_false(tb_policy_revoke(&p, digest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_built_in_policy_is_the_documented_one),
        cmocka_unit_test(t10_no_policy_can_do_without_what_makes_evidence_evidence),
        cmocka_unit_test(t10_with_vendors_no_record_is_left_unexplained),
        cmocka_unit_test(the_list_of_revocations_is_searched_to_both_ends),
        cmocka_unit_test(revocations_are_kept_in_order_and_have_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
