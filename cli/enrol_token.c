/* cli/enrol_token.c - trueboot enrol-token: tokens with which hosts enrol. */
#include <stdlib.h>

#include "cli/list.h"
#include "cli/text.h"

static const struct tb_column columns[] = {
    { "ID", "id" },           { "LABEL", "label" },
    { "GROUP", "group" },     { "USES LEFT", "uses_left" },
    { "EXPIRES", "expires" }, { "MADE BY", "created_by" },
};

/* The token goes to standard output alone, so that a script can take it. */
static void print_token(struct tb_cli *cli, const json_t *answer)
{
    tb_text_put(cli->out, tb_json_string(answer, "token"));
    fputc('\n', cli->out);
    fflush(cli->out);
    fputs("expires ", stderr);
    tb_text_put(stderr, tb_json_string(answer, "expires"));
    fputs("; it is shown only now. On the host:\n  ", stderr);
    tb_text_put(stderr, tb_json_string(answer, "command"));
    fputc('\n', stderr);
}

enum tb_exit tb_cmd_enrol_token(struct tb_cli *cli)
{
    const char *const *v = cli->value;
    json_t *body = json_object();
    int64_t uses = 1, expires_s = 3600;
    enum tb_exit code;

    if (v[TB_OPT_USES] != NULL && !tb_number_parse(v[TB_OPT_USES], 1, 1000000, &uses))
        code = tb_cli_fail(TB_EXIT_USAGE, "--uses: expected a number from 1 to 1000000, found %s",
                           v[TB_OPT_USES]);
    else if (v[TB_OPT_EXPIRES] != NULL && (!tb_duration_parse(v[TB_OPT_EXPIRES], &expires_s) ||
                                           expires_s < 60 || expires_s > 31536000))
        code = tb_cli_fail(TB_EXIT_USAGE, "--expires: expected 1m to 365d, found %s",
                           v[TB_OPT_EXPIRES]);
    else if (json_object_set_new(body, "uses", json_integer(uses)) != 0 ||
             json_object_set_new(body, "expires_s", json_integer(expires_s)) != 0 ||
             (v[TB_OPT_LABEL] != NULL &&
              json_object_set_new(body, "label", json_string(v[TB_OPT_LABEL])) != 0) ||
             (v[TB_OPT_GROUP] != NULL &&
              json_object_set_new(body, "group", json_string(v[TB_OPT_GROUP])) != 0))
        code = tb_cli_fail(TB_EXIT_USAGE, "--label, --group: expected UTF-8 text");
    else
        code = tb_request_print(cli, "POST", "/v1/enrolment-tokens", body, print_token);
    json_decref(body);
    return code;
}

enum tb_exit tb_cmd_enrol_token_list(struct tb_cli *cli)
{
    return tb_list_print(cli, "/v1/enrolment-tokens", columns, sizeof columns / sizeof *columns);
}

enum tb_exit tb_cmd_enrol_token_revoke(struct tb_cli *cli)
{
    char *path = tb_api_path("/v1/enrolment-tokens/", cli->args[0], "");
    enum tb_exit code = path != NULL ? tb_request_print(cli, "DELETE", path, NULL, NULL)
                                     : tb_cli_fail(TB_EXIT_USAGE, "out of memory");

    free(path);
    return code;
}
