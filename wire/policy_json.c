#include "wire/policy_json_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/cbor.h"
#include "wire/json_text.h"

const char *const tb_policy_keyset_names[TB_N_KEYSETS] = {
    [TB_KEYSET_PK] = "PK",
    [TB_KEYSET_KEK] = "KEK",
    [TB_KEYSET_DB] = "db",
    [TB_KEYSET_DBX] = "dbx",
};

static const uint8_t *find_member(const uint8_t *p, size_t left, const char *name)
{
    char quoted[80];
    size_t n = (size_t)snprintf(quoted, sizeof quoted, "\"%s\"", name);

    return n < sizeof quoted && left != 0 ? memmem(p, left, quoted, n) : NULL;
}

/* jansson keeps no positions, so the line is that of the last member on the path whose name stands
 * in the text behind the one before it. */
static unsigned line_of(const struct tb_policy_reading *s)
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

bool tb_policy_refuse(struct tb_policy_reading *s, const char *format, ...)
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

void tb_policy_enter(struct tb_policy_reading *s, const char *name, size_t index)
{
    s->path[s->depth].name = name;
    s->path[s->depth++].index = index;
}

void tb_policy_leave(struct tb_policy_reading *s)
{
    s->depth--;
}

bool tb_policy_read_number(struct tb_policy_reading *s, const json_t *v, json_int_t min,
                           json_int_t max, uint32_t *out)
{
    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
        return tb_policy_refuse(s, "a whole number from %lld to %lld", (long long)min,
                                (long long)max);
    *out = (uint32_t)json_integer_value(v);
    return true;
}

bool tb_policy_read_digest(struct tb_policy_reading *s, const json_t *v, enum tb_bank bank,
                           uint8_t *out)
{
    const size_t len = tb_bank_digest_len(bank);
    const char *text = json_string_value(v);

    /* Of what is no string the length is 0. */
    if (json_string_length(v) != 2 * len || !tb_unhex(text, out, len))
        return tb_policy_refuse(s, "%zu lower-case hexadecimal digits (%s)", 2 * len,
                                tb_bank_name(bank));
    return true;
}

static bool read_bank(struct tb_policy_reading *s, const json_t *v, enum tb_bank *out)
{
    if (!json_is_string(v) || !tb_bank_of_name(json_string_value(v), out))
        return tb_policy_refuse(s, "sha1, sha256, sha384 or sha512");
    return true;
}

/* A list of at most max elements, each read by one; a path element is entered for each. */
bool tb_policy_read_list(struct tb_policy_reading *s, const json_t *v, size_t max,
                         bool (*one)(struct tb_policy_reading *s, const json_t *v, void *to),
                         void *to)
{
    bool ok = true;

    if (!json_is_array(v))
        return tb_policy_refuse(s, "a list");
    if (json_array_size(v) > max)
        return tb_policy_refuse(s, "at most %zu entries", max);
    for (size_t i = 0; ok && i < json_array_size(v); i++) {
        tb_policy_enter(s, "", i);
        ok = one(s, json_array_get(v, i), to);
        tb_policy_leave(s);
    }
    return ok;
}

/* ---- the members ---- */

static bool read_format(struct tb_policy_reading *s, const json_t *v)
{
    uint32_t format;

    return tb_policy_read_number(s, v, TB_POLICY_FORMAT, TB_POLICY_FORMAT, &format);
}

bool tb_policy_read_text(struct tb_policy_reading *s, const json_t *v, char *out, size_t cap)
{
    size_t len = json_string_length(v); /* 0 for what is no string */

    if (len == 0 || len >= cap || !tb_text_is_printable(tb_slice(json_string_value(v), len)))
        return tb_policy_refuse(s, "1 to %zu printable characters", cap - 1);
    memset(out, 0, cap);
    memcpy(out, json_string_value(v), len);
    return true;
}

static bool read_name(struct tb_policy_reading *s, const json_t *v)
{
    return tb_policy_read_text(s, v, s->policy->name, sizeof s->policy->name);
}

static bool read_mode(struct tb_policy_reading *s, const json_t *v)
{
    const char *text = json_string_value(v);

    if (text == NULL || (strcmp(text, "enforce") != 0 && strcmp(text, "observe") != 0))
        return tb_policy_refuse(s, "enforce or observe");
    s->policy->enforce = strcmp(text, "enforce") == 0;
    return true;
}

static bool add_bank(struct tb_policy_reading *s, const json_t *v, void *to)
{
    uint32_t *banks = to;
    enum tb_bank b;

    if (!read_bank(s, v, &b))
        return false;
    if (*banks >> b & 1)
        return tb_policy_refuse(s, "each bank once");
    *banks |= 1U << b;
    return true;
}

static bool read_banks(struct tb_policy_reading *s, const json_t *v)
{
    uint32_t banks = 0;

    if (!tb_policy_read_list(s, v, TB_N_BANKS, add_bank, &banks))
        return false;
    if (banks == 0)
        return tb_policy_refuse(s, "at least one bank");
    s->policy->banks = banks;
    return true;
}

