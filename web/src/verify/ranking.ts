// Seed and ranking (SPEC section 5): steps 10 and 11.
import { hex, unhex, utf8, type Bytes } from "../bytes";
import { Best } from "./best";
import { must } from "./breach";
import { LEAF } from "./entrants";
import type { Result } from "./records";
import { copy, growing, sha256, Short } from "./sha";
import { pieces, type Source } from "./source";
import type { Effective } from "./strata";

export const seedOf = (close: string, signature: string): Bytes =>
  sha256("fairlot/v1 seed\n", unhex(close, 32) as Bytes, sha256(unhex(signature, 48) as Bytes));

// rank gives the ranking file's lines, without their LF.
export function* rank(list: Source, seed: Uint8Array, strata: { standing: Effective[]; of: number[] }, tell: (leaves: number) => void): Generator<string> {
  const best = strata.standing.map((s) => new Best(s.seats + s.alternates));
  const hash = new Short(LEAF), number = new DataView(hash.message.buffer, 48);
  hash.message.set(seed);
  const tried = new DataView(new ArrayBuffer(32)), score = new Uint8Array(32), scored = new DataView(score.buffer), attempt = new Uint8Array(tried.buffer);
  let done = 0;
  for (const piece of pieces(list, LEAF)) {
    for (let at = 0; at < piece.length; at += LEAF) {
      const stratum = 256 * (piece[at + 16] as number) + (piece[at + 17] as number), chances = 256 * (piece[at + 18] as number) + (piece[at + 19] as number);
      if (chances === 0) continue;
      copy(piece, at, hash.message, 32, 16);
      number.setUint32(0, 0);
      hash.into(scored, 0);
      for (let j = 1; j < chances; j++) {
        number.setUint32(0, j);
        hash.into(tried, 0);
        if (isBelow(attempt, score)) score.set(attempt);
      }
      (best[strata.of[stratum - 1] as number] as Best).offer(score, piece, at);
    }
    tell((done += piece.length / LEAF));
  }
  for (const [i, s] of strata.standing.entries()) {
    let rank = 0, tier = 0, before = 0; // before: seats of the tiers up to this one
    for (const key of (best[i] as Best).sorted()) {
      rank++;
      while (rank > before && tier < s.tiers.length) before += s.tiers[tier++] as number;
      yield `${s.stratum} ${rank} ${hex(key.subarray(32))} ${hex(key.subarray(0, 32))} ${rank <= s.seats ? tier : "alt"}`;
    }
  }
}

function isBelow(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < 32; i++) {
    const d = (a[i] as number) - (b[i] as number);
    if (d !== 0) return d < 0;
  }
  return false;
}

// compare is step 11, given the recomputed lines. It gives the hash of the recomputed file.
export function compare(recomputed: Iterable<string>, file: Source, result: Pick<Result, "ranking" | "ranked">): string {
  const hash = growing();
  let at = 0, count = 0, piece: string[] = [];
  const flush = () => {
    const bytes = utf8(piece.join(""));
    must(at + bytes.length <= file.size && hex(file.read(at, bytes.length)) === hex(bytes), `the ranking file differs from the recomputed one before line ${count + 1}`);
    hash.update(bytes);
    at += bytes.length;
    piece = [];
  };
  for (const line of recomputed) {
    piece.push(`${line}\n`);
    count++;
    if (piece.length === 256) flush();
  }
  flush();
  must(at === file.size, `the ranking file goes on after the ${count} recomputed lines`);
  const got = hex(hash.digest());
  must(got === result.ranking, "the result names another ranking file");
  must(count === result.ranked, `the result counts ${result.ranked} lines, there are ${count}`);
  return got;
}
