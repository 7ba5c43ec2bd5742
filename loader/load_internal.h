/* loader/load_internal.h - between the files of the loader's logic. */
#ifndef TB_LOADER_LOAD_INTERNAL_H
#define TB_LOADER_LOAD_INTERNAL_H

#include "loader/load.h"

enum { TB_PCR_BASE = 12, TB_PCR_OTHERS = 13, TB_PCR_SETTINGS = 14 };

/* A line for people. All that the logic says is a fault, so `quiet` silences none of it. */
void tb_loader_say(const struct tb_loader *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Measures one record. False: nothing may be started any more, and it was said. */
TB_MUST_CHECK bool tb_loader_record(struct tb_loader *l, unsigned pcr, const struct tb_record *r);

TB_MUST_CHECK bool tb_loader_hash(struct tb_loader *l, enum tb_bank bank, struct tb_reader in,
                                  uint8_t *out, size_t out_len);

/* Part of a file into memory that the loader takes. False: *why says what failed. */
TB_MUST_CHECK bool tb_loader_read(struct tb_loader *l, const char *path, uint64_t at, uint64_t len,
                                  struct tb_module *out, struct tb_reason *why);
void tb_loader_give_back(const struct tb_loader *l, struct tb_module *m);

static inline char tb_other_set(char set)
{
    return set == 'a' ? 'b' : 'a';
}

/* The packages of a set into l->file, in order. Returns their number; more than fit: one more. */
size_t tb_loader_list(struct tb_loader *l, char set);
/* Measures, verifies and reads a whole set into l->boot. False: l->fault, and it was said. */
TB_MUST_CHECK bool tb_loader_set(struct tb_loader *l, char set);
/* Of a set that is loaded whole. False as tb_loader_record(). */
TB_MUST_CHECK bool tb_loader_raise_minimum(struct tb_loader *l);
/* Gives back what a set took. */
void tb_loader_drop(struct tb_loader *l);

#endif
