/* agent/command.h - the subcommands of trueboot-agent. */
#ifndef TB_AGENT_COMMAND_H
#define TB_AGENT_COMMAND_H

#include "agent/config.h"

#include <stdio.h>

enum tb_agent_exit {
    TB_EXIT_TRUSTED = 0, /* or: done */
    TB_EXIT_NOT_TRUSTED = 1,
    TB_EXIT_USAGE = 2,
    TB_EXIT_UNAVAILABLE = 3, /* Verifier or TPM */
    TB_EXIT_NEVER = 4,       /* a host does not attest itself */
};

/* What the command line and the environment say. */
struct tb_command_line {
    const char *config_path;
    bool config_given;
    const char *key[16], *value[16]; /* options that are members of the configuration */
    size_t n_set;
    const char *token; /* enrolment token; "" none */
    bool again;
    const char *notify_socket, *watchdog_usec; /* of the environment; NULL: not set */
};

int tb_command_enrol(const struct tb_command_line *line);
int tb_command_run(const struct tb_command_line *line);
int tb_command_once(const struct tb_command_line *line);
int tb_command_status(const struct tb_command_line *line);
int tb_command_verdict(const struct tb_command_line *line);

/* The configuration file with the command line over it. False: it was told on standard error. A
 * file that is not there is a failure only if it was named or is needed. */
TB_MUST_CHECK bool tb_command_config(const struct tb_command_line *line, bool needed,
                                     struct tb_agent_config *out);

#endif
