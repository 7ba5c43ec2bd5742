#include "wire/result_json.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tests/unit/evidence_builder.h"
#include "wire/facts_json.h"

static const char *text_at(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));

    assert_non_null(s);
    return s;
}

static void secure_boot_off(struct evidence *e)
{
    struct log_item *item =
        log_find_variable(e->log, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot");
    struct tb_reader data =
        log_uefi_variable(e->log, log_guid_global, "SecureBoot", tb_slice("\0", 1));

    log_set_data(e->log, item, data);
    log_rehash(e->log, item, data);
}

static void a_trusted_host_is_told_with_all_its_facts(void **state)
{
    struct evidence *e = evidence_new(LOG_BANK(TB_BANK_SHA256));
    const json_t *boot, *programs;
    json_t *o;
    char hex[132];

    (void)state;
    evidence_run(e);
    o = tb_result_json(&e->result, &e->policy);
    assert_non_null(o);
    assert_string_equal(text_at(o, "verdict"), "trusted");
    assert_string_equal(text_at(o, "tier"), "affirming");
    assert_true(json_is_null(json_object_get(o, "headline")));
    assert_int_equal(json_array_size(json_object_get(o, "findings")), 0);
    assert_int_equal(json_object_size(json_object_get(o, "checks")), TB_N_CHECKS);
    assert_string_equal(text_at(json_object_get(o, "checks"), "quote.signature"), "pass");
    assert_string_equal(text_at(json_object_get(o, "checks"), "identity.ek-key"), "not-checked");
    assert_true(json_is_true(json_object_get(json_object_get(o, "quote"), "genuine")));
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(o, "quote"), "reset_count")), 7);
    assert_string_equal(text_at(json_object_get(o, "quote"), "tpm_firmware_version"),
                        "2019102300163636");
    assert_string_equal(text_at(json_object_get(o, "policy"), "name"), "built-in");
    boot = json_object_get(o, "boot");
    assert_string_equal(text_at(boot, "bank"), "sha256");
    assert_string_equal(text_at(boot, "secure_boot"), "on");
    assert_string_equal(text_at(json_object_get(json_object_get(boot, "pcrs"), "sha256"), "7"),
                        "match");
    assert_null(json_object_get(json_object_get(json_object_get(boot, "pcrs"), "sha256"), "10"));
    tb_hex(tb_slice(e->result.boot->facts.keyset[TB_KEYSET_PK].digest, 32), hex, sizeof hex);
    assert_string_equal(text_at(json_object_get(json_object_get(boot, "keys"), "PK"), "digest"),
                        hex);
    assert_int_equal(json_array_size(json_object_get(boot, "authorities")),
                     e->result.boot->facts.n_authorities);
    programs = json_object_get(boot, "programs");
    assert_int_equal(json_array_size(programs), e->result.boot->facts.n_programs);
    tb_hex(tb_slice(e->result.boot->facts.program[0].digest[TB_BANK_SHA256], 32), hex, sizeof hex);
    assert_string_equal(text_at(json_array_get(programs, 0), "digest"), hex);
    assert_non_null(json_object_get(json_array_get(programs, 0), "unverified_path"));
    assert_string_equal(
        text_at(json_object_get(json_object_get(boot, "story"), "cmdline"), "state"), "proved");
    json_decref(o);
    evidence_free(e);
}

static void a_mismatch_is_told_with_what_would_explain_it_and_stays_failed(void **state)
{
    struct evidence *e = evidence_new(LOG_BANK(TB_BANK_SHA256));
    const json_t *boot, *x;
    json_t *o;

    (void)state;
    evidence_prepare(e);
    log_find_variable(e->log, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot")
        ->digest[TB_BANK_SHA256][0] ^= 1;
    log_finish(e->log);
    e->content.log = log_slice(e->log); /* the PCRs stay */
    evidence_sign(e);
    evidence_appraise(e);
    o = tb_result_json(&e->result, &e->policy);
    assert_string_equal(text_at(o, "verdict"), "failed");
    assert_string_equal(text_at(json_object_get(o, "headline"), "code"), "log.replay");
    boot = json_object_get(o, "boot");
    assert_int_equal(json_array_size(json_object_get(boot, "explanations")), 1);
    assert_int_equal(json_integer_value(json_object_get(boot, "explanations_lost")), 0);
    assert_true(json_is_false(json_object_get(boot, "explanations_cut")));
    x = json_array_get(json_object_get(boot, "explanations"), 0);
    assert_string_equal(text_at(x, "code"), "digest-edited");
    assert_string_equal(text_at(x, "where"), "PCR 7: sha256");
    assert_string_equal(text_at(x, "meaning"),
                        tb_explanation_text(TB_EXPLAIN_DIGEST_EDITED)->meaning);
    assert_string_equal(text_at(x, "next"), tb_explanation_text(TB_EXPLAIN_DIGEST_EDITED)->next);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(x, "pcrs"), 0)), 7);
    assert_string_equal(json_string_value(json_array_get(json_object_get(x, "banks"), 0)),
                        "sha256");
    assert_int_equal(json_array_size(json_object_get(x, "events")), 1);
    assert_null(json_object_get(x, "values"));
    json_decref(o);
    evidence_free(e);
}

