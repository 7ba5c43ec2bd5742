/* tools/sbv/check_keys.c - db, dbx and shim's list of machine owner keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/dbx.h"
#include "files/files.h"
#include "tools/sbv/check.h"

void check_keys_take(struct tb_reader bytes, struct tb_program_keys *keys)
{
    struct tb_signature_lists it = tb_signature_lists_begin(bytes);
    struct tb_signature_entry e;

    if (tb_program_keys_add(keys, bytes))
        return;
    while (tb_signature_lists_next(&it, &e) == TB_LIST_ENTRY)
        if (tb_guid_is(e.type, tb_guid_cert_x509))
            (void)!tb_program_keys_add(keys, e.data);
}

static void take_digests(struct tb_reader bytes, struct check_list *l)
{
    struct tb_signature_lists it = tb_signature_lists_begin(bytes);
    struct tb_signature_entry e;

    while (tb_signature_lists_next(&it, &e) == TB_LIST_ENTRY && l->n < CHECK_DIGESTS_MAX)
        if (tb_guid_is(e.type, tb_guid_cert_sha256) && e.data.left == 32)
            memcpy(l->digest[l->n++], e.data.p, 32);
}

static bool open_list(struct check_list *l)
{
    l->keys = tb_program_keys_new();
    l->digest = calloc(CHECK_DIGESTS_MAX, sizeof *l->digest);
    return l->keys != NULL && l->digest != NULL;
}

static void close_list(struct check_list *l)
{
    tb_program_keys_free(l->keys);
    free(l->digest);
}

/* Of the file that was given, else of the firmware's variable. A file may hold signature lists,
 * bare or as they are published, or one certificate. */
static bool read_list(const struct check *c, const char *file, const char *variable,
                      struct check_list *l)
{
    char err[TB_FILE_ERR_LEN], *bytes = NULL;
    struct tb_reader in = { 0 }, lists;
    struct tb_reason why;
    size_t len;

    if (file == NULL)
        in = firmware_variable(c->s->root, variable, GUID_SECURITY, &bytes);
    else if (tb_file_read(file, TB_DBX_FILE_MAX, &bytes, &len, err) == TB_FILE_OK)
        in = tb_slice(bytes, len);
    else
        return sbv_fail(0, "%s", err);
    if (tb_dbx_open(in, &lists, &why))
        in = lists;
    check_keys_take(in, l->keys);
    take_digests(in, l);
    free(bytes);
    if (file == NULL || tb_program_keys_count(l->keys) + l->n > 0)
        return true;
    return sbv_fail(0, "%s: expected signature lists or a certificate (DER)", file);
}

bool check_keys_open(struct check *c)
{
    struct tb_reader mok;
    char *bytes;

    c->shim = tb_program_keys_new();
    if (!open_list(&c->db) || !open_list(&c->dbx) || c->shim == NULL)
        return sbv_fail(0, "out of memory");
    mok = firmware_variable(c->s->root, "MokListRT", GUID_SHIM, &bytes);
    check_keys_take(mok, c->shim);
    free(bytes);
    return read_list(c, c->s->db, "db", &c->db) && read_list(c, c->s->dbx, "dbx", &c->dbx);
}

void check_keys_close(struct check *c)
{
    close_list(&c->db);
    close_list(&c->dbx);
    tb_program_keys_free(c->shim);
}

bool check_list_has(const struct check_list *l, const uint8_t sha256[32])
{
    for (size_t i = 0; i < l->n; i++)
        if (memcmp(l->digest[i], sha256, 32) == 0)
            return true;
    return false;
}
