/* tools/sbv/status.c - trueboot-sbv --status: how this host was booted. Judges nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/uefi.h"
#include "tools/sbv/firmware.h"
#include "tools/sbv/sbv.h"

static void tell(const char *name, const char *value)
{
    char shown[256];

    tb_ascii_text(tb_slice(value, strlen(value)), shown, sizeof shown);
    (void)printf("%-12s %s\n", name, shown);
}

static void tell_secure_boot(const struct sbv *s)
{
    struct firmware f;

    firmware_read(s->root, &f);
    if (!f.is_uefi)
        tell("secure-boot", "unknown: this host was not started by UEFI firmware");
    else
        tell("secure-boot", firmware_state(&f));
    if (f.is_uefi && f.deployed_mode == 1)
        tell("mode", "deployed");
}

/* "none [integrity] confidentiality": the one in brackets is in force. */
static void tell_lockdown(const struct sbv *s)
{
    char line[128], *begin, *end;

    read_line(s->root, "/sys/kernel/security/lockdown", line, sizeof line);
    begin = strchr(line, '[');
    end = begin == NULL ? NULL : strchr(begin, ']');
    if (end != NULL)
        *end = '\0';
    tell("lockdown", end == NULL ? "unknown" : begin + 1);
}

static bool has_variable(const struct sbv *s, const char *name, const char *guid)
{
    char *bytes;
    bool has = firmware_variable(s->root, name, guid, &bytes).left > 0;

    free(bytes);
    return has;
}

static void tell_chain(const struct sbv *s)
{
    char line[4096], loader[128] = "", text[256] = "", *bytes;
    const char *set;

    read_line(s->root, "/proc/cmdline", line, sizeof line);
    set = strstr(line, "trueboot.set=");
    tb_utf16_text(firmware_variable(s->root, "LoaderInfo", GUID_LOADER, &bytes), loader,
                  sizeof loader);
    free(bytes);
    if (set != NULL)
        (void)snprintf(text, sizeof text, "Trueboot, boot set %.1s", set + strlen("trueboot.set="));
    else if (has_variable(s, "MokListRT", GUID_SHIM))
        (void)snprintf(text, sizeof text, "shim%s%s", loader[0] != '\0' ? ", " : "", loader);
    else
        (void)snprintf(text, sizeof text, "%s", loader);
    if (set == NULL && strncmp(line, "BOOT_IMAGE=", 11) == 0)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%sGRUB",
                       text[0] != '\0' ? ", " : "");
    tell("chain", text[0] != '\0' ? text : "unknown: no loader left its name");
    tell("command-line", line);
}

int sbv_status(const struct sbv *s)
{
    char release[128];

    tell_secure_boot(s);
    tell_lockdown(s);
    read_line(s->root, "/proc/sys/kernel/osrelease", release, sizeof release);
    tell("kernel", release);
    tell_chain(s);
    return 0;
}
