// Singular values in order, as stems or bars, critical before the cut and safe after it. Called by the page svd.
//
//   const frame = spectrum(panel.marks, {values: outputs.singular_values, rank: 2, scale: 'log'}, panel.area);
//   cutLine(panel, {rank: 2, count: 6, label: 'Rank cutoff', text: '2 of 6 kept'}, frame);      then movable(stage, 'cut', ...)
//
// `frame.x(i + 0.5)` is the middle of the i-th value, `frame.x(k)` the cut that keeps k.

import {axes} from './axes.js';
import {child, pass, px} from './svg.js';
import {knob} from './knob.js';

/**
 * @param {Element} group
 * @param {{values: ArrayLike<number>, rank: number, scale?: 'linear'|'log', label?: string, key?: string, names?: [string, string]}} data
 * @param {import('./types.js').Area} area
 * @returns {import('./types.js').Frame}
 */
export function spectrum(group, {values, rank, scale = 'linear', label = 'Singular value', key = 'spectrum', names = ['critical', 'safe']}, area) {
  const count = values.length;
  const list = Array.from(values);
  const most = Math.max(...list, 1e-12);
  const positive = list.filter((value) => value > 0);
  const floor = 10 ** Math.floor(Math.log10(Math.max(Math.min(...positive, most), most * 1e-12)));
  const every = count <= 12 ? 1 : count <= 40 ? 5 : count <= 100 ? 10 : count <= 400 ? 50 : 100;
  const numbers = Array.from({length: Math.floor(count / every)}, (_, i) => (i + 1) * every).concat(every > 1 ? [1] : []);
  const frame = axes(group, {
    x: {domain: [0, count], label: 'Index', ticks: numbers.map((n) => n - 0.5), format: (v) => String(Math.round(v + 0.5))},
    y: {domain: scale === 'log' ? [floor, most * 1.3] : [0, most * 1.08], type: scale, label},
  }, area, {margin: {top: 54}});
  const layer = pass(child(group, key, 'g', {class: 'spectrum'}));
  const step = frame.width / Math.max(1, count);
  const wide = step >= 5;
  for (const [name, from, to] of /** @type {[string, number, number][]} */ ([['critical', 0, rank], ['safe', rank, count]])) {
    let stems = '';
    const width = Math.min(wide ? step * 0.55 : step, 30);
    for (let i = from; i < to; i += 1) {
      const value = list[i] ?? 0;
      const x = frame.x(i + 0.5);
      const y = value > 0 ? Math.min(frame.bottom, frame.y(Math.max(value, scale === 'log' ? floor : 0))) : frame.bottom;
      stems += `M${px(x - width / 2)} ${px(frame.bottom)}V${px(y)}h${px(width)}V${px(frame.bottom)}Z`;
    }
    layer.add(name, 'path', {d: stems, class: `stems series series-${name}`});
  }
  const cut = px(frame.x(rank));
  layer.add('cut', 'path', {d: `M${cut} ${frame.top - 16}V${frame.bottom}`, class: 'cut'});
  const room = {left: cut - frame.left, right: frame.right - cut};
  if (room.left > 70) layer.add('name-critical', 'text', {x: cut - 20, y: frame.top - 16, class: 'mark-label series-critical', 'text-anchor': 'end'}, `← ${names[0]}`);
  if (room.right > 60) layer.add('name-safe', 'text', {x: cut + 20, y: frame.top - 16, class: 'mark-label series-safe'}, `${names[1]} →`);
  layer.end();
  return frame;
}

/**
 * The handle of the cut: a grip on its line, moved by movable(stage, 'cut', ...).
 * @param {import('./types.js').Panel} panel
 * @param {{rank: number, count: number, label: string, text: string, key?: string}} data
 * @param {import('./types.js').Frame} frame
 */
export function cutLine(panel, {rank, count, label, text, key = 'cut'}, frame) {
  const x = frame.x(rank);
  knob(panel.handles, {
    key, x, y: frame.top - 20, label, text, now: rank, low: 0, high: count, shape: 'across',
    line: [x, frame.top - 20, x, frame.bottom],
  });
}
