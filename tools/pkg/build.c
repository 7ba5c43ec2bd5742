/* tools/pkg/build.c - trueboot-pkg build, sign: a description and files to a signed package. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pkg/tool.h"

/* A description being read. The texts of the manifest point into `json`. */
struct build {
    const char *spec;
    char directory[4096]; /* of the description: files are named relative to it */
    json_t *json;
    struct tb_manifest manifest;
    struct tb_reader content[TB_PAYLOADS_MAX];
    char text[TB_MANIFEST_LEN_MAX + 1];
    size_t text_len;
};

static bool wrong(const struct build *b, const char *member, const char *expected)
{
    tool_fail(TOOL_USAGE, "%s: %s: expected %s", b->spec, member, expected);
    return false;
}

static bool text_member(struct build *b, const char *name, struct tb_reader *out)
{
    const json_t *v = json_object_get(b->json, name);

    if (!json_is_string(v))
        return wrong(b, name, "a text");
    *out = tb_slice(json_string_value(v), json_string_length(v));
    return true;
}

static bool number_of(const json_t *v, uint32_t *out)
{
    if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > UINT32_MAX)
        return false;
    *out = (uint32_t)json_integer_value(v);
    return true;
}

static int by_name(const void *a, const void *b)
{
    return tb_lines_order(((const struct tb_relation *)a)->name,
                          ((const struct tb_relation *)b)->name);
}

/* {"NAME": SECURITY VERSION} */
static bool relations(struct build *b, const char *name, struct tb_relation *list, size_t *n)
{
    json_t *o = json_object_get(b->json, name), *v;
    const char *key;

    if (o != NULL && (!json_is_object(o) || json_object_size(o) > TB_RELATIONS_MAX))
        return wrong(b, name, "an object of at most 32 names and security versions");
    json_object_foreach(o, key, v)
    {
        list[*n].name = tb_slice(key, strlen(key));
        if (!number_of(v, &list[(*n)++].security_version))
            return wrong(b, name, "numbers");
    }
    qsort(list, *n, sizeof *list, by_name);
    return true;
}

static int by_option(const void *a, const void *b)
{
    return tb_lines_order(((const struct tb_package_option *)a)->name,
                          ((const struct tb_package_option *)b)->name);
}

static bool package_options(struct build *b)
{
    json_t *o = json_object_get(b->json, "options"), *v;
    struct tb_manifest *m = &b->manifest;
    const char *key;

    if (o != NULL && (!json_is_object(o) || json_object_size(o) > TB_PKG_OPTIONS_MAX))
        return wrong(b, "options", "an object of at most 32 names and texts");
    json_object_foreach(o, key, v)
    {
        if (!json_is_string(v))
            return wrong(b, "options", "texts");
        m->option[m->n_options++] =
            (struct tb_package_option){ tb_slice(key, strlen(key)),
                                        tb_slice(json_string_value(v), json_string_length(v)) };
    }
    qsort(m->option, m->n_options, sizeof m->option[0], by_option);
    return true;
}

static bool payload(struct build *b, const json_t *v, struct tb_hasher *h)
{
    struct tb_payload *p = &b->manifest.payload[b->manifest.n_payloads];
    const char *kind = json_string_value(json_object_get(v, "kind"));
    const char *file = json_string_value(json_object_get(v, "file"));
    const char *name = json_string_value(json_object_get(v, "name"));
    char path[8192];
    struct tb_reason why;

    if (kind == NULL || file == NULL || json_object_size(v) != (name != NULL ? 3U : 2U))
        return wrong(b, "payloads", "objects of kind, file and perhaps name");
    if (!tb_payload_kind_of_name(tb_slice(kind, strlen(kind)), &p->kind))
        return wrong(b, "payloads",
                     "the kind efi, kernel, initrd, system, roothash, image or file");
    if (name == NULL)
        name = strrchr(file, '/') != NULL ? strrchr(file, '/') + 1 : file;
    p->name = tb_slice(name, strlen(name));
    snprintf(path, sizeof path, "%s%s", file[0] == '/' ? "" : b->directory, file);
    if (!tool_load(path, &b->content[b->manifest.n_payloads]))
        return false;
    p->size = b->content[b->manifest.n_payloads++].left;
    if (!tb_payload_digest(p, b->content[b->manifest.n_payloads - 1], h, &why))
        return tool_unusable(path, &why), false;
    return true;
}

