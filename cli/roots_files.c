/* cli/roots_files.c - see roots.h. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/file.h"
#include "cli/roots.h"
#include "cli/table.h"
#include "cli/text.h"
#include "crypto/hash.h"

#define FOLDERS_MAX 4                    /* how deep the folders of a source are followed */
#define ROOTS_FILE_MAX (4 * 1024 * 1024) /* bytes of one file, as in server/roots.c */

size_t tb_root_set_count(const struct tb_root_set *s)
{
    return s->all == NULL ? 0 : tb_roots_count(s->all) + tb_roots_intermediates(s->all);
}

static bool is_pinned(struct tb_root_set *s, const char *path, struct tb_reader file,
                      const uint8_t pin[32])
{
    uint8_t found[TB_DIGEST_MAX];
    char hex[2][65];
    bool ok = tb_hash(s->hasher, TB_BANK_SHA256, file, found);

    if (ok && memcmp(found, pin, 32) == 0)
        return true;
    tb_hex(tb_slice(pin, 32), hex[0], sizeof hex[0]);
    tb_hex(tb_slice(found, ok ? 32 : 0), hex[1], sizeof hex[1]);
    tb_cli_fail(TB_EXIT_USAGE, "%s: another file: expected sha256 %s, found %s", path, hex[0],
                hex[1]);
    return false;
}

/* Remember the file after its certificates were added. */
static bool name_file(struct tb_root_set *s, const char *path, const char *name)
{
    struct tb_root_file *more = realloc(s->file, (s->n_files + 1) * sizeof *more);
    char *copy = strdup(path);

    if (more != NULL)
        s->file = more;
    if (more == NULL || copy == NULL) {
        free(copy);
        return tb_cli_fail(TB_EXIT_USAGE, "out of memory"), false;
    }
    s->file[s->n_files++] =
        (struct tb_root_file){ .path = copy,
                               .end = tb_root_set_count(s),
                               .listed = tb_roots_manifest_find(s->manifest, name) };
    return true;
}

/* name: the file's in the manifest. */
static bool read_file(struct tb_root_set *s, const char *path, const char *name, const uint8_t *pin)
{
    struct tb_reason why;
    char *bytes;
    size_t len;
    bool ok = true;

    if (!tb_cli_file_read(path, "certificates", ROOTS_FILE_MAX, &bytes, &len)) {
        s->n_bad++;
        return true;
    }
    if (pin != NULL && !is_pinned(s, path, tb_slice(bytes, len), pin)) {
        ok = false;
    } else if (tb_roots_manifest_add_file(s->manifest, s->all, name, tb_slice(bytes, len),
                                          s->hasher, &why)) {
        ok = name_file(s, path, name);
    } else {
        s->n_bad++;
        tb_cli_fail(TB_EXIT_USAGE, "%s: expected %s, found %s", path, why.expected, why.observed);
    }
    free(bytes);
    return ok;
}

static bool read_directory(struct tb_root_set *s, const char *path, const char *folder,
                           unsigned depth);

/* One entry of a directory. folder: "" or "intermediates/". */
static bool read_entry(struct tb_root_set *s, const char *directory, const char *folder,
                       const char *entry, unsigned depth)
{
    char *path = NULL, *name = NULL;
    struct stat st;
    bool ok = true;

    if (entry[0] == '.' ||
        (depth == 0 && !s->sources && strcmp(entry, TB_ROOTS_MANIFEST_NAME) == 0))
        return true;
    if (asprintf(&path, "%s/%s", directory, entry) < 0)
        path = NULL;
    if (asprintf(&name, "%s%s", folder, entry) < 0)
        name = NULL;
    if (path == NULL || name == NULL)
        return tb_cli_fail(TB_EXIT_USAGE, "out of memory"), free(path), free(name), false;
    if (stat(path, &st) != 0)
        st.st_mode = 0; /* a broken link: passed over */
    if (S_ISREG(st.st_mode))
        ok = read_file(s, path, s->sources ? entry : name, NULL);
    else if (S_ISDIR(st.st_mode) && s->sources && depth < FOLDERS_MAX)
        ok = read_directory(s, path, "", depth + 1);
    else if (S_ISDIR(st.st_mode) && depth == 0 &&
             strcmp(entry, TB_ROOTS_MANIFEST_INTERMEDIATES) == 0)
        ok = read_directory(s, path, TB_ROOTS_MANIFEST_INTERMEDIATES "/", 1);
    free(path);
    free(name);
    return ok;
}

