/* Rows L-07, L-13 and L-68 to L-76 of docs/event-log-cases.md: the quote and the attestation key.
 */
#include "tests/unit/appraise_change.h"
#include "tests/unit/quote_samples.h"

#include <stdio.h>

#include "wire/messages_fields.h"

#define N_OF(list) (sizeof list / sizeof list[0])
#define TWO_BANKS (LOG_BANK(TB_BANK_SHA1) | LOG_BANK(TB_BANK_SHA256))

/* ---- quotes of the corpus ---- */

struct sample {
    uint8_t quote[1024], signature[1024];
    size_t quote_len, signature_len;
    struct tb_pcrs pcrs;
};

static bool read_quote(const char *file, struct sample *s)
{
    json_t *root = sample_json(file), *bank, *value;
    const char *alg, *pcr;

    memset(s, 0, sizeof *s);
    if (root == NULL)
        return false;
    s->quote_len = sample_base64(json_string_value(json_object_get(root, "quote_b64")), s->quote,
                                 sizeof s->quote);
    s->signature_len = sample_base64(json_string_value(json_object_get(root, "signature_b64")),
                                     s->signature, sizeof s->signature);
    json_object_foreach(json_object_get(root, "pcrs"), alg, bank)
    {
        enum tb_bank b;

        if (!tb_bank_of_alg((uint16_t)atoi(alg), &b))
            continue;
        json_object_foreach(bank, pcr, value)
        {
            uint8_t bytes[TB_DIGEST_MAX + 2];

            assert_int_equal(sample_base64(json_string_value(value), bytes, sizeof bytes),
                             tb_bank_digest_len(b));
            memcpy(s->pcrs.value[b][atoi(pcr)], bytes, tb_bank_digest_len(b));
            s->pcrs.mask[b] |= UINT32_C(1) << atoi(pcr);
        }
    }
    json_decref(root);
    return true;
}

/* ---- L-07, L-13 ---- */

static void bank_twice_in_the_quote(struct evidence *e)
{
    e->q.selection[1] = e->q.selection[0];
    e->q.n_selections = e->q.count = 2;
    evidence_digest_pcrs(e);
}

static void l07_a_bank_that_is_offered_twice_is_refused(void **state)
{
    static const struct change list[] = {
        { "in the quote", TB_CHECK_QUOTE_STRUCTURE, TB_VERDICT_FAILED, NULL,
          bank_twice_in_the_quote, NULL },
    };
    struct evidence *e = evidence_new(TWO_BANKS);
    static struct tb_evidence_content out;
    struct tb_reason why = { 0 };
    const uint8_t sha1[] = { 0x83, 0x04 },
                  sha256[] = { 0x83, 0x0b }; /* [algorithm, mask, values] */
    uint8_t *at;

    (void)state;
    RUN(list);
    evidence_prepare(e); /* and in the list of values, SHA-1 and SHA-256 in this order */
    assert_true(tb_evidence_content_decode(e->in.content_bytes, &out, &why));
    at = memmem(e->content_bytes, e->content_len, sha256, 2);
    assert_true(at != NULL && memmem(e->content_bytes, e->content_len, sha1, 2) != NULL);
    at[1] = 0x04; /* now the second one is SHA-1 as well */
    assert_false(tb_evidence_content_decode(e->in.content_bytes, &out, &why));
    at = memmem(e->content_bytes, e->content_len, sha1, 2);
    at[1] = 0x0b; /* SHA-256 twice, or two values for one PCR: a mask has no room for that */
    assert_false(tb_evidence_content_decode(e->in.content_bytes, &out, &why));
    evidence_free(e);
}

static void wants_10(struct evidence *e)
{
    e->wanted[0].pcrs |= 1U << 10;
}
/* Measured by IMA between TPM2_PCR_Read and TPM2_Quote. */
static void pcr_10_moves(struct evidence *e)
{
    e->content.pcrs.value[TB_BANK_SHA256][10][3] ^= 1;
    evidence_digest_pcrs(e);
}

