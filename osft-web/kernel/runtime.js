// Starts Pyodide inside the worker from bytes that the page has fetched and checked.
// Called by worker.js alone. The worker itself asks the network for two scripts and nothing else.

import {confine, offered} from './confine.js';
import {unpack} from './pack.js';
import {readSnapshot, restore} from './snapshot.js';

/** @typedef {import('./protocol.js').Plan} Plan */
/** @typedef {import('./protocol.js').Versions} Versions */

/**
 * What worker.js holds of Python for the whole visit.
 * @typedef {object} Python
 * @property {(name: string, args: string) => string} invoke
 * @property {(name: string, args: string) => number} begin
 * @property {(handle: number) => string} advance
 * @property {(handle: number) => void} drop
 * @property {() => boolean} warm Practises a page for a moment; false when that has been done enough.
 * @property {() => Float64Array} values A copy of the arena up to the last answer's length.
 * @property {() => void} prove Throws if a restored interpreter does not compute what an ordinary one does.
 * @property {Versions} versions
 * @property {any} pyodide
 */

/** Where the explorer's own code lies on every tier. */
const PYTHON = '/lib/py';
/** Comes with the rest of the library: the documentation that its quick start goes without. */
const DOCSTRINGS = '/lib/docstrings.json';
/** Asked for where packs carry the standard library file by file; answered with a zip of nothing. */
const EMPTY = 'empty:';

/** Milliseconds after which the first answer has imported what it needs. */
const SETTLED = 1000;
/** Milliseconds before a script is asked for again. */
const REST = 500;

/** URL -> its bytes or compiled module, promised before they come. @type {Map<string, PromiseWithResolvers<any>>} */
const supplies = new Map();

/** @param {string} url */
function supply(url) {
  let entry = supplies.get(url);
  if (!entry) {
    let resolve = /** @type {(value: any) => void} */ (() => {});
    let reject = /** @type {(reason: any) => void} */ (() => {});
    const promise = new Promise((yes, no) => ([resolve, reject] = [yes, no]));
    entry = {promise, resolve, reject};
    supplies.set(url, entry);
  }
  return entry;
}

/**
 * Take over one file from the page.
 * @param {string} url
 * @param {ArrayBuffer | WebAssembly.Module} content
 */
export function receive(url, content) {
  supply(url).resolve(content);
}

/**
 * @param {Plan} plan
 * @param {{stage: (name: string) => void, text: (handle: number, text: string) => void, dead: (detail: string) => void}} tell
 * @returns {Promise<Python>}
 */
export async function boot(plan, tell) {
  // All at once: the packs are inflated while the scripts are parsed and the module is compiled.
  const scripts = Promise.all([plan.loader, plan.glue].map(importChecked));
  const packs = plan.packs.map(async (url) => unpack(await supply(url).promise));
  for (const pack of packs) pack.catch(() => {}); // told by fsInit, which awaits it
  const snapshot = plan.snapshot ? supply(plan.snapshot).promise.then(unpack).then(readSnapshot) : null;
  snapshot?.catch(() => {}); // told where it is put back
  const broken = answerFetches(plan);
  const [{loadPyodide}, {default: createModule}] = await scripts;
  tell.stage('start');

  const loading = loadPyodide({
    indexURL: plan.base,
    stdLibURL: plan.library || EMPTY,
    lockFileContents: plan.lock,
    packageBaseUrl: plan.base,
    packages: plan.packages,
    jsglobals: offered(),
    createPyodideModule: async (/** @type {any} */ settings) => {
      const lift = keepSmallModules();
      const module = await createModule(settings);
      lift();
      if (snapshot) restore(module, await snapshot);
      return module;
    },
    // Of the snapshot itself Pyodide is given the header alone; the memory is in place by then.
    ...(snapshot ? {_loadSnapshot: Uint8Array.from(atob(plan.header), (letter) => letter.charCodeAt(0))} : {}),
    fsInit: async (/** @type {any} */ files, /** @type {any} */ places) => {
      for (const pack of packs) await writePack(files, await pack, places.sitePackages);
    },
    stdout: () => {},
    stderr: () => {},
  });
  const pyodide = await Promise.race([loading, broken]);
  pyodide._api.on_fatal = (/** @type {any} */ error) => tell.dead(String(error?.message ?? error));
  confine();

  tell.stage('import');
  // What is imported stays: to look for garbage in it while it grows would take a thirtieth of the start.
  const garbage = pyodide.pyimport('gc');
  garbage.disable();
  // A wheel that Pyodide could not load raises nothing there, so presence is proved here.
  const numpy = attempt('OSFT-E10', () => pyodide.pyimport('numpy'));
  if (plan.python) pyodide.unpackArchive(await supply(plan.python).promise, 'zip', {extractDir: PYTHON});
  pyodide.pyimport('sys').path.append(PYTHON);
  if (snapshot) {
    prove(pyodide, plan.fingerprint, false);
    // A generator in the memory has the state of the machine that recorded it; NumPy's own is not part of a start.
    pyodide.pyimport('sys').modules.get('random')?.seed();
  }
  const bridge = attempt('OSFT-E11', () => pyodide.pyimport('explorer.bridge'));
  bridge.listen(tell.text);
  supplies.clear();
  setTimeout(() => {
    garbage.freeze();
    garbage.enable();
  }, SETTLED);
  const versions = {python: pyodide.pyimport('sys').version.split(' ')[0], numpy: numpy.__version__, pyodide: pyodide.version};
  return {...handles(pyodide, bridge), prove: () => snapshot && prove(pyodide, plan.fingerprint, true), versions, pyodide};
}

