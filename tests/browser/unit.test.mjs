// The page's pure functions, with node alone: node --test tests/browser/unit.test.mjs
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as format from '../../server/ui/format.js';
import * as route from '../../server/ui/route.js';
import * as boot from '../../server/ui/boot.js';
import * as tale from '../../server/ui/story.js';

const NOW = Date.parse('2026-03-01T12:00:00Z');

test('a span shows its largest unit and, when small, one more', () => {
    const cases = [
        [0, '0 s'],
        [12000, '12 s'],
        [59400, '59 s'],
        [300000, '5 min'],
        [4003000, '1 h 6 min'],
        [86400000 * 3 + 3600000 * 2, '3 d 2 h'],
        [86400000 * 90, '90 d'],
        [86400000, '1 d'],
        [-5, '0 s'],
    ];
    for (const [ms, text] of cases) assert.equal(format.duration(ms), text);
});

test('a time that is missing or zero is never, one that is close is just now', () => {
    for (const t of [null, undefined, '', 'nonsense', '1970-01-01T00:00:00Z'])
        assert.equal(format.ago(t, NOW), 'never');
    assert.equal(format.ago('2026-03-01T11:59:55Z', NOW), 'just now');
    assert.equal(format.ago('2026-03-01T12:00:30Z', NOW), 'just now');
    assert.equal(format.ago('2026-03-01T11:55:00Z', NOW), '5 min ago');
    assert.equal(format.ago('2026-03-01T14:00:00Z', NOW), 'in 2 h');
    assert.equal(format.utc('2026-03-01T11:55:00Z'), '2026-03-01 11:55:00 UTC');
});

test('a host that is not capable reads N/A, whatever else it says', () => {
    const host = { verdict: 'not-capable', tpm_version: '1.2', reason: '', secure_boot: 'on' };
    assert.equal(format.verdictOf(host.verdict).label, 'N/A');
    assert.equal(format.secureBootOf(host).label, 'N/A');
    assert.match(format.reasonText(host), /TPM 1\.2/);
});

test('an unknown verdict never reads as trusted', () => {
    for (const v of ['', undefined, null, 'TRUSTED', '__proto__', 'constructor'])
        assert.equal(format.verdictOf(v).id, 'none');
    assert.equal(
        format.secureBootOf({ verdict: 'trusted', secure_boot: '__proto__' }).mark === 'pass',
        false,
    );
    assert.notEqual(format.secureBootOf({ verdict: 'stale', secure_boot: 'on' }).mark, 'pass');
});

test('t44 control, bidirectional and invisible characters are shown, not obeyed', () => {
    assert.equal(format.visible('a\u202eb'), 'a\\u{202e}b');
    assert.equal(format.visible('a\u0000\u001b[31m\u0085'), 'a\\u{0000}\\u{001b}[31m\\u{0085}');
    assert.equal(
        format.visible('\u2066x\u2069\u200b\ufeff'),
        '\\u{2066}x\\u{2069}\\u{200b}\\u{feff}',
    );
    assert.equal(format.visible('\u{e0041}\ud800'), '\\u{e0041}\\u{d800}');
    assert.equal(format.visible('Zürich-東京 <b>'), 'Zürich-東京 <b>');
    assert.equal(format.visible(null), '');
});

test('the headline counts what needs a look and leaves out who cannot attest', () => {
    const s = (total, verdicts) => format.headline({ total, verdicts });
    assert.equal(s(0, {}), 'No hosts yet');
    assert.equal(s(3, { trusted: 2, 'not-capable': 1 }), 'All 2 hosts that can attest are trusted');
    assert.equal(s(3, { trusted: 2, failed: 1 }), '1 of 3 hosts needs a look');
    assert.equal(s(9, { trusted: 2, failed: 3, stale: 4 }), '7 of 9 hosts need a look');
    assert.equal(s(2, { trusted: 1, none: 1 }), '1 of 2 hosts trusted so far');
    assert.equal(s(1, { 'not-capable': 1 }), 'The only host cannot attest');
});

test('roles may do what is theirs and nothing more', () => {
    const can = (role) =>
        ['viewer', 'operator', 'admin', 'audit'].map((n) => format.mayDo(role, n));
    assert.deepEqual(can('viewer'), [true, false, false, false]);
    assert.deepEqual(can('auditor'), [true, false, false, true]);
    assert.deepEqual(can('operator'), [true, true, false, false]);
    assert.deepEqual(can('admin'), [true, true, true, true]);
    assert.deepEqual(can('agent'), [false, false, false, false]);
    assert.equal(format.mayDo('admin', 'nonsense'), false);
});

