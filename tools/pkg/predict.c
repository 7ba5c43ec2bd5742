/* tools/pkg/predict.c - trueboot-pkg predict: the events and PCR values of the next boot.
 *
 * Nothing is computed twice: the loader's own code and the Secure Boot Verifier's run over the
 * directory, and only the firmware's and the kernel's measurements are imitated. */
#include "tools/pkg/predict.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/sbv/judge.h"

/* ---- events ---- */

void predict_clear(struct prediction *p)
{
    tb_hasher_free(p->h);
    free(p->event);
    *p = (struct prediction){ 0 };
}

static struct predicted_event *new_event(struct prediction *p)
{
    if (p->n == p->room) {
        size_t room = 2 * p->room + 64;
        struct predicted_event *more = reallocarray(p->event, room, sizeof *more);

        if (more == NULL)
            return tool_fail(TOOL_USAGE, "out of memory"), NULL;
        p->event = more;
        p->room = room;
    }
    p->event[p->n] = (struct predicted_event){ 0 };
    return &p->event[p->n++];
}

bool predict_extend(struct prediction *p, uint32_t pcr, const char *by, const char *text,
                    uint32_t banks, const struct tb_reader digest[TB_N_BANKS])
{
    struct predicted_event *e = new_event(p);

    if (e == NULL)
        return false;
    e->pcr = pcr;
    e->by = by;
    e->banks = banks;
    snprintf(e->text, sizeof e->text, "%s", text);
    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        if ((banks >> b & 1) == 0) {
            p->pcrs.mask[b] &= ~(UINT32_C(1) << pcr);
            continue;
        }
        memcpy(e->digest[b], digest[b].p, digest[b].left);
        if (!tb_pcr_extend(p->h, (enum tb_bank)b, p->pcrs.value[b][pcr], digest[b]))
            return tool_fail(TOOL_USAGE, "hashing failed"), false;
    }
    return true;
}

bool predict_measure(struct prediction *p, uint32_t pcr, const char *by, const char *text,
                     struct tb_reader bytes)
{
    uint8_t digest[TB_N_BANKS][TB_DIGEST_MAX];
    struct tb_reader slices[TB_N_BANKS];

    for (unsigned b = 0; b < TB_N_BANKS; b++) {
        if (!tb_hash(p->h, (enum tb_bank)b, bytes, digest[b]))
            return tool_fail(TOOL_USAGE, "hashing failed"), false;
        slices[b] = tb_slice(digest[b], tb_bank_digest_len((enum tb_bank)b));
    }
    return predict_extend(p, pcr, by, text, (UINT32_C(1) << TB_N_BANKS) - 1, slices);
}

bool predict_record(struct prediction *p, uint32_t pcr, const char *by, struct tb_reader event)
{
    const char *line = (const char *)event.p + 8;
    char text[TB_RECORD_LINE_MAX + 64];

    /* tb_record_print() wrote it: a tag, a size, and a line that ends. */
    snprintf(text, sizeof text, "%.*s", (int)strcspn(line, "\n"), line);
    return predict_measure(p, pcr, by, text, event);
}

/* ---- the Secure Boot Verifier ---- */

static bool verifier_record(void *ctx, const struct tb_record *r)
{
    uint8_t event[TB_RECORD_LEN_MAX];
    size_t len;

    return tb_record_print(r, event, sizeof event, &len) &&
           predict_record(ctx, PREDICT_PCR_USER, "verifier", tb_slice(event, len));
}

