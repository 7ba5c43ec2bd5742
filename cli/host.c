/* cli/host.c - trueboot host: one host, or a list of them, and what operators do with them. */
#include <stdlib.h>
#include <string.h>

#include "cli/explain.h"
#include "cli/host.h"
#include "cli/list.h"
#include "cli/packages.h"
#include "cli/story.h"
#include "cli/text.h"
#include "core/appraise.h"

const struct tb_column tb_host_columns[TB_N_HOST_COLUMNS] = {
    { "HOST", "name" },       { "VERDICT", "verdict" },
    { "TPM", "tpm_version" }, { "SECURE BOOT", "secure_boot" },
    { "SINCE", "since" },     { "LAST SEEN", "last_seen" },
    { "REASON", "reason" },
};

static const struct tb_column period_columns[] = {
    { "PERIOD", "id" }, { "VERDICT", "verdict" }, { "FIRST", "first" },
    { "LAST", "last" }, { "COUNT", "count" },     { "REASON", "reason" },
};

/* A row of "name: value", left out when there is no value. */
static void put_row(struct tb_cli *cli, const char *name, const json_t *value)
{
    char *text = tb_table_text(value);
    const char *sequence = text != NULL && cli->colour ? tb_colour_of(text) : "";

    if (text != NULL && strcmp(text, "-") != 0)
        fprintf(cli->out, "%-16s %s%s%s\n", name, sequence, text,
                *sequence != '\0' ? TB_COLOUR_RESET : "");
    free(text);
}

static void put_part(FILE *out, const char *before, const json_t *object, const char *key)
{
    const char *text = tb_json_string(object, key);

    if (*text == '\0')
        return;
    fputs(before, out);
    tb_text_put(out, text);
    fputc('\n', out);
}

void tb_finding_print(struct tb_cli *cli, const json_t *finding)
{
    const char *outcome = tb_json_string(finding, "outcome");
    const char *sequence = cli->colour ? tb_colour_of(outcome) : "";

    fprintf(cli->out, "\n%s", sequence);
    tb_text_put(cli->out, outcome);
    fprintf(cli->out, "%s  ", *sequence != '\0' ? TB_COLOUR_RESET : "");
    tb_text_put(cli->out, tb_json_string(finding, "code"));
    put_part(cli->out, "  ", finding, "title");
    put_part(cli->out, "      where     ", finding, "where");
    put_part(cli->out, "      expected  ", finding, "expected");
    put_part(cli->out, "      found     ", finding, "observed");
    put_part(cli->out, "      cause     ", finding, "cause");
    put_part(cli->out, "      next      ", finding, "next");
}

static void print_host(struct tb_cli *cli, const json_t *host)
{
    static const struct {
        const char *name, *object, *key;
    } rows[] = {
        { "host", NULL, "name" },
        { "id", NULL, "id" },
        { "group", NULL, "group" },
        { "state", NULL, "state" },
        { "verdict", NULL, "verdict" },
        { "reason", NULL, "reason" },
        { "since", NULL, "since" },
        { "last verified", NULL, "last_verified" },
        { "last seen", NULL, "last_seen" },
        { "maintenance", NULL, "maintenance" },
        { "Secure Boot", NULL, "secure_boot" },
        { "TPM", "tpm", "version" },
        { "TPM maker", "tpm", "manufacturer" },
        { "maker proved", "tpm", "manufacturer_proved" },
        { "TPM model", "tpm", "model" },
        { "TPM firmware", "tpm", "firmware" },
        { "TPM class", "tpm", "class" },
        { "class proved", "tpm", "class_proved" },
        { "not seen", "tpm", "limit" },
        { "EK digest", "tpm", "ek_digest" },
        { "EK trust", "tpm", "ek_trust" },
        { "AK name", "tpm", "ak_name" },
        { "product", NULL, "product" },
        { "serial", NULL, "serial" },
        { "agent", NULL, "agent_version" },
        { "enrolled", NULL, "enrolled_at" },
        { "approved by", NULL, "approved_by" },
        { "policy", "policy", "name" },
        { "policy digest", "policy", "digest" },
        { "boot shape", NULL, "shape" },
        { "evidence", NULL, "evidence" },
    };
    const json_t *finding, *facts;
    size_t i;

    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
        put_row(
            cli, rows[r].name,
            json_object_get(rows[r].object != NULL ? json_object_get(host, rows[r].object) : host,
                            rows[r].key));
    json_array_foreach(json_object_get(json_object_get(host, "result"), "findings"), i, finding)
        tb_finding_print(cli, finding);
    facts = json_object_get(json_object_get(host, "result"), "boot");
    tb_explanations_print(cli, facts);
    tb_packages_print(cli, facts);
    if (json_is_object(json_object_get(facts, "story"))) {
        fputs("boot\n", cli->out);
        tb_story_print(cli, facts);
    }
}

