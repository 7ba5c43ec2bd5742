/* cli/incident.c - trueboot incident, trueboot audit: what happened, and who did what. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/list.h"
#include "cli/text.h"

static const struct tb_column incident_columns[] = {
    { "ID", "id" },
    { "HOST", "host" },
    { "VERDICT", "verdict" },
    { "OPENED", "opened" },
    { "CLOSED", "closed" },
    { "ACKNOWLEDGED BY", "acknowledged_by" },
    { "UNTIL", "acknowledged_until" },
    { "REASON", "reason" },
};

static const struct tb_column audit_columns[] = {
    { "ID", "id" },         { "TIME", "time" },     { "ACTOR", "actor" },   { "KEY", "actor_id" },
    { "ACTION", "action" }, { "TARGET", "target" }, { "DETAIL", "detail" },
};

enum tb_exit tb_cmd_incident_list(struct tb_cli *cli)
{
    char *path = strdup("/v1/incidents?limit=" TB_API_PAGE);
    enum tb_exit code;

    if (!tb_api_query(&path, "open", tb_cli_has(cli, TB_OPT_OPEN) ? "true" : NULL))
        return tb_cli_fail(TB_EXIT_USAGE, "out of memory");
    code = tb_list_print(cli, path, incident_columns,
                         sizeof incident_columns / sizeof *incident_columns);
    free(path);
    return code;
}

enum tb_exit tb_cmd_audit(struct tb_cli *cli)
{
    return tb_list_print(cli, "/v1/audit?limit=" TB_API_PAGE, audit_columns,
                         sizeof audit_columns / sizeof *audit_columns);
}

/* A duration from now, or a time that the server reads. */
static bool read_until(const char *text, char out[32])
{
    int64_t s;

    if (tb_duration_parse(text, &s))
        return tb_time_format((int64_t)time(NULL) + s, out);
    if (strlen(text) < 20 || strlen(text) > 31 || text[4] != '-' || text[10] != 'T')
        return false;
    memcpy(out, text, strlen(text) + 1);
    return true;
}

static void print_acknowledged(struct tb_cli *cli, const json_t *answer)
{
    fprintf(cli->out, "incident %" JSON_INTEGER_FORMAT " acknowledged by ",
            json_integer_value(json_object_get(answer, "id")));
    tb_text_put(cli->out, tb_json_string(answer, "acknowledged_by"));
    fputs("; it is closed only by an attestation that passes\n", cli->out);
}

enum tb_exit tb_cmd_incident_acknowledge(struct tb_cli *cli)
{
    const char *const *v = cli->value;
    char until[32], path[64];
    int64_t id;
    json_t *body;
    enum tb_exit code;

    if (!tb_number_parse(cli->args[0], 1, INT64_MAX, &id))
        return tb_cli_fail(TB_EXIT_USAGE, "INCIDENT: expected a number, found %s", cli->args[0]);
    if (v[TB_OPT_UNTIL] != NULL && !read_until(v[TB_OPT_UNTIL], until))
        return tb_cli_fail(TB_EXIT_USAGE,
                           "--until: expected a duration (4h) or a time "
                           "(2030-01-31T12:00:00Z), found %s",
                           v[TB_OPT_UNTIL]);
    body = json_object();
    snprintf(path, sizeof path, "/v1/incidents/%lld/acknowledge", (long long)id);
    if ((v[TB_OPT_UNTIL] != NULL && json_object_set_new(body, "until", json_string(until)) != 0) ||
        (v[TB_OPT_NOTE] != NULL &&
         json_object_set_new(body, "note", json_string(v[TB_OPT_NOTE])) != 0))
        code = tb_cli_fail(TB_EXIT_USAGE, "--note: expected UTF-8 text");
    else
        code = tb_request_print(cli, "POST", path, body, print_acknowledged);
    json_decref(body);
    return code;
}