static bool add_pcr(struct tb_policy_reading *s, const json_t *v, void *to)
{
    uint32_t *pcrs = to, i = 0;

    if (!tb_policy_read_number(s, v, 0, TB_N_PCRS - 1, &i))
        return false;
    if (TB_POLICY_PCRS_NEVER >> i & 1)
        return tb_policy_refuse(s, "PCR %u can be reset by anybody and proves nothing", i);
    if (*pcrs >> i & 1)
        return tb_policy_refuse(s, "each PCR once");
    *pcrs |= UINT32_C(1) << i;
    return true;
}

static bool read_pcrs(struct tb_policy_reading *s, const json_t *v)
{
    uint32_t pcrs = 0;

    if (!tb_policy_read_list(s, v, TB_N_PCRS, add_pcr, &pcrs))
        return false;
    if ((pcrs & TB_POLICY_PCRS_ALWAYS) != TB_POLICY_PCRS_ALWAYS)
        return tb_policy_refuse(s, "PCR 0 to 7 must be among them");
    s->policy->pcrs = pcrs;
    return true;
}

static bool read_check(struct tb_policy_reading *s, const char *code, const json_t *v)
{
    enum tb_severity severity;
    enum tb_check check;

    if (!tb_check_of_code(code, &check))
        return tb_policy_refuse(s, "no such check");
    if (!json_is_string(v) || !tb_severity_of_name(json_string_value(v), &severity))
        return tb_policy_refuse(s, "required, advisory or inform");
    if (tb_check_is_always_required(check) && severity != TB_SEVERITY_REQUIRED)
        return tb_policy_refuse(s, "this check is always required");
    s->policy->severity[check] = severity;
    return true;
}

static bool read_checks(struct tb_policy_reading *s, const json_t *v)
{
    const char *code;
    json_t *member;
    bool ok = true;

    if (!json_is_object(v))
        return tb_policy_refuse(s, "an object of checks and severities");
    json_object_foreach((json_t *)v, code, member)
    {
        tb_policy_enter(s, code, 0);
        ok = ok && read_check(s, code, member);
        tb_policy_leave(s);
    }
    return ok;
}

static bool read_ek_trust(struct tb_policy_reading *s, const json_t *v)
{
    const char *text = json_string_value(v);

    if (text == NULL || (strcmp(text, "certificate") != 0 && strcmp(text, "token") != 0))
        return tb_policy_refuse(s, "certificate or token");
    s->policy->ek_trust = strcmp(text, "token") == 0 ? TB_EK_TRUST_TOKEN : TB_EK_TRUST_CERTIFICATE;
    return true;
}

static bool read_interval(struct tb_policy_reading *s, const json_t *v)
{
    return tb_policy_read_number(s, v, TB_POLICY_INTERVAL_MIN_S, TB_POLICY_INTERVAL_MAX_S,
                                 &s->policy->interval_s);
}

static bool read_stale(struct tb_policy_reading *s, const json_t *v)
{
    return tb_policy_read_number(s, v, TB_POLICY_INTERVAL_MIN_S, TB_POLICY_STALE_MAX_S,
                                 &s->policy->stale_s);
}

/* A list of SHA-256 digests under construction. */
struct digest_list {
    uint8_t (*digest)[32];
    size_t *n;
};

static bool add_digest(struct tb_policy_reading *s, const json_t *v, void *to)
{
    struct digest_list *list = to;
    uint8_t digest[TB_DIGEST_MAX];

    if (!tb_policy_read_digest(s, v, TB_BANK_SHA256, digest))
        return false;
    for (size_t i = 0; i < *list->n; i++)
        if (memcmp(list->digest[i], digest, 32) == 0)
            return tb_policy_refuse(s, "each digest once");
    memcpy(list->digest[(*list->n)++], digest, 32);
    return true;
}

static bool read_keyset(struct tb_policy_reading *s, const char *name, const json_t *v)
{
    for (unsigned k = 0; k < TB_N_KEYSETS; k++)
        if (strcmp(tb_policy_keyset_names[k], name) == 0) {
            struct digest_list list = { s->policy->keys[k], &s->policy->n_keys[k] };

            return tb_policy_read_list(s, v, TB_POLICY_DIGESTS_MAX, add_digest, &list);
        }
    return tb_policy_refuse(s, "PK, KEK, db or dbx");
}

static bool read_keys(struct tb_policy_reading *s, const json_t *v)
{
    const char *name;
    json_t *member;
    bool ok = true;

    if (!json_is_object(v))
        return tb_policy_refuse(s, "an object of PK, KEK, db and dbx");
    json_object_foreach((json_t *)v, name, member)
    {
        tb_policy_enter(s, name, 0);
        ok = ok && read_keyset(s, name, member);
        tb_policy_leave(s);
    }
    return ok;
}

static bool read_authorities(struct tb_policy_reading *s, const json_t *v)
{
    struct digest_list list = { s->policy->authorities, &s->policy->n_authorities };

    return tb_policy_read_list(s, v, TB_POLICY_DIGESTS_MAX, add_digest, &list);
}