test('an address and its route are two forms of the same thing', () => {
    for (const filter of [
        {},
        { verdict: 'failed' },
        { sort: 'since', order: 'desc' },
        { q: 'a b&c#d?e=f', group: 'x/y%', sort: 'name' },
    ])
        assert.deepEqual(route.parseRoute(route.reportHash(filter)), {
            view: 'report',
            id: '',
            filter,
        });
    for (const id of ['h1', 'a/b', 'x?y=z', '%41', '<b>', 'ü'])
        assert.deepEqual(route.parseRoute(route.hostHash(id)), { view: 'host', id, filter: {} });
});

test('an address that makes no sense shows the report without a filter', () => {
    for (const hash of [
        '',
        '#',
        '#/',
        '#/nonsense?verdict=failed',
        '#/hosts/',
        '#/hosts/a/b',
        '#/hosts/%zz',
        '#/host',
        '#/__proto__',
        '#/report?verdict=nonsense&sort=up',
    ])
        assert.deepEqual(route.parseRoute(hash), { view: 'report', id: '', filter: {} }, hash);
});

test('only a sign-in link gives a key', () => {
    assert.equal(route.keyOfHash('#key=abc%2Bd'), 'abc+d');
    for (const hash of ['', '#key=', '#/report?key=abc', '#keys=abc', '#/key=abc'])
        assert.equal(route.keyOfHash(hash), '');
});

test('the query of the list names a sort order and escapes what was typed', () => {
    assert.equal(
        route.hostsQuery({ q: 'a&limit=9' }, 100, null),
        'limit=100&q=a%26limit%3D9&sort=verdict',
    );
    assert.equal(
        route.hostsQuery({ verdict: 'failed', sort: 'name' }, 5, 'c='),
        'limit=5&verdict=failed&sort=name&cursor=c%3D',
    );
});

const finding = (code, severity, outcome = 'fail') => ({ code, severity, outcome, title: code });

test('a step is marked by the worst of its findings and never passes unlooked', () => {
    const all = (c) => c.startsWith('a.');
    const mark = (checks, findings) => boot.markOf({ checks, findings }, all);
    assert.equal(mark({}, []), 'none');
    assert.equal(mark({ 'a.x': 'not-checked' }, []), 'none');
    assert.equal(mark({ 'a.x': 'pass', 'a.y': 'not-checked' }, []), 'pass');
    assert.equal(
        mark({ 'a.x': 'pass', 'a.y': 'unknown' }, [finding('a.y', 'required', 'unknown')]),
        'unknown',
    );
    assert.equal(mark({ 'a.x': 'fail' }, [finding('a.x', 'required')]), 'fail');
    assert.equal(mark({ 'a.x': 'fail' }, [finding('a.x', 'advisory')]), 'warn');
    assert.equal(mark({ 'a.x': 'fail' }, [finding('a.x', 'inform')]), 'note');
    assert.equal(mark({ 'b.x': 'fail', 'a.x': 'pass' }, [finding('b.x', 'required')]), 'pass');
    assert.equal(boot.markOf({ checks: { 'a.x': 'fail' } }, all), 'fail');
});

test('the boot story has its steps in order and survives an empty result', () => {
    for (const result of [null, {}, { facts: null, findings: null, checks: null }]) {
        const story = boot.bootStory(result);
        assert.equal(story.known, false);
        assert.deepEqual(
            story.steps.map((s) => s.id),
            ['firmware', 'secure-boot', 'authorities', 'programs', 'hand-over'],
        );
        assert.ok(story.steps.every((s) => s.mark === 'none'));
    }
    const story = boot.bootStory({
        facts: {},
        checks: { 'secureboot.off': 'fail', 'quote.magic': 'pass' },
        findings: [finding('secureboot.off', 'required')],
    });
    assert.equal(story.genuine, 'pass');
    assert.equal(story.steps[1].mark, 'fail');
    assert.equal(story.steps[2].mark, 'none');
});

