// What code that runs in the worker may reach of JavaScript: arithmetic and data, no network, no page.
// Called by runtime.js. The page's Content-Security-Policy is the first wall; this is the second.

/** Of the global scope, what Python sees as `import js`; Pyodide's own Python needs the last line. */
const OFFERED = [
  'Array',
  'ArrayBuffer',
  'BigInt',
  'Boolean',
  'DataView',
  'Date',
  'Error',
  'Float32Array',
  'Float64Array',
  'Int8Array',
  'Int16Array',
  'Int32Array',
  'JSON',
  'Map',
  'Math',
  'Number',
  'Object',
  'Promise',
  'RangeError',
  'Set',
  'String',
  'Symbol',
  'TypeError',
  'Uint8Array',
  'Uint8ClampedArray',
  'Uint16Array',
  'Uint32Array',
  'URL',
  'AbortController',
  'AbortSignal',
  'clearTimeout',
  'performance',
  'setTimeout',
  'TextDecoder',
  'TextEncoder',
];

/** Of the worker's scope, what is of use to code that wants out, and to nothing else here. */
const CLOSED = [
  'BroadcastChannel',
  'EventSource',
  'FileReaderSync',
  'Notification',
  'SharedWorker',
  'WebSocket',
  'WebSocketStream',
  'WebTransport',
  'Worker',
  'XMLHttpRequest',
  'caches',
  'cookieStore',
  'importScripts',
  'indexedDB',
  'locks',
];

/** @returns {Record<string, unknown>} */
export function offered() {
  const scope = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (globalThis));
  const found = Object.fromEntries(OFFERED.filter((name) => name in scope).map((name) => [name, scope[name]]));
  return {
    ...found,
    clearTimeout: (/** @type {number} */ timer) => clearTimeout(timer),
    setTimeout: (/** @type {unknown} */ action, /** @type {number} */ delay, /** @type {unknown[]} */ ...given) => {
      if (typeof action !== 'function') throw new TypeError('setTimeout takes a function, and evaluates no text.');
      return setTimeout(/** @type {() => void} */ (action), delay, ...given);
    },
  };
}

/** Close the ways out of the worker, once Pyodide has started. */
export function confine() {
  for (const name of CLOSED) {
    if (name in globalThis) Object.defineProperty(globalThis, name, {value: undefined, configurable: false});
  }
}
