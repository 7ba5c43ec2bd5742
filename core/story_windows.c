/* core/story_windows.c - what a Windows boot configuration log tells. */
#include "core/story.h"

bool tb_story_windows_event(struct tb_story_scan *s, const struct tb_event *e)
{
    (void)s;
    (void)e;
    return false;
}
