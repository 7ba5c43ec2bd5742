// The page for who is not signed in.

import { api } from './api.js';
import { h, icon, fill } from './dom.js';
import { notice } from './parts.js';

export function signInView(message, done) {
    const error = h('div', { 'aria-live': 'polite' }, message ? notice('error', message) : null);
    const key = h('input', {
        type: 'password',
        id: 'key',
        name: 'key',
        required: true,
        maxlength: '128',
        autocomplete: 'current-password',
        spellcheck: 'false',
        'aria-describedby': 'key-help',
    });
    const button = h('button', { type: 'submit', class: 'main' }, 'Sign in');
    const submit = async (event) => {
        event.preventDefault();
        button.disabled = true;
        try {
            done(await api.post('/v1/session', { key: key.value.trim() }));
        } catch (e) {
            fill(
                error,
                notice(
                    'error',
                    e.status === 401 ? 'This key is not known or has expired.' : e.message,
                ),
            );
            key.select();
        } finally {
            button.disabled = false;
        }
    };
    return h(
        'section',
        { class: 'sign-in' },
        h('h1', null, icon('shield'), 'Trueboot'),
        h(
            'p',
            { class: 'soft' },
            'Which machines booted with Secure Boot on and ran only signed code.',
        ),
        h(
            'form',
            { onsubmit: submit },
            h('label', { for: 'key' }, 'API token or sign-in key'),
            key,
            h(
                'p',
                { class: 'soft', id: 'key-help' },
                'The server prints a one-time link at its first ' +
                    'start. An administrator makes further keys.',
            ),
            error,
            button,
        ),
    );
}
