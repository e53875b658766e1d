// Bytes and their texts: hex, base64, UTF-8, SHA-256.

export type Bytes = Uint8Array<ArrayBuffer>;

export const utf8 = (s: string): Bytes => new TextEncoder().encode(s) as Bytes;

export function join(...parts: Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

export const hex = (b: Uint8Array): string => Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");

// unhex reads exactly n bytes of lower-case hex, or returns null.
export function unhex(s: string, n: number): Bytes | null {
  if (s.length !== 2 * n || !/^[0-9a-f]*$/.test(s)) return null;
  return Uint8Array.from({ length: n }, (_, i) => parseInt(s.slice(2 * i, 2 * i + 2), 16));
}

export const base64 = (b: Uint8Array): string => btoa(String.fromCharCode(...b));

// unbase64 reads standard padded base64 in its one form, or returns null.
export function unbase64(s: string): Bytes | null {
  try {
    const b = Uint8Array.from(atob(s), (c) => c.charCodeAt(0));
    return base64(b) === s ? b : null;
  } catch {
    return null;
  }
}

export async function sha256(...parts: (Uint8Array | string)[]): Promise<Bytes> {
  const all = join(...parts.map((p) => (typeof p === "string" ? utf8(p) : p)));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", all));
}

export const same = (a: Uint8Array, b: Uint8Array): boolean => hex(a) === hex(b);
