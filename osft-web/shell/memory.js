// What the site remembers on the reader's own machine, and nothing more: theme, predictions, challenges.
// Works without storage: then it lasts as long as the page. Called by theme.js and the panels.

const PREFIX = 'osft:';
/** @type {Map<string, string>} */
const session = new Map();

/** Whether the browser lets this site keep anything. */
export const durable = (() => {
  try {
    localStorage.setItem(`${PREFIX}probe`, '1');
    localStorage.removeItem(`${PREFIX}probe`);
    return true;
  } catch {
    return false;
  }
})();

/** @param {string} key */
export function recall(key) {
  if (session.has(key)) return session.get(key) ?? null;
  if (!durable) return null;
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {string} value
 */
export function remember(key, value) {
  session.set(key, value);
  if (!durable) return;
  try {
    localStorage.setItem(PREFIX + key, value);
  } catch {
    // A full store is no reason to lose the page; the value lasts for this visit.
  }
}

/** @param {string} key */
export function forget(key) {
  session.delete(key);
  if (durable) localStorage.removeItem(PREFIX + key);
}
