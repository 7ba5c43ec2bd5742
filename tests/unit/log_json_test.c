/* An event log as JSON: what of it is called verified. */
#include "wire/log_json.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tests/unit/log_builder.h"
#include "tests/unit/sipa_builder.h"
#include "tests/unit/test_support.h"

#define TWO_BANKS (LOG_BANK(TB_BANK_SHA256) | LOG_BANK(TB_BANK_SHA384))

static struct log_builder *b;
static struct tb_hasher *h;

static int set_up(void **state)
{
    (void)state;
    b = log_new();
    h = tb_hasher_new();
    return h == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    log_free(b);
    tb_hasher_free(h);
    return 0;
}

/* Verified details of the events of a PCR; -1: of all PCRs. quoted: NULL where nobody quoted. */
static size_t n_verified(int of_pcr, const struct tb_pcrs *quoted)
{
    struct tb_reason why;
    json_t *log = tb_log_json(log_slice(b), quoted, h, &why), *event, *detail;
    size_t i, k, n = 0;

    assert_non_null(log);
    json_array_foreach(json_object_get(log, "events"), i, event)
    {
        if (of_pcr >= 0 && json_integer_value(json_object_get(event, "pcr")) != of_pcr)
            continue;
        json_array_foreach(json_object_get(event, "details"), k, detail)
        {
            n += json_is_true(json_object_get(detail, "verified"));
        }
    }
    json_decref(log);
    return n;
}

static void t37_nothing_is_verified_by_a_pcr_that_nobody_quoted_or_that_differs(void **state)
{
    struct tb_pcrs quoted;
    size_t all;

    (void)state;
    log_good_boot(b, TWO_BANKS);
    log_finish(b);
    quoted = b->pcrs;
    all = n_verified(7, &quoted);
    assert_true(all > 0);
    assert_int_equal(n_verified(7, NULL), all);
    quoted.value[TB_BANK_SHA256][7][0] ^= 1; /* and the stronger bank still matches */
    assert_int_equal(n_verified(7, &quoted), 0);
    assert_true(n_verified(5, &quoted) > 0);
    quoted.mask[TB_BANK_SHA256] &= ~(1u << 7);
    assert_int_equal(n_verified(7, &quoted), all);
    quoted.mask[TB_BANK_SHA384] &= ~(1u << 7);
    assert_int_equal(n_verified(7, &quoted), 0);
    memset(&quoted, 0, sizeof quoted); /* the quote was not genuine */
    assert_int_equal(n_verified(-1, &quoted), 0);
}

/* A bank that nobody quoted says what its author likes, in events that are true in the other. */
static void t37_t29_data_is_verified_only_if_every_quoted_bank_covers_it(void **state)
{
    static const enum tb_bank honest[] = { TB_BANK_SHA256, TB_BANK_SHA384 };
    struct tb_reader forged = log_text("a text of the attacker");

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct tb_pcrs quoted;
        struct log_item *item;

        log_begin(b, TWO_BANKS);
        item = log_event_data(b, 8, TB_EV_IPL, forged);
        memset(item->digest[honest[i]], 0x5a, TB_DIGEST_MAX);
        log_finish(b);
        quoted = b->pcrs;
        assert_int_equal(n_verified(8, &quoted), 0);
        assert_int_equal(n_verified(8, NULL), 0);
        quoted.mask[honest[1 - i]] = 0; /* the honest bank only */
        assert_int_equal(n_verified(8, &quoted), 0);
        quoted = b->pcrs;
        quoted.mask[honest[i]] = 0; /* as if the other were the honest one */
        assert_int_equal(n_verified(8, &quoted), 1);
    }
}

