"""The disk: EFI system partition with boot sets and loader, and the state partition."""
import fnmatch
import glob
import json
import os
import shutil
import tempfile

from steps import Timer, need, run, write

# Fixed, so that PCR 5 is the same in every run.
IDS = '5d1f7c52-6c43-4b0f-9a6c-0f0d3a3c5e'
ESP_START, ESP_SECTORS = 2048, 532480       # 260 MiB: FAT32 with clusters of 4096 bytes
STATE_START, STATE_SECTORS = 534528, 131072  # 64 MiB
TABLE = f"""label: gpt
label-id: {IDS}00
start={ESP_START}, size={ESP_SECTORS}, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid={IDS}01
start={STATE_START}, size={STATE_SECTORS}, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid={IDS}02
"""


def boot_conf(args):
    """docs/boot-chain.md: the file of pkg/bootconf.h."""
    lines = ['trueboot-boot 1', f'default {args.default}', *(f'good {s}' for s in sorted(args.good))]
    lines += ['quiet'] * args.quiet
    lines += [f'append {args.append}'] * bool(args.append)
    return '\n'.join([*lines, 'end', ''])


def named(text):
    path, _, file = text.partition('=')
    return path.strip('/'), file


def esp_files(args, scratch):
    """{path: file} of everything on the ESP."""
    files = {'EFI/BOOT/BOOTX64.EFI': f'{args.packages}/trueboot.efi'}
    for set_, packages in (('a', sorted(glob.glob(f'{args.packages}/*.tbp'))), ('b', args.set_b)):
        files |= {f'trueboot/{set_}/{os.path.basename(path)}': path for path in packages}
    write(f'{scratch}/boot.conf', boot_conf(args))
    files['trueboot/boot.conf'] = f'{scratch}/boot.conf'
    files |= dict(named(text) for text in args.esp)
    return {path: file for path, file in files.items()
            if not any(fnmatch.fnmatch(path, pattern) for pattern in args.without)}


def make_esp(disk, files):
    image = f'{disk}@@{ESP_START * 512}'
    run('mformat', '-i', image, '-F', '-c', '8', '-T', ESP_SECTORS, '-h', '64', '-s', '32',
        '-N', IDS[:8], '-v', 'TRUEBOOT', '::')
    folders = {'/'.join(path.split('/')[:i]) for path in files for i in range(1, path.count('/') + 1)}
    run('mmd', '-i', image, *(f'::/{folder}' for folder in sorted(folders)))
    for path, file in sorted(files.items()):
        run('mcopy', '-i', image, file, f'::/{path}')


def state_files(args, scratch):
    tree = f'{scratch}/state'
    address, _, gateway = args.network.partition(',')
    write(f'{tree}/data/network', f'address {address}\ngateway {gateway}\n')
    if args.server:
        write(f'{tree}/data/agent/agent.json', json.dumps({
            'server': args.server, 'pin': args.pin, 'name': args.name, 'state': '/data/agent/state',
            'boot_set': '/run/trueboot/set', 'user_log': '/run/trueboot/events.cel'}, indent=2) + '\n')
        write(f'{tree}/data/agent/token', f'{args.token}\n')
        os.chmod(f'{tree}/data/agent', 0o700)
    for path, file in (named(text) for text in args.state):
        os.makedirs(os.path.dirname(f'{tree}/{path}'), exist_ok=True)
        shutil.copy(file, f'{tree}/{path}')
    return tree


def make(disk, args):
    need('sfdisk', 'mcopy', 'mke2fs')
    timer = Timer()
    disk = os.path.abspath(disk)
    if os.path.exists(disk):
        os.remove(disk)
    with tempfile.TemporaryDirectory(prefix='trueboot-disk.') as scratch:
        write(disk, b'')
        os.truncate(disk, (STATE_START + STATE_SECTORS + 2048) * 512)
        write(f'{scratch}/table', TABLE)
        run('sh', '-c', 'sfdisk -q "$1" <"$2"', 'sh', disk, f'{scratch}/table')
        make_esp(disk, esp_files(args, scratch))
        run('mke2fs', '-q', '-t', 'ext4', '-L', 'trueboot-state', '-U', f'{IDS}03',
            '-O', '^metadata_csum_seed,^orphan_file', '-d', state_files(args, scratch),
            '-E', f'offset={STATE_START * 512},root_owner=0:0', disk, f'{STATE_SECTORS // 2}k')
    timer.tell(disk)
