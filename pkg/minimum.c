#include "pkg/minimum.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct tb_reader name_at(const struct tb_minimum *m, size_t i)
{
    return tb_slice(m->package[i].name, strlen(m->package[i].name));
}

static void set(struct tb_minimum *m, size_t i, struct tb_reader name, uint32_t security_version)
{
    snprintf(m->package[i].name, sizeof m->package[i].name, "%.*s", (int)name.left,
             (const char *)name.p);
    m->package[i].security_version = security_version;
}

static bool parse_line(struct tb_lines *l, struct tb_minimum *m)
{
    struct tb_reader rest = l->line, name = tb_lines_word(&rest);
    uint64_t v;

    if (m->n == TB_SET_PACKAGES_MAX || !tb_is_package_name(name) ||
        !tb_lines_number(rest, UINT32_MAX, &v))
        return tb_lines_refuse(l, "a package's name and a security version, at most 64 of them");
    if (m->n > 0 && tb_lines_order(name_at(m, m->n - 1), name) >= 0)
        return tb_lines_refuse(l, "names in rising order");
    set(m, m->n++, name, (uint32_t)v);
    return true;
}

bool tb_minimum_parse(struct tb_reader in, struct tb_minimum *out, struct tb_reason *why)
{
    struct tb_lines l = { .in = in, .why = why };
    bool ok;

    memset(out, 0, sizeof *out);
    for (ok = tb_lines_next(&l); ok && !l.end; ok = ok && tb_lines_next(&l))
        ok = parse_line(&l, out);
    if (!ok)
        memset(out, 0, sizeof *out);
    return ok;
}

size_t tb_minimum_print(const struct tb_minimum *m, char out[TB_MINIMUM_LEN_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++)
        n += (size_t)snprintf(out + n, TB_MINIMUM_LEN_MAX - n, "%s %" PRIu32 "\n",
                              m->package[i].name, m->package[i].security_version);
    return n;
}

/* Where the name stands, or would. */
static bool find(const struct tb_minimum *m, struct tb_reader name, size_t *at)
{
    for (*at = 0; *at < m->n && tb_lines_order(name_at(m, *at), name) < 0;)
        ++*at;
    return *at < m->n && tb_slice_equal(name_at(m, *at), name);
}

uint32_t tb_minimum_of(const struct tb_minimum *m, struct tb_reader name)
{
    size_t i;

    return find(m, name, &i) ? m->package[i].security_version : 0;
}

bool tb_minimum_raise(struct tb_minimum *m, struct tb_reader name, uint32_t security_version)
{
    size_t i;

    if (find(m, name, &i)) {
        if (security_version > m->package[i].security_version)
            m->package[i].security_version = security_version;
        return true;
    }
    if (m->n == TB_SET_PACKAGES_MAX)
        return false;
    memmove(&m->package[i + 1], &m->package[i], (m->n - i) * sizeof m->package[0]);
    m->n++;
    set(m, i, name, security_version);
    return true;
}

/* The first that is not among these goes. */
static void make_room(struct tb_minimum *m, const struct tb_minimum *these)
{
    size_t i = 0, at;

    while (i < m->n && find(these, name_at(m, i), &at))
        i++;
    if (i == m->n)
        return;
    m->n--;
    memmove(&m->package[i], &m->package[i + 1], (m->n - i) * sizeof m->package[0]);
}

bool tb_minimum_take(struct tb_minimum *m, const struct tb_minimum *of_set)
{
    bool changed = false;

    for (size_t i = 0; i < of_set->n; i++) {
        const struct tb_reader name = name_at(of_set, i);
        const uint32_t version = of_set->package[i].security_version;
        size_t at;

        if (tb_minimum_of(m, name) >= version)
            continue;
        if (m->n == TB_SET_PACKAGES_MAX && !find(m, name, &at))
            make_room(m, of_set);
        changed = tb_minimum_raise(m, name, version) || changed;
    }
    return changed;
}
