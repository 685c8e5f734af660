/* The viewer: one picture after each of its steps, by OpenSeadragon, and what its recipe says. */
let viewer;  // made at the first look
let now = {n: 0, step: 0, isCompared: false, items: [], turn: 0};

function openViewer(n) {
  if (!byId('viewer').open) byId('viewer').showModal();
  if (!viewer) start();
  showPicture(n);
  byId('shown-title').focus();
}

function start() {
  viewer = OpenSeadragon({
    ...lookingOptions(), element: byId('canvas'), crossOriginPolicy: false, imageLoaderLimit: 6,
  });
  viewer.canvas.setAttribute('role', 'application');
  viewer.canvas.setAttribute('aria-label', 'The picture: + and − zoom, Shift and arrows move');
  for (const name of ['animation', 'resize', 'open']) viewer.addHandler(name, follow);
  viewer.addHandler('tile-load-failed', () => tell('The file of this step cannot be shown: it may have been moved.'));
}

function tell(sentence) { byId('problem').textContent = sentence; }

function source(stage) {
  const [width, height] = stage.size;
  if (!stage.tiles) return {type: 'image', url: stage.address, crossOriginPolicy: false, buildPyramid: true};
  const levels = Math.ceil(Math.log2(Math.max(width, height)));
  const {address, format, side, overlap} = stage.tiles;
  return {
    width, height, tileSize: side, tileOverlap: overlap, minLevel: 8, maxLevel: levels,
    getTileUrl: (level, column, row) => `${address}${level}/${column}_${row}.${format}`,
  };
}

/* Show a picture, at its last step unless one is named; of the same picture the view stays. */
function showPicture(n, step = pictures[n].stages.length - 1, isCompared = false) {
  const picture = pictures[n];
  const isSame = n === now.n && now.items.length > 0;
  now = {n, step, isCompared: isCompared && step > 0, items: now.items, turn: now.turn + 1};
  describe(picture);
  tell('');
  const turn = now.turn;
  const old = now.items;
  const shown = now.isCompared ? [step - 1, step] : [step];
  const loaded = [];
  const finish = () => {
    if (turn !== now.turn) return;
    now.items = loaded;
    for (const item of old) viewer.world.removeItem(item);
    if (!isSame) viewer.viewport.goHome(true);
    follow();
  };
  shown.forEach((which, place) => viewer.addTiledImage({
    tileSource: source(picture.stages[which]), x: 0, y: 0, width: 1,
    success: ({item}) => {
      if (turn !== now.turn) return viewer.world.removeItem(item);
      loaded[place] = item;
      if (loaded.filter(Boolean).length === shown.length) finish();
    },
    error: () => {
      if (turn !== now.turn) return;
      tell('The file of this step cannot be shown: it may have been moved.');
      finish();
    },
  }));
}

function describe(picture) {
  const stage = picture.stages[now.step];
  byId('shown-title').textContent = picture.title;
  byId('shown-caption').textContent = picture.caption;
  byId('shown-size').textContent = `${stage.size.join(' × ')} px` + (stage.printed ? `; ${stage.printed}` : '');
  byId('file').href = stage.address;
  byId('steps').replaceChildren(...picture.stages.map((one, step) => {
    const button = Object.assign(document.createElement('button'), {type: 'button', textContent: one.name});
    button.setAttribute('aria-pressed', step === now.step);
    button.addEventListener('click', () => { toStep(step); byId('steps').children[step].focus(); });
    return button;
  }));
  byId('compare').disabled = now.step === 0;
  byId('compare').setAttribute('aria-pressed', now.isCompared);
  for (const id of ['comparison', 'line']) byId(id).hidden = !now.isCompared;
  if (now.isCompared) {
    byId('name-before').textContent = picture.stages[now.step - 1].name;
    byId('name-after').textContent = stage.name;
  }
  byId('star').setAttribute('aria-pressed', favourites.has(now.n));
  byId('again').hidden = !picture.command;
  byId('command').replaceChildren(...picture.command.split(/(--?[a-z][\w-]*)/).map((part, n) => {
    if (n % 2 === 0) return part;
    return Object.assign(document.createElement('span'), {textContent: part});  // which no line ends within
  }));
  byId('copied').textContent = '';
  byId('facts').replaceChildren(...picture.facts.flatMap(([name, value]) => [
    Object.assign(document.createElement('dt'), {textContent: name}),
    Object.assign(document.createElement('dd'), {textContent: value}),
  ]));
  const order = visible();
  byId('before').disabled = order.indexOf(now.n) <= 0;
  byId('after').disabled = order.indexOf(now.n) === order.length - 1;
}