static void a_failed_host_is_told_with_the_texts_of_the_table(void **state)
{
    struct evidence *e = evidence_new(LOG_BANK(TB_BANK_SHA256));
    const struct tb_check_text *t = tb_check_text(TB_CHECK_SB_OFF);
    const json_t *headline;
    json_t *o;

    (void)state;
    secure_boot_off(e);
    evidence_run(e);
    o = tb_result_json(&e->result, &e->policy);
    assert_string_equal(text_at(o, "verdict"), "failed");
    assert_string_equal(text_at(o, "tier"), "contraindicated");
    headline = json_object_get(o, "headline");
    assert_string_equal(text_at(headline, "code"), "secureboot.off");
    assert_string_equal(text_at(headline, "title"), t->title);
    assert_string_equal(text_at(headline, "cause"), t->cause);
    assert_string_equal(text_at(headline, "next"), t->next);
    assert_string_equal(text_at(headline, "group"), "secure-boot");
    assert_string_equal(text_at(headline, "severity"), "required");
    assert_string_equal(text_at(headline, "outcome"), "fail");
    assert_string_equal(text_at(headline, "where"), evidence_reason(e, TB_CHECK_SB_OFF)->where);
    assert_string_equal(text_at(headline, "expected"),
                        evidence_reason(e, TB_CHECK_SB_OFF)->expected);
    assert_string_equal(text_at(headline, "observed"),
                        evidence_reason(e, TB_CHECK_SB_OFF)->observed);
    assert_int_equal(json_array_size(json_object_get(o, "findings")), e->result.findings.n);
    e->result.findings.n = 0; /* even when the finding was lost */
    json_decref(o);
    o = tb_result_json(&e->result, &e->policy);
    assert_string_equal(text_at(json_object_get(o, "headline"), "code"), "secureboot.off");
    json_decref(o);
    evidence_free(e);
}

static void the_headline_of_an_unknown_outcome_claims_no_fact(void **state)
{
    struct evidence *e = evidence_new(LOG_BANK(TB_BANK_SHA256));
    const json_t *headline;
    json_t *o;

    (void)state;
    evidence_run(e);
    e->result.has_headline = true;
    e->result.headline = TB_CHECK_CMDLINE;
    tb_findings_unknown(&e->result.findings, TB_CHECK_CMDLINE, "first", "a", "b");
    o = tb_result_json(&e->result, &e->policy);
    headline = json_object_get(o, "headline");
    assert_string_equal(text_at(headline, "title"), tb_result_headline(&e->result));
    assert_int_equal(strncmp(text_at(headline, "title"), "could not be told whether ", 26), 0);
    json_decref(o);

    tb_findings_fail(&e->result.findings, TB_CHECK_CMDLINE, "second", "a", "b");
    o = tb_result_json(&e->result, &e->policy); /* the worst of the check leads */
    headline = json_object_get(o, "headline");
    assert_string_equal(text_at(headline, "where"), "second");
    assert_string_equal(text_at(headline, "title"), tb_check_text(TB_CHECK_CMDLINE)->title);
    json_decref(o);
    evidence_free(e);
}

static void a_quote_that_is_not_genuine_has_no_facts(void **state)
{
    struct evidence *e = evidence_new(LOG_BANK(TB_BANK_SHA256));
    json_t *o;

    (void)state;
    evidence_prepare(e);
    evidence_sign(e);
    e->in.enrolled = false;
    evidence_appraise(e);
    o = tb_result_json(&e->result, &e->policy);
    assert_true(json_is_null(json_object_get(o, "boot")));
    assert_true(json_is_false(json_object_get(json_object_get(o, "quote"), "genuine")));
    assert_null(json_object_get(json_object_get(o, "quote"), "clock_ms"));
    json_decref(o);
    evidence_free(e);
}

