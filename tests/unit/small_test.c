/* The boot loader's verifier and OpenSSL's agree; in no case does the loader's take what the other
 * refuses. */
#include <stdlib.h>
#include <string.h>

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

static void good_chains_hold_for_both(void **state)
{
    static const struct small_case cases[] = {
        { .name = "P-384", .is_good = true },
        { .name = "P-384, no middle", .direct = true, .is_good = true },
        { .name = "RSA 3072",
          .scheme = TB_CODE_RSA_SHA512,
          .cert[SMALL_LEAF].kind = "RSA 3072",
          .is_good = true },
    };

    (void)state;
    EXPECT_ALL(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_chains_hold_for_both),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
