/* cli/explain.h - a log beside quoted values: what matches, and why the rest does not. */
#ifndef TB_CLI_EXPLAIN_H
#define TB_CLI_EXPLAIN_H

#include <jansson.h>

#include "cli/cli.h"
#include "core/eventlog.h"

/* Print "explanations" of an object that has them (a result's "boot"); nothing where it has none.
 */
void tb_explanations_print(struct tb_cli *cli, const json_t *of);

/* Read quoted values: lines of bank, PCR and value as `trueboot log pcrs` prints them, what
 * tpm2_pcrread prints, or JSON as `trueboot log pcrs --json` does. False: said why. */
TB_MUST_CHECK bool tb_quoted_read(const char *path, struct tb_pcrs *out);

/* Compare a log with the values in the file of --quoted and print the comparison. */
enum tb_exit tb_log_compare_cmd(struct tb_cli *cli, struct tb_reader log, struct tb_hasher *h);

#endif
