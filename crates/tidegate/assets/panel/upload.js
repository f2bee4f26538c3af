// The upload page: what is chosen or dropped becomes a row, and some rows at a time go on.

import { chosenFiles, chosenFolder, dropped } from './upload-chosen.js';
import { discard, kept, Upload } from './upload-item.js';
import { Row } from './upload-row.js';
import { Session } from './upload-session.js';
import { forget, unfinished } from './upload-shelf.js';
import { bytes } from './upload-words.js';

/** How many go on at once. */
const AT_ONCE = 3;
/** Milliseconds between two words about progress for those who hear the page. */
const BETWEEN_WORDS = 8000;

const page = document.getElementById('upload');
const form = document.getElementById('upload-wish');
const drop = document.getElementById('upload-drop');
const list = document.getElementById('upload-list');
const words = document.getElementById('upload-said');
const { account } = page.dataset;
const server = form.elements.namedItem('endpoint');
const key = form.elements.namedItem('key');
const session = new Session(server?.value ?? location.origin);
const rows = new Map();
let spoken = 0;
let listed = '';

page.hidden = false;
for (const [id, understand] of [['upload-files', chosenFiles], ['upload-folder', chosenFolder]]) {
  const input = document.getElementById(id);
  input.onchange = () => {
    add(understand(input.files));
    input.value = '';
  };
}
drop.ondragover = (event) => {
  event.preventDefault();
  drop.classList.add('over');
};
drop.ondragleave = () => drop.classList.remove('over');
drop.ondrop = async (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  try {
    add(await dropped(event.dataTransfer));
  } catch {
    say('What was dropped cannot be read. Choose it by one of the buttons.');
  }
};
// A file that misses the place would take the place of the page.
for (const kind of ['dragover', 'drop']) window.addEventListener(kind, (event) => event.preventDefault());
form.onsubmit = (event) => event.preventDefault();
key?.addEventListener('input', () => (session.ownKey = key.value.trim()));
document.getElementById('upload-key-file')?.addEventListener('change', async ({ target }) => {
  key.value = (await target.files[0]?.text()) ?? '';
  session.ownKey = key.value.trim();
});
server?.addEventListener('change', () => (session.url = server.value));
window.addEventListener('online', () => {
  for (const upload of rows.keys()) if (upload.state === 'broken') upload.resume();
});
window.addEventListener('beforeunload', (event) => {
  if ([...rows.keys()].some((upload) => !upload.isOver && upload.state !== 'paused')) event.preventDefault();
});
showUnfinished();

/** Takes what was chosen. A name that was given is for one thing alone; several keep their own. */
function add(chosen) {
  if (chosen.length === 0) return say('There is nothing in it.');
  const name = form.elements.namedItem('name');
  const { visibility, profile } = Object.fromEntries(new FormData(form));
  for (const one of chosen) {
    const wish = { name: (chosen.length === 1 && name.value.trim()) || one.name, visibility, profile };
    const upload = new Upload(one, wish, session, account, changed);
    const row = new Row(upload, document.getElementById('upload-row'));
    rows.set(upload, row);
    list.append(row.element);
  }
  name.value = '';
  list.hidden = false;
  return goOn();
}

/** Lets those go on whose turn it is. */
function goOn() {
  const free = AT_ONCE - [...rows.keys()].filter((upload) => upload.isActive).length;
  const next = [...rows.keys()].filter((upload) => upload.state === 'waiting');
  for (const upload of next.slice(0, Math.max(0, free))) upload.run();
}

function changed(upload, turned) {
  rows.get(upload)?.paint(turned);
  if (turned) {
    if (upload.state === 'removed') rows.delete(upload);
    list.hidden = rows.size === 0;
    showUnfinished();
    tell(upload);
    if (!upload.isActive) queueMicrotask(goOn);
  } else if (performance.now() - spoken > BETWEEN_WORDS && upload.chosen.size > 0) {
    say(`${upload.wish.name}: ${Math.floor((upload.done / upload.chosen.size) * 100)} percent.`);
  }
}

/** Says what became of an upload to those who hear the page. */
function tell({ state, wish, problem }) {
  const said = {
    pinned: `${wish.name} is pinned.`,
    failed: `${wish.name} failed. ${problem}`,
    broken: `The connection was lost. ${wish.name} goes on by itself.`,
    paused: `${wish.name} is paused.`,
    removed: `${wish.name} is gone from the list.`,
  }[state];
  if (said) say(said);
}

function say(text) {
  spoken = performance.now();
  words.textContent = text;
}

/** Lists what was begun in this browser before, and neither ended nor chosen again. */
function showUnfinished() {
  const section = document.getElementById('upload-unfinished');
  const going = new Set([...rows.keys()].map((upload) => upload.shelf.location));
  const entries = unfinished(account).filter(({ location }) => !going.has(location));
  const now = entries.map(({ location }) => location).join(' ');
  if (now === listed) return;
  listed = now;
  section.hidden = entries.length === 0;
  section.querySelector('ul').replaceChildren(...entries.map((entry) => rowOfUnfinished(section.querySelector('template'), entry)));
}

function rowOfUnfinished(template, { name, size, visibility, location }) {
  const row = template.content.firstElementChild.cloneNode(true);
  const about = row.querySelector('[data-part="about"]');
  row.querySelector('[data-part="name"]').textContent = name;
  about.textContent = `${bytes(size)} · ${visibility}`;
  const button = row.querySelector('button');
  button.setAttribute('aria-label', `Discard: ${name}`);
  const done = () => {
    forget(location);
    showUnfinished();
  };
  button.onclick = () => {
    done();
    say(`${name} is discarded.`);
    return discard(session, location);
  };
  kept(session, location).then((offset) => {
    if (offset === 0) done();
    else if (offset) about.textContent = `${bytes(offset)} of ${bytes(size)} are at the server · ${visibility}`;
  });
  return row;
}