/* After every move: the zoom in words, pixels that stay sharp when they are large, and the line. */
function follow() {
  const item = now.items[now.items.length - 1];
  if (!item) return;
  const zoom = item.viewportToImageZoom(viewer.viewport.getZoom(true)) * devicePixelRatio;
  byId('percent').textContent = `${Math.round(100 * zoom)} %`;
  smooth(viewer, zoom);
  if (!now.isCompared || now.items.length < 2) return;
  const share = byId('line').value / 100;
  byId('comparison').style.setProperty('--at', `${100 * share}%`);
  const {x: width, y: height} = item.getContentSize();
  const at = item.viewerElementToImageCoordinates(new OpenSeadragon.Point(share * viewer.container.clientWidth, 0)).x;
  const left = Math.min(Math.max(at, 0), width);
  item.setOpacity(left < width ? 1 : 0);
  item.setClip(new OpenSeadragon.Rect(left, 0, Math.max(width - left, 1), height));
}

function toStep(step) {
  if (pictures[now.n].stages[step]) showPicture(now.n, step, now.isCompared);
}

function toPicture(by) {
  const order = visible();
  const next = order[order.indexOf(now.n) + by];
  if (next !== undefined) showPicture(next);
}

function zoomBy(factor) {
  viewer.viewport.zoomBy(factor);
  viewer.viewport.applyConstraints();
}

function toReal() {
  const item = now.items[now.items.length - 1];
  if (item) viewer.viewport.zoomTo(item.imageToViewportZoom(1 / devicePixelRatio));
}

function toggleComparison() {
  if (now.step > 0) showPicture(now.n, now.step, !now.isCompared);
}

function pan(across, down) {
  const {width, height} = viewer.viewport.getBounds();
  viewer.viewport.panBy(new OpenSeadragon.Point(across * width / 5, down * height / 5));
  viewer.viewport.applyConstraints();
}

async function copy() {
  const words = byId('command').textContent;
  let isDone = false;
  try {
    await navigator.clipboard.writeText(words);
    isDone = true;
  } catch {  // no such thing here, or not allowed: as browsers did it before
    getSelection().selectAllChildren(byId('command'));
    try { isDone = document.execCommand('copy'); } catch { /* the selection stays, to be copied by hand */ }
  }
  byId('copied').textContent = isDone ? 'Copied' : 'Press Ctrl+C or ⌘C';
}

const actions = {
  before: () => toPicture(-1), after: () => toPicture(1), smaller: () => zoomBy(1 / 1.5), larger: () => zoomBy(1.5),
  whole: () => viewer.viewport.goHome(), real: toReal, compare: toggleComparison, copy,
  close: () => byId('viewer').close(),
  star: () => { favourites.toggle(now.n); byId('star').setAttribute('aria-pressed', favourites.has(now.n)); },
};
for (const [id, act] of Object.entries(actions)) byId(id).addEventListener('click', act);
byId('line').addEventListener('input', follow);
byId('viewer').addEventListener('close', () => {
  const link = tiles[now.n].querySelector('a');
  if (tiles[now.n].hidden) return;
  link.focus();
  link.scrollIntoView({block: 'nearest'});
});
byId('viewer').addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const pans = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
  const keys = {
    ArrowLeft: actions.before, ArrowRight: actions.after, ArrowUp: () => toStep(now.step - 1),
    ArrowDown: () => toStep(now.step + 1), '+': actions.larger, '=': actions.larger, '-': actions.smaller,
    0: actions.whole, 1: actions.real, b: actions.compare, f: actions.star,
  };
  const isOfField = event.target.matches('input') && event.key in pans;  // which move the line
  if (isOfField) return;
  if (event.shiftKey && event.key in pans) pan(...pans[event.key]);
  else if (event.key in keys) keys[event.key]();
  else return;
  event.preventDefault();
  event.stopPropagation();
});
