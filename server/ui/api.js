// The door to the server: requests with their errors in words, and the live stream.

export class ApiError extends Error {
    constructor(status, error, retryAfter) {
        super(
            (error && error.message) ||
                (status ? `The server answered ${status}` : 'The server does not answer'),
        );
        this.status = status;
        this.code = (error && error.code) || '';
        this.retryAfter = retryAfter;
    }
}

let onSignedOut = () => {};

export function whenSignedOut(fn) {
    onSignedOut = fn;
}

async function request(method, path, body, signal) {
    const init = {
        method,
        signal,
        credentials: 'same-origin',
        cache: 'no-store',
        redirect: 'error',
        headers: { Accept: 'application/json' },
    };
    if (body !== undefined) {
        init.headers['Content-Type'] = 'application/json';
        init.body = JSON.stringify(body);
    }
    let answer;
    try {
        answer = await fetch(path, init);
    } catch (e) {
        if (e.name === 'AbortError') throw e;
        throw new ApiError(0);
    }
    const type = answer.headers.get('Content-Type') || '';
    const data = type.startsWith('application/json') ? await answer.json().catch(() => null) : null;
    if (answer.ok) return data;
    if (answer.status === 401 && path !== '/v1/session') onSignedOut();
    throw new ApiError(answer.status, data && data.error, answer.headers.get('Retry-After'));
}

export const api = {
    get: (path, signal) => request('GET', path, undefined, signal),
    post: (path, body) => request('POST', path, body),
    patch: (path, body) => request('PATCH', path, body),
    del: (path) => request('DELETE', path),
};

export function hostPath(id, rest = '') {
    return `/v1/hosts/${encodeURIComponent(id)}${rest}`;
}

// The stream of /v1/events. `on.event(name, data)`, `on.state('live' | 'interrupted')`. The browser
// connects again by itself after a broken connection; after a refusal this does, with growing
// pauses.
export function listen(on) {
    let source = null,
        timer = 0,
        pause = 1000,
        closed = false;

    const open = () => {
        source = new EventSource('/v1/events');
        source.onopen = () => {
            pause = 1000;
            on.state('live');
        };
        source.onerror = () => {
            if (closed) return;
            on.state('interrupted');
            if (source.readyState === EventSource.CLOSED) {
                timer = setTimeout(open, pause);
                pause = Math.min(pause * 2, 60000);
            }
        };
        for (const name of ['host', 'seen', 'summary', 'incident', 'policy'])
            source.addEventListener(name, (e) => on.event(name, dataOf(e)));
    };
    open();
    return () => {
        closed = true;
        clearTimeout(timer);
        source.close();
    };
}

function dataOf(e) {
    try {
        const data = JSON.parse(e.data);
        return data !== null && typeof data === 'object' ? data : {};
    } catch {
        return {};
    }
}