static void l13_values_read_before_pcr_10_moved_are_refused_and_the_reason_says_so(void **state)
{
    struct evidence *e = evidence_new(LOG_BANK(TB_BANK_SHA256));
    static struct sample s;
    struct tb_quote q;
    struct tb_reason why;

    (void)state;
    wants_10(e);
    evidence_prepare(e);
    pcr_10_moves(e); /* the quote has the value behind it, */
    evidence_sign(e);
    e->content.pcrs.value[TB_BANK_SHA256][10][3] ^= 1; /* the message the one before */
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_PCR_VALUES);
    assert_string_not_equal(evidence_reason(e, TB_CHECK_PCR_VALUES)->expected, "");
    evidence_free(e);
    if (read_quote("quote-trap-pcr10-race.json", &s)) {
        assert_true(tb_quote_parse(tb_slice(s.quote, s.quote_len), &q, &why));
        assert_int_equal(q.n_selections, 3);
        /* Its index says that no order of the three banks gives the digest. The quote's own does,
         * so it is no race until PCR 10 is another, in any of the banks. */
        assert_true(sample_has_digest(&s.pcrs, &q));
        for (unsigned b = TB_BANK_SHA1; b <= TB_BANK_SHA384; b++) {
            s.pcrs.value[b][10][0] ^= 1;
            assert_false(sample_has_digest(&s.pcrs, &q));
            s.pcrs.value[b][10][0] ^= 1;
        }
    }
}

/* ---- L-68 to L-71: selections ---- */

static void l68_the_digest_is_over_selections_in_the_order_of_the_quote(void **state)
{
    static const struct {
        const char *file;
        uint16_t first;
    } real[] = { { "quote-supermicro-win2022.json", TB_ALG_SHA1 },
                 { "quote-hpe-dl160-pcr0mismatch.json", TB_ALG_SHA256 } };
    static struct sample s;

    (void)state;
    for (unsigned swapped = 0; swapped < 2; swapped++) {
        struct evidence *e = evidence_new(TWO_BANKS);

        if (swapped) {
            struct tb_selection first = e->wanted[0];

            e->wanted[0] = e->wanted[1];
            e->wanted[1] = first;
        }
        evidence_run(e);
        expect(e, TB_VERDICT_TRUSTED, -1);
        assert_int_equal(e->q.selection[0].alg, swapped ? TB_ALG_SHA256 : TB_ALG_SHA1);
        evidence_free(e);
    }
    for (size_t i = 0; i < N_OF(real); i++) {
        struct tb_selection first;
        struct tb_reason why;
        struct tb_quote q;

        if (!read_quote(real[i].file, &s))
            continue;
        assert_true(tb_quote_parse(tb_slice(s.quote, s.quote_len), &q, &why));
        assert_int_equal(q.n_selections, 2);
        assert_int_equal(q.selection[0].alg, real[i].first);
        assert_true(sample_has_digest(&s.pcrs, &q));
        first = q.selection[0];
        q.selection[0] = q.selection[1];
        q.selection[1] = first;
        assert_false(sample_has_digest(&s.pcrs, &q));
    }
}

static void empty_selection(struct evidence *e)
{
    e->q.selection[0].pcrs = 0;
    e->content.pcrs.mask[TB_BANK_SHA256] = 0;
    evidence_digest_pcrs(e);
}
static void no_selection(struct evidence *e)
{
    e->q.n_selections = e->q.count = 0;
    e->content.pcrs.mask[TB_BANK_SHA256] = 0;
    evidence_digest_pcrs(e);
}
static void no_selection_with_values(struct evidence *e)
{
    const uint32_t mask = e->content.pcrs.mask[TB_BANK_SHA256];

    no_selection(e);
    e->content.pcrs.mask[TB_BANK_SHA256] = mask;
}

