/* The boot loader's verifier and OpenSSL's agree; in no case does the loader's take what the other
 * refuses. */
#include <stdlib.h>
#include <string.h>

#include "crypto/bearssl/small.h"
#include "tests/unit/small_names.h"
#include "tests/unit/small_world.h"

/* The verdicts of both on one case, with the root that it made. */
static void judge(const struct small_case *c, struct small_made *m, bool ok[2],
                  struct tb_code_signer who[2], struct tb_reason why[2])
{
    const enum tb_code_scheme scheme = c->scheme != 0 ? c->scheme : TB_CODE_P384_SHA512;
    const int64_t at = c->signed_s != 0 ? c->signed_s : SMALL_NOW_S;
    struct tb_vendors *large = tb_vendors_new(), *small = small_vendors_new();

    assert_true(large != NULL && small != NULL);
    ok[0] = tb_vendors_add(large, test_slice(&m->der[SMALL_ROOT]), "root", &why[0]) &&
            tb_code_verify(large, scheme, m->chain, m->n_chain, at, &small_text, 1, m->signature,
                           &who[0], &why[0]);
    ok[1] = small_vendors_add(small, test_slice(&m->der[SMALL_ROOT]), "root", &why[1]) &&
            small_code_verify(small, scheme, m->chain, m->n_chain, at, &small_text, 1, m->signature,
                              &who[1], &why[1]);
    tb_vendors_free(large);
    small_vendors_free(small);
}

static void expect(const struct small_case *c)
{
    static struct small_made m;
    struct tb_code_signer who[2];
    struct tb_reason why[2];
    bool ok[2];

    small_make(c, &m);
    judge(c, &m, ok, who, why);
    if (ok[0] != (c->is_good || c->only_small_refuses))
        fail_msg("%s: OpenSSL: %s: %s", c->name, ok[0] ? "taken" : why[0].where, why[0].observed);
    if (ok[1] != c->is_good)
        fail_msg("%s: BearSSL: %s: %s", c->name, ok[1] ? "taken" : why[1].where, why[1].observed);
    if (c->is_good)
        assert_memory_equal(&who[0], &who[1], sizeof who[0]);
}
#define EXPECT_ALL(cases)                                                                          \
    for (size_t i = 0; i < sizeof(cases) / sizeof *(cases); i++)                                   \
    expect(&(cases)[i])

/* Index of the certificate that is changed, as members of a case. */
#define LEAF cert[SMALL_LEAF]
#define MIDDLE cert[SMALL_MIDDLE]
#define ROOT cert[SMALL_ROOT]
#define YEAR_S (INT64_C(365) * 86400) /* from now to the ends of a certificate's life */

