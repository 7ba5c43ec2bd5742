/* cli/list.h - lists of the REST interface, followed page by page and printed as they come. */
#ifndef TB_CLI_LIST_H
#define TB_CLI_LIST_H

#include "cli/api.h"
#include "cli/table.h"

/* Print the list at `path` as a table, or with --json as {"items":[...]}. Without more pages than
 * the server has hosts for, and never the same page twice. */
TB_MUST_CHECK enum tb_exit tb_list_print(struct tb_cli *cli, const char *path,
                                         const struct tb_column *column, size_t n_columns);

/* Open a connection, make one request, print the answer: as JSON with --json, else by `text`
 * (NULL: nothing). */
typedef void tb_answer_text(struct tb_cli *cli, const json_t *answer);
TB_MUST_CHECK enum tb_exit tb_request_print(struct tb_cli *cli, const char *method,
                                            const char *path, const json_t *body,
                                            tb_answer_text *text);

#endif
