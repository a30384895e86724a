// Keeps one Python worker alive: starts it, knows how it is, replaces it when it dies or is stopped.
// Used by client.js, which is what the page calls.

import {add} from './additions.js';
import {Depot} from './depot.js';
import {FAULTS, KernelError, asKernelError} from './errors.js';
import {Host} from './host.js';
import {equip, gather, isThrifty} from './material.js';
import {readManifest} from './plan.js';

/** @typedef {import('./protocol.js').Status} Status */
/** @typedef {import('./protocol.js').Arguments} Arguments */
/** @typedef {import('./protocol.js').Feature} Feature */
/** @typedef {import('./protocol.js').Progress} Progress */
/** @typedef {import('./material.js').Material} Material */
/** @typedef {import('./plan.js').Manifest} Manifest */

/** A second death within this many milliseconds is not mended without being asked. */
const PATIENCE = 60_000;
/** Milliseconds without a call after which the reader is taken to be reading. */
const QUIET = 1500;
/** And after which to be reading for a while, with no need of the processor. */
const LONG_QUIET = 4000;

export class Life {
  /** @type {Status} */
  status = {state: 'off', stage: '', loaded: 0, total: 0, code: '', message: '', details: '', feature: '', tier: '', versions: null};
  /** Settles with the status when Python is ready or has failed; never rejects. @type {Promise<Status>} */
  ready;
  /** The build that this page started from, by its manifest; '' until that has come. */
  build = '';
  /** @type {Host | null} */
  host = null;
  /** The call that a spare worker makes once, so that it has what the page needs. @type {[name: string, args: Arguments] | null} */
  recent = null;
  /** How many of the running worker's callers are the kernel itself. */
  chores = 0;
  /** When the page last asked for something. */
  usedAt = 0;
  /** @type {(status: Status) => void} */
  #settle = () => {};
  /** @type {Set<(status: Status) => void>} */
  #listeners = new Set();
  /** @type {Host | null} */
  #spare = null;
  #spareWanted = false;
  /** @type {Promise<Material> | null} */
  #material = null;
  /** The list of files, if it was asked for before the start. @type {Promise<Manifest> | null} */
  #listed = null;
  /** @type {Depot | null} */
  #depot = null;
  /** @type {KernelError | null} */
  #failure = null;
  #diedAt = -Infinity;
  /** A snapshot has failed in this visit, so there will be no second. */
  #careful = false;

