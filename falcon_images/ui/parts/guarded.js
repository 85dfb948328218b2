// A part of the page whose fault does not take the rest with it.

import { Component, html } from '../vendor/preact-htm.js';
import { t } from './words.js';

/** Shows its children, or, when one of them fails, a sentence until `on` is another. */
export class Guarded extends Component {
  state = { error: null };

  componentDidCatch(error) {
    console.error(error);
    this.setState({ error });
  }

  componentDidUpdate(before) {
    if (this.state.error && before.on !== this.props.on) this.setState({ error: null });
  }

  render({ children }, { error }) {
    if (!error) return children;
    return html`
      <p class="failed" role="alert">${t('partFailed')} ${' '}
        <button class="link" onClick=${() => this.setState({ error: null })}>${t('tryAgain')}</button></p>`;
  }
}
