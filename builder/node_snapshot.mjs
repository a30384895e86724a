// Starts Python with NumPy imported, and records it: its memory, and all that lies outside of it.
// Started by builder/runtime_snapshot.py as: node node_snapshot.mjs <task.json>, with Node 24, whose
// function table is as long as that of browsers. osft-web/kernel/snapshot.js puts it back.

import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';

const task = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const {PAGE} = await import(pathToFileURL(join(task.kernel, 'snapshot.js')).href);
const {offered} = await import(pathToFileURL(join(task.kernel, 'confine.js')).href);
standStill();
const {loadPyodide} = await import(pathToFileURL(task.loader).href);

try {
  await main();
  process.exit(0);
} catch (error) {
  // Left to itself Node would quote the line that threw, and pyodide.asm.mjs is one line of a megabyte.
  console.error(error.message);
  process.exit(1);
}

async function main() {
  let firstSlot = 0;
  const {default: createModule} = await import(pathToFileURL(join(task.pyodide, 'pyodide.asm.mjs')).href);
  const pyodide = await loadPyodide({
    indexURL: task.pyodide,
    packageBaseUrl: task.pyodide,
    lockFileContents: task.lock,
    stdLibURL: task.empty,
    jsglobals: offered(),
    fsInit: (files) => {
      files.mkdirTree('/lib/python3.14');
      files.mount(files.filesystems.NODEFS, {root: task.library}, '/lib/python3.14');
    },
    createPyodideModule: async (settings) => {
      const module = await createModule(settings);
      firstSlot = module.wasmTable.length;
      return module;
    },
    _makeSnapshot: true,
  });
  const module = pyodide._module;
  for (const name of task.modules) pyodide.pyimport(name).destroy();
  for (let round = 0; round < 3; round += 1) pyodide.pyimport('gc').collect();

  const libraries = Object.entries(module.LDSO.loadedLibsByHandle)
    .filter(([handle]) => handle !== '0')
    .map(([handle, library]) => described(module, Number(handle), library));
  libraries.sort((one, other) => one.tableBase - other.tableBase || one.memoryBase - other.memoryBase);
  const image = pyodide.makeMemorySnapshot();
  const start = new Uint32Array(image.buffer)[1];
  const memory = image.subarray(start);
  const pages = pagesInUse(memory, PAGE);
  const record = {
    build: pyodide._api.config.BUILD_ID,
    firstSlot,
    slots: module.wasmTable.length,
    memory: memory.length,
    libraries: libraries.map(({exports, tableSize, ...library}) => library),
    symbols: Object.entries(module.GOT).map(([symbol, entry]) => [symbol, entry.value]),
    functions: ownedSlots(module, firstSlot, libraries),
    pages,
  };
  writeFileSync(join(task.out, 'record.json'), JSON.stringify(record));
  writeFileSync(join(task.out, 'header'), image.subarray(0, start));
  writeFileSync(join(task.out, 'memory'), Buffer.concat(pages.map(([page, count]) => memory.subarray(page * PAGE, (page + count) * PAGE))));
}

/** What the dynamic linker wrote down of a library, in the layout of Emscripten's `struct dso`. */
function described(module, handle, library) {
  const [memoryBase, memorySize, tableBase, tableSize] = new Uint32Array(module.HEAPU8.buffer, handle + 12, 4);
  if (memorySize === 0 && tableSize === 0) throw new Error(`${library.name} has no place of its own.`);
  return {name: library.name, file: library.name, handle, memoryBase, tableBase, tableSize, global: library.global, exports: library.exports};
}

/**
 * Who owns the slots that no library fills when it is instantiated. A slot without an owner could not be
 * put back, and then there must be no snapshot.
 */
function ownedSlots(module, firstSlot, libraries) {
  const filled = new Uint8Array(module.wasmTable.length);
  for (const {tableBase, tableSize} of libraries) filled.fill(1, tableBase, tableBase + tableSize);
  const owners = new Map();
  const note = (exports, owner) => {
    for (const [name, value] of Object.entries(exports)) if (typeof value === 'function' && !owners.has(value)) owners.set(value, [owner, name]);
  };
  libraries.forEach(({exports}, index) => note(exports, index));
  note(module.LDSO.loadedLibsByName.__main__.exports, -1);
  const found = [];
  for (let slot = firstSlot; slot < module.wasmTable.length; slot += 1) {
    if (filled[slot]) continue;
    const value = module.wasmTable.get(slot);
    if (value === null) continue;
    const owner = owners.get(value);
    if (!owner) throw new Error(`Nobody owns slot ${slot} of the function table.`);
    found.push([slot, ...owner]);
  }
  return found;
}

/** The runs of pages that are not all zero. */
function pagesInUse(memory, size) {
  const words = new Uint32Array(memory.slice().buffer);
  const runs = [];
  for (let page = 0; page < memory.length / size; page += 1) {
    if (!words.subarray((page * size) / 4, ((page + 1) * size) / 4).some((word) => word !== 0)) continue;
    const last = runs.at(-1);
    if (last && last[0] + last[1] === page) last[1] += 1;
    else runs.push([page, 1]);
  }
  return runs;
}

/** Let time stand still and chance repeat itself, so that the same files give the same bytes. */
function standStill() {
  const start = Date.UTC(2025, 0, 1);
  Date.now = () => start;
  performance.now = () => 0;
  let state = 1;
  crypto.getRandomValues = (array) => {
    for (let index = 0; index < array.length; index += 1) array[index] = (state = (state * 48271) % 0x7fffffff);
    return array;
  };
  // What Python takes for the path of its own program.
  process.argv.length = 1;
}
