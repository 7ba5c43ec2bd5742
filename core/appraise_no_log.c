/* core/appraise_no_log.c - why no log came, where PCR 7 proves it together with the log of an
 * earlier boot.
 *
 * PFP 1.06: 3.3.4.8 (PCR 7), 10.4.2.6 (UEFI_VARIABLE_DATA). Boot loaders that start Linux past its
 * EFI stub unless Secure Boot is enforced, as Debian 12's GRUB does, leave it without an event log
 * just when somebody switched Secure Boot or shim's validation off. A candidate is the earlier
 * log's PCR 7 as it had been then. What is quoted is a hash: if a candidate leads to it, the PCR
 * was extended with just its events.
 *
 * The first of them is SecureBoot, built here and not taken from the log. Nobody extends PCR 7
 * before the firmware does, so a candidate that fits proves the firmware's own value, whoever wrote
 * the log. MokSBState comes later and could be extended by the host's owner as well, who fails the
 * host by it. Nothing passes here: a host without a log fails. */
#include "core/appraise.h"
#include "core/uefi.h"

#include <string.h>

#define SB_PCR 7
#define SB_EVENTS_MAX 64 /* measuring events of PCR 7 in the earlier log; real ones have 20 */

enum kind {
    OTHER,     /* measured whatever Secure Boot does */
    AUTHORITY, /* vouched for a program: not measured where nobody verifies */
    SBAT_LEVEL,
    SHIM_STATE,
};

struct earlier_event {
    enum kind kind;
    uint32_t banks;
    struct tb_reader digest[TB_N_BANKS];
};

/* PCR 7 of the earlier log, behind its first event, which is SecureBoot. */
struct earlier {
    struct tb_hasher *h;
    size_t n, n_measured;
    size_t first_of_shim; /* index of shim's first event; n: none */
    struct earlier_event event[SB_EVENTS_MAX];
};

/* Shim goes back to its first level where Secure Boot is off, or measures none. */
enum level { LEVEL_AS_LOGGED, LEVEL_FIRST, LEVEL_NONE };
enum state_place { STATE_AS_LOGGED, STATE_IN_FRONT_OF_SHIM, STATE_BEHIND_LEVEL };

static const struct candidate {
    enum tb_check check;
    enum level level;
    enum state_place state;
} candidates[] = {
    { TB_CHECK_SB_OFF, LEVEL_FIRST, STATE_AS_LOGGED },
    { TB_CHECK_SB_OFF, LEVEL_AS_LOGGED, STATE_AS_LOGGED },
    { TB_CHECK_SB_OFF, LEVEL_NONE, STATE_AS_LOGGED },
    { TB_CHECK_SB_SHIM, LEVEL_AS_LOGGED, STATE_IN_FRONT_OF_SHIM },
    { TB_CHECK_SB_SHIM, LEVEL_AS_LOGGED, STATE_BEHIND_LEVEL },
    { TB_CHECK_SB_SHIM, LEVEL_FIRST, STATE_IN_FRONT_OF_SHIM },
    { TB_CHECK_SB_SHIM, LEVEL_FIRST, STATE_BEHIND_LEVEL },
    { TB_CHECK_SB_SHIM, LEVEL_NONE, STATE_IN_FRONT_OF_SHIM },
};

static enum kind kind_of(const struct tb_event *e, const struct tb_uefi_variable *v)
{
    static const char *const kept[] = { "MokDBState", "MokListTrusted", "MokPolicy" };

    if (e->type != TB_EV_EFI_VARIABLE_AUTHORITY)
        return OTHER;
    if (!tb_guid_is(v->guid, tb_guid_shim_lock))
        return AUTHORITY;
    if (tb_uefi_name_is(v, "SbatLevel"))
        return SBAT_LEVEL;
    if (tb_uefi_name_is(v, "MokSBState"))
        return SHIM_STATE;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (tb_uefi_name_is(v, kept[i]))
            return OTHER;
    return AUTHORITY;
}

/* False: more events than real boots have. */
static bool take(struct earlier *x, const struct tb_event *e)
{
    struct tb_uefi_variable v;
    bool is_variable = tb_uefi_variable_parse(e->data, &v);
    struct earlier_event *out;

    if (x->n_measured++ == 0)
        return true; /* SecureBoot is put in its place, whatever the log has there */
    if (x->n == SB_EVENTS_MAX)
        return false;
    if (is_variable && tb_guid_is(v.guid, tb_guid_shim_lock) && x->first_of_shim == SIZE_MAX)
        x->first_of_shim = x->n;
    out = &x->event[x->n++];
    out->kind = is_variable ? kind_of(e, &v) : OTHER;
    out->banks = e->banks;
    memcpy(out->digest, e->digest, sizeof out->digest);
    return true;
}

static bool read_earlier(struct tb_reader in, struct earlier *x)
{
    struct tb_reason why;
    struct tb_log log;
    struct tb_event e;
    enum tb_log_step step;

    x->n = x->n_measured = 0;
    x->first_of_shim = SIZE_MAX;
    if (!tb_log_open(in, &log, &why))
        return false;
    while ((step = tb_log_next(&log, &e, &why)) == TB_LOG_EVENT)
        if (e.type != TB_EV_NO_ACTION && e.pcr == SB_PCR && !take(x, &e))
            return false;
    if (x->first_of_shim == SIZE_MAX)
        x->first_of_shim = x->n;
    return step == TB_LOG_END && x->n_measured != 0;
}

/* A PCR 7 that grows. */
struct chain {
    const struct earlier *x;
    enum tb_bank bank;
    bool has_state; /* MokSBState 01 was put in */
    uint8_t value[TB_DIGEST_MAX];
};

