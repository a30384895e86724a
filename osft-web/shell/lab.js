// Links to the notebooks in the browser, where this copy of the site has them: `build.py lab` is optional.
// Called by page.js for documents without a figure.
import {kernel} from '../kernel/client.js';
import {element} from './dom.js';

const MANIFEST = new URL('../generated/manifest.json', import.meta.url);

/**
 * Puts the link into the place that the document keeps for it.
 * @param {HTMLElement} main
 * @param {AbortSignal} signal
 */
export async function offerLab(main, signal) {
  const place = main.querySelector('[data-lab]');
  if (!place || !navigator.onLine) return; // the copy for offline use is without them
  await kernel.ready;
  try {
    const response = await fetch(MANIFEST, {signal});
    if (!(await response.json()).lab) return;
  } catch {
    return; // no answer, no link
  }
  if (signal.aborted) return;
  const link = element('a', {href: 'lab/index.html'}, 'Open both in JupyterLite');
  place.replaceChildren(' ', link, ', here in the browser (55 MB).');
}
