/* Records and completion of Trueboot's own boot chain: each case is a good boot with one
 * thing changed, and names the check that must find it. */
#include "tests/unit/chain_world.h"

#include <stdlib.h>
#include <string.h>

/* ---- PCR 12 to 14: records, and nothing else ---- */

/* What root on the running host can do: extend behind the end. */
static void after_the_end(struct chain *c, uint32_t pcr, enum tb_record_kind kind, size_t nth)
{
    chain_add(c, pcr, &chain_find(c, kind, nth)->r);
}

static void package_after_the_end(struct chain *c)
{
    after_the_end(c, 13, TB_RECORD_PACKAGE, 2);
}

static void unexplained_is_told_only(struct chain *c)
{
    c->policy.severity[TB_CHECK_LOG_UNEXPLAINED] = TB_SEVERITY_INFORM;
}

static void set_after_the_end(struct chain *c)
{
    after_the_end(c, 12, TB_RECORD_SET, 0);
}

static void command_line_after_the_end(struct chain *c)
{
    after_the_end(c, 14, TB_RECORD_COMMAND_LINE, 0);
}

static void end_after_the_end(struct chain *c)
{
    after_the_end(c, 13, TB_RECORD_END, 0);
}

static void garbage_after_the_end(struct chain *c)
{
    chain_add(c, 12, &(struct tb_record){ 0 })->instead = S("anything at all");
}

static void garbage_before_the_end(struct chain *c)
{
    struct chain_event *e = chain_add(c, 13, &(struct tb_record){ 0 });

    e->instead = S("anything at all");
    chain_swap(e, chain_find(c, TB_RECORD_END, 1));
}

static void other_text_under_a_digest(struct chain *c)
{
    chain_find(c, TB_RECORD_ASSET_TAG, 0)->hashed = S("asset-tag of another machine");
}

static void record_in_another_pcr(struct chain *c)
{
    chain_find(c, TB_RECORD_ASSET_TAG, 0)->pcr = 13;
}

static void base_among_the_others(struct chain *c)
{
    chain_find(c, TB_RECORD_PACKAGE, 0)->pcr = 13;
}

static void other_in_the_place_of_the_base(struct chain *c)
{
    chain_find(c, TB_RECORD_PACKAGE, 2)->pcr = 12;
}

static void twice(struct chain *c)
{
    const struct tb_record r = chain_find(c, TB_RECORD_SECURE_BOOT, 0)->r;

    chain_swap(chain_add(c, 14, &r), chain_find(c, TB_RECORD_END, 2));
}

static void user_record_of_the_loader(struct chain *c)
{
    const struct tb_record r = chain_find(c, TB_RECORD_VERDICT, 0)->r;

    chain_swap(chain_add(c, 14, &r), chain_find(c, TB_RECORD_END, 2));
}

static void another_end(struct chain *c)
{
    chain_find(c, TB_RECORD_END, 1)->r.set = 'b';
}

static void another_begin(struct chain *c)
{
    chain_find(c, TB_RECORD_SET, 2)->r.set = 'b';
}

static void no_begin(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_SET, 1));
}

static void too_many(struct chain *c)
{
    const struct tb_record r = { .kind = TB_RECORD_UNCLAIMED, .text = S("/x") };

    chain_swap(chain_find(c, TB_RECORD_COMPLETE, 0), chain_find(c, TB_RECORD_VERDICT, 0));
    for (size_t i = 0; i < TB_CHAIN_RECORDS_MAX; i++)
        chain_swap(chain_add(c, 11, &r), chain_find(c, TB_RECORD_COMPLETE, 0));
}

static void b09_records_without_end_are_not_kept(void **state)
{
    const struct chain_change change = { "more than are kept", "package.unclaimed", NULL, too_many,
                                         NULL };
    struct chain *c = chain_changed(&change);

    (void)state;
    assert_int_equal(c->result.findings.outcome[TB_CHECK_BOOT_VERIFIER], TB_FAIL);
    chain_free(c);
}

#define N_ABOUT_PLACES 13 /* of these */

