/* tests/unit/small_world.h - chains made on the spot, good ones and ones with single faults, for
 * both verifiers of code signatures. */
#ifndef TB_TESTS_SMALL_WORLD_H
#define TB_TESTS_SMALL_WORLD_H

#include "crypto/codesign.h"
#include "tests/unit/test_support.h"

#include <openssl/evp.h>

#define SMALL_NOW_S INT64_C(1790000000) /* 2026 */

#define SMALL_SIGNATURE_MAX 640 /* bytes; of keys that are too long, too */

enum small_who { SMALL_LEAF, SMALL_MIDDLE, SMALL_ROOT, SMALL_OTHER, N_SMALL };

/* One certificate. NULL: the good value of whom it is for; "": without that extension. */
struct small_spec {
    const char *basic, *usage, *extended, *key_id, *issuer_key_id;
    const char *level, *level_again;
    const char *more, *more_value; /* an extension more: OID, and its value as hex */
    bool more_critical, extended_critical;
    const char *hash, *kind; /* of the signature; of the key: "P-384", "RSA 3072", ... */
    int64_t before_s, after_s;
    int version;
    const char *subject, *issuer;
};

struct small_case {
    const char *name;
    const char *order; /* what the package brings: letters L, M, R, O; NULL: "LM" */
    struct small_spec cert[N_SMALL];
    enum tb_code_scheme scheme; /* 0: P-384 */
    int64_t signed_s;           /* 0: now */
    bool direct;                /* the root itself issued the leaf */
    bool two_middles;           /* the root issued the other one, and that the middle one */
    bool is_good;
    bool only_small_refuses;
};

struct small_made {
    struct test_bytes der[N_SMALL];
    size_t n_chain;
    struct tb_reader chain[8];
    uint8_t value[SMALL_SIGNATURE_MAX];
    struct tb_reader signature;
};
extern const struct tb_reader small_text; /* what is signed */

/* Keys are made once for each kind and person. */
EVP_PKEY *small_key(const char *kind, enum small_who who);
/* Signs der's body, which somebody changed, anew with an RSA key, as the issuer would. */
void small_sign_again(struct test_bytes *der, EVP_PKEY *issuer);
/* The same certificate with the other of the two ECDSA signatures that each one is (P-384). */
void small_write_otherwise(struct test_bytes *der);
void small_make(const struct small_case *c, struct small_made *out);
size_t small_sign(EVP_PKEY *key, struct tb_reader text, uint8_t out[SMALL_SIGNATURE_MAX]);

#endif
