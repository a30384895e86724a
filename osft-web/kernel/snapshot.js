// Puts a recorded interpreter back into memory, in place of starting one.
// Called by runtime.js in the worker and, at build time, by builder/node_snapshot.mjs, which records.
//
// Pyodide can save and load its linear memory, but what lies outside of it is lost: the dynamic
// libraries of NumPy, their places in the function table and the table of their symbols. Here they
// are put back first, at the places that pointers in the memory expect, with what the Emscripten
// module exposes. Anything unexpected throws before the interpreter has run, and the caller starts
// it in the ordinary way instead.

/**
 * @typedef {object} Library
 * @property {string} name Its path in the file system.
 * @property {string} file Its entry in the pack.
 * @property {number} handle Address of the record of the dynamic linker.
 * @property {number} memoryBase
 * @property {number} tableBase
 * @property {boolean} global
 */
/**
 * @typedef {object} Record
 * @property {string} build Pyodide's own identification of its build.
 * @property {number} firstSlot Length of the function table before any library.
 * @property {number} slots Length of the function table when the memory was saved.
 * @property {number} memory Size of the memory in bytes.
 * @property {Library[]} libraries In the order they were loaded.
 * @property {[symbol: string, value: number][]} symbols The global offset table.
 * @property {[slot: number, owner: number, name: string][]} functions Exports put into the table one by one; owner -1 is Pyodide itself.
 * @property {[page: number, count: number][]} pages The pages of memory that are not all zero.
 */
/** @typedef {{record: Record, memory: Uint8Array, modules: WebAssembly.Module[]}} Snapshot */

export const PAGE = 4096;

/**
 * Read the files of an unpacked snapshot, and begin to compile its libraries.
 * @param {import('./pack.js').Entry[]} entries
 * @returns {Promise<Snapshot>}
 */
export async function readSnapshot(entries) {
  const files = new Map(entries);
  const file = (/** @type {string} */ name) => {
    const bytes = files.get(name);
    if (!bytes) throw new Error(`the snapshot has no ${name}`);
    return bytes;
  };
  /** @type {Record} */
  const record = JSON.parse(new TextDecoder().decode(file('record.json')));
  const modules = await Promise.all(record.libraries.map(({file: name}) => WebAssembly.compile(/** @type {BufferSource} */ (file(name)))));
  return {record, memory: file('memory'), modules};
}

/**
 * Replay the libraries in a freshly made Emscripten module, then put the memory back.
 * @param {any} module
 * @param {Snapshot} snapshot
 */
export function restore(module, {record, memory, modules}) {
  const {wasmTable: table} = module;
  if (table.length !== record.firstSlot) {
    throw new Error(`the function table has ${table.length} entries where the snapshot expects ${record.firstSlot}`);
  }
  if (module.HEAP8.length > record.memory || (module.HEAP8.length < record.memory && !module.growMemory(record.memory))) {
    throw new Error(`the memory cannot be made ${record.memory} bytes long`);
  }
  table.grow(record.slots - record.firstSlot);
  for (const [symbol, value] of record.symbols) {
    const entry = (module.GOT[symbol] ??= new WebAssembly.Global({value: 'i32', mutable: true}, value));
    entry.value = value;
  }
  const exports = record.libraries.map((library, index) => link(module, library, modules[index]));
  for (const [slot, owner, name] of record.functions) {
    const found = owner < 0 ? module.LDSO.loadedLibsByName.__main__.exports[name] : exports[owner][name];
    if (typeof found !== 'function') throw new Error(`${name} is no function here`);
    module.setWasmTableEntry(slot, found);
  }
  module.updateTableMap(record.firstSlot, record.slots - record.firstSlot);
  writePages(module.HEAPU8, record.pages, memory);
}

/**
 * Instantiate one library at its recorded place. Its data and relocations need not be applied: the
 * memory that follows has them.
 * @param {any} module
 * @param {Library} library
 * @param {WebAssembly.Module} compiled
 * @returns {{[name: string]: any}} What it exports, addresses absolute.
 */
function link(module, {name, handle, memoryBase, tableBase, global}, compiled) {
  const main = module.LDSO.loadedLibsByName.__main__.exports;
  const metadata = module.getDylinkMetadata(compiled);
  /** @type {{[name: string]: any}} */
  let exports = {};
  /** @type {{[name: string]: Function}} */
  const late = {};
  const environment = new Proxy(
    {},
    {
      get(_, /** @type {string} */ symbol) {
        if (symbol === '__memory_base') return memoryBase;
        if (symbol === '__table_base') return tableBase;
        if (symbol in main && !main[symbol].stub) return main[symbol];
        return (late[symbol] ??= (/** @type {any[]} */ ...given) => {
          const found = module.resolveGlobalSymbol(symbol).sym ?? exports[symbol];
          if (!found) throw new Error(`${name} needs ${symbol}, which is nowhere`);
          return found(...given);
        });
      },
    },
  );
  const offsets = new Proxy(metadata.weakImports, module.GOTHandler);
  const instance = new WebAssembly.Instance(compiled, {
    'GOT.mem': offsets,
    'GOT.func': offsets,
    env: environment,
    wasi_snapshot_preview1: environment,
  });
  exports = module.relocateExports(instance.exports, memoryBase);
  const entry = module.newDSO(name, handle, exports);
  entry.global = global;
  if (global) module.mergeLibSymbols(exports, name);
  return exports;
}

/**
 * Write the saved pages, and zeros between them, whatever was there.
 * @param {Uint8Array} heap
 * @param {[page: number, count: number][]} pages
 * @param {Uint8Array} memory
 */
function writePages(heap, pages, memory) {
  let source = 0;
  let end = 0;
  for (const [page, count] of pages) {
    heap.fill(0, end, page * PAGE);
    end = (page + count) * PAGE;
    heap.set(memory.subarray(source, source + count * PAGE), page * PAGE);
    source += count * PAGE;
  }
  heap.fill(0, end);
}
