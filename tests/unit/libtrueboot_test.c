/* The shared library has all that a Verifier needs, and hides the rest. */
#include "wire/bundle.h"
#include "wire/result_json.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test_support.h"

static void a_verifier_needs_nothing_but_the_library(void **state)
{
    struct tb_hasher *h = tb_hasher_new();
    struct tb_appraisal *a = calloc(1, sizeof *a);
    struct tb_appraisal_input in = { .enrolled = true };
    struct tb_policy policy;
    char *text;

    (void)state;
    tb_policy_builtin(&policy);
    in.policy = &policy;
    tb_appraise(&in, h, a);
    assert_int_equal(a->result.verdict, TB_VERDICT_FAILED);
    assert_string_equal(tb_result_headline(&a->result), "a part of the evidence is missing");
    text = tb_result_print(&a->result, &policy);
    assert_non_null(strstr(text, "\"verdict\":\"failed\""));
    free(text);
    free(a);
    tb_hasher_free(h);
}

static void only_names_of_the_project_are_exported(void **state)
{
    void *self = dlopen(NULL, RTLD_NOW);

    (void)state;
    assert_non_null(dlsym(self, "tb_appraise"));
    assert_non_null(dlsym(self, "tb_bundle_appraise"));
    assert_null(dlsym(self, "known_data"));
    dlclose(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verifier_needs_nothing_but_the_library),
        cmocka_unit_test(only_names_of_the_project_are_exported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
