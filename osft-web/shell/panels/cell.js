// A cell of Python: edit, run, stop, reset, copy; what it prints and the error of the reader's own lines appear below.
// Used by code.js for the page's own code, and mounted alone for the cells in the index's text.
import {kernel} from '../../kernel/client.js';
import {button, copyText, element, setText} from '../dom.js';
import {formatNumber} from '../numbers.js';
import {tellFailure} from '../status.js';
import {editor} from './editor.js';
import {countSeconds} from './seconds.js';

/** @typedef {import('../types.js').Api} Api */

const STOP_AFTER = 300;
/** Seconds after which it is said that the code may never end. */
const LONG = 10;
const SHOWN = 10_000;

/**
 * @typedef {object} CellSpec
 * @property {string} code
 * @property {string} label
 * @property {string} page  whose names the code sees
 * @property {() => object} parameters
 * @property {AbortSignal} signal  aborted when the reader leaves
 * @property {boolean} [fromLink]  it came by a link: shown, not run
 * @property {(outputs: Record<string, any>) => void} [drive]  when the cell returned the page's outputs
 */

/**
 * @param {HTMLElement} root
 * @param {CellSpec} spec
 */
export function buildCell(root, {code, label, page, parameters, signal, drive, fromLink = false}) {
  const place = element('div', {class: 'code-place'});
  const printed = element('pre', {class: 'code-output', role: 'log', 'aria-label': 'What the code printed', tabindex: 0, hidden: true});
  const state = element('div', {class: 'code-state', 'aria-live': 'polite'});
  const editing = editor(place, code, {label, run: () => run(), signal});
  const runButton = button('Run', () => run(), {class: 'button primary', 'data-action': 'run'});
  const stopButton = button('Stop', () => stop(), {'data-action': 'stop', hidden: true});
  const reset = button('Reset', () => {
    editing.replace(code);
    printed.hidden = true;
    setText(state, '');
  }, {class: 'button quiet', 'data-action': 'reset-code'});
  const copy = button('Copy', async () => setText(state, await copyText(editing.text(), root) ? 'The code is on the clipboard.' : 'The code is selected below.'), {class: 'button quiet', 'data-action': 'copy-code'});
  const tools = element('p', {class: 'code-tools'}, runButton, ' ', stopButton, ' ', reset, ' ', copy);
  root.append(place, tools, state, printed);
  if (fromLink) setText(state, 'This code came with a link and was not run. Read it, then press Run.');
  let running = false;
  /** @type {{done: Promise<unknown>, cancel: () => void}|null} */
  let stream = null;
  // Code that is left running would keep the next page waiting, and its Stop is gone.
  signal.addEventListener('abort', () => { if (running) stop(); });

  async function run() {
    if (running) return;
    running = true;
    runButton.disabled = true;
    printed.hidden = false;
    printed.textContent = '';
    setText(state, 'Running …');
    const timers = [
      setTimeout(() => { stopButton.hidden = false; }, STOP_AFTER),
      setTimeout(() => setText(state, `Still running after ${LONG} seconds. Stop ends it; your code and the figure stay.`), 1000 * LONG),
    ];
    const stopCounting = countSeconds(tools);
    try {
      // It waits for Python by itself, and can be cancelled meanwhile.
      const begun = kernel.stream('run_cell', {page, parameters: parameters(), code: editing.text()}, (step) => {
        if (step.text && printed.textContent.length < SHOWN) printed.append(step.text);
      });
      stream = begun;
      const {outputs, elapsed} = await begun.done;
      const {drives, failed, error_line: line, ...rest} = outputs;
      editing.mark(Number(line));
      if (failed) {
        setText(state, line ? `Stopped by an error in line ${line}; the figure is as it was.` : 'Stopped by an error; the figure is as it was.');
      } else {
        const time = `Ran in ${formatNumber(elapsed, 2)} ms`;
        setText(state, drives ? `${time}; the figure shows what this code returned.` : `${time}.`);
        if (drives) drive?.(rest);
      }
    } catch (error) {
      tellFailure(state, '', error);
    } finally {
      timers.forEach(clearTimeout);
      stopCounting();
      running = false;
      stream = null;
      runButton.disabled = false;
      stopButton.hidden = true;
      printed.hidden = !printed.textContent;
    }
  }

  async function stop() {
    const stopped = stream;
    stopped?.cancel();
    if (kernel.status.state !== 'ready') { // it has not seen the code, and need not start again
      await stopped?.done.catch(() => {}); // run() has then said what it says of any end
      setText(state, 'Stopped before it ran; your code is as it was.');
      return;
    }
    await kernel.stop();
    if (!running && kernel.status.state === 'ready') setText(state, 'Stopped. Python has started again; your code and the figure are as they were.');
  }
}

/**
 * A cell whose code stands in the document as <pre><code>: readable without a script.
 * @param {HTMLElement} root
 * @param {AbortSignal} signal
 */
export function mountCell(root, signal) {
  const shown = root.querySelector('pre code');
  const code = (shown?.textContent ?? '').trim();
  const page = root.dataset.page ?? 'projection';
  shown?.closest('pre')?.remove();
  const place = element('div', {class: 'code-cell'});
  root.append(place);
  buildCell(place, {code, label: root.dataset.label ?? 'Python', page, parameters: () => ({}), signal});
}
