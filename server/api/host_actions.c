/* server/api/host_actions.c - what an operator does to one host. Each is an audit entry. */
#include "server/api/api.h"

#include <string.h>

typedef enum tb_store_status host_action(struct tb_store *s, const char *id,
                                         const struct tb_store_by *by);

static void act(struct tb_http_request *rq, struct tb_app *app, host_action *action, int status)
{
    struct tb_store_by by = tb_api_by(rq);
    struct tb_host host;

    if (tb_api_host(rq, app, &host) && tb_api_ok(rq, action(app->store, host.id, &by)))
        tb_api_reply_host(rq, app, status, host.id);
}

/* "evidence" of the body: the digest of what was on the screen. False: an error was replied. */
static bool seen_of(struct tb_http_request *rq, uint8_t out[TB_SHA256_LEN])
{
    struct tb_field field = { .name = "evidence", .kind = 's', .required = true, .max = 64 };
    json_t *body = NULL;
    bool ok = tb_api_fields(rq, &body, &field, 1);

    if (ok && !tb_unhex(field.s, out, TB_SHA256_LEN)) {
        tb_http_reply_error(rq, 400, "bad-evidence",
                            "evidence is the text that the host's `evidence` has");
        ok = false;
    }
    json_decref(body);
    return ok;
}

static void refuse_other(struct tb_http_request *rq)
{
    struct tb_refusal why;

    tb_refusal_set(&why, 409, "other-evidence",
                   "the host's keys or evidence have changed since: look at it again");
    tb_api_refuse(rq, &why);
}

/* False, and an error was replied: the host is not as it was when they looked. */
static bool is_as_seen(struct tb_http_request *rq, struct tb_app *app, const struct tb_host *host,
                       const uint8_t seen[TB_SHA256_LEN])
{
    uint8_t now[TB_SHA256_LEN];

    if (!tb_verifier_seen(app->verifier, host, now)) {
        tb_http_reply_error(rq, 503, "unavailable", "out of memory");
        return false;
    }
    if (memcmp(now, seen, sizeof now) != 0) {
        refuse_other(rq);
        return false;
    }
    return true;
}

/* What was compared may change until the store is asked: it looks at the key once more itself. Then
 * the host is asked to attest at once: its agent may be waiting for just that. */
static bool approve(struct tb_http_request *rq, struct tb_app *app, const struct tb_host *host)
{
    struct tb_store_by by = tb_api_by(rq);
    enum tb_store_status status = tb_store_host_approve(app->store, host->id, host, &by);

    if (status == TB_STORE_STALE) {
        refuse_other(rq);
        return false;
    }
    if (status == TB_STORE_OK)
        status = tb_store_host_want_attest(app->store, host->id, NULL);
    return tb_api_ok(rq, status);
}

void tb_api_host_approve(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    uint8_t seen[TB_SHA256_LEN];
    struct tb_host host;

    if (tb_api_host(rq, app, &host) && seen_of(rq, seen) && is_as_seen(rq, app, &host, seen) &&
        approve(rq, app, &host))
        tb_api_reply_host(rq, app, 200, host.id);
}

void tb_api_host_refuse(struct tb_http_request *rq, void *ctx)
{
    act(rq, ctx, tb_store_host_refuse, 200);
}

void tb_api_host_attest(struct tb_http_request *rq, void *ctx)
{
    act(rq, ctx, tb_store_host_want_attest, 202);
}

/* The host may enrol once more, with any TPM, under its name, for a day: with the token that is
 * made here, and no other (T-22). */
#define REPLACE_S 86400

void tb_api_host_replace_tpm(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_store_by by = tb_api_by(rq);
    uint8_t hash[TB_SHA256_LEN];
    struct tb_host host;
    json_t *token;

    if (!tb_api_host(rq, app, &host))
        return;
    token = tb_api_make_enrolment_token(rq, app, "replace-tpm", host.group, REPLACE_S, 1, hash);
    if (token == NULL)
        return;
    if (tb_api_ok(rq, tb_store_host_allow_replace(app->store, host.id, NULL, hash,
                                                  by.now_ms + REPLACE_S * INT64_C(1000), &by)))
        tb_http_reply_json(rq, 200, token);
    else
        json_decref(token); /* nobody has seen it */
}

/* An operator's word about what the last evidence shows; then the host is asked for more. */
typedef bool accept_fn(struct tb_verifier *v, const struct tb_host *host, const uint8_t *seen,
                       const struct tb_store_by *by, struct tb_refusal *why);

static void accept(struct tb_http_request *rq, struct tb_app *app, accept_fn *fn)
{
    struct tb_store_by by = tb_api_by(rq);
    uint8_t seen[TB_SHA256_LEN];
    struct tb_refusal why;
    struct tb_host host;

    if (!tb_api_host(rq, app, &host) || !seen_of(rq, seen))
        return;
    if (!fn(app->verifier, &host, seen, &by, &why))
        tb_api_refuse(rq, &why);
    else if (tb_api_ok(rq, tb_store_host_want_attest(app->store, host.id, &by)))
        tb_api_reply_host(rq, app, 200, host.id);
}

void tb_api_host_accept_firmware(struct tb_http_request *rq, void *ctx)
{
    accept(rq, ctx, tb_verifier_accept_firmware);
}

void tb_api_host_accept_rollback(struct tb_http_request *rq, void *ctx)
{
    accept(rq, ctx, tb_verifier_accept_rollback);
}
