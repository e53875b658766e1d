// The receipt check: everything that can be computed here, then what the server says, then the public list.

import { type Campaign, type Draw, type EntryStatus, Refusal, bundlePath, entryStatus, getDraws, listCampaigns, listDraws } from "./api";
import { type Apart, checkApart, drawApart } from "./apart";
import type { Listed, LookedUp } from "./bundle";
import { download } from "./download";
import { type Page, type View, claimed, definitions, focusOn, h, local, say, saveFile, stringsOf, to, verdict, verifyCommand } from "./dom";
import { type Receipt, type SignatureCheck, belongs, checkSignature, formatSaved, mend, parseOpen, parseReceipt, parseSaved } from "./spec";
import { type Bytes, hex, join, sha256 } from "./bytes";
import { drawEvidence, evidenceOf, finding } from "./evidence";
import { groupTitle } from "./form";
import { type Correcting, drawCorrect, mustStay, notCorrecting } from "./correct";
import { type Erasing, drawErase, notErasing } from "./erase";
import { isVoid, prizeTitle, voidNumbers, voidReason, voidSentences, voidUnconfirmed } from "./results";
import { beginVerifier, drawBreach, drawOutcome, drawProgress } from "./verifier";
import type { Outcome } from "./verify/steps";
import { verifyLink } from "./verifyview";

type Trouble = "checkEmpty" | "checkMalformed" | "checkNoCampaign" | "loadFailed" | "photoNone" | "photoUnreadable" | "recordsOther" | "verifyNoBundle" | "verifyUnreadable";

interface Found {
  campaign: Campaign;
  receipt: Receipt;
  note: string; // the signed receipt
  saved: string; // the saved copy, if it belongs together
  belongs: boolean | null; // null: the signed part alone, without the secret
  signature: SignatureCheck;
  s: Bytes | null; // the secret, if it leads to the receipt
  erasing: Erasing;
  correcting: Correcting;
  status: EntryStatus | null;
  refusal: string; // reason, if the server gave no status
  listed: Listed[] | null; // null: not looked up, or not to be believed
  outcome: Outcome | null; // of the verifier over the bundle, once it was looked at
  evidence: string; // that a list of a bundle that verifies does not honour the receipt, "" if all do
  records: Blob | null; // the bundle that the evidence is of, or that does not verify
  draws: Draw[]; // with the seats as they are held now, once the bundle was looked at
  looking: "" | "now" | "failed";
}

