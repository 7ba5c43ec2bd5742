/* pkg/record.c - each kind is a row of fields, each field one form: what is read is what is
 * written.
 */
#include "pkg/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CODE_MAX 63
#define FILE_MAX 255 /* characters; the longest name of a file on FAT */
#define FIELDS_MAX 7
#define FIELD_LEN_MAX (TB_RECORD_LINE_MAX + 1) /* with its NUL */

/* ---- what a field may be ---- */

static bool is_printable(uint8_t c)
{
    return c > ' ' && c <= '~';
}

static bool is_file_name(struct tb_reader r)
{
    return tb_lines_holds_only(r, FILE_MAX, is_printable, "");
}

static bool is_code(struct tb_reader r)
{
    return tb_lines_holds_only(r, CODE_MAX, tb_lines_is_lower, ".-");
}

static bool is_line(struct tb_reader r)
{
    return tb_lines_is_text(r, TB_RECORD_LINE_MAX);
}

static bool is_result(struct tb_reader r)
{
    return tb_lines_text_is(r, "pass") || tb_lines_text_is(r, "fail");
}

bool tb_record_state_is(struct tb_reader state)
{
    static const char *const states[] = { "on", "off", "setup-mode", "audit-mode", "unknown" };

    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (tb_lines_text_is(state, states[i]))
            return true;
    return false;
}

enum form { WORD, NUMBER, NUMBER32, HEX, SET, PACKAGE_KIND, PAYLOAD_KIND };

enum field {
    END,
    NAME,
    OPTION,
    FILE_NAME,
    VERSION,
    SECURITY_VERSION,
    PACKAGE,
    PAYLOAD,
    PAYLOAD_NAME,
    SIZE,
    FAULTS,
    SHA512,
    SHA256,
    FROM,
    TO,
    CODE,
    STATE,
    RESULT,
    TEXT,
    N_FIELDS
};

static const struct {
    enum form form;
    size_t at;                    /* in struct tb_record */
    bool (*is)(struct tb_reader); /* WORD */
    uint64_t max;                 /* NUMBER: the greatest; HEX: bytes */
    const char *expected;
} fields[N_FIELDS] = {
#define AT(member) offsetof(struct tb_record, member)
    [NAME] = { WORD, AT(name), tb_is_package_name, 0, "a package's name" },
    [OPTION] = { WORD, AT(name), tb_is_option_name, 0, "an option's name" },
    [FILE_NAME] = { WORD, AT(name), is_file_name, 0, "the name of a file" },
    [VERSION] = { WORD, AT(version), tb_is_package_version, 0, "a package's version" },
    [SECURITY_VERSION] = { NUMBER32, AT(security_version), NULL, UINT32_MAX, "a security version" },
    [PACKAGE] = { PACKAGE_KIND, AT(package_kind), NULL, 0, "a kind of package" },
    [PAYLOAD] = { PAYLOAD_KIND, AT(payload_kind), NULL, 0, "a kind of payload" },
    [PAYLOAD_NAME] = { WORD, AT(file), tb_is_payload_name, 0, "a payload's name" },
    [SIZE] = { NUMBER, AT(size), NULL, TB_PAYLOAD_SIZE_MAX, "a size or number" },
    [FAULTS] = { NUMBER, AT(faults), NULL, UINT32_MAX, "a number of faults" },
    [SHA512] = { HEX, AT(sha512), NULL, 64, "a SHA-512 digest" },
    [SHA256] = { HEX, AT(sha256), NULL, 32, "a SHA-256 digest" },
    [FROM] = { SET, AT(set), NULL, 0, "set a or b" },
    [TO] = { SET, AT(to), NULL, 0, "set a or b" },
    [CODE] = { WORD, AT(code), is_code, 0, "the code of a check" },
    [STATE] = { WORD, AT(code), tb_record_state_is, 0, "a state of Secure Boot" },
    [RESULT] = { WORD, AT(code), is_result, 0, "pass or fail" },
    [TEXT] = { WORD, AT(text), is_line, 0, "printable text" },
#undef AT
};

