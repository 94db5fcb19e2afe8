// The time that is looked at: the last while, or from–to; kept in the query as range=1h, or from=…&to=… in milliseconds.

import { h, show } from '../../dom.js';
import { dateTime } from '../../format.js';

const minute = 60e3, hour = 60 * minute;
const presets = [
  ['5m', 'Last 5 min', 5 * minute], ['15m', 'Last 15 min', 15 * minute], ['1h', 'Last hour', hour],
  ['6h', 'Last 6 h', 6 * hour], ['24h', 'Last 24 h', 24 * hour], ['7d', 'Last 7 days', 168 * hour],
];
const lengthOf = new Map(presets.map(([name, , ms]) => [name, ms]));
const shortest = 1000, longest = 10 * 366 * 24 * hour;
const every = 5000;

/** {last: '1h'} or {from, to}, and `refresh`. */
export function readRange(query) {
  const from = Number(query.get('from')), to = Number(query.get('to'));
  if (query.has('from') && from >= 0 && to - from >= 1 && to - from <= longest) return { from, to, refresh: false };
  const last = lengthOf.has(query.get('range')) ? query.get('range') : '1h';
  // A long range hardly changes within seconds, and costs the store more.
  const refresh = query.has('refresh') ? query.get('refresh') !== 'off' : lengthOf.get(last) <= hour;
  return { last, refresh };
}

/** What readRange() reads; what it takes anyway is left out. */
export function rangeQuery(range) {
  if (!range.last) return { from: Math.round(range.from), to: Math.round(range.to) };
  const usual = lengthOf.get(range.last) <= hour;
  return { range: range.last === '1h' ? '' : range.last, refresh: range.refresh === usual ? '' : range.refresh ? '5s' : 'off' };
}

/** In milliseconds. */
export function boundsOf(range, now) {
  return range.last ? { from: now - lengthOf.get(range.last), to: now } : { from: range.from, to: range.to };
}

/** A span of time that was dragged or widened, in bounds. */
export function between(from, to) {
  const middle = (from + to) / 2, half = Math.max(to - from, shortest) / 2;
  return { from: Math.max(0, Math.round(middle - half)), to: Math.round(middle + half), refresh: false };
}

/** Twice as long, about the same middle; not into the future. */
export function widened(range, now) {
  const { from, to } = boundsOf(range, now), half = (to - from) / 2;
  return between(from - half, Math.min(to + half, Math.max(to, now)));
}

const inputText = ms => dateTime(ms).replace(' ', 'T');

/** onChange(range): another one was chosen; onTick(): ask again, the range is the same. */
export function rangeControl({ now, onChange, onTick }) {
  let range = { last: '1h', refresh: false };
  const length = () => {
    const { from, to } = boundsOf(range, now());
    return to - from;
  };
  const shift = by => {
    const { from, to } = boundsOf(range, now());
    const moved = by * length() / 2;
    if (by > 0 && to + moved >= now() - length() / 20) {  // it is as good as now, which moves on
      const preset = presets.find(([, , ms]) => Math.abs(ms - length()) < 1000);
      return onChange(preset ? { last: preset[0], refresh: preset[2] <= hour } : between(now() - length(), now()));
    }
    onChange(between(from + moved, to + moved));
  };
  const widen = () => onChange(widened(range, now()));

  const select = h('select', { 'aria-label': 'Time range', onchange: () => {
    if (select.value !== 'custom') return onChange({ last: select.value, refresh: lengthOf.get(select.value) <= hour });
    const { from, to } = boundsOf(range, now());
    onChange(between(from, to));
    fromInput.focus();
  } }, presets.map(([name, text]) => h('option', { value: name }, text)), h('option', { value: 'custom' }, 'From – to'));
  const fromInput = h('input', { type: 'datetime-local', step: 1, 'aria-label': 'From' });
  const toInput = h('input', { type: 'datetime-local', step: 1, 'aria-label': 'To' });
  const wrong = h('span', { class: 'problem', role: 'alert' });
  const custom = h('form', { class: 'range-custom', hidden: true, onsubmit: event => {
    event.preventDefault();
    const from = new Date(fromInput.value).getTime(), to = new Date(toInput.value).getTime();
    const good = Number.isFinite(from) && Number.isFinite(to) && from < to && to - from <= longest;
    show(wrong, good ? '' : '“From” must be before “to”.');
    if (good) onChange({ from, to, refresh: false });
  } }, fromInput, ' – ', toInput, h('button', {}, 'Apply'), wrong);
  const refresh = h('button', { type: 'button', title: 'Ask again every 5 seconds',
    onclick: () => onChange({ ...range, refresh: !range.refresh }, { same: true }) }, 'every 5 s');
  const element = h('div', { class: 'range', role: 'group', 'aria-label': 'Time range' },
    h('button', { type: 'button', 'aria-label': 'Earlier', title: 'Earlier', onclick: () => shift(-1) }, '‹'),
    select,
    h('button', { type: 'button', 'aria-label': 'Later', title: 'Later', onclick: () => shift(1) }, '›'),
    h('button', { type: 'button', 'aria-label': 'A longer time', title: 'A longer time', onclick: widen }, '−'),
    custom,
    h('button', { type: 'button', 'aria-label': 'Ask again', title: 'Ask again', onclick: () => onTick(true) }, '↻'),
    refresh);

  const timer = setInterval(() => range.refresh && !document.hidden && onTick(false), every);
  const seen = () => !document.hidden && range.refresh && onTick(false);
  document.addEventListener('visibilitychange', seen);
  return {
    element,
    set(next) {
      range = next;
      select.value = range.last ?? 'custom';
      custom.hidden = !!range.last;
      refresh.disabled = !range.last;
      refresh.setAttribute('aria-pressed', String(!!range.refresh));
      if (range.last || custom.contains(document.activeElement)) return;
      fromInput.value = inputText(range.from);
      toInput.value = inputText(range.to);
      show(wrong);
    },
    destroy() {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', seen);
    },
  };
}
