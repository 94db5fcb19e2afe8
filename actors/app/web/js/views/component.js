// One component: how it is, what it does, what goes in and out, and how it was configured.

import { h, keep, setText, show } from '../dom.js';
import { getJson } from '../api.js';
import { component, live, stores } from '../live.js';
import { link } from '../router.js';
import { ago, bytes, clock, count, dateTime, duration, exact, lasting, msOf, oneLine, rate } from '../format.js';
import { attributes, bodyView, plain, valueText } from '../body.js';
import { breakable, inOrder, sortHead } from '../table.js';

export const title = ([id]) => id;

const every = 4000;
const most = 500;  // rows of a table; a search finds the others

const linkTo = id => h('a', { href: link(`component/${id}`) }, breakable(id));
const percent = cores => (cores === null || cores === undefined ? '–' : `${count(Math.round(cores * 1000) / 10)} %`);
const label = (sign, word, colour) => h('span', { class: `log-level ${colour}` }, `${sign} ${word}`);

/** A panel that is there only while it has something. */
function panel(name, ...children) {
  return h('section', { class: 'panel', 'aria-label': name, hidden: true }, h('h2', {}, name), children);
}

function head(id) {
  const health = h('span', { class: 'health unknown' }, 'unknown');
  const message = h('p', { class: 'said' }), reported = h('span', { class: 'quiet' });
  const place = h('span', {});
  const names = ['In', 'Out', 'Waiting', 'Dropped', 'Restarts', 'Cost'];
  const titles = ['Items that come in per second', 'Items that go out per second', '', 'Items that its edges dropped or that it gave up, since the start',
    'Since the collector started', 'Time spent in it, as a share of one core'];
  const values = names.map(() => h('dd', {}, '–'));
  const figures = h('dl', { class: 'key-figures' }, names.map((name, n) => h('div', { title: titles[n] }, h('dt', {}, name), values[n])));
  return {
    element: h('header', { class: 'component-head' },
      h('h1', {}, breakable(id)),
      h('p', { class: 'state' }, health, ' ', reported), message,
      h('p', { class: 'ways' }, place, h('a', { href: link(`debug/${id}`) }, 'Watch its data')), figures),
    status(one, status) {
      health.className = `health ${one.health.state}`;
      setText(health, one.health.state);
      setText(reported, `for ${lasting(one.health.since_ms, status.now_ms)}, since ${dateTime(one.health.since_ms)}`);
      setText(message, one.health.message);
      message.hidden = !one.health.message;
      const out = status.edges.filter(edge => edge.from === id);
      const flight = out.reduce((sum, edge) => sum + edge.in_flight.items, 0);
      const lost = out.reduce((sum, edge) => sum + edge.droppedItems, 0) + (one.outside?.lost ?? 0);
      const outside = one.outside?.waiting ?? 0;
      [rate(one.in), rate(one.out), count(one.inbox + flight + outside), count(lost), count(one.restarts), percent(one.busy)]
        .forEach((text, n) => setText(values[n], text));
      figures.children[2].title = `${exact(one.inbox)} batches in its inbox, ${exact(flight)} items on their way to others, ${exact(outside)} items wait to be delivered`;
      values[3].classList.toggle('warn', lost > 0);
      values[4].classList.toggle('warn', one.restarts > 0);
    },
    position(at) {
      const text = at?.file ? `${at.file}:${at.line}` : '';
      if (place.textContent !== text) show(place, text && h('a', { href: link('configuration', { at: id }), title: 'Its place in the configuration' }, breakable(text)));
    },
  };
}

