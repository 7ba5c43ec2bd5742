/* cli/server.c - trueboot server: becomes trueboot-server. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

#define PROGRAM "trueboot-server"

/* The server beside this program, where a build or a package puts both; else by PATH. */
enum tb_exit tb_cmd_server(char **argv)
{
    char own[4096], name[] = PROGRAM, *slash;
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - sizeof PROGRAM - 1);

    argv[0] = name;
    if (n > 0) {
        own[n] = '\0';
        slash = strrchr(own, '/');
        if (slash != NULL) {
            memcpy(slash + 1, PROGRAM, sizeof PROGRAM);
            execv(own, argv);
        }
    }
    execvp(PROGRAM, argv);
    return tb_cli_fail(TB_EXIT_USAGE, PROGRAM ": cannot be started: %s", strerror(errno));
}
