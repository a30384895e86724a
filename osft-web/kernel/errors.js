// The table of faults: for each stable code, what happened, what still works, and the one button.
// Read by client.js to phrase its status, and by the shell for the status line.

/** @typedef {'retry' | 'restart' | 'reload' | 'none'} Action */
/** @typedef {{happened: (detail: string) => string, works: string, action: Action}} Fault */

const READING = 'The text, the formulas and the first figures stay usable.';
const KEPT = 'Your settings are kept.';

/** @type {Record<string, Fault>} */
export const FAULTS = {
  // Before Python can start.
  'OSFT-E01': {
    happened: (detail) => `This copy of the site has no Python in it (${detail}). Whoever hosts it has to run “python3 build.py” once.`,
    works: READING,
    action: 'retry',
  },
  'OSFT-E02': {happened: (detail) => `This copy of the site is incomplete: ${detail}.`, works: READING, action: 'retry'},
  'OSFT-E03': {
    happened: (detail) => `The server sends a file under the wrong type: ${detail}. Whoever hosts the site has to set the type.`,
    works: READING,
    action: 'retry',
  },
  'OSFT-E04': {happened: (detail) => `A file was damaged on the way: ${detail}.`, works: READING, action: 'retry'},
  'OSFT-E05': {happened: (detail) => `The download stalled: ${detail}.`, works: READING, action: 'retry'},
  'OSFT-E06': {happened: (detail) => `The server cannot be reached: ${detail}.`, works: READING, action: 'retry'},
  'OSFT-E07': {
    happened: (detail) =>
      `This browser cannot run Python (${detail}). Chrome or Edge 123, Firefox 128, Safari 18.2, or anything newer, can.`,
    works: READING,
    action: 'none',
  },
  'OSFT-E08': {happened: (detail) => `The Python worker could not be started (${detail}).`, works: READING, action: 'retry'},
  'OSFT-E09': {happened: (detail) => `Python could not be started (${detail}).`, works: READING, action: 'retry'},
  'OSFT-E10': {happened: (detail) => `Python started, but NumPy is missing or damaged (${detail}).`, works: READING, action: 'retry'},
  'OSFT-E11': {happened: (detail) => `Python started, but the explorer's own code did not (${detail}).`, works: READING, action: 'retry'},
  'OSFT-E12': {
    happened: (detail) => `An additional package could not be loaded (${detail}).`,
    works: 'Everything that does not need it goes on working.',
    action: 'reload',
  },
  'OSFT-E13': {
    happened: (detail) => `A part of Python's library is not there (${detail}).`,
    works: 'Everything that does not need it goes on working.',
    action: 'reload',
  },
  'OSFT-E14': {happened: () => 'This site was published anew since the page was opened.', works: `${READING} ${KEPT}`, action: 'reload'},
  'OSFT-E15': {
    happened: (detail) => `The recorded interpreter does not compute what it should (${detail}). Python is starting again from its files.`,
    works: KEPT,
    action: 'none',
  },
  // While Python runs.
  'OSFT-E20': {happened: () => 'Stopped. Python is starting again.', works: KEPT, action: 'none'},
  'OSFT-E21': {
    happened: (detail) => `The computation took longer than ${detail} and was stopped. Python starts again by itself.`,
    works: KEPT,
    action: 'none',
  },
  'OSFT-E22': {happened: (detail) => `Python stopped (${detail}) and starts again by itself.`, works: KEPT, action: 'none'},
  'OSFT-E23': {happened: (detail) => `Python stopped twice within a minute (${detail}).`, works: `${READING} ${KEPT}`, action: 'restart'},
  'OSFT-E24': {happened: () => 'Python stopped answering and starts again by itself.', works: KEPT, action: 'none'},
  'OSFT-E25': {
    happened: (detail) => `This needs more memory than a browser tab gets (${detail}). Choose a smaller size.`,
    works: 'Python goes on running; started again it has all its memory.',
    action: 'restart',
  },
  'OSFT-E26': {happened: (detail) => detail, works: 'Python goes on running.', action: 'none'},
  'OSFT-E28': {
    happened: (detail) => `The page sent Python a message that it does not take: ${detail}`,
    works: 'Python goes on running.',
    action: 'none',
  },
  // What the reader gave.
  'OSFT-E30': {happened: (detail) => detail, works: 'The last figure stays.', action: 'none'},
  'OSFT-E31': {happened: (detail) => detail, works: 'Python goes on running.', action: 'none'},
};

/** A fault of the kernel or of a call, as every promise of the kernel rejects with it. */
export class KernelError extends Error {
  /**
   * @param {string} code
   * @param {string} [detail]
   * @param {{field?: string, traceback?: string}} [more]
   */
  constructor(code, detail = '', more = {}) {
    super(FAULTS[code]?.happened(detail) ?? detail);
    this.name = 'KernelError';
    this.code = code;
    this.detail = detail;
    this.field = more.field ?? '';
    this.traceback = more.traceback ?? '';
  }
}

/**
 * Whatever was thrown, as a fault.
 * @param {unknown} error
 * @returns {KernelError}
 */
export function asKernelError(error) {
  return error instanceof KernelError ? error : new KernelError('OSFT-E09', String(/** @type {any} */ (error)?.message ?? error));
}
