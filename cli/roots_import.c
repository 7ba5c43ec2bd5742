/* cli/roots_import.c - trueboot roots import: certificates into the operator's directory.
 *
 * A root decides which TPMs are believed. So nothing is fetched, everything is read and judged
 * before anything is written, what is there stays as it is, and every addition is told. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/config.h"
#include "cli/file.h"
#include "cli/roots.h"
#include "cli/table.h"
#include "cli/text.h"

#define NAME_LETTERS 48 /* of the subject in a file's name */

/* A file's name from the common name and 64 bits of the digest: letters, digits and '-' only. */
static void name_of(const struct tb_root_facts *f, char out[NAME_LETTERS + 32])
{
    const char *p = strstr(f->subject, "CN=");
    char hex[17];
    size_t n = 0;

    for (p = p != NULL ? p + 3 : f->subject; *p != '\0' && *p != ',' && n < NAME_LETTERS; p++) {
        if (isascii((unsigned char)*p) && isalnum((unsigned char)*p))
            out[n++] = *p;
        else if (n > 0 && out[n - 1] != '-')
            out[n++] = '-';
        if (*p == '\\' && p[1] != '\0') /* RFC 4514, 2.4: "\\," is no separator */
            p++;
    }
    while (n > 0 && out[n - 1] == '-')
        n--;
    out[n] = '\0';
    tb_hex(tb_slice(f->sha256, 8), hex, sizeof hex);
    snprintf(out + n, NAME_LETTERS + 32 - n, "%s-%s.pem", n > 0 ? "" : "certificate", hex);
}

