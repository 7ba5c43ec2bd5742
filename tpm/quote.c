/* tpm/quote.c - PCR values and the quote over them. */
#include "tpm/internal.h"

#include <string.h>

#define TIMES_READ_MAX 5   /* readings begun because a PCR was extended meanwhile */
#define SELECT_BYTES_MIN 3 /* PC Client Platform TPM Profile 1.05, 4.6: 24 PCRs */

static enum tb_tpm_status put_selection(const struct tb_tpm_selection *in, size_t n,
                                        TPML_PCR_SELECTION *out, struct tb_tpm_error *why)
{
    uint32_t any = 0;

    memset(out, 0, sizeof *out);
    if (n == 0 || n > TB_TPM_BANKS_MAX)
        return tb_tpm_say(why, TB_TPM_BUG, "%zu PCR banks asked for, at most %d", n,
                          TB_TPM_BANKS_MAX);
    for (size_t i = 0; i < n; i++) {
        TPMS_PCR_SELECTION *s = &out->pcrSelections[i];

        for (size_t k = 0; k < i; k++)
            if (in[k].alg == in[i].alg)
                return tb_tpm_say(why, TB_TPM_BUG, "the PCR bank %04x asked for twice", in[i].alg);
        s->hash = in[i].alg;
        s->sizeofSelect = in[i].pcrs >> 24 == 0 ? SELECT_BYTES_MIN : 4;
        for (unsigned b = 0; b < s->sizeofSelect; b++)
            s->pcrSelect[b] = (BYTE)(in[i].pcrs >> (8 * b));
        any |= in[i].pcrs;
    }
    out->count = (UINT32)n;
    if (any == 0)
        return tb_tpm_say(why, TB_TPM_BUG, "no PCR asked for");
    return TB_TPM_OK;
}

static uint32_t mask_of(const TPMS_PCR_SELECTION *s)
{
    uint32_t mask = 0;

    for (unsigned b = 0; b < s->sizeofSelect && b < 4; b++)
        mask |= (uint32_t)s->pcrSelect[b] << (8 * b);
    return mask;
}

static struct tb_tpm_pcr_bank *find_bank(struct tb_tpm_pcrs *pcrs, uint16_t alg)
{
    for (size_t i = 0; i < pcrs->n_banks; i++)
        if (pcrs->bank[i].alg == alg)
            return &pcrs->bank[i];
    return NULL;
}

/* Put down the digests of one answer: they come in the order of the banks and, within one, of the
 * PCRs (Part 3, 22.4). False: the answer does not fit what it says of itself, or repeats a PCR. */
static bool take_values(const TPML_PCR_SELECTION *read, const TPML_DIGEST *values,
                        struct tb_tpm_pcrs *out, size_t *n_taken)
{
    size_t k = 0;

    for (uint32_t i = 0; i < read->count; i++) {
        uint32_t mask = mask_of(&read->pcrSelections[i]);
        struct tb_tpm_pcr_bank *bank = find_bank(out, read->pcrSelections[i].hash);

        if (mask == 0)
            continue;
        if (bank == NULL || (bank->pcrs & mask) != 0)
            return false;
        for (unsigned pcr = 0; pcr < TB_TPM_PCRS_MAX; pcr++) {
            const TPM2B_DIGEST *d = &values->digests[k];

            if ((mask >> pcr & 1) == 0)
                continue;
            if (k >= values->count || d->size == 0 || d->size > sizeof bank->digest[pcr] ||
                (bank->digest_len != 0 && bank->digest_len != d->size))
                return false;
            memcpy(bank->digest[pcr], d->buffer, d->size);
            bank->digest_len = d->size;
            bank->pcrs |= UINT32_C(1) << pcr;
            k++;
        }
    }
    *n_taken = k;
    return k == values->count;
}

/* What is still to be read: wanted without what *have holds. */
static enum tb_tpm_status missing(const struct tb_tpm_selection *wanted, size_t n,
                                  struct tb_tpm_pcrs *have, TPML_PCR_SELECTION *out, bool *done,
                                  struct tb_tpm_error *why)
{
    struct tb_tpm_selection rest[TB_TPM_BANKS_MAX];
    size_t n_rest = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t left = wanted[i].pcrs & ~have->bank[i].pcrs;

        if (left != 0)
            rest[n_rest++] = (struct tb_tpm_selection){ wanted[i].alg, left };
    }
    *done = n_rest == 0;
    return *done ? TB_TPM_OK : put_selection(rest, n_rest, out, why);
}

