/* cli/policy.c - trueboot policy: what hosts are judged by. */
#include <stdlib.h>

#include "cli/file.h"
#include "cli/list.h"
#include "cli/policy_file.h"
#include "cli/text.h"

bool tb_policy_file_read(const char *path, struct tb_policy *out, json_t **json)
{
    struct tb_hasher *h = tb_hasher_new();
    char *text = NULL, error[TB_POLICY_ERR_LEN];
    size_t len;
    bool ok = h != NULL && tb_cli_file_read(path, "a policy", TB_POLICY_JSON_MAX, &text, &len);

    if (ok && !tb_policy_parse(path, tb_slice(text, len), h, out, error)) {
        tb_cli_fail(TB_EXIT_USAGE, "%s", error);
        ok = false;
    }
    if (ok && json != NULL) {
        *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
        ok = *json != NULL;
    }
    free(text);
    tb_hasher_free(h);
    return ok;
}

enum tb_exit tb_cmd_policy_check(struct tb_cli *cli)
{
    struct tb_policy policy;
    char digest[65];
    json_t *answer;
    enum tb_exit code = TB_EXIT_OK;

    if (!tb_policy_file_read(cli->args[0], &policy, NULL))
        return TB_EXIT_USAGE;
    tb_hex(tb_slice(policy.digest, sizeof policy.digest), digest, sizeof digest);
    if (!tb_cli_has(cli, TB_OPT_JSON)) {
        fputs("policy \"", cli->out);
        tb_text_put(cli->out, policy.name);
        fprintf(cli->out, "\" is well formed: %s, sha256 %s\n",
                policy.enforce ? "enforce" : "observe", digest);
        return TB_EXIT_OK;
    }
    answer = json_pack("{ss ss sb}", "name", policy.name, "digest", digest, "enforce",
                       (int)policy.enforce);
    if (answer == NULL || !tb_json_print(cli->out, answer, false))
        code = tb_cli_fail(TB_EXIT_USAGE, "the answer cannot be printed");
    json_decref(answer);
    return code;
}

static void print_policy(struct tb_cli *cli, const json_t *answer)
{
    if (!tb_json_print(cli->out, json_object_get(answer, "policy"), false))
        tb_cli_fail(TB_EXIT_SERVER, "the policy cannot be printed");
}

enum tb_exit tb_cmd_policy_show(struct tb_cli *cli)
{
    return tb_request_print(cli, "GET", "/v1/policy", NULL, print_policy);
}

static void print_version(struct tb_cli *cli, const json_t *answer)
{
    fprintf(cli->out, "version %" JSON_INTEGER_FORMAT " of policy \"",
            json_integer_value(json_object_get(answer, "version")));
    tb_text_put(cli->out, tb_json_string(answer, "name"));
    fputs("\" is in force\n", cli->out);
}

enum tb_exit tb_cmd_policy_set(struct tb_cli *cli)
{
    struct tb_policy policy;
    json_t *body = NULL;
    enum tb_exit code = TB_EXIT_USAGE;

    if (tb_policy_file_read(cli->args[0], &policy, &body))
        code = tb_request_print(cli, "PUT", "/v1/policy", body, print_version);
    json_decref(body);
    return code;
}

static void print_trial(struct tb_cli *cli, const json_t *answer)
{
    static const struct tb_column columns[] = {
        { "HOST", "name" }, { "NOW", "from" }, { "THEN", "to" }, { "REASON", "reason" }
    };
    const json_t *changes = json_object_get(answer, "would_change");
    struct tb_table table;

    fprintf(cli->out, "this would change %zu of %" JSON_INTEGER_FORMAT " hosts\n",
            json_array_size(changes), json_integer_value(json_object_get(answer, "hosts")));
    tb_table_init(&table, columns, sizeof columns / sizeof *columns, cli->colour, cli->out);
    if (!tb_table_page(&table, changes))
        tb_cli_fail(TB_EXIT_USAGE, "out of memory");
}

enum tb_exit tb_cmd_policy_try(struct tb_cli *cli)
{
    struct tb_policy policy;
    struct tb_api *api = NULL;
    json_t *body = NULL, *answer = NULL;
    enum tb_exit code = TB_EXIT_USAGE;

    if (tb_policy_file_read(cli->args[0], &policy, &body))
        code = tb_api_open(cli, &api);
    if (code == TB_EXIT_OK)
        code = tb_api_json(api, "POST", "/v1/policy/try", body, &answer);
    if (code == TB_EXIT_OK && !tb_cli_has(cli, TB_OPT_JSON))
        print_trial(cli, answer);
    else if (code == TB_EXIT_OK && !tb_json_print(cli->out, answer, false))
        code = tb_cli_fail(TB_EXIT_SERVER, "the answer cannot be printed");
    if (code == TB_EXIT_OK && json_array_size(json_object_get(answer, "would_change")) > 0)
        code = TB_EXIT_NEGATIVE;
    json_decref(answer);
    json_decref(body);
    tb_api_close(api);
    return code;
}
