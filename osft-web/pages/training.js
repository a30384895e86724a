// Page 7: real continual-learning runs: accuracy against step, and what is kept against what is learned.
// Called by the shell; every number comes from py/explorer/training.py. The live run is shell/panels/live.js.
import {axes, percent} from '../figures/axes.js';
import {curves, moveCursor, namesWidth} from '../figures/curves.js';
import {front} from '../figures/front.js';
import {movable} from '../figures/handle.js';
import {knob} from '../figures/knob.js';
import {panels} from '../figures/panels.js';
import {player, transport} from '../figures/player.js';
import {part} from '../figures/svg.js';
import {series} from '../figures/palette.js';
import {formatPercent} from '../shell/numbers.js';

/** @typedef {import('../shell/types.js').Outputs} Outputs */
/** @typedef {import('../shell/types.js').State} State */
/** @typedef {import('../shell/types.js').View} View */
/** @typedef {import('../shell/types.js').Api} Api */
/** @typedef {import('../shell/types.js').Tensor} Tensor */

const ALL = ['full', 'full_sgd', 'lora', 'olora', 'oft', 'osft', 'osft_dense', 'seed_block', 'random', 'bottom', 'gpm', 'ewc', 'l2sp', 'replay', 'frozen', 'joint'];
const SWEPT = ['osft', 'osft_dense', 'random', 'seed_block', 'bottom'];
const TASKS = ['Upright', 'Turned 20°', 'Turned 40°', 'Turned 60°', 'Turned 80°'];
const STEP = 10;
const PLAY_SECONDS = 8;

/** The frame of the latest curves, for the scrubber on the figure. @type {import('../figures/types.js').Frame | null} */
let timeline = null;
/** @type {(() => void) | null} */
let updateTransport = null;

/** What each panel was drawn of: a walk in time moves the cursor alone. @type {WeakMap<Element, {of: unknown[], result: any}>} */
const drawn = new WeakMap();

/**
 * What the last drawing in a panel came to if it was of the same things, else what drawing them anew does.
 * @template T
 * @param {import('../figures/types.js').Panel} panel
 * @param {unknown[]} things
 * @param {() => T} make
 * @returns {T}
 */
function once(panel, things, make) {
  const of = [panel.width, panel.height, ...things];
  const last = drawn.get(panel.marks);
  if (last?.of.length === of.length && last.of.every((one, i) => equal(one, of[i]))) return last.result;
  const result = make();
  drawn.set(panel.marks, {of, result});
  return result;
}

/**
 * Tensors are equal when their numbers are.
 * @param {any} a
 * @param {any} b
 */
function equal(a, b) {
  if (!a?.values || !b?.values) return Object.is(a, b);
  return a.values.length === b.values.length && a.values.every((/** @type {number} */ value, /** @type {number} */ i) => Object.is(value, b.values[i]));
}

/** @param {State} state */
function chosen(state) {
  return String(state.methods).split(',').filter(Boolean);
}

/**
 * One column of a row-major matrix.
 * @param {Tensor} tensor
 * @param {number} column
 */
function column({shape, values}, column) {
  const width = shape[1];
  return Array.from({length: shape[0]}, (_, i) => Number(values[i * width + column]));
}

/**
 * @param {string} key
 * @param {Tensor} tensor
 * @param {number} [first]  the column of the mean; low and high follow
 */
function curve(key, tensor, first = 0) {
  return {key, values: column(tensor, first), low: column(tensor, first + 1), high: column(tensor, first + 2)};
}

/** @type {(stage: HTMLElement, outputs: Outputs, state: State, view: View) => () => void} */
function draw(stage, outputs, state, view) {
  timeline = null;
  let rest = () => {};
  if (state.metric === 'tasks') drawTasks(stage, outputs, state, view);
  else if (state.metric === 'front') drawFront(panels(stage, view, [frontSpec(view, 620)]).front, outputs, state);
  else {
    const name = state.metric === 'forgetting' ? 'Forgetting' : 'Average accuracy over the five tasks';
    const made = panels(stage, view, [
      {key: 'curves', title: name, label: `${name} against the training step${state.seed === 'mean' ? ', with 95 % bands' : ''}`, ratio: 0.5, tallest: 400, shortest: 260, span: 'all'},
      {...frontSpec(view, 440), span: /** @type {const} */ ('all')},
    ]);
    drawCurves(made.curves, outputs, state);
    rest = () => drawFront(made.front, outputs, state);
  }
  updateTransport?.();
  return rest;
}

