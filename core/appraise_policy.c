/* core/appraise_policy.c - groups 6 to 11: what the policy asks of keys, levels, programs, options.
 *
 * Facts of a PCR that does not match the quote are none: where one is needed, the check stays
 * without an answer, which is no pass. What cannot be proved is "unknown", and fails like a wrong
 * answer where the policy asks for it, since whoever owns the host can leave out what proves it. */
#include "core/appraise_policy.h"
#include "core/dbx.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct work {
    struct tb_reader log;
    const struct tb_pcrs *quoted;
    const struct tb_policy *policy;
    struct tb_hasher *h;
    struct tb_boot_result *out;
    struct tb_findings *f;
};

static bool pcr_matches(const struct work *w, unsigned pcr)
{
    return w->out->states.state[w->out->bank][pcr] == TB_PCR_MATCH;
}

static bool in_list(const uint8_t list[][32], size_t n, const uint8_t digest[32])
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(list[i], digest, 32) == 0)
            return true;
    return false;
}

static void judge_keyset(struct work *w, enum tb_keyset_index k)
{
    static const char *const names[TB_N_KEYSETS] = { "PK", "KEK", "db", "dbx" };
    const struct tb_keyset *set = &w->out->facts.keyset[k];
    char hex[65];

    if (w->policy->n_keys[k] == 0)
        return;
    if (!set->measured) {
        tb_findings_fail(w->f, TB_CHECK_SB_KEYS, names[k], "an allowed key set", "not measured");
        return;
    }
    tb_hex(tb_slice(set->digest, 32), hex, sizeof hex);
    if (!in_list(w->policy->keys[k], w->policy->n_keys[k], set->digest))
        tb_findings_fail(w->f, TB_CHECK_SB_KEYS, names[k], "an allowed key set", "%s", hex);
}

static void judge_authorities(struct work *w)
{
    const struct tb_boot_facts *facts = &w->out->facts;
    size_t n_keys = 0;
    char hex[65];

    if (w->policy->n_authorities == 0)
        return;
    if (facts->n_authorities_lost != 0)
        tb_findings_fail(w->f, TB_CHECK_SB_KEYS, "authorities", "at most 16", "%zu more",
                         facts->n_authorities_lost);
    for (size_t i = 0; i < facts->n_authorities; i++) {
        if (facts->authority[i].is_setting)
            continue;
        n_keys++;
        tb_hex(tb_slice(facts->authority[i].digest, 32), hex, sizeof hex);
        if (!in_list(w->policy->authorities, w->policy->n_authorities, facts->authority[i].digest))
            tb_findings_fail(w->f, TB_CHECK_SB_KEYS, "authority", "an allowed authority", "%s",
                             hex);
    }
    if (n_keys == 0) /* nothing was verified, or what was is not believed */
        tb_findings_fail(w->f, TB_CHECK_SB_KEYS, "authority", "an allowed authority", "none");
}

/* T-48: what the machine owner's keys sign starts like the distribution's own. Their list is not
 * logged: many a stock system cannot prove that it is empty, which is told only where it counts. */
static void judge_mok(struct work *w)
{
    const struct tb_story_shim *shim = &w->out->story.shim;
    static const uint8_t start[TB_DIGEST_MAX];
    const bool no_shim =
        !(w->out->story.parts >> TB_PART_SHIM & 1) &&
        memcmp(w->quoted->value[w->out->bank][14], start, tb_bank_digest_len(w->out->bank)) == 0;
    const char *const expected = "no machine owner's key";
    char hex[65];

    if (shim->owner_keys == TB_YES) {
        tb_findings_fail(w->f, TB_CHECK_SB_MOK, "MokList", expected, "one that vouched");
        if (w->policy->forbid_mok)
            tb_findings_fail(w->f, TB_CHECK_SB_KEYS, "MokList", expected, "one that vouched");
    } else if (shim->owner_keys == TB_NO || (no_shim && pcr_matches(w, 14)) ||
               w->out->chain.proved /* no shim was there, and PCR 14 is ours */ ||
               (shim->has_only_key &&
                in_list(w->policy->authorities, w->policy->n_authorities, shim->only_key))) {
        tb_findings_pass(w->f, TB_CHECK_SB_MOK);
    } else if (w->policy->forbid_mok && shim->has_only_key) {
        tb_hex(tb_slice(shim->only_key, 32), hex, sizeof hex);
        tb_findings_unknown(w->f, TB_CHECK_SB_KEYS, "MokList",
                            "shim's own certificate, which \"authorities\" of the policy lists",
                            "%s", hex);
    } else if (w->policy->forbid_mok) {
        tb_findings_unknown(w->f, TB_CHECK_SB_KEYS, "MokList", expected, "no proof");
    }
}

