#include "wire/result_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "wire/cbor.h"
#include "wire/json_text.h"

/* Functions that add to an object return 0, or not 0 when memory ran out; jansson's *_new take a
 * NULL value and fail, so the sum of all is looked at once. */

/* Text that a host had a part in: jansson refuses what is not UTF-8, and then every byte that is
 * not ASCII is shown as '?'. */
static json_t *host_text(const char *s)
{
    char ascii[256];

    if (tb_text_is_printable(tb_slice(s, strlen(s))))
        return json_string(s);
    tb_text_copy(ascii, sizeof ascii, s);
    return json_string(ascii);
}

static json_t *hex(const uint8_t *p, size_t len)
{
    char text[2 * TB_DIGEST_MAX + 2];

    tb_hex(tb_slice(p, len), text, sizeof text);
    return json_string(text);
}

/* JSON's integers end at 63 bits in every reader that is used; a TPM's clock never gets there. */
static json_t *number(uint64_t v)
{
    return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}

static json_t *hex64(uint64_t v)
{
    char text[17];

    snprintf(text, sizeof text, "%016" PRIx64, v);
    return json_string(text);
}

static int set(json_t *o, const char *name, json_t *v)
{
    return json_object_set_new(o, name, v);
}

static int set_check(json_t *o, enum tb_check check, enum tb_severity severity)
{
    const struct tb_check_text *t = tb_check_text(check);

    return set(o, "code", json_string(t->code)) |
           set(o, "group", json_string(tb_group_name(t->group))) |
           set(o, "severity", json_string(tb_severity_name(severity))) |
           set(o, "title", json_string(t->title)) | set(o, "cause", json_string(t->cause)) |
           set(o, "next", json_string(t->next));
}

/* o, or NULL where something was bad. */
static json_t *done(json_t *o, int bad)
{
    if (bad == 0)
        return o;
    json_decref(o);
    return NULL;
}

json_t *tb_finding_json(const struct tb_finding *f, const struct tb_policy *policy)
{
    json_t *o = json_object();
    int bad = set_check(o, f->reason.check, tb_policy_severity(policy, f->reason.check));

    bad |= set(o, "outcome", json_string(tb_outcome_name(f->outcome)));
    bad |= set(o, "where", host_text(f->reason.where));
    bad |= set(o, "expected", host_text(f->reason.expected));
    bad |= set(o, "observed", host_text(f->reason.observed));
    return done(o, bad);
}

json_t *tb_checks_json(void)
{
    json_t *a = json_array();
    int bad = 0;

    for (unsigned c = 0; c < TB_N_CHECKS; c++) {
        json_t *o = json_object();

        bad |= set_check(o, (enum tb_check)c, tb_check_text((enum tb_check)c)->severity);
        bad |=
            set(o, "always_required", json_boolean(tb_check_is_always_required((enum tb_check)c)));
        bad |= json_array_append_new(a, o);
    }
    return done(a, bad);
}

/* The reason behind the headline: the first that did not pass of that check. */
static json_t *headline(const struct tb_result *r, const struct tb_policy *policy)
{
    struct tb_finding lost = { .outcome = TB_FAIL, .reason = { .check = r->headline } };

    if (!r->has_headline)
        return json_null();
    for (size_t i = 0; i < r->findings.n; i++)
        if (r->findings.list[i].reason.check == r->headline)
            return tb_finding_json(&r->findings.list[i], policy);
    return tb_finding_json(&lost, policy); /* it did not fit in the list */
}

static json_t *findings(const struct tb_findings *f, const struct tb_policy *policy)
{
    json_t *a = json_array();
    int bad = 0;

    for (size_t i = 0; i < f->n; i++)
        bad |= json_array_append_new(a, tb_finding_json(&f->list[i], policy));
    return done(a, bad);
}

static json_t *outcomes(const struct tb_findings *f)
{
    json_t *o = json_object();
    int bad = 0;

    for (unsigned c = 0; c < TB_N_CHECKS; c++)
        bad |= set(o, tb_check_text((enum tb_check)c)->code,
                   json_string(tb_outcome_name(f->outcome[c])));
    return done(o, bad);
}

static json_t *quote(const struct tb_quote_result *q)
{
    json_t *o = json_object();

    return done(o, set(o, "genuine", json_boolean(q->genuine)));
}

bool tb_result_add_memory(json_t *result, const struct tb_quote_memory *m)
{
    json_t *o = json_object_get(result, "quote");

    if (!m->present || !json_is_true(json_object_get(o, "genuine")))
        return true;
    return (set(o, "clock_ms", number(m->clock_ms)) |
            set(o, "reset_count", number(m->reset_count)) |
            set(o, "restart_count", number(m->restart_count)) |
            set(o, "boot_id", host_text(m->boot_id))) == 0;
}

static json_t *keysets(const struct tb_boot_facts *f)
{
    static const char *const names[TB_N_KEYSETS] = { "PK", "KEK", "db", "dbx" };
    json_t *all = json_object();
    int bad = 0;

    for (unsigned k = 0; k < TB_N_KEYSETS; k++) {
        const struct tb_keyset *s = &f->keyset[k];
        json_t *o = json_object();

        bad |= set(o, "measured", json_boolean(s->measured));
        if (s->measured) {
            bad |= set(o, "certificates", number(s->n_certs));
            bad |= set(o, "hashes", number(s->n_hashes));
            bad |= set(o, "digest", hex(s->digest, sizeof s->digest));
            bad |= set(o, "subject", host_text(s->subject));
        }
        bad |= set(all, names[k], o);
    }
    return done(all, bad);
}

