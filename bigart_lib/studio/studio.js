(function start(pixel, tries) {
  const root = pixel.closest('.bigart-studio');
  if (!root) {  // the widgets around it are not on the page yet
    if (tries > 0) setTimeout(() => start(pixel, tries - 1), 100);
    return;
  }
  if (root.dataset.bigart) return;
  root.dataset.bigart = 'started';
  // JupyterLab would take keys for its own commands.
  root.setAttribute('data-lm-suppress-shortcuts', 'true');

  // Voila's page knows light and dark, and the system which of them is wanted; ?theme= has the last word.
  if (document.body.dataset.voila) {
    const asked = new URLSearchParams(location.search).get('theme');
    const system = matchMedia('(prefers-color-scheme: dark)');
    const follow = () => {
      document.body.dataset.jpThemeLight = String(asked ? asked !== 'dark' : !system.matches);
    };
    system.addEventListener('change', follow);
    follow();
  }

  const thumbnails = () => [...root.querySelectorAll('button.bigart-thumb')];
  const isField = (element) => element.matches('input, textarea, select') && element.type !== 'range';

  function pick(thumbnail) {
    if (!thumbnail || thumbnail.disabled) return;
    thumbnail.focus();
    thumbnail.click();
  }

  function moveCrop(overview, across, down) {
    const holder = overview.closest('.bigart-overview-holder');
    const field = holder && holder.querySelector('.bigart-spot input');
    if (!field) return;
    const limit = (share) => Math.min(Math.max(share, 0), 1);
    const marker = overview.querySelector('i');
    const place = (share, side) => 100 * Math.min(Math.max(share - side / 2, 0), 1 - side) + '%';
    marker.style.left = place(limit(across), parseFloat(marker.style.width) / 100);
    marker.style.top = place(limit(down), parseFloat(marker.style.height) / 100);
    field.value = limit(across).toFixed(4) + ' ' + limit(down).toFixed(4);
    for (const name of ['input', 'change']) field.dispatchEvent(new Event(name, {bubbles: true}));
  }

  root.addEventListener('click', (event) => {
    const overview = event.target.closest('.bigart-overview div[tabindex]');
    if (!overview) return;
    const edges = overview.querySelector('img').getBoundingClientRect();
    moveCrop(overview, (event.clientX - edges.left) / edges.width, (event.clientY - edges.top) / edges.height);
    overview.focus();
  });

  root.addEventListener('keydown', (event) => {
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target;
    if (event.key === 'Enter' && target.closest('.bigart-prompt')) {
      root.querySelector('.bigart-prompt-row button.bigart-primary').click();
      return;
    }
    if (isField(target)) return;
    const arrows = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
    if (/^[1-9]$/.test(event.key) && target.type !== 'range') {
      pick(thumbnails()[event.key - 1]);
      event.preventDefault();
    } else if (event.key in arrows && target.matches('.bigart-thumb')) {
      const [across, down] = arrows[event.key];
      const columns = getComputedStyle(target.closest('.bigart-grid')).gridTemplateColumns.split(' ').length;
      pick(thumbnails()[thumbnails().indexOf(target) + across + columns * down]);
      event.preventDefault();
    } else if (event.key in arrows && target.matches('.bigart-overview div[tabindex]')) {
      const edges = target.querySelector('img').getBoundingClientRect();
      const marker = target.querySelector('i').getBoundingClientRect();
      const [across, down] = arrows[event.key];
      moveCrop(
        target,
        (marker.left + marker.width / 2 - edges.left) / edges.width + across * 0.05,
        (marker.top + marker.height / 2 - edges.top) / edges.height + down * 0.05);
      event.preventDefault();
    }
  });
  root.querySelectorAll('.bigart-spot input').forEach((field) => { field.tabIndex = -1; });
})(this, 50)
