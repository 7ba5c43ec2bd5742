/* cli/api.c - see api.h. */
#include "cli/api.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "cli/config.h"
#include "cli/pin.h"
#include "cli/table.h"
#include "crypto/secret.h"
#include "wire/messages.h"

#define CONNECT_TIMEOUT_S 10
#define REQUEST_TIMEOUT_S 120
#define STALL_TIMEOUT_S 30 /* less than one byte a second for so long */

struct tb_api {
    struct tb_connection connection;
    struct tb_server_pin pin;
    CURL *curl;
    char error[CURL_ERROR_SIZE];
};

struct body {
    char *bytes;
    size_t len, cap;
    bool too_long;
};

void tb_answer_clear(struct tb_answer *a)
{
    json_decref(a->json);
    tb_wipe(a->bytes, a->len);
    free(a->bytes);
    *a = (struct tb_answer){ 0 };
}

static size_t take_body(char *in, size_t size, size_t n, void *data)
{
    struct body *b = data;
    size_t len = size * n;

    if (len > TB_API_BODY_MAX - b->len) {
        b->too_long = true;
        return 0;
    }
    if (len > b->cap - b->len || b->bytes == NULL) {
        size_t cap = b->len + len + b->len / 2 + 16 * 1024;
        char *more = malloc(cap + 1); /* realloc() would leave what it moved behind */

        if (more == NULL)
            return 0;
        if (b->len != 0)
            memcpy(more, b->bytes, b->len);
        tb_wipe(b->bytes, b->len);
        free(b->bytes);
        b->bytes = more;
        b->cap = cap;
    }
    memcpy(b->bytes + b->len, in, len);
    b->len += len;
    return len;
}

/* What holds for every request of the handle. False: this libcurl lacks something. */
static bool set_up(struct tb_api *api)
{
    CURL *c = api->curl;
    bool ok = curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)REQUEST_TIMEOUT_S) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)STALL_TIMEOUT_S) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_USERAGENT, "trueboot/" TB_VERSION) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_ERRORBUFFER, api->error) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK;

    if (api->connection.ca != NULL)
        ok = ok && curl_easy_setopt(c, CURLOPT_CAINFO, api->connection.ca) == CURLE_OK &&
             curl_easy_setopt(c, CURLOPT_CAPATH, NULL) == CURLE_OK;
    if (api->connection.has_fingerprint)
        ok = ok && tb_server_pin_set(&api->pin, c, api->connection.fingerprint);
    return ok;
}

/* An answer may hold a new token: jansson's memory is wiped as the answer's own bytes are. */
static void wipe_and_free(void *p)
{
    tb_wipe(p, malloc_usable_size(p));
    free(p);
}

enum tb_exit tb_api_open(const struct tb_cli *cli, struct tb_api **out)
{
    struct tb_api *api = calloc(1, sizeof *api);

    if (api == NULL)
        return tb_cli_fail(TB_EXIT_USAGE, "out of memory");
    if (!tb_connection_read(cli, &api->connection)) {
        free(api);
        return TB_EXIT_USAGE;
    }
    json_set_alloc_funcs(malloc, wipe_and_free);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        api->curl = curl_easy_init();
    if (api->curl == NULL || !set_up(api)) {
        tb_api_close(api);
        return tb_cli_fail(TB_EXIT_SERVER, "libcurl cannot be set up for TLS 1.3");
    }
    *out = api;
    return TB_EXIT_OK;
}

void tb_api_close(struct tb_api *api)
{
    if (api == NULL)
        return;
    curl_easy_cleanup(api->curl);
    tb_server_pin_clear(&api->pin);
    tb_connection_clear(&api->connection);
    free(api);
}

static bool add_header(struct curl_slist **headers, const char *line)
{
    struct curl_slist *more = curl_slist_append(*headers, line);

    if (more != NULL)
        *headers = more;
    return more != NULL;
}

static bool make_headers(const struct tb_api *api, bool has_body, bool want_bytes,
                         struct curl_slist **out)
{
    char line[TB_API_TOKEN_MAX + 32];
    bool ok;

    snprintf(line, sizeof line, "Authorization: Bearer %s", api->connection.token);
    ok = add_header(out, line) && add_header(out, "Expect:") &&
         add_header(out, want_bytes ? "Accept: application/cbor" : "Accept: application/json") &&
         (!has_body || add_header(out, "Content-Type: application/json"));
    tb_wipe(line, sizeof line);
    return ok;
}

static void free_headers(struct curl_slist *headers)
{
    for (struct curl_slist *h = headers; h != NULL; h = h->next)
        tb_wipe(h->data, strlen(h->data)); /* one holds the token */
    curl_slist_free_all(headers);
}

/* Send what is set up, and tell why there was no answer. */
static enum tb_exit perform(struct tb_api *api, const struct body *b, long *status)
{
    CURLcode code;

