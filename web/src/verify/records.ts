// Records (SPEC section 2): parse gives what a record states, or a Breach.
import { hex } from "../bytes";
import { must, Newer } from "./breach";
import { Fields, words } from "./fields";
import { sha256 } from "./sha";
import { lines } from "./text";
import { code, day, dec, hash, hexOf, LOG, name, oneOf, recipient, text, time, vkey, WITNESS, zone, type VKey } from "./values";

export interface Beacon { chain: string; period: number; genesis: number; key: string }

export interface DrawRules {
  strata: number;
  tiers: number[][]; // seats by stratum and tier, both from 0; empty if proportional
  proportional: number | null;
  alternates: number;
  earlierOut: boolean; // who won an earlier draw has no chances in this one
  forfeit: boolean;
  margin: number;
  deadDays: number;
  beacon: Beacon;
  round: number;
}

export interface Open {
  kind: "open";
  campaign: string;
  log: VKey;
  rules: string;
  notice: string;
  policy: string;
  register: number | null;
  chances: number;
  batch: number;
  objectionsEnd: number; // Unix seconds
  audit: number;
  draws: DrawRules[];
}

export interface Amend { kind: "amend"; open: string; draw: number; round: number }
export interface Close { kind: "close"; open: string; draw: number; entrants: number; zero: number; won: number; days: number; root: string } // won: of zero, as earlier winners
export interface Void { kind: "void"; open: string; draw: number; reason: string }
export interface Result { kind: "result"; open: string; draw: number; close: string; signature: string; seed: string; ranking: string; ranked: number }
export interface Replace { kind: "replace"; open: string; draw: number; stratum: number; vacated: number; next: number | null }
export interface Opened { kind: "opened"; open: string; draw: number | null; purpose: string; count: number }
export interface Erased { kind: "erased"; open: string }
export interface Origin { kind: "origin" }
export interface Audit { kind: "audit"; day: string; count: number }

export type Stated = Open | Amend | Close | Void | Result | Replace | Opened | Erased | Origin | Audit;

// hash: the record's own, hex
export type Logged = Stated & { hash: string };

export const MAX_RECORD = 32768;

// Every key of the tables; another one is of a newer format.
const KEYS = ("open draw campaign log receipt institution zone rules notice policy custodian threshold notifier proof register chances batch entries-end " +
  "objections-end excluded audit strata tier proportional alternates claim-days earlier-winners vacated margin dead-days beacon round entrants zero day root " +
  "reason close signature seed ranking ranked stratum next purpose case count unproven what by old old-size old-root head").split(" ");

export function parse(record: Uint8Array): Logged {
  must(record.length >= 1 && record.length <= MAX_RECORD, `not 1 to ${MAX_RECORD} bytes`);
  const [first, ...rest] = lines(record) as [string, ...string[]];
  const head = /^fairlot\/v([0-9]+) (.+)$/.exec(first);
  must(head !== null, "the first line is not that of a record");
  if (head[1] !== "1") throw new Newer(`version ${head[1]}`);
  const kind = head[2] as Stated["kind"];
  if (!Object.hasOwn(READ, kind)) throw new Newer(`kind ${kind}`);
  const f = new Fields(rest, KEYS);
  const stated = READ[kind](f);
  f.end();
  return { ...stated, hash: hex(sha256(record)) };
}

const drawNumber = (s: string): number => dec(s, 1, 99);
const openAndDraw = (f: Fields) => ({ open: f.take("open", hash), draw: f.take("draw", drawNumber) });

// numbered reads `N …` values that must count 1, 2, … up to 9, and gives the rest of each.
function numbered(f: Fields, key: string, n: number, read: (rest: string[]) => void): number {
  let count = 0;
  f.all(key, (value) => {
    const [number, ...rest] = words(value, n) as [string, ...string[]];
    must(dec(number, 1, 9) === ++count, "not numbered 1, 2, …");
    read(rest);
  });
  return count;
}

const READ: Record<Stated["kind"], (f: Fields) => Stated> = {
  open: readOpen,
  amend: (f) => ({ kind: "amend", ...openAndDraw(f), round: f.take("round", round) }),
  close: readClose,
  void: (f) => ({ kind: "void", ...openAndDraw(f), reason: f.take("reason", code) }),
  result: (f) => ({
    kind: "result", ...openAndDraw(f),
    close: f.take("close", hash), signature: f.take("signature", (s) => hexOf(s, 96)), seed: f.take("seed", hash),
    ranking: f.take("ranking", hash), ranked: f.take("ranked", dec1),
  }),
  replace(f) {
    const of = openAndDraw(f), stratum = f.take("stratum", dec1), vacated = f.take("vacated", dec1);
    f.take("reason", (s) => oneOf(s, "declined", "unreachable", "late", "ineligible", "erased"));
    return { kind: "replace", ...of, stratum, vacated, next: f.take("next", (s) => (s === "none" ? null : dec(s, 1))) };
  },
  opened(f) {
    const open = f.take("open", hash), draw = f.maybe("draw", drawNumber) ?? null;
    const purpose = f.take("purpose", (s) => (draw === null ? oneOf(s, "court", "breach", "person") : oneOf(s, "notice", "claim", "tax", "audit")));
    if (draw === null) f.take("case", (s) => hexOf(s, 32));
    const count = f.take("count", (s) => dec(s, 1));
    f.take("unproven", (s) => oneOf(s, "yes", "no"));
    return { kind: "opened", open, draw, purpose, count };
  },
  erased(f) {
    const open = f.take("open", hash), what = f.all("what", code);
    must(what.length > 0, "what: nothing is stated");
    must(what.every((w, i) => i === 0 || (what[i - 1] as string) < w), "what: not in ascending order");
    f.take("by", (s) => must(s === "operator" || /^custodian-[1-9]$/.test(s), "neither operator nor a custodian"));
    return { kind: "erased", open };
  },
  origin(f) {
    f.take("log", (s) => vkey(s, LOG));
    f.take("old", name);
    f.take("old-size", dec1);
    f.take("old-root", hash);
    return { kind: "origin" };
  },
  audit(f) {
    const of = { day: f.take("day", (s) => day(s)), count: f.take("count", (s) => dec(s, 1)) };
    f.take("head", hash);
    return { kind: "audit", ...of };
  },
};

