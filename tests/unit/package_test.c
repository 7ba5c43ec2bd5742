/* A package is believed only as it was signed, by whom it may be, for as much as he may say. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/package_builder.h"

struct scene {
    struct test_vendor *ours, *other;
    struct tb_vendors *vendors; /* ours */
    struct tb_manifest *manifest;
    struct test_package *made;
    struct tb_package *open;
    struct tb_hasher *h;
};

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);

    s->ours = test_vendor_new("accepted");
    s->other = test_vendor_new("certified");
    s->vendors = test_vendors_of(s->ours, NULL);
    s->manifest = malloc(sizeof *s->manifest);
    s->made = malloc(sizeof *s->made);
    s->open = malloc(sizeof *s->open);
    s->h = tb_hasher_new();
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    test_vendor_free(s->ours);
    test_vendor_free(s->other);
    tb_vendors_free(s->vendors);
    tb_hasher_free(s->h);
    free(s->manifest);
    free(s->made);
    free(s->open);
    free(s);
    return 0;
}

static void make(struct scene *s, const struct test_vendor *a, const struct test_vendor *b)
{
    test_package_make(s->made, test_manifest_text(s->manifest), a, b, PACKAGE_NOW_S);
}

/* Everything that must hold. */
static bool believed(struct scene *s, const struct tb_package_rules *rules,
                     struct tb_package_trust *who, struct tb_reason *why)
{
    uint8_t *copy = test_memdup(s->made->bytes, s->made->len);
    struct tb_reader payload[TB_PAYLOADS_MAX];
    bool ok = tb_package_open(tb_slice(copy, s->made->len), s->open, why) &&
              tb_package_verify(s->open, rules, who, why) &&
              tb_package_payloads(s->open, payload, why);

    for (size_t i = 0; ok && i < s->open->manifest.n_payloads; i++)
        ok = tb_payload_check(&s->open->manifest.payload[i], payload[i], s->h, why);
    free(copy);
    return ok;
}

static void expect(struct scene *s, const struct tb_package_rules *rules, int check)
{
    struct tb_package_trust who;
    struct tb_reason why;
    bool ok = believed(s, rules, &who, &why);

    if (ok != (check < 0) || (!ok && why.check != (enum tb_check)check))
        fail_msg("%s: %s, %s, %s", ok ? "believed" : tb_check_text(why.check)->code, why.where,
                 why.expected, why.observed);
}

static void a_package_by_a_vendor_is_believed(void **state)
{
    struct scene *s = *state;
    struct tb_package_rules rules = { s->vendors, NULL, TB_LEVEL_ACCEPTED };
    struct tb_package_trust who;
    struct tb_reason why;

    test_manifest(s->manifest);
    make(s, s->ours, NULL);
    assert_true(believed(s, &rules, &who, &why));
    assert_string_equal(who.who.subject, "CN=Example signer");
    assert_string_equal(who.who.root, "CN=Example root");
    assert_string_equal(who.who.level, "accepted");
    assert_int_equal(who.who.n_chain, 2);
}

static void t54_a_package_of_a_foreign_signer_is_refused(void **state)
{
    struct scene *s = *state;
    struct tb_package_rules rules = { s->vendors, NULL, TB_LEVEL_COMMUNITY };
    struct tb_package_trust who;
    struct tb_reason why;

    test_manifest(s->manifest);
    make(s, s->other, NULL);
    expect(s, &rules, TB_CHECK_PACKAGE_SIGNATURE);
    make(s, s->other, s->ours); /* one of two is enough */
    assert_true(believed(s, &rules, &who, &why));
    assert_int_equal(who.signer, 1);
}

