// A campaign's page: what it is, the notice, the survey, the entry form, the receipt, the results.

import { type Campaign, type Draw, type Opening, Refusal, enter, outcomeUnknown } from "./api";
import { base64, hex, sha256 } from "./bytes";
import { type Page, type View, choose, definitions, focusOn, h, local, prose, say, stringsOf, when } from "./dom";
import { type Draft, type Problem, checkDraft, choosesGroup, contactOf, drawConsents, drawGroup, drawPerson, fromServer, groupOf, hasDraws, identityOf, labelOf, needsToken, problemText, quiet } from "./form";
import { type Taken, type Typed, drawReceipt, isRight, judge } from "./receipt";
import { declared, drawDue, drawPrizes, drawOpenings, drawResults, drawVerify, isVoid, voidNotice } from "./results";
import { type Secrets, drawSecrets, noticeHash, parseOpen, rOf } from "./spec";
import type { SurveyForm, SurveyProblem } from "./survey";

// Sent is a request as it was made. After a lost answer only these bytes are sent again.
interface Sent {
  body: string;
  typed: Typed | null;
}

// contractHolds says whether what the page shows is what the open record of the public log names.
export async function contractHolds(c: Campaign): Promise<boolean> {
  const open = parseOpen(c.openRecord);
  return hex(await sha256(c.openRecord)) === c.openHash && open.get("notice") === c.noticeHash && (await noticeHash(c.notice)) === c.noticeHash
    && open.get("campaign") === c.name.slice("campaigns/".length);
}

export type Standing = "draft" | "open" | "ended" | "awaiting" | "drawn" | "void" | "erased";

// standing is where a campaign is, as a reader asks. draws may be without seats.
export function standing(c: Campaign, draws: Draw[], now: Date): Standing {
  if (c.state === "CAMPAIGN_STATE_DRAFT") return "draft";
  if (c.state === "CAMPAIGN_STATE_OPEN" && now < new Date(c.entriesEnd)) return "open";
  if (c.state === "CAMPAIGN_STATE_ERASED") return "erased";
  if (!hasDraws(c)) return "ended";
  if (draws.length === 0 || !draws.every((d) => d.state === "DRAW_STATE_DRAWN" || isVoid(d))) return "awaiting";
  return draws.every(isVoid) ? "void" : "drawn";
}

// hasFreeText says whether a survey asks for something in one's own words; a number asked in a text field looks the same, and the hint does no harm there.
const hasFreeText = (surveyJson: string): boolean => /"type"\s*:\s*"(comment|text)"/.test(surveyJson);

