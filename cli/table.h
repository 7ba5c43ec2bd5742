/* cli/table.h - JSON as tables for people, and as JSON that a terminal survives. */
#ifndef TB_CLI_TABLE_H
#define TB_CLI_TABLE_H

#include <jansson.h>

#include "cli/cli.h"

#define TB_TABLE_COLUMNS_MAX 12
#define TB_TABLE_WIDTH_MAX 44 /* characters that a column but the last is padded to at most */

struct tb_column {
    const char *title;
    const char *key; /* of the item */
};

/* A table that is printed page by page: widths grow with what comes, they never shrink. */
struct tb_table {
    const struct tb_column *column;
    size_t n_columns;
    size_t width[TB_TABLE_COLUMNS_MAX];
    bool begun; /* the titles are printed */
    bool colour;
    FILE *out;
};

void tb_table_init(struct tb_table *t, const struct tb_column *column, size_t n_columns,
                   bool colour, FILE *out);
/* Print the items of an array. False: out of memory. */
TB_MUST_CHECK bool tb_table_page(struct tb_table *t, const json_t *items);
/* The titles alone, if no item came. */
void tb_table_end(struct tb_table *t);

/* A value as safe text: null and "" are "-", not-capable is "N/A". The caller frees. NULL: out of
 * memory. */
char *tb_table_text(const json_t *value);
/* The string at `key`, or "" when it is absent, null or no string. Borrowed. */
const char *tb_json_string(const json_t *object, const char *key);

/* The escape sequence before a verdict, an outcome or a severity; "" if there is none. */
const char *tb_colour_of(const char *word);
#define TB_COLOUR_RESET "\033[0m"
#define TB_COLOUR_DIM "\033[2m"
#define TB_COLOUR_BOLD "\033[1m"

/* Print a value as JSON in ASCII, indented unless `compact`. False: it could not be written. */
TB_MUST_CHECK bool tb_json_print(FILE *out, const json_t *value, bool compact);

#endif
