#!/usr/bin/env python3
"""trueboot-agent against a real software TPM and a real trueboot-server.

usage: agent_test.py [NAME]...      only the cases whose name contains one of these
Environment: TRUEBOOT_SOURCE and TRUEBOOT_BUILD, the source and the build directory.
"""
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = os.environ.get('TRUEBOOT_SOURCE', '.')
BUILD = os.environ.get('TRUEBOOT_BUILD', 'build')
AGENT, SERVER, CLI = (f'{BUILD}/{n}' for n in
                      ('agent/trueboot-agent', 'server/trueboot-server', 'cli/trueboot'))
TEST_TPM = f'{SOURCE}/tools/test-tpm'
BOOTS = f'{SOURCE}/tests/data/boots'
TPM2_QUOTE = 0x158
MEMORY_MAX_KB = 15 * 1024


def run(*argv, **kw):
    return subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=60, **kw)


def good(*argv, **kw):
    done = run(*argv, **kw)
    assert done.returncode == 0, f'{argv}: {done.returncode}: {done.stdout}'
    return done.stdout


def wait_for(what, seconds, seen, step=0.05):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if seen():
            return
        time.sleep(step)
    raise AssertionError(f'{what}: not within {seconds} s')


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Verifier:
    def __init__(self, top, roots):
        self.dir, self.out = f'{top}/server', f'{top}/server.out'
        os.makedirs(f'{self.dir}/roots', mode=0o700)
        for name in ('swtpm-localca-rootca-cert.pem', 'issuercert.pem'):
            shutil.copy(f'{roots}/{name}', f'{self.dir}/roots/')
        self.port = free_port()
        while not self.start():  # somebody else took the port in between
            os.remove(f'{self.dir}/server.json')
            self.port = free_port()
        text = open(self.out).read()
        self.pin = text.split('certificate pin: ')[1].split()[0]
        key = text.split('#key=')[1].split()[0]
        self.env = dict(os.environ, TRUEBOOT_URL=self.url, TRUEBOOT_TOKEN=key,
                        TRUEBOOT_CA=f'{self.dir}/ca.crt')
        made = json.loads(self.cli('enrol-token', '--label', 'test', '--uses', '200', '--expires',
                                   '1h', '--json'))
        self.token = made['token']

    def start(self):
        """False: the port is taken. The server is ready when it says so."""
        ready = open(self.out).read().count('serving on') if os.path.exists(self.out) else 0
        self.process = subprocess.Popen(
            [SERVER, 'run', '--state', self.dir, '--listen', f'127.0.0.1:{self.port}'],
            stdout=open(self.out, 'a'), stderr=open(f'{self.dir}.err', 'a'))
        self.url = f'https://localhost:{self.port}'
        wait_for('the server serves', 15, lambda: self.process.poll() is not None or
                 open(self.out).read().count('serving on') > ready)
        return self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def cli(self, *argv):
        return good(CLI, *argv, env=self.env)

    def verdict(self, name):
        host = json.loads(self.cli('host', 'show', name, '--json'))
        return host.get('verdict') or host['host']['verdict']


class Tpm:
    def __init__(self, top, name, *options):
        self.dir = f'{top}/{name}.tpm'
        self.tcti = good(TEST_TPM, 'start', self.dir, *options).strip()

    def boot(self, name):
        good(TEST_TPM, 'boot', self.dir, f'{BOOTS}/{name}/binary_bios_measurements')

    def quotes(self):
        return int(good(TEST_TPM, 'count', self.dir).split('quote ')[1].split()[0])

    def flush(self):
        """What killed programs left behind. /dev/tpmrm0 does this by itself, swtpm does not."""
        env = dict(os.environ, TPM2TOOLS_TCTI=self.tcti)
        for kind in ('-t', '-l', '-s'):
            run('tpm2_flushcontext', kind, env=env)

    def stop(self):
        run(TEST_TPM, 'stop', self.dir)