export async function campaignOf(openHash: string): Promise<Campaign | null> {
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
  let records: File | null = null; // to check against instead of asking the site
  let apart: Apart | null = null;
  const path = "/assets/bundle.js";
  const fetchBundle = () => import(path) as Promise<typeof import("./bundle")>;
  let bundle = fetchBundle(); // begun with the page, so that no network is needed afterwards
  bundle.catch(() => {});
  const verifier = beginVerifier();

  window.addEventListener("beforeunload", (e) => {
    if (found && mustStay(found.correcting)) e.preventDefault();
  });

  async function check(page: Page): Promise<void> {
    if (busy || (found && mustStay(found.correcting) && !confirm(page.t.leaveWarning))) return;
    busy = true;
    trouble = null;
    found = apart = null;
    say(page.t.checking);
    redraw();
    try {
      const result = text.trim() === "" ? "checkEmpty" : records ? await checkApart(text, records, bundle, verifier) : await examine(text);
      if (typeof result === "string") trouble = result;
      else if ("held" in result) apart = result;
      else found = result;
    } catch {
      trouble = "loadFailed";
      bundle = fetchBundle();
      bundle.catch(() => {});
    }
    busy = false;
    say("");
    redraw();
    focusOn(document.getElementById(trouble ? "error-summary" : "result-title"));
    if (found && verdictOf(found) !== "verdictBad" && isDrawn(found.campaign)) await look(page);
  }

  async function look(page: Page): Promise<void> {
    const f = found;
    if (!f || f.looking === "now") return;
    const show = () => {
      const at = document.activeElement?.id; // drawing anew loses the focus
      redraw();
      focusOn((at ? document.getElementById(at) : null) ?? document.getElementById("result-title"));
    };
    f.looking = "now";
    say(page.t.lookingUp);
    show();
    try {
      const parts = await download(bundlePath(f.campaign), (bytes) => verifier.progress(stringsOf(document.documentElement.lang === "en" ? "en" : "zh-Hant-TW").verifyLoads((bytes / 1e6).toFixed(1)), null));
      const records = new Blob(parts);
      const outcome = await verifier.verify(records);
      if (typeof outcome === "string") throw new Error(outcome);
      const draws = await getDraws(f.campaign.name);
      if (outcome.status === 1) Object.assign(f, { outcome, draws, records, looking: "" });
      else {
        if (outcome.openHash !== f.receipt.open) throw new Error("records of another campaign");
        const { lookUp } = await bundle;
        const looked: LookedUp = await lookUp(join(...parts), f.campaign.openRecord, f.campaign.openHash, f.receipt.id);
        const evidence = f.signature === "right" ? evidenceOf(looked, f.receipt, f.note, location.origin + bundlePath(f.campaign)) : "";
        Object.assign(f, { listed: looked.lists, outcome, draws, evidence, records: evidence === "" ? null : records, looking: "" });
      }
    } catch {
      f.looking = "failed";
      bundle = fetchBundle();
      bundle.catch(() => {});
    }
    if (found !== f) return;
    show();
    say(f.listed ? [page.t[verdictOf(f)], ...outcomes(f, page)].join(" ") : f.outcome ? page.t.verdictRecords : page.t.lookUpFailed);
  }

  // read takes a receipt from a picture of its code.
  async function read(page: Page, file: File): Promise<void> {
    if (busy || (found && mustStay(found.correcting) && !confirm(page.t.leaveWarning))) return;
    busy = true;
    found = apart = trouble = null;
    say(page.t.photoReading);
    redraw();
    let readPhoto: (file: Blob) => Promise<string>;
    try {
      const path = "/assets/photo.js";
      ({ readPhoto } = (await import(path)) as typeof import("./photo"));
      try {
        text = await readPhoto(file);
        trouble = text === "" ? "photoNone" : null;
      } catch {
        trouble = "photoUnreadable";
      }
    } catch {
      trouble = "loadFailed";
    }
    busy = false;
    if (!trouble) return check(page);
    say("");
    redraw();
    focusOn(document.getElementById("error-summary"));
  }

  const take = (page: Page, file: File | undefined) => {
    if (file?.type.startsWith("image/")) void read(page, file);
    else if (file && file.size <= 65536) void file.text().then((s) => { text = s; return check(page); });
  };

  return {
    title: (lang) => stringsOf(lang).checkTitle,
    draw: (page) => {
      const { t } = page;
      const paste = h("textarea", { id: "paste", rows: 9, spellcheck: "false", autocomplete: "off", translate: "no", oninput: () => { text = paste.value; },
        "aria-invalid": trouble?.startsWith("check") ? "true" : null, "aria-describedby": trouble ? "error-summary" : null });
      paste.value = text;
      const file = h("input", { type: "file", id: "file", accept: ".txt,text/plain", "aria-describedby": "file-hint", onchange: () => take(page, file.files?.[0]) });
      const photo = h("input", { type: "file", id: "photo", accept: "image/*", "aria-describedby": "photo-hint", onchange: () => take(page, photo.files?.[0]) });
      const own = h("input", { type: "file", id: "records", accept: ".tar,application/x-tar", "aria-label": t.recordsLabel, "aria-describedby": "records-hint",
        onchange: () => { records = own.files?.[0] ?? null; redraw(); focusOn(document.getElementById("records-drop")); } });
      const drop = h("div", { class: "field drop", ondragover: (e: DragEvent) => e.preventDefault(), ondrop: (e: DragEvent) => { e.preventDefault(); take(page, e.dataTransfer?.files[0]); } },
        h("label", { for: "file" }, t.checkFile), h("p", { class: "hint", id: "file-hint" }, t.checkDrop), file,
        h("label", { for: "photo" }, t.photoLabel), h("p", { class: "hint", id: "photo-hint" }, t.photoHint), photo);
      return h("div", {},
        h("h1", { tabindex: -1 }, t.checkTitle),
        h("p", {}, t.checkLead),
        trouble && h("div", { class: "alarm", role: "alert", id: "error-summary", tabindex: -1 }, trouble !== "checkEmpty" && h("h2", {}, t.verdictUnable), h("p", {}, t[trouble])),
        busy && records && drawProgress(t.checking),
        apart && drawApart(apart, page),
        found && drawFound(found, page, () => void look(page), () => { text = ""; }),
        h("form", { class: "card", novalidate: true, onsubmit: (e: Event) => { e.preventDefault(); void check(page); } },
          drop,
          h("div", { class: "field" }, h("label", { for: "paste" }, t.checkPaste), paste),
          h("details", { class: "field", id: "records-field", open: records !== null },
            h("summary", {}, t.recordsLabel),
            h("p", { class: "hint", id: "records-hint" }, t.recordsHint),
            own,
            records && h("p", { id: "records-chosen" }, h("code", { translate: "no" }, records.name), " ",
              h("button", { type: "button", id: "records-drop", onclick: () => { records = null; redraw(); focusOn(document.querySelector("#records-field summary")); } }, t.recordsDrop))),
          h("button", { type: "submit", class: "main", id: "check", "aria-disabled": busy ? "true" : null }, busy ? t.checking : t.checkButton)));
    },
  };
}

