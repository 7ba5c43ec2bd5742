"""Machines with Trueboot's own boot chain: what they boot from, and what an attacker does to it."""
import base64
import glob
import hashlib
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import threading

from machine import HERE, SOURCE, Machine, Tpm, Verifier, expect, good_run, read, run

IMAGE = f'{SOURCE}/tools/image/trueboot-image'
FIRMWARE = '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd'
NEEDED = {FIRMWARE: 'ovmf', 'sbsign': 'sbsigntool', 'mksquashfs': 'squashfs-tools',
          'veritysetup': 'cryptsetup-bin'}
BANKS = 'sha256,sha512'
# Emulated timers do not always tick in time on a busy host, and the kernel would give up.
CMDLINE = 'console=ttyS0 quiet panic=-1 ima_policy=tcb trueboot.poweroff no_timer_check'
LOADER = 'EFI/BOOT/BOOTX64.EFI'
STATE_START, STATE_SECTORS = 534528, 131072  # the state partition, as tools/image places it
STOPPED = 'power off in', 'Access Denied', 'Kernel panic'  # nothing else happens after these
UP = 'boot complete'
MEMBERS = {'log': 'event_log', 'user_log': 'user_log', 'boot_set': 'boot_set'}
EMPTY_CPIO = (b'070701' + b'0' * 40 + b'00000001' + b'0' * 40 + b'0000000B' + b'0' * 8 +
              b'TRAILER!!!\0\0\0\0')
TCG_BANKS = {4: 'sha1', 11: 'sha256', 12: 'sha384', 13: 'sha512'}


