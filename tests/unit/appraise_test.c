/* The appraisal from end to end: each check forced to fail alone, and what that does to the
 * verdict. Parsers have tests of their own; here it is shown that what they refuse counts. */
#include "tests/unit/evidence_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a crypto library that fails at the n-th call (linked with --wrap) ---- */

static unsigned fail_at; /* 0: never */
static unsigned calls;

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

/* ---- shared ---- */

#define SHA256_ONLY LOG_BANK(TB_BANK_SHA256)

static void show(const struct evidence *e)
{
    for (size_t i = 0; i < e->result.findings.n; i++) {
        const struct tb_finding *f = &e->result.findings.list[i];

        print_message("  %s %s: %s: %s / %s\n", tb_outcome_name(f->outcome),
                      tb_check_text(f->reason.check)->code, f->reason.where, f->reason.expected,
                      f->reason.observed);
    }
}

static void expect(const struct evidence *e, enum tb_verdict verdict, int headline)
{
    const struct tb_result *r = &e->result;

    if (r->verdict != verdict || (headline >= 0 && (int)r->headline != headline))
        show(e);
    assert_string_equal(tb_verdict_name(r->verdict), tb_verdict_name(verdict));
    assert_int_equal(r->has_headline, headline >= 0);
    if (headline >= 0) {
        assert_string_equal(tb_check_text(r->headline)->code,
                            tb_check_text((enum tb_check)headline)->code);
        assert_string_equal(tb_result_headline(r), tb_check_text((enum tb_check)headline)->title);
        assert_true(r->findings.outcome[headline] >= TB_UNKNOWN);
    } else {
        assert_string_equal(tb_result_headline(r), "");
    }
}

/* One thing changed in a good attestation; each function may be NULL. */
struct change {
    const char *what;
    int check; /* the headline; -1 none */
    enum tb_verdict verdict;
    void (*boot)(struct evidence *e);  /* before PCR values and quote are made */
    void (*quote)(struct evidence *e); /* before the AK signs */
    void (*input)(struct evidence *e); /* before the Verifier looks */
};

static void run_change(const struct change *c)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    print_message("- %s\n", c->what);
    if (c->boot != NULL)
        c->boot(e);
    evidence_prepare(e);
    if (c->quote != NULL)
        c->quote(e);
    evidence_sign(e);
    if (c->input != NULL)
        c->input(e);
    evidence_appraise(e);
    expect(e, c->verdict, c->check);
    evidence_free(e);
}

static void run_changes(const struct change *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        run_change(&list[i]);
}
#define RUN(list) run_changes(list, sizeof list / sizeof list[0])

