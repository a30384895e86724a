// Lays the stage out: one panel a drawing, in as many columns as the width allows. Called first by every page's draw().
//
//   const {before, after} = panels(stage, view, [
//     {key: 'before', title: 'Original', label: 'Eighty points and the unit grid', ratio: 1},
//     {key: 'after', title: 'Rotated', label: 'The same points, turned', ratio: 1},
//   ]);
//   const frame = plane(before.marks, {extent: 3}, before.area);
//
// Options: `minimum` (300), the least width of a column; `most`, the most columns.
// A panel may ask for `span: 'all'`, a whole row.
// A panel's drawing is as wide as it is on the screen, one unit a CSS pixel, so text keeps its size on a phone.

import {child, part, px, remove, set} from './svg.js';

const GAP = 28;
/** The width of a stage on a phone: so a figure that comes with the document is arranged there, before any script. */
const PHONE = 335;

/**
 * @typedef {object} PanelSpec
 * @property {string} key
 * @property {string} label  what the drawing shows, for assistive technology
 * @property {string} [title]  the heading above it
 * @property {string} [note]  the line under it
 * @property {number} [ratio]  height over width (0.75)
 * @property {number} [height]  in pixels, in place of the ratio
 * @property {number} [tallest]  the most pixels of height; the drawing is then wider than `ratio` says
 * @property {number} [shortest]  the least pixels of height, for a drawing that a phone would make too flat
 * @property {'all'} [span]
 */

/**
 * @template {string} K
 * @param {HTMLElement} stage
 * @param {import('./types.js').View} view
 * @param {(PanelSpec & {key: K})[]} specs
 * @param {{minimum?: number, most?: number}} [options]
 * @returns {Record<K, import('./types.js').Panel>}
 */
export function panels(stage, view, specs, {minimum = 300, most = Infinity} = {}) {
  const width = Math.max(240, view.width);
  const single = specs.filter((spec) => spec.span !== 'all').length;
  const fitting = (/** @type {number} */ room) => Math.max(1, Math.min(Math.floor((room + GAP) / (minimum + GAP)), most, single));
  const columns = fitting(width);
  const column = Math.floor((width - GAP * (columns - 1)) / columns);
  const grid = part(stage, 'panels', 'div', {class: 'panels', 'data-columns': columns, 'data-narrow': fitting(PHONE)});
  for (const old of [...grid.children]) {
    const key = old.getAttribute('data-key');
    if (key !== null && !specs.some((spec) => spec.key === key)) remove(grid, key);
  }
  const result = /** @type {Record<K, import('./types.js').Panel>} */ ({});
  for (const spec of specs) {
    result[spec.key] = panel(grid, spec, spec.span === 'all' ? width : column);
  }
  return result;
}

/**
 * @param {HTMLElement} grid
 * @param {PanelSpec} spec
 * @param {number} width
 * @returns {import('./types.js').Panel}
 */
function panel(grid, spec, width) {
  const height = Math.round(spec.height ?? Math.max(spec.shortest ?? 0, Math.min(spec.tallest ?? Infinity, width * (spec.ratio ?? 0.75))));
  const element = part(grid, spec.key, 'div', {class: spec.span === 'all' ? 'panel panel-all' : 'panel'});
  if (spec.title) part(element, 'title', 'p', {class: 'panel-title'}, spec.title);
  else remove(element, 'title');
  const body = part(element, 'body', 'div', {class: 'panel-body'});
  if (spec.note) part(element, 'note', 'p', {class: 'panel-note'}, spec.note);
  else remove(element, 'note');
  const svg = child(body, 'svg', 'svg', {viewBox: `0 0 ${width} ${height}`, width, height, class: 'drawing'});
  const marks = child(svg, 'marks', 'g', {role: 'img', 'aria-label': spec.label});
  const handles = child(svg, 'handles', 'g', {class: 'handles'});
  const canvas = () => {
    const node = part(body, 'canvas', 'canvas', {class: 'under', 'aria-hidden': 'true'});
    if (node.nextSibling !== svg) body.insertBefore(node, svg);
    const density = Math.min(3, globalThis.devicePixelRatio || 1);
    const size = {width: Math.round(width * density), height: Math.round(height * density)};
    if (node.width !== size.width || node.height !== size.height) set(node, size);
    return node;
  };
  return {key: spec.key, element, svg, marks, handles, width, height, area: {left: 0, top: 0, width, height, canvas}};
}

/**
 * A part of an area: margins in pixels, given as in CSS.
 * @param {import('./types.js').Area} area
 * @param {number} top
 * @param {number} right
 * @param {number} bottom
 * @param {number} left
 * @returns {import('./types.js').Area}
 */
export function inset(area, top, right = top, bottom = top, left = right) {
  return {
    ...area,
    left: area.left + left,
    top: area.top + top,
    width: px(Math.max(10, area.width - left - right)),
    height: px(Math.max(10, area.height - top - bottom)),
  };
}
