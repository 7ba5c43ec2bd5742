/* core/alg.h - the algorithms of a TPM that this program knows, by their TCG numbers.
 *
 * TCG Algorithm Registry, rev 01.34, table 3. The set is closed: what is not here is unknown, and
 * unknown is refused (keys, signatures) or skipped by its declared size (PCR banks of a log). */
#ifndef TB_CORE_ALG_H
#define TB_CORE_ALG_H

#include "core/reader.h"

enum {
    TB_ALG_RSA = 0x0001,
    TB_ALG_SHA1 = 0x0004,
    TB_ALG_HMAC = 0x0005,
    TB_ALG_AES = 0x0006,
    TB_ALG_KEYEDHASH = 0x0008,
    TB_ALG_SHA256 = 0x000B,
    TB_ALG_SHA384 = 0x000C,
    TB_ALG_SHA512 = 0x000D,
    TB_ALG_NULL = 0x0010,
    TB_ALG_SM3_256 = 0x0012,
    TB_ALG_RSASSA = 0x0014,
    TB_ALG_RSAPSS = 0x0016,
    TB_ALG_ECDSA = 0x0018,
    TB_ALG_ECDAA = 0x001A,
    TB_ALG_SM2 = 0x001B,
    TB_ALG_ECC = 0x0023,
    TB_ALG_SYMCIPHER = 0x0025,
    TB_ALG_CFB = 0x0043,
};

enum { TB_CURVE_P256 = 0x0003, TB_CURVE_P384 = 0x0004, TB_CURVE_P521 = 0x0005 };

/* A PCR bank, that is a hash algorithm, as a small number for tables. The order is by strength. */
enum tb_bank { TB_BANK_SHA1, TB_BANK_SHA256, TB_BANK_SHA384, TB_BANK_SHA512, TB_N_BANKS };

#define TB_DIGEST_MAX 64 /* bytes of the longest digest, SHA-512 */
#define TB_N_PCRS 24     /* PCRs of a PC Client TPM (PC Client Platform TPM Profile 1.05, 4.6) */

/* The bank of a TPM algorithm id; false for every id that is not one of the four. */
TB_MUST_CHECK bool tb_bank_of_alg(uint16_t alg, enum tb_bank *out);
uint16_t tb_bank_alg(enum tb_bank bank);
size_t tb_bank_digest_len(enum tb_bank bank); /* bytes: 20, 32, 48, 64 */
const char *tb_bank_name(enum tb_bank bank);  /* "sha1", "sha256", ...: used in JSON and files */
TB_MUST_CHECK bool tb_bank_of_name(const char *name, enum tb_bank *out);

#endif
