/* wire/log_diff.c - see log_diff.h.
 *
 * Two logs from elsewhere meet here, so time is bounded: everything is sorting and merging but the
 * alignment of what is left of a PCR, which has a limit of its own. */
#include "wire/log_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/describe.h"
#include "core/story.h"
#include "wire/log_change.h"
#include "wire/log_json.h"

#define NONE UINT32_MAX
#define GROUPS (TB_N_PCRS + 1) /* the last one: events that belong to no PCR */
#define LABEL_MAX 256          /* bytes of a label, NUL included; longer ones are cut */

enum kind { KIND_ALONE, KIND_SAME, KIND_CHANGED, KIND_MOVED };

struct entry {
    struct tb_event e;
    uint32_t group;
    uint32_t id;   /* equal for events that are the same */
    uint32_t mate; /* index in the other log, or NONE */
    uint32_t gap;  /* how many events of the group that stayed in place are before it */
    enum kind kind;
    char *label; /* what pairs it with a changed event; NULL: nothing */
};

struct side {
    struct tb_reader bytes;
    const struct tb_pcrs *quoted; /* NULL: nobody quoted */
    struct tb_pcr_states states;
    struct tb_replay replay;
    struct tb_log log;
    struct entry *entry;
    uint32_t n;
    char cmdline[TB_CMDLINE_MAX]; /* that the story proves */
    bool has_cmdline;
};

struct diff {
    struct side side[2]; /* before, after */
    enum tb_bank bank;
    bool brief;
    size_t n_told, n_lost;
    struct tb_hasher *h;
    bool aligned[GROUPS];
    struct ref *ref; /* room for every event of both */
    uint32_t *list[2];
};

/* An event under the key by which it is looked for. */
struct ref {
    uint32_t group, gap, type;
    struct tb_reader key;
    uint32_t side, index;
};

static int by_number(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b;
}

static int by_key(const struct ref *a, const struct ref *b)
{
    int order = by_number(a->group, b->group);

    order = order != 0 ? order : by_number(a->gap, b->gap);
    order = order != 0 ? order : by_number(a->type, b->type);
    if (order == 0 && a->key.left != b->key.left)
        order = a->key.left < b->key.left ? -1 : 1;
    return order != 0 || a->key.left == 0 ? order : memcmp(a->key.p, b->key.p, a->key.left);
}

static int by_key_and_place(const void *left, const void *right)
{
    const struct ref *a = left, *b = right;
    int order = by_key(a, b);

    order = order != 0 ? order : by_number(a->side, b->side);
    return order != 0 ? order : by_number(a->index, b->index);
}

/* What makes two events the same. An event without the bank's digest is compared in the strongest
 * one that it has; digests of different banks differ in length. */
static struct tb_reader key_of(const struct diff *d, const struct tb_event *e)
{
    if (e->type == TB_EV_NO_ACTION) /* it measures nothing, and its digests are zeros */
        return e->data;
    if ((e->banks >> d->bank & 1) != 0)
        return e->digest[d->bank];
    for (int b = TB_N_BANKS - 1; b >= 0; b--)
        if ((e->banks >> b & 1) != 0)
            return e->digest[b];
    return tb_slice(NULL, 0);
}

static void give_ids(struct diff *d)
{
    size_t n = 0;
    uint32_t id = 0;

    for (uint32_t s = 0; s < 2; s++)
        for (uint32_t i = 0; i < d->side[s].n; i++) {
            const struct entry *x = &d->side[s].entry[i];

            d->ref[n++] = (struct ref){
                .group = x->group, .type = x->e.type, .key = key_of(d, &x->e), .side = s, .index = i
            };
        }
    qsort(d->ref, n, sizeof *d->ref, by_key_and_place);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && by_key(&d->ref[i - 1], &d->ref[i]) != 0)
            id++;
        d->side[d->ref[i].side].entry[d->ref[i].index].id = id;
    }
}

