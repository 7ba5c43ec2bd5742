#include "wire/policy_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test_support.h"

static unsigned fail_hash;

bool __real_tb_hash(struct tb_hasher *h, enum tb_bank bank, struct tb_reader in, uint8_t *out);
bool __wrap_tb_hash(struct tb_hasher *h, enum tb_bank bank, struct tb_reader in, uint8_t *out);

bool __wrap_tb_hash(struct tb_hasher *h, enum tb_bank bank, struct tb_reader in, uint8_t *out)
{
    return !fail_hash && __real_tb_hash(h, bank, in, out);
}

#define H64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define I64 "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct tb_hasher *h;
static struct tb_policy p;
static char err[TB_POLICY_ERR_LEN];

static int setup(void **state)
{
    (void)state;
    h = tb_hasher_new();
    return h == NULL;
}

static int teardown(void **state)
{
    (void)state;
    tb_hasher_free(h);
    return 0;
}

/* From a copy of exactly these bytes. */
static bool parse_bytes(const char *json, size_t n)
{
    uint8_t *exact = test_memdup(json, n);
    bool ok;

    err[0] = '\0';
    ok = tb_policy_parse("p.json", tb_slice(exact, n), h, &p, err);
    free(exact);
    assert_int_equal(ok, err[0] == '\0');
    return ok;
}

static bool parse(const char *json)
{
    return parse_bytes(json, strlen(json));
}

static const char full[] =
    "{\n \"format\": 1,\n \"name\": \"production\",\n \"mode\": \"observe\",\n"
    " \"banks\": [\"sha256\", \"sha384\"],\n \"pcrs\": [0,1,2,3,4,5,6,7,14],\n"
    " \"checks\": {\"log.user-space\": \"required\", \"secureboot.off\": \"advisory\"},\n"
    " \"ek_trust\": \"token\",\n \"interval_s\": 60,\n \"stale_s\": 61,\n"
    " \"keys\": {\"PK\": [\"" H64 "\"], \"KEK\": [\"" H64 "\"], \"db\": [\"" H64 "\", \"" I64
    "\"], \"dbx\": []},\n"
    " \"authorities\": [\"" H64 "\"],\n"
    " \"programs\": [{\"bank\": \"sha384\", \"digest\": \"" H64 "00112233445566778899aabbccddeeff"
    "\"}],\n"
    " \"pins\": [{\"bank\": \"sha256\", \"pcr\": 14, \"value\": \"" H64 "\"}]\n}\n";

static void every_member_is_read(void **state)
{
    (void)state;
    assert_true(parse(full));
    assert_string_equal(p.name, "production");
    assert_false(p.enforce);
    assert_int_equal(p.banks, 1U << TB_BANK_SHA256 | 1U << TB_BANK_SHA384);
    assert_int_equal(p.pcrs, 0x40ff);
    assert_int_equal(p.severity[TB_CHECK_LOG_USER_SPACE], TB_SEVERITY_REQUIRED);
    assert_int_equal(p.severity[TB_CHECK_SB_OFF], TB_SEVERITY_ADVISORY);
    assert_int_equal(p.severity[TB_CHECK_SB_KEYS], TB_SEVERITY_REQUIRED);
    assert_int_equal(p.ek_trust, TB_EK_TRUST_TOKEN);
    assert_int_equal(p.interval_s, 60);
    assert_int_equal(p.stale_s, 61);
    assert_int_equal(p.n_keys[TB_KEYSET_PK], 1);
    assert_int_equal(p.n_keys[TB_KEYSET_KEK], 1);
    assert_int_equal(p.n_keys[TB_KEYSET_DB], 2);
    assert_int_equal(p.n_keys[TB_KEYSET_DBX], 0);
    assert_int_equal(p.keys[TB_KEYSET_DB][1][0], 0xff);
    assert_int_equal(p.keys[TB_KEYSET_DB][1][31], 0xff);
    assert_int_equal(p.n_authorities, 1);
    assert_int_equal(p.n_programs, 1);
    assert_int_equal(p.programs[0].bank, TB_BANK_SHA384);
    assert_int_equal(p.programs[0].digest[47], 0xff);
    assert_int_equal(p.n_pins, 1);
    assert_int_equal(p.pin[0].pcr, 14);
}

static void what_is_left_out_is_as_built_in(void **state)
{
    struct tb_policy b;

    (void)state;
    tb_policy_builtin(&b);
    assert_true(parse("{\"format\":1,\"name\":\"built-in\"}"));
    assert_memory_equal(&p, &b, sizeof b); /* digest included: it is that of the canonical form */
}