static void good_chains_hold_for_both(void **state)
{
    static const struct small_case cases[] = {
        { .name = "P-384", .is_good = true },
        { .name = "P-384, the root issued it", .direct = true, .is_good = true },
        { .name = "RSA 3072",
          .scheme = TB_CODE_RSA_SHA512,
          .LEAF.kind = "RSA 3072",
          .is_good = true },
        { .name = "two between", .two_middles = true, .order = "LMO", .is_good = true },
        { .name = "RSA 2048 above",
          .MIDDLE.kind = "RSA 2048",
          .ROOT.kind = "RSA 2048",
          .is_good = true },
        { .name = "P-256 and P-521 above",
          .MIDDLE.kind = "P-256",
          .ROOT.kind = "P-521",
          .is_good = true },
        { .name = "SHA-384, SHA-512",
          .LEAF.hash = "SHA384",
          .MIDDLE.hash = "SHA512",
          .is_good = true },
        { .name = "no level", .LEAF.level = "", .is_good = true },
        { .name = "a level that is too long", .LEAF.level = "sixteen letters.", .is_good = true },
        { .name = "a level and more",
          .LEAF = { .level = "", .more = TB_LEVEL_OID, .more_value = "0c0361626300" },
          .is_good = true },
        { .name = "a level with a zero",
          .LEAF = { .level = "", .more = TB_LEVEL_OID, .more_value = "0c03610062" },
          .is_good = true },
        { .name = "a level that is no text",
          .LEAF = { .level = "", .more = TB_LEVEL_OID, .more_value = "0403616263" },
          .is_good = true },
        { .name = "two usages", .LEAF.extended = "serverAuth,codeSigning", .is_good = true },
        { .name = "no key usage", .LEAF.usage = "", .is_good = true },
        { .name = "no basic constraints", .LEAF.basic = "", .is_good = true },
        { .name = "no key identifiers",
          .LEAF.key_id = "",
          .MIDDLE.key_id = "",
          .LEAF.issuer_key_id = "",
          .is_good = true },
        { .name = "locations",
          .LEAF = { .more = "1.3.6.1.5.5.7.1.1",
                    .more_value = "3018301606082b06010505073001860a687474703a2f2f782f79" },
          .is_good = true },
        { .name = "places of revocation lists",
          .LEAF = { .more = "2.5.29.31", .more_value = "30123010a00ea00c860a687474703a2f2f782f79" },
          .is_good = true },
        { .name = "policies",
          .MIDDLE = { .more = "2.5.29.32",
                      .more_value = "30083006060455"
                                    "1d2000" },
          .is_good = true },
    };

    (void)state;
    EXPECT_ALL(cases);
}

static void t54_certificates_that_are_not_for_code_are_refused(void **state)
{
    static const struct small_case cases[] = {
        { .name = "no extended usage", .LEAF.extended = "" },
        { .name = "for servers", .LEAF.extended = "serverAuth" },
        { .name = "any usage", .LEAF.extended = "anyExtendedKeyUsage" },
        { .name = "no digital signature", .LEAF.usage = "critical,keyAgreement" },
        { .name = "a CA", .LEAF.basic = "critical,CA:TRUE" },
        { .name = "a CA that signs all",
          .LEAF = { .basic = "critical,CA:TRUE", .usage = "digitalSignature,keyCertSign" } },
    };

    (void)state;
    EXPECT_ALL(cases);
}

static void t54_broken_chains_are_refused(void **state)
{
    static const struct small_case cases[] = {
        { .name = "no middle", .order = "L" },
        { .name = "two between, the upper first", .two_middles = true, .order = "LOM" },
        { .name = "two between where one may be",
          .two_middles = true,
          .order = "LMO",
          .cert[SMALL_OTHER].basic = "critical,CA:TRUE,pathlen:0" },
        { .name = "another vendor's root", .order = "LO" },
        { .name = "the middle first", .order = "ML" },
        { .name = "the root, too", .order = "LMR" },
        { .name = "one more", .order = "LMO" },
        { .name = "one between", .order = "LOM" },
        { .name = "twice the same", .order = "LLM" },
        { .name = "one more, not needed", .direct = true, .order = "LM" },
        { .name = "a middle that is no CA", .MIDDLE.basic = "critical,CA:FALSE" },
        { .name = "a middle that says nothing", .MIDDLE.basic = "" },
        { .name = "a middle that may not issue", .MIDDLE.usage = "critical,digitalSignature" },
        { .name = "a root that may not issue", .ROOT.usage = "critical,digitalSignature" },
        { .name = "a root that is no CA", .ROOT.basic = "CA:FALSE" },
        { .name = "a root without room for a middle", .ROOT.basic = "critical,CA:TRUE,pathlen:0" },
        { .name = "a leaf of another issuer", .LEAF.issuer = "Vendor" },
        { .name = "a middle of another issuer", .MIDDLE.issuer = "Other" },
        { .name = "a root of another issuer", .ROOT.issuer = "Other" },
        { .name = "a middle of another name", .MIDDLE.subject = "Center" },
        { .name = "another key of the issuer",
          .LEAF = { .issuer_key_id = "", .more = "2.5.29.35", .more_value = "3006800401020304" } },
        { .name = "by name",
          .LEAF = { .issuer_key_id = "",
                    .more = "2.5.29.35",
                    .more_value = "3017a115a4133011310f300d06035504030c0656656e646f72" } },
        { .name = "by serial number",
          .LEAF = { .issuer_key_id = "", .more = "2.5.29.35", .more_value = "300382014d" } },
    };

    (void)state;
    EXPECT_ALL(cases);
}

