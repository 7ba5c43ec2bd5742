#include "wire/policy_json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "wire/cbor.h"
#include "wire/json_text.h"

#define FORMAT 1
#define PATH_MAX_DEPTH 4

static const char *const keyset_names[TB_N_KEYSETS] = {
    [TB_KEYSET_PK] = "PK",
    [TB_KEYSET_KEK] = "KEK",
    [TB_KEYSET_DB] = "db",
    [TB_KEYSET_DBX] = "dbx",
};

/* A file being read, and where in it: names of members, "" for an element of a list. */
struct parsing {
    const char *file;
    struct tb_reader text;
    struct tb_policy *policy;
    char *err;
    size_t depth;
    struct {
        const char *name;
        size_t index;
    } path[PATH_MAX_DEPTH];
};

static const uint8_t *find_member(const uint8_t *p, size_t left, const char *name)
{
    char quoted[80];
    size_t n = (size_t)snprintf(quoted, sizeof quoted, "\"%s\"", name);

    return n < sizeof quoted && left != 0 ? memmem(p, left, quoted, n) : NULL;
}

/* jansson keeps no positions, so the line is that of the last member on the path whose name stands
 * in the text behind the one before it. */
static unsigned line_of(const struct parsing *s)
{
    const uint8_t *at = s->text.p, *end = s->text.p + s->text.left, *found;
    unsigned line = 1;

    for (size_t i = 0; i < s->depth; i++) {
        found = s->path[i].name[0] == '\0' ? NULL
                                           : find_member(at, (size_t)(end - at), s->path[i].name);
        if (found != NULL)
            at = found;
    }
    for (const uint8_t *p = s->text.p; p < at; p++)
        line += *p == '\n';
    return line;
}

__attribute__((format(printf, 2, 3))) static bool refuse(struct parsing *s, const char *format, ...)
{
    char path[96] = "", message[128], whole[TB_POLICY_ERR_LEN + 128];
    size_t n = 0;
    va_list args;

    for (size_t i = 0; i < s->depth && n < sizeof path; i++)
        if (s->path[i].name[0] == '\0')
            n += (size_t)snprintf(path + n, sizeof path - n, "[%zu]", s->path[i].index);
        else
            n += (size_t)snprintf(path + n, sizeof path - n, "%s%.40s", i == 0 ? "" : ".",
                                  s->path[i].name);
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    snprintf(whole, sizeof whole, "%.100s:%u: %s%s%.110s", s->file, line_of(s), path,
             path[0] == '\0' ? "" : ": ", message);
    tb_text_copy(s->err, TB_POLICY_ERR_LEN, whole);
    return false;
}

static void enter(struct parsing *s, const char *name, size_t index)
{
    s->path[s->depth].name = name;
    s->path[s->depth++].index = index;
}

static void leave(struct parsing *s)
{
    s->depth--;
}

