#include "core/sbat.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The bytes up to the delimiter, which is taken too; or all that is left. */
static struct tb_reader take_until(struct tb_reader *r, char delimiter)
{
    const uint8_t *end = r->left != 0 ? memchr(r->p, delimiter, r->left) : NULL;
    const size_t n = end != NULL ? (size_t)(end - r->p) : r->left;
    struct tb_reader field = { r->p, n };

    r->left -= end != NULL ? n + 1 : n;
    r->p = end != NULL ? end + 1 : r->p;
    return field;
}

/* A number as shim writes it: no sign, no blank, no zero in front. */
static bool number(struct tb_reader field, uint32_t *out)
{
    uint64_t value = 0;

    if (field.left == 0 || field.left > 10 || (field.left > 1 && field.p[0] == '0'))
        return false;
    for (size_t i = 0; i < field.left; i++) {
        const unsigned digit = (unsigned)field.p[i] - '0';

        if (digit > 9)
            return false;
        value = 10 * value + digit;
    }
    if (value > UINT32_MAX)
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool is_component(struct tb_reader name)
{
    if (name.left == 0 || name.left >= TB_SBAT_COMPONENT_MAX)
        return false;
    for (size_t i = 0; i < name.left; i++)
        if (name.p[i] <= ' ' || name.p[i] > '~')
            return false;
    return true;
}

bool tb_sbat_entry_parse(struct tb_reader line, struct tb_sbat_entry *out)
{
    struct tb_reader name = take_until(&line, ','), generation;
    struct tb_sbat_entry e = { .date = 0 };
    bool has_date;

    if (!is_component(name))
        return false;
    has_date = memchr(line.p, ',', line.left) != NULL;
    generation = take_until(&line, ',');
    if (!number(generation, &e.generation))
        return false;
    /* Only the level itself is dated; a generation with more behind it is something else. */
    if (has_date && (!tb_slice_equal(name, tb_slice("sbat", 4)) || !number(line, &e.date)))
        return false;
    memcpy(e.component, name.p, name.left);
    *out = e;
    return true;
}

void tb_sbat_entry_text(const struct tb_sbat_entry *e, char out[TB_SBAT_LINE_MAX])
{
    int n = snprintf(out, TB_SBAT_LINE_MAX, "%s,%" PRIu32, e->component, e->generation);

    if (e->date != 0 && n > 0 && n < TB_SBAT_LINE_MAX)
        snprintf(out + n, TB_SBAT_LINE_MAX - (size_t)n, ",%" PRIu32, e->date);
}

const struct tb_sbat_entry *tb_sbat_find(const struct tb_sbat *level, const char *component)
{
    for (size_t i = 0; i < level->n; i++)
        if (strcmp(level->entry[i].component, component) == 0)
            return &level->entry[i];
    return NULL;
}

static bool refuse(struct tb_reason *why, size_t line, const char *expected, const char *observed)
{
    char where[32];

    snprintf(where, sizeof where, "SBAT level, line %zu", line);
    return tb_refuse(why, TB_CHECK_SB_SBAT, where, expected, "%s", observed);
}

bool tb_sbat_parse(struct tb_reader text, struct tb_sbat *out, struct tb_reason *why)
{
    struct tb_sbat level = { .n = 0 };

    while (text.left != 0 && text.p[text.left - 1] == '\0')
        text.left--;
    if (text.left == 0 || text.left > TB_SBAT_TEXT_MAX)
        return tb_refuse(why, TB_CHECK_SB_SBAT, "SBAT level", "1 to 4096 bytes of text",
                         "%zu bytes", text.left);
    while (text.left != 0) {
        struct tb_reader line = take_until(&text, '\n');

        if (level.n == TB_SBAT_ENTRIES_MAX)
            return refuse(why, level.n + 1, "at most 64 lines", "more");
        if (!tb_sbat_entry_parse(line, &level.entry[level.n]))
            return refuse(why, level.n + 1, "component,generation", "something else");
        if (tb_sbat_find(&level, level.entry[level.n].component) != NULL)
            return refuse(why, level.n + 1, "each component once", level.entry[level.n].component);
        level.n++;
    }
    *out = level;
    return true;
}

bool tb_sbat_reaches(const struct tb_sbat_entry *have, const struct tb_sbat_entry *need)
{
    return have != NULL && have->generation >= need->generation && have->date >= need->date;
}