    api->error[0] = '\0';
    code = curl_easy_perform(api->curl);
    if (api->pin.refused)
        return tb_cli_fail(TB_EXIT_SERVER, "%s: certificate: expected the fingerprint %s, found %s",
                           api->connection.url, api->pin.expected, api->pin.found);
    if (b->too_long)
        return tb_cli_fail(TB_EXIT_SERVER, "%s: the answer is longer than %d bytes",
                           api->connection.url, TB_API_BODY_MAX);
    if (code != CURLE_OK)
        return tb_cli_fail(TB_EXIT_SERVER, "%s: %s", api->connection.url,
                           api->error[0] != '\0' ? api->error : curl_easy_strerror(code));
    if (curl_easy_getinfo(api->curl, CURLINFO_RESPONSE_CODE, status) != CURLE_OK)
        return tb_cli_fail(TB_EXIT_SERVER, "%s: no status", api->connection.url);
    return TB_EXIT_OK;
}

static bool content_type_is(CURL *curl, const char *type)
{
    char *found = NULL;
    size_t len = strlen(type);

    return curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &found) == CURLE_OK && found != NULL &&
           strncasecmp(found, type, len) == 0 && strchr("; \t", found[len]) != NULL;
}

/* The body as what its content type says. */
static enum tb_exit read_answer(struct tb_api *api, const char *path, struct body *b,
                                bool want_bytes, struct tb_answer *out)
{
    json_error_t where;

    if (b->len == 0)
        return TB_EXIT_OK;
    if (content_type_is(api->curl, "application/json")) {
        out->json = json_loadb(b->bytes, b->len, JSON_REJECT_DUPLICATES, &where);
        if (out->json == NULL)
            return tb_cli_fail(TB_EXIT_SERVER, "%s%s: the answer is not JSON: line %d: %s",
                               api->connection.url, path, where.line, where.text);
    } else if (want_bytes && content_type_is(api->curl, "application/cbor")) {
        out->bytes = b->bytes;
        out->len = b->len;
        b->bytes = NULL;
    } else if (out->status < 300) {
        return tb_cli_fail(TB_EXIT_SERVER, "%s%s: the answer is not %s: is this a Trueboot server?",
                           api->connection.url, path, want_bytes ? "CBOR" : "JSON");
    }
    return TB_EXIT_OK;
}

enum tb_exit tb_api_request(struct tb_api *api, const char *method, const char *path,
                            const json_t *body, bool want_bytes, struct tb_answer *out)
{
    struct tb_answer answer = { 0 };
    struct body b = { 0 };
    struct curl_slist *headers = NULL;
    char *url = NULL, *sent = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    bool get = strcmp(method, "GET") == 0;
    enum tb_exit code = TB_EXIT_SERVER;

    if (asprintf(&url, "%s%s", api->connection.url, path) < 0)
        url = NULL;
    if (url == NULL || (body != NULL && sent == NULL) ||
        !make_headers(api, body != NULL, want_bytes, &headers) ||
        curl_easy_setopt(api->curl, CURLOPT_URL, url) != CURLE_OK ||
        curl_easy_setopt(api->curl, CURLOPT_HTTPHEADER, headers) != CURLE_OK ||
        curl_easy_setopt(api->curl, CURLOPT_WRITEDATA, &b) != CURLE_OK ||
        curl_easy_setopt(api->curl, get ? CURLOPT_HTTPGET : CURLOPT_POST, 1L) != CURLE_OK ||
        curl_easy_setopt(api->curl, CURLOPT_CUSTOMREQUEST, get ? NULL : method) != CURLE_OK ||
        (!get &&
         (curl_easy_setopt(api->curl, CURLOPT_POSTFIELDSIZE,
                           (long)(sent != NULL ? strlen(sent) : 0)) != CURLE_OK ||
          curl_easy_setopt(api->curl, CURLOPT_POSTFIELDS, sent != NULL ? sent : "") != CURLE_OK)))
        tb_cli_fail(code, "%s: the request cannot be made", api->connection.url);
    else
        code = perform(api, &b, &answer.status);
    if (code == TB_EXIT_OK)
        code = read_answer(api, path, &b, want_bytes, &answer);
    if (code == TB_EXIT_OK)
        *out = answer;
    else
        tb_answer_clear(&answer);
    curl_easy_setopt(api->curl, CURLOPT_HTTPHEADER, NULL);
    free_headers(headers);
    tb_wipe(b.bytes, b.len);
    free(b.bytes);
    free(sent);
    free(url);
    return code;
}

enum tb_exit tb_answer_check(const struct tb_answer *a)
{
    const json_t *e = json_object_get(a->json, "error");
    const char *message = tb_json_string(e, "message"), *where = tb_json_string(e, "where");
    const char *expected = tb_json_string(e, "expected"), *found = tb_json_string(e, "found");

