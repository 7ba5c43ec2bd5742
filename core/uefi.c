/* core/uefi.c - variables, signature lists, GUIDs and text; core/devpath.c has the device paths. */
#include "core/uefi.h"

#include <stdio.h>
#include <string.h>

/* n items of `size` bytes. */
static bool read_items(struct tb_reader *in, uint64_t n, size_t size, struct tb_reader *out)
{
    return tb_read_slice(in, n > in->left / size ? SIZE_MAX : (size_t)n * size, out);
}

bool tb_uefi_variable_parse(struct tb_reader in, struct tb_uefi_variable *out)
{
    struct tb_uefi_variable v;
    uint64_t name_len, data_len; /* name_len in characters */

    if (!tb_read_slice(&in, 16, &v.guid) || !tb_read_u64le(&in, &name_len) ||
        !tb_read_u64le(&in, &data_len))
        return false;
    if (!read_items(&in, name_len, 2, &v.name) || !read_items(&in, data_len, 1, &v.data))
        return false;
    v.excess = in;
    *out = v;
    return true;
}

bool tb_uefi_name_is(const struct tb_uefi_variable *v, const char *name)
{
    size_t n = strlen(name);

    if (v->name.left != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (v->name.p[2 * i] != (uint8_t)name[i] || v->name.p[2 * i + 1] != 0)
            return false;
    return true;
}

struct tb_signature_lists tb_signature_lists_begin(struct tb_reader in)
{
    return (struct tb_signature_lists){ .rest = in };
}

/* The header of an EFI_SIGNATURE_LIST: type, SignatureListSize, SignatureHeaderSize, SignatureSize;
 * then the header and the signatures, all counted in SignatureListSize. */
static bool begin_list(struct tb_signature_lists *it)
{
    struct tb_reader rest = it->rest, list, header;
    uint32_t list_len, header_len, entry_len;

    if (!tb_read_slice(&rest, 16, &it->type) || !tb_read_u32le(&rest, &list_len) ||
        !tb_read_u32le(&rest, &header_len) || !tb_read_u32le(&rest, &entry_len))
        return false;
    if (list_len < 28 || !tb_read_slice(&rest, list_len - 28, &list))
        return false;
    if (!tb_read_slice(&list, header_len, &header))
        return false;
    if (entry_len < 16) /* an entry has an owner; zero would never end */
        return false;
    if (list.left % entry_len != 0)
        return false;
    it->rest = rest;
    it->entries = list;
    it->entry_len = entry_len;
    return true;
}

enum tb_list_step tb_signature_lists_next(struct tb_signature_lists *it,
                                          struct tb_signature_entry *out)
{
    struct tb_signature_entry e;
    struct tb_reader entry;

    while (it->entries.left == 0) {
        if (it->rest.left == 0)
            return TB_LIST_END;
        if (!begin_list(it))
            return TB_LIST_BAD;
    }
    if (!tb_read_slice(&it->entries, it->entry_len, &entry) || !tb_read_slice(&entry, 16, &e.owner))
        return TB_LIST_BAD;
    e.type = it->type;
    e.data = entry;
    *out = e;
    return TB_LIST_ENTRY;
}

/* A GUID as it is written: the first three parts are little-endian in memory. */
/* clang-format off */
#define GUID(a, b, c, d0, d1, d2, d3, d4, d5, d6, d7)                                              \
    { (a) & 0xff, (a) >> 8 & 0xff, (a) >> 16 & 0xff, (a) >> 24 & 0xff, (b) & 0xff, (b) >> 8 & 0xff, \
      (c) & 0xff, (c) >> 8 & 0xff, d0, d1, d2, d3, d4, d5, d6, d7 }
#define GLOBAL_VARIABLE GUID(0x8be4df61u, 0x93ca, 0x11d2, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c)
#define IMAGE_SECURITY GUID(0xd719b2cbu, 0x3d3a, 0x4596, 0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f)
#define SHIM_LOCK GUID(0x605dab50u, 0xe046, 0x4300, 0xab, 0xb6, 0x3d, 0xd8, 0x10, 0xdd, 0x8b, 0x23)
#define CERT_X509 GUID(0xa5c059a1u, 0x94e4, 0x4aa7, 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72)
#define CERT_SHA256 GUID(0xc1c41626u, 0x504c, 0x4092, 0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28)

const uint8_t tb_guid_global_variable[16] = GLOBAL_VARIABLE;
const uint8_t tb_guid_image_security[16] = IMAGE_SECURITY;
const uint8_t tb_guid_shim_lock[16] = SHIM_LOCK;
const uint8_t tb_guid_cert_x509[16] = CERT_X509;
const uint8_t tb_guid_cert_sha256[16] = CERT_SHA256;

static const struct {
    uint8_t guid[16];
    const char *name;
} guids[] = {
    { GLOBAL_VARIABLE, "EFI_GLOBAL_VARIABLE" },
    { IMAGE_SECURITY, "EFI_IMAGE_SECURITY_DATABASE" },
    { SHIM_LOCK, "SHIM_LOCK" },
    { CERT_X509, "EFI_CERT_X509" },
    { CERT_SHA256, "EFI_CERT_SHA256" },
    { GUID(0x826ca512u, 0xcf10, 0x4ac9, 0xb1, 0x87, 0xbe, 0x01, 0x49, 0x66, 0x31, 0xbd), "EFI_CERT_SHA1" },
    { GUID(0xff3e5307u, 0x9fd0, 0x48c9, 0x85, 0xf1, 0x8a, 0xd5, 0x6c, 0x70, 0x1e, 0x01), "EFI_CERT_SHA384" },
    { GUID(0x093e0faeu, 0xa6c4, 0x4f50, 0x9f, 0x1b, 0xd4, 0x1e, 0x2b, 0x89, 0xc1, 0x9a), "EFI_CERT_SHA512" },
    { GUID(0x3c5766e8u, 0x269c, 0x4e34, 0xaa, 0x14, 0xed, 0x77, 0x6e, 0x85, 0xb3, 0xb6), "EFI_CERT_RSA2048" },
    { GUID(0x4aafd29du, 0x68df, 0x49ee, 0x8a, 0xa9, 0x34, 0x7d, 0x37, 0x56, 0x65, 0xa7), "EFI_CERT_PKCS7" },
    { GUID(0x3bd2a492u, 0x96c0, 0x4079, 0xb4, 0x20, 0xfc, 0xf9, 0x8e, 0xf1, 0x03, 0xed), "EFI_CERT_X509_SHA256" },
    { GUID(0x7076876eu, 0x80c2, 0x4ee6, 0xaa, 0xd2, 0x28, 0xb3, 0x49, 0xa6, 0x86, 0x5b), "EFI_CERT_X509_SHA384" },
    { GUID(0x446dbf63u, 0x2502, 0x4cda, 0xbc, 0xfa, 0x24, 0x65, 0xd2, 0xb0, 0xfe, 0x9d), "EFI_CERT_X509_SHA512" },
    { GUID(0x77fa9abdu, 0x0359, 0x4d32, 0xbd, 0x60, 0x28, 0xf4, 0xe7, 0x8f, 0x78, 0x4b), "Microsoft" },
    { GUID(0x8868e871u, 0xe4f1, 0x11d3, 0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81), "ACPI_20_TABLE" },
    { GUID(0xeb9d2d30u, 0x2d88, 0x11d3, 0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d), "ACPI_10_TABLE" },
    { GUID(0xeb9d2d31u, 0x2d88, 0x11d3, 0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d), "SMBIOS_TABLE" },
    { GUID(0xf2fd1544u, 0x9794, 0x4a2c, 0x99, 0x2e, 0xe5, 0xbb, 0xcf, 0x20, 0xe3, 0x94), "SMBIOS3_TABLE" },
    { GUID(0xeb9d2d2fu, 0x2d88, 0x11d3, 0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d), "MPS_TABLE" },
    { GUID(0xc12a7328u, 0xf81f, 0x11d2, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b), "EFI_SYSTEM_PARTITION" },
    { GUID(0x0fc63dafu, 0x8483, 0x4772, 0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4), "LINUX_FILESYSTEM" },
    { GUID(0x4f68bce3u, 0xe8cd, 0x4db1, 0x96, 0xe7, 0xfb, 0xca, 0xf9, 0x84, 0xb7, 0x09), "LINUX_ROOT_X86_64" },
    { GUID(0x2c7357edu, 0xebd2, 0x46d9, 0xae, 0xc1, 0x23, 0xd4, 0x37, 0xec, 0x2b, 0xf5), "LINUX_ROOT_VERITY_X86_64" },
    { GUID(0x0657fd6du, 0xa4ab, 0x43c4, 0x84, 0xe5, 0x09, 0x33, 0xc8, 0x4b, 0x4f, 0x4f), "LINUX_SWAP" },
    { GUID(0xe6d6d379u, 0xf507, 0x44c2, 0xa2, 0x3c, 0x23, 0x8f, 0x2a, 0x3d, 0xf9, 0x28), "LINUX_LVM" },
    { GUID(0xa19d880fu, 0x05fc, 0x4d3b, 0xa0, 0x06, 0x74, 0x3f, 0x0f, 0x84, 0x91, 0x1e), "LINUX_RAID" },
    { GUID(0xbc13c2ffu, 0x59e6, 0x4262, 0xa3, 0x52, 0xb2, 0x75, 0xfd, 0x6f, 0x71, 0x72), "LINUX_EXTENDED_BOOT" },
    { GUID(0x21686148u, 0x6449, 0x6e6f, 0x74, 0x4e, 0x65, 0x65, 0x64, 0x45, 0x46, 0x49), "BIOS_BOOT" },
    { GUID(0xe3c9e316u, 0x0b5c, 0x4db8, 0x81, 0x7d, 0xf9, 0x2d, 0xf0, 0x02, 0x15, 0xae), "MICROSOFT_RESERVED" },
    { GUID(0xebd0a0a2u, 0xb9e5, 0x4433, 0x87, 0xc0, 0x68, 0xb6, 0xb7, 0x26, 0x99, 0xc7), "BASIC_DATA" },
};
/* clang-format on */

bool tb_guid_is(struct tb_reader guid, const uint8_t want[16])
{
    return guid.left == 16 && memcmp(guid.p, want, 16) == 0;
}

const char *tb_guid_name(struct tb_reader guid)
{
    for (size_t i = 0; i < sizeof guids / sizeof *guids; i++)
        if (tb_guid_is(guid, guids[i].guid))
            return guids[i].name;
    return NULL;
}

void tb_guid_text(struct tb_reader guid, char out[TB_GUID_TEXT_LEN])
{
    uint32_t a = 0;
    uint16_t b = 0, c = 0;
    uint8_t d[8] = { 0 };

    if (!tb_read_u32le(&guid, &a) || !tb_read_u16le(&guid, &b) || !tb_read_u16le(&guid, &c) ||
        !tb_read_copy(&guid, sizeof d, d)) {
        snprintf(out, TB_GUID_TEXT_LEN, "?");
        return;
    }
    snprintf(out, TB_GUID_TEXT_LEN, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", a, b, c,
             d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]);
}

static bool is_printable(unsigned c)
{
    return c >= ' ' && c <= '~';
}

void tb_utf16_text(struct tb_reader in, char *out, size_t out_len)
{
    size_t n = 0;
    uint16_t c;

    while (n + 1 < out_len && tb_read_u16le(&in, &c) && c != 0)
        out[n++] = is_printable(c) ? (char)c : '?';
    out[n] = '\0';
}

void tb_ascii_text(struct tb_reader in, char *out, size_t out_len)
{
    size_t n = 0;
    uint8_t c;

    while (n + 1 < out_len && tb_read_u8(&in, &c) && c != 0)
        out[n++] = is_printable(c) ? (char)c : '?';
    out[n] = '\0';
}

bool tb_is_text(struct tb_reader in)
{
    while (in.left > 0 && in.p[in.left - 1] == 0)
        in.left--;
    for (size_t i = 0; i < in.left; i++)
        if (!is_printable(in.p[i]))
            return false;
    return in.left != 0;
}
