// Space: three axes, clouds of points, vectors and an axis of rotation, seen orthographically and turned by a drag.
// Called by the page rotation for its view in three dimensions.
//
//   const space = solid(panel.marks, {orientation, extent: 3, clouds: [{key: 'oft', points: outputs.after}],
//     axis: outputs.axis}, panel.area);
//
// Points nearer to the reader are larger and stronger, in four steps of depth, each one path. Answers {x, y, r} for a knob.

import {camera} from './camera.js';
import {child, pass, px} from './svg.js';
import {markerPath, series, seriesClass} from './palette.js';

const DEPTHS = 4;

/**
 * @typedef {object} SolidCloud
 * @property {string} key
 * @property {import('./types.js').Tensor} points  [n, 3]
 * @property {boolean} [faint]
 * @property {import('./palette.js').MarkerName} [marker]
 */

/**
 * @param {Element} group
 * @param {object} data
 * @param {import('./camera.js').Orientation} data.orientation
 * @param {number} data.extent
 * @param {SolidCloud[]} data.clouds
 * @param {ArrayLike<number>} [data.axis]  the axis of a rotation, of any length
 * @param {{from: ArrayLike<number>, to: ArrayLike<number>, class?: string}[]} [data.lines]
 * @param {string} [data.key]
 * @param {import('./types.js').Area} area
 * @returns {{x: number, y: number, r: number}}
 */
export function solid(group, {orientation, extent, clouds, axis, lines = [], key = 'solid'}, area) {
  const [x0, y0] = [area.left + area.width / 2, area.top + area.height / 2];
  const r = Math.min(area.width, area.height) / 2 - 16;
  const unit = r / (extent * 1.25);
  const look = camera(orientation);
  const flat = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ z) => {
    const [right, up] = look(x, y, z);
    return `${px(x0 + right * unit)} ${px(y0 - up * unit)}`;
  };
  const layer = pass(child(group, key, 'g', {class: 'solid'}));

  let floor = '';
  const reach = Math.ceil(extent);
  for (let at = -reach; at <= reach; at += 1) {
    floor += `M${flat(at, -reach, 0)}L${flat(at, reach, 0)}M${flat(-reach, at, 0)}L${flat(reach, at, 0)}`;
  }
  layer.add('floor', 'path', {d: floor, class: 'gridline'});
  const ends = /** @type {const} */ ([['x', extent, 0, 0], ['y', 0, extent, 0], ['z', 0, 0, extent]]);
  for (const [name, x, y, z] of ends) {
    layer.add(`axis-${name}`, 'path', {d: `M${flat(-x, -y, -z)}L${flat(x, y, z)}`, class: 'axisline'});
    const [right, up] = look(x * 1.1, y * 1.1, z * 1.1);
    layer.add(`name-${name}`, 'text', {x: x0 + right * unit, y: y0 - up * unit + 4, class: 'axis-label math', 'text-anchor': 'middle'}, name);
  }
  if (axis) {
    const [ax = 0, ay = 0, az = 1] = Array.from(axis);
    const length = Math.hypot(ax, ay, az) || 1;
    const [ux, uy, uz] = [(ax / length) * extent, (ay / length) * extent, (az / length) * extent];
    layer.add('spin', 'path', {d: `M${flat(-ux, -uy, -uz)}L${flat(ux, uy, uz)}`, class: 'spin-axis'});
    const [right, up] = look(ux, uy, uz);
    layer.add('spin-head', 'circle', {cx: x0 + right * unit, cy: y0 - up * unit, r: 5, class: 'spin-head'});
  }
  lines.forEach(({from, to, class: className = ''}, i) => {
    layer.add(`line${i}`, 'path', {
      d: `M${flat(from[0] ?? 0, from[1] ?? 0, from[2] ?? 0)}L${flat(to[0] ?? 0, to[1] ?? 0, to[2] ?? 0)}`, class: `segment ${className}`,
    });
  });
  for (const cloud of clouds) {
    const [n = 0] = cloud.points.shape;
    const marker = cloud.marker ?? series(cloud.key).marker;
    const base = n > 500 ? 1.8 : n > 120 ? 2.6 : 3.6;
    const paths = new Array(DEPTHS).fill('');
    for (let i = 0; i < n; i += 1) {
      const v = cloud.points.values;
      const [right, up, towards] = look(v[3 * i] ?? 0, v[3 * i + 1] ?? 0, v[3 * i + 2] ?? 0);
      if (!Number.isFinite(right + up)) continue;
      const depth = Math.max(0, Math.min(DEPTHS - 1, Math.floor(((towards / extent + 1) / 2) * DEPTHS)));
      paths[depth] += markerPath(marker, x0 + right * unit, y0 - up * unit, base * (0.72 + 0.16 * depth));
    }
    const own = pass(layer.add(`cloud-${cloud.key}`, 'g', {class: `${seriesClass(cloud.key)}${cloud.faint ? ' faint' : ''}`}));
    paths.forEach((d, depth) => own.add(`d${depth}`, 'path', {d, class: 'marker', opacity: 0.45 + 0.55 * (depth / (DEPTHS - 1))}));
    own.end();
  }
  layer.end();
  return {x: x0, y: y0, r};
}
