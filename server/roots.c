#include "server/roots.h"

#include "files/files.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ROOTS_FILE_MAX (4u << 20) /* bytes of one file; a bundle of all vendors has half of it */

static void add_file(struct tb_roots *roots, const char *path, void (*log)(const char *text))
{
    char err[PATH_MAX + TB_FILE_ERR_LEN], *data;
    struct tb_reason why;
    size_t len;

    if (tb_file_read(path, ROOTS_FILE_MAX, &data, &len, err) != TB_FILE_OK) {
        log(err);
        return;
    }
    if (!tb_roots_add(roots, tb_slice(data, len), path, &why)) {
        snprintf(err, sizeof err, "%s: left out: %s: expected %s, found %s", path, why.where,
                 why.expected, why.observed);
        log(err);
    }
    free(data);
}

static void tell_errno(const char *path, void (*log)(const char *text))
{
    char text[PATH_MAX + 128];

    snprintf(text, sizeof text, "%s: no EK roots are read: %s", path, strerror(errno));
    log(text);
}

struct tb_roots *tb_server_roots_load(const char *path, void (*log)(const char *text))
{
    struct tb_roots *roots = tb_roots_new();
    struct dirent **names;
    struct stat st;
    int n;

    if (roots == NULL)
        return NULL;
    if (stat(path, &st) != 0) {
        tell_errno(path, log);
        return roots;
    }
    if (!S_ISDIR(st.st_mode)) {
        add_file(roots, path, log);
        return roots;
    }
    n = scandir(path, &names, NULL, alphasort);
    if (n < 0)
        tell_errno(path, log);
    for (int i = 0; i < n; i++) {
        char file[PATH_MAX];

        snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.' && stat(file, &st) == 0 && S_ISREG(st.st_mode))
            add_file(roots, file, log);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    return roots;
}
