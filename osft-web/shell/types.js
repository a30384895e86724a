// The types that the shell, the pages and the panels share. No logic.
// Declarations come from Python (py/explorer/declare.py) through data/<page>.json.

/** @typedef {number|boolean|string|string[]} Value  a parameter's value */
/** @typedef {Record<string, Value>} State  every parameter of a page, always complete and valid */
/** @typedef {{shape: number[], values: Float64Array|number[]}} Tensor  row-major */
/** @typedef {number|boolean|string|Tensor} Result */
/** @typedef {Record<string, any>} Outputs  what Python answered, by output name */

/** @typedef {number|string[]|{by: string, values: Record<string, any>}} Bound  `values` holds bounds again */
/** @typedef {{value: string|number, label: string}} Choice */
/**
 * @typedef {object} Parameter
 * @property {string} name  Python keyword, control name and URL key
 * @property {string} label
 * @property {'int'|'float'|'flag'|'choice'|'seed'|'divisor'|'choices'|'text'} kind
 * @property {any} default
 * @property {Bound} [low]
 * @property {Bound} [high]
 * @property {number} [step]
 * @property {string} [unit]
 * @property {Choice[]} [choices]
 * @property {'linear'|'log'} [scale]
 * @property {string} [pattern]  for a text: what it must match whole
 * @property {string} [of]  for a divisor: the parameter it must divide
 * @property {Record<string, Value[]>} [shown_when]
 * @property {string} [note]
 */
/**
 * @typedef {object} Output
 * @property {string} name
 * @property {string} label
 * @property {'float'|'int'|'flag'|'text'|'vector'|'matrix'} kind
 * @property {string} [unit]
 * @property {number} [digits]
 * @property {string} [note]
 * @property {boolean} [hidden]
 * @property {boolean} [percent]  a share, shown as so many hundredths
 */
/**
 * @typedef {object} Declaration
 * @property {number} schema
 * @property {string} page
 * @property {string} title
 * @property {Parameter[]} parameters
 * @property {Output[]} outputs
 * @property {State} defaults
 * @property {{parameters: Parameter[], defaults: State}} [live]  the settings of the page's live run
 * @property {Outputs} result  the outputs at the defaults, computed by today's py/
 */
/** @typedef {{field: string, sentence: string}} Problem */

/**
 * @typedef {object} View
 * @property {number} width  of the stage in CSS pixels
 */
/**
 * @typedef {object} Api  what a page and a panel may ask of the shell
 * @property {string} page
 * @property {Declaration} declaration
 * @property {() => State} state
 * @property {() => State} shown  what the outputs belong to; other than the state while an answer is awaited, and after a refusal
 * @property {() => Outputs} outputs
 * @property {() => boolean} live  whether the outputs on the screen come from Python in this visit
 * @property {(partial: Record<string, any>, options?: {settle?: boolean, hold?: boolean}) => void} set
 * @property {(name: string, args: object) => Promise<{outputs: Outputs, elapsed: number}>} invoke
 * @property {(text: string) => void} announce
 * @property {(outputs: Outputs) => void} show  draw outputs that a reader's cell returned
 * @property {() => void} redraw
 * @property {() => string} link  the address of the state on the screen
 * @property {(listener: (outputs: Outputs, state: State) => void) => void} onResult  told of the live result on the screen, if there is one, and of each after it
 * @property {import('../kernel/client.js').kernel} kernel
 * @property {HTMLElement} explorer
 * @property {HTMLElement} stage
 * @property {AbortSignal} signal  aborted when the reader leaves the page
 */
/**
 * @typedef {object} PageModule
 * @property {string} name
 * @property {(stage: HTMLElement, outputs: Outputs, state: State, view: View) => void | (() => void)} draw  may return the rest of
 *   a drawing that would hold up a phone: at the opening it is drawn in a task of its own
 * @property {(stage: HTMLElement, api: Api) => void} [handles]
 * @property {(outputs: Outputs, state: State) => string} summary
 * @property {Record<string, (value: any) => string>} [written]  outputs that are not read as their kind says
 * @property {Table|Table[]} [table]  outputs `<row key><column suffix>` shown as a table instead of a list
 * @property {(list: HTMLElement) => (outputs: Outputs, moving: boolean) => void} [matrices]  shows as tables what is drawn as heat maps; made by matrices.js
 * @property {Predict} [predict]
 * @property {Challenge[]} [challenges]
 * @property {{id: string, label: string, run: (api: Api) => void, pressed?: (state: State) => boolean}[]} [actions]
 */
/** @typedef {{caption: string, corner?: string, rows: {key: string, label: string, series?: string}[], columns: {suffix: string, label: string}[]}} Table */
/**
 * @typedef {object} Predict
 * @property {string} question
 * @property {string[]} options
 * @property {Record<string, Value>} settings  the state whose computed outputs decide
 * @property {(outputs: Outputs) => number} judge  index of the right option
 * @property {(outputs: Outputs) => string} reveal
 */
/**
 * @typedef {object} Challenge
 * @property {string} id
 * @property {string} task
 * @property {string} hint
 * @property {(outputs: Outputs, state: State) => boolean} done
 */
export {};
