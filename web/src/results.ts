// Draws and their results, and how to verify them.

import { type Amend, type Campaign, type Draw, type DrawRules, type Opening, type Seat, type Tier, bundlePath } from "./api";
import { type Page, choose, claimed, definitions, h, local, setApart, to, verifyCommand, when } from "./dom";
import { groupTitle } from "./form";
import { verifyLink } from "./verifyview";

const firstSeats = 100;

// isVoid says of a draw that custodians have confirmed its void; one that is only declared may still be held.
export const isVoid = (d: Draw | undefined): boolean => d?.state === "DRAW_STATE_VOID";

// voidNotice says in one sentence which draws are void, or nothing.
export function voidNotice(draws: Draw[], page: Page): string {
  if (!draws.some(isVoid)) return "";
  return draws.every(isVoid) ? page.t.allVoid : page.t.someVoid(voidNumbers(draws, page));
}

// voidNumbers lists which draws are void.
export const voidNumbers = (draws: Draw[], page: Page): string =>
  draws.flatMap((d, i) => (isVoid(d) ? [String(i + 1)] : [])).join(page.lang === "en" ? ", " : "、");

// voidSentences say of each void draw why it is.
export const voidSentences = (draws: Draw[], page: Page): string[] => draws.flatMap((d, i) => {
  if (!isVoid(d)) return [];
  const text = page.t.outcomeVoid(voidReason(d, page));
  return [draws.length > 1 ? page.t.outcomeOf(i + 1, text) : text];
});

// voidReason is the recorded reason in words.
export const voidReason = (d: Draw, page: Page): string => page.t.voidReasons[d.voidReason] ?? d.voidReason;

// drawDue is when a draw is due, and when the rules said if it was put off since.
export function drawDue(d: DrawRules, now: Draw | undefined, page: Page): HTMLElement {
  if (!now?.statedTime || !now.roundTime) return when(d.drawTime, page);
  const [from, to] = page.lang === "en" ? [" (", ")"] : ["（", "）"];
  return h("span", { class: "put-off" }, when(now.roundTime, page), from, page.t.insteadOf, " ", when(now.statedTime, page), to);
}

export function drawPrizes(c: Campaign, draws: Draw[], page: Page): HTMLElement {
  const { t } = page;
  return h("section", { class: "card", "aria-labelledby": "prizes-title" },
    h("h2", { id: "prizes-title" }, t.prizesTitle),
    ...c.draws.flatMap((d, i) => [
      c.draws.length > 1 && h("h3", {}, t.drawTime(i + 1, c.draws.length)),
      isVoid(draws[i]) && h("p", { class: "caution void" }, t.prizeVoid),
      h("table", {},
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t.prize), h("th", { scope: "col", class: "count" }, t.seats))),
        ...prizesByGroup(c, d, page)),
      h("ul", {},
        d.proportional && h("li", {}, t.proportional),
        h("li", {}, Number(d.alternates) > 0 ? t.alternates(d.alternates) : t.noAlternates),
        d.forfeit && h("li", {}, t.forfeit),
        i > 0 && h("li", {}, d.earlierWinnersOut ? t.earlierOut : t.earlierIn),
        Number(d.claimDays) > 0 && h("li", {}, t.claimDays(d.claimDays))),
      d.beacon !== null && h("p", { class: "caution" }, t.demoBeacon),
    ]),
    ...groupRules(c, page),
    claimed(c, page),
    setApart(c, page),
    h("p", {}, c.chancesCap > 1 ? t.chances(c.chancesCap) : t.oneChance),
    h("p", {}, t.custody(c.threshold, c.custodians.length, c.audit > 0)));
}

// prizesByGroup lists prizes, with groups that have their own under each one's name.
function prizesByGroup(c: Campaign, d: DrawRules, page: Page): HTMLElement[] {
  const row = (k: Tier) => h("tr", {}, h("td", {}, local("span", k.title, page.lang)), h("td", { class: "count" }, k.count));
  if (c.strata.length === 0 || d.proportional) return [h("tbody", {}, ...d.tiers.map(row))];
  return c.strata.map((g, i) => h("tbody", {}, h("tr", {}, h("th", { scope: "rowgroup", colspan: 2 }, local("span", g.title, page.lang))), ...d.tiers.filter((k) => k.stratum === i + 1).map(row)));
}

// groupRules say who is drawn in which group, and what becomes of a small one.
function groupRules(c: Campaign, page: Page): HTMLElement[] {
  const { t } = page;
  if (c.strata.length === 0) return [];
  const names = c.strata.map((_, i) => groupTitle(c, i + 1, page)).join(page.lang === "en" ? ", " : "、");
  return [
    h("p", {}, t.groups(c.strata.length, names), " ", c.strataBy === "STRATA_BY_TOKEN" ? t.groupByToken : t.groupByEntrant),
    h("p", {}, t.groupSmall(c.batch), c.draws.some((d) => !d.proportional) ? ` ${t.groupJoined}` : ""),
  ];
}

