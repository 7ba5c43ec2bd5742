/* tools/sbv/judge_package.c - one package as a file: read once, in pieces, and hashed as it comes.
 *
 * What is written out is what was hashed, byte for byte, whoever changes the file meanwhile. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/sbv/judge_internal.h"

#define PREFIX_MAX (4 * TB_BLOCK_LEN + TB_MANIFEST_LEN_MAX + TB_SIGNATURE_LEN_MAX)
#define PIECE_LEN (256 * 1024)
#define PROGRAM_MAX (256 * 1024 * 1024) /* bytes of an EFI program, which is read whole */

static bool refuse_errno(struct tb_reason *why, enum tb_check check, const char *where)
{
    return tb_refuse(why, check, where, "a file that can be read", "%s", strerror(errno));
}

/* Up to len bytes; fewer at the end of the file only. */
static bool read_up_to(int fd, void *out, size_t len, size_t *got)
{
    *got = 0;
    while (*got < len) {
        ssize_t n = read(fd, (uint8_t *)out + *got, len - *got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return true;
}

bool tb_set_open(int dir, struct tb_set_entry *e, struct tb_reason *why)
{
    struct stat st;
    size_t len;

    e->fd = openat(dir, e->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (e->fd < 0)
        return refuse_errno(why, TB_CHECK_PACKAGE_FORMAT, "file");
    if (fstat(e->fd, &st) != 0 || !S_ISREG(st.st_mode))
        return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "file", "a plain file", "something else");
    e->prefix = malloc(PREFIX_MAX);
    e->package = malloc(sizeof *e->package);
    if (e->prefix == NULL || e->package == NULL ||
        !read_up_to(e->fd, e->prefix, PREFIX_MAX, &len)) {
        refuse_errno(why, TB_CHECK_PACKAGE_FORMAT, "file");
    } else if (tb_package_open(tb_slice(e->prefix, len), e->package, why)) {
        e->payloads_at = (uint64_t)(e->package->rest.p - e->prefix);
        return true;
    }
    free(e->package);
    e->package = NULL;
    return false;
}

void tb_set_close(struct tb_set_entry *e)
{
    if (e->fd >= 0)
        (void)close(e->fd);
    free(e->prefix);
    free(e->package);
}

bool tb_set_name_fits(const struct tb_set_entry *e, struct tb_reason *why)
{
    const struct tb_manifest *m = &e->package->manifest;
    char expected[sizeof e->file];

    (void)snprintf(expected, sizeof expected, "%.*s_%.*s.tbp", (int)m->name.left,
                   (const char *)m->name.p, (int)m->version.left, (const char *)m->version.p);
    return strcmp(expected, e->file) == 0 ||
           tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "file name", expected, "%s", e->file);
}

/* ---- payloads ---- */

struct payload_reader {
    int fd;
    struct tb_hasher *hasher;
    uint8_t *piece; /* PIECE_LEN */
    int out;        /* -1: nowhere */
    char where[TB_PKG_NAME_MAX + 1];
    struct tb_reason *why;
};

static bool cut_off(struct payload_reader *r)
{
    return tb_refuse(r->why, TB_CHECK_PACKAGE_PAYLOAD, r->where, "the whole member",
                     "the container ends");
}

/* Bytes that can be only these: headers, padding, the end. */
static bool read_expected(struct payload_reader *r, const uint8_t *expected, size_t len,
                          const char *what)
{
    size_t got;

    if (!read_up_to(r->fd, r->piece, len, &got))
        return refuse_errno(r->why, TB_CHECK_PACKAGE_PAYLOAD, r->where);
    if (got < len)
        return cut_off(r);
    return memcmp(r->piece, expected, len) == 0 ||
           tb_refuse(r->why, TB_CHECK_PACKAGE_PAYLOAD, r->where, what, "other bytes");
}

static bool write_piece(struct payload_reader *r, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = write(r->out, r->piece + done, len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return tb_refuse(r->why, TB_CHECK_PACKAGE_PAYLOAD, r->where, "room to unpack it", "%s",
                             strerror(errno));
        done += (size_t)n;
    }
    return true;
}

static bool stream(struct payload_reader *r, uint64_t size, struct tb_hash_stream *s512,
                   struct tb_hash_stream *s256)
{
    while (size > 0) {
        size_t want = size < PIECE_LEN ? (size_t)size : PIECE_LEN, got;

        if (!read_up_to(r->fd, r->piece, want, &got))
            return refuse_errno(r->why, TB_CHECK_PACKAGE_PAYLOAD, r->where);
        if (got < want)
            return cut_off(r);
        if (!tb_hash_stream_add(s512, tb_slice(r->piece, got)) ||
            !tb_hash_stream_add(s256, tb_slice(r->piece, got)))
            return tb_refuse(r->why, TB_CHECK_PACKAGE_PAYLOAD, r->where, "a digest",
                             "a library failure");
        if (r->out >= 0 && !write_piece(r, got))
            return false;
        size -= got;
    }
    return true;
}

static bool has_digest(struct payload_reader *r, struct tb_hash_stream *s, const uint8_t *expected,
                       size_t len)
{
    uint8_t found[TB_DIGEST_MAX];
    char expected_hex[132], found_hex[132];

    if (!tb_hash_stream_end(s, found))
        return tb_refuse(r->why, TB_CHECK_PACKAGE_PAYLOAD, r->where, "a digest",
                         "a library failure");
    if (memcmp(found, expected, len) == 0)
        return true;
    tb_hex(tb_slice(expected, len), expected_hex, sizeof expected_hex);
    tb_hex(tb_slice(found, len), found_hex, sizeof found_hex);
    return tb_refuse(r->why, TB_CHECK_PACKAGE_PAYLOAD, r->where, expected_hex, "%s", found_hex);
}

static bool check_streamed(struct payload_reader *r, const struct tb_payload *p)
{
    struct tb_hash_stream *s512 = tb_hash_stream_new(r->hasher, TB_BANK_SHA512);
    struct tb_hash_stream *s256 = tb_hash_stream_new(r->hasher, TB_BANK_SHA256);
    bool ok = s512 != NULL && s256 != NULL;

    if (!ok)
        (void)tb_refuse(r->why, TB_CHECK_PACKAGE_PAYLOAD, r->where, "memory", "none");
    ok = ok && stream(r, p->size, s512, s256) && has_digest(r, s512, p->sha512, 64) &&
         has_digest(r, s256, p->sha256, 32);
    tb_hash_stream_free(s512);
    tb_hash_stream_free(s256);
    return ok;
}

/* Its Authenticode digests are over parts that its headers name. */
static bool check_program(struct payload_reader *r, const struct tb_payload *p)
{
    uint8_t *whole;
    size_t got;
    bool ok;

    if (p->size > PROGRAM_MAX)
        return tb_refuse(r->why, TB_CHECK_PACKAGE_PAYLOAD, r->where, "at most 256 MiB",
                         "%" PRIu64 " bytes", p->size);
    whole = malloc((size_t)p->size + 1);
    if (whole == NULL || !read_up_to(r->fd, whole, (size_t)p->size, &got))
        ok = refuse_errno(r->why, TB_CHECK_PACKAGE_PAYLOAD, r->where);
    else
        ok = got == p->size ? tb_payload_check(p, tb_slice(whole, got), r->hasher, r->why)
                            : cut_off(r);
    free(whole);
    return ok;
}

static bool check_payload(struct payload_reader *r, const struct tb_payload *p)
{
    static const uint8_t zeros[TB_BLOCK_LEN];
    uint8_t header[TB_BLOCK_LEN];

    tb_member_header(p->name, p->size, header);
    return read_expected(r, header, sizeof header, "the header of this member") &&
           (tb_payload_is_efi(p->kind) ? check_program(r, p) : check_streamed(r, p)) &&
           read_expected(r, zeros, (size_t)(tb_member_len(p->size) - TB_BLOCK_LEN - p->size),
                         "padding of zeros");
}

static int create(const char *directory, const char *name, struct tb_reason *why)
{
    char path[TB_PATH_MAX];
    int fd = -1;

    errno = ENAMETOOLONG;
    if (snprintf(path, sizeof path, "%s/%s", directory, name) < (int)sizeof path)
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0755);
    if (fd < 0)
        (void)tb_refuse(why, TB_CHECK_PACKAGE_PAYLOAD, name, "room to unpack it", "%s",
                        strerror(errno));
    return fd;
}