/* METHOD /v1/hosts/{id}AFTER for the host given by id or name. */
static enum tb_exit host_request(struct tb_cli *cli, const char *method, const char *after,
                                 const json_t *body, tb_answer_text *text)
{
    struct tb_api *api = NULL;
    char *id = NULL, *path = NULL;
    json_t *answer = NULL;
    bool wanted = strcmp(method, "DELETE") != 0;
    enum tb_exit code = tb_api_open(cli, &api);

    if (code == TB_EXIT_OK)
        code = tb_api_find_host(api, cli->args[0], &id);
    if (code == TB_EXIT_OK && (path = tb_api_path("/v1/hosts/", id, after)) == NULL)
        code = tb_cli_fail(TB_EXIT_USAGE, "out of memory");
    if (code == TB_EXIT_OK)
        code = tb_api_json(api, method, path, body, wanted ? &answer : NULL);
    if (code == TB_EXIT_OK && answer != NULL && tb_cli_has(cli, TB_OPT_JSON)) {
        if (!tb_json_print(cli->out, answer, false))
            code = tb_cli_fail(TB_EXIT_SERVER, "the answer cannot be printed");
    } else if (code == TB_EXIT_OK && text != NULL) {
        text(cli, answer);
    }
    json_decref(answer);
    free(path);
    free(id);
    tb_api_close(api);
    return code;
}

enum tb_exit tb_host_get(struct tb_cli *cli, struct tb_api *api, json_t **out)
{
    char *id = NULL, *path = NULL;
    enum tb_exit code = tb_api_find_host(api, cli->args[0], &id);

    if (code == TB_EXIT_OK && (path = tb_api_path("/v1/hosts/", id, "")) == NULL)
        code = tb_cli_fail(TB_EXIT_USAGE, "out of memory");
    if (code == TB_EXIT_OK)
        code = tb_api_json(api, "GET", path, NULL, out);
    free(path);
    free(id);
    return code;
}

/* {"evidence"}: what the user saw, or what the server shows now. */
static enum tb_exit seen_body(struct tb_cli *cli, json_t **body)
{
    const char *seen = cli->value[TB_OPT_EVIDENCE];
    struct tb_api *api = NULL;
    json_t *host = NULL;
    enum tb_exit code = TB_EXIT_OK;

    if (seen == NULL) {
        code = tb_api_open(cli, &api);
        if (code == TB_EXIT_OK)
            code = tb_host_get(cli, api, &host);
        seen = tb_json_string(host, "evidence");
    }
    if (code == TB_EXIT_OK && (*body = json_pack("{ss}", "evidence", seen)) == NULL)
        code = tb_cli_fail(TB_EXIT_USAGE, "--evidence: expected what `trueboot host show` prints");
    json_decref(host);
    tb_api_close(api);
    return code;
}

/* A decision about a host as it was seen. */
static enum tb_exit decide(struct tb_cli *cli, const char *after, tb_answer_text *text)
{
    json_t *body = NULL;
    enum tb_exit code = seen_body(cli, &body);

    if (code == TB_EXIT_OK)
        code = host_request(cli, "POST", after, body, text);
    json_decref(body);
    return code;
}

enum tb_exit tb_cmd_host_list(struct tb_cli *cli)
{
    const char *const *v = cli->value;
    const char *verdict = v[TB_OPT_VERDICT];
    char *path;
    enum tb_verdict known;
    enum tb_exit code;

    if (verdict != NULL && strcmp(verdict, "N/A") == 0)
        verdict = "not-capable";
    if (verdict != NULL && !tb_verdict_of_name(verdict, &known))
        return tb_cli_fail(TB_EXIT_USAGE,
                           "--verdict: expected trusted, changed, failed, "
                           "not-capable, pending, stale or unreachable, found %s",
                           verdict);
    path = strdup("/v1/hosts?limit=" TB_API_PAGE);
    if (!tb_api_query(&path, "verdict", verdict) ||
        !tb_api_query(&path, "group", v[TB_OPT_GROUP]) ||
        !tb_api_query(&path, "q", v[TB_OPT_SEARCH]) || !tb_api_query(&path, "sort", v[TB_OPT_SORT]))
        return tb_cli_fail(TB_EXIT_USAGE, "out of memory");
    code = tb_list_print(cli, path, tb_host_columns, TB_N_HOST_COLUMNS);
    free(path);
    return code;
}

enum tb_exit tb_cmd_host_show(struct tb_cli *cli)
{
    struct tb_api *api = NULL;
    json_t *host = NULL;
    enum tb_exit code = tb_api_open(cli, &api);

    if (code == TB_EXIT_OK)
        code = tb_host_get(cli, api, &host);
    if (code == TB_EXIT_OK && !tb_cli_has(cli, TB_OPT_JSON)) {
        print_host(cli, host);
        tb_host_changes_print(cli, api, host);
    } else if (code == TB_EXIT_OK && !tb_json_print(cli->out, host, false))
        code = tb_cli_fail(TB_EXIT_SERVER, "the answer cannot be printed");
    json_decref(host);
    tb_api_close(api);
    return code;
}

