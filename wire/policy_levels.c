/* wire/policy_levels.c - the policy's members about levels, options, versions and the TPM. */
#include "wire/policy_json_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/cbor.h"

/* ---- sbat ---- */

static bool add_sbat(struct tb_policy_reading *s, const json_t *v, void *to)
{
    struct tb_sbat *level = to;
    struct tb_sbat_entry e;

    /* What is no string has no text and no length. */
    if (!tb_sbat_entry_parse(tb_slice(json_string_value(v), json_string_length(v)), &e))
        return tb_policy_refuse(s, "\"component,generation\"");
    if (tb_sbat_find(level, e.component) != NULL)
        return tb_policy_refuse(s, "each component once");
    level->entry[level->n++] = e;
    return true;
}

bool tb_policy_read_sbat(struct tb_policy_reading *s, const json_t *v)
{
    return tb_policy_read_list(s, v, TB_SBAT_ENTRIES_MAX, add_sbat, &s->policy->sbat);
}

/* ---- dbx ---- */

static bool add_revoked(struct tb_policy_reading *s, const json_t *v, void *to)
{
    struct tb_policy *p = to;
    uint8_t digest[TB_DIGEST_MAX];

    if (!tb_policy_read_digest(s, v, TB_BANK_SHA256, digest))
        return false;
    return (!tb_policy_revokes(p, digest) && tb_policy_revoke(p, digest)) ||
           tb_policy_refuse(s, "each digest once");
}

bool tb_policy_read_revoked(struct tb_policy_reading *s, const json_t *v)
{
    return tb_policy_read_list(s, v, TB_POLICY_REVOKED_MAX, add_revoked, s->policy);
}

/* ---- cmdline ---- */

static bool add_rule(struct tb_policy_reading *s, const json_t *v, void *to)
{
    struct tb_option_rules *rules = to;
    const size_t len = json_string_length(v);

    if (!tb_option_rule_valid(json_string_value(v), len))
        return tb_policy_refuse(s, "\"name\", \"name=value\" or \"name=start*\"");
    for (size_t i = 0; i < rules->n; i++)
        if (strcmp(rules->rule[i], json_string_value(v)) == 0)
            return tb_policy_refuse(s, "each rule once");
    memcpy(rules->rule[rules->n++], json_string_value(v), len);
    return true;
}

static const struct {
    const char *name;
    size_t offset;
} rule_lists[] = {
    { "forbid", offsetof(struct tb_policy, forbid) },
    { "allow", offsetof(struct tb_policy, allow) },
    { "require", offsetof(struct tb_policy, require) },
};
#define N_RULE_LISTS (sizeof rule_lists / sizeof *rule_lists)

static bool read_rules(struct tb_policy_reading *s, const char *name, const json_t *v)
{
    for (size_t i = 0; i < N_RULE_LISTS; i++)
        if (strcmp(rule_lists[i].name, name) == 0)
            return tb_policy_read_list(s, v, TB_POLICY_OPTIONS_MAX, add_rule,
                                       (char *)s->policy + rule_lists[i].offset);
    return tb_policy_refuse(s, "forbid, allow or require");
}

bool tb_policy_read_cmdline(struct tb_policy_reading *s, const json_t *v)
{
    const char *name;
    json_t *member;
    bool ok = true;

    if (!json_is_object(v))
        return tb_policy_refuse(s, "an object of forbid, allow and require");
    json_object_foreach((json_t *)v, name, member)
    {
        tb_policy_enter(s, name, 0);
        ok = ok && read_rules(s, name, member);
        tb_policy_leave(s);
    }
    return ok;
}

/* ---- mok, firmware_versions ---- */

bool tb_policy_read_mok(struct tb_policy_reading *s, const json_t *v)
{
    const char *text = json_string_value(v);

    if (text == NULL || (strcmp(text, "allow") != 0 && strcmp(text, "forbid") != 0))
        return tb_policy_refuse(s, "allow or forbid");
    s->policy->forbid_mok = strcmp(text, "forbid") == 0;
    return true;
}

