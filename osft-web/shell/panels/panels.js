// Finds the panels that a document asks for and mounts them: the first at once, the others when they come near the screen.
// Called by the page mount. A panel is `export function mount(root, api, module)` in a file of its name.

/** @typedef {import('../types.js').Api} Api */
/** @typedef {import('../types.js').PageModule} PageModule */

/** Their heights depend on what the reader answered and met: made later, they would move what stands below under the press. */
const FIRST = ['predict', 'challenges'];
const OTHERS = ['code', 'audit', 'take', 'live'];
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
  const far = new Set(panelsOf(main, names));
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
 * @param {string[]} names
 * @returns {HTMLElement[]}
 */
function panelsOf(main, names) {
  return /** @type {HTMLElement[]} */ ([...main.querySelectorAll('[data-panel]')]).filter(({dataset}) => names.includes(String(dataset.panel)));
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
