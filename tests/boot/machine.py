"""What the programs that boot machines have in common: a Verifier, software TPMs, machines under
QEMU's software emulation, and the running of cases, two at a time."""
import argparse
import concurrent.futures
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
VARSTORE = f'{SOURCE}/tools/image/varstore.py'
TEST_TPM = f'{SOURCE}/tools/test-tpm'
# PCR 0 follows the machine's shape (memory size, processors, processor model): keep these fixed.
SHAPE = ['-machine', 'q35,smm=on,vmport=off,accel=tcg', '-cpu', 'Nehalem', '-smp', '1', '-m', '512']
BOOT_LIMIT_S = 400  # a boot takes 20 s on an idle machine
NO_TIMER = "IO-APIC + timer doesn't work"
PROGRAMS = 'server/trueboot-server', 'agent/trueboot-agent', 'cli/trueboot'
NEEDED = {  # program or file: package
    'qemu-system-x86_64': 'qemu-system-x86', '/usr/share/OVMF': 'ovmf', 'swtpm': 'swtpm',
    'swtpm_setup': 'swtpm-tools', '/bin/busybox': 'busybox-static', 'cpio': 'cpio',
    'mcopy': 'mtools', 'sfdisk': 'fdisk', 'mke2fs': 'e2fsprogs'}


def run(*argv, **kw):
    return subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, text=True, timeout=300, **kw)


def good_run(*argv, **kw):
    done = run(*argv, **kw)
    assert done.returncode == 0, f'{argv}: {done.returncode}: {done.stdout}'
    return done.stdout


def wait_for(what, seconds, seen, step=0.1):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if seen():
            return
        time.sleep(step)
    raise AssertionError(f'{what}: not within {seconds} s')


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def read(path):
    """Text that a serial port wrote: without the firmware's escape sequences."""
    if not os.path.exists(path):
        return ''
    with open(path, encoding='utf-8', errors='replace') as file:
        return re.sub(r'\x1b\[[0-9;=?]*[A-Za-z]|\r', '', file.read())


class Verifier:
    """A server on a free port, which guests find at 10.0.2.2, with the CA of the software TPMs."""

    def __init__(self, build, top, listen='127.0.0.1:0'):
        self.build, self.top, self.roots = build, top, f'{top}/ek-ca'
        # The CA is there once a TPM was made.
        Tpm(f'{top}/first-tpm', self.roots)
        os.makedirs(f'{top}/server/roots', mode=0o700)
        for name in ('swtpm-localca-rootca-cert.pem', 'issuercert.pem'):
            shutil.copy(f'{self.roots}/{name}', f'{top}/server/roots/')
        self.process = subprocess.Popen(
            [f'{build}/server/trueboot-server', 'run', '--state', f'{top}/server',
             '--listen', listen, '--name', 'localhost', '--name', '10.0.2.2'],
            stdin=subprocess.DEVNULL,
            stdout=open(f'{top}/server.out', 'w'), stderr=open(f'{top}/server.err', 'w'))
        try:
            self.wait_until_served()
        except BaseException:  # who made this has nothing to stop it with
            stop(self.process)
            raise

    def wait_until_served(self):
        out = f'{self.top}/server.out'
        wait_for('the server serves', 30, lambda: self.process.poll() is not None or
                 'serving on' in read(out))
        assert self.process.poll() is None, read(f'{self.top}/server.err')
        text = read(out)
        self.url = re.search(r'^serving on (\S+)', text, re.M).group(1)
        self.port = int(self.url.rsplit(':', 1)[1])
        self.pin = text.split('certificate pin: ')[1].split()[0]
        self.key = text.split('#key=')[1].split()[0]
        self.env = dict(os.environ, TRUEBOOT_URL=self.url, TRUEBOOT_TOKEN=self.key,
                        TRUEBOOT_CA=f'{self.top}/server/ca.crt')
        self.token = json.loads(self.cli('enrol-token', '--label', 'guests', '--uses', '50',
                                         '--expires', '2h', '--json'))['token']

    def stop(self):
        stop(self.process)

    def cli(self, *argv):
        return good_run(f'{self.build}/cli/trueboot', *argv, env=self.env)

    def host(self, name):
        text = self.cli('host', 'show', name, '--json')
        folder = f'{self.top}/{name}'
        if os.path.isdir(folder):  # for who keeps the work folder
            with open(f'{folder}/host.json', 'w') as file:
                file.write(text)
        return json.loads(text)

    def hosts(self):
        return {h['name']: h for h in json.loads(self.cli('host', 'list', '--json'))['items']}


