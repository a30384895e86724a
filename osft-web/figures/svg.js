// Creates elements once and reuses them by key, so that a primitive can redraw from scratch sixty times a second.
// Called by every primitive. Nodes carry their key in `data-key`, so a figure written into the document is adopted as it is.
//
//   const line = child(group, 'mean', 'path', {d, class: 'line'});
//   const rows = pass(group); for (const row of data) rows.add(row.name, 'rect', {...}); rows.end();
//
// Colours and fonts come from classes alone: a style attribute would be refused by the page's content policy.

import {setText} from '../shell/dom.js';

const NAMESPACE = 'http://www.w3.org/2000/svg';
/** Attributes whose numbers are written in full; all others are lengths. */
const NO_LENGTH = /opacity$|^aria-/;

/** @typedef {Record<string, string|number|boolean|null|undefined>} Attributes  null, undefined and false remove */

/** @type {WeakMap<Element, Map<string, Element>>} */
const families = new WeakMap();

/** @param {Element} parent */
function family(parent) {
  let members = families.get(parent);
  if (!members) {
    members = new Map();
    for (const node of parent.children) {
      const key = node.getAttribute('data-key');
      if (key !== null) members.set(key, node);
    }
    families.set(parent, members);
  }
  return members;
}

/**
 * Writes only what differs from what is there.
 * @param {Element} node
 * @param {Attributes} attributes
 */
export function set(node, attributes) {
  for (const name in attributes) {
    const value = attributes[name];
    if (value === null || value === undefined || value === false) {
      if (node.hasAttribute(name)) node.removeAttribute(name);
    } else {
      const text = typeof value === 'number' ? String(NO_LENGTH.test(name) ? value : px(value)) : value === true ? '' : value;
      if (node.getAttribute(name) !== text) node.setAttribute(name, text);
    }
  }
}

/**
 * @param {Element} parent
 * @param {string} key
 * @param {string} tag
 * @param {string} namespace
 */
function obtain(parent, key, tag, namespace) {
  const members = family(parent);
  let node = members.get(key);
  if (node && (node.parentNode !== parent || node.localName !== tag)) {
    node.remove();
    node = undefined;
  }
  if (!node) {
    node = document.createElementNS(namespace, tag);
    node.setAttribute('data-key', key);
    members.set(key, node);
  }
  return node;
}

/**
 * @param {Element} node
 * @param {Attributes} attributes
 * @param {string|number|undefined} text
 */
function fill(node, attributes, text) {
  set(node, attributes);
  if (text !== undefined) setText(node, String(text));
}

/**
 * The SVG child of that key: made on the first call, reused afterwards.
 * @template {keyof SVGElementTagNameMap} K
 * @param {Element} parent
 * @param {string} key
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {string|number} [text]
 * @returns {SVGElementTagNameMap[K]}
 */
export function child(parent, key, tag, attributes = {}, text) {
  const node = obtain(parent, key, tag, NAMESPACE);
  if (!node.parentNode) parent.append(node);
  fill(node, attributes, text);
  return /** @type {any} */ (node);
}

/**
 * The HTML child of that key.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {Element} parent
 * @param {string} key
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {string|number} [text]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function part(parent, key, tag, attributes = {}, text) {
  const node = obtain(parent, key, tag, 'http://www.w3.org/1999/xhtml');
  if (!node.parentNode) parent.append(node);
  fill(node, attributes, text);
  return /** @type {any} */ (node);
}

/**
 * Takes the child of that key away, if it is there.
 * @param {Element} parent
 * @param {string} key
 */
export function remove(parent, key) {
  const members = family(parent);
  members.get(key)?.remove();
  members.delete(key);
}

/**
 * One redraw of a parent's children: what is not added before `end` is removed, and the order is the order of adding.
 * A node in place is never moved, so that a focused handle keeps the focus.
 * @param {Element} parent
 */
export function pass(parent) {
  const members = family(parent);
  /** @type {Set<string>} */
  const seen = new Set();
  /** @type {Node|null} */
  let cursor = parent.firstChild;

  /** @param {Element} node */
  function place(node) {
    if (node === cursor) {
      cursor = node.nextSibling;
      return;
    }
    const later = node.parentNode === parent && cursor
      && (cursor.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING);
    if (!later) parent.insertBefore(node, cursor);
    else cursor = node.nextSibling;
  }

  return {
    /**
     * @template {keyof SVGElementTagNameMap} K
     * @param {string} key
     * @param {K} tag
     * @param {Attributes} [attributes]
     * @param {string|number} [text]
     * @returns {SVGElementTagNameMap[K]}
     */
    add(key, tag, attributes = {}, text) {
      const node = obtain(parent, key, tag, NAMESPACE);
      seen.add(key);
      place(node);
      fill(node, attributes, text);
      return /** @type {any} */ (node);
    },
    end() {
      for (const [key, node] of members) {
        if (seen.has(key)) continue;
        node.remove();
        members.delete(key);
      }
    },
  };
}

/**
 * A length to a tenth of a pixel, finer than any screen; what is not a number becomes 0, so that no attribute is ever NaN.
 * @param {number} value
 */
export function px(value) {
  return Number.isFinite(value) ? Math.round(value * 10) / 10 : 0;
}

/**
 * The i-th point of a tensor of shape [n, 2] or of a list of pairs.
 * @param {import('./types.js').Pairs} pairs
 * @returns {{length: number, at: (index: number) => import('./types.js').Pair}}
 */
export function pairs(pairs) {
  if ('values' in pairs && 'shape' in pairs) {
    const {values, shape} = /** @type {import('./types.js').Tensor} */ (pairs);
    return {length: shape[0] ?? 0, at: (i) => [values[2 * i] ?? NaN, values[2 * i + 1] ?? NaN]};
  }
  const list = /** @type {ArrayLike<import('./types.js').Pair>} */ (pairs);
  return {length: list.length, at: (i) => list[i] ?? [NaN, NaN]};
}
