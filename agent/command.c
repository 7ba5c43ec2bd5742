/* agent/command.c - run, once, status, verdict. See command.h. */
#include "agent/command.h"

#include "agent/attest.h"
#include "agent/daemon.h"
#include "agent/journal.h"
#include "crypto/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool tb_command_config(const struct tb_command_line *line, bool needed, struct tb_agent_config *out)
{
    char err[TB_FILE_ERR_LEN], expected[128];
    enum tb_file_status status;

    tb_agent_config_init(out);
    status = tb_agent_config_load(line->config_path, out, err);
    if (status == TB_FILE_FAILED || (status == TB_FILE_ABSENT && needed)) {
        tb_journal(TB_JOURNAL_ERR, "%s", err);
        return false;
    }
    for (size_t i = 0; i < line->n_set; i++)
        if (!tb_agent_config_set(out, line->key[i], line->value[i], expected)) {
            tb_journal(TB_JOURNAL_ERR, "%s: expected %s, found %s", line->key[i], expected,
                       line->value[i]);
            return false;
        }
    return true;
}

/* --- run ----------------------------------------------------------------------------------------
 */

int tb_command_run(const struct tb_command_line *line)
{
    struct tb_agent_config config;
    struct tb_daemon_options options = { .config = &config, .notify_socket = line->notify_socket };

    if (!tb_command_config(line, true, &config))
        return TB_EXIT_USAGE;
    if (config.server[0] == '\0') {
        tb_journal(TB_JOURNAL_ERR, "%s: no \"server\": standalone hosts have nothing to run",
                   line->config_path);
        return TB_EXIT_USAGE;
    }
    if (line->watchdog_usec != NULL)
        options.watchdog_ms = strtoll(line->watchdog_usec, NULL, 10) / 1000;
    return tb_daemon_run(&options) ? TB_EXIT_TRUSTED : TB_EXIT_UNAVAILABLE;
}

/* --- once ---------------------------------------------------------------------------------------
 */

/* Like every text of the Verifier, these are of its own tables; control characters are taken out
 * all the same, since they go to a terminal. */
static void print_clean(const char *before, const char *text)
{
    char clean[512];

    (void)snprintf(clean, sizeof clean, "%s", text);
    tb_journal_clean(clean);
    (void)printf("%s%s\n", before, clean);
}

static void print_answer(struct tb_evidence_answer *a)
{
    (void)printf("verdict: %s\n", tb_verdict_name(a->verdict));
    if (a->headline[0] != '\0') {
        print_clean("headline: ", a->headline);
        print_clean("  ", a->text);
    }
    for (size_t i = 0; i < a->n_reasons; i++) {
        const struct tb_answer_reason *r = &a->reason[i];

        print_clean(r->outcome == TB_UNKNOWN ? "- could not be told: " : "- ", r->code);
        print_clean("    where:    ", r->where);
        print_clean("    expected: ", r->expected);
        print_clean("    observed: ", r->observed);
    }
}

static int report(struct tb_attest_result *r)
{
    switch (r->status) {
    case TB_ATTEST_DONE:
        print_answer(&r->answer);
        return r->answer.verdict == TB_VERDICT_TRUSTED ? TB_EXIT_TRUSTED : TB_EXIT_NOT_TRUSTED;
    case TB_ATTEST_NOT_CAPABLE:
        (void)printf("verdict: not-capable\n");
        print_clean("  ", r->text);
        return TB_EXIT_NOT_TRUSTED;
    case TB_ATTEST_PENDING:
        (void)printf("verdict: pending\n");
        print_clean("  ", r->text);
        return TB_EXIT_NOT_TRUSTED;
    case TB_ATTEST_REFUSED:
        (void)printf("refused\n");
        print_clean("  ", r->text);
        return TB_EXIT_NOT_TRUSTED;
    case TB_ATTEST_NO_SERVER:
    case TB_ATTEST_NO_TPM:
    case TB_N_ATTEST_STATUS: break;
    }
    tb_journal(TB_JOURNAL_ERR, "%s: %s",
               r->status == TB_ATTEST_NO_TPM ? "the TPM cannot be used"
                                             : "no answer of the Verifier",
               r->text);
    return TB_EXIT_UNAVAILABLE;
}