static void dates_are_judged_at_the_time_of_signing_to_the_second(void **state)
{
    static const struct small_case cases[] = {
        { .name = "its first second", .signed_s = SMALL_NOW_S - YEAR_S, .is_good = true },
        { .name = "before it", .signed_s = SMALL_NOW_S - YEAR_S - 1 },
        { .name = "its last second", .signed_s = SMALL_NOW_S + YEAR_S - 1, .is_good = true },
        { .name = "its end", .signed_s = SMALL_NOW_S + YEAR_S },
        { .name = "behind it", .signed_s = SMALL_NOW_S + YEAR_S + 1 },
        { .name = "a leaf that ended", .LEAF.after_s = SMALL_NOW_S },
        { .name = "a leaf to come", .LEAF.before_s = SMALL_NOW_S + 1 },
        { .name = "a middle that ended", .MIDDLE.after_s = SMALL_NOW_S },
        { .name = "a middle to come", .MIDDLE.before_s = SMALL_NOW_S + 1 },
        { .name = "a root that ended", .ROOT.after_s = SMALL_NOW_S },
        { .name = "a root to come", .ROOT.before_s = SMALL_NOW_S + 1 },
        { .name = "before 1970", .signed_s = -1 },
        { .name = "in the year 10000", .signed_s = INT64_C(253402300800) },
        { .name = "at the end of time", .signed_s = INT64_MAX / 2 },
    };

    (void)state;
    EXPECT_ALL(cases);
}

static void t54_weak_keys_and_digests_are_refused(void **state)
{
    static const struct small_case cases[] = {
        { .name = "RSA 2048", .scheme = TB_CODE_RSA_SHA512, .LEAF.kind = "RSA 2048" },
        { .name = "RSA 3071", .scheme = TB_CODE_RSA_SHA512, .LEAF.kind = "RSA 3071" },
        { .name = "RSA 4104", .scheme = TB_CODE_RSA_SHA512, .LEAF.kind = "RSA 4104" },
        { .name = "P-256", .LEAF.kind = "P-256" },
        { .name = "secp256k1", .LEAF.kind = "secp256k1" },
        { .name = "P-384 as RSA", .scheme = TB_CODE_RSA_SHA512 },
        { .name = "RSA as P-384", .LEAF.kind = "RSA 3072" },
        { .name = "a middle of RSA 1024", .MIDDLE.kind = "RSA 1024" },
        { .name = "a root of RSA 1024", .ROOT.kind = "RSA 1024" },
        { .name = "a leaf by SHA-1", .LEAF.hash = "SHA1" },
        { .name = "a middle by SHA-1", .MIDDLE.hash = "SHA1" },
        { .name = "a leaf by MD5", .MIDDLE.kind = "RSA 2048", .LEAF.hash = "MD5" },
    };

    (void)state;
    EXPECT_ALL(cases);
}

