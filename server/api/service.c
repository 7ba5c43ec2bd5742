/* server/api/service.c - the service itself: health, metrics, description, events, the page. */
#include "server/api/api.h"

#include "server/ui/assets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* openapi.json, embedded at build time. */
extern const unsigned char tb_openapi_json[];
extern const unsigned char tb_openapi_json_end[];

void tb_api_health(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_store_summary s;
    const struct tb_policy *policy;
    struct tb_refusal why;

    if (!tb_api_ok(rq, tb_store_summary(app->store, &s)))
        return;
    if (!tb_verifier_policy_strict(app->verifier, "", tb_now_ms(), &policy, &why)) {
        tb_api_refuse(rq, &why);
        return;
    }
    tb_verifier_policy_done(policy);
    tb_http_reply_json(rq, 200, json_pack("{ss}", "status", "ok"));
}

void tb_api_openapi(struct tb_http_request *rq, void *ctx)
{
    (void)ctx;
    tb_http_reply_static(rq, 200, "application/json", tb_openapi_json,
                         (size_t)(tb_openapi_json_end - tb_openapi_json));
}

void tb_api_events(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;

    tb_http_events_reply(rq, app->hub, "hello", "{}");
}

void tb_api_asset(struct tb_http_request *rq, void *ctx)
{
    const struct tb_ui_asset *a = tb_ui_asset_find(tb_http_path(rq));

    (void)ctx;
    if (a == NULL) {
        tb_http_reply_error(rq, 404, "not-found", "there is no such page");
        return;
    }
    tb_http_reply_asset(rq, &(struct tb_http_asset){ .type = a->content_type,
                                                     .body = a->data,
                                                     .len = a->len,
                                                     .gzip = a->gz,
                                                     .gzip_len = a->gz_len,
                                                     .etag = a->etag });
}

/* --- Metrics (Prometheus text format 0.0.4) --- */

static void metric(struct tb_http_buffer *b, const char *name, const char *type, const char *help)
{
    tb_http_buffer_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void one(struct tb_http_buffer *b, const char *name, const char *type, const char *help,
                uint64_t value)
{
    metric(b, name, type, help);
    tb_http_buffer_printf(b, "%s %llu\n", name, (unsigned long long)value);
}

static void host_metrics(struct tb_http_buffer *b, const struct tb_store_summary *s)
{
    metric(b, "trueboot_hosts", "gauge", "Hosts by verdict.");
    for (unsigned v = TB_VERDICT_TRUSTED; v < TB_N_VERDICTS; v++)
        tb_http_buffer_printf(b, "trueboot_hosts{verdict=\"%s\"} %llu\n",
                              tb_verdict_name((enum tb_verdict)v),
                              (unsigned long long)s->verdict[v]);
    one(b, "trueboot_hosts_waiting", "gauge", "Hosts that wait for approval.", s->n_waiting);
    one(b, "trueboot_incidents_open", "gauge", "Open incidents.", s->n_open_incidents);
}

static void verifier_metrics(struct tb_http_buffer *b, struct tb_app *app)
{
    struct tb_verifier_counters c;
    struct tb_store_stats st;

    tb_verifier_counters_read(app->verifier, &c);
    tb_store_stats(app->store, &st);
    one(b, "trueboot_enrolments_total", "counter", "Hosts enrolled.", c.enrolments);
    one(b, "trueboot_challenges_total", "counter", "Challenges issued.", c.challenges);
    one(b, "trueboot_evidence_total", "counter", "Pieces of evidence appraised.", c.evidences);
    one(b, "trueboot_refusals_total", "counter", "Enrolments and evidence refused.", c.refusals);
    one(b, "trueboot_boot_cache_hits_total", "counter",
        "Appraisals of a boot taken from the cache.", c.boot_hits);
    one(b, "trueboot_boot_cache_misses_total", "counter", "Boots appraised anew.", c.boot_misses);
    one(b, "trueboot_store_writes_total", "counter", "Operations written.", st.n_writes);
    one(b, "trueboot_store_commits_total", "counter", "Transactions that they took.", st.n_commits);
}

static void http_metrics(struct tb_http_buffer *b, struct tb_app *app)
{
    struct tb_http_counters c;

    tb_http_counters_read(app->http, &c);
    metric(b, "trueboot_http_requests_total", "counter", "Requests by class of status.");
    for (unsigned i = 1; i < 6; i++)
        tb_http_buffer_printf(b, "trueboot_http_requests_total{class=\"%uxx\"} %llu\n", i,
                              (unsigned long long)c.requests[i]);
    one(b, "trueboot_http_connections", "gauge", "Open connections.", c.open);
    one(b, "trueboot_http_deadline_cut_total", "counter", "Connections cut by a deadline.",
        c.deadline_cut);
    one(b, "trueboot_tls_full_total", "counter", "Full TLS handshakes.", c.tls_full);
    one(b, "trueboot_tls_resumed_total", "counter", "Resumed TLS sessions.", c.tls_resumed);
}

void tb_api_metrics(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_http_buffer b = { .max = 65536 };
    struct tb_store_summary s;

    if (!tb_api_ok(rq, tb_store_summary(app->store, &s)))
        return;
    host_metrics(&b, &s);
    verifier_metrics(&b, app);
    http_metrics(&b, app);
    tb_http_reply_buffer(rq, 200, "text/plain; version=0.0.4", &b);
}
