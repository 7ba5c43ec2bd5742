// One host: what the Verifier says of it, why, and what can be done.

import { api, hostPath } from './api.js';
import { MARK_WORDS, chainOf, explanationsOf, findingMark, pcrTable, provedBy } from './boot.js';
import { drawChanges, loadChanges } from './diff.js';
import { fill, h, icon, refill } from './dom.js';
import { drawBoot, drawChecks, drawLog, drawPackages, drawPcrs, drawTpm } from './evidence.js';
import {
    count,
    reasonText,
    secureBootOf,
    sentence,
    tpmText,
    verdictOf,
    visible,
} from './format.js';
import {
    actionButton,
    code,
    commands,
    confirmed,
    facts,
    foreign,
    foreignOr,
    mark,
    notice,
    table,
    toast,
    verdictBadge,
    when,
} from './parts.js';
import { reportHash } from './route.js';

const POLL_MS = 2000;
const WAIT_MS = 90000; // how long the page waits for an answer to "attest now"

const SECTIONS = [
    ['top', null],
    ['actions', null],
    ['facts', null],
    ['asked', null],
    ['findings', 'Findings'],
    ['changes', 'What changed since the last trusted boot'],
    ['packages', 'Packages'],
    ['boot', 'The boot'],
    ['tpm', 'TPM'],
    ['pcrs', 'PCRs'],
    ['checks', null],
    ['log', 'Event log'],
    ['history', 'Verdict history'],
    ['incidents', 'Incidents'],
];

export function hostView(app, route) {
    const view = { app, id: route.id, host: null, asked: null, timer: 0, closed: false, parts: {} };
    view.error = h('div');
    view.node = h(
        'article',
        { class: 'host' },
        h('p', { class: 'back' }, h('a', { href: '#/report' }, '← Security report')),
        view.error,
        SECTIONS.map(([name, title]) => {
            view.parts[name] = h('div', { class: 'body' });
            return h(
                'section',
                { id: `s-${name}`, hidden: true },
                title ? h('h2', null, title) : null,
                view.parts[name],
            );
        }),
    );
    load(view);
    return {
        node: view.node,
        title: 'Host',
        refresh: (changed) =>
            changed.size === 0 || changed.has(view.id) || changed.has('incident')
                ? load(view)
                : null,
        close: () => {
            view.closed = true;
            clearTimeout(view.timer);
        },
    };
}

async function load(view) {
    try {
        view.host = await api.get(hostPath(view.id));
    } catch (e) {
        if (!view.closed && e.status !== 401)
            fill(
                view.error,
                notice('error', e.status === 404 ? 'There is no such host.' : e.message),
            );
        return;
    }
    if (view.closed) return;
    fill(view.error);
    document.title = `${visible(view.host.name)} - Trueboot`;
    draw(view);
    await Promise.all([showChanges(view), loadHistory(view), loadIncidents(view)]);
}

// Show a section when build() has something to show; keep it untouched when nothing changed.
function section(view, name, data, build) {
    const node = view.parts[name];
    node.parentElement.hidden = data === null;
    if (data !== null) refill(node, data, build);
}

function draw(view) {
    const x = view.host;
    const r = x.result;
    const known = r !== null && typeof r === 'object';
    const headline = known ? r.headline : null;
    const codes = known && Array.isArray(r.findings) ? r.findings.map((f) => f.code) : [];
    section(view, 'top', [x.name, x.verdict, x.reason, x.maintenance, headline], () => drawTop(x));
    section(
        view,
        'actions',
        [x.state, x.name, x.tpm_version, x.maintenance, x.evidence, known, codes],
        () => actions(view),
    );
    section(view, 'facts', { ...x, result: known ? r.tier : null }, () => drawFacts(x));
    drawAsked(view);
    section(
        view,
        'findings',
        known && r.findings && r.findings.length > 0 ? [r.findings, r.findings_lost] : null,
        () => drawFindings(r),
    );
    section(view, 'boot', known && x.tpm_version === '2.0' ? r : null, () => drawBoot(r));
    const proved = provedBy(r);
    const chain = chainOf(proved.facts);
    section(view, 'packages', chain, () => drawPackages(chain));
    section(view, 'tpm', x.tpm ? [x.tpm, proved.quote] : null, () => drawTpm(x.tpm, proved.quote));
    const banks = pcrTable(proved.pcrs);
    const why = explanationsOf(proved.facts);
    const compared = banks.length > 0 || why.rows.length > 0;
    section(view, 'pcrs', compared ? [banks, why] : null, () => drawPcrs(banks, why));
    section(
        view,
        'checks',
        known && r.checks && Object.keys(r.checks).length > 0 ? r.checks : null,
        () => drawChecks(r),
    );
    // Equal PCRs of one boot come from an equal log: an open one is not closed by new evidence.
    const log = proved.facts ? [proved.pcrs, proved.quote.boot_id] : x.last_verified || '';
    section(view, 'log', known && x.tpm_version === '2.0' ? log : null, () => drawLog(view.id));
}

