/* Group 8 on Trueboot's own boot chain: each case is a good boot with one thing changed, and
 * names the check that must find it. */
#include "tests/unit/chain_world.h"

#include <stdlib.h>
#include <string.h>

/* ---- what is signed, and by whom ---- */

static void foreign_signer(struct chain *c)
{
    c->package[HELLO].by = chain_foreign_vendor;
}

static void weak_signer(struct chain *c)
{
    c->package[HELLO].by = chain_weak_vendor;
}

static void weak_signer_of_a_weak_package(struct chain *c)
{
    c->package[HELLO].by = chain_weak_vendor;
    c->package[HELLO].m.level = TB_LEVEL_COMMUNITY;
    c->package[HELLO].m.payload[0].kind = TB_PAYLOAD_FILE;
}

static void weak_package_comes_early(struct chain *c)
{
    weak_signer_of_a_weak_package(c);
    c->package[HELLO].m.payload[0].kind = TB_PAYLOAD_INITRD;
}

static void package_before_the_base_comes_early(struct chain *c)
{
    const struct chain_package base = c->package[BASE];

    c->package[HELLO].m.level = TB_LEVEL_PARTNER;
    c->package[BASE] = c->package[HELLO];
    c->package[HELLO] = base;
}

static void policy_asks_for_more(struct chain *c)
{
    c->policy.packages.level = TB_LEVEL_CERTIFIED;
}

static void command_line_asks_for_what_all_have(struct chain *c)
{
    c->signed_options = "trueboot.level=accepted quiet";
}

static void command_line_asks_for_more(struct chain *c)
{
    c->signed_options = "quiet trueboot.level=accepted";
    weak_signer_of_a_weak_package(c);
}

static void command_line_asks_for_more_than_the_base(struct chain *c)
{
    c->signed_options = "trueboot.level=accepted trueboot.level=certified";
}

static void command_line_asks_for_less_than_the_policy(struct chain *c)
{
    command_line_asks_for_more(c);
    c->signed_options = "trueboot.level=community";
    c->policy.packages.level = TB_LEVEL_ACCEPTED;
}

/* The signed command line of a base package that was not measured. */
static void command_line_of_another_base(struct chain *c)
{
    struct chain_package *p = &c->package[c->n_packages++];

    *p = c->package[BASE];
    p->measured = false;
    p->m.version = S("3.0");
    p->m.n_options = 1;
    p->m.option[0] = (struct tb_package_option){ S("cmdline"), S("trueboot.level=certified") };
}

static void sent_in_another_order(struct chain *c)
{
    const size_t first = c->package[BASE].head_len;

    memmove(c->metadata, c->metadata + first, c->metadata_len - first);
    memcpy(c->metadata + c->metadata_len - first, c->package[BASE].head, first);
}

static void no_vendors(struct chain *c)
{
    c->policy.packages.n_vendors = 0;
}

/* A byte of the metadata of the nth package, `at` bytes from its beginning. */
static void flip(struct chain *c, size_t nth, size_t at)
{
    size_t from = 0;

    for (size_t i = 0; i < nth; i++)
        from += c->package[i].head_len;
    assert_true(at < c->package[nth].head_len);
    c->metadata[from + at] ^= 1;
}

static size_t signature_at(const struct chain *c, size_t nth)
{
    return (size_t)tb_member_len(c->package[nth].manifest_text.left) + TB_BLOCK_LEN;
}

static size_t text_at(const struct chain *c, size_t nth, const char *text)
{
    const struct tb_reader m = c->package[nth].manifest_text;
    const uint8_t *p = memmem(m.p, m.left, text, strlen(text));

    assert_non_null(p);
    return (size_t)(p - m.p) + TB_BLOCK_LEN;
}

static void signature_changed(struct chain *c)
{
    const size_t len = c->package[HELLO].head_len - signature_at(c, HELLO);
    size_t last = len;

    while (c->package[HELLO].head[signature_at(c, HELLO) + last - 1] == 0)
        last--; /* padding; the value of the signature stands last */
    flip(c, HELLO, signature_at(c, HELLO) + last - 5);
}

static void signature_malformed(struct chain *c)
{
    flip(c, HELLO, signature_at(c, HELLO));
}

