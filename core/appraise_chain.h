/* core/appraise_chain.h - groups 7, 8, 10 and the settings of a host on Trueboot's own boot chain.
 *
 * For appraise_boot.c; appraise_chain.c judges what the records say of the boot, and
 * appraise_packages.c holds them to the signed metadata. */
#ifndef TB_CORE_APPRAISE_CHAIN_H
#define TB_CORE_APPRAISE_CHAIN_H

#include "core/appraise.h"
#include "pkg/package.h"
#include "pkg/verify.h"

/* *out has what follows from the log: states, bank, facts; out->chain.present says whether the host
 * is on the chain. Fills out->chain, and asks LOG_LOST, LOADER_UNCLAIMED, all PACKAGE_*,
 * UNSIGNED_OPTION, FALLBACK, RESCUE, BOOT_VERIFIER and BOOT_COMPLETE; they pass where the host is
 * on another chain. */
void tb_appraise_chain(const struct tb_boot_input *in, struct tb_hasher *h,
                       struct tb_boot_result *out);

/* A boot being judged. */
struct tb_chain_work {
    const struct tb_boot_input *in;
    struct tb_hasher *h;
    struct tb_boot_result *out;
    struct tb_findings *f;
    struct tb_package_rules rules; /* vendors NULL: the policy has none */
    struct tb_revocations revocations;
    struct tb_chain chain;
    struct tb_package package;              /* the one at hand */
    bool has_metadata[TB_SET_PACKAGES_MAX]; /* of out->chain.package */
    enum tb_level base_level; /* of the base that is measured and verified; certified without one */
    enum tb_level early_level[TB_SET_PACKAGES_MAX]; /* of it, once verified; pkg/relations.h */
    bool is_claimed[TB_CHAIN_RECORDS_MAX];          /* of chain.at: a module that a package names */
    bool program_is_claimed[TB_PROGRAMS_MAX];
    struct tb_reader signed_options; /* the verified base package's; empty: none */
};

/* Group 7 and 8. */
void tb_appraise_packages(struct tb_chain_work *w);

#endif
