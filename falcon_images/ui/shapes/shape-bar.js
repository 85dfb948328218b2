// The tools for shapes, the list of those that an image has, and the label of the chosen one.

import { Icon } from '../parts/icons.js';
import { t } from '../parts/words.js';
import { html, useEffect, useRef } from '../vendor/preact-htm.js';
import { spokenName } from './painting.js';
import { isChosen, withLabel } from './shapes.js';
import { editing, hidden, noteLabel, offeredLabels } from './tools.js';

/** @import { IconName } from '../parts/icons.js' */
/** @import { Ref } from '../vendor/preact-htm.js' */
/** @import { Edited, Problem } from './edited.js' */
/** @import { ShapeActions } from './shape-layer.js' */
/** @import { Kind, Shape } from './shapes.js' */
/** @import { Tool } from './tools.js' */

/** @type {{ tool: Exclude<Tool, ''>, icon: IconName, key: string }[]} */
const TOOLS = [
  { tool: 'select', icon: 'pointer', key: 'V' }, { tool: 'boxes', icon: 'box', key: 'R' },
  { tool: 'polygons', icon: 'polygon', key: 'P' }, { tool: 'points', icon: 'point', key: 'D' },
];
/** @type {Record<Kind, IconName>} */
const ICONS = { boxes: 'box', polygons: 'polygon', points: 'point' };

/**
 * @param {{ shapes: Shape[], chosen: Shape | undefined, edited: Edited, actions: ShapeActions,
 *   onFinish: () => void }} props
 */
export function ShapeBar({ shapes, chosen, edited, actions, onFinish }) {
  const tool = editing.use();
  const isHidden = hidden.use();
  return html`
    <section class="shape-bar on-stage" aria-label=${t('shapes')}>
      <div class="shape-tools" role="toolbar" aria-label=${t('shapeTools')}>
        ${TOOLS.map((each) => html`<${ToolButton} key=${each.tool} ...${each} isUsed=${tool === each.tool}
          isLocked=${each.tool !== 'select' && edited.isLocked(each.tool)} onAdd=${actions.add} />`)}
        <button class="icon" aria-label=${t('hideShapes')} title=${`${t('hideShapes')} (H)`} aria-pressed=${String(isHidden)}
          onClick=${() => { hidden.value = !isHidden; }}><${Icon} name="hide" /></button>
      </div>
      ${tool === 'polygons' && html`
        <p class="muted">${t('polygonHelp')} <button class="link" onClick=${onFinish}>${t('finishPolygon')}</button></p>`}
      ${edited.problems.map((problem) => html`<${NotSaved} key=${problem.kind} problem=${problem} />`)}
      ${chosen && html`<${LabelField} key=${`${chosen.kind} ${chosen.index}`} shape=${chosen} shapes=${shapes}
        actions=${actions} />`}
      <ul class="shape-list" aria-label=${t('nShapes', { n: shapes.length })}>
        ${shapes.map((shape) => html`<${ShapeRow} key=${`${shape.kind} ${shape.index}`} shape=${shape}
          isChosen=${chosen !== undefined && isChosen(chosen, shape)} actions=${actions} />`)}
      </ul>
      ${!shapes.length && html`<p class="muted">${t('noShapes')}</p>`}
    </section>`;
}

/**
 * @param {{ tool: Exclude<Tool, ''>, icon: IconName, key: string, isUsed: boolean, isLocked: boolean,
 *   onAdd: (kind: Kind) => void }} props
 */
function ToolButton({ tool, icon, isUsed, isLocked, onAdd }) {
  const words = `${t(`tool_${tool}`)} (${TOOLS.find((each) => each.tool === tool)?.key})`;
  const use = (/** @type {MouseEvent} */ { detail }) => {
    editing.value = tool;
    // Pressed with a key, there is no pointer to draw with.
    if (detail === 0 && tool !== 'select') onAdd(tool);
  };
  return html`
    <button class="icon" aria-label=${t(`tool_${tool}`)} title=${isLocked ? t('notAList', { name: tool }) : words}
      disabled=${isLocked} aria-pressed=${String(isUsed)} onClick=${use}><${Icon} name=${icon} /></button>`;
}

/** @param {{ problem: Problem }} props */
function NotSaved({ problem: { kind, text, keep, forget } }) {
  return html`
    <div class="shape-problem" role="alert">
      <p class="failed">${kind}: ${text}</p>
      <span class="buttons">
        <button class="small" onClick=${forget}>${t('discard')}</button>
        <button class="small primary" onClick=${keep}>${t('save')}</button></span>
    </div>`;
}

/** @param {{ shape: Shape, isChosen: boolean, actions: ShapeActions }} props */
function ShapeRow({ shape, isChosen: isPressed, actions }) {
  /** @type {Ref<HTMLElement>} */
  const row = useRef();
  useEffect(() => { if (isPressed) row.current.scrollIntoView({ block: 'nearest' }); }, [isPressed]);
  const { kind, index } = shape;
  const name = spokenName(shape) || t('withoutLabel');
  return html`
    <li ref=${row}>
      <button class="shape-row" aria-pressed=${String(isPressed)} onClick=${() => actions.choose({ kind, index })}>
        <${Icon} name=${ICONS[kind]} /><span class="hidden-text">${t(`one_${kind}`)}</span>${' '}
        <span class="name">${name}</span></button>
      ${isPressed && html`
        <button class="icon" aria-label=${t('removeShape', { name })} title=${`${t('removeShape', { name })} (Delete)`}
          onClick=${() => actions.remove(shape)}><${Icon} name="trash" /></button>`}
    </li>`;
}

/** @param {{ shape: Shape, shapes: Shape[], actions: ShapeActions }} props */
function LabelField({ shape, shapes, actions }) {
  const write = (/** @type {string} */ label, /** @type {boolean} */ isTyping) => {
    if (!isTyping) noteLabel(label);
    if (isTyping || label !== shape.label) actions.change(shape, (member) => withLabel(member, label), isTyping);
  };
  return html`
    <label class="shape-label"><span>${t('shapeLabel')}</span>
      <input class="value" list="shape-labels" value=${shape.label} autocomplete="off"
        onInput=${(event) => write(event.target.value, true)} onChange=${(event) => write(event.target.value.trim(), false)}
        onKeyDown=${(event) => { if (event.key === 'Enter' || event.key === 'Escape') leave(event); }} /></label>
    <datalist id="shape-labels">${offeredLabels(shapes).map((label) => html`<option value=${label} key=${label} />`)}</datalist>`;
}

/** @param {{ target: HTMLElement, stopPropagation: () => void }} event */
function leave(event) {
  event.stopPropagation();
  event.target.blur();
  /** @type {HTMLElement | null} */ (document.querySelector('.viewer'))?.focus();
}
