// What the reader is told: a chip that says how Python is doing, and one line when something fails.
// Called by boot.js, the page mount and the panels; the sentences come from the kernel's table of errors.
import {FAULTS, kernel} from '../kernel/client.js';
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

/** Python was stopped, ended or has been started again: of that the status line speaks. */
export const TOLD_BY_STATUS = /^OSFT-E2[0-4]$/;

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
    entry.append(folded(code, details));
  }
  clearNotice(slot);
  shown.set(slot, entry);
  region.append(entry);
  leaveRoom();
}

/** Told by an attribute: a rule that looks for a notice itself would have every change of the figure looked through. */
function leaveRoom() {
  document.documentElement.toggleAttribute('data-noticed', shown.size > 0);
}

/**
 * What whoever looks into a fault wants to know.
 * @param {string} [code]
 * @param {string} [details]
 */
function folded(code, details) {
  return element('details', {class: 'fault'}, element('summary', {}, `Details${code ? ` (${code})` : ''}`), element('pre', {}, details ?? String(code)));
}

/** @param {string} slot */
export function clearNotice(slot) {
  shown.get(slot)?.remove();
  shown.delete(slot);
  leaveRoom();
}

/** @type {Record<string, string>} */
const STAGES = {
  fetch: 'Fetching Python',
  offline: 'Waiting for the network',
  start: 'Starting Python',
  import: 'Loading the mathematics',
};
/** Milliseconds of fetching before its speed says anything, and the shortest rest worth telling. */
const MEASURED = 2000;
const WORTH_TELLING = 10_000;

/** @typedef {import('../kernel/client.js').Status} Status */

/**
 * How far a package is that loads when it is first asked for; '' while none does.
 * @param {Status} status
 * @param {string} name
 */
export function describeLoading({feature, stage, loaded, total}, name) {
  if (!feature || !total) return '';
  const come = `${formatBytes(loaded)} of ${formatBytes(total)}`;
  return stage === 'offline'
    ? `${name} is not in the offline copy, and there is no network. ${come} have come; it goes on by itself when the network is back.`
    : `Loading ${name}: ${come}`;
}

/**
 * A fault as one line: what happened and what still works.
 * @param {any} error
 */
export function sentenceOf(error) {
  const happened = String(error?.message ?? error);
  return `${happened}${/[.!?]$/.test(happened) ? '' : '.'} ${FAULTS[error?.code]?.works ?? ''}`.trim();
}

/**
 * The one button that the table of faults has for a code.
 * @param {string} code
 * @param {() => void} again
 */
export function buttonFor(code, again) {
  return {
    none: undefined,
    retry: {label: 'Try again', run: again},
    restart: {label: 'Restart Python', run: () => { kernel.restart(); }},
    reload: {label: 'Reload', run: () => location.reload()},
  }[FAULTS[code].action];
}

/**
 * Says in a panel why what it was asked for did not come or did not run, its code folded away.
 * @param {HTMLElement} place
 * @param {string} lead
 * @param {any} error
 * @param {string} [name]  the package it needs, which a server out of reach cannot give
 */
export function tellFailure(place, lead, error, name) {
  if (!error?.code || TOLD_BY_STATUS.test(error.code)) {
    setText(place, `${lead}${error?.message ?? error}`);
    return;
  }
  const kept = name && error.code === 'OSFT-E06' ? ` ${name} is not in the offline copy before it has been loaded once.` : '';
  place.replaceChildren(`${lead}${sentenceOf(error)}${kept}`, folded(error.code, error.traceback || error.detail));
}

/** When the present download was first heard of, and with how many bytes. */
let begun = {at: 0, loaded: 0};

/** @param {Status} status */
function describe(status) {
  if (status.state === 'ready') return 'Python is ready';
  if (status.state === 'failed') return 'Python is not running';
  if (status.state === 'off') return 'Python is off';
  if (!isFetching(status)) return STAGES[status.stage] ?? 'Starting Python';
  const come = `${formatBytes(status.loaded)} of ${formatBytes(status.total)}`;
  return status.stage === 'offline' ? `${STAGES.offline}: ${come}` : `${STAGES.fetch}: ${come}${estimate(status)}`;
}

/** Whether bytes are still to come; a worker may have begun with what it has. @param {Status} status */
function isFetching({state, loaded, total}) {
  return state === 'booting' && loaded < total;
}

/** @param {Status} status */
function estimate({loaded, total}) {
  const elapsed = performance.now() - begun.at;
  if (elapsed < MEASURED || loaded <= begun.loaded) return '';
  const left = ((total - loaded) / (loaded - begun.loaded)) * elapsed;
  if (left < WORTH_TELLING) return '';
  return left < 90_000 ? `, about ${Math.round(left / 10_000) * 10} s left` : `, about ${Math.round(left / 60_000)} min left`;
}

/** What happened, what still works and the one button, as the kernel's table of faults has it. @param {Status} status */
function tellFault({code, message, details}) {
  notify({slot: 'kernel', code, details, message, action: buttonFor(code, () => { kernel.restart(); })});
}

/** @param {Status} status */
function tellWaiting({loaded, total}) {
  const come = total ? `${formatBytes(loaded)} of ${formatBytes(total)} of Python have come. It` : 'Fetching Python';
  notify({
    slot: 'kernel', quiet: true, code: 'OSFT-E16',
    message: `You are offline. ${come} goes on by itself when the network is back; the text, the formulas and the first figures work meanwhile.`,
  });
}

/** Keeps the chip in step with the kernel, and says so when Python fails, waits or starts again. */
export function wireStatus() {
  const chip = document.getElementById('python-chip');
  let told = '';
  let replaced = false;
  /** @param {Status} status */
  const show = (status) => {
    if (!isFetching(status) || status.stage === 'offline') begun = {at: 0, loaded: 0};
    else if (!begun.at) begun = {at: performance.now(), loaded: status.loaded};
    if (chip) {
      chip.dataset.state = status.state;
      setText(chip, describe(status));
    }
    // Progress comes many times a second; a sentence is said once.
    const now = `${status.state} ${status.code} ${status.stage === 'offline'}`;
    if (now === told) return;
    told = now;
    if (status.state === 'failed') replaced = false;
    if (status.state === 'failed') tellFault(status);
    else if (status.state === 'booting' && status.stage === 'offline') tellWaiting(status);
    else if (status.state === 'booting' && status.code && status.code !== 'OSFT-E20') {
      replaced = true;
      notify({slot: 'kernel', quiet: true, code: status.code, message: `${status.message} ${FAULTS[status.code]?.works ?? ''}`, details: status.details});
    } else if (!replaced) {
      clearNotice('kernel');
    } else if (status.state === 'ready') {
      replaced = false; // Python is back in a second; what happened stays to be read
    }
  };
  kernel.onStatus(show);
  show(kernel.status); // it may have failed before anyone listened
}