static bool read_number(struct parsing *s, const json_t *v, json_int_t min, json_int_t max,
                        uint32_t *out)
{
    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
        return refuse(s, "a whole number from %lld to %lld", (long long)min, (long long)max);
    *out = (uint32_t)json_integer_value(v);
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_digest(struct parsing *s, const json_t *v, enum tb_bank bank, uint8_t *out)
{
    const size_t len = tb_bank_digest_len(bank);
    const char *text = json_string_value(v);

    if (text == NULL || json_string_length(v) != 2 * len)
        return refuse(s, "%zu lower-case hexadecimal digits (%s)", 2 * len, tb_bank_name(bank));
    for (size_t i = 0; i < len; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return refuse(s, "%zu lower-case hexadecimal digits (%s)", 2 * len, tb_bank_name(bank));
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool read_bank(struct parsing *s, const json_t *v, enum tb_bank *out)
{
    if (!json_is_string(v) || !tb_bank_of_name(json_string_value(v), out))
        return refuse(s, "sha1, sha256, sha384 or sha512");
    return true;
}

/* A list of at most max elements, each read by one; a path element is entered for each. */
static bool read_list(struct parsing *s, const json_t *v, size_t max,
                      bool (*one)(struct parsing *s, const json_t *v, void *to), void *to)
{
    bool ok = true;

    if (!json_is_array(v))
        return refuse(s, "a list");
    if (json_array_size(v) > max)
        return refuse(s, "at most %zu entries", max);
    for (size_t i = 0; ok && i < json_array_size(v); i++) {
        enter(s, "", i);
        ok = one(s, json_array_get(v, i), to);
        leave(s);
    }
    return ok;
}

/* ---- the members ---- */

static bool read_format(struct parsing *s, const json_t *v)
{
    uint32_t format;

    return read_number(s, v, FORMAT, FORMAT, &format);
}

static bool read_name(struct parsing *s, const json_t *v)
{
    size_t len = json_string_length(v); /* 0 for what is no string */

    if (len == 0 || len >= sizeof s->policy->name ||
        !tb_text_is_printable(tb_slice(json_string_value(v), len)))
        return refuse(s, "1 to 63 printable characters");
    memset(s->policy->name, 0, sizeof s->policy->name);
    memcpy(s->policy->name, json_string_value(v), len);
    return true;
}

static bool read_mode(struct parsing *s, const json_t *v)
{
    const char *text = json_string_value(v);

    if (text == NULL || (strcmp(text, "enforce") != 0 && strcmp(text, "observe") != 0))
        return refuse(s, "enforce or observe");
    s->policy->enforce = strcmp(text, "enforce") == 0;
    return true;
}

static bool add_bank(struct parsing *s, const json_t *v, void *to)
{
    uint32_t *banks = to;
    enum tb_bank b;

    if (!read_bank(s, v, &b))
        return false;
    if (*banks >> b & 1)
        return refuse(s, "each bank once");
    *banks |= 1U << b;
    return true;
}

static bool read_banks(struct parsing *s, const json_t *v)
{
    uint32_t banks = 0;

    if (!read_list(s, v, TB_N_BANKS, add_bank, &banks))
        return false;
    if (banks == 0)
        return refuse(s, "at least one bank");
    s->policy->banks = banks;
    return true;
}

static bool add_pcr(struct parsing *s, const json_t *v, void *to)
{
    uint32_t *pcrs = to, i = 0;

    if (!read_number(s, v, 0, TB_N_PCRS - 1, &i))
        return false;
    if (TB_POLICY_PCRS_NEVER >> i & 1)
        return refuse(s, "PCR %u can be reset by anybody and proves nothing", i);
    if (*pcrs >> i & 1)
        return refuse(s, "each PCR once");
    *pcrs |= UINT32_C(1) << i;
    return true;
}

static bool read_pcrs(struct parsing *s, const json_t *v)
{
    uint32_t pcrs = 0;

    if (!read_list(s, v, TB_N_PCRS, add_pcr, &pcrs))
        return false;
    if ((pcrs & TB_POLICY_PCRS_ALWAYS) != TB_POLICY_PCRS_ALWAYS)
        return refuse(s, "PCR 0 to 7 must be among them");
    s->policy->pcrs = pcrs;
    return true;
}

static bool read_check(struct parsing *s, const char *code, const json_t *v)
{
    enum tb_severity severity;
    enum tb_check check;

    if (!tb_check_of_code(code, &check))
        return refuse(s, "no such check");
    if (!json_is_string(v) || !tb_severity_of_name(json_string_value(v), &severity))
        return refuse(s, "required, advisory or inform");
    if (tb_check_is_always_required(check) && severity != TB_SEVERITY_REQUIRED)
        return refuse(s, "this check is always required");
    s->policy->severity[check] = severity;
    return true;
}

static bool read_checks(struct parsing *s, const json_t *v)
{
    const char *code;
    json_t *member;
    bool ok = true;

    if (!json_is_object(v))
        return refuse(s, "an object of checks and severities");
    json_object_foreach((json_t *)v, code, member)
    {
        enter(s, code, 0);
        ok = ok && read_check(s, code, member);
        leave(s);
    }
    return ok;
}

static bool read_ek_trust(struct parsing *s, const json_t *v)
{
    const char *text = json_string_value(v);

    if (text == NULL || (strcmp(text, "certificate") != 0 && strcmp(text, "token") != 0))
        return refuse(s, "certificate or token");
    s->policy->ek_trust = strcmp(text, "token") == 0 ? TB_EK_TRUST_TOKEN : TB_EK_TRUST_CERTIFICATE;
    return true;
}

static bool read_interval(struct parsing *s, const json_t *v)
{
    return read_number(s, v, TB_POLICY_INTERVAL_MIN_S, TB_POLICY_INTERVAL_MAX_S,
                       &s->policy->interval_s);
}

static bool read_stale(struct parsing *s, const json_t *v)
{
    return read_number(s, v, TB_POLICY_INTERVAL_MIN_S, TB_POLICY_STALE_MAX_S, &s->policy->stale_s);
}

/* A list of SHA-256 digests under construction. */
struct digest_list {
    uint8_t (*digest)[32];
    size_t *n;
};

static bool add_digest(struct parsing *s, const json_t *v, void *to)
{
    struct digest_list *list = to;
    uint8_t digest[TB_DIGEST_MAX];

    if (!read_digest(s, v, TB_BANK_SHA256, digest))
        return false;
    for (size_t i = 0; i < *list->n; i++)
        if (memcmp(list->digest[i], digest, 32) == 0)
            return refuse(s, "each digest once");
    memcpy(list->digest[(*list->n)++], digest, 32);
    return true;
}

static bool read_keyset(struct parsing *s, const char *name, const json_t *v)
{
    for (unsigned k = 0; k < TB_N_KEYSETS; k++)
        if (strcmp(keyset_names[k], name) == 0) {
            struct digest_list list = { s->policy->keys[k], &s->policy->n_keys[k] };

            return read_list(s, v, TB_POLICY_DIGESTS_MAX, add_digest, &list);
        }
    return refuse(s, "PK, KEK, db or dbx");
}

static bool read_keys(struct parsing *s, const json_t *v)
{
    const char *name;
    json_t *member;
    bool ok = true;

    if (!json_is_object(v))
        return refuse(s, "an object of PK, KEK, db and dbx");
    json_object_foreach((json_t *)v, name, member)
    {
        enter(s, name, 0);
        ok = ok && read_keyset(s, name, member);
        leave(s);
    }
    return ok;
}

static bool read_authorities(struct parsing *s, const json_t *v)
{
    struct digest_list list = { s->policy->authorities, &s->policy->n_authorities };

    return read_list(s, v, TB_POLICY_DIGESTS_MAX, add_digest, &list);
}

/* The members of a small object, all of them and no other. */
static bool has_exactly(struct parsing *s, const json_t *v, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (json_object_get(v, names[i]) == NULL)
            return refuse(s, "%s is missing", names[i]);
    if (json_object_size(v) != n)
        return refuse(s, "only %s, %s%s%s", names[0], names[1], n > 2 ? " and " : "",
                      n > 2 ? names[2] : "");
    return true;
}

static bool add_program(struct parsing *s, const json_t *v, void *to)
{
    static const char *const names[] = { "bank", "digest" };
    struct tb_policy *p = to;
    struct tb_digest_entry entry = { .bank = TB_BANK_SHA256 };

    if (!has_exactly(s, v, names, 2) || !read_bank(s, json_object_get(v, "bank"), &entry.bank) ||
        !read_digest(s, json_object_get(v, "digest"), entry.bank, entry.digest))
        return false;
    p->programs[p->n_programs++] = entry;
    return true;
}

static bool read_programs(struct parsing *s, const json_t *v)
{
    return read_list(s, v, TB_POLICY_DIGESTS_MAX, add_program, s->policy);
}

static bool add_pin(struct parsing *s, const json_t *v, void *to)
{
    static const char *const names[] = { "bank", "pcr", "value" };
    struct tb_policy *p = to;
    struct tb_pin pin = { .bank = TB_BANK_SHA256 };
    uint32_t pcr = 0;

    if (!has_exactly(s, v, names, 3) || !read_bank(s, json_object_get(v, "bank"), &pin.bank) ||
        !read_number(s, json_object_get(v, "pcr"), 0, TB_N_PCRS - 1, &pcr) ||
        !read_digest(s, json_object_get(v, "value"), pin.bank, pin.value))
        return false;
    pin.pcr = (uint8_t)pcr;
    p->pin[p->n_pins++] = pin;
    return true;
}

static bool read_pins(struct parsing *s, const json_t *v)
{
    return read_list(s, v, TB_POLICY_PINS_MAX, add_pin, s->policy);
}

static const struct member {
    const char *name;
    bool (*read)(struct parsing *s, const json_t *v);
    bool needed;
} members[] = {
    { "format", read_format, true },
    { "name", read_name, true },
    { "mode", read_mode, false },
    { "banks", read_banks, false },
    { "pcrs", read_pcrs, false },
    { "checks", read_checks, false },
    { "ek_trust", read_ek_trust, false },
    { "interval_s", read_interval, false },
    { "stale_s", read_stale, false },
    { "keys", read_keys, false },
    { "authorities", read_authorities, false },
    { "programs", read_programs, false },
    { "pins", read_pins, false },
};

static const struct member *find(const char *name)
{
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (strcmp(members[i].name, name) == 0)
            return &members[i];
    return NULL;
}

/* What no single member can say. */
static bool is_coherent(struct parsing *s)
{
    const struct tb_policy *p = s->policy;

    enter(s, "stale_s", 0);
    if (p->stale_s <= p->interval_s)
        return refuse(s, "more than interval_s (%" PRIu32 ")", p->interval_s);
    leave(s);
    for (size_t i = 0; i < p->n_pins; i++) {
        enter(s, "pins", 0);
        enter(s, "", i);
        if (!(p->pcrs >> p->pin[i].pcr & 1) || !(p->banks >> p->pin[i].bank & 1))
            return refuse(s, "a PCR and a bank that the policy quotes and allows");
        leave(s);
        leave(s);
    }
    return true;
}

static bool read_members(struct parsing *s, const json_t *root)
{
    const char *name;
    json_t *v;

    if (!json_is_object(root))
        return refuse(s, "a policy is an object");
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (members[i].needed && json_object_get(root, members[i].name) == NULL)
            return refuse(s, "%s is missing", members[i].name);
    json_object_foreach((json_t *)root, name, v)
    {
        const struct member *m = find(name);

        enter(s, name, 0);
        if (m == NULL)
            return refuse(s, "no such member");
        if (!m->read(s, v))
            return false;
        leave(s);
    }
    return is_coherent(s);
}

static bool set_digest(struct tb_policy *p, struct tb_hasher *h)
{
    uint8_t digest[TB_DIGEST_MAX];
    char *text = tb_policy_print(p);
    bool ok = text != NULL && tb_hash(h, TB_BANK_SHA256, tb_slice(text, strlen(text)), digest);

    if (ok)
        memcpy(p->digest, digest, sizeof p->digest);
    free(text);
    return ok;
}

bool tb_policy_parse(const char *file, struct tb_reader json, struct tb_hasher *h,
                     struct tb_policy *out, char err[TB_POLICY_ERR_LEN])
{
    struct tb_policy policy;
    struct parsing s = { .file = file, .text = json, .policy = &policy, .err = err };
    json_error_t why;
    json_t *root;
    bool ok;

    tb_policy_builtin(&policy);
    if (json.left > TB_POLICY_JSON_MAX)
        return refuse(&s, "at most %d bytes", TB_POLICY_JSON_MAX);
    root = json_loadb((const char *)json.p, json.left, JSON_REJECT_DUPLICATES, &why);
    if (root == NULL) {
        char message[TB_POLICY_ERR_LEN];

        snprintf(message, sizeof message, "%.100s:%d: %.120s", file, why.line, why.text);
        tb_text_copy(err, TB_POLICY_ERR_LEN, message);
        return false;
    }
    ok = read_members(&s, root);
    json_decref(root);
    if (!ok)
        return false;
    if (!set_digest(&policy, h))
        return refuse(&s, "no memory");
    *out = policy;
    return true;
}

/* ---- and back ---- */

/* jansson's *_new functions take NULL and fail, so one test at the end is enough. */
static json_t *hex_string(const uint8_t *p, size_t len)
{
    char hex[2 * TB_DIGEST_MAX + 2];

    tb_hex(tb_slice(p, len), hex, sizeof hex);
    return json_string(hex);
}

static json_t *digests(const uint8_t list[][32], size_t n)
{
    json_t *a = json_array();

    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(a, hex_string(list[i], 32)) != 0) {
            json_decref(a);
            return NULL;
        }
    return a;
}

static int print_masks(json_t *root, const struct tb_policy *p)
{
    json_t *banks = json_array(), *pcrs = json_array();
    int bad = 0;

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (p->banks >> b & 1)
            bad |= json_array_append_new(banks, json_string(tb_bank_name((enum tb_bank)b)));
    for (unsigned i = 0; i < TB_N_PCRS; i++)
        if (p->pcrs >> i & 1)
            bad |= json_array_append_new(pcrs, json_integer((json_int_t)i));
    bad |= json_object_set_new(root, "banks", banks);
    return bad | json_object_set_new(root, "pcrs", pcrs);
}

static int print_checks(json_t *root, const struct tb_policy *p)
{
    json_t *checks = json_object();
    int bad = 0;

    for (unsigned c = 0; c < TB_N_CHECKS; c++) {
        enum tb_severity severity = tb_policy_severity(p, (enum tb_check)c);
        const struct tb_check_text *text = tb_check_text((enum tb_check)c);

        if (severity != text->severity)
            bad |= json_object_set_new(checks, text->code, json_string(tb_severity_name(severity)));
    }
    if (json_object_size(checks) != 0)
        return bad | json_object_set_new(root, "checks", checks);
    json_decref(checks);
    return bad;
}

static int print_keys(json_t *root, const struct tb_policy *p)
{
    json_t *keys = json_object();
    int bad = 0;

    for (unsigned k = 0; k < TB_N_KEYSETS; k++)
        if (p->n_keys[k] != 0)
            bad |= json_object_set_new(keys, keyset_names[k], digests(p->keys[k], p->n_keys[k]));
    if (json_object_size(keys) != 0)
        bad |= json_object_set_new(root, "keys", keys);
    else
        json_decref(keys);
    if (p->n_authorities != 0)
        bad |= json_object_set_new(root, "authorities", digests(p->authorities, p->n_authorities));
    return bad;
}

static int print_lists(json_t *root, const struct tb_policy *p)
{
    json_t *programs = json_array(), *pins = json_array();
    int bad = 0;

    for (size_t i = 0; i < p->n_programs; i++) {
        const struct tb_digest_entry *e = &p->programs[i];

        bad |= json_array_append_new(
            programs, json_pack("{s:s, s:o}", "bank", tb_bank_name(e->bank), "digest",
                                hex_string(e->digest, tb_bank_digest_len(e->bank))));
    }
    for (size_t i = 0; i < p->n_pins; i++) {
        const struct tb_pin *e = &p->pin[i];

        bad |= json_array_append_new(
            pins, json_pack("{s:s, s:i, s:o}", "bank", tb_bank_name(e->bank), "pcr", (int)e->pcr,
                            "value", hex_string(e->value, tb_bank_digest_len(e->bank))));
    }
    if (p->n_programs != 0)
        bad |= json_object_set(root, "programs", programs);
    if (p->n_pins != 0)
        bad |= json_object_set(root, "pins", pins);
    json_decref(programs);
    json_decref(pins);
    return bad;
}

char *tb_policy_print(const struct tb_policy *p)
{
    json_t *root =
        json_pack("{s:i, s:s, s:s, s:s, s:I, s:I}", "format", FORMAT, "name", p->name, "mode",
                  p->enforce ? "enforce" : "observe", "ek_trust",
                  p->ek_trust == TB_EK_TRUST_TOKEN ? "token" : "certificate", "interval_s",
                  (json_int_t)p->interval_s, "stale_s", (json_int_t)p->stale_s);
    char *text = NULL;

    if (root != NULL && print_masks(root, p) == 0 && print_checks(root, p) == 0 &&
        print_keys(root, p) == 0 && print_lists(root, p) == 0)
        text = tb_json_text(root);
    json_decref(root);
    return text;
}