static void put_revocations(struct chain *c, const char *lines)
{
    struct tb_policy_packages *p = &c->policy.packages;
    char list[1024];

    snprintf(list, sizeof list,
             "trueboot-revocations 1\nserial 1\nissued 2026-01-31T23:59:59Z\n%send\n", lines);
    p->revocations = (struct tb_policy_bytes){ (uint32_t)p->n_bytes, (uint32_t)strlen(list) };
    memcpy(p->bytes + p->n_bytes, list, strlen(list));
    p->n_bytes += strlen(list);
}

static void signer_revoked(struct chain *c)
{
    struct tb_reader certs[4];
    char line[128], hex[65];
    uint8_t digest[32];

    assert_true(tb_code_key_chain(chain_weak_vendor->key, certs) > 0);
    assert_true(tb_code_cert_key(certs[0], digest));
    tb_hex(tb_slice(digest, 32), hex, sizeof hex);
    snprintf(line, sizeof line, "signer %s\n", hex);
    weak_signer_of_a_weak_package(c);
    put_revocations(c, line);
}

static void package_revoked(struct chain *c)
{
    put_revocations(c, "package hello 5\n");
}

static void older_package_revoked(struct chain *c)
{
    put_revocations(c, "package hello 4\n");
}

static void payload_revoked(struct chain *c)
{
    char line[256], hex[129];

    tb_hex(tb_slice(c->package[HELLO].m.payload[1].sha512, 64), hex, sizeof hex);
    snprintf(line, sizeof line, "digest %s\n", hex);
    put_revocations(c, line);
}

static void t54_b08_a_package_needs_a_signer_whom_the_policy_trusts(void **state)
{
    static const struct chain_change list[] = {
        { "a good boot", "", NULL, NULL, NULL },
        { "foreign signer", "package.signature", foreign_signer, NULL, NULL },
        { "a signature's byte", "package.signature", NULL, NULL, signature_changed },
        { "a signature that is none", "package.format", NULL, NULL, signature_malformed },
        { "a signer for less than the package claims", "package.level", weak_signer, NULL, NULL },
        { "the same signer for as much", "", weak_signer_of_a_weak_package, NULL, NULL },
        { "an initrd of less", "package.level", weak_package_comes_early, NULL, NULL },
        { "the same, measured before the base", "package.level",
          package_before_the_base_comes_early, NULL, NULL },
        { "a level below the policy's", "loader.unclaimed", policy_asks_for_more, NULL, NULL },
        { "a policy without vendors", "loader.unclaimed", no_vendors, NULL, NULL },
        { "a revoked signer", "package.revoked", signer_revoked, NULL, NULL },
        { "a revoked version", "package.revoked", package_revoked, NULL, NULL },
        { "an older one revoked", "", older_package_revoked, NULL, NULL },
        { "a revoked payload", "package.revoked", payload_revoked, NULL, NULL },
    };

    (void)state;
    RUN(list);
}

static void t54_b08_the_signed_command_line_asks_for_a_level_as_the_policy_does(void **state)
{
    static const struct chain_change list[] = {
        { "what all have", "", command_line_asks_for_what_all_have, NULL, NULL },
        { "more", "package.level", command_line_asks_for_more, NULL, NULL },
        { "more, the base sent last", "package.level", command_line_asks_for_more, NULL,
          sent_in_another_order },
        { "more than the base has", "loader.unclaimed", command_line_asks_for_more_than_the_base,
          NULL, NULL },
        { "less than the policy", "package.level", command_line_asks_for_less_than_the_policy, NULL,
          NULL },
        { "of a base that was not measured", "", command_line_of_another_base, NULL, NULL },
    };

    (void)state;
    RUN(list);
}

/* ---- what is measured, and what the metadata says ---- */

static void left_out(struct chain *c)
{
    c->package[HELLO].sent = false;
}

/* Of what is not loaded early, only the record of the package tells. */
static void left_out_without_modules(struct chain *c)
{
    c->package[HELLO].m.payload[0].kind = TB_PAYLOAD_FILE;
    c->package[HELLO].sent = false;
}

static void none_sent(struct chain *c)
{
    c->in.packages.left = 0;
}

static void cut(struct chain *c)
{
    c->in.packages.left--;
}

static void manifest_changed(struct chain *c)
{
    flip(c, HELLO, text_at(c, HELLO, "Example Inc."));
}

static void not_measured(struct chain *c)
{
    c->package[HELLO].measured = false;
}

