// Rows of a dot with its interval, about a reference line: a mean over draws or seeds and how sure it is.
// Called by the pages energy and training.
//
//   intervals(panel.marks, {label: 'Change of the energy', reference: 0, rows: [
//     {key: 'oft', label: 'OFT', value: 0, low: 0, high: 0, text: '0.00 %'},
//     {key: 'random', label: 'Random', value: 0.03, low: 0.01, high: 0.06, text: '+3.1 %'},
//   ]}, panel.area);
//   intervalsHeight(2, panel.width)  -> the height such a panel needs
//
// On a narrow drawing the name and the value stand above their row.

import {scaleLinear} from '../generated/vendor/d3.js';
import {axes} from './axes.js';
import {child, pass} from './svg.js';
import {markerPath, series, seriesClass} from './palette.js';
import {whisker} from './bars.js';

/**
 * @typedef {object} IntervalRow
 * @property {string} key
 * @property {string} label
 * @property {number} value
 * @property {number} [low]
 * @property {number} [high]
 * @property {string} text
 * @property {ArrayLike<number>} [samples]  the single draws or seeds, as faint ticks
 */

const NARROW = 440;

/**
 * @param {number} rows
 * @param {number} [width]
 */
export function intervalsHeight(rows, width = 0) {
  return rows * (width < NARROW ? 46 : 36) + 54;
}

/**
 * @param {Element} group
 * @param {{rows: IntervalRow[], domain?: [number, number], reference?: number, label?: string, key?: string, format?: (value: number) => string}} data
 * @param {import('./types.js').Area} area
 */
export function intervals(group, {rows, domain, reference, label, key = 'intervals', format}, area) {
  const values = rows.flatMap((row) => [row.value, row.low ?? row.value, row.high ?? row.value, ...Array.from(row.samples ?? [])]).concat(reference ?? []).filter(Number.isFinite);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const slack = (high - low || Math.abs(high) || 1) * 0.08;
  const narrow = area.width < NARROW;
  const named = narrow ? 0 : 20 + 7 * Math.max(0, ...rows.map((row) => row.label.length));
  const valued = 16 + 7.4 * Math.max(0, ...rows.map((row) => row.text.length));
  const frame = axes(child(group, `${key}-axes`, 'g'), {
    // Ends at round numbers, so that the axis stands still while the rows move.
    x: {domain: domain ?? rounded(low - slack, high + slack), label, format, grid: true},
    y: {domain: [rows.length, 0], hidden: true},
  }, area, {margin: {top: 6, left: named || 8, right: named ? valued : 8}});
  const layer = pass(child(group, key, 'g', {class: 'intervals'}));
  if (reference !== undefined) {
    layer.add('reference', 'path', {d: `M${frame.x(reference)} ${frame.top}V${frame.bottom}`, class: 'reference'});
  }
  rows.forEach((row, i) => {
    const y = frame.y(i + (narrow ? 0.68 : 0.5));
    const baseline = narrow ? y - 14 : y + 5;
    const own = pass(layer.add(row.key, 'g', {class: seriesClass(row.key)}));
    own.add('name', 'text', {x: area.left, y: baseline, class: 'row-label'}, row.label);
    own.add('value', 'text', {x: area.left + area.width, y: baseline, class: 'row-value', 'text-anchor': 'end'}, row.text);
    own.add('line', 'path', {d: `M${frame.left} ${y}H${frame.right}`, class: 'row-line'});
    if (row.samples) {
      let path = '';
      for (let k = 0; k < row.samples.length; k += 1) path += `M${Math.round(frame.x(row.samples[k] ?? 0) * 10) / 10} ${y - 5}v10`;
      own.add('samples', 'path', {d: path, class: 'samples'});
    }
    if (row.low !== undefined && row.high !== undefined) {
      own.add('interval', 'path', {d: whisker(frame.x(row.low), frame.x(row.high), y), class: 'whisker'});
    }
    if (Number.isFinite(row.value)) {
      own.add('mark', 'path', {d: markerPath(series(row.key).marker, frame.x(row.value), y, 6), class: 'marker'});
    }
    own.end();
  });
  layer.end();
}

/** @type {(low: number, high: number) => [number, number]} */
const rounded = (low, high) => /** @type {[number, number]} */ (scaleLinear().domain([low, high]).nice().domain());
