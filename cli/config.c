/* cli/config.c - see config.h. */
#include "cli/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/file.h"
#include "core/reason.h"
#include "crypto/secret.h"

void tb_connection_clear(struct tb_connection *c)
{
    if (c->token != NULL)
        tb_wipe(c->token, strlen(c->token));
    free(c->url);
    free(c->token);
    free(c->ca);
    *c = (struct tb_connection){ 0 };
}

bool tb_fingerprint_parse(const char *text, uint8_t out[32])
{
    uint8_t bytes[32];
    bool colons;

    if (strncasecmp(text, "sha256:", 7) == 0)
        text += 7;
    if (strlen(text) != 64 && strlen(text) != 95)
        return false;
    colons = strlen(text) == 95;
    for (size_t i = 0; i < 32; i++) {
        int high = tb_hex_digit_any_case(text[0]), low = tb_hex_digit_any_case(text[1]);

        if (high < 0 || low < 0 || (colons && i < 31 && text[2] != ':'))
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
        text += colons ? 3 : 2;
    }
    memcpy(out, bytes, sizeof bytes);
    return true;
}

bool tb_url_is_valid(const char *url)
{
    static const char host[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "-._:[]";

    if (strncmp(url, "https://", 8) != 0)
        return false;
    url += 8;
    return *url != '\0' && strlen(url) <= 300 && strspn(url, host) == strlen(url);
}

/* The line on which a key of the outermost object stands. The text has been accepted as JSON, and
 * an object of strings has its keys before a colon. */
static int line_of_key(const char *text, const char *key)
{
    int line = 1;
    size_t len = strlen(key);

    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\n')
            line++;
        if (*p == '"' && strncmp(p + 1, key, len) == 0 && p[len + 1] == '"') {
            const char *after = p + len + 2;

            if (after[strspn(after, " \t\r\n")] == ':')
                return line;
        }
    }
    return 1;
}

bool tb_config_parse(const char *name, const char *text, size_t len, json_t **out, char error[256])
{
    static const char *const known[] = { "url", "token_file", "ca" };
    json_error_t where;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where), *value;
    const char *key, *wrong = NULL;

    if (root == NULL) {
        snprintf(error, 256, "%s:%d: %s", name, where.line, where.text);
        return false;
    }
    if (!json_is_object(root)) {
        snprintf(error, 256, "%s:1: expected an object {...}", name);
        json_decref(root);
        return false;
    }
    json_object_foreach(root, key, value)
    {
        bool found = false;

        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            found = found || strcmp(known[i], key) == 0;
        if (!found)
            wrong = "unknown key; expected url, token_file or ca";
        else if (!json_is_string(value) || json_string_length(value) == 0)
            wrong = "expected a text";
        if (wrong != NULL) {
            snprintf(error, 256, "%s:%d: \"%.64s\": %s", name, line_of_key(text, key), key, wrong);
            json_decref(root);
            return false;
        }
    }
    *out = root;
    return true;
}

/* The configuration file; an empty object when the default one is not there. */
static bool read_file(const struct tb_cli *cli, json_t **out)
{
    const char *path =
        tb_cli_has(cli, TB_OPT_CONFIG) ? cli->value[TB_OPT_CONFIG] : cli->config_path;
    char *text, error[256];
    size_t len;
    bool ok;

    if (path == NULL ||
        (!tb_cli_has(cli, TB_OPT_CONFIG) && access(path, F_OK) != 0 && errno == ENOENT)) {
        *out = json_object();
        return *out != NULL;
    }
    if (!tb_cli_file_read(path, "a configuration file", TB_CONFIG_SIZE_MAX, &text, &len))
        return false;
    ok = tb_config_parse(path, text, len, out, error);
    if (!ok)
        tb_cli_fail(TB_EXIT_USAGE, "%s", error);
    free(text);
    return ok;
}

static bool read_token(const char *path, char **out)
{
    struct stat st;
    char *text;
    size_t len;

    if (!tb_cli_file_read(path, "an API token", 4096, &text, &len))
        return false;
    if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        tb_cli_fail(TB_EXIT_OK, "warning: %s: others can read this token; chmod 600 it", path);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        text[--len] = '\0';
    *out = text;
    return true;
}

/* A token goes into a header: one line of visible ASCII. */
static bool token_is_valid(const char *token)
{
    size_t len = strlen(token);

    if (len == 0 || len > TB_API_TOKEN_MAX)
        return false;
    for (; *token != '\0'; token++)
        if (*token <= ' ' || *token > '~')
            return false;
    return true;
}

static const char *pick(const struct tb_cli *cli, enum tb_option_id id, const char *env,
                        const json_t *config, const char *key)
{
    if (tb_cli_has(cli, id))
        return cli->value[id];
    return env != NULL ? env : json_string_value(json_object_get(config, key));
}

static bool take_url_and_ca(const char *url, const char *ca, struct tb_connection *out)
{
    size_t len = url != NULL ? strlen(url) : 0;

    if (url == NULL)
        return tb_cli_fail(TB_EXIT_USAGE, "no server: give --url, TRUEBOOT_URL or \"url\" in the "
                                          "configuration file"),
               false;
    out->url = strndup(url, len > 0 && url[len - 1] == '/' ? len - 1 : len);
    if (out->url == NULL)
        return tb_cli_fail(TB_EXIT_USAGE, "out of memory"), false;
    if (!tb_url_is_valid(out->url))
        return tb_cli_fail(TB_EXIT_USAGE, "server address: expected https://HOST[:PORT], found %s",
                           url),
               false;
    out->has_fingerprint = ca != NULL && tb_fingerprint_parse(ca, out->fingerprint);
    if (ca == NULL || out->has_fingerprint)
        return true;
    out->ca = strdup(ca);
    if (out->ca == NULL || access(out->ca, R_OK) != 0)
        return tb_cli_fail(TB_EXIT_USAGE,
                           "CA: expected a PEM file or a SHA-256 fingerprint, found "
                           "%s: %s",
                           ca, strerror(errno)),
               false;
    return true;
}

static bool take_token(const struct tb_cli *cli, const json_t *config, struct tb_connection *out)
{
    const char *file = pick(cli, TB_OPT_TOKEN_FILE, NULL, config, "token_file");

    if (cli->env_token != NULL && !tb_cli_has(cli, TB_OPT_TOKEN_FILE))
        out->token = strdup(cli->env_token);
    else if (file == NULL)
        return tb_cli_fail(TB_EXIT_USAGE, "no API token: give --token-file, TRUEBOOT_TOKEN or "
                                          "\"token_file\" in the configuration file"),
               false;
    else if (!read_token(file, &out->token))
        return false;
    if (out->token == NULL || !token_is_valid(out->token))
        return tb_cli_fail(TB_EXIT_USAGE, "API token: expected one word of at most %d characters",
                           TB_API_TOKEN_MAX),
               false;
    return true;
}

bool tb_connection_read(const struct tb_cli *cli, struct tb_connection *out)
{
    struct tb_connection c = { 0 };
    json_t *config = NULL;
    bool ok = read_file(cli, &config) &&
              take_url_and_ca(pick(cli, TB_OPT_URL, cli->env_url, config, "url"),
                              pick(cli, TB_OPT_CA, cli->env_ca, config, "ca"), &c) &&
              take_token(cli, config, &c);

    json_decref(config);
    if (ok)
        *out = c;
    else
        tb_connection_clear(&c);
    return ok;
}
