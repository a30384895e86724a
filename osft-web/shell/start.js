// The first script of every document: it takes on the reader's theme. What moves things waits in a template of the document
// until text and figure are on the screen; Python starts right after it.
import {kernel} from '../kernel/client.js';
import {isControlled} from '../kernel/life.js';
import {applyEmbed} from './embed.js';
import {applyTheme} from './theme.js';

/** Milliseconds after which a page that has not been painted is taken to be out of sight, as in a frame further down. */
const UNSEEN = 2000;
/** Milliseconds for which the page's own scripts wait for those of Python's start, at most. */
const ENOUGH = 300;

applyTheme();
applyEmbed();

/** Until a second frame begins: then the first one is done. */
const painted = new Promise((resolve) => {
  if (document.visibilityState === 'hidden') resolve(null);
  setTimeout(resolve, UNSEEN);
  requestAnimationFrame(() => {
    kernel.prepare();
    requestAnimationFrame(resolve);
  });
});
const ready = painted.then(async () => {
  if (isControlled()) {
    // A service worker answers one after the other: the few scripts of Python's start go before the many of the page.
    const started = kernel.start();
    const chosen = kernel.until(({state, tier}) => tier || state === 'failed');
    await Promise.race([chosen, new Promise((resolve) => setTimeout(resolve, ENOUGH))]);
    addLater();
    return started;
  }
  addLater(); // before the megabytes of Python, which would hold it up
  await new Promise((resolve) => setTimeout(resolve)); // on a slow phone either takes as long as a frame
  return kernel.start();
});

function addLater() {
  const later = /** @type {HTMLTemplateElement|null} */ (document.getElementById('later'));
  if (later) document.head.append(document.importNode(later.content, true));
}

/** @type {any} */ (window).osft = {ready, kernel};
