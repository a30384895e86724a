// The first script of every document: Python starts loading before anything else is fetched, and the document takes on the
// reader's theme. What only moves things waits in a template of the document until text and figure are on the screen.
import {kernel} from '../kernel/client.js';
import {applyEmbed} from './embed.js';
import {applyTheme} from './theme.js';

/** Milliseconds after which a page that has not been painted is taken to be out of sight, as in a frame further down. */
const UNSEEN = 2000;

/** @type {any} */ (window).osft = {ready: kernel.start(), kernel};
applyTheme();
applyEmbed();

/** Until a second frame begins: then the first one is done. */
const painted = new Promise((resolve) => {
  if (document.visibilityState === 'hidden') resolve(null);
  setTimeout(resolve, UNSEEN);
  requestAnimationFrame(() => requestAnimationFrame(resolve));
});
painted.then(() => {
  const later = /** @type {HTMLTemplateElement|null} */ (document.getElementById('later'));
  if (later) document.head.append(document.importNode(later.content, true));
});