static void l69_a_quote_of_nothing_verifies_no_pcr(void **state)
{
    static const struct change list[] = {
        { "an empty selection", TB_CHECK_PCR_BANK_WEAK, TB_VERDICT_FAILED, NULL, empty_selection,
          NULL },
        { "no selection", TB_CHECK_PCR_BANK_WEAK, TB_VERDICT_FAILED, NULL, no_selection, NULL },
        { "and values beside it", TB_CHECK_PCR_VALUES, TB_VERDICT_FAILED, NULL,
          no_selection_with_values, NULL },
    };
    struct tb_hasher *h = tb_hasher_new();
    static struct sample s;
    struct tb_quote q;
    struct tb_reason why;
    uint8_t digest[TB_DIGEST_MAX];

    (void)state;
    RUN(list);
    if (read_quote("quote-trap-empty-selection.json", &s)) {
        assert_true(tb_quote_parse(tb_slice(s.quote, s.quote_len), &q, &why));
        for (size_t i = 0; i < q.n_selections; i++)
            assert_int_equal(q.selection[i].pcrs, 0);
        assert_true(tb_hash(h, TB_BANK_SHA256, tb_slice(NULL, 0), digest));
        assert_true(tb_slice_equal(q.pcr_digest, tb_slice(digest, 32)));
    }
    tb_hasher_free(h);
}

static void size_0(struct evidence *e)
{
    e->q.selection[0].size = 0;
}
static void size_2(struct evidence *e)
{
    e->q.selection[0].size = 2;
}
static void size_4(struct evidence *e)
{
    e->q.selection[0].size = 4;
}
static void size_255(struct evidence *e)
{
    e->q.selection[0].size = 255;
}
static void pcr_24(struct evidence *e)
{
    size_4(e);
    e->q.selection[0].pcrs |= UINT32_C(1) << 24;
}

static void l70_selections_of_other_than_three_bytes_are_refused(void **state)
{
    static const struct change list[] = {
        { "0 bytes", TB_CHECK_QUOTE_STRUCTURE, TB_VERDICT_FAILED, NULL, size_0, NULL },
        { "2 bytes", TB_CHECK_QUOTE_STRUCTURE, TB_VERDICT_FAILED, NULL, size_2, NULL },
        { "4 bytes", TB_CHECK_QUOTE_STRUCTURE, TB_VERDICT_FAILED, NULL, size_4, NULL },
        { "255 bytes", TB_CHECK_QUOTE_STRUCTURE, TB_VERDICT_FAILED, NULL, size_255, NULL },
        { "PCR 24", TB_CHECK_QUOTE_STRUCTURE, TB_VERDICT_FAILED, NULL, pcr_24, NULL },
    };

    (void)state;
    RUN(list);
}

static void extra_value(struct evidence *e)
{
    e->content.pcrs.mask[TB_BANK_SHA256] |= 1U << 16;
}
static void extra_bank(struct evidence *e)
{
    e->content.pcrs.mask[TB_BANK_SHA512] = 0xff;
}
static void missing_value(struct evidence *e)
{
    e->content.pcrs.mask[TB_BANK_SHA256] &= ~UINT32_C(1);
}

static void l71_values_are_those_of_the_selection_no_more_and_no_less(void **state)
{
    static const struct change list[] = {
        { "one more", TB_CHECK_PCR_VALUES, TB_VERDICT_FAILED, NULL, NULL, extra_value },
        { "a bank more", TB_CHECK_PCR_VALUES, TB_VERDICT_FAILED, NULL, NULL, extra_bank },
        { "one missing", TB_CHECK_PCR_VALUES, TB_VERDICT_FAILED, NULL, NULL, missing_value },
    };

    (void)state;
    RUN(list);
}

/* ---- L-72, L-73: the key and its signature ---- */

static struct test_bytes other_public;
static uint32_t flipped;

static void flip(struct evidence *e)
{
    struct test_public p = test_ak_parts(e->ak);

    p.attributes ^= flipped;
    other_public.n = 0;
    test_public_build(&p, &other_public);
    e->in.ak_public = test_slice(&other_public);
}

static void l72_a_key_of_other_attributes_is_refused_again_at_each_quote(void **state)
{
    static const struct change list[] = { { "an attribute flipped", TB_CHECK_IDENTITY_AK,
                                            TB_VERDICT_FAILED, NULL, NULL, flip } };
    struct tb_public unused;
    struct tb_reason why;

    (void)state;
    for (unsigned bit = 0; bit < 32; bit++) {
        struct test_ak *ak = test_ak_new(TEST_AK_P256);
        struct test_public p = test_ak_parts(ak);
        struct test_bytes area = { 0 };

        flipped = UINT32_C(1) << bit;
        RUN(list);
        p.attributes ^= flipped; /* and at enrolment */
        test_public_build(&p, &area);
        assert_false(tb_public_check_ak(test_slice(&area), &unused, &why));
        test_ak_free(ak);
    }
}

