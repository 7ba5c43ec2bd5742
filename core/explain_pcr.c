/* core/explain_pcr.c - one PCR of one bank: which one change makes the log lead to its value?
 *
 * Each change is computed whole, from the value in front of it to the last event. The cheap ones
 * come first; each PCR has a share of extends, each kind of change a part of it, and what does not
 * fit in is not tried and told (`cut`). Later changes cost the least, so runs are tried from the
 * end. */
#include "core/explain_internal.h"

#include <string.h>

#define STARTUP_LOCALITY "StartupLocality" /* PFP 1.06, 10.4.5.3; with its NUL */
#define PART 3                             /* of what is left, one kind of change may use */
#define BLOCK_LEN 64                       /* bytes of data that cost as much as an extend */

struct varied {
    uint32_t index;
    const uint8_t *digest; /* of the bank at hand */
    struct tb_reader data;
};

struct trying {
    struct tb_explaining *x;
    enum tb_bank bank;
    uint32_t pcr;
    size_t len; /* of a digest */
    const uint8_t *quoted, *replayed;
    uint32_t left;   /* extends */
    uint32_t before; /* events of the PCR in front of event[0] */
    uint32_t n;
    struct varied event[TB_EXPLAIN_EVENTS_MAX];
    uint8_t prefix[TB_EXPLAIN_EVENTS_MAX + 1][TB_DIGEST_MAX]; /* value in front of event[i] */
    uint8_t known[TB_N_KNOWN_VALUES][TB_DIGEST_MAX];
};

/* What the known values are the digests of; zeros and ones are digests themselves. pcrs: where they
 * are measured. systemd extends PCR 11 with a word for each phase of the boot (systemd-pcrphase).
 */
static const struct {
    const char *data;
    size_t len;
    uint32_t pcrs;
} known[TB_N_KNOWN_VALUES] = {
#define TEXT(s, pcrs)                                                                              \
    {                                                                                              \
        s, sizeof(s) - 1, pcrs                                                                     \
    }
    [TB_VALUE_ZEROS] = { NULL, 0, TB_PCR_MASK },
    [TB_VALUE_ONES] = { NULL, 0, TB_PCR_MASK },
    [TB_VALUE_SEPARATOR] = TEXT("\0\0\0\0", TB_PCR_MASK),
    [TB_VALUE_SEPARATOR_ONES] = TEXT("\xff\xff\xff\xff", TB_PCR_MASK),
    [TB_VALUE_SEPARATOR_ERROR] = TEXT("\1\0\0\0", TB_PCR_MASK),
    [TB_VALUE_CALLING] = TEXT("Calling EFI Application from Boot Option", 1u << 4),
    [TB_VALUE_RETURNING] = TEXT("Returning from EFI Application from Boot Option", 1u << 4),
    [TB_VALUE_EXIT_INVOCATION] = TEXT("Exit Boot Services Invocation", 1u << 5),
    [TB_VALUE_EXIT_SUCCESS] = TEXT("Exit Boot Services Returned with Success", 1u << 5),
    [TB_VALUE_EXIT_FAILURE] = TEXT("Exit Boot Services Returned with Failure", 1u << 5),
    [TB_VALUE_ENTER_INITRD] = TEXT("enter-initrd", 1u << 11),
    [TB_VALUE_LEAVE_INITRD] = TEXT("leave-initrd", 1u << 11),
    [TB_VALUE_SYSINIT] = TEXT("sysinit", 1u << 11),
    [TB_VALUE_READY] = TEXT("ready", 1u << 11),
    [TB_VALUE_SHUTDOWN] = TEXT("shutdown", 1u << 11),
    [TB_VALUE_FINAL] = TEXT("final", 1u << 11),
#undef TEXT
};

static bool spend(struct trying *t, uint32_t extends)
{
    if (t->left < extends) {
        t->left = 0;
        t->x->out->cut = true;
        return false;
    }
    t->left -= extends;
    return true;
}

static bool extend(struct trying *t, uint8_t *value, const uint8_t *digest)
{
    return spend(t, 1) && tb_pcr_extend(t->x->h, t->bank, value, tb_slice(digest, t->len));
}

static bool is_quoted(const struct trying *t, const uint8_t *value)
{
    return memcmp(value, t->quoted, t->len) == 0;
}

/* From this value on, events from to the last lead to what was quoted. */
static bool leads(struct trying *t, uint8_t *value, uint32_t from)
{
    for (uint32_t i = from; i < t->n; i++)
        if (!extend(t, value, t->event[i].digest))
            return false;
    return is_quoted(t, value);
}

