/* The part that a card shows at 1:1: chosen on the small whole picture, or by dragging the part itself. Its pixels are
   those of the screen, of which the kernel is told how many there is room for. */
const TALLEST = 0.42;  // of the window's height
const PATIENCE = 400;  // milliseconds to wait for the kernel's picture before it is asked again
const WAYS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
const limit = (share) => Math.min(Math.max(share, 0), 1);

bigart.loupe = (element) => {
  const card = element.closest('.bigart-card');
  const field = card?.querySelector('.bigart-spot input');
  const whole = card?.querySelector('.bigart-overview div[tabindex]');
  const picture = [...card?.querySelectorAll('.bigart-crop, .bigart-before') ?? []].find((one) => one.offsetParent);
  if (!field || !whole) return null;
  const [across = 0.5, down = 0.5, ...room] = field.value.split(' ').map(Number);
  const size = whole.dataset.size.split(' ').map(Number);  // of the whole picture, px
  const part = [picture?.naturalWidth || room[0] || 512, picture?.naturalHeight || room[1] || 512];
  return {card, field, whole, picture, size, part, room, at: [limit(across), limit(down)]};
};

/* Where the middle really is: the part stays inside of the picture. */
const middle = ({size, part}, at) => at.map((share, axis) => {
  const half = Math.min(0.5, part[axis] / size[axis] / 2);
  return Math.min(Math.max(share, half), 1 - half);
});

function write(loupe, at, room = loupe.room) {
  const words = [...at.map((share) => limit(share).toFixed(5)), ...room].join(' ');
  if (loupe.field.value === words) return;
  loupe.field.value = words;
  for (const name of ['input', 'change']) loupe.field.dispatchEvent(new Event(name, {bubbles: true}));
}

function mark(loupe, at = loupe.at) {
  const marker = loupe.whole.querySelector('i').style;
  const [left, top] = middle(loupe, at).map((share, axis) => share - loupe.part[axis] / loupe.size[axis] / 2);
  const [width, height] = loupe.part.map((side, axis) => Math.min(1, side / loupe.size[axis]));
  Object.assign(marker, {
    left: `${100 * Math.max(0, left)}%`, top: `${100 * Math.max(0, top)}%`,
    width: `${100 * width}%`, height: `${100 * height}%`,
  });
}

function moveTo(loupe, at) {
  mark(loupe, at);
  write(loupe, at);
}

root.addEventListener('click', (event) => {
  const whole = event.target.closest('.bigart-overview div[tabindex]');
  const loupe = whole && bigart.loupe(whole);
  if (!loupe) return;
  const edges = whole.querySelector('img').getBoundingClientRect();
  moveTo(loupe, [(event.clientX - edges.left) / edges.width, (event.clientY - edges.top) / edges.height]);
  whole.focus();
});

root.addEventListener('keydown', (event) => {
  if (!(event.key in WAYS) || !event.target.matches('.bigart-overview div[tabindex]')) return;
  const loupe = bigart.loupe(event.target), way = WAYS[event.key];
  moveTo(loupe, middle(loupe, loupe.at).map((share, axis) => share + 0.05 * way[axis]));
  event.preventDefault();
});

/* Dragging the part moves it at once; the kernel's picture of the new place comes after. */
let drag = null;
root.addEventListener('pointerdown', (event) => {
  if (event.button !== 0 || !event.target.matches('.bigart-crop')) return;
  const loupe = bigart.loupe(event.target);
  if (!loupe) return;
  event.preventDefault();
  event.target.setPointerCapture(event.pointerId);
  const at = middle(loupe, loupe.at);
  drag = {loupe, x: event.clientX, y: event.clientY, from: at, to: at, shown: at, asked: null, since: 0};
});

function follow() {
  const {picture, size} = drag.loupe;
  const [across, down] = drag.to.map((share, axis) => (drag.shown[axis] - share) * size[axis] / devicePixelRatio);
  picture.style.transform = `translate(${across}px, ${down}px)`;
  if (drag.asked && performance.now() - drag.since < PATIENCE) return;
  if (drag.to.every((share, axis) => Math.abs(share - drag.shown[axis]) * size[axis] < 0.5)) return;
  drag.asked = drag.to;
  drag.since = performance.now();
  write(drag.loupe, drag.to);
}

root.addEventListener('pointermove', (event) => {
  if (!drag || drag.isDone) return;
  const moved = [event.clientX - drag.x, event.clientY - drag.y];
  const {loupe} = drag;
  drag.to = middle(loupe, drag.from.map((share, axis) => share - moved[axis] * devicePixelRatio / loupe.size[axis]));
  mark(loupe, drag.to);
  follow();
});

function release() {
  if (!drag || drag.isDone) return;
  drag.isDone = true;
  drag.asked ??= drag.to;
  write(drag.loupe, drag.to);
  const last = drag;
  setTimeout(() => { if (drag === last) end(); }, 2 * PATIENCE);
  if (drag.to.every((share, axis) => Math.abs(share - drag.shown[axis]) * drag.loupe.size[axis] < 0.5)) end();
}
function end() {
  drag.loupe.picture.style.transform = '';
  drag = null;
}
root.addEventListener('pointerup', release);
root.addEventListener('pointercancel', release);

/* A picture that has come is as large as its pixels are on this screen. */
root.addEventListener('load', (event) => {
  const picture = event.target;
  if (!picture.matches('.bigart-crop, .bigart-before, .bigart-after')) return;
  fit(picture);
  if (drag && drag.loupe.picture === picture) {
    drag.shown = drag.asked ?? drag.shown;
    drag.asked = null;
    if (drag.isDone && drag.shown === drag.to) end();
    else if (drag.isDone) { drag.asked = drag.to; follow(); } else follow();
    return;
  }
  const loupe = bigart.loupe(picture);
  if (loupe) mark(loupe);
  tellRoom();
}, true);

function fit(picture) {
  picture.style.width = `${picture.naturalWidth / devicePixelRatio}px`;
  picture.style.height = `${picture.naturalHeight / devicePixelRatio}px`;
}

function tellRoom() {
  for (const large of root.querySelectorAll('.bigart-large')) {
    const loupe = large.clientWidth > 0 && bigart.loupe(large);
    if (!loupe) continue;
    const height = Math.max(240, Math.min(large.clientWidth, TALLEST * innerHeight));
    write(loupe, loupe.at, [large.clientWidth, height].map((side) => Math.floor(side * devicePixelRatio)));
  }
}

function resized() {
  root.querySelectorAll('.bigart-crop, .bigart-before, .bigart-after').forEach(fit);
  tellRoom();
}
new ResizeObserver(resized).observe(root);
addEventListener('resize', resized);
root.addEventListener('click', (event) => {  // another card may be shown now
  if (event.target.closest('button')) requestAnimationFrame(() => requestAnimationFrame(tellRoom));
});
