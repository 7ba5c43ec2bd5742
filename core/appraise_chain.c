/* core/appraise_chain.c - what the records of Trueboot's own boot chain say of a boot.
 *
 * The policy asks for this chain by naming vendors; a log that claims records of it is held to it
 * in any case, so that nobody gains by adding some. */
#include "core/appraise_chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const enum tb_check asked[] = {
    TB_CHECK_LOG_LOST,          TB_CHECK_LOADER_UNCLAIMED,  TB_CHECK_PACKAGE_FORMAT,
    TB_CHECK_PACKAGE_SIGNATURE, TB_CHECK_PACKAGE_LEVEL,     TB_CHECK_PACKAGE_REVOKED,
    TB_CHECK_PACKAGE_PAYLOAD,   TB_CHECK_PACKAGE_UNCLAIMED, TB_CHECK_PACKAGE_ROLLED_BACK,
    TB_CHECK_PACKAGE_DUPLICATE, TB_CHECK_PACKAGE_RELATION,  TB_CHECK_PACKAGE_REQUIRED,
    TB_CHECK_UNSIGNED_OPTION,   TB_CHECK_FALLBACK,          TB_CHECK_RESCUE,
    TB_CHECK_BOOT_VERIFIER,     TB_CHECK_BOOT_COMPLETE,
};

static struct tb_reader slice_of(const char *text)
{
    return tb_slice(text, strlen(text));
}

static void text_of(struct tb_reader in, char *out, size_t cap)
{
    snprintf(out, cap, "%.*s", (int)in.left, (const char *)in.p);
}

/* ---- PCR 14: Secure Boot, vendors ---- */

/* The loader reads the variable itself; where it saw something else than PCR 7 tells, one of them
 * was made up. */
static void judge_secure_boot(struct tb_chain_work *w)
{
    const struct tb_record *r = tb_chain_first(&w->chain, TB_RECORD_SECURE_BOOT);
    const bool is_on = w->out->facts.secure_boot == TB_SECURE_BOOT_ON;
    char *state = w->out->chain.secure_boot;

    if (r != NULL)
        text_of(r->code, state, sizeof w->out->chain.secure_boot);
    if (w->out->facts.secure_boot != TB_SECURE_BOOT_UNKNOWN && (strcmp(state, "on") == 0) != is_on)
        tb_findings_fail(w->f, TB_CHECK_SB_VALUE, "record of the loader",
                         is_on ? "on, as in PCR 7" : "what PCR 7 tells", "%s",
                         r != NULL ? state : "none");
}

static bool is_vendor(struct tb_chain_work *w, const uint8_t sha256[32])
{
    const struct tb_policy *p = w->in->policy;
    uint8_t digest[TB_DIGEST_MAX];

    for (size_t i = 0; i < p->packages.n_vendors; i++)
        if (tb_hash(w->h, TB_BANK_SHA256, tb_policy_slice(p, p->packages.vendor[i]), digest) &&
            memcmp(digest, sha256, 32) == 0)
            return true;
    return false;
}

/* The loader hands its vendors to the kernel, which then lets them vouch for more than packages. */
static void judge_vendors(struct tb_chain_work *w)
{
    struct tb_chain_facts *facts = &w->out->chain;
    const enum tb_check c = TB_CHECK_PACKAGE_SIGNATURE;
    const struct tb_record *r;
    char hex[65];

    for (size_t i = 0; (r = tb_chain_next(&w->chain, TB_RECORD_VENDOR, &i)) != NULL;) {
        tb_hex(tb_slice(r->sha256, 32), hex, sizeof hex);
        if (!is_vendor(w, r->sha256))
            tb_findings_fail(w->f, c, "vendors of the loader", "vendors of the policy", "%s", hex);
        if (facts->n_vendors == TB_CHAIN_VENDORS_MAX)
            tb_findings_fail(w->f, c, "vendors of the loader", "at most 8", "more");
        else
            memcpy(facts->vendor[facts->n_vendors++], r->sha256, 32);
    }
    if (facts->n_vendors == 0)
        tb_findings_fail(w->f, c, "vendors of the loader", "vendors of the policy", "none");
}

