/* What the tests of the store share: a fresh store on each backend, and short ways to fill it. */
#ifndef TB_TESTS_STORE_TEST_SUPPORT_H
#define TB_TESTS_STORE_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "store/store.h"

#define T0 INT64_C(1700000000000) /* "now" of the tests */

struct place {
    char dir[64];
    char path[96]; /* of the database, where the backend has one file */
    struct tb_store *s;
};

/* cmocka setup and teardown: *state is a struct place with an open store. */
int place_new(void **state);
int place_free(void **state);
struct tb_store *place_open(struct place *p); /* one more handle on the same database */

extern const struct tb_store_by op; /* an operator, at T0 */
struct tb_store_by at(int64_t ms);  /* the same, T0 + ms */

void fill(uint8_t *out, size_t n, unsigned seed); /* bytes that differ by seed */
const char *host_id(unsigned n);                  /* of host n; lives until 16 calls later */

/* Host n with a TPM 2.0, active, in group "lab". */
void add_host(struct tb_store *s, unsigned n);
/* The same from a struct that the caller may change first. */
struct new_host {
    struct tb_host_new h;
    char id[33], name[40];
    uint8_t ek[32], token[32], ak[90], ak_name[34], ek_public[120], ek_certificate[700];
    struct tb_host_facts facts;
};
void new_host(struct new_host *out, unsigned n);

/* Evidence for host n with nonce `nonce`; give_nonce puts the challenge. */
struct evidence {
    struct tb_appraised a;
    uint8_t quote[140], signature[70], content[300], log[5000], pcrs[900], result[600];
    uint8_t log_digest[32], pcrs_digest[32], result_digest[32];
};
void evidence(struct evidence *out, const char *id, unsigned nonce, enum tb_verdict verdict,
              int64_t now_ms);
void give_nonce(struct tb_store *s, const char *id, unsigned nonce, int64_t now_ms);
/* Challenge and evidence in one, expecting success. */
struct tb_accepted attest(struct tb_store *s, const char *id, unsigned nonce,
                          enum tb_verdict verdict, int64_t now_ms);

#define assert_status(got, want)                                                                   \
    do {                                                                                           \
        enum tb_store_status got_ = (got);                                                         \
        if (got_ != (want))                                                                        \
            fail_msg("%s is %s, not %s", #got, tb_store_status_name(got_),                         \
                     tb_store_status_name(want));                                                  \
    } while (0)
#define assert_ok(got) assert_status(got, TB_STORE_OK)

#endif
