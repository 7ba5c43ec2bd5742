/* tests/unit/package_builder.h - whole packages, signed by vendors made on the spot. */
#ifndef TB_TESTS_PACKAGE_BUILDER_H
#define TB_TESTS_PACKAGE_BUILDER_H

#include "crypto/pki.h"
#include "pkg/verify.h"
#include "tests/unit/test_support.h"

#define PACKAGE_NOW_S INT64_C(1790000000) /* 2026 */

/* A root and a signer under it. */
struct test_vendor {
    struct tb_pki_pair root, signer;
    struct tb_code_key *key;
};
/* level: of the signer's certificate; NULL: none said. With keys of P-384, or of that scheme. */
struct test_vendor *test_vendor_new(const char *level);
struct test_vendor *test_vendor_make(enum tb_code_scheme scheme, const char *level);
void test_vendor_free(struct test_vendor *v);
/* Vendors that are trusted: the roots of these. The caller frees. */
struct tb_vendors *test_vendors_of(const struct test_vendor *a, const struct test_vendor *b);

/* The first certificate. */
void test_pem_to_der(const char *pem, struct test_bytes *out);

struct test_package {
    uint8_t bytes[1 << 20];
    size_t len;
    uint8_t signature_value[TB_SIGNERS_MAX][TB_CODE_SIGNATURE_MAX];
    struct tb_signatures signatures;
};
/* A manifest of one payload "a.txt" with this content, at level accepted, security version 3. */
extern const char test_payload[];
void test_manifest(struct tb_manifest *m);
/* Sign the text by each vendor (b may be NULL), and put a container together. */
void test_package_make(struct test_package *p, struct tb_reader manifest,
                       const struct test_vendor *a, const struct test_vendor *b, int64_t signed_s);
/* The same for payloads of one's own; sizes and digests are put into *m. */
void test_package_of(struct test_package *p, struct tb_manifest *m, const struct tb_reader *payload,
                     const struct test_vendor *v);
/* Manifest and signature alone: what a host sends of a package. */
void test_package_head(struct test_package *p, struct tb_reader manifest,
                       const struct test_vendor *a, const struct test_vendor *b, int64_t signed_s);
/* Text of *m; static storage. */
struct tb_reader test_manifest_text(const struct tb_manifest *m);

/* A small PE32+ image of two sections. Returns its length. */
size_t test_pe_build(uint8_t out[4096]);

#endif
