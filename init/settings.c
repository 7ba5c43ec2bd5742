/* init/settings.c - see settings.h. */
#include "init/settings.h"

#include <arpa/inet.h>
#include <string.h>

#define BLOCKS_MAX (UINT64_C(1) << 32)

bool tb_kernel_option(const char *command_line, const char *name, char *value, size_t cap)
{
    size_t name_len = strlen(name);
    bool found = false;

    for (const char *p = command_line; *p != '\0';) {
        size_t len = strcspn(p, " \n");
        const char *text = p + name_len;

        if (len >= name_len && memcmp(p, name, name_len) == 0 &&
            (len == name_len || *text == '=')) {
            size_t n = len == name_len ? 0 : len - name_len - 1;

            found = n < cap;
            if (found)
                memcpy(value, text + (n != 0), n);
            if (found)
                value[n] = '\0';
        }
        p += len;
        p += strspn(p, " \n");
    }
    return found;
}

static bool is_hash(struct tb_reader r)
{
    return tb_lines_text_is(r, "sha512") || tb_lines_text_is(r, "sha256");
}

static bool is_salt(struct tb_reader r)
{
    uint8_t bytes[64];

    return r.left % 2 == 0 && r.left / 2 <= sizeof bytes && tb_lines_hex(r, bytes, r.left / 2);
}

static bool read_blocks(struct tb_lines *l, const char *key, uint64_t *out)
{
    struct tb_reader r;

    if (!tb_lines_value(l, key, NULL, "a number of blocks", &r))
        return false;
    return (tb_lines_number(r, BLOCKS_MAX, out) && *out != 0) ||
           tb_lines_refuse(l, "a number of blocks");
}

bool tb_verity_parse(struct tb_reader in, struct tb_verity *out, struct tb_reason *why)
{
    struct tb_lines l = { .in = in, .why = why };
    struct tb_verity v = { 0 };
    struct tb_reader hash, salt;

    if (!read_blocks(&l, "data-blocks", &v.data_blocks) ||
        !read_blocks(&l, "hash-start", &v.hash_start) ||
        !tb_lines_value(&l, "hash", is_hash, "hash sha512 or sha256", &hash) ||
        !tb_lines_value(&l, "salt", is_salt, "salt, at most 64 bytes in hex", &salt) ||
        !tb_lines_next(&l))
        return false;
    if (!l.end)
        return tb_lines_refuse(&l, "the end");
    memcpy(v.hash, hash.p, hash.left);
    memcpy(v.salt, salt.p, salt.left);
    *out = v;
    return true;
}

bool tb_root_hash_is(struct tb_reader text, const struct tb_verity *v)
{
    uint8_t bytes[64];

    return tb_lines_hex(text, bytes, strcmp(v->hash, "sha512") == 0 ? 64 : 32);
}

static bool read_address(struct tb_reader r, struct in_addr *out)
{
    char text[INET_ADDRSTRLEN];

    if (r.left >= sizeof text || (r.left != 0 && memchr(r.p, 0, r.left) != NULL))
        return false;
    memcpy(text, r.p, r.left);
    text[r.left] = '\0';
    return inet_pton(AF_INET, text, out) == 1;
}

/* ADDRESS/BITS */
static bool read_network(struct tb_reader r, struct tb_network *out)
{
    const uint8_t *slash = r.left == 0 ? NULL : memchr(r.p, '/', r.left);
    size_t len = slash == NULL ? 0 : (size_t)(slash - r.p);
    uint64_t bits;

    if (slash == NULL || !read_address(tb_slice(r.p, len), &out->address) ||
        !tb_lines_number(tb_slice(slash + 1, r.left - len - 1), 32, &bits) || bits == 0)
        return false;
    out->mask.s_addr = htonl(UINT32_MAX << (32 - bits));
    return true;
}

/* The current line may be this one; then the next is. */
static bool read_optional(struct tb_lines *l, const char *key, struct in_addr *out)
{
    struct tb_reader r;

    if (!tb_lines_is(l, key, &r))
        return true;
    return read_address(r, out) ? tb_lines_next(l) : tb_lines_refuse(l, "a numeric address");
}

bool tb_network_parse(struct tb_reader in, struct tb_network *out, struct tb_reason *why)
{
    struct tb_lines l = { .in = in, .why = why };
    struct tb_network n = { 0 };
    struct tb_reader r;

    if (!tb_lines_value(&l, "address", NULL, "address ADDRESS/BITS", &r))
        return false;
    if (!read_network(r, &n))
        return tb_lines_refuse(&l, "address ADDRESS/BITS");
    if (!tb_lines_next(&l) || !read_optional(&l, "gateway", &n.gateway) ||
        !read_optional(&l, "nameserver", &n.nameserver))
        return false;
    if (!l.end)
        return tb_lines_refuse(&l, "gateway, nameserver, or the end");
    *out = n;
    return true;
}

bool tb_network_of_option(const char *value, struct tb_network *out)
{
    size_t len = strcspn(value, ",");
    struct tb_network n = { 0 };

    if (!read_network(tb_slice(value, len), &n) ||
        (value[len] == ',' &&
         !read_address(tb_slice(value + len + 1, strlen(value + len + 1)), &n.gateway)))
        return false;
    *out = n;
    return true;
}
