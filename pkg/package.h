/* pkg/package.h - the container of a package: NAME_VERSION.tbp, an uncompressed ustar archive.
 *
 * Members in one order: `manifest`, `signature`, then the manifest's payloads. Every header is what
 * tb_member_header() builds and nothing else (POSIX.1-1988 ustar, owner and time zero), so that a
 * package has one encoding and any tar can list it. Two steps: open reads manifest and signature;
 * the payloads are looked at only when the caller has found the signature good. */
#ifndef TB_PKG_PACKAGE_H
#define TB_PKG_PACKAGE_H

#include "pkg/manifest.h"
#include "pkg/signature.h"

#define TB_BLOCK_LEN 512
/* Bytes of a package's metadata: the members manifest and signature with their headers. */
#define TB_PACKAGE_METADATA_MAX (2 * TB_BLOCK_LEN + TB_MANIFEST_LEN_MAX + TB_SIGNATURE_LEN_MAX)

struct tb_package {
    struct tb_reader manifest_text, signature_bytes;
    struct tb_manifest manifest;
    struct tb_signatures signatures;
    struct tb_reader rest; /* payloads and the end; not looked at yet */
};

/* in: a whole container, or at least its beginning. *out points into it; large, not for a stack. */
TB_MUST_CHECK bool tb_package_open(struct tb_reader in, struct tb_package *out,
                                   struct tb_reason *why);

/* Bytes of its metadata. */
uint64_t tb_package_metadata_len(const struct tb_package *p);

/* Where the payloads are: payload[i] is manifest.payload[i]'s bytes, not hashed yet. Everything to
 * the end of the container is accounted for, or it is refused. */
TB_MUST_CHECK bool tb_package_payloads(const struct tb_package *p,
                                       struct tb_reader payload[TB_PAYLOADS_MAX],
                                       struct tb_reason *why);

/* The one header of a member. name: at most TB_PKG_NAME_MAX characters. */
void tb_member_header(struct tb_reader name, uint64_t size, uint8_t out[TB_BLOCK_LEN]);
/* Bytes of a member in the container: header, content, padding. */
uint64_t tb_member_len(uint64_t size);

#endif
