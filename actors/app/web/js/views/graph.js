// The configuration as a graph that lives: what refers to what, what flows where, and what does not.

import { h, s, setText, show } from '../dom.js';
import { remember } from '../router.js';
import { camera } from '../graph/camera.js';
import { draw } from '../graph/drawing.js';
import { lay, node as size } from '../graph/layout.js';
import { edgeList } from '../graph/list.js';
import { arcPanel, nodePanel } from '../graph/panel.js';
import { arcKey, figuresOf, flowOf, foldAbove, lineage, shapeOf, topology } from '../graph/topology.js';

export const title = () => 'Graph';

/** What an address says. select and to: keys of nodes; with both an arc is meant. */
function read(query) {
  const text = name => query.get(name) ?? '';
  return { q: text('q'), select: text('select'), to: text('to'), fold: text('fold'), unfold: new Set(text('unfold').split(',').filter(Boolean)), list: text('as') === 'list' };
}

export default function mount(root, { query }) {
  let wanted = read(query);
  let status = null, shape = null, view = null, drawing = null, panel = null, list = null;
  let turn = 0, ended = false, untouched = true, found = [], at = 0, problem = -1;

  const search = h('input', { type: 'search', class: 'grow', placeholder: 'Find a component', 'aria-label': 'Find a component; Enter goes on to the next', value: wanted.q, oninput: () => { wanted.q = search.value; at = 0; lookFor(true); store(); }, onkeydown: onSearchKey });
  const hits = h('span', { class: 'quiet', role: 'status' });
  const problems = h('button', { type: 'button', class: 'graph-problems', onclick: nextProblem });
  const foldButton = h('button', { type: 'button', title: 'Draw components of one kind with like neighbours as one', onclick: toggleFold }, 'Fold alike');
  const listButton = h('button', { type: 'button', title: 'The edges in words', onclick: () => { wanted.list = !wanted.list; store(true); arrange(); } }, 'As a list');
  const scene = s('g');
  const picture = s('svg', { class: 'graph', tabindex: 0, role: 'group', 'aria-label': 'Graph' }, scene);
  const note = h('p', { class: 'graph-note quiet', role: 'status' }, 'Laying out …');
  const legend = h('p', { class: 'graph-legend quiet', 'aria-hidden': 'true' },
    [['data', '', 'data, thicker: more'], ['reference', '', 'reference'], ['stuck', '✕', 'stuck'], ['dropping', '▼', 'drops'], ['dropped', '▽', 'dropped earlier']].map(([look, mark, text]) => h('span', { class: look }, h('i'), `${mark} ${text}`)));
  const button = (text, label, onclick) => h('button', { type: 'button', title: label, 'aria-label': label, onclick }, text);
  const aside = h('aside', { class: 'panel graph-panel', tabindex: -1, 'aria-label': 'What is selected', hidden: true });
  const stage = h('div', { class: 'graph-stage' }, picture, note, legend,
    h('div', { class: 'graph-zoom' }, button('+', 'Closer (+)', () => eye.zoom(1.4)), button('−', 'Farther (−)', () => eye.zoom(1 / 1.4)), button('⤢', 'All of it', fit)));
  const words = h('div', { class: 'graph-list-view' });
  const body = h('div', { class: 'graph-body' }, stage, words, aside);
  show(root, h('h1', { class: 'unseen' }, 'Graph'), h('div', { class: 'tools' }, search, hits, problems, foldButton, listButton), body);

  const eye = camera(picture, scene, by => { if (by === 'hand') untouched = false; });
  const resized = new ResizeObserver(() => untouched && fit());
  resized.observe(body);
  picture.addEventListener('click', event => { if (event.target === picture && !eye.wasDrag()) select(''); });
  root.addEventListener('keydown', onKey);

  const folding = () => (wanted.fold ? wanted.fold === 'on' : (status?.components.length ?? 0) > foldAbove);
  const store = push => remember({ q: wanted.q, select: wanted.select, to: wanted.to, fold: wanted.fold, unfold: [...wanted.unfold].join(','), as: wanted.list ? 'list' : '' }, { push });
  const selected = () => (wanted.to ? arcKey(wanted.select, wanted.to) : wanted.select);
  const placeOf = key => view?.laid.places.get(key) ?? view?.laid.paths.get(key)?.label;

  function fit() {
    if (!view) return;
    eye.fit(view.laid.width, view.laid.height);
    untouched = true;
  }

  /** A selected component must be seen by itself; an arc follows its ends into their folds. */
  function settle(made) {
    if (!wanted.select) return made;
    if (!wanted.to) {
      if (made.nodes.has(wanted.select) || !made.nodeOf.has(wanted.select)) return made;
      wanted.unfold.add(wanted.select);
      return topology(status, folding(), wanted.unfold);
    }
    wanted.select = made.nodeOf.get(wanted.select) ?? wanted.select;
    wanted.to = made.nodeOf.get(wanted.to) ?? wanted.to;
    return made;
  }

  /** Lays the graph out anew. anchor: key of a node before, and of one after, that shall stay where it is on the screen. */
  async function rebuild(anchor) {
    const mine = ++turn;
    const made = settle(topology(status, folding(), wanted.unfold));
    let laid;
    try {
      laid = await lay(made);
    } catch (error) {
      shape = null;  // tried again with the next status
      if (!view) setText(note, `The graph could not be drawn: ${error.message}.`);
      return;
    }
    if (mine !== turn || ended) return;
    const before = view, from = anchor && placeOf(anchor[0]);
    view = { topology: made, laid };
    drawing = draw(scene, made, laid, { node: onNode, arc: key => !eye.wasDrag() && selectArc(key), unfold: key => !eye.wasDrag() && unfold(key), focus: key => eye.reveal(placeOf(key), { x: size.width / 2, y: size.height / 2 }) });
    refigure();
    openPanel();
    lookFor(!before && !!wanted.q);
    if (!before || untouched) fit();
    else if (from && placeOf(anchor[1])) eye.hold(from, placeOf(anchor[1]));
    if (!before && found.length) goTo(found[at]);
    else if (wanted.select && placeOf(selected()) && (!before || anchor)) reveal();
  }

  /** New figures for what is drawn. */
  function refigure() {
    const components = new Map(status.components.map(one => [one.id, one]));
    const edges = new Map(status.edges.map(one => [arcKey(one.from, one.to), one]));
    const { nodes, arcs } = view.topology;
    Object.assign(view, {
      status, components, edges,
      figures: new Map([...nodes].map(([key, node]) => [key, figuresOf(node, components)])),
      flows: new Map([...arcs].map(([key, arc]) => [key, flowOf(arc, edges)])),
    });
    repaint();
    panel?.update(view);
    list?.update(status, [...view.topology.arcs.values()], matcher());
    note.hidden = nodes.size > 0;
    setText(note, 'The configuration has no components.');
    const wrong = problemsNow();
    problems.hidden = !wrong.length;
    setText(problems, `✕ ${wrong.length} ${wrong.length === 1 ? 'problem' : 'problems'}`);
    problems.title = 'Go to the next unhealthy component, stuck edge or edge that drops';
    foldButton.setAttribute('aria-pressed', folding());
    foldButton.hidden = !view.topology.canFold;
    picture.setAttribute('aria-label', `Graph of ${status.components.length} components and ${status.edges.length} edges, left to right. Tab goes through the components, arrow keys move the picture; "As a list" says the edges in words.`);
  }

  function repaint() {
    const key = selected();
    const arc = wanted.to && view.topology.arcs.get(key);
    const related = arc ? lineage(arc.from, arc.to, view.topology.arcs).add(key) : view.topology.nodes.has(key) ? lineage(key, key, view.topology.arcs) : null;
    drawing.update(view.figures, view.flows, { selected: new Set(key ? [key] : []), related, matches: new Set(wanted.q ? found : []), at: wanted.q ? found[at] : undefined });
  }

  const problemsNow = () => [
    ...[...view.topology.nodes.keys()].filter(key => view.figures.get(key).bad),
    ...[...view.topology.arcs.values()].filter(arc => view.flows.get(arc.key).stuck || view.flows.get(arc.key).dropRate > 0).map(arc => arc.key)];

  function nextProblem() {
    const all = problemsNow();
    if (!all.length) return;
    wanted.list = false;
    problem = (problem + 1) % all.length;
    const key = all[problem], arc = view.topology.arcs.get(key);
    if (arc) selectArc(key);
    else select(key);
    goTo(key);
  }

  /** Ids and kinds that contain every word. */
  function matcher() {
    const parts = wanted.q.toLowerCase().split(/\s+/).filter(Boolean);
    return text => parts.every(part => text.toLowerCase().includes(part));
  }

  function lookFor(go) {
    if (!view) return;
    const is = matcher();
    found = wanted.q.trim() ? [...view.topology.nodes.values()].filter(node => node.ids.some(is) || is(node.name)).map(node => node.key) : [];
    found.sort((a, b) => placeOf(a).x - placeOf(b).x || placeOf(a).y - placeOf(b).y);
    at = Math.min(at, Math.max(found.length - 1, 0));
    setText(hits, !wanted.q.trim() ? '' : found.length ? `${at + 1} of ${found.length}` : 'not found');
    repaint();
    list?.update(status, [...view.topology.arcs.values()], is);
    if (go && found.length && !wanted.list) goTo(found[at]);
  }

  function onSearchKey(event) {
    if (event.key !== 'Enter' || !found.length) return;
    event.preventDefault();
    at = (at + (event.shiftKey ? found.length - 1 : 1)) % found.length;
    lookFor(true);
  }

  function goTo(key) {
    untouched = false;
    eye.centre(placeOf(key), true);
  }

  function reveal() {
    untouched = false;
    // Where the panel is below the picture, it must not lie over it.
    if (panel && getComputedStyle(aside).position === 'sticky') stage.scrollIntoView({ block: 'start' });
    for (const key of [wanted.to, wanted.select]) if (placeOf(key)) eye.reveal(placeOf(key), { x: size.width / 2, y: size.height / 2 });
  }

  function onNode(key, byKey) {
    if (!byKey && eye.wasDrag()) return;
    select(key);
    if (byKey) aside.focus();
  }

  function select(key, to = '') {
    if (wanted.select === key && wanted.to === to) return;
    Object.assign(wanted, { select: key, to });
    store(true);
    showSelection();
  }

  function selectArc(key) {
    const arc = view.topology.arcs.get(key);
    select(arc.from, arc.to);
  }

  function showSelection() {
    if (!view) return;
    const fold = !wanted.to && view.topology.nodeOf.get(wanted.select);
    if (fold && fold !== wanted.select) return rebuild([fold, wanted.select]).then(() => store());
    openPanel();
    repaint();
    if (placeOf(selected())) reveal();
  }

  function openPanel() {
    const key = selected(), { nodes, arcs } = view.topology;
    const context = { close, select, selectArc, unfold, foldAgain, folding: folding() };
    panel = wanted.to && arcs.has(key) ? arcPanel(key, view, context) : !wanted.to && nodes.has(key) ? nodePanel(key, view, context) : null;
    const had = aside.contains(document.activeElement);
    show(aside, panel?.element);
    if (had && panel) aside.focus();
    arrange();
    panel?.update(view);
  }

  function close() {
    const key = wanted.select, had = aside.contains(document.activeElement);
    select('');
    if (had) drawing?.focus(key);
  }

  function onKey(event) {
    if (event.key !== 'Escape' || !wanted.select || (event.target === search && search.value)) return;
    event.preventDefault();
    close();
  }

  function toggleFold() {
    wanted.fold = folding() ? 'off' : 'on';
    wanted.unfold.clear();
    untouched = true;
    rebuild().then(() => store(true));
  }

  function unfold(key) {
    const first = view.topology.nodes.get(key).ids[0];
    wanted.unfold.add(key);
    if (wanted.select === key && !wanted.to) wanted.select = '';
    untouched = false;
    rebuild([key, first]).then(() => store(true));
  }

  function foldAgain(id) {
    const key = view.topology.foldOf.get(id);
    wanted.unfold.delete(key);
    for (const [one, its] of view.topology.foldOf) if (its === key) wanted.unfold.delete(one);
    wanted.select = key;
    rebuild([id, key]).then(() => store(true));
  }

  /** Picture or words, with a panel or without. */
  function arrange() {
    listButton.setAttribute('aria-pressed', wanted.list);
    stage.hidden = wanted.list;
    words.hidden = !wanted.list;
    aside.hidden = !panel || wanted.list;
    body.classList.toggle('with-panel', !aside.hidden);
    if (!wanted.list) {
      list = null;
      words.replaceChildren();
    } else if (!list && view) {
      list = edgeList();
      show(words, list.element);
      list.update(status, [...view.topology.arcs.values()], matcher());
    }
  }

  arrange();
  return {
    update(live) {
      status = live.status;
      const now = shapeOf(status);
      if (now !== shape) {
        shape = now;
        rebuild();
      } else if (view) {
        refigure();
      }
    },
    query(next) {
      const before = wanted;
      wanted = read(next);
      search.value = wanted.q;
      at = 0;
      if (!view) return;
      if (before.fold !== wanted.fold || [...before.unfold].sort().join() !== [...wanted.unfold].sort().join()) return void rebuild([before.select, wanted.select]);
      arrange();
      lookFor(before.q !== wanted.q);
      showSelection();
    },
    destroy() {
      ended = true;
      resized.disconnect();
    },
  };
}