static void good_evidence_is_trusted_and_remembered(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    evidence_run(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    assert_int_equal(e->result.findings.n, 0);
    assert_true(e->result.quote.genuine);
    assert_true(e->result.quote.memory.present);
    assert_int_equal(e->result.quote.memory.clock_ms, 1000000);
    assert_int_equal(e->result.quote.memory.reset_count, 7);
    assert_int_equal(e->result.quote.memory.restart_count, 1);
    assert_int_equal(e->result.quote.memory.firmware_version, e->q.firmware_version);
    assert_int_equal(e->result.quote.quoted_firmware_version, e->q.firmware_version);
    assert_string_equal(e->result.quote.memory.boot_id, "boot-2");
    assert_true(e->result.boot.bank_chosen);
    assert_int_equal(e->result.boot.bank, TB_BANK_SHA256);
    assert_int_equal(e->result.boot.log_banks, SHA256_ONLY);
    assert_true(e->result.boot.n_events > 10);
    assert_int_equal(e->result.boot.facts.secure_boot, TB_SECURE_BOOT_ON);
    evidence_free(e);
}

static void a_cached_key_gives_the_same_verdict(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    struct tb_public ak;
    struct tb_reason why;
    struct tb_key *key;

    (void)state;
    evidence_prepare(e);
    evidence_sign(e);
    assert_true(tb_public_check_ak(e->in.ak_public, &ak, &why));
    key = tb_public_key(&ak);
    e->in.ak_key = key;
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    e->attest.b[40] ^= 1;
    evidence_appraise(e);
    assert_int_equal(e->result.verdict, TB_VERDICT_FAILED);
    tb_key_free(key);
    evidence_free(e);
}

/* ---- groups 1 and 2 ---- */

static void no_content(struct evidence *e)
{
    e->in.content = NULL;
}
static void no_content_bytes(struct evidence *e)
{
    e->in.content_bytes = tb_slice(NULL, 0);
}
static void no_quote(struct evidence *e)
{
    e->in.quote = tb_slice(NULL, 0);
}
static void no_signature(struct evidence *e)
{
    e->in.signature = tb_slice(NULL, 0);
}
static void no_log(struct evidence *e)
{
    e->content.has_log = false;
}
static void empty_log(struct evidence *e)
{
    e->content.log = tb_slice(NULL, 0);
}
static void not_enrolled(struct evidence *e)
{
    e->in.enrolled = false;
}

static struct test_bytes other_public;

static void unrestricted_ak(struct evidence *e)
{
    struct test_public p = test_ak_parts(e->ak);

    p.attributes &= ~(uint32_t)TB_OBJECT_RESTRICTED;
    other_public.n = 0;
    test_public_build(&p, &other_public);
    e->in.ak_public = test_slice(&other_public);
}
static void ak_off_the_curve(struct evidence *e)
{
    other_public.n = 0;
    test_put(&other_public, e->in.ak_public.p, e->in.ak_public.left);
    other_public.b[other_public.n - 1] ^= 1;
    e->in.ak_public = test_slice(&other_public);
}

static void t10_each_check_of_evidence_and_identity_counts_alone(void **state)
{
    static const struct change list[] = {
        { "no content", TB_CHECK_EVIDENCE_COMPLETE, TB_VERDICT_FAILED, NULL, NULL, no_content },
        { "no content bytes", TB_CHECK_EVIDENCE_COMPLETE, TB_VERDICT_FAILED, NULL, NULL,
          no_content_bytes },
        { "no quote", TB_CHECK_EVIDENCE_COMPLETE, TB_VERDICT_FAILED, NULL, NULL, no_quote },
        { "no signature", TB_CHECK_EVIDENCE_COMPLETE, TB_VERDICT_FAILED, NULL, NULL, no_signature },
        { "log missing", TB_CHECK_EVIDENCE_COMPLETE, TB_VERDICT_FAILED, NULL, NULL, no_log },
        { "log empty", TB_CHECK_EVIDENCE_COMPLETE, TB_VERDICT_FAILED, NULL, NULL, empty_log },
        { "not enrolled", TB_CHECK_IDENTITY_ENROLLED, TB_VERDICT_FAILED, NULL, NULL, not_enrolled },
        { "AK not restricted", TB_CHECK_IDENTITY_AK, TB_VERDICT_FAILED, NULL, NULL,
          unrestricted_ak },
        { "AK not on its curve", TB_CHECK_QUOTE_SIGNATURE, TB_VERDICT_FAILED, NULL, NULL,
          ak_off_the_curve },
    };

    (void)state;
    RUN(list);
}

static void missing_parts_are_told_by_name(void **state)
{
    static const struct {
        void (*input)(struct evidence *e);
        const char *where;
    } list[] = {
        { no_content, "evidence.content" }, { no_content_bytes, "evidence.content" },
        { no_quote, "evidence.quote" },     { no_signature, "evidence.signature" },
        { no_log, "evidence.content.log" }, { empty_log, "evidence.content.log" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct evidence *e = evidence_new(SHA256_ONLY);

        evidence_prepare(e);
        evidence_sign(e);
        list[i].input(e);
        evidence_appraise(e);
        assert_string_equal(evidence_reason(e, TB_CHECK_EVIDENCE_COMPLETE)->where, list[i].where);
        evidence_free(e);
    }
}

static void evidence_that_cannot_be_read_is_failed_for_that_reason(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    struct tb_reason why;

    (void)state;
    (void)tb_refuse(&why, TB_CHECK_EVIDENCE_LIMITS, "evidence", "less", "%s", "more");
    memset(&e->result, 0xa5, sizeof e->result);
    tb_appraise_refused(&why, &e->policy, &e->result);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_EVIDENCE_LIMITS);
    assert_false(e->result.quote.genuine);
    assert_int_equal(e->result.findings.n, 1);
    evidence_free(e);
}

/* ---- group 3 ---- */

static void other_magic(struct evidence *e)
{
    e->q.magic = 0xff544348;
}
static void certify_type(struct evidence *e)
{
    e->q.type = 0x8017;
}
static void short_quote(struct evidence *e)
{
    e->in.quote.left--;
}
static void short_signature(struct evidence *e)
{
    e->in.signature.left--;
}
static void other_hash(struct evidence *e)
{
    e->signature.b[3] = 0x0c; /* ECDSA with SHA-384, by a key enrolled for SHA-256 */
}

static struct test_bytes other_signature;

static void other_scheme(struct evidence *e)
{
    struct test_ak *rsa = test_ak_new(TEST_AK_RSA2048);

    other_signature.n = 0;
    test_ak_sign(rsa, e->in.quote, &other_signature);
    e->in.signature = test_slice(&other_signature);
    test_ak_free(rsa);
}
static void other_key(struct evidence *e)
{
    struct test_ak *other = test_ak_new(TEST_AK_P256);

    other_signature.n = 0;
    test_ak_sign(other, e->in.quote, &other_signature);
    e->in.signature = test_slice(&other_signature);
    test_ak_free(other);
}
static void changed_quote(struct evidence *e)
{
    e->attest.b[e->attest.n - 1] ^= 1;
}

static void t10_each_check_of_the_quote_counts_alone(void **state)
{
    static const struct change list[] = {
        { "magic", TB_CHECK_QUOTE_MAGIC, TB_VERDICT_FAILED, NULL, other_magic, NULL },
        { "type", TB_CHECK_QUOTE_TYPE, TB_VERDICT_FAILED, NULL, certify_type, NULL },
        { "quote cut", TB_CHECK_QUOTE_STRUCTURE, TB_VERDICT_FAILED, NULL, NULL, short_quote },
        { "signature cut", TB_CHECK_QUOTE_STRUCTURE, TB_VERDICT_FAILED, NULL, NULL,
          short_signature },
        { "other hash (T-07)", TB_CHECK_QUOTE_SCHEME, TB_VERDICT_FAILED, NULL, NULL, other_hash },
        { "other scheme (T-07)", TB_CHECK_QUOTE_SCHEME, TB_VERDICT_FAILED, NULL, NULL,
          other_scheme },
        { "other key", TB_CHECK_QUOTE_SIGNATURE, TB_VERDICT_FAILED, NULL, NULL, other_key },
        { "quote changed", TB_CHECK_QUOTE_SIGNATURE, TB_VERDICT_FAILED, NULL, NULL, changed_quote },
    };

    (void)state;
    RUN(list);
}

static uint8_t other_bytes[80];

static void nonce_equal_prefix(struct evidence *e)
{
    memcpy(other_bytes, e->nonce, 32);
    other_bytes[31] ^= 1;
    e->in.nonce = tb_slice(other_bytes, 32);
}
static void nonce_zero_padded(struct evidence *e)
{
    memcpy(other_bytes, e->nonce, 32);
    memset(other_bytes + 32, 0, 8);
    e->in.nonce = tb_slice(other_bytes, 40);
}
static void nonce_short(struct evidence *e)
{
    e->in.nonce.left = 31;
}
static void nonce_itself(struct evidence *e)
{
    e->q.extra_data = tb_slice(e->nonce, sizeof e->nonce); /* as a naive TPM user would quote */
}
static void binding_padded(struct evidence *e)
{
    e->q.extra_data = tb_slice(e->binding, 33); /* one byte more */
}
static void binding_cut(struct evidence *e)
{
    e->q.extra_data = tb_slice(e->binding, 31);
}
static void other_host(struct evidence *e)
{
    e->in.host_id = tb_slice("host-2", 6);
}
static void other_session(struct evidence *e)
{
    memcpy(other_bytes, e->exporter, 32);
    other_bytes[0] ^= 1;
    e->in.exporter = tb_slice(other_bytes, 32);
}
static void no_exporter(struct evidence *e)
{
    e->in.exporter.left = 0;
}
static void no_host(struct evidence *e)
{
    e->in.host_id.left = 0;
}
static void other_content(struct evidence *e)
{
    e->content_bytes[e->content_len - 1] ^= 1;
}

static void t13_other_nonces_are_refused(void **state)
{
    static const struct change list[] = {
        { "equal prefix", TB_CHECK_QUOTE_BINDING, TB_VERDICT_FAILED, NULL, NULL,
          nonce_equal_prefix },
        { "zero padded", TB_CHECK_QUOTE_BINDING, TB_VERDICT_FAILED, NULL, NULL, nonce_zero_padded },
        { "short", TB_CHECK_QUOTE_BINDING, TB_VERDICT_FAILED, NULL, NULL, nonce_short },
        { "the nonce itself", TB_CHECK_QUOTE_BINDING, TB_VERDICT_FAILED, NULL, nonce_itself, NULL },
        { "longer", TB_CHECK_QUOTE_BINDING, TB_VERDICT_FAILED, NULL, binding_padded, NULL },
        { "shorter", TB_CHECK_QUOTE_BINDING, TB_VERDICT_FAILED, NULL, binding_cut, NULL },
    };

    (void)state;
    RUN(list);
}

static void t14_evidence_does_not_move_to_another_host_session_or_content(void **state)
{
    static const struct change list[] = {
        { "host", TB_CHECK_QUOTE_BINDING, TB_VERDICT_FAILED, NULL, NULL, other_host },
        { "session", TB_CHECK_QUOTE_BINDING, TB_VERDICT_FAILED, NULL, NULL, other_session },
        { "content", TB_CHECK_QUOTE_BINDING, TB_VERDICT_FAILED, NULL, NULL, other_content },
        { "no exporter", TB_CHECK_QUOTE_BINDING, TB_VERDICT_FAILED, NULL, NULL, no_exporter },
        { "no host", TB_CHECK_QUOTE_BINDING, TB_VERDICT_FAILED, NULL, NULL, no_host },
    };

    (void)state;
    RUN(list);
}

/* Bound to nothing on both sides: whoever forgets a part of the challenge gets no verdict. */
static void t14_a_challenge_with_a_part_missing_is_never_trusted(void **state)
{
    static const uint8_t host[65] = "h";
    static const size_t lens[][3] = {
        /* nonce, host id, exporter */
        { 0, 6, 32 }, { 31, 6, 32 }, { 32, 0, 32 }, { 32, 65, 32 }, { 32, 6, 0 }, { 32, 6, 31 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct evidence *e = evidence_new(SHA256_ONLY);

        evidence_prepare(e);
        e->in.nonce.left = lens[i][0];
        e->in.host_id = tb_slice(host, lens[i][1]);
        e->in.exporter.left = lens[i][2];
        assert_true(tb_binding(e->h, e->in.nonce, e->in.host_id, e->in.exporter,
                               e->in.content_bytes, e->binding));
        evidence_sign(e);
        evidence_appraise(e);
        expect(e, TB_VERDICT_FAILED, TB_CHECK_QUOTE_BINDING);
        assert_string_equal(evidence_reason(e, TB_CHECK_QUOTE_BINDING)->where, "challenge");
        evidence_free(e);
    }
}

static void t14_parts_of_the_binding_do_not_run_into_each_other(void **state)
{
    struct tb_hasher *h = tb_hasher_new();
    uint8_t a[TB_DIGEST_MAX], b[TB_DIGEST_MAX];
    const struct tb_reader x = tb_slice("x", 1), bc = tb_slice("bc", 2), c = tb_slice("c", 1),
                           xb = tb_slice("xb", 2);

    (void)state;
    assert_true(tb_binding(h, x, bc, c, c, a));
    assert_true(tb_binding(h, xb, c, c, c, b));
    assert_memory_not_equal(a, b, 32);
    assert_true(tb_binding(h, x, c, bc, c, b));
    assert_memory_not_equal(a, b, 32);
    tb_hasher_free(h);
}

static void the_binding_is_the_documented_one(void **state)
{
    /* printf 'trueboot evidence 1\0\0\001n\0\004host\0\001e\0\040' and SHA-256("content") */
    static const uint8_t expected[32] = {
        0xd5, 0xd8, 0x80, 0x81, 0x98, 0x6d, 0x09, 0xa4, 0xd2, 0x40, 0x18,
        0xc6, 0x47, 0xfb, 0x31, 0x3b, 0xd0, 0x1b, 0x30, 0x72, 0xb6, 0x4c,
        0x22, 0x56, 0x0d, 0xd8, 0x53, 0x7d, 0x18, 0x5b, 0x16, 0xad,
    };
    struct tb_hasher *h = tb_hasher_new();
    uint8_t out[TB_DIGEST_MAX], *huge = calloc(1, 65536);

    (void)state;
    assert_true(tb_binding(h, tb_slice("n", 1), tb_slice("host", 4), tb_slice("e", 1),
                           tb_slice("content", 7), out));
    assert_memory_equal(out, expected, 32);
    for (unsigned i = 0; i < 3; i++) { /* a length that 16 bits cannot say */
        struct tb_reader part[3] = { tb_slice("n", 1), tb_slice("host", 4), tb_slice("e", 1) };

        part[i] = tb_slice(huge, 65536);
        assert_false(tb_binding(h, part[0], part[1], part[2], tb_slice("c", 1), out));
    }
    free(huge);
    tb_hasher_free(h);
}

/* ---- clocks ---- */

static void last_is(struct evidence *e, uint64_t clock_ms, uint32_t reset, uint32_t restart)
{
    e->in.last = (struct tb_quote_memory){ .present = true,
                                           .clock_ms = clock_ms,
                                           .reset_count = reset,
                                           .restart_count = restart,
                                           .firmware_version = e->q.firmware_version };
    memcpy(e->in.last.boot_id, "boot-1", 7);
}

static void clock_fell(struct evidence *e)
{
    last_is(e, 1000001, 7, 1);
}
static void clock_fell_in_the_same_cycle(struct evidence *e)
{
    last_is(e, 1000001, 7, 1);
    e->q.safe = 0;
}
static void clock_fell_after_reset_safe(struct evidence *e)
{
    last_is(e, 1000001, 6, 1);
}
static void clock_fell_after_power_loss(struct evidence *e)
{
    last_is(e, 1000001, 6, 1);
    e->q.safe = 0;
}
static void reset_fell(struct evidence *e)
{
    last_is(e, 900000, 8, 0);
}
static void restart_fell(struct evidence *e)
{
    last_is(e, 900000, 7, 2);
}
static void restart_fell_with_a_reset(struct evidence *e)
{
    last_is(e, 900000, 6, 2);
}
static void same_again(struct evidence *e)
{
    last_is(e, 1000000, 7, 1);
}
static void resumed(struct evidence *e)
{
    last_is(e, 900000, 7, 0);
}
static void unsafe(struct evidence *e)
{
    e->q.safe = 0;
}
static void new_tpm_firmware(struct evidence *e)
{
    last_is(e, 900000, 7, 1);
    e->in.last.firmware_version ^= 1;
}

static void t57_clock_and_counters_that_fall_are_refused(void **state)
{
    static const struct change list[] = {
        { "clock fell", TB_CHECK_QUOTE_CLOCK, TB_VERDICT_FAILED, NULL, clock_fell, NULL },
        { "clock fell, same cycle", TB_CHECK_QUOTE_CLOCK, TB_VERDICT_FAILED, NULL,
          clock_fell_in_the_same_cycle, NULL },
        { "clock fell, reset, safe", TB_CHECK_QUOTE_CLOCK, TB_VERDICT_FAILED, NULL,
          clock_fell_after_reset_safe, NULL },
        { "clock fell after power loss", -1, TB_VERDICT_TRUSTED, NULL, clock_fell_after_power_loss,
          NULL },
        { "reset count fell", TB_CHECK_QUOTE_CLOCK, TB_VERDICT_FAILED, NULL, reset_fell, NULL },
        { "restart count fell", TB_CHECK_QUOTE_CLOCK, TB_VERDICT_FAILED, NULL, restart_fell, NULL },
        { "restart count fell with a reset", -1, TB_VERDICT_TRUSTED, NULL,
          restart_fell_with_a_reset, NULL },
        { "nothing moved", -1, TB_VERDICT_TRUSTED, NULL, same_again, NULL },
        { "TPM firmware", TB_CHECK_QUOTE_FIRMWARE, TB_VERDICT_CHANGED, NULL, new_tpm_firmware,
          NULL },
    };

    (void)state;
    RUN(list);
}

static void t57_restart_and_safe_are_told_and_the_policy_may_refuse_them(void **state)
{
    static const struct {
        enum tb_check check;
        void (*quote)(struct evidence *e);
    } list[] = {
        { TB_CHECK_QUOTE_RESTART, resumed },
        { TB_CHECK_QUOTE_CLOCK_SAFE, unsafe },
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct evidence *e = evidence_new(SHA256_ONLY);

        evidence_prepare(e);
        list[i].quote(e);
        evidence_sign(e);
        evidence_appraise(e);
        expect(e, TB_VERDICT_TRUSTED, -1);
        assert_int_equal(e->result.findings.outcome[list[i].check], TB_FAIL);
        e->policy.severity[list[i].check] = TB_SEVERITY_ADVISORY;
        evidence_appraise(e);
        expect(e, TB_VERDICT_CHANGED, (int)list[i].check);
        e->policy.severity[list[i].check] = TB_SEVERITY_REQUIRED;
        evidence_appraise(e);
        expect(e, TB_VERDICT_FAILED, (int)list[i].check);
        assert_false(e->result.quote.genuine);
        evidence_free(e);
    }
}

static void t57_a_changed_tpm_firmware_is_told_until_it_is_accepted(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    evidence_prepare(e);
    new_tpm_firmware(e);
    evidence_sign(e);
    evidence_appraise(e);
    expect(e, TB_VERDICT_CHANGED, TB_CHECK_QUOTE_FIRMWARE);
    e->in.last = e->result.quote.memory;
    evidence_appraise(e);
    expect(e, TB_VERDICT_CHANGED, TB_CHECK_QUOTE_FIRMWARE);
    e->in.last.firmware_version = e->result.quote.quoted_firmware_version; /* accepted */
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    evidence_free(e);
}

static void reset_with_the_same_boot_id(struct evidence *e)
{
    last_is(e, 900000, 6, 1);
    memcpy(e->in.last.boot_id, "boot-2", 7);
    e->content.uptime_ms = 0;
}
static void reset_with_a_long_uptime(struct evidence *e)
{
    last_is(e, 900000, 6, 1); /* 100 s of TPM clock ago */
    e->content.uptime_ms = 400000;
}
static void reset_with_a_long_uptime_and_no_time(struct evidence *e)
{
    last_is(e, 1000000, 6, 1);
    e->content.uptime_ms = 400000;
}
static void reboot(struct evidence *e)
{
    last_is(e, 900000, 6, 1);
    e->content.uptime_ms = 99000;
}
static void reboot_with_unknown_ids(struct evidence *e)
{
    last_is(e, 900000, 6, 1);
    e->in.last.boot_id[0] = e->content.boot_id[0] = '\0';
    e->content.uptime_ms = 99000;
}
static void reboot_with_a_fast_clock(struct evidence *e)
{
    last_is(e, 0, 6, 1); /* 1000 s of a TPM clock that runs slow, against 1100 s of the host's */
    e->content.uptime_ms = 1100000;
}

static void t56_a_reset_without_a_reboot_is_refused(void **state)
{
    static const struct change list[] = {
        { "same boot id", TB_CHECK_QUOTE_RESET, TB_VERDICT_FAILED, NULL,
          reset_with_the_same_boot_id, NULL },
        { "uptime", TB_CHECK_QUOTE_RESET, TB_VERDICT_FAILED, NULL, reset_with_a_long_uptime, NULL },
        { "uptime, clock still", TB_CHECK_QUOTE_RESET, TB_VERDICT_FAILED, NULL,
          reset_with_a_long_uptime_and_no_time, NULL },
        { "a reboot", -1, TB_VERDICT_TRUSTED, NULL, reboot, NULL },
        { "a reboot, ids unknown", -1, TB_VERDICT_TRUSTED, NULL, reboot_with_unknown_ids, NULL },
        { "a reboot, clock fast", -1, TB_VERDICT_TRUSTED, NULL, reboot_with_a_fast_clock, NULL },
    };

    (void)state;
    RUN(list);
}

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
    assert_int_equal(e->result.boot.bank, TB_BANK_SHA384);
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
    tb_appraise_boot(e->content.log, &e->content.pcrs, &e->policy, &e->in.firmware, e->h, boot);
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
    assert_int_equal(e->result.boot.states.state[TB_BANK_SHA1][7], TB_PCR_CAPPED);
    assert_int_equal(e->result.boot.bank, TB_BANK_SHA256);
    evidence_free(e);
}

/* ---- group 5 ---- */

static void cut_log(struct evidence *e)
{
    e->content.log.left--;
}
static void log_of_text(struct evidence *e)
{
    e->content.log = tb_slice("not a log at all, but long enough to hold a first record", 56);
}
static void two_localities(struct evidence *e)
{
    log_move_before(e->log, log_locality(e->log, 3), &e->log->item[0]);
    log_move_before(e->log, log_locality(e->log, 3), &e->log->item[0]);
}
static void no_action_digest(struct evidence *e)
{
    log_no_action(e->log, 0, log_text("anything"))->digest[TB_BANK_SHA256][0] = 1;
}
static void unexplained(struct evidence *e)
{
    e->policy.pcrs = 0xff;
    e->content.pcrs.value[TB_BANK_SHA256][8][0] ^= 1;
    evidence_digest_pcrs(e);
}
static void unextended(struct evidence *e)
{
    memset(e->content.pcrs.value[TB_BANK_SHA256][5], 0, TB_DIGEST_MAX);
    evidence_digest_pcrs(e);
}

static void t10_each_check_of_the_log_counts_alone(void **state)
{
    static const struct change list[] = {
        { "cut", TB_CHECK_LOG_FORMAT, TB_VERDICT_FAILED, NULL, NULL, cut_log },
        { "two localities", TB_CHECK_LOG_LOCALITY, TB_VERDICT_FAILED, two_localities, NULL, NULL },
        { "digest of a no-action event", -1, TB_VERDICT_TRUSTED, no_action_digest, NULL, NULL },
        { "PCR still at its start", TB_CHECK_LOG_REPLAY, TB_VERDICT_FAILED, NULL, unextended,
          NULL },
    };
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    RUN(list);
    evidence_prepare(e);
    evidence_sign(e);
    log_of_text(e);
    evidence_appraise(e);
    assert_int_equal(e->result.verdict, TB_VERDICT_FAILED);
    evidence_free(e);

    e = evidence_new(SHA256_ONLY);
    no_action_digest(e);
    evidence_run(e);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_LOG_NO_ACTION], TB_FAIL);
    evidence_free(e);
}

