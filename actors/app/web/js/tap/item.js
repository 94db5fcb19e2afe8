// One item of the stream as an element.

import { h, show } from '../dom.js';
import { bytes } from '../format.js';

const longest = 2000;  // characters; more of an item is shown when asked for

const signs = { IN: '→ IN', OUT: 'OUT →' };

/** "[OUT] to loki.write.x: entry: …" (what goes to several: "a, b") → {direction: 'OUT', peer: 'loki.write.x', text: 'entry: …', whole} */
export function parse(whole) {
  const found = /^\[(IN|OUT)\](?: (?:(?:to|from) )?([^:]+))?: ?/.exec(whole);
  if (!found) return { direction: '', peer: '', text: whole, whole, lower: null };
  return { direction: found[1], peer: found[2] ?? '', text: whole.slice(found[0].length), whole, lower: null };
}

/** Whether an item contains the (lower case) text. */
export function contains(item, text) {
  item.lower ??= item.whole.toLowerCase();
  return item.lower.includes(text);
}

/** The text with what is looked for marked. */
function marked(text, looked) {
  if (!looked) return text;
  const parts = [], lower = text.toLowerCase();
  let from = 0;
  // Where lower case has another length the places do not agree; then nothing is marked.
  for (let at; lower.length === text.length && (at = lower.indexOf(looked, from)) >= 0; from = at + looked.length) parts.push(text.slice(from, at), h('mark', {}, text.slice(at, at + looked.length)));
  return [...parts, text.slice(from)];
}

export function makeItem(item, looked) {
  const body = h('span', { class: 'tap-text' });
  if (!item.direction) return h('li', { class: 'tap-item note-item quiet' }, show(body, marked(item.text.slice(0, longest), looked)));
  const fillIn = all => show(body, marked(all ? item.text : item.text.slice(0, longest), looked), !all && item.text.length > longest &&
    [' … ', h('button', { type: 'button', onclick: () => fillIn(true) }, `show all (${bytes(item.text.length)})`)]);
  fillIn(item.all);
  return h('li', { class: `tap-item ${item.direction.toLowerCase()}` },
    h('span', { class: 'tap-direction', 'aria-label': item.direction === 'IN' ? 'in' : 'out' }, signs[item.direction]),
    item.peer && h('span', { class: 'tap-peer' }, marked(item.peer, looked)), body);
}
