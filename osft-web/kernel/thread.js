// Starts a module worker so that this document's policy binds it.
// Used by host.js for Python and by depot.js for what fetches.

/**
 * @param {string} file Beside this one.
 * @param {string} name
 * @param {string} build Put into the address, for a service worker that would else not know whose thread this is; '' where it need not.
 */
export function openThread(file, name, build) {
  // A worker from a blob is bound by this document's policy; from a URL it would be bound by none.
  const source = `import ${JSON.stringify(new URL(`${file}${build && `?build=${build}`}`, import.meta.url).href)};`;
  const blob = URL.createObjectURL(new Blob([source], {type: 'text/javascript'}));
  const worker = new Worker(blob, {type: 'module', name});
  worker.addEventListener('message', () => URL.revokeObjectURL(blob), {once: true}); // until it speaks it may not have read it
  return worker;
}

/**
 * What a worker died of. Browsers say nothing about a script that is missing or has the wrong type.
 * @param {ErrorEvent} event
 */
export function causeOf(event) {
  if (event.message) return event.message;
  return origin === 'null' ? 'the frame around it has no origin; open this page in a tab of its own' : 'its script did not run';
}
