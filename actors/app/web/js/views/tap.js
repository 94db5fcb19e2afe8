// What goes through a component right now.

import { h, setText, show } from '../dom.js';
import { count, rate } from '../format.js';
import { link, remember } from '../router.js';
import { feed } from '../tap/feed.js';
import { contains, makeItem, parse } from '../tap/item.js';

export const title = ([id]) => `Data of ${id}`;

const most = 1000;           // items kept
const mostCharacters = 3e7;  // of all of them together
const probabilities = ['1', '0.5', '0.1', '0.01'];

/** Copies without the clipboard API where there is none: the page is often read over plain HTTP. */
async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = h('textarea', { class: 'unseen', value: text, readonly: true });
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (!done) throw new Error('the browser does not allow it');
}

export default function mount(root, { params: [id], query }) {
  let items = [], held = [], characters = 0, paused = false, filter = '', edge = '', direction = '', came = 0, frame = 0;
  let state = 'opening', detail = {}, live = null, restarted = null, offered = null, known = true, arrivals = [], stuckToEnd = true;

  const prob = h('select', { onchange: start }, probabilities.map(one => h('option', { value: one }, one === '1' ? 'every item' : `${Number(one) * 100} % of them`)));
  const which = h('select', { onchange: start });
  const search = h('input', { type: 'search', class: 'grow', placeholder: 'Only items with …', 'aria-label': 'Only items with this text', oninput: onFilter });
  const pauseButton = h('button', { type: 'button', 'aria-pressed': 'false', onclick: pause }, 'Pause');
  const copyButton = h('button', { type: 'button', onclick: copy }, 'Copy');
  const stateText = h('span', { class: 'tap-state', role: 'status' }), counts = h('span', { class: 'quiet' });
  const list = h('ol', { class: 'tap-list mono' }), nothing = h('p', { class: 'empty' });
  const scroller = h('div', { class: 'tap-scroll', tabindex: 0, role: 'region', 'aria-label': 'Items', onscroll: onScroll }, list, nothing);
  const toEnd = h('button', { type: 'button', class: 'tap-end', hidden: true, onclick: () => { stuckToEnd = true; scrollToEnd(); } }, '↓ Newest');
  show(root,
    h('h1', {}, 'Data of ', h('a', { href: link(`component/${id}`) }, id)),
    h('div', { class: 'tools' },
      h('label', {}, 'Edge ', which), h('label', {}, 'Show ', prob), search, pauseButton, h('button', { type: 'button', onclick: clear }, 'Clear'), copyButton,
      h('a', { href: link('graph', { select: id }) }, 'In the graph')),
    h('p', { class: 'tap-line' }, stateText, counts),
    h('div', { class: 'tap-frame' }, scroller, toEnd),
    h('p', { class: 'quiet' }, 'In a terminal: ', h('code', {}, `troupe tap ${id}`)));

  const source = feed(`api/v0/web/debug/${id}`, { items: take, state: setState });

  function setState(name, more = {}) {
    [state, detail] = [name, more];
    draw();
  }

  function take(texts) {
    came += texts.length;
    arrivals.push([performance.now(), texts.length]);
    if (arrivals.length > 30) arrivals.shift();
    add(paused ? held : items, texts.map(parse));
    if (!paused) rows(texts.length);
    draw();
  }

  /** Adds to a list and lets the oldest go beyond the bounds. */
  function add(to, more) {
    for (const one of more) to.push(one), characters += one.whole.length;
    let gone = Math.max(0, to.length - most);
    for (let i = 0; i < gone; ++i) characters -= to[i].whole.length;
    while (characters > mostCharacters && gone < to.length - 1) characters -= to[gone++].whole.length;
    for (const one of to.splice(0, gone)) one.element?.remove();
  }

  const wanted = one => (!direction || one.direction === direction) && (!filter || contains(one, filter));

  /** Adds elements of the newest items; all anew where `last` says so. */
  function rows(last) {
    if (last === Infinity) {
      list.replaceChildren();
      for (const one of items) one.element = null;
    }
    const fresh = items.slice(-Math.min(last, items.length)).filter(wanted);
    for (const one of fresh) list.append(one.element = makeItem(one, filter));
    if (stuckToEnd) scrollToEnd();
  }

  function scrollToEnd() {
    scroller.scrollTop = scroller.scrollHeight;
    toEnd.hidden = true;
  }

  function onScroll() {
    stuckToEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 30;
    toEnd.hidden = stuckToEnd;
  }

  /** Items per second over the last arrivals. */
  function speed() {
    const now = performance.now(), recent = arrivals.filter(([when]) => now - when < 10000);
    if (recent.length < 2) return null;
    return recent.slice(1).reduce((sum, [, n]) => sum + n, 0) / Math.max(0.5, (recent.at(-1)[0] - recent[0][0]) / 1000);
  }

  function words() {
    const again = detail.seconds ? ` It is tried again in ${detail.seconds} s.` : '';
    if (state === 'opening') return ['quiet', '… Opening'];
    if (state === 'refused' && (detail.status !== 404 || known)) return ['bad', `✕ ${detail.error}.${again}`];
    if (state === 'refused' || state === 'ended') return ['warn', known ? `■ The stream ended: the component was stopped or the collector is not reached.${again}` : `■ There is no component ${id} now.${again}`];
    if (paused) return ['warn', '‖ Paused'];
    return came ? ['good', '● Live'] : ['quiet', '○ Listening'];
  }

  /** Texts follow at the next frame: a stream may tell much at once. */
  function draw() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      const [look, text] = words();
      stateText.className = `tap-state ${look}`;
      setText(stateText, text);
      const shown = list.childElementCount;
      setText(counts, [
        state === 'open' && speed() !== null && rate(speed()),
        paused && `${count(held.length)} came since`,
        items.length > 0 && `${shown === items.length ? '' : `${count(shown)} of `}${count(items.length)} items${came > items.length + held.length ? `, the newest of ${count(came)}` : ''}`,
      ].filter(Boolean).join(' · '));
      nothing.hidden = shown > 0;
      setText(nothing, items.length ? 'No item is like that.' : state === 'open' ? 'Nothing has come through yet. Items show up here as soon as something flows.' : state === 'opening' ? '' : 'No data.');
    });
  }

  function start() {
    const value = which.value;
    direction = value.startsWith('only ') ? value.slice(5) : '';
    edge = value.startsWith('edge ') ? value.slice(5) : '';
    came = 0;
    arrivals = [];
    source.restart({ sampleProb: prob.value, edge });
    rows(Infinity);
    store();
  }

  const store = () => remember({ edge: edge || (direction && `only ${direction}`), prob: prob.value === '1' ? '' : prob.value, q: search.value });

  function pause() {
    paused = !paused;
    pauseButton.setAttribute('aria-pressed', paused);
    setText(pauseButton, paused ? 'Go on' : 'Pause');
    if (!paused) {
      const more = held;
      held = [];
      for (const one of more) characters -= one.whole.length;
      add(items, more);
      rows(more.length);
    }
    draw();
  }

  function clear() {
    [items, held, characters, came] = [[], [], 0, 0];
    list.replaceChildren();
    toEnd.hidden = stuckToEnd = true;
    draw();
  }

  async function copy() {
    let said = 'Copied';
    try {
      await copyText(items.filter(wanted).map(one => one.whole).join('\n'));
    } catch (error) {
      said = `Not copied: ${error.message}`;
    }
    setText(copyButton, said);
    setTimeout(() => setText(copyButton, 'Copy'), 1500);
  }

  function onFilter() {
    filter = search.value.toLowerCase();
    rows(Infinity);
    store();
    draw();
  }

  /** The edges that can be chosen; one that an address names stays, even if it is not there (yet). → whether they changed */
  function offer(edges) {
    const from = edges.filter(one => one.to === id).map(one => one.from).sort(), to = edges.filter(one => one.from === id).map(one => one.to).sort();
    const now = JSON.stringify([from, to]);
    if (now === offered) return false;
    offered = now;
    const chosen = which.value || (edge && `edge ${edge}`) || (direction && `only ${direction}`);
    const option = (value, text) => h('option', { value }, text);
    const group = (label, ids, word) => ids.length > 0 && h('optgroup', { label }, ids.map(one => option(`edge ${one}`, `${word} ${one}`)));
    const there = !chosen?.startsWith('edge ') || [...from, ...to].includes(chosen.slice(5));
    show(which, option('', 'all'), option('only IN', 'only what comes in'), option('only OUT', 'only what goes out'), group('From', from, 'from'), group('To', to, 'to'), !there && option(chosen, chosen.slice(5)));
    which.value = chosen ?? '';
    return true;
  }

  function follow(next) {
    const text = name => next.get(name) ?? '';
    const named = text('edge');
    prob.value = probabilities.includes(text('prob')) ? text('prob') : '1';
    search.value = text('q');
    filter = search.value.toLowerCase();
    [edge, direction] = /^only (IN|OUT)$/.test(named) ? ['', named.slice(5)] : [named, ''];
    which.replaceChildren();
    offered = null;
    offer(live?.status.edges ?? []);
    start();
  }

  follow(query);
  const clock = setInterval(draw, 2000);  // a rate that falls to nothing is news, too
  return {
    update(now) {
      live = now;
      const changed = offer(now.status.edges);
      const there = now.state === 'live' && now.status.components.some(one => one.id === id);
      // A component or an edge that is there (again), or a collector that was started anew: no need to wait.
      if (state !== 'open' && state !== 'opening' && there && (!known || changed || (restarted !== null && restarted !== now.restarted))) source.retry();
      if (now.state === 'live') known = there;
      restarted = now.restarted;
      draw();
    },
    query: follow,
    destroy() {
      source.stop();
      clearInterval(clock);
      cancelAnimationFrame(frame);
    },
  };
}
