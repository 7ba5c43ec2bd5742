/* core/tpm_class.h - what kind of TPM this is, by its maker, and what nobody can see of that kind.
 *
 * TCG TPM Vendor ID Registry 1.06. A maker's id is four bytes (TPM_PT_MANUFACTURER); as a number
 * here, its trailing blanks as zeros, since makers write both. An id is only a claim unless an
 * endorsement certificate that leads to a root says it. */
#ifndef TB_CORE_TPM_CLASS_H
#define TB_CORE_TPM_CLASS_H

#include "core/reader.h"

enum tb_tpm_class {
    TB_TPM_UNKNOWN = 0,
    TB_TPM_DISCRETE, /* a chip of its own */
    TB_TPM_FIRMWARE, /* a program of the main processor or its chip set */
    TB_TPM_VIRTUAL,  /* a hypervisor's, for a guest */
    TB_TPM_SOFTWARE, /* an emulator: its secrets are in files */
    TB_N_TPM_CLASSES
};

const char *tb_tpm_class_name(enum tb_tpm_class c); /* "unknown", "discrete", ... */
TB_MUST_CHECK bool tb_tpm_class_of_name(const char *name, enum tb_tpm_class *out);

/* The number of an id: "STM" and "STM " as the TPM tells it, "id:53544D20" as a certificate writes
 * it (EK Credential Profile 2.5, 3.1.2). 0: the text is no id. */
uint32_t tb_tpm_vendor_of_text(const char *text);

#define TB_TPM_VENDOR_TEXT_LEN 12 /* bytes of the text of an id, with its NUL */
/* The id of tb_tpm_maker(vendor) as text: its letters, or "id:" and eight hex digits. 0: "". */
void tb_tpm_vendor_text(uint32_t vendor, char out[TB_TPM_VENDOR_TEXT_LEN]);

/* One number for a maker that has two: libtpms calls itself IBM, and its certificates say IBM's PCI
 * number. Ids are compared by it. */
uint32_t tb_tpm_maker(uint32_t vendor);

/* By the id alone: 0 is TB_TPM_UNKNOWN, and so is Microsoft's, which a hypervisor's TPM and one in
 * a processor (Pluton) have in common. */
enum tb_tpm_class tb_tpm_class_of_vendor(uint32_t vendor);

/* The class to rely on. `proved`: an endorsement certificate that leads to a root says it. Without
 * one a TPM that calls itself software or virtual is believed, since nobody gains by it, and what
 * calls itself hardware is TB_TPM_UNKNOWN. */
enum tb_tpm_class tb_tpm_class_to_rely_on(enum tb_tpm_class told, bool proved);

/* What no Verifier can see of a TPM of this class, as whole sentences for a report. Never "". */
const char *tb_tpm_class_limit(enum tb_tpm_class c);

#endif
