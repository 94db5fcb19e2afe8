// Traces of a store: a list to choose from, or one as a waterfall.

import { h, keep, setText, show } from '../../dom.js';
import { dateTime, duration, exact, msOf } from '../../format.js';
import { live } from '../../live.js';
import * as router from '../../router.js';
import { boundsOf, rangeControl, rangeQuery, readRange } from './range.js';
import { latest, placeError, settled, unreachable, worthRepeating } from './request.js';
import { askStore, chosenStore, noStore, nothingKept, now, storeChoice, withStore } from './store.js';
import mountTrace from './trace.js';

export const title = ([id]) => (id ? `Trace ${id.slice(0, 8)}` : 'Traces');

const page_traces = 100;
const ns = ms => `${Math.round(ms)}000000`;

export default function mount(root, { params, query }) {
  return params[0] ? mountTrace(root, { id: params[0], query }) : mountList(root, query);
}

function makeRow(one, store) {
  const row = h('tr', {}, h('td', { class: 'start' }), h('td', {}, h('a', { href: router.link(`explore/traces/${one.trace_id}`, { store }) })),
    h('td', { class: 'hide-narrow' }), h('td', { class: 'bar-cell' }, h('span', { class: 'quiet' }), h('span', { class: 'time-bar' })),
    h('td', { class: 'number' }), h('td', { class: 'number' }));
  return row;
}

function updateRow(row, one, longest) {
  const [start, root, service, bar, spans, errors] = row.cells;
  setText(start, dateTime(msOf(one.start_ns)));
  setText(root.firstChild, one.root_name || one.trace_id.slice(0, 16));
  root.firstChild.title = one.rooted ? one.trace_id : `${one.trace_id}: its root is not kept`;
  setText(service, one.root_service || '–');
  setText(bar.firstChild, duration(one.duration_ns));
  bar.lastChild.style.width = `calc((100% - 5rem) * ${one.duration_ns / longest})`;
  setText(spans, exact(one.span_count));
  setText(errors, one.error_count ? `✕ ${exact(one.error_count)}` : '0');
  errors.className = one.error_count ? 'number bad' : 'number quiet';
}