test('a step whose PCR the log does not lead to is unknown, whatever passed', () => {
    const result = (states, checks = {}) => ({
        boot: { bank: 'sha256', secure_boot: 'on', programs: [], pcrs: { sha256: states } },
        checks: { 'loader.denied': 'pass', 'secureboot.off': 'pass', 'boot.end': 'pass', ...checks },
        findings: [],
    });
    const step = (r, id) => boot.bootStory(r).steps.find((s) => s.id === id);
    const good = { 0: 'match', 1: 'match', 4: 'match', 5: 'match', 7: 'match' };
    for (const s of boot.bootStory(result(good)).steps) assert.deepEqual(s.unexplained, []);
    assert.equal(step(result(good), 'programs').mark, 'pass');
    for (const state of ['mismatch', 'not-in-log', 'capped', 'incomplete', 'unextended', 'later']) {
        const r = result({ ...good, 4: state });
        assert.equal(step(r, 'programs').mark, 'unknown', state);
        assert.deepEqual(step(r, 'programs').unexplained, [4]);
        assert.equal(step(r, 'secure-boot').mark, 'pass');
    }
    const seven = result({ ...good, 7: 'mismatch' });
    assert.equal(step(seven, 'secure-boot').mark, 'unknown');
    assert.equal(step(seven, 'authorities').mark, 'unknown');
    assert.equal(step(result({ ...good, 1: 'mismatch' }), 'firmware').mark, 'unknown');
    assert.equal(step(result({ ...good, 5: 'mismatch' }), 'hand-over').mark, 'unknown');
    const failed = result({ ...good, 4: 'mismatch' }, { 'loader.denied': 'fail' });
    assert.equal(step(failed, 'programs').mark, 'fail');
    const untold = result(good); // no program is proved, so nothing is said of Secure Boot
    untold.boot.secure_boot = 'unknown';
    assert.equal(step(untold, 'secure-boot').mark, 'unknown');
    assert.equal(step(untold, 'hand-over').mark, 'pass');
    const other = result(good); // the facts are not taken from this bank
    other.boot.pcrs.sha1 = { 4: 'mismatch' };
    assert.equal(step(other, 'programs').mark, 'pass');
});

test('facts are read from any of their forms', () => {
    const k = { measured: true, n_certs: 2, n_hashes: 0, digest: 'aa', subject: 'CN=x' };
    const names = (f) => boot.keysets(f).map((x) => x.name);
    assert.deepEqual(names({ keysets: { dbx: k, db: k, KEK: k, PK: k } }), [
        'PK',
        'KEK',
        'db',
        'dbx',
    ]);
    assert.deepEqual(names({ keyset: [k, k, k, k] }), ['PK', 'KEK', 'db', 'dbx']);
    assert.deepEqual(names(null), []);
    assert.equal(boot.authorities({ authorities: [null, { subject: 'CN=y' }] })[0].subject, 'CN=y');
    assert.deepEqual(boot.programs({ programs: 'x' }), []);
    assert.equal(boot.lost({ n_programs_lost: 3 }, 'programs'), 3);
});

test('what a result proves is found under the names that the Verifier writes', () => {
    const result = {
        verdict: 'trusted',
        quote: { genuine: true },
        boot: {
            secure_boot: 'on',
            keys: { PK: { measured: false }, db: { measured: true, certificates: 2, hashes: 1 } },
            programs: [{ event: 3, bank: 'sha256', digest: 'aa', unverified_path: 'x.efi' }],
            pcrs: { sha256: { 0: 'match' } },
        },
    };
    const { facts, pcrs, quote } = boot.provedBy(result);
    assert.equal(boot.bootStory(result).known, true);
    assert.deepEqual(
        boot.keysets(facts).map((k) => [k.name, k.measured, k.certificates, k.hashes]),
        [
            ['PK', false, 0, 0],
            ['db', true, 2, 1],
        ],
    );
    assert.equal(boot.programs(facts)[0].path, 'x.efi');
    assert.equal(boot.pcrTable(pcrs)[0].rows[0].state, 'match');
    assert.equal(quote.genuine, true);
    for (const none of [null, {}, { boot: null }, { boot: 'x' }])
        assert.deepEqual(boot.provedBy(none), { facts: null, pcrs: null, quote: {} });
});

test('the story of the boot programs has only steps of which something is known', () => {
    for (const none of [null, {}, { story: null }, { story: [] }, { story: 'x' }])
        assert.deepEqual(tale.storySteps(none), []);
    const story = {
        parts: ['grub', 'systemd-stub'],
        unverified_parts: ['shim'],
        option_roms: 2,
        shim: { sbat_level: ['sbat,1', 7], validation: 'no', owner_keys: 'unknown' },
        grub: { commands: 3, kernel: '/v' },
        sections: [{ name: '.linux', digest: 'aa' }, null],
        cmdline: { state: 'proved', text: '/v ro', cut: true },
        initrds: [{ digest: 'bb' }],
        windows: null,
        esxi: null,
    };
    const steps = tale.storySteps({ story });
    assert.deepEqual(
        steps.map((s) => [s.id, s.proved]),
        [
            ['shim', false],
            ['grub', true],
            ['systemd', true],
            ['cmdline', true],
            ['initrd', false],
        ],
    );
    assert.deepEqual(steps[0].lines[1], {
        name: 'Verifies what it starts',
        text: 'no',
        proved: false,
    });
    assert.equal(steps[3].lines[0].text, '/v ro');
    assert.equal(steps[3].lines[1].proved, false);
    assert.equal(tale.optionRoms({ story }), 2);
    assert.equal(steps[4].lines[0].digest, true);
    for (const state of ['several', 'unproved', '__proto__', 'none']) {
        const [step] = tale.storySteps({ story: { cmdline: { state, text: 'x' } } });
        assert.equal(step === undefined, state === '__proto__' || state === 'none');
        assert.ok(step === undefined || (!step.proved && step.lines[0].text !== 'x'));
    }
});

