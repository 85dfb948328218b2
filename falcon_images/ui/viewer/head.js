// The line above an open image: its name, its place in the list, and what can be done with it.

import { Icon } from '../parts/icons.js';
import { toastError } from '../parts/toasts.js';
import { number, t } from '../parts/words.js';
import { downloadImage } from '../pictures/download.js';
import { editing } from '../shapes/tools.js';
import { html, useEffect, useState } from '../vendor/preact-htm.js';

/** @import { Chosen, Loaded } from '../page/use-collection.js' */
/** @import { IconName } from '../parts/icons.js' */
/** @import { View } from '../parts/state.js' */
/** @import { ImageDocument } from '../parts/values.js' */
/** @import { VNode } from '../vendor/preact-htm.js' */
/** @import { ViewerActions } from './viewer.js' */
/** @import { Zoom } from '../stage/zoom.js' */

/**
 * @typedef {object} HeadProps
 * @property {View} shown
 * @property {Loaded} loaded
 * @property {Chosen} chosen
 * @property {ImageDocument} [document]
 * @property {boolean} panel whether the properties are shown
 * @property {boolean} levels whether the brightness is
 * @property {boolean} isComparing
 * @property {Zoom} zoom
 * @property {ViewerActions} actions
 */

/** @param {HeadProps} props */
export function Head({ shown, loaded: { documents }, chosen: { active }, document, ...props }) {
  const { panel, levels, isComparing, zoom, actions } = props;
  const at = documents?.get(active)?._id === shown.image;
  const tool = editing.use();
  /** @type {(name: string, icon: IconName, onClick: Function, more?: object) => VNode} */
  const button = (name, icon, onClick, more = {}) => html`
    <button class="icon" aria-label=${t(name)} title=${t(name)} onClick=${onClick} ...${more}>
      <${Icon} name=${icon} /></button>`;
  return html`
    <header>
      ${button('backToImages', 'back', actions.close)}
      <h2 class="name" title=${document?.image}>${document?.image ?? '…'}</h2>
      <span class="muted position">${at && `${number(active + 1)} / ${number(documents?.total ?? 0)}`}</span>
      <span class="space"></span>
      ${button('zoomOut', 'minus', actions.zoomOut, { class: 'icon wide-only' })}
      <${Percent} zoom=${zoom} onClick=${actions.pixels} />
      ${button('zoomIn', 'plus', actions.zoomIn, { class: 'icon wide-only' })}
      ${button('keyFit', 'fit', actions.fit)}
      ${button('levels', 'sun', actions.levels, { 'aria-pressed': String(levels) })}
      ${button('shapes', 'shapes', actions.shapes, { 'aria-pressed': String(tool !== '') })}
      ${button('compare', 'compare', actions.compare, { 'aria-pressed': String(isComparing) })}
      ${button('download', 'download', () => downloadImage(shown.collection, document).catch(toastError))}
      ${button('copyQuery', 'copy', actions.copy, { class: 'icon wide-only' })}
      ${button('delete', 'trash', actions.remove)}
      ${button('properties', 'panel', actions.panel, { 'aria-pressed': String(panel) })}
    </header>`;
}

/**
 * How large pixels are on the screen; a click shows them one for one, or the whole picture.
 * @param {{ zoom: Zoom, onClick: () => void }} props
 */
function Percent({ zoom, onClick }) {
  const [text, setText] = useState('');
  useEffect(() => zoom.watch(({ part }) => setText(percent(part))), [zoom]);
  return html`<button class="percent" title=${`${t('keyPixels')} (Z)`} onClick=${onClick}>${text}</button>`;
}

/** @param {number} part */
function percent(part) {
  const value = part * 100;
  return `${number(value < 10 ? Math.round(value * 10) / 10 : Math.round(value))} %`;
}

/**
 * A button at the side of the picture, that leads to another one.
 * @param {{ name: string, icon: IconName, to?: ImageDocument | null, onClick: () => void }} props
 */
export function Step({ name, icon, to, onClick }) {
  return html`
    <button class=${`step ${name}`} disabled=${!to} aria-label=${t(name)} title=${t(name)} onClick=${onClick}>
      <${Icon} name=${icon} /></button>`;
}
