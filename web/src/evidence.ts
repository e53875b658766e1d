// Evidence that a public list does not honour a signed receipt (docs/FORMATS.md), without the receipt's secret. The program fairlot checks it.

import type { Listed, LookedUp } from "./bundle";
import { type Page, h, say, saveFile } from "./dom";
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

// evidenceOf is the file's text for the first list that contradicts a receipt, or "". note is the signed receipt, bundle the address that the list came from, or "".
export function evidenceOf(looked: LookedUp, receipt: Receipt, note: string, bundle: string): string {
  const l = looked.lists.find((x) => finding(x, receipt) !== null);
  if (!l) return "";
  return `fairlot/v1 evidence\nfinding ${finding(l, receipt)}\ndraw ${l.draw}\nopen ${receipt.open}\nclose ${l.close}\n${bundle === "" ? "" : `bundle ${bundle}\n`}\n${words}\n--- receipt\n${note}\n--- checkpoint\n${looked.checkpoint}`;
}

// drawEvidence hands out what proves the contradiction, and the very bundle that it was found in, if it is not the reader's own file named so.
export function drawEvidence(text: string, campaign: string, id: string, records: Blob | null, named: string, page: Page): HTMLElement {
  const { t } = page;
  const file = `fairlot-evidence-${campaign}-${id.slice(0, 12)}.txt`;
  return h("div", { class: "alarm", id: "evidence" },
    h("h3", {}, t.evidenceTitle),
    h("p", {}, t.evidenceLead(records === null)),
    h("div", { class: "buttons" },
      h("button", { type: "button", class: "main", id: "save-evidence", onclick: () => { saveFile(file, text); say(t.evidenceSaved); } }, t.evidenceSave),
      records && h("button", { type: "button", id: "save-records", onclick: () => { saveFile(named, records); say(t.evidenceSaved); } }, t.recordsSave)),
    h("p", {}, t.evidenceNext),
    h("pre", { class: "command" }, h("code", {}, `fairlot receipt ${file} --bundle ${named}`)));
}
