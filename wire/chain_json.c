/* wire/chain_json.c - see facts_json.h: Trueboot's own boot chain, as its proved records tell. */
#include "wire/facts_json.h"

#include "wire/json_build.h"

static json_t *text_or_null(const char *s)
{
    return s[0] != '\0' ? tb_json_host_text(s) : json_null();
}

static json_t *package(const struct tb_chain_package *p)
{
    json_t *o = json_object();
    int bad = tb_json_set(o, "name", tb_json_host_text(p->name));

    bad |= tb_json_set(o, "version", tb_json_host_text(p->version));
    bad |= tb_json_set(o, "security_version", tb_json_number(p->security_version));
    bad |= tb_json_set(o, "kind", json_string(tb_package_kind_name(p->kind)));
    bad |= tb_json_set(o, "checked", json_boolean(p->checked));
    bad |= tb_json_set(o, "verified", json_boolean(p->verified));
    bad |=
        tb_json_set(o, "level", p->verified ? json_string(tb_level_name(p->level)) : json_null());
    bad |= tb_json_set(o, "vendor", text_or_null(p->vendor));
    bad |= tb_json_set(o, "signer", text_or_null(p->signer));
    bad |= tb_json_set(o, "signer_key",
                       p->verified ? tb_build_hex(p->signer_sha256, sizeof p->signer_sha256)
                                   : json_null());
    return tb_json_done(o, bad);
}

static json_t *packages(const struct tb_chain_facts *c)
{
    json_t *a = json_array();
    int bad = 0;

    for (size_t i = 0; i < c->n_packages; i++)
        bad |= json_array_append_new(a, package(&c->package[i]));
    return tb_json_done(a, bad);
}

static json_t *vendors(const struct tb_chain_facts *c)
{
    json_t *a = json_array();
    int bad = 0;

    for (size_t i = 0; i < c->n_vendors; i++)
        bad |= json_array_append_new(a, tb_build_hex(c->vendor[i], sizeof c->vendor[i]));
    return tb_json_done(a, bad);
}

json_t *tb_chain_json(const struct tb_chain_facts *c)
{
    const char set[] = { c->set, '\0' };
    json_t *o;
    int bad;

    if (!c->present)
        return json_null();
    o = json_object();
    bad = tb_json_set(o, "proved", json_boolean(c->proved));
    bad |= tb_json_set(o, "set", text_or_null(set));
    bad |= tb_json_set(o, "fallback", text_or_null(c->fallback_code));
    bad |= tb_json_set(o, "secure_boot", text_or_null(c->secure_boot));
    bad |= tb_json_set(o, "asset_tag", text_or_null(c->asset_tag));
    bad |= tb_json_set(o, "verifier", json_string(tb_chain_verdict_name(c->verdict)));
    bad |= tb_json_set(o, "complete", json_boolean(c->complete));
    bad |= tb_json_set(o, "rescue", json_boolean(c->rescue));
    bad |= tb_json_set(o, "vendors", vendors(c));
    bad |= tb_json_set(o, "unused_metadata", tb_json_number(c->n_unused_metadata));
    bad |= tb_json_set(o, "packages", packages(c));
    return tb_json_done(o, bad);
}
