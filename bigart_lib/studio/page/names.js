/* Names and states that widgets of notebooks do not give: for screen readers, and for the order of Tab. */
const named = new WeakMap();

function name(element, words) {
  if (words && named.get(element) !== words) {
    named.set(element, words);
    element.setAttribute('aria-label', words);
  }
}

function set(element, attribute, value) {
  if (element.getAttribute(attribute) !== value) element.setAttribute(attribute, value);
}

function tidy() {
  for (const label of root.querySelectorAll('.widget-label[title=null], [title=null]')) label.removeAttribute('title');
  for (const widget of root.querySelectorAll('.widget-inline-hbox, .widget-hbox, .jupyter-widgets')) {
    const words = widget.querySelector(':scope > .widget-label')?.textContent.trim();
    if (!words) continue;
    const handles = ':scope [role=slider], :scope .noUi-handle, :scope .ui-slider-handle';
    for (const one of widget.querySelectorAll(`${handles}, :scope > input, :scope > select, :scope > textarea`)) {
      name(one, words);
    }
    for (const one of widget.querySelectorAll(':scope .widget-readout[contenteditable]')) {
      set(one, 'role', 'textbox');
      name(one, `${words}, as a number`);
    }
  }
  for (const [holder, words] of Object.entries(FIELDS)) {
    for (const one of root.querySelectorAll(`${holder} input, ${holder} select, ${holder} textarea`)) name(one, words);
  }
  const states = [['.bigart-thumb', 'bigart-picked'], ['.bigart-tab', 'bigart-chosen'], ['.bigart-button.jupyter-widget-toggle-button, .widget-toggle-button', 'mod-active']];
  for (const [buttons, mark] of states) {
    for (const one of root.querySelectorAll(buttons)) set(one, 'aria-pressed', String(one.classList.contains(mark)));
  }
  for (const one of root.querySelectorAll('.widget-toggle-buttons button')) {
    set(one, 'aria-pressed', String(one.classList.contains('mod-active')));
  }
  for (const one of root.querySelectorAll('.bigart-hidden button, .bigart-hidden textarea, .bigart-spot input')) {
    if (one.tabIndex !== -1) one.tabIndex = -1;
  }
  for (const one of root.querySelectorAll('.bigart-wire, .bigart-spot')) set(one, 'aria-hidden', 'true');
}

const FIELDS = {
  '.bigart-prompt': 'Prompt', '.bigart-avoided': 'Avoid', '.bigart-seed-number': 'Seed', '.bigart-model': 'Generator',
  '.bigart-folder': 'Another folder', '.bigart-generator .widget-dropdown': 'Generator',
};

let isWaiting = false;
new MutationObserver(() => {
  if (isWaiting) return;
  isWaiting = true;
  requestAnimationFrame(() => { isWaiting = false; tidy(); });
}).observe(root, {childList: true, subtree: true, attributes: true, attributeFilter: ['class', 'title', 'disabled']});
tidy();
