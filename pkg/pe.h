/* pkg/pe.h - PE/COFF images of UEFI programs: what is hashed, and what is loaded.
 *
 * Microsoft PE Format; "Windows Authenticode Portable Executable Signature Format" 1.0,
 * "Calculating the PE Image Hash"; UEFI 2.10, 2.1.1. Only what UEFI runs on x86-64 is accepted:
 * PE32+, machine 0x8664. Every offset and size is checked against the file before it is used. */
#ifndef TB_PKG_PE_H
#define TB_PKG_PE_H

#include "core/reason.h"

#define TB_PE_SECTIONS_MAX 64

struct tb_pe_section {
    char name[9];
    uint32_t virtual_address, virtual_size; /* in memory */
    uint32_t offset, size;                  /* in the file */
};

struct tb_pe {
    uint32_t entry;        /* offset of the entry point in memory, within a section */
    uint32_t image_size;   /* bytes in memory */
    uint32_t headers_size; /* bytes of headers, in the file and in memory */
    uint32_t section_alignment;
    uint32_t checksum_at;          /* offset in the file of the CheckSum field */
    uint32_t cert_entry_at;        /* of the certificate table's directory entry; 0: none */
    uint32_t certs_at, certs_size; /* the certificate table at the file's end; 0, 0: none */
    size_t n_sections;
    struct tb_pe_section section[TB_PE_SECTIONS_MAX]; /* in the order of the file's bytes */
};

/* False, and *why (TB_CHECK_PACKAGE_FORMAT): not such an image. */
TB_MUST_CHECK bool tb_pe_parse(struct tb_reader image, struct tb_pe *out, struct tb_reason *why);

#define TB_PE_PARTS_MAX 68 /* sections and four more */

/* The parts of the file that the Authenticode digest is over, in order. Returns their number. */
size_t tb_pe_hashed_parts(const struct tb_pe *pe, struct tb_reader image,
                          struct tb_reader parts[TB_PE_PARTS_MAX]);

#endif
