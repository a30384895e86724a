// The smaller experiment, trained live in the reader's browser: start, stop, progress, curves that grow.
// Mounted by panels.js on the page training; its settings are declared in Python like any page's.
import {axes, percent} from '../../figures/axes.js';
import {curves} from '../../figures/curves.js';
import {panels} from '../../figures/panels.js';
import {series} from '../../figures/palette.js';
import {buildControls} from '../controls.js';
import {settle} from '../declaration.js';
import {button, element, setText} from '../dom.js';
import {formatNumber, formatPercent} from '../numbers.js';
import {tellFailure} from '../status.js';
import {watchTheme} from '../theme.js';

/** @typedef {import('../types.js').Api} Api */
/** @typedef {{steps: number[], average: number[], first: number[], learning: number, forgetting: number}} Line */

const FIRST = 'Kept: accuracy on the upright digits';
const AVERAGE = 'Average accuracy over the three tasks';

/** @type {(root: HTMLElement, api: Api) => void} */
export function mount(root, api) {
  const declared = api.declaration.live;
  if (!declared) return;
  const form = element('form', {class: 'controls live-controls', 'aria-label': 'Settings of the live run'});
  const state = element('div', {class: 'live-state', 'aria-live': 'polite'}, 'Not started. It takes some seconds and runs in your browser.');
  const bar = element('progress', {max: 1, value: 0, 'aria-label': 'Progress of the training', hidden: true});
  const stage = element('div', {class: 'stage live-stage'});
  const table = element('div', {class: 'scroll-x', role: 'region', tabindex: 0, 'aria-label': 'Results of the live run'});
  const start = button('Start', () => run(), {class: 'button primary', 'data-action': 'train'});
  const stop = button('Stop', () => halt(), {'data-action': 'stop-training', hidden: true});
  let settings = declared.defaults;
  const controls = buildControls(form, declared.parameters, (name, value) => {
    const settled = settle(declared.parameters, settings, {[name]: value});
    settings = settled.state;
    controls.update(settings);
    controls.report(settled.problems);
  }, 'live');
  controls.update(settings);
  root.replaceChildren(
    element('h2', {}, 'Run it yourself'),
    element('p', {}, 'A smaller network, two new tasks (30 and 60 degrees), 60 steps each, trained from your seed while you watch. The same code as the runs above.'),
    form, element('p', {class: 'live-tools'}, start, ' ', stop), bar, state, stage, table,
  );
  /** @type {Map<string, Line>} */
  const lines = new Map();
  /** @type {{cancel: () => void}|null} */
  let stream = null;
  let total = 120;
  watchTheme(() => draw(), api.signal);
  const observer = new ResizeObserver(() => { if (lines.size) draw(); });
  observer.observe(stage);
  api.signal.addEventListener('abort', () => {
    observer.disconnect();
    halt();
  });

  async function run() {
    if (stream) return;
    lines.clear();
    start.disabled = true;
    stop.hidden = false;
    bar.hidden = false;
    bar.value = 0;
    table.replaceChildren();
    setText(state, 'Waiting for Python …');
    api.kernel.spare(true);
    /** @type {string[]} */
    const diverged = [];
    let [started, came] = [NaN, false];
    try {
      // It waits for Python by itself, and can be cancelled meanwhile.
      const begun = api.kernel.stream('train', {...settings}, ({outputs}) => {
        if (!outputs || outputs.stage === undefined) return;
        came = true;
        take(/** @type {any} */ (outputs));
        if (outputs.message) diverged.push(String(outputs.message));
      });
      stream = begun;
      api.kernel.ready.then(() => { started = performance.now(); });
      await begun.done;
      bar.value = 1;
      setText(state, `Done in ${formatNumber((performance.now() - started) / 1000, 2)} s. ${diverged.join(' ')}`.trim());
      showTable();
    } catch (error) {
      const stopped = /** @type {any} */ (error)?.code === 'OSFT-E20';
      if (stopped && !came) setText(state, 'Stopped before it began.');
      else if (stopped) setText(state, 'Stopped. The curves show how far it came; Python is ready for another run.');
      else tellFailure(state, 'The run could not go on: ', error);
      showTable();
    } finally {
      stream = null;
      start.disabled = false;
      stop.hidden = true;
      api.kernel.spare(false);
    }
  }

  function halt() {
    stream?.cancel();
  }

  /** @param {{stage: string, method: string, step: number, steps: number, progress: number, accuracy: {values: Float64Array}, average_accuracy: number, learning: number, forgetting: number}} step */
  function take({stage: phase, method, step, steps, progress, accuracy, average_accuracy: average, learning, forgetting}) {
    bar.value = progress;
    total = steps;
    if (phase === 'pretraining') {
      setText(state, `Learning the upright digits first: ${Math.round(100 * progress)} %`);
      return;
    }
    if (!method) return;
    const line = lines.get(method) ?? {steps: [], average: [], first: [], learning: 0, forgetting: 0};
    line.steps.push(step);
    line.average.push(average);
    line.first.push(Number(accuracy.values[0]));
    line.learning = learning;
    line.forgetting = forgetting;
    lines.set(method, line);
    setText(state, `Training: step ${step} of ${steps}, ${Math.round(100 * progress)} %`);
    draw();
  }

  function draw() {
    if (!stage.clientWidth) return;
    const view = {width: stage.clientWidth};
    const {kept, average} = panels(stage, view, [
      {key: 'kept', title: FIRST, label: FIRST, ratio: 0.6}, {key: 'average', title: AVERAGE, label: AVERAGE, ratio: 0.6},
    ], {minimum: 280});
    for (const [panel, part] of /** @type {const} */ ([[kept, 'first'], [average, 'average']])) {
      const frame = axes(panel.marks, {x: {domain: [0, total], label: 'Step'}, y: {domain: [0, 1], format: percent}}, panel.area, {margin: {right: 84}});
      const grid = Array.from({length: total / 10 + 1}, (_, i) => 10 * i);
      curves(panel.marks, {
        x: grid, events: [{x: total / 2, label: '60°'}],
        series: [...lines].map(([key, line]) => ({key, values: line[part]})),
      }, frame);
    }
  }

  function showTable() {
    if (!lines.size) return;
    const cells = (/** @type {[string, Line]} */ [key, line]) => element('tr', {},
      element('th', {scope: 'row'}, series(key).label),
      ...[['average_accuracy', line.average[line.average.length - 1]], ['forgetting', line.forgetting], ['learning', line.learning]].map(([name, value]) =>
        element('td', {class: 'number'}, element('output', {name: `live_${key}_${name}`, 'data-value': String(value)}, formatPercent(Number(value))))));
    table.replaceChildren(element('table', {},
      element('caption', {}, 'The live run'),
      element('thead', {}, element('tr', {}, element('th', {scope: 'col'}, 'Method'), ...['Average accuracy', 'Forgetting', 'Learning'].map((title) => element('th', {scope: 'col', class: 'number'}, title)))),
      element('tbody', {}, ...[...lines].map(cells))));
  }
}
