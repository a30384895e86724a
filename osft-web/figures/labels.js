// Finds room for short labels around points: each stands beyond its point, in the direction asked for if that is free.
// Called by arrows.js and front.js. Widths are estimated, so that nothing is measured while drawing.
//
//   const spots = placeLabels([{x, y, text: 'safe', ux: 0.6, uy: -0.8}], {bounds: frame, gap: 18});
//   const spots = placeNames([{text: 'OSFT', points: [{left, top}, ...]}], frame);

/** @typedef {{x: number, y: number, text: string, ux: number, uy: number}} Wanted  a point and a unit direction, y downwards */
/** @typedef {{x: number, y: number, anchor: 'start'|'middle'|'end'}} Spot  of the text's baseline */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Box */

const LETTER = 7.3;
const HEIGHT = 16;
/** As far as this from every other line a name is nobody else's. */
const APART = 22;
/** Where a name may stand around its point: above, below, and so on. */
const AROUND = [-90, 90, -135, -45, 45, 135, 0, 180].map((turn) => [Math.cos(turn * Math.PI / 180), Math.sin(turn * Math.PI / 180)]);

/**
 * @param {Wanted[]} wanted
 * @param {{bounds?: Box, gap?: number, blocked?: Box[]}} [options]  `blocked` is where no label may stand
 * @returns {Spot[]}
 */
export function placeLabels(wanted, {bounds, gap = 18, blocked = []} = {}) {
  const taken = blocked.concat(wanted.map(({x, y}) => ({left: x - 9, right: x + 9, top: y - 9, bottom: y + 9})));
  return wanted.map(({x, y, text, ux, uy}, own) => {
    /** @type {{spot: Spot, box: Box, cost: number} | null} */
    let best = null;
    for (const distance of [gap, gap * 1.7]) {
      for (const turn of [0, 40, -40, 80, -80, 125, -125, 180]) {
        const [c, s] = [Math.cos(turn * Math.PI / 180), Math.sin(turn * Math.PI / 180)];
        const found = at(x, y, text, c * ux - s * uy, s * ux + c * uy, distance);
        const clashes = taken.filter((box, i) => i !== blocked.length + own && overlap(box, found.box)).length;
        const outside = bounds && !within(found.box, bounds) ? 1 : 0;
        const cost = 10 * clashes + 6 * outside + Math.abs(turn) / 60 + (distance > gap ? 1 : 0);
        if (!best || cost < best.cost) best = {...found, cost};
      }
    }
    if (!best) return {x, y, anchor: 'middle'};
    taken.push(best.box);
    return best.spot;
  });
}

/**
 * One name for each line, beside that one of its points where least is in the way.
 * @param {{text: string, points: {left: number, top: number}[]}[]} lines
 * @param {Box} bounds
 * @param {(Spot & {text: string})[]} [written]  the labels that already stand
 * @returns {(Spot | undefined)[]}
 */
export function placeNames(lines, bounds, written = []) {
  const tracks = lines.map(({points}) => sampled(points));
  const taken = written.map(({x, y, anchor, text}) => boxOf(x, y, anchor, text));
  return lines.map(({text, points}, own) => {
    const places = points.flatMap(({left, top}) => AROUND.map(([c, s]) => {
      const {spot, box} = at(left, top, text, c, s, 13);
      const roomy = {left: box.left - 3, right: box.right + 3, top: box.top, bottom: box.bottom + 1};
      return {spot, box, roomy, left, top, cost: (within(roomy, bounds) ? 0 : 60) + 40 * taken.filter((one) => overlap(one, roomy)).length};
    }));
    // What follows takes the time, and only adds to the cost: with the cheap ones first, few places need it.
    places.sort((a, b) => a.cost - b.cost);
    /** @type {typeof places[number] | undefined} */
    let best;
    for (const place of places) {
      if (best && place.cost >= best.cost) break;
      const {roomy, left, top} = place;
      // Where lines meet, a name could be either's.
      const shared = tracks.some((track, i) => i !== own && distance(track, {left, right: left, top, bottom: top}, 8).least < 8);
      let cost = place.cost + (shared ? 12 : 0);
      if (best && cost >= best.cost) continue;
      // A name that is nearer to another line would be read as that line's.
      let others = Infinity;
      tracks.forEach((track, i) => {
        const {least, inside} = distance(track, roomy, APART);
        cost += (i === own ? 1.5 : 3) * inside;
        if (i !== own) others = Math.min(others, least);
      });
      cost += Math.max(0, APART - others) / 4;
      if (!best || cost < best.cost - 0.01) best = {...place, cost};
    }
    if (best) taken.push(best.box);
    return best?.spot;
  });
}

/**
 * A line as stretches of points a few pixels apart, each with the box around it.
 * @param {{left: number, top: number}[]} points
 */
function sampled(points) {
  return points.map((point, i) => {
    const next = points[i + 1] ?? point;
    const count = Math.max(1, Math.ceil(Math.hypot(next.left - point.left, next.top - point.top) / 8));
    return {
      box: {left: Math.min(point.left, next.left), right: Math.max(point.left, next.left), top: Math.min(point.top, next.top), bottom: Math.max(point.top, next.top)},
      dots: Array.from({length: count}, (_, k) => ({
        left: point.left + ((next.left - point.left) * k) / count, top: point.top + ((next.top - point.top) * k) / count,
      })),
    };
  });
}

/**
 * How far a line is from a box, if nearer than `reach`, and how many of its points are inside.
 * @param {ReturnType<typeof sampled>} track
 * @param {Box} box
 * @param {number} reach
 */
function distance(track, box, reach) {
  let least = Infinity;
  let inside = 0;
  for (const stretch of track) {
    if (apart(stretch.box.left, stretch.box.right, box.left, box.right) >= reach) continue;
    if (apart(stretch.box.top, stretch.box.bottom, box.top, box.bottom) >= reach) continue;
    for (const {left, top} of stretch.dots) {
      const dx = apart(left, left, box.left, box.right);
      const dy = apart(top, top, box.top, box.bottom);
      const squared = dx * dx + dy * dy;
      if (squared < least) least = squared;
      if (squared === 0) inside += 1;
    }
  }
  return {least: Math.sqrt(least), inside};
}

/** What is between two stretches of one axis. @type {(from: number, to: number, low: number, high: number) => number} */
const apart = (from, to, low, high) => Math.max(low - to, 0, from - high);

/**
 * @param {number} x
 * @param {number} y
 * @param {string} text
 * @param {number} ux
 * @param {number} uy
 * @param {number} distance
 * @returns {{spot: Spot, box: Box}}
 */
function at(x, y, text, ux, uy, distance) {
  const anchor = ux > 0.35 ? 'start' : ux < -0.35 ? 'end' : 'middle';
  const [px, py] = [x + ux * distance, y + uy * distance + 5];
  return {spot: {x: px, y: py, anchor}, box: boxOf(px, py, anchor, text)};
}

/**
 * The room that a text takes.
 * @param {number} x
 * @param {number} y
 * @param {Spot['anchor']} anchor
 * @param {string} text
 * @returns {Box}
 */
function boxOf(x, y, anchor, text) {
  const width = LETTER * text.length;
  const left = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2;
  return {left, right: left + width, top: y - HEIGHT + 3, bottom: y + 4};
}

/** @type {(a: Box, b: Box) => boolean} */
const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** @type {(inner: Box, outer: Box) => boolean} */
const within = (inner, outer) => inner.left >= outer.left && inner.right <= outer.right && inner.top >= outer.top && inner.bottom <= outer.bottom;
