// What a monitor finds in the log, in the words of `fairlot log monitor`: judged by the institution's own machine, and so a hint where to look, no proof.

import { type Page, type View, definitions, h, stringsOf, to, when } from "./dom";

interface Finding {
  kind: string;
  campaign?: string;
  draw?: number;
  entry?: number;
  text: Record<string, string>;
}

interface Findings {
  records: number;
  time: string;
  findings: Finding[];
}

export async function logView(): Promise<View> {
  const answer = await fetch("/log/findings.json", { cache: "no-store" });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const found = (await answer.json()) as Findings;
  return { title: (lang) => stringsOf(lang).logPage, draw: (page) => drawLog(found, page) };
}

function drawLog(found: Findings, page: Page): HTMLElement {
  const { t, lang } = page;
  return h("div", {},
    h("h1", { tabindex: -1 }, t.logPage),
    h("p", {}, t.logLead),
    definitions([[t.logRecords, String(found.records)], [t.logTime, when(found.time, page)]]),
    h("section", { class: "card", "aria-labelledby": "findings-title" },
      h("h2", { id: "findings-title", class: found.findings.length > 0 ? "wrong" : "right" }, found.findings.length > 0 ? t.logFound(found.findings.length) : t.logNothing),
      found.findings.length > 0 && h("ul", { class: "verdicts", id: "findings" }, ...found.findings.map((f) => h("li", {},
        h("p", {}, f.text[lang] ?? f.text["en"] ?? f.kind),
        h("p", { class: "byline" }, h("code", { class: "hash" }, [f.kind, f.campaign, f.draw === undefined ? undefined : t.logDraw(f.draw)].filter((x) => x !== undefined).join(" "))))))),
    h("section", { class: "card", "aria-labelledby": "follow-title" },
      h("h2", { id: "follow-title" }, t.logFollowTitle),
      h("p", {}, t.logFollow),
      h("pre", { class: "command", tabindex: 0 }, h("code", {}, `fairlot log monitor ${location.origin} --state log.json`)),
      h("p", {}, h("a", { href: to("/verify", lang) }, t.navVerify))));
}
