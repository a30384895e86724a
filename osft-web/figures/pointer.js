// The pointer as soon as it moves. Called by handle.js for knobs, and for every slider by whoever makes one.
// A browser tells of `pointermove` just before it paints, so that what a worker answers to it misses that frame. Of
// `pointerrawupdate` it tells when the hand moves, and the answer is in the next frame. Where there is none,
// `pointermove` takes its place.

const MOVED = 'onpointerrawupdate' in window ? 'pointerrawupdate' : 'pointermove';
/** Milliseconds between two moves that are followed: half a frame, because a mouse can tell of a thousand a second. */
const SHORTEST = 8;
const LONGEST = 32;
/** A frame that took longer than this came late. */
const LATE = 25;

/** Chromium lays out in 64ths of a pixel. As exactly as that, a slider's value has to be the one that the browser sets. @param {number} length */
const laidOut = (length) => Math.floor(length * 64) / 64;

/**
 * Follows the pointer that went down until it goes up: at once, then as often as the screen keeps up with.
 * @param {HTMLElement} target  holds the pointer, or hears of it
 * @param {(event: PointerEvent) => void} moved
 * @returns {{catchUp: () => void, end: () => void}}  `catchUp` follows what is still to be followed; `end` drops it
 */
export function follow(target, moved) {
  const controller = new AbortController();
  /** @type {PointerEvent | null} */
  let newest = null;
  let [pause, last, timer] = [SHORTEST, -Infinity, 0];
  let frame = requestAnimationFrame(beat);
  let before = NaN;

  /** A page that cannot draw two figures a frame is asked for fewer. @param {number} time */
  function beat(time) {
    pause = time - before > LATE ? Math.min(LONGEST, pause * 1.5) : Math.max(SHORTEST, pause * 0.98);
    before = time;
    frame = requestAnimationFrame(beat);
  }

  function act() {
    clearTimeout(timer);
    timer = 0;
    const event = newest;
    newest = null;
    last = performance.now();
    if (event) moved(event);
  }

  target.addEventListener(MOVED, (event) => {
    newest = /** @type {PointerEvent} */ (event);
    const wait = last + pause - performance.now();
    if (wait <= 0) act();
    else timer ||= window.setTimeout(act, wait);
  }, {signal: controller.signal});

  return {
    catchUp: act,
    end() {
      controller.abort();
      clearTimeout(timer);
      cancelAnimationFrame(frame);
    },
  };
}

/**
 * Lets a slider's value follow the pointer, as the browser itself does it just before the next frame.
 * @param {HTMLInputElement} slider  its thumb is as wide as its `--thumb` says, in rem
 */
export function promptly(slider) {
  slider.addEventListener('pointerdown', (down) => {
    if (MOVED === 'pointermove' || down.button !== 0) return;
    const {left, width} = slider.getBoundingClientRect();
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const thumb = laidOut(parseFloat(getComputedStyle(slider).getPropertyValue('--thumb')) * rem);
    const pointer = follow(slider, ({pointerId, clientX}) => {
      if (pointerId !== down.pointerId) return;
      const share = Math.max(0, Math.min(1, (laidOut(clientX) - left - thumb / 2) / (width - thumb)));
      const was = slider.value;
      slider.valueAsNumber = Number(slider.min) + share * (Number(slider.max) - Number(slider.min)); // the browser rounds to a step
      if (slider.value !== was) slider.dispatchEvent(new Event('input', {bubbles: true}));
    });
    const controller = new AbortController();
    for (const type of ['pointerup', 'pointercancel', 'lostpointercapture']) {
      slider.addEventListener(type, () => {
        pointer.end();
        controller.abort();
      }, {signal: controller.signal});
    }
  });
}
