// Decides which runtime a visit starts from.
// Called by fetcher.js. The snapshot saves time and costs megabytes, so it is for those who have them to spare.

import {fromShelf} from './shelf.js';

/** @typedef {import('./protocol.js').Tier} Tier */
/** @typedef {import('./protocol.js').Choice} Choice */
/** @typedef {import('./protocol.js').Wanted} Wanted */
/** @typedef {import('./supply.js').Supply} Supply */

/** Bytes a second from which the snapshot is ready before the packs would be. */
const FAST = 6e6;
/** Enough bytes to tell, and the longest wait for them in milliseconds. */
const SAMPLE = 1e6;
const PATIENCE = 250;

/**
 * @param {Choice} choice
 * @param {Supply} supply
 * @returns {Promise<Tier>}
 */
export async function chooseTier({tiers, start, snapshot, asked, careful, thrifty}, supply) {
  const ordinary = tiers.includes('fast') ? 'fast' : 'stock';
  const wish = tiers.find((tier) => tier === asked);
  if (wish && !(careful && wish === 'snapshot')) return wish;
  if (!snapshot || careful) return ordinary;
  if (await fromShelf(snapshot.url)) return 'snapshot';
  if (thrifty) return ordinary;
  return (await speed(start, supply)) >= FAST ? 'snapshot' : ordinary;
}

/**
 * Bytes a second, measured on files that every tier needs; 0 where they came from the browser's cache.
 * @param {Wanted[]} start The smallest first.
 * @param {Supply} supply
 * @returns {Promise<number>}
 */
async function speed(start, supply) {
  const started = performance.now();
  const all = start.map((file) => supply.get(file));
  await Promise.race([all[0], pause(4 * PATIENCE)]).catch(() => {});
  const [entry] = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByName(start[0].url));
  if (!entry || entry.transferSize < entry.encodedBodySize) return 0;
  await Promise.race([supply.reached(SAMPLE), Promise.all(all), pause(PATIENCE)]).catch(() => {});
  return (supply.count().loaded / (performance.now() - started)) * 1000;
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