static bool payloads(struct build *b)
{
    const json_t *list = json_object_get(b->json, "payloads"), *v;
    struct tb_hasher *h = tb_hasher_new();
    bool ok = h != NULL;
    size_t i;

    if (ok && (!json_is_array(list) || json_array_size(list) > TB_PAYLOADS_MAX))
        ok = wrong(b, "payloads", "a list of at most 128");
    json_array_foreach(list, i, v)
    {
        ok = ok && payload(b, v, h);
    }
    tb_hasher_free(h);
    return ok;
}

static bool names_are_known(struct build *b)
{
    static const char *const known[] = { "name",    "version", "security_version", "vendor",
                                         "level",   "kind",    "conflicts",        "requires",
                                         "options", "payloads" };
    const char *key;
    json_t *v;

    json_object_foreach(b->json, key, v)
    {
        size_t i = 0;

        while (i < sizeof known / sizeof *known && strcmp(known[i], key) != 0)
            i++;
        if (i == sizeof known / sizeof *known)
            return tool_fail(TOOL_USAGE, "%s: %s: no such member", b->spec, key), false;
    }
    return true;
}

static bool read_spec(struct build *b)
{
    struct tb_manifest *m = &b->manifest;
    struct tb_reader level, kind;
    const char *slash = strrchr(b->spec, '/');
    json_error_t e;

    snprintf(b->directory, sizeof b->directory, "%.*s",
             slash == NULL ? 0 : (int)(slash - b->spec + 1), b->spec);
    b->json = json_load_file(b->spec, JSON_REJECT_DUPLICATES, &e);
    if (b->json == NULL)
        return tool_fail(TOOL_USAGE, "%s:%d: %s", b->spec, e.line, e.text), false;
    if (!json_is_object(b->json))
        return wrong(b, "description", "a JSON object");
    if (!names_are_known(b) || !text_member(b, "name", &m->name) ||
        !text_member(b, "version", &m->version) || !text_member(b, "vendor", &m->vendor) ||
        !text_member(b, "level", &level) || !text_member(b, "kind", &kind))
        return false;
    if (!tb_level_of_name(level, &m->level))
        return wrong(b, "level", "certified, accepted, partner or community");
    if (!tb_package_kind_of_name(kind, &m->kind))
        return wrong(b, "kind", "base or software");
    if (!number_of(json_object_get(b->json, "security_version"), &m->security_version))
        return wrong(b, "security_version", "a number up to 4294967295");
    return relations(b, "conflicts", m->conflicts, &m->n_conflicts) &&
           relations(b, "requires", m->requires, &m->n_requires) && package_options(b) &&
           payloads(b);
}

/* The parser says what no manifest may hold. */
static bool print_manifest(struct build *b)
{
    struct tb_manifest *again = malloc(sizeof *again);
    struct tb_reason why;
    bool ok = again != NULL;

    if (ok && !tb_manifest_print(&b->manifest, b->text, sizeof b->text, &b->text_len))
        ok = wrong(b, "manifest", "at most 65536 bytes");
    if (ok && !tb_manifest_parse(tb_slice(b->text, b->text_len), again, &why)) {
        tool_unusable(b->spec, &why);
        ok = false;
    }
    free(again);
    return ok;
}

/* ---- the container ---- */

static void put_member(uint8_t **at, const char *name, size_t name_len, struct tb_reader content)
{
    uint64_t len = tb_member_len(content.left);

    memset(*at, 0, (size_t)len);
    tb_member_header(tb_slice(name, name_len), content.left, *at);
    if (content.left != 0)
        memcpy(*at + TB_BLOCK_LEN, content.p, content.left);
    *at += len;
}