class World(Verifier):
    """A Verifier that believes one vendor, and that vendor's packages and keys."""

    def __init__(self, args, top, **kw):
        self.lock = threading.RLock()
        self.keys, self.base, self.packages = f'{top}/keys', f'{top}/base', f'{top}/packages'
        self.build, self.cache = args.build, args.cache
        self.image('keys', self.keys)
        made = run(IMAGE, 'base', self.base, '--build', self.build, '--keys', self.keys,
                   '--cache', self.cache)
        if made.returncode == 77:
            print(made.stdout.strip())
            sys.exit(77)
        assert made.returncode == 0, made.stdout
        self.make_packages(self.packages)
        super().__init__(args.build, top, **kw)
        self.policy = self.make_policy('boot-chain')
        self.cli('policy', 'set', self.policy)

    def image(self, command, *argv):
        return good_run(IMAGE, command, *argv, '--build', self.build)

    def make_packages(self, folder, *options, base=None):
        if '--cmdline' not in options:
            options = *options, '--cmdline', CMDLINE
        self.image('packages', folder, '--base', base or self.base, '--keys', self.keys, *options)
        return folder

    def make_base(self, folder, *options, keys=None):
        self.image('base', folder, '--keys', keys or self.keys, '--cache', self.cache, *options)
        return folder

    def make_policy(self, name, more=(), **packages):
        with open(f'{self.keys}/vendor/root.der', 'rb') as file:
            root = base64.b64encode(file.read()).decode()
        path = f'{self.top}/{name}.json'
        with open(path, 'w') as file:
            json.dump({'format': 1, 'name': name, 'packages': {'vendors': [root]} | packages,
                       **dict(more)}, file)
        return path

    def pkg(self, *argv):
        return good_run(f'{self.build}/tools/pkg/trueboot-pkg', *argv)

    def made(self, name, make):
        """A folder of packages that several cases use: made once, by who comes first."""
        with self.lock:
            folder = f'{self.top}/{name}'
            if not os.path.exists(f'{folder}/done'):
                make(folder)
                open(f'{folder}/done', 'w').close()
        return folder

    @property
    def newer(self):
        """Version 1.1 of everything, which must not be taken back."""
        def make(folder):
            base = self.make_base(f'{self.top}/base-newer', '--release', '2')
            self.make_packages(folder, '--version', '1.1', '--security-version', '2', base=base)
        return self.made('newer', make)

    @property
    def foreign(self):
        """Packages of a vendor whom nobody here believes."""
        return self.made('foreign', lambda folder: self.make_packages(
            folder, '--vendor', f'{self.keys}/foreign/vendor'))

    @property
    def strict(self):
        """A base whose signed command line asks for the level partner."""
        return self.made('strict', lambda folder: self.make_packages(
            folder, '--cmdline', f'{CMDLINE} trueboot.level=partner'))

    @property
    def community(self):
        return self.made('community', lambda folder: self.make_packages(
            folder, '--level', 'community', '--only', 'hello'))

    @property
    def stray_root_hash(self):
        """Everything signed by the vendor, but the root hash inside the base package."""
        def make(folder):
            os.makedirs(f'{folder}/foreign-base')
            foreign = self.package('trueboot-base', self.foreign)
            self.make_packages(folder)
            self.rebuild(f'{folder}/trueboot-base_1.0.tbp',
                         {'roothash.cpio': member(Host.get_file(foreign), 'roothash.cpio')})
        return self.made('stray-root-hash', make)

    @property
    def panicking(self):
        """Version 1.1 whose kernel finds no init, and another loader."""
        def make(folder):
            self.make_packages(folder, '--version', '1.1', '--security-version', '2', '--cmdline',
                               f'{CMDLINE} rdinit=/none')
            loader = self.signed_loader('newer', f'{self.keys}/db', change=b'trueboot')
            self.rebuild(f'{folder}/trueboot-loader_1.1.tbp',
                         {'trueboot.efi': Host.get_file(loader)})
        return self.made('panicking', make)

    def rebuild(self, package, replace):
        """The vendor signs it anew, with other payloads."""
        folder = f'{package}.d'
        os.makedirs(folder)
        facts = json.loads(self.pkg('inspect', '--json', package))
        content = Host.get_file(package)
        spec = {k: facts[k] for k in
                ('name', 'version', 'security_version', 'vendor', 'level', 'kind', 'options')}
        spec['payloads'] = []
        for payload in facts['payloads']:
            name = payload['name']
            with open(f'{folder}/{name}', 'wb') as file:
                file.write(replace.get(name) or member(content, name))
            spec['payloads'].append({'kind': payload['kind'], 'file': f'{folder}/{name}'})
        with open(f'{folder}/spec.json', 'w') as file:
            json.dump(spec, file)
        os.remove(package)
        self.build_package(f'{folder}/spec.json', package)

    def build_package(self, spec, out):
        vendor = f'{self.keys}/vendor'
        self.pkg('build', spec, '--key', f'{vendor}/signer.key', '--certs', f'{vendor}/signer.crt',
                 '--out', out)

    def place_of(self, path):
        """Where a file of the system image stands in it."""
        with self.lock:
            return place_in_image(f'{self.base}/system.img', path, f'{self.top}/scratch.img')

    def updater(self):
        """A package whose workload updates the host to what lies in /data/new."""
        def make(folder):
            os.makedirs(folder)
            with open(f'{folder}/spec.json', 'w') as file:
                json.dump({'name': 'updater', 'version': '1.0', 'security_version': 1,
                           'vendor': 'Trueboot test', 'level': 'certified', 'kind': 'software',
                           'options': {'service': 'update.sh'},
                           'payloads': [{'kind': 'file', 'file': f'{HERE}/guest/update.sh'}]}, file)
            self.build_package(f'{folder}/spec.json', f'{folder}/updater_1.0.tbp')
        return f'{self.made("updater", make)}/updater_1.0.tbp'

    def kexec(self):
        """A package, signed by the vendor, whose workload tries to start another kernel."""
        def make(folder):
            os.makedirs(folder)
            good_run('gcc', '-std=gnu11', '-O1', '-static', f'{HERE}/guest/kexec.c', '-o',
                     f'{folder}/kexec')
            with open(f'{folder}/spec.json', 'w') as file:
                json.dump({'name': 'kexec', 'version': '1.0', 'security_version': 1,
                           'vendor': 'Trueboot test', 'level': 'certified', 'kind': 'software',
                           'options': {'service': 'kexec'},
                           'payloads': [{'kind': 'file', 'file': f'{folder}/kexec'},
                                        {'kind': 'file', 'file': f'{self.base}/vmlinuz'}]}, file)
            self.build_package(f'{folder}/spec.json', f'{folder}/kexec_1.0.tbp')
        return f'{self.made("kexec", make)}/kexec_1.0.tbp'

    def as_set_b(self):
        """Disk options: the same packages once more."""
        return [word for file in sorted(glob.glob(f'{self.packages}/*.tbp'))
                for word in ('--set-b', file)]

    def revocations(self):
        """(list, signature): the signer takes himself back."""
        public = good_run('openssl', 'x509', '-in', f'{self.keys}/vendor/signer.crt', '-noout',
                          '-pubkey').split('-----')[2]
        digest = hashlib.sha256(base64.b64decode(public)).hexdigest()
        path = f'{self.top}/revocations'
        with open(f'{path}.txt', 'w') as file:
            file.write(f'trueboot-revocations 1\nserial 1\nissued 2026-01-01T00:00:00Z\n'
                       f'signer {digest}\nend\n')
        self.pkg('revoke', f'{path}.txt', '--key', f'{self.keys}/vendor/signer.key', '--certs',
                 f'{self.keys}/vendor/signer.crt', '--out', path)
        return path, f'{path}.sig'

    def signed_loader(self, name, key, change=b''):
        """Our loader, signed with that key; with a text in it that is written otherwise."""
        unsigned, out = f'{self.top}/{name}-unsigned.efi', f'{self.top}/{name}.efi'
        image = Host.get_file(f'{self.packages}/trueboot-unsigned.efi')
        if change:
            at = image.index(change)
            image[at:at + len(change)] = change.swapcase()
        with open(unsigned, 'wb') as file:
            file.write(image)
        good_run('sbsign', '--key', f'{key}.key', '--cert', f'{key}.crt', '--output', out, unsigned)
        return out

    def many_packages(self, n=56):
        """Disk options for so many small packages that the firmware's log cannot hold their records."""
        def make(folder):
            os.makedirs(folder)
            for i in range(n):
                name = f'filler-{i:02}-{"x" * 40}'
                payload = f'{folder}/{"p" * 50}.cpio'
                with open(payload, 'wb') as file:
                    file.write(EMPTY_CPIO)
                with open(f'{folder}/spec.json', 'w') as file:
                    json.dump({'name': name, 'version': '1.0', 'security_version': 1,
                               'vendor': 'Trueboot test', 'level': 'certified', 'kind': 'software',
                               'payloads': [{'kind': 'initrd', 'file': payload}]}, file)
                self.build_package(f'{folder}/spec.json', f'{folder}/{name}_1.0.tbp')
        folder = self.made('many', make)
        return [word for file in sorted(os.listdir(folder)) if file.endswith('.tbp')
                for word in ('--esp', f'trueboot/a/{file}={folder}/{file}')]

    def package(self, name, folder=None):
        """The file of that package."""
        folder = folder or self.packages
        [file] = [f for f in os.listdir(folder) if f.startswith(f'{name}_') and f.endswith('.tbp')]
        return f'{folder}/{file}'


