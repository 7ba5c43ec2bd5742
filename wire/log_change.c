/* wire/log_change.c - see log_change.h. A table of what events are called, and three things that
 * are compared more closely: lists of keys, command lines, values. */
#include "wire/log_change.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/describe.h"
#include "core/uefi.h"
#include "crypto/cert.h"

#define CHANGE_LINES_MAX 64 /* lines of an event that are looked at */
#define SENTENCE_MAX 512
#define VALUE_MAX 160   /* bytes of a value in a sentence; longer ones are cut */
#define OPTIONS_MAX 512 /* words of a command line that are compared */
#define ENTRIES_MAX 65536

struct line {
    char *key, *value;
    bool verified;
};

struct lines {
    struct line line[CHANGE_LINES_MAX];
    size_t n;
    bool bad;
};

/* What is at hand while one change is told. */
struct telling {
    const struct tb_log_change *c;
    struct tb_hasher *h;
    struct lines side[2];
    bool verified;
    char sentence[SENTENCE_MAX];
    json_t *details;
    size_t n_details, n_more;
    bool bad;
};

/* ---- an event's lines ---- */

static void take_line(void *ctx, const char *key, const char *value, bool verified)
{
    static const char *const frame[] = { "event", "pcr", "type", "size", "owner" };
    struct lines *l = ctx;
    struct line *x = &l->line[l->n];
    enum tb_bank bank;

    for (size_t i = 0; i < sizeof frame / sizeof *frame; i++)
        if (strcmp(key, frame[i]) == 0)
            return;
    if (l->n == CHANGE_LINES_MAX || l->bad || tb_bank_of_name(key, &bank))
        return;
    *x = (struct line){ strdup(key), strdup(value), verified };
    l->n++;
    l->bad = x->key == NULL || x->value == NULL;
}

static void lines_clear(struct lines *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->line[i].key);
        free(l->line[i].value);
    }
}

static const struct line *find_line(const struct lines *l, const char *key)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->line[i].key, key) == 0)
            return &l->line[i];
    return NULL;
}

/* The side that names the event: the later one if it has it. */
static int naming_side(const struct telling *t)
{
    return t->c->side[1].e != NULL;
}

/* The value of a line for the sentence; the sentence is as true as it. "": there is no such line.
 */
static const char *named(struct telling *t, int side, const char *key)
{
    const struct line *l = find_line(&t->side[side], key);

    if (l == NULL)
        return "";
    t->verified = t->verified && l->verified;
    return l->value;
}

/* ---- the sentence and its details ---- */

__attribute__((format(printf, 2, 3))) static void say(struct telling *t, const char *format, ...)
{
    size_t n = strlen(t->sentence);
    va_list args;

    va_start(args, format);
    vsnprintf(t->sentence + n, sizeof t->sentence - n, format, args);
    va_end(args);
}

__attribute__((format(printf, 3, 4))) static void add_detail(struct telling *t, bool verified,
                                                             const char *format, ...)
{
    char text[SENTENCE_MAX];
    va_list args;

    if (t->n_details == TB_CHANGE_DETAILS_MAX - 1) {
        t->n_more++;
        return;
    }
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    t->n_details++;
    t->bad = json_array_append_new(
                 t->details, json_pack("{ss sb}", "text", text, "verified", (int)verified)) != 0 ||
             t->bad;
}

/* ---- lists of keys ---- */

struct key {
    uint8_t digest[TB_DIGEST_MAX]; /* over type and data: the same key under any owner */
    struct tb_signature_entry e;
};

static int by_digest(const void *a, const void *b)
{
    return memcmp(((const struct key *)a)->digest, ((const struct key *)b)->digest, 32);
}

/* Sorted; NULL: out of memory, or *malformed. */
static struct key *read_keys(struct tb_reader data, struct tb_hasher *h, size_t *n, bool *malformed)
{
    size_t room = data.left / 17 + 1; /* owner, and at least one byte */
    struct key *keys = calloc(room < ENTRIES_MAX ? room : ENTRIES_MAX, sizeof *keys);
    struct tb_signature_lists it = tb_signature_lists_begin(data);
    enum tb_list_step step;

