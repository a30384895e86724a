// Works offline after the first visit: registers the service worker when the page is idle.
// A new build is offered, never forced; ?nosw removes all that was kept. Called by boot.js, some time after Python is up.
import {kernel} from '../kernel/client.js';
import {savesData} from '../kernel/material.js';
import {element, setText, whenIdle} from './dom.js';
import {clearNotice, notify} from './status.js';

const SITE = new URL('../', import.meta.url).href;
/** A tab that stays open looks for a new build this often, when it is looked at. */
const HOUR = 3_600_000;
/** Milliseconds for which a reader waits for the build that he has let in. */
const PATIENCE = 5000;
let checked = 0;
/** Whether a new build is on its way that the reader has asked for. */
let fetching = false;

export async function startOffline() {
  const workers = container();
  if (!workers) return;
  if (new URLSearchParams(location.search).has('nosw')) {
    await forget(workers);
    return;
  }
  if (document.documentElement.dataset.embed) return;
  if (savesData() && !workers.controller) return;
  // A copy in which Python does not start has to be left for a newer one.
  if (!workers.controller) await kernel.until(({state}) => state === 'ready');
  const check = () => whenIdle(() => keepCurrent(workers));
  check();
  addEventListener('online', check);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && Date.now() - checked > HOUR) check();
  });
}

/** The browser's service workers; null where there are none, or where a frame may not have them. */
function container() {
  try {
    return isSecureContext ? navigator.serviceWorker ?? null : null;
  } catch {
    return null;
  }
}

/**
 * Keeps this tab's build, and offers the server's if that is another.
 * @param {ServiceWorkerContainer} workers
 */
async function keepCurrent(workers) {
  if (fetching) return;
  checked = Date.now();
  const build = await publishedBuild();
  showBadge(!build && workers.controller !== null);
  if (!build) return;
  const registration = await workers.getRegistration(SITE);
  // Another build than this tab's is not given charge of it: it waits, or is left to the next visit.
  if (build !== kernel.build && !registration?.active) {
    offer(() => location.reload());
    return;
  }
  if (savesData()) {
    tellProgress('ready');
    if (build !== (kernel.build || buildOf(registration?.active))) offerToFetch(workers);
    return;
  }
  try {
    const run = await fetchBuild(workers, build);
    tellProgress('ready');
    if (run) offer(run);
  } catch (error) {
    tellProgress('none', error);
  }
}

/**
 * What a reader who saves data has asked for is let in as soon as it is there.
 * @param {ServiceWorkerContainer} workers
 */
function offerToFetch(workers) {
  offer(async () => {
    fetching = true;
    notify({slot: 'update', quiet: true, message: 'The new version is being fetched. The page opens anew when it is there; your settings are kept.'});
    try {
      const run = await fetchBuild(workers, await publishedBuild()); // which may be a later one by now
      if (run) run();
      else location.reload();
    } catch (error) {
      tellProgress('none', error);
      offerToFetch(workers);
    } finally {
      fetching = false;
    }
  });
}

/** @param {ServiceWorker | null} [worker] */
function buildOf(worker) {
  return worker ? new URL(worker.scriptURL).searchParams.get('build') : '';
}

/**
 * Has the browser keep a build. Settles once it is kept, with what lets it in if this tab is of another; fails if it is not kept.
 * @param {ServiceWorkerContainer} workers
 * @param {string} build
 * @returns {Promise<(() => void) | null>}
 */
async function fetchBuild(workers, build) {
  const script = `${SITE}service-worker.js?build=${build}`;
  const {installing, waiting, active} = await workers.register(script, {scope: SITE, updateViaCache: 'none'});
  const coming = installing ?? waiting;
  // While the browser makes a first worker active it may show it as waiting too; there is nothing that it would replace.
  const replaces = active !== null && active !== coming;
  if (!coming || coming === active) {
    // Another tab has let it take over before this one heard of it.
    return kernel.build && build !== kernel.build ? () => location.reload() : null;
  }
  if (!replaces || installing) {
    tellProgress('saving');
    await reached(coming, replaces ? 'installed' : 'activated');
  }
  if (!replaces) return null;
  if (build !== kernel.build) return () => letIn(workers);
  // A host that is asked first has given this tab the new build already, and the others stay with theirs.
  coming.postMessage({type: 'take-over'});
  return null;
}

/**
 * @param {ServiceWorker} worker
 * @param {ServiceWorkerState} state
 * @returns {Promise<void>}
 */
function reached(worker, state) {
  return new Promise((resolve, reject) => {
    worker.addEventListener('statechange', () => {
      if (worker.state === state) resolve();
      else if (worker.state === 'redundant') reject(new Error('The browser did not keep it all, or the site was published anew meanwhile.'));
    });
  });
}

/** @param {ServiceWorkerContainer} workers */
async function letIn(workers) {
  // The newest: since it was offered, one may have been replaced by a later build or let in by another tab.
  const {active, waiting} = (await workers.getRegistration(SITE)) ?? {};
  if (!waiting) {
    location.reload();
    return;
  }
  // Its own word, for a tab that no worker answers is told of no change of them.
  waiting.addEventListener('statechange', () => location.reload(), {once: true});
  setTimeout(() => location.reload(), PATIENCE); // a browser that does not let it in by then may do so for a new document
  active?.postMessage({type: 'make-way'});
  waiting.postMessage({type: 'take-over'});
}

/** The build that the server has now; '' if it cannot be reached. */
async function publishedBuild() {
  try {
    const response = await fetch(`${SITE}generated/manifest.json?fresh=${Date.now()}`, {cache: 'no-store'});
    return response.ok ? String((await response.json()).build) : '';
  } catch {
    return '';
  }
}

/**
 * For assistive scripts and tests; nobody asked for the copy, so its absence is no news to the reader.
 * @param {'saving' | 'ready' | 'none'} state
 * @param {unknown} [reason]
 */
function tellProgress(state, reason) {
  document.documentElement.dataset.offline = state;
  if (reason) console.info(`Not kept for offline use: ${reason}`);
}

/** @param {() => void} run */
function offer(run) {
  notify({
    slot: 'update', quiet: true, code: 'OSFT-E60',
    message: 'A new version of this site is ready. Your settings are kept in the address.',
    action: {label: 'Update', run},
  });
}

/**
 * Says that the server is out of reach and what is shown instead.
 * @param {boolean} wanted
 */
function showBadge(wanted) {
  const badge = document.getElementById('offline-badge');
  if (!wanted) {
    badge?.remove();
    return;
  }
  const place = badge ?? element('p', {id: 'offline-badge', class: 'from-file', role: 'status'});
  document.getElementById('notices')?.before(place);
  setText(place, `Offline copy, build ${kernel.build}. Everything here works without a network.`);
}

/**
 * Removes the service worker and everything it kept.
 * @param {ServiceWorkerContainer} workers
 */
async function forget(workers) {
  for (const registration of await workers.getRegistrations()) {
    if (registration.scope === SITE) await registration.unregister();
  }
  for (const name of await caches.keys()) if (name.startsWith('osft-')) await caches.delete(name);
  notify({slot: 'update', quiet: true, code: 'OSFT-E61', message: 'What this site had kept on this machine for offline use was removed.'});
}
