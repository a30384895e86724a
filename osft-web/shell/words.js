// Prose that drives and prose that is filled: `.word` buttons set parameters, `data-number` spans show data.
// Called by the page mount.
import {loadJson} from './data.js';
import {settle} from './declaration.js';
import {setText} from './dom.js';
import {formatBytes, formatNumber} from './numbers.js';

/**
 * Each `.word` sets the parameters in its data-set ("angle=90&reflect=on"); pressing it again returns to what was before.
 * A word with data-run starts or pauses one of the page's actions. A word is pressed while what it set still holds.
 * @param {HTMLElement} root
 * @param {import('./types.js').Api} api
 * @param {import('./types.js').PageModule} module
 * @returns {() => void} to be called whenever the state has changed
 */
export function wireWords(root, api, {actions = []}) {
  const {parameters} = api.declaration;
  const words = Array.from(/** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll('.word[data-set]')),
    (word) => ({word, wanted: Object.fromEntries(new URLSearchParams(word.dataset.set))}));
  /** What the pressed words changed, as it was before. @type {Map<HTMLElement, Record<string, any>>} */
  const before = new Map();

  /** @param {Record<string, string>} wanted */
  function holds(wanted) {
    const now = api.state();
    const {state} = settle(parameters, now, wanted);
    return Object.keys(state).every((name) => state[name] === now[name]);
  }

  function update() {
    for (const {word, wanted} of words) {
      const pressed = String(before.has(word) && holds(wanted));
      if (word.getAttribute('aria-pressed') !== pressed) word.setAttribute('aria-pressed', pressed);
    }
  }

  root.addEventListener('click', (event) => {
    const word = /** @type {HTMLElement|null} */ (/** @type {Element} */ (event.target).closest?.('.word'));
    if (!word) return;
    actions.find(({id}) => id === word.dataset.run)?.run(api);
    const known = words.find((one) => one.word === word);
    if (!known) return;
    const old = before.get(word);
    if (old && holds(known.wanted)) {
      before.delete(word);
      api.set(old);
    } else {
      const was = api.state();
      before.set(word, {}); // so that it counts as pressed as soon as its settings hold
      api.set(known.wanted);
      before.set(word, Object.fromEntries(Object.entries(was).filter(([name, value]) => api.state()[name] !== value)));
    }
    update();
  }, {signal: api.signal});
  update();
  return update;
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
  const share = percent !== undefined;
  return formatNumber(share ? 100 * value : value, Number(digits ?? 3), share);
}