static bool add_version(struct tb_policy_reading *s, const json_t *v, void *to)
{
    struct tb_policy *p = to;
    char *version = p->firmware_version[p->n_firmware_versions];

    if (!tb_policy_read_text(s, v, version, TB_TEXT_MAX))
        return false;
    for (size_t i = 0; i < p->n_firmware_versions; i++)
        if (strcmp(p->firmware_version[i], version) == 0)
            return tb_policy_refuse(s, "each version once");
    p->n_firmware_versions++;
    return true;
}

bool tb_policy_read_firmware_versions(struct tb_policy_reading *s, const json_t *v)
{
    return tb_policy_read_list(s, v, TB_POLICY_VERSIONS_MAX, add_version, s->policy);
}

/* ---- tpm_classes, advisories ---- */

static bool add_class(struct tb_policy_reading *s, const json_t *v, void *to)
{
    uint32_t *classes = to;
    enum tb_tpm_class c;

    if (!json_is_string(v) || !tb_tpm_class_of_name(json_string_value(v), &c))
        return tb_policy_refuse(s, "discrete, firmware, virtual, software or unknown");
    if (*classes >> c & 1)
        return tb_policy_refuse(s, "each class once");
    *classes |= 1U << c;
    return true;
}

bool tb_policy_read_tpm_classes(struct tb_policy_reading *s, const json_t *v)
{
    return tb_policy_read_list(s, v, TB_N_TPM_CLASSES, add_class, &s->policy->tpm_classes);
}

/* "7", "7.61", "7.61.2785.0": what is not written is `missing`. */
static bool parse_version(const char *text, uint64_t missing, uint64_t *out)
{
    uint64_t version = 0;
    bool more = true;

    for (int part = 0; part < 4; part++) {
        uint64_t n = missing;

        if (more) {
            size_t digits = strspn(text, "0123456789");

            if (digits == 0 || digits > 5)
                return false;
            n = strtoul(text, NULL, 10);
            text += digits;
            more = *text == '.';
            text += more;
        }
        if (n > UINT16_MAX)
            return false;
        version = version << 16 | n;
    }
    *out = version;
    return !more && *text == '\0';
}

static bool read_version(struct tb_policy_reading *s, const json_t *v, const char *name,
                         uint64_t missing, uint64_t *out)
{
    const json_t *member = json_object_get(v, name);
    bool ok;

    tb_policy_enter(s, name, 0);
    ok = (json_is_string(member) && parse_version(json_string_value(member), missing, out)) ||
         tb_policy_refuse(s, "1 to 4 numbers up to 65535 with dots between them");
    tb_policy_leave(s);
    return ok;
}

static bool read_vendor(struct tb_policy_reading *s, const json_t *v, uint32_t *out)
{
    const char *text = json_string_value(json_object_get(v, "vendor"));

    tb_policy_enter(s, "vendor", 0);
    *out = text != NULL ? tb_tpm_vendor_of_text(text) : 0;
    if (*out == 0)
        return tb_policy_refuse(s, "a vendor's id such as \"IFX\" or \"id:49465800\"");
    tb_policy_leave(s);
    return true;
}

static bool read_advisory_name(struct tb_policy_reading *s, const json_t *v,
                               struct tb_tpm_advisory *out)
{
    bool ok;

    tb_policy_enter(s, "name", 0);
    ok = tb_policy_read_text(s, json_object_get(v, "name"), out->name, sizeof out->name);
    tb_policy_leave(s);
    return ok;
}

static bool add_advisory(struct tb_policy_reading *s, const json_t *v, void *to)
{
    struct tb_policy *p = to;
    struct tb_tpm_advisory a = { .vendor = 0 };

    if (json_object_size(v) != 4) /* 0 for what is no object */
        return tb_policy_refuse(s, "name, vendor, firmware_from and firmware_to, and no more");
    if (!read_advisory_name(s, v, &a) || !read_vendor(s, v, &a.vendor) ||
        !read_version(s, v, "firmware_from", 0, &a.from) ||
        !read_version(s, v, "firmware_to", UINT16_MAX, &a.to))
        return false;
    if (a.from > a.to)
        return tb_policy_refuse(s, "firmware_from not above firmware_to");
    p->advisory[p->n_advisories++] = a;
    return true;
}

