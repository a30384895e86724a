// The plasticity-stability front: paths through settings in a plane of two scores, and a ring that walks along one.
// Called by the page training.
//
//   front(panel.marks, {paths: [
//     {key: 'osft', points: [{x: 0.96, y: 0.22, label: '0'}, {x: 0.95, y: 0.89, label: '0.5'}]},
//     {key: 'joint', points: [{x: 0.95, y: 0.95}]},
//   ], highlight: {key: 'osft', index: 1}}, frame);

import {line as lineShape} from '../generated/vendor/d3.js';
import {child, pass, px} from './svg.js';
import {placeNames} from './labels.js';
import {markerPath, series, seriesClass} from './palette.js';

/** How far a name may reach beyond the frame's right edge; leave a little more there. */
const MARGIN = 20;

/**
 * @typedef {object} FrontPath
 * @property {string} key
 * @property {{x: number, y: number, label?: string}[]} points  in the order of the setting that varies
 * @property {string} [label]
 */

/**
 * @param {Element} group
 * @param {{paths: FrontPath[], highlight?: {key: string, index: number}, names?: boolean, key?: string}} data
 * @param {import('./types.js').Frame} frame
 */
export function front(group, {paths, highlight, names = true, key = 'front'}, frame) {
  const layer = pass(child(group, key, 'g', {class: 'front'}));
  const lines = paths.map((path) => ({
    text: path.label ?? series(path.key).short,
    points: path.points.filter((point) => Number.isFinite(point.x) && Number.isFinite(point.y))
      .map((point) => ({...point, left: px(frame.x(point.x)), top: px(frame.y(point.y))})),
  }));
  const tags = lines.map(({points}) => points.map((point, i) => (point.label === undefined ? null : {...beside(points, i), text: point.label})));
  const spots = names ? placed(group, lines, tags.flat().filter((tag) => tag !== null), {...frame, right: frame.right + MARGIN}) : [];
  paths.forEach((path, order) => {
    const style = series(path.key);
    const own = pass(layer.add(path.key, 'g', {class: seriesClass(path.key)}));
    const at = lines[order]?.points ?? [];
    if (at.length > 1) {
      own.add('line', 'path', {d: lineShape()(at.map((p) => [p.left, p.top])) ?? '', class: 'line', 'stroke-dasharray': style.dash || null});
    }
    own.add('markers', 'path', {d: at.map((p) => markerPath(style.marker, p.left, p.top, at.length > 1 ? 4 : 6)).join(''), class: 'marker'});
    tags[order]?.forEach((tag, i) => {
      if (tag) own.add(`label${i}`, 'text', {x: tag.x, y: tag.y, class: 'tick halo', 'text-anchor': tag.anchor}, tag.text);
    });
    const spot = spots[order];
    if (spot) own.add('name', 'text', {x: spot.x, y: spot.y, class: 'curve-name halo', 'text-anchor': spot.anchor}, lines[order]?.text);
    if (highlight?.key === path.key) {
      const here = between(at, highlight.index);
      if (here) own.add('ring', 'circle', {cx: here.left, cy: here.top, r: 10, class: 'walker'});
    }
    own.end();
  });
  layer.end();
}

/**
 * Where a point's own label stands: across from the line, below it.
 * @param {{left: number, top: number}[]} points
 * @param {number} i
 * @returns {import('./labels.js').Spot}
 */
function beside(points, i) {
  const point = points[i] ?? {left: 0, top: 0};
  const before = points[i - 1] ?? point;
  const after = points[i + 1] ?? point;
  const length = Math.hypot(after.left - before.left, after.top - before.top) || 1;
  const [nx, ny] = [-(after.top - before.top) / length, (after.left - before.left) / length];
  const side = ny > 0 ? 1 : -1;
  return {
    x: point.left + side * nx * 11, y: point.top + side * ny * 11 + 4,
    anchor: side * nx > 0.4 ? 'start' : side * nx < -0.4 ? 'end' : 'middle',
  };
}

/** The names of a group's lines, found once for each shape: a ring that walks does not move them. @type {WeakMap<Element, {lines: string, spots: ReturnType<typeof placeNames>}>} */
const found = new WeakMap();

/**
 * @param {Element} group
 * @param {{text: string, points: {left: number, top: number}[]}[]} lines
 * @param {(import('./labels.js').Spot & {text: string})[]} tags
 * @param {import('./labels.js').Box} bounds
 */
function placed(group, lines, tags, bounds) {
  const shape = lines.map(({text, points}) => [text, points.map(({left, top}) => `${left},${top}`)]).join(';');
  const known = found.get(group);
  if (known?.lines === shape) return known.spots;
  const spots = placeNames(lines, bounds, tags);
  found.set(group, {lines: shape, spots});
  return spots;
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
