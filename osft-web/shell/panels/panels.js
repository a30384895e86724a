// Finds the panels that a document asks for and mounts them: the first at once, the others when they come near the screen.
// Called by the page mount. A panel is `export function mount(root, api, module)` in a file of its name.

/** @typedef {import('../types.js').Api} Api */
/** @typedef {import('../types.js').PageModule} PageModule */

/** It stands above the words that drive the figure, and its height is not known before: they would move under the press. */
const FIRST = 'predict';
const OTHERS = ['code', 'audit', 'challenges', 'take', 'live'];
const NEAR = '600px';

/**
 * @param {HTMLElement} main
 * @param {Api} api
 * @param {PageModule} module
 */
export function mountPanels(main, api, module) {
  for (const root of panelsOf(main, FIRST)) mountPanel(root, api, module);
  whenNear(main, OTHERS, api.signal, (root) => mountPanel(root, api, module));
}

/**
 * The cells of a document without a figure, as they come near the screen.
 * @param {HTMLElement} main
 * @param {AbortSignal} signal
 */
export function mountCells(main, signal) {
  whenNear(main, ['cell'], signal, async (root) => {
    const {mountCell} = await import('./cell.js');
    if (!signal.aborted) mountCell(root, signal);
  });
}

/**
 * Acts on each panel of these names, once, when it comes near the screen.
 * @param {HTMLElement} main
 * @param {string[]} names
 * @param {AbortSignal} signal
 * @param {(root: HTMLElement) => void} act
 */
function whenNear(main, names, signal, act) {
  const far = new Set(names.flatMap((name) => panelsOf(main, name)));
  const observer = new IntersectionObserver((entries) => {
    for (const {isIntersecting, target} of entries) {
      const root = /** @type {HTMLElement} */ (target);
      // A busy browser tells of several frames at once, in which a panel may have come, gone and come again.
      if (!isIntersecting || !far.delete(root)) continue;
      observer.unobserve(root);
      act(root);
    }
  }, {rootMargin: NEAR});
  signal.addEventListener('abort', () => observer.disconnect());
  for (const root of far) observer.observe(root);
}

/**
 * @param {HTMLElement} main
 * @param {string} name
 * @returns {HTMLElement[]}
 */
function panelsOf(main, name) {
  return /** @type {HTMLElement[]} */ ([...main.querySelectorAll(`[data-panel='${name}']`)]);
}

/**
 * @param {HTMLElement} root
 * @param {Api} api
 * @param {PageModule} module
 */
async function mountPanel(root, api, module) {
  try {
    const panel = await import(`./${root.dataset.panel}.js`);
    if (!api.signal.aborted) panel.mount(root, api, module);
    root.dataset.mounted = 'yes';
  } catch {
    root.textContent = 'This part of the page did not load. Reload the page to try again; the rest works.';
  }
}