static void t32_a_value_without_events_is_refused_in_pcr_0_to_9(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    for (size_t i = e->log->n; i-- > 0;) /* PCR 8 or 9 without any event */
        if (e->log->item[i].pcr == 8 || e->log->item[i].pcr == 9)
            log_remove(e->log, &e->log->item[i]);
    evidence_prepare(e);
    unexplained(e);
    evidence_sign(e);
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_LOG_UNEXPLAINED);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_UNEXPLAINED)->where, "PCR 8 sha256");
    evidence_free(e);
}

static void t32_l12_user_space_pcrs_are_told_and_the_policy_may_refuse_them(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    evidence_prepare(e);
    e->content.pcrs.value[TB_BANK_SHA256][11][0] ^= 1;
    evidence_digest_pcrs(e);
    evidence_sign(e);
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_USER_SPACE)->where, "PCR 11 sha256");
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_USER_SPACE)->observed, "not-in-log");
    e->policy.severity[TB_CHECK_LOG_USER_SPACE] = TB_SEVERITY_REQUIRED;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_LOG_USER_SPACE);
    evidence_free(e);
}

static void l05_a_changed_log_names_the_pcr_with_both_values(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    struct log_builder *other = log_new();
    char hex[132];

    (void)state;
    evidence_prepare(e);
    evidence_sign(e);
    log_good_boot(other, SHA256_ONLY);
    log_remove(other, log_find(other, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0));
    log_finish(other);
    e->content.log = log_slice(other);
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_LOG_REPLAY);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_REPLAY)->where, "PCR 4 sha256");
    tb_hex(tb_slice(other->pcrs.value[TB_BANK_SHA256][4], 32), hex, sizeof hex);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_REPLAY)->expected, hex);
    tb_hex(tb_slice(e->content.pcrs.value[TB_BANK_SHA256][4], 32), hex, sizeof hex);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_REPLAY)->observed, hex);
    log_free(other);
    evidence_free(e);
}

