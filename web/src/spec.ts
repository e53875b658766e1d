// docs/SPEC.md as far as an entrant's own browser checks it: the commitments of section 4, the receipt, the saved copy.

import { type Bytes, hex, same, sha256, unbase64, unhex, utf8 } from "./bytes";

// Secrets are what only the entrant holds: s of SPEC section 4 and the answer secret, 32 random bytes each.
export interface Secrets {
  s: Bytes;
  answer: Bytes;
}

export function drawSecrets(): Secrets {
  return { s: crypto.getRandomValues(new Uint8Array(32)), answer: crypto.getRandomValues(new Uint8Array(32)) };
}

export const rOf = (s: Bytes) => sha256("fairlot/v1 r\n", s);

export async function idOf(open: Bytes, r: Bytes): Promise<string> {
  return hex((await sha256("fairlot/v1 id\n", open, r)).slice(0, 16));
}

export async function identityCommitment(r: Bytes, text: string): Promise<Bytes> {
  return sha256(await sha256("fairlot/v1 identity\n", r), await sha256(text));
}

export async function contactCommitment(r: Bytes, text: string): Promise<Bytes> {
  return sha256(await sha256("fairlot/v1 contact\n", r), await sha256(text));
}

export async function personOf(ci: Bytes, cc: Bytes): Promise<string> {
  return hex(await sha256("fairlot/v1 person\n", ci, cc));
}

// Receipt is the text of a signed receipt. stratum and chances are 0 when absent, person is "" without draws.
export interface Receipt {
  open: string;
  id: string;
  person: string;
  stratum: number;
  chances: number;
}

// parseReceipt reads a receipt note in its one encoding, or returns null.
export function parseReceipt(note: string): Receipt | null {
  const body = splitNote(note)?.text;
  const m = body?.match(
    /^fairlot\/v1 receipt\nopen ([0-9a-f]{64})\nid ([0-9a-f]{32})\n(?:person ([0-9a-f]{64})\nstratum ([1-9][0-9]{0,3})\n(?:chances ([1-9][0-9]{0,3})\n)?)?$/,
  );
  if (!m) return null;
  return { open: m[1]!, id: m[2]!, person: m[3] ?? "", stratum: Number(m[4] ?? 0), chances: Number(m[5] ?? 0) };
}

function splitNote(note: string): { text: string; signatures: string[] } | null {
  const at = note.lastIndexOf("\n\n");
  if (at < 0 || !note.endsWith("\n")) return null;
  return { text: note.slice(0, at + 1), signatures: note.slice(at + 2, -1).split("\n") };
}

export type SignatureCheck = "right" | "wrong" | "unable"; // unable: this browser has no Ed25519

// checkSignature verifies the one signature of a receipt under a verifier key NAME+HHHHHHHH+BASE64 (C2SP signed note, algorithm 1).
export async function checkSignature(note: string, vkey: string): Promise<SignatureCheck> {
  const key = /^([!-*,-~]{1,128})\+([0-9a-f]{8})\+(.+)$/.exec(vkey);
  const parts = splitNote(note);
  const raw = key && unbase64(key[3]!);
  if (!key || !parts || !raw || raw.length !== 33 || raw[0] !== 1 || parts.signatures.length !== 1) return "wrong";
  const name = key[1]!;
  const keyHash = (await sha256(name + "\n", raw)).slice(0, 4);
  const line = parts.signatures[0]!;
  const prefix = `— ${name} `;
  const sig = line.startsWith(prefix) ? unbase64(line.slice(prefix.length)) : null;
  if (!sig || sig.length !== 68 || hex(keyHash) !== key[2] || !same(sig.slice(0, 4), keyHash)) return "wrong";
  let pub: CryptoKey;
  try {
    pub = await crypto.subtle.importKey("raw", raw.slice(1), { name: "Ed25519" }, false, ["verify"]);
  } catch (e) {
    return e instanceof DOMException && e.name === "NotSupportedError" ? "unable" : "wrong";
  }
  return (await crypto.subtle.verify({ name: "Ed25519" }, pub, sig.slice(4), utf8(parts.text))) ? "right" : "wrong";
}

// Saved is the entrant's own copy. identity and contact are null in a campaign without draws.
export interface Saved {
  s: Bytes;
  identity: Bytes | null;
  contact: Bytes | null;
  note: string;
}

export function formatSaved(c: Saved): string {
  let t = `fairlot/v1 saved receipt\ns ${hex(c.s)}\n`;
  if (c.identity && c.contact) t += `identity ${hex(c.identity)}\ncontact ${hex(c.contact)}\n`;
  return `${t}\n${c.note}`;
}

// mend undoes what a clipboard, an editor or a desk's scanner, which types what it reads, does to a copy: a byte order mark, CR, a lost last line end, another dash
// before the signature. None can change what it says.
export const mend = (text: string): string =>
  text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n").trim().replace(/\n(?:\S{1,3} | ?)([!-~]+\/receipt [A-Za-z0-9+/]+=*)$/, "\n— $1") + "\n";

// parseSaved reads a saved copy, mended, or returns null.
export function parseSaved(t: string): Saved | null {
  if (t.length > 8192) return null;
  const m = /^fairlot\/v1 saved receipt\ns ([0-9a-f]{64})\n(?:identity ([0-9a-f]{64})\ncontact ([0-9a-f]{64})\n)?\n([^]*)$/.exec(t);
  const s = m && unhex(m[1]!, 32);
  if (!m || !s) return null;
  return { s, identity: m[2] ? unhex(m[2], 32) : null, contact: m[3] ? unhex(m[3], 32) : null, note: m[4]! };
}

// formatAnswerSecret is the text of the answer secret's own file.
export function formatAnswerSecret(open: string, secret: Bytes): string {
  return `fairlot/v1 answer secret\nopen ${open}\nsecret ${hex(secret)}\n`;
}

// parseAnswerSecret reads that text, mended, or returns null.
export function parseAnswerSecret(t: string): { open: string; secret: Bytes } | null {
  const m = /^fairlot\/v1 answer secret\nopen ([0-9a-f]{64})\nsecret ([0-9a-f]{64})\n$/.exec(t);
  return m && { open: m[1]!, secret: unhex(m[2]!, 32)! };
}

// belongs says whether id and person recompute from the secret and the commitments.
export async function belongs(c: Saved, receipt: Receipt): Promise<boolean> {
  const id = await idOf(unhex(receipt.open, 32)!, await rOf(c.s));
  if (id !== receipt.id || (receipt.person !== "") !== (c.identity !== null)) return false;
  return !c.identity || !c.contact || (await personOf(c.identity, c.contact)) === receipt.person;
}

// OpenRecord is what the page reads of an open record: its single-valued keys before the first draw.
export type OpenRecord = Map<string, string>;

export function parseOpen(record: string): OpenRecord {
  const out: OpenRecord = new Map();
  for (const line of record.split("\n").slice(1)) {
    const at = line.indexOf(" ");
    if (at < 0) continue;
    const key = line.slice(0, at);
    if (key === "draw") break;
    if (!out.has(key)) out.set(key, line.slice(at + 1));
  }
  return out;
}

// noticeHash is the SHA-256 of the notice file as it is made from the texts shown.
export async function noticeHash(texts: { lang: string; text: string }[]): Promise<string> {
  let file = "";
  for (const lang of ["zh-Hant-TW", "en"]) {
    const t = texts.find((x) => x.lang === lang);
    if (t) file += `[${lang}]\n${t.text}\n`;
  }
  return hex(await sha256(file));
}

