// A campaign's bundle (SPEC section 8) as far as one entrant looks themselves up: their leaf, their place in the order of the draw, and what evidence
// rests on. The bundle must have gone through the verifier before. Loaded only when somebody looks.

import { type Bytes, hex, sha256, unhex, utf8 } from "./bytes";
import { LEAF } from "./verify/entrants";
import { type Open, type Result, parse } from "./verify/records";
import { Short, copy } from "./verify/sha";
import { ofBytes } from "./verify/source";
import { effective } from "./verify/strata";
import { members } from "./verify/tar";

export interface Listed {
  draw: number;
  listed: boolean;
  place: number; // in the list, from 1
  entries: number; // in the list
  stratum: number;
  chances: number;
  person: string;
  drawn: boolean;
  rank: number; // in the order of the draw, from 1; 0: not counted or not drawn
  ranked: number; // how many are in that order
  seat: string; // tier number or "alt"; "" if neither
  prize: number; // of a seat that was drawn: which of the rules' tiers, from 1, says what it is; else 0
  rankedIn: number; // the stratum in which it was ranked; 0 if it was not
  close: string; // hash of the close record
  zero: string[]; // reasons that it gives for entries that do not count
  won: number; // without chances here because they held a seat of this earlier draw; 0: not so
}

export interface LookedUp {
  lists: Listed[];
  checkpoint: string; // the newest, with the log's signature alone
}

const decode = (b: Uint8Array): string => new TextDecoder().decode(b);

// lookUp finds an id in every entry list of the bundle of a campaign, given by its open record and that record's hash.
export async function lookUp(tar: Bytes, openRecord: string, openHash: string, id: string): Promise<LookedUp> {
  const files = new Map(members(ofBytes(tar)).map(([name, file]) => [name, file.read(0, file.size) as Bytes]));
  const open = parse(utf8(openRecord)) as Open;
  const records = [...logOf(files.get("log.bin")!)];
  const is = (r: Bytes, kind: string, n: number) => decode(r).startsWith(`fairlot/v1 ${kind}\nopen ${openHash}\ndraw ${n}\n`);
  const about = (kind: string, n: number) => records.find((r) => is(r, kind, n));
  const linesOf = (n: number) => decode(files.get(`draw/${n}/ranking.txt`) ?? new Uint8Array()).split("\n").map((l) => l.split(" "));
  // held tells whether the id held a seat of a draw when the log came to a record (SPEC section 9, step 7).
  const held = (n: number, to: Bytes): boolean => {
    const before = records.slice(0, records.indexOf(to)), line = linesOf(n).find((l) => l[2] === id);
    if (!line || !before.some((r) => is(r, "result", n))) return false;
    const replaced = (key: string) => before.some((r) => is(r, "replace", n) && decode(r).includes(`\nstratum ${line[0]}\n`) && decode(r).includes(`\n${key} ${line[1]}\n`));
    return (line[4] !== "alt" || replaced("next")) && !replaced("vacated");
  };
  const lists: Listed[] = [];
  for (const [i, rules] of open.draws.entries()) {
    const list = files.get(`draw/${i + 1}/entrants.bin`), close = about("close", i + 1), result = about("result", i + 1);
    if (!list || !close) continue;
    const place = find(list, id);
    const leaf = place === 0 ? null : list.subarray((place - 1) * LEAF, place * LEAF);
    const lines = linesOf(i + 1);
    const at: Listed = {
      draw: i + 1, listed: leaf !== null, place, entries: list.length / LEAF, stratum: leaf ? two(leaf, 16) : 0, chances: leaf ? two(leaf, 18) : 0, person: leaf ? hex(leaf.subarray(20)) : "",
      drawn: result !== undefined, rank: 0, ranked: 0, seat: lines.find((l) => l[2] === id)?.[4] ?? "", prize: 0, rankedIn: 0, close: hex(await sha256(close)), zero: [...decode(close).matchAll(/^zero (\S+) /gm)].map((m) => m[1]!), won: 0,
    };
    if (leaf && at.chances === 0 && rules.earlierOut) for (let n = i; n > 0; n--) if (held(n, close)) at.won = n;
    if (leaf && at.chances > 0 && result) {
      const counts = new Array<number>(rules.strata).fill(0);
      for (let p = 0; p < list.length; p += LEAF) if (two(list, p + 18) > 0) counts[two(list, p + 16) - 1]!++;
      const { standing, of } = effective(rules, open.batch, counts);
      [at.rank, at.ranked] = await rankOf(list, leaf, unhex((parse(result) as Result).seed, 32)!, of);
      at.rankedIn = standing[of[at.stratum - 1]!]!.stratum;
      at.prize = prizeOf(rules, of, of[at.stratum - 1]!, at.rankedIn, Number(at.seat));
    }
    lists.push(at);
  }
  const newest = Math.max(...[...files.keys()].flatMap((name) => (name.startsWith("checkpoints/") ? [Number(name.slice("checkpoints/".length))] : [])));
  const note = decode(files.get(`checkpoints/${newest}`) ?? new Uint8Array());
  const [text, signed] = [note.slice(0, note.lastIndexOf("\n\n") + 1), note.split("\n").find((l) => l.startsWith(`— ${open.log.name} `))];
  return { lists, checkpoint: `${text}\n${signed ?? ""}\n` };
}

