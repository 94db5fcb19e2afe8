// Bars over time, one part upon the other; drag or click to look closer.

import { h, s, setText, show } from '../../dom.js';
import { clock, dateTime, exact } from '../../format.js';
import { dragRange } from './drag.js';

const size = [1000, 100];  // of the drawing; it is stretched to the page

/** onRange(from, to) in milliseconds, onOut(): double click. */
export function histogram({ label, onRange, onOut }) {
  let shown = null;
  const drawing = s('svg', { viewBox: `0 0 ${size[0]} ${size[1]}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label });
  const axis = h('div', { class: 'axis' }), most = h('div', { class: 'most' }), says = h('div', { class: 'says' });
  const element = h('div', { class: 'histogram' }, drawing, axis, most, says);
  const indexAt = x => (shown ? Math.min(shown.steps - 1, Math.floor(timeAt(x) - shown.from) / shown.step_ms | 0) : -1);
  const timeAt = x => shown.from + (shown.to - shown.from) * x / element.clientWidth;
  const time = t => (shown.to - shown.from > 86400e3 ? dateTime(t) : clock(t).slice(0, 8));
  const end = dragRange(element, {
    onRange: (x0, x1) => shown && onRange(timeAt(x0), timeAt(x1)),
    onClick: x => {
      const i = indexAt(x);
      if (i >= 0 && shown.totals[i] > 0) onRange(shown.from + i * shown.step_ms, shown.from + (i + 1) * shown.step_ms);
    },
    onOut,
  });
  element.addEventListener('pointermove', event => {
    const i = shown ? indexAt(event.clientX - element.getBoundingClientRect().left) : -1;
    if (i < 0) return setText(says, '');
    const parts = shown.parts.filter(one => one.counts[i] > 0).map(one => `${one.name} ${exact(one.counts[i])}`);
    setText(says, `${time(shown.from + i * shown.step_ms)}: ${parts.join(', ') || '0'}`);
  });
  element.addEventListener('pointerleave', () => setText(says, ''));
  return {
    element,
    /** parts: [{name, class, counts}], the lowest first; step_ms: how long each count is. */
    draw({ from, to, step_ms, parts }) {
      const steps = Math.max(0, ...parts.map(one => one.counts.length));
      const totals = Array.from({ length: steps }, (_, i) => parts.reduce((sum, one) => sum + (one.counts[i] ?? 0), 0));
      shown = { from, to, step_ms, parts, steps, totals };
      const top = Math.max(1, ...totals), width = size[0] * step_ms / (to - from);
      show(drawing);
      const below = new Array(steps).fill(0);
      for (const part of parts) {
        let path = '';
        part.counts.forEach((n, i) => {
          if (!n) return;
          const height = Math.max(1, size[1] * n / top), x = i * width;
          path += `M${x.toFixed(2)} ${(size[1] - below[i]).toFixed(2)}h${Math.max(width * 0.86, 0.5).toFixed(2)}v${(-height).toFixed(2)}h${(-Math.max(width * 0.86, 0.5)).toFixed(2)}z`;
          below[i] += height;
        });
        if (path) drawing.append(s('path', { d: path, class: part.class }));
      }
      const sum = totals.reduce((all, one) => all + one, 0);
      drawing.setAttribute('aria-label', `${label}: ${exact(sum)}`);
      setText(most, sum ? `${exact(sum)} lines` : '');
      show(axis, [0, 0.5, 1].map(part => h('span', {}, time(from + (to - from) * part))));
    },
    destroy: end,
  };
}
