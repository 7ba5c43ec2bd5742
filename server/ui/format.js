// Values to words. Pure functions: no DOM, no clock of their own.

// Order is that of the report: what needs a look comes first.
export const VERDICTS = [
    { id: 'failed', label: 'Failed', note: 'A required check did not pass.' },
    {
        id: 'changed',
        label: 'Changed',
        note: 'Genuine, but something differs from what was accepted.',
    },
    { id: 'stale', label: 'Stale', note: 'No fresh evidence in time.' },
    { id: 'unreachable', label: 'Unreachable', note: 'The host does not call any more.' },
    { id: 'pending', label: 'Pending', note: 'Waits for an operator.' },
    { id: 'none', label: 'Not judged yet', note: 'Nobody has looked at this host yet.' },
    { id: 'trusted', label: 'Trusted', note: 'Every required check passed.' },
    { id: 'not-capable', label: 'N/A', note: 'No TPM 2.0: this host cannot prove its boot.' },
];

const BY_ID = new Map(VERDICTS.map((v) => [v.id, v]));

export function verdictOf(id) {
    return BY_ID.get(id) || { id: 'none', label: visible(id) || 'Not judged yet', note: '' };
}

// Which verdicts make somebody get up.
export const NEEDS_A_LOOK = ['failed', 'changed', 'stale', 'unreachable', 'pending'];

// A string that a host may have sent, with what could mislead a reader made visible: control
// characters, bidirectional overrides, zero-width and line separators.
const HIDDEN = new RegExp(
    '[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e' +
        '\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0' +
        '\\ufff9-\\ufffb\\ud800-\\udfff\\u{e0000}-\\u{e007f}]',
    'gu',
);

export function visible(s) {
    if (s === null || s === undefined) return '';
    return String(s).replace(
        HIDDEN,
        (c) => `\\u{${c.codePointAt(0).toString(16).padStart(4, '0')}}`,
    );
}

// What the Reason column says. The API's words lead; a host that cannot attest has none.
export function reasonText(host) {
    if (host.reason) return sentence(host.reason);
    if (host.verdict === 'not-capable')
        return host.tpm_version === '1.2' ? 'TPM 1.2 cannot prove the boot' : 'No TPM 2.0';
    if (host.verdict === 'trusted') return '';
    return verdictOf(host.verdict).note;
}

export function tpmText(version) {
    return version === '2.0' || version === '1.2' ? version : 'none';
}

const SECURE_BOOT = {
    __proto__: null,
    on: { label: 'On', mark: 'pass' },
    off: { label: 'Off', mark: 'fail' },
    'not-set': { label: 'Not set up', mark: 'fail' },
    unknown: { label: 'Unknown', mark: 'unknown' },
};

export function secureBootOf(host) {
    if (host.verdict === 'not-capable') return { label: 'N/A', mark: 'none' };
    const found = SECURE_BOOT[host.secure_boot] || SECURE_BOOT.unknown;
    // What an old quote proved says nothing about now.
    return host.verdict === 'stale' || host.verdict === 'unreachable'
        ? { label: found.label, mark: 'none', title: 'When it last attested' }
        : found;
}

// First letter upper case, nothing else changed: the texts are half sentences.
export function sentence(s) {
    const t = visible(s).trim();
    return t === '' ? '' : t[0].toUpperCase() + t.slice(1);
}

const UNITS = [
    ['d', 86400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
];

// A span in words: "12 s", "5 min", "1 h 6 min", "3 d 4 h", "90 d".
export function duration(ms) {
    const s = Math.max(0, Math.round(ms / 1000));
    const i = UNITS.findIndex(([, size]) => s >= size);
    if (i < 0) return '0 s';
    const [name, size] = UNITS[i];
    const n = Math.floor(s / size);
    const text = `${n} ${name}`;
    if (i > 1 || n >= 10) return text;
    const rest = Math.floor((s - n * size) / UNITS[i + 1][1]);
    return rest > 0 ? `${text} ${rest} ${UNITS[i + 1][0]}` : text;
}

export function parseTime(text) {
    const t = typeof text === 'string' && text !== '' ? Date.parse(text) : NaN;
    // Zero is the store's "never".
    return Number.isFinite(t) && t > 0 ? t : null;
}

// "3 min ago"; "just now" within ten seconds and for clocks that differ a little.
export function ago(text, now) {
    const t = parseTime(text);
    if (t === null) return 'never';
    const ms = now - t;
    if (ms < -60000) return `in ${duration(-ms)}`;
    if (ms < 10000) return 'just now';
    return `${duration(ms)} ago`;
}

// Full date and time in UTC, as logs have it.
export function utc(text) {
    const t = parseTime(text);
    return t === null ? '' : `${new Date(t).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

export function count(n) {
    return Number.isFinite(n) ? String(Math.trunc(n)).replace(/\B(?=(\d{3})+$)/g, '\u202f') : '?';
}

export function plural(n, one, many) {
    return `${count(n)} ${n === 1 ? one : many || `${one}s`}`;
}

// The sentence over the report.
export function headline(summary) {
    const n = summary.total || 0;
    const of = (id) => (summary.verdicts && summary.verdicts[id]) || 0;
    if (n === 0) return 'No hosts yet';
    const look = NEEDS_A_LOOK.reduce((sum, id) => sum + of(id), 0);
    const capable = n - of('not-capable');
    if (capable === 0) return n === 1 ? 'The only host cannot attest' : 'No host can attest';
    if (look === 0 && of('trusted') === capable)
        return capable === 1
            ? 'The only host that can attest is trusted'
            : `All ${count(capable)} hosts that can attest are trusted`;
    if (look === 0) return `${count(of('trusted'))} of ${plural(capable, 'host')} trusted so far`;
    return `${count(look)} of ${plural(n, 'host')} ${look === 1 ? 'needs' : 'need'} a look`;
}

export function shortHex(hex, n = 16) {
    const s = visible(hex);
    return s.length > n + 4 ? `${s.slice(0, n)}…` : s;
}

const RANK = { viewer: 1, auditor: 1, operator: 2, admin: 3 };

// viewer < operator < admin; auditor is viewer plus the audit log.
export function mayDo(role, needed) {
    if (needed === 'audit') return role === 'auditor' || role === 'admin';
    return (RANK[role] || 0) >= (RANK[needed] || 99);
}