static bool predict_verifier(struct prediction *p, const struct tool_esp *e,
                             const struct tb_vendors *vendors, enum tool_exit *code)
{
    const struct tb_judge_question q = {
        .esp = e->dir, .set = p->set, .vendors = vendors, .least = TB_LEVEL_COMMUNITY
    };
    const struct tb_judge_to to = { .ctx = p, .fault = tool_tell_fault, .record = verifier_record };
    struct tb_reason why;

    switch (tb_judge(&q, &to, &why)) {
    case TB_JUDGE_PASS:
        p->passes = true;
        return verifier_record(p, &(struct tb_record){ .kind = TB_RECORD_COMPLETE });
    case TB_JUDGE_FAIL:
        *code = tool_fail(TOOL_REFUSED, "the Secure Boot Verifier stops set %c", p->set);
        return true;
    case TB_JUDGE_UNABLE: break;
    }
    *code = TOOL_USAGE;
    return tool_unusable(e->dir, &why), false;
}

/* ---- what comes out ---- */

struct output {
    const struct prediction *p;
    json_t *json; /* NULL: text */
};

/* Calls for each value that is known. */
static void each_value(struct output *o, void (*each)(struct output *o, enum tb_bank bank,
                                                      uint32_t pcr, const char *hex))
{
    char hex[2 * TB_DIGEST_MAX + 1];

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        for (uint32_t pcr = 0; pcr < TB_N_PCRS; pcr++)
            if ((o->p->pcrs.mask[b] >> pcr & 1) != 0) {
                tb_hex(tb_slice(o->p->pcrs.value[b][pcr], tb_bank_digest_len((enum tb_bank)b)), hex,
                       sizeof hex);
                each(o, (enum tb_bank)b, pcr, hex);
            }
}

static void print_value(struct output *o, enum tb_bank bank, uint32_t pcr, const char *hex)
{
    (void)o;
    printf("%s %" PRIu32 " %s\n", tb_bank_name(bank), pcr, hex);
}

static void json_value(struct output *o, enum tb_bank bank, uint32_t pcr, const char *hex)
{
    json_t *pcrs = json_object_get(o->json, "pcrs"), *of;
    char number[12];

    if (json_object_get(pcrs, tb_bank_name(bank)) == NULL)
        json_object_set_new(pcrs, tb_bank_name(bank), json_object());
    of = json_object_get(pcrs, tb_bank_name(bank));
    snprintf(number, sizeof number, "%" PRIu32, pcr);
    json_object_set_new(of, number, json_string(hex));
}

static json_t *event_json(const struct predicted_event *e)
{
    json_t *digests = json_object();
    char hex[2 * TB_DIGEST_MAX + 1];

    for (unsigned b = 0; b < TB_N_BANKS; b++)
        if ((e->banks >> b & 1) != 0) {
            tb_hex(tb_slice(e->digest[b], tb_bank_digest_len((enum tb_bank)b)), hex, sizeof hex);
            json_object_set_new(digests, tb_bank_name((enum tb_bank)b), json_string(hex));
        }
    return json_pack("{sI ss ss so}", "pcr", (json_int_t)e->pcr, "by", e->by, "text", e->text,
                     "digests", digests);
}