export function campaignView(c: Campaign, draws: Draw[], openings: Opening[], holds: boolean, survey: SurveyForm | null | "broken", redraw: () => void): View {
  const draft: Draft = { values: {}, ticked: new Set() };
  let secrets: Secrets = drawSecrets();
  let problems: Problem[] = [];
  let surveyProblems: SurveyProblem[] = [];
  let reason = ""; // of the last refusal
  let unlisted = false; // the refusal says more than the problems
  let noticeRead = false;
  let sent: Sent | null = null; // its outcome is not known
  let sending = false;
  let taken: Taken | null = null;

  window.addEventListener("beforeunload", (e) => {
    if ((taken && !taken.kept) || sent) e.preventDefault();
  });

  const open = c.state === "CAMPAIGN_STATE_OPEN" && new Date() < new Date(c.entriesEnd);

  const allVoid = draws.length > 0 && draws.every(isVoid);

  async function compose(page: Page): Promise<Sent> {
    const typed = hasDraws(c) ? { identity: identityOf(c, draft), contact: contactOf(c, draft, page.lang), group: groupOf(draft) } : null;
    const request: Record<string, unknown> = {
      r: base64(await rOf(secrets.s)), noticeHash: c.noticeHash, consents: c.consents.map((k) => k.code).filter((k) => draft.ticked.has(k)),
    };
    if (typed) {
      request["identity"] = { ...typed.identity, idType: typed.identity.idType === "resident" ? "ID_TYPE_RESIDENT" : "ID_TYPE_CITIZEN" };
      request["contact"] = typed.contact;
    }
    if (choosesGroup(c)) request["stratum"] = groupOf(draft);
    if (needsToken(c)) request["token"] = (draft.values["token"] ?? "").trim();
    if (survey && survey !== "broken") {
      request["responseJson"] = survey.response();
      request["answerSecretHash"] = base64(await sha256(secrets.answer));
    }
    return { body: JSON.stringify(request), typed };
  }

  function review(): void {
    problems = checkDraft(c, draft);
    surveyProblems = survey && survey !== "broken" ? survey.check() : [];
  }

  async function send(page: Page): Promise<void> {
    if (sending) return;
    if (!sent) {
      reason = "";
      review();
      if (problems.length + surveyProblems.length > 0) {
        redraw();
        focusOn(document.getElementById("error-summary"));
        return;
      }
    }
    sending = true;
    const request = sent ?? (await compose(page));
    say(page.t.sending);
    redraw();
    focusOn(document.getElementById("send"));
    try {
      const answer = await enter(c.name, request.body);
      taken = await judge(c, secrets, request.typed, answer);
      sent = null;
      sending = false;
      forget();
      say("");
      redraw();
      focusOn(document.getElementById("receipt-title"));
      if (!isRight(taken)) say(stringsOf(page.lang).receiptWrong);
    } catch (e) {
      sending = false;
      say("");
      if (outcomeUnknown(e)) {
        sent = request;
        reason = e instanceof Refusal ? e.reason : "";
      } else if (e instanceof Refusal) {
        sent = null;
        refused(e);
      } else throw e;
      redraw();
      focusOn(document.getElementById("error-summary"));
    }
  }

  // forget drops what was typed: from here on the page needs none of it.
  function forget(): void {
    draft.values = {};
    draft.ticked.clear();
    if (survey && survey !== "broken") survey.forget();
  }

  function refused(e: Refusal): void {
    reason = e.reason || "FIELD_INVALID";
    if (e.reason === "ENTRY_DIFFERS") secrets = drawSecrets();
    problems = e.fields.map((v) => fromServer(c, v, reason)).filter((p): p is Problem => p !== null);
    const answers = e.fields.filter((v) => v.field.startsWith("response_json.")).map((v) => ({ question: v.field.slice("response_json.".length), code: v.reason }));
    const t = stringsOf(document.documentElement.lang === "en" ? "en" : "zh-Hant-TW");
    surveyProblems = survey && survey !== "broken" ? survey.mark(answers.map((a) => ({ question: a.question, text: t.fieldErrors[a.code] ?? t.fieldErrors["other"]! }))) : [];
    unlisted = e.fields.length === 0 || problems.length + answers.length < e.fields.length;
  }

  function summary(page: Page): HTMLElement | null {
    const { t } = page;
    if (sent && !sending) {
      return h("div", { class: "alarm", role: "alert", id: "error-summary", tabindex: -1 },
        h("h2", {}, t.unknownTitle), reason !== "" && h("p", {}, t.reasons[reason] ?? t.reasonOther), h("p", {}, t.unknown));
    }
    if (reason === "" && problems.length + surveyProblems.length === 0) return null;
    const link = (text: string, go: () => void, href: string) => h("li", {}, h("a", { href, onclick: (e: Event) => { e.preventDefault(); go(); } }, text));
    const colon = page.lang === "en" ? ": " : "：";
    const after = (title: string) => (/[?？]$/.test(title) ? title + (page.lang === "en" ? " " : "") : title.replace(/[.。:：!！;；,，]+$/, "") + colon);
    return h("div", { class: "alarm", role: "alert", id: "error-summary", tabindex: -1 },
      h("h2", {}, t.errorTitle),
      reason !== "" && unlisted && h("p", {}, t.reasons[reason] ?? t.reasonOther),
      h("ul", {},
        ...surveyProblems.map((p) => link(after(p.title) + p.text, () => survey && survey !== "broken" && survey.focus(p.question), "#survey")),
        ...problems.map((p) => link(after(labelOf(t, p.field, c, page)) + problemText(t, p), () => focusOn(document.getElementById(p.field)), `#${p.field}`))));
  }

  function form(page: Page): HTMLElement {
    const { t } = page;
    if (survey && survey !== "broken") {
      survey.setLanguage(page.lang);
      survey.lock(sending || sent !== null);
      if (surveyProblems.length > 0 && reason === "") surveyProblems = survey.check();
    }
    const voided = voidNotice(draws, page);
    // The survey draws a form element of its own, so it stands before this one and not inside it.
    const el = h("form", { novalidate: true, onsubmit: (e: Event) => { e.preventDefault(); void send(page); }, onkeypress: quiet },
      choosesGroup(c) && drawGroup(c, draft, problems, page),
      hasDraws(c) && drawPerson(c, draft, problems, page),
      drawConsents(c, draft, problems, page),
      h("section", { class: "card", "aria-labelledby": "send-title" },
        h("h2", { id: "send-title" }, t.sendTitle),
        h("p", {}, hasDraws(c) ? t.sendLeadDraw : t.sendLead),
        h("button", { type: "submit", class: "main", id: "send", "aria-disabled": sending ? "true" : null }, sending ? t.sending : sent ? t.sendAgain : t.send),
        sending && h("progress", { "aria-label": t.sending })));
    if (sending || sent) for (const i of el.querySelectorAll<HTMLInputElement | HTMLSelectElement>("input, select")) i.disabled = true;
    return h("div", {},
      summary(page),
      voided !== "" && h("div", { class: "caution void", id: "form-void" }, h("p", {}, h("strong", {}, voided)), allVoid && h("p", {}, t.formVoid(c.surveyJson !== ""))),
      survey === "broken" && h("p", { class: "alarm", role: "alert" }, t.surveyBroken),
      survey && survey !== "broken" && h("section", { class: "card", id: "survey", "aria-labelledby": "survey-title", onkeypress: quiet }, h("h2", { id: "survey-title" }, t.surveyTitle), hasFreeText(c.surveyJson) && h("p", { class: "hint", id: "free-text" }, t.freeText), survey.element),
      el);
  }

  function notice(page: Page): HTMLElement {
    const { t } = page;
    const box = h("details", { class: "card notice", ontoggle: () => { noticeRead = box.open; } },
      h("summary", {}, h("h2", {}, t.noticeTitle)),
      prose(c.notice, page.lang),
      h("p", { class: "hash" }, `${t.noticeHash}${page.lang === "en" ? ": " : "："}`, h("code", {}, c.noticeHash), " ", holds && t.noticeRight));
    box.open = noticeRead;
    return box;
  }

  function kept(page: Page): HTMLElement {
    const { t } = page;
    const persons = c.state === "CAMPAIGN_STATE_ERASED" ? t.keptErased : c.retentionDays > 0 ? t.keptDays(c.retentionDays) : t.keptForever;
    return h("section", { class: "card", "aria-labelledby": "kept-title" },
      h("h2", { id: "kept-title" }, t.keptTitle),
      hasDraws(c) && h("p", {}, persons),
      hasDraws(c) && h("p", {}, c.strata.length > 0 ? t.keptRestGroups : t.keptRest),
      c.surveyJson !== "" && h("p", {}, t.keptAnswers));
  }

  function dates(page: Page): HTMLElement {
    const { t } = page;
    return h("section", { class: "card", "aria-labelledby": "dates-title" },
      h("h2", { id: "dates-title" }, t.datesTitle),
      definitions([
        [t.entriesEnd, when(c.entriesEnd, page, true)],
        ...(c.objectionsEnd && c.objectionsEnd !== c.entriesEnd ? ([[t.objectionsEnd, when(c.objectionsEnd, page, true)]] as [string, HTMLElement][]) : []),
        ...c.draws.map((d, i) => [t.drawTime(i + 1, c.draws.length), drawDue(d, draws[i], page)] as [string, HTMLElement]),
      ]));
  }

  return {
    title: (lang) => choose(c.title, lang).text,
    draw: (page) => {
      const { t } = page;
      const institution = parseOpen(c.openRecord).get("institution") ?? "";
      const results = draws.some((d) => d.state !== "DRAW_STATE_PENDING" || d.voidReason !== "" || d.statedTime || d.amend) || (hasDraws(c) && !open);
      const stand = results ? drawResults(c, draws, page) : [];
      return h("div", {},
        local("h1", c.title, page.lang, { tabindex: -1 }),
        h("p", { class: "byline" }, h("span", { class: `state ${open ? "open" : ""}` }, t.standings[standing(c, draws, new Date())]), " ", institution && t.by(institution)),
        !taken && !open && h("p", { class: "caution" }, t.closedNow),
        !holds && h("p", { class: "alarm", role: "alert" }, t.contractWrong),
        taken && drawReceipt(c, draws, taken, secrets, page),
        h("div", { class: taken ? "no-print" : null },
          ...(open ? declared(draws, page) : stand),
          drawOpenings(openings, page),
          c.description.length > 0 && prose(c.description, page.lang),
          open && !allVoid && h("p", {}, hasDraws(c) ? (c.surveyJson ? t.kindBoth : t.kindDraw) : t.kindSurvey),
          c.register !== "0" && h("p", { id: "register" }, t.register(Number(c.register).toLocaleString("en")), hasDraws(c) && t.registerCompare),
          dates(page),
          hasDraws(c) && drawPrizes(c, draws, page),
          notice(page),
          kept(page),
          !taken && open && holds && form(page),
          ...(open ? stand : []), // who comes to enter reads first what it is, and the form
          drawVerify(c, draws, page)));
    },
  };
}
