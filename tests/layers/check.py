#!/usr/bin/env python3
"""Holds the source to its layers, as a test.

usage: check.py SOURCE [CORE_LIBRARY ...]

1. Which directory includes what: of the project, and of the outside (each outside library has one
   door).
2. Every header compiles alone.
3. The libraries given (the verification core) use no files, sockets, clock, environment, allocation
   or output.
4. Calls that are banned stand nowhere in the product (tests may still have them).
"""
import os
import re
import subprocess
import sys

BASE = {"core/reader.h", "core/reason.h", "core/checks.h", "core/alg.h", "core/tpm_class.h"}

# directory: (directories of the project, single headers besides, outside libraries)
LAYERS = {
    "core": ({"core", "crypto", "pkg"}, set(), ()),
    "crypto": ({"crypto"}, BASE | {"core/public.h"}, ("openssl/",)),
    "crypto/bearssl": ({"crypto"}, BASE, ("bearssl.h",)),
    "pkg": ({"pkg", "core", "crypto"}, set(), ()),
    "wire": ({"wire", "core", "crypto", "pkg"}, set(), ("cbor/", "jansson.h")),
    "files": ({"files"}, BASE, ()),
    "store": ({"store", "core", "crypto"}, set(), ("sqlite3.h", "libpq-fe.h", "zstd.h")),
    "tpm": ({"tpm", "core", "crypto"}, set(), ("tss2/",)),
    "agent": ({"agent", "files", "core", "crypto", "wire", "tpm", "pkg"}, set(),
              ("curl/", "jansson.h", "systemd/", "zstd.h")),
    "server": ({"server", "files", "core", "crypto", "wire", "store", "pkg"}, set(),
               ("jansson.h", "sodium.h", "systemd/", "zstd.h")),
    "server/http": ({"server", "core", "crypto", "wire"}, set(),
                    ("microhttpd.h", "gnutls/", "jansson.h", "zstd.h")),
    "loader": ({"loader", "pkg"},
               BASE | {"crypto/hash.h", "crypto/codesign.h", "crypto/bearssl/small.h"}, ("efi.h",)),
    "init": ({"init", "files", "core", "pkg"}, set(), ()),
    "tools/sbv": ({"tools", "files", "core", "crypto", "pkg", "tpm"}, set(), ()),
    "tools": ({"tools", "files", "core", "crypto", "pkg"}, {"loader/load.h"}, ("jansson.h",)),
    "cli": ({"cli", "core", "crypto", "wire", "pkg"}, set(), ("curl/", "jansson.h")),
}

# System headers that the pure directories must not need.
PURE = {"core", "pkg", "wire"}
PURE_SYSTEM = {"assert.h", "inttypes.h", "limits.h", "stdarg.h", "stdbool.h", "stddef.h",
               "stdint.h", "stdio.h", "string.h", "stdlib.h"}

# stdlib.h is for wire's free(); the core allocates nothing, which nm shows.
FORBIDDEN_SYMBOLS = re.compile(
    r"^_*(open(at|64)?|f?read|f?write|close|fopen(64)?|fclose|fgets|fputs|puts|putc(har)?|printf|"
    r"fprintf|vprintf|vfprintf|perror|socket|connect|send(to|msg)?|recv(from|msg)?|poll|select|"
    r"time|clock|clock_gettime|gettimeofday|localtime(_r)?|gmtime(_r)?|getenv|secure_getenv|"
    r"setenv|malloc|calloc|realloc|reallocarray|free|mmap|brk|fork|execv[pe]*|system|popen|exit|"
    r"pthread_.*|syslog|rand|random|getrandom|sleep|nanosleep|environ|errno_location)(_chk)?$")

BANNED = re.compile(
    r"(?<![\w>.])(strcpy|strcat|sprintf|vsprintf|gets|system|popen|strtok|alloca|tmpnam|mktemp)\s*\(")



def files(source, directory, suffixes):
    for root, _, names in os.walk(os.path.join(source, directory)):
        for name in sorted(names):
            if name.endswith(suffixes):
                yield os.path.relpath(os.path.join(root, name), source)


def layer_of(path):
    return max((d for d in LAYERS if path.startswith(d + "/")), key=len, default=None)


def include_error(path, layer, kind, name):
    inside, single, outside = LAYERS[layer]
    if kind == '"':
        top = name.split("/")[0]
        if top in inside or name in single or "/" not in name:  # without a folder: generated
            return None
        return f"{path}: {layer} must not include \"{name}\""
    if layer in PURE and name not in PURE_SYSTEM and not name.startswith(outside or ("\0",)):
        return f"{path}: {layer} must not include <{name}>"
    for d, (_, _, doors) in LAYERS.items():
        for door in doors:
            if name.startswith(door) and not name.startswith(outside or ("\0",)):
                return f"{path}: <{name}> is not a library of {layer}"
    return None


def check_includes(source):
    pattern = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
    for directory in sorted({d.split("/")[0] for d in LAYERS}):
        for path in files(source, directory, (".c", ".h")):
            with open(os.path.join(source, path), encoding="utf-8") as f:
                for line in f:
                    m = pattern.match(line)
                    error = m and include_error(path, layer_of(path), m[1], m[2])
                    if error:
                        yield error


def check_headers(source):
    cc = os.environ.get("CC", "cc").split()
    flags = ["-std=gnu11", "-D_GNU_SOURCE", '-DTB_VERSION="0"', "-Wall", "-Wextra", "-Werror",
             "-I" + source, "-fsyntax-only", "-x", "c", "-isystem", "/usr/include/efi",
             "-isystem", "/usr/include/efi/x86_64"]
    for directory in sorted({d.split("/")[0] for d in LAYERS}):
        for path in files(source, directory, (".h",)):
            r = subprocess.run(cc + flags + [os.path.join(source, path)], capture_output=True,
                               text=True, timeout=60)
            if r.returncode != 0:
                yield f"{path} does not compile alone:\n{r.stderr.strip()}"


def check_symbols(libraries):
    for library in libraries:
        r = subprocess.run(["nm", "-u", library], capture_output=True, text=True, check=True,
                           timeout=60)
        names = {line.split()[-1].split("@")[0] for line in r.stdout.splitlines() if " U " in line}
        if not names:
            yield f"{library}: nm shows nothing"
        for name in sorted(names):
            if FORBIDDEN_SYMBOLS.match(name):
                yield f"{library} uses {name}"


def strip_comments_and_strings(text):
    def blank(m):
        return re.sub(r"[^\n]", " ", m[0])
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def check_banned(source):
    for directory in sorted({d.split("/")[0] for d in LAYERS} | {"bench"}):
        for path in files(source, directory, (".c", ".h")):
            with open(os.path.join(source, path), encoding="utf-8") as f:
                text = strip_comments_and_strings(f.read())
            for number, line in enumerate(text.split("\n"), 1):
                m = BANNED.search(line)
                if m:
                    yield f"{path}:{number}: {m[1]}() is banned"


def main():
    source, libraries = sys.argv[1], sys.argv[2:]
    errors = [*check_includes(source), *check_headers(source), *check_symbols(libraries),
              *check_banned(source)]
    for error in errors:
        print(error)
    print(f"{len(errors)} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
