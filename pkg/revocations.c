#include "pkg/revocations.h"

#include <string.h>

static bool parse_head(struct tb_lines *l, struct tb_revocations *r)
{
    struct tb_reader v;
    uint64_t n;

    if (!tb_lines_value(l, "trueboot-revocations", NULL, "trueboot-revocations 1", &v))
        return false;
    if (!tb_lines_text_is(v, "1"))
        return tb_lines_refuse(l, "trueboot-revocations 1");
    if (!tb_lines_value(l, "serial", NULL, "serial and a number", &v))
        return false;
    if (!tb_lines_number(v, UINT32_MAX, &n))
        return tb_lines_refuse(l, "serial and a number up to 4294967295");
    r->serial = (uint32_t)n;
    if (!tb_lines_value(l, "issued", NULL, "issued and a date", &v))
        return false;
    return tb_lines_date(v, &r->issued_s) ||
           tb_lines_refuse(l, "issued and a date such as 2026-01-31T23:59:59Z");
}

/* Lines "KEY HEX", in rising order; `list` is n digests of len bytes. */
static bool parse_digests(struct tb_lines *l, const char *key, uint8_t *list, size_t len, size_t *n)
{
    struct tb_reader rest;

    for (; tb_lines_is(l, key, &rest); (*n)++) {
        if (*n == TB_REVOKED_MAX)
            return tb_lines_refuse(l, "at most 256 of these");
        if (!tb_lines_hex(rest, list + *n * len, len))
            return tb_lines_refuse(l, "a digest in lower-case hexadecimal digits");
        if (*n > 0 && memcmp(list + (*n - 1) * len, list + *n * len, len) >= 0)
            return tb_lines_refuse(l, "digests in rising order");
        if (!tb_lines_next(l))
            return false;
    }
    return true;
}

static bool parse_packages(struct tb_lines *l, struct tb_revocations *r)
{
    struct tb_reader rest;
    uint64_t v;

    for (; tb_lines_is(l, "package", &rest); r->n_packages++) {
        struct tb_reader name = tb_lines_word(&rest);

        if (r->n_packages == TB_REVOKED_MAX)
            return tb_lines_refuse(l, "at most 256 of these");
        if (!tb_is_package_name(name) || !tb_lines_number(rest, UINT32_MAX, &v))
            return tb_lines_refuse(l, "a package's name and a security version");
        if (r->n_packages > 0 && tb_lines_order(r->package[r->n_packages - 1].name, name) >= 0)
            return tb_lines_refuse(l, "names in rising order");
        r->package[r->n_packages].name = name;
        r->package[r->n_packages].security_version = (uint32_t)v;
        if (!tb_lines_next(l))
            return false;
    }
    return true;
}

bool tb_revocations_parse(struct tb_reader in, struct tb_revocations *out, struct tb_reason *why)
{
    struct tb_lines l = { .in = in, .why = why };

    memset(out, 0, sizeof *out);
    if (in.left > TB_REVOCATIONS_LEN_MAX)
        return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "revocations", "at most 65536 bytes", "%zu",
                         in.left);
    if (parse_head(&l, out) && tb_lines_next(&l) &&
        parse_digests(&l, "signer", out->signer[0], 32, &out->n_signers) &&
        parse_packages(&l, out) &&
        parse_digests(&l, "digest", out->digest[0], 64, &out->n_digests) && tb_lines_end(&l))
        return true;
    memset(out, 0, sizeof *out);
    return false;
}

bool tb_revokes_signer(const struct tb_revocations *r, const uint8_t sha256[32])
{
    for (size_t i = 0; i < r->n_signers; i++)
        if (memcmp(r->signer[i], sha256, 32) == 0)
            return true;
    return false;
}

bool tb_revokes_package(const struct tb_revocations *r, struct tb_reader name,
                        uint32_t security_version)
{
    for (size_t i = 0; i < r->n_packages; i++)
        if (tb_slice_equal(r->package[i].name, name))
            return security_version <= r->package[i].security_version;
    return false;
}

bool tb_revokes_digest(const struct tb_revocations *r, const uint8_t sha512[64])
{
    for (size_t i = 0; i < r->n_digests; i++)
        if (memcmp(r->digest[i], sha512, 64) == 0)
            return true;
    return false;
}
