/* cli/explain.c - see explain.h. */
#include <stdlib.h>

#include "cli/explain.h"
#include "cli/log.h"
#include "cli/table.h"
#include "cli/text.h"
#include "core/explain.h"
#include "wire/explain_json.h"
#include "wire/log_json.h"

#define ALL_BANKS ((1u << TB_N_BANKS) - 1)

static void put_part(FILE *out, const char *label, const json_t *o, const char *key)
{
    const char *text = tb_json_string(o, key);

    if (*text == '\0')
        return;
    fputs(label, out);
    tb_text_put(out, text);
    fputc('\n', out);
}

void tb_explanations_print(struct tb_cli *cli, const json_t *of)
{
    const json_t *e;
    size_t i;

    json_array_foreach(json_object_get(of, "explanations"), i, e)
    {
        fputs("\nexplained  ", cli->out);
        tb_text_put(cli->out, tb_json_string(e, "code"));
        fputs("  ", cli->out);
        tb_text_put(cli->out, tb_json_string(e, "where"));
        fputc('\n', cli->out);
        put_part(cli->out, "      tried     ", e, "meaning");
        put_part(cli->out, "      with      ", e, "detail");
        put_part(cli->out, "      next      ", e, "next");
    }
    if (json_integer_value(json_object_get(of, "explanations_lost")) != 0)
        fprintf(cli->out, "\n%" JSON_INTEGER_FORMAT " explanations more\n",
                json_integer_value(json_object_get(of, "explanations_lost")));
    if (json_is_true(json_object_get(of, "explanations_cut")))
        fputs("\nnot all that could be tried was: the log is too large for that\n", cli->out);
}

static void put_value(FILE *out, enum tb_bank bank, const uint8_t *value)
{
    char hex[2 * TB_DIGEST_MAX + 1];

    tb_hex(tb_slice(value, tb_bank_digest_len(bank)), hex, sizeof hex);
    fprintf(out, " %s", hex);
}

/* Bank, PCR, state and quoted value of each; the replayed one where it is another. */
static void print_states(FILE *out, const struct tb_pcr_states *states,
                         const struct tb_pcrs *quoted, const struct tb_replay *r)
{
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        for (unsigned pcr = 0; pcr < TB_N_PCRS; pcr++) {
            enum tb_pcr_state state = (enum tb_pcr_state)states->state[b][pcr];

            if (state == TB_PCR_NOT_QUOTED)
                continue;
            fprintf(out, "%s %u %s", tb_bank_name((enum tb_bank)b), pcr, tb_pcr_state_name(state));
            put_value(out, (enum tb_bank)b, quoted->value[b][pcr]);
            if (state != TB_PCR_MATCH)
                put_value(out, (enum tb_bank)b, r->pcrs.value[b][pcr]);
            fputc('\n', out);
        }
}

static bool all_match(const struct tb_pcr_states *states)
{
    for (unsigned i = 0; i < TB_N_BANKS * TB_N_PCRS; i++) {
        uint8_t state = states->state[i / TB_N_PCRS][i % TB_N_PCRS];

        if (state != TB_PCR_MATCH && state != TB_PCR_NOT_QUOTED)
            return false;
    }
    return true;
}

struct comparison {
    struct tb_pcrs quoted;
    struct tb_replay replay;
    struct tb_pcr_states states;
    struct tb_explanations explanations;
};

static json_t *comparison_json(const struct comparison *c, bool replayed)
{
    json_t *banks = replayed ? tb_replay_json(&c->replay) : json_object();
    json_t *states = tb_pcr_states_json(&c->states);

    return json_pack("{so so so sI sb}", "banks", banks, "states", states, "explanations",
                     tb_explanations_json(&c->explanations), "explanations_lost",
                     (json_int_t)c->explanations.n_lost, "explanations_cut",
                     (int)c->explanations.cut);
}

/* In words, or as JSON. False: said that memory ran out. */
static bool print_comparison(struct tb_cli *cli, const struct comparison *c, bool replayed)
{
    json_t *all = comparison_json(c, replayed);
    bool ok = all != NULL;

    if (ok && tb_cli_has(cli, TB_OPT_JSON)) {
        ok = tb_json_print(cli->out, all, false);
    } else if (ok) {
        print_states(cli->out, &c->states, &c->quoted, &c->replay);
        tb_explanations_print(cli, all);
    }
    if (!ok)
        tb_cli_fail(TB_EXIT_USAGE, "the comparison cannot be printed");
    json_decref(all);
    return ok;
}

enum tb_exit tb_log_compare_cmd(struct tb_cli *cli, struct tb_reader log, struct tb_hasher *h)
{
    struct comparison *c = calloc(1, sizeof *c);
    enum tb_exit code = TB_EXIT_USAGE;
    struct tb_reason why;

    if (c == NULL) {
        tb_cli_fail(code, "out of memory");
    } else if (!tb_quoted_read(cli->value[TB_OPT_QUOTED], &c->quoted)) {
        code = TB_EXIT_USAGE;
    } else if (!tb_log_replay(log, ALL_BANKS, h, &c->replay, &why)) {
        code = tb_log_refuse(cli->args[0], &why);
        tb_explain_refused(log, &c->quoted, h, &c->explanations);
        if (!print_comparison(cli, c, false))
            code = TB_EXIT_USAGE;
    } else if (!tb_log_compare(&c->replay, &c->quoted, h, &c->states)) {
        tb_cli_fail(code, "the digests cannot be computed");
    } else {
        tb_explain(log, &c->replay, &c->quoted, &c->states, h, &c->explanations);
        if (print_comparison(cli, c, true))
            code = all_match(&c->states) ? TB_EXIT_OK : TB_EXIT_NEGATIVE;
    }
    free(c);
    return code;
}
