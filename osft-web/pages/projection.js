// Page 5: two arrows and what is left of one, or a weight matrix, its gradient and three forms of the projection.
// Called by the shell; every number comes from py/explorer/projection.py.
import {arrows} from '../figures/arrows.js';
import {movable} from '../figures/handle.js';
import {heatmap} from '../figures/heatmap.js';
import {knob} from '../figures/knob.js';
import {inset, panels} from '../figures/panels.js';
import {plane} from '../figures/plane.js';
import {segments} from '../figures/points.js';
import {asTables} from '../shell/matrices.js';
import {formatNumber} from '../shell/numbers.js';

/** @typedef {import('../shell/types.js').Outputs} Outputs */
/** @typedef {import('../shell/types.js').State} State */
/** @typedef {import('../shell/types.js').View} View */
/** @typedef {import('../shell/types.js').Api} Api */

const EXTENT = 2.3;
const LIMIT = 2;
const FORMS = /** @type {const} */ ([
  {key: 'block', title: 'Block formula', note: 'As printed in the paper and in the tutorial'},
  {key: 'two_sided', title: 'Two-sided', note: 'Both sides projected'},
  {key: 'factors', title: 'Factors', note: 'As HF PEFT computes it'},
]);

/** The plane of the latest draw, for the handles. @type {import('../figures/plane.js').PlaneFrame | null} */
let frame = null;

/** @type {(stage: HTMLElement, outputs: Outputs, state: State, view: View) => void} */
function draw(stage, outputs, state, view) {
  if (state.mode === 'matrix') drawMatrix(stage, outputs, state, view);
  else drawArrows(stage, outputs, state, view);
}

/** @type {(stage: HTMLElement, outputs: Outputs, state: State, view: View) => void} */
function drawArrows(stage, outputs, state, view) {
  const {picture} = panels(stage, view, [{
    key: 'picture', label: 'The gradient, the critical direction, and what is left of the gradient after projection', ratio: 0.75, tallest: 560,
  }]);
  const area = inset(picture.area, 2);
  frame = plane(picture.marks, {extent: EXTENT, labels: ['x', 'y']}, area);
  const [gx, gy, cx, cy] = [state.gx, state.gy, state.cx, state.cy].map(Number);
  const {projection_x: px, projection_y: py, safe_x: sx, safe_y: sy} = outputs;
  arrows(picture.marks, {arrows: [
    {key: 'removed', from: [sx, sy], to: [gx, gy], class: 'series-critical dashed thin'},
    {key: 'along', to: [px, py], label: 'taken away', class: 'series-critical thin'},
    {key: 'critical', to: [cx, cy], label: 'critical', class: 'series-critical'},
    {key: 'gradient', to: [gx, gy], label: 'gradient', class: 'series-gradient'},
    {key: 'safe', to: [sx, sy], label: 'safe', class: 'series-safe'},
  ]}, frame);
  handle('gradient', 'Gradient', gx, gy);
  handle('critical', 'Critical direction', cx, cy);

  /** @type {(key: string, label: string, x: number, y: number) => void} */
  function handle(key, label, x, y) {
    if (!frame) return;
    knob(picture.handles, {
      key, label, x: frame.x(x), y: frame.y(y), text: `x ${formatNumber(x)}, y ${formatNumber(y)}`, now: x, low: -LIMIT, high: LIMIT, quiet: true,
    });
  }
}

/** @type {(stage: HTMLElement, outputs: Outputs, state: State, view: View) => void} */
function drawMatrix(stage, outputs, state, view) {
  frame = null;
  const protectedRank = Number(state.rank);
  const drawn = panels(stage, view, [
    {key: /** @type {const} */ ('gradient'), title: 'Gradient', label: 'The gradient in the basis of the singular vectors of W', ratio: 1, note: 'In the basis of W’s singular vectors; the first rows and columns are critical'},
    ...FORMS.map(({key, title, note}) => ({
      key, title, ratio: 1, note,
      label: `What the ${title.toLowerCase()} lets through: leak ${formatNumber(outputs[`${key}_left_leak`], 3)} on the left, ${formatNumber(outputs[`${key}_right_leak`], 3)} on the right`,
    })),
  ], {minimum: view.width < 520 ? 150 : 170});
  for (const {key} of [{key: /** @type {const} */ ('gradient')}, ...FORMS]) {
    const values = outputs[`${key}_rotated`];
    const panel = drawn[key];
    const area = inset(panel.area, 2);
    const cells = heatmap(panel.marks, {values, digits: 2, limit: key === 'gradient' || state.optimizer === 'sgd' ? limitOf(outputs) : undefined}, area);
    cut(panel.marks, cells, protectedRank);
  }
}

/** One scale for the four pictures, so that what is gone is seen to be gone. @param {Outputs} outputs */
function limitOf(outputs) {
  return Math.max(...outputs.gradient_rotated.values.map(Math.abs), 1e-12);
}

/**
 * A frame around the critical rows and columns.
 * @param {SVGGElement} group
 * @param {{size: number, rows: number, columns: number, box: (row: number, column: number) => {x: number, y: number}}} cells
 * @param {number} rank
 */
