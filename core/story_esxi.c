/* core/story_esxi.c - what ESXi's tagged events tell. */
#include "core/story.h"

bool tb_story_esxi_event(struct tb_story_scan *s, const struct tb_event *e)
{
    (void)s;
    (void)e;
    return false;
}

void tb_story_esxi_end(struct tb_story_scan *s)
{
    (void)s;
}
