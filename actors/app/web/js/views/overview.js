// The overview: what needs attention first, then every component.

import { h, keep, setText, show } from '../dom.js';
import { remember, link } from '../router.js';
import { bytes, count, duration, exact, lasting, rate } from '../format.js';
import { breakable, inOrder, sortHead } from '../table.js';

export const title = () => 'Overview';

const states = ['unhealthy', 'exited', 'unknown', 'healthy'];
const few = 6;  // reasons that are shown before somebody asks for all
const recent_ms = 15 * 60e3;
const window_ms = 60e3;

// What writers had waiting and lost, and restarts, for the last minute: also while another page was open in between.
const past = new Map();

function rememberPast(status) {
  const ids = new Set();
  for (const one of status.components) {
    ids.add(one.id);
    const list = past.get(one.id) ?? [];
    if (!past.has(one.id)) past.set(one.id, list);
    const last = list[list.length - 1];
    if (last && (last.at > status.now_ms || last.restarts > one.restarts)) list.length = 0;  // another run, or another clock
    if (list.length === 0 || last.at < status.now_ms) {
      list.push({ at: status.now_ms, restarts: one.restarts, waiting: one.outside?.waiting ?? 0, lost: one.outside?.lost ?? 0 });
    }
    while (status.now_ms - list[0].at > window_ms) list.shift();
  }
  for (const id of past.keys()) if (!ids.has(id)) past.delete(id);
}

/** Grows: higher than before, from third to third of what is known, over at least twelve seconds. */
function growing(list) {
  const last = list[list.length - 1], third = Math.floor((list.length - 1) / 3);
  if (third < 2 || last.at - list[0].at < 12000 || last.waiting < 100) return null;
  const points = [list[0], list[third], list[2 * third], last];
  for (let n = 1; n < points.length; ++n) if (points[n].waiting <= points[n - 1].waiting) return null;
  if (last.waiting < list[0].waiting * 1.05) return null;
  return ((last.waiting - list[0].waiting) * 1000) / (last.at - list[0].at);
}

const reasons = edge => Object.entries(edge.dropped).filter(([, one]) => one.items > 0)
  .map(([reason, one]) => `${count(one.items)} ${reason}`).join(', ');

/** By component, worst first: [{id, level, texts}]. What is of the last level is worth a line, not an alarm. */
function attention(status) {
  const found = new Map();
  const add = (id, level, text) => {
    const one = found.get(id) ?? { id, level, texts: [] };
    one.level = Math.min(one.level, level);
    one.texts.push(text);
    found.set(id, one);
  };
  for (const one of status.components) {
    const { state, message, since_ms: since } = one.health;
    if (state === 'unhealthy' || state === 'exited') {
      add(one.id, state === 'unhealthy' ? 0 : 1, `${message || 'no reason was given'} (${state} for ${lasting(since, status.now_ms)})`);
    }
  }
  for (const edge of status.edges) {
    if (edge.stuck) add(edge.to, 2, `stuck: ${count(edge.in_flight.items)} items from ${edge.from} wait, and none was settled in the last seconds`);
    if (edge.dropRate > 0) add(edge.to, 2, `items from ${edge.from} are dropped, ${rate(edge.dropRate)}; so far ${reasons(edge)}`);
  }
  for (const one of status.components) {
    const list = past.get(one.id);
    const more = one.outside ? growing(list) : null;
    if (more) add(one.id, 2, `what waits to be delivered grows by ${rate(more)}: ${count(one.outside.waiting)} items`);
    const lost = (one.outside?.lost ?? 0) - list[0].lost;
    if (lost > 0) add(one.id, 2, `${count(lost)} items were given up in the last minute`);
    if (one.restarts > 0) {
      const now = one.restarts > list[0].restarts || (found.has(one.id) && status.now_ms - one.health.updated_ms < recent_ms);
      add(one.id, now ? 2 : 3, `restarted ${one.restarts === 1 ? 'once' : `${count(one.restarts)} times`} since the collector started`);
    }
  }
  return [...found.values()].sort((a, b) => a.level - b.level || a.id.localeCompare(b.id));
}

