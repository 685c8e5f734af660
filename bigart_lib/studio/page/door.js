/* Pictures are dropped anywhere on the studio, or chosen, and go to the kernel in pieces. */
const PIECE = 524288;  // bytes
let moving = null, overs = 0;

const field = document.createElement('input');
field.type = 'file';
field.hidden = true;
field.className = 'bigart-door-file';
field.setAttribute('aria-label', 'a picture to open');
root.append(field);
bigart.heard('door-kinds', (kinds) => { field.accept = kinds.join(','); });

bigart.openPicture = () => field.click();
root.addEventListener('click', (event) => {
  if (event.target.closest('.bigart-nav[data-opens=door]')) bigart.openPicture();
});
field.addEventListener('change', () => {
  const files = [...field.files];
  field.value = '';  // so that the same file can be chosen again
  if (files.length) bring(files);
});

const hint = document.createElement('div');
hint.className = 'bigart-hint-to-drop';
hint.popover = 'manual';
hint.hidden = !hint.togglePopover;  // a browser that does not know how
hint.textContent = 'Drop a picture. One of BIG.art brings its settings; any other can be enlarged and printed.';
root.append(hint);

const hasFiles = (event) => [...event.dataTransfer?.types ?? []].includes('Files');
const hover = (on) => {
  root.classList.toggle('bigart-over', on);
  hint.togglePopover?.(on);
};
const leave = () => { overs = 0; hover(false); };
root.addEventListener('dragenter', (event) => {
  if (!hasFiles(event)) return;
  overs += 1;
  hover(true);
});
root.addEventListener('dragleave', (event) => { if (hasFiles(event) && (overs -= 1) <= 0) leave(); });
root.addEventListener('dragover', (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  event.stopPropagation();
  event.dataTransfer.dropEffect = 'copy';
});
root.addEventListener('drop', (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();  // or the browser would leave the page for the file
  event.stopPropagation();
  leave();
  const folder = [...event.dataTransfer.items].map((one) => one.webkitGetAsEntry?.()).find((one) => one?.isDirectory);
  if (folder) say(`${folder.name} is a folder: open one picture of it.`);
  else if (event.dataTransfer.files.length) bring([...event.dataTransfer.files]);
});

function say(words) {
  bigart.transfer(words).end(words, true);
}

const encoded = (blob) => new Promise((done, failed) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result.slice(reader.result.indexOf(',') + 1));
  reader.onerror = () => failed(new Error('the file cannot be read'));
  reader.readAsDataURL(blob);
});

async function bring(files) {
  const [file] = files;
  if (moving) return say(`${moving.name} is being opened: wait for it, or cancel it.`);
  moving = file;
  const transfer = bigart.transfer(`Opening ${file.name}`);
  const id = `${Date.now()}-${Math.random()}`;
  try {
    let start = 0;
    do {
      const blob = file.slice(start, start + PIECE);
      const piece = blob.size ? await encoded(blob) : '';
      if (transfer.stopped) break;
      await bigart.ask('door-piece', {id, name: file.name, size: file.size, start, piece});
      start += blob.size;
      transfer.show(file.size ? start / file.size : 1);
    } while (start < file.size);
    if (transfer.stopped) {
      await bigart.ask('door-cancel', {id});
      transfer.end('Not opened: cancelled.');
    } else {
      transfer.end(files.length > 1 ? `Opened ${file.name}; one picture at a time, so not the others.` : '');
      await bigart.act('door-open', {id});
    }
  } catch (error) {
    bigart.ask('door-cancel', {id}).catch(() => {});
    transfer.end(`Not opened: ${error.message}`, true);
  }
  moving = null;
}
