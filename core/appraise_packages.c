/* core/appraise_packages.c - is what was measured a part of signed packages, and of the right ones?
 *
 * A package's signed manifest is its own reference value (DESIGN, "Packages"). Whoever sends the
 * evidence chooses the metadata, so metadata claims nothing by itself: a record that is proved must
 * name exactly this manifest (but for the loader of the other boot set). And a record by itself is
 * only what some loader wrote: which one, says PCR 4, whose programs must be payloads of the
 * loader's package. */
#include "core/appraise_chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pkg/relations.h"

static void text_of(struct tb_reader in, char *out, size_t cap)
{
    snprintf(out, cap, "%.*s", (int)in.left, (const char *)in.p);
}

static bool same_text(struct tb_reader r, const char *text)
{
    return tb_slice_equal(r, tb_slice(text, strlen(text)));
}

/* "NAME: WHERE" */
static void add_of_package(struct tb_chain_work *w, struct tb_reader name, struct tb_reason why)
{
    char where[sizeof why.where];

    snprintf(where, sizeof where, "%.*s: %.40s", name.left > 20 ? 20 : (int)name.left,
             (const char *)name.p, why.where);
    memcpy(why.where, where, sizeof where);
    tb_findings_add(w->f, TB_FAIL, &why);
}

static void payload_where(struct tb_reader package, struct tb_reader file, char where[64])
{
    snprintf(where, 64, "%.*s/%.*s", package.left > 30 ? 30 : (int)package.left,
             (const char *)package.p, file.left > 30 ? 30 : (int)file.left, (const char *)file.p);
}

/* ---- the packages that were measured ---- */

static const struct tb_record *package_record(const struct tb_chain *c, struct tb_reader name)
{
    const struct tb_record *r;

    for (size_t i = 0; (r = tb_chain_next(c, TB_RECORD_PACKAGE, &i)) != NULL;)
        if (tb_slice_equal(r->name, name))
            return r;
    return NULL;
}

static void list_package(struct tb_chain_work *w, const struct tb_record *r)
{
    struct tb_chain_facts *facts = &w->out->chain;
    struct tb_chain_package *p = &facts->package[facts->n_packages];

    if (facts->n_packages == TB_SET_PACKAGES_MAX) {
        tb_findings_fail(w->f, TB_CHECK_PACKAGE_FORMAT, "boot set", "at most 64 packages", "more");
        return;
    }
    text_of(r->name, p->name, sizeof p->name);
    text_of(r->version, p->version, sizeof p->version);
    p->security_version = r->security_version;
    p->kind = r->package_kind;
    facts->n_packages++;
}

static uint32_t least_of_host(const struct tb_chain_work *w, struct tb_reader name)
{
    return w->in->versions != NULL ? tb_minimum_of(w->in->versions, name) : 0;
}

static void judge_version(struct tb_chain_work *w, const struct tb_record *r)
{
    const uint32_t of_policy = tb_minimum_of(&w->in->policy->packages.minimum, r->name);
    const uint32_t of_host = least_of_host(w, r->name);
    const uint32_t least = of_policy > of_host ? of_policy : of_host;
    char where[64], expected[64];

    if (r->security_version >= least)
        return;
    text_of(r->name, where, sizeof where);
    snprintf(expected, sizeof expected, "security version %" PRIu32 " or above (%s)", least,
             least == of_policy ? "policy" : "this host had it");
    tb_findings_fail(w->f, TB_CHECK_PACKAGE_ROLLED_BACK, where, expected, "%" PRIu32,
                     r->security_version);
}

/* By their records alone, which hold whatever is sent with them. */
static void judge_records(struct tb_chain_work *w)
{
    const struct tb_record *r;
    size_t n_bases = 0;
    char where[64];

    for (size_t i = 0; (r = tb_chain_next(&w->chain, TB_RECORD_PACKAGE, &i)) != NULL;) {
        list_package(w, r);
        judge_version(w, r);
        n_bases += r->package_kind == TB_PACKAGE_BASE;
        text_of(r->name, where, sizeof where);
        if (package_record(&w->chain, r->name) != r)
            tb_findings_fail(w->f, TB_CHECK_PACKAGE_DUPLICATE, where, "one package of this name",
                             "another one");
    }
    if (n_bases == 0)
        tb_findings_fail(w->f, TB_CHECK_PACKAGE_REQUIRED, "PCR 12", "a base package", "none");
    if (n_bases > 1)
        tb_findings_fail(w->f, TB_CHECK_PACKAGE_DUPLICATE, "PCR 12", "one base package", "%zu",
                         n_bases);
}

