/* Every message: there and back, and every way in which it can be wrong. */
#include "wire/messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test_support.h"
#include "wire/cbor.h"

/* ---- one full example of each message ---- */

#define S(text) tb_slice(text, sizeof(text) - 1)

static struct tb_enrol_request enrol_request(void)
{
    return (struct tb_enrol_request){
        .token = "one-time-token",
        .host_name = "web-1.example.org",
        .tpm_state = TB_TPM_STATE_20,
        .ek_public = S("ek"),
        .ek_certificate = S("certificate"),
        .n_ek_chain = 2,
        .ek_chain = { S("first"), S("second") },
        .ak_public = S("ak"),
        .tpm = { "STM", "ST33", UINT64_MAX },
        .platform = { "vendor", "product", "serial", "Debian GNU/Linux 12", "6.1.0" },
        .agent_version = "0.1.0",
    };
}
static struct tb_enrol_offer enrol_offer(void)
{
    return (struct tb_enrol_offer){ { 1, 2 }, S("credential"), S("secret"), 60 };
}
static struct tb_activate_request activate_request(void)
{
    return (struct tb_activate_request){ { 1, 2 }, S("0123456789abcdef0123456789abcdef") };
}
static struct tb_activate_reply activate_reply(void)
{
    return (struct tb_activate_reply){ TB_ENROL_PENDING, "host-1", { 7 }, 300 };
}
static struct tb_challenge_request challenge_request(void)
{
    return (struct tb_challenge_request){ "host-1", TB_TPM_STATE_12, "0.1.0" };
}
static struct tb_challenge challenge(void)
{
    return (struct tb_challenge){ { 9 }, 2,     { { TB_ALG_SHA256, 0xfbff }, { TB_ALG_SHA384, 1 } },
                                  true,  { 3 }, true,
                                  { 4 }, true,  { 5 },
                                  true,  { 6 }, 60,
                                  300 };
}
static struct tb_evidence_message evidence_message(void)
{
    return (
        struct tb_evidence_message){ "host-1", { 9 }, S("quote"), S("signature"), S("content") };
}
static struct tb_evidence_content evidence_content(void)
{
    struct tb_evidence_content m = { .pcrs_fingerprint = { 1 },
                                     .has_pcrs = true,
                                     .log_digest = { 2 },
                                     .log = S("log"),
                                     .boot_id = "6b1a-boot",
                                     .uptime_ms = UINT64_MAX,
                                     .realtime_ms = 1,
                                     .tpm_state = TB_TPM_STATE_20,
                                     .tpm = { "STM", "ST33", 5 },
                                     .agent_version = "0.1.0",
                                     .has_user_log_digest = true,
                                     .user_log_digest = { 3 },
                                     .user_log = S("user log"),
                                     .has_packages_digest = true,
                                     .packages_digest = { 4 },
                                     .packages = S("manifests") };

    test_pcr_set(&m.pcrs, TB_BANK_SHA1, 0, 0x10);
    test_pcr_set(&m.pcrs, TB_BANK_SHA256, 7, 0x20);
    test_pcr_set(&m.pcrs, TB_BANK_SHA256, 23, 0x30);
    return m;
}
static struct tb_evidence_answer evidence_answer(void)
{
    return (struct tb_evidence_answer){
        TB_VERDICT_FAILED,
        "secureboot.off",
        "Secure Boot was off",
        300,
        2,
        { { TB_FAIL, "secureboot.off", "event 3", "01", "00" },
          { TB_UNKNOWN, "boot.end", "", "", "" } },
    };
}
static struct tb_wait_request wait_request(void)
{
    return (struct tb_wait_request){ "host-1" };
}
static struct tb_wait_reply wait_reply(void)
{
    return (struct tb_wait_reply){ TB_COMMAND_ATTEST };
}

/* ---- for every message ---- */

static uint8_t buf[2 * TB_MESSAGE_MAX], again[2 * TB_MESSAGE_MAX];

/* Offset of the item behind the one at `at`; heads of arrays and maps are items of their own. */
static size_t next_item(const uint8_t *p, size_t at)
{
    unsigned major = p[at] >> 5, low = p[at] & 31;
    size_t extra = low < 24 || major == 7 ? 0 : (size_t)1 << (low - 24), v = low < 24 ? low : 0;

    for (size_t i = 0; i < extra; i++)
        v = v << 8 | p[at + 1 + i];
    return at + 1 + extra + (major == 2 || major == 3 ? v : 0);
}

