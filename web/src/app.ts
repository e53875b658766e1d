// The site's one page: it reads the address, fetches what it names, and draws it in the reader's language.

import { type Campaign, type Draw, Refusal, getCampaign, getDraws, listCampaigns, listDraws, listOpenings } from "./api";
import { type Standing, campaignView, contractHolds, standing } from "./campaign";
import { answersView } from "./answers";
import { checkView } from "./check";
import { type View, focusOn, h, local, stringsOf, to, when } from "./dom";
import { logView } from "./logview";
import { drawDue, voidNotice } from "./results";
import { parseOpen } from "./spec";
import type { Lang } from "./strings";
import type { SurveyForm } from "./survey";
import { verifyView } from "./verifyview";

let lang: Lang = firstLanguage();
let view: View;

// firstLanguage is the address's, else the first of the browser's that the site has, else Chinese. Nothing is stored.
function firstLanguage(): Lang {
  const asked = new URLSearchParams(location.search).get("lang");
  if (asked === "en" || asked === "zh") return asked === "en" ? "en" : "zh-Hant-TW";
  for (const l of navigator.languages) {
    if (/^zh\b/i.test(l)) return "zh-Hant-TW";
    if (/^en\b/i.test(l)) return "en";
  }
  return "zh-Hant-TW";
}

function switchTo(next: Lang): void {
  lang = next;
  history.replaceState(null, "", to(location.pathname, lang));
  draw();
  document.getElementById(`lang-${next}`)?.focus();
}

function header(): HTMLElement {
  const t = stringsOf(lang);
  const language = (code: Lang, name: string) => h("a", {
    href: to(location.pathname, code), id: `lang-${code}`, lang: code, hreflang: code, "aria-current": code === lang ? "true" : null,
    onclick: (e: Event) => { e.preventDefault(); switchTo(code); },
  }, name);
  const nav = (path: string, text: string) => h("a", { href: to(path, lang), "aria-current": location.pathname === path ? "page" : null }, text);
  return h("header", { class: "no-print" },
    h("a", { class: "skip", href: "#main", onclick: (e: Event) => { e.preventDefault(); focusOn(document.getElementById("main")); } }, t.skip),
    h("div", { class: "inner" },
      h("a", { class: "brand", href: to("/", lang) }, t.siteName),
      h("nav", { "aria-label": t.siteName }, nav("/", t.navCampaigns), nav("/check", t.navCheck), nav("/verify", t.navVerify)),
      h("nav", { "aria-label": t.languages, class: "languages" }, language("zh-Hant-TW", "中文"), language("en", "English"))));
}

function footer(): HTMLElement {
  const t = stringsOf(lang);
  return h("footer", {}, h("div", { class: "inner" },
    h("p", { class: "fraud" }, t.antiFraud),
    h("p", { class: "no-print" }, t.footer, " ", h("a", { href: to("/log", lang) }, t.navLog), " · ", h("a", { href: "/assets/licenses.txt" }, t.licenses))));
}

function draw(): void {
  document.documentElement.lang = lang;
  document.title = `${view.title(lang)} – ${stringsOf(lang).siteName}`;
  const at = [window.scrollX, window.scrollY] as const;
  document.getElementById("app")!.replaceChildren(header(), h("main", { id: "main", tabindex: -1 }, view.draw({ lang, t: stringsOf(lang), redraw: draw })), footer());
  window.scrollTo(...at);
}

function message(title: "notFoundTitle" | "loadFailed" | "loading" | "insecure", text: "notFound" | null): View {
  return {
    title: (l) => stringsOf(l)[title],
    draw: ({ t, lang: l }) => h("div", {}, h("h1", { tabindex: -1 }, t[title]), text && h("p", {}, t[text]),
      title === "loadFailed" && h("button", { type: "button", onclick: () => location.reload() }, t.tryAgain),
      title === "notFoundTitle" && h("p", {}, h("a", { href: to("/", l) }, t.toList))),
  };
}

const shownAtFirst = 20;

// lastDraw is when the last draw of a campaign is due, else when entries end.
const lastDraw = (c: Campaign, draws: Draw[]): number => Math.max(new Date(c.entriesEnd).getTime(), ...c.draws.map((d, i) => new Date(draws[i]?.roundTime ?? d.drawTime).getTime()));

