/* bigart.ask(topic, data) asks the kernel, one question at a time, and promises {data, pictures}, pictures being
   decoded <img> by their names; so many milliseconds later it fails, be it that it waited for others all the time. bigart.act(name, data) begins what may be long. bigart.heard(name, call) calls with
   each new value of a state that the kernel tells. */
const id = Math.random().toString(36).slice(2);
const waiting = [];
let asked = null, count = 0;

bigart.ask = (topic, data = {}, milliseconds = 60000) => new Promise((answered, failed) => {
  const one = {number: `${id}-${count += 1}`, topic, data, answered, failed};
  one.timer = setTimeout(() => giveUp(one), milliseconds);
  waiting.push(one);
  next();
});

function giveUp(one) {
  const place = waiting.indexOf(one);
  if (place >= 0) waiting.splice(place, 1);
  one.failed(new Error('no answer'));
  if (one === asked) finish(() => {});
}

bigart.act = (name, data = {}) =>
  bigart.ask('act', {name, data}).then(() => root.querySelector('button.bigart-act').click());

function next() {
  if (asked || !waiting.length) return;
  asked = waiting.shift();
  const field = root.querySelector('.bigart-question textarea');
  field.value = JSON.stringify({number: asked.number, topic: asked.topic, data: asked.data});
  for (const name of ['input', 'change']) field.dispatchEvent(new Event(name, {bubbles: true}));
}

function finish(tell) {
  const one = asked;
  clearTimeout(one.timer);
  asked = null;
  tell(one);
  next();
}

function answer() {
  const holder = root.querySelector('.bigart-answer');
  const words = holder.querySelector('[data-json]');
  if (!words || !asked) return;
  const data = JSON.parse(words.dataset.json);
  if (data.number !== asked.number) return;
  const number = asked.number;
  const pictures = new Map([...holder.querySelectorAll('img[data-name]')].map((one) => [one.dataset.name, one]));
  Promise.allSettled([...pictures.values()].map((one) => one.decode())).then(() => {
    if (!asked || asked.number !== number) return;
    finish((one) => data.problem ? one.failed(new Error(data.problem)) : one.answered({data, pictures}));
  });
}

const listeners = {}, known = {};
bigart.heard = (name, call) => {
  (listeners[name] ??= []).push(call);
  if (name in known) call(known[name]);
};

function hear() {
  const words = root.querySelector('.bigart-told [data-json]');
  const state = words ? JSON.parse(words.dataset.json) : {};
  for (const [name, value] of Object.entries(state)) {
    if (JSON.stringify(known[name]) === JSON.stringify(value)) continue;
    known[name] = value;
    for (const call of listeners[name] ?? []) call(value);
  }
}

const changes = {childList: true, subtree: true, characterData: true, attributes: true};
new MutationObserver(answer).observe(root.querySelector('.bigart-answer'), changes);
new MutationObserver(hear).observe(root.querySelector('.bigart-told'), changes);
hear();
