/* tools/pkg/sets.c - trueboot-pkg list --esp: what both boot sets hold. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cert.h"
#include "tools/pkg/esp.h"

#define SIGNER_MAX (TB_CERT_NAME_MAX + 16)

/* Who vouches for the package; without roots, who says so. */
static bool signer_text(const struct tool_package *p, const struct tool_trust *trust,
                        char out[SIGNER_MAX])
{
    char subject[TB_CERT_NAME_MAX];
    struct tb_package_trust who;
    struct tb_reason why;

    if (trust->vendors == NULL) {
        snprintf(out, SIGNER_MAX, "claims %s",
                 tb_cert_subject(p->package.signatures.signer[0].cert[0], subject, sizeof subject)
                     ? subject
                     : "not a certificate");
        return true;
    }
    if (tb_package_verify(&p->package, &trust->rules, &who, &why)) {
        snprintf(out, SIGNER_MAX, "%s", who.who.subject);
        return true;
    }
    snprintf(out, SIGNER_MAX, "nobody: %s", tb_check_text(why.check)->title);
    return false;
}

static json_t *package_json(const struct tool_package *p, const struct tool_trust *trust)
{
    const struct tb_manifest *m = &p->package.manifest;
    char signer[SIGNER_MAX];
    bool good = signer_text(p, trust, signer);

    return json_pack("{ss% ss% sI ss ss ss so}", "name", (const char *)m->name.p, m->name.left,
                     "version", (const char *)m->version.p, m->version.left, "security_version",
                     (json_int_t)m->security_version, "kind", tb_package_kind_name(m->kind),
                     "level", tb_level_name(m->level), "signer", signer, "trusted",
                     trust->vendors == NULL ? json_null() : json_boolean(good));
}

static json_t *set_json(const struct tool_esp *e, const struct tool_set *s,
                        const struct tool_trust *trust)
{
    char name[] = { s->letter, '\0' };
    json_t *list = json_array();

    for (size_t i = 0; i < s->n; i++)
        json_array_append_new(list, package_json(s->package[i], trust));
    return json_pack("{ss sb sb so}", "set", name, "default", e->conf.start == s->letter, "good",
                     e->conf.good[s->letter - 'a'], "packages", list);
}

static void print_set(const struct tool_esp *e, const struct tool_set *s,
                      const struct tool_trust *trust)
{
    printf("set %c%s%s%s\n", s->letter, e->conf.start == s->letter ? ", default" : "",
           e->conf.good[s->letter - 'a'] ? ", good" : "", s->n == 0 ? ": empty" : "");
    for (size_t i = 0; i < s->n; i++) {
        const struct tb_manifest *m = &s->package[i]->package.manifest;
        char signer[SIGNER_MAX];

        (void)signer_text(s->package[i], trust, signer);
        printf("  %-24.*s %-20.*s %5u  %-9s %-8s %s\n", (int)m->name.left, (const char *)m->name.p,
               (int)m->version.left, (const char *)m->version.p, m->security_version,
               tb_level_name(m->level), tb_package_kind_name(m->kind), signer);
    }
}

/* Both sets, whatever is wrong with one of them. */
enum tool_exit tool_list_sets(struct tool *t)
{
    enum tool_exit worst = TOOL_OK, code;
    json_t *both = json_array();
    struct tool_trust trust = { 0 };
    struct tool_esp esp;
    struct tool_set set;

    if (!tool_esp_open(t, &esp) || (t->option[OPT_VENDOR] != NULL && !tool_trust_open(t, &trust))) {
        json_decref(both);
        return TOOL_USAGE;
    }
    for (char letter = 'a'; letter <= 'b'; letter++) {
        if (!tool_set_open(&esp, letter, &set, &code)) {
            worst = code > worst ? code : worst;
            continue;
        }
        if (t->option[OPT_JSON] != NULL)
            json_array_append_new(both, set_json(&esp, &set, &trust));
        else
            print_set(&esp, &set, &trust);
        tool_set_close(&set);
    }
    if (t->option[OPT_JSON] != NULL) {
        json_dumpf(both, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(both);
    tool_trust_clear(&trust);
    tool_esp_close(&esp);
    return worst;
}
