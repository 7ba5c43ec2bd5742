/* loader/efi_tcg2.c - TCG EFI Protocol Specification, family 2.0, rev 00.13, section 6. */
#include <string.h>

#include "loader/efi_glue.h"

enum { EV_EVENT_TAG = 6, EVENT_HEADER_LEN = 14, EVENT_HEADER_VERSION = 1 };

static EFI_GUID tcg2_guid = {
    0x607f766c, 0x7455, 0x42be, { 0x93, 0x0b, 0xe4, 0xd7, 0x6d, 0xb2, 0x72, 0x0f }
};
/* TCG EFI Protocol Specification for TPM 1.1 or 1.2. */
static EFI_GUID tcg_guid = {
    0xf541796d, 0xa62e, 0x4954, { 0xa7, 0x75, 0x95, 0x84, 0xf6, 0x1b, 0x9c, 0xdd }
};

struct capability { /* 6.4.4 EFI_TCG2_BOOT_SERVICE_CAPABILITY, version 1.1 */
    UINT8 size, structure_version[2], protocol_version[2];
    UINT32 hash_algorithms, log_formats;
    BOOLEAN tpm_is_present;
    UINT16 max_command, max_response;
    UINT32 manufacturer, n_banks, active_banks;
};

struct event { /* 6.6.4 EFI_TCG2_EVENT */
    UINT32 size, header_size;
    UINT16 header_version;
    UINT32 pcr, type;
    UINT8 data[TB_RECORD_LEN_MAX];
} __attribute__((packed));

struct tb_tcg2 {
    EFI_STATUS(EFIAPI *get_capability)(struct tb_tcg2 *tcg2, struct capability *out);
    VOID *get_event_log;
    EFI_STATUS(EFIAPI *hash_log_extend_event)
    (struct tb_tcg2 *tcg2, UINT64 flags, UINT64 data, UINT64 len, struct event *event);
};

const char *tb_efi_find_tpm(struct tb_efi *efi)
{
    struct capability c = { .size = sizeof c };
    struct tb_tcg2 *tcg2;
    VOID *old;

    if (efi->boot->LocateProtocol(&tcg2_guid, NULL, (VOID **)&tcg2) != EFI_SUCCESS)
        return efi->boot->LocateProtocol(&tcg_guid, NULL, &old) == EFI_SUCCESS
                   ? "this machine has a TPM 1.2: nothing is measured, and no Verifier can trust it"
                   : "there is no TPM: nothing is measured, and no Verifier can trust this machine";
    /* Where the capability cannot be told, the first measurement tells. */
    if (tcg2->get_capability(tcg2, &c) == EFI_SUCCESS && !c.tpm_is_present)
        return "the TPM is turned off: nothing is measured, and no Verifier can trust this machine";
    efi->tcg2 = tcg2;
    return NULL;
}

enum tb_measured tb_efi_measure(void *ctx, unsigned pcr, struct tb_reader in)
{
    struct tb_efi *efi = ctx;
    struct event e = { .header_size = EVENT_HEADER_LEN,
                       .header_version = EVENT_HEADER_VERSION,
                       .pcr = pcr,
                       .type = EV_EVENT_TAG };
    EFI_STATUS status;

    if (in.left > sizeof e.data)
        return TB_MEASURE_FAILED;
    e.size = (UINT32)(sizeof e - sizeof e.data + in.left);
    memcpy(e.data, in.p, in.left);
    status = efi->tcg2->hash_log_extend_event(efi->tcg2, 0, (UINTN)in.p, in.left, &e);
    return status == EFI_SUCCESS       ? TB_MEASURED
           : status == EFI_VOLUME_FULL ? TB_MEASURED_LOG_FULL
                                       : TB_MEASURE_FAILED;
}
