#include "wire/explain_json.h"

#include <stdio.h>

#include <jansson.h>

#include "wire/json_build.h"

static json_t *pcrs_json(uint32_t pcrs)
{
    json_t *a = json_array();
    int bad = 0;

    for (int i = 0; i < TB_N_PCRS; i++)
        if ((pcrs >> i & 1) != 0)
            bad |= json_array_append_new(a, json_integer(i));
    return tb_json_done(a, bad);
}

static json_t *banks_json(uint32_t banks)
{
    json_t *a = json_array();
    int bad = 0;

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if ((banks >> b & 1) != 0)
            bad |= json_array_append_new(a, json_string(tb_bank_name((enum tb_bank)b)));
    return tb_json_done(a, bad);
}

static json_t *events_json(const struct tb_explanation *e)
{
    json_t *a = json_array();
    int bad = 0;

    bad |= json_array_append_new(a, json_integer(e->event));
    if (e->second != TB_NO_EVENT)
        bad |= json_array_append_new(a, json_integer(e->second));
    return tb_json_done(a, bad);
}

static json_t *values_json(const struct tb_explanation *e)
{
    json_t *a = json_array();
    int bad = 0;

    for (unsigned i = 0; i < e->n_values; i++)
        bad |= json_array_append_new(
            a, json_string(tb_known_value_name((enum tb_known_value)e->value[i])));
    return tb_json_done(a, bad);
}

static int set_other(json_t *o, const struct tb_explanation *e)
{
    if (e->other == TB_NO_OTHER)
        return 0;
    switch ((enum tb_explanation_kind)e->kind) {
    case TB_EXPLAIN_MOVED:
    case TB_EXPLAIN_OTHER_PCR: return tb_json_set(o, "other_pcr", json_integer(e->other));
    case TB_EXPLAIN_OTHER_BANK:
    case TB_EXPLAIN_PADDED_DIGESTS:
        return tb_json_set(o, "other_bank", json_string(tb_bank_name((enum tb_bank)e->other)));
    case TB_EXPLAIN_SEVERAL_LOGS: return tb_json_set(o, "log", json_integer(e->other));
    default: return tb_json_set(o, "locality", json_integer(e->other));
    }
}

static json_t *explanation_json(const struct tb_explanation *e)
{
    const struct tb_explanation_text *t = tb_explanation_text((enum tb_explanation_kind)e->kind);
    char where[TB_EXPLAIN_TEXT_MAX], detail[TB_EXPLAIN_TEXT_MAX];
    json_t *o = json_object();
    int bad;

    tb_explanation_where(e, where);
    tb_explanation_detail(e, detail);
    bad =
        tb_json_set(o, "code", json_string(t->code)) |
        tb_json_set(o, "meaning", json_string(t->meaning)) |
        tb_json_set(o, "next", json_string(t->next)) | tb_json_set(o, "where", json_string(where)) |
        tb_json_set(o, "detail", json_string(detail)) | tb_json_set(o, "pcrs", pcrs_json(e->pcrs)) |
        tb_json_set(o, "banks", banks_json(e->banks)) | set_other(o, e);
    if (e->event != TB_NO_EVENT)
        bad |= tb_json_set(o, "events", events_json(e));
    if (e->count != 0)
        bad |= tb_json_set(o, "count", json_integer(e->count));
    if (e->n_values != 0)
        bad |= tb_json_set(o, "values", values_json(e));
    return tb_json_done(o, bad);
}

json_t *tb_explanations_json(const struct tb_explanations *x)
{
    json_t *a = json_array();
    int bad = 0;

    for (uint32_t i = 0; i < x->n; i++)
        bad |= json_array_append_new(a, explanation_json(&x->list[i]));
    return tb_json_done(a, bad);
}

static json_t *bank_states_json(const struct tb_pcr_states *s, enum tb_bank bank, int *bad)
{
    json_t *o = json_object();

    for (unsigned i = 0; i < TB_N_PCRS; i++) {
        enum tb_pcr_state state = (enum tb_pcr_state)s->state[bank][i];
        char pcr[4];

        snprintf(pcr, sizeof pcr, "%u", i & 31);
        if (state != TB_PCR_NOT_QUOTED)
            *bad |= tb_json_set(o, pcr, json_string(tb_pcr_state_name(state)));
    }
    return o;
}

json_t *tb_pcr_states_json(const struct tb_pcr_states *s)
{
    json_t *all = json_object();
    int bad = 0;

    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        json_t *o = bank_states_json(s, (enum tb_bank)b, &bad);

        if (json_object_size(o) != 0)
            bad |= tb_json_set(all, tb_bank_name((enum tb_bank)b), o);
        else
            json_decref(o);
    }
    return tb_json_done(all, bad);
}
