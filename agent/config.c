/* agent/config.c - see config.h. */
#include "agent/config.h"

#include "agent/journal.h"
#include "core/reason.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool tb_agent_hex_parse(const char *text, uint8_t *out, size_t n)
{
    if (strlen(text) != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = tb_hex_digit_any_case(text[2 * i]), low = tb_hex_digit_any_case(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool put(char *out, size_t room, const char *value)
{
    size_t len = strlen(value);

    if (len == 0 || len >= room)
        return false;
    for (const char *p = value; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return false;
    memcpy(out, value, len + 1);
    return true;
}

/* "https://HOST[:PORT]" with nothing behind it: the paths are the protocol's. */
static bool set_server(struct tb_agent_config *c, const char *value)
{
    static const char scheme[] = "https://";
    static const char host[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "-._:[]";
    char text[sizeof c->server] = "";
    size_t len;

    if (!put(text, sizeof text, value) || strncmp(text, scheme, sizeof scheme - 1) != 0)
        return false;
    len = strlen(text);
    if (text[len - 1] == '/')
        text[--len] = '\0';
    if (len <= sizeof scheme - 1 ||
        text[sizeof scheme - 1 + strspn(text + sizeof scheme - 1, host)] != '\0')
        return false;
    memcpy(c->server, text, sizeof text);
    return true;
}

static bool set_pin(struct tb_agent_config *c, const char *value)
{
    c->has_pin = tb_agent_hex_parse(value, c->pin, sizeof c->pin);
    return c->has_pin;
}

static bool set_ca(struct tb_agent_config *c, const char *value)
{
    return put(c->ca, sizeof c->ca, value);
}

static bool set_proxy(struct tb_agent_config *c, const char *value)
{
    return put(c->proxy, sizeof c->proxy, value);
}

static bool set_state(struct tb_agent_config *c, const char *value)
{
    return put(c->state, sizeof c->state, value);
}

static bool set_tcti(struct tb_agent_config *c, const char *value)
{
    return put(c->tcti, sizeof c->tcti, value);
}

static bool set_event_log(struct tb_agent_config *c, const char *value)
{
    return value[0] == '/' && put(c->event_log, sizeof c->event_log, value);
}

static bool set_user_log(struct tb_agent_config *c, const char *value)
{
    return value[0] == '/' && put(c->user_log, sizeof c->user_log, value);
}

static bool set_boot_set(struct tb_agent_config *c, const char *value)
{
    return value[0] == '/' && put(c->boot_set, sizeof c->boot_set, value);
}

static bool set_name(struct tb_agent_config *c, const char *value)
{
    return tb_host_name_is_valid(value, TB_HOST_NAME_MAX) && put(c->name, sizeof c->name, value);
}

static bool set_ak(struct tb_agent_config *c, const char *value)
{
    c->ak = strcmp(value, "rsa") == 0 ? TB_AGENT_AK_RSA : TB_AGENT_AK_ECC;
    return c->ak == TB_AGENT_AK_RSA || strcmp(value, "ecc") == 0;
}

static bool set_serial(struct tb_agent_config *c, const char *value)
{
    c->withhold_serial = strcmp(value, "false") == 0;
    return c->withhold_serial || strcmp(value, "true") == 0;
}

static const struct key {
    const char *name;
    bool (*set)(struct tb_agent_config *c, const char *value);
    const char *expected;
    bool boolean; /* in the file; else a text */
} keys[] = {
    { "server", set_server, "\"https://HOST[:PORT]\"", false },
    { "pin", set_pin, "64 hex digits: SHA-256 of a certificate of the server", false },
    { "ca", set_ca, "the path of a PEM file", false },
    { "proxy", set_proxy, "\"http://HOST:PORT\"", false },
    { "state", set_state, "the path of a directory", false },
    { "tcti", set_tcti, "a TCTI, such as \"device:/dev/tpmrm0\"", false },
    { "event_log", set_event_log, "an absolute path", false },
    { "user_log", set_user_log, "an absolute path", false },
    { "boot_set", set_boot_set, "an absolute path", false },
    { "name", set_name, "a host name", false },
    { "ak", set_ak, "\"ecc\" or \"rsa\"", false },
    { "serial", set_serial, "true or false", true },
};
#define N_KEYS (sizeof keys / sizeof keys[0])

static const struct key *find_key(const char *name)
{
    for (size_t i = 0; i < N_KEYS; i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

void tb_agent_config_init(struct tb_agent_config *out)
{
    *out = (struct tb_agent_config){ .state = TB_AGENT_STATE_PATH };
}

bool tb_agent_config_set(struct tb_agent_config *c, const char *key, const char *value,
                         char expected[128])
{
    const struct key *k = find_key(key);

    if (k != NULL && k->set(c, value))
        return true;
    (void)snprintf(expected, 128, "%s", k != NULL ? k->expected : "a known name");
    return false;
}

/* jansson keeps no positions. The text has been accepted as JSON, so
 * a key is a string with a colon behind it. */
static int line_of(const char *text, const char *key)
{
    size_t len = strlen(key);
    int line = 1;

    for (const char *p = text; *p != '\0'; p++) {
        line += *p == '\n';
        if (*p == '"' && strncmp(p + 1, key, len) == 0 && p[len + 1] == '"' &&
            p[len + 2 + strspn(p + len + 2, " \t\r\n")] == ':')
            return line;
    }
    return 1;
}

/* The value as the text of an option. NULL: not of the type that it must be. */
static const char *text_of(const struct key *k, const json_t *value)
{
    if (k->boolean)
        return json_is_true(value) ? "true" : json_is_false(value) ? "false" : NULL;
    /* A text with a zero byte in it would be taken for a shorter one. */
    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
        return NULL;
    return json_string_value(value);
}

static bool take_members(const char *file, const char *text, json_t *root,
                         struct tb_agent_config *c, char err[TB_FILE_ERR_LEN])
{
    const char *name;
    json_t *value;

    json_object_foreach(root, name, value)
    {
        const struct key *k = find_key(name);

        if (k == NULL) {
            (void)snprintf(err, TB_FILE_ERR_LEN, "%.200s:%d: \"%.64s\": unknown key", file,
                           line_of(text, name), name);
            return false;
        }
        if (text_of(k, value) == NULL || !k->set(c, text_of(k, value))) {
            (void)snprintf(err, TB_FILE_ERR_LEN, "%.200s:%d: \"%s\": expected %s", file,
                           line_of(text, name), name, k->expected);
            return false;
        }
    }
    if (c->has_pin && c->ca[0] != '\0') {
        (void)snprintf(err, TB_FILE_ERR_LEN,
                       "%.200s:%d: \"ca\": expected \"pin\" or \"ca\", "
                       "found both",
                       file, line_of(text, "ca"));
        return false;
    }
    if (c->server[0] != '\0' && !c->has_pin && c->ca[0] == '\0') {
        (void)snprintf(err, TB_FILE_ERR_LEN,
                       "%.200s:%d: \"server\": expected \"pin\" or \"ca\" "
                       "beside it",
                       file, line_of(text, "server"));
        return false;
    }
    return true;
}

bool tb_agent_config_parse(const char *file, const char *text, size_t len,
                           struct tb_agent_config *out, char err[TB_FILE_ERR_LEN])
{
    struct tb_agent_config c;
    json_error_t where;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
    bool good;

    if (root == NULL) {
        (void)snprintf(err, TB_FILE_ERR_LEN, "%.200s:%d: %.200s", file, where.line, where.text);
        tb_journal_clean(err);
        return false;
    }
    if (!json_is_object(root)) {
        (void)snprintf(err, TB_FILE_ERR_LEN, "%.200s:1: expected an object {...}", file);
        json_decref(root);
        return false;
    }
    tb_agent_config_init(&c);
    good = take_members(file, text, root, &c, err);
    json_decref(root);
    if (good)
        *out = c;
    return good;
}

enum tb_file_status tb_agent_config_load(const char *path, struct tb_agent_config *out,
                                         char err[TB_FILE_ERR_LEN])
{
    char *text;
    size_t len;
    enum tb_file_status status = tb_file_read(path, TB_AGENT_CONFIG_MAX, &text, &len, err);

    if (status != TB_FILE_OK)
        return status;
    if (!tb_agent_config_parse(path, text, len, out, err))
        status = TB_FILE_FAILED;
    free(text);
    return status;
}

static bool add(json_t *root, const char *key, const char *value)
{
    return value[0] == '\0' || json_object_set_new(root, key, json_string(value)) == 0;
}

bool tb_agent_config_save(const char *path, const struct tb_agent_config *c,
                          const struct stat *owner, char err[TB_FILE_ERR_LEN])
{
    json_t *root = json_object();
    char pin[65] = "", *text = NULL;
    bool good;

    if (c->has_pin)
        tb_hex(tb_slice(c->pin, sizeof c->pin), pin, sizeof pin);
    good = root != NULL && add(root, "server", c->server) && add(root, "pin", pin) &&
           add(root, "ca", c->ca) && add(root, "proxy", c->proxy) && add(root, "state", c->state) &&
           add(root, "tcti", c->tcti) && add(root, "event_log", c->event_log) &&
           add(root, "user_log", c->user_log) && add(root, "boot_set", c->boot_set) &&
           add(root, "name", c->name) && add(root, "ak", c->ak == TB_AGENT_AK_RSA ? "rsa" : "ecc");
    if (good && c->withhold_serial)
        good = json_object_set_new(root, "serial", json_false()) == 0;
    if (good)
        text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    if (text == NULL) {
        (void)snprintf(err, TB_FILE_ERR_LEN, "%s: out of memory", path);
        return false;
    }
    good = tb_file_replace(path, tb_slice(text, strlen(text)), owner, err);
    free(text);
    return good;
}