static void judge_required(struct tb_chain_work *w)
{
    const struct tb_policy_packages *p = &w->in->policy->packages;

    for (size_t i = 0; i < p->n_required; i++)
        if (package_record(&w->chain, tb_slice(p->required[i], strlen(p->required[i]))) == NULL)
            tb_findings_fail(w->f, TB_CHECK_PACKAGE_REQUIRED, "boot set", p->required[i], "none");
}

/* ---- one package's metadata ---- */

/* The manifest is, byte for byte, the one that was measured. */
static bool is_of_record(struct tb_chain_work *w, const struct tb_record *r)
{
    const struct tb_package *p = &w->package;
    const struct tb_manifest *m = &p->manifest;
    uint8_t sha512[TB_DIGEST_MAX], sha256[TB_DIGEST_MAX];

    return r->size == p->manifest_text.left && tb_slice_equal(r->name, m->name) &&
           tb_slice_equal(r->version, m->version) && r->security_version == m->security_version &&
           r->package_kind == m->kind && tb_hash(w->h, TB_BANK_SHA512, p->manifest_text, sha512) &&
           tb_hash(w->h, TB_BANK_SHA256, p->manifest_text, sha256) &&
           memcmp(sha512, r->sha512, 64) == 0 && memcmp(sha256, r->sha256, 32) == 0;
}

static struct tb_reader signed_options_of(const struct tb_manifest *m)
{
    for (size_t i = 0; i < m->n_options; i++)
        if (same_text(m->option[i].name, "cmdline"))
            return m->option[i].value;
    return tb_slice(NULL, 0);
}

static bool verify(struct tb_chain_work *w, struct tb_chain_package *fact)
{
    const struct tb_manifest *m = &w->package.manifest;
    struct tb_package_trust trust;
    struct tb_reason why;

    if (w->rules.vendors == NULL) {
        tb_refuse(&why, TB_CHECK_PACKAGE_SIGNATURE, "policy", "vendors of packages", "none");
        add_of_package(w, m->name, why);
        return false;
    }
    if (!tb_package_verify(&w->package, &w->rules, &trust, &why)) {
        add_of_package(w, m->name, why);
        return false;
    }
    fact->verified = true;
    fact->level = m->level;
    memcpy(fact->signer_sha256, trust.who.key_sha256[0], sizeof fact->signer_sha256);
    snprintf(fact->signer, sizeof fact->signer, "%.127s", trust.who.subject);
    text_of(m->vendor, fact->vendor, sizeof fact->vendor);
    return true;
}

/* The record of the key that the loader relied on is of a signer that the metadata has. */
static void judge_signer(struct tb_chain_work *w)
{
    const struct tb_signatures *s = &w->package.signatures;
    const struct tb_reader name = w->package.manifest.name;
    const struct tb_record *r;
    size_t n = 0, n_known = 0;
    uint8_t digest[32];
    char where[64];

    for (size_t i = 0; (r = tb_chain_next(&w->chain, TB_RECORD_SIGNER, &i)) != NULL;) {
        if (!tb_slice_equal(r->name, name))
            continue;
        n++;
        for (size_t k = 0; k < s->n; k++)
            n_known += tb_code_cert_key(s->signer[k].cert[0], digest) &&
                       memcmp(digest, r->sha256, 32) == 0;
    }
    text_of(name, where, sizeof where);
    if (n == 0 || n_known < n)
        tb_findings_fail(w->f, TB_CHECK_PACKAGE_SIGNATURE, where,
                         "a signer of its metadata, as the loader relied on", "%s",
                         n == 0 ? "none" : "another one");
}

