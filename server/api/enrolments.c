/* server/api/enrolments.c - enrolment tokens and the list of allowed endorsement keys. */
#include "server/api/api.h"

#include "crypto/random.h"

#include <stdio.h>
#include <string.h>

#define TOKEN_LEN 24 /* random bytes of an enrolment token */

static bool add_token(void *ctx, const struct tb_enrol_token *t)
{
    if (t->revoked_ms == 0)
        json_array_append_new(ctx, json_pack("{ss ss ss so ss so sI}", "id", t->id, "label",
                                             t->label, "group", t->group, "created",
                                             tb_json_time(t->created_ms), "created_by",
                                             t->created_by, "expires", tb_json_time(t->expires_ms),
                                             "uses_left", (json_int_t)t->uses_left));
    return true;
}

void tb_api_enrolment_tokens_list(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    json_t *items = json_array();

    if (tb_api_ok(rq, tb_store_enrol_tokens(app->store, add_token, items)))
        tb_http_reply_json(rq, 200, json_pack("{sOsn}", "items", items, "next"));
    json_decref(items);
}

json_t *tb_api_make_enrolment_token(struct tb_http_request *rq, struct tb_app *app,
                                    const char *label, const char *group, int64_t expires_s,
                                    uint32_t uses, uint8_t hash[TB_SHA256_LEN])
{
    struct tb_store_by by = tb_api_by(rq);
    struct tb_enrol_token token = { .expires_ms = by.now_ms + 1000 * expires_s, .uses = uses };
    uint8_t random[TOKEN_LEN], id[8];
    char text[2 * TOKEN_LEN + 1], command[512];

    snprintf(token.label, sizeof token.label, "%s", label);
    snprintf(token.group, sizeof token.group, "%s", group);
    if (!tb_random(random, sizeof random) || !tb_random(id, sizeof id)) {
        tb_http_reply_error(rq, 503, "unavailable", "no random numbers");
        return NULL;
    }
    tb_hex(tb_slice(random, sizeof random), text, sizeof text);
    tb_hex(tb_slice(id, sizeof id), token.id, sizeof token.id);
    if (!tb_sha256(app->verifier, tb_slice(text, strlen(text)), hash)) {
        tb_http_reply_error(rq, 503, "unavailable", "out of memory");
        return NULL;
    }
    if (!tb_api_ok(rq, tb_store_enrol_token_create(app->store, &token, hash, &by)))
        return NULL;
    snprintf(command, sizeof command, "trueboot-agent enrol --server %s --pin %s --token %s",
             app->public_url, app->pin, text);
    return json_pack("{ss ss so ss}", "id", token.id, "token", text, "expires",
                     tb_json_time(token.expires_ms), "command", command);
}

void tb_api_enrolment_token_create(struct tb_http_request *rq, void *ctx)
{
    struct tb_field fields[] = {
        { .name = "label", .kind = 's', .max = 64 },
        { .name = "group", .kind = 's', .max = 64 },
        { .name = "expires_s", .kind = 'i', .min_i = 60, .max_i = 31536000, .i = 86400 },
        { .name = "uses", .kind = 'i', .min_i = 1, .max_i = 1000000, .i = 1 },
    };
    uint8_t hash[TB_SHA256_LEN];
    json_t *body, *token;

    if (tb_api_fields(rq, &body, fields, 4)) {
        token = tb_api_make_enrolment_token(rq, ctx, fields[0].s ? fields[0].s : "",
                                            fields[1].s ? fields[1].s : "", fields[2].i,
                                            (uint32_t)fields[3].i, hash);
        if (token != NULL)
            tb_http_reply_json(rq, 201, token);
    }
    json_decref(body);
}

void tb_api_enrolment_token_revoke(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_store_by by = tb_api_by(rq);

    if (tb_api_ok(rq, tb_store_enrol_token_revoke(app->store, tb_http_param(rq, "id"), &by)))
        tb_http_reply_empty(rq, 204);
}

/* --- Endorsement keys --- */

static bool digest_of(struct tb_http_request *rq, const char *text, uint8_t out[32])
{
    unsigned byte;

    if (strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64) {
        for (size_t i = 0; i < 32; i++) {
            sscanf(text + 2 * i, "%2x", &byte);
            out[i] = (uint8_t)byte;
        }
        return true;
    }
    tb_http_reply_error(rq, 400, "bad-digest", "an EK digest is 64 lower-case hexadecimal digits");
    return false;
}

static json_t *allowed_json(const struct tb_ek_allowed *e)
{
    return json_pack("{so ss ss so ss}", "ek_digest", tb_json_hex(e->ek_digest, 32), "group",
                     e->group, "note", e->note, "created", tb_json_time(e->created_ms),
                     "created_by", e->created_by);
}

static bool add_allowed(void *ctx, const struct tb_ek_allowed *e)
{
    json_array_append_new(ctx, allowed_json(e));
    return true;
}

void tb_api_ek_allow_list(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    json_t *items = json_array();

    if (tb_api_ok(rq, tb_store_ek_allow_list(app->store, add_allowed, items)))
        tb_http_reply_json(rq, 200, json_pack("{sOsn}", "items", items, "next"));
    json_decref(items);
}

void tb_api_ek_allow_add(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_field fields[] = { { .name = "ek_digest", .kind = 's', .required = true, .max = 64 },
                                 { .name = "group", .kind = 's', .max = 64 },
                                 { .name = "note", .kind = 's', .max = 128 } };
    struct tb_store_by by = tb_api_by(rq);
    struct tb_ek_allowed entry = { .created_ms = by.now_ms };
    json_t *body;

    if (tb_api_fields(rq, &body, fields, 3) && digest_of(rq, fields[0].s, entry.ek_digest)) {
        snprintf(entry.group, sizeof entry.group, "%s", fields[1].s ? fields[1].s : "");
        snprintf(entry.note, sizeof entry.note, "%s", fields[2].s ? fields[2].s : "");
        snprintf(entry.created_by, sizeof entry.created_by, "%s", by.actor);
        if (tb_api_ok(rq, tb_store_ek_allow_add(app->store, &entry, &by)))
            tb_http_reply_json(rq, 201, allowed_json(&entry));
    }
    json_decref(body);
}

void tb_api_ek_allow_remove(struct tb_http_request *rq, void *ctx)
{
    struct tb_app *app = ctx;
    struct tb_store_by by = tb_api_by(rq);
    uint8_t digest[32];

    if (digest_of(rq, tb_http_param(rq, "digest"), digest) &&
        tb_api_ok(rq, tb_store_ek_allow_remove(app->store, digest, &by)))
        tb_http_reply_empty(rq, 204);
}
