// The panel beside the picture: all about one node or one arc. Made once for a selection, then kept up to date.

import { h, keep, setText } from '../dom.js';
import { bytes, count, duration, exact, lasting, rate } from '../format.js';
import { link } from '../router.js';
import { troubleOf } from './drawing.js';

const mostListed = 200;

function setHealth(element, state) {
  element.className = `health ${state}`;
  setText(element, state);
}

/** A list of terms and values; rows: [term, value, class?], those without a value are left out. */
function pairs() {
  const element = h('dl', { class: 'pairs' });
  const update = rows => keep(element, rows.filter(row => row[1]).flatMap(([term, value, look]) => [{ key: `t ${term}`, tag: 'dt', text: term }, { key: `d ${term}`, tag: 'dd', text: value, look }]),
    one => one.key, one => h(one.tag), (made, one) => {
      setText(made, one.text);
      if (one.look !== undefined) made.className = one.look;
    });
  return { element, update };
}

const frame = (heading, close) => h('div', { class: 'graph-heading' }, h('h2', {}, heading), h('button', { type: 'button', 'aria-label': 'Close', title: 'Close (Escape)', onclick: close }, '✕'));

/** The arcs of a node, each a button: this is how they are reached without a mouse. */
function arcList(context) {
  const element = h('ul', { class: 'graph-list' });
  const update = (key, topology, flows) => keep(element,
    [...topology.arcs.values()].filter(arc => arc.from === key || arc.to === key).sort((a, b) => (a.to === key ? 0 : 1) - (b.to === key ? 0 : 1)).slice(0, mostListed),
    arc => arc.key,
    arc => h('li', {}, h('button', { type: 'button', onclick: () => context.selectArc(arc.key) }, h('span'), h('span', { class: 'quiet' }))),
    (item, arc) => {
      const other = topology.nodes.get(arc.from === key ? arc.to : arc.from), flow = flows.get(arc.key), trouble = arc.data ? troubleOf(flow) : null;
      const [name, state] = item.firstChild.children;
      setText(name, `${arc.from === key ? 'to' : 'from'} ${other.fold ? `${other.name} (${other.ids.length})` : other.key}`);
      setText(state, arc.data ? `${rate(flow.rate)}${trouble ? ` ${trouble.text}` : ''}` : 'reference');
      state.className = trouble ? (trouble.kind === 'dropped' ? 'warn' : 'bad') : 'quiet';
    });
  return { element, update };
}

/** Members of a fold, what is unhealthy first. */
function memberList(context) {
  const element = h('ul', { class: 'graph-list' });
  const more = h('p', { class: 'quiet' });
  const order = ['unhealthy', 'exited', 'unknown', 'healthy'];
  const update = (node, components) => {
    const members = node.ids.map(id => components.get(id)).filter(Boolean).sort((a, b) => order.indexOf(a.health.state) - order.indexOf(b.health.state));
    keep(element, members.slice(0, mostListed), one => one.id,
      one => h('li', {}, h('button', { type: 'button', title: 'Show it on its own', onclick: () => context.select(one.id) }, h('span', { class: 'health' }), ' ', h('span', {}, one.label || one.id), h('span', { class: 'quiet' }))),
      (item, one) => {
        const [health, , figures] = item.firstChild.children;
        setHealth(health, one.health.state);
        setText(figures, one.out !== null ? rate(one.out) : '');
      });
    setText(more, members.length > mostListed ? `and ${members.length - mostListed} more` : '');
  };
  return { element: [element, more], update };
}

const percent = cores => (cores === null ? '' : `${count(Math.round(cores * 1000) / 10)} % of a core`);

/** context: {close(), select(key), selectArc(key), unfold(key), foldAgain(key)} → {element, update(view)} */
export function nodePanel(key, { topology }, context) {
  const node = topology.nodes.get(key);
  const health = h('span'), message = h('p', { class: 'note', hidden: true }), since = h('span', { class: 'quiet' });
  const figures = pairs(), arcs = arcList(context), members = node.fold ? memberList(context) : null;
  const foldKey = topology.foldOf.get(key);
  const element = h('div', {},
    frame(node.fold ? node.name : key, context.close),
    h('p', { class: 'graph-state' }, health, ' ', since), message,
    !node.fold && h('p', { class: 'graph-links' },
      h('a', { href: link(`component/${key}`) }, 'Component'), h('a', { href: link(`debug/${key}`) }, 'Watch its data'), h('a', { href: link('configuration', { at: key }) }, 'Configuration')),
    figures.element,
    node.fold && h('p', {}, h('button', { type: 'button', onclick: () => context.unfold(key) }, `Unfold these ${node.ids.length}`)),
    !node.fold && foldKey && context.folding && h('p', {}, h('button', { type: 'button', onclick: () => context.foldAgain(key) }, 'Fold with those like it')),
    h('h3', {}, 'Edges'), arcs.element,
    members && [h('h3', {}, 'Components'), members.element]);

  function update({ status, components, figures: all, flows, topology: now }) {
    const sum = all.get(key), one = node.fold ? null : components.get(key);
    if (!sum) return;
    setHealth(health, sum.state);
    setText(since, one ? `for ${lasting(one.health.since_ms, status.now_ms)}` : sum.bad ? `${sum.bad} of ${node.ids.length}` : `all ${node.ids.length}`);
    message.hidden = !one?.health.message;
    message.classList.toggle('bad', sum.state === 'unhealthy' || sum.state === 'exited');
    setText(message, one?.health.message ?? '');
    figures.update([
      ['In', sum.in === null ? '' : rate(sum.in)], ['Out', sum.out === null ? '' : rate(sum.out)],
      ['Inbox', sum.inbox ? `${count(sum.inbox)} batches` : 'empty'],
      ['Waiting', sum.waiting ? `${count(sum.waiting)} items to be delivered` : ''],
      ['Given up', sum.lost ? `${exact(sum.lost)} items` : '', 'bad'],
      ['Cost', percent(sum.busy)], ['Restarts', sum.restarts ? exact(sum.restarts) : '', 'warn']]);
    arcs.update(key, now, flows);
    members?.update(now.nodes.get(key) ?? node, components);
  }
  return { element, update };
}