async function examine(text: string): Promise<Found | Trouble> {
  const t = mend(text);
  const saved = parseSaved(t);
  const note = saved?.note ?? t;
  const receipt = t.length <= 8192 ? parseReceipt(note) : null;
  if (!receipt) return "checkMalformed";
  const campaign = await campaignOf(receipt.open);
  if (!campaign) return "checkNoCampaign";
  const found: Found = {
    campaign, receipt, note, saved: "", belongs: saved && (await belongs(saved, receipt)), signature: await checkSignature(note, parseOpen(campaign.openRecord).get("receipt") ?? ""),
    s: null, erasing: notErasing(), correcting: notCorrecting(), status: null, refusal: "", listed: null, outcome: null, evidence: "", records: null, draws: [], looking: "",
  };
  if (saved && found.belongs) Object.assign(found, { s: saved.s, saved: formatSaved(saved) });
  if (verdictOf(found) === "verdictBad") return found;
  try {
    found.status = await entryStatus(campaign.name, receipt.id);
  } catch (e) {
    if (!(e instanceof Refusal)) throw e;
    found.refusal = e.reason;
  }
  if (campaign.draws.length > 0) found.draws = await listDraws(campaign.name);
  return found;
}

// verdictOf is the one sentence on top. A receipt that was changed says nothing of state or prize.
function verdictOf(f: Found): "verdictHolds" | "verdictBad" | "verdictUnable" | "verdictMissing" | "notInList" | "personDiffers" {
  if (f.belongs === false || f.signature === "wrong") return "verdictBad";
  if (f.signature === "unable") return "verdictUnable";
  if (f.refusal === "ENTRY_NOT_FOUND") return "verdictMissing";
  if (f.listed?.some((l) => !l.listed)) return "notInList";
  if (f.listed?.some((l) => finding(l, f.receipt) !== null)) return "personDiffers";
  return "verdictHolds";
}

const isDrawn = (c: Campaign): boolean => c.draws.length > 0 && (c.state === "CAMPAIGN_STATE_CLOSED" || c.state === "CAMPAIGN_STATE_ERASED");

function statusText(f: Found, page: Page): string {
  const { t } = page;
  if (!f.status) return t.reasons[f.refusal] ?? t.reasonOther;
  if (f.campaign.draws.length === 0) return t.receivedSurvey;
  if (f.status.counting !== "COUNTING_NOT_COUNTED" && f.draws.length > 0 && f.draws.every(isVoid)) return t.statusVoid;
  const base = t.statuses[f.status.counting] ?? "";
  if (f.status.counting === "COUNTING_COUNTED") {
    const over = f.draws.length > 0 && f.draws.every((d) => isVoid(d) || d.state === "DRAW_STATE_DRAWN");
    const counted = over ? t.statusDrawn(f.status.chances) : base + t.statusChances(f.status.chances);
    return f.draws.some(isVoid) ? t.statusSomeVoid(counted, voidNumbers(f.draws, page)) : counted;
  }
  if (f.status.reason === "") return base;
  return `${base}${page.lang === "en" ? ": " : "："}${t.zeroReasons[f.status.reason] ?? f.status.reason}`;
}

