// What is seen of one upload: its name, how far it is, and what can be done with it.

import { bytes, left } from './upload-words.js';

const LABELS = {
  waiting: ['Waiting', 'wait'],
  hashing: ['Computing its id', 'wait'],
  sending: ['Uploading', 'wait'],
  checking: ['Being checked', 'wait'],
  paused: ['Paused', 'wait'],
  broken: ['Connection lost', 'bad'],
  pinned: ['Pinned', 'good'],
  failed: ['Failed', 'bad'],
};

/** What comes before `/ipfs/` in links to the gateway. */
const GATEWAY = document.getElementById('upload').dataset.gateway;

/** Milliseconds between two looks at the progress. */
const PAUSE = 250;

let rows = 0;

/** The row of an upload. */
export class Row {
  #painted = 0;

  /** @param {import('./upload-item.js').Upload} upload @param {HTMLTemplateElement} template */
  constructor(upload, template) {
    this.upload = upload;
    this.element = template.content.firstElementChild.cloneNode(true);
    rows += 1;
    this.part('name').textContent = upload.wish.name;
    this.part('about').textContent = aboutOf(upload);
    this.part('progress').setAttribute('aria-label', `How much of ${upload.wish.name} is done`);
    this.part('cid').id = `upload-cid-${rows}`;
    this.part('copy').dataset.copy = `upload-cid-${rows}`;
    this.part('copy').setAttribute('aria-describedby', `upload-cid-${rows}`);
    for (const [action, label] of [['pause', 'Pause'], ['remove', 'Cancel'], ['clear', 'Clear'], ['open', 'Open']]) {
      this.part(action).setAttribute('aria-label', `${label}: ${upload.wish.name}`);
    }
    this.part('pause').onclick = () => upload.pause();
    this.part('resume').onclick = () => upload.resume();
    this.part('remove').onclick = () => upload.remove();
    this.part('clear').onclick = () => upload.remove();
    this.paint(true);
  }

  part(name) {
    return this.element.querySelector(`[data-part="${name}"]`);
  }

  /** Shows how the upload stands. Progress alone is shown four times in a second. */
  paint(turned) {
    const now = performance.now();
    if (!turned && now - this.#painted < PAUSE) return;
    this.#painted = now;
    const { upload } = this;
    const { state, done, chosen } = upload;
    if (state === 'removed') return void this.element.remove();
    if (turned) this.#turn(state);
    const progress = this.part('progress');
    if (upload.isActive && state !== 'checking') progress.value = chosen.size > 0 ? done / chosen.size : 0;
    else progress.removeAttribute('value');
    this.part('words').textContent = this.words();
  }

  #turn(state) {
    const { upload } = this;
    const [label, kind] = LABELS[state];
    const badge = this.part('state');
    badge.textContent = label;
    badge.className = `badge ${kind}`;
    const held = document.activeElement;
    this.part('progress').hidden = !upload.isActive;
    this.part('words').classList.toggle('bad', state === 'failed');
    this.part('resume').textContent = state === 'failed' ? 'Try again' : 'Go on';
    this.part('resume').setAttribute('aria-label', `${this.part('resume').textContent}: ${upload.wish.name}`);
    this.part('pause').hidden = !['waiting', 'hashing', 'sending', 'broken'].includes(state);
    this.part('resume').hidden = !['paused', 'broken', 'failed'].includes(state);
    this.part('remove').hidden = upload.isOver;
    this.part('clear').hidden = !upload.isOver;
    const isKnown = Boolean(upload.cid) && state !== 'failed';
    this.part('result').hidden = !isKnown;
    this.part('copy').hidden = !isKnown;
    this.part('cid').textContent = upload.cid ?? '';
    this.part('open').hidden = state !== 'pinned' || upload.wish.visibility === 'private';
    if (upload.cid) this.part('open').href = `${GATEWAY}/ipfs/${upload.cid}${upload.chosen.files > 0 ? '/' : ''}`;
    // Whoever pressed a button that is gone finds the next one.
    if (this.element.contains(held) && held.hidden) this.element.querySelector('.upload-actions button:not([hidden])')?.focus();
  }

  words() {
    const { state, done, chosen, rate, problem, wish } = this.upload;
    if (state === 'failed') return problem;
    if (state === 'broken') return `${problem} It goes on by itself.`;
    if (state === 'paused') return done > 0 ? `${bytes(done)} of ${bytes(chosen.size)} are done.` : '';
    if (state === 'pinned' && wish.visibility === 'private') return 'Only buyers of an asset that names it can read it.';
    if (state === 'checking') return 'All of it is there. The server reads it once more.';
    if (state !== 'hashing' && state !== 'sending') return '';
    const speed = rate.perSecond();
    const parts = [`${bytes(done)} of ${bytes(chosen.size)}`];
    if (speed !== undefined) parts.push(`${bytes(Math.round(speed))}/s`);
    if (speed > 0) parts.push(left((chosen.size - done) / speed));
    else if (speed === 0) parts.push('waiting for the server');
    return parts.join(' · ');
  }
}

function aboutOf({ chosen, wish }) {
  const parts = [bytes(chosen.size), wish.visibility];
  if (chosen.files > 0) parts.unshift(chosen.files === 1 ? 'folder with 1 file' : `folder with ${chosen.files} files`);
  return parts.join(' · ');
}