static json_t *authorities(const struct tb_boot_facts *f)
{
    json_t *a = json_array();
    int bad = 0;

    for (size_t i = 0; i < f->n_authorities; i++) {
        const struct tb_authority *s = &f->authority[i];
        json_t *o = json_object();

        bad |= set(o, "variable", host_text(s->variable));
        bad |= set(o, "digest", hex(s->digest, sizeof s->digest));
        bad |= set(o, "subject", host_text(s->subject));
        bad |= set(o, "before_separator", json_boolean(s->before_separator));
        bad |= json_array_append_new(a, o);
    }
    return done(a, bad);
}

static json_t *programs(const struct tb_boot_facts *f)
{
    json_t *a = json_array();
    int bad = 0;

    for (size_t i = 0; i < f->n_programs; i++) {
        const struct tb_program *s = &f->program[i];
        json_t *o = json_object();

        bad |= set(o, "event", number(s->event));
        bad |= set(o, "bank", json_string(tb_bank_name(s->bank)));
        bad |= set(o, "digest", hex(s->digest[s->bank], tb_bank_digest_len(s->bank)));
        bad |= set(o, "unverified_path", host_text(s->path));
        bad |= json_array_append_new(a, o);
    }
    return done(a, bad);
}

/* {"sha256": {"0": "match", ...}, ...}: quoted PCRs only. */
static json_t *states(const struct tb_pcr_states *s)
{
    json_t *all = json_object();
    int bad = 0;

    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        json_t *o = json_object();

        for (unsigned i = 0; i < TB_N_PCRS; i++) {
            enum tb_pcr_state state = (enum tb_pcr_state)s->state[b][i];
            char pcr[4];

            snprintf(pcr, sizeof pcr, "%u", i & 31);
            if (state != TB_PCR_NOT_QUOTED)
                bad |= set(o, pcr, json_string(tb_pcr_state_name(state)));
        }
        if (json_object_size(o) != 0)
            bad |= set(all, tb_bank_name((enum tb_bank)b), o);
        else
            json_decref(o);
    }
    return done(all, bad);
}

static json_t *bank_list(uint32_t banks)
{
    json_t *a = json_array();
    int bad = 0;

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (banks >> b & 1)
            bad |= json_array_append_new(a, json_string(tb_bank_name((enum tb_bank)b)));
    return done(a, bad);
}

static json_t *boot(const struct tb_result *r)
{
    const struct tb_boot_result *b = r->boot;
    const struct tb_boot_facts *f = &b->facts;
    json_t *o;
    int bad;

    if (!r->quote.genuine)
        return json_null();
    o = json_object();
    bad = set(o, "bank", b->bank_chosen ? json_string(tb_bank_name(b->bank)) : json_null());
    bad |= set(o, "log_banks", bank_list(b->log_banks));
    bad |= set(o, "events", number(b->n_events));
    bad |= set(o, "pcrs", states(&b->states));
    bad |= set(o, "secure_boot", json_string(tb_secure_boot_name(f->secure_boot)));
    bad |= set(o, "keys", keysets(f));
    bad |= set(o, "authorities", authorities(f));
    bad |= set(o, "authorities_lost", number(f->n_authorities_lost));
    bad |= set(o, "programs", programs(f));
    bad |= set(o, "programs_lost", number(f->n_programs_lost));
    bad |= set(o, "exit_boot_services", json_boolean(f->exit_boot_services));
    bad |= set(o, "firmware_version", host_text(f->firmware_version));
    return done(o, bad);
}

/* Without what is this one quote's own. */
static json_t *lasting(const struct tb_result *r, const struct tb_policy *policy)
{
    json_t *o = json_object(), *p = json_object();
    int bad = set(o, "verdict", json_string(tb_verdict_name(r->verdict)));

    bad |= set(o, "tier", json_string(tb_tier_name(tb_verdict_tier(r->verdict))));
    bad |= set(o, "headline", headline(r, policy));
    bad |= set(o, "findings", findings(&r->findings, policy));
    bad |= set(o, "findings_lost", number(r->findings.n_lost));
    bad |= set(o, "checks", outcomes(&r->findings));
    bad |= set(o, "quote", quote(&r->quote));
    bad |= set(o, "boot", boot(r));
    bad |= set(p, "name", host_text(policy->name));
    bad |= set(p, "digest", hex(policy->digest, sizeof policy->digest));
    bad |= set(p, "mode", json_string(policy->enforce ? "enforce" : "observe"));
    bad |= set(o, "policy", p);
    return done(o, bad);
}

json_t *tb_result_json(const struct tb_result *r, const struct tb_policy *policy)
{
    json_t *o = lasting(r, policy);
    int bad = !tb_result_add_memory(o, &r->quote.memory);

    if (r->quote.genuine)
        bad |= set(json_object_get(o, "quote"), "tpm_firmware_version",
                   hex64(r->quote.quoted_firmware_version));
    return done(o, bad);
}

char *tb_result_print(const struct tb_result *r, const struct tb_policy *policy)
{
    json_t *o = lasting(r, policy);
    char *text = tb_json_text(o);

    json_decref(o);
    return text;
}
