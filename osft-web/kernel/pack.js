// Reads a pack: many files in one gzipped body, laid out so that nothing is copied.
// Called by runtime.js in the worker; written by builder/runtime_pack.py.
//
// Inflated, a pack is: the length of the index (uint32, little-endian), the index as UTF-8 JSON
// [[path, length], ...], then the files one after another in that order.

/** @typedef {[path: string, bytes: Uint8Array]} Entry */

/**
 * @param {ArrayBuffer} gzipped
 * @returns {Promise<Entry[]>}
 */
export async function unpack(gzipped) {
  const bytes = await inflate(gzipped);
  const length = new DataView(bytes.buffer).getUint32(0, true);
  /** @type {[string, number][]} */
  const index = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  let offset = 4 + length;
  return index.map(([path, size]) => [path, bytes.subarray(offset, (offset += size))]);
}

/**
 * @param {ArrayBuffer} gzipped
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function inflate(gzipped) {
  const stream = new Response(gzipped).body?.pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
