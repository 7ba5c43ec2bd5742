/* server/api/access.c - who may: API tokens, browser sessions, roles.
 *
 * Tokens and session keys are 256 random bits; the store has their SHA-256 only. A session's cookie
 * is SameSite=Strict, and a request that a browser marks as coming from another site is refused. */
#include "server/api/api.h"

#include "crypto/random.h"
#include "crypto/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COOKIE "trueboot_session"
#define SESSION_MS (12 * 3600 * INT64_C(1000))
#define KEY_LEN 32
#define KEY_TEXT_LEN (2 * KEY_LEN + 1)

static const struct {
    uint32_t role;
    const char *name;
} roles[] = {
    { TB_ROLE_AGENT, "agent" }, { TB_ROLE_VIEWER, "viewer" },   { TB_ROLE_OPERATOR, "operator" },
    { TB_ROLE_ADMIN, "admin" }, { TB_ROLE_AUDITOR, "auditor" },
};

const char *tb_role_name(uint32_t role)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (roles[i].role == role)
            return roles[i].name;
    return NULL;
}

uint32_t tb_role_of_name(const char *name)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strcmp(roles[i].name, name) == 0)
            return roles[i].role;
    return 0;
}

/* SHA-256 of the text as it is sent: tokens are compared as people see them. */
static bool hash_text(struct tb_app *app, const char *text, uint8_t out[32])
{
    return tb_sha256(app->verifier, tb_slice(text, strlen(text)), out);
}

static bool random_text(char out[KEY_TEXT_LEN])
{
    uint8_t key[KEY_LEN];

    if (!tb_random(key, sizeof key))
        return false;
    tb_hex(tb_slice(key, sizeof key), out, KEY_TEXT_LEN);
    tb_wipe(key, sizeof key);
    return true;
}

/* --- Who asks --- */

/* A store that gives no answer is no reason to call a host unknown: it would enrol anew. */
static enum tb_http_access no_store(struct tb_http_request *rq)
{
    struct tb_refusal why;

    tb_refusal_store(&why, TB_STORE_UNAVAILABLE);
    tb_api_refuse(rq, &why);
    return TB_HTTP_ANSWERED;
}

static enum tb_http_access authorise_agent(struct tb_http_request *rq, struct tb_app *app,
                                           const char *bearer, struct tb_principal *p)
{
    uint8_t token[TB_HOST_TOKEN_LEN];
    struct tb_host host;
    enum tb_store_status status;

    if (!tb_unhex(bearer, token, sizeof token))
        return TB_HTTP_UNAUTHENTICATED;
    status = tb_verifier_host_of_token(app->verifier, token, &host);
    if (status != TB_STORE_OK)
        return status == TB_STORE_UNAVAILABLE ? no_store(rq) : TB_HTTP_UNAUTHENTICATED;
    p->role = TB_ROLE_AGENT;
    snprintf(p->host_id, sizeof p->host_id, "%s", host.id);
    return TB_HTTP_ALLOWED;
}

