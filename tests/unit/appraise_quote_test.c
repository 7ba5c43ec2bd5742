/* The appraisal from end to end, groups 1 to 3: each check of evidence, identity and quote forced
 * to fail alone, and what that does to the verdict. Parsers have tests of their own; here it is
 * shown that what they refuse counts. */
#include "tests/unit/appraise_change.h"
#include "tests/unit/roca_key.h"

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
    assert_true(e->result.boot->bank_chosen);
    assert_int_equal(e->result.boot->bank, TB_BANK_SHA256);
    assert_int_equal(e->result.boot->log_banks, SHA256_ONLY);
    assert_true(e->result.boot->n_events > 10);
    assert_int_equal(e->result.boot->facts.secure_boot, TB_SECURE_BOOT_ON);
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

static void roca_ek(struct evidence *e)
{
    e->in.roca = TB_ROCA_EK;
}
static void roca_ak(struct evidence *e)
{
    e->in.roca = TB_ROCA_AK;
}
static void other_serial(struct evidence *e)
{
    e->in.serial = "S-2";
    memcpy(e->content.serial, "S-1", 4);
}
static void same_serial(struct evidence *e)
{
    e->in.serial = "S-1";
    memcpy(e->content.serial, "S-1", 4);
}
static void serial_not_told(struct evidence *e)
{
    e->in.serial = "S-1";
    e->content.serial[0] = '\0';
}
static void other_maker(struct evidence *e)
{
    e->in.tpm_vendor = tb_tpm_vendor_of_text("INTC");
    e->content.tpm_vendor = tb_tpm_vendor_of_text("IFX");
}
static void same_maker(struct evidence *e)
{
    e->in.tpm_vendor = tb_tpm_vendor_of_text("id:00001014");
    e->content.tpm_vendor = tb_tpm_vendor_of_text("IBM");
}
static void maker_not_told(struct evidence *e)
{
    e->in.tpm_vendor = tb_tpm_vendor_of_text("INTC");
    e->content.tpm_vendor = 0;
}
static void maker_not_known(struct evidence *e)
{
    e->in.tpm_vendor = 0;
    e->content.tpm_vendor = tb_tpm_vendor_of_text("INTC");
}
static void serial_not_enrolled(struct evidence *e)
{
    e->in.serial = "";
    memcpy(e->content.serial, "S-1", 4);
}

/* An attestation key whose modulus has the structure, and nobody kept the answer. */
static void roca_modulus_as_ak(struct evidence *e)
{
    static uint8_t n[256];
    struct test_public p = test_ak_parts(e->ak);

    roca_modulus(2048, 701, n);
    p.type = TB_ALG_RSA;
    p.scheme = TB_ALG_RSASSA;
    p.bits_or_curve = 2048;
    p.n_or_x = tb_slice(n, sizeof n);
    p.y = tb_slice(NULL, 0);
    other_public.n = 0;
    test_public_build(&p, &other_public);
    e->in.ak_public = test_slice(&other_public);
}

static void t26_keys_of_the_roca_structure_are_refused(void **state)
{
    static const struct change list[] = {
        { "EK", TB_CHECK_IDENTITY_ROCA, TB_VERDICT_FAILED, NULL, NULL, roca_ek },
        { "AK", TB_CHECK_IDENTITY_ROCA, TB_VERDICT_FAILED, NULL, NULL, roca_ak },
        { "AK, not asked before", TB_CHECK_IDENTITY_ROCA, TB_VERDICT_FAILED, NULL, NULL,
          roca_modulus_as_ak },
    };

    (void)state;
    RUN(list);
}

static void t28_another_serial_number_than_at_enrolment_is_a_change(void **state)
{
    static const struct change list[] = {
        { "another", TB_CHECK_IDENTITY_PLATFORM, TB_VERDICT_CHANGED, NULL, NULL, other_serial },
        { "the same", -1, TB_VERDICT_TRUSTED, NULL, NULL, same_serial },
        { "not told now", -1, TB_VERDICT_TRUSTED, NULL, NULL, serial_not_told },
        { "not told then", -1, TB_VERDICT_TRUSTED, NULL, NULL, serial_not_enrolled },
    };

    (void)state;
    RUN(list);
}

