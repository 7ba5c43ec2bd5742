// What changed between two boots, and groups of hosts that boot alike.

import { api, hostPath } from './api.js';
import { fill, h } from './dom.js';
import { count, plural, sentence, shortHex, verdictOf, visible } from './format.js';
import { actionButton, code, foreign, mark, notice, table, verdictBadge, when } from './parts.js';
import { hostHash, reportHash } from './route.js';

const SHORT = 12; // digits of a shape that are shown

// "PCR 4", "PCR 4 and 7"
export function pcrWords(pcrs) {
    const list = pcrs.map(String);
    return list.length < 2
        ? `PCR ${list.join('')}`
        : `PCR ${list.slice(0, -1).join(', ')} and ${list[list.length - 1]}`;
}

// The sentence over the clusters: the largest, and what the others have in common with it.
export function clusterWords(list) {
    const [first] = list.items;
    if (first === undefined) return 'No host has attested yet';
    const rest = list.hosts - first.hosts;
    const share = `${plural(first.hosts, 'host')} ${first.hosts === 1 ? 'has' : 'share'} the most common boot`;
    return rest === 0
        ? share
        : `${share}; ${count(rest)} ${rest === 1 ? 'boots' : 'boot'} otherwise, in ${plural(list.clusters - 1, 'group')}`;
}

function proved(x) {
    return x.verified
        ? null
        : h('span', { class: 'soft', title: 'No digest covers the names or values in it' }, [
              ' (unverified)',
          ]);
}

function drawChange(c) {
    return h(
        'li',
        null,
        h('div', { class: 'what' }, h('b', null, foreign(sentence(c.text))), proved(c)),
        c.details.length > 0
            ? h(
                  'details',
                  null,
                  h('summary', null, plural(c.details.length, 'detail')),
                  h(
                      'ul',
                      null,
                      c.details.map((d) => h('li', null, foreign(d.text), proved(d))),
                  ),
              )
            : null,
    );
}

function drawPcr(p, shape) {
    const name = p.pcr === null ? 'Not measured' : `PCR ${p.pcr}`;
    return h(
        'section',
        { class: 'pcr' },
        h(
            'h3',
            null,
            name,
            shape && !shape.includes(p.pcr)
                ? h('span', { class: 'soft' }, ' differs from machine to machine')
                : null,
        ),
        p.vouched
            ? null
            : h(
                  'p',
                  null,
                  mark('warn', 'Nothing proved:'),
                  ' a log does not lead to what the TPM signed.',
              ),
        p.changes.length > 0
            ? h('ul', { class: 'findings' }, p.changes.map(drawChange))
            : h('p', { class: 'soft' }, 'The same events with other values.'),
    );
}

// `diff` of an answer; shape: PCRs that a shape is made of, or null.
function drawDiff(diff, shape = null) {
    if (diff.equal) return [h('p', null, 'The same events in the same order.')];
    return [
        diff.pcrs.filter((p) => !p.equal).map((p) => drawPcr(p, shape)),
        diff.changes_lost > 0
            ? notice('warn', `${plural(diff.changes_lost, 'further change')} not shown.`)
            : null,
    ];
}

// For a host that is not trusted any more: what changed since it last was.
export function drawChanges(answer) {
    if (answer.error)
        return h('p', { class: 'soft' }, `Nothing to compare with: ${visible(answer.error)}.`);
    return [
        h(
            'p',
            { class: 'soft' },
            'Compared with the boot of ',
            when(answer.from.when),
            '. “Unverified”: the names or values in a sentence are not covered by every digest.',
        ),
        drawDiff(answer.diff),
    ];
}

export async function loadChanges(id) {
    try {
        return await api.get(hostPath(id, '/diff'));
    } catch (e) {
        if (e.status === 401) throw e;
        return { error: e.message };
    }
}

// --- Clusters ---

function verdicts(c) {
    return Object.entries(c.verdicts)
        .filter(([, n]) => n > 0)
        .map(([id, n]) => verdictBadge(verdictOf(id).id, ` ${count(n)}`));
}

function programs(c) {
    const proved = [...c.parts, c.kernel].filter((x) => x !== '').join(', ');
    return c.programs.length + proved.length > 0
        ? h(
              'ul',
              { class: 'plain' },
              proved ? h('li', null, foreign(proved)) : null,
              c.programs.map((p) =>
                  h(
                      'li',
                      { title: visible(p.digest) },
                      foreign(String(p.unverified_path).split('\\').pop() || shortHex(p.digest)),
                  ),
              ),
          )
        : '–';
}

function differWords({ bank, pcrs }) {
    if (bank === null) return 'other bank';
    return pcrs.length > 0 ? pcrWords(pcrs) : 'its banks only';
}

function differs(c, list, below) {
    if (c.nearest === null) return '–';
    return [
        `${differWords(c.nearest)}, from `,
        code(c.nearest.shape.slice(0, SHORT)),
        ' ',
        actionButton(
            'Which events?',
            async () => {
                const answer = await api.get(
                    `/v1/clusters/${encodeURIComponent(c.nearest.shape)}/diff?to=${encodeURIComponent(c.shape)}`,
                );
                fill(
                    below,
                    h(
                        'h2',
                        { tabindex: '-1' },
                        'What sets ',
                        foreign(answer.to.sample.name),
                        ' apart from ',
                        foreign(answer.from.sample.name),
                    ),
                    drawDiff(answer.diff, list.shape_pcrs),
                );
                below.firstChild.focus();
            },
            { class: 'quiet' },
        ),
    ];
}

function drawList(list, below) {
    const rest = list.clusters - list.items.length;
    return [
        h('p', { class: 'headline' }, `${clusterWords(list)}.`),
        list.items.length > 0
            ? table(
                  'Clusters',
                  ['Boot shape', 'Hosts', 'Verdicts', 'Such as', 'Firmware', 'Programs', 'Differs'],
                  list.items.map((c) => [
                      code(c.shape.slice(0, SHORT), { title: c.shape }),
                      h('a', { href: reportHash({ shape: c.shape }) }, count(c.hosts)),
                      h('span', { class: 'badges' }, verdicts(c)),
                      c.sample
                          ? h('a', { href: hostHash(c.sample.id) }, foreign(c.sample.name))
                          : '–',
                      foreign(c.firmware_version || '–'),
                      programs(c),
                      differs(c, list, below),
                  ]),
                  { class: 'cards' },
              )
            : null,
        rest > 0 ? notice('note', `${plural(rest, 'smaller group')} not shown.`) : null,
    ];
}

export function clustersView() {
    const body = h('div');
    const below = h('div', { class: 'changes' });
    const error = h('div');
    const state = { closed: false, print: '' };
    const load = async () => {
        try {
            const list = await api.get('/v1/clusters');
            if (state.closed) return;
            fill(error);
            if (state.print !== JSON.stringify(list)) fill(body, drawList(list, below));
            state.print = JSON.stringify(list);
        } catch (e) {
            if (!state.closed && e.status !== 401) fill(error, notice('error', e.message));
        }
    };
    load();
    return {
        node: h(
            'div',
            { class: 'list' },
            h('h1', null, 'Clusters'),
            h(
                'p',
                { class: 'soft sub' },
                'Hosts with the same firmware, programs and Secure Boot policy, as their TPMs signed ' +
                    'them. A host that stands alone is worth a look.',
            ),
            error,
            body,
            below,
        ),
        title: 'Clusters',
        refresh: (changed) =>
            changed.size === 0 || [...changed].some((c) => c !== 'incident' && c !== 'policy')
                ? load()
                : null,
        close: () => {
            state.closed = true;
        },
    };
}
