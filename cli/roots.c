/* cli/roots.c - trueboot roots list, check: what the server would trust for TPMs, and why not. */
#include "cli/roots.h"

#include <stdlib.h>
#include <time.h>

#include "cli/table.h"
#include "cli/text.h"

static bool add(json_t *list, json_t *item)
{
    return json_array_append_new(list, item) == 0;
}

/* All certificates of a set. NULL: out of memory. */
static json_t *list_of(const struct tb_root_set *s, int64_t now_s)
{
    json_t *list = json_array();
    bool ok = list != NULL;

    for (size_t i = 0; ok && i < tb_root_set_count(s); i++) {
        struct tb_root_facts f;

        tb_roots_get(s->all, i, &f);
        ok = add(list, tb_root_json(&f, tb_root_set_file(s, i), now_s));
    }
    if (ok)
        return list;
    json_decref(list);
    return NULL;
}

static void put_count(struct tb_cli *cli, const struct tb_root_set *s)
{
    fprintf(cli->out, "%zu roots, %zu intermediates, %zu files without certificates\n",
            tb_roots_count(s->all), tb_roots_intermediates(s->all), s->n_bad);
}

/* Print {key: list, ...counts}, or each item by tb_root_print. Takes list over. */
static bool print_list(struct tb_cli *cli, const struct tb_root_set *s, const char *key,
                       json_t *list, void (*put)(struct tb_cli *cli, const json_t *item))
{
    json_t *answer = json_pack(
        "{so sI sI sI}", key, list, "roots", (json_int_t)tb_roots_count(s->all), "intermediates",
        (json_int_t)tb_roots_intermediates(s->all), "files_without", (json_int_t)s->n_bad);
    const json_t *item;
    size_t i;
    bool ok = answer != NULL;

    if (ok && tb_cli_has(cli, TB_OPT_JSON)) {
        ok = tb_json_print(cli->out, answer, false);
    } else if (ok) {
        json_array_foreach(list, i, item) put(cli, item);
        put_count(cli, s);
    }
    json_decref(answer);
    return ok;
}

enum tb_exit tb_cmd_roots_list(struct tb_cli *cli)
{
    struct tb_root_set s = { 0 };
    enum tb_exit code = TB_EXIT_USAGE;

    if (tb_root_set_read(&s, cli->args[0], NULL)) {
        code = s.n_bad > 0 ? TB_EXIT_NEGATIVE : TB_EXIT_OK;
        if (!print_list(cli, &s, "certificates", list_of(&s, (int64_t)time(NULL)), tb_root_print))
            code = tb_cli_fail(TB_EXIT_USAGE, "the certificates cannot be printed");
    }
    tb_root_set_clear(&s);
    return code;
}

/* One problem of certificate i to the list. */
static bool add_problem(const struct tb_root_set *s, size_t i, int64_t now_s, const char *problem,
                        const char *expected, const char *found, json_t *list)
{
    struct tb_root_facts f;
    json_t *item;

    tb_roots_get(s->all, i, &f);
    item =
        json_pack("{so ss ss ss}", "certificate", tb_root_json(&f, tb_root_set_file(s, i), now_s),
                  "problem", problem, "expected", expected, "found", found);
    return add(list, item);
}

static bool check_one(const struct tb_root_set *s, size_t i, int64_t now_s, json_t *list)
{
    struct tb_root_facts f;
    struct tb_reason why;
    char now[32] = "", limit[32] = "no time at all";
    bool early, late, ok = true;

    tb_roots_get(s->all, i, &f);
    early = f.has_times && now_s < f.not_before_s;
    late = f.has_times && now_s > f.not_after_s;
    if (early || late || !f.has_times) {
        ok = tb_time_format(now_s, now) &&
             (!f.has_times || tb_time_format(early ? f.not_before_s : f.not_after_s, limit)) &&
             add_problem(s, i, now_s,
                         early  ? "not yet valid"
                         : late ? "expired"
                                : "validity",
                         limit, now, list);
    }
    if (ok && s->manifest != NULL && tb_root_set_file(s, i)->listed == NULL)
        ok = add_problem(s, i, now_s, "not in the manifest", "each file listed", "not this one",
                         list);
    if (ok && !tb_roots_check(s->all, i, &why))
        ok = add_problem(s, i, now_s, why.where, why.expected, why.observed, list);
    return ok;
}

static void put_problem(struct tb_cli *cli, const json_t *item)
{
    fprintf(cli->out, "%s: expected ", tb_json_string(item, "problem"));
    tb_text_put(cli->out, tb_json_string(item, "expected"));
    fputs(", found ", cli->out);
    tb_text_put(cli->out, tb_json_string(item, "found"));
    fputs("\n  ", cli->out);
    tb_root_print(cli, json_object_get(item, "certificate"));
}

enum tb_exit tb_cmd_roots_check(struct tb_cli *cli)
{
    struct tb_root_set s = { 0 };
    json_t *problems = json_array();
    enum tb_exit code = TB_EXIT_USAGE;

    if (tb_root_set_read(&s, cli->args[0], NULL)) {
        int64_t now_s = (int64_t)time(NULL);
        bool ok = problems != NULL, wrong;

        for (size_t i = 0; ok && i < tb_root_set_count(&s); i++)
            ok = check_one(&s, i, now_s, problems);
        wrong = s.n_bad > 0 || json_array_size(problems) > 0 || tb_roots_count(s.all) == 0;
        code = wrong ? TB_EXIT_NEGATIVE : TB_EXIT_OK;
        if (!ok || !print_list(cli, &s, "problems", json_incref(problems), put_problem))
            code = tb_cli_fail(TB_EXIT_USAGE, "the certificates cannot be checked");
        else if (tb_roots_count(s.all) == 0)
            tb_cli_fail(code, "%s: no root: no TPM's certificate leads anywhere", cli->args[0]);
    }
    json_decref(problems);
    tb_root_set_clear(&s);
    return code;
}
