/* tests/unit/test_support.h - building what a TPM would send, for tests.
 *
 * A software AK makes public areas, quotes and signatures that differ from a TPM's in nothing but
 * where the key lives. Every part can be broken on purpose. Failures of the helpers abort. */
#ifndef TB_TESTS_TEST_SUPPORT_H
#define TB_TESTS_TEST_SUPPORT_H

#include "core/pcr.h"
#include "core/public.h"

#include <openssl/evp.h>

/* cmocka wants these before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* ---- bytes ---- */

#define TEST_BYTES_MAX 8192

struct test_bytes {
    size_t n;
    uint8_t b[TEST_BYTES_MAX];
};

void test_put(struct test_bytes *o, const void *p, size_t n);
void test_put_u8(struct test_bytes *o, uint8_t v);
void test_put_u16(struct test_bytes *o, uint16_t v); /* big-endian, as all integers of a TPM */
void test_put_u32(struct test_bytes *o, uint32_t v);
void test_put_u64(struct test_bytes *o, uint64_t v);
void test_put_tpm2b(struct test_bytes *o, struct tb_reader v);
struct tb_reader test_slice(const struct test_bytes *b);

/* A copy of exactly n bytes on the heap, so that ASan sees a read of one byte too far. free() it.
 */
uint8_t *test_memdup(const void *p, size_t n);

/* Canonical text (pkg/lines.h) that was cut to n bytes: *why names the line, and where it is cut
 * within one, that it does not end. */
void test_is_truncated(const char *text, size_t n, const struct tb_reason *why);

/* Path of a file of the corpus under $TRUEBOOT_FIXTURES in a static buffer; skips the running test
 * when the file is not there. */
const char *test_fixture(const char *relative);
/* Whole file into o; false if it cannot be read or is longer than TEST_BYTES_MAX. */
TB_MUST_CHECK bool test_read_file(const char *path, struct test_bytes *o);

/* ---- PCRs ---- */

/* Give PCR i of the bank a value made of its number, and mark it as present. */
void test_pcr_set(struct tb_pcrs *p, enum tb_bank bank, unsigned pcr, uint8_t fill);

/* ---- a software AK ---- */

enum test_ak_kind {
    TEST_AK_P256,    /* ECDSA-SHA256, the template of our agent */
    TEST_AK_P384,    /* ECDSA-SHA384 */
    TEST_AK_RSA2048, /* RSASSA-SHA256 */
    TEST_AK_RSA2048_PSS,
};

struct test_ak;
struct test_ak *test_ak_new(enum test_ak_kind kind); /* generated now; free with test_ak_free */
void test_ak_free(struct test_ak *ak);
/* TPMT_PUBLIC bytes; borrowed from ak. */
struct tb_reader test_ak_public(const struct test_ak *ak);
enum tb_bank test_ak_hash(const struct test_ak *ak);
/* Sign the bytes as TPM2_Quote does with its attestation: out is a TPMT_SIGNATURE. */
void test_ak_sign(const struct test_ak *ak, struct tb_reader attest, struct test_bytes *out);

/* A TPMT_PUBLIC from its parts. */
struct test_public {
    uint16_t type, name_alg;
    uint32_t attributes;
    struct tb_reader policy;
    uint16_t symmetric, symmetric_bits, symmetric_mode;
    uint16_t scheme, scheme_hash;
    uint16_t bits_or_curve;
    uint32_t exponent; /* RSA */
    uint16_t kdf;      /* ECC */
    struct tb_reader n_or_x, y;
};
void test_public_build(const struct test_public *p, struct test_bytes *out);
/* The public area of an endorsement key, P-256 or RSA 2048, by the TCG's template. */
void test_ek_public(EVP_PKEY *key, struct test_bytes *out);
/* The parts of the AK's own area, to be changed and built again; slices borrowed from ak. */
struct test_public test_ak_parts(const struct test_ak *ak);

/* ---- a quote ---- */

struct test_selection {
    uint16_t alg;
    uint8_t size; /* sizeofSelect */
    uint32_t pcrs;
};

struct test_quote {
    uint32_t magic;
    uint16_t type;
    struct tb_reader signer, extra_data;
    uint64_t clock_ms;
    uint32_t reset_count, restart_count;
    uint8_t safe;
    uint64_t firmware_version;
    uint32_t count; /* TPML_PCR_SELECTION.count as written */
    size_t n_selections;
    struct test_selection selection[24];
    struct tb_reader pcr_digest;
};
/* A good quote with the extra data, without selections and digest. */
struct test_quote test_quote_new(struct tb_reader extra_data);
void test_quote_select(struct test_quote *q, enum tb_bank bank, uint32_t pcrs);
void test_quote_build(const struct test_quote *q, struct test_bytes *out);
/* The whole of it: a quote over the values of the selections, signed.
 * Selections are those of sel; pcrDigest is right, by the AK's hash. */
void test_ak_quote(const struct test_ak *ak, struct tb_reader extra_data,
                   const struct tb_pcrs *values, const struct tb_selection *sel, size_t n_sel,
                   struct test_bytes *attest, struct test_bytes *signature);

#endif
