/* cli/table.c - see table.h. */
#include "cli/table.h"

#include <stdlib.h>
#include <string.h>

#include "cli/text.h"

static const struct {
    const char *word, *sequence;
} colours[] = {
    { "trusted", "\033[32m" }, { "pass", "\033[32m" },     { "on", "\033[32m" },
    { "changed", "\033[33m" }, { "pending", "\033[33m" },  { "unknown", "\033[33m" },
    { "stale", "\033[33m" },   { "advisory", "\033[33m" }, { "failed", "\033[1;31m" },
    { "fail", "\033[1;31m" },  { "off", "\033[31m" },      { "unreachable", "\033[33m" },
    { "N/A", "\033[2m" },      { "required", "\033[1m" },
};

const char *tb_colour_of(const char *word)
{
    for (size_t i = 0; i < sizeof colours / sizeof colours[0]; i++)
        if (strcmp(colours[i].word, word) == 0)
            return colours[i].sequence;
    return "";
}

const char *tb_json_string(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));

    return s != NULL ? s : "";
}

char *tb_table_text(const json_t *value)
{
    char number[32] = "-";
    const char *text = json_string_value(value);

    if (text != NULL && strcmp(text, "not-capable") == 0)
        return strdup("N/A"); /* DESIGN's word in the report: not a failure */
    if (text != NULL && *text != '\0')
        return tb_text_safe(text, json_string_length(value));
    if (json_is_integer(value))
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_boolean(value))
        snprintf(number, sizeof number, "%s", json_is_true(value) ? "yes" : "no");
    else if (json_is_array(value) || json_is_object(value)) {
        char *dump = json_dumps(value, JSON_ENSURE_ASCII | JSON_COMPACT);
        char *safe = dump != NULL ? tb_text_safe(dump, strlen(dump)) : NULL;

        free(dump);
        return safe;
    }
    return strdup(number);
}

void tb_table_init(struct tb_table *t, const struct tb_column *column, size_t n_columns,
                   bool colour, FILE *out)
{
    *t =
        (struct tb_table){ .column = column, .n_columns = n_columns, .colour = colour, .out = out };
    for (size_t i = 0; i < n_columns; i++)
        t->width[i] = strlen(column[i].title);
}

static void put_cell(struct tb_table *t, size_t i, const char *text, const char *sequence)
{
    size_t width = tb_text_width(text);

    if (t->colour && *sequence != '\0')
        fprintf(t->out, "%s%s" TB_COLOUR_RESET, sequence, text);
    else
        fputs(text, t->out);
    if (i + 1 == t->n_columns) {
        fputc('\n', t->out);
        return;
    }
    fprintf(t->out, "%*s", (int)(width < t->width[i] ? t->width[i] - width + 2 : 2), "");
}

static void put_titles(struct tb_table *t)
{
    for (size_t i = 0; i < t->n_columns; i++)
        put_cell(t, i, t->column[i].title, TB_COLOUR_BOLD);
    t->begun = true;
}

/* All cells of a page, row by row; NULL: out of memory. */
static char **page_cells(struct tb_table *t, const json_t *items)
{
    size_t n = json_array_size(items);
    char **cells = calloc(n * t->n_columns + 1, sizeof *cells);

    for (size_t r = 0; cells != NULL && r < n; r++)
        for (size_t i = 0; i < t->n_columns; i++) {
            char *text = tb_table_text(json_object_get(json_array_get(items, r), t->column[i].key));
            size_t width = text != NULL ? tb_text_width(text) : 0;

            if (text == NULL) {
                for (size_t k = 0; k < r * t->n_columns + i; k++)
                    free(cells[k]);
                free(cells);
                return NULL;
            }
            cells[r * t->n_columns + i] = text;
            if (width > t->width[i])
                t->width[i] = width < TB_TABLE_WIDTH_MAX ? width : TB_TABLE_WIDTH_MAX;
        }
    return cells;
}

bool tb_table_page(struct tb_table *t, const json_t *items)
{
    size_t n = json_array_size(items);
    char **cells = page_cells(t, items);

    if (cells == NULL)
        return false;
    if (!t->begun && n > 0)
        put_titles(t);
    for (size_t k = 0; k < n * t->n_columns; k++) {
        put_cell(t, k % t->n_columns, cells[k], tb_colour_of(cells[k]));
        free(cells[k]);
    }
    free(cells);
    return true;
}

void tb_table_end(struct tb_table *t)
{
    if (!t->begun)
        put_titles(t);
}

/* jansson escapes what is not ASCII and the control characters below 0x20; DEL is left to us. It
 * stands in strings only, where \u007f is the same character. */
static int put_json(const char *bytes, size_t size, void *data)
{
    FILE *out = data;

    for (size_t i = 0; i < size; i++)
        if ((bytes[i] == 0x7f ? fputs("\\u007f", out) : fputc(bytes[i], out)) == EOF)
            return -1;
    return 0;
}

bool tb_json_print(FILE *out, const json_t *value, bool compact)
{
    size_t flags = JSON_ENSURE_ASCII | JSON_ENCODE_ANY | JSON_PRESERVE_ORDER |
                   (compact ? JSON_COMPACT : JSON_INDENT(2));

    return json_dump_callback(value, put_json, out, flags) == 0 &&
           (compact || fputc('\n', out) != EOF);
}