static const struct tb_payload *payload_of(const struct tb_manifest *m, struct tb_reader file)
{
    for (size_t i = 0; i < m->n_payloads; i++)
        if (tb_slice_equal(m->payload[i].name, file))
            return &m->payload[i];
    return NULL;
}

static bool is_module_of(const struct tb_record *r, const struct tb_manifest *m)
{
    return r->kind == TB_RECORD_MODULE && tb_slice_equal(r->name, m->name) &&
           tb_slice_equal(r->version, m->version);
}

static void judge_module(struct tb_chain_work *w, const struct tb_record *r,
                         const struct tb_payload *p)
{
    char where[64], expected[132], observed[132];

    payload_where(r->name, r->file, where);
    tb_hex(tb_slice(p->sha512, 64), expected, sizeof expected);
    tb_hex(tb_slice(r->sha512, 64), observed, sizeof observed);
    if (r->payload_kind != p->kind || r->size != p->size || memcmp(r->sha256, p->sha256, 32) != 0 ||
        memcmp(r->sha512, p->sha512, 64) != 0)
        tb_findings_fail(w->f, TB_CHECK_PACKAGE_PAYLOAD, where, expected,
                         "%s, %s of %" PRIu64 " bytes", observed,
                         tb_payload_kind_name(r->payload_kind), r->size);
}

/* Loaded by the loader, so measured by it. */
static bool is_early(const struct tb_manifest *m, const struct tb_payload *p)
{
    return p->kind == TB_PAYLOAD_INITRD ||
           (m->kind == TB_PACKAGE_BASE &&
            (p->kind == TB_PAYLOAD_KERNEL || p->kind == TB_PAYLOAD_ROOT_HASH));
}

static void judge_modules(struct tb_chain_work *w)
{
    const struct tb_manifest *m = &w->package.manifest;
    size_t n_measured[TB_PAYLOADS_MAX] = { 0 };
    char where[64];

    for (size_t i = 0; i < w->chain.n; i++) {
        const struct tb_record *r = &w->chain.at[i].record;
        const struct tb_payload *p = is_module_of(r, m) ? payload_of(m, r->file) : NULL;

        if (p == NULL)
            continue; /* a module that nobody names is told when all packages are known */
        w->is_claimed[i] = true;
        n_measured[p - m->payload]++;
        judge_module(w, r, p);
    }
    for (size_t i = 0; i < m->n_payloads; i++) {
        payload_where(m->name, m->payload[i].name, where);
        if (n_measured[i] != is_early(m, &m->payload[i]))
            tb_findings_fail(w->f, TB_CHECK_PACKAGE_PAYLOAD, where,
                             n_measured[i] == 0 ? "measured by the loader" : "measured once",
                             "%zu times", n_measured[i]);
    }
}

static void judge_relations(struct tb_chain_work *w)
{
    const struct tb_manifest *m = &w->package.manifest;
    char where[64], name[TB_PKG_NAME_MAX + 1], expected[132];

    text_of(m->name, where, sizeof where);
    for (size_t i = 0; i < m->n_requires; i++) {
        const struct tb_relation *need = &m->requires[i];
        const struct tb_record *r = package_record(&w->chain, need->name);

        text_of(need->name, name, sizeof name);
        snprintf(expected, sizeof expected, "%s of security version %" PRIu32 " or above", name,
                 need->security_version);
        if (r == NULL)
            tb_findings_fail(w->f, TB_CHECK_PACKAGE_RELATION, where, expected, "none");
        else if (r->security_version < need->security_version)
            tb_findings_fail(w->f, TB_CHECK_PACKAGE_RELATION, where, expected, "%" PRIu32,
                             r->security_version);
    }
    for (size_t i = 0; i < m->n_conflicts; i++) {
        const struct tb_relation *bad = &m->conflicts[i];
        const struct tb_record *r = package_record(&w->chain, bad->name);

        text_of(bad->name, name, sizeof name);
        snprintf(expected, sizeof expected, "no %s of security version %" PRIu32 " or above", name,
                 bad->security_version);
        if (r != NULL && r->security_version >= bad->security_version)
            tb_findings_fail(w->f, TB_CHECK_PACKAGE_RELATION, where, expected, "%" PRIu32,
                             r->security_version);
    }
}

