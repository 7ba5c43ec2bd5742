#include "core/dbx.h"

#include <string.h>

#define AUTH2_TIME_LEN 16         /* EFI_TIME */
#define CERTIFICATE_HEADER_LEN 24 /* WIN_CERTIFICATE_UEFI_GUID without its data */

/* EFI_CERT_TYPE_PKCS7_GUID, 4aafd29d-68df-49ee-8aa9-347d375665a7 */
static const uint8_t pkcs7[16] = { 0x9d, 0xd2, 0xaf, 0x4a, 0xdf, 0x68, 0xee, 0x49,
                                   0x8a, 0xa9, 0x34, 0x7d, 0x37, 0x56, 0x65, 0xa7 };
/* EFI_CERT_X509_SHA256_GUID, 3bd2a492-96c0-4079-b420-fcf98ef103ed */
static const uint8_t x509_sha256[16] = { 0x92, 0xa4, 0xd2, 0x3b, 0xc0, 0x96, 0x79, 0x40,
                                         0xb4, 0x20, 0xfc, 0xf9, 0x8e, 0xf1, 0x03, 0xed };

/* To behind the header, when there is one: UEFI 2.10, 8.2.2. */
static void skip_header(struct tb_reader *r)
{
    struct tb_reader in = *r, time, guid, certificate;
    uint32_t len;
    uint16_t revision, type;

    if (!tb_read_slice(&in, AUTH2_TIME_LEN, &time) || !tb_read_u32le(&in, &len) ||
        !tb_read_u16le(&in, &revision) || !tb_read_u16le(&in, &type) ||
        !tb_read_slice(&in, 16, &guid))
        return;
    /* WIN_CERT_TYPE_EFI_GUID; the length counts this header. */
    if (revision != 0x0200 || type != 0x0ef1 || !tb_guid_is(guid, pkcs7) ||
        len < CERTIFICATE_HEADER_LEN ||
        !tb_read_slice(&in, len - CERTIFICATE_HEADER_LEN, &certificate))
        return;
    *r = in;
}

bool tb_dbx_open(struct tb_reader file, struct tb_reader *lists, struct tb_reason *why)
{
    const enum tb_check c = TB_CHECK_SB_DBX;
    struct tb_signature_lists it;
    struct tb_signature_entry e;
    enum tb_list_step step;
    size_t n = 0;

    if (file.left > TB_DBX_FILE_MAX)
        return tb_refuse(why, c, "revocation list", "at most 1 MiB", "%zu bytes", file.left);
    skip_header(&file);
    it = tb_signature_lists_begin(file);
    while ((step = tb_signature_lists_next(&it, &e)) == TB_LIST_ENTRY)
        n++;
    if (step != TB_LIST_END)
        return tb_refuse(why, c, "revocation list",
                         "EFI_SIGNATURE_LISTs, bare or behind an authentication header",
                         "something else behind entry %zu", n);
    if (n == 0)
        return tb_refuse(why, c, "revocation list", "an entry", "none");
    *lists = file;
    return true;
}

bool tb_dbx_digest(const struct tb_signature_entry *e, struct tb_hasher *h, uint8_t out[32])
{
    uint8_t digest[TB_DIGEST_MAX];

    if (tb_guid_is(e->type, tb_guid_cert_x509)) {
        if (!tb_hash(h, TB_BANK_SHA256, e->data, digest))
            return false;
        memcpy(out, digest, 32);
        return true;
    }
    /* UEFI 2.10, 32.4.1: a time of revocation stands behind the digest of a certificate. */
    if ((tb_guid_is(e->type, tb_guid_cert_sha256) && e->data.left == 32) ||
        (tb_guid_is(e->type, x509_sha256) && e->data.left == 48)) {
        memcpy(out, e->data.p, 32);
        return true;
    }
    return false;
}
