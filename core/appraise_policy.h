/* core/appraise_policy.h - groups 6 to 11: what the policy asks of a boot; for appraise_boot.c. */
#ifndef TB_CORE_APPRAISE_POLICY_H
#define TB_CORE_APPRAISE_POLICY_H

#include "core/appraise.h"

/* log has replayed, and *out has what follows from it: states, bank, facts and story. Adds findings
 * about keys, levels, revocations, programs, options, pins and versions to out->findings. */
void tb_appraise_policy(struct tb_reader log, const struct tb_pcrs *quoted,
                        const struct tb_policy *policy, struct tb_hasher *h,
                        struct tb_boot_result *out);

#endif
