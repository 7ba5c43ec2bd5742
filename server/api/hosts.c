/* server/api/hosts.c - hosts as people see them: lists, one host, its history, the report. */
#include "server/api/api.h"

#include "wire/result_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const sorts[TB_N_SORTS] = {
    [TB_SORT_NAME] = "name",
    [TB_SORT_VERDICT] = "verdict",
    [TB_SORT_SINCE] = "since",
    [TB_SORT_LAST_SEEN] = "last_seen",
};

static const char *tpm_version(enum tb_tpm_state tpm)
{
    switch (tpm) {
    case TB_TPM_STATE_20: return "2.0";
    case TB_TPM_STATE_12: return "1.2";
    case TB_TPM_STATE_NONE:
    case TB_N_TPM_STATES: break;
    }
    return "none";
}

/* Why, in words, also for verdicts that no check gave. */
static const char *reason_of(const struct tb_host *host)
{
    if (host->headline[0] != '\0')
        return host->headline;
    switch (host->verdict) {
    case TB_VERDICT_NOT_CAPABLE:
        return host->tpm == TB_TPM_STATE_12
                   ? "this host has a TPM 1.2: a TPM 2.0 is needed to attest"
                   : "this host has no TPM: a TPM 2.0 is needed to attest";
    case TB_VERDICT_PENDING:
        if (host->state == TB_HOST_ACTIVE)
            return "enrolled, and not attested yet";
        return host->ek_basis == TB_EK_BASIS_NONE && host->tpm == TB_TPM_STATE_20
                   ? "waits for approval: nothing vouches for this TPM yet"
                   : "waits for approval: it came without an enrolment token";
    default: return "";
    }
}

static const char *secure_boot(const struct tb_host *host)
{
    static const char *const names[] = { "unknown", "off", "on" };

    return names[host->secure_boot];
}

/* What the store keeps is what was told at enrolment. */
static enum tb_tpm_class class_of(const struct tb_host *h)
{
    enum tb_tpm_class c;

    return tb_tpm_class_of_name(h->facts.tpm_class, &c) ? c : TB_TPM_UNKNOWN;
}

json_t *tb_json_host_summary(const struct tb_host *h)
{
    return json_pack("{ss ss ss ss ss ss ss ss ss ss ss so so so sb}",        //
                     "id", h->id, "name", h->name, "group", h->group,         //
                     "state", tb_host_state_name(h->state),                   //
                     "verdict", tb_verdict_name(h->verdict),                  //
                     "reason", reason_of(h), "reason_code", h->headline_code, //
                     "tpm_version", tpm_version(h->tpm),                      //
                     "tpm_class", tb_tpm_class_name(class_of(h)),             //
                     "serial", h->facts.serial,                               //
                     "secure_boot", secure_boot(h),                           //
                     "since", tb_json_time(h->since_ms),                      //
                     "last_seen", tb_json_time(h->last_seen_ms),              //
                     "last_verified", tb_json_time(h->last_verified_ms),      //
                     "maintenance", h->maintenance);
}

static bool add_host(void *ctx, const struct tb_host *host)
{
    json_array_append_new(ctx, tb_json_host_summary(host));
    return true;
}