static bool check_end(struct payload_reader *r)
{
    static const uint8_t zeros[2 * TB_BLOCK_LEN];
    size_t got;

    (void)snprintf(r->where, sizeof r->where, "end");
    if (!read_expected(r, zeros, sizeof zeros, "two blocks of zeros"))
        return false;
    return (read_up_to(r->fd, r->piece, 1, &got) && got == 0) ||
           tb_refuse(r->why, TB_CHECK_PACKAGE_PAYLOAD, r->where, "nothing more", "further bytes");
}

bool tb_set_payloads(const struct tb_set_entry *e, struct tb_hasher *h, const char *directory,
                     struct tb_reason *why)
{
    const struct tb_manifest *m = &e->package->manifest;
    struct payload_reader r = { .fd = e->fd, .hasher = h, .piece = malloc(PIECE_LEN), .why = why };
    bool ok = r.piece != NULL && lseek(e->fd, (off_t)e->payloads_at, SEEK_SET) >= 0;

    if (!ok)
        (void)refuse_errno(why, TB_CHECK_PACKAGE_PAYLOAD, "file");
    for (size_t i = 0; ok && i < m->n_payloads; i++) {
        const struct tb_payload *p = &m->payload[i];
        bool is_written = directory != NULL && p->kind == TB_PAYLOAD_FILE;

        (void)snprintf(r.where, sizeof r.where, "%.*s", (int)p->name.left, (const char *)p->name.p);
        r.out = is_written ? create(directory, r.where, why) : -1;
        ok = (!is_written || r.out >= 0) && check_payload(&r, p);
        if (r.out >= 0 && close(r.out) != 0)
            ok = refuse_errno(why, TB_CHECK_PACKAGE_PAYLOAD, r.where);
    }
    ok = ok && check_end(&r);
    free(r.piece);
    return ok;
}

bool tb_set_service(const struct tb_manifest *m, struct tb_reader *out, struct tb_reason *why)
{
    *out = tb_slice(NULL, 0);
    for (size_t i = 0; i < m->n_options; i++)
        if (tb_lines_text_is(m->option[i].name, "service"))
            *out = m->option[i].value;
    if (out->left == 0)
        return true;
    for (size_t i = 0; i < m->n_payloads; i++)
        if (m->payload[i].kind == TB_PAYLOAD_FILE && tb_slice_equal(m->payload[i].name, *out))
            return true;
    return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "option service", "a payload of the kind file",
                     "%.*s", (int)out->left, (const char *)out->p);
}
