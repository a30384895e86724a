// One page in use: the ring control -> store -> checked state -> Python -> figure, with newest-wins calls.
// Made by mount.js.
import {FAULTS, kernel} from '../kernel/client.js';
import {readAddress, linkTo, writeQuery} from './address.js';
import {buildControls} from './controls.js';
import {settle} from './declaration.js';
import {button, setText} from './dom.js';
import {unbroken} from './numbers.js';
import {mountPanels} from './panels/panels.js';
import {buildReadout} from './readout.js';
import {TOLD_BY_STATUS, buttonFor, clearNotice, notify, sentenceOf} from './status.js';
import {watchTheme} from './theme.js';
import {wireWords} from './words.js';

/** @typedef {import('./types.js').Declaration} Declaration */
/** @typedef {import('./types.js').State} State */
/** @typedef {import('./types.js').Outputs} Outputs */
/** @typedef {import('./types.js').PageModule} PageModule */
/** @typedef {import('./types.js').Api} Api */

const BUSY_AFTER = 100;
const ADDRESS_AFTER = 200;
/**
 * Milliseconds for which the controls wait for the answer to a change. Most answers come sooner, and then all is painted in
 * one frame. A page that changes at a key itself gets no message until that change is on the screen, a frame later.
 */
const HOLD = 12;

export class MountedPage {
  /**
   * @param {HTMLElement} explorer
   * @param {HTMLElement} main
   * @param {Declaration} declaration
   * @param {PageModule} module
   * @param {AbortSignal} signal
   */
  constructor(explorer, main, declaration, module, signal) {
    this.explorer = explorer;
    this.main = main;
    this.declaration = declaration;
    this.module = module;
    this.signal = signal;
    this.stage = find(explorer, '.stage');
    /** Of the stage; kept from the first drawing on, because to measure it after a change is to lay the document out. */
    this.width = NaN;
    this.summary = find(explorer, '.summary');
    /** @type {State} */
    this.state = {...declaration.defaults};
    /** @type {Outputs} */
    this.outputs = declaration.result;
    /** Whose code computed them. @type {'page'|'cell'} */
    this.by = 'page';
    /** @type {State} what the outputs on the screen belong to */
    this.shownState = this.state;
    this.revision = 0;
    this.live = false;
    /** @type {((outputs: Outputs, state: State) => void)[]} */
    this.listeners = [];
    this.channel = kernel.latest(`page:${declaration.page}`);
    this.addressTimer = 0;
    this.busyTimer = 0;
    this.holdTimer = 0;
    /** Of the latest change, as the controls tell of them. @type {import('./types.js').Problem[]} */
    this.problems = [];
    this.asked = 0;
    /** What the newest question was of, if its answer is or will be on the screen. @type {State | null} */
    this.question = null;
    /** Whether the hand is on a control, so that more is to come at once. */
    this.moving = false;
    /** @type {(() => void)[]} bring the buttons of the tools in step with the state */
    this.toggles = [];
    /** Whether whatever can ask for a drawing is there; before, the opening is drawn in parts. */
    this.wired = false;
    /** What of the opening is still to be drawn. @type {(() => void) | null} */
    this.rest = null;
    /** Whether what the controls report is Python's refusal. */
    this.refused = false;
    this.api = this.makeApi();
  }

  /**
   * In parts, in the order in which a reader can use them. While Python is on its way, what the reader does comes between
   * them; once it runs, nothing waits.
   */
  async start() {
    this.signal.addEventListener('abort', () => {
      clearTimeout(this.addressTimer);
      clearTimeout(this.busyTimer);
      clearTimeout(this.holdTimer);
    });
    for (const part of [this.buildForm, this.open, this.complete, this.wireFigure, this.buildOutputs, this.wireText]) {
      if (kernel.status.state !== 'ready') await breath();
      if (this.signal.aborted) return;
      part.call(this);
    }
  }

  buildForm() {
    const form = /** @type {HTMLFormElement} */ (find(this.explorer, '.controls'));
    this.controls = buildControls(form, this.declaration.parameters, (name, value, settled) => this.set({[name]: value}, {settle: settled}));
    this.buildTools();
    this.readAddress();
  }

  /**
   * Where Python runs, it computes while the rest is made, and its figure takes the place of the document's own. The shipped
   * one is drawn before it only if it is late.
   */
  open() {
    const opening = () => this.paint(this.declaration.result, this.declaration.defaults);
    if (kernel.status.state === 'ready') {
      this.ask();
      inTheFrameAfterNext(() => { if (!this.live && !this.signal.aborted) opening(); });
    } else {
      opening();
    }
  }

  /** Draws what the opening left. */
  complete() {
    this.rest?.();
    this.rest = null;
  }

  wireFigure() {
    this.wired = true;
    this.module.handles?.(this.stage, this.api);
    const observer = new ResizeObserver(() => this.resized());
    observer.observe(this.stage);
    this.signal.addEventListener('abort', () => observer.disconnect());
    watchTheme(() => this.draw(), this.signal);
  }

