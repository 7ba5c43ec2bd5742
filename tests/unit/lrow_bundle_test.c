/* Row L-76 of docs/event-log-cases.md: quotes of many PCRs, as other tools keep them. */
#include "tests/unit/appraise_change.h"
#include "tests/unit/quote_samples.h"

#include <stdio.h>

/* go-attestation's dump: quote, signature, key and 24 PCRs, all by SHA-1. */
static void l76_a_quote_of_another_tool_holds_by_its_own_key_and_is_refused_as_weak(void **state)
{
    json_t *root = sample_json("bundle-gce-windows-shielded.json"), *part, *pcr;
    uint8_t area[1024], attest[1024], sig[1024], digest[TB_DIGEST_MAX];
    struct tb_hasher *h = tb_hasher_new();
    struct tb_pcrs pcrs = { 0 };
    struct tb_signature signature;
    struct tb_reason why = { 0 };
    struct tb_public pub;
    struct tb_quote q;
    size_t area_len, len, sig_len, i;

    (void)state;
    if (root == NULL) {
        tb_hasher_free(h);
        return;
    }
    area_len =
        sample_base64(json_string_value(json_object_get(json_object_get(root, "AK"), "Public")),
                      area, sizeof area);
    part = json_object_get(root, "Quote");
    len = sample_base64(json_string_value(json_object_get(part, "Quote")), attest, sizeof attest);
    sig_len = sample_base64(json_string_value(json_object_get(part, "Signature")), sig, sizeof sig);
    json_array_foreach(json_object_get(json_object_get(root, "Log"), "PCRs"), i, pcr)
    {
        const char *value = json_string_value(json_object_get(pcr, "Digest"));
        unsigned n = (unsigned)json_integer_value(json_object_get(pcr, "Index"));
        uint8_t bytes[TB_DIGEST_MAX];

        if (sample_base64(value, bytes, sizeof bytes) != 20 || n >= TB_N_PCRS)
            continue;
        memcpy(pcrs.value[TB_BANK_SHA1][n], bytes, 20);
        pcrs.mask[TB_BANK_SHA1] |= UINT32_C(1) << n;
    }
    json_decref(root);
    assert_true(tb_quote_parse(tb_slice(attest, len), &q, &why));
    assert_int_equal(q.selection[0].pcrs, TB_PCR_MASK);
    assert_true(tb_pcrs_digest(&pcrs, q.selection, q.n_selections, TB_BANK_SHA1, h, digest, &why));
    assert_true(tb_slice_equal(q.pcr_digest, tb_slice(digest, 20)));
    assert_true(tb_public_parse(tb_slice(area, area_len), TB_CHECK_IDENTITY_AK, &pub, &why));
    {
        struct tb_key *key = tb_public_key(&pub); /* RSASSA with SHA-1, behind its 6 bytes */

        assert_true(key != NULL && sig_len == 6 + 256);
        assert_true(tb_hash(h, TB_BANK_SHA1, tb_slice(attest, len), digest));
        assert_true(tb_key_verify(key, TB_ALG_RSASSA, TB_BANK_SHA1, digest, tb_slice(sig + 6, 256),
                                  tb_slice(NULL, 0)));
        attest[len - 1] ^= 1;
        assert_true(tb_hash(h, TB_BANK_SHA1, tb_slice(attest, len), digest));
        assert_false(tb_key_verify(key, TB_ALG_RSASSA, TB_BANK_SHA1, digest, tb_slice(sig + 6, 256),
                                   tb_slice(NULL, 0)));
        tb_key_free(key);
    }
    assert_false(tb_signature_parse(tb_slice(sig, sig_len), &signature, &why));
    assert_int_equal(why.check, TB_CHECK_QUOTE_SCHEME);
    assert_false(tb_public_check_ak(tb_slice(area, area_len), &pub, &why));
    tb_hasher_free(h);
}

