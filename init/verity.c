/* init/verity.c - the system image as a device of which the kernel verifies every block.
 *
 * Linux, Documentation/admin-guide/device-mapper/verity.rst; linux/dm-ioctl.h. The kernel checks
 * the signature of the root hash against .secondary_trusted_keys, where .machine holds the vendor's
 * certificate that the loader handed over; it does that only with Secure Boot on. */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dm-ioctl.h>
#include <linux/keyctl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "init/init.h"
#include "init/settings.h"

#define KEY "trueboot-roothash"
#define NAME "trueboot-system"
#define SECTORS (TB_VERITY_BLOCK / 512)

struct given {
    struct tb_verity verity;
    char root_hash[129];
    char signature[8192]; /* PKCS#7, DER */
    size_t signature_len;
};

static bool read_given(struct given *g)
{
    char text[1024];
    struct tb_reason why;
    size_t len;

    if (!tb_read_small("/trueboot/verity", text, sizeof text, &len))
        return tb_failed("reading /trueboot/verity");
    if (!tb_verity_parse(tb_slice(text, len), &g->verity, &why)) {
        tb_say("/trueboot/verity: %s: expected %s, found %s", why.where, why.expected,
               why.observed);
        return false;
    }
    if (!tb_read_small("/trueboot/roothash", g->root_hash, sizeof g->root_hash, &len) ||
        !tb_root_hash_is(tb_slice(g->root_hash, len), &g->verity)) {
        tb_say("/trueboot/roothash: expected the root hash in hex, found another text");
        return false;
    }
    return tb_read_small("/trueboot/roothash.p7s", g->signature, sizeof g->signature,
                         &g->signature_len) ||
           tb_failed("reading /trueboot/roothash.p7s");
}

/* The loop device goes away with its last user. */
static int open_loop(const struct tb_extent *image, char path[32])
{
    struct loop_config config = {
        .block_size = 512,
        .info = { .lo_offset = image->offset,
                  .lo_sizelimit = image->size,
                  .lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR },
    };
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    int n = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
    int file = open(image->path, O_RDONLY | O_CLOEXEC), loop = -1;

    if (control >= 0)
        (void)close(control);
    if (n >= 0 && file >= 0) {
        (void)snprintf(path, 32, "/dev/loop%d", n);
        loop = open(path, O_RDONLY | O_CLOEXEC);
    }
    config.fd = (uint32_t)file;
    if (loop >= 0 && ioctl(loop, LOOP_CONFIGURE, &config) != 0) {
        (void)tb_failed("%s: setting up", path);
        (void)close(loop);
        loop = -2;
    }
    if (loop == -1)
        (void)tb_failed("a loop device for %s", image->path);
    if (file >= 0)
        (void)close(file);
    return loop;
}

/* One call of the device mapper about our device. */
struct dm_call {
    struct dm_ioctl head;
    struct dm_target_spec target;
    char parameters[1024];
};

static bool dm(int control, unsigned long request, const char *what, struct dm_call *call)
{
    call->head.version[0] = DM_VERSION_MAJOR;
    call->head.data_size = sizeof *call;
    call->head.data_start = sizeof call->head;
    (void)snprintf(call->head.name, sizeof call->head.name, NAME);
    return ioctl(control, request, call) == 0 || tb_failed("dm-verity: %s", what);
}

static bool load_table(int control, const struct given *g, const char *loop, bool with_signature)
{
    struct dm_call call = { .head = { .flags = DM_READONLY_FLAG, .target_count = 1 } };
    const struct tb_verity *v = &g->verity;
    int n = snprintf(call.parameters, sizeof call.parameters,
                     "1 %s %s %d %d %" PRIu64 " %" PRIu64 " %s %s %s%s", loop, loop,
                     TB_VERITY_BLOCK, TB_VERITY_BLOCK, v->data_blocks, v->hash_start, v->hash,
                     g->root_hash, v->salt[0] == '\0' ? "-" : v->salt,
                     with_signature ? " 2 root_hash_sig_key_desc " KEY : "");

    if (n < 0 || (size_t)n >= sizeof call.parameters)
        return false;
    call.target.length = v->data_blocks * SECTORS;
    (void)snprintf(call.target.target_type, sizeof call.target.target_type, "verity");
    return dm(control, DM_TABLE_LOAD,
              "loading the table (is the root hash signed by a vendor that the kernel trusts?)",
              &call);
}

static bool make_device(const struct given *g, const char *loop, bool with_signature,
                        char device[32])
{
    struct dm_call create = { 0 }, resume = { 0 };
    int control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
    bool ok;

    if (control < 0)
        return tb_failed("opening /dev/mapper/control");
    ok = dm(control, DM_DEV_CREATE, "making the device", &create) &&
         load_table(control, g, loop, with_signature) &&
         dm(control, DM_DEV_SUSPEND, "starting the device", &resume);
    (void)snprintf(device, 32, "/dev/dm-%u", minor(create.head.dev));
    (void)close(control);
    return ok;
}

/* The device mapper looks the key up in the keyrings of the thread that calls. */
static bool hold_signature(const struct given *g)
{
    return syscall(SYS_add_key, "user", KEY, g->signature, g->signature_len,
                   KEY_SPEC_THREAD_KEYRING) >= 0 ||
           tb_failed("handing the signature of the root hash to the kernel");
}

bool tb_verity_open(const struct tb_extent *image, bool with_signature, char device[32])
{
    struct given g;
    char path[32];
    int loop;
    bool ok;

    if (!read_given(&g) || (with_signature && !hold_signature(&g)))
        return false;
    if (image->size / TB_VERITY_BLOCK < g.verity.data_blocks ||
        image->size / TB_VERITY_BLOCK <= g.verity.hash_start) {
        tb_say("%s: the system image is shorter than /trueboot/verity says", image->path);
        return false;
    }
    loop = open_loop(image, path);
    ok = loop >= 0 && make_device(&g, path, with_signature, device);
    if (loop >= 0)
        (void)close(loop); /* the device holds it */
    return ok;
}
