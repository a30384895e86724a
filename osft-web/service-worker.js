// Keeps one whole build of the site for use without a network. Registered by shell/offline.js, with the build in its URL.
// A build is one cache; a tab is answered from the build that it was opened with, so that two are never mixed.
// A host that answers "no-cache" (build.py serve does) is asked for each document, and which build it has by then: edit and
// reload goes on working, and what has not changed is not asked for again.

/// <reference lib="webworker" />
const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const BUILD = namedIn(worker.location.href) ?? '';
const PREFIX = 'osft-build-';
const NOTES = 'osft-notes';
const SCOPE = new URL('./', worker.location.href).href;
const MANIFEST = `${SCOPE}generated/manifest.json`;
/** Loaded when a reader first asks for them, and kept from then on. */
const LATER = /\.whl$|\.zip$|pyodide-lock\.json$|snapshot|\.d\.ts$|licences\//;
/** Have their version in the address by which they are kept. */
const VERSIONED = /\.(whl|wasm|pack)$/;
/** Asked for by the site's own code, which knows this copy: past this worker a browser keeps what it has compiled of them. */
const NOT_OURS = /\.(wasm|pack)$/;
/** Milliseconds for which a page waits for the list of files. */
const PATIENCE = 3000;

/** @typedef {{kept: boolean, askFirst: boolean, tabs: Record<string, string>}} Facts  tabs: of another build */
/** @type {Promise<Facts>|null} */
let facts = null;
/** On a host that is asked first, the build that it had with the last document. @type {Promise<string>|null} */
let published = null;
/** The builds of tabs, and of their workers, that began since this service worker did. @type {Map<string, Promise<string>>} */
const begun = new Map();
/** Ends the downloads that are under way. */
let ending = new AbortController();

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(activate()));
worker.addEventListener('message', (event) => {
  if (event.data?.type === 'take-over') worker.skipWaiting();
  if (event.data?.type === 'make-way') makeWay();
});
worker.addEventListener('fetch', (event) => {
  const {request} = event;
  if (request.method !== 'GET' || !request.url.startsWith(SCOPE)) return;
  const path = pathOf(request.url);
  const query = new URL(request.url).searchParams;
  if (path.startsWith('lab/') || query.has('fresh') || NOT_OURS.test(path)) return;
  if (request.mode !== 'navigate') event.respondWith(answer(event, path));
  else if (query.has('nosw')) event.respondWith(leave(event));
  else event.respondWith(open(event, path));
});

/**
 * Where in its build's cache a file is: some by an address with its version, for kernel/shelf.js looks in all caches at once.
 * @param {string} url
 * @param {string} path
 */
function keyOf(url, path) {
  return VERSIONED.test(path) ? url : SCOPE + path;
}

/** The build that an address names. @param {string} url */
function namedIn(url) {
  return new URL(url).searchParams.get('build');
}

/** @param {string} build */
function cacheName(build) {
  return PREFIX + build;
}