static void join(struct diff *d, uint32_t a, uint32_t b, enum kind kind)
{
    struct entry *x = &d->side[0].entry[a], *y = &d->side[1].entry[b];

    x->mate = b;
    y->mate = a;
    x->kind = y->kind = kind;
}

/* ---- what stayed in place ---- */

/* The longest common subsequence of two lists of events, by a table of the steps to take. */
static bool align_middle(struct diff *d, const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
    enum { BOTH, LEFT, RIGHT };
    uint8_t *step = malloc(n * m);
    uint32_t *row = calloc(2 * (m + 1), sizeof *row);
    bool ok = step != NULL && row != NULL;

    for (size_t i = n; ok && i-- > 0;) {
        uint32_t *here = row + (i & 1) * (m + 1), *below = row + (~i & 1) * (m + 1);

        here[m] = 0;
        for (size_t j = m; j-- > 0;) {
            bool same = d->side[0].entry[a[i]].id == d->side[1].entry[b[j]].id;

            step[i * m + j] = same ? BOTH : below[j] >= here[j + 1] ? LEFT : RIGHT;
            here[j] = same ? below[j + 1] + 1 : below[j] >= here[j + 1] ? below[j] : here[j + 1];
        }
    }
    for (size_t i = 0, j = 0; ok && i < n && j < m;) {
        uint8_t s = step[i * m + j];

        if (s == BOTH)
            join(d, a[i], b[j], KIND_SAME);
        i += s != RIGHT;
        j += s != LEFT;
    }
    free(row);
    free(step);
    return ok;
}

static size_t list_group(const struct side *s, uint32_t group, uint32_t *out)
{
    size_t n = 0;

    for (uint32_t i = 0; i < s->n; i++)
        if (s->entry[i].group == group)
            out[n++] = i;
    return n;
}

static bool same_id(const struct diff *d, uint32_t a, uint32_t b)
{
    return d->side[0].entry[a].id == d->side[1].entry[b].id;
}

static bool align(struct diff *d, uint32_t group)
{
    const uint32_t *a = d->list[0], *b = d->list[1];
    size_t n = list_group(&d->side[0], group, d->list[0]);
    size_t m = list_group(&d->side[1], group, d->list[1]);

    for (; n > 0 && m > 0 && same_id(d, *a, *b); a++, b++, n--, m--)
        join(d, *a, *b, KIND_SAME);
    for (; n > 0 && m > 0 && same_id(d, a[n - 1], b[m - 1]); n--, m--)
        join(d, a[n - 1], b[m - 1], KIND_SAME);
    d->aligned[group] = n == 0 || m <= TB_LOG_DIFF_CELLS_MAX / n;
    return n == 0 || m == 0 || !d->aligned[group] || align_middle(d, a, n, b, m);
}

static void number_gaps(struct side *s)
{
    uint32_t gap[GROUPS] = { 0 };

    for (uint32_t i = 0; i < s->n; i++) {
        struct entry *x = &s->entry[i];

        x->gap = gap[x->group];
        gap[x->group] += x->kind == KIND_SAME;
    }
}

/* ---- what belongs together without being in place ---- */

struct label {
    char text[LABEL_MAX];
    bool variable;
};

/* A variable is known by name and GUID, everything else by its path or its text. */
static void add_to_label(void *ctx, const char *key, const char *value, bool verified)
{
    static const char *const keys[] = { "variable", "guid", "path", "text", "description" };
    struct label *l = ctx;
    size_t len = strlen(l->text);

    (void)verified;
    for (size_t i = l->variable ? 1 : 0; i < (l->variable ? 2 : sizeof keys / sizeof *keys); i++)
        if (strcmp(key, keys[i]) == 0)
            snprintf(l->text + len, sizeof l->text - len, "%s ", value);
    if (strcmp(key, "variable") == 0)
        l->variable = true;
}