/* Group 6, what the policy says about keys. Facts of a PCR 7 that did not match are none. */
static void judge_keys(struct work *w)
{
    if (!pcr_matches(w, 7))
        return;
    for (unsigned k = 0; k < TB_N_KEYSETS; k++)
        judge_keyset(w, (enum tb_keyset_index)k);
    judge_authorities(w);
    judge_mok(w);
    tb_findings_pass(w->f, TB_CHECK_SB_KEYS); /* a worse outcome stays */
}

static bool program_allowed(const struct tb_policy *policy, const struct tb_program *program,
                            enum tb_bank b)
{
    for (size_t i = 0; i < policy->n_programs; i++)
        if (policy->programs[i].bank == b &&
            memcmp(policy->programs[i].digest, program->digest[b], tb_bank_digest_len(b)) == 0)
            return true;
    return false;
}

static bool lists_programs_in(const struct tb_policy *policy, enum tb_bank b)
{
    for (size_t i = 0; i < policy->n_programs; i++)
        if (policy->programs[i].bank == b)
            return true;
    return false;
}

/* The program's digest in this bank must be on the list. */
static bool bank_asks(const struct work *w, const struct tb_program *p, enum tb_bank b)
{
    return b == p->bank || ((p->banks >> b & 1) && lists_programs_in(w->policy, b));
}

static void sbat_lacks(struct work *w, const struct tb_sbat_entry *need,
                       const struct tb_sbat_entry *have)
{
    char expected[TB_SBAT_LINE_MAX], observed[TB_SBAT_LINE_MAX] = "no such component";

    tb_sbat_entry_text(need, expected);
    if (have != NULL)
        tb_sbat_entry_text(have, observed);
    tb_findings_fail(w->f, TB_CHECK_SB_SBAT, "SbatLevel", expected, "%s", observed);
}

/* The firmware started a program first that the policy names. Nobody adds in front of it. */
static bool first_program_is_named(const struct work *w)
{
    const struct tb_boot_facts *facts = &w->out->facts;

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if (facts->n_programs != 0 && bank_asks(w, &facts->program[0], (enum tb_bank)b) &&
            !program_allowed(w->policy, &facts->program[0], (enum tb_bank)b))
            return false;
    return pcr_matches(w, 4) && facts->n_programs != 0;
}

static void judge_sbat_level(struct work *w, const struct tb_sbat *need,
                             const struct tb_sbat *level)
{
    for (size_t i = 0; i < need->n; i++) {
        const struct tb_sbat_entry *have = tb_sbat_find(level, need->entry[i].component);

        if (!tb_sbat_reaches(have, &need->entry[i]))
            sbat_lacks(w, &need->entry[i], have);
    }
    /* PCR 7 holds the same when root extends a level after a boot without shim, or with one that
     * knows no level. Which program the firmware started, he cannot choose afterwards. */
    if (!first_program_is_named(w))
        tb_findings_unknown(w->f, TB_CHECK_SB_SBAT, "PCR 4",
                            "a first program that \"programs\" of the policy lists", "%s",
                            w->policy->n_programs == 0 ? "no such list in the policy"
                                                       : "another program, or none");
}

/* T-49: shim starts nothing of a lower generation than the level that it measured, so the level is
 * enough, whatever was started behind shim. Without one nobody refused anything. */
static void judge_sbat(struct work *w)
{
    const struct tb_story_shim *shim = &w->out->story.shim;
    const struct tb_sbat *need = &w->policy->sbat;
    struct tb_sbat level;
    struct tb_reason why;

    if (need->n != 0 && (shim->sbat_level[0] == '\0' || shim->sbat_level_cut))
        tb_findings_unknown(w->f, TB_CHECK_SB_SBAT, "SbatLevel", "a level that shim measured", "%s",
                            shim->sbat_level_cut ? "one that is too long" : "none");
    else if (need->n != 0 &&
             !tb_sbat_parse(tb_slice(shim->sbat_level, strlen(shim->sbat_level)), &level, &why))
        tb_findings_add(w->f, TB_UNKNOWN, &why);
    else if (need->n != 0)
        judge_sbat_level(w, need, &level);
    tb_findings_pass(w->f, TB_CHECK_SB_SBAT); /* a worse outcome stays */
}

