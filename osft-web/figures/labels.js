// Finds room for short labels around points: each stands beyond its point, in the direction asked for if that is free.
// Called by arrows.js and front.js. Widths are estimated, so that nothing is measured while drawing.
//
//   const spots = placeLabels([{x, y, text: 'safe', ux: 0.6, uy: -0.8}], {bounds: frame, gap: 18});

/** @typedef {{x: number, y: number, text: string, ux: number, uy: number}} Wanted  a point and a unit direction, y downwards */
/** @typedef {{x: number, y: number, anchor: 'start'|'middle'|'end'}} Spot  of the text's baseline */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Box */

const LETTER = 7.3;
const HEIGHT = 16;

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
 * @param {number} x
 * @param {number} y
 * @param {string} text
 * @param {number} ux
 * @param {number} uy
 * @param {number} distance
 * @returns {{spot: Spot, box: Box}}
 */
function at(x, y, text, ux, uy, distance) {
  const width = LETTER * text.length;
  const anchor = ux > 0.35 ? 'start' : ux < -0.35 ? 'end' : 'middle';
  const [px, py] = [x + ux * distance, y + uy * distance + 5];
  const left = anchor === 'start' ? px : anchor === 'end' ? px - width : px - width / 2;
  return {spot: {x: px, y: py, anchor}, box: {left, right: left + width, top: py - HEIGHT + 3, bottom: py + 4}};
}

/** @type {(a: Box, b: Box) => boolean} */
const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** @type {(inner: Box, outer: Box) => boolean} */
const within = (inner, outer) => inner.left >= outer.left && inner.right <= outer.right && inner.top >= outer.top && inner.bottom <= outer.bottom;
