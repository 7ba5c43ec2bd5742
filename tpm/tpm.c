/* tpm/tpm.c - opening the TPM, and what it says of itself. */
#include "tpm/internal.h"

#include <stdlib.h>
#include <string.h>

void tb_tpm_silence_library(void)
{
    (void)setenv("TSS2_LOG", "all+NONE", 0);
}

enum tb_tpm_status tb_tpm_open(const struct tb_tpm_options *options, struct tb_tpm **out,
                               struct tb_tpm_error *why)
{
    struct tb_tpm *t = calloc(1, sizeof *t);
    enum tb_tpm_status status;
    TSS2_RC rc;

    if (t == NULL)
        return tb_tpm_say(why, TB_TPM_UNAVAILABLE, "opening the TPM: out of memory");
    t->session = t->ek_key.handle = t->ak_key.handle = ESYS_TR_NONE;
    status = tb_tpm_find(options, &t->tcti, why);
    if (status != TB_TPM_OK) {
        free(t);
        return status;
    }
    rc = Esys_Initialize(&t->esys, t->tcti, NULL);
    if (rc != TSS2_RC_SUCCESS) {
        tb_tcti_close(t->tcti);
        free(t);
        return tb_tpm_fail(why, rc, "opening the TPM");
    }
    *out = t;
    return TB_TPM_OK;
}

void tb_tpm_close(struct tb_tpm *tpm)
{
    if (tpm == NULL)
        return;
    tb_key_drop(tpm, &tpm->ak_key);
    if (tpm->session != ESYS_TR_NONE)
        (void)Esys_FlushContext(tpm->esys, tpm->session);
    tb_key_drop(tpm, &tpm->ek_key);
    Esys_Finalize(&tpm->esys);
    tb_tcti_close(tpm->tcti);
    free(tpm->nv_certificate);
    free(tpm->nv_chain);
    free(tpm);
}

/* Characters of n TPM properties: NULs are left out, what is not printable is '?', blanks at the
 * end go. out has room for 4 * n + 1. */
static void put_text(char *out, const uint32_t *values, size_t n)
{
    size_t len = 0;

    for (size_t i = 0; i < 4 * n; i++) {
        unsigned char c = (unsigned char)(values[i / 4] >> (24 - 8 * (i % 4)));

        if (c != 0)
            out[len++] = c >= 0x20 && c < 0x7F ? (char)c : '?';
    }
    while (len > 0 && out[len - 1] == ' ')
        len--;
    out[len] = '\0';
}

static void take_property(TPM2_PT property, uint32_t value, uint32_t vendor[4],
                          struct tb_tpm_properties *out)
{
    switch (property) {
    case TPM2_PT_FAMILY_INDICATOR: put_text(out->family, &value, 1); break;
    case TPM2_PT_REVISION: out->revision = value; break;
    case TPM2_PT_DAY_OF_YEAR: out->day_of_year = value; break;
    case TPM2_PT_YEAR: out->year = value; break;
    case TPM2_PT_MANUFACTURER: put_text(out->manufacturer, &value, 1); break;
    case TPM2_PT_VENDOR_STRING_1:
    case TPM2_PT_VENDOR_STRING_2:
    case TPM2_PT_VENDOR_STRING_3:
    case TPM2_PT_VENDOR_STRING_4: vendor[property - TPM2_PT_VENDOR_STRING_1] = value; break;
    case TPM2_PT_FIRMWARE_VERSION_1: out->firmware_1 = value; break;
    case TPM2_PT_FIRMWARE_VERSION_2: out->firmware_2 = value; break;
    case TPM2_PT_PERMANENT:
        out->in_lockout = (value & TPMA_PERMANENT_INLOCKOUT) != 0;
        out->owner_auth_set = (value & TPMA_PERMANENT_OWNERAUTHSET) != 0;
        out->endorsement_auth_set = (value & TPMA_PERMANENT_ENDORSEMENTAUTHSET) != 0;
        break;
    default: break;
    }
}

static TSS2_RC ask(struct tb_tpm *tpm, TPM2_CAP capability, uint32_t first, uint32_t n,
                   TPMS_CAPABILITY_DATA **out)
{
    return Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, capability,
                              first, n, NULL, out);
}

static TSS2_RC read_fixed(struct tb_tpm *tpm, struct tb_tpm_properties *out)
{
    static const struct {
        TPM2_PT first;
        uint32_t n;
    } wanted[] = {
        { TPM2_PT_FAMILY_INDICATOR, TPM2_PT_FIRMWARE_VERSION_2 - TPM2_PT_FAMILY_INDICATOR + 1 },
        { TPM2_PT_PERMANENT, 1 },
    };
    uint32_t vendor[4] = { 0 };

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        TPMS_CAPABILITY_DATA *data = NULL;
        TSS2_RC rc = ask(tpm, TPM2_CAP_TPM_PROPERTIES, wanted[i].first, wanted[i].n, &data);

        if (rc != TSS2_RC_SUCCESS)
            return rc;
        for (uint32_t k = 0; k < data->data.tpmProperties.count; k++)
            take_property(data->data.tpmProperties.tpmProperty[k].property,
                          data->data.tpmProperties.tpmProperty[k].value, vendor, out);
        Esys_Free(data);
    }
    put_text(out->vendor, vendor, 4);
    return TSS2_RC_SUCCESS;
}

/* A bank that is switched off is listed without PCRs (Part 2, 10.9.3); some TPMs leave it out. */
static TSS2_RC read_banks(struct tb_tpm *tpm, struct tb_tpm_properties *out)
{
    TPMS_CAPABILITY_DATA *data = NULL;
    TSS2_RC rc = ask(tpm, TPM2_CAP_PCRS, 0, TPM2_MAX_PCRS, &data);
    const TPML_PCR_SELECTION *list;

    if (rc != TSS2_RC_SUCCESS)
        return rc;
    list = &data->data.assignedPCR;
    for (uint32_t i = 0; i < list->count && out->n_banks < TB_TPM_BANKS_MAX; i++) {
        const TPMS_PCR_SELECTION *s = &list->pcrSelections[i];
        uint32_t mask = 0;

        for (unsigned b = 0; b < s->sizeofSelect && b < 4; b++)
            mask |= (uint32_t)s->pcrSelect[b] << (8 * b);
        if (mask != 0)
            out->bank[out->n_banks++] = (struct tb_tpm_selection){ s->hash, mask };
    }
    Esys_Free(data);
    return TSS2_RC_SUCCESS;
}

enum tb_tpm_status tb_tpm_read_properties(struct tb_tpm *tpm, struct tb_tpm_properties *out,
                                          struct tb_tpm_error *why)
{
    struct tb_tpm_properties p = { 0 };
    TSS2_RC rc = read_fixed(tpm, &p);

    if (rc == TSS2_RC_SUCCESS)
        rc = read_banks(tpm, &p);
    if (rc != TSS2_RC_SUCCESS)
        return tb_tpm_fail(why, rc, "reading the TPM's properties");
    *out = p;
    return TB_TPM_OK;
}
