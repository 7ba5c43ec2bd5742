// What the evidence of a host shows: the steps of the boot, TPM, PCRs, checks and event log.

import { api, hostPath } from './api.js';
import {
    MARK_WORDS,
    PCR_USE,
    authorities,
    bootStory,
    eventOf,
    findingMark,
    keysets,
    lost,
    pcrStateOf,
    programs,
    provedBy,
} from './boot.js';
import { fill, h } from './dom.js';
import { count, plural, secureBootOf, sentence, shortHex, visible } from './format.js';
import { code, commands, facts, foreign, foreignOr, mark, notice, table } from './parts.js';
import { certificates, optionRoms, storySteps } from './story.js';

const EVENTS_PAGE = 200;

export function drawBoot(result) {
    const story = bootStory(result);
    const f = provedBy(result).facts || {};
    const detail = {
        firmware: () =>
            facts([
                [
                    'Version',
                    f.firmware_version
                        ? foreign(f.firmware_version)
                        : h('span', { class: 'soft' }, 'not measured'),
                ],
                ...(optionRoms(f) > 0 ? [['Option ROMs', count(optionRoms(f))]] : []),
            ]),
        'secure-boot': () => secureBootStep(f),
        authorities: () => authorityStep(f),
        programs: () => programStep(f),
        settings: () => null,
        'hand-over': () =>
            h(
                'p',
                null,
                f.exit_boot_services === true
                    ? 'The firmware handed over to the operating system.'
                    : 'The log does not show the hand-over.',
            ),
    };
    const judged = story.steps.map((s) =>
        h(
            'li',
            { class: `m-${s.mark}` },
            h('div', { class: 'what' }, h('b', null, s.title), mark(s.mark, MARK_WORDS[s.mark])),
            s.findings.map((x) => h('p', { class: `why m-${findingMark(x)}` }, sentence(x.title))),
            s.unexplained.map((n) =>
                h('p', { class: 'why m-unknown' }, `PCR ${count(n)} is not explained by the log.`),
            ),
            story.known && s.unexplained.length === 0 ? detail[s.id]() : null,
        ),
    );
    const told = storySteps(f).map(storyStep); // by the programs that the firmware had started
    return [
        h(
            'p',
            { class: 'rests' },
            mark(story.genuine, MARK_WORDS[story.genuine]),
            ' Quote, PCRs and event log: what all steps below rest on.',
            story.known ? null : ' They are empty because nothing of this boot is proved.',
        ),
        h('ol', { class: 'boot' }, judged.slice(0, -1), told, judged.slice(-1)),
    ];
}

function storyStep(s) {
    return h(
        'li',
        { class: `m-${s.proved ? 'pass' : 'note'}` },
        h(
            'div',
            { class: 'what' },
            h('b', null, s.title),
            mark(s.proved ? 'pass' : 'note', s.proved ? 'verified' : 'unverified'),
        ),
        s.lines.map((l) =>
            h(
                'p',
                { class: 'told' },
                l.name ? [h('span', { class: 'soft' }, `${visible(l.name)}: `)] : null,
                l.digest ? digest(l.text) : foreign(l.text),
                l.proved ? null : [' ', unverified()],
            ),
        ),
    );
}

function secureBootStep(f) {
    const state = secureBootOf({ secure_boot: f.secure_boot });
    return [
        h('p', null, 'Secure Boot: ', mark(state.mark, state.label)),
        ...[keysets(f)]
            .filter((k) => k.length > 0)
            .map((sets) =>
                table(
                    'Secure Boot keys',
                    ['Variable', 'Holds', 'First certificate', 'SHA-256'],
                    sets.map((k) => [
                        h('b', null, visible(k.name)),
                        k.measured ? holds(k) : h('span', { class: 'soft' }, 'not measured once'),
                        k.subject ? foreign(k.subject) : '–',
                        digest(k.digest),
                    ]),
                    { class: 'cards small' },
                ),
            ),
    ];
}

function holds(k) {
    const parts = [];
    if (k.certificates > 0) parts.push(plural(k.certificates, 'certificate'));
    if (k.hashes > 0) parts.push(plural(k.hashes, 'hash', 'hashes'));
    return parts.join(', ') || 'nothing';
}

function digest(hex) {
    return hex ? code(shortHex(hex), { title: visible(hex), class: 'hex' }) : '–';
}

function authorityStep(f) {
    const all = authorities(f);
    if (all.length === 0) return h('p', { class: 'soft' }, 'No authority is measured.');
    return [
        table(
            'Authorities',
            ['From', 'Authority', 'SHA-256', ''],
            all.map((a) => [
                foreign(a.variable),
                a.subject
                    ? foreign(a.subject)
                    : h('span', { class: 'soft' }, 'a hash, or not readable'),
                digest(a.digest),
                a.driver ? 'for a driver' : '',
            ]),
            { class: 'cards small' },
        ),
        more(lost(f, 'authorities')),
    ];
}

