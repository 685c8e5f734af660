/* The viewer: any stage of a picture, whole or as far in as its pixels, alone or beside another. OpenSeadragon shows
   it; the kernel gives the tiles. Two panes lie over one another, up to a line, or side by side, and move together. */
const KEPT = 64;  // tiles of a pane that are kept, of 1 MB each
const STEP = 1.5;
const id = (name) => `bigart-viewer-${name}`;

function make(tag, set = {}, ...children) {
  const {className, ...attributes} = set;
  const element = document.createElement(tag);
  if (className) element.className = className;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
const button = (words, title, act, more = {}) => {
  const made = make('button', {type: 'button', className: 'jupyter-button', title, ...more}, words);
  made.addEventListener('click', act);
  return made;
};

/* --------------------------------------------------------------------------------------------------- the dialog */
const {dialog, body} = bigart.dialog('bigart-viewer', 'The viewer');
const heading = dialog.querySelector('h3');
const chooser = (name, words) => {
  const made = make('select', {id: id(name)});
  made.addEventListener('change', choose);
  return [made, make('label', {for: id(name)}, words)];
};
const [shown, shownLabel] = chooser('shown', 'Show'), [against, againstLabel] = chooser('against', 'Compare with');
const percent = make('output', {'aria-label': 'Zoom'}, '100 %');
const modes = [button('Line', 'One over the other, up to a line (L)', () => setMode('line'), {'data-mode': 'line'}),
  button('Side by side', 'One beside the other (S)', () => setMode('side'), {'data-mode': 'side'})];
const mode = make('span', {role: 'group', 'aria-label': 'How they are compared'}, ...modes);
const full = button('Full screen', 'Full screen (F)', toggleFull);
full.hidden = !document.fullscreenEnabled;
const zooms = make('span', {role: 'group', 'aria-label': 'Zoom', className: 'bigart-viewer-zoom'},
  button('−', 'Zoom out (−)', () => zoomBy(1 / STEP), {'aria-label': 'Zoom out'}), percent,
  button('+', 'Zoom in (+)', () => zoomBy(STEP), {'aria-label': 'Zoom in'}),
  button('Fit', 'The whole picture (0)', () => fit()),
  button('1:1', 'One pixel of the picture on one of the screen (1)', () => zoomTo(1)),
  button('4:1', 'One pixel of the picture on four by four of the screen (4)', () => zoomTo(4)));
const easel = make('div', {className: 'bigart-easel', 'data-mode': 'line'});
const line = make('i', {role: 'slider', tabindex: 0, 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': 50,
  'aria-orientation': 'horizontal', 'aria-label': 'The line between the two'});
const problem = make('p', {className: 'bigart-viewer-problem', role: 'status'});
const tools = make('div', {className: 'bigart-viewer-tools'},
  make('span', {className: 'bigart-viewer-choice'}, shownLabel, shown),
  make('span', {className: 'bigart-viewer-choice'}, againstLabel, against), mode, zooms, full);
const whole = make('div', {className: 'bigart-viewer-whole', tabindex: -1}, tools, easel, problem);
body.append(whole);
const tell = (words) => { problem.textContent = words; };
bigart.tiles.failed = tell;
bigart.line(easel, (target) => target === line);

let views = new Map(), panes = [], leader = null, opened = 0, focused = null, goal = null;

/* --------------------------------------------------------------------------------------------------- the panes */
function newPane(OpenSeadragon, place) {
  const holder = make('div', {className: `bigart-pane bigart-pane-${place}`});
  const words = make('p', {});
  holder.append(words);
  easel.append(holder);
  const viewer = OpenSeadragon({
    ...lookingOptions(), element: holder, preserveViewport: true, preserveImageSizeOnResize: true,
    imageLoaderLimit: bigart.tiles.atOnce, timeout: 600000, maxImageCacheCount: KEPT,
  });
  viewer.canvas.setAttribute('role', 'application');
  const pane = {OpenSeadragon, holder, words, viewer, item: null, view: null, turn: 0};
  for (const name of ['pointerdown', 'wheel', 'dblclick']) {
    holder.addEventListener(name, () => { leader = pane; }, {capture: true, passive: true});
  }
  for (const name of ['animation', 'viewport-change']) viewer.addHandler(name, () => moved(pane));
  viewer.addHandler('after-resize', () => {
    const wasWhole = pane.isWhole;
    setTimeout(() => {  // once the viewer has made its own mind up
      if (!panes.includes(pane)) return;
      if (pane === leader && wasWhole) viewer.viewport.goHome(true);
      follow(leader);
      align(leader);
    });
  });
  viewer.addHandler('animation-finish', () => align(pane));
  viewer.addHandler('tile-loaded', () => setTimeout(() => describe(pane)));
  return pane;
}

function showIn(pane, view, isFirst) {
  pane.holder.hidden = !view;
  if (pane.view?.key === view?.key && !isFirst) return;
  const turn = pane.turn += 1, old = pane.item;
  pane.view = view;
  pane.item = null;
  if (!view) {
    pane.viewer.world.removeAll();
    return;
  }
  pane.viewer.canvas.setAttribute('aria-label', `${view.name}: + and − zoom, arrows move`);
  pane.words.textContent = `${view.name}: opening …`;
  pane.viewer.addTiledImage({
    tileSource: bigart.tiles.source(pane.OpenSeadragon, view), x: 0, y: 0, width: 1,
    success: ({item}) => {
      if (turn !== pane.turn) return pane.viewer.world.removeItem(item);
      pane.item = item;
      if (isFirst && pane === leader && goal) lookAt(goal);
      else if (isFirst && pane === leader) pane.viewer.viewport.goHome(true);
      else if (pane !== leader) follow(leader);
      const drop = () => { if (old && pane.viewer.world.getIndexOfItem(old) >= 0) pane.viewer.world.removeItem(old); };
      if (!old || isFirst) drop();
      item.addHandler('fully-loaded-change', ({fullyLoaded}) => {
        if (turn !== pane.turn) return;
        if (fullyLoaded) drop();  // what was there stays until the other is
        if (isStill(pane)) align(pane);
        describe(pane);
      });
      describe(pane);
    },
  });
}

/* How many device pixels a pixel of a pane's picture takes. */
const scale = ({item, viewer}) => item.viewportToImageZoom(viewer.viewport.getZoom(true)) * devicePixelRatio;
/* How far the picture's corner is from the nearest device pixel, in those. */
function offOf({item, OpenSeadragon: {Point}}) {
  const corner = item.imageToViewerElementCoordinates(new Point(0, 0)).times(devicePixelRatio);
  return new Point(corner.x - Math.round(corner.x), corner.y - Math.round(corner.y));
}
const isStill = ({viewer: {viewport}}) => viewport.getCenter(true).equals(viewport.getCenter());

/* Whether the screen shows the picture's very pixels: whole numbers of device pixels for each, and none between. */
function isExact(pane) {
  const {canvas} = pane.viewer.drawer, {left, top, width, height} = canvas.getBoundingClientRect(), off = offOf(pane);
  const fits = [[left, Math.round(left * devicePixelRatio)], [top, Math.round(top * devicePixelRatio)],
    [width, canvas.width], [height, canvas.height]];
  return isWhole(scale(pane)) && Math.hypot(off.x, off.y) < 0.01 && isStill(pane) && pane.item.getFullyLoaded() &&
    fits.every(([there, pixels]) => Math.abs(there * devicePixelRatio - pixels) < 0.01);
}

/* The easel begins where a device pixel does, and is as large as a whole number of them. */
function settle() {
  Object.assign(easel.style, {marginTop: '', marginBottom: ''});
  const {top, bottom} = easel.getBoundingClientRect();
  const first = Math.ceil(top - 0.001), last = Math.floor(bottom + 0.001);
  Object.assign(easel.style, {marginTop: `${first - top}px`, marginBottom: `${bottom - last}px`});
}

function describe(pane) {
  if (!pane.item) return;
  const times = scale(pane), port = pane.viewer.viewport;
  pane.isWhole = Math.abs(port.getZoom() / port.getHomeZoom() - 1) < 1e-3;
  smooth(pane.viewer, times);
  if (pane === panes[0]) percent.textContent = `${Math.round(100 * times)}\u00a0%`;
  const words = `${pane.view.name} · ${Math.round(100 * times)}\u00a0%${isExact(pane) ? ', exact pixels' : ''}`;
  if (pane.words.textContent !== words) pane.words.textContent = words;
}

function follow(one) {
  if (!one?.item) return;
  const from = one.viewer.viewport;
  for (const other of panes) {
    if (other === one || !other.item) continue;
    other.viewer.viewport.zoomTo(from.getZoom(true), null, true);
    other.viewer.viewport.panTo(from.getCenter(true), true);
  }
}

function moved(pane) {
  if (pane === leader) follow(pane);
  describe(pane);
}

/* At whole numbers of device pixels the picture begins where one of them does. */
function align(pane) {
  if (!pane || pane !== leader || !pane.item || !isWhole(scale(pane))) return;
  const {viewport} = pane.viewer, off = offOf(pane);
  if (Math.hypot(off.x, off.y) > 1e-3) {
    viewport.panBy(viewport.deltaPointsFromPixels(off.divide(devicePixelRatio), true), true);
  }
  follow(pane);
  panes.forEach(describe);
}

const view = (act) => { if (panes[0]?.item) { leader = panes[0]; act(panes[0], panes[0].viewer.viewport); } };
const zoomTo = (times) => view(({item}, port) => port.zoomTo(item.imageToViewportZoom(times / devicePixelRatio)));
const zoomBy = (times) => view((_, port) => { port.zoomBy(times); port.applyConstraints(); });
const fit = () => view((_, port) => port.goHome());
const pan = (across, down) => view(({OpenSeadragon}, port) => {
  const {width, height} = port.getBounds();
  port.panBy(new OpenSeadragon.Point(across * width / 5, down * height / 5));
  port.applyConstraints();
});

/* --------------------------------------------------------------------------------------------- what is shown */
function fill(select, chosen, none) {
  const groups = new Map();
  for (const one of views.values()) {
    const size = one.size.join(' × ');
    if (!groups.has(one.group)) groups.set(one.group, make('optgroup', {label: one.group}));
    groups.get(one.group).append(make('option', {value: one.key, title: size}, one.name));
  }
  select.replaceChildren(...(none ? [make('option', {value: ''}, none)] : []), ...groups.values());
  select.value = chosen ?? '';
}

function choose() { update(false); }
new ResizeObserver(settle).observe(tools);
new ResizeObserver(settle).observe(whole);

function update(isFirst) {
  tell('');
  const [one, other] = [views.get(shown.value), views.get(against.value) ?? null];
  mode.hidden = !other;
  easel.dataset.pair = other ? easel.dataset.mode : '';
  line.hidden = !other || easel.dataset.mode !== 'line';
  leader = panes[0];
  showIn(panes[0], one, isFirst);
  showIn(panes[1], other, isFirst);
  modes.forEach((one) => one.setAttribute('aria-pressed', one.dataset.mode === easel.dataset.mode));
}

function setMode(name) {
  if (!against.value) return;
  easel.dataset.mode = name;
  update(false);
}

function toStage(by) {
  const place = shown.selectedIndex + by;
  if (place < 0 || place >= shown.options.length) return;
  shown.selectedIndex = place;
  choose();
}

function toggleFull() {
  if (document.fullscreenElement) document.exitFullscreen();
  else whole.requestFullscreen().catch((error) => tell(error.message));
}

function close() {
  opened += 1;
  bigart.tiles.close();
  for (const {viewer, holder} of panes) { viewer.destroy(); holder.remove(); }
  panes = [];
  leader = null;
  bigart.ask('viewer-close').catch(() => {});
  if (focused?.isConnected) focused.focus();
}
dialog.addEventListener('close', close);

/* Show a picture. wanted: as `Viewer.views` has it, and at: [across, down], shares of the picture, at 1:1. */
bigart.view = async ({at, ...wanted} = {}) => {
  if (dialog.open) return;
  focused = document.activeElement;
  const turn = opened += 1;
  for (const select of [shown, against]) select.replaceChildren();
  heading.textContent = 'Opening …';
  tell('');
  dialog.showModal();
  try {
    const [OpenSeadragon, {data}] = await Promise.all([bigart.tiles.load(), bigart.ask('viewer-views', wanted)]);
    if (turn !== opened) return;
    heading.textContent = data.title;
    views = new Map(data.views.map((one) => [one.key, one]));
    fill(shown, data.shown);
    fill(against, data.against, 'nothing');
    panes = [0, 1].map((place) => newPane(OpenSeadragon, place));
    easel.append(line);
    goal = at ?? null;
    update(true);
    panes[0].viewer.canvas.focus();
  } catch (error) {
    heading.textContent = 'The viewer';
    tell(error.message);
  }
};

function lookAt([across, down]) {
  view(({OpenSeadragon, item}, port) => {
    const {x: width, y: height} = item.getContentSize();
    port.zoomTo(item.imageToViewportZoom(1 / devicePixelRatio), null, true);
    port.panTo(item.imageToViewportCoordinates(new OpenSeadragon.Point(across * width, down * height)), true);
    align(panes[0]);
  });
}

/* ------------------------------------------------------------------------------------------------------- keys */
const arrows = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
const keys = {
  '+': () => zoomBy(STEP), '=': () => zoomBy(STEP), '-': () => zoomBy(1 / STEP), 0: fit, 1: () => zoomTo(1),
  4: () => zoomTo(4), f: toggleFull, l: () => setMode('line'), s: () => setMode('side'), PageUp: () => toStage(-1),
  PageDown: () => toStage(1),
};
dialog.addEventListener('keydown', (event) => {
  event.stopPropagation();
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches('select')) return;
  if (event.key in arrows) pan(...arrows[event.key]);
  else if (event.key.toLowerCase() in keys) keys[event.key.toLowerCase()]();
  else if (event.key in keys) keys[event.key]();
  else return;
  event.preventDefault();
});

root.addEventListener('click', (event) => {
  const opener = event.target.closest('.bigart-part-look button');
  if (opener) openAt(opener);
});
root.addEventListener('dblclick', (event) => {
  if (event.target.closest('.bigart-crop, .bigart-comparison')) openAt(event.target);
});
function openAt(element) {
  const loupe = bigart.loupe(element);
  const compares = loupe.card.querySelector('.bigart-comparison')?.offsetParent;
  const side = Number(loupe.card.querySelector('.bigart-part-look button').dataset.side);
  bigart.view({...(compares ? {stage: 'enhance', against: 'before'} : {stage: side}), at: loupe.at});
}
