/* cli/packages.c - trueboot host packages, and the same below host show and verify. */
#include "cli/packages.h"

#include "cli/host.h"
#include "cli/text.h"

static const struct tb_column columns[] = {
    { "PACKAGE", "name" },    { "VERSION", "version" }, { "SECURITY", "security_version" },
    { "KIND", "kind" },       { "LEVEL", "level" },     { "VERIFIED", "verified" },
    { "CHECKED", "checked" }, { "VENDOR", "vendor" },   { "SIGNER", "signer" },
};

static const char *or_unknown(const json_t *o, const char *key)
{
    const char *text = tb_json_string(o, key);

    return text[0] != '\0' ? text : "unknown";
}

void tb_packages_print(struct tb_cli *cli, const json_t *boot)
{
    const json_t *chain = json_object_get(boot, "chain");
    struct tb_table table;

    if (!json_is_object(chain))
        return;
    fputs("boot set ", cli->out);
    tb_text_put(cli->out, or_unknown(chain, "set"));
    fputs(", Secure Boot Verifier: ", cli->out);
    tb_text_put(cli->out, or_unknown(chain, "verifier"));
    fprintf(cli->out, "%s%s\n",
            json_is_true(json_object_get(chain, "complete")) ? ", complete" : "",
            json_is_true(json_object_get(chain, "rescue")) ? ", A RESCUE SHELL WAS OPENED" : "");
    tb_table_init(&table, columns, sizeof columns / sizeof columns[0], cli->colour, cli->out);
    if (!tb_table_page(&table, json_object_get(chain, "packages")))
        (void)tb_cli_fail(TB_EXIT_USAGE, "out of memory");
}

static enum tb_exit print(struct tb_cli *cli, const json_t *host)
{
    const json_t *boot = json_object_get(json_object_get(host, "result"), "boot");
    const json_t *chain = json_object_get(boot, "chain");

    if (!json_is_object(chain))
        return tb_cli_fail(TB_EXIT_NEGATIVE,
                           "nothing is proved of this host's packages: it is not on Trueboot's own "
                           "boot chain, or has not attested");
    if (tb_cli_has(cli, TB_OPT_JSON))
        return tb_json_print(cli->out, chain, false)
                   ? TB_EXIT_OK
                   : tb_cli_fail(TB_EXIT_SERVER, "the answer cannot be printed");
    tb_packages_print(cli, boot);
    return TB_EXIT_OK;
}

enum tb_exit tb_cmd_host_packages(struct tb_cli *cli)
{
    struct tb_api *api = NULL;
    json_t *host = NULL;
    enum tb_exit code = tb_api_open(cli, &api);

    if (code == TB_EXIT_OK)
        code = tb_host_get(cli, api, &host);
    if (code == TB_EXIT_OK)
        code = print(cli, host);
    json_decref(host);
    tb_api_close(api);
    return code;
}
