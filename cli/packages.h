/* cli/packages.h - what a host on Trueboot's own boot chain runs, for people. */
#ifndef TB_CLI_PACKAGES_H
#define TB_CLI_PACKAGES_H

#include <jansson.h>

#include "cli/cli.h"

/* boot: of a result, with "chain" (wire/facts_json.h); nothing is printed where there is none.
 */
void tb_packages_print(struct tb_cli *cli, const json_t *boot);

#endif
