/* server/http/routes.c - the table of routes, compiled once at the start.
 *
 * Literal segments win over parameters, so that "/v1/hosts/summary" and "/v1/hosts/{id}" may both
 * stand in the table in any order. Two routes that could mean the same request are refused. */
#include "server/http/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const method_names[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

static bool compile_segment(const char *from, size_t len, bool last,
                            struct tb_template_segment *out)
{
    if (len == 0)
        return false;
    if (*from != '{') {
        *out = (struct tb_template_segment){ TB_SEGMENT_LITERAL, from, len };
        return memchr(from, '}', len) == NULL && memchr(from, '{', len) == NULL;
    }
    if (len < 3 || from[len - 1] != '}')
        return false;
    *out = (struct tb_template_segment){ TB_SEGMENT_PARAM, from + 1, len - 2 };
    if (from[len - 2] == '*') {
        out->kind = TB_SEGMENT_REST;
        out->len--;
        return last && out->len > 0;
    }
    return true;
}

static bool compile(const struct tb_http_route *route, struct tb_compiled_route *out)
{
    const char *p = route->path;

    *out = (struct tb_compiled_route){ .route = route };
    if (p == NULL || *p != '/' || route->handle == NULL || route->method > TB_HTTP_DELETE)
        return false;
    if (p[1] == '\0')
        return true;
    while (*p == '/') {
        size_t len = strcspn(p + 1, "/");

        if (out->n == TB_HTTP_SEGMENTS_MAX ||
            !compile_segment(p + 1, len, p[1 + len] == '\0', &out->segment[out->n]))
            return false;
        out->n++;
        p += 1 + len;
    }
    return true;
}

/* Literals first, then parameters, then the rest; zero: both match the same requests. */
static int compare(const void *left, const void *right)
{
    const struct tb_compiled_route *a = left, *b = right;

    for (size_t i = 0; i < a->n && i < b->n; i++) {
        const struct tb_template_segment *x = &a->segment[i], *y = &b->segment[i];
        size_t shorter = x->len < y->len ? x->len : y->len;
        int order;

        if (x->kind != y->kind)
            return (int)x->kind - (int)y->kind;
        if (x->kind != TB_SEGMENT_LITERAL)
            continue;
        order = memcmp(x->text, y->text, shorter);
        if (order != 0)
            return order;
        if (x->len != y->len)
            return x->len < y->len ? -1 : 1;
    }
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    return (int)a->route->method - (int)b->route->method;
}

bool tb_routes_compile(struct tb_http_server *s, char err[TB_HTTP_ERR_LEN])
{
    size_t n = s->config.n_routes;

    s->routes = calloc(n + 1, sizeof *s->routes);
    if (s->routes == NULL) {
        snprintf(err, TB_HTTP_ERR_LEN, "out of memory");
        return false;
    }
    for (size_t i = 0; i < n; i++)
        if (!compile(&s->config.routes[i], &s->routes[i])) {
            const char *path = s->config.routes[i].path;

            snprintf(err, TB_HTTP_ERR_LEN, "route %zu (%s): malformed path or no handler", i,
                     path != NULL ? path : "NULL");
            return false;
        }
    qsort(s->routes, n, sizeof *s->routes, compare);
    for (size_t i = 1; i < n; i++)
        if (compare(&s->routes[i - 1], &s->routes[i]) == 0) {
            snprintf(err, TB_HTTP_ERR_LEN, "routes %s and %s mean the same requests",
                     s->routes[i - 1].route->path, s->routes[i].route->path);
            return false;
        }
    return true;
}

static bool matches(const struct tb_compiled_route *r, const struct tb_target *t)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct tb_template_segment *s = &r->segment[i];

        if (i >= t->n_segments || t->segment[i][0] == '\0')
            return false;
        if (s->kind == TB_SEGMENT_REST) /* whole only without a slash at the end */
            return t->segment[t->n_segments - 1][0] != '\0';
        if (s->kind == TB_SEGMENT_LITERAL &&
            (strncmp(t->segment[i], s->text, s->len) != 0 || t->segment[i][s->len] != '\0'))
            return false;
    }
    return r->n == t->n_segments;
}

static bool method_is(const struct tb_http_route *route, const char *method)
{
    return strcmp(method, method_names[route->method]) == 0 ||
           (route->method == TB_HTTP_GET && strcmp(method, "HEAD") == 0);
}

/* The zeroes between the segments that "{rest*}" takes become slashes again. */
static void join_rest(const struct tb_compiled_route *r, struct tb_target *t)
{
    if (r->n == 0 || r->segment[r->n - 1].kind != TB_SEGMENT_REST)
        return;
    for (size_t i = r->n; i < t->n_segments; i++) {
        union {
            const char *in;
            char *out;
        } zero = { t->segment[i] - 1 }; /* the request owns the store these point into */

        *zero.out = '/';
    }
    t->n_segments = r->n;
}

static void add_method(char allow[64], const char *name)
{
    size_t len = strlen(allow);

    if (strstr(allow, name) == NULL)
        snprintf(allow + len, 64 - len, "%s%s", len > 0 ? ", " : "", name);
}

const struct tb_compiled_route *tb_routes_match(const struct tb_http_server *s, const char *method,
                                                struct tb_target *target, char allow[64])
{
    allow[0] = '\0';
    for (size_t i = 0; i < s->config.n_routes; i++) {
        const struct tb_compiled_route *r = &s->routes[i];

        if (!matches(r, target))
            continue;
        if (method_is(r->route, method)) {
            join_rest(r, target);
            return r;
        }
        add_method(allow, method_names[r->route->method]);
        if (r->route->method == TB_HTTP_GET)
            add_method(allow, "HEAD");
    }
    return NULL;
}
