/* server/scheduler.h - what happens by itself: hosts that fall silent, things that grow old. */
#ifndef TB_SERVER_SCHEDULER_H
#define TB_SERVER_SCHEDULER_H

#include "server/verifier.h"

struct tb_scheduler;

/* One thread. log may be called by it. NULL: it could not be started. */
struct tb_scheduler *tb_scheduler_start(struct tb_store *store, struct tb_verifier *verifier,
                                        unsigned keep_days, void (*log)(const char *text));
void tb_scheduler_stop(struct tb_scheduler *s); /* NULL is a no-op */

#endif
