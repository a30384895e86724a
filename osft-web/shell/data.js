// Loads data/<page>.json and turns its shipped result into the same shape as Python's answer.
// Called by the page mount and by pages that need a shipped file.

/** @typedef {import('./types.js').Declaration} Declaration */

export const SCHEMA = 1;

/** A shipped file that cannot be used, with the sentence the reader sees. */
export class DataError extends Error {
  /**
   * @param {string} code
   * @param {string} sentence
   */
  constructor(code, sentence) {
    super(sentence);
    this.code = code;
  }
}

/** @type {Record<string, number>} */
const NAMED = {Infinity, '-Infinity': -Infinity, NaN};

/**
 * A JSON value with non-finite numbers spelled as strings, as numbers again.
 * @param {any} value
 * @returns {any}
 */
function revive(value) {
  if (typeof value === 'string') return value in NAMED ? NAMED[value] : value;
  if (value && typeof value === 'object' && Array.isArray(value.values)) {
    return {shape: value.shape, values: Float64Array.from(value.values, (/** @type {any} */ one) => (typeof one === 'string' ? NAMED[one] : one))};
  }
  return value;
}

/**
 * Any shipped JSON file.
 * @param {string} name  below data/
 * @param {AbortSignal} [signal]
 */
export async function loadJson(name, signal) {
  let response;
  try {
    response = await fetch(new URL(`../data/${name}`, import.meta.url), {signal});
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new DataError('OSFT-E40', `The figure's data (${name}) could not be reached. The text still works; the figure comes when Python is ready.`);
  }
  if (!response.ok) throw new DataError('OSFT-E41', `This copy of the site lacks ${name} (status ${response.status}). The text still works; the figure comes when Python is ready.`);
  try {
    return await response.json();
  } catch {
    throw new DataError('OSFT-E42', `The figure's data (${name}) is damaged. The text still works; reload to fetch it again.`);
  }
}

/**
 * @param {string} page
 * @param {AbortSignal} [signal]
 * @returns {Promise<Declaration>}
 */
export async function loadDeclaration(page, signal) {
  const found = await loadJson(`${page}.json`, signal);
  if (found?.schema !== SCHEMA || !Array.isArray(found.parameters)) {
    throw new DataError('OSFT-E43', 'The figure\'s data was made by another version of this site. Reload to get matching files.');
  }
  found.result = Object.fromEntries(Object.entries(found.result).map(([name, value]) => [name, revive(value)]));
  return found;
}
