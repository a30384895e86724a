// Decides which runtime a visit starts from.
// Called by client.js. The snapshot saves time and costs megabytes, so it is for those who have them to spare.

import {fromShelf} from './shelf.js';

/** @typedef {import('./protocol.js').Tier} Tier */
/** @typedef {import('./plan.js').Boot} Boot */
/** @typedef {import('./supply.js').Supply} Supply */

/** Bytes a second from which the snapshot is ready before the packs would be. */
const FAST = 6e6;
/** Enough bytes to tell, and the longest wait for them in milliseconds. */
const SAMPLE = 1e6;
const PATIENCE = 250;

/**
 * @param {Boot} boot
 * @param {Supply} supply
 * @param {string} asked `?tier=` of the page's address, or ''.
 * @param {boolean} careful Whether a snapshot has failed in this visit.
 * @returns {Promise<Tier>}
 */
export async function chooseTier(boot, supply, asked, careful) {
  const {tiers} = boot;
  const ordinary = tiers.fast ? 'fast' : 'stock';
  if (Object.hasOwn(tiers, asked) && !(careful && asked === 'snapshot')) return /** @type {Tier} */ (asked);
  if (!tiers.snapshot || careful) return ordinary;
  if (await fromShelf(supply.url(tiers.snapshot.snapshot))) return 'snapshot';
  if (isThrifty()) return ordinary;
  return (await speed(boot, supply)) >= FAST ? 'snapshot' : ordinary;
}

/** Whether the reader or the network would rather not have megabytes that nobody asked for. */
export function isThrifty() {
  const {connection} = /** @type {{connection?: {saveData?: boolean, type?: string, effectiveType?: string}}} */ (navigator);
  return Boolean(connection?.saveData || connection?.type === 'cellular' || /[23]g$/.test(connection?.effectiveType ?? ''));
}

/**
 * Bytes a second, measured on files that every tier needs; 0 where they came from the browser's cache.
 * @param {Boot} boot
 * @param {Supply} supply
 * @returns {Promise<number>}
 */
async function speed(boot, supply) {
  const started = performance.now();
  const loader = supply.get(boot.loader);
  const all = Promise.all([loader, supply.get(boot.glue), supply.get(boot.wasm)]);
  await Promise.race([loader, pause(4 * PATIENCE)]).catch(() => {});
  const [entry] = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByName(supply.url(boot.loader)));
  if (!entry || entry.transferSize < entry.encodedBodySize) return 0;
  await Promise.race([supply.reached(SAMPLE), all, pause(PATIENCE)]).catch(() => {});
  return (supply.count().loaded / (performance.now() - started)) * 1000;
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