class Host(Machine):
    """A machine whose disk tools/image makes."""
    disk_device = 'virtio-blk-pci,drive=disk,bootindex=0'

    def __init__(self, world, name, disk=(), variables=(), packages=None, banks=BANKS,
                 tpm_version='2.0'):
        folder = f'{world.top}/{name}'
        tpm = Tpm(f'{folder}/tpm', world.roots, banks, tpm_version) if tpm_version else None
        super().__init__(name, folder, FIRMWARE, tpm)
        self.world, self.more = world, []
        self.set_variables(*variables)
        good_run(IMAGE, 'disk', self.disk, '--packages', packages or world.packages,
                 '--server', f'https://10.0.2.2:{world.port}', '--pin', world.pin,
                 '--token', world.token, '--name', name, *disk)

    def set_variables(self, *options):
        good_run(IMAGE, 'varstore', self.world.keys, self.vars, *options)

    @staticmethod
    def get_file(path):
        with open(path, 'rb') as file:
            return bytearray(file.read())

    def start_from(self, loader):
        """A second disk, which the firmware starts from; its own stays as it is."""
        other = f'{self.dir}/other.img'
        good_run(IMAGE, 'disk', other, '--packages', self.world.packages,
                 '--esp', f'{LOADER}={loader}')
        self.disk_device = self.disk_device.replace('bootindex=0', 'bootindex=1')
        self.more = ['-drive', f'if=none,id=other,format=raw,file={other}',
                     '-device', 'virtio-blk-pci,drive=other,bootindex=0']

    # --- the EFI system partition, from outside ---

    def esp(self):
        return f'{self.disk}@@1M'

    def files(self):
        """The paths of all files there."""
        names = good_run('mdir', '-/', '-b', '-i', self.esp(), '::').split('\n')
        return [n[len('::/'):] for n in names if n.startswith('::/') and not n.endswith('/')]

    def path(self, package, boot_set='a'):
        [path] = [p for p in self.files() if p.startswith(f'trueboot/{boot_set}/{package}_')]
        return path

    def get(self, path):
        file = f'{self.dir}/file'
        good_run('mcopy', '-n', '-o', '-i', self.esp(), f'::/{path}', file)
        with open(file, 'rb') as f:
            return bytearray(f.read())

    def put(self, path, content):
        file = f'{self.dir}/file'
        with open(file, 'wb') as f:
            f.write(content)
        folder = os.path.dirname(path)
        if folder and run('mdir', '-i', self.esp(), f'::/{folder}').returncode:
            good_run('mmd', '-i', self.esp(), f'::/{folder}')
        good_run('mcopy', '-o', '-i', self.esp(), file, f'::/{path}')

    def remove(self, path):
        good_run('mdel', '-i', self.esp(), f'::/{path}')

    def tree(self):
        """A folder with what is on that partition now."""
        folder = f'{self.dir}/esp'
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        good_run('mcopy', '-s', '-n', '-i', self.esp(), '::/EFI', '::/trueboot', folder)
        return folder

    # --- attacks on packages and boot.conf ---

    def flip(self, package, member, where=0.5, boot_set='a'):
        """One bit of a package's member: a share of its length, or an offset."""
        path = self.path(package, boot_set)
        content = self.get(path)
        at, size = member_of(content, member)
        content[at + (int(size * where) if isinstance(where, float) else where)] ^= 0x04
        self.put(path, content)

    def append(self, text):
        conf = self.get('trueboot/boot.conf').decode().replace('end\n', f'append {text}\nend\n')
        self.put('trueboot/boot.conf', conf.encode())

    def update(self, folder):
        """What trueboot-pkg update does on the host, from outside."""
        tree = self.tree()
        self.world.pkg('update', '--esp', tree, '--vendor', f'{self.world.keys}/vendor/root.crt',
                       *sorted(glob.glob(f'{folder}/*.tbp')))
        for root in 'EFI', 'trueboot':
            good_run('mdeltree', '-i', self.esp(), f'::/{root}')
            good_run('mcopy', '-s', '-i', self.esp(), f'{tree}/{root}', '::/')

    # --- the state partition ---

    def state(self, *commands):
        """Commands of debugfs, once the journal has been written back: the machine was turned off with
        the file system mounted, and would undo the changes at its next start."""
        part = f'{self.dir}/state.img'
        with open(self.disk, 'r+b') as disk:
            disk.seek(STATE_START * 512)
            with open(part, 'wb') as file:
                file.write(disk.read(STATE_SECTORS * 512))
            good_run('e2fsck', '-y', '-E', 'journal_only', part)
            for command in commands:
                good_run('debugfs', '-w', '-R', command, part)
            disk.seek(STATE_START * 512)
            disk.write(self.get_file(part))

    def change_agent(self, **files):
        """What root does: the agent reads `log`, `user_log` or `boot_set` from files of its own."""
        config = f'{self.dir}/agent.json'
        self.state(f'dump /data/agent/agent.json {config}')
        with open(config) as file:
            members = json.load(file)
        members |= {MEMBERS[name]: f'/data/{name}' for name in files}
        with open(config, 'w') as file:
            json.dump(members, file)
        self.state('rm /data/agent/agent.json', f'write {config} /data/agent/agent.json')
        for name, content in files.items():
            if name == 'boot_set':
                self.state('mkdir /data/boot_set', *(
                    f'write {file} /data/boot_set/{os.path.basename(file)}'
                    for file in glob.glob(f'{content}/*.tbp')))
                continue
            with open(f'{self.dir}/{name}', 'wb') as file:
                file.write(content)
            self.state(f'write {self.dir}/{name} /data/{name}')

    # --- boots ---

    def verified(self):
        """Changes with each judgement; None before the first."""
        host = self.world.hosts().get(self.name)
        if host and host['verdict'] == 'not-capable':
            return host['last_seen']
        return host and host['last_verified']

    def attest(self, verdict='trusted', code='', secure_boot='on', options=(), until='',
               keep=False):
        """Boots until it was judged anew, and the console has that text; the result, which must be
        this one."""
        before = self.verified()
        self.boot(lambda: self.verified() not in (before, None) and until in self.text(),
                  [*self.more, *options], keep)
        return expect(self.world, self.name, verdict, code, secure_boot)

    def attest_as_predicted(self, **kw):
        """The same; what it quoted must be what its disk said before, in each bank: of a first boot
        what the loader and those behind it measure, of later ones also what the firmware does."""
        log, known = [], {9, 11, 12, 13, 14}
        if self.verified():
            with open(f'{self.dir}/log', 'wb') as file:
                file.write(self.bundle().log())
            log, known = ['--log', f'{self.dir}/log'], known | set(range(8))
        text = self.world.pkg('predict', '--json', '--esp', self.tree(), *log)
        told = json.loads(text[text.index('{'):])['pcrs']  # behind what the loader would say
        result = self.attest(**kw)
        for bank, values in self.bundle().pcrs().items():
            foretold = {int(n): v for n, v in told[bank].items()}
            assert set(foretold) >= known, foretold
            differ = {n: (v, values[n]) for n, v in foretold.items() if v != values[n]}
            assert not differ, f'{bank}: predicted and quoted differ: {differ}'
        return result

    def stopped(self, *texts, options=()):
        """Boots, and stops on the way, without coming to the agent; its console has these texts."""
        before, known = self.verified(), self.name in self.world.hosts()
        self.boot(lambda: any(end in self.text() for end in (*STOPPED, UP)), options)
        assert UP not in self.text(), f'{self.name} came up:\n{self.tail()}'
        for text in texts:
            assert text in self.text(), f'{self.name}: no "{text}":\n{self.tail()}'
        assert self.verified() == before, f'{self.name} attested: {self.verified()}'
        assert (self.name in self.world.hosts()) == known, f'{self.name} enrolled'

    def text(self):
        return read(self.console)

    def bundle(self):
        file = f'{self.dir}/bundle'
        self.world.cli('export', '--output', file, self.name)
        return Bundle(file)


