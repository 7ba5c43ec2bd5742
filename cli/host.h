/* cli/host.h - how hosts and findings are printed; shared by the subcommands that do. */
#ifndef TB_CLI_HOST_H
#define TB_CLI_HOST_H

#include "cli/api.h"
#include "cli/table.h"

#define TB_N_HOST_COLUMNS 7
extern const struct tb_column tb_host_columns[TB_N_HOST_COLUMNS];

/* The host that the first argument names. */
TB_MUST_CHECK enum tb_exit tb_host_get(struct tb_cli *cli, struct tb_api *api, json_t **out);

/* One finding of an Attestation Result, with its cause and the next step. */
void tb_finding_print(struct tb_cli *cli, const json_t *finding);

/* What changed since the last trusted boot, if the server says that something did. */
void tb_host_changes_print(struct tb_cli *cli, struct tb_api *api, const json_t *host);

#endif
