// The outputs as <output> elements, each carrying its full-precision number in data-value: a list, and for pages
// that compare things a table. Called by the page mount; writes only what changed. While the hand moves, the words of what is
// out of sight wait until it rests, and the columns of a table stand still: they are most of the work of a frame.
import {element, hide, setText} from './dom.js';
import {formatOutput, fullValue} from './numbers.js';

/** @typedef {import('./types.js').Output} Output */
/** @typedef {import('./types.js').Outputs} Outputs */
/** @typedef {Record<string, (value: any) => string>} Written  how outputs are read that have a way of their own */
/** @typedef {{output: Output, field: HTMLElement, group: HTMLElement|null, place: Element, full?: string, worded?: string, text?: string}} Field
 *   what it is in; its number, the number that is written, and how */

/** Milliseconds without an answer after which the hand rests. */
const REST = 150;

/** @param {Output} output */
function fieldFor(output) {
  return element('output', {name: output.name, 'data-kind': output.kind, 'aria-label': output.label});
}

/**
 * Builds the list, and the table before it where the page asks for one; returns the function that fills them.
 * @param {HTMLElement} list  a <dl>
 * @param {Output[]} declared
 * @param {{table?: import('./types.js').Table|import('./types.js').Table[], written?: Written}} page
 * @param {AbortSignal} signal
 */
export function buildReadout(list, declared, {table, written = {}}, signal) {
  const shown = declared.filter((output) => !output.hidden);
  list.parentElement?.querySelector(':scope > .outputs-tables')?.remove();
  const place = element('div', {class: 'outputs-tables'});
  /** @type {Field[]} */
  const fields = [];
  const tables = [table ?? []].flat().map((one) => {
    const built = buildTable(one, shown);
    place.append(built.region);
    fields.push(...built.fields);
    return built;
  });
  if (tables.length) list.before(place);
  const alone = shown.filter((output) => !fields.some((field) => field.output === output));
  for (const output of alone) {
    const field = fieldFor(output);
    const term = element('dt', {}, output.label);
    if (output.note) term.append(element('span', {class: 'output-note'}, output.note));
    const group = element('div', {class: `output output-${output.kind}`, 'data-output': output.name}, term, element('dd', {}, field));
    fields.push({output, field, group, place: list});
  }
  list.replaceChildren(...fields.flatMap(({group}) => group ?? []));
  const inSight = watchSight([list, ...tables.map(({region}) => region)], signal);
  let resting = 0;
  /**
   * @param {Outputs} outputs
   * @param {boolean} [moving]  more is to come at once
   */
  return function fillAll(outputs, moving = false) {
    clearTimeout(resting);
    if (moving) resting = window.setTimeout(fillAll, REST, outputs);
    for (const {region} of tables) (moving ? hold : release)(region);
    for (const field of fields) {
      const {place, output: {name}} = field;
      number(field, outputs[name]);
      if (!moving || inSight.has(place)) words(field, outputs[name], written[name]);
    }
    for (const {region, rows} of tables) {
      let filled = false;
      for (const {row, names} of rows) {
        const absent = names.every((name) => outputs[name] === undefined);
        hide(row, absent);
        filled ||= !absent;
      }
      hide(region, !filled);
    }
  };
}

/**
 * @param {import('./types.js').Table} table
 * @param {Output[]} shown
 */
function buildTable(table, shown) {
  /** @type {Field[]} */
  const fields = [];
  /** @type {{row: HTMLElement, names: string[]}[]} */
  const rows = [];
  const region = element('div', {class: 'outputs-table scroll-x', role: 'region', tabindex: 0, 'aria-label': table.caption});
  const body = element('tbody');
  for (const {key, label, series = key} of table.rows) {
    const row = element('tr', {'data-row': key}, element('th', {scope: 'row', class: `series-${series}`}, label));
    const names = [];
    for (const {suffix} of table.columns) {
      const output = shown.find(({name}) => name === key + suffix);
      const cell = element('td', {class: output && output.kind !== 'text' ? 'number' : null});
      if (output) {
        const field = fieldFor(output);
        cell.append(field);
        fields.push({output, field, group: null, place: region});
        names.push(output.name);
      }
      row.append(cell);
    }
    rows.push({row, names});
    body.append(row);
  }
  const head = element('tr', {}, element('th', {scope: 'col'}, table.corner ?? ''), ...table.columns.map(({label, suffix}) =>
    element('th', {scope: 'col', class: shown.some(({name, kind}) => name.endsWith(suffix) && kind === 'text' && suffix) ? 'words' : 'number'}, label)));
  region.append(element('table', {}, element('caption', {}, table.caption), element('thead', {}, head), body));
  return {fields, rows, region};
}

/**
 * Gives a table's columns the widths that they have. Else each number of another length would lay all of them out anew.
 * @param {HTMLElement} region
 */
function hold(region) {
  if (region.dataset.held !== undefined || !region.clientWidth) return;
  const parts = widthsOf(region).map((part) => /** @type {const} */ ([part, `${part.getBoundingClientRect().width}px`]));
  for (const [part, width] of parts) part.style.width = width;
  region.dataset.held = '';
}

/** @param {HTMLElement} region */
function release(region) {
  if (region.dataset.held === undefined) return;
  for (const part of widthsOf(region)) part.style.width = '';
  delete region.dataset.held;
}

/**
 * What decides the widths of a table that is held.
 * @param {HTMLElement} region
 * @returns {HTMLElement[]}
 */
const widthsOf = (region) => /** @type {HTMLElement[]} */ ([...region.querySelectorAll('table, thead th')]);

/**
 * Those of the elements that are on the screen.
 * @param {Element[]} elements
 * @param {AbortSignal} signal
 */
function watchSight(elements, signal) {
  /** @type {Set<Element>} */
  const inSight = new Set();
  const observer = new IntersectionObserver((entries) => {
    for (const {target, isIntersecting} of entries) {
      if (isIntersecting) inSight.add(target);
      else inSight.delete(target);
    }
  });
  for (const element of elements) observer.observe(element);
  signal.addEventListener('abort', () => observer.disconnect());
  return inSight;
}

/**
 * What a field holds is remembered: reading it from the document takes longer than writing the few that changed.
 * @param {Field} place
 * @param {any} value
 */
function number(place, value) {
  const {output, field, group} = place;
  const absent = value === undefined;
  if (group) hide(group, absent || value === '');
  const full = absent ? undefined : fullValue(value);
  if (place.full === full) return;
  place.full = full;
  if (full === undefined) delete field.dataset.value; // no number of another state stays behind
  else field.dataset.value = full;
  if (!absent && output.kind === 'flag') field.dataset.flag = value ? 'yes' : 'no';
}

/**
 * @param {Field} place
 * @param {any} value
 * @param {(value: any) => string} [write]
 */
function words(place, value, write) {
  const {output, field, full} = place;
  if (place.worded === full) return;
  place.worded = full;
  const text = value === undefined ? '' : write ? write(value) : formatOutput(output, value);
  if (place.text !== text) setText(field, text);
  place.text = text;
}