/* What Secure Boot would have stopped, or what the firmware does not keep, by the code that the
 * loader gave. */
static void judge_unverified(struct tb_chain_work *w)
{
    const struct tb_record *r;

    for (size_t i = 0; (r = tb_chain_next(&w->chain, TB_RECORD_UNVERIFIED, &i)) != NULL;) {
        enum tb_check c;
        char code[64], where[64];

        text_of(r->code, code, sizeof code);
        snprintf(where, sizeof where, "%.*s", r->name.left > 63 ? 63 : (int)r->name.left,
                 (const char *)r->name.p);
        if (!tb_check_of_code(code, &c) || tb_check_text(c)->group != TB_GROUP_PACKAGES)
            c = TB_CHECK_PACKAGE_SIGNATURE;
        tb_findings_fail(w->f, c, where, "verified by the loader", "%s", code);
    }
}

/* ---- PCR 14: which set, and with which options ---- */

/* As the loader takes it: one that is malformed is as none. */
static void read_configuration(const struct tb_chain_work *w, struct tb_bootconf *out)
{
    const struct tb_record *r = tb_chain_first(&w->chain, TB_RECORD_CONFIGURATION);
    struct tb_reason why;

    if (r == NULL || !tb_bootconf_parse(r->text, out, &why))
        *out = (struct tb_bootconf){ .start = 'a' };
}

/* The record of the set stands in three PCRs, and its end does; they are of one set. */
static bool is_one_set(const struct tb_chain *c, char *set)
{
    static const enum tb_record_kind kinds[] = { TB_RECORD_SET, TB_RECORD_END };
    const struct tb_record *r;
    size_t n[2] = { 0 };

    *set = '\0';
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; (r = tb_chain_next(c, kinds[k], &i)) != NULL; n[k]++) {
            if (*set != '\0' && *set != r->set)
                return false;
            *set = r->set;
        }
    return n[0] == 3 && n[1] == 3;
}

static void judge_set(struct tb_chain_work *w, const struct tb_bootconf *conf)
{
    const struct tb_record *fallback = tb_chain_first(&w->chain, TB_RECORD_FALLBACK);
    struct tb_chain_facts *facts = &w->out->chain;
    char set, expected[32];

    if (!is_one_set(&w->chain, &set)) {
        tb_findings_fail(w->f, TB_CHECK_LOG_UNEXPLAINED, "records of the boot set",
                         "begin and end of one set in PCR 12, 13 and 14", "others");
        return;
    }
    facts->set = set;
    facts->fell_back = fallback != NULL;
    snprintf(expected, sizeof expected, "set %c", conf->start);
    if (fallback != NULL) {
        text_of(fallback->code, facts->fallback_code, sizeof facts->fallback_code);
        tb_findings_fail(w->f, TB_CHECK_FALLBACK, "boot set", expected, "set %c: %s", set,
                         facts->fallback_code);
    } else if (set != conf->start) {
        tb_findings_fail(w->f, TB_CHECK_FALLBACK, "boot set", expected, "set %c", set);
    }
}

static bool is_allowed(const struct tb_chain_work *w, const struct tb_cmdline_option *option)
{
    for (size_t i = 0; i < w->in->policy->allow.n; i++)
        if (tb_option_rule_matches(w->in->policy->allow.rule[i], option))
            return true;
    return false;
}

/* However the line is cut: one reader who finds an option that is not allowed is enough. */
static void judge_append(struct tb_chain_work *w, struct tb_reader append)
{
    static const enum tb_cmdline_cut cuts[] = { TB_CUT_QUOTED, TB_CUT_PLAIN };
    char line[TB_APPEND_MAX + 1];
    struct tb_cmdline_option option;

    text_of(append, line, sizeof line);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        struct tb_cmdline_options it = tb_cmdline_begin(line, cuts[i]);

        while (tb_cmdline_next(&it, &option))
            if (!is_allowed(w, &option))
                tb_findings_fail(w->f, TB_CHECK_UNSIGNED_OPTION, "boot.conf",
                                 "an option that the policy allows", "%.*s",
                                 option.whole.left < 131 ? (int)option.whole.left : 131,
                                 (const char *)option.whole.p);
    }
}