static void sha1_signature(struct evidence *e)
{
    e->signature.b[3] = TB_ALG_SHA1;
}
static void pss_signature(struct evidence *e)
{
    e->signature.b[1] = TB_ALG_RSAPSS;
}
static void sha384_signature(struct evidence *e)
{
    e->signature.b[3] = TB_ALG_SHA384;
}

static void l73_the_scheme_is_the_key_s_and_never_sha_1(void **state)
{
    static const struct change list[] = {
        { "SHA-1", TB_CHECK_QUOTE_SCHEME, TB_VERDICT_FAILED, NULL, NULL, sha1_signature },
        { "RSAPSS of an EC key", TB_CHECK_QUOTE_STRUCTURE, TB_VERDICT_FAILED, NULL, NULL,
          pss_signature },
        { "another hash", TB_CHECK_QUOTE_SCHEME, TB_VERDICT_FAILED, NULL, NULL, sha384_signature },
    };
    static const enum test_ak_kind kinds[] = { TEST_AK_RSA2048, TEST_AK_RSA2048_PSS, TEST_AK_P384 };

    (void)state;
    for (size_t i = 0; i < N_OF(list); i++) {
        struct evidence *e = evidence_new(SHA256_ONLY);

        evidence_prepare(e);
        evidence_sign(e);
        list[i].input(e);
        evidence_appraise(e);
        assert_int_equal(e->result.verdict, TB_VERDICT_FAILED);
        assert_false(e->result.quote.genuine);
        evidence_free(e);
    }
    for (size_t i = 0; i < N_OF(kinds); i++) { /* each with its own */
        struct evidence *e = evidence_new(SHA256_ONLY);

        test_ak_free(e->ak);
        e->ak = test_ak_new(kinds[i]);
        evidence_run(e);
        expect(e, TB_VERDICT_TRUSTED, -1);
        e->signature.b[1] = e->signature.b[1] == TB_ALG_RSASSA ? TB_ALG_RSAPSS : TB_ALG_RSASSA;
        evidence_appraise(e);
        assert_false(e->result.quote.genuine);
        evidence_free(e);
    }
}

/* ---- L-74, L-75: what is signed ---- */

static void short_nonce(struct evidence *e)
{
    e->q.extra_data.left--;
}
static void no_nonce(struct evidence *e)
{
    e->q.extra_data = tb_slice(NULL, 0);
}
static void certify(struct evidence *e)
{
    e->q.type = 0x8017;
}
static void other_magic(struct evidence *e)
{
    e->q.magic ^= 1;
}
static void trailing_byte(struct evidence *e)
{
    test_put_u8(&e->attest, 0);
    e->signature.n = 0;
    test_ak_sign(e->ak, test_slice(&e->attest), &e->signature);
    e->in.quote = test_slice(&e->attest);
    e->in.signature = test_slice(&e->signature);
}
static void trailing_byte_of_signature(struct evidence *e)
{
    test_put_u8(&e->signature, 0);
    e->in.signature = test_slice(&e->signature);
}

static void l74_anything_but_a_quote_that_answers_the_challenge_is_refused(void **state)
{
    static const struct change list[] = {
        { "a nonce one byte short", TB_CHECK_QUOTE_BINDING, TB_VERDICT_FAILED, NULL, short_nonce,
          NULL },
        { "no nonce", TB_CHECK_QUOTE_BINDING, TB_VERDICT_FAILED, NULL, no_nonce, NULL },
        { "TPM2_Certify", TB_CHECK_QUOTE_TYPE, TB_VERDICT_FAILED, NULL, certify, NULL },
        { "another magic", TB_CHECK_QUOTE_MAGIC, TB_VERDICT_FAILED, NULL, other_magic, NULL },
        { "a byte behind it", TB_CHECK_QUOTE_STRUCTURE, TB_VERDICT_FAILED, NULL, NULL,
          trailing_byte },
        { "a byte behind the signature", TB_CHECK_QUOTE_STRUCTURE, TB_VERDICT_FAILED, NULL, NULL,
          trailing_byte_of_signature },
    };

    (void)state;
    RUN(list);
}