/** Blocks of one kind as a table that sorts and searches. Columns: {key, label, number, of(values), show(cell, value, values)}. */
function blockTable(name, columns, keyOf, by) {
  const sort = { by, down: false };
  let rows = [], shownColumns = '';
  const order = sortHead(columns, key => {
    sort.down = sort.by === key ? !sort.down : Boolean(columns.find(one => one.key === key).number);
    sort.by = key;
    draw();
  });
  const search = h('input', { type: 'search', class: 'grow', placeholder: `Search ${name.toLowerCase()}`, 'aria-label': `Search ${name.toLowerCase()}`, oninput: () => draw() });
  const found = h('span', { class: 'quiet', role: 'status' });
  const body = h('tbody');
  const scroll = h('div', { class: 'scroll' }, h('table', {}, h('caption', { class: 'unseen' }, name), order.element, body));
  const tools = h('div', { class: 'tools' }, search, found);
  const section = panel(name, tools, scroll);
  const make = () => h('tr', {}, columns.map(one => h('td', { class: one.number ? 'number' : one.class ?? '' })));
  function update(element, row) {
    columns.forEach((one, n) => {
      const cell = element.children[n], value = row.values[one.key];
      if (one.show) one.show(cell, value, row.values);
      else setText(cell, one.number ? count(value) : value ?? '');
    });
  }
  function draw() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = rows.filter(row => words.every(word => row.text.includes(word)));
    const column = columns.find(one => one.key === sort.by);
    const value = row => (column.order ? column.order(row.values[sort.by]) : row.values[sort.by]);
    chosen.sort((a, b) => inOrder(value(a), value(b), sort.down) || inOrder(a.key, b.key));
    keep(body, chosen.slice(0, most), row => row.key, make, update);
    order.update(sort);
    setText(found, words.length || chosen.length > most ? `${chosen.length} of ${rows.length}${chosen.length > most ? `, the first ${most} are shown` : ''}` : '');
    scroll.hidden = chosen.length === 0;
  }
  return {
    element: section,
    update(blocks) {
      section.hidden = blocks.length === 0;
      tools.hidden = blocks.length < 6 && !search.value;
      const known = new Map();
      rows = blocks.map(block => {
        const values = Object.fromEntries([...attributes(block.body)].map(([key, value]) => [key, plain(value)]));
        const key = keyOf(values), nth = known.get(key) ?? 0;
        known.set(key, nth + 1);
        return { key: nth ? `${key}\n${nth}` : key, values, text: block.body.map(one => valueText(one.value)).join(' ').toLowerCase() };
      });
      setText(section.firstChild, `${name} (${rows.length})`);
      draw();
    },
  };
}

const state = (good, bad) => (cell, value) => {
  const kind = value === good ? 'healthy' : value === bad ? 'unhealthy' : 'unknown';
  if (!cell.firstChild) cell.append(h('span', {}));
  cell.firstChild.className = `health ${kind}`;
  setText(cell.firstChild, value ?? 'unknown');
};

const worst = (good, bad) => value => (value === bad ? 0 : value === good ? 2 : 1);

const targetColumns = [
  { key: 'health', label: 'Health', show: state('up', 'down'), order: worst('up', 'down') },
  { key: 'url', label: 'Target', class: 'mono long-cell' },
  { key: 'last_error', label: 'Last error', class: 'bad long-cell' },
  { key: 'last_scrape_duration', label: 'Duration', number: true, order: value => seconds(value), show: (cell, value) => setText(cell, value || '–') },
  { key: 'last_samples', label: 'Samples', number: true },
  { key: 'last_scrape', label: 'Last scrape', number: true, order: value => timeOf(value), show(cell, value) {
    setText(cell, timeOf(value) ? ago(timeOf(value), live.status?.now_ms) : 'never');
    cell.title = timeOf(value) ? dateTime(timeOf(value)) : '';
  } },
  { key: 'labels', label: 'Labels', class: 'target-labels', order: value => labelsText(value), show(cell, value) {
    const text = labelsText(value);
    if (cell.dataset.text === text) return;
    cell.dataset.text = text;
    show(cell, Object.entries(value ?? {}).map(([name, one]) => h('code', {}, `${name}=${JSON.stringify(one)}`)));
  } },
];

/** Go writes 0001-01-01 for never. */
const timeOf = text => (text && !text.startsWith('0001') ? Date.parse(text) || null : null);
const labelsText = value => JSON.stringify(value ?? {});

