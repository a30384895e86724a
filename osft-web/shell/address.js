// The page's state in its address, both ways. Called by the page mount, "Copy link" and the files to take along.
import {defaultValue} from './declaration.js';

/** @typedef {import('./types.js').Declaration} Declaration */
/** @typedef {import('./types.js').State} State */

/** Keys of the address that are not parameters. */
export const RESERVED = ['embed', 'hide', 'theme', 'nosw', 'tier', 'code'];

/**
 * What an address asks for: only declared names, still unchecked.
 * @param {Declaration} declaration
 * @param {URLSearchParams} query
 */
export function readAddress(declaration, query) {
  /** @type {Record<string, string>} */
  const change = {};
  let unknown = 0;
  const names = new Set(declaration.parameters.map((parameter) => parameter.name));
  for (const [name, text] of query) {
    if (names.has(name)) change[name] = text;
    else if (!RESERVED.includes(name)) unknown += 1;
  }
  return {change, unknown};
}

/** @param {import('./types.js').Value} value */
function asText(value) {
  return typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
}

/**
 * The query of a state.
 * @param {Declaration} declaration
 * @param {State} state
 * @param {{all?: boolean, keep?: URLSearchParams}} [options]  all: defaults too, for links that must last
 */
export function writeQuery(declaration, state, {all = false, keep} = {}) {
  const query = new URLSearchParams();
  for (const parameter of declaration.parameters) {
    const {name} = parameter;
    // A default that follows other parameters is left out where it follows these: so it is read.
    if (all || state[name] !== defaultValue(parameter, state)) query.set(name, asText(state[name]));
  }
  for (const name of RESERVED) {
    const kept = keep?.get(name);
    if (kept !== null && kept !== undefined) query.set(name, kept);
  }
  const text = query.toString();
  return text ? `?${text}` : '';
}

/**
 * A link to a state that stays right when a default changes.
 * @param {Declaration} declaration
 * @param {State} state
 */
export function linkTo(declaration, state) {
  return new URL(`${declaration.page}.html${writeQuery(declaration, state, {all: true})}`, document.baseURI).href;
}