static void l08_a_log_without_the_quoted_bank_is_refused(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY | LOG_BANK(TB_BANK_SHA1));
    struct log_builder *other = log_new();

    (void)state;
    evidence_prepare(e);
    evidence_sign(e);
    log_good_boot_sha1(other);
    log_finish(other);
    e->content.log = log_slice(other);
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_LOG_REPLAY);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_REPLAY)->expected, "sha256");
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_REPLAY)->observed, "sha1");
    assert_false(e->result.boot.bank_chosen);
    assert_int_equal(e->result.boot.facts.secure_boot, TB_SECURE_BOOT_UNKNOWN);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_LOG_UNEXPLAINED], TB_NOT_CHECKED);
    log_free(other);
    evidence_free(e);
}

static void l09_every_allowed_bank_must_replay(void **state)
{
    static const enum tb_bank broken[] = { TB_BANK_SHA256, TB_BANK_SHA384, TB_BANK_SHA1 };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct evidence *e =
            evidence_new(SHA256_ONLY | LOG_BANK(TB_BANK_SHA384) | LOG_BANK(TB_BANK_SHA1));

        evidence_prepare(e);
        e->content.pcrs.value[broken[i]][0][0] ^= 1;
        evidence_digest_pcrs(e);
        evidence_sign(e);
        evidence_appraise(e);
        if (broken[i] == TB_BANK_SHA1)
            expect(e, TB_VERDICT_TRUSTED, -1); /* never relied on */
        else
            expect(e, TB_VERDICT_FAILED, TB_CHECK_LOG_REPLAY);
        evidence_free(e);
    }
}