function mountList(root, query) {
  let state, failed = null, traces = [], older = false, asked = null;
  const asking = { list: latest(), older: latest(), services: latest() };
  const store = () => chosenStore(state.store);
  const read = query => ({ store: query.get('store') ?? '', service: query.get('service') ?? '', name: query.get('name') ?? '',
    min_duration: query.get('min_duration') ?? '', errors: query.get('errors') === 'true', range: readRange(query) });
  function change(patch, { push = true, ask = true } = {}) {
    state = { ...state, ...patch };
    router.remember({ store: state.store, service: state.service, name: state.name, min_duration: state.min_duration,
      errors: state.errors ? 'true' : '', ...rangeQuery(state.range) }, { push });
    render();
    if (ask) load();
  }

  const stores = storeChoice(label => { change({ store: label, service: '' }); loadServices(); });
  const range = rangeControl({ now, onChange: (next, how) => change({ range: next }, { push: !how?.same, ask: !how?.same }),
    onTick: wanted => { if (wanted || (!asking.list.busy && !asking.older.busy && worthRepeating(failed))) load(!wanted); } });
  const service = h('select', { 'aria-label': 'Service', onchange: () => change({ service: service.value }) });
  function field(name, attributes) {
    const apply = () => input.value.trim() !== state[name] && change({ [name]: input.value.trim() });
    const typed = settled(apply, 500);
    const input = h('input', { ...attributes, autocomplete: 'off', spellcheck: 'false', oninput: typed, onchange: apply });
    return { input, stop: typed.stop, set: text => document.activeElement !== input && (input.value = text) };
  }
  const name = field('name', { type: 'search', placeholder: 'Span name contains  ( / )', 'aria-label': 'Span name contains' });
  const least = field('min_duration', { type: 'text', placeholder: 'at least, e.g. 250ms', 'aria-label': 'Shortest duration', size: 16, 'aria-describedby': 'traces-duration-problem' });
  const errors = h('input', { type: 'checkbox', onchange: () => change({ errors: errors.checked }) });
  const byId = h('input', { type: 'text', class: 'mono', placeholder: 'trace id', 'aria-label': 'Go to a trace by its id', autocomplete: 'off', spellcheck: 'false' });
  const idWrong = h('span', { class: 'problem', role: 'alert' });
  const go = h('form', { class: 'search-row by-id', onsubmit: event => {
    event.preventDefault();
    const id = byId.value.trim().toLowerCase();
    const good = /^[0-9a-f]{32}$/.test(id);
    setText(idWrong, good ? '' : 'a trace’s id has 32 hexadecimal digits');
    if (good) router.go(`explore/traces/${id}`, { store: state.store });
  } }, byId, h('button', {}, 'Open'));
  const durationWrong = h('span', { class: 'problem', role: 'alert', id: 'traces-duration-problem' });
  const problem = h('p', { class: 'note bad', role: 'alert', hidden: true });
  const problems = { min_duration: words => { setText(durationWrong, words); least.input.setAttribute('aria-invalid', String(words !== '')); } };
  const body = h('tbody');
  const table = h('div', { class: 'scroll' }, h('table', { class: 'trace-list', 'aria-label': 'Traces, the newest first' }, h('thead', {}, h('tr', {},
    ['Start', 'Root', 'Service', 'Duration', 'Spans', 'Errors'].map((text, i) =>
      h('th', { scope: 'col', class: ['', 'root', 'hide-narrow', '', 'number', 'number'][i] }, text)))), body));
  const told = h('span', { class: 'quiet', role: 'status' });
  const more = h('button', { type: 'button', onclick: loadOlder }, 'Load older');
  const result = h('section', { class: 'result', 'aria-label': 'Traces', hidden: true }, table, h('div', { class: 'older' }, told, more));
  const page = h('div', { class: 'explore' },
    h('div', { class: 'tools head' }, h('h1', {}, 'Traces'), stores.element, range.element),
    h('div', { class: 'panel' }, h('div', { class: 'search-row first' }, service, name.input, least.input,
      h('label', { class: 'field' }, errors, 'errors only'), go), durationWrong, idWrong, problem), result);
  const missing = noStore();

  const question = (start, end) => ({ service: state.service, name: state.name, min_duration: state.min_duration,
    errors: state.errors ? 'true' : '', start, end, limit: page_traces });

  function failing(error) {
    failed = error;
    result.removeAttribute('aria-busy');
    result.classList.toggle('old', !unreachable(error));
    placeError(error, problems, problem);
  }

  /** keepOlder: what was loaded of older ones stays. */
  function load(keepOlder = false) {
    if (!store()) return;
    asking.older.stop();
    more.disabled = false;
    const { from, to } = boundsOf(state.range, now());
    result.setAttribute('aria-busy', 'true');
    asking.list.run(signal => askStore(store(), 'traces', question(ns(from), ns(to)), signal), got => {
      const ids = new Set(got.traces.map(one => one.trace_id));
      const last = got.traces.at(-1);
      const before = keepOlder && got.truncated && traces.some(one => ids.has(one.trace_id))
        ? traces.filter(one => !ids.has(one.trace_id) && BigInt(one.start_ns) <= BigInt(last.start_ns)) : [];
      if (before.length === 0) older = got.truncated;
      traces = [...got.traces, ...before];
      asked = { from };
      done();
    }, failing);
  }

  function loadOlder() {
    const last = traces.at(-1);
    if (!last || asking.list.busy) return;
    more.disabled = true;
    asking.older.run(signal => askStore(store(), 'traces', question(ns(asked.from), last.start_ns), signal), got => {
      more.disabled = false;
      const known = new Set(traces.map(one => one.trace_id));
      const add = got.traces.filter(one => !known.has(one.trace_id));
      older = got.truncated && add.length > 0;
      traces = [...traces, ...add];
      done();
    }, error => {
      more.disabled = false;
      failing(error);
    });
  }

  function done() {
    failed = null;
    result.hidden = false;
    result.removeAttribute('aria-busy');
    result.classList.remove('old');
    placeError(null, problems, problem);
    const longest = Math.max(1, ...traces.map(one => one.duration_ns));
    const label = state.store;
    keep(body, traces, one => `${label} ${one.trace_id}`, one => makeRow(one, label), (row, one) => updateRow(row, one, longest));
    table.hidden = traces.length === 0;
    more.hidden = !older;
    if (traces.length) return setText(told, `${exact(traces.length)} traces${older ? '' : ': all of this time'}`);
    const narrowed = state.service || state.name || state.min_duration || state.errors;
    if (narrowed || !told.querySelector('.empty')) setText(told, narrowed ? 'No trace in this time is like that.' : 'No traces in this time.');
    if (narrowed) return;
    asking.services.run(signal => askStore(store(), 'stats', {}, signal), stats => {
      if (traces.length === 0 && !stats.traces) show(told, nothingKept(store(), 'traces'));
    });
  }

  function loadServices() {
    asking.services.run(signal => askStore(store(), 'traces/services', {}, signal), got => showServices(got.services));
  }
  function showServices(names) {
    const all = state.service && !names.includes(state.service) ? [...names, state.service] : names;
    show(service, h('option', { value: '' }, 'all services'), all.map(one => h('option', { value: one }, one || '(without a name)')));
    service.value = state.service;
  }

  function render() {
    stores.set(store());
    range.set(state.range);
    service.value = state.service;
    name.set(state.name);
    least.set(state.min_duration);
    errors.checked = state.errors;
  }

  state = read(query);
  const stage = withStore(root, store, missing, () => {
    show(root, page);
    showServices([]);
    render();
    loadServices();
    load();
  });
  stage.look();
  return {
    update() {
      stage.look();
      if (stage.ready && unreachable(failed) && live.state === 'live' && !asking.list.busy) {
        failed = null;
        load();
        loadServices();
      }
    },
    query(next) {
      const before = store();
      state = read(next);
      if (!stage.ready) return;
      if (before !== store()) loadServices();
      render();
      load();
    },
    destroy() {
      for (const one of Object.values(asking)) one.stop();
      name.stop();
      least.stop();
      range.destroy();
    },
  };
}
