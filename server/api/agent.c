/* server/api/agent.c - the agents' routes: CBOR in, CBOR out. docs/protocol.md. */
#include "server/api/api.h"

#include <stdlib.h>
#include <string.h>

#define CBOR "application/cbor"
#define WAIT_MS 50000

static void bad_message(struct tb_http_request *rq, const struct tb_reason *why)
{
    struct tb_refusal r;

    tb_refusal_of(&r, 400, why);
    tb_api_refuse(rq, &r);
}

static struct tb_reader body_of(struct tb_http_request *rq)
{
    size_t len;
    const uint8_t *body = tb_http_body(rq, &len);

    return tb_slice(body, len);
}

/* An encoded message as the reply; encoding our own struct fails only by our own mistake. */
#define REPLY(rq, name, message)                                                                   \
    do {                                                                                           \
        uint8_t buffer[TB_MESSAGE_MAX / 4];                                                        \
        size_t len;                                                                                \
                                                                                                   \
        if (tb_##name##_encode(message, buffer, sizeof buffer, &len))                              \
            tb_http_reply(rq, 200, CBOR, buffer, len);                                             \
        else                                                                                       \
            tb_http_reply_error(rq, 500, "internal", "the answer could not be encoded");           \
    } while (0)

void tb_api_agent_enrol(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_enrol_request request;
    struct tb_credential credential;
    struct tb_enrol_offer offer;
    struct tb_refusal refusal;
    struct tb_reason why;

    if (!tb_enrol_request_decode(body_of(rq), &request, &why))
        bad_message(rq, &why);
    else if (!tb_verifier_enrol(app->verifier, tb_now_ms(), &request, &credential, &offer,
                                &refusal))
        tb_api_refuse(rq, &refusal);
    else
        REPLY(rq, enrol_offer, &offer);
}

void tb_api_agent_activate(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_activate_request request;
    struct tb_activate_reply reply;
    struct tb_refusal refusal;
    struct tb_reason why;

    if (!tb_activate_request_decode(body_of(rq), &request, &why))
        bad_message(rq, &why);
    else if (!tb_verifier_activate(app->verifier, tb_now_ms(), &request, &reply, &refusal))
        tb_api_refuse(rq, &refusal);
    else
        REPLY(rq, activate_reply, &reply);
}

/* The host whose token came with the request. It was there when the request was admitted. */
static bool asking_host(struct tb_http_request *rq, struct tb_app *app, struct tb_host *out)
{
    const struct tb_principal *p = tb_http_principal(rq);

    return tb_api_ok(rq, tb_store_host_get(app->store, p->host_id, out));
}

void tb_api_agent_challenge(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_challenge_request request;
    struct tb_challenge challenge;
    struct tb_refusal refusal;
    struct tb_reason why;
    struct tb_host host;
    bool capable;

    if (!tb_challenge_request_decode(body_of(rq), &request, &why))
        bad_message(rq, &why);
    else if (!asking_host(rq, app, &host))
        return;
    else if (!tb_verifier_challenge(app->verifier, tb_now_ms(), &host, &request, &challenge,
                                    &capable, &refusal))
        tb_api_refuse(rq, &refusal);
    else if (!capable)
        tb_http_reply_empty(rq, 204);
    else
        REPLY(rq, challenge, &challenge);
}

void tb_api_agent_evidence(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_evidence_message message;
    struct tb_evidence_answer answer;
    struct tb_refusal refusal;
    struct tb_reason why;
    struct tb_host host;
    uint8_t exporter[TB_EXPORTER_LEN];

    if (!tb_http_exporter(rq, exporter))
        tb_http_reply_error(rq, 400, "no-channel-binding",
                            "evidence is accepted over TLS 1.3 only");
    else if (!tb_evidence_message_decode(body_of(rq), &message, &why))
        bad_message(rq, &why);
    else if (!asking_host(rq, app, &host))
        return;
    else if (!tb_verifier_evidence(app->verifier, tb_now_ms(), &host, &message, exporter, &answer,
                                   &refusal))
        tb_api_refuse(rq, &refusal);
    else
        REPLY(rq, evidence_answer, &answer);
}

/* --- Long poll --- */

struct tb_waiter {
    struct tb_waiter *next;
    struct tb_http_parked *parked;
    int64_t until_ms; /* by then the reply of the timeout has gone out */
    char host_id[TB_STORE_ID_MAX + 1];
};

static size_t encode_command(enum tb_command command, uint8_t *out, size_t cap)
{
    struct tb_wait_reply reply = { command };
    size_t len;

    return tb_wait_reply_encode(&reply, out, cap, &len) ? len : 0;
}

/* Takes out the waiters of one host (NULL: all). */
static struct tb_waiter *take_waiters(struct tb_app *app, const char *host_id)
{
    struct tb_waiter *taken = NULL, **p = &app->waiters;

    app->last_waiter = NULL;
    while (*p != NULL) {
        struct tb_waiter *w = *p;

        if (host_id == NULL || strcmp(w->host_id, host_id) == 0) {
            *p = w->next;
            w->next = taken;
            taken = w;
        } else {
            app->last_waiter = w;
            p = &w->next;
        }
    }
    return taken;
}

/* Every poll waits equally long, so those whose reply went out stand in front: dropped here, they
 * never grow to more than one poll of each host. */
static void drop_old_waiters(struct tb_app *app, int64_t now)
{
    while (app->waiters != NULL && app->waiters->until_ms < now) {
        struct tb_waiter *w = app->waiters;

        app->waiters = w->next;
        if (app->waiters == NULL)
            app->last_waiter = NULL;
        tb_http_unpark_default(w->parked);
        free(w);
    }
}

static void add_waiter(struct tb_app *app, struct tb_waiter *w)
{
    if (app->last_waiter != NULL)
        app->last_waiter->next = w;
    else
        app->waiters = w;
    app->last_waiter = w;
}

static void wake(struct tb_app *app, const char *host_id)
{
    uint8_t command[64];
    size_t len = encode_command(TB_COMMAND_ATTEST, command, sizeof command);
    struct tb_waiter *w;

    pthread_mutex_lock(&app->waiters_lock);
    w = take_waiters(app, host_id);
    pthread_mutex_unlock(&app->waiters_lock);
    while (w != NULL) {
        struct tb_waiter *next = w->next;

        tb_http_unpark(w->parked, 200, CBOR, command, len);
        free(w);
        w = next;
    }
}

/* For who has just been enlisted: a wish that came before is in the store, one that comes after
 * finds the waiter. The store is read without the lock, since its writer's thread takes that in
 * wake(). Where the store does not answer the poll ends at its timeout. */
static void wake_if_wanted(struct tb_app *app, const char *host_id)
{
    struct tb_host host;

    if (tb_store_host_get(app->store, host_id, &host) == TB_STORE_OK && host.want_attest)
        wake(app, host_id);
}

void tb_api_agent_wait(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    const struct tb_principal *p = tb_http_principal(rq);
    struct tb_wait_request request;
    struct tb_reason why;
    struct tb_waiter *w;
    uint8_t reply[64];
    size_t len;

    if (!tb_wait_request_decode(body_of(rq), &request, &why)) {
        bad_message(rq, &why);
        return;
    }
    if (strcmp(request.host_id, p->host_id) != 0) {
        tb_http_reply_error(rq, 403, "other-host", "the token is another host's");
        return;
    }
    w = calloc(1, sizeof *w);
    if (w == NULL) {
        tb_http_reply_error(rq, 503, "unavailable", "out of memory");
        return;
    }
    memcpy(w->host_id, p->host_id, sizeof w->host_id);
    len = encode_command(TB_COMMAND_NONE, reply, sizeof reply);
    pthread_mutex_lock(&app->waiters_lock);
    drop_old_waiters(app, tb_now_ms());
    w->until_ms = tb_now_ms() + WAIT_MS + 1000;
    tb_http_reply(rq, 200, CBOR, reply, len);
    w->parked = tb_http_park(rq, WAIT_MS);
    if (w->parked == NULL)
        free(w);
    else
        add_waiter(app, w);
    pthread_mutex_unlock(&app->waiters_lock);
    wake_if_wanted(app, request.host_id);
}

/* --- Changes --- */

static void publish(struct tb_app *app, const char *event, const char *host_id)
{
    json_t *data = json_pack("{ss}", "id", host_id);
    char *text = data != NULL ? json_dumps(data, JSON_COMPACT) : NULL;

    if (text != NULL)
        tb_http_hub_publish(app->hub, event, text);
    free(text);
    json_decref(data);
}

void tb_api_on_change(void *ctx, enum tb_change kind, const char *host_id)
{
    struct tb_app *app = ctx;

    switch (kind) {
    case TB_CHANGE_HOST:
    case TB_CHANGE_HOST_REMOVED:
        publish(app, "host", host_id);
        publish(app, "summary", "");
        break;
    case TB_CHANGE_SEEN: publish(app, "seen", host_id); break;
    case TB_CHANGE_INCIDENT: publish(app, "incident", host_id); break;
    case TB_CHANGE_POLICY:
        tb_verifier_policy_changed(app->verifier);
        publish(app, "policy", "");
        break;
    case TB_CHANGE_ATTEST_WANTED: wake(app, host_id[0] != '\0' ? host_id : NULL); break;
    case TB_CHANGE_TOKENS: break;
    }
}