static bool read_directory(struct tb_root_set *s, const char *path, const char *folder,
                           unsigned depth)
{
    struct dirent **names;
    int n = scandir(path, &names, NULL, alphasort);
    bool ok = n >= 0;

    if (n < 0)
        tb_cli_fail(TB_EXIT_USAGE, "%s: cannot be read: %s", path, strerror(errno));
    for (int i = 0; i < n; i++) {
        ok = ok && read_entry(s, path, folder, names[i]->d_name, depth);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    return ok;
}

/* A manifest that cannot be read vouches for nothing, so nothing is read with it. */
static bool read_manifest(struct tb_root_set *s, const char *directory)
{
    char *path = NULL, *text = NULL, err[TB_ROOTS_MANIFEST_ERR_LEN];
    struct stat st;
    size_t len;
    bool ok = true;

    if (asprintf(&path, "%s/" TB_ROOTS_MANIFEST_NAME, directory) < 0)
        return tb_cli_fail(TB_EXIT_USAGE, "out of memory"), false;
    if (stat(path, &st) == 0) {
        ok = tb_cli_file_read(path, "a manifest", TB_ROOTS_MANIFEST_MAX, &text, &len);
        if (ok) {
            s->manifest = tb_roots_manifest_parse(tb_slice(text, len), err);
            ok = s->manifest != NULL;
            if (!ok)
                tb_cli_fail(TB_EXIT_USAGE, "%s/%s", directory, err);
        }
    }
    free(text);
    free(path);
    return ok;
}

/* Files that are listed and not there. */
static bool tell_missing(struct tb_root_set *s, const char *directory)
{
    for (size_t i = 0; s->manifest != NULL && i < tb_roots_manifest_count(s->manifest); i++) {
        const char *name = tb_roots_manifest_get(s->manifest, i)->file;
        struct stat st;
        char *path = NULL;

        if (asprintf(&path, "%s/%s", directory, name) < 0)
            return tb_cli_fail(TB_EXIT_USAGE, "out of memory"), false;
        if (stat(path, &st) != 0) {
            s->n_bad++;
            tb_cli_fail(TB_EXIT_USAGE, "%s: expected the file that the manifest lists, found none",
                        path);
        }
        free(path);
    }
    return true;
}

bool tb_root_set_read(struct tb_root_set *s, const char *path, const uint8_t *pin)
{
    bool standard_input = strcmp(path, "-") == 0;
    const char *name = strrchr(path, '/');
    size_t n_bad = s->n_bad;
    struct stat st;

    if (s->all == NULL)
        s->all = tb_roots_new();
    if (s->hasher == NULL)
        s->hasher = tb_hasher_new();
    if (s->all == NULL || s->hasher == NULL)
        return tb_cli_fail(TB_EXIT_USAGE, "out of memory"), false;
    if (!standard_input && stat(path, &st) != 0)
        return tb_cli_fail(TB_EXIT_USAGE, "%s: cannot be opened: %s", path, strerror(errno)), false;
    if (standard_input || !S_ISDIR(st.st_mode))
        return read_file(s, path, name != NULL ? name + 1 : path, pin) && s->n_bad == n_bad;
    if (pin != NULL)
        return tb_cli_fail(TB_EXIT_USAGE, "%s: is a directory: expected one file for --sha256",
                           path),
               false;
    if (s->sources)
        return read_directory(s, path, "", 0);
    return read_manifest(s, path) && read_directory(s, path, "", 0) && tell_missing(s, path);
}

void tb_root_set_clear(struct tb_root_set *s)
{
    for (size_t i = 0; i < s->n_files; i++)
        free(s->file[i].path);
    free(s->file);
    tb_roots_manifest_free(s->manifest);
    tb_hasher_free(s->hasher);
    tb_roots_free(s->all);
    *s = (struct tb_root_set){ 0 };
}

const struct tb_root_file *tb_root_set_file(const struct tb_root_set *s, size_t i)
{
    for (size_t k = 0; k < s->n_files; k++)
        if (i < s->file[k].end)
            return &s->file[k];
    return NULL;
}

json_t *tb_root_json(const struct tb_root_facts *f, const struct tb_root_file *file, int64_t now_s)
{
    const struct tb_roots_manifest_entry *e = file != NULL ? file->listed : NULL;
    char hex[65], before[32], after[32];
    bool timed = f->has_times && tb_time_format(f->not_before_s, before) &&
                 tb_time_format(f->not_after_s, after);
    const char *path = file != NULL ? file->path : "";
    char *safe = tb_text_safe(path, strlen(path)); /* a file's name may be no UTF-8 */
    json_t *root;

    tb_hex(tb_slice(f->sha256, sizeof f->sha256), hex, sizeof hex);
    root = json_pack("{ss ss ss ss ss? ss? sb sb ss* ss* ss* ss*}", "subject", f->subject, "issuer",
                     f->issuer, "sha256", hex, "kind", f->root ? "root" : "intermediate",
                     "not_before", timed ? before : NULL, "not_after", timed ? after : NULL,
                     "expired", (int)(f->has_times && now_s > f->not_after_s), "allow_sha1",
                     (int)f->allow_sha1, "file", safe, "vendor", e != NULL ? e->vendor : NULL,
                     "source", e != NULL ? e->source : NULL, "added", e != NULL ? e->added : NULL);
    free(safe);
    return root;
}

static void put_fact(struct tb_cli *cli, const char *name, const char *text)
{
    if (*text == '\0')
        return;
    fprintf(cli->out, "\n    %-7s ", name);
    tb_text_put(cli->out, text);
}

void tb_root_print(struct tb_cli *cli, const json_t *root)
{
    const char *after = tb_json_string(root, "not_after");

    fprintf(cli->out, "%s%s%s  ", cli->colour ? TB_COLOUR_BOLD : "", tb_json_string(root, "kind"),
            cli->colour ? TB_COLOUR_RESET : "");
    tb_text_put(cli->out, tb_json_string(root, "subject"));
    put_fact(cli, "issuer", tb_json_string(root, "issuer"));
    fprintf(cli->out, "\n    sha256  %s\n    valid   %s to %s%s", tb_json_string(root, "sha256"),
            tb_json_string(root, "not_before"), *after != '\0' ? after : "no time at all",
            json_is_true(json_object_get(root, "expired")) ? "  EXPIRED" : "");
    put_fact(cli, "file", tb_json_string(root, "file"));
    put_fact(cli, "vendor", tb_json_string(root, "vendor"));
    put_fact(cli, "source", tb_json_string(root, "source"));
    put_fact(cli, "added", tb_json_string(root, "added"));
    if (json_is_true(json_object_get(root, "allow_sha1")))
        put_fact(cli, "sha1", "allowed below it");
    fputc('\n', cli->out);
}
