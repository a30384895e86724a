// Fetches what the workers need, once a visit, keeps it, and hands it to every worker that starts.
// Called by client.js. Retries past the cache, waits while offline, and counts bytes for the progress line.

import {download} from './download.js';
import {KernelError} from './errors.js';
import {watchdog} from './watchdog.js';

/** @typedef {import('./download.js').Downloaded} Downloaded */
/** @typedef {{loaded: number, total: number, waiting: boolean}} Progress */

const STALL = 20;
const ATTEMPTS = 3;

export class Supply {
  /**
   * @param {URL} root Where the manifest lies.
   * @param {Record<string, {bytes: number, sha256: string}>} files The manifest's list.
   * @param {(progress: Progress) => void} report
   * @param {Map<string, Promise<Downloaded>>} [kept] What an earlier supply of this visit holds, by versioned URL.
   */
  constructor(root, files, report, kept = new Map()) {
    this.root = root;
    this.files = files;
    this.report = report;
    this.kept = kept;
    /** Bytes so far of what is under way, by URL. @type {Map<string, {loaded: number, total: number}>} */
    this.counts = new Map();
    this.waiting = false;
    this.scheduled = false;
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
      promise.catch(() => this.kept.delete(url)); // the next attempt starts afresh
    }
    return promise;
  }

  /**
   * @param {string} url
   * @param {{bytes: number, sha256: string}} expected
   * @returns {Promise<Downloaded>}
   */
  async fetch(url, expected) {
    const count = {loaded: 0, total: expected.bytes};
    this.counts.set(url, count);
    for (let attempt = 1; ; attempt += 1) {
      const abort = new AbortController();
      const dog = watchdog(STALL, () => abort.abort(new KernelError('OSFT-E05', `no byte came for ${STALL} seconds`)));
      const loaded = (/** @type {number} */ bytes) => {
        dog.touch();
        count.loaded = bytes;
        this.tell();
      };
      try {
        return await download(url, expected, {signal: abort.signal, fresh: attempt > 1, loaded});
      } catch (error) {
        const code = error instanceof KernelError ? error.code : '';
        if (code === 'OSFT-E06' && !navigator.onLine) {
          dog.stop();
          await this.online();
          attempt -= 1;
        } else if (attempt >= ATTEMPTS || !['OSFT-E04', 'OSFT-E06'].includes(code)) {
          throw error;
        }
        count.loaded = 0;
      } finally {
        dog.stop();
      }
    }
  }

  /** Until the browser says that it is online again. */
  async online() {
    this.waiting = true;
    this.tell();
    await new Promise((resolve) => addEventListener('online', resolve, {once: true}));
    this.waiting = false;
    this.tell();
  }

  /** Forget what has come, so that progress speaks of what comes next. */
  startCounting() {
    for (const [url, {loaded, total}] of this.counts) {
      if (loaded === total) this.counts.delete(url);
    }
  }

  /** Report a few times a second: hundreds of chunks come in one. */
  tell() {
    if (this.scheduled) return;
    this.scheduled = true;
    setTimeout(() => {
      this.scheduled = false;
      let loaded = 0;
      let total = 0;
      for (const count of this.counts.values()) {
        loaded += count.loaded;
        total += count.total;
      }
      this.report({loaded, total, waiting: this.waiting});
    }, 50);
  }
}
