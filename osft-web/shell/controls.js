// Controls built from the declared parameters: a slider with its number twin, checkboxes, selects.
// Called by the page mount; knows nothing of what a parameter means.
import {promptly} from '../figures/pointer.js';
import {element, hide, setText} from './dom.js';
import {divisors, isShown, limits} from './declaration.js';

/** @typedef {import('./types.js').Parameter} Parameter */
/** @typedef {import('./types.js').State} State */
/** @typedef {import('./types.js').Problem} Problem */
/** @typedef {(name: string, value: unknown, settle: boolean) => void} Change */
/** @typedef {{update: (state: State) => void, field: HTMLElement}} Widget */

const SLIDER_STEPS = 1000;
/** With Shift a key moves ten steps, with Alt a tenth: as on the figure's handles. @type {Record<string, number>} */
const STEPS = {ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1};

/**
 * Fills the form and returns what keeps it in step with the state.
 * @param {HTMLFormElement} form
 * @param {Parameter[]} parameters
 * @param {Change} change
 * @param {string} [prefix]  of the ids, where a document has two forms
 */
export function buildControls(form, parameters, change, prefix = 'control') {
  form.replaceChildren();
  form.addEventListener('submit', (event) => event.preventDefault());
  const rows = parameters.map((parameter) => row(parameter, change, prefix));
  form.append(...rows.map((entry) => entry.root));
  return {
    /** @param {State} state */
    update(state) {
      for (const {root, widget, parameter} of rows) {
        hide(root, !isShown(parameter, state));
        if (!root.hidden) widget.update(state);
      }
    },
    /** @param {Problem[]} problems  of the latest change; a field without one is cleared */
    report(problems) {
      for (const {parameter, error, widget} of rows) {
        const problem = problems.find(({field}) => field === parameter.name);
        setText(error, problem ? problem.sentence : '');
        hide(error, !problem);
        if (problem) widget.field.setAttribute('aria-invalid', 'true');
        else widget.field.removeAttribute('aria-invalid');
      }
    },
  };
}

/**
 * What is as it was is not written again: a write to a field can cost a layout of the whole document.
 * @param {HTMLInputElement|HTMLSelectElement} field
 * @param {string} value
 */
function write(field, value) {
  if (field.value !== value) field.value = value;
}

/**
 * @param {HTMLElement} slider
 * @param {string} said
 */
function tell(slider, said) {
  if (slider.getAttribute('aria-valuetext') !== said) slider.setAttribute('aria-valuetext', said);
}

/**
 * @param {Parameter} parameter
 * @param {Change} change
 * @param {string} prefix
 */
function row(parameter, change, prefix) {
  const id = `${prefix}-${parameter.name}`;
  const error = element('p', {class: 'field-error', id: `${id}-error`, 'aria-live': 'polite', hidden: true});
  const widget = widgetFor(parameter, id, change);
  const root = element('div', {class: `control control-${parameter.kind}${parameter.unit ? ' with-unit' : ''}`, 'data-parameter': parameter.name});
  if (parameter.kind === 'choices') {
    root.append(widget.field, error);
  } else {
    const label = element('label', {for: id, id: `${id}-label`, class: 'control-label'}, parameter.label);
    if (parameter.kind === 'flag') root.append(widget.field, label, error);
    else root.append(label, /** @type {HTMLElement} */ (widget.field.closest('.control-widget') ?? widget.field), error);
  }
  if (parameter.note) {
    root.append(element('p', {class: 'control-note', id: `${id}-note`}, parameter.note));
    widget.field.setAttribute('aria-describedby', `${id}-error ${id}-note`);
  } else {
    widget.field.setAttribute('aria-describedby', `${id}-error`);
  }
  return {root, widget, error, parameter};
}

/**
 * @param {Parameter} parameter
 * @param {string} id
 * @param {Change} change
 * @returns {Widget}
 */
function widgetFor(parameter, id, change) {
  switch (parameter.kind) {
    case 'flag': return flagWidget(parameter, id, change);
    case 'choice': return selectWidget(parameter, id, change, () => parameter.choices ?? []);
    case 'divisor': return selectWidget(parameter, id, change, (state) =>
      divisors(Number(state[String(parameter.of)])).map((value) => ({value: String(value), label: String(value)})));
    case 'choices': return choicesWidget(parameter, id, change);
    case 'text': return textWidget(parameter, id, change);
    case 'seed': return seedWidget(parameter, id, change);
    default: return numberWidget(parameter, id, change);
  }
}

