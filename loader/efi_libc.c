/* loader/efi_libc.c - the functions of a C library that the loader's sources and BearSSL call.
 *
 * BearSSL as Debian builds it calls the checked variants (_FORTIFY_SOURCE) and the stack
 * protector's end. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "loader/format.h"

void *__memcpy_chk(void *to, const void *from, size_t n, size_t room);
void *__memmove_chk(void *to, const void *from, size_t n, size_t room);
void *__memset_chk(void *to, int c, size_t n, size_t room);
void __stack_chk_fail(void) __attribute__((noreturn));

/* Inline assembly, so that the compiler does not make of a loop the call that it is. */
void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    void *p = to;

    __asm__ volatile("rep movsb" : "+D"(p), "+S"(from), "+c"(n) : : "memory");
    return to;
}

void *memset(void *to, int c, size_t n)
{
    void *p = to;

    __asm__ volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(c) : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *p = to;
    const uint8_t *q = from;

    if ((uintptr_t)p - (uintptr_t)q >= n)
        return memcpy(to, from, n);
    while (n-- > 0) {
        p[n] = q[n];
        __asm__ volatile("" : : : "memory");
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *p = a, *q = b;

    for (size_t i = 0; i < n; i++)
        if (p[i] != q[i])
            return p[i] - q[i];
    return 0;
}

void *memchr(const void *s, int c, size_t n)
{
    const uint8_t *p = s;

    for (; n > 0; n--, p++)
        if (*p == (uint8_t)c)
            return (void *)(uintptr_t)p;
    return NULL;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    for (; s[n] != '\0'; n++)
        __asm__ volatile("" : : : "memory");
    return n;
}

int strcmp(const char *a, const char *b)
{
    for (; *a != '\0' && *a == *b; a++)
        b++;
    return (uint8_t)*a - (uint8_t)*b;
}

char *strchr(const char *s, int c)
{
    return memchr(s, c, strlen(s) + 1);
}

int vsnprintf(char *restrict out, size_t cap, const char *restrict format, va_list args)
{
    return (int)tb_format(out, cap, format, args);
}

int snprintf(char *restrict out, size_t cap, const char *restrict format, ...)
{
    va_list args;
    size_t n;

    va_start(args, format);
    n = tb_format(out, cap, format, args);
    va_end(args);
    return (int)n;
}

/* ---- what BearSSL calls ---- */

/* A copy past its object, a canary that changed: nothing of this machine can be believed. */
void __stack_chk_fail(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* Asked only where a chain is judged without being told when; then nothing is valid. */
time_t time(time_t *out)
{
    if (out != NULL)
        *out = 0;
    return 0;
}

void *__memcpy_chk(void *to, const void *from, size_t n, size_t room)
{
    if (n > room)
        __stack_chk_fail();
    return memcpy(to, from, n);
}

void *__memmove_chk(void *to, const void *from, size_t n, size_t room)
{
    if (n > room)
        __stack_chk_fail();
    return memmove(to, from, n);
}

void *__memset_chk(void *to, int c, size_t n, size_t room)
{
    if (n > room)
        __stack_chk_fail();
    return memset(to, c, n);
}
