// Where bytes come from: a file under Node, a Blob in a worker, an array. Reading is synchronous and by pieces, so that no
// list of entrants is ever in memory.
import { Breach } from "./breach";

export interface Source {
  readonly size: number;
  // read gives exactly n bytes from an offset; both lie within size. What it gave stays as it is.
  read(at: number, n: number): Uint8Array;
}

export const ofBytes = (bytes: Uint8Array): Source => ({ size: bytes.length, read: (at, n) => bytes.subarray(at, at + n) });

export const slice = (of: Source, from: number, size: number): Source => ({ size, read: (at, n) => of.read(from + at, n) });

// buffered reads ahead, for sources where each reading costs a call to elsewhere.
export function buffered(of: Source): Source {
  let from = 0, window = new Uint8Array(0);
  return {
    size: of.size,
    read(at, n) {
      if (at < from || at + n > from + window.length) {
        from = at;
        window = of.read(at, Math.min(Math.max(n, 2 ** 18), of.size - at)) as Uint8Array<ArrayBuffer>;
      }
      return window.subarray(at - from, at - from + n);
    },
  };
}

// whole reads a small file, and refuses one above its limit.
export function whole(of: Source, limit: number, name: string): Uint8Array {
  if (of.size > limit) throw new Breach(`${name} has ${of.size} bytes, more than ${limit}`);
  return of.read(0, of.size);
}

// pieces goes through a source by pieces of a multiple of `unit` bytes; the last may be any length.
export function* pieces(of: Source, unit = 1): Generator<Uint8Array> {
  const step = Math.max(1, Math.floor(2 ** 18 / unit)) * unit;
  for (let at = 0; at < of.size; at += step) yield of.read(at, Math.min(step, of.size - at));
}
