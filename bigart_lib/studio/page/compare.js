/* Before and after: the line is taken anywhere on the picture, or moved by keys, and stays where it was put. */
bigart.line = (box, isLine) => {  // the box has --bigart-at, and a slider in it
  const at = () => parseFloat(box.style.getPropertyValue('--bigart-at') || '50');
  const put = (percent) => {
    const share = Math.min(Math.max(percent, 0), 100);
    box.style.setProperty('--bigart-at', `${share.toFixed(2)}%`);
    box.querySelector('[role=slider]')?.setAttribute('aria-valuenow', Math.round(share));
  };
  const toPointer = (event) => {
    const edges = box.getBoundingClientRect();
    put(100 * (event.clientX - edges.left) / edges.width);
  };
  box.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !isLine(event.target)) return;
    event.preventDefault();
    event.stopPropagation();
    box.querySelector('[role=slider]').focus({preventScroll: true});
    box.setPointerCapture(event.pointerId);
    box.dataset.dragged = event.pointerId;
    toPointer(event);
  }, true);
  box.addEventListener('pointermove', (event) => {
    if (box.dataset.dragged !== String(event.pointerId)) return;
    event.stopPropagation();
    toPointer(event);
  }, true);
  for (const name of ['pointerup', 'pointercancel']) {
    box.addEventListener(name, () => { delete box.dataset.dragged; }, true);
  }
  box.addEventListener('keydown', (event) => {
    if (!event.target.matches('[role=slider]')) return;
    const step = event.shiftKey ? 10 : 1;
    const to = {ArrowLeft: at() - step, ArrowRight: at() + step, Home: 0, End: 100}[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    put(to);
  });
};

/* Boxes come and go with the cards. */
root.addEventListener('pointerdown', (event) => prepare(event.target), true);
root.addEventListener('focusin', (event) => prepare(event.target));
function prepare(target) {
  const box = target.closest?.('.bigart-comparison');
  if (!box || box.dataset.line) return;
  box.dataset.line = 'ready';
  bigart.line(box, () => true);
}
