/* cli/log_diff.c - trueboot log diff: what changed between two boots. */
#include <stdlib.h>
#include <string.h>

#include "cli/diff_text.h"
#include "cli/file.h"
#include "cli/log.h"
#include "cli/table.h"
#include "cli/text.h"
#include "wire/log_diff.h"

/* A detail as a line; the caller frees. NULL: out of memory. */
static char *line_of(const json_t *detail)
{
    char *line = NULL;
    bool verified = json_is_true(json_object_get(detail, "verified"));

    if (asprintf(&line, "%s  %s: %s", verified ? "verified  " : "unverified",
                 tb_json_string(detail, "name"), tb_json_string(detail, "value")) < 0)
        return NULL;
    return line;
}

/* The lines of an event as members of an object, in their order; a set to look them up in. */
static json_t *lines_of(const json_t *event, const char *bank)
{
    const char *digest = tb_json_string(json_object_get(event, "digests"), bank);
    const json_t *detail;
    json_t *lines = json_object();
    char *line = NULL;
    size_t i;

    if (*digest != '\0' && asprintf(&line, "%-10s  %s", bank, digest) >= 0) {
        json_object_set_new(lines, line, json_true());
        free(line);
    }
    json_array_foreach(json_object_get(event, "details"), i, detail)
    {
        line = line_of(detail);
        if (line != NULL)
            json_object_set_new(lines, line, json_true());
        free(line);
    }
    return lines;
}

static void put_line(struct tb_cli *cli, char mark, const char *line)
{
    const char *sequence = !cli->colour  ? ""
                           : mark == '-' ? "\033[31m"
                           : mark == '+' ? "\033[32m"
                                         : TB_COLOUR_DIM;

    fprintf(cli->out, "    %s%c ", sequence, mark);
    tb_text_put(cli->out, line);
    fprintf(cli->out, "%s\n", cli->colour ? TB_COLOUR_RESET : "");
}

/* Lines of `lines` that `other` has too, or has not. */
static void put_lines(struct tb_cli *cli, char mark, json_t *lines, const json_t *other, bool both)
{
    const char *line;
    json_t *unused;

    json_object_foreach(lines, line, unused)
    {
        if ((json_object_get(other, line) != NULL) == both)
            put_line(cli, mark, line);
    }
}

static void put_index(struct tb_cli *cli, const char *word, const json_t *event)
{
    if (json_is_object(event))
        fprintf(cli->out, " %s%" JSON_INTEGER_FORMAT, word,
                json_integer_value(json_object_get(event, "index")));
}

static void put_change(struct tb_cli *cli, const json_t *change, const char *bank)
{
    const json_t *before = json_object_get(change, "before");
    const json_t *after = json_object_get(change, "after");
    json_t *old = lines_of(before, bank), *new = lines_of(after, bank);
    const char *kind = tb_json_string(change, "kind");

    fprintf(cli->out, "  %s%s%s  %s ", cli->colour ? TB_COLOUR_BOLD : "",
            strcmp(kind, "data") == 0 ? "unverified data only" : kind,
            cli->colour ? TB_COLOUR_RESET : "",
            tb_json_string(json_is_object(before) ? before : after, "type"));
    put_index(cli, "-", before);
    put_index(cli, "+", after);
    fputs("\n    ", cli->out);
    tb_change_sentence(cli, change);
    put_lines(cli, ' ', old, new, true);
    put_lines(cli, '-', old, new, false);
    put_lines(cli, '+', new, old, false);
    json_decref(new);
    json_decref(old);
}

static void put_name(FILE *out, const json_t *pcr)
{
    const json_t *number = json_object_get(pcr, "pcr");

    if (json_is_integer(number))
        fprintf(out, "PCR %" JSON_INTEGER_FORMAT, json_integer_value(number));
    else
        fputs("no PCR", out);
}

static size_t count(const json_t *pcr, const char *kind)
{
    const json_t *change;
    size_t i, n = 0;

    json_array_foreach(json_object_get(pcr, "changes"), i, change) n +=
        strcmp(tb_json_string(change, "kind"), kind) == 0;
    return n;
}