static void b09_nothing_but_records_in_their_places_is_explained(void **state)
{
    static const struct chain_change list[] = {
        { "a package behind the end", "log.unexplained", NULL, package_after_the_end, NULL },
        { "which no policy lowers", "log.unexplained", unexplained_is_told_only,
          package_after_the_end, NULL },
        { "a set behind the end", "log.unexplained", NULL, set_after_the_end, NULL },
        { "a command line behind the end", "log.unexplained", NULL, command_line_after_the_end,
          NULL },
        { "an end behind the end", "log.unexplained", NULL, end_after_the_end, NULL },
        { "garbage behind the end", "log.unexplained", NULL, garbage_after_the_end, NULL },
        { "garbage before the end", "log.unexplained", NULL, garbage_before_the_end, NULL },
        { "a digest of something else", "log.unexplained", NULL, other_text_under_a_digest, NULL },
        { "a record in another PCR", "log.unexplained", NULL, record_in_another_pcr, NULL },
        { "a base in PCR 13", "log.unexplained", NULL, base_among_the_others, NULL },
        { "another package in PCR 12", "log.unexplained", NULL, other_in_the_place_of_the_base,
          NULL },
        { "a record twice", "log.unexplained", NULL, twice, NULL },
        { "user space's in PCR 14", "log.unexplained", NULL, user_record_of_the_loader, NULL },
        { "an end of the other set", "log.unexplained", NULL, another_end, NULL },
        { "a begin of the other set", "log.unexplained", NULL, another_begin, NULL },
        { "no begin", "log.unexplained", NULL, no_begin, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct chain *c = chain_changed(&list[i]);

        /* But for the sets, which are compared later, PCR 12 to 14 are known not to be ours alone.
         */
        assert_int_equal(c->boot.chain.proved, i >= N_ABOUT_PLACES);
        chain_free(c);
    }
}

/* ---- B-10, B-11 ---- */

static size_t find_in_log(struct chain *c, const char *text)
{
    const uint8_t *p = memmem(c->log->bytes, c->log->len, text, strlen(text));

    assert_non_null(p);
    return (size_t)(p - c->log->bytes);
}

static void text_edited(struct chain *c)
{
    c->log->bytes[find_in_log(c, "rack 7") + 5] = '8';
}

static void tag_edited(struct chain *c)
{
    c->log->bytes[find_in_log(c, "asset-tag") - 8] ^= 0x40;
}

static void log_cut(struct chain *c)
{
    const struct log_item *item = log_find(c->log, 14, TB_EV_EVENT_TAG, 3);

    c->in.log.left = item->offset;
}

static void user_log_edited(struct chain *c)
{
    uint8_t *p = memmem(c->cel, c->cel_len, "verdict pass 3", 14);

    assert_non_null(p);
    p[13] = '2';
}

static void user_log_left_out(struct chain *c)
{
    c->in.user_log.left = 0;
}

static void user_log_cut(struct chain *c)
{
    c->in.user_log.left -= 7;
}

static void pcr_extended(struct chain *c, uint32_t pcr)
{
    static const uint8_t digest[TB_DIGEST_MAX] = { 7 };

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        assert_true(tb_pcr_extend(c->h, (enum tb_bank)b, c->quoted.value[b][pcr],
                                  tb_slice(digest, tb_bank_digest_len((enum tb_bank)b))));
}

static void pcr_11_extended(struct chain *c)
{
    pcr_extended(c, 11);
}

static void pcr_13_extended(struct chain *c)
{
    pcr_extended(c, 13);
}

static void pcr_14_not_quoted(struct chain *c)
{
    c->quoted.mask[TB_BANK_SHA256] &= ~(1u << 14);
}

static void pcr_11_not_quoted(struct chain *c)
{
    c->quoted.mask[TB_BANK_SHA512] &= ~(1u << 11);
}

static void b10_logs_that_were_edited_are_refused(void **state)
{
    static const struct chain_change list[] = {
        { "a record's text", "log.unexplained", NULL, NULL, text_edited },
        { "a record's tag", "log.unexplained", NULL, NULL, tag_edited },
        { "the log's end", "log.lost", NULL, NULL, log_cut },
        { "the user log", "log.format", NULL, NULL, user_log_edited },
        { "the user log's end", "log.format", NULL, NULL, user_log_cut },
        { "no user log", "boot.verifier", NULL, NULL, user_log_left_out },
        { "PCR 11 behind the log", "boot.verifier", NULL, NULL, pcr_11_extended },
        { "PCR 13 behind the log", "log.replay", NULL, NULL, pcr_13_extended },
        { "PCR 14 not quoted", "pcr.selection", NULL, NULL, pcr_14_not_quoted },
        { "PCR 11 not quoted in one bank", "pcr.selection", NULL, NULL, pcr_11_not_quoted },
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct chain *c = chain_changed(&list[i]);

        /* In the log of user space, or in a bank that is not relied on, it may be proved. */
        if (strcmp(list[i].code, "log.unexplained") == 0 || strcmp(list[i].code, "log.lost") == 0 ||
            strcmp(list[i].code, "log.replay") == 0)
            assert_false(c->boot.chain.proved);
        if (strcmp(list[i].code, "log.replay") == 0) /* what is not known is not judged */
            assert_int_equal(c->boot.findings.outcome[TB_CHECK_PACKAGE_UNCLAIMED], TB_NOT_CHECKED);
        chain_free(c);
    }
}

static void lost(struct chain *c)
{
    const struct tb_record r = { .kind = TB_RECORD_LOST };

    chain_swap(chain_add(c, 14, &r), chain_find(c, TB_RECORD_END, 2));
}

static void no_end(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_END, 2));
}