static void t29_banks_that_were_closed_or_never_used_take_nothing_away(void **state)
{
    struct tb_pcrs quoted;
    size_t all;

    (void)state;
    log_good_boot(b, TWO_BANKS);
    log_finish(b);
    quoted = b->pcrs;
    all = n_verified(-1, &quoted);
    memset(quoted.value[TB_BANK_SHA384], 0, sizeof quoted.value[TB_BANK_SHA384]);
    assert_int_equal(n_verified(-1, &quoted), all);
    memset(quoted.value[TB_BANK_SHA256], 0, sizeof quoted.value[TB_BANK_SHA256]);
    assert_int_equal(n_verified(-1, &quoted), 0); /* nothing was measured at all */
    quoted = b->pcrs;
    for (unsigned pcr = 0; pcr < 16; pcr++) {
        static const uint8_t zeros[48];
        uint8_t *value = quoted.value[TB_BANK_SHA384][pcr];
        const struct tb_reader parts[] = { tb_slice(value, 48), tb_slice(zeros, 48) };
        uint8_t capped[TB_DIGEST_MAX];

        assert_true(tb_hash_parts(h, TB_BANK_SHA384, parts, 2, capped));
        memcpy(value, capped, 48);
    }
    assert_int_equal(n_verified(-1, &quoted), all);
    for (unsigned pcr = 0; pcr < 16; pcr++) /* the closed bank alone */
        quoted.mask[TB_BANK_SHA256] &= ~(1u << pcr);
    assert_int_equal(n_verified(-1, &quoted), 0);
}

/* The log leaves the bank out that would not lead to the forged events. */
static void l08_a_quoted_bank_that_the_log_leaves_out_verifies_nothing(void **state)
{
    struct tb_pcrs quoted;

    (void)state;
    log_good_boot(b, TWO_BANKS);
    log_finish(b);
    quoted = b->pcrs;
    log_good_boot(b, LOG_BANK(TB_BANK_SHA384));
    log_finish(b);
    assert_int_equal(n_verified(-1, &quoted), 0);
}

static json_t *facts_of(const struct tb_pcrs *quoted)
{
    struct tb_reason why;
    json_t *log = tb_log_json(log_slice(b), quoted, h, &why), *facts;

    assert_non_null(log);
    facts = json_incref(json_object_get(log, "facts"));
    assert_non_null(facts);
    json_decref(log);
    return facts;
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));

    return text != NULL ? text : "";
}

static void a_log_stands_beside_its_facts(void **state)
{
    const json_t *story, *certificates, *cmdline;
    json_t *facts;

    (void)state;
    log_good_boot(b, TWO_BANKS);
    log_variable(b, 7, TB_EV_EFI_VARIABLE_AUTHORITY, log_guid_shim, "SbatLevel",
                 log_text("sbat,1,2024010900\nshim,4\n"));
    log_finish(b);
    facts = facts_of(NULL);
    assert_string_equal(text_of(facts, "bank"), "sha384");
    assert_string_equal(text_of(facts, "secure_boot"), "on");
    story = json_object_get(facts, "story");
    cmdline = json_object_get(story, "cmdline");
    assert_string_equal(text_of(cmdline, "state"), "proved");
    assert_string_equal(text_of(cmdline, "part"), "grub");
    assert_string_equal(text_of(cmdline, "text"), "/vmlinuz root=/dev/vda1 ro quiet");
    assert_string_equal(json_string_value(json_array_get(
                            json_object_get(json_object_get(story, "shim"), "sbat_level"), 1)),
                        "shim,4");
    assert_true(json_is_null(json_object_get(story, "windows")));
    certificates = json_object_get(facts, "certificates");
    assert_int_equal(json_array_size(certificates), 4); /* PK, KEK, db and what vouched */
    assert_string_equal(text_of(json_array_get(certificates, 0), "variable"), "PK");
    assert_string_equal(text_of(json_array_get(certificates, 0), "subject"),
                        "CN=Trueboot test platform key,O=Example");
    assert_string_equal(text_of(json_array_get(certificates, 0), "issuer"),
                        "CN=Trueboot test platform key,O=Example");
    assert_true(json_integer_value(
                    json_object_get(json_array_get(certificates, 0), "not_after_s")) > 1700000000);
    assert_true(json_is_true(json_object_get(json_array_get(certificates, 3), "authority")));
    json_decref(facts);
}

static void t37_facts_are_those_of_pcrs_that_every_quoted_bank_leads_to(void **state)
{
    struct tb_pcrs quoted;
    json_t *facts;

    (void)state;
    log_good_boot(b, TWO_BANKS);
    log_finish(b);
    quoted = b->pcrs;
    facts = facts_of(&quoted);
    assert_string_equal(text_of(facts, "secure_boot"), "on");
    json_decref(facts);
    quoted.value[TB_BANK_SHA256][7][0] ^= 1; /* and the stronger bank still matches */
    quoted.value[TB_BANK_SHA256][8][0] ^= 1;
    facts = facts_of(&quoted);
    assert_string_equal(text_of(facts, "secure_boot"), "unknown");
    assert_int_equal(json_array_size(json_object_get(facts, "certificates")), 0);
    assert_string_equal(
        text_of(json_object_get(json_object_get(facts, "story"), "cmdline"), "state"), "unproved");
    json_decref(facts);
    memset(&quoted, 0, sizeof quoted); /* the quote was not genuine */
    facts = facts_of(&quoted);
    assert_true(json_is_null(json_object_get(facts, "bank")));
    assert_string_equal(text_of(facts, "secure_boot"), "unknown");
    assert_int_equal(json_array_size(json_object_get(facts, "programs")), 0);
    json_decref(facts);
}

