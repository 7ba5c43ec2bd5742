/* tools/pkg/show.c - trueboot-pkg inspect, list, verify, extract. */
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cert.h"
#include "tools/pkg/tool.h"

static json_t *text_json(struct tb_reader r)
{
    return json_stringn((const char *)r.p, r.left); /* printable ASCII: the parser saw to it */
}

static json_t *hex_json(const uint8_t *p, size_t len)
{
    char text[2 * 64 + 1];

    tb_hex(tb_slice(p, len), text, sizeof text);
    return json_string(text);
}

static json_t *date_json(int64_t s)
{
    char text[TB_DATE_TEXT_LEN];

    tb_date_text(s, text);
    return json_string(text);
}

static json_t *relations_json(const struct tb_relation *list, size_t n)
{
    json_t *o = json_object();

    for (size_t i = 0; i < n; i++) {
        char name[TB_PKG_NAME_MAX + 1];

        snprintf(name, sizeof name, "%.*s", (int)list[i].name.left, (const char *)list[i].name.p);
        json_object_set_new(o, name, json_integer(list[i].security_version));
    }
    return o;
}

static json_t *payload_json(const struct tb_payload *p)
{
    json_t *o = json_pack("{ss so sI so so}", "kind", tb_payload_kind_name(p->kind), "name",
                          text_json(p->name), "size", (json_int_t)p->size, "sha512",
                          hex_json(p->sha512, 64), "sha256", hex_json(p->sha256, 32));

    if (p->has_authenticode)
        json_object_set_new(o, "authenticode",
                            json_pack("{so so so}", "sha512", hex_json(p->authenticode512, 64),
                                      "sha384", hex_json(p->authenticode384, 48), "sha256",
                                      hex_json(p->authenticode256, 32)));
    return o;
}

static json_t *signer_json(const struct tb_signer *s)
{
    json_t *certs = json_array();

    for (size_t i = 0; i < s->n_certs; i++) {
        char subject[TB_CERT_NAME_MAX];

        json_array_append_new(certs,
                              json_string(tb_cert_subject(s->cert[i], subject, sizeof subject)
                                              ? subject
                                              : "(not a certificate)"));
    }
    return json_pack("{ss so so}", "algorithm", tb_sign_alg_name(s->alg), "signed",
                     date_json(s->signed_s), "certificates", certs);
}

static json_t *package_json(const struct tb_package *p)
{
    const struct tb_manifest *m = &p->manifest;
    json_t *options = json_object(), *list = json_array(), *signers = json_array();

    for (size_t i = 0; i < m->n_options; i++) {
        char name[TB_PKG_NAME_MAX + 1];

        snprintf(name, sizeof name, "%.*s", (int)m->option[i].name.left,
                 (const char *)m->option[i].name.p);
        json_object_set_new(options, name, text_json(m->option[i].value));
    }
    for (size_t i = 0; i < m->n_payloads; i++)
        json_array_append_new(list, payload_json(&m->payload[i]));
    for (size_t i = 0; i < p->signatures.n; i++)
        json_array_append_new(signers, signer_json(&p->signatures.signer[i]));
    return json_pack("{so so sI so so ss ss so so so so so}", "name", text_json(m->name), "version",
                     text_json(m->version), "security_version", (json_int_t)m->security_version,
                     "vendor", text_json(m->vendor), "built", date_json(m->built_s), "level",
                     tb_level_name(m->level), "kind", tb_package_kind_name(m->kind), "conflicts",
                     relations_json(m->conflicts, m->n_conflicts), "requires",
                     relations_json(m->requires, m->n_requires), "options", options, "payloads",
                     list, "claimed_signers", signers);
}

/* The manifest is text for people already. */
static void print_package(const struct tb_package *p)
{
    fwrite(p->manifest_text.p, 1, p->manifest_text.left, stdout);
    for (size_t i = 0; i < p->signatures.n; i++) {
        const struct tb_signer *s = &p->signatures.signer[i];
        char date[TB_DATE_TEXT_LEN], subject[TB_CERT_NAME_MAX];

        tb_date_text(s->signed_s, date);
        printf("claimed signer: %s, %s, %s (not verified)\n",
               tb_cert_subject(s->cert[0], subject, sizeof subject) ? subject : "not a certificate",
               tb_sign_alg_name(s->alg), date);
    }
}

