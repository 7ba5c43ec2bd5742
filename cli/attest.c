/* cli/attest.c - trueboot attest: ask a host to attest now, and wait for the answer.
 *
 * The Verifier asks, another machine answers. This program has no way to judge the machine it runs
 * on: whoever controls that machine controls what it prints. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/api.h"
#include "cli/table.h"
#include "cli/text.h"

#define POLL_MS 500

enum tb_exit tb_cli_refuse_self(void)
{
    return tb_cli_fail(TB_EXIT_SELF,
                       "a host never attests itself: whoever controls it controls what it says of "
                       "itself; ask the Verifier, from another machine: trueboot host show HOST");
}

static void pause_ms(int ms)
{
    struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

    nanosleep(&t, NULL);
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* True when `now` tells of evidence that `before` did not know: another time of verification, or
 * (two in one second) another verdict. That a host fell silent is no evidence. */
static bool is_answered(const json_t *before, const json_t *now)
{
    const char *verdict = tb_json_string(now, "verdict");

    if (strcmp(tb_json_string(before, "last_verified"), tb_json_string(now, "last_verified")) != 0)
        return true;
    return strcmp(verdict, "stale") != 0 && strcmp(verdict, "unreachable") != 0 &&
           (strcmp(tb_json_string(before, "verdict"), verdict) != 0 ||
            strcmp(tb_json_string(before, "reason_code"), tb_json_string(now, "reason_code")) != 0);
}

/* Ask for the host until its answer is there. TB_EXIT_NEGATIVE: it did not come in time. */
static enum tb_exit wait_for_answer(struct tb_api *api, const char *path, const json_t *before,
                                    int64_t timeout_s, json_t **out)
{
    int64_t end = now_ms() + timeout_s * 1000;

    for (;;) {
        json_t *now = NULL;
        enum tb_exit code = tb_api_json(api, "GET", path, NULL, &now);

        if (code != TB_EXIT_OK)
            return code;
        if (is_answered(before, now)) {
            *out = now;
            return TB_EXIT_OK;
        }
        json_decref(now);
        if (now_ms() + POLL_MS > end)
            return tb_cli_fail(TB_EXIT_NEGATIVE, "no new evidence within %lld s",
                               (long long)timeout_s);
        pause_ms(POLL_MS);
    }
}

static enum tb_exit print_verdict(struct tb_cli *cli, const json_t *host)
{
    const char *verdict = tb_json_string(host, "verdict");
    char *shown = tb_table_text(json_object_get(host, "verdict"));
    const char *sequence = shown != NULL && cli->colour ? tb_colour_of(shown) : "";

    if (tb_cli_has(cli, TB_OPT_JSON)) {
        if (!tb_json_print(cli->out, host, false))
            tb_cli_fail(TB_EXIT_SERVER, "the answer cannot be printed");
    } else {
        const char *reason = tb_json_string(host, "reason");

        tb_text_put(cli->out, tb_json_string(host, "name"));
        fprintf(cli->out, ": %s%s%s%s", sequence, shown != NULL ? shown : "",
                *sequence != '\0' ? TB_COLOUR_RESET : "", *reason != '\0' ? ": " : "");
        tb_text_put(cli->out, reason);
        fputc('\n', cli->out);
    }
    free(shown);
    return strcmp(verdict, "trusted") == 0 ? TB_EXIT_OK : TB_EXIT_NEGATIVE;
}

static enum tb_exit attest(struct tb_cli *cli, struct tb_api *api, const char *id,
                           int64_t timeout_s)
{
    char *path = tb_api_path("/v1/hosts/", id, ""), *ask = tb_api_path("/v1/hosts/", id, "/attest");
    json_t *before = NULL, *after = NULL;
    enum tb_exit code = TB_EXIT_USAGE;

    if (path == NULL || ask == NULL)
        tb_cli_fail(code, "out of memory");
    else
        code = tb_api_json(api, "GET", path, NULL, &before);
    if (code == TB_EXIT_OK)
        code = tb_api_json(api, "POST", ask, NULL, NULL);
    if (code == TB_EXIT_OK && !tb_cli_has(cli, TB_OPT_WAIT)) {
        if (!tb_cli_has(cli, TB_OPT_JSON)) {
            tb_text_put(cli->out, tb_json_string(before, "name"));
            fputs(": asked to attest\n", cli->out);
        } else if (!tb_json_print(cli->out, before, false)) {
            code = tb_cli_fail(TB_EXIT_SERVER, "the answer cannot be printed");
        }
    } else if (code == TB_EXIT_OK) {
        code = wait_for_answer(api, path, before, timeout_s, &after);
        if (code == TB_EXIT_OK)
            code = print_verdict(cli, after);
    }
    json_decref(before);
    json_decref(after);
    free(path);
    free(ask);
    return code;
}

enum tb_exit tb_cmd_attest(struct tb_cli *cli)
{
    struct tb_api *api = NULL;
    const char *timeout = cli->value[TB_OPT_TIMEOUT];
    int64_t timeout_s = 60;
    char *id = NULL;
    enum tb_exit code;

    if (tb_cli_has(cli, TB_OPT_SELF))
        return tb_cli_refuse_self();
    if (cli->n_args != 1)
        return tb_cli_fail(TB_EXIT_USAGE, "attest: expected HOST, an id or a name");
    if (timeout != NULL && (!tb_duration_parse(timeout, &timeout_s) || timeout_s > 86400))
        return tb_cli_fail(TB_EXIT_USAGE, "--timeout: expected 1s to 1d, found %s", timeout);
    code = tb_api_open(cli, &api);
    if (code == TB_EXIT_OK)
        code = tb_api_find_host(api, cli->args[0], &id);
    if (code == TB_EXIT_OK)
        code = attest(cli, api, id, timeout_s);
    free(id);
    tb_api_close(api);
    return code;
}
