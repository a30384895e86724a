// From what a reader, a link or a handle gives to a valid state: the same rules as py/explorer/declare.py.
// Called by the store, the controls and the address; never lets a value outside the declaration through.

/** @typedef {import('./types.js').Parameter} Parameter */
/** @typedef {import('./types.js').State} State */
/** @typedef {import('./types.js').Bound} Bound */
/** @typedef {import('./types.js').Problem} Problem */

const SEED_LIMIT = 2 ** 32 - 1;
const TEXT_LIMIT = 2000;

/**
 * @param {Bound|undefined} bound
 * @param {State} state
 * @param {number} otherwise
 * @returns {number}
 */
function boundValue(bound, state, otherwise) {
  if (bound === undefined || bound === null) return otherwise;
  if (typeof bound === 'number') return bound;
  if (Array.isArray(bound)) return Math.min(...bound.map((name) => Number(state[name])));
  return boundValue(bound.values[String(state[bound.by])], state, otherwise);
}

/**
 * The limits of a number in this state.
 * @param {Parameter} parameter
 * @param {State} state
 */
export function limits(parameter, state) {
  if (parameter.kind === 'seed') return {low: boundValue(parameter.low, state, 0), high: boundValue(parameter.high, state, SEED_LIMIT)};
  if (parameter.kind === 'divisor') return {low: 1, high: Number(state[String(parameter.of)])};
  return {low: boundValue(parameter.low, state, -Infinity), high: boundValue(parameter.high, state, Infinity)};
}

/**
 * Divisors of n, ascending.
 * @param {number} n
 */
export function divisors(n) {
  const found = [];
  for (let candidate = 1; candidate <= n; candidate += 1) if (n % candidate === 0) found.push(candidate);
  return found;
}

/**
 * @param {Parameter} parameter
 * @param {State} state  of the parameters before this one
 */
export function defaultValue(parameter, state) {
  const given = parameter.default;
  if (given && typeof given === 'object' && !Array.isArray(given) && 'half_of' in given) {
    return Math.floor(Math.min(.../** @type {string[]} */ (given.half_of).map((name) => Number(state[name]))) / 2);
  }
  return given;
}

/**
 * @param {number} value
 * @returns {string}
 */
export function plainNumber(value) {
  return Math.abs(value) >= 10_000 ? value.toLocaleString('en') : String(value);
}

/** @param {Parameter} parameter */
function named(parameter) {
  return parameter.label || parameter.name;
}

/**
 * One raw value to a valid one, with a sentence where it had to be changed.
 * @param {Parameter} parameter
 * @param {unknown} raw
 * @param {State} state  the other values
 * @param {unknown} last  the last good value
 * @returns {{value: any, sentence: string|null}}
 */
function settleOne(parameter, raw, state, last) {
  const name = named(parameter);
  switch (parameter.kind) {
    case 'flag': {
      if (typeof raw === 'boolean') return {value: raw, sentence: null};
      const text = String(raw).trim().toLowerCase();
      if (['1', 'true', 'on', 'yes', ''].includes(text)) return {value: true, sentence: null};
      if (['0', 'false', 'off', 'no'].includes(text)) return {value: false, sentence: null};
      return {value: last, sentence: `${name} is on or off; it was left ${last ? 'on' : 'off'}.`};
    }
    case 'choice': {
      const text = String(raw);
      const choices = parameter.choices ?? [];
      const chosen = choices.find((choice) => String(choice.value) === text);
      if (chosen) return {value: chosen.value, sentence: null};
      const options = choices.length > 6 ? `one of its ${choices.length} choices` : choices.map((choice) => choice.value).join(', ');
      return {value: last, sentence: `${name} is ${options}; ${last} was kept.`};
    }
    case 'choices': {
      const wanted = (Array.isArray(raw) ? raw.map(String) : String(raw).split(',')).map((part) => part.trim()).filter(Boolean);
      const known = (parameter.choices ?? []).map((choice) => String(choice.value));
      const kept = known.filter((value) => wanted.includes(value));
      if (!kept.length) return {value: last, sentence: `${name} needs at least one of its choices; the last ones were kept.`};
      const strange = wanted.some((value) => !known.includes(value));
      return {value: kept.join(','), sentence: strange ? `${name} has no such choice; the known ones were kept.` : null};
    }
    case 'text': {
      const text = String(raw).trim();
      if (text.length > TEXT_LIMIT) return {value: last, sentence: `${name} takes at most ${TEXT_LIMIT} characters; the last text was kept.`};
      const fits = !text || !parameter.pattern || new RegExp(`^(?:${parameter.pattern})$`).test(text);
      return fits ? {value: text, sentence: null} : {value: last, sentence: `${name} is not of its form; the last text was kept.`};
    }
    default:
      return settleNumber(parameter, raw, state, last);
  }
}