/* The value in front of event i, and then this digest. */
static bool from_prefix(struct trying *t, uint32_t i, const uint8_t *digest,
                        uint8_t value[TB_DIGEST_MAX])
{
    memcpy(value, t->prefix[i], t->len);
    return extend(t, value, digest);
}

/* --- The events that are varied --- */

static void add_varied(struct trying *t, const struct tb_event *e, uint8_t *value)
{
    memcpy(t->prefix[t->n], value, t->len);
    t->event[t->n++] =
        (struct varied){ .index = e->index, .digest = e->digest[t->bank].p, .data = e->data };
}

/* False: too many events in front of those that could be varied; none is. */
static bool read_events(struct trying *t)
{
    const uint32_t all = t->x->replay->n_measured[t->pcr];
    uint8_t value[TB_DIGEST_MAX];
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;
    uint32_t seen = 0;

    t->before = all > TB_EXPLAIN_EVENTS_MAX ? all - TB_EXPLAIN_EVENTS_MAX : 0;
    if (t->before != 0)
        t->x->out->cut = true;
    tb_explain_start(t->bank, t->pcr, t->x->replay->startup_locality, value);
    if (!tb_log_open(t->x->log, &log, &why))
        return false;
    while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT) {
        if (!tb_explain_extends(&e, t->bank, t->pcr))
            continue;
        if (seen++ >= t->before && t->n < TB_EXPLAIN_EVENTS_MAX)
            add_varied(t, &e, value);
        if (!extend(t, value, e.digest[t->bank].p))
            return false;
    }
    memcpy(t->prefix[t->n], value, t->len);
    return true;
}

static bool hash_known(struct trying *t)
{
    memset(t->known[TB_VALUE_ZEROS], 0, t->len);
    memset(t->known[TB_VALUE_ONES], 0xff, t->len);
    for (unsigned v = TB_VALUE_ONES + 1; v < TB_N_KNOWN_VALUES; v++)
        if (!tb_hash(t->x->h, t->bank, tb_slice(known[v].data, known[v].len), t->known[v]))
            return false;
    return true;
}

/* --- What is tried. Each returns true when it fits, with what is to be said of it in *e. --- */

static bool says_locality(struct trying *t)
{
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;

    if (t->x->replay->startup_locality != 0)
        return true; /* an H-CRTM event says 4, too */
    if (!tb_log_open(t->x->log, &log, &why))
        return false;
    while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT)
        if (e.type == TB_EV_NO_ACTION && e.data.left >= sizeof STARTUP_LOCALITY &&
            memcmp(e.data.p, STARTUP_LOCALITY, sizeof STARTUP_LOCALITY) == 0)
            return true;
    return false;
}

/* L-14 to L-16: PFP 1.06, 10.4.5.3. */
static bool try_locality(struct trying *t, struct tb_explanation *e)
{
    static const uint8_t localities[] = { 0, 3, 4 };

    for (size_t i = 0; t->pcr == 0 && t->before == 0 && i < sizeof localities; i++) {
        uint8_t value[TB_DIGEST_MAX];

        if (localities[i] == t->x->replay->startup_locality)
            continue;
        tb_explain_start(t->bank, 0, localities[i], value);
        if (!leads(t, value, 0))
            continue;
        e->kind = says_locality(t) ? TB_EXPLAIN_LOCALITY_OTHER : TB_EXPLAIN_LOCALITY_MISSING;
        e->other = localities[i];
        return true;
    }
    return false;
}

static bool ends_with(struct trying *t, const uint8_t *values, uint8_t n, struct tb_explanation *e)
{
    uint8_t value[TB_DIGEST_MAX];

    memcpy(value, t->replayed, t->len);
    for (uint8_t i = 0; i < n; i++)
        if (!extend(t, value, t->known[values[i]]))
            return false;
    if (!is_quoted(t, value))
        return false;
    e->n_values = n;
    memcpy(e->value, values, n);
    return true;
}

/* L-60: the endings that firmware has, and one where the first attempt failed. */
static bool try_exit(struct trying *t, struct tb_explanation *e)
{
    enum { I = TB_VALUE_EXIT_INVOCATION, S = TB_VALUE_EXIT_SUCCESS, F = TB_VALUE_EXIT_FAILURE };
    static const struct {
        uint8_t n, value[4];
    } endings[] = {
        { 2, { I, S } },       { 1, { I } }, { 2, { I, F } },
        { 4, { I, F, I, S } }, { 1, { S } }, { 1, { F } },
    };

    e->kind = TB_EXPLAIN_EXIT_BOOT_SERVICES;
    for (size_t i = 0; t->pcr == 5 && i < sizeof endings / sizeof endings[0]; i++)
        if (ends_with(t, endings[i].value, endings[i].n, e))
            return true;
    return false;
}

