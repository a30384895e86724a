// Finds the panels that a document asks for and mounts them when they come near the screen.
// Called by the page mount. A panel is `export function mount(root, api, module)` in a file of its name.

/** @typedef {import('../types.js').Api} Api */
/** @typedef {import('../types.js').PageModule} PageModule */

const KNOWN = ['predict', 'code', 'audit', 'challenges', 'take', 'live'];
const NEAR = '600px';

/**
 * @param {HTMLElement} main
 * @param {Api} api
 * @param {PageModule} module
 */
export function mountPanels(main, api, module) {
  const observer = new IntersectionObserver((entries) => {
    for (const {isIntersecting, target} of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      mountPanel(/** @type {HTMLElement} */ (target), api, module);
    }
  }, {rootMargin: NEAR});
  api.signal.addEventListener('abort', () => observer.disconnect());
  for (const root of /** @type {NodeListOf<HTMLElement>} */ (main.querySelectorAll('[data-panel]'))) {
    if (KNOWN.includes(String(root.dataset.panel))) observer.observe(root);
  }
}

/**
 * The cells of a document without a figure, as they come near the screen.
 * @param {HTMLElement} main
 * @param {AbortSignal} signal
 */
export function mountCells(main, signal) {
  const observer = new IntersectionObserver(async (entries) => {
    for (const {isIntersecting, target} of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      const {mountCell} = await import('./cell.js');
      if (!signal.aborted) mountCell(/** @type {HTMLElement} */ (target), signal);
    }
  }, {rootMargin: NEAR});
  signal.addEventListener('abort', () => observer.disconnect());
  for (const root of main.querySelectorAll('[data-panel="cell"]')) observer.observe(root);
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