    *n = 0;
    *malformed = false;
    while (keys != NULL && (step = tb_signature_lists_next(&it, &keys[*n].e)) != TB_LIST_END) {
        const struct tb_reader parts[] = { keys[*n].e.type, keys[*n].e.data };

        if (step == TB_LIST_BAD || *n + 1 >= (room < ENTRIES_MAX ? room : ENTRIES_MAX) ||
            !tb_hash_parts(h, TB_BANK_SHA256, parts, 2, keys[*n].digest)) {
            *malformed = true;
            free(keys);
            return NULL;
        }
        ++*n;
    }
    if (keys != NULL)
        qsort(keys, *n, sizeof *keys, by_digest);
    return keys;
}

static void tell_key(struct telling *t, bool verified, const char *what, const struct key *k)
{
    char subject[TB_CERT_NAME_MAX], hex[2 * TB_DIGEST_MAX + 1] = "";
    uint8_t digest[TB_DIGEST_MAX];

    if (!tb_guid_is(k->e.type, tb_guid_cert_x509)) {
        tb_hex(k->e.data, hex, sizeof hex);
        add_detail(t, verified, "%s: hash %s", what, hex);
        return;
    }
    if (!tb_cert_subject(k->e.data, subject, sizeof subject))
        snprintf(subject, sizeof subject, "not readable");
    if (tb_hash(t->h, TB_BANK_SHA256, k->e.data, digest))
        tb_hex(tb_slice(digest, 32), hex, sizeof hex);
    add_detail(t, verified, "%s: certificate %s, sha256 %s", what, subject, hex);
}

/* What only one of two sorted lists has. */
static void tell_keys(struct telling *t, struct key *const keys[2], const size_t n[2],
                      bool verified)
{
    size_t i = 0, j = 0, gone = 0, came = 0;

    while (i < n[0] || j < n[1]) {
        int order = i == n[0] ? 1 : j == n[1] ? -1 : by_digest(&keys[0][i], &keys[1][j]);

        if (order < 0) {
            gone++;
            tell_key(t, verified, "gone", &keys[0][i]);
        } else if (order > 0) {
            came++;
            tell_key(t, verified, "new", &keys[1][j]);
        }
        i += order <= 0;
        j += order >= 0;
    }
    if (came == 0 && gone == 0)
        say(t, ": the same entries in another form");
    else
        say(t, ": %zu new and %zu gone of its entries (%zu before, %zu now)", came, gone, n[0],
            n[1]);
}

static bool is_key_list(const char *name)
{
    static const char *const lists[] = { "PK", "KEK", "db", "dbx", "dbt", "dbr" };

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (strcmp(name, lists[i]) == 0)
            return true;
    return false;
}

static void tell_key_lists(struct telling *t)
{
    struct key *keys[2] = { NULL, NULL };
    size_t n[2] = { 0, 0 };
    bool malformed[2] = { false, false }, verified = true;

    for (int s = 0; s < 2; s++) {
        struct tb_uefi_variable v;
        const struct line *length = find_line(&t->side[s], "length");

        if (!tb_uefi_variable_parse(t->c->side[s].e->data, &v))
            malformed[s] = true;
        else
            keys[s] = read_keys(v.data, t->h, &n[s], &malformed[s]);
        verified = verified && length != NULL && length->verified;
    }
    t->verified = t->verified && verified;
    if (keys[0] != NULL && keys[1] != NULL)
        tell_keys(t, keys, n, verified);
    else if (malformed[0] || malformed[1])
        say(t, ": a list cannot be read %s", malformed[1] ? "now" : "of before");
    else
        t->bad = true;
    free(keys[0]);
    free(keys[1]);
}

/* ---- command lines ---- */

