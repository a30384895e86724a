// The Python worker: starts the interpreter, answers numbered requests, runs streams a step at a time.
// Started by host.js through a blob, so that the page's Content-Security-Policy binds it.

import {boot, install, prepare, receive} from './runtime.js';

/** @typedef {import('./protocol.js').Request} Request */
/** @typedef {import('./protocol.js').Reply} Reply */
/** @typedef {import('./protocol.js').Arguments} Arguments */
/** @typedef {import('./runtime.js').Python} Python */

const scope = /** @type {DedicatedWorkerGlobalScope} */ (/** @type {unknown} */ (self));
// Kept here and taken from the global scope, so that readers' code cannot speak in Python's name.
const send = /** @type {(message: Reply, transfer?: Transferable[]) => void} */ (scope.postMessage.bind(scope));
Object.defineProperty(scope, 'postMessage', {value: undefined});

/** @type {Python | null} */
let python = null;
let booting = false;
let dead = false;
/** Python's number of a running stream -> the request it answers. @type {Map<number, {id: number, key: string}>} */
const streams = new Map();
const turns = new MessageChannel();

scope.onmessage = (/** @type {MessageEvent} */ event) => handle(/** @type {Request} */ (event.data));
turns.port1.onmessage = (/** @type {MessageEvent} */ event) => guard(streams.get(event.data)?.id ?? 0, () => advance(event.data));

/** @param {Request} request */
function handle(request) {
  switch (request?.type) {
    case 'prepare':
      prepare(request.scripts);
      break;
    case 'boot':
      if (booting) refuse(0, 'OSFT-E28', 'Python has been started already.');
      else start(request.plan);
      break;
    case 'file':
      receive(request.url, request.bytes);
      break;
    case 'module':
      receive(request.url, request.module);
      break;
    case 'call':
      guard(request.id, (python) => call(python, request.id, request.name, request.arguments));
      break;
    case 'stream':
      guard(request.id, (python) => {
        const given = argumentText(request.arguments);
        const handle = told(() => python.begin(request.name, given));
        streams.set(handle, {id: request.id, key: `${request.name} step ${request.arguments.page ?? ''}`});
        turns.port2.postMessage(handle);
      });
      break;
    case 'cancel':
      guard(request.id, (python) => cancel(python, request.id));
      break;
    case 'install':
      guard(request.id, async (python) => {
        await install(python, request.addition);
        send({type: 'done', id: request.id});
      });
      break;
    case 'prove':
      guard(request.id, (python) => {
        python.prove();
        send({type: 'done', id: request.id});
      });
      break;
    case 'warm':
      guard(request.id, (python) => send({type: 'done', id: request.id, more: python.warm()}));
      break;
    case 'ping':
      guard(request.id, () => send({type: 'done', id: request.id}));
      break;
    default:
      refuse(Number(/** @type {any} */ (request)?.id) || 0, 'OSFT-E28', 'The worker does not know this kind of message.');
  }
}

/** @param {import('./protocol.js').Plan} plan */
async function start(plan) {
  booting = true;
  try {
    python = await boot(plan, {
      stage: (stage) => send({type: 'stage', stage}),
      text: (handle, text) => send({type: 'text', id: streams.get(handle)?.id ?? 0, text}),
      dead: died,
    });
    send({type: 'ready', versions: python.versions});
  } catch (error) {
    send({type: 'failed', code: codeOf(error, 'OSFT-E09'), detail: String(/** @type {any} */ (error)?.message ?? error)});
  }
}

/**
 * Run one action; whatever goes wrong becomes an answer, so that no caller waits for ever.
 * @param {number} id
 * @param {(python: Python) => void | Promise<void>} action
 */
async function guard(id, action) {
  if (!python || dead) {
    refuse(id, dead ? 'OSFT-E22' : 'OSFT-E28', dead ? 'Python stopped.' : 'Python is not ready yet.');
    return;
  }
  try {
    await action(python);
  } catch (error) {
    refuse(id, codeOf(error, 'OSFT-E31'), String(/** @type {any} */ (error)?.message ?? error));
  }
}

/**
 * @param {Python} python
 * @param {number} id
 * @param {string} name
 * @param {Arguments} args
 */
function call(python, id, name, args) {
  const given = argumentText(args);
  const started = performance.now();
  const text = told(() => python.invoke(name, given));
  answer(python, id, `${name} ${args.page ?? ''}`, text, performance.now() - started);
}

/** @param {number} handle */
function advance(handle) {
  const stream = streams.get(handle);
  const running = python;
  if (!running || !stream) return; // cancelled since its turn was asked for
  const started = performance.now();
  const text = told(() => running.advance(handle));
  if (answer(running, stream.id, stream.key, text, performance.now() - started)) streams.delete(handle);
  // A turn goes through the message queue: requests that came meanwhile are answered first.
  else turns.port2.postMessage(handle);
}

/**
 * @param {Python} python
 * @param {number} id
 */
function cancel(python, id) {
  for (const [handle, stream] of streams) {
    if (stream.id !== id) continue;
    streams.delete(handle);
    python.drop(handle);
  }
  send({type: 'done', id});
}

/**
 * Python's end of the protocol tells every error. One that comes through all the same could not be told, for want of
 * memory: such an interpreter is of no more use.
 * @template T
 * @param {() => T} ask
 * @returns {T}
 */
function told(ask) {
  try {
    return ask();
  } catch (error) {
    const lines = String(/** @type {any} */ (error)?.message ?? error).trim().split('\n');
    died(lines.findLast((line) => /^\w+Error\b/.test(line)) ?? lines[0]);
    throw error;
  }
}

/** Whether the last header of a key said `done`. @type {Map<string, boolean>} */
const finished = new Map();

/**
 * Send what Python left in the arena; true when nothing follows.
 * @param {Python} python
 * @param {number} id
 * @param {string} key
 * @param {string} text
 * @param {number} elapsed
 */
function answer(python, id, key, text, elapsed) {
  const header = text === '' ? null : JSON.parse(text);
  if (header?.error) {
    send({type: 'error', id, error: header.error});
    return true;
  }
  const values = python.values();
  send({type: 'answer', id, key, header, values, elapsed}, [values.buffer]);
  if (header) finished.set(key, header.done);
  return finished.get(key) ?? false;
}

/**
 * Arguments as JSON. Only shallow ones: a parser given deep nesting kills the interpreter.
 * @param {Arguments} args
 */
function argumentText(args) {
  if (depth(args) > 3) {
    throw Object.assign(new TypeError('Arguments are numbers, flags and texts.'), {code: 'OSFT-E28'});
  }
  return JSON.stringify(args);
}

/**
 * How deep a value is nested, as far as four levels.
 * @param {unknown} value
 * @returns {number}
 */
function depth(value, left = 4) {
  if (typeof value !== 'object' || value === null || left === 0) return 0;
  return 1 + Math.max(0, ...Object.values(value).map((inner) => depth(inner, left - 1)));
}

/**
 * The code of a fault that is told as it is; what a browser or Emscripten throws has codes of its own, which say nothing here.
 * @param {unknown} error
 * @param {string} otherwise
 * @returns {string}
 */
function codeOf(error, otherwise) {
  const {code} = /** @type {{code?: unknown}} */ (error ?? {});
  return typeof code === 'string' && code.startsWith('OSFT-') ? code : otherwise;
}

/** @param {string} detail */
function died(detail) {
  dead = true;
  send({type: 'dead', detail});
}

/**
 * @param {number} id
 * @param {string} code
 * @param {string} message
 */
function refuse(id, code, message) {
  send({type: 'error', id, error: {code, message, field: '', traceback: ''}});
}
