#include "server/roots.h"

#include "files/files.h"
#include "wire/roots_manifest.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ROOTS_FILE_MAX (4u << 20) /* bytes of one file; a bundle of all vendors has half of it */

/* What the files of one directory are read with. */
struct reading {
    struct tb_roots *roots;
    struct tb_roots_manifest *manifest; /* NULL: none */
    struct tb_hasher *hasher;
    void (*log)(const char *text);
};

/* name: the file's in the manifest. */
static void add_file(struct reading *r, const char *path, const char *name)
{
    char err[PATH_MAX + TB_FILE_ERR_LEN], *data;
    struct tb_reason why;
    size_t len;

    if (tb_file_read(path, ROOTS_FILE_MAX, &data, &len, err) != TB_FILE_OK) {
        r->log(err);
        return;
    }
    if (!tb_roots_manifest_add_file(r->manifest, r->roots, name, tb_slice(data, len), r->hasher,
                                    &why)) {
        snprintf(err, sizeof err, "%s: left out: %s: expected %s, found %s", path, why.where,
                 why.expected, why.observed);
        r->log(err);
    }
    free(data);
}

static void tell_errno(const char *path, void (*log)(const char *text))
{
    char text[PATH_MAX + 128];

    snprintf(text, sizeof text, "%s: no EK roots are read: %s", path, strerror(errno));
    log(text);
}

/* folder: "" or "intermediates/", in front of the names in the manifest. */
static void add_directory(struct reading *r, const char *path, const char *folder)
{
    struct dirent **names;
    struct stat st;
    int n = scandir(path, &names, NULL, alphasort);

    if (n < 0)
        tell_errno(path, r->log);
    for (int i = 0; i < n; i++) {
        char file[PATH_MAX], name[NAME_MAX + 32];
        const char *entry = names[i]->d_name;
        bool manifest = *folder == '\0' && strcmp(entry, TB_ROOTS_MANIFEST_NAME) == 0;

        snprintf(file, sizeof file, "%s/%s", path, entry);
        snprintf(name, sizeof name, "%s%s", folder, entry);
        if (entry[0] != '.' && !manifest && stat(file, &st) == 0) {
            if (S_ISREG(st.st_mode))
                add_file(r, file, name);
            else if (S_ISDIR(st.st_mode) && *folder == '\0' &&
                     strcmp(entry, TB_ROOTS_MANIFEST_INTERMEDIATES) == 0)
                add_directory(r, file, TB_ROOTS_MANIFEST_INTERMEDIATES "/");
        }
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

/* False: there is one that cannot be read. It vouches for nothing, so nothing is read with it. */
static bool read_manifest(struct reading *r, const char *directory)
{
    char path[PATH_MAX + 32], err[PATH_MAX + TB_FILE_ERR_LEN + TB_ROOTS_MANIFEST_ERR_LEN];
    char why[TB_ROOTS_MANIFEST_ERR_LEN], *text;
    enum tb_file_status status;
    size_t len;

    snprintf(path, sizeof path, "%s/" TB_ROOTS_MANIFEST_NAME, directory);
    status = tb_file_read(path, TB_ROOTS_MANIFEST_MAX, &text, &len, err);
    if (status == TB_FILE_ABSENT)
        return true;
    if (status != TB_FILE_OK) {
        r->log(err);
        return false;
    }
    r->manifest = tb_roots_manifest_parse(tb_slice(text, len), why);
    free(text);
    if (r->manifest != NULL)
        return true;
    snprintf(err, sizeof err, "%s/%s: no EK roots are read", directory, why);
    r->log(err);
    return false;
}

struct tb_roots *tb_server_roots_load(const char *path, void (*log)(const char *text))
{
    struct reading r = { .roots = tb_roots_new(), .hasher = tb_hasher_new(), .log = log };
    const char *name = strrchr(path, '/');
    struct stat st;

    if (r.roots == NULL || r.hasher == NULL) {
        tb_roots_free(r.roots);
        r.roots = NULL;
    } else if (stat(path, &st) != 0) {
        tell_errno(path, log);
    } else if (!S_ISDIR(st.st_mode)) {
        add_file(&r, path, name != NULL ? name + 1 : path);
    } else if (read_manifest(&r, path)) {
        add_directory(&r, path, "");
    }
    tb_roots_manifest_free(r.manifest);
    tb_hasher_free(r.hasher);
    return r.roots;
}