/* The members of a small object, all of them and no other. */
static bool has_exactly(struct tb_policy_reading *s, const json_t *v, const char *const *names,
                        size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (json_object_get(v, names[i]) == NULL)
            return tb_policy_refuse(s, "%s is missing", names[i]);
    if (json_object_size(v) != n)
        return tb_policy_refuse(s, "only %s, %s%s%s", names[0], names[1], n > 2 ? " and " : "",
                                n > 2 ? names[2] : "");
    return true;
}

static bool add_program(struct tb_policy_reading *s, const json_t *v, void *to)
{
    static const char *const names[] = { "bank", "digest" };
    struct tb_policy *p = to;
    struct tb_digest_entry entry = { .bank = TB_BANK_SHA256 };

    if (!has_exactly(s, v, names, 2) || !read_bank(s, json_object_get(v, "bank"), &entry.bank) ||
        !tb_policy_read_digest(s, json_object_get(v, "digest"), entry.bank, entry.digest))
        return false;
    p->programs[p->n_programs++] = entry;
    return true;
}

static bool read_programs(struct tb_policy_reading *s, const json_t *v)
{
    return tb_policy_read_list(s, v, TB_POLICY_DIGESTS_MAX, add_program, s->policy);
}

static bool add_pin(struct tb_policy_reading *s, const json_t *v, void *to)
{
    static const char *const names[] = { "bank", "pcr", "value" };
    struct tb_policy *p = to;
    struct tb_pin pin = { .bank = TB_BANK_SHA256 };
    uint32_t pcr = 0;

    if (!has_exactly(s, v, names, 3) || !read_bank(s, json_object_get(v, "bank"), &pin.bank) ||
        !tb_policy_read_number(s, json_object_get(v, "pcr"), 0, TB_N_PCRS - 1, &pcr) ||
        !tb_policy_read_digest(s, json_object_get(v, "value"), pin.bank, pin.value))
        return false;
    pin.pcr = (uint8_t)pcr;
    p->pin[p->n_pins++] = pin;
    return true;
}

static bool read_pins(struct tb_policy_reading *s, const json_t *v)
{
    return tb_policy_read_list(s, v, TB_POLICY_PINS_MAX, add_pin, s->policy);
}

static const struct member {
    const char *name;
    bool (*read)(struct tb_policy_reading *s, const json_t *v);
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
    { "sbat", tb_policy_read_sbat, false },
    { "dbx", tb_policy_read_revoked, false },
    { "mok", tb_policy_read_mok, false },
    { "cmdline", tb_policy_read_cmdline, false },
    { "firmware_versions", tb_policy_read_firmware_versions, false },
    { "tpm_classes", tb_policy_read_tpm_classes, false },
    { "advisories", tb_policy_read_advisories, false },
    { "packages", tb_policy_read_packages, false },
};

static const struct member *find(const char *name)
{
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (strcmp(members[i].name, name) == 0)
            return &members[i];
    return NULL;
}

/* What no single member can say. */
static bool is_coherent(struct tb_policy_reading *s)
{
    const struct tb_policy *p = s->policy;

    tb_policy_enter(s, "stale_s", 0);
    if (p->stale_s <= p->interval_s)
        return tb_policy_refuse(s, "more than interval_s (%" PRIu32 ")", p->interval_s);
    tb_policy_leave(s);
    tb_policy_enter(s, "packages", 0);
    if (p->packages.n_vendors != 0 && (p->pcrs & TB_POLICY_PCRS_CHAIN) != TB_POLICY_PCRS_CHAIN)
        return tb_policy_refuse(s, "only with PCR 11 to 14 among \"pcrs\"");
    tb_policy_leave(s);
    for (size_t i = 0; i < p->n_pins; i++) {
        tb_policy_enter(s, "pins", 0);
        tb_policy_enter(s, "", i);
        if (!(p->pcrs >> p->pin[i].pcr & 1) || !(p->banks >> p->pin[i].bank & 1))
            return tb_policy_refuse(s, "a PCR and a bank that the policy quotes and allows");
        tb_policy_leave(s);
        tb_policy_leave(s);
    }
    return true;
}

static bool read_members(struct tb_policy_reading *s, const json_t *root)
{
    const char *name;
    json_t *v;

    if (!json_is_object(root))
        return tb_policy_refuse(s, "a policy is an object");
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (members[i].needed && json_object_get(root, members[i].name) == NULL)
            return tb_policy_refuse(s, "%s is missing", members[i].name);
    json_object_foreach((json_t *)root, name, v)
    {
        const struct member *m = find(name);

        tb_policy_enter(s, name, 0);
        if (m == NULL)
            return tb_policy_refuse(s, "no such member");
        if (!m->read(s, v))
            return false;
        tb_policy_leave(s);
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
    struct tb_policy_reading s = { .file = file, .text = json, .policy = &policy, .err = err };
    json_error_t why;
    json_t *root;
    bool ok;

    tb_policy_builtin(&policy);
    if (json.left > TB_POLICY_JSON_MAX)
        return tb_policy_refuse(&s, "at most %d bytes", TB_POLICY_JSON_MAX);
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
        return tb_policy_refuse(&s, "no memory");
    *out = policy;
    return true;
}