static void sent_twice(struct chain *c)
{
    const size_t len = c->metadata_len, first = c->package[BASE].head_len;

    memcpy(c->metadata + len, c->metadata, first);
    c->in.packages.left = len + first;
}

/* Another package of the same name and version, as well signed, is put in place of the measured. */
static void replaced(struct chain *c)
{
    static struct test_package built;
    size_t from = c->package[BASE].head_len + c->package[LOADER].head_len;

    c->package[HELLO].m.vendor = S("Example Ltd.");
    test_package_head(&built, test_manifest_text(&c->package[HELLO].m), chain_vendor, NULL,
                      PACKAGE_NOW_S);
    memcpy(c->metadata + from, built.bytes, built.len);
    c->in.packages.left = from + built.len;
}

static void t54_t55_metadata_is_that_of_what_was_measured(void **state)
{
    static const struct chain_change list[] = {
        { "left out", "package.unclaimed", left_out, NULL, NULL },
        { "left out, of a late package", "package.unclaimed", left_out_without_modules, NULL,
          NULL },
        { "none at all", "loader.unclaimed", NULL, NULL, none_sent },
        { "cut", "package.format", NULL, NULL, cut },
        { "a byte of a manifest", "package.unclaimed", NULL, NULL, manifest_changed },
        { "replaced after the quote", "package.unclaimed", NULL, NULL, replaced },
        { "of a package that was not measured", "", not_measured, NULL, NULL },
        { "sent twice", "", NULL, NULL, sent_twice },
        { "in another order", "", NULL, NULL, sent_in_another_order },
    };

    (void)state;
    RUN(list);
}

static void t54_metadata_that_no_record_names_is_no_evidence(void **state)
{
    struct chain *c = chain_new();

    (void)state;
    c->package[HELLO].measured = false;
    chain_run(c);
    assert_int_equal(c->boot.chain.n_unused_metadata, 1);
    assert_int_equal(c->boot.chain.n_packages, 2);
    chain_free(c);
}

static void module_digest_512(struct chain *c)
{
    chain_find(c, TB_RECORD_MODULE, 0)->r.sha512[0] ^= 1;
}

static void module_digest_256(struct chain *c)
{
    chain_find(c, TB_RECORD_MODULE, 1)->r.sha256[31] ^= 1;
}

static void module_size(struct chain *c)
{
    chain_find(c, TB_RECORD_MODULE, 3)->r.size++;
}

static void module_kind(struct chain *c)
{
    chain_find(c, TB_RECORD_MODULE, 0)->r.payload_kind = TB_PAYLOAD_INITRD;
}

static void module_of_no_payload(struct chain *c)
{
    chain_find(c, TB_RECORD_MODULE, 3)->r.file = S("other.cpio");
}

static void module_of_no_package(struct chain *c)
{
    chain_find(c, TB_RECORD_MODULE, 3)->r.name = S("nobody");
}

static void module_of_another_version(struct chain *c)
{
    chain_find(c, TB_RECORD_MODULE, 3)->r.version = S("2.0");
}

static void module_more(struct chain *c)
{
    const struct chain_event module = *chain_find(c, TB_RECORD_MODULE, 3);
    struct chain_event *end = chain_find(c, TB_RECORD_END, 1), *last;

    last = chain_add(c, 13, &module.r);
    last->r.file = S("more.cpio");
    chain_swap(last, end);
}

static void module_twice(struct chain *c)
{
    const struct chain_event module = *chain_find(c, TB_RECORD_MODULE, 3);

    chain_swap(chain_add(c, 13, &module.r), chain_find(c, TB_RECORD_END, 1));
}

static void module_missing(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_MODULE, 2));
}

static void late_module_measured(struct chain *c)
{
    const struct tb_payload *p = &c->package[HELLO].m.payload[1];
    struct chain_event *e = chain_find(c, TB_RECORD_MODULE, 3);

    e->r.payload_kind = p->kind;
    e->r.file = p->name;
    e->r.size = p->size;
    memcpy(e->r.sha512, p->sha512, 64);
    memcpy(e->r.sha256, p->sha256, 32);
}

