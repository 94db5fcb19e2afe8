// The legend of a chart: a row per series with its values; which are drawn is chosen here.

import { h, keep, setText, show } from '../../dom.js';
import { swatchOf } from '../../chart.js';

/** Labels that all series share, and of each those that differ. */
export function splitLabels(all) {
  const common = {};
  for (const [name, value] of Object.entries(all[0] ?? {})) {
    if (all.every(one => one[name] === value)) common[name] = value;
  }
  const own = all.map(one => Object.fromEntries(Object.entries(one).filter(([name]) => !(name in common))));
  return { common, own };
}

export const labelText = labels => {
  const { __name__: name = '', ...rest } = labels;
  const pairs = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return name + (pairs.length ? `{${pairs.join(', ')}}` : '');
};

const columns = [['last', 'Last'], ['min', 'Min'], ['avg', 'Average'], ['max', 'Max']];

/** onShow(keys | null): those that are to be drawn, null all; onPoint(index | null): the pointer is over a row. */
export function seriesTable({ onShow, onPoint }) {
  let series = [], sort = '', down = true;
  const body = h('tbody');
  const heads = new Map();
  const sortBy = name => {
    down = sort === name ? !down : name !== '';
    sort = name;
    render();
  };
  const head = (name, text, classes) => {
    const th = h('th', { scope: 'col', class: classes }, h('button', { type: 'button', onclick: () => sortBy(name) }, text));
    heads.set(name, th);
    return th;
  };
  const all = h('button', { type: 'button', onclick: () => onShow(null) }, 'Show all');
  const caption = h('span', { class: 'quiet' });
  const element = h('div', {}, h('div', { class: 'tools table-tools' }, caption, all),
    h('div', { class: 'scroll' }, h('table', { class: 'series-table', 'aria-label': 'Series and their values' },
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, h('span', { class: 'visually-hidden' }, 'Drawn')), head('', 'Series', ''),
        columns.map(([name, text]) => head(name, text, 'number')))), body)));

  const shownKeys = () => series.filter(one => one.visible).map(one => one.key);
  function toggle(key) {
    const keys = shownKeys();
    const next = keys.includes(key) ? keys.filter(one => one !== key) : [...keys, key];
    onShow(next.length === series.length ? null : next);
  }
  function only(key) {
    const keys = shownKeys();
    onShow(keys.length === 1 && keys[0] === key ? null : [key]);
  }

  function make(one) {
    const { key } = one;
    const box = h('input', { type: 'checkbox', onchange: () => toggle(key) });
    const name = h('button', { type: 'button', class: 'series-name mono', title: 'Only this one; with Ctrl: this one too, or not',
      onclick: event => (event.ctrlKey || event.metaKey ? toggle(key) : only(key)) });
    const swatch = h('span');
    const row = h('tr', { onpointerenter: () => onPoint(row.index), onpointerleave: () => onPoint(null) },
      h('td', {}, box), h('td', {}, swatch, name), columns.map(() => h('td', { class: 'number' })));
    Object.assign(row, { box, name, swatch });
    return row;
  }

  function update(row, one) {
    row.index = one.index;
    row.box.checked = one.visible;
    row.box.setAttribute('aria-label', `Draw ${one.label}`);
    row.swatch.className = swatchOf(one.index);
    row.classList.toggle('off', !one.visible);
    setText(row.name, one.label);
    columns.forEach(([name], i) => setText(row.cells[i + 2], name === 'last' && one.stale ? `${one.text.last} (ended)` : one.text[name]));
  }

  function render() {
    const value = one => (Number.isNaN(one.stats[sort]) ? -Infinity : one.stats[sort]);
    const sorted = sort === '' ? (down ? series.toReversed() : series) : series.toSorted((a, b) => (down ? 1 : -1) * (value(b) - value(a)));
    for (const [name, th] of heads) {
      if (name === sort) th.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      else th.removeAttribute('aria-sort');
    }
    keep(body, sorted, one => one.key, make, update);
    const drawn = series.filter(one => one.visible).length;
    all.disabled = drawn === series.length;
    setText(caption, `${drawn} of ${series.length} drawn`);
  }

  return {
    element,
    /** [{key, index, label, visible, stale, stats: {last, min, avg, max}, text: {the same}}] */
    set(next) {
      series = next;
      down = sort === '' ? false : down;
      render();
    },
    point(index) {
      for (const row of body.rows) row.classList.toggle('on', row.index === index);
    },
    clear: () => { series = []; show(body); body.kept?.clear(); },
  };
}
