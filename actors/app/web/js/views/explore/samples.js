// From samples of the store to what a chart draws: gaps, rates, units.

import { bytes, count, dateTime, duration } from '../../format.js';

const number = value => (value === null ? NaN : typeof value === 'number' ? value : { '+Inf': Infinity, '-Inf': -Infinity }[value] ?? NaN);

function percentile(sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

/** How far apart samples usually are; `piece`: the store gives four of each, where it leaves some out. */
function spacing(times, piece, thinned) {
  const steps = [];
  for (let i = 1; i < times.length; ++i) steps.push(times[i] - times[i - 1]);
  steps.sort((a, b) => a - b);
  const usual = steps.length ? percentile(steps, 0.5) : 0;
  const gap = steps.length ? Math.max(4 * percentile(steps, 0.9), thinned ? 2 * piece : 0) : Infinity;
  return { usual, gap };
}

/**
 * {times (ms), values, reach, stale} of one series; NaN where there is a gap: a stale marker, or nothing for long.
 * samples: [[seconds, value]]; range_ms and points: what was asked for; rate: per second instead of the value.
 */
export function pointsOf(samples, { rate, range_ms, points }) {
  const times = samples.map(one => Math.round(one[0] * 1000));
  const values = samples.map(one => number(one[1]));
  const length = times.length ? times[times.length - 1] - times[0] : 0;  // the store cuts the samples, not the range
  const piece = length / Math.max(1, Math.floor(points / 4));
  const { usual, gap } = spacing(times, piece, samples.length > points / 2);
  const stale = samples.length > 0 && samples[samples.length - 1][1] === null;
  const made = { times: [], values: [], reach: Math.min(gap, Math.max(2 * usual, piece, 1000)), stale };
  const put = (t, value) => {
    made.times.push(t);
    made.values.push(value);
  };
  // As Prometheus advises: over four samples at least, so that one that is late makes no spike.
  const window_ms = Math.max(4 * usual, 2 * range_ms / points);
  made.window_ms = window_ms;
  let begin = 0;          // of the stretch without a gap
  let total = 0;          // what was counted in it; a counter that falls began again at zero
  const totals = [];
  for (let i = 0, back = 0; i < times.length; ++i) {
    const first = i === begin;
    if (Number.isNaN(values[i])) {
      put(times[i], NaN);
      begin = back = i + 1;
      total = 0;
      continue;
    }
    if (!first && times[i] - times[i - 1] > gap) {
      put(times[i - 1] + 1, NaN);
      begin = back = i;
      total = 0;
    }
    if (!rate) {
      put(times[i], values[i]);
      continue;
    }
    if (i > begin) total += values[i] >= values[i - 1] ? values[i] - values[i - 1] : values[i];
    totals[i] = total;
    if (i === begin) continue;
    while (back < i - 1 && times[back] < times[i] - window_ms) ++back;
    put(times[i], (totals[i] - totals[back]) * 1000 / (times[i] - times[back]));
  }
  return made;
}

const parts = /_(?:total|count|sum|bucket)$/;

/** What metadata says of a name: a family is named without the endings of its series. */
export function familyOf(name, families) {
  return families.get(name) ?? families.get(name.replace(parts, ''));
}

export function isCounter(name, families) {
  const type = familyOf(name, families)?.type;
  if (type === 'gauge' || type === 'info' || type === 'stateset' || type === 'gaugehistogram') return false;
  return type === 'counter' || parts.test(name);
}

/** A function that formats values of a metric, by its name's ending; perSecond: its rate. */
export function formatOf(name, perSecond) {
  const plain = value => (Number.isNaN(value) ? '–' : Number.isFinite(value) ? count(value) : value > 0 ? '+Inf' : '−Inf');
  const known = f => value => (Number.isFinite(value) ? f(value) : plain(value));
  const counts = /_(?:count|bucket)$/.test(name);
  const base = name.replace(parts, '');
  if (!counts && /_bytes$/.test(base)) return known(value => bytes(value) + (perSecond ? '/s' : ''));
  if (!counts && !perSecond && /_(?:start_time|timestamp)_seconds$/.test(base)) return known(value => dateTime(value * 1000));
  if (!counts && !perSecond && /_seconds$/.test(base)) return known(value => (value === 0 ? '0 s' : duration(value * 1e9)));
  if (!counts && perSecond && /_seconds$/.test(base)) return known(value => `${plain(value)} s/s`);
  return perSecond ? known(value => `${plain(value)}/s`) : plain;
}
