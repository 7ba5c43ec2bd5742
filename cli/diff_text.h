/* cli/diff_text.h - a difference between two boots, for people. */
#ifndef TB_CLI_DIFF_TEXT_H
#define TB_CLI_DIFF_TEXT_H

#include <jansson.h>

#include "cli/cli.h"

/* A sentence and whether what it names is proved; ends the line. */
void tb_change_sentence(struct tb_cli *cli, const json_t *change);
/* The "diff" of an answer of the server: each PCR that differs, its changes and their details.
 * shape_pcrs: others are marked as differing from machine to machine; NULL: none is. */
void tb_diff_print(struct tb_cli *cli, const json_t *diff, const json_t *shape_pcrs);

#endif
