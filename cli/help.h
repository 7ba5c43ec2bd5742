/* cli/help.h - help from the table of subcommands. */
#ifndef TB_CLI_HELP_H
#define TB_CLI_HELP_H

#include "cli/cli.h"

enum tb_exit tb_help_all(FILE *out);
enum tb_exit tb_help_group(FILE *out, const char *name); /* the verbs of a word */
enum tb_exit tb_help_print(FILE *out, const struct tb_subcommand *s);
/* One line on standard error: which verbs there are, when `found` is none of them. */
void tb_help_verbs(const char *name, const char *found);

#endif