/**
 * A restored interpreter has to compute what an ordinary one does.
 * @param {any} pyodide
 * @param {string} fingerprints Of the quick part of the check, and of the whole.
 * @param {boolean} whole
 */
function prove(pyodide, fingerprints, whole) {
  const [part, all] = fingerprints.split(' ');
  const found = pyodide.pyimport('explorer.selfcheck').fingerprint.callKwargs({whole});
  const right = whole ? all : part;
  if (found !== right) throw Object.assign(new Error(`${found} where ${right} is right`), {code: 'OSFT-E15'});
}

/** URL of a script -> its module, promised. @type {Map<string, Promise<any>>} */
const imported = new Map();

/**
 * Import a script once the page has found it whole; by then it comes from the browser's cache.
 * @param {string} url
 */
function importChecked(url) {
  let module = imported.get(url);
  if (!module) {
    module = supply(url).promise.then(() => import(url)).catch((error) => importOnline(url, error));
    imported.set(url, module);
    module.catch(() => {}); // told by whoever awaits it
  }
  return module;
}

/**
 * A script that was whole and whose import the network has missed, when that is back.
 * @param {string} url
 * @param {unknown} error
 */
async function importOnline(url, error) {
  for (let attempt = 1; !navigator.onLine; attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, REST));
    try {
      return await import(`${url}&attempt=${attempt}`); // a browser keeps a failure under the address that failed
    } catch {
      // Once more, as long as the browser knows of no network.
    }
  }
  throw error;
}

/**
 * Begin with scripts that every start needs, while the page still decides about the rest.
 * @param {string[]} urls
 */
export function prepare(urls) {
  urls.forEach(importChecked);
}

/**
 * The functions that are called for every answer, fetched once.
 * @param {any} pyodide
 * @param {any} bridge
 */
function handles(pyodide, bridge) {
  const {invoke, begin, advance, drop, arena_address: address, last_length: length} = bridge;
  /** Not part of the start: its turns come when the reader reads. @type {(() => boolean) | undefined} */
  let warm;
  return {
    invoke,
    begin,
    advance,
    drop,
    warm: () => (warm ??= /** @type {() => boolean} */ (pyodide.pyimport('explorer.warming').warm))(),
    // The memory's buffer changes when it grows, so the view is made anew.
    values: () => new Float64Array(pyodide._module.HEAP8.buffer, address(), length()).slice(),
  };
}

/**
 * Answer every fetch of Pyodide from what the page sends; anything else is refused.
 * @param {Plan} plan
 * @returns {Promise<never>} Rejects when the module cannot be instantiated, of which Pyodide itself says nothing.
 */