static void put_pcr(struct tb_cli *cli, const json_t *pcr, const char *bank)
{
    static const char *const kinds[] = { "changed", "new", "gone", "moved" };
    const char *before = tb_json_string(pcr, "before"), *after = tb_json_string(pcr, "after");
    const json_t *change;
    size_t i;

    fputc('\n', cli->out);
    put_name(cli->out, pcr);
    fputs(":", cli->out);
    for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (count(pcr, kinds[i]) > 0)
            fprintf(cli->out, " %zu %s,", count(pcr, kinds[i]), kinds[i]);
    fprintf(cli->out, " %" JSON_INTEGER_FORMAT " the same%s\n",
            json_integer_value(json_object_get(pcr, "same")),
            json_is_true(json_object_get(pcr, "aligned")) ? ""
                                                          : "; too many to compare their order");
    if (strcmp(before, after) != 0)
        fprintf(cli->out, "  %s value\n    - %s\n    + %s\n", bank, *before ? before : "none",
                *after ? after : "none");
    json_array_foreach(json_object_get(pcr, "changes"), i, change) put_change(cli, change, bank);
}

static void put_unchanged(struct tb_cli *cli, const json_t *pcrs)
{
    const char *separator = "unchanged: ";
    const json_t *pcr;
    size_t i, data = 0;

    json_array_foreach(pcrs, i, pcr)
    {
        if (!json_is_true(json_object_get(pcr, "equal")))
            continue;
        data += count(pcr, "data");
        fputs(separator, cli->out);
        put_name(cli->out, pcr);
        fprintf(cli->out, " (%" JSON_INTEGER_FORMAT ")",
                json_integer_value(json_object_get(pcr, "same")));
        separator = ", ";
    }
    if (*separator == ',')
        fputc('\n', cli->out);
    if (data > 0)
        fprintf(cli->out, "in %zu of these events data that no digest covers differ; see --json\n",
                data);
}

static void put_diff(struct tb_cli *cli, const json_t *diff)
{
    const char *bank = tb_json_string(diff, "bank");
    const json_t *pcrs = json_object_get(diff, "pcrs"), *pcr;
    size_t i;

    fprintf(cli->out,
            "%" JSON_INTEGER_FORMAT " and %" JSON_INTEGER_FORMAT " events, compared in %s\n",
            json_integer_value(json_object_get(json_object_get(diff, "before"), "events")),
            json_integer_value(json_object_get(json_object_get(diff, "after"), "events")), bank);
    put_unchanged(cli, pcrs);
    if (json_is_true(json_object_get(diff, "equal"))) {
        fputs("the same events in the same order\n", cli->out);
        return;
    }
    fputs(
        "verified: all digests of the event cover it; unverified: whoever made the log could write "
        "it.\n",
        cli->out);
    json_array_foreach(pcrs, i, pcr)
    {
        if (!json_is_true(json_object_get(pcr, "equal")))
            put_pcr(cli, pcr, bank);
    }
}

static enum tb_exit print(struct tb_cli *cli, const json_t *diff)
{
    if (!tb_cli_has(cli, TB_OPT_JSON))
        put_diff(cli, diff);
    else if (!tb_json_print(cli->out, diff, false))
        return tb_cli_fail(TB_EXIT_USAGE, "the comparison cannot be printed");
    return json_is_true(json_object_get(diff, "equal")) ? TB_EXIT_OK : TB_EXIT_NEGATIVE;
}

enum tb_exit tb_cmd_log_diff(struct tb_cli *cli)
{
    struct tb_hasher *h = tb_hasher_new();
    struct tb_reason why;
    char *bytes[2] = { NULL, NULL };
    size_t len[2];
    json_t *diff = NULL;
    bool in_after = false;
    enum tb_exit code = TB_EXIT_USAGE;

    if (h == NULL) {
        tb_cli_fail(code, "out of memory");
    } else if (strcmp(cli->args[0], "-") == 0 && strcmp(cli->args[1], "-") == 0) {
        tb_cli_fail(code, "standard input holds one log only");
    } else if (tb_log_file_read(cli->args[0], &bytes[0], &len[0]) &&
               tb_log_file_read(cli->args[1], &bytes[1], &len[1])) {
        const struct tb_log_diff logs = { .log = { tb_slice(bytes[0], len[0]),
                                                   tb_slice(bytes[1], len[1]) } };

        diff = tb_log_diff_json(&logs, h, &in_after, &why);
        if (diff != NULL)
            code = print(cli, diff);
        else if (why.where[0] != '\0')
            code = tb_log_refuse(cli->args[in_after ? 1 : 0], &why);
        else
            tb_cli_fail(code, "out of memory");
    }
    json_decref(diff);
    free(bytes[0]);
    free(bytes[1]);
    tb_hasher_free(h);
    return code;
}
