/* init/power.c - the kernel's options for init, and the end. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "init/services.h"
#include "init/settings.h"

#define STOPPED_S 30

bool tb_option(const char *name, char *value, size_t cap)
{
    char line[4096];
    size_t len;

    return tb_read_small("/proc/cmdline", line, sizeof line, &len) &&
           tb_kernel_option(line, name, value, cap);
}

int tb_poweroff_s(int otherwise)
{
    char text[8];
    uint64_t s;

    if (!tb_option("trueboot.poweroff", text, sizeof text))
        return -1;
    return tb_lines_number(tb_slice(text, strlen(text)), 86400, &s) ? (int)s : otherwise;
}

char tb_boot_set(void)
{
    char set[2];

    if (!tb_option("trueboot.set", set, sizeof set) || (set[0] != 'a' && set[0] != 'b'))
        tb_stop("before the system image: the command line has no trueboot.set=a or b");
    return set[0];
}

void tb_power(enum tb_power what)
{
    static const unsigned commands[] = {
        [TB_POWER_OFF] = RB_POWER_OFF,
        [TB_POWER_REBOOT] = RB_AUTOBOOT,
        [TB_POWER_HALT] = RB_HALT_SYSTEM,
    };

    sync();
    (void)reboot((int)commands[what]);
    for (;;)
        (void)pause();
}

void tb_stop(const char *format, ...)
{
    int s = tb_poweroff_s(STOPPED_S);
    char text[600];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    tb_say("----------------------------------------------------------------");
    tb_say("stopped %s", text);
    tb_say("----------------------------------------------------------------");
    if (s >= 0)
        tb_say("power off in %d s", s);
    else
        tb_say("nothing goes on; switch the machine off");
    tb_services_run(s);
}
