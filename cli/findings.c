/* cli/findings.c - trueboot findings: every code that a verdict can give as its reason. */
#include "cli/table.h"
#include "wire/result_json.h"

enum tb_exit tb_cmd_findings(struct tb_cli *cli)
{
    static const struct tb_column columns[] = { { "CODE", "code" },
                                                { "SEVERITY", "severity" },
                                                { "WHAT WAS FOUND", "title" } };
    struct tb_table table;
    json_t *answer = json_pack("{sosn}", "items", tb_checks_json(), "next");
    bool ok = answer != NULL;

    tb_table_init(&table, columns, sizeof columns / sizeof *columns, cli->colour, cli->out);
    if (ok && tb_cli_has(cli, TB_OPT_JSON))
        ok = tb_json_print(cli->out, answer, false);
    else if (ok)
        ok = tb_table_page(&table, json_object_get(answer, "items"));
    json_decref(answer);
    return ok ? TB_EXIT_OK : tb_cli_fail(TB_EXIT_USAGE, "the findings cannot be printed");
}