/* What the loader says that it made of the configuration is what follows from it. */
static void judge_options(struct tb_chain_work *w, const struct tb_bootconf *conf)
{
    const struct tb_reader quiet = conf->quiet ? slice_of("yes") : slice_of("");
    const struct {
        const char *name;
        struct tb_reader value;
    } known[] = { { "quiet", quiet }, { "append", conf->append } };
    bool told[2] = { false };
    const struct tb_record *r;
    size_t k;

    for (size_t i = 0; (r = tb_chain_next(&w->chain, TB_RECORD_OPTION, &i)) != NULL;) {
        for (k = 0; k < 2 && !tb_slice_equal(r->name, slice_of(known[k].name)); k++)
            ;
        if (k < 2 && !told[k] && tb_slice_equal(r->text, known[k].value))
            told[k] = true;
        else
            tb_findings_fail(w->f, TB_CHECK_UNSIGNED_OPTION, "options of the loader",
                             "those of boot.conf", "%.*s", (int)r->name.left,
                             (const char *)r->name.p);
    }
    for (k = 0; k < 2; k++)
        if (known[k].value.left != 0 && !told[k])
            tb_findings_fail(w->f, TB_CHECK_UNSIGNED_OPTION, "options of the loader", known[k].name,
                             "none");
}

/* The kernel's line is the signed one, what boot.conf adds, and the set. */
static void judge_command_line(struct tb_chain_work *w, const struct tb_bootconf *conf)
{
    const struct tb_record *r = tb_chain_first(&w->chain, TB_RECORD_COMMAND_LINE);
    const struct tb_cmdline *told = &w->out->story.cmdline;
    char line[TB_COMMAND_LINE_MAX + 1] = "";
    struct tb_reason why;

    if (r == NULL ||
        !tb_boot_command_line(w->signed_options, conf->append, w->out->chain.set, line, &why) ||
        !tb_slice_equal(r->text, slice_of(line)))
        tb_findings_fail(w->f, TB_CHECK_UNSIGNED_OPTION, "command line",
                         line[0] != '\0' ? line : "a signed one, and the boot set", "%.*s",
                         r == NULL ? 4 : (int)r->text.left,
                         r == NULL ? "none" : (const char *)r->text.p);
    if (told->state != TB_CMDLINE_PROVED || !(w->out->story.parts >> TB_PART_LINUX_STUB & 1))
        tb_findings_unknown(w->f, TB_CHECK_CMDLINE, "command line",
                            "the loader's, as the kernel measured it", "%s",
                            tb_cmdline_state_name(told->state));
}

static void judge_settings(struct tb_chain_work *w, bool claimed)
{
    const struct tb_record *tag = tb_chain_first(&w->chain, TB_RECORD_ASSET_TAG);
    struct tb_bootconf conf;

    if (!claimed) { /* another chain: of a loader that no package claims */
        tb_findings_fail(w->f, TB_CHECK_UNSIGNED_OPTION, "command line",
                         "one that the loader measured", "none");
        return;
    }
    if (tag != NULL)
        text_of(tag->text, w->out->chain.asset_tag, sizeof w->out->chain.asset_tag);
    judge_secure_boot(w);
    judge_vendors(w);
    judge_unverified(w);
    read_configuration(w, &conf);
    judge_set(w, &conf);
    judge_append(w, conf.append);
    judge_options(w, &conf);
    judge_command_line(w, &conf);
}

/* ---- PCR 11: the Secure Boot Verifier ---- */

