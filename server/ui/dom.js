// Building the page from nodes. Text becomes text nodes only, so nothing that a host sent can
// become markup.

const SVG = 'http://www.w3.org/2000/svg';

// h('a', { href, class, onclick }, 'text', node, [nodes]). null and false are left out.
export function h(name, attrs, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attrs || {})) {
        if (value === null || value === undefined || value === false) continue;
        if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
        else node.setAttribute(key, value === true ? '' : String(value));
    }
    append(node, children);
    return node;
}

export function append(node, children) {
    for (const child of children.flat(Infinity))
        if (child !== null && child !== undefined && child !== false && child !== '')
            node.append(child);
    return node;
}

// Icons: strokes in a 16 x 16 box. A shape of its own for each, so that colour is never alone.
const ICONS = {
    trusted: ['M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z', 'M5 8.2 7.2 10.4 11 6'],
    failed: [
        'M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3L1.5 10.7V5.3z',
        'M5.7 5.7l4.6 4.6M10.3 5.7l-4.6 4.6',
    ],
    changed: ['M8 1.8 15 14H1z', 'M8 6v4M8 11.9v.1'],
    stale: ['M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z', 'M8 4.3V8l2.5 1.7'],
    unreachable: ['M2 8a8.5 8.5 0 0 1 12 0M4.5 10.5a5 5 0 0 1 7 0', 'M8 13v.1', 'M2.5 2.5l11 11'],
    pending: ['M1.5 4h13v8h-13z', 'M4.7 8v.1M8 8v.1M11.3 8v.1'],
    none: [
        'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z',
        'M6.2 6.2a1.9 1.9 0 1 1 2.7 1.8c-.6.3-.9.6-.9 1.2M8 11.4v.1',
    ],
    'not-capable': ['M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z', 'M5 8h6'],
    pass: ['M3 8.5 6.5 12 13 4.5'],
    fail: ['M4 4l8 8M12 4l-8 8'],
    warn: ['M8 1.8 15 14H1z', 'M8 6v4M8 11.9v.1'],
    note: ['M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z', 'M8 7.3v4M8 4.7v.1'],
    unknown: ['M5.5 5.7a2.5 2.5 0 1 1 3.6 2.3c-.8.4-1.1.9-1.1 1.7M8 12.4v.1'],
    shield: [
        'M8 1.2 2.2 3.4v4.2c0 3.4 2.3 5.9 5.8 7.2 3.5-1.3 5.8-3.8 5.8-7.2V3.4z',
        'M5.2 8 7.3 10 11 6',
    ],
};

export function icon(name) {
    const svg = document.createElementNS(SVG, 'svg');
    svg.setAttribute('viewBox', '0 0 16 16');
    svg.setAttribute('class', 'icon');
    svg.setAttribute('aria-hidden', 'true');
    svg.setAttribute('focusable', 'false');
    for (const d of ICONS[name] || ICONS.none) {
        const path = document.createElementNS(SVG, 'path');
        path.setAttribute('d', d);
        svg.append(path);
    }
    return svg;
}

// Replace all children.
export function fill(node, ...children) {
    node.replaceChildren();
    return append(node, children);
}

// Make `parent` hold one node per item, in order, reusing the nodes that are there: `make(item)`
// builds one, `update(node, item)` brings one up to date. Nodes that stay in order are not moved,
// so focus and scroll position stay.
export function reconcile(parent, items, key, make, update) {
    const old = new Map();
    for (const node of [...parent.children]) old.set(node.dataset.key, node);
    const wanted = new Set(items.map(key));
    for (const [k, node] of old) if (!wanted.has(k)) node.remove();
    let at = parent.firstElementChild;
    for (const item of items) {
        const k = key(item);
        let node = old.get(k);
        if (node === undefined) {
            node = make(item);
            node.dataset.key = k;
        } else {
            update(node, item);
        }
        if (node === at) at = at.nextElementSibling;
        else parent.insertBefore(node, at);
    }
}

// Put a section's content anew only when what it shows has changed.
export function refill(node, data, build) {
    const print = JSON.stringify(data);
    if (node.dataset.print === print) return false;
    node.dataset.print = print;
    fill(node, build());
    return true;
}
