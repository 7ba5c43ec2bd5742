/* core/describe_internal.h - what describe*.c share; for nobody else. */
#ifndef TB_CORE_DESCRIBE_INTERNAL_H
#define TB_CORE_DESCRIBE_INTERNAL_H

#include "core/describe.h"

#define TB_LINE_MAX 1024 /* bytes of a value, NUL included; longer ones are cut */

struct tb_describing {
    const struct tb_log *log;
    const struct tb_event *e;
    uint32_t banks; /* whose digests count */
    struct tb_hasher *h;
    tb_emit emit;
    void *ctx;
    bool whole; /* the digest is the hash of all data */
};

/* The digest of the event is the hash of these bytes, in every bank that counts. */
bool tb_describe_covers(const struct tb_describing *d, struct tb_reader data);
void tb_describe_line(const struct tb_describing *d, bool verified, const char *key,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));
/* As text if it is text, otherwise as hex; either cut to a line. */
void tb_describe_bytes(const struct tb_describing *d, bool verified, const char *key,
                       struct tb_reader in);
void tb_describe_guid(const struct tb_describing *d, bool verified, const char *key,
                      struct tb_reader guid);
void tb_describe_path(const struct tb_describing *d, bool verified, struct tb_reader path);

/* UEFI_VARIABLE_DATA: describe_variable.c */
bool tb_describe_variable(const struct tb_describing *d);

/* TCG_PCClientTaggedEvent, what Windows nests within it included: describe_tagged.c */
bool tb_describe_tagged(const struct tb_describing *d);
/* The same in the EV_NO_ACTION event in which Windows logs its quotes. */
bool tb_describe_trust_point(const struct tb_describing *d);

#endif