static void t54_a_level_beyond_the_signers_or_below_the_hosts_is_refused(void **state)
{
    struct scene *s = *state;
    struct tb_package_rules rules = { s->vendors, NULL, TB_LEVEL_COMMUNITY };
    struct test_vendor *levelless = test_vendor_new(NULL);

    test_manifest(s->manifest);
    s->manifest->level = TB_LEVEL_CERTIFIED; /* the signer may vouch for accepted */
    make(s, s->ours, NULL);
    expect(s, &rules, TB_CHECK_PACKAGE_LEVEL);
    s->manifest->level = TB_LEVEL_PARTNER; /* less than he may */
    make(s, s->ours, NULL);
    expect(s, &rules, -1);
    rules.least = TB_LEVEL_ACCEPTED;
    expect(s, &rules, TB_CHECK_PACKAGE_LEVEL);

    tb_vendors_free(s->vendors);
    s->vendors = test_vendors_of(s->ours, levelless);
    rules = (struct tb_package_rules){ s->vendors, NULL, TB_LEVEL_COMMUNITY };
    make(s, levelless, NULL); /* a certificate that says no level */
    expect(s, &rules, TB_CHECK_PACKAGE_LEVEL);
    s->manifest->level = TB_LEVEL_COMMUNITY;
    make(s, levelless, NULL);
    expect(s, &rules, -1);
    test_vendor_free(levelless);
}

static void t54_revoked_signers_versions_and_contents_are_refused(void **state)
{
    struct scene *s = *state;
    struct tb_revocations *r = calloc(1, sizeof *r);
    struct tb_package_rules rules = { s->vendors, r, TB_LEVEL_COMMUNITY };
    struct tb_package_trust who;
    struct tb_reason why;

    test_manifest(s->manifest);
    make(s, s->ours, NULL);
    assert_true(believed(s, &rules, &who, &why));
    for (size_t i = 0; i < 2; i++) { /* the signer, and the root above him */
        r->n_signers = 1;
        memcpy(r->signer[0], who.who.key_sha256[i], 32);
        expect(s, &rules, TB_CHECK_PACKAGE_REVOKED);
    }
    r->n_signers = 0;
    r->n_packages = 1;
    r->package[0].name = tb_slice("hello", 5);
    r->package[0].security_version = 2;
    expect(s, &rules, -1);
    r->package[0].security_version = 3;
    expect(s, &rules, TB_CHECK_PACKAGE_REVOKED);
    r->n_packages = 0;
    r->n_digests = 1;
    memcpy(r->digest[0], s->manifest->payload[0].sha512, 64);
    expect(s, &rules, TB_CHECK_PACKAGE_REVOKED);
    free(r);
}

static void dates_are_judged_at_the_time_of_signing(void **state)
{
    struct scene *s = *state;
    struct tb_package_rules rules = { s->vendors, NULL, TB_LEVEL_COMMUNITY };
    const int64_t year = INT64_C(366) * 86400;

    test_manifest(s->manifest);
    test_package_make(s->made, test_manifest_text(s->manifest), s->ours, NULL,
                      PACKAGE_NOW_S + 2 * year);
    expect(s, &rules, -1);
    test_package_make(s->made, test_manifest_text(s->manifest), s->ours, NULL,
                      PACKAGE_NOW_S + 4 * year); /* three years are the certificate's */
    expect(s, &rules, TB_CHECK_PACKAGE_SIGNATURE);
    test_package_make(s->made, test_manifest_text(s->manifest), s->ours, NULL,
                      PACKAGE_NOW_S - year);
    expect(s, &rules, TB_CHECK_PACKAGE_SIGNATURE);
}

/* No byte of the container can be another. Certificates that are not part of the chain that holds
 * do not exist here, so that nothing is left that could be changed. */
static void every_changed_byte_is_refused(void **state)
{
    struct scene *s = *state;
    struct tb_package_rules rules = { s->vendors, NULL, TB_LEVEL_COMMUNITY };
    struct tb_package_trust who;
    struct tb_reason why;

    test_manifest(s->manifest);
    make(s, s->ours, NULL);
    expect(s, &rules, -1);
    for (size_t i = 0; i < s->made->len; i++) {
        const uint8_t bit = (uint8_t)(1U << i % 8);

        s->made->bytes[i] ^= bit;
        if (believed(s, &rules, &who, &why))
            fail_msg("byte %zu", i);
        s->made->bytes[i] ^= bit;
    }
    expect(s, &rules, -1);
}

