/* loader/vendor.c - the vendors' certificates that the loader carries in its section .vendor. */
#include "loader/load.h"

#define DER_SEQUENCE 0x30
#define DER_TWO_BYTES 0x82 /* of length: every certificate has 256 to 65535 bytes */

static bool is_zero(struct tb_reader r)
{
    for (size_t i = 0; i < r.left; i++)
        if (r.p[i] != 0)
            return false;
    return true;
}

/* The length of the certificate that begins here, its own header included; 0: none does. */
static size_t certificate_len(struct tb_reader in)
{
    uint8_t tag, form;
    uint16_t len;

    return tb_read_u8(&in, &tag) && tag == DER_SEQUENCE && tb_read_u8(&in, &form) &&
                   form == DER_TWO_BYTES && tb_read_u16be(&in, &len)
               ? (size_t)len + 4
               : 0;
}

bool tb_vendor_certificates(struct tb_reader section, struct tb_reader out[TB_LOADER_VENDORS_MAX],
                            size_t *n, struct tb_reason *why)
{
    const char *where = "section .vendor";

    for (*n = 0; !is_zero(section); (*n)++) {
        size_t len = certificate_len(section);

        if (*n == TB_LOADER_VENDORS_MAX)
            return tb_refuse(why, TB_CHECK_PACKAGE_SIGNATURE, where, "at most 8 certificates",
                             "more");
        if (len == 0 || !tb_read_slice(&section, len, &out[*n]))
            return tb_refuse(why, TB_CHECK_PACKAGE_SIGNATURE, where, "whole certificates in DER",
                             "%zu other bytes", section.left);
    }
    return *n != 0 || tb_refuse(why, TB_CHECK_PACKAGE_SIGNATURE, where, "a certificate", "none");
}