class Tpm:
    """The state of a software TPM; one boot at a time has it running."""

    def __init__(self, folder, roots, banks='sha256', version='2.0'):
        self.folder, self.version = folder, version
        kind = ['--tpm12'] if version == '1.2' else ['--ek-ca', roots, '--pcr-banks', banks]
        good_run(TEST_TPM, 'start', folder, *kind)
        good_run(TEST_TPM, 'stop', folder)

    def serve(self, socket, log):
        """The process that serves it to one QEMU and ends with it."""
        kind = ['--tpm2'] if self.version == '2.0' else []
        process = subprocess.Popen(
            ['swtpm', 'socket', *kind, '--tpmstate', f'dir={self.folder}/state', '--ctrl',
             f'type=unixio,path={socket}', '--terminate'], stdin=subprocess.DEVNULL,
            stdout=open(log, 'w'), stderr=subprocess.STDOUT)
        wait_for('the software TPM', 20, lambda: os.path.exists(socket))
        return process

    def options(self, socket):
        device = 'tpm-crb' if self.version == '2.0' else 'tpm-tis'
        return ['-chardev', f'socket,id=tpm,path={socket}', '-tpmdev',
                'emulator,id=tpm0,chardev=tpm', '-device', f'{device},tpmdev=tpm0']


class Machine:
    """A disk, the firmware's variables and a TPM, or none. It may boot more than once.

    Its folder has disk.img, vars.fd and, of boot N, console-N.txt and report-N.txt: what the first
    and the second serial port wrote."""
    disk_device = 'virtio-blk-pci,drive=disk'

    def __init__(self, name, folder, firmware, tpm):
        self.name, self.dir, self.firmware, self.tpm = name, folder, firmware, tpm
        self.vars, self.disk = f'{folder}/vars.fd', f'{folder}/disk.img'
        self.boots, self.watch, self.running = 0, None, None
        os.makedirs(folder, exist_ok=True)

    def boot(self, until=None, options=(), keep=False):
        """Boots until the machine turns itself off; with `until` until its console shows that text,
        or until the function says so. With `keep` it runs on, until power_off()."""
        for _ in range(3):
            if self.boot_once(until, options, keep):
                return
            print(f'{self.name}: no timer: the host was too busy; once more', flush=True)
        raise AssertionError(f'{self.name}: no timer in three boots')

    def boot_once(self, until, options, keep):
        """False: the emulated timer did not tick in time, which the kernel finds out before it does
        anything else. That happens on a busy host."""
        since = time.monotonic()
        self.power_on(options)
        try:
            self.wait(until)
        except BaseException:
            self.power_off()
            raise
        if not keep or NO_TIMER in read(self.console):
            self.power_off()
        if NO_TIMER in read(self.console):
            return False
        if until:
            assert self.seen(until), f'{self.name}: ended without {until}:\n{self.tail()}'
        if not self.watch:
            print(f'{self.name}: boot {self.boots} took {time.monotonic() - since:.0f} s', flush=True)
        return True

    def power_on(self, options):
        self.boots += 1
        self.console = f'{self.dir}/console-{self.boots}.txt'
        self.report = f'{self.dir}/report-{self.boots}.txt'
        # The path of a socket has 107 characters at most; the work folder may have more.
        folder = tempfile.mkdtemp(prefix='tb-guest-')
        tpm = self.tpm and self.tpm.serve(f'{folder}/tpm', f'{self.dir}/swtpm.txt')
        qemu = subprocess.Popen(
            [*self.command(f'{folder}/tpm'), *options], stdin=subprocess.DEVNULL,
            stdout=open(f'{self.dir}/qemu.txt', 'w'), stderr=subprocess.STDOUT)
        self.running = qemu, tpm, folder

    def power_off(self):
        qemu, tpm, folder = self.running
        stop(qemu)
        if tpm:
            stop(tpm)
        shutil.rmtree(folder, ignore_errors=True)

    def command(self, socket):
        return [
            'qemu-system-x86_64', *SHAPE, '-nodefaults', '-no-user-config', '-display', 'none',
            '-no-reboot', '-global', 'driver=cfi.pflash01,property=secure,value=on',
            '-drive', f'if=pflash,format=raw,unit=0,readonly=on,file={self.firmware}',
            '-drive', f'if=pflash,format=raw,unit=1,file={self.vars}',
            *(self.tpm.options(socket) if self.tpm else []),
            '-drive', f'if=none,id=disk,format=raw,file={self.disk}',
            '-device', self.disk_device,
            '-netdev', 'user,id=net', '-device', 'virtio-net-pci,netdev=net,romfile=',
            '-serial', f'file:{self.console}', '-serial', f'file:{self.report}']

    def seen(self, until):
        return until() if callable(until) else until in read(self.console)

    def wait(self, until):
        def over():
            text = read(self.console)
            if self.watch:
                self.watch(self, text)
            return (self.running[0].poll() is not None or NO_TIMER in text or
                    (until and self.seen(until)))
        try:
            wait_for(f'{self.name}: {until or "the end of the boot"}', BOOT_LIMIT_S, over, 0.25)
        except AssertionError as late:
            raise AssertionError(f'{late}\n{self.tail()}') from None

    def tail(self):
        return '\n'.join(read(self.console).splitlines()[-15:] + read(self.report).splitlines()[:15]
                         + read(f'{self.dir}/qemu.txt').splitlines()[-5:])