// listView shows open campaigns first, those that end soonest above; then those to be drawn; then the rest, the latest above.
async function listView(): Promise<View> {
  const all: Campaign[] = [];
  for (let token = ""; ; ) {
    const page = await listCampaigns(token, 100);
    all.push(...page.campaigns);
    token = page.nextPageToken;
    if (token === "") break;
  }
  const now = new Date();
  const states = new Map<string, Standing>();
  const drawsOf = new Map<string, Draw[]>();
  const look = (some: Campaign[]) => Promise.all(some.filter((c) => !states.has(c.name)).map(async (c) => {
    const draws = c.draws.length > 0 && c.state !== "CAMPAIGN_STATE_ERASED" ? await listDraws(c.name) : [];
    drawsOf.set(c.name, draws);
    states.set(c.name, standing(c, draws, now));
  }));
  const last = (c: Campaign) => lastDraw(c, drawsOf.get(c.name) ?? []);
  const order = (c: Campaign) => {
    const s = states.get(c.name) ?? standing(c, [], now);
    return s === "open" ? 0 : s === "awaiting" && (states.has(c.name) || last(c) > now.getTime()) ? 1 : 2;
  };
  const sort = () => all.sort((a, b) => order(a) - order(b) || (order(a) < 2 ? last(a) - last(b) : last(b) - last(a)));
  let shown = shownAtFirst;
  const show = async () => {
    sort();
    await look(all.slice(0, shown));
    all.splice(0, shown, ...all.slice(0, shown).sort((a, b) => order(a) - order(b)));
  };
  await show();
  return {
    title: (l) => stringsOf(l).listTitle,
    draw: (page) => {
      const { t, lang: l, redraw } = page;
      return h("div", {},
        h("h1", { tabindex: -1 }, t.listTitle),
        all.length === 0 && h("p", {}, t.listEmpty),
        h("ul", { class: "campaigns" }, ...all.slice(0, shown).map((c, i) => {
          const institution = parseOpen(c.openRecord).get("institution") ?? "";
          const state = states.get(c.name) ?? standing(c, [], now);
          const colon = l === "en" ? ": " : "：";
          const voided = voidNotice(drawsOf.get(c.name) ?? [], page);
          return h("li", { class: "card" },
            h("h2", {}, local("a", c.title, l, { href: to(`/c/${c.slug}`, l), "aria-describedby": `dates-${i}` })),
            h("p", { class: "byline" }, h("span", { class: `state ${state}` }, t.standings[state]), " ", institution && t.by(institution)),
            voided !== "" && h("p", { class: "caution void" }, voided),
            h("div", { id: `dates-${i}` },
              h("p", {}, t.entriesEnd, colon, when(c.entriesEnd, page, true)),
              ...c.draws.map((d, n) => h("p", {}, t.drawTime(n + 1, c.draws.length), colon, drawDue(d, drawsOf.get(c.name)?.[n], page)))));
        })),
        all.length > shown && h("button", { type: "button", onclick: () => { shown += shownAtFirst; void show().then(redraw); } }, t.listMore));
    },
  };
}

// loadSurvey fetches the form library only where there is a survey.
async function loadSurvey(c: Campaign): Promise<SurveyForm | null | "broken"> {
  if (c.surveyJson === "" || c.state !== "CAMPAIGN_STATE_OPEN") return null;
  try {
    const path = "/assets/survey.js";
    const { makeSurvey } = (await import(path)) as typeof import("./survey");
    return makeSurvey(c.surveyJson, lang);
  } catch {
    return "broken";
  }
}

async function route(): Promise<View> {
  if (!globalThis.isSecureContext) return message("insecure", null);
  const path = location.pathname;
  if (path === "/") return listView();
  if (path === "/check") return checkView(draw);
  if (path === "/verify") return verifyView(draw);
  if (path === "/log") return logView();
  if (path === "/answers") return answersView(draw);
  const c = await getCampaign(decodeURIComponent(path.slice("/c/".length)));
  const [draws, openings, holds, survey] = await Promise.all([getDraws(c.name), listOpenings(c.name), contractHolds(c), loadSurvey(c)]);
  return campaignView(c, draws, openings, holds, survey, draw);
}

async function start(): Promise<void> {
  view = message("loading", null);
  draw();
  try {
    view = await route();
  } catch (e) {
    view = e instanceof Refusal && (e.http === 404 || e.http === 400) ? message("notFoundTitle", "notFound") : message("loadFailed", null);
  }
  draw();
}

void start();
