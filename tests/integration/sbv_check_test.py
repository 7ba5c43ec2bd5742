#!/usr/bin/env python3
"""trueboot-sbv --status and --check on made-up hosts: programs signed here by keys of every kind, and
where tests/boot left its cache, those that Debian ships.

usage: sbv_check_test.py TRUEBOOT_SBV UNSIGNED_EFI_PROGRAM"""
import glob
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import uuid

SBV, PROGRAM = (os.path.abspath(p) for p in sys.argv[1:3])
SOURCE = os.environ['TRUEBOOT_SOURCE']
DEBIAN = os.path.join(os.environ.get('TRUEBOOT_BUILD', ''), 'debian-packages')
GLOBAL = '8be4df61-93ca-11d2-aa0d-00e098032b8c'
SECURITY = 'd719b2cb-3d3a-4596-a3bc-dad00e67656f'
SHIM = '605dab50-e046-4300-abb6-3dd810dd8b23'
X509 = uuid.UUID('a5c059a1-94e4-4aa7-87b5-ab155c2bf072').bytes_le
RELEASE = '6.1.0-1-test'


def run(*argv, code=0, **kw):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, **kw)
    assert done.returncode == code, (argv, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def sbv(*options, code=0):
    return run(SBV, *options, '--root', 'root', code=code)


def write(path, data):
    path = f'root/{path}'
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def variable(name, guid, data):
    write(f'sys/firmware/efi/efivars/{name}-{guid}', b'\7\0\0\0' + data)


def signatures(kind, entry):
    return kind + struct.pack('<III', 28 + 16 + len(entry), 0, 16 + len(entry)) + bytes(16) + entry


def key(name, issuer=None):
    ca = ['-CA', f'{issuer}.crt', '-CAkey', f'{issuer}.key'] if issuer else []
    run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', f'/CN={name}', '-days',
        '30', '-keyout', f'{name}.key', '-out', f'{name}.crt', *ca)
    run('openssl', 'x509', '-in', f'{name}.crt', '-outform', 'der', '-out', f'{name}.der')
    return read(f'{name}.der')


def signed(path, *names):
    shutil.copy(PROGRAM, 'program')
    for name in names:
        run('sbsign', '--key', f'{name}.key', '--cert', f'{name}.crt', '--output', 'program', 'program')
    write(path, read('program'))


def host():
    """Secure Boot off, db has one key, one signed loader and kernel."""
    shutil.rmtree('root', ignore_errors=True)
    variable('SecureBoot', GLOBAL, b'\0')
    variable('SetupMode', GLOBAL, b'\0')
    variable('db', SECURITY, signatures(X509, read('db.der')))
    signed('boot/efi/EFI/BOOT/BOOTX64.EFI', 'db')
    signed(f'boot/vmlinuz-{RELEASE}', 'db')
    write('proc/modules', 'ext4 983040 1 - Live 0x0000000000000000\n')
    write('proc/cmdline', 'BOOT_IMAGE=/boot/vmlinuz quiet\n')
    write('proc/sys/kernel/osrelease', f'{RELEASE}\n')
    write('sys/kernel/security/lockdown', 'none [integrity] confidentiality\n')


def what_is_signed_for_db_stands_not_in_the_way():
    host()
    out = sbv('--check')
    assert 'ok    /boot/efi/EFI/BOOT/BOOTX64.EFI: db: CN=db' in out, out
    assert f'ok    /boot/vmlinuz-{RELEASE}: db: CN=db' in out and 'nothing stands' in out, out
    signed('boot/efi/EFI/BOOT/BOOTX64.EFI', 'leaf')  # its issuer is in db
    assert 'BOOTX64.EFI: db: CN=leaf' in sbv('--check')


