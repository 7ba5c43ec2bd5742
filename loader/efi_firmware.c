#include <string.h>

#include "loader/efi_glue.h"
#include "loader/smbios.h"

static EFI_GUID global_guid = EFI_GLOBAL_VARIABLE;
static EFI_GUID smbios_guid = SMBIOS_TABLE_GUID;
static EFI_GUID smbios3_guid = SMBIOS3_TABLE_GUID;
/* Of this project. */
static EFI_GUID trueboot_guid = {
    0x0f1f2c30, 0x5d24, 0x4b4e, { 0x9a, 0x7e, 0x54, 0x42, 0xd8, 0x3a, 0x61, 0x95 }
};
/* Of shim, under which Linux looks for further certificates. */
static EFI_GUID shim_guid = {
    0x605dab50, 0xe046, 0x4300, { 0xab, 0xb6, 0x3d, 0xd8, 0x10, 0xdd, 0x8b, 0x23 }
};
static EFI_GUID x509_guid = {
    0xa5c059a1, 0x94e4, 0x4aa7, { 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72 }
};

/* ---- variables ---- */

/* 0 or 1; 2: any other value, or a failure; not there: `absent`. */
static unsigned flag(const struct tb_efi *efi, CHAR16 *name, unsigned absent)
{
    UINT8 value = 0;
    UINTN len = sizeof value;
    EFI_STATUS status = efi->runtime->GetVariable(name, &global_guid, NULL, &len, &value);

    if (status == EFI_NOT_FOUND)
        return absent;
    return status == EFI_SUCCESS && len == 1 && value <= 1 ? value : 2;
}

/* UEFI 2.10, 32.3, table 32.1. */
const char *tb_efi_secure_boot(void *efi)
{
    switch (flag(efi, L"SecureBoot", 0)) {
    case 1: return "on";
    case 0: break;
    default: return "unknown";
    }
    return flag(efi, L"AuditMode", 0) == 1   ? "audit-mode"
           : flag(efi, L"SetupMode", 0) == 1 ? "setup-mode"
                                             : "off";
}

static const struct {
    CHAR16 *name;
    UINT32 attributes;
} variables[] = {
    [TB_VARIABLE_MINIMUM] = { L"TruebootMinimum",
                              EFI_VARIABLE_NON_VOLATILE | EFI_VARIABLE_BOOTSERVICE_ACCESS },
    [TB_VARIABLE_TRIED] = { L"TruebootTried", EFI_VARIABLE_NON_VOLATILE |
                                                  EFI_VARIABLE_BOOTSERVICE_ACCESS |
                                                  EFI_VARIABLE_RUNTIME_ACCESS },
};

/* One with other attributes is somebody else's: the operating system could have made it. */
enum tb_loader_file tb_efi_variable_get(void *ctx, enum tb_loader_variable v, uint8_t *out,
                                        size_t cap, size_t *out_len)
{
    struct tb_efi *efi = ctx;
    UINTN len = cap;
    UINT32 attributes = 0;
    EFI_STATUS status =
        efi->runtime->GetVariable(variables[v].name, &trueboot_guid, &attributes, &len, out);

    if (status == EFI_NOT_FOUND)
        return TB_FILE_ABSENT;
    if (status != EFI_SUCCESS)
        return TB_FILE_FAILED;
    if (attributes != variables[v].attributes)
        return TB_FILE_ABSENT;
    *out_len = len;
    return TB_FILE_OK;
}

/* What needs a signature to be deleted stays, so the firmware is asked. */
static bool away_with(struct tb_efi *efi, CHAR16 *name, EFI_GUID *guid)
{
    UINTN len = 0;

    efi->runtime->SetVariable(name, guid, 0, 0, NULL);
    return efi->runtime->GetVariable(name, guid, NULL, &len, NULL) == EFI_NOT_FOUND;
}

static bool set_variable(struct tb_efi *efi, CHAR16 *name, EFI_GUID *guid, UINT32 attributes,
                         struct tb_reader value)
{
    EFI_STATUS status =
        efi->runtime->SetVariable(name, guid, attributes, value.left, (VOID *)(UINTN)value.p);

    if (status != EFI_INVALID_PARAMETER)
        return status == EFI_SUCCESS;
    /* It is there with other attributes. */
    return away_with(efi, name, guid) &&
           efi->runtime->SetVariable(name, guid, attributes, value.left, (VOID *)(UINTN)value.p) ==
               EFI_SUCCESS;
}

bool tb_efi_variable_set(void *efi, enum tb_loader_variable v, struct tb_reader value)
{
    return set_variable(efi, variables[v].name, &trueboot_guid, variables[v].attributes, value);
}

/* ---- the vendors' certificates ---- */

static void put(uint8_t **to, const void *p, size_t len)
{
    memcpy(*to, p, len);
    *to += len;
}