static void last_quote(struct evidence *e)
{
    e->in.last = (struct tb_quote_memory){ .present = true,
                                           .clock_ms = e->q.clock_ms,
                                           .reset_count = e->q.reset_count,
                                           .restart_count = e->q.restart_count,
                                           .firmware_version = e->q.firmware_version,
                                           .banks = LOG_BANK(TB_BANK_SHA256) };
    memcpy(e->in.last.boot_id, "boot-2", 7);
}
static void clock_fell(struct evidence *e)
{
    last_quote(e);
    e->in.last.clock_ms++;
}
static void resets_fell(struct evidence *e)
{
    last_quote(e);
    e->in.last.reset_count++;
}
static void restarts_fell(struct evidence *e)
{
    last_quote(e);
    e->in.last.restart_count++;
}
static void firmware_other(struct evidence *e)
{
    last_quote(e);
    e->in.last.firmware_version ^= 1;
}
static void not_safe(struct evidence *e)
{
    e->q.safe = 0;
}

static void l75_clock_and_counters_are_recorded_and_may_not_go_back(void **state)
{
    static const struct change list[] = {
        { "as before", -1, TB_VERDICT_TRUSTED, NULL, NULL, last_quote },
        { "the clock fell", TB_CHECK_QUOTE_CLOCK, TB_VERDICT_FAILED, NULL, NULL, clock_fell },
        { "resets fell", TB_CHECK_QUOTE_CLOCK, TB_VERDICT_FAILED, NULL, NULL, resets_fell },
        { "restarts fell", TB_CHECK_QUOTE_CLOCK, TB_VERDICT_FAILED, NULL, NULL, restarts_fell },
        { "another firmware", TB_CHECK_QUOTE_FIRMWARE, TB_VERDICT_CHANGED, NULL, NULL,
          firmware_other },
        { "not safe: told", -1, TB_VERDICT_TRUSTED, NULL, not_safe, NULL },
    };
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    RUN(list);
    evidence_prepare(e);
    not_safe(e);
    evidence_sign(e);
    evidence_appraise(e);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_QUOTE_CLOCK_SAFE], TB_FAIL);
    assert_int_equal(e->result.quote.memory.clock_ms, e->q.clock_ms);
    assert_int_equal(e->result.quote.memory.reset_count, e->q.reset_count);
    assert_int_equal(e->result.quote.memory.restart_count, e->q.restart_count);
    evidence_free(e);
}

/* ---- L-76: many PCRs, in what other tools keep ---- */

static void wants_all(struct evidence *e)
{
    e->wanted[0].pcrs = 0xffffff & ~TB_POLICY_PCRS_NEVER;
    e->wanted[1].pcrs = e->wanted[0].pcrs;
}

static void l76_eight_and_more_pcrs_are_quoted_together(void **state)
{
    struct evidence *e = evidence_new(TWO_BANKS);

    (void)state;
    wants_all(e);
    evidence_run(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    assert_int_equal(__builtin_popcount(e->content.pcrs.mask[TB_BANK_SHA256]), 22);
    evidence_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(l07_a_bank_that_is_offered_twice_is_refused),
        cmocka_unit_test(l13_values_read_before_pcr_10_moved_are_refused_and_the_reason_says_so),
        cmocka_unit_test(l68_the_digest_is_over_selections_in_the_order_of_the_quote),
        cmocka_unit_test(l69_a_quote_of_nothing_verifies_no_pcr),
        cmocka_unit_test(l70_selections_of_other_than_three_bytes_are_refused),
        cmocka_unit_test(l71_values_are_those_of_the_selection_no_more_and_no_less),
        cmocka_unit_test(l72_a_key_of_other_attributes_is_refused_again_at_each_quote),
        cmocka_unit_test(l73_the_scheme_is_the_key_s_and_never_sha_1),
        cmocka_unit_test(l74_anything_but_a_quote_that_answers_the_challenge_is_refused),
        cmocka_unit_test(l75_clock_and_counters_are_recorded_and_may_not_go_back),
        cmocka_unit_test(l76_eight_and_more_pcrs_are_quoted_together),
        cmocka_unit_test(samples_of_the_corpus_were_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
