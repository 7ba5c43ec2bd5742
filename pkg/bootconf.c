#include "pkg/bootconf.h"

#include <string.h>

#define FIRST "trueboot-boot 1"

static bool is_set(struct tb_reader r)
{
    return tb_lines_text_is(r, "a") || tb_lines_text_is(r, "b");
}

static bool is_append(struct tb_reader r)
{
    return tb_lines_is_text(r, TB_APPEND_MAX);
}

/* ---- reading ---- */

static bool parse_good(struct tb_lines *l, struct tb_bootconf *c)
{
    struct tb_reader rest;

    for (char set = 'a'; tb_lines_is(l, "good", &rest); set++) {
        if (!is_set(rest) || rest.p[0] < (uint8_t)set)
            return tb_lines_refuse(l, "good a, good b, each once");
        set = (char)rest.p[0];
        c->good[set - 'a'] = true;
        if (!tb_lines_next(l))
            return false;
    }
    return true;
}

static bool parse(struct tb_lines *l, struct tb_bootconf *c)
{
    struct tb_reader v;

    if (!tb_lines_next(l))
        return false;
    if (!tb_lines_text_is(l->line, FIRST))
        return tb_lines_refuse(l, FIRST);
    if (!tb_lines_value(l, "default", is_set, "default a or default b", &v))
        return false;
    c->start = (char)v.p[0];
    if (!tb_lines_next(l) || !parse_good(l, c))
        return false;
    c->quiet = tb_lines_text_is(l->line, "quiet");
    if (c->quiet && !tb_lines_next(l))
        return false;
    if (tb_lines_is(l, "append", &v)) {
        if (!is_append(v))
            return tb_lines_refuse(l, "append and at most 1024 printable characters");
        c->append = v;
        if (!tb_lines_next(l))
            return false;
    }
    return tb_lines_end(l);
}

bool tb_bootconf_parse(struct tb_reader in, struct tb_bootconf *out, struct tb_reason *why)
{
    struct tb_lines l = { .in = in, .why = why };

    memset(out, 0, sizeof *out);
    if (in.left > TB_BOOTCONF_LEN_MAX)
        return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "boot.conf", "at most 2048 bytes", "%zu",
                         in.left);
    if (parse(&l, out))
        return true;
    memset(out, 0, sizeof *out);
    return false;
}

/* ---- writing ---- */

static bool put_text(struct tb_bytes *o, const char *text)
{
    return tb_bytes_put(o, text, strlen(text));
}

bool tb_bootconf_print(const struct tb_bootconf *c, char *buf, size_t cap, size_t *out_len)
{
    struct tb_bytes o = { (uint8_t *)buf, cap, 0 };

    if ((c->start != 'a' && c->start != 'b') || (c->append.left != 0 && !is_append(c->append)))
        return false;
    if (!put_text(&o, FIRST "\ndefault ") || !tb_bytes_put(&o, &c->start, 1) ||
        !put_text(&o, "\n") || (c->good[0] && !put_text(&o, "good a\n")) ||
        (c->good[1] && !put_text(&o, "good b\n")) || (c->quiet && !put_text(&o, "quiet\n")))
        return false;
    if (c->append.left != 0 &&
        (!put_text(&o, "append ") || !tb_bytes_put(&o, c->append.p, c->append.left) ||
         !put_text(&o, "\n")))
        return false;
    *out_len = o.n + 4;
    return put_text(&o, "end\n");
}

bool tb_bootconf_mark(struct tb_reader in, char set, bool good, char out[TB_BOOTCONF_LEN_MAX],
                      size_t *out_len, struct tb_reason *why)
{
    struct tb_bootconf c;

    if (!tb_bootconf_parse(in, &c, why))
        return false;
    c.good[set - 'a'] = good;
    return tb_bootconf_print(&c, out, TB_BOOTCONF_LEN_MAX, out_len) ||
           tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "boot.conf", "room for one more line",
                     "%zu bytes", in.left);
}

bool tb_boot_command_line(struct tb_reader signed_part, struct tb_reader append, char set,
                          char out[TB_COMMAND_LINE_MAX + 1], struct tb_reason *why)
{
    const struct tb_reader parts[] = { signed_part, append };
    struct tb_bytes o = { (uint8_t *)out, TB_COMMAND_LINE_MAX, 0 };

    for (size_t i = 0; i < 2; i++)
        if (parts[i].left != 0 &&
            (!tb_bytes_put(&o, parts[i].p, parts[i].left) || !put_text(&o, " ")))
            goto too_long;
    if (!put_text(&o, "trueboot.set=") || !tb_bytes_put(&o, &set, 1))
        goto too_long;
    out[o.n] = '\0';
    return true;
too_long:
    return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "command line", "at most 2047 characters",
                     "%zu and %zu, and the set", signed_part.left, append.left);
}
