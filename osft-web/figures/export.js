// The figure on the screen as a file: one SVG that needs no style sheet, and a PNG made from it. Called by the shell.
//
//   const svg = stageToSvg(stage, {title: 'Singular values', description: summary});
//   const blob = await svgToPng(svg, 2);
//
// Everything in the stage is laid out where it stands: drawings with their computed colours written in, canvases as
// images, words of the HTML around them as text. Handles, being controls, are left out. Each text says how long it is,
// so that it keeps its place where the faces are not at hand; the PNG is drawn with them.

const NAMESPACE = 'http://www.w3.org/2000/svg';
const MARGIN = 16;
const FACES = [
  ['Source Sans 3', '200 900', 'source-sans-3-latin-wght-normal.woff2'],
  ['Source Serif 4', '400', 'source-serif-4-latin-400-italic.woff2'],
];
const PROPERTIES = ['fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-opacity', 'stroke-dasharray', 'stroke-linecap',
  'stroke-linejoin', 'opacity', 'paint-order', 'font-size', 'font-weight', 'font-style', 'font-variant-numeric', 'text-anchor', 'shape-rendering'];
const INITIAL = /** @type {Record<string, string>} */ ({
  'fill-opacity': '1', 'stroke-opacity': '1', 'stroke-dasharray': 'none', opacity: '1', 'stroke-linecap': 'butt', 'stroke-linejoin': 'miter',
  'paint-order': 'normal', 'font-style': 'normal', 'font-variant-numeric': 'normal', 'text-anchor': 'start', 'shape-rendering': 'auto',
});

/**
 * @param {HTMLElement} stage
 * @param {{title: string, description?: string}} words
 * @returns {string}
 */
export function stageToSvg(stage, {title, description = ''}) {
  const frame = stage.getBoundingClientRect();
  const [width, height] = [Math.ceil(frame.width) + 2 * MARGIN, Math.ceil(frame.height) + 2 * MARGIN];
  const root = make('svg', {xmlns: NAMESPACE, viewBox: `0 0 ${width} ${height}`, width, height, role: 'img',
    'font-family': "'Source Sans 3', 'Source Sans Pro', system-ui, 'Helvetica Neue', Arial, sans-serif"});
  const name = make('title', {});
  name.textContent = title;
  root.append(name);
  if (description) {
    const more = make('desc', {});
    more.textContent = description;
    root.append(more);
  }
  root.append(make('rect', {width, height, fill: paper(stage)}));
  const origin = {x: frame.left - MARGIN, y: frame.top - MARGIN};
  collect(stage, root, origin);
  return new XMLSerializer().serializeToString(root);
}

/**
 * @param {string} svg
 * @param {number} scale  2 is sharp on paper and on dense screens
 * @returns {Promise<Blob>}
 */
export async function svgToPng(svg, scale = 2) {
  const url = URL.createObjectURL(new Blob([await withFaces(svg)], {type: 'image/svg+xml'}));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(image.naturalWidth * scale);
    canvas.height = Math.round(image.naturalHeight * scale);
    const context = canvas.getContext('2d');
    if (!context) throw new Error('This browser gives no canvas to draw the picture on. Save the figure as SVG.');
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The picture is too large for this browser. Save the figure as SVG.'))), 'image/png');
    });
  } finally {
    URL.revokeObjectURL(url);
  }
}

/**
 * A picture made from an SVG sees no faces but those it carries. One that does not come is done without.
 * @param {string} svg
 */
async function withFaces(svg) {
  const rules = await Promise.all(FACES.map(async ([family, weight, file]) => {
    try {
      const answer = await fetch(new URL(`../generated/vendor/fonts/${file}`, import.meta.url));
      if (!answer.ok) return '';
      const bytes = new Uint8Array(await answer.arrayBuffer());
      const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
      return `@font-face{font-family:'${family}';font-weight:${weight};src:url(data:font/woff2;base64,${btoa(text)})}`;
    } catch {
      return '';
    }
  }));
  return svg.replace('>', `><style>${rules.join('')}</style>`);
}

/**
 * @param {Element} node
 * @param {Element} out
 * @param {{x: number, y: number}} origin
 */
function collect(node, out, origin) {
  for (const part of node.childNodes) {
    if (part instanceof Text) words(part, out, origin);
    if (!(part instanceof Element) || skipped(part)) continue;
    const box = part.getBoundingClientRect();
    const place = {x: round(box.left - origin.x), y: round(box.top - origin.y), width: round(box.width), height: round(box.height)};
    if (part instanceof SVGSVGElement) {
      const copy = /** @type {SVGSVGElement} */ (inlined(part));
      for (const [attribute, value] of Object.entries(place)) copy.setAttribute(attribute, String(value));
      out.append(copy);
    } else if (part instanceof HTMLCanvasElement) {
      if (box.width > 0 && part.width > 0) out.append(make('image', {...place, href: part.toDataURL('image/png')}));
    } else {
      collect(part, out, origin);
    }
  }
}

