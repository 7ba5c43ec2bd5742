// What an Attestation Result says about a boot, brought into the shape of the page: the steps of
// the boot with a mark each, PCRs by bank, events of the log. Pure functions; any member may be
// missing.

function list(x) {
    return Array.isArray(x) ? x.filter((e) => e !== null && typeof e === 'object') : [];
}

function object(x) {
    return x !== null && typeof x === 'object' && !Array.isArray(x) ? x : {};
}

// What a result proves about the boot, the quoted PCRs and the quote itself; null where nothing is.
export function provedBy(result) {
    const r = object(result);
    const facts = [r.facts, r.boot].find((x) => x !== null && typeof x === 'object') || null;
    return { facts, pcrs: r.pcrs || object(facts).pcrs || null, quote: object(r.quote) };
}

// The mark of a set of checks, the worst of "fail", "unknown", "warn", "note"; without findings
// "pass", or "none" when nobody looked. `wanted` says by code whether a check belongs to the set.
export function markOf(result, wanted) {
    const outcomes = Object.entries(object(result.checks)).filter(([code]) => wanted(code));
    const findings = list(result.findings).filter((f) => wanted(f.code));
    const explained = new Set(findings.map((f) => f.code));
    const marks = new Set(findings.map(findingMark));
    for (const [code, outcome] of outcomes)
        if (!explained.has(code) && (outcome === 'fail' || outcome === 'unknown'))
            marks.add(outcome); // its finding was not kept
    for (const mark of ['fail', 'unknown', 'warn', 'note']) if (marks.has(mark)) return mark;
    return outcomes.some(([, o]) => o === 'pass') ? 'pass' : 'none';
}

export function findingMark(f) {
    if (f.severity === 'inform') return 'note';
    if (f.outcome === 'unknown') return 'unknown';
    return f.severity === 'advisory' ? 'warn' : 'fail';
}

export const MARK_WORDS = {
    pass: 'holds',
    fail: 'failed',
    warn: 'changed',
    note: 'noted',
    unknown: 'unknown',
    none: 'not checked',
};

const starts =
    (...prefixes) =>
    (code) =>
        prefixes.some((p) => String(code).startsWith(p));

const GENUINE = starts(
    'evidence.',
    'identity.',
    'quote.',
    'pcr.selection',
    'pcr.values',
    'pcr.bank',
    'log.',
);
const VOUCHED = ['secureboot.authority'];

// `pcrs`: those that the step is read from.
const STEPS = [
    {
        id: 'firmware',
        title: 'Firmware',
        pcrs: [0, 1, 2, 3],
        of: starts('firmware.', 'log.firmware-error'),
    },
    {
        id: 'secure-boot',
        title: 'Secure Boot',
        pcrs: [7],
        of: (c) => String(c).startsWith('secureboot.') && !VOUCHED.includes(c),
    },
    { id: 'authorities', title: 'Who vouched', pcrs: [7], of: (c) => VOUCHED.includes(c) },
    { id: 'programs', title: 'Programs started', pcrs: [4], of: starts('loader.', 'package') },
    {
        id: 'settings',
        title: 'Settings',
        pcrs: [],
        of: starts('settings.', 'pcr.pinned'),
        optional: true,
    },
    {
        id: 'hand-over',
        title: 'Hand-over to the operating system',
        pcrs: [5],
        of: starts('boot.'),
    },
];

// Those of the PCRs that the log does not lead to, in the bank that the facts are taken from (in
// any bank where none is told). Nothing is read from them, so nothing is known.
export function unexplained(result, pcrs) {
    const { facts, pcrs: states } = provedBy(result);
    const all = pcrTable(states);
    const relied = all.filter((b) => b.bank === object(facts).bank);
    const rows = (relied.length > 0 ? relied : all).flatMap((b) => b.rows);
    return pcrs.filter((n) => rows.some((row) => row.pcr === n && row.state !== 'match'));
}

