// What counts in the log (SPEC section 7): step 6, and whether others confirmed it in time (section 6).
import type { OpenLogged } from "./files";
import { must } from "./breach";
import { signedRound, timeOf, type GivenRound } from "./beacon";
import type { Cosigned } from "./log";
import type { Policy } from "./policy";
import type { Amend, Close, DrawRules, Logged, Opened, Replace, Result, Void } from "./records";

type At<T> = T & { hash: string; at: number }; // at: index in the log

export interface DrawHistory {
  rules: DrawRules;
  round: number; // in force in the end
  close: At<Close> | null;
  closeInTime: boolean;
  result: At<Result> | null;
  isVoid: boolean;
  voids: At<Void>[];
  tooSoon: number | null; // the first earlier draw that was to be settled before the close of this one, and was not
  replaced: At<Replace>[];
  opened: Opened[];
}

export interface Facts {
  records: Logged[];
  open: OpenLogged;
  openAt: number;
  policy: Policy;
  cosigned: Cosigned[];
  given: GivenRound[];
}

export function readHistory(f: Facts): DrawHistory[] {
  let audit: { day: string; count: number } | null = null;
  for (const r of f.records) {
    if (r.kind !== "audit") continue;
    must(audit === null || (r.day > audit.day && r.count > audit.count), "the heads of the audit trail do not go up");
    audit = r;
  }
  const drawn: At<Logged>[][] = f.open.draws.map(() => []);
  f.records.forEach((r, at) => {
    if (!("open" in r) || r.open !== f.open.hash) return;
    must(at > f.openAt, `entry ${at}: ${r.kind} stands before the open record that it names`);
    if (!("draw" in r) || r.draw === null) return;
    const of = drawn[r.draw - 1];
    must(of !== undefined, `entry ${at}: there is no draw ${r.draw}`);
    of.push({ ...r, at });
  });
  const all = f.open.draws.map((rules, i) => readDraw(f, rules, i + 1, drawn[i] as At<Logged>[]));
  for (const [i, h] of all.entries()) {
    if (!h.rules.earlierOut || h.close === null) continue;
    const close = h.close.at, at = all.slice(0, i).findIndex((e) => !settledBefore(f, e, close));
    if (at >= 0) h.tooSoon = at + 1;
  }
  return all;
}

// settledBefore: the draw had its result when the log came to entry `until`, or was void, as far as could be known then: whether its beacon came back later is all one.
function settledBefore(f: Facts, h: DrawHistory, until: number): boolean {
  if (h.result !== null && h.result.at < until) return true;
  return h.voids.some((v) => v.at < until && (inTime(f, v.at, deadlineOf(h)) || (v.reason === "beacon-dead" && confirmedDead(f, v.at, h.rules, h.round, until))));
}

const deadlineOf = (h: DrawHistory): bigint => timeOf(h.rules.beacon, h.round) - BigInt(h.rules.margin);

const counts = (f: Facts, h: DrawHistory, v: At<Void>): boolean => inTime(f, v.at, deadlineOf(h)) || (v.reason === "beacon-dead" && isDead(f, v.at, h.rules, h.round));

function readDraw(f: Facts, rules: DrawRules, number: number, records: At<Logged>[]): DrawHistory {
  const h: DrawHistory = { rules, round: rules.round, close: null, closeInTime: false, result: null, isVoid: false, voids: [], tooSoon: null, replaced: [], opened: [] };
  for (const r of records) {
    const where = `entry ${r.at}, draw ${number}:`;
    switch (r.kind) {
      case "amend":
        must(h.result === null, `${where} amended after the result`);
        if (later(r, h.round) && inTime(f, r.at, deadlineOf(h))) h.round = r.round;
        break;
      case "close":
        must(h.close === null, `${where} closed a second time`);
        h.close = r;
        break;
      case "void":
        h.voids.push(r);
        break;
      case "result":
        must(h.close !== null, `${where} a result before the close`);
        must(h.result === null, `${where} a second result`);
        h.result = r;
        break;
      case "replace":
        must(h.result !== null, `${where} a replacement before the result`);
        h.replaced.push(r);
        break;
      case "opened":
        must(h.result !== null, `${where} opened before the result`);
        h.opened.push(r);
        break;
    }
  }
  h.isVoid = h.voids.some((v) => counts(f, h, v));
  must(!h.isVoid || h.result === null, `draw ${number}: a result although it is void`);
  must(h.isVoid || h.result !== null || h.voids.length === 0, `draw ${number}: made void too late or without the witnesses, and no result`);
  h.closeInTime = h.close !== null && inTime(f, h.close.at, deadlineOf(h));
  return h;
}

const later = (r: Amend, round: number): boolean => r.round > round;

// inTime: the quorum cosigned a checkpoint that covers the record, each witness not after the deadline.
function inTime(f: Facts, at: number, deadline: bigint): boolean {
  return satisfied(f, (c) => c.size > at && c.time <= deadline);
}

// confirmedDead: the quorum cosigned when the days of a dead beacon were over; only by checkpoints that do not cover entry `until`.
function confirmedDead(f: Facts, at: number, rules: DrawRules, round: number, until: number): boolean {
  const from = timeOf(rules.beacon, round) + 86400n * BigInt(rules.deadDays);
  return satisfied(f, (c) => c.size > at && c.size <= until && c.time >= from);
}

function isDead(f: Facts, at: number, rules: DrawRules, round: number): boolean {
  if (!confirmedDead(f, at, rules, round, Infinity)) return false;
  const given = f.given.filter((g) => g.chain === rules.beacon.chain && g.round === round).map((g) => g.signature);
  const held = f.records.flatMap((r) => (r.kind === "result" ? [r.signature] : []));
  return ![...given, ...held].some((s) => signedRound(rules.beacon.key, round, s));
}

const satisfied = (f: Facts, counts: (c: Cosigned) => boolean): boolean =>
  f.policy.satisfied(new Set(f.cosigned.filter(counts).map((c) => c.witness)));