/** @type {(view: View, tallest: number) => {key: 'front', title: string, label: string, ratio: number, tallest: number, note: string}} */
function frontSpec(view, tallest) {
  return {
    key: 'front', title: 'Learned on the new, kept of the old', ratio: view.width < 520 ? 1.1 : 0.62, tallest,
    label: 'Accuracy kept on the first task against accuracy learned on each new task: OSFT and its controls along the retained fraction, full fine-tuning and OFT along their learning rates',
    note: 'Along each line the retained fraction grows from 0 to 1; along full fine-tuning and OFT the learning rate. Up and to the right is better.',
  };
}

/** @type {(panel: import('../figures/types.js').Panel, outputs: Outputs, state: State) => void} */
function drawCurves(panel, outputs, state) {
  const keys = chosen(state).filter((key) => outputs[`${key}_curve`]);
  const cursor = Number(state.step);
  const {steps, lines, frame} = once(panel, [state.metric, ...keys, outputs.steps, ...keys.map((key) => outputs[`${key}_curve`])], () => {
    const steps = Array.from(outputs.steps.values, Number);
    const lines = keys.map((key) => curve(key, outputs[`${key}_curve`]));
    const forgetting = state.metric === 'forgetting';
    const highest = forgetting ? Math.max(0.1, ...lines.flatMap((line) => line.high.filter(Number.isFinite))) : 1;
    const lowest = forgetting ? 0 : Math.max(0, Math.min(0.9, ...lines.flatMap((line) => line.low.filter(Number.isFinite))) - 0.02);
    const narrow = panel.width < 520;
    const frame = axes(panel.marks, {
      x: {domain: [0, steps[steps.length - 1]], label: 'Step; a new task every 100', ticks: [0, 100, 200, 300, 400]},
      y: {domain: [lowest, highest], format: percent},
    }, panel.area, {margin: {right: namesWidth(lines)}});
    curves(panel.marks, {x: steps, series: lines, cursor, events: TASKS.slice(1).map((label, i) => ({x: 100 * i, label: narrow ? '' : label, above: forgetting}))}, frame);
    return {steps, lines, frame};
  });
  moveCursor(panel.marks, {x: steps, series: lines, cursor}, frame);
  timeline = frame;
  const x = frame.x(cursor);
  knob(panel.handles, {
    key: 'step', x, y: frame.top, label: 'Step, on the figure', text: stepText(cursor / STEP), now: cursor, low: 0, high: steps[steps.length - 1],
    shape: 'across', line: [x, frame.top, x, frame.bottom],
  });
}

/** @type {(stage: HTMLElement, outputs: Outputs, state: State, view: View) => void} */
function drawTasks(stage, outputs, state, view) {
  const cursor = Number(state.step);
  const made = /** @type {Record<string, import('../figures/types.js').Panel>} */ (panels(stage, view, TASKS.map((title, task) => ({
    key: `task${task}`, title: `${task === 0 ? 'First learned: ' : ''}${title}`, ratio: 0.6, label: `Accuracy on task ${task}, ${title.toLowerCase()}, against the step`,
  })), {minimum: 260}));
  TASKS.forEach((_, task) => {
    const panel = made[`task${task}`];
    const keys = chosen(state);
    const {steps, lines, frame} = once(panel, [...keys, outputs.steps, ...keys.map((key) => outputs[`${key}_tasks`])], () => {
      const steps = Array.from(outputs.steps.values, Number);
      const lines = keys.map((key) => curve(key, outputs[`${key}_tasks`], 3 * task));
      const frame = axes(panel.marks, {
        x: {domain: [0, steps[steps.length - 1]], ticks: [0, 100, 200, 300, 400]}, y: {domain: [0, 1], format: percent, ticks: [0, 0.5, 1]},
      }, panel.area, {margin: {right: task === 0 ? 60 : 14}});
      curves(panel.marks, {x: steps, series: lines, cursor, names: task === 0, events: task ? [{x: 100 * (task - 1), label: 'learned here'}] : []}, frame);
      return {steps, lines, frame};
    });
    moveCursor(panel.marks, {x: steps, series: lines, cursor}, frame);
  });
}

