// The shapes of what the drawing primitives take and give. No logic.
// Used in JSDoc by every module of figures/ and by the pages.

/** @typedef {{shape: number[], values: ArrayLike<number>}} Tensor  row-major, as Python answers it */
/** @typedef {[number, number]} Pair */
/** @typedef {Tensor | ArrayLike<Pair>} Pairs  n points in the plane */

/**
 * @typedef {object} View  what a page's draw() is given
 * @property {number} width  of the stage in CSS pixels
 */

/**
 * @typedef {object} Area  a rectangle of a drawing, in its user units (CSS pixels)
 * @property {number} left
 * @property {number} top
 * @property {number} width
 * @property {number} height
 * @property {() => HTMLCanvasElement} [canvas]  a canvas under the drawing, for marks too many for SVG
 */

/**
 * @typedef {object} Frame  an area with scales: data to pixels and back
 * @property {number} left
 * @property {number} top
 * @property {number} right
 * @property {number} bottom
 * @property {number} width
 * @property {number} height
 * @property {(value: number) => number} x
 * @property {(value: number) => number} y
 * @property {{x: (pixel: number) => number, y: (pixel: number) => number}} invert
 */

/**
 * @typedef {object} Panel  one drawing of the stage
 * @property {string} key
 * @property {HTMLElement} element
 * @property {SVGSVGElement} svg
 * @property {SVGGElement} marks  what is looked at; one image with a name for assistive technology
 * @property {SVGGElement} handles  what is moved; each knob has a name of its own
 * @property {number} width
 * @property {number} height
 * @property {Area} area  the whole drawing
 */

export {};
