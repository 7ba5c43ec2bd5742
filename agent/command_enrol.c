/* agent/command_enrol.c - enrol. See command.h. */
#include "agent/command.h"

#include "agent/enrol.h"
#include "agent/journal.h"
#include "crypto/secret.h"

#include <errno.h>
#include <string.h>

static bool is_given(const struct tb_command_line *line, const char *key)
{
    for (size_t i = 0; i < line->n_set; i++)
        if (strcmp(line->key[i], key) == 0)
            return true;
    return false;
}

/* The file may be there already, from an enrolment before or from an image; but a new server or a
 * new way to believe it stands for both. */
static bool read_config(const struct tb_command_line *line, struct tb_agent_config *out)
{
    if (!tb_command_config(line, false, out))
        return false;
    if (is_given(line, "pin") && is_given(line, "ca")) {
        tb_journal(TB_JOURNAL_ERR, "expected --pin or --ca, found both");
        return false;
    }
    if (is_given(line, "pin"))
        out->ca[0] = '\0';
    if (is_given(line, "ca"))
        out->has_pin = false;
    if (out->server[0] == '\0') {
        tb_journal(TB_JOURNAL_ERR, "no Verifier: give --server https://HOST:PORT");
        return false;
    }
    if (!out->has_pin && out->ca[0] == '\0') {
        tb_journal(TB_JOURNAL_ERR,
                   "give --pin (SHA-256 of the Verifier's CA certificate) or --ca FILE");
        return false;
    }
    return true;
}

static int run(const struct tb_command_line *line, const struct tb_agent_config *config,
               const struct tb_state_dir *state)
{
    struct tb_enroller e = { .config = config, .state = state, .token = line->token };
    struct tb_enrolment enrolment;
    enum tb_enrol_status status = TB_ENROL_NO_DISK;
    char text[512] = "out of memory";
    bool active;

    e.link = tb_link_open(config, NULL);
    e.hasher = tb_hasher_new();
    if (e.link != NULL && e.hasher != NULL)
        status = tb_enrol(&e, &enrolment, &active, text);
    tb_link_close(e.link);
    tb_hasher_free(e.hasher);
    tb_wipe(&enrolment, sizeof enrolment);
    if (status == TB_ENROL_DONE) {
        (void)printf("%s\n", text);
        return TB_EXIT_TRUSTED;
    }
    tb_journal(TB_JOURNAL_ERR, "%s", text);
    return status == TB_ENROL_REFUSED ? TB_EXIT_NOT_TRUSTED : TB_EXIT_UNAVAILABLE;
}

int tb_command_enrol(const struct tb_command_line *line)
{
    struct tb_agent_config config;
    struct tb_enrolment old;
    struct tb_state_dir state;
    char err[TB_FILE_ERR_LEN];
    enum tb_file_status found;
    int code;

    if (!read_config(line, &config))
        return TB_EXIT_USAGE;
    if (strlen(line->token) > TB_TOKEN_TEXT_MAX) {
        tb_journal(TB_JOURNAL_ERR, "--token: expected at most %d characters", TB_TOKEN_TEXT_MAX);
        return TB_EXIT_USAGE;
    }
    if (!tb_state_open(&state, config.state, true, err)) {
        tb_journal(TB_JOURNAL_ERR, "%s", err);
        return TB_EXIT_UNAVAILABLE;
    }
    found = tb_enrolment_load(config.state, &old, err);
    if (found != TB_FILE_ABSENT && !line->again) {
        if (found == TB_FILE_OK)
            tb_journal(TB_JOURNAL_ERR,
                       "this host is enrolled already, as %s; give --again to replace that",
                       old.host_id);
        else
            tb_journal(TB_JOURNAL_ERR, "%s; give --again to replace it", err);
        code = TB_EXIT_USAGE;
    } else if (found != TB_FILE_ABSENT && !tb_attempt_remove(&state, err)) {
        /* What is to be replaced must not come back by its own last step. */
        tb_journal(TB_JOURNAL_ERR, "%s", err);
        code = TB_EXIT_UNAVAILABLE;
    } else if (!tb_agent_config_save(line->config_path, &config, &state.stat, err)) {
        /* First the configuration: without an enrolment it does nothing, and the reverse would be
         * an enrolment that the daemon cannot find. */
        tb_journal(TB_JOURNAL_ERR, "%s", err);
        code = TB_EXIT_UNAVAILABLE;
    } else {
        code = run(line, &config, &state);
    }
    tb_wipe(&old, sizeof old);
    tb_state_close(&state);
    return code;
}
