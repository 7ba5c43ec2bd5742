"""The signed packages: base, loader, a workload, and one that adds to the initrd."""
import json
import os
import re
import shutil
import struct
import tempfile

import cpio
from steps import Timer, die, need, read, run, write

HELLO = """#!/bin/busybox sh
# A workload: says that it runs.
n=0
while :; do
    n=$((n + 1))
    echo "hello: $n"
    sleep 5
done
"""
EARLY = {'trueboot/early/motd': cpio.file(b'added by the package early\n')}
NAMES = ('trueboot-base', 'trueboot-loader', 'hello', 'early')


def make(folder, args):
    need('sbsign', 'objcopy', 'openssl')
    scratch = f'{folder}/scratch'
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    timer = Timer()
    parts = {'trueboot-base': base, 'trueboot-loader': loader, 'hello': hello, 'early': early}
    for name in args.only or NAMES:
        description = {'name': name, 'version': args.version, 'kind': 'software',
                       'security_version': args.security_version, 'vendor': args.vendor_name,
                       'level': args.level, **parts[name](scratch, folder, args)}
        timer.tell(build(scratch, folder, description, args))
    shutil.rmtree(scratch)


def signer(args):
    vendor = args.vendor or f'{args.keys}/vendor'
    return args.key or f'{vendor}/signer.key', f'{vendor}/signer.crt', f'{vendor}/root.crt'


def engine_of(key, option, *more):
    """A key behind PKCS#11 is opened by OpenSSL's engine."""
    return [option, 'pkcs11', *more] if key.startswith('pkcs11:') else []


def build(scratch, folder, description, args):
    spec = f'{scratch}/{description["name"]}.json'
    out = f'{folder}/{description["name"]}_{description["version"]}.tbp'
    key, certificates, _ = signer(args)
    write(spec, json.dumps(description, indent=1))
    run(f'{args.build}/tools/pkg/trueboot-pkg', 'build', spec, '--key', key, '--certs', certificates,
        '--out', out)
    return out


def payload(kind, path):
    return {'kind': kind, 'file': os.path.abspath(path)}


def base(scratch, _, args):
    """The kernel wants a PKCS#7 signature of the root hash; the same key signs the package."""
    key, certificates, _ = signer(args)
    run('openssl', 'smime', '-sign', '-binary', '-noattr', '-md', 'sha512',
        *engine_of(key, '-engine', '-keyform', 'engine'),
        '-in', f'{args.base}/roothash', '-inkey', key, '-signer', certificates,
        '-outform', 'DER', '-out', f'{scratch}/roothash.p7s')
    write(f'{scratch}/roothash.cpio', cpio.archive({
        'trueboot/roothash': cpio.file(read(f'{args.base}/roothash')),
        'trueboot/roothash.p7s': cpio.file(read(f'{scratch}/roothash.p7s')),
        'trueboot/verity': cpio.file(read(f'{args.base}/verity'))}))
    return {'kind': 'base', 'options': {'cmdline': args.cmdline}, 'payloads': [
        payload('kernel', f'{args.base}/vmlinuz'), payload('initrd', f'{args.base}/initrd'),
        payload('roothash', f'{scratch}/roothash.cpio'),
        payload('system', f'{args.base}/system.img')]}


def end_of_image(image):
    """Where a new section may go: behind the last one in memory (PE/COFF, SizeOfImage)."""
    at = struct.unpack_from('<I', image, 0x3C)[0] + 24
    if image[at - 24:at - 20] != b'PE\0\0' or image[at:at + 2] != b'\x0b\x02':
        die('the loader is no 64-bit PE image')
    [image_base] = struct.unpack_from('<Q', image, at + 24)
    alignment, size = (struct.unpack_from('<I', image, at + offset)[0] for offset in (32, 56))
    return image_base + -(-size // alignment) * alignment


def loader(scratch, folder, args):
    """The vendor's roots are a section of the loader, so its own signature covers them."""
    generic, own = f'{args.build}/loader/trueboot.efi', f'{scratch}/trueboot.efi'
    _, _, root = signer(args)
    run('openssl', 'x509', '-in', root, '-outform', 'DER', '-out', f'{scratch}/vendor.der')
    run('objcopy', '--preserve-dates', '--add-section', f'.vendor={scratch}/vendor.der',
        '--change-section-vma', f'.vendor={end_of_image(read(generic)):#x}',
        '--set-section-flags', '.vendor=contents,alloc,load,readonly,data', generic, own)
    write(f'{folder}/trueboot-unsigned.efi', read(own))
    key = args.db_key or f'{args.keys}/db.key'
    run('sbsign', *engine_of(key, '--engine'), '--key', key, '--cert', f'{args.keys}/db.crt',
        '--output', f'{folder}/trueboot.efi', own)
    return {'payloads': [payload('efi', f'{folder}/trueboot.efi')]}


def hello(scratch, _, __):
    write(f'{scratch}/hello', HELLO)
    return {'options': {'service': 'hello'}, 'payloads': [payload('file', f'{scratch}/hello')]}


def early(scratch, _, __):
    write(f'{scratch}/early.cpio', cpio.archive(EARLY))
    return {'payloads': [payload('initrd', f'{scratch}/early.cpio')]}



def authenticode(path):
    """SHA-256 of an EFI program as the firmware computes it: what dbx holds."""
    with tempfile.NamedTemporaryFile() as out:
        told = run('hash-to-efi-sig-list', path, out.name)
    return bytes.fromhex(re.search(r'HASH IS ([0-9a-f]{64})', told).group(1))
