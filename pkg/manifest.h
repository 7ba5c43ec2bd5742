/* pkg/manifest.h - the manifest of a signed package: what it is, from whom, and what it holds.
 *
 * A manifest is its package's reference value, so it is canonical: one fact a line, lines in one
 * order, one spelling of each value; whatever is signed parses to exactly one meaning, and the same
 * meaning is always the same bytes. docs/packages.md has the format. The same parser serves the
 * loader, the Secure Boot Verifier, the tool and the Verifier: it allocates nothing and does no
 * I/O.
 */
#ifndef TB_PKG_MANIFEST_H
#define TB_PKG_MANIFEST_H

#include "pkg/lines.h"

#define TB_MANIFEST_LEN_MAX 65536 /* bytes */
#define TB_PAYLOADS_MAX 128
#define TB_RELATIONS_MAX 32 /* of each kind: conflicts, requires */
#define TB_PKG_OPTIONS_MAX 32
#define TB_PAYLOAD_SIZE_MAX 8589934591 /* what the container can tell */
/* The loader's package: of its EFI programs alone the firmware may start one. */
#define TB_LOADER_PACKAGE "trueboot-loader"

/* Who may vouch for how much; a host has a minimum. In falling order of trust. */
enum tb_level {
    TB_LEVEL_CERTIFIED,
    TB_LEVEL_ACCEPTED,
    TB_LEVEL_PARTNER,
    TB_LEVEL_COMMUNITY,
    TB_N_LEVELS
};
const char *tb_level_name(enum tb_level level); /* "certified", ... */
TB_MUST_CHECK bool tb_level_of_name(struct tb_reader name, enum tb_level *out);

enum tb_package_kind {
    TB_PACKAGE_BASE,     /* kernel, initrd, system image: one of each boot set */
    TB_PACKAGE_SOFTWARE, /* everything else */
    TB_N_PACKAGE_KINDS
};
const char *tb_package_kind_name(enum tb_package_kind kind);
TB_MUST_CHECK bool tb_package_kind_of_name(struct tb_reader name, enum tb_package_kind *out);

enum tb_payload_kind {
    TB_PAYLOAD_EFI,    /* an EFI program; has Authenticode digests */
    TB_PAYLOAD_KERNEL, /* also an EFI program */
    TB_PAYLOAD_INITRD,
    TB_PAYLOAD_SYSTEM,    /* file system image of the system */
    TB_PAYLOAD_ROOT_HASH, /* dm-verity's root hash of the system image, with its signature */
    TB_PAYLOAD_IMAGE,     /* a file system image that is mounted beside the system */
    TB_PAYLOAD_FILE,
    TB_N_PAYLOAD_KINDS
};
const char *tb_payload_kind_name(enum tb_payload_kind kind);
TB_MUST_CHECK bool tb_payload_kind_of_name(struct tb_reader name, enum tb_payload_kind *out);
bool tb_payload_is_efi(enum tb_payload_kind kind); /* has Authenticode digests */

bool tb_is_package_version(struct tb_reader r); /* letters, digits, "+.~:-" */
bool tb_is_payload_name(struct tb_reader r);    /* letters, digits, "._+-" */
bool tb_is_option_name(struct tb_reader r);     /* letters, digits, "._-" */

struct tb_payload {
    enum tb_payload_kind kind;
    struct tb_reader name; /* of the member of the container: letters, digits, "._+-" */
    uint64_t size;         /* bytes */
    uint8_t sha512[64];
    uint8_t sha256[32];
    bool has_authenticode;       /* exactly for EFI programs: what the firmware measures in PCR 4 */
    uint8_t authenticode512[64]; /* SHA-512, */
    uint8_t authenticode384[48]; /* SHA-384 */
    uint8_t
        authenticode256[32]; /* and SHA-256 of the image as the PE/COFF specification hashes it */
};

/* Another package, and from which security version on; 0: any. */
struct tb_relation {
    struct tb_reader name;
    uint32_t security_version;
};

struct tb_package_option {
    struct tb_reader name, value;
};

/* All texts point into the manifest's bytes. */
struct tb_manifest {
    struct tb_reader name;    /* lower-case letters, digits, "+.-"; begins with a letter or digit */
    struct tb_reader version; /* for people; never compared */
    uint32_t security_version; /* grows when an older one must not come back; compared */
    struct tb_reader vendor;
    int64_t built_s; /* seconds since 1970, UTC */
    enum tb_level level;
    enum tb_package_kind kind;
    size_t n_conflicts, n_requires, n_options, n_payloads;
    struct tb_relation conflicts[TB_RELATIONS_MAX]; /* each list sorted by name, no name twice */
    struct tb_relation requires[TB_RELATIONS_MAX];
    struct tb_package_option option[TB_PKG_OPTIONS_MAX];
    struct tb_payload payload[TB_PAYLOADS_MAX]; /* in the order of the container */
};

/* in: exactly one manifest. *out is zero after a failure; *why (TB_CHECK_PACKAGE_FORMAT, "line N")
 * is written on failure only. */
TB_MUST_CHECK bool tb_manifest_parse(struct tb_reader in, struct tb_manifest *out,
                                     struct tb_reason *why);

/* The canonical text of *m into buf: what tb_manifest_parse() reads as *m. The caller parses it to
 * learn whether *m holds only what a manifest may. False: it does not fit. */
TB_MUST_CHECK bool tb_manifest_print(const struct tb_manifest *m, char *buf, size_t cap,
                                     size_t *out_len);

#endif