static void put_json(struct output *o)
{
    const char set[] = { o->p->set, '\0' };
    json_t *events = json_array();

    for (size_t i = 0; i < o->p->n; i++)
        json_array_append_new(events, event_json(&o->p->event[i]));
    o->json = json_pack("{so sb so s{}}", "set", o->p->set == '\0' ? json_null() : json_string(set),
                        "passes", o->p->passes, "events", events, "pcrs");
    each_value(o, json_value);
    json_dumpf(o->json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(o->json);
}

static void put_text(struct output *o)
{
    for (size_t i = 0; i < o->p->n; i++)
        printf("event %2" PRIu32 " %-8s %s\n", o->p->event[i].pcr, o->p->event[i].by,
               o->p->event[i].text);
    each_value(o, print_value);
}

/* ---- comparing ---- */

static void differ(enum tb_bank bank, uint32_t pcr, const struct tb_pcrs *predicted,
                   const struct tb_pcrs *found)
{
    char a[2 * TB_DIGEST_MAX + 1], b[2 * TB_DIGEST_MAX + 1];

    tb_hex(tb_slice(predicted->value[bank][pcr], tb_bank_digest_len(bank)), a, sizeof a);
    tb_hex(tb_slice(found->value[bank][pcr], tb_bank_digest_len(bank)), b, sizeof b);
    tool_fail(TOOL_REFUSED, "PCR %" PRIu32 " %s: predicted %s, found %s", pcr, tb_bank_name(bank),
              a, b);
}

static enum tool_exit compare(const struct tool *t, const struct prediction *p)
{
    const char *path = t->option[OPT_COMPARE];
    enum tool_exit code = TOOL_OK;
    struct tb_pcrs found;
    unsigned same = 0;

    if (path == NULL)
        return TOOL_OK;
    if (!predict_read_pcrs(path, t->option[OPT_USER_LOG], p->h, &found))
        return TOOL_USAGE;
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        for (uint32_t pcr = 0; pcr < TB_N_PCRS; pcr++) {
            if ((p->pcrs.mask[b] & found.mask[b] & UINT32_C(1) << pcr) == 0)
                continue;
            if (memcmp(p->pcrs.value[b][pcr], found.value[b][pcr],
                       tb_bank_digest_len((enum tb_bank)b)) == 0) {
                same++;
                continue;
            }
            differ((enum tb_bank)b, pcr, &p->pcrs, &found);
            code = TOOL_REFUSED;
        }
    if (code == TOOL_OK && same == 0)
        return tool_fail(TOOL_USAGE, "%s: has no value that is predicted", path);
    return code;
}

/* ---- the command ---- */

/* False: told; *code. */
static bool predict(const struct tool *t, struct prediction *p, const struct tool_esp *esp,
                    struct tb_reader program, enum tool_exit *code)
{
    struct current_boot now = { 0 };
    struct tb_vendors *vendors = NULL;
    bool ok;
    char set;

    *code = TOOL_USAGE;
    ok = tool_set_option(t, &set) &&
         (t->option[OPT_LOG] == NULL || current_boot_open(t->option[OPT_LOG], &now)) &&
         predict_firmware(p, &now, program) &&
         predict_loader(p, esp, set, &now, program, &vendors, code) &&
         (p->set == '\0' || predict_verifier(p, esp, vendors, code));
    tb_vendors_free(vendors);
    current_boot_close(&now);
    return ok;
}

static bool begin(struct prediction *p)
{
    static const uint32_t pcrs = 0xff | 1u << PREDICT_PCR_KERNEL | 0xfu << PREDICT_PCR_USER;

    *p = (struct prediction){ .h = tb_hasher_new() };
    for (unsigned b = 0; b < TB_N_BANKS; b++)
        p->pcrs.mask[b] = pcrs;
    return p->h != NULL;
}

enum tool_exit tool_predict(struct tool *t)
{
    struct prediction p;
    struct output o = { .p = &p };
    struct tool_esp esp = { .dir = t->option[OPT_ESP] };
    struct tb_reader program = { 0 };
    enum tool_exit code = TOOL_USAGE, differs;
    char path[ESP_PATH_MAX];

    if (t->option[OPT_USER_LOG] != NULL && t->option[OPT_COMPARE] == NULL)
        return tool_fail(TOOL_USAGE, "predict: --user-log is for --compare");
    /* A boot.conf that is malformed stops no boot; only --set asks what is in it. */
    if (begin(&p) && (t->option[OPT_SET] == NULL || tool_esp_open(t, &esp)) &&
        tool_esp_path(&esp, ESP_LOADER, path) && tool_load(path, &program) &&
        predict(t, &p, &esp, program, &code)) {
        if (t->option[OPT_JSON] != NULL)
            put_json(&o);
        else
            put_text(&o);
        differs = compare(t, &p);
        code = differs > code ? differs : code;
    }
    tool_drop(&program);
    tool_esp_close(&esp);
    predict_clear(&p);
    return code;
}
