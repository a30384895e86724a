// Names the series: label, short label, marker and dash of every method, which with the colour in styles/tokens.css
// (`--series-osft`, class `series-osft`) make a line known by more than its colour. Called by curves, front, bars,
// interval, legend and the pages. Colours live in the style sheet alone; `colour` reads them for a canvas.
//
//   series('osft')            -> {key, label: 'OSFT', short: 'OSFT', marker: 'circle', dash: ''}
//   colour(stage, '--paper')  -> [252, 251, 248]

/**
 * @typedef {object} Series
 * @property {string} key
 * @property {string} label
 * @property {string} short
 * @property {MarkerName} marker
 * @property {string} dash  an SVG dash pattern, empty for a solid line
 */
/** @typedef {'circle'|'square'|'triangle'|'diamond'|'down'|'plus'|'cross'|'star'|'bar'|'ring'|'hexagon'} MarkerName */

/** @type {Record<string, [label: string, short: string, marker: MarkerName, dash: string]>} */
const TABLE = {
  full: ['Full fine-tuning', 'Full', 'square', ''],
  full_sgd: ['Full fine-tuning, SGD', 'Full, SGD', 'square', '7 3 2 3'],
  lora: ['LoRA', 'LoRA', 'triangle', '7 4'],
  olora: ['O-LoRA', 'O-LoRA', 'down', '7 4'],
  dora: ['DoRA', 'DoRA', 'down', '4 3'],
  vera: ['VeRA', 'VeRA', 'plus', '2 3'],
  oft: ['OFT', 'OFT', 'diamond', '10 3 2 3'],
  oft_shared: ['OFT, shared blocks', 'OFT shared', 'diamond', '2 3'],
  oft_seed: ['OFT, the tutorial’s simplification', 'Tutorial', 'ring', '1 4'],
  boft: ['BOFT', 'BOFT', 'hexagon', '6 3 2 3'],
  osft: ['OSFT', 'OSFT', 'circle', ''],
  osft_dense: ['OSFT dense', 'OSFT dense', 'ring', '14 3'],
  osft_directions: ['OSFT, independent directions', 'Directions', 'ring', '14 3'],
  block: ['Block formula', 'Block', 'cross', '3 3'],
  two_sided: ['Two-sided', 'Two-sided', 'ring', '14 3'],
  factors: ['Factors (HF PEFT)', 'Factors', 'circle', ''],
  seed_block: ['Block formula', 'Block', 'cross', '3 3'],
  random: ['Random directions', 'Random', 'star', '1 4'],
  bottom: ['Smallest directions', 'Smallest', 'down', '1 4'],
  gpm: ['GPM', 'GPM', 'hexagon', '8 3 2 3 2 3'],
  ewc: ['EWC', 'EWC', 'plus', '5 3'],
  l2sp: ['L2-SP', 'L2-SP', 'bar', '5 3'],
  replay: ['Replay', 'Replay', 'star', '12 4'],
  joint: ['All tasks at once', 'Joint', 'bar', '2 2'],
  frozen: ['Frozen', 'Frozen', 'bar', '1 3'],
  original: ['No update', 'None', 'ring', '2 2'],
  critical: ['Critical', 'Critical', 'square', ''],
  safe: ['Safe', 'Safe', 'circle', '7 4'],
  gradient: ['Gradient', 'Gradient', 'diamond', ''],
};

/**
 * The names and cues of a series; a key that is not in the table gets itself as its label.
 * @param {string} key
 * @returns {Series}
 */
export function series(key) {
  const [label, short, marker, dash] = TABLE[key] ?? [key, key, 'circle', ''];
  return {key, label, short, marker, dash};
}

/**
 * The class of a group whose marks are drawn in a series' colour.
 * @param {string} key
 */
export function seriesClass(key) {
  return `series series-${key}`;
}

/**
 * The outline of a marker about a point: `r` is the radius of the circle of equal area.
 * @param {MarkerName} marker
 * @param {number} x
 * @param {number} y
 * @param {number} r
 */
