/* tpm/error.c - response codes as statuses and words.
 *
 * TPM 2.0 Library Part 2, rev 01.59, 6.6 (TPM_RC); TSS 2.0 Overview, 3 (layers). */
#include "tpm/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tss2/tss2_rc.h>

const char *tb_tpm_status_name(enum tb_tpm_status status)
{
    static const char *const names[] = {
        [TB_TPM_OK] = "ok",           [TB_TPM_NONE] = "none",
        [TB_TPM_IS_12] = "tpm-1.2",   [TB_TPM_UNAVAILABLE] = "unavailable",
        [TB_TPM_BUSY] = "busy",       [TB_TPM_LOCKOUT] = "lockout",
        [TB_TPM_REFUSED] = "refused", [TB_TPM_BUG] = "bug",
    };

    return (size_t)status < sizeof names / sizeof names[0] ? names[status] : "unknown";
}

enum tb_tpm_status tb_tpm_say(struct tb_tpm_error *why, enum tb_tpm_status status,
                              const char *format, ...)
{
    va_list args;

    why->status = status;
    why->rc = 0;
    va_start(args, format);
    (void)vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    return status;
}

/* Codes of the TPM itself. Of a format-one code (bit 7) the low six bits name the error. */
static enum tb_tpm_status status_of_tpm(TSS2_RC rc)
{
    static const struct {
        TSS2_RC rc;
        enum tb_tpm_status status;
    } table[] = {
        { TPM2_RC_LOCKOUT, TB_TPM_LOCKOUT },
        { TPM2_RC_RETRY, TB_TPM_BUSY },
        { TPM2_RC_YIELDED, TB_TPM_BUSY },
        { TPM2_RC_TESTING, TB_TPM_BUSY },
        { TPM2_RC_NV_RATE, TB_TPM_BUSY },
        { TPM2_RC_NV_UNAVAILABLE, TB_TPM_BUSY },
        { TPM2_RC_CANCELED, TB_TPM_BUSY },
        { TPM2_RC_OBJECT_MEMORY, TB_TPM_BUSY },
        { TPM2_RC_SESSION_MEMORY, TB_TPM_BUSY },
        { TPM2_RC_SESSION_HANDLES, TB_TPM_BUSY },
        { TPM2_RC_OBJECT_HANDLES, TB_TPM_BUSY },
        { TPM2_RC_MEMORY, TB_TPM_BUSY },
        { TPM2_RC_FAILURE, TB_TPM_UNAVAILABLE },
        { TPM2_RC_INITIALIZE, TB_TPM_UNAVAILABLE },
        { TPM2_RC_REBOOT, TB_TPM_UNAVAILABLE },
        { TPM2_RC_BAD_TAG, TB_TPM_IS_12 }, /* 6.1: the answer to a command of the other family */
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (rc == table[i].rc)
            return table[i].status;
    return TB_TPM_REFUSED;
}

static enum tb_tpm_status status_of(TSS2_RC rc)
{
    TSS2_RC base = rc & ~(TSS2_RC)TSS2_RC_LAYER_MASK;

    switch (rc & TSS2_RC_LAYER_MASK) {
    case TSS2_TPM_RC_LAYER:
    case TSS2_RESMGR_TPM_RC_LAYER: return status_of_tpm(base);
    case TSS2_TCTI_RC_LAYER: return TB_TPM_UNAVAILABLE;
    case TSS2_RESMGR_RC_LAYER: return TB_TPM_BUSY;
    default: break;
    }
    switch (base) {
    case TSS2_BASE_RC_RSP_AUTH_FAILED:
    case TSS2_BASE_RC_MALFORMED_RESPONSE:
    case TSS2_BASE_RC_INSUFFICIENT_RESPONSE:
        return TB_TPM_REFUSED; /* the answer is not what this TPM can have said */
    case TSS2_BASE_RC_MEMORY:
    case TSS2_BASE_RC_IO_ERROR:
    case TSS2_BASE_RC_TRY_AGAIN: return TB_TPM_UNAVAILABLE;
    default: return TB_TPM_BUG;
    }
}

enum tb_tpm_status tb_tpm_fail(struct tb_tpm_error *why, TSS2_RC rc, const char *attempted)
{
    enum tb_tpm_status status = status_of(rc);

    if (rc == TSS2_ESYS_RC_BAD_SEQUENCE) /* ESYS still waits for an answer that never came */
        status = tb_tpm_say(why, TB_TPM_UNAVAILABLE,
                            "%s: the TPM did not answer an earlier command; "
                            "it has to be opened again",
                            attempted);
    else
        (void)tb_tpm_say(why, status, "%s: %s (0x%08x)", attempted, Tss2_RC_Decode(rc), rc);
    why->rc = rc;
    return status;
}
