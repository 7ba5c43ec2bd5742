/* pkg/relations.h - do the packages of one boot set go together?
 *
 * Asked by who writes a set, by the Secure Boot Verifier on the host, and by the Verifier; by the
 * loader, which has one manifest at a time, of early payloads alone. */
#ifndef TB_PKG_RELATIONS_H
#define TB_PKG_RELATIONS_H

#include "pkg/package.h"

/* Bytes of the metadata of all packages of a set. A host sends that, and one package's more. */
#define TB_SET_METADATA_MAX (512 * 1024 - TB_PACKAGE_METADATA_MAX)

/* Package `at` of the set: no other has its name, nor is a base package if it is one; nothing is
 * there that it conflicts with, and all is there that it requires; and its early payloads are of
 * the base package's level. *why, of the first fault: TB_CHECK_PACKAGE_DUPLICATE,
 * TB_CHECK_PACKAGE_RELATION, TB_CHECK_PACKAGE_LEVEL. */
TB_MUST_CHECK bool tb_relations_hold(const struct tb_manifest *const *set, size_t n, size_t at,
                                     struct tb_reason *why);
/* The set has a base package. *why: TB_CHECK_PACKAGE_REQUIRED. */
TB_MUST_CHECK bool tb_relations_have_base(const struct tb_manifest *const *set, size_t n,
                                          struct tb_reason *why);

/* So many bytes of metadata can be sent. *why: TB_CHECK_PACKAGE_FORMAT. */
TB_MUST_CHECK bool tb_relations_metadata_fits(uint64_t len, struct tb_reason *why);

/* The level of what a package that is not the base brings to the start: the loader, and what it
 * puts into the initrd; the highest: nothing. */
enum tb_level tb_relations_early_level(const struct tb_manifest *m);
/* The loader vouches for all that follows, and what is in the initrd can take the place of the
 * base's init, which runs before the Secure Boot Verifier: so the level of both is at least the
 * base package's. *why: TB_CHECK_PACKAGE_LEVEL. */
TB_MUST_CHECK bool tb_relations_early_holds(enum tb_level early, enum tb_level of_base,
                                            struct tb_reason *why);

/* The least level that the base package's signed command line asks for, of all packages of its set:
 * the strictest of trueboot.level=LEVEL; of a LEVEL that nobody knows, the highest; none: the
 * lowest. */
enum tb_level tb_relations_least_level(struct tb_reader command_line);

#endif
