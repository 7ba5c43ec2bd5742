/* core/public.h - the public area of a TPM object: parse, judge against a template, name.
 *
 * TPM 2.0 Library Part 2, rev 01.59: 12.2.4 TPMT_PUBLIC, 8.3 TPMA_OBJECT. TCG EK Credential
 * Profile 2.5, annex B for the templates of endorsement keys. */
#ifndef TB_CORE_PUBLIC_H
#define TB_CORE_PUBLIC_H

#include "core/reason.h"
#include "core/alg.h"
#include "crypto/hash.h"
#include "crypto/key.h"

/* TPMA_OBJECT bits (Part 2, 8.3.2). */
enum {
    TB_OBJECT_FIXED_TPM = 1 << 1,
    TB_OBJECT_ST_CLEAR = 1 << 2,
    TB_OBJECT_FIXED_PARENT = 1 << 4,
    TB_OBJECT_SENSITIVE_DATA_ORIGIN = 1 << 5,
    TB_OBJECT_USER_WITH_AUTH = 1 << 6,
    TB_OBJECT_ADMIN_WITH_POLICY = 1 << 7,
    TB_OBJECT_NO_DA = 1 << 10,
    TB_OBJECT_ENCRYPTED_DUPLICATION = 1 << 11,
    TB_OBJECT_RESTRICTED = 1 << 16,
    TB_OBJECT_DECRYPT = 1 << 17,
    TB_OBJECT_SIGN = 1 << 18,
};

/* What an attestation key must be, bit for bit. */
#define TB_AK_ATTRIBUTES                                                                           \
    (TB_OBJECT_FIXED_TPM | TB_OBJECT_FIXED_PARENT | TB_OBJECT_SENSITIVE_DATA_ORIGIN |              \
     TB_OBJECT_USER_WITH_AUTH | TB_OBJECT_NO_DA | TB_OBJECT_RESTRICTED | TB_OBJECT_SIGN)

#define TB_PUBLIC_MAX 1024 /* bytes of the longest public area accepted */
#define TB_NAME_MAX 66     /* bytes of the longest Name: algorithm and SHA-512 digest */

struct tb_public {
    uint16_t type; /* TB_ALG_RSA or TB_ALG_ECC; others are refused */
    enum tb_bank name_alg;
    uint32_t attributes;
    struct tb_reader auth_policy; /* empty or a digest */
    uint16_t symmetric;           /* TB_ALG_NULL or TB_ALG_AES */
    uint16_t symmetric_bits;      /* 0, 128, 192, 256 */
    uint16_t symmetric_mode;      /* 0 or TB_ALG_CFB */
    uint16_t scheme;              /* TB_ALG_NULL, RSASSA, RSAPSS or ECDSA */
    enum tb_bank scheme_hash;     /* meaningless when scheme is TB_ALG_NULL */
    uint16_t rsa_bits;            /* RSA: 1024 to 4096 */
    uint32_t rsa_exponent;        /* RSA: 65537 where the TPM writes 0 */
    uint16_t curve;               /* ECC */
    struct tb_reader n_or_x;      /* RSA: modulus; ECC: x */
    struct tb_reader y;           /* ECC: y; RSA: empty */
};

/* in is exactly one TPMT_PUBLIC (no TPM2B size), borrowed. why: `check`, given by the caller. */
TB_MUST_CHECK bool tb_public_parse(struct tb_reader in, enum tb_check check, struct tb_public *out,
                                   struct tb_reason *why);

/* True if in is exactly what our AK template gives for its own unique field: the public area is
 * rebuilt and the whole compared. On failure *why (TB_CHECK_IDENTITY_AK) names the first thing that
 * differs: each attribute bit by its name, type, scheme, hash, size, policy.
 * What is accepted is the table ak_templates in public.c: ECC P-256 and P-384, RSA 2048 and 3072,
 * each with its schemes and name algorithms. */
TB_MUST_CHECK bool tb_public_check_ak(struct tb_reader in, struct tb_public *out,
                                      struct tb_reason *why);

/* True if in is an endorsement key by one of the profile's templates (low range L-1 and L-2, high
 * range H-1 to H-7 without SM2), compared as a whole in the same way; the unique field apart.
 * why: TB_CHECK_IDENTITY_EK_KEY. */
TB_MUST_CHECK bool tb_public_check_ek(struct tb_reader in, struct tb_public *out,
                                      struct tb_reason *why);

/* The object's Name (Part 1, 16): algorithm id and digest of the public area. in is the bytes that
 * `pub` was parsed from. out_len: bytes written. Returns false only if the crypto library fails. */
TB_MUST_CHECK bool tb_public_name(struct tb_reader in, const struct tb_public *pub,
                                  struct tb_hasher *h, uint8_t out[TB_NAME_MAX], size_t *out_len);

/* The key for verifying signatures; the caller frees. NULL: the numbers are no key. */
struct tb_key *tb_public_key(const struct tb_public *pub);

#endif
