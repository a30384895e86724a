// Time: play, pause, step and scrub over a range, one state machine. Called by the pages rotation and training.
//
//   const clock = player({length: 41, seconds: 8, element: stage, at: () => state().step, go: (i, settled) => ...,
//     reducedMotion: () => matchMedia('(prefers-reduced-motion: reduce)').matches, onChange: (state) => ..., signal});
//   transport(container, {label: 'Step', text: (i) => `step ${10 * i}`, ...}, clock)      buttons and a scrubber
//
// States: 'idle', 'playing', 'waiting' (playing, but off the screen or in a hidden tab: goes on when it is back).
// Under reduced motion play() makes one step. A second play() does nothing: there is never a second loop.

import {setIcon} from './icon.js';
import {promptly} from './pointer.js';
import {part} from './svg.js';

/** @typedef {'idle'|'playing'|'waiting'} PlayerState */
/**
 * @typedef {object} Player
 * @property {() => void} play
 * @property {() => void} pause
 * @property {() => void} toggle
 * @property {(by: number) => void} step
 * @property {(index: number, settled?: boolean) => void} seek
 * @property {() => PlayerState} state
 * @property {() => number} at
 * @property {() => number} length
 * @property {(listener: () => void) => void} onChange
 */

/**
 * @param {object} spec
 * @param {number | (() => number)} spec.length  the number of positions, 0 to length - 1
 * @param {number} spec.seconds  for the whole range
 * @param {Element} spec.element  paused while this is off the screen
 * @param {Element | null} [spec.field]  a field of the same value: whoever goes into it has taken hold, and it pauses
 * @param {() => number} spec.at
 * @param {(index: number, settled: boolean) => void} spec.go
 * @param {() => boolean} [spec.reducedMotion]
 * @param {boolean} [spec.loop]  start again at the end
 * @param {boolean} [spec.smooth]  positions between whole ones
 * @param {AbortSignal} [spec.signal]
 * @returns {Player}
 */
export function player({length, seconds, element, field, at, go, reducedMotion = () => false, loop = false, smooth = false, signal}) {
  /** @type {PlayerState} */
  let state = 'idle';
  let frame = 0;
  let before = 0;
  let position = 0;
  let visible = true;
  /** @type {(() => void)[]} */
  const listeners = [];
  const count = () => Math.max(1, typeof length === 'function' ? length() : length);

  /** @param {PlayerState} next */
  function become(next) {
    if (state === next) return;
    state = next;
    for (const listener of listeners) listener();
  }

  /** @param {number} now */
  function tick(now) {
    frame = 0;
    if (state !== 'playing') return;
    const last = count() - 1;
    const elapsed = before ? Math.min(100, now - before) : 0;
    before = now;
    position += (elapsed / 1000) * (last / Math.max(0.1, seconds));
    if (position >= last && !loop) {
      go(last, true);
      become('idle');
      return;
    }
    if (loop && last > 0) position %= last;
    const shown = smooth ? position : Math.floor(position);
    if (shown !== at()) go(shown, false);
    for (const listener of listeners) listener();
    frame = requestAnimationFrame(tick);
  }

  function run() {
    before = 0;
    if (!frame) frame = requestAnimationFrame(tick);
  }

  function play() {
    if (state !== 'idle') return;
    if (reducedMotion()) {
      step(1);
      return;
    }
    position = at() >= count() - 1 ? 0 : at();
    become(visible && !document.hidden ? 'playing' : 'waiting');
    if (visible && !document.hidden) run();
  }

  function pause() {
    if (state === 'idle') return;
    cancelAnimationFrame(frame);
    frame = 0;
    become('idle');
    go(at(), true);
  }

  /** @param {number} by */
  function step(by) {
    if (state !== 'idle') pause();
    const last = count() - 1;
    const next = Math.round(at()) + by;
    seek(next > last ? (reducedMotion() ? 0 : last) : Math.max(0, next));
  }

  /**
   * @param {number} index
   * @param {boolean} [settled]
   */
  function seek(index, settled = true) {
    position = Math.max(0, Math.min(count() - 1, index));
    go(position, settled);
    for (const listener of listeners) listener();
  }

  function look() {
    const seen = visible && !document.hidden;
    if (state === 'playing' && !seen) {
      cancelAnimationFrame(frame);
      frame = 0;
      become('waiting');
    } else if (state === 'waiting' && seen) {
      become('playing');
      run();
    }
  }

  const watcher = new IntersectionObserver((entries) => {
    visible = entries.at(-1)?.isIntersecting ?? visible; // a busy browser tells of several frames at once
    look();
  });
  watcher.observe(element);
  document.addEventListener('visibilitychange', look, {signal});
  field?.addEventListener('focus', pause, {signal});
  signal?.addEventListener('abort', () => {
    watcher.disconnect();
    cancelAnimationFrame(frame);
    frame = 0;
    state = 'idle';
  });
  return {
    play, pause, step, seek, at, length: count, state: () => state,
    toggle: () => (state === 'idle' ? play() : pause()),
    onChange: (listener) => listeners.push(listener),
  };
}

/**
 * Buttons and a scrubber for a player. `text` says a position in words, for the reader and for assistive technology.
 * Answers a function that brings them up to date; call it after each draw.
 * @param {HTMLElement} container
 * @param {{label: string, text: (index: number) => string, name?: string, key?: string}} data
 * @param {Player} clock
 * @param {AbortSignal} [signal]
 * @returns {() => void}
 */
export function transport(container, {label, text, name, key = 'transport'}, clock, signal) {
  const bar = part(container, key, 'div', {class: 'transport', role: 'group', 'aria-label': label});
  const enabled = {disabled: false}; // as the document has them, for readers without a script, they are not
  const play = part(bar, 'play', 'button', {...enabled, type: 'button', class: 'button button-icon play'});
  const back = part(bar, 'back', 'button', {...enabled, type: 'button', class: 'button button-icon', 'aria-label': 'One step back'});
  const next = part(bar, 'next', 'button', {...enabled, type: 'button', class: 'button button-icon', 'aria-label': 'One step on'});
  const range = part(bar, 'range', 'input', {...enabled, type: 'range', min: 0, step: 1, 'aria-label': label, class: 'scrubber', name: name ?? null});
  const words = part(bar, 'words', 'span', {class: 'transport-words', 'aria-hidden': 'true'});
  setIcon(back, 'back');
  setIcon(next, 'next');
  play.addEventListener('click', () => clock.toggle(), {signal});
  back.addEventListener('click', () => clock.step(-1), {signal});
  next.addEventListener('click', () => clock.step(1), {signal});
  promptly(range);
  range.addEventListener('input', () => {
    if (clock.state() !== 'idle') clock.pause();
    clock.seek(Number(range.value), false);
  }, {signal});
  range.addEventListener('change', () => clock.seek(Number(range.value), true), {signal});
  const update = () => {
    const running = clock.state() !== 'idle';
    setIcon(play, running ? 'pause' : 'play');
    play.setAttribute('aria-label', running ? 'Pause' : 'Play');
    const at = Math.round(clock.at());
    range.max = String(clock.length() - 1);
    if (range.value !== String(at)) range.value = String(at);
    const now = text(at);
    range.setAttribute('aria-valuetext', now);
    if (words.textContent !== now) words.textContent = now;
  };
  clock.onChange(update);
  update();
  return update;
}
