#include "wire/roots_manifest.h"

#include "wire/cbor.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tb_roots_manifest {
    size_t n;
    struct tb_roots_manifest_entry *entry;
};

struct tb_roots_manifest *tb_roots_manifest_new(void)
{
    return calloc(1, sizeof(struct tb_roots_manifest));
}

void tb_roots_manifest_free(struct tb_roots_manifest *m)
{
    if (m == NULL)
        return;
    free(m->entry);
    free(m);
}

size_t tb_roots_manifest_count(const struct tb_roots_manifest *m)
{
    return m->n;
}

const struct tb_roots_manifest_entry *tb_roots_manifest_get(const struct tb_roots_manifest *m,
                                                            size_t i)
{
    return &m->entry[i];
}

static struct tb_roots_manifest_entry *find(const struct tb_roots_manifest *m, const char *file)
{
    for (size_t i = 0; m != NULL && i < m->n; i++)
        if (strcmp(m->entry[i].file, file) == 0)
            return &m->entry[i];
    return NULL;
}

const struct tb_roots_manifest_entry *tb_roots_manifest_find(const struct tb_roots_manifest *m,
                                                             const char *file)
{
    return find(m, file);
}

static bool in_intermediates(const char *file)
{
    static const char folder[] = TB_ROOTS_MANIFEST_INTERMEDIATES "/";

    return strncmp(file, folder, sizeof folder - 1) == 0;
}

/* No way out of the directory, and nothing that the server passes over. */
static bool is_file_name(const char *file)
{
    const char *name = in_intermediates(file) ? strchr(file, '/') + 1 : file;

    return *name != '\0' && *name != '.' && strchr(name, '/') == NULL;
}

bool tb_roots_manifest_put(struct tb_roots_manifest *m, const struct tb_roots_manifest_entry *entry)
{
    struct tb_roots_manifest_entry *there = find(m, entry->file), *more;

    if (!is_file_name(entry->file) || (there == NULL && m->n == TB_ROOTS_MAX))
        return false;
    if (there != NULL) {
        *there = *entry;
        return true;
    }
    more = realloc(m->entry, (m->n + 1) * sizeof *more);
    if (more == NULL)
        return false;
    m->entry = more;
    m->entry[m->n++] = *entry;
    return true;
}

/* ---- reading ---- */

static bool read_text(const json_t *v, char *out, size_t room)
{
    size_t len = json_string_length(v);

    if (!json_is_string(v) || len >= room ||
        (len != 0 && !tb_text_is_printable(tb_slice(json_string_value(v), len))))
        return false;
    memcpy(out, json_string_value(v), len + 1);
    return true;
}

static bool read_digest(const json_t *v, uint8_t out[32])
{
    char hex[65];

    if (!read_text(v, hex, sizeof hex) || strspn(hex, "0123456789abcdef") != 64)
        return false;
    for (size_t i = 0; i < 32; i++) {
        unsigned byte;

        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            return false;
        out[i] = (uint8_t)byte;
    }
    return true;
}

static bool read_day(const json_t *v, char out[11])
{
    if (!read_text(v, out, 11))
        return false;
    return out[0] == '\0' || (strlen(out) == 10 && strspn(out, "0123456789-") == 10 &&
                              out[4] == '-' && out[7] == '-');
}

static bool read_switch(const json_t *v, bool *out)
{
    *out = json_is_true(v);
    return json_is_boolean(v);
}

/* Which member of the entry is wrong; NULL: none. */
static const char *read_entry(const json_t *object, struct tb_roots_manifest_entry *out)
{
    bool has_file = false, has_digest = false;
    const char *name;
    json_t *v;

    *out = (struct tb_roots_manifest_entry){ 0 };
    json_object_foreach((json_t *)(uintptr_t)object, name, v)
    {
        bool ok =
            (strcmp(name, "file") == 0 && (has_file = read_text(v, out->file, sizeof out->file))) ||
            (strcmp(name, "sha256") == 0 && (has_digest = read_digest(v, out->sha256))) ||
            (strcmp(name, "vendor") == 0 && read_text(v, out->vendor, sizeof out->vendor)) ||
            (strcmp(name, "source") == 0 && read_text(v, out->source, sizeof out->source)) ||
            (strcmp(name, "added") == 0 && read_day(v, out->added)) ||
            (strcmp(name, "allow_sha1") == 0 && read_switch(v, &out->allow_sha1));

        if (!ok)
            return name;
    }
    return !has_file || !is_file_name(out->file) ? "file" : !has_digest ? "sha256" : NULL;
}