/** The path below the site's folder, without a query; a folder means its index. @param {string} url */
function pathOf(url) {
  const path = url.slice(SCOPE.length).replace(/[?#].*$/, '');
  return path === '' ? 'index.html' : path;
}

/** Fetches every file of this build and checks it; one that is of another build fails the whole installation. */
async function install() {
  // A browser looks by itself whether this script has changed, and installs the new one for the build of before.
  const whole = await caches.match(MANIFEST, {cacheName: cacheName(BUILD)});
  try {
    const response = await fetch(`${MANIFEST}?fresh=${BUILD}`, {cache: 'no-store'});
    const manifest = await response.clone().json();
    if (manifest.build !== BUILD) throw new Error('The site was published anew while it was being saved.');
    const cache = await caches.open(cacheName(BUILD));
    const queue = wanted(manifest).values();
    await Promise.all(Array.from({length: 4}, async () => {
      for (const [path, {sha256}] of queue) await keep(cache, path, sha256);
    }));
    await cache.put(MANIFEST, response);
  } catch (error) {
    if (!whole) await caches.delete(cacheName(BUILD)); // half a build is of no use and takes room
    throw error;
  }
}

/**
 * What a visit needs: all documents and scripts, and the runtime that this build starts with.
 * @param {any} manifest
 * @returns {[path: string, file: {sha256: string}][]}
 */
function wanted({site, files, boot}) {
  const start = boot.tiers?.fast ?? boot.tiers?.stock;
  const wheels = (start?.packages ?? []).map((/** @type {string} */ name) => boot.wheels[boot.lock.packages[name].file_name]);
  const first = new Set([start?.library, start?.python, ...wheels]);
  const built = Object.entries(files).filter(([path]) => first.has(path) || !LATER.test(path));
  return [...Object.entries(site), ...built.map(([path, file]) => /** @type {[string, any]} */ ([`generated/${path}`, file]))];
}

/**
 * @param {Cache} cache
 * @param {string} path
 * @param {string} sha256
 */
async function keep(cache, path, sha256) {
  const address = `${SCOPE}${path}?v=${sha256.slice(0, 12)}`;
  for (const mode of /** @type {RequestCache[]} */ (['default', 'reload'])) {
    const response = await fetch(address, {cache: mode});
    if (!response.ok) continue;
    const bytes = await response.clone().arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    if (Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') !== sha256) continue;
    // A browser refuses to open a document from an answer that was redirected, as some hosts do with index.html.
    await cache.put(keyOf(address, path), response.redirected ? new Response(bytes, {headers: response.headers}) : response);
    return;
  }
  throw new Error(`${path} is not of build ${BUILD}.`);
}

/** Remembers which tabs belong to the build before, and drops the builds that no tab needs. */
async function activate() {
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== cacheName(BUILD));
  const notes = await readNotes();
  const open = await worker.clients.matchAll({includeUncontrolled: true, type: 'all'});
  /** @type {Record<string, string>} */
  const tabs = {};
  for (const {id} of open) {
    const build = notes.tabs[id] ?? (notes.build || BUILD);
    if (build !== BUILD) tabs[id] = build;
  }
  await writeNotes(tabs);
  facts = known().then((read) => ({...read, tabs}));
  const {installing, waiting} = worker.registration;
  const coming = [installing, waiting].map((next) => (next && namedIn(next.scriptURL)) ?? '');
  const needed = new Set([...Object.values(tabs), ...coming].map(cacheName));
  await Promise.all(others.filter((name) => !needed.has(name)).map((name) => caches.delete(name)));
  // The only tab asked for this build itself; of several, one may be older, and all are served from their next visit on.
  if (!notes.build && open.filter(({type}) => type === 'window').length === 1) await worker.clients.claim();
}

/**
 * A document for a new tab or a reloaded one: of this build. What is no page of the site shows the page that says so.
 * @param {FetchEvent} event
 * @param {string} path
 */
async function open(event, path) {
  const {kept: whole, askFirst} = await known();
  if (!whole) return fetch(event.request);
  const match = (/** @type {string} */ name) => caches.match(SCOPE + name, {cacheName: cacheName(BUILD)});
  const kept = match(path).then((found) => found ?? match(`${path}.html`));
  const found = askFirst ? undefined : await kept;
  if (found) return found;
  try {
    // Also when the reader goes back, where a browser would take what it has.
    const response = await fetch(event.request, {cache: 'no-cache'});
    if (askFirst) {
      const copy = await kept;
      published = publishedBuild(!copy || versionOf(copy) === versionOf(response));
      begun.set(event.resultingClientId, published);
    }
    return response;
  } catch (error) {
    published = Promise.resolve(BUILD);
    return (await kept) ?? (await match('404.html')) ?? Promise.reject(error);
  }
}

/**
 * The build that the server has; where it does not say in time, that of the document it gave.
 * @param {boolean} [unchanged] Whether that is the one that is kept, as far as is known.
 */
async function publishedBuild(unchanged = true) {
  try {
    const response = await fetch(MANIFEST, {cache: 'no-cache', signal: AbortSignal.timeout(PATIENCE)});
    const {build} = await response.json();
    if (response.ok && typeof build === 'string') return build;
  } catch {
    // As if it had said nothing.
  }
  return unchanged ? BUILD : '';
}

/** What the server calls this version of a file. @param {Response} response */
function versionOf({headers}) {
  return headers.get('etag') ?? headers.get('last-modified');
}

/**
 * A tab that asks for ?nosw is answered by the server alone, and so are its workers, which nothing tells from those of another
 * tab: nothing is kept from here on.
 * @param {FetchEvent} event
 */
async function leave(event) {
  await worker.registration.unregister(); // the page does, too, but it may be closed before that
  for (const name of await caches.keys()) if (name.startsWith('osft-')) await caches.delete(name);
  facts = null;
  return fetch(event.request);
}

/**
 * Anything that an open tab asks for: of the tab's own build.
 * @param {FetchEvent} event
 * @param {string} path
 */
async function answer(event, path) {
  const {request} = event;
  const read = await known();
  if (!read.kept) return fetch(request);
  const build = await buildOf(event, read);
  const cacheOfTab = {cacheName: cacheName(build)};
  const key = keyOf(request.url, path);
  // A page that found a file damaged asks past every cache.
  const serverFirst = request.cache === 'reload';
  const found = serverFirst ? undefined : await caches.match(key, cacheOfTab);
  if (found) return found;
  try {
    // What comes later is asked for by its version, so it is of this tab's build or its hash refuses it.
    const later = path.startsWith('generated/runtime/');
    const response = await (later ? download(request) : fetch(request));
    // The page counts the bytes that come, so they are kept beside it and not before it.
    if (response.ok && later) event.waitUntil(putByIt(cacheName(build), key, response.clone()));
    return response;
  } catch (error) {
    const kept = serverFirst ? await caches.match(key, cacheOfTab) : undefined;
    return kept ?? Promise.reject(error);
  }
}

/**
 * The build of the tab that asks. To the browser a tab's worker is a client of its own: its first script says whose it is,
 * but where it was begun with the tab.
 * @param {FetchEvent} event
 * @param {Facts} read
 */
async function buildOf({clientId, request}, {askFirst, tabs}) {
  const said = namedIn(request.url);
  if (said) begun.set(clientId, Promise.resolve(said));
  const beginsWithTab = askFirst && request.destination === 'worker' && !begun.has(clientId) && !(clientId in tabs);
  if (beginsWithTab) begun.set(clientId, (published ??= publishedBuild()));
  const build = (await begun.get(clientId)) ?? tabs[clientId] ?? BUILD;
  if (build !== (tabs[clientId] ?? BUILD)) {
    tabs[clientId] = build;
    await writeNotes(tabs);
  }
  return build;
}

/** @param {Request} request */
function download(request) {
  return AbortSignal.any ? fetch(request, {signal: AbortSignal.any([request.signal, ending.signal])}) : fetch(request);
}

/** A browser lets the next worker in when this one has nothing under way; whoever waits for megabytes asks for their rest again. */
function makeWay() {
  ending.abort();
  ending = new AbortController();
}

/**
 * Keeps a file in the cache of its build, if there still is one.
 * @param {string} name
 * @param {string} key
 * @param {Response} copy
 */
async function putByIt(name, key, copy) {
  if (!(await caches.has(name))) return;
  await (await caches.open(name)).put(key, copy).catch(() => {}); // without room for it, it comes anew the next time
}

/** What this worker has to know to answer; read once, because a browser ends an idle worker and starts it again. */
function known() {
  facts ??= readFacts().catch(() => {
    facts = null; // the next request may have more luck
    return {kept: false, askFirst: false, tabs: {}};
  });
  return facts;
}

/** @returns {Promise<Facts>} */
async function readFacts() {
  // Here and below caches are not opened to read: that would make empty ones where everything was removed.
  const [manifest, {tabs}] = await Promise.all([caches.match(MANIFEST, {cacheName: cacheName(BUILD)}), readNotes()]);
  return {kept: Boolean(manifest), askFirst: /no-cache/.test(manifest?.headers.get('cache-control') ?? ''), tabs};
}

/** @returns {Promise<{build: string, tabs: Record<string, string>}>} of the worker that is or was in charge */
async function readNotes() {
  const found = await caches.match(`${SCOPE}notes`, {cacheName: NOTES});
  return found ? found.json() : {build: '', tabs: {}};
}

/** @param {Record<string, string>} tabs */
async function writeNotes(tabs) {
  try {
    await (await caches.open(NOTES)).put(`${SCOPE}notes`, new Response(JSON.stringify({build: BUILD, tabs})));
  } catch {
    // Without room for them they last as long as this worker.
  }
}