/* UEFI_VARIABLE_DATA: GUID, length of the name in characters, length of the data, name, data. */
static bool extend_variable(struct chain *c, const uint8_t guid[16], const char *name,
                            struct tb_reader data)
{
    const size_t name_len = strlen(name);
    uint8_t head[32] = { 0 }, utf16[32] = { 0 }, digest[TB_DIGEST_MAX];
    const struct tb_reader parts[] = { tb_slice(head, sizeof head), tb_slice(utf16, 2 * name_len),
                                       data };

    memcpy(head, guid, 16);
    head[16] = (uint8_t)name_len;
    head[24] = (uint8_t)data.left;
    for (size_t i = 0; i < name_len; i++)
        utf16[2 * i] = (uint8_t)name[i];
    return tb_hash_parts(c->x->h, c->bank, parts, sizeof parts / sizeof *parts, digest) &&
           tb_pcr_extend(c->x->h, c->bank, c->value, tb_slice(digest, tb_bank_digest_len(c->bank)));
}

static bool extend_state(struct chain *c)
{
    c->has_state = true;
    return extend_variable(c, tb_guid_shim_lock, "MokSBState", tb_slice("\1", 1));
}

static bool extend_level(struct chain *c, const struct earlier_event *e, enum level level)
{
    static const char first[] = "sbat,1,2021030218\n";

    switch (level) {
    case LEVEL_NONE: return true;
    case LEVEL_FIRST:
        return extend_variable(c, tb_guid_shim_lock, "SbatLevel",
                               tb_slice(first, sizeof first - 1));
    case LEVEL_AS_LOGGED: break;
    }
    return (e->banks >> c->bank & 1) != 0 &&
           tb_pcr_extend(c->x->h, c->bank, c->value, e->digest[c->bank]);
}

/* Whether an event of the earlier log is one of this boot too. */
static bool stays(const struct earlier *x, size_t i, const struct candidate *k)
{
    switch (x->event[i].kind) {
    case AUTHORITY: /* the firmware still verifies shim; shim verifies nothing */
        return k->check == TB_CHECK_SB_SHIM && i < x->first_of_shim;
    case SHIM_STATE: return k->state == STATE_AS_LOGGED;
    case SBAT_LEVEL:
    case OTHER: break;
    }
    return true;
}

static bool extend_event(struct chain *c, size_t i, const struct candidate *k)
{
    const struct earlier_event *e = &c->x->event[i];

    if (i == c->x->first_of_shim && k->state == STATE_IN_FRONT_OF_SHIM && !extend_state(c))
        return false;
    if (stays(c->x, i, k) &&
        !extend_level(c, e, e->kind == SBAT_LEVEL ? k->level : LEVEL_AS_LOGGED))
        return false;
    return e->kind != SBAT_LEVEL || k->state != STATE_BEHIND_LEVEL || extend_state(c);
}

/* True: with this candidate's events PCR 7 has the quoted value in this bank. */
static bool fits_bank(const struct earlier *x, const struct candidate *k, enum tb_bank bank,
                      const uint8_t *quoted)
{
    const char *on = k->check == TB_CHECK_SB_OFF ? "\0" : "\1";
    struct chain c = { .x = x, .bank = bank };

    if (!extend_variable(&c, tb_guid_global_variable, "SecureBoot", tb_slice(on, 1)))
        return false;
    for (size_t i = 0; i < x->n; i++)
        if (!extend_event(&c, i, k))
            return false;
    if (x->first_of_shim == x->n && k->state == STATE_IN_FRONT_OF_SHIM && !extend_state(&c))
        return false;
    /* Without a level there is no place behind it, and this is the earlier boot itself. */
    return (k->check == TB_CHECK_SB_OFF || c.has_state) &&
           memcmp(c.value, quoted, tb_bank_digest_len(bank)) == 0;
}

/* In every quoted bank that the policy allows, of which there must be one. */
static bool fits(const struct earlier *x, const struct candidate *k, const struct tb_pcrs *quoted,
                 const struct tb_policy *policy)
{
    bool any = false;

    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        if (!(policy->banks >> b & 1) || quoted->mask[b] == 0)
            continue;
        if (!(quoted->mask[b] >> SB_PCR & 1) ||
            !fits_bank(x, k, (enum tb_bank)b, quoted->value[b][SB_PCR]))
            return false;
        any = true;
    }
    return any;
}

static void tell(const struct candidate *k, struct tb_boot_result *out)
{
    if (k->check == TB_CHECK_SB_OFF) {
        out->facts.secure_boot = TB_SECURE_BOOT_OFF;
        tb_findings_fail(&out->findings, k->check, "PCR 7", "SecureBoot 01",
                         "SecureBoot 00, computed: with it the log of an earlier boot leads to the "
                         "quoted value");
    } else {
        tb_findings_fail(&out->findings, k->check, "PCR 7", "no MokSBState, or 00",
                         "MokSBState 01, computed: with it the log of an earlier boot leads to "
                         "the quoted value");
    }
}

bool tb_appraise_no_log(struct tb_reader earlier, const struct tb_pcrs *quoted,
                        const struct tb_policy *policy, struct tb_hasher *h,
                        struct tb_boot_result *out)
{
    struct earlier x = { .h = h };

    if (earlier.left == 0 || !read_earlier(earlier, &x))
        return false;
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++)
        if (fits(&x, &candidates[i], quoted, policy)) {
            memset(out, 0, sizeof *out);
            tell(&candidates[i], out);
            return true;
        }
    return false;
}
