/* tests/unit/lrow_world.c - see the header. */
#include "tests/unit/lrow_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tb_hasher *h;
struct tb_policy policy;
static size_t n_files_absent;

int lrow_set_up(void **state)
{
    (void)state;
    if (h == NULL)
        h = tb_hasher_new(); /* one for the program */
    tb_policy_builtin(&policy);
    return h == NULL;
}

/* Groups 1 to 4 have nothing to do with the log. */
static void genuine_quote(struct tb_quote_result *q)
{
    memset(q, 0, sizeof *q);
    q->genuine = true;
    for (unsigned c = 0; c < TB_N_CHECKS; c++)
        if (tb_check_text((enum tb_check)c)->group <= TB_GROUP_PCRS)
            tb_findings_pass(&q->findings, (enum tb_check)c);
}

void appraise_bytes(struct tb_reader log, const struct tb_pcrs *quoted, struct lrow *out)
{
    static struct tb_quote_result quote;
    static struct tb_result result;
    const struct tb_firmware_reference none = { 0 };
    uint8_t *exact = malloc(log.left + (log.left == 0)); /* so that one byte too far is seen */

    assert_non_null(exact);
    if (log.left != 0)
        memcpy(exact, log.p, log.left);
    genuine_quote(&quote);
    memset(out, 0xa5, sizeof *out); /* nothing of what was there may show */
    tb_appraise_boot(&(struct tb_boot_input){ .log = tb_slice(exact, log.left),
                                              .quoted = quoted,
                                              .policy = &policy,
                                              .firmware = &none },
                     h, &out->boot);
    tb_conclude(&quote, &out->boot, &policy, &result);
    out->verdict = result.verdict;
    tb_findings_copy(&out->findings, &result.findings);
    free(exact);
}

void appraise(struct mlog *m, struct lrow *out)
{
    const uint32_t banks = policy.banks;

    if (m->banks == LOG_BANK(TB_BANK_SHA1))
        policy.banks |= LOG_BANK(TB_BANK_SHA1);
    appraise_bytes(mlog_bytes(m), &m->quoted, out);
    policy.banks = banks;
}

void show(const struct lrow *r)
{
    printf("  verdict %s, Secure Boot %s\n", tb_verdict_name(r->verdict),
           tb_secure_boot_name(r->boot.facts.secure_boot));
    for (size_t i = 0; i < r->findings.n; i++) {
        const struct tb_finding *f = &r->findings.list[i];

        printf("  %s %s: %s: %s / %s\n", tb_outcome_name(f->outcome),
               tb_check_text(f->reason.check)->code, f->reason.where, f->reason.expected,
               f->reason.observed);
    }
}

bool tells(const struct lrow *r, enum tb_check check, const char *text)
{
    for (size_t i = 0; i < r->findings.n; i++) {
        const struct tb_reason *why = &r->findings.list[i].reason;

        if (why->check == check && (strstr(why->where, text) || strstr(why->expected, text) ||
                                    strstr(why->observed, text)))
            return true;
    }
    return false;
}

void assert_outcome(const struct mlog *m, const struct lrow *r, enum tb_check check,
                    enum tb_outcome outcome)
{
    if (r->findings.outcome[check] == outcome)
        return;
    show(r);
    fail_msg("%s: %s is %s, not %s", m->name, tb_check_text(check)->code,
             tb_outcome_name(r->findings.outcome[check]), tb_outcome_name(outcome));
}

enum tb_pcr_state state_of(const struct lrow *r, enum tb_bank bank, unsigned pcr)
{
    return (enum tb_pcr_state)r->boot.states.state[bank][pcr];
}

bool no_facts(const struct tb_boot_facts *f)
{
    for (unsigned k = 0; k < TB_N_KEYSETS; k++)
        if (f->keyset[k].measured)
            return false;
    return f->secure_boot == TB_SECURE_BOOT_UNKNOWN && f->n_authorities == 0 &&
           f->n_programs == 0 && !f->exit_boot_services && f->firmware_version[0] == '\0';
}

void assert_refused(const char *what, const struct lrow *r, enum tb_check check)
{
    if (r->findings.outcome[check] == TB_FAIL && r->verdict == TB_VERDICT_FAILED &&
        no_facts(&r->boot.facts) && r->boot.story.parts == 0)
        return;
    show(r);
    fail_msg("%s: not refused by %s", what, tb_check_text(check)->code);
}

/* ---- the attacker's gain ---- */

static unsigned rank(enum tb_verdict v)
{
    return v == TB_VERDICT_TRUSTED ? 2 : v == TB_VERDICT_CHANGED ? 1 : 0;
}

