/* pkg/manifest.c - one line at a time, in the one order there is.
 *
 * A parser that accepts two spellings of one fact lets two programs disagree about what was signed,
 * so each value has one. */
#include "pkg/manifest.h"

#include <string.h>

#include "pkg/lines.h"

#define FORMAT "1"

static const char *const level_names[TB_N_LEVELS] = {
    [TB_LEVEL_CERTIFIED] = "certified",
    [TB_LEVEL_ACCEPTED] = "accepted",
    [TB_LEVEL_PARTNER] = "partner",
    [TB_LEVEL_COMMUNITY] = "community",
};

static const char *const kind_names[TB_N_PACKAGE_KINDS] = {
    [TB_PACKAGE_BASE] = "base",
    [TB_PACKAGE_SOFTWARE] = "software",
};

static const char *const payload_names[TB_N_PAYLOAD_KINDS] = {
    [TB_PAYLOAD_EFI] = "efi",
    [TB_PAYLOAD_KERNEL] = "kernel",
    [TB_PAYLOAD_INITRD] = "initrd",
    [TB_PAYLOAD_SYSTEM] = "system",
    [TB_PAYLOAD_ROOT_HASH] = "roothash",
    [TB_PAYLOAD_IMAGE] = "image",
    [TB_PAYLOAD_FILE] = "file",
};

static bool of_name(struct tb_reader r, const char *const *names, unsigned n, unsigned *out)
{
    for (unsigned i = 0; i < n; i++)
        if (tb_lines_text_is(r, names[i])) {
            *out = i;
            return true;
        }
    return false;
}

const char *tb_level_name(enum tb_level level)
{
    return level_names[level];
}

bool tb_level_of_name(struct tb_reader name, enum tb_level *out)
{
    unsigned i;

    if (!of_name(name, level_names, TB_N_LEVELS, &i))
        return false;
    *out = (enum tb_level)i;
    return true;
}

const char *tb_payload_kind_name(enum tb_payload_kind kind)
{
    return payload_names[kind];
}

bool tb_payload_kind_of_name(struct tb_reader name, enum tb_payload_kind *out)
{
    unsigned i;

    if (!of_name(name, payload_names, TB_N_PAYLOAD_KINDS, &i))
        return false;
    *out = (enum tb_payload_kind)i;
    return true;
}

bool tb_payload_is_efi(enum tb_payload_kind kind)
{
    return kind == TB_PAYLOAD_EFI || kind == TB_PAYLOAD_KERNEL;
}

const char *tb_package_kind_name(enum tb_package_kind kind)
{
    return kind_names[kind];
}

bool tb_package_kind_of_name(struct tb_reader name, enum tb_package_kind *out)
{
    unsigned i;

    if (!of_name(name, kind_names, TB_N_PACKAGE_KINDS, &i))
        return false;
    *out = (enum tb_package_kind)i;
    return true;
}

/* ---- what a value may be: used by the parser and by the printer ---- */

bool tb_is_package_version(struct tb_reader r)
{
    return tb_lines_holds_only(r, TB_PKG_VERSION_MAX, tb_lines_is_alnum, "+.~:-") &&
           tb_lines_is_alnum(r.p[0]);
}

/* Also the name of a file, so it neither begins with a dot nor is a path. */
bool tb_is_payload_name(struct tb_reader r)
{
    return tb_lines_holds_only(r, TB_PKG_NAME_MAX, tb_lines_is_alnum, "._+-") &&
           tb_lines_is_alnum(r.p[0]) && !tb_lines_text_is(r, "manifest") &&
           !tb_lines_text_is(r, "signature");
}

bool tb_is_option_name(struct tb_reader r)
{
    return tb_lines_holds_only(r, TB_PKG_NAME_MAX, tb_lines_is_alnum, "._-") &&
           tb_lines_is_alnum(r.p[0]);
}

/* ---- reading ---- */

static bool parse_identity(struct tb_lines *l, struct tb_manifest *m)
{
    struct tb_reader v;
    uint64_t n;

    if (!tb_lines_value(l, "trueboot-package", NULL, "trueboot-package " FORMAT, &v))
        return false;
    if (!tb_lines_text_is(v, FORMAT))
        return tb_lines_refuse(l, "trueboot-package " FORMAT);
    if (!tb_lines_value(l, "purpose", NULL, "purpose host", &v))
        return false;
    if (!tb_lines_text_is(v, "host"))
        return tb_lines_refuse(l, "purpose host");
    if (!tb_lines_value(l, "name", tb_is_package_name, "name and a package's name", &m->name) ||
        !tb_lines_value(l, "version", tb_is_package_version, "version and a version",
                        &m->version) ||
        !tb_lines_value(l, "security-version", NULL, "security-version and a number", &v))
        return false;
    if (!tb_lines_number(v, UINT32_MAX, &n))
        return tb_lines_refuse(l, "security-version and a number up to 4294967295");
    m->security_version = (uint32_t)n;
    if (!tb_lines_value(l, "vendor", tb_lines_is_words, "vendor and a text", &m->vendor) ||
        !tb_lines_value(l, "built", NULL, "built and a date", &v))
        return false;
    if (!tb_lines_date(v, &m->built_s))
        return tb_lines_refuse(l, "built and a date such as 2026-01-31T23:59:59Z");
    if (!tb_lines_value(l, "level", NULL, "level and a level", &v))
        return false;
    if (!tb_level_of_name(v, &m->level))
        return tb_lines_refuse(l, "level certified, accepted, partner or community");
    if (!tb_lines_value(l, "kind", NULL, "kind and a kind", &v))
        return false;
    return tb_package_kind_of_name(v, &m->kind) || tb_lines_refuse(l, "kind base or software");
}

