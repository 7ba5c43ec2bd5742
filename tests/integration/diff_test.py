#!/usr/bin/env python3
"""What changed between two boots, and hosts that boot alike: agents with software TPMs, a real
trueboot-server and the command line.

Environment: TRUEBOOT_SOURCE and TRUEBOOT_BUILD, the source and the build directory.
"""
import hashlib
import json
import os
import struct
import sys
import unittest
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from agent_test import BOOTS, CLI, Host, World, good, run  # noqa: E402

NUMBERS = {'sha1': 4, 'sha256': 11, 'sha384': 12, 'sha512': 13}


def algorithms(log):
    """Of the banks that the Spec ID event declares (PFP 1.06, 10.4.5.1)."""
    n, = struct.unpack_from('<I', log, 32 + 24)
    found = [struct.unpack_from('<H', log, 32 + 28 + 4 * i)[0] for i in range(n)]
    return [name for name, number in NUMBERS.items() if number in found]


class Diff(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        warnings.simplefilter('ignore', ResourceWarning)
        cls.w = World()
        cls.host = {}
        cls.tpm = {'web1': cls.w.tpms[0]}
        for name, boot in (('web1', 'good'), ('web2', 'good'), ('db1', 'good-updated'),
                           ('off1', 'secure-boot-off'), ('deb1', 'debian')):
            if name not in cls.tpm:
                log = open(f'{BOOTS}/{boot}/binary_bios_measurements', 'rb').read()
                cls.tpm[name] = cls.w.tpm(name, '--ek-ca', cls.w.ca, '--pcr-banks',
                                          ','.join(algorithms(log)))
                cls.tpm[name].boot(boot)
            cls.host[name] = h = Host(cls.w, name, cls.tpm[name].tcti, boot)
            assert h.enrol().returncode == 0
            done = h.once()
            assert ('verdict: trusted' in done.stdout) == (name != 'off1'), done.stdout

    @classmethod
    def tearDownClass(cls):
        cls.w.end()

    def cli(self, *argv, want=0):
        done = run(CLI, *argv, env=self.w.verifier.env)
        self.assertEqual(done.returncode, want, done.stdout)
        return done.stdout

    def show(self, name):
        return json.loads(self.cli('host', 'show', name, '--json'))

    def measures(self, name, pcr, text):
        """One more EV_ACTION of the running boot, in the TPM and in the log."""
        log = open(self.host[name].log, 'rb').read()
        data = text.encode()
        digests = {alg: hashlib.new(alg, data) for alg in algorithms(log)}
        env = dict(os.environ, TPM2TOOLS_TCTI=self.tpm[name].tcti)
        good('tpm2_pcrextend', f'{pcr}:' + ','.join(
            f'{alg}={h.hexdigest()}' for alg, h in digests.items()), env=env)
        event = struct.pack('<III', pcr, 5, len(digests)) + b''.join(
            struct.pack('<H', NUMBERS[alg]) + h.digest() for alg, h in digests.items())
        open(self.host[name].log, 'ab').write(event + struct.pack('<I', len(data)) + data)
        return self.host[name].once().stdout

    def test_1_hosts_that_boot_alike_share_a_shape_and_others_are_told_apart(self):
        shapes = {n: self.show(n)['shape'] for n in self.host}
        self.assertEqual(shapes['web1'], shapes['web2'])
        self.assertNotEqual(shapes['web1'], shapes['db1'])
        listed = json.loads(self.cli('clusters', '--json'))
        self.assertEqual((listed['clusters'], listed['hosts']), (4, 5))
        first, second = listed['items'][0], [
            c for c in listed['items'] if c['sample']['name'] == 'db1'][0]
        off = [c for c in listed['items'] if c['sample']['name'] == 'off1'][0]
        self.assertEqual((first['hosts'], first['verdicts']['trusted']), (2, 2))
        self.assertIsNone(first['nearest'])
        self.assertEqual(second['nearest']['shape'], first['shape'])
        self.assertEqual(second['nearest']['bank'], first['bank'])
        self.assertEqual((off['hosts'], off['verdicts']['failed']), (1, 1))
        self.assertTrue(first['programs'])
        debian = [c for c in listed['items'] if c['sample']['name'] == 'deb1'][0]
        self.assertEqual(debian['parts'][:2], ['shim', 'grub'], debian)
        self.assertIn('vmlinuz', debian['kernel'])
        text = self.cli('clusters')
        self.assertIn('shim, grub', text)
        self.assertIn('5 hosts in 4 clusters', text)
        self.assertIn(' from ' + first['shape'][:12], text)
        titles, *rows = text.splitlines()[:5]
        at = titles.index('DIFFERS IN')
        for row, c in zip(rows, listed['items']): # however long a kernel's name is
            self.assertIn(row[at:at + 4], ('PCR ', 'its ') if c['nearest'] else ('-   '), text)
        text = self.cli('clusters', 'diff', first['shape'][:8], second['shape'][:8], want=1)
        self.assertIn(', 1 host, such as', text)
        for pcr in second['nearest']['pcrs']:
            self.assertIn(f'PCR {pcr}:', text)
        text = self.cli('clusters', 'diff', first['shape'][:8], off['shape'][:8], want=1)
        self.assertIn('Secure Boot setting SecureBoot changed: yes -> no\n', text)
        self.cli('clusters', 'diff', first['shape'], first['shape'])
        self.cli('clusters', 'diff', 'ffffffff', first['shape'], want=2)

    def test_2_a_trusted_host_has_nothing_to_tell(self):
        self.assertIsNone(self.show('web2')['changed_since'])
        self.assertIn('the same events', self.cli('host', 'diff', 'web2'))

    def test_3_what_changed_since_the_last_trusted_boot_is_told_in_words(self):
        before = self.show('web1')
        self.assertIn('headline: firmware.changed', self.measures('web1', 1, 'Setup <b>opened</b>'))
        after = self.show('web1')
        self.assertEqual(after['verdict'], 'changed')
        self.assertEqual(before['shape'], after['shape'], 'settings are no part of it')
        sentence = 'step Setup <b>opened</b> is new\n'
        text = self.cli('host', 'diff', 'web1', want=1)
        self.assertIn('new      ' + sentence, text)
        top = self.cli('host', 'show', 'web1')
        self.assertIn('What changed since the trusted boot of', top)
        self.assertIn('- ' + sentence, top)
        periods = json.loads(self.cli('host', 'history', 'web1', '--json'))['items']
        self.assertEqual(periods[1]['id'], after['changed_since']['period'])
        told = json.loads(self.cli('host', 'diff', 'web1', '--from', str(periods[0]['id']), '--to',
                                   str(periods[1]['id']), '--json', want=1))
        self.assertEqual(told['from']['period'], periods[0]['id'])
        change, = [p for p in told['diff']['pcrs'] if p['pcr'] == 1][0]['changes']
        self.assertEqual(change['kind'], 'gone')
        self.assertTrue(change['verified'] and change['vouched'])
        self.cli('host', 'diff', 'web1', '--from', '123456', want=3)
        self.cli('host', 'diff', 'web1', '--from', 'x', want=2)

    def test_4_what_is_accepted_is_what_was_seen(self):
        seen = self.show('web1')['evidence']
        self.measures('web1', 1, 'Setup opened again')
        now = self.show('web1')['evidence']
        self.assertNotEqual(seen, now)
        said = self.cli('host', 'accept-firmware', 'web1', '--evidence', seen, want=3)
        self.assertIn('other evidence', said)
        self.assertIn('verdict: changed', self.host['web1'].once().stdout)
        self.cli('host', 'accept-firmware', 'web1', '--evidence', now)
        self.assertIn('verdict: trusted', self.host['web1'].once().stdout)
        self.assertIsNone(self.show('web1')['changed_since'])

    def test_5_an_edited_log_proves_no_change(self):
        log = open(self.host['web2'].log, 'rb').read()
        at = log.rindex('BOOTX64.EFI'.encode('utf-16-le'))
        at = log.rindex(bytes.fromhex('0d00'), 0, at - 100)  # SHA-512
        open(self.host['web2'].log, 'wb').write(log[:at + 2] + bytes([log[at + 2] ^ 255]) +
                                                log[at + 3:])
        self.assertIn('headline: log.replay', self.host['web2'].once().stdout)
        told = json.loads(self.cli('host', 'diff', 'web2', '--json', want=1))['diff']
        pcr, = [p for p in told['pcrs'] if p['pcr'] == 4]
        self.assertFalse(pcr['vouched'])
        changes = pcr['changes']
        self.assertTrue(changes)
        for c in changes:
            self.assertFalse(c['vouched'] or c['verified'], c)


if __name__ == '__main__':
    unittest.main(verbosity=1)
