/* The policy's member about signed packages. */
#include "wire/policy_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base64.h"
#include "tests/unit/package_builder.h"

static struct tb_hasher *h;
static struct tb_policy p;
static char err[TB_POLICY_ERR_LEN];
static struct test_vendor *vendor, *weak;
static char root[TB_BASE64_LEN(TEST_BYTES_MAX)], weak_root[TB_BASE64_LEN(TEST_BYTES_MAX)];
static char json[TB_POLICY_JSON_MAX + 1];

static void root_of(const struct test_vendor *v, char *out)
{
    struct test_bytes der;

    test_pem_to_der(v->root.cert, &der);
    tb_base64_encode(test_slice(&der), out);
}

static int setup(void **state)
{
    (void)state;
    h = tb_hasher_new();
    vendor = test_vendor_new("certified");
    weak = test_vendor_new(NULL);
    root_of(vendor, root);
    root_of(weak, weak_root);
    return h == NULL;
}

static int teardown(void **state)
{
    (void)state;
    test_vendor_free(vendor);
    test_vendor_free(weak);
    tb_hasher_free(h);
    return 0;
}

/* With a policy around it, and "@" for the root in base64. */
static bool parse_with(const char *others, const char *packages)
{
    size_t n =
        (size_t)snprintf(json, sizeof json, "{\"format\":1,\"name\":\"p\"%s,\"packages\":", others);
    bool ok;

    for (const char *c = packages; *c != '\0'; c++)
        n += (size_t)snprintf(json + n, sizeof json - n, "%.*s", *c == '@' ? (int)strlen(root) : 1,
                              *c == '@' ? root : c);
    n += (size_t)snprintf(json + n, sizeof json - n, "}");
    err[0] = '\0';
    ok = tb_policy_parse("p.json", tb_slice(json, n), h, &p, err);
    assert_int_equal(ok, err[0] == '\0');
    return ok;
}

static bool parse(const char *packages)
{
    return parse_with("", packages);
}

static void reads_back(void)
{
    static struct tb_policy again;
    char *text = tb_policy_print(&p);

    assert_non_null(text);
    assert_true(tb_policy_parse("again", tb_slice(text, strlen(text)), h, &again, err));
    assert_memory_equal(&p, &again, sizeof p);
    free(text);
}

static void vendors_are_kept_as_they_are_and_build_a_store(void **state)
{
    struct tb_vendors *v;
    struct tb_reason why;

    (void)state;
    assert_true(parse("{\"vendors\":[\"@\"]}"));
    assert_int_equal(p.packages.n_vendors, 1);
    assert_int_equal(p.packages.level, TB_LEVEL_COMMUNITY);
    v = tb_policy_vendors(&p, &why);
    assert_non_null(v);
    assert_int_equal(tb_vendors_count(v), 1);
    tb_vendors_free(v);
    reads_back();
}

static void everything_is_read_and_printed_again(void **state)
{
    (void)state;
    assert_true(parse("{\"required\":[\"base\",\"agent\"],\"minimum\":{\"hello\":3,\"base\":0},"
                      "\"level\":\"partner\",\"vendors\":[\"@\"]}"));
    assert_int_equal(p.packages.level, TB_LEVEL_PARTNER);
    assert_int_equal(p.packages.n_required, 2);
    assert_string_equal(p.packages.required[1], "agent");
    assert_int_equal(tb_minimum_of(&p.packages.minimum, tb_slice("hello", 5)), 3);
    reads_back();
}

static void the_built_in_policy_has_none_and_prints_none(void **state)
{
    char *text;

    (void)state;
    tb_policy_builtin(&p);
    text = tb_policy_print(&p);
    assert_int_equal(p.packages.n_vendors, 0);
    assert_int_equal(p.packages.level, TB_LEVEL_COMMUNITY);
    assert_null(strstr(text, "\"packages\""));
    free(text);
}

