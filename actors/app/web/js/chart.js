// Lines over time. Wraps dygraphs, which is loaded when the first chart is drawn; colours are those of the style sheet.

import { h, show } from './dom.js';
import { ApiError } from './api.js';
import { clock, dateTime } from './format.js';
import { dragRange } from './views/explore/drag.js';

const most_rows = 1500;  // more would be more than the pixels of most screens
const most_values = 12;  // at the pointer
const colours = 8;
const patterns = [null, [7, 3], [2, 3], [9, 3, 2, 3], [14, 4], [4, 4, 1, 4], [1, 4]];

let loading;
function library() {
  return loading ??= new Promise((resolve, reject) => {
    const script = h('script', { src: 'assets/lib/dygraph.js', onload: () => {
      const { Dygraph } = window;
      // Its legend sets style attributes, which the policy forbids; ours is a table.
      Dygraph.PLUGINS = Dygraph.PLUGINS.filter(one => one !== Dygraph.Plugins.Legend);
      resolve(Dygraph);
    }, onerror: () => {
      loading = undefined;
      script.remove();
      reject(new ApiError('the chart library could not be loaded', 0));
    } });
    document.head.append(h('link', { rel: 'stylesheet', href: 'assets/lib/dygraph.css' }), script);
  });
}

/** The class of a series' swatch; a colour comes again with another pattern. */
export const swatchOf = index => `swatch series-${index % colours + 1} pattern-${Math.floor(index / colours) % patterns.length}`;

/** One row per time. Where the times of the series differ too much, they are put on a grid. */
function rowsOf(series, from, to) {
  const times = new Set();
  for (const one of series) for (const t of one.times) times.add(t);
  if (times.size <= most_rows) {
    const sorted = Float64Array.from(times).sort();
    const index = new Map();
    const rows = Array.from(sorted, (t, i) => {
      index.set(t, i);
      return [new Date(t), ...new Array(series.length).fill(null)];
    });
    series.forEach((one, k) => one.times.forEach((t, i) => { rows[index.get(t)][k + 1] = one.values[i]; }));
    return rows;
  }
  let first = from, last = to;
  for (const t of times) {
    if (t < first) first = t;
    if (t > last) last = t;
  }
  const step = (last - first) / (most_rows - 2);
  const rows = Array.from({ length: most_rows }, (_, i) => [new Date(first + i * step), ...new Array(series.length).fill(null)]);
  series.forEach((one, k) => one.times.forEach((t, i) => {
    const at = Math.round((t - first) / step);
    // A gap must not cover the value before it.
    if (Number.isNaN(one.values[i]) && rows[at][k + 1] !== null) rows[at + 1][k + 1] = NaN;
    else rows[at][k + 1] = one.values[i];
  }));
  return rows;
}

/** The index of the value nearest to a time, at most `reach` away; -1: none. */
function nearest(times, t, reach) {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < t) low = middle + 1;
    else high = middle;
  }
  if (low > 0 && (low === times.length || t - times[low - 1] < times[low] - t)) --low;
  return low < times.length && Math.abs(times[low] - t) <= reach ? low : -1;
}

/**
 * A chart in `root`. onRange(from, to): dragged, in milliseconds; onOut(): double click; onHover(index | null).
 * draw({series: [{label, times, values, reach, visible}], from, to, format, zero, binary}); NaN is a gap; `reach`: how
 * long a value stands for the time around it; `zero`: zero is shown too; `binary`: ticks at powers of 1024.
 */
