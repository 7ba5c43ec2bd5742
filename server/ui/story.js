// What the boot programs of a stock system tell of themselves, as steps with lines of text. A line
// is proved when digests that lead to quoted PCRs cover it. Pure functions; any member may be
// missing, and every text but ours comes from a host.

function list(x) {
    return Array.isArray(x) ? x.filter((e) => e !== null && typeof e === 'object') : [];
}

function object(x) {
    return x !== null && typeof x === 'object' && !Array.isArray(x) ? x : {};
}

function text(x) {
    return typeof x === 'string' ? x : '';
}

function number(x) {
    return Number.isFinite(x) ? x : 0;
}

function has(story, member, part) {
    return Array.isArray(story[member]) && story[member].includes(part);
}

// { name, text, proved }: name is ours. With `digest`, the text is one in hex.
function line(name, value, proved) {
    return { name, text: String(value), proved };
}

function digest(name, hex, proved) {
    return { ...line(name, text(hex), proved), digest: true };
}

// A setting that was measured; nothing for one that nobody told.
function setting(name, value, proved) {
    return value === 'yes' || value === 'no' ? [line(name, value, proved)] : [];
}

function shim(story) {
    const o = object(story.shim);
    const proved = has(story, 'parts', 'shim');
    const level = (Array.isArray(o.sbat_level) ? o.sbat_level : []).map(text).join('; ');
    return [
        ...(level ? [line('SBAT level', level, proved)] : []),
        ...setting('Verifies what it starts', o.validation, proved),
        ...setting("Owner's keys trusted by the kernel", o.mok_trusted, proved),
        ...setting("Keys of the machine's owner", o.owner_keys, proved),
    ];
}

function grub(story) {
    const o = object(story.grub);
    const proved = has(story, 'parts', 'grub');
    return [
        line('Commands measured', number(o.commands), proved),
        ...(text(o.kernel) ? [line('Kernel', o.kernel, proved)] : []),
    ];
}

function systemd(story) {
    const found = [];
    if (has(story, 'parts', 'systemd-boot')) found.push(line('Program', 'systemd-boot', true));
    if (has(story, 'parts', 'systemd-stub'))
        found.push(line('Program', 'unified kernel image', true));
    for (const s of list(story.sections))
        found.push(digest(`Section ${text(s.name)}`, s.digest, true));
    if (text(story.uname)) found.push(line('Kernel', story.uname, true));
    return found;
}

const CMDLINE = {
    __proto__: null,
    several: 'different ones were measured',
    unproved: 'nothing proves which it was',
};

function cmdline(story) {
    const o = object(story.cmdline);
    if (o.state === 'proved') {
        const cut = o.cut === true ? [line('', 'the rest of it cannot be shown', false)] : [];
        return [line('', text(o.text), true), ...cut];
    }
    if (o.state === 'unproved' && o.only_digest === true)
        return [line('', 'measured, but the log has its digest only', false)];
    return CMDLINE[o.state] ? [line('', CMDLINE[o.state], false)] : [];
}

const WINDOWS = [
    ['code_integrity', 'Code integrity'],
    ['test_signing', 'Test signing'],
    ['boot_debugging', 'Boot debugging'],
    ['os_debugging', 'Debugging'],
    ['bitlocker_unlock', 'BitLocker unlocked without the TPM'],
    ['safe_mode', 'Safe mode'],
    ['winpe', 'Windows PE'],
    ['flight_signing', 'Flight signing'],
    ['hypervisor', 'Hypervisor'],
    ['vbs', 'Virtualization-based security'],
    ['elam', 'Early-launch anti-malware'],
];

function windows(story) {
    const o = object(story.windows);
    return [
        o.present === false // bad answers stand all the same
            ? line('', 'events of it, not as it leaves them', true)
            : line('Modules', number(o.modules), true),
        ...WINDOWS.flatMap(([key, name]) => setting(name, o[key], true)),
    ];
}

function esxi(story) {
    const o = object(story.esxi);
    return [
        line('Modules', list(o.modules).length + number(o.modules_lost), true),
        ...(text(o.cmdline) ? [line('Command line', o.cmdline, true)] : []),
    ];
}

function extras(story) {
    const found = list(story.initrds).map((i) => digest('Initrd', i.digest, false));
    if (number(story.extras) > 0)
        found.push(line('Credentials and add-ons', number(story.extras), false));
    if (number(story.sysexts) > 0)
        found.push(line('System extensions', number(story.sysexts), false));
    return found;
}

const STEPS = [
    { id: 'shim', title: 'shim', there: (s) => object(s.shim) === s.shim, lines: shim },
    { id: 'grub', title: 'GRUB', there: (s) => object(s.grub) === s.grub, lines: grub },
    { id: 'systemd', title: 'systemd', there: () => true, lines: systemd },
    { id: 'windows', title: 'Windows', there: (s) => object(s.windows) === s.windows, lines: windows },
    { id: 'esxi', title: 'ESXi', there: (s) => object(s.esxi) === s.esxi, lines: esxi },
    { id: 'cmdline', title: 'Command line', there: () => true, lines: cmdline },
    { id: 'initrd', title: 'Initrd and extensions', there: () => true, lines: extras },
];

// The steps that something is known of, in order: [{ id, title, proved, lines }]. A step is proved
// if one of its lines is, but never when it has none.
export function storySteps(facts) {
    const story = object(object(facts).story);
    return STEPS.filter((s) => s.there(story))
        .map((s) => ({ id: s.id, title: s.title, lines: s.lines(story) }))
        .filter((s) => s.lines.length > 0)
        .map((s) => ({ ...s, proved: s.lines.some((l) => l.proved) }));
}

// Code in PCR 2 whose contents are not in the log: option ROMs and drivers.
export function optionRoms(facts) {
    return number(object(object(facts).story).option_roms);
}

// The certificates in the Secure Boot variables and of authorities, as they stand beside a log.
export function certificates(facts) {
    return list(object(facts).certificates).map((c) => ({
        variable: text(c.variable),
        authority: c.authority === true,
        subject: text(c.subject),
        issuer: text(c.issuer),
        sha256: text(c.sha256),
        known: text(c.known),
        test: c.test_key === true,
        from: day(c.not_before_s),
        until: day(c.not_after_s),
    }));
}

function day(s) {
    const date = Number.isInteger(s) ? new Date(s * 1000) : null;
    return date === null || Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(0, 10);
}