static void every_truncation_and_what_follows_is_refused(void **state)
{
    struct scene *s = *state;
    struct tb_package_rules rules = { s->vendors, NULL, TB_LEVEL_COMMUNITY };
    struct tb_package_trust who;
    struct tb_reason why;
    size_t whole;

    test_manifest(s->manifest);
    make(s, s->ours, NULL);
    whole = s->made->len;
    for (s->made->len = 0; s->made->len < whole; s->made->len += 7) {
        assert_false(believed(s, &rules, &who, &why));
        if (s->made->len < whole - (size_t)2 * TB_BLOCK_LEN)
            assert_string_equal(why.observed, "the container ends");
    }
    s->made->len = whole + 1;
    expect(s, &rules, TB_CHECK_PACKAGE_FORMAT);
    s->made->len = whole + TB_BLOCK_LEN;
    expect(s, &rules, TB_CHECK_PACKAGE_FORMAT);
}

static void a_members_size_is_octal_and_within_its_limit(void **state)
{
    static const struct {
        uint8_t by;
        const char *expected;
    } first_digit[] = {
        { ' ', "its size in octal digits" },
        { '8', "its size in octal digits" },
        { '1', "a size within the limit" },
    };
    struct scene *s = *state;
    struct tb_reason why;

    test_manifest(s->manifest);
    make(s, s->ours, NULL);
    for (size_t i = 0; i < 3; i++) {
        s->made->bytes[124] = first_digit[i].by;
        assert_false(tb_package_open(tb_slice(s->made->bytes, s->made->len), s->open, &why));
        assert_string_equal(why.where, "manifest");
        assert_string_equal(why.expected, first_digit[i].expected);
    }
}

static void refused_at_once(struct scene *s, const char *where, const char *expected)
{
    struct tb_reason why;

    assert_false(tb_package_open(tb_slice(s->made->bytes, s->made->len), s->open, &why));
    assert_int_equal(why.check, TB_CHECK_PACKAGE_FORMAT);
    assert_string_equal(why.where, where);
    assert_string_equal(why.expected, expected);
    assert_int_equal(s->open->manifest_text.left, 0);
}

/* Signed or not: what has another form is never looked at further. */
static void both_members_must_be_what_they_say(void **state)
{
    struct scene *s = *state;
    uint8_t *signature;

    test_manifest(s->manifest);
    make(s, s->ours, NULL);
    s->made->bytes[0] ^= 1;
    refused_at_once(s, "manifest", "the header of this member");
    s->made->bytes[0] ^= 1;
    signature = s->made->bytes + tb_member_len(test_manifest_text(s->manifest).left);
    signature[0] ^= 1;
    refused_at_once(s, "signature", "the header of this member");
    signature[0] ^= 1;
    signature[TB_BLOCK_LEN] ^= 1;
    refused_at_once(s, "signature", "TBSG, format 1");
    test_package_make(s->made, tb_slice("other\n", 6), s->ours, NULL, PACKAGE_NOW_S);
    refused_at_once(s, "line 1", "trueboot-package 1");
}

/* A list signed by v, under the domain of `kind`, verified against what is held. */
static bool list_taken(struct scene *s, const struct test_vendor *v, enum tb_signed_kind kind,
                       const char *list, const struct tb_revocations *held,
                       struct tb_revocations *out, struct tb_reason *why)
{
    struct tb_signatures one = { .n = 1, .signer[0] = { .alg = TB_SIGN_P384 } };
    struct tb_reader text = tb_slice(list, strlen(list)), parts[2];
    uint8_t head[TB_SIGNED_HEAD_LEN], value[TB_CODE_SIGNATURE_MAX], member[TB_SIGNATURE_LEN_MAX];
    struct tb_code_signer who;
    size_t len;