// prizeOf is which of the rules' tiers, counted from 1 over all strata, says what the seats of a tier number are: that of the stratum that stands, else of the first
// of those that were joined to it (draw.Prizes in the daemon). 0 without a seat. into: the index of the one that stands among all that do.
function prizeOf(rules: Open["draws"][number], of: number[], into: number, stratum: number, tier: number): number {
  if (!(tier > 0)) return 0;
  if (rules.proportional !== null) return 1;
  let before = 0, found = 0;
  for (const [i, tiers] of rules.tiers.entries()) {
    if (tiers.length >= tier && of[i] === into && (found === 0 || i + 1 === stratum)) found = before + tier;
    before += tiers.length;
  }
  return found;
}

// openRecordOf gives the open record of a hash from the log in a bundle that verifies, and so has it.
export async function openRecordOf(tar: Bytes, openHash: string): Promise<string> {
  const log = members(ofBytes(tar)).find(([name]) => name === "log.bin")![1];
  for (const r of logOf(log.read(0, log.size) as Bytes)) if (hex(await sha256(r)) === openHash) return decode(r);
  throw new Error("no open record");
}

function* logOf(log: Bytes): Generator<Bytes> {
  for (let at = 0; at < log.length; at += 2 + two(log, at)) yield log.subarray(at + 2, at + 2 + two(log, at)) as Bytes;
}

const two = (b: Uint8Array, at: number): number => 256 * b[at]! + b[at + 1]!;

// find searches the ascending list by halves and gives the place from 1, or 0.
function find(list: Bytes, id: string): number {
  let low = 0;
  let high = Math.floor(list.length / LEAF);
  while (low < high) {
    const mid = (low + high) >> 1;
    const at = hex(list.subarray(mid * LEAF, mid * LEAF + 16));
    if (at === id) return mid + 1;
    if (at < id) low = mid + 1;
    else high = mid;
  }
  return 0;
}

// rankOf scores everybody of the leaf's effective stratum (SPEC section 5) and counts who comes before it. of: the effective stratum of each one, from 0.
async function rankOf(list: Bytes, leaf: Bytes, seed: Bytes, of: number[]): Promise<[rank: number, ranked: number]> {
  const hash = new Short(52), number = new DataView(hash.message.buffer, 48), tried = new Uint8Array(32), into = new DataView(tried.buffer);
  hash.message.set(seed);
  const score = (at: number, best: Uint8Array): void => {
    best.fill(255);
    copy(list, at, hash.message, 32, 16);
    for (let j = two(list, at + 18) - 1; j >= 0; j--) {
      number.setUint32(0, j);
      hash.into(into, 0);
      if (isBelow(tried, 0, best, 0, 32)) best.set(tried);
    }
  };
  const own = new Uint8Array(32), other = new Uint8Array(32), mine = leaf.byteOffset - list.byteOffset, stratum = of[two(leaf, 16) - 1];
  score(mine, own);
  let [rank, ranked] = [1, 0];
  for (let at = 0, n = 1; at < list.length; at += LEAF, n++) {
    if (n % 65536 === 0) await new Promise((next) => setTimeout(next)); // the page stays alive
    if (two(list, at + 18) === 0 || of[two(list, at + 16) - 1] !== stratum) continue;
    ranked++;
    score(at, other);
    if (isBelow(other, 0, own, 0, 32) || (!isBelow(own, 0, other, 0, 32) && isBelow(list, at, list, mine, 16))) rank++;
  }
  return [rank, ranked];
}

function isBelow(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, n: number): boolean {
  for (let i = 0; i < n; i++) {
    const d = a[aAt + i]! - b[bAt + i]!;
    if (d !== 0) return d < 0;
  }
  return false;
}