class Host:
    """An agent with its own files; many may stand on one TPM."""

    def __init__(self, world, name, tcti, log='good', server=None):
        self.world, self.name, self.tcti, self.server = world, name, tcti, server
        self.dir = f'{world.top}/{name}'
        os.makedirs(self.dir)
        self.log = f'{self.dir}/log'
        if log:
            shutil.copy(f'{BOOTS}/{log}/binary_bios_measurements', self.log)
        self.config, self.state = f'{self.dir}/agent.json', f'{self.dir}/state'

    def enrol_argv(self, *more):
        v = self.world.verifier
        return [AGENT, 'enrol', '--server', self.server or v.url, '--pin', v.pin, '--token',
                v.token, '--name', self.name, '--tcti', self.tcti, '--event-log', self.log,
                '--config', self.config, '--state', self.state, *more]

    def enrol(self, *more):
        return run(*self.enrol_argv(*more))

    def once(self, *more):
        return run(AGENT, 'once', '--config', self.config, *more)

    def daemon(self, **kw):
        self.err = f'{self.dir}/run.err'
        return self.world.keep(subprocess.Popen([AGENT, 'run', '--config', self.config],
                                                stderr=open(self.err, 'w'), **kw))

    def said(self, text):
        return open(self.err).read().count(text)


class World:
    def __init__(self):
        self.top = tempfile.mkdtemp(prefix='agent-test-')
        self.ca = f'{self.top}/ek-ca'
        self.processes, self.tpms = [], []
        self.tpm('good').boot('good')
        self.verifier = Verifier(self.top, self.ca)
        self.keep(self.verifier.process)

    def tpm(self, name, *options):
        options = options or ('--ek-ca', self.ca)
        self.tpms.append(Tpm(self.top, name, *options))
        return self.tpms[-1]

    def keep(self, process):
        self.processes.append(process)
        return process

    def end(self):
        for p in self.processes + [self.verifier.process]:
            if p.poll() is None:
                p.kill()
                p.wait()
        for tpm in self.tpms:
            tpm.stop()
        shutil.rmtree(self.top, ignore_errors=True)


class Relay:
    """Forwards connections of one port to another. cut() ends those that are open."""

    def __init__(self, to_port, port=0, before=None):
        self.to_port, self.before = to_port, before
        self.lock, self.open, self.accepted = threading.Lock(), [], 0
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(('127.0.0.1', port))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(('127.0.0.1', self.to_port))
            with self.lock:
                self.accepted += 1
                self.open += [client, server]
            threading.Thread(target=self.pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, False), daemon=True).start()

    def pump(self, source, sink, upwards):
        try:
            while data := source.recv(65536):
                if upwards and self.before:
                    self.before(data, sink)
                sink.sendall(data)
        except OSError:
            pass
        for s in (source, sink):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        with self.lock:
            for s in self.open:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.open = []

    def close(self):
        self.listener.close()
        self.cut()


def tpm_relay(tpm, before_quote, kind=Relay):
    """A relay in front of a TPM that calls before_quote just before each TPM2_Quote."""
    port = int(tpm.tcti.rsplit('=', 1)[1])

    def before(data, sink):
        if len(data) > 10 and int.from_bytes(data[6:10], 'big') == TPM2_QUOTE:
            before_quote(sink)
    for _ in range(20):
        try:
            command = kind(port, before=before)
            control = Relay(port + 1, port=command.port + 1)
            return command, control, f'swtpm:host=127.0.0.1,port={command.port}'
        except OSError:
            command.close()
    raise AssertionError('no two free ports')


# --- Cases --------------------------------------------------------------------------------------


def enrolled_host_is_trusted_by_one_quote_each(w):
    h = w.host = Host(w, 'good', w.tpms[0].tcti)
    done = h.enrol()
    assert done.returncode == 0, done.stdout
    assert os.stat(h.state).st_mode & 0o777 == 0o700
    for path in (h.config, f'{h.state}/enrolment.json'):
        assert os.stat(path).st_mode & 0o777 == 0o600, path
    assert os.listdir(h.state) == ['enrolment.json']
    before = w.tpms[0].quotes()
    for n in (1, 2, 3):
        done = h.once()
        assert done.returncode == 0 and 'verdict: trusted' in done.stdout, done.stdout
        assert w.tpms[0].quotes() == before + n
    assert w.verifier.verdict('good') == 'trusted'


