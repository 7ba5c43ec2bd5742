/* core/story.c - a log read event by event for what its boot programs tell; one file a program.
 *
 * The attacker is that of core/bootfacts.c: root on the host, who may extend any PCR further, and
 * may rewrite types and whatever no digest covers. So no reader looks at an event's type, each asks
 * for the very bytes that the digests are of, and none looks from one PCR to another. */
#include "core/story_internal.h"

#include <string.h>

const char *tb_story_part_name(enum tb_story_part p)
{
    static const char *const names[TB_N_STORY_PARTS] = {
        [TB_PART_SHIM] = "shim",
        [TB_PART_GRUB] = "grub",
        [TB_PART_SYSTEMD_BOOT] = "systemd-boot",
        [TB_PART_SYSTEMD_STUB] = "systemd-stub",
        [TB_PART_LINUX_STUB] = "linux-efi-stub",
        [TB_PART_WINDOWS] = "windows",
        [TB_PART_ESXI] = "esxi",
        [TB_PART_TRUEBOOT] = "trueboot",
    };

    return names[p];
}

const char *tb_tristate_name(enum tb_tristate t)
{
    static const char *const names[] = {
        [TB_UNTOLD] = "unknown", [TB_NO] = "no", [TB_YES] = "yes"
    };

    return names[t];
}

const char *tb_cmdline_state_name(enum tb_cmdline_state s)
{
    static const char *const names[TB_N_CMDLINE_STATES] = {
        [TB_CMDLINE_NONE] = "none",
        [TB_CMDLINE_PROVED] = "proved",
        [TB_CMDLINE_SEVERAL] = "several",
        [TB_CMDLINE_UNPROVED] = "unproved",
    };

    return names[s];
}

static struct tb_log_trust trust(const struct tb_story_scan *s)
{
    return (struct tb_log_trust){ s->bank, s->states };
}

bool tb_story_covers_parts(const struct tb_story_scan *s, const struct tb_event *e,
                           const struct tb_reader *parts, size_t n)
{
    return tb_event_covers(e, trust(s), s->h, parts, n);
}

bool tb_story_covers(const struct tb_story_scan *s, const struct tb_event *e, struct tb_reader data)
{
    return tb_story_covers_parts(s, e, &data, 1);
}

struct tb_reader tb_story_without_nuls(struct tb_reader in)
{
    while (in.left > 0 && in.p[in.left - 1] == 0)
        in.left--;
    return in;
}

/* Latin letters at most: what has others is a matter of bytes that nobody can read. */
bool tb_story_is_utf16(struct tb_reader in)
{
    size_t n = tb_story_without_nuls(in).left;

    if (n == 0 || n == in.left)
        return false;
    for (size_t i = 0; i < n; i++)
        if (i % 2 == 0 ? in.p[i] < ' ' || in.p[i] == 0x7f : in.p[i] != 0)
            return false;
    return true;
}

void tb_story_saw(struct tb_story_scan *s, enum tb_story_part part)
{
    s->out->parts |= UINT32_C(1) << part;
}

bool tb_story_has(const struct tb_story_scan *s, enum tb_story_part part)
{
    return (s->out->parts >> part & 1) != 0;
}

void tb_story_named(struct tb_story_scan *s, enum tb_story_part part)
{
    s->out->named |= UINT32_C(1) << part;
}

/* PCR 2: what is no separator, and not data that stands in the log, is code of an extension card or
 * a driver, whatever its type says (PFP 1.06, 3.3.4.3). */
static void firmware_event(struct tb_story_scan *s, const struct tb_event *e)
{
    if (e->pcr == 2 && !tb_story_covers(s, e, e->data))
        s->out->n_option_roms++;
}

/* Every reader sees every event: what one takes for its own is not kept from another. */
static void story_event(struct tb_story_scan *s, const struct tb_event *e)
{
    if (e->type == TB_EV_NO_ACTION || e->pcr >= TB_N_PCRS || !tb_event_counts(e, trust(s), s->bank))
        return;
    firmware_event(s, e);
    tb_story_shim_event(s, e);
    tb_story_grub_event(s, e);
    tb_story_linux_event(s, e);
    tb_story_windows_event(s, e);
    tb_story_esxi_event(s, e);
    tb_story_trueboot_event(s, e);
}

bool tb_story_read(struct tb_reader in, enum tb_bank bank, const struct tb_pcr_states *states,
                   struct tb_hasher *h, struct tb_story *out)
{
    struct tb_story_scan s = { .bank = bank, .states = states, .h = h, .out = out };
    enum tb_log_step step;
    struct tb_reason why;
    struct tb_event e;
    struct tb_log log;

    memset(out, 0, sizeof *out);
    if (!tb_log_open(in, &log, &why))
        return false;
    while ((step = tb_log_next(&log, &e, &why)) == TB_LOG_EVENT)
        story_event(&s, &e);
    tb_story_windows_end(&s);
    tb_story_esxi_end(&s);
    if (step != TB_LOG_END) {
        memset(out, 0, sizeof *out);
        return false;
    }
    tb_story_shim_conclude(&s);
    tb_story_cmdline_conclude(&s);
    return true;
}