/* Any of systemd's phases, in their order. */
static bool try_phases(struct trying *t, struct tb_explanation *e)
{
    enum { PHASES = TB_VALUE_FINAL - TB_VALUE_ENTER_INITRD + 1 };

    for (unsigned set = 1; t->pcr == 11 && set < 1u << PHASES; set++) {
        uint8_t values[PHASES], n = 0;

        for (unsigned i = 0; i < PHASES; i++)
            if ((set >> i & 1) != 0)
                values[n++] = (uint8_t)(TB_VALUE_ENTER_INITRD + i);
        if (ends_with(t, values, n, e))
            return true;
    }
    return false;
}

static bool is_known_of(const struct trying *t, unsigned value)
{
    return (known[value].pcrs >> t->pcr & 1) != 0;
}

static void values_are(struct tb_explanation *e, uint8_t first, uint8_t last, uint8_t n)
{
    e->n_values = n;
    memset(e->value, first, n);
    e->value[n - 1] = last;
}

/* The known value a, once to several times, or a and then another. */
static bool extended_with(struct trying *t, uint8_t a, struct tb_explanation *e)
{
    uint8_t value[TB_DIGEST_MAX], next[TB_DIGEST_MAX];

    memcpy(value, t->replayed, t->len);
    for (uint8_t n = 1; n <= TB_EXPLAIN_VALUES_MAX; n++) {
        if (!extend(t, value, t->known[a]))
            return false;
        values_are(e, a, a, n);
        if (is_quoted(t, value))
            return true;
        for (uint8_t b = 0; n == 1 && b < TB_N_KNOWN_VALUES; b++) {
            memcpy(next, value, t->len);
            values_are(e, a, b, 2);
            if (b != a && is_known_of(t, b) && extend(t, next, t->known[b]) && is_quoted(t, next))
                return true;
        }
    }
    return false;
}

/* L-10, L-12. */
static bool try_extended(struct trying *t, struct tb_explanation *e)
{
    e->kind = TB_EXPLAIN_EXTENDED_LATER;
    for (uint8_t a = 0; a < TB_N_KNOWN_VALUES; a++)
        if (is_known_of(t, a) && extended_with(t, a, e))
            return true;
    memset(e->value, 0, sizeof e->value);
    return try_phases(t, e);
}

static bool try_other_bank(struct trying *t, struct tb_explanation *e)
{
    const struct tb_replay *r = t->x->replay;

    e->kind = TB_EXPLAIN_OTHER_BANK;
    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        uint8_t value[TB_DIGEST_MAX] = { 0 };

        if (b == t->bank || (r->pcrs.mask[b] >> t->pcr & 1) == 0)
            continue;
        memcpy(value, r->pcrs.value[b][t->pcr], tb_bank_digest_len((enum tb_bank)b));
        e->other = (uint8_t)b;
        if (is_quoted(t, value))
            return true;
    }
    return false;
}

/* All events of the PCR, with their digests of another bank. */
static bool leads_padded(struct trying *t, enum tb_bank other)
{
    uint8_t value[TB_DIGEST_MAX];
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;

    tb_explain_start(t->bank, t->pcr, t->x->replay->startup_locality, value);
    if (!tb_log_open(t->x->log, &log, &why))
        return false;
    while (tb_log_next(&log, &e, &why) == TB_LOG_EVENT) {
        uint8_t digest[TB_DIGEST_MAX] = { 0 };

        if (!tb_explain_extends(&e, t->bank, t->pcr))
            continue;
        if ((e.banks >> other & 1) == 0)
            return false;
        memcpy(digest, e.digest[other].p, e.digest[other].left);
        if (!extend(t, value, digest))
            return false;
    }
    return is_quoted(t, value);
}

/* As kernels and firmware do that compute one digest only. */
static bool try_padded(struct trying *t, struct tb_explanation *e)
{
    e->kind = TB_EXPLAIN_PADDED_DIGESTS;
    for (unsigned b = 0; t->n != 0 && b < TB_N_BANKS; b++) {
        e->other = (uint8_t)b;
        if (b != t->bank && (t->x->replay->banks >> b & 1) != 0 && leads_padded(t, (enum tb_bank)b))
            return true;
    }
    return false;
}

