// Fetches what the Python workers need, once a visit, and keeps it, so that a restart downloads nothing.
// Used by fetcher.js in its worker. Tries again past the cache, waits while offline, and counts bytes for the progress line.

import {Download, Fault} from './download.js';
import {toShelf} from './shelf.js';

/** @typedef {import('./download.js').Downloaded} Downloaded */
/** @typedef {import('./protocol.js').Progress} Progress */
/** @typedef {import('./protocol.js').Wanted} Wanted */

const ATTEMPTS = 3;
/** Milliseconds before a server that could not be reached is asked again. */
const REST = 500;

export class Supply {
  /** @param {(progress: Progress) => void} report */
  constructor(report) {
    this.report = report;
    /** By versioned URL. @type {Map<string, Promise<Downloaded>>} */
    this.kept = new Map();
    /** @type {Set<Download>} */
    this.counted = new Set();
    /** What is under way. @type {Set<AbortController>} */
    this.active = new Set();
    this.connected = true;
    /** Who waits for the network. @type {(() => void)[]} */
    this.held = [];
    this.waiting = false;
    this.scheduled = false;
    /** @type {{bytes: number, resolve: () => void}[]} */
    this.milestones = [];
  }

  /**
   * @param {Wanted} file
   * @returns {Promise<Downloaded>}
   */
  get(file) {
    let promise = this.kept.get(file.url);
    if (!promise) {
      promise = this.fetch(file);
      this.kept.set(file.url, promise);
      promise.catch(() => this.kept.delete(file.url)); // the next start tries afresh
    }
    return promise;
  }

  /**
   * @param {Wanted} file
   * @returns {Promise<Downloaded>}
   */
  async fetch(file) {
    const download = new Download(file, () => this.progressed());
    this.counted.add(download);
    let failed = 0;
    let damaged = 0;
    for (;;) {
      const abort = new AbortController();
      this.active.add(abort);
      try {
        return await download.attempt(abort.signal, damaged);
      } catch (error) {
        const code = error instanceof Fault ? error.code : '';
        if (code === 'OSFT-E06' && !this.connected) {
          await this.online();
          continue;
        }
        failed += 1;
        if (code === 'OSFT-E04') damaged += 1; // it may be the cache's
        if (failed === ATTEMPTS || (code !== 'OSFT-E04' && code !== 'OSFT-E06')) {
          this.counted.delete(download);
          throw error;
        }
        if (code === 'OSFT-E06') await new Promise((resolve) => setTimeout(resolve, REST));
      } finally {
        this.active.delete(abort);
      }
    }
  }

  /**
   * Give up what is under way: no byte has come for this long.
   * @param {number} seconds
   */
  abandon(seconds) {
    const {loaded, total} = this.count();
    const reason = new Fault('OSFT-E05', `no byte came for ${seconds} seconds, after ${megabytes(loaded)} of ${megabytes(total)} MB`);
    for (const waiting of this.active) waiting.abort(reason);
  }

  /**
   * What the browser says of the network. Only after a failure does it count: it knows nothing of a server on this machine.
   * @param {boolean} connected
   */
  network(connected) {
    this.connected = connected;
    if (connected) for (const resume of this.held.splice(0)) resume();
  }

  /** Until the network is back. */
  async online() {
    this.waiting = true;
    this.tell();
    await /** @type {Promise<void>} */ (new Promise((resolve) => this.held.push(resolve)));
    this.waiting = false;
    this.tell();
  }

  progressed() {
    this.pass();
    if (this.scheduled) return;
    this.scheduled = true;
    // A few times a second is enough; hundreds of chunks come in one.
    setTimeout(() => {
      this.scheduled = false;
      this.tell();
    }, 50);
  }

  tell() {
    this.report({...this.count(), waiting: this.waiting});
  }

  /**
   * Settles once this many bytes have come.
   * @param {number} bytes
   * @returns {Promise<void>}
   */
  reached(bytes) {
    return new Promise((resolve) => {
      this.milestones.push({bytes, resolve});
      this.pass();
    });
  }

  pass() {
    if (!this.milestones.length) return;
    const {loaded} = this.count();
    this.milestones = this.milestones.filter(({bytes, resolve}) => {
      if (loaded < bytes) return true;
      resolve();
      return false;
    });
  }

  count() {
    let loaded = 0;
    let total = 0;
    for (const download of this.counted) {
      loaded += download.loaded;
      total += download.file.bytes;
    }
    return {loaded, total};
  }

  /**
   * Keep the snapshot for the next visit.
   * @param {Wanted} file
   */
  async shelve(file) {
    await toShelf(file.url, (await this.get(file)).bytes);
  }

  /** Forget what has come, so that progress speaks of what comes next. */
  startCounting() {
    for (const download of this.counted) {
      if (download.loaded === download.file.bytes) this.counted.delete(download);
    }
  }
}

/** @param {number} bytes */
function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}