// Read again only when the host's evidence is another one.
async function showChanges(view) {
    const x = view.host;
    if (!x.changed_since) {
        section(view, 'changes', null);
        return;
    }
    if (!view.changes || view.changes.of !== x.evidence)
        view.changes = { of: x.evidence, answer: await loadChanges(view.id) };
    if (!view.closed)
        section(view, 'changes', view.changes.answer, () => drawChanges(view.changes.answer));
}

// The last result explains the verdict only where the verdict still comes from it: a host that fell
// silent is stale, whatever its last evidence said.
function drawTop(x) {
    const found = (x.result && x.result.headline) || null;
    const head = found !== null && found.code === x.reason_code ? found : null;
    const text = reasonText(x) || verdictOf(x.verdict).note;
    return [
        h(
            'div',
            { class: 'title' },
            h('h1', null, foreign(x.name)),
            verdictBadge(x.verdict),
            x.maintenance ? h('span', { class: 'flag' }, 'maintenance') : null,
        ),
        h(
            'div',
            { class: `verdict v-${verdictOf(x.verdict).id}` },
            h('p', { class: 'headline' }, icon(verdictOf(x.verdict).id), h('span', null, text)),
            head
                ? [
                      h('p', null, h('b', null, 'Likely cause: '), visible(head.cause)),
                      h('p', null, h('b', null, 'Next step: '), commands(head.next)),
                  ]
                : null,
        ),
    ];
}

function drawFacts(x) {
    const policy = x.policy || {};
    return facts([
        ['Since', when(x.since)],
        ['Last seen', when(x.last_seen)],
        ['Last verified', when(x.last_verified)],
        ['Tier', (x.result && x.result.tier) || 'none'],
        ['Secure Boot', secureBootOf(x).label],
        ['TPM', tpmText(x.tpm_version)],
        [
            'Group',
            x.group ? h('a', { href: reportHash({ group: x.group }) }, foreign(x.group)) : '',
        ],
        [
            'Policy',
            policy.name
                ? [foreign(policy.name), policy.enforce === false ? ', observed' : ', enforced']
                : '',
        ],
        ['Enrolled', when(x.enrolled_at)],
        ['Approved by', foreignOr(x.approved_by)],
        ['Product', foreignOr(x.product)],
        ['Serial', foreignOr(x.serial)],
        ['Agent', foreignOr(x.agent_version)],
        ['Host id', code(x.id)],
    ]);
}

function actions(view) {
    const x = view.host;
    const post = (what, done) =>
        actionButton(
            done.label,
            async () => {
                if (done.ask && !(await confirmed(done.ask, done.yes || done.label))) return;
                await api.post(hostPath(view.id, `/${what}`), done.body);
                toast(done.said);
                await load(view);
            },
            { class: done.class || null },
        );
    const seen = { evidence: x.evidence }; // nothing is decided about what came later
    const may = view.app.can('operator');
    const failed = x.result && Array.isArray(x.result.findings) ? x.result.findings : [];
    const firmware = failed.some(
        (f) =>
            f.code === 'firmware.changed' ||
            f.code === 'quote.firmware-version' ||
            f.code === 'pcr.bank-gone',
    );
    const rollback = failed.some((f) => f.code === 'package.rolled-back');
    return h(
        'div',
        { class: 'actions' },
        may && x.state === 'pending'
            ? [
                  post('approve', {
                      label: 'Approve',
                      class: 'main',
                      said: 'Approved',
                      body: seen,
                      ask: `Approve ${visible(x.name)}? Its TPM becomes its identity.`,
                  }),
                  post('refuse', {
                      label: 'Refuse',
                      class: 'danger',
                      said: 'Refused',
                      ask: `Refuse ${visible(x.name)}?`,
                  }),
              ]
            : null,
        may && x.state === 'active' && x.tpm_version === '2.0'
            ? actionButton('Attest now', () => attest(view), { class: 'main attest' })
            : null,
        may && firmware
            ? post('accept-firmware', {
                  label: 'Accept firmware',
                  said: 'Firmware accepted',
                  body: seen,
                  ask: 'Accept the firmware that was last genuinely attested as the reference?',
              })
            : null,
        may && rollback
            ? post('accept-rollback', {
                  label: 'Accept packages',
                  said: 'Packages accepted',
                  body: seen,
                  ask: 'Accept the packages that were last genuinely attested, though they are older than before?',
              })
            : null,
        may && x.state === 'active'
            ? actionButton(x.maintenance ? 'End maintenance' : 'Start maintenance', async () => {
                  await api.patch(hostPath(view.id), { maintenance: !x.maintenance });
                  await load(view);
              })
            : null,
        x.result && x.tpm_version === '2.0'
            ? h(
                  'a',
                  {
                      class: 'button',
                      href: hostPath(x.id, '/bundle'),
                      download: `trueboot-${String(x.id).replace(/[^A-Za-z0-9._-]/g, '_')}.tbb`,
                  },
                  'Download evidence',
              )
            : null,
    );
}

