// The kernel as the page sees it: start, status, calls, newest-wins channels, streams, stop.
// Used by the shell and the panels. Keeps one worker (host.js) alive and what every worker needs (supply.js).

import {Channel} from './channel.js';
import {FAULTS, KernelError} from './errors.js';
import {featuresFor} from './features.js';
import {Host} from './host.js';
import {deliver, equip, gather} from './material.js';
import {addedBy, wheelPaths} from './plan.js';
import {isThrifty} from './tier.js';
import {watchdog} from './watchdog.js';

export {FAULTS, KernelError};

/** @typedef {import('./protocol.js').Status} Status */
/** @typedef {import('./protocol.js').Answer} Answer */
/** @typedef {import('./protocol.js').Arguments} Arguments */
/** @typedef {import('./protocol.js').Step} Step */
/** @typedef {import('./protocol.js').Tensor} Tensor */
/** @typedef {import('./protocol.js').Feature} Feature */
/** @typedef {import('./material.js').Material} Material */
/** @typedef {import('./supply.js').Supply} Supply */

/** A second death within this many milliseconds is not mended without being asked. */
const PATIENCE = 60_000;
/** Seconds of visible time within which a page shown again must hear from its worker. */
const PING_LIMIT = 5;

class Kernel {
  /** @type {Status} */
  status = {state: 'off', stage: '', loaded: 0, total: 0, code: '', message: '', details: '', feature: '', tier: '', versions: null};
  /** Settles with the status when Python is ready or has failed; never rejects. @type {Promise<Status>} */
  ready;
  /** The build that this page started from, by its manifest; '' until that has come. */
  build = '';
  /** @type {(status: Status) => void} */
  #settle = () => {};
  /** @type {Set<(status: Status) => void>} */
  #listeners = new Set();
  /** @type {Map<string, Channel>} */
  #channels = new Map();
  /** @type {Host | null} */
  #host = null;
  /** @type {Host | null} */
  #spare = null;
  #spareWanted = false;
  /** What a newest-wins channel asked last. @type {[name: string, args: Arguments] | null} */
  #recent = null;
  /** @type {Promise<Material> | null} */
  #material = null;
  /** @type {Supply | null} */
  #supply = null;
  /** @type {WeakMap<Host, Map<Feature, Promise<void>>>} */
  #loaded = new WeakMap();
  /** @type {KernelError | null} */
  #failure = null;
  #diedAt = -Infinity;
  /** A snapshot has failed in this visit, so there will be no second. */
  #careful = false;

