// What is shown in place of images: no token, the service away, nothing here.

import { html, useState } from '../vendor/preact-htm.js';
import { setToken } from './api.js';
import { askNow, health } from './health.js';
import { Icon } from './icons.js';
import { t } from './words.js';

/** @import { Child } from '../vendor/preact-htm.js' */
/** @import { IconName } from './icons.js' */

/** A line on top as long as the service does not answer. */
export function AwayNotice() {
  const { away } = health.use();
  return html`
    <div class="away-place" role="alert">
      ${away && html`
        <div class="away">
          <${Icon} name="away" /><span>${t('away')}</span>
          <button onClick=${askNow}>${t('tryNow')}</button>
        </div>`}
    </div>`;
}

/**
 * The field for a token, when the service asks for one.
 * @param {{ state: string }} props
 */
export function TokenPanel({ state }) {
  const [text, setText] = useState('');
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    if (text.trim()) setToken(text.trim());
  };
  return html`
    <main id="main" class="notice">
      <${Icon} name="lock" />
      <h2>${t(state === 'refused' ? 'tokenRefused' : 'tokenRequired')}</h2>
      <p class="muted">${t('tokenHelp')}</p>
      <form class="row" onSubmit=${submit}>
        <input type="password" name="token" autocomplete="off" aria-label=${t('token')}
          placeholder=${t('token')} value=${text} autofocus
          onInput=${(event) => setText(event.target.value)} />
        <button class="primary">${t('useToken')}</button>
      </form>
    </main>`;
}

/**
 * A notice in the middle of where images would be.
 * @param {{ icon?: IconName, title: string, text?: string, children?: Child, failed?: boolean }} props
 */
export function Notice({ icon, title, text, children, failed = false }) {
  return html`
    <div class=${`notice ${failed ? 'failed' : ''}`} role=${failed ? 'alert' : 'status'}>
      ${icon && html`<${Icon} name=${icon} />`}
      <h2>${title}</h2>
      ${text && html`<p class="muted">${text}</p>`}
      ${children}
    </div>`;
}