struct words {
    char *text; /* owned; words end with NUL */
    char *word[OPTIONS_MAX];
    size_t n, n_lost;
    bool verified;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All lines "text" as one: a long one is cut into several. */
static char *whole_text(const struct lines *l, bool *verified)
{
    size_t len = 1;
    char *text;

    for (size_t i = 0; i < l->n; i++)
        len += strlen(l->line[i].value);
    text = calloc(len, 1);
    for (size_t i = 0, at = 0; text != NULL && i < l->n; i++)
        if (strcmp(l->line[i].key, "text") == 0) {
            size_t n = strlen(l->line[i].value);

            memcpy(text + at, l->line[i].value, n);
            at += n;
            *verified = *verified && l->line[i].verified;
        }
    return text;
}

/* GRUB's prefix is covered by no digest, and any text can be measured into PCR 8: what is the
 * kernel command line, the story of the whole boot knows (core/story.h). */
static bool is_proved(const struct telling *t, int side)
{
    bool verified = true, same;
    const char *proved = t->c->side[side].cmdline;
    char *text;

    if (proved == NULL || t->c->side[side].banks == 0)
        return false;
    text = whole_text(&t->side[side], &verified);
    same = text != NULL && strcmp(text, proved) == 0;
    free(text);
    return verified && same;
}

/* Words between blanks; blanks within double quotes belong to the word. */
static bool split(const struct telling *t, int side, struct words *w)
{
    bool quoted = false, in_word = false;
    const struct lines *l = &t->side[side];

    w->verified = is_proved(t, side);
    w->text = whole_text(l, &w->verified);
    if (w->text == NULL)
        return false;
    for (char *p = w->text; *p != '\0'; p++) {
        if (*p == '"')
            quoted = !quoted;
        if (*p == ' ' && !quoted) {
            *p = '\0';
            in_word = false;
        } else if (!in_word) {
            in_word = true;
            if (w->n < OPTIONS_MAX)
                w->word[w->n++] = p;
            else
                w->n_lost++;
        }
    }
    qsort(w->word, w->n, sizeof *w->word, by_text);
    return true;
}

static void tell_words(struct telling *t, const struct words w[2])
{
    bool verified = w[0].verified && w[1].verified;
    size_t i = 0, j = 0, told = 0;

    while (i < w[0].n || j < w[1].n) {
        int order = i == w[0].n ? 1 : j == w[1].n ? -1 : strcmp(w[0].word[i], w[1].word[j]);

        if (order != 0) {
            add_detail(t, verified, "%s: %.*s", order < 0 ? "option gone" : "option new", VALUE_MAX,
                       order < 0 ? w[0].word[i] : w[1].word[j]);
            if (told++ < 3)
                say(t, "%s option %.*s %s", told == 1 ? ":" : ",", 60,
                    order < 0 ? w[0].word[i] : w[1].word[j], order < 0 ? "removed" : "added");
        }
        i += order <= 0;
        j += order >= 0;
    }
    if (told > 3)
        say(t, " and %zu more", told - 3);
    if (told == 0)
        say(t, w[0].n_lost + w[1].n_lost > 0 ? ": more options than are compared"
                                             : ": the same options in another order");
}

static void tell_command_lines(struct telling *t)
{
    struct words *w = calloc(2, sizeof *w);

    if (w == NULL || !split(t, 0, &w[0]) || !split(t, 1, &w[1]))
        t->bad = true;
    else {
        t->verified = t->verified && w[0].verified && w[1].verified;
        tell_words(t, w);
    }
    free(w != NULL ? w[0].text : NULL);
    free(w != NULL ? w[1].text : NULL);
    free(w);
}

/* ---- values ---- */

static bool has_line(const struct lines *l, const struct line *x)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->line[i].key, x->key) == 0 && strcmp(l->line[i].value, x->value) == 0)
            return true;
    return false;
}

/* Lines that only one side has. */
static void tell_lines(struct telling *t)
{
    static const char *const words[] = { "before", "now" };

    for (int s = 0; s < 2; s++)
        for (size_t i = 0; i < t->side[s].n; i++) {
            const struct line *x = &t->side[s].line[i];

            if (!has_line(&t->side[!s], x))
                add_detail(t, x->verified, "%s: %s %.*s", words[s], x->key, VALUE_MAX, x->value);
        }
}

/* "old -> new" of a line that both have, when it differs. */
static bool tell_value(struct telling *t, const char *key)
{
    const struct line *a = find_line(&t->side[0], key), *b = find_line(&t->side[1], key);

    if (a == NULL || b == NULL || strcmp(a->value, b->value) == 0)
        return false;
    t->verified = t->verified && a->verified && b->verified;
    say(t, ": %.*s -> %.*s", VALUE_MAX, a->value, VALUE_MAX, b->value);
    return true;
}

