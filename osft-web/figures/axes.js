// Two axes with ticks and grid, linear or logarithmic, and the frame that marks are drawn in.
// Called by the pages before curves, front and spectrum; ticks and scales are d3's.
//
//   const frame = axes(panel.marks, {
//     x: {domain: [0, 400], label: 'Step'},
//     y: {domain: [0, 1], label: 'Accuracy', format: percent},
//   }, panel.area);
//
// An axis takes: `domain`; `label`; `type` 'linear' | 'log' ('linear'); `ticks`, how many or which; `format`;
// `grid`, whether it has grid lines (x: no, y: yes); `hidden`, which keeps the scale and draws nothing.

import {scaleLinear, scaleLog} from '../generated/vendor/d3.js';
import {decimal} from '../shell/numbers.js';
import {child, pass, px} from './svg.js';
import {inset} from './panels.js';

/**
 * @typedef {object} Axis
 * @property {[number, number]} domain
 * @property {string} [label]
 * @property {'linear'|'log'} [type]
 * @property {number|number[]} [ticks]
 * @property {(value: number) => string} [format]
 * @property {boolean} [grid]
 * @property {boolean} [hidden]
 */

/**
 * @param {Element} group
 * @param {{x: Axis, y: Axis}} data
 * @param {import('./types.js').Area} area
 * @param {{margin?: {top?: number, right?: number, bottom?: number, left?: number}}} [options]
 * @returns {import('./types.js').Frame}
 */
export function axes(group, data, area, {margin = {}} = {}) {
  const xTicks = ticks(data.x, Math.max(2, Math.floor(area.width / 105)));
  const yTicks = ticks(data.y, Math.max(2, Math.floor(area.height / 72)));
  const widest = Math.max(0, ...yTicks.map((tick) => tick.text.length));
  const inner = inset(
    area,
    margin.top ?? (data.y.label ? 30 : 12),
    margin.right ?? 14,
    margin.bottom ?? (data.x.hidden ? 8 : data.x.label ? 44 : 26),
    margin.left ?? (data.y.hidden ? 8 : 12 + widest * 6.6),
  );
  const frame = scales(data, inner);
  const layer = pass(child(group, 'axes', 'g', {class: 'axes', 'aria-hidden': 'true'}));
  const {left, right, top, bottom} = frame;

  if (!data.y.hidden) {
    for (const {value, text} of yTicks) {
      const y = px(frame.y(value));
      if (data.y.grid !== false) layer.add(`gy${value}`, 'path', {d: `M${left} ${y}H${right}`, class: 'gridline'});
      layer.add(`ty${value}`, 'text', {x: left - 8, y: y + 4, class: 'tick', 'text-anchor': 'end'}, text);
    }
    if (data.y.label) layer.add('ly', 'text', {x: area.left, y: area.top + 14, class: 'axis-label'}, data.y.label);
  }
  if (!data.x.hidden) {
    for (const {value, text} of xTicks) {
      const x = px(frame.x(value));
      const mark = data.x.grid ? `M${x} ${top}V${bottom}` : `M${x} ${bottom}v5`;
      layer.add(`gx${value}`, 'path', {d: mark, class: data.x.grid ? 'gridline' : 'tickline'});
      const room = 3.4 * text.length;
      const anchor = x - area.left < room ? 'start' : area.left + area.width - x < room ? 'end' : 'middle';
      layer.add(`tx${value}`, 'text', {x, y: bottom + 19, class: 'tick', 'text-anchor': anchor}, text);
    }
    if (data.x.label) {
      layer.add('lx', 'text', {x: right, y: bottom + 38, class: 'axis-label', 'text-anchor': 'end'}, data.x.label);
    }
    layer.add('base', 'path', {d: `M${left} ${bottom}H${right}`, class: 'axisline'});
  }
  layer.end();
  return frame;
}

/**
 * The scales of a frame without drawing anything.
 * @param {{x: Axis, y: Axis}} data
 * @param {import('./types.js').Area} inner
 * @returns {import('./types.js').Frame}
 */
export function scales(data, inner) {
  const right = inner.left + inner.width;
  const bottom = inner.top + inner.height;
  const x = scale(data.x).range([inner.left, right]);
  const y = scale(data.y).range([bottom, inner.top]);
  return {
    left: inner.left, top: inner.top, right, bottom, width: inner.width, height: inner.height,
    x: (value) => x(value),
    y: (value) => y(value),
    invert: {x: (pixel) => Number(x.invert(pixel)), y: (pixel) => Number(y.invert(pixel))},
  };
}

/** @param {Axis} axis */
export function scale(axis) {
  return (axis.type === 'log' ? scaleLog() : scaleLinear()).domain(axis.domain);
}

/**
 * The ticks of an axis with their texts. A logarithmic axis names powers of ten, or more when it spans few.
 * @param {Axis} axis
 * @param {number} count
 * @returns {{value: number, text: string}[]}
 */
export function ticks(axis, count) {
  const own = scale(axis);
  let values = Array.isArray(axis.ticks) ? axis.ticks : own.ticks(axis.ticks ?? count);
  if (axis.type === 'log' && !Array.isArray(axis.ticks)) {
    const powers = values.filter((value) => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9);
    if (powers.length >= 3) {
      const every = Math.max(1, Math.ceil(powers.length / Math.max(2, count)));
      values = powers.filter((_, i) => i % every === 0);
    }
  }
  const format = axis.format ?? (axis.type === 'log' ? compact : own.tickFormat(values.length));
  return values.map((value) => ({value, text: format(value).replace('-', '−')}));
}

/**
 * 1,234 below ten thousand, then 12 k, 3.4 M, 5 G; small numbers as powers of ten.
 * @param {number} value
 */
export function compact(value) {
  const size = Math.abs(value);
  if (size >= 1e4) {
    const [divisor, suffix] = size >= 1e12 ? [1e12, ' T'] : size >= 1e9 ? [1e9, ' G'] : size >= 1e6 ? [1e6, ' M'] : [1e3, ' k'];
    return `${+(value / divisor).toPrecision(3)}${suffix}`;
  }
  if (size > 0 && size < 1e-3) {
    const power = Math.floor(Math.log10(size) + 1e-9);
    const mantissa = +(value / 10 ** power).toPrecision(2);
    return `${mantissa === 1 ? '' : `${mantissa}·`}10${superscript(power)}`;
  }
  return decimal(+value.toPrecision(4), 4);
}

/** @param {number} power */
function superscript(power) {
  return [...String(power)].map((sign) => (sign === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(sign)] ?? '')).join('');
}

/**
 * 0.25 -> 25 %
 * @param {number} value
 */
export function percent(value) {
  return `${+(100 * value).toFixed(1)} %`;
}
