/* agent/schedule.c - see schedule.h. */
#include "agent/schedule.h"

/* A share of n, evenly from 0 to n. */
static int64_t share(int64_t n, uint32_t chance)
{
    return (int64_t)(((uint64_t)n * chance) >> 32) + (chance == UINT32_MAX ? 1 : 0);
}

int64_t tb_backoff_ms(unsigned n, unsigned retry_after_s, uint32_t chance)
{
    int64_t whole = TB_BACKOFF_MAX_MS, wait, asked = (int64_t)retry_after_s * 1000;

    if (n < 9 && (INT64_C(1000) << n) < TB_BACKOFF_MAX_MS)
        whole = INT64_C(1000) << (n == 0 ? 1 : n);
    wait = whole / 2 + share(whole / 2, chance);
    if (wait < asked)
        wait = asked + share(asked / 10, chance);
    return wait < TB_BACKOFF_MIN_MS ? TB_BACKOFF_MIN_MS : wait;
}

int64_t tb_interval_ms(uint32_t interval_s, uint32_t chance)
{
    int64_t ms;

    if (interval_s < TB_INTERVAL_MIN_S)
        interval_s = TB_INTERVAL_MIN_S;
    if (interval_s > TB_INTERVAL_MAX_S)
        interval_s = TB_INTERVAL_MAX_S;
    ms = (int64_t)interval_s * 1000;
    return ms - ms / 10 + share(ms / 5, chance);
}

int64_t tb_wish_ms(uint32_t chance)
{
    return share(TB_WISH_SPREAD_MS, chance);
}
