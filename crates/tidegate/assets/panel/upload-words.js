// Sizes, times and what went wrong, in words.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `12.3 MiB`. */
export function bytes(count) {
  let value = count;
  let unit = 0;
  for (; value >= 1024 && unit < UNITS.length - 1; unit += 1) value /= 1024;
  return unit === 0 ? `${count} B` : `${value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/** `about 3 minutes left`. */
export function left(seconds) {
  if (seconds < 10) return 'a few seconds left';
  if (seconds < 90) return `about ${Math.round(seconds / 5) * 5} seconds left`;
  if (seconds < 90 * 60) return `about ${Math.round(seconds / 60)} minutes left`;
  return `about ${Math.round(seconds / 3600)} hours left`;
}

/** Words of the server begin small where others go on with them. */
export function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

/** How fast something goes. */
export class Rate {
  /** Moments in milliseconds with the bytes that were done by then, of the last seconds. */
  #points = [];

  /** So many bytes are done now. Less than before is a new beginning. */
  reached(bytes, now = performance.now()) {
    if (bytes < (this.#points.at(-1)?.[1] ?? 0)) this.#points = [];
    this.#points.push([now, bytes]);
    while (now - this.#points[0][0] > 8000) this.#points.shift();
  }

  /** Bytes in a second; nothing while it cannot be told. */
  perSecond(now = performance.now()) {
    const [first] = this.#points;
    if (!first || now - first[0] < 1000) return undefined;
    return ((this.#points.at(-1)[1] - first[1]) * 1000) / (now - first[0]);
  }
}