/** @type {(parameter: Parameter, id: string, change: Change) => Widget} */
function flagWidget({name}, id, change) {
  const field = element('input', {type: 'checkbox', id, name});
  field.addEventListener('change', () => change(name, field.checked, true));
  return {field, update: (state) => { field.checked = Boolean(state[name]); }};
}

/** @type {(parameter: Parameter, id: string, change: Change, choices: (state: State) => import('./types.js').Choice[]) => Widget} */
function selectWidget({name, kind}, id, change, choices) {
  const field = element('select', {id, name});
  // A long row of numbers is a scale: it gets a slider that walks over the choices.
  const slider = element('input', {type: 'range', class: 'slider', 'aria-label': 'Slide', 'data-twin': name, min: 0, step: 1, hidden: true});
  element('div', {class: 'control-widget', role: 'group', 'aria-labelledby': `${id}-label`}, slider, field);
  let shown = '';
  field.addEventListener('change', () => change(name, kind === 'divisor' ? Number(field.value) : field.value, true));
  promptly(slider);
  const walk = (/** @type {boolean} */ settled) => change(name, field.options[Number(slider.value)]?.value, settled);
  slider.addEventListener('input', () => walk(false));
  slider.addEventListener('change', () => walk(true));
  return {
    field,
    update(state) {
      const options = choices(state);
      const key = options.map((option) => option.value).join();
      if (key !== shown) {
        field.replaceChildren(...options.map((option) => element('option', {value: option.value}, option.label)));
        slider.max = String(options.length - 1);
        slider.hidden = kind !== 'choice' || options.length < 7 || !options.every((option) => Number.isFinite(Number(option.value)));
        shown = key;
      }
      write(field, String(state[name]));
      write(slider, String(field.selectedIndex));
      tell(slider, field.value);
    },
  };
}

/** @type {(parameter: Parameter, id: string, change: Change) => Widget} */
function choicesWidget({name, label, choices = []}, id, change) {
  const field = element('fieldset', {id}, element('legend', {}, label));
  const boxes = choices.map((choice) => {
    const box = element('input', {type: 'checkbox', name, value: choice.value, id: `${id}-${choice.value}`});
    field.append(element('span', {class: `choice series-${choice.value}`}, box, element('label', {for: box.id}, choice.label)));
    box.addEventListener('change', () => change(name, boxes.filter((one) => one.checked).map((one) => one.value).join(','), true));
    return box;
  });
  return {
    field,
    update(state) {
      const chosen = String(state[name]).split(',');
      for (const box of boxes) if (box.checked !== chosen.includes(box.value)) box.checked = !box.checked;
    },
  };
}

/** @type {(parameter: Parameter, id: string, change: Change) => Widget} */
function textWidget({name}, id, change) {
  const field = element('input', {type: 'text', id, name, autocomplete: 'off', spellcheck: 'false'});
  field.addEventListener('change', () => change(name, field.value, true));
  return {field, update: (state) => { if (document.activeElement !== field) write(field, String(state[name])); }};
}

/** @type {(parameter: Parameter, id: string, change: Change) => Widget} */
function seedWidget({name}, id, change) {
  const field = element('input', {type: 'number', id, name, step: 1, min: 0, inputmode: 'numeric'});
  const next = element('button', {type: 'button', class: 'button quiet', title: 'Take the next seed'}, 'Next');
  const root = element('div', {class: 'control-widget'}, field, next);
  whileTyping(field, (text, settled) => change(name, text, settled));
  next.addEventListener('click', () => change(name, Number(field.value) + 1, true));
  root.setAttribute('role', 'none');
  return {field, update: (state) => writeField(field, Number(state[name]))};
}

/**
 * The last value is written back only when the reader is not typing in the field.
 * @param {HTMLInputElement} field
 * @param {number} value
 */
function writeField(field, value) {
  if (document.activeElement === field && field.value !== '' && Number(field.value) === value) return;
  if (document.activeElement === field && field.dataset.typing === 'yes') return;
  write(field, String(value));
}

