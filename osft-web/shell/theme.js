// Light or dark: by the reader's system, or by choice, kept where storage is to be had.
// Called by start.js and boot.js; pages redraw through watchTheme.
import {recall, remember} from './memory.js';

const dark = matchMedia('(prefers-color-scheme: dark)');
/** @type {Set<() => void>} */
const watchers = new Set();

/** Applies the choice of the address, then of the last visit. */
export function applyTheme() {
  const asked = new URLSearchParams(location.search).get('theme') ?? recall('theme');
  if (asked === 'light' || asked === 'dark') document.documentElement.dataset.theme = asked;
}

/** Whether the page is dark now. */
function isDark() {
  return (document.documentElement.dataset.theme ?? (dark.matches ? 'dark' : 'light')) === 'dark';
}

/**
 * The button in the header.
 * @param {HTMLElement} toggle
 */
export function wireTheme(toggle) {
  const label = () => {
    toggle.setAttribute('aria-label', isDark() ? 'Use the light theme' : 'Use the dark theme');
    toggle.title = isDark() ? 'Light theme' : 'Dark theme';
  };
  label();
  toggle.hidden = false;
  toggle.addEventListener('click', () => {
    const next = isDark() ? 'light' : 'dark';
    document.documentElement.dataset.theme = next;
    remember('theme', next);
    label();
    for (const watcher of watchers) watcher();
  });
  dark.addEventListener('change', () => {
    label();
    for (const watcher of watchers) watcher();
  });
}

/**
 * @param {() => void} redraw
 * @param {AbortSignal} signal
 */
export function watchTheme(redraw, signal) {
  watchers.add(redraw);
  signal.addEventListener('abort', () => watchers.delete(redraw));
}
