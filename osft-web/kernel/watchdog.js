// A clock that counts only the seconds in which the page is visible and awake.
// Used by depot.js (no byte came), host.js (Python does not start) and client.js (a call takes too long).

const TICK = 500;

/**
 * Calls `expire` once, `seconds` of visible time after the start or the last `touch`.
 * A hidden tab does not count, and a suspended machine counts for one tick.
 * @param {number} seconds
 * @param {() => void} expire
 */
export function watchdog(seconds, expire) {
  let counted = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    if (document.visibilityState === 'visible') counted += Math.min(now - last, 2 * TICK);
    last = now;
    if (counted < seconds * 1000) return;
    clearInterval(timer);
    expire();
  }, TICK);
  return {
    touch() {
      counted = 0;
    },
    stop() {
      clearInterval(timer);
    },
  };
}