bool tb_policy_read_advisories(struct tb_policy_reading *s, const json_t *v)
{
    return tb_policy_read_list(s, v, TB_POLICY_ADVISORIES_MAX, add_advisory, s->policy);
}

/* ---- and back ---- */

static int print_sbat(json_t *root, const struct tb_policy *p)
{
    json_t *list = json_array();
    char line[TB_SBAT_LINE_MAX];
    int bad = 0;

    for (size_t i = 0; i < p->sbat.n; i++) {
        tb_sbat_entry_text(&p->sbat.entry[i], line);
        bad |= json_array_append_new(list, json_string(line));
    }
    return bad | json_object_set_new(root, "sbat", list);
}

static json_t *rules_json(const struct tb_option_rules *rules)
{
    json_t *list = json_array();

    for (size_t i = 0; i < rules->n; i++)
        if (json_array_append_new(list, json_string(rules->rule[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static int print_cmdline(json_t *root, const struct tb_policy *p)
{
    json_t *o = json_object();
    int bad = 0;

    for (size_t i = 0; i < N_RULE_LISTS; i++) {
        const void *rules = (const char *)p + rule_lists[i].offset;

        if (((const struct tb_option_rules *)rules)->n != 0)
            bad |= json_object_set_new(o, rule_lists[i].name, rules_json(rules));
    }
    return bad | json_object_set_new(root, "cmdline", o);
}

static int print_versions(json_t *root, const struct tb_policy *p)
{
    json_t *list = json_array();
    int bad = 0;

    for (size_t i = 0; i < p->n_firmware_versions; i++)
        bad |= json_array_append_new(list, json_string(p->firmware_version[i]));
    return bad | json_object_set_new(root, "firmware_versions", list);
}

static int print_classes(json_t *root, const struct tb_policy *p)
{
    json_t *list = json_array();
    int bad = 0;

    for (unsigned c = 0; c < TB_N_TPM_CLASSES; c++)
        if (p->tpm_classes >> c & 1)
            bad |=
                json_array_append_new(list, json_string(tb_tpm_class_name((enum tb_tpm_class)c)));
    return bad | json_object_set_new(root, "tpm_classes", list);
}

static json_t *version_json(uint64_t version)
{
    char text[32];

    snprintf(text, sizeof text, "%u.%u.%u.%u", (unsigned)(version >> 48 & 0xffff),
             (unsigned)(version >> 32 & 0xffff), (unsigned)(version >> 16 & 0xffff),
             (unsigned)(version & 0xffff));
    return json_string(text);
}

static int print_advisories(json_t *root, const struct tb_policy *p)
{
    json_t *list = json_array();
    int bad = 0;

    for (size_t i = 0; i < p->n_advisories; i++) {
        const struct tb_tpm_advisory *a = &p->advisory[i];
        char vendor[16];

        snprintf(vendor, sizeof vendor, "id:%08" PRIX32, a->vendor);
        bad |=
            json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o}", "name", a->name, "vendor",
                                                  vendor, "firmware_from", version_json(a->from),
                                                  "firmware_to", version_json(a->to)));
    }
    return bad | json_object_set_new(root, "advisories", list);
}

int tb_policy_print_levels(json_t *root, const struct tb_policy *p)
{
    int bad = 0;

    if (p->sbat.n != 0)
        bad |= print_sbat(root, p);
    if (p->n_revoked != 0)
        bad |= json_object_set_new(root, "dbx", tb_policy_digests_json(p->revoked, p->n_revoked));
    if (p->forbid.n + p->allow.n + p->require.n != 0)
        bad |= print_cmdline(root, p);
    if (p->forbid_mok)
        bad |= json_object_set_new(root, "mok", json_string("forbid"));
    if (p->n_firmware_versions != 0)
        bad |= print_versions(root, p);
    if (p->tpm_classes != 0)
        bad |= print_classes(root, p);
    if (p->n_advisories != 0)
        bad |= print_advisories(root, p);
    return bad;
}
