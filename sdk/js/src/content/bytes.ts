// Content that can be read as often as needed and from anywhere, without being in memory.

/** Bytes that can be read again. Anything of this form may be pinned. */
export interface Bytes {
  readonly size: number;
  /** The bytes from `start` up to `end`, which is not among them; all of them without either. */
  read(start?: number, end?: number): AsyncIterable<Uint8Array>;
  /** The same as a Blob, which browsers send without reading it into memory. */
  blob?(start?: number, end?: number): Blob;
}

/** How much of a Blob is in memory at once, in bytes; twice that while one piece is used and the next is read. */
const PIECE = 4 << 20;

/** A Blob or File. */
export class BlobBytes implements Bytes {
  constructor(readonly source: Blob) {}

  get size(): number {
    return this.source.size;
  }

  async *read(start = 0, end = this.size): AsyncIterable<Uint8Array> {
    let next = start < end ? this.#piece(start, end) : undefined;
    for (let at = start + PIECE; next; at += PIECE) {
      const piece = await next;
      next = at < end ? this.#piece(at, end) : undefined;
      next?.catch(() => undefined); // It is thrown where it is waited for.
      yield new Uint8Array(piece);
    }
  }

  blob(start = 0, end = this.size): Blob {
    return this.source.slice(start, end);
  }

  #piece(start: number, end: number): Promise<ArrayBuffer> {
    return this.source.slice(start, Math.min(start + PIECE, end)).arrayBuffer();
  }
}

/** How much of what is in memory is handed out at once, in bytes: so that progress is seen. */
const STEP = 256 << 10;

/** Bytes in memory. */
export class BufferBytes implements Bytes {
  constructor(readonly source: Uint8Array) {}

  get size(): number {
    return this.source.length;
  }

  async *read(start = 0, end = this.size): AsyncIterable<Uint8Array> {
    for (let at = start; at < end; at += STEP) yield this.source.subarray(at, Math.min(at + STEP, end));
  }

  blob(start = 0, end = this.size): Blob {
    return new Blob([this.source.subarray(start, end) as Uint8Array<ArrayBuffer>]);
  }
}

/** Several one after the other. */
export class JoinedBytes implements Bytes {
  readonly size: number;
  readonly #parts: readonly Bytes[];
  /** Where each part begins. */
  readonly #starts: number[] = [];

  constructor(parts: readonly Bytes[]) {
    this.#parts = parts;
    let at = 0;
    for (const part of parts) {
      this.#starts.push(at);
      at += part.size;
    }
    this.size = at;
  }

  async *read(start = 0, end = this.size): AsyncIterable<Uint8Array> {
    for (const [part, from, to] of this.#within(start, end)) yield* part.read(from, to);
  }

  /** There is one only if every part has one. */
  blob(start = 0, end = this.size): Blob {
    return new Blob(this.#within(start, end).map(([part, from, to]) => part.blob!(from, to)));
  }

  /** The parts between `start` and `end`, each with the range of it that lies there. */
  #within(start: number, end: number): [Bytes, number, number][] {
    const found: [Bytes, number, number][] = [];
    for (let index = this.#partAt(start); index < this.#parts.length && this.#starts[index]! < end; index += 1) {
      const [part, begin] = [this.#parts[index]!, this.#starts[index]!];
      const [from, to] = [Math.max(0, start - begin), Math.min(part.size, end - begin)];
      if (from < to) found.push([part, from, to]);
    }
    return found;
  }

  /** The last part that begins at or before `position`. */
  #partAt(position: number): number {
    let [low, high] = [0, this.#starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= position) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** All of it in memory at once: for parts that are known to be small. */
export async function collected(bytes: Bytes, start: number, end: number): Promise<Uint8Array> {
  const all = new Uint8Array(end - start);
  let at = 0;
  for await (const piece of bytes.read(start, end)) {
    all.set(piece.subarray(0, all.length - at), at);
    at += piece.length;
  }
  return at === all.length ? all : all.subarray(0, at);
}
