/* A list that is drawn anew keeps the focus: on the same control of the same item, else of the one that took its
   place. It does not matter who draws it: a script all at once, or widgets bit by bit. */
const LISTS = '.bigart-runs, .bigart-shelf, .bigart-queue-rows, .bigart-grid, .bigart-tabs, .bigart-prints, ' +
  '.bigart-facts, .bigart-overview';
const KINDS = ['.bigart-item', '.bigart-run', '.bigart-shelf-head button', '.bigart-queue-row', '.bigart-thumb',
  '.bigart-tab', '.bigart-print-files li', '.bigart-overview div[tabindex]'];  // of items
const ITEMS = KINDS.join(), CONTROLS = 'button, input, select, [tabindex]';
const NEAR = 40;  // items on each side that are remembered
const SETTLED = 250, TRIES = 8;  // milliseconds without a change, and how often, after which a list is whole

let last = null, timer = 0;  // what had the focus last, if it was in a list

const nameOf = (item) => (item.dataset.key ? `${item.dataset.key}:${item.dataset.file ?? ''}` : item.textContent);
const controlsOf = (item) => (item.matches(CONTROLS) ? [item]
  : [...item.querySelectorAll(CONTROLS)].filter((one) => one.closest(ITEMS) === item));

function remember({target}) {
  clearTimeout(timer);
  const item = target.closest(ITEMS), list = item?.closest(LISTS);
  last = null;
  if (!list) return;
  const kind = KINDS.find((one) => item.matches(one)), all = [...list.querySelectorAll(kind)], at = all.indexOf(item);
  const near = all.map((one, place) => [2 * Math.abs(place - at) + (place < at), one])
    .slice(Math.max(0, at - NEAR), at + NEAR).sort(([one], [other]) => one - other);
  const names = near.map(([, one]) => nameOf(one)), place = controlsOf(item).indexOf(target);
  last = {target, list, kind, at, names, place, count: all.length, tries: 0};
}
root.addEventListener('focusin', remember);
root.addEventListener('keydown', remember, true);  // the list may have changed since

// Who leaves a list that stays as it is has left it. Some browsers say so of what they are taking off the page, too.
root.addEventListener('focusout', ({target}) => setTimeout(() => {
  if (last?.target === target && target.isConnected && document.activeElement !== target) last = null;
}));

function focus(element) {
  if (!element.matches(CONTROLS)) element.tabIndex = -1;
  element.focus();
}

/* Of a control that can do nothing now the item has the focus: the control beside it may delete what it is on. */
function restore(isSettled) {
  if (!last || last.target.isConnected) return;
  if (document.activeElement !== document.body) {  // the focus went elsewhere meanwhile
    last = null;
    return;
  }
  const {list, kind, at, names, place} = last, items = [...list.querySelectorAll(kind)];
  if (isSettled && items.length < last.count - 1 && (last.tries += 1) < TRIES) {  // more than one may be still to come
    timer = setTimeout(() => restore(true), SETTLED);
    return;
  }
  const found = new Map(items.map((one) => [nameOf(one), one]));
  const near = found.get(names.find((one) => found.has(one))) ?? items[Math.min(at, items.length - 1)];
  const item = found.get(names[0]) ?? (isSettled ? near : null);
  const control = item && controlsOf(item)[Math.max(0, place)];
  if (control || isSettled && item) focus(control && !control.disabled && place >= 0 ? control : item);
  else if (isSettled) focus(list.offsetParent ? list : root.querySelector('.bigart-prompt input'));
}

new MutationObserver(() => {
  if (!last || last.target.isConnected) return;
  clearTimeout(timer);
  timer = setTimeout(() => restore(true), SETTLED);
  restore(false);
}).observe(root, {childList: true, subtree: true});