/* Which of the policy's revocations the measured dbx has. */
static void find_revoked(const struct work *w, bool found[TB_POLICY_REVOKED_MAX])
{
    const struct tb_policy *p = w->policy;
    const struct tb_keyset *dbx = &w->out->facts.keyset[TB_KEYSET_DBX];
    struct tb_signature_lists it = tb_signature_lists_begin(tb_slice(w->log.p + dbx->at, dbx->len));
    struct tb_signature_entry e;
    uint8_t digest[32];
    size_t i;

    while (tb_signature_lists_next(&it, &e) == TB_LIST_ENTRY)
        if (tb_dbx_digest(&e, w->h, digest) && tb_policy_revoked_at(p, digest, &i))
            found[i] = true;
}

static void judge_dbx(struct work *w)
{
    const struct tb_policy *p = w->policy;
    bool found[TB_POLICY_REVOKED_MAX] = { false };
    size_t n_missing = 0, first = 0;
    char hex[65];

    if (p->n_revoked != 0 && !w->out->facts.keyset[TB_KEYSET_DBX].measured) {
        tb_findings_unknown(w->f, TB_CHECK_SB_DBX, "dbx", "a measured list", "none");
        return;
    }
    if (p->n_revoked != 0)
        find_revoked(w, found);
    for (size_t i = p->n_revoked; i-- > 0;)
        if (!found[i]) {
            n_missing++;
            first = i;
        }
    tb_hex(tb_slice(p->revoked[first], 32), hex, sizeof hex);
    if (n_missing != 0)
        tb_findings_fail(w->f, TB_CHECK_SB_DBX, "dbx", hex,
                         "%zu of %zu revocations missing, this one first", n_missing, p->n_revoked);
    tb_findings_pass(w->f, TB_CHECK_SB_DBX); /* a worse outcome stays */
}

/* Group 6, what the policy says about levels that are measured in PCR 7. */
static void judge_levels(struct work *w)
{
    if (!pcr_matches(w, 7))
        return;
    judge_sbat(w);
    judge_dbx(w);
}

/* In the bank that is relied on, and in every other that matches and that the list has digests of:
 * an image is not in the log, so nothing else says that two digests are of the same one. */
static void judge_program(struct work *w, enum tb_check c, const struct tb_program *p)
{
    for (unsigned i = TB_N_BANKS; i-- > 0;) {
        enum tb_bank b = (enum tb_bank)i;
        char where[64], hex[132];

        if (!bank_asks(w, p, b) || program_allowed(w->policy, p, b))
            continue;
        snprintf(where, sizeof where, "event %" PRIu32 " %s", p->event, tb_bank_name(b));
        tb_hex(tb_slice(p->digest[b], tb_bank_digest_len(b)), hex, sizeof hex);
        tb_findings_fail(w->f, c, where, "an allowed program", "%s", hex);
    }
}

/* On Trueboot's own chain, where packages name what the firmware may start. */
static bool packages_claim_programs(const struct work *w)
{
    return w->policy->packages.n_vendors != 0 &&
           w->f->outcome[TB_CHECK_LOADER_UNCLAIMED] == TB_PASS;
}

/* Group 7: whatever PCR 4 holds that is no separator and no action must be on the list. */
static void judge_programs(struct work *w)
{
    const enum tb_check c = TB_CHECK_LOADER_ALLOWED;
    const struct tb_boot_facts *facts = &w->out->facts;
    const bool asked = w->policy->n_programs != 0 && !packages_claim_programs(w);

    if (!pcr_matches(w, 4))
        return;
    if (asked && facts->n_programs == 0)
        tb_findings_fail(w->f, c, "PCR 4", "an allowed program", "none");
    if (asked && facts->n_programs_lost != 0)
        tb_findings_fail(w->f, c, "PCR 4", "at most 32 programs", "%zu more",
                         facts->n_programs_lost);
    for (size_t i = 0; asked && i < facts->n_programs; i++)
        judge_program(w, c, &facts->program[i]);
    tb_findings_pass(w->f, c); /* a worse outcome stays */
}

