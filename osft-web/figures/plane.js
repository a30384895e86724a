// The coordinate plane: equal units on both axes, a grid, and the grid as a linear map bends it.
// Called by the pages rotation, projection and by circle.js.
//
//   const frame = plane(panel.marks, {extent: 3, label: ['x', 'y']}, panel.area);
//   mappedGrid(panel.marks, {matrix: outputs.matrix, extent: 3}, frame);
//
// `extent` is how far the shorter side reaches from the centre. The frame has `unit`, the pixels of one unit.

import {ticks as ticksOf} from '../generated/vendor/d3.js';
import {child, pass} from './svg.js';

/** @typedef {import('./types.js').Frame & {unit: number, reach: [number, number]}} PlaneFrame */

/**
 * @param {Element} group
 * @param {{extent: number, centre?: [number, number], grid?: boolean, numbers?: boolean, labels?: [string, string]}} data
 * @param {import('./types.js').Area} area
 * @returns {PlaneFrame}
 */
export function plane(group, {extent, centre = [0, 0], grid = true, numbers = true, labels}, area) {
  const unit = Math.min(area.width, area.height) / (2 * extent);
  const midX = area.left + area.width / 2;
  const midY = area.top + area.height / 2;
  const reach = /** @type {[number, number]} */ ([area.width / 2 / unit, area.height / 2 / unit]);
  const frame = {
    left: area.left, top: area.top, right: area.left + area.width, bottom: area.top + area.height,
    width: area.width, height: area.height, unit, reach,
    x: (/** @type {number} */ value) => midX + (value - centre[0]) * unit,
    y: (/** @type {number} */ value) => midY - (value - centre[1]) * unit,
    invert: {
      x: (/** @type {number} */ pixel) => centre[0] + (pixel - midX) / unit,
      y: (/** @type {number} */ pixel) => centre[1] - (pixel - midY) / unit,
    },
  };
  const layer = pass(child(group, 'plane', 'g', {class: 'plane', 'aria-hidden': 'true'}));
  const step = spacing(extent, unit);
  const across = between(centre[0] - reach[0], centre[0] + reach[0], step);
  const up = between(centre[1] - reach[1], centre[1] + reach[1], step);
  if (grid) {
    const lines = across.map((x) => `M${round(frame.x(x))} ${frame.top}V${frame.bottom}`)
      .concat(up.map((y) => `M${frame.left} ${round(frame.y(y))}H${frame.right}`));
    layer.add('grid', 'path', {d: lines.join(''), class: 'gridline'});
  }
  const x0 = round(Math.min(frame.right, Math.max(frame.left, frame.x(0))));
  const y0 = round(Math.min(frame.bottom, Math.max(frame.top, frame.y(0))));
  layer.add('axes', 'path', {d: `M${frame.left} ${y0}H${frame.right}M${x0} ${frame.top}V${frame.bottom}`, class: 'axisline'});
  if (numbers) {
    for (const x of across) {
      const at = frame.x(x);
      if (x !== 0 && at > frame.left + 12 && at < frame.right - 12) {
        layer.add(`x${x}`, 'text', {x: at, y: Math.min(frame.bottom - 4, y0 + 16), class: 'tick', 'text-anchor': 'middle'}, number(x));
      }
    }
    for (const y of up) {
      const at = frame.y(y);
      if (y !== 0 && at > frame.top + 10 && at < frame.bottom - 10) {
        layer.add(`y${y}`, 'text', {x: Math.max(frame.left + 14, x0 - 7), y: at + 4, class: 'tick', 'text-anchor': 'end'}, number(y));
      }
    }
  }
  if (labels) {
    layer.add('lx', 'text', {x: frame.right - 4, y: y0 - 7, class: 'axis-label math', 'text-anchor': 'end'}, labels[0]);
    layer.add('ly', 'text', {x: x0 + 8, y: frame.top + 13, class: 'axis-label math'}, labels[1]);
  }
  layer.end();
  return frame;
}

/**
 * The square grid of the plane after x' = A x: straight lines, as a linear map leaves them, and the two basis vectors' cell.
 * @param {Element} group
 * @param {{matrix: ArrayLike<number>, extent: number, key?: string, cell?: boolean}} data  A row by row
 * @param {PlaneFrame} frame
 */
export function mappedGrid(group, {matrix, extent, key = 'mapped', cell = true}, frame) {
  const [a = 1, b = 0, c = 0, d = 1] = Array.from(matrix);
  const to = (/** @type {number} */ x, /** @type {number} */ y) =>
    `${round(frame.x(a * x + b * y))} ${round(frame.y(c * x + d * y))}`;
  const reach = Math.ceil(extent);
  const step = extent > 6 ? 2 : 1;
  let path = '';
  for (let at = -reach; at <= reach; at += step) path += `M${to(at, -reach)}L${to(at, reach)}M${to(-reach, at)}L${to(reach, at)}`;
  const layer = pass(child(group, key, 'g', {class: 'mapped', 'aria-hidden': 'true'}));
  layer.add('lines', 'path', {d: path, class: 'mapped-line'});
  if (cell) layer.add('cell', 'path', {d: `M${to(0, 0)}L${to(1, 0)}L${to(1, 1)}L${to(0, 1)}Z`, class: 'mapped-cell'});
  layer.end();
}

/**
 * How far grid lines are apart: the shorter side decides, so that a wide drawing is not a fine mesh.
 * @param {number} extent
 * @param {number} unit
 */
function spacing(extent, unit) {
  const some = ticksOf(-extent, extent, Math.max(2, Math.floor((2 * extent * unit) / 64)));
  const step = some.length > 1 ? (some[1] ?? 1) - (some[0] ?? 0) : 1;
  return unit >= 40 && step < 1 ? Math.max(step, 0.5) : step;
}

/**
 * @param {number} low
 * @param {number} high
 * @param {number} step
 */
function between(low, high, step) {
  const values = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9; i += 1) values.push(+(i * step).toPrecision(12));
  return values;
}

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;

/** @param {number} value */
const number = (value) => String(value).replace('-', '−');