/** "1.5s", "12.3ms", "1m2s" → seconds; a number is taken as such. */
function seconds(text) {
  if (typeof text === 'number') return text;
  const units = { h: 3600, m: 60, s: 1, ms: 1e-3, µs: 1e-6, us: 1e-6, ns: 1e-9 };
  const parts = [...String(text ?? '').matchAll(/([\d.]+)(ms|µs|us|ns|h|m|s)/g)];
  return parts.length ? parts.reduce((sum, [, number, unit]) => sum + number * units[unit], 0) : null;
}

const endpointColumns = [
  { key: 'state', label: 'State', show: state('ok', 'failing'), order: worst('ok', 'failing') },
  { key: 'name', label: 'Name' },
  { key: 'url', label: 'URL', class: 'mono long-cell' },
  { key: 'last_error', label: 'Last error', class: 'bad long-cell' },
  { key: 'items_delivered', label: 'Delivered', number: true },
  { key: 'items_pending', label: 'Pending', number: true },
  { key: 'items_retried', label: 'Retried', number: true },
  { key: 'items_refused', label: 'Refused', number: true, title: 'The backend did not want them' },
  { key: 'items_given_up', label: 'Given up', number: true },
  { key: 'items_overflowed', label: 'No room', number: true, title: 'Dropped because the queue was full' },
  { key: 'requests_in_flight', label: 'In flight', number: true, title: 'Requests that wait for an answer' },
];

/** Both ways: who refers to whom, and the ledger of each edge. */
function flow(id) {
  const body = h('tbody');
  const table = h('div', { class: 'scroll' }, h('table', {}, h('caption', { class: 'unseen' }, 'Edges'),
    h('thead', {}, h('tr', {}, ['Edge', 'Rate', 'Pushed', 'Settled', 'In flight', 'Dropped', 'Sent again'].map((name, n) =>
      h('th', { scope: 'col', class: n > 0 && n !== 5 ? 'number' : '' }, name)))), body));
  const uses = h('dd', {}), usedBy = h('dd', {});
  const section = panel('Connections', h('dl', { class: 'pairs' }, h('dt', {}, 'Refers to'), uses, h('dt', {}, 'Referred to by'), usedBy), table);
  section.hidden = false;
  const references = (element, ids) => {
    if (element.dataset.ids === ids.join()) return;
    element.dataset.ids = ids.join();
    show(element, ids.length ? ids.map((one, n) => [n > 0 && ', ', linkTo(one)]) : h('span', { class: 'quiet' }, 'nothing'));
  };
  return {
    element: section,
    status(status) {
      const edges = status.edges.filter(edge => edge.to === id).concat(status.edges.filter(edge => edge.from === id));
      table.hidden = edges.length === 0;
      keep(body, edges, edge => `${edge.from}\n${edge.to}`, edge => {
        const comes = edge.to === id;
        return h('tr', {},
          h('td', {}, h('span', { class: 'quiet' }, comes ? 'in ← ' : 'out → '), linkTo(comes ? edge.from : edge.to), h('span', { class: 'stuck warn' })),
          [1, 2, 3, 4].map(() => h('td', { class: 'number' })), h('td', {}), h('td', { class: 'number' }));
      }, (element, edge) => {
        const [first, ...cells] = element.children;
        setText(first.lastChild, edge.stuck ? ' ▲ stuck' : '');
        const drops = Object.entries(edge.dropped).filter(([, one]) => one.items > 0 || one.batches > 0);
        [rate(edge.rate), count(edge.pushed.items), count(edge.settled.items), count(edge.in_flight.items),
          drops.map(([reason, one]) => `${reason} ${count(one.items)}`).join(', ') || '0', count(edge.resent)].forEach((text, n) => setText(cells[n], text));
        [edge.pushed, edge.settled, edge.in_flight].forEach((one, n) => { cells[n + 1].title = `${exact(one.items)} items in ${exact(one.batches)} batches`; });
        cells[3].title += `, ${bytes(edge.unsettled_bytes)} not settled`;
        cells[4].classList.toggle('warn', drops.length > 0);
        cells[4].title = drops.map(([reason, one]) => `${reason}: ${exact(one.items)} items in ${exact(one.batches)} batches`).join('\n');
      });
    },
    details(details) {
      references(uses, details.referencesTo ?? []);
      references(usedBy, details.referencedBy ?? []);
    },
  };
}