test('a bad answer of Windows is shown also where its log is not whole', () => {
    const windows = { present: false, modules: 0, test_signing: 'yes', code_integrity: 'unknown' };
    const [step] = tale.storySteps({ story: { parts: [], windows } });
    assert.equal(step.id, 'windows');
    assert.deepEqual(
        step.lines.map((l) => `${l.name}: ${l.text}`),
        [': events of it, not as it leaves them', 'Test signing: yes'],
    );
    const [whole] = tale.storySteps({
        story: { parts: ['windows'], windows: { ...windows, present: true, modules: 3 } },
    });
    assert.equal(whole.lines[0].name, 'Modules');
});

test('certificates beside a log are read whatever is missing', () => {
    assert.deepEqual(tale.certificates(null), []);
    const [c] = tale.certificates({
        certificates: [{ variable: 'db', not_before_s: 0, not_after_s: 1e20, subject: 7 }, 'x'],
    });
    assert.deepEqual([c.variable, c.from, c.until, c.subject], ['db', '1970-01-01', '', '']);
});

test('PCR states are read from any of their forms', () => {
    const want = [
        {
            bank: 'sha256',
            rows: [
                { pcr: 0, value: '', expected: '', state: 'match' },
                { pcr: 2, value: '', expected: '', state: 'capped' },
            ],
        },
    ];
    assert.deepEqual(boot.pcrTable({ sha256: { 2: 'capped', 0: 'match', 5: 'not-quoted' } }), want);
    assert.deepEqual(boot.pcrTable({ sha256: ['match', 'not-quoted', 'capped'] }), want);
    assert.deepEqual(
        boot.pcrTable({
            banks: {
                sha256: [
                    { pcr: 2, state: 'capped' },
                    { pcr: 0, state: 'match' },
                ],
            },
        }),
        want,
    );
    assert.deepEqual(
        boot.pcrTable([
            { bank: 'sha256', pcrs: { 0: { state: 'match' }, 2: { state: 'capped' } } },
        ]),
        want,
    );
    for (const none of [null, undefined, {}, [], 'x', { sha256: null }])
        assert.deepEqual(boot.pcrTable(none), []);
});

test('explanations are read as text, and nothing else of them is', () => {
    const e = { code: 'surplus-events', where: 'PCR 7: sha256', meaning: 'm', detail: 'd', next: 'n' };
    assert.deepEqual(
        boot.explanationsOf({
            explanations: [{ ...e, pcrs: [7] }, { ...e, meaning: { html: 1 } }],
            explanations_lost: 2,
            explanations_cut: true,
        }),
        {
            rows: [e, { ...e, meaning: '' }],
            lost: 2,
            cut: true,
        },
    );
    for (const none of [null, {}, 'x', { explanations: 'x' }])
        assert.deepEqual(boot.explanationsOf(none), { rows: [], lost: 0, cut: false });
});

test('packages of our own boot chain are read as they are, and nothing odd is good', () => {
    const one = { name: 'base', version: '1', security_version: 3, checked: true, verified: true };
    const chain = boot.chainOf({
        chain: {
            set: 'a',
            verifier: 'pass',
            complete: true,
            fallback: null,
            packages: [one, { ...one, checked: 'yes' }, {}],
        },
    });
    assert.deepEqual(
        chain.packages.map((p) => [p.name, p.security, p.good]),
        [
            ['base', 3, true],
            ['base', 3, false],
            ['', null, false],
        ],
    );
    assert.deepEqual(
        [chain.set, chain.verifier, chain.complete, chain.rescue, chain.fallback],
        ['a', 'pass', true, false, ''],
    );
    for (const none of [null, {}, { chain: null }, { chain: [] }, { chain: 7 }])
        assert.equal(boot.chainOf(none), null);
    assert.deepEqual(boot.chainOf({ chain: {} }).packages, []);
});

test('event data without a mark is unverified', () => {
    const marks = (e) => boot.eventOf(e).lines.map((l) => l.verified);
    assert.deepEqual(marks({ details: 'x' }), [false]);
    assert.deepEqual(marks({ details: { a: 1, b: { value: 2, verified: true } } }), [false, true]);
    assert.deepEqual(
        marks({ details: [{ name: 'a', value: 1, verified: true }, { name: 'b' }, 'c'] }),
        [true, false, false],
    );
    assert.deepEqual(marks({ details: { a: 1 }, verified: true }), [true]);
    assert.deepEqual(marks({ details: { a: 1 }, verified: 'true' }), [false]);
    assert.equal(boot.eventOf({ type: 0x80000001 }).type, '0x80000001');
});