static void t70_the_canonical_form_reads_back_to_the_same_digest(void **state)
{
    struct tb_policy first;
    char *text;

    (void)state;
    assert_true(parse(full));
    first = p;
    text = tb_policy_print(&p);
    assert_non_null(text);
    assert_true(parse(text));
    assert_memory_equal(&p, &first, sizeof p);
    free(text);
    p.name[0] = '\xff'; /* not text */
    assert_null(tb_policy_print(&p));
}

static void t70_every_change_of_meaning_changes_the_digest_and_layout_does_not(void **state)
{
    static const char *const changes[][2] = {
        { "observe", "enforce" },
        { "\"sha384\"],", "\"sha512\"]," },
        { "7,14", "7,14,15" },
        { "\"required\"", "\"advisory\"" },
        { "\"token\"", "\"certificate\"" },
        { "60", "59" },
        { "61", "62" },
        { "\"PK\": [\"00", "\"PK\": [\"01" },
        { "authorities\": [\"00", "authorities\": [\"01" },
        { "digest\": \"00", "digest\": \"01" },
        { "value\": \"00", "value\": \"01" },
    };
    uint8_t digest[32];
    char text[sizeof full + 16];

    (void)state;
    assert_true(parse(full));
    memcpy(digest, p.digest, 32);
    snprintf(text, sizeof text, "  %s  ", full);
    assert_true(parse(text));
    assert_memory_equal(p.digest, digest, 32);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const char *at = strstr(full, changes[i][0]);

        assert_non_null(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - full), full, changes[i][1],
                 at + strlen(changes[i][0]));
        if (!parse(text))
            print_error("%s\n", err);
        assert_memory_not_equal(p.digest, digest, 32);
    }
}

#define P "{\"format\":1,\"name\":\"n\","

