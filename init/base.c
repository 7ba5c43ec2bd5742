/* init/base.c - where the system image is within the base package.
 *
 * No signature is looked at here: the loader has verified this package before it started this
 * program, and whatever stands at the place found, the kernel holds to the root hash. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init/init.h"
#include "pkg/package.h"

/* Manifest and signature with their headers and padding. */
#define PREFIX_MAX (4 * TB_BLOCK_LEN + TB_MANIFEST_LEN_MAX + TB_SIGNATURE_LEN_MAX)

static int is_package(const struct dirent *e)
{
    size_t len = strlen(e->d_name);

    return len > 4 && strcmp(e->d_name + len - 4, ".tbp") == 0;
}

static ssize_t read_prefix(const char *path, uint8_t *out, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    size_t len = 0;
    ssize_t n = 1;

    while (fd >= 0 && n > 0 && len < cap) {
        n = read(fd, out + len, cap - len);
        len += n > 0 ? (size_t)n : 0;
    }
    if (fd < 0 || n < 0)
        (void)tb_failed("reading %s", path);
    if (fd >= 0)
        (void)close(fd);
    return fd < 0 || n < 0 ? -1 : (ssize_t)len;
}

static bool find_image(const struct tb_package *p, uint64_t offset, struct tb_extent *out)
{
    for (size_t i = 0; i < p->manifest.n_payloads; i++) {
        const struct tb_payload *payload = &p->manifest.payload[i];

        out->offset = offset + TB_BLOCK_LEN;
        out->size = payload->size;
        if (payload->kind == TB_PAYLOAD_SYSTEM)
            return true;
        offset += tb_member_len(payload->size);
    }
    tb_say("%s: the base package has no payload of the kind system", out->path);
    return false;
}

/* True if this is the base package; false also for what is none, of which the Secure Boot Verifier
 * will speak. */
static bool is_base(const char *dir, const char *file, uint8_t *bytes, struct tb_package *p,
                    struct tb_extent *out)
{
    struct tb_reason why;
    ssize_t len;

    if (snprintf(out->path, sizeof out->path, "%s/%s", dir, file) >= (int)sizeof out->path)
        return false;
    len = read_prefix(out->path, bytes, PREFIX_MAX);
    return len >= 0 && tb_package_open(tb_slice(bytes, (size_t)len), p, &why) &&
           p->manifest.kind == TB_PACKAGE_BASE && find_image(p, (uint64_t)(p->rest.p - bytes), out);
}

bool tb_base_find(char set, struct tb_extent *out)
{
    uint8_t *bytes = malloc(PREFIX_MAX);
    struct tb_package *p = malloc(sizeof *p);
    struct dirent **list = NULL;
    char dir[64];
    bool found = false;
    int n;

    (void)snprintf(dir, sizeof dir, TB_ESP "/trueboot/%c", set);
    n = scandir(dir, &list, is_package, alphasort);
    for (int i = 0; i < n; i++) {
        found =
            found || (bytes != NULL && p != NULL && is_base(dir, list[i]->d_name, bytes, p, out));
        free(list[i]);
    }
    free(list);
    free(bytes);
    free(p);
    if (!found)
        tb_say("%s: no base package with a system image", dir);
    return found;
}
