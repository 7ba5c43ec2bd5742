#include "wire/bundle.h"

#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/evidence_builder.h"
#include "tests/unit/roca_key.h"
#include "wire/cbor.h"
#include "wire/result_json.h"

static unsigned fail_at, calls;

bool __real_tb_hash(struct tb_hasher *h, enum tb_bank bank, struct tb_reader in, uint8_t *out);
bool __wrap_tb_hash(struct tb_hasher *h, enum tb_bank bank, struct tb_reader in, uint8_t *out);
bool __real_tb_hash_parts(struct tb_hasher *h, enum tb_bank bank, const struct tb_reader *parts,
                          size_t n, uint8_t *out);
bool __wrap_tb_hash_parts(struct tb_hasher *h, enum tb_bank bank, const struct tb_reader *parts,
                          size_t n, uint8_t *out);

bool __wrap_tb_hash(struct tb_hasher *h, enum tb_bank bank, struct tb_reader in, uint8_t *out)
{
    return ++calls != fail_at && __real_tb_hash(h, bank, in, out);
}

bool __wrap_tb_hash_parts(struct tb_hasher *h, enum tb_bank bank, const struct tb_reader *parts,
                          size_t n, uint8_t *out)
{
    return ++calls != fail_at && __real_tb_hash_parts(h, bank, parts, n, out);
}

/* A bundle of an attestation whose PCR values and log the Verifier held already. */
struct made {
    struct evidence *e;
    char *policy, *result;
    struct tb_bundle b, back;
    uint8_t *buf;
    size_t len;
    struct tb_policy used;
    struct tb_appraisal again;
    char err[TB_POLICY_ERR_LEN];
};

static struct made *make(bool held)
{
    struct made *m = calloc(1, sizeof *m);
    struct evidence *e = m->e = evidence_new(LOG_BANK(TB_BANK_SHA256));

    evidence_prepare(e);
    if (held) {
        e->message.has_pcrs = false;
        memset(&e->message.pcrs, 0, sizeof e->message.pcrs);
        e->message.log = tb_slice(NULL, 0);
        evidence_bind(e);
    }
    evidence_sign(e);
    evidence_appraise(e);
    m->policy = tb_policy_print(&e->policy);
    m->result = tb_result_print(&e->result, &e->policy);
    m->buf = malloc(TB_BUNDLE_MAX);
    m->b = (struct tb_bundle){
        .host_id = "host-1",
        .host_name = "web-1.example.org",
        .enrolled = true,
        .ak_public = e->in.ak_public,
        .ek_certificate = tb_slice("certificate", 11),
        .time_ms = 1700000000000,
        .n_wanted = e->n_wanted,
        .quote = e->in.quote,
        .signature = e->in.signature,
        .content = e->in.content_bytes,
        .has_held_pcrs = held,
        .last = { .present = true,
                  .clock_ms = 999999,
                  .reset_count = 7,
                  .restart_count = 1,
                  .firmware_version = e->q.firmware_version,
                  .banks = 1U << TB_BANK_SHA256,
                  .boot_id = "boot-2" },
        .firmware = { .present = true, .bank = TB_BANK_SHA256 },
        .policy = tb_slice(m->policy, strlen(m->policy)),
        .verdict = e->result.verdict,
        .result = tb_slice(m->result, strlen(m->result)),
    };
    memcpy(m->b.nonce, e->nonce, 32);
    memcpy(m->b.exporter, e->exporter, 32);
    memcpy(m->b.wanted, e->wanted, sizeof m->b.wanted);
    if (held) {
        m->b.held_pcrs = e->content.pcrs;
        m->b.held_log = e->content.log;
    }
    for (unsigned i = 0; i < 4; i++)
        memcpy(m->b.firmware.value[i], e->content.pcrs.value[TB_BANK_SHA256][i], 32);
    return m;
}

static void unmake(struct made *m)
{
    evidence_free(m->e);
    free(m->policy);
    free(m->result);
    free(m->buf);
    free(m);
}

