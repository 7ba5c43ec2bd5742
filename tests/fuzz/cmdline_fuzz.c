/* tests/fuzz/cmdline_fuzz.c - any text as a command line, cut in each way, against every rule. */
#include <assert.h>
#include <string.h>

#include "core/cmdline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void match_all(const char *const *rules, const struct tb_cmdline_option *option)
{
    for (size_t i = 0; rules[i] != NULL; i++)
        if (tb_option_rule_matches(rules[i], option))
            assert(tb_option_rule_names(rules[i], option));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char line[1024];
    size_t len = size < sizeof line - 1 ? size : sizeof line - 1;

    if (len != 0)
        memcpy(line, data, len);
    line[len] = '\0';
    if (tb_option_rule_valid(line, strlen(line)))
        assert(strlen(line) < TB_OPTION_RULE_MAX);
    for (int cut = 0; cut < TB_N_CUTS; cut++) {
        struct tb_cmdline_options it = tb_cmdline_begin(line, (enum tb_cmdline_cut)cut);
        struct tb_cmdline_option option;
        size_t total = 0;

        while (tb_cmdline_next(&it, &option)) {
            total += option.whole.left;
            assert(option.whole.left > 0 && total <= len);
            assert(option.name.left + option.value.left <= option.whole.left);
            match_all(tb_options_forbidden, &option);
            match_all(tb_options_weak, &option);
            match_all(tb_options_harmless, &option);
        }
    }
    return 0;
}