const levels = { debug: ['·', 'quiet'], info: ['i', 'quiet'], warn: ['▲', 'warn'], error: ['✕', 'bad'] };
const levelMark = level => label(levels[level]?.[0] ?? '?', level, levels[level]?.[1] ?? 'quiet');
// Which component it was is the page itself.
const fieldsOf = fields => Object.entries(fields ?? {}).filter(([name, text]) => text !== undefined && name !== 'component' && name !== 'component_id').map(([name, text]) => h('span', { class: 'log-field' }, h('span', { class: 'quiet' }, `${name}=`), oneLine(text)));

/** A trace is shown where a store can have it. */
function traceLink(id) {
  if (!id) return null;
  if (stores().length === 0) return h('span', { class: 'quiet mono', title: `Trace ${id}; no store.local keeps traces` }, id.slice(0, 8));
  return h('a', { class: 'mono', href: link(`explore/traces/${id}`), title: `Trace ${id}` }, `trace ${id.slice(0, 8)}`);
}

/** Each with a key of its own, equal ones too, counted from the oldest: the newest come on top. */
function keyed(list, text) {
  const seen = new Map();
  return list.slice().reverse().map(item => {
    const key = text(item), nth = seen.get(key) ?? 0;
    seen.set(key, nth + 1);
    return { key: `${key}\n${nth}\n${stores().length}`, item };
  }).reverse();
}

function logLines(id) {
  const list = h('ol', { class: 'activity', tabindex: '0', 'aria-label': 'Last log lines' }), none = h('p', { class: 'quiet' }, 'It said nothing lately.');
  const all = h('p', { class: 'all-lines' }, h('a', { href: link('explore/logs', { contains: `component_id=${id}` }) }, 'All its lines'));
  const section = panel('Last log lines', none, list, all);
  return {
    element: section,
    update(lines) {
      section.hidden = false;
      none.hidden = lines.length > 0;
      list.hidden = lines.length === 0;
      all.hidden = stores().length === 0;
      keep(list, keyed(lines, one => `${one.time_ns} ${one.level} ${one.message}`), one => one.key, ({ item }) => h('li', {},
        h('time', { class: 'mono quiet', title: dateTime(msOf(item.time_ns)) }, clock(msOf(item.time_ns))), levelMark(item.level),
        h('div', { class: 'saying' }, h('span', {}, item.message), ' ', fieldsOf(item.fields)), traceLink(item.trace_id)));
    },
  };
}

function workDone() {
  const list = h('ol', { class: 'activity work', tabindex: '0', 'aria-label': 'Last work' });
  const none = h('p', { class: 'quiet' });
  const section = panel('Last work', none, list);
  return {
    element: section,
    update({ work, tracing }) {
      section.hidden = false;
      list.hidden = work.length === 0;
      none.hidden = work.length > 0;
      setText(none, tracing === false ? 'Work is known where traces are sampled: the configuration has no tracing block with a sampling_fraction above 0.' : 'No unit of its work was sampled lately.');
      const longest = Math.max(1, ...work.map(one => one.duration_ns));
      keep(list, keyed(work, one => `${one.start_ns} ${one.name} ${one.duration_ns} ${one.trace_id}`), one => one.key, ({ item }) => h('li', {},
        h('time', { class: 'mono quiet', title: dateTime(msOf(item.start_ns)) }, clock(msOf(item.start_ns))),
        h('span', { class: 'work-time' }, duration(item.duration_ns), h('span', { class: 'bar-track', 'aria-hidden': 'true' }, h('span', {}))),
        h('div', { class: 'saying' }, h('strong', {}, item.name), ' ', item.level === 'error' || item.level === 'warn' ? [levelMark(item.level), ' '] : null, fieldsOf({ ...item.fields, duration: undefined })),
        traceLink(item.trace_id)),
      (element, { item }) => { element.querySelector('.bar-track > span').style.width = `${(100 * item.duration_ns) / longest}%`; });
    },
  };
}

