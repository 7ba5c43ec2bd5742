/* The policy's members about levels, options, versions and the TPM. */
#include "wire/policy_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test_support.h"

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

static bool parse(const char *json)
{
    bool ok;

    err[0] = '\0';
    ok = tb_policy_parse("p.json", tb_slice(json, strlen(json)), h, &p, err);
    assert_int_equal(ok, err[0] == '\0');
    return ok;
}

/* A policy with this member alone. */
static bool parse_member(const char *member)
{
    char json[2048];

    assert_true(snprintf(json, sizeof json, "{\"format\":1,\"name\":\"x\",%s}", member) <
                (int)sizeof json);
    return parse(json);
}

static const char full[] =
    "{\"format\":1,\"name\":\"levels\","
    "\"sbat\":[\"sbat,1,2024010900\",\"shim,4\",\"grub.debian,4\"],"
    "\"dbx\":[\"" I64 "\",\"" H64 "\"],"
    "\"mok\":\"forbid\","
    "\"cmdline\":{\"forbid\":[\"debug\",\"mem=*\"],\"allow\":[\"init=/nix/store/*\"],"
    "\"require\":[\"lockdown=integrity\"]},"
    "\"firmware_versions\":[\"1.7\",\"F42 rev. B\"],"
    "\"tpm_classes\":[\"discrete\",\"firmware\"],"
    "\"advisories\":[{\"name\":\"CVE-2017-15361\",\"vendor\":\"IFX\",\"firmware_from\":\"7\","
    "\"firmware_to\":\"7.61\"}]}";

static void every_member_is_read(void **state)
{
    (void)state;
    assert_true(parse(full));
    assert_int_equal(p.sbat.n, 3);
    assert_int_equal(p.sbat.entry[0].date, 2024010900);
    assert_string_equal(p.sbat.entry[2].component, "grub.debian");
    assert_int_equal(p.n_revoked, 2);
    assert_int_equal(p.revoked[0][0], 0); /* in order */
    assert_int_equal(p.revoked[1][0], 0xff);
    assert_true(p.forbid_mok);
    assert_int_equal(p.forbid.n, 2);
    assert_string_equal(p.forbid.rule[1], "mem=*");
    assert_string_equal(p.allow.rule[0], "init=/nix/store/*");
    assert_string_equal(p.require.rule[0], "lockdown=integrity");
    assert_int_equal(p.n_firmware_versions, 2);
    assert_string_equal(p.firmware_version[1], "F42 rev. B");
    assert_int_equal(p.tpm_classes, 1U << TB_TPM_DISCRETE | 1U << TB_TPM_FIRMWARE);
    assert_int_equal(p.n_advisories, 1);
    assert_string_equal(p.advisory[0].name, "CVE-2017-15361");
    assert_int_equal(p.advisory[0].vendor, tb_tpm_vendor_of_text("IFX"));
    assert_true(p.advisory[0].from == UINT64_C(0x0007000000000000));
    assert_true(p.advisory[0].to == UINT64_C(0x0007003dffffffff));
}

static void t70_the_canonical_form_reads_back_to_the_same_digest(void **state)
{
    struct tb_policy *first = malloc(sizeof *first);
    char *text, *again;

    (void)state;
    assert_true(parse(full));
    *first = p;
    text = tb_policy_print(&p);
    assert_non_null(text);
    assert_true(parse(text));
    assert_memory_equal(&p, first, sizeof p);
    again = tb_policy_print(&p);
    assert_string_equal(again, text);
    free(again);
    free(text);
    free(first);
}

static void t70_every_change_of_meaning_changes_the_digest(void **state)
{
    static const char *const changes[][2] = {
        { "2024010900", "2024010901" },
        { "shim,4", "shim,5" },
        { "ff1122", "ff1123" },
        { "forbid\",\"cmd", "allow\",\"cmd" },
        { "\"debug\"", "\"debux\"" },
        { "nix/store/*", "nix/store" },
        { "=integrity", "=confid" },
        { "1.7", "1.8" },
        { "\"discrete\",", "" },
        { "15361", "15362" },
        { "IFX", "STM" },
        { "\"7\"", "\"7.1\"" },
        { "7.61", "7.61.1" },
    };
    uint8_t digest[32];
    char text[sizeof full + 32];

    (void)state;
    assert_true(parse(full));
    memcpy(digest, p.digest, 32);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const char *at = strstr(full, changes[i][0]);

        print_message("- %s\n", changes[i][0]);
        assert_non_null(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - full), full, changes[i][1],
                 at + strlen(changes[i][0]));
        assert_true(parse(text));
        assert_memory_not_equal(p.digest, digest, 32);
    }
}

