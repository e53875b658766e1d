// Value types (SPEC section 1). Each function gives the value, or throws a Breach that names the form.
import { unbase64, utf8, type Bytes } from "../bytes";
import { Breach, must } from "./breach";
import { isKey } from "./ed25519";
import { sha256 } from "./sha";

export function dec(s: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
  must(/^(0|[1-9][0-9]{0,15})$/.test(s), "not a number in its one form");
  const n = Number(s);
  must(n >= min && n <= max, `a number outside ${min} to ${max}`);
  return n;
}

export function hexOf(s: string, digits: number): string {
  must(s.length === digits && /^[0-9a-f]*$/.test(s), `not ${digits} lower-case hexadecimal digits`);
  return s;
}

export const hash = (s: string): string => hexOf(s, 64);

export function code(s: string): string {
  must(/^[a-z0-9][a-z0-9-]{0,63}$/.test(s), "not a code");
  return s;
}

export function oneOf<T extends string>(s: string, ...all: T[]): T {
  must((all as string[]).includes(s), `not one of ${all.join(", ")}`);
  return s as T;
}

export function text(s: string): string {
  must(s !== "" && utf8(s).length <= 200 && !s.startsWith(" ") && !s.endsWith(" "), "not a text of 1 to 200 bytes without outer spaces");
  return s;
}

// day checks a real day of the Gregorian calendar.
export function day(s: string, firstYear = 2000): string {
  must(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(s) && Number(s.slice(0, 4)) >= firstYear, "not a date in its one form");
  const at = Date.parse(`${s}T00:00:00Z`);
  must(!Number.isNaN(at) && new Date(at).toISOString().startsWith(s), "a day that does not exist");
  return s;
}

// time gives Unix seconds.
export function time(s: string): number {
  const parts = /^(.{10})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z$/.exec(s);
  must(parts !== null, "not a time in its one form");
  day(parts[1] as string);
  must(Number(parts[2]) < 24 && Number(parts[3]) < 60 && Number(parts[4]) < 60, "a time that does not exist");
  return Date.parse(s) / 1000;
}

export function zone(s: string): string {
  must(/^[A-Za-z0-9_+/-]{1,64}$/.test(s), "not a time zone's name");
  return s;
}

export function recipient(s: string): string {
  must(/^age1[0-9a-z-]+$/.test(s) && s.length <= 2100, "not an age recipient");
  return s;
}

// name checks the NAME of a key (a log's origin is one).
export function name(s: string): string {
  must(/^[\x21-\x2a\x2c-\x7e]{1,128}$/.test(s), "not a key's name");
  return s;
}

export const LOG = 1, WITNESS = 4;

export interface VKey {
  text: string;
  name: string;
  hash: string; // 8 hex digits
  key: Bytes; // 32 bytes
}

export function vkey(s: string, algorithm: number): VKey {
  const parts = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/.exec(s);
  if (parts === null) throw new Breach("not a verifier key");
  const [, named, hashed, encoded] = parts as unknown as [string, string, string, string];
  name(named);
  const k = unbase64(encoded);
  must(k !== null && k.length === 33, "a verifier key that is not 33 bytes in base64");
  must(k[0] === algorithm, `a verifier key whose algorithm is not ${algorithm}`);
  const digest = sha256(named, "\n", k);
  must(hashed === [...digest.subarray(0, 4)].map((b) => b.toString(16).padStart(2, "0")).join(""), "a verifier key whose hash is wrong");
  const key = k.slice(1);
  must(isKey(key), "a verifier key that is no point of large order in its one encoding");
  return { text: s, name: named, hash: hashed, key };
}
