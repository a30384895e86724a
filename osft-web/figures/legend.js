// The key of a figure: each series with its colour, its dash and its marker. Called by pages whose marks carry no names.
//
//   legend(stage, {items: [{key: 'critical', label: 'kept'}, {key: 'safe'}], kind: 'line'});
//
// `kind`: 'line' (dash and marker), 'marker', 'fill' (a patch).

import {child, part, pass, px} from './svg.js';
import {markerPath, series, seriesClass} from './palette.js';

/**
 * @param {HTMLElement} container
 * @param {{items: {key: string, label?: string}[], kind?: 'line'|'marker'|'fill', key?: string, label?: string}} data
 */
export function legend(container, {items, kind = 'line', key = 'legend', label = 'Key'}) {
  const list = part(container, key, 'ul', {class: 'legend', 'aria-label': label});
  for (const old of [...list.children]) {
    if (!items.some((item) => item.key === old.getAttribute('data-key'))) old.remove();
  }
  for (const item of items) {
    const style = series(item.key);
    const entry = part(list, item.key, 'li');
    const width = kind === 'line' ? 34 : 16;
    const swatch = child(entry, 'swatch', 'svg', {viewBox: `0 0 ${width} 16`, width, height: 16, class: seriesClass(item.key), 'aria-hidden': 'true'});
    const marks = pass(swatch);
    if (kind === 'line') marks.add('line', 'path', {d: `M1 8H${px(width - 1)}`, class: 'line', 'stroke-dasharray': style.dash || null});
    if (kind === 'fill') marks.add('patch', 'rect', {x: 1, y: 2, width: 14, height: 12, rx: 2, class: 'bar'});
    else marks.add('marker', 'path', {d: markerPath(style.marker, width / 2, 8, 4.5), class: 'marker'});
    marks.end();
    part(entry, 'name', 'span', {}, item.label ?? style.label);
  }
}
