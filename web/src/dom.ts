// Building the page without markup in strings: elements, links, the live region, focus.

import type { Campaign, LocalizedText } from "./api";
import { type Lang, type Strings, strings } from "./strings";

export type Child = Node | string | null | undefined | false;
type Props = Record<string, string | boolean | number | null | undefined | ((e: never) => void)>;

// h makes an element. A function is a listener of the event named without "on"; true is an empty attribute; null and false are none.
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag);
  for (const [k, v] of Object.entries(props)) {
    if (typeof v === "function") el.addEventListener(k.slice(2), v as EventListener);
    else if (v === true) el.setAttribute(k, "");
    else if (v !== null && v !== undefined && v !== false) el.setAttribute(k, String(v));
  }
  el.append(...children.filter((c): c is Node | string => c !== null && c !== undefined && c !== false));
  return el;
}

// Page is what a view is drawn with.
export interface Page {
  lang: Lang;
  t: Strings;
  redraw: () => void;
}

// View is one page of the site. draw is called again when the language changes, so what was typed lives outside of it.
export interface View {
  title: (lang: Lang) => string;
  draw: (page: Page) => Node;
}

export function choose(texts: LocalizedText[], lang: Lang): LocalizedText {
  return texts.find((t) => t.lang === lang) ?? texts[0] ?? { lang, text: "" };
}

// local shows a text in the reader's language, or the other one marked as such.
export function local<K extends "span" | "p" | "div" | "h1" | "a">(tag: K, texts: LocalizedText[], lang: Lang, props: Props = {}): HTMLElementTagNameMap[K] {
  const t = choose(texts, lang);
  return h(tag, { ...props, lang: t.lang === lang ? null : t.lang }, t.text);
}

// prose shows a text of several lines as paragraphs.
export function prose(texts: LocalizedText[], lang: Lang): HTMLElement {
  const t = choose(texts, lang);
  return h("div", { class: "prose", lang: t.lang === lang ? null : t.lang }, ...t.text.split(/\n\s*\n/).map((p) => h("p", {}, p)));
}

// when shows a moment; a deadline, which is not itself in time any more, as what lies before it.
export function when(time: string, page: Page, deadline = false): HTMLElement {
  const moment = new Intl.DateTimeFormat(page.lang === "en" ? "en-GB" : "zh-TW", {
    timeZone: "Asia/Taipei", dateStyle: "full", timeStyle: "short", hourCycle: "h23",
  }).format(new Date(time));
  const text = deadline ? page.t.before(moment) : moment;
  return h("time", { datetime: time }, page.lang === "en" ? `${text} (${page.t.taipei})` : `${text}（${page.t.taipei}）`);
}

// to is an address of this site in the present language.
export const to = (path: string, lang: Lang): string => `${path}?lang=${lang === "en" ? "en" : "zh"}`;

export function definitions(rows: [Child, ...Child[]][]): HTMLElement {
  return h("dl", { class: "facts" }, ...rows.map(([k, ...v]) => h("div", {}, h("dt", {}, k), h("dd", {}, ...v))));
}

export function say(text: string): void {
  const live = document.getElementById("live");
  if (live) live.textContent = text;
}

// focusOn moves focus to an element that need not be a control, without leaving it in the tab order.
export function focusOn(el: HTMLElement | null): void {
  if (!el) return;
  if (!el.matches("a[href], button, input, select, textarea, [tabindex]")) el.tabIndex = -1;
  el.focus();
}

export function saveFile(name: string, content: string | Blob): void {
  const url = URL.createObjectURL(typeof content === "string" ? new Blob([content], { type: "text/plain;charset=utf-8" }) : content);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

// masked are what the public list may show of a winner, as examples.
const masked = (c: Campaign): string[] => [
  { NAME_MASK_FIRST: "王○○", NAME_MASK_ENDS: "王○明" }[c.winnerList?.name ?? ""],
  c.winnerList?.compoundSurnames ? "歐陽○○" : undefined,
  { ID_MASK_LAST_FOUR: "******6789", ID_MASK_BUT_LAST_FOUR: "A12345****", ID_MASK_MIDDLE: "A123***789" }[c.winnerList?.idNumber ?? ""],
].filter((x) => x !== undefined);

// claimed says how winners claim, if the campaign says so, who may come, and what becomes public or is reported of them: what concerns a winner, and no more.
export function claimed(c: Campaign, page: Page): HTMLElement {
  const colon = page.lang === "en" ? ": " : "：";
  const texts = c.claim ?? [];
  return h("div", { class: "claim" },
    texts.length > 0 && h("p", {}, h("strong", {}, page.t.claimTitle), colon, local("span", texts, page.lang)),
    h("p", {}, h("strong", {}, page.t.claimWho), colon, c.claimProxy ? page.t.claimProxy : page.t.claimSelf,
      c.guardianBelow > 0 && (page.lang === "en" ? " " : "") + page.t.claimGuardian(c.guardianBelow)),
    h("p", {}, h("strong", {}, page.t.winnersListTitle), colon, page.t.listNumbers, masked(c).length > 0 && page.t.listMasked(masked(c).join(page.lang === "en" ? ", " : "、"))),
    c.taxAbove !== "0" && h("p", {}, h("strong", {}, page.t.taxTitle), colon, page.t.taxAbove(Number(c.taxAbove).toLocaleString("en"))));
}

// setApart says who cannot win, and whose data an auditor may see, if the rules say so.
export function setApart(c: Campaign, page: Page): HTMLElement | false {
  if (c.excluded == null && c.audit === 0) return false;
  const colon = page.lang === "en" ? ": " : "：";
  return h("div", { class: "claim" },
    c.excluded != null && h("p", {}, h("strong", {}, page.t.excludedTitle), colon, page.t.excludedText(c.excluded.persons, c.excluded.hash)),
    c.audit > 0 && h("p", {}, h("strong", {}, page.t.auditTitle), colon, page.t.auditSample(String(c.audit))));
}

// verdict is the outcome of one check, in words and not in colour alone.
export function verdict(what: string, result: boolean | "unable", page: Page): HTMLElement {
  const word = result === "unable" ? page.t.resultUnable : result ? page.t.resultRight : page.t.resultWrong;
  const kind = result === "unable" ? "unable" : result ? "right" : "wrong";
  return h("li", { class: `verdict ${kind}` }, h("span", {}, what), page.lang === "en" ? ": " : "：", h("strong", {}, word));
}

export const verifyCommand = (bundle: string): HTMLElement =>
  h("pre", { class: "command" }, h("code", {}, `fairlot verify ${location.origin}${bundle}`));

export const stringsOf = (lang: Lang): Strings => strings[lang];