static bool encode(struct made *m)
{
    return tb_bundle_encode(&m->b, m->buf, TB_BUNDLE_MAX, &m->len);
}

static void appraise_again(struct made *m)
{
    struct tb_reason why;

    assert_true(encode(m));
    assert_true(tb_bundle_decode(tb_slice(m->buf, m->len), &m->back, &why));
    assert_true(tb_bundle_appraise(&m->back, NULL, m->e->h, &m->used, &m->again, m->err));
}

static void anyone_comes_to_the_same_verdict(void **state)
{
    (void)state;
    for (unsigned held = 0; held < 2; held++) {
        struct made *m = make(held);

        appraise_again(m);
        assert_int_equal(m->back.verdict, TB_VERDICT_TRUSTED);
        assert_int_equal(m->again.result.verdict, TB_VERDICT_TRUSTED);
        assert_memory_equal(m->used.digest, m->e->policy.digest, 32);
        assert_string_equal(m->back.host_name, "web-1.example.org");
        assert_true(m->back.time_ms == UINT64_C(1700000000000));
        assert_int_equal(m->back.ek_certificate.left, 11);
        assert_true(m->back.last.present && m->back.last.clock_ms == 999999);
        assert_int_equal(m->back.last.banks, 1U << TB_BANK_SHA256);
        assert_string_equal(m->back.last.boot_id, "boot-2");
        unmake(m);
    }
}

static void a_bundle_without_what_may_be_missing_is_the_same(void **state)
{
    struct made *m = make(false);

    (void)state;
    m->b.ek_certificate.left = 0;
    m->b.last = (struct tb_quote_memory){ 0 };
    m->b.firmware = (struct tb_firmware_reference){ 0 };
    appraise_again(m);
    assert_int_equal(m->again.result.verdict, TB_VERDICT_TRUSTED);
    assert_false(m->back.last.present || m->back.firmware.present || m->back.has_held_pcrs);
    unmake(m);
}

static void what_the_bundle_says_of_the_verdict_is_not_believed(void **state)
{
    struct made *m = make(false);

    (void)state;
    m->b.enrolled = false;
    appraise_again(m);
    assert_int_equal(m->back.verdict, TB_VERDICT_TRUSTED);
    assert_int_equal(m->again.result.verdict, TB_VERDICT_FAILED);
    assert_int_equal(m->again.result.headline, TB_CHECK_IDENTITY_ENROLLED);
    m->b.enrolled = true;
    m->b.exporter[0] ^= 1;
    appraise_again(m);
    assert_int_equal(m->again.result.headline, TB_CHECK_QUOTE_BINDING);
    m->b.exporter[0] ^= 1;
    m->b.firmware.value[2][0] ^= 1;
    appraise_again(m);
    assert_int_equal(m->again.result.verdict, TB_VERDICT_CHANGED);
    m->b.last.reset_count = 8;
    appraise_again(m);
    assert_int_equal(m->again.result.headline, TB_CHECK_QUOTE_CLOCK);
    unmake(m);
}

static void t55_held_parts_that_are_not_those_of_the_quote_are_refused(void **state)
{
    struct made *m = make(true);

    (void)state;
    m->b.held_pcrs.value[TB_BANK_SHA256][7][0] ^= 1;
    appraise_again(m);
    assert_int_equal(m->again.result.headline, TB_CHECK_EVIDENCE_COMPLETE);
    m->b.held_pcrs.value[TB_BANK_SHA256][7][0] ^= 1;
    m->b.held_log.left--;
    appraise_again(m);
    assert_int_equal(m->again.result.headline, TB_CHECK_EVIDENCE_COMPLETE);
    m->b.held_log.left = 0;
    appraise_again(m);
    assert_int_equal(m->again.result.headline, TB_CHECK_EVIDENCE_COMPLETE);
    /* Nothing is appraised in the place of what is not there. */
    assert_int_equal(m->again.result.findings.outcome[TB_CHECK_QUOTE_SIGNATURE], TB_NOT_CHECKED);
    unmake(m);
}

