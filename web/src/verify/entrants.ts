// The list of entrants (SPEC section 4): steps 7 and 8, in one pass.
import { hex } from "../bytes";
import { Breach, must } from "./breach";
import type { Close, DrawRules, Open } from "./records";
import { copy, Short } from "./sha";
import { pieces, type Source } from "./source";
import { Tree } from "./tree";

export const LEAF = 52;

export interface List {
  root: string;
  ranked: number[]; // leaves with chances > 0 by stratum, from index 0
  entrants: number;
}

// readList is step 7 and gives the root for step 8. out are ids that must have no chances; tell hears how many leaves are done.
export function readList(file: Source, rules: DrawRules, open: Pick<Open, "chances" | "register">, close: Close | null, out: Set<string>, tell: (leaves: number) => void): List {
  must(file.size % LEAF === 0, `the list has ${file.size} bytes, which is no multiple of 52`);
  const ranked = new Array<number>(rules.strata).fill(0);
  const tree = new Tree(), leaf = new Short(1 + LEAF), into = new DataView(new ArrayBuffer(32)), hash = new Uint8Array(into.buffer);
  leaf.message[0] = 0;
  let before = leaf.message, beforeAt = 0, zero = 0, won = 0, count = 0; // the first leaf has none before it
  for (const piece of pieces(file, LEAF)) {
    for (let at = 0; at < piece.length; at += LEAF, count++) {
      const stratum = 256 * (piece[at + 16] as number) + (piece[at + 17] as number), chances = 256 * (piece[at + 18] as number) + (piece[at + 19] as number);
      if (count > 0 && !isBelow(before, beforeAt, piece, at)) throw new Breach(`line ${count + 1}: ids are not ascending and unique`);
      if (stratum < 1 || stratum > rules.strata) throw new Breach(`line ${count + 1}: stratum ${stratum} of ${rules.strata}`);
      if (chances > open.chances) throw new Breach(`line ${count + 1}: ${chances} chances, and the cap is ${open.chances}`);
      if (out.size > 0 && out.has(hex(piece.subarray(at, at + 16)))) {
        if (chances > 0) throw new Breach(`line ${count + 1}: chances for who won an earlier draw, whose winners are out`);
        won++;
      }
      if (chances === 0) zero++;
      else ranked[stratum - 1] = (ranked[stratum - 1] as number) + 1;
      before = piece;
      beforeAt = at;
      copy(piece, at, leaf.message, 1, LEAF);
      leaf.into(into, 0);
      tree.add(hash);
    }
    tell(count);
  }
  const withChances = count - zero;
  if (close !== null) {
    must(count === close.entrants, `${count} entrants, and close counts ${close.entrants}`);
    must(zero === close.zero, `${zero} entrants with chances 0, and close counts ${close.zero}`);
    must(won === close.won, `${won} earlier winners who are out, and close counts ${close.won}`);
    must(close.days === close.entrants, `the days add up to ${close.days}, and close counts ${close.entrants} entrants`);
    must(open.register === null || withChances <= open.register, `${withChances} entrants with chances, and the register has ${open.register ?? ""} persons`);
  }
  return { root: hex(tree.root()), ranked, entrants: count };
}

function isBelow(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): boolean {
  for (let i = 0; i < 16; i++) {
    const d = (a[aAt + i] as number) - (b[bAt + i] as number);
    if (d !== 0) return d < 0;
  }
  return false;
}
