/* tpm/nv.c - reading NV indexes of the EK range: certificates, chains, templates, nonces. */
#include "tpm/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EK_RANGE_FIRST 0x01C00000u
#define EK_RANGE_LAST 0x01C07FFFu
#define NV_CHUNK 512 /* bytes one TPM2_NV_Read gives on every TPM (TPM_PT_NV_BUFFER_MAX >= 512) */

enum tb_tpm_status tb_nv_list(struct tb_tpm *tpm, struct tb_tpm_error *why)
{
    TPM2_HANDLE first = EK_RANGE_FIRST;
    TPMI_YES_NO more = TPM2_YES;

    if (tpm->nv_listed)
        return TB_TPM_OK;
    tpm->n_nv = 0;
    while (more == TPM2_YES && first <= EK_RANGE_LAST && tpm->n_nv < TB_NV_INDEXES_MAX) {
        TPMS_CAPABILITY_DATA *data = NULL;
        TSS2_RC rc = Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                        TPM2_CAP_HANDLES, first, TB_NV_INDEXES_MAX, &more, &data);
        uint32_t n = rc == TSS2_RC_SUCCESS ? data->data.handles.count : 0;

        for (uint32_t i = 0; i < n && tpm->n_nv < TB_NV_INDEXES_MAX; i++) {
            TPM2_HANDLE h = data->data.handles.handle[i];

            if (h >= first && h <= EK_RANGE_LAST)
                tpm->nv[tpm->n_nv++] = h;
        }
        if (n == 0 || data->data.handles.handle[n - 1] < first)
            more = TPM2_NO;
        else
            first = data->data.handles.handle[n - 1] + 1;
        Esys_Free(data);
        if (rc != TSS2_RC_SUCCESS)
            return tb_tpm_fail(why, rc, "listing NV indexes");
    }
    tpm->nv_listed = true;
    return TB_TPM_OK;
}

bool tb_nv_exists(const struct tb_tpm *tpm, TPM2_HANDLE index)
{
    for (size_t i = 0; i < tpm->n_nv; i++)
        if (tpm->nv[i] == index)
            return true;
    return false;
}

/* One chunk, authorised by the index itself (TPMA_NV_AUTHREAD, as the EK profile wants it), else by
 * the owner (TPMA_NV_OWNERREAD). The contents are public, so the empty password will do. */
static TSS2_RC read_chunk(ESYS_CONTEXT *esys, ESYS_TR nv, TPMA_NV attributes, uint16_t len,
                          uint16_t offset, TPM2B_MAX_NV_BUFFER **out)
{
    ESYS_TR by = (attributes & TPMA_NV_AUTHREAD) != 0 ? nv : ESYS_TR_RH_OWNER;

    return Esys_NV_Read(esys, by, nv, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, len, offset,
                        out);
}

static TSS2_RC read_all(ESYS_CONTEXT *esys, ESYS_TR nv, TPMA_NV attributes, uint8_t *buf,
                        size_t len)
{
    size_t at = 0;

    while (at < len) {
        uint16_t want = (uint16_t)(len - at < NV_CHUNK ? len - at : NV_CHUNK);
        TPM2B_MAX_NV_BUFFER *chunk = NULL;
        TSS2_RC rc = read_chunk(esys, nv, attributes, want, (uint16_t)at, &chunk);

        if (rc != TSS2_RC_SUCCESS)
            return rc;
        if (chunk->size != want) {
            Esys_Free(chunk);
            return TSS2_ESYS_RC_MALFORMED_RESPONSE;
        }
        memcpy(buf + at, chunk->buffer, want);
        at += want;
        Esys_Free(chunk);
    }
    return TSS2_RC_SUCCESS;
}

static enum tb_tpm_status read_index(struct tb_tpm *tpm, ESYS_TR nv, TPM2_HANDLE index,
                                     uint8_t **out, size_t *out_len, struct tb_tpm_error *why)
{
    TPM2B_NV_PUBLIC *public_area = NULL;
    TPMA_NV attributes;
    char text[64];
    uint8_t *buf;
    size_t len;
    TSS2_RC rc;

    (void)snprintf(text, sizeof text, "reading NV index %08x", index);
    rc = Esys_NV_ReadPublic(tpm->esys, nv, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public_area,
                            NULL);
    if (rc != TSS2_RC_SUCCESS)
        return tb_tpm_fail(why, rc, text);
    len = public_area->nvPublic.dataSize;
    attributes = public_area->nvPublic.attributes;
    Esys_Free(public_area);
    if ((attributes & TPMA_NV_WRITTEN) == 0 || len == 0)
        return tb_tpm_say(why, TB_TPM_REFUSED, "%s: it was never written", text);
    if (len > TB_NV_MAX)
        return tb_tpm_say(why, TB_TPM_REFUSED, "%s: %zu bytes, more than %d", text, len, TB_NV_MAX);
    buf = malloc(len);
    if (buf == NULL)
        return tb_tpm_say(why, TB_TPM_UNAVAILABLE, "%s: out of memory", text);
    rc = read_all(tpm->esys, nv, attributes, buf, len);
    if (rc != TSS2_RC_SUCCESS) {
        free(buf);
        return tb_tpm_fail(why, rc, text);
    }
    *out = buf;
    *out_len = len;
    return TB_TPM_OK;
}

enum tb_tpm_status tb_nv_read(struct tb_tpm *tpm, TPM2_HANDLE index, uint8_t **out, size_t *out_len,
                              struct tb_tpm_error *why)
{
    ESYS_TR nv = ESYS_TR_NONE;
    enum tb_tpm_status status;
    TSS2_RC rc =
        Esys_TR_FromTPMPublic(tpm->esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &nv);

    if (rc != TSS2_RC_SUCCESS)
        return tb_tpm_fail(why, rc, "looking up an NV index");
    status = read_index(tpm, nv, index, out, out_len, why);
    (void)Esys_TR_Close(tpm->esys, &nv);
    return status;
}
