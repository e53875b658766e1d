// Evidence that a public list does not honour a signed receipt (docs/FORMATS.md), without the receipt's secret. The program fairlot checks it.

import type { Listed, LookedUp } from "./bundle";
import type { Receipt } from "./spec";
import words from "../../verify/evidence.txt";

export type Finding = "missing" | "person" | "stratum" | "chances";

// finding is how a list contradicts a receipt, or null.
export function finding(l: Listed, r: Receipt): Finding | null {
  if (!l.listed) return "missing";
  if (l.person !== r.person) return "person";
  if (l.stratum !== r.stratum) return "stratum";
  return l.chances > 0 && r.chances > 0 && l.chances !== r.chances ? "chances" : null;
}

// evidenceOf is the file's text for the first list that contradicts a receipt, or "". note is the signed receipt.
export function evidenceOf(looked: LookedUp, receipt: Receipt, note: string, bundle: string): string {
  const l = looked.lists.find((x) => finding(x, receipt) !== null);
  if (!l) return "";
  return `fairlot/v1 evidence\nfinding ${finding(l, receipt)}\ndraw ${l.draw}\nopen ${receipt.open}\nclose ${l.close}\nbundle ${bundle}\n\n${words}\n--- receipt\n${note}\n--- checkpoint\n${looked.checkpoint}`;
}