function bodyPanel(name, nothing) {
  const view = bodyView(nothing);
  const section = panel(name, view.element);
  return { element: section, update(body) { section.hidden = false; view.update(body); } };
}

export default function mount(root, { params: [id] }) {
  const top = head(id), edges = flow(id), lines = logLines(id), work = workDone();
  const targets = blockTable('Targets', targetColumns, one => `${one.job} ${one.url} ${labelsText(one.labels)}`, 'health');
  const endpoints = blockTable('Endpoints', endpointColumns, one => `${one.name} ${one.url}`, 'state');
  const rest = bodyPanel('Debug information', '');
  const configured = bodyPanel('Arguments', 'None: everything is as by default.'), exported = bodyPanel('Exports', 'It exports nothing.');
  const trouble = h('p', { class: 'note warn', role: 'status', hidden: true });
  const missing = h('div', { class: 'empty', hidden: true }, h('h1', {}, 'There is no such component'),
    h('p', {}, 'No component ', h('code', {}, id), ' runs: it may have been removed or renamed by a reload. It is shown here when it comes back.'),
    h('p', {}, h('a', { href: './' }, 'To the overview')));
  const content = h('div', { class: 'component', hidden: true }, top.element, trouble, targets.element, endpoints.element, rest.element,
    edges.element, h('div', { class: 'beside' }, lines.element, work.element), h('div', { class: 'beside' }, configured.element, exported.element));
  root.append(missing, content);

  const ended = new AbortController();
  let timer, asking = false;
  function showWhat() {
    const there = Boolean(component(id));
    missing.hidden = there || !live.status;
    content.hidden = !there;
    return there;
  }
  function showDetails(details) {
    top.position(details.position);
    edges.details(details);
    const debug = details.debugInfo ?? [];
    const blocks = name => debug.filter(one => one.type === 'block' && one.name === name);
    targets.update(blocks('target'));
    endpoints.update(blocks('endpoint'));
    const others = debug.filter(one => one.type !== 'block' || (one.name !== 'target' && one.name !== 'endpoint'));
    rest.update(others);
    rest.element.hidden = others.length === 0;
    configured.update(details.arguments);
    exported.update(details.exports);
  }
  async function ask() {
    clearTimeout(timer);
    if (asking || ended.signal.aborted) return;
    if (!document.hidden && live.state === 'live' && component(id)) {
      asking = true;
      const options = { signal: ended.signal };
      const answers = await Promise.allSettled([getJson(`api/v0/web/components/${encodeURIComponent(id)}`, {}, options),
        getJson('api/v0/web/activity', { component: id, limit: 50 }, options)]);
      asking = false;
      if (ended.signal.aborted) return;
      const failed = answers.filter(one => one.status === 'rejected').map(one => one.reason.message);
      trouble.hidden = failed.length === 0 || live.state !== 'live';
      setText(trouble, `▲ Some of this may be old: ${[...new Set(failed)].join('; ')}`);
      if (answers[0].value) showDetails(answers[0].value);
      if (answers[1].value) {
        lines.update(answers[1].value.lines ?? []);
        work.update({ ...answers[1].value, work: answers[1].value.work ?? [] });
      }
    }
    timer = setTimeout(ask, every);
  }
  document.addEventListener('visibilitychange', ask, { signal: ended.signal });
  ask();
  let there = false, restarted = live.restarted;
  return {
    update({ status }) {
      const was = there;
      there = showWhat();
      if (!there) return;
      top.status(component(id), status);
      edges.status(status);
      if (!was || restarted !== live.restarted) ask();
      restarted = live.restarted;
    },
    destroy() {
      ended.abort();
      clearTimeout(timer);
    },
  };
}
