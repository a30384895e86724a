// Lines over a common axis, each with its 95 % band, its marker and its name at its end. Called by the page training.
//
//   curves(panel.marks, {x: steps, series: [{key: 'osft', values, low, high}, ...], cursor: 120}, frame);
//
// A line stops where its values stop being numbers (a run that diverged). `focus` dims the others. `cursor` draws a line
// at that x and a dot on every curve. `events` are upright lines, named at the foot or, where curves start low, `above`.
// Leave about 120 pixels at the right of the frame for the names; `names: false` draws none, and `namesWidth` says how
// much they need. `moveCursor` moves the cursor of curves that are drawn.

import {area as areaShape, line as lineShape} from '../generated/vendor/d3.js';
import {child, pass, px, remove} from './svg.js';
import {markerPath, series as names, seriesClass} from './palette.js';

/**
 * @typedef {object} Curve
 * @property {string} key
 * @property {ArrayLike<number>} values
 * @property {ArrayLike<number>} [low]
 * @property {ArrayLike<number>} [high]
 * @property {string} [label]
 * @property {boolean} [strong]
 */

/**
 * @param {Curve[]} series
 */
export function namesWidth(series) {
  return 18 + 6.8 * Math.max(0, ...series.map((one) => (one.label ?? names(one.key).short).length));
}

/**
 * @param {Element} group
 * @param {{x: ArrayLike<number>, series: Curve[], cursor?: number, focus?: string, names?: boolean, events?: {x: number, label: string, above?: boolean}[], key?: string}} data
 * @param {import('./types.js').Frame} frame
 */
export function curves(group, {x, series, cursor, focus, names: named = true, events = [], key = 'curves'}, frame) {
  const layer = pass(child(group, key, 'g', {class: focus ? 'curves has-focus' : 'curves'}));
  for (const event of events) {
    const at = px(frame.x(event.x));
    layer.add(`event-${event.x}`, 'path', {d: `M${at} ${frame.top}V${frame.bottom}`, class: 'event'});
    layer.add(`event-name-${event.x}`, 'text', {x: at + 5, y: event.above ? frame.top + 12 : frame.bottom - 7, class: 'tick halo'}, event.label);
  }
  if (cursor !== undefined) {
    layer.add('cursor', 'path', {d: `M${px(frame.x(cursor))} ${frame.top}V${frame.bottom}`, class: 'cursor'});
  }
  const bands = layer.add('bands', 'g', {class: 'bands'});
  const shades = pass(bands);
  const spots = dodge(series.map((one) => frame.y(last(one.values))), 17, frame.top + 4, frame.bottom);
  series.forEach((one, order) => {
    const finite = (/** @type {number} */ i) => Number.isFinite(one.values[i]);
    const index = Array.from({length: Math.min(x.length, one.values.length)}, (_, i) => i);
    const at = (/** @type {number} */ i) => px(frame.x(x[i] ?? 0));
    const state = `${seriesClass(one.key)}${focus === one.key ? ' focus' : ''}${one.strong ? ' strong' : ''}`;
    const {low, high} = one;
    if (low && high) {
      const shape = /** @type {import('../generated/vendor/d3.js').Area<number>} */ (/** @type {unknown} */ (areaShape()))
        .x(at).y0((i) => px(frame.y(low[i] ?? 0))).y1((i) => px(frame.y(high[i] ?? 0)))
        .defined((i) => finite(i) && Number.isFinite(low[i]) && Number.isFinite(high[i]));
      shades.add(one.key, 'path', {d: shape(index) ?? '', class: `band ${state}`});
    }
    const own = pass(layer.add(one.key, 'g', {class: state}));
    const style = names(one.key);
    const shape = /** @type {import('../generated/vendor/d3.js').Line<number>} */ (/** @type {unknown} */ (lineShape()))
      .x(at).y((i) => px(frame.y(one.values[i] ?? 0))).defined(finite);
    own.add('line', 'path', {d: shape(index) ?? '', class: 'line', 'stroke-dasharray': style.dash || null});
    const every = Math.max(1, Math.round(index.length / 5));
    const first = Math.floor((every * (order % 5)) / 5);
    let marks = '';
    for (let i = first; i < index.length; i += every) {
      if (finite(i)) marks += markerPath(style.marker, at(i), frame.y(one.values[i] ?? 0), 4);
    }
    own.add('markers', 'path', {d: marks, class: 'marker'});
    if (cursor !== undefined) {
      const value = interpolate(x, one.values, cursor);
      if (Number.isFinite(value)) own.add('now', 'circle', {cx: frame.x(cursor), cy: frame.y(value), r: 4.5, class: 'now'});
    }
    const end = lastFinite(one.values);
    if (named && end >= 0) {
      const spot = spots[order] ?? 0;
      const [endX, endY] = [at(end), px(frame.y(one.values[end] ?? 0))];
      const where = Math.max(endX, frame.right);
      own.add('leader', 'path', {d: `M${endX + 2} ${endY}L${where + 7} ${px(spot)}`, class: 'leader'});
      own.add('name', 'text', {x: where + 11, y: spot + 4.5, class: 'curve-name'}, one.label ?? style.short);
    }
    own.end();
  });
  shades.end();
  layer.end();
}

