// Predict, then reveal: the reader answers before the numbers show; the judgement is computed, not stored.
// Mounted by panels.js from a page's `predict`.
import {button, element, setText} from '../dom.js';
import {recall, remember} from '../memory.js';
import {tellFailure} from '../status.js';

/** @type {(root: HTMLElement, api: import('../types.js').Api, module: import('../types.js').PageModule) => void} */
export function mount(root, api, {predict}) {
  if (!predict) return;
  const key = `predict:${api.page}`;
  const name = `predict-${api.page}`;
  const group = element('fieldset', {class: 'predict'}, element('legend', {}, predict.question));
  const boxes = predict.options.map((option, index) => {
    const box = element('input', {type: 'radio', name, id: `${name}-${index}`, value: index});
    group.append(element('div', {class: 'predict-option'}, box, element('label', {for: box.id}, option)));
    return box;
  });
  const verdict = element('div', {class: 'predict-verdict', 'aria-live': 'polite'});
  const ask = button('Compute it', () => reveal(), {class: 'button primary', disabled: true});
  for (const box of boxes) {
    box.addEventListener('change', () => {
      ask.disabled = false;
      remember(key, box.value);
    });
  }
  const earlier = recall(key);
  if (earlier !== null && boxes[Number(earlier)]) {
    boxes[Number(earlier)].checked = true;
    ask.disabled = false;
  }
  group.append(ask, verdict);
  root.replaceChildren(element('h2', {}, 'Predict, then look'), group);

  async function reveal() {
    if (!predict) return;
    const chosen = boxes.findIndex((box) => box.checked);
    if (chosen < 0) return;
    setText(verdict, 'Computing …');
    const settings = {...api.declaration.defaults, ...predict.settings};
    try {
      await api.kernel.ready;
      const {outputs} = await api.invoke('compute', {page: api.page, parameters: settings});
      if (api.signal.aborted) return;
      const right = predict.judge(outputs);
      const opening = chosen === right ? 'You predicted it.' : `You predicted “${predict.options[chosen]}”; the computed answer is “${predict.options[right]}”.`;
      setText(verdict, `${opening} ${predict.reveal(outputs)}`);
      verdict.dataset.right = chosen === right ? 'yes' : 'no';
      api.set(settings, {settle: true});
    } catch (error) {
      tellFailure(verdict, 'Your prediction is kept, and the answer could not be computed: ', error);
    }
  }
}
