// A dialog: it keeps the focus inside, and Escape closes it.

import { html, useLayoutEffect, useRef } from '../vendor/preact-htm.js';
import { Icon } from './icons.js';
import { t } from './words.js';

/** @import { Child, Ref } from '../vendor/preact-htm.js' */

/**
 * A dialog with a title; it is open as long as it is drawn.
 * @param {{ title: string, onClose: () => void, children?: Child, wide?: boolean }} props
 */
export function Dialog({ title, onClose, children, wide = false }) {
  /** @type {Ref<HTMLDialogElement>} */
  const dialog = useRef();
  useLayoutEffect(() => {
    const { current } = dialog;
    current.showModal();
    /** @type {HTMLElement | null} */ (current.querySelector('[autofocus]'))?.focus();
    // Gives the focus back to what had it before.
    return () => current.close();
  }, []);
  /** @param {Event} event */
  const cancel = (event) => { event.preventDefault(); onClose(); };
  return html`
    <dialog ref=${dialog} class=${wide ? 'wide' : ''} aria-label=${title} onCancel=${cancel}
      onKeyDown=${(event) => event.stopPropagation()}>
      <div class="dialog-head">
        <h2>${title}</h2>
        <button type="button" class="icon" aria-label=${t('close')} onClick=${onClose}>
          <${Icon} name="close" /></button>
      </div>
      ${children}
    </dialog>`;
}