/* The evidence of m with a part left out that only hosts on our own boot chain have. */
static void leave_out(struct made *m, struct tb_reader bytes, bool *has, uint8_t digest[32])
{
    uint8_t full[TB_DIGEST_MAX];

    assert_true(tb_hash(m->e->h, TB_BANK_SHA256, bytes, full));
    memcpy(digest, full, 32);
    *has = true;
    evidence_bind(m->e);
    evidence_sign(m->e);
    m->b.content = m->e->in.content_bytes;
    m->b.quote = m->e->in.quote;
    m->b.signature = m->e->in.signature;
}

static void t55_a_held_user_log_or_metadata_of_other_packages_is_refused(void **state)
{
    const struct tb_reader bytes = tb_slice("as it was held", 14);

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct made *m = make(true);
        struct tb_evidence_content *c = &m->e->message;
        struct tb_reader *held = i == 0 ? &m->b.held_user_log : &m->b.held_packages;

        if (i == 0)
            leave_out(m, bytes, &c->has_user_log_digest, c->user_log_digest);
        else
            leave_out(m, bytes, &c->has_packages_digest, c->packages_digest);
        appraise_again(m);
        assert_int_equal(m->again.result.headline, TB_CHECK_EVIDENCE_COMPLETE);
        *held = tb_slice("as it was h3ld", 14);
        appraise_again(m);
        assert_int_equal(m->again.result.headline, TB_CHECK_EVIDENCE_COMPLETE);
        *held = bytes;
        appraise_again(m);
        assert_true(m->again.result.quote.genuine);
        assert_true(tb_slice_equal(i == 0 ? m->back.held_user_log : m->back.held_packages, bytes));
        unmake(m);
    }
}

static void the_versions_in_a_bundle_are_canonical_or_refused(void **state)
{
    static const char *const wrong[] = { "base",       "base 1",     "base 01\n",
                                         "b 1\na 1\n", "a 1\na 2\n", "a 1\n\n" };
    struct made *m = make(true);
    struct tb_reason why;

    (void)state;
    m->b.versions = tb_slice("base 3\nhello 4294967295\n", 24);
    appraise_again(m);
    assert_true(tb_slice_equal(m->back.versions, m->b.versions));
    assert_int_equal(m->again.result.verdict,
                     TB_VERDICT_TRUSTED); /* of a host that has no packages */
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        m->b.versions = tb_slice(wrong[i], strlen(wrong[i]));
        assert_false(encode(m));
        assert_false(tb_bundle_decode(tb_slice(m->buf, m->len), &m->back, &why) &&
                     tb_slice_equal(m->back.versions, m->b.versions));
    }
    unmake(m);
}

