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

#define ROOTS_FILE_MAX (4 * 1024 * 1024) /* bytes of one file, as in server/roots.c */

size_t tb_root_set_count(const struct tb_root_set *s)
{
    return s->all == NULL ? 0 : tb_roots_count(s->all) + tb_roots_intermediates(s->all);
}

static bool is_pinned(const char *path, struct tb_reader file, const uint8_t pin[32])
{
    struct tb_hasher *h = tb_hasher_new();
    uint8_t found[TB_DIGEST_MAX];
    char hex[2][65];
    bool ok = h != NULL && tb_hash(h, TB_BANK_SHA256, file, found);

    tb_hasher_free(h);
    if (ok && memcmp(found, pin, 32) == 0)
        return true;
    tb_hex(tb_slice(pin, 32), hex[0], sizeof hex[0]);
    tb_hex(tb_slice(found, ok ? 32 : 0), hex[1], sizeof hex[1]);
    tb_cli_fail(TB_EXIT_USAGE, "%s: another file: expected sha256 %s, found %s", path, hex[0],
                hex[1]);
    return false;
}

/* Remember the file after its certificates were added. */
static bool name_file(struct tb_root_set *s, const char *path)
{
    struct tb_root_file *more = realloc(s->file, (s->n_files + 1) * sizeof *more);
    char *copy = strdup(path);

    if (more != NULL)
        s->file = more;
    if (more == NULL || copy == NULL) {
        free(copy);
        return tb_cli_fail(TB_EXIT_USAGE, "out of memory"), false;
    }
    s->file[s->n_files++] = (struct tb_root_file){ .path = copy, .end = tb_root_set_count(s) };
    return true;
}

static bool read_file(struct tb_root_set *s, const char *path, const uint8_t *pin)
{
    struct tb_reason why;
    char *bytes;
    size_t len;
    bool ok = true;

    if (!tb_file_read(path, "certificates", ROOTS_FILE_MAX, &bytes, &len)) {
        s->n_bad++;
        return true;
    }
    if (pin != NULL && !is_pinned(path, tb_slice(bytes, len), pin)) {
        ok = false;
    } else if (tb_roots_add(s->all, tb_slice(bytes, len), path, &why)) {
        ok = name_file(s, path);
    } else {
        s->n_bad++;
        tb_cli_fail(TB_EXIT_USAGE, "%s: expected %s, found %s", path, why.expected, why.observed);
    }
    free(bytes);
    return ok;
}

static bool read_directory(struct tb_root_set *s, const char *path)
{
    struct dirent **names;
    int n = scandir(path, &names, NULL, alphasort);
    bool ok = n >= 0;

    if (n < 0)
        tb_cli_fail(TB_EXIT_USAGE, "%s: cannot be read: %s", path, strerror(errno));
    for (int i = 0; i < n; i++) {
        struct stat st;
        char *file = NULL;

        if (ok && names[i]->d_name[0] != '.') {
            if (asprintf(&file, "%s/%s", path, names[i]->d_name) < 0)
                file = NULL;
            ok = file != NULL;
            if (ok && stat(file, &st) == 0 && S_ISREG(st.st_mode))
                ok = read_file(s, file, NULL);
            free(file);
        }
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    return ok;
}

bool tb_root_set_read(struct tb_root_set *s, const char *path, const uint8_t *pin)
{
    bool standard_input = strcmp(path, "-") == 0;
    size_t n_bad = s->n_bad;
    struct stat st;

    if (s->all == NULL)
        s->all = tb_roots_new();
    if (s->all == NULL)
        return tb_cli_fail(TB_EXIT_USAGE, "out of memory"), false;
    if (!standard_input && stat(path, &st) != 0)
        return tb_cli_fail(TB_EXIT_USAGE, "%s: cannot be opened: %s", path, strerror(errno)), false;
    if (standard_input || !S_ISDIR(st.st_mode))
        return read_file(s, path, pin) && s->n_bad == n_bad;
    if (pin != NULL)
        return tb_cli_fail(TB_EXIT_USAGE, "%s: is a directory: expected one file for --sha256",
                           path),
               false;
    return read_directory(s, path);
}

void tb_root_set_clear(struct tb_root_set *s)
{
    for (size_t i = 0; i < s->n_files; i++)
        free(s->file[i].path);
    free(s->file);
    tb_roots_free(s->all);
    *s = (struct tb_root_set){ 0 };
}

const char *tb_root_set_path(const struct tb_root_set *s, size_t i)
{
    for (size_t k = 0; k < s->n_files; k++)
        if (i < s->file[k].end)
            return s->file[k].path;
    return "";
}

json_t *tb_root_json(const struct tb_root_facts *f, const char *path, int64_t now_s)
{
    char hex[65], before[32], after[32];
    bool timed = f->has_times && tb_time_format(f->not_before_s, before) &&
                 tb_time_format(f->not_after_s, after);
    char *file = tb_text_safe(path, strlen(path)); /* a file's name may be no UTF-8 */
    json_t *root;

    tb_hex(tb_slice(f->sha256, sizeof f->sha256), hex, sizeof hex);
    root = json_pack("{ss ss ss ss ss? ss? sb ss*}", "subject", f->subject, "issuer", f->issuer,
                     "sha256", hex, "kind", f->root ? "root" : "intermediate", "not_before",
                     timed ? before : NULL, "not_after", timed ? after : NULL, "expired",
                     (int)(f->has_times && now_s > f->not_after_s), "file", file);
    free(file);
    return root;
}

void tb_root_print(struct tb_cli *cli, const json_t *root)
{
    const char *after = tb_json_string(root, "not_after");

    fprintf(cli->out, "%s%s%s  ", cli->colour ? TB_COLOUR_BOLD : "", tb_json_string(root, "kind"),
            cli->colour ? TB_COLOUR_RESET : "");
    tb_text_put(cli->out, tb_json_string(root, "subject"));
    fputs("\n    issuer  ", cli->out);
    tb_text_put(cli->out, tb_json_string(root, "issuer"));
    fprintf(cli->out, "\n    sha256  %s\n    valid   %s to %s%s\n    file    ",
            tb_json_string(root, "sha256"), tb_json_string(root, "not_before"),
            *after != '\0' ? after : "no time at all",
            json_is_true(json_object_get(root, "expired")) ? "  EXPIRED" : "");
    tb_text_put(cli->out, tb_json_string(root, "file"));
    fputc('\n', cli->out);
}