  buildOutputs() {
    const {declaration, module, signal} = this;
    const list = find(this.explorer, '.outputs');
    const parts = [buildReadout(list, declaration.outputs, module, signal), module.matrices?.(list)];
    this.fill = (/** @type {Outputs} */ outputs) => parts.forEach((fill) => fill?.(outputs, this.moving));
    if (!this.asked) this.fill(this.outputs);
  }

  wireText() {
    const {main, module, signal} = this;
    this.updateWords = wireWords(main, this.api, module);
    mountPanels(main, this.api, module);
    addEventListener('popstate', () => {
      this.readAddress();
      this.ask();
    }, {signal});
    // A page shown again from the browser's back-forward cache may hold a dead worker.
    addEventListener('pageshow', (event) => { if (event.persisted) this.ask(); }, {signal});
    let was = kernel.status.state;
    const unsubscribe = kernel.onStatus((status) => {
      // Progress of an additional package is told while Python is ready; only becoming ready counts here.
      if (status.state === 'ready' && was !== 'ready') this.ask();
      was = status.state;
    });
    signal.addEventListener('abort', unsubscribe);
    if (kernel.status.state === 'ready' && !this.asked) this.ask();
  }

  /** @returns {Api} */
  makeApi() {
    const {declaration, explorer, stage, signal} = this;
    return {
      page: declaration.page,
      declaration,
      explorer,
      stage,
      signal,
      kernel,
      state: () => this.state,
      shown: () => this.shownState,
      outputs: () => this.outputs,
      live: () => this.live,
      set: (partial, options) => this.set(partial, options),
      invoke: (name, args) => kernel.call(name, args),
      announce: (text) => setText(this.summary, text),
      show: (outputs) => this.paint({...this.outputs, ...outputs}, this.state, true, 'cell'),
      redraw: () => this.draw(),
      link: () => linkTo(declaration, this.state),
      onResult: (listener) => {
        this.listeners.push(listener);
        if (this.live) listener(this.outputs, this.shownState);
      },
    };
  }

  buildTools() {
    const tools = find(this.explorer, '.tools');
    this.toggles = [];
    const actions = (this.module.actions ?? []).map(({id, label, run, pressed}) => {
      const node = button(label, () => run(this.api), {'data-action': id});
      if (pressed) this.toggles.push(() => node.setAttribute('aria-pressed', String(pressed(this.state))));
      return node;
    });
    const reset = button('Reset', () => this.set({...this.declaration.defaults}, {settle: true}), {'data-action': 'reset', class: 'button quiet'});
    tools.replaceChildren(...actions, reset);
  }

  /**
   * @param {Record<string, any>} partial
   * @param {{settle?: boolean, hold?: boolean}} [options]  `hold`: whether the controls may wait for the answer; in the frame
   *   of an animation there is nothing to wait for
   */
  set(partial, {settle: settled = true, hold = true} = {}) {
    if (this.signal.aborted) return; // the address is another page's
    const {state, problems} = settle(this.declaration.parameters, this.state, partial);
    const changed = Object.keys(state).some((name) => state[name] !== this.state[name]);
    if (changed) this.state = state;
    this.problems = problems;
    if (hold && changed && this.live && kernel.status.state === 'ready') this.holdTimer ||= window.setTimeout(() => this.follow(), HOLD);
    else this.follow();
    if (!changed && !settled) return; // the hand has not come to another value
    const rests = settled && this.moving;
    this.moving = !settled;
    const busy = String(this.moving);
    if (this.summary.getAttribute('aria-busy') !== busy) this.summary.setAttribute('aria-busy', busy);
    clearTimeout(this.addressTimer);
    this.addressTimer = window.setTimeout(() => this.writeAddress(), settled ? 0 : ADDRESS_AFTER);
    // The hand comes to rest on the value that was asked for last: what is out of sight is written, and nothing asked.
    if (!rests || this.question !== this.state) this.ask();
    else if (this.explorer.dataset.asked === undefined) this.fill?.(this.outputs);
  }

  writeAddress() {
    const keep = new URLSearchParams(location.search);
    const query = writeQuery(this.declaration, this.state, {keep});
    if (query !== location.search) history.replaceState(history.state, '', `${location.pathname}${query}${location.hash}`);
  }

  /** Takes the state from the address, and says what in it could not be used. */
  readAddress() {
    const {change, unknown} = readAddress(this.declaration, new URLSearchParams(location.search));
    const {state, problems} = settle(this.declaration.parameters, {...this.declaration.defaults}, change);
    this.state = state;
    this.problems = problems;
    this.follow();
    if (problems.length || unknown) notify({slot: 'link', code: 'OSFT-E50', message: linkNotice(problems.length, unknown), quiet: true});
    else clearNotice('link');
  }

