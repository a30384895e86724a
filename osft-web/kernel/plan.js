// Reads the manifest that the build wrote: what each way of starting consists of, and what a feature adds.
// Called by material.js and additions.js.

import {KernelError} from './errors.js';

/** @typedef {import('./protocol.js').Plan} Plan */
/** @typedef {import('./protocol.js').Tier} Tier */
/** @typedef {import('./protocol.js').Feature} Feature */
/** @typedef {import('./depot.js').Depot} Depot */

/**
 * Paths are keys of `files`. `wheels` maps the name a wheel has in `lock` to its path.
 * @typedef {{library: string, packs: string[], python: string, packages: string[], snapshot: string, header: string,
 *   fingerprint: string}} Start
 * @typedef {{packages: string[], packs: Partial<Record<Tier, string[]>>, data: Record<string, string>, imports: string[]}} Extra `data`: path in Python's
 *   file system -> file of the site.
 * @typedef {{version: string, loader: string, glue: string, wasm: string, lock: object, wheels: Record<string, string>,
 *   tiers: Partial<Record<Tier, Start>>, features: Partial<Record<Feature, Extra>>}} Boot
 * @typedef {Record<string, {bytes: number, sha256: string}>} Listing `files` is of generated/, `site` of the folder it lies in.
 * @typedef {{schema: number, build: string, tier: string, files: Listing, site: Listing, boot: Boot}} Manifest
 */

/** From generated/ to the site that it lies in. */
const BESIDE = '../';

/** @returns {Promise<Manifest>} */
export async function readManifest() {
  const url = new URL('../generated/manifest.json', import.meta.url);
  /** @type {Response} */
  let response;
  try {
    response = await fetch(url, {cache: 'no-cache'});
  } catch (error) {
    throw new KernelError('OSFT-E06', `the list of files did not come (${/** @type {Error} */ (error).message})`);
  }
  if (!response.ok) throw new KernelError('OSFT-E01', `generated/manifest.json: the server answered ${response.status}`);
  try {
    const manifest = await response.json();
    if (manifest.schema !== 1 || !manifest.boot?.tiers?.stock) throw new Error('it is of another version');
    return manifest;
  } catch (error) {
    throw new KernelError('OSFT-E01', `generated/manifest.json cannot be read: ${/** @type {Error} */ (error).message}`);
  }
}

/**
 * @param {Boot} boot
 * @param {Tier} tier
 * @param {Depot} depot
 * @returns {{plan: Plan, paths: string[]}} `paths` are the files the page has to send to the worker.
 */
export function makePlan(boot, tier, depot) {
  const start = /** @type {Start} */ (boot.tiers[tier]);
  const url = (/** @type {string} */ path) => path && depot.url(path);
  const wheels = Object.fromEntries(Object.entries(boot.wheels).map(([name, path]) => [name, url(path)]));
  /** @type {Plan} */
  const plan = {
    tier,
    loader: url(boot.loader),
    glue: url(boot.glue),
    wasm: url(boot.wasm),
    base: new URL('.', url(boot.wasm)).href,
    library: url(start.library),
    packs: start.packs.map(url),
    python: url(start.python),
    snapshot: url(start.snapshot),
    header: start.header,
    fingerprint: start.fingerprint,
    lock: boot.lock,
    packages: start.packages,
    wheels,
  };
  return {
    plan,
    paths: [
      boot.wasm,
      boot.loader,
      boot.glue,
      start.library,
      ...start.packs,
      start.python,
      start.snapshot,
      ...wheelPaths(boot, start.packages),
    ].filter(Boolean),
  };
}

/**
 * The wheels of these packages and of all that they depend on.
 * @param {Boot} boot
 * @param {string[]} names
 * @returns {string[]}
 */
export function wheelPaths(boot, names) {
  const {packages} = /** @type {{packages: Record<string, {file_name: string, depends: string[]}>}} */ (boot.lock);
  /** @type {Set<string>} */
  const found = new Set();
  const visit = (/** @type {string} */ name) => {
    const path = packages[name] && boot.wheels[packages[name].file_name];
    if (!path || found.has(path)) return;
    found.add(path);
    packages[name].depends.forEach(visit);
  };
  names.forEach(visit);
  return [...found];
}

/**
 * What a feature adds, and the files that have to be sent for it.
 * @param {Extra} extra
 * @param {Tier} tier
 * @param {Depot} depot
 * @returns {{message: import('./protocol.js').Addition, paths: string[]}}
 */
export function addedBy(extra, tier, depot) {
  const packs = extra.packs[tier] ?? [];
  const data = Object.entries(extra.data).map(([target, path]) => [target, depot.url(BESIDE + path)]);
  return {
    message: {
      packages: extra.packages,
      packs: packs.map((path) => depot.url(path)),
      data: Object.fromEntries(data),
      imports: extra.imports,
    },
    paths: [...packs, ...Object.values(extra.data).map((path) => BESIDE + path)],
  };
}

/**
 * Every file that a worker may be sent, by its path from generated/.
 * @param {Manifest} manifest
 * @returns {Listing}
 */
export function allFiles({files, site}) {
  return {...files, ...Object.fromEntries(Object.entries(site ?? {}).map(([path, entry]) => [BESIDE + path, entry]))};
}
