#include "wire/result_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "wire/explain_json.h"
#include "wire/facts_json.h"
#include "wire/json_build.h"
#include "wire/json_text.h"

static json_t *hex64(uint64_t v)
{
    char text[17];

    snprintf(text, sizeof text, "%016" PRIx64, v);
    return json_string(text);
}

static int set_check(json_t *o, enum tb_check check, enum tb_outcome outcome,
                     enum tb_severity severity)
{
    const struct tb_check_text *t = tb_check_text(check);

    return tb_json_set(o, "code", json_string(t->code)) |
           tb_json_set(o, "group", json_string(tb_group_name(t->group))) |
           tb_json_set(o, "severity", json_string(tb_severity_name(severity))) |
           tb_json_set(o, "title", json_string(tb_check_title(check, outcome))) |
           tb_json_set(o, "cause", json_string(t->cause)) |
           tb_json_set(o, "next", json_string(t->next));
}

json_t *tb_finding_json(const struct tb_finding *f, const struct tb_policy *policy)
{
    json_t *o = json_object();
    int bad =
        set_check(o, f->reason.check, f->outcome, tb_policy_severity(policy, f->reason.check));

    bad |= tb_json_set(o, "outcome", json_string(tb_outcome_name(f->outcome)));
    bad |= tb_json_set(o, "where", tb_json_host_text(f->reason.where));
    bad |= tb_json_set(o, "expected", tb_json_host_text(f->reason.expected));
    bad |= tb_json_set(o, "observed", tb_json_host_text(f->reason.observed));
    return tb_json_done(o, bad);
}

json_t *tb_checks_json(void)
{
    json_t *a = json_array();
    int bad = 0;

    for (unsigned c = 0; c < TB_N_CHECKS; c++) {
        json_t *o = json_object();

        bad |= set_check(o, (enum tb_check)c, TB_FAIL, tb_check_text((enum tb_check)c)->severity);
        bad |= tb_json_set(o, "always_required",
                           json_boolean(tb_check_is_always_required((enum tb_check)c)));
        bad |= json_array_append_new(a, o);
    }
    return tb_json_done(a, bad);
}

/* The reason behind the headline: the first of that check that is as bad as the whole of it. */
static json_t *headline(const struct tb_result *r, const struct tb_policy *policy)
{
    struct tb_finding lost = { .reason = { .check = r->headline } };

    if (!r->has_headline)
        return json_null();
    lost.outcome = r->findings.outcome[r->headline];
    for (size_t i = 0; i < r->findings.n; i++)
        if (r->findings.list[i].reason.check == r->headline &&
            r->findings.list[i].outcome == lost.outcome)
            return tb_finding_json(&r->findings.list[i], policy);
    return tb_finding_json(&lost, policy); /* it did not fit in the list */
}

static json_t *findings(const struct tb_findings *f, const struct tb_policy *policy)
{
    json_t *a = json_array();
    int bad = 0;

    for (size_t i = 0; i < f->n; i++)
        bad |= json_array_append_new(a, tb_finding_json(&f->list[i], policy));
    return tb_json_done(a, bad);
}

static json_t *outcomes(const struct tb_findings *f)
{
    json_t *o = json_object();
    int bad = 0;

    for (unsigned c = 0; c < TB_N_CHECKS; c++)
        bad |= tb_json_set(o, tb_check_text((enum tb_check)c)->code,
                           json_string(tb_outcome_name(f->outcome[c])));
    return tb_json_done(o, bad);
}

static json_t *quote(const struct tb_quote_result *q)
{
    json_t *o = json_object();

    return tb_json_done(o, tb_json_set(o, "genuine", json_boolean(q->genuine)));
}

bool tb_result_add_memory(json_t *result, const struct tb_quote_memory *m)
{
    json_t *o = json_object_get(result, "quote");

    if (!m->present || !json_is_true(json_object_get(o, "genuine")))
        return true;
    return (tb_json_set(o, "clock_ms", tb_json_number(m->clock_ms)) |
            tb_json_set(o, "reset_count", tb_json_number(m->reset_count)) |
            tb_json_set(o, "restart_count", tb_json_number(m->restart_count)) |
            tb_json_set(o, "boot_id", tb_json_host_text(m->boot_id))) == 0;
}

static json_t *bank_list(uint32_t banks)
{
    json_t *a = json_array();
    int bad = 0;

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (banks >> b & 1)
            bad |= json_array_append_new(a, json_string(tb_bank_name((enum tb_bank)b)));
    return tb_json_done(a, bad);
}

static json_t *boot(const struct tb_result *r)
{
    const struct tb_boot_result *b = r->boot;
    json_t *o;
    int bad;

    if (!r->quote.genuine)
        return json_null();
    o = json_object();
    bad = tb_json_set(o, "bank", b->bank_chosen ? json_string(tb_bank_name(b->bank)) : json_null());
    bad |= tb_json_set(o, "log_banks", bank_list(b->log_banks));
    bad |= tb_json_set(o, "events", tb_json_number(b->n_events));
    bad |= tb_json_set(o, "pcrs", tb_pcr_states_json(&b->states));
    bad |= tb_json_set(o, "explanations", tb_explanations_json(&b->explanations));
    bad |= tb_json_set(o, "explanations_lost", tb_json_number(b->explanations.n_lost));
    bad |= tb_json_set(o, "explanations_cut", json_boolean(b->explanations.cut));
    bad |= tb_facts_json_add(o, &b->facts, &b->story, b->bank);
    bad |= tb_json_set(o, "chain", tb_chain_json(&b->chain));
    return tb_json_done(o, bad);
}

/* Without what is this one quote's own. */
static json_t *lasting(const struct tb_result *r, const struct tb_policy *policy)
{
    json_t *o = json_object(), *p = json_object();
    int bad = tb_json_set(o, "verdict", json_string(tb_verdict_name(r->verdict)));

    bad |= tb_json_set(o, "tier", json_string(tb_tier_name(tb_verdict_tier(r->verdict))));
    bad |= tb_json_set(o, "headline", headline(r, policy));
    bad |= tb_json_set(o, "findings", findings(&r->findings, policy));
    bad |= tb_json_set(o, "findings_lost", tb_json_number(r->findings.n_lost));
    bad |= tb_json_set(o, "checks", outcomes(&r->findings));
    bad |= tb_json_set(o, "quote", quote(&r->quote));
    bad |= tb_json_set(o, "boot", boot(r));
    bad |= tb_json_set(p, "name", tb_json_host_text(policy->name));
    bad |= tb_json_set(p, "digest", tb_build_hex(policy->digest, sizeof policy->digest));
    bad |= tb_json_set(p, "mode", json_string(policy->enforce ? "enforce" : "observe"));
    bad |= tb_json_set(o, "policy", p);
    return tb_json_done(o, bad);
}

json_t *tb_result_json(const struct tb_result *r, const struct tb_policy *policy)
{
    json_t *o = lasting(r, policy);
    int bad = !tb_result_add_memory(o, &r->quote.memory);

    if (r->quote.genuine)
        bad |= tb_json_set(json_object_get(o, "quote"), "tpm_firmware_version",
                           hex64(r->quote.quoted_firmware_version));
    return tb_json_done(o, bad);
}

char *tb_result_print(const struct tb_result *r, const struct tb_policy *policy)
{
    json_t *o = lasting(r, policy);
    char *text = tb_json_text(o);

    json_decref(o);
    return text;
}
