/* The gallery: all runs on disk with all their pictures. The kernel lists a hundred runs at a time. */
const {make, button} = bigart, RUNS = 100;
const ORDERS = {latest: 'Latest first', first: 'Favourites first', favourites: 'Favourites only'};
const HELP = 'Arrows go from picture to picture, Enter opens, F makes a favourite, D downloads, / searches.';

const {dialog, body} = bigart.dialog('bigart-gallery', 'Pictures');
const search = make('input', 'bigart-search', '', {type: 'search', placeholder: 'Search the prompts'});
search.setAttribute('aria-label', 'Search the prompts');
const orders = make('div', 'bigart-pair', '', {role: 'group'});
orders.setAttribute('aria-label', 'Order');
const binButton = button('Bin', () => (state.isBin ? list() : showBin()), 'bigart-bin');
const tools = make('div', 'bigart-tools');
tools.append(search, binButton, orders);
const count = make('p', 'bigart-count', '', {role: 'status'});
const runs = make('div', 'bigart-runs');
const end = make('div', 'bigart-end');
const said = make('div', 'bigart-said', '', {role: 'status', hidden: true});
body.append(tools, count, runs, end, make('p', 'bigart-note', HELP));
dialog.append(said);
const state = {order: 'first', shown: 0, total: 0, isBin: false, round: 0, keys: []};

for (const [name, words] of Object.entries(ORDERS)) {
  const one = button(words, () => { state.order = name; list(); });
  one.dataset.order = name;
  orders.append(one);
}

/* Words at the foot of the gallery; at the foot of the page, where it is closed. */
function tell(words, action = null, isError = false) {
  if (!dialog.open && said.parentNode !== root) root.append(said);
  if (dialog.open && said.parentNode !== dialog) dialog.append(said);
  said.hidden = false;
  said.classList.toggle('bigart-error', isError);
  const close = button('✕', () => { said.hidden = true; }, 'bigart-quiet', 'Close this message');
  const before = said.querySelector('.bigart-button');
  const hasFocus = before && action && said.contains(document.activeElement);
  said.replaceChildren(make('span', '', words), ...(action ? [action] : []), close);
  if (hasFocus) action.focus();
}

const asking = (promise) => promise.catch((error) => { tell(error.message, null, true); return null; });

bigart.gallery = () => {
  if (dialog.open) return;
  dialog.showModal();
  search.focus();
  list();
};
dialog.addEventListener('close', () => {
  state.round += 1;
  bigart.forgetSmall(dialog);
  runs.replaceChildren();  // a page does not grow by what was looked at
});

const question = (more) => ({order: state.order, search: search.value, count: RUNS, ...more});

/* The list from its beginning; of thousands of runs the latest come first, and the others once they are read. */
async function list() {
  const round = state.round += 1;
  state.isBin = false;
  said.hidden = true;
  for (const one of orders.children) one.setAttribute('aria-pressed', one.dataset.order === state.order);
  binButton.setAttribute('aria-pressed', false);
  let answer = await asking(bigart.ask('gallery_list', question({again: true})));
  if (!answer || round !== state.round) return;
  draw(answer.data, true);
  while (answer && !answer.data.is_all) {
    answer = await asking(bigart.ask('gallery_list', question({count: 1})));
    if (!answer || round !== state.round) return;
    count.textContent = `${sum(answer.data.total)}, and ${answer.data.to_read.toLocaleString('en')} to look at …`;
    if (!answer.data.is_all) continue;
    answer = await asking(bigart.ask('gallery_list', question({})));
    if (!answer || round !== state.round) return;
    draw(answer.data, String(answer.data.runs.map((run) => run.key)) !== String(state.keys));
  }
}

const sum = (number) => `${number.toLocaleString('en')} ${number === 1 ? 'run' : 'runs'}`;

function draw(data, isNew) {
  Object.assign(state, {total: data.total, canShow: data.can_show, folder: data.folder});
  binButton.textContent = data.in_bin ? `Bin: ${data.in_bin}` : 'Bin';
  count.textContent = data.total || search.value ? `${sum(data.total)} in ${data.folder}` : '';
  if (!isNew) return;
  state.shown = 0;
  state.keys = data.runs.map((run) => run.key);
  runs.replaceChildren();
  if (!data.total) runs.append(make('p', 'bigart-nothing', nothing()));
  add(data.runs);
}

function nothing() {
  if (search.value.trim()) return 'No prompt has these words.';
  if (state.order === 'favourites') return 'No favourites yet: press F on a picture, or ☆.';
  return 'There are no pictures yet: what you paint will be here.';
}

function add(some) {
  const made = document.createDocumentFragment();
  for (const run of some) made.append(section(run));
  runs.append(made);
  state.shown += some.length;
}

let isAdding = false;
new IntersectionObserver(async ([{isIntersecting}]) => {
  if (!isIntersecting || isAdding || state.isBin || !dialog.open || state.shown >= state.total) return;
  isAdding = true;
  const round = state.round;
  const answer = await asking(bigart.ask('gallery_list', question({start: state.shown})));
  if (answer && round === state.round) add(answer.data.runs);
  isAdding = false;
}, {rootMargin: '1500px'}).observe(end);