/* Labels of the events that are still alone. */
static bool give_labels(struct diff *d)
{
    for (uint32_t s = 0; s < 2; s++)
        for (uint32_t i = 0; i < d->side[s].n; i++) {
            struct entry *x = &d->side[s].entry[i];
            struct label l = { 0 };

            if (x->mate != NONE)
                continue;
            tb_event_describe(&d->side[s].log, &x->e, x->e.banks, d->h, add_to_label, &l);
            if (l.text[0] != '\0' && (x->label = strdup(l.text)) == NULL)
                return false;
        }
    return true;
}

enum phase { BY_ID, BY_LABEL, BY_GAP };

/* Pair what is alone on both sides and has the same key, first with first. */
static void pair(struct diff *d, enum phase phase)
{
    size_t n = 0, next;

    for (uint32_t s = 0; s < 2; s++)
        for (uint32_t i = 0; i < d->side[s].n; i++) {
            const struct entry *x = &d->side[s].entry[i];
            struct ref r = { .group = x->group, .type = x->e.type, .side = s, .index = i };

            if (x->mate != NONE || (phase == BY_LABEL && x->label == NULL))
                continue;
            if (phase == BY_ID)
                r.key = tb_slice(&x->id, sizeof x->id);
            else if (phase == BY_LABEL)
                r.key = tb_slice(x->label, strlen(x->label));
            else
                r.gap = x->gap;
            d->ref[n++] = r;
        }
    qsort(d->ref, n, sizeof *d->ref, by_key_and_place);
    for (size_t i = 0; i < n; i = next) {
        size_t after = i;

        for (next = i; next < n && by_key(&d->ref[i], &d->ref[next]) == 0; next++)
            after += d->ref[next].side == 0;
        for (size_t a = i, b = after; a < after && b < next; a++, b++)
            join(d, d->ref[a].index, d->ref[b].index,
                 phase != BY_ID                ? KIND_CHANGED
                 : d->aligned[d->ref[a].group] ? KIND_MOVED
                                               : KIND_SAME);
    }
}

static bool compare(struct diff *d)
{
    give_ids(d);
    for (uint32_t g = 0; g < GROUPS; g++)
        if (!align(d, g))
            return false;
    number_gaps(&d->side[0]);
    number_gaps(&d->side[1]);
    pair(d, BY_ID);
    if (!give_labels(d))
        return false;
    pair(d, BY_LABEL);
    pair(d, BY_GAP);
    return true;
}

/* ---- as JSON ---- */

/* Banks that vouch for an event. */
static uint32_t banks_of(const struct side *s, const struct tb_event *e)
{
    return s->quoted == NULL ? e->banks : tb_pcr_vouching_banks(&s->states, e->pcr);
}

/* Set a member; a failure sticks in *bad, so that one check at the end is enough. */
static void set(json_t *object, const char *key, json_t *value, bool *bad)
{
    *bad = json_object_set_new(object, key, value) != 0 || *bad;
}

static json_t *brief_event(const struct diff *d, const struct tb_event *e)
{
    char number[16], hex[2 * TB_DIGEST_MAX + 1];
    const char *type = tb_event_type_name(e->type);

    snprintf(number, sizeof number, "0x%08x", (unsigned)e->type);
    tb_hex(e->type == TB_EV_NO_ACTION ? tb_slice(NULL, 0) : key_of(d, e), hex, sizeof hex);
    return json_pack("{sI ss ss}", "index", (json_int_t)e->index, "type",
                     type != NULL ? type : number, "digest", hex);
}

static json_t *event_or_null(struct diff *d, uint32_t s, uint32_t index)
{
    const struct side *side = &d->side[s];
    const struct tb_event *e;

    if (index == NONE)
        return json_null();
    e = &side->entry[index].e;
    return d->brief ? brief_event(d, e) : tb_log_event_json(&side->log, e, banks_of(side, e), d->h);
}

static struct tb_changed_event changed_event(const struct side *s, uint32_t index)
{
    const struct tb_event *e = index != NONE ? &s->entry[index].e : NULL;

    return (struct tb_changed_event){ .log = &s->log,
                                      .e = e,
                                      .banks = e ? banks_of(s, e) : 0,
                                      .cmdline = s->has_cmdline ? s->cmdline : NULL };
}