/* Read once through. *moved: the update counter changed on the way. */
static enum tb_tpm_status read_once(struct tb_tpm *tpm, const struct tb_tpm_selection *wanted,
                                    size_t n, struct tb_tpm_pcrs *out, bool *moved,
                                    struct tb_tpm_error *why)
{
    bool first = true, done = false;

    *moved = false;
    memset(out, 0, sizeof *out);
    for (; out->n_banks < n; out->n_banks++)
        out->bank[out->n_banks].alg = wanted[out->n_banks].alg;
    for (;;) {
        TPML_PCR_SELECTION in, *read = NULL;
        TPML_DIGEST *values = NULL;
        UINT32 counter = 0;
        size_t n_taken = 0;
        enum tb_tpm_status status = missing(wanted, n, out, &in, &done, why);
        bool good;
        TSS2_RC rc;

        if (status != TB_TPM_OK || done)
            return status;
        rc = Esys_PCR_Read(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &in, &counter,
                           &read, &values);
        if (rc != TSS2_RC_SUCCESS)
            return tb_tpm_fail(why, rc, "reading PCRs");
        good = take_values(read, values, out, &n_taken);
        Esys_Free(read);
        Esys_Free(values);
        if (!good)
            return tb_tpm_say(why, TB_TPM_REFUSED, "reading PCRs: the TPM's answer does not fit");
        if (n_taken == 0) /* a bank or PCR that is not there is left out of the answer */
            return tb_tpm_say(why, TB_TPM_REFUSED,
                              "reading PCRs: this TPM has no active bank %04x "
                              "with all of the PCRs asked for",
                              in.pcrSelections[0].hash);
        *moved = !first && counter != out->update_counter;
        if (*moved)
            return TB_TPM_OK;
        out->update_counter = counter;
        first = false;
    }
}

enum tb_tpm_status tb_tpm_pcr_read(struct tb_tpm *tpm, const struct tb_tpm_selection *selection,
                                   size_t n_selection, struct tb_tpm_pcrs *out,
                                   struct tb_tpm_error *why)
{
    TPML_PCR_SELECTION checked;
    enum tb_tpm_status status = put_selection(selection, n_selection, &checked, why);

    if (status != TB_TPM_OK)
        return status;
    for (int i = 0; i < TIMES_READ_MAX; i++) {
        bool moved;

        status = read_once(tpm, selection, n_selection, out, &moved, why);
        if (status != TB_TPM_OK || !moved)
            return status;
    }
    return tb_tpm_say(why, TB_TPM_BUSY, "reading PCRs: they changed during each of %d readings",
                      TIMES_READ_MAX);
}

enum tb_tpm_status tb_tpm_quote(struct tb_tpm *tpm, struct tb_reader extra,
                                const struct tb_tpm_selection *selection, size_t n_selection,
                                struct tb_tpm_quote *out, struct tb_tpm_error *why)
{
    TPMT_SIG_SCHEME scheme = { .scheme = TPM2_ALG_NULL }; /* the key's own */
    TPM2B_DATA data = { .size = (uint16_t)extra.left };
    TPML_PCR_SELECTION pcrs;
    TPM2B_ATTEST *attest = NULL;
    TPMT_SIGNATURE *signature = NULL;
    ESYS_TR session;
    size_t n = 0;
    enum tb_tpm_status status = put_selection(selection, n_selection, &pcrs, why);
    TSS2_RC rc;

    if (status != TB_TPM_OK)
        return status;
    if (tpm->ak_key.handle == ESYS_TR_NONE || extra.left > TB_TPM_EXTRA_MAX)
        return tb_tpm_say(why, TB_TPM_BUG,
                          "quote: no attestation key loaded, or %zu bytes of "
                          "extra data",
                          extra.left);
    if (extra.left != 0)
        memcpy(data.buffer, extra.p, extra.left);
    status = tb_session(tpm, 0, &session, why);
    if (status != TB_TPM_OK)
        return status;
    rc = Esys_Quote(tpm->esys, tpm->ak_key.handle, session, ESYS_TR_NONE, ESYS_TR_NONE, &data,
                    &scheme, &pcrs, &attest, &signature);
    if (rc != TSS2_RC_SUCCESS)
        return tb_tpm_fail(why, rc, "quote");
    rc = Tss2_MU_TPMT_SIGNATURE_Marshal(signature, out->signature, sizeof out->signature, &n);
    if (rc != TSS2_RC_SUCCESS || attest->size > sizeof out->attest) {
        status = tb_tpm_say(why, TB_TPM_REFUSED, "quote: the TPM's answer does not fit");
    } else {
        memcpy(out->attest, attest->attestationData, attest->size);
        out->attest_len = attest->size;
        out->signature_len = n;
    }
    Esys_Free(attest);
    Esys_Free(signature);
    return status;
}
