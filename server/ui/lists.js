// The smaller views: pending hosts, incidents, enrolment tokens, policy, audit log.

import { api, hostPath } from './api.js';
import { h, fill, refill } from './dom.js';
import { count, reasonText, sentence, shortHex, visible } from './format.js';
import {
    actionButton,
    code,
    confirmed,
    enrolmentLine,
    facts,
    foreign,
    notice,
    table,
    toast,
    verdictBadge,
    when,
} from './parts.js';
import { hostHash } from './route.js';

// A view that reads one list, page by page, and shows it. `spec`: title, intro, path, build(items),
// empty, above (node), live (does an event concern it).
function listView(spec) {
    const body = h('div');
    const error = h('div');
    const foot = h('div', { class: 'foot' });
    const state = { items: [], closed: false };
    const read = async (cursor) => {
        const mark = spec.path.includes('?') ? '&' : '?';
        return api.get(
            cursor ? `${spec.path}${mark}cursor=${encodeURIComponent(cursor)}` : spec.path,
        );
    };
    const show = (next) => {
        refill(body, state.items, () =>
            state.items.length > 0
                ? spec.build(state.items, load)
                : h('div', { class: 'empty' }, h('p', null, spec.empty)),
        );
        fill(
            foot,
            next
                ? actionButton('Show more', async () => {
                      const page = await read(next);
                      state.items.push(...page.items);
                      show(page.next);
                  })
                : null,
        );
    };
    const load = async () => {
        try {
            const page = await read('');
            if (state.closed) return;
            state.items = page.items;
            fill(error);
            show(page.next);
        } catch (e) {
            if (!state.closed && e.status !== 401) fill(error, notice('error', e.message));
        }
    };
    load();
    return {
        node: h(
            'div',
            { class: 'list' },
            h('h1', null, spec.title),
            h('p', { class: 'soft sub' }, spec.intro),
            spec.above ? spec.above(load) : null,
            error,
            body,
            foot,
        ),
        title: spec.title,
        refresh: (changed) =>
            spec.live && spec.live(changed) && document.activeElement.tagName !== 'INPUT'
                ? load()
                : null,
        close: () => {
            state.closed = true;
        },
    };
}

function hostLink(id, name) {
    return h('a', { href: hostHash(id) }, foreign(name || id));
}

export function pendingView(app) {
    const act = (host, what, said, ask, reload, attrs) =>
        actionButton(
            what,
            async () => {
                // What is asked about is what is decided: the keys as they are now.
                const now = await api.get(hostPath(host.id));
                if (!(await confirmed(ask(now), what))) return;
                await api.post(
                    hostPath(host.id, `/${what.toLowerCase()}`),
                    what === 'Approve' ? { evidence: now.evidence } : undefined,
                );
                toast(`${visible(host.name)}: ${said}`);
                await app.loadSummary();
                await reload();
            },
            attrs,
        );
    return listView({
        title: 'Pending hosts',
        intro:
            'Hosts that asked to join and that nobody has vouched for. Open a host and compare ' +
            'its TPM and serial number with what you know of the machine before you approve.',
        path: '/v1/hosts?limit=100&verdict=pending&sort=since',
        empty: 'No host is waiting.',
        live: () => true,
        build: (items, reload) =>
            table(
                'Pending hosts',
                ['Host', 'TPM', 'Serial', 'Why', 'Since', 'Group', 'Decision'],
                items.map((x) => [
                    hostLink(x.id, x.name),
                    x.tpm_class !== 'unknown' ? `${x.tpm_version}, ${x.tpm_class}` : x.tpm_version,
                    foreign(x.serial),
                    reasonText(x),
                    when(x.since),
                    foreign(x.group),
                    x.state !== 'pending'
                        ? h('span', { class: 'soft' }, 'none needed')
                        : app.can('operator')
                          ? h(
                                'div',
                                { class: 'buttons' },
                                act(
                                    x,
                                    'Approve',
                                    'approved',
                                    (now) =>
                                        `Approve ${visible(now.name)}? Its TPM becomes its identity` +
                                        (now.tpm.ek_digest
                                            ? `: endorsement key ${shortHex(now.tpm.ek_digest)}.`
                                            : '.'),
                                    reload,
                                    { class: 'main' },
                                ),
                                act(
                                    x,
                                    'Refuse',
                                    'refused',
                                    (now) => `Refuse ${visible(now.name)}?`,
                                    reload,
                                    { class: 'danger' },
                                ),
                            )
                          : h('span', { class: 'soft' }, 'an operator decides'),
                ]),
                { class: 'cards' },
            ),
    });
}

