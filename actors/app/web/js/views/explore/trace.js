// One trace as a waterfall: its spans as a tree beside bars on one axis of time.

import { h, show } from '../../dom.js';
import { dateTime, duration, exact, msOf } from '../../format.js';
import { component, live } from '../../live.js';
import { link } from '../../router.js';
import { latest, unreachable } from './request.js';
import { askStore, chosenStore, noStore } from './store.js';

const most_rows = 2000;   // at once; the rest on demand
const most_indent = 16;   // levels; deeper ones only say how deep they are
const colours = 8;
const long = 2000;
const around_ms = 5 * 60e3;

/** All spans in order, with depth, parent and offset from the start; nothing here is deeper than the store's 200. */
function flatten(roots) {
  const all = [];
  const visit = (span, depth, parent) => {
    const one = { span, depth, parent, index: all.length, start: BigInt(span.start_ns), children: span.children.length, open: true };
    all.push(one);
    for (const child of span.children) visit(child, depth + 1, one);
  };
  for (const root of roots) visit(root, 0, null);
  const begin = all.reduce((least, one) => (one.start < least ? one.start : least), all[0]?.start ?? 0n);
  let length = 1;
  for (const one of all) {
    one.offset = Number(one.start - begin);
    length = Math.max(length, one.offset + one.span.duration_ns);
  }
  return { all, begin, length };
}

const textOf = value => (typeof value === 'string' ? value : JSON.stringify(value));

function value(text) {
  if (text.length <= long) return text;
  const part = h('span', {}, `${text.slice(0, long)}… `);
  const all = h('button', { type: 'button', onclick: () => { show(part, text); all.remove(); } }, `show all (${exact(text.length)} characters)`);
  return [part, all];
}

function pairs(caption, object) {
  const entries = Object.entries(object ?? {});
  if (entries.length === 0) return null;
  return h('div', {}, h('h3', {}, caption), h('table', { class: 'fields', 'aria-label': caption }, h('tbody', {}, entries.map(([name, one]) => {
    const text = textOf(one);
    const known = name.endsWith('component_id') && component(text);
    return h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, known ? h('a', { href: link(`component/${text}`) }, text) : value(text)));
  }))));
}

function details(one, logs) {
  const { span } = one;
  return h('div', { role: 'row', class: `span-more series-${one.colour}` }, h('div', { role: 'gridcell', 'aria-colspan': 2, class: 'log-more' },
    h('div', { class: 'trace-head' },
      h('b', {}, span.name), span.status === 'error' && h('span', { class: 'bad' }, `✕ error${span.status_message ? `: ${span.status_message}` : ''}`),
      span.orphan && h('span', { class: 'warn' }, '▲ its parent is not kept'),
      h('span', {}, `${span.kind}, after ${duration(one.offset)}, took ${duration(span.duration_ns)}`),
      h('span', { class: 'quiet mono' }, `span ${span.span_id}`), h('a', { href: logs }, 'log lines of the trace →')),
    pairs('Attributes', span.attributes),
    (span.events ?? []).length > 0 && h('div', {}, h('h3', {}, 'Events'), span.events.map(event => h('div', {},
      h('span', { class: 'quiet' }, `after ${duration(Number(BigInt(event.time_ns) - one.start) + one.offset)}`), ' ', h('b', {}, event.name), pairs('', event.attributes)))),
    pairs('Resource', span.resource),
    span.scope && pairs('Scope', { name: span.scope, ...span.scope_attributes })));
}

