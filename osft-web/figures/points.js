// A cloud of points: one path whatever the number, so two thousand redraw within a frame.
// Called by the pages rotation and energy, and by sphere.js and solid.js.
//
//   points(panel.marks, {key: 'after', points: outputs.transformed, class: 'series-oft', marker: 'ring'}, frame);
//   segments(panel.marks, {key: 'pair', lines: [{from: [0, 1], to: [2, 2], class: 'dashed'}]}, frame);

import {child, pairs, pass, px} from './svg.js';
import {markerPath} from './palette.js';

/**
 * @param {Element} group
 * @param {object} data
 * @param {import('./types.js').Pairs} data.points
 * @param {string} [data.key]
 * @param {string} [data.class]  such as `series-osft`, or `faint` for a cloud that is only there to compare with
 * @param {import('./palette.js').MarkerName} [data.marker]
 * @param {number} [data.radius]  in pixels; by default it shrinks as the points become many
 * @param {Pick<import('./types.js').Frame, 'x'|'y'>} frame
 */
export function points(group, {points: cloud, key = 'points', class: className = '', marker = 'circle', radius}, frame) {
  const {length, at} = pairs(cloud);
  const r = radius ?? radiusFor(length);
  let path = '';
  for (let i = 0; i < length; i += 1) {
    const [x, y] = at(i);
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    path += marker === 'circle'
      ? `M${px(frame.x(x))} ${px(frame.y(y))}h0`
      : markerPath(marker, frame.x(x), frame.y(y), r);
  }
  child(group, key, 'path', {
    d: path, class: `points ${marker === 'circle' ? 'points-dot' : 'points-shape'} ${className}`,
    'stroke-width': marker === 'circle' ? 2 * r : null,
  });
}

/** @param {number} count */
export function radiusFor(count) {
  return count <= 30 ? 4.5 : count <= 120 ? 3.4 : count <= 500 ? 2.4 : 1.6;
}

/**
 * Straight lines between points, such as the dashed line that joins two of a cloud, with a label at the middle.
 * @param {Element} group
 * @param {object} data
 * @param {{from: ArrayLike<number>, to: ArrayLike<number>, class?: string, label?: string}[]} data.lines
 * @param {string} [data.key]
 * @param {Pick<import('./types.js').Frame, 'x'|'y'>} frame
 */
export function segments(group, {lines, key = 'segments'}, frame) {
  const layer = pass(child(group, key, 'g', {class: 'segments'}));
  lines.forEach(({from, to, class: className = '', label}, i) => {
    const [x1, y1, x2, y2] = [frame.x(from[0] ?? 0), frame.y(from[1] ?? 0), frame.x(to[0] ?? 0), frame.y(to[1] ?? 0)];
    layer.add(`l${i}`, 'path', {d: `M${px(x1)} ${px(y1)}L${px(x2)} ${px(y2)}`, class: `segment ${className}`});
    if (!label) return;
    const length = Math.hypot(x2 - x1, y2 - y1) || 1;
    const side = x2 - x1 >= 0 ? 1 : -1;
    const [dx, dy] = [(side * (y2 - y1)) / length, (-side * (x2 - x1)) / length];
    layer.add(`t${i}`, 'text', {
      x: (x1 + x2) / 2 + 12 * dx, y: (y1 + y2) / 2 + 12 * dy + 4, class: `mark-label ${className}`,
      'text-anchor': dx > 0.3 ? 'start' : dx < -0.3 ? 'end' : 'middle',
    }, label);
  });
  layer.end();
}