// outcomes says of each draw whether the receipt has won; before the lists are looked at only of void ones. What was drawn is read in the bundle, what became of the seat from the server.
function outcomes(f: Found, page: Page): string[] {
  const { t } = page;
  const name = (n: number, text: string) => (f.campaign.draws.length > 1 ? t.outcomeOf(n, text) : text);
  if (!f.listed) return voidSentences(f.draws, page);
  return f.listed.filter((l) => finding(l, f.receipt) === null).map((l) => name(l.draw, outcome(f, l, page)));
}

function outcome(f: Found, l: Listed, page: Page): string {
  const { t } = page;
  const draw = f.draws.find((d) => d.name.endsWith(`/draws/${l.draw}`));
  if (!l.drawn && draw && isVoid(draw)) return t.outcomeVoid(voidReason(draw, page));
  if (l.won > 0) return t.outcomeWonEarlier(l.won);
  if (l.chances === 0) return t.outcomeNone;
  if (!l.drawn) return t.notDrawn;
  if (l.seat === "") return t.outcomeNot;
  const now = draw?.seats.find((s) => s.entryId === f.receipt.id);
  const title = (prize: number) => prizeTitle(f.campaign, l.draw - 1, prize, page);
  if (now?.vacated) return t.outcomeVacated(l.seat === "alt" ? t.called : title(l.prize), t.vacatedReasons[now.vacated] ?? now.vacated);
  if (l.seat !== "alt") return t.outcomeWon(title(l.prize));
  return now?.called ? t.outcomeWon(`${title(now.prize)}${page.lang === "en" ? ` (${t.called})` : `（${t.called}）`}`) : t.outcomeAlternate(String(l.rank));
}

const holds = (d: Draw, f: Found): boolean => d.seats.some((s) => s.entryId === f.receipt.id && s.tier > 0);
const hasWon = (f: Found): boolean => f.draws.some((d) => holds(d, f));