/* The boot of m with Secure Boot off, of which no log came. */
static void boot_without_log(struct made *m)
{
    struct evidence *e = m->e;
    struct log_item *item =
        log_find_variable(e->log, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot");

    log_set_data(e->log, item,
                 log_uefi_variable(e->log, log_guid_global, "SecureBoot", tb_slice("\0", 1)));
    log_rehash(e->log, item, tb_slice(item->data, item->data_len));
    log_remove(e->log, log_find_variable(e->log, TB_EV_EFI_VARIABLE_AUTHORITY, "db"));
    evidence_prepare(e);
    e->message.log = tb_slice(NULL, 0);
    e->message.log_missing = true;
    memset(e->message.log_digest, 0, 32);
    evidence_bind(e);
    evidence_sign(e);
    m->b.quote = e->in.quote;
    m->b.signature = e->in.signature;
    m->b.content = e->in.content_bytes;
}

static void t45_secure_boot_off_is_computed_from_the_log_that_was_held(void **state)
{
    struct log_builder *earlier = log_new();
    struct made *m = make(false);

    (void)state;
    log_good_boot(earlier, LOG_BANK(TB_BANK_SHA256));
    log_finish(earlier);
    boot_without_log(m);
    appraise_again(m);
    assert_int_equal(m->again.result.headline, TB_CHECK_EVIDENCE_COMPLETE);
    m->b.held_log = log_slice(earlier);
    appraise_again(m);
    assert_int_equal(m->again.result.verdict, TB_VERDICT_FAILED);
    assert_int_equal(m->again.result.headline, TB_CHECK_SB_OFF);
    unmake(m);
    log_free(earlier);
}

static void content_that_cannot_be_read_is_a_failed_result(void **state)
{
    struct made *m = make(false);

    (void)state;
    m->b.content.left--;
    appraise_again(m);
    assert_int_equal(m->again.result.verdict, TB_VERDICT_FAILED);
    assert_int_equal(m->again.result.headline, TB_CHECK_EVIDENCE_FORMAT);
    unmake(m);
}

static void t25_t26_what_enrolment_knew_of_the_tpm_is_judged_again(void **state)
{
    struct made *m = make(false);
    struct tb_policy *p = malloc(sizeof *p);

    (void)state;
    *p = m->e->policy;
    p->tpm_classes = 1U << TB_TPM_DISCRETE;
    p->n_advisories = 1;
    p->advisory[0] = (struct tb_tpm_advisory){ .vendor = tb_tpm_vendor_of_text("IFX"),
                                               .to = UINT64_MAX,
                                               .name = "CVE-2017-15361" };
    snprintf(m->b.tpm_class, sizeof m->b.tpm_class, "firmware");
    snprintf(m->b.tpm_vendor, sizeof m->b.tpm_vendor, "IFX");
    snprintf(m->b.serial, sizeof m->b.serial, "SN-1");
    appraise_again(m);
    assert_string_equal(m->back.serial, "SN-1");
    assert_true(tb_bundle_appraise(&m->back, p, m->e->h, &m->used, &m->again, m->err));
    assert_int_equal(m->again.result.headline, TB_CHECK_IDENTITY_TPM_CLASS);
    assert_int_equal(m->again.result.findings.outcome[TB_CHECK_IDENTITY_TPM_CLASS], TB_FAIL);
    assert_int_equal(m->again.result.findings.outcome[TB_CHECK_IDENTITY_TPM_ADVISORY], TB_FAIL);
    snprintf(m->back.tpm_class, sizeof m->back.tpm_class, "no such");
    assert_true(tb_bundle_appraise(&m->back, p, m->e->h, &m->used, &m->again, m->err));
    assert_int_equal(m->again.result.findings.outcome[TB_CHECK_IDENTITY_TPM_CLASS], TB_UNKNOWN);
    snprintf(m->back.tpm_class, sizeof m->back.tpm_class, "discrete");
    snprintf(m->back.tpm_vendor, sizeof m->back.tpm_vendor, "STM");
    assert_true(tb_bundle_appraise(&m->back, p, m->e->h, &m->used, &m->again, m->err));
    assert_int_equal(m->again.result.verdict, TB_VERDICT_TRUSTED);
    free(p);
    unmake(m);
}

/* A host that fails on the server for its endorsement key fails for whoever appraises it again. */
static void t26_an_endorsement_key_of_the_roca_structure_fails_again(void **state)
{
    EVP_PKEY *weak = roca_key_new(), *sound = EVP_RSA_gen(2048);
    struct made *m = make(false);
    struct test_bytes ek;

    (void)state;
    test_ek_public(weak, &ek);
    m->b.ek_public = test_slice(&ek);
    appraise_again(m);
    assert_true(tb_slice_equal(m->back.ek_public, test_slice(&ek)));
    assert_int_equal(m->again.result.verdict, TB_VERDICT_FAILED);
    assert_int_equal(m->again.result.headline, TB_CHECK_IDENTITY_ROCA);
    test_ek_public(sound, &ek);
    m->b.ek_public = test_slice(&ek);
    appraise_again(m);
    assert_int_equal(m->again.result.verdict, TB_VERDICT_TRUSTED);
    m->b.ek_public = tb_slice(NULL, 0); /* a bundle from before it carried the key */
    appraise_again(m);
    assert_int_equal(m->again.result.verdict, TB_VERDICT_TRUSTED);
    EVP_PKEY_free(weak);
    EVP_PKEY_free(sound);
    unmake(m);
}

static void another_policy_may_be_tried_and_a_broken_one_is_told(void **state)
{
    struct made *m = make(false);
    struct tb_policy other = m->e->policy;

    (void)state;
    appraise_again(m);
    other.n_pins = 1;
    other.pin[0].pcr = 7;
    other.pin[0].bank = TB_BANK_SHA256;
    assert_true(tb_bundle_appraise(&m->back, &other, m->e->h, &m->used, &m->again, m->err));
    assert_int_equal(m->again.result.headline, TB_CHECK_PCR_PINNED);
    assert_int_equal(m->used.n_pins, 1);
    m->back.policy = tb_slice("{}", 2);
    assert_false(tb_bundle_appraise(&m->back, NULL, m->e->h, &m->used, &m->again, m->err));
    assert_string_equal(m->err, "policy of the bundle:1: format is missing");
    unmake(m);
}

static void files_that_are_no_bundle_are_refused(void **state)
{
    struct made *m = make(true);
    struct tb_reason why;

    (void)state;
    assert_true(encode(m));
    m->buf[3] ^= 1; /* in the magic */
    assert_false(tb_bundle_decode(tb_slice(m->buf, m->len), &m->back, &why));
    assert_string_equal(why.where, "bundle.magic");
    assert_string_equal(why.observed, "another file");
    m->buf[3] ^= 1;
    assert_false(tb_bundle_decode(tb_slice(m->buf, m->len - 1), &m->back, &why));
    assert_false(tb_bundle_decode(tb_slice(m->buf, m->len + 1), &m->back, &why));
    assert_false(tb_bundle_decode(tb_slice(m->buf, TB_BUNDLE_MAX + 1), &m->back, &why));
    assert_int_equal(why.check, TB_CHECK_EVIDENCE_LIMITS);
    assert_false(tb_bundle_encode(&m->b, m->buf, m->len - 1, &m->len));
    unmake(m);
}

/* Find `from` in the encoded bundle and write `to` over it. */
static void patch(struct made *m, const void *from, const void *to, size_t n)
{
    uint8_t *at = memmem(m->buf, m->len, from, n);

    assert_non_null(at);
    memcpy(at, to, n);
}

static void broken_arrays_are_refused_with_their_field(void **state)
{
    static const struct {
        const char *from, *to, *where;
        size_t n;
    } list[] = {
        { "\x10\x86\x1a\x00\x0f\x42\x3f", "\x10\x85\x1a\x00\x0f\x42\x3f", "bundle.last", 7 },
        { "\x10\x86\x1a\x00\x0f\x42\x3f", "\x10\x86\x3a\x00\x0f\x42\x3f", "bundle.last", 7 },
        { "\x02\x66"
          "boot-2",
          "\x10\x66"
          "boot-2",
          "bundle.last", 8 }, /* a fifth bank */
        { "\x11\x82\x0b\x58\x80", "\x11\x81\x0b\x58\x80", "bundle.firmware", 5 },
        { "\x11\x82\x0b\x58\x80", "\x11\x82\x12\x58\x80", "bundle.firmware", 5 },
        { "\x11\x82\x0b\x58\x80", "\x11\x82\x0c\x58\x80", "bundle.firmware", 5 },
        { "\x0a\x81\x82\x0b", "\x0a\x81\x83\x0b", "bundle.wanted", 4 },
        { "\x0e\x81\x83\x0b", "\x0e\x81\x83\x12", "bundle.held_pcrs", 4 },
    };
    struct tb_reason why;

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct made *m = make(true);

        assert_true(encode(m));
        patch(m, list[i].from, list[i].to, list[i].n);
        assert_false(tb_bundle_decode(tb_slice(m->buf, m->len), &m->back, &why));
        assert_string_equal(why.where, list[i].where);
        if (strcmp(list[i].where, "bundle.firmware") == 0 && list[i].to[2] == '\x12')
            assert_string_equal(why.expected, "SHA-1, SHA-256, SHA-384 or SHA-512");
        unmake(m);
    }
}

