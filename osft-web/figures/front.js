// The plasticity-stability front: paths through settings in a plane of two scores, and a ring that walks along one.
// Called by the page training.
//
//   front(panel.marks, {paths: [
//     {key: 'osft', points: [{x: 0.96, y: 0.22, label: '0'}, {x: 0.95, y: 0.89, label: '0.5'}]},
//     {key: 'joint', points: [{x: 0.95, y: 0.95}]},
//   ], highlight: {key: 'osft', index: 1}}, frame);

import {line as lineShape} from '../generated/vendor/d3.js';
import {child, pass, px} from './svg.js';
import {markerPath, series, seriesClass} from './palette.js';

/**
 * @typedef {object} FrontPath
 * @property {string} key
 * @property {{x: number, y: number, label?: string}[]} points  in the order of the setting that varies
 * @property {string} [label]
 * @property {number} [nameAt]  the index of the point that carries the name (the last)
 */

/**
 * @param {Element} group
 * @param {{paths: FrontPath[], highlight?: {key: string, index: number}, names?: boolean, key?: string}} data
 * @param {import('./types.js').Frame} frame
 */
export function front(group, {paths, highlight, names = true, key = 'front'}, frame) {
  const layer = pass(child(group, key, 'g', {class: 'front'}));
  for (const path of paths) {
    const style = series(path.key);
    const own = pass(layer.add(path.key, 'g', {class: seriesClass(path.key)}));
    const at = path.points.filter((point) => Number.isFinite(point.x) && Number.isFinite(point.y))
      .map((point) => ({...point, left: px(frame.x(point.x)), top: px(frame.y(point.y))}));
    if (at.length > 1) {
      own.add('line', 'path', {d: lineShape()(at.map((p) => [p.left, p.top])) ?? '', class: 'line', 'stroke-dasharray': style.dash || null});
    }
    own.add('markers', 'path', {d: at.map((p) => markerPath(style.marker, p.left, p.top, at.length > 1 ? 4 : 6)).join(''), class: 'marker'});
    at.forEach((point, i) => {
      if (point.label === undefined) return;
      const before = at[Math.max(0, i - 1)] ?? point;
      const after = at[Math.min(at.length - 1, i + 1)] ?? point;
      const length = Math.hypot(after.left - before.left, after.top - before.top) || 1;
      const [nx, ny] = [-(after.top - before.top) / length, (after.left - before.left) / length];
      const side = ny > 0 ? 1 : -1;
      own.add(`label${i}`, 'text', {
        x: point.left + side * nx * 11, y: point.top + side * ny * 11 + 4, class: 'tick halo',
        'text-anchor': side * nx > 0.4 ? 'start' : side * nx < -0.4 ? 'end' : 'middle',
      }, point.label);
    });
    const spot = at[path.nameAt ?? at.length - 1];
    if (names && spot) {
      const leftward = spot.left > frame.right - 90;
      own.add('name', 'text', {
        x: spot.left + (leftward ? -10 : 10), y: spot.top - 8, class: 'curve-name halo', 'text-anchor': leftward ? 'end' : 'start',
      }, path.label ?? style.short);
    }
    if (highlight?.key === path.key) {
      const here = between(at, highlight.index);
      if (here) own.add('ring', 'circle', {cx: here.left, cy: here.top, r: 10, class: 'walker'});
    }
    own.end();
  }
  layer.end();
}

/**
 * The place at a fractional index, so that the ring can walk from one setting to the next.
 * @param {{left: number, top: number}[]} points
 * @param {number} index
 */
function between(points, index) {
  const low = points[Math.max(0, Math.min(points.length - 1, Math.floor(index)))];
  const high = points[Math.max(0, Math.min(points.length - 1, Math.ceil(index)))];
  if (!low || !high) return null;
  const share = index - Math.floor(index);
  return {left: low.left + (high.left - low.left) * share, top: low.top + (high.top - low.top) * share};
}
