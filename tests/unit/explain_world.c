#include "tests/unit/explain_world.h"

#include <stdio.h>
#include <string.h>

struct tb_pcr_states states;
struct tb_explanations x;

void explain_bytes(struct tb_reader log, const struct tb_pcrs *quoted)
{
    assert_true(replay_bytes(log, ALL_BANKS));
    assert_true(tb_log_compare(&r, quoted, h, &states));
    memset(&x, 0xa5, sizeof x);
    tb_explain(log, &r, quoted, &states, h, &x);
    assert_true(x.n <= TB_EXPLANATIONS_MAX);
}

void explain(const struct tb_pcrs *quoted)
{
    explain_bytes(log_slice(b), quoted);
}

struct tb_pcrs good_boot(void)
{
    log_good_boot(b, SHA1_SHA256);
    log_finish(b);
    return b->pcrs;
}

const struct tb_explanation *assert_one(enum tb_explanation_kind kind, uint32_t pcr)
{
    char where[TB_EXPLAIN_TEXT_MAX];

    assert_int_equal(x.n, 1);
    if (x.list[0].kind != kind) {
        tb_explanation_where(&x.list[0], where);
        fail_msg("%s: %s, expected %s", where,
                 tb_explanation_text((enum tb_explanation_kind)x.list[0].kind)->code,
                 tb_explanation_text(kind)->code);
    }
    assert_int_equal(x.list[0].pcrs, UINT32_C(1) << pcr);
    return &x.list[0];
}

void extend(struct tb_pcrs *q, enum tb_bank bank, uint32_t pcr, struct tb_reader data,
            bool is_digest)
{
    uint8_t digest[TB_DIGEST_MAX];

    if (is_digest)
        memcpy(digest, data.p, data.left);
    else
        assert_true(tb_hash(h, bank, data, digest));
    assert_true(
        tb_pcr_extend(h, bank, q->value[bank][pcr], tb_slice(digest, tb_bank_digest_len(bank))));
}