def what_would_not_start_is_named_with_what_to_do():
    host()
    path = '/boot/efi/EFI/other/x.efi'
    for names, told, to_do in (((), 'not signed', 'sign it'), (('other',), 'CN=other', 'enrol')):
        signed(path, *names)
        out = sbv('--check', code=1)
        assert f'STOPS {path}: ' in out and told in out and f'to do: {to_do}' in out, out
        assert '1 stand in the way' in out
    signed(path, 'other', 'db')  # one good signature is enough
    sbv('--check')
    data = bytearray(read(f'root{path}'))
    data[0x400] ^= 1
    write(path, bytes(data))
    assert f'STOPS {path}: its signature does not hold' in sbv('--check', code=1)


def what_dbx_forbids_stops_whoever_signed_it():
    host()
    variable('dbx', SECURITY, signatures(X509, read('db.der')))
    assert 'STOPS /boot/efi/EFI/BOOT/BOOTX64.EFI: dbx forbids it' in sbv('--check', code=1)
    host()
    listed = run('hash-to-efi-sig-list', 'root/boot/efi/EFI/BOOT/BOOTX64.EFI', 'hash.esl')
    assert 'HASH' in listed.upper()
    variable('dbx', SECURITY, read('hash.esl'))
    assert 'dbx forbids it' in sbv('--check', code=1)
    os.remove(f'root/sys/firmware/efi/efivars/dbx-{SECURITY}')
    variable('db', SECURITY, read('hash.esl'))  # the same digest, allowed
    out = sbv('--check')
    assert 'ok    /boot/efi/EFI/BOOT/BOOTX64.EFI: db' in out, out


def a_machine_owner_key_counts_as_shims():
    host()
    signed(f'boot/vmlinuz-{RELEASE}', 'other')
    sbv('--check', code=1)
    variable('MokListRT', SHIM, signatures(X509, read('other.der')))
    assert f'ok    /boot/vmlinuz-{RELEASE}: shim: CN=other' in sbv('--check')


def modules_that_the_kernel_does_not_trust_are_named_with_their_signer():
    host()
    write('proc/modules', 'nvidia_drm 1 0 - Live 0x0 (POE)\nzfs 1 0 - Live 0x0 (PO)\n')
    folder = f'lib/modules/{RELEASE}/updates/dkms'
    out = sbv('--check', code=1)
    assert 'STOPS kernel module nvidia_drm: ' in out and 'not found' in out and 'zfs' not in out, out
    write(f'{folder}/nvidia-drm.ko', b'\177ELF')
    assert 'nvidia_drm: not signed' in sbv('--check', code=1)
    write(f'{folder}/nvidia-drm.ko.xz', b'compressed')
    os.remove(f'root/{folder}/nvidia-drm.ko')
    assert 'compressed' in sbv('--check', code=1)
    os.remove(f'root/{folder}/nvidia-drm.ko.xz')
    with open('code', 'wb') as f:
        f.write(b'\177ELF')
    run('openssl', 'smime', '-sign', '-noattr', '-nocerts', '-binary', '-in', 'code', '-inkey',
        'other.key', '-signer', 'other.crt', '-outform', 'der', '-out', 'p7s')
    p7s = read('p7s')
    write(f'{folder}/nvidia-drm.ko', b'\177ELF' + p7s + b'\0\0\2\0\0\0\0\0' +
          struct.pack('>I', len(p7s)) + b'~Module signature appended~\n')
    out = sbv('--check', code=1)
    assert 'signed with a certificate of CN=other, serial number' in out, out


def hosts_without_keys_or_without_uefi_are_told_so():
    host()
    variable('SetupMode', GLOBAL, b'\1')
    assert 'setup mode' in sbv('--check', code=1)
    out = sbv('--check', '--db', 'db.der')
    assert 'nothing stands' in out, out
    assert 'expected signature lists' in sbv('--check', '--db', 'db.key', code=1)
    shutil.rmtree('root/sys/firmware')
    out = sbv('--check', code=1)
    assert 'legacy mode' in out, out
    shutil.rmtree('root/boot/efi')
    assert 'no EFI system partition' in sbv('--check', '--db', 'db.der', code=1)