static void no_end_in_12(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_END, 0));
}

static void lost_is_told_only(struct chain *c)
{
    c->policy.severity[TB_CHECK_LOG_LOST] = TB_SEVERITY_INFORM;
}

static void lost_and_unproved(struct chain *c)
{
    pcr_extended(c, 14);
}

static void b11_a_full_log_is_told_and_never_trusted(void **state)
{
    static const struct chain_change list[] = {
        { "events were lost", "log.lost", NULL, lost, NULL },
        { "and PCR 14 has more", "log.lost", NULL, lost, lost_and_unproved },
        { "no end in PCR 14", "log.lost", NULL, no_end, NULL },
        { "no end in PCR 12", "log.lost", NULL, no_end_in_12, NULL },
        { "which is never ignored", "log.unexplained", lost_is_told_only, no_end_in_12, NULL },
    };

    (void)state;
    RUN(list);
}

/* ---- PCR 11 ---- */

static void verdict_fails(struct chain *c)
{
    struct tb_record *r = &chain_find(c, TB_RECORD_VERDICT, 0)->r;

    r->code = S("fail");
    r->faults = 1;
}

/* What root can do behind a verdict that he does not like. */
static void verdict_fails_and_another_passes(struct chain *c)
{
    const struct tb_record good = chain_find(c, TB_RECORD_VERDICT, 0)->r;

    verdict_fails(c);
    chain_swap(chain_add(c, 11, &good), chain_find(c, TB_RECORD_COMPLETE, 0));
}

static void verdict_fails_and_all_again(struct chain *c)
{
    const size_t n = c->n;

    verdict_fails(c);
    chain_remove(c, chain_find(c, TB_RECORD_COMPLETE, 0));
    for (size_t i = 0; i < n - 1; i++)
        if (c->event[i].r.kind == TB_RECORD_CHECKED)
            chain_add(c, 11, &c->event[i].r);
    chain_add(c, 11,
              &(struct tb_record){ .kind = TB_RECORD_VERDICT, .code = S("pass"), .size = 3 });
    chain_add(c, 11, &(struct tb_record){ .kind = TB_RECORD_COMPLETE });
}

static void no_verdict(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_VERDICT, 0));
    chain_remove(c, chain_find(c, TB_RECORD_COMPLETE, 0));
}

static void verdict_missing_before_the_end(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_VERDICT, 0));
}

