// Fetches one file and proves that it is the one the build wrote: status, type, length and SHA-256.
// Called by supply.js. Says which file and why when it is not, and how to mend it.

import {fromCopy, fromShelf, offShelf} from './shelf.js';

/** @typedef {import('./protocol.js').Wanted} Wanted */
/** @typedef {{bytes: ArrayBuffer, module: Promise<WebAssembly.Module> | null}} Downloaded */

/** What is kept between visits by this site itself. */
const SHELVED = /^snapshot/;

/** What went wrong, by the code that errors.js explains on the page. */
export class Fault extends Error {
  /**
   * @param {string} code
   * @param {string} detail
   */
  constructor(code, detail) {
    super(detail);
    this.code = code;
  }
}

/** One file, over as many attempts as its caller makes; what has come is not asked for again. */
export class Download {
  /**
   * @param {Wanted} file
   * @param {() => void} progress Told after every chunk.
   */
  constructor(file, progress) {
    this.file = file;
    this.progress = progress;
    this.name = fileName(file.url);
    this.bytes = new Uint8Array(file.bytes);
    this.loaded = 0;
    /** What the server calls this version of the file, if it can send the rest of it. */
    this.version = '';
  }

  /**
   * @param {AbortSignal} signal
   * @param {number} [damaged] How often it came damaged: then it is asked for elsewhere, from the first byte.
   * @returns {Promise<Downloaded>}
   */
  async attempt(signal, damaged = 0) {
    if (damaged || !this.version) this.loaded = 0;
    const response = await this.request(signal, damaged);
    const type = (response.headers.get('content-type') ?? '').split(';')[0].trim().toLowerCase();
    this.checkAnswer(response, type);

    const wasm = this.name.endsWith('.wasm');
    const streamed = wasm && type === 'application/wasm' && this.loaded === 0;
    // Compiled while it comes, and under its own address, where a browser keeps the machine code for the next visit.
    const body = streamed ? response.clone() : response;
    const module = streamed ? WebAssembly.compileStreaming(response) : null;
    module?.catch(() => {}); // its failure is told by the hash below, or by whoever awaits it
    await this.read(body, signal);
    await this.verify();
    return {bytes: this.bytes.buffer, module: module ?? (wasm ? WebAssembly.compile(this.bytes) : null)};
  }

  /**
   * The network's answer or what this machine keeps. An address has the version in it, so what the browser holds is not
   * asked about again, however old.
   * @param {AbortSignal} signal
   * @param {number} damaged
   */
  async request(signal, damaged) {
    const {url} = this.file;
    const kept = await this.kept(damaged);
    if (kept) return kept;
    /** @type {Record<string, string>} */
    const headers = this.loaded ? {Range: `bytes=${this.loaded}-`, 'If-Range': this.version} : {};
    const held = this.loaded ? 'default' : 'force-cache';
    let response;
    let reason = '';
    try {
      response = await fetch(url, {signal, headers, cache: damaged ? 'reload' : held});
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      reason = /** @type {Error} */ (error).message;
    }
    if (!response?.ok) {
      const copy = await fromCopy(url);
      if (copy) {
        this.loaded = 0;
        return copy;
      }
    }
    if (!response) throw new Fault('OSFT-E06', `${this.name} did not come (${reason})`);
    if (response.status !== 206) this.loaded = 0;
    const encoded = response.headers.has('content-encoding');
    this.version = encoded ? '' : (response.headers.get('etag') ?? response.headers.get('last-modified') ?? '');
    return response;
  }

  /**
   * What is looked at before the network: the snapshot of an earlier visit; and once for what came damaged, the offline copy.
   * @param {number} damaged
   */
  async kept(damaged) {
    const {url} = this.file;
    if (!SHELVED.test(this.name)) return damaged === 1 ? fromCopy(url) : undefined;
    if (!damaged) return fromShelf(url);
    await offShelf(url);
    return undefined;
  }

  /**
   * @param {Response} response
   * @param {string} type
   */
  checkAnswer(response, type) {
    if (!response.ok) throw new Fault('OSFT-E02', `${this.name} is missing (the server answered ${response.status})`);
    if (type === 'text/html') {
      throw new Fault('OSFT-E02', `${this.name} is missing (the server answered with a web page in its place)`);
    }
    // Everything else is taken as bytes, but scripts the browser itself refuses under another type.
    if (this.name.endsWith('.mjs') && !/\/(x-)?(java|ecma)script$/.test(type)) {
      throw new Fault('OSFT-E03', `${this.name} must come as text/javascript and comes as ${type || 'nothing at all'}`);
    }
  }

  /**
   * @param {Response} response
   * @param {AbortSignal} signal
   */
  async read(response, signal) {
    const size = this.bytes.length;
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    try {
      for (;;) {
        const {done, value} = await reader.read();
        if (done) break;
        if (this.loaded + value.length > size) {
          throw new Fault('OSFT-E04', `${this.name} is longer than the ${size} bytes it should have`);
        }
        this.bytes.set(value, this.loaded);
        this.loaded += value.length;
        this.progress();
      }
    } catch (error) {
      if (error instanceof Fault) throw error;
      if (signal.aborted) throw signal.reason;
      throw new Fault('OSFT-E06', `${this.name} broke off after ${this.loaded} of ${size} bytes`);
    }
    if (this.loaded < size) throw new Fault('OSFT-E04', `${this.name} has ${this.loaded} of ${size} bytes`);
  }

  async verify() {
    const magic = MAGIC[this.name.slice(this.name.lastIndexOf('.'))] ?? [];
    if (magic.some((byte, index) => this.bytes[index] !== byte)) {
      throw new Fault('OSFT-E04', `${this.name} does not begin as such a file does`);
    }
    // Browsers hash on secure pages only; elsewhere length and first bytes have to do.
    if (!globalThis.crypto?.subtle) return;
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', this.bytes));
    const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    if (found !== this.file.sha256) {
      throw new Fault('OSFT-E04', `${this.name} has another SHA-256 than the one it was built with`);
    }
  }
}

/** The first bytes of a file by its suffix. @type {Record<string, number[]>} */
const MAGIC = {
  '.wasm': [0x00, 0x61, 0x73, 0x6d],
  '.zip': [0x50, 0x4b, 0x03, 0x04],
  '.whl': [0x50, 0x4b, 0x03, 0x04],
  '.pack': [0x1f, 0x8b, 0x08],
};

/** @param {string} url */
function fileName(url) {
  const path = new URL(url).pathname;
  return decodeURIComponent(path.slice(path.lastIndexOf('/') + 1));
}
