#include "core/signature.h"

#define RSA_SIGNATURE_MAX 512 /* bytes: RSA 4096 */
#define COORDINATE_MAX 66     /* bytes: P-521 */

static bool read_rsa(struct tb_reader *in, struct tb_signature *s, struct tb_reason *why)
{
    const enum tb_check c = TB_CHECK_QUOTE_STRUCTURE;

    if (!tb_read_tpm2b(in, &s->sig_or_r))
        return tb_refuse(why, c, "TPMS_SIGNATURE_RSA.sig", "a TPM2B", "%zu bytes left", in->left);
    if (s->sig_or_r.left == 0 || s->sig_or_r.left > RSA_SIGNATURE_MAX)
        return tb_refuse(why, c, "TPMS_SIGNATURE_RSA.sig", "1 to 512 bytes", "%zu",
                         s->sig_or_r.left);
    return true;
}

static bool read_ecc(struct tb_reader *in, struct tb_signature *s, struct tb_reason *why)
{
    const enum tb_check c = TB_CHECK_QUOTE_STRUCTURE;

    if (!tb_read_tpm2b(in, &s->sig_or_r))
        return tb_refuse(why, c, "TPMS_SIGNATURE_ECC.signatureR", "a TPM2B", "%zu bytes left",
                         in->left);
    if (s->sig_or_r.left == 0 || s->sig_or_r.left > COORDINATE_MAX)
        return tb_refuse(why, c, "TPMS_SIGNATURE_ECC.signatureR", "1 to 66 bytes", "%zu",
                         s->sig_or_r.left);
    if (!tb_read_tpm2b(in, &s->s))
        return tb_refuse(why, c, "TPMS_SIGNATURE_ECC.signatureS", "a TPM2B", "%zu bytes left",
                         in->left);
    if (s->s.left == 0 || s->s.left > COORDINATE_MAX)
        return tb_refuse(why, c, "TPMS_SIGNATURE_ECC.signatureS", "1 to 66 bytes", "%zu",
                         s->s.left);
    return true;
}

static bool read_hash(struct tb_reader *in, struct tb_signature *s, struct tb_reason *why)
{
    const enum tb_check c = TB_CHECK_QUOTE_SCHEME;
    uint16_t hash;

    if (!tb_read_u16be(in, &hash))
        return tb_refuse(why, TB_CHECK_QUOTE_STRUCTURE, "TPMS_SIGNATURE.hash", "2 bytes",
                         "%zu left", in->left);
    if (!tb_bank_of_alg(hash, &s->hash))
        return tb_refuse(why, c, "TPMS_SIGNATURE.hash", "sha256, sha384 or sha512", "%04x", hash);
    if (s->hash == TB_BANK_SHA1) /* collisions are cheap; no template of ours signs with it */
        return tb_refuse(why, c, "TPMS_SIGNATURE.hash", "sha256, sha384 or sha512", "sha1");
    return true;
}

bool tb_signature_parse(struct tb_reader in, struct tb_signature *out, struct tb_reason *why)
{
    struct tb_signature s = { 0 };

    if (!tb_read_u16be(&in, &s.scheme))
        return tb_refuse(why, TB_CHECK_QUOTE_STRUCTURE, "TPMT_SIGNATURE.sigAlg", "2 bytes",
                         "%zu left", in.left);
    /* Fails closed: what is not named here is refused, also algorithms of later revisions. */
    if (s.scheme != TB_ALG_RSASSA && s.scheme != TB_ALG_RSAPSS && s.scheme != TB_ALG_ECDSA)
        return tb_refuse(why, TB_CHECK_QUOTE_SCHEME, "TPMT_SIGNATURE.sigAlg",
                         "RSASSA, RSAPSS or ECDSA", "%04x", s.scheme);
    if (!read_hash(&in, &s, why))
        return false;
    if (!(s.scheme == TB_ALG_ECDSA ? read_ecc(&in, &s, why) : read_rsa(&in, &s, why)))
        return false;
    if (in.left != 0)
        return tb_refuse(why, TB_CHECK_QUOTE_STRUCTURE, "TPMT_SIGNATURE", "its end",
                         "%zu bytes more", in.left);
    *out = s;
    return true;
}
