/* tests/unit/content_test.c - what a content message means together with what is held. */
#include "wire/messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test_support.h"

static unsigned fail_hash; /* 1: the crypto library fails */

bool __real_tb_hash(struct tb_hasher *h, enum tb_bank bank, struct tb_reader in, uint8_t *out);
bool __wrap_tb_hash(struct tb_hasher *h, enum tb_bank bank, struct tb_reader in, uint8_t *out);
bool __real_tb_hash_parts(struct tb_hasher *h, enum tb_bank bank, const struct tb_reader *parts,
                          size_t n, uint8_t *out);
bool __wrap_tb_hash_parts(struct tb_hasher *h, enum tb_bank bank, const struct tb_reader *parts,
                          size_t n, uint8_t *out);

bool __wrap_tb_hash(struct tb_hasher *h, enum tb_bank bank, struct tb_reader in, uint8_t *out)
{
    return !fail_hash && __real_tb_hash(h, bank, in, out);
}

bool __wrap_tb_hash_parts(struct tb_hasher *h, enum tb_bank bank, const struct tb_reader *parts,
                          size_t n, uint8_t *out)
{
    return !fail_hash && __real_tb_hash_parts(h, bank, parts, n, out);
}

#define S(text) tb_slice(text, sizeof(text) - 1)

static struct tb_evidence_content content_message(void)
{
    struct tb_evidence_content m = { .has_pcrs = true,
                                     .log = S("log"),
                                     .boot_id = "6b1a-boot",
                                     .uptime_ms = UINT64_MAX,
                                     .has_user_log_digest = true,
                                     .user_log = S("user log"),
                                     .has_packages_digest = true,
                                     .packages = S("manifests") };

    test_pcr_set(&m.pcrs, TB_BANK_SHA1, 0, 0x10);
    test_pcr_set(&m.pcrs, TB_BANK_SHA256, 7, 0x20);
    test_pcr_set(&m.pcrs, TB_BANK_SHA256, 23, 0x30);
    return m;
}

struct resolving {
    struct tb_hasher *h;
    struct tb_evidence_content m;
    struct tb_held_evidence held;
    struct tb_content out;
    struct tb_reason why;
};

static struct resolving *resolving_new(void)
{
    struct resolving *r = calloc(1, sizeof *r);
    uint8_t digest[TB_DIGEST_MAX];

    r->h = tb_hasher_new();
    r->m = content_message();
    assert_true(tb_pcrs_fingerprint(&r->m.pcrs, r->h, digest));
    memcpy(r->m.pcrs_fingerprint, digest, 32);
    memcpy(r->held.pcrs_fingerprint, digest, 32);
    assert_true(tb_hash(r->h, TB_BANK_SHA256, r->m.log, digest));
    memcpy(r->m.log_digest, digest, 32);
    memcpy(r->held.log.digest, digest, 32);
    assert_true(tb_hash(r->h, TB_BANK_SHA256, r->m.user_log, digest));
    memcpy(r->m.user_log_digest, digest, 32);
    memcpy(r->held.user_log.digest, digest, 32);
    assert_true(tb_hash(r->h, TB_BANK_SHA256, r->m.packages, digest));
    memcpy(r->m.packages_digest, digest, 32);
    memcpy(r->held.packages.digest, digest, 32);
    return r;
}

static bool resolve(struct resolving *r)
{
    return tb_content_resolve(&r->m, &r->held, r->h, &r->out, &r->why);
}

static void resolving_free(struct resolving *r)
{
    tb_hasher_free(r->h);
    free(r);
}

