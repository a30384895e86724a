// Works offline after the first visit: registers the service worker when Python is up and the page is idle.
// A new build is offered, never forced; ?nosw removes all that was kept. Called by boot.js.
import {kernel} from '../kernel/client.js';
import {notify} from './status.js';

const SITE = new URL('../', import.meta.url).href;

export async function startOffline() {
  if (!('serviceWorker' in navigator) || !isSecureContext) return;
  if (new URLSearchParams(location.search).has('nosw')) {
    await forget();
    return;
  }
  if (document.documentElement.dataset.embed) return;
  const status = await kernel.ready;
  if (status.state !== 'ready') return;
  whenIdle(async () => {
    try {
      await keepCurrent();
    } catch {
      // Without a network or without room the site goes on as it is; nothing that the reader has is lost.
    }
  });
}

/** @param {() => void} act */
function whenIdle(act) {
  if ('requestIdleCallback' in window) requestIdleCallback(act, {timeout: 10_000});
  else setTimeout(act, 2000);
}

/** Registers the build that the server has now; if it is another than this tab's, offers it. */
async function keepCurrent() {
  const response = await fetch(`${SITE}generated/manifest.json?fresh=${Date.now()}`, {cache: 'no-store'});
  const {build} = await response.json();
  const registration = await navigator.serviceWorker.register(`${SITE}service-worker.js?build=${build}`, {scope: SITE, updateViaCache: 'none'});
  const offer = () => {
    if (registration.waiting && navigator.serviceWorker.controller) offerUpdate(registration.waiting);
  };
  offer();
  registration.addEventListener('updatefound', () => {
    registration.installing?.addEventListener('statechange', offer);
  });
  document.documentElement.dataset.offline = registration.active ? 'ready' : 'saving';
  navigator.serviceWorker.ready.then(() => { document.documentElement.dataset.offline = 'ready'; });
}

/** @param {ServiceWorker} waiting */
function offerUpdate(waiting) {
  notify({
    slot: 'update', quiet: true, code: 'OSFT-E60',
    message: 'A new version of this site is ready. Your settings are kept in the address.',
    action: {
      label: 'Update',
      run: () => {
        navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), {once: true});
        waiting.postMessage({type: 'take-over'});
      },
    },
  });
}

/** Removes the service worker and everything it kept. */
async function forget() {
  for (const registration of await navigator.serviceWorker.getRegistrations()) {
    if (registration.scope === SITE) await registration.unregister();
  }
  for (const name of await caches.keys()) if (name.startsWith('osft-')) await caches.delete(name);
  notify({slot: 'update', quiet: true, code: 'OSFT-E61', message: 'What this site had kept on this machine for offline use was removed.'});
}