static const struct {
    const char *name;
    uint8_t field[FIELDS_MAX + 1]; /* END behind the last */
} kinds[] = {
    [TB_RECORD_NONE] = { NULL, { END } },
    [TB_RECORD_SECURE_BOOT] = { "secure-boot", { STATE } },
    [TB_RECORD_VENDOR] = { "vendor", { SHA256 } },
    [TB_RECORD_CONFIGURATION] = { "configuration", { SIZE, SHA512 } },
    [TB_RECORD_ASSET_TAG] = { "asset-tag", { TEXT } },
    [TB_RECORD_SET] = { "set", { FROM } },
    [TB_RECORD_PACKAGE] = { "package",
                            { NAME, VERSION, SECURITY_VERSION, PACKAGE, SIZE, SHA512, SHA256 } },
    [TB_RECORD_MODULE] = { "module",
                           { PAYLOAD, NAME, VERSION, PAYLOAD_NAME, SIZE, SHA512, SHA256 } },
    [TB_RECORD_SIGNER] = { "signer", { NAME, SHA256 } },
    [TB_RECORD_UNVERIFIED] = { "unverified", { FILE_NAME, CODE } },
    [TB_RECORD_FALLBACK] = { "fallback", { FROM, TO, CODE } },
    [TB_RECORD_OPTION] = { "option", { OPTION, TEXT } },
    [TB_RECORD_COMMAND_LINE] = { "command-line", { TEXT } },
    [TB_RECORD_END] = { "end", { FROM } },
    [TB_RECORD_LOST] = { "lost", { END } },
    [TB_RECORD_CHECKED] = { "checked", { NAME, VERSION, SECURITY_VERSION, SHA512, CODE } },
    [TB_RECORD_UNCLAIMED] = { "unclaimed", { TEXT } },
    [TB_RECORD_VERDICT] = { "verdict", { RESULT, SIZE, FAULTS } },
    [TB_RECORD_RESCUE] = { "rescue", { END } },
    [TB_RECORD_COMPLETE] = { "boot-complete", { END } },
};
#define N_KINDS (sizeof kinds / sizeof *kinds)

const char *tb_record_kind_name(enum tb_record_kind kind)
{
    return (size_t)kind < N_KINDS && kinds[kind].name != NULL ? kinds[kind].name : "none";
}

/* What two fields say together. */
static const char *contradiction(const struct tb_record *r)
{
    bool is_whole = r->size <= TB_BOOTCONF_LEN_MAX;

    switch (r->kind) {
    case TB_RECORD_CONFIGURATION:
        return r->text.left == (is_whole ? r->size : 0) ? NULL : "as many bytes as it says";
    case TB_RECORD_FALLBACK: return r->set != r->to ? NULL : "another set";
    case TB_RECORD_VERDICT:
        return r->faults == 0 || tb_lines_text_is(r->code, "fail") ? NULL : "a pass without faults";
    default: return NULL;
    }
}

/* ---- reading ---- */

static bool parse_field(enum field f, struct tb_reader word, struct tb_record *out)
{
    void *at = (uint8_t *)out + fields[f].at;
    uint64_t n = 0;

    switch (fields[f].form) {
    case WORD: *(struct tb_reader *)at = word; return fields[f].is(word);
    case NUMBER: return tb_lines_number(word, fields[f].max, at);
    case NUMBER32:
        if (!tb_lines_number(word, fields[f].max, &n))
            return false;
        *(uint32_t *)at = (uint32_t)n;
        return true;
    case HEX: return tb_lines_hex(word, at, (size_t)fields[f].max);
    case SET:
        *(char *)at = tb_lines_text_is(word, "b") ? 'b' : 'a';
        return tb_lines_text_is(word, "a") || tb_lines_text_is(word, "b");
    case PACKAGE_KIND: return tb_package_kind_of_name(word, at);
    case PAYLOAD_KIND: return tb_payload_kind_of_name(word, at);
    }
    return false;
}

/* The line begins with the kind's name; the words are as many as its fields, and the last is all
 * that is left. */
static bool parse_line(struct tb_reader line, struct tb_record *out, struct tb_reason *why)
{
    const uint8_t *f = kinds[out->kind].field;
    const char *name = kinds[out->kind].name;
    struct tb_reader word = *f == END ? line : tb_lines_word(&line);

    if (!tb_lines_text_is(word, name))
        return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "record", name, "%.*s", (int)word.left,
                         (const char *)word.p);
    for (; *f != END; f++) {
        word = f[1] == END ? line : tb_lines_word(&line);
        if (!parse_field(*f, word, out))
            return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, name, fields[*f].expected, "%.*s",
                             word.left > 100 ? 100 : (int)word.left, (const char *)word.p);
    }
    return true;
}

static bool parse_text(struct tb_reader text, struct tb_record *out, struct tb_reason *why)
{
    const uint8_t *end = text.left == 0 ? NULL : memchr(text.p, '\n', text.left);
    struct tb_reader line;
    const char *wrong;

    if (end == NULL)
        return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, kinds[out->kind].name, "a line that ends",
                         "%zu bytes", text.left);
    if (!tb_read_slice(&text, (size_t)(end - text.p) + 1, &line))
        return false; /* not reached */
    line.left--;
    if (!parse_line(line, out, why))
        return false;
    out->text = out->kind == TB_RECORD_CONFIGURATION ? text : out->text;
    if (out->kind != TB_RECORD_CONFIGURATION && text.left != 0)
        return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, kinds[out->kind].name,
                         "nothing behind the line", "%zu bytes", text.left);
    wrong = contradiction(out);
    return wrong == NULL ||
           tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, kinds[out->kind].name, wrong, "%.*s",
                     (int)(line.left > 100 ? 100 : line.left), (const char *)line.p);
}

