/* agent/link.c - see link.h. */
#include "agent/link.h"

#include "agent/journal.h"
#include "crypto/secret.h"
#include "crypto/tls.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define COMPRESS_FROM 4096 /* bytes; below it costs more than it saves */
#define ZSTD_LEVEL 3
#define CONNECT_S 10L
#define REQUEST_S 60L
#define STALL_S 30L /* without a byte */

_Static_assert(TB_LINK_EXPORTER_LEN == TB_TLS_EXPORTER_LEN, "one exporter");

struct tb_link {
    CURL *curl;
    const struct tb_agent_config *config;
    char *authorisation; /* "Authorization: Bearer ..."; NULL: none */
    struct curl_slist *headers;
    uint8_t *sent; /* the body under way; may hold a token or secret */
    size_t sent_room;
    enum tb_link_binding binding;
    bool has_exporter, replaced, too_long;
    uint8_t exporter[TB_LINK_EXPORTER_LEN];
    char error[CURL_ERROR_SIZE];
    size_t len;
    uint8_t body[TB_MESSAGE_MAX];
};

bool tb_link_global_init(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

/* --- What libcurl calls -------------------------------------------------------------------------
 */

static size_t take_body(char *p, size_t size, size_t n, void *ctx)
{
    struct tb_link *link = ctx;
    size_t len = size * n;

    link->too_long = len > sizeof link->body - link->len;
    if (link->too_long)
        return 0;
    memcpy(link->body + link->len, p, len);
    link->len += len;
    return len;
}

/* Called with every connection that is about to carry the request, a second one after the first
 * broke included. Only here libcurl hands out the TLS connection. */
static int before_request(void *ctx, char *peer_ip, char *own_ip, int peer_port, int own_port)
{
    struct tb_link *link = ctx;
    struct curl_tlssessioninfo *tls = NULL;
    uint8_t exporter[TB_LINK_EXPORTER_LEN];
    bool good;

    (void)peer_ip, (void)own_ip, (void)peer_port, (void)own_port;
    if (link->binding == TB_LINK_FREE)
        return CURL_PREREQFUNC_OK;
    good = curl_easy_getinfo(link->curl, CURLINFO_TLS_SSL_PTR, &tls) == CURLE_OK && tls != NULL &&
           tls->backend == CURLSSLBACKEND_OPENSSL && tb_tls_exporter(tls->internals, exporter);
    if (link->binding == TB_LINK_BIND) {
        link->has_exporter = good;
        if (good)
            memcpy(link->exporter, exporter, sizeof exporter);
        return good ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
    }
    if (good && link->has_exporter &&
        tb_secret_equal(tb_slice(exporter, sizeof exporter),
                        tb_slice(link->exporter, sizeof link->exporter)))
        return CURL_PREREQFUNC_OK;
    link->replaced = true;
    return CURL_PREREQFUNC_ABORT;
}

static CURLcode set_up_tls(CURL *curl, void *ssl_ctx, void *ctx)
{
    const struct tb_link *link = ctx;

    (void)curl;
    if (link->config->has_pin)
        tb_tls_pin(ssl_ctx, link->config->pin);
    return CURLE_OK;
}

/* --- A link -------------------------------------------------------------------------------------
 */

#define SET(option, value) (curl_easy_setopt(c, option, value) == CURLE_OK)

static bool set_limits(struct tb_link *link, CURL *c)
{
    return SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_PROTOCOLS_STR, "https") &&
           SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
           SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) && SET(CURLOPT_MAXCONNECTS, 1L) &&
           SET(CURLOPT_TCP_KEEPALIVE, 1L) && SET(CURLOPT_CONNECTTIMEOUT, CONNECT_S) &&
           SET(CURLOPT_BUFFERSIZE, 16384L) && SET(CURLOPT_MAXFILESIZE, (long)sizeof link->body) &&
           SET(CURLOPT_USERAGENT, "trueboot-agent/" TB_VERSION) &&
           SET(CURLOPT_ERRORBUFFER, link->error) && SET(CURLOPT_WRITEFUNCTION, take_body) &&
           SET(CURLOPT_WRITEDATA, link) && SET(CURLOPT_PREREQFUNCTION, before_request) &&
           SET(CURLOPT_PREREQDATA, link) && SET(CURLOPT_PRIVATE, link);
}

