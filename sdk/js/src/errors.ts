// The one kind of error that this package throws, besides the reason of a signal that was aborted.

/** What is known of a failure beside its text. */
export interface ErrorDetails {
  /** HTTP status of the answer; none if there was no answer. */
  status?: number | undefined;
  /** A word for programs, see {@link TidegateError.code}. */
  code?: string | undefined;
  /** `X-Request-Id` of the answer, by which the server's operator finds it in the log. */
  requestId?: string | undefined;
  /** Seconds after which the server wants to be asked again. */
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** A refusal by the server, or a failure on the way to it. The message is for people. */
export class TidegateError extends Error {
  override readonly name = 'TidegateError';
  /** HTTP status of the answer; `undefined` if there was no answer. */
  readonly status: number | undefined;
  /**
   * The server's own word where it gives one, else one for its status (`bad_request`, `unauthorized`, `forbidden`, `not_found`, `conflict`, `too_large`,
   * `rate_limited`, `unavailable`, `disk_full`, `server_error`, …). Made here: `network` (no answer), `configuration`, `bad_path`, `bad_key`, `changed` (content is no
   * longer what it was), `mismatch` (bytes are not what they should be), `protocol` (an answer that makes no sense).
   */
  readonly code: string;
  readonly requestId: string | undefined;
  /** Seconds after which the server wants to be asked again. */
  readonly retryAfter: number | undefined;

  constructor(message: string, { status, code, requestId, retryAfter, cause }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.code = code ?? (status === undefined ? 'network' : codeOf(status));
    this.requestId = requestId;
    this.retryAfter = retryAfter;
  }
}

const CODES: Record<number, string> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  408: 'timeout',
  409: 'conflict',
  410: 'gone',
  413: 'too_large',
  429: 'rate_limited',
  502: 'bad_gateway',
  503: 'unavailable',
  507: 'disk_full',
};

function codeOf(status: number): string {
  return CODES[status] ?? (status >= 500 ? 'server_error' : 'refused');
}

/** The error that an answer tells, in whichever of the server's dialects. Reads the answer's body. */
export async function errorOf(answer: Response): Promise<TidegateError> {
  const text = await answer.text().catch(() => '');
  const { message, code } = said(text);
  return new TidegateError(message ?? `the server answered with status ${answer.status}`, {
    status: answer.status,
    code,
    requestId: answer.headers.get('x-request-id') ?? undefined,
    retryAfter: retryAfterOf(answer),
  });
}

/** `Retry-After` in seconds, whether it is a number or a date. */
export function retryAfterOf(answer: Response): number | undefined {
  const value = answer.headers.get('retry-after');
  if (!value) return undefined;
  const seconds = /^\s*\d+\s*$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

/** What the bodies of errors say: Decoo's `Message`, our API's and PSA's `error`, the Provider's `error` and `errors`. */
function said(text: string): { message?: string; code?: string } {
  let body: any;
  try {
    body = JSON.parse(text);
  } catch {
    return text && text.length < 500 && !text.includes('<') ? { message: text.trim() } : {};
  }
  if (typeof body?.Message === 'string') return { message: body.Message };
  const error = body?.error;
  if (typeof error === 'string') return { message: error };
  if (error && typeof error === 'object') {
    return { message: error.message ?? error.details ?? error.reason, code: error.code ?? error.reason };
  }
  if (body?.errors && typeof body.errors === 'object') return { message: Object.values(body.errors).flat().join(' ') };
  return {};
}