/* What only one of the two could judge, both refuse. */
static void t54_extensions_outside_the_set_are_refused(void **state)
{
    static const struct small_case cases[] = {
        { .name = "two levels", .LEAF.level_again = "certified" },
        { .name = "the same level twice", .LEAF.level_again = "accepted" },
        { .name = "a critical extended usage", .LEAF.extended_critical = true },
        { .name = "a second extended usage",
          .LEAF = { .more = "2.5.29.37", .more_value = "300a06082b06010505070303" } },
        { .name = "a second key usage", .LEAF = { .more = "2.5.29.15", .more_value = "03020780" } },
        { .name = "names of its own", .LEAF = { .more = "2.5.29.17", .more_value = "3003820161" } },
        { .name = "constraints on names",
          .MIDDLE = { .more = "2.5.29.30", .more_value = "3007a0053003820161" } },
        { .name = "critical constraints on names",
          .MIDDLE = { .more = "2.5.29.30",
                      .more_value = "3007a0053003820161",
                      .more_critical = true } },
        { .name = "what nobody knows", .LEAF = { .more = "1.2.3.4", .more_value = "0500" } },
        { .name = "critical, what nobody knows",
          .LEAF = { .more = "1.2.3.4", .more_value = "0500", .more_critical = true } },
        { .name = "a root with what nobody knows",
          .ROOT = { .more = "1.2.3.4", .more_value = "0500", .more_critical = true } },
        { .name = "a critical key identifier",
          .LEAF = { .key_id = "",
                    .more = "2.5.29.14",
                    .more_value = "040401020304",
                    .more_critical = true } },
        { .name = "version 1", .ROOT = { .version = 1 } },
        { .name = "a middle of version 2", .MIDDLE = { .version = 2 } },
    };

    (void)state;
    EXPECT_ALL(cases);
}

/* Bits of what an issuer says about a key, changed by the issuer himself: 13 has met all eight
 * places of a bit by the end. */
#define STEP 13