static void events_without_a_digest_of_an_allowed_bank_are_refused(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY | LOG_BANK(TB_BANK_SHA384));

    (void)state;
    log_find(e->log, 5, TB_EV_SEPARATOR, 0)->banks = SHA256_ONLY;
    evidence_run(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_LOG_REPLAY);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_REPLAY)->where, "PCR 5 sha384");
    assert_string_equal(evidence_reason(e, TB_CHECK_LOG_REPLAY)->observed, "events without one");
    evidence_free(e);
}

/* ---- groups 6, 7, 9, 11 ---- */

static void set_secure_boot(struct evidence *e, uint8_t value)
{
    static uint8_t bytes[2];
    struct log_item *item =
        log_find_variable(e->log, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot");
    struct tb_reader data;

    bytes[0] = value;
    data = log_uefi_variable(e->log, log_guid_global, "SecureBoot", tb_slice(bytes, 1));
    log_set_data(e->log, item, data);
    log_rehash(e->log, item, data);
}
static void secure_boot_off(struct evidence *e)
{
    set_secure_boot(e, 0);
}
static void secure_boot_two(struct evidence *e)
{
    set_secure_boot(e, 2);
}
static void no_secure_boot(struct evidence *e)
{
    log_remove(e->log, log_find_variable(e->log, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot"));
}

static void t45_secure_boot_off_fails_with_exactly_that_reason(void **state)
{
    static const struct change list[] = {
        { "off", TB_CHECK_SB_OFF, TB_VERDICT_FAILED, secure_boot_off, NULL, NULL },
        { "value 2", TB_CHECK_SB_VALUE, TB_VERDICT_FAILED, secure_boot_two, NULL, NULL },
        { "missing", TB_CHECK_SB_MISSING, TB_VERDICT_FAILED, no_secure_boot, NULL, NULL },
    };
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    RUN(list);
    secure_boot_off(e);
    evidence_run(e);
    assert_string_equal(tb_result_headline(&e->result), "Secure Boot was off");
    assert_int_equal(e->result.boot.facts.secure_boot, TB_SECURE_BOOT_OFF);
    e->policy.severity[TB_CHECK_SB_OFF] = TB_SEVERITY_INFORM;
    evidence_appraise(e);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_SB_OFF], TB_FAIL);
    evidence_free(e);
}

static void t46_keys_outside_the_allow_list_are_refused(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    evidence_run(e);
    for (unsigned k = 0; k < TB_N_KEYSETS; k++) {
        const struct tb_keyset *set = &e->result.boot.facts.keyset[k];
        struct tb_keyset measured = *set;

        assert_true(measured.measured);
        e->policy.n_keys[k] = 1;
        memset(e->policy.keys[k][0], 0x11, 32);
        evidence_appraise(e);
        expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_KEYS);
        e->policy.n_keys[k] = 2;
        memcpy(e->policy.keys[k][1], measured.digest, 32);
        evidence_appraise(e);
        expect(e, TB_VERDICT_TRUSTED, -1);
    }
    evidence_free(e);
}

