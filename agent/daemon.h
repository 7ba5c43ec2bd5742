/* agent/daemon.h - attests at start, on a timer, after sleep, and when the Verifier asks. */
#ifndef TB_AGENT_DAEMON_H
#define TB_AGENT_DAEMON_H

#include "agent/config.h"
#include "agent/state.h"

struct tb_daemon_options {
    const struct tb_agent_config *config;
    const char *notify_socket; /* NOTIFY_SOCKET; NULL: none */
    int64_t watchdog_ms;       /* to be told of life at least so often; 0: not at all */
};

/* Until SIGTERM or SIGINT. False: it could not begin, and said so in the log. */
TB_MUST_CHECK bool tb_daemon_run(const struct tb_daemon_options *options);

/* Whether the machine slept since the last call: the time that only CLOCK_BOOTTIME counts has
 * grown by more than a second. *slept_ms is kept between calls and begins as the first value. */
bool tb_daemon_has_slept(int64_t *slept_ms, int64_t boottime_ms, int64_t monotonic_ms);

#endif
