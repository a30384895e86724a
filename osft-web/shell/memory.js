// What the site remembers on the reader's own machine, and nothing more: theme, predictions, challenges.
// Works without storage: then it lasts as long as the page, and says so. Called by theme.js and the panels.

const PREFIX = 'osft:';
/** @type {Map<string, string>} */
const session = new Map();
let told = false;

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
  try {
    localStorage.setItem(PREFIX + key, value);
  } catch {
    tellOnce();
  }
}

/** @param {string} key */
export function forget(key) {
  session.delete(key);
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    // What could not be kept need not be removed.
  }
}

async function tellOnce() {
  if (told) return;
  told = true;
  const {notify} = await import('./status.js'); // not before it is needed: the theme is read before the first paint
  notify({
    slot: 'memory', quiet: true, code: 'OSFT-E62',
    message: 'This browser keeps nothing for this site, so your choices last until you leave. Everything else works, and a copied link holds all settings.',
  });
}
