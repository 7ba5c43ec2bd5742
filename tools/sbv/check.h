/* tools/sbv/check.h - trueboot-sbv --check: could Secure Boot be on here? Private to check*.c. */
#ifndef TB_TOOLS_SBV_CHECK_H
#define TB_TOOLS_SBV_CHECK_H

#include "crypto/authenticode.h"
#include "crypto/hash.h"
#include "tools/sbv/firmware.h"
#include "tools/sbv/sbv.h"

#define CHECK_PATH_MAX 1024
#define CHECK_DIGESTS_MAX 4096 /* of db or dbx */

/* A Secure Boot list: certificates, and digests of programs. */
struct check_list {
    struct tb_program_keys *keys;
    size_t n;
    uint8_t (*digest)[32];
};

struct check {
    const struct sbv *s;
    struct tb_hasher *hasher;
    struct check_list db, dbx;
    struct tb_program_keys *shim; /* what shim vouches for: its own vendor's key, and the MOKs */
    unsigned stops;
};

/* A line: what is in order, or what stands in the way with what to do. */
void check_ok(const char *what, const char *why);
void check_stop(struct check *c, const char *what, const char *why, const char *to_do);

/* check_keys.c. False: told. */
TB_MUST_CHECK bool check_keys_open(struct check *c);
void check_keys_close(struct check *c);
/* Takes the certificates of a list of signatures, or the one certificate that the bytes are. */
void check_keys_take(struct tb_reader bytes, struct tb_program_keys *keys);
bool check_list_has(const struct check_list *l, const uint8_t sha256[32]);

/* check_programs.c */
void check_programs(struct check *c);
/* check_modules.c */
void check_modules(struct check *c);
#endif
