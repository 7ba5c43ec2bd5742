#!/bin/sh
# Prints the header through which openapi.c embeds a file. The checksum makes the header change with
# the file, because a compiler does not see what an assembler includes.
printf '#define TB_OPENAPI_FILE "%s" /* %s */\n' "$1" "$(cksum <"$1")"
