/* cli/api_token.c - trueboot api-token: who may use the REST interface. */
#include <stdlib.h>
#include <string.h>

#include "cli/list.h"
#include "cli/text.h"

static const struct tb_column columns[] = {
    { "ID", "id" },           { "ROLE", "role" },          { "LABEL", "label" },
    { "CREATED", "created" }, { "MADE BY", "created_by" }, { "EXPIRES", "expires" },
};

static void print_token(struct tb_cli *cli, const json_t *answer)
{
    tb_text_put(cli->out, tb_json_string(answer, "token"));
    fputc('\n', cli->out);
    fflush(cli->out);
    fputs("role ", stderr);
    tb_text_put(stderr, tb_json_string(answer, "role"));
    fputs("; it is shown only now\n", stderr);
}

static bool is_role(const char *text)
{
    static const char *const roles[] = { "viewer", "operator", "admin", "auditor" };

    for (size_t i = 0; text != NULL && i < sizeof roles / sizeof roles[0]; i++)
        if (strcmp(text, roles[i]) == 0)
            return true;
    return false;
}

enum tb_exit tb_cmd_api_token_create(struct tb_cli *cli)
{
    const char *const *v = cli->value;
    json_t *body;
    int64_t expires_s = 0;
    enum tb_exit code;

    if (!is_role(v[TB_OPT_ROLE]))
        return tb_cli_fail(TB_EXIT_USAGE,
                           "--role: expected viewer, operator, admin or auditor, "
                           "found %s",
                           v[TB_OPT_ROLE] ? v[TB_OPT_ROLE] : "nothing");
    if (v[TB_OPT_EXPIRES] != NULL &&
        (!tb_duration_parse(v[TB_OPT_EXPIRES], &expires_s) || expires_s < 60))
        return tb_cli_fail(TB_EXIT_USAGE, "--expires: expected a duration from 1m on, found %s",
                           v[TB_OPT_EXPIRES]);
    body = json_pack("{ss}", "role", v[TB_OPT_ROLE]);
    if (body == NULL ||
        (expires_s != 0 && json_object_set_new(body, "expires_s", json_integer(expires_s)) != 0) ||
        (v[TB_OPT_LABEL] != NULL &&
         json_object_set_new(body, "label", json_string(v[TB_OPT_LABEL])) != 0))
        code = tb_cli_fail(TB_EXIT_USAGE, "--label: expected UTF-8 text");
    else
        code = tb_request_print(cli, "POST", "/v1/api-tokens", body, print_token);
    json_decref(body);
    return code;
}

enum tb_exit tb_cmd_api_token_list(struct tb_cli *cli)
{
    return tb_list_print(cli, "/v1/api-tokens", columns, sizeof columns / sizeof *columns);
}

enum tb_exit tb_cmd_api_token_revoke(struct tb_cli *cli)
{
    char *path = tb_api_path("/v1/api-tokens/", cli->args[0], "");
    enum tb_exit code = path != NULL ? tb_request_print(cli, "DELETE", path, NULL, NULL)
                                     : tb_cli_fail(TB_EXIT_USAGE, "out of memory");

    free(path);
    return code;
}