static void t54_b03_each_module_is_a_payload_and_each_early_payload_is_measured(void **state)
{
    static const struct chain_change list[] = {
        { "SHA-512", "package.payload", NULL, module_digest_512, NULL },
        { "SHA-256", "package.payload", NULL, module_digest_256, NULL },
        { "size", "package.payload", NULL, module_size, NULL },
        { "kind", "package.payload", NULL, module_kind, NULL },
        { "missing", "package.payload", NULL, module_missing, NULL },
        { "twice", "package.payload", NULL, module_twice, NULL },
        { "a late one early", "package.payload", NULL, late_module_measured, NULL },
        { "of no payload", "package.payload", NULL, module_of_no_payload, NULL },
        { "of no package", "package.payload", NULL, module_of_no_package, NULL },
        { "of another version", "package.payload", NULL, module_of_another_version, NULL },
        { "one more", "package.unclaimed", NULL, module_more, NULL },
    };

    (void)state;
    RUN(list);
}

static void package_digest(struct chain *c)
{
    chain_find(c, TB_RECORD_PACKAGE, 2)->r.sha512[5] ^= 1;
}

static void package_digest_256(struct chain *c)
{
    chain_find(c, TB_RECORD_PACKAGE, 2)->r.sha256[5] ^= 1;
}

static void package_size(struct chain *c)
{
    chain_find(c, TB_RECORD_PACKAGE, 2)->r.size++;
}

static void package_version(struct chain *c)
{
    chain_find(c, TB_RECORD_PACKAGE, 2)->r.version = S("9.9");
}

static void package_security_version(struct chain *c)
{
    chain_find(c, TB_RECORD_PACKAGE, 2)->r.security_version = 9;
}

static void package_name(struct chain *c)
{
    chain_find(c, TB_RECORD_PACKAGE, 2)->r.name = S("other");
}

static void package_kind(struct chain *c)
{
    struct chain_event *e = chain_find(c, TB_RECORD_PACKAGE, 0);

    e->pcr = 13;
    e->r.package_kind = TB_PACKAGE_SOFTWARE;
}

static void packages_without_end(struct chain *c)
{
    static char names[TB_SET_PACKAGES_MAX][8];
    struct tb_record r = chain_find(c, TB_RECORD_PACKAGE, 2)->r;

    for (size_t i = 0; i < TB_SET_PACKAGES_MAX - 2; i++) {
        snprintf(names[i], sizeof names[i], "p%zu", i);
        r.name = S(names[i]);
        chain_swap(chain_add(c, 13, &r), chain_find(c, TB_RECORD_END, 1));
    }
}

static void t54_a_record_of_a_package_says_what_the_manifest_says(void **state)
{
    static const struct chain_change list[] = {
        { "SHA-512", "package.unclaimed", NULL, package_digest, NULL },
        { "SHA-256", "package.unclaimed", NULL, package_digest_256, NULL },
        { "size", "package.unclaimed", NULL, package_size, NULL },
        { "version", "package.unclaimed", NULL, package_version, NULL },
        { "security version", "package.unclaimed", NULL, package_security_version, NULL },
        { "name", "package.unclaimed", NULL, package_name, NULL },
        { "kind", "package.unclaimed", NULL, package_kind, NULL },
        { "more packages than a set has", "package.format", NULL, packages_without_end, NULL },
    };

    (void)state;
    RUN(list);
}

/* ---- versions, sets ---- */

static void policy_minimum(struct chain *c)
{
    assert_true(tb_minimum_raise(&c->policy.packages.minimum, S("hello"), 6));
}

static void policy_minimum_reached(struct chain *c)
{
    assert_true(tb_minimum_raise(&c->policy.packages.minimum, S("hello"), 5));
    assert_true(tb_minimum_raise(&c->versions, S("base"), 5));
    assert_true(tb_minimum_raise(&c->versions, S("gone"), 50));
}

static void host_had_more(struct chain *c)
{
    assert_true(tb_minimum_raise(&c->versions, S("base"), 6));
}

static void t54_b07_an_older_package_is_rolled_back(void **state)
{
    static const struct chain_change list[] = {
        { "the policy's minimum", "package.rolled-back", policy_minimum, NULL, NULL },
        { "the host's own", "package.rolled-back", host_had_more, NULL, NULL },
        { "both reached", "", policy_minimum_reached, NULL, NULL },
    };

    (void)state;
    RUN(list);
}

