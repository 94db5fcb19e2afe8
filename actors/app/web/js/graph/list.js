// The same graph in words: for screen readers, for finding the largest, for copying.

import { h, keep, setText } from '../dom.js';
import { bytes, count, rate } from '../format.js';
import { link } from '../router.js';
import { troubleOf } from './drawing.js';

function stateOf(edge) {
  const trouble = troubleOf(edge);
  if (trouble) return { text: trouble.text, look: trouble.kind === 'dropped' ? 'warn' : 'bad', weight: { stuck: 4, dropping: 3, dropped: 2 }[trouble.kind] };
  return edge.rate ? { text: '✓ flows', look: 'good', weight: 1 } : { text: 'idle', look: 'quiet', weight: 0 };
}

/** → {element, update(status, wanted)}; wanted(text): whether an edge with this text is searched for. */
export function edgeList() {
  const columns = [
    { name: 'From', of: one => one.from }, { name: 'To', of: one => one.to },
    { name: 'Rate', number: true, of: one => one.rate ?? -1 }, { name: 'In flight', number: true, of: one => one.in_flight.items },
    { name: 'Unsettled', number: true, of: one => one.unsettled_bytes }, { name: 'Dropped', number: true, of: one => one.droppedItems }, { name: 'State', of: one => stateOf(one).weight },
  ];
  let order = { column: 6, down: true }, last;
  const body = h('tbody'), references = h('ul', { class: 'graph-words' }), nothing = h('p', { class: 'empty', hidden: true }, 'No edge is like that.');
  const headings = columns.map((column, i) => h('th', { scope: 'col', class: column.number && 'number' }, h('button', { type: 'button', onclick: () => sortBy(i) }, column.name)));
  const heading = h('h2', {}, 'References without data');
  const element = h('div', {}, h('div', { class: 'scroll' }, h('table', {}, h('caption', { class: 'unseen' }, 'Edges: which component sends to which'), h('thead', {}, h('tr', {}, headings)), body)), nothing, heading, references);

  function sortBy(column) {
    order = { column, down: order.column === column ? !order.down : !!columns[column].number || column === 6 };
    update(...last);
  }

  function update(status, arcs, wanted) {
    last = [status, arcs, wanted];
    headings.forEach((one, i) => one.setAttribute('aria-sort', i !== order.column ? 'none' : order.down ? 'descending' : 'ascending'));
    const of = columns[order.column].of;
    const compare = (a, b) => (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0) * (order.down ? -1 : 1) || (a.from < b.from ? -1 : 1);
    const rows = status.edges.filter(one => wanted(`${one.from} ${one.to}`)).sort(compare);
    keep(body, rows, one => `${one.from}\n${one.to}`,
      one => h('tr', {}, h('td', {}, h('a', { href: link(`component/${one.from}`) }, one.from)), h('td', {}, h('a', { href: link(`component/${one.to}`) }, one.to)),
        [1, 2, 3, 4].map(() => h('td', { class: 'number' })), h('td', {}, h('a', { href: link(`debug/${one.from}`, { edge: one.to }), title: 'Watch what goes along it' }))),
      (row, one) => {
        const state = stateOf(one);
        [rate(one.rate), count(one.in_flight.items), bytes(one.unsettled_bytes), count(one.droppedItems)].forEach((text, i) => setText(row.children[i + 2], text));
        const said = row.lastChild.firstChild;
        setText(said, state.text);
        said.className = state.look;
      });
    nothing.hidden = rows.length > 0;
    const without = arcs.filter(arc => !arc.data && wanted(`${arc.from} ${arc.to}`));
    heading.hidden = !without.length;
    keep(references, without, arc => arc.key, arc => h('li', {}, h('a', { href: link(`component/${arc.to}`) }, arc.to), ' refers to ', h('a', { href: link(`component/${arc.from}`) }, arc.from)));
  }
  return { element, update };
}
