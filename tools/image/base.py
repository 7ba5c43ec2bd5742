"""The parts of the base package: Debian's kernel, the initrd, the system image with its hash tree."""
import glob
import hashlib
import os
import re
import shutil

import cpio
from steps import Timer, die, need, read, run, write

# Fixed, so that the same content has the same root hash. A salt need not be secret.
SALT = hashlib.sha256(b'trueboot system image').hexdigest()
BLOCK = 4096
# What a kernel of Debian may have as modules and a host needs before it has its system image:
# disk and network of a virtual machine, the ESP's file system, the system image's layers. efivarfs
# comes first: init asks it whether Secure Boot is on when it loads dm-verity.
MODULES = ('efivarfs', 'virtio_pci', 'virtio_blk', 'virtio_net', 'virtio_rng', 'vfat', 'nls_cp437',
           'nls_ascii', 'loop', 'crc32c_generic', 'ext4', 'sha512_generic', 'dm_verity', 'squashfs',
           'evdev', 'button')
PROGRAMS = {'init/trueboot-init': 'sbin/init', 'tools/sbv/trueboot-sbv': 'usr/bin/trueboot-sbv',
            'agent/trueboot-agent': 'usr/bin/trueboot-agent',
            'tools/pkg/trueboot-pkg': 'usr/bin/trueboot-pkg'}
# Loaded at run time, so ldd does not name it.
LIBRARIES = ('/usr/lib/x86_64-linux-gnu/libtss2-tcti-device.so.0',)
TOOLS = ('sh', 'cat', 'dmesg', 'ip', 'ls', 'mount', 'poweroff', 'ps', 'reboot', 'sleep', 'umount')
MOUNT_POINTS = ('dev', 'proc', 'sys', 'run', 'tmp', 'esp', 'data')


def make(folder, args):
    need('mksquashfs', 'veritysetup', 'depmod', 'ldd', 'dpkg-deb', '/bin/busybox')
    os.makedirs(folder, exist_ok=True)
    timer = Timer()
    deb = args.kernel or newest_kernel(args.cache or f'{args.build}/debian-packages')
    unpacked = kernel(folder, deb)
    timer.tell(f'{folder}/vmlinuz')
    initrd(folder, unpacked, args)
    timer.tell(f'{folder}/initrd')
    system_image(folder, args)
    timer.tell(f'{folder}/system.img')


def newest_kernel(cache):
    """Downloaded, not installed: its scripts would write to this machine's own boot partition."""
    debs = glob.glob(f'{cache}/linux-image-*-cloud-amd64_*.deb')
    if not debs:
        os.makedirs(cache, exist_ok=True)
        known = re.search(r'Depends: (linux-image-6\.1\.\S+)',
                          run('apt-cache', 'depends', 'linux-image-cloud-amd64'))
        try:
            run('apt-get', '-q', 'download', known.group(1), cwd=cache)
        except Exception:  # whatever it was: without a kernel there is nothing to do
            die('the kernel cannot be downloaded: no network to the Debian archive, or no package '
                'lists (apt-get update)', 77)
        debs = glob.glob(f'{cache}/linux-image-*-cloud-amd64_*.deb')
    return debs[0]


def kernel(folder, deb):
    unpacked = f'{folder}/{os.path.basename(deb)[:-4]}'
    if not os.path.exists(f'{unpacked}/done'):
        run('dpkg-deb', '-x', deb, unpacked)
        [version] = os.listdir(f'{unpacked}/lib/modules')
        run('depmod', '-b', unpacked, version)
        write(f'{unpacked}/done', '')
    [image] = glob.glob(f'{unpacked}/boot/vmlinuz-*')
    shutil.copyfile(image, f'{folder}/vmlinuz')
    return unpacked


def module_name(path):
    return os.path.basename(path).split('.')[0].replace('-', '_')


def load_order(modules, names):
    """Paths below lib/modules/VERSION; each behind what it depends on."""
    depends, path_of = {}, {}
    for line in read(f'{modules}/modules.dep').decode().splitlines():
        path, _, needs = line.partition(':')
        depends[path] = needs.split()
        path_of[module_name(path)] = path
    built_in = {module_name(path) for path in read(f'{modules}/modules.builtin').decode().split()}
    order = []
    for name in names:
        if name in built_in:
            continue
        if name not in path_of:
            die(f'{modules}: no module {name}')
        # modules.dep names what is loaded first last.
        for path in [*reversed(depends[path_of[name]]), path_of[name]]:
            if path not in order:
                order.append(path)
    return order


