// The outputs on the screen as CSV and JSON. Called by take.js; the order is that of the declaration.
import {linkTo} from '../address.js';

/** @typedef {import('../types.js').Api} Api */

/** @param {unknown} value */
function cell(value) {
  const text = typeof value === 'number' && Number.isFinite(value) && !Number.isInteger(value) ? value.toPrecision(17) : String(value);
  // A leading = + - @ would be run as a formula by a spreadsheet; numbers keep their sign.
  const safe = typeof value === 'string' && /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * Long form: name, row, column, value. Parameters first, so that the file can be computed again.
 * @param {Api} api
 */
export function asCsv(api) {
  const lines = ['kind,name,row,column,value'];
  const state = api.shown();
  for (const {name} of api.declaration.parameters) lines.push(['parameter', name, '', '', cell(state[name])].join(','));
  for (const [name, value] of Object.entries(api.outputs())) {
    if (!value || typeof value !== 'object') {
      lines.push(['output', name, '', '', cell(value)].join(','));
      continue;
    }
    const columns = value.shape.length > 1 ? value.shape[value.shape.length - 1] : 0;
    value.values.forEach((/** @type {number} */ number, /** @type {number} */ index) => {
      const place = columns ? [Math.floor(index / columns), index % columns] : [index, ''];
      lines.push(['output', name, ...place, cell(number)].join(','));
    });
  }
  return `${lines.join('\n')}\n`;
}

/** @param {Api} api */
export function asJson(api) {
  return JSON.stringify({
    page: api.page,
    link: linkTo(api.declaration, api.shown()),
    source: api.live() ? 'live' : 'precomputed',
    parameters: api.shown(),
    outputs: api.outputs(),
  }, (_, value) => {
    if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
    return value instanceof Float64Array ? Array.from(value) : value;
  }, 1);
}
