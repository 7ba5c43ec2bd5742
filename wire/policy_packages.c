/* wire/policy_packages.c - the policy's member about signed packages: vendors, levels, versions.
 *
 * Whom the policy trusts is known when it is read: certificates and the list of revocations are
 * verified here, so that no host is judged by a part of what was meant. */
#include "wire/policy_json_internal.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/base64.h"
#include "pkg/verify.h"

/* Base64 behind the bytes that are there. */
static bool read_bytes(struct tb_policy_reading *s, const json_t *v, struct tb_policy_bytes *out)
{
    struct tb_policy_packages *p = &s->policy->packages;
    const struct tb_reader text = tb_slice(json_string_value(v), json_string_length(v));
    size_t n;

    /* What is no string has no length. */
    if (!tb_base64_decode(text, p->bytes + p->n_bytes, sizeof p->bytes - p->n_bytes, &n))
        return tb_policy_refuse(s, "base64 of at most %d bytes, all of packages together",
                                TB_POLICY_PACKAGE_BYTES_MAX);
    out->at = (uint32_t)p->n_bytes;
    out->len = (uint32_t)n;
    p->n_bytes += n;
    return true;
}

static bool refuse_for(struct tb_policy_reading *s, const struct tb_reason *why)
{
    return tb_policy_refuse(s, "%.60s, found %.60s", why->expected, why->observed);
}

static bool add_vendor(struct tb_policy_reading *s, const json_t *v, void *to)
{
    struct tb_policy *p = to;
    struct tb_policy_bytes *at = &p->packages.vendor[p->packages.n_vendors];
    struct tb_vendors *one;
    struct tb_reason why;

    if (!read_bytes(s, v, at))
        return false;
    if (p->packages.bytes[at->at] != 0x30) /* or the PEM file inside of the base64 */
        return tb_policy_refuse(s, "a certificate in DER");
    for (size_t i = 0; i < p->packages.n_vendors; i++)
        if (tb_slice_equal(tb_policy_slice(p, p->packages.vendor[i]), tb_policy_slice(p, *at)))
            return tb_policy_refuse(s, "each vendor once");
    p->packages.n_vendors++;
    one = tb_policy_vendors(p, &why);
    tb_vendors_free(one);
    return one != NULL || refuse_for(s, &why);
}

static bool read_vendors(struct tb_policy_reading *s, const json_t *v)
{
    if (!tb_policy_read_list(s, v, TB_POLICY_VENDORS_MAX, add_vendor, s->policy))
        return false;
    return s->policy->packages.n_vendors != 0 || tb_policy_refuse(s, "at least one vendor");
}

static bool read_level(struct tb_policy_reading *s, const json_t *v)
{
    if (!tb_level_of_name(tb_slice(json_string_value(v), json_string_length(v)),
                          &s->policy->packages.level))
        return tb_policy_refuse(s, "certified, accepted, partner or community");
    return true;
}

static bool is_name(const char *text, size_t len)
{
    return tb_is_package_name(tb_slice(text, len));
}

static bool add_required(struct tb_policy_reading *s, const json_t *v, void *to)
{
    struct tb_policy_packages *p = to;
    const size_t len = json_string_length(v);

    if (!is_name(json_string_value(v), len))
        return tb_policy_refuse(s, "a package's name");
    for (size_t i = 0; i < p->n_required; i++)
        if (strcmp(p->required[i], json_string_value(v)) == 0)
            return tb_policy_refuse(s, "each package once");
    memcpy(p->required[p->n_required++], json_string_value(v), len);
    return true;
}

static bool read_required(struct tb_policy_reading *s, const json_t *v)
{
    return tb_policy_read_list(s, v, TB_SET_PACKAGES_MAX, add_required, &s->policy->packages);
}

static bool read_minimum(struct tb_policy_reading *s, const json_t *v)
{
    struct tb_minimum *m = &s->policy->packages.minimum;
    const char *name;
    json_t *member;
    bool ok = true;

    if (!json_is_object(v))
        return tb_policy_refuse(s, "an object of packages and security versions");
    json_object_foreach((json_t *)v, name, member)
    {
        uint32_t version = 0;

        tb_policy_enter(s, name, 0);
        if (ok && !is_name(name, strlen(name)))
            ok = tb_policy_refuse(s, "a package's name");
        ok = ok && tb_policy_read_number(s, member, 0, UINT32_MAX, &version);
        if (ok && !tb_minimum_raise(m, tb_slice(name, strlen(name)), version))
            ok = tb_policy_refuse(s, "at most %d packages", TB_SET_PACKAGES_MAX);
        tb_policy_leave(s);
    }
    return ok;
}

