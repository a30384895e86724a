// Moving between the site's documents without leaving: the content is swapped and Python keeps running.
// Called by boot.js. Anything unusual (another site, a modifier key, a failed fetch) is left to the browser.
import {kernel} from '../kernel/client.js';
import {isControlled} from '../kernel/life.js';
import {isThrifty} from '../kernel/material.js';
import {whenIdle} from './dom.js';
import {explorerOf, kept, mountPage, preparePage} from './mount.js';

/** Milliseconds after which a pointer that rests on a link is taken to mean it. */
const DWELL = 50;
/** Milliseconds after Python's start after which the reader is taken to read. */
const READING = 1500;

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
  kernel.ready.then(() => setTimeout(readAhead, READING));
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
      // In the frame, when the new document is laid out anyway.
      if (nav) requestAnimationFrame(() => { nav.scrollLeft = link.offsetLeft - (nav.clientWidth - link.offsetWidth) / 2; });
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

/** What has come of the site, by path: kept for the visit. @type {Map<string, Promise<string>>} */
const texts = new Map();
/** @type {Map<string, Promise<Document>>} */
const documents = new Map();

/** @param {string} path */
const textAt = (path) => kept(texts, path, async () => {
  const response = await fetch(path);
  if (!response.ok) throw new Error(String(response.status));
  return response.text();
});

/** @param {string} path */
const documentAt = (path) => kept(documents, path, async () => {
  const found = new DOMParser().parseFromString(await textAt(path), 'text/html');
  // Its scripts come all at once, not as one is found to import another.
  const later = /** @type {HTMLTemplateElement|null} */ (found.getElementById('later'));
  for (const link of later?.content.querySelectorAll("link[rel='modulepreload']") ?? []) {
    if (!document.head.querySelector(`link[href='${link.getAttribute('href')}']`)) document.head.append(document.importNode(link));
  }
  return found;
});

/**
 * A link that the reader is about to follow: what it leads to is there at the click, which tells of what fails.
 * @param {HTMLAnchorElement|null} link
 */
async function expect(link) {
  if (!link || link.pathname === location.pathname) return;
  try {
    const name = explorerOf(await documentAt(link.pathname))?.dataset.page;
    if (name) await preparePage(name);
  } catch {
    // asked for again at the click
  }
}

/**
 * The pages of the site, one by one while there is nothing else to do; what takes the processor long is left to the moment
 * in which the reader is about to go there. A frame stays on its page; and where a service worker answers all is at hand.
 */
async function readAhead() {
  if (kernel.status.state !== 'ready' || isThrifty() || isControlled() || document.documentElement.dataset.embed) return;
  for (const {pathname} of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll('.site-nav a'))) {
    if (pathname === location.pathname) continue;
    await new Promise((resolve) => whenIdle(() => resolve(null)));
    try {
      const [, name] = /class="explorer" data-page="(\w+)"/.exec(await textAt(pathname)) ?? [];
      if (name) await preparePage(name);
    } catch {
      // asked for again at the click
    }
  }
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
    next = await documentAt(address.pathname);
  } catch {
    if (number === followed) location.assign(href); // the browser's own page says what is wrong
    return;
  }
  if (number !== followed) return;
  const content = next.getElementById('content');
  const here = document.getElementById('content');
  if (!content || !here) {
    location.assign(href);
    return;
  }
  const main = document.importNode(content, true);
  if (!replace) history.pushState(null, '', href);
  document.title = next.title;
  document.body.className = next.body.className;
  here.replaceWith(main);
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
