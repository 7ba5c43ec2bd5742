/* pkg/manifest_print.c - a manifest as text, for who builds packages. */
#include "pkg/manifest.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct text {
    char *p;
    size_t cap, n; /* n grows past cap where it does not fit */
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(t->n < t->cap ? t->p + t->n : NULL, t->n < t->cap ? t->cap - t->n : 0, format,
                  args);
    va_end(args);
    t->n += n > 0 ? (size_t)n : t->cap;
}

static void add_hex(struct text *t, const uint8_t *p, size_t len)
{
    add(t, " ");
    for (size_t i = 0; i < len; i++)
        add(t, "%02x", p[i]);
}

static void add_slice(struct text *t, const char *key, struct tb_reader r)
{
    add(t, "%s %.*s", key, (int)r.left, (const char *)r.p);
}

static void add_relations(struct text *t, const char *key, const struct tb_relation *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        add_slice(t, key, list[i].name);
        add(t, " %" PRIu32 "\n", list[i].security_version);
    }
}

static void add_payload(struct text *t, const struct tb_payload *p)
{
    add(t, "payload %s %.*s %" PRIu64, tb_payload_kind_name(p->kind), (int)p->name.left,
        (const char *)p->name.p, p->size);
    add_hex(t, p->sha512, 64);
    add_hex(t, p->sha256, 32);
    add(t, "\n");
    if (!p->has_authenticode)
        return;
    add(t, "authenticode");
    add_hex(t, p->authenticode512, 64);
    add_hex(t, p->authenticode384, 48);
    add_hex(t, p->authenticode256, 32);
    add(t, "\n");
}

bool tb_manifest_print(const struct tb_manifest *m, char *buf, size_t cap, size_t *out_len)
{
    struct text t = { .p = buf, .cap = cap };
    char built[TB_DATE_TEXT_LEN];

    add(&t, "trueboot-package 1\npurpose host\n");
    add_slice(&t, "name", m->name);
    add_slice(&t, "\nversion", m->version);
    add(&t, "\nsecurity-version %" PRIu32 "\n", m->security_version);
    add_slice(&t, "vendor", m->vendor);
    add(&t, "\n");
    tb_date_text(m->built_s, built);
    add(&t, "built %s\n", built);
    add(&t, "level %s\nkind %s\n", tb_level_name(m->level), tb_package_kind_name(m->kind));
    add_relations(&t, "conflicts", m->conflicts, m->n_conflicts);
    add_relations(&t, "requires", m->requires, m->n_requires);
    for (size_t i = 0; i < m->n_options; i++) {
        add_slice(&t, "option", m->option[i].name);
        add(&t, " %.*s\n", (int)m->option[i].value.left, (const char *)m->option[i].value.p);
    }
    for (size_t i = 0; i < m->n_payloads; i++)
        add_payload(&t, &m->payload[i]);
    add(&t, "end\n");
    *out_len = t.n;
    return t.n < cap; /* with the NUL that vsnprintf writes */
}
