/* wire/log_json.c - see log_json.h. */
#include "wire/log_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/describe.h"
#include "wire/facts_json.h"

#define ALL_BANKS ((1u << TB_N_BANKS) - 1)

/* Set a member; a failure sticks in *bad, so that one check at the end is enough. */
static void set(json_t *object, const char *key, json_t *value, bool *bad)
{
    *bad = json_object_set_new(object, key, value) != 0 || *bad;
}

static json_t *hex_json(struct tb_reader in)
{
    size_t size = 2 * in.left + 1;
    char *hex = malloc(size);
    json_t *value;

    if (hex == NULL)
        return NULL;
    tb_hex(in, hex, size);
    value = json_string(hex);
    free(hex);
    return value;
}

json_t *tb_replay_json(const struct tb_replay *r)
{
    json_t *banks = json_object();
    bool bad = banks == NULL;

    for (int b = 0; b < TB_N_BANKS; b++) {
        uint32_t whole = r->pcrs.mask[b] & ~r->incomplete[b];
        json_t *values;

        if ((r->banks >> b & 1) == 0)
            continue;
        values = json_object();
        for (unsigned i = 0; i < TB_N_PCRS; i++) {
            char pcr[4];

            snprintf(pcr, sizeof pcr, "%u", i & 31);
            if ((whole >> i & 1) != 0)
                set(values, pcr,
                    hex_json(tb_slice(r->pcrs.value[b][i], tb_bank_digest_len((enum tb_bank)b))),
                    &bad);
        }
        set(banks, tb_bank_name((enum tb_bank)b), values, &bad);
    }
    if (!bad)
        return banks;
    json_decref(banks);
    return NULL;
}

struct details {
    json_t *list;
    bool bad;
};

/* What an event has members of its own for. */
static bool is_member(const char *key)
{
    static const char *const members[] = { "event", "pcr", "type", "size" };
    enum tb_bank bank;

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (strcmp(members[i], key) == 0)
            return true;
    return tb_bank_of_name(key, &bank);
}

static void add_detail(void *ctx, const char *key, const char *value, bool verified)
{
    struct details *d = ctx;
    json_t *detail;

    if (is_member(key))
        return;
    detail = json_pack("{ss ss sb}", "name", key, "value", value, "verified", (int)verified);
    d->bad = json_array_append_new(d->list, detail) != 0 || d->bad;
}

json_t *tb_log_event_json(const struct tb_log *log, const struct tb_event *e, uint32_t banks,
                          struct tb_hasher *h)
{
    json_t *event = json_object(), *digests = json_object();
    struct details d = { .list = json_array() };
    const char *type = tb_event_type_name(e->type);
    char number[16];

    snprintf(number, sizeof number, "0x%08" PRIx32, e->type);
    for (int b = 0; b < TB_N_BANKS; b++)
        if ((e->banks >> b & 1) != 0)
            set(digests, tb_bank_name((enum tb_bank)b), hex_json(e->digest[b]), &d.bad);
    tb_event_describe(log, e, banks, h, add_detail, &d);
    set(event, "index", json_integer(e->index), &d.bad);
    set(event, "offset", json_integer((json_int_t)e->offset), &d.bad);
    set(event, "pcr", json_integer(e->pcr), &d.bad);
    set(event, "type", json_string(type != NULL ? type : number), &d.bad);
    set(event, "type_number", json_integer(e->type), &d.bad);
    set(event, "size", json_integer((json_int_t)e->data.left), &d.bad);
    set(event, "data", hex_json(e->data), &d.bad);
    set(event, "digests", digests, &d.bad);
    set(event, "details", d.list, &d.bad);
    if (!d.bad)
        return event;
    json_decref(event);
    return NULL;
}

/* All events of a log that has replayed. states: NULL where nothing was quoted. */
static json_t *events_json(struct tb_log *log, const struct tb_pcr_states *states,
                           struct tb_hasher *h, struct tb_reason *why)
{
    json_t *events = json_array();
    struct tb_event e;
    enum tb_log_step step;
    bool bad = false;

    while (!bad && (step = tb_log_next(log, &e, why)) == TB_LOG_EVENT) {
        uint32_t banks = states == NULL ? e.banks : tb_pcr_vouching_banks(states, e.pcr);

        bad = json_array_append_new(events, tb_log_event_json(log, &e, banks, h)) != 0;
    }
    bad = bad || step != TB_LOG_END;
    if (!bad)
        return events;
    json_decref(events);
    return NULL;
}

static json_t *banks_json(uint32_t banks)
{
    json_t *list = json_array();
    bool bad = false;

    for (int b = 0; b < TB_N_BANKS; b++)
        if ((banks >> b & 1) != 0)
            bad =
                json_array_append_new(list, json_string(tb_bank_name((enum tb_bank)b))) != 0 || bad;
    if (!bad)
        return list;
    json_decref(list);
    return NULL;
}

/* Facts, and nothing of a PCR that one of its quoted banks does not lead to, as for the details of
 * the events. Where nobody quoted, the log is compared with itself. */
static json_t *facts_json(struct tb_reader in, const struct tb_replay *replay,
                          const struct tb_pcr_states *quoted, struct tb_hasher *h)
{
    struct tb_pcr_states states;

    if (quoted == NULL && !tb_log_compare(replay, &replay->pcrs, h, &states))
        return NULL;
    if (quoted != NULL)
        states = *quoted;
    for (uint32_t pcr = 0; quoted != NULL && pcr < TB_N_PCRS; pcr++)
        for (unsigned b = 0; b < TB_N_BANKS && tb_pcr_vouching_banks(quoted, pcr) == 0; b++)
            states.state[b][pcr] = TB_PCR_MISMATCH;
    return tb_log_facts_json(in, &states, h);
}

json_t *tb_log_json(struct tb_reader in, const struct tb_pcrs *quoted, struct tb_hasher *h,
                    struct tb_reason *why)
{
    struct tb_replay *replay = calloc(1, sizeof *replay);
    struct tb_pcr_states states;
    struct tb_log log;
    json_t *all = NULL;
    bool bad = false;

    *why = (struct tb_reason){ .check = TB_CHECK_LOG_FORMAT };
    if (replay != NULL && tb_log_replay(in, ALL_BANKS, h, replay, why) &&
        (quoted == NULL || tb_log_compare(replay, quoted, h, &states)) &&
        tb_log_open(in, &log, why)) {
        all = json_object();
        set(all, "format", json_string(log.format == TB_LOG_SHA1 ? "sha1" : "crypto-agile"), &bad);
        set(all, "banks", banks_json(replay->banks), &bad);
        set(all, "facts", facts_json(in, replay, quoted != NULL ? &states : NULL, h), &bad);
        set(all, "events", events_json(&log, quoted != NULL ? &states : NULL, h, why), &bad);
        set(all, "pcrs", tb_replay_json(replay), &bad);
    }
    free(replay);
    if (!bad)
        return all;
    json_decref(all);
    return NULL;
}