static void t46_a_key_set_that_was_not_measured_is_not_on_the_list(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    log_remove(e->log, log_find_variable(e->log, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "dbx"));
    e->policy.n_keys[TB_KEYSET_DBX] = 1; /* 32 zeros, as a digest that nobody filled in is */
    evidence_run(e);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_SB_KEYS], TB_FAIL);
    assert_string_equal(evidence_reason(e, TB_CHECK_SB_KEYS)->observed, "not measured");
    evidence_free(e);
}

static void t47_authorities_outside_the_allow_list_are_refused(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    evidence_run(e);
    assert_int_equal(e->result.boot.facts.n_authorities, 1);
    memcpy(e->policy.authorities[1], e->result.boot.facts.authority[0].digest, 32);
    e->policy.n_authorities = 1;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_KEYS);
    assert_string_equal(evidence_reason(e, TB_CHECK_SB_KEYS)->where, "authority");
    e->policy.n_authorities = 2;
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    evidence_free(e);
}

static void t47_more_authorities_than_can_be_kept_are_refused_under_a_list(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    struct log_item *after = log_find(e->log, 7, TB_EV_EFI_VARIABLE_AUTHORITY, 0);

    (void)state;
    e->policy.n_authorities = TB_POLICY_DIGESTS_MAX;
    for (uint8_t i = 0; i < TB_AUTHORITIES_MAX + 1; i++) {
        struct tb_reader data = log_signature_data(e->log, tb_slice(&i, 1));
        struct log_item *item =
            log_variable(e->log, 7, TB_EV_EFI_VARIABLE_AUTHORITY, log_guid_image_db, "db", data);

        after = log_find(e->log, 7, TB_EV_EFI_VARIABLE_AUTHORITY, 0);
        log_move_after(e->log, item, after);
    }
    evidence_run(e);
    assert_true(e->result.boot.facts.n_authorities_lost > 0);
    for (size_t i = 0; i < e->result.boot.facts.n_authorities; i++)
        memcpy(e->policy.authorities[i], e->result.boot.facts.authority[i].digest, 32);
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_SB_KEYS);
    assert_string_equal(evidence_reason(e, TB_CHECK_SB_KEYS)->where, "authorities");
    evidence_free(e);
}

static void programs_outside_the_allow_list_are_refused(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    struct tb_boot_facts *facts = &e->result.boot.facts;

    (void)state;
    evidence_run(e);
    assert_true(facts->n_programs > 0);
    e->policy.programs[0].bank = TB_BANK_SHA256;
    e->policy.n_programs = 1;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_LOADER_ALLOWED);
    e->policy.n_programs = 1 + facts->n_programs;
    for (size_t i = 0; i < facts->n_programs; i++) {
        e->policy.programs[1 + i].bank = TB_BANK_SHA256;
        memcpy(e->policy.programs[1 + i].digest, facts->program[i].digest, TB_DIGEST_MAX);
    }
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    for (size_t i = 0; i < e->policy.n_programs; i++)
        e->policy.programs[i].bank = TB_BANK_SHA384; /* the same bytes of another algorithm */
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_LOADER_ALLOWED);
    evidence_free(e);
}

static void a_boot_without_or_with_too_many_programs_fails_a_list_of_programs(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    char image[16];

    (void)state;
    for (size_t i = e->log->n; i-- > 0;)
        if (e->log->item[i].pcr == 4 && e->log->item[i].type == TB_EV_EFI_BOOT_SERVICES_APPLICATION)
            log_remove(e->log, &e->log->item[i]);
    e->policy.n_programs = 1;
    evidence_run(e);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_LOADER_ALLOWED], TB_FAIL);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOADER_ALLOWED)->observed, "none");
    evidence_free(e);

    e = evidence_new(SHA256_ONLY);
    for (unsigned i = 0; i < TB_PROGRAMS_MAX + 1; i++) {
        snprintf(image, sizeof image, "image %u", i);
        log_application(e->log, image, "\\x.efi");
    }
    e->policy.n_programs = TB_POLICY_DIGESTS_MAX;
    evidence_run(e);
    assert_true(e->result.boot.facts.n_programs_lost > 0);
    for (size_t i = 0; i < TB_POLICY_DIGESTS_MAX; i++) {
        e->policy.programs[i].bank = TB_BANK_SHA256;
        memcpy(e->policy.programs[i].digest,
               e->result.boot.facts.program[i % TB_PROGRAMS_MAX].digest, TB_DIGEST_MAX);
    }
    evidence_appraise(e);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_LOADER_ALLOWED], TB_FAIL);
    assert_string_equal(evidence_reason(e, TB_CHECK_LOADER_ALLOWED)->expected,
                        "at most 32 programs");
    evidence_free(e);
}

