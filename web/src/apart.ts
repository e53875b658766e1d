// A receipt checked against a file of public records that came from elsewhere: they are verified first, nothing is asked of the site's server, and no network is needed.

import type { Listed, LookedUp } from "./bundle";
import type { Bytes } from "./bytes";
import { type Page, definitions, h, local, verdict } from "./dom";
import { drawEvidence, evidenceOf, finding } from "./evidence";
import { type Receipt, type SignatureCheck, belongs, checkSignature, mend, parseOpen, parseReceipt, parseSaved } from "./spec";
import { type Verified, type Verifier, drawBreach, drawOutcome } from "./verifier";

export interface Apart {
  file: string; // name of the records
  outcome: Verified; // of the whole verifier over them
  held: Held | null; // null: they do not verify, and so nothing follows from them
}

// Held is a receipt held against records that verify.
interface Held {
  receipt: Receipt;
  belongs: boolean | null; // null: the signed part alone
  signature: SignatureCheck;
  institution: string;
  looked: LookedUp;
  evidence: string; // "" if the lists honour the receipt
}

// checkApart verifies the records before it looks at anything in them: a file that somebody altered must neither accuse the institution nor make a winner.
export async function checkApart(text: string, file: File, bundle: Promise<typeof import("./bundle")>, verifier: Verifier): Promise<Apart | "checkMalformed" | "recordsOther" | "verifyNoBundle" | "verifyUnreadable"> {
  const t = mend(text);
  const saved = parseSaved(t);
  const note = saved?.note ?? t;
  const receipt = t.length <= 8192 ? parseReceipt(note) : null;
  if (!receipt) return "checkMalformed";
  const { lookUp, openRecordOf } = await bundle;
  const tar = await file.arrayBuffer().then((b) => new Uint8Array(b) as Bytes, () => null); // read once: the file may change under our hands
  if (!tar) return "verifyUnreadable";
  const outcome = await verifier.verify(new Blob([tar]));
  if (typeof outcome === "string") return outcome;
  if (outcome.status === 1) return { file: file.name, outcome, held: null };
  if (outcome.openHash !== receipt.open) return "recordsOther"; // the log has every campaign of the institution, the lists are of one
  const openRecord = await openRecordOf(tar, receipt.open);
  const open = parseOpen(openRecord);
  const signature = await checkSignature(note, open.get("receipt") ?? "");
  const looked = await lookUp(tar, openRecord, receipt.open, receipt.id);
  return {
    file: file.name, outcome,
    held: {
      receipt, belongs: saved && (await belongs(saved, receipt)), signature, institution: open.get("institution") ?? "", looked,
      evidence: signature === "right" ? evidenceOf(looked, receipt, note, "") : "",
    },
  };
}

function verdictOf(k: Held): "verdictHolds" | "verdictBad" | "verdictUnable" | "notInList" | "personDiffers" {
  if (k.belongs === false || k.signature === "wrong") return "verdictBad";
  if (k.signature === "unable") return "verdictUnable";
  const wrong = k.looked.lists.map((l) => finding(l, k.receipt)).find((x) => x !== null);
  return wrong === "missing" ? "notInList" : wrong ? "personDiffers" : "verdictHolds";
}

export function drawApart({ file, outcome, held: k }: Apart, page: Page): HTMLElement {
  const { t } = page;
  const chosen = h("p", { class: "byline", id: "apart" }, t.recordsChosen(file));
  if (!k) {
    return h("section", { class: "card found", "aria-labelledby": "result-title" },
      h("h2", { id: "result-title", tabindex: -1, class: "wrong" }, t.recordsWrong),
      chosen,
      h("div", { class: "alarm", id: "records-wrong" }, ...drawBreach(outcome, page), h("p", {}, t.recordsWrongNext)));
  }
  const verdictIs = verdictOf(k);
  return h("section", { class: "card found", "aria-labelledby": "result-title" },
    h("h2", { id: "result-title", tabindex: -1, class: verdictIs === "verdictUnable" ? "unable" : verdictIs === "verdictHolds" ? "right" : "wrong" }, t[verdictIs]),
    chosen,
    drawOutcome(outcome, page),
    h("ul", { class: "verdicts" },
      k.belongs !== null && verdict(t.checkBelongs, k.belongs, page),
      verdict(t.checkSignature, k.signature === "unable" ? "unable" : k.signature === "right", page)),
    k.belongs === null && h("p", { class: "caution" }, t.noteOnly),
    k.evidence !== "" && k.belongs !== false && drawEvidence(k.evidence, k.receipt.open.slice(0, 12), k.receipt.id, null, file, page),
    definitions([[t.verifyCampaign, local("span", outcome.titles, page.lang)], [t.recordsOpen, k.institution], [t.entryNumber, h("code", { class: "number" }, k.receipt.id)]]),
    verdictIs !== "verdictBad" && h("div", { id: "listed" },
      k.looked.lists.length === 0 && h("p", {}, t.recordsNoList),
      ...k.looked.lists.flatMap((l) => drawList(l, k, outcome.draws[l.draw - 1]?.isVoid === true, page)),
      h("p", {}, t.recordsCaveat),
      h("pre", { class: "command" }, h("code", {}, `fairlot receipt RECEIPT.txt --bundle ${file}`))));
}

function drawList(l: Listed, k: Held, isVoid: boolean, page: Page): HTMLElement[] {
  const { t } = page;
  const title = h("h3", {}, t.lookedUp(l.draw));
  const wrong = finding(l, k.receipt);
  if (wrong !== null) return [title, h("p", { class: "alarm" }, wrong === "missing" ? t.notInList : t.personDiffers)];
  const drawn = l.seat === "alt" ? t.recordsAlternate : l.seat !== "" ? t.recordsSeat(l.seat) : t.outcomeNot;
  const reasons = l.zero.filter((r) => r !== "won-earlier"); // which is said apart, where it is so
  return [title, h("ul", {},
    h("li", {}, isVoid ? t.listedVoid : `${t.inList}${page.lang === "en" ? ", " : "，"}${t.listedChances(l.chances)}`),
    l.won > 0 && h("li", {}, t.outcomeWonEarlier(l.won)),
    l.chances === 0 && l.won === 0 && !isVoid && reasons.length > 0 && h("li", {}, t.recordsZero(reasons.map((r) => t.zeroReasons[r] ?? r))),
    h("li", {}, t.placeIs(l.place, l.entries)),
    l.rank > 0 && h("li", {}, t.rankIs(l.rank, l.ranked)),
    l.rank > 0 && h("li", {}, drawn))];
}
