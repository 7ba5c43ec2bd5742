/* tests/fuzz/eventlog_fuzz.c - parse, replay and describe any bytes as an event log. */
#include <assert.h>
#include <stdlib.h>

#include "core/describe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(void *ctx, const char *key, const char *value, bool verified)
{
    (void)verified;
    assert(key[0] != '\0');
    for (; *value != '\0'; value++)
        assert(*value >= ' ' && *value <= '~');
    ++*(size_t *)ctx;
}

/* What was accepted is the whole of it: events follow each other without a gap, up to the padding.
 */
static void check_events(struct tb_reader in, struct tb_hasher *h, const struct tb_replay *r)
{
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;
    size_t end = 0, n_lines = 0;

    if (!tb_log_open(in, &log, &why))
        abort();
    while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT) {
        assert(e.offset == end);
        assert(e.type == TB_EV_NO_ACTION || e.pcr < TB_N_PCRS);
        assert((e.banks & ~log.banks & ~1u) == 0);
        end = (size_t)(e.data.p - in.p) + e.data.left;
        tb_event_describe(&log, &e, e.banks, h, check_line, &n_lines);
    }
    assert(end + log.padding == in.left);
    assert(log.n_events == r->n_events && log.banks == r->banks);
    assert(n_lines >= 4 * (size_t)log.n_events);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tb_hasher *h;
    struct tb_pcr_states states;
    struct tb_reason why = { 0 };
    struct tb_replay r;

    if (h == NULL)
        h = tb_hasher_new();
    assert(h != NULL);
    if (!tb_log_replay(tb_slice(data, size), 0xf, h, &r, &why)) {
        assert(why.where[0] != '\0' && why.expected[0] != '\0'); /* a refusal says what and where */
        return 0;
    }
    check_events(tb_slice(data, size), h, &r);
    for (unsigned b = 0; b < TB_N_BANKS; b++) /* a log matches what it replays to, where complete */
        r.pcrs.mask[b] = TB_PCR_MASK;
    assert(tb_log_compare(&r, &r.pcrs, h, &states));
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        for (unsigned pcr = 0; pcr < TB_N_PCRS; pcr++)
            assert(states.state[b][pcr] == TB_PCR_MATCH ||
                   states.state[b][pcr] == TB_PCR_UNEXTENDED ||
                   (states.state[b][pcr] == TB_PCR_INCOMPLETE && r.n_measured[pcr] != 0));
    return 0;
}