/* At least as much is said of it: an authority that is in db vouches for more. */
static bool has_authority(const struct tb_boot_facts *f, const struct tb_authority *a, bool in_db)
{
    for (size_t i = 0; i < f->n_authorities; i++)
        if (memcmp(f->authority[i].digest, a->digest, 32) == 0 &&
            strcmp(f->authority[i].variable, a->variable) == 0 &&
            f->authority[i].is_setting == a->is_setting && f->authority[i].in_db >= in_db)
            return true;
    return false;
}

/* A program is its digest in the bank that is relied on. */
static bool has_program(const struct tb_boot_facts *f, const struct tb_program *p)
{
    for (size_t i = 0; i < f->n_programs; i++)
        if (f->program[i].bank == p->bank &&
            memcmp(f->program[i].digest[p->bank], p->digest[p->bank],
                   tb_bank_digest_len(p->bank)) == 0)
            return true;
    return false;
}

static const char *gain_in_lists(const struct tb_boot_facts *before,
                                 const struct tb_boot_facts *after, bool extended)
{
    for (size_t i = 0; i < before->n_authorities; i++)
        if (after->n_authorities != 0 && !before->authority[i].is_setting &&
            !has_authority(after, &before->authority[i], false))
            return "an authority is hidden";
    for (size_t i = 0; i < after->n_authorities && !extended; i++)
        if (!has_authority(before, &after->authority[i], after->authority[i].in_db))
            return "an authority is made up";
    for (size_t i = 0; i < before->n_programs; i++)
        if (after->n_programs != 0 && !has_program(after, &before->program[i]))
            return "a program is hidden";
    for (size_t i = 0; i < after->n_programs && !extended; i++)
        if (!has_program(before, &after->program[i]))
            return "a program is made up";
    return NULL;
}

/* The good answer only: a bad one that is made up is the attacker's loss. */
static const char *gain_in_windows(const struct tb_story_windows *b,
                                   const struct tb_story_windows *a)
{
    const struct {
        enum tb_tristate good, before, after;
    } list[] = {
        { TB_YES, b->code_integrity, a->code_integrity },
        { TB_NO, b->test_signing, a->test_signing },
        { TB_NO, b->boot_debugging, a->boot_debugging },
        { TB_NO, b->os_debugging, a->os_debugging },
        { TB_NO, b->bitlocker_unlock, a->bitlocker_unlock },
        { TB_NO, b->safe_mode, a->safe_mode },
        { TB_NO, b->winpe, a->winpe },
        { TB_NO, b->flight_signing, a->flight_signing },
        { TB_YES, b->hypervisor, a->hypervisor },
        { TB_YES, b->vbs, a->vbs },
        { TB_YES, b->elam, a->elam },
    };

    for (size_t i = 0; i < N_OF(list); i++)
        if (list[i].after == list[i].good && list[i].before != list[i].good)
            return "a good setting of Windows is made up";
    return NULL;
}

/* Who extends after the boot can tell for a program that told nothing (docs/event-log.md): where
 * no command line or no SBAT level was measured at all, the first one is his. */
static const char *gain_in_story(const struct tb_story *before, const struct tb_story *after,
                                 bool extended)
{
    const bool had_shim = (before->parts >> TB_PART_SHIM & 1) != 0;

    if (after->cmdline.state == TB_CMDLINE_PROVED &&
        !(before->cmdline.state == TB_CMDLINE_PROVED &&
          strcmp(before->cmdline.text, after->cmdline.text) == 0) &&
        !(extended && before->cmdline.state == TB_CMDLINE_NONE))
        return "a command line is made up";
    if ((had_shim || !extended) &&
        ((after->shim.validation == TB_YES && before->shim.validation != TB_YES) ||
         (after->shim.mok_trusted == TB_NO && before->shim.mok_trusted != TB_NO)))
        return "a setting of shim is made up";
    if ((had_shim || !extended) && after->shim.sbat_level[0] != '\0' &&
        strcmp(after->shim.sbat_level, before->shim.sbat_level) != 0)
        return "shim's SBAT level is made up";
    if (after->uname[0] != '\0' && strcmp(after->uname, before->uname) != 0)
        return "a kernel's release is made up";
    if (!extended && (after->parts & ~before->parts) != 0)
        return "a part of the boot is made up";
    return gain_in_windows(&before->windows, &after->windows);
}

