// Erasing oneself: the one act for which the secret of a receipt leaves the browser, after two clicks and a text that says so.

import { type Campaign, type Draw, type EntryStatus, Refusal, eraseEntry } from "./api";
import { base64, type Bytes } from "./bytes";
import { type Page, focusOn, h, say, when } from "./dom";
import { isVoid } from "./results";

export interface Erasing {
  asked: boolean; // the question is on the page
  busy: boolean;
  trouble: string; // a reason, "unknown" for an answer that was lost, "" for none
}

export const notErasing = (): Erasing => ({ asked: false, busy: false, trouble: "" });

// drawErase offers the erasure of an entry, or says how far it is, by what is true now. won: the entry holds a seat. took is called with the new status.
export function drawErase(c: Campaign, draws: Draw[], won: boolean, s: Bytes, status: EntryStatus, e: Erasing, page: Page, took: (now: EntryStatus) => void): HTMLElement {
  const { t, redraw } = page;
  const title = h("h3", { id: "erase-title", tabindex: -1 }, t.eraseTitle);
  const again = (id: string) => { redraw(); focusOn(document.getElementById(id)); };
  if (status.erasure === "ERASURE_DONE") return h("div", { id: "erased" }, title, h("p", {}, t.eraseDone));
  if (status.erasure === "ERASURE_WAITING") {
    return h("div", { id: "erased" }, title, h("p", {}, status.eraseTime ? t.eraseWaits : t.eraseWaitsNow), status.eraseTime && h("p", {}, t.eraseWaitsUntil, when(status.eraseTime, page)));
  }
  const send = async () => {
    if (e.busy) return;
    e.busy = true;
    e.trouble = "";
    say(t.erasing);
    redraw();
    try {
      took(await eraseEntry(c.name, base64(s)));
      e.asked = false;
    } catch (x) {
      e.trouble = x instanceof Refusal && x.reason !== "" ? x.reason : "unknown";
    }
    e.busy = false;
    say(e.trouble ? "" : t.eraseSent);
    again(e.trouble ? "erase-trouble" : "erase-title");
  };
  const closed = c.state === "CAMPAIGN_STATE_CLOSED";
  const settled = closed && draws.every((d) => d.state === "DRAW_STATE_DRAWN" || isVoid(d));
  const open = c.state === "CAMPAIGN_STATE_OPEN" && new Date() < new Date(c.entriesEnd);
  return h("div", { class: "no-print" }, title,
    status.reason === "superseded" && h("p", { class: "caution", id: "erase-superseded" }, t.eraseSuperseded),
    h("p", { id: "erase-lead" }, settled ? t.eraseLeadDrawn : closed ? t.eraseLeadClosed : t.eraseLead, open && t.eraseEnterAgain),
    c.surveyJson !== "" && h("p", { id: "erase-answers" }, closed ? t.eraseAnswersClosed : t.eraseAnswers),
    e.trouble !== "" && h("p", { class: "alarm", role: "alert", id: "erase-trouble", tabindex: -1 }, t.reasons[e.trouble] ?? t.eraseFailed),
    e.asked
      ? h("div", { role: "group", "aria-labelledby": "erase-question" },
        h("p", { id: "erase-question", class: "caution", tabindex: -1 }, won && h("strong", { id: "erase-won" }, t.eraseWon), t.eraseQuestion),
        h("p", {},
          h("button", { type: "button", id: "erase-yes", "aria-disabled": e.busy ? "true" : null, onclick: () => void send() }, e.busy ? t.erasing : t.eraseYes), " ",
          h("button", { type: "button", id: "erase-no", onclick: () => { if (!e.busy) { e.asked = false; again("erase"); } } }, t.eraseNo)))
      : h("p", {}, h("button", { type: "button", id: "erase", onclick: () => { e.asked = true; again("erase-question"); } }, t.erase)));
}