    one.signer[0].signed_s = PACKAGE_NOW_S;
    one.signer[0].n_certs = tb_code_key_chain(v->key, one.signer[0].cert);
    tb_signed_parts(kind, PACKAGE_NOW_S, text, head, parts);
    assert_true(tb_code_sign(v->key, parts, 2, value, &len, why));
    one.signer[0].signature = tb_slice(value, len);
    assert_true(tb_signatures_encode(&one, member, sizeof member, &len));
    return tb_revocations_verify(text, tb_slice(member, len), s->vendors, held, out, &who, why);
}

static const char list_7[] = "trueboot-revocations 1\nserial 7\nissued 2026-01-01T00:00:00Z\n"
                             "package hello 2\nend\n";
static const char list_6[] = "trueboot-revocations 1\nserial 6\nissued 2026-01-01T00:00:00Z\n"
                             "end\n";

/* A signature is for its purpose: that of a list is none of a package, and the reverse. */
static void a_signature_is_good_for_its_purpose_only(void **state)
{
    struct scene *s = *state;
    struct tb_revocations *r = malloc(sizeof *r);
    struct tb_reason why;

    tb_vendors_free(s->vendors);
    s->vendors = test_vendors_of(s->other, NULL);
    assert_false(list_taken(s, s->other, TB_SIGNED_PACKAGE, list_7, NULL, r, &why));
    assert_int_equal(why.check, TB_CHECK_PACKAGE_SIGNATURE);
    assert_true(list_taken(s, s->other, TB_SIGNED_REVOCATIONS, list_7, NULL, r, &why));
    assert_int_equal(r->serial, 7);
    assert_true(tb_revokes_package(r, tb_slice("hello", 5), 2));
    assert_false(tb_revokes_package(r, tb_slice("hello", 5), 3));
    free(r);
}

static void a_signed_list_must_be_one(void **state)
{
    struct scene *s = *state;
    struct tb_revocations *r = malloc(sizeof *r);
    struct tb_code_signer who;
    struct tb_reason why;

    tb_vendors_free(s->vendors);
    s->vendors = test_vendors_of(s->other, NULL);
    assert_false(list_taken(s, s->other, TB_SIGNED_REVOCATIONS, "other\n", NULL, r, &why));
    assert_int_equal(why.check, TB_CHECK_PACKAGE_FORMAT);
    assert_string_equal(why.where, "line 1");
    assert_false(tb_revocations_verify(tb_slice(list_7, strlen(list_7)), tb_slice("TBSX", 4),
                                       s->vendors, NULL, r, &who, &why));
    assert_int_equal(why.check, TB_CHECK_PACKAGE_FORMAT);
    assert_string_equal(why.where, "signature");
    free(r);
}

static void t54_revocations_are_not_taken_back_by_a_weak_or_revoked_signer(void **state)
{
    struct scene *s = *state;
    struct tb_revocations *r = malloc(sizeof *r), *held = calloc(1, sizeof *held);
    struct tb_package_rules rules = { NULL, NULL, TB_LEVEL_COMMUNITY };
    struct tb_package_trust who;
    struct tb_reason why;

    tb_vendors_free(s->vendors);
    rules.vendors = s->vendors = test_vendors_of(s->other, s->ours);
    assert_false(list_taken(s, s->ours, TB_SIGNED_REVOCATIONS, list_7, NULL, r, &why));
    assert_int_equal(why.check, TB_CHECK_PACKAGE_LEVEL); /* "accepted" is not enough */

    held->serial = 7;
    assert_true(list_taken(s, s->other, TB_SIGNED_REVOCATIONS, list_7, held, r, &why));
    assert_false(list_taken(s, s->other, TB_SIGNED_REVOCATIONS, list_6, held, r, &why));
    assert_int_equal(why.check, TB_CHECK_PACKAGE_REVOKED);

    test_manifest(s->manifest);
    make(s, s->other, NULL);
    assert_true(believed(s, &rules, &who, &why));
    held->n_signers = 1;
    memcpy(held->signer[0], who.who.key_sha256[0], 32);
    assert_false(list_taken(s, s->other, TB_SIGNED_REVOCATIONS, list_7, held, r, &why));
    assert_int_equal(why.check, TB_CHECK_PACKAGE_REVOKED);
    free(held);
    free(r);
}

