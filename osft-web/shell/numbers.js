// How a number is written: for the eye, and in full for programs. Called by the readout, prose and panels.

/** @typedef {import('./types.js').Output} Output */

/**
 * A number as it is written in English, with its thousands apart. The browser's own writer of numbers would hold up a slow
 * phone for a twentieth of a second when the first one is made.
 * @param {number} value  smaller than 1e21
 * @param {number} most  decimals
 * @param {number} [least]
 */
export function decimal(value, most, least = 0) {
  // In binary 0.015 is a little less than that, and would become 0.01.
  const [whole = '', part = ''] = (value * (1 + Number.EPSILON)).toFixed(most).split('.');
  const decimals = part.replace(/0+$/, '').padEnd(least, '0');
  return whole.replace(/\B(?=(\d{3})+$)/g, ',') + (decimals && `.${decimals}`);
}

/**
 * A number for reading: `digits` significant digits, powers of ten where it is tiny or huge.
 * @param {number} value
 * @param {number} [digits]
 * @param {boolean} [padded]  also those that are zeros at the end, so that numbers under one another have as many
 */
export function formatNumber(value, digits = 4, padded = false) {
  if (Number.isNaN(value)) return 'not a number';
  if (!Number.isFinite(value)) return value > 0 ? 'infinite' : 'minus infinite';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15 && !padded) return minus(decimal(value, 0));
  if (size < 1e-4 || size >= 1e9) {
    const [mantissa, exponent] = value.toExponential(Math.max(1, digits - 2)).split('e');
    return `${minus(mantissa)} × 10${superscript(Number(exponent))}`;
  }
  const decimals = Math.max(0, Math.min(12, digits - 1 - Math.floor(Math.log10(size))));
  return minus(decimal(value, decimals, padded ? decimals : 0));
}

/**
 * A share as a percentage.
 * @param {number} value
 * @param {number} [digits]
 */
export function formatPercent(value, digits = 3) {
  return `${formatNumber(100 * value, digits, true)}\u202f%`;
}

/** @param {string} text */
function minus(text) {
  return text.replace('-', '\u2212');
}

/**
 * A sentence whose numbers do not break at the end of a line.
 * @param {string} sentence
 */
export function unbroken(sentence) {
  return sentence.replaceAll(' × 10', '\u00a0×\u00a010').replaceAll(' %', '\u202f%');
}

/** @param {number} exponent */
function superscript(exponent) {
  return [...String(exponent)].map((sign) => (sign === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(sign)])).join('');
}

/**
 * Bytes in the unit a person would say.
 * @param {number} bytes
 */
export function formatBytes(bytes) {
  if (!Number.isFinite(bytes)) return formatNumber(bytes);
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let size = bytes;
  let unit = 0;
  while (Math.abs(size) >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${decimal(size, unit && size < 100 ? 1 : 0)} ${units[unit]}`;
}

/**
 * The full-precision text that `data-value` carries: it reads back to the same number.
 * @param {any} value
 * @returns {string}
 */
export function fullValue(value) {
  if (typeof value === 'number') {
    if (!Number.isFinite(value) || Number.isInteger(value)) return String(value);
    return value.toPrecision(17);
  }
  if (value && typeof value === 'object') return JSON.stringify(Array.from(value.values, plain));
  return String(value);
}

/** @param {number} value */
function plain(value) {
  return Number.isFinite(value) ? value : String(value);
}

/**
 * An output for reading, with its unit.
 * @param {Output} output
 * @param {any} value
 */
export function formatOutput(output, value) {
  if (output.kind === 'flag') return value ? '✓ yes' : '✗ no';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') {
    if (output.unit === 'bytes') return formatBytes(value);
    if (output.percent) return formatPercent(value, output.digits);
    const text = formatNumber(value, output.digits, output.unit === '%');
    if (output.unit === '%') return `${text}\u202f%`;
    return output.unit ? `${text}\u00a0${output.unit}` : text;
  }
  const values = Array.from(value.values, (number) => formatNumber(Number(number), output.digits));
  return values.length > 12 ? `${values.slice(0, 8).join(', ')} … (${values.length} numbers)` : values.join(', ');
}
