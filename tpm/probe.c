/* tpm/probe.c - what is there: no TPM, a TPM 1.2, a TPM 2.0, or one that cannot be reached.
 *
 * A TPM 1.2 and no TPM at all are answers for the report, not failures; so each is told apart with
 * care, and in doubt the answer is "unavailable". */
#include "tpm/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEVICE "device:"
#define MANAGED "/dev/tpmrm0"
#define BARE "/dev/tpm0"

/* TPM2_GetCapability(TPM_CAP_TPM_PROPERTIES, TPM_PT_FAMILY_INDICATOR, 1), Part 3, 30.2 */
static const uint8_t get_family[] = {
    0x80, 0x01, 0, 0, 0, 22, 0, 0, 0x01, 0x7A, 0, 0, 0, 6, 0, 0, 0x01, 0x00, 0, 0, 0, 1,
};

#define TAG_TPM12_ANSWER 0x00C4 /* TPM_TAG_RSP_COMMAND, TPM Main Part 2 rev 116, 6 */

/* The kernel's word about tpm0: 1, 2, or 0 when it knows none or does not say. */
static unsigned kernel_says(const char *root, bool *present)
{
    char path[512], text[8] = "";
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/sys/class/tpm/tpm0", root);
    *present = access(path, F_OK) == 0;
    (void)snprintf(path, sizeof path, "%s/sys/class/tpm/tpm0/tpm_version_major", root);
    f = fopen(path, "re");
    if (f == NULL)
        return 0;
    if (fgets(text, sizeof text, f) == NULL)
        text[0] = '\0';
    (void)fclose(f);
    return text[0] == '1' ? 1 : text[0] == '2' ? 2 : 0;
}

/* Why can the device not be opened? Asked of the file itself, since the library only says "IO". */
static enum tb_tpm_status try_device(const char *path, bool known, struct tb_tpm_error *why)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY), e = errno;

    if (fd >= 0) {
        (void)close(fd);
        return TB_TPM_OK;
    }
    if ((e == ENOENT || e == ENXIO || e == ENODEV) && !known)
        return tb_tpm_say(why, TB_TPM_NONE,
                          "this machine has no TPM: there is no %s, and the "
                          "kernel knows of none",
                          path);
    if (e == EBUSY)
        return tb_tpm_say(why, TB_TPM_BUSY, "%s is held by another program%s", path,
                          strcmp(path, BARE) == 0 ? "; " MANAGED " can be shared" : "");
    if (e == EACCES || e == EPERM)
        return tb_tpm_say(why, TB_TPM_UNAVAILABLE,
                          "%s may not be opened: %s; run as a member of "
                          "the group tss",
                          path, strerror(e));
    return tb_tpm_say(why, TB_TPM_UNAVAILABLE, "%s cannot be opened: %s", path, strerror(e));
}

static enum tb_tpm_status family_of(struct tb_reader answer, struct tb_tpm_error *why)
{
    struct tb_reader r = answer;
    uint16_t tag;
    uint32_t size, rc, capability, count, property, value;
    uint8_t more;

    if (!tb_read_u16be(&r, &tag) || !tb_read_u32be(&r, &size) || !tb_read_u32be(&r, &rc) ||
        size != answer.left)
        return tb_tpm_say(why, TB_TPM_UNAVAILABLE,
                          "asking the TPM for its family: not an answer of a TPM (%zu bytes)",
                          answer.left);
    if (tag == TAG_TPM12_ANSWER)
        return tb_tpm_say(why, TB_TPM_IS_12,
                          "TPM 1.2: it answers a TPM 2.0 command in the form of "
                          "a TPM 1.2 (error %u)",
                          rc);
    if (rc == TPM2_RC_INITIALIZE)
        return tb_tpm_say(why, TB_TPM_UNAVAILABLE,
                          "the TPM was not started: the firmware, or who "
                          "runs the emulator, has to send TPM2_Startup");
    if (rc != TPM2_RC_SUCCESS)
        return tb_tpm_fail(why, rc, "asking the TPM for its family");
    if (tag != TPM2_ST_NO_SESSIONS || !tb_read_u8(&r, &more) || !tb_read_u32be(&r, &capability) ||
        !tb_read_u32be(&r, &count) || !tb_read_u32be(&r, &property) || !tb_read_u32be(&r, &value) ||
        capability != TPM2_CAP_TPM_PROPERTIES || count != 1 ||
        property != TPM2_PT_FAMILY_INDICATOR || value != 0x322E3000) /* "2.0\0" */
        return tb_tpm_say(why, TB_TPM_UNAVAILABLE,
                          "asking the TPM for its family: the answer is not \"2.0\"");
    return tb_tpm_say(why, TB_TPM_OK, "TPM 2.0");
}

static enum tb_tpm_status ask_family(TSS2_TCTI_CONTEXT *tcti, struct tb_tpm_error *why)
{
    uint8_t answer[4096];
    size_t n = sizeof answer;
    TSS2_RC rc = Tss2_Tcti_Transmit(tcti, sizeof get_family, get_family);

    if (rc == TSS2_RC_SUCCESS)
        rc = Tss2_Tcti_Receive(tcti, &n, answer, TSS2_TCTI_TIMEOUT_BLOCK);
    if (rc != TSS2_RC_SUCCESS)
        return tb_tpm_fail(why, rc, "asking the TPM for its family");
    return family_of(tb_slice(answer, n), why);
}

/* The device that the options mean; NULL: not a device but an emulator or a command. */
static const char *device_of(const struct tb_tpm_options *options)
{
    if (options->tcti == NULL) /* a TPM 1.2 has no managed device; nor has a kernel before 4.12 */
        return access(MANAGED, F_OK) != 0 && access(BARE, F_OK) == 0 ? BARE : MANAGED;
    if (strncmp(options->tcti, DEVICE, sizeof DEVICE - 1) != 0)
        return NULL;
    return options->tcti + sizeof DEVICE - 1;
}

enum tb_tpm_status tb_tpm_find(const struct tb_tpm_options *options, TSS2_TCTI_CONTEXT **out,
                               struct tb_tpm_error *why)
{
    struct tb_tpm_options o = *options;
    const char *device = device_of(options);
    TSS2_TCTI_CONTEXT *tcti = NULL;
    char conf[600];
    enum tb_tpm_status status;

    if (o.timeout_ms == 0)
        o.timeout_ms = TB_TPM_TIMEOUT_MS;
    if (device != NULL) {
        bool present;

        if (kernel_says(o.root == NULL ? "" : o.root, &present) == 1)
            return tb_tpm_say(why, TB_TPM_IS_12, "TPM 1.2: the kernel says so");
        status = try_device(device, present, why);
        if (status != TB_TPM_OK)
            return status;
        (void)snprintf(conf, sizeof conf, DEVICE "%s", device);
        o.tcti = conf;
    }
    status = tb_tcti_open(&o, &tcti, why);
    if (status != TB_TPM_OK)
        return status;
    status = ask_family(tcti, why);
    if (status == TB_TPM_OK)
        *out = tcti;
    else
        tb_tcti_close(tcti);
    return status;
}

enum tb_tpm_status tb_tpm_probe(const struct tb_tpm_options *options, struct tb_tpm_error *why)
{
    TSS2_TCTI_CONTEXT *tcti = NULL;
    enum tb_tpm_status status = tb_tpm_find(options, &tcti, why);

    tb_tcti_close(tcti);
    return status;
}