/* Lines of the form "conflicts NAME SECURITY-VERSION", sorted. Leaves the line behind them. */
static bool parse_relations(struct tb_lines *l, const char *key, struct tb_relation *list,
                            size_t *n)
{
    struct tb_reader rest;
    uint64_t v;

    for (*n = 0; tb_lines_is(l, key, &rest); (*n)++) {
        struct tb_reader name = tb_lines_word(&rest);

        if (*n == TB_RELATIONS_MAX)
            return tb_lines_refuse(l, "at most 32 of these");
        if (!tb_is_package_name(name) || !tb_lines_number(rest, UINT32_MAX, &v))
            return tb_lines_refuse(l, "a package's name and a security version");
        if (*n > 0 && tb_lines_order(list[*n - 1].name, name) >= 0)
            return tb_lines_refuse(l, "names in rising order");
        list[*n] = (struct tb_relation){ name, (uint32_t)v };
        if (!tb_lines_next(l))
            return false;
    }
    return true;
}

static bool parse_options(struct tb_lines *l, struct tb_manifest *m)
{
    struct tb_reader rest;

    for (; tb_lines_is(l, "option", &rest); m->n_options++) {
        struct tb_reader name = tb_lines_word(&rest);

        if (m->n_options == TB_PKG_OPTIONS_MAX)
            return tb_lines_refuse(l, "at most 32 of these");
        if (!tb_is_option_name(name) || !tb_lines_is_text(rest, TB_PKG_OPTION_MAX))
            return tb_lines_refuse(l, "an option's name and a value");
        if (m->n_options > 0 && tb_lines_order(m->option[m->n_options - 1].name, name) >= 0)
            return tb_lines_refuse(l, "names in rising order");
        m->option[m->n_options] = (struct tb_package_option){ name, rest };
        if (!tb_lines_next(l))
            return false;
    }
    return true;
}

static bool parse_authenticode(struct tb_lines *l, struct tb_payload *p)
{
    struct tb_reader rest;

    if (!tb_lines_next(l))
        return false;
    if (!tb_lines_is(l, "authenticode", &rest) ||
        !tb_lines_hex(tb_lines_word(&rest), p->authenticode512, 64) ||
        !tb_lines_hex(tb_lines_word(&rest), p->authenticode384, 48) ||
        !tb_lines_hex(rest, p->authenticode256, 32))
        return tb_lines_refuse(l, "authenticode with SHA-512, SHA-384 and SHA-256");
    p->has_authenticode = true;
    return true;
}

static bool parse_payload(struct tb_lines *l, struct tb_reader rest, struct tb_payload *p)
{
    *p = (struct tb_payload){ 0 };
    if (!tb_payload_kind_of_name(tb_lines_word(&rest), &p->kind))
        return tb_lines_refuse(l, "payload and a kind of payload");
    p->name = tb_lines_word(&rest);
    if (!tb_is_payload_name(p->name))
        return tb_lines_refuse(l, "a payload's name");
    if (!tb_lines_number(tb_lines_word(&rest), TB_PAYLOAD_SIZE_MAX, &p->size) ||
        !tb_lines_hex(tb_lines_word(&rest), p->sha512, 64) || !tb_lines_hex(rest, p->sha256, 32))
        return tb_lines_refuse(l, "size, SHA-512 and SHA-256");
    return !tb_payload_is_efi(p->kind) || parse_authenticode(l, p);
}

static bool is_new_name(const struct tb_manifest *m, struct tb_reader name)
{
    for (size_t i = 0; i < m->n_payloads; i++)
        if (tb_slice_equal(m->payload[i].name, name))
            return false;
    return true;
}

static bool parse_payloads(struct tb_lines *l, struct tb_manifest *m)
{
    struct tb_reader rest;

    for (; tb_lines_is(l, "payload", &rest); m->n_payloads++) {
        if (m->n_payloads == TB_PAYLOADS_MAX)
            return tb_lines_refuse(l, "at most 128 payloads");
        if (!parse_payload(l, rest, &m->payload[m->n_payloads]))
            return false;
        if (!is_new_name(m, m->payload[m->n_payloads].name))
            return tb_lines_refuse(l, "each name once");
        if (!tb_lines_next(l))
            return false;
    }
    return true;
}

static bool parse(struct tb_lines *l, struct tb_manifest *m)
{
    if (!parse_identity(l, m) || !tb_lines_next(l) ||
        !parse_relations(l, "conflicts", m->conflicts, &m->n_conflicts) ||
        !parse_relations(l, "requires", m->requires, &m->n_requires) || !parse_options(l, m) ||
        !parse_payloads(l, m))
        return false;
    return tb_lines_end(l);
}

bool tb_manifest_parse(struct tb_reader in, struct tb_manifest *out, struct tb_reason *why)
{
    struct tb_lines l = { .in = in, .why = why };

    memset(out, 0, sizeof *out);
    if (in.left > TB_MANIFEST_LEN_MAX)
        return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "manifest", "at most 65536 bytes", "%zu",
                         in.left);
    if (parse(&l, out))
        return true;
    memset(out, 0, sizeof *out);
    return false;
}
