/* pkg/bootconf.h - boot.conf: which boot set is started, and how.
 *
 * On the EFI system partition, not signed, measured before it is read. Canonical text:
 *
 *     trueboot-boot 1
 *     default SET               a or b
 *     good SET                  at most once each, a first: the set came up whole once
 *     quiet                     optional: the loader says only what stops it
 *     append TEXT               optional: added to the kernel's command line
 *     end
 */
#ifndef TB_PKG_BOOTCONF_H
#define TB_PKG_BOOTCONF_H

#include "pkg/lines.h"

#define TB_BOOTCONF_LEN_MAX 2048 /* bytes of the file */
#define TB_APPEND_MAX 1024       /* characters */
#define TB_COMMAND_LINE_MAX 2047 /* characters; the kernel's own limit without its NUL */
#define TB_N_BOOT_SETS 2
#define TB_SET_PACKAGES_MAX 64 /* packages of a set */

struct tb_bootconf {
    char start;                /* 'a' or 'b' */
    bool good[TB_N_BOOT_SETS]; /* a, b */
    bool quiet;
    struct tb_reader append; /* printable ASCII, no space at its ends; empty: none. Borrowed */
};

/* in: exactly one file. *out is zero after a failure; *why (TB_CHECK_PACKAGE_FORMAT, "line N"). */
TB_MUST_CHECK bool tb_bootconf_parse(struct tb_reader in, struct tb_bootconf *out,
                                     struct tb_reason *why);
/* The canonical text. False: it does not fit, or *c holds what no file may. */
TB_MUST_CHECK bool tb_bootconf_print(const struct tb_bootconf *c, char *buf, size_t cap,
                                     size_t *out_len);

/* The text of the file `in`, with the line `good SET` or without it. False, and *why: `in` is no
 * such file, or there is no room for one more line. */
TB_MUST_CHECK bool tb_bootconf_mark(struct tb_reader in, char set, bool good,
                                    char out[TB_BOOTCONF_LEN_MAX], size_t *out_len,
                                    struct tb_reason *why);

/* The kernel's command line: the base package's option `cmdline`, what the configuration appends,
 * and the set, one space between them. out: with its NUL. False, and *why: too long. */
TB_MUST_CHECK bool tb_boot_command_line(struct tb_reader signed_part, struct tb_reader append,
                                        char set, char out[TB_COMMAND_LINE_MAX + 1],
                                        struct tb_reason *why);

#endif
