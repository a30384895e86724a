// Adds to a running interpreter what is not part of the start: packages, the rest of the library, data.
// Called by life.js; features.js says what a call needs.

import {KernelError} from './errors.js';
import {deliver} from './material.js';
import {addedBy, wheelPaths} from './plan.js';

/** @typedef {import('./protocol.js').Feature} Feature */
/** @typedef {import('./material.js').Material} Material */
/** @typedef {import('./host.js').Host} Host */

/** What each worker has, or is about to have. @type {WeakMap<Host, Map<Feature, Promise<void>>>} */
const added = new WeakMap();

/**
 * Add a feature to a worker, once.
 * @param {Promise<Material>} material
 * @param {Host} host
 * @param {Feature} feature
 * @param {(loading: boolean) => void} tell Told when its files begin to load, and when it is there or has failed.
 * @returns {Promise<void>}
 */
export function add(material, host, feature, tell) {
  const features = added.get(host) ?? new Map();
  added.set(host, features);
  let promise = features.get(feature);
  if (!promise) {
    promise = install(material, host, feature, tell);
    features.set(feature, promise);
    promise.catch(() => features.delete(feature));
  }
  return promise;
}

/**
 * @param {Promise<Material>} material
 * @param {Host} host
 * @param {Feature} feature
 * @param {(loading: boolean) => void} tell
 */
async function install(material, host, feature, tell) {
  const {depot, boot, planned} = await material;
  const {plan} = await planned;
  const extra = boot.features[feature];
  if (!extra) throw new KernelError('OSFT-E12', `this copy of the site was built without ${feature}`);
  // Pyodide's own unpacking of wheels is in the part of the library that comes later.
  if (extra.packages.length) await add(material, host, 'stdlib', tell);
  const {message: addition, paths} = addedBy(extra, plan.tier, depot);
  if (!paths.length && !extra.packages.length) return;
  depot.startCounting();
  tell(true);
  try {
    await deliver(depot, host, [...paths, ...wheelPaths(boot, extra.packages)]);
    await host.ask((id) => ({type: 'install', id, addition}));
  } finally {
    tell(false);
  }
}