static const char *const kinds[8] = { "an unsigned integer",
                                      "",
                                      "a byte string",
                                      "a text string",
                                      "an array",
                                      "a map",
                                      "",
                                      "a boolean" };

/* Encode, decode, encode: the same bytes. Then every truncation, every buffer that is too small,
 * one byte too many, another version, an unknown key, and every single byte changed: refused, or
 * another message that has one encoding too. */
#define X(name)                                                                                    \
    static void check_##name(void)                                                                 \
    {                                                                                              \
        struct tb_##name m = name(), out;                                                          \
        struct tb_reason why;                                                                      \
        size_t n, n2;                                                                              \
                                                                                                   \
        assert_true(tb_##name##_encode(&m, buf, sizeof buf, &n));                                  \
        assert_true(tb_##name##_decode(tb_slice(buf, n), &out, &why));                             \
        assert_true(tb_##name##_encode(&out, again, sizeof again, &n2));                           \
        assert_int_equal(n, n2);                                                                   \
        assert_memory_equal(buf, again, n);                                                        \
        for (size_t cut = 0; cut < n; cut++) {                                                     \
            uint8_t *exact = test_memdup(buf, cut), *small = malloc(cut + 1);                      \
            why.where[0] = '\0';                                                                   \
            assert_false(tb_##name##_decode(tb_slice(exact, cut), &out, &why));                    \
            assert_true(why.where[0] != '\0' && why.check == TB_CHECK_EVIDENCE_FORMAT);            \
            assert_false(tb_##name##_encode(&m, small, cut, &n2));                                 \
            free(exact);                                                                           \
            free(small);                                                                           \
        }                                                                                          \
        assert_false(tb_##name##_decode(tb_slice(buf, n + 1), &out, &why));                        \
        for (size_t at = 0; at < n; at++)                                                          \
            for (unsigned bit = 0; bit < 8; bit++) {                                               \
                uint8_t *exact = test_memdup(buf, n);                                              \
                exact[at] ^= (uint8_t)(1U << bit);                                                 \
                if (tb_##name##_decode(tb_slice(exact, n), &out, &why)) {                          \
                    assert_true(tb_##name##_encode(&out, again, sizeof again, &n2));               \
                    assert_int_equal(n, n2);                                                       \
                    assert_memory_equal(exact, again, n);                                          \
                }                                                                                  \
                free(exact);                                                                       \
            }                                                                                      \
        for (size_t at = 0; at < n; at = next_item(buf, at)) { /* null in place of each item */    \
            uint8_t *exact = test_memdup(buf, n);                                                  \
            exact[at] = 0xf6;                                                                      \
            assert_false(tb_##name##_decode(tb_slice(exact, n), &out, &why));                      \
            assert_string_equal(why.expected, kinds[buf[at] >> 5]);                                \
            assert_string_equal(why.observed, "another kind of item");                             \
            free(exact);                                                                           \
        }                                                                                          \
        buf[2] = 2; /* map, key 1, version */                                                      \
        assert_false(tb_##name##_decode(tb_slice(buf, n), &out, &why));                            \
        assert_string_equal(why.expected, "version 1");                                            \
        assert_string_equal(why.observed, "version 2");                                            \
        buf[2] = 0x41;                                                                             \
        assert_false(tb_##name##_decode(tb_slice(buf, n), &out, &why));                            \
        assert_string_equal(why.expected, "an unsigned integer");                                  \
        buf[2] = 1;                                                                                \
        assert_true(tb_##name##_decode(tb_slice(buf, n), &out, &why));                             \
        buf[0]++; /* one pair more */                                                              \
        memcpy(buf + n, "\x18\x63\x00", 3);                                                        \
        assert_false(tb_##name##_decode(tb_slice(buf, n + 3), &out, &why));                        \
        assert_string_equal(why.expected, "a known key");                                          \
        memcpy(buf + n, "\x01\x01", 2);                                                            \
        assert_false(tb_##name##_decode(tb_slice(buf, n + 2), &out, &why));                        \
        assert_string_equal(why.expected, "keys once and in order");                               \
        assert_false(tb_##name##_decode(tb_slice("\xa0", 1), &out, &why));                         \
        assert_string_equal(why.expected, "this field");                                           \
    }
TB_MESSAGES(X)
#undef X

static void t62_every_message_has_one_form_and_every_other_is_refused(void **state)
{
    (void)state;
#define X(name) check_##name();
    TB_MESSAGES(X)
#undef X
}

static void t62_messages_longer_than_their_limit_are_refused_unread(void **state)
{
    uint8_t *huge = calloc(1, TB_EVIDENCE_MESSAGE_MAX + 1);
    struct tb_evidence_message e;
    struct tb_challenge c;
    struct tb_reason why;

    (void)state;
    assert_false(tb_challenge_decode(tb_slice(huge, TB_MESSAGE_MAX + 1), &c, &why));
    assert_int_equal(why.check, TB_CHECK_EVIDENCE_LIMITS);
    assert_string_equal(why.where, "challenge");
    assert_false(tb_evidence_message_decode(tb_slice(huge, TB_EVIDENCE_MESSAGE_MAX + 1), &e, &why));
    assert_int_equal(why.check, TB_CHECK_EVIDENCE_LIMITS);
    assert_string_equal(why.where, "evidence");
    free(huge);
}

static void a_reason_names_the_field(void **state)
{
    struct tb_evidence_content m = evidence_content(), out;
    struct tb_reason why;
    size_t n;

    (void)state;
    assert_true(tb_evidence_content_encode(&m, buf, sizeof buf, &n));
    for (size_t i = 0; i + 5 < n; i++)
        if (memcmp(buf + i, "\x07\x43log", 5) == 0)
            buf[i + 1] = 0x63; /* text instead of bytes */
    assert_false(tb_evidence_content_decode(tb_slice(buf, n), &out, &why));
    assert_string_equal(why.where, "evidence.content.log");
}

static void a_field_of_another_type_is_refused_as_that(void **state)
{
    struct tb_evidence_content m = evidence_content(), out;
    struct tb_challenge c = challenge();
    struct tb_reason why;
    size_t n;

    (void)state;
    assert_true(tb_challenge_encode(&c, buf, sizeof buf, &n));
    buf[4] = 0x78; /* key 2: text of 32 bytes */
    assert_false(tb_challenge_decode(tb_slice(buf, n), &c, &why));
    assert_string_equal(why.where, "challenge.nonce");
    assert_string_equal(why.expected, "a byte string");
    m.has_pcrs = false;
    assert_true(tb_evidence_content_encode(&m, buf, sizeof buf, &n));
    assert_int_equal(buf[3 + 35 + 1], 0xf4); /* key 4: false */
    buf[3 + 35 + 1] = 0;
    assert_false(tb_evidence_content_decode(tb_slice(buf, n), &out, &why));
    assert_string_equal(why.where, "evidence.content.log_missing");
    assert_string_equal(why.expected, "a boolean");
}

/* ---- elements of arrays, each out of its bounds ---- */

static void elements_out_of_their_bounds_are_told_with_the_bounds(void **state)
{
    static const char *const texts[4][5] = { { "", "w", "e", "o", "1 to 48" },
                                             { "c", "long", "e", "o", "0 to 63" },
                                             { "c", "w", "long", "o", "0 to 131" },
                                             { "c", "w", "e", "long", "0 to 131" } };
    static const struct {
        uint64_t n, alg, pcrs;
        const char *expected;
    } selections[] = {
        { 3, 11, 1, "2 to 2" },
        { 2, 0, 1, "1 to 65535" },
        { 2, 65536, 1, "1 to 65535" },
        { 2, 11, 0, "1 to 16777215" },
    };
    struct tb_evidence_answer a;
    struct tb_challenge c;
    struct tb_reason why;
    char long_text[150];

    (void)state;
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    for (size_t i = 0; i < 4; i++) {
        struct tb_cbor_writer w = { .p = buf, .cap = sizeof buf };

        tb_cbor_write_map(&w, 4);
        for (unsigned k = 0; k < 2; k++) {
            tb_cbor_write_uint(&w, k + 1);
            tb_cbor_write_uint(&w, 1);
        }
        tb_cbor_write_uint(&w, 5);
        tb_cbor_write_uint(&w, 60);
        tb_cbor_write_uint(&w, 6);
        tb_cbor_write_array(&w, 1);
        tb_cbor_write_array(&w, 5);
        tb_cbor_write_uint(&w, TB_FAIL);
        for (unsigned k = 0; k < 4; k++)
            tb_cbor_write_text(&w, strcmp(texts[i][k], "long") == 0 ? long_text : texts[i][k]);
        assert_false(tb_evidence_answer_decode(tb_slice(buf, w.len), &a, &why));
        assert_string_equal(why.expected, texts[i][4]);
        assert_string_equal(why.where, "answer.reasons");
    }
    for (size_t i = 0; i < sizeof selections / sizeof selections[0]; i++) {
        struct tb_cbor_writer w = { .p = buf, .cap = sizeof buf };

        tb_cbor_write_map(&w, 5);
        tb_cbor_write_uint(&w, 1);
        tb_cbor_write_uint(&w, 1);
        tb_cbor_write_uint(&w, 2);
        tb_cbor_write_bytes(&w, tb_slice(again, 32));
        tb_cbor_write_uint(&w, 3);
        tb_cbor_write_array(&w, 1);
        tb_cbor_write_array(&w, selections[i].n);
        tb_cbor_write_uint(&w, selections[i].alg);
        tb_cbor_write_uint(&w, selections[i].pcrs);
        assert_false(tb_challenge_decode(tb_slice(buf, w.len), &c, &why));
        assert_string_equal(why.expected, selections[i].expected);
    }
}

static void a_missing_field_is_told_by_its_name(void **state)
{
    struct tb_challenge c;
    struct tb_reason why;

    (void)state;
    assert_false(tb_challenge_decode(S("\xa2\x01\x01\x03\x80"), &c, &why));
    assert_string_equal(why.where, "challenge.nonce");
    assert_string_equal(why.expected, "this field");
}

/* ---- fields that break their own limits are not sent, and not read ---- */

#define REFUSED(name, m) assert_false(tb_##name##_encode(&(m), buf, sizeof buf, &n))
#define SENT(name, m) assert_true(tb_##name##_encode(&(m), buf, sizeof buf, &n))

static void fields_out_of_their_bounds_are_refused(void **state)
{
    static uint8_t big[TB_EK_CERTIFICATE_MAX + 1];
    struct tb_enrol_request q = enrol_request();
    struct tb_activate_reply a = activate_reply();
    struct tb_challenge c = challenge();
    struct tb_evidence_message e = evidence_message();
    struct tb_evidence_answer v = evidence_answer();
    struct tb_wait_reply w = wait_reply();
    size_t n;

    (void)state;
    q.ek_certificate = tb_slice(big, sizeof big);
    REFUSED(enrol_request, q);
    q.ek_certificate.left--;
    SENT(enrol_request, q);
    q.ek_chain[1].left = 0;
    REFUSED(enrol_request, q);
    q.ek_chain[1] = tb_slice(big, sizeof big);
    REFUSED(enrol_request, q);
    q.n_ek_chain = TB_EK_CHAIN_MAX + 1;
    REFUSED(enrol_request, q);
    q = enrol_request();
    q.tpm_state = TB_N_TPM_STATES;
    REFUSED(enrol_request, q);
    q = enrol_request();
    snprintf(q.platform.serial, sizeof q.platform.serial, "%s", "\x1b[2J");
    REFUSED(enrol_request, q);
    a.state = (enum tb_enrol_state)0;
    REFUSED(activate_reply, a);
    c.n_wanted = 0;
    REFUSED(challenge, c);
    c.n_wanted = TB_SELECTIONS_MAX + 1;
    REFUSED(challenge, c);
    c = challenge();
    c.wanted[1].alg = c.wanted[0].alg;
    REFUSED(challenge, c);
    c = challenge();
    c.wanted[1].pcrs = 0;
    REFUSED(challenge, c);
    c.wanted[1].pcrs = 1U << 24;
    REFUSED(challenge, c);
    c.wanted[1] = (struct tb_selection){ 0, 1 };
    REFUSED(challenge, c);
    e.quote = tb_slice(big, TB_QUOTE_MAX + 1);
    REFUSED(evidence_message, e);
    e.quote = tb_slice(big, 0);
    REFUSED(evidence_message, e);
    v.verdict = TB_N_VERDICTS;
    REFUSED(evidence_answer, v);
    v = evidence_answer();
    v.reason[0].outcome = TB_PASS;
    REFUSED(evidence_answer, v);
    v = evidence_answer();
    v.reason[0].code[0] = '\0';
    REFUSED(evidence_answer, v);
    v.n_reasons = TB_ANSWER_REASONS_MAX + 1;
    REFUSED(evidence_answer, v);
    w.command = TB_N_COMMANDS;
    REFUSED(wait_reply, w);
}

static void t62_the_large_parts_of_evidence_are_bounded(void **state)
{
    static uint8_t huge[TB_LOG_SIZE_MAX + 1], room[TB_EVIDENCE_MESSAGE_MAX];
    static const struct {
        size_t offset, max;
    } list[] = {
        { offsetof(struct tb_evidence_content, log), TB_LOG_SIZE_MAX },
        { offsetof(struct tb_evidence_content, user_log), TB_CEL_LEN_MAX },
        { offsetof(struct tb_evidence_content, packages), TB_PACKAGES_LEN_MAX },
    };
    struct tb_evidence_content m = evidence_content();
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct tb_reader *part = (struct tb_reader *)((uint8_t *)&m + list[i].offset);

        *part = tb_slice(huge, list[i].max + 1);
        assert_false(tb_evidence_content_encode(&m, room, sizeof room, &n));
        part->left--; /* and stays so: all of them fit together */
        assert_true(tb_evidence_content_encode(&m, room, sizeof room, &n));
    }
}

static void host_names_are_letters_digits_and_dots(void **state)
{
    static const struct {
        const char *name;
        bool ok;
    } list[] = {
        { "a", true },
        { "web-1.example.org", true },
        { "WEB_1", true },
        { "127.0.0.1", true },
        { "", false },
        { ".", false },
        { "a.", false },
        { ".a", false },
        { "a..b", false },
        { "-a", false },
        { "a-", false },
        { "a.-b", false },
        { "a b", false },
        { "a/b", false },
        { "../etc", false },
        { "a;b", false },
        { "a'b", false },
        { "a%s", false },
        { "<script>", false },
        { "a\nb", false },
        { "gr\xc3\xbcn", false },
        { "=cmd()", false },
        { "123456789012345678901234567890123456789012345678901234567890123", true },
        { "1234567890123456789012345678901234567890123456789012345678901234", false },
    };
    struct tb_wait_request m;
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        if (tb_host_name_is_valid(list[i].name, 64) != list[i].ok)
            print_error("%s\n", list[i].name);
        assert_int_equal(tb_host_name_is_valid(list[i].name, 64), list[i].ok);
        snprintf(m.host_id, sizeof m.host_id, "%s", list[i].name);
        assert_int_equal(tb_wait_request_encode(&m, buf, sizeof buf, &n), list[i].ok);
    }
    assert_false(tb_host_name_is_valid("abcd", 3));
}

/* ---- what belongs together ---- */

static void keys_come_with_a_tpm_20_and_only_with_one(void **state)
{
    struct tb_enrol_request q = enrol_request();
    struct tb_enrol_offer o = enrol_offer();
    size_t n;

    (void)state;
    q.ak_public.left = 0;
    REFUSED(enrol_request, q);
    q = enrol_request();
    q.ek_public.left = 0;
    REFUSED(enrol_request, q);
    q = enrol_request();
    q.tpm_state = TB_TPM_STATE_12;
    REFUSED(enrol_request, q);
    q.ek_public.left = q.ak_public.left = q.ek_certificate.left = 0;
    REFUSED(enrol_request, q); /* the chain is left */
    q.n_ek_chain = 0;
    SENT(enrol_request, q);
    q.ek_certificate = S("certificate");
    REFUSED(enrol_request, q);
    q.ek_certificate.left = 0;
    q.ak_public = S("ak");
    REFUSED(enrol_request, q);
    o.credential.left = 0;
    REFUSED(enrol_offer, o);
    o.encrypted_secret.left = 0;
    SENT(enrol_offer, o);
}

static void a_log_is_there_or_missing_with_a_reason(void **state)
{
    struct tb_evidence_content m = evidence_content();
    size_t n;

    (void)state;
    m.log_missing = true;
    REFUSED(evidence_content, m);
    memset(m.log_digest, 0, 32);
    REFUSED(evidence_content, m);
    m.log.left = 0;
    SENT(evidence_content, m);
    snprintf(m.log_missing_reason, sizeof m.log_missing_reason, "%s", "no permission");
    SENT(evidence_content, m);
    m.log_digest[3] = 1;
    REFUSED(evidence_content, m);
    m.log_missing = false;
    REFUSED(evidence_content, m); /* a reason, and not missing */
    m.log_missing_reason[0] = '\0';
    SENT(evidence_content, m);
    m.log_digest[3] = 0;
    REFUSED(evidence_content, m);
}

static void a_part_that_is_sent_comes_with_its_digest(void **state)
{
    struct tb_evidence_content m = evidence_content(), out;
    struct tb_reason why;
    size_t n, n_all;

    (void)state;
    SENT(evidence_content, m);
    n_all = n;
    m.has_user_log_digest = false;
    REFUSED(evidence_content, m);
    m.user_log.left = 0;
    SENT(evidence_content, m);
    m.has_packages_digest = false;
    REFUSED(evidence_content, m);
    m.packages.left = 0;
    SENT(evidence_content, m); /* as an agent sends that knows of neither */
    assert_true(tb_evidence_content_decode(tb_slice(buf, n), &out, &why));
    assert_false(out.has_user_log_digest || out.has_packages_digest);
    m.has_user_log_digest = m.has_packages_digest = true;
    SENT(evidence_content, m); /* both held */
    assert_int_equal(n, n_all - (2 + 8) - (2 + 9));
}

static void headline_and_text_come_together(void **state)
{
    struct tb_evidence_answer a = evidence_answer();
    size_t n;

    (void)state;
    a.text[0] = '\0';
    REFUSED(evidence_answer, a);
    a.headline[0] = '\0';
    SENT(evidence_answer, a);
}

/* ---- PCR values ---- */

static bool decode_pcrs(const char *array, size_t n, struct tb_reason *why)
{
    struct tb_evidence_content m = evidence_content(), out;
    struct tb_reader tail;
    size_t len, at, skip;

    /* the array of the example, found by its own encoding, gives way to the one given */
    assert_true(tb_evidence_content_encode(&m, buf, sizeof buf, &len));
    at = 3 + 1 + 2 + 32 + 1; /* map, version; key 2, bytes(32); key 3 */
    skip = 1 + (1 + 1 + 1 + 1 + 20) + (1 + 1 + 5 + 2 + 64);
    assert_int_equal(buf[at - 1], 3);
    assert_int_equal(buf[at + skip], 4); /* the next key */
    tail = tb_slice(buf + at + skip, len - at - skip);
    memcpy(again, buf, at);
    memcpy(again + at, array, n);
    memcpy(again + at + n, tail.p, tail.left);
    return tb_evidence_content_decode(tb_slice(again, at + n + tail.left), &out, why);
}

#define B(s) s, sizeof(s) - 1
#define D20 "01234567890123456789"
#define D32 "01234567890123456789012345678901"

static void l07_pcr_values_have_one_form_each_bank_once(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        bool ok;
        const char *expected;
    } list[] = {
        { B("\x81\x83\x00\x01\x54" D20), false, "1 to 65535" },
        { B("\x81\x83\x04\x01\x54" D20), true, NULL },
        { B("\x82\x83\x04\x01\x54" D20 "\x83\x0b\x02\x58\x20" D32), true, NULL },
        { B("\x82\x83\x0b\x02\x58\x20" D32 "\x83\x04\x01\x54" D20), false,
          "banks once and in order" },
        { B("\x82\x83\x04\x01\x54" D20 "\x83\x04\x02\x54" D20), false, "banks once and in order" },
        { B("\x81\x83\x12\x01\x58\x20" D32), false, "SHA-1, SHA-256, SHA-384 or SHA-512" },
        { B("\x81\x83\x04\x00\x40"), false, "1 to 16777215" },
        { B("\x81\x83\x04\x03\x54" D20), false, "40 to 40" },
        { B("\x81\x83\x0b\x01\x54" D20), false, "32 to 32" },
        { B("\x81\x83\x04\x1a\x01\x00\x00\x00\x54" D20), false, "1 to 16777215" },
        { B("\x81\x82\x04\x01"), false, "3 to 3" },
        { B("\x80"), false, "1 to 4" },
    };
    struct tb_reason why;

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        if (decode_pcrs(list[i].bytes, list[i].n, &why) != list[i].ok)
            print_error("entry %zu: %s: %s, %s\n", i, why.where, why.expected, why.observed);
        assert_int_equal(decode_pcrs(list[i].bytes, list[i].n, &why), list[i].ok);
        if (!list[i].ok)
            assert_string_equal(why.expected, list[i].expected);
        if (!list[i].ok)
            assert_string_equal(why.where, "evidence.content.pcrs");
    }
}

static void the_fingerprint_covers_bank_pcr_and_value(void **state)
{
    struct tb_hasher *h = tb_hasher_new();
    struct tb_pcrs p = { 0 };
    uint8_t seen[6][TB_DIGEST_MAX];
    /* SHA-256 of 000b 00000080 and 32 bytes of 20 */
    static const uint8_t expected[32] = {
        0x16, 0xca, 0x07, 0x3d, 0xa6, 0x19, 0x09, 0x0e, 0x8b, 0x3d, 0x24,
        0x80, 0x2a, 0x67, 0xf8, 0xa8, 0x08, 0xa0, 0x02, 0xc8, 0x81, 0xc0,
        0x17, 0x0b, 0x41, 0x95, 0xdf, 0x4b, 0xe4, 0x4e, 0xa0, 0x4a,
    };

    (void)state;
    p.mask[TB_BANK_SHA256] = 1U << 7;
    memset(p.value[TB_BANK_SHA256][7], 0x20, TB_DIGEST_MAX);
    assert_true(tb_pcrs_fingerprint(&p, h, seen[0]));
    assert_memory_equal(seen[0], expected, 32);
    p.value[TB_BANK_SHA256][7][31] ^= 1;
    assert_true(tb_pcrs_fingerprint(&p, h, seen[1]));
    p.value[TB_BANK_SHA256][7][31] ^= 1;
    memset(p.value[TB_BANK_SHA256][6], 0x20, TB_DIGEST_MAX);
    p.mask[TB_BANK_SHA256] = 1U << 6;
    assert_true(tb_pcrs_fingerprint(&p, h, seen[2]));
    p.mask[TB_BANK_SHA256] = 3U << 6;
    assert_true(tb_pcrs_fingerprint(&p, h, seen[3]));
    p.mask[TB_BANK_SHA1] = 1;
    assert_true(tb_pcrs_fingerprint(&p, h, seen[4]));
    p.value[TB_BANK_SHA256][9][0] = 1; /* not in the mask */
    assert_true(tb_pcrs_fingerprint(&p, h, seen[5]));
    assert_memory_equal(seen[4], seen[5], 32);
    for (unsigned i = 0; i < 5; i++)
        for (unsigned k = 0; k < i; k++)
            assert_memory_not_equal(seen[i], seen[k], 32);
    tb_hasher_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t62_every_message_has_one_form_and_every_other_is_refused),
        cmocka_unit_test(t62_messages_longer_than_their_limit_are_refused_unread),
        cmocka_unit_test(a_reason_names_the_field),
        cmocka_unit_test(a_field_of_another_type_is_refused_as_that),
        cmocka_unit_test(elements_out_of_their_bounds_are_told_with_the_bounds),
        cmocka_unit_test(a_missing_field_is_told_by_its_name),
        cmocka_unit_test(fields_out_of_their_bounds_are_refused),
        cmocka_unit_test(t62_the_large_parts_of_evidence_are_bounded),
        cmocka_unit_test(host_names_are_letters_digits_and_dots),
        cmocka_unit_test(keys_come_with_a_tpm_20_and_only_with_one),
        cmocka_unit_test(a_log_is_there_or_missing_with_a_reason),
        cmocka_unit_test(a_part_that_is_sent_comes_with_its_digest),
        cmocka_unit_test(headline_and_text_come_together),
        cmocka_unit_test(l07_pcr_values_have_one_form_each_bank_once),
        cmocka_unit_test(the_fingerprint_covers_bank_pcr_and_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