static void print_state(struct tb_cli *cli, const json_t *host)
{
    tb_text_put(cli->out, tb_json_string(host, "name"));
    fputs(": ", cli->out);
    tb_text_put(cli->out, tb_json_string(host, "state"));
    fputc('\n', cli->out);
}

enum tb_exit tb_cmd_host_approve(struct tb_cli *cli)
{
    return decide(cli, "/approve", print_state);
}

enum tb_exit tb_cmd_host_refuse(struct tb_cli *cli)
{
    return host_request(cli, "POST", "/refuse", NULL, print_state);
}

static void print_accepted(struct tb_cli *cli, const json_t *host)
{
    tb_text_put(cli->out, tb_json_string(host, "name"));
    fputs(": the firmware of the last evidence is the reference from now on\n", cli->out);
}

enum tb_exit tb_cmd_host_accept_firmware(struct tb_cli *cli)
{
    return decide(cli, "/accept-firmware", print_accepted);
}

static void print_rolled_back(struct tb_cli *cli, const json_t *host)
{
    tb_text_put(cli->out, tb_json_string(host, "name"));
    fputs(": the packages of the last evidence are what later ones must not be below\n", cli->out);
}

enum tb_exit tb_cmd_host_accept_rollback(struct tb_cli *cli)
{
    return decide(cli, "/accept-rollback", print_rolled_back);
}

static void print_replacement(struct tb_cli *cli, const json_t *answer)
{
    tb_text_put(cli->out, tb_json_string(answer, "token"));
    fputs("\n", cli->out);
    fflush(cli->out);
    fputs("a token for one enrolment of this host with its new TPM, until ", stderr);
    tb_text_put(stderr, tb_json_string(answer, "expires"));
    fputs("; on the host:\n  ", stderr);
    tb_text_put(stderr, tb_json_string(answer, "command"));
    fputc('\n', stderr);
}

enum tb_exit tb_cmd_host_replace_tpm(struct tb_cli *cli)
{
    return host_request(cli, "POST", "/replace-tpm", NULL, print_replacement);
}

static void print_removed(struct tb_cli *cli, const json_t *answer)
{
    (void)answer;
    tb_text_put(cli->out, cli->args[0]);
    fputs(": removed; its history stays in the audit log\n", cli->out);
}

enum tb_exit tb_cmd_host_remove(struct tb_cli *cli)
{
    return host_request(cli, "DELETE", "", NULL,
                        tb_cli_has(cli, TB_OPT_JSON) ? NULL : print_removed);
}

enum tb_exit tb_cmd_host_set(struct tb_cli *cli)
{
    const char *const *v = cli->value;
    const char *maintenance = v[TB_OPT_MAINTENANCE];
    json_t *body = json_object();
    enum tb_exit code;

    if (maintenance != NULL && strcmp(maintenance, "on") != 0 && strcmp(maintenance, "off") != 0)
        code =
            tb_cli_fail(TB_EXIT_USAGE, "--maintenance: expected on or off, found %s", maintenance);
    else if ((v[TB_OPT_GROUP] != NULL &&
              json_object_set_new(body, "group", json_string(v[TB_OPT_GROUP])) != 0) ||
             (v[TB_OPT_NAME] != NULL &&
              json_object_set_new(body, "name", json_string(v[TB_OPT_NAME])) != 0) ||
             (maintenance != NULL &&
              json_object_set_new(body, "maintenance",
                                  json_boolean(strcmp(maintenance, "on") == 0)) != 0))
        code = tb_cli_fail(TB_EXIT_USAGE, "--group, --name: expected UTF-8 text");
    else if (json_object_size(body) == 0)
        code = tb_cli_fail(TB_EXIT_USAGE, "expected --group, --name or --maintenance");
    else
        code = host_request(cli, "PATCH", "", body, print_host);
    json_decref(body);
    return code;
}

enum tb_exit tb_cmd_host_history(struct tb_cli *cli)
{
    struct tb_api *api = NULL;
    char *id = NULL, *path = NULL;
    enum tb_exit code = tb_api_open(cli, &api);

    if (code == TB_EXIT_OK)
        code = tb_api_find_host(api, cli->args[0], &id);
    tb_api_close(api);
    if (code == TB_EXIT_OK &&
        (path = tb_api_path("/v1/hosts/", id, "/history?limit=" TB_API_PAGE)) == NULL)
        code = tb_cli_fail(TB_EXIT_USAGE, "out of memory");
    if (code == TB_EXIT_OK)
        code = tb_list_print(cli, path, period_columns,
                             sizeof period_columns / sizeof *period_columns);
    free(path);
    free(id);
    return code;
}
