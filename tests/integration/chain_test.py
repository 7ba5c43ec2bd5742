#!/usr/bin/env python3
"""Hosts on Trueboot's own boot chain: packages by a vendor, the Secure Boot Verifier and an agent on
a software TPM whose PCRs hold the records of such a boot, a real trueboot-server, the command line.

usage: chain_test.py LIBREBOOT [unittest's arguments]
Environment: TRUEBOOT_SOURCE and TRUEBOOT_BUILD, the source and the build directory.
"""
import base64
import hashlib
import json
import os
import subprocess
import sys
import time
import unittest
import uuid
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import boot_sets  # noqa: E402
import chain_log  # noqa: E402
from agent_test import AGENT, BOOTS, BUILD, CLI, TEST_TPM, Host, World, good, run  # noqa: E402

SBV = os.path.abspath(f'{BUILD}/tools/sbv/trueboot-sbv')
PKG = os.path.abspath(f'{BUILD}/tools/pkg/trueboot-pkg')
REBOOT = os.path.abspath(sys.argv.pop(1))
RECORDED = open(f'{BOOTS}/good/binary_bios_measurements', 'rb').read()


def members_of(encoded):
    """The byte strings of a CBOR map with small keys; deterministic encoding, so little is needed."""
    at, out = 1, {}

    def head():
        nonlocal at
        first = encoded[at]
        extra = {24: 1, 25: 2, 26: 4, 27: 8}.get(first & 31, 0)
        value = int.from_bytes(encoded[at + 1:at + 1 + extra], 'big') if extra else first & 31
        at += 1 + extra
        return first >> 5, value

    def item():
        nonlocal at
        major, value = head()
        if major in (2, 3):
            at += value
            return encoded[at - value:at]
        if major == 4:
            return [item() for _ in range(value)]
        return value

    for _ in range(encoded[0] & 31 if encoded[0] < 0xb8 else encoded[(at := 2) - 1]):
        key = item()
        out[key] = item()
    return out


class ChainHost(Host):
    """A machine with a boot set; boot() is a power cycle."""

    def __init__(self, world, tpm, name, vendor):
        super().__init__(world, name, tpm.tcti, None)
        self.tpm, self.vendor = tpm, vendor
        self.esp, self.cel = f'{self.dir}/esp', f'{self.dir}/events.cel'
        self.set = f'{self.esp}/trueboot/a'
        self.env = dict(os.environ, LD_PRELOAD=REBOOT, BOOT_ID=f'{self.dir}/boot-id')

    def put(self, packages, conf='default a\ngood a\n'):
        run('rm', '-rf', self.esp)
        self.vendor.packages.esp(self.esp, packages, conf=conf)

    def log_of(self, append='', asset='-'):
        conf = open(f'{self.esp}/trueboot/boot.conf', 'rb').read()
        line = ' '.join(w for w in (boot_sets.COMMAND_LINE, append, 'trueboot.set=a') if w)
        records = chain_log.loader_records(self.set, conf, self.vendor.root, self.vendor.signer, line,
                                           asset)
        return chain_log.boot_log(RECORDED, self.vendor.packages.program(),
                                  records + chain_log.kernel_events(b'initrd', line))

    def sbv(self, *argv):
        return run(SBV, '--esp', self.esp, '--set', 'a', '--state', '-', '--run', '-',
                   '--vendors', self.vendor.pem, '--events', self.cel, '--tcti', self.tcti, *argv)

    def boot(self, log=None):
        open(self.log, 'wb').write(log or self.log_of())
        if os.path.exists(self.cel):
            os.remove(self.cel)
        good(TEST_TPM, 'boot', self.tpm.dir, self.log)
        open(self.env['BOOT_ID'], 'w').write(f'{uuid.uuid4()}\n')
        self.env['BOOTED_AT'] = str(int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000))
        done = self.sbv()
        assert done.returncode == 0, done.stdout
        done = self.sbv('--complete')
        assert done.returncode == 0, done.stdout

    def once(self, *more):
        return run(AGENT, 'once', '--config', self.config, *more, env=self.env)

    def argv(self):
        return ['--boot-set', self.set, '--user-log', self.cel]


