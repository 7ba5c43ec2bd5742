/* core/story_windows.c - what a Windows boot configuration log (WBCL) tells of the boot.
 *
 * Each of Windows' boot programs (boot manager, hypervisor loader, OS loader) measures one event
 * into PCR 12 (settings) and PCR 13 (the same, with its modules in detail), the keys that vouched
 * into PCR 14, and Windows closes the three with the separator "WBCL". Types are not looked at: an
 * event is what its covered bytes say.
 *
 * What the facts are good for. Nothing keeps root of a Linux host from extending PCR 11 to 14 with
 * the log of a Windows that never ran, so they never help a host to be trusted. They are good for
 * refusing: a bad answer (test signing on, a debugger, code integrity off) stands wherever a
 * covered event in front of the PCR's separator gives it, and nobody who comes after the boot can
 * take it back. A good answer needs `present`: PCR 12 and 13 match, have events of Windows and end
 * in the separator, and nothing in front of it is left unproved or unparsable, because that could
 * be the other answer. Behind the separator nothing counts, the operating system runs. */
#include "core/story_internal.h"

#include "core/sipa.h"

#include <string.h>

enum { FIRST_PCR = 12, N_PCRS = 2, BOTH = 3 /* bits of PCR 12 and 13 */ };

/* Programs differ: the boot manager may run without test signing and start an OS loader with it. So
 * of two programs' answers the worse one stands; where none is worse, neither. */
static const struct setting {
    uint32_t id;
    uint8_t len;
    uint8_t worse; /* enum tb_tristate; TB_UNTOLD: none */
    size_t offset; /* of the enum tb_tristate in struct tb_story_windows */
} settings[] = {
#define SETTING(id, len, worse, field)                                                             \
    {                                                                                              \
        id, len, worse, offsetof(struct tb_story_windows, field)                                   \
    }
    SETTING(TB_SIPA_CODE_INTEGRITY, 1, TB_NO, code_integrity),
    SETTING(TB_SIPA_TEST_SIGNING, 1, TB_YES, test_signing),
    SETTING(TB_SIPA_BOOT_DEBUGGING, 1, TB_YES, boot_debugging),
    SETTING(TB_SIPA_OS_KERNEL_DEBUG, 1, TB_YES, os_debugging),
    SETTING(TB_SIPA_SAFE_MODE, 1, TB_YES, safe_mode),
    SETTING(TB_SIPA_WINPE, 1, TB_YES, winpe),
    SETTING(TB_SIPA_FLIGHT_SIGNING, 1, TB_YES, flight_signing),
    SETTING(TB_SIPA_BITLOCKER_UNLOCK, 4, TB_YES, bitlocker_unlock),
    SETTING(TB_SIPA_HYPERVISOR_LAUNCH, 8, TB_UNTOLD, hypervisor),
    SETTING(TB_SIPA_VSM_LAUNCH, 8, TB_NO, vbs),
#undef SETTING
};
enum { N_SETTINGS = sizeof settings / sizeof *settings };

/* One event: what one program told. */
struct block {
    uint8_t told[N_SETTINGS]; /* enum tb_tristate */
    uint32_t unclear; /* bit i: setting i told in two ways, or not in the form that it has */
};

static enum tb_tristate *answer_of(struct tb_story_windows *w, const struct setting *s)
{
    return (enum tb_tristate *)(void *)((uint8_t *)w + s->offset);
}

/* Flags of BitLocker's unlocking (FVEB_UNLOCK_FLAG_*). A key that is only "cached" came from the
 * program before, which told where it had it from. */
static enum tb_tristate unlocked_without_tpm(uint32_t flags)
{
    enum { CACHED = 0x1, TPM = 0x4, PIN = 0x10, EXTERNAL = 0x20, RECOVERY = 0x40, PASSWORD = 0x80 };

    if ((flags & (RECOVERY | PASSWORD)) != 0)
        return TB_YES;
    if ((flags & TPM) != 0)
        return (flags & ~(uint32_t)(CACHED | TPM | PIN | EXTERNAL)) == 0 ? TB_NO : TB_UNTOLD;
    return (flags & ~(uint32_t)CACHED) == 0 ? TB_NO : TB_YES;
}

/* TB_UNTOLD: not in the form that this setting has. */
static enum tb_tristate read_answer(const struct setting *s, struct tb_reader data)
{
    uint64_t value = 0;

    if (data.left != s->len)
        return TB_UNTOLD;
    for (size_t i = data.left; i-- > 0;)
        value = value << 8 | data.p[i];
    if (s->id == TB_SIPA_BITLOCKER_UNLOCK)
        return unlocked_without_tpm((uint32_t)value);
    if (s->len == 1 && value > 1)
        return TB_UNTOLD;
    return value != 0 ? TB_YES : TB_NO;
}

