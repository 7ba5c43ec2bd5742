/* pkg/verify.h - is this package to be believed, and are its payloads what it says?
 *
 * One verifier for the loader, the Secure Boot Verifier, the tool and the Verifier. */
#ifndef TB_PKG_VERIFY_H
#define TB_PKG_VERIFY_H

#include "crypto/codesign.h"
#include "crypto/hash.h"
#include "pkg/package.h"
#include "pkg/revocations.h"

struct tb_package_rules {
    const struct tb_vendors *vendors;
    const struct tb_revocations *revocations; /* NULL: none */
    enum tb_level least;                      /* TB_LEVEL_COMMUNITY takes all */
};

struct tb_package_trust {
    size_t signer; /* of signatures.signer: the first who may vouch for it */
    struct tb_code_signer who;
};

/* One of the signers must hold: signature, chain, not revoked, and allowed to vouch for the level
 * that the manifest claims; the level must be at least rules->least, and the package not revoked.
 * *why tells of the last signer that was tried: TB_CHECK_PACKAGE_SIGNATURE, _LEVEL, _REVOKED. */
TB_MUST_CHECK bool tb_package_verify(const struct tb_package *p,
                                     const struct tb_package_rules *rules,
                                     struct tb_package_trust *out, struct tb_reason *why);

/* The bytes have the digests of the manifest; for EFI programs the Authenticode digests too.
 * *why: TB_CHECK_PACKAGE_PAYLOAD. */
TB_MUST_CHECK bool tb_payload_check(const struct tb_payload *payload, struct tb_reader bytes,
                                    struct tb_hasher *h, struct tb_reason *why);

/* The digests of these bytes into *payload, whose kind, name and size are set. For who builds
 * packages. *why: TB_CHECK_PACKAGE_PAYLOAD, not an EFI program. */
TB_MUST_CHECK bool tb_payload_digest(struct tb_payload *payload, struct tb_reader bytes,
                                     struct tb_hasher *h, struct tb_reason *why);

/* A signed list: text, signatures as of a package. By a signer who may vouch for the highest level,
 * whom the list that is held (NULL: none) does not revoke, and not older than it: else the weakest
 * signer could take back what others revoked. *out may not be *held. */
TB_MUST_CHECK bool tb_revocations_verify(struct tb_reader text, struct tb_reader signatures,
                                         const struct tb_vendors *vendors,
                                         const struct tb_revocations *held,
                                         struct tb_revocations *out, struct tb_code_signer *who,
                                         struct tb_reason *why);

#endif