/* The program has this payload's Authenticode digest in every bank that counts. */
static bool claims(const struct tb_payload *p, const struct tb_program *program)
{
    const uint8_t *const digests[TB_N_BANKS] = {
        [TB_BANK_SHA256] = p->authenticode256,
        [TB_BANK_SHA384] = p->authenticode384,
        [TB_BANK_SHA512] = p->authenticode512,
    };
    size_t n = 0;

    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        if (digests[b] == NULL || !(program->banks >> b & 1))
            continue;
        if (memcmp(digests[b], program->digest[b], tb_bank_digest_len((enum tb_bank)b)) != 0)
            return false;
        n++;
    }
    return n != 0;
}

static bool is_loader(const struct tb_manifest *m)
{
    return same_text(m->name, TB_LOADER_PACKAGE);
}

/* Of the loader's package, verified. A kernel is no program that the firmware may start: it would
 * come without the loader. */
static void claim_programs(struct tb_chain_work *w)
{
    const struct tb_manifest *m = &w->package.manifest;

    for (size_t i = 0; i < m->n_payloads; i++)
        for (size_t k = 0; k < w->out->facts.n_programs; k++)
            if (m->payload[i].kind == TB_PAYLOAD_EFI &&
                claims(&m->payload[i], &w->out->facts.program[k]))
                w->program_is_claimed[k] = true;
}

static void judge_package(struct tb_chain_work *w, struct tb_chain_package *fact)
{
    const struct tb_manifest *m = &w->package.manifest;

    judge_modules(w);
    judge_relations(w);
    if (!verify(w, fact))
        return;
    w->early_level[fact - w->out->chain.package] = tb_relations_early_level(m);
    judge_signer(w);
    if (is_loader(m))
        claim_programs(w);
    if (m->kind == TB_PACKAGE_BASE)
        w->signed_options = signed_options_of(m);
}

/* An update replaces the loader before it switches to its set, and a fallback comes after it: the
 * loader of the other set may have started this one, which has a package of a loader, too, and no
 * newer one. It is held to what the set's own is held to, and only what the firmware measured is
 * looked for in it. */
static void take_other_loader(struct tb_chain_work *w)
{
    const struct tb_manifest *m = &w->package.manifest;
    const uint32_t of_policy = tb_minimum_of(&w->in->policy->packages.minimum, m->name);
    const struct tb_record *own = package_record(&w->chain, m->name);
    struct tb_package_trust trust;
    struct tb_reason why;

    if (is_loader(m) && own != NULL && w->rules.vendors != NULL &&
        m->security_version >= own->security_version && m->security_version >= of_policy &&
        m->security_version >= least_of_host(w, m->name) &&
        tb_relations_early_holds(tb_relations_early_level(m), w->base_level, &why) &&
        tb_package_verify(&w->package, &w->rules, &trust, &why))
        claim_programs(w);
}

/* All other metadata that no record names says nothing about this boot. */
static void take_metadata(struct tb_chain_work *w)
{
    struct tb_chain_facts *facts = &w->out->chain;
    const struct tb_record *r;
    size_t n = 0;

    for (size_t i = 0; (r = tb_chain_next(&w->chain, TB_RECORD_PACKAGE, &i)) != NULL; n++)
        if (n < facts->n_packages && !w->has_metadata[n] && is_of_record(w, r)) {
            w->has_metadata[n] = true;
            judge_package(w, &facts->package[n]);
            return;
        }
    facts->n_unused_metadata++;
    take_other_loader(w);
}

/* A base package that was measured, and that somebody vouches for. */
static bool is_base(struct tb_chain_work *w)
{
    const struct tb_manifest *m = &w->package.manifest;
    const struct tb_record *r = package_record(&w->chain, m->name);
    struct tb_package_trust trust;
    struct tb_reason why;

    return m->kind == TB_PACKAGE_BASE && r != NULL && is_of_record(w, r) &&
           w->rules.vendors != NULL && tb_package_verify(&w->package, &w->rules, &trust, &why);
}

