/* The table of routes against openapi.json, in both directions: path, method and role (T-59). */
#include "server/api/api.h"
#include "tests/unit/test_support.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

extern const unsigned char tb_openapi_json[];
extern const unsigned char tb_openapi_json_end[];

static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

static const struct {
    const char *name;
    uint32_t roles;
} roles[] = {
    { "none", TB_ROLE_ANYBODY },       { "agent", TB_ROLE_AGENT }, { "viewer", TB_ROLES_VIEWER },
    { "operator", TB_ROLES_OPERATOR }, { "admin", TB_ROLE_ADMIN }, { "auditor", TB_ROLES_AUDITOR },
};

static json_t *description(void)
{
    json_error_t where;
    json_t *d =
        json_loadb((const char *)tb_openapi_json, (size_t)(tb_openapi_json_end - tb_openapi_json),
                   JSON_REJECT_DUPLICATES, &where);

    if (d == NULL)
        fail_msg("openapi.json:%d: %s", where.line, where.text);
    return d;
}

/* The page itself is no part of the API. */
static bool is_page(const struct tb_http_route *r)
{
    return strcmp(r->path, "/") == 0 || strcmp(r->path, "/ui/{file}") == 0;
}

static const struct tb_http_route *route_of(const char *method, const char *path)
{
    for (size_t i = 0; i < tb_api_n_routes; i++)
        if (strcmp(tb_api_routes[i].path, path) == 0 &&
            strcasecmp(methods[tb_api_routes[i].method], method) == 0)
            return &tb_api_routes[i];
    return NULL;
}

static uint32_t roles_of(const char *name)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strcmp(roles[i].name, name) == 0)
            return roles[i].roles;
    return 0;
}

static void t59_every_operation_described_is_a_route_with_the_role_that_it_states(void **state)
{
    json_t *d = description(), *path, *operation;
    const char *name, *method;
    size_t n = 0;

    (void)state;
    json_object_foreach(json_object_get(d, "paths"), name, path)
        json_object_foreach(path, method, operation)
    {
        const struct tb_http_route *r = route_of(method, name);
        const char *role = json_string_value(json_object_get(operation, "x-role"));
        bool open = json_array_size(json_object_get(operation, "security")) == 0;

        if (r == NULL)
            fail_msg("%s %s is described, and no route", method, name);
        assert_non_null(role);
        if (r->roles != roles_of(role))
            fail_msg("%s %s: described for %s, the route says %x", method, name, role, r->roles);
        assert_int_equal(open, r->roles == TB_ROLE_ANYBODY);
        if ((json_object_get(operation, "requestBody") != NULL) != (r->body_max != 0))
            fail_msg("%s %s: one of description and route has a body", method, name);
        n++;
    }
    assert_true(n > 30);
    json_decref(d);
}

static void every_route_is_described(void **state)
{
    json_t *d = description(), *paths = json_object_get(d, "paths");

    (void)state;
    for (size_t i = 0; i < tb_api_n_routes; i++) {
        const struct tb_http_route *r = &tb_api_routes[i];
        char method[8] = "";

        for (size_t k = 0; methods[r->method][k] != '\0'; k++)
            method[k] = (char)(methods[r->method][k] | 0x20);
        if (!is_page(r) && json_object_get(json_object_get(paths, r->path), method) == NULL)
            fail_msg("%s %s is not described", method, r->path);
    }
    json_decref(d);
}

static void every_role_has_one_name(void **state)
{
    (void)state;
    for (uint32_t bit = TB_ROLE_AGENT; bit <= TB_ROLE_AUDITOR; bit <<= 1)
        assert_int_equal(tb_role_of_name(tb_role_name(bit)), bit);
    assert_int_equal(tb_role_of_name("root"), 0);
    assert_int_equal(tb_role_of_name(""), 0);
    assert_null(tb_role_name(TB_ROLES_OPERATOR));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t59_every_operation_described_is_a_route_with_the_role_that_it_states),
        cmocka_unit_test(every_route_is_described),
        cmocka_unit_test(every_role_has_one_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
