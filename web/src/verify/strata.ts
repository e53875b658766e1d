// Effective strata and their seats (SPEC section 5).
import type { DrawRules } from "./records";

export interface Effective {
  stratum: number; // the one that stands
  leaves: number; // with chances > 0, with what was joined to it
  tiers: number[]; // seats by tier
  seats: number; // taken: at most `leaves`
  alternates: number; // there are: at most what is left
}

// effective gives the strata that stand, ascending, and for each stratum (from 0) the index of the one in which it is ranked.
export function effective(rules: DrawRules, batch: number, ranked: number[]): { standing: Effective[]; of: number[] } {
  const last = rules.strata - 1;
  const into = ranked.map((_, i) => i), n = [...ranked];
  const join = (from: number, to: number) => {
    n[to] = (n[to] as number) + (n[from] as number);
    into.forEach((at, i) => {
      if (at === from) into[i] = to;
    });
  };
  for (let i = 0; i < last; i++) if ((n[i] as number) < batch) join(i, i + 1);
  if ((n[last] as number) < batch) {
    let to = last - 1;
    while (to >= 0 && into[to] !== to) to--;
    if (to >= 0) join(last, to);
  }
  const stand = into.flatMap((at, i) => (at === i ? [i] : []));
  const tiers = rules.proportional === null ? addTiers(rules.tiers, into) : share(rules.proportional, stand, n).map((seats) => [seats]);
  const standing = stand.map((i, k) => {
    const leaves = n[i] as number, own = tiers[rules.proportional === null ? i : k] as number[];
    const seats = Math.min(own.reduce((a, b) => a + b, 0), leaves);
    return { stratum: i + 1, leaves, tiers: own, seats, alternates: Math.min(rules.alternates, leaves - seats) };
  });
  return { standing, of: into.map((i) => stand.indexOf(i)) };
}

function addTiers(tiers: number[][], into: number[]): number[][] {
  const sums: number[][] = tiers.map(() => []);
  tiers.forEach((own, i) => {
    const to = sums[into[i] as number] as number[];
    own.forEach((count, t) => (to[t] = (to[t] ?? 0) + count));
  });
  return sums;
}

// share is `proportional`: floors, then one seat each to the largest remainders, ties to the lower stratum.
function share(total: number, stand: number[], counts: number[]): number[] {
  const n = stand.map((i) => BigInt(counts[i] as number)), all = n.reduce((a, b) => a + b, 0n), t = BigInt(total);
  if (all === 0n) return stand.map(() => 0);
  const seats = n.map((own) => Number((t * own) / all));
  const order = n.map((own, k) => ({ k, rest: (t * own) % all })).sort((a, b) => (a.rest === b.rest ? a.k - b.k : a.rest > b.rest ? -1 : 1));
  const left = total - seats.reduce((a, b) => a + b, 0);
  for (const { k } of order.slice(0, left)) seats[k] = (seats[k] as number) + 1;
  return seats;
}