const dec1 = (s: string): number => dec(s);
const round = (s: string): number => dec(s, 1, 2 ** 40);

function readClose(f: Fields): Close {
  const REASONS = ["duplicate", "excluded", "erased", "erased-at-desk", "superseded", "won-earlier"];
  const of = openAndDraw(f), entrants = f.take("entrants", dec1);
  let last = -1, before = "", won = 0;
  const zero = f.all("zero", (value) => {
    const [reason, count] = words(value, 2) as [string, string], at = REASONS.indexOf(reason);
    must(at >= 0, "an unknown reason");
    must(at > last, "reasons out of order");
    last = at;
    if (reason === "won-earlier") won = dec(count, 1);
    return dec(count, 1);
  });
  const days = f.all("day", (value) => {
    const [date, count] = words(value, 2) as [string, string];
    must(day(date) > before, "days out of order");
    before = date;
    return dec(count, 1);
  });
  return { kind: "close", ...of, entrants, zero: sum(zero), won, days: sum(days), root: f.take("root", hash) };
}

// sum adds counts; beyond 2^53 - 1 it is wrong, and equals no number of entrants, as it ought.
const sum = (all: number[]): number => all.reduce((a, b) => a + b, 0);

function readOpen(f: Fields): Open {
  const campaign = f.take("campaign", (s) => hexOf(s, 32));
  const log = f.take("log", (s) => vkey(s, LOG));
  f.take("receipt", (s) => must(vkey(s, LOG).name === `${log.name}/receipt`, "not named ORIGIN/receipt"));
  f.take("institution", text);
  f.take("zone", zone);
  const rules = f.take("rules", hash), notice = f.take("notice", hash), policy = f.take("policy", hash);
  const custodians = numbered(f, "custodian", 3, ([to, key]) => {
    recipient(to as string);
    vkey(key as string, WITNESS);
  });
  f.take("threshold", (s) => dec(s, Math.min(custodians, 1), custodians));
  const notifiers = numbered(f, "notifier", 2, ([to]) => recipient(to as string));
  f.take("proof", (s) => oneOf(s, "token", "member", "code", "none"));
  const register = f.maybe("register", (s) => dec(s, 1, 10 ** 9)) ?? null;
  const chances = f.take("chances", (s) => dec(s, 1, 1000));
  const batch = f.take("batch", (s) => dec(s, 1, 65535));
  const entriesEnd = f.take("entries-end", time), objectionsEnd = f.take("objections-end", time);
  must(objectionsEnd >= entriesEnd, "objections-end: before entries-end");
  f.maybe("excluded", (value) => {
    const [count, listed] = words(value, 2) as [string, string];
    dec(count);
    hash(listed);
  });
  const audit = f.take("audit", (s) => dec(s, 0, 65535));
  const draws: DrawRules[] = [];
  while (f.next("draw")) draws.push(readDraw(f, draws.length + 1));
  if (draws.length > 0) must(custodians > 0 && notifiers > 0, "draws without a custodian or without a notifier");
  return { kind: "open", campaign, log, rules, notice, policy, register, chances, batch, objectionsEnd, audit, draws };
}

function readDraw(f: Fields, number: number): DrawRules {
  must(f.take("draw", drawNumber) === number, "draws are not numbered 1, 2, …");
  const strata = f.take("strata", (s) => dec(s, 1, 1000));
  const proportional = f.maybe("proportional", (s) => dec(s, 1, 10 ** 6)) ?? null;
  const tiers = proportional === null ? readTiers(f, strata) : [];
  const alternates = f.take("alternates", (s) => dec(s, 0, 10 ** 6));
  f.take("claim-days", (s) => dec(s, 0, 3650));
  const earlierOut = f.take("earlier-winners", (s) => oneOf(s, "in", "out")) === "out";
  const forfeit = f.take("vacated", (s) => oneOf(s, "replace", "forfeit")) === "forfeit";
  const margin = f.take("margin", (s) => dec(s, 1, 2592000));
  const deadDays = f.take("dead-days", (s) => dec(s, 1, 3650));
  const beacon = f.take("beacon", (value) => {
    const [chain, scheme, period, genesis, key] = words(value, 5) as [string, string, string, string, string];
    oneOf(scheme, "bls-unchained-g1-rfc9380");
    return { chain: hash(chain), period: dec(period, 1, 86400), genesis: dec(genesis), key: hexOf(key, 192) };
  });
  return { strata, tiers, proportional, alternates, earlierOut, forfeit, margin, deadDays, beacon, round: f.take("round", round) };
}

function readTiers(f: Fields, strata: number): number[][] {
  const tiers: number[][] = [];
  f.all("tier", (value) => {
    const [stratum, tier, count] = words(value, 3).map((w) => dec(w)) as [number, number, number];
    if (stratum === tiers.length + 1 && tier === 1) tiers.push([]);
    const of = tiers[tiers.length - 1];
    must(of !== undefined && stratum === tiers.length && tier === of.length + 1, "strata and tiers out of order");
    must(count >= 1 && count <= 10 ** 6, "a number outside 1 to 1000000");
    of.push(count);
  });
  must(tiers.length === strata, "not every stratum has a tier");
  return tiers;
}
