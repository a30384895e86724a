// ?embed=1 shows the figure and its controls alone; ?hide=controls,outputs,tools,summary leaves parts out.
// The frame's height is told to the page around it, which may be of any origin. Called by start.js.

const PARTS = ['controls', 'outputs', 'tools', 'summary'];

export function applyEmbed() {
  const query = new URLSearchParams(location.search);
  if (query.get('embed') !== '1') return;
  const root = document.documentElement;
  root.dataset.embed = 'yes';
  const hidden = (query.get('hide') ?? '').split(',').filter((part) => PARTS.includes(part));
  if (hidden.length) root.dataset.hide = hidden.join(' ');
  if (parent === window) return;
  let told = 0;
  new ResizeObserver(() => {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    if (height === told) return;
    told = height;
    // No secret is in it, and the embedding page's origin cannot be known here.
    parent.postMessage({type: 'osft:height', height, address: location.href}, '*');
  }).observe(document.body);
}
