// pinFile: compute the CID, sign it, send the content.

import { cidText } from '../content/cid.js';
import { FileHasher } from '../content/file.js';
import { hashInput, type HashOptions, profileOf, Roots } from '../content/hash.js';
import { type Input, Once, type PinInput, understand } from '../content/input.js';
import type { Bytes } from '../content/bytes.js';
import { TidegateError } from '../errors.js';
import { retried } from '../http/retry.js';
import { send } from '../http/send.js';
import type { Settings } from '../settings.js';
import { signCid } from '../signature/index.js';
import { tokenFor, withToken } from '../token.js';
import { Form } from './form.js';
import { Meter, type OnProgress } from './progress.js';
import { tarOf } from './tar.js';
import { type UploadState, uploadResumably } from './tus.js';

const DEFAULT_RESUMABLE_FROM = 64 << 20;

/** How to pin a file. */
export interface PinFileOptions extends Pick<HashOptions, 'profile' | 'wrapWithDirectory' | 'signal'> {
  onProgress?: OnProgress | undefined;
  /** The CID of just this content by just this profile, if it is known: it is not computed again. Of a stream it always is. */
  cid?: string | undefined;
  /** What the pin is called in lists; else the file's own name. */
  name?: string | undefined;
  /** `private` for what only buyers may read. Without it a new pin is public. */
  visibility?: Visibility | undefined;
}

export type Visibility = 'public' | 'private';

/** A pin. */
export interface PinRes {
  /** The CID. */
  PinHash: string;
  /** Bytes of content. */
  PinSize: number;
  /** When it was pinned, RFC 3339. */
  PinDate: string;
  /** If it was asked for. */
  Visibility?: Visibility;
}

/** Pins a file or folder. */
export async function pinFile(settings: Settings, input: PinInput, options: PinFileOptions): Promise<PinRes> {
  options.signal?.throwIfAborted();
  const understood = await understand(input);
  if (understood.entries.some(({ what }) => what instanceof Once)) return pinInOnePass(settings, understood, options);

  const total = sizeOf(understood);
  const meter = new Meter(total, options.onProgress);
  const cid = options.cid ?? cidText((await hashInput(understood, { ...options, onHashed: meter.hashed })).cid);
  const pin: Signed = { cid, secret: signCid(settings.privateKey, cid), options, input: understood, meter };
  const { resumableFrom = DEFAULT_RESUMABLE_FROM } = settings;
  const resumed = resumableFrom !== false && total >= resumableFrom ? await sendResumably(settings, pin) : undefined;
  return resumed ?? sendForm(settings, pin);
}

/** What is known once the content was read. */
interface Signed {
  readonly cid: string;
  readonly secret: string;
  readonly options: PinFileOptions;
  readonly input: Input;
  readonly meter: Meter;
}

async function sendForm(settings: Settings, { cid, secret, options, input, meter }: Signed): Promise<PinRes> {
  const form = new Form();
  const body = form.whole([['cid', cid], ['secret', secret], ...fieldsOf(options)], input.entries);
  const onSent = options.onProgress && ((sent: number) => meter.sent(sent, body.size));
  // Sent again, it is the same pin.
  return retried(settings.retry, options.signal, () =>
    withToken(settings, options.signal, async (token) => {
      const headers = { UserAccessToken: token, 'Content-Type': form.type };
      const answer = await send({ method: 'POST', url: `${settings.endpoint}/pinning/pinFile`, headers, body, onSent, signal: options.signal });
      return answer.json();
    }),
  );
}

async function sendResumably(settings: Settings, { cid, secret, options, input, meter }: Signed): Promise<PinRes | undefined> {
  const sole = input.folder || options.wrapWithDirectory ? undefined : input.entries[0]!;
  const bytes = sole ? (sole.what as Bytes) : tarOf(input.entries);
  const { name, profile, visibility, signal } = options;
  const metadata = { cid, secret, filename: sole?.path.join('/'), name, profile, visibility, format: sole ? undefined : 'tar' };
  const said = Object.fromEntries(Object.entries(metadata).filter((pair): pair is [string, string] => Boolean(pair[1])));
  const key = [cid, bytes.size, name ?? '', visibility ?? ''].join(' ');
  const state = await uploadResumably(settings, { bytes, metadata: said, key, onSent: (sent) => meter.sent(sent, bytes.size), signal });
  return state && pinOf(state, visibility);
}

/** What an upload became, as `pinFile` tells it: visibility to those who asked for one. */
function pinOf({ state, pin }: UploadState, visibility: Visibility | undefined): PinRes {
  if (!pin) throw new TidegateError(`the upload is complete, and not pinned but ${state}`, { code: 'protocol' });
  return { PinHash: pin.cid, PinSize: pin.size, PinDate: pin.date, ...(visibility ? { Visibility: pin.visibility } : {}) };
}

/** Pins what can be read but once: hashed while it is sent, with the CID and its signature behind it. */
async function pinInOnePass(settings: Settings, input: Input, options: PinFileOptions): Promise<PinRes> {
  const form = new Form();
  const meter = new Meter(0, options.onProgress);
  const token = await tokenFor(settings, options.signal);
  const answer = await send({
    method: 'POST',
    url: `${settings.endpoint}/pinning/pinFile`,
    headers: { UserAccessToken: token, 'Content-Type': form.type },
    body: onePass(settings, form, input, options),
    onSent: options.onProgress && ((sent) => meter.sent(sent, 0)),
    signal: options.signal,
  });
  return answer.json();
}

async function* onePass(settings: Settings, form: Form, input: Input, options: PinFileOptions): AsyncIterable<Uint8Array> {
  const profile = profileOf(options.profile);
  const roots = new Roots(profile, input, options);
  const hasher = new FileHasher(profile);
  for (const [name, value] of fieldsOf(options)) yield form.field(name, value);
  for (const entry of input.entries) {
    yield form.fileHead(entry);
    const { what } = entry;
    if (typeof what === 'string' || 'symlink' in what) {
      if (typeof what !== 'string') yield new TextEncoder().encode(what.symlink);
      await roots.add(entry);
    } else {
      for await (const piece of what instanceof Once ? what.pieces : what.read()) {
        await hasher.push(piece);
        yield piece;
      }
      await roots.add(entry, await hasher.finish());
    }
    yield form.fileTail();
  }
  const cid = cidText((await roots.root()).cid);
  yield form.field('cid', cid);
  yield form.field('secret', signCid(settings.privateKey, cid));
  yield form.end();
}

/** The fields that may come before the content. The profile says what is not to be read off the CID yet. */
function fieldsOf({ profile, visibility, name }: PinFileOptions): [string, string][] {
  const fields: [string, string | undefined][] = [
    ['profile', profile],
    ['visibility', visibility],
    ['decooMetadata', name === undefined ? undefined : JSON.stringify({ name })],
  ];
  return fields.filter((field): field is [string, string] => field[1] !== undefined);
}

function sizeOf(input: Input): number {
  return input.entries.reduce((sum, { what }) => sum + (typeof what === 'string' || 'symlink' in what ? 0 : (what as Bytes).size), 0);
}
