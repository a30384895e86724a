// One worker from its start to its end: hands it its files, numbers requests, matches replies.
// Used by life.js, which decides when a worker starts, stops and is replaced.

import {decode} from './answers.js';
import {KernelError} from './errors.js';
import {causeOf, openThread} from './thread.js';
import {watchdog} from './watchdog.js';

/** @typedef {import('./protocol.js').Plan} Plan */
/** @typedef {import('./protocol.js').Reply} Reply */
/** @typedef {import('./protocol.js').Request} Request */
/** @typedef {import('./protocol.js').Arguments} Arguments */
/** @typedef {import('./protocol.js').Answer} Answer */
/** @typedef {import('./protocol.js').Step} Step */
/** @typedef {import('./protocol.js').Header} Header */
/** @typedef {import('./protocol.js').Versions} Versions */
/** @typedef {{resolve: (answer: any) => void, reject: (error: KernelError) => void, step?: (step: Step) => void}} Caller */

/** Seconds of visible time without a sign of life: before its files are asked for, and once they have all come. */
const START_LIMIT = 60;

export class Host {
  /**
   * @param {(stage: string) => void} stage Told how far the start is.
   * @param {(error: KernelError) => void} lost Told once when a worker that had been ready is no more.
   * @param {string} build The page's, if a service worker has to know it.
   */
  constructor(stage, lost, build) {
    this.stage = stage;
    this.lost = lost;
    this.number = 0;
    /** @type {Map<number, Caller>} */
    this.callers = new Map();
    /** @type {Map<string, Header>} */
    this.headers = new Map();
    /** @type {KernelError | null} */
    this.ended = null;
    this.started = false;
    /** @type {ReturnType<typeof watchdog> | null} */
    this.dog = null;
    /** @type {(versions: Versions) => void} */
    let resolve = () => {};
    /** @type {(error: KernelError) => void} */
    let reject = () => {};
    /** @type {Promise<Versions>} Settles when Python is ready or cannot be. */
    this.ready = new Promise((yes, no) => ([resolve, reject] = [yes, no]));
    this.ready.catch(() => {});
    this.settle = {resolve, reject};

    this.worker = openThread('worker.js', 'python', build);
    this.worker.onmessage = (event) => this.receive(/** @type {Reply} */ (event.data));
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.end(new KernelError(this.started ? 'OSFT-E22' : 'OSFT-E08', causeOf(event)));
    };
    this.worker.onmessageerror = () => this.end(new KernelError('OSFT-E22', 'a message could not be read'));
    this.watch();
  }

  /** From now on the start has to go on by itself. */
  watch() {
    this.dog?.stop();
    if (this.started || this.ended) return;
    this.dog = watchdog(START_LIMIT, () => this.end(new KernelError('OSFT-E09', `nothing happened for ${START_LIMIT} seconds`)));
  }

  /** Its files are on their way, which may take as long as it takes: whoever fetches them sees that they go on coming. */
  awaitFiles() {
    this.dog?.stop();
  }

  /** @param {Plan} plan */
  boot(plan) {
    this.send({type: 'boot', plan});
  }

  /**
   * @param {Request} message
   * @param {Transferable[]} [transfer]
   */
  send(message, transfer = []) {
    if (!this.ended) this.worker.postMessage(message, transfer);
  }

  /**
   * @param {string} name
   * @param {Arguments} args
   * @returns {Promise<Answer>}
   */
  call(name, args) {
    return this.ask((id) => ({type: 'call', id, name, arguments: args}));
  }

  /**
   * @param {string} name
   * @param {Arguments} args
   * @param {(step: Step) => void} step
   * @returns {{done: Promise<Answer>, cancel: () => void}}
   */
  stream(name, args, step) {
    let id = 0;
    const done = this.ask((number) => ({type: 'stream', id: (id = number), name, arguments: args}), step);
    const cancel = () => {
      const caller = this.callers.get(id);
      if (!caller) return;
      this.callers.delete(id);
      caller.reject(new KernelError('OSFT-E20'));
      this.send({type: 'cancel', id});
    };
    return {done, cancel};
  }

  /**
   * @param {(id: number) => Request} compose
   * @param {(step: Step) => void} [step]
   * @returns {Promise<any>}
   */
  ask(compose, step) {
    return new Promise((resolve, reject) => {
      if (this.ended) {
        reject(this.ended);
        return;
      }
      const id = (this.number += 1);
      try {
        this.send(compose(id));
        this.callers.set(id, {resolve, reject, step});
      } catch (error) {
        reject(new KernelError('OSFT-E28', String(/** @type {Error} */ (error).message)));
      }
    });
  }

  /** @param {Reply} reply */
  receive(reply) {
    if (this.ended) return;
    this.dog?.touch();
    switch (reply?.type) {
      case 'stage':
        this.stage(reply.stage);
        break;
      case 'ready':
        this.started = true;
        this.dog?.stop();
        this.settle.resolve(reply.versions);
        break;
      case 'failed':
        this.end(new KernelError(reply.code, reply.detail));
        break;
      case 'dead':
        this.end(new KernelError('OSFT-E22', reply.detail));
        break;
      case 'answer':
        this.answer(reply);
        break;
      case 'text':
        this.callers.get(reply.id)?.step?.({outputs: {}, elapsed: 0, text: reply.text});
        break;
      case 'done':
        this.take(reply.id)?.resolve(reply.more ?? false);
        break;
      case 'error': {
        const {code, message, field, traceback} = reply.error;
        this.take(reply.id)?.reject(new KernelError(code, message, {field, traceback}));
        break;
      }
    }
  }

  /** @param {Extract<Reply, {type: 'answer'}>} reply */
  answer({id, key, header, values, elapsed}) {
    if (header) this.headers.set(key, header);
    const known = this.headers.get(key);
    const caller = this.callers.get(id);
    if (!known || !caller) return; // nobody waits for it any more
    const outputs = decode(known, values);
    if (known.done) this.take(id)?.resolve({outputs, elapsed});
    else caller.step?.({outputs, elapsed, text: ''});
  }

  /** @param {number} id */
  take(id) {
    const caller = this.callers.get(id);
    this.callers.delete(id);
    return caller;
  }

  /**
   * End the worker for good; every caller is told why.
   * @param {KernelError} error
   */
  end(error) {
    if (this.ended) return;
    this.ended = error;
    this.dog?.stop();
    this.worker.terminate();
    for (const caller of this.callers.values()) caller.reject(error);
    this.callers.clear();
    this.settle.reject(error);
    this.lost(error);
  }
}