static void add_change(struct diff *d, json_t *changes, const char *kind, uint32_t a, uint32_t b,
                       bool *bad)
{
    const struct tb_log_change c = { .kind = kind,
                                     .bank = d->bank,
                                     .side = { changed_event(&d->side[0], a),
                                               changed_event(&d->side[1], b) } };
    json_t *change;

    if (d->brief && d->n_told == TB_LOG_DIFF_TOLD_MAX) {
        d->n_lost++;
        return;
    }
    d->n_told++;
    change = json_object();
    set(change, "kind", json_string(kind), bad);
    *bad = !tb_log_change_tell(&c, d->h, change) || *bad;
    set(change, "before", event_or_null(d, 0, a), bad);
    set(change, "after", event_or_null(d, 1, b), bad);
    *bad = json_array_append_new(changes, change) != 0 || *bad;
}

struct told {
    json_t *changes;
    uint32_t same;
    bool differ, bad;
};

/* New events of the group from *next up to, not including, `end`. */
static void add_new(struct diff *d, uint32_t group, uint32_t *next, uint32_t end, struct told *t)
{
    for (; *next < end; ++*next) {
        const struct entry *x = &d->side[1].entry[*next];

        if (x->group != group || x->mate != NONE)
            continue;
        add_change(d, t->changes, "new", NONE, *next, &t->bad);
        t->differ = true;
    }
}

/* What became of one event of the log before. */
static void add_event(struct diff *d, uint32_t a, struct told *t)
{
    static const char *const kinds[] = { [KIND_ALONE] = "gone",
                                         [KIND_SAME] = "data",
                                         [KIND_CHANGED] = "changed",
                                         [KIND_MOVED] = "moved" };
    const struct entry *x = &d->side[0].entry[a];

    if (x->kind == KIND_SAME) {
        t->same++;
        if (tb_slice_equal(x->e.data, d->side[1].entry[x->mate].e.data))
            return;
    } else {
        t->differ = true;
    }
    add_change(d, t->changes, kinds[x->kind], a, x->mate, &t->bad);
}

/* The replayed value of a PCR, or null: no event measures into it, or one lacks the digest. */
static json_t *value_json(const struct diff *d, uint32_t s, uint32_t pcr)
{
    const struct tb_replay *r = &d->side[s].replay;
    char hex[2 * TB_DIGEST_MAX + 1];

    if (pcr >= TB_N_PCRS || (r->pcrs.mask[d->bank] & ~r->incomplete[d->bank] & 1u << pcr) == 0)
        return json_null();
    tb_hex(tb_slice(r->pcrs.value[d->bank][pcr], tb_bank_digest_len(d->bank)), hex, sizeof hex);
    return json_string(hex);
}

/* Both logs lead to what was quoted of this PCR, where somebody quoted. */
static bool is_vouched(const struct diff *d, uint32_t pcr)
{
    for (int s = 0; s < 2; s++)
        if (d->side[s].quoted != NULL &&
            (pcr >= TB_N_PCRS || tb_pcr_vouching_banks(&d->side[s].states, pcr) == 0))
            return false;
    return true;
}

/* One PCR; *empty: neither log has an event for it, and there is no object. */
static json_t *pcr_json(struct diff *d, uint32_t group, bool *empty)
{
    json_t *pcr = json_object();
    struct told t = { .changes = json_array() };
    uint32_t next = 0;

    for (uint32_t i = 0; i < d->side[0].n; i++) {
        const struct entry *x = &d->side[0].entry[i];

        if (x->group != group)
            continue;
        if (x->kind == KIND_SAME)
            add_new(d, group, &next, x->mate, &t);
        add_event(d, i, &t);
    }
    add_new(d, group, &next, d->side[1].n, &t);
    *empty = !t.bad && t.same == 0 && json_array_size(t.changes) == 0;
    set(pcr, "pcr", group < TB_N_PCRS ? json_integer(group) : json_null(), &t.bad);
    set(pcr, "before", value_json(d, 0, group), &t.bad);
    set(pcr, "after", value_json(d, 1, group), &t.bad);
    /* Where order was not compared the values tell; without them nothing does. */
    if (!json_equal(json_object_get(pcr, "before"), json_object_get(pcr, "after")) ||
        (!d->aligned[group] && json_is_null(json_object_get(pcr, "before"))))
        t.differ = true;
    set(pcr, "equal", json_boolean(!t.differ), &t.bad);
    set(pcr, "vouched", json_boolean(is_vouched(d, group)), &t.bad);
    set(pcr, "aligned", json_boolean(d->aligned[group]), &t.bad);
    set(pcr, "same", json_integer(t.same), &t.bad);
    set(pcr, "changes", t.changes, &t.bad);
    if (!t.bad && !*empty)
        return pcr;
    json_decref(pcr);
    return NULL;
}