static void pinned_pcrs_must_have_one_of_their_values(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    e->policy.n_pins = 1;
    e->policy.pin[0] = (struct tb_pin){ .bank = TB_BANK_SHA256, .pcr = 14 };
    evidence_run(e);
    expect(e, TB_VERDICT_TRUSTED, -1); /* 14 is zeros */
    e->policy.pin[0].pcr = 7;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_PCR_PINNED);
    e->policy.n_pins = 2; /* an alternative */
    e->policy.pin[1] = e->policy.pin[0];
    memcpy(e->policy.pin[1].value, e->content.pcrs.value[TB_BANK_SHA256][7], 32);
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    e->policy.pin[1].pcr = 4; /* the right value of another PCR, or of another bank */
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_PCR_PINNED);
    e->policy.pin[1].pcr = 7;
    e->policy.pin[1].bank = TB_BANK_SHA384;
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_PCR_PINNED);
    e->policy.n_pins = 1; /* zeros, and not quoted */
    e->policy.pin[0] = (struct tb_pin){ .bank = TB_BANK_SHA256, .pcr = 10 };
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_PCR_PINNED);
    assert_string_equal(evidence_reason(e, TB_CHECK_PCR_PINNED)->observed, "not quoted");
    evidence_free(e);
}

static void firmware_other_than_accepted_is_changed_not_failed(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);
    struct tb_firmware_reference *r = &e->in.firmware;

    (void)state;
    evidence_prepare(e);
    evidence_sign(e);
    r->present = true;
    r->bank = TB_BANK_SHA256;
    for (unsigned i = 0; i < 4; i++)
        memcpy(r->value[i], e->content.pcrs.value[TB_BANK_SHA256][i], TB_DIGEST_MAX);
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    for (unsigned i = 0; i < 4; i++) {
        r->value[i][5] ^= 1;
        evidence_appraise(e);
        expect(e, TB_VERDICT_CHANGED, TB_CHECK_FIRMWARE_CHANGED);
        r->value[i][5] ^= 1;
    }
    r->bank = TB_BANK_SHA512; /* cannot be compared */
    memset(r->value, 0, sizeof r->value);
    evidence_appraise(e);
    expect(e, TB_VERDICT_CHANGED, TB_CHECK_FIRMWARE_CHANGED);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_FIRMWARE_CHANGED], TB_UNKNOWN);
    evidence_free(e);
}

/* ---- what a log cannot say ---- */

/* Facts that a policy compares; paths are shown as unverified and may differ. */
static bool same_facts(const struct tb_boot_facts *a, const struct tb_boot_facts *b)
{
    bool same = a->secure_boot == b->secure_boot && a->n_authorities == b->n_authorities &&
                a->n_programs == b->n_programs;

    for (unsigned k = 0; same && k < TB_N_KEYSETS; k++)
        same = a->keyset[k].measured == b->keyset[k].measured &&
               memcmp(a->keyset[k].digest, b->keyset[k].digest, 32) == 0;
    for (size_t i = 0; same && i < a->n_authorities; i++)
        same = memcmp(a->authority[i].digest, b->authority[i].digest, 32) == 0;
    for (size_t i = 0; same && i < a->n_programs; i++)
        same = memcmp(a->program[i].digest, b->program[i].digest, TB_DIGEST_MAX) == 0;
    return same;
}

static void t35_a_retyped_event_is_refused_or_changes_no_fact(void **state)
{
    static const uint32_t types[] = { TB_EV_UNUSED,
                                      TB_EV_ACTION,
                                      TB_EV_SEPARATOR,
                                      TB_EV_POST_CODE,
                                      TB_EV_EFI_VARIABLE_DRIVER_CONFIG,
                                      TB_EV_EFI_VARIABLE_AUTHORITY,
                                      TB_EV_NO_ACTION };
    struct evidence *good = evidence_new(SHA256_ONLY);
    size_t n_trusted = 0, n_refused = 0;

    (void)state;
    evidence_run(good);
    for (size_t i = 0; i < good->log->n; i++)
        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
            struct evidence *e = evidence_new(SHA256_ONLY);

            e->log->item[i].type = types[t];
            evidence_prepare(e);
            /* the quote stays the one of the boot that was */
            e->content.pcrs = e->message.pcrs = good->content.pcrs;
            e->message.has_pcrs = false;
            evidence_bind(e);
            evidence_digest_pcrs(e);
            evidence_sign(e);
            evidence_appraise(e);
            if (e->result.verdict == TB_VERDICT_TRUSTED) {
                assert_true(same_facts(&e->result.boot.facts, &good->result.boot.facts));
                n_trusted++;
            } else {
                n_refused++;
            }
            evidence_free(e);
        }
    assert_true(n_trusted > 0 && n_refused > 0);
    evidence_free(good);
}

static void t35_events_removed_or_inserted_are_refused(void **state)
{
    struct evidence *good = evidence_new(SHA256_ONLY);

    (void)state;
    evidence_run(good);
    for (size_t i = 0; i < good->log->n; i++)
        for (unsigned insert = 0; insert < 2; insert++) {
            struct evidence *e = evidence_new(SHA256_ONLY);
            bool measured = e->log->item[i].type != TB_EV_NO_ACTION;

            if (insert)
                log_move_before(e->log, log_action(e->log, e->log->item[i].pcr, "inserted"),
                                &e->log->item[i]);
            else
                log_remove(e->log, &e->log->item[i]);
            evidence_prepare(e);
            e->content.pcrs = good->content.pcrs;
            evidence_digest_pcrs(e);
            evidence_sign(e);
            evidence_appraise(e);
            if (insert || measured)
                expect(e, TB_VERDICT_FAILED,
                       e->result.findings.outcome[TB_CHECK_LOG_REPLAY] == TB_FAIL
                           ? TB_CHECK_LOG_REPLAY
                           : TB_CHECK_LOG_UNEXPLAINED);
            evidence_free(e);
        }
    evidence_free(good);
}