function programStep(f) {
    const all = programs(f);
    if (all.length === 0) return h('p', { class: 'soft' }, 'No program is measured in PCR 4.');
    return [
        table(
            'Programs',
            ['Digest', 'Path', 'Event'],
            all.map((p) => [
                [digest(p.digest), ' ', h('span', { class: 'soft' }, visible(p.bank))],
                p.path ? [foreign(p.path), ' ', unverified()] : '–',
                p.event === undefined ? '' : `#${count(p.event)}`,
            ]),
            { class: 'cards small' },
        ),
        more(lost(f, 'programs')),
    ];
}

function unverified() {
    return h(
        'span',
        { class: 'unverified', title: 'The host says so; no digest covers it' },
        'unverified',
    );
}

function more(n) {
    return n > 0
        ? notice('warn', `${plural(n, 'further entry', 'further entries')} not kept.`)
        : null;
}

/* Behind what only the TPM itself says. */
function byOwnWord(told, proved) {
    return told && !proved ? ' (by its own word)' : '';
}

export function drawTpm(t, quote) {
    return facts([
        ['Version', visible(t.version)],
        ['Maker', [foreignOr(t.manufacturer), byOwnWord(t.manufacturer, t.manufacturer_proved)]],
        ['Model', foreignOr(t.model)],
        ['Firmware', foreignOr(t.firmware)],
        ['Class', [visible(t.class), byOwnWord(t.class !== 'unknown', t.class_proved)]],
        ['EK trusted by', foreignOr(t.ek_trust)],
        ['Resets', quote.genuine === true ? count(quote.reset_count) : ''],
        ['Boot id', quote.boot_id ? code(quote.boot_id) : ''],
        ['Not seen', t.limit ? visible(t.limit) : ''],
        ['EK digest', t.ek_digest ? code(t.ek_digest, { class: 'hex' }) : ''],
        ['AK name', t.ak_name ? code(t.ak_name, { class: 'hex' }) : ''],
    ]);
}

// PCRs by bank, and what was computed about those that the log does not lead to.
export function drawPcrs(banks, why) {
    return [...banksOf(banks), ...explanationsTable(why)];
}

// What a host on Trueboot's own boot chain booted from.
export function drawPackages(chain) {
    const told = [
        `Boot set ${visible(chain.set) || 'unknown'}. `,
        chain.verifier === 'pass'
            ? 'The Secure Boot Verifier passed it. '
            : 'The Secure Boot Verifier did not pass it. ',
        chain.complete ? '' : 'The boot is not complete yet. ',
        chain.rescue ? 'A rescue shell was opened. ' : '',
        chain.fallback ? `The other set was to start: ${visible(chain.fallback)}. ` : '',
    ];
    return [
        h('p', null, told.join('')),
        table(
            'Packages',
            ['Package', 'Version', 'Security version', 'Level', 'Vendor', 'Signer', 'Proved'],
            chain.packages.map((p) => [
                visible(p.name),
                visible(p.version),
                count(p.security),
                visible(p.level),
                visible(p.vendor),
                visible(p.signer),
                p.good ? mark('pass', 'yes') : mark('fail', 'no'),
            ]),
            { class: 'small' },
        ),
    ];
}

function explanationsTable(why) {
    if (why.rows.length === 0) return [];
    const rest = [
        why.lost > 0 ? `${plural(why.lost, 'explanation')} more. ` : '',
        why.cut ? 'Not all that could be tried was: the log is too large for that. ' : '',
        'Computed from the log, which anybody with root on the host can write: what would do it, not what happened.',
    ];
    return [
        h('h3', null, 'What would explain the differences'),
        table(
            'What would explain the differences',
            ['Where', 'Tried', 'With', 'Next'],
            why.rows.map((r) => [
                visible(r.where),
                [visible(r.meaning), ' ', code(r.code, { class: 'soft' })],
                visible(r.detail),
                commands(r.next),
            ]),
            { class: 'small explanations' },
        ),
        h('p', { class: 'soft' }, rest.join('')),
    ];
}

function banksOf(banks) {
    const valued = banks.some((b) => b.rows.some((r) => r.value !== ''));
    return banks.map((b) =>
        h(
            'details',
            { open: banks.length === 1 || b === banks[0] },
            h('summary', null, h('b', null, visible(b.bank)), ' ', bankSummary(b)),
            table(
                `PCRs, ${visible(b.bank)}`,
                ['PCR', 'Measures', 'State', ...(valued ? ['Value'] : [])],
                b.rows.map((r) => {
                    const s = pcrStateOf(r.state);
                    return [
                        String(r.pcr),
                        PCR_USE[r.pcr] || '',
                        mark(s.mark, visible(s.words)),
                        ...(valued ? [code(r.value, { class: 'hex nowrap' })] : []),
                    ];
                }),
                { class: 'small' },
            ),
        ),
    );
}

