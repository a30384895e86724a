// "Check it": recomputes the state on the screen by an independent route and shows the largest difference.
// Mounted by panels.js. SciPy is loaded the first time, with progress in bytes.
import {button, element, setText} from '../dom.js';
import {formatNumber} from '../numbers.js';
import {describeLoading, tellFailure} from '../status.js';
import {countSeconds} from './seconds.js';

/** @type {(root: HTMLElement, api: import('../types.js').Api) => void} */
export function mount(root, api) {
  const state = element('div', {class: 'audit-state', 'aria-live': 'polite'});
  const table = element('div', {class: 'audit-table scroll-x'});
  const check = button('Check it', () => run(), {class: 'button primary', 'data-action': 'audit'});
  const tools = element('p', {class: 'code-tools'}, check);
  root.replaceChildren(
    element('h2', {}, 'Check it'),
    element('p', {}, 'Recomputes what is on the screen by another route, in your browser: SciPy’s routines where there is one, a plain loop where there is none.'),
    tools, state, table,
  );
  async function run() {
    check.disabled = true;
    setText(state, 'Loading SciPy …');
    const stopCounting = countSeconds(tools);
    const unsubscribe = api.kernel.onStatus((status) => {
      const loading = status.state === 'ready' && describeLoading(status, 'SciPy');
      if (loading) setText(state, loading);
    });
    try {
      await api.kernel.ready;
      await api.kernel.load('scipy');
      setText(state, 'Recomputing …');
      const parameters = api.state();
      const {outputs, elapsed} = await api.invoke('audit', {page: api.page, parameters});
      show(outputs, elapsed);
    } catch (error) {
      tellFailure(state, 'The check could not run: ', error, 'SciPy');
    } finally {
      unsubscribe();
      stopCounting();
      check.disabled = false;
    }
  }

  /**
   * @param {Record<string, any>} outputs  `<output>_difference` numbers and `<output>_route` texts
   * @param {number} elapsed
   */
  function show(outputs, elapsed) {
    const body = element('tbody');
    let worst = 0;
    let count = 0;
    for (const output of api.declaration.outputs) {
      const difference = outputs[`${output.name}_difference`];
      if (typeof difference !== 'number') continue;
      count += 1;
      worst = Math.max(worst, Number.isNaN(difference) ? Infinity : difference);
      body.append(element('tr', {},
        element('th', {scope: 'row'}, output.label || output.name),
        element('td', {}, String(outputs[`${output.name}_route`] ?? '')),
        element('td', {class: 'number', 'data-value': String(difference)}, formatNumber(difference, 3))));
    }
    table.replaceChildren(element('table', {},
      element('thead', {}, element('tr', {},
        element('th', {scope: 'col'}, 'Output'), element('th', {scope: 'col'}, 'Independent route'), element('th', {scope: 'col'}, 'Largest difference'))),
      body));
    setText(state, `${count} outputs recomputed in ${formatNumber(elapsed, 2)} ms; the largest difference is ${formatNumber(worst, 3)}.`);
    root.dataset.worst = String(worst);
  }
}