// PK, KEK, db, dbx in that order, whether sent as an object by name or as a list with names.
export function keysets(facts) {
    const from = object(facts).keys || object(facts).keysets || object(facts).keyset || {};
    const named = Array.isArray(from)
        ? list(from).map((k, i) => ({ name: k.name || ['PK', 'KEK', 'db', 'dbx'][i], ...k }))
        : Object.entries(object(from)).map(([name, k]) => ({ ...object(k), name }));
    const order = ['pk', 'kek', 'db', 'dbx'];
    const rank = (k) => (order.indexOf(String(k.name).toLowerCase()) + 5) % 5;
    return named
        .sort((a, b) => rank(a) - rank(b))
        .map((k) => ({
            name: { pk: 'PK', kek: 'KEK' }[String(k.name).toLowerCase()] || String(k.name),
            measured: k.measured !== false,
            certificates: Number(k.n_certs ?? k.certificates ?? k.certs ?? 0) || 0,
            hashes: Number(k.n_hashes ?? k.hashes ?? 0) || 0,
            digest: k.digest || '',
            subject: k.subject || '',
        }));
}

export function authorities(facts) {
    return list(object(facts).authorities || object(facts).authority).map((a) => ({
        variable: a.variable || '',
        digest: a.digest || '',
        subject: a.subject || '',
        driver: a.before_separator === true,
    }));
}

export function programs(facts) {
    return list(object(facts).programs || object(facts).program).map((p) => ({
        event: p.event,
        bank: p.bank || '',
        digest: p.digest || '',
        path: p.unverified_path || p.path || '',
    }));
}

export function lost(facts, what) {
    const f = object(facts);
    return Number(f[`${what}_lost`] ?? f[`n_${what}_lost`] ?? 0) || 0;
}

// A step's mark is that of its checks, unless what it is read from leaves it unknown: PCRs that the
// log does not lead to, or a Secure Boot of which the facts do not say that it was on.
function stepMark(step, facts) {
    if (step.found === 'fail') return 'fail';
    const silent = step.id === 'secure-boot' && facts !== null && facts.secure_boot !== 'on';
    if (step.unexplained.length > 0 || (silent && step.found === 'pass')) return 'unknown';
    return step.found;
}

// The boot as steps: { id, title, mark, unexplained, findings }; `unexplained` are the step's PCRs
// that the log does not lead to, which leave it unknown unless more than that is wrong. `genuine`
// is the mark of what all rests on.
export function bootStory(result) {
    const r = object(result);
    const steps = STEPS.map((s) => ({
        id: s.id,
        title: s.title,
        optional: s.optional === true,
        unexplained: unexplained(r, s.pcrs),
        found: markOf(r, s.of),
        findings: list(r.findings).filter((f) => s.of(f.code)),
    }))
        .filter((s) => !s.optional || s.findings.length > 0)
        .map((s) => ({ ...s, mark: stepMark(s, provedBy(r).facts) }));
    return {
        genuine: markOf(r, GENUINE),
        known: provedBy(r).facts !== null,
        steps,
    };
}

// PCRs by bank: [{ bank, rows: [{ pcr, state, value }] }], from any of { sha256: { "0": X } },
// { sha256: [X, ...] } and { banks: ... }, where X is a state's name or { state, value, pcr }.
export function pcrTable(pcrs) {
    let from = pcrs;
    if (object(from).banks) from = from.banks;
    const named = Array.isArray(from)
        ? list(from).map((b) => [b.bank || b.name || b.alg, b.pcrs || b.values || b.states])
        : Object.entries(object(from));
    return named
        .filter(([, x]) => x !== null && typeof x === 'object')
        .map(([bank, x]) => ({
            bank: String(bank),
            rows: Object.entries(x)
                .map(([key, v]) => {
                    const o = object(v);
                    return {
                        pcr: Number(o.pcr ?? o.index ?? key),
                        value: o.value || o.quoted || '',
                        expected: o.expected || o.replayed || '',
                        state: String(typeof v === 'string' ? v : o.state || ''),
                    };
                })
                .filter(
                    (row) =>
                        Number.isInteger(row.pcr) && row.state !== 'not-quoted' && row.state !== '',
                )
                .sort((a, b) => a.pcr - b.pcr),
        }))
        .filter((b) => b.rows.length > 0);
}

