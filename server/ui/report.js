// The security report: counts, search, and the table of hosts.

import { api } from './api.js';
import { h, icon, fill, reconcile } from './dom.js';
import {
    VERDICTS,
    count,
    headline,
    plural,
    reasonText,
    secureBootOf,
    tpmText,
    verdictOf,
    visible,
} from './format.js';
import {
    actionButton,
    enrolmentLine,
    foreign,
    mark,
    notice,
    now,
    verdictBadge,
    when,
} from './parts.js';
import { DEFAULT_SORT, hostHash, hostsQuery, reportHash } from './route.js';

const PAGE = 100;
const SEARCH_MS = 250; // a pause in typing
const COLUMNS = [
    { name: 'Host', sort: 'name' },
    { name: 'Verdict', sort: 'verdict' },
    { name: 'Reason' },
    { name: 'TPM' },
    { name: 'Secure Boot' },
    { name: 'Since', sort: 'since', newest: true },
    { name: 'Last seen', sort: 'last_seen', newest: true },
];

export function reportView(app, route) {
    const view = {
        app,
        filter: route.filter,
        hosts: [],
        next: null,
        total: 0,
        loading: null,
        timer: 0,
    };
    build(view);
    load(view, PAGE);
    return {
        node: view.node,
        title: 'Security report',
        routed: (r) => routed(view, r),
        refresh: () => load(view, Math.max(PAGE, view.hosts.length)),
        seen: (id) => seen(view, id),
        close: () => {
            clearTimeout(view.timer);
            if (view.loading !== null) view.loading.abort();
        },
    };
}

function build(view) {
    view.head = h('h1', null, 'Security report');
    view.sub = h('p', { class: 'soft sub' });
    view.bar = h('div', { class: 'bar', 'aria-hidden': 'true' });
    view.tiles = h('ul', { class: 'tiles', 'aria-label': 'Hosts by verdict' });
    view.search = h('input', {
        type: 'search',
        id: 'q',
        maxlength: '128',
        autocomplete: 'off',
        spellcheck: 'false',
        placeholder: 'Search hosts',
        'aria-label': 'Search hosts',
        oninput: () => typed(view),
    });
    view.search.value = view.filter.q || '';
    view.chips = h('div', { class: 'chips' });
    view.shown = h('p', { class: 'soft shown', role: 'status' });
    view.error = h('div');
    view.thead = h(
        'tr',
        null,
        COLUMNS.map((c) =>
            h(
                'th',
                { scope: 'col' },
                c.sort
                    ? h('a', null, c.name, h('span', { class: 'arrow', 'aria-hidden': 'true' }))
                    : c.name,
            ),
        ),
    );
    view.rows = h('tbody');
    view.table = h(
        'div',
        { class: 'scroll' },
        h(
            'table',
            { class: 'hosts cards' },
            h('caption', { class: 'hidden' }, 'Hosts'),
            h('thead', null, view.thead),
            view.rows,
        ),
    );
    view.foot = h('div', { class: 'foot' });
    view.empty = h('div');
    view.limitsNode = h('aside', { class: 'limits', 'aria-label': 'What this report cannot see' });
    view.node = h(
        'div',
        { class: 'report' },
        view.head,
        view.sub,
        view.bar,
        view.tiles,
        h('div', { class: 'tools' }, view.search, view.chips, view.shown),
        view.error,
        view.table,
        view.empty,
        view.foot,
        view.limitsNode,
    );
    drawHead(view);
}

function typed(view) {
    clearTimeout(view.timer);
    view.timer = setTimeout(() => {
        const filter = { ...view.filter, q: view.search.value.trim() };
        history.replaceState(null, '', reportHash(filter)); // typing makes no history
        routed(view, { filter });
    }, SEARCH_MS);
}

function routed(view, route) {
    view.filter = Object.fromEntries(Object.entries(route.filter).filter(([, v]) => v));
    if (document.activeElement !== view.search) view.search.value = view.filter.q || '';
    drawHead(view);
    load(view, PAGE);
}

// Read the first n hosts again and bring the table up to date without moving it.
async function load(view, n) {
    if (view.loading !== null) view.loading.abort();
    const mine = new AbortController();
    view.loading = mine;
    try {
        const hosts = [];
        let page,
            cursor = null;
        do {
            page = await api.get(
                `/v1/hosts?${hostsQuery(view.filter, Math.min(500, n - hosts.length), cursor)}`,
                mine.signal,
            );
            hosts.push(...page.items);
            cursor = page.next;
        } while (cursor && hosts.length < n);
        view.summary = view.app.summary() || (await view.app.loadSummary());
        if (view.loading !== mine) return;
        Object.assign(view, { hosts, next: cursor, total: page.total, loading: null });
        fill(view.error);
        drawLimits(view);
        draw(view);
    } catch (e) {
        if (e.name !== 'AbortError' && view.loading === mine) {
            view.loading = null;
            fill(
                view.error,
                notice(
                    'error',
                    e.message,
                    ' ',
                    h('button', { type: 'button', onclick: () => load(view, n) }, 'Try again'),
                ),
            );
        }
    }
}

