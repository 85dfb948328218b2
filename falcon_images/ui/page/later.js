// Parts of the page whose modules come after the first images, or when they are needed.

import { t } from '../parts/words.js';
import { Component, html } from '../vendor/preact-htm.js';

/** @typedef {(props: any) => any} Part a component */

const SOON_MS = 4000;

/**
 * A component that is fetched when it is first drawn, or before.
 * @param {() => Promise<Part>} fetchPart
 */
export function later(fetchPart) {
  /** @type {Part | null} */
  let part = null;
  const load = async () => { part ??= await fetchPart(); };
  // After what is looked at first, so that it is there when it is asked for.
  addEventListener('load', () => setTimeout(() => load().catch(() => {}), SOON_MS));
  return class Later extends Component {
    /** @type {{ error: unknown, isThere: boolean }} */
    state = { error: null, isThere: part !== null };

    /** @type {KeyboardEvent[]} keys that were pressed before there was a part to hear them */
    pressed = [];
    keep = (/** @type {KeyboardEvent} */ event) => { this.pressed.push(event); };

    componentDidMount() {
      if (part) return;
      addEventListener('keydown', this.keep);
      load().then(() => this.setState({ isThere: true }), (error) => this.setState({ error }));
    }

    componentDidUpdate() {
      removeEventListener('keydown', this.keep);
      if (!part) return;
      for (const { key, ctrlKey, metaKey, shiftKey } of this.pressed.splice(0)) {
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key, ctrlKey, metaKey, shiftKey, bubbles: true }));
      }
    }

    componentWillUnmount() {
      removeEventListener('keydown', this.keep);
    }

    /**
     * @param {object} props
     * @param {{ error: unknown }} state
     */
    render(props, { error }) {
      if (part) return html`<${part} ...${props} />`;
      return error ? html`
        <p class="failed" role="alert">${t('partMissing')} ${' '}
          <button class="link" onClick=${() => location.reload()}>${t('reload')}</button></p>` : null;
    }
  };
}
