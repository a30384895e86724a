// What the reader is told: a chip that says how Python is doing, and one line when something fails.
// Called by boot.js, the page mount and the panels; the sentences come from the kernel's table of errors.
import {kernel} from '../kernel/client.js';
import {button, element, setText} from './dom.js';
import {formatBytes} from './numbers.js';

/**
 * @typedef {object} Notice
 * @property {string} message  what happened and what still works
 * @property {string} [code]
 * @property {string} [details]
 * @property {string} [slot]  a later notice of the same slot takes its place
 * @property {boolean} [quiet]  said politely, for what is no failure
 * @property {{label: string, run: () => void}} [action]
 */

/** @type {Map<string, HTMLElement>} */
const shown = new Map();

/** @param {Notice} notice */
export function notify({message, code, details, slot = 'site', quiet = false, action}) {
  const region = document.getElementById('notices');
  if (!region) return;
  const entry = element('div', {class: quiet ? 'notice quiet' : 'notice', role: quiet ? 'status' : 'alert', 'data-code': code});
  const line = element('p', {class: 'notice-line'}, message);
  if (action) {
    line.append(' ', button(action.label, () => {
      clearNotice(slot);
      action.run();
    }, {'data-action': 'notice'}));
  }
  line.append(button('×', () => clearNotice(slot), {class: 'notice-close', 'aria-label': 'Close this message'}));
  entry.append(line);
  if (code || details) {
    entry.append(element('details', {}, element('summary', {}, `Details${code ? ` (${code})` : ''}`), element('pre', {}, details ?? String(code))));
  }
  clearNotice(slot);
  shown.set(slot, entry);
  region.append(entry);
}

/** @param {string} slot */
export function clearNotice(slot) {
  shown.get(slot)?.remove();
  shown.delete(slot);
}

/** @type {Record<string, string>} */
const STAGES = {
  fetch: 'Fetching Python',
  offline: 'Waiting for the network',
  start: 'Starting Python',
  import: 'Loading the mathematics',
};

/** @param {import('../kernel/client.js').Status} status */
function describe(status) {
  if (status.state === 'ready') return 'Python is ready';
  if (status.state === 'failed') return 'Python is not running';
  if (status.state === 'off') return 'Python is off';
  const stage = STAGES[String(status.stage)] ?? 'Starting Python';
  if (status.total && status.loaded !== undefined && status.loaded < status.total) {
    return `${stage}: ${formatBytes(status.loaded)} of ${formatBytes(status.total)}`;
  }
  return stage;
}

/** Keeps the chip in step with the kernel, and says so when Python fails. */
export function wireStatus() {
  const chip = document.getElementById('python-chip');
  /** @param {import('../kernel/client.js').Status} status */
  const show = (status) => {
    if (chip) {
      chip.dataset.state = status.state;
      setText(chip, describe(status));
    }
    if (status.state === 'failed') {
      notify({
        slot: 'kernel',
        code: status.code,
        message: status.message ?? 'Python could not start. The text, the mathematics and the figures as computed beforehand still work.',
        details: status.details,
        action: {label: 'Try again', run: () => { kernel.restart(); }},
      });
    } else if (status.state === 'ready') {
      clearNotice('kernel');
    }
  };
  kernel.onStatus(show);
  show(kernel.status); // it may have failed before anyone listened
}