/** @type {(panel: import('../figures/types.js').Panel, outputs: Outputs, state: State) => void} */
function drawFront(panel, outputs, state) {
  const ranges = ['full', 'full_sgd', 'oft'];
  once(panel, [state.retained, outputs.front_retained, ...[...ranges, ...SWEPT].map((key) => outputs[`front_${key}`])], () => {
    const retained = Array.from(outputs.front_retained.values, Number);
    const frame = axes(panel.marks, {
      x: {domain: [0.2, 1], label: 'Learned: accuracy on each new task right after it', format: percent, grid: true},
      y: {domain: [0.15, 1], label: 'Kept: accuracy on the first task at the end', format: percent},
    }, panel.area, {margin: {right: 24}});
    const at = retained.findIndex((ratio) => Math.abs(ratio - Number(state.retained)) < 1e-9);
    const paths = SWEPT.map((key) => ({
      key,
      points: pointsOf(outputs[`front_${key}`]).map((point, i) => ({...point, label: key === 'osft' && [0, 5, 9].includes(i) ? String(retained[i]) : undefined})),
    }));
    const rates = ranges.map((key) => ({key, points: pointsOf(outputs[`front_${key}`])}));
    front(panel.marks, {paths: [...rates, ...paths], highlight: {key: 'osft', index: Math.max(0, at)}}, frame);
  });
}

/** @param {Tensor} tensor  rows of learning, half, kept, half, average, half */
function pointsOf(tensor) {
  const [x, y] = [column(tensor, 0), column(tensor, 2)];
  return x.map((learned, i) => ({x: learned, y: y[i]}));
}

/**
 * What OSFT reaches in the sweep at a retained fraction.
 * @param {Outputs} outputs
 * @param {number} ratio
 */
function sweep(outputs, ratio) {
  const at = Array.from(outputs.front_retained.values, Number).findIndex((one) => Math.abs(one - ratio) < 1e-9);
  const [learned = NaN, kept = NaN, average = NaN] = [0, 2, 4].map((part) => column(outputs.front_osft, part)[at]);
  return {learned, kept, average};
}

/** @param {number} index */
function stepText(index) {
  const step = Math.round(index) * STEP;
  return `step ${step} of 400, task ${Math.min(4, Math.ceil(step / 100))}`;
}

/** @type {(stage: HTMLElement, api: Api) => void} */
function handles(stage, api) {
  const go = (/** @type {number} */ index, /** @type {boolean} */ settled) => api.set({step: Math.round(index) * STEP}, {settle: settled, hold: false});
  const clock = player({
    length: 41, seconds: PLAY_SECONDS, element: stage, field: api.explorer.querySelector("input[name='step']"), signal: api.signal, go,
    at: () => Number(api.state().step) / STEP,
    reducedMotion: () => matchMedia('(prefers-reduced-motion: reduce)').matches,
  });
  updateTransport = transport(part(stage, 'time', 'div', {class: 'time'}), {label: 'Step on the figure', text: stepText}, clock, api.signal);
  updateTransport();
  movable(stage, 'step', { // counted in measured points, so that the finest move is from one to the next
    low: [0], high: [400 / STEP], step: [1],
    values: () => [Number(api.state().step) / STEP],
    set: ([index = 0], settled) => api.set({step: Math.round(index) * STEP}, {settle: settled}),
    drag: (pointer) => (timeline ? [Math.round(timeline.invert.x(pointer.x) / STEP)] : null),
    place: ([index = 0]) => ({x: timeline?.x(index * STEP) ?? 0, y: timeline?.top ?? 0}),
  }, {signal: api.signal});
}

