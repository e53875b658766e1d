// A receipt checked against a file of public records that came from elsewhere: nothing is asked of the site's server, and no network is needed.

import type { Listed, LookedUp } from "./bundle";
import { type Bytes, hex, sha256, utf8 } from "./bytes";
import { type Page, definitions, h, verdict } from "./dom";
import { drawEvidence, evidenceOf, finding } from "./evidence";
import { type Receipt, type SignatureCheck, belongs, checkSignature, mend, parseOpen, parseReceipt, parseSaved } from "./spec";

export interface Apart {
  receipt: Receipt;
  belongs: boolean | null; // null: the signed part alone
  signature: SignatureCheck;
  institution: string;
  looked: LookedUp;
  evidence: string; // "" if the lists honour the receipt
  file: string; // name of the records
}

export async function checkApart(text: string, file: File, bundle: Promise<typeof import("./bundle")>): Promise<Apart | "checkMalformed" | "recordsOther" | "verifyNoBundle"> {
  const t = mend(text);
  const saved = parseSaved(t);
  const note = saved?.note ?? t;
  const receipt = t.length <= 8192 ? parseReceipt(note) : null;
  if (!receipt) return "checkMalformed";
  const { lookUp, recordsOf } = await bundle;
  const tar = new Uint8Array(await file.arrayBuffer()) as Bytes;
  const records = recordsOf(tar);
  if (!records) return "verifyNoBundle";
  const hashes = await Promise.all(records.map(async (r) => hex(await sha256(r))));
  const record = records[hashes.indexOf(receipt.open)];
  if (!record) return "recordsOther";
  const openRecord = new TextDecoder().decode(record);
  if (hex(await sha256(utf8(openRecord))) !== receipt.open) return "recordsOther"; // no UTF-8
  const open = parseOpen(openRecord);
  const signature = await checkSignature(note, open.get("receipt") ?? "");
  const looked = await lookUp(tar, openRecord, receipt.open, receipt.id);
  return {
    receipt, belongs: saved && (await belongs(saved, receipt)), signature, institution: open.get("institution") ?? "", looked, file: file.name,
    evidence: signature === "right" ? evidenceOf(looked, receipt, note, "") : "",
  };
}

function verdictOf(k: Apart): "verdictHolds" | "verdictBad" | "verdictUnable" | "notInList" | "personDiffers" {
  if (k.belongs === false || k.signature === "wrong") return "verdictBad";
  if (k.signature === "unable") return "verdictUnable";
  const wrong = k.looked.lists.map((l) => finding(l, k.receipt)).find((x) => x !== null);
  return wrong === "missing" ? "notInList" : wrong ? "personDiffers" : "verdictHolds";
}

export function drawApart(k: Apart, page: Page): HTMLElement {
  const { t } = page;
  const verdictIs = verdictOf(k);
  return h("section", { class: "card found", "aria-labelledby": "result-title" },
    h("h2", { id: "result-title", tabindex: -1, class: verdictIs === "verdictUnable" ? "unable" : verdictIs === "verdictHolds" ? "right" : "wrong" }, t[verdictIs]),
    h("p", { class: "byline", id: "apart" }, t.recordsChosen(k.file)),
    h("ul", { class: "verdicts" },
      k.belongs !== null && verdict(t.checkBelongs, k.belongs, page),
      verdict(t.checkSignature, k.signature === "unable" ? "unable" : k.signature === "right", page)),
    k.belongs === null && h("p", { class: "caution" }, t.noteOnly),
    k.evidence !== "" && k.belongs !== false && drawEvidence(k.evidence, k.receipt.open.slice(0, 12), k.receipt.id, null, k.file, page),
    definitions([[t.recordsOpen, k.institution], [t.entryNumber, h("code", { class: "number" }, k.receipt.id)]]),
    verdictIs !== "verdictBad" && h("div", { id: "listed" },
      k.looked.lists.length === 0 && h("p", {}, t.recordsNoList),
      ...k.looked.lists.flatMap((l) => drawList(l, k, page)),
      h("p", {}, t.recordsCaveat),
      h("pre", { class: "command" }, h("code", {}, `fairlot receipt RECEIPT.txt --bundle ${k.file}`))));
}

function drawList(l: Listed, k: Apart, page: Page): HTMLElement[] {
  const { t } = page;
  const title = h("h3", {}, t.lookedUp(l.draw));
  const wrong = finding(l, k.receipt);
  if (wrong !== null) return [title, h("p", { class: "alarm" }, wrong === "missing" ? t.notInList : t.personDiffers)];
  const drawn = l.seat === "alt" ? t.recordsAlternate : l.seat !== "" ? t.recordsSeat(l.seat) : t.outcomeNot;
  return [title, h("ul", {},
    h("li", {}, `${t.inList}${page.lang === "en" ? ", " : "，"}${t.listedChances(l.chances)}`),
    l.won > 0 && h("li", {}, t.outcomeWonEarlier(l.won)),
    l.chances === 0 && l.won === 0 && h("li", {}, t.recordsZero(l.zero.map((r) => t.zeroReasons[r] ?? r))),
    h("li", {}, t.placeIs(l.place, l.entries)),
    l.rank > 0 && h("li", {}, t.rankIs(l.rank, l.ranked)),
    l.rank > 0 && h("li", {}, drawn))];
}
