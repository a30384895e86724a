// Page 1: a cloud of points and its image under a linear map, in the plane or in space.
// Called by the shell; every number comes from py/explorer/rotation.py.
import {movable} from '../figures/handle.js';
import {knob} from '../figures/knob.js';
import {inset, panels} from '../figures/panels.js';
import {mappedGrid, plane} from '../figures/plane.js';
import {player} from '../figures/player.js';
import {points, segments} from '../figures/points.js';
import {solid} from '../figures/solid.js';
import {orbit} from '../figures/camera.js';
import {formatNumber} from '../shell/numbers.js';

/** @typedef {import('../shell/types.js').Outputs} Outputs */
/** @typedef {import('../shell/types.js').State} State */
/** @typedef {import('../shell/types.js').View} View */
/** @typedef {import('../shell/types.js').Api} Api */
/** @typedef {import('../figures/types.js').Panel} Panel */

const TURN_SECONDS = 6;
const TURN = 'Turn once';
/** Degrees by which the button turns where motion is not wanted. */
const STILL = 45;
const NARROW = 520;

/** How the plane is laid out, for the handle: set by the latest draw. @type {{frame: import('../figures/plane.js').PlaneFrame, radius: number} | null} */
let turning = null;
/** Where the reader stands in the space view; looking is not computing, so it is no parameter. */
let orientation = {yaw: 30, pitch: 22};
let reach = 100;

/**
 * How far the drawing must reach to hold both clouds.
 * @param {Outputs} outputs
 */
function extentOf({points_original: before, points_transformed: after}) {
  let largest = 2;
  for (const cloud of [before, after]) for (const value of cloud.values) largest = Math.max(largest, Math.abs(value));
  return Math.min(12, Math.ceil(largest * 4.1) / 4); // with room for the mark itself
}

/**
 * The two reference points of a cloud: its first two rows.
 * @param {import('../shell/types.js').Tensor} cloud
 */
function pairOf({shape, values}) {
  const columns = shape[1] ?? 2;
  return {from: Array.from(values.slice(0, columns)), to: Array.from(values.slice(columns, 2 * columns))};
}

/** @type {(stage: HTMLElement, outputs: Outputs, state: State, view: View) => void} */
function draw(stage, outputs, state, view) {
  if (state.view === '3d') drawSpace(stage, outputs, view);
  else drawPlane(stage, outputs, state, view);
}

/** @type {(stage: HTMLElement, outputs: Outputs, state: State, view: View) => void} */
function drawPlane(stage, outputs, state, view) {
  const extent = extentOf(outputs);
  const narrow = view.width < NARROW;
  const {both, before, after} = panels(stage, view, [
    {key: 'both', title: 'Overlay', label: 'Both clouds; a dashed line joins the two reference points in each', ratio: narrow ? 1 : 0.5, tallest: 400, span: 'all'},
    {key: 'before', title: 'Original', label: `${state.points} points and the unit grid`, ratio: narrow ? 1 : 0.66},
    {key: 'after', title: 'Transformed', label: 'The same points and the grid after the map', ratio: narrow ? 1 : 0.66},
  ], {minimum: 140});
  const {points_original: original, points_transformed: transformed, matrix} = outputs;
  const [joined, moved] = [pairOf(original), pairOf(transformed)];
  const [length, image] = [formatNumber(outputs.distance_original, 4), formatNumber(outputs.distance_transformed, 4)];

  const one = plane(before.marks, {extent}, inset(before.area, 2));
  mappedGrid(before.marks, {matrix: [1, 0, 0, 1], extent: 2}, one);
  points(before.marks, {points: original, class: 'series-original'}, one);
  reference(before.marks, 'pair', joined, 'series-original', length, one);

  const two = plane(after.marks, {extent}, inset(after.area, 2));
  mappedGrid(after.marks, {matrix: matrix.values, extent: 2}, two);
  points(after.marks, {points: transformed, class: 'series-oft', marker: 'diamond'}, two);
  reference(after.marks, 'pair', moved, 'series-oft', image, two);

  const three = plane(both.marks, {extent}, inset(both.area, 2));
  points(both.marks, {key: 'original', points: original, class: 'series-original faint'}, three);
  points(both.marks, {key: 'transformed', points: transformed, class: 'series-oft', marker: 'diamond'}, three);
  reference(both.marks, 'pair-original', joined, 'series-original', length, three);
  reference(both.marks, 'pair-transformed', moved, 'series-oft', image, three);

  const radius = 0.8 * extent;
  turning = {frame: three, radius};
  const {x, y} = knobPlace([Number(state.angle)]);
  knob(both.handles, {
    key: 'angle', x, y, label: 'Angle, on the figure', text: `${formatNumber(Number(state.angle))} degrees`, now: Number(state.angle), low: 0, high: 360, shape: 'turn',
    disc: [three.x(0), three.y(0), three.unit * radius],
  });
}

