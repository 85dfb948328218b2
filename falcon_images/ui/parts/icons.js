// The page's pictures for buttons, drawn on a field of 24 x 24.

import { html } from '../vendor/preact-htm.js';

/** @typedef {keyof typeof PATHS} IconName */

const PATHS = {
  back: 'M15 5l-7 7 7 7', forward: 'M9 5l7 7-7 7', close: 'M6 6l12 12M18 6L6 18',
  check: 'M5 12.5l4.5 4.5L19 7.5', filter: 'M4 6h16M7 12h10M10 18h4',
  grid: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z',
  columns: 'M4 5h16v14H4zM9.3 5v14M14.7 5v14',
  table: 'M4 5h16v14H4zM4 10h16M4 14.5h16M10 10v9',
  upload: 'M12 16V5M7 9.5L12 4.5l5 5M5 15.5V19h14v-3.5',
  download: 'M12 4.5v11M7 11l5 5 5-5M5 15.5V19h14v-3.5',
  archive: 'M4 4h16v4H4zM5.5 8v11.5h13V8M12 10.5v6M9.5 14l2.5 2.5 2.5-2.5',
  trash: 'M5 7h14M9.5 7V4.5h5V7M7 7l1 12.5h8L17 7M10.5 10.5v6M13.5 10.5v6',
  tag: 'M4 4h7.5l8.5 8.5-7.5 7.5L4 11.5zM8 8h.01', undo: 'M8 5L4 9l4 4M4 9h10a5 5 0 010 10h-4',
  copy: 'M9 9h10v11H9zM15 9V4H5v11h4', help: 'M9 9a3 3 0 114 2.8c-.8.4-1 1-1 2.2M12 18h.01',
  pin: 'M9 4h6l-1 6 3 3H7l3-3zM12 13v7', eye: 'M3 12s3.5-6 9-6 9 6 9 6-3.5 6-9 6-9-6-9-6zM12 10a2 2 0 100 4 2 2 0 000-4z',
  pencil: 'M5 19l1-4L16 5l3 3L9 18zM14 7l3 3',
  plus: 'M12 5v14M5 12h14', minus: 'M5 12h14', fit: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  sun: 'M12 8a4 4 0 100 8 4 4 0 000-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M19 5l-1.5 1.5M6.5 17.5L5 19',
  shapes: 'M4 4h9v9H4zM16 10l5 9h-9z', compare: 'M3 5h8v14H3zM13 5h8v14h-8z', pointer: 'M6 4l12 8-5.5 1L10 19z',
  box: 'M4 6h16v12H4z', polygon: 'M12 4l8 6-3 9H7L4 10z', point: 'M12 9a3 3 0 100 6 3 3 0 000-6zM12 3v3M12 18v3M3 12h3M18 12h3',
  hide: 'M3 12c4-7 14-7 18 0-4 7-14 7-18 0zM12 9a3 3 0 100 6 3 3 0 000-6zM4 4l16 16',
  panel: 'M4 5h16v14H4zM14.5 5v14', history: 'M4 12a8 8 0 108-8 8 8 0 00-6.5 3.3M5 3.5V8h4.5M12 8v4.5l3 2',
  broken: 'M4 5h16v14H4zM4 16l5-5 3 3 3-4 5 5M9 5l2 4-2 3', lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 017 0v3',
  gone: 'M4 8V5h3M10.5 5h3M17 5h3v3M20 10.5v3M20 16v3h-3M13.5 19h-3M7 19H4v-3M4 13.5v-3M9.5 9.5l5 5M14.5 9.5l-5 5',
  document: 'M6 3.5h8l4 4v13H6zM14 3.5v4h4M9 12h6M9 16h6',
  away: 'M3 3l18 18M6 12a9 9 0 013-2M12 8c2.5 0 4.5 1 6 2.5M9 15a4.5 4.5 0 015 .2M12 19h.01',
};

/**
 * A small picture, hidden from screen readers: its button has words.
 * @param {{ name: IconName }} props
 */
export function Icon({ name }) {
  return html`
    <svg class="icon-picture" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d=${PATHS[name]} />
    </svg>`;
}
