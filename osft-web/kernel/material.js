// Gathers what workers start from, once a visit: the manifest, the choice of tier, the files.
// Called by client.js, which hands the result to every worker that it raises.

import {KernelError} from './errors.js';
import {allFiles, makePlan, readManifest} from './plan.js';
import {Supply} from './supply.js';
import {chooseTier} from './tier.js';

/** @typedef {import('./protocol.js').Plan} Plan */
/** @typedef {import('./plan.js').Boot} Boot */
/** @typedef {import('./host.js').Host} Host */
/** @typedef {import('./supply.js').Progress} Progress */
/** @typedef {{plan: Plan, paths: string[]}} Planned */
/** @typedef {{supply: Supply, boot: Boot, build: string, common: string[], planned: Promise<Planned>}} Material */

/** Milliseconds after which a page that has not been painted is taken to be out of sight, as in a frame further down. */
const UNSEEN = 2000;
/** A script is imported by its URL; the worker only needs to know that it is whole. */
const NOTHING = new ArrayBuffer(0);

/**
 * @param {object} wishes
 * @param {string} wishes.build The build this page was opened with, or '' if it is not known yet.
 * @param {Supply | null} wishes.earlier What an earlier attempt of this visit fetched.
 * @param {boolean} wishes.careful Whether a snapshot has failed in this visit.
 * @param {(progress: Progress) => void} wishes.report
 * @returns {Promise<Material>}
 */
export async function gather({build, earlier, careful, report}) {
  const missing = ['WebAssembly', 'Worker', 'DecompressionStream'].find((name) => !(name in globalThis));
  if (missing) throw new KernelError('OSFT-E07', `it has no ${missing}`);
  const root = new URL('../generated/', import.meta.url);
  const manifest = await readManifest(new URL('manifest.json', root));
  // The scripts of this page are of the build that it was opened with; Python of another may not fit them.
  if (build && build !== manifest.build) throw new KernelError('OSFT-E14');
  const {boot} = manifest;
  const supply = new Supply(root, allFiles(manifest), report, earlier?.kept);
  await firstPaint();
  // What every tier needs is under way while the tier is chosen, and tells how fast the network is.
  const common = [boot.loader, boot.glue, boot.wasm];
  for (const path of common) supply.get(path).catch(() => {}); // told by whoever delivers it
  const asked = new URLSearchParams(location.search).get('tier') ?? '';
  const planned = chooseTier(boot, supply, asked, careful).then((tier) => makePlan(boot, tier, supply));
  planned.catch(() => {});
  return {supply, boot, build: manifest.build, common, planned};
}

/**
 * Until the reader sees the page: megabytes of Python do not keep it waiting.
 * @returns {Promise<void>}
 */
function firstPaint() {
  return new Promise((resolve) => {
    if (document.visibilityState === 'hidden') resolve();
    setTimeout(resolve, UNSEEN);
    const painted = new PerformanceObserver((list) => {
      if (list.getEntriesByName('first-contentful-paint').length) resolve();
    });
    painted.observe({type: 'paint', buffered: true});
  });
}

/**
 * Start a worker from the material, handing over each file as it comes.
 * @param {Material} material
 * @param {Host} host
 */
export async function equip({supply, boot, common, planned}, host) {
  host.send({type: 'prepare', scripts: [supply.url(boot.loader), supply.url(boot.glue)]});
  const first = deliver(supply, host, common);
  const rest = planned.then(({plan, paths}) => {
    host.boot(plan);
    return deliver(
      supply,
      host,
      paths.filter((path) => !common.includes(path)),
    );
  });
  await Promise.all([first, rest]);
}

/**
 * Send files to a worker as they come.
 * @param {Supply} supply
 * @param {Host} host
 * @param {string[]} paths
 */
export async function deliver(supply, host, paths) {
  await Promise.all(
    paths.map(async (path) => {
      const {bytes, module} = await supply.get(path);
      const url = supply.url(path);
      if (module) host.send({type: 'module', url, module: await module});
      else host.send({type: 'file', url, bytes: path.endsWith('.mjs') ? NOTHING : bytes});
    }),
  );
}
