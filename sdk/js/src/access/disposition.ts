// File names in Content-Disposition (RFC 6266).

/** The name that a header gives, without any path; `undefined` if it gives none. */
export function nameIn(header: string | null): string | undefined {
  if (!header) return undefined;
  const name = extended(header) ?? plain(header);
  // A name is no place: what it says about folders is not followed.
  return name?.replace(/^.*[/\\]/s, '').replace(/[\0-\x1f\x7f]/g, '').replace(/^\.+$/, '') || undefined;
}

function extended(header: string): string | undefined {
  const encoded = /;\s*filename\*\s*=\s*UTF-8'[^']*'([^;\s]+)/i.exec(header)?.[1];
  try {
    return encoded && decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

function plain(header: string): string | undefined {
  const quoted = /;\s*filename\s*=\s*"((?:[^"\\]|\\.)*)"/i.exec(header)?.[1];
  return quoted?.replace(/\\(.)/g, '$1') ?? /;\s*filename\s*=\s*([^;"]+)/i.exec(header)?.[1]?.trim();
}
