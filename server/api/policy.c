/* server/api/policy.c - the policy in force, its versions, and what another one would say. */
#include "server/api/api.h"

#include "wire/policy_json.h"
#include "wire/result_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *json_of_policy(const struct tb_policy *policy)
{
    char *text = tb_policy_print(policy);
    json_t *json = text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;

    free(text);
    return json;
}

static void reply_policy(struct tb_http_request *rq, const struct tb_policy_record *record,
                         const struct tb_policy *policy)
{
    tb_http_reply_json(rq, 200,
                       json_pack("{sI ss so so ss so}", "version", (json_int_t)record->version,
                                 "name", policy->name, "digest", tb_json_hex(policy->digest, 32),
                                 "created", tb_json_time(record->created_ms), "created_by",
                                 record->author, "policy", json_of_policy(policy)));
}

void tb_api_policy_get(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_policy_record record = { .author = "built-in" };
    struct tb_blob text = { 0 };
    const struct tb_policy *policy;
    struct tb_refusal why;
    enum tb_store_status status = tb_store_policy_current(app->store, "", &record, &text);

    tb_blob_clear(&text);
    if (status != TB_STORE_NOT_FOUND && !tb_api_ok(rq, status))
        return;
    if (!tb_verifier_policy_strict(app->verifier, "", tb_now_ms(), &policy, &why)) {
        tb_api_refuse(rq, &why);
        return;
    }
    reply_policy(rq, &record, policy);
    tb_verifier_policy_done(policy);
}

/* The body as a policy, which the caller frees; NULL: an error was replied. */
static struct tb_policy *policy_of_body(struct tb_http_request *rq)
{
    struct tb_policy *policy = malloc(sizeof *policy);
    struct tb_hasher *h = tb_hasher_new();
    char err[TB_POLICY_ERR_LEN];
    size_t len;
    const uint8_t *body = tb_http_body(rq, &len);
    bool ok = false;

    if (policy == NULL || h == NULL)
        tb_http_reply_error(rq, 503, "unavailable", "out of memory");
    else if (!tb_policy_parse("policy", tb_slice(body, len), h, policy, err))
        tb_http_reply_error(rq, 400, "bad-policy", "%s", err);
    else
        ok = true;
    tb_hasher_free(h);
    if (ok)
        return policy;
    free(policy);
    return NULL;
}

void tb_api_policy_set(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_store_by by = tb_api_by(rq);
    struct tb_policy_record record = { .created_ms = by.now_ms };
    struct tb_policy *policy = policy_of_body(rq);
    char *text;

    if (policy == NULL)
        return;
    text = tb_policy_print(policy);
    if (text == NULL) {
        tb_http_reply_error(rq, 503, "unavailable", "out of memory");
        free(policy);
        return;
    }
    /* Every host is asked to attest at once, so that a tightened policy shows what it finds now and
     * not at each host's next turn (DESIGN section 4). Who put it again after a failure asks again.
     */
    if (tb_api_ok(rq, tb_store_policy_put(app->store, "", tb_slice(text, strlen(text)),
                                          policy->digest, &by, &record.version))) {
        tb_verifier_policy_changed(app->verifier);
        snprintf(record.author, sizeof record.author, "%s", by.actor);
        if (tb_api_ok(rq, tb_store_host_want_attest(app->store, NULL, NULL)))
            reply_policy(rq, &record, policy);
    }
    free(text);
    free(policy);
}

/* --- Versions --- */

static bool add_version(void *ctx, const struct tb_policy_record *p)
{
    json_array_append_new(ctx, json_pack("{sI so so ss}", "version", (json_int_t)p->version,
                                         "digest", tb_json_hex(p->digest, 32), "created",
                                         tb_json_time(p->created_ms), "created_by", p->author));
    return true;
}

/* The name stands in the text only. */
static void add_name(struct tb_app *app, json_t *item)
{
    struct tb_policy_record record;
    struct tb_blob text = { 0 };
    json_t *policy = NULL, *name;

    if (tb_store_policy_get(app->store, json_integer_value(json_object_get(item, "version")),
                            &record, &text) == TB_STORE_OK)
        policy = json_loadb((const char *)text.p, text.len, JSON_REJECT_DUPLICATES, NULL);
    name = json_object_get(policy, "name");
    json_object_set_new(item, "name", json_is_string(name) ? json_incref(name) : json_string(""));
    json_decref(policy);
    tb_blob_clear(&text);
}

void tb_api_policy_versions(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    json_t *items = json_array(), *item;
    size_t i;

    if (tb_api_ok(rq, tb_store_policies(app->store, 0, TB_STORE_PAGE_MAX, add_version, items))) {
        json_array_foreach(items, i, item) add_name(app, item);
        tb_http_reply_json(rq, 200, json_pack("{sOsn}", "items", items, "next"));
    }
    json_decref(items);
}

/* --- Trial --- */

#define TRIAL_LIST_MAX 1000 /* hosts named; all are counted */

struct trial {
    struct tb_app *app;
    const struct tb_policy *policy;
    struct tb_appraisal *appraisal;
    json_int_t hosts, unchanged;
    json_t *list;
};

static bool try_host(void *ctx, const struct tb_host *host, const struct tb_evidence_record *e)
{
    struct trial *t = ctx;
    const struct tb_result *r = &t->appraisal->result;

    t->hosts++;
    if (!tb_verifier_reappraise(t->app->verifier, host, e, t->policy, t->appraisal) ||
        r->verdict == e->verdict) {
        t->unchanged++; /* what was not genuine stays so under any policy */
        return true;
    }
    if (json_array_size(t->list) < TRIAL_LIST_MAX)
        json_array_append_new(
            t->list, json_pack("{ss ss ss ss ss ss}", "id", host->id, "name", host->name, "from",
                               tb_verdict_name(e->verdict), "to", tb_verdict_name(r->verdict),
                               "reason", tb_result_headline(r), "reason_code",
                               r->has_headline ? tb_check_text(r->headline)->code : ""));
    return true;
}

void tb_api_policy_try(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_policy *policy = policy_of_body(rq);
    struct trial t = { app, policy, malloc(sizeof *t.appraisal), 0, 0, json_array() };

    if (policy != NULL && t.appraisal == NULL)
        tb_http_reply_error(rq, 503, "unavailable", "out of memory");
    else if (policy != NULL &&
             tb_api_ok(rq, tb_store_evidence_each(app->store, NULL, try_host, &t)))
        tb_http_reply_json(rq, 200,
                           json_pack("{sI sI sO}", "hosts", t.hosts, "unchanged", t.unchanged,
                                     "would_change", t.list));
    json_decref(t.list);
    free(t.appraisal);
    free(policy);
}
