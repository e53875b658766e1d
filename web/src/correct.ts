// Correcting one's contact: the secret of the receipt, the person typed once more and a new contact go out, and a new receipt comes back. Like an entry it is sent
// again unchanged when an answer was lost.

import { type Campaign, type Draw, type EntryStatus, Refusal, correctEntry, outcomeUnknown } from "./api";
import { base64, type Bytes } from "./bytes";
import { type Page, focusOn, h, say, stringsOf, to } from "./dom";
import { type Draft, type Problem, checkDraft, contactOf, drawPerson, fromServer, hasDraws, identityOf, labelOf, problemText, quiet } from "./form";
import { type Taken, drawReceipt, isRight, judge } from "./receipt";
import { isVoid } from "./results";
import { type Secrets, drawSecrets, rOf } from "./spec";

export interface Correcting {
  asked: boolean; // the form is on the page
  busy: boolean;
  draft: Draft;
  problems: Problem[];
  reason: string; // of the last refusal, "" for none
  left: number | null; // how many more tries the server said there are
  secrets: Secrets; // of the new entry
  sent: { body: string; typed: NonNullable<Parameters<typeof judge>[2]> } | null; // its outcome is not known
  taken: Taken | null;
}

export const notCorrecting = (): Correcting => ({
  asked: false, busy: false, draft: { values: {}, ticked: new Set() }, problems: [], reason: "", left: null, secrets: drawSecrets(), sent: null, taken: null,
});

// mustStay says whether leaving the page would lose a receipt, or the only way to learn what became of a request.
export const mustStay = (k: Correcting): boolean => k.sent !== null || (k.taken !== null && !k.taken.kept);

// mayCorrect says whether an entry can be corrected now, as far as the page knows, and is of use.
const mayCorrect = (c: Campaign, draws: Draw[], status: EntryStatus): boolean =>
  hasDraws(c) && !(draws.length > 0 && draws.every(isVoid)) && c.state === "CAMPAIGN_STATE_OPEN" && new Date() < new Date(c.entriesEnd) && status.counting !== "COUNTING_NOT_COUNTED";

// drawCorrect offers the correction of an entry, or shows what came of it. group: the one of its receipt, which stays. took is called once it is done.
export function drawCorrect(c: Campaign, draws: Draw[], s: Bytes, group: number, status: EntryStatus, k: Correcting, page: Page, took: () => Promise<void>): HTMLElement | null {
  const { t, redraw } = page;
  // What is asked: the person, without entry code, group, consents and survey, which stay as they are.
  const form: Campaign = { ...c, proof: "PROOF_NONE", strataBy: "", consents: [], surveyJson: "" };
  const again = (id: string) => { redraw(); focusOn(document.getElementById(id)); };
  if (k.taken) {
    return h("div", { id: "corrected" }, h("p", { class: "caution no-print" }, t.correctDone), k.left !== null && h("p", { class: "no-print", id: "corrections-left" }, t.correctionsLeft(k.left)), drawReceipt(form, draws, k.taken, k.secrets, page));
  }
  if (!k.sent && !mayCorrect(c, draws, status)) return null;
  const compose = async () => {
    const typed = { identity: identityOf(form, k.draft), contact: contactOf(form, k.draft, page.lang), group: c.strata.length > 0 ? group : 0 };
    const body = JSON.stringify({
      s: base64(s), r: base64(await rOf(k.secrets.s)), noticeHash: c.noticeHash, contact: typed.contact,
      identity: { ...typed.identity, idType: typed.identity.idType === "resident" ? "ID_TYPE_RESIDENT" : "ID_TYPE_CITIZEN" },
    });
    return { body, typed };
  };
  const send = async () => {
    if (k.busy) return;
    if (!k.sent) {
      k.reason = "";
      k.problems = checkDraft(form, k.draft);
      if (k.problems.length > 0) return again("correct-problems");
    }
    k.busy = true;
    const request = k.sent ?? (await compose());
    say(t.sending);
    again("correct-send");
    try {
      const answer = await correctEntry(c.name, request.body);
      k.taken = await judge(c, k.secrets, request.typed, answer);
      k.left = answer.correctionsLeft ?? null;
      k.sent = null;
      k.draft.values = {};
    } catch (e) {
      if (!(e instanceof Refusal) && !outcomeUnknown(e)) throw e;
      k.sent = outcomeUnknown(e) ? request : null;
      k.reason = e instanceof Refusal ? e.reason || "FIELD_INVALID" : "";
      k.left = e instanceof Refusal ? e.left : null;
      k.problems = e instanceof Refusal ? e.fields.map((v) => fromServer(form, v, k.reason)).filter((p): p is Problem => p !== null) : [];
      if (k.reason === "ENTRY_DIFFERS") k.secrets = drawSecrets();
    }
    k.busy = false;
    say("");
    if (k.taken) await took();
    again(k.taken ? "receipt-title" : "correct-problems");
    if (k.taken && !isRight(k.taken)) say(stringsOf(page.lang).receiptWrong);
  };
  const title = h("h3", { id: "correct-title", tabindex: -1 }, t.correctTitle);
  if (!k.asked) {
    return h("div", { class: "no-print" }, title, h("p", {}, t.correctLead),
      h("p", {}, h("button", { type: "button", id: "correct", onclick: () => { k.asked = true; again("correct-title"); } }, t.correct)));
  }
  const el = h("form", { class: "no-print", novalidate: true, "aria-labelledby": "correct-title", onkeypress: quiet, onsubmit: (e: Event) => { e.preventDefault(); void send(); } },
    title, troubles(form, k, page),
    h("p", {}, t.correctForm, " ", h("a", { href: to(`/c/${c.slug}`, page.lang), target: "_blank", rel: "noopener" }, t.noticeTitle)),
    drawPerson(form, k.draft, k.problems, page, t.correctPerson),
    h("p", { class: "caution" }, t.correctSends),
    h("p", {},
      h("button", { type: "submit", class: "main", id: "correct-send", "aria-disabled": k.busy ? "true" : null }, k.busy ? t.sending : k.sent ? t.sendAgain : t.correctYes), " ",
      !k.sent && h("button", { type: "button", id: "correct-no", onclick: () => { if (!k.busy) { Object.assign(k, notCorrecting()); again("correct"); } } }, t.correctNo)));
  if (k.busy || k.sent) for (const i of el.querySelectorAll("input")) i.disabled = true;
  return el;
}

function troubles(form: Campaign, k: Correcting, page: Page): HTMLElement | null {
  const { t } = page;
  if (k.busy || (!k.sent && k.reason === "" && k.problems.length === 0)) return null;
  const colon = page.lang === "en" ? ": " : "：";
  return h("div", { class: "alarm", role: "alert", id: "correct-problems", tabindex: -1 },
    h("h4", {}, k.sent ? t.unknownTitle : t.errorTitle),
    k.reason !== "" && k.problems.length === 0 && h("p", {}, t.reasons[k.reason === "RECEIPT_MISMATCH" ? "CORRECT_OTHER" : k.reason] ?? t.reasonOther),
    k.left !== null && h("p", { id: "tries-left" }, t.triesLeft(k.left)),
    k.sent && h("p", {}, t.unknown),
    k.problems.length > 0 && h("ul", {}, ...k.problems.map((p) => h("li", {}, h("a", {
      href: `#${p.field}`, onclick: (e: Event) => { e.preventDefault(); focusOn(document.getElementById(p.field)); },
    }, labelOf(t, p.field, form, page) + colon + problemText(t, p))))));
}