function cut(group, cells, rank) {
  const {x, y} = cells.box(0, 0);
  const [right, bottom, at] = [x + cells.columns * cells.size, y + cells.rows * cells.size, rank * cells.size];
  const lines = [];
  if (rank > 0) {
    lines.push({from: [x, y + at], to: [right, y + at]}, {from: [x + at, y], to: [x + at, bottom]});
  }
  segments(group, {key: 'cut', lines: lines.map((line) => ({...line, class: 'series-critical cut'}))}, {x: (value) => value, y: (value) => value});
}

/** @type {(stage: HTMLElement, api: Api) => void} */
function handles(stage, api) {
  for (const {key, names} of [{key: 'gradient', names: ['gx', 'gy']}, {key: 'critical', names: ['cx', 'cy']}]) {
    movable(stage, key, {
      low: [-LIMIT, -LIMIT], high: [LIMIT, LIMIT], step: [0.1, 0.1],
      active: () => api.state().mode === 'vector',
      values: () => names.map((name) => Number(api.state()[name])),
      set: (values, settled) => api.set(Object.fromEntries(names.map((name, i) => [name, +(values[i] ?? 0).toFixed(2)])), {settle: settled}),
      drag: (pointer) => (frame ? [frame.invert.x(pointer.x), frame.invert.y(pointer.y)] : null),
      place: ([x = 0, y = 0]) => ({x: frame?.x(x) ?? 0, y: frame?.y(y) ?? 0}),
    }, {signal: api.signal});
  }
}

/** @type {(outputs: Outputs, state: State) => string} */
function summary(outputs, state) {
  if (state.mode === 'vector') {
    return `Projection takes away ${formatNumber(outputs.reduction, 3)} % of the gradient’s length and leaves (${formatNumber(outputs.safe_x, 3)}, ${formatNumber(outputs.safe_y, 3)}), whose product with the critical direction is ${formatNumber(outputs.dot_with_critical, 3)}.`;
  }
  const leaks = FORMS.map(({key, title}) => `${title.toLowerCase()} ${formatNumber(outputs[`${key}_left_leak`], 3)} and ${formatNumber(outputs[`${key}_right_leak`], 3)}`);
  return `With ${state.rank} of ${state.size} directions protected, what still reaches them on the left and on the right: ${leaks.join('; ')}. The gradient’s norm is ${formatNumber(outputs.gradient_norm, 3)}.`;
}

/** @type {import('../shell/types.js').PageModule} */
export default {
  name: 'projection',
  draw,
  handles,
  summary,
  matrices: asTables([
    {name: 'gradient_rotated', caption: 'The gradient in the basis of W’s singular vectors'},
    ...FORMS.map(({key, title}) => ({name: `${key}_rotated`, caption: `What the ${title.toLowerCase()} lets through, in the same basis`})),
  ]),
  table: {
    caption: 'The change of the weights by each form of the projection',
    corner: 'Form',
    rows: FORMS.map(({key, title}) => ({key, label: title})),
    columns: [{suffix: '_norm', label: 'Norm'}, {suffix: '_left_leak', label: 'Left leak'}, {suffix: '_right_leak', label: 'Right leak'}, {suffix: '_turn', label: 'Turn of the protected subspace'}],
  },
  predict: {
    question: 'The printed block formula is applied to the tutorial’s own 3 × 3 example, with one direction protected. How much of the change still touches the protected left direction?',
    options: ['Nothing: that is what it is for', 'A little, under a tenth of the gradient’s norm', 'A large part, over a third of the gradient’s norm'],
    settings: {mode: 'matrix', size: 3, rank: 1, optimizer: 'sgd', seed: 0},
    judge: ({block_left_leak: leak, gradient_norm: norm}) => {
      if (leak < 1e-9 * norm) return 0;
      return leak < norm / 3 ? 1 : 2;
    },
    reveal: (outputs) => `The left leak is ${formatNumber(outputs.block_left_leak, 3)} of a gradient of norm ${formatNumber(outputs.gradient_norm, 3)}. The two-sided form leaves ${formatNumber(outputs.two_sided_left_leak, 2)}.`,
  },
  challenges: [
    {
      id: 'all-lost',
      task: 'Two arrows: make projection take away all of a gradient that is longer than 1.',
      hint: 'What is left is at right angles to the critical direction. When is nothing left?',
      done: (outputs, state) => state.mode === 'vector' && outputs.reduction > 99.9 && Math.hypot(Number(state.gx), Number(state.gy)) > 1,
    },
    {
      id: 'untouched',
      task: 'Two arrows: find a critical direction that costs this gradient nothing, without making either arrow zero.',
      hint: 'A gradient at right angles to the critical direction is safe as it is.',
      done: (outputs, state) => state.mode === 'vector' && outputs.reduction < 1e-2 && Math.hypot(Number(state.cx), Number(state.cy)) > 0.1 && Math.hypot(Number(state.gx), Number(state.gy)) > 0.1,
    },
    {
      id: 'adam',
      task: 'A matrix: choose the optimiser that makes the factor projection leak, though its gradients are projected.',
      hint: 'Adam rescales each entry of the projected gradient. Where do the entries point afterwards?',
      done: (outputs, state) => state.mode === 'matrix' && Number(state.rank) > 0 && outputs.factors_left_leak > 1e-3 && outputs.factors_right_leak > 1e-3,
    },
  ],
};