export function incidentsView(app) {
    return listView({
        title: 'Incidents',
        intro:
            'An incident is closed by a passing attestation only. People acknowledge it, so that ' +
            'others know somebody is looking.',
        path: '/v1/incidents?limit=100',
        empty: 'No incidents.',
        live: () => true,
        build: (items, reload) =>
            table(
                'Incidents',
                ['Host', 'Verdict', 'Reason', 'Opened', 'Closed', 'Acknowledged'],
                items.map((i) => [
                    hostLink(i.host_id, i.host),
                    verdictBadge(i.verdict),
                    [sentence(i.reason), ' ', code(i.code, { class: 'code' })],
                    when(i.opened),
                    i.closed ? when(i.closed) : h('b', null, 'open'),
                    acknowledged(app, i, reload),
                ]),
                { class: 'cards' },
            ),
    });
}

function acknowledged(app, i, reload) {
    if (i.acknowledged_by)
        return [
            foreign(i.acknowledged_by),
            i.acknowledged_until ? [', ends ', when(i.acknowledged_until)] : null,
            i.note ? h('div', { class: 'soft' }, foreign(i.note)) : null,
        ];
    if (i.closed || !app.can('operator')) return h('span', { class: 'soft' }, 'no');
    const note = h('input', {
        type: 'text',
        maxlength: '256',
        placeholder: 'Note',
        'aria-label': `Note on the incident of ${visible(i.host)}`,
    });
    const hours = h(
        'select',
        { 'aria-label': 'For how long' },
        [
            [4, '4 hours'],
            [24, '1 day'],
            [168, '1 week'],
        ].map(([n, text]) => h('option', { value: String(n) }, text)),
    );
    return h(
        'div',
        { class: 'buttons' },
        note,
        hours,
        actionButton('Acknowledge', async () => {
            const until = new Date(Date.now() + Number(hours.value) * 3600000)
                .toISOString()
                .replace(/\.\d+Z$/, 'Z');
            await api.post(`/v1/incidents/${encodeURIComponent(i.id)}/acknowledge`, {
                until,
                note: note.value,
            });
            document.activeElement.blur();
            await reload();
        }),
    );
}

export function enrolView() {
    return listView({
        title: 'Enrolment tokens',
        intro:
            'A token lets a host join without waiting for approval. Give it the shortest life ' +
            'and the fewest uses that will do.',
        path: '/v1/enrolment-tokens',
        empty: 'No tokens. A host without one goes to the pending hosts.',
        above: (reload) => tokenForm(reload),
        build: (items, reload) =>
            table(
                'Enrolment tokens',
                ['Label', 'Group', 'Uses left', 'Expires', 'Made', ''],
                items.map((t) => [
                    foreign(t.label),
                    foreign(t.group),
                    count(t.uses_left),
                    when(t.expires),
                    [when(t.created), ' by ', foreign(t.created_by)],
                    actionButton(
                        'Revoke',
                        async () => {
                            if (
                                !(await confirmed(
                                    `Revoke the token ${visible(t.label || t.id)}?`,
                                    'Revoke',
                                ))
                            )
                                return;
                            await api.del(`/v1/enrolment-tokens/${encodeURIComponent(t.id)}`);
                            await reload();
                        },
                        { class: 'danger' },
                    ),
                ]),
                { class: 'cards' },
            ),
    });
}

function field(label, input) {
    return h('label', null, h('span', null, label), input);
}

