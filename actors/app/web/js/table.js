// Parts that tables have in common: heads to sort by, the order of rows, long words that may break.

import { h, setText } from './dom.js';

/**
 * A head whose columns sort: columns [{key, label, number, title}], chosen(key) when one is pressed.
 * update({by, down}) shows what the order is.
 */
export function sortHead(columns, chosen) {
  const cells = columns.map(one => h('th', { scope: 'col', class: one.number ? 'number' : '', title: one.title, dataset: { key: one.key } },
    h('button', { type: 'button', onclick: () => chosen(one.key) }, one.label, h('span', { class: 'sort-arrow', 'aria-hidden': 'true' }))));
  return {
    element: h('thead', {}, h('tr', {}, cells)),
    update({ by, down }) {
      for (const cell of cells) {
        const on = cell.dataset.key === by;
        if (on) cell.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        else cell.removeAttribute('aria-sort');
        setText(cell.querySelector('.sort-arrow'), on ? (down ? '▼' : '▲') : '');
      }
    },
  };
}

/** For sort(): numbers as numbers, texts as people do, and what is not known last in either direction. */
export function inOrder(a, b, down) {
  const none = one => one === null || one === undefined || one === '';
  if (none(a) || none(b)) return none(a) - none(b);
  const less = typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true });
  return down ? -less : less;
}

/** A long name may break at its dots and underscores. */
export function breakable(text) {
  return text.split(/(?<=[._/])/).flatMap((part, n) => (n > 0 ? [h('wbr'), part] : [part]));
}
