/* cli/ek.c - trueboot ek: endorsement keys that may enrol without a token. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/config.h"
#include "cli/list.h"
#include "core/reason.h"

static const struct tb_column columns[] = {
    { "EK DIGEST", "ek_digest" }, { "GROUP", "group" }, { "CREATED", "created" },
    { "MADE BY", "created_by" },  { "NOTE", "note" },
};

/* A digest as `host show` prints it, in the one form that the interface takes. */
static bool read_digest(const char *text, char out[65])
{
    uint8_t bytes[32];

    if (!tb_fingerprint_parse(text, bytes)) {
        tb_cli_fail(TB_EXIT_USAGE,
                    "EK-DIGEST: expected a SHA-256 digest of 64 hex digits, found %s", text);
        return false;
    }
    tb_hex(tb_slice(bytes, sizeof bytes), out, 65);
    return true;
}

static void print_allowed(struct tb_cli *cli, const json_t *answer)
{
    fprintf(cli->out, "allowed ");
    for (const char *p = tb_json_string(answer, "ek_digest"); isxdigit((unsigned char)*p); p++)
        fputc(*p, cli->out);
    fputc('\n', cli->out);
}

enum tb_exit tb_cmd_ek_allow(struct tb_cli *cli)
{
    const char *const *v = cli->value;
    char digest[65];
    json_t *body;
    enum tb_exit code;

    if (!read_digest(cli->args[0], digest))
        return TB_EXIT_USAGE;
    body = json_pack("{ss}", "ek_digest", digest);
    if (body == NULL ||
        (v[TB_OPT_GROUP] != NULL &&
         json_object_set_new(body, "group", json_string(v[TB_OPT_GROUP])) != 0) ||
        (v[TB_OPT_NOTE] != NULL &&
         json_object_set_new(body, "note", json_string(v[TB_OPT_NOTE])) != 0))
        code = tb_cli_fail(TB_EXIT_USAGE, "--group, --note: expected UTF-8 text");
    else
        code = tb_request_print(cli, "POST", "/v1/ek-allow", body, print_allowed);
    json_decref(body);
    return code;
}

enum tb_exit tb_cmd_ek_list(struct tb_cli *cli)
{
    return tb_list_print(cli, "/v1/ek-allow", columns, sizeof columns / sizeof *columns);
}

enum tb_exit tb_cmd_ek_disallow(struct tb_cli *cli)
{
    char digest[65], path[96];

    if (!read_digest(cli->args[0], digest))
        return TB_EXIT_USAGE;
    snprintf(path, sizeof path, "/v1/ek-allow/%s", digest);
    return tb_request_print(cli, "DELETE", path, NULL, NULL);
}
