// Forms with files in them (RFC 7578), made here so that names survive and nothing is held in memory.

import { type Bytes, BufferBytes, JoinedBytes } from '../content/bytes.js';
import type { Entry } from '../content/input.js';

const utf8 = new TextEncoder();

/** A form in the making: bytes of its parts, in the order in which they are asked for. */
export class Form {
  /** 144 random bits: no content has it by chance. */
  readonly #boundary = `tidegate-${Array.from({ length: 6 }, () => Math.floor(Math.random() * 2 ** 24).toString(36)).join('')}`;

  /** What the request's `Content-Type` is. */
  get type(): string {
    return `multipart/form-data; boundary=${this.#boundary}`;
  }

  /** A whole field of text. */
  field(name: string, value: string): Uint8Array {
    return utf8.encode(`--${this.#boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
  }

  /** What stands before the content of a `file` part. */
  fileHead({ path, what }: Entry): Uint8Array {
    const disposition = `form-data; name="file"${fileName(path.join('/'))}`;
    return utf8.encode(`--${this.#boundary}\r\nContent-Disposition: ${disposition}\r\nContent-Type: ${typeOf(what)}\r\n\r\n`);
  }

  /** What stands behind it. */
  fileTail(): Uint8Array {
    return utf8.encode('\r\n');
  }

  /** The end of the form. */
  end(): Uint8Array {
    return utf8.encode(`--${this.#boundary}--\r\n`);
  }

  /** A whole form of fields and files that can be read again. */
  whole(fields: [string, string][], entries: readonly Entry[]): Bytes {
    const files = entries.flatMap((entry) => [new BufferBytes(this.fileHead(entry)), contentOf(entry.what), new BufferBytes(this.fileTail())]);
    const before = fields.map(([name, value]) => new BufferBytes(this.field(name, value)));
    return new JoinedBytes([...before, ...files, new BufferBytes(this.end())]);
  }
}

/** What the part of an entry holds: a file's content, a symbolic link's target, nothing for a directory. */
function contentOf(what: Entry['what']): Bytes {
  if (typeof what === 'string') return new BufferBytes(new Uint8Array());
  return 'symlink' in what ? new BufferBytes(utf8.encode(what.symlink)) : (what as Bytes);
}

/** How Kubo's clients mark what is no file. */
function typeOf(what: Entry['what']): string {
  if (typeof what === 'string') return 'application/x-directory';
  return 'symlink' in what ? 'application/symlink' : 'application/octet-stream';
}

/** The name as every reader understands it, and where that is not all of it, as RFC 8187 writes it. */
function fileName(name: string): string {
  if (name === '') return '';
  if (/^[\w !#$&'()+,\-./=@^`{}~[\]]*$/.test(name)) return `; filename="${name}"`;
  const plain = name.replace(/[^\w\-./ ]/g, '_');
  const encoded = encodeURIComponent(name).replace(/['()*!]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  return `; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
