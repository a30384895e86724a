// Equations too wide for the screen scroll; while they do, the keyboard reaches them. Called by the page mount.

/**
 * @param {HTMLElement} main
 * @param {AbortSignal} signal
 */
export function watchScrollers(main, signal) {
  const look = new ResizeObserver((entries) => {
    for (const {target} of entries) {
      if (target.scrollWidth > target.clientWidth + 1) target.setAttribute('tabindex', '0');
      else target.removeAttribute('tabindex');
    }
  });
  for (const equation of main.querySelectorAll("math[display='block'], .equation")) look.observe(equation);
  signal.addEventListener('abort', () => look.disconnect());
}
