// Fetches what the workers need, once a visit, and keeps it, so that a restart downloads nothing.
// Called by client.js. Tries again past the cache, waits while offline, and counts bytes for the progress line.

import {Download} from './download.js';
import {KernelError} from './errors.js';
import {toShelf} from './shelf.js';
import {watchdog} from './watchdog.js';

/** @typedef {import('./download.js').Downloaded} Downloaded */
/** @typedef {import('./download.js').Expected} Expected */
/** @typedef {{loaded: number, total: number, waiting: boolean}} Progress */

/** Seconds of visible time without a byte of anything after which a download counts as stalled. */
const STALL = 20;
const ATTEMPTS = 3;

export class Supply {
  /**
   * @param {URL} root Where the manifest lies.
   * @param {Record<string, Expected>} files The manifest's list.
   * @param {(progress: Progress) => void} report
   * @param {Map<string, Promise<Downloaded>>} [kept] What an earlier supply of this visit holds, by versioned URL.
   */
  constructor(root, files, report, kept = new Map()) {
    this.root = root;
    this.files = files;
    this.report = report;
    this.kept = kept;
    /** @type {Set<Download>} */
    this.counted = new Set();
    /** What is under way. One watch for all: a file that waits for its turn has not stalled. @type {Set<AbortController>} */
    this.active = new Set();
    /** @type {ReturnType<typeof watchdog> | null} */
    this.dog = null;
    this.waiting = false;
    this.scheduled = false;
    /** @type {{bytes: number, resolve: () => void}[]} */
    this.milestones = [];
  }

  /**
   * The versioned, absolute URL of a file of the manifest.
   * @param {string} path
   */
  url(path) {
    const entry = this.files[path];
    if (!entry) throw new KernelError('OSFT-E01', `the list of files names no ${path}`);
    return new URL(`${path}?v=${entry.sha256.slice(0, 12)}`, this.root).href;
  }

  /**
   * @param {string} path
   * @returns {Promise<Downloaded>}
   */
  get(path) {
    const url = this.url(path);
    let promise = this.kept.get(url);
    if (!promise) {
      promise = this.fetch(url, this.files[path]);
      this.kept.set(url, promise);
      promise.catch(() => this.kept.delete(url)); // the next start tries afresh
    }
    return promise;
  }

  /**
   * @param {string} url
   * @param {Expected} expected
   * @returns {Promise<Downloaded>}
   */
  async fetch(url, expected) {
    const download = new Download(url, expected, () => this.progressed());
    this.counted.add(download);
    let failed = 0;
    let fresh = false;
    for (;;) {
      const abort = this.watch();
      try {
        return await download.attempt(abort.signal, fresh);
      } catch (error) {
        const code = error instanceof KernelError ? error.code : '';
        const offline = code === 'OSFT-E06' && !navigator.onLine;
        if (offline) {
          this.unwatch(abort);
          await this.online();
        } else {
          failed += 1;
          fresh = code === 'OSFT-E04'; // a damaged copy may be the cache's
          if (failed >= ATTEMPTS || (code !== 'OSFT-E04' && code !== 'OSFT-E06')) throw error;
        }
      } finally {
        this.unwatch(abort);
      }
    }
  }

  watch() {
    const abort = new AbortController();
    this.active.add(abort);
    this.dog ??= watchdog(STALL, () => {
      const {loaded, total} = this.count();
      const reason = new KernelError('OSFT-E05', `no byte came for ${STALL} seconds, after ${megabytes(loaded)} of ${megabytes(total)} MB`);
      for (const waiting of this.active) waiting.abort(reason);
    });
    return abort;
  }

  /** @param {AbortController} abort */
  unwatch(abort) {
    this.active.delete(abort);
    if (this.active.size) return;
    this.dog?.stop();
    this.dog = null;
  }

  /** Until the browser says that it is online again. */
  async online() {
    this.waiting = true;
    this.tell();
    await new Promise((resolve) => addEventListener('online', resolve, {once: true}));
    this.waiting = false;
    this.tell();
  }

  progressed() {
    this.dog?.touch();
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
      total += download.expected.bytes;
    }
    return {loaded, total};
  }

  /**
   * Keep the snapshot for the next visit.
   * @param {string} path
   */
  async shelve(path) {
    await toShelf(this.url(path), (await this.get(path)).bytes);
  }

  /** Forget what has come, so that progress speaks of what comes next. */
  startCounting() {
    for (const download of this.counted) {
      if (download.loaded === download.expected.bytes) this.counted.delete(download);
    }
  }
}

/** @param {number} bytes */
function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}
