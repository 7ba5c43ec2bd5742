/* Attack ids: T-17, T-70. The manifest of a directory of EK roots. */
#include "wire/roots_manifest.h"
#include "tests/unit/ek_world.h"

#include <stdlib.h>
#include <string.h>

static struct tb_roots_manifest_entry entry_for(const char *file, const struct test_bytes *bytes,
                                                bool allow_sha1)
{
    struct tb_roots_manifest_entry e = {
        .vendor = "Vendor", .source = "archive.cab", .added = "2026-01-31", .allow_sha1 = allow_sha1
    };
    struct tb_hasher *h = tb_hasher_new();
    uint8_t digest[TB_DIGEST_MAX];

    snprintf(e.file, sizeof e.file, "%s", file);
    assert_true(tb_hash(h, TB_BANK_SHA256, test_slice(bytes), digest));
    memcpy(e.sha256, digest, 32);
    tb_hasher_free(h);
    return e;
}

static bool add(const struct tb_roots_manifest *m, struct tb_roots *r, const char *file,
                const struct test_bytes *bytes, struct tb_reason *why)
{
    struct tb_hasher *h = tb_hasher_new();
    bool ok = tb_roots_manifest_add_file(m, r, file, test_slice(bytes), h, why);

    tb_hasher_free(h);
    return ok;
}

static void what_is_printed_reads_back(void **state)
{
    struct tb_roots_manifest *m = tb_roots_manifest_new(), *back;
    struct tb_roots_manifest_entry first = entry_for("root.pem", &root, true);
    struct tb_roots_manifest_entry second = entry_for("intermediates/one.pem", &inter, false);
    char *text, err[TB_ROOTS_MANIFEST_ERR_LEN];

    (void)state;
    assert_true(tb_roots_manifest_put(m, &first));
    assert_true(tb_roots_manifest_put(m, &second));
    first.allow_sha1 = false;
    assert_true(tb_roots_manifest_put(m, &first)); /* in its own place */
    assert_int_equal(tb_roots_manifest_count(m), 2);
    text = tb_roots_manifest_print(m);
    back = tb_roots_manifest_parse(tb_slice(text, strlen(text)), err);
    assert_non_null(back);
    assert_int_equal(tb_roots_manifest_count(back), 2);
    assert_memory_equal(tb_roots_manifest_find(back, "root.pem"), &first, sizeof first);
    assert_memory_equal(tb_roots_manifest_get(back, 1), &second, sizeof second);
    assert_null(tb_roots_manifest_find(back, "one.pem"));
    assert_null(tb_roots_manifest_find(NULL, "one.pem"));
    free(text);
    tb_roots_manifest_free(back);
    tb_roots_manifest_free(m);
}

#define DIGEST "0000000000000000000000000000000000000000000000000000000000000000"
#define DIGEST_63 "000000000000000000000000000000000000000000000000000000000000000"
#define ONE(members) "{\"format\":1,\"certificates\":[{" members "}]}"
#define GOOD "\"file\":\"a.pem\",\"sha256\":\"" DIGEST "\""

static void a_manifest_that_is_none_is_refused_and_says_where(void **state)
{
    static const struct {
        const char *text, *word;
    } cases[] = {
        { "", ":1:" },
        { "{\n\n!", ":3:" },
        { "[]", "format 1" },
        { "{\"format\":2,\"certificates\":[]}", "format 1" },
        { "{\"format\":1,\"certificates\":{}}", "format 1" },
        { "{\"format\":1,\"certificates\":[],\"more\":1}", "nothing else" },
        { "{\"format\":1,\"format\":1,\"certificates\":[]}", ":1:" },
        { "{\"format\":1,\"certificates\":[7]}", "certificates[0]: an object" },
        { ONE("\"file\":\"a.pem\""), "certificates[0]: sha256" },
        { ONE("\"sha256\":\"" DIGEST "\""), "certificates[0]: file" },
        { ONE(GOOD ",\"extra\":1"), "extra" },
        { ONE(GOOD ",\"allow_sha1\":1"), "allow_sha1" },
        { ONE(GOOD ",\"added\":\"yesterday\""), "added" },
        { ONE(GOOD ",\"vendor\":\"\\u001b[2J\""), "vendor" },
        { ONE("\"file\":\"../a.pem\",\"sha256\":\"" DIGEST "\""), "file" },
        { ONE("\"file\":\"intermediates/../a\",\"sha256\":\"" DIGEST "\""), "file" },
        { ONE("\"file\":\"/etc/passwd\",\"sha256\":\"" DIGEST "\""), "file" },
        { ONE("\"file\":\".hidden\",\"sha256\":\"" DIGEST "\""), "file" },
        { ONE("\"file\":\"a.pem\",\"sha256\":\"ABCD\""), "sha256" },
        { ONE("\"file\":\"a.pem\",\"sha256\":\"00\""), "sha256" },
        { ONE("\"file\":\"a.pem\",\"sha256\":\"F" DIGEST_63 "\""), "sha256" },
        { ONE("\"file\":\"a.pem\",\"sha256\":\"0" DIGEST "\""), "sha256" },
        { ONE("\"file\":\"a.pem\",\"sha256\":7"), "sha256" },
        { ONE("\"file\":7,\"sha256\":\"" DIGEST "\""), "file" },
        { ONE("\"file\":\"\",\"sha256\":\"" DIGEST "\""), "file" },
        { ONE("\"file\":\"intermediates/\",\"sha256\":\"" DIGEST "\""), "file" },
        { ONE("\"file\":\"intermediatez/a\",\"sha256\":\"" DIGEST "\""), "file" },
        { ONE(GOOD ",\"vendor\":\"" DIGEST DIGEST DIGEST DIGEST "\""), "vendor" },
        { ONE(GOOD ",\"added\":7"), "added" },
        { ONE(GOOD "},{" GOOD), "certificates[1]: file, which stands there twice" },
    };
    struct tb_roots_manifest *good;
    char err[TB_ROOTS_MANIFEST_ERR_LEN];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(err, 0, sizeof err);
        assert_null(tb_roots_manifest_parse(tb_slice(cases[i].text, strlen(cases[i].text)), err));
        if (strstr(err, cases[i].word) == NULL || strstr(err, TB_ROOTS_MANIFEST_NAME) != err)
            fail_msg("%s: %s", cases[i].text, err);
    }
    good = tb_roots_manifest_parse(tb_slice(ONE(GOOD), strlen(ONE(GOOD))), err);
    assert_non_null(good);
    tb_roots_manifest_free(good);
}

