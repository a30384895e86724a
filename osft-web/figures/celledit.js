// Editing a matrix in place: arrow keys walk over its cells, Enter or a click opens a number field on one.
// Called once a page from handles(stage, api), over a heat map drawn with editable(); the page orthogonal uses it.
//
//   draw:     editable(panel, {matrix: outputs.q, label: 'Q'}, cells)         cells is what heatmap() answered
//   handles:  cellEditing(stage, 'q', {set: (row, column, value) => ..., low: -10, high: 10, announce}, {signal})
//
// One cell at a time is in the tab order. Escape closes the field and changes nothing; a field that is not a number
// says so and stays open.

import {child, part, pass, remove} from './svg.js';

/**
 * @param {import('./types.js').Panel} panel
 * @param {{matrix: import('./heatmap.js').Matrix, label: string, key?: string, digits?: number}} data
 * @param {{rows: number, columns: number, box: (row: number, column: number) => {x: number, y: number, width: number, height: number}}} cells
 */
export function editable(panel, {matrix, label, key = 'cells', digits = 4}, cells) {
  const grid = child(panel.handles, key, 'g', {role: 'grid', 'aria-label': label, 'data-cells': key, 'aria-rowcount': cells.rows, 'aria-colcount': cells.columns});
  const current = grid.getAttribute('data-current') ?? '0:0';
  const rows = pass(grid);
  for (let i = 0; i < cells.rows; i += 1) {
    const row = pass(rows.add(`row${i}`, 'g', {role: 'row'}));
    for (let j = 0; j < cells.columns; j += 1) {
      const {x, y, width, height} = cells.box(i, j);
      const value = matrix.values[i * cells.columns + j] ?? NaN;
      row.add(`${i}:${j}`, 'rect', {
        x, y, width, height, class: 'cell-hit', role: 'gridcell', 'data-cell': `${i}:${j}`, 'data-value': String(value),
        tabindex: current === `${i}:${j}` ? 0 : -1,
        'aria-label': `row ${i + 1}, column ${j + 1}: ${Number.isFinite(value) ? value.toFixed(digits) : 'not a number'}`,
      });
    }
    row.end();
  }
  rows.end();
  if (!grid.querySelector('[tabindex="0"]')) grid.querySelector('[data-cell]')?.setAttribute('tabindex', '0');
}

/**
 * @param {HTMLElement} stage
 * @param {string} key
 * @param {{set: (row: number, column: number, value: number) => void, low: number, high: number, announce?: (text: string) => void, active?: () => boolean}} spec
 * @param {{signal?: AbortSignal}} [options]
 */
export function cellEditing(stage, key, {set, low, high, announce, active = () => true}, {signal} = {}) {
  const gridOf = () => stage.querySelector(`[data-cells="${CSS.escape(key)}"]`);
  const cellOf = (/** @type {Event} */ event) => {
    const cell = /** @type {Element} */ (event.target).closest?.('[data-cell]') ?? null;
    return cell && gridOf()?.contains(cell) ? /** @type {SVGRectElement} */ (cell) : null;
  };
  const place = (/** @type {Element} */ cell) => /** @type {[number, number]} */ ((cell.getAttribute('data-cell') ?? '0:0').split(':').map(Number));

  /** @param {number} row @param {number} column */
  function visit(row, column) {
    const grid = gridOf();
    const next = grid?.querySelector(`[data-cell="${row}:${column}"]`);
    if (!grid || !next) return;
    for (const old of grid.querySelectorAll('[tabindex="0"]')) old.setAttribute('tabindex', '-1');
    next.setAttribute('tabindex', '0');
    grid.setAttribute('data-current', `${row}:${column}`);
    /** @type {SVGElement} */ (next).focus({preventScroll: true});
  }

  /**
   * @param {SVGRectElement} cell
   * @param {string} [typed]
   */
  function open(cell, typed) {
    const [row, column] = place(cell);
    visit(row, column);
    const body = /** @type {HTMLElement} */ (cell.closest('.panel-body'));
    const [here, host] = [cell.getBoundingClientRect(), body.getBoundingClientRect()];
    const field = part(body, 'cell-field', 'input', {
      class: 'cell-field', type: 'text', inputmode: 'decimal', autocomplete: 'off', 'aria-label': `New value of row ${row + 1}, column ${column + 1}`,
    });
    const wide = Math.max(76, here.width);
    const left = Math.max(0, Math.min(host.width - wide, here.left - host.left + (here.width - wide) / 2));
    field.style.setProperty('left', `${left}px`);
    field.style.setProperty('top', `${here.top - host.top + here.height / 2 - 18}px`);
    field.style.setProperty('width', `${wide}px`);
    const own = String(+Number(cell.getAttribute('data-value')).toPrecision(6));
    field.value = typed ?? own;
    let closed = false;
    /** @param {boolean} back  whether the focus returns to the cell */
    const close = (back) => {
      if (closed) return;
      closed = true;
      remove(body, 'cell-field');
      if (back) visit(row, column);
    };
    /** @param {boolean} back */
    const commit = (back) => {
      if (closed) return undefined; // a field that is removed loses the focus, and says so once more
      const text = field.value.trim();
      if (text === own) return close(back); // what is shown is rounded: a cell that was looked at keeps its value
      const value = Number(text.replace('−', '-').replace(',', '.'));
      if (text === '' || !Number.isFinite(value) || value < low || value > high) {
        if (!back) return close(false);
        field.setAttribute('aria-invalid', 'true');
        announce?.(`A cell takes a number from ${low} to ${high}.`);
        return undefined;
      }
      close(back);
      return set(row, column, value);
    };
    field.addEventListener('keydown', (event) => {
      event.stopPropagation();
      if (event.key === 'Enter') commit(true);
      else if (event.key === 'Escape') close(true);
      else if (event.key === 'Tab') commit(true);
    });
    field.addEventListener('blur', () => commit(false));
    field.focus({preventScroll: true});
    if (typed === undefined) field.select();
  }

  const options = {signal};
  stage.addEventListener('click', (event) => {
    const cell = cellOf(event);
    if (cell && active()) open(cell);
  }, options);
  stage.addEventListener('keydown', (event) => {
    const cell = cellOf(event);
    if (!cell || !active() || event.ctrlKey || event.metaKey || event.altKey) return;
    const [row, column] = place(cell);
    const grid = gridOf();
    const lastRow = Number(grid?.getAttribute('aria-rowcount')) - 1;
    const lastColumn = Number(grid?.getAttribute('aria-colcount')) - 1;
    /** @type {Record<string, [number, number]>} */
    const moves = {
      ArrowLeft: [row, Math.max(0, column - 1)], ArrowRight: [row, Math.min(lastColumn, column + 1)],
      ArrowUp: [Math.max(0, row - 1), column], ArrowDown: [Math.min(lastRow, row + 1), column],
      Home: [row, 0], End: [row, lastColumn],
    };
    const to = moves[event.key];
    if (to) visit(...to);
    else if (event.key === 'Enter' || event.key === 'F2') open(cell);
    else if (/^[-\d.]$/.test(event.key)) open(cell, event.key);
    else return;
    event.preventDefault();
  }, options);
}