static const struct {
    const char *json, *err;
} wrong_files[] = {
    { "", "p.json:1: '[' or '{' expected near end of file" },
    { "[]", "p.json:1: a policy is an object" },
    { "{\"name\":\"n\"}", "p.json:1: format is missing" },
    { "{\"format\":1}", "p.json:1: name is missing" },
    { "{\"format\":2,\"name\":\"n\"}", "p.json:1: format: a whole number from 1 to 1" },
    { P "\n\n\"intervall_s\":60}", "p.json:3: intervall_s: no such member" },
    { P "\"name\":\"m\"}", "p.json:1: duplicate object key near '\"name\"'" },
    { P "\"mode\":\"x\"} x", "p.json:1: end of file expected near 'x'" },
    { "{\"format\":1,\"name\":\"\"}", "p.json:1: name: 1 to 63 printable characters" },
    { "{\"format\":1,\"name\":\"a\\u001bb\"}", "p.json:1: name: 1 to 63 printable characters" },
    { "{\"format\":1,\"name\":7}", "p.json:1: name: 1 to 63 printable characters" },
    { "{\"format\":1,\"name\":\"" H64 "\"}", "p.json:1: name: 1 to 63 printable characters" },
    { P "\"mode\":\"off\"}", "p.json:1: mode: enforce or observe" },
    { P "\"mode\":1}", "p.json:1: mode: enforce or observe" },
    { P "\"banks\":\"sha256\"}", "p.json:1: banks: a list" },
    { P "\"banks\":[]}", "p.json:1: banks: at least one bank" },
    { P "\"banks\":[\"md5\"]}", "p.json:1: banks[0]: sha1, sha256, sha384 or sha512" },
    { P "\"banks\":[1]}", "p.json:1: banks[0]: sha1, sha256, sha384 or sha512" },
    { P "\"banks\":[\"sha256\",\"sha256\"]}", "p.json:1: banks[1]: each bank once" },
    { P "\"banks\":[1,1,1,1,1]}", "p.json:1: banks: at most 4 entries" },
    { P "\"pcrs\":[0,1,2,3,4,5,6]}", "p.json:1: pcrs: PCR 0 to 7 must be among them" },
    { P "\"pcrs\":[24]}", "p.json:1: pcrs[0]: a whole number from 0 to 23" },
    { P "\"pcrs\":[-1]}", "p.json:1: pcrs[0]: a whole number from 0 to 23" },
    { P "\"pcrs\":[7.0]}", "p.json:1: pcrs[0]: a whole number from 0 to 23" },
    { P "\"pcrs\":[0,16]}",
      "p.json:1: pcrs[1]: PCR 16 can be reset by anybody and proves nothing" },
    { P "\"pcrs\":[23]}", "p.json:1: pcrs[0]: PCR 23 can be reset by anybody and proves nothing" },
    { P "\"pcrs\":[7,7]}", "p.json:1: pcrs[1]: each PCR once" },
    { P "\"checks\":[]}", "p.json:1: checks: an object of checks and severities" },
    { P "\n\"checks\":{\n\"quote.magik\":\"inform\"}}",
      "p.json:3: checks.quote.magik: no such check" },
    { P "\"checks\":{\"quote.magik\":\"inform\",\"secureboot.off\":\"inform\"}}",
      "p.json:1: checks.quote.magik: no such check" },
    { P "\"checks\":{\"secureboot.off\":\"ignore\"}}",
      "p.json:1: checks.secureboot.off: required, advisory or inform" },
    { P "\"checks\":{\"secureboot.off\":0}}",
      "p.json:1: checks.secureboot.off: required, advisory or inform" },
    { P "\"checks\":{\"quote.signature\":\"inform\"}}",
      "p.json:1: checks.quote.signature: this check is always required" },
    { P "\"ek_trust\":\"all\"}", "p.json:1: ek_trust: certificate or token" },
    { P "\"ek_trust\":true}", "p.json:1: ek_trust: certificate or token" },
    { P "\"interval_s\":0}", "p.json:1: interval_s: a whole number from 1 to 604800" },
    { P "\"interval_s\":604801}", "p.json:1: interval_s: a whole number from 1 to 604800" },
    { P "\"interval_s\":\"60\"}", "p.json:1: interval_s: a whole number from 1 to 604800" },
    { P "\"stale_s\":2678401}", "p.json:1: stale_s: a whole number from 1 to 2678400" },
    { P "\"stale_s\":300}", "p.json:1: stale_s: more than interval_s (300)" },
    { P "\"keys\":[]}", "p.json:1: keys: an object of PK, KEK, db and dbx" },
    { P "\"keys\":{\"MOK\":[]}}", "p.json:1: keys.MOK: PK, KEK, db or dbx" },
    { P "\"keys\":{\"MOK\":[],\"db\":[]}}", "p.json:1: keys.MOK: PK, KEK, db or dbx" },
    { P "\"keys\":{\"db\":{}}}", "p.json:1: keys.db: a list" },
    { P "\"keys\":{\"db\":[\"00\"]}}",
      "p.json:1: keys.db[0]: 64 lower-case hexadecimal digits (sha256)" },
    { P "\"keys\":{\"db\":[5]}}",
      "p.json:1: keys.db[0]: 64 lower-case hexadecimal digits (sha256)" },
    { P "\"keys\":{\"db\":[\""
        "0g112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
        "\"]}}",
      "p.json:1: keys.db[0]: 64 lower-case hexadecimal digits (sha256)" },
    { P "\"keys\":{\"db\":[\""
        "A0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
        "\"]}}",
      "p.json:1: keys.db[0]: 64 lower-case hexadecimal digits (sha256)" },
    { P "\"keys\":{\"db\":[\"" H64 "\",\"" H64 "\"]}}", "p.json:1: keys.db[1]: each digest once" },
    { P "\"authorities\":[\"" H64 "\",\"" H64 "\"]}",
      "p.json:1: authorities[1]: each digest once" },
    { P "\"programs\":[{\"bank\":\"sha256\"}]}", "p.json:1: programs[0]: digest is missing" },
    { P "\"programs\":[{\"digest\":\"\"}]}", "p.json:1: programs[0]: bank is missing" },
    { P "\"programs\":[7]}", "p.json:1: programs[0]: bank is missing" },
    { P "\"programs\":[{\"bank\":\"sha1\",\"digest\":\"" H64 "\"}]}",
      "p.json:1: programs[0]: 40 lower-case hexadecimal digits (sha1)" },
    { P "\"programs\":[{\"bank\":\"sha256\",\"digest\":\"" H64 "\",\"path\":\"x\"}]}",
      "p.json:1: programs[0]: only bank, digest" },
    { P "\"programs\":[{\"bank\":\"md5\",\"digest\":\"" H64 "\"}]}",
      "p.json:1: programs[0]: sha1, sha256, sha384 or sha512" },
    { P "\"pins\":[{\"bank\":\"md5\",\"pcr\":4,\"value\":\"" H64 "\"}]}",
      "p.json:1: pins[0]: sha1, sha256, sha384 or sha512" },
    { P "\"pins\":[{\"bank\":\"sha256\",\"pcr\":24,\"value\":\"" H64 "\"}]}",
      "p.json:1: pins[0]: a whole number from 0 to 23" },
    { P "\"pins\":[{\"bank\":\"sha256\",\"pcr\":4,\"value\":\"00\"}]}",
      "p.json:1: pins[0]: 64 lower-case hexadecimal digits (sha256)" },
    { P "\"pins\":[{\"bank\":\"sha256\",\"pcr\":4,\"value\":\"" H64 "\",\"x\":1}]}",
      "p.json:1: pins[0]: only bank, pcr and value" },
    { P "\"pins\":[{\"bank\":\"sha256\",\"pcr\":10,\"value\":\"" H64 "\"}]}",
      "p.json:1: pins[0]: a PCR and a bank that the policy quotes and allows" },
    { P "\"banks\":[\"sha384\"],\"pins\":[{\"bank\":\"sha256\",\"pcr\":4,\"value\":\"" H64 "\"}]}",
      "p.json:1: pins[0]: a PCR and a bank that the policy quotes and allows" },
};

