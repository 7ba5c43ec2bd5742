/* cli/text.c - see text.h. */
#include "cli/text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Characters that act on a terminal, or that are not seen (Unicode 15, general categories Cc, Cf,
 * Zl, Zp, and the fillers and selectors that hide text). Ascending. */
static const struct {
    uint32_t first, last;
} hidden[] = {
    { 0x00, 0x1f },        { 0x7f, 0x9f },     { 0xad, 0xad },       { 0x34f, 0x34f },
    { 0x600, 0x605 },      { 0x61c, 0x61c },   { 0x6dd, 0x6dd },     { 0x70f, 0x70f },
    { 0x115f, 0x1160 },    { 0x17b4, 0x17b5 }, { 0x180b, 0x180f },   { 0x200b, 0x200f },
    { 0x2028, 0x202e },    { 0x2060, 0x206f }, { 0x3164, 0x3164 },   { 0xd800, 0xdfff },
    { 0xe000, 0xf8ff },    { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },   { 0xffa0, 0xffa0 },
    { 0xfff0, 0xfffb },    { 0xfffe, 0xffff }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
    { 0xe0000, 0x10ffff },
};

static bool is_hidden(uint32_t c)
{
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        if (c >= hidden[i].first && c <= hidden[i].last)
            return true;
    return false;
}

/* One character of UTF-8 (RFC 3629, 4): its length, or 0 when the bytes are none. */
static size_t utf8_read(const unsigned char *p, size_t left, uint32_t *out)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t n = p[0] < 0x80   ? 1
               : p[0] < 0xc2 ? 0
               : p[0] < 0xe0 ? 2
               : p[0] < 0xf0 ? 3
               : p[0] < 0xf5 ? 4
                             : 0;
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);

    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *out = c;
    return n;
}

void tb_text_put_n(FILE *out, const char *in, size_t len)
{
    const unsigned char *p = (const unsigned char *)in;

    while (len > 0) {
        uint32_t c = 0;
        size_t n = utf8_read(p, len, &c);

        if (n == 0 || (n == 1 && is_hidden(c)))
            fprintf(out, "\\x%02x", *p);
        else if (is_hidden(c))
            fprintf(out, "\\u{%x}", (unsigned)c);
        else
            fwrite(p, 1, n, out);
        n = n == 0 ? 1 : n;
        p += n;
        len -= n;
    }
}

void tb_text_put(FILE *out, const char *in)
{
    tb_text_put_n(out, in, strlen(in));
}

char *tb_text_safe(const char *in, size_t len)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);

    if (f == NULL)
        return NULL;
    tb_text_put_n(f, in, len);
    if (fclose(f) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

size_t tb_text_width(const char *safe)
{
    size_t n = 0;

    for (; *safe != '\0'; safe++)
        if (((unsigned char)*safe & 0xc0) != 0x80)
            n++;
    return n;
}

bool tb_number_parse(const char *text, int64_t min, int64_t max, int64_t *out)
{
    int64_t n = 0;

    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || n > (INT64_MAX - 9) / 10)
            return false;
        n = n * 10 + (*text - '0');
    }
    if (n < min || n > max)
        return false;
    *out = n;
    return true;
}

bool tb_duration_parse(const char *text, int64_t *out_s)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
    char digits[12];
    size_t len = strlen(text);
    int64_t n, factor = 1;

    if (len == 0 || len >= sizeof digits)
        return false;
    memcpy(digits, text, len + 1);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (text[len - 1] == units[i].unit) {
            factor = units[i].seconds;
            digits[len - 1] = '\0';
        }
    if (!tb_number_parse(digits, 1, INT32_MAX, &n))
        return false;
    *out_s = n * factor;
    return true;
}

bool tb_time_format(int64_t time_s, char out[32])
{
    time_t t = (time_t)time_s;
    struct tm tm;

    return gmtime_r(&t, &tm) != NULL && strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0;
}