static const struct tb_record *package_of(const struct tb_chain *c, const struct tb_record *checked)
{
    const struct tb_record *r;

    for (size_t i = 0; (r = tb_chain_next(c, TB_RECORD_PACKAGE, &i)) != NULL;)
        if (tb_slice_equal(r->name, checked->name) &&
            tb_slice_equal(r->version, checked->version) &&
            r->security_version == checked->security_version &&
            memcmp(r->sha512, checked->sha512, 64) == 0)
            return r;
    return NULL;
}

static struct tb_chain_package *fact_of(struct tb_chain_work *w, const struct tb_record *record)
{
    const struct tb_record *r;
    size_t n = 0;

    for (size_t i = 0; (r = tb_chain_next(&w->chain, TB_RECORD_PACKAGE, &i)) != NULL; n++)
        if (r == record && n < w->out->chain.n_packages)
            return &w->out->chain.package[n];
    return NULL;
}

static void judge_checked(struct tb_chain_work *w, const struct tb_record *r)
{
    struct tb_chain_package *fact = fact_of(w, package_of(&w->chain, r));
    char where[64], code[64];
    enum tb_check c;

    text_of(r->name, where, sizeof where);
    text_of(r->code, code, sizeof code);
    if (fact == NULL || fact->checked)
        tb_findings_fail(w->f, TB_CHECK_BOOT_VERIFIER, where, "a package that the loader measured",
                         "another one");
    if (strcmp(code, "pass") == 0) {
        if (fact != NULL)
            fact->checked = true;
        return;
    }
    if (!tb_check_of_code(code, &c) || tb_check_text(c)->group != TB_GROUP_PACKAGES)
        c = TB_CHECK_BOOT_VERIFIER;
    tb_findings_fail(w->f, c, where, "passed by the Secure Boot Verifier", "%s", code);
}

static void judge_each(struct tb_chain_work *w, size_t *n_checked)
{
    const struct tb_record *r;
    char where[64];

    for (size_t i = 0; (r = tb_chain_next(&w->chain, TB_RECORD_CHECKED, &i)) != NULL; ++*n_checked)
        judge_checked(w, r);
    for (size_t i = 0; (r = tb_chain_next(&w->chain, TB_RECORD_UNCLAIMED, &i)) != NULL;) {
        snprintf(where, sizeof where, "%.*s", r->text.left > 63 ? 63 : (int)r->text.left,
                 (const char *)r->text.p);
        tb_findings_fail(w->f, TB_CHECK_PACKAGE_UNCLAIMED, where, "a file of a package", "%.*s",
                         r->text.left > 131 ? 131 : (int)r->text.left, (const char *)r->text.p);
    }
    for (size_t i = 0; i < w->out->chain.n_packages; i++) {
        snprintf(where, sizeof where, "%s", w->out->chain.package[i].name);
        if (!w->out->chain.package[i].checked)
            tb_findings_fail(w->f, TB_CHECK_BOOT_VERIFIER, where,
                             "passed by the Secure Boot Verifier", "not so");
    }
}

static void judge_verdict(struct tb_chain_work *w)
{
    const struct tb_record *r = tb_chain_first(&w->chain, TB_RECORD_VERDICT);
    const enum tb_check c = TB_CHECK_BOOT_VERIFIER;
    size_t n_checked = 0;

    judge_each(w, &n_checked);
    if (r == NULL) {
        tb_findings_fail(w->f, c, "PCR 11", "a verdict", "none");
        return;
    }
    w->out->chain.verdict =
        tb_slice_equal(r->code, slice_of("pass")) ? TB_CHAIN_PASS : TB_CHAIN_FAIL;
    if (w->out->chain.verdict != TB_CHAIN_PASS)
        tb_findings_fail(w->f, c, "verdict", "pass", "%s, faults: %" PRIu64,
                         tb_chain_verdict_name(w->out->chain.verdict), r->faults);
    if (r->size != n_checked)
        tb_findings_fail(w->f, c, "verdict", "on as many packages as were looked at",
                         "%" PRIu64 " of %zu", r->size, n_checked);
}