/* ---------------------------------------------------------------------------------------------------------- a run */

function section(run) {
  const made = make('section', 'bigart-run', '', {});
  made.dataset.key = run.key;
  const heading = make('h4', '', run.title);
  heading.title = run.title;
  const date = new Date(1000 * run.touched).toLocaleString([], {dateStyle: 'medium', timeStyle: 'short'});
  const words = [run.seed === null ? '' : `seed ${run.seed}`, date, run.name].filter(Boolean).join(' · ');
  const head = make('div', 'bigart-run-head');
  const facts = make('p', 'bigart-run-facts', words);
  const texts = make('div', 'bigart-run-words');
  texts.append(heading, facts);
  head.append(texts, state.isBin ? backButton(run) : runButtons(run, made));
  made.append(head);
  if (run.problem) made.append(make('p', 'bigart-error', run.problem));
  else made.append(tiles(run));
  return made;
}

function runButtons(run, made) {
  const holder = make('div', 'bigart-run-buttons');
  if (!run.problem) holder.append(button('Open', () => bigart.openRun(run.key, null), '', `Open: ${run.title}`));
  holder.append(button('Folder', () => showFolder(run, made), '', `Folder of: ${run.title}`));
  if (run.is_copy) return holder;
  if (!run.problem) holder.append(button('Rename', () => rename(run, made), '', `Rename: ${run.title}`));
  holder.append(button('Delete', () => throwAway(run, made), '', `Delete: ${run.title}`));
  return holder;
}

function tiles(run) {
  const holder = make('ul', 'bigart-tiles');
  for (const [file, place, isStarred] of run.pictures) holder.append(tile(run, file, place, isStarred));
  return holder;
}

function tile(run, file, place, isStarred) {
  const made = bigart.tile(run.key, file, place);
  const name = file.split('/').pop().replace(/\.png$/, '').replaceAll('_', ' ');
  const words = run.seed === null ? name : `number ${place + 1}, ${name}`;
  const holder = make('span', 'bigart-picture');
  const opens = button(holder, () => bigart.openRun(run.key, place), 'bigart-open', `${run.title}, ${words}`);
  opens.disabled = state.isBin;
  const caption = make('div', 'bigart-caption');
  caption.append(make('b', '', words), make('span', 'bigart-picture-facts'));
  const face = make('div', 'bigart-face');
  face.append(opens);
  if (!state.isBin) face.append(star(run, place, words, isStarred));
  const save = button('↓', () => download(run.key, file, words), 'bigart-save', `Download ${words}`);
  save.title = 'Download';
  caption.append(save);
  made.append(face, caption);
  bigart.whenSeen(made);
  return made;
}

function star(run, place, words, isStarred) {
  const one = button('☆', () => favour(run, place), 'bigart-star', `Favourite: ${words}`);
  mark(one, isStarred);
  return one;
}

function mark(one, isStarred) {
  one.textContent = isStarred ? '★' : '☆';
  one.setAttribute('aria-pressed', isStarred);
}

async function download(key, file, words) {
  const answer = await asking(bigart.ask('gallery_download', {key, file}));
  if (answer) await bigart.download(answer.data.offered, `Downloading ${words}`);
}

bigart.openRun = async (key, place) => {
  dialog.close();
  await asking(bigart.act('gallery_open', {key, place}));
};

async function favour(run, place) {
  const answer = await asking(bigart.ask('gallery_favour', {key: run.key, place}));
  if (!answer) return;
  for (const one of runs.querySelectorAll('.bigart-item')) {
    if (one.dataset.key !== run.key || Number(one.dataset.place) !== place) continue;
    mark(one.querySelector('.bigart-star'), answer.data.star);
  }
}

/* A line below a run's heading, in place of the one that was there; the same again closes it. */
function line(made, name, ...content) {
  const before = made.querySelector('.bigart-line');
  before?.remove();
  if (before?.dataset.name === name) return null;
  const one = make('form', 'bigart-line');
  one.dataset.name = name;
  one.append(...content);
  one.addEventListener('submit', (event) => event.preventDefault());
  made.querySelector('.bigart-run-head').after(one);
  return one;
}

function rename(run, made) {
  const field = make('input', '', '', {type: 'text', value: run.name, maxLength: 200});
  field.setAttribute('aria-label', 'New name of the folder');
  const save = async () => {
    const answer = await asking(bigart.ask('gallery_rename', {key: run.key, name: field.value}));
    if (!answer) return;
    const renamed = section(answer.data.run);
    made.replaceWith(renamed);
    tell(`It is called ${answer.data.run.name} now.`);
    renamed.querySelector('[aria-label^="Rename"]').focus();
  };
  const one = line(made, 'rename', field, button('Save', save, 'bigart-primary'),
    button('Cancel', () => { one.remove(); made.querySelector('[aria-label^="Rename"]').focus(); }));
  if (!one) return;
  one.addEventListener('submit', save);
  field.focus();
  field.select();
}

const isHere = ['127.0.0.1', 'localhost', '[::1]'].includes(location.hostname);

