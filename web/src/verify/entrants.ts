// The list of entrants (SPEC section 4): steps 7 and 8, in one pass.
import { hex } from "../bytes";
import { must } from "./breach";
import type { Close, DrawRules, Open } from "./records";
import { Short } from "./sha";
import { pieces, type Source } from "./source";
import { Tree } from "./tree";

export const LEAF = 52;

export interface List {
  root: string;
  ranked: number[]; // leaves with chances > 0 by stratum, from index 0
  withChances: number;
  entrants: number;
}

// readList is step 7 and gives the root for step 8. tell hears how many leaves are done.
export function readList(file: Source, rules: DrawRules, open: Pick<Open, "chances" | "register">, close: Close | null, tell: (leaves: number) => void): List {
  must(file.size % LEAF === 0, `the list has ${file.size} bytes, which is no multiple of 52`);
  const ranked = new Array<number>(rules.strata).fill(0);
  const tree = new Tree(), leaf = new Short(1 + LEAF), out = new DataView(new ArrayBuffer(32)), hash = new Uint8Array(out.buffer);
  leaf.message[0] = 0;
  let before: Uint8Array | null = null, zero = 0, count = 0;
  for (const piece of pieces(file, LEAF)) {
    for (let at = 0; at < piece.length; at += LEAF, count++) {
      const id = piece.subarray(at, at + 16);
      const stratum = 256 * (piece[at + 16] as number) + (piece[at + 17] as number), chances = 256 * (piece[at + 18] as number) + (piece[at + 19] as number);
      must(before === null || isBelow(before, id), `line ${count + 1}: ids are not ascending and unique`);
      must(stratum >= 1 && stratum <= rules.strata, `line ${count + 1}: stratum ${stratum} of ${rules.strata}`);
      must(chances <= open.chances, `line ${count + 1}: ${chances} chances, and the cap is ${open.chances}`);
      if (chances === 0) zero++;
      else ranked[stratum - 1] = (ranked[stratum - 1] as number) + 1;
      before = id;
      leaf.message.set(piece.subarray(at, at + LEAF), 1);
      leaf.into(out, 0);
      tree.add(hash);
    }
    before = before === null ? null : before.slice(); // a source may use its buffer again
    tell(count);
  }
  const withChances = count - zero;
  if (close !== null) {
    must(count === close.entrants, `${count} entrants, and close counts ${close.entrants}`);
    must(zero === close.zero, `${zero} entrants with chances 0, and close counts ${close.zero}`);
    must(close.days === close.entrants, `the days add up to ${close.days}, and close counts ${close.entrants} entrants`);
    must(open.register === null || withChances <= open.register, `${withChances} entrants with chances, and the register has ${open.register ?? ""} persons`);
  }
  return { root: hex(tree.root()), ranked, withChances, entrants: count };
}

function isBelow(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < 16; i++) {
    const d = (a[i] as number) - (b[i] as number);
    if (d !== 0) return d < 0;
  }
  return false;
}
