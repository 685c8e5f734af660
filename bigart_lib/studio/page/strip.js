/* The strip below the candidates: the latest runs, or the favourites of all. */
const {make, button} = bigart, STRIP = 40, AGAIN = 250;  // the last in milliseconds

let ofFavourites = false, stripRound = 0;

async function drawStrip() {
  const holder = root.querySelector('.bigart-shelf'), round = stripRound += 1;
  if (!holder) return;
  const order = ofFavourites ? 'favourites' : 'latest';
  let answer = null, again = true, isFirst = true;
  do {
    answer = await bigart.ask('gallery_list', {order, count: STRIP, again}).catch(() => null);
    again = false;
    if (!answer || round !== stripRound) return;
    if (isFirst || ofFavourites) fillStrip(holder, answer.data);
    isFirst = false;
    if (!answer.data.is_all) await new Promise((go) => setTimeout(go, AGAIN));  // so that the gallery opens at once
  } while (!answer.data.is_all);
}

function fillStrip(holder, data) {
  const of = make('div', 'bigart-pair', '', {role: 'group'});
  of.setAttribute('aria-label', 'What the strip shows');
  for (const [words, isChosen] of [['Latest', !ofFavourites], ['Favourites', ofFavourites]]) {
    const one = button(words, () => { ofFavourites = words === 'Favourites'; drawStrip(); });
    one.setAttribute('aria-pressed', isChosen);
    of.append(one);
  }
  const before = new Map([...holder.querySelectorAll('.bigart-item')].map((one) => [nameOf(one), one]));
  const strip = make('ul', 'bigart-strip');
  strip.setAttribute('aria-label', ofFavourites ? 'Favourites of all runs' : 'The latest runs');
  for (const run of data.runs) {
    const covers = ofFavourites ? favourites(run) : [cover(run)];
    for (const [file, place] of covers.filter(Boolean)) strip.append(stripTile(run, file, place, before));
  }
  const rest = data.total > data.runs.length ? `All ${data.total.toLocaleString('en')} runs` : 'All pictures';
  const none = make('p', 'bigart-note', ofFavourites ? 'No favourites yet.' : 'Your pictures will be here.');
  const head = make('div', 'bigart-shelf-head');
  head.append(of, button(rest, bigart.gallery, 'bigart-quiet'));
  holder.replaceChildren(head, strip.children.length ? strip : none);
}

/* The last picture of each favourite. */
const favourites = (run) => [...new Map(run.pictures.filter(([, , star]) => star).map((one) => [one[1], one])).values()];

/* What a run is known by: a favourite, else what was worked on last, else the first. */
function cover(run) {
  const place = run.pictures.find(([, , star]) => star)?.[1] ?? run.last ?? run.pictures[0]?.[1];
  return run.pictures.filter((one) => one[1] === place).pop();
}

const nameOf = ({dataset}) => `${dataset.key}:${dataset.file}`;

function stripTile(run, file, place, before) {
  const made = bigart.tile(run.key, file, place);
  const number = ofFavourites && run.seed !== null ? `, number ${place + 1}` : '';
  const seed = run.seed === null ? '' : `, seed ${run.seed}`;
  const words = `${run.title}${seed}${number}`;
  const one = button(make('span', 'bigart-picture'), () => bigart.openRun(run.key, ofFavourites ? place : null), 'bigart-open', words);
  one.title = words;
  made.append(one);
  const image = before.get(nameOf(made))?.querySelector('img');
  if (image) bigart.showSmall(made, image, '', false);
  else bigart.whenSeen(made);
  return made;
}

bigart.heard('gallery', drawStrip);
