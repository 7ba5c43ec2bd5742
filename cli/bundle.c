/* cli/bundle.c - trueboot export, trueboot verify: an attestation as a file, and its verdict
 * computed again by anyone, with the server's own function. What the bundle says about its verdict
 * is compared and never believed. Whose key signed it the bundle cannot prove: anybody can make one
 * with a key of their own, so the key's Name is printed and compared with the one given. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/explain.h"
#include "cli/file.h"
#include "cli/host.h"
#include "cli/packages.h"
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
    if (code == TB_EXIT_OK && !tb_cli_file_write(file, a.bytes, a.len))
        code = TB_EXIT_USAGE;
    tb_answer_clear(&a);
    free(path);
    free(id);
    tb_api_close(api);
    return code;
}

#define AK_HEX_LEN (2 * TB_NAME_MAX + 1)

/* The Name of the bundle's attestation key in hex; "" if it is no such key. */
static void name_of_key(const struct tb_bundle *b, struct tb_hasher *h, char out[AK_HEX_LEN])
{
    uint8_t name[TB_NAME_MAX];
    struct tb_public pub;
    struct tb_reason why;
    size_t len;

    out[0] = '\0';
    if (tb_public_check_ak(b->ak_public, &pub, &why) &&
        tb_public_name(b->ak_public, &pub, h, name, &len))
        tb_hex(tb_slice(name, len), out, AK_HEX_LEN);
}

/* Two bytes of algorithm and a digest, in hex. */
static bool is_name(const char *hex)
{
    size_t len = strlen(hex), n = 0;

    while (isxdigit((unsigned char)hex[n]))
        n++;
    return n == len && (len == 4 + 2 * 32 || len == 4 + 2 * 48 || len == 4 + 2 * 64);
}

static json_t *verification_json(const struct tb_bundle *b, const char *ak_name,
                                 const char *wanted_ak, const struct tb_result *r,
                                 const struct tb_policy *policy)
{
    json_t *matches =
        wanted_ak != NULL ? json_boolean(strcasecmp(ak_name, wanted_ak) == 0) : json_null();
    char time[32] = "", digest[65];

    if (!tb_time_format((int64_t)(b->time_ms / 1000), time))
        time[0] = '\0';
    tb_hex(tb_slice(policy->digest, sizeof policy->digest), digest, sizeof digest);
    return json_pack("{ss so ss ss ss ss ss sb s{ss ss} so}", "ak_name", ak_name, "ak_matches",
                     matches, "host_id", b->host_id, "host", b->host_name, "time", time, "verdict",
                     tb_verdict_name(r->verdict), "recorded_verdict", tb_verdict_name(b->verdict),
                     "agrees", (int)(r->verdict == b->verdict), "policy", "name", policy->name,
                     "digest", digest, "result", tb_result_json(r, policy));
}

/* What is proved of the key, which is all that ties the rest to a TPM. */
static void print_key(struct tb_cli *cli, const json_t *v, const char *wanted)
{
    const char *name = tb_json_string(v, "ak_name");

    if (*name == '\0')
        name = "none that a TPM could have made for this";
    if (wanted == NULL)
        fprintf(cli->out,
                "attestation key: %s\n"
                "whose key this is was not compared: without --ak a bundle is shown to be "
                "consistent, and its key, host and enrolment are its own claims\n",
                name);
    else if (json_is_true(json_object_get(v, "ak_matches")))
        fprintf(cli->out, "attestation key: %s, the one given with --ak\n", name);
    else
        fprintf(cli->out,
                "ANOTHER ATTESTATION KEY: this bundle is not of the TPM whose key was given\n"
                "    expected: %s\n    found:    %s\nwhat follows is the bundle's own claim\n",
                wanted, name);
}

static void print_verification(struct tb_cli *cli, const json_t *v, bool other_policy)
{
    const char *verdict = tb_json_string(v, "verdict");
    const char *sequence = cli->colour ? tb_colour_of(verdict) : "";
    const json_t *result = json_object_get(v, "result"), *finding;
    const json_t *headline = json_object_get(result, "headline");
    const char *wanted = cli->value[TB_OPT_AK];
    bool other_key = wanted != NULL && !json_is_true(json_object_get(v, "ak_matches"));
    size_t i;

    if (other_key)
        print_key(cli, v, wanted);
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
    if (!other_key)
        print_key(cli, v, wanted);
    json_array_foreach(json_object_get(result, "findings"), i, finding)
        tb_finding_print(cli, finding);
    tb_explanations_print(cli, json_object_get(result, "boot"));
    tb_packages_print(cli, json_object_get(result, "boot"));
}

/* Appraise a decoded bundle and print what came out. */
static enum tb_exit verify(struct tb_cli *cli, const char *name, const struct tb_bundle *b)
{
    struct tb_policy *policy = calloc(2, sizeof *policy); /* given, used */
    struct tb_appraisal *appraisal = calloc(1, sizeof *appraisal);
    struct tb_hasher *h = tb_hasher_new();
    const char *file = cli->value[TB_OPT_POLICY];
    char error[TB_POLICY_ERR_LEN], ak_name[AK_HEX_LEN];
    json_t *v = NULL;
    enum tb_exit code = TB_EXIT_USAGE;

    if (h != NULL)
        name_of_key(b, h, ak_name);
    if (policy == NULL || appraisal == NULL || h == NULL)
        tb_cli_fail(code, "out of memory");
    else if (file != NULL && !tb_policy_file_read(file, &policy[0], NULL))
        code = TB_EXIT_USAGE;
    else if (!tb_bundle_appraise(b, file != NULL ? &policy[0] : NULL, h, &policy[1], appraisal,
                                 error))
        tb_cli_fail(code, "%s: %s", name, error);
    else if ((v = verification_json(b, ak_name, cli->value[TB_OPT_AK], &appraisal->result,
                                    &policy[1])) == NULL)
        tb_cli_fail(code, "the result cannot be printed");
    else {
        code = appraisal->result.verdict == TB_VERDICT_TRUSTED &&
                       !json_is_false(json_object_get(v, "ak_matches"))
                   ? TB_EXIT_OK
                   : TB_EXIT_NEGATIVE;
        if (!tb_cli_has(cli, TB_OPT_JSON))
            print_verification(cli, v, file != NULL);
        else if (!tb_json_print(cli->out, v, false))
            code = tb_cli_fail(TB_EXIT_USAGE, "the result cannot be printed");
    }
    json_decref(v);
    tb_hasher_free(h);
    free(appraisal);
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
    if (cli->value[TB_OPT_AK] != NULL && !is_name(cli->value[TB_OPT_AK]))
        return tb_cli_fail(TB_EXIT_USAGE,
                           "--ak: expected the Name of an attestation key, 68, 100 or 132 digits "
                           "in hex, found \"%s\"",
                           cli->value[TB_OPT_AK]);
    b = calloc(1, sizeof *b);
    if (b == NULL)
        return tb_cli_fail(TB_EXIT_USAGE, "out of memory");
    if (tb_cli_file_read(cli->args[0], "a bundle", TB_BUNDLE_MAX, &bytes, &len)) {
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
