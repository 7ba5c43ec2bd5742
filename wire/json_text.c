#include "wire/json_text.h"

#include <stdlib.h>

#include <jansson.h>

#define FLAGS (JSON_COMPACT | JSON_SORT_KEYS)

char *tb_json_text(const json_t *o)
{
    size_t len = o == NULL ? 0 : json_dumpb(o, NULL, 0, FLAGS);
    char *text = len == 0 ? NULL : malloc(len + 1);

    if (text == NULL)
        return NULL;
    if (json_dumpb(o, text, len, FLAGS) != len) {
        free(text);
        return NULL;
    }
    text[len] = '\0';
    return text;
}
