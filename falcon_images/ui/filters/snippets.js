// What the page asks for, as a command or a program that asks for the same.

import { Dialog } from '../parts/dialog.js';
import { toast } from '../parts/toasts.js';
import { t } from '../parts/words.js';
import { currentToken } from '../service/token.js';
import { html, useState } from '../vendor/preact-htm.js';

/** @import { Condition } from '../parts/state.js' */

/**
 * @typedef {object} Snippet a request that is shown
 * @property {string} path
 * @property {Condition[]} params
 * @property {string} file the name that the answer is to be kept under, or '' for JSON
 */

/**
 * A request as a command of curl; the token stays out of it.
 * @param {Snippet} snippet
 */
export function curlText({ path, params, file }) {
  const lines = [`curl ${params.length ? '-G ' : ''}${shellText(location.origin + path)}`];
  if (currentToken()) lines.push('-H "Authorization: Bearer $TOKEN"');
  for (const [name, value] of params) lines.push(`--data-urlencode ${shellText(`${encodeURIComponent(name)}=${value}`)}`);
  if (file) lines.push(`-o ${shellText(file)}`);
  return lines.join(' \\\n  ');
}

/**
 * A request as a program in Python; the token stays out of it.
 * @param {Snippet} snippet
 */
export function pythonText({ path, params, file }) {
  const given = [`    ${pythonString(location.origin + path)},`];
  if (params.length) {
    const pairs = params.map(([name, value]) => `(${pythonString(name)}, ${pythonString(value)})`);
    given.push(`    params=[${pairs.join(', ')}],`);
  }
  if (currentToken()) given.push("    headers={'Authorization': f'Bearer {os.environ[\"TOKEN\"]}'},");
  const after = file
    ? `with open(${pythonString(file)}, 'wb') as file:\n    file.write(response.content)`
    : 'print(response.json())';
  return `${currentToken() ? 'import os\n\n' : ''}import requests\n\nresponse = requests.get(\n${given.join('\n')}\n`
    + `    timeout=60,\n)\nresponse.raise_for_status()\n${after}\n`;
}

/** @param {string} text */
function shellText(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** @param {string} text */
function pythonString(text) {
  // What JSON writes is a string of Python too, but for a lone half of a pair.
  return JSON.stringify(text);
}

/**
 * The dialog that shows a request in both forms.
 * @param {{ request: Snippet, onClose: () => void }} props
 */
export function SnippetDialog({ request, onClose }) {
  /** @type {Record<string, string>} */
  const texts = { curl: curlText(request), Python: pythonText(request) };
  const [kind, setKind] = useState('curl');
  return html`
    <${Dialog} title=${t('copyQuery')} onClose=${onClose} wide>
      <div class="tabs" role="tablist">
        ${Object.keys(texts).map((each) => html`
          <button role="tab" key=${each} aria-selected=${String(each === kind)} onClick=${() => setKind(each)}>
            ${each}</button>`)}
      </div>
      <pre tabindex="0">${texts[kind]}</pre>
      ${currentToken() && html`<p class="muted">${t('tokenLeftOut')}</p>`}
      <div class="buttons">
        <button class="primary" onClick=${() => copy(texts[kind])}>${t('copy')}</button>
      </div>
    </${Dialog}>`;
}

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyOldWay(text);
  }
  toast(t('copied'));
}

/** @param {string} text */
function copyOldWay(text) {
  // Browsers keep the clipboard for https; on a plain address this still works.
  const field = document.createElement('textarea');
  field.value = text;
  (document.querySelector('dialog[open]') ?? document.body).append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}
