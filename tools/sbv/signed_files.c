#include "tools/sbv/signed_files.h"

#include <string.h>

#define PKCS_SIGNED_DATA 2 /* WIN_CERTIFICATE.wCertificateType */

bool signed_program_next(struct tb_reader *table, struct tb_reader *pkcs7)
{
    struct tb_reader padding;
    uint32_t len;
    uint16_t revision, type;

    while (tb_read_u32le(table, &len) && tb_read_u16le(table, &revision) &&
           tb_read_u16le(table, &type) && len >= 8 && tb_read_slice(table, len - 8, pkcs7)) {
        if (len % 8 != 0 && !tb_read_slice(table, 8 - len % 8, &padding))
            *table = tb_slice(NULL, 0);
        if (type == PKCS_SIGNED_DATA)
            return true;
    }
    return false;
}

/* Linux, include/linux/module_signature.h: the end of the file is this text, in front of it twelve
 * bytes (algorithm, hash, type of id, lengths of signer and key id, three zeros, length of the
 * signature, big-endian), in front of them the signature. */
bool signed_module(struct tb_reader module, struct tb_reader *pkcs7)
{
    static const char magic[] = "~Module signature appended~\n";
    const size_t magic_len = sizeof magic - 1, head_len = 12;
    struct tb_reader head;
    uint32_t len;
    uint64_t skipped;
    struct tb_reader rest = module, body;

    if (module.left < magic_len + head_len ||
        memcmp(module.p + module.left - magic_len, magic, magic_len) != 0)
        return false;
    head = tb_slice(module.p + module.left - magic_len - head_len, head_len);
    return tb_read_u64be(&head, &skipped) && tb_read_u32be(&head, &len) &&
           len <= module.left - magic_len - head_len &&
           tb_read_slice(&rest, module.left - magic_len - head_len - len, &body) &&
           tb_read_slice(&rest, len, pkcs7);
}

/* shim's table of its vendor's certificates: sizes of the allowed and the forbidden ones, and their
 * offsets in the section. */
bool shim_vendor(struct tb_reader section, struct tb_reader *allowed)
{
    struct tb_reader in = section, skipped;
    uint32_t allowed_size, forbidden_size, allowed_at, forbidden_at;

    return tb_read_u32le(&in, &allowed_size) && tb_read_u32le(&in, &forbidden_size) &&
           tb_read_u32le(&in, &allowed_at) && tb_read_u32le(&in, &forbidden_at) &&
           tb_read_slice(&section, allowed_at, &skipped) &&
           tb_read_slice(&section, allowed_size, allowed);
}