def the_status_is_told():
    host()
    out = sbv('--status')
    for line in ('secure-boot  off', 'lockdown     integrity', 'chain        GRUB'):
        assert line in out, out
    variable('SecureBoot', GLOBAL, b'\1')
    variable('MokListRT', SHIM, b'x')
    assert 'secure-boot  on' in sbv('--status') and 'shim, GRUB' in sbv('--status')
    variable('SetupMode', GLOBAL, b'\1')
    assert 'secure-boot  setup-mode' in sbv('--status')
    write('proc/cmdline', 'quiet trueboot.set=b\n')
    assert 'Trueboot, boot set b' in sbv('--status')
    shutil.rmtree('root')
    assert 'not started by UEFI' in sbv('--status')


def what_debian_ships_is_recognised():
    """With what tests/boot downloaded; not without it."""
    packages = glob.glob(f'{DEBIAN}/*.deb')
    if not any('shim-signed_' in p for p in packages):
        print('skipped: no packages of Debian in the build folder')
        return
    host()
    for package in packages:
        run('dpkg-deb', '-x', package, 'debian')
    shutil.rmtree('root/boot')
    for name in 'shimx64', 'mmx64':
        write(f'boot/efi/EFI/debian/{name}.efi', read(f'debian/usr/lib/shim/{name}.efi.signed'))
    write('boot/efi/EFI/debian/grubx64.efi',
          read('debian/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed'))
    out = sbv('--check', code=1)  # db has a key of ours, not Microsoft's
    assert out.count('STOPS') == 3 and 'CN=Microsoft Windows UEFI Driver Publisher' in out, out
    with open('shim.p7', 'wb') as f:
        data = read('root/boot/efi/EFI/debian/shimx64.efi')
        at, = struct.unpack_from('<I', data, 0x3c)
        table, size = struct.unpack_from('<II', data, at + 24 + 112 + 32)
        f.write(data[table + 8:table + size])
    certs = run('openssl', 'pkcs7', '-inform', 'der', '-in', 'shim.p7', '-print_certs')
    ca = certs.split('subject')[2]
    run('openssl', 'x509', '-outform', 'der', '-out', 'ca.der', input=ca[ca.index('-----BEGIN'):])
    out = sbv('--check', '--db', 'ca.der')
    assert out.count(': shim: CN=Debian Secure Boot Signer') == 2, out


def main():
    folder = tempfile.mkdtemp(prefix='trueboot-check-')
    os.chdir(folder)
    try:
        key('db')
        key('other')
        key('leaf', 'db')
        for test in (what_is_signed_for_db_stands_not_in_the_way,
                     what_would_not_start_is_named_with_what_to_do,
                     what_dbx_forbids_stops_whoever_signed_it, a_machine_owner_key_counts_as_shims,
                     modules_that_the_kernel_does_not_trust_are_named_with_their_signer,
                     hosts_without_keys_or_without_uefi_are_told_so, the_status_is_told,
                     what_debian_ships_is_recognised, help_manual_and_completion_name_the_same):
            test()
            print(f'ok {test.__name__}')
    finally:
        os.chdir('/')
        shutil.rmtree(folder)


def help_manual_and_completion_name_the_same():
    manual = read(f'{SOURCE}/docs/man/trueboot-sbv.8').decode()
    completion = read(f'{SOURCE}/tools/sbv/completion.bash').decode()
    source = read(f'{SOURCE}/tools/sbv/main.c').decode()
    names = [line.split('"')[1] for line in source.splitlines() if line.startswith('    { "')]
    assert len(names) > 10
    for name in names:
        assert f'Fl -{name}' in manual or f', -{name}' in manual, name
        assert f'--{name}' in completion, name
        assert name in ('help', 'version') or f'--{name}' in run(SBV, '--help'), name


if __name__ == '__main__':
    main()