static void what_is_kept_is_no_quotes_own_and_the_memory_completes_it(void **state)
{
    struct evidence *e = evidence_new(LOG_BANK(TB_BANK_SHA256));
    struct tb_quote_memory memory;
    json_t *o, *quote;
    char *first, *second;

    (void)state;
    evidence_run(e);
    memory = e->result.quote.memory;
    first = tb_result_print(&e->result, &e->policy);
    e->result.quote.memory = (struct tb_quote_memory){ .present = true, .clock_ms = 1 };
    e->result.quote.quoted_firmware_version++;
    second = tb_result_print(&e->result, &e->policy);
    assert_string_equal(first, second);
    o = json_loads(first, 0, NULL);
    quote = json_object_get(o, "quote");
    assert_int_equal(json_object_size(quote), 1);
    assert_true(tb_result_add_memory(o, &(struct tb_quote_memory){ .clock_ms = 1 }));
    assert_int_equal(json_object_size(quote), 1); /* nothing is remembered */
    assert_true(tb_result_add_memory(o, &memory));
    assert_int_equal(json_integer_value(json_object_get(quote, "clock_ms")), 1000000);
    assert_int_equal(json_integer_value(json_object_get(quote, "reset_count")), 7);
    assert_int_equal(json_integer_value(json_object_get(quote, "restart_count")), 1);
    assert_string_equal(text_at(quote, "boot_id"), "boot-2");
    json_object_clear(quote);
    json_object_set_new(quote, "genuine", json_false());
    assert_true(tb_result_add_memory(o, &memory));
    assert_int_equal(json_object_size(quote), 1); /* the memory is of an older quote */
    json_decref(o);
    free(first);
    free(second);
    evidence_free(e);
}

static void t44_text_of_the_host_is_inert_and_numbers_fit(void **state)
{
    struct evidence *e = evidence_new(LOG_BANK(TB_BANK_SHA256));
    json_t *o;
    char *text;

    (void)state;
    evidence_run(e);
    memcpy(e->boot.facts.firmware_version, "\x1b[31m\xff\xfe", 8);
    memcpy(e->result.quote.memory.boot_id, "a\nb", 4);
    e->result.quote.memory.clock_ms = UINT64_MAX;
    o = tb_result_json(&e->result, &e->policy);
    text = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    assert_non_null(text);
    assert_non_null(strstr(text, "\"firmware_version\":\"?[31m??\""));
    assert_non_null(strstr(text, "\"boot_id\":\"a?b\""));
    assert_non_null(strstr(text, "\"clock_ms\":9223372036854775807"));
    for (const char *c = text; *c != '\0'; c++)
        assert_true(*c >= ' ' && *c <= '~');
    free(text);
    evidence_free(e);
}

static void the_table_of_checks_is_complete_and_in_order(void **state)
{
    json_t *a = tb_checks_json();

    (void)state;
    assert_int_equal(json_array_size(a), TB_N_CHECKS);
    for (unsigned c = 0; c < TB_N_CHECKS; c++) {
        const json_t *o = json_array_get(a, c);

        assert_string_equal(text_at(o, "code"), tb_check_text((enum tb_check)c)->code);
        assert_true(strlen(text_at(o, "title")) > 0 && strlen(text_at(o, "next")) > 0);
        assert_int_equal(json_is_true(json_object_get(o, "always_required")),
                         tb_check_is_always_required((enum tb_check)c));
    }
    json_decref(a);
}

/* jansson's allocator fails at the n-th call, for every n. */
static unsigned n_alloc, fail_alloc;

static void *failing_malloc(size_t n)
{
    return ++n_alloc == fail_alloc ? NULL : malloc(n);
}

static void memory_that_runs_out_gives_nothing_rather_than_less(void **state)
{
    struct evidence *e = evidence_new(LOG_BANK(TB_BANK_SHA256));
    unsigned last;
    char *full;

    (void)state;
    secure_boot_off(e);
    evidence_run(e);
    json_set_alloc_funcs(failing_malloc, free);
    full = tb_result_print(&e->result, &e->policy);
    last = n_alloc;
    for (unsigned n = 1; n <= last; n += 1 + n / 40) {
        char *text;

        n_alloc = 0;
        fail_alloc = n;
        text = tb_result_print(&e->result, &e->policy);
        if (text != NULL) /* a table that could not grow is no loss */
            assert_string_equal(text, full);
        free(text);
    }
    fail_alloc = 0;
    json_set_alloc_funcs(malloc, free);
    free(full);
    evidence_free(e);
}

/* --- Trueboot's own boot chain --- */

static struct tb_chain_facts *chain_facts(void)
{
    struct tb_chain_facts *c = calloc(1, sizeof *c);

