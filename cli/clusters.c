/* cli/clusters.c - trueboot clusters: hosts that boot alike, and what sets others apart. */
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/diff_text.h"
#include "cli/table.h"
#include "cli/text.h"

#define LIST "/v1/clusters?limit=200"
#define SHAPE_LEN 64 /* hex digits */
#define SHORT_LEN 12 /* of them that the table prints */

static const struct tb_column columns[] = {
    { "SHAPE", "shape" },        { "HOSTS", "hosts" },     { "VERDICTS", "verdicts" },
    { "SAMPLE", "sample" },      { "PRODUCT", "product" }, { "FIRMWARE", "firmware" },
    { "DIFFERS IN", "differs" }, { "BOOTS WITH", "boots" }
};

/* "12 trusted, 1 failed" */
static json_t *verdicts_text(const json_t *verdicts)
{
    char text[256] = "";
    const char *name;
    const json_t *n;

    json_object_foreach((json_t *)(uintptr_t)verdicts, name, n)
    {
        size_t len = strlen(text);

        if (json_integer_value(n) > 0)
            snprintf(text + len, sizeof text - len, "%s%" JSON_INTEGER_FORMAT " %s",
                     len > 0 ? ", " : "", json_integer_value(n), name);
    }
    return json_string(text);
}

/* "PCR 4, 7 from 1f2e3d4c5b6a" */
static json_t *differs_text(const json_t *nearest)
{
    char text[256] = "";
    const json_t *pcr;
    size_t i;

    json_array_foreach(json_object_get(nearest, "pcrs"), i, pcr)
    {
        size_t len = strlen(text);

        snprintf(text + len, sizeof text - len, "%s%" JSON_INTEGER_FORMAT, i > 0 ? ", " : "PCR ",
                 json_integer_value(pcr));
    }
    if (text[0] == '\0' && json_is_object(nearest))
        snprintf(text, sizeof text, "%s",
                 json_is_string(json_object_get(nearest, "bank")) ? "its banks only"
                                                                  : "other bank");
    if (json_is_object(nearest))
        snprintf(text + strlen(text), sizeof text - strlen(text), " from %.*s", SHORT_LEN,
                 tb_json_string(nearest, "shape"));
    return json_string(text);
}

/* "shim, grub, /vmlinuz-6.1.0" */
static json_t *boots_text(const json_t *c)
{
    char text[256] = "";
    const json_t *part;
    size_t i;

    json_array_foreach(json_object_get(c, "parts"), i, part)
    {
        size_t len = strlen(text);

        snprintf(text + len, sizeof text - len, "%s%.40s", len > 0 ? ", " : "",
                 json_string_value(part) != NULL ? json_string_value(part) : "");
    }
    if (*tb_json_string(c, "kernel") != '\0')
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%.100s",
                 text[0] != '\0' ? ", " : "", tb_json_string(c, "kernel"));
    return json_string(text);
}

static json_t *row_of(const json_t *c)
{
    char shape[SHORT_LEN + 1];

    snprintf(shape, sizeof shape, "%s", tb_json_string(c, "shape"));
    return json_pack(
        "{ss sO? so ss ss ss so so}", "shape", shape, "hosts", json_object_get(c, "hosts"),
        "verdicts", verdicts_text(json_object_get(c, "verdicts")), "sample",
        tb_json_string(json_object_get(c, "sample"), "name"), "product",
        tb_json_string(c, "product"), "firmware", tb_json_string(c, "firmware_version"), "boots",
        boots_text(c), "differs", differs_text(json_object_get(c, "nearest")));
}

/* "1 host", "2 hosts" */
static void put_number(struct tb_cli *cli, json_int_t n, const char *one)
{
    fprintf(cli->out, "%" JSON_INTEGER_FORMAT " %s%s", n, one, n == 1 ? "" : "s");
}

static enum tb_exit print_list(struct tb_cli *cli, const json_t *answer)
{
    const json_t *items = json_object_get(answer, "items"), *c;
    json_int_t n = json_integer_value(json_object_get(answer, "clusters"));
    json_t *rows = json_array();
    struct tb_table table;
    size_t i;
    bool ok;

    json_array_foreach(items, i, c) json_array_append_new(rows, row_of(c));
    tb_table_init(&table, columns, sizeof columns / sizeof *columns, cli->colour, cli->out);
    ok = tb_table_page(&table, rows);
    tb_table_end(&table);
    fputc('\n', cli->out);
    put_number(cli, json_integer_value(json_object_get(answer, "hosts")), "host");
    fputs(" in ", cli->out);
    put_number(cli, n, "cluster");
    fprintf(cli->out, ", %zu shown\n", json_array_size(items));
    json_decref(rows);
    return ok ? TB_EXIT_OK : tb_cli_fail(TB_EXIT_USAGE, "out of memory");
}

