// The receipt check: everything that can be computed here, then what the server says, then the public list.

import { type Campaign, type EntryStatus, Refusal, bundlePath, entryStatus, listCampaigns } from "./api";
import { type Listed, lookUp } from "./bundle";
import { type Page, type View, choose, definitions, focusOn, h, local, say, stringsOf, to, verdict, verifyCommand } from "./dom";
import { type Receipt, type SignatureCheck, belongs, checkSignature, parseOpen, parseReceipt, parseSaved } from "./spec";
import { hex, sha256 } from "./bytes";

type Trouble = "checkEmpty" | "checkMalformed" | "checkNoCampaign" | "loadFailed";

interface Found {
  campaign: Campaign;
  receipt: Receipt;
  belongs: boolean;
  signature: SignatureCheck;
  status: EntryStatus | null;
  refusal: string; // reason, if the server gave no status
  listed: Listed[] | null;
  looking: boolean;
}

async function campaignOf(openHash: string): Promise<Campaign | null> {
  let token = "";
  do {
    const page = await listCampaigns(token, 100);
    const c = page.campaigns.find((k) => k.openHash === openHash);
    // The receipt key is read from the open record, so the record itself is checked first.
    if (c) return hex(await sha256(c.openRecord)) === openHash ? c : null;
    token = page.nextPageToken;
  } while (token !== "");
  return null;
}

export function checkView(redraw: () => void): View {
  let text = "";
  let trouble: Trouble | null = null;
  let found: Found | null = null;
  let busy = false;

  async function check(page: Page): Promise<void> {
    if (busy) return;
    busy = true;
    trouble = null;
    found = null;
    say(page.t.checking);
    redraw();
    try {
      const result = text.trim() === "" ? "checkEmpty" : await examine(text);
      if (typeof result === "string") trouble = result;
      else found = result;
    } catch {
      trouble = "loadFailed";
    }
    busy = false;
    say("");
    redraw();
    focusOn(document.getElementById(trouble ? "error-summary" : "result-title"));
  }

  async function look(page: Page): Promise<void> {
    if (!found || found.looking) return;
    found.looking = true;
    say(page.t.lookingUp);
    redraw();
    try {
      const answer = await fetch(bundlePath(found.campaign), { cache: "no-store", credentials: "omit" });
      if (!answer.ok) throw new Error("no bundle");
      found.listed = lookUp(new Uint8Array(await answer.arrayBuffer()), found.receipt.id);
    } catch {
      trouble = "loadFailed";
    }
    found.looking = false;
    say("");
    redraw();
    focusOn(document.getElementById(trouble ? "error-summary" : "listed-title"));
  }

  const take = (page: Page, file: File | undefined) => {
    if (!file || file.size > 65536) return;
    void file.text().then((s) => { text = s; return check(page); });
  };

  return {
    title: (lang) => stringsOf(lang).checkTitle,
    draw: (page) => {
      const { t } = page;
      const paste = h("textarea", { id: "paste", rows: 9, spellcheck: "false", autocomplete: "off", translate: "no", oninput: () => { text = paste.value; },
        "aria-invalid": trouble && trouble !== "loadFailed" ? "true" : null, "aria-describedby": trouble ? "error-summary" : null });
      paste.value = text;
      const file = h("input", { type: "file", id: "file", accept: ".txt,text/plain", "aria-describedby": "file-hint", onchange: () => take(page, file.files?.[0]) });
      const drop = h("div", { class: "field drop", ondragover: (e: DragEvent) => e.preventDefault(), ondrop: (e: DragEvent) => { e.preventDefault(); take(page, e.dataTransfer?.files[0]); } },
        h("label", { for: "file" }, t.checkFile), h("p", { class: "hint", id: "file-hint" }, t.checkDrop), file);
      return h("div", {},
        h("h1", { tabindex: -1 }, t.checkTitle),
        h("p", {}, t.checkLead),
        trouble && h("div", { class: "alarm", role: "alert", id: "error-summary", tabindex: -1 }, h("p", {}, t[trouble])),
        found && drawFound(found, page, () => void look(page)),
        h("form", { class: "card", novalidate: true, onsubmit: (e: Event) => { e.preventDefault(); void check(page); } },
          drop,
          h("div", { class: "field" }, h("label", { for: "paste" }, t.checkPaste), paste),
          h("button", { type: "submit", class: "main", id: "check", "aria-disabled": busy ? "true" : null }, busy ? t.checking : t.checkButton)));
    },
  };
}