async function more(view) {
    const page = await api.get(`/v1/hosts?${hostsQuery(view.filter, PAGE, view.next)}`);
    const known = new Set(view.hosts.map((x) => x.id));
    view.hosts.push(...page.items.filter((x) => !known.has(x.id)));
    view.next = page.next;
    view.total = page.total;
    draw(view);
}

// The report's own words about what it cannot see.
function drawLimits(view) {
    const limits = view.summary.limits || [];
    if (limits.length > 0)
        fill(
            view.limitsNode,
            h('h2', null, icon('note'), 'What this report cannot see'),
            h(
                'ul',
                null,
                limits.map((t) => h('li', null, visible(t))),
            ),
        );
}

function draw(view) {
    drawSummary(view);
    const none = (view.summary.total || 0) === 0;
    view.node.classList.toggle('no-hosts', none);
    reconcile(view.rows, view.hosts, (x) => x.id, makeRow, updateRow);
    drawEmpty(view, none);
    const filtered = view.filter.verdict || view.filter.q || view.filter.group || view.filter.shape;
    view.shown.textContent = none
        ? ''
        : filtered
          ? `${plural(view.total, 'host')} found`
          : plural(view.total, 'host');
    fill(
        view.foot,
        view.next
            ? [
                  h(
                      'span',
                      { class: 'soft' },
                      `${count(view.hosts.length)} of ${count(view.total)} shown`,
                  ),
                  actionButton('Show more', () => more(view)),
              ]
            : null,
    );
}

function drawSummary(view) {
    const s = view.summary;
    const policy = s.policy || {};
    view.head.textContent = headline(s);
    fill(
        view.sub,
        policy.name
            ? [
                  'Policy ',
                  foreign(policy.name),
                  policy.enforce === false ? ' (observed, not enforced)' : ' (enforced)',
                  ' · ',
              ]
            : null,
        'a verdict is the word of the Verifier, never of the host',
    );
    const of = (id) => (s.verdicts && s.verdicts[id]) || 0;
    reconcile(
        view.bar,
        VERDICTS.filter((v) => of(v.id) > 0),
        (v) => v.id,
        (v) => grown(h('i', { class: `v-${v.id}` }), of(v.id)),
        (node, v) => grown(node, of(v.id)),
    );
    const tiles = [
        { id: '', label: 'All', n: s.total || 0 },
        ...VERDICTS.map((v) => ({ ...v, n: of(v.id) })),
    ].filter((t) => t.id !== 'none' || t.n > 0 || view.filter.verdict === 'none');
    reconcile(
        view.tiles,
        tiles,
        (t) => `t-${t.id}`,
        (t) => updateTile(view, h('li', null, h('a')), t),
        (node, t) => updateTile(view, node, t),
    );
}

function grown(node, n) {
    node.style.flexGrow = String(n);
    return node;
}

function updateTile(view, node, t) {
    const link = node.firstChild;
    const on = (view.filter.verdict || '') === t.id;
    link.className = `tile ${t.id ? `v-${t.id}` : 'all'}${t.n === 0 ? ' zero' : ''}`;
    link.href = reportHash({ ...view.filter, verdict: t.id });
    link.title = t.note || 'Every host';
    if (on) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
    fill(link, h('b', null, count(t.n)), h('span', null, t.id ? icon(t.id) : null, t.label));
    return node;
}

// The order that a click on a column's head asks for: its natural one first, then the other.
function orderAfterClick(view, column) {
    const sort = view.filter.sort || DEFAULT_SORT;
    const natural = column.newest ? 'desc' : 'asc';
    if (column.sort !== sort) return natural;
    return (view.filter.order || 'asc') === 'asc' ? 'desc' : 'asc';
}

