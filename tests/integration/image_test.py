#!/usr/bin/env python3
"""trueboot-image: what it makes twice is the same twice, and holds what the boot chain reads.

usage: image_test.py BUILD [CACHE]
Exit status 77: a package of the kind boots is not installed, or Debian's kernel cannot be had.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ['TRUEBOOT_SOURCE']
BUILD = os.path.abspath(sys.argv.pop(1))
CACHE = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else f'{BUILD}/debian-packages'
IMAGE = f'{SOURCE}/tools/image/trueboot-image'
TOOL = f'{BUILD}/tools/pkg/trueboot-pkg'
LOADER = f'{BUILD}/loader/trueboot.efi'


def run(*argv, **options):
    done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120, check=False, **options)
    if done.returncode == 77:
        print(done.stdout)
        sys.exit(77)
    assert done.returncode == 0, f'{argv}: {done.returncode}: {done.stdout}'
    return done.stdout


def read(path):
    with open(path, 'rb') as file:
        return file.read()


class Image(unittest.TestCase):
    """One set of keys; everything else is made twice, the second time in other surroundings."""

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix='trueboot-image.')
        cls.addClassCleanup(shutil.rmtree, cls.top)
        cls.keys = f'{cls.top}/keys'
        run(IMAGE, 'keys', cls.keys, '--build', BUILD)
        # The keys are of now, so the packages must be, too.
        date = str(int(os.path.getmtime(f'{cls.keys}/vendor/root.crt')) + 60)
        for name, surroundings in (('one', {}), ('two', {'TZ': 'Asia/Tokyo', 'LANG': 'C.UTF-8'})):
            cls.make(f'{cls.top}/{name}', {**os.environ, **surroundings, 'SOURCE_DATE_EPOCH': date})

    @classmethod
    def make(cls, top, env):
        run(IMAGE, 'base', f'{top}/base', '--build', BUILD, '--keys', cls.keys, '--cache', CACHE,
            env=env)
        run(IMAGE, 'packages', f'{top}/packages', '--build', BUILD, '--keys', cls.keys,
            '--base', f'{top}/base', env=env)

    def same(self, *names):
        for name in names:
            with self.subTest(name):
                self.assertEqual(read(f'{self.top}/one/{name}'), read(f'{self.top}/two/{name}'))

    def test_kernel_initrd_and_system_image_are_reproducible(self):
        self.same('base/vmlinuz', 'base/initrd', 'base/system.img', 'base/roothash', 'base/verity')

    def test_packages_and_the_loader_before_it_is_signed_are_reproducible(self):
        self.same('packages/trueboot-base_1.0.tbp', 'packages/hello_1.0.tbp',
                  'packages/early_1.0.tbp', 'packages/trueboot-unsigned.efi')

    def test_the_loader_is_the_same_bytes_from_another_copy_of_the_source(self):
        copy = f'{self.top}/elsewhere'
        for part in 'core', 'crypto', 'loader', 'pkg':
            shutil.copytree(f'{SOURCE}/{part}', f'{copy}/{part}')
        [version] = re.findall(r"^  version: '([^']+)'", read(f'{SOURCE}/meson.build').decode(),
                               re.M)
        run(f'{copy}/loader/build', copy, f'{copy}/trueboot.efi', version)
        self.assertEqual(read(f'{copy}/trueboot.efi'), read(LOADER))

    def test_every_package_is_good_for_its_vendor_and_for_no_other(self):
        packages = sorted(f'{self.top}/one/packages/{name}'
                          for name in os.listdir(f'{self.top}/one/packages') if '.tbp' in name)
        self.assertEqual(len(packages), 4)
        run(TOOL, 'verify', *packages, '--vendor', f'{self.keys}/vendor/root.crt',
            '--level', 'certified')
        for package in packages:
            other = subprocess.run([TOOL, 'verify', package, '--vendor',
                                    f'{self.keys}/foreign/vendor/root.crt'], capture_output=True,
                                   timeout=60, check=False)
            self.assertEqual(other.returncode, 1)

    def test_the_loader_holds_the_vendor_root_under_its_signature_for_db(self):
        loader, section = f'{self.top}/one/packages/trueboot.efi', f'{self.top}/section'
        run('sbverify', '--cert', f'{self.keys}/db.crt', loader)
        run('objcopy', '--dump-section', f'.vendor={section}', loader, f'{self.top}/copy')
        self.assertEqual(read(section), read(f'{self.keys}/vendor/root.der'))

    def test_the_hash_tree_fits_the_image_and_its_root_is_signed(self):
        base = f'{self.top}/one/base'
        verity = dict(line.split() for line in read(f'{base}/verity').decode().splitlines())
        offset = str(int(verity['hash-start']) * 4096)
        run('veritysetup', 'verify', '--no-superblock', '--hash', verity['hash'],
            '--salt', verity['salt'], '--data-block-size', '4096', '--hash-block-size', '4096',
            '--data-blocks', verity['data-blocks'], '--hash-offset', offset,
            f'{base}/system.img', f'{base}/system.img', read(f'{base}/roothash').decode())
        out = f'{self.top}/payloads'
        os.mkdir(out)
        run(TOOL, 'extract', f'{self.top}/one/packages/trueboot-base_1.0.tbp', '--vendor',
            f'{self.keys}/vendor/root.crt', '--to', out)
        run('cpio', '-idmu', '--quiet', '-F', f'{out}/roothash.cpio', cwd=out)
        run('openssl', 'smime', '-verify', '-binary', '-inform', 'DER', '-in',
            f'{out}/trueboot/roothash.p7s', '-content', f'{base}/roothash', '-purpose', 'any',
            '-CAfile', f'{self.keys}/vendor/root.crt')

    def test_keys_behind_pkcs11_sign_packages_root_hash_and_loader(self):
        module = '/usr/lib/softhsm/libsofthsm2.so'
        if not os.path.exists(module) or not shutil.which('softhsm2-util'):
            self.skipTest('softhsm2 is not installed')
        os.makedirs(f'{self.top}/tokens')
        with open(f'{self.top}/softhsm.conf', 'w', encoding='ascii') as file:
            file.write(f'directories.tokendir = {self.top}/tokens\n')
        env = {**os.environ, 'SOFTHSM2_CONF': f'{self.top}/softhsm.conf',
               'PKCS11_MODULE_PATH': module}
        pin = '--pin', '1234'
        run('softhsm2-util', '--init-token', '--free', '--label', 't', '--so-pin', '1234', *pin,
            env=env)
        for number, (label, key) in enumerate((('s', 'vendor/signer'), ('db', 'db')), 1):
            run('softhsm2-util', '--import', f'{self.keys}/{key}.key', '--token', 't', '--label',
                label, '--id', f'0{number}', *pin, env=env)
        out = f'{self.top}/hsm'
        uri = 'pkcs11:token=t;object={};pin-value=1234'
        run(IMAGE, 'packages', out, '--build', BUILD, '--keys', self.keys,
            '--base', f'{self.top}/one/base', '--key', uri.format('s'), '--db-key',
            uri.format('db'), '--only', 'trueboot-base', '--only', 'trueboot-loader', env=env)
        run('sbverify', '--cert', f'{self.keys}/db.crt', f'{out}/trueboot.efi')
        run(TOOL, 'verify', f'{out}/trueboot-base_1.0.tbp', f'{out}/trueboot-loader_1.0.tbp',
            '--vendor', f'{self.keys}/vendor/root.crt')

    def test_a_disk_has_the_files_of_its_boot_set_and_what_the_options_change(self):
        disk, extra = f'{self.top}/disk.img', f'{self.top}/extra'
        with open(extra, 'w', encoding='ascii') as file:
            file.write('extra\n')
        run(IMAGE, 'disk', disk, '--packages', f'{self.top}/one/packages', '--append', 'x=1',
            '--good', 'ab', '--without', 'trueboot/a/early_*', '--esp', f'trueboot/a/odd={extra}')
        on_esp = ['-i', f'{disk}@@1M']
        names = run('mdir', '-/', '-b', *on_esp, '::').split()
        self.assertEqual(sorted(names), sorted(f'::/{name}' for name in (
            'EFI/', 'EFI/BOOT/', 'EFI/BOOT/BOOTX64.EFI', 'trueboot/', 'trueboot/boot.conf',
            'trueboot/a/', 'trueboot/a/hello_1.0.tbp', 'trueboot/a/odd',
            'trueboot/a/trueboot-base_1.0.tbp', 'trueboot/a/trueboot-loader_1.0.tbp')))
        self.assertEqual(run('mtype', *on_esp, '::/trueboot/boot.conf'),
                         'trueboot-boot 1\ndefault a\ngood a\ngood b\nappend x=1\nend\n')


if __name__ == '__main__':
    if not os.path.exists(LOADER):
        print('the boot chain was not built: a package of the kind boots is missing')
        sys.exit(77)
    unittest.main()
