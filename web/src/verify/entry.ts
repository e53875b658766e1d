// One entrant (SPEC section 4): texts, commitments, receipts.
import { hex, join, unhex, utf8, type Bytes } from "../bytes";
import { must } from "./breach";
import { Fields } from "./fields";
import { isBy, parseNote } from "./note";
import { verify } from "./ed25519";
import { sha256 } from "./sha";
import { decode, lines } from "./text";
import { day, dec, hash, hexOf, LOG, text, vkey } from "./values";

export function checkIdentityText(bytes: Uint8Array): void {
  const f = new Fields(lines(bytes));
  for (const key of ["name", "id-type", "id-number"]) f.maybe(key, text);
  f.maybe("birth", (s) => day(s, 1800));
  for (const key of ["card", "guardian"]) f.maybe(key, text);
  f.end();
}

export function checkContactText(bytes: Uint8Array): void {
  const f = new Fields(lines(bytes));
  for (const key of ["lang", "phone", "email", "address"]) f.maybe(key, text);
  f.end();
}

export const rOf = (s: Uint8Array): Bytes => sha256("fairlot/v1 r\n", s);
export const idOf = (openHash: Uint8Array, r: Uint8Array): Bytes => sha256("fairlot/v1 id\n", openHash, r).slice(0, 16);
export const identityKeyOf = (r: Uint8Array): Bytes => sha256("fairlot/v1 identity\n", r);
export const contactKeyOf = (r: Uint8Array): Bytes => sha256("fairlot/v1 contact\n", r);
export const commitment = (key: Uint8Array, plain: Uint8Array): Bytes => sha256(key, sha256(plain));
export const personOf = (ci: Uint8Array, cc: Uint8Array): Bytes => sha256("fairlot/v1 person\n", ci, cc);

export function leafOf(id: Uint8Array, stratum: number, chances: number, person: Uint8Array): Bytes {
  const numbers = new Uint8Array(4);
  new DataView(numbers.buffer).setUint16(0, stratum);
  new DataView(numbers.buffer).setUint16(2, chances);
  return join(id, numbers, person);
}

// checkReceipt checks a receipt, or a saved copy of one with what it recomputes, and gives its id.
export function checkReceipt(bytes: Uint8Array, key: string): string {
  const receiptKey = vkey(key, LOG);
  must(/.\/receipt$/.test(receiptKey.name), "the receipt key is not named ORIGIN/receipt");
  const content = decode(bytes);
  const saved = content.startsWith("fairlot/v1 saved receipt\n");
  const end = saved ? content.indexOf("\n\n") + 1 : 0;
  must(!saved || end > 0, "a saved copy without its receipt");
  const note = parseNote(utf8(saved ? content.slice(end + 1) : content));
  const signature = note.signatures[0];
  must(note.signatures.length === 1 && signature !== undefined && isBy(signature, receiptKey), "not signed by the receipt key alone");
  must(verify(receiptKey.key, utf8(note.text), signature.bytes), "the signature does not verify");
  const [first, ...rest] = lines(utf8(note.text));
  must(first === "fairlot/v1 receipt", "no receipt");
  const f = new Fields(rest);
  const open = f.take("open", hash), id = f.take("id", (s) => hexOf(s, 32)), person = f.maybe("person", hash);
  if (person !== undefined) {
    f.take("stratum", (s) => dec(s, 1, 1000));
    f.maybe("chances", (s) => dec(s, 1, 1000));
  }
  f.end();
  if (saved) checkSaved(utf8(content.slice(0, end)), open, id, person);
  return id;
}

function checkSaved(head: Uint8Array, open: string, id: string, person: string | undefined): void {
  const f = new Fields(lines(head).slice(1));
  const bytes = (s: string) => unhex(hash(s), 32) as Bytes;
  const s = f.take("s", bytes);
  must(hex(idOf(bytes(open), rOf(s))) === id, "the id is not that of s");
  if (person !== undefined) must(hex(personOf(f.take("identity", bytes), f.take("contact", bytes))) === person, "the person is not that of the commitments");
  f.end();
}
