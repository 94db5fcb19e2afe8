// The picture: makes SVG out of a topology and its layout once, then only changes texts and classes.

import { s, setText } from '../dom.js';
import { count, rate, shorten } from '../format.js';
import { node as size } from './layout.js';

const sign = { healthy: '✓', unhealthy: '✕', exited: '■', unknown: '?' };
const mostMoving = 120;  // arcs; more of them moving at once would keep a processor busy

/** What is wrong with an arc, in a few words; nothing: all is well. */
export function troubleOf(flow) {
  if (flow.stuck) return { kind: 'stuck', text: flow.edges > 1 ? `✕ ${flow.stuck} of ${flow.edges} stuck` : '✕ stuck' };
  if (flow.dropRate > 0) return { kind: 'dropping', text: `▼ ${rate(flow.dropRate)} dropped` };
  if (flow.droppedItems > 0) return { kind: 'dropped', text: `▽ ${count(flow.droppedItems)} dropped` };
  return null;
}

function figuresText(node, figures) {
  const said = [];
  if (figures.state !== 'healthy') said.push(node.fold && figures.bad ? `${figures.bad} of ${node.ids.length} unhealthy` : figures.state);
  if (figures.waiting > 0) said.push(`${count(figures.waiting)} waiting`);
  else if (figures.inbox > 0) said.push(`${count(figures.inbox)} batches wait`);
  const flow = node.sends ? [figures.out, 'out'] : node.receives ? (figures.out === null ? [figures.in, 'in'] : [figures.out, 'delivered']) : [null];
  if (flow[0] !== null) said.push(`${rate(flow[0])} ${flow[1]}`);
  // What does not fit is left to the panel; what is wrong comes first.
  while (said.length > 1 && said.join(' · ').length > 29) said.pop();
  return said.join(' · ');
}

function makeNode(node, at, on) {
  const left = -size.width / 2, top = -size.height / 2;
  const texts = { sign: s('text', { class: 'sign', x: left + 21, y: 6 }), figures: s('text', { class: 'figures', x: left + 38, y: 23 }), tip: s('title'), far: s('text', { class: 'far-sign', x: left + 26, y: 14 }) };
  const plate = offset => s('rect', { class: 'plate', x: left + offset, y: top + offset, width: size.width, height: size.height, rx: 8 });
  const element = s('g', { transform: `translate(${at.x.toFixed(1)} ${at.y.toFixed(1)})`, tabindex: 0, role: 'button' },
    texts.tip, node.fold && [plate(7), plate(3.5)], plate(0),
    s('path', { class: 'stripe', d: `M${left + 5},${top + 0.5}h-1a3.5,3.5 0 0 0 -3.5,3.5v${size.height - 8}a3.5,3.5 0 0 0 3.5,3.5h1z` }),
    texts.sign,
    s('text', { class: 'kind', x: left + 38, y: -13 }, node.label ? shorten(node.name, 28) : 'block'),
    s('text', { class: 'label', x: left + 38, y: 6 }, shorten(node.label || node.name, 21)),
    s('text', { class: 'far-label', x: left + 46, y: 8 }, shorten(node.label || node.name, 13)),
    texts.figures, texts.far,
    node.fold && s('g', { class: 'unfold', 'aria-hidden': 'true', onclick: event => { event.stopPropagation(); on.unfold(node.key); } },
      s('title', {}, 'Unfold'), s('rect', { x: -left - 30, y: -9, width: 22, height: 22, rx: 5 }), s('text', { x: -left - 19, y: 7 }, '+')));
  element.addEventListener('click', () => on.node(node.key));
  element.addEventListener('focus', () => element.matches(':focus-visible') && on.focus(node.key));
  element.addEventListener('keydown', event => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    on.node(node.key, true);
  });
  return { node, element, texts };
}

function makeArc(arc, { path, label }, moving, on) {
  const parts = { hit: s('path', { class: 'hit', d: path }), line: s('path', { class: 'line', d: path }), tip: s('path', { class: 'tip' }) };
  if (arc.data && moving) parts.flow = s('path', { class: 'flow', d: path });
  const element = s('g', { onclick: () => on.arc(arc.key) }, s('title', {}, arc.data ? `${arc.from} → ${arc.to}` : `${arc.to} refers to ${arc.from}`), parts.line, parts.flow, parts.tip, parts.hit);
  let labels;
  if (arc.data) {
    parts.rate = s('text', { x: label.x, y: label.y - 5 });
    parts.trouble = s('text', { class: 'trouble', ...label.trouble });
    labels = s('g', { onclick: () => on.arc(arc.key) }, parts.rate, parts.trouble);
  }
  return { arc, element, parts, labels };
}

