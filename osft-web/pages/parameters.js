// Page 6: trainable parameters and memory of each method, for one layer or a whole model.
// Called by the shell; every number comes from py/explorer/parameters.py.
import {bars, barsHeight} from '../figures/bars.js';
import {inset, panels} from '../figures/panels.js';
import {formatBytes, formatNumber} from '../shell/numbers.js';

/** @typedef {import('../shell/types.js').Outputs} Outputs */
/** @typedef {import('../shell/types.js').State} State */

const ROWS = [
  {key: 'full', label: 'Full fine-tuning'},
  {key: 'osft', label: 'OSFT'},
  {key: 'osft_directions', label: 'OSFT, independent directions'},
  {key: 'boft', label: 'BOFT'},
  {key: 'dora', label: 'DoRA'},
  {key: 'lora', label: 'LoRA'},
  {key: 'oft', label: 'OFT'},
  {key: 'oft_shared', label: 'OFT, shared block'},
  {key: 'vera', label: 'VeRA'},
  {key: 'oft_seed', label: 'OFT in the tutorial (rank²)'},
];
/** Numbers of another kind than what a method trains. */
const HATCHED = ['osft_directions', 'oft_seed'];

/** @param {number} percent */
function share(percent) {
  return `${formatNumber(percent, 3)} %`;
}

/** @type {(stage: HTMLElement, outputs: Outputs, state: State, view: import('../shell/types.js').View) => void} */
function draw(stage, outputs, state, view) {
  const {counts} = panels(stage, view, [{
    key: 'counts', title: 'Trainable parameters, logarithmic scale', label: 'Bars of the trainable parameters of each method on a logarithmic scale',
    height: barsHeight(ROWS.length, view.width), note: 'Open bars count something else: independent directions, and the tutorial’s simplification.',
  }]);
  bars(counts.marks, {
    type: 'log',
    rows: ROWS.map(({key, label}) => ({
      key, label, value: outputs[key], text: formatNumber(outputs[key]), note: share(outputs[`${key}_percent`]), hatched: HATCHED.includes(key),
    })),
  }, inset(counts.area, 2));
}

/** @type {(outputs: Outputs, state: State) => string} */
function summary(outputs, state) {
  const where = state.model === 'none'
    ? `A layer from ${formatNumber(Number(state.in_features))} to ${formatNumber(Number(state.out_features))} features`
    : `${outputs.adapted_layers} layers of ${state.model}`;
  const counts = `LoRA trains ${formatNumber(outputs.lora)} numbers (${share(outputs.lora_percent)} of full), OFT ${formatNumber(outputs.oft)} (${share(outputs.oft_percent)}), OSFT ${formatNumber(outputs.osft)} (${share(outputs.osft_percent)})`;
  const memory = `in memory ${formatBytes(outputs.full_memory)} for full fine-tuning, ${formatBytes(outputs.lora_memory)} for LoRA, ${formatBytes(outputs.osft_memory)} for OSFT`;
  return `${where}: ${counts}; ${memory}.${outputs.notes ? ` ${outputs.notes}` : ''}`;
}

/** @type {import('../shell/types.js').PageModule} */
export default {
  name: 'parameters',
  draw,
  summary,
  table: {
    caption: 'Trainable parameters and memory by method',
    corner: 'Method',
    rows: ROWS,
    columns: [{suffix: '', label: 'Trainable parameters'}, {suffix: '_percent', label: 'Of full'}, {suffix: '_memory', label: 'Memory'}],
  },
  predict: {
    question: 'OSFT at its default freezes half of the directions of a 4096 by 4096 layer. How many numbers does it train?',
    options: ['About a quarter of the layer', 'About half of the layer', 'As many as full fine-tuning, or more'],
    settings: {model: 'none', in_features: 4096, out_features: 4096, preserved_rank: 2048},
    judge: ({osft_percent: percent}) => {
      if (percent >= 100) return 2;
      return percent > 37.5 ? 1 : 0;
    },
    reveal: (outputs) => `HF PEFT reports ${formatNumber(outputs.osft)} trainable parameters against ${formatNumber(outputs.full)} in the layer: ${share(outputs.osft_percent)}. Both factors are stored, so the count is not the number of independent directions, ${formatNumber(outputs.osft_directions)}.`,
  },
  challenges: [
    {
      id: 'oft-below-lora',
      task: 'In one layer, choose a block size so that OFT trains fewer numbers than LoRA at rank 8, with blocks of at least 16.',
      hint: 'OFT trains n(b − 1)/2 numbers, whatever the output width; LoRA trains r(n + m).',
      done: (outputs, state) => state.model === 'none' && state.rank === 8 && outputs.block_size_used >= 16 && outputs.oft < outputs.lora,
    },
    {
      id: 'osft-saves',
      task: 'Bring OSFT below a tenth of full fine-tuning in a square layer of at least 1,000 features.',
      hint: 'The count is (k − ρ)(m + n + 1): preserve more. What is left to learn with?',
      done: (outputs, state) => state.model === 'none' && state.in_features === state.out_features && Number(state.in_features) >= 1000 && outputs.osft_percent < 10,
    },
    {
      id: 'over-full',
      task: 'Make LoRA train more numbers than the layer has.',
      hint: 'Nothing stops r from growing: r(n + m) against n m.',
      done: (outputs) => outputs.lora > outputs.full,
    },
  ],
};