// declared says in a line each what is declared of draws of an open campaign and not confirmed yet; where they stand is told further down.
export function declared(draws: Draw[], page: Page): HTMLElement[] {
  const line = (n: number, kind: string, text: string) => h("p", { class: `caution ${kind}` }, draws.length > 1 ? page.t.outcomeOf(n, text) : text);
  return draws.flatMap((d, i) => (isVoid(d) ? [] : [
    ...(d.voidReason !== "" ? [line(i + 1, "void", voidText(d, false, page))] : []),
    ...(d.amend ? [line(i + 1, "amend", amendText(d.amend, d, page))] : []),
  ]));
}

export function drawResults(c: Campaign, draws: Draw[], page: Page): HTMLElement[] {
  return draws.map((d, i) => drawOne(c, d, i, draws.length, page));
}

// drawOpenings says how many persons the log announced as opened, by purpose.
export function drawOpenings(openings: Opening[], page: Page): HTMLElement | false {
  const { t } = page;
  if (openings.length === 0) return false;
  return h("section", { class: "card", "aria-labelledby": "opened-title" },
    h("h2", { id: "opened-title" }, t.openedTitle),
    h("p", {}, t.openedWhy),
    definitions(openings.map((o) => [t.openedFor[o.purpose] ?? o.purpose, o.cases > 0 ? t.openedCases(o.count, o.cases) : o.count])));
}

function drawOne(c: Campaign, d: Draw, index: number, of: number, page: Page): HTMLElement {
  const { t } = page;
  const id = `result-${index + 1}`;
  const closed = d.state === "DRAW_STATE_CLOSED" || d.state === "DRAW_STATE_DRAWN" || (isVoid(d) && (c.state === "CAMPAIGN_STATE_CLOSED" || c.state === "CAMPAIGN_STATE_ERASED"));
  return h("section", { class: "card", "aria-labelledby": id },
    h("h2", { id }, d.state === "DRAW_STATE_DRAWN" ? (of > 1 ? t.resultsTitleN(index + 1) : t.resultsTitle) : of > 1 ? t.progressTitleN(index + 1) : t.progressTitle),
    !d.quicknet && h("p", { class: "caution" }, t.demoBeacon),
    d.voidReason !== "" && h("p", { class: "caution void" }, voidText(d, closed, page)),
    d.waitsFor > 0 && h("p", { class: "waits" }, t.waitsFor(d.waitsFor)),
    !isVoid(d) && d.statedTime && h("p", { class: "caution amend" }, t.amendCounts),
    !isVoid(d) && d.amend && h("p", { class: "caution amend" }, amendText(d.amend, d, page)),
    definitions([
      [t.state, t.drawStates[d.state] ?? d.state],
      [d.state === "DRAW_STATE_DRAWN" ? t.roundTime : isVoid(d) && past(d.roundTime) ? t.roundWasDue : t.roundDue, d.roundTime ? when(d.roundTime, page) : "—"],
      ...(d.statedTime ? ([[t.statedTime, when(d.statedTime, page)]] as [string, HTMLElement][]) : []),
      ...(d.amend && !isVoid(d) ? ([
        [t.amendTo, when(d.amend.roundTime, page)],
        [past(d.amend.deadline) ? t.amendDeadlineOver : t.amendDeadline, when(d.amend.deadline, page)],
        [t.amendCosigned, cosigners(d.amend.cosignedBy, c, page)],
      ] as [string, string | HTMLElement][]) : []),
      [t.round, d.round],
      [t.beaconKind, d.quicknet ? t.quicknet : t.otherBeacon],
      ...(d.voidReason !== "" ? ([
        [t.voidReason, voidReason(d, page)],
        ...(d.voidDeadline ? [[past(d.voidDeadline) ? t.voidDeadlineOver : t.voidDeadline, when(d.voidDeadline, page)]] : []),
        [t.voidCosigned, cosigners(d.voidCosignedBy, c, page)],
      ] as [string, string | HTMLElement][]) : []),
      ...(closed ? ([[t.entrants, d.entrants], [t.cosigned, cosigners(d.cosignedBy, c, page)]] as [string, string][]) : []),
    ]),
    d.state === "DRAW_STATE_DRAWN" && custodiansOf(d.cosignedBy) < c.threshold && h("p", { class: "caution unconfirmed" }, t.resultsUnconfirmed),
    d.state === "DRAW_STATE_DRAWN" && drawSeats(c, d, index, page),
    d.state === "DRAW_STATE_DRAWN" && h("p", { class: "no-print" }, h("a", { href: to("/check", page.lang) }, t.resultsYours)),
    d.state === "DRAW_STATE_DRAWN" && claimed(c, page));
}

// custodiansOf counts the custodians among those who cosigned; the others are independent witnesses.
const custodiansOf = (by: string[]): number => by.filter((name) => !name.startsWith("outside-")).length;

// cosigners names those who cosigned, and says how many are needed as long as they are too few.
function cosigners(by: string[], c: Campaign, page: Page): string {
  const names = by.length > 0 ? by.join(", ") : page.t.cosignedNone;
  const custodians = custodiansOf(by);
  return custodians < c.threshold ? page.t.cosignedOf(names, custodians, c.threshold) : names;
}

const past = (time: string | null | undefined): boolean => !!time && new Date() > new Date(time);