static bool set_trust(struct tb_link *link, CURL *c)
{
    const struct tb_agent_config *config = link->config;

    /* Without CAINFO and CAPATH libcurl loads no root of the system: the pin is the only anchor. */
    return SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3) &&
           SET(CURLOPT_SSL_VERIFYPEER, 1L) && SET(CURLOPT_SSL_VERIFYHOST, 2L) &&
           SET(CURLOPT_CAPATH, (char *)NULL) &&
           SET(CURLOPT_CAINFO, config->has_pin ? (char *)NULL : config->ca) &&
           SET(CURLOPT_SSL_CTX_FUNCTION, set_up_tls) && SET(CURLOPT_SSL_CTX_DATA, link) &&
           (config->proxy[0] == '\0' || SET(CURLOPT_PROXY, config->proxy));
}

struct tb_link *tb_link_open(const struct tb_agent_config *config, const char *token)
{
    static const char prefix[] = "Authorization: Bearer ";
    struct tb_link *link = calloc(1, sizeof *link);

    if (link == NULL)
        return NULL;
    link->config = config;
    link->curl = curl_easy_init();
    if (token != NULL) {
        size_t room = sizeof prefix + strlen(token);

        link->authorisation = malloc(room);
        if (link->authorisation != NULL)
            (void)snprintf(link->authorisation, room, "%s%s", prefix, token);
    }
    if (link->curl != NULL && (token == NULL || link->authorisation != NULL) &&
        set_limits(link, link->curl) && set_trust(link, link->curl))
        return link;
    tb_link_close(link);
    return NULL;
}

static void drop_request(struct tb_link *link)
{
    for (struct curl_slist *h = link->headers; h != NULL; h = h->next)
        tb_wipe(h->data, strlen(h->data));
    curl_slist_free_all(link->headers);
    link->headers = NULL;
    tb_wipe(link->sent, link->sent_room);
    free(link->sent);
    link->sent = NULL;
    link->sent_room = 0;
}

void tb_link_close(struct tb_link *link)
{
    if (link == NULL)
        return;
    curl_easy_cleanup(link->curl);
    drop_request(link);
    if (link->authorisation != NULL)
        tb_wipe(link->authorisation, strlen(link->authorisation));
    free(link->authorisation);
    tb_wipe(link, sizeof *link);
    free(link);
}

/* --- One request --------------------------------------------------------------------------------
 */

static bool add_header(struct tb_link *link, const char *text)
{
    struct curl_slist *grown = curl_slist_append(link->headers, text);

    if (grown != NULL)
        link->headers = grown;
    return grown != NULL;
}

/* The body as it goes out into link->sent. */
static bool pack_body(struct tb_link *link, struct tb_reader body, size_t *len, bool *compressed)
{
    size_t room = ZSTD_compressBound(body.left);

    *compressed = false;
    link->sent = malloc(room);
    if (link->sent == NULL)
        return false;
    link->sent_room = room;
    if (body.left >= COMPRESS_FROM) {
        *len = ZSTD_compress(link->sent, room, body.p, body.left, ZSTD_LEVEL);
        *compressed = !ZSTD_isError(*len) && *len < body.left;
    }
    if (!*compressed) {
        if (body.left != 0)
            memcpy(link->sent, body.p, body.left);
        *len = body.left;
    }
    return true;
}

static bool prepare(struct tb_link *link, const char *path, struct tb_reader body,
                    enum tb_link_binding binding, long timeout_s)
{
    CURL *c = link->curl;
    char url[400];
    size_t len = 0;
    bool compressed = false;

