// Dragging over a time axis to look closer: the mouse, a pen or a finger; the page still scrolls up and down.

import { h } from '../../dom.js';

const least = 5;  // pixels; less is a click
const double = 250;  // ms

/** onRange(x0, x1), onClick(x), onOut(): in pixels of `element`, which must be positioned. Returns a function that ends it. */
export function dragRange(element, { onRange, onClick, onOut }) {
  const mark = h('div', { class: 'drag-mark', hidden: true });
  element.append(mark);
  let begin = null, clicked;
  const at = event => {
    const box = element.getBoundingClientRect();
    return Math.min(Math.max(event.clientX - box.left, 0), box.width);
  };
  const cancel = () => {
    begin = null;
    mark.hidden = true;
  };
  const on = {
    pointerdown(event) {
      if (event.button !== 0 || event.target.closest('button, a')) return;
      begin = at(event);
      element.setPointerCapture(event.pointerId);
    },
    pointermove(event) {
      if (begin === null) return;
      const x = at(event);
      mark.hidden = Math.abs(x - begin) < least;
      mark.style.left = `${Math.min(x, begin)}px`;
      mark.style.width = `${Math.abs(x - begin)}px`;
    },
    pointerup(event) {
      if (begin === null) return;
      const x = at(event), from = begin;
      cancel();
      if (Math.abs(x - from) >= least) onRange(Math.min(x, from), Math.max(x, from));
      else if (onClick) {
        clearTimeout(clicked);
        clicked = setTimeout(onClick, double, x);  // unless it becomes a double click
      }
    },
    pointercancel: cancel,
    dblclick() {
      clearTimeout(clicked);
      onOut?.();
    },
    keydown: event => event.key === 'Escape' && cancel(),
  };
  for (const [name, f] of Object.entries(on)) element.addEventListener(name, f);
  return () => {
    clearTimeout(clicked);
    for (const [name, f] of Object.entries(on)) element.removeEventListener(name, f);
    mark.remove();
  };
}
