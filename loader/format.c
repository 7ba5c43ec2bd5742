#include "loader/format.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct out {
    char *p;
    size_t cap, n; /* n counts what does not fit, too */
};

/* One conversion. */
struct spec {
    bool zeros;
    size_t width;
    size_t precision; /* SIZE_MAX: none */
    char size;        /* 'i' int, 'l' long, 'L' long long, 'z' size_t */
    char kind;
};

static void put(struct out *o, char c)
{
    if (o->n + 1 < o->cap)
        o->p[o->n] = c;
    o->n++;
}

static size_t number(const char **f, va_list args)
{
    size_t n = 0;

    if (**f == '*') {
        int given = va_arg(args, int);

        (*f)++;
        return given < 0 ? 0 : (size_t)given;
    }
    for (; **f >= '0' && **f <= '9'; (*f)++)
        n = n * 10 + (size_t)(**f - '0');
    return n;
}

static char size_of(const char **f)
{
    if (**f == 'z') {
        (*f)++;
        return 'z';
    }
    if (**f != 'l')
        return 'i';
    (*f)++;
    if (**f != 'l')
        return 'l';
    (*f)++;
    return 'L';
}

static void put_text(struct out *o, const struct spec *s, const char *text)
{
    size_t len = 0;

    while (len < s->precision && text[len] != '\0')
        len++;
    for (size_t i = len; i < s->width; i++)
        put(o, ' ');
    for (size_t i = 0; i < len; i++)
        put(o, text[i]);
}

static void put_number(struct out *o, const struct spec *s, unsigned long long v, bool negative)
{
    const unsigned base = s->kind == 'x' ? 16 : 10;
    char digits[24];
    size_t n = 0, len;

    do {
        digits[n++] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v != 0);
    len = n + negative;
    for (; !s->zeros && len < s->width; len++)
        put(o, ' ');
    if (negative)
        put(o, '-');
    for (; len < s->width; len++)
        put(o, '0');
    while (n > 0)
        put(o, digits[--n]);
}

static void put_integer(struct out *o, const struct spec *s, va_list args)
{
    unsigned long long v;
    int given;

    switch (s->size) {
    case 'z': v = va_arg(args, size_t); break;
    case 'l': v = va_arg(args, unsigned long); break;
    case 'L': v = va_arg(args, unsigned long long); break;
    default:
        if (s->kind != 'd') {
            v = va_arg(args, unsigned);
            break;
        }
        given = va_arg(args, int);
        put_number(o, s, given < 0 ? 0ULL - (unsigned long long)given : (unsigned long long)given,
                   given < 0);
        return;
    }
    put_number(o, s, v, false);
}

/* From behind the '%'. False: a conversion that is not known. */
static bool convert(struct out *o, const char **f, va_list args)
{
    struct spec s = { .precision = SIZE_MAX };

    s.zeros = **f == '0';
    s.width = number(f, args);
    if (**f == '.') {
        (*f)++;
        s.precision = number(f, args);
    }
    s.size = size_of(f);
    s.kind = *(*f)++;
    switch (s.kind) {
    case '%': put(o, '%'); return true;
    case 'c': put(o, (char)va_arg(args, int)); return true;
    case 's': put_text(o, &s, va_arg(args, const char *)); return true;
    case 'd':
    case 'u':
    case 'x': put_integer(o, &s, args); return true;
    default: return false;
    }
}

size_t tb_format(char *out, size_t cap, const char *format, va_list args)
{
    struct out o = { .p = out, .cap = cap };
    va_list copy;

    va_copy(copy, args);
    while (*format != '\0') {
        if (*format != '%') {
            put(&o, *format++);
            continue;
        }
        format++;
        if (!convert(&o, &format, copy))
            break;
    }
    va_end(copy);
    if (cap != 0)
        out[o.n < cap ? o.n : cap - 1] = '\0';
    return o.n;
}
