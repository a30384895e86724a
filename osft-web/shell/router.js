// Moving between the site's documents without leaving: the content is swapped and Python keeps running.
// Called by boot.js. Anything unusual (another site, a modifier key, a failed fetch) is left to the browser.
import {mountPage, preparePage} from './page.js';

/** Milliseconds after which a pointer that rests on a link is taken to mean it. */
const DWELL = 50;
/** Milliseconds for which a document asked for in advance is good. */
const FRESH = 10_000;

/** @type {AbortController} */
let current = new AbortController();

/** Mounts the document that was loaded and takes over the links inside the site. */
export function startRouter() {
  mount();
  document.addEventListener('pointerover', (event) => {
    clearTimeout(dwelling);
    dwelling = window.setTimeout(expect, DWELL, linkOf(event));
  });
  document.addEventListener('pointerdown', (event) => expect(linkOf(event)));
  document.addEventListener('click', (event) => {
    const link = linkOf(event);
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const sameDocument = link.pathname === location.pathname && link.search === location.search;
    if (sameDocument && link.hash) return;
    event.preventDefault();
    go(link.href);
  });
  addEventListener('popstate', () => {
    if (location.pathname !== mounted) go(location.href, {replace: true});
  });
}

let dwelling = 0;
let mounted = '';
/** Of several links followed at once the last one wins. */
let followed = 0;

function mount() {
  current.abort();
  current = new AbortController();
  mounted = location.pathname;
  const main = document.getElementById('content');
  if (main) mountPage(main, current.signal);
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll('.site-nav a'))) {
    if (link.pathname === location.pathname || (link.pathname.endsWith('/index.html') && location.pathname.endsWith('/'))) {
      link.setAttribute('aria-current', 'page');
      const nav = link.closest('.site-nav');
      if (nav) nav.scrollLeft = link.offsetLeft - (nav.clientWidth - link.offsetWidth) / 2;
    } else link.removeAttribute('aria-current');
  }
}

/**
 * The link of an event, if it leads to a document of the site in this tab.
 * @param {Event} event
 * @returns {HTMLAnchorElement|null}
 */
function linkOf(event) {
  const link = /** @type {HTMLAnchorElement|null} */ (/** @type {Element} */ (event.target).closest?.('a[href]') ?? null);
  return link && !link.target && !link.hasAttribute('download') && isDocument(link) ? link : null;
}

/** Documents that were asked for in advance, by path. @type {Map<string, Promise<Document>>} */
const expected = new Map();

/**
 * A link that the reader is about to follow: what it leads to is there at the click.
 * @param {HTMLAnchorElement|null} link
 */
function expect(link) {
  if (!link) return;
  const path = link.pathname;
  if (path === location.pathname || expected.has(path)) return;
  const forget = () => { expected.delete(path); };
  const coming = read(path);
  expected.set(path, coming);
  // A failure is told by the click: then it is asked for again.
  coming.then(preparePage).catch(forget);
  setTimeout(forget, FRESH);
}

/**
 * @param {string} path
 * @returns {Promise<Document>}
 */
async function read(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(String(response.status));
  return new DOMParser().parseFromString(await response.text(), 'text/html');
}

/** @param {HTMLAnchorElement} link */
function isDocument(link) {
  const folder = new URL('.', location.href).href;
  return link.origin === location.origin && link.href.startsWith(folder)
    && /^[a-z0-9-]*(\.html)?$/.test(link.href.slice(folder.length).replace(/[?#].*$/, ''));
}

/**
 * @param {string} href
 * @param {{replace?: boolean}} [options]
 */
export async function go(href, {replace = false} = {}) {
  const address = new URL(href);
  const number = ++followed;
  let next;
  try {
    next = await (expected.get(address.pathname) ?? read(address.pathname));
    expected.delete(address.pathname); // its content is moved into this document
  } catch {
    if (number === followed) location.assign(href); // the browser's own page says what is wrong
    return;
  }
  if (number !== followed) return;
  const main = next.getElementById('content');
  const here = document.getElementById('content');
  if (!main || !here) {
    location.assign(href);
    return;
  }
  if (!replace) history.pushState(null, '', href);
  document.title = next.title;
  document.body.className = next.body.className;
  here.replaceWith(document.adoptNode(main));
  mount();
  const target = targetOf(address.hash);
  if (target) target.scrollIntoView();
  else if (!replace) scrollTo(0, 0);
  main.querySelector('h1')?.setAttribute('tabindex', '-1');
  /** @type {HTMLElement|null} */ (main.querySelector('h1'))?.focus({preventScroll: true});
}

/** The element that a hash names, if it names one. @param {string} hash */
function targetOf(hash) {
  try {
    return hash ? document.getElementById(decodeURIComponent(hash.slice(1))) : null;
  } catch {
    return null; // no name that anyone could have given
  }
}