static bool read_list(const json_t *list, struct tb_roots_manifest *m,
                      char err[TB_ROOTS_MANIFEST_ERR_LEN])
{
    struct tb_roots_manifest_entry entry;
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        const char *wrong = json_is_object(item) ? read_entry(item, &entry) : "an object";

        if (wrong == NULL && find(m, entry.file) != NULL)
            wrong = "file, which stands there twice";
        if (wrong == NULL && !tb_roots_manifest_put(m, &entry))
            wrong = "no more than 4096";
        if (wrong != NULL) {
            snprintf(err, TB_ROOTS_MANIFEST_ERR_LEN,
                     TB_ROOTS_MANIFEST_NAME ": certificates[%zu]: %.80s", i, wrong);
            return false;
        }
    }
    return true;
}

struct tb_roots_manifest *tb_roots_manifest_parse(struct tb_reader text,
                                                  char err[TB_ROOTS_MANIFEST_ERR_LEN])
{
    struct tb_roots_manifest *m = tb_roots_manifest_new();
    json_error_t where = { 0 };
    json_t *root = json_loadb((const char *)text.p, text.left, JSON_REJECT_DUPLICATES, &where);
    const json_t *list = json_object_get(root, "certificates");
    bool ok = false;

    if (root == NULL)
        snprintf(err, TB_ROOTS_MANIFEST_ERR_LEN, TB_ROOTS_MANIFEST_NAME ":%d: %.120s", where.line,
                 where.text);
    else if (json_integer_value(json_object_get(root, "format")) != 1 || !json_is_array(list) ||
             json_object_size(root) != 2)
        snprintf(err, TB_ROOTS_MANIFEST_ERR_LEN,
                 TB_ROOTS_MANIFEST_NAME
                 ": expected format 1 and the list certificates, nothing else");
    else if (m == NULL)
        snprintf(err, TB_ROOTS_MANIFEST_ERR_LEN, TB_ROOTS_MANIFEST_NAME ": out of memory");
    else
        ok = read_list(list, m, err);
    json_decref(root);
    if (ok)
        return m;
    tb_roots_manifest_free(m);
    return NULL;
}

/* ---- writing ---- */

static json_t *entry_json(const struct tb_roots_manifest_entry *e)
{
    char hex[65];

    tb_hex(tb_slice(e->sha256, sizeof e->sha256), hex, sizeof hex);
    return json_pack("{ss ss ss ss ss sb}", "file", e->file, "sha256", hex, "vendor", e->vendor,
                     "source", e->source, "added", e->added, "allow_sha1", (int)e->allow_sha1);
}

char *tb_roots_manifest_print(const struct tb_roots_manifest *m)
{
    json_t *list = json_array();
    json_t *root = json_pack("{si so}", "format", 1, "certificates", list);
    char *text = NULL, *whole = NULL;
    bool ok = root != NULL;

    for (size_t i = 0; ok && i < m->n; i++)
        ok = json_array_append_new(list, entry_json(&m->entry[i])) == 0;
    if (ok)
        text = json_dumps(root, JSON_INDENT(1));
    json_decref(root);
    if (text != NULL) {
        size_t len = strlen(text);

        whole = malloc(len + 2);
        if (whole != NULL) {
            memcpy(whole, text, len);
            memcpy(whole + len, "\n", 2);
        }
    }
    free(text);
    return whole;
}

/* ---- using ---- */

/* Each root of this file may have SHA-1 below it. */
static bool allow_sha1(struct tb_roots *r, const char *file, struct tb_reader bytes,
                       struct tb_reason *why)
{
    struct tb_roots *own = tb_roots_new();
    struct tb_root_facts facts;
    bool ok = own != NULL && tb_roots_add(own, bytes, file, why);

    for (size_t i = 0; ok && i < tb_roots_count(own) + tb_roots_intermediates(own); i++) {
        tb_roots_get(own, i, &facts);
        ok = !facts.root || tb_roots_allow_sha1(r, facts.sha256);
    }
    tb_roots_free(own);
    return ok || tb_refuse(why, TB_CHECK_IDENTITY_EK_CERT, file, "memory", "none left");
}

bool tb_roots_manifest_add_file(const struct tb_roots_manifest *m, struct tb_roots *r,
                                const char *file, struct tb_reader bytes, struct tb_hasher *h,
                                struct tb_reason *why)
{
    const struct tb_roots_manifest_entry *e = find(m, file);
    uint8_t digest[TB_DIGEST_MAX];
    char expected[65], found[65];

    if (e != NULL) {
        if (!tb_hash(h, TB_BANK_SHA256, bytes, digest))
            return tb_refuse(why, TB_CHECK_IDENTITY_EK_CERT, file, "a digest", "none");
        tb_hex(tb_slice(e->sha256, 32), expected, sizeof expected);
        tb_hex(tb_slice(digest, 32), found, sizeof found);
        if (memcmp(e->sha256, digest, 32) != 0)
            return tb_refuse(why, TB_CHECK_IDENTITY_EK_CERT, file, expected, "%s", found);
    }
    if (!(in_intermediates(file) ? tb_roots_add_intermediates(r, bytes, file, why)
                                 : tb_roots_add(r, bytes, file, why)))
        return false;
    return e == NULL || !e->allow_sha1 || allow_sha1(r, file, bytes, why);
}
