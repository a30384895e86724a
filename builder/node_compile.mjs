// Runs the vendored Pyodide under Node, so that its own Python compiles what the browser will import.
// Started by builder/runtime_node.py as: node node_compile.mjs <task.json>.
//
// A task has a `program` to run inside with its `settings`, and the folders to mount that these name.
// With `library` Python itself starts from compiled files, as in the browser; with `start` the
// files of the library that the explorer in /task/py imports are written down.

import {readFileSync, writeFileSync} from 'node:fs';
import {pathToFileURL} from 'node:url';

const task = JSON.parse(readFileSync(process.argv[2], 'utf8'));
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
  const pyodide = await loadPyodide({
    indexURL: task.pyodide,
    packageBaseUrl: task.pyodide,
    lockFileContents: task.lock,
    ...(task.library ? {stdLibURL: task.empty, fsInit: (files) => mount(files, '/lib/python3.14', task.library)} : {}),
    // The same sources must give the same bytes, and the order of a set of strings depends on this seed.
    env: {PYTHONHASHSEED: '0', PYTHONDONTWRITEBYTECODE: '1', ...task.environment},
  });
  for (const [name, folder] of Object.entries(task.mounts)) mount(pyodide.FS, `/task/${name}`, folder);
  if (task.start) writeFileSync(task.start, JSON.stringify(recordStart(pyodide)));
  const globals = pyodide.toPy({task: task.settings, __name__: 'inside'});
  pyodide.runPython(readFileSync(task.program, 'utf8'), {globals, filename: task.program});
}

function mount(files, place, folder) {
  files.mkdirTree(place);
  files.mount(files.filesystems.NODEFS, {root: folder}, place);
}

/** The files of the library that a start imports, and those that the pages import when they first compute. */
function recordStart(pyodide) {
  const sys = pyodide.pyimport('sys');
  sys.path.append('/task/py');
  const bridge = pyodide.pyimport('explorer.bridge');
  const start = libraryFiles(sys);
  for (const page of pyodide.pyimport('explorer.surface').PAGES) {
    const header = bridge.invoke('compute', JSON.stringify({page, parameters: {}}));
    if (header.includes('"error"')) console.log(`The page ${page} does not compute: ${JSON.parse(header).error.message}`);
  }
  return {start, later: libraryFiles(sys).filter((path) => !start.includes(path))};
}

function libraryFiles(sys) {
  const prefix = '/lib/python3.14/';
  const origins = Array.from(sys.modules.values(), (module) => String(module?.__spec__?.origin ?? ''));
  return origins.filter((origin) => origin.startsWith(prefix)).map((origin) => origin.slice(prefix.length)).sort();
}
