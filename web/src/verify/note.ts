// Signed notes (C2SP signed-note, SPEC section 6): a text, an empty line, signature lines.
import { hex, unbase64, type Bytes } from "../bytes";
import { must } from "./breach";
import { decode } from "./text";
import { name, type VKey } from "./values";

export interface Signature { name: string; hash: string; bytes: Bytes } // bytes: what follows the key hash

export interface Note { text: string; signatures: Signature[] }

export function parseNote(bytes: Uint8Array): Note {
  const note = decode(bytes);
  const end = note.lastIndexOf("\n\n");
  must(end >= 0 && note.endsWith("\n") && end + 2 < note.length, "not a signed note");
  const signatures = note.slice(end + 2, -1).split("\n").map((line) => {
    const parts = /^— ([^ ]+) ([^ ]+)$/.exec(line);
    must(parts !== null, "a signature line of another form");
    const signature = unbase64(parts[2] as string);
    must(signature !== null && signature.length >= 5, "a signature that is not at least 5 bytes in base64");
    return { name: name(parts[1] as string), hash: hex(signature.subarray(0, 4)), bytes: signature.slice(4) };
  });
  return { text: note.slice(0, end + 1), signatures };
}

export const isBy = (s: Signature, key: VKey): boolean => s.name === key.name && s.hash === key.hash;