/**
 * Tells of every keystroke, and notes that the reader is typing, so that a half-written number is not written over.
 * @param {HTMLInputElement} field
 * @param {(text: string, settled: boolean) => void} tell
 */
function whileTyping(field, tell) {
  // What cannot be read as a number a browser gives out as nothing at all.
  const text = () => (field.validity.badInput ? '?' : field.value);
  field.addEventListener('input', () => {
    field.dataset.typing = 'yes';
    tell(text(), false);
  });
  field.addEventListener('change', () => {
    field.dataset.typing = 'no';
    tell(text(), true);
  });
  field.addEventListener('blur', () => { field.dataset.typing = 'no'; });
}

/** @type {(parameter: Parameter, id: string, change: Change) => Widget} */
function numberWidget(parameter, id, change) {
  const {name, kind, scale, unit} = parameter;
  const whole = kind === 'int';
  const field = element('input', {
    type: 'number', id, name, step: whole ? parameter.step ?? 1 : 'any', inputmode: whole ? 'numeric' : 'decimal',
  });
  const slider = element('input', {type: 'range', class: 'slider', 'aria-label': 'Slide', 'data-twin': name});
  const root = element('div', {class: 'control-widget', role: 'group', 'aria-labelledby': `${id}-label`}, slider, field);
  if (unit) root.append(element('span', {class: 'control-unit', 'aria-hidden': true}, unit));
  let low = NaN; // no limits yet, so that the first update sets them
  let high = NaN;
  let at = NaN;
  const toSlider = (/** @type {number} */ value) => (scale === 'log'
    ? (SLIDER_STEPS * Math.log(Math.max(value, low, 1e-12) / Math.max(low, 1e-12))) / Math.log(high / Math.max(low, 1e-12) || 1)
    : value);
  const fromSlider = (position = Number(slider.value)) => {
    if (scale !== 'log') return position;
    const value = Math.max(low, 1e-12) * (high / Math.max(low, 1e-12)) ** (position / SLIDER_STEPS);
    return whole ? Math.round(value) : Number(value.toPrecision(3));
  };
  whileTyping(field, (text, settled) => change(name, text, settled));
  promptly(slider);
  // The number beside the slider moves with the figure, or before it where Python takes longer.
  slider.addEventListener('input', () => {
    const value = fromSlider();
    write(slider, String(toSlider(value))); // at once to where a whole number is, on a logarithmic scale
    change(name, value, false);
  });
  slider.addEventListener('change', () => change(name, fromSlider(), true));
  slider.addEventListener('keydown', (event) => {
    const steps = (STEPS[event.key] ?? 0) * (event.shiftKey ? 10 : event.altKey ? 0.1 : 1);
    if (!steps || event.ctrlKey || event.metaKey) return;
    event.preventDefault(); // the browser's own step can be none on a logarithmic scale, and moves the handle a frame before the figure
    change(name, stepped(steps), true);
  });
  /** @param {number} steps  of the slider; a whole number moves by one at least */
  function stepped(steps) {
    const next = scale === 'log' ? fromSlider(Math.max(0, Math.min(SLIDER_STEPS, toSlider(at) + steps))) : at + steps * Number(slider.step);
    const moved = whole ? at + Math.sign(steps) * Math.max(1, Math.round(Math.abs(next - at))) : Number(next.toPrecision(12));
    at = Math.max(low, Math.min(high, moved)); // a next key may come before the update
    return at;
  }
  return {
    field,
    update(state) {
      const bounds = limits(parameter, state);
      if (bounds.low !== low || bounds.high !== high) {
        ({low, high} = bounds);
        field.min = String(low);
        field.max = String(high);
        slider.min = scale === 'log' ? '0' : String(low);
        slider.max = scale === 'log' ? String(SLIDER_STEPS) : String(high);
        slider.step = scale === 'log' ? '1' : String(parameter.step ?? (whole ? 1 : 'any'));
      }
      const value = Number(state[name]);
      at = value;
      writeField(field, value);
      write(slider, String(toSlider(value)));
      tell(slider, unit ? `${value} ${unit}` : String(value));
    },
  };
}
