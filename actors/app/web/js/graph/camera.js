// Moving over the picture: wheel, drag, pinch and keys change where the scene lies; the scene itself stays as it is.

const closest = 2.5;
const farthest = 0.05;
const foot = 44;  // pixels at the bottom that buttons lie over

/** svg: listens; scene: the <g> that is moved. moved(by): after each change; by: 'hand' or 'page'. */
export function camera(svg, scene, moved) {
  let x = 0, y = 0, scale = 1;
  const pointers = new Map();
  let dragged = 0;
  const box = () => svg.getBoundingClientRect();

  function apply(by) {
    scene.setAttribute('transform', `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${scale.toFixed(4)})`);
    // Texts too small to read only make noise: what matters from afar is drawn large instead.
    svg.classList.toggle('far', scale < 0.5);
    svg.classList.toggle('farther', scale < 0.2);
    moved(by);
  }

  function zoom(factor, at, by = 'hand') {
    const { left, top, width, height } = box();
    const px = at ? at.x - left : width / 2, py = at ? at.y - top : height / 2;
    const next = Math.min(closest, Math.max(farthest, scale * factor));
    x = px - ((px - x) * next) / scale;
    y = py - ((py - y) * next) / scale;
    scale = next;
    apply(by);
  }

  function pan(dx, dy, by = 'hand') {
    x += dx, y += dy;
    apply(by);
  }

  function onWheel(event) {
    event.preventDefault();
    const pixels = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
    zoom(Math.exp(-Math.max(-200, Math.min(200, pixels)) * (event.ctrlKey ? 0.01 : 0.002)), { x: event.clientX, y: event.clientY });
  }

  const centre = () => {
    const all = [...pointers.values()];
    const mean = name => all.reduce((sum, one) => sum + one[name], 0) / all.length;
    return { x: mean('x'), y: mean('y'), spread: all.length > 1 ? Math.hypot(all[0].x - all[1].x, all[0].y - all[1].y) : 0 };
  };

  function onDown(event) {
    if (event.pointerType === 'mouse' && event.button !== 0) return;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (pointers.size === 1) dragged = 0;
  }

  function onMove(event) {
    if (!pointers.has(event.pointerId)) return;
    const before = centre();
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const after = centre();
    dragged += Math.hypot(after.x - before.x, after.y - before.y) + Math.abs(after.spread - before.spread);
    if (dragged < 4) return;  // a hand that trembles clicks
    if (!svg.hasPointerCapture(event.pointerId)) svg.setPointerCapture(event.pointerId);
    svg.classList.add('dragged');
    pan(after.x - before.x, after.y - before.y);
    if (before.spread > 0 && after.spread > 0) zoom(after.spread / before.spread, after);
  }

  function onUp(event) {
    pointers.delete(event.pointerId);
    if (!pointers.size) svg.classList.remove('dragged');
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 240 : 60;
    const does = {
      ArrowLeft: () => pan(step, 0), ArrowRight: () => pan(-step, 0), ArrowUp: () => pan(0, step), ArrowDown: () => pan(0, -step),
      '+': () => zoom(1.25), '=': () => zoom(1.25), '-': () => zoom(0.8),
    }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }

  svg.addEventListener('wheel', onWheel, { passive: false });
  svg.addEventListener('pointerdown', onDown);
  svg.addEventListener('pointermove', onMove);
  svg.addEventListener('pointerup', onUp);
  svg.addEventListener('pointercancel', onUp);
  svg.addEventListener('keydown', onKey);

  return {
    zoom, pan,
    /** Whether the press that ends now was a drag: its click means nothing. */
    wasDrag: () => dragged >= 4,
    /** All of it, never larger than life. */
    fit(width, height) {
      const view = box();
      if (!view.width || !view.height) return;
      const low = view.height - foot;
      scale = Math.min(1, Math.max(farthest, Math.min(view.width / width, low / height)));
      x = (view.width - width * scale) / 2;
      y = (low - height * scale) / 2;
      apply('page');
    },
    /** Puts a point of the scene into the middle; `readable`: near enough to read it. */
    centre(at, readable = false) {
      const view = box();
      if (readable) scale = Math.max(scale, 0.75);
      x = view.width / 2 - at.x * scale;
      y = view.height / 2 - at.y * scale;
      apply('page');
    },
    /** Moves only as far as needed for a point to be seen with `margin` around it (in the scene's units). */
    reveal(at, margin) {
      const view = box();
      const need = (low, high) => (low < 0 ? -low : high > 0 ? -high : 0);
      const px = at.x * scale + x, py = at.y * scale + y, mx = margin.x * scale + 8, my = margin.y * scale + 8;
      const dx = need(px - mx, px + mx - view.width), dy = need(py - my, py + my - view.height);
      if (dx || dy) pan(dx, dy, 'page');
    },
    /** Moves so that what was at `before` in the scene and is at `after` now stays where the eye is. */
    hold(before, after) {
      pan((before.x - after.x) * scale, (before.y - after.y) * scale, 'page');
    },
  };
}
