// Moves things: mouse, finger, pen and arrow keys through one path.
// Called once a page from handles(stage, api); knobs may be redrawn at will, they are found by their key.
//
//   movable(stage, 'gradient', {
//     low: [-2, -2], high: [2, 2], step: [0.1, 0.1],
//     values: () => [state().gx, state().gy],
//     set: ([gx, gy], settled) => api.set({gx, gy}, {settle: settled}),
//     drag: (pointer) => [frame.invert.x(pointer.x), frame.invert.y(pointer.y)],
//     place: ([gx, gy]) => ({x: frame.x(gx), y: frame.y(gy)}),
//   }, {signal});
//
// One value or two. Keys: arrows a step, with Shift ten, with Alt a tenth; Page Up and Down ten; Home and End the limits;
// Escape puts back what was there before the drag. `drag` is given the pointer in the drawing's units, less where on the
// knob it took hold, and `grab`: the pointer and the values at the start. `wrap` makes a value a cycle (360 for degrees).
// `place` moves the knob in the same frame as the pointer, before the figure is computed anew.

import {follow} from './pointer.js';

/** @typedef {{x: number, y: number}} Point */
/**
 * @typedef {object} Movable
 * @property {number[]} low
 * @property {number[]} high
 * @property {number[]} step
 * @property {() => number[]} values
 * @property {(values: number[], settled: boolean) => void} set
 * @property {(pointer: Point, grab: {pointer: Point, values: number[]}) => number[] | null} [drag]
 * @property {(values: number[]) => Point} [place]
 * @property {number} [wrap]
 * @property {() => boolean} [active]  false leaves it alone
 */

/**
 * @param {HTMLElement} stage
 * @param {string} key
 * @param {Movable} spec
 * @param {{signal?: AbortSignal}} [options]
 */