export function makeChart(root, { label, onRange, onOut, onHover }) {
  let graph = null, shown = null, rows = [], destroyed = false, cursor = -1;
  const plot = h('div', { class: 'chart-plot' });
  const tip = h('div', { class: 'chart-tip', hidden: true });
  const frame = h('div', { class: 'chart', tabindex: 0, role: 'group', 'aria-roledescription': 'chart', 'aria-label': label }, plot, tip);
  show(root, frame);

  const hide = () => {
    tip.hidden = true;
    cursor = -1;
    onHover?.(null);
  };

  function values(t) {
    const all = [];
    shown.series.forEach((one, index) => {
      const i = one.visible ? nearest(one.times, t, one.reach) : -1;
      if (i >= 0 && Number.isFinite(one.values[i])) all.push({ index, label: one.label, value: one.values[i] });
    });
    return all.sort((a, b) => b.value - a.value);
  }

  function point(t, at, byKey) {
    const all = values(t);
    const place = Math.max(0, all.findIndex(one => one.index === at));
    const begin = Math.max(0, Math.min(place - most_values / 2, all.length - most_values));
    const some = all.slice(begin, begin + most_values);
    show(tip, h('div', { class: 'quiet' }, shown.to - shown.from > 86400e3 ? dateTime(t) : clock(t)),
      some.map(one => h('div', { class: one.index === at && all.length > 1 ? 'tip-line on' : 'tip-line' },
        h('span', { class: swatchOf(one.index) }), h('span', { class: 'tip-label' }, one.label), h('b', {}, shown.format(one.value)))),
      all.length > some.length && h('div', { class: 'quiet' }, `and ${all.length - some.length} more`));
    tip.setAttribute('aria-live', byKey ? 'polite' : 'off');
    tip.hidden = false;
    const x = graph.toDomXCoord(t);
    tip.style.left = x > frame.clientWidth / 2 ? '' : `${x + 14}px`;
    tip.style.right = x > frame.clientWidth / 2 ? `${frame.clientWidth - x + 14}px` : '';
    onHover?.(all.length ? at : null);
  }

  function options() {
    const style = getComputedStyle(document.documentElement);
    const colour = name => style.getPropertyValue(name).trim();
    const axis = { axisLineColor: colour('--line'), gridLineColor: colour('--line'), gridLineWidth: 1, axisLabelFontSize: 12 };
    const perSeries = {};
    shown.series.forEach((_, i) => { perSeries[i] = { strokePattern: patterns[Math.floor(i / colours) % patterns.length] }; });
    return {
      labels: ['time', ...shown.series.map((_, i) => String(i))],
      colors: shown.series.map((_, i) => colour(`--series-${i % colours + 1}`)),
      visibility: shown.series.map(one => one.visible),
      series: perSeries,
      dateWindow: [shown.from, shown.to],
      includeZero: shown.zero,
      connectSeparatedPoints: true,  // null: another series has a value at that time; NaN: a gap
      strokeWidth: 1.4,
      highlightCircleSize: 3,
      highlightSeriesOpts: shown.series.length > 1 ? { strokeWidth: 2.6 } : null,
      highlightSeriesBackgroundAlpha: 0.75,
      highlightSeriesBackgroundColor: colour('--paper'),
      rightGap: 8,
      xRangePad: 0,
      yRangePad: 8,
      interactionModel: {},  // dragging is dragRange's
      axes: {
        x: { ...axis, pixelsPerLabel: 80 },
        y: { ...axis, axisLabelWidth: 64, labelsKMG2: shown.binary, axisLabelFormatter: value => shown.format(value) },
      },
      highlightCallback: (event, t, points, row, name) => {
        cursor = row;
        point(t, Number(name ?? points[0]?.name ?? 0), false);
      },
      unhighlightCallback: hide,
    };
  }

  /** Anew: colours and series are what dygraphs does not change in place. */
  function make(Dygraph) {
    graph?.destroy();
    graph = new Dygraph(plot, rows, options());
  }

  const endDrag = dragRange(frame, {
    onRange: (x0, x1) => {
      if (!graph) return;
      const from = Math.max(graph.toDataXCoord(x0), shown.from), to = Math.min(graph.toDataXCoord(x1), shown.to);
      if (to > from) onRange(from, to);
    },
    onOut,
  });
  frame.addEventListener('keydown', event => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === 'Escape' && graph) {
      graph.clearSelection();
      hide();
    }
    if (!by || !graph || !rows.length) return;
    event.preventDefault();
    const inside = i => rows[i] && rows[i][0] >= shown.from && rows[i][0] <= shown.to;
    let next = cursor < 0 ? (by > 0 ? rows.findIndex((_, i) => inside(i)) : rows.length - 1) : cursor + by;
    if (!inside(next)) next = cursor;
    if (next < 0) return;
    cursor = next;
    graph.setSelection(next);
    point(rows[next][0].getTime(), shown.series.findIndex(one => one.visible), true);
  });
  const recolour = () => graph && make(window.Dygraph);
  const system = matchMedia('(prefers-color-scheme: dark)');
  addEventListener('themechange', recolour);
  system.addEventListener('change', recolour);
  let width = 0;
  const sized = new ResizeObserver(() => {
    if (!graph || frame.clientWidth === width) return;
    width = frame.clientWidth;
    graph.resize();
  });
  sized.observe(frame);

  return {
    element: frame,
    async draw(data) {
      const Dygraph = await library();
      if (destroyed) return;
      const same = graph && shown.series.length === data.series.length && shown.series.every((one, i) => one.label === data.series[i].label);
      shown = data;
      rows = rowsOf(data.series, data.from, data.to);
      if (rows.length === 0) rows = [[new Date(data.from), ...data.series.map(() => null)], [new Date(data.to), ...data.series.map(() => null)]];
      if (!same) {
        hide();
        return make(Dygraph);
      }
      graph.updateOptions({ ...options(), file: rows });
    },
    /** Which series are visible: one flag each. */
    setVisible(flags) {
      if (!graph) return;
      shown.series.forEach((one, i) => { one.visible = flags[i]; });
      graph.updateOptions({ visibility: flags });
    },
    /** Shows one series above the others; null: none. */
    emphasize(index) {
      if (!graph) return;
      if (index === null) graph.clearSelection();
      else if (rows.length && shown.series[index]?.visible) graph.setSelection(false, String(index));
    },
    width: () => frame.clientWidth,
    destroy() {
      destroyed = true;
      graph?.destroy();
      graph = null;
      endDrag();
      sized.disconnect();
      removeEventListener('themechange', recolour);
      system.removeEventListener('change', recolour);
    },
  };
}
