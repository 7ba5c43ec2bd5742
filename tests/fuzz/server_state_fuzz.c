/* tests/fuzz/server_state_fuzz.c - what the server reads back of its own: bytes of its store and
 * its configuration. The first byte says which. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/config.h"
#include "server/context.h"
#include "server/pcrs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_context(struct tb_reader in)
{
    struct tb_context c;
    uint8_t again[TB_CONTEXT_BYTES_MAX];

    if (!tb_context_read(in, &c))
        return;
    assert(tb_context_write(&c, again) == in.left);
    assert(memcmp(again, in.p, in.left) == 0); /* one encoding for each value */
}

static void try_pcrs(struct tb_reader in)
{
    static struct tb_pcrs p;
    static uint8_t again[TB_PCRS_BYTES_MAX];
    size_t len;

    if (!tb_pcrs_read(in, &p))
        return;
    len = tb_pcrs_write(&p, again);
    assert(len == in.left); /* the order of the banks is free for a reader, the size is not */
    assert(tb_pcrs_read(tb_slice(again, len), &p));
}

static void try_config(struct tb_reader in)
{
    struct tb_server_config c;
    char path[64], err[TB_SERVER_ERR_LEN] = "";
    int fd = memfd_create("config", MFD_CLOEXEC);

    assert(fd >= 0 && write(fd, in.p, in.left) == (ssize_t)in.left);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (!tb_server_config_load(path, &c, err))
        assert(err[0] != '\0' && strchr(err, '\n') == NULL);
    else
        assert(c.n_names >= 1 && c.threads >= 1 && c.address[0] != '\0');
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const try[])(struct tb_reader in) = { try_context, try_pcrs, try_config };

    if (size > 1)
        try[data[0] % 3](tb_slice(data + 1, size - 1));
    return 0;
}
