/* tests/unit/test_certs.h - certificates made on the spot, good and broken on purpose. */
#ifndef TB_TESTS_TEST_CERTS_H
#define TB_TESTS_TEST_CERTS_H

#include "tests/unit/test_support.h"

#include <openssl/evp.h>

#define TEST_NOW_S INT64_C(1790000000) /* 2026 */

/* What a certificate shall be. Zeroed members take the good value. */
struct test_cert {
    const char *subject; /* common name; NULL: empty subject */
    EVP_PKEY *key;       /* the subject's; only its public half is used */
    const char *issuer;  /* common name; NULL: the subject's own (self-issued) */
    EVP_PKEY *issuer_key;
    int64_t not_before_s, not_after_s; /* 0: one year around TEST_NOW_S */
    const char *basic; /* values of extensions as OpenSSL's configuration writes them */
    const char *key_usage;
    const char *extended;
    const char *aia;
    const char *alt_name;         /* e.g. "critical,DNS:x"; NULL: the TCG's if tcg_alt_name */
    bool tcg_alt_name;            /* critical directory name with manufacturer, model, version */
    const char *manufacturer;     /* NULL: "id:00001014" */
    const char *unknown_critical; /* OID of a critical extension that nobody knows */
    bool bad_start, bad_time;     /* month 13 in notBefore, in notAfter */
    bool sha1, md5;               /* signed with; else SHA-256 */
};

/* DER into out. */
void test_cert_make(const struct test_cert *c, struct test_bytes *out);

#endif