static bool put_bytes(int fd, const char *p, size_t left)
{
    while (left > 0) {
        ssize_t n = write(fd, p, left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        p += n;
        left -= (size_t)n;
    }
    return true;
}

/* A new file as a whole; link() refuses a name that is taken. The server passes over names with a
 * dot in front. */
static bool write_new(const char *directory, const char *name, const char *text)
{
    char *path = NULL, *temporary = NULL;
    int fd = -1, error = 0;
    bool ok = false;

    if (asprintf(&path, "%s/%s", directory, name) < 0)
        path = NULL;
    if (asprintf(&temporary, "%s/.import.XXXXXX", directory) < 0)
        temporary = NULL;
    if (path != NULL && temporary != NULL)
        fd = mkostemp(temporary, O_CLOEXEC);
    if (fd >= 0) {
        ok = put_bytes(fd, text, strlen(text)) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
        ok = close(fd) == 0 && ok;
        ok = ok && link(temporary, path) == 0;
        error = errno;
        unlink(temporary);
        errno = error;
    }
    if (!ok)
        tb_cli_fail(TB_EXIT_USAGE, "%s/%s: cannot be written: %s", directory, name,
                    strerror(errno));
    free(temporary);
    free(path);
    return ok;
}

static bool holds(const struct tb_root_set *s, const uint8_t sha256[32])
{
    struct tb_root_facts f;

    for (size_t i = 0; i < tb_root_set_count(s); i++) {
        tb_roots_get(s->all, i, &f);
        if (memcmp(f.sha256, sha256, 32) == 0)
            return true;
    }
    return false;
}

/* One import under way. */
struct import {
    const struct tb_cli *cli;
    const struct tb_root_set *from, *there;
    const char *directory;
    struct tb_roots_manifest *manifest; /* of the directory, as it will be */
    struct tb_hasher *hasher;
    json_t *added;
    size_t n_known;
};

/* The organisation of the subject (RFC 4514: "CN=...,O=...,C=..."), which is how vendors are told
 * apart; "" without one. */
static void vendor_of(const char *subject, char *out, size_t room)
{
    size_t n = 0;

    for (const char *p = subject; *p != '\0'; p++) {
        bool start = p == subject || (p[-1] == ',' && (p - subject < 2 || p[-2] != '\\'));

        if (!start || strncmp(p, "O=", 2) != 0)
            continue;
        for (p += 2; *p != '\0' && *p != ',' && n + 1 < room; p++) {
            if (*p == '\\' && p[1] != '\0')
                p++;
            out[n++] = *p;
        }
        break;
    }
    out[n] = '\0';
}

static void put_today(char out[11])
{
    time_t now = time(NULL);
    struct tm tm;

    if (gmtime_r(&now, &tm) == NULL || strftime(out, 11, "%Y-%m-%d", &tm) != 10)
        out[0] = '\0';
}

/* What the manifest is to say of a file that is written now. */
static bool list_file(struct import *m, const struct tb_root_facts *f,
                      const struct tb_root_file *source, const char *name, const char *pem)
{
    const char *vendor = m->cli->value[TB_OPT_VENDOR], *from = m->cli->value[TB_OPT_SOURCE];
    const char *slash = source != NULL ? strrchr(source->path, '/') : NULL;
    struct tb_roots_manifest_entry e = { .allow_sha1 =
                                             f->root && tb_cli_has(m->cli, TB_OPT_ALLOW_SHA1) };
    uint8_t digest[TB_DIGEST_MAX];
    char *safe;

    if (from == NULL && source != NULL)
        from = slash != NULL ? slash + 1 : source->path;
    safe = tb_text_safe(from != NULL ? from : "", from != NULL ? strlen(from) : 0);
    snprintf(e.file, sizeof e.file, "%s", name);
    snprintf(e.source, sizeof e.source, "%s", safe != NULL ? safe : "");
    free(safe);
    if (vendor != NULL)
        snprintf(e.vendor, sizeof e.vendor, "%s", vendor);
    else
        vendor_of(f->subject, e.vendor, sizeof e.vendor);
    put_today(e.added);
    if (!tb_hash(m->hasher, TB_BANK_SHA256, tb_slice(pem, strlen(pem)), digest))
        return false;
    memcpy(e.sha256, digest, sizeof e.sha256);
    return tb_roots_manifest_put(m->manifest, &e);
}

/* Write certificate i of `from`, and append what was written to the list. */
static bool import_one(struct import *m, size_t i, const struct tb_root_facts *f)
{
    const struct tb_root_file *source = tb_root_set_file(m->from, i);
    char base[NAME_LETTERS + 32], name[NAME_LETTERS + 64];
    struct tb_root_file file = { 0 };
    char *pem = tb_roots_pem(m->from->all, i);
    json_t *item = NULL;
    bool ok = false;

    name_of(f, base);
    snprintf(name, sizeof name, "%s%s", f->root ? "" : TB_ROOTS_MANIFEST_INTERMEDIATES "/", base);
    if (pem == NULL || asprintf(&file.path, "%s/%s", m->directory, name) < 0) {
        tb_cli_fail(TB_EXIT_USAGE, "out of memory");
        file.path = NULL;
    } else if (write_new(m->directory, name, pem)) {
        ok = list_file(m, f, source, name, pem);
        file.listed = tb_roots_manifest_find(m->manifest, name);
        item = tb_root_json(f, &file, (int64_t)time(NULL));
        ok = json_array_append_new(m->added, item) == 0 && ok;
        if (!ok)
            tb_cli_fail(TB_EXIT_USAGE, "%s: cannot be listed in the manifest", file.path);
    }
    free(file.path);
    free(pem);
    return ok;
}

/* A root that is there already: --allow-sha1 is for it, too. */
static bool allow_known(struct import *m, const uint8_t sha256[32])
{
    struct tb_root_facts f;

    for (size_t i = 0; i < tb_root_set_count(m->there); i++) {
        const struct tb_root_file *file = tb_root_set_file(m->there, i);
        struct tb_roots_manifest_entry e;

        tb_roots_get(m->there->all, i, &f);
        if (memcmp(f.sha256, sha256, 32) != 0 || !f.root || f.allow_sha1)
            continue;
        if (file == NULL || file->listed == NULL)
            return tb_cli_fail(TB_EXIT_USAGE,
                               "%s: not in the manifest, so it can be given no "
                               "--allow-sha1",
                               file != NULL ? file->path : m->directory),
                   false;
        e = *file->listed;
        e.allow_sha1 = true;
        return tb_roots_manifest_put(m->manifest, &e);
    }
    return true;
}

/* Import what is new. Also on failure what was written is in m->added. */
static bool import_all(struct import *m)
{
    bool ok = m->added != NULL;

    for (size_t i = 0; ok && i < tb_root_set_count(m->from); i++) {
        struct tb_root_facts f;

        tb_roots_get(m->from->all, i, &f);
        if (holds(m->there, f.sha256)) {
            m->n_known++;
            ok = !tb_cli_has(m->cli, TB_OPT_ALLOW_SHA1) || allow_known(m, f.sha256);
        } else {
            ok = import_one(m, i, &f);
        }
    }
    return ok;
}

/* The folder of intermediates, where one will be written. */
static bool make_folder(const struct import *m)
{
    char *path = NULL;
    bool ok;

    if (tb_roots_intermediates(m->from->all) == 0)
        return true;
    if (asprintf(&path, "%s/" TB_ROOTS_MANIFEST_INTERMEDIATES, m->directory) < 0)
        return tb_cli_fail(TB_EXIT_USAGE, "out of memory"), false;
    ok = mkdir(path, 0755) == 0 || errno == EEXIST;
    if (!ok)
        tb_cli_fail(TB_EXIT_USAGE, "%s: cannot be made: %s", path, strerror(errno));
    free(path);
    return ok;
}

/* The manifest as it was, in new memory: entries of `there` are borrowed by its files. */
static bool begin(struct import *m)
{
    const struct tb_roots_manifest *old = m->there->manifest;
    bool ok;

    m->manifest = tb_roots_manifest_new();
    m->hasher = tb_hasher_new();
    m->added = json_array();
    ok = m->manifest != NULL && m->hasher != NULL && m->added != NULL;
    for (size_t i = 0; ok && old != NULL && i < tb_roots_manifest_count(old); i++)
        ok = tb_roots_manifest_put(m->manifest, tb_roots_manifest_get(old, i));
    if (!ok)
        tb_cli_fail(TB_EXIT_USAGE, "out of memory");
    return ok && make_folder(m);
}

static bool write_manifest(const struct import *m)
{
    char *text = tb_roots_manifest_print(m->manifest), *path = NULL;
    const struct tb_roots_manifest *old = m->there->manifest;
    char *before = old != NULL ? tb_roots_manifest_print(old) : NULL;
    bool ok = text != NULL;

    if (ok && (before != NULL ? strcmp(before, text) != 0 : json_array_size(m->added) > 0)) {
        ok = asprintf(&path, "%s/" TB_ROOTS_MANIFEST_NAME, m->directory) >= 0 &&
             tb_cli_file_write(path, text, strlen(text));
        free(path);
    }
    free(before);
    free(text);
    return ok;
}

/* Everything that can be said against the files as they are. */
static bool may_import(const struct tb_cli *cli, const struct tb_root_set *from)
{
    struct tb_root_facts f = { 0 };

    if (from->n_bad > 0)
        return tb_cli_fail(TB_EXIT_USAGE, "nothing imported: %zu files are not certificates",
                           from->n_bad),
               false;
    if (tb_cli_has(cli, TB_OPT_ALLOW_INTERMEDIATES) || tb_roots_intermediates(from->all) == 0)
        return true;
    for (size_t i = 0; i < tb_root_set_count(from); i++) {
        tb_roots_get(from->all, i, &f);
        if (!f.root)
            break;
    }
    tb_cli_fail(TB_EXIT_USAGE,
                "nothing imported: %zu certificates are not self-issued, the first is %s by %s; "
                "--allow-intermediates takes such",
                tb_roots_intermediates(from->all), f.subject, f.issuer);
    return false;
}

static bool read_sources(const struct tb_cli *cli, struct tb_root_set *from)
{
    const char *text = cli->value[TB_OPT_SHA256];
    uint8_t pin[32];

    if (text != NULL && !tb_fingerprint_parse(text, pin))
        return tb_cli_fail(TB_EXIT_USAGE, "--sha256: expected 64 hex digits, found %s", text),
               false;
    if (text != NULL && cli->n_args != 1)
        return tb_cli_fail(TB_EXIT_USAGE, "--sha256: expected one file, found %d", cli->n_args),
               false;
    for (int i = 0; i < cli->n_args; i++)
        if (!tb_root_set_read(from, cli->args[i], text != NULL ? pin : NULL))
            return false;
    return may_import(cli, from);
}

static bool read_target(const char *directory, const struct tb_root_set *from,
                        struct tb_root_set *there)
{
    struct stat st;

    if (stat(directory, &st) != 0 || !S_ISDIR(st.st_mode))
        return tb_cli_fail(TB_EXIT_USAGE, "%s: expected a directory that is there", directory),
               false;
    if (!tb_root_set_read(there, directory, NULL))
        return false;
    if (tb_root_set_count(there) + tb_root_set_count(from) > TB_ROOTS_MAX)
        return tb_cli_fail(TB_EXIT_USAGE, "%s: expected at most %d certificates in all", directory,
                           TB_ROOTS_MAX),
               false;
    return true;
}

static bool print_added(struct tb_cli *cli, const json_t *added, size_t n_known)
{
    const json_t *item;
    size_t i, n_roots = 0;
    bool ok = true;

    if (tb_cli_has(cli, TB_OPT_JSON)) {
        json_t *answer = json_pack("{sO sI}", "added", added, "known", (json_int_t)n_known);

        ok = answer != NULL && tb_json_print(cli->out, answer, false);
        json_decref(answer);
    }
    json_array_foreach(added, i, item)
    {
        if (!tb_cli_has(cli, TB_OPT_JSON)) {
            fputs("added ", cli->out);
            tb_root_print(cli, item);
        }
        n_roots += strcmp(tb_json_string(item, "kind"), "root") == 0;
    }
    if (!tb_cli_has(cli, TB_OPT_JSON))
        fprintf(cli->out, "%zu added, %zu were there\n", json_array_size(added), n_known);
    if (n_roots > 0)
        tb_cli_fail(TB_EXIT_OK, "a vendor's root trusts every TPM of that vendor; compare the "
                                "fingerprints with the vendor's, then restart the server");
    return ok;
}

enum tb_exit tb_cmd_roots_import(struct tb_cli *cli)
{
    struct tb_root_set from = { .sources = true }, there = { 0 };
    struct import m = {
        .cli = cli, .from = &from, .there = &there, .directory = cli->value[TB_OPT_INTO]
    };
    enum tb_exit code = TB_EXIT_USAGE;

    if (m.directory == NULL) {
        tb_cli_fail(code, "--into: expected the directory of the roots");
    } else if (read_sources(cli, &from) && read_target(m.directory, &from, &there) && begin(&m)) {
        bool ok = import_all(&m);

        ok = write_manifest(&m) && ok;
        if (print_added(cli, m.added, m.n_known) && ok)
            code = TB_EXIT_OK;
    }
    json_decref(m.added);
    tb_roots_manifest_free(m.manifest);
    tb_hasher_free(m.hasher);
    tb_root_set_clear(&there);
    tb_root_set_clear(&from);
    return code;
}
