// Prints what Python computes after an ordinary start and after a restored snapshot, as JSON.
// Started by builder/runtime_snapshot.py as: node node_check.mjs <task.json>, with Node 24.

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

try {
  const ordinary = await fingerprint({});
  const {buffer, byteOffset, byteLength} = readFileSync(task.snapshot);
  const snapshot = await readSnapshot(await unpack(buffer.slice(byteOffset, byteOffset + byteLength)));
  const restored = await fingerprint({
    _loadSnapshot: Uint8Array.from(Buffer.from(task.header, 'base64')),
    createPyodideModule: async (settings) => {
      const module = await createModule(settings);
      restore(module, snapshot);
      return module;
    },
  });
  console.log(JSON.stringify({ordinary, restored}));
  process.exit(0);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

async function fingerprint(options) {
  const pyodide = await loadPyodide({
    indexURL: task.pyodide,
    packageBaseUrl: task.pyodide,
    lockFileContents: task.lock,
    stdLibURL: task.empty,
    jsglobals: offered(),
    fsInit: (files) => {
      files.mkdirTree('/lib/python3.14');
      files.mount(files.filesystems.NODEFS, {root: task.library}, '/lib/python3.14');
      files.mkdirTree('/lib/py');
      files.mount(files.filesystems.NODEFS, {root: task.py}, '/lib/py');
    },
    ...options,
  });
  pyodide.pyimport('sys').path.append('/lib/py');
  const {fingerprint} = pyodide.pyimport('explorer.selfcheck');
  return [fingerprint.callKwargs({whole: false}), fingerprint.callKwargs({whole: true})].join(' ');
}