/* Authenticode hashes an image from its first byte on, and leaves out some later ones: whoever
 * edits the log could let what is hashed pass for the event's data. A PE image with a DOS header or
 * without; a legacy option ROM. */
static bool begins_like_program(struct tb_reader data)
{
    static const char magic[][2] = { { 'M', 'Z' }, { 'P', 'E' }, { '\x55', '\xaa' } };

    for (size_t i = 0; i < sizeof magic / sizeof *magic; i++)
        if (data.left >= 2 && memcmp(data.p, magic[i], 2) == 0)
            return true;
    return false;
}

/* PFP 1.06, 3.3.4.3: PCR 2 has drivers and option ROMs. Whatever is not the hash of data that the
 * log has is one, separators included that the log shows as something else. */
static void judge_driver(struct work *w, const struct tb_event *e)
{
    const struct tb_log_trust trust = { w->out->bank, &w->out->states };
    struct tb_program p;

    if (e->type == TB_EV_NO_ACTION || e->pcr != 2 ||
        (tb_event_covers(e, trust, w->h, &e->data, 1) && !begins_like_program(e->data)))
        return;
    tb_program_of_event(e, trust, &p);
    judge_program(w, TB_CHECK_LOADER_DRIVER, &p);
}

/* B-09: a driver that root registered runs before the loader, and could measure in its place. Where
 * an image came from the log tells, but no digest covers it: a card's is told like any other. */
static void judge_drivers(struct work *w)
{
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;

    if (w->policy->packages.n_vendors != 0) {
        if (!pcr_matches(w, 2) || !tb_log_open(w->log, &log, &why))
            return; /* the latter cannot be: the log has replayed */
        while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT)
            judge_driver(w, &e);
    }
    tb_findings_pass(w->f, TB_CHECK_LOADER_DRIVER); /* a worse outcome stays */
}

static void judge_event(struct work *w, const struct tb_event *e)
{
    const enum tb_bank b = TB_BANK_SHA256;
    char where[64], hex[65];

    if (e->type == TB_EV_NO_ACTION || !(e->banks >> b & 1) ||
        w->out->states.state[b][e->pcr] != TB_PCR_MATCH ||
        !tb_policy_revokes(w->policy, e->digest[b].p))
        return;
    snprintf(where, sizeof where, "PCR %" PRIu32 ", event %" PRIu32, e->pcr, e->index);
    tb_hex(e->digest[b], hex, sizeof hex);
    tb_findings_fail(w->f, TB_CHECK_LOADER_REVOKED, where, "a program that is not revoked", "%s",
                     hex);
}

/* By its digest alone, so that neither an event's type nor its place hides a program. */
static void judge_revoked_programs(struct work *w)
{
    const unsigned state = w->out->states.state[TB_BANK_SHA256][4];
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;

    if (state != TB_PCR_MATCH) /* revocations are SHA-256 digests */
        tb_findings_unknown(w->f, TB_CHECK_LOADER_REVOKED, "PCR 4 sha256",
                            "a PCR that matches the quote", "%s",
                            tb_pcr_state_name((enum tb_pcr_state)state));
    if (!tb_log_open(w->log, &log, &why))
        return; /* cannot be: the log has replayed */
    while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT)
        judge_event(w, &e);
}

static void judge_revoked_authorities(struct work *w)
{
    const struct tb_boot_facts *facts = &w->out->facts;
    char hex[65];

    if (facts->n_authorities_lost != 0)
        tb_findings_unknown(w->f, TB_CHECK_LOADER_REVOKED, "authorities", "at most 16", "%zu more",
                            facts->n_authorities_lost);
    for (size_t i = 0; i < facts->n_authorities; i++) {
        const struct tb_authority *a = &facts->authority[i];

        tb_hex(tb_slice(a->digest, 32), hex, sizeof hex);
        if (!a->is_setting && tb_policy_revokes(w->policy, a->digest))
            tb_findings_fail(w->f, TB_CHECK_LOADER_REVOKED, "authority",
                             "a certificate that is not revoked", "%s", hex);
    }
}

/* Group 7, T-49: the firmware's dbx may lack what the policy revokes, or somebody took it out. */
static void judge_revoked(struct work *w)
{
    if (w->policy->n_revoked != 0) {
        judge_revoked_programs(w);
        judge_revoked_authorities(w);
    }
    tb_findings_pass(w->f, TB_CHECK_LOADER_REVOKED); /* a worse outcome stays */
}

