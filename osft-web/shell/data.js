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
  if (typeof value === 'string') return Object.hasOwn(NAMED, value) ? NAMED[value] : value;
  if (value && typeof value === 'object' && Array.isArray(value.values)) {
    return {shape: value.shape, values: Float64Array.from(value.values, (/** @type {any} */ one) => (typeof one === 'string' ? NAMED[one] : one))};
  }
  return value;
}

/**
 * Any shipped JSON file. One that is damaged is asked for once more, past the cache.
 * @param {string} name  below data/
 * @param {AbortSignal} [signal]
 * @param {RequestCache} [cache]
 * @returns {Promise<any>}
 */
export async function loadJson(name, signal, cache = 'default') {
  let response;
  try {
    response = await fetch(new URL(`../data/${name}`, import.meta.url), {signal, cache});
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new DataError('OSFT-E40', `The figure's data (${name}) could not be reached. The text and the other pages work; reload to try again.`);
  }
  if (!response.ok) throw new DataError('OSFT-E41', `This copy of the site is incomplete: the figure's data (${name}) is missing (status ${response.status}). The text and the other pages work.`);
  try {
    return await response.json();
  } catch (cause) {
    if (signal?.aborted) throw cause;
    if (cache === 'default') return loadJson(name, signal, 'reload');
    throw new DataError('OSFT-E42', `The figure's data (${name}) is damaged. The text and the other pages work; reload to fetch it again.`);
  }
}

/**
 * @param {string} page
 * @returns {Promise<Declaration>}
 */
export async function loadDeclaration(page) {
  let found = await loadJson(`${page}.json`);
  if (found?.schema !== SCHEMA) found = await loadJson(`${page}.json`, undefined, 'reload');
  if (found?.schema !== SCHEMA || !Array.isArray(found.parameters)) {
    throw new DataError('OSFT-E43', 'The figure\'s data was made by another version of this site. The text and the other pages work; reload to get matching files.');
  }
  found.result = Object.fromEntries(Object.entries(found.result).map(([name, value]) => [name, revive(value)]));
  return found;
}