/** The grid; `colourOf(service)` is 1 to 8. */
function waterfall({ all, length }, colourOf, logs) {
  let limit = most_rows, focused = 0;
  const rows = new Map(), opened = new Map();
  const body = h('div', { role: 'rowgroup' });
  const more = h('button', { type: 'button', onclick: () => { limit += most_rows; render(); } });
  const foot = h('div', { class: 'older' }, more);
  const grid = h('div', { class: 'waterfall', role: 'treegrid', 'aria-label': 'Spans', 'aria-rowcount': all.length },
    h('div', { role: 'rowgroup' }, h('div', { role: 'row', class: 'wf-row wf-head' }, h('div', { role: 'columnheader', class: 'wf-name' }, 'Span'),
      h('div', { role: 'columnheader', class: 'ticks' }, [0, 0.25, 0.5, 0.75, 1].map(part => h('span', { style: part < 1 ? { left: `${part * 100}%` } : { right: '0' } }, part === 0 ? '0' : duration(length * part)))))), body);

  const hiddenBy = one => {
    for (let up = one.parent; up; up = up.parent) if (!up.open) return true;
    return false;
  };
  const visible = () => {
    const shown = [];
    // What is below a closed span follows it: it is skipped by depth.
    let closed = Infinity;
    for (const one of all) {
      if (one.depth > closed) continue;
      closed = one.open ? Infinity : one.depth;
      shown.push(one);
    }
    return shown;
  };

  function make(one) {
    const { span } = one;
    one.colour = colourOf(span.service);
    const left = 100 * one.offset / length, width = 100 * span.duration_ns / length;
    const toggle = one.children ? h('button', { type: 'button', class: 'toggle', tabindex: -1, 'aria-hidden': 'true' }) : h('span', { class: 'toggle' });
    const bar = h('span', { class: 'time-bar', style: { left: `${left}%`, width: `max(2px, ${width}%)` } });
    // Beside the bar, where there is room; else in it.
    const beside = left + width < 80 ? { left: `${left + width}%` } : left > 20 ? { right: `${100 - left}%` } : null;
    const took = h('span', { class: beside ? 'took' : 'took inside', style: beside }, duration(span.duration_ns));
    const name = h('div', { role: 'gridcell', class: 'wf-name', style: { paddingLeft: `${Math.min(one.depth, most_indent) * 12 + 4}px` } },
      toggle, one.depth > most_indent && h('span', { class: 'quiet' }, `${one.depth}·`),
      span.status === 'error' && h('span', { class: 'bad', title: 'error' }, '✕', h('span', { class: 'visually-hidden' }, 'error')),
      span.orphan && h('span', { class: 'warn', title: 'Its parent is not kept' }, '▲'),
      h('span', { class: 'name', title: span.name }, span.name), h('span', { class: 'service', title: span.service }, h('span', {}, span.service || '–')));
    const row = h('div', { role: 'row', class: `wf-row span-row series-${one.colour}`, tabindex: -1, 'aria-level': one.depth + 1, 'aria-rowindex': one.index + 1 },
      name, h('div', { role: 'gridcell', class: 'wf-time', 'aria-label': `after ${duration(one.offset)}, took ${duration(span.duration_ns)}` }, bar, took));
    row.one = one;
    row.toggle = toggle;
    return row;
  }

  const rowOf = one => rows.get(one.index) ?? rows.set(one.index, make(one)).get(one.index);

  function render() {
    const shown = visible(), some = shown.slice(0, limit);
    const wanted = some.flatMap(one => {
      const row = rowOf(one);
      if (one.children) {
        row.setAttribute('aria-expanded', String(one.open));
        row.toggle.textContent = one.open ? '▾' : '▸';
      }
      row.setAttribute('aria-selected', String(opened.has(one.index)));
      row.tabIndex = one.index === focused ? 0 : -1;
      return opened.has(one.index) ? [row, opened.get(one.index)] : [row];
    });
    // Only what differs is moved: the focus stays.
    let at = body.firstChild;
    const stay = new Set(wanted);
    for (const node of [...body.children]) if (!stay.has(node)) { if (node === at) at = at.nextSibling; node.remove(); }
    at = body.firstChild;
    for (const node of wanted) {
      if (node === at) at = at.nextSibling;
      else body.insertBefore(node, at);
    }
    foot.hidden = shown.length <= limit;
    more.textContent = `Show more: ${exact(limit)} of ${exact(shown.length)} spans are shown`;
  }

  function focus(one) {
    rows.get(focused)?.setAttribute('tabindex', '-1');
    focused = one.index;
    const row = rows.get(focused);
    if (!row?.isConnected) return;
    row.tabIndex = 0;
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: 'nearest' });
  }
  const fold = (one, open) => {
    one.open = open;
    if (!open && hiddenBy(all[focused])) focused = one.index;
    render();
  };
  const inspect = one => {
    if (opened.has(one.index)) opened.delete(one.index);
    else opened.set(one.index, details(one, logs));
    render();
  };

  body.addEventListener('click', event => {
    const row = event.target.closest('.span-row');
    if (!row) return;
    if (event.target === row.toggle && row.one.children) fold(row.one, !row.one.open);
    else inspect(row.one);
    focus(row.one);
  });
  body.addEventListener('keydown', event => {
    if (!event.target.classList.contains('span-row')) return;
    const { one } = event.target;
    const shown = visible().slice(0, limit), at = shown.indexOf(one);
    const act = {
      ArrowDown: () => shown[at + 1] && focus(shown[at + 1]),
      ArrowUp: () => shown[at - 1] && focus(shown[at - 1]),
      Home: () => focus(shown[0]),
      End: () => focus(shown.at(-1)),
      ArrowRight: () => { if (one.children && !one.open) fold(one, true); else if (one.children) focus(shown[at + 1]); },
      ArrowLeft: () => { if (one.children && one.open) fold(one, false); else if (one.parent) focus(one.parent); },
      Enter: () => inspect(one),
      ' ': () => inspect(one),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  render();
  return { element: h('div', {}, grid, foot), foldAll(open) {
    for (const one of all) if (one.children) one.open = open || one.depth === 0;
    if (hiddenBy(all[focused])) focused = 0;
    render();
  } };
}

export default function mountTrace(root, { id, query }) {
  const asking = latest();
  let wanted = query.get('store') ?? '', shownOf = null, failed = false;
  const missing = noStore();
  const head = h('h1', {}, 'Trace ', h('span', { class: 'mono' }, id));
  const back = h('a', { href: link('explore/traces', { store: wanted }) }, '← all traces');
  const content = h('div', {}, h('p', { class: 'quiet' }, 'Loading…'));
  const page = h('div', { class: 'explore' }, h('div', { class: 'tools head' }, head, back), content);

  function draw(trace) {
    const tree = flatten(trace.roots);
    const start = msOf(trace.start_ns);
    const colourOf = service => Math.max(0, trace.services.indexOf(service)) % colours + 1;
    const logs = link('explore/logs', { store: wanted, trace_id: id, from: Math.floor(start - around_ms), to: Math.ceil(start + trace.duration_ns / 1e6 + around_ms) });
    if (tree.all.length === 0) return show(content, h('p', { class: 'empty' }, 'The trace has no spans any more.'));
    const spans = waterfall(tree, colourOf, logs);
    show(content,
      h('div', { class: 'panel' },
        h('dl', { class: 'trace-head' }, [
          ['Root', trace.root_name || '–'], ['Start', dateTime(start)], ['Duration', duration(trace.duration_ns)], ['Spans', exact(trace.span_count)],
        ].map(([name, text]) => h('div', {}, h('dt', { class: 'quiet' }, name), h('dd', {}, text))),
        h('div', {}, h('dt', { class: 'quiet' }, 'Errors'), h('dd', { class: trace.error_count ? 'bad' : '' }, trace.error_count ? `✕ ${exact(trace.error_count)}` : '0')),
        h('div', {}, h('dt', { class: 'quiet' }, 'Services'), h('dd', { class: 'services' }, trace.services.map(one => h('span', { class: `service series-${colourOf(one)}` }, one || '–'))))),
        h('div', { class: 'tools' }, h('a', { href: logs }, 'its log lines →'),
          h('button', { type: 'button', onclick: () => spans.foldAll(true) }, 'Expand all'), h('button', { type: 'button', onclick: () => spans.foldAll(false) }, 'Collapse'),
          h('span', { class: 'quiet' }, 'Click a span for what it says of itself.')),
        !trace.rooted && h('p', { class: 'note warn' }, '▲ The root of this trace is not kept: what is shown is a part.'),
        trace.truncated && h('p', { class: 'note warn' }, `▲ The trace is too large: ${exact(tree.all.length)} of ${exact(trace.span_count)} spans are shown.`)),
      spans.element);
  }

  function load() {
    const label = chosenStore(wanted);
    shownOf = label;
    asking.run(signal => askStore(label, `traces/${id}`, {}, signal), trace => {
      failed = false;
      draw(trace);
    }, error => {
      failed = unreachable(error);
      if (error.status === 404) {
        show(content, h('div', { class: 'empty' }, h('p', {}, `There is no trace ${id} in store.local.${label}.`),
          h('p', {}, 'It may have been dropped by sampling, pruned since, or not have come yet.'),
          h('p', {}, h('button', { type: 'button', onclick: load }, 'Look again'), ' ', h('a', { href: link('explore/logs', { store: wanted, trace_id: id }) }, 'Its log lines'))));
      } else if (!content.querySelector('.waterfall')) {
        show(content, h('p', { class: 'note bad', role: 'alert' }, `✕ ${error.message}`));
      }
    });
  }

  function begin() {
    if (!live.status) return;
    if (!chosenStore(wanted)) {
      shownOf = null;
      return root.contains(missing) ? undefined : show(root, missing);
    }
    if (shownOf !== null) return;
    show(root, page);
    load();
  }

  show(root, page);
  begin();
  return {
    update() {
      begin();
      if (failed && live.state === 'live' && !asking.busy) load();
    },
    query(next) {
      wanted = next.get('store') ?? '';
      if (live.status && chosenStore(wanted) !== shownOf) {
        shownOf = null;
        begin();
      }
    },
    destroy: () => asking.stop(),
  };
}
