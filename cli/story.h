/* cli/story.h - a boot in the order in which it went, for people. */
#ifndef TB_CLI_STORY_H
#define TB_CLI_STORY_H

#include <jansson.h>

#include "cli/cli.h"

/* facts: as in wire/facts_json.h; NULL or not an object: nothing is printed. Each line is verified
 * or not in the sense of core/describe.h. */
void tb_story_print(struct tb_cli *cli, const json_t *facts);

#endif
