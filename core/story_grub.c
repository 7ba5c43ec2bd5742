/* core/story_grub.c - to be filled. */
#include "core/story_internal.h"

bool tb_story_grub_event(struct tb_story_scan *s, const struct tb_event *e)
{
    (void)s;
    (void)e;
    return false;
}