static void verdict_on_fewer(struct chain *c)
{
    chain_find(c, TB_RECORD_VERDICT, 0)->r.size = 2;
}

static void one_not_checked(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_CHECKED, 2));
    chain_find(c, TB_RECORD_VERDICT, 0)->r.size = 2;
}

static void checked_is_another(struct chain *c)
{
    chain_find(c, TB_RECORD_CHECKED, 2)->r.sha512[0] ^= 1;
}

static void checked_version_is_another(struct chain *c)
{
    chain_find(c, TB_RECORD_CHECKED, 2)->r.security_version++;
}

static void checked_twice(struct chain *c)
{
    chain_find(c, TB_RECORD_CHECKED, 2)->r = chain_find(c, TB_RECORD_CHECKED, 1)->r;
}

static void checked_twice_and_all_else(struct chain *c)
{
    const struct tb_record r = chain_find(c, TB_RECORD_CHECKED, 1)->r;

    chain_find(c, TB_RECORD_VERDICT, 0)->r.size = 4;
    chain_swap(chain_find(c, TB_RECORD_COMPLETE, 0), chain_find(c, TB_RECORD_VERDICT, 0));
    chain_swap(chain_add(c, 11, &r), chain_find(c, TB_RECORD_COMPLETE, 0));
}

static void verdict_fails_without_faults(struct chain *c)
{
    chain_find(c, TB_RECORD_VERDICT, 0)->r.code = S("fail");
}

static void checked_and_failed(struct chain *c)
{
    chain_find(c, TB_RECORD_CHECKED, 2)->r.code = S("package.payload");
}

static void checked_with_an_unknown_code(struct chain *c)
{
    chain_find(c, TB_RECORD_CHECKED, 2)->r.code = S("no.such-code");
}

static void checked_behind_the_verdict(struct chain *c)
{
    struct chain_event *checked = chain_find(c, TB_RECORD_CHECKED, 2);

    chain_swap(checked, chain_find(c, TB_RECORD_VERDICT, 0));
}

static void unclaimed(struct chain *c)
{
    const struct tb_record r = { .kind = TB_RECORD_UNCLAIMED, .text = S("/trueboot/a/x.txt") };
    struct chain_event *complete = chain_find(c, TB_RECORD_COMPLETE, 0), *last;

    last = chain_add(c, 11, &r);
    chain_swap(last, complete);
    chain_swap(complete, chain_find(c, TB_RECORD_VERDICT, 0));
}

static void unclaimed_behind_the_verdict(struct chain *c)
{
    const struct tb_record r = { .kind = TB_RECORD_UNCLAIMED, .text = S("/trueboot/a/x.txt") };

    chain_swap(chain_add(c, 11, &r), chain_find(c, TB_RECORD_COMPLETE, 0));
}

static void rescue(struct chain *c)
{
    const struct tb_record r = { .kind = TB_RECORD_RESCUE };

    chain_swap(chain_add(c, 11, &r), chain_find(c, TB_RECORD_COMPLETE, 0));
}

static void rescue_behind_the_end(struct chain *c)
{
    chain_add(c, 11, &(struct tb_record){ .kind = TB_RECORD_RESCUE });
}

static void not_complete(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_COMPLETE, 0));
}

static void of_the_firmware_log(struct chain *c)
{
    for (size_t i = 0; i < c->n; i++)
        c->event[i].in_firmware_log = true;
}

static void garbage_of_the_firmware_log(struct chain *c)
{
    struct chain_event *e = chain_add(c, 11, &(struct tb_record){ 0 });

    e->instead = S(".cmdline");
    e->in_firmware_log = true;
}

static void other_text_in_the_user_log(struct chain *c)
{
    chain_find(c, TB_RECORD_CHECKED, 1)->hashed = S("checked otherwise");
}

static void loader_record_in_the_user_log(struct chain *c)
{
    chain_find(c, TB_RECORD_COMPLETE, 0)->r =
        (struct tb_record){ .kind = TB_RECORD_ASSET_TAG, .text = S("x") };
}

