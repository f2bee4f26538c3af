// Protocol buffers, as far as dag-pb and UnixFS need them.

/** The bytes of a number up to 2^53. */
export function varint(value: number): number[] {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  bytes.push(value);
  return bytes;
}

/** A field with a number. */
export function numberField(field: number, value: number): number[] {
  return [field << 3, ...varint(value)];
}

/** What comes before the bytes of a field with `length` of them. */
export function bytesHead(field: number, length: number): number[] {
  return [(field << 3) | 2, ...varint(length)];
}

/** A field with bytes. */
export function bytesField(field: number, bytes: ArrayLike<number>): Uint8Array {
  return concat([bytesHead(field, bytes.length), bytes]);
}

/** All of it one after the other. */
export function concat(parts: ArrayLike<number>[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
