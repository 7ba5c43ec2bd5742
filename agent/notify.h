/* agent/notify.h - what the service manager is told: sd_notify(3), by its documented protocol. */
#ifndef TB_AGENT_NOTIFY_H
#define TB_AGENT_NOTIFY_H

#include <stdint.h>

/* socket: value of NOTIFY_SOCKET; NULL or "": nobody listens. text: "READY=1", "STATUS=...", ... */
void tb_notify(const char *socket, const char *text);

#endif
