// The Python that computed the figure, from the real source, to edit and run against the page's own settings.
// Mounted by panels.js; waits for Python, which holds the source.
import {element} from '../dom.js';
import {tellFailure} from '../status.js';
import {buildCell} from './cell.js';

/** @type {(root: HTMLElement, api: import('../types.js').Api) => Promise<void>} */
export async function mount(root, api) {
  root.dataset.waiting = ''; // its room is kept meanwhile: what stands below must not move under the press
  const waiting = element('div', {class: 'code-state'}, api.kernel.status.state === 'ready' ? 'The source is on its way.' : 'The source appears when Python is ready.');
  const place = element('div', {class: 'code-cell'});
  root.replaceChildren(
    element('h2', {}, 'The Python that computed this'),
    element('p', {}, 'This is the real source, run with the settings on the screen. Change it and run it: when it returns the same outputs, the figure shows yours. Moving a control returns to the page’s own.'),
    waiting, place,
  );
  await api.kernel.ready;
  if (api.signal.aborted) return;
  try {
    const {outputs} = await api.invoke('source', {page: api.page});
    waiting.remove();
    const shared = codeOfLink();
    buildCell(place, {
      code: shared ?? String(outputs.code), label: `Python of this page, ${api.declaration.title}`, page: api.page,
      parameters: api.state, signal: api.signal, drive: api.show, fromLink: shared !== null,
    });
    if (outputs.library) root.append(element('details', {class: 'code-library'},
      element('summary', {}, 'The functions it calls'),
      element('pre', {tabindex: 0}, element('code', {}, String(outputs.library)))));
  } catch (error) {
    place.remove();
    tellFailure(waiting, 'The source could not be shown: ', error);
  }
  delete root.dataset.waiting;
}

/** Code that a link brought after its #code=; it is shown and never run by itself. */
function codeOfLink() {
  const found = /^#code=(.*)$/s.exec(location.hash);
  if (!found) return null;
  try {
    return decodeURIComponent(found[1]).slice(0, 100_000);
  } catch {
    return null;
  }
}
