/* server/api/openapi.c - openapi.json, embedded. */
#include "openapi_path.h"

__asm__(".section .rodata\n"
        ".globl tb_openapi_json\n"
        ".globl tb_openapi_json_end\n"
        "tb_openapi_json:\n"
        ".incbin \"" TB_OPENAPI_FILE "\"\n"
        "tb_openapi_json_end:\n"
        ".byte 0\n"
        ".previous\n");
