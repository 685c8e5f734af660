'use strict';
const byId = (id) => document.getElementById(id);
const pictures = JSON.parse(byId('pictures').textContent);
const tiles = [...document.querySelectorAll('.grid li')];

/* Favourites: those of the runs, and on top of these what was marked on this page, which the browser keeps. */
const favourites = (() => {
  const key = 'bigart-gallery ' + location.pathname;
  let marks = {};
  try { marks = JSON.parse(localStorage.getItem(key)) || {}; } catch { /* the browser keeps nothing */ }
  const has = (n) => marks[pictures[n].place] ?? pictures[n].starred;
  function toggle(n) {
    const {place, starred} = pictures[n];
    if (has(n) === starred) marks[place] = !starred; else delete marks[place];
    try { localStorage.setItem(key, JSON.stringify(marks)); } catch { /* for as long as the page is open */ }
    showStar(n);
    show();
  }
  return {has, toggle};
})();

function showStar(n) {
  const button = tiles[n].querySelector('.star');
  tiles[n].classList.toggle('starred', favourites.has(n));
  button.setAttribute('aria-pressed', favourites.has(n));
}

for (const [n, tile] of tiles.entries()) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'star';
  button.tabIndex = -1;  // the keyboard has f
  button.setAttribute('aria-label', 'Favourite: ' + tile.querySelector('img').alt);
  tile.append(button);
  showStar(n);
}

/* Order: the groups by prompt stand in the page; those by day are made here. */
const groups = byId('groups');
const byTitle = [...groups.children];
const titlesOf = tiles.map((tile) => tile.parentNode);
let byDay;

function order(isByDay) {
  byId('by-title').setAttribute('aria-pressed', !isByDay);
  byId('by-day').setAttribute('aria-pressed', isByDay);
  groups.classList.toggle('by-day', isByDay);
  if (isByDay) {
    const days = new Map();
    for (const [n, tile] of tiles.entries()) {
      const day = pictures[n].day;
      if (!days.has(day)) days.set(day, []);
      days.get(day).push(tile);
    }
    byDay = [...days.keys()].sort().reverse().map((day) => {
      const section = document.createElement('section');
      section.append(Object.assign(document.createElement('h2'), {textContent: day}));
      const list = Object.assign(document.createElement('ul'), {className: 'grid'});
      list.append(...days.get(day));
      section.append(list);
      return section;
    });
    groups.replaceChildren(...byDay);
  } else {
    tiles.forEach((tile, n) => titlesOf[n].append(tile));
    groups.replaceChildren(...byTitle);
  }
  show();
}

/* What is shown: pictures whose prompt has all the words, or the favourites among them. */
const nothing = Object.assign(document.createElement('p'), {className: 'nothing'});

function show() {
  const words = byId('search').value.toLowerCase().split(/\s+/).filter(Boolean);
  const onlyStarred = byId('only-starred').getAttribute('aria-pressed') === 'true';
  let count = 0;
  for (const [n, tile] of tiles.entries()) {
    const fits = words.every((word) => pictures[n].words.includes(word)) && (!onlyStarred || favourites.has(n));
    tile.hidden = !fits;
    count += fits;
  }
  for (const section of groups.querySelectorAll('section')) {
    section.hidden = !section.querySelector('li:not([hidden])');
  }
  const all = tiles.length.toLocaleString('en') + (tiles.length === 1 ? ' picture' : ' pictures');
  byId('count').textContent = count === tiles.length ? all : count.toLocaleString('en') + ' of ' + all;
  byId('save-list').disabled = !tiles.some((tile, n) => favourites.has(n));
  nothing.textContent = onlyStarred && !words.length
    ? 'No favourites yet: press ★ on a picture, or f.' : 'No prompt has these words.';
  count ? nothing.remove() : groups.append(nothing);
}

function visible() {
  return [...groups.querySelectorAll('li:not([hidden])')].map((tile) => Number(tile.dataset.n));
}

function save() {
  const places = tiles.map((tile, n) => n).filter(favourites.has).map((n) => pictures[n].place);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([places.join('\n') + '\n'], {type: 'text/plain'}));
  link.download = 'favourites.txt';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/* The keyboard, in the grid: arrows go from picture to picture. */
function move(link, key) {
  const links = visible().map((n) => tiles[n].querySelector('a'));
  const from = links.indexOf(link);
  let to = from + ({ArrowLeft: -1, ArrowRight: 1}[key] || 0);
  if (key === 'ArrowUp' || key === 'ArrowDown') {
    const down = key === 'ArrowDown';
    const edges = link.getBoundingClientRect();
    const middle = edges.left + edges.width / 2;
    let least = Infinity;
    for (const [n, other] of links.entries()) {
      if (down ? n <= from : n >= from) continue;
      const {left, width, top} = other.getBoundingClientRect();
      const rows = Math.abs(top - edges.top);
      const away = rows * 10 + Math.abs(left + width / 2 - middle);
      if (rows > 20 && away < least) [least, to] = [away, n];
    }
  }
  if (links[to]) links[to].focus();
}

byId('tools').hidden = false;
byId('search').addEventListener('input', show);
byId('by-title').addEventListener('click', () => order(false));
byId('by-day').addEventListener('click', () => order(true));
byId('save-list').addEventListener('click', save);
byId('show-keys').addEventListener('click', () => byId('keys').showModal());
byId('only-starred').addEventListener('click', (event) => {
  const button = event.currentTarget;
  button.setAttribute('aria-pressed', button.getAttribute('aria-pressed') !== 'true');
  show();
});
groups.addEventListener('click', (event) => {
  const tile = event.target.closest('li');
  if (!tile) return;
  if (event.target.closest('.star')) {
    favourites.toggle(Number(tile.dataset.n));
  } else if (event.target.closest('a') && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
    event.preventDefault();
    openViewer(Number(tile.dataset.n));
  }
});
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isField = event.target.matches('input[type=search]');
  if (event.key === '?' && !isField) {
    if (!byId('keys').open) byId('keys').showModal();
  } else if (event.key === '/' && !isField && !document.querySelector('dialog[open]')) {
    byId('search').focus();
  } else if (event.target.matches('.grid a')) {
    if (event.key === 'f') favourites.toggle(Number(event.target.closest('li').dataset.n));
    else if (event.key.startsWith('Arrow')) move(event.target, event.key);
    else return;
  } else {
    return;
  }
  event.preventDefault();
});
show();
