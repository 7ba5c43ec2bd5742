/* cli/bundle.c - trueboot export, trueboot verify: an attestation as a file, and its verdict
 * computed again by anyone, with the server's own function. What the bundle says about its verdict
 * is compared and never believed. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/file.h"
#include "cli/host.h"
#include "cli/policy_file.h"
#include "cli/text.h"
#include "wire/bundle.h"
#include "wire/result_json.h"

enum tb_exit tb_cmd_export(struct tb_cli *cli)
{
    const char *file = cli->value[TB_OPT_OUTPUT];
    struct tb_api *api = NULL;
    struct tb_answer a = { 0 };
    char *id = NULL, *path = NULL;
    enum tb_exit code;

    if ((file == NULL || strcmp(file, "-") == 0) && isatty(STDOUT_FILENO))
        return tb_cli_fail(TB_EXIT_USAGE, "a bundle is not text: give --output FILE");
    code = tb_api_open(cli, &api);
    if (code == TB_EXIT_OK)
        code = tb_api_find_host(api, cli->args[0], &id);
    if (code == TB_EXIT_OK && (path = tb_api_path("/v1/hosts/", id, "/bundle")) == NULL)
        code = tb_cli_fail(TB_EXIT_USAGE, "out of memory");
    if (code == TB_EXIT_OK)
        code = tb_api_request(api, "GET", path, NULL, true, &a);
    if (code == TB_EXIT_OK)
        code = tb_answer_check(&a);
    if (code == TB_EXIT_OK && a.bytes == NULL)
        code = tb_cli_fail(TB_EXIT_SERVER, "%s: the server has no bundle of this host", id);
    if (code == TB_EXIT_OK && !tb_file_write(file, a.bytes, a.len))
        code = TB_EXIT_USAGE;
    tb_answer_clear(&a);
    free(path);
    free(id);
    tb_api_close(api);
    return code;
}

static json_t *verification_json(const struct tb_bundle *b, const struct tb_result *r,
                                 const struct tb_policy *policy)
{
    char time[32] = "", digest[65];

    if (!tb_time_format((int64_t)(b->time_ms / 1000), time))
        time[0] = '\0';
    tb_hex(tb_slice(policy->digest, sizeof policy->digest), digest, sizeof digest);
    return json_pack("{ss ss ss ss ss sb s{ss ss} so}", "host_id", b->host_id, "host", b->host_name,
                     "time", time, "verdict", tb_verdict_name(r->verdict), "recorded_verdict",
                     tb_verdict_name(b->verdict), "agrees", (int)(r->verdict == b->verdict),
                     "policy", "name", policy->name, "digest", digest, "result",
                     tb_result_json(r, policy));
}

static void print_verification(struct tb_cli *cli, const json_t *v, bool other_policy)
{
    const char *verdict = tb_json_string(v, "verdict");
    const char *sequence = cli->colour ? tb_colour_of(verdict) : "";
    const json_t *result = json_object_get(v, "result"), *finding;
    const json_t *headline = json_object_get(result, "headline");
    size_t i;

    tb_text_put(cli->out, tb_json_string(v, "host"));
    fprintf(cli->out, ": %s%s%s%s", sequence, verdict, *sequence != '\0' ? TB_COLOUR_RESET : "",
            json_is_object(headline) ? ": " : "");
    tb_text_put(cli->out, tb_json_string(headline, "title"));
    fprintf(cli->out, "\nevidence of %s, policy \"", tb_json_string(v, "time"));
    tb_text_put(cli->out, tb_json_string(json_object_get(v, "policy"), "name"));
    fprintf(cli->out, "\"%s\nthe recorded verdict is %s: %s\n",
            other_policy ? ", which is not the bundle's" : "",
            tb_json_string(v, "recorded_verdict"),
            json_is_true(json_object_get(v, "agrees")) ? "it agrees" : "IT DOES NOT AGREE");
    json_array_foreach(json_object_get(result, "findings"), i, finding)
        tb_finding_print(cli, finding);
}

/* Appraise a decoded bundle and print what came out. */
static enum tb_exit verify(struct tb_cli *cli, const char *name, const struct tb_bundle *b)
{
    struct tb_policy *policy = calloc(2, sizeof *policy); /* given, used */
    struct tb_result *result = calloc(1, sizeof *result);
    struct tb_hasher *h = tb_hasher_new();
    const char *file = cli->value[TB_OPT_POLICY];
    char error[TB_POLICY_ERR_LEN];
    json_t *v = NULL;
    enum tb_exit code = TB_EXIT_USAGE;

    if (policy == NULL || result == NULL || h == NULL)
        tb_cli_fail(code, "out of memory");
    else if (file != NULL && !tb_policy_file_read(file, &policy[0], NULL))
        code = TB_EXIT_USAGE;
    else if (!tb_bundle_appraise(b, file != NULL ? &policy[0] : NULL, h, &policy[1], result, error))
        tb_cli_fail(code, "%s: %s", name, error);
    else if ((v = verification_json(b, result, &policy[1])) == NULL)
        tb_cli_fail(code, "the result cannot be printed");
    else {
        code = result->verdict == TB_VERDICT_TRUSTED ? TB_EXIT_OK : TB_EXIT_NEGATIVE;
        if (!tb_cli_has(cli, TB_OPT_JSON))
            print_verification(cli, v, file != NULL);
        else if (!tb_json_print(cli->out, v, false))
            code = tb_cli_fail(TB_EXIT_USAGE, "the result cannot be printed");
    }
    json_decref(v);
    tb_hasher_free(h);
    free(result);
    free(policy);
    return code;
}

enum tb_exit tb_cmd_verify(struct tb_cli *cli)
{
    struct tb_bundle *b;
    struct tb_reason why;
    char *bytes = NULL;
    size_t len;
    enum tb_exit code = TB_EXIT_USAGE;

    if (tb_cli_has(cli, TB_OPT_SELF))
        return tb_cli_refuse_self();
    if (cli->n_args != 1)
        return tb_cli_fail(TB_EXIT_USAGE, "usage: trueboot verify BUNDLE");
    b = calloc(1, sizeof *b);
    if (b == NULL)
        return tb_cli_fail(TB_EXIT_USAGE, "out of memory");
    if (tb_file_read(cli->args[0], "a bundle", TB_BUNDLE_MAX, &bytes, &len)) {
        if (tb_bundle_decode(tb_slice(bytes, len), b, &why))
            code = verify(cli, cli->args[0], b);
        else
            tb_cli_fail(code, "%s: not a bundle: %s: expected %s, found %s", cli->args[0],
                        why.where, why.expected, why.observed);
    }
    free(bytes);
    free(b);
    return code;
}