// drawFound calls replaced once a correction has put another receipt in the place of this one.
function drawFound(f: Found, page: Page, look: () => void, replaced: () => void): HTMLElement {
  const { t } = page;
  const c = f.campaign;
  const verdictIs = verdictOf(f);
  const bad = verdictIs === "verdictBad";
  const broken = f.outcome?.status === 1 ? f.outcome : null;
  const voidWaits = broken?.reason === "history" ? voidUnconfirmed(f.draws, page) : ""; // which makes honest records fail there for a while
  const old = verdictIs === "verdictHolds" && f.status?.reason === "superseded"; // genuine, and of no more use
  return h("section", { class: "card found", "aria-labelledby": "result-title" },
    h("h2", { id: "result-title", tabindex: -1, class: old || verdictIs === "verdictUnable" || voidWaits !== "" ? "unable" : verdictIs === "verdictHolds" && !broken ? "right" : "wrong" },
      broken && verdictIs === "verdictHolds" ? t.verdictRecords : old ? t.verdictReplaced : t[verdictIs]),
    ...(bad ? [] : outcomes(f, page).map((text) => h("p", { class: "outcome" }, text))),
    !bad && f.draws.some(isVoid) && h("p", { class: "caution void" }, t.voidFollows),
    !bad && !broken && hasWon(f) && claimed(c, page),
    ...(bad || broken ? [] : c.draws.map((d, i) => Number(d.claimDays) > 0 && f.draws[i] !== undefined && holds(f.draws[i], f) && h("p", { class: "claim-days" }, c.draws.length > 1 ? t.outcomeOf(i + 1, t.claimDays(d.claimDays)) : t.claimDays(d.claimDays)))),
    f.looking === "now" && h("div", {}, h("p", {}, t.lookingUp), drawProgress(t.lookingUp)),
    f.looking === "failed" && h("div", {}, h("p", { class: "caution" }, t.lookUpFailed), h("p", {}, h("button", { type: "button", id: "look", onclick: look }, t.lookUp))),
    broken && h("div", { class: voidWaits !== "" ? "caution" : "alarm", id: "records-wrong" },
      ...drawBreach(broken, page),
      h("p", {}, voidWaits || t.recordsWrongHere),
      verifyCommand(bundlePath(c)),
      h("div", { class: "buttons" }, h("button", { type: "button", id: "save-records", onclick: () => { if (f.records) saveFile(`fairlot-records-${c.slug}.tar`, f.records); } }, t.recordsSave))),
    h("ul", { class: "verdicts" },
      f.belongs !== null && verdict(t.checkBelongs, f.belongs, page),
      verdict(t.checkSignature, f.signature === "unable" ? "unable" : f.signature === "right", page)),
    f.belongs === null && h("p", { class: "caution" }, t.noteOnly),
    f.evidence !== "" ? drawEvidence(f.evidence, c.slug, f.receipt.id, f.records, `fairlot-records-${c.slug}.tar`, page) : verdictIs === "verdictMissing" && !f.listed && !f.outcome && f.looking === "" && h("p", { class: "caution" }, t.evidenceLater),
    definitions([
      [t.checkCampaign, h("a", { href: to(`/c/${c.slug}`, page.lang) }, local("span", c.title, page.lang))],
      [t.entryNumber, h("code", { class: "number" }, f.receipt.id)],
      ...(c.strata.length > 0 && f.receipt.stratum > 0 && !bad ? ([[t.stratum, h("span", { id: "group" }, groupTitle(c, f.receipt.stratum, page))]] as [string, HTMLElement][]) : []),
      ...(bad ? [] : ([[t.checkStatus, h("span", { id: "status" }, statusText(f, page))]] as [string, HTMLElement][])),
    ]),
    f.saved !== "" && !bad && !f.correcting.taken && h("div", { class: "buttons" },
      h("button", { type: "button", id: "save-again", onclick: () => { saveFile(`fairlot-receipt-${c.slug}-${f.receipt.id.slice(0, 12)}.txt`, f.saved); say(t.downloaded); } }, t.download)),
    f.listed && h("div", { id: "listed" }, f.outcome && drawOutcome(f.outcome, page), ...f.listed.flatMap((l) => drawListed(f, l, page)), h("p", {}, t.lookUpCaveat), verifyCommand(bundlePath(c)), h("p", {}, verifyLink(bundlePath(c), page))),
    verdictIs === "verdictHolds" && f.s && f.status && drawCorrect(c, f.draws, f.s, f.receipt.stratum, f.status, f.correcting, page, async () => {
      replaced();
      f.status = await entryStatus(c.name, f.receipt.id).catch(() => f.status);
    }),
    verdictIs === "verdictHolds" && f.s && f.status && !f.correcting.asked && drawErase(c, f.draws, hasWon(f), f.s, f.status, f.erasing, page, (now) => { f.status = now; }));
}

function drawListed(f: Found, l: Listed, page: Page): HTMLElement[] {
  const { t } = page;
  const title = h("h3", {}, t.lookedUp(l.draw));
  const wrong = finding(l, f.receipt);
  if (wrong === "missing") return [title, h("p", { class: "alarm" }, t.notInList)];
  if (wrong !== null) return [title, h("p", { class: "alarm" }, t.personDiffers)];
  const reason = l.won > 0 ? t.zeroReasons["won-earlier"] : l.chances === 0 ? t.zeroReasons[f.status?.reason ?? ""] : undefined;
  return [title, h("ul", {},
    h("li", {}, !l.drawn && isVoid(f.draws.find((d) => d.name.endsWith(`/draws/${l.draw}`))) ? t.listedVoid : `${t.inList}${page.lang === "en" ? ", " : "，"}${t.listedChances(l.chances)}${reason ? `${page.lang === "en" ? ": " : "："}${reason}` : ""}`),
    h("li", {}, t.placeIs(l.place, l.entries)),
    l.rank > 0 && h("li", {}, t.rankIs(l.rank, l.ranked)),
    l.rank > 0 && f.campaign.strata.length > 0 && h("li", {}, l.rankedIn === l.stratum ? t.rankedInGroup(groupTitle(f.campaign, l.stratum, page)) : t.groupWent(groupTitle(f.campaign, l.stratum, page), groupTitle(f.campaign, l.rankedIn, page))))];
}