// voidText says what a logged void is worth by now: it counts only once custodians have cosigned it in time.
function voidText(d: Draw, closed: boolean, page: Page): string {
  const { t } = page;
  if (isVoid(d)) return closed ? t.voidCounts : t.voidCountsOpen;
  if (d.state === "DRAW_STATE_DRAWN") return t.voidPassedOver;
  if (!d.voidDeadline) return t.voidWaits;
  return past(d.voidDeadline) ? t.voidMissed : t.voidWaitsUntil;
}

// amendText says what a logged later round is worth that is not in force.
function amendText(a: Amend, d: Draw, page: Page): string {
  if (d.state === "DRAW_STATE_DRAWN") return page.t.amendPassedOver;
  return past(a.deadline) ? page.t.amendMissed : page.t.amendWaits;
}

// drawSeats names each prize once, over its seats: those first drawn, those that fell free, and the alternates called in their place.
function drawSeats(c: Campaign, d: Draw, index: number, page: Page): HTMLElement {
  const { t } = page;
  if (d.seats.length === 0) return h("p", {}, t.noSeats);
  if (c.strata.length === 0) return seatTable(c, d.seats, index, page, null);
  const groups = [...new Set(d.seats.map((s) => s.stratum))];
  return h("div", {}, ...groups.flatMap((n) => {
    const id = `group-${index + 1}-${n}`;
    const others = d.rankedIn.flatMap((into, i) => (into === n && i + 1 !== n ? [groupTitle(c, i + 1, page)] : [])).join(page.lang === "en" ? ", " : "、");
    return [
      h("h3", { id }, groupTitle(c, n, page)),
      others !== "" && h("p", {}, t.drawnTogether(others, c.batch)),
      seatTable(c, d.seats.filter((s) => s.stratum === n), index, page, id),
    ];
  }));
}

// seatTable is the table of one group, named by the element with this id, or of all.
function seatTable(c: Campaign, all: Seat[], index: number, page: Page, id: string | null): HTMLElement {
  const { t } = page;
  const prizes = [...new Set(all.map((s) => s.prize))].sort((a, b) => Number(a === 0) - Number(b === 0)); // as they were drawn, alternates last
  const bodies = (limit: number) => {
    let left = limit;
    return prizes.map((prize) => {
      const seats = all.filter((s) => s.prize === prize).slice(0, left);
      left -= seats.length;
      return seats.length > 0 && h("tbody", {},
        h("tr", {}, h("th", { scope: "rowgroup", colspan: 2 }, prize === 0 ? t.alternate : t.winner(prizeTitle(c, index, prize, page)))),
        ...seats.map((s) => h("tr", { class: s.vacated ? "vacated" : null },
          h("td", { class: "count" }, s.rank),
          h("td", {}, h("code", { title: s.entryId }, s.entryId.slice(0, 12)), " ", noteOf(s, page)))));
    }).filter((body) => body !== false);
  };
  const table = h("table", { class: "seats", "aria-labelledby": id },
    h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "count" }, t.rank), h("th", { scope: "col" }, t.entryShort))),
    ...bodies(firstSeats));
  if (all.length <= firstSeats) return table;
  const more = h("button", { type: "button", onclick: () => {
    for (const body of [...table.tBodies]) body.remove();
    table.append(...bodies(Infinity));
    more.remove();
  } }, t.showAll(all.length));
  return h("div", {}, table, more);
}

// prizeTitle is the prize's name, or its number if the rules do not name it. prize: its place among the draw's tiers, from 1.
export function prizeTitle(c: Campaign, index: number, prize: number, page: Page): string {
  const rules = c.draws[index]?.tiers[prize - 1];
  return rules ? choose(rules.title, page.lang).text : String(prize);
}

function noteOf(s: Seat, page: Page): string | false {
  const { t } = page;
  if (s.vacated) return t.vacated(t.vacatedReasons[s.vacated] ?? s.vacated);
  return s.called && t.called;
}

// voidUnconfirmed says that a draw is declared void and not confirmed to be, or nothing: until it is, or the draw is held, no bundle verifies.
export function voidUnconfirmed(draws: Draw[], page: Page): string {
  const open = draws.filter((d) => d.voidReason !== "" && !isVoid(d) && d.state !== "DRAW_STATE_DRAWN");
  if (open.length === 0) return "";
  return open.every((d) => past(d.voidDeadline)) ? page.t.verifyVoidMissed : page.t.verifyVoidWaits;
}

export function drawVerify(c: Campaign, draws: Draw[], page: Page): HTMLElement {
  const path = bundlePath(c), unconfirmed = voidUnconfirmed(draws, page);
  return h("section", { class: "card no-print", "aria-labelledby": "verify-title" },
    h("h2", { id: "verify-title" }, page.t.verifyTitle),
    h("p", {}, page.t.verifyLead),
    verifyCommand(path),
    h("p", {}, verifyLink(path, page, c.state === "CAMPAIGN_STATE_OPEN")),
    unconfirmed !== "" && h("p", { class: "caution void" }, unconfirmed),
    h("p", {}, h("a", { href: path, download: true }, page.t.bundle)));
}