    assert_non_null(c);
    *c = (struct tb_chain_facts){ .present = true,
                                  .proved = true,
                                  .set = 'b',
                                  .fallback_code = "package.payload",
                                  .secure_boot = "on",
                                  .asset_tag = "rack\x1b[31m",
                                  .verdict = TB_CHAIN_PASS,
                                  .complete = true,
                                  .n_unused_metadata = 2,
                                  .n_vendors = 1,
                                  .vendor = { { 0xab } },
                                  .n_packages = 2 };
    c->package[0] = (struct tb_chain_package){ .name = "base",
                                               .version = "1.2",
                                               .security_version = UINT32_MAX,
                                               .kind = TB_PACKAGE_BASE,
                                               .checked = true,
                                               .verified = true,
                                               .level = TB_LEVEL_PARTNER,
                                               .signer_sha256 = { 0xcd },
                                               .signer = "CN=Signer",
                                               .vendor = "Example" };
    c->package[1] =
        (struct tb_chain_package){ .name = "x", .version = "1", .kind = TB_PACKAGE_SOFTWARE };
    return c;
}

static void the_packages_of_our_own_boot_chain_are_told(void **state)
{
    struct tb_chain_facts *c = chain_facts();
    json_t *o = tb_chain_json(c);
    const json_t *first = json_array_get(json_object_get(o, "packages"), 0);
    const json_t *second = json_array_get(json_object_get(o, "packages"), 1);

    (void)state;
    assert_string_equal(text_at(o, "set"), "b");
    assert_string_equal(text_at(o, "fallback"), "package.payload");
    assert_string_equal(text_at(o, "verifier"), "pass");
    assert_string_equal(text_at(o, "asset_tag"), "rack?[31m");
    assert_true(json_is_true(json_object_get(o, "proved")));
    assert_true(json_is_false(json_object_get(o, "rescue")));
    assert_int_equal(json_integer_value(json_object_get(o, "unused_metadata")), 2);
    assert_memory_equal(json_string_value(json_array_get(json_object_get(o, "vendors"), 0)), "ab00",
                        4);
    assert_string_equal(text_at(first, "name"), "base");
    assert_int_equal(json_integer_value(json_object_get(first, "security_version")), UINT32_MAX);
    assert_string_equal(text_at(first, "kind"), "base");
    assert_string_equal(text_at(first, "level"), "partner");
    assert_string_equal(text_at(first, "vendor"), "Example");
    assert_memory_equal(text_at(first, "signer_key"), "cd00", 4);
    assert_int_equal(json_array_size(json_object_get(o, "packages")), 2);
    for (size_t i = 0; i < 4; i++) /* of what nobody vouches for nothing is claimed */
        assert_true(json_is_null(json_object_get(
            second, ((const char *const[]){ "level", "vendor", "signer", "signer_key" })[i])));
    json_decref(o);
    c->present = false;
    o = tb_chain_json(c);
    assert_true(json_is_null(o));
    json_decref(o);
    free(c);
}

static void memory_that_runs_out_leaves_no_package_out(void **state)
{
    struct tb_chain_facts *c = chain_facts();
    json_t *full = tb_chain_json(c);
    unsigned last;

    (void)state;
    json_set_alloc_funcs(failing_malloc, free);
    n_alloc = fail_alloc = 0;
    json_decref(tb_chain_json(c));
    last = n_alloc;
    for (unsigned n = 1; n <= last; n++) {
        json_t *o;

        n_alloc = 0;
        fail_alloc = n;
        o = tb_chain_json(c);
        fail_alloc = 0;
        assert_true(o == NULL || json_equal(o, full));
        json_decref(o);
    }
    json_set_alloc_funcs(malloc, free);
    json_decref(full);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_packages_of_our_own_boot_chain_are_told),
        cmocka_unit_test(memory_that_runs_out_leaves_no_package_out),
        cmocka_unit_test(a_trusted_host_is_told_with_all_its_facts),
        cmocka_unit_test(a_mismatch_is_told_with_what_would_explain_it_and_stays_failed),
        cmocka_unit_test(a_failed_host_is_told_with_the_texts_of_the_table),
        cmocka_unit_test(the_headline_of_an_unknown_outcome_claims_no_fact),
        cmocka_unit_test(a_quote_that_is_not_genuine_has_no_facts),
        cmocka_unit_test(what_is_kept_is_no_quotes_own_and_the_memory_completes_it),
        cmocka_unit_test(t44_text_of_the_host_is_inert_and_numbers_fit),
        cmocka_unit_test(the_table_of_checks_is_complete_and_in_order),
        cmocka_unit_test(memory_that_runs_out_gives_nothing_rather_than_less),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