  constructor() {
    this.ready = new Promise((resolve) => (this.#settle = resolve));
  }

  /**
   * Start Python, once; after a failure, try again.
   * @returns {Promise<Status>}
   */
  start() {
    if (this.status.state === 'off' || this.status.state === 'failed') this.#begin();
    return this.ready;
  }

  /**
   * Start again from nothing, as a reader asks after a failure.
   * @returns {Promise<Status>}
   */
  restart() {
    this.#diedAt = -Infinity;
    this.#host?.end(new KernelError('OSFT-E20'));
    this.#begin();
    return this.ready;
  }

  /**
   * End what runs and be ready again. Pending calls reject with OSFT-E20.
   * @returns {Promise<void>}
   */
  async stop() {
    if (this.status.state === 'off') return;
    this.#host?.end(new KernelError('OSFT-E20'));
    this.#begin(new KernelError('OSFT-E20'));
    await this.ready;
  }

  /**
   * @param {(status: Status) => void} listener Told of every change from now on.
   * @returns {() => void}
   */
  onStatus(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * @param {string} name A name of Python's surface.
   * @param {object} args Numbers, flags and texts.
   * @returns {Promise<Answer>}
   */
  async call(name, args) {
    return this.#complete(featuresFor(name, args), (host) => host.call(name, /** @type {Arguments} */ (args)));
  }

  /**
   * A channel on which the newest question wins: one in flight, one waiting, the rest answered with null.
   * @param {string} name
   * @returns {Channel}
   */
  latest(name) {
    let channel = this.#channels.get(name);
    if (!channel) {
      channel = new Channel(
        (call, args) => this.call(call, args),
        (limit) => this.#overrun(limit),
      );
      this.#channels.set(name, channel);
    }
    return channel;
  }

  /**
   * Run a generator of the surface; other calls are answered between its steps.
   * @param {string} name
   * @param {object} args
   * @param {(step: Step) => void} onStep
   * @returns {{done: Promise<Answer>, cancel: () => void}}
   */
  stream(name, args, onStep) {
    let cancelled = false;
    /** @type {(() => void) | null} */
    let cancel = null;
    const done = this.#complete(featuresFor(name, args), (host) => {
      if (cancelled) throw new KernelError('OSFT-E20');
      const stream = host.stream(name, /** @type {Arguments} */ (args), onStep);
      cancel = stream.cancel;
      return stream.done;
    });
    done.catch(() => {}); // a caller that only cancels need not listen
    return {
      done,
      cancel: () => {
        cancelled = true;
        cancel?.();
      },
    };
  }

  /**
   * Load what is not part of the start. Progress is told through `onStatus`, in bytes.
   * @param {Feature} feature
   * @returns {Promise<void>}
   */
  async load(feature) {
    await this.#running([feature]);
  }

  /**
   * Keep a second, started worker at hand, so that Stop takes no time; ask for it while something long runs.
   * @param {boolean} wanted
   */
  spare(wanted) {
    const {deviceMemory = 8} = /** @type {{deviceMemory?: number}} */ (navigator);
    this.#spareWanted = wanted && deviceMemory >= 4; // gigabytes; a second interpreter takes 40 MB or more
    if (!wanted) {
      this.#spare?.end(new KernelError('OSFT-E20'));
      this.#spare = null;
    } else {
      this.#raiseSpare();
    }
  }

  /** After a page comes back from the browser's cache: is the worker still there? */
  async ping() {
    const host = this.#host;
    if (this.status.state !== 'ready' || !host || host.callers.size > 0) return;
    const dog = watchdog(PING_LIMIT, () => host.end(new KernelError('OSFT-E24')));
    await host.ask((id) => ({type: 'ping', id})).catch(() => {});
    dog.stop();
  }

  /** @param {KernelError | null} [reason] Why Python starts again, where the reader should know. */
  #begin(reason = null) {
    if (this.status.state === 'ready' || this.status.state === 'failed') {
      this.ready = new Promise((resolve) => (this.#settle = resolve));
    }
    this.#failure = null;
    const spare = this.#spare;
    this.#spare = null;
    const host = spare && !spare.ended ? spare : this.#raise();
    this.#host = host;
    this.#tell({
      state: 'booting',
      stage: 'fetch',
      loaded: 0,
      total: 0,
      versions: null,
      code: reason?.code ?? '',
      message: reason?.message ?? '',
      details: reason?.detail ?? '',
    });
    host.ready.then(
      (versions) => {
        if (host !== this.#host) return;
        this.#tell({state: 'ready', stage: '', code: '', message: '', details: '', versions});
        this.#settle(this.status);
        this.#whenIdle();
      },
      (error) => {
        if (host !== this.#host || error.code === 'OSFT-E20') return;
        if (this.status.tier === 'snapshot') this.#startOrdinarily(error);
        else this.#fail(error);
      },
    );
  }

  /**
   * The snapshot saves time and nothing else: whatever is wrong with it, Python is started without it.
   * @param {KernelError} error
   */
  #startOrdinarily(error) {
    console.info(`Python is started from its files, because its snapshot did not work here: ${error.detail || error.message}`);
    this.#careful = true;
    this.#material = null;
    this.#begin(error);
  }

  /** A new worker, started from what the page keeps or is fetching. */
  #raise() {
    const host = new Host(
      (stage) => host === this.#host && this.status.state === 'booting' && this.#tell({stage}),
      (error) => this.#lost(host, error),
      isControlled() ? this.build : '',
    );
    this.#material ??= this.#gather();
    this.#material.then((material) => equip(material, host)).catch((error) => host.end(asKernelError(error)));
    return host;
  }

