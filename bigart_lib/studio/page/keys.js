/* Keys and focus. What is typed into a field is the field's, and what is typed into a dialog is the dialog's. */

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
const find = (name) => root.querySelector(name);

/* Whether an element takes what is typed. A slider takes arrows alone. */
const isField = (element) => element.isContentEditable || element.closest('[contenteditable=true]') ||
  (element.matches('input, textarea, select') && !['range', 'checkbox', 'button'].includes(element.type));

/* A disabled button cannot have the focus: then the candidates have it as a whole. */
function toCandidates() {
  const grid = find('.bigart-grid');
  grid.tabIndex = -1;
  const target = find('.bigart-thumb.bigart-picked') ?? thumbnails()[0];
  (target && !target.disabled ? target : grid).focus({preventScroll: true});
  setTimeout(() => grid.scrollIntoView({block: 'nearest'}), 600);  // once the examples have made room
}

function create() {
  const field = find('.bigart-prompt input'), waits = find('button.bigart-create').textContent.includes('Queue');
  bigart.act('create', {prompt: field.value});
  if (field.value.trim() && !waits) toCandidates();
  else field.focus();
}

function pick(thumbnail) {
  if (!thumbnail || thumbnail.disabled) return;
  thumbnail.focus();
  thumbnail.click();
}

const KEYS = [
  ['Enter', 'in the prompt: create'], ['1 to 9', 'pick that picture'], ['Arrows', 'pick the next one'],
  ['F', 'make it a favourite'], ['Space', 'compare it with the one picked before'],
  ['P', 'to the prompt'], ['?', 'this list'],
];

bigart.dialog = (name, title) => {
  const dialog = document.createElement('dialog');
  dialog.className = `bigart-dialog ${name}`;
  const heading = document.createElement('h3');
  heading.id = `${name}-${Math.random().toString(36).slice(2)}`;
  heading.textContent = title;
  dialog.setAttribute('aria-labelledby', heading.id);
  const close = document.createElement('button');
  close.type = 'button';
  close.className = 'jupyter-button bigart-button bigart-close';
  close.textContent = 'Close';
  close.addEventListener('click', () => dialog.close());
  const head = document.createElement('div');
  head.className = 'bigart-dialog-head';
  head.append(heading, close);
  const body = document.createElement('div');
  body.className = 'bigart-dialog-body';
  dialog.append(head, body);
  root.append(dialog);
  return {dialog, body};
};

const help = bigart.dialog('bigart-help', 'Keys');
help.body.innerHTML = `<dl>${KEYS.map(([key, does]) => `<dt><kbd>${key}</kbd></dt><dd>${does}</dd>`).join('')}</dl>`;
bigart.help = () => { if (!help.dialog.open) help.dialog.showModal(); };

const arrows = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

function move(key) {
  const all = thumbnails();
  const at = all.indexOf(document.activeElement.closest('.bigart-thumb') ?? find('.bigart-thumb.bigart-picked'));
  const [across, down] = arrows[key];
  const columns = getComputedStyle(find('.bigart-grid')).gridTemplateColumns.split(' ').length;
  pick(all[at < 0 ? 0 : at + across + columns * down]);
}

const click = (name) => { const button = find(name); if (button && !button.disabled) button.click(); };
const isAmongCandidates = (target) => target === document.body || target.closest('.bigart-grid');

/* What a key does, where no field has the focus; undefined where it does nothing here. */
function action(event, target) {
  if (/^[1-9]$/.test(event.key)) return () => pick(thumbnails()[event.key - 1]);
  if (event.key === '?') return bigart.help;
  if (event.key === 'f' || event.key === 'F') return () => click('button.bigart-favourite');
  if (event.key === 'p' || event.key === 'P') return () => find('.bigart-prompt input').focus();
  if (event.key === ' ' && (target === document.body || target.closest('.bigart-grid') === target ||
      target.matches('.bigart-thumb'))) return () => bigart.view?.({compare: 'last'});
  if (event.key in arrows && isAmongCandidates(target)) return () => move(event.key);
  return undefined;
}

function isOurs(event) {
  const target = event.target;
  if (!root.isConnected || root.querySelector('dialog[open]')) return false;
  return root.contains(target) || target === document.body || target === document.documentElement;
}

/* In the capture phase: widgets keep what is typed into them from bubbling. */
document.addEventListener('keydown', (event) => {
  if (!isOurs(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target;
  if (event.key === 'Enter' && target.closest('.bigart-prompt')) {
    event.preventDefault();
    event.stopPropagation();
    create();
    return;
  }
  if (isField(target)) return;
  const act = action(event, target);
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}, true);

// A button is clicked by Space when the key comes up.
document.addEventListener('keyup', (event) => {
  if (event.key === ' ' && isOurs(event) && event.target.matches?.('.bigart-thumb')) event.preventDefault();
}, true);

// JupyterLab's notebook would hear of what was no key of ours.
root.addEventListener('keydown', (event) => event.stopPropagation());

root.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (button?.matches('.bigart-create')) {  // the kernel may not have heard of the last letters yet
    event.stopImmediatePropagation();
    event.preventDefault();
    create();
  } else if (button?.matches('.bigart-more, .bigart-alike')) {
    requestAnimationFrame(toCandidates);
  } else if (button?.matches('.bigart-nav')) {
    bigart[button.dataset.opens]?.();
  }
}, true);
