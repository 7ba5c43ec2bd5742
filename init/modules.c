/* init/modules.c - drivers that the initrd brings. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init/init.h"
#include "pkg/lines.h"

#define ORDER_MAX 8192 /* bytes of /modules/order */

/* With Secure Boot the kernel then refuses every verity device without a signature it trusts. */
static const char *parameters_of(struct tb_reader name)
{
    return tb_lines_text_is(name, "dm-verity") && tb_secure_boot_read() != TB_SECURE_BOOT_OFF
               ? "require_signatures=1"
               : "";
}

static void load(struct tb_reader name)
{
    char path[128];
    int fd;

    if (snprintf(path, sizeof path, "/modules/%.*s.ko", (int)name.left, (const char *)name.p) >=
        (int)sizeof path) {
        tb_say("%.60s: the name of a module is too long", path);
        return;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (syscall(SYS_finit_module, fd, parameters_of(name), 0) != 0 && errno != EEXIST))
        (void)tb_failed("%s: cannot be loaded", path);
    if (fd >= 0)
        (void)close(fd);
}

void tb_modules_load(void)
{
    char order[ORDER_MAX];
    size_t len;

    if (!tb_read_small("/modules/order", order, sizeof order, &len))
        return;
    load(tb_slice("efivarfs", 8)); /* first: whether Secure Boot is on decides about dm-verity */
    for (struct tb_reader in = tb_slice(order, len); in.left > 0;) {
        const uint8_t *end = memchr(in.p, '\n', in.left);
        size_t n = end == NULL ? in.left : (size_t)(end - in.p);

        if (n > 0)
            load(tb_slice(in.p, n));
        in = tb_slice(in.p + n + (end != NULL), in.left - n - (end != NULL));
    }
}
