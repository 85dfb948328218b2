// The bars below the images: where one is, and what can be done with the selection.

import { LabelBar } from '../labels/label-keys.js';
import { Progress } from '../labels/unlabelled.js';
import { Icon } from '../parts/icons.js';
import { valueAt } from '../parts/values.js';
import { bytes, moment, number, t } from '../parts/words.js';
import { LEAST_COMPARED, MOST_COMPARED } from '../stage/comparing.js';
import { html } from '../vendor/preact-htm.js';

/** @import { Labels } from '../labels/pressed.js' */
/** @import { Left } from '../labels/unlabelled.js' */
/** @import { Actions } from '../page/collection.js' */
/** @import { Documents } from './documents.js' */

/**
 * What can be done with the images that are selected.
 * @param {{ selected: number, total: number, actions: Actions }} props
 */
export function SelectionBar({ selected, total, actions }) {
  return html`
    <div class="selection-bar" role="toolbar" aria-label=${t('selection')}>
      <strong aria-live="polite">${t('nSelected', { n: number(selected) })}</strong>
      ${selected < total && html`
        <button onClick=${actions.selectAll}>${t('selectAll', { n: number(total) })}</button>`}
      ${selected >= LEAST_COMPARED && selected <= MOST_COMPARED && html`
        <button title=${`${t('compare')} (C)`} onClick=${actions.compare}><${Icon} name="compare" />${t('compareN', { n: selected })}</button>`}
      <button onClick=${actions.relabel}><${Icon} name="tag" />${t('relabel')}</button>
      <button onClick=${actions.export}><${Icon} name="download" />${t('exportDots')}</button>
      <button class="danger" onClick=${actions.remove}><${Icon} name="trash" />${t('delete')}</button>
      <button class="icon" aria-label=${t('selectNothing')} title=${`${t('selectNothing')} (Esc)`}
        onClick=${actions.selectNothing}><${Icon} name="close" /></button>
    </div>`;
}

/**
 * How many images there are, which one is active, and the keys that label it.
 * @param {{ documents: Documents | null, active: number, labels: Labels, left: Left | null,
 *   actions: Actions }} props
 */
export function StatusBar({ documents, active, labels, left, actions }) {
  const document = documents?.get(active);
  const { width, height, size } = document?._file ?? {};
  const total = documents?.total;
  return html`
    <footer class="status-bar">
      <span class="position">
        ${active >= 0 && `${number(active + 1)} / `}${total === null || total === undefined ? '…' : t(documents?.more ? 'moreThanN' : 'nImages', { n: number(total) })}
      </span>
      <span class="about muted">
        ${document && [document.image, moment(document.time), width && `${width} × ${height}`, size && bytes(size)]
          .filter(Boolean).join(' · ')}
      </span>
      <${Progress} label=${labels.label} left=${left} onNext=${actions.nextUnlabelled} />
      <${LabelBar} labels=${labels} current=${document && valueAt(document, labels.label)}
        onMark=${actions.mark} onSetUp=${actions.setUpLabels} />
    </footer>`;
}