/**
 * @param {Element} group
 * @param {{x: ArrayLike<number>, series: Curve[], cursor: number, key?: string}} data
 * @param {import('./types.js').Frame} frame
 */
export function moveCursor(group, {x, series, cursor, key = 'curves'}, frame) {
  const layer = child(group, key, 'g');
  const at = frame.x(cursor);
  child(layer, 'cursor', 'path', {d: `M${px(at)} ${frame.top}V${frame.bottom}`});
  for (const one of series) {
    const own = child(layer, one.key, 'g');
    const value = interpolate(x, one.values, cursor);
    if (Number.isFinite(value)) child(own, 'now', 'circle', {cx: at, cy: frame.y(value), r: 4.5, class: 'now'});
    else remove(own, 'now');
  }
}

/**
 * Moves labels apart, keeping their order and staying as near as may be to where they belong.
 * @param {number[]} wanted
 * @param {number} pitch
 * @param {number} low
 * @param {number} high
 */
export function dodge(wanted, pitch, low, high) {
  const order = wanted.map((_, i) => i).filter((i) => Number.isFinite(wanted[i])).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  const gap = Math.min(pitch, (high - low) / Math.max(1, order.length - 1));
  /** @type {{from: number, to: number, centre: number}[]} */
  let clusters = order.map((i, k) => ({from: k, to: k, centre: wanted[i] ?? 0}));
  for (let moved = true; moved;) {
    moved = false;
    for (let k = 0; k + 1 < clusters.length; k += 1) {
      const [a, b] = [clusters[k], clusters[k + 1]];
      if (!a || !b) continue;
      const half = (/** @type {{from: number, to: number}} */ c) => ((c.to - c.from) * gap) / 2;
      if (b.centre - half(b) - (a.centre + half(a)) < gap - 1e-6) {
        const members = order.slice(a.from, b.to + 1);
        const mean = members.reduce((sum, i) => sum + (wanted[i] ?? 0), 0) / members.length;
        clusters.splice(k, 2, fit({from: a.from, to: b.to, centre: mean}));
        moved = true;
        break;
      }
    }
  }
  clusters = clusters.map(fit);
  /** @type {number[]} */
  const places = wanted.slice();
  for (const {from, to, centre} of clusters) {
    for (let k = from; k <= to; k += 1) places[order[k] ?? 0] = centre + (k - (from + to) / 2) * gap;
  }
  return places;

  /** @param {{from: number, to: number, centre: number}} cluster */
  function fit(cluster) {
    const half = ((cluster.to - cluster.from) * gap) / 2;
    return {...cluster, centre: Math.max(low + half, Math.min(high - half, cluster.centre))};
  }
}

/** @param {ArrayLike<number>} values */
function lastFinite(values) {
  for (let i = values.length - 1; i >= 0; i -= 1) if (Number.isFinite(values[i])) return i;
  return -1;
}

/** @param {ArrayLike<number>} values */
const last = (values) => values[lastFinite(values)] ?? NaN;

/**
 * The value of a polyline at x, for the dot under the cursor.
 * @param {ArrayLike<number>} xs
 * @param {ArrayLike<number>} values
 * @param {number} at
 */
function interpolate(xs, values, at) {
  for (let i = 1; i < xs.length; i += 1) {
    const [a, b] = [xs[i - 1] ?? 0, xs[i] ?? 0];
    if (at <= b) return (values[i - 1] ?? NaN) + (((values[i] ?? NaN) - (values[i - 1] ?? NaN)) * Math.max(0, at - a)) / (b - a || 1);
  }
  return values[xs.length - 1] ?? NaN;
}
