// Page 3: what four updates of one size do to the hyperspherical energy of a weight matrix.
// Called by the shell; every number comes from py/explorer/energy.py.
import {movable} from '../figures/handle.js';
import {intervals, intervalsHeight} from '../figures/interval.js';
import {knob} from '../figures/knob.js';
import {inset, panels} from '../figures/panels.js';
import {plane} from '../figures/plane.js';
import {points, segments} from '../figures/points.js';
import {orbit} from '../figures/camera.js';
import {sphere} from '../figures/sphere.js';
import {formatNumber} from '../shell/numbers.js';

/** @typedef {import('../shell/types.js').Outputs} Outputs */
/** @typedef {import('../shell/types.js').State} State */
/** @typedef {import('../shell/types.js').View} View */
/** @typedef {import('../shell/types.js').Api} Api */

const ROWS = /** @type {const} */ ([
  {key: 'original', label: 'No update'},
  {key: 'oft', label: 'OFT'},
  {key: 'random', label: 'Random'},
  {key: 'lora', label: 'LoRA'},
]);
const UPDATES = ROWS.slice(1);
const LINKED = 60;

/** Where the reader stands before the spheres; looking is not computing, so it is no parameter. */
let orientation = {yaw: 30, pitch: 20};
let reach = 100;

/** A change of the energy as it is read. @param {number} change */
function signed(change) {
  const percent = 100 * change;
  if (Math.abs(percent) < 1e-7) return '0 %';
  return `${percent > 0 ? '+' : ''}${formatNumber(percent, 3)} %`;
}

/** @type {(stage: HTMLElement, outputs: Outputs, state: State, view: View) => void} */
function draw(stage, outputs, state, view) {
  const features = Number(state.features);
  const balls = features <= 3 ? UPDATES.map(({key, label}) => ({
    key, title: label, ratio: 1,
    label: `The neurons’ directions before (faint) and after the update by ${label}, on the unit ${features === 3 ? 'sphere' : 'circle'}`,
  })) : [];
  const name = state.measure === 'mhe' ? 'hyperspherical energy' : 'mean |cosine|';
  const drawn = /** @type {Record<string, import('../figures/types.js').Panel>} */ (panels(stage, view, [
    {key: 'changes', title: `Change of the ${name}, each update at ${formatNumber(Number(state.strength), 3)} of the norm of W`, span: 'all',
      label: 'The change of the energy by each update: mean, 5th to 95th percentile, and every draw', height: intervalsHeight(ROWS.length)},
    ...balls,
  ], {minimum: view.width < 520 ? 150 : 200}));
  intervals(drawn.changes.marks, {
    label: 'Relative change of the energy', reference: 0, format: (value) => signed(value),
    rows: ROWS.map(({key, label}) => ({
      key, label, value: outputs[`${key}_change`], low: outputs[`${key}_low`], high: outputs[`${key}_high`],
      text: signed(outputs[`${key}_change`]), samples: outputs[`${key}_changes`]?.values,
    })),
  }, inset(drawn.changes.area, 2));
  for (const {key} of balls) {
    const panel = drawn[key];
    if (features === 3) drawSphere(panel, key, outputs);
    else drawCircle(panel, key, outputs);
  }
}

/** @type {(panel: import('../figures/types.js').Panel, key: string, outputs: Outputs) => void} */
function drawSphere(panel, key, outputs) {
  const [from, to] = [outputs.original_directions, outputs[`${key}_directions`]];
  const few = from.shape[0] <= LINKED;
  const ball = sphere(panel.marks, {
    orientation, clouds: [{key: 'original', points: from, faint: true}, {key, points: to}], ...(few ? {links: {from, to}} : {}),
  }, panel.area);
  reach = ball.r;
  knob(panel.handles, {
    key: 'look', x: ball.x, y: ball.y, label: 'Where you look from', text: `${Math.round(orientation.yaw)} degrees around, ${Math.round(orientation.pitch)} up`,
    now: orientation.yaw, low: 0, high: 360, quiet: true, disc: [ball.x, ball.y, ball.r],
  });
}

/** @type {(panel: import('../figures/types.js').Panel, key: string, outputs: Outputs) => void} */
function drawCircle(panel, key, outputs) {
  panel.handles.replaceChildren();
  const frame = plane(panel.marks, {extent: 1.25, numbers: false}, inset(panel.area, 4));
  const [from, to] = [outputs.original_directions, outputs[`${key}_directions`]];
  if (from.shape[0] <= LINKED) {
    segments(panel.marks, {lines: Array.from({length: from.shape[0]}, (_, i) => ({
      from: from.values.slice(2 * i, 2 * i + 2), to: to.values.slice(2 * i, 2 * i + 2), class: 'faint',
    }))}, frame);
  }
  points(panel.marks, {key: 'before', points: from, class: 'series-original faint'}, frame);
  points(panel.marks, {key: 'after', points: to, class: `series-${key}`, marker: 'diamond'}, frame);
}

