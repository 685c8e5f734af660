/* Says in a sentence when the kernel is gone or does not answer, and takes it back once it does answer.

   A kernel is slow for good reasons: it counts as gone when the front end or the server knows that it is. Where
   neither does, it has PATIENCE, from the first question that it left open. */
const QUIET = 5000, ANSWER = 4000, AGAIN = 1500, PATIENCE = 20000, FORGOTTEN = 30 * 60000;  // milliseconds
const GONE = ['dead', 'starting', 'restarting', 'autorestarting', 'terminating'];
const DISCONNECTED = 'jupyter-widgets-disconnected';  // what JupyterLab marks the widgets of a gone kernel with
const isVoila = 'voila' in document.body.dataset;
if (isVoila) document.title = 'BIG.art';  // a notebook's name means nothing to whoever comes for pictures
const config = JSON.parse(document.getElementById('jupyter-config-data')?.textContent || '{}');
const base = config.baseUrl ?? document.body.dataset.baseUrl;
const saved = 'Everything that was finished is on disk.';
const how = isVoila ? 'Reload this page.' : 'Run the cells again.';
const words = {
  busy: 'The kernel is busy with another cell. The studio answers when that is done.',
  ended: `The studio’s kernel has ended. ${saved} ${how}`,
  away: `The server of this page does not answer. ${saved} Start it again if it has ended. ${how}`,
  silent: `The studio’s kernel does not answer: it is busy, or it has ended. ${saved} If it stays so: ${how}`,
};

const line = document.createElement('div');
line.className = 'bigart-link';
line.setAttribute('role', 'alert');
root.append(line);

function say(state) {
  const sentence = words[state] ?? '';
  if (line.textContent !== sentence) line.textContent = sentence;
  root.classList.toggle('bigart-cut-off', Boolean(sentence) && state !== 'busy');
}

let heard = Date.now(), kernel = '';
const told = () => { heard = Date.now(); };
for (const one of root.querySelectorAll('.bigart-told, .bigart-answer, .bigart-status')) {
  new MutationObserver(told).observe(one, {childList: true, subtree: true, characterData: true, attributes: true});
}
bigart.heard('kernel', (id) => { kernel = id; });

async function why(silent) {
  let state = '';
  if (base && kernel) {
    try {
      const limit = AbortSignal.timeout(ANSWER);
      const answer = await fetch(`${base}api/kernels/${kernel}`, {cache: 'no-store', signal: limit});
      state = answer.ok ? (await answer.json()).execution_state : answer.status === 404 ? 'dead' : '';
    } catch (error) {
      if (error.name !== 'TimeoutError') return 'away';  // else the server is slow
    }
  }
  if (GONE.includes(state)) return 'ended';
  if (silent < PATIENCE) return '';
  return state === 'busy' ? 'busy' : 'silent';
}

const isDisconnected = () => root.classList.contains(DISCONNECTED) || root.querySelector(`.${DISCONNECTED}`);
const isGone = () => !root.isConnected && Date.now() - heard > FORGOTTEN;  // the cell was run again, or removed
const pause = (milliseconds) => new Promise((awake) => { setTimeout(awake, milliseconds); });

async function watch() {
  for (let since = null; !isGone(); await pause(AGAIN)) {
    const now = Date.now();
    if (isDisconnected()) {
      say('ended');
    } else if (root.isConnected && (since !== null || now - heard > QUIET)) {
      try {
        await bigart.ask('ping', {}, ANSWER);
        since = null;
        told();
        say('');
      } catch {
        since ??= now;
        say(await why(Date.now() - since));
      }
    }
  }
}
watch();
