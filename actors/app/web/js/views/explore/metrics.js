// Metrics of a store: find one, narrow it by labels, see its series over time.

import { h, setText, show } from '../../dom.js';
import { exact } from '../../format.js';
import { live } from '../../live.js';
import * as router from '../../router.js';
import { makeChart } from '../../chart.js';
import { metricFinder } from './finder.js';
import { matcherControl } from './matchers.js';
import { between, boundsOf, rangeControl, rangeQuery, readRange, widened } from './range.js';
import { latest, placeError, unreachable, worthRepeating } from './request.js';
import { familyOf, formatOf, isCounter, pointsOf } from './samples.js';
import { format, parse } from './selector.js';
import { labelText, seriesTable, splitLabels } from './series_table.js';
import { askStore, chosenStore, noStore, nothingKept, now, storeChoice, withStore } from './store.js';

export const title = () => 'Metrics';

const most_series = 50;
const most_counted = 10000;
const names_ms = 30e3;  // older names are asked for again when the list is opened

/** Short and the same for the same labels: for the address. */
function keyOf(labels) {
  let hash = 0x811c9dc5;
  for (const c of labelText(labels)) hash = Math.imul(hash ^ c.codePointAt(0), 0x01000193);
  return (hash >>> 0).toString(36);
}

/** Of a selector that can't be read, what it begins with. */
const nameOf = match => (parse(match) ?? parse(/^[\w:]*/.exec(match.trim())[0]) ?? []).find(one => one.name === '__name__' && one.op === '=')?.value ?? '';

function statsOf(one, from, to, show) {
  let min = Infinity, max = -Infinity, sum = 0, n = 0, last = NaN;
  one.times.forEach((t, i) => {
    const value = one.values[i];
    if (Number.isNaN(value) || t < from || t > to) return;
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
    last = value;
    ++n;
  });
  const stats = n ? { last, min, avg: sum / n, max } : { last: NaN, min: NaN, avg: NaN, max: NaN };
  return { stats, text: Object.fromEntries(Object.entries(stats).map(([name, value]) => [name, show(value)])) };
}

