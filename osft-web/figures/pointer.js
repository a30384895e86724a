// The pointer as soon as it moves. Called by handle.js for knobs, and for every slider by whoever makes one.
// A browser tells of `pointermove` just before it paints, so that what a worker answers to it misses that frame. Of
// `pointerrawupdate` it tells when the hand moves, and the answer is in the next frame. Where there is none,
// `pointermove` takes its place.

const MOVED = 'onpointerrawupdate' in window ? 'pointerrawupdate' : 'pointermove';

/** Chromium lays out in 64ths of a pixel. As exactly as that, a slider's value has to be the one that the browser sets. @param {number} length */
const laidOut = (length) => Math.floor(length * 64) / 64;

/**
 * Follows the pointer that went down until it goes up, once a frame: the first move after a frame was drawn leaves most time
 * for an answer before the next one. A later move waits, and is followed right after that frame if there is none newer.
 * @param {HTMLElement} target  holds the pointer, or hears of it
 * @param {(event: PointerEvent) => void} moved
 * @returns {{waiting: () => boolean, catchUp: () => void, end: () => void}}  whether a move is still to be followed;
 *   `catchUp` follows it; `end` drops it
 */
export function follow(target, moved) {
  const controller = new AbortController();
  /** @type {PointerEvent | null} */
  let newest = null;
  let free = true;
  let frame = requestAnimationFrame(beat);
  const drawn = new MessageChannel(); // a message sent in a frame comes when it has been drawn
  drawn.port1.onmessage = () => {
    free = true;
    act();
  };

  function beat() {
    drawn.port2.postMessage(null);
    frame = requestAnimationFrame(beat);
  }

  function act() {
    const event = newest;
    newest = null;
    if (!event) return;
    free = false;
    moved(event);
  }

  target.addEventListener(MOVED, (event) => {
    newest = /** @type {PointerEvent} */ (event);
    if (free) act();
  }, {signal: controller.signal});

  return {
    waiting: () => newest !== null,
    catchUp: act,
    end() {
      newest = null;
      controller.abort();
      cancelAnimationFrame(frame);
      drawn.port1.close();
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
    let told = slider.value;
    const pointer = follow(slider, ({pointerId, clientX}) => {
      if (pointerId !== down.pointerId) return;
      const share = Math.max(0, Math.min(1, (laidOut(clientX) - left - thumb / 2) / (width - thumb)));
      slider.valueAsNumber = Number(slider.min) + share * (Number(slider.max) - Number(slider.min)); // the browser rounds to a step
      if (slider.value !== told) slider.dispatchEvent(new Event('input', {bubbles: true}));
    });
    const controller = new AbortController();
    slider.addEventListener('input', (event) => {
      if (event.isTrusted && pointer.waiting()) event.stopImmediatePropagation(); // told of right after the frame
      else told = slider.value;
    }, {capture: true, signal: controller.signal});
    for (const type of ['pointerup', 'pointercancel', 'lostpointercapture']) {
      slider.addEventListener(type, () => {
        pointer.end();
        controller.abort();
      }, {signal: controller.signal});
    }
  });
}