static void run_of_events(const struct trying *t, uint32_t first, uint32_t n,
                          struct tb_explanation *e)
{
    e->event = t->event[first].index;
    e->second = n > 1 ? t->event[first + n - 1].index : TB_NO_EVENT;
    e->count = n;
}

/* The value is one that the log goes through. */
static bool try_prefix(struct trying *t, struct tb_explanation *e)
{
    e->kind = TB_EXPLAIN_LOG_GOES_ON;
    for (uint32_t i = t->n; i-- > 0;)
        if (is_quoted(t, t->prefix[i])) {
            run_of_events(t, i, t->n - i, e);
            return true;
        }
    return false;
}

/* L-05: without n events in a row that are not the last. */
static bool without_run(struct trying *t, uint32_t n, struct tb_explanation *e)
{
    e->kind = TB_EXPLAIN_SURPLUS;
    for (uint32_t i = t->n > n ? t->n - n : 0; i-- > 0 && t->left != 0;) {
        uint8_t value[TB_DIGEST_MAX];

        memcpy(value, t->prefix[i], t->len);
        if (leads(t, value, i + n)) {
            run_of_events(t, i, n, e);
            return true;
        }
    }
    return false;
}

static bool try_surplus(struct trying *t, struct tb_explanation *e)
{
    return without_run(t, 1, e);
}

static bool try_surplus_run(struct trying *t, struct tb_explanation *e)
{
    for (uint32_t n = 2; n < t->n && t->left != 0; n++)
        if (without_run(t, n, e))
            return true;
    return false;
}

static bool try_other_pcr(struct trying *t, struct tb_explanation *e)
{
    const struct tb_replay *r = t->x->replay;

    e->kind = TB_EXPLAIN_OTHER_PCR;
    for (uint32_t pcr = 0; pcr < TB_N_PCRS; pcr++) {
        e->other = (uint8_t)pcr;
        if (pcr != t->pcr && (r->pcrs.mask[t->bank] >> pcr & 1) != 0 &&
            is_quoted(t, r->pcrs.value[t->bank][pcr]))
            return true;
    }
    return false;
}

static bool hash_data(struct trying *t, struct tb_reader data, uint8_t out[TB_DIGEST_MAX])
{
    return data.left <= BLOCK_LEN * TB_EXPLAIN_EXTENDS_MAX &&
           spend(t, 1 + (uint32_t)(data.left / BLOCK_LEN)) && tb_hash(t->x->h, t->bank, data, out);
}

/* L-05: one digest was edited and its data were not; all of it, or all but a final NUL. */
static bool try_digest(struct trying *t, struct tb_explanation *e)
{
    e->kind = TB_EXPLAIN_DIGEST_EDITED;
    for (uint32_t i = t->n; i-- > 0 && t->left != 0;)
        for (size_t cut = 0; cut < 2 && cut <= t->event[i].data.left; cut++) {
            uint8_t digest[TB_DIGEST_MAX], value[TB_DIGEST_MAX];
            struct tb_reader data = t->event[i].data;

            data.left -= cut;
            if (!hash_data(t, data, digest) || memcmp(digest, t->event[i].digest, t->len) == 0)
                break; /* true as it is */
            if (from_prefix(t, i, digest, value) && leads(t, value, i + 1)) {
                run_of_events(t, i, 1, e);
                return true;
            }
        }
    return false;
}

/* One digest more, in front of event i. */
static bool with_digest(struct trying *t, uint32_t i, const uint8_t *digest)
{
    uint8_t value[TB_DIGEST_MAX];

    return from_prefix(t, i, digest, value) && leads(t, value, i);
}

/* With this event of the log, which is not this PCR's or not measured, at its place. */
static bool with_foreign(struct trying *t, const struct tb_event *f, uint32_t place)
{
    static const uint8_t zeros[TB_DIGEST_MAX];
    uint8_t digest[TB_DIGEST_MAX];

    if ((f->banks >> t->bank & 1) != 0 && memcmp(f->digest[t->bank].p, zeros, t->len) != 0 &&
        with_digest(t, place, f->digest[t->bank].p))
        return true;
    return f->type == TB_EV_NO_ACTION && hash_data(t, f->data, digest) &&
           with_digest(t, place, digest);
}

