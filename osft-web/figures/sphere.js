// Unit vectors on a sphere that can be turned: the near side is solid, the far side hollow and faint.
// Called by the page energy for three features.
//
//   const ball = sphere(panel.marks, {orientation, clouds: [{key: 'original', points: outputs.directions}]}, panel.area);
//   knob(panel.handles, {key: 'look', x: ball.x, y: ball.y, disc: [ball.x, ball.y, ball.r], quiet: true, shape: 'turn', ...});
//
// A cloud's `points` has shape [n, 3]; it is projected onto the sphere only by the caller, who says so with unit vectors.

import {camera} from './camera.js';
import {child, pass, px} from './svg.js';
import {markerPath, series, seriesClass} from './palette.js';

/**
 * @typedef {object} SphereCloud
 * @property {string} key  a series
 * @property {import('./types.js').Tensor} points
 * @property {boolean} [faint]
 */

/**
 * @param {Element} group
 * @param {{orientation: import('./camera.js').Orientation, clouds: SphereCloud[], links?: {from: import('./types.js').Tensor, to: import('./types.js').Tensor}, key?: string}} data
 * @param {import('./types.js').Area} area
 * @returns {{x: number, y: number, r: number}}
 */
export function sphere(group, {orientation, clouds, links, key = 'sphere'}, area) {
  const r = Math.min(area.width, area.height) / 2 - 14;
  const [x0, y0] = [area.left + area.width / 2, area.top + area.height / 2];
  const look = camera(orientation);
  const layer = pass(child(group, key, 'g', {class: 'sphere'}));
  layer.add('disc', 'circle', {cx: x0, cy: y0, r, class: 'sphere-disc'});
  const rings = {near: '', far: ''};
  for (const latitude of [-60, -30, 0, 30, 60]) {
    const [c, s] = [Math.cos(latitude * Math.PI / 180), Math.sin(latitude * Math.PI / 180)];
    trace(rings, (t) => look(c * Math.cos(t), c * Math.sin(t), s));
  }
  for (const longitude of [0, 30, 60, 90, 120, 150]) {
    const [c, s] = [Math.cos(longitude * Math.PI / 180), Math.sin(longitude * Math.PI / 180)];
    trace(rings, (t) => look(c * Math.cos(t), s * Math.cos(t), Math.sin(t)));
  }
  layer.add('far', 'path', {d: rings.far, class: 'graticule graticule-far'});
  const behind = pass(layer.add('behind', 'g', {class: 'behind'}));
  layer.add('near', 'path', {d: rings.near, class: 'graticule'});
  const before = pass(layer.add('before', 'g', {}));
  if (links) before.add('links', 'path', {d: linkPath(links, look, x0, y0, r), class: 'tie'});
  for (const cloud of clouds) {
    const [n = 0, d = 3] = cloud.points.shape;
    const style = series(cloud.key);
    const size = n > 120 ? 3 : n > 40 ? 4 : 5;
    let near = '';
    let far = '';
    for (let i = 0; i < n; i += 1) {
      const v = cloud.points.values;
      const [right, up, towards] = look(v[i * d] ?? 0, v[i * d + 1] ?? 0, v[i * d + 2] ?? 0);
      if (!Number.isFinite(right + up)) continue;
      const outline = markerPath(style.marker, x0 + right * r, y0 - up * r, towards >= 0 ? size : size * 0.78);
      if (towards >= 0) near += outline;
      else far += outline;
    }
    const state = `${seriesClass(cloud.key)}${cloud.faint ? ' faint' : ''}`;
    behind.add(cloud.key, 'path', {d: far, class: `marker hidden-side ${state}`});
    before.add(cloud.key, 'path', {d: near, class: `marker ${state}`});
  }
  behind.end();
  before.end();
  layer.add('rim', 'circle', {cx: x0, cy: y0, r, class: 'sphere-rim'});
  layer.end();
  return {x: x0, y: y0, r};

  /**
   * @param {{near: string, far: string}} paths
   * @param {(t: number) => [number, number, number]} at
   */
  function trace(paths, at) {
    const steps = 48;
    let side = '';
    for (let i = 0; i <= steps; i += 1) {
      const [right, up, towards] = at((i / steps) * 2 * Math.PI);
      const next = towards >= 0 ? 'near' : 'far';
      const here = `${px(x0 + right * r)} ${px(y0 - up * r)}`;
      if (side) paths[/** @type {'near'|'far'} */ (side)] += `L${here}`;
      if (next !== side) paths[next] += `M${here}`;
      side = next;
    }
  }
}

/**
 * @param {{from: import('./types.js').Tensor, to: import('./types.js').Tensor}} links
 * @param {(x: number, y: number, z: number) => [number, number, number]} look
 * @param {number} x0
 * @param {number} y0
 * @param {number} r
 */
function linkPath({from, to}, look, x0, y0, r) {
  let path = '';
  for (let i = 0; i < (from.shape[0] ?? 0); i += 1) {
    const a = look(from.values[3 * i] ?? 0, from.values[3 * i + 1] ?? 0, from.values[3 * i + 2] ?? 0);
    const b = look(to.values[3 * i] ?? 0, to.values[3 * i + 1] ?? 0, to.values[3 * i + 2] ?? 0);
    path += `M${px(x0 + a[0] * r)} ${px(y0 - a[1] * r)}L${px(x0 + b[0] * r)} ${px(y0 - b[1] * r)}`;
  }
  return path;
}
