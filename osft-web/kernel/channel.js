// A channel on which the newest question wins: one in flight, one waiting, the rest superseded.
// Made by client.js; a page has one, so that a slider never lags more than one computation behind.

import {watchdog} from './watchdog.js';

/** @typedef {import('./protocol.js').Answer} Answer */
/** @typedef {{name: string, args: object, resolve: (answer: Answer | null) => void, reject: (error: unknown) => void}} Question */

/** Seconds of visible time that one question may take. */
const LIMIT = 30;

export class Channel {
  /** @type {Question | null} */
  #waiting = null;
  #busy = false;
  /** Of the newest question. */
  #number = 0;
  #prepare;
  #call;
  #overrun;

  /**
   * @param {(name: string, args: object) => Promise<unknown> | null} prepare What a question needs before it can be asked, if
   *   anything: that may wait for the network, and newer questions do not wait for it.
   * @param {(name: string, args: object) => Promise<Answer>} call
   * @param {(limit: string) => boolean} overrun Ends a question that takes too long; false if it has not been running.
   */
  constructor(prepare, call, overrun) {
    this.#prepare = prepare;
    this.#call = call;
    this.#overrun = overrun;
  }

  /**
   * @param {string} name
   * @param {object} args
   * @returns {Promise<Answer | null>} null when a newer question took its place before it was asked.
   */
  async ask(name, args) {
    const number = (this.#number += 1);
    try {
      const prepared = this.#prepare(name, args);
      if (prepared) await prepared;
    } catch (error) {
      if (number === this.#number) throw error;
    }
    if (number !== this.#number) return null;
    return new Promise((resolve, reject) => {
      this.#waiting?.resolve(null);
      this.#waiting = {name, args, resolve, reject};
      if (!this.#busy) this.#next();
    });
  }

  async #next() {
    const question = this.#waiting;
    this.#waiting = null;
    if (!question) return;
    this.#busy = true;
    const watch = () =>
      watchdog(LIMIT, () => {
        if (!this.#overrun(`${LIMIT} seconds`)) dog = watch();
      });
    let dog = watch();
    try {
      question.resolve(await this.#call(question.name, question.args));
    } catch (error) {
      question.reject(error);
    } finally {
      dog.stop();
      this.#busy = false;
      this.#next();
    }
  }
}
