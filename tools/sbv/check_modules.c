/* tools/sbv/check_modules.c - would the kernel load its modules again under Secure Boot?
 *
 * Linux, Documentation/admin-guide/tainted-kernels.rst: E marks a module without a signature that
 * the kernel trusts. With Secure Boot on, the kernel locks itself and refuses those. */
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/files.h"
#include "tools/sbv/check.h"
#include "tools/sbv/signed_files.h"

#define MODULE_MAX (256 * 1024 * 1024)
#define MODULES_MAX (1024 * 1024) /* bytes of /proc/modules */

/* File names have - where the kernel has _. */
static bool is_file_of(const char *file, const char *module)
{
    size_t i = 0;

    for (; module[i] != '\0'; i++)
        if ((file[i] == '-' ? '_' : file[i]) != module[i])
            return false;
    return strncmp(file + i, ".ko", 3) == 0;
}

static bool find_file(const struct check *c, const char *module, char out[CHECK_PATH_MAX])
{
    char directory[CHECK_PATH_MAX], release[128];
    char *const paths[] = { directory, NULL };
    bool found = false;
    FTS *fts;

    read_line(c->s->root, "/proc/sys/kernel/osrelease", release, sizeof release);
    (void)snprintf(directory, sizeof directory, "%s/lib/modules/%s", c->s->root, release);
    fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *e = fts == NULL ? NULL : fts_read(fts); e != NULL && !found; e = fts_read(fts)) {
        found = e->fts_info == FTS_F && is_file_of(e->fts_name, module);
        if (found)
            (void)snprintf(out, CHECK_PATH_MAX, "%s", e->fts_path);
    }
    if (fts != NULL)
        (void)fts_close(fts);
    return found;
}

static void tell_module(struct check *c, const char *module)
{
    char path[CHECK_PATH_MAX], what[128], why[TB_PROGRAM_SIGNER_MAX + 64];
    char signer[TB_PROGRAM_SIGNER_MAX], err[TB_FILE_ERR_LEN], *bytes = NULL;
    struct tb_reader pkcs7;
    size_t len = 0;

    (void)snprintf(what, sizeof what, "kernel module %.64s", module);
    if (!find_file(c, module, path))
        (void)snprintf(why, sizeof why, "the kernel does not trust it; its file is not found");
    else if (strcmp(path + strlen(path) - 3, ".ko") != 0)
        (void)snprintf(why, sizeof why,
                       "the kernel does not trust it; its file is compressed and not looked into");
    else if (tb_file_read(path, MODULE_MAX, &bytes, &len, err) != TB_FILE_OK ||
             !signed_module(tb_slice(bytes, len), &pkcs7))
        (void)snprintf(why, sizeof why, "not signed");
    else
        (void)snprintf(why, sizeof why, "signed with %s, which the kernel does not trust",
                       tb_pkcs7_signer(pkcs7, signer) ? signer : "something that is no signature");
    free(bytes);
    check_stop(c, what, why,
               "sign it with a machine owner key and enrol that (mokutil --import), use the "
               "distribution's module, or do without it");
}

/* NAME SIZE REFERENCES USERS STATE ADDRESS [(FLAGS)] */
void check_modules(struct check *c)
{
    char path[CHECK_PATH_MAX], err[TB_FILE_ERR_LEN], *text = NULL, *save = NULL;
    unsigned n = 0, stops = c->stops;
    size_t len;

    (void)snprintf(path, sizeof path, "%s/proc/modules", c->s->root);
    if (tb_file_read(path, MODULES_MAX, &text, &len, err) != TB_FILE_OK) {
        check_stop(c, "kernel modules", err, "look where /proc is mounted");
        return;
    }
    for (char *line = strtok_r(text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        char *flags = strrchr(line, '(');

        n++;
        line[strcspn(line, " ")] = '\0';
        if (flags != NULL && strchr(flags, 'E') != NULL)
            tell_module(c, line);
    }
    free(text);
    (void)snprintf(path, sizeof path, "%u loaded, each signed by whom the kernel trusts", n);
    if (c->stops == stops)
        check_ok("kernel modules", path);
}
