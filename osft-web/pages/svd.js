// Page 4: singular values with a movable cut, and the matrix as a sum of what is kept and what is trained.
// Called by the shell; every number comes from py/explorer/svd.py.
import {movable} from '../figures/handle.js';
import {heatmap, largest} from '../figures/heatmap.js';
import {inset, panels} from '../figures/panels.js';
import {cutLine, spectrum} from '../figures/spectrum.js';
import {asTables} from '../shell/matrices.js';
import {formatNumber, formatPercent} from '../shell/numbers.js';

/** @typedef {import('../shell/types.js').Outputs} Outputs */
/** @typedef {import('../shell/types.js').State} State */
/** @typedef {import('../shell/types.js').View} View */
/** @typedef {import('../shell/types.js').Api} Api */

const MAPS = /** @type {const} */ ([
  {key: 'weights', title: 'W', short: 'W'},
  {key: 'weights_high', title: 'Critical part: kept', short: 'Critical'},
  {key: 'weights_low', title: 'Safe part: trained', short: 'Safe'},
]);

/** The frame and the number of values of the latest draw, for the handle. @type {{frame: import('../figures/types.js').Frame, count: number} | null} */
let drawn = null;

/** @type {(stage: HTMLElement, outputs: Outputs, state: State, view: View) => void} */
function draw(stage, outputs, state, view) {
  const values = outputs.singular_values.values;
  const count = values.length;
  const rank = Math.min(Number(state.rank), count);
  const [rows, columns] = outputs.weights.shape;
  const cropped = rows < outputs.out_features || columns < outputs.in_features;
  const made = panels(stage, view, [
    {key: 'spectrum', title: 'Singular values', span: 'all', ratio: 0.42, tallest: 340, shortest: 250, label: `${count} singular values; the first ${rank} are kept`},
    ...MAPS.map(({key, title, short}) => ({
      key, title: view.width < 520 ? short : title, ratio: Math.min(1.6, rows / columns), label: `${title}, ${outputs.out_features} by ${outputs.in_features}`,
      ...(cropped && key === 'weights' ? {note: `Its first ${rows} rows and ${columns} columns`} : {}),
    })),
  ], {minimum: 80});
  const frame = spectrum(made.spectrum.marks, {values, rank, scale: state.scale === 'log' ? 'log' : 'linear'}, inset(made.spectrum.area, 2));
  cutLine(made.spectrum, {rank, count, label: 'Rank cutoff, on the figure', text: `${rank} of ${count} kept`}, frame);
  drawn = {frame, count};
  const limit = largest(outputs.weights.values);
  for (const {key} of MAPS) heatmap(made[key].marks, {values: outputs[key], limit, digits: 2}, inset(made[key].area, 2));
}

/** @type {(stage: HTMLElement, api: Api) => void} */
function handles(stage, api) {
  movable(stage, 'cut', {
    low: [0], high: [512], step: [1],
    values: () => [Number(api.state().rank)],
    set: ([rank = 0], settled) => api.set({rank: Math.min(Math.round(rank), drawn?.count ?? 0)}, {settle: settled}),
    drag: (pointer) => (drawn ? [Math.max(0, Math.min(drawn.count, Math.round(drawn.frame.invert.x(pointer.x))))] : null),
  }, {signal: api.signal});
}

/** @param {Api} api */
function regenerate(api) {
  const source = api.state().source === 'random' ? 'random' : 'toy';
  api.set({source, seed: (Number(api.state().seed) + 1) % 2 ** 32});
}

/** @type {(outputs: Outputs, state: State) => string} */
function summary(outputs, state) {
  const count = outputs.singular_values.values.length;
  const kept = `Keeping ${Number(state.rank)} of ${count} directions keeps ${formatPercent(outputs.energy_kept, 4)} of the energy`;
  const counts = `OSFT then trains ${formatNumber(outputs.trainable_parameters)} numbers, against ${formatNumber(outputs.full_parameters)} entries of W, and can move W in ${formatNumber(outputs.independent_directions)} independent directions`;
  const refuses = outputs.peft_refuses ? ' HF PEFT refuses a cut of 0; the formula is shown all the same.' : '';
  return `${kept}; what is left out has norm ${formatNumber(outputs.reconstruction_error, 3)}. ${counts}.${refuses}`;
}

/** @type {import('../shell/types.js').PageModule} */
export default {
  name: 'svd',
  draw,
  handles,
  summary,
  matrices: asTables([{name: 'weights', caption: 'W'}, {name: 'weights_high', caption: 'The critical part of W, which is kept'}, {name: 'weights_low', caption: 'The safe part of W, which is trained'}]),
  actions: [{id: 'regenerate', label: 'Regenerate', run: regenerate}],
  predict: {
    question: 'A random matrix of 48 rows and 32 columns has learned nothing. How much of its energy do its 8 strongest directions keep, a quarter of them?',
    options: ['About a quarter', 'About half', 'About nine tenths'],
    settings: {source: 'random', rank: 8, seed: 0},
    judge: ({energy_kept: kept}) => {
      if (kept < 0.375) return 0;
      return kept < 0.7 ? 1 : 2;
    },
    reveal: (outputs) => `${formatPercent(outputs.energy_kept, 4)}. Chance alone makes some directions stronger than others, so energy at the top is no proof of learning.`,
  },
  challenges: [
    {
      id: 'most-with-fewest',
      task: 'Toy weights: keep at least 97 % of the energy with as few directions as will do.',
      hint: 'The outputs name the energy kept. Move the cut one step back and see whether it still holds.',
      done: (outputs, state) => state.source === 'toy' && outputs.energy_kept >= 0.97 && Number(state.rank) > 0
        && outputs.cumulative_energy.values[Number(state.rank) - 1] < 0.97,
    },
    {
      id: 'noise',
      task: 'Random weights: find how many directions hold 90 % of the energy, and put the cut there.',
      hint: 'A matrix that has learned nothing has no sharp fall. The number is among the outputs.',
      done: (outputs, state) => state.source === 'random' && Number(state.rank) === outputs.rank_for_90,
    },
    {
      id: 'more-than-full',
      task: 'Random weights: find a cut at which OSFT trains more numbers than W has entries, and yet moves W in fewer directions than that.',
      hint: 'Two factors and a diagonal are stored for every trained direction. Keep little.',
      done: (outputs, state) => state.source === 'random' && Number(state.rank) > 0 && outputs.trainable_parameters > outputs.full_parameters && outputs.independent_directions < outputs.full_parameters,
    },
  ],
};