static void b07_what_a_host_was_trusted_with_is_remembered_and_never_lowered(void **state)
{
    struct chain *c = chain_new();

    (void)state;
    assert_true(tb_minimum_raise(&c->versions, S("hello"), 3));
    chain_run(c);
    assert_true(tb_versions_remember(&c->boot, &c->versions));
    assert_int_equal(c->versions.n, 3);
    assert_int_equal(tb_minimum_of(&c->versions, S("hello")), 5);
    assert_false(tb_versions_remember(&c->boot, &c->versions));
    c->boot.chain.package[0].security_version = 1;
    assert_false(tb_versions_remember(&c->boot, &c->versions));
    assert_int_equal(tb_minimum_of(&c->versions, S("base")), 5);
    chain_free(c);
}

static void b07_packages_of_the_boot_are_remembered_where_64_others_were(void **state)
{
    struct chain *c = chain_new();
    char name[16];

    (void)state;
    for (unsigned i = 0; i < TB_SET_PACKAGES_MAX; i++) {
        snprintf(name, sizeof name, "an-old%02u", i);
        assert_true(tb_minimum_raise(&c->versions, S(name), 1));
    }
    chain_run(c);
    assert_true(tb_versions_remember(&c->boot, &c->versions));
    assert_int_equal(c->versions.n, TB_SET_PACKAGES_MAX);
    assert_int_equal(tb_minimum_of(&c->versions, S("hello")), 5);
    assert_int_equal(tb_minimum_of(&c->versions, S("base")), 5);
    assert_int_equal(tb_minimum_of(&c->versions, S("an-old63")), 1);
    chain_free(c);
}

static struct tb_manifest *one_more(struct chain *c, size_t like)
{
    struct chain_package *p = &c->package[c->n_packages++];

    *p = c->package[like];
    return &p->m;
}

static void same_name(struct chain *c)
{
    one_more(c, HELLO)->version = S("2.0");
}

static void same_package(struct chain *c)
{
    one_more(c, HELLO);
}

static void two_bases(struct chain *c)
{
    one_more(c, BASE)->name = S("other-base");
}

static void no_base(struct chain *c)
{
    c->package[BASE].measured = false;
}

static void one_required(struct chain *c)
{
    c->policy.packages.n_required = 1;
    snprintf(c->policy.packages.required[0], sizeof c->policy.packages.required[0], "hello");
}

static void another_required(struct chain *c)
{
    one_required(c);
    c->package[HELLO].measured = false;
}

static void t54_a_set_has_each_package_once_and_those_that_are_required(void **state)
{
    static const struct chain_change list[] = {
        { "another version of the same name", "package.duplicate", same_name, NULL, NULL },
        { "the same package twice", "package.payload", same_package, NULL, NULL },
        { "two bases", "package.duplicate", two_bases, NULL, NULL },
        { "no base", "package.required", no_base, NULL, NULL },
        { "one that is required", "", one_required, NULL, NULL },
        { "one that is required and not there", "package.required", another_required, NULL, NULL },
    };

    (void)state;
    RUN(list);
}

static void put_relation(struct tb_relation *list, size_t *n, const char *name, uint32_t version)
{
    list[(*n)++] = (struct tb_relation){ S(name), version };
}

static void requires_one(struct chain *c)
{
    struct tb_manifest *m = &c->package[HELLO].m;

    put_relation(m->requires, &m->n_requires, "base", 5);
    put_relation(m->conflicts, &m->n_conflicts, "base", 6);
    put_relation(m->conflicts, &m->n_conflicts, "gone", 0);
}

static void requires_none(struct chain *c)
{
    struct tb_manifest *m = &c->package[HELLO].m;

    put_relation(m->requires, &m->n_requires, "gone", 0);
}

static void requires_newer(struct chain *c)
{
    struct tb_manifest *m = &c->package[HELLO].m;

    put_relation(m->requires, &m->n_requires, "base", 6);
}

static void conflicts(struct chain *c)
{
    struct tb_manifest *m = &c->package[HELLO].m;

    put_relation(m->conflicts, &m->n_conflicts, "base", 5);
}

static void t54_packages_have_what_they_require_and_no_conflict(void **state)
{
    static const struct chain_change list[] = {
        { "all is there", "", requires_one, NULL, NULL },
        { "not there", "package.relation", requires_none, NULL, NULL },
        { "too old", "package.relation", requires_newer, NULL, NULL },
        { "a conflict", "package.relation", conflicts, NULL, NULL },
    };

    (void)state;
    RUN(list);
}

/* ---- signers, vendors ---- */

static void signer_told_is_another(struct chain *c)
{
    chain_find(c, TB_RECORD_SIGNER, 1)->r.sha256[0] ^= 1;
}

