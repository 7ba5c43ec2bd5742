/* Endorsement certificates as they lie in NV memory: with padding, a header, or several in a row.
 */
#include "crypto/ek.h"

static const enum tb_check C = TB_CHECK_IDENTITY_EK_CERT;

/* Take one DER SEQUENCE with its tag and length (X.690, 8.1) from *in. */
static bool read_der(struct tb_reader *in, struct tb_reader *out)
{
    struct tb_reader r = *in, body;
    uint8_t tag, first, low;
    uint16_t len;

    if (!tb_read_u8(&r, &tag) || !tb_read_u8(&r, &first))
        return false;
    if (tag != 0x30)
        return false;
    if (first == 0x82) {
        if (!tb_read_u16be(&r, &len))
            return false;
    } else if (first == 0x81) {
        if (!tb_read_u8(&r, &low))
            return false;
        len = low;
    } else if (first < 0x80) {
        len = first;
    } else {
        return false; /* 64 KiB or more, or of indefinite length */
    }
    if (!tb_read_slice(&r, len, &body))
        return false;
    return tb_read_slice(in, in->left - r.left, out);
}

static bool is_padding(struct tb_reader r)
{
    uint8_t first, next;

    if (!tb_read_u8(&r, &first))
        return true;
    if (first != 0x00 && first != 0xff)
        return false;
    while (tb_read_u8(&r, &next))
        if (next != first)
            return false;
    return true;
}

/* TCG PC Client Specific Implementation Specification for Conventional BIOS 1.21, 7.4.5:
 * TCG_PCCLIENT_STORED_CERT: tag 10 01, type 00 (a full certificate), size. */
static bool skip_stored_cert_header(struct tb_reader *in, struct tb_reason *why)
{
    struct tb_reader r = *in, cert;
    uint16_t tag, len;
    uint8_t type;

    if (!tb_read_u16be(&r, &tag) || tag != 0x1001)
        return true;
    if (!tb_read_u8(&r, &type) || !tb_read_u16be(&r, &len) || type != 0)
        return tb_refuse(why, C, "certificate header", "10 01 00 and a length", "another");
    if (!tb_read_slice(&r, len, &cert))
        return tb_refuse(why, C, "certificate header", "a length within the index", "%u of %zu",
                         len, r.left);
    if (!is_padding(r))
        return tb_refuse(why, C, "certificate padding", "only ff or only 00", "other bytes");
    *in = cert;
    return true;
}

bool tb_ek_cert_trim(struct tb_reader in, struct tb_reader *out, struct tb_reason *why)
{
    struct tb_reader cert;

    if (!skip_stored_cert_header(&in, why))
        return false;
    if (!read_der(&in, &cert))
        return tb_refuse(why, C, "certificate", "DER", "%zu bytes of another kind", in.left);
    if (!is_padding(in))
        return tb_refuse(why, C, "certificate padding", "only ff or only 00", "other bytes");
    *out = cert;
    return true;
}

bool tb_ek_chain_split(struct tb_reader in, struct tb_reader out[TB_EK_CHAIN_MAX], size_t *n,
                       struct tb_reason *why)
{
    struct tb_reader certs[TB_EK_CHAIN_MAX];
    size_t found = 0;

    while (!is_padding(in)) {
        if (found == TB_EK_CHAIN_MAX)
            return tb_refuse(why, C, "certificate chain", "at most 8 certificates", "more");
        if (!read_der(&in, &certs[found]))
            return tb_refuse(why, C, "certificate chain", "DER", "%zu bytes of another kind",
                             in.left);
        found++;
    }
    for (size_t i = 0; i < found; i++)
        out[i] = certs[i];
    *n = found;
    return true;
}
