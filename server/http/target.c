/* server/http/target.c - see target.h. The threat: a name that means one thing here and another
 * thing to whoever compares, logs or stores it; so one spelling is accepted, the rest is refused.
 */
#include "server/http/target.h"

#include <string.h>
#include <strings.h>

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* RFC 3986 3.3 pchar without the percent sign */
static bool is_pchar(char c)
{
    return c != '\0' && (is_alnum(c) || strchr("-._~!$&'()*+,;=:@", c) != NULL);
}

/* RFC 9110 5.6.2 */
static bool is_tchar(char c)
{
    return c != '\0' && (is_alnum(c) || strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* RFC 3629: shortest form, no surrogates, at most U+10FFFF. Refuses C1 controls too. */
static bool is_utf8_text(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;

    while (*p != 0) {
        unsigned more = *p < 0x80 ? 0 : *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : 1;
        uint32_t c = more == 0 ? *p : *p & (0x3fu >> more);

        if ((*p >= 0x80 && *p < 0xc2) || *p > 0xf4 || *p < 0x20 || *p == 0x7f)
            return false;
        for (unsigned i = 1; i <= more; i++) {
            if ((p[i] & 0xc0) != 0x80)
                return false;
            c = c << 6 | (p[i] & 0x3fu);
        }
        if ((more == 1 && c < 0xa0) || (more == 2 && c < 0x800) || (more == 3 && c < 0x10000) ||
            (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
            return false;
        p += 1 + more;
    }
    return true;
}

/* Decode [from, to) to *store and end it with a zero; *store moves behind it. */
static const char *decode(const char *from, const char *to, const char *also, bool plus,
                          char **store)
{
    char *start = *store, *w = *store;

    for (const char *p = from; p < to; p++) {
        if (*p == '%') {
            int hi = to - p > 2 ? hex_value(p[1]) : -1, lo = to - p > 2 ? hex_value(p[2]) : -1;

            if (hi < 0 || lo < 0)
                return "a percent sign without two hex digits";
            if (hi == 0 && lo == 0)
                return "a zero byte";
            *w++ = (char)(hi << 4 | lo);
            p += 2;
        } else if (is_pchar(*p) || strchr(also, *p) != NULL) {
            *w++ = plus && *p == '+' ? ' ' : *p;
        } else {
            return "a byte that must be percent-encoded";
        }
    }
    *w++ = '\0';
    *store = w;
    return is_utf8_text(start) ? NULL : "control bytes or text that is not UTF-8";
}

static const char *parse_path(const char *p, const char *end, char **store, struct tb_target *t)
{
    if (p == end || *p != '/')
        return "not an absolute path";
    if (end - p == 1)
        return NULL; /* the root has no segments */
    while (p < end) {
        const char *from = p + 1, *to = memchr(from, '/', (size_t)(end - from));
        const char *segment = *store, *wrong;

        if (to == NULL)
            to = end;
        if (t->n_segments == TB_HTTP_SEGMENTS_MAX)
            return "too many path segments";
        wrong = decode(from, to, "", false, store);
        if (wrong != NULL)
            return wrong;
        if (strchr(segment, '/') != NULL)
            return "an encoded slash";
        if (strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0)
            return "a dot segment";
        if (*segment == '\0' && to != end)
            return "an empty path segment";
        t->segment[t->n_segments++] = segment;
        p = to;
    }
    return NULL;
}

static const char *parse_query(const char *p, const char *end, char **store, struct tb_target *t)
{
    while (p < end) {
        const char *to = memchr(p, '&', (size_t)(end - p)), *equal;
        const char *name = *store, *value, *wrong;

        if (to == NULL)
            to = end;
        equal = memchr(p, '=', (size_t)(to - p));
        if (equal == NULL || equal == p)
            return "a query parameter that is not name=value";
        if (t->n_query == TB_HTTP_QUERY_MAX)
            return "too many query parameters";
        wrong = decode(p, equal, "/?", true, store);
        value = *store;
        if (wrong == NULL)
            wrong = decode(equal + 1, to, "/?", true, store);
        if (wrong != NULL)
            return wrong;
        for (size_t i = 0; i < t->n_query; i++)
            if (strcmp(t->query[i].name, name) == 0)
                return "a doubled query parameter";
        t->query[t->n_query].name = name;
        t->query[t->n_query++].value = value;
        p = to + 1;
    }
    return NULL;
}

const char *tb_target_parse(const char *raw, char *store, struct tb_target *out)
{
    const char *end = raw + strlen(raw), *mark = strchr(raw, '?');
    const char *wrong;

    memset(out, 0, sizeof *out);
    wrong = parse_path(raw, mark != NULL ? mark : end, &store, out);
    if (wrong == NULL && mark != NULL)
        wrong = parse_query(mark + 1, end, &store, out);
    return wrong;
}

static bool port_is_valid(const char *p)
{
    unsigned value = 0;

    if (*p == '\0')
        return true;
    if (*p++ != ':' || *p == '\0')
        return false;
    for (; *p != '\0'; p++) {
        if (*p < '0' || *p > '9')
            return false;
        value = value * 10 + (unsigned)(*p - '0');
        if (value > 65535)
            return false;
    }
    return true;
}

bool tb_host_is_valid(const char *host)
{
    const char *p = host;

    if (strlen(host) > 261) /* 255 of a name, a colon, a port */
        return false;
    if (*p == '[') {
        for (p++; *p != '\0' && *p != ']'; p++)
            if (hex_value(*p) < 0 && *p != ':' && *p != '.')
                return false;
        return *p == ']' && p - host > 2 && port_is_valid(p + 1);
    }
    while (is_alnum(*p) || (*p != '\0' && strchr("-._", *p) != NULL))
        p++;
    return p != host && port_is_valid(p);
}

bool tb_length_parse(const char *text, uint64_t *out)
{
    uint64_t value = 0;
    size_t n = 0;

    for (; text[n] >= '0' && text[n] <= '9'; n++) {
        if (n == 18) /* no carry below 10^18 */
            return false;
        value = value * 10 + (uint64_t)(text[n] - '0');
    }
    if (n == 0 || text[n] != '\0')
        return false;
    *out = value;
    return true;
}

bool tb_field_name_is_valid(const char *name, size_t len)
{
    if (len == 0)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_tchar(name[i]))
            return false;
    return true;
}

bool tb_field_value_is_valid(const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)value[i] < 0x20 && value[i] != '\t') || value[i] == 0x7f)
            return false;
    return true;
}