/* The query of a list; false: a 400 was replied. */
static bool query_of(struct tb_http_request *rq, struct tb_host_query *q,
                     uint8_t shape[TB_SHA256_LEN])
{
    static const char *const known[] = { "limit", "cursor", "verdict", "group", "q",
                                         "sort",  "order",  "shape",   NULL };
    const char *verdict = tb_http_query(rq, "verdict"), *sort = tb_http_query(rq, "sort");
    const char *order = tb_http_query(rq, "order"), *hex = tb_http_query(rq, "shape");
    unsigned s = TB_SORT_NAME;

    *q = (struct tb_host_query){ .group = tb_http_query(rq, "group"),
                                 .text = tb_http_query(rq, "q") };
    if (!tb_api_query_only(rq, known) || !tb_api_page(rq, &q->limit, &q->cursor))
        return false;
    if (verdict != NULL && !tb_verdict_of_name(verdict, &q->verdict)) {
        tb_http_reply_error(rq, 400, "bad-verdict", "there is no verdict of this name");
        return false;
    }
    if (sort != NULL)
        while (s < TB_N_SORTS && strcmp(sorts[s], sort) != 0)
            s++;
    if (s == TB_N_SORTS) {
        tb_http_reply_error(rq, 400, "bad-sort", "sort by name, verdict, since or last_seen");
        return false;
    }
    if (hex != NULL && !tb_unhex(hex, shape, TB_SHA256_LEN)) {
        tb_http_reply_error(rq, 400, "bad-shape", "a shape is 64 hex digits");
        return false;
    }
    q->shape = hex != NULL ? shape : NULL;
    q->sort = (enum tb_host_sort)s;
    q->descending = order != NULL && strcmp(order, "desc") == 0;
    if (order != NULL && !q->descending && strcmp(order, "asc") != 0) {
        tb_http_reply_error(rq, 400, "bad-order", "order is asc or desc");
        return false;
    }
    return true;
}

static json_t *string_or_null(const char *s)
{
    return s[0] != '\0' ? json_string(s) : json_null();
}

void tb_api_hosts_list(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_host_query query;
    uint8_t shape[TB_SHA256_LEN];
    char next[TB_STORE_CURSOR_LEN];
    uint64_t total;
    json_t *items = json_array();

    if (query_of(rq, &query, shape) &&
        tb_api_ok(rq, tb_store_hosts_page(app->store, &query, add_host, items, next)) &&
        tb_api_ok(rq, tb_store_hosts_count(app->store, &query, &total)))
        tb_http_reply_json(rq, 200,
                           json_pack("{sO so sI}", "items", items, "next", string_or_null(next),
                                     "total", (json_int_t)total));
    json_decref(items);
}

/* The last result, from the store, with what the host's memory holds of that quote; null when there
 * is none. */
static json_t *result_of(struct tb_app *app, const struct tb_host *h)
{
    struct tb_blob blob = { 0 };
    json_t *result = NULL;

    if (h->has_result && tb_store_blob_get(app->store, h->result_digest, &blob) == TB_STORE_OK)
        result = json_loadb((const char *)blob.p, blob.len, JSON_REJECT_DUPLICATES, NULL);
    tb_blob_clear(&blob);
    if (result != NULL && !tb_result_add_memory(result, &h->memory)) {
        json_decref(result);
        result = NULL;
    }
    return result != NULL ? result : json_null();
}

static json_t *tpm_of(const struct tb_host *h)
{
    bool proved = h->ek_basis == TB_EK_BASIS_CERTIFICATE && class_of(h) != TB_TPM_UNKNOWN;
    bool maker_proved =
        h->ek_basis == TB_EK_BASIS_CERTIFICATE && h->facts.tpm_manufacturer[0] != '\0';
    enum tb_tpm_class relied_on = tb_tpm_class_to_rely_on(class_of(h), proved);

    return json_pack("{ss ss sb ss ss ss sb ss so ss so}",                            //
                     "version", tpm_version(h->tpm),                                  //
                     "manufacturer", h->facts.tpm_manufacturer,                       //
                     "manufacturer_proved", maker_proved,                             //
                     "model", h->facts.tpm_model, "firmware", h->facts.tpm_firmware,  //
                     "class", tb_tpm_class_name(class_of(h)), "class_proved", proved, //
                     "limit", h->has_ek ? tb_tpm_class_limit(relied_on) : "",         //
                     "ek_digest", h->has_ek ? tb_json_hex(h->ek_digest, 32) : json_string(""),
                     "ek_trust", tb_ek_basis_name(h->ek_basis), //
                     "ak_name", tb_json_hex(h->ak_name, h->ak_name_len));
}

static json_t *policy_of(struct tb_app *app, const struct tb_host *h)
{
    const struct tb_policy *policy;
    struct tb_refusal why;
    json_t *json;

    if (!tb_verifier_policy(app->verifier, h->group, tb_now_ms(), &policy, &why))
        return json_null();
    json = json_pack("{ss so sb}", "name", policy->name, "digest", tb_json_hex(policy->digest, 32),
                     "enforce", (int)policy->enforce);
    tb_verifier_policy_done(policy);
    return json;
}

