/* tests/unit/eventlog_world.h - a log, and what it replays to. */
#ifndef TB_TESTS_EVENTLOG_WORLD_H
#define TB_TESTS_EVENTLOG_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/eventlog.h"
#include "tests/unit/log_builder.h"

#define ALL_BANKS 0xfu
#define SHA1_SHA256 (LOG_BANK(TB_BANK_SHA1) | LOG_BANK(TB_BANK_SHA256))

/* New for each test; r and why are of the last replay. */
extern struct log_builder *b;
extern struct tb_hasher *h;
extern struct tb_replay r;
extern struct tb_reason why;

int set_up(void **state);
int tear_down(void **state);
bool replay_bytes(struct tb_reader in, uint32_t banks);
void assert_refused_bytes(struct tb_reader in, enum tb_check check);
void assert_refused(enum tb_check check);
void assert_replays(void);
enum tb_pcr_state state_of(const struct tb_pcrs *quoted, enum tb_bank bank, unsigned pcr);

#endif
