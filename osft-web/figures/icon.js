// The few signs that stand on buttons, drawn for this project on a grid of 20. Called by player.js and the shell.
//
//   setIcon(button, 'play')        replaces what the button shows; its words are its aria-label or its own text

import {child} from './svg.js';

/** @type {Record<string, string>} */
const PATHS = {
  play: 'M6 3.5v13l10.5-6.5z',
  pause: 'M5 3.5h3.6v13H5zM11.4 3.5H15v13h-3.6z',
  stop: 'M4.5 4.5h11v11h-11z',
  next: 'M5 3.5v13l8-6.5zM13.6 3.5h2.4v13h-2.4z',
  back: 'M15 3.5v13l-8-6.5zM4 3.5h2.4v13H4z',
  reset: 'M10 3a7 7 0 1 1-6.6 4.7l1.9.7A5 5 0 1 0 10 5v2.6L5.6 4 10 .4z',
  link: 'M8.2 13.6l-1 1a2.6 2.6 0 0 1-3.7-3.7l2.8-2.8a2.6 2.6 0 0 1 3.6-.1l1.3-1.3a4.4 4.4 0 0 0-6.2.1l-2.8 2.8a4.4 4.4 0 0 0 6.3 6.3l1.6-1.6a6 6 0 0 1-1.9-.7zM11.8 6.4l1-1a2.6 2.6 0 0 1 3.7 3.7l-2.8 2.8a2.6 2.6 0 0 1-3.6.1l-1.3 1.3a4.4 4.4 0 0 0 6.2-.1l2.8-2.8a4.4 4.4 0 0 0-6.3-6.3l-1.6 1.6c.7.1 1.3.3 1.9.7z',
  sun: 'M10 6a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM9.1 1h1.8v3H9.1zM9.1 16h1.8v3H9.1zM1 9.1h3v1.8H1zM16 9.1h3v1.8h-3zM3 4.3L4.3 3l2.1 2.1-1.3 1.3zM13.6 14.9l1.3-1.3 2.1 2.1-1.3 1.3zM15.7 3L17 4.3l-2.1 2.1-1.3-1.3zM5.1 13.6l1.3 1.3L4.3 17 3 15.7z',
  moon: 'M12.6 2.2a8 8 0 1 0 5.2 10.4A6.6 6.6 0 0 1 12.6 2.2z',
  tick: 'M3.2 10.6l1.5-1.5 3.4 3.4 7.2-7.6 1.5 1.4-8.7 9.2z',
  cross: 'M4.2 5.6l1.4-1.4 4.4 4.4 4.4-4.4 1.4 1.4-4.4 4.4 4.4 4.4-1.4 1.4-4.4-4.4-4.4 4.4-1.4-1.4 4.4-4.4z',
  download: 'M9 2h2v7.2l2.8-2.8 1.4 1.4L10 13 4.8 7.8l1.4-1.4L9 9.2zM3 15.5h14v2H3z',
};

/**
 * @param {HTMLElement} host
 * @param {string} name
 */
export function setIcon(host, name) {
  const svg = child(host, 'icon', 'svg', {viewBox: '0 0 20 20', width: 18, height: 18, class: 'icon', 'aria-hidden': 'true', focusable: 'false'});
  child(svg, 'shape', 'path', {d: PATHS[name] ?? ''});
}