def second_enrolment_needs_again(w):
    before = open(f'{w.host.state}/enrolment.json').read()
    done = w.host.enrol()
    assert done.returncode == 2 and 'enrolled already' in done.stdout, done.stdout
    assert open(f'{w.host.state}/enrolment.json').read() == before


def t23_second_host_with_the_same_tpm_is_refused(w):
    h = Host(w, 'twin', w.tpms[0].tcti)
    done = h.enrol()
    assert done.returncode == 1 and 'endorsement key' in done.stdout, done.stdout
    assert os.listdir(h.state) == []
    assert w.host.once().returncode == 0


def secure_boot_off_is_failed_with_that_reason(w):
    tpm = w.tpm('off')
    tpm.boot('secure-boot-off')
    h = Host(w, 'secure-boot-off', tpm.tcti, 'secure-boot-off')
    assert h.enrol().returncode == 0
    done = h.once()
    assert done.returncode == 1 and 'headline: secureboot.off' in done.stdout, done.stdout
    assert tpm.quotes() == 1


def edited_log_is_refused_by_replay(w):
    log = bytearray(open(w.host.log, 'rb').read())
    at = log.rindex('BOOTX64.EFI'.encode('utf-16-le'))
    at = log.rindex(bytes.fromhex('0b00'), 0, at - 100)
    log[at + 2] ^= 0xff
    edited = f'{w.host.dir}/edited'
    open(edited, 'wb').write(log)
    done = w.host.once('--event-log', edited)
    assert done.returncode == 1 and 'headline: log.replay' in done.stdout, done.stdout
    assert w.host.once().returncode == 0, 'the true log is trusted again'


def missing_log_is_told_and_not_trusted(w):
    done = w.host.once('--event-log', '/nonexistent')
    assert done.returncode == 1 and 'evidence.complete' in done.stdout, done.stdout
    bundle = f'{w.host.dir}/no-log.bundle'
    w.verifier.cli('export', '--output', bundle, w.host.name)
    told = run(CLI, 'verify', bundle).stdout
    assert 'failed: a part of the evidence is missing' in told and 'it agrees' in told, told
    assert w.host.once().returncode == 0


def tpm_12_is_not_capable(w):
    tpm = w.tpm('old', '--tpm12')
    h = Host(w, 'old-tpm', tpm.tcti)
    done = h.enrol()
    assert done.returncode == 0, done.stdout
    done = h.once()
    assert done.returncode == 1 and 'verdict: not-capable' in done.stdout, done.stdout


def ek_of(w, name):
    return json.loads(w.verifier.cli('host', 'show', name, '--json'))['tpm']


def t21_a_p384_endorsement_key_enrols_and_attests(w):
    tpm = w.tpm('p384')
    tpm.boot('good')
    h = Host(w, 'p384', tpm.tcti)
    done = h.enrol()
    assert done.returncode == 0 and 'ECC P-384 (H-3), with its certificate' in done.stdout, done.stdout
    assert h.once().returncode == 0
    assert ek_of(w, 'p384')['ek_trust'] == 'certificate', ek_of(w, 'p384')


def t21_an_rsa_3072_endorsement_key_enrols_and_attests(w):
    tpm = w.tpm('rsa3072', '--ek-ca', w.ca, '--rsa-bits', '3072')
    good('tpm2_nvundefine', '-C', 'p', '0x01c00016', env=dict(os.environ, TPM2TOOLS_TCTI=tpm.tcti))
    tpm.flush()
    tpm.boot('good')
    h = Host(w, 'rsa3072', tpm.tcti)
    done = h.enrol()
    assert done.returncode == 0 and 'RSA 3072 (H-6), with its certificate' in done.stdout, done.stdout
    assert h.once().returncode == 0
    shown = ek_of(w, 'rsa3072')
    assert shown['ek_trust'] == 'certificate' and shown['class_proved'], shown