def initrd(folder, unpacked, args):
    [modules] = glob.glob(f'{unpacked}/lib/modules/*')
    order = load_order(modules, [*MODULES, *args.module])
    names = [os.path.basename(path)[:-3] for path in order]
    members = {f'modules/{name}.ko': cpio.file(read(f'{modules}/{path}'))
               for name, path in zip(names, order)}
    members['modules/order'] = cpio.file(''.join(f'{name}\n' for name in names).encode())
    run('strip', '-o', f'{folder}/init', f'{args.build}/init/trueboot-init')
    members['init'] = cpio.file(read(f'{folder}/init'), 0o755)
    write(f'{folder}/initrd', cpio.archive(members))


def libraries(program):
    """What a program is linked with, the loader included; nothing for a static one."""
    if 'NEEDED' not in run('objdump', '-p', program):
        return []
    return re.findall(r'(/\S+) \(0x', run('ldd', program))


def system_tree(tree, args):
    shutil.rmtree(tree, ignore_errors=True)
    for place in MOUNT_POINTS + ('bin', 'etc/trueboot', 'sbin', 'usr/bin', 'var'):
        os.makedirs(f'{tree}/{place}')
    shutil.copy(os.path.realpath('/bin/busybox'), f'{tree}/bin/busybox')
    for tool in TOOLS:
        os.symlink('busybox', f'{tree}/bin/{tool}')
    programs = [(f'{args.build}/{program}', place) for program, place in PROGRAMS.items()]
    programs += [(library, library.lstrip('/')) for library in LIBRARIES]
    for program, place in programs:
        os.makedirs(os.path.dirname(f'{tree}/{place}'), exist_ok=True)
        shutil.copy(program, f'{tree}/{place}')
        if place in PROGRAMS.values():
            run('strip', f'{tree}/{place}')
        for library in libraries(program):
            os.makedirs(os.path.dirname(f'{tree}{library}'), exist_ok=True)
            shutil.copy(library, f'{tree}{library}')
    shutil.copy(f'{args.keys}/vendor/root.crt', f'{tree}/etc/trueboot/vendors.pem')
    write(f'{tree}/etc/os-release', 'NAME=Trueboot\nID=trueboot\nPRETTY_NAME="Trueboot host"\n'
                                    f'VERSION_ID={args.release}\n')
    write(f'{tree}/etc/passwd', 'root:x:0:0:root:/:/bin/sh\n')
    write(f'{tree}/etc/group', 'root:x:0:\n')
    os.symlink('/run/resolv.conf', f'{tree}/etc/resolv.conf')
    os.symlink('/run', f'{tree}/var/run')
    for place, _, names in os.walk(tree):
        for name in names:
            if not os.path.islink(f'{place}/{name}'):
                os.chmod(f'{place}/{name}', 0o755 if '/etc' not in place else 0o644)


def system_image(folder, args):
    tree, image = f'{folder}/system', f'{folder}/system.img'
    system_tree(tree, args)
    if os.path.exists(image):
        os.remove(image)
    # mksquashfs pads to 4096 bytes by itself.
    run('mksquashfs', tree, image, '-quiet', '-no-progress', '-noappend', '-all-root', '-no-xattrs',
        '-all-time', '0', '-mkfs-time', '0', '-comp', args.compression, '-b', '128K',
        env={k: v for k, v in os.environ.items() if k != 'SOURCE_DATE_EPOCH'})
    size = os.path.getsize(image)
    told = run('veritysetup', 'format', '--no-superblock', '--hash', 'sha512', '--salt', SALT,
               '--data-block-size', BLOCK, '--hash-block-size', BLOCK,
               '--data-blocks', size // BLOCK, '--hash-offset', size,
               '--uuid', '00000000-0000-4000-8000-000000000000', image, image)
    write(f'{folder}/roothash', re.search(r'Root hash:\s+([0-9a-f]{128})', told).group(1))
    write(f'{folder}/verity', f'data-blocks {size // BLOCK}\nhash-start {size // BLOCK}\n'
                              f'hash sha512\nsalt {SALT}\n')