async function examine(text: string): Promise<Found | Trouble> {
  const saved = parseSaved(text);
  const receipt = saved && parseReceipt(saved.note);
  if (!saved || !receipt) return "checkMalformed";
  const campaign = await campaignOf(receipt.open);
  if (!campaign) return "checkNoCampaign";
  const found: Found = {
    campaign, receipt, belongs: await belongs(saved, receipt), signature: await checkSignature(saved.note, parseOpen(campaign.openRecord).get("receipt") ?? ""),
    status: null, refusal: "", listed: null, looking: false,
  };
  try {
    found.status = await entryStatus(campaign.name, receipt.id);
  } catch (e) {
    if (!(e instanceof Refusal)) throw e;
    found.refusal = e.reason;
  }
  return found;
}

function statusText(f: Found, page: Page): string {
  const { t } = page;
  if (!f.status) return t.reasons[f.refusal] ?? t.reasonOther;
  if (f.campaign.draws.length === 0) return t.receivedSurvey;
  const base = t.statuses[f.status.counting] ?? "";
  if (f.status.counting === "COUNTING_COUNTED") return base + t.statusChances(f.status.chances);
  if (f.status.reason === "") return base;
  return `${base}${page.lang === "en" ? ": " : "："}${t.zeroReasons[f.status.reason] ?? f.status.reason}`;
}

function drawFound(f: Found, page: Page, look: () => void): HTMLElement {
  const { t } = page;
  const c = f.campaign;
  const closed = c.draws.length > 0 && (c.state === "CAMPAIGN_STATE_CLOSED" || c.state === "CAMPAIGN_STATE_ERASED");
  return h("section", { class: "card found", "aria-labelledby": "result-title" },
    h("h2", { id: "result-title", tabindex: -1 }, t.checkResult),
    h("ul", { class: "verdicts" },
      verdict(t.checkBelongs, f.belongs, page),
      verdict(t.checkSignature, f.signature === "unable" ? "unable" : f.signature === "right", page)),
    definitions([
      [t.checkCampaign, h("a", { href: to(`/c/${c.slug}`, page.lang) }, local("span", c.title, page.lang))],
      [t.entryNumber, h("code", { class: "number" }, f.receipt.id)],
      [t.checkStatus, h("span", { id: "status" }, statusText(f, page))],
    ]),
    closed && !f.listed && h("div", {}, h("p", {}, t.lookUpLead), h("button", { type: "button", id: "look", onclick: look, "aria-disabled": f.looking ? "true" : null }, f.looking ? t.lookingUp : t.lookUp)),
    f.listed && h("div", { id: "listed" }, ...f.listed.flatMap((l, i) => drawListed(f, l, i, page)), h("p", {}, t.lookUpCaveat), verifyCommand(bundlePath(c))));
}

function drawListed(f: Found, l: Listed, i: number, page: Page): HTMLElement[] {
  const { t } = page;
  const title = h("h3", { id: i === 0 ? "listed-title" : null, tabindex: -1 }, t.lookedUp(l.draw));
  if (!l.listed) return [title, h("p", { class: "alarm" }, t.notInList)];
  if (l.person !== f.receipt.person) return [title, h("p", { class: "alarm" }, t.personDiffers)];
  const tier = l.seat === "" || l.seat === "alt" ? undefined : f.campaign.draws[l.draw - 1]?.tiers[Number(l.seat) - 1];
  return [title, h("ul", {},
    h("li", {}, `${t.inList}${page.lang === "en" ? ", " : "，"}${t.listedChances(l.chances)}`),
    h("li", {}, !l.drawn ? t.notDrawn : l.rank === "" ? t.notRanked : t.rankedAs(l.rank, l.seat) + (tier ? ` – ${choose(tier.title, page.lang).text}` : "")))];
}