/* rest: the payloads and the end, as they stand in a container already. */
static bool write_package(const char *path, struct tb_reader manifest,
                          const struct tb_signatures *s, struct tb_reader rest)
{
    uint8_t *signature = malloc(TB_SIGNATURE_LEN_MAX), *all, *at;
    size_t len, total;
    bool ok = false;

    if (signature == NULL || !tb_signatures_encode(s, signature, TB_SIGNATURE_LEN_MAX, &len)) {
        free(signature);
        return tool_fail(TOOL_REFUSED, "%s: the signatures do not fit", path), false;
    }
    total = (size_t)(tb_member_len(manifest.left) + tb_member_len(len)) + rest.left;
    all = at = malloc(total);
    if (all == NULL) {
        tool_fail(TOOL_USAGE, "out of memory");
    } else {
        put_member(&at, "manifest", 8, manifest);
        put_member(&at, "signature", 9, tb_slice(signature, len));
        memcpy(at, rest.p, rest.left);
        ok = tool_write(path, tb_slice(all, total));
    }
    free(all);
    free(signature);
    return ok;
}

static uint8_t *payload_members(const struct build *b, size_t *len)
{
    uint8_t *all, *at;

    *len = 2 * TB_BLOCK_LEN;
    for (size_t i = 0; i < b->manifest.n_payloads; i++)
        *len += (size_t)tb_member_len(b->content[i].left);
    all = at = calloc(1, *len);
    for (size_t i = 0; all != NULL && i < b->manifest.n_payloads; i++)
        put_member(&at, (const char *)b->manifest.payload[i].name.p,
                   b->manifest.payload[i].name.left, b->content[i]);
    return all;
}

enum tool_exit tool_build(struct tool *t)
{
    struct build *b = calloc(1, sizeof *b);
    struct tb_code_key *key = tool_key(t);
    uint8_t value[TB_CODE_SIGNATURE_MAX], *members = NULL;
    struct tb_signatures s = { 0 };
    size_t len = 0;
    bool ok = false;

    if (b != NULL && key != NULL) {
        b->spec = t->argument[0];
        ok = tool_date(t, &b->manifest.built_s) && read_spec(b) && print_manifest(b) &&
             tool_sign(key, TB_SIGNED_PACKAGE, b->manifest.built_s, tb_slice(b->text, b->text_len),
                       &s, value) &&
             (members = payload_members(b, &len)) != NULL &&
             write_package(t->option[OPT_OUT], tb_slice(b->text, b->text_len), &s,
                           tb_slice(members, len));
    }
    free(members);
    for (size_t i = 0; b != NULL && i < b->manifest.n_payloads; i++)
        tool_drop(&b->content[i]);
    if (b != NULL)
        json_decref(b->json);
    free(b);
    tb_code_key_free(key);
    return ok ? TOOL_OK : TOOL_USAGE;
}

enum tool_exit tool_sign_package(struct tool *t)
{
    const char *path = t->argument[0];
    enum tool_exit code;
    struct tool_package *p = tool_package_open(path, &code);
    struct tb_code_key *key = p == NULL ? NULL : tool_key(t);
    uint8_t value[TB_CODE_SIGNATURE_MAX];
    struct tb_reason why;
    int64_t now_s;

    if (key != NULL && !tb_package_payloads(&p->package, p->payload, &why))
        code = tool_refused(path, &why);
    else if (key != NULL && tool_date(t, &now_s) &&
             tool_sign(key, TB_SIGNED_PACKAGE, now_s, p->package.manifest_text,
                       &p->package.signatures, value) &&
             write_package(path, p->package.manifest_text, &p->package.signatures, p->package.rest))
        code = TOOL_OK;
    tb_code_key_free(key);
    tool_package_close(p);
    return code;
}