const signs = [['✕', 'unhealthy', 'bad'], ['■', 'exited', 'bad'], ['▲', 'warning', 'warn'], ['↻', 'restarted', 'quiet']];

function attentionSection() {
  const head = h('h1', { 'aria-live': 'polite' });
  const load = h('p', { class: 'reason', hidden: true });
  const list = h('ul', { class: 'reasons' });
  const more = h('button', { type: 'button', hidden: true, onclick: () => { all = !all; draw(); } });
  let all = false, items = [];
  function draw() {
    keep(list, all ? items : items.slice(0, few), one => one.id, one => {
      const texts = h('span', { class: 'reason-texts' });
      return h('li', { class: 'reason' }, h('span', { class: 'reason-sign' }), h('div', {}, h('a', { href: link(`component/${one.id}`) }, breakable(one.id)), texts));
    }, (element, one) => {
      const [sign, word, colour] = signs[one.level];
      const mark = element.firstChild;
      setText(mark, sign);
      mark.className = `reason-sign ${colour}`;
      mark.setAttribute('role', 'img');
      mark.setAttribute('aria-label', word);
      const texts = element.querySelector('.reason-texts');
      keep(texts, one.texts.map((text, n) => ({ text, n })), part => part.n, () => h('span', {}), (part, { text }) => setText(part, text));
    });
    more.hidden = items.length <= few;
    setText(more, all ? 'Show fewer' : `Show all ${items.length}`);
  }
  return {
    element: h('section', { class: 'panel attention', 'aria-label': 'What needs attention' }, head, load, list, more),
    update(status) {
      items = attention(status);
      const pressing = items.filter(one => one.level < 3).length, total = status.components.length;
      const failed = status.load && !status.load.ok;
      const alarm = pressing > 0 || failed;
      head.className = alarm ? '' : 'good';
      setText(head, pressing > 0 ? `${pressing} of ${total} components ${pressing === 1 ? 'needs' : 'need'} attention`
        : failed ? 'The last reload failed'
          : !status.ready ? 'The collector is starting'
            : total === 0 ? 'No components run' : '✓ Everything is healthy');
      load.hidden = !failed;
      if (failed && !load.firstChild) {
        show(load, h('span', { class: 'reason-sign bad', role: 'img', 'aria-label': 'failed' }, '✕'), h('div', {},
          h('a', { href: 'configuration' }, 'The last reload failed'), h('span', { class: 'reason-texts' }, h('span', {}, 'the configuration before it goes on'))));
      }
      draw();
    },
  };
}

function figures() {
  const names = [
    ['Settled', 'Items that were settled per second, summed over all edges: what passes two edges counts twice',
      status => rate(sum(status.edges, edge => edge.rate))],
    ['Waiting', 'Items in flight on all edges, and items that writers have still to deliver',
      status => count(sum(status.edges, edge => edge.in_flight.items) + sum(status.components, one => one.outside?.waiting))],
    ['CPU', 'Of one core, over the last ten seconds', status => percent(status.cpu)],
    ['Memory', 'Resident', status => bytes(status.process.resident_bytes)],
    ['Running for', 'Since the process started', status => duration((status.now_ms - status.started_ms) * 1e6)],
  ];
  const values = names.map(() => h('dd', {}, '–'));
  return {
    element: h('dl', { class: 'key-figures' }, names.map(([name, meaning], n) => h('div', { title: meaning }, h('dt', {}, name), values[n]))),
    update(status) {
      names.forEach(([, , text], n) => setText(values[n], text(status)));
    },
  };
}

/** null where nothing is known yet. */
function sum(list, of) {
  let total = null;
  for (const one of list) {
    const value = of(one);
    if (value !== null && value !== undefined) total = (total ?? 0) + value;
  }
  return total;
}

const percent = cores => (cores === null || cores === undefined ? '–' : `${count(Math.round(cores * 1000) / 10)} %`);

