// A worker that fetches, checks and keeps what Python starts from, so that the page goes on answering the finger meanwhile.
// Started once a visit by depot.js; the files stay here, and every Python worker gets copies.

import {Fault} from './download.js';
import {Supply} from './supply.js';
import {chooseTier} from './tier.js';

/** @typedef {import('./protocol.js').FetchRequest} FetchRequest */
/** @typedef {import('./protocol.js').FetchReply} FetchReply */

const scope = /** @type {DedicatedWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const send = /** @type {(message: FetchReply, transfer?: Transferable[]) => void} */ (scope.postMessage.bind(scope));
const supply = new Supply((progress) => send({type: 'progress', progress}));
/** Whether this browser gives compiled code to another thread: some refuse, and then the bytes are compiled where they are used. */
let shared = true;

scope.onmessage = (/** @type {MessageEvent} */ event) => handle(event.data);

/** @param {FetchRequest} request */
function handle(request) {
  switch (request.type) {
    case 'choose':
      answer(request.id, async () => ({tier: await chooseTier(request.choice, supply)}));
      break;
    case 'get':
      answer(request.id, () => copyOf(request.file));
      break;
    case 'shelve':
      answer(request.id, async () => (await supply.shelve(request.file), {}));
      break;
    case 'count':
      supply.startCounting();
      break;
    case 'network':
      supply.network(request.connected);
      break;
    case 'stalled':
      supply.abandon(request.seconds);
      break;
  }
}

/**
 * A file to give away: a compiled module, or a copy of its bytes. A script is imported by its URL, and only has to be whole.
 * @param {import('./protocol.js').Wanted} file
 * @returns {Promise<{bytes?: ArrayBuffer, module?: WebAssembly.Module}>}
 */
async function copyOf(file) {
  const {bytes, module} = await supply.get(file);
  if (module && shared) return {module: await module};
  return {bytes: /\.mjs\b/.test(file.url) ? new ArrayBuffer(0) : bytes.slice(0)};
}

/**
 * @param {number} id
 * @param {() => Promise<{bytes?: ArrayBuffer, module?: WebAssembly.Module} & object>} action
 */
async function answer(id, action) {
  let found;
  try {
    found = await action();
    send({type: 'done', id, ...found}, found.bytes ? [found.bytes] : []);
  } catch (error) {
    if (found?.module) {
      shared = false;
      await answer(id, action);
    } else {
      const {message} = /** @type {Error} */ (error);
      send({type: 'error', id, code: error instanceof Fault ? error.code : 'OSFT-E09', detail: message});
    }
  }
}
