// Runs pytest inside Pyodide under Node, on the interpreter of one tier. Started by test_maths_inside.py.

import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';

const task = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const load = (folder, name) => import(pathToFileURL(join(folder, name)).href);
const {readSnapshot, restore} = await load(task.kernel, 'snapshot.js');
const {unpack} = await load(task.kernel, 'pack.js');
const {offered} = await load(task.kernel, 'confine.js');
const {loadPyodide} = await import(pathToFileURL(task.loader).href);
const {default: createModule} = await load(task.pyodide, 'pyodide.asm.mjs');

const packs = await Promise.all(task.packs.map(read));
const snapshot = task.snapshot ? await readSnapshot(await read(task.snapshot)) : null;

try {
  const pyodide = await loadPyodide({
    indexURL: task.pyodide,
    packageBaseUrl: task.pyodide,
    lockFileContents: task.whole,
    packages: task.packages,
    jsglobals: offered(),
    ...(task.packages.length ? {} : {stdLibURL: task.empty}),
    ...(snapshot ? {_loadSnapshot: Uint8Array.from(Buffer.from(task.header, 'base64'))} : {}),
    createPyodideModule: async (settings) => {
      const module = await createModule(settings);
      if (snapshot) restore(module, snapshot);
      return module;
    },
    fsInit: (files) => {
      for (const [path, bytes] of packs.flat()) {
        files.mkdirTree(path.slice(0, path.lastIndexOf('/')));
        files.writeFile(path, bytes);
      }
      for (const [place, folder] of Object.entries(task.mounts)) {
        files.mkdirTree(place);
        files.mount(files.filesystems.NODEFS, {root: folder}, place);
      }
    },
  });
  const sys = pyodide.pyimport('sys');
  for (const place of task.path) sys.path.append(place);
  sys.dont_write_bytecode = true;
  process.exit(Number(pyodide.pyimport('pytest').main(pyodide.toPy(task.arguments))));
} catch (error) {
  console.error(error.message);
  process.exit(100);
}

async function read(path) {
  const {buffer, byteOffset, byteLength} = readFileSync(path);
  return unpack(buffer.slice(byteOffset, byteOffset + byteLength));
}
