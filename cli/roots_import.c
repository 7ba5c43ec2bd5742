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

/* Write certificate i of `from`, and append what was written to the list. */
static bool import_one(const struct tb_root_set *from, size_t i, const struct tb_root_facts *f,
                       const char *directory, json_t *added)
{
    char name[NAME_LETTERS + 32], *pem = tb_roots_pem(from->all, i), *path = NULL;
    json_t *item = NULL;
    bool ok = false;

    name_of(f, name);
    if (pem == NULL || asprintf(&path, "%s/%s", directory, name) < 0) {
        tb_cli_fail(TB_EXIT_USAGE, "out of memory");
        path = NULL;
    } else if (write_new(directory, name, pem)) {
        item = tb_root_json(f, path, (int64_t)time(NULL));
        ok = json_array_append_new(added, item) == 0;
    }
    free(path);
    free(pem);
    return ok;
}

/* Import what is new. Also on failure *added holds what was written. */
static bool import_all(const struct tb_root_set *from, const struct tb_root_set *there,
                       const char *directory, json_t *added, size_t *n_known)
{
    bool ok = added != NULL;

    for (size_t i = 0; ok && i < tb_root_set_count(from); i++) {
        struct tb_root_facts f;

        tb_roots_get(from->all, i, &f);
        if (holds(there, f.sha256))
            ++*n_known;
        else
            ok = import_one(from, i, &f, directory, added);
    }
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
    const char *directory = cli->value[TB_OPT_INTO];
    struct tb_root_set from = { 0 }, there = { 0 };
    json_t *added = json_array();
    size_t n_known = 0;
    enum tb_exit code = TB_EXIT_USAGE;

    if (directory == NULL) {
        tb_cli_fail(code, "--into: expected the directory of the roots");
    } else if (read_sources(cli, &from) && read_target(directory, &from, &there)) {
        bool ok = import_all(&from, &there, directory, added, &n_known);

        if (print_added(cli, added, n_known) && ok)
            code = TB_EXIT_OK;
    }
    json_decref(added);
    tb_root_set_clear(&there);
    tb_root_set_clear(&from);
    return code;
}