// What would make the log lead to the quoted PCRs: { rows: [{ code, where, meaning, detail, next }],
// lost, cut }. It decides nothing.
export function explanationsOf(facts) {
    const f = object(facts);
    const text = (x) => (typeof x === 'string' ? x : '');
    return {
        rows: list(f.explanations).map((x) => {
            const o = object(x);
            return {
                code: text(o.code),
                where: text(o.where),
                meaning: text(o.meaning),
                detail: text(o.detail),
                next: text(o.next),
            };
        }),
        lost: Number.isInteger(f.explanations_lost) ? f.explanations_lost : 0,
        cut: f.explanations_cut === true,
    };
}

// What a host on Trueboot's own boot chain booted from, null for others: { set, verifier, complete,
// rescue, fallback, packages: [{ name, version, security, kind, level, vendor, signer, good }] }.
export function chainOf(facts) {
    const c = object(facts).chain;
    if (c === null || typeof c !== 'object' || Array.isArray(c)) return null;
    const text = (x) => (typeof x === 'string' ? x : '');
    return {
        set: text(c.set),
        verifier: text(c.verifier),
        complete: c.complete === true,
        rescue: c.rescue === true,
        fallback: text(c.fallback),
        packages: list(c.packages).map((x) => {
            const p = object(x);
            return {
                name: text(p.name),
                version: text(p.version),
                security: Number.isInteger(p.security_version) ? p.security_version : null,
                kind: text(p.kind),
                level: text(p.level),
                vendor: text(p.vendor),
                signer: text(p.signer),
                good: p.verified === true && p.checked === true,
            };
        }),
    };
}

const PCR_STATES = {
    __proto__: null,
    match: { mark: 'pass', words: 'explained by the log' },
    mismatch: { mark: 'fail', words: 'not what the log says' },
    'not-in-log': { mark: 'note', words: 'no event in the log' },
    capped: { mark: 'note', words: 'capped by the firmware' },
    incomplete: { mark: 'unknown', words: 'log lacks this bank' },
    unextended: { mark: 'warn', words: 'never extended' },
};

export function pcrStateOf(state) {
    return PCR_STATES[state] || { mark: 'unknown', words: state };
}

export const PCR_USE = [
    'firmware',
    'firmware configuration',
    'option ROMs',
    'option ROM configuration',
    'programs started',
    'boot settings, partition table',
    'platform events',
    'Secure Boot',
    'loader',
    'loader, kernel',
    'run time (IMA)',
    'user space',
    'core packages',
    'other packages',
    'settings',
    'free',
];

// One event of the log: data lines with a mark each. Only what is marked verified is; what has no
// mark is not.
export function eventOf(e) {
    const type =
        e.type_name ||
        (typeof e.type === 'string' ? e.type : '') ||
        (Number.isInteger(e.type) ? `0x${e.type.toString(16)}` : '');
    const whole = e.verified === true || e.data_verified === true;
    return {
        index: e.index,
        offset: e.offset,
        pcr: e.pcr,
        type,
        digests: Object.entries(object(e.digests)),
        lines: detailLines(e.details ?? e.detail ?? e.description, whole),
    };
}

function detailLines(details, verified) {
    if (details === null || details === undefined || details === '') return [];
    if (Array.isArray(details))
        return details.flatMap((d) =>
            d !== null && typeof d === 'object'
                ? [
                      {
                          name: String(d.name ?? d.key ?? ''),
                          text: plain(d.value ?? d.text ?? ''),
                          verified: d.verified === undefined ? verified : d.verified === true,
                      },
                  ]
                : [{ name: '', text: plain(d), verified }],
        );
    if (typeof details === 'object') {
        const inner = details.verified === undefined ? verified : details.verified === true;
        return Object.entries(details)
            .filter(([k]) => k !== 'verified')
            .map(([name, v]) =>
                v !== null && typeof v === 'object' && 'value' in v
                    ? {
                          name,
                          text: plain(v.value),
                          verified: v.verified === undefined ? inner : v.verified === true,
                      }
                    : { name, text: plain(v), verified: inner },
            );
    }
    return [{ name: '', text: plain(details), verified }];
}

function plain(v) {
    return v !== null && typeof v === 'object' ? JSON.stringify(v) : String(v);
}