/* Windows in PCR 12 and 13, ESXi in the same, each with names that would act if they were let. */
static void add_hostile_systems(void)
{
    static const uint8_t name[] = { 0x1b, 0,   '[', 0,   '2', 0,    'J',  0,    '"', 0,    '<',
                                    0,    's', 0,   '>', 0,   0x2e, 0x20, 0x0a, 0,   0x85, 0 };
    static const char esxi[] = "\2\0\0\0\x13\0\0\0=cmd|' /C x'!A0\033[m";
    static struct sipa_builder s;

    for (uint32_t pcr = 12; pcr <= 13; pcr++) {
        size_t at, module;

        s.n = 0;
        at = sipa_open(&s, TB_SIPA_TRUST_BOUNDARY);
        module = sipa_open(&s, TB_SIPA_LOADED_MODULE);
        sipa_put(&s, TB_SIPA_IMAGE_HASH, "0123456789abcdef0123456789abcdef", 32);
        sipa_put(&s, TB_SIPA_FILE_PATH, name, sizeof name);
        sipa_close(&s, module);
        sipa_put(&s, 0x00050009, name, sizeof name);
        sipa_number(&s, TB_SIPA_TEST_SIGNING, 1, 1);
        sipa_close(&s, at);
        log_event_data(b, pcr, TB_EV_EVENT_TAG, tb_slice(s.p, s.n));
        log_event_data(b, pcr, TB_EV_SEPARATOR, log_text("WBCL"));
        log_event(b, pcr, TB_EV_EVENT_TAG, log_text("content"), tb_slice(esxi, sizeof esxi));
    }
    log_event(b, 14, TB_EV_EVENT_TAG, log_text("=1+1\033[m"),
              tb_slice("\4\0\0\0\7\0\0\0=1+1\033[m", 15));
    log_finish(b);
}

static void t44_names_that_windows_and_esxi_measured_are_inert_in_json(void **state)
{
    struct tb_reason why;
    const json_t *windows, *esxi;
    json_t *log, *facts, *story;
    char *text;

    (void)state;
    log_good_boot(b, TWO_BANKS);
    add_hostile_systems();
    log = tb_log_json(log_slice(b), NULL, h, &why);
    assert_non_null(log);
    text = json_dumps(log, 0);
    assert_non_null(text);
    for (const char *c = text; *c != '\0'; c++)
        assert_true(*c >= ' ' && *c <= '~');
    assert_null(strstr(text, "\\u00")); /* nor as an escape that the reader undoes */
    assert_non_null(strstr(text, "system-root: ?[2J\\\"<s>?"));
    free(text);
    json_decref(log);
    facts = facts_of(NULL);
    story = json_object_get(facts, "story");
    windows = json_object_get(story, "windows");
    assert_true(json_is_true(json_object_get(windows, "present")));
    assert_string_equal(text_of(windows, "test_signing"), "yes");
    esxi = json_object_get(story, "esxi");
    assert_int_equal(json_array_size(json_object_get(esxi, "modules")), 6);
    assert_string_equal(text_of(esxi, "cmdline"), "=1+1?[m");
    json_decref(facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_stands_beside_its_facts),
        cmocka_unit_test(t44_names_that_windows_and_esxi_measured_are_inert_in_json),
        cmocka_unit_test(t37_facts_are_those_of_pcrs_that_every_quoted_bank_leads_to),
        cmocka_unit_test(t37_nothing_is_verified_by_a_pcr_that_nobody_quoted_or_that_differs),
        cmocka_unit_test(t37_t29_data_is_verified_only_if_every_quoted_bank_covers_it),
        cmocka_unit_test(t29_banks_that_were_closed_or_never_used_take_nothing_away),
        cmocka_unit_test(l08_a_quoted_bank_that_the_log_leaves_out_verifies_nothing),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
