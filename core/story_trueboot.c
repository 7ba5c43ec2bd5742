/* core/story_trueboot.c - what Trueboot's own loader tells: the kernel's command line.
 *
 * Records of the boot chain (pkg/record.h), each covered by its digest. Whose they are is not said
 * by them: core/appraise_chain.c. */
#include "core/story_internal.h"
#include "pkg/record.h"

#define SETTINGS_PCR 14

void tb_story_trueboot_event(struct tb_story_scan *s, const struct tb_event *e)
{
    struct tb_record r;
    struct tb_reason why;

    if (e->pcr < 12 || e->pcr > SETTINGS_PCR || !tb_record_is(e->data) ||
        !tb_record_parse(e->data, &r, &why) || !tb_story_covers(s, e, e->data))
        return;
    tb_story_saw(s, TB_PART_TRUEBOOT);
    if (r.kind == TB_RECORD_COMMAND_LINE && e->pcr == SETTINGS_PCR)
        tb_story_cmdline(s, e, TB_PART_TRUEBOOT, (struct tb_story_text){ r.text, false });
}