    drop_request(link);
    link->binding = binding;
    link->replaced = link->too_long = false;
    link->len = 0;
    link->error[0] = '\0';
    (void)snprintf(url, sizeof url, "%s%s", link->config->server, path);
    return pack_body(link, body, &len, &compressed) &&
           add_header(link, "Content-Type: application/cbor") &&
           add_header(link, "Accept: application/cbor") && add_header(link, "Expect:") &&
           (!compressed || add_header(link, "Content-Encoding: zstd")) &&
           (link->authorisation == NULL || add_header(link, link->authorisation)) &&
           SET(CURLOPT_URL, url) && SET(CURLOPT_HTTPHEADER, link->headers) &&
           SET(CURLOPT_POST, 1L) && SET(CURLOPT_POSTFIELDS, (char *)link->sent) &&
           SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len) && SET(CURLOPT_TIMEOUT, timeout_s) &&
           SET(CURLOPT_LOW_SPEED_LIMIT, 1L) &&
           SET(CURLOPT_LOW_SPEED_TIME, timeout_s > REQUEST_S ? timeout_s : STALL_S);
}

static void copy_text(char *out, size_t room, const json_t *from, const char *key)
{
    const char *text = json_string_value(json_object_get(from, key));

    (void)snprintf(out, room, "%s", text == NULL ? "" : text);
    tb_journal_clean(out);
}

/* {"error":{"code","message","where","expected","found"}}, all but the first two optional. */
static void read_refusal(const struct tb_link *link, struct tb_link_reply *out)
{
    char message[200], where[80], expected[140], found[140];
    json_t *root = json_loadb((const char *)link->body, link->len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *error = json_object_get(root, "error");

    copy_text(out->code, sizeof out->code, error, "code");
    copy_text(message, sizeof message, error, "message");
    copy_text(where, sizeof where, error, "where");
    copy_text(expected, sizeof expected, error, "expected");
    copy_text(found, sizeof found, error, "found");
    json_decref(root);
    if (message[0] == '\0')
        (void)snprintf(out->text, sizeof out->text, "HTTP status %ld", out->status);
    else if (where[0] == '\0')
        (void)snprintf(out->text, sizeof out->text, "%s", message);
    else
        (void)snprintf(out->text, sizeof out->text, "%s: %.64s: expected %.100s, found %.100s",
                       message, where, expected, found);
}

static enum tb_link_status no_answer(const struct tb_link *link, CURLcode code,
                                     struct tb_link_reply *out)
{
    const char *text = link->error[0] != '\0' ? link->error : curl_easy_strerror(code);

    if (link->replaced) {
        (void)snprintf(out->text, sizeof out->text, "the connection of the challenge was replaced");
        return TB_LINK_REPLACED;
    }
    if (link->too_long || code == CURLE_FILESIZE_EXCEEDED) {
        (void)snprintf(out->text, sizeof out->text, "%s: an answer of more than %zu bytes",
                       link->config->server, sizeof link->body);
        return TB_LINK_BROKEN;
    }
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
        (void)snprintf(out->text, sizeof out->text, "%.120s: not our Verifier: %s%.200s",
                       link->config->server,
                       link->config->has_pin ? "none of its certificates that hold is the pinned "
                                               "one, or it is for another name: "
                                             : "",
                       text);
        return TB_LINK_UNTRUSTED;
    }
    (void)snprintf(out->text, sizeof out->text, "%.200s: %.250s", link->config->server, text);
    return TB_LINK_UNREACHABLE;
}

static enum tb_link_status finish(struct tb_link *link, CURLcode code, struct tb_link_reply *out)
{
    curl_off_t after = 0;
    const char *type = NULL;

    *out = (struct tb_link_reply){ 0 };
    drop_request(link);
    if (code != CURLE_OK) {
        enum tb_link_status status = no_answer(link, code, out);

        tb_journal_clean(out->text);
        return status;
    }
    (void)curl_easy_getinfo(link->curl, CURLINFO_RESPONSE_CODE, &out->status);
    if (curl_easy_getinfo(link->curl, CURLINFO_RETRY_AFTER, &after) == CURLE_OK && after > 0)
        out->retry_after_s = after > 86400 ? 86400 : (unsigned)after;
    if (out->status != 200) {
        if (out->status != 204)
            read_refusal(link, out);
        return TB_LINK_ANSWERED;
    }
    if (curl_easy_getinfo(link->curl, CURLINFO_CONTENT_TYPE, &type) != CURLE_OK || type == NULL ||
        strcmp(type, "application/cbor") != 0) {
        (void)snprintf(out->text, sizeof out->text,
                       "%s: expected an answer of type "
                       "application/cbor, found %.60s",
                       link->config->server, type == NULL ? "none" : type);
        tb_journal_clean(out->text);
        return TB_LINK_BROKEN;
    }
    out->body = tb_slice(link->body, link->len);
    return TB_LINK_ANSWERED;
}

