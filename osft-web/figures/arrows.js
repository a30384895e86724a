// Vectors with heads and names. Called by the page projection, and by circle.js and solid.js.
//
//   arrows(panel.marks, {arrows: [
//     {key: 'gradient', to: [0.5, 0.8], label: 'gradient', class: 'series-gradient'},
//     {key: 'removed', from: [0.9, 0.5], to: [0.5, 0.8], class: 'dashed'},
//   ]}, frame);
//
// A vector too short for a head is drawn as a ring at its end; a label stands beyond the head, clear of a knob on it.

import {placeLabels} from './labels.js';
import {child, pass, px} from './svg.js';

/**
 * @typedef {object} Arrow
 * @property {string} key
 * @property {ArrayLike<number>} to
 * @property {ArrayLike<number>} [from]  the origin if not given
 * @property {string} [label]
 * @property {string} [class]  `series-…`, `dashed`, `thin`
 */

/**
 * @param {Element} group
 * @param {{arrows: Arrow[], key?: string}} data
 * @param {Pick<import('./types.js').Frame, 'x'|'y'> & Partial<import('./types.js').Frame>} frame
 */
export function arrows(group, {arrows: list, key = 'arrows'}, frame) {
  const layer = pass(child(group, key, 'g', {class: 'arrows'}));
  /** @type {(import('./labels.js').Wanted & {key: string, class: string})[]} */
  const named = [];
  for (const {key: name, from = [0, 0], to, label, class: className = ''} of list) {
    const [x1, y1] = [frame.x(from[0] ?? 0), frame.y(from[1] ?? 0)];
    const [x2, y2] = [frame.x(to[0] ?? 0), frame.y(to[1] ?? 0)];
    if (![x1, y1, x2, y2].every(Number.isFinite)) continue;
    const length = Math.hypot(x2 - x1, y2 - y1);
    const [ux, uy] = length > 0 ? [(x2 - x1) / length, (y2 - y1) / length] : [1, 0];
    const thin = className.includes('thin');
    const head = Math.min(thin ? 9 : 12, length * 0.6);
    if (length < 4) {
      layer.add(`${name}-dot`, 'circle', {cx: x2, cy: y2, r: 4, class: `arrow-zero ${className}`});
    } else {
      const neck = [x2 - ux * head * 0.9, y2 - uy * head * 0.9];
      const half = head * 0.42;
      layer.add(`${name}-shaft`, 'path', {
        d: `M${px(x1)} ${px(y1)}L${px(neck[0] ?? 0)} ${px(neck[1] ?? 0)}`, class: `arrow-shaft ${className}`,
      });
      layer.add(`${name}-head`, 'path', {
        d: `M${px(x2)} ${px(y2)}L${px(x2 - ux * head - uy * half)} ${px(y2 - uy * head + ux * half)}`
          + `L${px(neck[0] ?? 0)} ${px(neck[1] ?? 0)}L${px(x2 - ux * head + uy * half)} ${px(y2 - uy * head - ux * half)}Z`,
        class: `arrow-head ${className}`,
      });
    }
    if (label) named.push({key: name, class: className, x: x2, y: y2, ux: length > 0 ? ux : 0.7, uy: length > 0 ? uy : 0.7, text: label});
  }
  const {left, top, right, bottom} = frame;
  const bounds = left === undefined || top === undefined || right === undefined || bottom === undefined ? undefined : {left, top, right, bottom};
  placeLabels(named, {bounds}).forEach((spot, i) => {
    const one = named[i];
    if (one) layer.add(`${one.key}-label`, 'text', {x: spot.x, y: spot.y, 'text-anchor': spot.anchor, class: `mark-label ${one.class}`}, one.text);
  });
  layer.end();
}