static void tell_digests(struct telling *t)
{
    char hex[2][17];

    for (int s = 0; s < 2; s++) {
        const struct tb_event *e = t->c->side[s].e;

        if (e->type == TB_EV_NO_ACTION || (e->banks >> t->c->bank & 1) == 0)
            return;
        tb_hex(tb_slice(e->digest[t->c->bank].p, 8), hex[s], sizeof hex[s]);
    }
    say(t, ": digest %s... -> %s...", hex[0], hex[1]);
}

/* ---- what an event is called ---- */

static bool is_option(const char *name)
{
    return strncmp(name, "Boot", 4) == 0 && strlen(name) == 8 &&
           strspn(name + 4, "0123456789ABCDEFabcdef") == 4;
}

static void call_variable(struct telling *t, int side, const struct tb_event *e)
{
    static const char *const settings[] = { "SecureBoot", "SetupMode", "AuditMode",
                                            "DeployedMode" };
    const char *name = named(t, side, "variable");

    if (e->type == TB_EV_EFI_VARIABLE_AUTHORITY) {
        const struct line *subject = find_line(&t->side[side], "certificate");

        say(t, "authority that vouched for a program, from %.*s", 32, name);
        if (subject != NULL)
            say(t, " (%.*s)", VALUE_MAX, subject->value);
        return;
    }
    if (is_key_list(name)) {
        say(t, "Secure Boot key list %s", name);
        return;
    }
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (strcmp(name, settings[i]) == 0) {
            say(t, "Secure Boot setting %s", name);
            return;
        }
    if (strcmp(name, "BootOrder") == 0)
        say(t, "order of the boot options");
    else if (is_option(name))
        say(t, "boot option %s (%.*s)", name, 80, named(t, side, "description"));
    else
        say(t, "variable %.*s", 80, name);
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* GRUB logs "kernel_cmdline: ..." and the like; systemd a command line in PCR 12. */
static bool is_command_line(const struct telling *t, int side)
{
    const struct line *kind = find_line(&t->side[side], "kind");
    const struct line *text = find_line(&t->side[side], "text");
    const struct tb_event *e = t->c->side[side].e;

    if (text == NULL || e->type != TB_EV_IPL)
        return false;
    return (kind != NULL && starts(kind->value, "kernel_cmdline")) ||
           starts(text->value, "kernel_cmdline") || e->pcr == 12;
}

static void call_text(struct telling *t, int side, const struct tb_event *e)
{
    const char *kind = named(t, side, "kind");

    if (is_command_line(t, side)) {
        t->verified = is_proved(t, side);
        say(t, "kernel command line");
    } else if (e->pcr == 8)
        say(t, "boot loader command %s %.*s", kind, VALUE_MAX, named(t, side, "text"));
    else if (e->pcr == 9)
        say(t, "file %.*s", VALUE_MAX, named(t, side, "text"));
    else
        say(t, "%.*s", VALUE_MAX, named(t, side, "text"));
}

static const struct {
    uint32_t type;
    const char *name, *key; /* and the line that tells which one */
} names[] = {
    { TB_EV_S_CRTM_VERSION, "firmware version", "version" },
    { TB_EV_S_CRTM_CONTENTS, "firmware code", "text" },
    { TB_EV_POST_CODE, "firmware code", "text" },
    { TB_EV_POST_CODE2, "firmware code", "description" },
    { TB_EV_EFI_PLATFORM_FIRMWARE_BLOB, "firmware code", "blob-base" },
    { TB_EV_EFI_PLATFORM_FIRMWARE_BLOB2, "firmware code", "description" },
    { TB_EV_CPU_MICROCODE, "CPU microcode", "text" },
    { TB_EV_EFI_HANDOFF_TABLES, "firmware tables", "table" },
    { TB_EV_EFI_HANDOFF_TABLES2, "firmware tables", "description" },
    { TB_EV_EFI_BOOT_SERVICES_APPLICATION, "program", "path" },
    { TB_EV_EFI_BOOT_SERVICES_DRIVER, "driver", "path" },
    { TB_EV_EFI_RUNTIME_SERVICES_DRIVER, "driver", "path" },
    { TB_EV_EFI_GPT_EVENT, "partition table", "disk" },
    { TB_EV_EFI_GPT_EVENT2, "partition table", "disk" },
    { TB_EV_EVENT_TAG, "measurement", "tag" },
    { TB_EV_ACTION, "step", "text" },
    { TB_EV_EFI_ACTION, "step", "text" },
    { TB_EV_SEPARATOR, "separator", "separator" },
    { TB_EV_NO_ACTION, "note that is not measured", "signature" },
};

/* Of a device path what stands for the file. */
static const char *short_name(const char *value)
{
    const char *slash = strrchr(value, '/');

    if (value[0] == '\0')
        return "without a path";
    return slash != NULL && slash[1] == '\\' ? slash + 1 : value;
}

static void call(struct telling *t)
{
    int side = naming_side(t);
    const struct tb_event *e = t->c->side[side].e;
    const char *type = tb_event_type_name(e->type);

    if (find_line(&t->side[side], "variable") != NULL) {
        call_variable(t, side, e);
        return;
    }
    if (e->type == TB_EV_IPL && find_line(&t->side[side], "text") != NULL) {
        call_text(t, side, e);
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].type == e->type) {
            const struct line *which = find_line(&t->side[side], names[i].key);

            t->verified = which != NULL && which->verified;
            say(t, "%s", names[i].name);
            if (which != NULL && names[i].type != TB_EV_S_CRTM_VERSION) /* its value comes */
                say(t, " %.*s", VALUE_MAX, short_name(which->value));
            return;
        }
    t->verified = false;
    say(t, "event of type %s", type != NULL ? type : "unknown to us");
}

