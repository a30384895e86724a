// Page 2: an orthogonal matrix, QᵀQ and its eigenvalues; cells can be edited until the properties fail.
// Called by the shell; every number comes from py/explorer/orthogonal.py.
import {cellEditing, editable} from '../figures/celledit.js';
import {circle} from '../figures/circle.js';
import {heatmap} from '../figures/heatmap.js';
import {inset, panels} from '../figures/panels.js';
import {asTables} from '../shell/matrices.js';
import {formatNumber, formatPercent} from '../shell/numbers.js';

/** @typedef {import('../shell/types.js').Outputs} Outputs */
/** @typedef {import('../shell/types.js').State} State */
/** @typedef {import('../shell/types.js').Api} Api */

const LARGEST_CELL = 1000;
const EDITABLE = 16;

/** @type {(stage: HTMLElement, outputs: Outputs, state: State, view: import('../shell/types.js').View) => void} */
function draw(stage, outputs, state, view) {
  const {matrix, gram, eigenvalues, edited} = outputs;
  const n = matrix.shape[0];
  const {q, qtq, eigen} = panels(stage, view, [
    {key: 'q', title: 'Q', label: `The matrix Q, ${n} by ${n}`, ratio: 1, note: n <= EDITABLE ? 'A cell can be changed: click it, or walk with the arrow keys and type.' : ''},
    {key: 'qtq', title: 'QᵀQ', label: 'The product of Q transposed and Q; the identity if Q is orthogonal', ratio: 1},
    {key: 'eigen', title: 'Eigenvalues', label: 'The eigenvalues of Q in the complex plane with the unit circle', ratio: 1},
  ], {minimum: view.width < 520 ? 240 : 200});
  /** @type {[number, number][]} */
  const outline = [];
  for (let i = 0; i < edited.values.length; i += 3) outline.push([edited.values[i], edited.values[i + 1]]);
  const cells = heatmap(q.marks, {values: matrix, digits: 2, outline: state.pardon ? [] : outline}, inset(q.area, 2));
  if (n <= EDITABLE) editable(q, {matrix, label: 'Q, cell by cell'}, cells);
  else q.handles.replaceChildren();
  heatmap(qtq.marks, {values: gram, digits: 2}, inset(qtq.area, 2));
  const real = Array.from({length: n}, (_, i) => eigenvalues.values[2 * i]);
  const imaginary = Array.from({length: n}, (_, i) => eigenvalues.values[2 * i + 1]);
  circle(eigen.marks, {real, imaginary, tolerance: Math.max(1e-9, outputs.tolerance)}, inset(eigen.area, 2));
}

/**
 * The list of edits with one cell set, later edits of a cell taking the place of earlier ones.
 * @param {string} edits
 * @param {number} row
 * @param {number} column
 * @param {number} value
 */
export function withEdit(edits, row, column, value) {
  const place = `${row}:${column}:`;
  const others = edits.split(',').filter((entry) => entry && !entry.startsWith(place));
  return [...others, `${place}${decimal(value)}`].join(',');
}

/** A number without an exponent, which the form of the edits does not know. @param {number} value */
function decimal(value) {
  return value.toFixed(12).replace(/\.?0+$/, '').replace(/^-0$/, '0');
}

/** @type {(stage: HTMLElement, api: Api) => void} */
function handles(stage, api) {
  cellEditing(stage, 'cells', {
    low: -LARGEST_CELL, high: LARGEST_CELL, announce: api.announce,
    set: (row, column, value) => api.set({edits: withEdit(String(api.state().edits), row, column, value), pardon: false}),
  }, {signal: api.signal});
}

/** @param {Api} api */
function shuffle(api) {
  api.set({seed: (Number(api.state().seed) + 1) % 2 ** 32, edits: '', pardon: false});
}

/** @param {Api} api */
function pardon(api) {
  api.set({pardon: !api.state().pardon});
}

