// What the page and the Python worker say to each other: message names and their types, no logic.
// Read by client.js, host.js and depot.js on the page, by worker.js and runtime.js in Python's worker, and by fetcher.js in its own.

/** @typedef {number | boolean | string | string[] | null} Scalar */
/** @typedef {Record<string, Scalar | Record<string, Scalar>>} Arguments Scalars and short strings, a parameter a name. */

/** @typedef {{shape: number[], values: Float64Array}} Tensor Row-major. */
/** @typedef {Record<string, number | boolean | string | Tensor | Uint8Array>} Outputs */
/** @typedef {{outputs: Outputs, elapsed: number}} Answer `elapsed` is milliseconds inside Python. */
/** @typedef {{outputs: Outputs, elapsed: number, text: string}} Step Of a stream: outputs, or printed text. */

/** @typedef {'f' | 'i' | 'b' | 't' | 'a' | 'y'} Kind float, integer, flag, text, array, bytes */
/** @typedef {[name: string, kind: Kind, shape: number[], offset: number]} Field */
/** @typedef {{fields: Field[], texts: Record<string, string>, length: number, done: boolean}} Header */
/** @typedef {{code: string, message: string, field: string, traceback: string}} ErrorDetails */

/** @typedef {'stock' | 'fast' | 'snapshot'} Tier */
/** @typedef {'scipy' | 'matplotlib' | 'stdlib' | 'transformer'} Feature */
/** @typedef {{python: string, numpy: string, pyodide: string}} Versions */

/**
 * How a worker is to start. URLs are absolute. The bytes behind them are fetched and checked
 * elsewhere, and follow in `file` and `module` messages as they come.
 * @typedef {object} Plan
 * @property {Tier} tier
 * @property {string} loader URL of pyodide.mjs, imported by the worker itself once its `file` message says it is whole.
 * @property {string} glue URL of pyodide.asm.mjs, likewise.
 * @property {string} wasm URL of pyodide.asm.wasm, which comes as a compiled module or as bytes.
 * @property {string} base The folder that Pyodide takes as its own.
 * @property {string} library URL of the zip of the standard library.
 * @property {string[]} packs URLs of packs, written to the file system before Python starts.
 * @property {string} python URL of the zip of py/, or '' where a pack carries it.
 * @property {string} snapshot URL of a recorded interpreter that takes the place of a start, or ''.
 * @property {string} header What Pyodide has to be told of the snapshot beforehand, base64.
 * @property {string} fingerprint What `explorer.selfcheck` must find after a restore.
 * @property {object} lock Pyodide's package lock, cut to what is vendored.
 * @property {string[]} packages What Pyodide itself loads from `lock` while it starts.
 * @property {Record<string, string>} wheels File name -> URL, of every wheel that `lock` names.
 */

/**
 * What is added to a running interpreter. Packs and data are URLs; their `file` messages come first.
 * @typedef {object} Addition
 * @property {string[]} packages Names in the lock.
 * @property {string[]} packs
 * @property {Record<string, string>} data Path in Python's file system -> URL.
 * @property {string[]} imports What must be importable afterwards.
 */

/**
 * From the page to the worker.
 * @typedef {{type: 'prepare', scripts: string[]}
 *   | {type: 'boot', plan: Plan}
 *   | {type: 'file', url: string, bytes: ArrayBuffer}
 *   | {type: 'module', url: string, module: WebAssembly.Module}
 *   | {type: 'call', id: number, name: string, arguments: Arguments}
 *   | {type: 'stream', id: number, name: string, arguments: Arguments}
 *   | {type: 'cancel', id: number}
 *   | {type: 'install', id: number, addition: Addition}
 *   | {type: 'prove', id: number}
 *   | {type: 'warm', id: number}
 *   | {type: 'ping', id: number}} Request
 */

/**
 * From the worker to the page. `key` names a header that the page keeps; `header` is null while the
 * kept one holds. `done` answers `install`, `prove`, `ping`, `cancel` and `warm`, and says of the last whether there is more to warm.
 * @typedef {{type: 'stage', stage: string}
 *   | {type: 'ready', versions: Versions}
 *   | {type: 'failed', code: string, detail: string}
 *   | {type: 'answer', id: number, key: string, header: Header | null, values: Float64Array, elapsed: number}
 *   | {type: 'text', id: number, text: string}
 *   | {type: 'error', id: number, error: ErrorDetails}
 *   | {type: 'done', id: number, more?: boolean}
 *   | {type: 'dead', detail: string}} Reply
 */

/** @typedef {{loaded: number, total: number, waiting: boolean}} Progress Bytes; `waiting` for the network to come back. */

/** @typedef {{url: string, bytes: number, sha256: string}} Wanted A file as the build wrote it. */

/**
 * What to choose a way of starting by.
 * @typedef {object} Choice
 * @property {Tier[]} tiers What this build has.
 * @property {Wanted[]} start What each of them needs, the smallest first.
 * @property {Wanted | null} snapshot
 * @property {string} asked `?tier=` of the page's address, or ''.
 * @property {boolean} careful Whether a snapshot has failed in this visit.
 * @property {boolean} thrifty Whether the reader would rather not have megabytes that nobody asked for.
 */

/**
 * From the page to the worker that fetches.
 * @typedef {{type: 'choose', id: number, choice: Choice}
 *   | {type: 'get', id: number, file: Wanted}
 *   | {type: 'shelve', id: number, file: Wanted}
 *   | {type: 'count'}
 *   | {type: 'network', connected: boolean}
 *   | {type: 'stalled', seconds: number}} FetchRequest
 */

/**
 * From the worker that fetches to the page. `done` answers `choose` with a tier, and `get` with the bytes or, if the browser
 * can, the compiled module.
 * @typedef {{type: 'progress', progress: Progress}
 *   | {type: 'done', id: number, tier?: Tier, bytes?: ArrayBuffer, module?: WebAssembly.Module}
 *   | {type: 'error', id: number, code: string, detail: string}} FetchReply
 */

/**
 * What the page shows about Python. `loaded` and `total` are bytes; `feature` is what is loading on demand.
 * @typedef {{state: 'off' | 'booting' | 'ready' | 'failed', stage: string, loaded: number, total: number,
 *   feature: Feature | '', code: string, message: string, details: string, tier: Tier | '', versions: Versions | null}} Status
 */

export {};
