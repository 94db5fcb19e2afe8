// Logs of a store: the newest lines first, narrowed by labels, text, level and trace; how many there were over time.

import { h, setText, show } from '../../dom.js';
import { live } from '../../live.js';
import * as router from '../../router.js';
import { exact } from '../../format.js';
import { histogram } from './histogram.js';
import { levelLabels, levels, questionsFor } from './levels.js';
import { logLine } from './log_line.js';
import { matcherControl } from './matchers.js';
import { between, boundsOf, rangeControl, rangeQuery, readRange, widened } from './range.js';
import { latest, placeError, settled, unreachable, worthRepeating } from './request.js';
import { withMatcher } from './selector.js';
import { askStore, chosenStore, noStore, nothingKept, now, storeChoice, withStore } from './store.js';

export const title = () => 'Logs';

const page_lines = 200;
const most_lines = 3000, most_bytes = 64 << 20;  // on the page; when newer ones come the oldest go
const bars = 100;
const bar_seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
const around_ms = 60e3;

const ns = ms => `${Math.round(ms)}000000`;
const idOf = one => `${one.ns}\n${one.stream}\n${one.line.length > 500 ? one.line.length + one.line.slice(0, 500) : one.line}`;

/** Lines of an answer, the newest first. */
function linesOf(answers) {
  const all = answers.flatMap(answer => answer.data.result.flatMap(({ stream, values }) => {
    const name = JSON.stringify(stream);
    return values.map(([time, line, more]) => ({ ns: time, at: BigInt(time), line, labels: stream, stream: name, metadata: more?.structuredMetadata }));
  }));
  return all.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
}

/** Answers of several questions as one: lines before those that one answer left out would be out of order. */
function merged(answers) {
  let lines = linesOf(answers);
  const truncated = answers.some(one => one.truncated);
  if (answers.length > 1 && truncated) {
    const ends = answers.filter(one => one.truncated).map(one => linesOf([one]).at(-1)?.at ?? 0n);
    const end = ends.reduce((a, b) => (a > b ? a : b));
    lines = lines.filter(one => one.at >= end);
  }
  return { lines, truncated };
}

