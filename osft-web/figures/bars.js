// Horizontal bars with their names and values, on a linear or a logarithmic scale. Called by the pages parameters and svd.
//
//   bars(panel.marks, {type: 'log', rows: [
//     {key: 'full', label: 'Full fine-tuning', value: 131072, text: '131,072'},
//     {key: 'lora', label: 'LoRA', value: 12288, text: '12,288', note: '9.4 %'},
//   ]}, panel.area);
//   barsHeight(7, panel.width)  -> the height such a panel needs
//
// On a narrow drawing the name stands above its bar. A zero on a log scale has no bar, only its number.

import {scale, ticks} from './axes.js';
import {child, pass} from './svg.js';
import {seriesClass} from './palette.js';

const NARROW = 520;

/**
 * @typedef {object} Bar
 * @property {string} key
 * @property {string} label
 * @property {number} value
 * @property {string} text  the value as it is read
 * @property {string} [note]  after the value, in a quieter tone
 * @property {number} [low]  an interval about the value
 * @property {number} [high]
 * @property {boolean} [hatched]  a number of another kind: a simplification, an upper bound
 * @property {boolean} [strong]
 */

/**
 * @param {number} rows
 * @param {number} width
 */
export function barsHeight(rows, width) {
  return rows * (width < NARROW ? 46 : 34) + 34;
}

/**
 * @param {Element} group
 * @param {{rows: Bar[], type?: 'linear'|'log', domain?: [number, number], key?: string, labels?: number, format?: (value: number) => string}} data
 * @param {import('./types.js').Area} area
 */
export function bars(group, {rows, type = 'linear', domain, key = 'bars', labels, format}, area) {
  const narrow = area.width < NARROW;
  const pitch = (area.height - 34) / Math.max(1, rows.length);
  const thick = Math.min(narrow ? 14 : 18, pitch * 0.55);
  const named = narrow ? 0 : labels ?? Math.min(240, 16 + 7.2 * Math.max(0, ...rows.map((row) => row.label.length)));
  const valued = narrow ? 8 : 24 + 7.4 * Math.max(0, ...rows.map((row) => row.text.length + (row.note?.length ?? 0) + 1));
  const most = Math.max(...rows.map((row) => Math.max(row.value, row.high ?? 0)), type === 'log' ? 10 : 1e-9);
  const least = Math.min(...rows.map((row) => row.value).filter((value) => value > 0), most);
  const axis = {type, domain: domain ?? /** @type {[number, number]} */ (type === 'log' ? [10 ** Math.floor(Math.log10(least) - 0.3), most] : [0, most]), format};
  const left = area.left + named;
  const right = area.left + area.width - valued;
  const x = scale(axis).range([left, right]).clamp(true);
  const bottom = area.top + area.height - 30;
  const grid = pass(child(group, `${key}-axis`, 'g', {class: 'axes', 'aria-hidden': 'true'}));
  for (const {value, text} of ticks(axis, Math.max(2, Math.floor((right - left) / 90)))) {
    if (value < axis.domain[0] || value > axis.domain[1]) continue;
    grid.add(`g${value}`, 'path', {d: `M${x(value)} ${area.top}V${bottom}`, class: 'gridline'});
    const edge = x(value) - area.left < 3.5 * text.length;
    grid.add(`t${value}`, 'text', {x: x(value), y: bottom + 18, class: 'tick', 'text-anchor': edge ? 'start' : 'middle'}, text);
  }
  grid.end();
  const layer = pass(child(group, key, 'g', {class: 'bars'}));
  rows.forEach((row, i) => {
    const middle = area.top + pitch * (i + (narrow ? 0.68 : 0.5));
    const has = row.value > 0 && Number.isFinite(row.value);
    const end = has ? Math.max(left + 2, x(row.value)) : left;
    const own = pass(layer.add(row.key, 'g', {class: `${seriesClass(row.key)}${row.strong ? ' strong' : ''}`}));
    own.add('bar', 'path', {d: `M${left} ${middle - thick / 2}H${end}v${thick}H${left}Z`, class: row.hatched ? 'bar bar-open' : 'bar'});
    if (row.low !== undefined && row.high !== undefined) {
      own.add('interval', 'path', {d: whisker(x(row.low), x(row.high), middle), class: 'whisker'});
    }
    const above = middle - thick / 2 - 7;
    own.add('name', 'text', narrow
      ? {x: area.left, y: above, class: 'row-label', 'text-anchor': 'start'}
      : {x: left - 12, y: middle + 5, class: 'row-label', 'text-anchor': 'end'}, row.label);
    const value = narrow
      ? {x: area.left + area.width, y: above, class: 'row-value', 'text-anchor': 'end'}
      : {x: Math.max(end, row.high !== undefined ? x(row.high) : 0) + 12, y: middle + 5, class: 'row-value', 'text-anchor': 'start'};
    own.add('value', 'text', value, row.note ? `${row.text} · ${row.note}` : row.text);
    own.end();
  });
  layer.end();
}

/**
 * @param {number} low
 * @param {number} high
 * @param {number} y
 */
export function whisker(low, high, y) {
  return `M${low} ${y}H${high}M${low} ${y - 4}v8M${high} ${y - 4}v8`;
}