export function movable(stage, key, spec, {signal} = {}) {
  /** @type {{id: number, svg: SVGSVGElement, pointer: Point, values: number[], offset: Point, moved: boolean, following: ReturnType<typeof follow>} | null} */
  let hold = null;

  const mine = (/** @type {Event} */ event) => /** @type {Element} */ (event.target).closest?.(`[data-handle="${CSS.escape(key)}"]`) ?? null;
  const knobOf = () => /** @type {SVGGElement|null} */ (stage.querySelector(`.knob[data-handle="${CSS.escape(key)}"]`));
  const active = () => spec.active?.() !== false;

  /** @param {number[]} values */
  function limit(values) {
    return values.map((value, i) => {
      const [low, high, step] = [spec.low[i] ?? -Infinity, spec.high[i] ?? Infinity, spec.step[i] ?? 0];
      let next = spec.wrap && (value < low || value > high) ? ((value - low) % spec.wrap + spec.wrap) % spec.wrap + low : value;
      next = Math.max(low, Math.min(high, next));
      if (!Number.isFinite(next)) return spec.values()[i] ?? low;
      const grid = step / 10;
      return grid > 0 ? +(Math.round(next / grid) * grid).toPrecision(12) : next;
    });
  }

  /**
   * @param {number[]} wanted
   * @param {boolean} settled
   */
  function apply(wanted, settled) {
    const values = limit(wanted);
    if (spec.place) {
      const {x, y} = spec.place(values);
      if (Number.isFinite(x) && Number.isFinite(y)) {
        knobOf()?.setAttribute('transform', `translate(${Math.round(x * 100) / 100} ${Math.round(y * 100) / 100})`);
      }
    }
    spec.set(values, settled);
  }

  /** @param {PointerEvent} event */
  function down(event) {
    const target = mine(event);
    if (!target || event.button !== 0 || hold || !active() || !spec.drag) return;
    const svg = /** @type {SVGElement} */ (target).ownerSVGElement;
    if (!svg) return;
    const pointer = local(svg, event);
    const own = knobOf();
    const onKnob = target === own;
    const centre = onKnob && own ? translation(own) : pointer;
    hold = {id: event.pointerId, svg, pointer, values: spec.values(), offset: {x: pointer.x - centre.x, y: pointer.y - centre.y}, moved: false, following: follow(stage, move)};
    stage.setPointerCapture(event.pointerId);
    stage.setAttribute('data-dragging', key);
    own?.focus({preventScroll: true});
    event.preventDefault();
  }

  /** @param {PointerEvent} event */
  function move(event) {
    if (!hold || event.pointerId !== hold.id || !spec.drag) return;
    const {svg, offset, pointer, values} = hold;
    const now = local(svg, event);
    const next = spec.drag({x: now.x - offset.x, y: now.y - offset.y}, {pointer: {x: pointer.x - offset.x, y: pointer.y - offset.y}, values});
    if (!next) return;
    hold.moved = true;
    apply(next, false);
  }

  /** @param {PointerEvent} event */
  function up(event) {
    if (!hold || event.pointerId !== hold.id) return;
    hold.following.catchUp();
    const {moved} = hold;
    release();
    if (moved) spec.set(spec.values(), true);
  }

  function release() {
    if (!hold) return;
    hold.following.end();
    if (stage.hasPointerCapture(hold.id)) stage.releasePointerCapture(hold.id);
    hold = null;
    stage.removeAttribute('data-dragging');
  }

  /** @param {PointerEvent} event */
  function cancel(event) {
    if (hold && event.pointerId === hold.id) restore();
  }

  function restore() {
    if (!hold) return;
    const {values} = hold;
    release();
    apply(values, true);
  }

  /** @param {KeyboardEvent} event */
  function keydown(event) {
    if (!mine(event) || !active() || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Escape' && hold) {
      event.preventDefault();
      restore();
      return;
    }
    const factor = event.shiftKey ? 10 : event.altKey ? 0.1 : 1;
    const now = spec.values();
    const plane = now.length > 1;
    const [sx, sy] = [(spec.step[0] ?? 1) * factor, (spec.step[1] ?? spec.step[0] ?? 1) * factor];
    /** @type {Record<string, number[]>} */
    const moves = plane
      ? {ArrowLeft: [-sx, 0], ArrowRight: [sx, 0], ArrowDown: [0, -sy], ArrowUp: [0, sy], PageDown: [0, -10 * sy], PageUp: [0, 10 * sy]}
      : {ArrowLeft: [-sx], ArrowDown: [-sx], ArrowRight: [sx], ArrowUp: [sx], PageDown: [-10 * sx], PageUp: [10 * sx]};
    const by = moves[event.key];
    /** @type {number[] | null} */
    let next = null;
    if (by) next = now.map((value, i) => value + (by[i] ?? 0));
    else if (event.key === 'Home') next = [spec.low[0] ?? 0, ...now.slice(1)];
    else if (event.key === 'End') next = [spec.high[0] ?? 0, ...now.slice(1)];
    if (!next) return;
    event.preventDefault();
    spec.set(limit(whole(next, now)), true); // the knob goes with the figure, in one frame
  }

  /**
   * A tenth of a whole step is still a whole step: a count has no fractions.
   * @param {number[]} next
   * @param {number[]} now
   */
  function whole(next, now) {
    return next.map((value, i) => {
      const step = spec.step[i] ?? 0;
      const before = now[i] ?? 0;
      if (!Number.isInteger(step) || !Number.isInteger(before) || spec.wrap || Number.isInteger(value)) return value;
      return before + Math.sign(value - before);
    });
  }

  /**
   * Not every engine heeds touch-action inside a drawing; a touch that takes hold of a knob must not scroll the page.
   * @param {TouchEvent} event
   */
  function touch(event) {
    if (mine(event) && active() && spec.drag && event.cancelable) event.preventDefault();
  }

  const options = {signal};
  stage.addEventListener('touchstart', touch, {signal, passive: false});
  stage.addEventListener('pointerdown', down, options);
  stage.addEventListener('pointerup', up, options);
  stage.addEventListener('pointercancel', cancel, options);
  stage.addEventListener('lostpointercapture', up, options);
  stage.addEventListener('keydown', keydown, options);
  signal?.addEventListener('abort', release);
}

/**
 * A pointer's place in the drawing's own units.
 * @param {SVGSVGElement} svg
 * @param {{clientX: number, clientY: number}} event
 * @returns {Point}
 */
export function local(svg, event) {
  const matrix = svg.getScreenCTM();
  if (!matrix) return {x: 0, y: 0};
  const {x, y} = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
  return {x, y};
}

/**
 * The angle about a centre, in degrees, counter-clockwise from the right: for `drag` of a handle that turns.
 * @param {Point} pointer
 * @param {Point} centre
 */
export function angleAt(pointer, centre) {
  return Math.atan2(centre.y - pointer.y, pointer.x - centre.x) * 180 / Math.PI;
}

/** @param {SVGGElement} node */
function translation(node) {
  const [x = 0, y = 0] = (node.getAttribute('transform')?.match(/-?[\d.]+/g) ?? []).map(Number);
  return {x, y};
}