enum tb_exit tb_cmd_clusters(struct tb_cli *cli)
{
    struct tb_api *api = NULL;
    json_t *answer = NULL;
    enum tb_exit code = tb_api_open(cli, &api);

    if (code == TB_EXIT_OK)
        code = tb_api_json(api, "GET", LIST, NULL, &answer);
    if (code == TB_EXIT_OK && !tb_cli_has(cli, TB_OPT_JSON))
        code = print_list(cli, answer);
    else if (code == TB_EXIT_OK && !tb_json_print(cli->out, answer, false))
        code = tb_cli_fail(TB_EXIT_SERVER, "the answer cannot be printed");
    json_decref(answer);
    tb_api_close(api);
    return code;
}

/* The whole shape of the beginning that the table prints. */
static enum tb_exit find_shape(const json_t *list, const char *given, char out[SHAPE_LEN + 1])
{
    const json_t *c;
    size_t i, len = strlen(given), found = 0;

    if (len < 4 || len > SHAPE_LEN || strspn(given, "0123456789abcdef") != len)
        return tb_cli_fail(TB_EXIT_USAGE,
                           "expected the first digits of a shape of `trueboot clusters`, found %s",
                           given);
    json_array_foreach(json_object_get(list, "items"), i, c)
    {
        const char *shape = tb_json_string(c, "shape");

        if (strncmp(shape, given, len) != 0)
            continue;
        snprintf(out, SHAPE_LEN + 1, "%s", shape);
        found++;
    }
    if (found == 0 && len == SHAPE_LEN) { /* beyond the list */
        snprintf(out, SHAPE_LEN + 1, "%s", given);
        return TB_EXIT_OK;
    }
    if (found != 1)
        return tb_cli_fail(TB_EXIT_USAGE, "%s: %s cluster has a shape that begins so", given,
                           found == 0 ? "no" : "more than one");
    return TB_EXIT_OK;
}

static void put_side(struct tb_cli *cli, const char *word, const json_t *side)
{
    const char *shape = tb_json_string(side, "shape");

    fprintf(cli->out, "%-5s ", word);
    tb_text_put_n(cli->out, shape, strnlen(shape, SHORT_LEN));
    fputs(", ", cli->out);
    put_number(cli, json_integer_value(json_object_get(side, "hosts")), "host");
    fputs(", such as ", cli->out);
    tb_text_put(cli->out, tb_json_string(json_object_get(side, "sample"), "name"));
    fputc('\n', cli->out);
}

static enum tb_exit print_diff(struct tb_cli *cli, const json_t *answer, const json_t *list)
{
    const json_t *diff = json_object_get(answer, "diff");

    if (!tb_cli_has(cli, TB_OPT_JSON)) {
        put_side(cli, "from", json_object_get(answer, "from"));
        put_side(cli, "to", json_object_get(answer, "to"));
        tb_diff_print(cli, diff, json_object_get(list, "shape_pcrs"));
    } else if (!tb_json_print(cli->out, answer, false))
        return tb_cli_fail(TB_EXIT_SERVER, "the answer cannot be printed");
    return json_is_true(json_object_get(diff, "equal")) ? TB_EXIT_OK : TB_EXIT_NEGATIVE;
}

enum tb_exit tb_cmd_clusters_diff(struct tb_cli *cli)
{
    char a[SHAPE_LEN + 1] = "", b[SHAPE_LEN + 1] = "", *path = NULL;
    struct tb_api *api = NULL;
    json_t *list = NULL, *answer = NULL;
    enum tb_exit code = tb_api_open(cli, &api);

    if (code == TB_EXIT_OK)
        code = tb_api_json(api, "GET", LIST, NULL, &list);
    if (code == TB_EXIT_OK)
        code = find_shape(list, cli->args[0], a);
    if (code == TB_EXIT_OK)
        code = find_shape(list, cli->args[1], b);
    if (code == TB_EXIT_OK && ((path = tb_api_path("/v1/clusters/", a, "/diff")) == NULL ||
                               !tb_api_query(&path, "to", b))) {
        path = NULL;
        code = tb_cli_fail(TB_EXIT_USAGE, "out of memory");
    }
    if (code == TB_EXIT_OK)
        code = tb_api_json(api, "GET", path, NULL, &answer);
    if (code == TB_EXIT_OK)
        code = print_diff(cli, answer, list);
    free(path);
    json_decref(answer);
    json_decref(list);
    tb_api_close(api);
    return code;
}