static void b04_b05_the_secure_boot_verifiers_verdict_stands(void **state)
{
    static const struct chain_change list[] = {
        { "fails", "boot.verifier", NULL, verdict_fails, NULL },
        { "fails, and a second one passes", "boot.verifier", NULL, verdict_fails_and_another_passes,
          NULL },
        { "fails, and everything passes again", "boot.verifier", NULL, verdict_fails_and_all_again,
          NULL },
        { "none", "boot.verifier", NULL, no_verdict, NULL },
        { "none, and an end", "boot.verifier", NULL, verdict_missing_before_the_end, NULL },
        { "on fewer packages", "boot.verifier", NULL, verdict_on_fewer, NULL },
        { "one package left out", "boot.verifier", NULL, one_not_checked, NULL },
        { "another package", "boot.verifier", NULL, checked_is_another, NULL },
        { "another version", "boot.verifier", NULL, checked_version_is_another, NULL },
        { "one package twice", "boot.verifier", NULL, checked_twice, NULL },
        { "one package once more", "boot.verifier", NULL, checked_twice_and_all_else, NULL },
        { "fails, and tells of no fault", "boot.verifier", NULL, verdict_fails_without_faults,
          NULL },
        { "a package failed", "package.payload", NULL, checked_and_failed, NULL },
        { "for a code that nobody knows", "boot.verifier", NULL, checked_with_an_unknown_code,
          NULL },
        { "a package behind it", "boot.verifier", NULL, checked_behind_the_verdict, NULL },
        { "a file that no package claims", "package.unclaimed", NULL, unclaimed, NULL },
        { "such a file behind it", "boot.verifier", NULL, unclaimed_behind_the_verdict, NULL },
        { "a rescue shell", "settings.rescue", NULL, rescue, NULL },
        { "a rescue shell behind the end", "boot.verifier", NULL, rescue_behind_the_end, NULL },
        { "not complete", "boot.complete", NULL, not_complete, NULL },
        { "in the firmware's log", "", NULL, of_the_firmware_log, NULL },
        { "other things in PCR 11", "boot.verifier", NULL, garbage_of_the_firmware_log, NULL },
        { "a digest of something else", "log.format", NULL, other_text_in_the_user_log, NULL },
        { "a record of the loader", "log.format", NULL, loader_record_in_the_user_log, NULL },
    };

    (void)state;
    RUN(list);
}

/* ---- who is on the chain ---- */

static struct chain *other_chain(void)
{
    struct chain *c = chain_new();

    chain_firmware(c);
    c->n = 0;
    chain_rest(c);
    c->in.user_log.left = c->in.packages.left = 0;
    return c;
}

static void a_host_of_another_chain_is_not_asked(void **state)
{
    struct chain *c = other_chain();

    (void)state;
    c->policy.packages.n_vendors = 0;
    chain_appraise(c);
    chain_expect(c, TB_VERDICT_TRUSTED, "");
    assert_false(c->boot.chain.present);
    assert_int_equal(c->boot.chain.n_packages, 0);
    chain_free(c);
}

static void b09_a_policy_with_vendors_asks_every_host_for_the_chain(void **state)
{
    struct chain *c = other_chain();

    (void)state;
    chain_appraise(c);
    chain_expect(c, TB_VERDICT_FAILED, "loader.unclaimed");
    assert_int_equal(c->result.findings.outcome[TB_CHECK_PACKAGE_REQUIRED], TB_FAIL);
    assert_int_equal(c->result.findings.outcome[TB_CHECK_BOOT_VERIFIER], TB_FAIL);
    assert_int_equal(c->result.findings.outcome[TB_CHECK_LOG_LOST], TB_PASS);
    chain_free(c);
}

/* Root of a stock host adds records to look like one of ours. */
static void b09_who_claims_the_chain_is_held_to_it(void **state)
{
    struct chain *c = chain_new();

    (void)state;
    c->policy.packages.n_vendors = 0;
    chain_run(c);
    chain_expect(c, TB_VERDICT_FAILED, "loader.unclaimed");
    chain_free(c);

    c = other_chain(); /* by its user log alone */
    c->policy.packages.n_vendors = 0;
    chain_appraise(c);
    chain_expect(c, TB_VERDICT_TRUSTED, "");
    c->in.user_log = S("x");
    chain_appraise(c);
    chain_expect(c, TB_VERDICT_FAILED, "log.format");
    chain_free(c);
}