bool tb_record_parse(struct tb_reader event, struct tb_record *out, struct tb_reason *why)
{
    uint32_t tag, len;

    memset(out, 0, sizeof *out);
    if (event.left > TB_RECORD_LEN_MAX)
        return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "record", "at most 3080 bytes", "%zu",
                         event.left);
    if (!tb_read_u32le(&event, &tag) || !tb_read_u32le(&event, &len))
        return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "record", "a tag and a size", "%zu bytes",
                         event.left);
    if (tag - TB_RECORD_TAG >= N_KINDS || kinds[tag - TB_RECORD_TAG].name == NULL)
        return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "record", "a known tag", "%08" PRIx32, tag);
    if (len != event.left)
        return tb_refuse(why, TB_CHECK_PACKAGE_FORMAT, "record", "as many bytes as it says",
                         "%zu of %" PRIu32, event.left, len);
    out->kind = (enum tb_record_kind)(tag - TB_RECORD_TAG);
    if (parse_text(event, out, why))
        return true;
    memset(out, 0, sizeof *out);
    return false;
}

bool tb_record_is(struct tb_reader event)
{
    uint32_t tag;

    return tb_read_u32le(&event, &tag) && (tag & 0xffff0000) == TB_RECORD_TAG;
}

/* ---- writing ---- */

/* The text of a field; false: it may not be one. */
static bool print_field(enum field f, const struct tb_record *r, char text[FIELD_LEN_MAX])
{
    const void *at = (const uint8_t *)r + fields[f].at;
    struct tb_reader word;
    uint64_t n;

    switch (fields[f].form) {
    case WORD:
        word = *(const struct tb_reader *)at;
        if (!fields[f].is(word))
            return false;
        memcpy(text, word.p, word.left);
        text[word.left] = '\0';
        return true;
    case NUMBER:
    case NUMBER32:
        n = fields[f].form == NUMBER ? *(const uint64_t *)at : *(const uint32_t *)at;
        snprintf(text, FIELD_LEN_MAX, "%" PRIu64, n);
        return n <= fields[f].max;
    case HEX: tb_hex(tb_slice(at, (size_t)fields[f].max), text, FIELD_LEN_MAX); return true;
    case SET:
        text[0] = *(const char *)at;
        text[1] = '\0';
        return text[0] == 'a' || text[0] == 'b';
    case PACKAGE_KIND:
        if (r->package_kind >= TB_N_PACKAGE_KINDS)
            return false;
        snprintf(text, FIELD_LEN_MAX, "%s", tb_package_kind_name(r->package_kind));
        return true;
    case PAYLOAD_KIND:
        if (r->payload_kind >= TB_N_PAYLOAD_KINDS)
            return false;
        snprintf(text, FIELD_LEN_MAX, "%s", tb_payload_kind_name(r->payload_kind));
        return true;
    }
    return false;
}

static bool put_u32le(struct tb_bytes *o, uint32_t v)
{
    uint8_t b[] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };

    return tb_bytes_put(o, b, sizeof b);
}

static bool put_text(struct tb_bytes *o, const struct tb_record *r)
{
    const char *name = kinds[r->kind].name;
    char text[FIELD_LEN_MAX];

    if (!tb_bytes_put(o, name, strlen(name)))
        return false;
    for (const uint8_t *f = kinds[r->kind].field; *f != END; f++)
        if (!print_field(*f, r, text) || !tb_bytes_put(o, " ", 1) ||
            !tb_bytes_put(o, text, strlen(text)))
            return false;
    return tb_bytes_put(o, "\n", 1) &&
           (r->kind != TB_RECORD_CONFIGURATION || tb_bytes_put(o, r->text.p, r->text.left));
}

bool tb_record_print(const struct tb_record *r, uint8_t *buf, size_t cap, size_t *out_len)
{
    struct tb_bytes o = { .p = buf, .cap = cap < TB_RECORD_LEN_MAX ? cap : TB_RECORD_LEN_MAX };
    struct tb_bytes size = { .p = buf, .cap = 8, .n = 4 };

    if ((size_t)r->kind >= N_KINDS || kinds[r->kind].name == NULL || contradiction(r) != NULL)
        return false;
    if (!put_u32le(&o, TB_RECORD_TAG + (uint32_t)r->kind) || !put_u32le(&o, 0) ||
        !put_text(&o, r) || !put_u32le(&size, (uint32_t)(o.n - 8)))
        return false;
    *out_len = o.n;
    return true;
}

struct tb_reader tb_record_line(struct tb_reader in, bool word, char out[TB_RECORD_LINE_MAX])
{
    size_t n = word ? FILE_MAX : TB_RECORD_LINE_MAX;

    if (n > in.left)
        n = in.left;
    for (size_t i = 0; i < n; i++) {
        bool fits = in.p[i] == ' ' ? !word && i != 0 && i + 1 != n : is_printable(in.p[i]);

        out[i] = fits ? (char)in.p[i] : '?';
    }
    if (n == 0)
        out[n++] = '-';
    return tb_slice(out, n);
}
