#include "pkg/lines.h"

#include <stdio.h>
#include <string.h>

bool tb_lines_text_is(struct tb_reader r, const char *text)
{
    return tb_slice_equal(r, tb_slice(text, strlen(text)));
}

bool tb_lines_is_lower(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool tb_lines_is_alnum(uint8_t c)
{
    return tb_lines_is_lower(c) || (c >= 'A' && c <= 'Z');
}

bool tb_lines_holds_only(struct tb_reader r, size_t max, bool (*letter)(uint8_t),
                         const char *others)
{
    if (r.left == 0 || r.left > max)
        return false;
    for (size_t i = 0; i < r.left; i++)
        if (!letter(r.p[i]) && (r.p[i] == 0 || strchr(others, r.p[i]) == NULL))
            return false;
    return true;
}

bool tb_is_package_name(struct tb_reader r)
{
    return tb_lines_holds_only(r, TB_PKG_NAME_MAX, tb_lines_is_lower, "+.-") &&
           tb_lines_is_lower(r.p[0]);
}

bool tb_lines_is_text(struct tb_reader r, size_t max)
{
    if (r.left == 0 || r.left > max || r.p[0] == ' ' || r.p[r.left - 1] == ' ')
        return false;
    for (size_t i = 0; i < r.left; i++)
        if (r.p[i] < ' ' || r.p[i] > '~')
            return false;
    return true;
}

bool tb_lines_is_words(struct tb_reader r)
{
    return tb_lines_is_text(r, TB_PKG_TEXT_MAX);
}

int tb_lines_order(struct tb_reader a, struct tb_reader b)
{
    int c = memcmp(a.p, b.p, a.left < b.left ? a.left : b.left);

    return c != 0 ? c : (a.left > b.left) - (a.left < b.left);
}

bool tb_lines_refuse(const struct tb_lines *l, const char *expected)
{
    char where[32];

    snprintf(where, sizeof where, "line %u", l->n);
    return tb_refuse(l->why, TB_CHECK_PACKAGE_FORMAT, where, expected, "%.*s",
                     (int)(l->end               ? 3
                           : l->line.left > 100 ? 100
                                                : l->line.left),
                     l->end ? "end" : (const char *)l->line.p);
}

bool tb_lines_next(struct tb_lines *l)
{
    const uint8_t *end;

    l->n++;
    l->end = l->in.left == 0;
    l->line = l->in;
    if (l->end)
        return true;
    end = memchr(l->in.p, '\n', l->in.left);
    l->line = tb_slice(l->in.p, end == NULL ? l->in.left : (size_t)(end - l->in.p));
    if (end == NULL)
        return tb_lines_refuse(l, "a line that ends");
    l->in.p += l->line.left + 1;
    l->in.left -= l->line.left + 1;
    return true;
}

bool tb_lines_is(const struct tb_lines *l, const char *key, struct tb_reader *rest)
{
    size_t n = strlen(key);

    if (l->line.left < n + 2 || memcmp(l->line.p, key, n) != 0 || l->line.p[n] != ' ')
        return false;
    *rest = tb_slice(l->line.p + n + 1, l->line.left - n - 1);
    return true;
}

struct tb_reader tb_lines_word(struct tb_reader *rest)
{
    const uint8_t *space = rest->left == 0 ? NULL : memchr(rest->p, ' ', rest->left);
    size_t n = space == NULL ? rest->left : (size_t)(space - rest->p);
    struct tb_reader w = tb_slice(rest->p, n);

    rest->p += n + (space != NULL);
    rest->left -= n + (space != NULL);
    return w;
}

bool tb_lines_number(struct tb_reader r, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;

    if (r.left == 0 || (r.left > 1 && r.p[0] == '0'))
        return false;
    for (size_t i = 0; i < r.left; i++) {
        unsigned digit = (unsigned)(r.p[i] - '0');

        if (digit > 9 || v > (max - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

bool tb_lines_hex(struct tb_reader r, uint8_t *out, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    if (r.left != 2 * len)
        return false;
    for (size_t i = 0; i < r.left; i++) {
        const char *d = r.p[i] == 0 ? NULL : strchr(digits, r.p[i]);

        if (d == NULL)
            return false;
        out[i / 2] = (uint8_t)((i % 2 != 0 ? out[i / 2] << 4 : 0) | (d - digits));
    }
    return true;
}

/* Days from 1970-01-01 to the first of a year's March-based day, in the proleptic Gregorian
 * calendar: the year begins in March, so that the leap day is its last. */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    unsigned m = month <= 2 ? month + 9 : month - 3;

    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static unsigned two_digits(const uint8_t *p)
{
    return (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
}

static unsigned days_in(unsigned year, unsigned month)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return days[month - 1] +
           (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 1U : 0U);
}

bool tb_lines_date(struct tb_reader r, int64_t *out)
{
    static const char form[] = "0000-00-00T00:00:00Z";
    unsigned year, month, day, hour, minute, second;

    if (r.left != sizeof form - 1)
        return false;
    for (size_t i = 0; i < r.left; i++)
        if (form[i] == '0' ? r.p[i] < '0' || r.p[i] > '9' : r.p[i] != (uint8_t)form[i])
            return false;
    year = two_digits(r.p) * 100 + two_digits(r.p + 2);
    month = two_digits(r.p + 5);
    day = two_digits(r.p + 8);
    hour = two_digits(r.p + 11);
    minute = two_digits(r.p + 14);
    second = two_digits(r.p + 17);
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(year, month) ||
        hour > 23 || minute > 59 || second > 59)
        return false;
    *out = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    return true;
}

/* The inverse of days_of(). */
void tb_date_text(int64_t s, char out[TB_DATE_TEXT_LEN])
{
    int64_t z = s / 86400 + 719468, era = z / 146097;
    unsigned rest = (unsigned)(s % 86400), doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    unsigned month = mp < 10 ? mp + 3 : mp - 9;

    snprintf(out, TB_DATE_TEXT_LEN, "%04u-%02u-%02uT%02u:%02u:%02uZ",
             (unsigned)(yoe + era * 400 + (month <= 2)) % 10000, month,
             doy - (153 * mp + 2) / 5 + 1, rest / 3600, rest / 60 % 60, rest % 60);
}

bool tb_lines_value(struct tb_lines *l, const char *key, bool (*is)(struct tb_reader),
                    const char *expected, struct tb_reader *out)
{
    if (!tb_lines_next(l))
        return false;
    if (!tb_lines_is(l, key, out) || (is != NULL && !is(*out)))
        return tb_lines_refuse(l, expected);
    return true;
}

bool tb_lines_end(struct tb_lines *l)
{
    if (!tb_lines_text_is(l->line, "end"))
        return tb_lines_refuse(l, "the next line in order, or end");
    if (l->in.left == 0)
        return true;
    l->n++;
    l->line = l->in;
    return tb_lines_refuse(l, "nothing behind the end");
}

bool tb_bytes_put(struct tb_bytes *o, const void *p, size_t n)
{
    if (n > o->cap - o->n)
        return false;
    if (n != 0)
        memcpy(o->p + o->n, p, n);
    o->n += n;
    return true;
}