class Vendor:
    def __init__(self, folder):
        os.makedirs(folder)
        os.chdir(folder)
        self.packages = boot_sets.World(PKG)
        self.pem = f'{folder}/vendor/root.crt'
        self.root = self.packages.vendor_section[1]
        key = subprocess.run(['openssl', 'x509', '-in', 'vendor/signer.crt', '-noout', '-pubkey'],
                             check=True, capture_output=True).stdout
        der = subprocess.run(['openssl', 'pkey', '-pubin', '-outform', 'DER'], input=key, check=True,
                             capture_output=True).stdout
        self.signer = hashlib.sha256(der).hexdigest()

    def policy(self, **more):
        return {'format': 1, 'name': 'chain', 'packages': {'vendors': [base64.b64encode(self.root).decode()], **more}}


class Chain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        warnings.simplefilter('ignore', ResourceWarning)
        cls.w = World()
        cls.addClassCleanup(cls.w.end)
        cls.addClassCleanup(os.chdir, '/')
        cls.vendor = Vendor(f'{cls.w.top}/vendor')
        p = cls.vendor.packages
        cls.packages = [p.base(), p.loader(), p.hello(security_version=2)]
        cls.new_hello = p.hello('2', security_version=3)
        cls.policy()

    @classmethod
    def policy(cls, **more):
        with open('policy.json', 'w') as f:
            json.dump(cls.vendor.policy(**more), f)
        good(CLI, 'policy', 'set', 'policy.json', env=cls.w.verifier.env)

    @classmethod
    def host(cls, name, packages=None):
        host = ChainHost(cls.w, cls.w.tpm(name), name, cls.vendor)
        host.put(packages or cls.packages)
        host.boot()
        done = host.enrol(*host.argv())
        assert done.returncode == 0, done.stdout
        return host

    def cli(self, *argv, want=0):
        done = run(CLI, *argv, env=self.w.verifier.env)
        self.assertEqual(done.returncode, want, done.stdout)
        return done.stdout

    def show(self, host):
        return json.loads(self.cli('host', 'show', host.name, '--json'))

    def trusted(self, host):
        done = host.once()
        self.assertIn('verdict: trusted', done.stdout)
        return done.stdout

    def fails(self, host, code, *argv):
        done = host.once(*argv)
        self.assertIn('verdict: failed', done.stdout)
        self.assertIn(f'- {code}\n', done.stdout)
        return done.stdout

    def bundle(self, host):
        """Of the last evidence: the bundle's file, and the content's members that stand in it."""
        path = f'{host.dir}/bundle'
        if os.path.exists(path):
            os.remove(path)
        self.cli('export', host.name, '--output', path)
        return path, members_of(members_of(open(path, 'rb').read())[13])

    def verifies(self, host, verdict):
        """Offline, from the bundle alone, and what it says of packages."""
        path, _ = self.bundle(host)
        done = run(CLI, 'verify', path, '--json')
        told = json.loads(done.stdout)
        self.assertEqual((told['verdict'], told['agrees']), (verdict, True), done.stdout)
        return told['result']

    def test_a_boot_from_signed_packages_is_trusted(self):
        host = self.host('signed')
        self.trusted(host)
        chain = self.show(host)['result']['boot']['chain']
        self.assertEqual((chain['set'], chain['verifier'], chain['complete']), ('a', 'pass', True))
        self.assertEqual([(p['name'], p['security_version'], p['level'], p['vendor'], p['checked'])
                          for p in chain['packages']],
                         [('base', 1, 'community', 'Test', True),
                          ('hello', 2, 'community', 'Test', True),
                          ('trueboot-loader', 1, 'community', 'Test', True)])
        self.assertEqual({p['signer_key'] for p in chain['packages']}, {self.vendor.signer})
        listed = self.cli('host', 'packages', 'signed')
        self.assertIn('boot set a, Secure Boot Verifier: pass, complete\n', listed)
        self.assertEqual(json.loads(self.cli('host', 'packages', 'signed', '--json')), chain)
        self.assertEqual(self.verifies(host, 'trusted')['boot']['chain'], chain)

    def test_what_is_held_is_not_sent_again_also_after_a_restart_and_a_new_boot(self):
        host = self.host('once')
        self.trusted(host)
        _, first = self.bundle(host)
        metadata = b''.join(chain_log.prefix(open(f'{host.set}/{n}', 'rb').read())
                            for n in sorted(os.listdir(host.set)))
        self.assertEqual(first[20], metadata)
        self.assertEqual(first[18], open(host.cel, 'rb').read())
        self.assertEqual(first[17], hashlib.sha256(first[18]).digest())
        for change in (None, self.restart, host.boot):
            if change is not None:
                change()
            self.trusted(host)
            _, content = self.bundle(host)
            self.assertEqual((content[17], content[19]), (first[17], first[19]))
            self.assertFalse(content.keys() & {7, 18, 20}, 'logs and metadata are held')
            self.verifies(host, 'trusted')

    def restart(self):
        self.w.verifier.kill()
        assert self.w.verifier.start()
        self.w.keep(self.w.verifier.process)

    def test_hosts_with_equal_packages_are_one_cluster_whatever_their_asset_tags(self):
        shapes = []
        for name, packages in (('alike-1', self.packages), ('alike-2', self.packages),
                               ('newer', [*self.packages[:2], self.new_hello])):
            host = self.host(name, packages)
            host.boot(host.log_of(asset=f'rack {name}'))
            self.trusted(host)
            shown = self.show(host)
            self.assertEqual(shown['result']['boot']['chain']['asset_tag'], f'rack {name}')
            shapes.append(shown['shape'])
        self.assertEqual(shapes[0], shapes[1])
        self.assertNotEqual(shapes[0], shapes[2])
        near = [c['nearest'] for c in json.loads(self.cli('clusters', '--json'))['items']
                if c['shape'] == shapes[2]][0]
        self.assertEqual((near['shape'], near['pcrs']), (shapes[0], [11, 13]))

    def test_t54_without_metadata_or_with_that_of_other_packages_nothing_is_claimed(self):
        host = self.host('unclaimed')
        other = ChainHost(self.w, host.tpm, 'unclaimed-other', self.vendor)
        other.put([*self.packages[:2], self.new_hello])
        for argv in (['--boot-set', f'{host.dir}'], ['--boot-set', other.set]):
            said = self.fails(host, 'package.unclaimed', *argv)
            self.assertIn('hello', said)
        self.trusted(host)

    def test_b10_the_user_log_must_lead_to_pcr_11(self):
        host = self.host('userlog')
        self.trusted(host)
        whole = open(host.cel, 'rb').read()
        for wrong in (whole[:len(whole) // 2], whole + whole, b'no log'):
            open(f'{host.dir}/wrong.cel', 'wb').write(wrong)
            done = host.once('--user-log', f'{host.dir}/wrong.cel')
            self.assertIn('verdict: failed', done.stdout)
        done = host.once('--user-log', f'{host.dir}/none.cel')
        self.assertIn('verdict: failed', done.stdout)
        self.trusted(host)

    def test_b07_an_old_package_that_comes_back_is_told_until_an_operator_accepts_it(self):
        host = self.host('rollback', [*self.packages[:2], self.new_hello])
        self.trusted(host)
        self.trusted(host)
        host.put(self.packages)
        host.boot()
        said = self.fails(host, 'package.rolled-back')
        self.assertIn('hello', said)
        self.verifies(host, 'failed')
        self.restart()
        self.fails(host, 'package.rolled-back')
        shown = self.show(host)['evidence']
        self.cli('host', 'accept-rollback', 'rollback', '--evidence', '00' * 32, want=3)
        self.cli('host', 'accept-rollback', 'rollback', '--evidence', shown)
        self.trusted(host)
        self.assertIn('host.accept-rollback', self.cli('audit', '--json'))
        host.put([*self.packages[:2], self.new_hello])
        host.boot()
        self.trusted(host)
        host.put(self.packages)
        host.boot()
        self.fails(host, 'package.rolled-back')  # the leave was for what was seen then

    def test_b06_an_option_that_nobody_signed_is_quoted(self):
        host = self.host('option')
        self.trusted(host)
        host.put(self.packages, 'default a\ngood a\nappend init=/bin/sh\n')
        host.boot(host.log_of('init=/bin/sh'))
        self.assertIn('init=/bin/sh', self.fails(host, 'settings.unsigned-option'))

    def test_b09_a_loader_that_no_package_claims_is_told(self):
        host = self.host('loader')
        self.trusted(host)
        conf = open(f'{host.esp}/trueboot/boot.conf', 'rb').read()
        line = f'{boot_sets.COMMAND_LINE} trueboot.set=a'
        records = chain_log.loader_records(host.set, conf, self.vendor.root, self.vendor.signer, line)
        host.boot(chain_log.boot_log(RECORDED, boot_sets.program('another'),
                                     records + chain_log.kernel_events(b'initrd', line)))
        self.fails(host, 'loader.unclaimed')


if __name__ == '__main__':
    unittest.main(verbosity=2)