/* What who decides something about this host sends back; null: out of memory. */
static json_t *seen_json(struct tb_app *app, const struct tb_host *h)
{
    uint8_t digest[TB_SHA256_LEN];

    return tb_verifier_seen(app->verifier, h, digest) ? tb_json_hex(digest, sizeof digest)
                                                      : json_null();
}

void tb_api_reply_host(struct tb_http_request *rq, struct tb_app *app, int status, const char *id)
{
    struct tb_host h;
    json_t *reply;

    if (!tb_api_ok(rq, tb_store_host_get(app->store, id, &h)))
        return;
    reply = tb_json_host_summary(&h);
    if (reply != NULL)
        json_object_update_new(
            reply, json_pack("{so so ss ss ss sb so so so so so}",                         //
                             "tpm", tpm_of(&h), "enrolled_at", tb_json_time(h.created_ms), //
                             "approved_by", h.approved_by,                                 //
                             "agent_version", h.facts.agent_version,                       //
                             "product", h.facts.product,                                   //
                             "attest_requested", h.want_attest,                            //
                             "policy", policy_of(app, &h), "result", result_of(app, &h), "evidence",
                             seen_json(app, &h), "shape",
                             h.has_shape ? tb_json_hex(h.shape, 32) : json_null(), "changed_since",
                             tb_json_changed_since(app, &h)));
    tb_http_reply_json(rq, status, reply);
}

void tb_api_host_get(struct tb_http_request *rq, void *ctx)
{
    struct tb_host host;

    if (tb_api_host(rq, ctx, &host))
        tb_api_reply_host(rq, ctx, 200, host.id);
}

void tb_api_host_change(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_field fields[] = { { .name = "name", .kind = 's', .max = TB_HOST_NAME_MAX },
                                 { .name = "group", .kind = 's', .max = 64 },
                                 { .name = "maintenance", .kind = 'b' } };
    struct tb_store_by by = tb_api_by(rq);
    struct tb_store_conflict conflict;
    struct tb_host host;
    json_t *body = NULL;

    if (!tb_api_host(rq, app, &host))
        return;
    if (tb_api_fields(rq, &body, fields, 3)) {
        struct tb_host_edit edit = { .name = fields[0].s,
                                     .group = fields[1].s,
                                     .maintenance = fields[2].present ? &fields[2].b : NULL };

        if (edit.name != NULL && !tb_host_name_is_valid(edit.name, TB_HOST_NAME_MAX))
            tb_http_reply_error(rq, 400, "bad-name", "this is no valid host name");
        else if (tb_api_ok(rq, tb_store_host_edit(app->store, host.id, &edit, &by, &conflict)))
            tb_api_reply_host(rq, app, 200, host.id);
    }
    json_decref(body);
}

void tb_api_host_remove(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_store_by by = tb_api_by(rq);
    struct tb_host host;

    if (tb_api_host(rq, app, &host) &&
        tb_api_ok(rq, tb_store_host_remove(app->store, host.id, &by)))
        tb_http_reply_empty(rq, 204);
}

/* --- History --- */

struct numbered_page {
    json_t *items;
    int64_t last;
};

static bool add_period(void *ctx, const struct tb_period *p)
{
    struct numbered_page *page = ctx;

    json_array_append_new(page->items,
                          json_pack("{sI ss ss ss so so sI sb}", "id", (json_int_t)p->id, "verdict",
                                    tb_verdict_name(p->verdict), "reason", p->headline,
                                    "reason_code", p->headline_code, "first",
                                    tb_json_time(p->first_ms), "last", tb_json_time(p->last_ms),
                                    "count", (json_int_t)p->count, "log_held", (int)p->has_log));
    page->last = p->id;
    return true;
}

