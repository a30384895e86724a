// Keeps one whole build of the site for use without a network. Registered by shell/offline.js, with the build in its URL.
// A build is one cache; a tab is answered from the build that it was opened with, so that two are never mixed.
// A host that answers "no-cache" (build.py serve does) is asked first each time, so that edit and reload goes on working.

/// <reference lib="webworker" />
const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const BUILD = new URL(worker.location.href).searchParams.get('build') ?? '';
const PREFIX = 'osft-build-';
const NOTES = 'osft-notes';
const SCOPE = new URL('./', worker.location.href).href;
/** Loaded when a reader first asks for them, and kept from then on. */
const LATER = /\.whl$|pyodide-lock\.json$|python_stdlib\.zip$|snapshot|\.d\.ts$|licences\//;

/** @param {string} build */
const cacheName = (build) => PREFIX + build;

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(activate()));
worker.addEventListener('message', (event) => {
  if (event.data?.type === 'take-over') worker.skipWaiting();
});
worker.addEventListener('fetch', (event) => {
  const {request} = event;
  if (request.method !== 'GET' || !request.url.startsWith(SCOPE)) return;
  const path = pathOf(request.url);
  if (path.startsWith('lab/') || new URL(request.url).searchParams.has('fresh')) return;
  event.respondWith(answer(event, path));
});

/** The path below the site's folder, without a query; a folder means its index. @param {string} url */
function pathOf(url) {
  const path = url.slice(SCOPE.length).replace(/[?#].*$/, '');
  return path === '' ? 'index.html' : path;
}

/** Fetches every file of this build and checks it; one that is of another build fails the whole installation. */
async function install() {
  const response = await fetch(`${SCOPE}generated/manifest.json?fresh=${BUILD}`, {cache: 'no-store'});
  const manifest = await response.clone().json();
  if (manifest.build !== BUILD) throw new Error('The site was published anew while it was being saved.');
  const cache = await caches.open(cacheName(BUILD));
  await note('ask-first', /no-cache/.test(response.headers.get('cache-control') ?? ''));
  const files = {...manifest.site, ...Object.fromEntries(Object.entries(manifest.files).map(([path, file]) => [`generated/${path}`, file]))};
  const wanted = Object.entries(files).filter(([path]) => !LATER.test(path));
  const queue = wanted.values();
  await Promise.all(Array.from({length: 4}, async () => {
    for (const [path, {sha256}] of queue) await keep(cache, path, sha256);
  }));
  await cache.put(`${SCOPE}generated/manifest.json`, response);
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
    const digest = await crypto.subtle.digest('SHA-256', await response.clone().arrayBuffer());
    const found = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    if (found === sha256) {
      await cache.put(SCOPE + path, response);
      return;
    }
  }
  throw new Error(`${path} is not of build ${BUILD}.`);
}

/** Remembers which tabs belong to the build before, and drops the builds that no tab needs. */
async function activate() {
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== cacheName(BUILD));
  const open = await worker.clients.matchAll({includeUncontrolled: true, type: 'all'});
  const earlier = await read('tabs', /** @type {Record<string, string>} */ ({}));
  const last = await read('build', '');
  /** @type {Record<string, string>} */
  const tabs = {};
  if (others.length && last && last !== BUILD) for (const {id} of open) tabs[id] = earlier[id] ?? last;
  await note('tabs', tabs);
  await note('build', BUILD);
  const needed = new Set(Object.values(tabs).map(cacheName));
  await Promise.all(others.filter((name) => !needed.has(name)).map((name) => caches.delete(name)));
  if (!others.length) await worker.clients.claim();
}

/**
 * @param {FetchEvent} event
 * @param {string} path
 */
async function answer(event, path) {
  const {request} = event;
  const tabs = await read('tabs', /** @type {Record<string, string>} */ ({}));
  const cache = await caches.open(cacheName((request.mode !== 'navigate' && tabs[event.clientId]) || BUILD));
  const kept = () => cache.match(SCOPE + path);
  if (await read('ask-first', false)) {
    try {
      return await fetch(request);
    } catch (error) {
      return (await kept()) ?? Promise.reject(error);
    }
  }
  const found = await kept();
  if (found) return found;
  const response = await fetch(request);
  // What comes later is asked for by its version, so it is of this tab's build or it is refused by its hash.
  if (response.ok && path.startsWith('generated/') && LATER.test(path)) await cache.put(SCOPE + path, response.clone());
  return response;
}

/** Small facts that outlive this worker. @type {Map<string, any>} */
const remembered = new Map();

/**
 * @param {string} key
 * @param {any} value
 */
async function note(key, value) {
  remembered.set(key, value);
  await (await caches.open(NOTES)).put(`${SCOPE}notes/${key}`, new Response(JSON.stringify(value)));
}

/**
 * @template T
 * @param {string} key
 * @param {T} otherwise
 * @returns {Promise<T>}
 */
async function read(key, otherwise) {
  if (!remembered.has(key)) {
    const found = await (await caches.open(NOTES)).match(`${SCOPE}notes/${key}`);
    remembered.set(key, found ? await found.json() : otherwise);
  }
  return remembered.get(key);
}
