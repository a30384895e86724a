// The kernel as the page sees it: start, status, calls, newest-wins channels, streams, stop.
// Used by the shell and the panels; life.js keeps the worker that answers.

import {Channel} from './channel.js';
import {FAULTS, KernelError, asKernelError} from './errors.js';
import {featuresFor} from './features.js';
import {Life} from './life.js';
import {watchdog} from './watchdog.js';

export {FAULTS, KernelError};

/** @typedef {import('./protocol.js').Status} Status */
/** @typedef {import('./protocol.js').Answer} Answer */
/** @typedef {import('./protocol.js').Arguments} Arguments */
/** @typedef {import('./protocol.js').Step} Step */
/** @typedef {import('./protocol.js').Tensor} Tensor */
/** @typedef {import('./protocol.js').Feature} Feature */
/** @typedef {import('./host.js').Host} Host */

/** Seconds of visible time within which a page shown again must hear from its worker. */
const PING_LIMIT = 5;

class Kernel {
  #life = new Life();
  /** @type {Map<string, Channel>} */
  #channels = new Map();

  /** How Python is, as it was told last. @returns {Status} */
  get status() {
    return this.#life.status;
  }

  /** Settles with the status when Python is ready or has failed; never rejects. @returns {Promise<Status>} */
  get ready() {
    return this.#life.ready;
  }

  /** The build that this page started from, by its manifest; '' until that has come. */
  get build() {
    return this.#life.build;
  }

  /** Have ready what the start begins with. */
  prepare() {
    this.#life.prepare();
  }

  /**
   * Start Python, once; after a failure, try again.
   * @returns {Promise<Status>}
   */
  start() {
    return this.#life.start();
  }

  /**
   * Start again from nothing, as a reader asks after a failure.
   * @returns {Promise<Status>}
   */
  restart() {
    return this.#life.replace();
  }

  /**
   * End what runs and be ready again. Pending calls reject with OSFT-E20.
   * @returns {Promise<void>}
   */
  async stop() {
    if (this.status.state !== 'off') await this.#life.replace(new KernelError('OSFT-E20'));
  }

  /**
   * @param {(status: Status) => void} listener Told of every change from now on.
   * @returns {() => void}
   */
  onStatus(listener) {
    return this.#life.listen(listener);
  }

  /**
   * Until the status is as asked for.
   * @param {(status: Status) => unknown} holds
   * @returns {Promise<void>}
   */
  until(holds) {
    if (holds(this.status)) return Promise.resolve();
    return new Promise((resolve) => {
      const unsubscribe = this.onStatus((status) => {
        if (!holds(status)) return;
        unsubscribe();
        resolve();
      });
    });
  }

  /**
   * @param {string} name A name of Python's surface.
   * @param {object} args Numbers, flags and texts.
   * @returns {Promise<Answer>}
   */
  call(name, args) {
    return this.#complete(name, args, (host) => host.call(name, /** @type {Arguments} */ (args)));
  }

  /**
   * A channel on which the newest question wins: one in flight, one waiting, the rest answered with null.
   * @param {string} name
   * @returns {Channel}
   */
  latest(name) {
    let channel = this.#channels.get(name);
    if (!channel) {
      const prepare = (/** @type {string} */ asked, /** @type {object} */ args) => {
        const features = featuresFor(asked, args);
        return features.length ? this.#life.running(features) : null;
      };
      const call = (/** @type {string} */ asked, /** @type {object} */ args) => {
        this.#life.recent = [asked, /** @type {Arguments} */ (args)];
        return this.call(asked, args);
      };
      channel = new Channel(prepare, call, (limit) => this.#overrun(limit));
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
    let cancelRunning = null;
    /** @type {() => void} */
    let cancel = () => {};
    // It also ends while what it needs is still loading, or waits for the network.
    const ended = new Promise((_, reject) => {
      cancel = () => {
        cancelled = true;
        cancelRunning?.();
        reject(new KernelError('OSFT-E20'));
      };
    });
    const answered = this.#complete(name, args, (host) => {
      if (cancelled) throw new KernelError('OSFT-E20');
      const stream = host.stream(name, /** @type {Arguments} */ (args), onStep);
      cancelRunning = stream.cancel;
      return stream.done;
    });
    const done = Promise.race([answered, ended]);
    done.catch(() => {}); // a caller that only cancels need not listen
    return {done, cancel};
  }

  /**
   * Load what is not part of the start. Progress is told through `onStatus`, in bytes.
   * @param {Feature} feature
   * @returns {Promise<void>}
   */
  async load(feature) {
    await this.#life.running([feature]);
  }

  /**
   * Keep a second, started worker at hand, so that Stop takes no time; ask for it while something long runs.
   * @param {boolean} wanted
   */
  spare(wanted) {
    this.#life.spare(wanted);
  }

  /** After a page comes back from the browser's cache: is the worker still there? */
  async ping() {
    const {host} = this.#life;
    // Who waits for a long answer has a limit of his own. What the kernel asks by itself is short, and waits for nobody.
    if (this.status.state !== 'ready' || !host || host.callers.size > this.#life.chores) return;
    const dog = watchdog(PING_LIMIT, () => host.end(new KernelError('OSFT-E24')));
    await host.ask((id) => ({type: 'ping', id})).catch(() => {});
    dog.stop();
  }

  /**
   * Act on the running worker; once more with the whole library, if a module of it was missing.
   * @param {string} name
   * @param {object} args
   * @param {(host: Host) => Promise<Answer>} action
   * @returns {Promise<Answer>}
   */
  async #complete(name, args, action) {
    const life = this.#life;
    life.usedAt = performance.now();
    try {
      return await action(await life.running(featuresFor(name, args)));
    } catch (error) {
      if (asKernelError(error).code !== 'OSFT-E13') throw error;
      return await action(await life.running(['stdlib']));
    } finally {
      life.usedAt = performance.now();
    }
  }

  /**
   * A call of a newest-wins channel took too long.
   * @param {string} limit
   */
  #overrun(limit) {
    const {host} = this.#life;
    // What waits behind a stream or a cell, or for a start, has not been running itself.
    if (host?.callers.size !== 1) return false;
    host.end(new KernelError('OSFT-E21', limit));
    return true;
  }
}

export const kernel = new Kernel();
window.addEventListener('pageshow', (event) => {
  if (event.persisted) kernel.ping();
});
