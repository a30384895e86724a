// Mounts what a document holds, and keeps what pages are made of.
// Called by router.js, at start and at every page change.
import {DataError, loadDeclaration} from './data.js';
import {MountedPage} from './page.js';
import {mountCells} from './panels/panels.js';
import {watchScrollers} from './scrollers.js';
import {clearNotice, notify} from './status.js';
import {fillNumbers} from './words.js';

/** @typedef {import('./types.js').Declaration} Declaration */
/** @typedef {import('./types.js').PageModule} PageModule */

/**
 * @param {HTMLElement} main  the document's <main>
 * @param {AbortSignal} signal  aborted when the reader leaves
 */
export async function mountPage(main, signal) {
  signal.addEventListener('abort', () => ['page', 'link'].forEach(clearNotice)); // what was said of this page
  fillNumbers(main, signal);
  watchScrollers(main, signal);
  const explorer = explorerOf(main);
  if (!explorer) {
    mountCells(main, signal);
    // Of use to one document, and at the end of its loading; without it there is no link.
    import('./lab.js').then(({offerLab}) => offerLab(main, signal), () => {});
    return;
  }
  const name = String(explorer.dataset.page);
  try {
    const [declaration, module] = made.get(name) ?? await preparePage(name);
    if (!signal.aborted) await new MountedPage(explorer, main, declaration, module.default, signal).start();
  } catch (error) {
    if (signal.aborted) return;
    const known = error instanceof DataError;
    notify({
      slot: 'page',
      code: known ? error.code : 'OSFT-E44',
      message: known ? error.message : 'A part of this page did not load. The text and the other pages work; reload to try again.',
      details: String(error),
      action: {label: 'Reload', run: () => location.reload()},
    });
  }
}

/**
 * The explorer of a document that has one.
 * @param {ParentNode} within
 */
export function explorerOf(within) {
  return /** @type {HTMLElement|null} */ (within.querySelector('.explorer[data-page]'));
}

/** @typedef {[Declaration, {default: PageModule}]} Parts  what a page is made of */
/** By name, kept for the visit: what was asked for, and what has come. @type {Map<string, Promise<Parts>>} */
const prepared = new Map();
/** @type {Map<string, Parts>} */
const made = new Map();

/**
 * Has the files of a page come.
 * @param {string} name
 */
export function preparePage(name) {
  return kept(prepared, name, async () => {
    const parts = /** @type {Parts} */ (await Promise.all([loadDeclaration(name), import(`../pages/${name}.js`)]));
    made.set(name, parts);
    return parts;
  });
}

/**
 * What was asked for under a key; what failed is asked for again.
 * @template T
 * @param {Map<string, Promise<T>>} store
 * @param {string} key
 * @param {() => Promise<T>} ask
 * @returns {Promise<T>}
 */
export function kept(store, key, ask) {
  let coming = store.get(key);
  if (!coming) {
    coming = ask();
    store.set(key, coming);
    coming.catch(() => store.delete(key));
  }
  return coming;
}