function bankSummary(b) {
    const bad = b.rows.filter((r) => r.state !== 'match').length;
    return h(
        'span',
        { class: 'soft' },
        bad === 0
            ? `all ${b.rows.length} explained by the log`
            : `${bad} of ${b.rows.length} not explained by the log`,
    );
}

const OUTCOMES = { pass: 'pass', fail: 'fail', unknown: 'unknown' };

export function drawChecks(r) {
    const all = Object.entries(r.checks);
    const passed = all.filter(([, o]) => o === 'pass').length;
    return h(
        'details',
        null,
        h(
            'summary',
            null,
            h('b', null, 'All checks'),
            ' ',
            h('span', { class: 'soft' }, `${passed} of ${all.length} passed`),
        ),
        h(
            'ul',
            { class: 'checks' },
            all.map(([name, o]) =>
                h(
                    'li',
                    null,
                    mark(OUTCOMES[o] || 'none', o === 'not-checked' ? 'not checked' : visible(o)),
                    ' ',
                    code(name),
                ),
            ),
        ),
    );
}

// The log may be a megabyte: it is read when somebody opens it.
export function drawLog(id) {
    const body = h('div');
    let asked = false;
    const details = h(
        'details',
        {
            ontoggle: async () => {
                if (!details.open || asked) return;
                asked = true;
                fill(body, h('p', { class: 'soft', role: 'status' }, 'Reading…'));
                try {
                    showLog(body, await api.get(hostPath(id, '/log')));
                } catch (e) {
                    asked = false;
                    fill(body, notice('error', e.message));
                }
            },
        },
        h(
            'summary',
            null,
            h('b', null, 'Show the event log'),
            ' ',
            h('span', { class: 'soft' }, 'of the last evidence'),
        ),
        body,
    );
    return details;
}

function certificateTable(all) {
    if (all.length === 0) return null;
    return table(
        'Certificates',
        ['Variable', 'Certificate', 'Issuer', 'Valid', 'SHA-256'],
        all.map((c) => [
            [foreign(c.variable), c.authority ? ' vouched' : ''],
            [
                c.known ? h('b', null, visible(c.known)) : foreignOr(c.subject),
                c.test ? [' ', mark('warn', 'test key')] : null,
            ],
            foreignOr(c.issuer),
            c.from ? `${c.from} – ${c.until}` : '–',
            digest(c.sha256),
        ]),
        { class: 'cards small' },
    );
}

function showLog(body, log) {
    const events = (Array.isArray(log.events) ? log.events : []).map(eventOf);
    const node = h('div');
    let shown = 0;
    const foot = h('div', { class: 'foot' });
    const next = () => {
        const part = events.slice(shown, shown + EVENTS_PAGE);
        shown += part.length;
        node.append(
            table(
                `Events ${part.length ? part[0].index : ''}`,
                ['#', 'PCR', 'Type', 'Digest', 'Data'],
                part.map(eventCells),
                { class: 'cards small log' },
            ),
        );
        fill(
            foot,
            shown < events.length
                ? [
                      h(
                          'span',
                          { class: 'soft' },
                          `${count(shown)} of ${count(events.length)} events`,
                      ),
                      h('button', { type: 'button', onclick: next }, 'Show more'),
                  ]
                : null,
        );
    };
    fill(
        body,
        h(
            'p',
            { class: 'soft' },
            `${visible(log.format)}, ${(log.banks || [])
                .map(visible)
                .join(', ')}, ${plural(events.length, 'event')}. Types, and data marked `,
            unverified(),
            ', are what the host says: no digest covers them.',
        ),
        certificateTable(certificates(log.facts)),
        node,
        foot,
    );
    next();
}

function eventCells(e) {
    return [
        String(e.index ?? ''),
        String(e.pcr ?? ''),
        foreign(e.type),
        e.digests.map(([bank, hex]) =>
            h(
                'div',
                { class: 'nowrap' },
                h('span', { class: 'soft' }, `${visible(bank)} `),
                digest(hex),
            ),
        ),
        e.lines.map((l) =>
            h(
                'div',
                { class: 'data' },
                l.name ? h('span', { class: 'soft' }, `${visible(l.name)} `) : null,
                foreign(l.text),
                ' ',
                l.verified
                    ? h(
                          'span',
                          { class: 'verified', title: 'The digest covers exactly this' },
                          'verified',
                      )
                    : unverified(),
            ),
        ),
    ];
}
