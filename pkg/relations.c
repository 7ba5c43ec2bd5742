#include "pkg/relations.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool is_alone(const struct tb_manifest *const *set, size_t n, size_t at,
                     struct tb_reason *why)
{
    const struct tb_manifest *m = set[at];

    for (size_t i = 0; i < n; i++) {
        if (i == at)
            continue;
        if (tb_slice_equal(set[i]->name, m->name))
            return tb_refuse(why, TB_CHECK_PACKAGE_DUPLICATE, "name", "each name once",
                             "%.*s twice", (int)m->name.left, (const char *)m->name.p);
        if (set[i]->kind == TB_PACKAGE_BASE && m->kind == TB_PACKAGE_BASE)
            return tb_refuse(why, TB_CHECK_PACKAGE_DUPLICATE, "kind", "one base package",
                             "%.*s beside %.*s", (int)m->name.left, (const char *)m->name.p,
                             (int)set[i]->name.left, (const char *)set[i]->name.p);
    }
    return true;
}

/* The package that is named, from that security version on; NULL: there is none. */
static const struct tb_manifest *find(const struct tb_manifest *const *set, size_t n,
                                      const struct tb_relation *r)
{
    for (size_t i = 0; i < n; i++)
        if (tb_slice_equal(set[i]->name, r->name) &&
            set[i]->security_version >= r->security_version)
            return set[i];
    return NULL;
}

static bool refuse(const struct tb_relation *r, const char *key, const struct tb_manifest *found,
                   struct tb_reason *why)
{
    char expected[TB_PKG_NAME_MAX + 64];

    snprintf(expected, sizeof expected, "%s %.*s of security version %" PRIu32 " or above",
             found != NULL ? "no" : "a", (int)r->name.left, (const char *)r->name.p,
             r->security_version);
    if (found == NULL)
        return tb_refuse(why, TB_CHECK_PACKAGE_RELATION, key, expected, "none");
    return tb_refuse(why, TB_CHECK_PACKAGE_RELATION, key, expected, "%.*s %.*s, %" PRIu32,
                     (int)found->name.left, (const char *)found->name.p, (int)found->version.left,
                     (const char *)found->version.p, found->security_version);
}

enum tb_level tb_relations_early_level(const struct tb_manifest *m)
{
    if (tb_lines_text_is(m->name, TB_LOADER_PACKAGE))
        return m->level;
    for (size_t i = 0; m->kind != TB_PACKAGE_BASE && i < m->n_payloads; i++)
        if (m->payload[i].kind == TB_PAYLOAD_INITRD)
            return m->level;
    return TB_LEVEL_CERTIFIED;
}

bool tb_relations_early_holds(enum tb_level early, enum tb_level of_base, struct tb_reason *why)
{
    char expected[64];

    if (early <= of_base)
        return true;
    snprintf(expected, sizeof expected, "%s, the base package's, or above", tb_level_name(of_base));
    return tb_refuse(why, TB_CHECK_PACKAGE_LEVEL, "level of its early part", expected, "%s",
                     tb_level_name(early));
}

enum tb_level tb_relations_least_level(struct tb_reader command_line)
{
    static const char key[] = "trueboot.level=";
    const size_t key_len = sizeof key - 1;
    enum tb_level least = TB_LEVEL_COMMUNITY;

    while (command_line.left > 0) {
        const struct tb_reader word = tb_lines_word(&command_line);
        enum tb_level level;

        if (word.left < key_len || memcmp(word.p, key, key_len) != 0)
            continue;
        if (!tb_level_of_name(tb_slice(word.p + key_len, word.left - key_len), &level))
            level = TB_LEVEL_CERTIFIED;
        least = level < least ? level : least;
    }
    return least;
}

bool tb_relations_hold(const struct tb_manifest *const *set, size_t n, size_t at,
                       struct tb_reason *why)
{
    const struct tb_manifest *m = set[at], *found;

    if (!is_alone(set, n, at, why))
        return false;
    for (size_t i = 0; i < m->n_conflicts; i++) {
        found = find(set, n, &m->conflicts[i]);
        if (found != NULL)
            return refuse(&m->conflicts[i], "conflicts", found, why);
    }
    for (size_t i = 0; i < m->n_requires; i++)
        if (find(set, n, &m->requires[i]) == NULL)
            return refuse(&m->requires[i], "requires", NULL, why);
    for (size_t i = 0; i < n; i++)
        if (set[i]->kind == TB_PACKAGE_BASE &&
            !tb_relations_early_holds(tb_relations_early_level(m), set[i]->level, why))
            return false;
    return true;
}

bool tb_relations_have_base(const struct tb_manifest *const *set, size_t n, struct tb_reason *why)
{
    for (size_t i = 0; i < n; i++)
        if (set[i]->kind == TB_PACKAGE_BASE)
            return true;
    return tb_refuse(why, TB_CHECK_PACKAGE_REQUIRED, "packages of the set", "a base package",
                     "none among %zu", n);
}

bool tb_relations_metadata_fits(uint64_t len, struct tb_reason *why)
{
    char expected[48];

    if (len <= TB_SET_METADATA_MAX)
        return true;
    snprintf(expected, sizeof expected, "at most %d bytes", TB_SET_METADATA_MAX);
    return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "metadata of the set", expected, "%" PRIu64,
                     len);
}
