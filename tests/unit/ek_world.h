/* tests/unit/ek_world.h - root <- intermediate <- EK certificate, and what is wrong with one of
 * them. */
#ifndef TB_TESTS_EK_WORLD_H
#define TB_TESTS_EK_WORLD_H

#include "crypto/ek.h"
#include "tests/unit/test_certs.h"

#define CA_BASIC "critical,CA:TRUE"
#define CA_USAGE "critical,keyCertSign"
#define AIA "caIssuers;URI:http://example.invalid/issuer.crt"

/* Made once for all tests. */
extern EVP_PKEY *root_key, *inter_key, *ek_key, *rsa_key, *other_key;
extern uint8_t ek_point[65], ek_n[256];
extern struct tb_public ek_public, rsa_public;
extern struct test_bytes root, inter;
extern struct tb_ek_rules rules;
extern const struct test_cert good_root, good_inter, good_ek;

int make_keys(void **state);
int drop_keys(void **state);
struct tb_roots *roots_with(const struct test_bytes *first, const struct test_bytes *second);
/* An EK certificate, by the intermediate and about ek_key where parts does not say otherwise. */
void make_ek(const struct test_cert *parts, struct test_bytes *out);
bool check_in(struct tb_roots *r, const struct test_bytes *cert, const struct tb_public *ek,
              struct tb_ek_facts *f, struct tb_reason *why);
/* For TB_CHECK_IDENTITY_EK_CERT, and for the check given. */
void refused_in(struct tb_roots *r, const struct test_bytes *cert, const char *where,
                const char *observed);
void refused_by(struct tb_roots *r, const struct test_bytes *cert, enum tb_check check,
                const char *where, const char *observed);
/* Refused with root and intermediate in place, for the reason given. */
void refused(const struct test_cert *parts, const char *where, const char *observed);

#endif