// Ask for an attestation and show the answer when it is there.
async function attest(view) {
    const before = view.host.last_verified || '';
    view.host = (await api.post(hostPath(view.id, '/attest'))) || view.host;
    view.asked = { before, until: Date.now() + WAIT_MS, verdict: view.host.verdict };
    draw(view);
    poll(view);
}

function poll(view) {
    clearTimeout(view.timer);
    view.timer = setTimeout(async () => {
        if (view.closed || view.asked === null || view.asked.done) return;
        await load(view);
        poll(view);
    }, POLL_MS);
}

function drawAsked(view) {
    const a = view.asked;
    const x = view.host;
    if (a !== null && !a.done) {
        if ((x.last_verified || '') !== a.before && !x.attest_requested) a.done = 'answered';
        else if (Date.now() > a.until) a.done = 'silent';
    }
    const state = a === null ? null : a.done || 'waiting';
    section(view, 'asked', state && [state, x.verdict, x.last_verified], () => {
        if (state === 'waiting')
            return h(
                'p',
                { class: 'notice n-note waiting', role: 'status' },
                h('i', { class: 'spin', 'aria-hidden': 'true' }),
                h('span', null, 'Asked. Waiting for the host’s answer…'),
            );
        if (state === 'silent')
            return notice('warn', 'No answer yet. The host is asked again at its next contact.');
        return h(
            'div',
            { role: 'status' },
            notice(
                'note',
                'New answer ',
                when(x.last_verified),
                ': ',
                verdictBadge(x.verdict),
                ' ',
                reasonText(x),
            ),
        );
    });
}

function drawFindings(r) {
    const lost = Number(r.findings_lost) || 0;
    const list = h(
        'ul',
        { class: 'findings' },
        r.findings.map((f) => {
            const kind = findingMark(f);
            return h(
                'li',
                { class: `finding m-${kind}` },
                h(
                    'div',
                    { class: 'what' },
                    mark(kind, MARK_WORDS[kind]),
                    h('b', null, sentence(f.title)),
                    code(f.code, { class: 'code' }),
                    h('span', { class: 'soft' }, f.severity),
                ),
                facts([
                    ['Where', f.where ? code(f.where) : ''],
                    ['Expected', f.expected ? code(f.expected) : ''],
                    ['Observed', f.observed ? code(f.observed) : ''],
                ]),
                h(
                    'p',
                    null,
                    h('b', null, 'Likely cause: '),
                    visible(f.cause),
                    '. ',
                    h('b', null, 'Next step: '),
                    commands(f.next),
                    '.',
                ),
            );
        }),
    );
    return [list, lost > 0 ? notice('warn', `${plural(lost, 'further finding')} not kept.`) : null];
}

async function loadHistory(view) {
    try {
        const page = await api.get(hostPath(view.id, '/history?limit=100'));
        section(view, 'history', page.items.length > 0 ? page.items : null, () => [
            table(
                'Verdict history',
                ['Verdict', 'Reason', 'From', 'To', 'Times'],
                page.items.map((p) => [
                    verdictBadge(p.verdict),
                    sentence(p.reason),
                    when(p.first),
                    when(p.last),
                    count(p.count),
                ]),
                { class: 'cards small' },
            ),
            page.next
                ? h('p', { class: 'soft' }, 'Older periods are in the API and in the CLI.')
                : null,
        ]);
    } catch (e) {
        section(view, 'history', [e.message], () => notice('error', e.message));
    }
}

async function loadIncidents(view) {
    try {
        const page = await api.get(`/v1/incidents?limit=100&host=${encodeURIComponent(view.id)}`);
        const mine = page.items.filter((i) => i.host_id === view.id);
        section(view, 'incidents', mine.length > 0 ? mine : null, () =>
            table(
                'Incidents',
                ['Verdict', 'Reason', 'Opened', 'Closed', 'Acknowledged'],
                mine.map((i) => [
                    verdictBadge(i.verdict),
                    sentence(i.reason),
                    when(i.opened),
                    i.closed ? when(i.closed) : 'open',
                    i.acknowledged_by
                        ? [
                              foreign(i.acknowledged_by),
                              i.acknowledged_until ? [', ends ', when(i.acknowledged_until)] : null,
                          ]
                        : 'no',
                ]),
                { class: 'cards small' },
            ),
        );
    } catch (e) {
        section(view, 'incidents', [e.message], () => notice('error', e.message));
    }
}
