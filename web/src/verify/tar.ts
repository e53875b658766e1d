// The one form of a bundle as an archive (SPEC section 8): POSIX ustar, regular members, nothing else.
import { must } from "./breach";
import { pieces, slice, type Source } from "./source";

const BLOCK = 512;

// isArchive says whether a file begins as one; what does not is no bundle at all (SPEC section 9, status 2).
export const isArchive = (file: Source): boolean => file.size >= 262 && String.fromCharCode(...file.read(257, 5)) === "ustar";

// members gives the names and contents in the order of the archive.
export function members(archive: Source): [string, Source][] {
  const out: [string, Source][] = [];
  let at = 0;
  for (;;) {
    must(at + BLOCK <= archive.size, "the archive is cut short");
    const header = archive.read(at, BLOCK);
    if (isZero(header)) break;
    const { name, size } = readHeader(header);
    at += BLOCK;
    const end = at + Math.ceil(size / BLOCK) * BLOCK;
    must(end <= archive.size, "the archive is cut short");
    must(isZero(archive.read(at + size, end - at - size)), "a member that is not padded with NULs");
    out.push([name, slice(archive, at, size)]);
    at = end;
  }
  must(at + 2 * BLOCK <= archive.size, "the archive has no end");
  for (const piece of pieces(slice(archive, at, archive.size - at))) must(isZero(piece), "something follows the end of the archive");
  return out;
}

const isZero = (bytes: Uint8Array): boolean => bytes.every((b) => b === 0);

function readHeader(h: Uint8Array): { name: string; size: number } {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 0x20 : (h[i] as number);
  const ascii = (from: number, to: number) => String.fromCharCode(...h.subarray(from, to));
  must(octal(ascii(148, 156)) === sum, "a header whose sum is wrong");
  must(ascii(257, 265) === "ustar\x0000" && isZero(h.subarray(345, 500)), "a header that is not plain ustar");
  must(h[156] === 0x30, "a member that is no regular file");
  const name = /^([^\0]+)\0*$/.exec(ascii(0, 100));
  must(name !== null, "a member without a proper name");
  return { name: name[1] as string, size: octal(ascii(124, 136)) };
}

function octal(field: string): number {
  const digits = /^([0-7]+)[\0 ]+$/.exec(field);
  must(digits !== null, "a number in a header that is not octal");
  return parseInt(digits[1] as string, 8);
}