/** @type {(outputs: Outputs, state: State) => string} */
function summary(outputs, state) {
  const rows = chosen(state).map((key) => {
    const forgot = outputs[`${key}_forgetting`] === undefined ? '' : ` (forgetting ${formatPercent(outputs[`${key}_forgetting`])})`;
    return `${series(key).label} ${formatPercent(outputs[`${key}_average_accuracy`])}${forgot}`;
  });
  const who = state.seed === 'mean' ? 'Mean of ten runs' : `Run ${state.seed}`;
  const walk = `At a retained fraction of ${state.retained} OSFT keeps ${formatPercent(outputs.retained_osft_kept)} on the first task and learns new ones to ${formatPercent(outputs.retained_osft_learning)}`;
  return `${who}, step ${state.step}: average accuracy ${rows.join(', ')}. ${walk}.`;
}

/** @type {import('../shell/types.js').PageModule} */
export default {
  name: 'training',
  draw,
  handles,
  summary,
  table: [{
    caption: 'At this step, with the ends of the 95 % interval of the mean; a single run has none and stands three times',
    corner: 'Method',
    rows: ALL.map((key) => ({key, label: series(key).label})),
    columns: [
      {suffix: '_average_accuracy', label: 'Average accuracy'}, {suffix: '_average_accuracy_low', label: 'from'}, {suffix: '_average_accuracy_high', label: 'to'},
      {suffix: '_forgetting', label: 'Forgetting'}, {suffix: '_forgetting_low', label: 'from'}, {suffix: '_forgetting_high', label: 'to'},
      {suffix: '_learning', label: 'Learning'}, {suffix: '_learning_low', label: 'from'}, {suffix: '_learning_high', label: 'to'},
    ],
  }, {
    caption: 'In the sweep, at this retained fraction and one learning rate for all',
    corner: 'Kept directions',
    rows: SWEPT.map((key) => ({key: `retained_${key}`, label: series(key).label, series: key})),
    columns: [
      {suffix: '_average_accuracy', label: 'Average accuracy'}, {suffix: '_forgetting', label: 'Forgetting'},
      {suffix: '_learning', label: 'Learned'}, {suffix: '_kept', label: 'Kept of the first task'},
    ],
  }],
  predict: {
    question: 'OSFT protected half of the directions. Let it protect nine tenths: what becomes of its average accuracy over all five tasks?',
    options: ['It rises, because more is kept', 'It hardly changes', 'It falls, because less is learned'],
    settings: {methods: 'full,lora,oft,osft', metric: 'accuracy', step: 400, seed: 'mean', retained: '0.9'},
    judge: (outputs) => {
      const change = outputs.retained_osft_average_accuracy - sweep(outputs, 0.5).average;
      if (Math.abs(change) < 0.02) return 1;
      return change > 0 ? 0 : 2;
    },
    reveal: (outputs) => {
      const half = sweep(outputs, 0.5);
      return `From ${formatPercent(half.average)} to ${formatPercent(outputs.retained_osft_average_accuracy)}. The first task is kept at ${formatPercent(outputs.retained_osft_kept)} in place of ${formatPercent(half.kept)}, and new ones are learned to ${formatPercent(outputs.retained_osft_learning)} in place of ${formatPercent(half.learned)}. What protects the old limits the new.`;
    },
  },
  challenges: [
    {
      id: 'still-learns',
      task: 'Find the largest retained fraction at which OSFT still learns each new task to 90 % or more.',
      hint: 'Walk along the front with the retained fraction: what is learned is on its horizontal axis, and in the second table.',
      done: (outputs, state) => {
        const learned = column(outputs.front_osft, 0);
        const fractions = Array.from(outputs.front_retained.values, Number);
        return Number(state.retained) === Math.max(...fractions.filter((_, i) => Number(learned[i]) >= 0.9));
      },
    },
    {
      id: 'better',
      task: 'Show a method that forgets less than OSFT in these runs, beside OSFT.',
      hint: 'Some methods look at old data or old activations. OSFT looks at the weights alone.',
      done: (outputs, state) => state.step === 400 && chosen(state).includes('osft')
        && chosen(state).some((key) => !['osft', 'frozen'].includes(key) && outputs[`${key}_forgetting_high`] < outputs.osft_forgetting_low),
    },
    {
      id: 'one-run',
      task: 'Find a single run in which OFT forgets more than full fine-tuning does.',
      hint: 'Choose a run in place of the mean. How many runs do you need to try?',
      done: (outputs, state) => state.seed !== 'mean' && state.step === 400 && outputs.oft_forgetting > outputs.full_forgetting,
    },
  ],
};