enum tb_link_status tb_link_post(struct tb_link *link, const char *path, struct tb_reader body,
                                 enum tb_link_binding binding, struct tb_link_reply *out)
{
    if (!prepare(link, path, body, binding, REQUEST_S))
        return finish(link, CURLE_OUT_OF_MEMORY, out);
    return finish(link, curl_easy_perform(link->curl), out);
}

bool tb_link_exporter(const struct tb_link *link, uint8_t out[TB_LINK_EXPORTER_LEN])
{
    if (link->has_exporter)
        memcpy(out, link->exporter, TB_LINK_EXPORTER_LEN);
    return link->has_exporter;
}

/* --- A request among file descriptors -----------------------------------------------------------
 */

struct tb_poll {
    CURLM *multi;
    struct tb_link *link; /* of the request under way; NULL: none */
};

struct tb_poll *tb_poll_new(void)
{
    struct tb_poll *p = calloc(1, sizeof *p);

    if (p == NULL)
        return NULL;
    p->multi = curl_multi_init();
    if (p->multi == NULL) {
        free(p);
        return NULL;
    }
    (void)curl_multi_setopt(p->multi, CURLMOPT_MAXCONNECTS, 1L);
    return p;
}

void tb_poll_end(struct tb_poll *p)
{
    if (p->link == NULL)
        return;
    (void)curl_multi_remove_handle(p->multi, p->link->curl);
    drop_request(p->link);
    p->link = NULL;
}

void tb_poll_free(struct tb_poll *p)
{
    if (p == NULL)
        return;
    tb_poll_end(p);
    (void)curl_multi_cleanup(p->multi);
    free(p);
}

bool tb_poll_busy(const struct tb_poll *p)
{
    return p->link != NULL;
}

bool tb_poll_begin(struct tb_poll *p, struct tb_link *link, const char *path, struct tb_reader body,
                   long timeout_s)
{
    int running;

    tb_poll_end(p);
    if (!prepare(link, path, body, TB_LINK_FREE, timeout_s) ||
        curl_multi_add_handle(p->multi, link->curl) != CURLM_OK) {
        drop_request(link);
        return false;
    }
    p->link = link;
    return curl_multi_perform(p->multi, &running) == CURLM_OK;
}

/* True if the request has ended. It may do so at any call of curl_multi_perform(), the first one
 * included. */
static bool collect(struct tb_poll *p, enum tb_link_status *status, struct tb_link_reply *out)
{
    struct tb_link *link = p->link;
    CURLMsg *message;
    int left;

    while (link != NULL && (message = curl_multi_info_read(p->multi, &left)) != NULL) {
        CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE || message->easy_handle != link->curl)
            continue;
        (void)curl_multi_remove_handle(p->multi, link->curl);
        p->link = NULL;
        *status = finish(link, code, out);
        return true;
    }
    return false;
}

bool tb_poll_wait(struct tb_poll *p, const int *fds, size_t n_fds, int timeout_ms,
                  enum tb_link_status *status, struct tb_link_reply *out)
{
    struct curl_waitfd wait[TB_POLL_FDS_MAX];
    unsigned n = 0;
    int running;

    if (collect(p, status, out))
        return true;
    for (size_t i = 0; i < n_fds && i < TB_POLL_FDS_MAX; i++)
        if (fds[i] >= 0)
            wait[n++] = (struct curl_waitfd){ .fd = fds[i], .events = CURL_WAIT_POLLIN };
    (void)curl_multi_poll(p->multi, wait, n, timeout_ms, NULL);
    if (p->link != NULL)
        (void)curl_multi_perform(p->multi, &running);
    return collect(p, status, out);
}
