/* tests/unit/loader_world.h - a machine in memory for loader/load.c: files, firmware, a TPM that
 * keeps what it is given. */
#ifndef TB_TESTS_LOADER_WORLD_H
#define TB_TESTS_LOADER_WORLD_H

#include "loader/load.h"
#include "tests/unit/package_builder.h"

#define WORLD_FILES_MAX 80
#define WORLD_RECORDS_MAX 256

struct world_file {
    char path[256]; /* below \trueboot; empty: none */
    uint8_t *p;
    size_t len;
    bool unreadable;
};

struct world_variable {
    bool is_there, cannot_be_read, cannot_be_set;
    size_t len;
    uint8_t value[TB_MINIMUM_LEN_MAX];
};

struct world {
    /* what there is */
    struct world_file file[WORLD_FILES_MAX];
    size_t n_files;
    struct world_variable variable[2];
    const char *secure_boot, *asset_tag;
    unsigned measure_fails_at, log_is_full_at; /* the nth measurement, from 1; 0: never */
    unsigned take_fails_at;
    /* what was done */
    unsigned n_measured, n_taken;
    size_t held; /* bytes taken and not given back */
    struct {
        unsigned pcr;
        size_t len;
        uint8_t event[TB_RECORD_LEN_MAX];
    } record[WORLD_RECORDS_MAX];
    size_t n_records;
    char said[65536];
    /* the loader in it */
    struct test_vendor *vendor, *stranger;
    struct tb_vendors *vendors;
    struct tb_loader *l;
};

struct world *world_new(void); /* Secure Boot on, no files */
void world_free(struct world *w);
/* Adds or replaces; NULL: takes away. */
void world_put(struct world *w, const char *path, const void *p, size_t len);
void world_put_text(struct world *w, const char *path, const char *text);
struct world_file *world_file(struct world *w, const char *path);

/* A package of set `set`, signed by v, its file named as it should be. Change *m before. */
struct tb_manifest *world_base(void);  /* "base": kernel, initrd, root hash, system */
struct tb_manifest *world_extra(void); /* "extra": an initrd, a file */
/* "loader": a file only; like extra, in static storage of its own */
struct tb_manifest *world_plain(void);
void world_package(struct world *w, char set, struct tb_manifest *m, const struct test_vendor *v);
/* base, extra and plain, version 1, and boot.conf "default a". */
void world_good(struct world *w, char set);
void world_conf(struct world *w, const char *lines);

/* A fresh loader in this world, as after a reset: what was done is forgotten. */
bool world_boot(struct world *w);
void world_give_back(struct world *w); /* what the loader still holds */
/* "14 secure-boot on", ... one a line; digests are left out, larger numbers are N. Static storage.
 */
const char *world_records(const struct world *w);

#endif
