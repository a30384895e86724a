// The page's end of fetcher.js: asks it for files, hears how far they are, and watches that bytes go on coming.
// Held by life.js for the whole visit; material.js asks it for what a worker starts from.

import {KernelError} from './errors.js';
import {causeOf, openThread} from './thread.js';
import {watchdog} from './watchdog.js';

/** @typedef {import('./protocol.js').FetchReply} FetchReply */
/** @typedef {import('./protocol.js').FetchRequest} FetchRequest */
/** @typedef {import('./protocol.js').Choice} Choice */
/** @typedef {import('./protocol.js').Progress} Progress */
/** @typedef {import('./protocol.js').Tier} Tier */
/** @typedef {import('./protocol.js').Wanted} Wanted */
/** @typedef {import('./plan.js').Listing} Listing */
/** @typedef {{resolve: (found: any) => void, reject: (error: KernelError) => void}} Caller */

/** Seconds of visible time without a byte of anything after which a download counts as stalled. */
const STALL = 20;

export class Depot {
  /**
   * @param {(progress: Progress) => void} report
   * @param {string} build The page's, if a service worker has to know it.
   */
  constructor(report, build) {
    this.report = report;
    this.number = 0;
    /** @type {Map<number, Caller>} */
    this.callers = new Map();
    /** @type {KernelError | null} */
    this.ended = null;
    /** One watch for all: a file that waits for its turn has not stalled. @type {ReturnType<typeof watchdog> | null} */
    this.dog = null;
    this.root = new URL('../generated/', import.meta.url);
    /** The manifest's list. @type {Listing} */
    this.files = {};
    this.worker = openThread('fetcher.js', 'fetcher', build);
    this.worker.onmessage = (event) => this.receive(event.data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.end(new KernelError('OSFT-E08', causeOf(event)));
    };
    const tellNetwork = () => this.worker.postMessage({type: 'network', connected: navigator.onLine});
    tellNetwork();
    for (const change of ['online', 'offline']) addEventListener(change, tellNetwork);
  }

  /**
   * A file of the manifest, at its versioned and absolute URL.
   * @param {string} path
   * @returns {Wanted}
   */
  file(path) {
    const entry = this.files[path];
    if (!entry) throw new KernelError('OSFT-E01', `the list of files names no ${path}`);
    return {url: new URL(`${path}?v=${entry.sha256.slice(0, 12)}`, this.root).href, ...entry};
  }

  /** @param {string} path */
  url(path) {
    return this.file(path).url;
  }

  /**
   * @param {Choice} choice
   * @returns {Promise<Tier>} What to start from.
   */
  async choose(choice) {
    return (await this.ask((id) => ({type: 'choose', id, choice}))).tier;
  }

  /**
   * A copy of a file, which its caller may give away.
   * @param {string} path
   * @returns {Promise<{bytes?: ArrayBuffer, module?: WebAssembly.Module}>}
   */
  async get(path) {
    const file = this.file(path);
    return this.ask((id) => ({type: 'get', id, file}));
  }

  /**
   * Keep a file for the next visit.
   * @param {string} path
   * @returns {Promise<void>}
   */
  async shelve(path) {
    const file = this.file(path);
    await this.ask((id) => ({type: 'shelve', id, file}));
  }

  /** From here on progress speaks of what comes next. */
  startCounting() {
    this.worker.postMessage({type: 'count'});
  }

  /**
   * @param {(id: number) => FetchRequest} compose
   * @returns {Promise<any>}
   */
  ask(compose) {
    return new Promise((resolve, reject) => {
      if (this.ended) {
        reject(this.ended);
        return;
      }
      const id = (this.number += 1);
      this.callers.set(id, {resolve, reject});
      this.worker.postMessage(compose(id));
      this.watch();
    });
  }

  watch() {
    this.dog ??= watchdog(STALL, () => {
      this.dog = null;
      this.worker.postMessage({type: 'stalled', seconds: STALL});
    });
  }

  rest() {
    this.dog?.stop();
    this.dog = null;
  }

  /** @param {FetchReply} reply */
  receive(reply) {
    if (reply.type === 'progress') {
      if (reply.progress.waiting) this.rest();
      else if (this.callers.size) this.watch();
      this.dog?.touch();
      this.report(reply.progress);
      return;
    }
    const caller = this.callers.get(reply.id);
    this.callers.delete(reply.id);
    if (!this.callers.size) this.rest();
    if (reply.type === 'done') caller?.resolve(reply);
    else caller?.reject(new KernelError(reply.code, reply.detail));
  }

  /** @param {KernelError} error */
  end(error) {
    this.ended = error;
    this.rest();
    this.worker.terminate();
    for (const {reject} of this.callers.values()) reject(error);
    this.callers.clear();
  }
}