static void t55_parts_that_are_not_what_their_digest_says_are_refused(void **state)
{
    struct resolving *r = resolving_new();

    (void)state;
    assert_true(resolve(r));
    assert_true(r->out.has_log && r->out.log.left == 3);
    assert_string_equal(r->out.boot_id, "6b1a-boot");
    assert_true(r->out.uptime_ms == UINT64_MAX);
    assert_memory_equal(&r->out.pcrs, &r->m.pcrs, sizeof r->out.pcrs);
    r->m.log_digest[0] ^= 1;
    assert_false(resolve(r));
    assert_int_equal(r->why.check, TB_CHECK_EVIDENCE_FORMAT);
    assert_string_equal(r->why.where, "evidence.content.log");
    r->m.log_digest[0] ^= 1;
    r->m.pcrs_fingerprint[31] ^= 1;
    assert_false(resolve(r));
    assert_int_equal(r->why.check, TB_CHECK_EVIDENCE_FORMAT);
    assert_string_equal(r->why.where, "evidence.content.pcrs");
    resolving_free(r);
}

/* The user log and the metadata of packages, as the two cases of one test. */
static const struct {
    const char *where;
    size_t digest, bytes, held, has, out;
} parts[] = {
    { "evidence.content.user_log", offsetof(struct resolving, m.user_log_digest),
      offsetof(struct resolving, m.user_log), offsetof(struct resolving, held.user_log),
      offsetof(struct resolving, m.has_user_log_digest), offsetof(struct resolving, out.user_log) },
    { "evidence.content.packages", offsetof(struct resolving, m.packages_digest),
      offsetof(struct resolving, m.packages), offsetof(struct resolving, held.packages),
      offsetof(struct resolving, m.has_packages_digest), offsetof(struct resolving, out.packages) },
};
#define PART(member, type) ((type *)((uint8_t *)r + parts[i].member))

static void t55_user_log_and_package_metadata_are_what_their_digests_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct resolving *r = resolving_new();
        struct tb_reader sent = *PART(bytes, struct tb_reader);
        uint8_t *changed = test_memdup(sent.p, sent.left);

        assert_true(resolve(r));
        assert_ptr_equal(PART(out, struct tb_reader)->p, sent.p);
        assert_int_equal(PART(out, struct tb_reader)->left, sent.left);
        for (size_t at = 0; at < sent.left; at++) { /* replaced: any byte of it */
            changed[at] ^= 1;
            *PART(bytes, struct tb_reader) = tb_slice(changed, sent.left);
            assert_false(resolve(r));
            assert_int_equal(r->why.check, TB_CHECK_EVIDENCE_FORMAT);
            assert_string_equal(r->why.where, parts[i].where);
            changed[at] ^= 1;
        }
        PART(bytes, struct tb_reader)->left--; /* shortened */
        assert_false(resolve(r));
        assert_int_equal(r->why.check, TB_CHECK_EVIDENCE_FORMAT);
        free(changed);
        resolving_free(r);
    }
}

static void user_log_and_package_metadata_left_out_are_those_that_are_held(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct resolving *r = resolving_new();
        struct tb_held_part *held = PART(held, struct tb_held_part);

        *PART(bytes, struct tb_reader) = tb_slice(NULL, 0);
        assert_false(resolve(r));
        assert_int_equal(r->why.check, TB_CHECK_EVIDENCE_COMPLETE);
        assert_string_equal(r->why.where, parts[i].where);
        assert_string_equal(r->why.observed, "neither sent nor held");
        held->has = true;
        held->bytes = S("held");
        assert_true(resolve(r));
        assert_ptr_equal(PART(out, struct tb_reader)->p, held->bytes.p);
        held->digest[31] ^= 1;
        assert_false(resolve(r));
        assert_int_equal(r->why.check, TB_CHECK_EVIDENCE_COMPLETE);
        assert_string_equal(r->why.where, parts[i].where);

        *PART(has, bool) = false; /* an agent that has none: what is held does not stand in */
        assert_true(resolve(r));
        assert_int_equal(PART(out, struct tb_reader)->left, 0);
        resolving_free(r);
    }
}