// The links stay the same nodes, so that the focus stays.
function drawHead(view) {
    const sort = view.filter.sort || DEFAULT_SORT;
    const down = view.filter.order === 'desc';
    COLUMNS.forEach((c, i) => {
        const head = view.thead.children[i];
        if (!c.sort) return;
        const link = head.firstChild;
        link.href = reportHash({ ...view.filter, sort: c.sort, order: orderAfterClick(view, c) });
        link.title = `Sort by ${c.name}`;
        link.lastChild.textContent = c.sort !== sort ? '' : down ? ' ▾' : ' ▴';
        if (c.sort === sort) head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        else head.removeAttribute('aria-sort');
    });
    const chip = (name, label) =>
        h(
            'a',
            {
                class: 'chip',
                href: reportHash({ ...view.filter, [name]: '' }),
                title: 'Remove this filter',
            },
            label,
            h('span', { 'aria-hidden': 'true' }, '×'),
        );
    fill(view.chips, [
        view.filter.verdict ? chip('verdict', verdictOf(view.filter.verdict).label) : null,
        view.filter.group ? chip('group', ['group ', foreign(view.filter.group)]) : null,
        view.filter.shape ? chip('shape', `boot ${view.filter.shape.slice(0, 12)}`) : null,
    ]);
}

// A host gave the same answer again: only its last contact is new.
function seen(view, id) {
    const host = view.hosts.find((x) => x.id === id);
    const row = host && [...view.rows.children].find((r) => r.dataset.key === id);
    if (!row) return;
    host.last_seen = new Date(now()).toISOString();
    fill(row.lastElementChild, when(host.last_seen));
}

function makeRow(host) {
    const row = h(
        'tr',
        null,
        COLUMNS.map((c) => h('td', { 'data-label': c.name })),
    );
    drawRow(row, host);
    return row;
}

function updateRow(row, host) {
    const before = row.dataset.verdict;
    if (!drawRow(row, host) || before === host.verdict) return;
    row.classList.remove('moved');
    void row.offsetWidth; // start the animation again
    row.classList.add('moved');
}

// False when nothing that is shown has changed. The link is kept, and with it the focus.
function drawRow(row, host) {
    const print = JSON.stringify(host);
    if (row.dataset.print === print) return false;
    row.dataset.print = print;
    row.dataset.verdict = host.verdict;
    row.className = `r-${verdictOf(host.verdict).id}`;
    const [name, verdict, reason, tpm, secureBoot, since, seen] = row.children;
    if (name.firstChild === null)
        name.append(h('a', { class: 'name' }), h('span', { class: 'under' }));
    name.firstChild.href = hostHash(host.id);
    fill(name.firstChild, foreign(host.name));
    fill(
        name.lastChild,
        host.group
            ? h(
                  'a',
                  { class: 'soft', href: reportHash({ group: host.group }) },
                  foreign(host.group),
              )
            : null,
        host.maintenance ? h('span', { class: 'flag' }, 'maintenance') : null,
    );
    fill(verdict, verdictBadge(host.verdict));
    const words = reasonText(host);
    fill(
        reason,
        words ? h('span', { class: 'reason', title: host.reason_code || null }, words) : null,
    );
    reason.classList.toggle('soft', host.verdict === 'not-capable');
    fill(tpm, tpmText(host.tpm_version));
    const sb = secureBootOf(host);
    fill(
        secureBoot,
        sb.mark === 'none'
            ? h('span', { class: 'soft', title: sb.title || null }, sb.label)
            : mark(sb.mark, sb.label),
    );
    fill(since, when(host.since));
    fill(seen, when(host.last_seen));
    return true;
}

function drawEmpty(view, none) {
    view.table.hidden = view.hosts.length === 0;
    if (!none) {
        fill(
            view.empty,
            view.hosts.length === 0
                ? h(
                      'div',
                      { class: 'empty' },
                      h('p', null, 'No host matches.'),
                      h('a', { href: '#/report' }, 'Show all hosts'),
                  )
                : null,
        );
        return;
    }
    if (view.empty.querySelector('.first') !== null) return; // a token may be shown there, once
    const result = h('div', { 'aria-live': 'polite' });
    fill(
        view.empty,
        h(
            'div',
            { class: 'empty first' },
            h('h2', null, 'Enrol the first host'),
            h(
                'p',
                null,
                'A host joins with a one-time token. It proves by its TPM that its key cannot be ' +
                    'copied, attests at once, and then appears here by itself.',
            ),
            view.app.can('operator')
                ? [
                      actionButton(
                          'Make an enrolment token',
                          async () => {
                              fill(
                                  result,
                                  enrolmentLine(
                                      await api.post('/v1/enrolment-tokens', {
                                          label: 'first host',
                                          uses: 1,
                                          expires_s: 86400,
                                      }),
                                  ),
                              );
                          },
                          { class: 'main' },
                      ),
                      result,
                  ]
                : h('p', { class: 'soft' }, 'Ask an operator for an enrolment token.'),
        ),
    );
}
