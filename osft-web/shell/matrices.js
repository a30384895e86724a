// The matrices of the figure as tables, for those who read numbers and not colours; the largest are drawn without any.
// Named by the pages that have such maps and called by the page mount. A large one is written when the reader opens the
// tables, small ones at once, but not while the hand moves.
import {entry} from '../figures/heatmap.js';
import {element, hide, setText} from './dom.js';

/** @typedef {import('./types.js').Outputs} Outputs */
/** @typedef {{name: string, caption: string}} Matrix  an output, and what it is */

const SMALL = 256;
const DIGITS = 4;

/**
 * What builds the tables below the list of outputs and answers the function that fills them.
 * @param {Matrix[]} matrices
 * @returns {(list: HTMLElement) => (outputs: Outputs, moving: boolean) => void}
 */
export function asTables(matrices) {
  return (list) => build(list, matrices);
}

/**
 * @param {HTMLElement} list  the <dl> of the outputs
 * @param {Matrix[]} matrices
 * @returns {(outputs: Outputs, moving: boolean) => void}
 */
function build(list, matrices) {
  list.parentElement?.querySelector(':scope > .matrices')?.remove();
  const tables = matrices.map(({name, caption}) => {
    const body = element('tbody');
    const head = element('tr');
    const region = element('div', {class: 'scroll-x', role: 'region', tabindex: 0, 'aria-label': caption, 'data-matrix': name},
      element('table', {class: 'matrix'}, element('caption', {}, caption), element('thead', {}, head), body));
    return {name, head, body, region};
  });
  const place = element('details', {class: 'matrices'},
    element('summary', {}, 'The matrices as tables'),
    element('p', {class: 'output-note'}, 'Rows and columns are counted from 0.'), ...tables.map(({region}) => region));
  list.after(place);
  /** @type {Outputs} */
  let latest = {};
  const fill = (moving = false) => {
    let any = false;
    for (const {name, head, body, region} of tables) {
      const matrix = latest[name];
      hide(region, !matrix);
      any ||= Boolean(matrix);
      if (matrix && (place.open || (!moving && matrix.values.length <= SMALL))) write(head, body, matrix);
    }
    hide(place, !any);
  };
  place.addEventListener('toggle', () => fill());
  return (outputs, moving) => {
    latest = outputs;
    fill(moving);
  };
}

/**
 * Cells are kept and only their texts changed, unless the size is another.
 * @param {HTMLElement} head
 * @param {HTMLElement} body
 * @param {import('./types.js').Tensor} matrix
 */
function write(head, body, {shape, values}) {
  const [rows = 0, columns = 1] = shape;
  if (body.children.length !== rows || head.children.length !== columns + 1) {
    head.replaceChildren(element('td'), ...Array.from({length: columns}, (_, j) => element('th', {scope: 'col', class: 'number'}, String(j))));
    body.replaceChildren(...Array.from({length: rows}, (_, i) => element('tr', {},
      element('th', {scope: 'row'}, String(i)), ...Array.from({length: columns}, () => element('td')))));
  }
  for (let i = 0; i < rows; i += 1) {
    const cells = /** @type {HTMLTableRowElement} */ (body.children[i]).cells;
    for (let j = 0; j < columns; j += 1) setText(/** @type {HTMLElement} */ (cells[j + 1]), entry(Number(values[i * columns + j]), DIGITS));
  }
}
