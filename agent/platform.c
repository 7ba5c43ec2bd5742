/* agent/platform.c - see platform.h. */
#include "agent/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define TEXT_FILE_MAX 4096 /* bytes of a small file that are looked at */
#define PATH_BYTES_MAX 512
#define READ_STEP (64 * 1024)

static int open_under(const char *root, const char *path)
{
    char full[PATH_BYTES_MAX];
    int n = snprintf(full, sizeof full, "%s%s", root, path);

    if (n < 0 || (size_t)n >= sizeof full) {
        errno = ENAMETOOLONG;
        return -1;
    }
    /* Not blocking: a fifo in place of a file must not stop the agent. */
    return open(full, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

/* Up to room bytes; the files of /proc and /sys tell no size before they are read. */
static bool read_up_to(int fd, uint8_t *out, size_t room, size_t *len)
{
    *len = 0;
    while (*len < room) {
        ssize_t n = read(fd, out + *len, room - *len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0)
            break;
        *len += (size_t)n;
    }
    return true;
}

/* A small file as text; "" when it cannot be read. */
static void read_text(const char *root, const char *path, char out[TEXT_FILE_MAX + 1])
{
    int fd = open_under(root, path);
    size_t n = 0;

    if (fd >= 0 && !read_up_to(fd, (uint8_t *)out, TEXT_FILE_MAX, &n))
        n = 0;
    if (fd >= 0)
        (void)close(fd);
    out[n] = '\0';
}

/* The first line, without blanks around it, cut to fit. What is not printable ASCII is shown as
 * '?': firmware writes what it likes into these fields. */
static void put_line(char *out, size_t room, const char *text)
{
    size_t n = 0;

    while (*text == ' ' || *text == '\t')
        text++;
    for (; *text != '\0' && *text != '\n' && n + 1 < room; text++)
        out[n++] = *text >= 0x20 && *text < 0x7F ? *text : '?';
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
}

static void read_line(const char *root, const char *path, char *out, size_t room)
{
    char text[TEXT_FILE_MAX + 1];

    read_text(root, path, text);
    put_line(out, room, text);
}

/* os-release(5): PRETTY_NAME="..." or without quotes. */
static void read_os(const char *root, char *out, size_t room)
{
    static const char key[] = "PRETTY_NAME=";
    char text[TEXT_FILE_MAX + 1];
    char *line, *value, *end;

    read_text(root, "/etc/os-release", text);
    line = strncmp(text, key, sizeof key - 1) == 0 ? text : strstr(text, "\nPRETTY_NAME=");
    if (line == NULL)
        return;
    value = strchr(line, '=') + 1;
    end = value + strcspn(value, "\n");
    *end = '\0';
    if (end - value >= 2 && (*value == '"' || *value == '\'') && end[-1] == *value) {
        end[-1] = '\0';
        value++;
    }
    put_line(out, room, value);
}

static bool is_host_name(const char *s)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

    return s[0] != '\0' && s[strspn(s, allowed)] == '\0';
}

/* Digest of a purpose and the id, so that it means nothing to other programs. */
static void read_machine_id(const char *root, struct tb_hasher *hasher, struct tb_host_facts *out)
{
    static const char purpose[] = "trueboot machine id 1"; /* its NUL is part of it */
    enum { ID_DIGITS = 32 };
    char id[ID_DIGITS + 2];
    uint8_t digest[TB_DIGEST_MAX];
    struct tb_reader parts[2];

    read_line(root, "/etc/machine-id", id, sizeof id);
    if (strlen(id) != ID_DIGITS || strspn(id, "0123456789abcdef") != ID_DIGITS)
        return;
    parts[0] = tb_slice(purpose, sizeof purpose);
    parts[1] = tb_slice(id, ID_DIGITS);
    if (!tb_hash_parts(hasher, TB_BANK_SHA256, parts, 2, digest))
        return;
    memcpy(out->machine_id_digest, digest, sizeof out->machine_id_digest);
    out->has_machine_id = true;
}

static uint64_t uptime_ms(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_BOOTTIME, &t) != 0)
        return 0;
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void tb_host_facts_read(const char *root, struct tb_hasher *hasher, struct tb_host_facts *out)
{
    struct tb_host_facts f = { 0 };
    struct utsname u;

    read_line(root, "/proc/sys/kernel/hostname", f.host_name, sizeof f.host_name);
    if (!is_host_name(f.host_name))
        f.host_name[0] = '\0';
    read_line(root, "/proc/sys/kernel/random/boot_id", f.boot_id, sizeof f.boot_id);
    read_machine_id(root, hasher, &f);
    read_line(root, "/sys/class/dmi/id/sys_vendor", f.platform.vendor, sizeof f.platform.vendor);
    read_line(root, "/sys/class/dmi/id/product_name", f.platform.product,
              sizeof f.platform.product);
    read_line(root, "/sys/class/dmi/id/product_serial", f.platform.serial,
              sizeof f.platform.serial);
    read_os(root, f.platform.os, sizeof f.platform.os);
    if (uname(&u) == 0)
        put_line(f.platform.kernel, sizeof f.platform.kernel, u.release);
    f.uptime_ms = uptime_ms();
    *out = f;
}

/* Grow as it is read: the log's file tells no size. One byte more than max is asked for, so that a
 * log that is too long is noticed and never cut. */
static bool read_log(int fd, size_t max, uint8_t **out, size_t *out_len, const char **why)
{
    uint8_t *bytes = NULL;
    size_t len = 0, n;

    for (;;) {
        size_t step = max - len < READ_STEP ? max - len + 1 : READ_STEP;
        uint8_t *grown = realloc(bytes, len + step);

        if (grown == NULL) {
            *why = "out of memory";
            break;
        }
        bytes = grown;
        if (!read_up_to(fd, bytes + len, step, &n)) {
            *why = strerror(errno);
            break;
        }
        len += n;
        if (len > max) {
            *why = "it is larger than any log is allowed to be";
            break;
        }
        if (n < step && len == 0) {
            *why = "it is empty";
            break;
        }
        if (n < step) {
            *out = bytes;
            *out_len = len;
            return true;
        }
    }
    free(bytes);
    return false;
}

bool tb_host_log_read(const char *root, const char *path, size_t max, uint8_t **out,
                      size_t *out_len, char reason[TB_HOST_LOG_REASON_LEN])
{
    const char *name = path == NULL ? TB_HOST_LOG_PATH : path, *why = "";
    int fd = open_under(root, name);
    bool good;

    if (fd < 0) {
        (void)snprintf(reason, TB_HOST_LOG_REASON_LEN, "%s: %s", name,
                       errno == ENOENT ? "the kernel offers no event log" : strerror(errno));
        return false;
    }
    good = read_log(fd, max, out, out_len, &why);
    (void)close(fd);
    if (!good)
        (void)snprintf(reason, TB_HOST_LOG_REASON_LEN, "%s: %s", name, why);
    return good;
}