/** @type {(stage: HTMLElement, api: Api) => void} */
function handles(stage, api) {
  movable(stage, 'look', {
    low: [0, -90], high: [360, 90], step: [5, 5],
    active: () => api.state().features === 3,
    values: () => [orientation.yaw, orientation.pitch],
    set: ([yaw = 0, pitch = 0]) => {
      orientation = {yaw, pitch};
      api.redraw();
    },
    drag: (pointer, grab) => {
      const next = orbit({yaw: grab.values[0] ?? 0, pitch: grab.values[1] ?? 0}, pointer.x - grab.pointer.x, pointer.y - grab.pointer.y, reach);
      return [next.yaw, next.pitch];
    },
  }, {signal: api.signal});
}

/** @type {(outputs: Outputs, state: State) => string} */
function summary(outputs, state) {
  const changes = UPDATES.map(({key, label}) => `${label} ${signed(outputs[`${key}_change`])}`).join(', ');
  const name = state.measure === 'mhe' ? 'The hyperspherical energy' : 'The mean |cosine|';
  const side = state.side === 'input' ? 'input' : 'output';
  return `${name} of ${state.neurons} neurons with ${state.features} features is ${formatNumber(outputs.original_energy, 5)}. After updates of the same size it changes, on average over ${outputs.draws_used} draws, by: ${changes}. OFT turns the ${side} side.`;
}

/** @type {import('../shell/types.js').PageModule} */
export default {
  name: 'energy',
  draw,
  handles,
  summary,
  table: {
    caption: 'Energy before and after each update',
    corner: 'Update',
    rows: [...ROWS],
    columns: [
      {suffix: '_energy', label: 'Energy'}, {suffix: '_change', label: 'Change'}, {suffix: '_low', label: '5th percentile'},
      {suffix: '_high', label: '95th percentile'}, {suffix: '_size', label: 'Update size'}, {suffix: '_spectrum_change', label: 'Change of singular values'},
      {suffix: '_verdict', label: 'Verdict'},
    ],
  },
  actions: [
    {id: 'sphere', label: 'On the sphere', run: (api) => api.set({features: 3, neurons: 30, rank: Math.min(2, Number(api.state().rank))})},
    {id: 'other-side', label: 'Rotate the other side', run: (api) => api.set({side: api.state().side === 'input' ? 'output' : 'input'})},
  ],
  predict: {
    question: 'The same rotation on the other side of W, R W in place of W Rᵀ. Does it keep the energy of the rows?',
    options: ['Yes, a rotation is a rotation', 'No, it mixes the neurons', 'Only its singular values change'],
    settings: {side: 'output', measure: 'mhe', s: 1, neurons: 50, features: 8, strength: 0.3},
    judge: (outputs) => {
      if (Math.abs(outputs.oft_change) < 1e-9 && Math.abs(outputs.oft_high) < 1e-9) return outputs.oft_spectrum_change > 1e-9 ? 2 : 0;
      return 1;
    },
    reveal: (outputs) => `The energy changes by ${signed(outputs.oft_change)} on average, from ${signed(outputs.oft_low)} to ${signed(outputs.oft_high)}, while the singular values change by ${formatNumber(outputs.oft_spectrum_change, 2)}. The spectrum is kept on either side, the energy on one.`,
  },
  challenges: [
    {
      id: 'loud-lora',
      task: 'Make LoRA change the energy by more than 5 % on average, up or down.',
      hint: 'Fewer features crowd the neurons together; a larger update moves them further.',
      done: (outputs) => Math.abs(outputs.lora_change) > 0.05,
    },
    {
      id: 'quiet-random',
      task: 'At an update size of 0.8 or more, find a setting where nine of ten random updates change the energy by less than 0.1 %, up or down.',
      hint: 'In many dimensions random directions stay about as far apart as they were.',
      done: (outputs, state) => state.measure === 'mhe' && Number(state.strength) >= 0.8 && Math.max(Math.abs(outputs.random_low), Math.abs(outputs.random_high)) < 0.001,
    },
    {
      id: 'two-measures',
      task: 'Show the tutorial’s measure, mean |cosine|, and find an update that it says is preserved.',
      hint: 'It is a function of the same angles as the energy. Which update keeps all angles?',
      done: (outputs, state) => state.measure === 'mean_abs_cosine' && Number(state.strength) > 0 && Math.abs(outputs.oft_change) < 1e-9,
    },
  ],
};