/* ---- group 9: settings ---- */

static bool is_exempt(const struct work *w, const struct tb_cmdline_option *option)
{
    for (size_t i = 0; tb_options_harmless[i] != NULL; i++)
        if (tb_option_rule_matches(tb_options_harmless[i], option))
            return true;
    for (size_t i = 0; i < w->policy->allow.n; i++)
        if (tb_option_rule_matches(w->policy->allow.rule[i], option))
            return true;
    return false;
}

/* A rule about what must not stand in the line. It is told once, with the first such option. */
struct ban {
    const char *rule;
    enum tb_check check;
    bool told;
};

#define BANS_MAX (TB_POLICY_OPTIONS_MAX + TB_N_OPTION_BANS)

static size_t add_bans(struct ban *list, size_t n, const char *const *rules, enum tb_check check)
{
    for (size_t i = 0; rules[i] != NULL && n < BANS_MAX; i++)
        list[n++] = (struct ban){ rules[i], check, false };
    return n;
}

static size_t all_bans(const struct tb_policy *policy, struct ban list[BANS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < policy->forbid.n; i++)
        list[n++] = (struct ban){ policy->forbid.rule[i], TB_CHECK_CMDLINE, false };
    n = add_bans(list, n, tb_options_forbidden, TB_CHECK_CMDLINE);
    return add_bans(list, n, tb_options_weak, TB_CHECK_CMDLINE_WEAK);
}

static void judge_option(struct work *w, const struct tb_cmdline_option *option, struct ban *list,
                         size_t n)
{
    char expected[132];

    for (size_t i = 0; i < n; i++) {
        if (list[i].told || !tb_option_rule_matches(list[i].rule, option) || is_exempt(w, option))
            continue;
        list[i].told = true;
        snprintf(expected, sizeof expected, "not %s", list[i].rule);
        tb_findings_fail(w->f, list[i].check, "command line", expected, "%.*s",
                         option->whole.left < 131 ? (int)option->whole.left : 131,
                         (const char *)option->whole.p);
    }
}

/* However the line is cut: it is enough that one of its readers finds the option. */
static void judge_line(struct work *w, const char *line, struct ban *list, size_t n)
{
    static const enum tb_cmdline_cut cuts[] = { TB_CUT_QUOTED, TB_CUT_PLAIN };

    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        struct tb_cmdline_options it = tb_cmdline_begin(line, cuts[i]);
        struct tb_cmdline_option option;

        while (tb_cmdline_next(&it, &option))
            judge_option(w, &option, list, n);
    }
}

/* Nobody knows which of several lines the kernel got. */
static void judge_bans(struct work *w)
{
    const struct tb_cmdline *c = &w->out->story.cmdline;
    struct ban list[BANS_MAX];
    const size_t n = all_bans(w->policy, list);

    judge_line(w, c->text, list, n);
    for (const char *line = c->others; *line != '\0'; line += strlen(line) + 1)
        judge_line(w, line, list, n);
}

/* As the kernel reads the line: the option is there, and does not stand there otherwise. */
static void judge_required(struct work *w, const char *rule)
{
    struct tb_cmdline_options it = tb_cmdline_begin(w->out->story.cmdline.text, TB_CUT_KERNEL);
    struct tb_cmdline_option option;
    size_t n = 0;

    while (tb_cmdline_next(&it, &option)) {
        if (!tb_option_rule_names(rule, &option))
            continue;
        n++;
        if (!tb_option_rule_matches(rule, &option))
            tb_findings_fail(w->f, TB_CHECK_CMDLINE, "command line", rule, "%.*s",
                             option.whole.left < 131 ? (int)option.whole.left : 131,
                             (const char *)option.whole.p);
    }
    if (n == 0)
        tb_findings_fail(w->f, TB_CHECK_CMDLINE, "command line", rule, "no such option");
}

static void judge_options(struct work *w)
{
    judge_bans(w);
    for (size_t i = 0; i < w->policy->require.n; i++)
        judge_required(w, w->policy->require.rule[i]);
}

/* Windows, and no sign of a kernel with a command line in any PCR that may hold one. */
static bool is_windows(const struct tb_story *story)
{
    return story->cmdline.state == TB_CMDLINE_NONE && story->windows.present &&
           story->windows.n_unproved == 0;
}