function showFolder(run, made) {
  const path = make('input', 'bigart-path', '', {type: 'text', value: run.path, readOnly: true});
  path.setAttribute('aria-label', 'Path of the folder');
  const copy = button('Copy', async () => {
    path.select();
    try { await navigator.clipboard.writeText(run.path); } catch { document.execCommand('copy'); }
    tell('The path is copied.');
  });
  const shows = button('Show it', () => asking(bigart.ask('gallery_show', {key: run.key})));
  if (line(made, 'folder', path, copy, ...(state.canShow && isHere ? [shows] : []))) path.select();
}

async function throwAway(run, made) {
  const answer = await asking(bigart.ask('gallery_throw_away', {key: run.key}));
  if (!answer) return;
  const after = made.nextElementSibling ?? made.previousElementSibling;
  const undo = button('Undo', () => putBack(answer.data.key, run.title), 'bigart-primary');
  made.remove();
  recount(-1, 1);
  const copy = answer.data.copy ? ` Its copy stays: ${answer.data.copy}` : '';
  tell(`“${brief(run.title)}” is in the bin.${copy}`, undo);
  (after?.querySelector('.bigart-open, button') ?? search).focus();
}

const brief = (text) => (text.length > 60 ? `${text.slice(0, 60)} …` : text);

function recount(more, inBin) {
  state.total += more;
  state.shown += more;
  const before = Number(binButton.textContent.split(': ')[1] ?? 0) + inBin;
  binButton.textContent = before ? `Bin: ${before}` : 'Bin';
  count.textContent = `${sum(state.total)} in ${state.folder}`;
}

async function putBack(key, title) {
  const answer = await asking(bigart.ask('gallery_put_back', {key}));
  if (!answer) return;
  if (state.isBin) await showBin(); else await list();
  tell(`“${brief(title)}” is back.`);
  const found = [...runs.children].find((one) => one.dataset.key === answer.data.run.key);
  found?.scrollIntoView({block: 'nearest'});
  (found?.querySelector('button') ?? search).focus();
}

/* -------------------------------------------------------------------------------------------------------- the bin */

function backButton(run) {
  const holder = make('div', 'bigart-run-buttons');
  holder.append(button('Put back', () => putBack(run.key, run.title), '', `Put back: ${run.title}`));
  return holder;
}

async function showBin() {
  const round = state.round += 1;
  said.hidden = true;
  const answer = await asking(bigart.ask('gallery_bin'));
  if (!answer || round !== state.round) return;
  const {runs: thrown, size} = answer.data;
  state.isBin = true;
  for (const one of orders.children) one.setAttribute('aria-pressed', false);
  binButton.setAttribute('aria-pressed', true);
  binButton.textContent = thrown.length ? `Bin: ${thrown.length}` : 'Bin';
  count.textContent = thrown.length ? `${sum(thrown.length)} in the bin, ${size}` : 'The bin is empty.';
  runs.replaceChildren();
  if (!thrown.length) return;
  const asks = make('div', 'bigart-empty-bin');
  const ask = () => {
    const sure = button(`Delete ${sum(thrown.length)}, ${size}, for good`, empty, 'bigart-danger');
    asks.replaceChildren(sure, button('Keep', () => { asks.replaceChildren(begin); begin.focus(); }));
    sure.focus();
  };
  const begin = button(`Empty the bin (${size})`, ask);
  asks.append(begin);
  runs.append(asks);
  add(thrown);
}

async function empty() {
  const answer = await asking(bigart.ask('gallery_empty'));
  if (!answer) return;
  await showBin();
  tell(`${sum(answer.data.count)} deleted. Copies in a second folder stay.`);
  binButton.focus();
}

/* ----------------------------------------------------------------------------------------------------------- keys */

let typing = 0;
search.addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(list, 150);
});

function beside(one, key) {
  const all = [...runs.querySelectorAll('.bigart-open')], at = all.indexOf(one);
  if (key === 'ArrowLeft' || key === 'ArrowRight') return all[at + (key === 'ArrowRight' ? 1 : -1)];
  const from = one.getBoundingClientRect(), isDown = key === 'ArrowDown';
  const near = all.slice(Math.max(0, at - 60), at + 61).map((other) => [other, other.getBoundingClientRect()])
    .filter(([, to]) => (isDown ? to.top > from.top + 20 : to.top < from.top - 20))
    .map(([other, to]) => [10 * Math.abs(to.top - from.top) + Math.abs(to.left - from.left), other]);
  return near.sort(([one_], [other]) => one_ - other)[0]?.[1];
}

dialog.addEventListener('keydown', (event) => {
  event.stopPropagation();
  const {target, key} = event;
  if (event.ctrlKey || event.metaKey || event.altKey || target.matches('input')) return;
  const item = target.closest('.bigart-item');
  if (key === '/') search.focus();
  else if (item && key.startsWith('Arrow') && target.matches('.bigart-open')) beside(target, key)?.focus();
  else if (item && key.toLowerCase() === 'f') item.querySelector('.bigart-star')?.click();
  else if (item && key.toLowerCase() === 'd') item.querySelector('.bigart-save').click();
  else return;
  event.preventDefault();
});
