// Prose that drives and prose that is filled: `.word` buttons set parameters, `data-number` spans show data.
// Called by the page mount.
import {loadJson} from './data.js';
import {setText} from './dom.js';
import {formatBytes, formatNumber} from './numbers.js';

/**
 * Each `.word` sets the parameters in its data-set ("angle=90&reflect=on"); pressing it again returns to what was before.
 * @param {HTMLElement} root
 * @param {(partial: Record<string, string>) => void} set
 */
export function wireWords(root, set) {
  root.addEventListener('click', (event) => {
    const word = /** @type {HTMLElement|null} */ (/** @type {Element} */ (event.target).closest?.('.word'));
    if (!word?.dataset.set) return;
    set(Object.fromEntries(new URLSearchParams(word.dataset.set)));
    for (const other of root.querySelectorAll('.word[aria-pressed="true"]')) other.setAttribute('aria-pressed', 'false');
    word.setAttribute('aria-pressed', 'true');
  });
}

/**
 * Fills `<data data-number="file.path.to.value" data-digits="3">` from the shipped data.
 * The text in the document is the same number, written there by the build, so nothing jumps.
 * @param {HTMLElement} root
 * @param {AbortSignal} signal
 */
export async function fillNumbers(root, signal) {
  /** @type {Map<string, Promise<any>>} */
  const files = new Map();
  for (const span of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll('[data-number]'))) {
    const [file, ...path] = String(span.dataset.number).split('.');
    if (!files.has(file)) files.set(file, loadJson(`${file}.json`, signal).catch(() => null));
    const found = await files.get(file);
    if (signal.aborted) return;
    const value = path.reduce((/** @type {any} */ inner, key) => inner?.[key], found);
    if (typeof value === 'number') setText(span, writeNumber(value, span.dataset));
  }
}

/**
 * @param {number} value
 * @param {DOMStringMap} options
 */
export function writeNumber(value, {unit, digits, percent}) {
  if (unit === 'bytes') return formatBytes(value);
  const shown = percent === undefined ? value : value * 100;
  return formatNumber(shown, Number(digits ?? 3));
}