static void a_manifest_has_no_way_out_of_its_directory_and_an_end(void **state)
{
    static const char *const bad[] = { "", ".pem", "../a.pem", "intermediates/", "other/a.pem" };
    struct tb_roots_manifest *m = tb_roots_manifest_new();
    struct tb_roots_manifest_entry e = entry_for("a.pem", &root, false);

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(e.file, sizeof e.file, "%s", bad[i]);
        if (tb_roots_manifest_put(m, &e))
            fail_msg("%s", bad[i]);
    }
    for (unsigned i = 0; i < TB_ROOTS_MAX; i++) {
        snprintf(e.file, sizeof e.file, "%u.pem", i);
        assert_true(tb_roots_manifest_put(m, &e));
    }
    assert_true(tb_roots_manifest_put(m, &e)); /* in its own place */
    snprintf(e.file, sizeof e.file, "one-more.pem");
    assert_false(tb_roots_manifest_put(m, &e));
    assert_int_equal(tb_roots_manifest_count(m), TB_ROOTS_MAX);
    tb_roots_manifest_free(m);
}

static void t70_a_replaced_file_is_refused_with_both_digests(void **state)
{
    struct tb_roots_manifest *m = tb_roots_manifest_new();
    struct tb_roots_manifest_entry e = entry_for("root.pem", &root, false);
    struct tb_roots *r = tb_roots_new();
    struct tb_reason why;

    (void)state;
    assert_true(tb_roots_manifest_put(m, &e));
    assert_false(add(m, r, "root.pem", &inter, &why));
    assert_string_equal(why.where, "root.pem");
    assert_int_equal(strlen(why.expected), 64);
    assert_int_equal(strlen(why.observed), 64);
    assert_string_not_equal(why.expected, why.observed);
    assert_int_equal(tb_roots_intermediates(r), 0);
    assert_true(add(m, r, "root.pem", &root, &why));
    assert_true(add(m, r, "not-listed.pem", &inter, &why));
    assert_int_equal(tb_roots_count(r), 1);
    assert_int_equal(tb_roots_intermediates(r), 1);
    tb_roots_free(r);
    tb_roots_manifest_free(m);
}

static void t17_a_root_among_the_intermediates_is_refused(void **state)
{
    struct tb_roots *r = tb_roots_new();
    struct tb_reason why;

    (void)state;
    assert_false(add(NULL, r, "intermediates/root.pem", &root, &why));
    assert_non_null(strstr(why.observed, "self-issued"));
    assert_true(add(NULL, r, "intermediates/inter.pem", &inter, &why));
    assert_true(add(NULL, r, "root.pem", &root, &why));
    tb_roots_free(r);
}

static void t17_the_manifest_says_below_which_root_sha1_is_allowed(void **state)
{
    struct test_cert c = good_inter;
    struct test_bytes weak, cert;

    (void)state;
    c.key = inter_key;
    c.issuer_key = root_key;
    c.sha1 = true;
    test_cert_make(&c, &weak);
    make_ek(&good_ek, &cert);
    for (int allow = 0; allow < 2; allow++) {
        struct tb_roots_manifest *m = tb_roots_manifest_new();
        struct tb_roots_manifest_entry e = entry_for("root.pem", &root, allow == 1);
        struct tb_roots *r = tb_roots_new();
        struct tb_ek_facts f;
        struct tb_reason why;

        assert_true(tb_roots_manifest_put(m, &e));
        assert_true(add(m, r, "intermediates/weak.pem", &weak, &why));
        assert_true(add(m, r, "root.pem", &root, &why));
        assert_int_equal(check_in(r, &cert, &ek_public, &f, &why), allow);
        if (!allow)
            assert_string_equal(why.observed, "SHA-1: CN=Test Intermediate");
        tb_roots_free(r);
        tb_roots_manifest_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_reads_back),
        cmocka_unit_test(a_manifest_that_is_none_is_refused_and_says_where),
        cmocka_unit_test(a_manifest_has_no_way_out_of_its_directory_and_an_end),
        cmocka_unit_test(t70_a_replaced_file_is_refused_with_both_digests),
        cmocka_unit_test(t17_a_root_among_the_intermediates_is_refused),
        cmocka_unit_test(t17_the_manifest_says_below_which_root_sha1_is_allowed),
    };

    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
