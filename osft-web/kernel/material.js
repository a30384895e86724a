// Gathers what workers start from, once a visit: the manifest, the choice of tier, the files.
// Called by life.js, which hands the result to every worker that it raises.

import {KernelError} from './errors.js';
import {allFiles, makePlan} from './plan.js';

/** @typedef {import('./protocol.js').Plan} Plan */
/** @typedef {import('./plan.js').Boot} Boot */
/** @typedef {import('./plan.js').Manifest} Manifest */
/** @typedef {import('./host.js').Host} Host */
/** @typedef {import('./protocol.js').Tier} Tier */
/** @typedef {import('./depot.js').Depot} Depot */
/** @typedef {{plan: Plan, paths: string[]}} Planned */
/** @typedef {{depot: Depot, boot: Boot, build: string, common: string[], planned: Promise<Planned>}} Material */

/**
 * @param {Depot} depot
 * @param {Promise<Manifest>} listed
 * @param {string} build The build this page was opened with, or '' if it is not known yet.
 * @param {boolean} careful Whether a snapshot has failed in this visit.
 * @returns {Promise<Material>}
 */
export async function gather(depot, listed, build, careful) {
  const missing = ['WebAssembly', 'Worker', 'DecompressionStream'].find((name) => !(name in globalThis));
  if (missing) throw new KernelError('OSFT-E07', `it has no ${missing}`);
  const manifest = await listed;
  // The scripts of this page are of the build that it was opened with; Python of another may not fit them.
  if (build && build !== manifest.build) throw new KernelError('OSFT-E14');
  const {boot, build: current} = manifest;
  depot.files = allFiles(manifest);
  const common = [boot.loader, boot.glue, boot.wasm];
  const {snapshot} = boot.tiers;
  const choice = depot.choose({
    tiers: /** @type {Tier[]} */ (Object.keys(boot.tiers)),
    start: common.map((path) => depot.file(path)),
    snapshot: snapshot ? depot.file(snapshot.snapshot) : null,
    asked: new URLSearchParams(location.search).get('tier') ?? '',
    careful,
    thrifty: isThrifty(),
  });
  const planned = choice.then((tier) => makePlan(boot, tier, depot));
  planned.catch(() => {}); // told by whoever waits for it
  return {depot, boot, build: current, common, planned};
}

/** Whether the reader or the network would rather not have megabytes that nobody asked for. */
export function isThrifty() {
  const {type, effectiveType = ''} = connection();
  return savesData() || type === 'cellular' || /[23]g$/.test(effectiveType);
}

/** Whether the reader has said so himself. */
export function savesData() {
  return Boolean(connection().saveData);
}

/** What the browser tells of its network; some tell nothing. @returns {{saveData?: boolean, type?: string, effectiveType?: string}} */
function connection() {
  return /** @type {{connection?: object}} */ (navigator).connection ?? {};
}

/**
 * Start a worker from the material, handing over each file as it comes.
 * @param {Material} material
 * @param {Host} host
 */
export async function equip({depot, boot, common, planned}, host) {
  host.awaitFiles();
  host.send({type: 'prepare', scripts: [depot.url(boot.loader), depot.url(boot.glue)]});
  // What every tier needs is under way while the tier is chosen, and tells how fast the network is.
  const first = deliver(depot, host, common);
  const rest = planned.then(({plan, paths}) => {
    host.boot(plan);
    return deliver(
      depot,
      host,
      paths.filter((path) => !common.includes(path)),
    );
  });
  await Promise.all([first, rest]);
  host.watch();
}

/**
 * Send files to a worker as they come.
 * @param {Depot} depot
 * @param {Host} host
 * @param {string[]} paths
 */
export async function deliver(depot, host, paths) {
  await Promise.all(
    paths.map(async (path) => {
      const {bytes, module} = await depot.get(path);
      const url = depot.url(path);
      if (module) host.send({type: 'module', url, module});
      else if (bytes) host.send({type: 'file', url, bytes}, [bytes]);
    }),
  );
}
