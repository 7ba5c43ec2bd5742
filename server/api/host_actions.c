/* server/api/host_actions.c - what an operator does to one host. Each is an audit entry. */
#include "server/api/api.h"

typedef enum tb_store_status host_action(struct tb_store *s, const char *id,
                                         const struct tb_store_by *by);

static void act(struct tb_http_request *rq, struct tb_app *app, host_action *action, int status)
{
    struct tb_store_by by = tb_api_by(rq);
    struct tb_host host;

    if (tb_api_host(rq, app, &host) && tb_api_ok(rq, action(app->store, host.id, &by)))
        tb_api_reply_host(rq, app, status, host.id);
}

/* The host is asked to attest at once: its agent may be waiting for just that. */
static enum tb_store_status approve(struct tb_store *s, const char *id,
                                    const struct tb_store_by *by)
{
    enum tb_store_status status = tb_store_host_approve(s, id, by);

    return status == TB_STORE_OK ? tb_store_host_want_attest(s, id, NULL) : status;
}

void tb_api_host_approve(struct tb_http_request *rq, void *ctx)
{
    act(rq, ctx, approve, 200);
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

void tb_api_host_accept_firmware(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_store_by by = tb_api_by(rq);
    struct tb_refusal why;
    struct tb_host host;

    if (!tb_api_host(rq, app, &host))
        return;
    if (!tb_verifier_accept_firmware(app->verifier, &host, &by, &why))
        tb_api_refuse(rq, &why);
    else if (tb_api_ok(rq, tb_store_host_want_attest(app->store, host.id, &by)))
        tb_api_reply_host(rq, app, 200, host.id);
}