/* A browser says where a request comes from (Fetch Metadata). Other clients say nothing. */
static bool from_another_site(struct tb_http_request *rq)
{
    const char *site = tb_http_header(rq, "Sec-Fetch-Site");

    return site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

static enum tb_store_status find_person(struct tb_http_request *rq, struct tb_app *app,
                                        struct tb_principal *p, struct tb_api_key *key)
{
    char text[KEY_TEXT_LEN];
    uint8_t hash[32];

    if (tb_http_bearer(rq, text, sizeof text))
        return hash_text(app, text, hash)
                   ? tb_store_api_key_find(app->store, hash, tb_now_ms(), key)
                   : TB_STORE_UNAVAILABLE;
    if (!tb_http_cookie(rq, COOKIE, text, sizeof text) || from_another_site(rq))
        return TB_STORE_NOT_FOUND;
    snprintf(p->session, sizeof p->session, "%s", text);
    return hash_text(app, text, hash) ? tb_store_session_find(app->store, hash, tb_now_ms(), key)
                                      : TB_STORE_UNAVAILABLE;
}

enum tb_http_access tb_api_authorise(void *ctx, struct tb_http_request *rq,
                                     const struct tb_http_route *route)
{
    struct tb_app *app = ctx;
    struct tb_principal *p = tb_http_principal(rq);
    struct tb_api_key key;
    enum tb_http_access access = TB_HTTP_UNAUTHENTICATED;
    char text[KEY_TEXT_LEN];

    if (route->roles & TB_ROLE_ANYBODY)
        return TB_HTTP_ALLOWED;
    if (route->roles & TB_ROLE_AGENT)
        return tb_http_bearer(rq, text, sizeof text) ? authorise_agent(rq, app, text, p) : access;
    switch (find_person(rq, app, p, &key)) {
    case TB_STORE_OK: break;
    case TB_STORE_UNAVAILABLE: return no_store(rq);
    default:
        /* A host's token is a credential, but never for these routes. */
        if (tb_http_bearer(rq, text, sizeof text))
            access = authorise_agent(rq, app, text, p);
        return access == TB_HTTP_ALLOWED ? TB_HTTP_FORBIDDEN : access;
    }
    p->role = tb_role_of_name(key.role);
    snprintf(p->label, sizeof p->label, "%s", key.label);
    snprintf(p->key_id, sizeof p->key_id, "%s", key.id);
    return route->roles & p->role ? TB_HTTP_ALLOWED : TB_HTTP_FORBIDDEN;
}

/* --- Sessions --- */

static json_t *who(const char *role, const char *label)
{
    return json_pack("{ssss}", "role", role, "label", label);
}

void tb_api_session_create(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_field fields[] = { { .name = "key", .kind = 's', .required = true, .max = 128 } };
    struct tb_api_key key;
    json_t *body;
    char session[KEY_TEXT_LEN];
    uint8_t hash[32];
    int64_t now = tb_now_ms();
    enum tb_store_status status;

    if (from_another_site(rq)) {
        tb_http_reply_error(rq, 403, "other-site", "this request comes from another site");
        return;
    }
    if (!tb_api_fields(rq, &body, fields, 1)) {
        json_decref(body);
        return;
    }
    status = hash_text(app, fields[0].s, hash) ? tb_store_api_key_find(app->store, hash, now, &key)
                                               : TB_STORE_UNAVAILABLE;
    json_decref(body);
    if (status == TB_STORE_NOT_FOUND || status == TB_STORE_STALE) {
        tb_http_reply_error(rq, 401, "bad-key", "this key is not known here, expired or revoked");
        return;
    }
    if (!tb_api_ok(rq, status))
        return;
    if (!random_text(session) || !hash_text(app, session, hash)) {
        tb_http_reply_error(rq, 503, "unavailable", "no random numbers");
        return;
    }
    if (!tb_api_ok(rq, tb_store_session_create(app->store, hash, key.id, now, now + SESSION_MS)))
        return;
    tb_http_reply_cookie(rq, COOKIE, session, (unsigned)(SESSION_MS / 1000));
    tb_http_reply_json(rq, 200, who(key.role, key.label));
}

void tb_api_session_delete(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    const struct tb_principal *p = tb_http_principal(rq);
    uint8_t hash[32];

    if (p->session[0] != '\0' && hash_text(app, p->session, hash)) {
        enum tb_store_status status = tb_store_session_delete(app->store, hash);

        if (status != TB_STORE_NOT_FOUND && !tb_api_ok(rq, status))
            return;
    }
    tb_http_reply_cookie(rq, COOKIE, "", 0);
    tb_http_reply_empty(rq, 204);
}

void tb_api_whoami(struct tb_http_request *rq, void *ctx)
{
    const struct tb_principal *p = tb_http_principal(rq);

    (void)ctx;
    tb_http_reply_json(rq, 200, who(tb_role_name(p->role), p->label));
}

/* --- API tokens --- */

static bool add_key(void *ctx, const struct tb_api_key *key)
{
    if (key->revoked_ms == 0)
        json_array_append_new(
            ctx, json_pack("{ss ss ss so ss so}", "id", key->id, "label", key->label, "role",
                           key->role, "created", tb_json_time(key->created_ms), "created_by",
                           key->created_by, "expires", tb_json_time(key->expires_ms)));
    return true;
}

void tb_api_api_tokens_list(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    json_t *items = json_array();

    if (tb_api_ok(rq, tb_store_api_keys(app->store, add_key, items)))
        tb_http_reply_json(rq, 200, json_pack("{sOsn}", "items", items, "next"));
    json_decref(items);
}

void tb_api_api_token_create(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_field fields[] = {
        { .name = "label", .kind = 's', .max = 64 },
        { .name = "role", .kind = 's', .required = true, .max = 16 },
        { .name = "expires_s", .kind = 'i', .min_i = 60, .max_i = 10 * 365 * 86400LL },
    };
    struct tb_store_by by = tb_api_by(rq);
    struct tb_api_key key = { 0 };
    json_t *body;
    char text[KEY_TEXT_LEN];
    uint8_t hash[32], id[8];

    if (tb_api_fields(rq, &body, fields, 3)) {
        uint32_t role = tb_role_of_name(fields[1].s);

        if (role == 0 || role == TB_ROLE_AGENT)
            tb_http_reply_error(rq, 400, "bad-role",
                                "the role must be viewer, operator, admin or auditor");
        else if (!tb_random(id, sizeof id) || !random_text(text) || !hash_text(app, text, hash))
            tb_http_reply_error(rq, 503, "unavailable", "no random numbers");
        else {
            tb_hex(tb_slice(id, sizeof id), key.id, sizeof key.id);
            snprintf(key.label, sizeof key.label, "%s", fields[0].s ? fields[0].s : key.id);
            snprintf(key.role, sizeof key.role, "%s", fields[1].s);
            key.expires_ms = fields[2].present ? by.now_ms + 1000 * fields[2].i : 0;
            if (tb_api_ok(rq, tb_store_api_key_create(app->store, &key, hash, &by)))
                tb_http_reply_json(rq, 201,
                                   json_pack("{ss ss ss so}", "id", key.id, "token", text, "role",
                                             key.role, "expires", tb_json_time(key.expires_ms)));
        }
    }
    json_decref(body);
}

void tb_api_api_token_revoke(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_store_by by = tb_api_by(rq);

    if (tb_api_ok(rq, tb_store_api_key_revoke(app->store, tb_http_param(rq, "id"), &by)))
        tb_http_reply_empty(rq, 204);
}
