// One request, and its answer or error.

import { streamed } from '#platform';
import type { Bytes } from '../content/bytes.js';
import { streamOf } from '../content/input.js';
import { errorOf, TidegateError } from '../errors.js';

/** A request. */
export interface Call {
  method?: string | undefined;
  url: string;
  headers?: Record<string, string> | undefined;
  /** A body in memory, or one that is read while it is sent. */
  body?: string | Bytes | AsyncIterable<Uint8Array> | undefined;
  /** Called with how many bytes of the body have been sent, again and again. */
  onSent?: ((bytes: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Sends it and gives an answer of the statuses 200 to 299; every other is thrown as an error. */
export async function send(call: Call): Promise<Response> {
  const answer = await sendAny(call);
  if (!answer.ok) throw await errorOf(answer);
  return answer;
}

/** Sends it and gives the answer, whatever its status. */
export async function sendAny(call: Call): Promise<Response> {
  const { signal, onSent, body } = call;
  signal?.throwIfAborted();
  // Node goes on reading the body of a request that has failed, to its end.
  const sending = { goesOn: true };
  const stop = () => (sending.goesOn = false);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const blob = isBytes(body) && !streamed ? body.blob!() : undefined;
    // Of fetch nobody learns how far it is. Service workers have nothing else.
    if (blob && onSent && typeof XMLHttpRequest === 'function') return await sendByXhr(call, blob);
    const answer = await fetch(call.url, init(call, blob, sending));
    if (blob) onSent?.(blob.size);
    if (answer.ok || body === undefined) return answer;
    // A refusal is read before the rest of the body is stopped, for that closes the connection.
    const text = await answer.text();
    stop();
    return new Response(text || null, { status: answer.status, headers: answer.headers });
  } catch (error) {
    stop();
    if (signal?.aborted) throw signal.reason;
    if (error instanceof TidegateError) throw error;
    throw new TidegateError(`no answer from ${new URL(call.url).host}: ${reasonOf(error)}`, { code: 'network', cause: error });
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function init({ method = 'GET', headers, body, onSent, signal }: Call, blob: Blob | undefined, sending: { goesOn: boolean }): RequestInit {
  const base: RequestInit = { method, headers, signal, credentials: 'omit' };
  if (blob) return { ...base, body: blob };
  if (body === undefined || typeof body === 'string') return { ...base, body };
  const pieces = isBytes(body) ? body.read() : body;
  const length: Record<string, string> = isBytes(body) ? { 'Content-Length': String(body.size) } : {};
  const stream = streamOf(counted(pieces, sending, onSent));
  return { ...base, ...streamed!(stream), headers: { ...headers, ...length } };
}

async function* counted(pieces: AsyncIterable<Uint8Array>, sending: { goesOn: boolean }, onSent: Call['onSent']): AsyncIterable<Uint8Array> {
  let sent = 0;
  for await (const piece of pieces) {
    if (!sending.goesOn) throw new TidegateError('the request has ended', { code: 'network' });
    // Whoever takes a piece sends it. After the last one nobody need come back: its length is known.
    sent += piece.length;
    onSent?.(sent);
    yield piece;
  }
}

function sendByXhr({ method = 'GET', url, headers = {}, onSent, signal }: Call, blob: Blob): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => onSent?.(Math.min(loaded, blob.size));
    request.onload = () => resolve(answerOf(request));
    request.onerror = () => reject(new TypeError('the connection failed'));
    request.onabort = () => reject(new TypeError('the request was stopped'));
    request.onloadend = () => signal?.removeEventListener('abort', stop);
    signal?.addEventListener('abort', stop, { once: true });
    request.send(blob);
  });
}

function answerOf(request: XMLHttpRequest): Response {
  const lines = request.getAllResponseHeaders().split('\r\n').filter(Boolean);
  const headers = lines.map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
  const { status } = request;
  return new Response([204, 205, 304].includes(status) ? null : request.responseText, { status, headers });
}

function isBytes(body: Call['body']): body is Bytes {
  return typeof body === 'object' && 'read' in body;
}

/** Node hides the reason in the cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string; code?: string } };
  return cause?.message || cause?.code || message || String(error);
}
