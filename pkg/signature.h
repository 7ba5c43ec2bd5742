/* pkg/signature.h - who signed a manifest: the package's member `signature`.
 *
 * "TBSG", format 1, number of signers; then each signer: algorithm (u16), time of signing (u64,
 * seconds since 1970), number of certificates, each with its length (u16) in front, the signer's
 * own first; the signature with its length (u16). Integers are big-endian. One encoding only. The
 * signature is over a domain string, the time and the manifest, so that it can be taken for nothing
 * else. */
#ifndef TB_PKG_SIGNATURE_H
#define TB_PKG_SIGNATURE_H

#include "core/reason.h"

#define TB_SIGNATURE_LEN_MAX 32768 /* bytes of the member */
#define TB_SIGNERS_MAX 4
#define TB_CHAIN_MAX 4 /* certificates of a signer, its own included; never the root */
#define TB_SIGNED_HEAD_LEN 64

/* The closed list; both hash with SHA-512. */
enum tb_sign_alg {
    TB_SIGN_RSA = 1,  /* RSASSA-PKCS1-v1_5 (RFC 8017), 3072 to 4096 bits */
    TB_SIGN_P384 = 2, /* ECDSA on P-384 (FIPS 186-5): r and s, 48 bytes each */
};
const char *tb_sign_alg_name(enum tb_sign_alg alg); /* "rsa-sha512", "ecdsa-p384-sha512" */

struct tb_signer {
    enum tb_sign_alg alg;
    int64_t signed_s; /* the signer's word, covered by the signature */
    size_t n_certs;
    struct tb_reader cert[TB_CHAIN_MAX]; /* X.509, DER; [0] is the signer's */
    struct tb_reader signature;
};

struct tb_signatures {
    size_t n;
    struct tb_signer signer[TB_SIGNERS_MAX];
};

/* in: exactly one member. Slices point into it. False, and *why (TB_CHECK_PACKAGE_FORMAT). */
TB_MUST_CHECK bool tb_signatures_parse(struct tb_reader in, struct tb_signatures *out,
                                       struct tb_reason *why);
/* The same bytes again. False: they do not fit, or no such member can be. */
TB_MUST_CHECK bool tb_signatures_encode(const struct tb_signatures *s, uint8_t *buf, size_t cap,
                                        size_t *out_len);

/* What is signed. */
enum tb_signed_kind {
    TB_SIGNED_PACKAGE,
    TB_SIGNED_REVOCATIONS,
};
/* What a signature is over: parts[0] (into head) and parts[1], to be hashed together. */
void tb_signed_parts(enum tb_signed_kind kind, int64_t signed_s, struct tb_reader text,
                     uint8_t head[TB_SIGNED_HEAD_LEN], struct tb_reader parts[2]);

#endif
