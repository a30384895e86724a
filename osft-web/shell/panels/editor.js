// A Python editor: a plain text field at once, CodeMirror in its place on the first focus.
// Called by cell.js. The editor lives in a shadow root, where its styles are adopted sheets and the page's policy lets them be.
import {element} from '../dom.js';

const RING = {outline: '2px solid var(--accent)', outlineOffset: '-2px'};

/**
 * @typedef {object} Editor
 * @property {() => string} text
 * @property {(text: string) => void} replace
 * @property {(line: number) => void} mark  shows where an error is; 0 clears
 */

/**
 * @param {HTMLElement} root
 * @param {string} text
 * @param {{label: string, run: () => void, signal: AbortSignal}} options  the editor ends with the signal
 * @returns {Editor}
 */
export function editor(root, text, {label, run, signal}) {
  const field = element('textarea', {
    class: 'code-field', 'aria-label': label, spellcheck: 'false', wrap: 'off', autocapitalize: 'off', autocomplete: 'off', rows: Math.min(24, text.split('\n').length + 1),
  });
  field.value = text;
  field.setSelectionRange(0, 0); // whoever comes by keyboard starts at the first line
  const paper = element('pre', {class: 'code-paper', 'aria-hidden': 'true'}, text); // a field shows on paper only what fits into it
  root.replaceChildren(field, paper);
  /** @type {any} */
  let rich = null;
  let loading = false;
  field.addEventListener('focus', async () => {
    if (loading || rich) return;
    loading = true;
    try {
      rich = await richEditor(field, label, run, signal);
    } catch {
      loading = false; // without the editor the plain field goes on working
    }
  });
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      run();
    }
  });
  const current = () => (rich ? rich.state.doc.toString() : field.value);
  addEventListener('beforeprint', () => { paper.textContent = current(); }, {signal});
  return {
    text: current,
    replace(next) {
      if (rich) rich.dispatch({changes: {from: 0, to: rich.state.doc.length, insert: next}});
      else field.value = next;
    },
    mark(line) {
      if (!line) return;
      if (!rich) {
        const before = field.value.split('\n').slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
        field.setSelectionRange(before, before + (field.value.split('\n')[line - 1] ?? '').length);
        return;
      }
      if (line <= rich.state.doc.lines) {
        const {from} = rich.state.doc.line(line);
        rich.dispatch({selection: {anchor: from}, scrollIntoView: true});
      }
    },
  };
}

/** @type {Promise<Record<string, any>> | null} */
let loaded = null;

/** The editor's modules and our colours for it: once, because each set of colours stays in the document's style sheets. */
function load() {
  loaded ??= (async () => {
    const [state, view, commands, language, python, highlight] = await Promise.all([
      import('../../generated/vendor/codemirror/state.js'),
      import('../../generated/vendor/codemirror/view.js'),
      import('../../generated/vendor/codemirror/commands.js'),
      import('../../generated/vendor/codemirror/language.js'),
      import('../../generated/vendor/codemirror/lang-python.js'),
      import('../../generated/vendor/codemirror/lezer-highlight.js'),
    ]);
    const {tags} = highlight;
    const style = language.HighlightStyle.define([
      {tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword], color: 'var(--code-keyword)', fontWeight: '600'},
      {tag: [tags.string, tags.special(tags.string)], color: 'var(--code-string)'},
      {tag: tags.comment, color: 'var(--code-comment)', fontStyle: 'italic'},
      {tag: [tags.number, tags.bool, tags.null], color: 'var(--code-number)'},
      {tag: [tags.function(tags.variableName), tags.definition(tags.variableName)], color: 'var(--code-name)'},
    ]);
    const theme = view.EditorView.theme({
      '&': {color: 'var(--ink)', backgroundColor: 'var(--code-ground)', fontSize: 'var(--code-size, 0.875rem)'},
      '.cm-content': {fontFamily: 'var(--mono)', caretColor: 'var(--ink)', padding: '0.75rem 0'},
      '.cm-scroller': {fontFamily: 'var(--mono)', lineHeight: '1.5', maxHeight: '32rem'},
      '.cm-gutters': {backgroundColor: 'transparent', color: 'var(--ink-soft)', border: 'none'},
      '.cm-activeLine, .cm-activeLineGutter': {backgroundColor: 'var(--code-active)'},
      // Its own class comes a moment after the focus.
      '&.cm-focused': RING,
      '&:focus-within': RING,
      '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': {backgroundColor: 'var(--code-selection) !important'},
      '.cm-cursor': {borderLeftColor: 'var(--ink)'},
    });
    return {state, view, commands, language, python, style, theme};
  })();
  loaded.catch(() => (loaded = null)); // the next focus tries again
  return loaded;
}

/**
 * @param {HTMLTextAreaElement} field
 * @param {string} label
 * @param {() => void} run
 * @param {AbortSignal} signal
 */
async function richEditor(field, label, run, signal) {
  const {state, view, commands, language, python, style, theme} = await load();
  if (signal.aborted) return null;
  const host = element('div', {class: 'code-rich'});
  const shadow = host.attachShadow({mode: 'open', delegatesFocus: true});
  const hadFocus = document.activeElement === field;
  const {selectionStart} = field;
  const editing = new view.EditorView({
    root: shadow,
    parent: shadow,
    state: state.EditorState.create({
      doc: field.value,
      selection: {anchor: Math.min(selectionStart, field.value.length)},
      extensions: [
        view.lineNumbers(), view.highlightActiveLine(), view.drawSelection(), commands.history(), language.bracketMatching(), language.indentOnInput(),
        language.indentUnit.of('    '), python.python(), language.syntaxHighlighting(style), theme,
        // Typing over a selection: left to itself the browser styles the new text in place, which the page's policy refuses.
        view.EditorView.domEventHandlers({
          beforeinput(/** @type {InputEvent} */ event, /** @type {any} */ editor) {
            if (event.inputType !== 'insertText' || event.data === null || event.isComposing || editor.state.selection.main.empty) return false;
            event.preventDefault();
            editor.dispatch(editor.state.replaceSelection(event.data), {userEvent: 'input.type', scrollIntoView: true});
            return true;
          },
        }),
        // Tab passes by until something is typed, then it indents; Escape, then Tab leaves: the keyboard is never trapped.
        view.EditorView.updateListener.of((/** @type {any} */ update) => {
          if (update.focusChanged && !update.view.hasFocus) update.view.setTabFocusMode(true);
          else if (update.docChanged && update.view.hasFocus) update.view.setTabFocusMode(false);
        }),
        view.keymap.of([{key: 'Mod-Enter', run: () => { run(); return true; }}, ...commands.defaultKeymap, ...commands.historyKeymap, commands.indentWithTab]),
        view.EditorView.contentAttributes.of({tabindex: '0', 'aria-label': `${label}. Escape, then Tab leaves the editor.`}),
      ],
    }),
  });
  field.replaceWith(host);
  // It listens to the window and to the printer, which would else keep the whole document that was left.
  signal.addEventListener('abort', () => editing.destroy());
  editing.setTabFocusMode(true);
  if (hadFocus) editing.focus();
  return editing;
}