const char *gain(const struct lrow *before, const struct lrow *after, bool extended)
{
    const struct tb_boot_facts *b = &before->boot.facts, *a = &after->boot.facts;
    const char *lists;

    if (rank(after->verdict) > rank(before->verdict))
        return "the verdict is better";
    if (a->secure_boot != TB_SECURE_BOOT_UNKNOWN && a->secure_boot != b->secure_boot)
        return "Secure Boot is another";
    for (unsigned k = 0; k < TB_N_KEYSETS; k++)
        if (a->keyset[k].measured &&
            (!b->keyset[k].measured || memcmp(a->keyset[k].digest, b->keyset[k].digest, 32) != 0))
            return "a key set is made up";
    if ((lists = gain_in_lists(b, a, extended)) != NULL)
        return lists;
    if (a->exit_boot_services && !b->exit_boot_services && !extended)
        return "the end of the firmware is made up";
    if (a->firmware_version[0] != '\0' && strcmp(a->firmware_version, b->firmware_version) != 0)
        return "a firmware version is made up";
    return gain_in_story(&before->boot.story, &after->boot.story, extended);
}

const char *difference(const struct lrow *a, const struct lrow *b)
{
    const char *one = gain(a, b, false), *other = gain(b, a, false);

    if (one != NULL || other != NULL)
        return one != NULL ? one : other;
    if (a->verdict != b->verdict || a->boot.facts.secure_boot != b->boot.facts.secure_boot)
        return "the verdict";
    if (a->boot.facts.n_authorities != b->boot.facts.n_authorities ||
        a->boot.facts.n_programs != b->boot.facts.n_programs)
        return "the number of authorities or programs";
    return NULL;
}

/* ---- tables ---- */

static bool mount_on(struct mlog *honest, const struct attack *at)
{
    static struct lrow before, after;
    struct mlog *m = mlog_copy(honest);
    const char *what;

    appraise(honest, &before);
    if (!at->mount(m)) {
        mlog_free(m);
        return false;
    }
    appraise(m, &after);
    what = gain(&before, &after, at->extended);
    if (what != NULL || (at->check >= 0 && after.findings.outcome[at->check] < TB_UNKNOWN)) {
        printf("before:\n");
        show(&before);
        printf("after:\n");
        show(&after);
        fail_msg("%s: %s: %s", m->name, at->what,
                 what != NULL ? what : "the check that must not pass passed");
    }
    if (at->also != NULL)
        at->also(m, &before, &after);
    mlog_free(m);
    return true;
}

void mount_attacks(const char *const *logs, size_t n_logs, const struct attack *list, size_t n)
{
    size_t absent = 0;

    for (size_t a = 0; a < n; a++) {
        size_t mounted = 0;

        for (size_t i = 0; i < n_logs; i++) {
            struct mlog *m = mlog_load(logs[i]);

            absent += m == NULL;
            mounted += m != NULL && mount_on(m, &list[a]);
            mlog_free(m);
        }
        if (mounted == 0 && absent == 0)
            fail_msg("%s: no log to do it to", list[a].what);
    }
}

void make_oddities(const char *const *logs, size_t n_logs, const struct oddity *list, size_t n)
{
    static struct lrow plain, odd;

    for (size_t i = 0; i < n_logs; i++) {
        struct mlog *m = mlog_load(logs[i]);

        if (m == NULL)
            continue;
        appraise(m, &plain);
        for (size_t k = 0; k < n; k++) {
            struct mlog *o = mlog_copy(m);

            if (list[k].make(o)) {
                appraise(o, &odd);
                if (difference(&plain, &odd) != NULL) {
                    show(&plain);
                    show(&odd);
                    fail_msg("%s: %s: %s", m->name, list[k].what, difference(&plain, &odd));
                }
            }
            mlog_free(o);
        }
        mlog_free(m);
    }
}

void refuse_all(const char *const *logs, size_t n_logs, const struct attack *list, size_t n)
{
    static struct lrow r;
    char what[160];

    for (size_t i = 0; i < n_logs; i++) {
        struct mlog *m = mlog_load(logs[i]);

        for (size_t a = 0; m != NULL && a < n; a++) {
            struct mlog *c = mlog_copy(m);

            if (list[a].mount(c)) {
                appraise(c, &r);
                snprintf(what, sizeof what, "%s: %s", c->name, list[a].what);
                assert_refused(what, &r, (enum tb_check)list[a].check);
                assert_true(r.findings.list[0].reason.where[0] != '\0');
            }
            mlog_free(c);
        }
        mlog_free(m);
    }
}

uint8_t *read_sample(const char *file, size_t *len)
{
    const char *fixtures = getenv("TRUEBOOT_FIXTURES");
    char path[1024];
    uint8_t *p;

    snprintf(path, sizeof path, "%s/eventlogs/%s",
             fixtures != NULL ? fixtures : "../shared/fixtures", file);
    p = log_read_file(path, len);
    n_files_absent += p == NULL;
    return p;
}

void samples_of_the_corpus_were_there(void **state)
{
    (void)state;
    if (mlog_n_absent() + n_files_absent != 0) {
        printf("SKIPPED: %zu samples were not there\n", mlog_n_absent() + n_files_absent);
        skip();
    }
}