def member_of(container, name):
    """(offset, size) of a package's member."""
    with tarfile.open(fileobj=io.BytesIO(bytes(container))) as tar:
        info = tar.getmember(name)
        return info.offset_data, info.size


def member(container, name):
    at, size = member_of(container, name)
    return bytes(container[at:at + size])


def place_in_image(image, path, scratch):
    """An offset in a squashfs image at which a file's content stands, by trying what it needs."""
    content = Host.get_file(image)

    def read_without(start, end):
        with open(scratch, 'wb') as file:
            file.write(content[:start] + bytes(end - start) + content[end:])
        return subprocess.run(['unsquashfs', '-cat', scratch, path], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=60).stdout

    low, high = 4096, struct.unpack_from('<Q', content, 64)[0]  # the inode table begins there
    whole = read_without(0, 0)
    while high - low > 4096:
        middle = (low + high) // 2
        low, high = (low, middle) if read_without(low, middle) != whole else (middle, high)
    return low


def cbor(data, at=0):
    """(value, offset of what follows); the kinds that the protocol has."""
    kind, short = data[at] >> 5, data[at] & 31
    at += 1
    if kind == 7:
        return {20: False, 21: True, 22: None}[short], at
    number = short
    if short >= 24:
        size = 1 << (short - 24)
        number, at = int.from_bytes(data[at:at + size], 'big'), at + size
    if kind in (0, 1):
        return (number if kind == 0 else -1 - number), at
    if kind in (2, 3):
        raw = bytes(data[at:at + number])
        return (raw if kind == 2 else raw.decode()), at + number
    items = []
    for _ in range(number * (kind - 3)):
        item, at = cbor(data, at)
        items.append(item)
    return (items if kind == 4 else dict(zip(items[::2], items[1::2]))), at


class Bundle:
    """What a host sent, from an attestation bundle; docs/protocol.md has the numbers."""

    def __init__(self, file):
        self.file = file
        with open(file, 'rb') as f:
            self.bytes = f.read()
        self.fields = cbor(self.bytes)[0]
        self.content = cbor(self.fields[13])[0]

    def log(self):
        return self.content.get(7) or self.fields[15]

    def user_log(self):
        return self.content.get(18) or self.fields[25]

    def pcrs(self):
        """{bank: {PCR: hex}}"""
        out = {}
        for algorithm, mask, values in self.content.get(3) or self.fields[14]:
            numbers = [n for n in range(24) if mask >> n & 1]
            size = len(values) // len(numbers)
            out[TCG_BANKS[algorithm]] = {n: values[i * size:(i + 1) * size].hex()
                                         for i, n in enumerate(numbers)}
        return out
