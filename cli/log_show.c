/* cli/log_show.c - trueboot log show. */
#include "cli/log.h"

enum tb_exit tb_cmd_log_show(struct tb_cli *cli)
{
    (void)cli;
    return TB_EXIT_USAGE;
}
