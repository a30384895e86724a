// The seconds that something has taken so far, so that nobody looks at a still line. Called by the panels.
import {element, setText} from '../dom.js';

/**
 * Shows them after `beside` until the returned function is called; not read aloud, as they change all the time.
 * @param {HTMLElement} beside
 * @returns {() => void}
 */
export function countSeconds(beside) {
  const begun = performance.now();
  const shown = element('span', {class: 'code-seconds', 'aria-hidden': 'true'});
  beside.append(shown);
  const timer = setInterval(() => {
    setText(shown, ` ${Math.round((performance.now() - begun) / 1000)} s`);
  }, 1000);
  return () => {
    clearInterval(timer);
    shown.remove();
  };
}