/* In force now, or the policy is refused: a list that nobody signed would revoke nothing. */
static bool verify_revocations(struct tb_policy_reading *s)
{
    const struct tb_policy *p = s->policy;
    struct tb_vendors *vendors;
    struct tb_revocations list;
    struct tb_code_signer who;
    struct tb_reason why;
    bool ok;

    vendors = tb_policy_vendors(p, &why);
    ok = vendors != NULL &&
         tb_revocations_verify(tb_policy_slice(p, p->packages.revocations),
                               tb_policy_slice(p, p->packages.revocations_signature), vendors, NULL,
                               &list, &who, &why);
    tb_vendors_free(vendors);
    return ok || refuse_for(s, &why);
}

static bool read_revocations(struct tb_policy_reading *s, const json_t *v)
{
    struct tb_policy_packages *p = &s->policy->packages;
    const json_t *list = json_object_get(v, "list"), *signature = json_object_get(v, "signature");

    if (list == NULL || signature == NULL || json_object_size(v) != 2)
        return tb_policy_refuse(s, "an object of list and signature");
    return read_bytes(s, list, &p->revocations) &&
           read_bytes(s, signature, &p->revocations_signature) && verify_revocations(s);
}

/* Read in this order, whatever the file's: the list of revocations is judged by the vendors. */
static const struct {
    const char *name;
    bool (*read)(struct tb_policy_reading *s, const json_t *v);
} members[] = {
    { "vendors", read_vendors },         { "level", read_level },
    { "required", read_required },       { "minimum", read_minimum },
    { "revocations", read_revocations },
};
#define N_MEMBERS (sizeof members / sizeof *members)

bool tb_policy_read_packages(struct tb_policy_reading *s, const json_t *v)
{
    size_t n = 0;

    if (json_object_get(v, "vendors") == NULL) /* or no object at all */
        return tb_policy_refuse(s, "an object with vendors");
    for (size_t i = 0; i < N_MEMBERS; i++) {
        const json_t *member = json_object_get(v, members[i].name);

        if (member == NULL)
            continue;
        n++;
        tb_policy_enter(s, members[i].name, 0);
        if (!members[i].read(s, member))
            return false;
        tb_policy_leave(s);
    }
    return n == json_object_size(v) ||
           tb_policy_refuse(s, "only vendors, level, required, minimum and revocations");
}

/* ---- printing ---- */

static json_t *bytes_json(const struct tb_policy *p, struct tb_policy_bytes b)
{
    char *text = malloc(TB_BASE64_LEN(b.len));
    json_t *v = NULL;

    if (text != NULL) {
        tb_base64_encode(tb_policy_slice(p, b), text);
        v = json_string(text);
    }
    free(text);
    return v;
}

static int print_vendors(json_t *o, const struct tb_policy *p)
{
    json_t *list = json_array();
    int bad = 0;

    for (size_t i = 0; i < p->packages.n_vendors; i++)
        bad |= json_array_append_new(list, bytes_json(p, p->packages.vendor[i]));
    return bad | json_object_set_new(o, "vendors", list);
}

static int print_required(json_t *o, const struct tb_policy_packages *p)
{
    json_t *list = json_array();
    int bad = 0;

    for (size_t i = 0; i < p->n_required; i++)
        bad |= json_array_append_new(list, json_string(p->required[i]));
    return bad | json_object_set_new(o, "required", list);
}

static int print_minimum(json_t *o, const struct tb_minimum *m)
{
    json_t *list = json_object();
    int bad = 0;

    for (size_t i = 0; i < m->n; i++)
        bad |= json_object_set_new(list, m->package[i].name,
                                   json_integer((json_int_t)m->package[i].security_version));
    return bad | json_object_set_new(o, "minimum", list);
}

int tb_policy_print_packages(json_t *root, const struct tb_policy *p)
{
    const struct tb_policy_packages *packages = &p->packages;
    json_t *o;
    int bad;

    if (packages->n_vendors == 0)
        return 0;
    o = json_object();
    bad = print_vendors(o, p);
    if (packages->level != TB_LEVEL_COMMUNITY)
        bad |= json_object_set_new(o, "level", json_string(tb_level_name(packages->level)));
    if (packages->n_required != 0)
        bad |= print_required(o, packages);
    if (packages->minimum.n != 0)
        bad |= print_minimum(o, &packages->minimum);
    if (packages->revocations.len != 0)
        bad |= json_object_set_new(o, "revocations",
                                   json_pack("{s:o, s:o}", "list",
                                             bytes_json(p, packages->revocations), "signature",
                                             bytes_json(p, packages->revocations_signature)));
    return bad | json_object_set_new(root, "packages", o);
}
