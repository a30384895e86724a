// Building elements without markup strings. Called by every shell module and panel.

/**
 * An element with attributes and children; a string child becomes text.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string|number|boolean|null|undefined>} [attributes]  false, null and undefined leave it out
 * @param {(Node|string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children);
  return node;
}

/**
 * A plain button.
 * @param {string} label
 * @param {() => void} act
 * @param {Record<string, string|number|boolean|null|undefined>} [attributes]
 */
export function button(label, act, attributes = {}) {
  const node = element('button', {type: 'button', class: 'button', ...attributes}, label);
  node.addEventListener('click', act);
  return node;
}

/**
 * Sets text only when it differs, so that nothing is laid out or announced twice.
 * @param {Element} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent === text) return;
  const only = node.firstChild;
  if (only?.nodeType === Node.TEXT_NODE && !only.nextSibling) only.nodeValue = text; // its box stays
  else node.textContent = text;
}

/**
 * Hides or shows only what is not so already.
 * @param {HTMLElement} node
 * @param {boolean} hidden
 */
export function hide(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

/**
 * Saves a blob under a name through the browser's own download.
 * @param {Blob} blob
 * @param {string} name
 */
export function download(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = element('a', {href: url, download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/**
 * Copies text; where the clipboard is not to be had, selects it in a field for the reader to copy.
 * @param {string} text
 * @param {HTMLElement} beside  where the fallback field goes
 * @returns {Promise<boolean>} whether it is on the clipboard
 */
export async function copyText(text, beside) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = element('textarea', {class: 'copy-fallback', readonly: true, rows: 3, 'aria-label': 'Text to copy'});
    field.value = text;
    beside.append(field);
    field.focus();
    field.select();
    field.addEventListener('blur', () => field.remove());
    return false;
  }
}

/** @param {() => void} act */
export function whenIdle(act) {
  if ('requestIdleCallback' in window) requestIdleCallback(act, {timeout: 10_000});
  else setTimeout(act, 2000);
}
