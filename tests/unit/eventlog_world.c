#include "tests/unit/eventlog_world.h"

#include <stdlib.h>
#include <string.h>

struct log_builder *b;
struct tb_hasher *h;
struct tb_replay r;
struct tb_reason why;

int set_up(void **state)
{
    (void)state;
    b = log_new();
    h = tb_hasher_new();
    return h == NULL;
}

int tear_down(void **state)
{
    (void)state;
    log_free(b);
    tb_hasher_free(h);
    return 0;
}

/* Replay bytes of exactly that length, so that the sanitizer sees one byte too far. */
bool replay_bytes(struct tb_reader in, uint32_t banks)
{
    uint8_t *exact = malloc(in.left + (in.left == 0));
    bool ok;

    assert_non_null(exact);
    if (in.left != 0)
        memcpy(exact, in.p, in.left);
    why = (struct tb_reason){ .check = TB_N_CHECKS };
    ok = tb_log_replay((struct tb_reader){ exact, in.left }, banks, h, &r, &why);
    free(exact);
    return ok;
}

void assert_refused_bytes(struct tb_reader in, enum tb_check check)
{
    assert_false(replay_bytes(in, ALL_BANKS));
    assert_string_equal(tb_check_text(why.check)->code, tb_check_text(check)->code);
    assert_string_not_equal(why.where, "");
}

void assert_refused(enum tb_check check)
{
    log_finish(b);
    assert_refused_bytes(log_slice(b), check);
}

/* The log in the builder replays to the builder's own PCR values. */
void assert_replays(void)
{
    struct tb_pcr_states states;

    log_finish(b);
    if (!replay_bytes(log_slice(b), ALL_BANKS))
        fail_msg("%s: expected %s, observed %s", why.where, why.expected, why.observed);
    assert_true(tb_log_compare(&r, &b->pcrs, h, &states));
    for (unsigned bank = 0; bank < TB_N_BANKS; bank++)
        for (unsigned pcr = 0; pcr < TB_N_PCRS; pcr++)
            if (b->banks & LOG_BANK(bank))
                assert_int_equal(states.state[bank][pcr], TB_PCR_MATCH);
}

enum tb_pcr_state state_of(const struct tb_pcrs *quoted, enum tb_bank bank, unsigned pcr)
{
    struct tb_pcr_states states;

    assert_true(tb_log_compare(&r, quoted, h, &states));
    return states.state[bank][pcr];
}
