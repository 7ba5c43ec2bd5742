/* crypto/ek.h - whether an endorsement certificate leads to a root that the operator trusts.
 *
 * TCG EK Credential Profile for TPM Family 2.0, 2.5, section 3 for what the certificate must be.
 * Roots are the operator's; the caller reads the files. No address inside a certificate is ever
 * followed: a missing intermediate is named together with the address that the certificate gives,
 * for a person to look at. */
#ifndef TB_CRYPTO_EK_H
#define TB_CRYPTO_EK_H

#include "core/tpm_class.h"
#include "crypto/cert.h"

#define TB_EK_CHAIN_MAX 8 /* certificates that a host may send beside its EK certificate */
#define TB_ROOTS_MAX 4096 /* certificates in a set of roots and intermediates */

/* ---- the operator's roots and intermediates ---- */

struct tb_roots; /* may be read by many threads at once once it is filled */

/* The caller frees. NULL: out of memory. */
struct tb_roots *tb_roots_new(void);
void tb_roots_free(struct tb_roots *r); /* NULL is a no-op */

/* Add the certificates of one file: PEM, one or many, or one DER. A self-issued certificate becomes
 * a root, every other an intermediate, which is trusted only through a root. One already there is
 * not added twice. name: the file's, for *why. All or nothing.
 * Refuses what is no certificate, and a file without any. */
TB_MUST_CHECK bool tb_roots_add(struct tb_roots *r, struct tb_reader file, const char *name,
                                struct tb_reason *why);
/* The same for a file in which roots have no place: a self-issued certificate is refused. */
TB_MUST_CHECK bool tb_roots_add_intermediates(struct tb_roots *r, struct tb_reader file,
                                              const char *name, struct tb_reason *why);
/* Let the root with this SHA-256 (of its DER) have intermediates that are signed with SHA-1, which
 * are refused otherwise. False: there is no such root in the set. */
TB_MUST_CHECK bool tb_roots_allow_sha1(struct tb_roots *r, const uint8_t sha256[32]);
size_t tb_roots_count(const struct tb_roots *r);         /* roots */
size_t tb_roots_intermediates(const struct tb_roots *r); /* the others */

/* What a certificate of the set says, for a person to look at. */
struct tb_root_facts {
    bool root;       /* self-issued; else an intermediate */
    bool allow_sha1; /* tb_roots_allow_sha1() */
    bool has_times;  /* false: its validity is no two times, and the next two mean nothing */
    int64_t not_before_s, not_after_s;
    uint8_t sha256[32]; /* of the DER */
    char subject[TB_CERT_NAME_MAX];
    char issuer[TB_CERT_NAME_MAX];
};

/* The i-th certificate in the order in which they were added; i is less than roots and
 * intermediates together. */
void tb_roots_get(const struct tb_roots *r, size_t i, struct tb_root_facts *out);
/* The same as PEM; the caller frees. NULL: out of memory. */
char *tb_roots_pem(const struct tb_roots *r, size_t i);
/* True if the i-th certificate can vouch for another: it is a CA, and leads to a root of the set by
 * the rules that hold above an endorsement certificate. Dates are not looked at. why: as of
 * tb_ek_cert_check ("missing issuer": expected is the issuer, observed its address). */
TB_MUST_CHECK bool tb_roots_check(const struct tb_roots *r, size_t i, struct tb_reason *why);

/* ---- certificates as they lie in a TPM's NV memory ---- */

/* Cut what surrounds the DER: padding of nothing but 0xFF or nothing but 0x00 behind it (ST33), and
 * the TPM 1.2 header 10 01 00 with a 16-bit length in front. Any other byte behind is refused.
 * *out points into in. */
TB_MUST_CHECK bool tb_ek_cert_trim(struct tb_reader in, struct tb_reader *out,
                                   struct tb_reason *why);

/* Split an NV area of concatenated certificates (0x01c00100 and following, put together) into its
 * certificates. *n: how many, at most TB_EK_CHAIN_MAX. */
TB_MUST_CHECK bool tb_ek_chain_split(struct tb_reader in, struct tb_reader out[TB_EK_CHAIN_MAX],
                                     size_t *n, struct tb_reason *why);

/* ---- the verdict ---- */

/* What a certificate says. Only believed when tb_ek_cert_check returned true. */
struct tb_ek_facts {
    char manufacturer[32];       /* 2.23.133.2.1, "id:00001014" */
    char model[64];              /* 2.23.133.2.2 */
    char version[32];            /* 2.23.133.2.3 */
    uint32_t vendor;             /* that manufacturer as a number; 0 unknown */
    enum tb_tpm_class tpm_class; /* by it and the issuer: what the certificate says, no proof */
    uint8_t sha256[32];          /* of the certificate's DER */
    int64_t not_before_s, not_after_s;
    char subject[TB_CERT_NAME_MAX];
    char issuer[TB_CERT_NAME_MAX];
    char root[TB_CERT_NAME_MAX]; /* subject of the root that it leads to; "" none */
    bool expired;                /* it or a certificate above it: outside its validity at now_s */
    size_t n_ignored;            /* certificates of the chain that are none, and so were not used */
    bool no_tcg_usage;           /* without the extended key usage 2.23.133.8.1: allowed, shown */
};

struct tb_ek_rules {
    int64_t now_s;      /* seconds since 1970, UTC */
    bool allow_expired; /* a TPM outlives its certificate; default: refuse */
};

/* True if cert is an endorsement certificate about the key `ek`, and leads to one of the roots.
 *
 * cert   as read from NV; trimmed here
 * chain  certificates that the host sent; helpers only, never trusted by themselves
 * out    written in any case, as far as it was read: a pending host is shown with it
 * why    written on failure: TB_CHECK_IDENTITY_EK_CERT; TB_CHECK_IDENTITY_EK_KEY when the
 *        certificate is about another key; TB_CHECK_IDENTITY_EK_EXPIRED when it is good but for
 *        its dates or those above it, which are looked at last. `where` says which rule
 *        ("self-signed", "expired", "key usage", "extended key usage", "unknown root",
 *        "missing issuer", "weak signature", ...) and expected or observed the certificate at
 *        fault. */
TB_MUST_CHECK bool tb_ek_cert_check(const struct tb_roots *roots, const struct tb_ek_rules *rules,
                                    struct tb_reader cert, const struct tb_reader *chain,
                                    size_t n_chain, const struct tb_public *ek,
                                    struct tb_ek_facts *out, struct tb_reason *why);

#endif