  /** @returns {Promise<Material>} */
  async #gather() {
    const material = await gather({
      build: this.build,
      earlier: this.#supply,
      careful: this.#careful,
      report: ({loaded, total, waiting}) =>
        this.#tell({loaded, total, ...(this.status.state === 'booting' && waiting ? {stage: 'offline'} : {})}),
    });
    this.build = material.build;
    this.#supply = material.supply;
    material.planned.then(
      ({plan}) => this.#tell({tier: plan.tier}),
      () => {}, // told by the worker that is waiting for the plan
    );
    return material;
  }

  /**
   * The running worker, with these features in it.
   * @param {Feature[]} features
   * @returns {Promise<Host>}
   */
  async #running(features) {
    const status = await this.start();
    const host = this.#host;
    if (status.state === 'failed' || !host) throw this.#failure ?? new KernelError('OSFT-E27');
    for (const feature of features) await this.#install(host, feature);
    return host;
  }

  /**
   * Act on the running worker; once more with the whole library, if a module of it was missing.
   * @param {Feature[]} features
   * @param {(host: Host) => Promise<Answer>} action
   */
  async #complete(features, action) {
    const host = await this.#running(features);
    try {
      return await action(host);
    } catch (error) {
      if (asKernelError(error).code !== 'OSFT-E13') throw error;
      return action(await this.#running(['stdlib']));
    }
  }

  /**
   * @param {Host} host
   * @param {Feature} feature
   * @returns {Promise<void>}
   */
  #install(host, feature) {
    const loaded = this.#loaded.get(host) ?? new Map();
    this.#loaded.set(host, loaded);
    let promise = loaded.get(feature);
    if (!promise) {
      promise = this.#fetchFeature(host, feature);
      loaded.set(feature, promise);
      promise.catch(() => loaded.delete(feature));
    }
    return promise;
  }

  /**
   * @param {Host} host
   * @param {Feature} feature
   */
  async #fetchFeature(host, feature) {
    const {supply, boot, planned} = await /** @type {Promise<Material>} */ (this.#material);
    const {plan} = await planned;
    const extra = boot.features[feature];
    if (!extra) throw new KernelError('OSFT-E12', `this copy of the site was built without ${feature}`);
    // Pyodide's own unpacking of wheels is in the part of the library that comes later.
    if (extra.packages.length) await this.#install(host, 'stdlib');
    const addition = addedBy(extra, plan.tier, supply);
    if (!addition.paths.length && !extra.packages.length) return;
    supply.startCounting();
    this.#tell({feature, stage: 'fetch'});
    try {
      await deliver(supply, host, [...addition.paths, ...wheelPaths(boot, extra.packages)]);
      await host.ask((id) => ({type: 'install', id, addition: addition.message}));
    } finally {
      if (this.status.feature === feature) this.#tell({feature: '', stage: ''});
    }
  }

  /** Have a restored interpreter show that it computes what an ordinary one does. */
  async #prove() {
    const host = this.#host;
    if (this.status.tier !== 'snapshot' || !host) return;
    try {
      await host.ask((id) => ({type: 'prove', id}));
    } catch (error) {
      const {code, detail} = asKernelError(error);
      // A worker that died while it was asked is replaced by #lost, like any other.
      if (host !== this.#host || host.ended || code === 'OSFT-E20') return;
      host.end(new KernelError('OSFT-E20'));
      this.#startOrdinarily(new KernelError('OSFT-E15', detail));
    }
  }

  /** What can wait until the first figure is live: the rest of the library, a spare worker. */
  #whenIdle() {
    const idle = globalThis.requestIdleCallback ?? ((/** @type {() => void} */ action) => setTimeout(action, 2000));
    idle(async () => {
      await this.#prove();
      this.#raiseSpare();
      if (this.status.state !== 'ready' || isThrifty()) return;
      // Nobody asked for these yet, so a failure is told when somebody does.
      await this.load('stdlib').catch(() => {});
      const {boot, supply} = (await this.#material?.catch(() => null)) ?? {};
      if (boot?.tiers.snapshot && !this.#careful) await supply?.shelve(boot.tiers.snapshot.snapshot).catch(() => {});
    });
  }

  #raiseSpare() {
    if (!this.#spareWanted || this.#spare || this.status.state !== 'ready') return;
    const spare = this.#raise();
    this.#spare = spare;
    // The first call of a page imports its module; a spare that takes over should have done that.
    const warm = async () => {
      await spare.ready;
      if (this.#recent) await spare.call(...this.#recent);
    };
    warm().catch(() => {});
  }

  /**
   * @param {Host} host
   * @param {KernelError} error
   */
  #lost(host, error) {
    if (host === this.#spare) this.#spare = null;
    if (host !== this.#host || !host.started || error.code === 'OSFT-E20') return;
    const now = performance.now();
    const again = now - this.#diedAt < PATIENCE;
    this.#diedAt = now;
    console.info(`Python ended: ${error.message}`);
    if (again) this.#fail(new KernelError('OSFT-E23', error.detail));
    else this.#begin(error);
  }

  /**
   * A call of a newest-wins channel took too long.
   * @param {string} limit
   */
  #overrun(limit) {
    const host = this.#host;
    // What waits behind a stream, a cell or a download has not been running itself.
    if (!host || host.callers.size > 1) return false;
    host.end(new KernelError('OSFT-E21', limit));
    return true;
  }

  /** @param {KernelError} error */
  #fail(error) {
    this.#failure = error;
    this.#material = null; // the next start reads the manifest again; whole files are kept
    const works = FAULTS[error.code]?.works ?? '';
    if (this.status.state === 'ready') this.ready = new Promise((resolve) => (this.#settle = resolve));
    this.#tell({
      state: 'failed',
      stage: '',
      code: error.code,
      message: `${error.message} ${works}`.trim(),
      details: error.detail,
      versions: null,
    });
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
function isControlled() {
  return origin !== 'null' && Boolean(navigator.serviceWorker?.controller);
}

/** @param {unknown} error */
function asKernelError(error) {
  return error instanceof KernelError ? error : new KernelError('OSFT-E09', String(/** @type {any} */ (error)?.message ?? error));
}

export const kernel = new Kernel();
window.addEventListener('pageshow', (event) => {
  if (event.persisted) kernel.ping();
});
