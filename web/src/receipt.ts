// The receipt: what the browser checked of it, and how the entrant keeps it.

import type { Campaign, Draw, EnterAnswer } from "./api";
import { same, unbase64, unhex } from "./bytes";
import { type Contact, type Identity, contactText, identityText } from "./canon";
import { type Page, definitions, h, local, say, saveFile, to, verdict } from "./dom";
import { groupTitle } from "./form";
import { drawQR } from "./qr";
import { drawDue, isVoid, voidNumbers, voidSentences } from "./results";
import {
  type Receipt, type Saved, type Secrets, type SignatureCheck, checkSignature, contactCommitment, formatAnswerSecret, formatSaved,
  identityCommitment, idOf, parseOpen, parseReceipt, personOf, rOf,
} from "./spec";

export interface Taken {
  receipt: Receipt | null; // null: not a receipt in its one form
  saved: Saved;
  id: boolean;
  signature: SignatureCheck;
  person: boolean | null; // null without draws
  group: boolean | null; // it is the one that was chosen; null if nobody chose
  kept: boolean; // saved or printed
}

// Typed is what was typed of a person. group: the one chosen, 0 if nobody chooses.
export interface Typed { identity: Identity; contact: Contact; group: number }

// judge recomputes everything of an answer that the browser can: nothing in it is believed.
export async function judge(c: Campaign, secrets: Secrets, typed: Typed | null, answer: EnterAnswer): Promise<Taken> {
  const r = await rOf(secrets.s);
  const id = await idOf(unhex(c.openHash, 32)!, r);
  const receipt = parseReceipt(answer.receipt);
  const idRight = answer.id === id && receipt?.id === id && receipt.open === c.openHash;
  const signature = await checkSignature(answer.receipt, parseOpen(c.openRecord).get("receipt") ?? "");
  if (!typed) {
    return { receipt, saved: { s: secrets.s, identity: null, contact: null, note: answer.receipt }, id: idRight && receipt?.person === "", signature, person: null, group: null, kept: false };
  }
  const ci = await identityCommitment(r, identityText(typed.identity));
  const cc = await contactCommitment(r, contactText(typed.contact));
  const sentCi = unbase64(answer.identityCommitment);
  const sentCc = unbase64(answer.contactCommitment);
  const person = sentCi !== null && sentCc !== null && same(ci, sentCi) && same(cc, sentCc) && receipt?.person === (await personOf(ci, cc));
  return { receipt, saved: { s: secrets.s, identity: ci, contact: cc, note: answer.receipt }, id: idRight, signature, person, group: typed.group > 0 ? receipt?.stratum === typed.group : null, kept: false };
}

export const isRight = (k: Taken): boolean => k.receipt !== null && k.id && k.signature !== "wrong" && k.person !== false && k.group !== false;

export function drawReceipt(c: Campaign, draws: Draw[], taken: Taken, secrets: Secrets, page: Page): HTMLElement {
  const { t } = page;
  const id = taken.receipt?.id ?? "";
  const short = id.slice(0, 12) || "unknown";
  const text = formatSaved(taken.saved);
  const ok = isRight(taken);
  const voids = voidSentences(draws, page);
  const code = drawQR(text, t.qrLabel);
  const secret = t.paperSecret(c.draws.length > 0);
  return h("section", { class: "receipt", "aria-labelledby": "receipt-title" },
    h("h2", { id: "receipt-title", tabindex: -1 }, t.receiptTitle),
    h("p", { class: "print-only" }, t.by(parseOpen(c.openRecord).get("institution") ?? "")),
    !ok && h("p", { class: "alarm", role: "alert" }, t.receiptWrong),
    h("p", { class: "print-only paper" }, secret),
    h("p", { class: "no-print" }, t.receiptLead),
    definitions([
      [t.checkCampaign, local("span", c.title, page.lang)],
      [t.entryNumber, h("code", { class: "number" }, id)],
      ...(c.strata.length > 0 && taken.receipt ? [[t.stratum, groupTitle(c, taken.receipt.stratum, page)] as [string, string]] : []),
      ...c.draws.map((d, i) => [t.drawTime(i + 1, c.draws.length), isVoid(draws[i]) ? t.standings.void : drawDue(d, draws[i], page)] as [string, HTMLElement | string]),
      [t.checkAt, `${location.origin}/check`],
    ]),
    ...voids.map((text) => h("p", { class: "outcome" }, text)),
    voids.length > 0 && h("p", { class: "caution void" }, t.voidFollows),
    taken.receipt && taken.receipt.person !== "" && !(draws.length > 0 && draws.every(isVoid)) && h("p", {}, counting(taken.receipt.chances, draws, page)),
    h("div", { class: "buttons no-print" },
      h("button", { type: "button", class: "main", id: "download-receipt", onclick: () => { saveFile(`fairlot-receipt-${c.slug}-${short}.txt`, text); taken.kept = true; say(t.downloaded); } }, t.download),
      h("button", { type: "button", id: "print-receipt", onclick: () => { taken.kept = true; window.print(); } }, t.print)),
    h("h3", { class: "no-print" }, t.receiptChecks),
    h("ul", { class: "verdicts no-print" },
      verdict(t.checkId, taken.id, page),
      verdict(t.checkSignature, taken.signature === "unable" ? "unable" : taken.signature === "right", page),
      taken.person !== null && verdict(t.checkPerson, taken.person, page),
      taken.group !== null && verdict(t.checkGroup, taken.group, page)),
    h("h3", {}, t.savedCopy),
    code && h("figure", { class: "code" }, code, h("figcaption", {}, t.qrCaption(`${location.origin}/check`), h("span", { class: "no-print" }, " ", secret))),
    h("pre", { class: "saved", id: "saved-copy", lang: "en", translate: "no" }, text),
    h("h3", { class: "no-print" }, t.whatNext),
    h("p", { class: "no-print" }, h("a", { href: to("/check", page.lang), target: "_blank", rel: "noopener" }, t.navCheck), page.lang === "en" ? ": " : "：", t.nextCheck),
    c.surveyJson !== "" && drawAnswerSecret(c, secrets, page));
}

function counting(chances: number, draws: Draw[], page: Page): string {
  const { t } = page;
  const text = chances > 0 ? t.receiptCounting(chances) : t.receiptNotCounting;
  return draws.some(isVoid) ? t.statusSomeVoid(text, voidNumbers(draws, page)) : text;
}

// drawAnswerSecret names its file without the receipt's number, so that the two do not stand beside each other by name.
function drawAnswerSecret(c: Campaign, secrets: Secrets, page: Page): HTMLElement {
  const text = formatAnswerSecret(c.openHash, secrets.answer);
  return h("details", { class: "no-print", id: "answer-secret" },
    h("summary", {}, page.t.answerSecretTitle),
    h("p", {}, page.t.answerSecretLead, " ", h("a", { href: to("/answers", page.lang), target: "_blank", rel: "noopener" }, page.t.answersTitle)),
    h("pre", { class: "saved", lang: "en", translate: "no" }, text),
    h("div", { class: "buttons" }, h("button", { type: "button", onclick: () => saveFile("fairlot-answer-secret.txt", text) }, page.t.answerSecretDownload)));
}
