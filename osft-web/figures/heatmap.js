// A matrix as a heat map: zero is the paper, the two signs are two colours, and cells large enough carry their numbers.
// Called by the pages orthogonal, svd, projection. SVG up to 1,024 cells, one canvas under the drawing beyond.
//
//   const cells = heatmap(panel.marks, {values: outputs.q, digits: 2, rows: 'row', columns: 'column'}, panel.area);
//   cells.box(0, 3)  -> {x, y, width, height} of a cell, for marks and handles on top
//
// `limit` is the magnitude drawn at full strength (the largest entry); give several maps one limit to compare them.
// `outline` lists cells to frame: [[row, column], ...]. `cut` draws a line after that row and column.
// `kind` 'sequential' is for magnitudes: one colour from nothing to the limit.

import {child, pass, px} from './svg.js';
import {colour} from './palette.js';

const MOST_SVG_CELLS = 1024;

// Strengths at which black and white are equally legible on a cell: on the dark theme's colours, and on the light theme's.
const SWITCH = {dark: 0.6, light: 0.78};

/** @typedef {{values: ArrayLike<number>, shape: number[]}} Matrix */

/**
 * @param {Element} group
 * @param {object} data
 * @param {Matrix} data.values
 * @param {string} [data.key]
 * @param {number} [data.limit]
 * @param {'signed'|'sequential'} [data.kind]
 * @param {boolean|'auto'} [data.numbers]
 * @param {number} [data.digits]
 * @param {[number, number][]} [data.outline]
 * @param {import('./types.js').Area} area
 * @returns {{size: number, rows: number, columns: number, box: (row: number, column: number) => {x: number, y: number, width: number, height: number}, at: (x: number, y: number) => [number, number] | null}}
 */
export function heatmap(group, {values: matrix, key = 'heatmap', limit, kind = 'signed', numbers = 'auto', digits = 2, outline = []}, area) {
  const rows = matrix.shape[0] ?? 0;
  const columns = matrix.shape[1] ?? 1;
  const size = Math.min(area.width / columns, area.height / rows);
  const left = area.left + (area.width - size * columns) / 2;
  const top = area.top + (area.height - size * rows) / 2;
  const most = limit || largest(matrix.values) || 1;
  const layer = child(group, key, 'g', {class: `heatmap heatmap-${kind}`});
  const box = (/** @type {number} */ row, /** @type {number} */ column) =>
    ({x: left + column * size, y: top + row * size, width: size, height: size});

  const many = rows * columns > MOST_SVG_CELLS;
  if (many && area.canvas) paint(area.canvas(), matrix, {left, top, size, most, area});
  else if (area.canvas && layer.getAttribute('data-canvas') === 'true') wipe(area.canvas());
  layer.setAttribute('data-canvas', String(many));
  const gap = size >= 14 ? 1 : 0;
  const cells = pass(child(layer, 'cells', 'g', {'shape-rendering': gap ? null : 'crispEdges'}));
  const places = size >= 40 ? digits : Math.min(digits, size >= 34 ? 2 : 1);
  const letters = px(Math.min(15, size * 0.36, (size * 1.6) / (places + 3)));
  const shown = numbers === 'auto' ? letters >= 9 && rows <= 16 && columns <= 16 : numbers;
  const texts = pass(child(layer, 'numbers', 'g', {'font-size': letters}));
  for (let i = 0; i < rows && !many; i += 1) {
    for (let j = 0; j < columns; j += 1) {
      const value = matrix.values[i * columns + j] ?? NaN;
      const strength = Math.min(1, Math.abs(value) / most) ** 0.85;
      const {x, y} = box(i, j);
      cells.add(`${i}:${j}`, 'rect', {
        x: x + gap / 2, y: y + gap / 2, width: size - gap, height: size - gap, rx: gap ? Math.min(3, size * 0.06) : null,
        class: Number.isFinite(value) ? (value < 0 ? 'cell cell-negative' : 'cell cell-positive') : 'cell cell-broken',
        'fill-opacity': Number.isFinite(value) ? Math.round(strength * 1000) / 1000 : null,
      });
      if (shown) {
        texts.add(`${i}:${j}`, 'text', {
          x: x + size / 2, y: y + size / 2, dy: '0.34em', 'text-anchor': 'middle',
          class: `cell-number${strength > SWITCH.dark ? (strength > SWITCH.light ? ' cell-strong' : ' cell-mid') : ''}`,
        }, entry(value, places));
      }
    }
  }
  cells.end();
  texts.end();
  const frames = pass(child(layer, 'outline', 'g'));
  frames.add('edge', 'rect', {x: left, y: top, width: size * columns, height: size * rows, class: 'heatmap-edge'});
  for (const [row, column] of outline) {
    const {x, y} = box(row, column);
    frames.add(`${row}:${column}`, 'rect', {x, y, width: size, height: size, class: 'cell-outline'});
  }
  frames.end();
  return {
    size, rows, columns, box,
    at(x, y) {
      const [row, column] = [Math.floor((y - top) / size), Math.floor((x - left) / size)];
      return row >= 0 && row < rows && column >= 0 && column < columns ? [row, column] : null;
    },
  };
}

/**
 * The largest finite magnitude: a shared limit for several maps is the largest of theirs.
 * @param {ArrayLike<number>} values
 */
export function largest(values) {
  let most = 0;
  for (let i = 0; i < values.length; i += 1) {
    const size = Math.abs(values[i] ?? 0);
    if (size > most && Number.isFinite(size)) most = size;
  }
  return most;
}

/**
 * A matrix entry as it is written in a cell.
 * @param {number} value
 * @param {number} places
 */
export function entry(value, places) {
  if (!Number.isFinite(value)) return '–';
  const text = value.toFixed(places);
  return (Number(text) === 0 ? (0).toFixed(places) : text).replace('-', '−');
}

/**
 * Cells on whole device pixels, so that their edges stay sharp.
 * @param {HTMLCanvasElement} canvas
 * @param {Matrix} matrix
 * @param {{left: number, top: number, size: number, most: number, area: import('./types.js').Area}} place
 */
function paint(canvas, matrix, {left, top, size, most, area}) {
  const context = canvas.getContext('2d');
  if (!context) return;
  const rows = matrix.shape[0] ?? 0;
  const columns = matrix.shape[1] ?? 1;
  const positive = colour(canvas, '--heat-positive');
  const negative = colour(canvas, '--heat-negative');
  const density = canvas.width / (area.left * 2 + area.width || 1);
  const image = new ImageData(columns, rows);
  for (let k = 0; k < rows * columns; k += 1) {
    const value = matrix.values[k] ?? 0;
    const [r, g, b] = value < 0 ? negative : positive;
    image.data.set([r, g, b, Number.isFinite(value) ? 255 * Math.min(1, Math.abs(value) / most) ** 0.85 : 0], 4 * k);
  }
  const small = new OffscreenCanvas(columns, rows);
  small.getContext('2d')?.putImageData(image, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, Math.round(left * density), Math.round(top * density),
    Math.round(size * columns * density), Math.round(size * rows * density));
}

/** @param {HTMLCanvasElement} canvas */
function wipe(canvas) {
  canvas.getContext('2d')?.clearRect(0, 0, canvas.width, canvas.height);
}
