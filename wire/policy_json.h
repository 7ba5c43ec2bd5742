/* wire/policy_json.h - the policy file: JSON in, struct tb_policy out, and back.
 *
 * docs/policy.md documents the format. One member stands in one place only: unknown and double
 * members, numbers out of bounds and digests of the wrong length are refused with file, line and
 * path, because a policy that is misread trusts what it should not. */
#ifndef TB_WIRE_POLICY_JSON_H
#define TB_WIRE_POLICY_JSON_H

#include "core/policy.h"

#define TB_POLICY_JSON_MAX (128 * 1024) /* bytes of a policy file */
#define TB_POLICY_ERR_LEN 256
#define TB_POLICY_INTERVAL_MIN_S 1
#define TB_POLICY_INTERVAL_MAX_S (7 * 86400)
#define TB_POLICY_STALE_MAX_S (31 * 86400)

/* json is the whole file; file is its name for the error: "file:line: path: message".
 * What the file leaves out is as in the built-in policy. *out (digest included) is written on
 * success only, err on failure only. */
TB_MUST_CHECK bool tb_policy_parse(const char *file, struct tb_reader json, struct tb_hasher *h,
                                   struct tb_policy *out, char err[TB_POLICY_ERR_LEN]);

/* The canonical form, whose SHA-256 is the policy's digest: compact, members sorted, only what
 * differs from the built-in policy in lists and checks. The caller frees. NULL: out of memory, or
 * the name is not text. */
char *tb_policy_print(const struct tb_policy *policy);

#endif
