// Pieces that several views use.

import { ago, utc, verdictOf, visible, parseTime } from './format.js';
import { h, icon } from './dom.js';

// The server's clock, not the browser's, says how long ago something was.
let offset = 0;

export function setServerTime(text) {
    const t = parseTime(text);
    if (t !== null) offset = t - Date.now();
}

export function now() {
    return Date.now() + offset;
}

export function verdictBadge(id, extra) {
    const v = verdictOf(id);
    return h('span', { class: `badge v-${v.id}`, title: v.note }, icon(v.id), v.label, extra);
}

export function mark(kind, label) {
    return h(
        'span',
        { class: `mark m-${kind}` },
        icon(kind === 'none' ? 'not-capable' : kind),
        label,
    );
}

// A string of a host's own choosing: isolated, so that its direction cannot reorder its neighbours.
export function foreign(text, attrs) {
    return h('bdi', attrs, visible(text));
}

export function when(text) {
    return h('time', { datetime: text || null, title: utc(text) }, ago(text, now()));
}

// Bring every relative time on the page up to date.
export function tickTimes(root) {
    for (const node of root.querySelectorAll('time')) {
        const text = ago(node.getAttribute('datetime'), now());
        if (node.textContent !== text) node.textContent = text;
    }
}

export function code(text, attrs) {
    return h('code', attrs, visible(text));
}

export function copyButton(text, label = 'Copy') {
    const button = h(
        'button',
        {
            type: 'button',
            class: 'quiet',
            onclick: async () => {
                try {
                    await navigator.clipboard.writeText(text);
                    button.textContent = 'Copied';
                } catch {
                    button.textContent = 'Select the text and copy it';
                }
                setTimeout(() => {
                    button.textContent = label;
                }, 2500);
            },
        },
        label,
    );
    return button;
}

export function notice(kind, ...content) {
    return h(
        'p',
        { class: `notice n-${kind}` },
        icon({ error: 'fail', warn: 'warn' }[kind] || 'note'),
        h('span', null, content),
    );
}

export function toast(text, kind = 'note') {
    const node = notice(kind, text);
    document.getElementById('toasts').append(node);
    setTimeout(() => node.remove(), kind === 'error' ? 10000 : 5000);
}

// A button that works for as long as `work` runs, and tells its failure.
export function actionButton(label, work, attrs) {
    const button = h(
        'button',
        {
            type: 'button',
            ...attrs,
            onclick: async () => {
                button.disabled = true;
                try {
                    await work();
                } catch (e) {
                    toast(e.message, 'error');
                } finally {
                    button.disabled = false;
                }
            },
        },
        label,
    );
    return button;
}

// Ask before something that cannot be taken back. Resolves to true or false.
export function confirmed(question, yes) {
    return new Promise((resolve) => {
        const dialog = h(
            'dialog',
            { 'aria-label': question },
            h(
                'form',
                { method: 'dialog' },
                h('p', null, question),
                h(
                    'div',
                    { class: 'buttons' },
                    h('button', { value: 'no', class: 'quiet' }, 'Cancel'),
                    h('button', { value: 'yes', class: 'danger' }, yes),
                ),
            ),
        );
        dialog.addEventListener('close', () => {
            dialog.remove();
            resolve(dialog.returnValue === 'yes');
        });
        document.body.append(dialog);
        dialog.showModal();
    });
}

export function table(caption, columns, rows, attrs) {
    return h(
        'div',
        { class: 'scroll' },
        h(
            'table',
            attrs,
            h('caption', { class: 'hidden' }, caption),
            h(
                'thead',
                null,
                h(
                    'tr',
                    null,
                    columns.map((c) => h('th', { scope: 'col' }, c)),
                ),
            ),
            h(
                'tbody',
                null,
                rows.map((cells) =>
                    h(
                        'tr',
                        null,
                        cells.map((cell, i) => h('td', { 'data-label': columns[i] || null }, cell)),
                    ),
                ),
            ),
        ),
    );
}

export function facts(pairs) {
    return h(
        'dl',
        { class: 'facts' },
        pairs
            .filter((p) => p && p[1] !== '' && p[1] !== null)
            .map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value))),
    );
}

// The line to paste on a host, shown once.
export function enrolmentLine(made) {
    return h(
        'div',
        { class: 'paste' },
        h(
            'p',
            null,
            'Run this on the host as root. The token is shown only now; it expires ',
            when(made.expires),
            '.',
        ),
        h(
            'div',
            { class: 'line' },
            code(made.command || made.token, { tabindex: '0' }),
            copyButton(made.command || made.token),
        ),
    );
}

export function foreignOr(text) {
    return text ? foreign(text) : '';
}

// The table's texts write commands between backquotes.
export function commands(text) {
    return visible(text)
        .split('`')
        .map((part, i) => (i % 2 === 1 ? h('code', null, part) : part));
}