/** pushed = settled + dropped + in flight, in items and in batches: by how much that is off. */
function imbalance(flow, unit) {
  const dropped = Object.values(flow.dropped).reduce((sum, one) => sum + one[unit], 0);
  return flow.pushed[unit] - flow.settled[unit] - dropped - flow.in_flight[unit];
}

function ledger() {
  const body = h('tbody');
  const check = h('p', { class: 'graph-check' });
  const element = [h('table', { class: 'graph-ledger' }, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Ledger'), h('th', { scope: 'col', class: 'number' }, 'Items'), h('th', { scope: 'col', class: 'number' }, 'Batches'))), body), check];
  function update(flow) {
    const rows = [['Pushed', flow.pushed], ['= settled', flow.settled], ...Object.entries(flow.dropped).sort().map(([reason, amount]) => [`+ dropped: ${reason}`, amount, 'bad']), ['+ in flight', flow.in_flight]];
    keep(body, rows, row => row[0], ([name, , look]) => h('tr', { class: look }, h('th', { scope: 'row' }, name), h('td', { class: 'number' }), h('td', { class: 'number' })), (row, [, amount]) => {
      setText(row.children[1], exact(amount.items));
      setText(row.children[2], exact(amount.batches));
    });
    const items = imbalance(flow, 'items'), batches = imbalance(flow, 'batches');
    check.className = `graph-check ${items || batches ? 'bad' : 'good'}`;
    setText(check, items || batches ? `✕ It does not balance: ${exact(items)} items, ${exact(batches)} batches` : '✓ It balances: nothing was lost unsaid');
  }
  return { element, update };
}

/** Edges that are drawn as one because their ends are folded. */
function innerList() {
  const element = h('ul', { class: 'graph-list' });
  const weight = one => (one.stuck ? 2 : one.dropRate > 0 ? 1 : 0);
  const update = (arc, edges) => keep(element, arc.inner.map(key => edges.get(key)).filter(Boolean).sort((a, b) => weight(b) - weight(a) || (b.rate ?? 0) - (a.rate ?? 0)).slice(0, mostListed),
    one => `${one.from}\n${one.to}`,
    one => h('li', {}, h('a', { href: link(`debug/${one.from}`, { edge: one.to }), title: 'Watch what goes along it' }, h('span', {}, `${one.from} → ${one.to}`), h('span'))),
    (item, one) => {
      const trouble = troubleOf(one), state = item.firstChild.lastChild;
      setText(state, `${rate(one.rate)}${trouble ? ` ${trouble.text}` : ''}`);
      state.className = trouble ? 'bad' : 'quiet';
    });
  return { element, update };
}

export function arcPanel(key, { topology }, context) {
  const arc = topology.arcs.get(key);
  const nameOf = end => (topology.nodes.get(end).fold ? `${topology.nodes.get(end).name} (${topology.nodes.get(end).ids.length})` : end);
  const end = (word, at) => [h('dt', {}, word), h('dd', {}, h('button', { type: 'button', class: 'graph-end', onclick: () => context.select(at) }, nameOf(at)))];
  const head = [frame(arc.data ? 'Edge' : 'Reference', context.close)];
  if (!arc.data) {
    return { element: h('div', {}, head, h('dl', { class: 'pairs' }, end('User', arc.to), end('Used', arc.from)), h('p', { class: 'quiet' }, 'The one uses what the other exports. No data flows along a reference.')), update() {} };
  }
  const note = h('p', { class: 'note bad', hidden: true }), figures = pairs(), counts = ledger(), inner = arc.inner.length > 1 ? innerList() : null;
  const [from, to] = arc.inner[0].split('\n');
  const element = h('div', {}, head, h('dl', { class: 'pairs' }, end('From', arc.from), end('To', arc.to)), note,
    !inner && h('p', { class: 'graph-links' }, h('a', { href: link(`debug/${from}`, { edge: to }) }, 'Watch what goes along it')),
    counts.element, figures.element, inner && [h('h3', {}, `${arc.inner.length} edges drawn as one`), inner.element]);

  function update({ flows, edges }) {
    const flow = flows.get(key);
    if (!flow) return;
    const trouble = troubleOf(flow);
    note.hidden = !trouble;
    note.className = `note ${trouble?.kind === 'dropped' ? 'warn' : 'bad'}`;
    setText(note, !trouble ? '' : trouble.kind === 'stuck'
      ? `✕ Stuck${flow.stuck > 1 ? ` (${flow.stuck} edges)` : ''}: ${exact(flow.in_flight.items)} items are in flight, and none was settled in the last ${duration(10e9)}.`
      : trouble.kind === 'dropping' ? `▼ ${rate(flow.dropRate)} are dropped right now.` : `▽ ${exact(flow.droppedItems)} items were dropped earlier, none now.`);
    counts.update(flow);
    figures.update([['Settled', rate(flow.rate)], ['Pushed', rate(flow.pushRate)], ['Unsettled', bytes(flow.unsettled_bytes)], ['Resent', flow.resent ? `${exact(flow.resent)} batches` : 'none']]);
    inner?.update(arc, edges);
  }
  return { element, update };
}
