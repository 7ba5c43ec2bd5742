/* tests/unit/chain_world.h - a whole boot of Trueboot's own chain, made in memory.
 *
 *     struct chain *c = chain_new();       three packages, signed by chain_vendor
 *     c->package[BASE].m...., c->append    change what is installed
 *     chain_records(c);                    the records that loader and user space then measure
 *     chain_find(c, TB_RECORD_END, 0)->... change what is measured
 *     chain_finish(c);                     logs, PCR values and metadata follow
 *     c->in....                            change what is sent
 *     chain_appraise(c); ... c->result ...
 *     chain_free(c); */
#ifndef TB_TESTS_CHAIN_WORLD_H
#define TB_TESTS_CHAIN_WORLD_H

#include "core/appraise.h"
#include "core/cel.h"
#include "tests/unit/log_builder.h"
#include "tests/unit/package_builder.h"

enum { BASE, LOADER, HELLO, N_CHAIN_PACKAGES };
#define CHAIN_PACKAGES_MAX 6
#define CHAIN_EVENTS_MAX 512

struct chain_package {
    struct tb_manifest m;
    const struct test_vendor *by; /* who signs */
    bool measured, sent;
    uint8_t head[8192]; /* after chain_records(): manifest and signature */
    size_t head_len;
    struct tb_reader manifest_text; /* in head */
};

struct chain_event {
    uint32_t pcr; /* 11 stands in the user log */
    struct tb_record r;
    struct tb_reader hashed;  /* p != NULL: the digests are of this */
    struct tb_reader instead; /* p != NULL: the data, and the digests of it */
    bool in_firmware_log;     /* of PCR 11 */
    uint8_t data[TB_RECORD_LEN_MAX];
    size_t len;
};

struct chain {
    /* what is installed and set */
    uint32_t banks;
    struct chain_package package[CHAIN_PACKAGES_MAX];
    size_t n_packages;
    const char *signed_options, *append;
    char start, set;
    bool no_configuration, secure_boot_off;
    const char *program;        /* image that PCR 4 measures */
    const char *kernel_options; /* that the kernel measures; NULL: those of the loader */
    struct tb_policy policy;
    struct tb_minimum versions;
    /* what is measured */
    size_t n;
    struct chain_event event[CHAIN_EVENTS_MAX];
    char configuration[TB_BOOTCONF_LEN_MAX], line[TB_COMMAND_LINE_MAX + 1];
    struct log_builder *log;
    /* what is sent, and what becomes of it */
    struct tb_pcrs quoted;
    uint8_t cel[TB_CEL_LEN_MAX], metadata[64 * 1024];
    size_t cel_len, metadata_len;
    struct tb_hasher *h;
    struct tb_boot_input in;
    struct tb_quote_result quote;
    struct tb_boot_result boot;
    struct tb_result result;
};

/* Vendors of the whole program: trusted by the policy, for packages of any level; trusted, for the
 * lowest level; not trusted. */
extern struct test_vendor *chain_vendor, *chain_weak_vendor, *chain_foreign_vendor;
int chain_vendors_make(void **state); /* group set-up and tear-down */
int chain_vendors_free(void **state);

struct chain *chain_new(void);
void chain_free(struct chain *c);
void chain_records(struct chain *c);
/* The nth record of this kind. */
struct chain_event *chain_find(struct chain *c, enum tb_record_kind kind, size_t nth);
/* Behind all others. */
struct chain_event *chain_add(struct chain *c, uint32_t pcr, const struct tb_record *r);
void chain_remove(struct chain *c, struct chain_event *e);
/* The two change places. */
void chain_swap(struct chain_event *a, struct chain_event *b);
/* The firmware's events, to be changed; and then all the others. */
void chain_firmware(struct chain *c);
void chain_rest(struct chain *c);
void chain_finish(struct chain *c); /* both */
void chain_appraise(struct chain *c);
/* chain_records(), chain_finish(), chain_appraise() */
void chain_run(struct chain *c);

/* A good boot with one thing changed; each function may be NULL. */
struct chain_change {
    const char *what;
    const char *code; /* that leads; the verdict follows from what the policy asks; "": trusted */
    void (*installed)(struct chain *c); /* before chain_records() */
    void (*measured)(struct chain *c);  /* before chain_finish() */
    void (*sent)(struct chain *c);      /* before chain_appraise() */
};
struct chain *chain_changed(const struct chain_change *change);
void chain_run_changes(const struct chain_change *list, size_t n);
#define RUN(list) chain_run_changes(list, sizeof list / sizeof list[0])
#define S(text) tb_slice(text, strlen(text))

/* The verdict and the code behind it; "": none. */
void chain_expect(const struct chain *c, enum tb_verdict verdict, const char *code);
const struct tb_reason *chain_reason(const struct chain *c, enum tb_check check);

#endif
