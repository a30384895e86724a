// Fetches one file and proves that it is the one the build wrote: status, type, length and SHA-256.
// Called by supply.js. Says which file and why when it is not, and how to mend it.

import {KernelError} from './errors.js';

/** @typedef {{bytes: number, sha256: string}} Expected */
/** @typedef {{bytes: ArrayBuffer, module: Promise<WebAssembly.Module> | null}} Downloaded */

/**
 * @param {string} url
 * @param {Expected} expected
 * @param {{signal: AbortSignal, fresh?: boolean, loaded: (bytes: number) => void}} options `fresh` goes past the cache.
 * @returns {Promise<Downloaded>}
 */
export async function download(url, expected, {signal, fresh = false, loaded}) {
  const name = fileName(url);
  /** @type {Response} */
  let response;
  try {
    response = await fetch(url, {signal, cache: fresh ? 'reload' : 'default'});
  } catch (error) {
    throw signal.aborted ? signal.reason : new KernelError('OSFT-E06', `${name} did not come (${/** @type {Error} */ (error).message})`);
  }
  const type = (response.headers.get('content-type') ?? '').split(';')[0].trim().toLowerCase();
  if (!response.ok) throw new KernelError('OSFT-E02', `${name} is missing (the server answered ${response.status})`);
  if (type === 'text/html') throw new KernelError('OSFT-E02', `${name} is missing (the server answered with a web page in its place)`);
  if (name.endsWith('.mjs') && !/\/(x-)?(java|ecma)script$/.test(type)) {
    throw new KernelError('OSFT-E03', `${name} must come as text/javascript and comes as ${type || 'nothing at all'}`);
  }

  // The compiler takes the response itself, because only then can the browser keep compiled code in its cache.
  const wasm = name.endsWith('.wasm');
  const streamed = wasm && type === 'application/wasm';
  const body = streamed ? response.clone() : response;
  const module = streamed ? WebAssembly.compileStreaming(response) : null;
  module?.catch(() => {}); // its failure is told below, by the hash, or by whoever awaits it
  const bytes = await read(body, expected.bytes, name, signal, loaded);
  await verify(bytes, expected, name);
  return {bytes, module: module ?? (wasm ? WebAssembly.compile(bytes) : null)};
}

/**
 * @param {Response} response
 * @param {number} size
 * @param {string} name
 * @param {AbortSignal} signal
 * @param {(bytes: number) => void} loaded
 * @returns {Promise<ArrayBuffer>}
 */
async function read(response, size, name, signal, loaded) {
  const bytes = new Uint8Array(size);
  let length = 0;
  try {
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    for (;;) {
      const {done, value} = await reader.read();
      if (done) break;
      if (length + value.length > size) throw new KernelError('OSFT-E04', `${name} is longer than the ${size} bytes it should have`);
      bytes.set(value, length);
      length += value.length;
      loaded(length);
    }
  } catch (error) {
    if (error instanceof KernelError) throw error;
    throw signal.aborted ? signal.reason : new KernelError('OSFT-E06', `${name} broke off after ${length} of ${size} bytes`);
  }
  if (length < size) throw new KernelError('OSFT-E04', `${name} has ${length} of ${size} bytes`);
  return bytes.buffer;
}

/**
 * @param {ArrayBuffer} bytes
 * @param {Expected} expected
 * @param {string} name
 */
async function verify(bytes, expected, name) {
  const magic = MAGIC[name.slice(name.lastIndexOf('.'))];
  const first = [...new Uint8Array(bytes, 0, Math.min(4, bytes.byteLength))];
  if (magic && magic.some((byte, index) => first[index] !== byte)) {
    throw new KernelError('OSFT-E04', `${name} does not begin as such a file does`);
  }
  // Browsers offer hashes on secure pages only; elsewhere length and first bytes have to do.
  if (!globalThis.crypto?.subtle) return;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (found !== expected.sha256) throw new KernelError('OSFT-E04', `${name} has another SHA-256 than the one it was built with`);
}

/** @type {Record<string, number[]>} */
const MAGIC = {
  '.wasm': [0x00, 0x61, 0x73, 0x6d],
  '.zip': [0x50, 0x4b, 0x03, 0x04],
  '.whl': [0x50, 0x4b, 0x03, 0x04],
  '.pack': [0x1f, 0x8b, 0x08],
};

/** @param {string} url */
export function fileName(url) {
  const path = new URL(url).pathname;
  return decodeURIComponent(path.slice(path.lastIndexOf('/') + 1));
}
