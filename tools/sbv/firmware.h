/* tools/sbv/firmware.h - what the firmware's variables say of Secure Boot; UEFI 2.10, 3.3, 32.3. */
#ifndef TB_TOOLS_SBV_FIRMWARE_H
#define TB_TOOLS_SBV_FIRMWARE_H

#include "core/reader.h"

struct firmware {
    bool is_uefi;
    /* -1: it cannot be read */
    int secure_boot, setup_mode, audit_mode, deployed_mode;
};

#define GUID_GLOBAL "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define GUID_SECURITY "d719b2cb-3d3a-4596-a3bc-dad00e67656f"
#define GUID_SHIM "605dab50-e046-4300-abb6-3dd810dd8b23"
#define GUID_LOADER "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

/* root: prefix of every path; "" for the host itself. */
void firmware_read(const char *root, struct firmware *out);
/* "on", "off", "setup-mode", "audit-mode", "unknown" */
const char *firmware_state(const struct firmware *f);
/* The variable's data; empty: there is none. *bytes: what it points into; the caller frees. */
struct tb_reader firmware_variable(const char *root, const char *name, const char *guid,
                                   char **bytes);
/* A small text file without the line feed at its end; "" if it cannot be read. */
void read_line(const char *root, const char *path, char *out, size_t cap);

#endif