static void t53_what_is_held_is_taken_whole_or_not_at_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) { /* no part of the log of an earlier boot is continued */
        struct resolving *r = resolving_new();
        struct tb_held_part *held = PART(held, struct tb_held_part);
        struct tb_reader sent = *PART(bytes, struct tb_reader);

        *held = (struct tb_held_part){ .has = true, .bytes = tb_slice(sent.p, 2) };
        memcpy(held->digest, PART(digest, uint8_t), 32);
        *PART(bytes, struct tb_reader) = tb_slice(sent.p + 2, sent.left - 2);
        assert_false(resolve(r));
        assert_int_equal(r->why.check, TB_CHECK_EVIDENCE_FORMAT);
        assert_string_equal(r->why.where, parts[i].where);
        resolving_free(r);
    }
}

static void parts_left_out_come_from_what_is_held_and_from_nothing_else(void **state)
{
    struct resolving *r = resolving_new();
    struct tb_pcrs held = r->m.pcrs;

    (void)state;
    r->m.has_pcrs = false;
    memset(&r->m.pcrs, 0, sizeof r->m.pcrs);
    assert_false(resolve(r));
    assert_int_equal(r->why.check, TB_CHECK_EVIDENCE_COMPLETE);
    r->held.pcrs = &held;
    assert_true(resolve(r));
    assert_memory_equal(&r->out.pcrs, &held, sizeof held);
    r->held.pcrs_fingerprint[0] ^= 1;
    assert_false(resolve(r));
    assert_int_equal(r->why.check, TB_CHECK_EVIDENCE_COMPLETE);
    r->held.pcrs_fingerprint[0] ^= 1;

    r->m.log.left = 0;
    assert_false(resolve(r));
    assert_int_equal(r->why.check, TB_CHECK_EVIDENCE_COMPLETE);
    r->held.log.has = true;
    r->held.log.bytes = S("log");
    assert_true(resolve(r));
    assert_int_equal(r->out.log.left, 3);
    r->held.log.digest[0] ^= 1;
    assert_false(resolve(r));
    assert_int_equal(r->why.check, TB_CHECK_EVIDENCE_COMPLETE);
    assert_string_equal(r->why.where, "evidence.content.log");

    r->m.log_missing = true; /* what is held does not stand in for a log that cannot be read */
    assert_true(resolve(r));
    assert_false(r->out.has_log);
    assert_int_equal(r->out.log.left, 0);
    assert_string_equal(r->out.log_missing, "");
    snprintf(r->m.log_missing_reason, sizeof r->m.log_missing_reason, "the kernel offers none");
    assert_true(resolve(r));
    assert_string_equal(r->out.log_missing, "the kernel offers none");
    resolving_free(r);
}

static void a_crypto_library_that_fails_resolves_nothing(void **state)
{
    struct resolving *r = resolving_new();
    struct tb_pcrs held = r->m.pcrs;

    (void)state;
    fail_hash = 1;
    memset(r->m.pcrs_fingerprint, 0, 32);
    assert_false(resolve(r));
    assert_string_equal(r->why.where, "evidence.content.pcrs");
    assert_string_equal(r->why.observed, "no memory");
    r->m.has_pcrs = false;
    r->held.pcrs = &held;
    memset(r->held.pcrs_fingerprint, 0, 32);
    assert_false(resolve(r));
    assert_string_equal(r->why.where, "evidence.content.log");
    assert_string_equal(r->why.observed, "no memory");
    fail_hash = 0;
    resolving_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t55_parts_that_are_not_what_their_digest_says_are_refused),
        cmocka_unit_test(t55_user_log_and_package_metadata_are_what_their_digests_say),
        cmocka_unit_test(user_log_and_package_metadata_left_out_are_those_that_are_held),
        cmocka_unit_test(t53_what_is_held_is_taken_whole_or_not_at_all),
        cmocka_unit_test(parts_left_out_come_from_what_is_held_and_from_nothing_else),
        cmocka_unit_test(a_crypto_library_that_fails_resolves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
