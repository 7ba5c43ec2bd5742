#include "tools/sbv/firmware.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "files/files.h"

#define VARIABLE_MAX (1024 * 1024)
#define PATH_LEN 1024

struct tb_reader firmware_variable(const char *root, const char *name, const char *guid,
                                   char **bytes)
{
    char path[PATH_LEN], err[TB_FILE_ERR_LEN];
    size_t len;

    *bytes = NULL;
    if (snprintf(path, sizeof path, "%s/sys/firmware/efi/efivars/%s-%s", root, name, guid) >=
            (int)sizeof path ||
        tb_file_read(path, VARIABLE_MAX, bytes, &len, err) != TB_FILE_OK || len < 4)
        return tb_slice(NULL, 0);
    return tb_slice(*bytes + 4, len - 4); /* behind the attributes */
}

static int flag(const char *root, const char *name)
{
    char *bytes;
    struct tb_reader v = firmware_variable(root, name, GUID_GLOBAL, &bytes);
    int value = v.left == 1 && v.p[0] <= 1 ? v.p[0] : -1;

    free(bytes);
    return value;
}

void firmware_read(const char *root, struct firmware *out)
{
    char path[PATH_LEN];
    struct stat st;

    *out = (struct firmware){
        .is_uefi = snprintf(path, sizeof path, "%s/sys/firmware/efi", root) < (int)sizeof path &&
                   stat(path, &st) == 0,
        .secure_boot = flag(root, "SecureBoot"),
        .setup_mode = flag(root, "SetupMode"),
        .audit_mode = flag(root, "AuditMode"),
        .deployed_mode = flag(root, "DeployedMode"),
    };
}

const char *firmware_state(const struct firmware *f)
{
    if (f->audit_mode == 1)
        return "audit-mode";
    if (f->setup_mode == 1)
        return "setup-mode";
    return f->secure_boot < 0 ? "unknown" : f->secure_boot == 1 ? "on" : "off";
}

void read_line(const char *root, const char *path, char *out, size_t cap)
{
    char full[PATH_LEN], err[TB_FILE_ERR_LEN], *text = NULL;
    size_t len;

    out[0] = '\0';
    if (snprintf(full, sizeof full, "%s%s", root, path) < (int)sizeof full &&
        tb_file_read(full, 65536, &text, &len, err) == TB_FILE_OK)
        (void)snprintf(out, cap, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
}