static void t26_another_maker_than_is_known_is_a_change(void **state)
{
    static const struct change list[] = {
        { "another", TB_CHECK_IDENTITY_PLATFORM, TB_VERDICT_CHANGED, NULL, NULL, other_maker },
        { "the same by its other number", -1, TB_VERDICT_TRUSTED, NULL, NULL, same_maker },
        { "not told", -1, TB_VERDICT_TRUSTED, NULL, NULL, maker_not_told },
        { "not known", -1, TB_VERDICT_TRUSTED, NULL, NULL, maker_not_known },
    };

    (void)state;
    RUN(list);
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

static void a_log_that_is_missing_is_told_with_the_hosts_own_words(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    evidence_prepare(e);
    evidence_sign(e);
    e->content.has_log = false;
    evidence_appraise(e);
    assert_string_equal(evidence_reason(e, TB_CHECK_EVIDENCE_COMPLETE)->observed, "none");
    snprintf(e->content.log_missing, sizeof e->content.log_missing, "the kernel offers\nnone");
    evidence_appraise(e);
    assert_string_equal(evidence_reason(e, TB_CHECK_EVIDENCE_COMPLETE)->observed,
                        "the kernel offers?none");
    evidence_free(e);
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

/* Of the same boot, as far as the TPM was not reset since. */
static void last_is(struct evidence *e, uint64_t clock_ms, uint32_t reset, uint32_t restart)
{
    e->in.last = (struct tb_quote_memory){ .present = true,
                                           .clock_ms = clock_ms,
                                           .reset_count = reset,
                                           .restart_count = restart,
                                           .firmware_version = e->q.firmware_version };
    memcpy(e->in.last.boot_id, reset == e->q.reset_count ? "boot-2" : "boot-1", 7);
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

static void kexec(struct evidence *e)
{
    last_is(e, 900000, 7, 1);
    memcpy(e->in.last.boot_id, "boot-1", 7);
}
static void kexec_at_once(struct evidence *e)
{
    last_is(e, 1000000, 7, 1);
    memcpy(e->in.last.boot_id, "boot-20", 8);
}
static void kexec_with_an_unknown_id(struct evidence *e)
{
    kexec(e);
    e->in.last.boot_id[0] = '\0';
}
static void kexec_that_is_hidden(struct evidence *e)
{
    kexec(e);
    e->content.boot_id[0] = '\0';
}
static void boot_after_a_suspend(struct evidence *e)
{
    last_is(e, 900000, 7, 0);
    memcpy(e->in.last.boot_id, "boot-1", 7);
}

static void b14_another_kernel_without_a_reset_of_the_tpm_is_refused(void **state)
{
    static const struct change list[] = {
        { "another boot id", TB_CHECK_QUOTE_KEXEC, TB_VERDICT_FAILED, NULL, kexec, NULL },
        { "at once", TB_CHECK_QUOTE_KEXEC, TB_VERDICT_FAILED, NULL, kexec_at_once, NULL },
        { "the same boot", -1, TB_VERDICT_TRUSTED, NULL, same_again, NULL },
        { "a reboot", -1, TB_VERDICT_TRUSTED, NULL, reboot, NULL },
        { "a restart of the TPM", -1, TB_VERDICT_TRUSTED, NULL, boot_after_a_suspend, NULL },
        { "the last id unknown", -1, TB_VERDICT_TRUSTED, NULL, kexec_with_an_unknown_id, NULL },
        { "no id told", -1, TB_VERDICT_TRUSTED, NULL, kexec_that_is_hidden, NULL },
    };

    (void)state;
    RUN(list);
}

static void b14_a_policy_may_allow_fast_reboots_by_kexec(void **state)
{
    struct evidence *e = evidence_new(SHA256_ONLY);

    (void)state;
    evidence_prepare(e);
    kexec(e);
    evidence_sign(e);
    evidence_appraise(e);
    expect(e, TB_VERDICT_FAILED, TB_CHECK_QUOTE_KEXEC);
    assert_false(e->result.quote.genuine); /* the boot of before stays remembered */
    e->policy.severity[TB_CHECK_QUOTE_KEXEC] = TB_SEVERITY_INFORM;
    evidence_appraise(e);
    expect(e, TB_VERDICT_TRUSTED, -1);
    assert_int_equal(e->result.findings.outcome[TB_CHECK_QUOTE_KEXEC], TB_FAIL);
    assert_string_equal(e->result.quote.memory.boot_id, "boot-2");
    evidence_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_evidence_is_trusted_and_remembered),
        cmocka_unit_test(a_cached_key_gives_the_same_verdict),
        cmocka_unit_test(t10_each_check_of_evidence_and_identity_counts_alone),
        cmocka_unit_test(missing_parts_are_told_by_name),
        cmocka_unit_test(a_log_that_is_missing_is_told_with_the_hosts_own_words),
        cmocka_unit_test(t26_keys_of_the_roca_structure_are_refused),
        cmocka_unit_test(t28_another_serial_number_than_at_enrolment_is_a_change),
        cmocka_unit_test(t26_another_maker_than_is_known_is_a_change),
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
        cmocka_unit_test(b14_another_kernel_without_a_reset_of_the_tpm_is_refused),
        cmocka_unit_test(b14_a_policy_may_allow_fast_reboots_by_kexec),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
