// Which columns the table has.

import { Dialog } from '../parts/dialog.js';
import { goOwn } from '../parts/state.js';
import { t } from '../parts/words.js';
import { html, useState } from '../vendor/preact-htm.js';
import { columnName, FIXED_COLUMNS } from './table.js';

/** @import { Field } from '../filters/fields.js' */

const OF_FILES = ['_file.width', '_file.height', '_file.size', '_file.type'];

/**
 * The dialog in which the columns of the table are chosen.
 * @param {{ columns: string[], fields: Field[], onClose: () => void }} props
 */
export function ColumnsDialog({ columns, fields, onClose }) {
  const [chosen, setChosen] = useState(columns);
  const names = fields.map(({ name }) => name).filter((name) => !name.includes(','));
  const all = [...new Set([...FIXED_COLUMNS, ...columns, ...names, ...OF_FILES])];
  /** @param {string} name */
  const flip = (name) => setChosen(chosen.includes(name)
    ? chosen.filter((other) => other !== name) : [...chosen, name]);
  const save = () => { goOwn({ columns: chosen.join(',') }, {}); onClose(); };
  return html`
    <${Dialog} title=${t('columns')} onClose=${onClose}>
      <ul class="choices">
        ${all.map((name) => html`
          <li key=${name}><label>
            <input type="checkbox" checked=${chosen.includes(name)} onChange=${() => flip(name)} />
            <span class="name" title=${name}>${columnName(name)}</span></label></li>`)}
      </ul>
      <div class="buttons">
        <button onClick=${onClose}>${t('cancel')}</button>
        <button class="primary" onClick=${save}>${t('save')}</button>
      </div>
    </${Dialog}>`;
}