/**
 * The two reference points, ringed, with the dashed line between them and its length.
 * @param {SVGGElement} group
 * @param {string} key
 * @param {{from: number[], to: number[]}} pair
 * @param {string} series
 * @param {string} length
 * @param {import('../figures/plane.js').PlaneFrame} frame
 */
function reference(group, key, {from, to}, series, length, frame) {
  segments(group, {key, lines: [{from, to, class: `dashed ${series}`, label: length}]}, frame);
  points(group, {key: `${key}-ends`, points: [[from[0] ?? 0, from[1] ?? 0], [to[0] ?? 0, to[1] ?? 0]], class: series, marker: 'ring', radius: 7}, frame);
}

/** @param {number[]} values */
function knobPlace([angle = 0]) {
  if (!turning) return {x: 0, y: 0};
  const radians = (angle * Math.PI) / 180;
  return {x: turning.frame.x(turning.radius * Math.cos(radians)), y: turning.frame.y(turning.radius * Math.sin(radians))};
}

/** @type {(stage: HTMLElement, outputs: Outputs, view: View) => void} */
function drawSpace(stage, outputs, view) {
  turning = null;
  const {space} = panels(stage, view, [{key: 'space', label: 'Both clouds in space with the axis of rotation', title: 'Space: drag to look from elsewhere', ratio: 0.8, tallest: 560}]);
  const {points_original: original, points_transformed: transformed, axis} = outputs;
  const placed = solid(space.marks, {
    orientation, extent: extentOf(outputs), axis: axis?.values,
    clouds: [{key: 'original', points: original, faint: true}, {key: 'oft', points: transformed, marker: 'diamond'}],
    lines: [{...pairOf(original), class: 'dashed faint'}, {...pairOf(transformed), class: 'dashed'}],
  }, space.area);
  reach = placed.r;
  knob(space.handles, {
    key: 'look', x: placed.x, y: placed.y, label: 'Where you look from', text: `${Math.round(orientation.yaw)} degrees around, ${Math.round(orientation.pitch)} up`,
    now: orientation.yaw, low: 0, high: 360, quiet: true, disc: [placed.x, placed.y, placed.r],
  });
}

/** @type {(stage: HTMLElement, api: Api) => void} */
function handles(stage, api) {
  const {signal} = api;
  makeClock(api);
  movable(stage, 'angle', {
    low: [0], high: [360], step: [1], wrap: 360,
    active: () => api.state().view === '2d',
    values: () => [Number(api.state().angle)],
    set: ([angle = 0], settled) => api.set({angle}, {settle: settled}),
    place: knobPlace,
    drag: (pointer, grab) => {
      if (!turning) return null;
      const turn = (/** @type {{x: number, y: number}} */ at) => Math.atan2(turning?.frame.invert.y(at.y) ?? 0, turning?.frame.invert.x(at.x) ?? 1);
      return [(grab.values[0] ?? 0) + ((turn(pointer) - turn(grab.pointer)) * 180) / Math.PI];
    },
  }, {signal});
  movable(stage, 'look', {
    low: [0, -90], high: [360, 90], step: [5, 5],
    active: () => api.state().view === '3d',
    values: () => [orientation.yaw, orientation.pitch],
    set: ([yaw = 0, pitch = 0]) => {
      orientation = {yaw, pitch};
      api.redraw();
    },
    drag: (pointer, grab) => {
      const next = orbit({yaw: grab.values[0] ?? 0, pitch: grab.values[1] ?? 0}, pointer.x - grab.pointer.x, pointer.y - grab.pointer.y, reach);
      return [next.yaw, next.pitch];
    },
  }, {signal});
}

