// Take it along: the figure as SVG, PNG or drawn by Matplotlib, the data, a link, embed code, a citation, a script.
// Mounted by panels.js.
import {stageToSvg, svgToPng} from '../../figures/export.js';
import {button, copyText, download, element, setText} from '../dom.js';
import {describeLoading, tellFailure} from '../status.js';
import {asCsv, asJson} from './tables.js';

/** @typedef {import('../types.js').Api} Api */

/** @type {(root: HTMLElement, api: Api) => void} */
export function mount(root, api) {
  const state = element('div', {class: 'take-state', 'aria-live': 'polite'});
  const say = (/** @type {string} */ text) => setText(state, text);
  /** @type {(label: string, id: string, act: () => Promise<void>|void) => HTMLButtonElement} */
  const item = (label, id, act) => button(label, async () => {
    try {
      await act();
    } catch (error) {
      tellFailure(state, `${label}: `, error, 'Matplotlib');
    }
  }, {'data-action': id});
  const file = (/** @type {string} */ ending) => `${api.page}.${ending}`;
  const copied = (/** @type {string} */ what, /** @type {boolean} */ done) => say(done ? `${what} is on the clipboard.` : `${what} is selected below; copy it with your keyboard.`);

  const svg = () => stageToSvg(api.stage, {title: api.declaration.title, description: api.explorer.querySelector('.summary')?.textContent ?? ''});

  const figure = group('Figure',
    item('SVG', 'svg', () => { download(new Blob([svg()], {type: 'image/svg+xml'}), file('svg')); say('The figure was saved as SVG.'); }),
    item('PNG', 'png', async () => { download(await svgToPng(svg(), 2), file('png')); say('The figure was saved as PNG.'); }),
    item('For publication (SVG)', 'publication-svg', () => publication('svg')),
    item('For publication (PNG)', 'publication-png', () => publication('png')));
  const data = group('Data',
    item('CSV', 'csv', () => { download(new Blob([asCsv(api)], {type: 'text/csv'}), file('csv')); say('The numbers were saved as CSV.'); }),
    item('JSON', 'json', () => { download(new Blob([asJson(api)], {type: 'application/json'}), file('json')); say('The numbers were saved as JSON.'); }),
    item('NPZ', 'npz', async () => {
      say('Packing …');
      const {outputs} = await api.invoke('archive', {page: api.page, parameters: api.state()});
      download(new Blob([bytesOf(outputs)]), file('npz'));
      say('The arrays were saved as NPZ.');
    }));
  const share = group('Share',
    item('Copy link', 'copy-link', async () => copied('The link to this state', await copyText(api.link(), root))),
    item('Copy embed code', 'copy-embed', async () => copied('The embed code', await copyText(embedCode(api), root))),
    item('Copy as Python', 'copy-python', async () => {
      const {outputs} = await api.invoke('script', {page: api.page, parameters: api.state()});
      copied('A script that computes this state', await copyText(String(outputs.script), root));
    }),
    item('Cite this', 'cite', () => {
      cite.hidden = !cite.hidden;
      setText(cite, citation(api));
    }));
  const cite = element('pre', {class: 'citation', hidden: true, tabindex: 0});
  root.replaceChildren(element('h2', {}, 'Take it along'), figure, data, share, state, cite);

  /** @param {'svg'|'png'} format */
  async function publication(format) {
    say('Loading Matplotlib …');
    const unsubscribe = api.kernel.onStatus((status) => {
      const loading = describeLoading(status, 'Matplotlib');
      if (loading) say(loading);
    });
    try {
      await api.kernel.ready;
      await api.kernel.load('matplotlib');
      say('Drawing …');
      const {outputs} = await api.invoke('publication_figure', {page: api.page, parameters: api.state(), format});
      download(new Blob([bytesOf(outputs)], {type: format === 'svg' ? 'image/svg+xml' : 'image/png'}), `${api.page}-publication.${format}`);
      say('The publication figure was saved.');
    } finally {
      unsubscribe();
    }
  }
}

/**
 * @param {string} title
 * @param {HTMLElement[]} items
 */
function group(title, ...items) {
  return element('div', {class: 'take-group', role: 'group', 'aria-label': title}, element('h3', {}, title), element('div', {class: 'take-items'}, ...items));
}

/**
 * @param {import('../types.js').Outputs} outputs
 * @returns {Uint8Array<ArrayBuffer>}
 */
function bytesOf({bytes}) {
  return Uint8Array.from(bytes instanceof Uint8Array ? bytes : bytes.values);
}

/** @param {Api} api */
function embedCode(api) {
  const address = new URL(api.link());
  address.searchParams.set('embed', '1');
  return `<iframe src="${address.href.replaceAll('&', '&amp;')}" title="${api.declaration.title}" width="100%" height="640" loading="lazy"></iframe>`;
}

/** @param {Api} api */
function citation(api) {
  const year = new Date().getFullYear();
  return [
    `@misc{osft_web_${api.page},`,
    `  title        = {${api.declaration.title}. Down the Orthogonal Rabbit Hole},`,
    '  author       = {{The osft-web authors}},',
    '  note         = {An explorer of OFT and OSFT, after Frank La Vigne},',
    `  howpublished = {\\url{${api.link()}}},`,
    `  year         = {${year}}`,
    '}',
  ].join('\n');
}