function answerFetches(plan) {
  globalThis.fetch = async (input) => {
    const asked = input instanceof Request ? input.url : String(input);
    if (asked === `${plan.base}pyodide.asm.wasm`) return new Response();
    if (asked === EMPTY) return new Response(new Uint8Array([0x50, 0x4b, 5, 6, ...new Array(18).fill(0)]));
    const url = plan.wheels[decodeURIComponent(asked.slice(asked.lastIndexOf('/') + 1))] ?? asked;
    if (url !== plan.library && !Object.values(plan.wheels).includes(url)) {
      throw new TypeError('Code that runs in this worker may not use the network.');
    }
    return new Response(await supply(url).promise);
  };
  return new Promise((_, reject) => {
    WebAssembly.instantiateStreaming = async (/** @type {unknown} */ _response, /** @type {WebAssembly.Imports | undefined} */ imports) => {
      try {
        /** @type {ArrayBuffer | WebAssembly.Module} */
        const sent = await supply(plan.wasm).promise;
        const module = sent instanceof ArrayBuffer ? await WebAssembly.compile(sent) : sent;
        return {module, instance: await WebAssembly.instantiate(module, imports)};
      } catch (error) {
        reject(error);
        throw error;
      }
    };
  });
}

/**
 * While Emscripten starts it makes a module for each of some 260 functions, of which there are some thirty kinds: compile
 * one of each kind.
 * @returns {() => void} Ends it.
 */
function keepSmallModules() {
  const {Module} = WebAssembly;
  /** @type {Map<string, WebAssembly.Module>} */
  const kinds = new Map();
  WebAssembly.Module = new Proxy(Module, {
    construct(_, [bytes]) {
      if (bytes.length > 100) return new Module(bytes);
      const kind = String(bytes);
      const module = kinds.get(kind) ?? new Module(bytes);
      kinds.set(kind, module);
      return module;
    },
  });
  return () => { WebAssembly.Module = Module; };
}

/**
 * Write the files of a pack. Paths are relative to site-packages unless they begin with a slash.
 * @param {any} files Emscripten's file system.
 * @param {import('./pack.js').Entry[]} entries
 * @param {string} site
 */
function writePack(files, entries, site) {
  const made = new Set();
  for (const [path, bytes] of entries) {
    const target = path.startsWith('/') ? path : `${site}/${path}`;
    const folder = target.slice(0, target.lastIndexOf('/'));
    if (!made.has(folder)) {
      files.mkdirTree(folder);
      made.add(folder);
    }
    files.writeFile(target, bytes, {canOwn: true});
  }
}

/**
 * Do it or fail with this code. Of a Python traceback the last line says what happened.
 * @template T
 * @param {string} code
 * @param {() => T} action
 * @param {string} [known] What is known of the cause.
 * @returns {T}
 */
function attempt(code, action, known = '') {
  try {
    return action();
  } catch (error) {
    const lines = String(/** @type {any} */ (error)?.message ?? error).split('\n');
    const last = lines.findLast((line) => /^[\w.]+(Error|Exception)\b/.test(line)) ?? lines[0];
    throw Object.assign(new Error(known || last), {code});
  }
}

/**
 * Add to the running interpreter, and prove that what was added can be imported.
 * @param {Python} python
 * @param {import('./protocol.js').Addition} addition
 */
export async function install({pyodide}, {packages, packs, data, imports}) {
  for (const url of packs) writePack(pyodide.FS, await unpack(await supply(url).promise), pyodide._api.sitePackages);
  for (const [path, url] of Object.entries(data)) {
    pyodide.FS.mkdirTree(path.slice(0, path.lastIndexOf('/')) || '/');
    pyodide.FS.writeFile(path, new Uint8Array(await supply(url).promise));
  }
  if (pyodide.FS.analyzePath(DOCSTRINGS).exists) {
    pyodide.pyimport('explorer.docstrings').restore(DOCSTRINGS);
    pyodide.FS.unlink(DOCSTRINGS);
  }
  /** @type {string[]} */
  const complaints = [];
  if (packages.length) {
    const options = {messageCallback: () => {}, errorCallback: (/** @type {string} */ text) => complaints.push(text)};
    await pyodide.loadPackage(packages, options);
  }
  // Data alone adds no module, and the function itself needs a part of the library that may come later.
  if (packs.length || packages.length) pyodide.pyimport('importlib').invalidate_caches();
  for (const name of imports) {
    attempt('OSFT-E12', () => pyodide.pyimport(name).destroy(), complaints.join(' '));
  }
  supplies.clear();
}