  /** Brings what the reader moves and reads beside the figure in step with the state. */
  follow() {
    clearTimeout(this.holdTimer);
    this.holdTimer = 0;
    this.controls?.update(this.state);
    this.report(this.problems);
    for (const update of this.toggles) update();
    this.updateWords?.();
    if (!this.live) this.summarize();
  }

  /** @param {import('./types.js').Problem[]} problems */
  report(problems, {byPython = false} = {}) {
    this.refused = byPython;
    this.controls?.report(problems);
  }

  async ask() {
    if (kernel.status.state !== 'ready' || this.signal.aborted) return;
    const state = this.state;
    const number = ++this.asked;
    this.question = state;
    this.explorer.dataset.asked = ''; // at once; readers are told only of an answer that is late
    clearTimeout(this.busyTimer);
    this.busyTimer = window.setTimeout(() => this.explorer.setAttribute('aria-busy', 'true'), BUSY_AFTER);
    try {
      const answer = await this.channel.ask('compute', {page: this.declaration.page, parameters: state});
      if (!answer || this.signal.aborted) return;
      if (this.holdTimer) this.follow();
      this.paint(answer.outputs, state, true);
      // What a change had to be told of stays beside its control until the next change.
      if (this.refused) this.report([]);
      clearNotice('page');
    } catch (error) {
      if (!this.signal.aborted) this.failed(error);
    } finally {
      if (number === this.asked) {
        clearTimeout(this.busyTimer);
        this.explorer.removeAttribute('aria-busy');
        delete this.explorer.dataset.asked;
      }
    }
  }

  /** @param {any} error */
  failed(error) {
    this.question = null;
    this.follow();
    const {code, field, message, traceback, detail} = error ?? {};
    if (TOLD_BY_STATUS.test(code)) return;
    if (field) {
      this.report([{field, sentence: message}], {byPython: true});
    } else if (code in FAULTS) {
      notify({
        slot: 'page', code, details: traceback || detail,
        message: `These settings could not be computed, and the figure is as it was. ${sentenceOf(error)}`,
        action: buttonFor(code, () => { this.ask(); }),
      });
    } else {
      notify({
        slot: 'page', code: 'OSFT-E45', details: String(error?.stack ?? error),
        message: 'What Python computed could not be drawn. The text and the other pages work; reload to try again.',
        action: {label: 'Reload', run: () => location.reload()},
      });
    }
  }

  /**
   * @param {Outputs} outputs
   * @param {State} state
   * @param {boolean} [live]
   * @param {'page'|'cell'} [by]  whose code computed them
   */
  paint(outputs, state, live = false, by = 'page') {
    this.by = by;
    if (by === 'cell') this.question = null;
    this.outputs = outputs;
    this.shownState = state;
    this.draw();
    this.fill?.(outputs);
    this.summarize();
    if (!live) return;
    this.live = true;
    this.revision += 1;
    this.explorer.dataset.source = 'live';
    this.explorer.dataset.revision = String(this.revision);
    for (const listener of this.listeners) listener(outputs, state);
  }

  /** The figure in words. Before Python is ready it can be of other settings than the controls show, and says so. */
  summarize() {
    const waiting = Object.keys(this.state).some((name) => this.state[name] !== this.shownState[name]);
    const opening = !this.live && waiting ? 'The figure shows the opening settings until Python is ready. ' : '';
    const own = this.by === 'cell' ? 'As your code computed it: ' : '';
    setText(this.summary, unbroken(opening + own + this.module.summary(this.outputs, this.shownState)));
  }

  draw() {
    if (this.stage.dataset.drawn !== '') this.stage.dataset.drawn = ''; // no longer as the document has it
    if (Number.isNaN(this.width)) this.width = this.stage.clientWidth;
    if (this.width) this.rest = this.module.draw(this.stage, this.outputs, this.shownState, {width: this.width}) ?? null;
    if (this.wired) this.complete();
  }

  resized() {
    const width = this.stage.clientWidth;
    const drawn = !Number.isNaN(this.width);
    if (width === this.width) return;
    this.width = width;
    if (drawn) this.draw();
  }
}

/** Until the browser has done what is waiting. */
function breath() {
  return new Promise((resolve) => setTimeout(resolve));
}

/** @param {() => void} act */
function inTheFrameAfterNext(act) {
  requestAnimationFrame(() => requestAnimationFrame(act));
}

/**
 * @param {number} changed
 * @param {number} unknown
 */
function linkNotice(changed, unknown) {
  if (changed) return 'The link held a value that this page cannot use; the nearest allowed value or the default was taken.';
  return unknown === 1 ? 'The link held a word that this page does not know; it was left out.' : 'The link held words that this page does not know; they were left out.';
}

/**
 * @param {HTMLElement} root
 * @param {string} selector
 * @returns {HTMLElement}
 */
function find(root, selector) {
  const found = /** @type {HTMLElement|null} */ (root.querySelector(selector));
  if (!found) throw new Error(`The page lacks ${selector}.`);
  return found;
}
