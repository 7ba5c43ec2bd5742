// Start, sign-in, navigation and the live stream. Each view is { node, refresh(event), close() }.

import { api, listen, whenSignedOut } from './api.js';
import { h, icon, fill, append } from './dom.js';
import { count, mayDo, visible } from './format.js';
import { setServerTime, tickTimes, toast } from './parts.js';
import { keyOfHash, parseRoute } from './route.js';
import { signInView } from './signin.js';
import { reportView } from './report.js';
import { clustersView } from './diff.js';
import { hostView } from './host.js';
import { pendingView, incidentsView, enrolView, policyView, auditView } from './lists.js';

const VIEWS = {
    report: reportView,
    host: hostView,
    clusters: clustersView,
    pending: pendingView,
    incidents: incidentsView,
    enrol: enrolView,
    policy: policyView,
    audit: auditView,
};

const NAV = [
    { view: 'report', label: 'Report' },
    { view: 'clusters', label: 'Clusters' },
    { view: 'pending', label: 'Pending', badge: (s) => s.pending },
    { view: 'incidents', label: 'Incidents', badge: (s) => s.open_incidents },
    { view: 'enrol', label: 'Enrol', role: 'operator' },
    { view: 'policy', label: 'Policy' },
    { view: 'audit', label: 'Audit', role: 'audit' },
];

const REFRESH_MS = 400; // events that come together make one refresh
const PAUSE_MS = 2000; // between two refreshes, however many events there are

const app = {
    role: '',
    label: '',
    summary: null,
    view: null,
    shown: '',
    stop: null,
    timer: 0,
    refreshed: 0,
    changed: new Set(),
    state: 'live',
};

const context = {
    can: (needed) => mayDo(app.role, needed),
    summary: () => app.summary,
    loadSummary,
};

async function start() {
    const key = keyOfHash(location.hash);
    // The key leaves address and history before anything else happens with it.
    if (key !== '') history.replaceState(null, '', '/#/report');
    whenSignedOut(showSignIn);
    window.addEventListener('hashchange', navigated);
    setInterval(() => tickTimes(document.body), 15000);
    try {
        signedIn(key !== '' ? await api.post('/v1/session', { key }) : await api.get('/v1/whoami'));
    } catch (e) {
        if (e.status !== 401 || key !== '')
            showSignIn(e.status === 401 ? 'This link has been used or has expired.' : e.message);
    }
}

function signedIn(who) {
    app.role = who.role;
    app.label = who.label;
    app.state = 'connecting';
    app.stop = listen({ event: happened, state: streamState });
    loadSummary().catch((e) => toast(e.message, 'error'));
    drawTop();
    show();
}

function showSignIn(message) {
    if (app.stop !== null) app.stop();
    app.stop = null;
    app.role = '';
    closeView();
    fill(document.getElementById('top'));
    document.title = 'Sign in - Trueboot';
    fill(
        document.getElementById('main'),
        signInView(typeof message === 'string' ? message : '', signedIn),
    );
}

async function signOut() {
    try {
        await api.del('/v1/session');
    } catch (e) {
        if (e.status !== 401) {
            toast(e.message, 'error');
            return;
        }
    }
    showSignIn();
}

function navigated() {
    const key = keyOfHash(location.hash);
    if (key !== '')
        location.reload(); // a sign-in link pasted into an open page
    else if (app.role !== '') show();
}

function closeView() {
    if (app.view !== null) app.view.close();
    app.view = null;
    app.shown = '';
}

function show() {
    const route = parseRoute(location.hash);
    const name = `${route.view}/${route.id}`;
    if (app.shown === name && app.view.routed) {
        app.view.routed(route);
    } else {
        const first = app.shown === '';
        closeView();
        app.view = VIEWS[route.view](context, route);
        app.shown = name;
        const main = document.getElementById('main');
        fill(main, app.view.node);
        if (!first) {
            window.scrollTo(0, 0);
            main.focus({ preventScroll: true });
        }
    }
    drawTop();
    document.title = `${app.view.title || 'Security report'} - Trueboot`;
}

async function loadSummary() {
    app.summary = await api.get('/v1/summary');
    setServerTime(app.summary.server && app.summary.server.time);
    drawTop();
    return app.summary;
}

function happened(name, data) {
    const id = data.id === undefined ? '' : String(data.id);
    if (name === 'seen') {
        // The same verdict again, from many hosts a second: nothing is read for it.
        if (app.view !== null && app.view.seen) app.view.seen(id);
        return;
    }
    if (name === 'host' && id !== '') app.changed.add(id);
    if (name === 'incident' || name === 'policy') app.changed.add(name);
    const pause = Math.max(REFRESH_MS, app.refreshed + PAUSE_MS - Date.now());
    if (app.timer === 0) app.timer = setTimeout(refresh, pause);
}

async function refresh() {
    app.timer = 0;
    app.refreshed = Date.now();
    const changed = app.changed;
    app.changed = new Set();
    try {
        await loadSummary();
        if (app.view !== null) await app.view.refresh(changed);
    } catch (e) {
        if (e.name !== 'AbortError') streamState('interrupted');
    }
}

// After a gap in the stream everything is read again: events are hints, not the data.
function streamState(state) {
    const gap = app.state === 'interrupted' && state === 'live';
    app.state = state;
    drawTop();
    if (gap && app.timer === 0) app.timer = setTimeout(refresh, 0);
}

const STATES = {
    live: { words: 'Live', title: 'Changes appear by themselves' },
    connecting: { words: 'Connecting', title: 'Waiting for the live stream' },
    interrupted: { words: 'Not live', title: 'The live stream is interrupted; it is tried again' },
};

function drawTop() {
    const top = document.getElementById('top');
    if (app.role === '') return;
    const view = parseRoute(location.hash).view;
    const summary = app.summary || {};
    if (top.firstChild === null) buildTop(top);
    for (const link of top.querySelectorAll('nav a')) {
        const item = NAV.find((n) => n.view === link.dataset.view);
        const current = item.view === view || (view === 'host' && item.view === 'report');
        if (current) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
        const n = item.badge ? item.badge(summary) || 0 : 0;
        fill(link, item.label, n > 0 ? h('span', { class: 'count' }, count(n)) : null);
    }
    const state = STATES[app.state];
    const live = top.querySelector('.live');
    live.className = `live s-${app.state}`;
    live.title = state.title;
    if (live.textContent !== state.words) live.textContent = state.words;
}

function buildTop(top) {
    append(top, [
        h('a', { class: 'brand', href: '#/report' }, icon('shield'), 'Trueboot'),
        h(
            'nav',
            { 'aria-label': 'Main' },
            NAV.filter((n) => !n.role || context.can(n.role)).map((n) =>
                h('a', { href: `#/${n.view}`, 'data-view': n.view }),
            ),
        ),
        h(
            'div',
            { class: 'who' },
            h('span', { class: 'live', role: 'status' }),
            h(
                'span',
                { class: 'role', title: 'Signed in as' },
                visible(app.label) || app.role,
                app.label && app.label !== app.role ? h('small', null, ` ${app.role}`) : null,
            ),
            h('button', { type: 'button', class: 'quiet', onclick: signOut }, 'Sign out'),
        ),
    ]);
}

start();