def t25_t58_the_class_of_a_tpm_and_what_nobody_sees_of_it_are_shown(w):
    name = w.host.name
    shown = json.loads(w.verifier.cli('host', 'show', name, '--json'))
    assert (shown['tpm']['class'], shown['tpm_class']) == ('software', 'software'), shown['tpm']
    assert 'emulator' in shown['tpm']['limit'], shown['tpm']
    text = w.verifier.cli('host', 'show', name)
    assert 'not seen' in text and 'emulator' in text, text
    # swtpm's certificates say IBM's number, the TPM "IBM": one maker, of which a root speaks
    assert shown['tpm']['manufacturer'] == 'IBM' and shown['tpm']['manufacturer_proved'], shown['tpm']


def t26_a_bundle_carries_the_endorsement_key_that_was_enrolled(w):
    """It is its last field, key 24: a byte string of some hundred bytes."""
    path = f'{w.host.dir}/ek.bundle'
    w.verifier.cli('export', '--output', path, w.host.name)
    with open(path, 'rb') as f:
        data = f.read()
    at = data.rindex(b'\x18\x18\x58')
    key = data[at + 4:]
    assert len(key) == data[at + 3], (len(key), data[at + 3])
    assert hashlib.sha256(key).hexdigest() == ek_of(w, w.host.name)['ek_digest']


def tpm_with_one_bank_is_quoted_by_it(w):
    tpm = w.tpm('one-bank', '--ek-ca', w.ca, '--pcr-banks', 'sha256')
    tpm.boot('sha256-only')
    h = Host(w, 'one-bank', tpm.tcti, 'sha256-only')
    assert h.enrol('--ak', 'rsa').returncode == 0
    done = h.once()
    assert done.returncode == 0, done.stdout
    assert tpm.quotes() == 1
    quote = json.loads(w.verifier.cli('host', 'show', 'one-bank', '--json'))['result']['quote']
    assert quote['genuine'] and quote['clock_ms'] > 0 and quote['boot_id'], quote
    assert {'reset_count', 'restart_count'} <= set(quote), quote


def host_without_a_token_waits_for_approval(w):
    tpm = w.tpm('waiting')
    tpm.boot('good')
    h = Host(w, 'waiting', tpm.tcti)
    argv = h.enrol_argv()
    del argv[argv.index('--token'):argv.index('--token') + 2]
    done = run(*argv)
    assert done.returncode == 0 and 'approval' in done.stdout, done.stdout
    done = h.once()
    assert done.returncode == 1 and 'verdict: pending' in done.stdout, done.stdout
    assert tpm.quotes() == 0
    p = h.daemon()
    wait_for('the daemon waits', 10, lambda: h.said('waiting for approval') == 1)
    time.sleep(1)
    assert h.said('waiting for approval') == 1, 'it does not ask again and again'
    w.verifier.cli('host', 'approve', 'waiting')
    wait_for('trusted after approval', 15, lambda: h.said('verdict trusted') == 1)
    p.terminate()
    assert p.wait(5) == 0


def wrong_pin_and_wrong_name_are_not_our_verifier(w):
    text = open(w.host.config).read()
    other = f'{w.host.dir}/other.json'
    first = '0' if w.verifier.pin[0] != '0' else '1'
    open(other, 'w').write(text.replace(w.verifier.pin, first + w.verifier.pin[1:]))
    before = w.tpms[0].quotes()
    done = run(AGENT, 'once', '--config', other)
    assert done.returncode == 3 and 'not our Verifier' in done.stdout, done.stdout
    open(other, 'w').write(text.replace('localhost', 'ip6-localhost'))
    if 'ip6-localhost' in open('/etc/hosts').read():
        done = run(AGENT, 'once', '--config', other)
        assert done.returncode == 3, done.stdout
    assert w.tpms[0].quotes() == before


def ca_file_in_place_of_the_pin(w):
    config = json.load(open(w.host.config))
    del config['pin']
    config['ca'] = f'{w.verifier.dir}/ca.crt'
    other = f'{w.host.dir}/ca.json'
    json.dump(config, open(other, 'w'))
    done = run(AGENT, 'once', '--config', other)
    assert done.returncode == 0, done.stdout


def host_never_judges_itself(w):
    for command in ('verdict', 'attest-self'):
        done = run(AGENT, command, '--config', w.host.config)
        assert done.returncode == 4 and w.verifier.url in done.stdout, done.stdout
    empty = f'{w.host.dir}/empty.json'
    open(empty, 'w').write('{}')
    done = run(AGENT, 'verdict', '--config', empty)
    assert done.returncode == 4 and 'standalone: no Verifier is configured' in done.stdout