/** Pairs of real and imaginary part as complex numbers, the first few of many. @param {import('../shell/types.js').Tensor} value */
function complexNumbers({shape, values}) {
  const count = shape[0] ?? 0;
  const one = (/** @type {number} */ i) => {
    const [re, im] = [values[2 * i] ?? NaN, values[2 * i + 1] ?? NaN].map((part) => (Math.abs(part) < 5e-13 ? 0 : part));
    if (!im) return formatNumber(re ?? NaN, 3);
    return `${formatNumber(re ?? NaN, 3)}\u00a0${(im ?? 0) < 0 ? '−' : '+'}\u00a0${formatNumber(Math.abs(im ?? 0), 3)}i`;
  };
  const few = count > 8 ? 6 : count;
  return `${Array.from({length: few}, (_, i) => one(i)).join(', ')}${few < count ? ` … (${count})` : ''}`;
}

/** @type {(outputs: Outputs, state: State) => string} */
function summary(outputs, state) {
  const opening = outputs.is_orthogonal ? 'Q is orthogonal' : 'Q is not orthogonal';
  const residual = `QᵀQ is ${formatNumber(outputs.orthogonality_error, 3)} away from the identity, against a tolerance of ${formatNumber(outputs.tolerance, 3)}`;
  const kept = `lengths change by at most ${formatNumber(outputs.norm_error, 3)} of themselves and angles by at most ${formatNumber(outputs.angle_error, 3)} radians`;
  const moved = state.pardon ? ` The pardon moved it by ${formatNumber(outputs.pardon_distance, 3)}.` : '';
  return `${opening}: ${residual}; ${kept}. The determinant is ${formatNumber(outputs.determinant, 4)}.${moved}`;
}

/** @type {import('../shell/types.js').PageModule} */
export default {
  name: 'orthogonal',
  draw,
  handles,
  summary,
  written: {eigenvalues: complexNumbers},
  matrices: asTables([{name: 'matrix', caption: 'Q'}, {name: 'gram', caption: 'QᵀQ'}]),
  actions: [
    {id: 'shuffle', label: 'Shuffle the cards', run: shuffle},
    {id: 'pardon', label: 'Pardon', run: pardon, pressed: (state) => Boolean(state.pardon)},
  ],
  predict: {
    question: 'HF PEFT makes its rotations with five terms of a series. With a skew matrix of strength 0.3, is the result orthogonal to rounding?',
    options: ['Yes, to rounding', 'No, and the residual shows in the third digit or sooner', 'No, but only in the tenth digit'],
    settings: {method: 'neumann', strength: 0.3, terms: 5, n: 8, edits: '', pardon: false},
    judge: ({orthogonality_error: error, is_orthogonal: orthogonal}) => {
      if (orthogonal) return 0;
      return error > 1e-3 ? 1 : 2;
    },
    reveal: (outputs) => `QᵀQ is ${formatNumber(outputs.orthogonality_error, 3)} away from the identity, and lengths change by up to ${formatPercent(outputs.norm_error, 2)}. The exact Cayley transform has no such error.`,
  },
  challenges: [
    {
      id: 'reflection',
      task: 'Make an orthogonal matrix of size 5 that is no rotation (determinant −1).',
      hint: 'Every Householder reflection turns the sign of the determinant. How many leave it negative?',
      done: (outputs, state) => state.n === 5 && outputs.is_orthogonal && outputs.determinant < 0,
    },
    {
      id: 'pardoned',
      task: 'Change cells until the nearest orthogonal matrix is more than 1 away, then pardon the matrix.',
      hint: 'The distance to the nearest orthogonal matrix is among the numbers. One large cell is enough.',
      done: (outputs, state) => Boolean(state.pardon) && outputs.pardon_distance > 1 && outputs.is_orthogonal,
    },
    {
      id: 'series',
      task: 'With the series (Cayley-Neumann) at strength 0.5 or more, bring the distance of QᵀQ from I below 0.01.',
      hint: 'More terms help, but odd and even numbers of terms do not help alike. Try both.',
      done: (outputs, state) => state.method === 'neumann' && Number(state.strength) >= 0.5 && outputs.orthogonality_error < 0.01,
    },
  ],
};