export default function mount(root, { query }) {
  let state, failed = null, known = new Set(), lines = [], older = false, labels = [], asked = null, zoomed = [];
  const asking = { lines: latest(), older: latest(), counts: latest(), labels: latest() };
  const store = () => chosenStore(state.store);

  const read = query => ({
    store: query.get('store') ?? '', query: query.get('query') ?? '', contains: query.get('contains') ?? '', regex: query.get('regex') ?? '',
    trace_id: query.get('trace_id') ?? '', levels: (query.get('level') ?? '').split(',').filter(one => levels.some(level => level.name === one)),
    wrap: query.has('wrap'), range: readRange(query),
  });
  const remember = push => router.remember({
    store: state.store, query: state.query, contains: state.contains, regex: state.regex, trace_id: state.trace_id,
    level: state.levels.join(','), wrap: state.wrap ? 'on' : '', ...rangeQuery(state.range),
  }, { push });
  function change(patch, { push = true, ask = true } = {}) {
    state = { ...state, ...patch };
    remember(push);
    render();
    if (ask) load();
  }

  const stores = storeChoice(label => { change({ store: label }); loadLabels(); });
  const range = rangeControl({ now, onChange: (next, how) => { zoomed = []; change({ range: next }, { push: !how?.same, ask: !how?.same }); },
    onTick: wanted => (wanted ? load() : newer()) });
  const matchers = matcherControl({ label: 'Label selector', placeholder: 'all streams; or a selector, such as {job="x"}',
    names: async signal => (await askStore(store(), 'logs/labels', {}, signal)).labels,
    values: async (name, signal) => (await askStore(store(), `logs/label/${encodeURIComponent(name)}/values`, {}, signal)).values,
    onChange: text => change({ query: text }) });

  /** A text that is asked for as soon as typing rests; a step in the history once per visit of the field. */
  function field(name, attributes) {
    let fresh = true;
    const apply = () => {
      if (input.value.trim() === state[name]) return;
      change({ [name]: input.value.trim() }, { push: fresh });
      fresh = false;
    };
    const typed = settled(apply, 400);
    const wrong = h('span', { class: 'problem', role: 'alert', id: `logs-${name}-problem` });
    const input = h('input', { ...attributes, autocomplete: 'off', spellcheck: 'false', 'aria-describedby': wrong.id, oninput: typed, onchange: apply, onfocus: () => { fresh = true; } });
    return { name, input, wrong, stop: typed.stop,
      set: text => document.activeElement !== input && (input.value = text),
      problem: words => { setText(wrong, words); input.setAttribute('aria-invalid', String(words !== '')); } };
  }
  const fields = [
    field('contains', { type: 'search', placeholder: 'Text contains  ( / )', 'aria-label': 'Text contains' }),
    field('regex', { type: 'text', class: 'mono', placeholder: 'regular expression', 'aria-label': 'Regular expression' }),
    field('trace_id', { type: 'text', class: 'mono', placeholder: 'trace id', 'aria-label': 'Trace id' }),
  ];
  const toggles = levels.map(level => h('button', { type: 'button', onclick: () => change({
    levels: state.levels.includes(level.name) ? state.levels.filter(one => one !== level.name) : [...state.levels, level.name] }) },
  h('span', { class: `level level-${level.name}` }, h('span', { 'aria-hidden': 'true' }, level.sign), h('span', {}, level.name))));
  const wrap = h('button', { type: 'button', onclick: () => change({ wrap: !state.wrap }, { push: false, ask: false }) }, 'wrap');
  const problem = h('p', { class: 'note bad', role: 'alert', hidden: true });

  const counts = histogram({ label: 'Lines over time',
    onRange: (from, to) => { zoomed.push(state.range); change({ range: between(from, to) }); },
    onOut: () => change({ range: zoomed.pop() ?? widened(state.range, now()) }) });
  const list = h('div', { class: 'log-list', role: 'group', 'aria-label': 'Log lines, the newest first' });
  const more = h('button', { type: 'button', onclick: () => loadOlder() }, 'Load older');
  const told = h('span', { class: 'quiet', role: 'status' });
  const foot = h('div', { class: 'older' }, told, more);
  const result = h('section', { class: 'result', 'aria-label': 'Lines', hidden: true }, counts.element, list, foot);
  const page = h('div', { class: 'explore' },
    h('div', { class: 'tools head' }, h('h1', {}, 'Logs'), stores.element, range.element),
    h('div', { class: 'panel' }, matchers.element,
      h('div', { class: 'search-row' }, fields.map(one => one.input), h('div', { class: 'levels', role: 'group', 'aria-label': 'Levels' }, toggles), wrap),
      fields.map(one => one.wrong), problem), result);
  const missing = noStore();
  const problems = { query: matchers.problem, ...Object.fromEntries(fields.map(one => [one.name, one.problem])) };

  /** The questions of the state, between two times in nanoseconds (as text). */
  const questions = (start, end, add = {}) => questionsFor(
    { query: state.query, contains: state.contains, regex: state.regex, trace_id: state.trace_id, start, end, ...add }, state.levels, labels, withMatcher);
  const ask = (path, all, signal) => Promise.all(all.map(one => askStore(store(), path, one, signal)));

  const make = one => logLine(one, { store: state.store,
    onMatch: (name, op, value) => change({ query: withMatcher(state.query, name, op, value) }),
    onContext: at => change({ contains: '', regex: '', trace_id: '', levels: [], range: between(at - around_ms, at + around_ms) }) });
  /** Those that are not on the page yet. */
  const fresh = all => all.filter(one => {
    const id = idOf(one);
    return !known.has(id) && known.add(id);
  });

  function failing(error) {
    failed = error;
    result.removeAttribute('aria-busy');
    result.classList.toggle('old', !unreachable(error));
    placeError(error, problems, problem);
  }

  function load() {
    if (!store()) return;
    asking.older.stop();
    const { from, to } = boundsOf(state.range, now());
    result.setAttribute('aria-busy', 'true');
    asking.lines.run(signal => ask('logs', questions(ns(from), ns(to), { limit: page_lines }), signal), answers => {
      const got = merged(answers);
      known = new Set();
      lines = fresh(got.lines);
      older = got.truncated;
      asked = { from, to };
      show(list, lines.map(make));
      done();
    }, failing);
    count();
  }

  const full = () => lines.length > most_lines || lines.reduce((sum, one) => sum + one.line.length, 0) > most_bytes;

  function done() {
    failed = null;
    result.hidden = false;
    result.removeAttribute('aria-busy');
    result.classList.remove('old');
    placeError(null, problems, problem);
    foot.hidden = false;
    more.hidden = !older || full();
    list.hidden = lines.length === 0;
    const narrowed = state.query || state.contains || state.regex || state.trace_id || state.levels.length;
    if (lines.length === 0) {
      // That nothing is kept is said until there is something.
      if (narrowed || !told.querySelector('.empty')) setText(told, narrowed ? 'No line in this time is like that.' : 'No lines in this time.');
      if (!narrowed) lookWhetherEmpty();
    } else {
      setText(told, `${exact(lines.length)} lines${!older ? ': all of this time' : full() ? ': no more fit on the page, look at a shorter time for older ones' : ''}`);
    }
  }

  function lookWhetherEmpty() {
    asking.labels.run(signal => askStore(store(), 'stats', {}, signal), stats => {
      if (lines.length === 0 && !stats.entries) show(told, nothingKept(store(), 'logs'));
    });
  }

  /** Lines that came since; the page stays as it is otherwise. */
  function newer() {
    if (!worthRepeating(failed)) return;
    if (asking.lines.busy || asking.older.busy || !asked) return asked ? undefined : load();
    const { from, to } = boundsOf(state.range, now());
    const start = lines[0]?.ns ?? ns(from);
    asking.lines.run(signal => ask('logs', questions(start, ns(to), { limit: page_lines }), signal), answers => {
      const got = merged(answers);
      if (got.truncated) return load();  // more than a page came: what is between is not known
      const add = fresh(got.lines);
      asked = { from, to };
      lines = [...add, ...lines];
      list.prepend(...add.map(make));
      while (lines.length > 1 && full()) {
        known.delete(idOf(lines.pop()));
        list.lastElementChild.remove();
        older = true;
      }
      done();
      count();
    }, failing);
  }

  function loadOlder() {
    const last = lines.at(-1);
    if (!last || asking.lines.busy) return;
    more.disabled = true;
    const start = ns(asked.from);
    const work = async signal => {
      // The same nanosecond again: it may have more lines than the page had room for.
      const got = merged(await ask('logs', questions(start, last.ns, { limit: page_lines }), signal));
      const add = fresh(got.lines);
      if (add.length || !got.truncated) return { add, truncated: got.truncated };
      const next = merged(await ask('logs', questions(start, String(last.at - 1n), { limit: page_lines }), signal));
      return { add: fresh(next.lines), truncated: next.truncated };
    };
    asking.older.run(work, got => {
      more.disabled = false;
      lines = [...lines, ...got.add];
      list.append(...got.add.map(make));
      older = got.truncated;
      done();
    }, error => {
      more.disabled = false;
      failing(error);
    });
  }

  /** All lines, and of them errors and warnings: the store does not know levels, each is a question. */
  function count() {
    const { from: begin, to } = boundsOf(state.range, now());
    const least = Math.max(1, to - begin) / 1000 / bars;
    // Whole steps: the bars of one time stay the same while the range moves on.
    const step = least < 0.5 ? Math.ceil(least * 1000) / 1000 : bar_seconds.find(one => one >= least) ?? Math.ceil(least / 86400) * 86400;
    const from = Math.floor(begin / 1000 / step) * step * 1000;
    const label = levelLabels.find(one => labels.includes(one));
    const sums = answers => {
      const sum = [];
      for (const answer of answers) for (const one of answer.series) one.counts.forEach(([, n], i) => { sum[i] = (sum[i] ?? 0) + n; });
      return sum;
    };
    const names = state.levels.length ? state.levels : label ? levels.map(one => one.name) : ['error', 'warn'];
    const base = { query: state.query, contains: state.contains, regex: state.regex, trace_id: state.trace_id, start: ns(from), end: ns(to), step };
    asking.counts.run(async signal => {
      const all = state.levels.length ? null : sums(await ask('logs/histogram', [base], signal));
      const each = [];
      for (const name of names) each.push({ name, counts: sums(await ask('logs/histogram', questionsFor(base, [name], labels, withMatcher), signal)) });
      return { all, each };
    }, ({ all, each }) => {
      const parts = each.map(({ name, counts }) => ({ name, class: `bar-${name}`, counts }));
      if (all) {
        const rest = all.map((n, i) => Math.max(0, n - each.reduce((sum, one) => sum + (one.counts[i] ?? 0), 0)));
        parts.push({ name: label ? 'other' : 'info and other', class: label ? 'bar-other' : 'bar-info', counts: rest });
      }
      counts.draw({ from, to, step_ms: step * 1000, parts });
    });
  }

  function loadLabels() {
    return asking.labels.run(signal => askStore(store(), 'logs/labels', {}, signal), got => {
      labels = got.labels;
      load();
    }, error => { failing(error); });
  }

  function render() {
    stores.set(store());
    range.set(state.range);
    matchers.set(state.query);
    for (const one of fields) one.set(state[one.name]);
    levels.forEach((level, i) => toggles[i].setAttribute('aria-pressed', String(state.levels.includes(level.name))));
    wrap.setAttribute('aria-pressed', String(state.wrap));
    list.classList.toggle('wrap', state.wrap);
  }

  state = read(query);
  const stage = withStore(root, store, missing, () => {
    show(root, page);
    render();
    loadLabels();
  });
  stage.look();
  return {
    update() {
      stage.look();
      if (!stage.ready || !unreachable(failed) || live.state !== 'live' || asking.lines.busy || asking.labels.busy) return;
      failed = null;  // what could not be asked while the connection was lost
      if (asked) load();
      else loadLabels();
    },
    query(next) {
      const before = store();
      state = read(next);
      if (!stage.ready) return;
      render();
      if (before !== store()) loadLabels();
      else load();
    },
    destroy() {
      for (const one of Object.values(asking)) one.stop();
      for (const one of fields) one.stop();
      range.destroy();
      matchers.destroy();
      counts.destroy();
    },
  };
}