static void only_roots_are_taken_as_vendors(void **state)
{
    struct scene *s = *state;
    struct tb_vendors *v = tb_vendors_new();
    struct tb_reason why;

    assert_false(
        tb_vendors_add(v, tb_slice(s->ours->signer.cert, strlen(s->ours->signer.cert)), "x", &why));
    assert_false(tb_vendors_add(v, tb_slice("nothing", 7), "x", &why));
    assert_int_equal(tb_vendors_count(v), 0);
    tb_vendors_free(v);
}

static void a_program_has_the_digests_that_firmware_measures(void **state)
{
    struct scene *s = *state;
    struct tb_payload p = { .kind = TB_PAYLOAD_EFI, .name = tb_slice("x.efi", 5) };
    uint8_t image[4096];
    struct tb_reason why;

    p.size = test_pe_build(image);
    assert_true(tb_payload_digest(&p, tb_slice(image, (size_t)p.size), s->h, &why));
    assert_true(tb_payload_check(&p, tb_slice(image, (size_t)p.size), s->h, &why));
    for (size_t i = 0; i < 5; i++) {
        uint8_t *digest[] = { p.authenticode512 + 63, p.authenticode384 + 47,
                              p.authenticode256 + 31, p.sha256 + 31, p.sha512 };

        *digest[i] ^= 1;
        assert_false(tb_payload_check(&p, tb_slice(image, (size_t)p.size), s->h, &why));
        assert_int_equal(why.check, TB_CHECK_PACKAGE_PAYLOAD);
        *digest[i] ^= 1;
    }
    assert_false(tb_payload_check(&p, tb_slice(image, (size_t)p.size - 1), s->h, &why));
    assert_string_equal(why.expected, "the manifest's size");
    assert_true(tb_payload_check(&p, tb_slice(image, (size_t)p.size), s->h, &why));
    image[0] = 'X'; /* what is signed is no program */
    assert_true(tb_hash(s->h, TB_BANK_SHA512, tb_slice(image, (size_t)p.size), p.sha512));
    assert_false(tb_payload_check(&p, tb_slice(image, (size_t)p.size), s->h, &why));
    assert_string_equal(why.where, "DOS header");
    assert_false(tb_payload_digest(&p, tb_slice(image, (size_t)p.size), s->h, &why));
    assert_int_equal(why.check, TB_CHECK_PACKAGE_PAYLOAD);
}

int main(void)
{
#define SCENE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(a_package_by_a_vendor_is_believed),
        SCENE(t54_a_package_of_a_foreign_signer_is_refused),
        SCENE(t54_a_level_beyond_the_signers_or_below_the_hosts_is_refused),
        SCENE(t54_revoked_signers_versions_and_contents_are_refused),
        SCENE(dates_are_judged_at_the_time_of_signing),
        SCENE(every_changed_byte_is_refused),
        SCENE(every_truncation_and_what_follows_is_refused),
        SCENE(a_members_size_is_octal_and_within_its_limit),
        SCENE(both_members_must_be_what_they_say),
        SCENE(a_signature_is_good_for_its_purpose_only),
        SCENE(a_signed_list_must_be_one),
        SCENE(t54_revocations_are_not_taken_back_by_a_weak_or_revoked_signer),
        SCENE(only_roots_are_taken_as_vendors),
        SCENE(a_program_has_the_digests_that_firmware_measures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
