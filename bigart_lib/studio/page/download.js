/* bigart.transfer(words) shows a bar for what goes to or comes from the kernel: {show(share), end(words), stopped}.
   bigart.download(number) saves a file that the kernel has offered, and promises its Blob; buttons with
   data-bigart-download do so by themselves. */
bigart.transfer = (words) => {
  const box = document.createElement('div');
  const text = document.createElement('span');
  const bar = document.createElement('progress');
  const stop = document.createElement('button');
  box.className = 'bigart-transfer';
  text.setAttribute('role', 'status');
  text.textContent = words;
  bar.max = 1;
  bar.setAttribute('aria-label', words);
  stop.type = 'button';
  stop.textContent = 'Cancel';
  stop.setAttribute('aria-label', 'cancel: ' + words);
  box.append(text, bar, stop);
  box.popover = 'manual';  // above all else, wherever the page is
  for (const old of root.querySelectorAll('.bigart-transfer.bigart-problem')) old.remove();
  (root.querySelector('dialog[open]') ?? root).append(box);
  box.showPopover?.();
  const transfer = {
    stopped: false,
    show(share) {
      bar.value = share;
      text.textContent = `${words}: ${Math.floor(100 * share)} %`;
    },
    end(last, isProblem = false) {
      bar.remove();
      text.textContent = last;
      text.setAttribute('role', isProblem ? 'alert' : 'status');
      box.classList.toggle('bigart-problem', isProblem);
      stop.textContent = isProblem ? 'Close' : '';
      stop.setAttribute('aria-label', 'close: ' + last);
      stop.hidden = !isProblem;
      stop.onclick = () => box.remove();
      if (!isProblem) setTimeout(() => box.remove(), last ? 4000 : 0);
    },
  };
  stop.onclick = () => { transfer.stopped = true; };
  return transfer;
};

const bytesOf = (piece) => Uint8Array.from(atob(piece), (letter) => letter.charCodeAt(0));

async function fetchFile(number, transfer) {
  const pieces = [];
  let start = 0, first = null;
  do {
    const {data} = await bigart.ask('download-piece', {number, start});
    first ??= data;
    if (data.version !== first.version || data.size !== first.size) {
      throw new Error(`${data.name} was changed meanwhile: download it again`);
    }
    if (transfer.stopped) return null;
    const bytes = bytesOf(data.piece);
    if (!bytes.length && start < first.size) throw new Error(`${data.name} is cut short: download it again`);
    pieces.push(new Blob([bytes]));  // which the browser may keep on the disk
    start += bytes.length;
    transfer.show(first.size ? start / first.size : 1);
  } while (start < first.size);
  return new File(pieces, first.name, {type: 'application/octet-stream'});
}

bigart.download = async (number, words = 'Downloading') => {
  const transfer = bigart.transfer(words);
  try {
    const file = await fetchFile(number, transfer);
    if (!file) {
      transfer.end('Download cancelled.');
      return null;
    }
    const link = document.createElement('a');
    link.href = window.URL.createObjectURL(file);  // in an onload, URL is the document's
    link.download = file.name;
    link.hidden = true;
    root.append(link);
    link.click();
    link.remove();
    setTimeout(() => window.URL.revokeObjectURL(link.href), 60000);
    transfer.end(`${file.name} is downloaded.`);
    return file;
  } catch (error) {
    transfer.end(`Not downloaded: ${error.message}`, true);
    return null;
  }
};

const saving = new Set();
root.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-bigart-download]');
  if (!button || !root.contains(button)) return;
  const number = Number(button.dataset.bigartDownload);
  if (saving.has(number)) return;
  saving.add(number);
  await bigart.download(number, button.getAttribute('aria-label'));
  saving.delete(number);
});
