// What is shown in place of images: no token, the service away, nothing here.

import { access, currentToken, seenWithout, setToken } from '../service/token.js';
import { html, useState } from '../vendor/preact-htm.js';
import { askNow, health } from './health.js';
import { Icon } from './icons.js';
import { t } from './words.js';

/** @import { Child } from '../vendor/preact-htm.js' */
/** @import { IconName } from './icons.js' */

/** @type {Record<string, string>} */
const TITLES = { required: 'tokenRequired', refused: 'tokenRefused' };

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
 * A line on top where a login lets the page show images, and change none.
 * @param {{ auth?: { enabled: boolean, login_url?: string } }} props
 */
export function LoginNotice({ auth }) {
  const isHidden = seenWithout.use();
  if (!auth?.enabled || !isHidden || currentToken() || access.use() !== 'open') return null;
  return html`
    <div class="away login" role="status">
      <${Icon} name="lock" /><span>${t('loginOnlyShows')}</span>
      <${LoginLink} url=${auth.login_url} />
      <button onClick=${() => { access.value = 'asked'; }}>${t('giveToken')}</button>
    </div>`;
}

/** @param {{ url?: string }} props */
function LoginLink({ url }) {
  return url && html`<a class="login-link" href=${url}>${t('logIn')}</a>`;
}

/**
 * The field for a token, when the service asks for one.
 * @param {{ state: string, loginUrl?: string }} props
 */
export function TokenPanel({ state, loginUrl }) {
  const [text, setText] = useState('');
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    if (text.trim()) setToken(text.trim());
  };
  return html`
    <main id="main" class="notice">
      <${Icon} name="lock" />
      <h2>${t(TITLES[state] ?? 'token')}</h2>
      <p class="muted">${t('tokenHelp')}</p>
      <form class="row" onSubmit=${submit}>
        <input type="password" name="token" autocomplete="off" aria-label=${t('token')}
          placeholder=${t('token')} value=${text} autofocus
          onInput=${(event) => setText(event.target.value)} />
        <button class="primary">${t('useToken')}</button>
        ${state === 'asked' && html`
          <button type="button" onClick=${() => { access.value = 'open'; }}>${t('cancel')}</button>`}
      </form>
      <${LoginLink} url=${loginUrl} />
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
