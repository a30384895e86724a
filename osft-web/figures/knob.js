// What a handle looks like and how it is named: a ring to take hold of, with a hit area of 30 pixels or more.
// Drawn by a page's draw() or by a primitive; given its behaviour by movable() in handle.js, which finds it by its key.
//
//   knob(panel.handles, {key: 'gradient', x, y, label: 'Gradient', text: 'x 0.50, y 0.80', now: 0.5, low: -2, high: 2});
//
// `shape`: 'free' (any way), 'across', 'down', 'turn'. `line` [x1, y1, x2, y2] or `disc` [x, y, r] is a larger area that
// takes hold of the same handle. `quiet` is for a handle on a mark that is to be seen: a thin open ring, and with a `disc`
// no ring at all until it is hovered or focused.

import {child, px, remove} from './svg.js';

/**
 * @typedef {object} Knob
 * @property {string} key
 * @property {number} x
 * @property {number} y
 * @property {string} label  its name for assistive technology
 * @property {string} text  its value in words
 * @property {number} now
 * @property {number} low
 * @property {number} high
 * @property {'free'|'across'|'down'|'turn'} [shape]
 * @property {[number, number, number, number]} [line]
 * @property {[number, number, number]} [disc]
 * @property {boolean} [quiet]
 * @property {string} [class]
 */

const GRIPS = {
  free: 'M-2.5 0h5M0 -2.5v5',
  across: 'M-2 -3l-3 3l3 3M2 -3l3 3l-3 3',
  down: 'M-3 -2l3 -3l3 3M-3 2l3 3l3 -3',
  turn: 'M-4 1.5a4 4 0 1 1 8 0M4 1.5l-2.4 -1.6M4 1.5l1.6 -2.4',
};

/**
 * @param {SVGElement} group
 * @param {Knob} data
 * @returns {SVGGElement}
 */
export function knob(group, {key, x, y, label, text, now, low, high, shape = 'free', line, disc, quiet = false, class: className = ''}) {
  if (disc) child(group, `${key}-disc`, 'circle', {cx: disc[0], cy: disc[1], r: disc[2], class: 'hit', 'data-handle': key, 'data-shape': shape});
  else remove(group, `${key}-disc`);
  if (line) {
    child(group, `${key}-line`, 'path', {d: `M${px(line[0])} ${px(line[1])}L${px(line[2])} ${px(line[3])}`, class: 'hit hit-line', 'data-handle': key, 'data-shape': shape});
  } else remove(group, `${key}-line`);
  const node = child(group, key, 'g', {
    class: `knob ${quiet ? (disc ? 'knob-unseen' : 'knob-quiet') : ''} ${className}`.trim(), transform: `translate(${px(x)} ${px(y)})`,
    tabindex: 0, role: 'slider', 'aria-label': label, 'aria-valuemin': low, 'aria-valuemax': high,
    'aria-valuenow': Math.max(low, Math.min(high, now)), 'aria-valuetext': text,
    'aria-roledescription': shape === 'free' ? 'movable point' : null,
    'aria-orientation': shape === 'down' ? 'vertical' : null,
    'data-handle': key, 'data-shape': shape,
  });
  child(node, 'hit', 'circle', {r: 18, class: 'hit'});
  child(node, 'focus', 'circle', {r: 14, class: 'knob-focus'});
  child(node, 'ring', 'circle', {r: 9, class: 'knob-ring'});
  child(node, 'grip', 'path', {d: GRIPS[shape], class: 'knob-grip'});
  return node;
}
