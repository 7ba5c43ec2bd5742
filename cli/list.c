/* cli/list.c - see list.h. */
#include "cli/list.h"

#include <stdlib.h>
#include <string.h>

#define PAGES_MAX 100000 /* of 500 items: more than any fleet has */

struct printer {
    struct tb_cli *cli;
    struct tb_table table;
    bool begun, any; /* JSON: the list is open; an item is printed */
};

static bool print_json(struct printer *p, const json_t *items)
{
    const json_t *item;
    size_t i;

    if (!p->begun)
        fputs("{\"items\":[", p->cli->out);
    p->begun = true;
    json_array_foreach(items, i, item)
    {
        fputs(p->any ? ",\n" : "\n", p->cli->out);
        if (!tb_json_print(p->cli->out, item, true))
            return false;
        p->any = true;
    }
    return true;
}

/* One page: print it; *next gets the cursor of the next one, owned, or NULL. */
static enum tb_exit print_page(struct printer *p, const json_t *page, char **next)
{
    const json_t *items = json_object_get(page, "items");
    const char *cursor = json_string_value(json_object_get(page, "next"));
    bool json = tb_cli_has(p->cli, TB_OPT_JSON);

    if (!json_is_array(items))
        return tb_cli_fail(TB_EXIT_SERVER, "the answer is not a list");
    if (json ? !print_json(p, items) : !tb_table_page(&p->table, items))
        return tb_cli_fail(TB_EXIT_SERVER, "the list cannot be printed");
    fflush(p->cli->out);
    if (cursor == NULL)
        return TB_EXIT_OK;
    if (json_array_size(items) == 0 || (*next != NULL && strcmp(*next, cursor) == 0))
        return tb_cli_fail(TB_EXIT_SERVER, "the list does not go on: the server repeats a page");
    free(*next);
    *next = strdup(cursor);
    return *next != NULL ? TB_EXIT_OK : tb_cli_fail(TB_EXIT_USAGE, "out of memory");
}

static enum tb_exit print_pages(struct printer *p, struct tb_api *api, const char *path)
{
    char *cursor = NULL;
    enum tb_exit code = TB_EXIT_OK;
    size_t n = 0;
    bool more = true;

    while (code == TB_EXIT_OK && more && n++ < PAGES_MAX) {
        char *page_path = strdup(path);
        json_t *page = NULL;

        if (!tb_api_query(&page_path, "cursor", cursor))
            return free(cursor), tb_cli_fail(TB_EXIT_USAGE, "out of memory");
        code = tb_api_json(api, "GET", page_path, NULL, &page);
        free(page_path);
        if (code == TB_EXIT_OK) {
            more = json_is_string(json_object_get(page, "next"));
            code = print_page(p, page, &cursor);
        }
        json_decref(page);
    }
    free(cursor);
    if (code == TB_EXIT_OK && more)
        return tb_cli_fail(TB_EXIT_SERVER, "the list has more than %d pages", PAGES_MAX);
    return code;
}

enum tb_exit tb_list_print(struct tb_cli *cli, const char *path, const struct tb_column *column,
                           size_t n_columns)
{
    struct printer p = { .cli = cli };
    struct tb_api *api = NULL;
    bool json = tb_cli_has(cli, TB_OPT_JSON);
    enum tb_exit code = tb_api_open(cli, &api);

    tb_table_init(&p.table, column, n_columns, cli->colour, cli->out);
    if (code == TB_EXIT_OK)
        code = print_pages(&p, api, path);
    if (code == TB_EXIT_OK && json)
        fputs(p.any ? "\n]}\n" : "]}\n", cli->out);
    else if (code == TB_EXIT_OK)
        tb_table_end(&p.table);
    tb_api_close(api);
    return code;
}

enum tb_exit tb_request_print(struct tb_cli *cli, const char *method, const char *path,
                              const json_t *body, tb_answer_text *text)
{
    struct tb_api *api = NULL;
    json_t *answer = NULL;
    bool wanted = strcmp(method, "DELETE") != 0;
    enum tb_exit code = tb_api_open(cli, &api);

    if (code == TB_EXIT_OK)
        code = tb_api_json(api, method, path, body, wanted ? &answer : NULL);
    if (code == TB_EXIT_OK && tb_cli_has(cli, TB_OPT_JSON)) {
        if (answer != NULL && !tb_json_print(cli->out, answer, false))
            code = tb_cli_fail(TB_EXIT_SERVER, "the answer cannot be printed");
    } else if (code == TB_EXIT_OK && text != NULL) {
        text(cli, answer);
    }
    json_decref(answer);
    tb_api_close(api);
    return code;
}
