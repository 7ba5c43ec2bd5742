#include "server/config.h"

#include "files/files.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tb_server_config_default(struct tb_server_config *c)
{
    *c = (struct tb_server_config){ .address = "127.0.0.1",
                                    .port = 8443,
                                    .n_names = 2,
                                    .name = { "localhost", "127.0.0.1" },
                                    .ek_roots = "roots",
                                    .connections_max = 20000,
                                    .per_address_max = 1024,
                                    .threads = 16,
                                    .challenge_life_s = 60,
                                    .attest_gap_ms = 1000,
                                    .keep_days = 365 };
}

/* A member's name and what the JSON library quotes come from the file: one line, nothing that acts
 * in a terminal. */
static void make_printable(char *s)
{
    for (; *s != '\0'; s++)
        if (*s < ' ' || *s > '~')
            *s = '?';
}

static bool bad(char *err, const char *path, const char *member, const char *expected)
{
    snprintf(err, TB_SERVER_ERR_LEN, "%s: %s: expected %s", path, member, expected);
    return false;
}

static bool take_text(const json_t *v, char *out, size_t out_len)
{
    if (!json_is_string(v) || json_string_length(v) >= out_len || json_string_length(v) == 0)
        return false;
    snprintf(out, out_len, "%s", json_string_value(v));
    return true;
}

static bool take_number(const json_t *v, json_int_t min, json_int_t max, json_int_t *out)
{
    *out = json_integer_value(v);
    return json_is_integer(v) && *out >= min && *out <= max;
}

static bool take_names(const json_t *v, struct tb_server_config *c)
{
    size_t i;
    json_t *name;

    if (!json_is_array(v) || json_array_size(v) == 0 || json_array_size(v) > TB_SERVER_NAMES_MAX)
        return false;
    c->n_names = json_array_size(v);
    json_array_foreach(v, i,
                       name) if (!take_text(name, c->name[i], sizeof c->name[i])) return false;
    return true;
}

static bool take_address(const json_t *v, struct tb_server_config *c)
{
    uint8_t raw[16];

    return take_text(v, c->address, sizeof c->address) &&
           (inet_pton(AF_INET, c->address, raw) == 1 || inet_pton(AF_INET6, c->address, raw) == 1);
}

static bool take_member(const char *path, const char *key, const json_t *v,
                        struct tb_server_config *c, char *err)
{
    json_int_t n;

    if (strcmp(key, "address") == 0)
        return take_address(v, c) || bad(err, path, key, "an IPv4 or IPv6 address");
    if (strcmp(key, "names") == 0)
        return take_names(v, c) || bad(err, path, key, "1 to 8 names or addresses");
    if (strcmp(key, "ek_roots") == 0)
        return take_text(v, c->ek_roots, sizeof c->ek_roots) || bad(err, path, key, "a path");
    if (strcmp(key, "port") == 0) {
        if (!take_number(v, 0, 65535, &n))
            return bad(err, path, key, "a number from 0 to 65535");
        c->port = (uint16_t)n;
        return true;
    }
    static const struct {
        const char *key, *expected;
        json_int_t min, max;
        size_t offset;
    } numbers[] = {
        { "connections_max", "a number from 16 to 1000000", 16, 1000000,
          offsetof(struct tb_server_config, connections_max) },
        { "per_address_max", "a number from 1 to 1000000", 1, 1000000,
          offsetof(struct tb_server_config, per_address_max) },
        { "threads", "a number from 1 to 256", 1, 256, offsetof(struct tb_server_config, threads) },
        { "challenge_life_s", "a number from 5 to 3600", 5, 3600,
          offsetof(struct tb_server_config, challenge_life_s) },
        { "attest_gap_ms", "a number from 0 to 60000", 0, 60000,
          offsetof(struct tb_server_config, attest_gap_ms) },
        { "keep_days", "a number from 1 to 36500", 1, 36500,
          offsetof(struct tb_server_config, keep_days) },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (strcmp(key, numbers[i].key) == 0) {
            if (!take_number(v, numbers[i].min, numbers[i].max, &n))
                return bad(err, path, key, numbers[i].expected);
            *(unsigned *)((char *)c + numbers[i].offset) = (unsigned)n;
            return true;
        }
    snprintf(err, TB_SERVER_ERR_LEN, "%s: %.64s: there is no such member", path, key);
    return false;
}

bool tb_server_config_load(const char *path, struct tb_server_config *out,
                           char err[TB_SERVER_ERR_LEN])
{
    struct tb_server_config c;
    json_error_t where;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &where), *value;
    const char *key;
    bool ok = true;

    if (!json_is_object(root)) {
        snprintf(err, TB_SERVER_ERR_LEN, "%s:%d: %s", path, root ? 1 : where.line,
                 root ? "expected an object" : where.text);
        make_printable(err);
        json_decref(root);
        return false;
    }
    tb_server_config_default(&c);
    json_object_foreach(root, key, value) if (ok) ok = take_member(path, key, value, &c, err);
    json_decref(root);
    if (ok)
        *out = c;
    else
        make_printable(err);
    return ok;
}

bool tb_server_config_save(const char *path, const struct tb_server_config *c,
                           char err[TB_SERVER_ERR_LEN])
{
    json_t *names = json_array();
    char *text;
    bool ok;

    for (size_t i = 0; i < c->n_names; i++)
        json_array_append_new(names, json_string(c->name[i]));
    json_t *root =
        json_pack("{ss si so ss si si si si si si}", "address", c->address, "port", (int)c->port,
                  "names", names, "ek_roots", c->ek_roots, "connections_max",
                  (int)c->connections_max, "per_address_max", (int)c->per_address_max, "threads",
                  (int)c->threads, "challenge_life_s", (int)c->challenge_life_s, "attest_gap_ms",
                  (int)c->attest_gap_ms, "keep_days", (int)c->keep_days);
    text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    if (text == NULL) {
        snprintf(err, TB_SERVER_ERR_LEN, "%s: out of memory", path);
        return false;
    }
    ok = tb_file_replace(path, tb_slice(text, strlen(text)), NULL, err);
    free(text);
    return ok;
}