/**
 * @param {Parameter} parameter
 * @param {unknown} raw
 * @param {State} state
 * @param {unknown} last
 * @returns {{value: number, sentence: string|null}}
 */
function settleNumber(parameter, raw, state, last) {
  const name = named(parameter);
  const {low, high} = limits(parameter, state);
  const text = typeof raw === 'number' ? raw : String(raw ?? '').trim();
  let number = text === '' ? NaN : Number(text);
  /** @type {string|null} */
  let sentence = null;
  if (number === Infinity || number === -Infinity) {
    sentence = `${name} goes from ${plainNumber(low)} to ${plainNumber(high)}`;
    number = number > 0 ? high : low;
    return {value: number, sentence: `${sentence}; ${plainNumber(number)} is used.`};
  }
  if (Number.isNaN(number)) {
    const kept = settleNumber(parameter, typeof last === 'number' ? last : low, state, low).value;
    const what = text === '' ? `${name} is empty` : `${name} is not a number`;
    return {value: kept, sentence: `${what}; ${plainNumber(kept)} was kept.`};
  }
  const whole = parameter.kind !== 'float';
  if (whole && !Number.isInteger(number)) {
    number = Math.round(number);
    sentence = `${name} is a whole number; ${plainNumber(number)} is used.`;
  }
  if (number < low || number > high) {
    number = Math.max(low, Math.min(high, number));
    sentence = `${name} goes from ${plainNumber(low)} to ${plainNumber(high)}; ${plainNumber(number)} is used.`;
  }
  if (parameter.kind === 'divisor' && high % number !== 0) {
    const best = divisors(high).reduce((one, other) => (Math.abs(other - number) < Math.abs(one - number) ? other : one));
    sentence = `${name} must divide ${high}; ${best} is the nearest that does and is used.`;
    number = best;
  }
  return {value: number === 0 ? 0 : number, sentence};
}

/**
 * The declared defaults as a full state.
 * @param {Parameter[]} parameters
 * @returns {State}
 */
export function defaults(parameters) {
  /** @type {State} */
  const state = {};
  for (const parameter of parameters) state[parameter.name] = defaultValue(parameter, state);
  return state;
}

/**
 * A change applied to the last good state: everything valid again, and what had to be changed.
 * Parameters are settled in declared order, so a limit that depends on another uses the new value;
 * one that was not asked for but no longer fits is moved, and said.
 * @param {Parameter[]} parameters
 * @param {State} last
 * @param {Record<string, unknown>} change
 * @returns {{state: State, problems: Problem[]}}
 */
export function settle(parameters, last, change) {
  /** @type {State} */
  const state = {...last};
  /** @type {Problem[]} */
  const problems = [];
  for (const parameter of parameters) {
    const {name} = parameter;
    const asked = Object.hasOwn(change, name);
    // A default that follows other parameters goes on following them until the reader sets it.
    const follows = !asked && typeof parameter.default === 'object' && last[name] === defaultValue(parameter, last);
    const raw = follows ? defaultValue(parameter, state) : asked ? change[name] : last[name];
    const {value, sentence} = settleOne(parameter, raw, state, last[name]);
    state[name] = value;
    // A value moved behind a hidden control is no concern of the reader's.
    if (sentence && isShown(parameter, state)) problems.push({field: name, sentence});
  }
  return {state, problems};
}

/**
 * Whether the control of a parameter is shown in this state.
 * @param {Parameter} parameter
 * @param {State} state
 */
export function isShown(parameter, state) {
  return Object.entries(parameter.shown_when ?? {}).every(([other, values]) => values.includes(state[other]));
}