enum tool_exit tool_inspect(struct tool *t)
{
    enum tool_exit code;
    struct tool_package *p = tool_package_open(t->argument[0], &code);
    json_t *o;

    if (p == NULL)
        return code;
    if (t->option[OPT_JSON] != NULL) {
        o = package_json(&p->package);
        json_dumpf(o, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(o);
    } else {
        print_package(&p->package);
    }
    tool_package_close(p);
    return TOOL_OK;
}

static enum tool_exit list_payloads(const char *path)
{
    enum tool_exit code;
    struct tool_package *p = tool_package_open(path, &code);
    struct tb_reason why;
    bool ok;

    if (p == NULL)
        return code;
    ok = tb_package_payloads(&p->package, p->payload, &why);
    for (size_t i = 0; ok && i < p->package.manifest.n_payloads; i++) {
        const struct tb_payload *payload = &p->package.manifest.payload[i];

        printf("%-8s %12" PRIu64 "  %.*s\n", tb_payload_kind_name(payload->kind), payload->size,
               (int)payload->name.left, (const char *)payload->name.p);
    }
    if (!ok)
        tool_refused(path, &why);
    tool_package_close(p);
    return ok ? TOOL_OK : TOOL_REFUSED;
}

enum tool_exit tool_list(struct tool *t)
{
    if ((t->option[OPT_ESP] != NULL) == (t->n_arguments != 0))
        return tool_fail(TOOL_USAGE, "list: expected FILE or --esp DIR");
    if (t->option[OPT_ESP] != NULL)
        return tool_list_sets(t);
    if (t->option[OPT_JSON] != NULL || t->option[OPT_VENDOR] != NULL)
        return tool_fail(TOOL_USAGE, "list: --json and --vendor are for --esp");
    return list_payloads(t->argument[0]);
}

static enum tool_exit verify_one(const char *path, const struct tool_trust *trust)
{
    enum tool_exit code;
    struct tool_package *p = tool_package_open(path, &code);
    struct tb_package_trust who;

    if (p != NULL)
        code = tool_package_verify(p, path, trust, &who) ? TOOL_OK : TOOL_REFUSED;
    if (code == TOOL_OK)
        printf("%s: good: %.*s %.*s, level %s, signed by %s (vendor %s)\n", path,
               (int)p->package.manifest.name.left, (const char *)p->package.manifest.name.p,
               (int)p->package.manifest.version.left, (const char *)p->package.manifest.version.p,
               tb_level_name(p->package.manifest.level), who.who.subject, who.who.root);
    tool_package_close(p);
    return code;
}

/* The worst answer is that of all. */
enum tool_exit tool_verify(struct tool *t)
{
    enum tool_exit worst = TOOL_OK;
    struct tool_trust trust;

    if (!tool_trust_open(t, &trust))
        return TOOL_USAGE;
    for (int i = 0; i < t->n_arguments; i++) {
        enum tool_exit code = verify_one(t->argument[i], &trust);

        worst = code > worst ? code : worst;
    }
    tool_trust_clear(&trust);
    return worst;
}

/* Names are plain file names (tb_manifest_parse()), so nothing is written outside of the directory.
 */
static bool extract_all(const struct tool_package *p, const char *to)
{
    for (size_t i = 0; i < p->package.manifest.n_payloads; i++) {
        struct tb_reader name = p->package.manifest.payload[i].name;
        char path[8192];

        if (snprintf(path, sizeof path, "%s/%.*s", to, (int)name.left, (const char *)name.p) >=
            (int)sizeof path)
            return tool_fail(TOOL_USAGE, "%s: the name is too long", to), false;
        if (!tool_write(path, p->payload[i]))
            return false;
    }
    return true;
}

enum tool_exit tool_extract(struct tool *t)
{
    enum tool_exit code;
    struct tool_package *p;
    struct tb_package_trust who;
    struct tool_trust trust;

    if (!tool_trust_open(t, &trust))
        return TOOL_USAGE;
    p = tool_package_open(t->argument[0], &code);
    if (p != NULL && !tool_package_verify(p, t->argument[0], &trust, &who))
        code = TOOL_REFUSED;
    else if (p != NULL)
        code = extract_all(p, t->option[OPT_TO]) ? TOOL_OK : TOOL_USAGE;
    tool_package_close(p);
    tool_trust_clear(&trust);
    return code;
}
