/* agent/schedule.h - when to call again. Pure: time and chance are arguments.
 *
 * Times are milliseconds. `chance` is any 32 random bits: it spreads the calls of many hosts. */
#ifndef TB_AGENT_SCHEDULE_H
#define TB_AGENT_SCHEDULE_H

#include <stdint.h>

#define TB_BACKOFF_MIN_MS 1000
#define TB_BACKOFF_MAX_MS 300000 /* 5 minutes */
#define TB_INTERVAL_MIN_S 5      /* whatever the Verifier says */
#define TB_INTERVAL_MAX_S 86400
#define TB_WISH_SPREAD_MS 2000 /* an operator who asks for one host does not wait longer */

/* After n failures in a row (n from 1): doubles from 2 s to 5 minutes, of which chance takes up to
 * the half. A Verifier's Retry-After (seconds, 0: none) is a lower bound, with up to a tenth more.
 */
int64_t tb_backoff_ms(unsigned n, unsigned retry_after_s, uint32_t chance);

/* After success: the interval, give or take a tenth. */
int64_t tb_interval_ms(uint32_t interval_s, uint32_t chance);

/* After the Verifier's wish: it may have asked all hosts at once. */
int64_t tb_wish_ms(uint32_t chance);

#endif