static void put_u32(uint8_t **to, size_t v)
{
    put(to, &(UINT32){ (UINT32)v }, sizeof(UINT32));
}

/* EFI_SIGNATURE_LIST of one certificate (UEFI 2.10, 32.4.1). */
enum { LIST_HEADER_LEN = 28, OWNER_LEN = 16 };

static void put_list(uint8_t **to, struct tb_reader cert)
{
    put(to, &x509_guid, sizeof x509_guid);
    put_u32(to, LIST_HEADER_LEN + OWNER_LEN + cert.left);
    put_u32(to, 0);
    put_u32(to, OWNER_LEN + cert.left);
    put(to, &trueboot_guid, OWNER_LEN);
    put(to, cert.p, cert.left);
}

/* Linux takes these variables whoever wrote them: an operating system could leave some for its
 * successor. So what is there goes, and ours are volatile, which nobody can write over later. */
bool tb_efi_hand_over_vendors(struct tb_efi *efi, const struct tb_reader *cert, size_t n)
{
    static CHAR16 *const names[] = { L"MokListRT", L"MokListXRT", L"MokListTrustedRT" };
    static const uint8_t yes = 1;
    const UINT32 attributes = EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS;
    uint8_t *lists, *to;
    size_t len = 0;
    bool ok;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!away_with(efi, names[i], &shim_guid))
            return false;
    for (size_t i = 0; i < n; i++)
        len += LIST_HEADER_LEN + OWNER_LEN + cert[i].left;
    lists = to = tb_efi_take(efi, len);
    if (lists == NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        put_list(&to, cert[i]);
    ok = set_variable(efi, L"MokListRT", &shim_guid, attributes, tb_slice(lists, len)) &&
         set_variable(efi, L"MokListTrustedRT", &shim_guid, attributes, tb_slice(&yes, 1));
    tb_efi_give_back(efi, lists, len);
    return ok;
}

/* The image in memory: its sections are where their virtual addresses say (PE format). */
struct tb_reader tb_efi_vendor_section(const struct tb_efi *efi)
{
    const struct tb_reader none = { 0 },
                           image = tb_slice(efi->self->ImageBase, (size_t)efi->self->ImageSize);
    struct tb_reader r = image, section;
    uint32_t pe_at, size, at;
    uint16_t n, optional_len;

    if (!tb_read_slice(&r, 0x3c, &section) || !tb_read_u32le(&r, &pe_at))
        return none;
    r = image;
    if (!tb_read_slice(&r, pe_at, &section) || !tb_read_slice(&r, 6, &section) ||
        !tb_read_u16le(&r, &n) || !tb_read_slice(&r, 12, &section) ||
        !tb_read_u16le(&r, &optional_len) || !tb_read_slice(&r, (size_t)optional_len + 2, &section))
        return none;
    for (; n > 0 && tb_read_slice(&r, 40, &section); n--) {
        struct tb_reader name;

        if (!tb_read_slice(&section, 8, &name) || !tb_read_u32le(&section, &size) ||
            !tb_read_u32le(&section, &at) || memcmp(name.p, ".vendor", 8) != 0)
            continue;
        r = image;
        return tb_read_slice(&r, at, &section) && tb_read_slice(&r, size, &section) ? section
                                                                                    : none;
    }
    return none;
}

/* ---- SMBIOS ---- */

static const uint8_t *configuration_table(const struct tb_efi *efi, const EFI_GUID *guid)
{
    for (UINTN i = 0; i < efi->table->NumberOfTableEntries; i++)
        if (memcmp(&efi->table->ConfigurationTable[i].VendorGuid, guid, sizeof *guid) == 0)
            return efi->table->ConfigurationTable[i].VendorTable;
    return NULL;
}

/* DSP0134 3.6, 5.2.1 and 5.2.2: entry points of 31 and of 24 bytes. */
void tb_efi_asset_tag(void *efi, char *out, size_t cap)
{
    const uint8_t *entry = configuration_table(efi, &smbios3_guid);
    struct tb_reader r, skipped;
    uint64_t at = 0;
    uint32_t size = 0, at32 = 0;
    uint16_t size16 = 0;

    out[0] = '\0';
    if (entry != NULL) {
        r = tb_slice(entry, 24);
        if (!tb_read_slice(&r, 12, &skipped) || !tb_read_u32le(&r, &size) ||
            !tb_read_u64le(&r, &at))
            return;
    } else if ((entry = configuration_table(efi, &smbios_guid)) != NULL) {
        r = tb_slice(entry, 31);
        if (!tb_read_slice(&r, 22, &skipped) || !tb_read_u16le(&r, &size16) ||
            !tb_read_u32le(&r, &at32))
            return;
        size = size16;
        at = at32;
    }
    if (at != 0)
        tb_smbios_asset_tag(tb_slice((const void *)(UINTN)at, size), out, cap);
}
