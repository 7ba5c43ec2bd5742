/* cli/diff_text.c - see diff_text.h. */
#include "cli/diff_text.h"

#include <string.h>

#include "cli/table.h"
#include "cli/text.h"

void tb_change_sentence(struct tb_cli *cli, const json_t *change)
{
    tb_text_put(cli->out, tb_json_string(change, "text"));
    if (!json_is_true(json_object_get(change, "verified")))
        fprintf(cli->out, "%s  (unverified)%s", cli->colour ? TB_COLOUR_DIM : "",
                cli->colour ? TB_COLOUR_RESET : "");
    fputc('\n', cli->out);
}

static void put_pcr_name(struct tb_cli *cli, const json_t *number)
{
    if (json_is_integer(number))
        fprintf(cli->out, "PCR %" JSON_INTEGER_FORMAT, json_integer_value(number));
    else
        fputs("not measured", cli->out);
}

static bool is_in(const json_t *list, const json_t *number)
{
    const json_t *x;
    size_t i;

    json_array_foreach(list, i, x)
    {
        if (json_equal(x, number))
            return true;
    }
    return false;
}

static void put_change(struct tb_cli *cli, const json_t *change)
{
    const json_t *detail;
    size_t i;

    fprintf(cli->out, "  %s%-7s%s  ", cli->colour ? TB_COLOUR_BOLD : "",
            tb_json_string(change, "kind"), cli->colour ? TB_COLOUR_RESET : "");
    tb_change_sentence(cli, change);
    json_array_foreach(json_object_get(change, "details"), i, detail)
    {
        fputs("             ", cli->out);
        tb_change_sentence(cli, detail);
    }
}

static void put_pcr(struct tb_cli *cli, const json_t *pcr, const json_t *shape_pcrs)
{
    const json_t *number = json_object_get(pcr, "pcr"), *change;
    size_t i;

    fputc('\n', cli->out);
    put_pcr_name(cli, number);
    fprintf(cli->out, ": %zu differ, %" JSON_INTEGER_FORMAT " the same",
            json_array_size(json_object_get(pcr, "changes")),
            json_integer_value(json_object_get(pcr, "same")));
    if (!json_is_true(json_object_get(pcr, "vouched")))
        fputs("; a log does not lead to what the TPM signed", cli->out);
    if (shape_pcrs != NULL && !is_in(shape_pcrs, number))
        fputs(" (differs from machine to machine)", cli->out);
    fputc('\n', cli->out);
    json_array_foreach(json_object_get(pcr, "changes"), i, change) put_change(cli, change);
}

void tb_diff_print(struct tb_cli *cli, const json_t *diff, const json_t *shape_pcrs)
{
    json_int_t lost = json_integer_value(json_object_get(diff, "changes_lost"));
    const json_t *pcr;
    size_t i;

    if (json_is_true(json_object_get(diff, "equal"))) {
        fputs("the same events in the same order\n", cli->out);
        return;
    }
    fputs("(unverified): the names or values in it are not covered by every digest.\n", cli->out);
    json_array_foreach(json_object_get(diff, "pcrs"), i, pcr)
    {
        if (!json_is_true(json_object_get(pcr, "equal")))
            put_pcr(cli, pcr, shape_pcrs);
    }
    if (lost > 0)
        fprintf(cli->out, "\nand %" JSON_INTEGER_FORMAT " changes more\n", lost);
}