/* What a PCR tells of a boot, the most telling first: keys, programs, firmware, then the system's
 * own, then settings. */
static int rank_of(const json_t *pcr)
{
    static const char order[] = { 7, 4, 0, 2, 11, 12, 13, 14, 8, 9, 1, 3, 6, 5 };
    json_int_t n = json_integer_value(json_object_get(pcr, "pcr"));
    const char *at = json_is_integer(json_object_get(pcr, "pcr")) && n < TB_N_PCRS
                         ? memchr(order, (int)n, sizeof order)
                         : NULL;

    return at != NULL ? (int)(at - order) : (int)sizeof order;
}

static void add_top(json_t *top, const json_t *pcr, bool *bad)
{
    const json_t *change;
    size_t i;

    json_array_foreach(json_object_get(pcr, "changes"), i, change)
    {
        if (json_array_size(top) == TB_LOG_DIFF_TOP_MAX)
            return;
        if (strcmp(json_string_value(json_object_get(change, "kind")), "data") == 0)
            continue;
        *bad = json_array_append_new(top,
                                     json_pack("{sO sO sO}", "pcr", json_object_get(pcr, "pcr"),
                                               "text", json_object_get(change, "text"), "verified",
                                               json_object_get(change, "verified"))) != 0 ||
               *bad;
    }
}

static json_t *top_json(const json_t *pcrs, bool *bad)
{
    json_t *top = json_array();
    const json_t *pcr;
    size_t i;

    for (int rank = 0; rank <= 14; rank++)
        json_array_foreach(pcrs, i, pcr)
        {
            if (rank_of(pcr) == rank)
                add_top(top, pcr, bad);
        }
    return top;
}

static json_t *diff_json(struct diff *d)
{
    json_t *all = json_object(), *pcrs = json_array();
    bool bad = pcrs == NULL, equal = true;

    for (uint32_t g = 0; !bad && g < GROUPS; g++) {
        bool empty = false;
        json_t *pcr = pcr_json(d, g, &empty);

        if (empty)
            continue;
        equal = equal && json_is_true(json_object_get(pcr, "equal"));
        bad = json_array_append_new(pcrs, pcr) != 0;
    }
    set(all, "bank", json_string(tb_bank_name(d->bank)), &bad);
    set(all, "equal", json_boolean(equal), &bad);
    set(all, "before", json_pack("{sI}", "events", (json_int_t)d->side[0].n), &bad);
    set(all, "after", json_pack("{sI}", "events", (json_int_t)d->side[1].n), &bad);
    if (!bad)
        set(all, "top", top_json(pcrs, &bad), &bad);
    set(all, "changes_lost", json_integer((json_int_t)d->n_lost), &bad);
    set(all, "pcrs", pcrs, &bad);
    if (!bad)
        return all;
    json_decref(all);
    return NULL;
}

/* ---- reading ---- */

static bool read_events(struct side *s, struct tb_reason *why)
{
    struct tb_event e;
    enum tb_log_step step = TB_LOG_END;

    s->entry = calloc((size_t)s->replay.n_events + 1, sizeof *s->entry);
    if (s->entry == NULL)
        return false;
    if (!tb_log_open(s->bytes, &s->log, why))
        return false;
    while (s->n < s->replay.n_events && (step = tb_log_next(&s->log, &e, why)) == TB_LOG_EVENT)
        s->entry[s->n++] =
            (struct entry){ .e = e, .group = e.pcr < TB_N_PCRS ? e.pcr : TB_N_PCRS, .mate = NONE };
    return step != TB_LOG_BAD;
}