static void an_order_or_a_spelling_without_meaning_keeps_the_digest(void **state)
{
    uint8_t digest[32];

    (void)state;
    assert_true(parse_member("\"dbx\":[\"" H64 "\",\"" I64 "\"]"));
    memcpy(digest, p.digest, 32);
    assert_true(parse_member("\"dbx\":[\"" I64 "\",\"" H64 "\"]"));
    assert_memory_equal(p.digest, digest, 32);
    assert_true(parse_member("\"tpm_classes\":[\"virtual\",\"discrete\"]"));
    memcpy(digest, p.digest, 32);
    assert_true(parse_member("\"tpm_classes\":[\"discrete\",\"virtual\"]"));
    assert_memory_equal(p.digest, digest, 32);
    assert_true(parse_member("\"advisories\":[{\"name\":\"x\",\"vendor\":\"IFX\","
                             "\"firmware_from\":\"7\",\"firmware_to\":\"8\"}]"));
    memcpy(digest, p.digest, 32);
    assert_true(parse_member("\"advisories\":[{\"name\":\"x\",\"vendor\":\"id:49465800\","
                             "\"firmware_from\":\"7.0.0\",\"firmware_to\":\"8.65535\"}]"));
    assert_memory_equal(p.digest, digest, 32);
}

static void what_allows_everything_is_as_if_it_were_left_out(void **state)
{
    uint8_t digest[32];

    (void)state;
    assert_true(parse("{\"format\":1,\"name\":\"x\"}"));
    memcpy(digest, p.digest, 32);
    assert_true(parse_member("\"sbat\":[],\"dbx\":[],\"mok\":\"allow\",\"cmdline\":{\"forbid\":[]},"
                             "\"firmware_versions\":[],\"tpm_classes\":[],\"advisories\":[]"));
    assert_memory_equal(p.digest, digest, 32);
    assert_int_equal(p.sbat.n + p.n_revoked + p.forbid.n + p.tpm_classes, 0);
}

#define ADVISORY(from, to)                                                                         \
    "\"advisories\":[{\"name\":\"x\",\"vendor\":\"IFX\",\"firmware_from\":" from                   \
    ",\"firmware_to\":" to "}]"

