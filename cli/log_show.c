/* cli/log_show.c - trueboot log show: an event log in words.
 *
 * Most data in a log is covered by no digest, and without a quote even the digests are claims. So
 * every line of data tells whether its event's digest covers it. */
#include <stdlib.h>
#include <string.h>

#include "cli/file.h"
#include "cli/log.h"
#include "cli/story.h"
#include "cli/table.h"
#include "cli/text.h"
#include "wire/log_json.h"

static void put_event(struct tb_cli *cli, const json_t *event)
{
    const json_t *detail, *digest;
    const char *bank;
    size_t i;
    json_int_t pcr = json_integer_value(json_object_get(event, "pcr"));

    fprintf(cli->out, "\n%s%" JSON_INTEGER_FORMAT "  PCR ", cli->colour ? TB_COLOUR_BOLD : "",
            json_integer_value(json_object_get(event, "index")));
    if (pcr == UINT32_MAX) /* Windows' trust point: an event that no PCR has */
        fputs("none", cli->out);
    else
        fprintf(cli->out, "%" JSON_INTEGER_FORMAT, pcr);
    fprintf(cli->out, "  %s%s  (%" JSON_INTEGER_FORMAT " bytes at %" JSON_INTEGER_FORMAT ")\n",
            tb_json_string(event, "type"), cli->colour ? TB_COLOUR_RESET : "",
            json_integer_value(json_object_get(event, "size")),
            json_integer_value(json_object_get(event, "offset")));
    json_object_foreach(json_object_get((json_t *)event, "digests"), bank, digest)
    {
        fprintf(cli->out, "    %s%-10s %s%s\n", cli->colour ? TB_COLOUR_DIM : "", bank,
                json_string_value(digest), cli->colour ? TB_COLOUR_RESET : "");
    }
    json_array_foreach(json_object_get(event, "details"), i, detail)
    {
        bool verified = json_is_true(json_object_get(detail, "verified"));
        const char *sequence = !cli->colour ? "" : verified ? "\033[32m" : "\033[33m";

        fprintf(cli->out, "    %s%s%s  ", sequence, verified ? "verified  " : "unverified",
                cli->colour ? TB_COLOUR_RESET : "");
        tb_text_put(cli->out, tb_json_string(detail, "name"));
        fputs(": ", cli->out);
        tb_text_put(cli->out, tb_json_string(detail, "value"));
        fputc('\n', cli->out);
    }
}

static void put_log(struct tb_cli *cli, const json_t *log)
{
    const json_t *events = json_object_get(log, "events"), *item;
    const char *separator = "";
    size_t i;

    fprintf(cli->out, "%s log, %zu events, banks ", tb_json_string(log, "format"),
            json_array_size(events));
    json_array_foreach(json_object_get(log, "banks"), i, item)
    {
        fprintf(cli->out, "%s%s", separator, json_string_value(item));
        separator = ", ";
    }
    fputs(
        "\nverified: all digests of the event cover it; unverified: whoever made the log could "
        "write "
        "it.\nThat goes for every event's type, too. Digests say something only where they replay "
        "to\nquoted PCRs.\n",
        cli->out);
    fputs("\nThe boot, in the order in which it went:\n", cli->out);
    tb_story_print(cli, json_object_get(log, "facts"));
    json_array_foreach(events, i, item) put_event(cli, item);
}

enum tb_exit tb_cmd_log_show(struct tb_cli *cli)
{
    const char *path = cli->args[0];
    struct tb_hasher *h = tb_hasher_new();
    struct tb_reason why;
    char *bytes = NULL;
    size_t len;
    json_t *log = NULL;
    enum tb_exit code = TB_EXIT_USAGE;

    if (h == NULL) {
        tb_cli_fail(code, "out of memory");
    } else if (tb_log_file_read(path, &bytes, &len)) {
        log = tb_log_json(tb_slice(bytes, len), NULL, h, &why);
        if (log == NULL && why.where[0] != '\0')
            tb_log_refuse(path, &why);
        else if (log == NULL)
            tb_cli_fail(code, "%s: out of memory", path);
        else if (!tb_cli_has(cli, TB_OPT_JSON)) {
            put_log(cli, log);
            code = TB_EXIT_OK;
        } else if (tb_json_print(cli->out, log, false)) {
            code = TB_EXIT_OK;
        } else {
            tb_cli_fail(code, "the log cannot be printed");
        }
    }
    json_decref(log);
    free(bytes);
    tb_hasher_free(h);
    return code;
}
