// Finding a metric by name: a search field with a list under it, operated by mouse or keys.

import { h, show } from '../../dom.js';
import { exact } from '../../format.js';

const most_shown = 200;
const page = 10;

/** onPick(name); onOpen(): the list is about to be seen. Where nothing is chosen yet the list stays open: there is nothing else to do. */
export function metricFinder({ onPick, onOpen }) {
  let all = [], found = [], at = -1, current = '', alone = true, open = false;
  const list = h('div', { role: 'listbox', id: 'metric-names', 'aria-label': 'Metrics', class: 'finder-list' });
  const told = h('div', { class: 'quiet finder-told', role: 'status' });
  const panel = h('div', { class: 'finder-panel', hidden: true }, list, told);
  const input = h('input', { type: 'search', class: 'grow', role: 'combobox', 'aria-label': 'Find a metric', placeholder: 'Find a metric  ( / )',
    'aria-controls': list.id, 'aria-autocomplete': 'list', 'aria-expanded': 'false', autocomplete: 'off', spellcheck: 'false',
    oninput: () => { toggle(true); search(); }, onclick: () => { toggle(true); search(); },
    onfocus: () => { input.select(); onOpen(); }, onkeydown: key,
    onblur: () => { toggle(false); if (!alone) input.value = current; } });
  const element = h('div', { class: 'finder' }, input, panel);
  panel.addEventListener('mousedown', event => event.preventDefault());  // the focus stays

  function toggle(want) {
    open = want || alone;
    panel.hidden = !open;
    element.classList.toggle('inline', alone);
    input.setAttribute('aria-expanded', String(open));
    if (!open) input.removeAttribute('aria-activedescendant');
  }

  function search() {
    const words = (input.value === current ? '' : input.value).toLowerCase().split(/\s+/).filter(Boolean);
    const fits = one => words.every(word => one.name.toLowerCase().includes(word));
    const byHelp = one => words.every(word => `${one.name} ${one.help}`.toLowerCase().includes(word));
    const begins = one => words.length > 0 && one.name.toLowerCase().startsWith(words[0]);
    const named = all.filter(fits);
    found = words.length === 0 ? all
      : [...named.filter(begins), ...named.filter(one => !begins(one)), ...all.filter(one => !fits(one) && byHelp(one))];
    at = words.length > 0 && found.length ? 0 : found.findIndex(one => one.name === current);
    render();
  }

  function render() {
    show(list, found.slice(0, most_shown).map((one, i) => h('div', { role: 'option', id: `metric-${i}`, class: 'finder-option',
      'aria-selected': String(i === at), onclick: () => pick(one.name) },
    h('span', { class: 'mono' }, one.name), h('span', { class: 'quiet finder-type' }, one.type), h('span', { class: 'quiet finder-help' }, one.help))));
    show(told, found.length === 0 ? 'No metric has such a name.'
      : found.length > most_shown ? `${most_shown} of ${exact(found.length)} shown: type more to narrow` : `${exact(found.length)} metrics`);
    mark();
  }

  function mark() {
    [...list.children].forEach((one, i) => one.setAttribute('aria-selected', String(i === at)));
    const now = list.children[at];
    if (now && open) {
      input.setAttribute('aria-activedescendant', now.id);
      if (document.activeElement === input) now.scrollIntoView({ block: 'nearest' });
    }
  }

  function pick(name) {
    current = name;
    alone = false;
    input.value = name;
    toggle(false);
    onPick(name);
  }

  function key(event) {
    const move = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page }[event.key];
    if (move) {
      event.preventDefault();
      if (!open) {
        toggle(true);
        search();
      } else {
        at = Math.max(0, Math.min(Math.min(found.length, most_shown) - 1, at + move));
        mark();
      }
    } else if (event.key === 'Enter' && open && found[at]) {
      event.preventDefault();
      pick(found[at].name);
    } else if (event.key === 'Escape' && open) {
      if (!alone) input.value = current;
      toggle(false);
    }
  }

  return {
    element,
    /** [{name, type, help}] */
    list(names) {
      all = names;
      if (open) search();
    },
    /** nothing: no selector either. */
    set(name, nothing) {
      alone = nothing;
      if (name !== current && document.activeElement !== input) input.value = name;
      current = name;
      toggle(false);
      if (alone) search();
    },
  };
}