static void read_setting(struct block *b, const struct tb_sipa_frame *f)
{
    for (size_t i = 0; i < N_SETTINGS; i++) {
        enum tb_tristate answer;

        if (settings[i].id != f->id)
            continue;
        answer = read_answer(&settings[i], f->data);
        if (answer == TB_UNTOLD || (b->told[i] != TB_UNTOLD && b->told[i] != answer))
            b->unclear |= UINT32_C(1) << i;
        b->told[i] = (uint8_t)answer;
    }
}

static void merge_block(struct tb_story_scan *s, const struct block *b)
{
    s->windows.unclear |= b->unclear;
    for (size_t i = 0; i < N_SETTINGS; i++) {
        enum tb_tristate *answer = answer_of(&s->out->windows, &settings[i]);
        enum tb_tristate told = (enum tb_tristate)b->told[i];

        if (told == TB_UNTOLD || told == *answer || (b->unclear >> i & 1) != 0)
            continue; /* a program that contradicts itself told nothing */
        if (*answer != TB_UNTOLD && settings[i].worse == TB_UNTOLD)
            s->windows.unclear |= UINT32_C(1) << i;
        else if (*answer == TB_UNTOLD || told == settings[i].worse)
            *answer = told;
    }
}

static void read_boot_counter(struct tb_story_scan *s, const struct tb_sipa_frame *f)
{
    struct tb_story_windows *w = &s->out->windows;
    struct tb_reader r = f->data;
    uint64_t count;

    if (!tb_read_u64le(&r, &count) || r.left != 0 ||
        (w->boot_count_known && w->boot_count != count)) {
        s->windows.boot_count_unclear = true;
        return;
    }
    w->boot_count_known = true;
    w->boot_count = count;
}

/* All frames of an event in front of the separator. */
static void read_frames(struct tb_story_scan *s, unsigned i, struct tb_reader data)
{
    struct tb_sipa it = tb_sipa_begin(data);
    struct block b = { 0 };
    struct tb_sipa_frame f;
    enum tb_sipa_step step;

    while ((step = tb_sipa_next(&it, &f)) != TB_SIPA_END) {
        if (step == TB_SIPA_BAD) {
            s->out->windows.n_unproved++;
            s->windows.incomplete = true;
        } else if (f.id == TB_SIPA_BOOT_COUNTER) {
            read_boot_counter(s, &f);
        } else if (f.id == TB_SIPA_IMAGE_HASH && f.parent == TB_SIPA_LOADED_MODULE) {
            s->windows.n_modules[i]++;
        } else if (f.id == TB_SIPA_ELAM_KEY_NAME && f.parent == TB_SIPA_ELAM_AGGREGATION) {
            s->out->windows.elam = TB_YES;
        } else {
            read_setting(&b, &f);
        }
    }
    merge_block(s, &b);
}

/* The outermost frames have ids of Windows; the last may be cut off. */
static bool is_windows(struct tb_reader data)
{
    struct tb_reader skipped;
    uint32_t id, len;
    size_t n = 0;

    for (; tb_read_u32le(&data, &id); n++) {
        if (!tb_sipa_is_id(id))
            return false;
        if (!tb_read_u32le(&data, &len) || !tb_read_slice(&data, len, &skipped))
            return true;
    }
    return n != 0;
}

void tb_story_windows_event(struct tb_story_scan *s, const struct tb_event *e)
{
    unsigned i = e->pcr - FIRST_PCR;

    if (e->pcr < FIRST_PCR || i >= N_PCRS || (s->windows.closed >> i & 1) != 0)
        return;
    if (tb_story_covers(s, e, tb_slice("WBCL", 4))) {
        s->windows.closed |= (uint8_t)(1u << i);
    } else if (!tb_story_covers(s, e, e->data)) { /* may be anything, so something of Windows too */
        s->windows.incomplete = true;
        s->out->windows.n_unproved++;
    } else if (is_windows(e->data)) {
        s->windows.told |= (uint8_t)(1u << i);
        read_frames(s, i, e->data);
    }
}

void tb_story_windows_end(struct tb_story_scan *s)
{
    const struct tb_windows_scan *scan = &s->windows;
    struct tb_story_windows *w = &s->out->windows;

    if (scan->told == 0) {
        memset(w, 0, sizeof *w);
        return;
    }
    w->told = true;
    w->present = (scan->told & scan->closed & BOTH) == BOTH;
    for (size_t i = 0; i < N_SETTINGS; i++) {
        enum tb_tristate *answer = answer_of(w, &settings[i]);
        bool unclear = (scan->unclear >> i & 1) != 0 || !w->present || scan->incomplete;

        if (unclear && *answer != (enum tb_tristate)settings[i].worse)
            *answer = TB_UNTOLD;
    }
    if (!w->present) {
        w->elam = TB_UNTOLD;
        w->boot_count_known = false;
    }
    if (scan->boot_count_unclear)
        w->boot_count_known = false;
    if (!w->boot_count_known)
        w->boot_count = 0;
    if (w->present) {
        w->n_modules =
            scan->n_modules[0] > scan->n_modules[1] ? scan->n_modules[0] : scan->n_modules[1];
        tb_story_saw(s, TB_PART_WINDOWS);
    }
}
