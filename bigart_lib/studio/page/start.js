const root = pixel.closest('.bigart-studio');
if (!root) {  // the widgets around it are not on the page yet
  if (tries > 0) setTimeout(() => start(pixel, tries - 1), 100);
  return;
}
if (root.dataset.bigart) return;
root.dataset.bigart = 'started';
const bigart = {root};