/* Offset of the item behind the one at `at`; heads of arrays and maps are items of their own. */
static size_t next_item(const uint8_t *p, size_t at)
{
    unsigned major = p[at] >> 5, low = p[at] & 31;
    size_t extra = low < 24 || major == 7 ? 0 : (size_t)1 << (low - 24), v = low < 24 ? low : 0;

    for (size_t i = 0; i < extra; i++)
        v = v << 8 | p[at + 1 + i];
    return at + 1 + extra + (major == 2 || major == 3 ? v : 0);
}

static void an_item_of_another_type_is_refused_as_that(void **state)
{
    static const char *const kinds[8] = { "an unsigned integer",
                                          "",
                                          "a byte string",
                                          "a text string",
                                          "an array",
                                          "a map",
                                          "",
                                          "a boolean" };
    struct made *m = make(true);
    struct tb_reason why;

    (void)state;
    assert_true(encode(m));
    for (size_t at = 0; at < m->len; at = next_item(m->buf, at)) {
        uint8_t was = m->buf[at];

        m->buf[at] = 0xf6; /* null */
        assert_false(tb_bundle_decode(tb_slice(m->buf, m->len), &m->back, &why));
        assert_string_equal(why.expected, kinds[was >> 5]);
        assert_string_equal(why.observed, "another kind of item");
        m->buf[at] = was;
    }
    unmake(m);
}