/* T-10: each of these checks alone decides, and is looked at. */
static void t10_each_check_of_the_chain_flips_the_verdict_alone(void **state)
{
    static const enum tb_check checks[] = {
        TB_CHECK_LOG_LOST,          TB_CHECK_LOADER_UNCLAIMED,  TB_CHECK_PACKAGE_FORMAT,
        TB_CHECK_PACKAGE_SIGNATURE, TB_CHECK_PACKAGE_LEVEL,     TB_CHECK_PACKAGE_REVOKED,
        TB_CHECK_PACKAGE_PAYLOAD,   TB_CHECK_PACKAGE_UNCLAIMED, TB_CHECK_PACKAGE_ROLLED_BACK,
        TB_CHECK_PACKAGE_DUPLICATE, TB_CHECK_PACKAGE_RELATION,  TB_CHECK_PACKAGE_REQUIRED,
        TB_CHECK_UNSIGNED_OPTION,   TB_CHECK_FALLBACK,          TB_CHECK_RESCUE,
        TB_CHECK_BOOT_VERIFIER,     TB_CHECK_BOOT_COMPLETE,     TB_CHECK_LOADER_DRIVER,
    };
    struct chain *c = chain_new();

    (void)state;
    chain_run(c);
    chain_expect(c, TB_VERDICT_TRUSTED, "");
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        for (int outcome = TB_NOT_CHECKED; outcome < TB_N_OUTCOMES; outcome++) {
            assert_int_equal(c->boot.findings.outcome[checks[i]], TB_PASS);
            c->boot.findings.outcome[checks[i]] = (enum tb_outcome)outcome;
            tb_conclude(&c->quote, &c->boot, &c->policy, &c->result);
            assert_int_equal(c->result.verdict == TB_VERDICT_TRUSTED, outcome == TB_PASS);
            if (outcome != TB_PASS)
                assert_int_equal(c->result.headline, checks[i]);
            c->boot.findings.outcome[checks[i]] = TB_PASS;
        }
    chain_free(c);
}

/* Bytes of the user log and of the metadata: changed, the boot is not trusted, or says the same.
 */
static void t55_bytes_of_the_evidence_that_are_changed_say_nothing_else(void **state)
{
    struct chain *c = chain_new();
    struct tb_chain_facts good;

    (void)state;
    chain_run(c);
    good = c->boot.chain;
    for (size_t i = 0; i < c->cel_len + c->metadata_len; i += 53) {
        uint8_t *p = i < c->cel_len ? &c->cel[i] : &c->metadata[i - c->cel_len];

        *p ^= 1;
        chain_appraise(c);
        if (c->result.verdict == TB_VERDICT_TRUSTED)
            assert_memory_equal(&c->boot.chain, &good, sizeof good);
        *p ^= 1;
    }
    chain_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(b09_nothing_but_records_in_their_places_is_explained),
        cmocka_unit_test(b09_records_without_end_are_not_kept),
        cmocka_unit_test(b10_logs_that_were_edited_are_refused),
        cmocka_unit_test(b11_a_full_log_is_told_and_never_trusted),
        cmocka_unit_test(b04_b05_the_secure_boot_verifiers_verdict_stands),
        cmocka_unit_test(a_host_of_another_chain_is_not_asked),
        cmocka_unit_test(b09_a_policy_with_vendors_asks_every_host_for_the_chain),
        cmocka_unit_test(b09_who_claims_the_chain_is_held_to_it),
        cmocka_unit_test(t10_each_check_of_the_chain_flips_the_verdict_alone),
        cmocka_unit_test(t55_bytes_of_the_evidence_that_are_changed_say_nothing_else),
    };

    return cmocka_run_group_tests(tests, chain_vendors_make, chain_vendors_free);
}