  constructor() {
    this.ready = new Promise((resolve) => (this.#settle = resolve));
  }

  /**
   * @param {(status: Status) => void} listener
   * @returns {() => void}
   */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ask for the list of files, so that it is there when Python starts; a page that was out of sight may have started before. */
  prepare() {
    if (this.status.state !== 'off') return;
    this.#listed = readManifest();
    this.#listed.catch(() => {}); // told at the start
  }

  /** Start, unless that is under way or done. */
  start() {
    if (this.status.state === 'off' || this.status.state === 'failed') this.#begin();
    return this.ready;
  }

  /** End the worker and start another. @param {KernelError | null} reason Why, where the reader should know. */
  replace(reason = null) {
    if (!reason) this.#diedAt = -Infinity;
    this.host?.end(new KernelError('OSFT-E20'));
    this.#begin(reason);
    return this.ready;
  }

  /** @param {boolean} wanted */
  spare(wanted) {
    const {deviceMemory = 8} = /** @type {{deviceMemory?: number}} */ (navigator);
    this.#spareWanted = wanted && deviceMemory >= 4; // gigabytes; a second interpreter takes 40 MB or more
    if (wanted) {
      this.#raiseSpare();
    } else {
      this.#spare?.end(new KernelError('OSFT-E20'));
      this.#spare = null;
    }
  }

  /**
   * The running worker, with these features in it.
   * @param {Feature[]} features
   * @returns {Promise<Host>}
   */
  async running(features) {
    // It may be replaced in the very moment in which it was ready: whoever asks waits for the next.
    do {
      await this.start();
    } while (this.status.state === 'booting');
    if (this.#failure) throw this.#failure;
    const host = /** @type {Host} */ (this.host);
    for (const feature of features) await this.#add(host, feature);
    return host;
  }

  /**
   * @param {Host} host
   * @param {Feature} feature
   */
  #add(host, feature) {
    const material = /** @type {Promise<Material>} */ (this.#material);
    return add(material, host, feature, (loading) => {
      if (host !== this.host) return;
      if (loading) this.#tell({feature, stage: 'fetch'});
      else if (this.status.feature) this.#tell({feature: '', stage: ''});
    });
  }

  /** @param {KernelError | null} [reason] */
  #begin(reason = null) {
    if (this.status.state === 'ready' || this.status.state === 'failed') {
      this.ready = new Promise((resolve) => (this.#settle = resolve));
    }
    this.#failure = null;
    const spare = this.#spare;
    this.#spare = null;
    const host = spare && !spare.ended ? spare : this.#raise();
    this.host = host;
    this.#tell({
      ...{state: 'booting', stage: 'fetch', loaded: 0, total: 0, feature: '', versions: null},
      ...{code: reason?.code ?? '', message: reason?.message ?? '', details: reason?.detail ?? ''},
    });
    host.ready.then(
      (versions) => {
        if (host !== this.host) return;
        this.#tell({state: 'ready', stage: '', code: '', message: '', details: '', versions});
        this.#settle(this.status);
        this.#whenQuiet(host);
      },
      (error) => {
        if (host !== this.host || error.code === 'OSFT-E20') return;
        // Of a start that chose no tier the status still has the last one's.
        if (this.status.tier === 'snapshot' && !this.#careful) this.#startOrdinarily(error);
        else this.#fail(error);
      },
    );
  }

  /**
   * The snapshot saves time and nothing else: whatever is wrong with it, Python is started without it.
   * @param {KernelError} error
   * @param {KernelError | null} [reason] What the reader should know: nothing, where nothing has been shown yet.
   */
  #startOrdinarily(error, reason = null) {
    console.info(`Python is started from its files, because its snapshot did not work here: ${error.detail || error.message}`);
    this.#careful = true;
    this.#material = null;
    this.#begin(reason);
  }

  /** A new worker, started from what the page keeps or is fetching. */
  #raise() {
    const host = new Host(
      (stage) => host === this.host && this.status.state === 'booting' && this.#tell({stage}),
      (error) => this.#lost(host, error),
      this.#build(),
    );
    if (this.#depot?.ended) this.#material = null;
    this.#material ??= this.#gather();
    this.#material.then((material) => equip(material, host)).catch((error) => host.end(asKernelError(error)));
    return host;
  }

  /** For a service worker that would else not know whose thread it answers. */
  #build() {
    return isControlled() ? this.build : '';
  }

  /** @returns {Promise<Material>} */
  async #gather() {
    if (!this.#depot || this.#depot.ended) this.#depot = new Depot((progress) => this.#progressed(progress), this.#build());
    const listed = this.#listed ?? readManifest();
    this.#listed = null; // a later start reads it again
    const material = await gather(this.#depot, listed, this.build, this.#careful);
    this.build = material.build;
    material.planned.then(
      ({plan}) => this.#tell({tier: plan.tier}),
      () => {}, // told by the worker that is waiting for the plan
    );
    return material;
  }

  /** @param {Progress} progress */
  #progressed({loaded, total, waiting}) {
    const {state, feature, stage} = this.status;
    const wanted = state === 'booting' || feature !== '';
    this.#tell({loaded, total, stage: waiting && wanted ? 'offline' : stage === 'offline' ? 'fetch' : stage});
  }

  /**
   * What nobody waits for is done while the reader reads: the whole proof of a snapshot, a spare worker,
   * the rest of the library, practice of what the pages compute.
   * @param {Host} host
   */
  async #whenQuiet(host) {
    const current = () => host === this.host && this.status.state === 'ready';
    if (this.status.tier === 'snapshot') await this.#prove(host);
    this.#raiseSpare();
    if (isThrifty()) return;
    // Nobody asked for these yet, so a failure is told when somebody does.
    if (!(await this.#quiet(current))) return;
    await this.#add(host, 'stdlib').catch(() => {});
    while ((await this.#quiet(current, LONG_QUIET)) && (await this.#chore(host, 'warm').catch(() => false)));
    const {boot, depot} = (await this.#material?.catch(() => null)) ?? {};
    const kept = !new URLSearchParams(location.search).has('nosw'); // a reader who asks for it wants nothing kept
    if (boot?.tiers.snapshot && kept && !this.#careful) await depot?.shelve(boot.tiers.snapshot.snapshot).catch(() => {});
  }

  /**
   * Until nothing has been asked for a while.
   * @param {() => boolean} current
   * @param {number} [pause] Milliseconds.
   * @returns {Promise<boolean>} false when waiting has lost its sense
   */
  async #quiet(current, pause = QUIET) {
    while (current()) {
      const left = this.usedAt + pause - performance.now();
      if (left <= 0 && !this.host?.callers.size) return true;
      await new Promise((resolve) => setTimeout(resolve, Math.max(left, 100)));
    }
    return false;
  }

  /** Have a restored interpreter show that it computes what an ordinary one does. @param {Host} host */
  async #prove(host) {
    try {
      await this.#chore(host, 'prove');
    } catch (error) {
      const {code, detail} = asKernelError(error);
      // A worker that died while it was asked is replaced by #lost, like any other.
      if (host !== this.host || host.ended || code === 'OSFT-E20') return;
      host.end(new KernelError('OSFT-E20'));
      const doubt = new KernelError('OSFT-E15', detail);
      this.#startOrdinarily(doubt, doubt);
    }
  }

  /**
   * Something that nobody waits for.
   * @param {Host} host
   * @param {'warm' | 'prove'} type
   * @returns {Promise<boolean>} whether there is more of it
   */
  async #chore(host, type) {
    this.chores += 1;
    try {
      return await host.ask((id) => ({type, id}));
    } finally {
      this.chores -= 1;
    }
  }

  #raiseSpare() {
    if (!this.#spareWanted || this.#spare || this.status.state !== 'ready') return;
    const spare = this.#raise();
    this.#spare = spare;
    const warm = async () => {
      await spare.ready;
      if (this.recent) await spare.call(...this.recent);
      await this.#add(spare, 'stdlib');
    };
    warm().catch(() => {});
  }

  /**
   * @param {Host} host
   * @param {KernelError} error
   */
  #lost(host, error) {
    if (host === this.#spare) this.#spare = null;
    if (host !== this.host || !host.started || error.code === 'OSFT-E20') return;
    const now = performance.now();
    const again = now - this.#diedAt < PATIENCE;
    this.#diedAt = now;
    console.info(`Python ended: ${error.message}`);
    if (again) this.#fail(new KernelError('OSFT-E23', error.detail));
    else this.#begin(error);
  }

  /** @param {KernelError} error */
  #fail(error) {
    this.#failure = error;
    this.#material = null; // the next start reads the manifest again; whole files are kept
    if (this.status.state === 'ready') this.ready = new Promise((resolve) => (this.#settle = resolve));
    const message = `${error.message} ${FAULTS[error.code]?.works ?? ''}`.trim();
    this.#tell({state: 'failed', stage: '', feature: '', code: error.code, message, details: error.detail, versions: null});
    this.#settle(this.status);
  }

  /** @param {Partial<Status>} change */
  #tell(change) {
    this.status = {...this.status, ...change};
    document.documentElement.dataset.python = this.status.state;
    for (const listener of this.#listeners) listener(this.status);
  }
}

/** Whether a service worker answers this page; in a frame without an origin the browser forbids even to ask. */
export function isControlled() {
  return origin !== 'null' && Boolean(navigator.serviceWorker?.controller);
}
