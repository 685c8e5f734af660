/* Pictures in tiles: OpenSeadragon, which shows them, and what it shows, both from the kernel. */
const TILES = 4, RETRY = 100;  // of one question; milliseconds until what is being decoded is asked for again

let library = null;
function load() {
  library ??= bigart.ask('viewer-library').then(({data}) => {
    const before = window.OpenSeadragon;
    // Pages have module loaders of their own, which it must not be given to.
    const script = document.createElement('script');
    script.textContent = `(function (define, module, exports) {\n${data.code}\n}).call(window);`;
    document.head.append(script);
    script.remove();
    const found = window.OpenSeadragon;
    window.OpenSeadragon = before;
    return found;
  }).catch((error) => { library = null; throw error; });
  return library;
}

const queue = [];
let isAsking = false, closed = 0;
async function askTiles() {
  if (isAsking || !queue.length) return;
  isAsking = true;
  await null;  // so that what is wanted now is asked for at once
  const batch = queue.splice(0, TILES);
  const turn = closed;
  let waits = false;
  try {
    const tiles = batch.map(({src}) => src.split('/')).map(([key, ...where]) => [key, ...where.map(Number)]);
    const {pictures} = await bigart.ask('viewer-tiles', {tiles});
    if (turn === closed) batch.forEach((job, place) => {
      const picture = pictures.get(String(place));
      if (picture) job.finish(picture, null, 'image');
      else { queue.push(job); waits = true; }
    });
  } catch (error) {
    if (turn === closed) {  // else nobody waits for them any more
      bigart.tiles.failed(error.message);
      for (const job of batch) {
        try { job.fail(error.message, null); } catch { /* a page whose console cannot log what fails */ }
      }
    }
  }
  if (waits) await new Promise((done) => { setTimeout(done, RETRY); });
  isAsking = false;
  askTiles();
}

function source(OpenSeadragon, view) {
  const [width, height] = view.size;
  const maxLevel = Math.max(0, Math.ceil(Math.log2(Math.max(width, height) / 512)));
  const made = new OpenSeadragon.TileSource({width, height, tileSize: 512, tileOverlap: 1, minLevel: 0, maxLevel});
  return Object.assign(made, {
    getTileUrl: (level, column, row) => [view.key, maxLevel - level, column, row].join('/'),
    downloadTileStart: (job) => { queue.push(job); askTiles(); },
    downloadTileAbort: (job) => { if (queue.includes(job)) queue.splice(queue.indexOf(job), 1); },
  });
}

/* load: promises OpenSeadragon. source: of a view as `Viewer.views` lists it. close: nothing is waited for any more.
   failed: called with what went wrong, in words. */
bigart.tiles = {
  load, source, atOnce: 2 * TILES, failed: () => {},
  close: () => { closed += 1; queue.length = 0; },
};
