/* cli/policy_file.h - policy files, checked by the same parser as in the server. */
#ifndef TB_CLI_POLICY_FILE_H
#define TB_CLI_POLICY_FILE_H

#include <jansson.h>

#include "cli/cli.h"
#include "wire/policy_json.h"

/* Read and check a policy file. json NULL: not needed, else it gets the file's JSON, owned by the
 * caller. False: said on standard error, with file and line. */
TB_MUST_CHECK bool tb_policy_file_read(const char *path, struct tb_policy *out, json_t **json);

#endif