void tb_api_host_history(struct tb_http_request *rq, void *ctx)
{
    static const char *const known[] = { "limit", "cursor", NULL };
    struct tb_app *app = ctx;
    struct numbered_page page = { json_array(), 0 };
    struct tb_host host;
    size_t limit;
    int64_t before;
    char next[32] = "";

    if (tb_api_query_only(rq, known) && tb_api_page_number(rq, &limit, &before) &&
        tb_api_host(rq, app, &host) &&
        tb_api_ok(rq, tb_store_history(app->store, host.id, before, limit, add_period, &page))) {
        if (json_array_size(page.items) == limit)
            snprintf(next, sizeof next, "%lld", (long long)page.last);
        tb_http_reply_json(rq, 200,
                           json_pack("{sO so}", "items", page.items, "next", string_or_null(next)));
    }
    json_decref(page.items);
}

/* --- The whole --- */

json_t *tb_json_verdicts(const uint64_t verdict[TB_N_VERDICTS])
{
    json_t *counts = json_object();

    for (unsigned v = TB_VERDICT_TRUSTED; v < TB_N_VERDICTS; v++)
        json_object_set_new(counts, tb_verdict_name((enum tb_verdict)v),
                            json_integer((json_int_t)verdict[v]));
    return counts;
}

/* What no Verifier of this kind can see: stated, so that nobody reads more into a green row. */
static json_t *limits(void)
{
    return json_pack(
        "[ssss]",
        "Whether the firmware that the vendor shipped is honest: the root of trust starts at valid "
        "hardware and firmware. Changes of the firmware are seen.",
        "An attacker with a probe on the bus between CPU and a discrete TPM.",
        "A broken or cloned TPM: a firmware TPM is as good as the firmware that runs it, a "
        "software "
        "TPM is for tests.",
        "Which physical machine a TPM sits in: endorsement key and host are bound by enrolment, so "
        "compare serial numbers when a host is approved.");
}

void tb_api_summary(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_store_summary s;
    struct tb_host everybody = { 0 };

    if (!tb_api_ok(rq, tb_store_summary(app->store, &s)))
        return;
    tb_http_reply_json(rq, 200,
                       json_pack("{sI so so sI sI so s{ss so so}}", "total", (json_int_t)s.n_hosts,
                                 "verdicts", tb_json_verdicts(s.verdict), "limits", limits(),
                                 "open_incidents", (json_int_t)s.n_open_incidents, "pending",
                                 (json_int_t)s.n_waiting, "policy", policy_of(app, &everybody),
                                 "server", "version", TB_VERSION, "started",
                                 tb_json_time(app->started_ms), "time", tb_json_time(tb_now_ms())));
}

void tb_api_report(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_store_summary s;
    struct tb_http_buffer b = { .max = 256u << 20 };
    struct tb_host_query query = { .limit = TB_STORE_PAGE_MAX };
    char cursor[TB_STORE_CURSOR_LEN] = "";
    const char *comma = "";
    json_t *head;

    if (!tb_api_ok(rq, tb_store_summary(app->store, &s)))
        return;
    head = json_pack("{so sI so so}", "made", tb_json_time(tb_now_ms()), "total",
                     (json_int_t)s.n_hosts, "verdicts", tb_json_verdicts(s.verdict), "limits",
                     limits());
    /* The hosts are streamed into the object in front of its closing brace. */
    tb_http_buffer_json(&b, head);
    json_decref(head);
    if (b.len > 0)
        b.len--;
    tb_http_buffer_printf(&b, ",\"hosts\":[");
    do {
        json_t *page = json_array();
        json_t *host;
        size_t i;
        enum tb_store_status status;

        query.cursor = cursor;
        status = tb_store_hosts_page(app->store, &query, add_host, page, cursor);
        if (!tb_api_ok(rq, status)) {
            json_decref(page);
            tb_http_buffer_clear(&b);
            return;
        }
        json_array_foreach(page, i, host)
        {
            tb_http_buffer_printf(&b, "%s", comma);
            tb_http_buffer_json(&b, host);
            comma = ",";
        }
        json_decref(page);
    } while (cursor[0] != '\0' && !b.failed);
    tb_http_buffer_printf(&b, "]}");
    tb_http_reply_buffer(rq, 200, "application/json", &b);
}