static void a_bundle_that_breaks_a_limit_is_not_written(void **state)
{
    static const uint8_t big[TB_QUOTE_MAX + 1];
    struct made *m = make(false);

    (void)state;
    m->b.quote = tb_slice(big, sizeof big);
    assert_false(encode(m));
    m->b.quote.left--;
    assert_true(encode(m));
    m->b.verdict = TB_N_VERDICTS;
    assert_false(encode(m));
    unmake(m);
}

static void a_crypto_library_that_fails_appraises_nothing_as_trusted(void **state)
{
    struct made *m = make(true);
    unsigned last, refused = 0;

    (void)state;
    appraise_again(m);
    for (unsigned n = 1; n < 8; n++) {
        bool ok;

        calls = 0;
        fail_at = n;
        ok = tb_bundle_appraise(&m->back, NULL, m->e->h, &m->used, &m->again, m->err);
        last = calls;
        fail_at = 0;
        assert_true(last >= n);
        assert_true(!ok || m->again.result.verdict != TB_VERDICT_TRUSTED);
        refused += !ok;
    }
    assert_int_equal(refused, 3); /* the policy's digest, and those of what is held */
    unmake(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anyone_comes_to_the_same_verdict),
        cmocka_unit_test(a_bundle_without_what_may_be_missing_is_the_same),
        cmocka_unit_test(what_the_bundle_says_of_the_verdict_is_not_believed),
        cmocka_unit_test(t55_held_parts_that_are_not_those_of_the_quote_are_refused),
        cmocka_unit_test(t55_a_held_user_log_or_metadata_of_other_packages_is_refused),
        cmocka_unit_test(the_versions_in_a_bundle_are_canonical_or_refused),
        cmocka_unit_test(t45_secure_boot_off_is_computed_from_the_log_that_was_held),
        cmocka_unit_test(content_that_cannot_be_read_is_a_failed_result),
        cmocka_unit_test(t25_t26_what_enrolment_knew_of_the_tpm_is_judged_again),
        cmocka_unit_test(t26_an_endorsement_key_of_the_roca_structure_fails_again),
        cmocka_unit_test(another_policy_may_be_tried_and_a_broken_one_is_told),
        cmocka_unit_test(files_that_are_no_bundle_are_refused),
        cmocka_unit_test(broken_arrays_are_refused_with_their_field),
        cmocka_unit_test(an_item_of_another_type_is_refused_as_that),
        cmocka_unit_test(a_bundle_that_breaks_a_limit_is_not_written),
        cmocka_unit_test(a_crypto_library_that_fails_appraises_nothing_as_trusted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