function updateArc({ arc, element, parts, labels, tip }, flow, classes) {
  if (!arc.data) {
    element.setAttribute('class', `arc reference${classes}`);
    if (!parts.tip.hasAttribute('d')) parts.tip.setAttribute('d', arrow(tip, 5));
    return;
  }
  const trouble = troubleOf(flow), now = flow.rate ?? 0;
  const width = trouble && trouble.kind !== 'dropped' ? Math.max(5, widthOf(now)) : widthOf(now);
  const pace = now >= 1000 ? ' fast' : now >= 10 ? ' medium' : now > 0 ? ' slow' : ' idle';
  const name = `arc data${pace}${trouble ? ` ${trouble.kind}` : ''}${classes}`;
  if (element.getAttribute('class') !== name) {
    element.setAttribute('class', name);
    labels.setAttribute('class', name.replace('arc', 'arc-label'));
  }
  if (parts.width !== width) {
    parts.width = width;
    parts.line.style.strokeWidth = width;
    if (parts.flow) parts.flow.style.strokeWidth = Math.max(1.5, width * 0.5);
    parts.tip.setAttribute('d', arrow(tip, Math.max(5, width * 0.95)));
  }
  setText(parts.rate, rate(flow.rate));
  setText(parts.trouble, trouble?.text ?? '');
}

// Steps of half a pixel: a rate that trembles must not make lines tremble.
const widthOf = now => Math.min(8, Math.round((1.3 + 1.1 * Math.log10(1 + now)) * 2) / 2);
const arrow = ({ x, y, ahead }, half) => `M${x},${y}l${-ahead * 10},${-half}v${2 * half}z`;

/** on: {node(key, byKey), arc(key), unfold(key), focus(key)} */
export function draw(scene, { nodes, arcs }, { places, paths }, on) {
  const moving = arcs.size <= mostMoving;
  // Left to right is also the order of the Tab key.
  const order = [...nodes.values()].sort((a, b) => places.get(a.key).x - places.get(b.key).x || places.get(a.key).y - places.get(b.key).y);
  const drawnNodes = new Map(order.map(node => [node.key, makeNode(node, places.get(node.key), on)]));
  const drawnArcs = new Map([...arcs.values()].map(arc => [arc.key, { ...makeArc(arc, paths.get(arc.key), moving, on), tip: paths.get(arc.key).tip }]));
  scene.replaceChildren(
    s('g', { 'aria-hidden': 'true' }, [...drawnArcs.values()].map(one => one.element)),
    s('g', { 'aria-hidden': 'true' }, [...drawnArcs.values()].map(one => one.labels)),
    s('g', {}, [...drawnNodes.values()].map(one => one.element)));

  return {
    /** figures, flows: Map key → what topology.js sums up; marks: {selected: Set, related: Set or null, matches: Set, at} of keys. */
    update(figures, flows, { selected, related, matches, at }) {
      const classes = key => (selected.has(key) ? ' selected' : '') + (related && !related.has(key) ? ' dim' : '') + (matches.has(key) ? ' match' : '') + (key === at ? ' at' : '');
      for (const [key, { node, element, texts }] of drawnNodes) {
        const now = figures.get(key), said = figuresText(node, now);
        element.setAttribute('class', `node ${now.state}${node.fold ? ' fold' : ''}${classes(key)}`);
        element.setAttribute('aria-pressed', selected.has(key));
        element.setAttribute('aria-label', `${node.fold ? `${node.label} of ${node.name}` : key}, ${now.state === 'healthy' ? 'healthy, ' : ''}${said}`);
        setText(texts.sign, sign[now.state]);
        setText(texts.far, sign[now.state]);
        setText(texts.figures, said);
        setText(texts.tip, `${node.fold ? node.name : key}${now.message ? `\n${now.message}` : ''}`);
      }
      for (const [key, one] of drawnArcs) updateArc(one, flows.get(key), classes(key));
    },
    focus: key => drawnNodes.get(key)?.element.focus({ preventScroll: true }),
  };
}