static void signer_not_told(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_SIGNER, 2));
}

static void vendor_more(struct chain *c)
{
    chain_find(c, TB_RECORD_VENDOR, 1)->r.sha256[0] ^= 1;
}

static void vendors_none(struct chain *c)
{
    chain_remove(c, chain_find(c, TB_RECORD_VENDOR, 0));
    chain_remove(c, chain_find(c, TB_RECORD_VENDOR, 0));
}

static void vendors_many(struct chain *c)
{
    const struct tb_record r = chain_find(c, TB_RECORD_VENDOR, 0)->r;

    for (size_t i = 0; i < TB_CHAIN_VENDORS_MAX; i++)
        chain_swap(chain_add(c, 14, &r), chain_find(c, TB_RECORD_END, 2));
}

static void t54_signers_and_vendors_of_the_loader_are_those_of_policy_and_metadata(void **state)
{
    static const struct chain_change list[] = {
        { "another signer", "package.signature", NULL, signer_told_is_another, NULL },
        { "no signer", "package.signature", NULL, signer_not_told, NULL },
        { "a vendor whom the policy does not name", "package.signature", NULL, vendor_more, NULL },
        { "no vendor", "package.signature", NULL, vendors_none, NULL },
        { "too many vendors", "package.signature", NULL, vendors_many, NULL },
    };

    (void)state;
    RUN(list);
}

static void facts_of_a_good_boot(void **state)
{
    struct chain *c = chain_new();
    const struct tb_chain_facts *f = &c->boot.chain;

    (void)state;
    chain_run(c);
    chain_expect(c, TB_VERDICT_TRUSTED, "");
    assert_true(f->present && f->proved && f->complete && !f->rescue && !f->fell_back);
    assert_int_equal(f->set, 'a');
    assert_int_equal(f->verdict, TB_CHAIN_PASS);
    assert_string_equal(f->secure_boot, "on");
    assert_string_equal(f->asset_tag, "rack 7");
    assert_int_equal(f->n_vendors, 2);
    assert_int_equal(f->n_packages, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(f->package[i].verified && f->package[i].checked);
        assert_int_equal(f->package[i].level, TB_LEVEL_ACCEPTED);
        assert_int_equal(f->package[i].security_version, 5);
        assert_string_equal(f->package[i].version, "2.1");
        assert_string_equal(f->package[i].vendor, "Example Inc.");
        assert_non_null(strstr(f->package[i].signer, "Example signer"));
    }
    assert_string_equal(f->package[BASE].name, "base");
    assert_int_equal(f->package[BASE].kind, TB_PACKAGE_BASE);
    assert_string_equal(f->package[HELLO].name, "hello");
    assert_true(c->boot.story.parts >> TB_PART_TRUEBOOT & 1);
    assert_int_equal(c->boot.story.cmdline.state, TB_CMDLINE_PROVED);
    assert_int_equal(c->boot.story.cmdline.part, TB_PART_TRUEBOOT);
    assert_string_equal(c->boot.story.cmdline.text, "console=ttyS0 quiet trueboot.set=a");
    chain_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t54_b08_a_package_needs_a_signer_whom_the_policy_trusts),
        cmocka_unit_test(t54_b08_the_signed_command_line_asks_for_a_level_as_the_policy_does),
        cmocka_unit_test(t54_t55_metadata_is_that_of_what_was_measured),
        cmocka_unit_test(t54_metadata_that_no_record_names_is_no_evidence),
        cmocka_unit_test(t54_b03_each_module_is_a_payload_and_each_early_payload_is_measured),
        cmocka_unit_test(t54_a_record_of_a_package_says_what_the_manifest_says),
        cmocka_unit_test(t54_b07_an_older_package_is_rolled_back),
        cmocka_unit_test(b07_what_a_host_was_trusted_with_is_remembered_and_never_lowered),
        cmocka_unit_test(b07_packages_of_the_boot_are_remembered_where_64_others_were),
        cmocka_unit_test(t54_a_set_has_each_package_once_and_those_that_are_required),
        cmocka_unit_test(t54_packages_have_what_they_require_and_no_conflict),
        cmocka_unit_test(t54_signers_and_vendors_of_the_loader_are_those_of_policy_and_metadata),
        cmocka_unit_test(facts_of_a_good_boot),
    };

    return cmocka_run_group_tests(tests, chain_vendors_make, chain_vendors_free);
}