const columns = [
  { key: 'health', label: 'Health' },
  { key: 'id', label: 'Component' },
  { key: 'in', label: 'In', number: true, title: 'Items that come in per second' },
  { key: 'out', label: 'Out', number: true, title: 'Items that go out per second' },
  { key: 'waiting', label: 'Waiting', number: true, title: 'Batches in its inbox, items on their way to others, items that wait to be delivered' },
  { key: 'dropped', label: 'Dropped', number: true, title: 'Items that its edges dropped or that it gave up, since the start' },
  { key: 'restarts', label: 'Restarts', number: true, title: 'Since the start' },
  { key: 'cost', label: 'Cost', number: true, title: 'Time spent in it, as a share of one core' },
];

function rowsOf(status) {
  const flight = new Map(), dropped = new Map();
  for (const edge of status.edges) {
    flight.set(edge.from, (flight.get(edge.from) ?? 0) + edge.in_flight.items);
    dropped.set(edge.from, (dropped.get(edge.from) ?? 0) + edge.droppedItems);
  }
  return status.components.map(one => {
    const out = flight.get(one.id) ?? 0, outside = one.outside?.waiting ?? 0;
    return {
      one, id: one.id, kind: one.id.split('.')[0], state: one.health.state, message: one.health.message,
      health: states.indexOf(one.health.state), in: one.in, out: one.out, waiting: one.inbox + out + outside,
      waits: `${exact(one.inbox)} batches in its inbox, ${exact(out)} items on their way to others, ${exact(outside)} items wait to be delivered`,
      dropped: (dropped.get(one.id) ?? 0) + (one.outside?.lost ?? 0), restarts: one.restarts, cost: one.busy,
    };
  });
}