/* Where the log gives an event to a PCR that it then leads to, the event is there. */
static bool is_at_home(const struct trying *t, const struct tb_event *f)
{
    return f->type == TB_EV_NO_ACTION || t->x->states->state[t->bank][f->pcr] == TB_PCR_MATCH;
}

/* An event whose PCR or type was edited. Its place among the others is still in the log. */
static bool try_foreign(struct trying *t, struct tb_explanation *e)
{
    struct tb_reason why;
    struct tb_event f;
    struct tb_log log;
    uint32_t seen = 0;

    if (!tb_log_open(t->x->log, &log, &why))
        return false;
    while (t->left != 0 && tb_log_next(&log, &f, &why) == TB_LOG_EVENT) {
        bool hidden = f.type == TB_EV_NO_ACTION && f.pcr == t->pcr;

        if (tb_explain_extends(&f, t->bank, t->pcr)) {
            seen++;
            continue;
        }
        if (seen < t->before || (is_at_home(t, &f) && !hidden) ||
            !with_foreign(t, &f, seen - t->before))
            continue;
        e->kind = hidden ? TB_EXPLAIN_NOT_MEASURED : TB_EXPLAIN_MOVED;
        e->event = f.index;
        e->count = 1;
        e->other = hidden ? TB_NO_OTHER : (uint8_t)f.pcr;
        return true;
    }
    return false;
}

static bool try_again(struct trying *t, struct tb_explanation *e)
{
    e->kind = TB_EXPLAIN_MEASURED_AGAIN;
    for (uint32_t i = t->n; i-- > 0 && t->left != 0;)
        if (with_digest(t, i + 1, t->event[i].digest)) {
            run_of_events(t, i, 1, e);
            return true;
        }
    return false;
}

/* One more of the known values; at the end it is "extended later". */
static bool try_missing(struct trying *t, struct tb_explanation *e)
{
    e->kind = TB_EXPLAIN_KNOWN_MISSING;
    for (uint32_t i = t->n; i-- > 0 && t->left != 0;)
        for (uint8_t v = 0; v < TB_N_KNOWN_VALUES; v++)
            if (is_known_of(t, v) && with_digest(t, i, t->known[v])) {
                run_of_events(t, i, 1, e);
                e->value[0] = v;
                e->n_values = 1;
                return true;
            }
    return false;
}

static bool fits_swapped(struct trying *t, uint32_t i, uint32_t j)
{
    uint8_t value[TB_DIGEST_MAX];

    if (!from_prefix(t, i, t->event[j].digest, value))
        return false;
    for (uint32_t k = i + 1; k < j; k++)
        if (!extend(t, value, t->event[k].digest))
            return false;
    return extend(t, value, t->event[i].digest) && leads(t, value, j + 1);
}

/* L-05: neighbours first. */
static bool try_swapped(struct trying *t, struct tb_explanation *e)
{
    e->kind = TB_EXPLAIN_SWAPPED;
    for (uint32_t distance = 1; distance < t->n; distance++)
        for (uint32_t i = t->n - distance; i-- > 0 && t->left != 0;)
            if (fits_swapped(t, i, i + distance)) {
                e->event = t->event[i].index;
                e->second = t->event[i + distance].index;
                e->count = 2;
                return true;
            }
    return false;
}

bool tb_explain_pcr(struct tb_explaining *x, enum tb_bank bank, uint32_t pcr,
                    struct tb_explanation *out)
{
    static bool (*const tries[])(struct trying *, struct tb_explanation *) = {
        try_locality, try_exit,    try_extended, try_other_bank,  try_prefix,
        try_padded,   try_surplus, try_digest,   try_other_pcr,   try_missing,
        try_foreign,  try_again,   try_swapped,  try_surplus_run,
    };
    struct trying t = { .n = 0 };

    t.x = x;
    t.bank = bank;
    t.pcr = pcr;
    t.len = tb_bank_digest_len(bank);
    t.quoted = x->quoted->value[bank][pcr];
    t.replayed = x->replay->pcrs.value[bank][pcr];
    t.left = x->share;
    if (!hash_known(&t))
        return false;
    if (!read_events(&t)) {
        t.n = 0; /* what needs no single events can still be tried */
        t.before = UINT32_MAX;
    }
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        struct tb_explanation e = tb_explanation_of(TB_EXPLAIN_NONE, bank, pcr);
        const uint32_t kept = t.left - t.left / PART; /* none leaves nothing for the others */
        bool fits;

        t.left /= PART;
        fits = tries[i](&t, &e);
        t.left += kept;
        if (fits) {
            *out = e;
            return true;
        }
    }
    return false;
}