export function markerPath(marker, x, y, r) {
  const n = (/** @type {number} */ v) => Math.round(v * 100) / 100;
  const polygon = (/** @type {number[][]} */ corners) =>
    `M${corners.map(([dx = 0, dy = 0]) => `${n(x + dx * r)} ${n(y + dy * r)}`).join('L')}Z`;
  switch (marker) {
    case 'square': return polygon([[-0.89, -0.89], [0.89, -0.89], [0.89, 0.89], [-0.89, 0.89]]);
    case 'triangle': return polygon([[0, -1.4], [1.25, 0.8], [-1.25, 0.8]]);
    case 'down': return polygon([[0, 1.4], [1.25, -0.8], [-1.25, -0.8]]);
    case 'diamond': return polygon([[0, -1.35], [1.2, 0], [0, 1.35], [-1.2, 0]]);
    case 'bar': return polygon([[-1.3, -0.45], [1.3, -0.45], [1.3, 0.45], [-1.3, 0.45]]);
    case 'hexagon': return polygon([[1.1, 0], [0.55, 0.95], [-0.55, 0.95], [-1.1, 0], [-0.55, -0.95], [0.55, -0.95]]);
    case 'plus': return polygon([[-0.42, -1.3], [0.42, -1.3], [0.42, -0.42], [1.3, -0.42], [1.3, 0.42], [0.42, 0.42],
      [0.42, 1.3], [-0.42, 1.3], [-0.42, 0.42], [-1.3, 0.42], [-1.3, -0.42], [-0.42, -0.42]]);
    case 'cross': return polygon([[0, -0.6], [0.62, -1.22], [1.22, -0.62], [0.6, 0], [1.22, 0.62], [0.62, 1.22], [0, 0.6],
      [-0.62, 1.22], [-1.22, 0.62], [-0.6, 0], [-1.22, -0.62], [-0.62, -1.22]]);
    case 'star': return polygon(Array.from({length: 10}, (_, i) => {
      const reach = i % 2 ? 0.62 : 1.5;
      return [reach * Math.sin(i * Math.PI / 5), -reach * Math.cos(i * Math.PI / 5)];
    }));
    case 'ring': return circle(n, x, y, r * 1.05) + circle(n, x, y, r * 0.5, 0);
    default: return circle(n, x, y, r);
  }
}

/**
 * @param {(v: number) => number} n
 * @param {number} x
 * @param {number} y
 * @param {number} r
 * @param {0|1} [sweep]  0 winds the other way, which leaves a hole
 */
function circle(n, x, y, r, sweep = 1) {
  return `M${n(x - r)} ${n(y)}a${n(r)} ${n(r)} 0 1 ${sweep} ${n(2 * r)} 0a${n(r)} ${n(r)} 0 1 ${sweep} ${n(-2 * r)} 0Z`;
}

/**
 * A colour of the style sheet as it is here and now: in this theme, in these forced colours.
 * @param {Element} place
 * @param {string} variable
 * @returns {[red: number, green: number, blue: number]}
 */
export function colour(place, variable) {
  const host = place.closest('.panel-body') ?? place;
  const probe = document.createElement('span');
  probe.hidden = true;
  probe.style.setProperty('color', `var(${variable})`);
  host.append(probe);
  const answer = rgb(getComputedStyle(probe).color);
  probe.remove();
  return answer;
}

/**
 * The three numbers of a computed colour. Browsers answer in rgb() for every sRGB colour the tokens use.
 * @param {string} text
 * @returns {[number, number, number]}
 */
export function rgb(text) {
  const numbers = (text.match(/[\d.]+/g) ?? []).map(Number);
  const scale = text.startsWith('color(') ? 255 : 1;
  return [(numbers[0] ?? 0) * scale, (numbers[1] ?? 0) * scale, (numbers[2] ?? 0) * scale];
}
