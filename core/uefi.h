/* core/uefi.h - UEFI structures that stand in event data: variables, signature lists, device paths.
 *
 * UEFI 2.10: 8.2 (variables), 32.4.1 (EFI_SIGNATURE_LIST), 10.3 (device paths), appendix A (GUIDs);
 * PFP 1.06: 10.4.2.6 (UEFI_VARIABLE_DATA). Integers are little-endian, text is UTF-16LE. Nothing
 * recurses, nothing is allocated, every loop consumes input. Text made here is printable ASCII:
 * whatever else was there is shown as '?', so that it cannot act in a terminal or a page. */
#ifndef TB_CORE_UEFI_H
#define TB_CORE_UEFI_H

#include "core/reader.h"

#define TB_GUID_TEXT_LEN 37 /* "8be4df61-93ca-11d2-aa0d-00e098032b8c" and its NUL */

/* UEFI_VARIABLE_DATA. Slices are borrowed. */
struct tb_uefi_variable {
    struct tb_reader guid; /* 16 bytes */
    struct tb_reader name; /* UTF-16LE, without a NUL */
    struct tb_reader data;
    struct tb_reader
        excess; /* bytes behind the data: none, but for what old versions of shim wrote */
};
TB_MUST_CHECK bool tb_uefi_variable_parse(struct tb_reader in, struct tb_uefi_variable *out);
/* The name is exactly this ASCII text. */
bool tb_uefi_name_is(const struct tb_uefi_variable *v, const char *name);

/* Iteration over EFI_SIGNATURE_LISTs, one after the other, entry by entry. */
struct tb_signature_lists {
    struct tb_reader rest;    /* lists not begun */
    struct tb_reader entries; /* of the list at hand */
    struct tb_reader type;    /* its SignatureType */
    uint32_t entry_len;       /* its SignatureSize */
};
struct tb_signature_entry {
    struct tb_reader type;  /* 16 bytes: what the data is */
    struct tb_reader owner; /* 16 bytes */
    struct tb_reader data;  /* certificate, hash, or what the type says */
};
enum tb_list_step { TB_LIST_ENTRY, TB_LIST_END, TB_LIST_BAD };
struct tb_signature_lists tb_signature_lists_begin(struct tb_reader in);
/* *out is written for TB_LIST_ENTRY only. After TB_LIST_BAD nothing more is to be had. */
TB_MUST_CHECK enum tb_list_step tb_signature_lists_next(struct tb_signature_lists *it,
                                                        struct tb_signature_entry *out);

/* GUIDs that are told apart, in their byte order in memory. */
extern const uint8_t tb_guid_global_variable[16]; /* EFI_GLOBAL_VARIABLE */
extern const uint8_t tb_guid_image_security[16];  /* EFI_IMAGE_SECURITY_DATABASE_GUID */
extern const uint8_t tb_guid_shim_lock[16];       /* SHIM_LOCK_GUID */
extern const uint8_t tb_guid_cert_x509[16];       /* EFI_CERT_X509_GUID */
extern const uint8_t tb_guid_cert_sha256[16];     /* EFI_CERT_SHA256_GUID */

bool tb_guid_is(struct tb_reader guid, const uint8_t want[16]);
/* "EFI_GLOBAL_VARIABLE"; NULL for a GUID that is not in the table, or not 16 bytes. */
const char *tb_guid_name(struct tb_reader guid);
void tb_guid_text(struct tb_reader guid, char out[TB_GUID_TEXT_LEN]);

/* Text up to the first NUL or the end, cut to fit; out_len is at least 1 and counts the NUL. */
void tb_utf16_text(struct tb_reader in, char *out, size_t out_len);
void tb_ascii_text(struct tb_reader in, char *out, size_t out_len);
/* True if there is text and every byte of it is printable ASCII; NULs at the end are allowed. */
bool tb_is_text(struct tb_reader in);

/* "PciRoot(0x0)/Pci(0x1,0x0)/HD(1,GPT,...)/\EFI\BOOT\BOOTX64.EFI", cut to fit. False if the path is
 * malformed; the text then ends at the fault. */
TB_MUST_CHECK bool tb_device_path_text(struct tb_reader in, char *out, size_t out_len);

#endif
