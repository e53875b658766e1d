// What may follow a result: replacements (step 12) and openings of envelopes (step 13).
import { must } from "./breach";
import type { DrawHistory } from "./history";
import type { Effective } from "./strata";

// holders are the ids who hold a seat when the log comes to entry `until`, given the lines of the ranking file. The replacements are in order (step 12).
export function holders(h: DrawHistory, standing: Effective[], lines: string[], until: number): string[] {
  const state = new Map(standing.map((s) => [s.stratum, { last: s.seats, vacated: new Set<number>() }]));
  for (const r of h.replaced) {
    const of = state.get(r.stratum);
    if (r.at > until || of === undefined) continue;
    of.vacated.add(r.vacated);
    if (r.next !== null) of.last = r.next;
  }
  return lines.flatMap((line) => {
    const [stratum, rank, id] = line.split(" ") as [string, string, string];
    const of = state.get(Number(stratum));
    return of !== undefined && Number(rank) <= of.last && !of.vacated.has(Number(rank)) ? [id] : [];
  });
}

// checkReplaced is step 12 and gives how many alternates were called.
export function checkReplaced(h: DrawHistory, standing: Effective[]): number {
  const state = new Map(standing.map((s) => [s.stratum, { s, called: 0, vacated: new Set<number>() }]));
  let called = 0;
  for (const [i, r] of h.replaced.entries()) {
    const where = `replacement ${i + 1}:`;
    const of = state.get(r.stratum);
    must(of !== undefined, `${where} nobody is ranked in stratum ${r.stratum}`);
    must(r.vacated >= 1 && r.vacated <= of.s.seats + of.called && !of.vacated.has(r.vacated), `${where} rank ${r.vacated} of stratum ${r.stratum} holds no seat`);
    of.vacated.add(r.vacated);
    const next = h.rules.forfeit || of.called === of.s.alternates ? null : of.s.seats + of.called + 1;
    must(r.next === next, `${where} next is ${r.next ?? "none"} and must be ${next ?? "none"}`);
    if (next === null) continue;
    of.called++;
    called++;
  }
  return called;
}

// checkOpened is step 13.
export function checkOpened(h: DrawHistory, standing: Effective[], called: number, audit: number): void {
  const holders = standing.reduce((n, s) => n + s.seats, 0) + called;
  for (const [purpose, most] of [["notice", holders], ["claim", holders], ["tax", holders], ["audit", audit]] as const) {
    const count = h.opened.reduce((n, o) => n + (o.purpose === purpose ? o.count : 0), 0);
    must(count <= most, `${count} opened for ${purpose}, and at most ${most} may be`);
  }
}
