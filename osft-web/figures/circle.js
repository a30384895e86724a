// The unit circle with eigenvalues on it or off it. Called by the page orthogonal.
//
//   circle(panel.marks, {real: outputs.eigenvalues_real, imaginary: outputs.eigenvalues_imaginary}, panel.area);
//
// An eigenvalue on the circle (|λ| within `tolerance` of 1) is a dot, one off it a cross with a line to the circle.

import {child, pass, px} from './svg.js';
import {markerPath} from './palette.js';
import {plane} from './plane.js';

/**
 * @param {Element} group
 * @param {{real: ArrayLike<number>, imaginary: ArrayLike<number>, tolerance?: number, extent?: number, key?: string}} data
 * @param {import('./types.js').Area} area
 */
export function circle(group, {real, imaginary, tolerance = 1e-6, extent, key = 'circle'}, area) {
  let far = 1;
  for (let i = 0; i < real.length; i += 1) far = Math.max(far, Math.hypot(real[i] ?? 0, imaginary[i] ?? 0));
  const frame = plane(group, {extent: extent ?? Math.min(4, Math.max(1.3, far * 1.15)), numbers: false, grid: false, labels: ['Re', 'Im']}, area);
  const layer = pass(child(group, key, 'g', {class: 'circle'}));
  const radius = frame.unit;
  layer.add('unit', 'circle', {cx: frame.x(0), cy: frame.y(0), r: radius, class: 'unit-circle'});
  let on = '';
  let off = '';
  let ties = '';
  for (let i = 0; i < real.length; i += 1) {
    const [re, im] = [real[i] ?? NaN, imaginary[i] ?? NaN];
    if (!Number.isFinite(re) || !Number.isFinite(im)) continue;
    const size = Math.hypot(re, im);
    const [x, y] = [frame.x(re), frame.y(im)];
    if (Math.abs(size - 1) <= tolerance) {
      on += markerPath('circle', x, y, 5);
    } else {
      off += markerPath('cross', x, y, 5);
      if (size > 1e-9) ties += `M${px(x)} ${px(y)}L${px(frame.x(re / size))} ${px(frame.y(im / size))}`;
    }
  }
  layer.add('ties', 'path', {d: ties, class: 'tie'});
  layer.add('on', 'path', {d: on, class: 'marker series series-safe'});
  layer.add('off', 'path', {d: off, class: 'marker series series-critical'});
  layer.add('one', 'text', {x: frame.x(1) + 5, y: frame.y(0) + 16, class: 'tick'}, '1');
  layer.end();
  return frame;
}