/** The turn of the cloud, its first angle and the angle it set last. */
let turn = {clock: /** @type {import('../figures/player.js').Player | null} */ (null), from: 0, last: 0};

/** @param {Api} api */
function makeClock(api) {
  const angle = () => Number(api.state().angle);
  const clock = player({
    length: 361, seconds: TURN_SECONDS, element: api.stage, field: api.explorer.querySelector("input[name='angle']"), smooth: true, signal: api.signal,
    at: () => ((angle() - turn.from) % 360 + 360) % 360,
    go: (by, settled) => {
      if (angle() !== turn.last) { // the reader has taken hold of it
        clock.pause();
        return;
      }
      turn.last = +((turn.from + by) % 360).toFixed(2);
      api.set({angle: turn.last}, {settle: settled, hold: false});
    },
  });
  clock.onChange(() => {
    const button = api.explorer.querySelector("[data-action='play']");
    if (button) button.textContent = clock.state() === 'idle' ? TURN : 'Pause';
  });
  turn = {clock, from: 0, last: 0};
}

/**
 * Turns the cloud once, from where it is; a second press pauses. Without motion it takes a step.
 * @param {Api} api
 */
function play(api) {
  const now = Number(api.state().angle);
  if (turn.clock && turn.clock.state() !== 'idle') turn.clock.pause();
  else if (matchMedia('(prefers-reduced-motion: reduce)').matches) api.set({angle: (now + STILL) % 360});
  else {
    Object.assign(turn, {from: now, last: now});
    turn.clock?.play();
  }
}

/** @type {(outputs: Outputs, state: State) => string} */
function summary(outputs, state) {
  const lengths = `The distance between the two reference points is ${formatNumber(outputs.distance_original)} before and ${formatNumber(outputs.distance_transformed)} after`;
  const angles = `no angle changes by more than ${formatNumber(outputs.angle_error, 3)} radians`;
  const verdict = outputs.is_orthogonal
    ? `the map is orthogonal, with determinant ${formatNumber(outputs.determinant, 3)}`
    : `the map is not orthogonal: AᵀA is ${formatNumber(outputs.orthogonality_error, 3)} away from I, and the determinant is ${formatNumber(outputs.determinant, 3)}`;
  return `Turned by ${formatNumber(Number(state.angle))} degrees. ${lengths}; ${angles}; ${verdict}.`;
}

/** @type {import('../shell/types.js').PageModule} */
export default {
  name: 'rotation',
  draw,
  handles,
  summary,
  actions: [{id: 'play', label: TURN, run: play}],
  predict: {
    question: 'The cloud is turned by 137 degrees and mirrored. What happens to the distance between the two reference points?',
    options: ['It grows', 'It shrinks', 'It stays the same'],
    settings: {angle: 137, reflect: true, shear: 0, scale: 1},
    judge: (outputs) => {
      if (outputs.distance_preserved) return 2;
      return outputs.distance_transformed > outputs.distance_original ? 0 : 1;
    },
    reveal: (outputs) => `Before ${formatNumber(outputs.distance_original, 6)}, after ${formatNumber(outputs.distance_transformed, 6)}. The mirror shows elsewhere: the determinant is ${formatNumber(outputs.determinant, 3)}.`,
  },
  challenges: [
    {
      id: 'mirror',
      task: 'Make a map that keeps every length and is still no rotation.',
      hint: 'A rotation has determinant 1. What other value does a map that keeps lengths allow?',
      done: (outputs) => outputs.is_orthogonal && outputs.determinant < 0,
    },
    {
      id: 'area',
      task: 'Keep the area (determinant 1 to a thousandth) and change an angle by more than 0.5 radians.',
      hint: 'A shear slides one side of a square along the other: same base, same height.',
      done: (outputs) => Math.abs(outputs.determinant - 1) < 1e-3 && outputs.angle_error > 0.5,
    },
    {
      id: 'coincidence',
      task: 'Find a map that is not orthogonal and still leaves the two marked points within a thousandth of their distance.',
      hint: 'Stretch x a little: some directions grow, some shrink. The right shear gives back what the stretch took.',
      done: (outputs) => !outputs.is_orthogonal && Math.abs(outputs.distance_transformed - outputs.distance_original) < 1e-3 * outputs.distance_original,
    },
  ],
};