/* RFC 6265 4.1.1 cookie-octet */
static bool is_cookie_octet(char c)
{
    return c > 0x20 && c < 0x7f && strchr("\",;\\", c) == NULL;
}

bool tb_cookie_find(const char *header, const char *name, char *out, size_t out_size)
{
    size_t name_len = strlen(name), found = 0;
    const char *p = header;

    out[0] = '\0';
    while (*p != '\0') {
        const char *value = p + name_len, *end;
        bool ours = strncmp(p, name, name_len) == 0 && *value == '=';

        end = strchrnul(p, ';');
        if (ours) {
            size_t len = (size_t)(end - ++value);

            for (size_t i = 0; i < len; i++)
                if (!is_cookie_octet(value[i]))
                    return out[0] = '\0', false;
            /* two of one name: a subdomain or a plain page may have set the other */
            if (++found > 1 || len == 0 || len >= out_size)
                return out[0] = '\0', false;
            memcpy(out, value, len);
            out[len] = '\0';
        }
        p = *end == ';' ? end + 1 : end;
        p += strspn(p, " ");
    }
    return found == 1;
}

/* RFC 6750 2.1: "Bearer" 1*SP b64token */
bool tb_bearer_find(const char *header, char *out, size_t out_size)
{
    const char *p = header;
    size_t len = 0;

    out[0] = '\0';
    if (strncasecmp(p, "Bearer ", 7) != 0)
        return false;
    p += 7;
    while (is_alnum(p[len]) || (p[len] != '\0' && strchr("-._~+/=", p[len]) != NULL))
        len++;
    if (len == 0 || p[len] != '\0' || len >= out_size)
        return false;
    memcpy(out, p, len + 1);
    return true;
}

bool tb_media_type_is_one_of(const char *value, const char *accepts)
{
    size_t len = strcspn(value, "; \t");
    const char *rest = value + len;

    rest += strspn(rest, " \t");
    if (*rest == ';') {
        rest += 1 + strspn(rest + 1, " \t");
        if (strcasecmp(rest, "charset=utf-8") != 0 && strcasecmp(rest, "charset=\"utf-8\"") != 0)
            return false;
    } else if (*rest != '\0') {
        return false;
    }
    if (len == 0)
        return false;
    if (accepts == NULL)
        return true;
    for (const char *a = accepts; *a != '\0'; a += strspn(a, " ")) {
        size_t n = strcspn(a, " ");

        if (n == len && strncasecmp(a, value, n) == 0)
            return true;
        a += n;
    }
    return false;
}

bool tb_accepts_gzip(const char *header)
{
    for (const char *p = header; *p != '\0';) {
        size_t len, item;

        p += strspn(p, " \t,");
        item = strcspn(p, ",");
        len = strcspn(p, ",; \t");
        if (len == 4 && strncasecmp(p, "gzip", 4) == 0) {
            const char *q = memchr(p, '=', item);

            return q == NULL || strncmp(q + 1, "0", 1) != 0 ||
                   strspn(q + 1, "0.") != strcspn(q + 1, ", \t");
        }
        p += item;
    }
    return false;
}

bool tb_etag_matches(const char *header, const char *etag)
{
    size_t n = strlen(etag);

    for (const char *p = header; *p != '\0';) {
        p += strspn(p, " \t,");
        if (*p == '*')
            return true;
        if (strncmp(p, "W/", 2) == 0)
            p += 2;
        if (strncmp(p, etag, n) == 0 && (p[n] == '\0' || strchr(", \t", p[n]) != NULL))
            return true;
        p += strcspn(p, ",");
    }
    return false;
}
