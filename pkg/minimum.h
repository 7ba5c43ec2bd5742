/* pkg/minimum.h - security versions below which packages are not accepted any more.
 *
 * What the loader keeps in the firmware, and the Verifier of each host: the highest version of each
 * package that was started, or trusted. Canonical text, lines "NAME SECURITY-VERSION" in rising
 * order of names; no line at all is a list, too. */
#ifndef TB_PKG_MINIMUM_H
#define TB_PKG_MINIMUM_H

#include "pkg/bootconf.h"

#define TB_MINIMUM_LEN_MAX 8192 /* bytes of the text */

struct tb_minimum {
    size_t n;
    struct {
        char name[TB_PKG_NAME_MAX + 1];
        uint32_t security_version;
    } package[TB_SET_PACKAGES_MAX];
};

/* in: exactly one list. *out is empty after a failure; *why (TB_CHECK_PACKAGE_FORMAT). */
TB_MUST_CHECK bool tb_minimum_parse(struct tb_reader in, struct tb_minimum *out,
                                    struct tb_reason *why);
/* Returns the number of bytes. */
size_t tb_minimum_print(const struct tb_minimum *m, char out[TB_MINIMUM_LEN_MAX]);
/* 0: none. */
uint32_t tb_minimum_of(const struct tb_minimum *m, struct tb_reader name);
/* Never lowers. name: tb_is_package_name(). False: no room for another name. */
TB_MUST_CHECK bool tb_minimum_raise(struct tb_minimum *m, struct tb_reader name,
                                    uint32_t security_version);
/* Raises to what a whole set has. Where there is no room for one of its names, the first name that
 * the set does not have goes, so a set always fits. True: something changed. */
bool tb_minimum_take(struct tb_minimum *m, const struct tb_minimum *of_set);

#endif