function tokenForm(reload) {
    const label = h('input', { type: 'text', maxlength: '64', placeholder: 'rack 12' });
    const group = h('input', { type: 'text', maxlength: '64', placeholder: 'default' });
    const uses = h('input', {
        type: 'number',
        min: '1',
        max: '1000000',
        value: '1',
        required: true,
    });
    const life = h(
        'select',
        null,
        [
            [3600, '1 hour'],
            [86400, '1 day'],
            [604800, '1 week'],
            [2592000, '30 days'],
        ].map(([s, text]) => h('option', { value: String(s), selected: s === 86400 }, text)),
    );
    const result = h('div', { 'aria-live': 'polite' });
    const button = h('button', { type: 'submit', class: 'main' }, 'Make a token');
    const submit = async (event) => {
        event.preventDefault();
        button.disabled = true;
        try {
            const body = { uses: Number(uses.value), expires_s: Number(life.value) };
            if (label.value.trim() !== '') body.label = label.value.trim();
            if (group.value.trim() !== '') body.group = group.value.trim();
            fill(result, enrolmentLine(await api.post('/v1/enrolment-tokens', body)));
            await reload();
        } catch (e) {
            fill(result, notice('error', e.message));
        } finally {
            button.disabled = false;
        }
    };
    return [
        h(
            'form',
            { class: 'row', onsubmit: submit },
            field('Label', label),
            field('Group', group),
            field('Uses', uses),
            field('Valid for', life),
            button,
        ),
        result,
    ];
}

export function auditView() {
    return listView({
        title: 'Audit log',
        intro: 'Every action of an operator and every change of a verdict, newest first.',
        path: '/v1/audit?limit=100',
        empty: 'Nothing yet.',
        build: (items) =>
            table(
                'Audit log',
                ['Time', 'Who', 'Action', 'Target', 'Detail'],
                items.map((a) => [
                    when(a.time),
                    foreign(a.actor, a.actor_id ? { title: `API key ${visible(a.actor_id)}` } : null),
                    foreign(a.action),
                    foreign(a.target),
                    foreign(a.detail),
                ]),
                { class: 'cards small' },
            ),
    });
}

export function policyView() {
    const body = h('div');
    const load = async () => {
        try {
            const p = await api.get('/v1/policy');
            const versions = await api.get('/v1/policy/versions').catch(() => ({ items: [] }));
            fill(
                body,
                facts([
                    ['Name', foreign(p.name)],
                    ['Version', count(p.version)],
                    ['Digest', code(p.digest, { class: 'hex' })],
                    ['Since', when(p.created)],
                    ['By', p.created_by ? foreign(p.created_by) : ''],
                ]),
                h(
                    'pre',
                    { tabindex: '0', 'aria-label': 'The policy as JSON' },
                    visibleLines(JSON.stringify(p.policy, null, 2)),
                ),
                versions.items.length > 1
                    ? [
                          h('h2', null, 'Versions'),
                          table(
                              'Versions',
                              ['Version', 'Name', 'Made', 'By', 'Digest'],
                              versions.items.map((v) => [
                                  count(v.version),
                                  foreign(v.name),
                                  when(v.created),
                                  foreign(v.created_by),
                                  code(shortHex(v.digest), {
                                      class: 'hex',
                                      title: visible(v.digest),
                                  }),
                              ]),
                              { class: 'cards small' },
                          ),
                      ]
                    : null,
            );
        } catch (e) {
            if (e.status !== 401) fill(body, notice('error', e.message));
        }
    };
    load();
    return {
        node: h(
            'div',
            { class: 'list' },
            h('h1', null, 'Policy'),
            h(
                'p',
                { class: 'soft sub' },
                'What a boot must show to be trusted. It is changed through the API or the ' +
                    'command line, where it can be tried on stored evidence first.',
            ),
            body,
        ),
        title: 'Policy',
        refresh: (changed) => (changed.has('policy') ? load() : null),
        close: () => {},
    };
}

function visibleLines(text) {
    return String(text).split('\n').map(visible).join('\n');
}
