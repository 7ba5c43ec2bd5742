/* pkg/revocations.h - what a vendor does not vouch for any more: signers, packages up to a security
 * version, single contents.
 *
 * Canonical text as manifests are, signed in the same way under a domain of its own. The serial
 * number grows with each list; who keeps the highest seen notices an older one. */
#ifndef TB_PKG_REVOCATIONS_H
#define TB_PKG_REVOCATIONS_H

#include "pkg/lines.h"

#define TB_REVOCATIONS_LEN_MAX 65536 /* bytes */
#define TB_REVOKED_MAX 256           /* of each kind */

struct tb_revocations {
    uint32_t serial;
    int64_t issued_s;
    size_t n_signers, n_packages, n_digests; /* each list sorted, nothing twice */
    uint8_t signer[TB_REVOKED_MAX][32];      /* SHA-256 of a public key, wherever in the chain */
    struct {
        struct tb_reader name;
        uint32_t security_version; /* this one and all below */
    } package[TB_REVOKED_MAX];
    uint8_t digest[TB_REVOKED_MAX][64]; /* SHA-512 of a payload */
};

/* in: exactly one list; names point into it. *out is zero after a failure. */
TB_MUST_CHECK bool tb_revocations_parse(struct tb_reader in, struct tb_revocations *out,
                                        struct tb_reason *why);

bool tb_revokes_signer(const struct tb_revocations *r, const uint8_t sha256[32]);
bool tb_revokes_package(const struct tb_revocations *r, struct tb_reader name,
                        uint32_t security_version);
bool tb_revokes_digest(const struct tb_revocations *r, const uint8_t sha512[64]);

#endif
