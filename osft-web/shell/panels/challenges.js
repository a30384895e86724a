// Three challenges a page: each is met when computed outputs say so, whoever moved the controls.
// Mounted by panels.js. The record stays on the reader's machine and can be printed or removed.
import {button, element, setText} from '../dom.js';
import {durable, forget, recall, remember} from '../memory.js';

/** @type {(root: HTMLElement, api: import('../types.js').Api, module: import('../types.js').PageModule) => void} */
export function mount(root, api, {challenges = []}) {
  if (!challenges.length) return;
  const list = element('ol', {class: 'challenges'});
  const tally = element('p', {class: 'challenge-tally', 'aria-live': 'polite'});
  const rows = challenges.map((challenge) => {
    const key = `challenge:${api.page}:${challenge.id}`;
    const state = element('span', {class: 'challenge-state'});
    const hint = element('details', {}, element('summary', {}, 'Hint'), element('p', {}, challenge.hint));
    const item = element('li', {'data-challenge': challenge.id}, state, element('p', {class: 'challenge-task'}, challenge.task), hint);
    list.append(item);
    return {challenge, key, item, state};
  });
  const show = () => {
    let met = 0;
    for (const {key, item, state} of rows) {
      const when = recall(key);
      if (when) met += 1;
      item.dataset.met = when ? 'yes' : 'no';
      setText(state, when ? `✓ met on ${when}` : '○ open');
    }
    setText(tally, `${met} of ${rows.length} met on this page. ${durable ? 'The record stays in this browser.' : 'This browser keeps nothing, so the record lasts until you leave.'}`);
  };
  api.onResult((outputs, state) => {
    let changed = false;
    for (const {challenge, key} of rows) {
      if (recall(key)) continue;
      let met = false;
      try {
        met = challenge.done(outputs, state);
      } catch {
        met = false; // an output that this state does not have is an unmet challenge
      }
      if (met) {
        remember(key, new Date().toISOString().slice(0, 10));
        changed = true;
      }
    }
    if (changed) show();
  });
  const clear = button('Remove this record', () => {
    for (const {key} of rows) forget(key);
    show();
  }, {class: 'button quiet'});
  root.replaceChildren(
    element('h2', {}, 'Three challenges'), list, tally,
    element('p', {class: 'challenge-tools'}, button('Print the record', () => print(), {class: 'button quiet'}), ' ', clear),
  );
  show();
}