static void wrong_files_are_refused_with_line_and_path(void **state)
{
    struct tb_policy before;

    (void)state;
    memset(&p, 0x5a, sizeof p);
    before = p;
    for (size_t i = 0; i < sizeof wrong_files / sizeof wrong_files[0]; i++) {
        bool ok = parse(wrong_files[i].json);

        if (ok || strcmp(err, wrong_files[i].err) != 0)
            print_error("%s\n  %s\n  %s\n", wrong_files[i].json, err, wrong_files[i].err);
        assert_false(ok);
        assert_string_equal(err, wrong_files[i].err);
        assert_memory_equal(&p, &before, sizeof p);
    }
}

static void lists_hold_what_they_can_hold_and_no_more(void **state)
{
    static const struct {
        const char *head, *one, *tail, *err;
        unsigned max;
    } list[] = {
        { "\"authorities\":[",
          "\"%02x112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"", "]}",
          "p.json:1: authorities: at most 64 entries", 64 },
        { "\"programs\":[",
          "{\"bank\":\"sha256\",\"digest\":\"%02x112233445566778899aabbccddeeff"
          "00112233445566778899aabbccddeeff\"}",
          "]}", "p.json:1: programs: at most 64 entries", 64 },
        { "\"pins\":[",
          "{\"bank\":\"sha256\",\"pcr\":4,\"value\":\"%02x112233445566778899aabbccddee"
          "ff00112233445566778899aabbccddeeff\"}",
          "]}", "p.json:1: pins: at most 32 entries", 32 },
    };
    char *text = malloc(32768);

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        for (unsigned over = 0; over < 2; over++) {
            size_t n = (size_t)snprintf(text, 32768, "%s%s", P, list[i].head);

            for (unsigned k = 0; k < list[i].max + over; k++) {
                n += (size_t)snprintf(text + n, 32768 - n, "%s", k == 0 ? "" : ",");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                n += (size_t)snprintf(text + n, 32768 - n, list[i].one, k);
#pragma GCC diagnostic pop
            }
            snprintf(text + n, 32768 - n, "%s", list[i].tail);
            assert_int_equal(parse(text), over == 0);
            if (over)
                assert_string_equal(err, list[i].err);
        }
    free(text);
}

static void t62_large_deep_and_cut_files_are_refused(void **state)
{
    char *big = malloc(TB_POLICY_JSON_MAX + 2);

    (void)state;
    memset(big, ' ', TB_POLICY_JSON_MAX + 1);
    memcpy(big, full, sizeof full - 1);
    assert_true(parse_bytes(big, TB_POLICY_JSON_MAX));
    assert_false(parse_bytes(big, TB_POLICY_JSON_MAX + 1));
    assert_string_equal(err, "p.json:1: at most 131072 bytes");
    memset(big, '[', TB_POLICY_JSON_MAX);
    assert_false(parse_bytes(big, TB_POLICY_JSON_MAX));
    for (size_t n = 0; n < sizeof full - 3; n++)
        assert_false(parse_bytes(full, n));
    free(big);
}

static void t44_names_in_errors_are_inert(void **state)
{
    (void)state;
    assert_false(parse(P "\"\\u001b[31m%s%n\\u0085\":1}"));
    for (const char *c = err; *c != '\0'; c++)
        assert_true(*c >= ' ' && *c <= '~');
    assert_false(tb_policy_parse("a\nb.json", tb_slice("{", 1), h, &p, err));
    assert_null(strchr(err, '\n'));
}

static void a_crypto_library_that_fails_gives_no_policy(void **state)
{
    (void)state;
    fail_hash = 1;
    assert_false(parse(full));
    fail_hash = 0;
    assert_string_equal(err, "p.json:1: no memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_is_read),
        cmocka_unit_test(what_is_left_out_is_as_built_in),
        cmocka_unit_test(t70_the_canonical_form_reads_back_to_the_same_digest),
        cmocka_unit_test(t70_every_change_of_meaning_changes_the_digest_and_layout_does_not),
        cmocka_unit_test(wrong_files_are_refused_with_line_and_path),
        cmocka_unit_test(lists_hold_what_they_can_hold_and_no_more),
        cmocka_unit_test(t62_large_deep_and_cut_files_are_refused),
        cmocka_unit_test(t44_names_in_errors_are_inert),
        cmocka_unit_test(a_crypto_library_that_fails_gives_no_policy),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
