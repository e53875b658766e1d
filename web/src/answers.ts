// One's own answers: shown and withdrawn by the answer secret alone. Nothing of a receipt or an entry is on this page or in its calls.

import { type Campaign, Refusal, showAnswers, withdrawAnswers } from "./api";
import { base64, type Bytes } from "./bytes";
import { campaignOf } from "./check";
import { type Child, type Page, type View, choose, definitions, focusOn, h, local, say, stringsOf, to } from "./dom";
import { mend, parseAnswerSecret } from "./spec";

interface Own {
  campaign: Campaign;
  secret: Bytes;
  answers: Record<string, unknown>;
  consents: string[];
  asked: boolean; // the question is on the page
  gone: "" | "answersGone" | "answersGoneLate";
}

interface Question {
  title: string;
  texts: Map<string, string>; // of its choices, by value
}

// questions finds how the questions of a survey and their choices are called in a language.
function questions(surveyJson: string, { lang, t }: Page): Map<string, Question> {
  const found = new Map<string, Question>();
  const label = (x: unknown, other: string): string => {
    if (typeof x === "string") return x;
    const all = (x ?? {}) as Record<string, string>;
    return all[lang === "en" ? "en" : "zh-tw"] ?? all["default"] ?? other;
  };
  const walk = (x: unknown): void => {
    if (Array.isArray(x)) x.forEach(walk);
    else if (x && typeof x === "object") {
      const el = x as Record<string, unknown>;
      if (typeof el["name"] === "string" && typeof el["type"] === "string") {
        const texts = new Map([["other", label(el["otherText"], t.answersOther)], ["none", label(el["noneText"], t.answersNone)],
          ["true", label(el["labelTrue"], t.answersTrue)], ["false", label(el["labelFalse"], t.answersFalse)]]);
        for (const c of Array.isArray(el["choices"]) ? (el["choices"] as unknown[]) : []) {
          const choice = (typeof c === "object" ? c : { value: c }) as { value: unknown; text?: unknown };
          texts.set(String(choice.value), label(choice.text, String(choice.value)));
        }
        found.set(el["name"], { title: label(el["title"], el["name"]), texts });
      }
      Object.values(x).forEach(walk);
    }
  };
  walk(JSON.parse(surveyJson));
  return found;
}

const shown = (v: unknown, texts?: Map<string, string>): string => (Array.isArray(v) ? v.map((x) => shown(x, texts)).join("; ") : (texts?.get(String(v)) ?? String(v)));

export function answersView(redraw: () => void): View {
  let text = "";
  let trouble = ""; // a reason of the server, or a text's name
  let own: Own | null = null;
  let busy = false;

  const again = (id: string) => { redraw(); focusOn(document.getElementById(id)); };

  async function act(page: Page, done: string, what: () => Promise<void>): Promise<void> {
    if (busy) return;
    busy = true;
    trouble = "";
    say(page.t.checking);
    redraw();
    try {
      await what();
    } catch (e) {
      trouble = e instanceof Refusal && e.reason !== "" ? e.reason : trouble || "loadFailed";
    }
    busy = false;
    say("");
    again(trouble ? "error-summary" : done);
  }

  const show = (page: Page) => act(page, "result-title", async () => {
    own = null;
    const read = parseAnswerSecret(mend(text));
    const campaign = read && (await campaignOf(read.open));
    if (!read || !campaign) {
      trouble = read ? "checkNoCampaign" : "answersMalformed";
      return;
    }
    const got = await showAnswers(campaign.name, base64(read.secret));
    own = { campaign, secret: read.secret, answers: JSON.parse(got.responseJson) as Record<string, unknown>, consents: got.consents, asked: false, gone: "" };
  });

  const withdraw = (page: Page, o: Own) => act(page, "result-title", async () => {
    const { statisticsMade } = await withdrawAnswers(o.campaign.name, base64(o.secret));
    o.gone = statisticsMade ? "answersGoneLate" : "answersGone";
  });

  const take = (page: Page, file: File | undefined) => {
    if (!file || file.size > 65536) return;
    void file.text().then((s) => { text = s; return show(page); });
  };

  function drawOwn(o: Own, page: Page): HTMLElement {
    const { t, lang } = page;
    if (o.gone) return h("section", { class: "card found" }, h("h2", { id: "result-title", tabindex: -1, class: "right" }, t[o.gone]));
    const asked = questions(o.campaign.surveyJson, page);
    const uses = o.campaign.consents.filter((k) => o.consents.includes(k.code)).map((k) => h("li", {}, choose(k.text, lang).text));
    return h("section", { class: "card found", "aria-labelledby": "result-title" },
      h("h2", { id: "result-title", tabindex: -1 }, t.answersGiven),
      h("p", {}, local("span", o.campaign.title, lang)),
      definitions(Object.entries(o.answers).map(([q, v]): [Child, ...Child[]] => [asked.get(q)?.title ?? q, shown(v, asked.get(q)?.texts)])),
      uses.length > 0 && h("h3", {}, t.answersUses), uses.length > 0 && h("ul", {}, ...uses),
      h("p", {}, t.answersNoTexts),
      o.asked
        ? h("div", { role: "group", "aria-labelledby": "withdraw-question" },
          h("p", { id: "withdraw-question", class: "caution", tabindex: -1 }, t.answersQuestion),
          h("p", {},
            h("button", { type: "button", id: "withdraw-yes", "aria-disabled": busy ? "true" : null, onclick: () => void withdraw(page, o) }, t.answersYes), " ",
            h("button", { type: "button", id: "withdraw-no", onclick: () => { o.asked = false; again("withdraw"); } }, t.answersNo)))
        : h("p", {}, h("button", { type: "button", id: "withdraw", onclick: () => { o.asked = true; again("withdraw-question"); } }, t.answersWithdraw)));
  }

  return {
    title: (lang) => stringsOf(lang).answersTitle,
    draw: (page) => {
      const { t } = page;
      const paste = h("textarea", { id: "paste", rows: 4, spellcheck: "false", autocomplete: "off", translate: "no", oninput: () => { text = paste.value; },
        "aria-invalid": trouble ? "true" : null, "aria-describedby": trouble ? "error-summary" : null });
      paste.value = text;
      const texts = { answersMalformed: t.answersMalformed, checkNoCampaign: t.checkNoCampaign, loadFailed: t.loadFailed } as Record<string, string>;
      return h("div", {},
        h("h1", { tabindex: -1 }, t.answersTitle),
        h("p", {}, t.answersLead),
        trouble !== "" && h("div", { class: "alarm", role: "alert", id: "error-summary", tabindex: -1 }, h("p", {}, texts[trouble] ?? t.reasons[trouble] ?? t.reasonOther)),
        own && drawOwn(own, page),
        h("form", { class: "card", novalidate: true, onsubmit: (e: Event) => { e.preventDefault(); void show(page); } },
          h("div", { class: "field" }, h("label", { for: "file" }, t.answersFile),
            h("input", { type: "file", id: "file", accept: ".txt,text/plain", onchange: (e: Event) => take(page, (e.target as HTMLInputElement).files?.[0]) })),
          h("div", { class: "field" }, h("label", { for: "paste" }, t.answersPaste), paste),
          h("button", { type: "submit", class: "main", id: "show", "aria-disabled": busy ? "true" : null }, busy ? t.checking : t.answersShow)),
        h("p", {}, h("a", { href: to("/check", page.lang) }, t.checkTitle)));
    },
  };
}