/* A quote of a TPM 1.2 is another structure. */
static void l76_a_quote_of_a_tpm_1_2_is_none(void **state)
{
    json_t *root = sample_json("bundle-thinkpad-tpm12.json");
    uint8_t attest[1024];
    struct tb_reason why = { 0 };
    struct tb_quote q;
    size_t len;

    (void)state;
    if (root == NULL)
        return;
    len = sample_base64(json_string_value(json_object_get(json_object_get(root, "Quote"), "Quote")),
                        attest, sizeof attest);
    json_decref(root);
    assert_true(len > 0);
    assert_false(tb_quote_parse(tb_slice(attest, len), &q, &why));
    assert_true(why.check == TB_CHECK_QUOTE_MAGIC || why.check == TB_CHECK_QUOTE_STRUCTURE);
}

/* go-tpm-tools' bundle, a protobuf message (proto/attest.proto): fields of bytes and of numbers. */
static uint64_t varint(struct tb_reader *in)
{
    uint64_t v = 0;
    uint8_t byte = 0x80;

    for (unsigned shift = 0; (byte & 0x80) != 0; shift += 7) {
        assert_true(shift < 63 && tb_read_u8(in, &byte));
        v |= (uint64_t)(byte & 0x7f) << shift;
    }
    return v;
}
/* The next field; its number, 0 at the end. */
static unsigned field(struct tb_reader *in, struct tb_reader *bytes, uint64_t *number)
{
    uint64_t key;

    if (in->left == 0)
        return 0;
    key = varint(in);
    *number = varint(in);
    assert_true((key & 7) == 0 || (key & 7) == 2);
    if ((key & 7) == 2)
        assert_true(*number <= in->left && tb_read_slice(in, (size_t)*number, bytes));
    return (unsigned)(key >> 3);
}

struct pb_quote {
    struct tb_reader quote, signature;
    struct tb_pcrs pcrs;
};

static void read_pb_pcrs(struct tb_reader in, struct tb_pcrs *out)
{
    struct tb_reader entry, value = { NULL, 0 };
    uint64_t number, pcr = 0;
    enum tb_bank b = TB_BANK_SHA1;

    for (unsigned n; (n = field(&in, &entry, &number)) != 0;) {
        if (n == 1) /* HashAlgo has the numbers of the TCG */
            assert_true(tb_bank_of_alg((uint16_t)number, &b));
        for (pcr = 0; n == 2 && (n = field(&entry, &value, &number)) != 0; n = 2)
            pcr = n == 1 ? number : pcr;
        if (value.left == 0)
            continue;
        assert_true(pcr < TB_N_PCRS && value.left == tb_bank_digest_len(b));
        memcpy(out->value[b][pcr], value.p, value.left);
        out->mask[b] |= UINT32_C(1) << pcr;
        value.left = 0;
    }
}

static struct pb_quote read_pb_quote(struct tb_reader in)
{
    struct pb_quote q = { 0 };
    struct tb_reader bytes = { NULL, 0 };
    uint64_t number;

    for (unsigned n; (n = field(&in, &bytes, &number)) != 0;) {
        if (n == 1)
            q.quote = bytes;
        else if (n == 2)
            q.signature = bytes;
        else if (n == 3)
            read_pb_pcrs(bytes, &q.pcrs);
    }
    return q;
}