def busy_tpm_is_told_and_left_alone(w):
    port = int(w.tpms[0].tcti.rsplit('=', 1)[1])
    port_of_nobody = free_port()
    done = w.host.once('--tcti', f'swtpm:host=127.0.0.1,port={port_of_nobody}')
    assert done.returncode == 3 and 'TPM' in done.stdout, done.stdout
    assert port and w.host.once().returncode == 0


def t14_replaced_connection_starts_over(w):
    """The connection of the challenge breaks while the TPM signs."""
    relay = Relay(w.verifier.port)
    cuts = [1]

    def before_quote(_):
        if cuts[0] > 0:
            cuts[0] -= 1
            relay.cut()
    command, control, tcti = tpm_relay(w.tpms[0], before_quote)
    server = f'https://localhost:{relay.port}'
    before = w.tpms[0].quotes()
    done = w.host.once('--server', server, '--tcti', tcti)
    assert done.returncode == 0, done.stdout
    assert w.tpms[0].quotes() == before + 2, 'one for each challenge'
    assert relay.accepted >= 2
    cuts[0] = 1000
    done = w.host.once('--server', server, '--tcti', tcti)
    assert done.returncode == 3 and 'replaced' in done.stdout, done.stdout
    assert w.tpms[0].quotes() <= before + 2 + 4, 'bounded'
    for r in (relay, command, control):
        r.close()


def pcr_that_moves_before_the_quote_starts_over(w):
    tpm = w.tpm('moving')
    tpm.boot('good')
    h = Host(w, 'moving', tpm.tcti)
    assert h.enrol().returncode == 0
    assert h.once().returncode == 0
    # TPM2_PCR_Extend of PCR 15, SHA-256, with an empty password (TPM 2.0 Library Part 3, 22.2)
    body = (0x0f).to_bytes(4, 'big') + bytes.fromhex('00000009' '40000009' '0000' '00' '0000'
                                                     '00000001' '000b') + b'\x42' * 32
    extend = bytes.fromhex('8002') + (10 + len(body)).to_bytes(4, 'big') + \
        bytes.fromhex('00000182') + body
    times = [1]

    def before_quote(sink):
        if times[0] > 0:
            times[0] -= 1
            # On a connection of its own swtpm would not listen; its answer is taken here.
            moved.set()
            sink.sendall(extend)
            taken.wait(10)
    moved, taken, skipped = threading.Event(), threading.Event(), []

    class Skipping(Relay):
        def pump(self, source, sink, upwards):
            if upwards:
                return super().pump(source, sink, True)
            try:
                while data := source.recv(65536):
                    if moved.is_set() and not skipped:
                        n = int.from_bytes(data[2:6], 'big')
                        skipped.append(data[6:10])
                        data = data[n:]
                        taken.set()
                    if data:
                        sink.sendall(data)
            except OSError:
                pass
            for s in (source, sink):
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
    command, control, tcti = tpm_relay(tpm, before_quote, Skipping)
    quotes = tpm.quotes()
    done = h.once('--tcti', tcti)
    assert skipped == [b'\0\0\0\0'], skipped
    assert tpm.quotes() == quotes + 2
    # The second round quotes what is there now; PCR 15 is user space's, and only told.
    assert done.returncode == 0 and 'PCR 15' in done.stdout, done.stdout
    assert 'pcr.values' not in done.stdout, done.stdout
    for r in (command, control):
        r.close()


def daemon_stays_small_and_answers_the_operator(w):
    p = w.running = w.host.daemon()
    wait_for('first verdict', 10, lambda: w.host.said('verdict trusted') >= 1)
    time.sleep(0.3)
    for n in range(4):
        before = w.host.said('verdict trusted')
        w.verifier.cli('attest', 'good')
        wait_for('the operator is answered', 15, lambda: w.host.said('verdict trusted') > before)
    before = w.host.said('verdict trusted')
    p.send_signal(signal.SIGHUP)
    wait_for('SIGHUP', 15, lambda: w.host.said('verdict trusted') > before)
    status = dict(line.split(':', 1) for line in open(f'/proc/{p.pid}/status'))
    kb = int(status['VmRSS'].split()[0])
    print(f'    resident memory {kb} kB')
    assert kb < MEMORY_MAX_KB or b'__asan_init' in open(AGENT, 'rb').read(), kb
    limits = open(f'/proc/{p.pid}/limits').read()
    core = [line for line in limits.splitlines() if line.startswith('Max core file size')][0]
    assert core.split()[4] == '0', core


