// Verification of a bundle, step by step (SPEC section 9). The third of three verifiers that share no code; it runs in a page's
// worker and under Node. Synchronous, and in memory no more than the log, the seats and the alternates.
import { hex } from "../bytes";
import { checkOpened, checkReplaced, holders } from "./after";
import { QUICKNET, signedRound, timeOf, type GivenRound } from "./beacon";
import { Breach, must } from "./breach";
import { bundleOf, type Bundle } from "./bundle";
import { LEAF, readList } from "./entrants";
import { readFiles, type OpenLogged } from "./files";
import { readHistory, type DrawHistory } from "./history";
import { readCheckpoints, readLog } from "./log";
import type { Policy } from "./policy";
import { compare, rank, seedOf } from "./ranking";
import type { Source } from "./source";
import type { DrawOutcome, Outcome, Step } from "./steps";
import { effective, type Effective } from "./strata";

export interface Options {
  ordered: boolean; // the members come from an archive
  given?: GivenRound[]; // rounds from outside the bundle
  // passed hears each step that held; part how far a long one is, from 0 to 1.
  passed?(step: Step, draw?: number): void;
  part?(step: Step, draw: number, share: number): void;
}

export function verify(members: () => [string, Source][], options: Options): Outcome {
  const draws: DrawOutcome[] = [];
  const out: Outcome = { status: 1, reason: "bundle", draws };
  let now: Step = "bundle", draw: number | undefined;
  const step = <T>(name: Step, does: () => T): T => {
    now = name;
    const got = does();
    options.passed?.(name, draw);
    return got;
  };
  try {
    const bundle = step("bundle", () => bundleOf(members(), options.ordered));
    const log = step("record", () => readLog(bundle.log, new Set(bundle.checkpoints.map((c) => c.size))));
    const { open, at, policy } = step("files", () => readFiles(bundle.files, log.records));
    out.openHash = open.hash;
    out.campaign = open.campaign;
    const cosigned = step("log", () => readCheckpoints(bundle.checkpoints, log, open, policy));
    step("open", () => checkOpen(open, policy));
    const histories = step("history", () => readHistory({ records: log.records, open, openAt: at, policy, cosigned, given: options.given ?? [] }));
    now = "bundle";
    checkDrawFiles(bundle, histories);
    const before: Drawn[] = [];
    for (const [i, h] of histories.entries()) {
      draw = i + 1;
      const d: DrawOutcome = { draw, isVoid: h.isVoid, round: h.round };
      draws.push(d);
      if (h.close !== null) verifyDraw(bundle, open, h, d, before, step, (name, share) => options.part?.(name, d.draw, share));
    }
    draw = undefined;
    const reason = weakest(histories);
    return { ...out, status: reason === "proven" ? 0 : 3, reason };
  } catch (e) {
    if (!(e instanceof Breach)) throw e;
    return { ...out, reason: now, breach: e.message, ...(draw === undefined ? {} : { draw }) };
  }
}

function checkOpen(open: OpenLogged, policy: Policy): void {
  must(policy.log.text === open.log.text, "the policy's log is another than open's");
  for (const [i, d] of open.draws.entries()) {
    must(timeOf(d.beacon, d.round) - BigInt(d.margin) >= BigInt(open.objectionsEnd), `draw ${i + 1}: the round comes before the end of objections and the margin`);
    const { chain, period, genesis, key } = d.beacon;
    must(chain !== QUICKNET.chain || (period === QUICKNET.period && genesis === QUICKNET.genesis && key === QUICKNET.key), `draw ${i + 1}: quicknet has other constants`);
  }
}

// checkDrawFiles is the part of step 1 that needs the log.
function checkDrawFiles(bundle: Bundle, histories: DrawHistory[]): void {
  for (const [i, h] of histories.entries()) {
    const files = bundle.draws.get(i + 1) ?? {};
    must((files.entrants !== undefined) === (h.close !== null), `draw/${i + 1}/entrants.bin is ${h.close === null ? "there without a close" : "missing"}`);
    must((files.ranking !== undefined) === (h.result !== null), `draw/${i + 1}/ranking.txt is ${h.result === null ? "there without a result" : "missing"}`);
  }
  for (const n of bundle.draws.keys()) must(n <= histories.length, `draw/${n}: there is no such draw`);
}

// Drawn is an earlier draw with a result: its history, and the lines of who was ranked.
interface Drawn { h: DrawHistory; standing: Effective[]; lines: string[] }

type StepOf = <T>(name: Step, does: () => T) => T;

function verifyDraw(bundle: Bundle, open: OpenLogged, h: DrawHistory, d: DrawOutcome, before: Drawn[], step: StepOf, part: (name: Step, share: number) => void): void {
  const close = h.close as NonNullable<DrawHistory["close"]>, files = bundle.draws.get(d.draw) ?? {};
  const file = files.entrants as Source;
  const told = (name: Step) => (leaves: number) => part(name, (leaves * LEAF) / file.size);
  const earlier = h.rules.earlierOut ? before.filter((e) => (e.h.result as NonNullable<DrawHistory["result"]>).at < close.at) : [];
  const out = new Set(earlier.flatMap((e) => holders(e.h, e.standing, e.lines, close.at)));
  const list = step("entrants", () => {
    must(h.tooSoon === null, `closed before draw ${h.tooSoon ?? ""} had its result or was void, although its winners are to be out`);
    return readList(file, h.rules, open, close, out, told("entrants"));
  });
  d.entrants = list.entrants;
  d.root = list.root;
  step("root", () => must(list.root === close.root, "the list's root is not that of close"));
  const result = h.result;
  if (result === null) return;
  step("beacon", () => must(signedRound(h.rules.beacon.key, h.round, result.signature), `the signature is not that of round ${h.round}`));
  const seed = seedOf(close.hash, result.signature);
  d.seed = hex(seed);
  step("seed", () => {
    must(result.close === close.hash, "the result names another close");
    must(result.seed === d.seed, "the result's seed is not that of the close and the signature");
  });
  const strata = effective(h.rules, open.batch, list.ranked);
  const keeps = open.draws.slice(d.draw).some((r) => r.earlierOut), lines: string[] = []; // for later draws alone
  const kept = function* () {
    for (const line of rank(file, seed, strata, told("ranking"))) {
      if (keeps) lines.push(line);
      yield line;
    }
  };
  d.rankingHash = step("ranking", () => compare(kept(), files.ranking as Source, result));
  d.seats = strata.standing.reduce((n, s) => n + s.seats, 0);
  d.alternates = strata.standing.reduce((n, s) => n + s.alternates, 0);
  const called = step("replace", () => checkReplaced(h, strata.standing));
  step("opened", () => checkOpened(h, strata.standing, called, open.audit));
  before.push({ h, standing: strata.standing, lines });
}

function weakest(histories: DrawHistory[]): "proven" | "drawn" | "witness" | "beacon" {
  const due = histories.filter((h) => !h.isVoid);
  if (histories.length === 0 || due.some((h) => h.result === null)) return "drawn";
  if (due.some((h) => !h.closeInTime)) return "witness";
  if (due.some((h) => h.rules.beacon.chain !== QUICKNET.chain)) return "beacon";
  return "proven";
}