static void what_is_not_as_documented_is_refused_with_its_path(void **state)
{
    static const struct {
        const char *member, *error;
    } list[] = {
        { "\"sbat\":1", "sbat: a list" },
        { "\"sbat\":[\"shim\"]", "sbat[0]: \"component,generation\"" },
        { "\"sbat\":[4]", "sbat[0]: \"component,generation\"" },
        { "\"sbat\":[\"shim,4\\n\"]", "sbat[0]: \"component,generation\"" },
        { "\"sbat\":[\"shim,4\\u0000\"]", "is not allowed" },
        { "\"sbat\":[\"shim,4\",\"shim,5\"]", "sbat[1]: each component once" },
        { "\"dbx\":[\"00\"]", "dbx[0]: 64 lower-case" },
        { "\"dbx\":[\"" H64 "\",\"" I64 "\",\"" H64 "\"]", "dbx[2]: each digest once" },
        { "\"mok\":true", "mok: allow or forbid" },
        { "\"mok\":\"refuse\"", "mok: allow or forbid" },
        { "\"cmdline\":[]", "cmdline: an object of forbid" },
        { "\"cmdline\":{\"deny\":[]}", "cmdline.deny: forbid, allow or require" },
        { "\"cmdline\":{\"forbid\":\"x\"}", "cmdline.forbid: a list" },
        { "\"cmdline\":{\"forbid\":[\"a b\"]}", "cmdline.forbid[0]: \"name\"" },
        { "\"cmdline\":{\"allow\":[1]}", "cmdline.allow[0]: \"name\"" },
        { "\"cmdline\":{\"require\":[\"a\",\"a\"]}", "cmdline.require[1]: each rule once" },
        { "\"firmware_versions\":[\"\"]", "firmware_versions[0]: 1 to 127 printable" },
        { "\"firmware_versions\":[\"a\\nb\"]", "firmware_versions[0]: 1 to 127 printable" },
        { "\"firmware_versions\":[\"a\",\"a\"]", "firmware_versions[1]: each version once" },
        { "\"cmdline\":{\"forbid\":[\"a b\"],\"allow\":[]}", "cmdline.forbid[0]: \"name\"" },
        { "\"tpm_classes\":[1]", "tpm_classes[0]: discrete, firmware" },
        { "\"tpm_classes\":[\"chip\"]", "tpm_classes[0]: discrete, firmware" },
        { "\"tpm_classes\":[\"virtual\",\"virtual\"]", "tpm_classes[1]: each class once" },
        { "\"advisories\":[{}]", "advisories[0]: name, vendor" },
        { "\"advisories\":[1]", "advisories[0]: name, vendor" },
        { "\"advisories\":[{\"name\":\"\",\"vendor\":\"IFX\",\"firmware_from\":\"7\","
          "\"firmware_to\":\"7\"}]",
          "advisories[0].name: 1 to 63 printable" },
        { "\"advisories\":[{\"name\":\"x\",\"vendor\":\"Infineon\",\"firmware_from\":\"7\","
          "\"firmware_to\":\"7\"}]",
          "advisories[0].vendor: a vendor's id" },
        { "\"advisories\":[{\"name\":\"x\",\"vendor\":\"IFX\",\"firmware_from\":\"7\","
          "\"until\":\"7\"}]",
          "advisories[0].firmware_to: 1 to 4 numbers" },
        { ADVISORY("7", "\"7\""), "advisories[0].firmware_from: 1 to 4 numbers" },
        { ADVISORY("\"\"", "\"7\""), "advisories[0].firmware_from: 1 to 4 numbers" },
        { ADVISORY("\"7.\"", "\"8\""), "advisories[0].firmware_from: 1 to 4 numbers" },
        { ADVISORY("\"7.65536\"", "\"8\""), "advisories[0].firmware_from: 1 to 4 numbers" },
        { ADVISORY("\"7.000001\"", "\"8\""), "advisories[0].firmware_from: 1 to 4 numbers" },
        { ADVISORY("\"1\"", "\"1.2.3.4.5\""), "advisories[0].firmware_to: 1 to 4 numbers" },
        { ADVISORY("\"1\"", "\"1.2.3.4.\""), "advisories[0].firmware_to: 1 to 4 numbers" },
        { ADVISORY("\"1\"", "\"1.2x\""), "advisories[0].firmware_to: 1 to 4 numbers" },
        { ADVISORY("\"1\"", "\"-1\""), "advisories[0].firmware_to: 1 to 4 numbers" },
        { ADVISORY("\"7.2\"", "\"7.1\""), "advisories[0]: firmware_from not above" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        print_message("- %s\n", list[i].member);
        assert_false(parse_member(list[i].member));
        if (strstr(err, list[i].error) == NULL)
            print_message("  %s\n", err);
        assert_non_null(strstr(err, list[i].error));
    }
}

/* {"format":1,"name":"x",BEFORE item, item, ... AFTER}: n of them are accepted, one more is not. */
static void assert_most(const char *before, const char *format, const char *after, unsigned n)
{
    const size_t cap = TB_POLICY_JSON_MAX;
    char *json = malloc(cap);

    for (unsigned more = 0; more < 2; more++) {
        size_t k = (size_t)snprintf(json, cap, "{\"format\":1,\"name\":\"x\",%s", before);

        for (unsigned i = 0; i < n + more; i++) {
            k += (size_t)snprintf(json + k, cap - k, "%s", i == 0 ? "" : ",");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            k += (size_t)snprintf(json + k, cap - k, format, i);
#pragma GCC diagnostic pop
        }
        snprintf(json + k, cap - k, "%s}", after);
        assert_int_equal(parse(json), more == 0);
        if (more != 0)
            assert_non_null(strstr(err, "entries"));
    }
    free(json);
}

static void lists_have_ends(void **state)
{
    (void)state;
    assert_most("\"sbat\":[", "\"c%u,1\"", "]", TB_SBAT_ENTRIES_MAX);
    assert_most("\"dbx\":[", "\"%064x\"", "]", TB_POLICY_REVOKED_MAX);
    assert_most("\"cmdline\":{\"forbid\":[", "\"c%u\"", "]}", TB_POLICY_OPTIONS_MAX);
    assert_most("\"firmware_versions\":[", "\"%u\"", "]", TB_POLICY_VERSIONS_MAX);
    assert_most("\"advisories\":[",
                "{\"name\":\"%u\",\"vendor\":\"IFX\",\"firmware_from\":\"7\","
                "\"firmware_to\":\"7\"}",
                "]", TB_POLICY_ADVISORIES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_is_read),
        cmocka_unit_test(t70_the_canonical_form_reads_back_to_the_same_digest),
        cmocka_unit_test(t70_every_change_of_meaning_changes_the_digest),
        cmocka_unit_test(an_order_or_a_spelling_without_meaning_keeps_the_digest),
        cmocka_unit_test(what_allows_everything_is_as_if_it_were_left_out),
        cmocka_unit_test(what_is_not_as_documented_is_refused_with_its_path),
        cmocka_unit_test(lists_have_ends),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