def daemon_outlives_the_server(w):
    p = w.running
    w.verifier.kill()
    p.send_signal(signal.SIGHUP)
    wait_for('the loss is told', 15, lambda: w.host.said('no answer of the Verifier') > 0)
    before = w.host.said('verdict trusted')
    time.sleep(2)
    assert p.poll() is None
    w.verifier.start()
    wait_for('the next verdict', 30, lambda: w.host.said('verdict trusted') > before)
    p.terminate()
    assert p.wait(5) == 0
    assert w.host.said('stopped') == 1
    text = open(w.host.err).read()
    token = json.load(open(f'{w.host.state}/enrolment.json'))['token']
    assert token not in text and w.verifier.token not in text


def service_manager_is_told(w):
    path = f'{w.top}/notify'
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(10)
        p = w.host.daemon(env=dict(os.environ, NOTIFY_SOCKET=path, WATCHDOG_USEC='600000'))
        seen = ''
        while 'STATUS=verdict trusted' not in seen or seen.count('WATCHDOG=1') < 3:
            seen += s.recv(4096).decode() + '\n'
        assert seen.startswith('READY=1'), seen
        p.terminate()
        assert p.wait(5) == 0


def t67_killed_in_attestation_it_comes_back(w):
    chance = random.Random(67)
    for _ in range(25):
        p = subprocess.Popen([AGENT, 'once', '--config', w.host.config],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, 0.12))
        p.kill()
        p.wait()
        w.tpms[0].flush()
    assert os.listdir(w.host.state) == ['enrolment.json']
    done = w.host.once()
    assert done.returncode == 0, done.stdout


def t67_killed_in_enrolment_there_is_no_half_state(w):
    """Every cut leaves an enrolment that attests, or none. One that the Verifier acted on and
    whose answer was lost is finished by the same activation, which gets the same answer."""
    chance, enrolled = random.Random(7), 0
    tpm = w.tpm('cut')
    tpm.boot('good')
    for n in range(12):
        h = Host(w, f'cut-{n}', tpm.tcti)
        p = subprocess.Popen(h.enrol_argv(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if n % 2 == 0:
            time.sleep(chance.uniform(0.01, 0.12))
        else:  # in the last step, when the Verifier may have acted already
            wait_for('the last step', 10, lambda: os.path.exists(f'{h.state}/attempt.json') or
                     p.poll() is not None, step=0.001)
            time.sleep(chance.uniform(0, 0.01))
        p.kill()
        p.wait()
        tpm.flush()
        if not os.path.exists(f'{h.state}/enrolment.json'):
            done = h.enrol()
            assert done.returncode == 0, done.stdout
        assert sorted(os.listdir(h.state)) in (['enrolment.json'],
                                               ['attempt.json', 'enrolment.json'])
        done = h.once()
        assert done.returncode == 0, done.stdout
        enrolled += 1
        w.verifier.cli('host', 'remove', h.name)
    assert enrolled == 12


CASES = [v for v in list(globals().values())
         if hasattr(v, '__code__') and v.__code__.co_varnames[:v.__code__.co_argcount] == ('w',)]


def main():
    only = sys.argv[1:]
    world = World()
    failed = passed = 0
    try:
        for case in CASES:
            name = case.__name__
            if only and not any(o in name for o in only) and case is not CASES[0]:
                continue
            start = time.monotonic()
            try:
                case(world)
                passed += 1
                print(f'ok   {name} ({time.monotonic() - start:.1f} s)', flush=True)
            except Exception as e:  # the next case still runs
                failed += 1
                print(f'FAIL {name}: {type(e).__name__}: {e}', flush=True)
    finally:
        world.end()
    print(f'{passed} passed, {failed} failed')
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
