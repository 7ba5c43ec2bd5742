/* cli/report.c - trueboot report: the security report, hosts with verdict and reason. */
#include <stdlib.h>

#include "cli/host.h"
#include "cli/list.h"
#include "cli/text.h"

static void put_counts(struct tb_cli *cli, const json_t *verdicts)
{
    const char *key, *separator = "";
    const json_t *n;

    json_object_foreach((json_t *)verdicts, key, n)
    {
        json_t *word = json_string(key);
        char *text = tb_table_text(word);

        if (text != NULL && json_integer_value(n) > 0) {
            fprintf(cli->out, "%s%" JSON_INTEGER_FORMAT " %s", separator, json_integer_value(n),
                    text);
            separator = ", ";
        }
        free(text);
        json_decref(word);
    }
    fputc('\n', cli->out);
}

static void print_report(struct tb_cli *cli, const json_t *report)
{
    struct tb_table table;
    const json_t *limit;
    size_t i;

    fputs("Security report of ", cli->out);
    tb_text_put(cli->out, tb_json_string(report, "made"));
    fprintf(cli->out, ": %" JSON_INTEGER_FORMAT " hosts\n",
            json_integer_value(json_object_get(report, "total")));
    put_counts(cli, json_object_get(report, "verdicts"));
    fputc('\n', cli->out);
    tb_table_init(&table, tb_host_columns, TB_N_HOST_COLUMNS, cli->colour, cli->out);
    if (!tb_table_page(&table, json_object_get(report, "hosts")))
        tb_cli_fail(TB_EXIT_USAGE, "out of memory");
    tb_table_end(&table);
    fputs("\nWhat this report cannot see:\n", cli->out);
    json_array_foreach(json_object_get(report, "limits"), i, limit)
    {
        fputs("- ", cli->out);
        tb_text_put(cli->out, json_string_value(limit) != NULL ? json_string_value(limit) : "");
        fputc('\n', cli->out);
    }
}

enum tb_exit tb_cmd_report(struct tb_cli *cli)
{
    return tb_request_print(cli, "GET", "/v1/report", NULL, print_report);
}