static void tell_changed(struct telling *t)
{
    const struct line *variable = find_line(&t->side[1], "variable");
    bool same_variable = variable != NULL && has_line(&t->side[0], variable);

    say(t, " changed");
    if (same_variable && is_key_list(variable->value)) {
        tell_key_lists(t);
        return;
    }
    if (is_command_line(t, 0) && is_command_line(t, 1)) {
        tell_command_lines(t);
        return;
    }
    if (!tell_value(t, "enabled") && !tell_value(t, "version") && !tell_value(t, "order"))
        tell_digests(t);
    tell_lines(t);
}

static void tell_one(struct telling *t)
{
    const char *kind = t->c->kind;
    int side = naming_side(t);

    call(t);
    if (strcmp(kind, "changed") == 0)
        tell_changed(t);
    else if (strcmp(kind, "moved") == 0)
        say(t, ": measured as before, at another place");
    else if (strcmp(kind, "data") == 0) {
        t->verified = false;
        say(t, ": the same measurement; data that no digest covers differ");
        tell_lines(t);
    } else {
        say(t, "%s", side == 1 ? " is new" : " is gone");
        for (size_t i = 0; i < t->side[side].n; i++)
            add_detail(t, t->side[side].line[i].verified, "%s %.*s", t->side[side].line[i].key,
                       VALUE_MAX, t->side[side].line[i].value);
    }
    if (t->n_more > 0) {
        t->n_details--; /* room was kept for this one */
        add_detail(t, true, "and %zu more", t->n_more);
    }
}

static bool put(struct telling *t, json_t *out)
{
    bool vouched = true;

    for (int s = 0; s < 2; s++)
        vouched = vouched && (t->c->side[s].e == NULL || t->c->side[s].banks != 0);
    t->bad = json_object_set_new(out, "text", json_string(t->sentence)) != 0 ||
             json_object_set_new(out, "verified", json_boolean(t->verified && vouched)) != 0 ||
             json_object_set_new(out, "vouched", json_boolean(vouched)) != 0 ||
             json_object_set(out, "details", t->details) != 0 || t->bad;
    return !t->bad;
}

bool tb_log_change_tell(const struct tb_log_change *change, struct tb_hasher *h, json_t *out)
{
    struct telling *t = calloc(1, sizeof *t);
    bool ok = false;

    if (t == NULL)
        return false;
    t->c = change;
    t->h = h;
    t->verified = true;
    t->details = json_array();
    for (int s = 0; s < 2; s++) {
        const struct tb_changed_event *x = &change->side[s];

        if (x->e != NULL)
            tb_event_describe(x->log, x->e, x->banks, h, take_line, &t->side[s]);
        t->bad = t->bad || t->side[s].bad;
    }
    if (!t->bad && t->details != NULL) {
        tell_one(t);
        ok = put(t, out);
    }
    json_decref(t->details);
    lines_clear(&t->side[0]);
    lines_clear(&t->side[1]);
    free(t);
    return ok;
}
