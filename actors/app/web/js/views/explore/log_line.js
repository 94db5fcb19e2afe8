// A log line: one row, and when it is opened all that is known of it.

import { h, show } from '../../dom.js';
import { bytes, clock, dateTime, msOf } from '../../format.js';
import { link } from '../../router.js';
import { fieldsOf, traceOf } from './fields.js';
import { levelMark, levelOf } from './levels.js';

const short = 600;   // of the row
const long = 2000;   // of the opened line, before it is asked for
const told = /^(?:(?:ts|time|timestamp|level|lvl)=(?:"[^"]*"|\S+)\s+)+/;  // stands in the columns

function table(caption, pairs, acts) {
  if (pairs.length === 0) return null;
  return h('div', {}, h('h3', {}, caption), h('table', { class: 'fields', 'aria-label': caption }, h('tbody', {}, pairs.map(([name, value]) =>
    h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, value.length > long ? `${value.slice(0, long)}…` : value), acts && h('td', { class: 'acts' }, acts(name, value)))))));
}

function text(line) {
  const pre = h('pre', { tabindex: 0 }, line.length > long ? `${line.slice(0, long)}…` : line);
  if (line.length <= long) return pre;
  const all = h('button', { type: 'button', onclick: () => { show(pre, line); all.remove(); } }, `show all (${bytes(new Blob([line]).size)})`);
  return [pre, h('div', {}, all)];
}

/** one: {ns, line, labels, metadata}; store: where its trace is; onMatch(name, op, value): look for such only. */
export function logLine(one, { store, onMatch, onContext }) {
  const level = levelOf(one.line, one.labels, one.metadata);
  const at = msOf(one.ns);
  const begin = one.line.slice(0, short * 2).replace(told, '');
  const row = h('summary', {}, h('time', { datetime: new Date(at).toISOString(), title: dateTime(at) }, clock(at)), levelMark(level),
    h('span', { class: 'line' }, begin.length > short || one.line.length > short * 2 ? `${begin.slice(0, short)}…` : begin));
  const element = h('details', { class: `log is-${level || 'other'}`, ontoggle: () => {
    if (!element.open || element.childElementCount > 1) return;
    const labels = Object.entries(one.labels), metadata = Object.entries(one.metadata ?? {}), fields = fieldsOf(one.line);
    const trace = traceOf([...metadata, ...labels, ...fields]);
    element.append(h('div', { class: 'log-more' },
      h('div', { class: 'tools' }, h('span', { class: 'quiet' }, dateTime(at), ` · ${one.ns} ns`),
        trace && h('a', { href: link(`explore/traces/${trace}`, { store }) }, 'its trace →'),
        h('button', { type: 'button', onclick: () => onContext(at) }, 'lines around it')),
      text(one.line),
      table('Labels', labels, (name, value) => [
        h('button', { type: 'button', title: 'Only lines with it', 'aria-label': `Only ${name}=${value}`, onclick: () => onMatch(name, '=', value) }, '='),
        ' ', h('button', { type: 'button', title: 'Only lines without it', 'aria-label': `Without ${name}=${value}`, onclick: () => onMatch(name, '!=', value) }, '≠')]),
      table('Structured metadata', metadata), table('Fields', fields)));
  } }, row);
  return element;
}
