/* cli/host_diff.c - trueboot host diff, host show: a host, and what changed in its boot. */
#include <stdlib.h>
#include <string.h>

#include "cli/diff_text.h"
#include "cli/host.h"
#include "cli/list.h"
#include "cli/text.h"

/* "of 2026-11-23T10:00:00Z, trusted" */
static void put_boot(struct tb_cli *cli, const char *word, const json_t *boot)
{
    fprintf(cli->out, "%-7s the boot of ", word);
    tb_text_put(cli->out, tb_json_string(boot, "when"));
    fputs(", ", cli->out);
    tb_text_put(cli->out, tb_json_string(boot, "verdict"));
    if (json_is_integer(json_object_get(boot, "period")))
        fprintf(cli->out, ", period %" JSON_INTEGER_FORMAT,
                json_integer_value(json_object_get(boot, "period")));
    fputc('\n', cli->out);
}

static enum tb_exit print_diff(struct tb_cli *cli, const json_t *answer)
{
    const json_t *diff = json_object_get(answer, "diff");

    if (!tb_cli_has(cli, TB_OPT_JSON)) {
        put_boot(cli, "before", json_object_get(answer, "from"));
        put_boot(cli, "now", json_object_get(answer, "to"));
        tb_diff_print(cli, diff, NULL);
    } else if (!tb_json_print(cli->out, answer, false))
        return tb_cli_fail(TB_EXIT_SERVER, "the answer cannot be printed");
    return json_is_true(json_object_get(diff, "equal")) ? TB_EXIT_OK : TB_EXIT_NEGATIVE;
}

static bool is_period(const char *option, const char *value)
{
    int64_t n;

    if (value == NULL || tb_number_parse(value, 1, INT64_MAX - 1, &n))
        return true;
    tb_cli_fail(TB_EXIT_USAGE, "--%s: expected a period of `trueboot host history`, found %s",
                option, value);
    return false;
}

enum tb_exit tb_cmd_host_diff(struct tb_cli *cli)
{
    const char *from = cli->value[TB_OPT_FROM], *to = cli->value[TB_OPT_TO];
    struct tb_api *api = NULL;
    char *id = NULL, *path = NULL;
    json_t *answer = NULL;
    enum tb_exit code;

    if (!is_period("from", from) || !is_period("to", to))
        return TB_EXIT_USAGE;
    code = tb_api_open(cli, &api);
    if (code == TB_EXIT_OK)
        code = tb_api_find_host(api, cli->args[0], &id);
    if (code == TB_EXIT_OK) {
        path = tb_api_path("/v1/hosts/", id, "/diff");
        if (path == NULL || !tb_api_query(&path, "from", from) || !tb_api_query(&path, "to", to)) {
            path = NULL;
            code = tb_cli_fail(TB_EXIT_USAGE, "out of memory");
        }
    }
    if (code == TB_EXIT_OK)
        code = tb_api_json(api, "GET", path, NULL, &answer);
    if (code == TB_EXIT_OK)
        code = print_diff(cli, answer);
    json_decref(answer);
    free(path);
    free(id);
    tb_api_close(api);
    return code;
}

/* The changes that tell most, below the host itself. A log that is not held is no failure. */
void tb_host_changes_print(struct tb_cli *cli, struct tb_api *api, const json_t *host)
{
    const json_t *since = json_object_get(host, "changed_since"), *top, *change;
    struct tb_answer answer = { 0 };
    char *path;
    size_t i;

    if (!json_is_object(since))
        return;
    path = tb_api_path("/v1/hosts/", tb_json_string(host, "id"), "/diff");
    if (path != NULL && tb_api_request(api, "GET", path, NULL, false, &answer) == TB_EXIT_OK &&
        answer.status == 200) {
        top = json_object_get(json_object_get(answer.json, "diff"), "top");
        fputs("\nWhat changed since the trusted boot of ", cli->out);
        tb_text_put(cli->out, tb_json_string(since, "when"));
        fputs(json_array_size(top) > 0 ? ":\n" : ": nothing that is measured\n", cli->out);
        json_array_foreach(top, i, change)
        {
            fputs("- ", cli->out);
            tb_change_sentence(cli, change);
        }
        if (json_array_size(top) > 0)
            fputs("`trueboot host diff` tells all of it.\n", cli->out);
    }
    tb_answer_clear(&answer);
    free(path);
}
