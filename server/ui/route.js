// Addresses of the page: "#/hosts/ID", "#/report?verdict=failed&q=db". Pure functions.

const VIEWS = ['report', 'host', 'clusters', 'pending', 'incidents', 'enrol', 'policy', 'audit'];
const FILTERS = ['verdict', 'q', 'group', 'shape', 'sort', 'order'];
const VERDICTS = [
    'none',
    'trusted',
    'changed',
    'failed',
    'not-capable',
    'pending',
    'stale',
    'unreachable',
];
export const SORTS = ['name', 'verdict', 'since', 'last_seen'];
const ORDERS = ['asc', 'desc'];
export const DEFAULT_SORT = 'verdict';

function unescaped(s) {
    try {
        return decodeURIComponent(s);
    } catch {
        return '';
    }
}

// { view, id, filter }. Anything unknown is the report without a filter.
export function parseRoute(hash) {
    const text = String(hash || '').replace(/^#\/?/, '');
    const [path, query = ''] = text.split(/\?(.*)/s);
    const parts = path.split('/');
    const filter = {};
    const params = new URLSearchParams(query);
    for (const name of FILTERS) {
        const value = params.get(name);
        if (value && value.length <= 128 && valid(name, value)) filter[name] = value;
    }
    if (parts[0] === 'hosts' && parts.length === 2 && parts[1] !== '') {
        const id = unescaped(parts[1]);
        if (id !== '') return { view: 'host', id, filter: {} };
    }
    if (parts.length === 1 && parts[0] !== 'host' && VIEWS.includes(parts[0]))
        return { view: parts[0], id: '', filter: parts[0] === 'report' ? filter : {} };
    return { view: 'report', id: '', filter: parts[0] === '' ? filter : {} };
}

function valid(name, value) {
    if (name === 'shape') return /^[0-9a-f]{64}$/.test(value);
    const closed = { verdict: VERDICTS, sort: SORTS, order: ORDERS }[name];
    return closed === undefined || closed.includes(value);
}

// What needs not be said in an address.
function isDefault(name, value) {
    return (name === 'sort' && value === DEFAULT_SORT) || (name === 'order' && value === 'asc');
}

export function reportHash(filter) {
    const params = new URLSearchParams();
    for (const name of FILTERS)
        if (filter[name] && !isDefault(name, filter[name])) params.set(name, filter[name]);
    const query = params.toString();
    return query === '' ? '#/report' : `#/report?${query}`;
}

export function hostHash(id) {
    return `#/hosts/${encodeURIComponent(id)}`;
}

// The query of GET /v1/hosts.
export function hostsQuery(filter, limit, cursor) {
    const params = new URLSearchParams({ limit: String(limit) });
    for (const name of FILTERS) if (filter[name]) params.set(name, filter[name]);
    if (!params.has('sort')) params.set('sort', DEFAULT_SORT);
    if (cursor) params.set('cursor', cursor);
    return params.toString();
}

// The key of a one-time sign-in link, "#key=...", or "".
export function keyOfHash(hash) {
    const m = /^#key=(.{1,384})$/s.exec(String(hash || ''));
    return m ? unescaped(m[1]).slice(0, 128) : '';
}
