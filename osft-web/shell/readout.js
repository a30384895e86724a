// The outputs as a list of <output> elements, each carrying its full-precision number in data-value.
// Called by the page mount; writes only what changed.
import {element, setText} from './dom.js';
import {formatOutput, fullValue} from './numbers.js';

/** @typedef {import('./types.js').Output} Output */

/**
 * Builds the list and returns the function that fills it.
 * @param {HTMLElement} list  a <dl>
 * @param {Output[]} declared
 */
export function buildReadout(list, declared) {
  const shown = declared.filter((output) => !output.hidden);
  const fields = shown.map((output) => {
    const field = element('output', {name: output.name, 'data-kind': output.kind});
    const term = element('dt', {}, output.label);
    if (output.note) term.append(element('span', {class: 'output-note'}, output.note));
    return {output, field, group: element('div', {class: 'output', 'data-output': output.name}, term, element('dd', {}, field))};
  });
  list.replaceChildren(...fields.map(({group}) => group));
  /** @param {import('./types.js').Outputs} outputs */
  return (outputs) => {
    for (const {output, field, group} of fields) {
      const value = outputs[output.name];
      const absent = value === undefined;
      if (group.hidden !== absent) group.hidden = absent;
      if (absent) continue;
      const full = fullValue(value);
      if (field.dataset.value === full) continue;
      field.dataset.value = full;
      setText(field, formatOutput(output, value));
      if (output.kind === 'flag') field.dataset.flag = value ? 'yes' : 'no';
    }
  };
}
