/* server/api/common.c - requests in, replies out: what all handlers share. */
#include "server/api/api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t tb_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- Replies ------------------------------------------------------------------------------------
 */

void tb_api_refuse(struct tb_http_request *rq, const struct tb_refusal *r)
{
    bool has_place = r->why.where[0] != '\0';

    if (r->retry_after_s != 0)
        tb_http_reply_retry_after(rq, r->retry_after_s);
    tb_http_reply_refusal(rq, r->status,
                          &(struct tb_http_error){
                              .code = r->code,
                              .message = r->message,
                              .where = has_place ? r->why.where : NULL,
                              .expected = has_place ? r->why.expected : NULL,
                              .found = has_place ? r->why.observed : NULL,
                          });
}

bool tb_api_ok(struct tb_http_request *rq, enum tb_store_status status)
{
    struct tb_refusal why;

    if (status == TB_STORE_OK)
        return true;
    tb_refusal_store(&why, status);
    tb_api_refuse(rq, &why);
    return false;
}

json_t *tb_json_time(int64_t ms)
{
    time_t s = (time_t)(ms / 1000);
    struct tm tm;
    char text[32], whole[48];

    if (ms <= 0 || gmtime_r(&s, &tm) == NULL)
        return json_null();
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(whole, sizeof whole, "%s.%03dZ", text, (int)(ms % 1000));
    return json_string(whole);
}

json_t *tb_json_hex(const uint8_t *p, size_t len)
{
    char text[2 * TB_PUBLIC_MAX + 1];

    tb_hex(tb_slice(p, len), text, sizeof text);
    return json_string(text);
}

/* --- Requests -----------------------------------------------------------------------------------
 */

struct tb_store_by tb_api_by(struct tb_http_request *rq)
{
    const struct tb_principal *p = tb_http_principal(rq);

    return (struct tb_store_by){ .actor = p->label, .now_ms = tb_now_ms(), .actor_id = p->key_id };
}

bool tb_api_query_only(struct tb_http_request *rq, const char *const *names)
{
    for (size_t i = 0; i < tb_http_query_count(rq); i++) {
        const char *given = tb_http_query_name(rq, i);
        const char *const *n = names;

        while (*n != NULL && strcmp(*n, given) != 0)
            n++;
        if (*n == NULL) {
            tb_http_reply_refusal(rq, 400,
                                  &(struct tb_http_error){ .code = "unknown-parameter",
                                                           .message = "this query parameter is not "
                                                                      "known here",
                                                           .where = given });
            return false;
        }
    }
    return true;
}

bool tb_api_page(struct tb_http_request *rq, size_t *limit, const char **cursor)
{
    uint64_t n;

    if (!tb_http_query_u64(rq, "limit", 1, 500, 100, &n))
        return false;
    *limit = (size_t)n;
    *cursor = tb_http_query(rq, "cursor");
    return true;
}

bool tb_api_page_number(struct tb_http_request *rq, size_t *limit, int64_t *before)
{
    uint64_t n, from;

    if (!tb_http_query_u64(rq, "limit", 1, 500, 100, &n) ||
        !tb_http_query_u64(rq, "cursor", 1, INT64_MAX, 0, &from))
        return false;
    *limit = (size_t)n;
    *before = (int64_t)from;
    return true;
}

static bool bad_field(struct tb_http_request *rq, const char *name, const char *expected,
                      const char *found)
{
    tb_http_reply_refusal(rq, 400,
                          &(struct tb_http_error){ .code = "bad-field",
                                                   .message = "a member of the body is not as it "
                                                              "must be",
                                                   .where = name,
                                                   .expected = expected,
                                                   .found = found });
    return false;
}

static bool take_field(struct tb_http_request *rq, struct tb_field *f, const json_t *value)
{
    char range[64];

    f->present = true;
    switch (f->kind) {
    case 's':
        if (!json_is_string(value))
            return bad_field(rq, f->name, "a string", "something else");
        f->s = json_string_value(value);
        snprintf(range, sizeof range, "at most %zu bytes", f->max);
        return strlen(f->s) <= f->max || bad_field(rq, f->name, range, "more");
    case 'i':
        snprintf(range, sizeof range, "an integer from %lld to %lld", (long long)f->min_i,
                 (long long)f->max_i);
        if (!json_is_integer(value))
            return bad_field(rq, f->name, range, "something else");
        f->i = json_integer_value(value);
        return (f->i >= f->min_i && f->i <= f->max_i) ||
               bad_field(rq, f->name, range, "a number out of range");
    default:
        if (!json_is_boolean(value))
            return bad_field(rq, f->name, "true or false", "something else");
        f->b = json_is_true(value);
        return true;
    }
}

bool tb_api_fields(struct tb_http_request *rq, json_t **body, struct tb_field *fields, size_t n)
{
    const char *name;
    json_t *value;

    *body = tb_http_body_json(rq);
    if (*body == NULL)
        return false;
    json_object_foreach(*body, name, value)
    {
        size_t i = 0;

        while (i < n && strcmp(fields[i].name, name) != 0)
            i++;
        if (i == n)
            return bad_field(rq, name, "a member that is known here", "an unknown one");
        if (!take_field(rq, &fields[i], value))
            return false;
    }
    for (size_t i = 0; i < n; i++)
        if (fields[i].required && !fields[i].present)
            return bad_field(rq, fields[i].name, "this member", "it is missing");
    return true;
}

bool tb_api_host(struct tb_http_request *rq, struct tb_app *app, struct tb_host *out)
{
    const char *id = tb_http_param(rq, "id");
    enum tb_store_status status = tb_store_host_get(app->store, id, out);

    if (status == TB_STORE_NOT_FOUND || status == TB_STORE_INVALID)
        status = tb_store_host_by_name(app->store, id, out);
    if (status == TB_STORE_NOT_FOUND || status == TB_STORE_INVALID) {
        tb_http_reply_error(rq, 404, "no-such-host", "there is no host with this id or name");
        return false;
    }
    return tb_api_ok(rq, status);
}
