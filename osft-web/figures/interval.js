// Rows of a dot with its interval, about a reference line: a mean over draws or seeds and how sure it is.
// Called by the pages energy and training.
//
//   intervals(panel.marks, {label: 'Change of the energy', reference: 0, rows: [
//     {key: 'oft', label: 'OFT', value: 0, low: 0, high: 0, text: '0.00 %'},
//     {key: 'random', label: 'Random', value: 0.03, low: 0.01, high: 0.06, text: '+3.1 %'},
//   ]}, panel.area);

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

/**
 * @param {number} rows
 */
export function intervalsHeight(rows) {
  return rows * 46 + 50;
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
  const frame = axes(child(group, `${key}-axes`, 'g'), {
    x: {domain: domain ?? [low - slack, high + slack], label, format, grid: true},
    y: {domain: [rows.length, 0], hidden: true},
  }, area, {margin: {top: 6, left: 4, right: 4}});
  const layer = pass(child(group, key, 'g', {class: 'intervals'}));
  if (reference !== undefined) {
    layer.add('reference', 'path', {d: `M${frame.x(reference)} ${frame.top}V${frame.bottom}`, class: 'reference'});
  }
  rows.forEach((row, i) => {
    const y = frame.y(i + 0.68);
    const own = pass(layer.add(row.key, 'g', {class: seriesClass(row.key)}));
    own.add('name', 'text', {x: area.left, y: y - 14, class: 'row-label'}, row.label);
    own.add('value', 'text', {x: area.left + area.width, y: y - 14, class: 'row-value', 'text-anchor': 'end'}, row.text);
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