    if (a->status >= 200 && a->status < 300)
        return TB_EXIT_OK;
    if (a->status >= 300 && a->status < 400)
        return tb_cli_fail(TB_EXIT_SERVER, "the server answered %ld: redirects are not followed",
                           a->status);
    if (*message == '\0')
        return tb_cli_fail(TB_EXIT_SERVER, "the server answered %ld without a reason", a->status);
    return tb_cli_fail(TB_EXIT_SERVER, "%s%s%s%s%s%s%s (%ld %s)", message, *where ? ": " : "",
                       where, *expected ? ": expected " : "", expected, *found ? ", found " : "",
                       found, a->status, tb_json_string(e, "code"));
}

enum tb_exit tb_api_json(struct tb_api *api, const char *method, const char *path,
                         const json_t *body, json_t **out)
{
    struct tb_answer a = { 0 };
    enum tb_exit code = tb_api_request(api, method, path, body, false, &a);

    if (code == TB_EXIT_OK)
        code = tb_answer_check(&a);
    if (code == TB_EXIT_OK && out != NULL && a.json == NULL)
        code = tb_cli_fail(TB_EXIT_SERVER, "%s: the server answered nothing", path);
    if (code == TB_EXIT_OK && out != NULL)
        *out = json_incref(a.json);
    tb_answer_clear(&a);
    return code;
}

char *tb_api_path(const char *before, const char *part, const char *after)
{
    char *escaped = curl_easy_escape(NULL, part, 0), *path = NULL;

    if (escaped == NULL || asprintf(&path, "%s%s%s", before, escaped, after) < 0)
        path = NULL;
    curl_free(escaped);
    return path;
}

bool tb_api_query(char **path, const char *name, const char *value)
{
    char *escaped, *longer = NULL;

    if (*path == NULL)
        return false;
    if (value == NULL)
        return true;
    escaped = curl_easy_escape(NULL, value, 0);
    if (escaped == NULL || asprintf(&longer, "%s%c%s=%s", *path,
                                    strchr(*path, '?') != NULL ? '&' : '?', name, escaped) < 0)
        longer = NULL;
    curl_free(escaped);
    free(*path);
    *path = longer;
    return longer != NULL;
}

/* The id of the only item whose name is exactly `name`. */
static enum tb_exit pick_by_name(const json_t *page, const char *name, char **out)
{
    const json_t *item, *found = NULL;
    size_t i;

    json_array_foreach(json_object_get(page, "items"), i, item)
    {
        if (strcmp(tb_json_string(item, "name"), name) != 0)
            continue;
        if (found != NULL)
            return tb_cli_fail(TB_EXIT_USAGE, "%s: more than one host has this name: give the id",
                               name);
        found = item;
    }
    if (found == NULL || *tb_json_string(found, "id") == '\0')
        return tb_cli_fail(TB_EXIT_USAGE, "%s: no host has this id or name", name);
    *out = strdup(tb_json_string(found, "id"));
    return *out != NULL ? TB_EXIT_OK : tb_cli_fail(TB_EXIT_USAGE, "out of memory");
}

enum tb_exit tb_api_find_host(struct tb_api *api, const char *given, char **out)
{
    struct tb_answer a = { 0 };
    char *path = tb_api_path("/v1/hosts/", given, "");
    json_t *page = NULL;
    enum tb_exit code = TB_EXIT_OK;

    if (strlen(given) > TB_HOST_NAME_MAX || *given == '\0') {
        free(path);
        return tb_cli_fail(TB_EXIT_USAGE, "HOST: expected an id or a name, found \"%s\"", given);
    }
    /* What is no host id goes into no path: only into the search. */
    if (path != NULL && tb_host_name_is_valid(given, TB_HOST_ID_MAX))
        code = tb_api_request(api, "GET", path, NULL, false, &a);
    free(path);
    if (code == TB_EXIT_OK && a.status != 0 && a.status != 404 && a.status != 400)
        code = tb_answer_check(&a);
    else if (code == TB_EXIT_OK)
        a.status = 404;
    if (code != TB_EXIT_OK || a.status != 404) {
        if (code == TB_EXIT_OK && (*out = strdup(given)) == NULL)
            code = tb_cli_fail(TB_EXIT_USAGE, "out of memory");
        tb_answer_clear(&a);
        return code;
    }
    tb_answer_clear(&a);
    path = strdup("/v1/hosts?limit=" TB_API_PAGE);
    if (!tb_api_query(&path, "q", given))
        return tb_cli_fail(TB_EXIT_USAGE, "out of memory");
    code = tb_api_json(api, "GET", path, NULL, &page);
    if (code == TB_EXIT_OK)
        code = pick_by_name(page, given, out);
    json_decref(page);
    free(path);
    return code;
}