static void t37_a_changed_data_byte_is_refused_or_changes_no_fact(void **state)
{
    struct evidence *good = evidence_new(SHA256_ONLY);

    (void)state;
    evidence_run(good);
    for (size_t i = 0; i < good->log->n; i++)
        for (size_t at = 0; at < good->log->item[i].data_len; at += 7) {
            struct evidence *e = evidence_new(SHA256_ONLY);
            uint8_t *data = test_memdup(e->log->item[i].data, e->log->item[i].data_len);

            data[at] ^= 0x20;
            e->log->item[i].data = data; /* its digest stays */
            evidence_run(e);
            if (e->result.verdict == TB_VERDICT_TRUSTED)
                assert_true(same_facts(&e->result.boot.facts, &good->result.boot.facts));
            free(data);
            evidence_free(e);
        }
    evidence_free(good);
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
        bool enrolment = c == TB_CHECK_IDENTITY_EK_KEY || c == TB_CHECK_IDENTITY_EK_CERT ||
                         c == TB_CHECK_IDENTITY_ACTIVATION || c == TB_CHECK_IDENTITY_DUPLICATE;

        all_pass(e);
        e->result.quote.findings.outcome[c] = TB_NOT_CHECKED;
        conclude(e);
        if (enrolment || s == TB_SEVERITY_INFORM)
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
    assert_int_equal(e->result.boot.n_events, 0);
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
    secure_boot_off(e);
    evidence_prepare(e);
    evidence_sign(e);
    other_session(e);
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_QUOTE_BINDING);
    assert_int_equal(e->result.findings.n, 1);
    for (unsigned c = 0; c < TB_N_CHECKS; c++)
        if (tb_check_text((enum tb_check)c)->group > TB_GROUP_QUOTE)
            assert_int_equal(e->result.findings.outcome[c], TB_NOT_CHECKED);
    assert_int_equal(e->result.boot.n_events, 0);
    assert_int_equal(e->result.boot.facts.secure_boot, TB_SECURE_BOOT_UNKNOWN);
    assert_false(e->result.quote.memory.present);
    evidence_free(e);
}

static void a_crypto_library_that_fails_is_never_trusted(void **state)
{
    unsigned n = 1, last, of_quote = 0;

    (void)state;
    do {
        struct evidence *e = evidence_new(SHA256_ONLY);

        evidence_prepare(e);
        evidence_sign(e);
        calls = 0;
        tb_appraise_quote(&e->in, e->h, &e->result.quote);
        of_quote = calls;
        calls = 0;
        fail_at = n;
        evidence_appraise(e);
        fail_at = 0;
        last = calls;
        assert_true(n > of_quote || !e->result.quote.genuine);
        if (n == 2 || n == 3) /* 1 is the quote's digest; then content and binding */
            assert_string_equal(evidence_reason(e, TB_CHECK_QUOTE_BINDING)->where, "challenge");
        if (last >= n && e->result.verdict == TB_VERDICT_TRUSTED)
            print_message("call %u of %u failed, and the host is trusted\n", n, last);
        assert_true(last < n || e->result.verdict != TB_VERDICT_TRUSTED);
        evidence_free(e);
    } while (n++ < last && n < 400);
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
        cmocka_unit_test(good_evidence_is_trusted_and_remembered),
        cmocka_unit_test(a_cached_key_gives_the_same_verdict),
        cmocka_unit_test(t10_each_check_of_evidence_and_identity_counts_alone),
        cmocka_unit_test(missing_parts_are_told_by_name),
        cmocka_unit_test(evidence_that_cannot_be_read_is_failed_for_that_reason),
        cmocka_unit_test(t10_each_check_of_the_quote_counts_alone),
        cmocka_unit_test(t13_other_nonces_are_refused),
        cmocka_unit_test(t14_evidence_does_not_move_to_another_host_session_or_content),
        cmocka_unit_test(t14_a_challenge_with_a_part_missing_is_never_trusted),
        cmocka_unit_test(t14_parts_of_the_binding_do_not_run_into_each_other),
        cmocka_unit_test(the_binding_is_the_documented_one),
        cmocka_unit_test(t57_clock_and_counters_that_fall_are_refused),
        cmocka_unit_test(t57_restart_and_safe_are_told_and_the_policy_may_refuse_them),
        cmocka_unit_test(t57_a_changed_tpm_firmware_is_told_until_it_is_accepted),
        cmocka_unit_test(t56_a_reset_without_a_reboot_is_refused),
        cmocka_unit_test(t04_selections_other_than_asked_for_are_refused),
        cmocka_unit_test(t04_banks_in_another_order_are_refused_and_missing_ones_are_not),
        cmocka_unit_test(t31_a_pcr_that_the_policy_needs_is_never_skipped),
        cmocka_unit_test(t31_neither_half_alone_skips_it),
        cmocka_unit_test(t33_resettable_pcrs_carry_no_trust_and_17_starts_at_ones),
        cmocka_unit_test(t05_values_that_do_not_hash_to_the_quoted_digest_are_refused),
        cmocka_unit_test(an_unknown_bank_with_pcrs_is_refused),
        cmocka_unit_test(t30_sha1_alone_is_refused),
        cmocka_unit_test(t30_a_bank_that_nobody_quoted_is_told),
        cmocka_unit_test(t29_a_bank_that_no_firmware_extended_is_refused),
        cmocka_unit_test(t29_an_allowed_bank_that_the_system_closed_is_refused),
        cmocka_unit_test(l10_a_weak_bank_that_the_system_closed_is_only_recorded),
        cmocka_unit_test(t10_each_check_of_the_log_counts_alone),
        cmocka_unit_test(t32_a_value_without_events_is_refused_in_pcr_0_to_9),
        cmocka_unit_test(t32_l12_user_space_pcrs_are_told_and_the_policy_may_refuse_them),
        cmocka_unit_test(l05_a_changed_log_names_the_pcr_with_both_values),
        cmocka_unit_test(l08_a_log_without_the_quoted_bank_is_refused),
        cmocka_unit_test(l09_every_allowed_bank_must_replay),
        cmocka_unit_test(events_without_a_digest_of_an_allowed_bank_are_refused),
        cmocka_unit_test(t45_secure_boot_off_fails_with_exactly_that_reason),
        cmocka_unit_test(t46_keys_outside_the_allow_list_are_refused),
        cmocka_unit_test(t46_a_key_set_that_was_not_measured_is_not_on_the_list),
        cmocka_unit_test(t47_authorities_outside_the_allow_list_are_refused),
        cmocka_unit_test(t47_more_authorities_than_can_be_kept_are_refused_under_a_list),
        cmocka_unit_test(programs_outside_the_allow_list_are_refused),
        cmocka_unit_test(a_boot_without_or_with_too_many_programs_fails_a_list_of_programs),
        cmocka_unit_test(pinned_pcrs_must_have_one_of_their_values),
        cmocka_unit_test(firmware_other_than_accepted_is_changed_not_failed),
        cmocka_unit_test(t35_a_retyped_event_is_refused_or_changes_no_fact),
        cmocka_unit_test(t35_events_removed_or_inserted_are_refused),
        cmocka_unit_test(t37_a_changed_data_byte_is_refused_or_changes_no_fact),
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
