/* What the gallery and the strip are made of: elements, and small pictures of files that are asked for as they come
   into view: bigart.make, bigart.button, bigart.tile, bigart.whenSeen, bigart.showSmall, bigart.forgetSmall. */
const AT_ONCE = 12, AGAIN = 250;  // the last in milliseconds

function make(kind, name = '', content = '', more = {}) {
  const element = document.createElement(kind);
  if (name) element.className = name;
  if (content) element.append(content);
  for (const [key, value] of Object.entries(more)) {
    if (key in element) element[key] = value; else element.setAttribute(key, value);
  }
  return element;
}

function button(words, call, name = '', label = '') {
  const made = make('button', `jupyter-button bigart-button ${name}`, words, {type: 'button'});
  if (label) made.setAttribute('aria-label', label);
  made.addEventListener('click', call);
  return made;
}

const unseen = new Map();  // what is to be shown, and where: "KEY:FILE" -> {key, file, places}
let isLooking = false;

async function look() {
  if (isLooking) return;
  isLooking = true;
  while (unseen.size) {
    const some = [...unseen].slice(-AT_ONCE);  // those that came into view last
    try {
      const answer = await bigart.ask('gallery_small', {wanted: some.map(([, one]) => [one.key, one.file])});
      const {words, problems} = answer.data;
      for (const [name, one] of some) {
        const image = answer.pictures.get(name);
        if (!image && !(name in problems)) continue;
        unseen.delete(name);
        for (const tile of one.tiles) showSmall(tile, image, words[name] ?? problems[name], name in problems);
      }
      if (some.some(([name]) => unseen.has(name))) await new Promise((go) => setTimeout(go, AGAIN));
    } catch {  // a kernel that is gone says so elsewhere
      unseen.clear();
    }
  }
  isLooking = false;
}

function showSmall(tile, image, words, isDamaged) {
  const holder = tile.querySelector('.bigart-picture');
  if (image) holder.replaceChildren(make('img', '', '', {src: image.src, alt: '', draggable: false}));
  holder.classList.toggle('bigart-damaged', isDamaged);
  const facts = tile.querySelector('.bigart-picture-facts');
  if (facts) facts.textContent = words;
  else if (isDamaged) holder.title = words;
}

const sight = new IntersectionObserver((seen) => {
  for (const {target, isIntersecting} of seen) {
    if (!isIntersecting) continue;
    sight.unobserve(target);
    const {key, file} = target.dataset, name = `${key}:${file}`;
    const one = unseen.get(name) ?? {key, file, tiles: []};
    one.tiles.push(target);
    unseen.delete(name);
    unseen.set(name, one);
  }
  look();
}, {rootMargin: '300px'});

/* A tile of a list, whose small picture comes when it is seen. */
function tile(key, file, place) {
  const made = make('li', 'bigart-item');
  Object.assign(made.dataset, {key, file, place});
  return made;
}

function forgetSmall(holder) {
  for (const one of unseen.values()) one.tiles = one.tiles.filter((seen) => !holder.contains(seen));
}

Object.assign(bigart, {make, button, tile, showSmall, forgetSmall, whenSeen: (one) => sight.observe(one)});