function componentTable(onQuery) {
  let wanted = {}, rows = [], order = new Map();
  const change = (what, how) => { onQuery({ ...wanted, ...what }, how); };
  const head = sortHead(columns, key => {
    const falls = columns.find(one => one.key === key).number;  // the largest is what one looks for
    const down = wanted.by === key ? !wanted.down : Boolean(falls);
    change({ by: key, down });
  });
  const body = h('tbody');
  const search = h('input', { type: 'search', class: 'grow', placeholder: 'Search id and message', 'aria-label': 'Search components', oninput: () => change({ q: search.value }) });
  const kind = h('select', { 'aria-label': 'Kind of component', onchange: () => change({ kind: kind.value }, { push: true }) });
  const chips = h('div', { class: 'health-filter', role: 'group', 'aria-label': 'Health' });
  const none = h('p', { class: 'empty', hidden: true }, 'No component matches. ',
    h('button', { type: 'button', onclick: () => { search.value = ''; change({ health: '', kind: '', q: '' }, { push: true }); } }, 'Show all'));
  const scroll = h('div', { class: 'scroll' }, h('table', { class: 'components' }, h('caption', { class: 'unseen' }, 'Components'), head.element, body));

  function make({ id, one }) {
    return h('tr', {},
      h('td', {}, h('span', {})),
      h('td', {}, h('a', { href: link(`component/${id}`) }, breakable(id)), one.block && h('span', { class: 'block-tag', title: 'A block of the configuration, not a component' }, 'block'), h('div', { class: 'row-message quiet' })),
      columns.slice(2).map(() => h('td', { class: 'number' })));
  }
  function update(element, row) {
    const [health, id, ...numbers] = element.children;
    health.firstChild.className = `health ${row.state}`;
    health.firstChild.title = row.message;
    setText(health.firstChild, row.state);
    const text = wanted.q && row.message.toLowerCase().includes(wanted.q.toLowerCase()) || row.state !== 'healthy' ? row.message : '';
    const message = id.lastChild;
    message.hidden = !text;
    message.title = text;
    setText(message, text);
    const texts = [rate(row.in), rate(row.out), count(row.waiting), count(row.dropped), count(row.restarts), percent(row.cost)];
    texts.forEach((text, n) => setText(numbers[n], text));
    numbers[2].title = row.waits;
    numbers[3].title = exact(row.dropped);
    numbers[2].classList.toggle('zero', row.waiting === 0);
    numbers[3].classList.toggle('zero', row.dropped === 0);
    numbers[3].classList.toggle('warn', row.dropped > 0);
    numbers[4].classList.toggle('zero', row.restarts === 0);
    numbers[4].classList.toggle('warn', row.restarts > 0);
  }
  function draw(sorted) {
    const words = (wanted.q ?? '').toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = rows.filter(row => (!wanted.health || row.state === wanted.health) && (!wanted.kind || row.kind === wanted.kind) &&
      words.every(word => row.id.toLowerCase().includes(word) || row.message.toLowerCase().includes(word)));
    // Rows do not move under somebody's pointer or focus, unless they asked for another order.
    const held = !sorted && (body.matches(':hover') || body.contains(document.activeElement));
    const place = row => order.get(row.id) ?? Infinity;
    chosen.sort(held ? (a, b) => place(a) - place(b) || 0
      : (a, b) => inOrder(a[wanted.by], b[wanted.by], wanted.down) || inOrder(a.id, b.id));
    order = new Map(chosen.map((row, n) => [row.id, n]));
    keep(body, chosen, row => row.id, make, update);
    none.hidden = chosen.length > 0 || rows.length === 0;
    scroll.hidden = chosen.length === 0;
  }
  function drawTools() {
    const number = state => rows.filter(row => row.state === state).length;
    const present = states.filter(state => number(state) > 0 || wanted.health === state);
    keep(chips, ['', ...present], state => state, state => h('button', { type: 'button', onclick: () => change({ health: wanted.health === state ? '' : state }, { push: true }) },
      state ? h('span', { class: `health ${state}` }) : h('span', {})), (element, state) => {
      setText(element.firstChild, state ? `${number(state)} ${state}` : `All ${rows.length}`);
      element.setAttribute('aria-pressed', String((wanted.health ?? '') === state));
    });
    const kinds = [...new Set(rows.map(row => row.kind))].sort();
    if (wanted.kind && !kinds.includes(wanted.kind)) kinds.push(wanted.kind);
    keep(kind, ['', ...kinds], name => name, name => h('option', { value: name }), (element, name) =>
      setText(element, name ? `${name} (${rows.filter(row => row.kind === name).length})` : 'All kinds'));
    kind.value = wanted.kind ?? '';
  }
  return {
    element: h('section', { 'aria-label': 'Components' }, h('div', { class: 'tools' }, chips, kind, search), scroll, none),
    want(query) {
      wanted = query;
      if (search.value !== (query.q ?? '')) search.value = query.q ?? '';
      head.update(query);
      drawTools();
      draw(true);
    },
    update(status) {
      rows = rowsOf(status);
      drawTools();
      draw(false);
    },
  };
}

const read = query => {
  const sort = query.get('sort') ?? '', by = sort.replace(/^-/, '');
  const known = columns.some(one => one.key === by);
  return {
    health: states.includes(query.get('health')) ? query.get('health') : '',
    kind: query.get('kind') ?? '', q: query.get('q') ?? '', by: known ? by : 'health', down: known && sort.startsWith('-'),
  };
};

const write = ({ health, kind, q, by, down }) => ({ health, kind, q, sort: by === 'health' && !down ? '' : (down ? '-' : '') + by });

export default function mount(root, { query }) {
  const first = attentionSection(), numbers = figures();
  const table = componentTable((wanted, how) => {
    remember(write(wanted), how);
    table.want(wanted);
  });
  const waiting = h('p', { class: 'empty' }, 'Asking the collector…');
  const all = h('div', { class: 'overview', hidden: true }, first.element, numbers.element, table.element);
  root.append(waiting, all);
  table.want(read(query));
  return {
    update({ status }) {
      waiting.hidden = true;
      all.hidden = false;
      rememberPast(status);
      first.update(status);
      numbers.update(status);
      table.update(status);
    },
    query: asked => table.want(read(asked)),
    destroy() {},
  };
}
