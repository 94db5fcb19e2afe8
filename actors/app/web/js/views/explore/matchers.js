// A selector as text, its matchers as chips, and a row to add one with suggestions.

import { h, show, setText } from '../../dom.js';
import { format, operators, parse, withMatcher } from './selector.js';
import { latest } from './request.js';

const most_options = 300;
let made = 0;

/** An input whose suggestions come from `all`, narrowed by what is typed. */
function suggesting(attributes) {
  const list = h('datalist', { id: `suggestions-${++made}` });
  let all = [];
  const narrow = () => {
    const typed = input.value.toLowerCase();
    const fit = all.filter(one => one.toLowerCase().includes(typed)).slice(0, most_options);
    show(list, fit.map(one => h('option', { value: one })));
  };
  const input = h('input', { ...attributes, list: list.id, autocomplete: 'off', spellcheck: 'false', oninput: narrow });
  return { input, list, set(next) { all = next; narrow(); } };
}

/**
 * names(signal) and values(name, signal) give suggestions; onChange(text) is called with another selector.
 * hideName: the metric's name is shown elsewhere, only its labels are chips.
 */
export function matcherControl({ label, placeholder, hideName, names, values, onChange }) {
  let text = '';
  const asking = latest();
  const wrong = h('span', { class: 'problem', role: 'alert', id: `problem-${++made}` });
  const input = h('input', { class: 'mono grow', 'aria-label': label, placeholder, autocomplete: 'off', spellcheck: 'false',
    'aria-describedby': wrong.id, onchange: () => input.value.trim() !== text && onChange(input.value.trim()) });
  const chips = h('ul', { class: 'chips', 'aria-label': 'Matchers' });

  const name = suggesting({ 'aria-label': 'Label', placeholder: 'label', size: 12,
    onfocus: () => asking.run(names, found => name.set(found)),
    onchange: () => value.set([]) });
  const value = suggesting({ 'aria-label': 'Value', placeholder: 'value', size: 16,
    onfocus: () => name.input.value && asking.run(signal => values(name.input.value, signal), found => value.set(found)) });
  const operator = h('select', { 'aria-label': 'Operator' }, operators.map(one => h('option', { value: one }, one)));
  const adding = h('form', { class: 'matcher-new', onsubmit: event => {
    event.preventDefault();
    if (!name.input.value.trim()) return name.input.focus();
    onChange(withMatcher(text, name.input.value.trim(), operator.value, value.input.value));
    name.input.value = value.input.value = '';
    name.input.focus();
  } }, name.input, name.list, operator, value.input, value.list, h('button', {}, '+ Add'));

  const element = h('div', { class: 'matchers' },
    h('form', { class: 'selector', onsubmit: event => { event.preventDefault(); input.blur(); input.focus(); } }, input),
    wrong, h('div', { class: 'matcher-row' }, chips, adding));
  return {
    element,
    set(next) {
      text = next;
      if (document.activeElement !== input || parse(input.value) !== null) input.value = next;
      const all = parse(next) ?? [];
      const shown = hideName ? all.filter(one => one.name !== '__name__') : all;
      show(chips, shown.map(one => h('li', { class: 'chip mono' }, `${one.name}${one.op}${JSON.stringify(one.value)}`,
        h('button', { type: 'button', 'aria-label': `Remove ${one.name}${one.op}${one.value}`, title: 'Remove',
          onclick: () => onChange(format(all.filter(other => other !== one))) }, '×'))));
    },
    problem(words) {
      setText(wrong, words);
      input.setAttribute('aria-invalid', String(words !== ''));
    },
    destroy: () => asking.stop(),
  };
}