static void what_is_malformed_is_refused_with_its_path(void **state)
{
    static const struct {
        const char *packages, *where;
    } list[] = {
        { "[]", "packages: an object with vendors" },
        { "{}", "packages: an object with vendors" },
        { "{\"vendors\":[]}", "packages.vendors: at least one vendor" },
        { "{\"vendors\":\"@\"}", "packages.vendors: a list" },
        { "{\"vendors\":[1]}", "packages.vendors[0]: base64" },
        { "{\"vendors\":[\"\"]}", "packages.vendors[0]: base64" },
        { "{\"vendors\":[\"@=\"]}", "packages.vendors[0]: base64" },
        { "{\"vendors\":[\" @\"]}", "packages.vendors[0]: base64" },
        { "{\"vendors\":[\"MAAA\"]}", "packages.vendors[0]: a certificate" },
        { "{\"vendors\":[\"LS0t\"]}", "packages.vendors[0]: a certificate in DER" },
        { "{\"vendors\":[\"@\",\"@\"]}", "packages.vendors[1]: each vendor once" },
        { "{\"vendors\":[\"@\"],\"level\":\"high\"}", "packages.level: certified" },
        { "{\"vendors\":[\"@\"],\"level\":1}", "packages.level: certified" },
        { "{\"vendors\":[\"@\"],\"required\":{}}", "packages.required: a list" },
        { "{\"vendors\":[\"@\"],\"required\":[\"A\"]}", "packages.required[0]: a package's name" },
        { "{\"vendors\":[\"@\"],\"required\":[7]}", "packages.required[0]: a package's name" },
        { "{\"vendors\":[\"@\"],\"required\":[\"a\",\"a\"]}", "packages.required[1]: each" },
        { "{\"vendors\":[\"@\"],\"minimum\":[]}", "packages.minimum: an object" },
        { "{\"vendors\":[\"@\"],\"minimum\":{\"A\":1}}", "packages.minimum.A: a package's name" },
        { "{\"vendors\":[\"@\"],\"minimum\":{\"a\":-1}}", "packages.minimum.a: a whole number" },
        { "{\"vendors\":[\"@\"],\"minimum\":{\"a\":4294967296}}", "packages.minimum.a: a whole" },
        { "{\"vendors\":[\"@\"],\"revocations\":[]}", "packages.revocations: an object" },
        { "{\"vendors\":[\"@\"],\"revocations\":{\"list\":\"AAAA\"}}",
          "packages.revocations: an object" },
        { "{\"vendors\":[\"@\"],\"revocations\":{\"list\":\"AAAA\",\"signature\":\"AAAA\"}}",
          "packages.revocations: " },
        { "{\"vendors\":[\"@\"],\"revocations\":{\"list\":\"AAAA\",\"other\":\"AAAA\"}}",
          "packages.revocations: an object" },
        { "{\"vendors\":[\"@\"],\"revocations\":{\"signature\":\"AAAA\",\"other\":\"AAAA\"}}",
          "packages.revocations: an object" },
        { "{\"vendors\":[\"@\"],\"revocations\":"
          "{\"list\":\"AAAA\",\"signature\":\"AAAA\",\"other\":1}}",
          "packages.revocations: an object" },
        { "{\"vendors\":[\"@\"],\"revocations\":{\"list\":1,\"signature\":\"AAAA\"}}",
          "packages.revocations: base64" },
        { "{\"vendors\":[\"@\"],\"revocations\":{\"list\":\"AAAA\",\"signature\":\"A\"}}",
          "packages.revocations: base64" },
        { "{\"vendors\":[\"@\"],\"other\":1}", "packages: only vendors" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        print_message("%s\n", list[i].where);
        assert_false(parse(list[i].packages));
        assert_non_null(strstr(err, list[i].where));
    }
}

static void more_minimums_than_packages_of_a_set_are_refused(void **state)
{
    static char packages[4096];
    size_t n = (size_t)snprintf(packages, sizeof packages, "{\"vendors\":[\"@\"],\"minimum\":{");

    (void)state;
    for (unsigned i = 0; i <= TB_SET_PACKAGES_MAX; i++)
        n += (size_t)snprintf(packages + n, sizeof packages - n, "%s\"p%u\":1", i == 0 ? "" : ",",
                              i);
    snprintf(packages + n, sizeof packages - n, "}}");
    assert_false(parse(packages));
    assert_non_null(strstr(err, "at most 64 packages"));
}

static void a_signer_is_no_vendor(void **state)
{
    struct tb_reader certs[4];
    char kept[sizeof root];

    (void)state;
    memcpy(kept, root, sizeof kept);
    assert_true(tb_code_key_chain(vendor->key, certs) > 0);
    tb_base64_encode(certs[0], root);
    assert_false(parse("{\"vendors\":[\"@\"]}"));
    assert_non_null(strstr(err, "root certificates"));
    memcpy(root, kept, sizeof root);
}

static void the_pcrs_of_the_chain_must_be_quoted(void **state)
{
    (void)state;
    assert_false(parse_with(",\"pcrs\":[0,1,2,3,4,5,6,7,11,12,13]", "{\"vendors\":[\"@\"]}"));
    assert_non_null(strstr(err, "packages: only with PCR 11 to 14"));
    assert_true(parse_with(",\"pcrs\":[0,1,2,3,4,5,6,7,11,12,13,14]", "{\"vendors\":[\"@\"]}"));
}

/* A list, and its signature by this vendor. */
static void revocations(const struct test_vendor *v, const char *list, const char *signed_list,
                        char *out, size_t cap)
{
    static uint8_t member[TB_SIGNATURE_LEN_MAX];
    static char text[TB_BASE64_LEN(4096)], signature[TB_BASE64_LEN(TB_SIGNATURE_LEN_MAX)];
    struct tb_signatures s = { .n = 1 };
    uint8_t value[TB_CODE_SIGNATURE_MAX], head[TB_SIGNED_HEAD_LEN];
    struct tb_reader parts[2];
    struct tb_reason why;
    size_t len;

    tb_signed_parts(TB_SIGNED_REVOCATIONS, PACKAGE_NOW_S,
                    tb_slice(signed_list, strlen(signed_list)), head, parts);
    assert_true(tb_code_sign(v->key, parts, 2, value, &len, &why));
    s.signer[0] = (struct tb_signer){ .alg = TB_SIGN_P384,
                                      .signed_s = PACKAGE_NOW_S,
                                      .signature = tb_slice(value, len) };
    s.signer[0].n_certs = tb_code_key_chain(v->key, s.signer[0].cert);
    assert_true(tb_signatures_encode(&s, member, sizeof member, &len));
    tb_base64_encode(tb_slice(member, len), signature);
    tb_base64_encode(tb_slice(list, strlen(list)), text);
    snprintf(out, cap,
             "{\"revocations\":{\"list\":\"%s\",\"signature\":\"%s\"},\"vendors\":[\"@\",\"%s\"]}",
             text, signature, weak_root);
}

static void t54_a_list_of_revocations_is_signed_or_the_policy_is_refused(void **state)
{
    static const char list[] =
        "trueboot-revocations 1\nserial 7\nissued 2026-01-31T23:59:59Z\npackage hello 4\nend\n";
    static const char other[] =
        "trueboot-revocations 1\nserial 7\nissued 2026-01-31T23:59:59Z\npackage hello 3\nend\n";
    static char packages[TB_POLICY_JSON_MAX];
    struct tb_revocations read;
    struct tb_reason why;

    (void)state;
    revocations(vendor, list, list, packages, sizeof packages);
    assert_true(parse(packages));
    assert_true(tb_revocations_parse(tb_policy_slice(&p, p.packages.revocations), &read, &why));
    assert_int_equal(read.serial, 7);
    reads_back();

    revocations(vendor, other, list, packages, sizeof packages);
    assert_false(parse(packages));
    assert_non_null(strstr(err, "packages.revocations: "));
    revocations(weak, list, list, packages, sizeof packages); /* may not vouch for all levels */
    assert_false(parse(packages));
    assert_non_null(strstr(err, "packages.revocations: "));
}

static void base64_has_one_text_for_one_value(void **state)
{
    static const struct {
        const char *text, *value; /* NULL: refused */
    } list[] = {
        { "TQ==", "M" },  { "TWE=", "Ma" },     { "TWFu", "Man" },    { "TWFuTQ==", "ManM" },
        { "", NULL },     { "T", NULL },        { "TW", NULL },       { "TWF", NULL },
        { "TR==", NULL }, { "TWF=", NULL },     { "TQ=A", NULL },     { "T===", NULL },
        { "====", NULL }, { "TWFu\n", NULL },   { "TQ==TWFu", NULL }, { "TW-u", NULL },
        { "TW u", NULL }, { "TWFuTWFu", NULL }, /* too long for what is given */
    };
    uint8_t out[5];
    size_t n;
    char again[16];

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        const struct tb_reader text = tb_slice(list[i].text, strlen(list[i].text));

        print_message("%s\n", list[i].text);
        assert_int_equal(tb_base64_decode(text, out, sizeof out, &n), list[i].value != NULL);
        if (list[i].value == NULL)
            continue;
        assert_int_equal(n, strlen(list[i].value));
        assert_memory_equal(out, list[i].value, n);
        tb_base64_encode(tb_slice(out, n), again);
        assert_string_equal(again, list[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vendors_are_kept_as_they_are_and_build_a_store),
        cmocka_unit_test(everything_is_read_and_printed_again),
        cmocka_unit_test(the_built_in_policy_has_none_and_prints_none),
        cmocka_unit_test(what_is_malformed_is_refused_with_its_path),
        cmocka_unit_test(more_minimums_than_packages_of_a_set_are_refused),
        cmocka_unit_test(a_signer_is_no_vendor),
        cmocka_unit_test(the_pcrs_of_the_chain_must_be_quoted),
        cmocka_unit_test(t54_a_list_of_revocations_is_signed_or_the_policy_is_refused),
        cmocka_unit_test(base64_has_one_text_for_one_value),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
