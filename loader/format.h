/* loader/format.h - vsnprintf() as far as the loader's sources use it: %% %c %d %s %u %x %lu %llu
 * %zu, with zero padding, width and precision. A format with anything else ends there. */
#ifndef TB_LOADER_FORMAT_H
#define TB_LOADER_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Returns the length of the whole text, which is cut to cap with its NUL. */
size_t tb_format(char *out, size_t cap, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

#endif