class Cases:
    """The cases of one program: functions that are given its world, by their names."""

    def __init__(self, doc):
        self.doc, self.all, self.short = doc, {}, []

    def case(self, test):
        self.all[test.__name__.replace('_', '-')] = test
        return test

    def short_case(self, test):
        """One of those that ./check runs, too."""
        self.short.append(test.__name__.replace('_', '-'))
        return self.case(test)

    def passes(self, world, name):
        """Runs it and tells."""
        since, text = time.monotonic(), self.all[name].__doc__
        try:
            self.all[name](world)
        except Exception as error:  # a test that dies has failed, whatever it died of
            line = traceback.extract_tb(error.__traceback__)[1].lineno
            print(f'[  FAILED  ] {name}: {text}: line {line}: {error}', flush=True)
            return False
        print(f'[       OK ] {name}: {text} ({time.monotonic() - since:.0f} s)', flush=True)
        return True

    def arguments(self):
        parser = argparse.ArgumentParser(description=self.doc.splitlines()[0])
        parser.add_argument('--build', default=os.environ.get('TRUEBOOT_BUILD', 'build'))
        parser.add_argument('--work', help='keeps everything that the run made in this folder')
        parser.add_argument('--cache', help='packages that were downloaded')
        parser.add_argument('--jobs', type=int, default=2, choices=(1, 2))
        parser.add_argument('--save-log', help='writes logs as tests/data/boots has them')
        parser.add_argument('--short', action='store_true', help=', '.join(self.short))
        parser.add_argument('--list', action='store_true')
        parser.add_argument('case', nargs='*')
        args = parser.parse_args()
        args.build = os.path.abspath(args.build)
        args.cache = args.cache or f'{args.build}/debian-packages'
        for name in args.case:
            if name not in self.all:
                parser.error(f'{name}: no case is called so; --list names them')
        return args

    def main(self, make_world, needed, programs=PROGRAMS):
        args = self.arguments()
        if args.list:
            print('\n'.join(f'{name:32} {test.__doc__}' for name, test in self.all.items()))
            return 0
        find_needs(args.build, {**NEEDED, **needed}, programs)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        top = os.path.abspath(args.work) if args.work else tempfile.mkdtemp(prefix='trueboot-boot.')
        os.makedirs(top, exist_ok=True)
        world = None
        try:
            world = make_world(args, top)
            names = args.case or (self.short if args.short else self.all)
            with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
                results = list(pool.map(lambda name: self.passes(world, name), names))
        finally:
            if world:
                world.stop()
            if not args.work:
                shutil.rmtree(top, ignore_errors=True)
        print(f'{sum(results)} passed, {len(results) - sum(results)} failed')
        return 0 if all(results) else 1


def find_needs(build, needed, programs):
    os.environ['PATH'] += ':/usr/sbin:/sbin'
    missing = sorted({package for thing, package in needed.items()
                      if not os.path.exists(thing) and not shutil.which(thing)})
    for program in programs:
        if not os.path.exists(f'{build}/{program}'):
            sys.exit(f'{build}/{program} is not built')
    if missing:
        print('not installed:', ' '.join(missing))
        sys.exit(77)


def findings(host):
    return [(f['code'], f['where'], f['expected'], f['observed'])
            for f in (host['result'] or {'findings': []})['findings']]


def expect(verifier, name, verdict, code, secure_boot='on'):
    """The host's verdict, the code of its headline and Secure Boot as appraised; its result."""
    host = verifier.host(name)
    got = host['verdict'], host['reason_code'], host['secure_boot']
    assert got == (verdict, code, secure_boot), f'{name}: {got}, {findings(host)}'
    return host['result']