int tb_command_once(const struct tb_command_line *line)
{
    struct tb_agent_config config;
    struct tb_enrolment enrolment;
    struct tb_attester a = { .config = &config, .enrolment = &enrolment };
    struct tb_attest_result *r = calloc(1, sizeof *r);
    char err[TB_FILE_ERR_LEN];
    int code = TB_EXIT_USAGE;

    if (r == NULL || !tb_command_config(line, true, &config)) {
        free(r);
        return TB_EXIT_USAGE;
    }
    if (config.server[0] == '\0') {
        tb_journal(TB_JOURNAL_ERR, "standalone: no Verifier is configured");
    } else if (tb_enrolment_load(config.state, &enrolment, err) != TB_FILE_OK) {
        tb_journal(TB_JOURNAL_ERR, "not enrolled: %s", err);
    } else {
        a.hasher = tb_hasher_new();
        a.link = tb_link_open(&config, enrolment.token);
        code = TB_EXIT_UNAVAILABLE;
        if (a.hasher != NULL && a.link != NULL) {
            tb_attest(&a, r);
            code = report(r);
        }
        tb_link_close(a.link);
        tb_hasher_free(a.hasher);
        tb_wipe(&enrolment, sizeof enrolment);
    }
    free(r);
    return code;
}

/* --- status -------------------------------------------------------------------------------------
 */

static bool show_tpm(const struct tb_agent_config *config)
{
    struct tb_tpm_options options = tb_attest_tpm_options(config);
    struct tb_tpm_error why;
    enum tb_tpm_status status = tb_tpm_probe(&options, &why);

    (void)printf("TPM: %s\n", tb_tpm_status_name(status));
    print_clean("  ", why.text);
    return status == TB_TPM_OK;
}

static bool show_log(const struct tb_agent_config *config)
{
    const char *path = config->event_log[0] != '\0' ? config->event_log : NULL;
    char reason[TB_HOST_LOG_REASON_LEN];
    uint8_t *log;
    size_t len;

    if (!tb_host_log_read("", path, TB_LOG_SIZE_MAX, &log, &len, reason)) {
        (void)printf("event log: not readable\n");
        print_clean("  ", reason);
        return false;
    }
    free(log);
    (void)printf("event log: %zu bytes in %s\n", len, path != NULL ? path : TB_HOST_LOG_PATH);
    return true;
}

static bool show_enrolment(const struct tb_agent_config *config, struct tb_enrolment *e)
{
    char err[TB_FILE_ERR_LEN];
    enum tb_file_status status = tb_enrolment_load(config->state, e, err);

    if (status == TB_FILE_OK) {
        (void)printf("enrolment: host %s\n", e->host_id);
        return true;
    }
    (void)printf("enrolment: none\n");
    print_clean("  ", status == TB_FILE_ABSENT ? "run trueboot-agent enrol" : err);
    return false;
}

/* A wait request would hang, a challenge would stand in for the host's next one: so the server is
 * only asked for a path that it answers to anybody who is authenticated wrongly. */
static bool show_server(const struct tb_agent_config *config)
{
    struct tb_link_reply reply;
    struct tb_link *link;
    enum tb_link_status status;

    if (config->server[0] == '\0') {
        (void)printf("Verifier: none is configured (standalone)\n");
        return false;
    }
    link = tb_link_open(config, NULL);
    if (link == NULL)
        return false;
    status = tb_link_post(link, "/v1/agent/wait", tb_slice("", 0), TB_LINK_BIND, &reply);
    if (status == TB_LINK_ANSWERED || status == TB_LINK_BROKEN) {
        (void)printf("Verifier: %s answers\n", config->server);
    } else {
        (void)printf("Verifier: no answer\n");
        print_clean("  ", reply.text);
    }
    tb_link_close(link);
    return status == TB_LINK_ANSWERED || status == TB_LINK_BROKEN;
}

int tb_command_status(const struct tb_command_line *line)
{
    struct tb_agent_config config;
    struct tb_enrolment enrolment;
    bool good;

    if (!tb_command_config(line, line->config_given, &config))
        return TB_EXIT_USAGE;
    good = show_tpm(&config);
    good = show_log(&config) && good;
    good = show_enrolment(&config, &enrolment) && good;
    tb_wipe(&enrolment, sizeof enrolment);
    good = show_server(&config) && good;
    return good ? TB_EXIT_TRUSTED : TB_EXIT_UNAVAILABLE;
}

/* --- verdict ------------------------------------------------------------------------------------
 */

int tb_command_verdict(const struct tb_command_line *line)
{
    struct tb_agent_config config;

    if (!tb_command_config(line, line->config_given, &config))
        return TB_EXIT_USAGE;
    (void)fprintf(stderr, "A host never attests itself: a host that has been taken over would say "
                          "what it likes.\n");
    if (config.server[0] == '\0')
        (void)fprintf(stderr, "standalone: no Verifier is configured\n");
    else
        (void)fprintf(stderr, "Ask the Verifier at %s\n", config.server);
    return TB_EXIT_NEVER;
}