/* Banks in which something was quoted; all where nobody quoted. */
static uint32_t quoted_banks(const struct side *s)
{
    uint32_t banks = 0;

    for (int b = 0; b < TB_N_BANKS; b++)
        if (s->quoted == NULL || s->quoted->mask[b] != 0)
            banks |= 1u << b;
    return banks;
}

static bool choose_bank(struct diff *d, struct tb_reason *why)
{
    uint32_t both = d->side[0].replay.banks & d->side[1].replay.banks;
    uint32_t quoted = both & quoted_banks(&d->side[0]) & quoted_banks(&d->side[1]);

    if (quoted != 0)
        both = quoted;
    for (int b = TB_N_BANKS - 1; b >= 0; b--)
        if ((both >> b & 1) != 0) {
            d->bank = (enum tb_bank)b;
            return true;
        }
    return tb_refuse(why, TB_CHECK_LOG_HEADER, "banks", "one that both logs have", "none");
}

/* The one command line that this boot proves, if it does. */
static bool read_cmdline(struct diff *d, struct side *s)
{
    struct tb_story *story = calloc(1, sizeof *story);
    bool ok = story != NULL &&
              tb_story_read(s->bytes, d->bank, s->quoted != NULL ? &s->states : NULL, d->h, story);

    s->has_cmdline = ok && story->cmdline.state == TB_CMDLINE_PROVED && !story->cmdline.cut;
    if (s->has_cmdline)
        memcpy(s->cmdline, story->cmdline.text, sizeof s->cmdline);
    free(story);
    return ok;
}

static bool read_both(struct diff *d, bool *in_after, struct tb_reason *why)
{
    size_t n;

    for (int s = 0; s < 2; s++) {
        *in_after = s == 1;
        if (!tb_log_replay(d->side[s].bytes, (1u << TB_N_BANKS) - 1, d->h, &d->side[s].replay,
                           why) ||
            (d->side[s].quoted != NULL &&
             !tb_log_compare(&d->side[s].replay, d->side[s].quoted, d->h, &d->side[s].states)) ||
            !read_events(&d->side[s], why))
            return false;
    }
    if (!choose_bank(d, why) || !read_cmdline(d, &d->side[0]) || !read_cmdline(d, &d->side[1]))
        return false;
    n = (size_t)d->side[0].n + d->side[1].n + 1;
    d->ref = calloc(n, sizeof *d->ref);
    d->list[0] = calloc(n, sizeof *d->list[0]);
    d->list[1] = calloc(n, sizeof *d->list[1]);
    return d->ref != NULL && d->list[0] != NULL && d->list[1] != NULL;
}

static void diff_free(struct diff *d)
{
    for (int s = 0; s < 2; s++) {
        for (uint32_t i = 0; i < d->side[s].n; i++)
            free(d->side[s].entry[i].label);
        free(d->side[s].entry);
        free(d->list[s]);
    }
    free(d->ref);
    free(d);
}

json_t *tb_log_diff_json(const struct tb_log_diff *in, struct tb_hasher *h, bool *in_after,
                         struct tb_reason *why)
{
    struct diff *d = calloc(1, sizeof *d);
    json_t *answer = NULL;

    *in_after = false;
    *why = (struct tb_reason){ .check = TB_CHECK_LOG_FORMAT };
    if (d == NULL)
        return NULL;
    d->h = h;
    d->brief = in->brief;
    for (int s = 0; s < 2; s++) {
        d->side[s].bytes = in->log[s];
        d->side[s].quoted = in->quoted[s];
    }
    if (read_both(d, in_after, why) && compare(d))
        answer = diff_json(d);
    diff_free(d);
    return answer;
}