static void what_issuers_write_wrong_never_splits_the_two(void **state)
{
    static const struct small_case c = { .scheme = TB_CODE_RSA_SHA512,
                                         .LEAF.kind = "RSA 3072",
                                         .MIDDLE.kind = "RSA 2048",
                                         .ROOT.kind = "RSA 2048" };
    static struct small_made m;
    unsigned taken = 0;

    (void)state;
    small_make(&c, &m);
    for (enum small_who who = SMALL_LEAF; who <= SMALL_ROOT; who++) {
        struct test_bytes *der = &m.der[who];
        EVP_PKEY *issuer = small_key("RSA 2048", who == SMALL_LEAF ? SMALL_MIDDLE : SMALL_ROOT);

        for (size_t bit = (size_t)8 * 8; bit < 8 * (der->n - 276); bit += STEP) {
            struct tb_code_signer signer[2];
            struct tb_reason why[2];
            bool ok[2];

            der->b[bit / 8] ^= (uint8_t)(1 << bit % 8);
            small_sign_again(der, issuer);
            judge(&c, &m, ok, signer, why);
            if (ok[1] && !ok[0])
                fail_msg("certificate %d, bit %zu: OpenSSL: %s: %s", who, bit, why[0].where,
                         why[0].observed);
            if (ok[1]) {
                taken++;
                assert_string_equal(signer[0].level, signer[1].level);
                assert_memory_equal(signer[0].key_sha256, signer[1].key_sha256,
                                    sizeof signer[0].key_sha256);
            }
            der->b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        small_sign_again(der, issuer);
    }
    assert_in_range(taken, 10, 200); /* bits of serial numbers, names, dates */
}

/* r and n - s verify where r and s do, so that a certificate has two forms: both are of one key. */
static void t54_a_certificate_written_another_way_is_of_the_same_key(void **state)
{
    static const struct small_case c = { .direct = true };
    static struct small_made m;
    struct tb_code_signer first[2], second[2];
    struct tb_reason why[2];
    bool ok[2];

    (void)state;
    small_make(&c, &m);
    judge(&c, &m, ok, first, why);
    assert_true(ok[0] && ok[1]);
    small_write_otherwise(&m.der[SMALL_LEAF]);
    m.chain[0] = test_slice(&m.der[SMALL_LEAF]);
    judge(&c, &m, ok, second, why);
    assert_true(ok[0] && ok[1]);
    assert_memory_equal(first[0].key_sha256, second[0].key_sha256, sizeof first[0].key_sha256);
    assert_memory_equal(first[1].key_sha256, second[1].key_sha256, sizeof first[1].key_sha256);
}

/* What is no signature of the leaf's key over the text. */
static void t54_a_changed_signature_is_refused(void **state)
{
    static const struct small_case cases[] = {
        { .name = "P-384", .direct = true },
        { .name = "RSA", .direct = true, .scheme = TB_CODE_RSA_SHA512, .LEAF.kind = "RSA 3072" },
    };
    static struct small_made m;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tb_code_signer who[2];
        struct tb_reason why[2];
        size_t len;
        bool ok[2];

        small_make(&cases[i], &m);
        len = m.signature.left;
        for (size_t bit = 0; bit < 8 * len; bit += 61) {
            m.value[bit / 8] ^= (uint8_t)(1 << bit % 8);
            judge(&cases[i], &m, ok, who, why);
            assert_false(ok[0] || ok[1]);
            assert_string_equal(why[1].where, "signature");
            m.value[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t n = len - 2; n <= len + 2; n++) {
            m.signature = tb_slice(m.value, n);
            judge(&cases[i], &m, ok, who, why);
            assert_true(ok[0] == (n == len) && ok[1] == (n == len));
        }
        for (unsigned fill = 0; fill < 2; fill++) { /* zeros; numbers beyond modulus and order */
            memset(m.value, fill == 0 ? 0 : 0xff, len);
            m.signature = tb_slice(m.value, len);
            judge(&cases[i], &m, ok, who, why);
            assert_false(ok[0] || ok[1]);
        }
        m.signature = tb_slice(
            m.value, small_sign(small_key(cases[i].LEAF.kind, SMALL_OTHER), small_text, m.value));
        judge(&cases[i], &m, ok, who, why);
        assert_false(ok[0] || ok[1]);
    }
}

/* An empty chain, a long one, a certificate with bytes behind it, one that is cut. */
static void chains_of_no_certificates_are_refused(void **state)
{
    static const struct small_case c = { .name = "good" };
    static struct small_made m;
    struct tb_code_signer who[2];
    struct tb_reason why[2];
    bool ok[2];

    (void)state;
    small_make(&c, &m);
    for (size_t i = 0; i < 2; i++) {
        const size_t len = m.chain[i].left;

        for (size_t n = len % 9; n <= len + 9; n += 9) {
            uint8_t *exact = test_memdup(m.chain[i].p, n);
            const struct tb_reader before = m.chain[i];

            m.chain[i] = tb_slice(exact, n);
            judge(&c, &m, ok, who, why);
            assert_true(ok[0] == (n == len) && ok[1] == (n == len));
            m.chain[i] = before;
            free(exact);
        }
    }
    m.n_chain = 0;
    judge(&c, &m, ok, who, why);
    assert_false(ok[0] || ok[1]);
    for (m.n_chain = 2; m.n_chain < 5; m.n_chain++)
        m.chain[m.n_chain] = m.chain[1];
    judge(&c, &m, ok, who, why);
    assert_false(ok[0] || ok[1]);
}

static void the_loaders_vendors_are_eight_roots_in_der(void **state)
{
    static const struct small_case c = { .direct = true };
    static struct small_made m, other;
    struct tb_vendors *v = small_vendors_new();
    struct test_bytes two = { 0 };
    struct tb_code_signer who;
    struct tb_reason why;

    (void)state;
    assert_non_null(v);
    assert_null(small_vendors_new()); /* there is one */
    small_make(&c, &m);
    small_make(&c, &other);
    assert_false(small_vendors_add(v, tb_slice(NULL, 0), "none", &why));
    test_put(&two, other.der[SMALL_OTHER].b, other.der[SMALL_OTHER].n);
    test_put(&two, m.der[SMALL_LEAF].b, m.der[SMALL_LEAF].n);
    assert_false(small_vendors_add(v, test_slice(&two), "a leaf behind a root", &why));
    assert_string_equal(why.observed, "certificate 2 is none");
    assert_int_equal(small_vendors_count(v), 0); /* all or none */
    two.n = other.der[SMALL_OTHER].n;
    test_put(&two, m.der[SMALL_ROOT].b, m.der[SMALL_ROOT].n);
    assert_true(small_vendors_add(v, test_slice(&two), "two roots", &why));
    for (size_t n = 2; n < 8; n++)
        assert_true(small_vendors_add(v, test_slice(&m.der[SMALL_ROOT]), "again", &why));
    assert_false(small_vendors_add(v, test_slice(&m.der[SMALL_ROOT]), "a ninth", &why));
    assert_int_equal(small_vendors_count(v), 8);
    memset(two.b, 0, two.n); /* it has copies */
    assert_true(small_code_verify(v, TB_CODE_P384_SHA512, m.chain, m.n_chain, SMALL_NOW_S,
                                  &small_text, 1, m.signature, &who, &why));
    assert_string_equal(who.root, "CN=Vendor");
    small_vendors_free(v);
    small_vendors_free(NULL);
}

/* Lengths around the blocks, and around the loader's pieces of 256 KB. */
static void both_hash_alike(void **state)
{
    static const size_t lens[] = { 0,   1,    55,     56,     111,    112,   127,
                                   128, 4096, 262143, 262144, 262145, 600000 };
    struct tb_hasher *large = tb_hasher_new(), *small = small_hasher_new();
    uint8_t *bytes = malloc(600000), digest[2][TB_DIGEST_MAX];

    (void)state;
    for (size_t i = 0; i < 600000; i++)
        bytes[i] = (uint8_t)(i * 7 + (i >> 9));
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
            const struct tb_reader parts[] = { tb_slice(bytes, lens[i]), tb_slice(NULL, 0),
                                               tb_slice(bytes, lens[i] / 3) };
            const size_t n = tb_bank_digest_len((enum tb_bank)b);

            assert_true(tb_hash_parts(large, (enum tb_bank)b, parts, 3, digest[0]) &&
                        small_hash_parts(small, (enum tb_bank)b, parts, 3, digest[1]));
            assert_memory_equal(digest[0], digest[1], n);
            assert_true(tb_hash(large, (enum tb_bank)b, parts[0], digest[0]) &&
                        small_hash(small, (enum tb_bank)b, parts[0], digest[1]));
            assert_memory_equal(digest[0], digest[1], n);
        }
    tb_hasher_free(large);
    small_hasher_free(small);
    free(bytes);
}

