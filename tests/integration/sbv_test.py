#!/usr/bin/env python3
"""trueboot-sbv from the outside, with a software TPM: what it measures into PCR 11 is what stands in
its event log, in every active bank, and nothing that is wrong passes.

usage: sbv_test.py TRUEBOOT_SBV TRUEBOOT_PKG"""
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import boot_sets  # noqa: E402
import chain_log  # noqa: E402

SBV, PKG = (os.path.abspath(p) for p in sys.argv[1:3])
TEST_TPM = os.path.join(os.environ['TRUEBOOT_SOURCE'], 'tools/test-tpm')
ALGS = {4: 'sha1', 11: 'sha256', 12: 'sha384', 13: 'sha512'}
TAGS = {32: 'checked', 33: 'unclaimed', 34: 'verdict', 35: 'rescue', 36: 'boot-complete'}


def run(*argv, code=0):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, (argv, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def package(name, payloads, letter='a', **more):
    for file, content in payloads.items():
        with open(file, 'wb') as f:
            f.write(content)
    kinds = {'system.img': 'system', 'trueboot.efi': 'efi'}
    with open('spec.json', 'w') as f:
        json.dump({'name': name, 'version': '1.0', 'security_version': 1, 'vendor': 'Example',
                   'level': 'certified', 'kind': 'software', 'payloads': [
                       {'kind': kinds.get(p, 'file'), 'file': p} for p in payloads], **more}, f)
    run(PKG, 'build', 'spec.json', '--key', 'vendor/signer.key', '--certs', 'vendor/signer.crt',
        '--out', f'esp/trueboot/{letter}/{name}_1.0.tbp')


def prepare():
    run(PKG, 'make-vendor', 'vendor', '--algorithm', 'rsa')
    os.makedirs('esp/trueboot/a')
    os.makedirs('state/data')
    package('base', {'system.img': os.urandom(300000)}, kind='base')
    package('hello', {'hello.sh': b'#!/bin/sh\n'}, options={'service': 'hello.sh'})
    with open('esp/trueboot/boot.conf', 'w') as f:
        f.write('trueboot-boot 1\ndefault a\nend\n')


class Tpm:
    def __init__(self, banks):
        self.folder = 'tpm-' + banks.replace(',', '-')
        self.tcti = run(TEST_TPM, 'start', self.folder, '--pcr-banks', banks).strip()

    def reset(self):
        run(TEST_TPM, 'reset', self.folder)
        shutil.rmtree('run', ignore_errors=True)
        os.mkdir('run')

    def pcr11(self, bank):
        text = run('tpm2_pcrread', '-T', self.tcti, f'{bank}:11')
        return bytes.fromhex(text.split('0x')[1].strip())

    def stop(self):
        run(TEST_TPM, 'stop', self.folder)


def sbv(tcti, *options, code=0):
    mode = [] if {'--complete', '--rescue'} & set(options) else [
        '--esp', 'esp', '--set', 'a', '--state', 'state', '--vendors', 'vendor/root.crt',
        '--run', 'run']
    return run(SBV, *mode, '--events', 'run/events.cel', '--tcti', tcti, *options, code=code)


def tlv(data):
    """(type, value) after type and length of the TCG Canonical Event Log, 5.1."""
    while data:
        kind, size = struct.unpack('>BI', data[:5])
        yield kind, data[5:5 + size]
        data = data[5 + size:]


def events():
    """(number, {bank: digest}, event data) of each record of the log."""
    with open('run/events.cel', 'rb') as f:
        fields = list(tlv(f.read()))
    for i in range(0, len(fields), 4):
        (t0, number), (t1, pcr), (t3, digests), (t5, content) = fields[i:i + 4]
        (e0, event_type), (e1, data) = tlv(content)
        assert (t0, t1, t3, t5, e0, e1) == (0, 1, 3, 5, 0, 1)
        assert pcr == bytes([11]) and event_type == struct.pack('>I', 6)
        yield int.from_bytes(number, 'big'), {ALGS[t]: d for t, d in tlv(digests)}, data


def lines():
    for number, (n, _, data) in enumerate(events()):
        tag, size = struct.unpack('<II', data[:8])
        assert n == number and tag >> 16 == 0x5442 and size == len(data) - 8
        text = data[8:].decode()
        assert text.split()[0] == TAGS[tag & 0xffff] and text.endswith('\n')
        yield ' '.join(w for w in text.split() if len(w) != 128)


def check_replay(tpm, banks):
    """The log's digests are of its events, and extend to what the TPM has."""
    for bank in banks.split(','):
        pcr = bytes(hashlib.new(bank).digest_size)
        for _, digests, data in events():
            assert set(digests) == set(banks.split(','))
            assert digests[bank] == hashlib.new(bank, data).digest()
            pcr = hashlib.new(bank, pcr + digests[bank]).digest()
        assert pcr == tpm.pcr11(bank), bank


def the_log_replays_to_pcr_11_in_every_active_bank():
    for banks in 'sha256', 'sha512', 'sha1,sha256,sha384,sha512':
        tpm = Tpm(banks)
        tpm.reset()
        out = sbv(tpm.tcti)
        assert 'verdict: pass, 2 packages, 0 faults' in out, out
        check_replay(tpm, banks)
        assert sbv(tpm.tcti, '--complete') == ''
        check_replay(tpm, banks)
        assert list(lines()) == ['checked base 1.0 1 pass', 'checked hello 1.0 1 pass',
                                 'verdict pass 2 0', 'boot-complete']
        with open('run/services') as f:
            assert f.read() == 'hello/hello.sh\n'
        # A second judgement of the same boot would not be what the log says.
        assert 'File exists' in sbv(tpm.tcti, code=1)
        check_replay(tpm, banks)
        tpm.stop()


def b04_b05_a_fault_is_measured_and_told_with_what_to_do():
    tpm = Tpm('sha256')
    tpm.reset()
    with open('esp/trueboot/a/hello_1.0.tbp', 'r+b') as f:
        good = f.read()
        f.seek(good.index(b'#!/bin/sh\n'))
        f.write(b'#!/bin/ss\n')
    with open('state/data/x.sh', 'w') as f:
        f.write('#!/bin/sh\n')
    out = sbv(tpm.tcti, code=1)
    for part in ('FAULT /trueboot/a/hello_1.0.tbp: package.payload', 'to do: fetch the package again',
                 'FAULT state:/data/x.sh: package.unclaimed', 'verdict: fail, 2 packages, 2 faults'):
        assert part in out, out
    assert not os.path.exists('run/software')
    check_replay(tpm, 'sha256')
    assert list(lines()) == ['checked base 1.0 1 pass', 'checked hello 1.0 1 package.payload',
                             'unclaimed state:/data/x.sh', 'verdict fail 2 2']
    sbv(tpm.tcti, '--rescue')
    check_replay(tpm, 'sha256')
    assert list(lines())[-1] == 'rescue'
    os.remove('state/data/x.sh')
    with open('esp/trueboot/a/hello_1.0.tbp', 'wb') as f:
        f.write(good)
    tpm.stop()


def b13_without_a_tpm_there_is_a_verdict_that_is_not_measured():
    shutil.rmtree('run')
    os.mkdir('run')
    out = sbv('unused', '--no-tpm')
    assert 'verdict: pass' in out
    assert [list(d) for _, d, _ in events()] == [['sha256', 'sha512']] * 3


def the_other_sets_loader_that_started_this_one_is_kept_for_the_agent():
    os.makedirs('esp/trueboot/b')
    os.makedirs('esp/EFI/BOOT')
    for letter in 'a', 'b':
        package('trueboot-loader', {'trueboot.efi': boot_sets.program(letter)}, letter)
    with open('esp/trueboot/b/trueboot-loader_1.0.tbp', 'rb') as f:
        of_b = f.read()
    for letter, kept in ('a', {}), ('b', {'trueboot-loader_1.0.tbp': chain_log.prefix(of_b)}):
        with open('esp/EFI/BOOT/BOOTX64.EFI', 'wb') as f:
            f.write(boot_sets.program(letter))
        shutil.rmtree('run')
        os.mkdir('run')
        assert 'verdict: pass, 3 packages' in sbv('unused', '--no-tpm')
        assert boot_sets.tree('run/loaders') == kept
    shutil.rmtree('esp/EFI')
    shutil.rmtree('esp/trueboot/b')
    os.remove('esp/trueboot/a/trueboot-loader_1.0.tbp')


def a_tpm_that_is_there_but_cannot_be_used_passes_nothing():
    shutil.rmtree('run')
    os.mkdir('run')
    out = sbv('swtpm:host=127.0.0.1,port=1', code=1)
    assert 'verdict: fail: it cannot be measured' in out, out
    assert not os.path.exists('run/software')


def b15_a_wrong_clock_is_told_and_refuses_nothing():
    shutil.rmtree('run')
    os.mkdir('run')
    os.environ['SOURCE_DATE_EPOCH'] = '2208988800'  # 2040
    package('late', {'late.sh': b'late'})
    del os.environ['SOURCE_DATE_EPOCH']
    out = sbv('unused', '--no-tpm', code=1)  # the certificates end before that
    assert 'package.signature' in out
    os.environ['SOURCE_DATE_EPOCH'] = '1830297600'  # 2028
    package('late', {'late.sh': b'late'})
    del os.environ['SOURCE_DATE_EPOCH']
    shutil.rmtree('run')
    os.mkdir('run')
    out = sbv('unused', '--no-tpm')
    assert 'the clock says' in out and '(2028-01-01T00:00:00Z)' in out, out
    os.remove('esp/trueboot/a/late_1.0.tbp')


def what_nobody_can_mean_is_refused():
    for options in (['--set', 'c'], ['--level', 'best'], ['--what'], ['more'],
                    ['--complete', '--rescue']):
        assert 'trueboot-sbv' in run(SBV, *options, code=2)
    assert 'No such file' in run(SBV, '--complete', '--no-tpm', '--events', 'nowhere', code=1)
    assert 'vendors' in run(SBV, '--help')


def main():
    folder = tempfile.mkdtemp(prefix='trueboot-sbv-')
    os.chdir(folder)
    try:
        prepare()
        for name, test in list(globals().items()):
            if callable(test) and '_' in name and test.__module__ == '__main__' and \
                    name not in ('check_replay',):
                test()
                print(f'ok {name}')
    finally:
        for name in os.listdir(folder):
            if name.startswith('tpm-'):
                subprocess.run([TEST_TPM, 'stop', name], capture_output=True)
        os.chdir('/')
        shutil.rmtree(folder)


if __name__ == '__main__':
    main()