/* Signature and digest hold by the bundle's own key, which is of another template than ours. */
static void check_pb_quote(struct tb_reader ak, const struct pb_quote *p, const char *nonce)
{
    struct tb_hasher *h = tb_hasher_new();
    struct tb_signature signature;
    uint8_t digest[TB_DIGEST_MAX];
    struct tb_reason why = { 0 };
    struct tb_public pub;
    struct tb_quote q;
    struct tb_key *key;

    assert_true(tb_quote_parse(p->quote, &q, &why));
    assert_int_equal(q.selection[0].pcrs, TB_PCR_MASK);
    assert_true(tb_slice_equal(q.extra_data, tb_slice(nonce, strlen(nonce))));
    assert_true(sample_has_digest(&p->pcrs, &q));
    assert_true(tb_signature_parse(p->signature, &signature, &why));
    assert_true(tb_public_parse(ak, TB_CHECK_IDENTITY_AK, &pub, &why));
    key = tb_public_key(&pub);
    assert_non_null(key);
    assert_true(tb_hash(h, signature.hash, p->quote, digest));
    assert_true(tb_key_verify(key, signature.scheme, signature.hash, digest, signature.sig_or_r,
                              signature.s));
    digest[0] ^= 1;
    assert_false(tb_key_verify(key, signature.scheme, signature.hash, digest, signature.sig_or_r,
                               signature.s));
    tb_key_free(key);
    tb_hasher_free(h);
}

/* As Evidence it is refused: for the key, and for the challenge that it does not answer. */
static void refuse_pb_quote(struct tb_reader ak, const struct pb_quote *p)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    evidence_prepare(e);
    evidence_sign(e);
    e->in.ak_public = ak;
    e->in.quote = p->quote;
    e->in.signature = p->signature;
    e->content.pcrs = p->pcrs;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_IDENTITY_AK);
    assert_false(e->result.quote.genuine);
    evidence_free(e);
}

static void check_pb(const char *file, const char *nonce)
{
    struct tb_reader in, bytes = { NULL, 0 }, ak = { NULL, 0 }, log = { NULL, 0 };
    struct tb_boot_result *boot = calloc(1, sizeof *boot);
    const struct tb_firmware_reference none = { 0 };
    struct tb_hasher *h = tb_hasher_new();
    static struct tb_pcrs all;
    struct tb_policy policy;
    uint64_t number;
    size_t len = 0, n_quotes = 0;
    uint8_t *p = sample_bytes(file, &len);

    memset(&all, 0, sizeof all);
    in = tb_slice(p, p == NULL ? 0 : len);
    for (unsigned n; (n = field(&in, &bytes, &number)) != 0;) {
        if (n == 1)
            ak = bytes;
        if (n == 3)
            log = bytes;
        if (n == 2) {
            struct pb_quote q = read_pb_quote(bytes);

            check_pb_quote(ak, &q, nonce);
            refuse_pb_quote(ak, &q);
            for (unsigned b = 0; b < TB_N_BANKS; b++)
                if (q.pcrs.mask[b] != 0) {
                    all.mask[b] = q.pcrs.mask[b];
                    memcpy(all.value[b], q.pcrs.value[b], sizeof all.value[b]);
                }
            n_quotes++;
        }
    }
    if (p != NULL) { /* and the log leads to what all three are over */
        tb_policy_builtin(&policy);
        tb_appraise_boot(
            &(struct tb_boot_input){
                .log = log, .quoted = &all, .policy = &policy, .firmware = &none },
            h, boot);
        assert_int_equal(n_quotes, 3);
        assert_int_equal(boot->findings.outcome[TB_CHECK_LOG_REPLAY], TB_PASS);
        assert_int_equal(boot->facts.secure_boot, TB_SECURE_BOOT_ON);
        assert_int_equal(boot->bank, TB_BANK_SHA384);
    }
    free(p);
    free(boot);
    tb_hasher_free(h);
}

static void l76_quotes_of_24_pcrs_in_three_banks_hold_and_their_log_explains_them(void **state)
{
    (void)state;
    check_pb("bundle-gce-cos-85-no-nonce.pb", "");
    check_pb("bundle-gce-cos-85-nonce9009.pb", "\x90\x09");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(l76_a_quote_of_another_tool_holds_by_its_own_key_and_is_refused_as_weak),
        cmocka_unit_test(l76_a_quote_of_a_tpm_1_2_is_none),
        cmocka_unit_test(l76_quotes_of_24_pcrs_in_three_banks_hold_and_their_log_explains_them),
        cmocka_unit_test(samples_of_the_corpus_were_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
