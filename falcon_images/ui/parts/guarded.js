// A part of the page whose fault does not take the rest with it.

import { Component, html } from '../vendor/preact-htm.js';
import { t } from './words.js';

/** @import { Child } from '../vendor/preact-htm.js' */

/**
 * Shows its children, or, when one of them fails, a sentence until `on` is another.
 * @extends {Component<{ on: unknown, children?: Child }, { error: unknown }>}
 */
export class Guarded extends Component {
  /** @type {{ error: unknown }} */
  state = { error: null };

  /** @param {unknown} error */
  componentDidCatch(error) {
    console.error(error);
    this.setState({ error });
  }

  /** @param {{ on: unknown }} before */
  componentDidUpdate(before) {
    if (this.state.error && before.on !== this.props.on) this.setState({ error: null });
  }

  /**
   * @param {{ children?: Child }} props
   * @param {{ error: unknown }} state
   */
  render({ children }, { error }) {
    if (!error) return children;
    return html`
      <p class="failed" role="alert">${t('partFailed')} ${' '}
        <button class="link" onClick=${() => this.setState({ error: null })}>${t('tryAgain')}</button></p>`;
  }
}
