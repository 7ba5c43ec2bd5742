/* crypto/codesign.h - who may sign packages: chains to a vendor, levels, and signatures.
 *
 * RFC 5280 with the code-signing usage (id-kp-codeSigning, 4.2.1.12). What a signer may vouch for
 * stands in his certificate, in an extension of the project's own (TB_LEVEL_OID, a UTF8String with
 * the name of the level); without it he may vouch for the lowest. Dates are judged at the time of
 * signing that the signature covers: it is the signer's word, so a stolen key can lie about it, and
 * revocation is the answer to that.
 *
 * Two implementations, OpenSSL's and the boot loader's (crypto/bearssl/), take the same. So the
 * first one, too, takes only what the second can judge: a chain in order with nothing in it that it
 * does not need, and in its certificates the extensions basicConstraints, keyUsage, extKeyUsage,
 * both key identifiers (by key only), cRLDistributionPoints, certificatePolicies,
 * authorityInfoAccess and the level; each once, and only the first two critical. */
#ifndef TB_CRYPTO_CODESIGN_H
#define TB_CRYPTO_CODESIGN_H

#include "core/reason.h"

#define TB_LEVEL_OID "2.25.147598747924524742052432689567473023505"
#define TB_CODE_SIGNATURE_MAX 512 /* bytes: RSA 4096 */

/* The vendors' root certificates. */
struct tb_vendors;
struct tb_vendors *tb_vendors_new(void); /* NULL: out of memory */
void tb_vendors_free(struct tb_vendors *v);
/* Every certificate of a PEM file, or one in DER; each must be self-issued. name: for *why. All or
 * none. */
TB_MUST_CHECK bool tb_vendors_add(struct tb_vendors *v, struct tb_reader file, const char *name,
                                  struct tb_reason *why);
size_t tb_vendors_count(const struct tb_vendors *v);

/* A signer whose chain holds. */
struct tb_code_signer {
    char subject[132], root[132]; /* printable */
    char level[16];               /* the highest that he may vouch for; "" none said */
    /* SHA-256 of each public key (SubjectPublicKeyInfo), the signer's first, the root's last. Not
     * of certificates: anybody can write an ECDSA signature in a second way, and with it the
     * certificate that it ends. */
    size_t n_chain;
    uint8_t key_sha256[8][32];
};

/* The scheme of pkg/signature.h. */
enum tb_code_scheme { TB_CODE_RSA_SHA512 = 1, TB_CODE_P384_SHA512 = 2 };

/* True if chain[0]'s key made this signature over the parts, hashed together with SHA-512, and the
 * chain leads to a vendor at time signed_s. *why: TB_CHECK_PACKAGE_SIGNATURE. */
TB_MUST_CHECK bool tb_code_verify(const struct tb_vendors *vendors, enum tb_code_scheme scheme,
                                  const struct tb_reader *chain, size_t n_chain, int64_t signed_s,
                                  const struct tb_reader *parts, size_t n_parts,
                                  struct tb_reader signature, struct tb_code_signer *out,
                                  struct tb_reason *why);

/* key_sha256 of a certificate (DER), whoever vouches for it. False: it is none. */
TB_MUST_CHECK bool tb_code_cert_key(struct tb_reader cert, uint8_t out[32]);

/* A private key to sign with, and its certificates. */
struct tb_code_key;
/* key: a PEM file's bytes, or where `uri` is not NULL a PKCS#11 URI (RFC 7512), opened by OpenSSL's
 * engine pkcs11. certs: a PEM file, the signer's certificate first. NULL, and *why. */
struct tb_code_key *tb_code_key_open(struct tb_reader key, const char *uri, struct tb_reader certs,
                                     struct tb_reason *why);
void tb_code_key_free(struct tb_code_key *k);
enum tb_code_scheme tb_code_key_scheme(const struct tb_code_key *k);
/* The certificates as DER, without a root; they live as long as the key. Returns their number. */
size_t tb_code_key_chain(const struct tb_code_key *k, struct tb_reader chain[4]);
TB_MUST_CHECK bool tb_code_sign(struct tb_code_key *k, const struct tb_reader *parts,
                                size_t n_parts, uint8_t out[TB_CODE_SIGNATURE_MAX], size_t *out_len,
                                struct tb_reason *why);

/* A vendor of one's own: a root, or a signer under it; RSA keys have 4096 bits. */
struct tb_pki_pair;
TB_MUST_CHECK bool tb_vendor_root_make(const char *name, enum tb_code_scheme scheme, int64_t now_s,
                                       struct tb_pki_pair *out, char *err);
/* level: NULL: none said. out->cert holds the signer's certificate alone. err: TB_PKI_ERROR_MAX. */
TB_MUST_CHECK bool tb_vendor_signer_make(const struct tb_pki_pair *root, const char *name,
                                         enum tb_code_scheme scheme, const char *level,
                                         int64_t now_s, struct tb_pki_pair *out, char *err);

#endif