/* The signed command line may ask for more than the policy; whatever the order of the metadata, of
 * all packages. */
static void find_level(struct tb_chain_work *w)
{
    struct tb_reader rest = w->in->packages;
    struct tb_reason why;
    enum tb_level least;

    for (; rest.left != 0 && tb_package_open(rest, &w->package, &why); rest = w->package.rest) {
        if (!is_base(w))
            continue;
        w->base_level = w->package.manifest.level;
        least = tb_relations_least_level(signed_options_of(&w->package.manifest));
        w->rules.least = least < w->rules.least ? least : w->rules.least;
    }
}

static void read_metadata(struct tb_chain_work *w)
{
    struct tb_reader rest = w->in->packages;
    struct tb_reason why;

    while (rest.left != 0) {
        if (!tb_package_open(rest, &w->package, &why)) {
            add_of_package(w, tb_slice("metadata", 8), why);
            return;
        }
        rest = w->package.rest;
        take_metadata(w);
    }
}

/* Whatever the order of the metadata, the base's level is known now. */
static void judge_early_levels(struct tb_chain_work *w)
{
    const struct tb_chain_facts *facts = &w->out->chain;
    struct tb_reason why;

    for (size_t base = 0; base < facts->n_packages; base++)
        for (size_t i = 0; i < facts->n_packages; i++) {
            const struct tb_chain_package *p = &facts->package[i], *b = &facts->package[base];

            if (b->kind == TB_PACKAGE_BASE && b->verified &&
                !tb_relations_early_holds(w->early_level[i], b->level, &why))
                add_of_package(w, tb_slice(p->name, strlen(p->name)), why);
        }
}

/* ---- what nobody claims ---- */

static void judge_unclaimed(struct tb_chain_work *w)
{
    const struct tb_chain_facts *facts = &w->out->chain;
    char where[64];

    for (size_t i = 0; i < facts->n_packages; i++) {
        snprintf(where, sizeof where, "%s", facts->package[i].name);
        if (!w->has_metadata[i])
            tb_findings_fail(w->f, TB_CHECK_PACKAGE_UNCLAIMED, where,
                             "metadata of the package that was measured", "none");
    }
    for (size_t i = 0; i < w->chain.n; i++) {
        const struct tb_record *r = &w->chain.at[i].record;

        if (r->kind != TB_RECORD_MODULE || w->is_claimed[i])
            continue;
        payload_where(r->name, r->file, where);
        tb_findings_fail(w->f, TB_CHECK_PACKAGE_UNCLAIMED, where, "a payload of a package",
                         "none of its metadata names it");
    }
}

/* B-09: whoever wrote the records, the firmware measured him. */
static void judge_programs(struct tb_chain_work *w)
{
    const struct tb_boot_facts *facts = &w->out->facts;
    const enum tb_check c = TB_CHECK_LOADER_UNCLAIMED;
    const char *const expected = "a program of the loader's package";
    char where[64], hex[132];

    if (facts->n_programs == 0)
        tb_findings_fail(w->f, c, "PCR 4", expected, "none");
    if (facts->n_programs_lost != 0)
        tb_findings_fail(w->f, c, "PCR 4", "at most 32 programs", "%zu more",
                         facts->n_programs_lost);
    for (size_t i = 0; i < facts->n_programs; i++) {
        const struct tb_program *p = &facts->program[i];

        snprintf(where, sizeof where, "PCR 4, event %" PRIu32, p->event);
        tb_hex(tb_slice(p->digest[p->bank], tb_bank_digest_len(p->bank)), hex, sizeof hex);
        if (!w->program_is_claimed[i])
            tb_findings_fail(w->f, c, where, expected, "%s", hex);
    }
}

void tb_appraise_packages(struct tb_chain_work *w)
{
    judge_records(w);
    judge_required(w);
    find_level(w);
    read_metadata(w);
    judge_early_levels(w);
    judge_unclaimed(w);
    judge_programs(w);
}