export default function mount(root, { query }) {
  let state, names = [], families = new Map(), answer = null, drawn = [], known = null, failed = null;
  let namesOf = null, namesAt = 0, zoomed = [];
  const asking = { names: latest(), samples: latest(), series: latest() };

  const read = query => ({
    store: query.get('store') ?? '', match: query.get('match') ?? '', mode: query.get('mode') ?? '',
    show: query.get('show')?.split(',') ?? null, range: readRange(query),
  });
  const remember = push => router.remember({
    store: state.store, match: state.match, mode: state.mode, show: state.show?.join(','), ...rangeQuery(state.range),
  }, { push });
  const store = () => chosenStore(state.store);

  /** Another state: in the address, on the page, and asked for where it needs an answer. */
  function change(patch, { push = true, ask = true } = {}) {
    state = { ...state, ...patch };
    remember(push);
    render();
    if (ask) load({ anew: true });
  }
  const setMatch = match => change({ match, show: null, mode: nameOf(match) === nameOf(state.match) ? state.mode : '' });

  const stores = storeChoice(label => { forget(); change({ store: label, show: null }); loadNames(); });
  const range = rangeControl({ now,
    onChange: (next, how) => { zoomed = []; change({ range: next }, { push: !how?.same }); },
    onTick: asked => {
      if (names.length === 0 && !asking.names.busy && worthRepeating(failed)) loadNames();
      if (asked || (!asking.samples.busy && worthRepeating(failed))) load({});
    } });
  const finder = metricFinder({ onOpen: () => {
    if (performance.now() - namesAt > names_ms && !asking.names.busy) loadNames();
  }, onPick: name => {
    const rest = nameOf(state.match) ? [] : (parse(state.match) ?? []).filter(one => one.name !== '__name__');
    setMatch(format([{ name: '__name__', op: '=', value: name }, ...rest]));
  } });
  const fromSeries = f => (known && !known.truncated ? [...new Set(known.series.flatMap(f))].sort() : null);
  const matchers = matcherControl({ label: 'Selector', placeholder: 'or a selector, such as up{job="x"}', hideName: true,
    names: async signal => (fromSeries(one => Object.keys(one)) ?? (await askStore(store(), 'labels', {}, signal)).labels).filter(one => one !== '__name__'),
    values: async (name, signal) => fromSeries(one => one[name] ?? []) ??
      (await askStore(store(), `label/${encodeURIComponent(name)}/values`, {}, signal)).values,
    onChange: setMatch });
  const setMode = mode => {
    change({ mode }, { ask: false });
    draw();
  };
  const modes = [
    h('button', { type: 'button', title: 'How fast it grows', onclick: () => setMode('rate') }, 'per second'),
    h('button', { type: 'button', title: 'The values as they are kept', onclick: () => setMode('raw') }, 'value')];
  const about = h('p', { class: 'quiet about' });
  const narrow = h('p', { class: 'note warn', hidden: true });
  const problem = h('p', { class: 'note bad', role: 'alert', hidden: true });
  const none = h('div', { class: 'empty', hidden: true });
  const common = h('p', { class: 'mono quiet common' });
  const place = h('div', { class: 'chart-place' });
  const chart = makeChart(place, { label: 'Series over time; arrows move through the times',
    onRange: (from, to) => {
      zoomed.push(state.range);
      change({ range: between(from, to) });
    },
    onOut: () => change({ range: zoomed.pop() ?? widened(state.range, now()) }),
    onHover: index => table.point(index) });
  const table = seriesTable({ onShow: keys => { change({ show: keys }, { push: false, ask: false }); draw(); },
    onPoint: index => chart.emphasize(index) });
  const result = h('section', { class: 'result', hidden: true, 'aria-label': 'Series' },
    h('div', { class: 'tools' }, about, h('span', { class: 'segments', role: 'group', 'aria-label': 'Shown as' }, modes)), place, narrow, none, common, table.element);
  const page = h('div', { class: 'explore' },
    h('div', { class: 'tools head' }, h('h1', {}, 'Metrics'), stores.element, range.element),
    h('div', { class: 'panel query' }, finder.element, matchers.element, problem), result);
  const missing = noStore(), empty = h('div');

  function forget() {
    answer = known = namesOf = null;
    names = [];
    families = new Map();
  }

  function loadNames() {
    const label = store();
    asking.names.run(async signal => Promise.all([
      askStore(label, 'label/__name__/values', {}, signal), askStore(label, 'metadata', {}, signal)]),
    ([values, metadata]) => {
      namesOf = label;
      namesAt = performance.now();
      families = new Map(metadata.metadata.map(one => [one.name, one]));
      names = values.values.map(name => {
        const family = familyOf(name, families);
        return { name, type: family?.type ?? '', help: family?.help ?? '' };
      });
      finder.list(names);
      render();
      if (answer) draw();
    }, error => {
      failed = error;
      placeError(error, {}, problem);
    });
  }

  function load({ anew }) {
    const label = store();
    if (!label || !state.match) {
      asking.samples.stop();
      asking.series.stop();
      placeError(null, { match: matchers.problem }, problem);
      return;
    }
    if (namesOf !== label && !asking.names.busy) loadNames();
    const { from, to } = boundsOf(state.range, now());
    const points = Math.round(Math.min(600, Math.max(150, (chart.width() || innerWidth) / 2)));
    const before = Math.max(60e3, (to - from) / 20);  // a rate needs what was before, and lines come in from the left
    const asked = { match: state.match, from: ((from - before) / 1000).toFixed(3), to: (to / 1000).toFixed(3), limit: most_series, points };
    result.setAttribute('aria-busy', 'true');
    const { match } = state;
    asking.samples.run(signal => askStore(label, 'samples', asked, signal), got => {
      failed = null;
      result.removeAttribute('aria-busy');
      result.classList.remove('old');
      answer = { ...got, match, from, to, points, range_ms: to - from + before };
      placeError(null, { match: matchers.problem }, problem);
      // What is known may be from before these series came.
      if (got.truncated && known?.match === match && known.series.length <= got.series.length) loadSeries(label, match);
      draw();
    }, error => {
      failed = error;
      result.removeAttribute('aria-busy');
      result.classList.toggle('old', !unreachable(error));
      placeError(error, { match: matchers.problem }, problem);
    });
    if (anew && known?.match !== match) loadSeries(label, match);
  }

  /** All that match: how many, and which labels there are to narrow by. */
  function loadSeries(label, match) {
    if (known?.match !== match) known = null;
    asking.series.run(signal => askStore(label, 'series', { match, limit: most_counted }, signal), got => {
      known = { ...got, match };
      showNumber();
    });
  }

  function showNumber() {
    const shown = answer?.series.length ?? 0;
    narrow.hidden = !answer?.truncated;
    if (!answer?.truncated) return;
    const all = known?.match !== answer.match ? 'more' : known.truncated ? `more than ${exact(most_counted)}` : exact(known.series.length);
    setText(narrow, `${exact(shown)} of ${all} series shown. Add labels to see others.`);
  }

  function draw() {
    if (!answer) return;
    const { series, from, to } = answer;
    const split = splitLabels(series.map(one => one.labels));
    const counters = series.map(one => isCounter(one.labels.__name__ ?? '', families));
    const rate = state.mode ? state.mode === 'rate' : counters.some(Boolean);
    const only = state.show && new Set(state.show);
    let format = null, window_ms = 0;
    drawn = series.map((one, index) => {
      const points = pointsOf(one.samples, { rate: rate && (counters[index] || state.mode === 'rate'), range_ms: answer.range_ms, points: answer.points });
      window_ms = Math.max(window_ms, points.window_ms);
      format ??= formatOf(one.labels.__name__ ?? '', rate);
      const key = keyOf(one.labels);
      return { ...points, ...statsOf(points, from, to, format), key, index, label: labelText(split.own[index]) || labelText(one.labels),
        visible: !only || only.has(key) };
    });
    const { __name__: name, ...shared } = split.common;
    setText(common, series.length > 1 && Object.keys(shared).length ? `All have ${labelText(shared)}` : '');
    modes[0].setAttribute('aria-pressed', String(rate));
    modes[1].setAttribute('aria-pressed', String(!rate));
    const family = name && familyOf(name, families);
    setText(about, [family?.type, family?.help, rate && series.length && `Per second, over ${Math.round(window_ms / 1000)} s.`].filter(Boolean).join(' · '));
    none.hidden = series.length > 0;
    if (!series.length) show(none, known?.match === answer.match && known.series.length
      ? 'No samples in this time.' : 'No series match: check the name and the labels, or look at a longer time.');
    place.hidden = table.element.hidden = series.length === 0;
    table.set(drawn);
    chart.draw({ series: drawn, from, to, format, zero: rate, binary: /_bytes(_total|_sum)?$/.test(name ?? '') }).catch(error => placeError(error, {}, problem));
    showNumber();
    result.hidden = false;
  }

  function render() {
    stores.set(store());
    range.set(state.range);
    finder.set(nameOf(state.match), !state.match);
    matchers.set(state.match);
    result.hidden = !state.match || !answer;
    const nothing = namesOf === store() && names.length === 0;
    finder.element.hidden = nothing;
    show(empty, nothing && !state.match && nothingKept(store(), 'metrics'));
  }

  state = read(query);
  const stage = withStore(root, store, missing, () => {
    show(root, page, empty);
    render();
    loadNames();
    load({ anew: true });
  });
  stage.look();
  return {
    update() {
      stage.look();
      // What could not be asked while the connection was lost.
      if (stage.ready && unreachable(failed) && live.state === 'live' && !asking.samples.busy && !asking.names.busy) {
        failed = null;
        if (namesOf !== store()) loadNames();
        load({ anew: true });
      }
    },
    query(next) {
      const before = store();
      state = read(next);
      if (!stage.ready) return;
      if (before !== store()) { forget(); loadNames(); }
      render();
      load({ anew: true });
    },
    destroy() {
      for (const one of Object.values(asking)) one.stop();
      range.destroy();
      matchers.destroy();
      chart.destroy();
    },
  };
}
