/* server/api/records.c - incidents, the audit log, the table of findings. */
#include "server/api/api.h"

#include "wire/result_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct page {
    json_t *items;
    int64_t last;
};

static json_t *next_of(const struct page *page, size_t limit)
{
    char text[32];

    if (json_array_size(page->items) < limit)
        return json_null();
    snprintf(text, sizeof text, "%lld", (long long)page->last);
    return json_string(text);
}

/* --- Incidents --- */

static json_t *incident_json(const struct tb_incident *i)
{
    return json_pack("{sI ss ss ss ss ss so so ss so ss}", "id", (json_int_t)i->id, "host_id",
                     i->host_id, "host", i->host_name, "verdict", tb_verdict_name(i->verdict),
                     "code", i->code, "reason", i->text, "opened", tb_json_time(i->opened_ms),
                     "closed", tb_json_time(i->closed_ms), "acknowledged_by", i->owner,
                     "acknowledged_until", tb_json_time(i->until_ms), "note", i->note);
}

static bool add_incident(void *ctx, const struct tb_incident *i)
{
    struct page *page = ctx;

    json_array_append_new(page->items, incident_json(i));
    page->last = i->id;
    return true;
}

void tb_api_incidents_list(struct tb_http_request *rq, void *ctx)
{
    static const char *const known[] = { "limit", "cursor", "open", "host", NULL };
    struct tb_app *app = ctx;
    struct tb_incident_query query = { .host_id = tb_http_query(rq, "host") };
    struct page page = { json_array(), 0 };
    const char *open = tb_http_query(rq, "open");

    query.open_only = open != NULL && strcmp(open, "true") == 0;
    if (open != NULL && !query.open_only && strcmp(open, "false") != 0)
        tb_http_reply_error(rq, 400, "bad-open", "open is true or false");
    else if (tb_api_query_only(rq, known) && tb_api_page_number(rq, &query.limit, &query.before) &&
             tb_api_ok(rq, tb_store_incidents(app->store, &query, add_incident, &page)))
        tb_http_reply_json(
            rq, 200,
            json_pack("{sO so}", "items", page.items, "next", next_of(&page, query.limit)));
    json_decref(page.items);
}

/* "2026-11-22T10:00:00Z", fractions of a second allowed; false: it is no such time. */
static bool time_of(const char *text, int64_t *out_ms)
{
    struct tm tm = { 0 };
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

    if (rest == NULL)
        return false;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (strcmp(rest, "Z") != 0)
        return false;
    *out_ms = (int64_t)timegm(&tm) * 1000;
    return *out_ms > 0;
}

void tb_api_incident_acknowledge(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_field fields[] = { { .name = "until", .kind = 's', .max = 40 },
                                 { .name = "note", .kind = 's', .max = 256 } };
    struct tb_store_by by = tb_api_by(rq);
    const char *id_text = tb_http_param(rq, "id");
    char *end;
    long long id = strtoll(id_text, &end, 10);
    int64_t until = 0;
    json_t *body = NULL;

    if (*end != '\0' || id <= 0)
        tb_http_reply_error(rq, 404, "no-such-incident", "there is no incident of this number");
    else if (tb_api_fields(rq, &body, fields, 2)) {
        struct tb_incident_query query = { .before = id + 1, .limit = 1 };
        struct page page = { json_array(), 0 };

        if (fields[0].s != NULL && !time_of(fields[0].s, &until))
            tb_http_reply_error(rq, 400, "bad-time", "until must be a UTC time of RFC 3339");
        else if (tb_api_ok(rq, tb_store_incident_acknowledge(
                                   app->store, id, until, fields[1].s ? fields[1].s : "", &by)) &&
                 tb_api_ok(rq, tb_store_incidents(app->store, &query, add_incident, &page)))
            tb_http_reply_json(rq, 200, json_incref(json_array_get(page.items, 0)));
        json_decref(page.items);
    }
    json_decref(body);
}

/* --- Audit --- */

static bool add_entry(void *ctx, const struct tb_audit_entry *e)
{
    struct page *page = ctx;

    json_array_append_new(
        page->items, json_pack("{sI so ss ss ss ss ss}", "id", (json_int_t)e->seq, "time",
                               tb_json_time(e->time_ms), "actor", e->actor, "actor_id", e->actor_id,
                               "action", e->action, "target", e->target, "detail", e->detail));
    page->last = e->seq;
    return true;
}

void tb_api_audit_list(struct tb_http_request *rq, void *ctx)
{
    static const char *const known[] = { "limit", "cursor", NULL };
    struct tb_app *app = ctx;
    struct tb_audit_query query = { 0 };
    struct page page = { json_array(), 0 };

    if (tb_api_query_only(rq, known) && tb_api_page_number(rq, &query.limit, &query.from) &&
        tb_api_ok(rq, tb_store_audit(app->store, &query, add_entry, &page)))
        tb_http_reply_json(
            rq, 200,
            json_pack("{sO so}", "items", page.items, "next", next_of(&page, query.limit)));
    json_decref(page.items);
}

void tb_api_findings(struct tb_http_request *rq, void *ctx)
{
    (void)ctx;
    tb_http_reply_json(rq, 200, json_pack("{so sn}", "items", tb_checks_json(), "next"));
}