static unsigned n_entered, depth;

void tb_small_enter(void)
{
    assert_int_equal(depth++, 0);
    n_entered++;
}

void tb_small_leave(void)
{
    assert_int_equal(--depth, 0);
}

/* Firmware's interrupts are held off between the two, so never for long. */
static void what_stands_around_bearssl_is_never_nested_and_short(void **state)
{
    uint8_t *bytes = calloc(1, 1 << 20), digest[TB_DIGEST_MAX];

    (void)state;
    n_entered = 0;
    assert_true(small_hash(small_hasher_new(), TB_BANK_SHA512, tb_slice(bytes, 1 << 20), digest));
    assert_int_equal(n_entered, 4 + 2); /* pieces, beginning, end */
    assert_int_equal(depth, 0);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_chains_hold_for_both),
        cmocka_unit_test(t54_certificates_that_are_not_for_code_are_refused),
        cmocka_unit_test(t54_broken_chains_are_refused),
        cmocka_unit_test(dates_are_judged_at_the_time_of_signing_to_the_second),
        cmocka_unit_test(t54_weak_keys_and_digests_are_refused),
        cmocka_unit_test(t54_extensions_outside_the_set_are_refused),
        cmocka_unit_test(t54_a_certificate_written_another_way_is_of_the_same_key),
        cmocka_unit_test(t54_a_changed_signature_is_refused),
        cmocka_unit_test(chains_of_no_certificates_are_refused),
        cmocka_unit_test(the_loaders_vendors_are_eight_roots_in_der),
        cmocka_unit_test(both_hash_alike),
        cmocka_unit_test(what_stands_around_bearssl_is_never_nested_and_short),
        cmocka_unit_test(what_issuers_write_wrong_never_splits_the_two),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
