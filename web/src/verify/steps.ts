// The steps and outcomes of SPEC section 9, apart from what does them, so that a page can name them without it.
export const STEPS = ["bundle", "record", "files", "log", "open", "history", "entrants", "root", "beacon", "seed", "ranking", "replace", "opened"] as const;
export type Step = (typeof STEPS)[number];

// What is absent was not come to. Hashes are in hex.
export interface DrawOutcome { draw: number; isVoid: boolean; round: number; entrants?: number; root?: string; seed?: string; rankingHash?: string; seats?: number; alternates?: number }

export interface Outcome {
  status: 0 | 1 | 3;
  reason: "proven" | "witness" | "beacon" | "drawn" | Step;
  breach?: string; // which rule does not hold, in words, if status is 1
  draw?: number; // in which draw, if in one
  openHash?: string;
  campaign?: string;
  draws: DrawOutcome[];
}

export const outcomeText = (o: Outcome): string => `${o.status} ${o.reason}`;
