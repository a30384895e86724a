// Which additional packages and data a call needs before it can run.
// Called by client.js; what the list does not foresee is an ordinary ModuleNotFoundError.

/** @typedef {import('./protocol.js').Feature} Feature */

/** @type {Record<string, Feature[]>} */
const NEEDS = {
  archive: ['stdlib'],
  audit: ['scipy'],
  publication_figure: ['matplotlib'],
  run_cell: ['stdlib'],
};

/**
 * Readers' code may import anything that the site ships, so it is read for what it names.
 * @param {string} name
 * @param {object} args
 * @returns {Feature[]}
 */
export function featuresFor(name, args) {
  const {code = '', parameters = {}} = /** @type {{code?: string, parameters?: {source?: unknown}}} */ (args);
  const features = [...(NEEDS[name] ?? [])];
  if (/\bscipy\b/.test(code)) features.push('scipy');
  if (/\bmatplotlib\b/.test(code)) features.push('matplotlib');
  if (parameters.source === 'transformer' || /\btransformer\b/.test(code)) features.push('transformer');
  return features;
}