static void judge_completion(struct tb_chain_work *w)
{
    struct tb_chain_facts *facts = &w->out->chain;

    judge_verdict(w);
    facts->rescue = tb_chain_first(&w->chain, TB_RECORD_RESCUE) != NULL;
    facts->complete = tb_chain_first(&w->chain, TB_RECORD_COMPLETE) != NULL;
    if (facts->rescue)
        tb_findings_fail(w->f, TB_CHECK_RESCUE, "PCR 11", "no rescue shell", "one was opened");
    if (!facts->complete)
        tb_findings_fail(w->f, TB_CHECK_BOOT_COMPLETE, "PCR 11", "the end of the boot", "none");
}

/* ---- all of it ---- */

/* The loader's own word that the firmware's log was full; or a log that stops before the loader
 * did. */
static void judge_lost(struct tb_chain_work *w, bool claimed)
{
    char where[16];

    if (w->chain.lost)
        tb_findings_fail(w->f, TB_CHECK_LOG_LOST, "records of the loader", "none lost",
                         "the log was full");
    for (unsigned i = 0; claimed && i < 3; i++) {
        snprintf(where, sizeof where, "PCR %u", 12 + i);
        if (!w->chain.ends[i])
            tb_findings_unknown(w->f, TB_CHECK_LOG_LOST, where, "the end of the loader's records",
                                "none");
    }
}

static bool open_rules(struct tb_chain_work *w, struct tb_vendors **own)
{
    const struct tb_policy *p = w->in->policy;
    struct tb_reason why;

    *own = NULL;
    w->rules = (struct tb_package_rules){ .vendors = w->in->vendors, .least = p->packages.level };
    if (p->packages.n_vendors == 0)
        w->rules.vendors = NULL;
    else if (w->in->vendors == NULL)
        w->rules.vendors = *own = tb_policy_vendors(p, &why);
    if (p->packages.n_vendors != 0 && w->rules.vendors == NULL)
        goto bad;
    if (p->packages.revocations.len == 0)
        return true;
    w->rules.revocations = &w->revocations;
    if (tb_revocations_parse(tb_policy_slice(p, p->packages.revocations), &w->revocations, &why))
        return true;
bad:
    tb_findings_add(w->f, TB_FAIL, &why);
    return false;
}

static bool pcrs_match(const struct tb_boot_result *out)
{
    for (unsigned pcr = 12; pcr <= 14; pcr++)
        if (out->states.state[out->bank][pcr] != TB_PCR_MATCH)
            return false;
    return true;
}

/* False: what the PCRs hold is not known, which has failed before; all else means nothing then. */
static bool judge_chain(struct tb_chain_work *w)
{
    const struct tb_chain_logs logs = { .log = w->in->log,
                                        .user_log = w->in->user_log,
                                        .bank = w->out->bank,
                                        .states = &w->out->states };
    const bool claimed = tb_chain_claimed(w->in->log);
    struct tb_vendors *own;

    w->out->chain.proved = tb_chain_read(&logs, w->h, &w->chain, w->f);
    judge_lost(w, claimed);
    if (!pcrs_match(w->out))
        return false;
    if (open_rules(w, &own)) {
        tb_appraise_packages(w);
        judge_settings(w, claimed);
        if (w->chain.user_known)
            judge_completion(w);
    }
    tb_vendors_free(own);
    return true;
}

/* A worse outcome stays. What PCR 11 tells stays unasked where it is not known: that has failed the
 * verdict of the Secure Boot Verifier. */
static void pass_all(struct tb_findings *f, bool user_known)
{
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        if (user_known || (asked[i] != TB_CHECK_RESCUE && asked[i] != TB_CHECK_BOOT_COMPLETE))
            tb_findings_pass(f, asked[i]);
}

void tb_appraise_chain(const struct tb_boot_input *in, struct tb_hasher *h,
                       struct tb_boot_result *out)
{
    struct tb_chain_work w = { .in = in, .h = h, .out = out, .f = &out->findings };

    if (!out->chain.present)
        pass_all(w.f, true);
    else if (judge_chain(&w))
        pass_all(w.f, w.chain.user_known);
}