/* T-51. A line that is not proved is no reason to fail a host whose boot loader does not measure
 * it, unless the policy asks for something of it; nor are several, each of which was looked at. But
 * one that was edited in the log is, and one of which a part is missing. */
static void judge_cmdline(struct work *w)
{
    const struct tb_cmdline *line = &w->out->story.cmdline;
    const bool proved = line->state == TB_CMDLINE_PROVED && !line->cut;
    const bool asked = w->policy->forbid.n + w->policy->require.n != 0;
    const char *observed =
        line->cut || line->lost ? "a part of one" : tb_cmdline_state_name(line->state);

    /* Or who started with a forbidden option would edit or extend his way to no line at all. */
    if (proved || line->text[0] != '\0' || line->others[0] != '\0')
        judge_options(w);
    if (!proved && (asked || line->edited || line->lost))
        tb_findings_unknown(w->f, TB_CHECK_CMDLINE, "command line", "a whole one that is proved",
                            "%s", observed);
    if (!proved && !is_windows(&w->out->story))
        tb_findings_unknown(w->f, TB_CHECK_CMDLINE_UNPROVED, "command line",
                            "a whole one that is proved", "%s", observed);
    tb_findings_pass(w->f, TB_CHECK_CMDLINE); /* worse outcomes stay */
    tb_findings_pass(w->f, TB_CHECK_CMDLINE_WEAK);
    tb_findings_pass(w->f, TB_CHECK_CMDLINE_UNPROVED);
}

/* Pins of the same PCR and bank are alternatives. */
static bool pin_holds(const struct tb_policy *policy, const struct tb_pin *pin,
                      const uint8_t *value)
{
    for (size_t i = 0; i < policy->n_pins; i++)
        if (policy->pin[i].bank == pin->bank && policy->pin[i].pcr == pin->pcr &&
            memcmp(policy->pin[i].value, value, tb_bank_digest_len(pin->bank)) == 0)
            return true;
    return false;
}

/* Exact values, where the policy asks for them. */
static void judge_pins(struct work *w)
{
    for (size_t i = 0; i < w->policy->n_pins; i++) {
        const struct tb_pin *pin = &w->policy->pin[i];
        const uint8_t *value = w->quoted->value[pin->bank][pin->pcr];
        const size_t len = tb_bank_digest_len(pin->bank);
        const bool quoted = w->quoted->mask[pin->bank] >> pin->pcr & 1;
        char where[64], expected[132] = "quoted", observed[132] = "not quoted";

        if (quoted && pin_holds(w->policy, pin, value))
            continue;
        snprintf(where, sizeof where, "PCR %u %s", pin->pcr, tb_bank_name(pin->bank));
        if (quoted) {
            tb_hex(tb_slice(pin->value, len), expected, sizeof expected);
            tb_hex(tb_slice(value, len), observed, sizeof observed);
        }
        tb_findings_fail(w->f, TB_CHECK_PCR_PINNED, where, expected, "%s", observed);
    }
    tb_findings_pass(w->f, TB_CHECK_PCR_PINNED); /* a worse outcome stays */
}

/* ---- group 11: firmware ---- */

static void judge_firmware_version(struct work *w)
{
    const enum tb_check c = TB_CHECK_FIRMWARE_VERSION;
    const char *version = w->out->facts.firmware_version;
    size_t i = 0;

    while (i < w->policy->n_firmware_versions &&
           strcmp(w->policy->firmware_version[i], version) != 0)
        i++;
    if (w->policy->n_firmware_versions != 0 && version[0] == '\0')
        tb_findings_unknown(w->f, c, "S-CRTM version", "a version that is proved", "none");
    else if (w->policy->n_firmware_versions != 0 && i == w->policy->n_firmware_versions)
        tb_findings_fail(w->f, c, "S-CRTM version", "an allowed version", "%s", version);
    tb_findings_pass(w->f, c); /* a worse outcome stays */
}

void tb_appraise_policy(struct tb_reader log, const struct tb_pcrs *quoted,
                        const struct tb_policy *policy, struct tb_hasher *h,
                        struct tb_boot_result *out)
{
    struct work w = {
        .log = log, .quoted = quoted, .policy = policy, .h = h, .out = out, .f = &out->findings
    };

    judge_keys(&w);
    judge_levels(&w);
    judge_programs(&w);
    judge_drivers(&w);
    judge_revoked(&w);
    judge_cmdline(&w);
    judge_pins(&w);
    judge_firmware_version(&w);
}