/** @param {Element} node */
function skipped(node) {
  if (node.matches('.handles, .probe, button, input, select, textarea, details, [hidden], .visually-hidden, .transport')) return true;
  return getComputedStyle(node).display === 'none';
}

/**
 * A line of text where each line of it stands on the screen.
 * @param {Text} text
 * @param {Element} out
 * @param {{x: number, y: number}} origin
 */
function words(text, out, origin) {
  const content = text.data.trim();
  const parent = text.parentElement;
  if (!content || !parent) return;
  const style = getComputedStyle(parent);
  const range = document.createRange();
  /** @type {{top: number, left: number, right: number, text: string, bottom: number}[]} */
  const lines = [];
  for (const match of text.data.matchAll(/\S+/g)) {
    range.setStart(text, match.index);
    range.setEnd(text, match.index + match[0].length);
    const box = range.getBoundingClientRect();
    const line = lines.at(-1);
    if (line && Math.abs(line.top - box.top) < 4) Object.assign(line, {text: `${line.text} ${match[0]}`, right: box.right});
    else lines.push({top: box.top, left: box.left, right: box.right, bottom: box.bottom, text: match[0]});
  }
  for (const line of lines) {
    const node = make('text', {
      x: round(line.left - origin.x), y: round(line.bottom - origin.y - (line.bottom - line.top) * 0.24),
      fill: hex(style.color), 'font-size': style.fontSize, 'font-weight': style.fontWeight, ...lengthOf(line.right - line.left),
    });
    node.textContent = line.text;
    out.append(node);
  }
}

/**
 * A copy without classes whose attributes say what the style sheet said.
 * @param {Element} node
 * @returns {Element}
 */
function inlined(node) {
  const copy = /** @type {Element} */ (node.cloneNode(false));
  for (const {name} of [...copy.attributes]) {
    if (name === 'class' || name === 'tabindex' || name === 'style' || name === 'role' || name.startsWith('data-') || name.startsWith('aria-')) copy.removeAttribute(name);
  }
  const style = getComputedStyle(node);
  const above = node.parentElement && !(node instanceof SVGSVGElement) ? getComputedStyle(node.parentElement) : null;
  for (const property of PROPERTIES) {
    const value = style.getPropertyValue(property);
    const same = above && property !== 'opacity' ? above.getPropertyValue(property) === value : INITIAL[property] === value;
    if (same && !copy.hasAttribute(property)) continue;
    const text = (property === 'fill' || property === 'stroke') ? hex(value) : value;
    if (INITIAL[property] === text && !copy.hasAttribute(property) && !above) continue;
    copy.setAttribute(property, text);
  }
  if (node instanceof SVGTextElement) {
    for (const [attribute, value] of Object.entries(lengthOf(node.getComputedTextLength()))) copy.setAttribute(attribute, value);
  }
  if (node.matches('.math')) copy.setAttribute('font-family', "'Source Serif 4', Georgia, serif");
  for (const part of node.childNodes) {
    if (part instanceof Text) copy.append(part.cloneNode());
    else if (part instanceof Element && !skipped(part)) copy.append(inlined(part));
  }
  return copy;
}

/**
 * @param {number} width
 * @returns {Record<string, string>}
 */
function lengthOf(width) {
  return width > 0 ? {textLength: String(round(width)), lengthAdjust: 'spacingAndGlyphs'} : {};
}

/** @param {Element} stage */
function paper(stage) {
  for (let node = /** @type {Element|null} */ (stage); node; node = node.parentElement) {
    const colour = getComputedStyle(node).backgroundColor;
    if (colour && !/rgba\(.*, 0\)|transparent/.test(colour)) return hex(colour);
  }
  return '#ffffff';
}

/**
 * rgb() as #rrggbb, which every program reads; anything else as it is.
 * @param {string} colour
 */
function hex(colour) {
  const parts = colour.match(/^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/);
  if (!parts || (parts[4] !== undefined && parts[4] !== '1')) return colour;
  return `#${parts.slice(1, 4).map((part) => Math.round(Number(part)).toString(16).padStart(2, '0')).join('')}`;
}

/**
 * @param {string} tag
 * @param {Record<string, string|number>} attributes
 */
function make(tag, attributes) {
  const node = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name !== 'xmlns') node.setAttribute(name, String(value));
  }
  return node;
}

/** @param {number} value */
const round = (value) => Math.round(value * 100) / 100;
